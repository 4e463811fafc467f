"""Shows tickets as one person may see them: the call's own policy decides on the words of the call behind a ticket, and reading
them is on record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from services.access.actor import LoggedIn
from services.access.policy import MINE, Act
from services.access.reads import Reads
from services.calls import policy
from services.clocks import store as clocked
from services.clocks.model import Deadline, Standing, standing
from services.now import Clock
from services.store.db import Connection, Pool, Row, connection
from services.tickets import store
from services.tickets.authority import Terms, Windows, windows
from services.tickets.levels import Level
from services.tickets.model import TEXTS, Place, State, Ticket, without_words
from services.tickets.policy import possible, whose
from services.tickets.stages import Milestones, Reached, stages
from services.tickets.triggers import LIMITS, Facts, Proposal, proposals
from services.tickets.workflow import Action

DUE = 20
"""Clocks shown of a person's cases: what lies further ahead can wait until these are done."""

TERMS = Terms()

Drafting = Literal["none", "waiting", "done", "no_speech", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A ticket without what its reader may not read, and what they can do with it; how far the words of its call are;
    its clocks and how each stands now.
    """

    ticket: Ticket
    created_by: str | None
    owner: str | None
    confirmed_by: str | None
    acknowledged_by: str | None
    drafting: Drafting
    may: Sequence[Action]
    deadlines: Sequence[tuple[Deadline, Standing]]


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a list, and what its reader can do with that ticket."""

    row: Row
    may: Sequence[Action]


@dataclass(frozen=True, slots=True)
class Due:
    """A clock that runs, how it stands, and the case it runs for."""

    row: Row
    deadline: Deadline
    standing: Standing


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a ticket's history; ``by`` None is the system."""

    row: Row
    changes: Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Views:
    """Shows tickets to persons."""

    pool: Pool
    reads: Reads
    clock: Clock
    zone: ZoneInfo
    terms: Terms

    @classmethod
    def of(cls, pool: Pool, clock: Clock, zone: ZoneInfo, terms: Terms = TERMS) -> Views:
        return cls(pool, Reads(pool, clock), clock, zone, terms)

    async def see(self, who: LoggedIn, ticket: Ticket) -> Seen:
        """The ticket as ``who`` may see it."""
        async with connection(self.pool) as taken:
            if not await _may_read(taken, who, ticket):
                ticket = without_words(ticket)
            names = await store.QUERIES.names.fetchrow(
                taken,
                created_by=ticket.created_by,
                owner=ticket.owner_id,
                confirmed_by=ticket.confirmed_by,
                acknowledged_by=ticket.acknowledged_by,
            )
            words = await store.QUERIES.drafting_of.fetchrow(taken, call=ticket.call_id) if ticket.call_id else None
            clocks = await clocked.of_ticket(taken, ticket.id)
        assert names is not None
        if ticket.call_id and any(source.evidence for source in ticket.sources.values()):
            await self._note(who, ticket.call_id)
        now = self.clock.now()
        deadlines = [(one, standing(one, now)) for one in clocks]
        return Seen(ticket=ticket, drafting=_drafting(ticket, words), may=possible(who, ticket), deadlines=deadlines, **names)

    @staticmethod
    def listed(who: LoggedIn, rows: Sequence[Row]) -> Sequence[Listed]:
        """Rows of a list, each with what ``who`` can do with that ticket; asked once for all that stand alike."""
        places = [place_of(row) for row in rows]
        steps = {place: possible(who, place) for place in set(places)}
        return [Listed(row, steps[place]) for row, place in zip(rows, places, strict=True)]

    async def history(self, who: LoggedIn, ticket_id: int, *, after: int, limit: int) -> Sequence[Line]:
        """Oldest first; that a text was changed is told to everybody, from what to what only to who may read it."""
        async with connection(self.pool) as taken:
            ticket = await store.load(taken, ticket_id)
            words = await _may_read(taken, who, ticket)
            rows = await store.QUERIES.read_journal.fetch(taken, ticket=ticket_id, after=after, limit=limit)
        if words and ticket.call_id and rows:
            await self._note(who, ticket.call_id)
        return [Line(row, row["changes"] if words else _texts_hidden(row["changes"])) for row in rows]

    async def progress(self, ticket_id: int) -> tuple[Sequence[Reached], Sequence[Proposal], Windows | None]:
        """The stages of the case, in their order, why it is to go to the manager hotline, and when a complaint may be taken to
        the authority.
        """
        async with connection(self.pool) as taken:
            ticket = await store.load(taken, ticket_id)
            row = await store.QUERIES.milestones.fetchrow(taken, ticket=ticket_id)
            found = await store.QUERIES.facts.fetchrow(taken, ticket=ticket_id, limits=list(LIMITS), now=self.clock.now())
            authority = await store.QUERIES.authority.fetchval(taken, nature=ticket.nature)
        assert row is not None  # aggregates always answer
        assert found is not None
        facts = Facts(**found, open=ticket.state is State.OPEN, not_accepted=ticket.not_accepted_at is not None)
        takes = ticket.kind == "complaint" and ticket.confirmed_at is not None
        appeal = windows(ticket.received_at, authority, self.terms, self.zone) if takes else None
        return stages(ticket, Milestones(**row)), proposals(facts), appeal

    async def due(self, who: LoggedIn) -> Sequence[Due]:
        """The clocks of one's own open cases, the nearest end first, what is over too."""
        async with connection(self.pool) as taken:
            rows = await store.QUERIES.due_of.fetch(taken, person=who.id, limit=DUE)
        now = self.clock.now()
        clocks = [(row, clocked.deadline_of(row)) for row in rows]
        return [Due(row, deadline, standing(deadline, now)) for row, deadline in clocks]

    async def _note(self, who: LoggedIn, call: str) -> None:
        await self.reads.note(who, "transcript.read", f"call:{call}", {"through": "ticket"})


def place_of(row: Row) -> Place:
    """Of a row that has these columns, among others."""
    return Place(State(row["state"]), Level(row["level"]), row["owner_id"], row["kind"])


async def _may_read(taken: Connection, who: LoggedIn, ticket: Ticket) -> bool:
    """The words of the call behind the ticket; a ticket written by hand has none."""
    if ticket.call_id is None or whose(who, ticket) in MINE:
        return True
    return await policy.may(taken, who, Act.CALL_WORDS, ticket.call_id)


def _texts_hidden(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (None, None) if name in TEXTS else pair for name, pair in changes.items()}


def _drafting(ticket: Ticket, words: Row | None) -> Drafting:
    """How far the words of the call are: the recording first, then its transcript."""
    if ticket.call_id is None:
        return "none"
    if words is None or words["recording"] == "waiting":
        return "waiting"
    if words["recording"] in {"failed", "empty"}:
        return "failed"
    done: dict[str, Drafting] = {"done": "done", "no_speech": "no_speech", "failed": "failed"}
    return done.get(words["transcript"], "waiting")
