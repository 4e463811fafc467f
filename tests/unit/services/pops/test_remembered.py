"""What we remember of a caller, from a database that is slow: in time, or from the cache."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable

import pytest

from cti.ids import CallId
from ivr.settings import IvrSettings
from services.pops.remembered import LIMIT_S, RECEIVE_S, Memory
from services.store import db
from tests.harness import patience

NUMBER = "+8613800138000"
CALL = CallId("tingsu-1.1")


@pytest.fixture
async def memory(pool: db.Pool) -> Memory:
    """Has seen the customer once."""
    await pool.execute("insert into customer (number, name, tier, changed_at) values ($1, '张桂芳', 'big', now())", NUMBER)
    made = Memory(pool)
    assert await made.customer(NUMBER)
    return made


@contextlib.asynccontextmanager
async def locked(pool: db.Pool) -> AsyncIterator[None]:
    """Whoever asks for a customer waits, and is told that the statement was cancelled."""
    async with pool.acquire() as holder, holder.transaction():
        await holder.execute("lock table customer in access exclusive mode")
        yield


@contextlib.asynccontextmanager
async def frozen(pool: db.Pool) -> AsyncIterator[None]:
    """Whoever asks for anything waits, and is told nothing at all."""
    own = await pool.fetch("select pid from pg_stat_activity where datname = current_database()")
    for row in own:
        os.kill(row["pid"], signal.SIGSTOP)
    try:
        yield
    finally:
        for row in own:
            os.kill(row["pid"], signal.SIGCONT)


Slow = Callable[[db.Pool], contextlib.AbstractAsyncContextManager[None]]
SLOW = pytest.mark.parametrize("slow", [locked, frozen])


async def test_the_history_is_there(memory: Memory) -> None:
    known = await memory.known(NUMBER, call=CALL)
    assert (known.history, known.customer and known.customer.name) == (True, "张桂芳")


@SLOW
async def test_a_slow_database_costs_the_history_and_not_the_customer(pool: db.Pool, memory: Memory, slow: Slow) -> None:
    async with slow(pool), asyncio.timeout(patience.seconds(2 * LIMIT_S)):
        known = await memory.known(NUMBER, call=CALL)
    assert (known.history, known.customer and known.customer.name) == (False, "张桂芳")


async def test_who_has_waited_too_long_already_is_not_looked_up(pool: db.Pool, memory: Memory) -> None:
    """Nothing is asked: a slow database is not helped by questions that are taken back at once."""
    taken = [await pool.acquire() for _ in range(pool.get_max_size())]  # whoever asks must wait
    try:
        for waited in (LIMIT_S, 10):
            known = memory.known(NUMBER, call=CALL, waited=waited)
            with pytest.raises(StopIteration) as at_once:
                known.send(None)
            assert at_once.value.value.history is False
    finally:
        for connection in taken:
            await pool.release(connection)


@SLOW
async def test_the_ivr_has_the_tier_as_last_seen_before_it_gives_up(pool: db.Pool, memory: Memory, slow: Slow) -> None:
    given_up = IvrSettings(token="x").back_office_limit
    assert given_up > RECEIVE_S
    async with slow(pool), asyncio.timeout(patience.seconds(2 * given_up)):
        customer = await memory.customer(NUMBER)
    assert customer
    assert customer.tier == "big"
