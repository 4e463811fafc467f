"""Serves the centre's calendars over HTTP."""

from __future__ import annotations

import asyncio
from datetime import date

from services.access.rights import Right
from services.calendars import wire
from services.calendars.actions import Calendars, Standing
from services.calendars.model import Base, Edition, OwnDay, Written
from services.clocks import written
from services.errors import NotFound, Stale
from services.web.http import Asked, route

BYTES = 700_000  # as many days as the description allows, each with the longest reason, all of it escaped


class CalendarRoutes:
    def __init__(self, calendars: Calendars) -> None:
        self._calendars = calendars

    @route("GET", "/api/calendar", right=Right.DEPARTMENTS_READ, long_answer=True)
    async def show(self, asked: Asked) -> wire.CentreCalendar:
        """The centre's calendars: their hours, what the law says of each day, and what the centre says of it."""
        return await asyncio.to_thread(_wire, self._calendars.base, await self._calendars.all())

    @route("PUT", "/api/calendar", right=Right.DEPARTMENTS_WRITE, body_limit=BYTES, long_answer=True, raises=(Stale,))
    async def replace(self, asked: Asked, body: wire.CentreCalendarBody) -> wire.CentreCalendar:
        """Own days and hours in place of the old, if ``number`` is still in force. Clocks that run are counted anew."""
        new = await asyncio.to_thread(_edition, body)
        return await asyncio.to_thread(_wire, self._calendars.base, await self._calendars.replace(body.number, new, by=asked.by))

    @route("GET", "/api/calendar/editions", right=Right.DEPARTMENTS_READ)
    async def editions(self, asked: Asked) -> list[wire.CalendarEdition]:
        """Who changed them when and how many deadlines that moved, the newest first."""
        return [
            wire.CalendarEdition(number=one.number, at=one.at, by=one.by, days=one.days, moved=one.moved)
            for one in await self._calendars.editions()
        ]

    @route("POST", "/api/calendar/back", right=Right.DEPARTMENTS_WRITE, long_answer=True, raises=(Stale, NotFound))
    async def go_back(self, asked: Asked, body: wire.CalendarBack) -> wire.CentreCalendar:
        """Own days and hours as they were in an older edition: the undo."""
        standing = await self._calendars.go_back(body.number, body.to, by=asked.by)
        return await asyncio.to_thread(_wire, self._calendars.base, standing)


def _edition(body: wire.CentreCalendarBody) -> Edition:
    days = [OwnDay(day=date.fromisoformat(one.day), counts=one.counts, like=one.like, reason=one.reason) for one in body.days]
    return Edition(days, {one.calendar: tuple(tuple(hours) for hours in one.hours) for one in body.weeks})


def _wire(base: Base, standing: Standing) -> wire.CentreCalendar:
    edition = standing.edition
    return wire.CentreCalendar(
        number=standing.number,
        country=base.country,
        calendars=[_calendar(one) for one in base.calendars],
        years=[wire.LawYear(year=one.year, country=one.country, known=one.known) for one in standing.years],
        law=[
            wire.LawDay(day=one.day.isoformat(), counts=one.counts, like=one.like, zh=one.zh, en=one.en) for one in standing.law
        ],
        days=[wire.OwnDay(day=one.day.isoformat(), counts=one.counts, like=one.like, reason=one.reason) for one in edition.days],
        weeks=[wire.OwnWeek(calendar=name, hours=[list(day) for day in week]) for name, week in edition.weeks.items()],
        left=standing.left,
    )


def _calendar(one: Written) -> wire.WorkingCalendar:
    moved = written.workdays(one.moved)
    off = written.holidays(one.off) - moved.keys()
    days = [wire.WrittenDay(day=day.isoformat(), counts="off", like=None) for day in sorted(off)]
    days += [
        wire.WrittenDay(day=day.isoformat(), counts="working", like=written.WEEKDAYS.index(like)) for day, like in moved.items()
    ]
    return wire.WorkingCalendar(
        name=one.name, clocks=list(one.clocks), law=one.law, hours=[list(hours) for hours in one.week], days=days
    )
