"""Serves tickets over HTTP: list, form, journal and the steps of the workflow."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from services.access import masks
from services.access.rights import Right
from services.calls import policy
from services.cells import Reader
from services.clocks.model import Deadline, Standing
from services.customers.numbers import written
from services.errors import Conflict, NotAllowed, Stale
from services.tickets import sheet, wire
from services.tickets.actions import Tickets
from services.tickets.holding import Holding
from services.tickets.levels import Level
from services.tickets.model import Ticket, TicketFilter
from services.tickets.policy import of_list
from services.tickets.trays import Trays, Waiting
from services.tickets.views import Due, Line, Listed, Seen, Views
from services.tickets.workflow import Action, wants
from services.web.cursor import from_cursor, to_cursor
from services.web.http import Asked, Streamed, route
from services.web.shapes import Id
from services.web.sheets import ChosenRows, send_sheet

CLASH = (Conflict, Stale, NotAllowed)
"""Somebody was first, or its state or level does not allow it."""

HANDS = (Right.TICKETS_WRITE, Right.SUGGESTIONS)
"""Who has cases at all; which of them is asked once the case is known."""


class TicketRoutes:
    """``zone`` is the centre's."""

    def __init__(self, tickets: Tickets, views: Views, zone: ZoneInfo) -> None:
        self._tickets = tickets
        self._views = views
        self._zone = zone

    @route("GET", "/api/tickets", right=Right.TICKETS_READ)
    async def page(self, asked: Asked, query: wire.TicketsQuery) -> wire.TicketPage:
        """Newest first, unless ``sort`` says otherwise.

        A text search looks at some thousand tickets a page: go on while there is a ``next``.
        """
        cursor = from_cursor(query.after, query.sort, self._tickets.sorted_by)
        after = None if cursor.at is None else (cursor.at, int(cursor.behind))
        owner = asked.by.id if query.owner == "me" else None
        reader = policy.only_own(asked.by)
        hidden = bool(masks.hidden_from(asked.by))
        wanted = TicketFilter(
            query.state, owner, query.q, after, query.limit, reader, cursor.sort, hidden, query.severity, query.channel
        )
        found = await self._tickets.find(wanted, person=asked.by.id)
        page = found.page
        return wire.TicketPage(
            tickets=[_row(listed) for listed in self._views.listed(asked.by, page.rows)],
            next=to_cursor(cursor.sort, *page.next) if page.next else None,
            counts=found.counts,
            facets=found.facets,
            may=of_list(asked.by),
        )

    @route("POST", "/api/tickets", right=Right.TICKETS_WRITE, status=201, raises=(Conflict,))
    async def new(self, asked: Asked, body: wire.TicketNew) -> wire.Ticket:
        """A draft by hand. The same ``key`` again returns the first one."""
        fields = body.fields.model_dump(exclude_unset=True)
        ticket, _ = await self._tickets.new(fields, key=body.key, by=asked.by)
        return await self._wire(asked, ticket)

    @route("POST", "/api/ticket-exports", right=Right.LISTS_EXPORT, produces="text/csv")
    async def export(self, asked: Asked, body: ChosenRows) -> Streamed:
        """These tickets as a list shows them, as a file for a spreadsheet. Audited, with how many."""
        rows = await self._tickets.take_away(asked.by, body.ids, reader=policy.only_own(asked.by))
        return await send_sheet(asked, "tickets", sheet.COLUMNS, rows, Reader(asked.by.person.language, self._zone))

    @route("GET", "/api/tickets/{ticket_id}", right=Right.TICKETS_READ)
    async def show(self, asked: Asked, ticket_id: Id) -> wire.Ticket:
        """One ticket with where each field comes from."""
        return await self._wire(asked, await self._tickets.load(ticket_id))

    @route("GET", "/api/tickets/{ticket_id}/journal", right=Right.TICKETS_READ)
    async def journal(self, asked: Asked, ticket_id: Id, query: wire.JournalQuery) -> list[wire.JournalRow]:
        """What was done to it, oldest first, a page; ``after`` is the ``seq`` of the last row seen."""
        lines = await self._views.history(asked.by, ticket_id, after=query.after, limit=query.limit)
        return [_journal_row(line) for line in lines]

    @route("PATCH", "/api/tickets/{ticket_id}", right=HANDS, raises=(Stale,))
    async def change(self, asked: Asked, ticket_id: Id, body: wire.TicketPatch) -> wire.Ticket:
        """The named fields, if ``version`` is still the ticket's."""
        fields = body.fields.model_dump(exclude_unset=True)
        return await self._wire(asked, await self._tickets.change(ticket_id, body.version, fields, by=asked.by))

    @route("POST", "/api/tickets/{ticket_id}/confirm", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def confirm(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """The draft becomes a case with a number; every empty mandatory field is named."""
        return await self._wire(asked, await self._tickets.confirm(ticket_id, body.version, by=asked.by, note=body.note))

    @route("POST", "/api/tickets/{ticket_id}/discard", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def discard(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """The draft is no case; ``restore`` undoes it."""
        return await self._wire(asked, await self._tickets.discard(ticket_id, body.version, by=asked.by, note=body.note))

    @route("POST", "/api/tickets/{ticket_id}/restore", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def restore(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """Undoes a discard."""
        return await self._wire(asked, await self._tickets.restore(ticket_id, body.version, by=asked.by, note=body.note))

    @route("POST", "/api/tickets/{ticket_id}/close", right=HANDS, raises=(Stale,))
    async def close(self, asked: Asked, ticket_id: Id, body: wire.CloseBody) -> wire.Ticket:
        """Settled (SPEC A2); needs the answer, and the customer's confirmation or why it is closed without (SPEC N9)."""
        ticket = await self._tickets.close(ticket_id, body.version, body.closing, by=asked.by, note=body.note)
        return await self._wire(asked, ticket)

    @route("POST", "/api/tickets/{ticket_id}/acknowledge", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def acknowledge(self, asked: Asked, ticket_id: Id, body: wire.AcknowledgeBody) -> wire.Ticket:
        """The customer was told that the case is registered (SPEC O6)."""
        ticket = await self._tickets.acknowledge(ticket_id, body.version, body.how, by=asked.by, note=body.note)
        return await self._wire(asked, ticket)

    @route("GET", "/api/tickets/{ticket_id}/progress", right=Right.TICKETS_READ)
    async def progress(self, _: Asked, ticket_id: Id) -> wire.Progress:
        """The stages that the case has gone through (SPEC O6), why it is to go to the manager hotline (SPEC A4), and when it
        may be taken to the authority (SPEC O1).
        """
        reached, proposed, appeal = await self._views.progress(ticket_id)
        return wire.Progress(
            stages=[wire.StageReached(stage=one.stage, at=one.at, standing=one.standing) for one in reached],
            proposals=[wire.HotlineProposal(trigger=one.trigger, times=one.times, rules=list(one.rules)) for one in proposed],
            authority=appeal and wire.AuthorityWindows.model_validate(appeal, from_attributes=True),
        )

    @route("POST", "/api/tickets/{ticket_id}/repeats", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def judge(self, asked: Asked, ticket_id: Id, body: wire.JudgeBody) -> wire.Ticket:
        """A person's word on whether it repeats an earlier case (SPEC A4)."""
        ticket = await self._tickets.judge(ticket_id, body.version, body.of, body.verdict, by=asked.by)
        return await self._wire(asked, ticket)

    @route("POST", "/api/tickets/{ticket_id}/not-accept", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def not_accept(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """The customer does not accept a correct answer (SPEC A4, N6)."""
        ticket = await self._tickets.accepted(ticket_id, body.version, accepts=False, by=asked.by, note=body.note)
        return await self._wire(asked, ticket)

    @route("POST", "/api/tickets/{ticket_id}/accept", right=Right.TICKETS_WRITE, raises=(Stale,))
    async def accept(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """The customer accepts the answer after all: takes the mark back."""
        ticket = await self._tickets.accepted(ticket_id, body.version, accepts=True, by=asked.by, note=body.note)
        return await self._wire(asked, ticket)

    @route("POST", "/api/ticket-steps", right=Right.TICKETS_WRITE)
    async def step_each(self, asked: Asked, body: wire.StepsBody) -> list[wire.StepTaken]:
        """One step with several tickets, each for itself: what cannot be done with one keeps none of the others back."""
        wanted = [(one.id, one.version) for one in body.tickets]
        taken = await self._tickets.step_each(Action(body.action), wanted, by=asked.by)
        return [wire.StepTaken(id=one.id, version=one.version, problem=one.problem) for one in taken]

    @route("GET", "/api/me/due", right=Right.TICKETS_READ)
    async def due(self, asked: Asked) -> list[wire.TicketDue]:
        """The clocks that run for one's own open cases, the nearest end first; those that are over too."""
        return [_due(one) for one in await self._views.due(asked.by)]

    async def _wire(self, asked: Asked, ticket: Ticket) -> wire.Ticket:
        return shown(await self._views.see(asked.by, ticket))


class HoldingRoutes:
    """Who holds a case: handing on, taking, and the trays (SPEC A2, A3, A4, A7, N6)."""

    def __init__(self, holding: Holding, trays: Trays, views: Views) -> None:
        self._holding = holding
        self._trays = trays
        self._views = views

    @route("POST", "/api/tickets/{ticket_id}/hand-over", right=HANDS, raises=CLASH)
    async def hand_over(self, asked: Asked, ticket_id: Id, body: wire.ReasonBody) -> wire.Ticket:
        """To the senior agents' tray."""
        return await self._wire(asked, await self._holding.hand_over(ticket_id, body.version, body.reason, by=asked.by))

    @route("POST", "/api/tickets/{ticket_id}/escalate", right=HANDS, raises=CLASH)
    async def escalate(self, asked: Asked, ticket_id: Id, body: wire.EscalateBody) -> wire.Ticket:
        """To the manager hotline's tray."""
        triggers = frozenset(body.triggers)
        ticket = await self._holding.escalate(ticket_id, body.version, triggers, body.reason, by=asked.by)
        return await self._wire(asked, ticket)

    @route("POST", "/api/tickets/{ticket_id}/suggest", right=HANDS, raises=CLASH)
    async def suggest(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """A suggestion, to the data administrator's tray."""
        return await self._wire(asked, await self._holding.suggest(ticket_id, body.version, body.note, by=asked.by))

    @route("POST", "/api/tickets/{ticket_id}/give-back", right=HANDS, raises=CLASH)
    async def give_back(self, asked: Asked, ticket_id: Id, body: wire.ReasonBody) -> wire.Ticket:
        """Back into the tray of its level."""
        return await self._wire(asked, await self._holding.give_back(ticket_id, body.version, body.reason, by=asked.by))

    @route("POST", "/api/tickets/{ticket_id}/take", right=HANDS, raises=CLASH)
    async def take(self, asked: Asked, ticket_id: Id, body: wire.VersionBody) -> wire.Ticket:
        """Out of its tray; 409 with code ``held`` if somebody else has it already."""
        return await self._wire(asked, await self._holding.take(ticket_id, body.version, by=asked.by))

    @route("GET", "/api/trays", right=HANDS)
    async def counts(self, asked: Asked) -> list[wire.TrayCounts]:
        """The trays from which one may take, and how much is in each."""
        rows = await self._trays.counts(asked.by)
        return [wire.TrayCounts(level=Level(row["level"]), tray=row["tray"], mine=row["mine"]) for row in rows]

    @route("GET", "/api/trays/{level}", right=HANDS)
    async def page(self, asked: Asked, level: Level, query: wire.TrayQuery) -> list[wire.TrayRow]:
        """The nearest end of a clock first, then what has waited longest; 200 at most."""
        return [_waiting(one) for one in await self._trays.page(asked.by, level, query.which)]

    async def _wire(self, asked: Asked, ticket: Ticket) -> wire.Ticket:
        return shown(await self._views.see(asked.by, ticket))


def shown(seen: Seen) -> wire.Ticket:
    """A ticket on the wire."""
    plain = {name: getattr(seen.ticket, name) for name in PLAIN}
    names = {name: getattr(seen, name) for name in NAMED}
    sources = {name: source.as_json() for name, source in seen.ticket.sources.items()}
    deadlines = [_deadline(*one) for one in seen.deadlines]
    more = {"sources": sources, "deadlines": deadlines, "wants": wants(seen.ticket)}
    return wire.Ticket.model_validate({**plain, **names, **more})


PLAIN = tuple(
    name
    for name in Ticket.__slots__
    if name in wire.Ticket.model_fields and name not in {"sources", "confirmed_by", "created_by", "acknowledged_by"}
)
NAMED = ("created_by", "owner", "confirmed_by", "acknowledged_by", "drafting", "may")


def _deadline(deadline: Deadline, standing: Standing) -> dict[str, object]:
    names = ("rule", "because", "starts_at", "ends_at", "warned_at", "settled_at")
    return {**{name: getattr(deadline, name) for name in names}, "standing": standing}


def _due(due: Due) -> wire.TicketDue:
    names = ("id", "number", "kind", "customer_number", "customer_name")
    clock = _deadline(due.deadline, due.standing)
    return wire.TicketDue.model_validate({**{name: due.row[name] for name in names}, "deadline": clock})


def _journal_row(line: Line) -> wire.JournalRow:
    changes = dict(line.changes)
    if "customer_number" in changes:
        before, after = changes["customer_number"]
        changes["customer_number"] = before and written(before), after and written(after)
    return wire.JournalRow.model_validate({**line.row, "changes": changes})


def _row(listed: Listed) -> wire.TicketRow:
    same = {name: listed.row[name] for name in wire.TicketRow.model_fields if name != "may"}
    return wire.TicketRow.model_validate({**same, "may": listed.may})


def _waiting(waiting: Waiting) -> wire.TrayRow:
    plain = wire.TrayRow.model_fields.keys() - {"triggers", "deadline", "may"}
    return wire.TrayRow.model_validate(
        {
            **{name: waiting.row[name] for name in plain},
            "triggers": (waiting.row["triggers"] or "").split(),
            "deadline": _deadline(*waiting.clock) if waiting.clock else None,
            "may": waiting.may,
        }
    )
