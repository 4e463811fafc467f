"""Tickets over HTTP and a real database: the form, the workflow, numbers without gaps, and who may do what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.store import db
from services.tickets.actions import draft_of_call, fill_from_words
from services.tickets.model import Evidence, Filling, Source
from tests.harness.clock import HandClock
from tests.harness.office import Office, office
from tests.harness.patience import until

COMPLAINT = {
    "kind": "complaint",
    "business": "data",
    "nature": "tariff",
    "description": "多收了钱",
    "customer_number": "13800138000",
}


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        await running.hire("li", extension="1001")
        await running.hire("wang", extension="1002")
        await running.hire("qa", role="qa_inspector")
        await running.hire("admin", role="administrator")
        yield running


async def new(desk: Office, fields: dict[str, Any] | None = None, key: str = "key-0001", login: str = "li") -> dict[str, Any]:
    status, ticket = await desk.ask(
        login, "POST", "/api/tickets", {"key": key, "fields": COMPLAINT if fields is None else fields}
    )
    assert status == 201, ticket
    return dict(ticket)


async def step(desk: Office, ticket: dict[str, Any], what: str, login: str = "li") -> tuple[int, Any]:
    body = {"version": ticket["version"], **({"closing": "confirmed"} if what == "close" else {})}
    return await desk.ask(login, "POST", f"/api/tickets/{ticket['id']}/{what}", body)


async def test_a_new_ticket_is_a_draft_of_its_maker(desk: Office) -> None:
    ticket = await new(desk)
    assert (ticket["state"], ticket["number"], ticket["owner"], ticket["version"]) == ("draft", None, "Li", 1)
    assert ticket["drafting"] == "none"
    assert ticket["sources"]["kind"]["by"] == "agent"


async def test_a_repeated_post_returns_the_first_ticket(desk: Office) -> None:
    first = await new(desk)
    assert (await new(desk))["id"] == first["id"]
    status, problem = await desk.ask("li", "POST", "/api/tickets", {"key": "key-0001", "fields": {"kind": "enquiry"}})
    assert (status, problem["code"]) == (409, "conflict")
    assert (await new(desk, login="wang"))["id"] != first["id"]


async def test_twenty_posts_at_once_make_one_ticket(desk: Office) -> None:
    made = await asyncio.gather(*(new(desk) for _ in range(20)))
    assert len({ticket["id"] for ticket in made}) == 1
    assert await desk.pool.fetchval("select count(*) from ticket") == 1


async def known(desk: Office, number: str, name: str) -> None:
    await desk.pool.execute(
        "insert into customer (number, name, tier, changed_at) values ($1, $2, 'big', now())", "+86" + number, name
    )


async def test_the_customer_comes_with_the_number(desk: Office) -> None:
    await known(desk, "13800138000", "张桂芳")
    ticket = await new(desk)
    assert (ticket["customer_name"], ticket["sources"]["customer_name"]["by"]) == ("张桂芳", "customer")


async def corrected(desk: Office, ticket: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    status, after = await desk.ask(
        "li", "PATCH", f"/api/tickets/{ticket['id']}", {"version": ticket["version"], "fields": fields}
    )
    assert status == 200, after
    return dict(after)


async def test_another_number_brings_its_own_customer_and_name(desk: Office) -> None:
    await known(desk, "13800138000", "张桂芳")
    await known(desk, "13800138001", "李四")
    after = await corrected(desk, await new(desk), {"customer_number": "13800138001"})
    assert (after["customer_name"], after["sources"]["customer_name"]["by"]) == ("李四", "customer")
    _, journal = await desk.ask("li", "GET", f"/api/tickets/{after['id']}/journal")
    assert journal[1]["changes"] == {"customer_number": ["13800138000", "13800138001"], "customer_name": ["张桂芳", "李四"]}


@pytest.mark.parametrize("number", ["13800138009", ""])
async def test_a_number_of_nobody_we_know_leaves_no_name_behind(desk: Office, number: str) -> None:
    await known(desk, "13800138000", "张桂芳")
    after = await corrected(desk, await new(desk), {"customer_number": number})
    assert (after["customer_id"], after["customer_name"]) == (None, "")
    assert "customer_name" not in after["sources"]


@pytest.mark.parametrize("number", ["13800138001", "13800138009"])
async def test_a_name_an_agent_typed_stays_whatever_the_number(desk: Office, number: str) -> None:
    await known(desk, "13800138001", "李四")
    ticket = await new(desk, {**COMPLAINT, "customer_name": "王五"})
    after = await corrected(desk, ticket, {"customer_number": number})
    assert (after["customer_name"], after["sources"]["customer_name"]["by"]) == ("王五", "agent")


async def test_a_name_typed_with_the_number_is_the_agents(desk: Office) -> None:
    await known(desk, "13800138000", "张桂芳")
    await known(desk, "13800138001", "李四")
    after = await corrected(desk, await new(desk), {"customer_number": "13800138001", "customer_name": "李四之妻"})
    assert (after["customer_name"], after["sources"]["customer_name"]["by"]) == ("李四之妻", "agent")


async def test_fields_change_as_typed_and_each_change_is_in_the_journal(desk: Office) -> None:
    ticket = await new(desk)
    body = {"version": 1, "fields": {"description": "又多收了", "nature": None}}
    status, changed = await desk.ask("li", "PATCH", f"/api/tickets/{ticket['id']}", body)
    assert (status, changed["version"], changed["description"], changed["nature"]) == (200, 2, "又多收了", None)
    status, journal = await desk.ask("qa", "GET", f"/api/tickets/{ticket['id']}/journal")
    assert status == 200
    assert [(row["seq"], row["by"], row["action"]) for row in journal] == [(1, "Li", "create"), (2, "Li", "change")]
    assert journal[1]["changes"] == {"description": ["多收了钱", "又多收了"], "nature": ["tariff", None]}


async def test_a_change_of_an_older_version_is_refused(desk: Office) -> None:
    ticket = await new(desk)
    body = {"version": 1, "fields": {"description": "a"}}
    assert (await desk.ask("li", "PATCH", f"/api/tickets/{ticket['id']}", body))[0] == 200
    status, problem = await desk.ask("li", "PATCH", f"/api/tickets/{ticket['id']}", body)
    assert (status, problem["code"]) == (409, "stale")


async def test_of_twenty_changes_at_once_one_wins(desk: Office) -> None:
    ticket = await new(desk)

    async def change(text: str) -> int:
        body = {"version": 1, "fields": {"description": text}}
        return (await desk.ask("li", "PATCH", f"/api/tickets/{ticket['id']}", body))[0]

    statuses = await asyncio.gather(*(change(str(n)) for n in range(20)))
    assert sorted(statuses) == [200] + [409] * 19
    assert await desk.pool.fetchval("select version from ticket") == 2


async def test_confirming_gives_a_number_of_the_centres_month(desk: Office, clock: HandClock) -> None:
    assert (await step(desk, await new(desk), "confirm"))[1]["number"] == "T2026-11-000001"
    assert (await step(desk, await new(desk, key="key-0002"), "confirm"))[1]["number"] == "T2026-11-000002"
    clock.move(seconds=(datetime(2026, 11, 30, 16, 0, tzinfo=UTC) - clock.now()).total_seconds())  # 1 December in Shanghai
    await desk.pool.execute("update session set seen_at = $1, created_at = $1", clock.now())
    status, confirmed = await step(desk, await new(desk, key="key-0003"), "confirm")
    assert (status, confirmed["number"], confirmed["state"]) == (200, "T2026-12-000001", "open")
    assert (confirmed["confirmed_by"], confirmed["owner"]) == ("Li", "Li")


async def test_numbers_have_no_gaps_when_confirmations_race_and_fail(desk: Office) -> None:
    tickets = [await new(desk, key=f"key-{n:04d}", fields=COMPLAINT if n % 3 else {"kind": "complaint"}) for n in range(30)]
    results = await asyncio.gather(*(step(desk, ticket, "confirm") for ticket in tickets))
    numbers = sorted(ticket["number"] for status, ticket in results if status == 200)
    assert numbers == [f"T2026-11-{n:06d}" for n in range(1, 21)]


async def test_a_draft_without_its_mandatory_fields_is_not_confirmed_and_all_are_named(desk: Office) -> None:
    status, problem = await step(desk, await new(desk, {"kind": "complaint"}), "confirm")
    assert (status, problem["code"]) == (422, "invalid")
    assert {field["field"] for field in problem["fields"]} == {"business", "nature", "description"}


async def test_a_confirmed_ticket_stays_complete(desk: Office) -> None:
    _, ticket = await step(desk, await new(desk), "confirm")
    body = {"version": ticket["version"], "fields": {"business": None}}
    assert (await desk.ask("li", "PATCH", f"/api/tickets/{ticket['id']}", body))[0] == 422


async def test_closing_needs_the_answer(desk: Office) -> None:
    _, ticket = await step(desk, await new(desk), "confirm")
    assert (await step(desk, ticket, "close"))[0] == 422
    body = {"version": ticket["version"], "fields": {"answer": "已退费"}}
    _, ticket = await desk.ask("li", "PATCH", f"/api/tickets/{ticket['id']}", body)
    status, closed = await step(desk, ticket, "close")
    assert (status, closed["state"]) == (200, "closed")
    for what in ("close", "confirm", "discard", "restore"):
        status, problem = await step(desk, closed, what)
        assert (status, problem["code"]) == (409, "not_allowed")


async def test_a_discarded_draft_can_be_restored(desk: Office) -> None:
    _, gone = await step(desk, await new(desk), "discard")
    assert gone["state"] == "discarded"
    status, back = await step(desk, gone, "restore")
    assert (status, back["state"], back["description"]) == (200, "draft", "多收了钱")


async def test_of_two_drafts_of_one_call_that_are_restored_at_once_one_stays(desk: Office) -> None:
    first = await call_draft(desk)
    await desk.pool.execute("update ticket set state = 'discarded'")
    copy = """insert into ticket (state, call_id, received_at, changed_at) select 'discarded', call_id, received_at, changed_at
              from ticket where id = $1 returning id"""
    second = await desk.pool.fetchval(copy, first)
    async with asyncio.TaskGroup() as tasks, db.transaction(desk.pool) as connection:
        await connection.execute("update ticket set state = 'draft' where id = $1", first)
        other = tasks.create_task(desk.ask("li", "POST", f"/api/tickets/{second}/restore", {"version": 1}), name="other")
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        await until(lambda: desk.pool.fetchval(waiting), "the other waits for the first")
    status, problem = other.result()
    assert (status, problem["code"]) == (409, "conflict")


async def test_another_agent_may_read_but_not_touch_and_the_try_is_on_record(desk: Office) -> None:
    ticket = await new(desk)
    assert (await desk.ask("wang", "GET", f"/api/tickets/{ticket['id']}"))[0] == 200
    for what in ("confirm", "discard", "close", "restore"):
        assert (await step(desk, ticket, what, login="wang"))[0] == 403
    body = {"version": 1, "fields": {"description": "mine"}}
    assert (await desk.ask("wang", "PATCH", f"/api/tickets/{ticket['id']}", body))[0] == 403
    rows = await desk.pool.fetch("select person_id, object from audit where action = 'ticket.refused'")
    assert [tuple(row) for row in rows] == [(desk.people["wang"], f"ticket:{ticket['id']}")] * 5


@pytest.mark.parametrize("login", ["qa", "admin"])
async def test_inspectors_and_administrators_read_and_do_not_change(desk: Office, login: str) -> None:
    ticket = await new(desk)
    assert (await desk.ask(login, "GET", "/api/tickets"))[0] == 200
    assert (await step(desk, ticket, "confirm", login=login))[0] == 403
    assert (await desk.ask(login, "POST", "/api/tickets", {"key": "key-0009", "fields": {}}))[0] == 403


async def test_a_class_that_is_not_the_centres_is_named(desk: Office) -> None:
    status, problem = await desk.ask("li", "POST", "/api/tickets", {"key": "key-0001", "fields": {"business": "telex"}})
    assert (status, problem["fields"][0]["field"]) == (422, "business")


async def test_pages_follow_each_other_without_gap_or_repeat(desk: Office) -> None:
    made = [(await new(desk, key=f"key-{n:04d}"))["id"] for n in range(12)]  # all received in the same instant
    seen: list[int] = []
    after = ""
    while True:
        status, page = await desk.ask("li", "GET", f"/api/tickets?limit=5{after}")
        assert status == 200
        seen += [row["id"] for row in page["tickets"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == sorted(made, reverse=True)
    assert page["counts"] == {"draft": 12, "open": 0, "closed": 0, "discarded": 0, "mine": 12}


async def test_lists_are_filtered_by_state_and_owner(desk: Office) -> None:
    await step(desk, await new(desk), "confirm")
    await new(desk, key="key-0002", login="wang")
    assert len((await desk.ask("li", "GET", "/api/tickets?state=open"))[1]["tickets"]) == 1
    assert len((await desk.ask("li", "GET", "/api/tickets?owner=me"))[1]["tickets"]) == 1
    assert len((await desk.ask("qa", "GET", "/api/tickets"))[1]["tickets"]) == 2


@pytest.mark.parametrize(
    "text",
    [
        "T2026-11-000001",
        "t2026-11-000001",
        "13800138000",
        "8001380",
        "138%200013%208000",
        "%2B86%20138",
        "138%200013",
        "多收",
        "%E5%A4%9A%E6%94%B6",
    ],
)
async def test_tickets_are_found_by_number_customer_and_words(desk: Office, text: str) -> None:
    await step(desk, await new(desk), "confirm")
    await new(desk, {"description": "别的"}, key="key-0002")
    status, page = await desk.ask("li", "GET", f"/api/tickets?q={text}")
    assert (status, [row["number"] for row in page["tickets"]]) == (200, ["T2026-11-000001"])


@pytest.mark.parametrize("text", ["%25", "_", "((((a*)*)*)*)b", ":*%26|!", "'; drop table ticket;--", "x" * 80])
async def test_a_search_is_plain_text_whatever_it_holds(desk: Office, text: str) -> None:
    await new(desk)
    assert (await desk.ask("li", "GET", f"/api/tickets?q={text}"))[1]["tickets"] == []


async def test_a_text_search_goes_on_where_its_bounded_look_ended(desk: Office) -> None:
    sql = """insert into ticket (state, received_at, changed_at, description)
             select 'draft', $1::timestamptz - n * interval '1 second', $1, case when n = 5500 then '针' else '草' end
             from generate_series(1, 6000) n"""
    await desk.pool.execute(sql, desk.clock.now())
    _, first = await desk.ask("li", "GET", "/api/tickets?q=针")
    assert (first["tickets"], bool(first["next"])) == ([], True)
    _, second = await desk.ask("li", "GET", f"/api/tickets?q=针&after={first['next']}")
    assert [row["summary"] for row in second["tickets"]] == ["针"]
    assert second["next"] is None


async def test_a_cursor_that_is_none_is_refused(desk: Office) -> None:
    for cursor in ("x", "1~x", "99999999999999999~1", "-1~1"):
        assert (await desk.ask("li", "GET", f"/api/tickets?after={cursor}"))[0] == 422


# the words of a call --------------------------------------------------------------------------------------------------

CALL = "tingsu-1795467600.1"


async def call_draft(desk: Office, path: str = "1") -> int:
    at = desk.clock.now()
    sql = """insert into call (id, number, number_sent, name_sent, dialled, ivr_path, started_at, queued_at, answered_by)
             values ($1, '+8613800138000', '', '', '', $2, $3, $3, $4)"""
    await desk.pool.execute(sql, CALL, path, at, desk.people["li"])
    async with db.transaction(desk.pool) as connection:
        made = await draft_of_call(connection, CALL, at)
        assert made is not None
        return made


async def test_a_draft_knows_the_call_it_began_with_and_a_ticket_without_a_call_knows_none(desk: Office) -> None:
    ticket = await call_draft(desk)
    await new(desk)
    rows = await desk.pool.fetch("select ticket_id, call_id, why from ticket_call")
    assert [tuple(row) for row in rows] == [(ticket, CALL, "origin")]


def words(name: str, value: str | None, sure: bool = True, proposal: str | None = None) -> Filling:
    return Filling(name, value, Source("draft", sure, 0.9, proposal, (Evidence("词", "caller", 1.0, 2.0, 0.9),)))


async def test_words_fill_what_nobody_touched_and_carry_their_evidence(desk: Office) -> None:
    ticket = await call_draft(desk)
    body = {"version": 1, "fields": {"business": "data"}}
    await desk.ask("li", "PATCH", f"/api/tickets/{ticket}", body)
    async with db.transaction(desk.pool) as connection:
        filled = (
            words("business", "phone_card"),
            words("nature", "tariff"),
            words("description", None, False, "也许"),
            words("kind", "suggestion"),
        )
        await fill_from_words(connection, CALL, filled, desk.clock.now())
    _, after = await desk.ask("li", "GET", f"/api/tickets/{ticket}")
    assert (after["business"], after["nature"], after["description"], after["kind"]) == ("data", "tariff", "", "suggestion")
    assert after["sources"]["nature"]["evidence"][0]["quote"] == "词"
    assert (after["sources"]["description"]["sure"], after["sources"]["description"]["proposal"]) == (False, "也许")
    _, journal = await desk.ask("li", "GET", f"/api/tickets/{ticket}/journal")
    assert [(row["action"], row["by"]) for row in journal] == [("create", None), ("change", "Li"), ("fill", None)]


async def test_words_that_are_unsure_do_not_take_away_the_callers_choice(desk: Office) -> None:
    ticket = await call_draft(desk, path="2")
    async with db.transaction(desk.pool) as connection:
        await fill_from_words(connection, CALL, (words("kind", None, False, "complaint"),), desk.clock.now())
    assert (await desk.ask("li", "GET", f"/api/tickets/{ticket}"))[1]["kind"] == "suggestion"


async def test_words_for_a_confirmed_ticket_change_nothing(desk: Office) -> None:
    ticket = await call_draft(desk)
    await desk.ask("li", "PATCH", f"/api/tickets/{ticket}", {"version": 1, "fields": {"kind": "enquiry", "description": "a"}})
    await desk.ask("li", "POST", f"/api/tickets/{ticket}/confirm", {"version": 2})
    async with db.transaction(desk.pool) as connection:
        assert await fill_from_words(connection, CALL, (words("nature", "tariff"),), desk.clock.now()) is None


async def test_one_call_has_one_draft(desk: Office) -> None:
    first = await call_draft(desk)
    async with db.transaction(desk.pool) as connection:
        assert await draft_of_call(connection, CALL, desk.clock.now() + timedelta(seconds=1)) == first


async def shown(desk: Office, asked: str) -> list[Any]:
    """The ids of a whole list, read by pages of two."""
    ids, after = [], ""
    while True:
        status, page = await desk.ask("qa", "GET", f"/api/tickets?limit=2{asked}{after}")
        assert status == 200, page
        ids += [row["id"] for row in page["tickets"]]
        if page["next"] is None:
            return ids
        after = f"&after={page['next']}"


async def test_a_list_is_sorted_page_by_page_by_what_is_asked_for(desk: Office, clock: HandClock) -> None:
    made = []
    for number in range(5):
        made.append(await new(desk, key=f"key-sort-{number}"))
        clock.move(minutes=1)
    for place in (3, 0, 4):
        assert (await step(desk, made[place], "confirm"))[0] == 200
    ids = [ticket["id"] for ticket in made]
    assert await shown(desk, "") == await shown(desk, "&sort=-received") == ids[::-1]
    assert await shown(desk, "&sort=received") == ids
    by_number = [ids[1], ids[2], ids[3], ids[0], ids[4]]
    assert await shown(desk, "&sort=number") == by_number
    assert await shown(desk, "&sort=-number") == by_number[::-1]
    assert await shown(desk, "&sort=-number&state=open") == by_number[:1:-1]
    assert await shown(desk, "&sort=number&q=多收") == by_number


@pytest.mark.parametrize("asked", ["sort=customer", "sort=", "sort=-number&sort=number"])
async def test_an_order_that_there_is_not_is_refused_by_its_name(desk: Office, asked: str) -> None:
    status, problem = await desk.ask("qa", "GET", f"/api/tickets?{asked}")
    assert (status, problem["fields"][0]["field"]) == (422, "sort")
    assert problem["fields"][0]["wanted"]


async def test_a_list_goes_on_in_the_order_of_its_cursor(desk: Office) -> None:
    for number in range(3):
        await new(desk, key=f"key-goes-{number}")
    _, first = await desk.ask("qa", "GET", "/api/tickets?limit=1&sort=received")
    _, further = await desk.ask("qa", "GET", f"/api/tickets?limit=2&after={first['next']}")
    assert [row["id"] for row in first["tickets"] + further["tickets"]] == await shown(desk, "&sort=received")
    for cursor in ("received~T2026-11-000001~1", "number~~x", "-received~~1", "customer~1~1", "received~-1~1"):
        status, problem = await desk.ask("li", "GET", f"/api/tickets?after={cursor}")
        assert (status, problem["fields"][0]["field"]) == (422, "after")


async def each(desk: Office, action: str, *tickets: dict[str, Any], login: str = "li") -> Any:
    wanted = [{"id": ticket["id"], "version": ticket["version"]} for ticket in tickets]
    status, told = await desk.ask(login, "POST", "/api/ticket-steps", {"action": action, "tickets": wanted})
    assert status == 200, told
    return told


async def test_a_step_with_several_tickets_has_an_answer_for_each_and_is_undone(desk: Office) -> None:
    mine = [await new(desk, key=f"key-each-{n}") for n in range(3)]
    told = await each(desk, "discard", *mine)
    assert told == [{"id": ticket["id"], "version": 2, "problem": None} for ticket in mine]
    assert len(await shown(desk, "&state=discarded")) == 3
    assert [one["problem"] for one in await each(desk, "restore", *told)] == [None] * 3
    journal = (await desk.ask("li", "GET", f"/api/tickets/{mine[0]['id']}/journal"))[1]
    assert [row["action"] for row in journal] == ["create", "discard", "restore"]


async def test_what_cannot_be_done_with_one_of_several_is_told_and_keeps_none_of_the_others_back(desk: Office) -> None:
    good, old, case = [await new(desk, key=f"key-each-{n}") for n in range(3)]
    others = await new(desk, key="key-each-0", login="wang")
    await corrected(desk, old, {"answer": "已答复"})
    _, case = await step(desk, case, "confirm")
    told = await each(desk, "discard", others, old, case, {"id": 999_999, "version": 1}, good)
    assert [one["problem"] for one in told] == ["forbidden", "stale", "not_allowed", "not_found", None]
    assert [one["version"] for one in told] == [None, None, None, None, 2]
    assert await desk.pool.fetchval("select count(*) from audit where action = 'ticket.refused'") == 1
    assert await shown(desk, "&state=discarded") == [good["id"]]


async def test_a_row_of_a_list_says_what_its_reader_can_do_with_it(desk: Office) -> None:
    draft = await new(desk)
    for login, may in (("li", draft["may"]), ("wang", []), ("qa", [])):
        row = (await desk.ask(login, "GET", "/api/tickets"))[1]["tickets"][0]
        assert (row["version"], row["may"]) == (1, may), login


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "confirm", "tickets": [{"id": 1, "version": 1}]}, "action"),
        ({"action": "close", "tickets": [{"id": 1, "version": 1}]}, "action"),
        ({"action": "discard", "tickets": []}, "tickets"),
        ({"action": "discard", "tickets": [{"id": 1, "version": 1}] * 201}, "tickets"),
    ],
)
async def test_of_several_tickets_only_what_can_be_undone_is_done(desk: Office, body: dict[str, Any], field: str) -> None:
    status, problem = await desk.ask("li", "POST", "/api/ticket-steps", body)
    assert (status, problem["fields"][0]["field"]) == (422, field)


async def test_o6_a_list_is_filtered_by_severity_and_channel_and_says_how_many_there_are(desk: Office) -> None:
    """SPEC O6: how much weight a case has, and how it reached the centre."""
    wanted = [("ordinary", "telephone"), ("major", "letter"), ("major", "telephone"), ("serious", "letter")]
    made = {}
    for at, (severity, channel) in enumerate(wanted):
        fields = {"description": f"第 {at} 张", "severity": severity, "channel": channel}
        status, ticket = await desk.ask("li", "POST", "/api/tickets", {"key": f"key-facet-{at}", "fields": fields})
        assert status == 201, ticket
        made[ticket["id"]] = (severity, channel)

    async def listed(query: str) -> tuple[set[tuple[str, str]], dict[str, int]]:
        status, page = await desk.ask("li", "GET", f"/api/tickets?{query}")
        assert status == 200, page
        return {made[row["id"]] for row in page["tickets"]}, page["facets"]

    found, facets = await listed("severity=major")
    assert found == {("major", "letter"), ("major", "telephone")}
    assert {name: n for name, n in facets.items() if n} == {"severity:major": 2, "severity:serious": 1, "channel:letter": 2}
    assert (await listed("severity=major&channel=letter&state=draft"))[0] == {("major", "letter")}
    assert (await listed("channel=letter&q=张&sort=number"))[0] == {("major", "letter"), ("serious", "letter")}
    assert not any((await listed("state=open"))[1].values())
    assert (await listed("owner=me&severity=serious")) == ({("serious", "letter")}, {})
    assert (await desk.ask("li", "GET", "/api/tickets?severity=huge"))[0] == 422
