"""Holds the lease: one backend at a time commands a database and a switch. An epoch in the database fences off whoever held it
before.

The holder renews it every second. A second backend waits, watches by its own monotonic clock (no two machines need agree on the
time), and takes it once it has not been renewed for LIFETIME_S over a connection that was up all that while; at once if it was
given back, or if its holder was an earlier process of this very instance, which is dead because the instance's folder is locked
(a copy of the folder is another instance, and so is this one after the machine was started again).

Fencing: whoever takes the lease ends all connections of the one before, so that nothing half-done of it can be committed, and
every new connection of a holder asks whether its epoch is still in force. One that was only paused (a suspended machine, a
stalled process) therefore cannot write, notices it within a second of going on, says so and ends. Its commands to the switch are
refused from the moment it goes on (``fresh``).

The switch asks for no epoch, so a holder that cannot renew has to know by itself when to stop commanding it (``Standing``). While
the database is away for everybody nobody can take over, and agents must get out of their pauses (C10): so who was alone goes on.
Who has seen another stand by stops LIFETIME_S after the last renewal that was answered, which is before the other can have begun.

The epoch and the beats also tell a database that is older than we are: restored from a copy, or failed over to a standby that
lagged behind. The last ones seen are kept in the instance's folder, so that it is noticed across a restart.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import math
import os
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

from services.errors import WorldFailed
from services.now import Clock
from services.store import db
from services.store.db import AWAY, OwnConnection
from services.store.queries import load_queries
from services.whereabouts import place_of, start_of_machine
from services.words import said

QUERIES = load_queries(Path(__file__).parent / "lease.sql")
RENEW_S = 1.0
LIFETIME_S = 3.0  # not renewed for so long: its holder is dead, or as good as dead
LOOK_S = 0.25
RENEWING_S = 1.0  # a renewal takes no longer; with RENEW_S a second is left of LIFETIME_S for whatever holds our own loop up
WATCHED_S = 10.0  # who stood by within so long before the last renewal counts as there: its connection may have been broken
AGAIN_S = 0.5
REMEMBER_EVERY = 10  # beats; and at the taking
PREFIX = "tingsu/"  # of the names of a holder's connections
STANDS_BY = "tingsu stands by"  # the name of the connection of one that waits

log = structlog.get_logger(__name__)


class LeaseLost(WorldFailed):
    """Another backend has taken over this database and switch; this one has ended. Started again, it waits."""

    code = "lease_lost"


class InstanceTaken(WorldFailed):
    """Another process runs this instance."""

    code = "instance_taken"


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """How old a database is: it only rises, unless the database is restored."""

    epoch: int = 0
    beats: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """The lease as it stood."""

    mark: Mark
    holder: str
    process: str


class Patience:
    """When a lease may be taken. Pure: looks in, verdicts out; ``at`` by the monotonic clock."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._stood: tuple[Seen, float] | None = None

    def may_take(self, seen: Seen, at: float) -> bool:
        """Given back, of a dead process of ours, or not renewed for LIFETIME_S."""
        if not seen.holder or seen.holder == self._instance:
            return True
        if self._stood is None or self._stood[0] != seen:
            self._stood = seen, at
        return at - self._stood[1] >= LIFETIME_S

    def interrupted(self) -> None:
        """We could not look: what happened meanwhile is not known."""
        self._stood = None


class Standing:
    """Whether a holder may still command the switch. Pure, like Patience, whose other side it is; times by the monotonic clock.

    The lease may be another's LIFETIME_S after a renewal was sent (not: answered), as it may have been seen at once. Where nobody
    waits for that, it is enough that we have tried to look: only who was paused has not.
    """

    def __init__(self) -> None:
        self._renewed = self._watched = self._tried = -math.inf

    @property
    def watched(self) -> bool:
        """Whether another backend stood by when we last knew."""
        return self._renewed - self._watched < WATCHED_S

    def renewed(self, sent: float, *, watched: bool) -> None:
        """A renewal that was sent then has been answered; ``watched``: somebody stands by."""
        self._renewed = sent
        if watched:
            self._watched = sent

    def tried(self, at: float) -> None:
        """A renewal has ended, one way or the other."""
        self._tried = at

    def may_command(self, at: float) -> bool:
        return at - (self._renewed if self.watched else max(self._renewed, self._tried)) < LIFETIME_S


class Instance:
    """The folder of this instance, locked for as long as the process lives; and what it remembers of its database.

    Who has ``name`` in a lease and is not us has had our lock: it is dead.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = -1
        self.name = ""

    def open(self) -> None:
        """Raises InstanceTaken."""
        self._lock = os.open(self._folder / "instance.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise InstanceTaken(said("another process runs the instance in {folder}", folder=self._folder)) from None
        name = self._folder / "instance.id"
        if not name.exists():
            _write(name, secrets.token_hex(8))
        self.name = "/".join((name.read_text("ascii").strip(), place_of(self._lock), start_of_machine()))

    def close(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @property
    def mark(self) -> Mark:
        """The youngest state of the database that this instance has seen."""
        try:
            kept = json.loads((self._folder / "lease.json").read_bytes())
            return Mark(int(kept["epoch"]), int(kept["beats"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Mark()

    def remember(self, mark: Mark) -> None:
        """Note the state of the database. If the disk takes nothing, only the note is lost."""
        try:
            _write(self._folder / "lease.json", json.dumps({"epoch": mark.epoch, "beats": mark.beats}))
        except OSError as wrong:
            log.warning("lease.age_not_noted", errno=wrong.errno)


class Lease:
    """``acquire``, then ``keep`` in a task group for as long as it is wanted, then ``give_back``.

    ``on_lost`` hears when another has taken over, ``on_set_back`` when the database turns out to be older than it was.
    """

    def __init__(self, instance: Instance, url: str, password: str | None, clock: Clock) -> None:
        self._instance = instance
        self._url = url
        self._password = password
        self._clock = clock
        self._connection: OwnConnection | None = None
        self._process = secrets.token_hex(8)
        self._highest = instance.mark
        self._standing = Standing()
        self.mark = Mark()
        self.lost = False
        self.set_back = False
        self.on_lost: Callable[[], None] = lambda: None
        self.on_set_back: Callable[[], None] = lambda: None

    @property
    def connections(self) -> str:
        """The name of this holder's connections."""
        return f"{PREFIX}{self._process}"

    @property
    def fresh(self) -> bool:
        """Whether we certainly lead. False after a pause in which we have not looked, or when we could not renew while another
        stands by: it may lead by now.
        """
        return not self.lost and self._standing.may_command(self._clock.monotonic())

    @property
    def watched(self) -> bool:
        """Whether another backend stands by, ready to take over."""
        return self._standing.watched

    async def acquire(self, waiting: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        """Returns once we hold the lease. ``waiting`` is entered while another backend holds it."""
        async with AsyncExitStack() as meanwhile:
            await self._acquire(lambda: meanwhile.enter_async_context(waiting()))

    async def _acquire(self, waiting: Callable[[], Awaitable[None]]) -> None:
        patience, told = Patience(self._instance.name), False
        while True:
            try:
                seen = await self._look()
                if patience.may_take(seen, self._clock.monotonic()):
                    if await self._take(seen):
                        return
                elif not told:
                    told = True
                    await waiting()
            except (WorldFailed, asyncpg.PostgresError, *AWAY) as wrong:
                log.debug("lease.not_seen", error=type(wrong).__name__)
                patience.interrupted()
                self._hang_up()
                await asyncio.sleep(AGAIN_S)
            await asyncio.sleep(LOOK_S)

    async def keep(self) -> None:
        """Renews the lease for ever, every RENEW_S from beat to beat however long each renewal takes; returns when it is lost."""
        began = self._clock.monotonic()
        while not self.lost:
            await asyncio.sleep(began + RENEW_S - self._clock.monotonic())
            began = self._clock.monotonic()
            try:
                async with asyncio.timeout(RENEWING_S):
                    await self._renew()
            except (WorldFailed, asyncpg.PostgresError, *AWAY) as wrong:
                log.debug("lease.not_renewed", error=type(wrong).__name__)
                self._hang_up()
            self._standing.tried(self._clock.monotonic())
        log.error("lease.lost", epoch=self.mark.epoch)
        self.on_lost()

    async def admit(self, connection: db.Connection) -> None:
        """For each new connection of the pool. Raises LeaseLost when our epoch is not in force any more."""
        if self.lost or not await QUERIES.in_force.fetchval(connection, epoch=self.mark.epoch):
            raise LeaseLost

    async def give_back(self) -> None:
        """At an orderly end, after the last write."""
        try:
            async with asyncio.timeout(AGAIN_S):
                connection = await self._connected()
                self._instance.remember(self.mark)
                await QUERIES.give_back.execute(connection, epoch=self.mark.epoch, process=self._process)
        except (WorldFailed, asyncpg.PostgresError, *AWAY):
            log.debug("lease.not_given_back")
        self._hang_up()

    async def _look(self) -> Seen:
        connection = await self._connected()
        row = await QUERIES.look.fetchrow(connection)
        assert row is not None  # the migration put it there
        seen = Seen(Mark(row["epoch"], row["beats"]), row["holder"], row["process"])
        self._highest = max(self._highest, seen.mark)
        return seen

    async def _take(self, seen: Seen) -> bool:
        """Takes the lease. False if another backend was quicker, or the holder renewed it after all."""
        connection, sent = await self._connected(), self._clock.monotonic()
        older = seen.mark < self._highest
        epoch = self._highest.epoch + 1
        row = await QUERIES.take.fetchrow(
            connection,
            seen_epoch=seen.mark.epoch,
            seen_beats=seen.mark.beats,
            epoch=epoch,
            holder=self._instance.name,
            process=self._process,
            seen_process=seen.process,
        )
        if row is None:
            return False
        self.mark = self._highest = Mark(row["epoch"], row["beats"])
        self._standing.renewed(sent, watched=False)  # who stands by is known at the first beat
        await QUERIES.rename.execute(connection, name=db.NAME)
        cut = await QUERIES.cut_off.fetchval(connection, all_of_ours=f"{PREFIX}%", own=self.connections)
        log.info("lease.taken", epoch=epoch, cut_off=cut)
        if older:
            self._say_set_back(seen.mark)
        self._instance.remember(self.mark)
        return True

    async def _renew(self) -> None:
        connection, sent, before = await self._connected(), self._clock.monotonic(), self.mark
        row = await QUERIES.beat.fetchrow(connection, epoch=before.epoch, process=self._process, stands_by=STANDS_BY)
        if row is None:
            await self._missing()
            return
        self._standing.renewed(sent, watched=row["watched"])
        self.mark = Mark(before.epoch, beats := row["beats"])
        if self.mark <= before:
            self._say_set_back(self.mark)
        if beats % REMEMBER_EVERY == 0:
            await asyncio.to_thread(self._instance.remember, self.mark)

    async def _missing(self) -> None:
        """The renewal found no row: either another backend has the lease, or the database has forgotten our epoch. Then the
        lease is taken anew, with an epoch above every one that ever was.
        """
        seen = await self._look()
        if seen.mark.epoch >= self.mark.epoch:
            self.lost = True
        elif await self._take(seen):
            log.info("lease.taken_anew")

    def _say_set_back(self, found: Mark) -> None:
        known = self._instance.mark
        log.error("lease.database_set_back", epoch=found.epoch, known_epoch=known.epoch)
        self.set_back = True
        self.on_set_back()

    async def _connected(self) -> OwnConnection:
        if self._connection is None or self._connection.is_closed():
            name = db.NAME if self.mark.epoch else STANDS_BY
            statement_ms = int(RENEWING_S * 1000)
            self._connection = await db.connect(self._url, password=self._password, statement_ms=statement_ms, name=name)
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)
