"""Defines a decision of the manager hotline (SPEC M1): frozen, no I/O. It is on record for ever, with its number in the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class DecisionKind(StrEnum):
    """What was decided: a step does not stand, a department is ordered to do something, the customer is made good for something,
    another manager agrees to that or does not, the case is closed, or opened again.
    """

    OVERRULE = "overrule"
    ORDER = "order"
    COMPENSATE = "compensate"
    APPROVE = "approve"
    DENY = "deny"
    CONCLUDE = "conclude"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``step``: the row of the case's journal that does not stand, or of the order's, where ``order_id`` names one.

    ``amount`` in ``currency`` is exact. ``approved_by``: of an amount that needs nobody else. ``answers``: the compensation that
    is approved or denied.
    """

    kind: DecisionKind
    by: int
    at: datetime
    reason: str
    step: int | None = None
    order_step: int | None = None
    order_id: int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    approved_by: int | None = None
    answers: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The centre's currency, and up to which amount of it one manager decides alone."""

    currency: str = "CNY"
    alone: int = 500
