"""Nothing gets into a configuration line that could mean more than itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cti.ids import Extension
from ivr.asterisk import (
    AgentEndpoint,
    AmiAccount,
    PhoneKind,
    QueueSettings,
    SwitchPlan,
    SwitchPorts,
    SwitchProgram,
    TlsFiles,
    UnfitValue,
)
from tests.unit.ivr.asterisk_plans import BROWSER, PLAN, PORTS, SECRET

HOSTILE = (
    "",
    "x\nsecret = y" + "z" * 16,
    "x" * 16 + "\r\n",
    "x" * 16 + ";comment",
    "x" * 16 + "${SHELL(id)}",
    "x" * 16 + ")]",
    "x" * 16 + " x",
    "x" * 16 + "\x00",
    "密" * 16,
)
HOSTILE_PATHS = ("relative", "/a\nb", "/a;b", "/a,b", "/a)b", "/a]b", "/${SHELL(id)}", '/a"b', "/a|b", "/a\\b", "/a=>b", "/a@b@")
MAKERS: dict[str, Callable[[str], object]] = {
    "systemname": lambda text: replace(PLAN, systemname=text),
    "language": lambda text: replace(PLAN, language=text),
    "agi host": lambda text: replace(PLAN, agi_host=text),
    "bind": lambda text: replace(PLAN, bind=text),
    "hotline": lambda text: replace(PLAN, hotlines=(text,)),
    "ice host": lambda text: replace(PLAN, ice_hosts={text: "127.0.0.1"}),
    "offered host": lambda text: replace(PLAN, ice_hosts={"10.0.0.1": text}),
    "ami secret": lambda text: AmiAccount(secret=text, events=("Hangup",)),
    "ami user": lambda text: AmiAccount(secret=SECRET, events=("Hangup",), user=text),
    "event": lambda text: AmiAccount(secret=SECRET, events=(text,)),
    "queue": lambda text: QueueSettings(name=text),
    "extension": lambda text: AgentEndpoint(Extension(text), PhoneKind.SIP, SECRET),
    "sip secret": lambda text: AgentEndpoint(Extension("1001"), PhoneKind.SIP, text),
}
PATH_MAKERS: dict[str, Callable[[Path], object]] = {
    "spool": lambda path: replace(PLAN, spool=path),
    "notice": lambda path: replace(PLAN, fallback_notice=path),
    "run": lambda path: replace(PLAN, run=path),
    "certificate": lambda path: TlsFiles(certificate=path, key=Path("/key")),
    "key": lambda path: TlsFiles(certificate=Path("/certificate"), key=path),
    "modules": lambda path: SwitchProgram(modules=path, share=Path("/share"), version=(22, 0, 0)),
    "share": lambda path: SwitchProgram(modules=Path("/modules"), share=path, version=(22, 0, 0)),
}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", MAKERS)
def test_a_hostile_value_is_refused(field: str, text: str) -> None:
    with pytest.raises(UnfitValue):
        MAKERS[field](text)


@pytest.mark.parametrize("path", HOSTILE_PATHS)
@pytest.mark.parametrize("field", PATH_MAKERS)
def test_a_hostile_path_is_refused(field: str, path: str) -> None:
    with pytest.raises(UnfitValue):
        PATH_MAKERS[field](Path(path))


def test_a_path_with_spaces_and_chinese_is_fine() -> None:
    assert replace(PLAN, spool=Path("/home/张三/my calls")).spool.name == "my calls"


def test_a_refused_secret_is_not_repeated() -> None:
    with pytest.raises(UnfitValue) as refusal:
        AmiAccount(secret="short secret!", events=("Hangup",))
    assert "short" not in str(refusal.value)


def test_secrets_do_not_show_in_a_plan_that_is_printed() -> None:
    assert SECRET not in repr(PLAN)


@pytest.mark.parametrize(
    "make",
    [
        lambda: replace(PLAN, agents=(BROWSER, BROWSER)),
        lambda: replace(PLAN, hotlines=("1001",)),
        lambda: replace(PLAN, hotlines=()),
        lambda: replace(PLAN, ports=replace(PORTS, https=8089)),
        lambda: replace(PLAN, tls=TlsFiles(certificate=Path("/c"), key=Path("/k"))),
        lambda: AmiAccount(secret=SECRET, events=()),
        lambda: SwitchPorts(sip=0, http=1, ami=2, rtp_first=3, rtp_last=99),
        lambda: SwitchPorts(sip=1, http=1, ami=70000, rtp_first=3, rtp_last=99),
        lambda: SwitchPorts(sip=1, http=1, ami=2, rtp_first=30, rtp_last=31),
        lambda: QueueSettings(ring_seconds=0),
        lambda: QueueSettings(name="general"),
        lambda: QueueSettings(name="Complaints"),
        lambda: replace(PLAN, queues=()),
        lambda: replace(PLAN, queues=(QueueSettings(), QueueSettings())),
    ],
    ids=range(14),
)
def test_a_plan_that_could_not_work_is_refused(make: Callable[[], SwitchPlan]) -> None:
    with pytest.raises(UnfitValue):
        make()


def test_two_rings_and_the_pause_between_fit_the_answer_time() -> None:
    queue = QueueSettings()
    assert 2 * queue.ring_seconds + queue.retry_seconds <= queue.service_level_seconds == 15
