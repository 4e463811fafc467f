"""Cases of the last days, each taken through what its people would have done, by the program's own actions and a clock that
stands where they stood: so some clocks run, some have run out, and every desk has something to do.

Nothing is written into tables by hand. A case whose key is known is there already, whatever has become of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heapreplace
from zoneinfo import ZoneInfo

from services import commands, plans
from services.access.actor import LoggedIn, Person
from services.config import Config
from services.now import Clock
from services.orders.actions import Orders
from services.orders.hands import Hands
from services.orders.model import Dispatch, Mark, Order, Outgoing, Said, Verdict
from services.orders.papers import Papers
from services.orders.store import load, open_paper
from services.store.db import Pool, transaction
from services.tickets.actions import Tickets
from services.tickets.model import Ticket
from tests.demo.cast import HISTORY, Deed, Past


class Then:
    """A clock that shows another time than the wall's, and goes on as fast."""

    def __init__(self, real: Clock, ago: timedelta) -> None:
        self._real = real
        self._ago = ago

    def now(self) -> datetime:
        return self._real.now() - self._ago

    def monotonic(self) -> float:
        return self._real.monotonic()

    def on(self, minutes: float) -> None:
        """So much later, but never in the future."""
        self._ago = max(self._ago - timedelta(minutes=minutes), timedelta())


@dataclass(frozen=True, slots=True)
class Hall:
    """The actions of one case, all by one clock."""

    pool: Pool
    clock: Then
    tickets: Tickets
    papers: Papers
    orders: Orders
    people: Mapping[str, LoggedIn]
    departments: Mapping[str, int]


async def live_through(config: Config, tell: commands.Tell, history: Sequence[Past] = HISTORY) -> None:
    """All of them, beside the program that serves."""
    async with commands.people(config, tell) as accounts:
        await live_all(config, accounts.pool, accounts.clock, await accounts.everybody(), history)


async def live_all(config: Config, pool: Pool, clock: Clock, staff: Sequence[Person], history: Sequence[Past]) -> None:
    """The same in a database that is at hand."""
    people = {one.login: LoggedIn(person=one, session=b"") for one in staff}
    departments = {row["code"]: row["id"] for row in await pool.fetch("select code, id from department")}
    lives: list[tuple[datetime, int, AsyncIterator[datetime]]] = []
    for number, past in enumerate(history):
        hall = _hall(config, pool, Then(clock, timedelta(hours=past.hours)), people, departments)
        lives.append((hall.clock.now(), number, _live(hall, past, key=f"demo-past-{number:03d}")))
    heapify(lives)
    while lives:  # what happened first is done first, whichever case it was: rows stand in the order of their times
        _, number, life = lives[0]
        after = await anext(life, None)
        if after is None:
            heappop(lives)
        else:
            heapreplace(lives, (after, number, life))


def _hall(config: Config, pool: Pool, clock: Then, people: Mapping[str, LoggedIn], departments: Mapping[str, int]) -> Hall:
    zone, clocks, limit = ZoneInfo(config.centre.timezone), plans.clocks(config), config.orders.refusals
    hands = Hands(pool, clock, clocks)
    tickets = Tickets(pool, clock, zone, plans.numbering(config), clocks=clocks)
    return Hall(pool, clock, tickets, Papers(hands, zone, limit), Orders(hands, limit), people, departments)


async def _live(hall: Hall, past: Past, *, key: str) -> AsyncIterator[datetime]:
    """One case, step by step; when the next step was comes before it."""
    owner = hall.people[past.owner]
    ticket, is_new = await hall.tickets.new({**past.fields, "customer_number": past.number}, key=key, by=owner)
    if not is_new:
        return
    hall.clock.on(3)
    ticket = await hall.tickets.confirm(ticket.id, ticket.version, by=owner)
    order: Order | None = None
    for number, deed in enumerate(past.deeds):
        hall.clock.on(deed.after)
        yield hall.clock.now()
        order = await _do(hall, ticket, order, deed, hall.people[deed.by or past.owner], f"{key}-{number}")


async def _do(hall: Hall, ticket: Ticket, order: Order | None, deed: Deed, by: LoggedIn, key: str) -> Order | None:
    ticket = await hall.tickets.load(ticket.id)
    if deed.does == "dispatch":
        return await hall.papers.dispatch(ticket.id, ticket.version, _dispatch(hall, ticket, deed), key=key, by=by)
    if deed.does == "close":
        answered = await hall.tickets.change(ticket.id, ticket.version, {"answer": deed.to["answer"]}, by=by)
        await hall.tickets.close(answered.id, answered.version, "confirmed", by=by)
        return order
    assert order is not None, f"{deed.does} before a dispatch"
    order, paper = await _present(hall, order)
    match deed.does:
        case "approve" | "send_back":
            assert paper is not None
            said = Said(Verdict(deed.does), deed.to.get("reason", ""), frozenset(map(Mark, deed.to.get("marks", ()))))
            return await hall.papers.review(paper.id, paper.version, said, by=by)
        case "second":
            wanted = replace(_dispatch(hall, ticket, deed), reason="客户再次投诉")
            return await hall.papers.second(order.id, order.version, wanted, deed.to["warning"], by=by)
        case "extension":
            until = hall.clock.now() + timedelta(hours=deed.to["hours"])
            return await hall.orders.ask_extension(order.id, order.version, until, deed.to["reason"], by=by)
        case "accept":
            return await hall.orders.accept(order.id, order.version, by=by)
        case "refuse":
            return await hall.orders.refuse(order.id, order.version, deed.to["reason"], by=by)
        case "uphold":
            return await hall.orders.uphold(order.id, order.version, deed.to["reason"], by=by)
        case "return":
            return await hall.orders.return_(order.id, order.version, deed.to["answer"], by=by)
        case "settle":
            return await hall.orders.settle(order.id, order.version, deed.to["reason"], by=by)
    raise ValueError(deed.does)


async def _present(hall: Hall, order: Order) -> tuple[Order, Outgoing | None]:
    async with transaction(hall.pool) as connection:
        fresh = await load(connection, order.id)
        return fresh, await open_paper(connection, fresh)


def _dispatch(hall: Hall, ticket: Ticket, deed: Deed) -> Dispatch:
    return Dispatch(
        department=hall.departments[deed.to["department"]],
        task=f"请处理并答复：{ticket.description}",
        urgent=deed.to.get("urgent", False),
        hours=deed.to.get("hours"),
    )
