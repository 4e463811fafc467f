"""The manager hotline over HTTP and a real database (SPEC M1, N6, A4): decisions, compensation, closing and opening again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.access.rights import RIGHTS, Right, Role
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import Office, office
from tests.integration.test_levels import case, clocks, last, see, step

PEOPLE = {"li": "junior_agent", "zhao": "senior_agent", "boss": "manager", "chief": "manager", "qa": "qa_inspector"}
Json = dict[str, Any]


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        await running.department("network")
        for login, role in PEOPLE.items():
            await running.hire(login, role)
        yield running


async def at_the_hotline(desk: Office) -> Json:
    """A complaint that a junior sent up and a manager took."""
    up = await step(desk, "li", await case(desk), "escalate", triggers=["not_accepted"], reason="客户不接受答复")
    return await step(desk, "boss", up, "take")


async def decide(desk: Office, ticket: Json, what: str, wanted: int = 200, login: str = "boss", **more: object) -> Json:
    """The decisions after it; the case's version is read anew."""
    now = await see(desk, "qa", ticket)
    said = {"closing": "confirmed"} if what == "conclude" else {}
    return await step(desk, login, now, what, wanted, **{"reason": "经调查属实", **said, **more})


async def story(desk: Office, ticket: Json) -> list[Json]:
    status, told = await desk.ask("qa", "GET", f"/api/tickets/{ticket['id']}/story")
    assert status == 200, told
    return list(told["rows"])


async def test_m1_every_decision_is_numbered_and_on_record_with_who_when_and_why(desk: Office) -> None:
    """SPEC M1."""
    ticket = await at_the_hotline(desk)
    first = await decide(desk, ticket, "compensation", amount="120.5")
    (decision,) = first["decisions"]
    assert (decision["seq"], decision["kind"], decision["by"], decision["reason"]) == (1, "compensate", "Boss", "经调查属实")
    assert (decision["amount"], decision["currency"], decision["approved_by"], decision["waits"]) == (
        "120.50",
        "CNY",
        "Boss",
        False,
    )
    row = await last(desk, ticket)
    assert (row["action"], row["note"]) == ("decide", "经调查属实")
    assert row["changes"] == {"decision": [None, "1 compensate"], "amount": [None, "120.50 CNY"]}
    second = await decide(desk, ticket, "overrule", step=3)
    assert [(one["seq"], one["kind"], one["overruled"]) for one in second["decisions"]] == [
        (1, "compensate", None),
        (2, "overrule", "escalate"),
    ]
    _, shown = await desk.ask("li", "GET", f"/api/tickets/{ticket['id']}/decisions")
    assert [one["seq"] for one in shown["decisions"]] == [1, 2], "whoever may read the case reads them"


async def test_m1_only_what_the_manager_hotline_has_is_decided_by_it(desk: Office) -> None:
    """SPEC M1."""
    ticket = await case(desk)
    assert (await decide(desk, ticket, "compensation", 409, amount="10"))["code"] == "not_allowed"
    assert (await decide(desk, ticket, "conclude", 409))["code"] == "not_allowed"
    await decide(desk, await at_the_hotline(desk), "compensation", 403, login="zhao", amount="10")
    await decide(desk, await at_the_hotline(desk), "compensation", 422, amount="0.00")
    for amount in ("-1", "1.234", "1e3", "01", "1,000"):
        await decide(desk, await at_the_hotline(desk), "compensation", 422, amount=amount)


async def test_m1_a_step_is_overruled_once_and_stays_in_the_journal(desk: Office) -> None:
    """SPEC M1."""
    ticket = await at_the_hotline(desk)
    await decide(desk, ticket, "overrule", step=3)
    assert (await decide(desk, ticket, "overrule", 409, step=3))["code"] == "conflict"
    assert (await decide(desk, ticket, "overrule", 422, step=99))["fields"][0]["code"] == "no_such_step"
    told = await story(desk, ticket)
    assert [row["action"] for row in told if row["what"] == "case"] == ["create", "confirm", "escalate", "take", "decide"]


async def test_m1_an_order_to_any_department_leaves_without_a_second_review(desk: Office) -> None:
    """SPEC M1."""
    ticket = await at_the_hotline(desk)
    department = await desk.pool.fetchval("select id from department")
    wanted = {"key": "key-hotline-1", "department": department, "task": "今天之内上门", "urgent": True}
    made = await decide(desk, ticket, "hotline-order", **wanted)
    (decision,) = made["decisions"]
    assert (decision["kind"], decision["order_number"]) == ("order", "W2026-11-000001")
    _, orders = await desk.ask("qa", "GET", f"/api/tickets/{ticket['id']}/orders")
    assert [(order["state"], order["urgent"]) for order in orders] == [("issued", True)]
    again = await decide(desk, ticket, "hotline-order", **wanted)
    assert len(again["decisions"]) == 1, "the same key is the same order"
    assert (await decide(desk, ticket, "conclude", 409, answer="已办"))["code"] == "orders_open"
    body = {"version": orders[0]["version"], "reason": "不归我们"}
    await desk.hire("net", "department_officer", department=department)
    assert (await desk.ask("net", "POST", f"/api/orders/{orders[0]['id']}/refuse", body))[0] == 200
    _, journal = await desk.ask("qa", "GET", f"/api/orders/{orders[0]['id']}/journal")
    over = await decide(desk, ticket, "overrule", order=orders[0]["id"], step=journal[-1]["seq"])
    assert over["decisions"][-1]["overruled"] == "refuse"


async def test_m1_above_the_limit_another_manager_has_to_agree(desk: Office) -> None:
    """SPEC M1."""
    ticket = await at_the_hotline(desk)
    set_ = await decide(desk, ticket, "compensation", amount="500.01")
    assert (set_["limit"], set_["decisions"][0]["waits"], set_["decisions"][0]["approved_by"]) == (500, True, None)
    assert (await decide(desk, ticket, "conclude", 409, answer="赔偿"))["code"] == "compensation_open"
    await decide(desk, ticket, "compensation/answer", 403, decision=1, granted=True)
    agreed = await decide(desk, ticket, "compensation/answer", login="chief", decision=1, granted=True)
    assert [(one["kind"], one["answer"], one["answered_by"], one["waits"]) for one in agreed["decisions"]] == [
        ("compensate", "approve", "Chief", False),
        ("approve", None, None, False),
    ]
    await decide(desk, ticket, "compensation/answer", 409, login="chief", decision=1, granted=False)
    assert (await decide(desk, ticket, "conclude", answer="赔偿 500.01 元"))["decisions"][-1]["kind"] == "conclude"


async def test_m1_nobody_closes_a_case_while_a_compensation_waits(desk: Office) -> None:
    """SPEC M1, N9: once it is closed nobody could answer it any more."""
    ticket = await at_the_hotline(desk)
    await decide(desk, ticket, "compensation", amount="5000")
    down = await decide(desk, ticket, "hand-over")
    taken = await step(desk, "zhao", down, "take")
    body = {"version": taken["version"], "fields": {"answer": "赔偿五千元"}}
    _, answered = await desk.ask("zhao", "PATCH", f"/api/tickets/{ticket['id']}", body)
    refused = await step(desk, "zhao", answered, "close", 409, closing="confirmed")
    assert refused["code"] == "compensation_open"


async def test_m1_the_limit_is_that_of_the_case_and_not_of_each_amount(desk: Office) -> None:
    """SPEC M1."""
    ticket = await at_the_hotline(desk)
    for login, amount in (("boss", "300"), ("chief", "200"), ("boss", "0.01")):
        set_ = await decide(desk, ticket, "compensation", login=login, amount=amount)
    assert [one["waits"] for one in set_["decisions"]] == [False, False, True]
    await decide(desk, ticket, "compensation/answer", login="chief", decision=3, granted=True)
    again = await decide(desk, ticket, "compensation", amount="1")
    assert again["decisions"][-1]["waits"] is True


async def test_m1_an_amount_that_was_a_slip_is_overruled_by_whoever_set_it(desk: Office) -> None:
    """SPEC M1: where there is one manager, nobody else could take it away."""
    ticket = await at_the_hotline(desk)
    await decide(desk, ticket, "compensation", amount="50000")
    slip = await last(desk, ticket)
    after = await decide(desk, ticket, "overrule", step=slip["seq"])
    assert [one["waits"] for one in after["decisions"]] == [False, False]
    await decide(desk, ticket, "compensation/answer", 409, login="chief", decision=1, granted=True)
    granted = await decide(desk, ticket, "compensation", amount="500")
    assert granted["decisions"][-1]["waits"] is False
    await decide(desk, ticket, "overrule", step=(await last(desk, ticket))["seq"])
    again = await decide(desk, ticket, "compensation", amount="500")
    assert again["decisions"][-1]["waits"] is False, "what was overruled is not counted"
    await decide(desk, ticket, "conclude", answer="赔偿五百元")


async def test_m1_what_another_manager_denies_may_be_set_anew(desk: Office) -> None:
    """SPEC M1."""
    ticket = await at_the_hotline(desk)
    await decide(desk, ticket, "compensation", amount="9000")
    await decide(desk, ticket, "compensation/answer", login="chief", decision=1, granted=False)
    fresh = await decide(desk, ticket, "compensation", amount="500")
    assert [(one["amount"], one["waits"]) for one in fresh["decisions"]] == [("9000.00", False), (None, False), ("500.00", False)]


async def test_m1_the_manager_closes_and_opens_again_and_the_clock_counts_from_there(desk: Office, clock: HandClock) -> None:
    """SPEC M1."""
    ticket = await at_the_hotline(desk)
    assert (await decide(desk, ticket, "conclude", 422))["fields"][0]["field"] == "answer"
    refused = await decide(desk, ticket, "conclude", 422, answer="已退费并道歉", closing=None)
    assert refused["fields"][0]["field"] == "closing"
    refused = await decide(desk, ticket, "conclude", 422, answer="已退费并道歉", closing="no_such_reason")
    assert refused["fields"][0]["code"] == "unknown_reason"
    await decide(desk, ticket, "conclude", answer="已退费并道歉")
    closed = await see(desk, "boss", ticket)
    assert (closed["state"], closed["answer"], closed["may"]) == ("closed", "已退费并道歉", ["reopen"])
    assert (closed["closing"], (await last(desk, ticket))["changes"]["closing"]) == ("confirmed", [None, "confirmed"])
    _, progress = await desk.ask("qa", "GET", f"/api/tickets/{ticket['id']}/progress")
    stages = {one["stage"]: one["standing"] for one in progress["stages"]}
    assert (stages["communicate"], stages["close"]) == ("done", "done"), "the customer was told, and has confirmed (SPEC N9, O6)"
    assert (await see(desk, "zhao", ticket))["may"] == []
    clock.move(minutes=20)
    await decide(desk, ticket, "reopen", 403, login="zhao")
    opened = await decide(desk, ticket, "reopen", login="chief", reason="客户又来电")
    assert [one["kind"] for one in opened["decisions"]] == ["conclude", "reopen"]
    now = await see(desk, "chief", ticket)
    assert (now["state"], now["level"], now["owner"]) == ("open", "manager", "Chief")
    n2 = now["deadlines"][-1]
    assert (n2["rule"], n2["because"], n2["standing"]) == ("N2", "reopened", "running")
    assert datetime.fromisoformat(n2["starts_at"]).astimezone(UTC) == clock.now()
    assert (await last(desk, ticket))["changes"]["state"] == ["closed", "open"]


async def test_m1_a_case_that_a_junior_closed_is_opened_again_by_the_manager(desk: Office) -> None:
    """SPEC M1."""
    ticket = await case(desk)
    body = {"version": ticket["version"], "fields": {"answer": "已答复"}}
    _, answered = await desk.ask("li", "PATCH", f"/api/tickets/{ticket['id']}", body)
    closed = await step(desk, "li", answered, "close", closing="confirmed")
    assert closed["may"] == []
    await decide(desk, closed, "reopen")
    assert (await see(desk, "boss", ticket))["level"] == "manager"


async def test_a_decision_on_what_has_changed_meanwhile_is_refused(desk: Office) -> None:
    ticket = await at_the_hotline(desk)
    await decide(desk, ticket, "compensation", amount="1")
    answer = await step(desk, "boss", ticket, "compensation", 409, amount="1", reason="再按一次")
    assert answer["code"] == "stale"
    both = [
        desk.ask(who, "POST", f"/api/tickets/{ticket['id']}/compensation", {"version": 5, "amount": "1", "reason": "同时"})
        for who in ("boss", "chief")
    ]
    assert sorted(status for status, _ in await asyncio.gather(*both)) == [200, 409]


async def test_the_story_tells_steps_orders_reviews_and_clocks_as_one(desk: Office, clock: HandClock) -> None:
    ticket = await case(desk)
    department = await desk.pool.fetchval("select id from department")
    wanted = {"key": "key-order-1", "version": ticket["version"], "department": department, "task": "查清"}
    _, order = await desk.ask("li", "POST", f"/api/tickets/{ticket['id']}/orders", wanted)
    clock.move(minutes=5)
    review = {"version": 1, "verdict": "approve"}
    assert (await desk.ask("zhao", "POST", f"/api/papers/{order['papers'][0]['id']}/review", review))[0] == 200
    clock.move(minutes=5)
    ticket = await see(desk, "li", ticket)
    await step(desk, "li", ticket, "escalate", triggers=["overdue"], reason="等太久")
    told = await story(desk, ticket)
    assert [(row["what"], row["action"], row["by"]) for row in told] == [
        ("case", "create", "Li"),
        ("case", "confirm", "Li"),
        ("order", "propose", "Li"),
        ("order", "issue", "Zhao"),
        ("review", "approve", "Zhao"),
        ("case", "escalate", "Li"),
    ]
    assert told[-1]["changes"]["triggers"] == [None, "overdue"]
    assert (told[3]["order_number"], told[3]["zh"]) == ("W2026-11-000001", "network")
    assert all("description" not in row["changes"] for row in told)
    assert clocks(await see(desk, "li", ticket)) == {"N2": "met"}


# what the database itself holds ----------------------------------------------------------------------------------------


async def test_a_decision_is_never_changed_and_nobody_but_a_manager_writes_one(desk: Office) -> None:
    ticket = await at_the_hotline(desk)
    await decide(desk, ticket, "compensation", amount="900")
    for statement in ("update decision set amount = 1", "delete from decision"):
        with pytest.raises(asyncpg.PostgresError):
            await desk.pool.execute(statement)
    write = """insert into decision (ticket_id, seq, kind, person_id, at, reason, answers, amount, currency)
               values ($1, $2, $3, $4, now(), 'x', $5, $6::numeric, $7)"""
    people = desk.people
    wrong = [
        (2, "compensate", people["zhao"], None, 1, "CNY"),  # no manager
        (3, "compensate", people["boss"], None, 1, "CNY"),  # a gap
        (2, "approve", people["boss"], 1, None, None),  # one's own
        (2, "compensate", people["boss"], None, 0, "CNY"),
        (2, "compensate", people["boss"], None, 1, None),
    ]
    for values in wrong:
        with pytest.raises(asyncpg.PostgresError):
            await desk.pool.execute(write, ticket["id"], *values)


@pytest.mark.parametrize("role", Role)
async def test_who_decides_is_named_alike_in_the_database_and_in_the_rights(desk: Office, role: Role) -> None:
    department = await desk.pool.fetchval("select id from department") if role is Role.department_officer else None
    person = await desk.hire("somebody", role, department=department)
    assert await desk.pool.fetchval("select is_manager($1)", person) is (Right.HOTLINE in RIGHTS[role])
