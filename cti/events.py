"""Parses the switch's events: AMI headers in, frozen dataclasses out. No other file knows the name of a header.

**What the switch must send.** ``WANTED`` is the whole list; ivr.asterisk renders it into the event filters of our user, one
``eventfilter(action(include),name(...))`` each, without any condition on headers. A queued call that is answered at the first
ring costs 15 of these (17 with the pause and unpause of wrap-up), against about 91 to 160 unfiltered:

    Newchannel (caller), NewCallerid, QueueCallerJoin, Newchannel (agent), AgentCalled, QueueMemberStatus ringing,
    QueueMemberStatus in use, QueueCallerLeave, BridgeEnter x2, BridgeLeave x2, Hangup x2, QueueMemberStatus not in use

``OUTWARD`` comes besides, where trunks are named and of their channels alone (a condition on a header, but ours and not a
caller's): one event for each call that an agent makes.

Needed besides, in manager.conf: ``timestampevents = yes``, ``channelvars =
IVR_PATH,IVR_LANG,QUEUESTATUS,HOTLINE,QUEUED,ANSWERED`` (others do no harm; QUEUESTATUS is how a caller the queue let go is told
from one who gave up, for QueueCallerAbandon is sent for both; the last three tell a snapshot what was missed); read classes
``call,agent`` and, for FullyBooted and ContactStatus, ``system``; write classes ``agent,reporting``.
AgentConnect and AgentComplete are not wanted: they are late or missing after transfers, bridges are not. Nor is
Shutdown: it carries no channel by which it could be believed, and the end of the link says the same.

**What is not believed.** Whoever gets a line end into one value of an event can write headers and whole events of his own. So
a header that we read must stand in a message once, and an event of a channel must bear the seal: a variable with a secret value
that the switch adds to each of them (``SEAL``; manager.conf ``channelvars``, extensions.conf ``[globals]``). What fails is
Malformed, and the monitor then takes a new snapshot. Unknown events never get here (cti.framing drops them unread).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from cti.errors import Malformed
from cti.framing import EVENT, first_line
from cti.headers import NAME_AT_MOST, NUMBER_AT_MOST, EventHeaders, finding
from cti.ids import UNREAD, ChannelId

SEAL = "tingsu_seal"
"""The variable whose value only the switch and we know."""
_DIALLED = re.compile(r"(?:[^/@]*/)?(?:[^/@]+/sips?:)?([0-9*#+]+)@")
"""What the dialplan asked of chan_pjsip: ``[PJSIP/]<number>@<endpoint>`` or ``[PJSIP/]<endpoint>/sip:<number>@<host>``."""


@dataclass(frozen=True, slots=True)
class ChannelUp:
    """Newchannel. ``incoming``: the channel rings us (ChannelState 4), as against one that the switch dials. ``named`` False: who
    calls is not known before CallerNamed (cti.ids.UNREAD)."""

    at: datetime
    channel: ChannelId
    name: str
    linked: str
    incoming: bool
    number: str
    caller: str
    dialled: str
    named: bool = True


@dataclass(frozen=True, slots=True)
class CallerNamed:
    """NewCallerid: who calls is known now, or known to be withheld."""

    at: datetime
    channel: ChannelId
    number: str
    caller: str


@dataclass(frozen=True, slots=True)
class DialledOut:
    """DialBegin: for the channel ``leg`` (called ``by``) the switch dials ``number`` by ``channel`` (called ``name``)."""

    at: datetime
    leg: ChannelId
    linked: str
    by: str
    channel: ChannelId
    name: str
    number: str


@dataclass(frozen=True, slots=True)
class ChannelGone:
    """Hangup. ``queue_status``: QUEUESTATUS if the queue let this caller go. ``known`` False: found missing by a snapshot."""

    at: datetime
    channel: ChannelId
    cause: int
    queue_status: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class JoinedQueue:
    """QueueCallerJoin."""

    at: datetime
    channel: ChannelId
    name: str
    queue: str
    position: int
    number: str
    caller: str
    dialled: str
    ivr_path: str
    language: str
    queue_status: str = ""
    """QUEUESTATUS as an earlier queue left it: at the end it tells whether the value is a new one."""


@dataclass(frozen=True, slots=True)
class LeftQueue:
    """QueueCallerLeave: answered, let go or gone. QueueCallerAbandon has ``abandoned`` set and comes just before."""

    at: datetime
    channel: ChannelId
    queue: str
    abandoned: bool = False


@dataclass(frozen=True, slots=True)
class PhoneRings:
    """AgentCalled: app_queue rings a member for the caller on ``channel``."""

    at: datetime
    channel: ChannelId
    leg: ChannelId
    interface: str
    queue: str


@dataclass(frozen=True, slots=True)
class RingUnanswered:
    """AgentRingNoAnswer: the queue gives that ring up. Its RingTime is not used: it is the difference of two whole seconds."""

    at: datetime
    channel: ChannelId
    leg: ChannelId


@dataclass(frozen=True, slots=True)
class PhoneMoved:
    """ContactStatus Removed: the registration of this phone has ended, or another one has taken its place."""

    at: datetime
    phone: str


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """Not an event of the switch: a snapshot found who answered first, and when. ``rang`` is exact to the second."""

    at: datetime
    channel: ChannelId
    leg: ChannelId
    name: str
    rang: timedelta


@dataclass(frozen=True, slots=True)
class EnteredBridge:
    """BridgeEnter."""

    at: datetime
    bridge: str
    channel: ChannelId
    name: str


@dataclass(frozen=True, slots=True)
class LeftBridge:
    """BridgeLeave."""

    at: datetime
    bridge: str
    channel: ChannelId


@dataclass(frozen=True, slots=True)
class Held:
    """Hold (True) or Unhold (False), on the channel whose phone asked for it."""

    at: datetime
    channel: ChannelId
    held: bool


@dataclass(frozen=True, slots=True)
class Transferred:
    """BlindTransfer or AttendedTransfer that succeeded. ``by``: a channel name; ``to``: one too, of a blind one the extension."""

    at: datetime
    kind: str
    transferee: str
    linked: str
    by: str
    to: str


@dataclass(frozen=True, slots=True)
class MemberSeen:
    """QueueMemberAdded, -Status, -Pause: all of one membership. ``status`` is the device's state code."""

    at: datetime
    queue: str
    interface: str
    status: int
    paused: bool
    reason: str


@dataclass(frozen=True, slots=True)
class MemberGone:
    """QueueMemberRemoved."""

    at: datetime
    queue: str
    interface: str


@dataclass(frozen=True, slots=True)
class SwitchReady:
    """FullyBooted: after every login, and again when a switch that accepted us while starting is complete."""


Event = (
    ChannelUp
    | CallerNamed
    | DialledOut
    | ChannelGone
    | JoinedQueue
    | LeftQueue
    | PhoneRings
    | RingUnanswered
    | PhoneMoved
    | FirstAnswer
    | EnteredBridge
    | LeftBridge
    | Held
    | Transferred
    | MemberSeen
    | MemberGone
    | SwitchReady
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How an event of this name is read."""

    name: str
    wanted: re.Pattern[str]
    make: Callable[[EventHeaders], Event | None]


_KINDS: dict[bytes, _Kind] = {}
"""By the first line of the message."""

_Maker = Callable[[EventHeaders], Event | None]


def _made_of(headers: str, *names: str) -> Callable[[_Maker], _Maker]:
    """Events of these names are made by what follows, of these headers and Timestamp."""

    def note(make: _Maker) -> _Maker:
        wanted = finding(f"Timestamp {headers}")
        _KINDS.update({EVENT + name.encode(): _Kind(name, wanted, make) for name in names})
        return make

    return note


@_made_of("Uniqueid Linkedid Channel ChannelState CallerIDNum CallerIDName Exten", "Newchannel")
def _channel_up(h: EventHeaders) -> Event:
    return ChannelUp(
        at=h.moment(),
        channel=ChannelId(h["Uniqueid"]),
        name=h["Channel"],
        linked=h["Linkedid"],
        incoming=h["ChannelState"] == "4",
        number=h.said("CallerIDNum", NUMBER_AT_MOST),
        caller=h.said("CallerIDName", NAME_AT_MOST),
        dialled=h.dialled(),
        named=h["CallerIDNum"] != UNREAD,
    )


@_made_of("Uniqueid CallerIDNum CallerIDName", "NewCallerid")
def _caller_named(h: EventHeaders) -> Event:
    number, caller = h.said("CallerIDNum", NUMBER_AT_MOST), h.said("CallerIDName", NAME_AT_MOST)
    return CallerNamed(h.moment(), ChannelId(h["Uniqueid"]), number, caller)


def number_dialled(asked: str) -> str:
    """The number in what the dialplan asked of a trunk; ``''`` where it names none."""
    found = _DIALLED.match(asked)
    return found[1][:NUMBER_AT_MOST] if found else ""


@_made_of("Uniqueid Linkedid Channel DestUniqueid DestChannel DialString", "DialBegin")
def _dialled_out(h: EventHeaders) -> Event | None:
    """What an AMI action dials has no channel that asks for it, and is a phone of ours that is rung."""
    if "Uniqueid" not in h:
        return None
    return DialledOut(
        at=h.moment(),
        leg=ChannelId(h["Uniqueid"]),
        linked=h["Linkedid"],
        by=h["Channel"],
        channel=ChannelId(h["DestUniqueid"]),
        name=h["DestChannel"],
        number=number_dialled(h.get("DialString", "")),
    )


@_made_of("Uniqueid Cause", "Hangup")
def _channel_gone(h: EventHeaders) -> Event:
    return ChannelGone(h.moment(), ChannelId(h["Uniqueid"]), h.number("Cause"), h.variables().get("QUEUESTATUS", ""))


@_made_of("Uniqueid Channel Queue Position CallerIDNum CallerIDName Exten", "QueueCallerJoin")
def _joined_queue(h: EventHeaders) -> Event:
    variables = h.variables()
    return JoinedQueue(
        at=h.moment(),
        channel=ChannelId(h["Uniqueid"]),
        name=h["Channel"],
        queue=h["Queue"],
        position=h.number("Position"),
        number=h.said("CallerIDNum", NUMBER_AT_MOST),
        caller=h.said("CallerIDName", NAME_AT_MOST),
        dialled=h.dialled(),
        ivr_path=variables.get("IVR_PATH", ""),
        language=variables.get("IVR_LANG", ""),
        queue_status=variables.get("QUEUESTATUS", ""),
    )


@_made_of("Uniqueid Queue", "QueueCallerLeave")
def _left_queue(h: EventHeaders) -> Event:
    return LeftQueue(h.moment(), ChannelId(h["Uniqueid"]), h["Queue"])


@_made_of("Uniqueid Queue", "QueueCallerAbandon")
def _abandoned(h: EventHeaders) -> Event:
    return LeftQueue(h.moment(), ChannelId(h["Uniqueid"]), h["Queue"], abandoned=True)


@_made_of("Uniqueid DestUniqueid Interface Queue", "AgentCalled")
def _phone_rings(h: EventHeaders) -> Event:
    return PhoneRings(h.moment(), ChannelId(h["Uniqueid"]), ChannelId(h["DestUniqueid"]), h["Interface"], h["Queue"])


@_made_of("Uniqueid DestUniqueid", "AgentRingNoAnswer")
def _ring_unanswered(h: EventHeaders) -> Event:
    return RingUnanswered(h.moment(), ChannelId(h["Uniqueid"]), ChannelId(h["DestUniqueid"]))


@_made_of("EndpointName ContactStatus", "ContactStatus")
def _contact(h: EventHeaders) -> Event | None:
    return PhoneMoved(h.moment(), h["EndpointName"]) if h["ContactStatus"] == "Removed" else None


@_made_of("Uniqueid Channel BridgeUniqueid", "BridgeEnter")
def _entered_bridge(h: EventHeaders) -> Event:
    return EnteredBridge(h.moment(), h["BridgeUniqueid"], ChannelId(h["Uniqueid"]), h["Channel"])


@_made_of("Uniqueid BridgeUniqueid", "BridgeLeave")
def _left_bridge(h: EventHeaders) -> Event:
    return LeftBridge(h.moment(), h["BridgeUniqueid"], ChannelId(h["Uniqueid"]))


@_made_of("Uniqueid", "Hold")
def _hold(h: EventHeaders) -> Event:
    return Held(h.moment(), ChannelId(h["Uniqueid"]), held=True)


@_made_of("Uniqueid", "Unhold")
def _unhold(h: EventHeaders) -> Event:
    return Held(h.moment(), ChannelId(h["Uniqueid"]), held=False)


@_made_of("Result TransfereeUniqueid TransfererLinkedid TransfererChannel Extension", "BlindTransfer")
def _blind_transfer(h: EventHeaders) -> Event | None:
    if h["Result"] != "Success":
        return None
    return Transferred(
        at=h.moment(),
        kind="blind",
        transferee=h.get("TransfereeUniqueid", ""),  # left out when several are in the bridge
        linked=h["TransfererLinkedid"],
        by=h["TransfererChannel"],
        to=h.said("Extension", NUMBER_AT_MOST),
    )


@_made_of("Result TransfereeUniqueid OrigTransfererLinkedid OrigTransfererChannel TransferTargetChannel", "AttendedTransfer")
def _attended_transfer(h: EventHeaders) -> Event | None:
    """The target is named only when the second bridge holds a real leg (REFER with Replaces) and not a Local channel (AMI
    Atxfer).
    """
    if h["Result"] != "Success":
        return None
    return Transferred(
        at=h.moment(),
        kind="attended",
        transferee=h.get("TransfereeUniqueid", ""),
        linked=h["OrigTransfererLinkedid"],
        by=h["OrigTransfererChannel"],
        to=h.get("TransferTargetChannel", ""),
    )


@_made_of("Queue Interface Status Paused PausedReason", "QueueMemberAdded", "QueueMemberStatus", "QueueMemberPause")
def _member_seen(h: EventHeaders) -> Event:
    return MemberSeen(
        at=h.moment(),
        queue=h["Queue"],
        interface=h["Interface"],
        status=h.number("Status"),
        paused=h["Paused"] == "1",
        reason=h.get("PausedReason", "")[:NAME_AT_MOST],
    )


@_made_of("Queue Interface", "QueueMemberRemoved")
def _member_gone(h: EventHeaders) -> Event:
    return MemberGone(h.moment(), h["Queue"], h["Interface"])


@_made_of("", "FullyBooted")
def _ready(_: EventHeaders) -> Event:
    return SwitchReady()


OUTWARD = frozenset({"DialBegin"})
"""Wanted where trunks are named, and of their channels alone: every phone that rings has one too."""
WANTED = frozenset(kind.name for kind in _KINDS.values()) - OUTWARD
"""Names of the events the switch must send; everything else is dropped unread."""
WITHOUT_CHANNEL = frozenset(name for name in WANTED if name.startswith("QueueMember")) | {"FullyBooted", "ContactStatus"}
"""Those that have no channel, and so no seal."""
RETOLD = WITHOUT_CHANNEL - {"ContactStatus"}
"""Those of them that a snapshot makes up for: a registration that went is told once, and no list remembers it."""


def is_sealed(message: bytes, seal: str) -> bool:
    """Whether the switch itself wrote this message to its end. To be asked of events that have a channel."""
    return _mark(seal) in message


@cache
def _mark(seal: str) -> bytes:
    return f"ChanVariable: {SEAL}={seal}".encode()


def parse(message: bytes) -> Event | None:
    """One whole message (without its closing blank line) as an event; None if it says nothing of use (a transfer that failed).

    Decoded as UTF-8 only here, when it is whole; bytes that are no UTF-8 become U+FFFD.

    Raises:
        Malformed: an unknown event, a missing header (MissingHeader), a value that is not of its kind, too many headers.
    """
    kind = _KINDS.get(first_line(message))
    if kind is None:
        raise Malformed("not an event that is wanted")
    return kind.make(EventHeaders.of(kind.name, kind.wanted, message.decode("utf-8", "replace")))
