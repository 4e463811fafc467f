"""Finding an Asterisk, its channels by their ids, its old logs. The life of a real one: integration/test_switch_managed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cti.ids import CallId, ChannelId
from services.hosted.asterisk import ManagedAsterisk, channel_named, drop_old_logs, installed_program
from tests.harness.switch import asterisk_program, switch_plan

LISTING = """PJSIP/anonymous-00000000!to-queue!s!6!Up!Queue!complaints,t!138!!!!3!3!b1!t-1795474844.0
PJSIP/1001-00000001!from-agent!!1!Up!AppQueue!(Outgoing Line)!1001!!!!3!2!b1!t-1795474844.10
odd;name!x!t-1795474844.99
"""


def asterisk_that_says(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = folder / "asterisk"
    script.write_text(f"#!/bin/sh\necho '{text}'\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.parametrize("text", ["Asterisk 16.28.0~dfsg", "Asterisk 18.24.2", "something else", "Asterisk certified/18.9-cert5"])
def test_an_asterisk_too_old_or_unknown_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    asterisk_that_says(tmp_path, text, monkeypatch)
    assert installed_program() is None


def test_a_channel_is_found_by_its_whole_id_alone() -> None:
    assert channel_named(LISTING, ChannelId("t-1795474844.10")) == "PJSIP/1001-00000001"
    assert channel_named(LISTING, ChannelId("t-1795474844.1")) is None, "an id that only begins like it"
    assert channel_named(LISTING, ChannelId("t-1795474844.99")) is None, "a name that is no channel's"


async def test_ids_that_are_none_never_reach_the_control_socket(tmp_path: Path) -> None:
    program = await asterisk_program()
    switch = ManagedAsterisk(program, tmp_path, switch_plan(tmp_path, program), lambda _: None)
    with pytest.raises(ValueError, match="not an id"):
        await switch.record_anew(CallId("t-1.0"), ChannelId("x)S,id"))


def test_the_newest_old_logs_are_kept(tmp_path: Path) -> None:
    for name in ("messages", "messages.0", "messages.1", "messages.2", "messages.3", "messages.12", "queue_log", "queue_log.7"):
        (tmp_path / name).touch()
    drop_old_logs(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["messages", "messages.0", "messages.1", "messages.2", "queue_log"]
