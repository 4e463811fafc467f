"""One policy for a call, its sound and its words, wherever they are shown; and who looked, or was refused, is on record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.access.rights import Role
from services.calls.store import QUERIES as CALLS
from services.now import SystemClock
from services.store import db
from services.tickets.model import Evidence, Source
from tests.harness.api import Api
from tests.harness.office import Office, office

SECRET = "密语甲乙"
"""Said in the call; in quotes, in a proposal, in the drafted text and in the journal."""
CALL = "tingsu-1795467600.{}"
MINE, COLLEAGUES, NOBODYS, CONFIRMED = 1, 2, 3, 4


@pytest_asyncio.fixture
async def desk(pool: db.Pool, tmp_path: Path) -> AsyncIterator[Office]:
    """Li spoke in 2 and 4 and has their tickets, Wang in 1; in 3 nobody did, and its draft waits for whoever takes it."""
    async with office(pool, SystemClock(), tmp_path, drained=False) as running:
        li, wang = await running.hire("li", extension="1001"), await running.hire("wang", extension="1002")
        await running.hire("qa", role="qa_inspector")
        for number, person in ((MINE, wang), (COLLEAGUES, li), (NOBODYS, None), (CONFIRMED, li)):
            await seed(pool, number, person)
        await pool.execute(
            "update ticket set state = 'open', number = 'T2026-11-000001', confirmed_at = now() where id = $1", CONFIRMED
        )
        yield running


async def seed(pool: db.Pool, number: int, person: int | None) -> None:
    call, words = CALL.format(number), [{"speaker": "caller", "start": 0.0, "end": 1.0, "text": SECRET, "words": []}]
    await pool.execute(
        """insert into call (id, number, number_sent, name_sent, dialled, started_at, ended_at, outcome)
           values ($1, '', '', '', '', now(), now(), 'answered')""",
        call,
    )
    if person:
        await pool.execute(
            "insert into call_leg (call_id, channel, person_id, answered_at) values ($1, 'x', $2, now())", call, person
        )
    await pool.execute("insert into recording (call_id, state, due_at) values ($1, 'failed', now())", call)
    await pool.execute(
        """insert into transcript (recording_id, state, due_at, utterances)
           select id, 'done', now(), $2 from recording where call_id = $1""",
        call, words,
    )  # fmt: skip
    said = Source("draft", conf=0.9, evidence=(Evidence(SECRET, "caller", 0.0, 1.0, 0.9),)).as_json()
    unsure = Source("draft", sure=False, proposal=SECRET).as_json()
    await pool.execute(
        """insert into ticket (state, call_id, received_at, changed_at, owner_id, description, sources)
           values ('draft', $1, now(), now(), $2, $3, $4)""",
        call, person, f"说：{SECRET}", {"description": said, "address": unsure},
    )  # fmt: skip
    await pool.execute(
        """insert into ticket_journal (ticket_id, seq, at, action, changes)
           select id, 1, now(), 'fill', $2 from ticket where call_id = $1""",
        call, {"description": ["", SECRET]},
    )  # fmt: skip


async def places(desk: Office, login: str, number: int) -> dict[str, tuple[int, Any]]:
    """Everywhere something of the call can be seen."""
    call = CALL.format(number)
    listed = await desk.ask(login, "GET", "/api/calls")
    tickets = await desk.ask(login, "GET", "/api/tickets")
    return {
        "list": (listed[0], [row for row in listed[1]["calls"] if row["id"] == call]),
        "call": await desk.ask(login, "GET", f"/api/calls/{call}"),
        "sound": await desk.ask(login, "GET", f"/api/calls/{call}/audio"),
        "ticket": await desk.ask(login, "GET", f"/api/tickets/{number}"),
        "journal": await desk.ask(login, "GET", f"/api/tickets/{number}/journal"),
        "tickets": (tickets[0], [row for row in tickets[1]["tickets"] if row["id"] == number]),
        "search": await desk.ask(login, "GET", f"/api/tickets?state=draft&q={SECRET}"),
    }


async def test_what_one_place_refuses_no_other_shows(desk: Office) -> None:
    seen = await places(desk, "wang", COLLEAGUES)
    assert (seen["list"][1], seen["call"][0], seen["sound"][0]) == ([], 404, 403)
    for place in ("ticket", "journal", "tickets"):
        assert (place, seen[place][0], SECRET in str(seen[place][1])) == (place, 200, False)
    assert {row["id"] for row in seen["search"][1]["tickets"]} == {MINE, NOBODYS}


async def test_what_one_may_see_is_seen_everywhere(desk: Office) -> None:
    for login, number in (("li", COLLEAGUES), ("wang", MINE), ("wang", NOBODYS), ("qa", COLLEAGUES), ("qa", NOBODYS)):
        seen = await places(desk, login, number)
        assert seen["list"][1], (login, number)
        assert seen["sound"][0] == 404  # there is none; it is not refused
        for place in ("call", "ticket", "journal", "tickets"):
            assert (login, number, place, SECRET in str(seen[place][1])) == (login, number, place, True)


@pytest.mark.parametrize("level", ["senior", "manager"])
async def test_what_lies_in_the_tray_of_another_level_is_nobodys_to_listen_to(desk: Office, pool: db.Pool, level: str) -> None:
    """Whoever hands a case over lets go of it: a complaint about Wang at the manager hotline is not Wang's to hear."""
    await pool.execute("update ticket set owner_id = null, level = $2 where id = $1", CONFIRMED, level)
    seen = await places(desk, "wang", CONFIRMED)
    assert (seen["list"][1], seen["call"][0], seen["sound"][0]) == ([], 404, 403)
    owners = await CALLS.owners.fetch(pool, calls=[CALL.format(CONFIRMED), CALL.format(NOBODYS)])
    assert {row["call"]: row["owners"] for row in owners} == {
        CALL.format(CONFIRMED): [desk.people["li"]], CALL.format(NOBODYS): [None],
    }  # fmt: skip
    for login in ("li", "qa"):  # who spoke in it, and who hears all
        assert (await desk.ask(login, "GET", f"/api/calls/{CALL.format(CONFIRMED)}"))[0] == 200


async def test_a_confirmed_case_is_read_by_all_but_without_the_words_behind_it(desk: Office) -> None:
    _, ticket = await desk.ask("wang", "GET", f"/api/tickets/{CONFIRMED}")
    assert ticket["description"] == f"说：{SECRET}"
    assert [source["evidence"] for source in ticket["sources"].values()] == [[], []]
    assert ticket["sources"]["address"]["proposal"] is None
    assert (await desk.ask("wang", "GET", f"/api/calls/{CALL.format(CONFIRMED)}"))[0] == 404


async def test_the_list_of_calls_shows_exactly_those_that_may_be_opened(desk: Office) -> None:
    for login in ("li", "wang", "qa"):
        _, listed = await desk.ask(login, "GET", "/api/calls")
        calls = [CALL.format(number) for number in (MINE, COLLEAGUES, NOBODYS, CONFIRMED)]
        opened = {call for call in calls if (await desk.ask(login, "GET", f"/api/calls/{call}"))[0] == 200}
        assert {row["id"] for row in listed["calls"]} == opened


async def test_reading_and_being_refused_are_on_record_once_a_minute(desk: Office, pool: db.Pool) -> None:
    for _ in range(3):
        await places(desk, "wang", COLLEAGUES)
        await places(desk, "wang", MINE)
    rows = await pool.fetch(
        "select action, object, detail from audit where person_id = $1 and action <> 'login'", desk.people["wang"]
    )
    mine, colleagues = f"call:{CALL.format(MINE)}", f"call:{CALL.format(COLLEAGUES)}"
    assert sorted((row["action"], row["object"], str(row["detail"])) for row in rows) == sorted(
        [
            ("call.refused", colleagues, "{}"),
            ("recording.refused", colleagues, "{}"),
            ("transcript.read", mine, "{}"),
            ("transcript.read", mine, "{'through': 'ticket'}"),
        ]
    )


async def test_leafing_through_the_customers_is_on_record(api: Api) -> None:
    async with api.as_role(Role.junior_agent) as browser:
        for path in ("/api/customers", "/api/customers?q=138", "/api/customers", "/api/customers?q=139"):
            async with browser.get(path) as answer:
                assert answer.status == 200
    rows = await api.pool.fetch("select detail from audit where action = 'customer.list'")
    assert [row["detail"] for row in rows] == [{"search": "no"}, {"search": "yes"}]
