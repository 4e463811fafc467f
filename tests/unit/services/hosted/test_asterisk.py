"""Finding an Asterisk, starting and stopping it. The life of a real one: integration/test_switch_managed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.asterisk import SwitchProgram
from services.hosted import asterisk as hosted
from services.hosted.asterisk import ManagedAsterisk, SwitchFailed
from services.hosted.switch_program import AsteriskProgram, installed_program
from tests.harness.patience import seconds
from tests.harness.scarcity import descriptors_left
from tests.harness.switch import switch_plan

STAND_IN = """#!/bin/sh
case "$*" in
*-rx*) kill -0 $(cat "$HOME/pid") && echo "Asterisk: fully booted, 0 active channels" ;;
*) echo $$ > "$HOME/pid"; echo started >> "$HOME/starts"; touch "$HOME/run/asterisk.ctl"; exec sleep 600 ;;
esac
"""
"""A process that lives, answers and dies like a switch."""


def stand_in(folder: Path, told: Callable[[str], object] = lambda _: None) -> ManagedAsterisk:
    script = folder / "stand-in"
    script.write_text(STAND_IN)
    script.chmod(0o755)
    switch = SwitchProgram(modules=folder, share=folder, version=(22, 0, 0))
    program = AsteriskProgram(command=(str(script),), switch=switch, origin="a test")
    return ManagedAsterisk(program, folder / "switch", switch_plan(folder, program), told)


async def test_a_switch_that_is_stopped_between_two_starts_stays_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted, "_RESTART_PAUSES_S", (0.05,))
    async with asyncio.timeout(seconds(20)), asyncio.TaskGroup() as tasks:
        switch = stand_in(tmp_path, lambda _: tasks.create_task(switch.stop(), name="Ctrl-C, as soon as it is said to have died"))
        await switch.start()
        running = tasks.create_task(switch.run(), name="the switch")
        assert switch.pid is not None
        os.kill(switch.pid, signal.SIGKILL)
        await running
    assert switch.pid is None
    assert (tmp_path / "switch/starts").read_text() == "started\n"


async def test_without_a_free_descriptor_it_cannot_be_asked_but_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted, "_STOP_LIMIT_S", 0.05)
    switch = stand_in(tmp_path)
    await switch.start()
    assert switch.pid is not None
    with descriptors_left(0):
        with pytest.raises(SwitchFailed, match="Too many open files"):
            await switch.command("core show version")
        await switch.stop()
    assert switch.pid is None


def asterisk_that_says(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = folder / "asterisk"
    script.write_text(f"#!/bin/sh\necho '{text}'\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.parametrize("text", ["Asterisk 16.28.0~dfsg", "Asterisk 18.24.2", "something else", "Asterisk certified/18.9-cert5"])
def test_an_asterisk_too_old_or_unknown_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    asterisk_that_says(tmp_path, text, monkeypatch)
    assert installed_program() is None
