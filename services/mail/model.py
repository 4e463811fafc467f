"""Defines a mail, and makes of one what a mail server takes. Pure.

A header is built by ``email`` alone, which refuses a line break in any of them. The message's id is made of the row's: a mail
that is sent twice, because we died before we could note that it had left, is one and the same to whoever receives it.
"""

from __future__ import annotations

import email.policy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Literal

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Who takes our mail, and in whose name we send it. ``limit_s``: seconds from the first word to the last."""

    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)
    sender: str
    name: str
    instance: str
    limit_s: float
    keeps_trying: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a mail says, to whom. ``made_at``: when its cause happened."""

    id: int
    made_at: datetime
    to: str
    subject: str
    text: str = field(repr=False)  # it has a link that opens something


def message(letter: Letter, server: MailServer) -> EmailMessage:
    """The mail as it is sent; the same for the same letter, but for the link in its text."""
    made = EmailMessage(policy=email.policy.SMTP)
    made["From"] = Address(server.name, addr_spec=server.sender)
    made["To"] = letter.to
    made["Subject"] = letter.subject
    made["Date"] = letter.made_at
    made["Message-ID"] = message_id(letter, server)
    made["Auto-Submitted"] = "auto-generated"  # no machine answers it (RFC 3834)
    made.set_content(letter.text, cte="base64")  # a long link stays on one line
    return made


def message_id(letter: Letter, server: MailServer) -> str:
    """Another instance, or another database of this one, has other ids for its mails."""
    return f"<{letter.id}.{letter.made_at:%Y%m%d%H%M%S%f}.{server.instance}@{server.sender.rpartition('@')[2]}>"
