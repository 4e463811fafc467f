"""Sends mails: each row that is due, once a server has taken it, is noted as sent.

A server that is away, hangs, speaks nonsense or says "later" is the world's fault: the mail waits, for as long as the
configuration says; so does one whose sender, or whose login, is refused: that is about us, and not about the mail. One that a
server refuses for good is given up, with the reason, and shown on the System page. We die between its "taken" and our note at
worst: then the mail leaves again under the same id.

A reason is a kind of error and a number, never what a server said: that may repeat an address.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Protocol

import aiosmtplib
import structlog

from services.errors import TingsuError
from services.mail.model import Letter, MailServer, message
from services.mail.store import LINE, QUERIES
from services.now import Clock
from services.store.db import Connection, Pool, connection, transaction
from services.store.jobs import Failed, Job, Later, Patience, Runner, Verdict, for_ever, until_kept
from services.troubles import Troubles

LOOK_S = 1.0
LEASE_BEYOND = timedelta(minutes=1)  # beside the time that sending may take: who had the row is dead by then
AGAIN = timedelta(minutes=1)
TRIES = 5  # of what fails in a way that we do not know
REFUSED = range(500, 600)

log = structlog.get_logger(__name__)


class Writer(Protocol):
    """Says, by a row's id and in a transaction, what its mail says."""

    async def write(self, connection: Connection, number: int, /) -> Letter | None:
        """None: nothing any more."""

    async def lost(self, connection: Connection, number: int, /) -> None:
        """What was written last has certainly come to nobody."""


class Postman:
    """``run`` sends what is due for ever, ``next`` one mail."""

    def __init__(self, pool: Pool, clock: Clock, server: MailServer, writer: Writer, *, troubles: Troubles) -> None:
        self._pool = pool
        self._clock = clock
        self._server = server
        self._writer = writer
        self._troubles = troubles
        lease = timedelta(seconds=server.limit_s) + LEASE_BEYOND
        self._runner = Runner(pool, clock, LINE, self, Patience(lease=lease, tries=TRIES, unended=TRIES))

    async def run(self) -> None:
        """For ever; owned by the composition root. There is one postman for a database."""
        await until_kept(self._release)
        await for_ever(self.next, LOOK_S, part="mail", troubles=self._troubles)

    async def next(self) -> bool:
        """The next mail that is due; False if none is."""
        return await self._runner.next()

    async def do(self, job: Job) -> Verdict:
        async with transaction(self._pool) as taken:
            letter = await self._writer.write(taken, job.id)
            if letter is None:
                await QUERIES.drop.execute(taken, mail=job.id)
        if letter is None:
            return None
        if verdict := await self._send(letter):
            return verdict
        await until_kept(lambda: self._sent(job))  # not sent again because the database was away
        return None

    async def give_up(self, job: Job, reason: str) -> None:
        async with connection(self._pool) as taken:
            await QUERIES.give_up.execute(taken, mail=job.id, reason=reason, at=self._clock.now())

    async def _release(self) -> None:
        async with connection(self._pool) as taken:
            await LINE.release(taken, self._clock.now(), counts=True)

    async def _sent(self, job: Job) -> None:
        async with connection(self._pool) as taken:
            await QUERIES.sent.execute(taken, mail=job.id, at=self._clock.now())

    async def _send(self, letter: Letter) -> Verdict:
        try:
            await send(letter, self._server)
        except NotTaken as error:
            log.info("mail.not_taken", mail=letter.id, reason=error.reason)
            if error.lost:
                async with connection(self._pool) as taken:
                    await self._writer.lost(taken, letter.id)
            if error.final or self._clock.now() - letter.made_at >= self._server.keeps_trying:
                return Failed(error.reason, final=True)
            return Later(AGAIN, error.reason)
        return None


class NotTaken(TingsuError):
    """The mail server has not taken it. ``final``: it will never take this one. ``lost``: that is certain, and not only that it
    has not said so.
    """

    def __init__(self, reason: str, *, final: bool = False, lost: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final
        self.lost = lost


async def send(letter: Letter, server: MailServer) -> None:
    """Hands the mail to the server. Raises NotTaken; once it has said that it has it, whatever follows is no matter."""
    made, greeted, taken = message(letter, server), False, False
    try:
        async with asyncio.timeout(server.limit_s), _greeted(server) as client:
            greeted = True
            await client.send_message(made, sender=server.sender, recipients=[letter.to])
            taken = True
    except aiosmtplib.SMTPRecipientsRefused as error:
        code = error.recipients[0].code if error.recipients else 0
        raise NotTaken(f"recipient_refused {code}", final=code in REFUSED, lost=True) from None
    except aiosmtplib.SMTPDataError as error:
        raise NotTaken(f"refused {error.code}", final=error.code in REFUSED, lost=True) from None
    except FAILED as error:
        if not taken:
            raise NotTaken(why(error), lost=not greeted or isinstance(error, aiosmtplib.SMTPSenderRefused)) from None


async def greet(server: MailServer) -> str:
    """Says hello as a mail would, and sends none: '' if all is well, else why it is not."""
    try:
        async with asyncio.timeout(server.limit_s), _greeted(server):
            return ""
    except FAILED as error:
        return why(error)


FAILED = (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError, UnicodeError)
"""What a server that is away, hangs or speaks nonsense comes to."""


def why(error: Exception) -> str:
    """A kind, and a number if the server gave one."""
    code = getattr(error, "code", "")
    return f"{type(error).__name__} {code}".strip()


@contextlib.asynccontextmanager
async def _greeted(server: MailServer) -> AsyncIterator[aiosmtplib.SMTP]:
    """Connected, encrypted as the configuration says, and known to the server."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        username=server.user or None,
        password=server.password or None,
        timeout=server.limit_s,
        local_hostname=server.sender.rpartition("@")[2],  # not the machine's own name: that is nobody's concern
    )
    try:
        await client.connect()
        yield client
        with contextlib.suppress(*FAILED):
            await client.quit()
    finally:
        client.close()
