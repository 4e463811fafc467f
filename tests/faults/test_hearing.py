"""We do not hear the switch for a while: what began, was answered, rang or ended meanwhile is told as if we had."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any

import pytest

from tests.faults.conftest import Tried
from tests.faults.crowd import HOTLINE, Crowd, Visit, ready
from tests.faults.invariants import hold, quiet
from tests.harness.centre import Centre
from tests.harness.patience import Impatient, until
from tests.harness.sip_phone import Answer, Call, Phone, Ring

NEAR_S = 1.5
"""Between what a phone sees and what the switch notes lie a packet and the phone's own pause, on a busy machine."""

Gap = Callable[[Centre], Awaitable[None]]


async def _kill(centre: Centre) -> None:
    await centre.kill_backend()


async def _stop(centre: Centre) -> None:
    os.kill(centre.pid, signal.SIGSTOP)


async def _start(centre: Centre) -> None:
    await centre.start()


async def _go_on(centre: Centre) -> None:
    await asyncio.sleep(12)  # the switch throws a reader out that takes nothing for 5 s
    os.kill(centre.pid, signal.SIGCONT)


@pytest.mark.parametrize(("gap", "over"), [(_kill, _start), (_stop, _go_on)], ids=["kill", "stop"])
async def test_calls_answered_in_a_gap_of_hearing_and_live_afterwards_are_whole(
    centre: Centre, tried: Tried, gap: Gap, over: Gap
) -> None:
    tried(f"calls answered unheard ({gap.__name__.strip('_')})", 1)
    base = await quiet(centre)
    async with AsyncExitStack() as stack:
        bert, carl, dora = [await stack.enter_async_context(_phone(centre, login)) for login in ("bert", "carl", "dora")]
        bert.on_ring = carl.on_ring = Answer(after=1.5)
        early = await stack.enter_async_context(_caller(centre, "13900000001"))  # in the menu when we fall deaf
        dora.on_ring = Ring()
        await ready(centre, "dora")
        rung = await stack.enter_async_context(_caller(centre, "13900000002"))
        await until(lambda: _pressed_until_rung(rung, dora), "dora's phone to ring by the key of the menu", 30)
        await until(lambda: centre.query("select 1 from pop"), "the card of the ring")

        await gap(centre)
        await rung.hang_up()
        hasty = await stack.enter_async_context(_caller(centre, "13900000003"))
        await asyncio.sleep(2)
        await hasty.hang_up()  # in the middle of the notice
        await _at_work_by_the_switch(centre, "1002", "1003")
        late = await stack.enter_async_context(_caller(centre, "13900000004"))
        told = {}
        for phone in (bert, carl):
            talk = await phone.next_call(limit=40)
            told[next(number for number in ("13900000001", "13900000004") if number in talk.from_header)] = time.time()
        await over(centre)

        for number, answered in told.items():
            row = await _row(centre, number, "answered_at is not null")
            assert (row["dialled"], row["queue"], row["outcome"]) == (HOTLINE, "complaints", None)
            assert abs(row["answered_at"].timestamp() - answered) < NEAR_S
            waited = (row["answered_at"] - row["queued_at"]).total_seconds() * 1000
            assert row["waited_ms"] == pytest.approx(waited, abs=2)
            assert row["waited_ms"] >= 1_400, "the phone had rung for 1.5 s before it answered"
            (leg,) = await centre.query("select * from call_leg where call_id = $1", row["id"])
            assert 500 <= leg["rang_ms"] <= row["waited_ms"] + 1_000
        ended = time.time()
        for call in (early, late):
            await call.hang_up()
        for number, answered in told.items():
            row = await _row(centre, number, "outcome is not null")
            assert row["outcome"] == "answered"
            assert row["talked_ms"] == pytest.approx((ended - answered) * 1000, abs=NEAR_S * 1000)

        lost = await _row(centre, "13900000003", "outcome is not null and not concluded")
        assert (lost["outcome"], lost["queue"], lost["dialled"]) == ("ivr_hangup", None, HOTLINE)
        gone = await _row(centre, "13900000002", "outcome is not null and not concluded")
        assert gone["outcome"] == "abandoned"
        (ring,) = await centre.query("select * from call_leg where call_id = $1", gone["id"])
        assert ring["outcome"] == "cancelled", "a ring that the caller cut short is no breach of the agent"
    talked = {"13900000001", "13900000004"}
    visits = [Visit(f"1390000000{n}", taken=True, talked=f"1390000000{n}" in talked) for n in range(1, 5)]
    await hold(centre, Crowd(centre, (), visits), base)


async def _row(centre: Centre, number: str, wanted: str) -> Any:
    rows: list[Any] = []

    async def look() -> bool:
        rows[:] = await centre.query(f"select * from call where number_sent = $1 and {wanted}", number)
        return bool(rows)

    try:
        await until(look, f"the call of {number} with {wanted}", 30)
    except Impatient as late:
        raise Impatient(f"{late}: {[dict(row) for row in await centre.query('select * from call')]}") from None
    (row,) = rows
    assert isinstance(row["started_at"], datetime)
    return row


@asynccontextmanager
async def _phone(centre: Centre, login: str) -> AsyncIterator[Phone]:
    phone = await centre.sip_phone(login)
    try:
        yield phone
    finally:
        phone.close()


@asynccontextmanager
async def _caller(centre: Centre, number: str) -> AsyncIterator[Call]:
    phone = await Phone.open(centre.sip, user=number)
    try:
        yield await phone.call(HOTLINE)
    finally:
        phone.close()


async def _pressed_until_rung(call: Call, agent: Phone) -> bool:
    """As people press: again, if nothing happens."""
    await call.dtmf("1")
    return bool(agent.calls)


async def _at_work_by_the_switch(centre: Centre, *extensions: str) -> None:
    """Agents come to work though nobody of us can say so: what the queue holds is the switch's own."""
    asterisk = await until(centre.asterisk, "Asterisk to run", 30)
    for extension in extensions:
        line = f"queue add member PJSIP/{extension} to complaints penalty 0 as {extension}"
        command = [word for word in asterisk.cmdline() if word != "-f"]
        asked = await asyncio.create_subprocess_exec(*command, "-rx", line, stdout=asyncio.subprocess.DEVNULL)
        assert await asked.wait() == 0
