"""Says how tickets stand in a file for a spreadsheet: the columns of their list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.cells import Column, Pair, Reader
from services.customers.numbers import written
from services.customers.sheet import TIERS
from services.store.db import Row

STATES: Mapping[str, Pair] = {
    "draft": ("草稿", "Draft"),
    "open": ("处理中", "Open"),
    "closed": ("已结", "Closed"),
    "discarded": ("已作废", "Discarded"),
}


def _class(row: Row, to: Reader, of: str) -> str:
    """The class's own name; its code if there is no such class any more."""
    zh, en = row[f"{of}_zh"], row[f"{of}_en"]
    return to.said((zh, en)) if zh is not None else row[of] or ""


COLUMNS: Sequence[Column[Row]] = (
    Column(("编号", "Number"), lambda row, to: row["number"]),
    Column(("状态", "State"), lambda row, to: to.of(STATES, row["state"])),
    Column(("类别", "Kind"), lambda row, to: _class(row, to, "kind")),
    Column(("业务", "Business"), lambda row, to: _class(row, to, "business")),
    Column(("性质", "Nature"), lambda row, to: _class(row, to, "nature")),
    Column(("建议类", "Kind of suggestion"), lambda row, to: _class(row, to, "suggestion")),
    Column(("客户", "Customer"), lambda row, to: row["customer_name"], "name"),
    Column(("号码", "Telephone"), lambda row, to: written(row["customer_number"]), "number"),
    Column(("级别", "Tier"), lambda row, to: to.of(TIERS, row["tier"])),
    Column(("内容", "What it is about"), lambda row, to: row["summary"]),
    Column(("经办人", "In hand of"), lambda row, to: row["owner"]),
    Column(("受理时间", "Received"), lambda row, to: to.moment(row["received_at"])),
)
