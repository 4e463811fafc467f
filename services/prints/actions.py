"""Prints what a person may see: cases, work orders, written warnings. Each print is on record, as every export is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from services.access import audit, masks
from services.access.actor import LoggedIn
from services.hotline.views import Views as StoryViews
from services.now import Clock
from services.orders.views import Views as OrderViews
from services.prints import model
from services.prints.model import HISTORY, History, Paper, Step, Told
from services.prints.press import Press
from services.store.db import Pool, transaction
from services.store.queries import load_queries
from services.tickets.actions import Tickets
from services.tickets.views import Views as TicketViews
from services.words import Language

QUERIES = load_queries(Path(__file__).with_name("prints.sql"))

PAGE = 40  # asked for at once: one may hold the longest texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Prints:
    """The use-cases. Each answers with a PDF, and raises what seeing the thing raises."""

    pool: Pool
    clock: Clock
    zone: ZoneInfo
    centre: str
    press: Press
    tickets: Tickets
    ticket_views: TicketViews
    order_views: OrderViews
    stories: StoryViews

    async def ticket(self, who: LoggedIn, ticket: int, language: Language | None) -> bytes:
        """A case with its history."""
        seen = await self.ticket_views.see(who, await self.tickets.load(ticket))
        steps: list[Step] = []
        while len(steps) <= HISTORY:
            rows = await self.ticket_views.history(who, ticket, after=len(steps), limit=PAGE)
            steps += [Step(line.row["at"], line.row["by"], line.row["action"], line.changes, line.row["note"]) for line in rows]
            if len(rows) < PAGE:
                break
        paper = await self._paper(who, language, "ticket.print", f"ticket:{ticket}")
        return await self.press.set(await asyncio.to_thread(model.ticket, paper, seen, History.of(steps)))

    async def story(self, who: LoggedIn, ticket: int, language: Language | None) -> bytes:
        """Everything that happened to a case, and every decision about it (SPEC M1). What the call's words say is not in it."""
        case, story = await self.tickets.load(ticket), await self.stories.story(ticket, HISTORY)
        decisions = await self.stories.decisions(ticket)
        paper = await self._paper(who, language, "story.print", f"ticket:{ticket}")
        told = Told([dict(row) for row in story.rows], [dict(one) for one in decisions], story.left_off)
        return await self.press.set(await asyncio.to_thread(model.story, paper, case, told))

    async def order(self, who: LoggedIn, order: int, language: Language | None) -> bytes:
        """A work order with its history, as this person may see it."""
        seen = await self.order_views.see(who, order)
        rows = await self.order_views.history(who, order, after=0, limit=HISTORY + 1)
        steps = [Step(row["at"], row["by"], row["action"], row["changes"], row["note"]) for row in rows]
        paper = await self._paper(who, language, "order.print", f"order:{order}")
        return await self.press.set(await asyncio.to_thread(model.order, paper, seen, History.of(steps)))

    async def warning(self, who: LoggedIn, warning: int, language: Language | None) -> bytes:
        """The written warning that went with a second dispatch. Raises NotFound."""
        seen = await self.order_views.warned(who, warning)
        paper = await self._paper(who, language, "warning.print", f"warning:{warning}")
        return await self.press.set(model.warning(paper, seen))

    async def _paper(self, who: LoggedIn, language: Language | None, action: str, about: str) -> Paper:
        """Noted before anything is printed: what cannot be written down is not given out."""
        now, chosen = self.clock.now(), language or who.person.language
        async with transaction(self.pool) as connection:
            await audit.write(connection, now, by=who.id, action=action, about=about)
            rows = await QUERIES.labels.fetch(connection)
        name = "zh" if chosen == "zh-CN" else "en"
        labels = {(row["list"], row["code"]): row[name] for row in rows}
        return Paper(self.centre, self.zone, chosen, now, who.person.name, labels, masks.hidden_from(who))
