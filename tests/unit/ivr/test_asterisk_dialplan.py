"""The dialplan as written keeps the rules of hardening, and the linter that says so can say otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ivr.asterisk import QueueSettings, render, render_includes
from tests.harness.dialplan import faults, steps
from tests.unit.ivr.asterisk_plans import PLAN

AGI = "127.0.0.1:15073"
GOOD = "[c]\nexten => s,1,Hangup()\n"


@pytest.fixture
def dialplan(tmp_path: Path) -> str:
    render(tmp_path, PLAN)
    return (tmp_path / "etc/extensions.conf").read_text(encoding="utf-8")


def test_the_dialplan_has_no_fault(dialplan: str) -> None:
    assert faults(dialplan, agi=AGI) == []


def test_the_dialplan_for_ones_own_switch_has_no_fault(tmp_path: Path) -> None:
    render_includes(tmp_path, PLAN, prompts=tmp_path / "prompts", websocket="ws://127.0.0.1:15088/ws")
    assert faults((tmp_path / "tingsu_extensions.conf").read_text(encoding="utf-8"), agi=AGI) == []


@pytest.mark.parametrize(
    "line",
    [
        "exten => _X.,1,Hangup()",
        "exten => _1!,1,Hangup()",
        "exten => 1,1,System(id)\n same => n,Hangup()",
        "exten => 1,1,TrySystem(id)\n same => n,Hangup()",
        'exten => 1,1,ExecIf($["a"="a"]?System(id))\n same => n,Hangup()',
        "exten => 1,1,AGI(agi://192.0.2.1/reception)\n same => n,Hangup()",
        "exten => 1,1,AGI(agi://127.0.0.1:15073/${CALLERID(num)})\n same => n,Hangup()",
        "exten => 1,1,Set(X=${SHELL(id)})\n same => n,Hangup()",
        "exten => 1,1,Set(X=${EVAL(${Y})})\n same => n,Hangup()",
        "exten => 1,1,Set(X=${CALLERID(name)})\n same => n,Hangup()",
        "exten => 1,1,MixMonitor(,r(/s/${CALLERID(num)}.wav)S)\n same => n,Hangup()",
        "exten => 1,1,MixMonitor(,r(/s/${EXTEN}.wav)S)\n same => n,Hangup()",
        "exten => 1,1,Set(LEG_ROLE=${FROM})\n same => n,Hangup()",
        "exten => 1,1,Set(LEG_ROLE=agents)\n same => n,Hangup()",
        "exten => 1,1,MixMonitor(,r(/s/${UNIQUEID}.wav)S,id)\n same => n,Hangup()",
        "exten => 1,1,MixMonitor(/s/${UNIQUEID}.wav)\n same => n,Hangup()",
        "exten => _[1-9]XX,1,Dial(PJSIP/${EXTEN}@trunk,20)\n same => n,Hangup()",
        "exten => 1,1,Dial(PJSIP/trunk/sip:1@example.org,20)\n same => n,Hangup()",
        "exten => 1,1,SoftHangup(${X})\n same => n,Hangup()",
        'exten => 1,1,ExecIf($["a"="a"]?SoftHangup(PJSIP/1001-00000001))\n same => n,Hangup()',
        "exten => 1,1,Set(CALLERID(name)=${FROM_NAME}x)\n same => n,Hangup()",
        "exten => 1,1,Goto(nowhere,s,1)",
        "exten => 1,1,Set(CONNECTED_LINE_SEND_SUB=nowhere,s,1)\n same => n,Hangup()",
        "exten => 1,1,Answer()",
        "[from-outside]\nexten => s,1,Hangup()",
        "[handed-on]\nexten => echo,1,Set(TIMEOUT(absolute)=60)\n same => n,Answer()\n same => n,Echo()\n same => n,Hangup()",
        "[from-agent]\nexten => echo,1,Answer()\n same => n,Echo()\n same => n,Hangup()",
    ],
)
def test_the_linter_finds(line: str) -> None:
    assert faults(GOOD, agi=AGI) == []
    assert faults(f"{GOOD}{line}\n", agi=AGI)


def test_a_line_the_linter_does_not_understand_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="include"):
        faults("#include other.conf\n", agi=AGI)


def test_strangers_reach_the_hotline_numbers_alone(dialplan: str) -> None:
    reached = {step.exten for step in steps(dialplan) if step.context == "from-outside"}
    assert reached == set(PLAN.hotlines)


def test_the_caller_is_recorded_before_the_ivr_is_asked(dialplan: str) -> None:
    order = [step.application.partition("(")[0] for step in steps(dialplan) if step.context == "reception" and step.exten == "s"]
    assert order.index("Answer") < order.index("MixMonitor") < order.index("AGI")


def test_the_time_limit_of_the_ivr_ends_in_the_queue(dialplan: str) -> None:
    assert any(step.exten == "T" and step.application == "Goto(to-queue,s,1)" for step in steps(dialplan))


def test_names_of_the_plan_stand_where_they_belong(tmp_path: Path) -> None:
    render(tmp_path, replace(PLAN, fallback_notice=Path("/prompts/zh-CN/notice.wav"), language="en"))
    text = (tmp_path / "etc/extensions.conf").read_text(encoding="utf-8")
    assert "Playback(/prompts/zh-CN/notice)" in text
    assert "Set(IN_QUEUE=complaints)" in text
    assert "Queue(${IN_QUEUE},cib(before-ring^s^1)t)" in text
    assert "CHANNEL(language)=en" in text


QUEUES = (QueueSettings(), QueueSettings(name="suggestions", ring_seconds=9), QueueSettings(name="seniors"))


def test_a_queue_is_named_by_the_configuration_alone_whatever_a_variable_holds(tmp_path: Path) -> None:
    render(tmp_path, replace(PLAN, queues=QUEUES))
    text = (tmp_path / "etc/extensions.conf").read_text(encoding="utf-8")
    assert faults(text, agi=AGI) == []
    chosen = [step.application for step in steps(text) if "IN_QUEUE=" in step.application]
    assert chosen == [
        "Set(IN_QUEUE=complaints)",
        'ExecIf($["${IVR_QUEUE}"="suggestions"]?Set(IN_QUEUE=suggestions))',
        'ExecIf($["${IVR_QUEUE}"="seniors"]?Set(IN_QUEUE=seniors))',
    ]
    asked = [step for step in steps(text) if step.application.startswith("Queue(")]
    assert [(step.context, step.application) for step in asked] == [("to-queue", "Queue(${IN_QUEUE},cib(before-ring^s^1)t)")]
    assert text.count("IVR_QUEUE") == 3, "compared, emptied where the IVR did not come to its end, and used nowhere"


def test_a_caller_in_the_queue_comes_back_to_the_same_line_whatever_queues_a_reload_brings(tmp_path: Path) -> None:
    """A reload puts the new dialplan under whoever waits or talks; the way on is a number of the old one."""
    ways = []
    for count in (1, 2, 3):
        render(tmp_path / str(count), replace(PLAN, queues=QUEUES[:count]))
        text = (tmp_path / str(count) / "etc/extensions.conf").read_text(encoding="utf-8")
        ways.append([step for step in steps(text) if step.context == "to-queue"])
    assert ways[0] == ways[1] == ways[2]


def test_every_queue_has_a_section_of_its_own_that_states_everything(tmp_path: Path) -> None:
    render(tmp_path, replace(PLAN, queues=QUEUES))
    _, *sections = (tmp_path / "etc/queues.conf").read_text(encoding="utf-8").split("\n[")
    assert [section.partition("]")[0] for section in sections] == ["complaints", "suggestions", "seniors"]
    assert all("strategy = rrmemory" in section and "autopause = all" in section for section in sections)
    assert ["timeout = 9" in section for section in sections] == [False, True, False]
    render_includes(tmp_path / "own", replace(PLAN, queues=QUEUES), prompts=tmp_path / "prompts", websocket="ws://127.0.0.1:1/ws")
    assert (tmp_path / "own/tingsu_queues.conf").read_text(encoding="utf-8").count("strategy = rrmemory") == 3
    assert "`complaints`, `suggestions`, `seniors`" in (tmp_path / "own/README.md").read_text(encoding="utf-8")


def test_who_dials_a_colleague_is_recorded_once_a_caller_is_handed_over(dialplan: str) -> None:
    """What it comes to on a real switch: acceptance/test_recording_legs."""
    by_exten: dict[str, list[str]] = {}
    for step in steps(dialplan):
        if step.context == "from-agent":
            by_exten.setdefault(step.exten, []).append(step.application)
    dialling = [does for does in by_exten.values() if any(each.startswith("Dial(") for each in does)]
    assert len(dialling) == 4
    for does in dialling:
        rings = next(place for place, each in enumerate(does) if each.startswith("Dial("))
        assert "Set(CONNECTED_LINE_SEND_SUB=record-dialler,s,1)" in does[:rings]
    recorded = [step.application for step in steps(dialplan) if step.context == "record-dialler"]
    assert [each for each in recorded if each.startswith("MixMonitor(,r(")]
