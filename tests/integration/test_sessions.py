"""What happens to sessions by themselves. Logging in and out: test_api_login."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from yarl import URL

from services.access import sessions as rooms
from services.access.actor import LoggedIn
from services.access.rights import Role
from services.access.sessions import KEPT, TOKEN_LENGTH, SessionLimits, Sessions, hash_of
from services.store import db
from tests.harness.api import PASSWORD, Api
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer
from tests.harness.patience import until

SOMEBODY = "insert into person (login, name, roles, password_hash, created_at) values ('li', 'Li', '{qa_inspector}', 'x', $1)"
OLD = "insert into session (token_hash, person_id, created_at, seen_at) select 'x', id, $1, $1 from person"
WAITING = "select query_start from pg_stat_activity where wait_event_type = 'Lock' and query like 'delete from session%'"


async def test_a_database_that_cannot_forget_now_is_asked_again(
    postgres: DatabaseServer, database: str, pool: db.Pool, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "SWEEP_S", 0.02)
    await pool.execute(SOMEBODY, clock.now())
    await pool.execute(OLD, clock.now() - 2 * KEPT)
    impatient = await db.open_pool(postgres.as_application(database), size=2, statement_ms=100)
    tries = set()

    async def two_tries() -> bool:
        tries.update(row["query_start"] for row in await pool.fetch(WAITING))
        return len(tries) > 1

    async with asyncio.TaskGroup() as tasks:
        async with pool.acquire() as other, other.transaction():
            await other.execute("lock table session")
            running = tasks.create_task(Sessions(impatient, clock, SessionLimits()).forget_old(), name="sessions")
            await until(two_tries, "a second try")
        await until(lambda: _forgotten(pool), "the old session is gone")
        running.cancel()
    await impatient.close()


async def _forgotten(pool: db.Pool) -> bool:
    return not await pool.fetchval("select count(*) from session")


ASK = "/api/me", "/api/system", "/api/system/aside", "/api/board"


async def test_with_the_database_away_those_who_were_in_see_what_works_and_nobody_else_does(api: Api, clock: HandClock) -> None:
    async with api.as_role(Role.administrator) as browser, api.client() as stranger:
        assert (await browser.get("/api/me")).status == 200
        await _away(api.pool)
        for path in ASK:
            assert (await browser.get(path)).status == 200, path
        assert (await browser.get("/api/tickets")).status == 503
        assert (await stranger.get("/api/system")).status == 401
        stranger.cookie_jar.update_cookies({"tingsu_session": "x" * TOKEN_LENGTH}, URL(api.url))
        assert (await stranger.get("/api/system")).status == 503  # whether it is in force, nobody knows
        clock.move(minutes=31)
        assert (await browser.get("/api/system")).status == 503


async def test_a_session_that_ended_is_not_remembered(api: Api) -> None:
    sessions = api.people.sessions
    token, person = await api.people.log_in("administrator", PASSWORD, peer="127.0.0.1")
    assert await sessions.who(token)
    assert sessions.remembered(token)
    await api.people.log_out(LoggedIn(person=person, session=hash_of(token)))
    assert sessions.remembered(token) is None


async def test_what_is_remembered_of_a_session_ends_at_its_absolute_limit_however_busy_it_is(api: Api, clock: HandClock) -> None:
    sessions, busy = api.people.sessions, timedelta(minutes=20)
    token, _ = await api.people.log_in("administrator", PASSWORD, peer="127.0.0.1")
    assert await sessions.who(token)
    for _ in range(sessions.limits.absolute // busy - 1):
        clock.move(minutes=20)
        assert sessions.remembered(token)
    clock.move(minutes=20)
    assert sessions.remembered(token) is None


@pytest.mark.parametrize("rung", ["his", None])
async def test_a_session_ended_elsewhere_is_asked_of_the_database_again(api: Api, rung: str | None) -> None:
    sessions = api.people.sessions
    token, person = await api.people.log_in("administrator", PASSWORD, peer="127.0.0.1")
    await sessions.who(token)
    await sessions.rung("0")
    assert sessions.remembered(token)
    await sessions.rung(str(person.id) if rung else None)
    assert sessions.remembered(token) is None


async def test_with_the_database_away_a_browser_that_comes_back_is_let_in(api: Api) -> None:
    async with api.as_role(Role.junior_agent) as browser:
        assert (await browser.get("/api/me")).status == 200
        await _away(api.pool)
        async with browser.ws_connect("/api/live") as socket:
            await socket.send_json({"type": "resume", "since": 0})
            assert (await socket.receive_json())["type"] == "hello"


async def test_with_the_database_away_an_agent_gets_out_of_a_pause(api: Api) -> None:
    async with api.as_role(Role.junior_agent) as browser:
        headers = {"Origin": api.url}
        paused = await browser.put("/api/me/state", json={"state": "paused", "reason": "missed_ring"}, headers=headers)
        assert paused.status == 200, await paused.text()
        await _away(api.pool)
        ready = await browser.put("/api/me/state", json={"state": "ready", "reason": ""}, headers=headers)
        assert ready.status == 200, await ready.text()


async def _away(pool: db.Pool) -> None:
    """Nothing comes of any connection any more."""
    await pool.close()
