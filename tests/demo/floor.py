"""Simulated callers and agents at human speed, until stopped: real SIP phones, real keys, spoken Mandarin.

Callers ring the hotline, listen, press (or do not), wait, talk, hang up; some give up. Agents register their phones, are
ready, answer after a moment (or miss a ring and are paused for it), talk, take breaks, and finish the draft tickets that
the transcripts leave them. The watcher's own calls are answered too: a caller begins to talk as soon as anybody answers.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import aiohttp

from tests.demo.cast import (
    AGENTS,
    CONVERSATIONS,
    CUSTOMERS,
    HOSTILE_NAMES,
    INSPECTOR,
    STRANGERS,
    WITHHELD,
    YOU,
    Conversation,
    Member,
    Temper,
)
from tests.demo.desk import Desk, Refusal
from tests.demo.seed import Passwords, act
from tests.harness.sip_phone import Answer, Call, CallRefused, Phone, Ring
from tests.harness.speech import Samples, Speaker, converse

REGISTER_AGAIN = 120.0  # s
RETURN = 3.0  # s before a lost websocket is opened again
LOOK = 1.5  # s between two looks at who has been answered
SOON = 2.0  # s until a caller who knows the menu presses
ASIDE = 30.0  # s at most that colleagues leave the watcher the next call
PATIENCE = 90.0  # s that an ordinary caller waits in the queue
FOR_EVER = 10.0**8

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is."""

    url: str
    sip: tuple[str, int]
    hotline: str
    secret_of: Callable[[str], str]
    """The SIP password of an extension that has a telephone; the desk tells only those with a phone in the browser."""


@cache
def sides_of(conversation: Conversation) -> dict[Speaker, Samples]:
    """Both voices, in step; spoken once (blocking, some tenths of a second)."""
    return converse(conversation.lines)[0]


@dataclass(eq=False)
class Caller:
    """One caller with one conversation in mind."""

    number: str
    name: str
    conversation: Conversation
    determined: bool = False
    """Presses the right key soon and waits: the watcher's own caller."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def ring(self, place: Place, temper: Temper, dice: random.Random, tell: Tell) -> None:
        """The whole call."""
        phone = await Phone.open(place.sip, user=self.number, name=self.name)
        try:
            call = await phone.call(place.hotline)
            await self._go_through(call, temper, dice, tell)
            await call.hang_up()
        except (CallRefused, TimeoutError) as refusal:
            tell(f"{self.number}: {refusal or 'no answer from the switch'}")
        finally:
            phone.close()

    async def _go_through(self, call: Call, temper: Temper, dice: random.Random, tell: Tell) -> None:
        mood = 1.0 if self.determined else dice.random()
        if mood < temper.gives_up_in_ivr:
            tell(f"{self.number} hangs up in the menu")
            return await asyncio.sleep(dice.uniform(1, 9))
        await self._press(call, mood - temper.gives_up_in_ivr, temper, dice)
        impatient = not self.determined and dice.random() < temper.impatient
        patience = dice.uniform(3, 12) if impatient else PATIENCE
        if not await self._somebody(call, patience):
            return tell(f"{self.number} is gone before anybody answered")
        with suppress(TimeoutError):
            await call.voice.say(sides_of(self.conversation)["caller"])
            await call.ended(limit=dice.uniform(2, 6))
        return None

    async def _press(self, call: Call, mood: float, temper: Temper, dice: random.Random) -> None:
        await asyncio.sleep(SOON if self.determined else dice.uniform(2, 11))
        if mood < temper.presses_nonsense:
            await call.dtmf(dice.choice("9*#7"))
            await asyncio.sleep(dice.uniform(4, 8))
        if mood < temper.presses_nonsense or mood > temper.presses_nonsense + temper.presses_nothing:
            await call.dtmf(self.conversation.key)

    async def _somebody(self, call: Call, patience: float) -> bool:
        """True once a person has answered; False if the caller's patience or the call ends first."""
        async with asyncio.TaskGroup() as group:
            answer = group.create_task(self.answered.wait(), name="demo: wait for an answer")
            end = group.create_task(_ended(call), name="demo: wait for the end")
            await asyncio.wait((answer, end), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            answer.cancel()
            end.cancel()
        return self.answered.is_set() and not call.ended_already


async def _ended(call: Call) -> None:
    await call.ended(limit=FOR_EVER)


class Agent:
    """One simulated agent: a phone, a desk, a temper."""

    def __init__(self, member: Member, desk: Desk, phone: Phone, floor: Floor) -> None:
        self.name = member.name
        self._desk = desk
        self._phone = phone
        self._floor = floor
        self._dice = floor.dice
        self._seen = 0

    async def work(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_desk(group), name=f"demo: desk of {self.name}")
            with suppress(CallRefused, TimeoutError):  # tried again all the time
                await self._phone.stay_registered(again=REGISTER_AGAIN)
            await self._be("ready")
            while True:
                await self._next_call()

    async def step_aside(self, until: asyncio.Event) -> None:
        """Leave the next call to somebody else."""
        await self._be("paused", "paperwork")
        with suppress(TimeoutError):
            async with asyncio.timeout(ASIDE):
                await until.wait()
        await self._be("ready")

    async def _be(self, state: str, reason: str = "") -> None:
        with suppress(Refusal, aiohttp.ClientError):
            await self._desk.put("/api/me/state", state=state, reason=reason)

    async def _next_call(self) -> None:
        temper = self._floor.temper
        missed = self._dice.random() < temper.misses_ring
        self._phone.on_ring = Ring() if missed else Answer(self._dice.uniform(*temper.answers_after))
        ring = await self._phone.next_ring(limit=FOR_EVER)
        if missed:
            return await self._come_back(ring)
        with suppress(TimeoutError):
            await self._talk(await self._phone.next_call(limit=temper.answers_after[1] + 5))
        if self._dice.random() < temper.takes_break:
            await self._rest()
        return None

    async def _come_back(self, ring: Call) -> None:
        self._floor.tell(f"{self.name} misses a ring")
        with suppress(TimeoutError):
            await ring.ended(limit=60)
        await asyncio.sleep(self._dice.uniform(10, 25))
        await self._be("ready")

    async def _rest(self) -> None:
        reason = self._dice.choice(("break", "meal", "paperwork"))
        self._floor.tell(f"{self.name}: {reason}")
        await self._be("paused", reason)
        await asyncio.sleep(self._dice.uniform(20, 60))
        await self._be("ready")

    async def _talk(self, call: Call) -> None:
        caller = self._floor.calling.get(number_in(call.from_header))
        self._floor.tell(f"{self.name} answers {caller.number if caller else 'somebody'}")
        conversation = caller.conversation if caller else CONVERSATIONS[0]
        if caller:
            caller.answered.set()
        await call.voice.say(sides_of(conversation)["agent"])
        with suppress(TimeoutError):
            await call.ended(limit=10)
        with suppress(CallRefused, TimeoutError):
            await call.hang_up()

    async def _watch_desk(self, group: asyncio.TaskGroup) -> None:
        while True:
            with suppress(aiohttp.ClientError, OSError):
                async with self._desk.live(self._seen) as socket:
                    async for frame in socket:
                        if frame.type is aiohttp.WSMsgType.TEXT:
                            await self._look(frame.json(), socket, group)
            await asyncio.sleep(RETURN)

    async def _look(self, message: dict[str, Any], socket: aiohttp.ClientWebSocketResponse, group: asyncio.TaskGroup) -> None:
        if message["type"] == "hello" or "seq" not in message:
            return
        self._seen = max(self._seen, message["seq"])
        shown = {"shown_ms": self._dice.randrange(15, 60)} if message["type"] == "pop" else {}
        await socket.send_json({"type": "ack", "seq": self._seen, **shown})
        if message["type"] == "draft":
            group.create_task(self._finish(message["ticket_id"]), name=f"demo: ticket {message['ticket_id']}")

    async def _finish(self, ticket_id: int) -> None:
        """Read what the transcript made of the call, add what is missing, decide."""
        await asyncio.sleep(self._dice.uniform(*self._floor.temper.thinks_for))
        try:
            await self._decide(await self._desk.get(f"/api/tickets/{ticket_id}"))
        except (Refusal, aiohttp.ClientError, TimeoutError) as error:
            self._floor.tell(f"{self.name} could not finish ticket {ticket_id}: {error}")

    async def _decide(self, ticket: dict[str, Any]) -> None:
        mood, temper = self._dice.random(), self._floor.temper
        if ticket["state"] != "draft" or mood < temper.leaves_draft:
            return
        if mood < temper.leaves_draft + temper.discards:
            await act(self._desk, ticket, "discard")
            return
        talk = self._floor.talks.get(ticket["contact_number"] or ticket["customer_number"])
        ticket = await self._complete(ticket, additions(ticket, talk))
        ticket = await act(self._desk, ticket, "confirm")
        self._floor.tell(f"{self.name} confirms {ticket['number']}")
        if ticket["answer"] and "close" in ticket["may"]:  # a big customer's is the seniors' by now
            await act(self._desk, ticket, "close")

    async def _complete(self, ticket: dict[str, Any], fields: dict[str, str]) -> dict[str, Any]:
        if not fields:
            return ticket
        path = f"/api/tickets/{ticket['id']}"
        changed: dict[str, Any] = await self._desk.patch(path, version=ticket["version"], fields=fields)
        return changed


def additions(ticket: dict[str, Any], talk: Conversation | None) -> dict[str, str]:
    """What an agent types before confirming: what is mandatory and still empty (proposals are believed), and the answer."""
    kind = ticket["kind"] or {"1": "complaint", "2": "suggestion"}.get(talk.key if talk else "", "enquiry")
    usual = {"kind": kind, "description": "详见录音。"}
    if kind == "complaint":
        usual |= {"business": "fixed_telephone", "nature": "service_quality"}
    if kind == "suggestion":
        usual |= {"suggestion": "service"}
    proposals = {name: source.get("proposal") for name, source in ticket["sources"].items()}
    typed = {name: proposals.get(name) or value for name, value in usual.items() if not ticket[name]}
    return typed | ({"answer": talk.settles} if talk and talk.settles and not ticket["answer"] else {})


def number_in(header: str) -> str:
    """The caller's number in a SIP From header."""
    found = re.search(r"sip:([^@;>]+)", header)
    return found[1] if found else ""


class Floor:
    """The whole simulation. ``run`` until cancelled."""

    def __init__(
        self, place: Place, passwords: Passwords, *, tell: Tell = print, temper: Temper | None = None, seed: int = 0
    ) -> None:
        self.place = place
        self.temper = temper or Temper()
        self.dice = random.Random(seed or None)
        self.tell = tell
        self.calling: dict[str, Caller] = {}
        self.talks: dict[str, Conversation] = {}
        self.agents: list[Agent] = []
        self._passwords = passwords
        self._watcher = ""  # the state the watcher was last seen in

    async def run(self) -> None:
        """Everybody comes to work, then the telephones ring."""
        for conversation in CONVERSATIONS:
            await asyncio.to_thread(sides_of, conversation)
        async with asyncio.TaskGroup() as group:
            for member in AGENTS:
                group.create_task(self._employ(member), name=f"demo: {member.name}")
            group.create_task(self._notice_answers(), name="demo: who has been answered")
            group.create_task(self._notice_watcher(group), name="demo: whether you are ready")
            await self._send_callers(group)

    async def _employ(self, member: Member) -> None:
        async with await Desk.log_in(self.place.url, member.login, self._passwords[member.login]) as desk:
            extension = member.extension or ""
            phone = await Phone.open(self.place.sip, user=extension, secret=self.place.secret_of(extension), name=member.name)
            try:
                agent = Agent(member, desk, phone, self)
                self.agents.append(agent)
                await agent.work()
            finally:
                phone.close()

    async def _send_callers(self, group: asyncio.TaskGroup) -> None:
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / self.temper.between_calls))
            caller = self._next_caller()
            if caller:
                group.create_task(self._attend(caller), name=f"demo: call from {caller.number}")

    def _next_caller(self, at_most: int | None = None) -> Caller | None:
        known = [(customer.number, customer.name) for customer in CUSTOMERS] + [(number, "") for number in STRANGERS]
        idle = [somebody for somebody in known if somebody[0] not in self.calling]
        if not idle or len(self.calling) >= (at_most or self.temper.at_most_calling):
            return None
        number, name = self.dice.choice(idle)
        if self.dice.random() < self.temper.hostile_name:
            name = self.dice.choice(HOSTILE_NAMES)
        return Caller(number, name, self.dice.choice(CONVERSATIONS))

    async def _attend(self, caller: Caller) -> None:
        self.calling[caller.number] = caller
        self.talks[caller.number] = caller.conversation
        try:
            self.tell(f"{caller.number} {caller.name} calls")
            await caller.ring(self.place, self.temper, self.dice, self.tell)
        finally:
            del self.calling[caller.number]

    async def _notice_watcher(self, group: asyncio.TaskGroup) -> None:
        """Who presses Ready sees a ring soon: a caller comes at once, and the colleagues leave it to them."""
        async with await Desk.log_in(self.place.url, INSPECTOR.login, self._passwords[INSPECTOR.login]) as desk:
            while True:
                await asyncio.sleep(LOOK)
                with suppress(Refusal, aiohttp.ClientError, TimeoutError):
                    agents = (await desk.get("/api/board"))["agents"]
                    states = [agent["state"] for agent in agents if agent["extension"] == YOU.extension]
                    before, self._watcher = self._watcher, states[0] if states else "away"
                    if self._watcher == "ready" and before in ("away", "paused"):
                        self._give_watcher_a_call(group)

    def _give_watcher_a_call(self, group: asyncio.TaskGroup) -> None:
        caller = self._next_caller(at_most=2 * self.temper.at_most_calling)
        if caller is None:
            return
        caller.determined = True
        self.tell("you are ready: the next call is yours")
        for agent in self.agents:
            group.create_task(agent.step_aside(caller.answered), name=f"demo: {agent.name} steps aside")
        group.create_task(self._attend(caller), name=f"demo: call from {caller.number}")

    async def _notice_answers(self) -> None:
        """So that callers also talk to the agent who is no simulation."""
        async with await Desk.log_in(self.place.url, INSPECTOR.login, self._passwords[INSPECTOR.login]) as desk:
            while True:
                await asyncio.sleep(LOOK)
                if any(not caller.answered.is_set() for caller in self.calling.values()):
                    await self._look_for_answers(desk)

    async def _look_for_answers(self, desk: Desk) -> None:
        with suppress(Refusal, aiohttp.ClientError, TimeoutError):
            for row in (await desk.get("/api/calls", limit=20))["calls"]:
                caller = self.calling.get(row["number"] or WITHHELD)
                if caller and row["answered_at"] and not row["ended_at"]:
                    caller.answered.set()
