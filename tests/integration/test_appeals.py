"""Supplementary appeals over HTTP and a real database (SPEC A5): added, answered in time, chased, withdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.store import db
from services.tickets.actions import draft_of_call
from tests.harness.clock import HandClock
from tests.harness.office import Office, office

CASE = {
    "kind": "complaint",
    "business": "data",
    "nature": "tariff",
    "description": "多收了钱",
    "customer_number": "13800138000",
    "answer": "已退费",
}
CALL = "tingsu-1795467600.1"
Json = dict[str, Any]


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        network = await running.department("network")
        for login, role, department in [
            ("li", "junior_agent", None),
            ("wang", "junior_agent", None),
            ("sun", "junior_agent", None),
            ("zhao", "senior_agent", None),
            ("qa", "qa_inspector", None),
            ("net", "department_officer", network),
        ]:
            await running.hire(login, role, department=department)
        yield running


async def ask(desk: Office, login: str, method: str, path: str, body: object = None, wanted: int = 200) -> Any:
    status, answer = await desk.ask(login, method, path, body)
    assert status == wanted, answer
    return answer


async def see(desk: Office, ticket: Json) -> Json:
    return dict(await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}"))


async def case(desk: Office, login: str = "li", **fields: str) -> Json:
    body = {"key": f"key-case-{login}", "fields": {**CASE, **fields}}
    draft = await ask(desk, login, "POST", "/api/tickets", body, 201)
    return dict(await ask(desk, login, "POST", f"/api/tickets/{draft['id']}/confirm", {"version": draft["version"]}))


async def close(desk: Office, ticket: Json, wanted: int = 200) -> Json:
    body = {"version": (await see(desk, ticket))["version"], "closing": "confirmed"}
    return dict(await ask(desk, "li", "POST", f"/api/tickets/{ticket['id']}/close", body, wanted))


async def order(desk: Office, ticket: Json, login: str = "zhao") -> Json:
    department = await desk.pool.fetchval("select id from department")
    body = {"key": f"key-order-{ticket['id']}", "version": (await see(desk, ticket))["version"], "department": department}
    return dict(await ask(desk, login, "POST", f"/api/tickets/{ticket['id']}/orders", {**body, "task": "查清"}, 201))


async def add(
    desk: Office, ticket: Json, login: str = "wang", wanted: int = 201, key: str = "key-appeal", **more: object
) -> Json:
    body = {"key": key, "text": "客户来电：费用还没退", **more}
    return dict(await ask(desk, login, "POST", f"/api/tickets/{ticket['id']}/appeals", body, wanted))


async def appeals(desk: Office, ticket: Json, login: str = "li") -> list[Json]:
    return list(await ask(desk, login, "GET", f"/api/tickets/{ticket['id']}/appeals"))


async def settle(desk: Office, appeal: Json, step: str, login: str = "li", wanted: int = 200, **more: object) -> Json:
    body = {"version": appeal["version"], **more}
    return dict(await ask(desk, login, "POST", f"/api/appeals/{appeal['id']}/{step}", body, wanted))


async def clock_of(desk: Office, ticket: Json) -> list[tuple[str, datetime]]:
    rows = await desk.pool.fetch(
        "select state, starts_at from deadline where ticket_id = $1 and rule = 'A5' order by id", ticket["id"]
    )
    return [(row["state"], row["starts_at"]) for row in rows]


async def chase_of(desk: Office, order: Json, login: str = "li") -> Json:
    fresh = await ask(desk, login, "GET", f"/api/orders/{order['id']}")
    return {"order": order["id"], "order_version": fresh["version"], "task": "今天退费", "urgent": True, "reason": "客户催问"}


# adding -----------------------------------------------------------------------------------------------------------------


async def test_a5_whoever_has_the_customer_on_the_line_adds_to_anybodys_case(desk: Office, clock: HandClock) -> None:
    ticket = await case(desk)
    made = await add(desk, ticket)
    (shown,) = await appeals(desk, ticket)
    assert (shown["state"], shown["author"], shown["while_open"], shown["text"]) == ("open", "Wang", True, made["text"])
    assert shown["may"] == ["answer", "drop"], "there is no order that could be chased"
    assert (await appeals(desk, ticket, "qa"))[0]["may"] == []
    fresh = await see(desk, ticket)
    assert fresh["version"] == ticket["version"] + 1, "it is in the journal of the case"
    (row,) = (await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}/journal"))[-1:]
    assert (row["by"], row["action"], row["changes"], row["note"]) == ("Wang", "appeal", {"appeal": [None, "open"]}, made["text"])
    assert await clock_of(desk, ticket) == [("waiting", clock.now())]
    assert [one["rule"] for one in fresh["deadlines"]] == ["N2", "A5"]


async def test_a5_whoever_has_the_case_hears_of_it_also_once_it_is_closed(desk: Office) -> None:
    ticket = await case(desk)
    await add(desk, ticket)
    rang = "select p.login from notice n join person p on p.id = n.person_id where n.code = 'appeal_added' order by n.id"
    assert [row["login"] for row in await desk.pool.fetch(rang)] == ["li"]
    other = await case(desk, "wang")
    body = {"version": (await see(desk, other))["version"], "closing": "confirmed"}
    await ask(desk, "wang", "POST", f"/api/tickets/{other['id']}/close", body)
    await add(desk, other, "li", key="key-other")
    assert [row["login"] for row in await desk.pool.fetch(rang)] == ["li", "wang"]


async def test_a5_a_repeated_post_adds_once(desk: Office) -> None:
    ticket = await case(desk)
    made = await asyncio.gather(*(add(desk, ticket) for _ in range(8)))
    assert len({one["id"] for one in made}) == 1
    assert len(await appeals(desk, ticket)) == 1
    assert (await add(desk, ticket, wanted=409, text="另一句"))["code"] == "conflict"


async def test_a5_a_draft_is_no_case_to_add_to_and_nothing_is_added_without_words(desk: Office) -> None:
    draft = await ask(desk, "li", "POST", "/api/tickets", {"key": "key-draft", "fields": CASE}, 201)
    assert (await add(desk, draft, wanted=409))["code"] == "not_allowed"
    assert (await add(desk, await case(desk), wanted=422, text=" \n"))["fields"][0]["field"] == "text"


async def test_a5_a_closed_case_takes_one_too_and_it_can_be_answered(desk: Office) -> None:
    ticket = await case(desk)
    await close(desk, ticket)
    made = await add(desk, ticket)
    (shown,) = await appeals(desk, ticket)
    assert (shown["while_open"], shown["may"]) == (False, ["answer", "drop"])
    assert (await settle(desk, made, "answer", answer="已向客户说明退费日期"))["state"] == "answered"
    assert (await see(desk, ticket))["state"] == "closed"


async def draft_of(desk: Office, login: str, description: str = "上次的事还没解决") -> Json:
    """The draft of a call that this person answered."""
    at = desk.clock.now()
    sql = """insert into call (id, number, number_sent, name_sent, dialled, ivr_path, started_at, queued_at, answered_by)
             values ($1, '+8613800138000', '', '', '', '1', $2, $2, $3)"""
    await desk.pool.execute(sql, CALL, at, desk.people[login])
    async with db.transaction(desk.pool) as connection:
        made = await draft_of_call(connection, CALL, at)
    draft = await ask(desk, login, "GET", f"/api/tickets/{made}")
    body = {"version": draft["version"], "fields": {"description": description}}
    return dict(await ask(desk, login, "PATCH", f"/api/tickets/{made}", body))


async def test_a5_the_draft_of_the_call_goes_in_the_same_press_and_can_be_had_back(desk: Office) -> None:
    ticket, draft = await case(desk), await draft_of(desk, "wang")
    seen = {"id": draft["id"], "version": draft["version"]}
    made = await add(desk, ticket, text="", draft=seen)
    assert (made["text"], made["call_id"]) == ("上次的事还没解决", CALL)
    gone = await ask(desk, "wang", "GET", f"/api/tickets/{draft['id']}")
    assert gone["state"] == "discarded"
    rows = await desk.pool.fetch("select ticket_id, why from ticket_call where call_id = $1 order by ticket_id", CALL)
    assert {tuple(row) for row in rows} == {(ticket["id"], "appeal"), (draft["id"], "origin")}
    back = await ask(desk, "wang", "POST", f"/api/tickets/{draft['id']}/restore", {"version": gone["version"]})
    await settle(desk, made, "drop", "wang", reason="另一件事")
    assert (back["state"], (await appeals(desk, ticket))[0]["state"]) == ("draft", "dropped")


async def test_a5_a_draft_that_is_another_by_now_or_another_persons_adds_nothing(desk: Office) -> None:
    ticket, draft = await case(desk), await draft_of(desk, "wang")
    assert (await add(desk, ticket, wanted=409, draft={"id": draft["id"], "version": 1}))["code"] == "stale"
    await add(desk, ticket, "sun", 403, draft={"id": draft["id"], "version": draft["version"]})
    assert await appeals(desk, ticket) == []
    assert (await ask(desk, "wang", "GET", f"/api/tickets/{draft['id']}"))["state"] == "draft"


async def test_a5_a_call_is_named_by_who_may_see_it(desk: Office) -> None:
    ticket = await case(desk)
    await draft_of(desk, "wang")
    await add(desk, ticket, "sun", 403, call=CALL)
    await add(desk, ticket, "zhao", 404, call="tingsu-1.9")
    assert (await add(desk, ticket, "wang", call=CALL))["call_id"] == CALL


# what becomes of it -----------------------------------------------------------------------------------------------------


async def test_a5_an_open_one_keeps_the_case_from_being_closed(desk: Office) -> None:
    ticket = await case(desk)
    made = await add(desk, ticket)
    assert (await close(desk, ticket, 409))["code"] == "appeals_open"
    await settle(desk, made, "answer", answer="已告知客户")
    await close(desk, ticket)


@pytest.mark.parametrize(("login", "wanted"), [("li", 200), ("wang", 200), ("zhao", 200), ("sun", 403), ("qa", 403)])
async def test_a5_it_is_answered_by_who_has_the_case_who_wrote_it_or_a_senior(desk: Office, login: str, wanted: int) -> None:
    made = await add(desk, await case(desk))
    await settle(desk, made, "answer", login, wanted, answer="已告知客户")


async def test_a5_it_is_settled_once(desk: Office) -> None:
    ticket = await case(desk)
    made = await add(desk, ticket)
    answers = await asyncio.gather(
        *(desk.ask("li", "POST", f"/api/appeals/{made['id']}/answer", {"version": 1, "answer": str(n)}) for n in range(8))
    )
    assert sorted(status for status, _ in answers) == [200] + [409] * 7
    (shown,) = await appeals(desk, ticket)
    assert (shown["state"], shown["settled_by"], shown["version"], shown["may"]) == ("answered", "Li", 2, [])


async def test_a5_a_chase_leaves_with_it_and_names_it(desk: Office) -> None:
    ticket = await case(desk)
    sent = await order(desk, ticket)
    made = await add(desk, ticket)
    assert (await appeals(desk, ticket))[0]["may"] == ["answer", "chase", "withdraw", "drop"]
    assert (await settle(desk, made, "chase", "zhao", **await chase_of(desk, sent)))["state"] == "chased"
    (shown,) = await appeals(desk, ticket)
    assert (shown["verb"], shown["paper_state"], shown["order_number"]) == ("chase", "left", sent["number"])
    fresh = await ask(desk, "li", "GET", f"/api/orders/{sent['id']}")
    assert (fresh["task"], fresh["urgent"]) == ("今天退费", True)
    assert await clock_of(desk, ticket) == [("met", desk.clock.now())]


async def test_a5_a_chase_that_the_review_lets_fall_leaves_the_appeal_open(desk: Office) -> None:
    ticket = await case(desk)
    sent = await order(desk, ticket)
    made = await add(desk, ticket)
    await settle(desk, made, "chase", **await chase_of(desk, sent))
    (shown,) = await appeals(desk, ticket)
    assert (shown["state"], shown["paper_state"]) == ("chased", "waiting")
    began = desk.clock.now()
    assert await clock_of(desk, ticket) == [("met", began)]
    fresh = await ask(desk, "li", "GET", f"/api/orders/{sent['id']}")
    (paper,) = [one for one in fresh["papers"] if one["verb"] == "chase"]
    await ask(desk, "li", "POST", f"/api/papers/{paper['id']}/drop", {"version": paper["version"]})
    (shown,) = await appeals(desk, ticket)
    assert (shown["state"], shown["may"]) == ("open", ["answer", "chase", "withdraw", "drop"])
    assert await clock_of(desk, ticket) == [("met", began), ("waiting", began)], "it waits as long as before"
    await settle(desk, shown, "answer", answer="已告知客户")
    assert (await appeals(desk, ticket))[0]["state"] == "answered"


async def test_a5_a_withdrawal_leaves_with_it(desk: Office) -> None:
    ticket = await case(desk)
    sent = await order(desk, ticket)
    made = await add(desk, ticket)
    body = {"order": sent["id"], "order_version": sent["version"], "reason": "客户不要了"}
    assert (await settle(desk, made, "withdraw", "zhao", **body))["state"] == "withdrawn"
    assert (await ask(desk, "li", "GET", f"/api/orders/{sent['id']}"))["state"] == "withdrawn"
    journal = await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}/journal")
    assert journal[-1]["changes"] == {"appeal": ["open", "withdrawn"]}
    await close(desk, ticket)


async def test_a5_an_order_of_another_case_is_not_chased_by_it(desk: Office) -> None:
    ticket, other = await case(desk), await case(desk, "wang")
    sent = await order(desk, other)
    made = await add(desk, ticket)
    await settle(desk, made, "chase", "zhao", 404, **await chase_of(desk, sent))
    assert (await ask(desk, "li", "GET", f"/api/orders/{sent['id']}"))["task"] == "查清"


async def test_a5_the_clock_runs_for_the_oldest_that_is_left(desk: Office, clock: HandClock) -> None:
    ticket = await case(desk)
    began = clock.now()
    first = await add(desk, ticket)
    clock.move(minutes=10)
    await add(desk, ticket, key="key-second", text="再补充一点")
    assert await clock_of(desk, ticket) == [("waiting", began)]
    await settle(desk, first, "answer", answer="已告知客户")
    assert await clock_of(desk, ticket) == [("met", began), ("waiting", began + timedelta(minutes=10))]


async def test_a5_whoever_answers_a_newer_one_leaves_the_clock_of_the_older_running(desk: Office, clock: HandClock) -> None:
    ticket = await case(desk)
    began = clock.now()
    first = await add(desk, ticket)
    clock.move(minutes=10)
    second = await add(desk, ticket, key="key-second", text="再补充一点")
    await settle(desk, second, "answer", answer="已告知客户")
    assert await clock_of(desk, ticket) == [("waiting", began)]
    await settle(desk, first, "answer", answer="已告知客户")
    assert await clock_of(desk, ticket) == [("met", began)]


async def test_a5_an_older_one_that_is_open_again_has_the_clock(desk: Office, clock: HandClock) -> None:
    ticket = await case(desk)
    began = clock.now()
    sent = await order(desk, ticket)
    first = await add(desk, ticket)
    clock.move(minutes=10)
    await add(desk, ticket, key="key-second", text="再补充一点")
    await settle(desk, first, "chase", **await chase_of(desk, sent))
    fresh = await ask(desk, "li", "GET", f"/api/orders/{sent['id']}")
    (paper,) = [one for one in fresh["papers"] if one["verb"] == "chase"]
    await ask(desk, "li", "POST", f"/api/papers/{paper['id']}/drop", {"version": paper["version"]})
    later = began + timedelta(minutes=10)
    assert await clock_of(desk, ticket) == [("met", began), ("stopped", later), ("waiting", began)]
