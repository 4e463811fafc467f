"""Puts together everything between the switch's changes and the browsers, as the composition root does, without a switch.

Changes are fed in by hand, commands to the switch are kept, browsers are real websockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from cti.changes import AgentChanged, AgentState, Change, LinkChanged
from cti.ids import CallId, ChannelId, Extension
from recordings.archive import Archive
from services.access.sessions import SessionLimits, Sessions
from services.announcing import Announcing
from services.appeals import clocked as appeals
from services.appeals.actions import Appeals
from services.appeals.routes import AppealRoutes
from services.bells import Bell, Channel
from services.calls.actions import Calls
from services.calls.drain import Drain
from services.calls.journal import Journal
from services.calls.routes import CallRoutes
from services.classes.actions import Classes
from services.classes.routes import LexiconRoutes
from services.clocks.table import CLOCKS, Clocks
from services.customers.numbers import ANYWHERE
from services.departments.actions import Departments
from services.departments.routes import DepartmentRoutes
from services.figures.routes import FigureRoutes
from services.figures.views import Figures
from services.floor.board import Floor
from services.floor.directory import Directory
from services.floor.figures import Today
from services.floor.presence import Presence, PresenceSettings
from services.floor.queues import Queue
from services.floor.routes import BoardRoutes
from services.following import Follow
from services.homes.routes import HomeRoutes
from services.homes.views import Homes
from services.hotline.actions import Hotline
from services.hotline.model import Limits
from services.hotline.routes import HotlineRoutes
from services.hotline.views import Views as HotlineViews
from services.inbox.actions import Inbox
from services.inbox.routes import InboxRoutes
from services.now import Clock
from services.opening import open_drain, open_floor, open_following, open_pops, open_presence
from services.orders.actions import Orders
from services.orders.hands import Hands
from services.orders.papers import Papers
from services.orders.reminding import Urging
from services.orders.routes import OrderRoutes, PaperRoutes
from services.orders.views import Views as OrderViews
from services.phrases.actions import Phrases
from services.phrases.routes import PhraseRoutes
from services.pops.remembered import Memory
from services.pops.screenpop import ScreenPop
from services.recordings.playback import Playback
from services.repeats.actions import Repeats
from services.repeats.routes import RepeatRoutes
from services.reveals.actions import Reveals
from services.reveals.routes import RevealRoutes
from services.store import db
from services.tickets.actions import Tickets
from services.tickets.holding import Holding
from services.tickets.routes import HoldingRoutes, TicketRoutes
from services.tickets.trays import Trays
from services.tickets.views import Views
from services.troubles import Troubles
from services.web.live import Hub, LiveRoutes
from services.web.security import Security
from services.web.server import application, bind, serving
from services.web.static import Desk
from tests.harness.patience import seconds, until

QUEUE = "complaints"
ZONE = ZoneInfo("Asia/Shanghai")
WAIT_S = seconds(10.0)  # nothing here takes so long


class KeptSwitch:
    """Commands as they were said, the queue named where it is another than QUEUE; ``members`` of each queue now."""

    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []
        self.members: defaultdict[str, set[str]] = defaultdict(set)
        self.wrong: Exception | None = None

    async def queue_add(
        self, extension: Extension, queue: str, penalty: int = 0, *, paused: bool = False, reason: str = ""
    ) -> bool:
        self._say("add", extension, "paused" if paused else "", reason, queue=queue)
        new = extension not in self.members[queue]
        self.members[queue].add(extension)
        return new

    async def queue_remove(self, extension: Extension, queue: str) -> bool:
        self._say("remove", extension, queue=queue)
        there = extension in self.members[queue]
        self.members[queue].discard(extension)
        return there

    async def pause(self, extension: Extension, paused: bool, reason: str = "") -> None:
        self._say("pause" if paused else "unpause", extension, reason)

    def _say(self, *words: str, queue: str = QUEUE) -> None:
        if self.wrong:
            raise self.wrong
        self.said.append(words if queue == QUEUE else (*words, queue))


class Browser:
    """One websocket of one person."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.close_code: int | None = None

    async def send(self, **message: object) -> None:
        await self.socket.send_json(message)

    async def next(self, kind: str = "", *, boards: bool = False) -> dict[str, Any]:
        """The next message (of a kind); boards are passed over unless asked for."""
        async with asyncio.timeout(WAIT_S):
            while True:
                frame = await self.socket.receive()
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    raise ConnectionError(f"closed: {self.socket.close_code}")
                message: dict[str, Any] = json.loads(frame.data)
                if (not kind and (boards or message["type"] != "board")) or message["type"] == kind:
                    return message

    async def closed(self) -> int | None:
        """Reads until the server has closed; the close code."""
        async with asyncio.timeout(WAIT_S):
            while not (await self.socket.receive()).type.name.startswith("CLOS"):
                continue
        return self.socket.close_code


@dataclass
class Office:
    """``follow.on_change`` takes changes, ``url`` serves, ``drain.step`` is run by hand or by ``running``."""

    pool: db.Pool
    clock: Clock
    folder: Path
    switch: KeptSwitch
    journal: Journal
    directory: Directory
    floor: Floor
    hub: Hub
    pops: ScreenPop
    presence: Presence
    follow: Follow
    drain: Drain
    today: Today
    tickets: Tickets
    sessions: Sessions
    url: str = ""
    http: aiohttp.ClientSession | None = None
    people: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    async def change(self, *changes: Change) -> None:
        """As the monitor does."""
        for one in changes:
            await self.follow.on_change(one)

    async def written(self) -> None:
        """Everything noted so far is on the disk and in the database."""
        await until(lambda: not self.journal.state.unwritten, "the journal is written")
        async with asyncio.timeout(WAIT_S):
            await self.drain.caught_up()

    async def hire(
        self, login: str, role: str = "junior_agent", extension: str | None = None, department: int | None = None
    ) -> int:
        """A person with a session; a department officer with the department."""
        async with db.transaction(self.pool) as connection:
            person: int = await connection.fetchval(
                "insert into person (login, name, roles, extension, password_hash, created_at, department_id)"
                " values ($1, $2, $3, $4, 'x', $5, $6) returning id",
                login,
                login.title(),
                [role],
                extension,
                self.clock.now(),
                department,
            )
            self.tokens[login] = await self.sessions.begin(connection, person)
        self.people[login] = person
        await self.directory.load()
        return person

    async def department(self, code: str, hours: int = 24) -> int:
        """A service department; its id."""
        added = "insert into department (code, zh, en, hours) values ($1, $1, $1, $2) returning id"
        made: int = await self.pool.fetchval(added, code, hours)
        return made

    def cookies(self, login: str) -> dict[str, str]:
        return {"Cookie": f"tingsu_session={self.tokens[login]}", "Origin": self.url}

    async def ask(self, login: str, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON."""
        assert self.http
        async with self.http.request(method, self.url + path, json=body, headers=self.cookies(login) | headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    @contextlib.asynccontextmanager
    async def browser(self, login: str, since: int = 0, *, resume: bool = True) -> AsyncIterator[Browser]:
        """A connected browser that has had its hello (unless it does not resume)."""
        assert self.http
        async with self.http.ws_connect(f"{self.url}/api/live", headers=self.cookies(login), max_msg_size=0) as socket:
            browser = Browser(socket)
            if resume:
                await browser.send(type="resume", since=since)
            yield browser


@contextlib.asynccontextmanager
async def office(
    pool: db.Pool,
    clock: Clock,
    folder: Path,
    *,
    settings: PresenceSettings | None = None,
    drained: bool = True,
    database: str | None = None,
    queues: Sequence[Queue] = (Queue(name=QUEUE),),
    clocks: Clocks = CLOCKS,
    repair_hours: int = 0,
) -> AsyncIterator[Office]:
    """Built and running; ``drained`` False leaves the drain and the presence's time limits to the test.

    ``database``: the URL at which the bell listens; without it nobody hears of changes.
    """
    made = build(pool, clock, folder, settings or PresenceSettings(queues={QUEUE: timedelta(seconds=30)}), queues, clocks)
    made.journal.open()
    await made.directory.load()
    hands = Hands(pool, clock, clocks, repair_hours=repair_hours, fallen=appeals.resume)
    orders = OrderViews.of(pool, clock, 2, clocks)
    papers = Papers(hands, ZONE, refusals=2)
    sources = (
        DepartmentRoutes(Departments(pool, clock)),
        PhraseRoutes(Phrases(pool, clock)),
        AppealRoutes(Appeals(papers)),
        RepeatRoutes(Repeats(pool, ANYWHERE)),
        RevealRoutes(Reveals(pool, clock)),
        PaperRoutes(papers, orders),
        OrderRoutes(Orders(hands, refusals=2), Urging(hands), orders),
        InboxRoutes(Inbox(pool, clock)),
        HomeRoutes(Homes(pool, clock, refusals=2)),
        FigureRoutes(Figures(pool, clock), clock),
        HotlineRoutes(Hotline(made.tickets, papers, Limits()), HotlineViews(pool, clock)),
        LiveRoutes(made.hub),
        BoardRoutes(made.floor, made.presence),
        TicketRoutes(made.tickets, Views.of(pool, clock, ZONE), ZONE),
        HoldingRoutes(Holding(made.tickets), Trays(pool, clock), Views.of(pool, clock, ZONE)),
        LexiconRoutes(Classes(pool, clock)),
        CallRoutes(Calls.of(pool, Playback(Archive.open(str(folder / "store")), folder / "sides"), clock), ZONE),
    )
    listening = bind("127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    security = Security(frozenset({made.url}))
    app = application(sources, made.sessions, security, Desk(None))
    async with serving(app, listening), aiohttp.ClientSession() as made.http, asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(made.journal.run(), name="journal"),
            tasks.create_task(made.hub.run(), name="hub"),
            tasks.create_task(made.pops.run(), name="pops"),
        ]
        if drained:
            running += [
                tasks.create_task(made.drain.run(), name="drain"),
                tasks.create_task(made.presence.run(), name="presence"),
                tasks.create_task(made.today.run(), name="today"),
            ]
        if database:
            bell, announcing = Bell(database), Announcing(pool, made.hub)
            bell.on(Channel.THING_CHANGED, announcing.rung)
            running += [
                tasks.create_task(announcing.run(), name="announcing"),
                tasks.create_task(bell.run(), name="bell"),
            ]
            await bell.listening.wait()
            await until(lambda: not announcing.waiting, "what a start tells is told")
        yield made
        await made.hub.shutdown()
        for task in running:
            task.cancel()


def build(
    pool: db.Pool,
    clock: Clock,
    folder: Path,
    settings: PresenceSettings,
    queues: Sequence[Queue] = (Queue(name=QUEUE),),
    clocks: Clocks = CLOCKS,
) -> Office:
    """Plain calls, nothing started."""
    switch = KeptSwitch()
    journal = Journal(folder / "journal")
    sessions = Sessions(pool, clock, SessionLimits())
    floor = open_floor(pool, clock, sessions.alive, queues=queues, zone=ZONE)
    pops = open_pops(pool, clock, floor, journal.append, memory=Memory(pool, limit_s=seconds(5)))
    presence = open_presence(switch, clock, floor, journal.append, settings=settings)
    follow = open_following(clock, floor, pops, presence, note=journal.append)
    drain, _ = open_drain(journal, pool, follow, refused=folder / "refused.jsonl", troubles=Troubles(clock))
    return Office(
        pool=pool, clock=clock, folder=folder, switch=switch, journal=journal, directory=floor.directory, floor=floor.board,
        hub=floor.hub, pops=pops.cards, presence=presence, follow=follow, drain=drain, today=floor.today,
        tickets=Tickets(pool, clock, ZONE, clocks=clocks), sessions=sessions,
    )  # fmt: skip


# what the switch says -------------------------------------------------------------------------------------------------

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def call_id(number: int = 1) -> CallId:
    return CallId(f"tingsu-1795467600.{number}")


def leg_id(number: int = 2) -> ChannelId:
    return ChannelId(f"tingsu-1795467600.{number}")


def link(up: bool = True, at: datetime = T0) -> LinkChanged:
    return LinkChanged(at=at, up=up, detail="")


def agent(extension: str, state: AgentState, reason: str = "", at: datetime = T0) -> AgentChanged:
    return AgentChanged(at=at, extension=Extension(extension), state=state, reason=reason)
