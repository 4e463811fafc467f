"""The real switch's queue_log says of a call what its events say, to the second: our witness of calls that we did not hear."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cti.ids import CallId
from cti.queue_log import Ending, Witness
from services.transcripts.witness import ask
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Phone, Ring
from tests.harness.switch import HOTLINE, Said, Switch, Watcher, running_switch, secret_of, sip_agent, watching

NUMBER = "13800138000"
STAMPS_APART = timedelta(seconds=1)  # both are stamped one after the other, perhaps in two seconds


@pytest.fixture(scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    async with running_switch(tmp_path_factory.mktemp("diary"), agents=(sip_agent("1001"), sip_agent("1002"))) as switch:
        yield switch


@pytest.fixture
async def agent(switch: Switch) -> AsyncIterator[Phone]:
    phone = await Phone.open(switch.sip, user="1001", secret=secret_of("1001"))
    await phone.register()
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


def near(second: datetime | None, said: Said) -> bool:
    moment = datetime.fromtimestamp(float(said["Timestamp"]), UTC)
    return second is not None and -STAMPS_APART < moment - second < 2 * STAMPS_APART


async def test_an_answered_call_stands_there_with_number_extension_channel_and_times(
    switch: Switch, watcher: Watcher, agent: Phone, caller: Phone
) -> None:
    agent.on_ring = Answer()
    mark = watcher.mark()
    call = await caller.call(HOTLINE)
    join, connect = await watcher.until("QueueCallerJoin", since=mark), await watcher.until("AgentConnect", since=mark)
    await call.hang_up()
    told = await ended(switch, join)
    assert (told.number, told.queue, told.how) == (NUMBER, "complaints", Ending.COMPLETED)
    assert (told.extension, told.leg) == ("1001", connect["DestUniqueid"])
    assert near(told.queued_at, join)
    assert near(told.answered_at, connect)
    assert near(told.ended_at, await watcher.until("AgentComplete", since=mark))


async def test_a_caller_who_gives_up_while_a_phone_rings_stands_there_as_such(
    switch: Switch, watcher: Watcher, agent: Phone, caller: Phone
) -> None:
    agent.on_ring = Ring()
    mark = watcher.mark()
    call = await caller.call(HOTLINE)
    join = await watcher.until("QueueCallerJoin", since=mark)
    await agent.next_ring()
    await call.hang_up()
    told = await ended(switch, join)
    assert (told.number, told.talks, told.how) == (NUMBER, (), Ending.ABANDONED)
    assert near(told.ended_at, await watcher.until("QueueCallerAbandon", since=mark))


async def test_a_caller_whom_no_colleague_takes_over_waits_since_the_first_entry_and_talks_twice(
    switch: Switch, watcher: Watcher, agent: Phone, caller: Phone
) -> None:
    agent.on_ring = Answer()
    mark = watcher.mark()
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
    assert near(told.queued_at, join)
    assert told.how is Ending.COMPLETED
    assert diary(switch).with_name("queue_log.0").exists(), "the beginning stands in the former file"
