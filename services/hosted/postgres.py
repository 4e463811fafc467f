"""Our own launcher for an embedded PostgreSQL: one instance folder, one server, no TCP port, nothing left behind.

The server is a direct child on a leash (``leash``): when we die by SIGKILL, it gets SIGINT and shuts down cleanly, and the
next start waits for that and goes on. "Running" is never believed of a process id, only of an answered connection. Who may
start the server is decided by a lock on ``postgres.lock``, held by the living parent alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
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
from services.hosted.account import Account
from services.hosted.binaries import Binaries, find, reachable_copy

USER = "tingsu"
SOCKET_LIMIT = 107  # sun_path holds 108 bytes with its closing zero
SOCKET_NAME = ".s.PGSQL.5432"
POLL_S = 0.02
STOP_FAST_S = 30.0  # SIGINT: roll back and write a checkpoint
STOP_NOW_S = 10.0  # SIGQUIT: leave, recover at the next start
LOG_LIMIT = 10_000_000  # bytes; an older log is begun afresh

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
    """What to start. ``folder`` is the wish; as root below a closed home another place is used and told to ``progress``."""

    folder: Path
    bin_dir: Path | None = None
    account: str = ""
    start_s: float = 300.0  # a long crash recovery is normal work, not a failure
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class EmbeddedPostgres:
    """A running server. ``place`` is where the data really lies."""

    place: Path
    binaries: Binaries
    sockets: Path
    password: str = field(repr=False)
    process: asyncio.subprocess.Process
    lock: int

    def url(self, database: str = USER) -> str:
        """For ``services.store.db.open_pool``. Holds the password: never log it."""
        return _url(self.sockets, self.password, database)

    async def keep(self, plan: PostgresPlan, progress: Callable[[str], None]) -> None:
        """Start a server that died again, for ever; one that does not come back raises PostgresFailed."""
        account = accounts.unprivileged(plan.account)
        data = self.place / "data"
        while True:
            code = await self.process.wait()
            progress(f"PostgreSQL has ended with {code}; it is started again, and nothing that was committed is lost")
            await leftovers.clear(data, progress)
            command = _command(self.binaries, data, self.sockets, plan.settings)
            self.process = await _spawn(command, account, self.place / "postgres.log")
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


def _url(sockets: Path, password: str, database: str) -> str:
    return f"postgresql://{USER}:{quote(password, safe='')}@/{database}?{urlencode({'host': str(sockets)})}"


def url_of_running(plan: PostgresPlan) -> str:
    """The URL of the server that another process runs from the same plan. Raises PostgresFailed if there never was one."""
    place = accounts.place_for(plan.folder, accounts.unprivileged(plan.account))
    try:
        return _url(_socket_folder(place), (place / "password").read_text(), USER)
    except OSError as error:
        raise PostgresFailed(f"the database in {place} cannot be reached: {type(error).__name__}") from None


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
    """Make the data folder if there is none, start, wait until it answers. Call from the main thread (see ``leash``)."""
    account = accounts.unprivileged(plan.account)
    place = accounts.place_for(plan.folder, account)
    accounts.own_folder(place, account)
    if place != plan.folder:
        who = f"the account {account.name}" if account else "PostgreSQL"
        progress(f"{who} cannot reach {plan.folder}; the database lies in {place}")
    lock = _lock(place)
    try:
        return await _start_locked(plan, place, account, lock, progress)
    except BaseException:
        os.close(lock)
        raise


def _lock(place: Path) -> int:
    descriptor = os.open(place / "postgres.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise AlreadyRunning(f"another process is running the database in {place}") from None
    return descriptor


async def _start_locked(
    plan: PostgresPlan, place: Path, account: Account | None, lock: int, progress: Callable[[str], None]
) -> EmbeddedPostgres:
    data = place / "data"
    binaries = reachable_copy(find(plan.bin_dir, major=_major(data)), account, place)
    await leftovers.clear(data, progress)
    password = await _make_data(binaries, place, account, progress)
    sockets = accounts.own_folder(_socket_folder(place), account)
    process = await _spawn(_command(binaries, data, sockets, plan.settings), account, place / "postgres.log")
    server = EmbeddedPostgres(place, binaries, sockets, password, process, lock)
    try:
        await _until_answering(server, plan.start_s, progress)
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


async def _make_data(binaries: Binaries, place: Path, account: Account | None, progress: Callable[[str], None]) -> str:
    """initdb into a folder beside, renamed when whole; returns the password, which lies in ``place`` for root and the account."""
    data, fresh, secret = place / "data", place / "data.new", place / "password"
    if data.exists():
        return secret.read_text()
    progress(f"making a database with PostgreSQL {binaries.major}")
    shutil.rmtree(fresh, ignore_errors=True)
    password = secrets.token_urlsafe(24)
    _write_secret(secret, password, account)
    arguments = ["-D", str(fresh), "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", f"--pwfile={secret}"]
    process = await _spawn([binaries.program("initdb"), *arguments, "--no-instructions"], account, place / "initdb.log")
    if await process.wait() != 0:
        raise PostgresFailed(f"initdb failed: {_tail(place / 'initdb.log')}")
    fresh.rename(data)
    return password


def _write_secret(path: Path, text: str, account: Account | None) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        if account:
            os.fchown(file.fileno(), *account.ids)


def _command(binaries: Binaries, data: Path, sockets: Path, settings: Mapping[str, str]) -> list[str]:
    merged = {**SETTINGS, **settings, "unix_socket_directories": str(sockets)}
    options = [part for name, value in merged.items() for part in ("-c", f"{name}={value}")]
    return [binaries.program("postgres"), "-D", str(data), *options]


async def _spawn(command: list[str], account: Account | None, log: Path) -> asyncio.subprocess.Process:
    """On a leash, in a session of its own: Ctrl-C in the terminal reaches us alone, and we stop our parts in order."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.unlink()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *leash.command_line(command, signal_number=signal.SIGINT, account=account.ids if account else None),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


async def _until_answering(server: EmbeddedPostgres, limit: float, progress: Callable[[str], None]) -> None:
    began = time.monotonic()
    told = began
    while not await _answers(server):
        now = time.monotonic()
        if server.process.returncode is not None:
            raise PostgresFailed(f"PostgreSQL left with {server.process.returncode}: {_tail(server.place / 'postgres.log')}")
        if now - began > limit:
            raise PostgresFailed(f"PostgreSQL did not answer within {limit:.0f} s: {_tail(server.place / 'postgres.log')}")
        if now - told >= 2:
            told = now
            progress(f"waiting for PostgreSQL, {now - began:.0f} s")
        await asyncio.sleep(POLL_S)


async def _answers(server: EmbeddedPostgres) -> bool:
    try:
        connection = await asyncpg.connect(server.url("postgres"), timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
        return False
    try:
        if not await connection.fetchval("select exists (select from pg_database where datname = $1)", USER):
            await connection.execute(f"create database {USER}")
    finally:
        await connection.close()
    return True


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " | ".join(lines[-4:])[-800:] or "it wrote nothing"
