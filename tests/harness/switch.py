"""Runs a real, managed Asterisk for tests: own folder, free ports, stopped at the end; and a witness of everything it says.

    async with running_switch(tmp_path, agents=(sip_agent("1001"),)) as switch:
        async with watching(switch) as watcher:
            await watcher.act("QueueAdd", Queue="complaints", Interface="PJSIP/1001", MemberName="1001")
            join = await watcher.until("QueueCallerJoin")

``switch.plan.ports`` and ``switch.plan.ami`` say where and how to log in as the backend does; nobody listens on
``switch.plan.agi_port`` unless the test does (then the IVR is dead, and callers go straight to the queue).
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from cti.events import WANTED
from cti.ids import Extension
from ivr.asterisk import AgentEndpoint, AmiAccount, PhoneKind, SwitchPlan, SwitchPorts
from services.hosted.asterisk import ManagedAsterisk
from services.hosted.debian import PackageSource
from services.hosted.switch_program import AsteriskProgram, find_program
from tests.harness.chance import CHANCE
from tests.harness.patience import seconds

CACHE = Path.home() / ".cache/tingsu"
AMI_SECRET = "test-secret-of-the-backend-0123456789"
WATCHER_SECRET = "test-secret-of-the-watcher-0123456789"
SEAL = "test-seal-of-the-events-0123456789"
HOTLINE = "10000"
WATCHER = f"\n[watcher]\nsecret = {WATCHER_SECRET}\nread = all\nwrite = all\nwritetimeout = 5000\n"
"""The account of the witness, as manager.conf has it."""
_RTP_PORTS = 240
_PORTS = range(11_000, 20_000)
"""Above those that config.toml gives to sound, for no other port may be one of these."""
_RANGES = range(_PORTS.stop, 32_000, 2)
"""Below the range the kernel takes ports of outgoing connections from, so that a free port stays free until it is used."""


@dataclass(frozen=True)
class Switch:
    """A running instance and how to reach it."""

    folder: Path
    plan: SwitchPlan
    managed: ManagedAsterisk
    sip: tuple[str, int]

    @property
    def queue(self) -> str:
        return self.plan.queue.name

    async def command(self, line: str) -> str:
        """One line on the control socket (``core show channels``, …)."""
        return await self.managed.command(line)

    def leg_files(self) -> list[Path]:
        """The recordings' leg files, oldest first by their own time stamp."""
        return sorted(self.plan.spool.glob("*.wav"), key=lambda path: path.stem.rpartition("_")[2])

    def open_leg_files(self) -> list[str]:
        """Those it still writes: a recording is finished on a thread of its own, after its channel is gone."""
        links = files_of(self.managed.pid or 0)
        return [link for link in links if Path(link).is_relative_to(self.plan.spool.resolve())]

    def complaints(self) -> list[str]:
        """Warnings and errors of the switch's own log."""
        text = (self.folder / "log/messages").read_text(encoding="utf-8", errors="replace")
        return [line for line in text.splitlines() if "WARNING" in line or "ERROR" in line]


def files_of(pid: int) -> list[str]:
    """What a living process has open, as /proc names it; what it closes between two looks is left out."""
    return [target for fd in Path(f"/proc/{pid}/fd").iterdir() if (target := _target_of(fd))]


def _target_of(fd: Path) -> str:
    with suppress(FileNotFoundError):
        return str(fd.readlink())
    return ""


def browser_agent(extension: str) -> AgentEndpoint:
    return AgentEndpoint(Extension(extension), PhoneKind.BROWSER, secret_of(extension))


def sip_agent(extension: str) -> AgentEndpoint:
    return AgentEndpoint(Extension(extension), PhoneKind.SIP, secret_of(extension))


def secret_of(extension: str) -> str:
    """The SIP secret of a test's agent."""
    return f"test-secret-of-{extension}-0123456789"


async def asterisk_program(told: Callable[[str], None] = lambda _: None) -> AsteriskProgram:
    """The program every test uses; fetched once per machine."""
    return await find_program(source=PackageSource(), cache=CACHE, progress=lambda text, _: told(text))


def switch_plan(
    folder: Path,
    program: AsteriskProgram,
    *,
    agents: Collection[AgentEndpoint] = (),
    wanted: Collection[str] = WANTED,
    notice: Path | None = None,
) -> SwitchPlan:
    """A plan on free loopback ports. Change details with ``dataclasses.replace``."""
    sip, http, ami, agi = free_ports(4)
    rtp = free_rtp_range()
    return SwitchPlan(
        systemname=f"t{CHANCE.randrange(10**8):08d}",
        program=program.switch,
        ports=SwitchPorts(sip=sip, http=http, ami=ami, rtp_first=rtp, rtp_last=rtp + _RTP_PORTS - 1),
        ami=AmiAccount(secret=AMI_SECRET, events=frozenset(wanted), seal=SEAL),
        agi_port=agi,
        spool=folder / "spool-legs",
        hotlines=(HOTLINE,),
        agents=tuple(agents),
        fallback_notice=notice,
        ice_hosts={own_address(): "127.0.0.1"} if own_address() else {},
    )


@asynccontextmanager
async def running_switch(
    folder: Path, *, agents: Collection[AgentEndpoint] = (), plan: SwitchPlan | None = None, every_event: bool = False
) -> AsyncIterator[Switch]:
    """A started switch, stopped at the end. ``every_event`` also makes those events that the backend's settings leave unmade."""
    program = await asterisk_program()
    plan = replace(plan or switch_plan(folder, program, agents=agents), every_event=every_event)
    managed = ManagedAsterisk(program, folder, plan, lambda _: None)
    await managed.start()
    switch = Switch(folder, plan, managed, (plan.bind, plan.ports.sip))
    try:
        await _let_watch(switch)
        yield switch
    finally:
        await managed.stop()


async def _let_watch(switch: Switch) -> None:
    """Add the watcher's account, which no real instance has."""
    with (switch.folder / "etc/manager.conf").open("a", encoding="utf-8") as file:
        file.write(WATCHER)
    await switch.command("manager reload")


def free_ports(count: int) -> tuple[int, ...]:
    """TCP and UDP ports nobody uses now."""
    found: list[int] = []
    for _ in range(1000):
        port = CHANCE.choice(_PORTS)
        if port not in found and _is_free(port):
            found.append(port)
        if len(found) == count:
            return tuple(found)
    raise RuntimeError("no free ports")


def free_rtp_range() -> int:
    """The first of enough free ports in a row for a switch."""
    return free_range(_RTP_PORTS)


def free_media_ports() -> int:
    """The first, an even one, of four for a caller's sound. They are in no switch's range, whose ports look free until it has a
    call.
    """
    return free_range(4, _PORTS[::2])


def free_range(count: int, among: range = _RANGES) -> int:
    """The first, an even one, of so many free ports in a row."""
    for _ in range(200):
        first = CHANCE.choice(among[: -(count + 1) // 2])
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise RuntimeError("no free range of ports")


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as door:
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def own_address() -> str:
    """The machine's address towards the world, '' without one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        try:
            door.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return str(door.getsockname()[0])


@dataclass
class Said:
    """One event: its headers (a repeated one keeps its last value), its size on the wire, when it came."""

    headers: dict[str, str]
    size: int
    at: float = field(default_factory=time.time)

    @property
    def name(self) -> str:
        return self.headers.get("Event", "")

    def __getitem__(self, header: str) -> str:
        return self.headers.get(header, "")


def _promise() -> asyncio.Future[Said]:
    return asyncio.get_running_loop().create_future()


class Watcher(asyncio.Protocol):
    """A plain AMI session that keeps everything, written apart from cti on purpose: a witness, not a subject."""

    def __init__(self) -> None:
        self.events: list[Said] = []
        self._buffer = b""
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Said]] = {}
        self._transport: asyncio.Transport | None = None
        self._woken: list[asyncio.Future[None]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *messages, self._buffer = (self._buffer + data).split(b"\r\n\r\n")
        for message in messages:
            self._take(message)

    def connection_lost(self, exc: Exception | None) -> None:
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the switch closed the AMI session"))

    def _take(self, message: bytes) -> None:
        lines = [line.partition(": ") for line in message.decode("utf-8", "replace").split("\r\n")]
        said = Said({key: value for key, colon, value in lines if colon}, len(message) + 4)
        waiting = self._answers.pop(said["ActionID"], None) if "Response" in said.headers else None
        if waiting is not None and not waiting.done():
            waiting.set_result(said)
        elif said.name:
            self.events.append(said)
            woken, self._woken = self._woken, []
            for future in woken:
                if not future.done():
                    future.set_result(None)

    async def act(self, action: str, *, limit: float = 10.0, **headers: str) -> Said:
        """Send one action, return the switch's answer (or its refusal)."""
        number = f"w{next(self._numbers)}"
        waiting = self._answers[number] = _promise()
        lines = [f"Action: {action}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in headers.items())]
        assert self._transport is not None
        self._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(seconds(limit)):
            return await waiting

    def mark(self) -> int:
        """Now, as a place in ``events``."""
        return len(self.events)

    async def until(self, name: str, *, since: int = 0, limit: float = 20.0, **headers: str) -> Said:
        """The first event of that name (and those header values) at or after ``since``, waiting for it if need be."""
        seen = since
        async with asyncio.timeout(seconds(limit)):
            while True:
                for said in self.events[seen:]:
                    if said.name == name and all(said[key] == value for key, value in headers.items()):
                        return said
                seen = len(self.events)
                woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._woken.append(woken)
                await woken

    async def until_together(self, *, since: int) -> Said:
        """Caller and agent share a bridge: until then the switch refuses every transfer, however long the agent's phone talks."""
        return await self.until("BridgeEnter", since=since, BridgeNumChannels="2")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def watching(switch: Switch, *, as_backend: bool = False) -> AsyncIterator[Watcher]:
    """An AMI session that sees everything, or (``as_backend``) exactly what the backend's account is sent and may do."""
    loop = asyncio.get_running_loop()
    watcher: Watcher
    _, watcher = await loop.create_connection(Watcher, switch.plan.bind, switch.plan.ports.ami)
    user, secret = (switch.plan.ami.user, switch.plan.ami.secret) if as_backend else ("watcher", WATCHER_SECRET)
    try:
        answer = await watcher.act("Login", Username=user, Secret=secret)
        assert answer["Response"] == "Success", answer.headers
        yield watcher
    finally:
        watcher.close()
