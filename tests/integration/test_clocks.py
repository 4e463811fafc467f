"""Clocks of tickets over HTTP and a real database: begun and settled with the ticket, swept whoever was dead meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.alarms import Alarms
from services.clocks import store
from services.clocks.sweeper import LEASE, Sweeper
from services.clocks.table import AT_ONCE, CLOCKS, in_calendars, with_norms
from services.clocks.written import WEEKDAYS, calendar
from services.store import db, jobs
from services.tickets.actions import draft_of_call
from services.troubles import Troubles
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer
from tests.harness.office import T0, ZONE, Office, office
from tests.harness.patience import until

COMPLAINT = {"kind": "complaint", "business": "data", "nature": "tariff", "description": "多收了钱"}
MONDAY = datetime(2026, 11, 30, 0, 30, tzinfo=UTC)  # half past eight in Shanghai
SUGGESTION = {"kind": "suggestion", "suggestion": "service", "description": "多开一个窗口"}


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        await running.hire("li", extension="1001")
        yield running


@pytest.fixture
def troubles(clock: HandClock) -> Troubles:
    return Troubles(clock)


@pytest.fixture
def sweeper(pool: db.Pool, clock: HandClock, troubles: Troubles) -> Sweeper:
    return Sweeper(pool, clock, troubles=troubles, effects=Alarms())


async def ask(desk: Office, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """As li, who has just logged in again: clocks go on for longer than a session does."""
    async with db.transaction(desk.pool) as connection:
        desk.tokens["li"] = await desk.sessions.begin(connection, desk.people["li"])
    return await desk.ask("li", method, path, body)


async def step(desk: Office, ticket: dict[str, Any], what: str) -> dict[str, Any]:
    body = {"version": ticket["version"], **({"closing": "confirmed"} if what == "close" else {})}
    status, after = await ask(desk, "POST", f"/api/tickets/{ticket['id']}/{what}", body)
    assert status == 200, after
    return dict(after)


async def change(desk: Office, ticket: dict[str, Any], **fields: str | None) -> dict[str, Any]:
    status, after = await ask(desk, "PATCH", f"/api/tickets/{ticket['id']}", {"version": ticket["version"], "fields": fields})
    assert status == 200, after
    return dict(after)


async def confirmed(desk: Office, fields: dict[str, str] = COMPLAINT, key: str = "key-0001") -> dict[str, Any]:
    status, ticket = await ask(desk, "POST", "/api/tickets", {"key": key, "fields": fields})
    assert (status, ticket["deadlines"]) == (201, [])
    return await step(desk, ticket, "confirm")


async def shown(desk: Office, ticket: dict[str, Any]) -> list[tuple[str, str]]:
    """Rule and standing of each of its clocks."""
    _, now = await ask(desk, "GET", f"/api/tickets/{ticket['id']}")
    return [(one["rule"], one["standing"]) for one in now["deadlines"]]


async def row(desk: Office) -> Any:
    return await desk.pool.fetchrow("select * from deadline")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def swept(sweeper: Sweeper) -> int:
    """How many rows were due."""
    count = 0
    while await sweeper.next():
        count += 1
    return count


async def test_a_confirmed_complaint_is_to_be_dispatched_an_hour_after_the_caller_came(desk: Office, clock: HandClock) -> None:
    call = """insert into call (id, number, number_sent, name_sent, dialled, started_at, queued_at, answered_by)
              values ('tingsu-1.1', '', '', '', '', $1, $1, $2)"""
    await desk.pool.execute(call, T0, desk.people["li"])
    clock.move(minutes=7)
    async with db.transaction(desk.pool) as connection:
        number = await draft_of_call(connection, "tingsu-1.1", clock.now())
    _, ticket = await ask(desk, "GET", f"/api/tickets/{number}")
    ticket = await step(desk, await change(desk, ticket, **COMPLAINT), "confirm")
    (deadline,) = ticket["deadlines"]
    assert (deadline["rule"], deadline["because"], deadline["standing"]) == ("N2", "receipt", "running")
    assert (moment(deadline["starts_at"]), moment(deadline["ends_at"])) == (T0, T0 + timedelta(hours=1))


async def test_closing_a_complaint_on_the_spot_stops_its_clock(desk: Office, clock: HandClock, sweeper: Sweeper) -> None:
    ticket = await confirmed(desk)
    clock.move(minutes=30)
    ticket = await step(desk, await change(desk, ticket, answer="已退款"), "close")
    assert [one["standing"] for one in ticket["deadlines"]] == ["stopped"]
    assert moment(ticket["deadlines"][0]["settled_at"]) == clock.now()
    clock.move(days=1)
    assert await swept(sweeper) == 0
    assert (await row(desk))["state"] == "stopped"


async def test_a_suggestion_meets_its_clock_by_its_arrival_in_the_data_administrators_tray(
    desk: Office, clock: HandClock
) -> None:
    ticket = await confirmed(desk, SUGGESTION)
    assert (ticket["level"], ticket["owner"]) == ("data_administrator", None)
    (deadline,) = ticket["deadlines"]
    assert (deadline["rule"], deadline["standing"], moment(deadline["settled_at"])) == ("A3", "met", clock.now())


async def late_suggestion(desk: Office, clock: HandClock, key: str = "key-0001") -> dict[str, Any]:
    """A case that has turned out to be a suggestion, and was not handed over at once."""
    ticket = await change(desk, await confirmed(desk, key=key), **SUGGESTION)
    assert ("A3", "running") in await shown(desk, ticket)
    clock.move(seconds=AT_ONCE.total_seconds())
    return ticket


async def test_what_is_handed_over_too_late_is_breached_also_before_the_sweeper_saw_it(desk: Office, clock: HandClock) -> None:
    ticket = await late_suggestion(desk, clock)
    assert await shown(desk, ticket) == [("N2", "stopped"), ("A3", "breached")]
    deadline = (await step(desk, ticket, "suggest"))["deadlines"][-1]
    assert (deadline["standing"], moment(deadline["settled_at"])) == ("breached", clock.now())


async def test_a_ticket_of_another_kind_has_that_kinds_clock(desk: Office, clock: HandClock) -> None:
    ticket = await change(desk, await confirmed(desk), **SUGGESTION)
    assert await shown(desk, ticket) == [("N2", "stopped"), ("A3", "running")]
    ticket = await change(desk, ticket, **COMPLAINT)
    assert await shown(desk, ticket) == [("N2", "stopped"), ("A3", "stopped"), ("N2", "running")]


async def test_a_confirmation_that_fails_begins_no_clock(desk: Office) -> None:
    _, ticket = await ask(desk, "POST", "/api/tickets", {"key": "key-0001", "fields": {"kind": "complaint"}})
    assert (await ask(desk, "POST", f"/api/tickets/{ticket['id']}/confirm", {"version": 1}))[0] == 422
    assert await desk.pool.fetchval("select count(*) from deadline") == 0


async def test_the_clock_begins_with_the_confirmation_or_neither_does(desk: Office, owner: db.OwnConnection) -> None:
    _, ticket = await ask(desk, "POST", "/api/tickets", {"key": "key-0001", "fields": COMPLAINT})
    await owner.execute("alter table deadline add constraint odd check (rule <> 'N2')")
    assert (await ask(desk, "POST", f"/api/tickets/{ticket['id']}/confirm", {"version": 1}))[0] == 500
    assert await desk.pool.fetchval("select state from ticket") == "draft"


async def test_the_sweeper_warns_and_then_notes_the_breach_each_when_it_is_due(
    desk: Office, clock: HandClock, sweeper: Sweeper
) -> None:
    ticket = await confirmed(desk)
    clock.move(minutes=44)
    assert await swept(sweeper) == 0
    clock.move(minutes=1)
    assert await swept(sweeper) == 1
    assert ((await row(desk))["state"], (await row(desk))["warned_at"]) == ("waiting", clock.now())
    clock.move(minutes=14)
    assert await swept(sweeper) == 0
    clock.move(minutes=1)
    assert await swept(sweeper) == 1
    assert ((await row(desk))["state"], (await row(desk))["breached_at"]) == ("breached", clock.now())
    assert await shown(desk, ticket) == [("N2", "breached")]
    clock.move(days=1)
    assert await swept(sweeper) == 0


async def test_what_came_due_while_nobody_swept_is_found_by_the_next_one(
    desk: Office, clock: HandClock, sweeper: Sweeper
) -> None:
    for number in range(5):
        await confirmed(desk, key=f"key-000{number}")
    clock.move(minutes=50)
    assert await swept(sweeper) == 5
    clock.move(days=3)  # nothing of ours ran
    again = Sweeper(desk.pool, clock, troubles=Troubles(clock), effects=Alarms())
    assert await swept(again) == 5
    states = await desk.pool.fetch("select state, breached_at, ends_at from deadline")
    assert {(one["state"], one["breached_at"]) for one in states} == {("breached", clock.now())}


async def test_who_died_in_the_middle_of_a_look_is_followed_by_another(desk: Office, clock: HandClock, sweeper: Sweeper) -> None:
    await confirmed(desk)
    clock.move(hours=1)
    async with db.transaction(desk.pool) as taken:  # claimed, and nothing came of it
        await store.LINE.queries.claim.execute(taken, now=clock.now(), until=clock.now() + LEASE)
    assert await swept(sweeper) == 0
    clock.move(seconds=LEASE.total_seconds())
    assert await swept(sweeper) == 1
    assert (await row(desk))["state"] == "breached"


async def test_a_ticket_that_is_closed_in_the_middle_of_a_look_keeps_what_it_came_to(
    desk: Office, clock: HandClock, sweeper: Sweeper
) -> None:
    ticket = await confirmed(desk)
    clock.move(minutes=45)
    async with db.transaction(desk.pool) as taken:
        claimed = await store.LINE.queries.claim.fetchrow(taken, now=clock.now(), until=clock.now() + LEASE)
    assert claimed is not None
    await step(desk, await change(desk, ticket, answer="已退款"), "close")
    assert await sweeper.do(jobs.Job(claimed["id"], claimed["attempts"], claimed["thing"])) is None
    assert ((await row(desk))["state"], (await row(desk))["warned_at"]) == ("stopped", None)


async def test_sweepers_beside_each_other_note_everything_once(desk: Office, clock: HandClock) -> None:
    for number in range(12):
        await confirmed(desk, key=f"key-00{number:02d}")
    await desk.pool.execute(NOTED)
    clock.move(hours=2)
    four = [Sweeper(desk.pool, clock, troubles=Troubles(clock), effects=Alarms()) for _ in range(4)]
    assert sum(await asyncio.gather(*(swept(one) for one in four))) == 12
    noted = await desk.pool.fetch("select deadline, count(*) as times from noted group by deadline")
    assert (len(noted), {one["times"] for one in noted}) == (12, {1})


NOTED = """
create table noted (deadline bigint);
create function note() returns trigger language plpgsql as $$ begin insert into noted values (new.id); return new; end $$;
create trigger note after update on deadline for each row when (new.breached_at is distinct from old.breached_at)
  execute function note();
"""


async def test_a_deadline_that_cannot_be_noted_is_never_given_up_and_keeps_no_other_back(
    desk: Office, clock: HandClock, sweeper: Sweeper, troubles: Troubles, owner: db.OwnConnection
) -> None:
    first, second = await confirmed(desk), await confirmed(desk, key="key-0002")
    await owner.execute(f"alter table deadline add constraint odd check (ticket_id <> {first['id']} or state <> 'breached')")
    clock.move(hours=1)
    assert await swept(sweeper) == 2
    assert [one.part for one in troubles.standing()] == ["clocks"]
    assert await desk.pool.fetchval("select ticket_id from deadline where state = 'breached'") == second["id"]
    for _ in range(30):
        clock.move(hours=1)
        assert await swept(sweeper) == 1
    await owner.execute("alter table deadline drop constraint odd")
    clock.move(hours=1)
    assert await swept(sweeper) == 1
    rows = await desk.pool.fetch("select state, error, attempts from deadline order by id")
    assert [tuple(one) for one in rows] == [("breached", None, 0)] * 2


async def test_it_sweeps_by_itself_as_the_account_that_serves(postgres: DatabaseServer, clock: HandClock) -> None:
    async with postgres.fresh() as url:
        pool = await db.open_pool(postgres.as_application(url), size=3)
        try:
            ticket = """insert into ticket (state, number, kind, received_at, changed_at)
                        values ('open', 'T2026-11-000001', 'complaint', $1, $1) returning id"""
            number = await pool.fetchval(ticket, clock.now())
            insert = """insert into deadline (ticket_id, rule, because, starts_at, ends_at, state, due_at)
                        values ($1, 'N2', 'receipt', $2, $2, 'waiting', $2)"""
            await pool.execute(insert, number, clock.now())

            async def breached() -> bool:
                return bool(await pool.fetchval("select state = 'breached' from deadline"))

            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(Sweeper(pool, clock, troubles=Troubles(clock), effects=Alarms()).run(), name="clocks")
                await until(breached, "it is swept")
                running.cancel()
        finally:
            await pool.close()


async def test_o1_a_complaint_is_answered_within_fifteen_days_where_the_norm_is_in_force(
    pool: db.Pool, clock: HandClock, tmp_path: Path, sweeper: Sweeper
) -> None:
    """SPEC O1: a clock beside the hour of N2; warned of three days before, met by the closing; off, there is none."""
    async with office(pool, clock, tmp_path, drained=False, clocks=with_norms(CLOCKS, answer_days=15)) as desk:
        await desk.hire("li", extension="1001")
        await desk.hire("zhao", "senior_agent")
        ticket, other = await confirmed(desk), await confirmed(desk, key="key-0002")
        assert await shown(desk, ticket) == [("N2", "running"), ("O1", "running")]
        clock.move(days=12)
        await swept(sweeper)
        assert (await shown(desk, ticket))[1] == ("O1", "running")
        assert await desk.pool.fetchval("select count(*) from notice where details->>'rule' = 'O1'") == 2
        ticket = await step(desk, await change(desk, ticket, answer="已退款"), "close")
        assert [one["standing"] for one in ticket["deadlines"]] == ["breached", "met"]
        clock.move(days=3)
        await swept(sweeper)
        assert (await shown(desk, other))[1] == ("O1", "breached")


def test_o1_can_be_switched_off() -> None:
    assert with_norms(CLOCKS, answer_days=0) == CLOCKS


async def test_ones_own_open_cases_are_told_by_what_ends_first(desk: Office, clock: HandClock) -> None:
    await desk.hire("wang", extension="1002")
    first = await confirmed(desk, key="key-0001")
    clock.move(minutes=20)
    second = await change(desk, await confirmed(desk, key="key-0002"), **SUGGESTION)
    third = await confirmed(desk, key="key-0003")
    clock.move(minutes=45)
    _, due = await ask(desk, "GET", "/api/me/due")
    assert [(one["id"], one["deadline"]["rule"], one["deadline"]["standing"]) for one in due] == [
        (second["id"], "A3", "breached"),
        (first["id"], "N2", "breached"),
        (third["id"], "N2", "running"),
    ]
    async with db.transaction(desk.pool) as connection:
        desk.tokens["wang"] = await desk.sessions.begin(connection, desk.people["wang"])
    assert await desk.ask("wang", "GET", "/api/me/due") == (200, []), "somebody else's"
    await change(desk, first, answer="已退费")
    body = {"version": first["version"] + 1, "closing": "confirmed"}
    status, _ = await ask(desk, "POST", f"/api/tickets/{first['id']}/close", body)
    assert status == 200
    _, due = await ask(desk, "GET", "/api/me/due")
    assert [one["id"] for one in due] == [second["id"], third["id"]]


async def test_an_hour_of_the_centres_calendar_is_over_after_the_weekend(pool: db.Pool, clock: HandClock, tmp_path: Path) -> None:
    """Begun on a Friday at 17:10 in Shanghai, twenty minutes before the centre closes; warned of by the same calendar."""
    open_hours = ("08:30-12:00", "14:00-17:30")
    week = {**dict.fromkeys(WEEKDAYS, open_hours), "saturday": (), "sunday": ()}
    clock.move(days=4, minutes=10)
    async with office(pool, clock, tmp_path, drained=False, clocks=in_calendars({"N2": calendar(ZONE, week, (), ())})) as desk:
        await desk.hire("li", extension="1001")
        (deadline,) = (await confirmed(desk))["deadlines"]
        assert (moment(deadline["starts_at"]), moment(deadline["ends_at"])) == (clock.now(), MONDAY + timedelta(minutes=40))
        assert (await row(desk))["warns_at"] == MONDAY + timedelta(minutes=25)
        _, ticket = await ask(desk, "POST", "/api/tickets", {"key": "key-0002", "fields": SUGGESTION})
        (deadline,) = (await step(desk, ticket, "confirm"))["deadlines"]
        assert moment(deadline["ends_at"]) == clock.now() + AT_ONCE  # it has no calendar
