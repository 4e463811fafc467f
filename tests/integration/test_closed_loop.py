"""What a case tells of itself (SPEC O6) and what closes its loop (SPEC N9), over HTTP and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.phrases.model import LISTS
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import Office, office

CASE = {"kind": "complaint", "business": "data", "nature": "tariff", "description": "多收了钱", "customer_number": "13800138000"}
Json = dict[str, Any]


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        network = await running.department("network")
        await running.hire("li")
        await running.hire("wang")
        await running.hire("zhao", "senior_agent")
        await running.hire("data", "data_administrator")
        await running.hire("net", "department_officer", department=network)
        yield running


async def ask(desk: Office, login: str, method: str, path: str, body: object = None, wanted: int = 200) -> Any:
    status, answer = await desk.ask(login, method, path, body)
    assert status == wanted, answer
    return answer


async def case(desk: Office, key: str = "key-0001", **fields: str) -> Json:
    draft = await ask(desk, "li", "POST", "/api/tickets", {"key": key, "fields": {**CASE, **fields}}, 201)
    return await step(desk, draft, "confirm")


async def step(desk: Office, ticket: Json, name: str, wanted: int = 200, login: str = "li", **more: object) -> Json:
    path = f"/api/tickets/{ticket['id']}/{name}"
    return dict(await ask(desk, login, "POST", path, {"version": ticket["version"], **more}, wanted))


async def change(desk: Office, ticket: Json, **fields: str | None) -> Json:
    body = {"version": ticket["version"], "fields": fields}
    return dict(await ask(desk, "li", "PATCH", f"/api/tickets/{ticket['id']}", body))


async def stages(desk: Office, ticket: Json) -> dict[str, str]:
    answer = await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}/progress")
    return {one["stage"]: one["standing"] for one in answer["stages"]}


# O1 --------------------------------------------------------------------------------------------------------------------


async def test_o1_a_complaint_says_when_it_may_be_taken_to_the_authority(desk: Office, clock: HandClock) -> None:
    """SPEC O1, O5: charges grow old sooner; a suggestion is nothing for the authority."""
    received = clock.now()

    async def window(ticket: Json) -> Json | None:
        answer = await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}/progress")
        found: Json | None = answer["authority"]
        return found

    charges, fault = await window(await case(desk)), await window(await case(desk, "key-0002", nature="fault_repair"))
    assert charges is not None
    assert fault is not None
    for found, least, most in ((charges, 149, 154), (fault, 729, 732)):
        assert datetime.fromisoformat(found["opens_at"]) == received + timedelta(days=15)
        assert timedelta(days=least) < datetime.fromisoformat(found["closes_at"]) - received < timedelta(days=most)
        assert (found["accepts_days"], found["answers_days"]) == (5, 30)
    suggestion = {"kind": "suggestion", "suggestion": "service", "business": None, "nature": None}
    draft = await ask(desk, "li", "POST", "/api/tickets", {"key": "key-0003", "fields": {**CASE, **suggestion}}, 201)
    assert await window(await step(desk, draft, "confirm")) is None


# O6 --------------------------------------------------------------------------------------------------------------------


async def test_o6_a_case_has_its_severity_and_its_channel(desk: Office) -> None:
    ticket = await case(desk)
    assert (ticket["severity"], ticket["channel"]) == ("ordinary", "telephone")
    ticket = await change(desk, ticket, severity="major", channel="appeal")
    assert (ticket["severity"], ticket["channel"]) == ("major", "appeal")
    (row,) = (await ask(desk, "wang", "GET", "/api/tickets"))["tickets"]
    assert (row["severity"], row["channel"]) == ("major", "appeal")
    journal = await ask(desk, "wang", "GET", f"/api/tickets/{ticket['id']}/journal")
    assert journal[-1]["changes"] == {"severity": ["ordinary", "major"], "channel": ["telephone", "appeal"]}
    body = {"version": ticket["version"], "fields": {"severity": "dreadful"}}
    await ask(desk, "li", "PATCH", f"/api/tickets/{ticket['id']}", body, 422)


async def test_o6_the_customer_is_told_once_that_the_case_is_registered(desk: Office, clock: HandClock) -> None:
    ticket = await case(desk)
    assert "acknowledge" in ticket["may"]
    ticket = await step(desk, ticket, "acknowledge", how="call", note="已告知单号")
    assert (ticket["acknowledged_how"], ticket["acknowledged_by"]) == ("call", "Li")
    assert "acknowledge" not in ticket["may"]
    assert (await step(desk, ticket, "acknowledge", 409, how="text"))["code"] == "not_allowed"
    (row,) = (await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}/journal"))[-1:]
    assert (row["action"], row["changes"], row["note"]) == ("acknowledge", {"acknowledged_how": [None, "call"]}, "已告知单号")


async def test_o6_nobody_acknowledges_what_is_another_agents_or_no_case_yet(desk: Office) -> None:
    ticket = await case(desk)
    await step(desk, ticket, "acknowledge", 403, "wang", how="call")
    draft = await ask(desk, "li", "POST", "/api/tickets", {"key": "key-0002", "fields": {}}, 201)
    await step(desk, draft, "acknowledge", 409, how="call")


async def test_o6_the_stages_follow_from_what_was_done(desk: Office, clock: HandClock) -> None:
    draft = await ask(desk, "li", "POST", "/api/tickets", {"key": "key-0009", "fields": CASE}, 201)
    assert list((await stages(desk, draft)).items())[:3] == [
        ("receive", "done"),
        ("track", "current"),
        ("acknowledge", "ahead"),
    ]
    ticket = await step(desk, draft, "confirm")
    ticket = await step(desk, ticket, "acknowledge", how="call")
    found = await stages(desk, ticket)
    assert [name for name, how in found.items() if how == "done"] == ["receive", "track", "acknowledge", "assess"]
    assert found["investigate"] == "current"
    department = await desk.pool.fetchval("select id from department")
    wanted = {"key": "key-order", "version": ticket["version"], "department": department, "task": "查清"}
    order = await ask(desk, "zhao", "POST", f"/api/tickets/{ticket['id']}/orders", wanted, 201)
    assert (await stages(desk, ticket))["respond"] == "current"
    clock.move(minutes=5)
    order = await ask(desk, "net", "POST", f"/api/orders/{order['id']}/return", {"version": order["version"], "answer": "已退"})
    answer = await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}/progress")
    assert [one["at"] for one in answer["stages"] if one["stage"] == "respond"] == [
        clock.now().isoformat().replace("+00:00", "Z")
    ]
    assert (await stages(desk, ticket))["communicate"] == "current"
    redo = {"version": order["version"], "hours": 4, "reason": "还差单据"}
    order = await ask(desk, "zhao", "POST", f"/api/orders/{order['id']}/redo", redo)
    clock.move(minutes=5)
    order = await ask(desk, "net", "POST", f"/api/orders/{order['id']}/return", {"version": order["version"], "answer": "齐了"})
    again = await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}/progress")
    assert again["stages"] == answer["stages"], "the department's first answer was the first one"
    await ask(desk, "zhao", "POST", f"/api/orders/{order['id']}/settle", {"version": order["version"]})
    ticket = await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}")
    ticket = await step(desk, await change(desk, ticket, answer="已退费"), "close", closing="confirmed")
    assert set((await stages(desk, ticket)).values()) == {"done"}


# N9 --------------------------------------------------------------------------------------------------------------------


async def test_n9_a_case_closes_with_the_customers_confirmation(desk: Office) -> None:
    ticket = await case(desk, answer="已退费")
    assert "closing" in ticket["wants"]
    refused = await step(desk, ticket, "close", 422)
    assert [(one["field"], one["code"]) for one in refused["fields"]] == [("closing", "required")]
    closed = await step(desk, ticket, "close", closing="confirmed")
    assert (closed["state"], closed["closing"]) == ("closed", "confirmed")
    (row,) = (await ask(desk, "li", "GET", f"/api/tickets/{ticket['id']}/journal"))[-1:]
    assert row["changes"] == {"state": ["open", "closed"], "closing": [None, "confirmed"]}


async def test_n9_a_case_that_closes_without_it_says_why(desk: Office) -> None:
    ticket = await case(desk, answer="已退费")
    refused = await step(desk, ticket, "close", 422, closing="because")
    assert refused["fields"][0]["code"] == "unknown_reason"
    refused = await step(desk, ticket, "close", 422, closing="other")
    assert refused["fields"][0]["field"] == "note"
    closed = await step(desk, ticket, "close", closing="unreachable", note="三次未接")
    assert closed["closing"] == "unreachable"
    assert (await stages(desk, closed))["communicate"] == "passed"


async def test_n9_a_suggestion_is_closed_with_thanks_alone(desk: Office) -> None:
    ticket = await case(desk, kind="suggestion", suggestion="service")  # the data administrator's from now on
    ticket = await step(desk, ticket, "take", login="data")
    assert "closing" not in ticket["wants"]
    assert (await step(desk, ticket, "close", login="data"))["closing"] is None


async def test_n9_the_reasons_are_the_centres_and_one_that_is_no_longer_used_closes_nothing(desk: Office) -> None:
    ticket = await case(desk, answer="已退费")
    there = await ask(desk, "data", "GET", "/api/phrases")
    for one in there["phrases"]:
        one["active"] = one["code"] != "unreachable"
    body = {
        "number": there["number"],
        "phrases": [*there["phrases"], {**there["phrases"][0], "list": "unconfirmed", "code": "moved", "active": True}],
    }
    fresh = await ask(desk, "data", "PUT", "/api/phrases", body)
    await step(desk, ticket, "close", 422, closing="unreachable")
    assert (await step(desk, ticket, "close", closing="moved"))["closing"] == "moved"
    back = await ask(desk, "data", "POST", "/api/phrases/back", {"number": fresh["number"], "to": there["number"]})
    kept = {one["code"]: one["active"] for one in back["phrases"] if one["list"] == "unconfirmed"}
    assert (kept["unreachable"], kept["moved"]) == (True, False), "what a case names stays"
    gone = {"number": back["number"], "phrases": [one for one in back["phrases"] if one["code"] != "moved"]}
    refused = await ask(desk, "data", "PUT", "/api/phrases", gone, 422)
    assert refused["fields"][0]["code"] == "phrase_gone"
    await ask(desk, "data", "PUT", "/api/phrases", body, 409)
    editions = await ask(desk, "li", "GET", "/api/phrases/editions")
    assert [one["number"] for one in editions] == [3, 2, 1]


async def test_every_list_of_phrases_begins_with_some(desk: Office) -> None:
    there = await ask(desk, "li", "GET", "/api/phrases")
    assert {one["list"] for one in there["phrases"]} == set(LISTS)


@pytest.mark.parametrize("login", ["li", "zhao"])
async def test_only_who_keeps_the_lists_changes_them(desk: Office, login: str) -> None:
    await ask(desk, login, "PUT", "/api/phrases", {"number": 1, "phrases": []}, 403)
