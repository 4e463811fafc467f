"""Says how customers stand in a file for a spreadsheet: the columns of their list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.cells import Column, Pair
from services.customers.model import Customer
from services.customers.numbers import written

TIERS: Mapping[str, Pair] = {
    "normal": ("普通客户", "Normal"),
    "big": ("大客户", "Big customer"),
    "important": ("重要客户", "Important customer"),
    "dedicated_line": ("专线客户", "Dedicated line"),
}

COLUMNS: Sequence[Column[Customer]] = (
    Column(("号码", "Number"), lambda one, to: written(one.number), "number"),
    Column(("姓名", "Name"), lambda one, to: one.name, "name"),
    Column(("级别", "Tier"), lambda one, to: to.of(TIERS, one.tier)),
    Column(("备注", "Note"), lambda one, to: one.note),
)
