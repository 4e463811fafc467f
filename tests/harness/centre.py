"""Runs one whole centre for tests: ``tingsu run`` as its own process, with free ports and a folder of its own.

    async with Centre(folder) as centre:
        anna = await centre.hire("anna", extension="1001")
        async with await centre.desk("anna") as desk:
            await desk.put("/api/me/state", state="ready", reason="")

The backend can be killed and started again; ``stop`` asks it as Ctrl-C does and then looks that nothing of it is left. What it
printed is in ``centre.log``.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
import asyncpg
import psutil

from services import plans
from services.config_file import load
from services.hosted import account, database, place
from services.people.phones import sip_key, sip_secret
from tests.demo.cast import Member
from tests.demo.desk import Desk
from tests.demo.seed import hire
from tests.harness.chance import CHANCE
from tests.harness.patience import Impatient, seconds, until
from tests.harness.sip_phone import Phone
from tests.harness.switch import free_ports, free_rtp_range

START = 60.0
"""Patiences for a start that may have to unpack the switch's packages first."""
STOP = 20.0
RING_SECONDS = 8
"""Longer than in life: a browser on a busy machine needs seconds to answer, and a ring that nobody took pauses its agent."""
WRAP_UP_SECONDS = 5
FIRST_LOGIN = "admin"
_WENT_WELL = re.compile(r"http\.answered .*status=[123]")
Settings = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who works in this centre."""

    id: int
    login: str
    password: str
    extension: str | None
    role: str
    department: int | None = None


class Centre:
    """``settings`` replace those of a test centre, section by section.

    ``secrets`` are environment variables, ``program`` is `tingsu` by another way.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Settings | None = None,
        secrets: Mapping[str, str] | None = None,
        program: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.log = folder / "tingsu.log"
        self.people: dict[str, Account] = {}
        self._given = settings or {}
        self._secrets = dict(secrets or {})
        self._program = program or (str(Path(sys.executable).with_name("tingsu")),)
        self._admin: Desk | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def prepare(self) -> None:
        """Everything but the start: the folder and what stands in its configuration."""
        fresh = not self.config.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)  # the embedded database runs as another account when we are root, and must walk in
        await asyncio.to_thread(self._write_config)
        if fresh:
            await asyncio.to_thread(self._remove_namesakes)

    async def __aenter__(self) -> Centre:
        await self.prepare()
        try:
            await self.start()
        except BaseException:
            await self.sweep()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                await self.stop()
            elif self.dead:
                print(f"the centre had died:\n{self.tail()}")
        finally:
            if self._admin is not None:
                await self._admin.close()
            await self.sweep()

    # --- configuration ---

    def _write_config(self) -> None:
        web, sip, ws, ami, agi = free_ports(5)
        rtp = free_rtp_range()
        self.settings: dict[str, dict[str, object]] = {
            "centre": {"name": "测试中心"},
            "instance": {"folder": "var", "name": f"t{CHANCE.randrange(10**8):08d}"},
            "web": {"port": web},
            "database": {},
            "asterisk": {"sip_port": sip, "ws_port": ws, "ami_port": ami, "rtp_first": rtp, "rtp_last": rtp + 239},
            "ivr": {"port": agi},
            "queues.complaints": {"ring_seconds": RING_SECONDS, "wrap_up_seconds": WRAP_UP_SECONDS},
            "recordings": {"settle_seconds": 1},
            "log": {"format": "plain"},
        }
        for section, values in self._given.items():
            self.settings.setdefault(section, {}).update(values)
        lines = []
        for section, values in self.settings.items():
            lines += [f"[{section}]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()), ""]
        self.config.write_text("\n".join(lines), encoding="utf-8")

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings['web']['port']}"

    @property
    def sip(self) -> tuple[str, int]:
        return "127.0.0.1", self.sip_port

    @property
    def sip_port(self) -> int:
        return int(str(self.settings["asterisk"]["sip_port"]))

    @property
    def spool(self) -> Path:
        return load(self.config).spool

    # --- the process ---

    async def start(self) -> None:
        """Until the desk answers. Raises with the end of the log if it does not."""
        await self.launch()
        await until(lambda: self.dead or self.healthy(), f"the centre's desk on {self.url}", START)
        assert not self.dead, f"the centre did not start:\n{self.tail()}"
        if self._admin is None:
            await self._take_over()

    async def launch(self) -> None:
        """Its process, and nothing waited for."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(*self._program, "run", "--config", str(self.config)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **self._secrets, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    async def healthy(self) -> bool:
        return await self.health() == "serving"

    async def health(self) -> str:
        """What it says to anybody: serving, waiting, or "" where nobody answers."""
        try:
            async with aiohttp.ClientSession() as http, http.get(f"{self.url}/api/health") as answer:
                return str((await answer.json())["state"])
        except aiohttp.ClientError:
            return ""

    async def _take_over(self) -> None:
        """Log in as the first administrator with the password that was printed."""
        found = await until(lambda: _printed_password(self.log), "the first administrator's password in the output", 5)
        self.people[FIRST_LOGIN] = Account(0, FIRST_LOGIN, found, None, "administrator")
        self._admin = await Desk.log_in(self.url, FIRST_LOGIN, found)

    @property
    def dead(self) -> bool:
        return self._process is None or self._process.returncode is not None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def stop(self) -> int:
        """As Ctrl-C does. Nothing of the centre may be left; its exit code comes back."""
        assert self._process is not None
        if not self.dead:
            self._process.send_signal(signal.SIGINT)
        async with asyncio.timeout(seconds(STOP)):
            code = await self._process.wait()
        left = await asyncio.to_thread(self.processes)
        assert not left, f"left behind: {[(process.pid, _line(process)) for process in left]}"
        return code

    def signal(self, number: int) -> None:
        """To our own process alone."""
        assert self._process is not None
        self._process.send_signal(number)

    async def tingsu(self, *words: str) -> tuple[int, str]:
        """A command as it is typed beside the running centre: exit code, and all it said."""
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("tingsu")), *words, "--config", str(self.config),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            cwd=self.folder, env={**os.environ, **self._secrets},
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def kill_backend(self) -> None:
        """kill -9 of our own process alone: what a crash is like."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    def processes(self) -> list[psutil.Process]:
        """Every process that is of this centre: it stands in its folder or was started with a path in it."""
        return [process for process in psutil.process_iter() if process.pid != os.getpid() and self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        folder = f"{self.folder}/"
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            if any(folder in word for word in process.cmdline()):
                return not _is_a_tester(process)
            return f"{process.cwd()}/".startswith(folder) and not _is_a_tester(process)
        except psutil.Error:
            return False

    def asterisk(self) -> psutil.Process | None:
        """The managed switch, run by its package's own loader: the process that has this centre's configuration."""
        conf = str(self.folder / "var/asterisk/etc/asterisk.conf")
        for process in self.processes():
            with suppress(psutil.Error):
                if conf in process.cmdline():
                    return process
        return None

    async def sweep(self) -> None:
        """By force, whatever a failed test left."""
        for process in await asyncio.to_thread(self.processes):
            with suppress(psutil.Error):
                process.kill()
        if self._process is not None:
            await self._process.wait()
        await asyncio.to_thread(self._remove_database)

    def _remove_database(self) -> None:
        """Started by root, the embedded database may lie outside our folder, where its account can reach it."""
        lies = place.remembered(database.plan_of(load(self.config)).folder)
        if lies and self.folder not in lies.parents:
            shutil.rmtree(lies, ignore_errors=True)

    def _remove_namesakes(self) -> None:
        """A run that was killed left its database outside, and folders of tests get the same names again."""
        for base in account.PLACES:
            shutil.rmtree(base / account.outside_name(self.folder / "var/postgres"), ignore_errors=True)

    def tail(self, lines: int = 60) -> str:
        """The end of all logs, for a failed test."""
        texts = [self.log, *sorted((self.folder / "var/asterisk/log").glob("messages"))]
        return "\n".join(f"--- {path}\n{_last_lines(path, lines)}" for path in texts if path.exists())

    # --- its people ---

    @property
    def admin(self) -> Desk:
        assert self._admin is not None
        return self._admin

    async def hire(
        self,
        login: str,
        *,
        extension: str | None = None,
        role: str = "junior_agent",
        phone: str = "browser",
        name: str = "",
        queues: tuple[str, ...] | None = None,
        department: int | None = None,
    ) -> Account:
        """An account whose password need not be changed any more. Once per login; later calls return the same."""
        if login in self.people:
            known = self.people[login]
            assert extension in (None, known.extension), f"{login} works here already, and not at {extension}"
            assert (role, department) == (known.role, known.department), f"{login} works here already, and not as {role}"
            return self.people[login]
        member = Member(login, name or login.title(), role, extension, phone, queues, department)
        password = await hire(self.url, self.admin, member)
        person = next(person for person in await self.admin.get("/api/people") if person["login"] == login)
        self.people[login] = Account(person["id"], login, password, extension, role, department)
        return self.people[login]

    async def desk(self, login: str) -> Desk:
        """A session of that person at the HTTP door."""
        return await Desk.log_in(self.url, login, self.people[login].password)

    async def sip_phone(self, login: str, *, again: float | None = None) -> Phone:
        """That person's SIP phone, registered for as long as it is open (each ``again`` seconds, if said)."""
        extension = self.people[login].extension
        assert extension, f"{login} has no phone"
        key = sip_key(plans.secrets_folder(load(self.config)))
        phone = await Phone.open(self.sip, user=extension, secret=sip_secret(key, extension, 1))
        await until(lambda: _registers(phone, again), f"the registration of {login}'s phone", 10)
        return phone

    # --- what it knows ---

    async def call_of(self, number: str, what: str = "", limit: float = 10.0, **wanted: object) -> dict[str, Any]:
        """The newest call of a number, as soon as it has all the wanted values (``outcome="answered"``)."""

        rows: list[dict[str, Any]] = []

        async def look() -> dict[str, Any] | None:
            rows[:] = (await self.admin.get("/api/calls", limit=5, number=number))["calls"]
            fits = rows and all(rows[0][key] == value for key, value in wanted.items())
            return rows[0] if fits else None

        try:
            return await until(look, what or f"a call of {number} with {wanted}", limit)
        except Impatient as late:
            raise Impatient(f"{late}; the call: {rows[0] if rows else None}") from None

    async def query(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Straight from the database: for what no door shows."""
        config = load(self.config)
        if config.database.embedded:
            async with database.reachable(config, lambda _: None) as address:
                return await _fetch(address.migrator.url, sql, values)
        return await _fetch(config.database.url, sql, values)


async def _fetch(url: str, sql: str, values: tuple[object, ...]) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(sql, *values))
    finally:
        await connection.close()


async def _registers(phone: Phone, again: float | None) -> bool:
    """The switch takes up a new account a moment after it was made."""
    try:
        await phone.stay_registered(again=again)
    except Exception:  # noqa: BLE001  # refused or not answered yet: the wait's own limit decides
        return False
    return True


def _printed_password(log: Path) -> str | None:
    found = re.search(r"(?:password|密码)\W+([A-Za-z0-9_-]{10,})", log.read_text(encoding="utf-8", errors="replace"))
    return found[1] if found else None


def _is_a_tester(process: psutil.Process) -> bool:
    """SIPp and Chromium may stand in a folder below a centre's, but are the test's own."""
    return process.name() in {"sipp", "chromium"}


def _line(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return "?"


def _last_lines(path: Path, count: int) -> str:
    """Without the requests that went well: there are thousands."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([line for line in lines if not _WENT_WELL.search(line)][-count:])
