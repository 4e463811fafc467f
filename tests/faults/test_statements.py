"""kill -9 before each statement of a step with a case: it is wholly done, or not begun, and pressing again does it once."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from services.store import db
from tests.faults.conftest import Tried
from tests.harness import dying
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer
from tests.harness.office import Office, office
from tests.harness.patience import seconds, until

CASE = {"kind": "complaint", "business": "data", "nature": "tariff", "description": "多收了钱", "customer_number": "13800138000"}
MOST = 60
"""No step here has so many statements."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Press:
    """A button: who presses it, and what the browser sends; sent again when no answer came."""

    login: str
    path: str
    body: Json


Prepare = Callable[[Office, int], Awaitable[tuple[int, Press]]]


async def _case(desk: Office, number: int, login: str) -> Json:
    fields = {**CASE, "answer": "已答复"}
    _, draft = await desk.ask(login, "POST", "/api/tickets", {"key": f"case-{login}-{number:04d}", "fields": fields})
    status, ticket = await desk.ask(login, "POST", f"/api/tickets/{draft['id']}/confirm", {"version": draft["version"]})
    assert status == 200, ticket
    return dict(ticket)


async def _dispatched(desk: Office, number: int, login: str) -> tuple[Json, Json]:
    ticket = await _case(desk, number, login)
    status, order = await desk.ask(
        login, "POST", f"/api/tickets/{ticket['id']}/orders", await _wish(desk, ticket, f"before-{number:04d}")
    )
    assert status == 201, order
    return ticket, dict(order)


async def _wish(desk: Office, ticket: Json, key: str) -> Json:
    department = await desk.pool.fetchval("select id from department where code = 'network'")
    return {"key": key, "version": ticket["version"], "department": department, "task": "查清并答复"}


async def dispatch(desk: Office, number: int) -> tuple[int, Press]:
    """A senior's dispatch leaves at once: order, paper, number, clocks, the case's journal."""
    ticket = await _case(desk, number, "zhao")
    return ticket["id"], Press("zhao", f"/api/tickets/{ticket['id']}/orders", await _wish(desk, ticket, f"press-{number:04d}"))


async def approve(desk: Office, number: int) -> tuple[int, Press]:
    """The second review of a junior's dispatch, which leaves with it."""
    ticket, order = await _dispatched(desk, number, "li")
    (paper,) = order["papers"]
    return ticket["id"], Press("zhao", f"/api/papers/{paper['id']}/review", {"version": paper["version"], "verdict": "approve"})


async def give_back(desk: Office, number: int) -> tuple[int, Press]:
    """The department's return (回单)."""
    ticket, order = await _dispatched(desk, number, "zhao")
    return ticket["id"], Press("net", f"/api/orders/{order['id']}/return", {"version": order["version"], "answer": "已退费"})


async def second(desk: Office, number: int) -> tuple[int, Press]:
    """A second dispatch with its written warning (SPEC N5)."""
    ticket, order = await _dispatched(desk, number, "zhao")
    for login, step, more in (("net", "return", {"answer": "已退费"}), ("zhao", "settle", {})):
        body = {"version": order["version"], **more}
        status, order = await desk.ask(login, "POST", f"/api/orders/{order['id']}/{step}", body)
        assert status == 200, order
    _, ticket = await desk.ask("zhao", "GET", f"/api/tickets/{ticket['id']}")
    wish = await _wish(desk, ticket, "")
    del wish["key"]
    wish |= {"version": order["version"], "reason": "客户不满意", "warning": "上次答复没有解决"}
    return ticket["id"], Press("zhao", f"/api/orders/{order['id']}/second", wish)


async def close(desk: Office, number: int) -> tuple[int, Press]:
    """The case is answered and closed."""
    ticket = await _case(desk, number, "zhao")
    return ticket["id"], Press(
        "zhao", f"/api/tickets/{ticket['id']}/close", {"version": ticket["version"], "closing": "confirmed"}
    )


@pytest.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path / "living", drained=False) as running:
        network = await running.department("network")
        await running.hire("li")
        await running.hire("zhao", "senior_agent")
        await running.hire("net", "department_officer", department=network)
        yield running


@pytest.mark.parametrize("prepare", [dispatch, approve, give_back, second, close])
async def test_kill_before_each_statement_leaves_a_step_done_or_not_begun(
    desk: Office, postgres: DatabaseServer, database: str, tmp_path: Path, tried: Tried, prepare: Prepare
) -> None:
    url = postgres.as_application(database)
    ticket, press = await prepare(desk, 0)
    async with _serving(url, tmp_path / "whole") as whole:
        assert (status := await whole.send(desk, press)) < 300, status
        statements = await whole.counted()
    done = await _picture(desk.pool, ticket)
    assert 5 < statements < MOST, "each is a moment to die at"
    tried(f"kill -9 at a statement of {prepare.__name__}", statements + 1)
    ends = set()
    for at in range(statements + 1):
        ticket, press = await prepare(desk, 1 + at)
        begun = await _picture(desk.pool, ticket)
        assert begun != done
        async with _serving(url, tmp_path / f"at{at}") as mortal:
            await mortal.arm(at)
            assert await mortal.send(desk, press) is None, "no answer came"
        await until(lambda: _nobody(desk.pool), "the database to notice")
        left = await _picture(desk.pool, ticket)
        assert left in (begun, done), f"half done at statement {at}: {left}"
        ends.add(left == done)
        await _again(desk, press, was_done=left == done)
        assert await _picture(desk.pool, ticket) == done, f"pressed again after statement {at}"
    assert ends == {True, False}


async def _again(desk: Office, press: Press, *, was_done: bool) -> None:
    """The same is sent once more, as a browser does that heard nothing: done by now, or told that it was."""
    status, answer = await desk.ask(press.login, "POST", press.path, press.body)
    assert status in ((200, 201, 409) if was_done else (200, 201)), answer


class _Mortal:
    """A server that dies when it is told to."""

    def __init__(self, url: str, pipe: Any) -> None:
        self.url = url
        self._pipe = pipe

    async def arm(self, at: int | None) -> int:
        """Dies before the statement of this number from now on; how many there were since it was last asked."""
        self._pipe.send(at)
        counted: int = await asyncio.to_thread(self._pipe.recv)
        return counted

    async def counted(self) -> int:
        return await self.arm(None)

    async def send(self, desk: Office, press: Press) -> int | None:
        """The answer's status; None if none came."""
        headers = {"Cookie": f"tingsu_session={desk.tokens[press.login]}", "Origin": self.url}
        with suppress(aiohttp.ClientError):
            async with (
                aiohttp.ClientSession() as http,
                http.post(self.url + press.path, json=press.body, headers=headers) as answer,
            ):
                return answer.status
        return None


@asynccontextmanager
async def _serving(url: str, folder: Path) -> AsyncIterator[_Mortal]:
    ours, its = dying.CONTEXT.Pipe()
    folder.mkdir()
    process = dying.CONTEXT.Process(target=dying.serve, args=(url, folder, its), daemon=True)
    await asyncio.to_thread(process.start)
    its.close()
    try:
        assert await asyncio.to_thread(ours.poll, seconds(30)), "it serves"
        mortal = _Mortal(ours.recv(), ours)
        await mortal.arm(None)
        yield mortal
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        ours.close()


async def _nobody(pool: db.Pool) -> bool:
    return not await pool.fetchval("select count(*) from pg_stat_activity where application_name = $1", dying.NAME)


ABOUT = {
    "ticket_id": "= $1",
    "order_id": "in (select id from work_order where ticket_id = $1)",
    "outgoing_id": "in (select outgoing.id from outgoing join work_order on work_order.id = order_id where ticket_id = $1)",
}
"""How a row points to a case: whatever table has such a column, today or tomorrow, is looked at."""


async def _picture(pool: db.Pool, ticket: int) -> dict[str, list[str]]:
    """All that the database has about a case, without what differs from one case to the next."""
    columns = await pool.fetch(
        "select table_name, column_name from information_schema.columns join information_schema.tables using (table_name)"
        " where columns.table_schema = 'public' and table_type = 'BASE TABLE' and column_name = any($1)",
        list(ABOUT),
    )
    tables: dict[str, list[str]] = {"ticket": ["id = $1"]}
    for row in columns:
        tables.setdefault(row["table_name"], []).append(f"{row['column_name']} {ABOUT[row['column_name']]}")
    picture = {}
    for table, conditions in sorted(tables.items()):
        rows = await pool.fetch(f"select to_jsonb({table}) as row from {table} where {' or '.join(conditions)}", ticket)
        picture[table] = sorted(json.dumps(_plain(row["row"]), sort_keys=True, ensure_ascii=False) for row in rows)
    return picture


_PLAIN = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*"), "a moment"),
    (re.compile(r"[TWJ]\d{4}-(\d\d-)?\d+"), "a number"),
    (re.compile(r"\\x[0-9a-f]+"), "bytes"),
    (re.compile(r"(case|press|before)-.*"), "a key"),
    (re.compile(r"(order|paper|ticket|warning|extension)(:\d+)+"), "a cause"),
)


IDS = frozenset({"id", "second_of", "place"})
"""Columns that hold an id, and do not say so at their end."""


def _plain(kept: Any) -> Any:
    match kept:
        case dict():
            return {
                name: value if value is None else "an id" if name in IDS or name.endswith("_id") else _plain(value)
                for name, value in kept.items()
            }
        case list():
            return [_plain(one) for one in kept]
        case str():
            return next((said for pattern, said in _PLAIN if pattern.fullmatch(kept)), kept)
    return kept
