"""Changes of the switch on their way to screens and rows, with a real database and real websockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from cti.changes import (
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOffered,
    CallOutcome,
    CallQueued,
    CallStarted,
    Change,
    LegJoined,
    LegLeft,
    OfferEnded,
    OfferOutcome,
    QueueLeft,
    VisitEnd,
)
from cti.ids import Extension
from services.calls.drain import Drain
from services.following import apply
from services.now import SystemClock
from services.store import db
from services.troubles import Troubles
from tests.harness.office import QUEUE, T0, Browser, Office, call_id, leg_id, link, office
from tests.harness.patience import until

SECOND = timedelta(seconds=1)


@pytest_asyncio.fixture
async def desk(pool: db.Pool, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, SystemClock(), tmp_path) as running:
        await running.hire("li", extension="1001")
        await running.hire("wang", extension="1002")
        await running.change(link())
        yield running


def queued(call: int = 1, number: str = "13800138000", name: str = "") -> list[Change]:
    return [
        CallStarted(at=T0, call=call_id(call), number=number, name=name, dialled="10000"),
        CallQueued(at=T0 + 5 * SECOND, call=call_id(call), queue=QUEUE, position=1, ivr_path="1", language="zh-CN"),
    ]


def offered(call: int = 1, leg: int = 2, extension: str = "1001") -> CallOffered:
    return CallOffered(at=T0 + 6 * SECOND, call=call_id(call), leg=leg_id(leg), extension=Extension(extension), queue=QUEUE)


def answered(call: int = 1, leg: int = 2, extension: str = "1001") -> list[Change]:
    common = {"at": T0 + 9 * SECOND, "call": call_id(call), "leg": leg_id(leg), "extension": Extension(extension)}
    return [CallAnswered(waited_ms=4000, rang_ms=3000, **common), LegJoined(**common)]


def ended(call: int = 1, outcome: CallOutcome = CallOutcome.ANSWERED, after: int = 60) -> CallEnded:
    return CallEnded(at=T0 + after * SECOND, call=call_id(call), outcome=outcome, waited_ms=4000, talked_ms=51_000)


async def customer(desk: Office, number: str = "+8613800138000") -> int:
    sql = "insert into customer (number, name, tier, changed_at) values ($1, '张桂芳', 'big', now()) returning id"
    made: int = await desk.pool.fetchval(sql, number)
    return made


async def pop_of(browser: Browser, stage: str) -> dict[str, object]:
    while (message := await browser.next("pop"))["card"]["stage"] != stage:
        continue
    return message


async def test_whoever_waits_once_more_after_an_answer_is_counted_apart_on_the_board(desk: Office) -> None:
    at = [desk.clock.now() + n * timedelta(microseconds=1) for n in range(4)]
    await desk.change(
        CallQueued(at=at[0], call=call_id(), queue=QUEUE, position=1, ivr_path="1", language="en"),
        QueueLeft(at=at[1], call=call_id(), queue=QUEUE, how=VisitEnd.ANSWERED),
        CallAnswered(at=at[1], call=call_id(), extension=Extension("1001"), leg=leg_id(), waited_ms=0, rang_ms=0),
        CallQueued(at=at[2], call=call_id(), queue=QUEUE, position=1, ivr_path="1", language="en"),
        QueueLeft(at=at[3], call=call_id(), queue=QUEUE, how=VisitEnd.ABANDONED),
    )

    async def counted() -> list[int]:
        _, board = await desk.ask("li", "GET", "/api/board")
        return [board["together"][f"{name}_today"] for name in ("answered", "abandoned", "answered_again", "abandoned_again")]

    async def apart() -> bool:
        return await counted() == [1, 0, 0, 1]

    await until(apart, "one answered call, and one who gave up after it")


SPELT = ["013800138000", "8613800138000", "008613800138000", "+86 138-0013-8000", "17951013800138000", "12583113800138000"]


@pytest.mark.parametrize("sent", SPELT)
async def test_a_customer_is_known_however_the_network_writes_the_number(desk: Office, sent: str) -> None:
    await customer(desk)
    async with desk.browser("li") as li:
        await desk.change(*queued(number=sent), offered())
        card = (await pop_of(li, "enriched"))["card"]
    assert isinstance(card, dict)
    assert (card["number"], card["customer"]["name"], card["customer"]["number"]) == ("13800138000", "张桂芳", "13800138000")


async def test_the_card_comes_at_the_ring_with_customer_tickets_and_calls(desk: Office) -> None:
    await customer(desk)
    async with desk.browser("li") as browser:
        await browser.next("hello")
        await desk.change(*queued(name="张三"), offered())
        first = await pop_of(browser, "first")
        enriched = await pop_of(browser, "enriched")
    assert first["card"]["id"] == enriched["card"]["id"] == f"{call_id()}/{leg_id()}"
    assert first["seq"] < enriched["seq"]
    assert first["card"]["number"] == "13800138000"
    assert first["card"]["name_sent"] == "张三"
    assert enriched["card"]["customer"]["tier"] == "big"
    assert enriched["card"]["history"] is True


async def test_the_card_goes_to_the_ringing_agent_and_to_nobody_else(desk: Office) -> None:
    async with desk.browser("li") as li, desk.browser("wang") as wang:
        await li.next("hello")
        await wang.next("hello")
        await desk.change(
            *queued(), offered(extension="1001"), *queued(call=5, number=""), offered(call=5, leg=6, extension="1002")
        )
        assert (await li.next("pop"))["card"]["call_id"] == call_id(1)
        assert (await wang.next("pop"))["card"]["call_id"] == call_id(5)


async def test_receipt_is_measured_and_stored(desk: Office) -> None:
    async with desk.browser("li") as browser:
        await browser.next("hello")
        await desk.change(*queued(), offered())
        pop = await browser.next("pop")
        await browser.send(type="ack", seq=pop["seq"], shown_ms=12)
        await until(lambda: desk.pool.fetchval("select received_at from pop"), "the receipt is stored")
    row = await desk.pool.fetchrow("select * from pop")
    assert row["shown_ms"] == 12
    assert row["sent_at"] <= row["received_at"]
    assert row["person_id"] == desk.people["li"]


async def test_a_card_whose_ring_is_over_comes_back_only_as_its_end(desk: Office) -> None:
    async with desk.browser("li") as browser:
        await browser.next("hello")
        await desk.change(*queued(), offered())
        seen = (await browser.next("pop"))["seq"]
    missed = OfferEnded(
        at=T0 + 12 * SECOND,
        call=call_id(),
        extension=Extension("1001"),
        leg=leg_id(),
        outcome=OfferOutcome.NO_ANSWER,
        rang_ms=6000,
    )
    await desk.change(missed)
    async with desk.browser("li", since=seen) as browser:
        await browser.next("hello")
        end = await browser.next()
        assert (end["type"], end["how"]) == ("pop_end", "no_answer")
    async with desk.browser("li") as fresh:
        await fresh.next("hello")
        await desk.change(*queued(call=9), offered(call=9, leg=10))
        assert (await fresh.next())["card"]["call_id"] == call_id(9)


async def test_a_reload_during_the_ring_shows_the_card_again(desk: Office) -> None:
    await desk.change(*queued(), offered())
    async with desk.browser("li") as browser:
        await browser.next("hello")
        assert (await browser.next("pop"))["card"]["call_id"] == call_id()


async def test_the_same_offer_heard_twice_is_one_card(desk: Office) -> None:
    await desk.change(*queued(), offered(), offered())
    await desk.written()
    assert await desk.pool.fetchval("select count(*) from pop") == 1


async def test_an_answered_call_has_a_draft_beside_it(desk: Office) -> None:
    known = await customer(desk)
    async with desk.browser("li") as browser:
        await browser.next("hello")
        await desk.change(*queued(), offered(), *answered())
        async with asyncio.timeout(5):
            while not (said := await browser.next("call"))["ticket_id"]:
                assert said["phase"] == "talking"
    status, ticket = await desk.ask("li", "GET", f"/api/tickets/{said['ticket_id']}")
    assert status == 200
    assert (ticket["state"], ticket["owner_id"], ticket["customer_id"]) == ("draft", desk.people["li"], known)
    assert (ticket["customer_number"], ticket["customer_name"], ticket["kind"]) == ("13800138000", "张桂芳", "complaint")
    assert {name: source["by"] for name, source in ticket["sources"].items()} == {
        "customer_number": "call",
        "customer_name": "customer",
        "kind": "call",
    }


async def test_hold_and_end_reach_the_agent(desk: Office) -> None:
    async with desk.browser("li") as browser:
        await browser.next("hello")
        await desk.change(*queued(), offered(), *answered())
        await desk.written()
        await desk.change(CallHeld(at=T0 + 20 * SECOND, call=call_id(), held=True, leg=leg_id()))
        while (await browser.next("call"))["phase"] != "held":
            continue
        await desk.change(CallHeld(at=T0 + 25 * SECOND, call=call_id(), held=False, leg=leg_id()), ended())
        assert [(await browser.next("call"))["phase"] for _ in range(2)] == ["talking", "ended"]


async def test_the_draft_of_a_call_that_was_over_at_once_still_reaches_the_agent(desk: Office) -> None:
    async with desk.browser("li") as browser:
        await browser.next("hello")
        await desk.change(*queued(), offered(), *answered(), ended())
        while not (said := await browser.next("call"))["ticket_id"]:
            continue
        assert said["phase"] == "ended"


async def test_rows_tell_the_whole_call(desk: Office) -> None:
    leg = LegLeft(at=T0 + 58 * SECOND, call=call_id(), leg=leg_id())
    await desk.change(*queued(number="+86 138-0013-8000"), offered(), *answered(), leg, ended())
    await desk.written()
    call = await desk.pool.fetchrow("select * from call")
    assert (call["number"], call["number_sent"], call["outcome"]) == ("+8613800138000", "+86 138-0013-8000", "answered")
    assert (call["waited_ms"], call["talked_ms"], call["answered_by"]) == (4000, 49_000, desk.people["li"])
    row = await desk.pool.fetchrow("select * from call_leg")
    assert (row["outcome"], row["rang_ms"], row["extension"]) == ("answered", 3000, "1001")
    span = await desk.pool.fetchrow("select * from call_span")
    assert (span["joined_at"], span["left_at"]) == (T0 + 9 * SECOND, T0 + 58 * SECOND)
    assert await desk.pool.fetchval("select state from recording") == "waiting"


async def again(desk: Office) -> None:
    """The whole journal once more, as after a restore of the database from before."""
    await desk.pool.execute("update journal_cursor set position = 0")
    refused, troubles = desk.folder / "refused", Troubles(desk.clock)
    second = Drain(desk.journal, desk.pool, apply, applied=lambda fact, result: None, refused=refused, troubles=troubles)
    while second.behind:
        await second.step()


async def test_applying_everything_twice_changes_nothing(desk: Office) -> None:
    changes = [*queued(), offered(), *answered(), LegLeft(at=T0 + 58 * SECOND, call=call_id(), leg=leg_id()), ended()]
    await desk.change(*changes)
    await desk.written()
    before = [await desk.pool.fetch(f"select * from {table} order by 1, 2") for table in TABLES]
    await again(desk)
    assert [await desk.pool.fetch(f"select * from {table} order by 1, 2") for table in TABLES] == before


TABLES = ("call", "call_leg", "call_span", "ticket", "ticket_journal", "recording", "pop")


async def test_a_discarded_draft_is_not_made_again_by_a_replay(desk: Office) -> None:
    await desk.change(*queued(), offered(), *answered())
    await desk.written()
    ticket = await desk.pool.fetchval("select id from ticket")
    await desk.ask("li", "POST", f"/api/tickets/{ticket}/discard", {"version": 1})
    await desk.change(*answered())
    await desk.written()
    assert await desk.pool.fetch("select state from ticket") == [("discarded",)]


async def test_calls_that_ended_unheard_are_ended_after_the_next_login(desk: Office) -> None:
    await desk.change(*queued(), offered(), *answered())
    await desk.change(*queued(call=5))
    await desk.written()
    desk.follow.live.end(call_id(1))  # as after a restart: nothing is remembered
    desk.follow.live.end(call_id(5))
    await desk.change(*queued(call=7), link(up=False, at=T0 + 100 * SECOND), link(at=T0 + 200 * SECOND))
    await desk.written()
    rows = {row["id"]: (row["outcome"], row["recovered"]) for row in await desk.pool.fetch("select * from call")}
    assert rows == {call_id(1): ("answered", True), call_id(5): ("lost", True), call_id(7): (None, False)}
    assert await desk.pool.fetchval("select count(*) from recording") == 2


async def test_rings_cards_and_conversations_that_ended_unheard_are_closed_after_the_next_login(desk: Office) -> None:
    await desk.change(*queued(), offered(), *queued(5), offered(5, 6, "1002"), *queued(7), offered(7, 8, "1002"), *answered(7, 8))
    await desk.written()
    for call in (1, 5, 7):
        desk.follow.live.end(call_id(call))  # as after a restart: nothing is remembered
    going_on = CallOffered(at=T0 + 190 * SECOND, call=call_id(), leg=leg_id(), extension=Extension("1001"), queue=QUEUE)
    await desk.change(
        *queued(), going_on, *queued(5), *queued(7), link(up=False, at=T0 + 100 * SECOND), link(at=T0 + 200 * SECOND)
    )
    await desk.written()
    pops = {row["id"]: (row["ended_at"], row["ended_how"]) for row in await desk.pool.fetch("select * from pop")}
    assert pops == {
        f"{call_id()}/{leg_id()}": (None, None),
        f"{call_id(5)}/{leg_id(6)}": (T0 + 200 * SECOND, "cancelled"),
        f"{call_id(7)}/{leg_id(8)}": (T0 + 9 * SECOND, "answered"),
    }
    legs = {row["channel"]: row["outcome"] for row in await desk.pool.fetch("select * from call_leg")}
    assert legs == {leg_id(): None, leg_id(6): "cancelled", leg_id(8): "answered"}
    assert await desk.pool.fetchval("select left_at from call_span") == T0 + 200 * SECOND


async def test_an_answer_heard_by_our_successor_rang_since_we_heard_the_ring(desk: Office) -> None:
    await desk.change(*queued(), offered())
    desk.follow.live.end(call_id())
    common = {"at": T0 + 9 * SECOND, "call": call_id(), "leg": leg_id(), "extension": Extension("1001"), "recovered": True}
    await desk.change(CallAnswered(waited_ms=0, rang_ms=0, **common), LegJoined(**common))
    await desk.written()
    assert await desk.pool.fetchval("select rang_ms from call_leg") == 3000
    assert await desk.pool.fetchval("select waited_ms from call") == 4000


async def test_hostile_callers_are_text_and_never_somebody_else(desk: Office) -> None:
    hostile = [
        "'; DROP TABLE ticket;--",
        "../../etc/passwd",
        "\x00\x1b[31m",
        "anonymous",
        "９" * 11,
        "1" * 100,
        '"><img src=x>',
        "\ud800x",
    ]
    for place, sent in enumerate(hostile):
        await desk.change(*queued(call=100 + place, number=sent, name=sent))
    await desk.written()
    rows = await desk.pool.fetch("select number, number_sent, name_sent from call order by id")
    assert len(rows) == len(hostile)
    assert {row["number"] for row in rows} == {"", "9" * 11}
    assert all(len(row["name_sent"]) <= 64 for row in rows)
