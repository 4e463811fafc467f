"""Parses the switch's events: AMI headers in, frozen dataclasses out. No other file knows the name of a header.

**What the switch must send.** ``WANTED`` is the whole list; ivr.asterisk renders it into the event filters of our user, one
``eventfilter(action(include),name(...))`` each, without any condition on headers. A queued call that is answered at the first
ring costs 15 of these (17 with the pause and unpause of wrap-up), against about 91 to 160 unfiltered:

    Newchannel (caller), NewCallerid, QueueCallerJoin, Newchannel (agent), AgentCalled, QueueMemberStatus ringing,
    QueueMemberStatus in use, QueueCallerLeave, BridgeEnter x2, BridgeLeave x2, Hangup x2, QueueMemberStatus not in use

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

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cti.errors import Malformed, MissingHeader
from cti.ids import UNREAD, ChannelId

HEADERS_AT_MOST = 300
"""An event with every Dest twin and 30 channel variables has about 100 headers."""
SEAL = "tingsu_seal"
"""The variable whose value only the switch and we know."""
_ABSENT = "\r\n"
"""No header's value: it holds a line end."""
NUMBER_AT_MOST, NAME_AT_MOST = 64, 128
"""Characters kept of what the network says the caller's number and name are."""


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


class Headers:
    """The headers of one message. Asking for a header that is not there raises the error that names it.

    Looked up in the text as they are asked for: an event has thirty headers, of which we need five.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """``text``: one message without its closing blank line."""
        if text.count("\r\n") >= HEADERS_AT_MOST:
            raise Malformed(f"more than {HEADERS_AT_MOST} headers")
        self._text = f"\r\n{text}\r\n"

    def get(self, name: str, default: str = "") -> str:
        """The header's value, or ``default`` if the message has none.

        Raises:
            Malformed: it stands there twice. The switch never does that; somebody wrote the second one, or the first.
        """
        text, mark = self._text, f"\r\n{name}:"
        start = text.find(mark)
        if start < 0:
            return default
        start += len(mark)
        end = text.index("\r\n", start)
        if text.find(mark, end) >= 0:
            raise Malformed(f"{name} twice")
        return text[start:end].lstrip(" ")

    def first(self, name: str) -> str:
        """The first value of a header that some answers repeat (ActionID); ``''`` if the message has none."""
        _, _, rest = self._text.partition(f"\r\n{name}:")
        return rest.partition("\r\n")[0].lstrip(" ")

    def __contains__(self, name: str) -> bool:
        return f"\r\n{name}:" in self._text

    def __getitem__(self, name: str) -> str:
        value = self.get(name, _ABSENT)
        if value is _ABSENT:
            raise MissingHeader(self.get("Event") or self.get("Response") or "message", name)
        return value

    def variables(self) -> dict[str, str]:
        """The channel's variables that ``channelvars`` of manager.conf names."""
        found: dict[str, str] = {}
        for part in self._text.split("\r\nChanVariable:")[1:]:
            name, _, value = part.partition("\r\n")[0].lstrip(" ").partition("=")
            if name in found:
                raise Malformed("a channel variable twice")
            found[name] = value
        return found

    def number(self, name: str) -> int:
        """A header that holds a whole number."""
        value = self[name]
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            raise Malformed(f"{self.get('Event') or 'message'}: {name} is no number")
        return int(value)

    def moment(self) -> datetime:
        """The switch's own time, to the microsecond (a double holds it until the year 2242)."""
        try:
            return datetime.fromtimestamp(float(self["Timestamp"]), UTC)
        except (ValueError, OverflowError, OSError):
            raise Malformed(f"{self.get('Event') or 'message'}: Timestamp is no time") from None

    def dialled(self) -> str:
        """The hotline's number as the dialplan noted it; before that what the channel is at. ``s`` is a place in the dialplan."""
        exten = self.said("Exten", NUMBER_AT_MOST)
        return self.variables().get("HOTLINE", "")[:NUMBER_AT_MOST] or ("" if exten == "s" else exten)

    def said(self, name: str, at_most: int) -> str:
        """Text a caller controls: cut, without control characters, ``<unknown>`` as nothing."""
        value = self[name][:at_most].strip(" ")
        if value in ("<unknown>", "unknown", UNREAD):
            return ""
        return value if value.isprintable() else "".join(c for c in value if c.isprintable())


def _channel_up(h: Headers) -> Event:
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


def _caller_named(h: Headers) -> Event:
    number, caller = h.said("CallerIDNum", NUMBER_AT_MOST), h.said("CallerIDName", NAME_AT_MOST)
    return CallerNamed(h.moment(), ChannelId(h["Uniqueid"]), number, caller)


def _channel_gone(h: Headers) -> Event:
    return ChannelGone(h.moment(), ChannelId(h["Uniqueid"]), h.number("Cause"), h.variables().get("QUEUESTATUS", ""))


def _joined_queue(h: Headers) -> Event:
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


def _left_queue(h: Headers) -> Event:
    return LeftQueue(h.moment(), ChannelId(h["Uniqueid"]), h["Queue"])


def _abandoned(h: Headers) -> Event:
    return LeftQueue(h.moment(), ChannelId(h["Uniqueid"]), h["Queue"], abandoned=True)


def _phone_rings(h: Headers) -> Event:
    return PhoneRings(h.moment(), ChannelId(h["Uniqueid"]), ChannelId(h["DestUniqueid"]), h["Interface"], h["Queue"])


def _ring_unanswered(h: Headers) -> Event:
    return RingUnanswered(h.moment(), ChannelId(h["Uniqueid"]), ChannelId(h["DestUniqueid"]))


def _contact(h: Headers) -> Event | None:
    return PhoneMoved(h.moment(), h["EndpointName"]) if h["ContactStatus"] == "Removed" else None


def _entered_bridge(h: Headers) -> Event:
    return EnteredBridge(h.moment(), h["BridgeUniqueid"], ChannelId(h["Uniqueid"]), h["Channel"])


def _left_bridge(h: Headers) -> Event:
    return LeftBridge(h.moment(), h["BridgeUniqueid"], ChannelId(h["Uniqueid"]))


def _hold(h: Headers) -> Event:
    return Held(h.moment(), ChannelId(h["Uniqueid"]), held=True)


def _unhold(h: Headers) -> Event:
    return Held(h.moment(), ChannelId(h["Uniqueid"]), held=False)


def _blind_transfer(h: Headers) -> Event | None:
    if h["Result"] != "Success":
        return None
    return Transferred(
        at=h.moment(),
        kind="blind",
        transferee=h.get("TransfereeUniqueid"),  # left out when several are in the bridge
        linked=h["TransfererLinkedid"],
        by=h["TransfererChannel"],
        to=h.said("Extension", NUMBER_AT_MOST),
    )


def _attended_transfer(h: Headers) -> Event | None:
    """The target is named only when the second bridge holds a real leg (REFER with Replaces) and not a Local channel (AMI
    Atxfer).
    """
    if h["Result"] != "Success":
        return None
    return Transferred(
        at=h.moment(),
        kind="attended",
        transferee=h.get("TransfereeUniqueid"),
        linked=h["OrigTransfererLinkedid"],
        by=h["OrigTransfererChannel"],
        to=h.get("TransferTargetChannel"),
    )


def _member_seen(h: Headers) -> Event:
    return MemberSeen(
        at=h.moment(),
        queue=h["Queue"],
        interface=h["Interface"],
        status=h.number("Status"),
        paused=h["Paused"] == "1",
        reason=h.get("PausedReason")[:NAME_AT_MOST],
    )


def _member_gone(h: Headers) -> Event:
    return MemberGone(h.moment(), h["Queue"], h["Interface"])


_MAKERS: dict[str, Callable[[Headers], Event | None]] = {
    "Newchannel": _channel_up,
    "NewCallerid": _caller_named,
    "Hangup": _channel_gone,
    "QueueCallerJoin": _joined_queue,
    "QueueCallerLeave": _left_queue,
    "QueueCallerAbandon": _abandoned,
    "AgentCalled": _phone_rings,
    "AgentRingNoAnswer": _ring_unanswered,
    "ContactStatus": _contact,
    "BridgeEnter": _entered_bridge,
    "BridgeLeave": _left_bridge,
    "Hold": _hold,
    "Unhold": _unhold,
    "BlindTransfer": _blind_transfer,
    "AttendedTransfer": _attended_transfer,
    "QueueMemberAdded": _member_seen,
    "QueueMemberStatus": _member_seen,
    "QueueMemberPause": _member_seen,
    "QueueMemberRemoved": _member_gone,
    "FullyBooted": lambda _: SwitchReady(),
}

WANTED = frozenset(_MAKERS)
"""Names of the events the switch must send; everything else is dropped unread."""
WITHOUT_CHANNEL = frozenset(name for name in WANTED if name.startswith("QueueMember")) | {"FullyBooted", "ContactStatus"}
"""Those that have no channel, and so no seal."""
RETOLD = WITHOUT_CHANNEL - {"ContactStatus"}
"""Those of them that a snapshot makes up for: a registration that went is told once, and no list remembers it."""


def is_sealed(message: bytes, seal: str) -> bool:
    """Whether the switch itself wrote this message to its end. To be asked of events that have a channel."""
    return f"ChanVariable: {SEAL}={seal}".encode() in message


def parse(message: bytes) -> Event | None:
    """One whole message (without its closing blank line) as an event; None if it says nothing of use (a transfer that failed).

    Decoded as UTF-8 only here, when it is whole; bytes that are no UTF-8 become U+FFFD.

    Raises:
        Malformed: an unknown event, a missing header (MissingHeader), a value that is not of its kind, too many headers.
    """
    headers = Headers(message.decode("utf-8", "replace"))
    make = _MAKERS.get(headers["Event"])
    if make is None:
        raise Malformed("not an event that is wanted")
    return make(headers)
