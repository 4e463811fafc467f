"""Reads ``queue_log``, the switch's own diary of its queues: it tells of calls that we did not hear.

A line of ``queue_log`` is ``epoch|call|queue|agent|EVENT|data1|…``; the call is named by the Uniqueid of the caller's channel,
the agent by the member's name, which is the extension (``log_membername_as_agent``). Times are whole seconds, cut off and not
rounded: a wait of 15.9 s may stand here as 15 s or 16 s. Two lines more are our dialplan's, to the millisecond: ``CALLBEGAN``
(moment, number, hotline) and ``CALLOVER``, of every call, whether or not it came as far as a queue.

Pure; what cannot be understood is passed over: lines are torn by a full disk, joined by a crash, and events of other versions
have other fields.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cti.changes import VisitEnd
from cti.headers import NUMBER_AT_MOST
from cti.ids import CallId, ChannelId, Extension, extension_of, is_extension, is_uniqueid

LINE_AT_MOST = 1_000  # characters; a line of the switch has about a hundred
_FIELDS_AT_LEAST = 5
_QUEUE_AT_MOST = 80  # characters of a queue's name, as Asterisk cuts them
_EPOCH_DIGITS = 10  # from 2001 to 2286; fewer are the end of a torn line
_MS_DIGITS = _EPOCH_DIGITS + 3
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Ending(StrEnum):
    """How the call's time in the queue ended."""

    COMPLETED = "completed"  # the conversation ended, by either side
    HANDED_ON = "handed_on"  # the agent transferred the caller: what followed is not in this diary
    ABANDONED = "abandoned"  # hung up while waiting
    LET_GO = "let_go"  # the queue ended the wait: timeout, nobody at work, a key


_TALKED_FIELD = {"COMPLETECALLER": 2, "COMPLETEAGENT": 2, "BLINDTRANSFER": 4}
"""Which field has the seconds of the conversation, where it is always the same."""

ENDINGS = {
    "COMPLETECALLER": Ending.COMPLETED,
    "COMPLETEAGENT": Ending.COMPLETED,
    "BLINDTRANSFER": Ending.HANDED_ON,
    "ATTENDEDTRANSFER": Ending.HANDED_ON,
    "ABANDON": Ending.ABANDONED,
    "EXITWITHTIMEOUT": Ending.LET_GO,
    "EXITEMPTY": Ending.LET_GO,
    "EXITWITHKEY": Ending.LET_GO,
    "WITHDRAW": Ending.LET_GO,
}

_VISIT_ENDS = {
    "ABANDON": VisitEnd.ABANDONED,
    "EXITWITHTIMEOUT": VisitEnd.TIMED_OUT,
    "EXITEMPTY": VisitEnd.EMPTY,
    "EXITWITHKEY": VisitEnd.LET_GO,
    "WITHDRAW": VisitEnd.LET_GO,
}
"""How a stay in a queue ended that no answer ended."""

_AFTER_AN_ANSWER = frozenset({Ending.COMPLETED, Ending.HANDED_ON})


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation that the queue brought about. ``leg`` is ``""`` where the diary has only the end (CONNECT lost)."""

    leg: ChannelId
    extension: Extension
    began: datetime
    rang: timedelta
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """A caller's stay in one queue, until an answer or another end of the wait; open while the diary knows none."""

    queue: str
    entered: datetime
    left: datetime | None = None
    how: VisitEnd | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """One call as the diary has it; all times are the beginnings of seconds. ``number`` is as sent, cut: hostile text.

    ``queued_at`` and ``queue`` are of the first entry: whoever comes back to the queue waits since then (SPEC "How to count").
    ``how`` and ``ended_at`` are None while the diary knows no end of it; ``ended_at`` also when the agent handed the caller on.
    """

    call: CallId
    number: str = ""
    queue: str = ""
    queued_at: datetime | None = None
    talks: tuple[Talk, ...] = ()
    how: Ending | None = None
    ended_at: datetime | None = None
    began_at: datetime | None = None
    dialled: str = ""
    over_at: datetime | None = None
    """When the caller's channel was gone; ``ended_at`` is when the queue was done with the caller."""
    visits: tuple[Visit, ...] = ()

    @property
    def answered_at(self) -> datetime | None:
        return self.talks[0].began if self.talks else None

    @property
    def extension(self) -> Extension | None:
        """The extension that answered first."""
        return self.talks[0].extension if self.talks else None

    @property
    def leg(self) -> ChannelId | None:
        """The channel that answered first."""
        return self.talks[0].leg if self.talks else None


@dataclass(frozen=True, slots=True)
class _Line:
    at: datetime
    call: CallId
    queue: str
    agent: str
    event: str
    rest: tuple[str, ...]

    def field(self, number: int) -> str:
        """``data<number>``, ``""`` if the line has none (there is no ``data0``)."""
        return self.rest[number - 1] if 1 <= number <= len(self.rest) else ""


def read(lines: Iterable[str], calls: Collection[CallId]) -> dict[CallId, Witness]:
    """What the diary, oldest line first, says of these calls; one of which it says nothing is not in the answer.

    The same line twice is one line: files that are rotated while they are read overlap.
    """
    wanted = frozenset(calls)
    stories: dict[CallId, _Story] = {}
    for text in dict.fromkeys(text for text in lines if text.partition("|")[2].partition("|")[0] in wanted):
        if line := _parse(text):
            stories.setdefault(line.call, _Story(line.call)).take(line)
    return {call: story.witness() for call, story in stories.items() if story.began}


def calls(lines: Iterable[str], since: datetime, until: datetime) -> set[CallId]:
    """The calls of which these lines tell, all of whose lines lie between ``since`` and ``until``."""
    first: dict[CallId, datetime] = {}
    last: dict[CallId, datetime] = {}
    for line in filter(None, map(_parse, lines)):
        if is_uniqueid(line.call):
            first.setdefault(line.call, line.at)
            last[line.call] = line.at
    return {call for call, at in first.items() if since <= at and last[call] < until}


def _parse(text: str) -> _Line | None:
    """One line, or None if it is not whole."""
    text = text.rstrip("\r\n")
    if len(text) > LINE_AT_MOST or not text.isprintable() or text.count("|") < _FIELDS_AT_LEAST - 1:
        return None
    epoch, call, queue, agent, event, *rest = text.split("|")
    if len(epoch) != _EPOCH_DIGITS or not _is_number(epoch):
        return None
    at = datetime.fromtimestamp(int(epoch), UTC)
    return _Line(at, CallId(call), queue[:_QUEUE_AT_MOST], agent, event, tuple(rest))


@dataclass(slots=True)
class _Story:
    """Gathers one call's lines. Its time never goes back, whatever the clock of the switch did."""

    call: CallId
    number: str = ""
    queue: str = ""
    queued_at: datetime | None = None
    talks: list[Talk] = field(default_factory=list)
    open: Talk | None = None
    how: Ending | None = None
    ended_at: datetime | None = None
    began_at: datetime | None = None
    dialled: str = ""
    over_at: datetime | None = None
    visits: list[Visit] = field(default_factory=list)
    last: datetime = _BEFORE_ALL

    @property
    def began(self) -> bool:
        return self.began_at is not None or self.queued_at is not None or bool(self.talks) or self.open is not None

    def take(self, line: _Line) -> None:
        self.last = max(self.last, line.at)
        match line.event:
            case "ENTERQUEUE":
                self._enter(line)
            case "CONNECT" if is_uniqueid(line.field(2)) and (extension := _extension(line.agent)):
                self._connect(line, extension)
            case event if event in ENDINGS:
                self._end(line)
            case "CALLBEGAN" if self.began_at is None:
                self.began_at = moment(line.field(1))
                self.number = self.number or line.field(2)[:NUMBER_AT_MOST]
                self.dialled = line.field(3)[:NUMBER_AT_MOST]
            case "CALLOVER":
                self.over_at = moment(line.field(1))

    def _enter(self, line: _Line) -> None:
        if self.queued_at is None:
            self.queued_at, self.queue = self.last, line.queue
            self.number = line.field(2)[:NUMBER_AT_MOST] or self.number
        self._go_on()
        self._leave(VisitEnd.TRANSFERRED, self.last)
        self.visits.append(Visit(line.queue, self.last))

    def _leave(self, how: VisitEnd, at: datetime) -> None:
        """The open visit is over, if one is."""
        if self.visits and self.visits[-1].how is None:
            self.visits[-1] = replace(self.visits[-1], left=max(at, self.visits[-1].entered), how=how)

    def _connect(self, line: _Line, extension: Extension) -> None:
        self._go_on()
        if self.queued_at and self.visits[-1].how is not None:  # within one second two entries are the same line
            held = int(line.field(1)) if _is_number(line.field(1)) else 0
            entered = max(self.last - timedelta(seconds=held), self.visits[-1].left or self.last)
            self.visits.append(Visit(line.queue, entered))
        self._leave(VisitEnd.ANSWERED, self.last)
        rang = timedelta(seconds=int(line.field(3))) if _is_number(line.field(3)) else timedelta()
        self.open = Talk(ChannelId(line.field(2)), extension, self.last, rang)

    def _go_on(self) -> None:
        """The call goes on after what looked like its end."""
        self._close()
        self.how = self.ended_at = None

    def _end(self, line: _Line) -> None:
        how = ENDINGS[line.event]
        unheard = self.queued_at and not self.open and not self.talks
        if how in _AFTER_AN_ANSWER and unheard and (extension := _extension(line.agent)):
            self.open = Talk(ChannelId(""), extension, self.last - self._talked(line), timedelta())
            self._leave(VisitEnd.ANSWERED, self.open.began)
        self._leave(_VISIT_ENDS.get(line.event, VisitEnd.ANSWERED), self.last)
        self._close()
        self.how, self.ended_at = how, None if how is Ending.HANDED_ON else self.last

    def _talked(self, line: _Line) -> timedelta:
        """How long the conversation lasted, at most as long as since the entry: a torn field must not put the answer before the
        entry.
        """
        text = line.field(_TALKED_FIELD.get(line.event, 0))
        talked = timedelta(seconds=int(text)) if _is_number(text) else timedelta()
        return min(talked, self.last - self.queued_at) if self.queued_at else timedelta()

    def _close(self) -> None:
        if self.open:
            talk, self.open = self.open, None
            self.talks.append(Talk(talk.leg, talk.extension, talk.began, talk.rang, self.last))

    def witness(self) -> Witness:
        talks = (*self.talks, self.open) if self.open else tuple(self.talks)
        return Witness(
            self.call, self.number, self.queue, self.queued_at, talks, self.how, self.ended_at,
            began_at=self.began_at, dialled=self.dialled, over_at=self.over_at, visits=tuple(self.visits),
        )  # fmt: skip


def _extension(agent: str) -> Extension | None:
    return Extension(agent) if is_extension(agent) else extension_of(agent)


def moment(text: str) -> datetime | None:
    """Milliseconds of the epoch, as our dialplan notes them; None if it is not that."""
    if len(text) != _MS_DIGITS or not _is_digits(text):
        return None
    return datetime.fromtimestamp(int(text) / 1000, UTC)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_number(text: str) -> bool:
    return _is_digits(text) and len(text) <= _EPOCH_DIGITS
