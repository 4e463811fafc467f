"""A mail server on loopback (aiosmtpd) that keeps what it is given, and can be told to misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

from services.mail.model import MailServer
from tests.harness.patience import seconds

SENDER = "tingsu@example.org"
LINK = re.compile(r"/answer#([A-Za-z0-9_-]{43})")


def server(port: int, limit_s: float = seconds(10)) -> MailServer:
    """How to reach it."""
    return MailServer(
        host="127.0.0.1", port=port, security="none", user="", password="", sender=SENDER, name="听诉", instance="tingsu",
        limit_s=limit_s, keeps_trying=timedelta(hours=48),
    )  # fmt: skip


@dataclass
class PostOffice:
    """``mails`` as they came. ``sender``, ``recipient``, ``data``: its answers to one, and to a mail.

    ``taking``: awaited once it has a mail, before it says so; ``leaving``: before it says goodbye.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    sender: str = "250 OK"
    recipient: str = "250 OK"
    data: str = "250 OK"
    taking: Callable[[], Awaitable[object]] | None = None
    leaving: Callable[[], Awaitable[object]] | None = None

    async def handle_MAIL(self, _: object, __: object, envelope: Envelope, *asked: Any) -> str:  # aiosmtpd's name
        """``asked``: the address, and its options."""
        address, options = asked
        if self.sender.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.sender

    async def handle_RCPT(self, _: object, __: object, envelope: Envelope, *asked: Any) -> str:  # aiosmtpd's name
        """``asked``: the address, and its options."""
        address, options = asked
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return self.recipient

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # aiosmtpd's name
        content = envelope.content
        assert isinstance(content, bytes)
        if self.data.startswith("250"):
            self.mails.append(email.message_from_bytes(content, policy=email.policy.SMTP))  # type: ignore[arg-type]
        if self.taking:
            await self.taking()
        return self.data

    async def handle_QUIT(self, *_: object) -> str:  # aiosmtpd's name
        if self.leaving:
            await self.leaving()
        return "221 Bye"

    def texts(self) -> list[str]:
        return [mail.get_content() for mail in self.mails]

    def tokens(self) -> list[str]:
        """Of the link in each mail; both languages have the same."""
        found = [set(LINK.findall(text)) for text in self.texts()]
        assert all(len(one) == 1 for one in found), found
        return [one.pop() for one in found]


@contextlib.asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    """Served in this very loop until the block ends."""
    office = PostOffice()
    made: Callable[[], Any] = lambda: SMTP(office, hostname="mail.example.org", enable_SMTPUTF8=True)  # noqa: E731
    listening = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    office.port = listening.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        listening.close()


@contextlib.asynccontextmanager
async def rude(words: bytes | None) -> AsyncIterator[int]:
    """A port at which somebody says ``words`` that are no mail server's and hangs up; None: takes the call and says nothing."""
    over = asyncio.Event()

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if words is None:
            await over.wait()
        else:
            writer.write(words)
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        over.set()
        listening.close()
