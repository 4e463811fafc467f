"""What the calls' facts come to in the database, and what the pop and the board read from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cti.changes import (
    AgentChanged,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOffered,
    CallOutcome,
    CallQueued,
    CallStarted,
    CallTransferred,
    LegJoined,
    LegLeft,
    LinkChanged,
    OfferEnded,
    QueueChanged,
)
from cti.ids import CallId, ChannelId
from services.calls.facts import Fact, MenuChosen, PopEnded, PopEnriched, PopReceived, PopSent, StillLive, WantedSet
from services.calls.texts import printable
from services.customers.numbers import ANYWHERE, Numbering
from services.store.db import Connection, Row
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "calls.sql")


OF_A_CALL = (
    CallQueued,
    CallOffered,
    OfferEnded,
    CallAnswered,
    LegJoined,
    LegLeft,
    CallHeld,
    CallTransferred,
    CallEnded,
    MenuChosen,
)


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at an extension, and the state that person asked for."""

    person: int
    name: str
    extension: str
    language: str
    phone_kind: str
    role: str
    wanted: str
    reason: str
    wanted_at: datetime | None = None


async def lock_cursor(connection: Connection, journal: str) -> int:
    """How far the journal has been applied; nobody else moves it until the transaction ends."""
    position: int = await connection.fetchval(QUERIES.lock_cursor, journal)
    return position


async def move_cursor(connection: Connection, journal: str, position: int) -> None:
    await connection.execute(QUERIES.move_cursor, journal, position)


async def seats(connection: Connection) -> list[Seat]:
    return [
        Seat(
            r["id"],
            r["name"],
            r["extension"],
            r["language"],
            r["phone_kind"],
            r["role"],
            r["wanted_state"],
            r["wanted_reason"],
            r["wanted_at"],
        )
        for r in await connection.fetch(QUERIES.seats)
    ]


async def ensure_calls(connection: Connection, facts: Sequence[Fact]) -> None:
    """A row for every call that these facts speak of without beginning it; before they are applied."""
    begun: set[CallId] = set()
    needed: dict[CallId, datetime] = {}
    for fact in facts:
        if isinstance(fact, CallStarted):
            begun.add(fact.call)
        elif isinstance(fact, OF_A_CALL) and fact.call not in begun:
            needed.setdefault(fact.call, fact.at)
    if needed:
        await connection.execute(QUERIES.ensure_calls, list(needed), list(needed.values()))


async def apply(connection: Connection, fact: Fact, numbering: Numbering = ANYWHERE) -> None:
    """One fact's rows; its call is there (``ensure_calls``). Twice comes to the same."""
    if isinstance(fact, OF_A_CALL) and not isinstance(fact, MenuChosen) and fact.recovered:
        await connection.execute(QUERIES.mark_recovered, fact.call)
    match fact:
        case CallStarted():
            await _start(connection, fact, numbering)
        case CallQueued() | CallEnded() | CallHeld() | CallTransferred() | MenuChosen():
            await _apply_to_caller(connection, fact)
        case CallOffered() | OfferEnded() | CallAnswered() | LegJoined() | LegLeft():
            await _apply_to_leg(connection, fact)
        case PopSent() | PopEnriched() | PopReceived() | PopEnded():
            await _apply_to_pop(connection, fact)
        case WantedSet():
            await connection.execute(QUERIES.set_wanted, fact.person, fact.state, fact.reason[:40], fact.at)
        case StillLive():
            await _end_unheard(connection, fact.calls, fact.at)
            await _close_unheard(connection, fact.legs, fact.at)
        case AgentChanged() | QueueChanged() | LinkChanged():
            pass  # states of this moment: shown, not remembered


async def _apply_to_caller(
    connection: Connection, fact: CallQueued | CallEnded | CallHeld | CallTransferred | MenuChosen
) -> None:
    match fact:
        case CallQueued():
            await connection.execute(QUERIES.queue_call, fact.call, fact.queue, fact.at, fact.ivr_path, fact.language)
        case CallEnded():
            await _end(connection, fact)
        case CallHeld():
            kind = "held" if fact.held else "taken_back"
            await connection.execute(QUERIES.note_turn, fact.call, fact.at, kind, fact.leg, None, "")
        case CallTransferred():
            await connection.execute(QUERIES.note_turn, fact.call, fact.at, fact.kind, "", fact.by, printable(fact.to))
        case MenuChosen():
            await connection.execute(QUERIES.note_menu, fact.call, fact.path, fact.notice)


async def _start(connection: Connection, fact: CallStarted, numbering: Numbering) -> None:
    number, sent, name, dialled = (
        numbering.read(fact.number),
        printable(fact.number),
        printable(fact.name),
        printable(fact.dialled),
    )
    await connection.execute(QUERIES.start_call, fact.call, number, sent, name, dialled or "-", fact.at, fact.recovered)


async def _end(connection: Connection, fact: CallEnded) -> None:
    await connection.execute(
        QUERIES.end_call, fact.call, fact.at, str(fact.outcome), fact.waited_ms, fact.recovered, fact.abandoned_again
    )


async def _apply_to_leg(connection: Connection, fact: CallOffered | OfferEnded | CallAnswered | LegJoined | LegLeft) -> None:
    leg = fact.call, fact.leg
    match fact:
        case CallOffered():
            await connection.execute(QUERIES.offer_leg, *leg, fact.extension, fact.at)
        case OfferEnded():
            await connection.execute(QUERIES.end_offer, *leg, fact.at, str(fact.outcome), fact.rang_ms)
        case CallAnswered():
            await connection.execute(QUERIES.answer, *leg, fact.extension, fact.at, fact.rang_ms, fact.waited_ms)
        case LegJoined():
            await connection.execute(QUERIES.join_leg, *leg, fact.extension, fact.at, fact.recovered)
        case LegLeft():
            await connection.execute(QUERIES.close_span, *leg, fact.at)


async def _apply_to_pop(connection: Connection, fact: PopSent | PopEnriched | PopReceived | PopEnded) -> None:
    match fact:
        case PopSent():
            await connection.execute(QUERIES.send_pop, fact.pop, fact.person, fact.call, fact.seq, fact.offered_at, fact.at)
        case PopEnriched():
            await connection.execute(QUERIES.enrich_pop, fact.pop, fact.at)
        case PopReceived():
            await connection.execute(QUERIES.receive_pop, fact.pop, fact.at, fact.shown_ms)
        case PopEnded():
            await connection.execute(QUERIES.end_pop, fact.pop, fact.at, fact.how)


async def settle_late(connection: Connection, facts: Sequence[Fact]) -> None:
    """After facts that were taken late: of calls that had ended without them, what their end would have settled."""
    calls = list({fact.call for fact in facts if isinstance(fact, (CallStarted, *OF_A_CALL))})
    if calls:
        await connection.execute(QUERIES.close_late, calls)
        await connection.execute(QUERIES.measure_late, calls)


async def _end_unheard(connection: Connection, live: Sequence[CallId], at: datetime) -> None:
    """Ends what the switch no longer has; how the call ended is known only if somebody had answered it."""
    for row in await connection.fetch(QUERIES.ended_unheard, list(live), at):
        call = CallId(row["id"])
        outcome = CallOutcome.ANSWERED if row["answered_at"] else CallOutcome.LOST
        await _end(connection, CallEnded(at=at, recovered=True, call=call, outcome=outcome, waited_ms=None, talked_ms=0))


async def _close_unheard(connection: Connection, legs: Sequence[ChannelId], at: datetime) -> None:
    """Rings, cards and conversations of calls that go on, whose own end was not heard; how a ring ended is known of none."""
    for query in (QUERIES.close_unheard_legs, QUERIES.close_unheard_spans, QUERIES.close_unheard_pops):
        await connection.execute(query, list(legs), at)


async def known_customer(connection: Connection, number: str) -> Row | None:
    return await connection.fetchrow(QUERIES.known_customer, number)


async def remember(connection: Connection, number: str, *, but: CallId) -> Row:
    """``customer`` (or None), ``tickets`` and ``calls`` as JSON values."""
    row = await connection.fetchrow(QUERIES.remember, number, but)
    assert row is not None
    return row
