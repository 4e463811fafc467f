"""Makes the things that routes name, each in a relation to whoever asks for it: one's own, a colleague's, another department's.

``Whole(api, owner)`` is a centre with one person of each role who asks, and colleagues who have what is not the asker's. Whose
a case is is set in the database at the end, so that it was made the same way whosever it is.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import aiohttp

from services.access.actor import Person
from services.access.rights import Role
from services.people.model import NewPerson
from services.store import db
from tests.harness.api import Api, account

COMPLAINT = {
    "kind": "complaint", "business": "data", "nature": "fault_repair", "description": "宽带三天不通", "answer": "已修复",
    "customer_name": "张桂芳",
}  # fmt: skip
SUGGESTION = {"kind": "suggestion", "suggestion": "service", "description": "多开一个窗口"}
LATER = datetime(2026, 12, 20, 9, 0, tzinfo=UTC).isoformat()
PDF = b"%PDF-1.7 what was done"
CUSTOMERS = "号码,姓名\n13800138000,张桂芳\n".encode()

Json = dict[str, Any]

HOLDERS: dict[str, tuple[str, str | None]] = {
    "own": ("junior", "asker"),
    "nobodys": ("junior", None),
    "others": ("junior", "li"),
    "seniors": ("senior", None),
    "a_seniors": ("senior", "zhao"),
    "hotline": ("manager", None),
    "a_managers": ("manager", "chief"),
    "suggestions": ("data_administrator", None),
    "a_data_administrators": ("data_administrator", "dora"),
}
"""Where a case is, and who has it; without anybody it lies in the tray of that level."""

COLLEAGUES: dict[str, tuple[Role, str | None]] = {
    "li": (Role.junior_agent, "1901"),
    "zhao": (Role.senior_agent, "1902"),
    "chief": (Role.manager, "1903"),
    "dora": (Role.data_administrator, None),
    "root": (Role.administrator, None),
    "bill": (Role.department_officer, None),
}


@dataclass(slots=True)
class Thing:
    """``path`` and ``body`` of the request about it; ``ticket``: the case whose holder is the relation, if that is what it is.
    ``askers``: made for whoever asks, and for nobody else.
    """

    path: str
    body: Json | None = None
    ticket: int | None = None
    askers: bool = False
    query: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None


class Whole:
    """Open while it is entered."""

    def __init__(self, api: Api, owner: db.OwnConnection) -> None:
        self.api = api
        self.owner = owner
        self.people: dict[str, Person] = {}
        self.departments: dict[str, int] = {}
        self._tokens: dict[int, str] = {}
        self._numbers = itertools.count(1)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        jar = aiohttp.DummyCookieJar()
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession(self.api.url, cookie_jar=jar))
        added = "insert into department (code, zh, en, hours) values ('billing', '计费', 'Billing', 24) returning id"
        self.departments["another_department"] = await self.owner.fetchval(added)
        self.departments["department"] = await self.owner.fetchval("select id from department where code = 'network'")
        for login, (role, extension) in COLLEAGUES.items():
            department = self.departments["another_department"] if role is Role.department_officer else None
            new = NewPerson(login=login, name=login, roles=(role,), extension=extension, department=department)
            self.people[login] = await account(self.api.people, new)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    async def ask(self, who: Person, method: str, thing: Thing) -> tuple[int, Any]:
        """Status and answer."""
        if who.id not in self._tokens:
            async with db.transaction(self.api.pool) as connection:
                self._tokens[who.id] = await self.api.people.sessions.begin(connection, who.id)
        headers = {"Cookie": f"tingsu_session={self._tokens[who.id]}", "Origin": self.api.url}
        how = {"data": thing.content} if thing.content is not None else {"json": thing.body}
        async with self._http.request(method, thing.path, params=thing.query, headers=headers, **how) as answer:  # type: ignore[arg-type]
            said = await answer.read()
            return answer.status, json.loads(said) if said and answer.content_type == "application/json" else None

    async def do(self, login: str, method: str, path: str, **body: object) -> Any:
        """What a colleague does; it must be possible."""
        who = self.people.get(login) or self.api.accounts[Role(login)]
        status, answer = await self.ask(who, method, Thing(path, body if method != "GET" else None))
        assert status < 300, (login, method, path, answer)
        return answer

    def key(self) -> str:
        return f"key-{next(self._numbers):06d}"

    async def held(self, ticket: int, where: str, asker: Person) -> None:
        """The case is from now on there, with that person or in the tray."""
        level, holder = HOLDERS[where]
        person = None if holder is None else asker.id if holder == "asker" else self.people[holder].id
        await self.owner.execute("update ticket set level = $2, owner_id = $3 where id = $1", ticket, level, person)

    @asynccontextmanager
    async def once(self, who: Person, role: Role) -> AsyncIterator[None]:
        """That person was in another role when they did this."""
        was = await self.owner.fetchrow("select roles, department_id from person where id = $1", who.id)
        assert was
        changed = "update person set roles = $2, department_id = $3 where id = $1"
        await self.owner.execute(changed, who.id, [role], None)
        yield
        await self.owner.execute(changed, who.id, was["roles"], was["department_id"])

    # --- cases ---

    async def draft(self, login: str = "li", **fields: str) -> Json:
        return dict(await self.do(login, "POST", "/api/tickets", key=self.key(), fields=COMPLAINT | fields))

    async def case(self, where: str = "others", login: str = "li") -> Json:
        """An open case as it is needed for that place: a suggestion, where only suggestions are."""
        fields = SUGGESTION | {"business": "", "nature": "", "answer": ""} if "data" in HOLDERS[where][0] else COMPLAINT
        made = await self.do(login, "POST", "/api/tickets", key=self.key(), fields={n: v for n, v in fields.items() if v})
        done = await self.do(login, "POST", f"/api/tickets/{made['id']}/confirm", version=made["version"])
        return dict(done)

    async def see(self, ticket: int) -> Json:
        return dict(await self.do("zhao", "GET", f"/api/tickets/{ticket}"))

    # --- orders ---

    async def order(self, state: str, department: str = "department", where: str = "others") -> Json:
        """About a case of Li's, dispatched by a senior, and what the department and the centre did to it until it stands so."""
        case = await self.case(where)
        author = "li" if state == "proposed" else "zhao"
        order = await self.do(
            author, "POST", f"/api/tickets/{case['id']}/orders",
            key=self.key(), version=case["version"], department=self.departments[department], task="查清并答复",
        )  # fmt: skip
        officer = "department_officer" if department == "department" else "bill"
        steps: dict[str, Sequence[tuple[str, str, Json]]] = {
            "proposed": (),
            "issued": (),
            "extension": ((officer, "extension", {"until": LATER, "reason": "等备件"}),),
            "refused": ((officer, "refuse", {"reason": "不归我们"}),),
            "returned": ((officer, "return", {"answer": "已修好"}),),
            "done": ((officer, "return", {"answer": "已修好"}), ("zhao", "settle", {})),
        }
        for login, step, body in steps[state]:
            order = await self.do(login, "POST", f"/api/orders/{order['id']}/{step}", version=order["version"], **body)
        return {**order, "ticket_id": case["id"]}

    async def paper(self, author: Person | None) -> tuple[Json, int]:
        """A dispatch that waits for its review, and its case; of this person, who was a junior when it was written."""
        case = await self.case()
        if author is None:
            order = await self.order("proposed")
            return dict(order["papers"][0]), int(order["ticket_id"])
        await self.held(case["id"], "own", author)
        body = {"key": self.key(), "version": case["version"], "department": self.departments["department"], "task": "查清并答复"}
        async with self.once(author, Role.junior_agent):
            status, order = await self.ask(author, "POST", Thing(f"/api/tickets/{case['id']}/orders", body))
        assert status == 201, order
        return dict(order["papers"][0]), int(case["id"])

    async def warning(self, department: str) -> int:
        """A written warning, with the second dispatch that it went with."""
        first = await self.order("done", department)
        await self.do(
            "zhao", "POST", f"/api/orders/{first['id']}/second", version=first["version"], reason="不满意", warning="书面警告",
            department=self.departments[department], task="重新修",
        )  # fmt: skip
        return int(await self.owner.fetchval("select max(id) from warning"))

    async def evidence(self, department: str) -> int:
        order = await self.order("issued", department)
        officer = self.api.accounts[Role.department_officer] if department == "department" else self.people["bill"]
        asked = {"version": str(order["version"]), "name": "证明.pdf"}
        status, added = await self.ask(officer, "POST", Thing(f"/api/orders/{order['id']}/evidence", query=asked, content=PDF))
        assert status == 201, added
        return int(added["id"])

    # --- what is each person's alone ---

    async def call(self, where: str, asker: Person) -> str:
        """A call that Li took or the asker, or that nobody took; ``handed_on``: its case lies in the seniors' tray."""
        number = next(self._numbers)
        call, at = f"tingsu-1795467600.{1000 + number}", datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
        await self.owner.execute(
            "insert into call (id, number, number_sent, name_sent, dialled, started_at, ended_at, outcome)"
            " values ($1, '', '', '', '', $2, $2, 'answered')",
            call, at,
        )  # fmt: skip
        spoke = {"own": asker.id, "others": self.people["li"].id}.get(where)
        if spoke:
            await self.owner.execute(
                "insert into call_leg (call_id, channel, person_id, answered_at) values ($1, 'x', $2, $3)", call, spoke, at
            )
        level, holder, state = {
            "case_is_own": ("junior", asker.id, "open"),
            "nobodys": ("junior", None, "draft"),
            "handed_on": ("senior", None, "open"),
        }.get(where, ("junior", self.people["li"].id, "draft"))
        await self.owner.execute(
            "insert into ticket (state, number, call_id, received_at, changed_at, owner_id, level)"
            " values ($1, $2, $3, $4, $4, $5, $6)",
            state, f"T2026-10-{number:06d}" if state == "open" else None, call, at, holder, level,
        )  # fmt: skip
        return call

    async def notice(self, person: Person) -> int:
        """Something that rang for this person."""
        case, at = await self.case(), datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
        made: int = await self.owner.fetchval(
            "insert into notice (person_id, code, cause, ticket_id, at) values ($1, 'clock_warned', $2, $3, $4) returning id",
            person.id, self.key(), case["id"], at,
        )  # fmt: skip
        return made

    async def view(self, person: Person, *, removed: bool = False) -> int:
        body = {"name": self.key(), "query": "view=open"}
        status, made = await self.ask(person, "POST", Thing("/api/me/lists/tickets/views", body))
        assert status == 201, made
        if removed:
            assert (await self.ask(person, "DELETE", Thing(f"/api/me/views/{made['id']}")))[0] == 204
        return int(made["id"])

    async def customer_import(self, person: Person) -> str:
        """A file that this person has sent, and that was looked at."""
        status, made = await self.ask(person, "POST", Thing("/api/customer-imports", content=CUSTOMERS))
        assert status == 201, made
        return str(made["id"])
