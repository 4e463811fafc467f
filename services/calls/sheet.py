"""Says how calls stand in a file for a spreadsheet: the columns of their list, times in seconds so that they can be added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.cells import Column, Pair
from services.customers.numbers import written
from services.customers.sheet import TIERS
from services.store.db import Row

DIRECTIONS: Mapping[str, Pair] = {"inbound": ("来电", "Inbound"), "outbound": ("去电", "Outbound")}

OUTCOMES: Mapping[str, Pair] = {
    "answered": ("已接通", "Answered"),
    "abandoned": ("排队中放弃", "Abandoned in queue"),
    "ivr_hangup": ("语音导航中挂断", "Hung up in the menu"),
    "refused": ("队列未能接听", "Let go by the queue"),
    "lost": ("记录中断", "Link was down"),
    "no_answer": ("未接", "Not answered"),
    "busy": ("占线或拒接", "Busy or declined"),
    "failed": ("未能接通", "Not reached"),
}


def _seconds(ms: int | None) -> str:
    return "" if ms is None else f"{ms / 1000:.3f}"


COLUMNS: Sequence[Column[Row]] = (
    Column(("通话", "Call"), lambda row, to: row["id"]),
    Column(("方向", "Direction"), lambda row, to: to.of(DIRECTIONS, row["direction"])),
    Column(("开始", "Began"), lambda row, to: to.moment(row["started_at"])),
    Column(("结束", "Ended"), lambda row, to: to.moment(row["ended_at"])),
    Column(("号码", "Telephone"), lambda row, to: written(row["number"]), "number"),
    Column(("客户", "Customer"), lambda row, to: row["k_name"] or row["name_sent"], "name"),
    Column(("级别", "Tier"), lambda row, to: to.of(TIERS, row["k_tier"])),
    Column(("结果", "Outcome"), lambda row, to: to.of(OUTCOMES, row["outcome"])),
    Column(("等待（秒）", "Waited (s)"), lambda row, to: _seconds(row["waited_ms"])),
    Column(("通话（秒）", "Talked (s)"), lambda row, to: _seconds(row["talked_ms"])),
    Column(("坐席", "Agent"), lambda row, to: row["agent_name"]),
    Column(("投诉单", "Ticket"), lambda row, to: row["ticket_number"]),
)
