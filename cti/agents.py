"""Derives the state of every agent from the phone and the queue memberships; pure, never guessed from a timer.

Two sources. The memberships say what app_queue holds (device state, paused, reason); the changes of the call board say for which
call a phone rings and who shares a caller's bridge. The board goes first: it knows the call, and its word comes with the same
event that everyone else acts on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cti import events
from cti.changes import (
    AgentChanged,
    AgentState,
    CallEnded,
    CallOffered,
    CallStarted,
    Change,
    LegJoined,
    LegLeft,
    OfferEnded,
)
from cti.ids import CallId, ChannelId, Extension, extension_of

WRAP_UP_REASON = "wrap-up"
"""The pause reason that means work after a call (SPEC has no word for it; the desk shows it as its own state)."""

NOT_IN_USE, RINGING_DEVICE = 1, 6
IN_USE = frozenset({2, 3, 7, 8})
"""In use, busy, in use and ringing, on hold (AST_DEVICE_* of devicestate.h). 0, 4, 5: unknown, invalid, unavailable."""


@dataclass(frozen=True, slots=True)
class Membership:
    """One queue's view of one agent."""

    status: int
    paused: bool
    reason: str


@dataclass(slots=True)
class Agent:
    """One extension. Read it; only the roster writes it."""

    extension: Extension
    since: datetime
    state: AgentState = AgentState.AWAY
    reason: str = ""
    call: CallId | None = None
    memberships: dict[str, Membership] = field(default_factory=dict)
    ringing: dict[ChannelId, CallId] = field(default_factory=dict)
    talking: dict[ChannelId, CallId] = field(default_factory=dict)
    dialling: dict[CallId, ChannelId] = field(default_factory=dict)
    """Calls out that nobody has answered yet, each with the agent's own channel."""

    @property
    def idle(self) -> bool:
        """Whether nothing is known of this extension any more."""
        return not (self.memberships or self.ringing or self.talking or self.dialling)


_BUSY = {NOT_IN_USE: 1, RINGING_DEVICE: 2, **dict.fromkeys(IN_USE, 3)}


def device_of(agent: Agent) -> int:
    """The device state that counts when memberships disagree: the busiest. The switch tells them one after the other."""
    return max((m.status for m in agent.memberships.values()), key=lambda code: _BUSY.get(code, 0), default=0)


def state_of(agent: Agent) -> tuple[AgentState, CallId | None]:
    """The agent's state, and the call that belongs to it.

    A phone that rings or talks without a call of ours keeps the call that it last had in that state: either the agent consults
    a colleague, or the device's own state comes a moment after the channel's.
    """
    if agent.talking:
        return AgentState.TALKING, next(iter(agent.talking.values()))
    if agent.dialling:
        return AgentState.DIALLING, next(iter(agent.dialling))
    if agent.ringing:
        return AgentState.RINGING, next(iter(agent.ringing.values()))
    device = device_of(agent)
    if device in IN_USE:
        return AgentState.TALKING, agent.call if agent.state is AgentState.TALKING else None
    if device == RINGING_DEVICE:
        return AgentState.RINGING, agent.call if agent.state is AgentState.RINGING else None
    if device != NOT_IN_USE:
        return AgentState.AWAY, None
    if any(not m.paused for m in agent.memberships.values()):
        return AgentState.READY, None
    return (AgentState.WRAP_UP if reason_of(agent) == WRAP_UP_REASON else AgentState.PAUSED), None


def reason_of(agent: Agent) -> str:
    """The pause reason, if the agent is paused in every queue."""
    memberships = list(agent.memberships.values())
    return memberships[0].reason if memberships and all(m.paused for m in memberships) else ""


class Roster:
    """All agents that the switch knows of now, by extension."""

    def __init__(self, agent_of: Callable[[str], Extension | None] = extension_of) -> None:
        self.agents: dict[Extension, Agent] = {}
        self._agent_of = agent_of
        self._leg_of: dict[ChannelId, Extension] = {}
        self._direct: set[ChannelId] = set()  # phones that ring for a call outside any queue
        self._dialled_by: dict[CallId, Extension] = {}
        self._on: dict[type, Callable[[Any], list[Change]]] = {
            events.EnteredBridge: self._consulted,
            events.MemberSeen: self._member_seen,
            events.MemberGone: self._member_gone,
        }
        self._after: dict[type, Callable[[Any], list[Change]]] = {
            CallStarted: self._started,
            CallEnded: self._ended,
            CallOffered: self._offered,
            LegJoined: self._joined,
            OfferEnded: self._over,
            LegLeft: self._over,
        }

    def of(self, interface: str) -> Agent | None:
        """The agent who has that phone, if the switch knows one."""
        extension = self._agent_of(interface)
        return self.agents.get(extension) if extension else None

    def apply(self, event: events.Event) -> list[Change]:
        """Changes that follow from an event of a queue membership, or from a consulted phone that is answered; no other event
        changes anything here.
        """
        act = self._on.get(type(event))
        return act(event) if act else []

    def follow(self, change: Change) -> list[Change]:
        """Changes of the agent whose phone a change of a call concerns; other changes concern no agent."""
        act = self._after.get(type(change))
        return act(change) if act else []

    # --- after a change of a call

    def _started(self, change: CallStarted) -> list[Change]:
        if change.by is None or change.leg is None:
            return []
        agent = self._agent(change.by, change.at)
        agent.dialling[change.call] = change.leg
        self._dialled_by[change.call] = change.by
        return self._settle(agent, change.at)

    def _ended(self, change: CallEnded) -> list[Change]:
        extension = self._dialled_by.pop(change.call, None)
        if extension is None:
            return []
        agent = self._agent(extension, change.at)
        agent.dialling.pop(change.call, None)
        return self._settle(agent, change.at)

    def _offered(self, change: CallOffered) -> list[Change]:
        agent = self._agent(change.extension, change.at)
        agent.ringing[change.leg] = change.call
        self._leg_of[change.leg] = change.extension
        if not change.queue:
            self._direct.add(change.leg)
        return self._settle(agent, change.at)

    def _joined(self, change: LegJoined) -> list[Change]:
        if change.extension is None:
            return []
        agent = self._agent(change.extension, change.at)
        agent.ringing.pop(change.leg, None)
        if agent.dialling.get(change.call) == change.leg:
            del agent.dialling[change.call]
        agent.talking[change.leg] = change.call
        self._leg_of[change.leg] = change.extension
        self._direct.discard(change.leg)
        return self._settle(agent, change.at)

    def _over(self, change: OfferEnded | LegLeft) -> list[Change]:
        extension = self._leg_of.pop(change.leg, None)
        if extension is None:
            return []
        agent = self._agent(extension, change.at)
        agent.ringing.pop(change.leg, None)
        agent.talking.pop(change.leg, None)
        self._direct.discard(change.leg)
        return self._settle(agent, change.at)

    # --- what the switch says

    def _member_seen(self, event: events.MemberSeen) -> list[Change]:
        extension = self._agent_of(event.interface)
        if extension is None:
            return []
        agent = self._agent(extension, event.at)
        seen = Membership(event.status, event.paused, event.reason if event.paused else "")
        if agent.memberships.get(event.queue) == seen:
            return []
        agent.memberships[event.queue] = seen
        return self._settle(agent, event.at)

    def _member_gone(self, event: events.MemberGone) -> list[Change]:
        extension = self._agent_of(event.interface)
        if extension is None:
            return []
        agent = self._agent(extension, event.at)
        agent.memberships.pop(event.queue, None)
        return self._settle(agent, event.at)

    def _consulted(self, event: events.EnteredBridge) -> list[Change]:
        """A colleague whom a transfer or a consultation rang now talks, though perhaps not with the caller yet."""
        if event.channel not in self._direct:
            return []
        self._direct.discard(event.channel)
        agent = self.agents[self._leg_of[event.channel]]
        agent.talking[event.channel] = agent.ringing.pop(event.channel)
        return self._settle(agent, event.at)

    def _agent(self, extension: Extension, at: datetime) -> Agent:
        if extension not in self.agents:
            self.agents[extension] = Agent(extension, at)
        return self.agents[extension]

    def _settle(self, agent: Agent, at: datetime) -> list[Change]:
        (state, call), reason = state_of(agent), reason_of(agent)
        if agent.idle:
            del self.agents[agent.extension]
        if (state, reason, call) == (agent.state, agent.reason, agent.call):
            return []
        agent.state, agent.reason, agent.call, agent.since = state, reason, call, at
        return [AgentChanged(at=at, extension=agent.extension, state=state, reason=reason, call=call)]
