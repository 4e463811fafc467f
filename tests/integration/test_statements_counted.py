"""How often a request asks the database: what grows with the rows that it shows would be slow where there are many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import Office, office
from tests.integration.test_orders import case, dispatch, step

MOST = 8
AROUND = ("BEGIN", "COMMIT", "ROLLBACK", "set local")


class Counted:
    """A house whose pool notes every statement."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.desk: Office

    def hear(self, record: Any) -> None:
        self.heard.append(record.query)

    async def ask(self, login: str, method: str, path: str, body: object = None) -> list[str]:
        """What one request asked of the database; it is answered well."""
        self.heard.clear()
        status, answer = await self.desk.ask(login, method, path, body)
        assert status in {200, 201}, (path, answer)
        return list(self.heard)


def asked(heard: list[str]) -> list[str]:
    return [one for one in heard if not one.startswith(AROUND)]


@pytest_asyncio.fixture
async def house(database: str, clock: HandClock, tmp_path: Path) -> AsyncIterator[Counted]:
    made = Counted()

    async def admit(connection: db.Connection) -> None:
        connection.add_query_logger(made.hear)

    pool = await db.open_pool(database, size=5, admit=admit)
    async with office(pool, clock, tmp_path, drained=False) as made.desk:
        network, billing = await made.desk.department("network"), await made.desk.department("billing", 48)
        for login, role, department in [
            ("li", "junior_agent", None),
            ("zhao", "senior_agent", None),
            ("net", "department_officer", network),
            ("bill", "department_officer", billing),
        ]:
            await made.desk.hire(login, role, department=department)
        yield made
    await pool.close()


async def test_a_new_ticket_is_eight_statements_at_most_and_one_commit(house: Counted) -> None:
    fields = {"kind": "complaint", "business": "data", "description": "多收了钱", "customer_number": "13800138000"}
    heard = await house.ask("li", "POST", "/api/tickets", {"key": "key-of-this-one", "fields": fields})
    assert len(asked(heard)) <= MOST, heard
    assert sum(one.startswith("COMMIT") for one in heard) == 1


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("zhao", "/api/tickets?state=open"),
        ("zhao", "/api/tickets?q=13800138000"),
        ("zhao", "/api/tickets?q=%E5%A4%9A%E6%94%B6"),
        ("zhao", "/api/tickets/{ticket}"),
        ("zhao", "/api/tickets/{ticket}/journal"),
        ("zhao", "/api/tickets/{ticket}/orders"),
        ("zhao", "/api/tickets/{ticket}/progress"),
        ("zhao", "/api/tickets/{ticket}/clocks"),
        ("zhao", "/api/orders/{order}"),
        ("zhao", "/api/orders/{order}/journal"),
        ("zhao", "/api/reviews"),
        ("zhao", "/api/open-cases"),
        ("zhao", "/api/open-case-figures"),
        ("zhao", "/api/department-figures"),
        ("net", "/api/orders"),
        ("net", "/api/me/home"),
    ],
)
async def test_what_is_shown_is_eight_statements_at_most_however_much_it_is(house: Counted, login: str, path: str) -> None:
    made = []
    for _ in range(MOST + 1):  # each with a ticket of its own
        ticket = await case(house.desk, "zhao")
        order = await dispatch(house.desk, ticket, "zhao")
        await step(house.desk, "zhao", order, "remind", note="请尽快")
        made.append((ticket["id"], order["id"]))
    await dispatch(house.desk, {"id": made[0][0], "version": 3}, "zhao", "billing", leads=False)
    heard = await house.ask(login, "GET", path.format(ticket=made[0][0], order=made[0][1]))
    assert len(asked(heard)) <= MOST, heard


async def test_a_connection_comes_from_the_pool_and_goes_back_without_a_statement_of_its_own(house: Counted) -> None:
    house.heard.clear()
    async with db.connection(house.desk.pool) as taken:
        await taken.fetchval("select 1")
    async with db.transaction(house.desk.pool) as taken:
        await taken.fetchval("select 2")
    async with db.connection(house.desk.pool) as taken:  # what the driver says at the end is heard by now
        await taken.fetchval("select 3")
    assert house.heard[:4] == ["select 1", "BEGIN;", "select 2", "COMMIT;"]
