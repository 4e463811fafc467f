"""The clocks of the centre: what must happen, within which time, counted from what (SPEC "The clocks").

One row here for each row of the table in docs/rules.md, in its order; a test compares the two. A row that names a length of time
(or "at once") can be started for a thing, and is a row of ``deadline`` then. The others are kept elsewhere or are dates of the
calendar: they wait for the rooms that need them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from services.clocks.calendar import ALWAYS, Calendar

AT_ONCE = timedelta(minutes=1)
"""The rules give no number: it is what a person needs to press a button, and shorter than any other length in the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """``rules`` that it is about, the first of them its name. ``within`` None: it ends with another deadline or on a date.

    ``says``: the time as the rules put it. ``warning``: how long before its end whoever is concerned is warned, if at all; the
    rules name none but V3's.
    """

    rules: tuple[str, ...]
    must: str
    says: str
    counted_from: str
    within: timedelta | None = None
    warning: timedelta | None = None
    calendar: Calendar = ALWAYS

    @property
    def name(self) -> str:
        return self.rules[0]


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


TABLE: tuple[Clock, ...] = (
    Clock(
        rules=("A1",),
        must="an idle agent answers",
        says="15 s",
        counted_from="entry into the complaint/suggestion queue",
        within=timedelta(seconds=15),
    ),
    Clock(
        rules=("T1",),
        must="text becomes a ticket",
        says="2 h",
        counted_from="receipt of the letter, fax, e-mail",
        within=_minutes(120),
    ),
    Clock(
        rules=("T5", "X1"),
        must="unsettled text (or recording) reaches a senior agent",
        says="2 h",
        counted_from="receipt (the same clock as T1, not a second one)",
        within=_minutes(120),
    ),
    Clock(
        rules=("N2",),
        must="dispatch",
        says="1 h",
        counted_from="the complaint's receipt",
        within=_minutes(60),
        warning=_minutes(15),
    ),
    Clock(
        rules=("A7", "N2"),
        must="big/important/dedicated-line customer or urgent",
        says="at once",
        counted_from="receipt",
        within=AT_ONCE,
    ),
    Clock(
        rules=("A3",),
        must="suggestion to the data administrator",
        says="at once",
        counted_from="end of the conversation",
        within=AT_ONCE,
    ),
    Clock(
        rules=("V3",),
        must="warning, then reminder",
        says="before and at the order's deadline",
        counted_from="the order's deadline",
    ),
    Clock(rules=("Q2",), must="5 % of each kind of business", says="daily", counted_from="yesterday's volume"),
    Clock(rules=("Q3",), must="two checks a person", says="weekly", counted_from="calendar week"),
    Clock(rules=("V5", "Q12"), must="monthly analysis", says="before the 21st", counted_from="calendar month"),
    Clock(rules=("R3",), must="reports", says="Monday; 21st; 21 of Mar/Jun/Sep/Dec; 21 December", counted_from="calendar"),
    Clock(rules=("D3",), must="knowledge article", says="before launch date", counted_from="the new business's launch"),
)

ANSWER = "O1"

NORMS: tuple[Clock, ...] = (
    Clock(
        rules=(ANSWER,),
        must="the operator answers a complaint",
        says="15 days",
        counted_from="receipt",
        within=timedelta(days=15),
        warning=timedelta(days=3),
    ),
)
"""Norms of the field that are clocks (SPEC O1): not of the table of the rules, and a centre may switch each off. Days of an order
of the state are days of the calendar, whatever hours a centre works.
"""

WARNED_SHARE = 5
"""A norm is warned of in the last fifth of its time at the earliest: three days before fifteen, not at once where it is two."""

Clocks = Mapping[str, Clock]

CLOCKS: Clocks = {clock.name: clock for clock in TABLE}
"""As they are where the centre sets no calendar: day and night."""

COUNTED = ("T1", "T5", "N2", "A7", "A3", "V3")
"""Those that a centre can give a calendar: each is time that people have, and not a caller's seconds in a queue, or a date."""


def with_norms(clocks: Clocks, *, answer_days: int) -> Clocks:
    """The table with the norms that are in force; 0 days: not that one."""
    (answer,) = NORMS
    if not answer_days:
        return clocks
    within = timedelta(days=answer_days)
    return {**clocks, ANSWER: replace(answer, within=within, warning=min(answer.warning or within, within / WARNED_SHARE))}


def in_calendars(calendars: Mapping[str, Calendar]) -> Clocks:
    """The table with the calendars of those clocks that have one."""
    return {name: replace(clock, calendar=calendars.get(name, clock.calendar)) for name, clock in CLOCKS.items()}
