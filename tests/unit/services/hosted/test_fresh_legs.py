"""What is said on the control socket for a new leg file. What it heals on a real switch: acceptance/test_recording_legs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cti.ids import CallId, ChannelId
from recordings.errors import NameRefused
from services.hosted.asterisk import SwitchFailed
from services.hosted.fresh_legs import FreshLegs, channel_named
from tests.harness.clock import HandClock
from tests.harness.patience import until

LISTING = """PJSIP/anonymous-00000000!to-queue!s!6!Up!Queue!complaints,t!138!!!!3!3!b1!t-1795474844.0
PJSIP/1001-00000001!from-agent!!1!Up!AppQueue!(Outgoing Line)!1001!!!!3!2!b1!t-1795474844.10
odd;name!x!t-1795474844.99
"""
CALL, AGENT = CallId("t-1795474844.0"), ChannelId("t-1795474844.10")
NOW = datetime(2026, 11, 23, 9, 0, 0, 123_456, tzinfo=UTC)
FILE = f"{CALL}_{AGENT}_agent_1795424400123.wav"


class Socket:
    """The control socket of a switch that has the channels of ``LISTING``."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.dead = False

    async def command(self, line: str) -> str:
        self.told.append(line)
        if self.dead:
            raise SwitchFailed("nobody answers")
        return LISTING if line == "core show channels concise" else ""


def legs_of(socket: Socket) -> FreshLegs:
    return FreshLegs(socket.command, Path("/spool"), HandClock(NOW))


async def test_a_leg_goes_on_in_a_new_file_that_is_named_as_the_dialplan_names_it() -> None:
    socket = Socket()
    await legs_of(socket).begin(CALL, AGENT)
    assert socket.told == [
        "core show channels concise",
        "mixmonitor stop PJSIP/1001-00000001",
        f'mixmonitor start PJSIP/1001-00000001 ",r(/spool/{FILE})S"',
    ]


async def test_the_callers_own_leg_keeps_its_role() -> None:
    socket = Socket()
    await legs_of(socket).begin(CALL, ChannelId(CALL))
    assert f"{CALL}_{CALL}_caller_" in socket.told[-1]


async def test_of_a_leg_that_is_gone_nothing_is_told() -> None:
    socket = Socket()
    await legs_of(socket).begin(CALL, ChannelId("t-1795474844.11"))
    assert socket.told == ["core show channels concise"]


async def test_ids_that_are_none_never_reach_the_control_socket() -> None:
    socket = Socket()
    with pytest.raises(NameRefused):
        await legs_of(socket).begin(CALL, ChannelId("x)S,id"))
    assert socket.told == []


async def test_a_switch_that_does_not_answer_keeps_no_later_leg_from_its_new_file() -> None:
    socket = Socket()
    legs = legs_of(socket)
    socket.dead = True
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(legs.run(), name="test: new leg files")
        legs.ask(CALL, AGENT)
        await until(lambda: len(socket.told) == 1, "the first leg is asked for")
        socket.dead = False
        legs.ask(CALL, AGENT)
        await until(lambda: FILE in socket.told[-1], "the second leg's file")
        running.cancel()


def test_a_channel_is_found_by_its_whole_id_alone() -> None:
    assert channel_named(LISTING, AGENT) == "PJSIP/1001-00000001"
    assert channel_named(LISTING, ChannelId("t-1795474844.1")) is None, "an id that only begins like it"
    assert channel_named(LISTING, ChannelId("t-1795474844.99")) is None, "a name that is no channel's"
