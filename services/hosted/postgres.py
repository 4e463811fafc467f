"""Launches an embedded PostgreSQL: one instance folder, one server, no TCP port, nothing left behind.

The server is a direct child on a leash (``leash``): when we die by SIGKILL, it gets SIGINT and shuts down cleanly, and the
next start waits for that and goes on. "Running" is never believed of a process id, only of an answered connection. Who may
start the server is decided by a lock on ``postgres.lock``, held by the living parent alone.

It has two accounts: its superuser, which owns everything and migrates, and the application's, which owns nothing.

Once it has run, nothing that happens to it ends us: it is a database that is away, is tried again until it is back, and says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import random
import secrets
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import asyncpg

from services.errors import WorldFailed
from services.hosted import account as accounts
from services.hosted import leash, leftovers
from services.hosted import place as places
from services.hosted.account import Account
from services.hosted.binaries import Binaries, find, reachable_copy
from services.hosted.leftovers import SOCKET_NAME, StillRunning
from services.store.roles import APPLICATION
from services.words import reason, said

OWNER = "tingsu"
DATABASE = "tingsu"
SOCKET_LIMIT = 107  # sun_path holds 108 bytes with its closing zero
POLL_S = 0.02
STOP_FAST_S = 30.0  # SIGINT: roll back and write a checkpoint
STOP_NOW_S = 10.0  # SIGQUIT: leave, recover at the next start
OWNER_SECRET, APPLICATION_SECRET = "password", "application-password"
LOG_LIMIT = 10_000_000  # bytes; an older log is begun afresh
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 5.0
NO_ROOM = 48 << 20  # bytes: with less it cannot have the next piece of its log (16 MB) and whatever comes with it

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # An error's DETAIL and STATEMENT quote rows: personal data stays out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


class PostgresFailed(WorldFailed):
    """The embedded PostgreSQL does not start."""

    code = "postgres_failed"


class AlreadyRunning(PostgresFailed):
    """Another process runs this database."""

    code = "already_running"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresPlan:
    """What to start. ``folder`` is the wish; as root below a closed home another place is used and told to ``progress``.

    ``signs``: files that the instance has once it has had a database. With one of them no empty database is made.
    """

    folder: Path
    bin_dir: Path | None = None
    account: str = ""
    signs: tuple[Path, ...] = ()
    start_s: float = 300.0  # a long crash recovery is normal work, not a failure
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passwords:
    """Of both accounts; each lies in a file of mode 0600 in the place."""

    owner: str = field(repr=False)
    application: str = field(repr=False)


@dataclass(slots=True)
class EmbeddedPostgres:
    """A server that ran once. ``place`` is where the data really lies; ``fallen`` while it is being brought back."""

    place: Path
    binaries: Binaries
    sockets: Path
    passwords: Passwords = field(repr=False)
    process: asyncio.subprocess.Process
    lock: int
    account: Account | None
    fallen: bool = False

    def url(self, database: str = DATABASE) -> str:
        """For the owner, who migrates. Holds the password: never log it."""
        return _url(self.sockets, OWNER, self.passwords.owner, database)

    def application_url(self, database: str = DATABASE) -> str:
        """For everything else, likewise."""
        return _url(self.sockets, APPLICATION, self.passwords.application, database)

    @property
    def free(self) -> int:
        """Bytes that the disk below the data still takes; none if it cannot be asked."""
        try:
            return shutil.disk_usage(self.place).free
        except OSError:
            return 0

    async def keep(self, plan: PostgresPlan, progress: Callable[[str], None]) -> None:
        """Start a server that died again, for ever, however often that takes."""
        while True:
            code = await self.process.wait()
            self.fallen = True
            progress(
                said("PostgreSQL has ended with {code}; it is started again, and nothing that was committed is lost", code=code)
            )
            await self._bring_back(plan, progress)
            self.fallen = False

    async def _bring_back(self, plan: PostgresPlan, progress: Callable[[str], None]) -> None:
        """What keeps it from starting (a full disk, no descriptor, a folder that was closed) is said once, and may pass."""
        began, wait = time.monotonic(), FIRST_WAIT_S
        while True:
            try:
                await self._start_again(plan, progress)
                break
            except (PostgresFailed, StillRunning, OSError) as error:
                if wait == FIRST_WAIT_S:
                    progress(said("PostgreSQL does not come back; it is tried again and again ({why})", why=_reason(error)))
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))
            wait = min(LONGEST_WAIT_S, wait * 2)
        if wait > FIRST_WAIT_S:
            progress(said("PostgreSQL is back after {seconds:.0f} s", seconds=time.monotonic() - began))

    async def _start_again(self, plan: PostgresPlan, progress: Callable[[str], None]) -> None:
        """One try. A process of the last one that lives, and could not be reached, is waited for instead."""
        if self.process.returncode is not None:
            await leftovers.clear(self.place, self.sockets, progress)
            command = _command(self.binaries, self.place / "data", self.sockets, plan.settings)
            self.process = await _spawn(command, self.account, self.place, "postgres.log")
        await _until_answering(self, plan.start_s, progress)

    async def stop(self) -> None:
        """Fast shutdown, then immediate, then kill: each with its limit."""
        try:
            for signal_number, limit in ((signal.SIGINT, STOP_FAST_S), (signal.SIGQUIT, STOP_NOW_S), (signal.SIGKILL, None)):
                if await _leave(self.process, signal_number, limit):
                    break
        finally:
            if not self.sockets.is_relative_to(self.place):
                with contextlib.suppress(OSError):  # not empty: a process that had to be killed may have left its socket
                    self.sockets.rmdir()
            os.close(self.lock)


def _url(sockets: Path, user: str, password: str, database: str) -> str:
    return f"postgresql://{user}:{quote(password, safe='')}@/{database}?{urlencode({'host': str(sockets)})}"


def urls_of_running(plan: PostgresPlan) -> tuple[str, str]:
    """The application's and the owner's URL of the server that another process runs from the same plan.

    Raises PostgresFailed if there never was one.
    """
    place = places.find(plan.folder, plan.account, plan.signs).path
    sockets = _socket_folder(place)
    passwords = Passwords(*(_read_secret(place / name) for name in (OWNER_SECRET, APPLICATION_SECRET)))
    return _url(sockets, APPLICATION, passwords.application, DATABASE), _url(sockets, OWNER, passwords.owner, DATABASE)


async def _leave(process: asyncio.subprocess.Process, signal_number: int, limit: float | None) -> bool:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal_number)
    try:
        async with asyncio.timeout(limit):
            await process.wait()
    except TimeoutError:
        return False
    return True


@contextlib.asynccontextmanager
async def running(plan: PostgresPlan, progress: Callable[[str], None]) -> AsyncIterator[EmbeddedPostgres]:
    """The server, for as long as the block lasts."""
    server = await start(plan, progress)
    try:
        yield server
    finally:
        await server.stop()


async def start(plan: PostgresPlan, progress: Callable[[str], None]) -> EmbeddedPostgres:
    """Make the data folder if there was none, start, wait until it answers. Call from the main thread (see ``leash``)."""
    try:
        place = places.find(plan.folder, plan.account, plan.signs)
        accounts.own_folder(place.path, place.account)
        if place.path != plan.folder:
            progress(said("the database lies in {place}", place=place.path))
        lock = _lock(place.path, place.account)
        try:
            return await _start_locked(plan, place.path, place.account, lock, progress)
        except BaseException:
            os.close(lock)
            raise
    except OSError as error:
        raise PostgresFailed(
            f"the database cannot be started: {error.filename or plan.folder}: {os.strerror(error.errno or 0)}"
        ) from error


def _lock(place: Path, account: Account | None) -> int:
    descriptor = os.open(place / "postgres.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _give(descriptor, account)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunning(said("another process is running the database in {place}", place=place)) from None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _give(descriptor: int, account: Account | None) -> None:
    """Everything in the place is the account's: whoever starts as that account later must be able to use it."""
    if account:
        os.fchown(descriptor, *account.ids)


async def _start_locked(
    plan: PostgresPlan, place: Path, account: Account | None, lock: int, progress: Callable[[str], None]
) -> EmbeddedPostgres:
    data = place / "data"
    binaries = reachable_copy(find(plan.bin_dir, major=_major(data)), account, place)
    sockets = accounts.own_folder(_socket_folder(place), account)
    await leftovers.clear(place, sockets, progress)
    await _make_data(binaries, place, account, progress)
    passwords = Passwords(_read_secret(place / OWNER_SECRET), _made_once(place / APPLICATION_SECRET, account))
    places.remember(plan.folder, places.Place(place, account, made=True))
    process = await _spawn(_command(binaries, data, sockets, plan.settings), account, place, "postgres.log")
    server = EmbeddedPostgres(place, binaries, sockets, passwords, process, lock, account)
    try:
        await _until_answering(server, plan.start_s, progress)
        await _make_application(server)
    except BaseException:
        await _leave(process, signal.SIGINT, STOP_FAST_S) or await _leave(process, signal.SIGKILL, None)
        raise
    return server


def _major(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def _socket_folder(place: Path) -> Path:
    wish = place / "run"
    if len(os.fsencode(wish / SOCKET_NAME)) <= SOCKET_LIMIT:
        return wish
    return Path("/tmp") / f"tingsu-{hashlib.sha256(os.fsencode(place)).hexdigest()[:16]}"  # noqa: S108  # own_folder refuses a stranger's


async def _make_data(binaries: Binaries, place: Path, account: Account | None, progress: Callable[[str], None]) -> None:
    """initdb into a folder beside, renamed when whole; the owner's password lies in ``place`` for root and the account."""
    data, fresh, secret = place / "data", place / "data.new", place / OWNER_SECRET
    if data.exists():
        return
    progress(said("making a database with PostgreSQL {major}", major=binaries.major))
    shutil.rmtree(fresh, ignore_errors=True)
    _write_secret(secret, secrets.token_urlsafe(24), account)
    arguments = ["-D", str(fresh), "-U", OWNER, "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", f"--pwfile={secret}"]
    process = await _spawn([binaries.program("initdb"), *arguments, "--no-instructions"], account, place, "initdb.log")
    if await process.wait() != 0:
        raise PostgresFailed(said("initdb failed: {tail}", tail=_tail(place / "initdb.log")))
    fresh.rename(data)


def _made_once(path: Path, account: Account | None) -> str:
    if not path.exists():
        _write_secret(path, secrets.token_urlsafe(24), account)
    return _read_secret(path)


async def _make_application(server: EmbeddedPostgres) -> None:
    """The application's account, as it should be; an instance that had only the owner gets one. Rights: ``store.roles``."""
    connection = await asyncpg.connect(server.url(), timeout=10)
    try:
        async with connection.transaction():
            if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", APPLICATION):
                await connection.execute(f"create role {APPLICATION}")
            attributes = "login nosuperuser nocreatedb nocreaterole noinherit noreplication nobypassrls"
            await connection.execute(f"alter role {APPLICATION} {attributes} password '{server.passwords.application}'")
            for database in (DATABASE, "postgres", "template1"):
                await connection.execute(f"revoke all on database {database} from public")
            await connection.execute(f"grant connect on database {DATABASE} to {APPLICATION}")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise PostgresFailed(said("the application's account cannot be made: {why}", why=reason(error))) from error
    finally:
        connection.terminate()


def _read_secret(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise PostgresFailed(
            said("the database's password cannot be read: {path}: {why}", path=path, why=reason(error))
        ) from None


def _write_secret(path: Path, text: str, account: Account | None) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        _give(file.fileno(), account)


def _command(binaries: Binaries, data: Path, sockets: Path, settings: Mapping[str, str]) -> list[str]:
    merged = {**SETTINGS, **settings, "unix_socket_directories": str(sockets)}
    options = [part for name, value in merged.items() for part in ("-c", f"{name}={value}")]
    return [binaries.program("postgres"), "-D", str(data), *options]


async def _spawn(command: list[str], account: Account | None, place: Path, log_name: str) -> asyncio.subprocess.Process:
    """On a leash, in a session of its own: Ctrl-C in the terminal reaches us alone, and we stop our parts in order.

    It stands in ``place`` from its first moment on: ``leftovers`` must see it.
    """
    log = place / log_name
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.unlink()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        _give(descriptor, account)
        return await asyncio.create_subprocess_exec(
            *leash.command_line(command, signal_number=signal.SIGINT, account=account.ids if account else None),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=place,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


async def _until_answering(server: EmbeddedPostgres, limit: float, progress: Callable[[str], None]) -> None:
    began = time.monotonic()
    told = began
    while refusal := await _refusal(server):
        now = time.monotonic()
        if server.process.returncode is not None:
            code, tail = server.process.returncode, _tail(server.place / "postgres.log")
            raise PostgresFailed(said("PostgreSQL left with {code}: {tail}", code=code, tail=tail))
        if now - began > limit:
            last = f"{refusal}: {_tail(server.place / 'postgres.log')}"
            raise PostgresFailed(said("PostgreSQL did not answer within {seconds:.0f} s: {last}", seconds=limit, last=last))
        if now - told >= 2:
            told = now
            progress(said("waiting for PostgreSQL, {seconds:.0f} s", seconds=now - began))
        await asyncio.sleep(POLL_S)


async def _refusal(server: EmbeddedPostgres) -> str:
    """Why it cannot be used yet; '' when it can."""
    try:
        connection = await asyncpg.connect(server.url("postgres"), timeout=10)
    except asyncpg.InvalidAuthorizationSpecificationError:
        secret = server.place / OWNER_SECRET
        raise PostgresFailed(said("{file} does not hold the password of this database", file=secret)) from None
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return type(error).__name__
    try:
        if not await connection.fetchval("select exists (select from pg_database where datname = $1)", DATABASE):
            await connection.execute(f"create database {DATABASE}")
        await connection.close(timeout=10)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return type(error).__name__
    finally:
        connection.terminate()
    return ""


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {os.strerror(error.errno or 0)}" if isinstance(error, OSError) else str(error)


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    except OSError as error:
        return f"its log cannot be read ({type(error).__name__})"
    return " | ".join(lines[-4:])[-800:] or "it wrote nothing"
