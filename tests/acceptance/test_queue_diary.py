"""The real switch's queue_log says of a call what its events say, to the second: our witness of calls that we did not hear."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from cti.changes import VisitEnd
from cti.ids import CallId
from cti.queue_log import Ending, Witness
from services.diary import ask
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Phone, Ring
from tests.harness.switch import HOTLINE, Said, Switch, Watcher, running_switch, secret_of, sip_agent, watching

NUMBER = "13800138000"
APART_S = 1.2  # so that no two of the diary's moments are in one second


@pytest.fixture(scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    async with running_switch(tmp_path_factory.mktemp("diary"), agents=(sip_agent("1001"), sip_agent("1002"))) as switch:
        yield switch


@pytest.fixture
async def agent(switch: Switch) -> AsyncIterator[Phone]:
    phone = await Phone.open(switch.sip, user="1001", secret=secret_of("1001"))
    await phone.stay_registered()
    yield phone
    phone.close()


@pytest.fixture
async def watcher(switch: Switch, agent: Phone) -> AsyncIterator[Watcher]:
    async with watching(switch) as watcher:
        await watcher.act("QueueAdd", Queue="complaints", Interface="PJSIP/1001", MemberName="1001")
        yield watcher
        await watcher.act("QueueRemove", Queue="complaints", Interface="PJSIP/1001")


@pytest.fixture
async def caller(switch: Switch) -> AsyncIterator[Phone]:
    phone = await Phone.open(switch.sip, user=NUMBER)
    yield phone
    phone.close()


def diary(switch: Switch) -> Path:
    return switch.folder / "log/queue_log"


async def ended(switch: Switch, join: Said) -> Witness:
    """What the diary says of that call once it knows its end."""
    call = CallId(join["Uniqueid"])
    await until(lambda: ask(diary(switch), [call])[call].how is not None, "the end of the call in the diary")
    return ask(diary(switch), [call])[call]


TICK_S = 0.01
"""The diary's clock, time(), moves by ticks of the kernel: a second begins for it up to so much later (HZ of 100)."""


def between(cause: float, second: datetime | None, said: Said) -> bool:
    """Written after its cause (a moment of the wall clock), and before an event that the same thread of the switch sends next."""
    return second is not None and int(cause - TICK_S) <= second.timestamp() <= float(said["Timestamp"])


async def test_an_answered_call_stands_there_with_number_extension_channel_and_times(
    switch: Switch, watcher: Watcher, agent: Phone, caller: Phone
) -> None:
    agent.on_ring = Answer(after=APART_S)
    mark, called = watcher.mark(), time.time()
    call = await caller.call(HOTLINE)
    await agent.next_ring()
    rang = time.time()
    join, connect = await watcher.until("QueueCallerJoin", since=mark), await watcher.until("AgentConnect", since=mark)
    await asyncio.sleep(APART_S)
    over = time.time()
    await call.hang_up()
    told = await ended(switch, join)
    assert (told.number, told.queue, told.how) == (NUMBER, "complaints", Ending.COMPLETED)
    assert (told.extension, told.leg) == ("1001", connect["DestUniqueid"])
    assert between(called, told.queued_at, await watcher.until("AgentCalled", since=mark))
    assert between(rang, told.answered_at, connect)
    assert between(over, told.ended_at, await watcher.until("AgentComplete", since=mark))


async def test_a_caller_who_gives_up_while_a_phone_rings_stands_there_as_such(
    switch: Switch, watcher: Watcher, agent: Phone, caller: Phone
) -> None:
    agent.on_ring = Ring()
    mark = watcher.mark()
    call = await caller.call(HOTLINE)
    join = await watcher.until("QueueCallerJoin", since=mark)
    await agent.next_ring()
    over = time.time()
    await call.hang_up()
    told = await ended(switch, join)
    assert (told.number, told.talks, told.how) == (NUMBER, (), Ending.ABANDONED)
    assert between(over, told.ended_at, await watcher.until("Hangup", since=mark, Uniqueid=join["Uniqueid"]))


async def test_a_caller_whom_no_colleague_takes_over_waits_since_the_first_entry_and_talks_twice(
    switch: Switch, watcher: Watcher, agent: Phone, caller: Phone
) -> None:
    agent.on_ring = Answer()
    mark, called = watcher.mark(), time.time()
    call = await caller.call(HOTLINE)
    join, first = await watcher.until("QueueCallerJoin", since=mark), await watcher.until("AgentConnect", since=mark)
    talk = await agent.next_call()
    await watcher.until_together(since=mark)
    mark = watcher.mark()
    await talk.refer("1002")  # whose phone is not there
    second = await watcher.until("AgentConnect", since=mark)
    await switch.command("logger rotate")
    await call.hang_up()
    told = await ended(switch, join)
    assert [talk.leg for talk in told.talks] == [first["DestUniqueid"], second["DestUniqueid"]]
    assert between(called, told.queued_at, first)
    assert told.how is Ending.COMPLETED
    assert [(visit.queue, visit.how) for visit in told.visits] == [("complaints", VisitEnd.ANSWERED)] * 2
    assert told.visits[0].entered == told.queued_at
    assert [visit.left for visit in told.visits] == [talk.began for talk in told.talks]
    assert diary(switch).with_name("queue_log.0").exists(), "the beginning stands in the former file"
