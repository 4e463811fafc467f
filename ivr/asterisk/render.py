"""Writes the configuration files of one instance from the templates beside this module."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from cti.ids import UNREAD
from ivr.asterisk.hold_music import write_hold_music
from ivr.asterisk.plan import AgentEndpoint, AmiAccount, PhoneKind, QueueSettings, SwitchPlan, UnfitValue, fit_path

AGENTS_FILE = "pjsip_agents.conf"
COLLEAGUE_RING_S = 20  # how long a colleague is rung
TEST_CALL = "echo"
"""What an agent's phone dials to hear itself; no digits, so that no extension and no hotline can be called so."""
TEST_CALL_S = 60  # after so long a test call ends, and the phone is free for callers again

_TEMPLATES = files("ivr.asterisk") / "templates"
_PLACEHOLDER = re.compile(r"@([a-z_]+)@")
_FILES = (
    "asterisk.conf", "cdr.conf", "cel.conf", "extensions.conf", "features.conf", "http.conf", "indications.conf", "logger.conf",
    "manager.conf", "modules.conf", "musiconhold.conf", "pjsip.conf", "queues.conf", "rtp.conf",
)  # fmt: skip
_EMPTY = ("acl.conf", "ccss.conf", "cli.conf", "pjproject.conf", "queuerules.conf", "stasis.conf", "udptl.conf")
"""Read by the core, wanted by nobody: without them each start warns."""

_FOLDERS = ("etc", "lib", "lib/keys", "cache", "agi", "spool", "spool/tmp", "run", "log", "moh")

_DISABLED = (
    "VarSet", "Newexten", "TestEvent", "RTCPSent", "RTCPReceived", "DeviceStateChange", "AGIExecStart", "AGIExecEnd",
    "MusicOnHoldStart", "MusicOnHoldStop", "MixMonitorStart", "MixMonitorStop", "DialState", "ExtensionStatus",
)  # fmt: skip
"""Events the switch need not even make. Never one that is wanted: `_disabled` sees to it."""

_EXTENSION_PATTERNS = ("_[1-9]XX", "_[1-9]XXX", "_[1-9]XXXX", "_[1-9]XXXXX")
"""Extensions have three to six digits (cti.ids); strict patterns, never one that matches everything."""

_HOLD_SILENT_S = 600
"""A party that holds may send no sound; after this it is taken for gone all the same."""

_ANYBODY = ("0.0.0.0/0",)

_ADMISSION = """\
 same => n,Set(DOOR=${FILTER(0-9.:,${CHANNEL(pjsip,local_addr)})})
 same => n,GotoIf($["${CUT(DOOR,:,2)}"!="@sip_port@"]?full)
 same => n,Set(GROUP(lines)=all)
 same => n,GotoIf($[${GROUP_COUNT(all@lines)} > @most_calls@]?full)
 same => n,Set(SOURCE=${FILTER(0-9.:,${CHANNEL(pjsip,remote_addr)})})
 same => n,Set(SOURCE=${CUT(SOURCE,:,1)})
 same => n,Set(GROUP(sources)=${SOURCE})
 same => n,GotoIf($[${GROUP_COUNT(${SOURCE}@sources)} > @most_calls_each@]?full)"""

_MARKS = (
    (0x80, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F),
    (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB),
)  # fmt: skip
"""Characters of a name that do something where it is shown, instead of being shown (first and last of each): C1 controls,
direction marks, line and paragraph separators, joiners. Asterisk's own filter knows bytes alone."""

_WIDE = {"g722": ("codec_g722.so",), "opus": ("codec_opus_open_source.so", "codec_opus.so")}
"""Codecs of more than 8 kHz, and the modules that translate them (Debian has a name of its own for Opus)."""

_SOCKET_PATH_LIMIT = 107
"""Bytes of a Unix socket's path on Linux (sun_path, without its closing zero)."""

_ADVANCED_FILTERS_SINCE = ((22, 0, 0), (21, 5, 0), (20, 10, 0))


MODULES = tuple(re.findall(r"^load = (\S+)$", (_TEMPLATES / "modules.conf").read_text(encoding="utf-8"), re.MULTILINE))
"""Every module the switch loads: all that has to be unpacked of a package."""


def render(folder: Path, plan: SwitchPlan) -> None:
    """Write every file of the instance ``folder``; existing ones are replaced one by one, each whole.

    Raises `UnfitValue` before the first file is written, if a value could break out of its line.
    """
    run = plan.run or folder / "run"
    if len(os.fsencode(run / "asterisk.ctl")) > _SOCKET_PATH_LIMIT:
        raise UnfitValue(f"the path of the switch's control socket is longer than {_SOCKET_PATH_LIMIT} bytes: {run}")
    words = words_of(folder, plan) | {"run": plan_path(run)}
    words |= {name: fill(f"{name}.conf", words).rstrip() for name in ("manager_account", "phones")}
    texts = {name: fill(name, words) for name in _FILES} | dict.fromkeys(_EMPTY, "; defaults\n")
    texts["modules.conf"] = _present_modules(texts["modules.conf"], plan.program.modules)
    for name in _FOLDERS:
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in texts.items():
        write_private(folder / "etc" / name, text)
    render_agents(folder, plan.agents)
    write_hold_music(folder / "moh" / "calm.wav")


def render_core(folder: Path, plan: SwitchPlan) -> None:
    """Rewrite only ``asterisk.conf``, which a switch reads once, at its start."""
    words = words_of(folder, plan) | {"run": plan_path(plan.run or folder / "run")}
    write_private(folder / "etc/asterisk.conf", fill("asterisk.conf", words))


def render_agents(folder: Path, agents: Iterable[AgentEndpoint]) -> None:
    """Rewrite only the agents' endpoints; a reload of ``res_pjsip`` puts them in force and touches no call."""
    write_private(folder / "etc" / AGENTS_FILE, agents_text(agents))


def agents_text(agents: Iterable[AgentEndpoint]) -> str:
    kinds = {PhoneKind.BROWSER: "browser", PhoneKind.SIP: "sip"}
    return "; agents' phones; written anew whenever the staff changes\n" + "".join(
        fill("agent.conf", {"extension": agent.extension, "kind": kinds[agent.kind], "secret": agent.secret}) for agent in agents
    )


def words_of(folder: Path, plan: SwitchPlan) -> dict[str, str]:
    """The words that replace the templates' placeholders."""
    notice = plan.fallback_notice or plan.spool / "no-notice.wav"
    limits = {
        "most_calls": str(plan.trunks.most_calls),
        "most_calls_each": str(plan.trunks.most_calls_each),
        "sip_port": str(plan.ports.sip),
    }
    return limits | {
        "admission": filled(_ADMISSION, limits),
        "agents_file": AGENTS_FILE,
        "agi": f"{plan.agi_host}:{plan.agi_port}/reception" + (f",{plan.agi_token}" if plan.agi_token else ""),
        "ami_port": str(plan.ports.ami),
        "bind": plan.bind,
        "disabled": "" if plan.every_event else ",".join(_disabled(plan.ami.events)),
        "filters": "\n".join(_filter_lines(plan.ami, plan.program.version)),
        "folder": plan_path(folder),
        "globals": f"[globals]\ntingsu_seal = {plan.ami.seal}\n\n" if plan.ami.seal else "",
        "hotlines": "\n".join(_hotline_lines(number) for number in plan.hotlines),
        "http_port": str(plan.ports.http),
        "ice_hosts": "\n".join(f"{real} => {offered}" for real, offered in plan.ice_hosts.items()),
        "language": plan.language,
        "media": f"media_address = {plan.bind}\nbind_rtp_to_media_address = yes" if plan.bind.startswith("127.") else "",
        "marks": "|".join(_marks()),
        "modules": plan_path(plan.program.modules),
        "notice": str(notice.with_suffix("")),
        "phone_door": plan.phone_door,
        "permit": "127.0.0.0/255.0.0.0",
        "queue": plan.queue.name,
        "queue_choice": "\n".join(_queue_choice_lines(plan.queues)),
        "queue_names": ", ".join(f"`{queue.name}`" for queue in plan.queues),
        "queue_sections": _queue_sections(plan),
        "ring_colleague": _dial_lines("Hangup()", before=_BEFORE_A_COLLEAGUE),
        "ring_handed_on": _dial_lines("Goto(unanswered,s,1)"),
        "rtp_first": str(plan.ports.rtp_first),
        "rtp_last": str(plan.ports.rtp_last),
        "seal": plan.ami.seal,
        "secret": plan.ami.secret,
        "trunks": "\n".join(f"match = {network}" for network in plan.trunks.networks or _ANYBODY),
        "silent": str(plan.trunks.silent_seconds),
        "silent_hold": str(_HOLD_SILENT_S),
        "share": plan_path(plan.program.share),
        "spool": plan_path(plan.spool),
        "systemname": plan.systemname,
        "test_call": TEST_CALL,
        "test_call_seconds": str(TEST_CALL_S),
        "tls": _tls_lines(plan),
        "unread": UNREAD,
        "user": plan.ami.user,
        "wide": "".join(f",{codec}" for codec in _wide_codecs(plan.program.modules)),
        "without_marks": "\n".join(_without_marks_lines()),
    }


def _queue_sections(plan: SwitchPlan) -> str:
    """A section for each queue; each states everything, for app_queue lets no section override the strategy of a template."""
    return "\n".join(
        fill(
            "queue_section.conf",
            {
                "most_calls": str(plan.trunks.most_calls),
                "queue": queue.name,
                "retry": str(queue.retry_seconds),
                "ring": str(queue.ring_seconds),
                "service_level": str(queue.service_level_seconds),
                "wrap_up": str(queue.wrap_up_seconds),
            },
        )
        for queue in plan.queues
    )


def _queue_choice_lines(queues: Sequence[QueueSettings]) -> Iterator[str]:
    """A line of ``queue-of-choice`` for each queue but the first."""
    for queue in queues[1:]:
        yield f' same => n,ExecIf($["${{IVR_QUEUE}}"="{queue.name}"]?Set(IN_QUEUE={queue.name}))'


def fill(template: str, words: Mapping[str, str]) -> str:
    """The template's text with every ``@word@`` replaced; an unknown word is a defect of ours and raises KeyError."""
    return filled((_TEMPLATES / template).read_text(encoding="utf-8"), words)


def filled(text: str, words: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: words[found[1]], text)


def write_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Whole or not at all, and readable by nobody else (but the group, by ``mode`` 0640): these files hold secrets."""
    draft = path.with_name(f".{path.name}.new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
    draft.replace(path)


def plan_path(path: Path) -> str:
    if not path.is_absolute():
        raise UnfitValue(f"a folder of the switch is not absolute: {path}")
    return fit_path(path, "a folder of the switch")


def _disabled(wanted: Collection[str]) -> list[str]:
    return [name for name in _DISABLED if name not in wanted]


def _filter_lines(ami: AmiAccount, version: tuple[int, int, int]) -> list[str]:
    of_trunks = [(name, f"PJSIP/{trunk}-") for name in sorted(ami.of_trunks) for trunk in ami.trunks]
    if any(version[0] == since[0] and version >= since for since in _ADVANCED_FILTERS_SINCE) or version[0] > 22:
        of_all = [f"eventfilter(action(include),name({name}),method(none)) =" for name in sorted(ami.events)]
        where = "header(DestChannel),method(starts_with)"
        return of_all + [f"eventfilter(action(include),name({name}),{where}) = {begins}" for name, begins in of_trunks]
    of_all = [f"eventfilter = ^Event: {name}[^A-Za-z]" for name in sorted(ami.events)]
    return of_all + [f"eventfilter = ^Event: {name}[^A-Za-z].*DestChannel: {begins}" for name, begins in of_trunks]


def _present_modules(text: str, modules: Path) -> str:
    """One list serves several versions: leave out what this one does not have (it would be an error at every start)."""
    present = {path.name for path in modules.glob("*.so")}
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("load") or line.partition("=")[2].strip() in present)


def _hotline_lines(number: str) -> str:
    """The hotline's number is written as the configuration has it, not as it was dialled: it stays with the call as long as the
    call lives.
    """
    return f"exten => {number},1,Set(HOTLINE={number})\n same => n,Goto(reception,s,1)"


def _wide_codecs(modules: Path) -> list[str]:
    """The codecs that this switch can translate. A codec that is allowed but cannot be translated makes a call without sound."""
    return [codec for codec, names in _WIDE.items() if any((modules / name).exists() for name in names)]


_BEFORE_A_COLLEAGUE = (
    "Set(TRANSFER_CONTEXT=handed-on)",
    "Set(CONNECTED_LINE_SEND_SUB=record-dialler,s,1)",
    "Gosub(no-test,s,1)",
)


def _dial_lines(afterwards: str, *, before: Iterable[str] = ()) -> str:
    dial = f"Dial(PJSIP/${{EXTEN}},{COLLEAGUE_RING_S},gib(before-ring^s^1)U(record-agent)t)"
    first, *more = ("Set(TIMEOUT(absolute)=0)", *before, dial, afterwards)
    steps = "".join(f"\n same => n,{step}" for step in more)
    return "\n".join(f"exten => {pattern},1,{first}{steps}" for pattern in _EXTENSION_PATTERNS)


def _marks() -> list[str]:
    return [chr(point) for first, last in _MARKS for point in range(first, last + 1)]


def _without_marks_lines() -> Iterator[str]:
    for number, mark in enumerate(_marks()):
        yield f"{' same => n' if number else 'exten => s,1'},Set(FROM_NAME=${{STRREPLACE(FROM_NAME,{mark},)}})"


def _tls_lines(plan: SwitchPlan) -> str:
    if plan.tls is None:
        return "tlsenable = no"
    return "\n".join(
        (
            "tlsenable = yes",
            f"tlsbindaddr = {plan.bind}:{plan.ports.https}",
            f"tlscertfile = {plan.tls.certificate}",
            f"tlsprivatekey = {plan.tls.key}",
            "tlsdisablev1 = yes",
            "tlsdisablev11 = yes",
        )
    )
