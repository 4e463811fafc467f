"""Says what stands in a mail to a department about an order: its number, what is wanted by when, and the link. Pure.

Nothing of the customer and nothing that anybody typed about the case is in it: a mail lies about in many places. Both languages
are, for nobody knows who reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

MOVED = "moved"
"""The department is written to at another address from now on."""

DENIED = "deny"
"""It does not get the time that it asked for."""

WITHDRAWN = "withdraw"
"""It has nothing to do with the order any more; the mail has no link."""

WANTED: Mapping[str, tuple[str, str]] = {
    "issue": ("有新的工单", "A new work order"),
    "chase": ("工单有变动（追单）", "A work order was changed (chase)"),
    "extend": ("工单已延期", "A work order has more time"),
    "uphold": ("工单仍归贵部门办理", "A work order is your department's after all"),
    "redo": ("工单需要重新办理", "A work order is to be done once more"),
    "warning": ("工单即将到期", "A work order is nearly due"),
    "reminder": ("工单已到期，请尽快回单", "A work order is due: please return it"),
    "notice": ("工单超期书面通知", "Written notice: a work order is overdue"),
    "criticism": ("工单超期通报批评", "Criticism: a work order is long overdue"),
    "urge": ("催单", "Reminder about a work order"),
    DENIED: ("延期申请未获批准", "No more time for a work order"),
    WITHDRAWN: ("工单已撤销，请停止办理", "A work order was withdrawn: please stop"),
    MOVED: ("贵部门办理中的工单（邮箱已变更）", "A work order that your department has (new address)"),
}
"""What happened, by the kind of the mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a mail about an order names."""

    kind: str
    number: str
    urgent: bool
    due_at: datetime | None
    zh: str
    en: str


def subject(about: About, centre: str) -> str:
    """One line, whatever the names of centre and department hold."""
    zh, en = WANTED[about.kind]
    urgent = "【加急 Urgent】" if about.urgent else ""
    return " ".join(f"[{centre}] {urgent}{zh} {about.number} {en}".split())


def ended(about: About, centre: str) -> str:
    """Of an order that is not the department's any more."""
    zh, en = WANTED[about.kind]
    return f"""{about.zh}：

{zh}：{about.number}
此工单无需再办理，也无需回单；之前邮件中的链接已失效。

本邮件由系统自动发出，请勿回复。
{centre}

----

{about.en}:

{en}: {about.number}
Nothing is to be done or returned any more. The links in earlier mails have ended.

This mail was sent by a machine; nobody reads answers.
{centre}
"""


def text(about: About, centre: str, url: str, *, ends_at: datetime, zone: ZoneInfo) -> str:
    zh, en = WANTED[about.kind]
    due = f"{about.due_at.astimezone(zone):%Y-%m-%d %H:%M}" if about.due_at else "–"
    ends = f"{ends_at.astimezone(zone):%Y-%m-%d %H:%M}"
    return f"""{about.zh}：

{zh}：{about.number}{"（加急）" if about.urgent else ""}
办理期限：{due}

请打开下面的链接查看、接单、退回、申请延期或回单，不需要账号：
{url}

链接只对应这一张工单，有效至 {ends}，回单或退回后即失效。请勿转发给无关人员。
本邮件由系统自动发出，请勿回复。
{centre}

----

{about.en}:

{en}: {about.number}{" (urgent)" if about.urgent else ""}
Due: {due} ({zone.key})

Open this link to see it, accept it, send it back, ask for more time or return it; no account is needed:
{url}

The link is for this one order. It is good until {ends}, and ends when the order is returned or sent back. Do not pass it on.
This mail was sent by a machine; nobody reads answers.
{centre}
"""
