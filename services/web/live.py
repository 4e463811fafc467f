"""Serves the websocket to every desk: numbered messages to a person, snapshots of the board to everybody, what has changed.

Each browser has its own queue and writer (``connections``). The same person in two tabs gets everything twice; which of several
browsers has the telephone is agreed upon here (``handset``). Session and origin are checked by the route layer before the
upgrade, the session again every two seconds after it. A session, a person and all together have so many browsers and no more,
and every line is cut by a deadline, whatever the other side does or leaves unread.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from typing import Protocol

import structlog
from aiohttp import web
from pydantic import BaseModel

from services.access.actor import LoggedIn
from services.access.rights import Right
from services.bells import Change
from services.errors import Throttled, WorldFailed
from services.now import Clock
from services.web.connections import (
    CLOSE_S,
    CLOSED,
    GARBAGE,
    RESTART,
    SESSION_ENDED,
    Connection,
    Gone,
    NotOurs,
)
from services.web.handset import Handset, Told
from services.web.http import Asked, route
from services.web.looking import Looking, Place
from services.web.messages import (
    Beside,
    HandsetMessage,
    HelloMessage,
    LookingMessage,
    LookMessage,
    MeMessage,
    PhoneMessage,
    ResumeMessage,
)
from services.web.stream import Kept, Snapshot, Stream

MESSAGE_BYTES = 4_096  # a browser's messages are acknowledgements of some 60 bytes
HEARTBEAT_S = 20.0
RESUME_S = 10.0  # the first message must come within
SESSIONS_S = 2.0  # ended sessions are noticed so often: who is logged out elsewhere has 5 s at most
HANDSETS_S = 1.0  # how often it is looked for phones whose browser did not come back
BOARD_S = 0.2  # snapshots at most so often
STEP_S = 0.005  # a snapshot goes out in steps, so that a pop never waits behind two hundred boards
STEPS = 200  # at most, so that everybody has it within a second, however many they are
OWN_S = 0.02  # one's own state, however, shows as soon as this
MOST_OF_SESSION = 12  # browsers; more tabs than anybody works in, and what a network change leaves behind for half a minute
MOST_OF_PERSON = 24
MOST = 4_000  # in all: some 64 kB each when none of them reads
FULL_S = 10  # seconds after which one that found no place may ask again

Make = Callable[[int], BaseModel]
"""Builds a message once its number is known."""

log = structlog.get_logger(__name__)


class BoardSource(Protocol):
    """Makes the snapshots: the part that all share is made once, ``text`` adds a person's own."""

    @property
    def epoch(self) -> int:
        """Of this run of the server: boards are numbered within it."""

    def snapshot(self) -> Snapshot:
        """The board of this moment."""


class Acked(Protocol):
    """Hears that a person's browser has shown everything up to a number."""

    def acknowledged(self, person: int, seq: int, shown_ms: int | None) -> None: ...


class Watcher(Protocol):
    """Hears that a person's first browser came or last browser went."""

    def browser(self, person: int, *, here: bool) -> None: ...


Alive = Callable[[Collection[bytes]], Awaitable[Collection[bytes]]]
"""Of these sessions, those still valid."""


class Hub:
    """All browsers. ``push`` and ``board_changed`` return at once."""

    def __init__(self, clock: Clock, *, boards: BoardSource, alive: Alive) -> None:
        self._clock = clock
        self._boards = boards
        self._alive = alive
        self._connections: dict[int, list[Connection]] = {}
        self._streams: dict[int, Stream] = {}
        self._handsets: dict[int, Handset] = {}
        self._looking: Looking[Connection] = Looking()
        self._changed = asyncio.Event()
        self._own: set[int] = set()
        self._own_changed = asyncio.Event()
        self._suspicious = asyncio.Event()
        self._places: dict[int, Counter[bytes]] = {}
        self._held = 0
        self._closing = False
        self._empty = asyncio.Event()  # nobody is connected
        self._empty.set()
        self.acked: Acked | None = None
        self.watcher: Watcher | None = None

    def push(self, person: int, key: str, make: Make, *, over: bool = False) -> int:
        """Sends a numbered message about ``key`` to all browsers of a person and keeps it for those that return."""
        stream = self._stream(person)
        seq = stream.next()
        text = make(seq).model_dump_json()
        stream.keep(key, Kept(seq, text, over))
        for connection in self._connections.get(person, ()):
            if connection.resumed:
                connection.send(text)
        return seq

    def board_changed(self, *people: int) -> None:
        """The next snapshot goes out soon; to ``people``, whose own state it is, at once."""
        self._changed.set()
        if people:
            self._own.update(people)
            self._own_changed.set()

    async def announce(self, heard_by: Callable[[LoggedIn], Sequence[Change]]) -> None:
        """Things have changed: each browser is told of those its person may hear of. Unnumbered: who returns looks anyway."""
        async for connection in self._in_steps():
            connection.change(heard_by(connection.who))

    @property
    def present(self) -> list[LoggedIn]:
        """Who has a browser open, once for each."""
        return [connection.who for connection in self._all()]

    def tell_me(self, person: int | None) -> None:
        """What is known of a person has changed (None: of anybody): their pages ask again."""
        for each in [person] if person is not None else list(self._connections):
            self.push(each, "me", lambda seq: MeMessage(seq=seq), over=True)

    @property
    def held(self) -> int:
        """Lines that are not cut yet, whoever has left them."""
        return self._held

    @property
    def browsers(self) -> int:
        return sum(len(several) for several in self._connections.values())

    def has_desk(self, person: int, but: bytes | None) -> bool:
        """Whether a desk of the person's is open, in another session than ``but``."""
        return any(not each.ended.is_set() and each.session != but for each in self._connections.get(person, ()))

    def end_session(self, session: bytes) -> None:
        """Logged out: the session's browsers go at once."""
        for connection in self._all():
            if connection.session == session:
                connection.end(SESSION_ENDED, "session_ended")

    async def session_rung(self, _: str | None) -> None:
        """Somebody's session has ended: look at all of them now."""
        self._suspicious.set()

    async def run(self) -> None:
        """Snapshots and the look at sessions, for ever; owned by the composition root."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_boards(), name="live: boards")
            tasks.create_task(self._send_own_boards(), name="live: own boards")
            tasks.create_task(self._look_at_sessions(), name="live: sessions")
            tasks.create_task(self._look_at_handsets(), name="live: handsets")

    async def shutdown(self) -> None:
        """Says goodbye to every browser (1012, with a time to return spread by chance) and waits until they are gone."""
        self._closing = True
        for connection in self._all():
            connection.end(RESTART, "restart")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3 * CLOSE_S):
                await self._empty.wait()

    @contextlib.contextmanager
    def place(self, person: int, session: bytes) -> Iterator[None]:
        """Held from before the upgrade until the line is cut. Raises Throttled: a newcomer is refused, who is in stays."""
        mine = self._places.get(person, Counter())
        if mine[session] >= MOST_OF_SESSION or mine.total() >= MOST_OF_PERSON or self._held >= MOST:
            raise Throttled(FULL_S)
        self._places[person] = mine
        mine[session] += 1
        self._held += 1
        try:
            yield
        finally:
            mine[session] -= 1
            self._held -= 1
            if not mine.total():
                self._places.pop(person, None)

    async def serve(self, socket: web.WebSocketResponse, who: LoggedIn, *, line: asyncio.Transport | None = None) -> None:
        """One prepared websocket until it ends; ``line`` is what is cut if it does not end by itself.

        The rights of ``who`` are good for as long: who gets or loses a role has no session left.
        """
        connection = Connection(socket, who, line)
        if self._closing:
            connection.end(RESTART, "restart")
        self._enter(connection)
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(connection.write(), name=f"live: write to {who.id}")
                reader = tasks.create_task(self._read(connection), name=f"live: read from {who.id}")
                await connection.ended.wait()
                writer.cancel()
                reader.cancel()
        finally:
            self._leave(connection)
        await connection.close()

    def _enter(self, connection: Connection) -> None:
        several = self._connections.setdefault(connection.person, [])
        several.append(connection)
        self._empty.clear()
        if len(several) == 1 and self.watcher:
            self.watcher.browser(connection.person, here=True)

    def _leave(self, connection: Connection) -> None:
        several = self._connections[connection.person]
        several.remove(connection)
        self._look(connection, None)
        if handset := self._handsets.get(connection.person):
            handset.gone(connection, self._clock.monotonic())
        if not several:
            del self._connections[connection.person]
            if not self._connections:
                self._empty.set()
            if self.watcher:
                self.watcher.browser(connection.person, here=False)

    async def _read(self, connection: Connection) -> None:
        """Until the browser closes, goes silent, or sends what is no message of ours."""
        try:
            async with asyncio.timeout(RESUME_S):
                since = await connection.next(self._clock.monotonic)
            if not isinstance(since, ResumeMessage):
                raise NotOurs
            self._resume(connection, since.since)
            await self._listen(connection)
        except (NotOurs, TimeoutError):
            connection.end(GARBAGE)
        except Gone:
            connection.end(CLOSED)

    async def _listen(self, connection: Connection) -> None:
        while True:
            message = await connection.next(self._clock.monotonic)
            if isinstance(message, ResumeMessage):
                self._resume(connection, message.since)
            elif isinstance(message, PhoneMessage):
                _tell(self._on_phone(connection, message))
            elif isinstance(message, LookMessage):
                self._look(connection, Place(message.ticket, message.field) if message.ticket is not None else None)
            elif self.acked and message.seq <= self._stream(connection.person).seq:
                self.acked.acknowledged(connection.person, message.seq, message.shown_ms)

    def _resume(self, connection: Connection, since: int) -> None:
        stream = self._stream(connection.person)
        hello = HelloMessage(at=self._clock.now(), epoch=self._boards.epoch, seq=stream.seq, lost=stream.lost(since))
        connection.send(hello.model_dump_json())
        for kept in stream.replay(since):
            connection.send(kept.text)
        connection.show(self._boards.snapshot())
        connection.resumed = True

    def _on_phone(self, connection: Connection, message: PhoneMessage) -> list[Told]:
        handset = self._handsets.setdefault(connection.person, Handset())
        now = self._clock.monotonic()
        match message.act:
            case "ask" | "wait":
                return handset.ask(message.device, connection, busy=message.busy, waiting=message.act == "wait", now=now)
            case "take":
                return handset.take(message.device, connection)
            case "closed":
                return handset.closed(message.device)
            case "leave":
                return handset.leave(message.device, now)

    def _look(self, connection: Connection, place: Place | None) -> None:
        """Whoever shows the same case as this browser, or did until now, sees who else does. Nobody else is told."""
        if not connection.who.may(Right.TICKETS_READ):
            return
        for ticket in self._looking.look(connection, place):
            for each in self._looking.at(ticket):
                others = self._looking.others(each, ticket)
                beside = [Beside(person=one.person, name=one.who.person.name, field=at) for one, at in others]
                each.send(LookingMessage(ticket=ticket, others=beside).model_dump_json())

    async def _look_at_handsets(self) -> None:
        """Whoever does not come back loses the phone to whoever waits for it."""
        while True:
            await asyncio.sleep(HANDSETS_S)
            now = self._clock.monotonic()
            for person, handset in list(self._handsets.items()):
                _tell(handset.look(now))
                if handset.empty:
                    del self._handsets[person]

    def _stream(self, person: int) -> Stream:
        if person not in self._streams:
            self._streams[person] = Stream(int(self._clock.now().timestamp() * 1000))
        return self._streams[person]

    def _all(self) -> list[Connection]:
        return [connection for several in self._connections.values() for connection in several]

    async def _send_boards(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            snapshot = self._boards.snapshot()
            async for connection in self._in_steps():
                connection.show(snapshot)
            await asyncio.sleep(BOARD_S)

    async def _in_steps(self) -> AsyncIterator[Connection]:
        """Every browser that has said where it stands, a few at a time, so that a pop waits behind few."""
        everybody = self._all()
        step = -(-len(everybody) // STEPS)
        for place, connection in enumerate(everybody, 1):
            if connection.resumed:
                yield connection
            if place % step == 0:
                await asyncio.sleep(STEP_S)

    async def _send_own_boards(self) -> None:
        while True:
            await self._own_changed.wait()
            await asyncio.sleep(OWN_S)
            self._own_changed.clear()
            snapshot, people, self._own = self._boards.snapshot(), self._own, set()
            for person in people:
                for connection in self._connections.get(person, ()):
                    if connection.resumed:
                        connection.show(snapshot)

    async def _look_at_sessions(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SESSIONS_S):
                    await self._suspicious.wait()
            self._suspicious.clear()
            sessions = {connection.session for connection in self._all()}
            if not sessions:
                continue
            try:
                alive = await self._alive(sessions)
            except WorldFailed:
                continue  # the database is away: nobody can have ended a session there either
            for session in sessions.difference(alive):
                self.end_session(session)


def _tell(all_told: list[Told]) -> None:
    """Sends each message to the connection that speaks for its browser."""
    for told in all_told:
        if isinstance(told.connection, Connection):
            told.connection.send(HandsetMessage(place=told.answer).model_dump_json())


class LiveRoutes:
    """The door of the hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    @route(
        "GET",
        "/api/live",
        right=(Right.BOARD, Right.ORDERS_ANSWER),
        websocket=True,
        produces="application/json",
        without_database=True,
        raises=(Throttled,),
    )
    async def live(self, asked: Asked) -> web.StreamResponse:
        """The websocket: ServerMessage to the browser, ClientMessage from it; the first is ``resume``."""
        who, line = asked.by, asked.request.transport
        with self._hub.place(who.id, who.session):
            socket = web.WebSocketResponse(
                compress=False, autoping=False, heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_BYTES, timeout=CLOSE_S
            )
            await socket.prepare(asked.request)
            await self._hub.serve(socket, who, line=line)
        return socket
