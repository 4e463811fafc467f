"""Work orders over HTTP and a real database: what leaves, the second review, departments (SPEC A6, N2–N5, O7, O8)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.access.actor import LoggedIn
from services.access.rights import RIGHTS, Right, Role
from services.clocks.table import in_calendars
from services.clocks.written import WEEKDAYS, calendar
from services.orders.views import Views as OrderViews
from services.people import store as people
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer
from tests.harness.office import ZONE, Office, office

CASE = {"kind": "complaint", "business": "data", "nature": "tariff", "description": "多收了钱", "customer_number": "13800138000"}
Json = dict[str, Any]


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        network, billing = await running.department("network"), await running.department("billing", 48)
        for login, role, department in [
            ("li", "junior_agent", None),
            ("wang", "junior_agent", None),
            ("zhao", "senior_agent", None),
            ("qian", "senior_agent", None),
            ("boss", "manager", None),
            ("qa", "qa_inspector", None),
            ("net", "department_officer", network),
            ("bill", "department_officer", billing),
        ]:
            await running.hire(login, role, department=department)
        yield running


async def case(desk: Office, login: str = "li", **fields: str) -> Json:
    """An open complaint of that person."""
    key = f"key-{login}-{await desk.pool.fetchval('select count(*) from ticket')}"
    _, draft = await desk.ask(login, "POST", "/api/tickets", {"key": key, "fields": {**CASE, **fields}})
    status, ticket = await desk.ask(login, "POST", f"/api/tickets/{draft['id']}/confirm", {"version": draft["version"]})
    assert status == 200, ticket
    return dict(ticket)


async def department(desk: Office, code: str = "network") -> int:
    return int(await desk.pool.fetchval("select id from department where code = $1", code))


async def dispatch(desk: Office, ticket: Json, login: str = "li", code: str = "network", **more: object) -> Json:
    key = f"key-{await desk.pool.fetchval('select count(*) from work_order'):04d}"
    wanted = {"key": key, "version": ticket["version"], "department": await department(desk, code), "task": "查清并答复", **more}
    status, order = await desk.ask(login, "POST", f"/api/tickets/{ticket['id']}/orders", wanted)
    assert status == 201, order
    return dict(order)


async def step(desk: Office, login: str, order: Json, what: str, wanted: int = 200, **more: object) -> Json:
    status, answer = await desk.ask(login, "POST", f"/api/orders/{order['id']}/{what}", {"version": order["version"], **more})
    assert status == wanted, answer
    return dict(answer)


async def review(desk: Office, login: str, order: Json, verdict: str, reason: str = "", wanted: int = 200) -> Json:
    paper = order["papers"][-1]
    body = {"version": paper["version"], "verdict": verdict, "reason": reason}
    status, answer = await desk.ask(login, "POST", f"/api/papers/{paper['id']}/review", body)
    assert status == wanted, answer
    return dict(answer)


async def see(desk: Office, login: str, order: Json) -> Json:
    status, answer = await desk.ask(login, "GET", f"/api/orders/{order['id']}")
    assert status == 200, answer
    return dict(answer)


async def later(desk: Office, clock: HandClock, **by: float) -> None:
    """Time goes by, and who was logged in has logged in again."""
    clock.move(**by)
    async with db.transaction(desk.pool) as connection:
        desk.tokens = {login: await desk.sessions.begin(connection, person) for login, person in desk.people.items()}


async def clocks(desk: Office, ticket: Json) -> dict[str, str]:
    rows = await desk.pool.fetch("select rule, state from deadline where ticket_id = $1 order by id", ticket["id"])
    return {row["rule"]: row["state"] for row in rows}


# the second review (A6, N4) --------------------------------------------------------------------------------------------


async def test_a_juniors_dispatch_waits_for_a_senior_and_then_leaves_with_a_number(desk: Office, clock: HandClock) -> None:
    order = await dispatch(desk, await case(desk))
    assert (order["state"], order["number"], order["papers"][0]["state"]) == ("proposed", None, "waiting")
    _, waiting = await desk.ask("zhao", "GET", "/api/reviews")
    assert [(row["order"], row["author"], row["verb"]) for row in waiting] == [(order["id"], "Li", "dispatch")]
    await later(desk, clock, seconds=600)
    left = await review(desk, "zhao", order, "approve")
    assert (left["state"], left["number"]) == ("issued", "W2026-11-000001")
    assert left["papers"][0]["reviewer"] == "Zhao"
    assert (await desk.ask("zhao", "GET", "/api/reviews"))[1] == []


async def test_a_seniors_dispatch_leaves_at_once(desk: Office) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    assert (order["state"], order["papers"][0]["verdict"]) == ("issued", None)


async def test_nobody_but_a_senior_reviews_and_nobody_their_own(desk: Office) -> None:
    order = await dispatch(desk, await case(desk))
    for login in ("wang", "li", "qa", "net"):
        await review(desk, login, order, "approve", wanted=403)
    assert (await see(desk, "zhao", order))["state"] == "proposed"


async def test_what_was_sent_back_is_written_anew_and_needs_a_review_of_its_own(desk: Office) -> None:
    order = await dispatch(desk, await case(desk))
    await review(desk, "zhao", order, "send_back", reason="说清楚一点")
    order = await see(desk, "li", order)
    (paper,) = order["papers"]
    assert (paper["state"], paper["review_reason"], paper["may"]) == ("sent_back", "说清楚一点", ["rewrite", "drop"])
    body = {"version": paper["version"], "task": "查 11 月话单并答复", "urgent": True, "hours": 8}
    status, order = await desk.ask("li", "PUT", f"/api/papers/{paper['id']}", body)
    assert (status, order["papers"][0]["state"], order["papers"][0]["version"]) == (200, "waiting", 2)
    left = await review(desk, "zhao", order, "approve")
    assert (left["state"], left["task"], left["urgent"], left["hours"]) == ("issued", "查 11 月话单并答复", True, 8)


async def test_a_review_of_an_older_version_is_refused(desk: Office) -> None:
    order = await dispatch(desk, await case(desk))
    (paper,) = order["papers"]
    body = {"version": 1, "task": "另一件事", "urgent": False}
    assert (await desk.ask("li", "PUT", f"/api/papers/{paper['id']}", body))[0] == 200
    answer = await review(desk, "zhao", order, "approve", wanted=409)
    assert answer["code"] == "stale"


async def test_a_verdict_other_than_approval_needs_its_reason(desk: Office) -> None:
    order = await dispatch(desk, await case(desk))
    answer = await review(desk, "zhao", order, "send_back", wanted=422)
    assert [field["field"] for field in answer["fields"]] == ["reason"]


async def test_what_needs_no_order_is_answered_instead(desk: Office) -> None:
    ticket = await case(desk)
    order = await review(desk, "zhao", await dispatch(desk, ticket), "answer", "我来回电")
    assert (order["state"], order["papers"][0]["state"], order["number"]) == ("dropped", "dropped", None)


async def test_two_seniors_at_once_give_one_review(desk: Office) -> None:
    order = await dispatch(desk, await case(desk))
    paper = order["papers"][0]
    body = {"version": 1, "verdict": "approve"}
    answers = await asyncio.gather(
        *(desk.ask(who, "POST", f"/api/papers/{paper['id']}/review", body) for who in ("zhao", "qian") * 3)
    )
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409, 409, 409]
    assert await desk.pool.fetchval("select count(*) from review") == 1


# what leaves ----------------------------------------------------------------------------------------------------------


async def test_the_first_dispatch_meets_the_clock_of_an_hour_and_begins_the_orders_own(desk: Office, clock: HandClock) -> None:
    ticket = await case(desk)
    order = await dispatch(desk, ticket)
    assert await clocks(desk, ticket) == {"N2": "waiting"}  # the review counts inside the hour
    await later(desk, clock, seconds=3599)
    left = await review(desk, "zhao", order, "approve")
    assert await clocks(desk, ticket) == {"N2": "met", "V3": "waiting"}
    assert left["deadline"]["standing"] == "running"
    assert left["due_at"] == (clock.now() + timedelta(hours=24)).isoformat().replace("+00:00", "Z")


async def test_a_dispatch_after_the_hour_is_late_however_late_the_review_was(desk: Office, clock: HandClock) -> None:
    ticket = await case(desk)
    order = await dispatch(desk, ticket)
    await later(desk, clock, seconds=3600)
    await review(desk, "zhao", order, "approve")
    assert (await clocks(desk, ticket))["N2"] == "breached"


async def test_a_chase_of_a_juniors_is_reviewed_too_and_changes_task_and_deadline(desk: Office, clock: HandClock) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    until = (clock.now() + timedelta(hours=30)).isoformat()
    chased = await step(desk, "li", order, "chase", task="加急查", urgent=True, until=until, reason="客户催")
    assert (chased["task"], chased["urgent"], chased["papers"][-1]["state"]) == ("查清并答复", False, "waiting")
    left = await review(desk, "zhao", chased, "approve")
    assert (left["state"], left["task"], left["urgent"]) == ("issued", "加急查", True)
    assert left["deadline"]["ends_at"] == left["due_at"] == until.replace("+00:00", "Z")
    assert left["number"] == order["number"]


async def test_a_withdrawal_is_reviewed_and_ends_the_order_and_its_clock(desk: Office) -> None:
    ticket = await case(desk)
    order = await dispatch(desk, ticket, "zhao")
    asked = await step(desk, "li", order, "withdraw", reason="客户撤诉")
    assert asked["state"] == "issued"
    left = await review(desk, "qian", asked, "approve")
    assert (left["state"], left["may"]) == ("withdrawn", [])
    assert (await clocks(desk, ticket))["V3"] == "stopped"


async def test_one_paper_at_a_time_is_under_way_about_an_order(desk: Office) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    order = await step(desk, "li", order, "withdraw", reason="客户撤诉")
    answer = await step(desk, "li", order, "chase", 409, task="x", urgent=False, reason="y")
    assert answer["code"] == "order_paper_open"


async def test_one_department_leads_and_others_assist(desk: Office) -> None:
    ticket = await case(desk)
    await dispatch(desk, ticket)
    wanted = {"key": "key-again", "version": ticket["version"], "department": await department(desk, "billing"), "task": "x"}
    status, answer = await desk.ask("li", "POST", f"/api/tickets/{ticket['id']}/orders", wanted)
    assert (status, answer["code"]) == (409, "order_leading")
    assert (await dispatch(desk, ticket, code="billing", leads=False))["leads"] is False


async def test_two_dispatches_at_once_have_one_leading_order(desk: Office) -> None:
    ticket = await case(desk)
    wanted = {"version": ticket["version"], "department": await department(desk), "task": "x"}
    posts = [wanted | {"key": f"key-000{number}"} for number in range(6)]
    answers = await asyncio.gather(*(desk.ask("li", "POST", f"/api/tickets/{ticket['id']}/orders", post) for post in posts))
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409, 409, 409]


@pytest.mark.parametrize("login", ["li", "zhao"])
async def test_a_dispatch_that_is_sent_again_makes_no_second_order(desk: Office, login: str) -> None:
    ticket = await case(desk)
    wanted = {"key": "key-0001", "version": ticket["version"], "department": await department(desk), "task": "x", "leads": False}
    path = f"/api/tickets/{ticket['id']}/orders"
    answers = await asyncio.gather(*(desk.ask(login, "POST", path, wanted) for _ in range(5)))
    assert [status for status, _ in answers] == [201] * 5
    assert len({answer["id"] for _, answer in answers}) == 1
    assert await desk.pool.fetchval("select count(*) from work_order") == 1
    status, answer = await desk.ask(login, "POST", path, wanted | {"task": "y"})
    assert (status, answer["code"]) == (409, "conflict")


async def test_another_juniors_case_gets_no_order_and_the_try_is_on_record(desk: Office) -> None:
    ticket = await case(desk)
    wanted = {"key": "key-0001", "version": ticket["version"], "department": await department(desk), "task": "x"}
    status, _ = await desk.ask("wang", "POST", f"/api/tickets/{ticket['id']}/orders", wanted)
    assert status == 403
    assert await desk.pool.fetchval("select object from audit where action = 'order.refused'") == f"ticket:{ticket['id']}"


async def test_a_case_with_an_open_order_cannot_be_closed(desk: Office) -> None:
    ticket = await case(desk)
    order = await dispatch(desk, ticket, "zhao")
    _, ticket = await desk.ask("li", "GET", f"/api/tickets/{ticket['id']}")
    _, ticket = await desk.ask(
        "li", "PATCH", f"/api/tickets/{ticket['id']}", {"version": ticket["version"], "fields": {"answer": "好"}}
    )
    closing = {"version": ticket["version"], "closing": "confirmed"}
    status, answer = await desk.ask("li", "POST", f"/api/tickets/{ticket['id']}/close", closing)
    assert (status, answer["code"]) == (409, "orders_open")
    order = await step(desk, "net", order, "return", answer="已退费")
    await step(desk, "li", order, "settle")
    status, _ = await desk.ask("li", "POST", f"/api/tickets/{ticket['id']}/close", closing)
    assert status == 200


async def test_only_an_open_case_gets_an_order(desk: Office) -> None:
    _, draft = await desk.ask("li", "POST", "/api/tickets", {"key": "key-draft", "fields": CASE})
    wanted = {"key": "key-0001", "version": draft["version"], "department": await department(desk), "task": "x"}
    status, answer = await desk.ask("li", "POST", f"/api/tickets/{draft['id']}/orders", wanted)
    assert (status, answer["code"]) == (409, "not_allowed")


async def test_a_paper_whose_author_is_away_does_not_hold_up_the_case(desk: Office) -> None:
    order = await dispatch(desk, await case(desk))
    order = await review(desk, "zhao", order, "send_back", "说清楚")
    (paper,) = order["papers"]
    assert paper["may"] == ["drop"]
    status, dropped = await desk.ask("zhao", "POST", f"/api/papers/{paper['id']}/drop", {"version": paper["version"]})
    assert (status, dropped["state"]) == (200, "dropped")
    sent = await dispatch(desk, await case(desk), "zhao")
    chased = await step(desk, "li", sent, "chase", task="加急", urgent=True, reason="催")
    assert (await step(desk, "zhao", chased, "withdraw", reason="客户撤诉"))["state"] == "withdrawn"


async def test_a_chase_or_withdrawal_written_anew_keeps_its_reason(desk: Office) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    order = await step(desk, "li", order, "withdraw", reason="客户撤诉")
    paper = order["papers"][-1]
    body = {"version": paper["version"], "task": "别的", "urgent": True}
    status, answer = await desk.ask("li", "PUT", f"/api/papers/{paper['id']}", body)
    assert (status, [field["field"] for field in answer["fields"]]) == (422, ["reason"])
    status, order = await desk.ask("li", "PUT", f"/api/papers/{paper['id']}", body | {"reason": "不要了"})
    assert (status, order["papers"][-1]["task"], order["papers"][-1]["urgent"]) == (200, "查清并答复", False)


async def test_a_deadline_is_to_come_when_its_paper_leaves_and_not_beyond_ninety_days(desk: Office, clock: HandClock) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    asked = {"task": "x", "urgent": False, "reason": "y"}
    far = (clock.now() + timedelta(days=91)).isoformat()
    await step(desk, "li", order, "chase", 422, **asked, until=far)
    order = await step(desk, "li", order, "chase", **asked, until=(clock.now() + timedelta(minutes=5)).isoformat())
    await later(desk, clock, minutes=10)
    answer = await review(desk, "zhao", order, "approve", wanted=422)
    assert [field["code"] for field in answer["fields"]] == ["past"]


async def test_nothing_leaves_for_a_department_that_was_closed_meanwhile(desk: Office) -> None:
    order = await dispatch(desk, await case(desk))
    await desk.pool.execute("update department set active = false where code = 'network'")
    assert (await review(desk, "zhao", order, "approve", wanted=409))["code"] == "not_allowed"


async def test_granted_time_never_shortens_what_a_department_has(desk: Office, clock: HandClock) -> None:
    order = await dispatch(desk, await case(desk), "zhao", hours=2)
    order = await step(desk, "net", order, "extension", until=(clock.now() + timedelta(hours=3)).isoformat(), reason="备件")
    longer = (clock.now() + timedelta(hours=9)).isoformat()
    order = await step(desk, "zhao", order, "chase", task="x", urgent=False, reason="y", until=longer)
    answer = await step(desk, "qian", order, "extension/decision", 409, granted=True)
    assert answer["code"] == "extension_overtaken"
    assert (await step(desk, "qian", order, "extension/decision", granted=False, note="已延"))["due_at"] == order["due_at"]


async def test_the_clock_of_a_case_done_once_more_begins_anew(desk: Office, clock: HandClock) -> None:
    order = await step(desk, "net", await dispatch(desk, await case(desk), "zhao"), "return", answer="已处理")
    await later(desk, clock, days=30)
    order = await step(desk, "zhao", order, "redo", hours=4, reason="没有答复客户")
    assert order["deadline"]["starts_at"] == clock.now().isoformat().replace("+00:00", "Z")
    warned = await desk.pool.fetchval("select max(warns_at) from deadline where order_id = $1", order["id"])
    assert warned == clock.now() + timedelta(hours=3)


async def test_a_department_reads_nothing_of_what_was_worded_before_it_left(desk: Office) -> None:
    order = await dispatch(desk, await case(desk), task="客户骂人，随便查查", reason="内部说明")
    order = await review(desk, "zhao", order, "send_back", "改措辞")
    (paper,) = order["papers"]
    body = {"version": paper["version"], "task": "请查清并答复", "urgent": False}
    _, order = await desk.ask("li", "PUT", f"/api/papers/{paper['id']}", body)
    order = await review(desk, "zhao", order, "approve")
    for login, secret in [("net", False), ("qa", True)]:
        _, lines = await desk.ask(login, "GET", f"/api/orders/{order['id']}/journal")
        assert ("随便查查" in str(lines), "内部说明" in str(lines)) == (secret, secret)
        assert lines[-1]["action"] == "issue"


# departments (O7, O8) ---------------------------------------------------------------------------------------------------


async def revealed(desk: Office, login: str, thing: str, at: object) -> tuple[int, Json]:
    status, answer = await desk.ask(login, "POST", "/api/reveals", {"thing": thing, "id": str(at)})
    return status, dict(answer)


async def test_a_department_has_the_number_shown_while_it_has_the_order_and_on_record(desk: Office) -> None:
    order = await dispatch(desk, await case(desk, customer_name="张桂芳", address="深圳市南山区科技路 1 号"), "zhao")
    order = await step(desk, "net", order, "return", answer="已处理")
    assert [order[name] for name in ("contact_number", "customer_name")] == ["138****8000", "张桂芳"]
    status, clear = await revealed(desk, "net", "order", order["id"])
    assert (status, clear["customer_number"], clear["address"]) == (200, "13800138000", "深圳市南山区科技路 1 号")
    assert (await revealed(desk, "bill", "order", order["id"]))[0] == 404
    assert (await revealed(desk, "net", "ticket", order["ticket_id"]))[0] == 404
    assert (await revealed(desk, "net", "customer", 1))[0] == 404
    await step(desk, "zhao", order, "settle")
    assert (await revealed(desk, "net", "order", order["id"]))[0] == 403
    audited = await desk.pool.fetch("select person_id, object from audit where action = 'personal.reveal'")
    assert [tuple(row) for row in audited] == [(desk.people["net"], f"order:{order['id']}")]


async def test_a_department_asks_for_nothing_of_an_order_that_has_not_left(desk: Office) -> None:
    proposed = await dispatch(desk, await case(desk))
    assert (await revealed(desk, "net", "order", proposed["id"]))[0] == 404
    assert (await revealed(desk, "qa", "order", proposed["id"]))[0] == 200


async def test_of_an_order_that_is_over_a_department_sees_masks_and_the_centre_what_its_role_needs(desk: Office) -> None:
    order = await dispatch(desk, await case(desk, customer_name="张桂芳", address="深圳市南山区科技路 1 号"), "zhao")
    order = await step(desk, "net", order, "return", answer="已处理")
    await step(desk, "zhao", order, "settle")
    shown = [await see(desk, login, order) for login in ("net", "zhao", "qa")]
    assert [one["contact_number"] for one in shown] == ["138****8000", "13800138000", "138****8000"]
    assert [one["customer_name"] for one in shown] == ["张**", "张桂芳", "张**"]
    assert [one["address"] for one in shown] == ["深圳市南山区***", "深圳市南山区科技路 1 号", "深圳市南山区***"]
    _, over = await desk.ask("net", "GET", "/api/orders?over=yes")
    assert [one["contact_number"] for one in over] == ["138****8000"]
    _, history = await desk.ask("net", "GET", f"/api/orders/{order['id']}/journal")
    assert "13800138000" not in str(history)


async def test_a_department_sees_what_was_sent_to_it_and_nothing_else(desk: Office) -> None:
    proposed = await dispatch(desk, await case(desk))
    sent = await dispatch(desk, await case(desk), "zhao")
    _, mine = await desk.ask("net", "GET", "/api/orders")
    assert [order["id"] for order in mine] == [sent["id"]]
    assert (mine[0]["papers"], mine[0]["contact_number"]) == ([], "138****8000")
    assert (await desk.ask("bill", "GET", "/api/orders"))[1] == []
    for login, order in [("net", proposed), ("bill", sent)]:
        assert (await desk.ask(login, "GET", f"/api/orders/{order['id']}"))[0] == 404
        assert (await desk.ask(login, "GET", f"/api/orders/{order['id']}/journal"))[0] == 404
    for path in (
        "/api/tickets",
        f"/api/tickets/{sent['ticket_id']}",
        "/api/calls",
        "/api/reviews",
        "/api/board",
    ):
        assert (await desk.ask("net", "GET", path))[0] == 403, path
    await step(desk, "bill", sent, "accept", 403)


async def test_the_orders_time_runs_from_the_dispatch_and_not_from_the_acceptance(desk: Office, clock: HandClock) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    await later(desk, clock, seconds=3600)
    accepted = await step(desk, "net", order, "accept")
    assert (accepted["state"], accepted["due_at"]) == ("accepted", order["due_at"])


async def test_a_department_sends_back_twice_and_then_the_arbiter_has_the_last_word(desk: Office) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    order = await step(desk, "net", order, "refuse", reason="不是我们的")
    order = await step(desk, "zhao", order, "uphold", reason="就是你们的")
    order = await step(desk, "net", order, "refuse", reason="真不是")
    await step(desk, "zhao", order, "uphold", 403, reason="是")
    order = await step(desk, "boss", order, "uphold", reason="终审：是你们的")
    assert (order["state"], order["binding"], order["refusals"]) == ("issued", True, 2)
    answer = await step(desk, "net", order, "refuse", 409, reason="还是不是")
    assert answer["code"] == "order_binding"
    assert "refuse" not in (await see(desk, "net", order))["may"]


async def test_what_is_the_arbiters_to_say_nobody_else_is_offered(desk: Office) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    for reason in ("不是", "真不是"):
        order = await step(desk, "net", order, "refuse", reason=reason)
        offered = ["uphold" in (await see(desk, who, order))["may"] for who in ("zhao", "boss", "li")]
        assert offered == [reason == "不是", True, False]
        assert ("withdraw" in (await see(desk, "zhao", order))["may"]) is (reason == "不是")
        if reason == "不是":
            order = await step(desk, "zhao", order, "uphold", reason="是")


async def test_what_a_department_reads_of_customers_is_on_record(desk: Office) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    await desk.ask("net", "GET", "/api/orders")
    await see(desk, "net", order)
    await see(desk, "qa", order)
    rows = await desk.pool.fetch("select person_id, object from audit where action = 'order.read' order by id")
    network = await department(desk)
    assert [tuple(row) for row in rows] == [
        (desk.people["net"], about) for about in (f"department:{network}", f"order:{order['id']}")
    ]


async def test_an_order_is_seen_with_one_connection_however_many_look_at_once(
    pool: db.Pool, database: str, clock: HandClock, desk: Office
) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    async with pool.acquire() as taken:
        officer = LoggedIn(person=await people.load(taken, desk.people["net"]), session=b"")
    alone = await db.open_pool(database, size=1)
    try:
        seen = await OrderViews.of(alone, clock, 2).see(officer, order["id"])
    finally:
        await alone.close()
    assert seen.order.id == order["id"]


async def test_nobody_is_asked_a_second_time_by_another_order(desk: Office) -> None:
    """SPEC O8: the limit on sending back holds for the case, not for each order about it."""
    ticket = await case(desk)
    order = await step(desk, "net", await dispatch(desk, ticket, "zhao"), "refuse", reason="计费的事")
    network, billing = await department(desk), await department(desk, "billing")
    again = await step(desk, "zhao", order, "redirect", 422, department=network, task="查", reason="还是你们")
    assert [(one["field"], one["code"]) for one in again["fields"]] == [("department", "department_refused")]
    other = await step(desk, "zhao", order, "redirect", 201, department=billing, task="查计费", reason="转计费")
    other = await step(desk, "bill", other, "refuse", reason="网络的事")
    await step(desk, "zhao", other, "redirect", 422, department=network, task="查", reason="网络的事")
    assert (await step(desk, "zhao", other, "uphold", reason="计费的"))["state"] == "issued"


async def test_what_was_sent_back_goes_to_another_department_in_one_step(desk: Office) -> None:
    ticket = await case(desk)
    order = await step(desk, "net", await dispatch(desk, ticket, "zhao"), "refuse", reason="计费的事")
    wanted = {"department": await department(desk, "billing"), "task": "查计费", "reason": "转计费"}
    other = await step(desk, "zhao", order, "redirect", 201, **wanted)
    assert (other["state"], other["department"]["code"], other["leads"]) == ("issued", "billing", True)
    assert (await see(desk, "zhao", order))["state"] == "withdrawn"


async def test_more_time_is_asked_for_before_the_deadline_and_granted_by_the_centre(desk: Office, clock: HandClock) -> None:
    order = await dispatch(desk, await case(desk), "zhao", hours=2)
    until = clock.now() + timedelta(hours=5)
    asked = await step(desk, "net", order, "extension", until=until.isoformat(), reason="等备件")
    assert (asked["extensions"][0]["granted"], asked["due_at"]) == (None, order["due_at"])
    assert (await step(desk, "net", asked, "extension", 409, until=until.isoformat(), reason="再等"))["code"] == "conflict"
    granted = await step(desk, "qian", asked, "extension/decision", granted=True)
    assert granted["due_at"] == granted["deadline"]["ends_at"] == until.isoformat().replace("+00:00", "Z")
    await later(desk, clock, seconds=5 * 3600)
    late = await step(desk, "net", granted, "extension", 409, until=(until + timedelta(hours=1)).isoformat(), reason="还要")
    assert late["code"] == "extension_late"


async def test_what_comes_back_is_settled_or_goes_back_for_more(desk: Office, clock: HandClock) -> None:
    ticket = await case(desk)
    order = await step(desk, "net", await dispatch(desk, ticket, "zhao"), "return", answer="已处理")
    assert (await clocks(desk, ticket))["V3"] == "met"
    order = await step(desk, "zhao", order, "redo", hours=4, reason="没有答复客户")
    assert order["state"] == "issued"
    assert order["due_at"] == (clock.now() + timedelta(hours=4)).isoformat().replace("+00:00", "Z")
    order = await step(desk, "net", order, "return", answer="已答复")
    assert (await step(desk, "zhao", order, "settle"))["state"] == "done"


async def test_a_second_dispatch_goes_with_its_written_warning(desk: Office) -> None:
    ticket = await case(desk)
    order = await step(desk, "net", await dispatch(desk, ticket, "zhao"), "return", answer="已处理")
    order = await step(desk, "zhao", order, "settle")
    wanted = {
        "department": await department(desk),
        "task": "重新处理",
        "reason": "客户不满意",
        "warning": "首次处理不当，书面警告。",
    }
    await step(desk, "li", order, "second", 403, **wanted)
    elsewhere = await step(desk, "zhao", order, "second", 422, **{**wanted, "department": await department(desk, "billing")})
    assert elsewhere["fields"][0]["code"] == "not_the_first", "who did nothing wrong is not warned"
    again = await step(desk, "zhao", order, "second", 201, **wanted)
    assert (again["state"], again["second_of"], again["warning"]["number"]) == ("issued", order["id"], "J2026-00001")
    assert (await see(desk, "net", again))["warning"]["text"] == wanted["warning"]


async def test_every_step_is_in_the_orders_history(desk: Office) -> None:
    order = await review(desk, "zhao", await dispatch(desk, await case(desk)), "approve")
    order = await step(desk, "net", order, "accept")
    order = await step(desk, "net", order, "return", answer="已处理")
    await step(desk, "li", order, "settle", note="回访满意")
    _, lines = await desk.ask("qa", "GET", f"/api/orders/{order['id']}/journal")
    assert [(line["seq"], line["action"], line["by"]) for line in lines] == [
        (1, "propose", "Li"),
        (2, "issue", "Zhao"),
        (3, "accept", "Net"),
        (4, "return", "Net"),
        (5, "settle", "Li"),
    ]


async def test_who_shows_an_order_hears_of_it_and_a_department_of_its_own_alone(
    pool: db.Pool, clock: HandClock, tmp_path: Path, database: str
) -> None:
    async with office(pool, clock, tmp_path, drained=False, database=database) as desk:
        for login, code in [("net", "network"), ("bill", "billing")]:
            await desk.hire(login, "department_officer", department=await desk.department(code))
        await desk.hire("zhao", "senior_agent")
        ticket = await case(desk, "zhao")
        async with desk.browser("net") as net, desk.browser("bill") as bill:
            order = await dispatch(desk, ticket, "zhao")
            rung = ("notice", str(desk.people["net"]))
            heard = (await net.next("changed"))["things"]
            assert [(one["kind"], one["id"]) for one in heard] == [("order", str(order["id"])), rung]
            assert (heard[0]["version"], heard[0]["ticket"]) == (order["version"], ticket["id"])
            mine = await dispatch(desk, await case(desk, "zhao"), "zhao", "billing")
            heard = (await bill.next("changed"))["things"]
            assert [(one["kind"], one["id"]) for one in heard] == [
                ("order", str(mine["id"])),
                ("notice", str(desk.people["bill"])),
            ]


async def test_o3_an_order_about_a_fault_has_no_more_than_the_norm_unless_its_dispatch_says_so(
    pool: db.Pool, clock: HandClock, tmp_path: Path
) -> None:
    """SPEC O3: and not more than the department's own limit where that is shorter; switched off, the department's own."""
    for hours in (48, 0):
        folder = tmp_path / str(hours)
        folder.mkdir()
        async with office(pool, clock, folder, drained=False, repair_hours=hours) as desk:
            await desk.hire(f"zhao{hours}", "senior_agent")
            slow, quick = await desk.department(f"slow{hours}", 72), await desk.department(f"quick{hours}", 24)
            for nature, department, asked, given in [
                ("fault_repair", slow, None, hours or 72),
                ("fault_repair", quick, None, 24),
                ("fault_repair", slow, 60, 60),
                ("tariff", slow, None, 72),
            ]:
                ticket = await case(desk, f"zhao{hours}", nature=nature)
                wanted = {"key": f"key-o3-{ticket['id']:06d}", "version": ticket["version"], "department": department}
                status, order = await desk.ask(
                    f"zhao{hours}", "POST", f"/api/tickets/{ticket['id']}/orders", {**wanted, "task": "修", "hours": asked}
                )
                assert (status, order["hours"]) == (201, given)


async def test_why_an_orders_clock_ends_when_it_does_is_told_to_the_centre_and_to_its_department(
    desk: Office, clock: HandClock
) -> None:
    ticket = await case(desk)
    order = await dispatch(desk, ticket, "zhao")
    _, all_of_it = await desk.ask("qa", "GET", f"/api/tickets/{ticket['id']}/clocks")
    assert [(one["rule"], one["order"], one["standing"]) for one in all_of_it] == [
        ("N2", None, "met"),
        ("V3", order["number"], "running"),
    ]
    await later(desk, clock, hours=6)
    _, (own,) = await desk.ask("net", "GET", f"/api/orders/{order['id']}/clocks")
    assert (own["calendar"], own["because"], own["length_ms"], own["counted_ms"]) == (None, "dispatch", 86_400_000, 21_600_000)
    assert [one["what"] for one in own["events"]] == ["started", "warns", "ends"]
    assert (await desk.ask("bill", "GET", f"/api/orders/{order['id']}/clocks"))[0] == 404
    assert (await desk.ask("net", "GET", f"/api/tickets/{ticket['id']}/clocks"))[0] == 403


# round the code -----------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def application(postgres: DatabaseServer, database: str, desk: Office) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection of the account that serves: what a slip of the code, or a statement smuggled in, could do."""
    connection = await asyncpg.connect(postgres.as_application(database))
    yield connection
    await connection.close()


async def test_the_database_itself_lets_nothing_out_unreviewed(
    desk: Office, application: asyncpg.Connection[asyncpg.Record]
) -> None:
    order = await dispatch(desk, await case(desk))
    order_id, paper = order["id"], order["papers"][0]["id"]
    li, wang, zhao = (desk.people[login] for login in ("li", "wang", "zhao"))
    leaves = f"update outgoing set state = 'left', ended_at = now() where id = {paper}"
    issued = "state = 'issued', number = 'W2026-11-000009', issued_at = now(), due_at = now()"
    reviewed = "insert into review (outgoing_id, version, person_id, verdict, at) values ({}, {}, {}, 'approve', now())"
    for statement in [
        leaves,
        f"update work_order set {issued} where id = {order_id}",
        reviewed.format(paper, 1, li),
        reviewed.format(paper, 1, wang),
        reviewed.format(paper, 2, zhao),
        f"update outgoing set author_id = {zhao}, state = 'left', ended_at = now() where id = {paper}",
        f"update outgoing set task = 'x' where id = {paper}",
        f"insert into outgoing (order_id, verb, state, author_id, task, urgent, hours, written_at, ended_at)"
        f" values ({order_id}, 'dispatch', 'left', {li}, 'x', false, 1, now(), now())",
        "alter table outgoing disable trigger all",
        "delete from review",
        "truncate review",
    ]:
        with pytest.raises(asyncpg.PostgresError):
            await application.execute(statement)
    assert await desk.pool.fetchval("select state from work_order where id = $1", order_id) == "proposed"
    await application.execute(reviewed.format(paper, 1, zhao))
    with pytest.raises(asyncpg.PostgresError, match=r"another version|second review"):  # approved was the version before
        await application.execute(
            f"update outgoing set task = 'x', version = 2, state = 'left', ended_at = now() where id = {paper}"
        )
    await application.execute(leaves)
    with pytest.raises(asyncpg.PostgresError, match="not what has left"):
        await application.execute(f"update work_order set {issued}, task = 'x' where id = {order_id}")
    await application.execute(f"update work_order set {issued} where id = {order_id}")


async def test_what_has_left_changes_only_by_a_paper_that_has_left(
    desk: Office, application: asyncpg.Connection[asyncpg.Record]
) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    paper, other = order["papers"][0]["id"], await department(desk, "billing")
    for statement in [
        f"update work_order set task = 'x' where id = {order['id']}",
        f"update work_order set urgent = true where id = {order['id']}",
        f"update work_order set state = 'withdrawn', ended_at = now() where id = {order['id']}",
        f"update work_order set department_id = {other} where id = {order['id']}",
        f"update outgoing set reason = 'x', version = 2 where id = {paper}",
        f"update work_order set second_of = id where id = {order['id']}",
        "update warning set text = 'x'",
        "update order_journal set note = 'x'",
    ]:
        with pytest.raises(asyncpg.PostgresError):
            await application.execute(statement)


def test_who_reviews_by_the_database_is_who_has_the_right() -> None:
    migration = Path("services/store/migrations/0024_orders.sql").read_text()
    named = migration.split("roles && array[")[1].split("]")[0].replace("'", "").split(", ")
    assert set(named) == {role for role in Role if Right.ORDERS_REVIEW in RIGHTS[role]}


async def test_a_departments_hours_are_those_of_the_calendar_for_orders(pool: db.Pool, clock: HandClock, tmp_path: Path) -> None:
    """24 hours are three days of eight: left on a Monday at 17:00 in Shanghai, due on Friday, for Wednesday is a holiday."""
    week = {**dict.fromkeys(WEEKDAYS, ("09:00-17:00",)), "saturday": (), "sunday": ()}
    table = in_calendars({"V3": calendar(ZONE, week, ("2026-11-25",), ())})
    async with office(pool, clock, tmp_path, drained=False, clocks=table) as desk:
        network = await desk.department("network")
        await desk.hire("zhao", "senior_agent")
        await desk.hire("net", "department_officer", department=network)
        order = await dispatch(desk, await case(desk, "zhao"), "zhao")
        assert order["due_at"] == "2026-11-27T09:00:00Z"
        order = await step(desk, "net", order, "return", answer="修好了")
        order = await step(desk, "zhao", order, "redo", hours=8, reason="还是不通")
        assert order["due_at"] == "2026-11-24T09:00:00Z"
