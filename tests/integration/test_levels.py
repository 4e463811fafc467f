"""Who holds a case, over HTTP and a real database (SPEC A2, A3, A4, A7, T5, X1, N6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.clocks.table import AT_ONCE
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import Office, office

CASE = {"kind": "complaint", "business": "data", "nature": "tariff", "description": "多收了钱", "customer_number": "13800138000"}
SUGGESTION = {"kind": "suggestion", "suggestion": "service", "description": "多开一个窗口"}
PEOPLE = {
    "li": "junior_agent",
    "wang": "junior_agent",
    "clerk": "text_entry_clerk",
    "hear": "recording_extractor",
    "zhao": "senior_agent",
    "qian": "senior_agent",
    "boss": "manager",
    "data": "data_administrator",
    "qa": "qa_inspector",
}
Json = dict[str, Any]


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        for login, role in PEOPLE.items():
            await running.hire(login, role)
        yield running


async def case(desk: Office, login: str = "li", fields: Json | None = None) -> Json:
    """A confirmed case of that person, wherever it lies then."""
    key = f"key-{await desk.pool.fetchval('select count(*) from ticket'):04d}"
    status, draft = await desk.ask(login, "POST", "/api/tickets", {"key": key, "fields": fields or CASE})
    assert status == 201, draft
    status, ticket = await desk.ask(login, "POST", f"/api/tickets/{draft['id']}/confirm", {"version": draft["version"]})
    assert status == 200, ticket
    return dict(ticket)


async def step(desk: Office, login: str, ticket: Json, what: str, wanted: int = 200, **more: object) -> Json:
    body = {"version": ticket["version"], **more}
    status, answer = await desk.ask(login, "POST", f"/api/tickets/{ticket['id']}/{what}", body)
    assert status == wanted, answer
    return dict(answer)


async def see(desk: Office, login: str, ticket: Json) -> Json:
    status, answer = await desk.ask(login, "GET", f"/api/tickets/{ticket['id']}")
    assert status == 200
    return dict(answer)


async def last(desk: Office, ticket: Json) -> Json:
    """The newest row of its journal."""
    _, rows = await desk.ask("qa", "GET", f"/api/tickets/{ticket['id']}/journal")
    return dict(rows[-1])


async def tray(desk: Office, login: str, level: str, which: str = "tray") -> list[Json]:
    status, rows = await desk.ask(login, "GET", f"/api/trays/{level}?which={which}")
    assert status == 200, rows
    return list(rows)


async def customer(desk: Office, tier: str) -> None:
    await desk.pool.execute(
        "insert into customer (number, name, tier, changed_at) values ($1, '张桂芳', $2, $3)",
        *("+86" + CASE["customer_number"], tier, desk.clock.now()),
    )


def clocks(ticket: Json) -> dict[str, str]:
    return {one["rule"]: one["standing"] for one in ticket["deadlines"]}


# to a senior agent (A2, T5, X1) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["li", "clerk", "hear"])
async def test_a2_t5_x1_what_cannot_be_settled_is_handed_to_the_seniors_with_its_reason(desk: Office, login: str) -> None:
    """SPEC A2, T5, X1."""
    ticket = await case(desk, login)
    assert (ticket["level"], ticket["owner"]) == ("junior", login.title())
    assert {"hand_over", "escalate", "give_back"} <= set(ticket["may"])
    handed = await step(desk, login, ticket, "hand-over", reason="要查计费系统")
    assert (handed["level"], handed["owner"], handed["may"]) == ("senior", None, [])
    row = await last(desk, ticket)
    assert (row["action"], row["by"], row["note"]) == ("hand_over", login.title(), "要查计费系统")
    assert row["changes"] == {"level": ["junior", "senior"], "owner": [login.title(), None]}
    (waiting,) = await tray(desk, "zhao", "senior")
    assert (waiting["id"], waiting["sent_by"], waiting["reason"]) == (ticket["id"], login.title(), "要查计费系统")
    assert waiting["deadline"]["rule"] == "N2"


async def test_whoever_handed_over_reads_on_and_changes_nothing(desk: Office) -> None:
    handed = await step(desk, "li", await case(desk), "hand-over", reason="查不到")
    assert (await see(desk, "li", handed))["description"] == CASE["description"]
    body = {"version": handed["version"], "fields": {"answer": "x"}}
    assert (await desk.ask("li", "PATCH", f"/api/tickets/{handed['id']}", body))[0] == 403
    for what, more in [("close", {}), ("take", {}), ("hand-over", {"reason": "x"}), ("give-back", {"reason": "x"})]:
        await step(desk, "li", handed, what, 403, **more)
    order = {"key": "key-order", "version": handed["version"], "department": 1, "task": "x"}
    assert (await desk.ask("li", "POST", f"/api/tickets/{handed['id']}/orders", order))[0] == 403


async def test_a_hand_over_needs_its_reason(desk: Office) -> None:
    ticket = await case(desk)
    for reason in ("", "  "):
        await step(desk, "li", ticket, "hand-over", 422, reason=reason)
    assert (await see(desk, "li", ticket))["version"] == ticket["version"]


async def test_a_senior_takes_from_the_tray_and_gives_back_with_a_reason(desk: Office) -> None:
    handed = await step(desk, "li", await case(desk), "hand-over", reason="查不到")
    taken = await step(desk, "zhao", handed, "take")
    assert (taken["level"], taken["owner"]) == ("senior", "Zhao")
    assert await tray(desk, "qian", "senior") == []
    assert [row["owner"] for row in await tray(desk, "qian", "senior", "others")] == ["Zhao"]
    assert [row["id"] for row in await tray(desk, "zhao", "senior", "mine")] == [taken["id"]]
    back = await step(desk, "zhao", taken, "give-back", reason="下班")
    assert (back["level"], back["owner"]) == ("senior", None)
    assert (await last(desk, back))["note"] == "下班"
    again = await step(desk, "qian", back, "take")
    assert again["owner"] == "Qian"
    assert (await step(desk, "zhao", again, "give-back", reason="钱师傅病了"))["owner"] is None, "who leads may"


# two who want the same -----------------------------------------------------------------------------------------------


async def test_of_two_who_take_a_case_at_once_one_gets_it_and_the_other_hears_who_has_it(desk: Office) -> None:
    for _ in range(5):
        handed = await step(desk, "li", await case(desk), "hand-over", reason="查不到")
        body = {"version": handed["version"]}
        answers = dict(
            zip(
                ("zhao", "qian"),
                await asyncio.gather(
                    *(desk.ask(who, "POST", f"/api/tickets/{handed['id']}/take", body) for who in ("zhao", "qian"))
                ),
                strict=True,
            )
        )
        (winner,) = (who for who, (status, _) in answers.items() if status == 200)
        (loser,) = set(answers) - {winner}
        assert (answers[loser][0], answers[loser][1]["code"]) == (409, "held")
        assert (await see(desk, loser, handed))["owner"] == winner.title()
        taken = "select count(*) from ticket_journal where ticket_id = $1 and action = 'take'"
        assert await desk.pool.fetchval(taken, handed["id"]) == 1


async def test_taking_again_what_one_has_changes_nothing(desk: Office) -> None:
    handed = await step(desk, "li", await case(desk), "hand-over", reason="查不到")
    taken = await step(desk, "zhao", handed, "take")
    assert (await step(desk, "zhao", handed, "take"))["version"] == taken["version"], "an answer that was lost is asked for again"


# to the data administrator (A3) ----------------------------------------------------------------------------------------


async def test_a3_a_confirmed_suggestion_goes_to_the_data_administrator_by_itself(desk: Office) -> None:
    """SPEC A3."""
    ticket = await case(desk, fields=SUGGESTION)
    assert (ticket["level"], ticket["owner"], clocks(ticket)) == ("data_administrator", None, {"A3": "met"})
    row = await last(desk, ticket)
    assert (row["action"], row["by"]) == ("suggest", None)
    assert row["changes"] == {"level": ["junior", "data_administrator"], "rule": [None, "A3"]}
    assert [one["id"] for one in await tray(desk, "data", "data_administrator")] == [ticket["id"]]
    taken = await step(desk, "data", ticket, "take")
    assert set(taken["may"]) == {"change", "close", "hand_over", "give_back"}
    assert (await step(desk, "data", taken, "close"))["state"] == "closed"


async def test_a3_is_the_data_administrators_also_when_a_senior_confirms(desk: Office) -> None:
    """SPEC A3."""
    ticket = await case(desk, "zhao", SUGGESTION)
    assert (ticket["level"], ticket["owner"]) == ("data_administrator", None)


async def test_a3_an_appeal_to_a_suggestion_is_answered_by_the_data_administrator(desk: Office) -> None:
    ticket = await step(desk, "data", await case(desk, fields=SUGGESTION), "take")
    body = {"key": "key-appeal", "text": "还有一个想法"}
    status, appeal = await desk.ask("li", "POST", f"/api/tickets/{ticket['id']}/appeals", body)
    assert status == 201, appeal
    _, rows = await desk.ask("data", "GET", f"/api/tickets/{ticket['id']}/appeals")
    assert rows[0]["may"] == ["answer", "drop"]
    said = {"version": appeal["version"], "answer": "谢谢，已记下"}
    assert (await desk.ask("data", "POST", f"/api/appeals/{appeal['id']}/answer", said))[0] == 200
    assert "not_accept" not in (await see(desk, "data", ticket))["may"], "a suggestion has no answer to refuse"


async def test_what_turns_out_to_be_a_suggestion_is_handed_over_by_hand(desk: Office) -> None:
    ticket = await case(desk)
    await step(desk, "li", ticket, "suggest", 409)
    body = {"version": ticket["version"], "fields": SUGGESTION}
    _, changed = await desk.ask("li", "PATCH", f"/api/tickets/{ticket['id']}", body)
    assert "suggest" in changed["may"]
    assert "close" not in changed["may"]
    assert (await step(desk, "li", changed, "close", 409))["code"] == "for_data_administrator"
    assert (await step(desk, "li", changed, "suggest"))["level"] == "data_administrator"


async def test_what_is_no_suggestion_after_all_goes_to_the_seniors_and_becomes_none_before(desk: Office) -> None:
    taken = await step(desk, "data", await case(desk, fields=SUGGESTION), "take")
    body = {"version": taken["version"], "fields": {"kind": "complaint", "business": "data", "nature": "tariff"}}
    status, answer = await desk.ask("data", "PATCH", f"/api/tickets/{taken['id']}", body)
    assert (status, answer["fields"][0]["code"]) == (422, "stays_suggestion")
    handed = await step(desk, "data", taken, "hand-over", reason="是投诉")
    senior = await step(desk, "zhao", handed, "take")
    status, changed = await desk.ask("zhao", "PATCH", f"/api/tickets/{taken['id']}", {**body, "version": senior["version"]})
    assert (status, changed["kind"], changed["level"]) == (200, "complaint", "senior")


# to the manager hotline (A4, N6) ---------------------------------------------------------------------------------------


async def test_a4_a_case_goes_to_the_manager_hotline_with_what_it_goes_for(desk: Office) -> None:
    """SPEC A4."""
    ticket = await case(desk)
    for triggers in ([], ["because"]):
        await step(desk, "li", ticket, "escalate", 422, triggers=triggers, reason="x")
    up = await step(desk, "li", ticket, "escalate", triggers=["repeat", "overdue", "repeat"], reason="第三次来电")
    assert (up["level"], up["owner"]) == ("manager", None)
    assert (await last(desk, up))["changes"]["triggers"] == [None, "overdue repeat"]
    (waiting,) = await tray(desk, "boss", "manager")
    assert (waiting["triggers"], waiting["reason"], waiting["sent_by"]) == (["overdue", "repeat"], "第三次来电", "Li")
    assert (await step(desk, "boss", up, "take"))["owner"] == "Boss"


async def test_n6_a_senior_passes_on_who_does_not_accept_and_has_no_hand_on_it_then(desk: Office) -> None:
    """SPEC N6."""
    handed = await step(desk, "li", await case(desk), "hand-over", reason="查不到")
    taken = await step(desk, "zhao", handed, "take")
    up = await step(desk, "zhao", taken, "escalate", triggers=["not_accepted"], reason="不接受正常处理")
    assert up["may"] == []
    await step(desk, "zhao", up, "take", 403)
    assert (await desk.ask("zhao", "GET", "/api/trays/manager"))[0] == 403
    had = await step(desk, "boss", up, "take")
    assert "close" not in had["may"], "the manager hotline closes by a decision"
    await step(desk, "boss", had, "close", 409)
    down = await step(desk, "boss", had, "hand-over", reason="按此意见办")
    assert (down["level"], down["owner"]) == ("senior", None)


# who is a senior's at once (A7) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["big", "important", "dedicated_line"])
async def test_a7_a_juniors_case_of_such_a_customer_goes_to_the_seniors_by_itself(
    desk: Office, clock: HandClock, tier: str
) -> None:
    """SPEC A7."""
    await customer(desk, tier)
    ticket = await case(desk)
    assert (ticket["level"], ticket["owner"], ticket["tier"]) == ("senior", None, tier)
    assert clocks(ticket) == {"N2": "running", "A7": "running"}
    row = await last(desk, ticket)
    assert (row["action"], row["by"], row["changes"]) == (
        "hand_over",
        None,
        {"level": ["junior", "senior"], "rule": [None, "A7"]},
    )
    clock.move(seconds=AT_ONCE.total_seconds() - 1)
    taken = await step(desk, "zhao", ticket, "take")
    assert clocks(taken) == {"N2": "running", "A7": "met"}
    a7 = next(one for one in taken["deadlines"] if one["rule"] == "A7")
    ends, received = datetime.fromisoformat(a7["ends_at"]), datetime.fromisoformat(taken["received_at"])
    assert ends == received + timedelta(minutes=1)
    back = await step(desk, "zhao", taken, "give-back", reason="午休")
    assert clocks(back) == {"N2": "running", "A7": "met"}, "it has been a senior's"


async def test_a7_is_met_by_a_senior_who_closes_it_from_the_tray(desk: Office) -> None:
    """SPEC A7."""
    await customer(desk, "big")
    ticket = await case(desk)
    _, answered = await desk.ask(
        "zhao", "PATCH", f"/api/tickets/{ticket['id']}", {"version": ticket["version"], "fields": {"answer": "已答复"}}
    )
    closed = await step(desk, "zhao", answered, "close", closing="confirmed")
    assert clocks(closed)["A7"] == "met"


@pytest.mark.parametrize("what", ["change", "orders", "acknowledge", "escalate", "hand-over"])
async def test_a7_is_met_by_whatever_a_senior_does_with_it_in_their_tray(desk: Office, what: str) -> None:
    """SPEC A7, N2: a dispatch above all, which leaves at once."""
    department = await desk.department("lines")
    await customer(desk, "big")
    ticket = await case(desk)
    body: Json = {"version": ticket["version"]}
    match what:
        case "change":
            status, _ = await desk.ask("zhao", "PATCH", f"/api/tickets/{ticket['id']}", {**body, "fields": {"address": "天河路"}})
        case "orders":
            order = {**body, "key": "key-of-a7-1", "department": department, "task": "查线路", "leads": True, "reason": ""}
            status, _ = await desk.ask("zhao", "POST", f"/api/tickets/{ticket['id']}/orders", order)
        case "acknowledge":
            status, _ = await desk.ask("zhao", "POST", f"/api/tickets/{ticket['id']}/acknowledge", {**body, "how": "call"})
        case "escalate":
            up = {**body, "triggers": ["not_accepted"], "reason": "客户不接受"}
            status, _ = await desk.ask("zhao", "POST", f"/api/tickets/{ticket['id']}/escalate", up)
        case "hand-over":
            await desk.pool.execute("update ticket set level = 'manager' where id = $1", ticket["id"])
            down = {**body, "reason": "归高级话务员"}
            status, _ = await desk.ask("boss", "POST", f"/api/tickets/{ticket['id']}/hand-over", down)
    assert status in {200, 201}
    assert clocks(await see(desk, "li", ticket))["A7"] == "met"


async def test_a7_goes_on_while_a_senior_only_takes_down_what_the_customer_adds(desk: Office) -> None:
    """SPEC A5, A7: who answers the telephone does not have the case by that."""
    await customer(desk, "big")
    ticket = await case(desk)
    body = {"key": "key-of-a7-2", "text": "还是不通"}
    status, _ = await desk.ask("zhao", "POST", f"/api/tickets/{ticket['id']}/appeals", body)
    assert status == 201
    assert clocks(await see(desk, "li", ticket))["A7"] == "running"


@pytest.mark.parametrize("what", ["change", "acknowledge", "orders"])
async def test_a7_goes_on_while_a_senior_writes_in_a_case_that_lies_in_the_juniors_tray(desk: Office, what: str) -> None:
    """SPEC A7, N2: but for a dispatch, which leaves at once, and is the case's."""
    department = await desk.department("lines")
    await customer(desk, "big")
    ticket = await case(desk)
    await desk.pool.execute("update ticket set level = 'junior' where id = $1", ticket["id"])
    body: Json = {"version": ticket["version"]}
    match what:
        case "change":
            status, _ = await desk.ask("zhao", "PATCH", f"/api/tickets/{ticket['id']}", {**body, "fields": {"address": "天河路"}})
        case "acknowledge":
            status, _ = await desk.ask("zhao", "POST", f"/api/tickets/{ticket['id']}/acknowledge", {**body, "how": "call"})
        case "orders":
            order = {**body, "key": "key-of-a7-3", "department": department, "task": "查线路", "leads": True, "reason": ""}
            status, _ = await desk.ask("zhao", "POST", f"/api/tickets/{ticket['id']}/orders", order)
    assert status in {200, 201}
    assert clocks(await see(desk, "li", ticket))["A7"] == ("met" if what == "orders" else "running")


async def test_a7_is_late_when_no_senior_takes_it(desk: Office, clock: HandClock) -> None:
    """SPEC A7."""
    await customer(desk, "big")
    ticket = await case(desk)
    clock.move(seconds=AT_ONCE.total_seconds())
    assert clocks(await see(desk, "li", ticket))["A7"] == "breached"
    assert clocks(await step(desk, "zhao", ticket, "take"))["A7"] == "breached"


async def test_a7_leaves_with_a_senior_what_a_senior_confirms(desk: Office) -> None:
    """SPEC A7."""
    await customer(desk, "important")
    ticket = await case(desk, "zhao")
    assert (ticket["level"], ticket["owner"], clocks(ticket)) == ("senior", "Zhao", {"N2": "running"})


async def test_a_normal_customers_case_stays_with_the_junior(desk: Office) -> None:
    await customer(desk, "normal")
    ticket = await case(desk)
    assert (ticket["level"], ticket["owner"], clocks(ticket)) == ("junior", "Li", {"N2": "running"})


# trays -----------------------------------------------------------------------------------------------------------------


async def test_everybody_is_shown_the_trays_from_which_they_may_take(desk: Office) -> None:
    await step(desk, "li", await case(desk), "hand-over", reason="查不到")
    await case(desk, fields=SUGGESTION)
    await step(desk, "wang", await case(desk, "wang"), "give-back", reason="下班")
    shown = {}
    for login in ("li", "zhao", "boss", "data"):
        _, counts = await desk.ask(login, "GET", "/api/trays")
        shown[login] = {one["level"]: (one["tray"], one["mine"]) for one in counts}
    assert shown["li"] == {"junior": (1, 0)}
    assert shown["zhao"] == {"junior": (1, 0), "senior": (1, 0)}
    assert shown["boss"] == {"junior": (1, 0), "senior": (1, 0), "manager": (0, 0)}
    assert shown["data"] == {"data_administrator": (1, 0)}
    for login, level in [("li", "senior"), ("zhao", "data_administrator"), ("data", "junior")]:
        assert (await desk.ask(login, "GET", f"/api/trays/{level}"))[0] == 403


async def test_the_most_urgent_clock_lies_on_top(desk: Office, clock: HandClock) -> None:
    first = await case(desk)
    clock.move(minutes=5)
    second = await case(desk)
    enquiry = await case(desk, fields={"kind": "enquiry", "description": "问"})  # no clock runs for it
    for ticket in (enquiry, second, first):
        await step(desk, "li", ticket, "hand-over", reason="查不到")
    assert [row["id"] for row in await tray(desk, "zhao", "senior")] == [first["id"], second["id"], enquiry["id"]]


async def test_the_tray_of_juniors_is_theirs_to_take_from(desk: Office) -> None:
    back = await step(desk, "li", await case(desk), "give-back", reason="下班")
    assert (back["level"], back["owner"]) == ("junior", None)
    assert (await step(desk, "wang", back, "take"))["owner"] == "Wang"
    again = await step(desk, "wang", await see(desk, "wang", back), "give-back", reason="下班")
    raised = await step(desk, "zhao", again, "take")
    assert (raised["level"], raised["owner"]) == ("senior", "Zhao"), "what a senior has is at the seniors' level"


# what the database itself holds ----------------------------------------------------------------------------------------


async def test_no_draft_is_above_and_only_suggestions_are_the_data_administrators(desk: Office) -> None:
    _, draft = await desk.ask("li", "POST", "/api/tickets", {"key": "key-draft", "fields": CASE})
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute("update ticket set level = 'senior' where id = $1", draft["id"])
    ticket = await case(desk)
    for level in ("data_administrator", "director"):
        with pytest.raises(asyncpg.CheckViolationError):
            await desk.pool.execute("update ticket set level = $2 where id = $1", ticket["id"], level)
