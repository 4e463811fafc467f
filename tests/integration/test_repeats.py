"""Repeat complaints and the four triggers of the manager hotline, over HTTP and a real database (SPEC A4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from services.repeats.actions import QUERIES
from services.repeats.model import REACH
from services.store import db
from services.tickets import store as tickets
from tests.harness.clock import HandClock
from tests.harness.office import Office, office

CASE = {
    "kind": "complaint",
    "business": "data",
    "nature": "fault_repair",
    "description": "宽带三天不通，报修没有人来",
    "customer_number": "13800138000",
}
Json = dict[str, Any]


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        for login, role in [("li", "junior_agent"), ("wang", "junior_agent"), ("qa", "qa_inspector")]:
            await running.hire(login, role)
        yield running


async def ask(desk: Office, login: str, method: str, path: str, body: object = None, wanted: int = 200) -> Any:
    status, answer = await desk.ask(login, method, path, body)
    assert status == wanted, answer
    return answer


async def draft(desk: Office, **fields: str) -> Json:
    key = f"key-{await desk.pool.fetchval('select count(*) from ticket'):04d}"
    return dict(await ask(desk, "li", "POST", "/api/tickets", {"key": key, "fields": {**CASE, **fields}}, 201))


async def case(desk: Office, **fields: str) -> Json:
    made = await draft(desk, **fields)
    return dict(await ask(desk, "li", "POST", f"/api/tickets/{made['id']}/confirm", {"version": made["version"]}))


async def later(desk: Office, clock: HandClock, **by: float) -> None:
    clock.move(**by)
    async with db.transaction(desk.pool) as connection:
        desk.tokens = {login: await desk.sessions.begin(connection, person) for login, person in desk.people.items()}


async def repeats(desk: Office, ticket: Json) -> list[Json]:
    return list(await ask(desk, "qa", "GET", f"/api/tickets/{ticket['id']}/repeats"))


async def judge(desk: Office, ticket: Json, of: Json, verdict: str, wanted: int = 200, login: str = "li") -> Json:
    fresh = await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}")
    body = {"version": fresh["version"], "of": of["id"], "verdict": verdict}
    return dict(await ask(desk, login, "POST", f"/api/tickets/{ticket['id']}/repeats", body, wanted))


async def proposals(desk: Office, ticket: Json) -> dict[str, Json]:
    answer = await ask(desk, "qa", "GET", f"/api/tickets/{ticket['id']}/progress")
    return {one["trigger"]: one for one in answer["proposals"]}


async def test_a4_a_likely_repeat_is_found_while_the_form_is_written_and_says_why(desk: Office, clock: HandClock) -> None:
    earlier = await case(desk)
    await case(desk, description="想查话费账单", nature="tariff")
    await case(desk, customer_number="13900139000")
    await later(desk, clock, days=3)
    (found,) = await repeats(desk, await draft(desk, description="宽带又不通，报修还是没有人来"))
    assert (found["of"], found["number"], found["days"], found["verdict"]) == (earlier["id"], earlier["number"], 3, None)
    signs = {one["sign"]: one["strength"] for one in found["signs"]}
    assert signs["same_number"] == 1.0
    assert 0.3 < signs["alike"] < 1.0
    assert 0.5 <= found["score"] < 1.0


async def test_a4_what_the_same_number_called_about_before_is_found_too(desk: Office, clock: HandClock) -> None:
    earlier = await case(desk, customer_number="02088888888")
    sql = """insert into call (id, number, number_sent, name_sent, dialled, started_at)
             values ('tingsu-1795467600.9', '+8613800138000', '', '', '', $1)"""
    await desk.pool.execute(sql, clock.now())
    await desk.pool.execute("insert into ticket_call values ($1, 'tingsu-1795467600.9', 'origin')", earlier["id"])
    await desk.pool.execute("update ticket set call_id = 'tingsu-1795467600.9' where id = $1", earlier["id"])
    await later(desk, clock, days=1)
    (found,) = await repeats(desk, await draft(desk))
    assert (found["of"], found["signs"][0]["sign"]) == (earlier["id"], "same_caller")


async def test_a4_a_person_confirms_a_repeat_and_takes_it_back(desk: Office, clock: HandClock) -> None:
    earlier = await case(desk)
    await later(desk, clock, days=3)
    ticket = await case(desk)
    assert await proposals(desk, ticket) == {}
    assert (await judge(desk, ticket, earlier, "repeat"))["repeat_of"] == earlier["id"]
    assert (await proposals(desk, ticket))["repeat"]["times"] == 1
    (row,) = (await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}/journal"))[-1:]
    assert row["changes"] == {"repeat_verdict": [None, "repeat"], "repeat_of": [None, earlier["number"]]}
    assert (await repeats(desk, ticket))[0]["judged_by"] == "Li"
    assert (await judge(desk, ticket, earlier, "undecided"))["repeat_of"] is None
    assert (await repeats(desk, ticket))[0]["verdict"] is None


async def test_a4_a_repeat_of_two_is_one_of_the_other_once_one_is_taken_back(desk: Office, clock: HandClock) -> None:
    first = await case(desk)
    await later(desk, clock, days=1)
    second = await case(desk)
    await later(desk, clock, days=1)
    ticket = await case(desk)
    await judge(desk, ticket, first, "repeat")
    clock.move(minutes=1)
    assert (await judge(desk, ticket, second, "repeat"))["repeat_of"] == second["id"]
    assert (await judge(desk, ticket, second, "undecided"))["repeat_of"] == first["id"]
    assert (await judge(desk, ticket, first, "other"))["repeat_of"] is None


async def test_a4_what_a_person_says_is_no_repeat_stays_said(desk: Office, clock: HandClock) -> None:
    earlier = await case(desk)
    await later(desk, clock, days=3)
    ticket = await case(desk)
    await judge(desk, ticket, earlier, "other")
    assert [(one["of"], one["verdict"]) for one in await repeats(desk, ticket)] == [(earlier["id"], "other")]
    assert await proposals(desk, ticket) == {}


async def test_a4_repeated_repeats_are_counted(desk: Office, clock: HandClock) -> None:
    first = await case(desk)
    await later(desk, clock, days=3)
    second = await case(desk)
    await later(desk, clock, days=3)
    third = await case(desk)
    await judge(desk, second, first, "repeat")
    await judge(desk, third, second, "repeat")
    assert (await proposals(desk, third))["repeat"]["times"] == 2


async def test_a4_a_case_can_be_named_as_repeated_while_somebody_takes_a_step_with_it(desk: Office, clock: HandClock) -> None:
    """An appeal takes its draft while it holds the case; whoever judges the draft to repeat that case must not wait for it."""
    first = await case(desk)
    await later(desk, clock, hours=1)
    again = await case(desk)
    async with db.transaction(desk.pool) as connection:
        await tickets.lock(connection, first["id"])
        async with asyncio.timeout(10):
            await judge(desk, again, first, "repeat")


async def test_a4_only_an_earlier_case_can_be_repeated_and_only_whose_case_it_is_says_so(desk: Office, clock: HandClock) -> None:
    earlier = await case(desk)
    await later(desk, clock, days=1)
    ticket, not_yet = await case(desk), await draft(desk)
    await judge(desk, ticket, earlier, "repeat", 403, "wang")
    for of in (ticket, not_yet):
        assert (await judge(desk, ticket, of, "repeat", 422))["fields"][0]["code"] == "no_such_case"
    assert (await judge(desk, earlier, ticket, "repeat", 422))["fields"][0]["code"] == "no_such_case", "it came later"


async def test_a4_who_asks_again_before_the_case_is_finished_is_a_trigger(desk: Office) -> None:
    ticket = await case(desk)
    body = {"key": "key-appeal", "text": "还没修好"}
    await ask(desk, "wang", "POST", f"/api/tickets/{ticket['id']}/appeals", body, 201)
    assert (await proposals(desk, ticket))["unfinished"]["times"] == 1


async def test_a4_a_case_past_its_time_limit_is_a_trigger(desk: Office, clock: HandClock) -> None:
    ticket = await case(desk)
    await later(desk, clock, minutes=61)
    assert (await proposals(desk, ticket))["overdue"]["rules"] == ["N2"]


async def test_a4_a_correct_answer_that_is_not_accepted_is_a_trigger_until_it_is_accepted(desk: Office) -> None:
    ticket = await case(desk)
    path = f"/api/tickets/{ticket['id']}"
    assert "not_accept" not in ticket["may"]
    await ask(desk, "li", "POST", f"{path}/not-accept", {"version": ticket["version"]}, 409)
    body = {"version": ticket["version"], "fields": {"answer": "线路已修复，费用按规定计收"}}
    ticket = await ask(desk, "li", "PATCH", path, body)
    assert "not_accept" in ticket["may"]
    ticket = await ask(desk, "li", "POST", f"{path}/not-accept", {"version": ticket["version"], "note": "坚持要退一个月"})
    assert set(await proposals(desk, ticket)) == {"not_accepted"}
    assert "accept" in ticket["may"]
    await ask(desk, "li", "POST", f"{path}/not-accept", {"version": ticket["version"]}, 409)
    ticket = await ask(desk, "li", "POST", f"{path}/accept", {"version": ticket["version"]})
    assert (await proposals(desk, ticket), ticket["not_accepted_at"]) == ({}, None)


async def test_a4_candidates_are_read_by_index_however_many_cases_there_are(desk: Office, clock: HandClock) -> None:
    await desk.pool.execute(
        """insert into ticket (state, number, received_at, changed_at, customer_number, description)
           select 'open', 'T2026-10-' || lpad(n::text, 6, '0'), $1::timestamptz - n * interval '1 minute', $1,
                  '+86138' || lpad((n % 20000)::text, 8, '0'), '宽带不通' from generate_series(1, 40000) n""",
        clock.now(),
    )
    await desk.pool.execute("analyze ticket")
    since, before = clock.now() - REACH, clock.now()
    query = QUERIES.candidates
    values = {"ticket": 1, "numbers": ["+8613800000007"], "since": since, "before": before, "limit": 30}
    plan = await desk.pool.fetch(f"explain (analyze, buffers, format text) {query}", *[values[name] for name in query.names])
    text = "\n".join(row[0] for row in plan)
    assert "Seq Scan on ticket" not in text, text
    assert "ticket_customer" in text, text
