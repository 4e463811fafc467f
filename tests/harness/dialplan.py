"""Checks dialplans for what must never stand in one that strangers can call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FORBIDDEN = ("System", "TrySystem", "AGI", "EAGI", "DeadAGI", "Exec", "TryExec", "Originate", "ExternalIVR", "ReadFile", "Macro")
"""Applications that run programs, dial out or evaluate twice. AGI is allowed for one address, see `_agi`."""
FUNCTIONS = re.compile(r"\$\{(SHELL|EVAL|FILE|ENV|ODBC_\w+|CURL|DB_EXISTS|REALTIME|EXPRESSION)\b")
FROM_OUTSIDE = re.compile(r"\$\{(CALLERID|CONNECTEDLINE|REDIRECTING|PJSIP_HEADER|PJSIP_CONTACT|SIPCALLID|CHANNEL\(pjsip)")
CLEANED = re.compile(
    r"Set\(CALLERID\(num\)=\$\{FILTER\([^$]+,\$\{CALLERID\(num\):0:\d+\}\)\}\)"
    r"|Set\(FROM_NAME=\$\{FILTER\([^$]+,\$\{CALLERID\(name\):0:\d+\}\)\}\)"
    r"|Set\(SOURCE=\$\{FILTER\(0-9.:,\$\{CHANNEL\(pjsip,remote_addr\)\}\)\}\)"
    r"|Set\(FROM=\$\{FILTER\([^$]+,\$\{CHANNEL\(pjsip,remote_uri\)\}\)\}\)"
)
FROM_PARTS = re.compile(r"\bFROM(_URI|_NAME|_USER)?\b")
"""Variables that hold what a caller sent, without control characters."""
TAKEN_APART = re.compile(
    r"Set\(FROM(_URI|_NAME|_USER)?=.+\)"
    r"|GotoIf\(\$\[\"\$\{FILTER\(a-z,\$\{FROM_URI:0:4\}\)\}\"=\"tel\"\]\?tel\)"
    r"|ExecIf\(\$\[\$\{REGEX\(\"[^\"$]+\" \$\{FROM_NAME\}\)\}\]\?Gosub\(without-marks,s,1\)\)"
    r"|Set\(CALLERID\(name\)=\$\{FROM_NAME\}\)"
    r'|Set\(CALLERID\(all\)="\$\{FROM_NAME:0:\d+\}" <\$\{FROM_USER:0:\d+\}>\)'
)
NOTED = re.compile(
    r"QueueLog\((?:[^$]|\$\{(?:UNIQUEID|HOTLINE|STRFTIME\(,UTC,%s%3q\)|FILTER\([^$]+,\$\{CALLERID\(num\):0:\d+\}\))\})+\)"
)
"""A line of the queue's diary: of what the caller sent at most the number, filtered and cut."""
LOOKED_AT = re.compile(
    r"Set\(REGISTERED=\$\{FILTER\(a-z=\?,\$\{PJSIP_CONTACT\(\$\{REGISTERED\},uri\)\}\)\}\)"
    r"|Set\(DOOR=\$\{FILTER\(0-9.:,\$\{CHANNEL\(pjsip,local_addr\)\}\)\}\)"
    r'|GotoIf\(\$\[\$\{REGEX\("maddr=" \$\{FILTER\(a-z=,\$\{CHANNEL\(pjsip,target_uri\)\}\)\}\)\} = 0\]\?ring\)'
)
"""The other things done with what somebody sent: a Contact is looked through, letters alone; and to which port it came."""
DIAL = re.compile(r"Dial\(PJSIP/\$\{EXTEN\},\d+,gib\(before-ring\^s\^1\)U\(record-agent\)t\)")
IN_FILE_NAMES = {"CALL_REF", "UNIQUEID", "LEG_ROLE", "STRFTIME(,UTC,%s%3q)"}
OTHER_ROLE = re.compile(r"LEG_ROLE=(?!(agent|colleague)\))")
EXTEN = re.compile(r"\$\{EXTEN\}")
TEST_CALL = [
    "Set(GROUP(tests)=${CHANNEL(endpoint)})",
    "GotoIf($[${GROUP_COUNT(${CHANNEL(endpoint)}@tests)} > 1]?busy)",
    "Set(GLOBAL(TEST_${CHANNEL(endpoint)})=${CHANNEL(name)})",
    "GotoIf($[${GROUP_COUNT(${CHANNEL(endpoint)}@talks)} > 0]?busy)",
    "Set(TIMEOUT(absolute)=60)",
    "Answer()",
    "Echo()",
    "Hangup()",
    "Hangup(17)",
]
"""All that an extension which sends sound back may do: for a limited time, for a phone that has no other call."""
END_OF_TEST = "ExecIf($[${GROUP_COUNT(${CHANNEL(endpoint)}@tests)} > 0]?SoftHangup(${TEST_${CHANNEL(endpoint)}}))"
"""The one call that the dialplan ends from outside of it."""
_JUMP = re.compile(r"(?:(?:Goto|Gosub)\(|CONNECTED_LINE_SEND_SUB=)([\w-]+),(\w+),")
_RECORD = re.compile(r"MixMonitor\(,r\((?P<file>[^()]*(?:\([^()]*\)[^()]*)*)\)S\)")


@dataclass(frozen=True)
class Step:
    """One priority: where it stands and what it does, with its comments and label taken off."""

    context: str
    exten: str
    priority: str
    application: str
    line: str


def steps(text: str) -> Iterator[Step]:
    """Every step of a dialplan. Raises ValueError for a line that is no step, section or comment."""
    context = exten = ""
    for raw in text.split("\n"):  # a separator of lines within a line is none to the switch
        line = raw.partition(";")[0].strip()
        if not line:
            continue
        if section := re.fullmatch(r"\[([\w-]+)\](\(\+\))?", line):
            context = section[1]
        elif context == "globals" and re.fullmatch(r"\w+ = [\w.~-]+", line):
            continue
        elif step := re.fullmatch(r"exten => ([^,]+),([^,]+),(.+)", line):
            exten = step[1]
            yield Step(context, exten, step[2], step[3], line)
        elif step := re.fullmatch(r"same => ([^,]+),(.+)", line):
            yield Step(context, exten, step[1], step[2], line)
        else:
            raise ValueError(f"no step: {line}")


def faults(text: str, *, agi: str) -> list[str]:
    """Everything that is wrong, one sentence each; empty for a good dialplan. ``agi`` is the one address AGI may go to."""
    every = list(steps(text))
    found = [f"{fault}: {step.line}" for step in every for fault in _step_faults(step, agi)]
    return found + _lost_targets(every) + _open_ends(every) + _loose_echoes(every)


def _step_faults(step: Step, agi: str) -> Iterator[str]:
    name = re.split(r"[(?]", step.application, maxsplit=1)[0]
    called = {name, *re.findall(r"[?:](\w+)\(", step.application)} if name == "ExecIf" else {name}
    if called & (set(FORBIDDEN) - {"AGI"}) or ("AGI" in called and step.application != f"AGI(agi://{agi}/reception)"):
        yield "an application that runs programs or calls out"
    if FUNCTIONS.search(step.application):
        yield "a function that reads, runs or evaluates"
    if FROM_OUTSIDE.search(step.application) and not _is_harmless(step.application):
        yield "text of the caller's, neither filtered nor cut"
    if FROM_PARTS.search(step.application) and not TAKEN_APART.fullmatch(step.application):
        yield "text of the caller's, used elsewhere than for his name and number"
    if re.search(r"^_.*[.!]", step.exten):
        yield "a pattern of any length"
    if EXTEN.search(step.application) and not re.fullmatch(r"_\[1-9\]X{2,5}", step.exten):
        yield "a dialled number used outside of a strict pattern"
    if name == "Dial" and not DIAL.fullmatch(step.application):
        yield "a call to somewhere else than an agent's phone"
    if step.context == "from-outside" and not re.fullmatch(r"\+?\d+", step.exten):
        yield "a stranger reaches more than a hotline number"
    if OTHER_ROLE.search(step.application):
        yield "a role that is none of the words in file names"
    if "SoftHangup" in step.application and step.application != END_OF_TEST:
        yield "another's call is ended"
    if name == "MixMonitor":
        yield from _record_faults(step.application)


def _is_harmless(application: str) -> bool:
    """Uses what somebody sent in one of the few ways that are allowed."""
    return any(way.fullmatch(application) for way in (CLEANED, NOTED, LOOKED_AT))


def _record_faults(application: str) -> Iterator[str]:
    told = _RECORD.fullmatch(application)
    if told is None:
        yield "a recording with a command, or not of the own receive side alone"
    elif set(re.findall(r"\$\{([^}]*)\}", told["file"])) - IN_FILE_NAMES:
        yield "a file name with something in it that is not the switch's own"


def _lost_targets(every: list[Step]) -> list[str]:
    places = {(step.context, step.exten) for step in every}
    wanted = {(step, *target) for step in every for target in _JUMP.findall(step.application)}
    return [f"a jump to nowhere: {step.line}" for step, context, exten in wanted if (context, exten) not in places]


def _open_ends(every: list[Step]) -> list[str]:
    last = {(step.context, step.exten): step for step in every}
    return [
        f"an extension that runs out: {step.line}"
        for step in last.values()
        if not re.match(r"Hangup|Return|Goto\(", step.application)
    ]


def _loose_echoes(every: list[Step]) -> list[str]:
    """Sound is sent back to agents alone, for a limited time, and nothing else happens there."""
    there: dict[tuple[str, str], list[str]] = {}
    for step in every:
        there.setdefault((step.context, step.exten), []).append(step.application)
    return [
        f"sound that is sent back to others, or without a limit: {context},{exten}"
        for (context, exten), does in there.items()
        if any("Echo(" in application for application in does) and (context != "from-agent" or does != TEST_CALL)
    ]
