"""Keeps the board: the link, what each agent does now, and the queues. In memory only; goes on without the database.

Snapshots go to every browser several times a second, so each agent's part is made once when it changes, and the part that all
share once per snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Literal

from cti.changes import AgentChanged, AgentState, LinkChanged, QueueChanged
from services.floor import own
from services.floor.directory import Directory
from services.floor.figures import Figures, Today
from services.floor.queues import Queue
from services.floor.store import Seat
from services.floor.wire import AgentNow, Board, LinkNow, OwnToday, QueueFigures, QueueNow, Version
from services.now import Clock
from services.web.stream import Snapshot

Wish = Literal["ready", "paused", "away"]

MISSED_RING = "missed_ring"
REASON_CODES = {"Auto-Pause": MISSED_RING, "wrap-up": ""}
"""Pause reasons that the switch or we set -> codes that the desk has words for; any other is a code of the desk's own."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait in a queue, and since when the first of them."""

    callers: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Made:
    """An agent's part of the board, and the values from which it was made."""

    seat: Seat
    known: AgentChanged | None
    now: AgentNow
    text: str


class Floor:
    """The board's contents. ``apply`` keeps it; ``board`` and ``snapshot`` read it."""

    def __init__(self, directory: Directory, today: Today, clock: Clock, *, queues: Sequence[Queue]) -> None:
        self._directory = directory
        self._today = today
        self._clock = clock
        self._queues = queues
        self._link = LinkNow(up=False, since=clock.now(), detail="starting")
        self._states: dict[str, AgentChanged] = {}
        self._texts: dict[str, _Made] = {}
        self._waiting = {queue.name: Waiting() for queue in queues}
        self.wants: Callable[[int], Wish] = lambda person: "away"
        self.wrap_up_until: Callable[[int], datetime | None] = lambda person: None
        self.epoch = int(clock.now().timestamp() * 1000)
        self._versions = count(1)

    def apply(self, change: AgentChanged | QueueChanged | LinkChanged) -> None:
        match change:
            case AgentChanged():
                before = self._states.get(change.extension)
                if before is None or (before.state, before.reason, before.call) != (change.state, change.reason, change.call):
                    self._states[change.extension] = change
            case QueueChanged() if change.queue in self._waiting:
                self._waiting[change.queue] = Waiting(change.waiting, change.oldest_since)
            case LinkChanged() if change.up != self._link.up or change.detail != self._link.detail:
                self._link = LinkNow(up=change.up, since=change.at, detail=change.detail)

    @property
    def link_up(self) -> bool:
        return self._link.up

    def state_of(self, extension: str) -> AgentState:
        """The actual state; away as long as the switch has said nothing."""
        known = self._states.get(extension)
        return known.state if known else AgentState.AWAY

    def board(self, person: int) -> Board:
        """The whole board as ``person`` sees it. Every board is numbered here, pushed or answered: made later is newer."""
        seat = self._directory.of(person)
        return Board(
            version=Version(epoch=self.epoch, n=next(self._versions)),
            link=self._link,
            me=self._agent(seat).now if seat else None,
            agents=[self._agent(each).now for each in self._agents()],
            queues=[self._queue_now(queue) for queue in self._queues],
            together=self._together(),
            mine=self._mine(person) if seat else None,
            wrap_up_until=self.wrap_up_until(person),
            wanted=self.wants(person),
        )

    def snapshot(self) -> Snapshot:
        """The same as ``board`` for everybody, made cheaply for many."""
        agents = ",".join(self._agent(seat).text for seat in self._agents())
        at = self._clock.now().isoformat().replace("+00:00", "Z")
        n = next(self._versions)
        link, together = self._link.model_dump_json(), self._together().model_dump_json()
        queues = ",".join(self._queue_now(queue).model_dump_json() for queue in self._queues)
        version = f'"version":{{"epoch":{self.epoch},"n":{n}}}'
        shared = f'{version},"link":{link},"agents":[{agents}],"queues":[{queues}],"together":{together}'

        def text(person: int) -> str:
            seat = self._directory.of(person)
            me = self._agent(seat).text if seat else "null"
            until = self.wrap_up_until(person)
            end = f'"{until.isoformat()}"' if until else "null"
            mine = self._mine(person).model_dump_json() if seat else "null"
            theirs = f'"me":{me},"mine":{mine},"wrap_up_until":{end},"wanted":"{self.wants(person)}"'
            return f'{{"type":"board","at":"{at}","board":{{{shared},{theirs}}}}}'

        return Snapshot(n, text)

    def _mine(self, person: int) -> OwnToday:
        figures = self._today.own.get(person, own.NONE)
        return OwnToday(
            answered=figures.answered,
            answered_in_time=figures.answered_in_time,
            missed=figures.missed,
            answer_ms=figures.average_ms,
            in_time=figures.in_time,
            formula=own.FORMULA,
            talked_ms=figures.talked_ms,
            dialled=figures.dialled,
            dialled_talked_ms=figures.dialled_talked_ms,
        )

    def _agents(self) -> list[Seat]:
        return [seat for seat in self._directory.seats() if seat.agent]

    def _agent(self, seat: Seat) -> _Made:
        known = self._states.get(seat.extension)
        kept = self._texts.get(seat.extension)
        if kept is None or kept.known is not known or kept.seat is not seat:
            now = self._now(seat, known)
            kept = self._texts[seat.extension] = _Made(seat, known, now, now.model_dump_json())
        return kept

    def _now(self, seat: Seat, known: AgentChanged | None) -> AgentNow:
        return AgentNow.model_construct(
            person_id=seat.person,
            name=seat.name,
            extension=seat.extension,
            state=(known.state if known else AgentState.AWAY).value,
            reason=REASON_CODES.get(known.reason, known.reason) if known else "",
            since=known.at if known else self._link.since,
            call_id=known.call if known else None,
        )

    def _queue_now(self, queue: Queue) -> QueueNow:
        parts = _parts(self._waiting[queue.name], self._today.of[queue.name], self._today.formula(queue.name), _goal(queue))
        return QueueNow(queue=queue.name, zh=queue.zh, en=queue.en, **parts)

    def _together(self) -> QueueFigures:
        since = [waiting.oldest for waiting in self._waiting.values() if waiting.oldest]
        waiting = Waiting(sum(waiting.callers for waiting in self._waiting.values()), min(since, default=None))
        goal = min(map(_goal, self._queues))
        return QueueFigures(**_parts(waiting, self._today.together, self._today.formula_together, goal))


def _goal(queue: Queue) -> int:
    return queue.limits.in_time_ms // 1000


def _parts(waiting: Waiting, figures: Figures, formula: str, goal: int) -> dict[str, Any]:
    return {
        "waiting": waiting.callers,
        "oldest_since": waiting.oldest,
        "answered_today": figures.answered,
        "answered_in_time_today": figures.answered_in_time,
        "abandoned_today": figures.abandoned,
        "short_abandons_today": figures.short_abandons,
        "answered_again_today": figures.answered_again,
        "abandoned_again_today": figures.abandoned_again,
        "service_level_today": figures.service_level,
        "service_level_formula": formula,
        "answer_seconds": goal,
    }
