"""Takes a snapshot of the switch, compares it with our picture, and turns each difference into the events that we missed.

It is taken after every login, and whenever something lasted too long. The differences become the same events that would have told
them, so that there is one way of changing the picture; the monitor marks the changes that follow ``recovered``.

A list says what is, not since when. That stands in variables which the dialplan left on the channels (ivr/asterisk, ``QUEUED``,
``ANSWERED``, ``HOTLINE``): the caller's entry into the first queue and who answered first, and on every person's own leg when
that person answered, to the millisecond and by the switch's own clock. Where they are missing (another dialplan), the moment of
the look has to do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cti import events
from cti.agents import Membership
from cti.ami import Link
from cti.calls import IN_QUEUE, TRANSITIONS, Call, Step
from cti.errors import Malformed
from cti.headers import NAME_AT_MOST, NUMBER_AT_MOST, Headers
from cti.ids import UNREAD, CallId, ChannelId, interface_of, is_uniqueid, made_at
from cti.picture import Picture
from cti.queue_log import moment

_RINGING, _DIALS = "5", "Dial"
_DIALLED = frozenset({"AppDial", "AppDial2", "AppQueue"})
"""Applications of channels that the switch dialled, as against those that rang it."""
_ANSWERED_ELSEWHERE = 26


@dataclass(frozen=True, slots=True)
class Answered:
    """Who answered, and when. On a person's leg this is the leg's own answer, on the caller's channel the first one."""

    at: datetime
    leg: ChannelId
    name: str

    @property
    def rang(self) -> timedelta:
        """How long that phone rang, by the second in which its channel was made."""
        return max(timedelta(), self.at - made_at(self.leg))


@dataclass(frozen=True, slots=True)
class Noted:
    """The variables that the dialplan left on a channel; another dialplan leaves none."""

    queue: str = ""
    queued_at: datetime | None = None
    ivr_path: str = ""
    language: str = ""
    call: str = ""
    answered: Answered | None = None


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One CoreShowChannel."""

    channel: ChannelId
    name: str
    linked: str
    ringing: bool
    dialled_by_us: bool
    number: str
    caller: str
    dialled: str
    bridge: str
    lived: timedelta
    asked: str = ""
    """What the channel has the switch dial, as the dialplan wrote it."""
    noted: Noted = field(default_factory=Noted)
    named: bool = True


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One QueueEntry: a caller who waits."""

    channel: ChannelId
    name: str
    queue: str
    position: int
    number: str
    caller: str
    waited: timedelta


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One QueueMember."""

    queue: str
    interface: str
    status: int
    paused: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the switch holds of calls and agents, as of ``at`` (its clock). ``queues``: those asked about, () for all."""

    at: datetime
    queues: tuple[str, ...]
    channels: dict[ChannelId, ChannelRow]
    entries: dict[ChannelId, EntryRow]
    members: list[MemberRow]


async def take(link: Link, queues: Collection[str], at: datetime, *, limit: float) -> Snapshot:
    """Ask the switch for a snapshot; ``queues`` one by one, or all at once if none is named. Rows that make no sense are left
    out.

    Raises:
        LinkDown, ActionTimeout, ActionFailed: there is no snapshot.
    """
    asked: list[dict[str, str]] = [{"Queue": queue} for queue in queues] or [{}]
    rows = [row for values in asked for row in await link.ask_list("QueueStatus", values, limit=limit)]
    channels = await link.ask_list("CoreShowChannels", limit=limit)
    return of_rows(at, rows + channels, queues)


def of_rows(at: datetime, rows: list[Headers], queues: Collection[str] = ()) -> Snapshot:
    """The snapshot in the lists' items."""
    snapshot = Snapshot(at, tuple(queues), {}, {}, [])
    for row in rows:
        try:
            _add(snapshot, row)
        except Malformed:
            continue  # a row of another kind of module, or cut: the others stand
    return snapshot


def _add(snapshot: Snapshot, row: Headers) -> None:
    match row.get("Event"):
        case "CoreShowChannel":
            channel = _channel(row)
            snapshot.channels[channel.channel] = channel
        case "QueueEntry":
            entry = _entry(row)
            snapshot.entries[entry.channel] = entry
        case "QueueMember":
            snapshot.members.append(_member(row))


def _channel(h: Headers) -> ChannelRow:
    return ChannelRow(
        channel=ChannelId(h["Uniqueid"]),
        name=h["Channel"],
        linked=h["Linkedid"],
        ringing=h["ChannelState"] == _RINGING,
        dialled_by_us=h.get("Application") in _DIALLED,
        number=h.said("CallerIDNum", NUMBER_AT_MOST),
        caller=h.said("CallerIDName", NAME_AT_MOST),
        dialled=h.dialled(),
        bridge=h.get("BridgeId"),
        lived=_duration(h.get("Duration", "0:0:0")),
        asked=h.get("ApplicationData") if h.get("Application") == _DIALS else "",
        noted=_noted(h.variables()),
        named=h["CallerIDNum"] != UNREAD,
    )


def _noted(variables: Mapping[str, str]) -> Noted:
    when, _, queue = variables.get("QUEUED", "").partition("/")
    queued_at = moment(when)
    return Noted(
        queue=queue[:NAME_AT_MOST] if queued_at else "",
        queued_at=queued_at if queue else None,
        ivr_path=variables.get("IVR_PATH", ""),
        language=variables.get("IVR_LANG", ""),
        call=variables.get("CALL_REF", ""),
        answered=_answered(variables.get("ANSWERED", "")),
    )


def _answered(text: str) -> Answered | None:
    """``<moment>/<Uniqueid of the leg>/<name of its channel>``."""
    when, _, rest = text.partition("/")
    leg, _, name = rest.partition("/")
    at = moment(when)
    return Answered(at, ChannelId(leg), name) if at and is_uniqueid(leg) else None


def _duration(text: str) -> timedelta:
    """``01:02:03``; nothing if it is not that."""
    try:
        hours, minutes, seconds = (int(part) for part in text.split(":"))
    except ValueError:
        return timedelta()
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _entry(h: Headers) -> EntryRow:
    return EntryRow(
        channel=ChannelId(h["Uniqueid"]),
        name=h["Channel"],
        queue=h["Queue"],
        position=h.number("Position"),
        number=h.said("CallerIDNum", NUMBER_AT_MOST),
        caller=h.said("CallerIDName", NAME_AT_MOST),
        waited=timedelta(seconds=h.number("Wait")),
    )


def _member(h: Headers) -> MemberRow:
    reason = h.get("PausedReason")[:NAME_AT_MOST]
    return MemberRow(h["Queue"], h["Location"], h.number("Status"), h["Paused"] == "1", reason)


def missed(picture: Picture, now: Snapshot, only: Collection[CallId] | None = None) -> Iterator[events.Event]:
    """Events that turn the picture into what the snapshot shows, in an order the table allows.

    ``only``: look at these calls alone (those that lasted too long on a link that never broke); agents are always compared.
    Lazy on purpose: each part is compared after the part before it has been applied.
    """
    yield from _ended(picture, now, only)
    yield from _started(picture, now, only)
    yield from _dialled_out(picture, now, only)
    yield from _left_bridges(picture, now, only)
    yield from _left_queues(picture, now, only)
    yield from _queued_unheard(picture, now, only)
    yield from _answered_unheard(picture, now, only)
    yield from _joined_queues(picture, now, only)
    yield from _stopped_rings(picture, now, only)
    yield from _rings(picture, now, only)
    yield from _entered_bridges(picture, now, only)
    yield from _members(picture, now)


def subject(event: events.Event, picture: Picture, now: Snapshot) -> str:
    """The call (with all its channels), or the membership, that the event is about."""
    if isinstance(event, events.MemberSeen | events.MemberGone):
        return f"{event.queue}/{event.interface}"
    channel: ChannelId = event.channel  # type: ignore[union-attr]  # what missed() makes is of a membership or of a channel
    row = now.channels.get(channel)
    return row.linked if row else str(picture.board.call_of(channel) or channel)


def differing(picture: Picture, now: Snapshot) -> set[tuple[str, type[events.Event]]]:
    """Calls and memberships of which the picture and the switch's lists say different things, and in what. Events that explain a
    difference may still be on their way: of a short call first those of its beginning, and at the next look those of its end.
    """
    return {(subject(event, picture, now), type(event)) for event in missed(picture, now)}


def _chosen(picture: Picture, only: Collection[CallId] | None) -> list[Call]:
    return [call for call in picture.board.calls.values() if only is None or call.id in only]


def _ended(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    for call in _chosen(picture, only):
        if ChannelId(call.id) not in now.channels:
            yield events.ChannelGone(now.at, ChannelId(call.id), 0, "", known=False)
    for channel in picture.board.nameless:
        if channel not in now.channels:
            yield events.ChannelGone(now.at, channel, 0, "", known=False)


def _started(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    """Callers not yet known: they rang the switch themselves, or wait in a queue."""
    for row in now.channels.values() if only is None else ():
        rang_us = row.channel == row.linked and not row.dialled_by_us and picture.board.is_caller(row.name)
        if CallId(row.channel) not in picture.board.calls and (rang_us or row.channel in now.entries):
            at = min(now.at - row.lived, row.noted.queued_at or now.at)
            yield events.ChannelUp(
                at, row.channel, row.name, row.channel, True, row.number, row.caller, row.dialled, named=row.named
            )


def _dialled_out(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    """Whom the switch has dialled outside for an agent. An agent who is gone (who has handed the call on) is not known any more,
    and neither is that call.
    """
    for row in now.channels.values() if only is None else ():
        agent = now.channels.get(ChannelId(row.linked))
        if agent is None or not row.dialled_by_us or CallId(row.channel) in picture.board.calls:
            continue
        if picture.board.is_trunk(row.name) and not picture.board.is_caller(agent.name):
            number = events.number_dialled(agent.asked) or row.number
            yield events.DialledOut(now.at - row.lived, agent.channel, row.linked, agent.name, row.channel, row.name, number)


def _concerned(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> set[ChannelId]:
    """Channels whose bridge matters: all, or those of the chosen calls."""
    known = set(picture.board.bridge_of) | set(now.channels)
    if only is None:
        return known
    linked = {row.channel for row in now.channels.values() if (call := picture.board.linked(row.linked)) and call.id in only}
    return known & (linked | {leg for call in _chosen(picture, only) for leg in (ChannelId(call.id), *call.legs)})


def _bridge(now: Snapshot, channel: ChannelId) -> str:
    row = now.channels.get(channel)
    return row.bridge if row else ""


def _left_bridges(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    for channel in sorted(_concerned(picture, now, only)):
        before = picture.board.bridge_of.get(channel)
        if before and before != _bridge(now, channel):
            yield events.LeftBridge(now.at, before, channel)


def _entered_bridges(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    """Callers first: whoever answered one comes to the caller's bridge in the moment of the answer."""
    came = [channel for channel in _concerned(picture, now, only) if _bridge(now, channel)]
    for channel in sorted(came, key=lambda channel: (_came_at(now, channel) is not None, channel)):
        bridge = _bridge(now, channel)
        if picture.board.bridge_of.get(channel) != bridge:
            yield events.EnteredBridge(_came_at(now, channel) or now.at, bridge, channel, now.channels[channel].name)


def _came_at(now: Snapshot, channel: ChannelId) -> datetime | None:
    """When this leg of a caller's was answered. None for a caller's own channel, and for a leg that was called for another
    reason.
    """
    row = now.channels[channel]
    answered = row.noted.answered
    if answered is None or answered.leg != channel or channel == row.linked or row.noted.call != row.linked:
        return None
    return min(answered.at, now.at)


def _left_queues(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    for call in _chosen(picture, only):
        entry = now.entries.get(ChannelId(call.id))
        asked = not now.queues or call.queue in now.queues
        if asked and call.state in IN_QUEUE and (entry is None or entry.queue != call.queue):
            yield events.LeftQueue(now.at, ChannelId(call.id), call.queue)


def _queued_unheard(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    """Callers whose entry into their first queue we missed, since when they are there and which way they took. Most of them
    talk to somebody already.
    """
    for call in _chosen(picture, only):
        row = now.channels.get(ChannelId(call.id))
        if row is None or call.queued or row.noted.queued_at is None or Step.QUEUE not in TRANSITIONS[call.state]:
            continue
        noted, entry = row.noted, now.entries.get(row.channel)
        place, at = entry.position if entry else 0, max(row.noted.queued_at, call.started)
        yield events.JoinedQueue(
            at, row.channel, row.name, noted.queue, place, row.number, row.caller, row.dialled, noted.ivr_path, noted.language
        )
        if noted.answered or not entry:
            yield events.LeftQueue(max(at, noted.answered.at) if noted.answered else now.at, row.channel, noted.queue)


def _answered_unheard(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    """Who answered first where we missed the answer. That person may be gone again."""
    for call in _chosen(picture, only):
        row = now.channels.get(ChannelId(call.id))
        if row and row.noted.answered and call.answered is None:
            first = row.noted.answered
            yield events.FirstAnswer(max(first.at, call.started), row.channel, first.leg, first.name, first.rang)


def _joined_queues(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    for entry in now.entries.values():
        call = picture.board.calls.get(CallId(entry.channel))
        if (only is None or CallId(entry.channel) in only) and (call is None or call.state not in IN_QUEUE):
            at, place = now.at - entry.waited, entry.position
            yield events.JoinedQueue(at, entry.channel, entry.name, entry.queue, place, entry.number, entry.caller, "", "", "")


def _stopped_rings(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    """Rings that stopped unheard. We did not hear who stopped them, so they count as no breach of the agent."""
    for call in _chosen(picture, only):
        for leg in [leg for leg in call.offers if leg not in now.channels]:
            yield events.ChannelGone(now.at, leg, _ANSWERED_ELSEWHERE, "")


def _rings(picture: Picture, now: Snapshot, only: Collection[CallId] | None) -> Iterator[events.Event]:
    for row in now.channels.values():
        call = picture.board.linked(row.linked)
        if CallId(row.channel) in picture.board.calls:
            continue  # whom an agent dialled rings too
        if row.ringing and call and row.channel not in call.offers and (only is None or call.id in only):
            if call.state in IN_QUEUE:
                yield events.PhoneRings(now.at, ChannelId(call.id), row.channel, row.name, call.queue)
            else:
                yield events.ChannelUp(now.at, row.channel, row.name, row.linked, False, "", "", "")


def _members(picture: Picture, now: Snapshot) -> Iterator[events.Event]:
    there = {(row.queue, row.interface) for row in now.members}
    known = [(q, interface_of(agent.extension)) for agent in picture.roster.agents.values() for q in agent.memberships]
    for queue, interface in known:
        if (queue, interface) not in there and (not now.queues or queue in now.queues):
            yield events.MemberGone(now.at, queue, interface)
    for row in now.members:
        agent = picture.roster.of(row.interface)
        seen = agent.memberships.get(row.queue) if agent else None
        if seen == Membership(row.status, row.paused, row.reason if row.paused else ""):
            continue
        yield events.MemberSeen(now.at, row.queue, row.interface, row.status, row.paused, row.reason)
