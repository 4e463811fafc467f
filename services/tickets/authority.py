"""Says when a customer may take a complaint to the authority (申诉), and in what time it is dealt with there (SPEC O1, order 35).

Pure. What the authority takes depends on what the complaint is about: charges grow old sooner than everything else (SPEC O5).
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

CHARGES = "charges"
"""The authority's class of complaints about money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The norm's times; 0 switches one off. ``accepts_days``: working days of the authority, not of the centre."""

    answer_days: int = 15
    charges_months: int = 5
    others_months: int = 24
    accepts_days: int = 5
    answers_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """``opens_at``: from then on an unanswered complaint may be taken there; ``closes_at``: it is refused from then on; None: not
    limited, or not known. Days are those within which the authority accepts an appeal, and answers one that it has accepted; 0:
    not said.
    """

    opens_at: datetime | None
    closes_at: datetime | None
    accepts_days: int
    answers_days: int


def windows(received_at: datetime, authority: str | None, terms: Terms, zone: ZoneInfo) -> Windows:
    """Of a complaint received then; ``authority``: the class that the authority puts its nature in. None: nobody has said in
    which, so that it is not known when it grows old, and no date is made up.
    """
    months = _months(authority, terms)
    return Windows(
        opens_at=received_at + timedelta(days=terms.answer_days) if terms.answer_days else None,
        closes_at=_later(received_at, months, zone) if months else None,
        accepts_days=terms.accepts_days,
        answers_days=terms.answers_days,
    )


def _months(authority: str | None, terms: Terms) -> int:
    if authority is None:
        return 0
    return terms.charges_months if authority == CHARGES else terms.others_months


def _later(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same hour of the same day so many months on, on the wall of the centre; a month that is too short ends sooner."""
    wall = moment.astimezone(zone)
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    day = min(wall.day, monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day).astimezone(UTC)
