"""Calls that agents made, from the switch's changes to rows, lists, cards and figures, with a real database."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cti.changes import (
    CallAnswered,
    CallEnded,
    CallOffered,
    CallOutcome,
    CallQueued,
    CallStarted,
    Change,
    Direction,
    LegJoined,
    LegLeft,
    QueueLeft,
    VisitEnd,
)
from cti.ids import CallId, Extension
from services.calls import store
from services.calls.facts import StillLive, decode, encode
from services.floor.figures import Figures, Limits, compute
from services.now import SystemClock
from services.store import db
from tests.harness.office import QUEUE, T0, Office, call_id, leg_id, link, office

SECOND = timedelta(seconds=1)
NUMBER = "13800138000"
PLACED, CALLED = 1, 9


@pytest_asyncio.fixture
async def desk(pool: db.Pool, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, SystemClock(), tmp_path) as running:
        await running.hire("li", extension="1001")
        await running.hire("wang", extension="1002")
        await running.hire("zhao", role="senior_agent")
        await running.change(link())
        yield running


def placed(call: int = PLACED, by: str = "1001", at: timedelta = timedelta()) -> CallStarted:
    return CallStarted(
        at=T0 + at, call=call_id(call), number=NUMBER, name="", dialled=NUMBER,
        direction=Direction.OUTBOUND, by=Extension(by), leg=leg_id(call + 1),
    )  # fmt: skip


def answered(call: int = PLACED, by: str = "1001") -> list[Change]:
    common: Any = {"at": T0 + 7 * SECOND, "call": call_id(call), "leg": leg_id(call + 1), "extension": Extension(by)}
    return [CallAnswered(waited_ms=0, rang_ms=7000, **common), LegJoined(**common)]


def ended(call: int = PLACED, outcome: CallOutcome = CallOutcome.ANSWERED, at: int = 27) -> CallEnded:
    return CallEnded(at=T0 + at * SECOND, call=call_id(call), outcome=outcome, waited_ms=None, talked_ms=20_000)


def left(call: int = PLACED, at: int = 27) -> LegLeft:
    return LegLeft(at=T0 + at * SECOND, call=call_id(call), leg=leg_id(call + 1))


async def shown(desk: Office, login: str = "zhao", call: int = PLACED) -> dict[str, Any]:
    status, detail = await desk.ask(login, "GET", f"/api/calls/{call_id(call)}")
    assert status == 200, detail
    return dict(detail)


async def listed(desk: Office, login: str = "zhao", query: str = "") -> list[str]:
    status, page = await desk.ask(login, "GET", f"/api/calls?{query}")
    assert status == 200, page
    return [row["id"] for row in page["calls"]]


async def test_a_call_that_was_answered_has_its_number_its_agent_and_its_times(desk: Office) -> None:
    await desk.change(placed(), *answered(), left(), ended())
    await desk.written()
    detail = await shown(desk)
    call, [leg] = detail["call"], detail["legs"]
    assert (call["direction"], call["answered_by"], call["outcome"]) == ("outbound", "Li", "answered")
    assert call["number"].replace(" ", "").endswith(NUMBER)
    assert (call["waited_ms"], call["queued_at"], call["talked_ms"]) == (None, None, 20_000)
    assert (leg["extension"], leg["rang_ms"], leg["outcome"]) == ("1001", 7000, "answered")
    assert detail["recording"]["state"] == "waiting"


@pytest.mark.parametrize("outcome", [CallOutcome.NO_ANSWER, CallOutcome.BUSY, CallOutcome.FAILED])
async def test_a_call_that_was_not_answered_says_why_and_is_its_agents(desk: Office, outcome: CallOutcome) -> None:
    await desk.change(placed(), ended(outcome=outcome))
    await desk.written()
    call = (await shown(desk, "li"))["call"]
    assert (call["outcome"], call["answered_by"], call["answered_at"]) == (str(outcome), "Li", None)
    assert await listed(desk, "li") == [call_id(PLACED)]
    assert (await desk.ask("wang", "GET", f"/api/calls/{call_id(PLACED)}"))[0] == 404
    assert await listed(desk, "wang") == []
    assert await listed(desk, query=f"outcome={outcome}") == [call_id(PLACED)]


async def test_the_list_tells_them_apart_in_every_order(desk: Office) -> None:
    came = CallStarted(at=T0, call=call_id(CALLED), number=NUMBER, name="", dialled="10000")
    await desk.change(came, placed(), *answered(), left(), ended(), ended(CALLED, CallOutcome.IVR_HANGUP))
    await desk.written()
    for sort in ("started", "-waited", "-talked"):
        assert await listed(desk, query=f"direction=outbound&sort={sort}") == [call_id(PLACED)]
        assert await listed(desk, query=f"direction=inbound&sort={sort}") == [call_id(CALLED)]
    assert set(await listed(desk, query=f"number={NUMBER}")) == {call_id(PLACED), call_id(CALLED)}
    assert (await desk.ask("zhao", "GET", "/api/calls?direction=sideways"))[0] == 422


async def test_no_case_begins_with_a_call_that_an_agent_made(desk: Office) -> None:
    await desk.change(placed(), *answered(), left(), ended())
    await desk.written()
    assert await desk.pool.fetchval("select count(*) from ticket") == 0


async def test_whom_it_was_handed_on_to_sees_the_call_and_it_stays_the_first_ones(desk: Office) -> None:
    second: Any = {"call": call_id(PLACED), "leg": leg_id(5)}
    offer = CallOffered(at=T0 + 12 * SECOND, extension=Extension("1002"), queue="", **second)
    joined = LegJoined(at=T0 + 14 * SECOND, extension=Extension("1002"), **second)
    await desk.change(placed(), *answered(), left(at=11), offer, joined, LegLeft(at=T0 + 27 * SECOND, **second), ended())
    await desk.written()
    detail = await shown(desk, "wang")
    assert ([leg["extension"] for leg in detail["legs"]], detail["call"]["answered_by"]) == (["1001", "1002"], "Li")
    assert detail["call"]["talked_ms"] == 17_000


async def test_no_figure_of_a_queue_counts_it_even_when_it_is_handed_on_to_one(desk: Office) -> None:
    waits: Any = {"call": call_id(PLACED), "queue": QUEUE}
    entered = CallQueued(at=T0 + 12 * SECOND, position=1, ivr_path="", language="", **waits)
    gave_up = QueueLeft(at=T0 + 26 * SECOND, how=VisitEnd.ABANDONED, **waits)
    await desk.change(placed(), *answered(), left(at=11), entered, gave_up, ended())
    one_more = CallQueued(at=T0, call=call_id(4), queue=QUEUE, position=1, ivr_path="", language="")
    await desk.change(placed(4), one_more, QueueLeft(at=T0 + SECOND, call=call_id(4), queue=QUEUE, how=VisitEnd.ANSWERED))
    await desk.change(*answered(4), left(4), ended(4))
    await desk.written()
    async with db.connection(desk.pool) as connection:
        day = (T0 - timedelta(days=1), T0 + timedelta(days=1))
        assert await compute(connection, QUEUE, day, Limits()) == Figures()
    assert [(await shown(desk, call=call))["call"]["waited_ms"] for call in (PLACED, 4)] == [None, None]


async def test_the_card_of_who_calls_later_shows_that_we_had_called(desk: Office) -> None:
    await desk.change(placed(), *answered(), left(), ended())
    await desk.written()
    start = CallStarted(at=T0 + 60 * SECOND, call=call_id(CALLED), number=NUMBER, name="", dialled="10000")
    rings = CallOffered(at=T0 + 61 * SECOND, call=call_id(CALLED), extension=Extension("1002"), leg=leg_id(30), queue=QUEUE)
    async with desk.browser("wang") as wang:
        await desk.change(start, rings)
        while (card := (await wang.next("pop"))["card"])["stage"] != "enriched":
            continue
    assert [(call["direction"], call["answered_by"]) for call in card["last_calls"]] == [("outbound", "Li")]


async def test_the_agents_own_screen_hears_of_the_call(desk: Office) -> None:
    async with desk.browser("li") as li:
        await desk.change(placed(), *answered())
        said = await li.next("call")
        assert (said["call_id"], said["phase"], said["ticket_id"]) == (call_id(PLACED), "talking", None)
        await desk.change(left(), ended())
        assert (await li.next("call"))["phase"] == "ended"


async def test_a_call_whose_end_nobody_heard_is_closed_as_any_other(desk: Office) -> None:
    await desk.change(placed(), *answered())
    await desk.change(placed(4))
    await desk.written()
    gone = StillLive(at=T0 + 90 * SECOND, calls=())
    async with db.transaction(desk.pool) as connection:
        await store.apply(connection, gone)
    assert [(await shown(desk, call=call))["call"]["outcome"] for call in (PLACED, 4)] == ["answered", "lost"]


def test_the_journal_keeps_who_began_it() -> None:
    assert decode(encode(placed())) == placed()


def test_a_line_of_a_journal_that_knew_no_direction_is_of_a_call_that_came_in() -> None:
    """As the version before this one wrote it."""
    came = CallStarted(at=T0, call=CallId("tingsu-1.1"), number=NUMBER, name="", dialled="10000")
    fields = {
        "at": T0.isoformat(),
        "recovered": False,
        "node": "main",
        "call": came.call,
        "number": NUMBER,
        "name": "",
        "dialled": "10000",
    }
    body = json.dumps(["CallStarted", fields]).encode()
    assert decode(b"%08x %s\n" % (zlib.crc32(body), body)) == came


async def test_a_case_may_have_been_the_reason_to_call(desk: Office) -> None:
    await desk.change(placed(), *answered(), left(), ended())
    await desk.written()
    made = "insert into ticket (state, received_at, changed_at) values ('draft', now(), now()) returning id"
    ticket = await desk.pool.fetchval(made)
    await desk.pool.execute(
        "insert into ticket_call (ticket_id, call_id, why) values ($1, $2, 'call_back')", ticket, call_id(PLACED)
    )
