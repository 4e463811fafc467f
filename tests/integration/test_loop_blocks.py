"""No single request keeps everybody else waiting: the worst of each route, and no answer is large because the question was.

Every route there is has its worst here, or the test fails: what all routes can be sent (heads, queries, bodies full of what
nobody asked for) is made from the route itself, what only one can be sent or made to answer stands in WORST.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from urllib.parse import quote

import pytest
import pytest_asyncio

from services.access.rights import Role, rights_of
from services.routes import CLASSES
from services.store import db
from services.web.http import Route, routes_of
from services.web.sheets import MOST_ROWS
from tests.harness import crowded
from tests.harness.api import PASSWORD, Api, serve
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer
from tests.harness.loopblock import Answer, Asking, send, watched

MOST_S = 0.050
ONCE_S = 0.200
"""What no request may take even once. Between the two it counts if it comes again each time: a stall of the machine does not."""
TIMES = 5
A_FEW_KB = 16_000
LARGE = 1_000_000  # bytes of a body: what may be larger has its own worst beside these, which would take minutes
HEAD = 7_900  # bytes of a request line or a header, of 8,190
ROUTES = {f"{route.method} {route.path}": route for kind in CLASSES for route in routes_of(kind)}
JSON = {"Content-Type": "application/json"}

Bodies = Callable[[int], Iterator[bytes]]


def hostile_bodies(limit: int, names: Sequence[str]) -> Iterator[bytes]:
    """Of a size just allowed, each dear to read in its own way; ``names``: the fields there are."""

    def many(one: bytes, opened: bytes = b"[", closed: bytes = b"]") -> bytes:
        count = (limit - 40) // (len(one) + 1)
        return opened + b",".join([one] * count) + closed

    yield b"{" + b",".join(b'"k%d":0' % number for number in range((limit - 2) // 12)) + b"}"
    yield b'{"x":{' + b",".join(b'"k%d":{}' % number for number in range((limit - 10) // 13)) + b"}}"
    limit = min(limit, LARGE)
    for one in (b"{}", b"[]", b"1.0", b"null", b'"a"', b'{"a":{"a":{}}}', b"1e300", b"9223372036854775807"):
        yield many(one)
    for name in names:
        for one in (b"{}", b"1", b'"\\u0000"', b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}'):
            yield b'{"%s":' % name.encode() + many(one) + b"}"
        for text in (
            b"a" * (limit - 40),
            b"\\ud83d\\ude00" * ((limit - 40) // 12),
            b"\\n" * ((limit - 40) // 2),
            b"\xef\xb7\xba" * ((limit - 40) // 3),
        ):
            yield b'{"%s":"' % name.encode() + text + b'"}'
    yield b'{"%s":1}' % (b"k" * (limit - 10))
    yield b"[" * limit
    yield b'{"a":' * (limit // 5)
    yield b"1" + b"0" * (limit - 1)
    yield b"1." + b"1" * (limit - 2)
    yield b'"' + b"\\" * (limit - 1)


def hostile_queries() -> Iterator[str]:
    yield "&".join(f"k{number}" for number in range(HEAD // 6))
    yield "&".join(["limit=1"] * (HEAD // 8))
    yield "q=" + "%F0%9F%98%80" * (HEAD // 13)
    yield "q=" + "a" * HEAD
    yield "k" * HEAD + "=1"
    yield "after=" + "9" * HEAD


HOSTILE_HEADS = (
    {"Cookie": "; ".join(f"k{number}={number}" for number in range(HEAD // 13))},
    {"Cookie": 'a="' + '\\"' * (HEAD // 2)},
    {"Cookie": "tingsu_session=" + "x" * HEAD},
    {"X-Forwarded-For": "1," * (HEAD // 2)},
    {"Accept-Encoding": "gzip," * (HEAD // 5)},
    {"Range": "bytes=" + "0-1," * (HEAD // 4)},
    {"If-None-Match": '"a",' * (HEAD // 4)},
    {"Content-Type": "application/json" + ";a=b" * (HEAD // 4)},
)


def body(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def classes(number: int) -> list[dict[str, object]]:
    kinds = ("complaint", "suggestion", "enquiry")
    rest = [("business", f"c{n}") for n in range(number)]
    return [
        {"list": name, "code": code, "zh": "类", "en": "c", "position": 1, "active": True, "authority": None}
        for name, code in [*(("kind", kind) for kind in kinds), *rest]
    ]


def terms(number: int, **other: object) -> list[dict[str, object]]:
    return [{"list": "business", "code": f"c{n % 200}", "term": f"词{n}", "weight": 1.0, **other} for n in range(number)]


def lexicons(_: int) -> Iterator[bytes]:
    longest = [{**term, "term": f"{'𠀀' * 35}{n:05d}"} for n, term in enumerate(terms(12_000))]
    yield json.dumps({"categories": classes(997), "terms": longest}).encode()  # as many as may be, escaped
    yield body({"categories": classes(200), "terms": terms(12_000)})
    yield body({"categories": classes(200), "terms": terms(11_000, weight=99)})
    yield body({"categories": classes(200), "terms": terms(11_000, weight="x", code="X", list="y")})
    yield body({"categories": [*classes(200), *classes(200)], "terms": [*terms(5_000), *terms(5_000)]})
    yield body({"categories": classes(9_000), "terms": []})


def customer_files(_: int) -> Iterator[bytes]:
    rows = "".join(f"138{n:08d},客户{n},大客户,备注\n" for n in range(120_000))
    for text in (f"number,name,tier,note\n{rows}", "number,name\n" + ",\n" * 1_000_000, "a," * 2_000_000, '"' * 2_000_000):
        yield text.encode()
    yield f"number,name,tier,note\n{rows}".encode("gb18030")


ACCOUNT = {"name": "名" * 80, "roles": ["junior_agent"]}
FIELDS = {"description": crowded.TEXT[:10_000], "answer": crowded.TEXT[:10_000], "address": "路" * 400}


def nothing_more(_: int) -> Iterator[bytes]:  # what every route is sent is all there is
    return iter(())


TASK = crowded.TEXT[:10_000]


def reasons(_: int) -> Iterator[bytes]:
    yield body({"version": 100, "reason": "因" * 400})


def handed_on(_: int) -> Iterator[bytes]:
    yield body({"version": crowded.CHANGES, "reason": "因" * 400})


def calendar(_: int) -> Iterator[bytes]:
    first = date(2026, 1, 1)
    days = [{"day": f"{first + timedelta(days=n)}", "counts": "working", "like": n % 7, "reason": "𠀀" * 120} for n in range(400)]
    week = {"calendar": "working", "hours": [[f"{2 * n:02}:00-{2 * n + 1:02}:00" for n in range(6)]] * 7}
    for number in (0, 1):
        yield body({"number": number, "days": days, "weeks": []})
        yield json.dumps({"number": number, "days": days, "weeks": [week] * 20}).encode()  # escaped


def phrases(_: int) -> Iterator[bytes]:
    each = [{"list": "answer", "code": f"p{n}", "zh": "𠀀" * 80, "en": "𠀀" * 80, "text": "𠀀" * 2_000} for n in range(300)]
    yield body({"number": 2, "phrases": each})
    yield json.dumps({"number": 2, "phrases": each}).encode()  # escaped
    yield body({"number": 2, "phrases": [*each[:150], *each[:150]]})


EMAIL = f"{'a' * 64}@{'b' * 32}.cn"


def departments(_: int) -> Iterator[bytes]:
    each = [{"code": f"d{n}", "zh": "𠀀" * 80, "en": "𠀀" * 80, "hours": 24, "position": n, "email": EMAIL} for n in range(500)]
    rules = [{"department": f"d{n % 500}", "business": f"b{n}", "hours": 24} for n in range(2_000)]
    yield json.dumps({"number": 1, "departments": each, "rules": rules}).encode()
    yield body({"number": 1, "departments": each, "rules": [{"department": f"x{n}"} for n in range(2_000)]})
    yield body({"number": 1, "departments": [*each[:250], *each[:250]], "rules": []})
    yield body({"number": 1, "departments": each, "rules": [{"department": "X", "hours": "y", "kind": n} for n in range(2_000)]})


def every_ticket(_: int) -> Iterator[bytes]:
    """As many as one request may name: the first is the longest there is, the next have the longest texts."""
    yield body({"action": "discard", "tickets": [{"id": n + 1, "version": 1} for n in range(200)]})


def chosen(_: int) -> Iterator[bytes]:
    """As many as one file may hold, one too many, and every one of them wrong."""
    yield body({"ids": [n + 1 for n in range(MOST_ROWS)]})
    yield body({"ids": [n + 1 for n in range(20_000)]})
    yield body({"ids": ["x"] * MOST_ROWS})


WORST: dict[str, Bodies] = {
    "POST /api/login": lambda _: iter([body({"login": "junior-agent", "password": "ﷺ" * 256})]),
    "POST /api/logout": nothing_more,
    "GET /api/health": nothing_more,
    "GET /api/me": nothing_more,
    "PATCH /api/me": nothing_more,
    "GET /api/me/due": nothing_more,
    "GET /api/me/home": nothing_more,
    "GET /api/open-case-figures": nothing_more,
    "GET /api/open-cases": nothing_more,
    "GET /api/assessments": nothing_more,
    "GET /api/assessments/{author_id}": nothing_more,
    "GET /api/department-figures": nothing_more,
    "GET /api/department-figures/{department_id}": nothing_more,
    "GET /api/policy": nothing_more,
    "POST /api/me/password": lambda _: iter([body({"old": PASSWORD, "new": "ab1" * 85})]),
    "GET /api/me/lists": nothing_more,
    "PUT /api/me/lists/{list_name}/columns": lambda _: iter([body({"columns": [{"key": "k" * 40, "shown": True}] * 40})]),
    "POST /api/me/lists/{list_name}/views": lambda _: iter([body({"name": "名" * 80, "query": "ﷺ" * 800})]),
    "DELETE /api/me/views/{view_id}": nothing_more,
    "POST /api/me/views/{view_id}/restore": nothing_more,
    "GET /api/openapi.json": nothing_more,
    "GET /api/system": nothing_more,
    "GET /api/system/aside": nothing_more,
    "POST /api/system/aside/retry": nothing_more,
    "GET /api/board": nothing_more,
    "GET /api/live": nothing_more,
    "PUT /api/me/state": lambda _: iter([body({"state": "paused", "reason": "因" * 40})]),
    "GET /api/phone": nothing_more,
    "GET /api/calls": nothing_more,
    "GET /api/calls/{call_id}": nothing_more,
    "GET /api/calls/{call_id}/audio": nothing_more,
    "GET /api/tickets": nothing_more,
    "POST /api/tickets": lambda _: iter([body({"key": "a" * 64, "fields": FIELDS})]),
    "GET /api/tickets/{ticket_id}": nothing_more,
    "PATCH /api/tickets/{ticket_id}": lambda _: iter([body({"version": crowded.CHANGES, "fields": FIELDS})]),
    "POST /api/tickets/{ticket_id}/confirm": lambda _: iter([body({"version": crowded.CHANGES, "note": "注" * 400})]),
    "POST /api/tickets/{ticket_id}/discard": lambda _: iter([body({"version": crowded.CHANGES, "note": "注" * 400})]),
    "POST /api/tickets/{ticket_id}/restore": lambda _: iter([body({"version": crowded.CHANGES, "note": "注" * 400})]),
    "POST /api/tickets/{ticket_id}/close": lambda _: iter(
        [body({"version": crowded.CHANGES, "note": "注" * 400, "closing": "confirmed"})]
    ),
    "POST /api/tickets/{ticket_id}/acknowledge": lambda _: iter(
        [body({"version": crowded.CHANGES, "how": "call", "note": "注" * 400})]
    ),
    "GET /api/tickets/{ticket_id}/progress": nothing_more,
    "POST /api/tickets/{ticket_id}/hand-over": handed_on,
    "POST /api/tickets/{ticket_id}/escalate": lambda _: iter(
        [body({"version": crowded.CHANGES, "triggers": ["overdue"] * 4, "reason": "因" * 400})]
    ),
    "POST /api/tickets/{ticket_id}/suggest": lambda _: iter([body({"version": crowded.CHANGES, "note": "注" * 400})]),
    "POST /api/tickets/{ticket_id}/give-back": handed_on,
    "POST /api/tickets/{ticket_id}/take": lambda _: iter([body({"version": crowded.CHANGES})]),
    "GET /api/tickets/{ticket_id}/decisions": nothing_more,
    "GET /api/tickets/{ticket_id}/story": nothing_more,
    "POST /api/tickets/{ticket_id}/overrule": lambda _: iter(
        [body({"version": crowded.CHANGES, "step": 1, "reason": "因" * 400})]
    ),
    "POST /api/tickets/{ticket_id}/hotline-order": lambda _: iter(
        [body({"key": "b" * 64, "version": crowded.CHANGES, "department": 1, "task": TASK, "leads": False, "reason": "因" * 400})]
    ),
    "POST /api/tickets/{ticket_id}/compensation": lambda _: iter(
        [body({"version": crowded.CHANGES, "amount": "999999999.99", "reason": "因" * 400})]
    ),
    "POST /api/tickets/{ticket_id}/compensation/answer": lambda _: iter(
        [body({"version": crowded.CHANGES, "decision": 1, "granted": True, "reason": "因" * 400})]
    ),
    "POST /api/tickets/{ticket_id}/conclude": lambda _: iter(
        [body({"version": crowded.CHANGES, "answer": TASK, "closing": "confirmed", "reason": "因" * 400})]
    ),
    "POST /api/tickets/{ticket_id}/reopen": handed_on,
    "GET /api/trays": nothing_more,
    "GET /api/trays/{level}": nothing_more,
    "POST /api/ticket-steps": every_ticket,
    "GET /api/tickets/{ticket_id}/journal": nothing_more,
    "GET /api/lexicon": nothing_more,
    "PUT /api/lexicon": lexicons,
    "GET /api/customers": nothing_more,
    "POST /api/customers": lambda _: iter([body({"number": "1" * 20, "name": "名" * 80, "note": "注" * 400})]),
    "PUT /api/customers/{customer_id}": lambda _: iter([body({"number": "1" * 20, "name": "名" * 80, "note": "注" * 400})]),
    "GET /api/customer-imports": nothing_more,
    "POST /api/customer-imports": customer_files,
    "GET /api/customer-imports/{import_id}": nothing_more,
    "DELETE /api/customer-imports/{import_id}": nothing_more,
    "POST /api/customer-imports/{import_id}/look": nothing_more,
    "POST /api/customer-imports/{import_id}/start": nothing_more,
    "GET /api/customer-imports/{import_id}/report": nothing_more,
    "POST /api/customer-exports": chosen,
    "POST /api/ticket-exports": chosen,
    "POST /api/call-exports": lambda _: iter([body({"ids": [f"tingsu-1795467600.{n + 1}" for n in range(MOST_ROWS)]})]),
    "POST /api/reveals": lambda _: iter([body({"thing": "order", "id": "1"})]),
    "GET /api/people": nothing_more,
    "POST /api/people": lambda _: iter([body({"login": "a" * 32, "name": "名" * 80, "roles": ["junior_agent"]})]),
    "PATCH /api/people/{person_id}": lambda _: iter([body({"name": "名" * 80})]),
    "POST /api/people/{person_id}/password": nothing_more,
    "GET /api/audit": nothing_more,
    "GET /api/departments": nothing_more,
    "PUT /api/departments": departments,
    "GET /api/departments/editions": nothing_more,
    "POST /api/departments/back": lambda _: iter([body({"number": 1, "to": 1})]),
    "GET /api/tickets/{ticket_id}/orders": nothing_more,
    "POST /api/tickets/{ticket_id}/orders": lambda _: iter(
        [body({"key": "a" * 64, "version": crowded.CHANGES, "department": 1, "task": TASK, "leads": False})]
    ),
    "GET /api/tickets/{ticket_id}/clocks": nothing_more,
    "GET /api/link": nothing_more,
    "GET /api/orders/{order_id}/clocks": nothing_more,
    "GET /api/orders": nothing_more,
    "GET /api/orders/{order_id}": nothing_more,
    "GET /api/orders/{order_id}/journal": nothing_more,
    "POST /api/orders/{order_id}/chase": lambda _: iter(
        [body({"version": 100, "task": TASK, "urgent": True, "reason": "因" * 400})]
    ),
    "POST /api/orders/{order_id}/withdraw": reasons,
    "POST /api/orders/{order_id}/settle": lambda _: iter([body({"version": 100, "note": "注" * 400})]),
    "POST /api/orders/{order_id}/second": lambda _: iter(
        [body({"version": 100, "department": 1, "task": TASK, "reason": "因" * 400, "warning": TASK})]
    ),
    "POST /api/orders/{order_id}/redirect": lambda _: iter(
        [body({"version": 100, "department": 1, "task": TASK, "reason": "因" * 400})]
    ),
    "POST /api/orders/{order_id}/remind": lambda _: iter([body({"version": 100, "note": "注" * 400})]),
    "POST /api/orders/{order_id}/uphold": reasons,
    "POST /api/orders/{order_id}/redo": lambda _: iter([body({"version": 100, "hours": 1, "reason": "因" * 400})]),
    "POST /api/orders/{order_id}/extension/decision": lambda _: iter(
        [body({"version": 100, "granted": True, "note": "注" * 400})]
    ),
    "POST /api/orders/{order_id}/extension": lambda _: iter(
        [body({"version": 100, "until": "2027-01-01T00:00:00Z", "reason": "因" * 400})]
    ),
    "POST /api/orders/{order_id}/accept": lambda _: iter([body({"version": 100})]),
    "POST /api/orders/{order_id}/refuse": reasons,
    "POST /api/orders/{order_id}/return": lambda _: iter([body({"version": 100, "answer": TASK})]),
    "GET /api/inbox": nothing_more,
    "PUT /api/inbox/{notice_id}": lambda _: iter([body({"read": True})]),
    "POST /api/inbox-read": lambda _: iter([body({"upto": 2**53 - 1})]),
    "POST /api/inbox-unread": lambda _: iter([body({"at": "2026-11-20T01:00:00Z"})]),
    "GET /api/reviews": nothing_more,
    "GET /api/tickets/{ticket_id}/appeals": nothing_more,
    "POST /api/tickets/{ticket_id}/appeals": lambda _: iter([body({"key": "a" * 64, "text": TASK})]),
    "POST /api/appeals/{appeal_id}/answer": lambda _: iter([body({"version": 1, "answer": TASK})]),
    "POST /api/appeals/{appeal_id}/drop": reasons,
    "POST /api/appeals/{appeal_id}/chase": lambda _: iter(
        [body({"version": 1, "order": 1, "order_version": 100, "task": TASK, "urgent": True, "reason": "因" * 400})]
    ),
    "POST /api/appeals/{appeal_id}/withdraw": lambda _: iter(
        [body({"version": 1, "order": 1, "order_version": 100, "reason": "因" * 400})]
    ),
    "GET /api/tickets/{ticket_id}/repeats": nothing_more,
    "POST /api/tickets/{ticket_id}/repeats": lambda _: iter([body({"version": crowded.CHANGES, "of": 2, "verdict": "repeat"})]),
    "POST /api/tickets/{ticket_id}/not-accept": lambda _: iter([body({"version": crowded.CHANGES, "note": "注" * 400})]),
    "POST /api/tickets/{ticket_id}/accept": lambda _: iter([body({"version": crowded.CHANGES, "note": "注" * 400})]),
    "GET /api/calendar": nothing_more,
    "PUT /api/calendar": calendar,
    "GET /api/calendar/editions": nothing_more,
    "POST /api/calendar/back": lambda _: iter([body({"number": 1, "to": 1})]),
    "GET /api/phrases": nothing_more,
    "PUT /api/phrases": phrases,
    "GET /api/phrases/editions": nothing_more,
    "POST /api/phrases/back": lambda _: iter([body({"number": 2, "to": 1})]),
    "PUT /api/papers/{paper_id}": lambda _: iter([body({"version": 1, "task": TASK, "urgent": True, "hours": 1})]),
    "POST /api/papers/{paper_id}/drop": lambda _: iter([body({"version": 1})]),
    "POST /api/orders/{order_id}/evidence": nothing_more,
    "GET /api/orders/{order_id}/evidence": nothing_more,
    "GET /api/evidence/{evidence_id}": nothing_more,
    "GET /api/warnings": nothing_more,
    "GET /api/warnings/{warning_id}/print": nothing_more,
    "GET /api/tickets/{ticket_id}/print": nothing_more,
    "GET /api/tickets/{ticket_id}/story/print": nothing_more,
    "GET /api/orders/{order_id}/print": nothing_more,
    "POST /api/papers/{paper_id}/review": lambda _: iter(
        [body({"version": 1, "verdict": "send_back", "reason": "因" * 400, "marks": ["late"] * 4})]
    ),
}
LARGEST_PAGE = "limit=200"


def reads(role: Role, route: Route) -> bool:
    return isinstance(route.rights, frozenset) and not rights_of((role,)).isdisjoint(route.rights)


@pytest_asyncio.fixture(scope="module")
async def full(postgres: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Api, int]]:
    """The door of a crowded centre, and the id of its longest ticket."""
    async with postgres.fresh() as url:
        pool = await db.open_pool(url, size=1, statement_ms=60_000)  # one request needs one: ten would hold each other up else
        try:
            folder = tmp_path_factory.mktemp("full")
            async with serve(pool, HandClock(), folder, always=TOKENS) as api:
                ticket = await crowded.fill(pool, folder / "store", api.accounts[Role.junior_agent].id)
                yield api, ticket
        finally:
            await pool.close()


TOKENS = {str(role): role for role in Role}
"""Whatever a worst case does to sessions, the next one is logged in."""


def test_every_route_has_its_worst_and_the_other_way_round() -> None:
    assert set(ROUTES) == set(WORST)


def path_of(route: Route, ticket: int) -> str:
    path = route.path.replace("{call_id}", crowded.LONG_CALL).replace("{ticket_id}", str(ticket))
    path = path.replace("{order_id}", "1").replace("{paper_id}", "1").replace("{department_id}", "1").replace("{author_id}", "2")
    path = path.replace("{warning_id}", "1").replace("{evidence_id}", "1").replace("{appeal_id}", "1")
    path = path.replace("{list_name}", "tickets").replace("{view_id}", "1").replace("{level}", "senior")
    return (
        path.replace("{person_id}", "2")
        .replace("{customer_id}", "1")
        .replace("{import_id}", "0" * 16)
        .replace("{order_id}", "1")
        .replace("{paper_id}", "1")
    )


def askings(name: str, ticket: int) -> Iterator[Asking]:
    """Everything that is sent to a route; the bodies made for it alone last, for they may change what is there."""
    route = ROUTES[name]
    path = path_of(route, ticket)
    yield Asking(method=route.method, path=path)
    for head in HOSTILE_HEADS:
        yield Asking(method=route.method, path=path, headers=head)
    if route.query:
        yield Asking(method=route.method, path=f"{path}?{LARGEST_PAGE}")
        for query in hostile_queries():
            yield Asking(method=route.method, path=f"{path}?{query}")
    if "{" in route.path:
        yield Asking(method=route.method, path=route.path.partition("{")[0] + quote("a" * HEAD))
    if route.body:
        for hostile in hostile_bodies(route.body_limit, list(route.body.model_fields)):
            yield Asking(method=route.method, path=path, body=hostile, headers=JSON)
    for made in WORST[name](route.body_limit):
        yield Asking(method=route.method, path=path, body=made, headers=JSON)


@pytest.mark.parametrize("name", sorted(ROUTES))
async def test_the_worst_of_a_route_blocks_nobody_and_a_refusal_is_short(full: tuple[Api, int], name: str) -> None:
    api, ticket = full
    told = await too_much(api, role_for(ROUTES[name]), askings(name, ticket))
    assert not told, "\n".join(told)


READ_MASKED = [
    name for name, route in ROUTES.items() if route.method == "GET" and not route.websocket and reads(Role.qa_inspector, route)
]


@pytest.mark.parametrize("name", READ_MASKED)
async def test_masking_the_longest_answer_of_a_route_blocks_nobody(full: tuple[Api, int], name: str) -> None:
    api, ticket = full
    path = path_of(ROUTES[name], ticket)
    queries = ("", f"?{LARGEST_PAGE}") if ROUTES[name].query else ("",)
    told = await too_much(api, Role.qa_inspector, (Asking(method="GET", path=f"{path}{query}") for query in queries))
    assert not told, "\n".join(told)


async def too_much(api: Api, role: Role, asked: Iterable[Asking]) -> list[str]:
    """What of this keeps others waiting, or is refused at length."""
    told = []
    async with watched() as blocks:

        async def block(asking: Asking) -> tuple[float, Answer]:
            cookies = "; ".join(filter(None, (f"tingsu_session={role}", asking.headers.get("Cookie"))))
            await blocks.take()
            answer = await send(api.url.removeprefix("http://"), asking, {"Origin": api.url, "Cookie": cookies})
            return await blocks.take(), answer

        for number, asking in enumerate(asked):
            worst, answer = await block(asking)
            assert answer.status < 500, (number, answer, asking)
            for _ in range(TIMES - 1):
                if not MOST_S < worst <= ONCE_S:
                    break
                worst = min(worst, (await block(asking))[0])
            if worst > MOST_S or (answer.status >= 400 and answer.size > A_FEW_KB):
                told.append(f"{number}: {worst * 1000:.0f} ms, {answer}, {asking} {(asking.body or b'')[:60]!r}")
    return told


def role_for(route: Route) -> Role:
    """Somebody whom the route lets in, an agent first; where only a link leads, one whom it refuses."""
    if not isinstance(route.rights, frozenset):
        return Role.junior_agent
    first = (Role.junior_agent, Role.administrator, *Role)
    return next((role for role in first if not rights_of((role,)).isdisjoint(route.rights)), Role.junior_agent)
