"""What must hold after every fault, checked in one place against what callers and agents saw themselves.

I1  every caller whom the switch answered got an agent, or is counted as one who did not
I2  there are as many calls as were taken
I3  each conversation has exactly one recording: its row, its file whole in the store, nothing left in the spool
I4  no two tickets are of one call
I5  no card went to another person than the one whose phone rang
I6  every ticket's history is a legal path without a gap; numbers are given once
I7  the figures shown are those that come of the calls when they are computed again
I8  processes, open files and memory are back to where they were; of database connections there are no more than there may be
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from recordings import naming
from services.config_file import load
from services.errors import NotAllowed
from services.lease import PREFIX
from services.tickets.model import State
from services.tickets.workflow import TRANSITIONS, Action
from tests.faults.crowd import Crowd, Visit
from tests.harness.centre import Centre
from tests.harness.patience import Impatient, until

SETTLED = 120.0  # patiences until everything of the last call is archived and listened to
TALK_MS = 500  # a conversation shorter than this need not leave sound
SHORTER_MS = 1_000  # a recording may be shorter than the talk by so much: a switch that died wrote no more
MORE_FILES = 12
OF_ITS_OWN = 2
"""Connections of the application beside its pool, each for ever: the bell's and the lease's."""
MORE_BYTES = 80_000_000
UNHEARD = ("abandoned", "ivr_hangup", "refused", "lost")


@dataclass(frozen=True, slots=True)
class Connections:
    """To the database, and how many there may be: a pool grows with the work, so what it held before is no measure."""

    pools: dict[str, int]
    others: int
    pool_size: int

    @property
    def too_many(self) -> bool:
        """A pool that outlived its process counts as well, however small the present one is."""
        return len(self.pools) > 1 or sum(self.pools.values()) > self.pool_size or self.others > OF_ITS_OWN


@dataclass(frozen=True, slots=True)
class Base:
    """What a quiet centre holds."""

    processes: Counter[str]
    files: int
    memory: int
    connections: Connections


async def quiet(centre: Centre) -> Base:
    """Taken before anything breaks."""
    connections = await _connections(centre)
    backend = psutil.Process(centre.pid)
    names = Counter(process.name() for process in await asyncio.to_thread(centre.processes))
    return Base(_without_helpers(names), backend.num_fds(), backend.memory_info().rss, connections)


async def _connections(centre: Centre) -> Connections:
    """All but the one that asks; PostgreSQL's own workers come and go as it likes."""
    rows = await centre.query(
        "select application_name as name, count(*) as n from pg_stat_activity"
        " where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()"
        " group by application_name"
    )
    pools = {row["name"]: row["n"] for row in rows if row["name"].startswith(PREFIX)}
    others = sum(row["n"] for row in rows if row["name"] not in pools)
    return Connections(pools, others, load(centre.config).database.connections)


def _without_helpers(names: Counter[str]) -> Counter[str]:
    """PostgreSQL starts and ends processes of its own as it likes."""
    return Counter({name: count for name, count in names.items() if not name.startswith("postgres")})


async def hold(centre: Centre, crowd: Crowd, base: Base) -> None:
    """All of them, every violation named. Waits first until the centre has done with the last call."""
    wrong: list[str] = []
    try:
        await until(lambda: _settled(centre), "every call ended, archived and listened to", SETTLED)
    except Impatient as late:
        wrong.append(f"settled: {late}; {[dict(row) for row in await _unsettled(centre)]}")
    for check in (_callers, _recordings, _tickets_of_calls, _cards, _histories, _figures):
        wrong += [line async for line in check(centre, crowd)]
    wrong += [line async for line in _resources(centre, base)]
    if wrong:
        pytest.fail("\n".join([f"{len(wrong)} violations after {len(crowd.taken)} calls:", *wrong[:40]]), pytrace=False)


_OPEN = (
    "select c.id, c.number_sent, c.ended_at is null as open, r.state as recording, r.error, t.state as transcript from call c"
    " left join recording r on r.call_id = c.id left join transcript t on t.recording_id = r.id"
    " where c.ended_at is null or r.state = 'waiting' or t.state in ('waiting', 'running')"
)


async def _unsettled(centre: Centre) -> list[Any]:
    return await centre.query(_OPEN)


async def _settled(centre: Centre) -> bool:
    return not await _unsettled(centre)


async def _callers(centre: Centre, crowd: Crowd) -> AsyncIterator[str]:
    """I1, I2."""
    rows = await centre.query("select id, number_sent, number, outcome, recovered from call where started_at is not null")
    connected = await asyncio.to_thread(_connected, centre)
    by_number: dict[str, list[Any]] = {}
    for row in rows:
        by_number.setdefault((row["number_sent"] or row["number"])[-11:], []).append(row)
    for visit in crowd.taken:
        mine = by_number.pop(visit.number, [])
        if len(mine) != 1:
            yield f"I2: {visit} has {len(mine)} calls"
        elif visit.talked and mine[0]["outcome"] != "answered" and not visit.crossed:
            yield f"I1: {visit} talked to an agent and counts as {mine[0]['outcome']} ({mine[0]['id']})"
        elif (
            not visit.talked
            and mine[0]["outcome"] not in UNHEARD
            and not visit.cut
            and not just_missed(visit, mine[0]["id"], connected)
        ):
            yield f"I1: {visit} talked to nobody and counts as {mine[0]['outcome']} ({mine[0]['id']})"
    known = {visit.number for visit in crowd.visits}
    for number, extra in by_number.items():
        if number not in known:
            yield f"I2: nobody made the calls {[row['id'] for row in extra]} of {number!r}"


def just_missed(visit: Visit, call: str, connected: Collection[str]) -> bool:
    """The caller gave up in the very moment in which a phone answered: the phone had nobody any more, and the switch itself, by
    its own diary, had connected them.
    """
    return visit.left_at is not None and call in connected


def _connected(centre: Centre) -> frozenset[str]:
    """The calls that the switch says it connected with a phone."""
    lines = (centre.folder / "var/asterisk/log/queue_log").read_text("utf-8", "replace").splitlines()
    fields = [line.split("|") for line in lines]
    return frozenset(field[1] for field in fields if len(field) > 4 and field[4] == "CONNECT")


async def _recordings(centre: Centre, crowd: Crowd) -> AsyncIterator[str]:
    """I3."""
    rows = await centre.query(
        "select c.id, c.talked_ms, r.state, r.object, r.sha256, r.bytes, r.duration_ms, r.error from call c"
        " left join recording r on r.call_id = c.id where c.answered_at is not null and c.talked_ms > $1",
        TALK_MS,
    )
    store = Path(load(centre.config).store)
    for row in rows:
        if row["state"] != "archived":
            yield f"I3: {row['id']} was talked on for {row['talked_ms']} ms, its recording is {row['state']} ({row['error']})"
        elif row["duration_ms"] < row["talked_ms"] - SHORTER_MS:
            yield f"I3: {row['id']} was talked on for {row['talked_ms']} ms, its recording has {row['duration_ms']} ms"
        else:
            content = await asyncio.to_thread(_read, store / row["object"])
            if content is None or hashlib.sha256(content).digest() != row["sha256"] or len(content) != row["bytes"]:
                yield f"I3: the recording of {row['id']} does not lie in the store as it was written"
    given_up = {row["call_id"] for row in await centre.query("select call_id from recording where state = 'failed'")}
    for file in await asyncio.to_thread(_left_in, centre.spool):
        if naming.parse(file).call not in given_up:  # those are kept beside the reason that their row gives
            yield f"I3: {file} is left in the spool"


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _left_in(spool: Path) -> list[str]:
    """Leg files; folders of what was refused, and of what is being woven, are not looked into."""
    return [path.name for path in spool.glob("*.wav")]


async def _tickets_of_calls(centre: Centre, crowd: Crowd) -> AsyncIterator[str]:
    """I4."""
    twice = "select call_id, count(*) as n from ticket where call_id is not null group by call_id having count(*) > 1"
    for row in await centre.query(twice):
        yield f"I4: {row['call_id']} has {row['n']} tickets"


async def _cards(centre: Centre, crowd: Crowd) -> AsyncIterator[str]:
    """I5: a card is named by the call and the leg that rang."""
    wrong = await centre.query(
        "select p.id, p.person_id, l.person_id as owner from pop p join call_leg l on p.id = l.call_id || '/' || l.channel"
        " where p.person_id is distinct from l.person_id"
    )
    for row in wrong:
        yield f"I5: the card {row['id']} went to {row['person_id']}, the phone was {row['owner']}'s"
    for row in await centre.query("select id from pop p where ended_at is null"):
        yield f"I5: the card {row['id']} is still shown"


async def _histories(centre: Centre, crowd: Crowd) -> AsyncIterator[str]:
    """I6."""
    steps: dict[int, list[Any]] = {}
    for row in await centre.query("select ticket_id, seq, action from ticket_journal order by ticket_id, seq"):
        steps.setdefault(row["ticket_id"], []).append(row)
    for ticket in await centre.query("select id, state, version from ticket"):
        path = steps.get(ticket["id"], [])
        if [row["seq"] for row in path] != list(range(1, ticket["version"] + 1)):
            yield f"I6: the history of ticket {ticket['id']} has a gap or a repetition: {[row['seq'] for row in path]}"
        elif (end := _walk(row["action"] for row in path)) != ticket["state"]:
            yield f"I6: the history of ticket {ticket['id']} ends in {end}, the ticket is {ticket['state']}"


def _walk(actions: Iterable[str]) -> str:
    """Where a history leads to; the first step makes a draft."""
    state = State.DRAFT
    first, *rest = actions
    if first != "create":
        return f"no beginning but {first}"
    try:
        for action in rest:
            state = TRANSITIONS[state][Action(action)]
    except (KeyError, NotAllowed):
        return f"an illegal {action} while {state}"
    return state


async def _figures(centre: Centre, crowd: Crowd) -> AsyncIterator[str]:
    """I7: the board's figures are those of today, which may end while they are compared."""

    async def shown() -> tuple[object, ...]:
        queue = (await centre.admin.get("/api/board"))["together"]
        names = ("answered_today", "answered_in_time_today", "abandoned_today", "short_abandons_today", "service_level_today")
        return tuple(queue[name] for name in names)

    async def agree() -> bool:
        return await shown() == _counted(await _today(centre))

    try:
        await until(agree, "the figures", 10)
    except Impatient:
        yield f"I7: shown {await shown()}, computed again {_counted(await _today(centre))}"
    for row in await _today(centre):
        if row["answered_at"] and (row["waited_ms"] is None or row["waited_ms"] < 0):
            yield f"I7: an answered call waited {row['waited_ms']} ms"


async def _today(centre: Centre) -> list[Any]:
    return await centre.query(
        "select answered_at, queued_at, outcome, waited_ms from call where queue is not null and"
        " (queued_at at time zone 'Asia/Shanghai')::date = (now() at time zone 'Asia/Shanghai')::date"
    )


def _counted(rows: list[Any]) -> tuple[object, ...]:
    """SPEC "How to count", written once more in plain Python."""
    answered = [row for row in rows if row["answered_at"]]
    abandoned = [row for row in rows if not row["answered_at"] and row["outcome"] == "abandoned"]
    short = [row for row in abandoned if row["waited_ms"] <= 5_000]
    in_time = [row for row in answered if row["waited_ms"] <= 15_000]
    counted = len(answered) + len(abandoned) - len(short)
    level = len(in_time) / counted if counted else None
    return len(answered), len(in_time), len(abandoned), len(short), level


async def _resources(centre: Centre, base: Base) -> AsyncIterator[str]:
    """I8."""

    async def back() -> bool:
        return not _beyond(base, await quiet(centre))

    try:
        await until(back, "resources as before", 30)
    except Impatient:
        for line in _beyond(base, await quiet(centre)):
            yield f"I8: {line}"


def _beyond(base: Base, now: Base) -> list[str]:
    found = []
    if now.processes != base.processes:
        found.append(f"processes {dict(now.processes)}, were {dict(base.processes)}")
    if now.files > base.files + MORE_FILES:
        found.append(f"{now.files} open files, were {base.files}")
    if now.memory > base.memory + MORE_BYTES:
        found.append(f"{now.memory / 1e6:.0f} MB, were {base.memory / 1e6:.0f}")
    if now.connections.too_many:
        found.append(f"connections to the database: {now.connections}, were {base.connections}")
    return found
