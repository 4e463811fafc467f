"""Writes into the database what follows from the facts of calls."""

from __future__ import annotations

from collections.abc import Sequence
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
    QueueLeft,
)
from cti.ids import CallId, Node
from services.bells import Change, tell_changed
from services.calls.facts import Fact, MenuChosen, PopEnded, PopEnriched, PopReceived, PopSent, StillLive, WantedSet
from services.calls.network_text import printable
from services.customers.numbers import ANYWHERE, Numbering
from services.store.db import Connection
from services.store.queries import load_queries
from services.store.sorting import Key, KeyKind, Sorts

QUERIES = load_queries(Path(__file__).parent / "calls.sql")
SORTS = Sorts(
    Path(__file__).parent / "pages.sql",
    {
        "started": Key("c.started_at", KeyKind.MOMENT),
        "waited": Key("coalesce(c.waited_ms, -1)", KeyKind.WHOLE),
        "talked": Key("coalesce(c.talked_ms, -1)", KeyKind.WHOLE),
    },
)
"""What the list of calls can be sorted by. A call that nobody waited or talked in yet stands as the shortest."""


OF_A_CALL = (
    CallQueued,
    QueueLeft,
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


async def lock_cursor(connection: Connection, journal: str) -> int:
    """How far the journal has been applied. Nobody else moves the cursor until the transaction ends."""
    position: int = await QUERIES.lock_cursor.fetchval(connection, journal=journal)
    return position


async def move_cursor(connection: Connection, journal: str, position: int) -> None:
    await QUERIES.move_cursor.execute(connection, journal=journal, position=position)


async def ensure_calls(connection: Connection, facts: Sequence[Fact]) -> None:
    """A row for every call that these facts speak of without beginning it; before they are applied."""
    begun: set[CallId] = set()
    needed: dict[CallId, tuple[datetime, Node]] = {}
    for fact in facts:
        if isinstance(fact, CallStarted):
            begun.add(fact.call)
        elif isinstance(fact, OF_A_CALL) and fact.call not in begun:
            needed.setdefault(fact.call, (fact.at, fact.node))
    if needed:
        moments, nodes = zip(*needed.values(), strict=True)
        await QUERIES.ensure_calls.execute(connection, calls=list(needed), moments=list(moments), nodes=list(nodes))


async def tell_of(connection: Connection, facts: Sequence[Fact]) -> None:
    """Rings for every call that these facts, applied in this transaction, have changed."""
    newest: dict[CallId, datetime] = {}
    for fact in facts:
        if isinstance(fact, (CallStarted, *OF_A_CALL)):
            newest[fact.call] = max(fact.at, newest.get(fact.call, fact.at))
    if newest:
        await tell_changed(connection, *(Change.of_call(call, at) for call, at in newest.items()))


async def apply(connection: Connection, fact: Fact, numbering: Numbering = ANYWHERE) -> None:
    """Writes the rows of one fact; its call is there (``ensure_calls``). Applying it twice comes to the same."""
    if isinstance(fact, OF_A_CALL) and not isinstance(fact, MenuChosen) and fact.recovered:
        await QUERIES.mark_recovered.execute(connection, call=fact.call)
    match fact:
        case CallStarted():
            await _start(connection, fact, numbering)
        case CallQueued() | QueueLeft():
            await _apply_to_visit(connection, fact)
        case CallEnded() | CallHeld() | CallTransferred() | MenuChosen():
            await _apply_to_caller(connection, fact)
        case CallOffered() | OfferEnded() | CallAnswered() | LegJoined() | LegLeft():
            await _apply_to_leg(connection, fact)
        case PopSent() | PopEnriched() | PopReceived() | PopEnded():
            await _apply_to_pop(connection, fact)
        case WantedSet():
            await QUERIES.set_wanted.execute(
                connection, person=fact.person, state=fact.state, reason=fact.reason[:40], at=fact.at
            )
        case StillLive():
            await _end_unheard(connection, fact)
            await _close_unheard(connection, fact)
        case AgentChanged() | QueueChanged() | LinkChanged():
            pass  # states of this moment: the board shows them, the database does not keep them


async def _apply_to_visit(connection: Connection, fact: CallQueued | QueueLeft) -> None:
    visit = {"call": fact.call, "queue": fact.queue, "at": fact.at}
    match fact:
        case CallQueued():
            await QUERIES.queue_call.execute(connection, **visit, ivr_path=fact.ivr_path, language=fact.language)
            await QUERIES.enter_queue.execute(connection, **visit, recovered=fact.recovered)
        case QueueLeft():
            await QUERIES.leave_queue.execute(connection, **visit, how=str(fact.how), recovered=fact.recovered)


async def _apply_to_caller(connection: Connection, fact: CallEnded | CallHeld | CallTransferred | MenuChosen) -> None:
    match fact:
        case CallEnded():
            await _end(connection, fact)
        case CallHeld():
            kind = "held" if fact.held else "taken_back"
            await QUERIES.note_turn.execute(
                connection, call=fact.call, at=fact.at, kind=kind, channel=fact.leg, by_extension=None, to_extension=""
            )
        case CallTransferred():
            await QUERIES.note_turn.execute(
                connection,
                call=fact.call,
                at=fact.at,
                kind=fact.kind,
                channel="",
                by_extension=fact.by,
                to_extension=printable(fact.to),
            )
        case MenuChosen():
            await QUERIES.note_menu.execute(connection, call=fact.call, path=fact.path, notice=fact.notice)


async def _start(connection: Connection, fact: CallStarted, numbering: Numbering) -> None:
    number, sent, name, dialled = (
        numbering.read(fact.number),
        printable(fact.number),
        printable(fact.name),
        printable(fact.dialled),
    )
    await QUERIES.start_call.execute(
        connection,
        call=fact.call,
        number=number,
        number_sent=sent,
        name_sent=name,
        dialled=dialled or "-",
        direction=str(fact.direction),
        by=fact.by,
        node=fact.node,
        at=fact.at,
        recovered=fact.recovered,
    )


async def _end(connection: Connection, fact: CallEnded) -> None:
    await QUERIES.end_call.execute(
        connection,
        call=fact.call,
        at=fact.at,
        outcome=str(fact.outcome),
        waited_ms=fact.waited_ms,
        recovered=fact.recovered,
        abandoned_again=fact.abandoned_again,
    )


async def _apply_to_leg(connection: Connection, fact: CallOffered | OfferEnded | CallAnswered | LegJoined | LegLeft) -> None:
    leg = {"call": fact.call, "channel": fact.leg, "at": fact.at}
    match fact:
        case CallOffered():
            await QUERIES.offer_leg.execute(connection, **leg, extension=fact.extension)
        case OfferEnded():
            await QUERIES.end_offer.execute(connection, **leg, outcome=str(fact.outcome), rang_ms=fact.rang_ms)
        case CallAnswered():
            counted = {"rang_ms": fact.rang_ms, "waited_ms": fact.waited_ms}
            await QUERIES.answer.execute(connection, **leg, extension=fact.extension, **counted)
        case LegJoined():
            await QUERIES.join_leg.execute(connection, **leg, extension=fact.extension, recovered=fact.recovered)
        case LegLeft():
            await QUERIES.close_span.execute(connection, **leg)


async def _apply_to_pop(connection: Connection, fact: PopSent | PopEnriched | PopReceived | PopEnded) -> None:
    match fact:
        case PopSent():
            await QUERIES.send_pop.execute(
                connection, pop=fact.pop, person=fact.person, call=fact.call, seq=fact.seq, offered_at=fact.offered_at, at=fact.at
            )
        case PopEnriched():
            await QUERIES.enrich_pop.execute(connection, pop=fact.pop, at=fact.at)
        case PopReceived():
            await QUERIES.receive_pop.execute(connection, pop=fact.pop, at=fact.at, shown_ms=fact.shown_ms)
        case PopEnded():
            await QUERIES.end_pop.execute(connection, pop=fact.pop, at=fact.at, how=fact.how)


async def settle_late(connection: Connection, facts: Sequence[Fact]) -> None:
    """After facts that were applied late: what the end of their calls would have settled, had it come after them."""
    calls = list({fact.call for fact in facts if isinstance(fact, (CallStarted, *OF_A_CALL))})
    if calls:
        await QUERIES.close_late.execute(connection, calls=calls)
        await QUERIES.measure_late.execute(connection, calls=calls)


async def _end_unheard(connection: Connection, fact: StillLive) -> None:
    """Ends the calls that the switch no longer has. How a call ended is known only if somebody had answered it."""
    for row in await QUERIES.ended_unheard.fetch(connection, live=list(fact.calls), at=fact.at, node=fact.node):
        call = CallId(row["id"])
        outcome = CallOutcome.ANSWERED if row["answered_at"] else CallOutcome.LOST
        await _end(connection, CallEnded(at=fact.at, recovered=True, call=call, outcome=outcome, waited_ms=None, talked_ms=0))
        await tell_changed(connection, Change.of_call(call, fact.at))


async def _close_unheard(connection: Connection, fact: StillLive) -> None:
    """Closes rings, cards and conversations whose own end we did not hear, of calls that go on. How such a ring ended is not
    known.
    """
    for query in (QUERIES.close_unheard_legs, QUERIES.close_unheard_spans, QUERIES.close_unheard_pops):
        await query.execute(connection, live=list(fact.legs), at=fact.at, node=fact.node)
