"""Performs what people and the system do with tickets. Each action is one transaction: the new state and its journal row."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from services.access import audit
from services.access.actor import LoggedIn
from services.access.policy import Whose
from services.access.rights import Right
from services.clocks import store as deadlines
from services.clocks.model import started
from services.clocks.table import CLOCKS, Clocks
from services.customers.numbers import ANYWHERE, Numbering
from services.errors import Conflict, Forbidden, Impossible, Invalid, NotAllowed, Stale, WorldFailed, WrongField
from services.now import Clock
from services.store.batches import parts_of
from services.store.db import Connection, Pool, Row, connection, transaction
from services.store.sorting import KeyKind
from services.tickets import store
from services.tickets.clocked import turn
from services.tickets.levels import Level
from services.tickets.model import CLASSES, FIELDS, Changes, Filling, Source, State, Ticket, TicketFilter, Told, by_agent, fill
from services.tickets.numbers import GivenNumbers
from services.tickets.policy import may, may_take_away, whose
from services.tickets.ringing import ring
from services.tickets.store import Entry, Page
from services.tickets.workflow import (
    CASES,
    Action,
    AppealsOpen,
    CompensationOpen,
    Held,
    OrdersOpen,
    advance,
    check_closing,
    check_codes,
    check_complete,
    onward,
)

_NUMBER = re.compile(r"t[0-9]{4}-[0-9]{2}-[0-9]{6}", re.IGNORECASE)
KIND_OF_PATH = {"1": "complaint", "2": "suggestion"}
"""What the caller chose in the IVR says what the call is about, until words say otherwise."""

RULES = {Action.SUGGEST: "A3", Action.HAND_OVER: "A7"}
"""By which rule a case is handed on once it is confirmed."""

HAVING = frozenset({Whose.OWN, Whose.TRAY})
"""In one's hands, or in the tray of one's own level."""

Fields = Mapping[str, str | None]
Verdict = Literal["repeat", "other", "undecided"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a step with one of several tickets: its new version, or the code of why it was not taken."""

    id: int
    version: int | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """A page; how many tickets there are in each state and in one's own hands; how many of the state that is asked for, whoever
    has them, have which severity and channel, besides the usual ones.
    """

    page: Page
    counts: dict[str, int]
    facets: dict[str, int]


@dataclass(frozen=True, slots=True)
class Tickets:
    """The use-cases of this room. ``zone`` is the centre's: a number's month is the one on its wall. ``given``: those so far.

    ``clocks``: the table of clocks with this centre's calendars.
    """

    pool: Pool
    clock: Clock
    zone: ZoneInfo
    numbering: Numbering = ANYWHERE
    given: GivenNumbers = field(default_factory=GivenNumbers)
    clocks: Clocks = field(default_factory=lambda: CLOCKS)

    async def load(self, ticket: int) -> Ticket:
        async with connection(self.pool) as taken:
            return await store.load(taken, ticket)

    async def take_away(self, who: LoggedIn, tickets: Sequence[int], *, reader: int | None) -> list[Row]:
        """These tickets in this order as a list shows them, for a file; ``reader`` as in TicketFilter. On record in the same
        transaction, with how many. Raises Forbidden.
        """
        if not may_take_away(who):
            raise Forbidden
        async with transaction(self.pool) as connection:
            chosen = store.SORTS["-received"].chosen
            found = {
                row["id"]: row
                for part in parts_of(tickets)
                for row in await chosen.fetch(connection, tickets=part, reader=reader)
            }
            detail = {"rows": str(len(found))}
            await audit.write(connection, self.clock.now(), by=who.id, action="ticket.export", about="ticket", detail=detail)
        return [found[one] for one in dict.fromkeys(tickets) if one in found]

    async def new(self, fields: Fields, *, key: str, by: LoggedIn) -> tuple[Ticket, bool]:
        """A draft by hand and whether it is new: a repeated ``key`` returns the first; with other fields it is a Conflict."""
        own = store.OwnKey(key, _digest(fields))
        try:
            async with transaction(self.pool) as connection:
                if first := await _of_key(connection, own, by):
                    return first, False
                check_codes(fields, await store.codes(connection, fields))
                return await self._create(connection, self._inside(fields), by.id, own), True
        except store.KeyTaken:  # at this very moment, by the same request sent twice
            async with transaction(self.pool) as connection:
                first = await _of_key(connection, own, by)
                assert first is not None  # keys are kept for ever
                return first, False

    @contextlib.asynccontextmanager
    async def hand_on(
        self, ticket: int, version: int | None, action: Action, by: LoggedIn
    ) -> AsyncIterator[tuple[Connection, Ticket]]:
        """One transaction with the ticket as it is; ``version`` None: whichever that is, for whoever compares it later.

        A hand on somebody else's is refused, and on record.
        """
        try:
            async with transaction(self.pool) as connection:
                yield connection, await _for(connection, ticket, version, action, by)
        except Forbidden:
            async with transaction(self.pool) as connection:
                await audit.write(connection, self.clock.now(), by=by.id, action="ticket.refused", about=f"ticket:{ticket}")
            raise

    async def change(self, ticket: int, version: int, fields: Fields, *, by: LoggedIn) -> Ticket:
        """Fields as typed. Raises Stale, NotAllowed, Forbidden, Invalid; a case stays complete."""
        async with self.hand_on(ticket, version, Action.CHANGE, by) as (connection, before):
            check_codes(fields, await store.codes(connection, fields))
            if before.level is Level.DATA and fields.get("kind", before.kind) != before.kind:
                raise Invalid((WrongField("fields.kind", "stays_suggestion", "a suggestion, until a senior agent has it"),))
            filled, changes = fill(before, by_agent(self._inside(fields)))
            after, changes = await self._customer(connection, advance(filled, Action.CHANGE), changes)
            if after.state in CASES:
                check_complete(after)
            entry = Entry(Action.CHANGE, by.id, self.clock.now(), changes)
            await moved(connection, after, before=before, entry=entry, table=self.clocks, by=by)
            return await store.load(connection, ticket)

    async def confirm(self, ticket: int, version: int, *, by: LoggedIn, note: str = "") -> Ticket:
        """The draft becomes a case with a number; some are handed on by that (``workflow.onward``).

        Raises Invalid naming every empty mandatory field.
        """
        async with self.hand_on(ticket, version, Action.CONFIRM, by) as (connection, before):
            after = advance(before, Action.CONFIRM)
            check_complete(after)
            now = self.clock.now()
            number = await store.next_number(connection, now.astimezone(self.zone), self.given)
            confirmed = replace(after, number=number, confirmed_at=now, confirmed_by=by.id, held_since=now)
            confirmed = replace(confirmed, tier=await store.tier(connection, before.customer_id))
            if before.owner_id in {None, by.id}:
                confirmed = taken(confirmed, by, now)
            entry = Entry(Action.CONFIRM, by.id, now, {"number": (None, number)}, note)
            await moved(connection, confirmed, before=before, entry=entry, table=self.clocks, by=by)
            if step := onward(confirmed):
                await self._hand_on_by_itself(connection, confirmed, step)
            loaded = await store.load(connection, ticket)
        await self.given.note(number)
        return loaded

    async def _hand_on_by_itself(self, connection: Connection, confirmed: Ticket, step: Action) -> None:
        """What was just confirmed goes where it belongs (SPEC A3, A7)."""
        now = self.clock.now()
        after = replace(advance(confirmed, step), held_since=now)
        changes: Changes = {"level": (confirmed.level, after.level), "rule": (None, RULES[step])}
        await moved(connection, after, before=confirmed, entry=Entry(step, None, now, changes), table=self.clocks, by=None)

    async def acknowledge(self, ticket: int, version: int, how: Told, *, by: LoggedIn, note: str = "") -> Ticket:
        """The customer was told that the case is registered (SPEC O6); once."""
        async with self.hand_on(ticket, version, Action.ACKNOWLEDGE, by) as (connection, before):
            after = advance(before, Action.ACKNOWLEDGE)
            if before.acknowledged_at:
                raise NotAllowed("the customer was told already")
            now = self.clock.now()
            told = replace(after, acknowledged_at=now, acknowledged_by=by.id, acknowledged_how=how.value)
            entry = Entry(Action.ACKNOWLEDGE, by.id, now, {"acknowledged_how": (None, how.value)}, note)
            await moved(connection, told, before=before, entry=entry, table=self.clocks, by=by)
            return await store.load(connection, ticket)

    async def judge(self, ticket: int, version: int, of: int, verdict: Verdict, *, by: LoggedIn) -> Ticket:
        """A person's word on whether the case repeats the earlier case ``of`` (SPEC A4); ``undecided`` takes it back."""
        async with self.hand_on(ticket, version, Action.REPEAT, by) as (connection, before):
            after, now = advance(before, Action.REPEAT), self.clock.now()
            number = await store.QUERIES.case_number.fetchval(connection, ticket=of, before=before.received_at)
            if of == ticket or number is None:
                raise Invalid((WrongField("of", "no_such_case", "an earlier case"),))
            await store.QUERIES.judge.execute(connection, ticket=ticket, of=of, verdict=verdict, person=by.id, at=now)
            repeats = await store.QUERIES.repeat_of.fetchval(connection, ticket=ticket)
            changes: Changes = {"repeat_verdict": (None, verdict), "repeat_of": (None, number)}
            entry = Entry(Action.REPEAT, by.id, now, changes)
            await moved(connection, replace(after, repeat_of=repeats), before=before, entry=entry, table=self.clocks, by=by)
            return await store.load(connection, ticket)

    async def accepted(self, ticket: int, version: int, *, accepts: bool, by: LoggedIn, note: str = "") -> Ticket:
        """The customer does not accept a correct answer (SPEC A4, N6), or does after all."""
        action = Action.ACCEPT if accepts else Action.NOT_ACCEPT
        async with self.hand_on(ticket, version, action, by) as (connection, before):
            after = advance(before, action)
            if accepts != (before.not_accepted_at is not None):
                raise NotAllowed(f"{action} says what is on record already")
            if not before.answer.strip():
                raise Invalid((WrongField("answer", "required", "the answer that is not accepted"),))
            now = self.clock.now()
            marked = replace(after, not_accepted_at=None if accepts else now)
            await moved(connection, marked, before=before, entry=Entry(action, by.id, now, {}, note), table=self.clocks, by=by)
            return await store.load(connection, ticket)

    async def close(self, ticket: int, version: int, closing: str | None, *, by: LoggedIn, note: str = "") -> Ticket:
        """Settled (SPEC A2, N9), while the customer is on the line where that can be (SPEC S1).

        ``closing``: that the customer has confirmed, or why not. Raises Invalid without it or without an answer, and what
        ``check_over`` raises.
        """
        async with self.hand_on(ticket, version, Action.CLOSE, by) as (connection, before):
            after = replace(advance(before, Action.CLOSE), closing=closing)
            check_complete(after)
            reasons = [row["code"] for row in await store.QUERIES.closing_reasons.fetch(connection)]
            check_closing(before, closing, note, reasons)
            await check_over(connection, ticket)
            changes: Changes = {"state": (before.state, after.state), "closing": (before.closing, closing)}
            entry = Entry(Action.CLOSE, by.id, self.clock.now(), {name: pair for name, pair in changes.items() if pair[1]}, note)
            await moved(connection, after, before=before, entry=entry, table=self.clocks, by=by)
            return await store.load(connection, ticket)

    async def discard(self, ticket: int, version: int, *, by: LoggedIn, note: str = "") -> Ticket:
        """The draft is no case; ``restore`` undoes the discard."""
        return await self._step(ticket, version, Action.DISCARD, by=by, note=note)

    async def restore(self, ticket: int, version: int, *, by: LoggedIn, note: str = "") -> Ticket:
        """Undoes a discard; a Conflict if the call has another draft meanwhile."""
        return await self._step(ticket, version, Action.RESTORE, by=by, note=note)

    async def step_each(self, action: Action, seen: Sequence[tuple[int, int]], *, by: LoggedIn) -> list[Taken]:
        """One step with each of these tickets (id, version), in a transaction of its own; the answers in their order.

        Once the world fails none is tried any more: the rest would fail of the same.
        """
        taken: list[Taken] = []
        failed = ""
        for ticket, version in seen:
            try:
                if failed:
                    taken.append(Taken(ticket, None, failed))
                    continue
                after = await self._step(ticket, version, action, by=by, note="")
                taken.append(Taken(ticket, after.version, None))
            except Impossible as error:
                taken.append(Taken(ticket, None, error.code))
            except WorldFailed as error:
                failed = error.code
                taken.append(Taken(ticket, None, failed))
        return taken

    @staticmethod
    def sorted_by(sort: str) -> KeyKind:
        """What a cursor of this order holds."""
        return store.SORTS.key(sort).kind

    async def find(self, wanted: TicketFilter, *, person: int) -> Found:
        """A page with what its list counts."""
        async with transaction(self.pool) as connection:
            counts = await store.counts(connection, person)  # first: a page has the transaction plan anew whatever follows
            facets = {} if wanted.owner else await store.facets(connection, wanted.state)
            return Found(await self._page(connection, wanted), counts, facets)

    async def _page(self, connection: Connection, wanted: TicketFilter) -> Page:
        """By whole ticket number or customer number at once; any other text in pages of bounded cost."""
        text = wanted.text.strip()
        if not text:
            return await store.page(connection, wanted)
        if _NUMBER.fullmatch(text):
            return await store.page(connection, wanted, number=text.upper())
        if number := self.numbering.read(text):
            found = await store.page(connection, wanted, customer_number=number)
            if found.rows:
                return found
        if wanted.hidden:  # what is masked is not to be guessed piece by piece, neither the number nor one within a text
            return await store.scan(connection, replace(wanted, text=text), ())
        return await store.scan(connection, replace(wanted, text=text), self.numbering.beginnings(text))

    def _inside(self, fields: Fields) -> Fields:
        """The customer's number as it is kept. Raises Invalid."""
        typed = fields.get("customer_number")
        if not typed:
            return fields
        number = self.numbering.read(typed)
        if not number:
            raise Invalid((WrongField("fields.customer_number", "telephone", "a telephone number"),))
        return {**fields, "customer_number": number}

    async def _step(self, ticket: int, version: int, action: Action, *, by: LoggedIn, note: str) -> Ticket:
        async with self.hand_on(ticket, version, action, by) as (connection, before):
            after = advance(before, action)
            if after.state in CASES:
                check_complete(after)
            if action is Action.RESTORE and before.call_id and await store.load_of_call(connection, before.call_id):
                raise Conflict("the call has another draft meanwhile")
            now = self.clock.now()
            entry = Entry(action, by.id, now, {"state": (before.state, after.state)}, note)
            await moved(connection, after, before=before, entry=entry, table=self.clocks, by=by)
            return await store.load(connection, ticket)

    async def _create(self, connection: Connection, fields: Fields, by: int, key: store.OwnKey) -> Ticket:
        now = self.clock.now()
        empty = draft(received_at=now, now=now, created_by=by, owner=by)
        filled, changes = fill(empty, by_agent({name: value for name, value in fields.items() if value}))
        ticket, changes = await self._customer(connection, filled, changes)
        return await store.create(connection, ticket, Entry("create", by, now, changes), key)

    @staticmethod
    async def _customer(connection: Connection, ticket: Ticket, changes: Changes) -> tuple[Ticket, Changes]:
        """Customer and name go with a changed number, but no name that an agent typed; with what differs by it."""
        if "customer_number" not in changes:
            return ticket, changes
        known = await store.QUERIES.customer_of.fetchrow(connection, number=ticket.customer_number)
        ticket = replace(ticket, customer_id=known["id"] if known else None)
        if ticket.state in CASES:
            ticket = replace(ticket, tier=known["tier"] if known else None)
        source = ticket.sources.get("customer_name")
        if ticket.customer_name and source and source.by == "agent":
            return ticket, changes
        named, renamed = fill(ticket, (Filling("customer_name", known["name"] if known else "", Source("customer")),))
        return (named if known else _without_source(named, "customer_name")), {**changes, **renamed}


async def _for(connection: Connection, ticket: int, version: int | None, action: Action, by: LoggedIn) -> Ticket:
    found = await store.lock(connection, ticket)
    if action is Action.TAKE and found.owner_id not in {None, by.id}:
        raise Held  # before anything else: whoever comes second is to hear that, and not that it is another's
    if action is Action.TAKE and found.owner_id == by.id:
        return found  # pressed twice, or the answer was lost
    if not may(by, action, found):
        raise Forbidden("the ticket is another agent's")
    if version is not None and found.version != version:
        raise Stale("somebody else changed the ticket in the meantime")
    return found


async def moved(
    connection: Connection, after: Ticket, *, before: Ticket, entry: Entry, table: Clocks, by: LoggedIn | None
) -> None:
    """The ticket in its next state, its clocks as this state has them, and who has to know of it told. Raises Stale, Conflict.

    ``by``: whose step it is; None: the system's, or only on behalf of somebody else. The ticket's row comes late: a dispatch
    holds its number by then, and keeps the others waiting.
    """
    if by is not None and had(by, before, Action(entry.action)):
        after = replace(after, senior_at=after.senior_at or entry.at)
    clocks = turn(before, after)
    for rule, start in clocks.begin.items():
        if rule not in table:  # a norm that is not in force
            continue
        await deadlines.start(connection, after.id, started(rule, start, table), edition=table[rule].calendar.edition)
    if clocks.met:
        await deadlines.settle(connection, after.id, clocks.met, "met", entry.at)
    if clocks.stopped:
        await deadlines.settle(connection, after.id, clocks.stopped, "stopped", entry.at)
    await store.move(connection, after, before=before, entry=entry)
    await ring(connection, before, after, entry)


async def check_over(connection: Connection, ticket: int) -> None:
    """Raises what still goes on about a case that is to be closed (SPEC N9): OrdersOpen while a department works on it,
    AppealsOpen while what the customer added is not answered, CompensationOpen while one waits for another manager.
    """
    if await store.QUERIES.open_orders.fetchval(connection, ticket=ticket):
        raise OrdersOpen
    if await store.QUERIES.open_appeals.fetchval(connection, ticket=ticket):
        raise AppealsOpen
    if await store.QUERIES.open_compensation.fetchval(connection, ticket=ticket):
        raise CompensationOpen


def had(by: LoggedIn, before: Ticket, action: Action) -> bool:
    """Whether by this step a senior, or the manager, has the case (SPEC A7): whoever leads and takes a step with what is in their
    hands or in the seniors' tray, or ends or dispatches another's. Who gives it back does not have it, nor does who writes in a
    case that goes on lying in the juniors' tray.
    """
    if before.state is not State.OPEN or action is Action.GIVE_BACK or not by.may(Right.TICKETS_LEAD):
        return False
    return whose(by, before) in HAVING or action in {Action.CLOSE, Action.CONCLUDE, Action.DISPATCH}


def taken(ticket: Ticket, by: LoggedIn, now: datetime) -> Ticket:
    """The case in this person's hands; what a senior agent has is at the seniors' level."""
    level = Level.SENIOR if ticket.level is Level.JUNIOR and by.may(Right.TICKETS_LEAD) else ticket.level
    seen = now if level in {Level.SENIOR, Level.MANAGER} else None
    return replace(ticket, owner_id=by.id, held_since=now, level=level, senior_at=ticket.senior_at or seen)


async def dispatched(
    connection: Connection, before: Ticket, order: str, *, at: datetime, by: LoggedIn, own: bool, table: Clocks
) -> None:
    """Its order ``order`` has left for a department (SPEC N2); for whoever let it leave, with the ticket as it stands under their
    lock. ``own``: they wrote it; else they have reviewed a colleague's.
    """
    after = replace(advance(before, Action.DISPATCH), dispatched_at=before.dispatched_at or at)
    entry = Entry(Action.DISPATCH, by.id, at, {"order": (None, order)})
    await moved(connection, after, before=before, entry=entry, table=table, by=by if own else None)


async def appealed(
    connection: Connection, case: Ticket, states: tuple[str | None, str], said: str, *, at: datetime, by: LoggedIn, table: Clocks
) -> None:
    """What a customer added to ``case``, as it stands under the caller's lock, has gone from one state to the next (SPEC A5).
    Whoever takes it down does not have the case by that.
    """
    entry = Entry(Action.APPEAL, by.id, at, {"appeal": states}, said)
    theirs = None if states[0] is None else by
    await moved(connection, advance(case, Action.APPEAL), before=case, entry=entry, table=table, by=theirs)


async def put_aside(
    connection: Connection, ticket: int, version: int, note: str, *, at: datetime, by: LoggedIn, table: Clocks
) -> Ticket:
    """A draft that turned out to be no case of its own is discarded, in the caller's transaction; as it was."""
    before = await _for(connection, ticket, version, Action.DISCARD, by)
    after = advance(before, Action.DISCARD)
    entry = Entry(Action.DISCARD, by.id, at, {"state": (before.state, after.state)}, note)
    await moved(connection, after, before=before, entry=entry, table=table, by=by)
    return before


def draft(*, received_at: datetime, now: datetime, created_by: int | None, owner: int | None, call: str | None = None) -> Ticket:
    """An empty draft that is not in the database yet."""
    return Ticket(
        id=0,
        number=None,
        state=State.DRAFT,
        version=1,
        call_id=call,
        customer_id=None,
        received_at=received_at,
        changed_at=now,
        created_by=created_by,
        owner_id=owner,
        confirmed_at=None,
        confirmed_by=None,
        dispatched_at=None,
    )


async def draft_of_call(connection: Connection, call: str, at: datetime) -> int | None:
    """The draft beside an answered call (SPEC C7), owned by the agent who answered; its id.

    Made once: a replayed answer finds it, and one that was discarded is not made again (then None). For the drain of the
    journal: runs inside its transaction.
    """
    present = await store.load_of_call(connection, call)
    if present is not None:
        return present.id
    behind = await store.QUERIES.call_behind.fetchrow(connection, call=call)
    if behind is None or await store.QUERIES.any_of_call.fetchval(connection, call=call):
        return None
    received = behind["queued_at"] or behind["started_at"]
    empty = draft(received_at=received, now=at, created_by=None, owner=behind["answered_by"], call=call)
    filled, changes = fill(empty, tuple(_from_call(behind)))
    drafted = replace(filled, customer_id=behind["customer_id"])
    return (await store.create(connection, drafted, Entry("create", None, at, changes))).id


def _from_call(behind: Row) -> Iterator[Filling]:
    """The fields that the call gives: number, customer and the caller's choice in the IVR."""
    if behind["number"]:
        yield Filling("customer_number", behind["number"], Source("call"))
    if behind["customer_name"]:
        yield Filling("customer_name", behind["customer_name"], Source("customer"))
    if kind := KIND_OF_PATH.get(behind["ivr_path"][:1]):
        yield Filling("kind", kind, Source("call"))


async def fill_from_words(connection: Connection, call: str, fillings: tuple[Filling, ...], at: datetime) -> Ticket | None:
    """What the transcript says goes where no person has been (SPEC C7). None if there is no draft to fill.

    To be repeated by the caller when it raises Stale (the agent typed meanwhile).
    """
    before = await store.load_of_call(connection, call)
    if before is None or before.state is not State.DRAFT:
        return None
    known = await store.codes(connection, {one.name: one.value for one in fillings})
    untouched = tuple(one for one in fillings if _may_fill(before, one) and _in_use(one, known))
    filled, changes = fill(before, untouched)
    if filled == before:
        return before
    after = advance(filled, Action.FILL)
    await store.move(connection, after, before=before, entry=Entry(Action.FILL, None, at, changes))
    return after


def _may_fill(ticket: Ticket, filling: Filling) -> bool:
    """Whether the words may fill the field: never over what an agent typed; over what the call or the customer row gave only
    when the words are sure.
    """
    source = ticket.sources.get(filling.name)
    if source is None or source.by == "draft":
        return True
    return source.by == "call" and filling.source.sure and filling.value is not None


def _without_source(ticket: Ticket, name: str) -> Ticket:
    """Whether nobody has filled this field: then whoever comes first may."""
    return replace(ticket, sources={filled: source for filled, source in ticket.sources.items() if filled != name})


def _in_use(filling: Filling, known: Mapping[str, set[str]]) -> bool:
    return filling.name not in CLASSES or filling.value is None or filling.value in known[filling.name]


def _digest(fields: Fields) -> bytes:
    assert set(fields) <= set(FIELDS)
    return hashlib.sha256(json.dumps(dict(fields), sort_keys=True, ensure_ascii=True).encode()).digest()


async def _of_key(connection: Connection, own: store.OwnKey, by: LoggedIn) -> Ticket | None:
    """The ticket that the person's key was taken for. Raises Conflict if it was for something else."""
    first = await store.QUERIES.of_key.fetchrow(connection, person=by.id, key=own.key)
    if first is None:
        return None
    if first["body"] != own.body:
        raise Conflict("this key was used for another ticket")
    return await store.load(connection, first["ticket_id"])
