"""Fills a centre in which everything has happened once, so that a test finds whatever it asks for.

Each state of a call, a recording, a transcript and a ticket has a row, the finished ones with all that hangs on them.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile as sf

from cti.ids import CallId
from recordings.archive import Archive, evidence_key, key_of
from services.access import audit
from services.access.actor import LoggedIn, Person
from services.access.rights import Role
from services.access.sessions import hash_of
from services.appeals.actions import Appeals
from services.appeals.model import Added
from services.departments.actions import Departments
from services.departments.model import Department, Edition, Rule
from services.inbox import store as inbox
from services.inbox.model import Code, Notice
from services.now import Clock
from services.orders import links
from services.orders.actions import Orders
from services.orders.hands import Hands
from services.orders.model import Dispatch
from services.orders.papers import Papers
from services.store import db
from services.tickets.actions import Tickets
from services.tickets.holding import Holding
from tests.harness.office import QUEUE, ZONE

CALL = CallId("tingsu-1795467600.1")
NUMBER = "13800138000"
SAID = "13911112222"
"""Another number, which people wrote into whatever takes a text; the caller spoke it digit by digit."""
LINK = "L" * 43
LINE = "0755-88886901"
NAME = "张桂芳"
ADDRESS = "深圳市南山区科技路 1 号"
SPOKEN = "幺三九幺幺幺幺二二二二"
_WORDS = [
    {"text": text, "start": 1.0, "end": 1.6, "conf": 0.93} for text in ("投诉", "号码", "是", "幺三九", "幺幺幺幺", "二二二二")
]
_SPOKEN = [{"speaker": "caller", "start": 1.0, "end": 1.6, "text": f"投诉 号码 是 {SPOKEN}", "words": _WORDS}]
_CASE = {
    "kind": "complaint", "business": "fixed_telephone", "nature": "fault_repair", "description": f"电话坏了：{LINE}，请拨 {SAID}",
    "answer": f"已修复，告知 {SAID}", "customer_number": NUMBER, "customer_name": NAME, "contact_number": SAID,
    "address": ADDRESS,
}  # fmt: skip
_SUGGESTION = {"kind": "suggestion", "suggestion": "service", "description": "多开一个窗口"}
_OUTCOMES = ("abandoned", "ivr_hangup", "refused", "lost")


@dataclass(frozen=True, slots=True)
class Lived:
    """What can be asked for. ``calls[0]`` has everything; ``tickets`` are one of each state, then one in each of two trays.

    ``link``: the token of a link to ``orders[0]``, which a department has.
    """

    calls: tuple[CallId, ...]
    tickets: tuple[int, ...]
    customers: tuple[int, ...]
    people: tuple[int, ...]
    orders: tuple[int, ...]
    papers: tuple[int, ...]
    notices: tuple[int, ...]
    warnings: tuple[int, ...]
    departments: tuple[int, ...]
    evidence: tuple[int, ...]
    appeals: tuple[int, ...]
    link: str = LINK


async def live(pool: db.Pool, clock: Clock, archive: Archive, agent: Person) -> Lived:
    """Make it all happen; ``agent`` took the calls and owns the tickets."""
    customer = await pool.fetchval(
        "insert into customer (number, name, tier, changed_at) values ($1, $3, 'big', $2) returning id",
        *(NUMBER, clock.now(), NAME),
    )
    calls = await _calls(pool, clock, agent, customer)
    await _recording(pool, clock, archive)
    tickets = await _tickets(pool, clock, agent)
    async with db.transaction(pool) as connection:
        await audit.write(connection, clock.now(), by=agent.id, action="recording.listen", about=f"call:{CALL}", detail={})
    orders = await _orders(pool, clock, agent, tickets[1])
    papers = tuple(row["id"] for row in await pool.fetch("select id from outgoing order by id"))
    people = tuple(row["id"] for row in await pool.fetch("select id from person order by id"))
    notices = await _notices(pool, clock, agent, tickets[1], orders[0])
    warnings = tuple(row["id"] for row in await pool.fetch("select id from warning order by id"))
    departments = tuple(row["id"] for row in await pool.fetch("select id from department order by id"))
    evidence = (await _evidence(pool, clock, archive, agent, orders[0]),)
    appeals = await _appeals(pool, clock, agent, tickets[1:3])
    await _link(pool, clock, orders[0])
    return Lived(calls, tickets, (customer,), people, orders, papers, notices, warnings, departments, evidence, appeals)


async def _calls(pool: db.Pool, clock: Clock, agent: Person, customer: int) -> tuple[CallId, ...]:
    at = clock.now() - timedelta(minutes=5)
    await pool.execute(
        "insert into call (id, number, number_sent, name_sent, dialled, customer_id, ivr_path, queue, started_at, queued_at,"
        " answered_at, answered_by, ended_at, outcome, waited_ms, talked_ms, notice) values ($1, $2, $2, '张', '10000', $3, '1',"
        " $4, $5, $5, $6, $7, $8, 'answered', 4000, 51000, 'notice-1')",
        *(CALL, NUMBER, customer, QUEUE, at, at + timedelta(seconds=4), agent.id, at + timedelta(seconds=55)),
    )
    await pool.execute(
        "insert into call_leg (call_id, channel, extension, person_id, rang_at, answered_at, ended_at, outcome, rang_ms)"
        " values ($1, 'tingsu-1795467600.2', $2, $3, $4, $5, $6, 'answered', 3000)",
        *(CALL, agent.extension, agent.id, at + timedelta(seconds=1), at + timedelta(seconds=4), at + timedelta(seconds=55)),
    )
    await pool.execute(
        "insert into call_turn (call_id, at, kind, channel, by_ext) values ($1, $2, 'held', 'tingsu-1795467600.2', $3)",
        *(CALL, at + timedelta(seconds=20), agent.extension),
    )
    others = tuple(CallId(f"tingsu-1795467600.{number}") for number in range(11, 11 + len(_OUTCOMES) + 1))
    for call, outcome in zip(others, (*_OUTCOMES, None), strict=True):
        ended = at + timedelta(seconds=9) if outcome else None
        await pool.execute(
            "insert into call (id, number, number_sent, name_sent, dialled, started_at, ended_at, outcome)"
            " values ($1, '', 'anonymous', '', '10000', $2, $3, $4)",
            *(call, at, ended, outcome),
        )
    return (CALL, *others)


async def _recording(pool: db.Pool, clock: Clock, archive: Archive) -> None:
    sound, peaks = key_of(CALL, clock.now()), key_of(CALL, clock.now(), "peaks.json")
    flac = io.BytesIO()
    sf.write(flac, np.zeros((8_000, 2), dtype=np.int16), 8_000, format="FLAC", subtype="PCM_16")
    drawn = json.dumps({"points": 1, "caller": [-1, 1], "agent": [-1, 1]}).encode()
    with TemporaryDirectory() as folder:
        kept = [await _put(archive, key, Path(folder), content) for key, content in ((sound, flac.getvalue()), (peaks, drawn))]
    recording = await pool.fetchval(
        "insert into recording (call_id, state, object, peaks, sha256, bytes, duration_ms, sample_rate, starts_at, due_at,"
        " archived_at) values ($1, 'archived', $2, $3, $4, $5, 1000, 8000, $6, $6, $6) returning id",
        *(CALL, sound, peaks, kept[0][1], kept[0][0], clock.now()),
    )
    await pool.execute(
        "insert into transcript (recording_id, state, due_at, model, utterances, finished_at)"
        " values ($1, 'done', $2, 'm', $3, $2)",
        *(recording, clock.now(), _SPOKEN),
    )


async def _put(archive: Archive, key: str, folder: Path, content: bytes) -> tuple[int, bytes]:
    source = folder / key.replace("/", "-")
    source.write_bytes(content)
    stored = await archive.put(key, source)
    return stored.size, stored.sha256


async def _tickets(pool: db.Pool, clock: Clock, agent: Person) -> tuple[int, ...]:
    """A draft, an open one, a closed one, a discarded one; the call's is the open one. Then what lies in the trays.

    What is confirmed by a senior agent stays with them.
    """
    junior = LoggedIn(person=agent, session=b"")
    senior = LoggedIn(person=replace(agent, roles=(Role.senior_agent,)), session=b"")
    tickets, made = Tickets(pool, clock, ZONE), []
    for number, (fields, by, steps) in enumerate((
        (_CASE, junior, ()),
        (_CASE, senior, ("confirm",)),
        (_CASE, senior, ("confirm", "close")),
        (_CASE, junior, ("discard",)),
        (_CASE, junior, ("confirm",)),
        (_SUGGESTION, junior, ("confirm",)),
    )):  # fmt: skip
        ticket, _ = await tickets.new(fields, key=f"lived-{number:04d}", by=by)
        for step in steps:
            more = ("confirmed",) if step == "close" else ()
            ticket = await getattr(tickets, step)(ticket.id, ticket.version, *more, by=by)
        made.append(ticket.id)
    await Holding(tickets).hand_over(made[4], 2, f"查不到 {SAID}", by=junior)
    await pool.execute("update ticket set call_id = $1 where id = $2", CALL, made[1])
    return tuple(made)


async def _notices(pool: db.Pool, clock: Clock, agent: Person, ticket: int, order: int) -> tuple[int, ...]:
    """What rang for the agent: one that was read, one that was not."""
    for code in (Code.ORDER_RETURNED, Code.ORDER_REFUSED):
        notice = Notice(
            code=code, cause=f"lived:{code}", ticket=ticket, order=order, at=clock.now(), details={"reason": f"因 {SAID}"}
        )
        async with db.transaction(pool) as connection:
            await inbox.tell(connection, notice, [agent.id])
    rows = await pool.fetch("select id from notice where person_id = $1 order by id", agent.id)
    await pool.execute("update notice set read_at = $2 where id = $1", rows[0]["id"], clock.now())
    return tuple(row["id"] for row in rows)


async def _appeals(pool: db.Pool, clock: Clock, agent: Person, tickets: tuple[int, ...]) -> tuple[int, ...]:
    """What a customer added to an open and to a closed case."""
    room, by = Appeals(Papers(Hands(pool, clock), ZONE, refusals=2)), LoggedIn(person=agent, session=b"")
    return tuple(
        [(await room.add(ticket, Added(text=f"还没修好，拨 {SAID}"), key=f"lived-{ticket:04d}", by=by)).id for ticket in tickets]
    )


async def _orders(pool: db.Pool, clock: Clock, agent: Person, ticket: int) -> tuple[int, ...]:
    """One that waits for its review, one that a department has, one that is settled and the second dispatch with its warning, all
    about the open case; and one edition of departments.
    """
    senior = replace(agent, roles=(Role.senior_agent,))  # the policy's; the database asks the row, which is written beside it
    await pool.execute("update person set roles = array['senior_agent'] where id = $1", agent.id)
    network = Department(code="network", zh="网络", en="Network", hours=24)
    by = LoggedIn(person=senior, session=b"")
    await Departments(pool, clock).replace(0, Edition([network], [Rule(department="network", kind="complaint")]), by=by)
    department = await pool.fetchval("select id from department where code = 'network'")
    papers, made = Papers(Hands(pool, clock), ZONE, refusals=2), []
    for who, leads in ((by, True), (LoggedIn(person=agent, session=b""), False)):
        await pool.execute("update person set roles = $2 where id = $1", agent.id, list(who.person.roles))
        version = await pool.fetchval("select version from ticket where id = $1", ticket)
        wanted = Dispatch(department=department, task=f"查清并答复 {SAID}", leads=leads)
        made.append((await papers.dispatch(ticket, version, wanted, key=f"lived-{leads}", by=who)).id)
    return (*made, *await _warned(pool, Hands(pool, clock), papers, ticket, by))


async def _warned(pool: db.Pool, hands: Hands, papers: Papers, ticket: int, by: LoggedIn) -> tuple[int, ...]:
    """An order whose remedy was found wanting, and the second dispatch with its written warning."""
    await pool.execute("update person set roles = array['senior_agent'] where id = $1", by.id)
    department = await pool.fetchval("select id from department where code = 'network'")
    officer = LoggedIn(person=replace(by.person, roles=(Role.department_officer,), department=department), session=b"")
    version = await pool.fetchval("select version from ticket where id = $1", ticket)
    wanted, orders = Dispatch(department=department, task=f"查清并答复 {SAID}", leads=False), Orders(hands, refusals=2)
    first = await papers.dispatch(ticket, version, wanted, key="lived-warned", by=by)
    first = await orders.return_(first.id, first.version, f"已处理，已拨 {SAID}", by=officer)
    first = await orders.settle(first.id, first.version, "", by=by)
    second = await papers.second(first.id, first.version, wanted, f"回单不实，限期重办，拨 {SAID}。", by=by)
    await pool.execute("update person set roles = array['junior_agent'] where id = $1", by.id)
    return first.id, second.id


async def _link(pool: db.Pool, clock: Clock, order: int) -> None:
    """What a mail that was sent leaves behind."""
    async with db.transaction(pool) as connection:
        mail = await connection.fetchval(
            "insert into mail (cause, kind, order_id, made_at, due_at, state)"
            " values ('lived', 'issue', $1, $2, $2, 'sent') returning id",
            *(order, clock.now()),
        )
        department = await connection.fetchval("select department_id from work_order where id = $1", order)
        person = await links.QUERIES.account.fetchval(connection, department=department, at=clock.now())
        ends_at, hashed = clock.now() + timedelta(days=30), hash_of(LINK)
        await links.QUERIES.add.execute(
            connection, hash=hashed, order=order, mail=mail, person=person, at=clock.now(), ends_at=ends_at
        )


async def _evidence(pool: db.Pool, clock: Clock, archive: Archive, agent: Person, order: int) -> int:
    """A PDF that a department has handed in."""
    content = b"%PDF-1.7 evidence"
    with TemporaryDirectory() as folder:
        _, sha256 = await _put(archive, evidence_key(hashlib.sha256(content).digest()), Path(folder), content)
    added: int = await pool.fetchval(
        "insert into evidence (order_id, sha256, kind, bytes, name, person_id, at) values ($1, $2, 'pdf', $3, $6, $4, $5)"
        " returning id",
        *(order, sha256, len(content), agent.id, clock.now(), f"{SAID}.pdf"),
    )
    return added
