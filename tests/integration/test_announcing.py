"""Whatever changes a ticket or a call is told to the browsers of those who may see it, and to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest_asyncio

from cti.changes import CallAnswered, CallEnded, CallOutcome, CallStarted
from cti.ids import Extension
from services.access.actor import LoggedIn, Person
from services.access.reads import Reads
from services.access.rights import Role
from services.bells import Change, Kind, tell_changed
from services.customers.actions import Customers
from services.customers.model import CustomerFields
from services.now import SystemClock
from services.store import db
from services.tickets.actions import fill_from_words
from services.tickets.model import Filling, Source
from services.web.changed import MOST
from tests.harness.database import DatabaseServer
from tests.harness.office import T0, Browser, Office, call_id, leg_id, office

COMPLAINT = {
    "kind": "complaint", "business": "data", "nature": "tariff", "description": "多收了钱", "customer_number": "13800138000",
}  # fmt: skip
Thing = tuple[str, str | None, int]


@pytest_asyncio.fixture
async def desk(pool: db.Pool, postgres: DatabaseServer, database: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, SystemClock(), tmp_path, database=postgres.as_application(database)) as running:
        await running.hire("li", extension="1001")
        await running.hire("wang", extension="1002")
        await running.hire("qa", role="qa_inspector")
        yield running


async def heard(browser: Browser, until: Callable[[Thing], bool]) -> list[Thing]:
    """Everything a browser is told until something is the case."""
    told: list[Thing] = []
    while not any(map(until, told)):
        message = await browser.next("changed")
        told += [(thing["kind"], thing["id"], thing["version"]) for thing in message["things"]]
    return told


async def hears(browser: Browser, ticket: dict[str, Any]) -> bool:
    """Whether it is told of the ticket as it is now; raises TimeoutError when it is not."""
    return bool(await heard(browser, lambda thing: thing == ("ticket", str(ticket["id"]), ticket["version"])))


async def ask(desk: Office, method: str, path: str, body: object) -> dict[str, Any]:
    status, answer = await desk.ask("li", method, path, body)
    assert status in {200, 201}, answer
    return dict(answer)


async def step(desk: Office, ticket: dict[str, Any], name: str) -> dict[str, Any]:
    body = {"version": ticket["version"], **({"closing": "confirmed"} if name == "close" else {})}
    return await ask(desk, "POST", f"/api/tickets/{ticket['id']}/{name}", body)


async def change(desk: Office, ticket: dict[str, Any], **fields: str) -> dict[str, Any]:
    return await ask(desk, "PATCH", f"/api/tickets/{ticket['id']}", {"version": ticket["version"], "fields": fields})


async def create(desk: Office, key: str = "key-0001") -> dict[str, Any]:
    return await ask(desk, "POST", "/api/tickets", {"key": key, "fields": COMPLAINT})


async def test_each_step_of_a_ticket_is_told_to_another_persons_browser(desk: Office) -> None:
    async with desk.browser("wang") as other:
        await other.next("hello")
        ticket = await create(desk)
        assert await hears(other, ticket)
        for name in ("discard", "restore", "confirm"):
            ticket = await step(desk, ticket, name)
            assert await hears(other, ticket)
        ticket = await change(desk, ticket, answer="退款")
        assert await hears(other, ticket)
        ticket = await step(desk, ticket, "close")
        assert await hears(other, ticket)


async def test_a_draft_that_the_words_filled_is_told(desk: Office) -> None:
    await answered(desk)
    await desk.written()
    async with desk.browser("wang") as other:
        await other.next("hello")
        async with db.transaction(desk.pool) as connection:
            filled = await fill_from_words(
                connection, call_id(), (Filling("kind", "enquiry", Source("draft", conf=0.9)),), desk.clock.now()
            )
        assert filled is not None
        assert await hears(other, {"id": filled.id, "version": filled.version})


def person(number: int, role: Role) -> Person:
    return Person(
        id=number, login="x", name="X", roles=(role,), extension=None, phone_kind="browser", phone_secret_n=1, language="en",
        must_change=False, active=True,
    )  # fmt: skip


async def tell(desk: Office, *changes: Change) -> None:
    async with db.transaction(desk.pool) as connection:
        await tell_changed(connection, *changes)


async def test_a_thousand_changes_at_once_are_a_few_words(desk: Office) -> None:
    async with desk.browser("qa") as browser:
        await browser.next("hello")
        await tell(desk, *(Change(Kind.TICKET, str(number), 1) for number in range(1_000)))
        await tell(desk, Change(Kind.CALL, "last", 1))
        told = await heard(browser, lambda thing: thing[:2] == ("call", "last"))
    assert ("ticket", None, 0) in told
    assert len(told) <= 3 * MOST


async def test_after_a_lost_bell_everybody_looks_again(desk: Office) -> None:
    async with desk.browser("wang") as other:
        await other.next("hello")
        await hears(other, await create(desk))
        ended = await desk.pool.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where query like 'LISTEN%' and datname = current_database()"
        )
        assert ended == 1
        told = await heard(other, lambda thing: thing[:2] == ("ticket", None))
        assert ("ticket", None, 0) in told
        await hears(other, await create(desk, key="key-0002"))


async def test_a_change_of_customers_and_a_row_of_the_audit_are_told_to_who_may_see_them_alone(desk: Office) -> None:
    keeper = await desk.hire("keeper", role="administrator")
    kept = Customers(desk.pool, desk.clock, Reads(desk.pool, desk.clock))
    by = LoggedIn(person=person(keeper, Role.administrator), session=b"")
    async with desk.browser("qa") as reader, desk.browser("keeper") as administrator:
        for browser in (reader, administrator):
            await browser.next("hello")
        await tell(desk, Change(Kind.TICKET, "first", 1))  # what was told at the start is told by then
        for browser in (reader, administrator):
            await heard(browser, lambda thing: thing[:2] == ("ticket", "first"))
        made = await kept.create(CustomerFields(number="13800138000", name="张三"), by=by)
        for browser in (reader, administrator):
            await heard(browser, lambda thing: thing[:2] == ("customer", str(made.id)) and thing[2] > 0)
        await kept.change(made.id, CustomerFields(number="13800138000", name="李四"), by=by)
        await tell(desk, Change(Kind.CUSTOMER), Change(Kind.TICKET, "last", 1))
        told = await heard(reader, lambda thing: thing[:2] == ("ticket", "last"))
        assert ("customer", None, 0) in told
        assert "audit" not in {kind for kind, _, _ in told}
        assert ("audit", None, 0) in await heard(administrator, lambda thing: thing[:2] == ("ticket", "last"))


async def answered(desk: Office, at: datetime = T0) -> None:
    await desk.change(
        CallStarted(at=at, call=call_id(), number="13800138000", name="", dialled="1000"),
        CallAnswered(at=at, call=call_id(), leg=leg_id(), extension=Extension("1001"), rang_ms=1_000, waited_ms=2_000),
    )


async def test_a_call_is_told_to_who_spoke_in_it_and_to_who_may_see_all(desk: Office) -> None:
    async with desk.browser("li") as mine, desk.browser("wang") as other, desk.browser("qa") as inspector:
        for browser in (mine, other, inspector):
            await browser.next("hello")
        await answered(desk)
        for browser in (mine, inspector):
            await heard(browser, lambda thing: thing[:2] == ("call", call_id()))
        await desk.change(CallEnded(at=T0, call=call_id(), outcome=CallOutcome.ANSWERED, waited_ms=2_000, talked_ms=1_000))
        await desk.written()
        for browser in (mine, inspector):
            await heard(browser, lambda thing: thing[:2] == ("call", call_id()))
        await tell(desk, Change(Kind.TICKET, "1", 99))
        told = await heard(other, lambda thing: thing[2] == 99)
        assert not [thing for thing in told if thing[0] == "call" and thing[1] is not None]
