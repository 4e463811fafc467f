"""Each role on every route that names a thing, by whose the thing is (ASVS V8): one's own, nobody's, in a tray, a colleague's,
above one, of one's own department, of another (SPEC A2, A3, A5–A7, M1, N1, N4, N6, O8).

The tables below are the whole truth. They are written from the rules and from what ARCHITECTURE.md says about them (decisions 26,
32–35, 39), apart from the code that decides. What a role may not do with anybody's stands in ``test_api_rights``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.access.actor import Person
from services.access.rights import Role
from services.store import db
from tests.harness.api import serve
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer
from tests.harness.relations import HOLDERS, LATER, PDF, Thing, Whole
from tests.integration.test_api_rights import (
    AGENTS,
    ALLOWED,
    CALLS,
    CENTRE,
    EVERYBODY,
    LISTENERS,
    OFFICER,
    OVERSEERS,
    ROUTES,
    SENIORS,
)

Json = dict[str, Any]
Make = Callable[[Whole, str, Person], Awaitable[Thing]]
Table = Mapping[str, Mapping[str, str]]
DATA = "data_administrator"
NOBODY = ""
OWN_CALLS = "junior_agent text_entry_clerk"
"""Who hears and reads the calls alone in which they took part, or whose case is in their hands (SPEC A2)."""


def only(rules: Mapping[str, str], *places: str) -> dict[str, str]:
    return {place: rules[place] for place in places}


def without(roles: str, others: str) -> str:
    return " ".join(role for role in roles.split() if role not in others.split())


HOLDING = {
    "own": f"{DATA} {AGENTS}",
    "nobodys": AGENTS,
    "others": SENIORS,
    "seniors": SENIORS,
    "a_seniors": SENIORS,
    "hotline": "manager",
    "a_managers": "manager",
    "suggestions": f"{DATA} {SENIORS}",
    "a_data_administrators": SENIORS,
}
"""Who has a hand on a case: who has it, whoever may take it, and who leads; on what is above one nobody (decision 33)."""
BY_AGENTS = {place: without(roles, DATA) for place, roles in HOLDING.items()}
COMPLAINTS = tuple(place for place in HOLDERS if "data" not in HOLDERS[place][0])
WRITING = only(BY_AGENTS, *COMPLAINTS)
DRAFTS = only(BY_AGENTS, "own", "nobodys", "others")
ORDERING = only(BY_AGENTS, "own", "nobodys", "others", "seniors", "hotline", "a_managers")
"""What leaves the centre about a case is written by who has a hand on it (A6, N1–N3)."""
DECIDING = dict.fromkeys(("own", "others", "seniors", "hotline"), SENIORS)
"""Departments' answers are every senior's to decide, wherever the case is meanwhile (N4, O7, O8)."""
AT_THE_HOTLINE = dict.fromkeys(("hotline", "a_managers"), "manager")
ANOTHER = {"own": SENIORS, "others": SENIORS, "seniors": SENIORS, **AT_THE_HOTLINE}

CASES: Table = {
    "PATCH /api/tickets/{ticket_id}": HOLDING,
    "POST /api/tickets/{ticket_id}/confirm": DRAFTS,
    "POST /api/tickets/{ticket_id}/discard": DRAFTS,
    "POST /api/tickets/{ticket_id}/restore": DRAFTS,
    # at the hotline by a decision; a suggestion by the data administrator alone (A3, decision 33)
    "POST /api/tickets/{ticket_id}/close": only(HOLDING, "own", "nobodys", "others", "seniors", "a_seniors")
    | {"suggestions": DATA, "a_data_administrators": NOBODY},
    "POST /api/tickets/{ticket_id}/hand-over": only(
        HOLDING, "own", "nobodys", "others", "hotline", "a_managers", "suggestions", "a_data_administrators"
    ),
    "POST /api/tickets/{ticket_id}/escalate": only(HOLDING, "own", "nobodys", "others", "seniors", "a_seniors"),
    "POST /api/tickets/{ticket_id}/suggest": only(HOLDING, "own", "nobodys", "others", "seniors", "a_seniors"),
    "POST /api/tickets/{ticket_id}/give-back": only(HOLDING, "own", "others", "a_seniors", "a_managers", "a_data_administrators"),
    "POST /api/tickets/{ticket_id}/take": {"nobodys": AGENTS, "seniors": SENIORS, "hotline": "manager", "suggestions": DATA},
    "POST /api/tickets/{ticket_id}/acknowledge": WRITING,
    "POST /api/tickets/{ticket_id}/repeats": WRITING,
    "POST /api/tickets/{ticket_id}/not-accept": WRITING,
    "POST /api/tickets/{ticket_id}/accept": WRITING,
    "POST /api/tickets/{ticket_id}/orders": WRITING,
    # whoever the customer reaches takes down what they add (A5)
    "POST /api/tickets/{ticket_id}/appeals": dict.fromkeys(COMPLAINTS, AGENTS),
    "POST /api/tickets/{ticket_id}/overrule": AT_THE_HOTLINE,
    "POST /api/tickets/{ticket_id}/hotline-order": AT_THE_HOTLINE,
    "POST /api/tickets/{ticket_id}/compensation": AT_THE_HOTLINE,
    "POST /api/tickets/{ticket_id}/conclude": AT_THE_HOTLINE,
    "POST /api/tickets/{ticket_id}/reopen": {"others": "manager", "a_managers": "manager"},
    **{
        f"GET /api/tickets/{{ticket_id}}{what}": dict.fromkeys(HOLDERS, CENTRE)  # everybody of the centre knows the cases (N9)
        for what in ("", "/journal", "/decisions", "/story", "/progress", "/orders", "/clocks", "/appeals", "/repeats")
    },
    **{
        f"GET /api/tickets/{{ticket_id}}{what}": dict.fromkeys(("own", "others", "hotline"), CENTRE)
        for what in ("/print", "/story/print")
    },
    "POST /api/appeals/{appeal_id}/answer": {**ORDERING, "own": HOLDING["own"]},  # also of a suggestion's own holder
    "POST /api/appeals/{appeal_id}/drop": {**ORDERING, "own": HOLDING["own"]},
    "POST /api/appeals/{appeal_id}/chase": ORDERING,
    "POST /api/appeals/{appeal_id}/withdraw": ORDERING,
    "POST /api/orders/{order_id}/chase": ORDERING,
    "POST /api/orders/{order_id}/withdraw": ORDERING,
    "POST /api/orders/{order_id}/settle": ORDERING,
    # a second dispatch is a new order about the case, and so is one to another department: by whoever has a hand on it, and
    # reviews (N5, O8)
    "POST /api/orders/{order_id}/second": ANOTHER,
    "POST /api/orders/{order_id}/redirect": ANOTHER,
    "POST /api/orders/{order_id}/uphold": DECIDING,
    "POST /api/orders/{order_id}/redo": DECIDING,
    "POST /api/orders/{order_id}/extension/decision": DECIDING,
    "POST /api/orders/{order_id}/remind": dict.fromkeys(DECIDING, f"surveyor {SENIORS}"),
}
"""Route -> where the case is, and who has it -> who may."""

ANSWERS = {"department": OFFICER, "another_department": NOBODY, "unsent": NOBODY}
SEEN = {"department": EVERYBODY, "another_department": CENTRE}
DEPARTMENTS: Table = {
    "POST /api/orders/{order_id}/accept": ANSWERS,
    "POST /api/orders/{order_id}/refuse": ANSWERS,
    "POST /api/orders/{order_id}/return": ANSWERS,
    "POST /api/orders/{order_id}/extension": ANSWERS,
    "POST /api/orders/{order_id}/evidence": ANSWERS,
    # before it has left, a department does not know of it (decision 32)
    **{
        f"GET /api/orders/{{order_id}}{what}": {**SEEN, "unsent": CENTRE}
        for what in ("", "/journal", "/clocks", "/print", "/evidence")
    },
    "GET /api/evidence/{evidence_id}": SEEN,
    "GET /api/warnings/{warning_id}/print": SEEN,
    "GET /api/department-figures/{department_id}": {"department": f"{OVERSEERS} {OFFICER}", "another_department": OVERSEERS},
}
"""Route -> which department has the order -> who may."""

PERSONAL: Table = {
    "PUT /api/papers/{paper_id}": {"own": AGENTS, "others": NOBODY},
    "POST /api/papers/{paper_id}/drop": {"own": AGENTS, "others": SENIORS},
    "POST /api/papers/{paper_id}/review": {"own": NOBODY, "others": SENIORS},  # another person's always (A6, N4)
    "POST /api/tickets/{ticket_id}/compensation/answer": {"own": NOBODY, "others": "manager"},  # another manager's
    "GET /api/calls/{call_id}": {
        **dict.fromkeys(("own", "case_is_own", "nobodys"), CALLS),
        **dict.fromkeys(("others", "handed_on"), without(CALLS, OWN_CALLS)),
    },
    "GET /api/calls/{call_id}/audio": {
        **dict.fromkeys(("own", "case_is_own", "nobodys"), LISTENERS),
        **dict.fromkeys(("others", "handed_on"), without(LISTENERS, OWN_CALLS)),
    },
    "PUT /api/inbox/{notice_id}": {"own": EVERYBODY, "others": NOBODY},
    "DELETE /api/me/views/{view_id}": {"own": EVERYBODY, "others": NOBODY},
    "POST /api/me/views/{view_id}/restore": {"own": EVERYBODY, "others": NOBODY},
    **{
        f"{method} /api/customer-imports/{{import_id}}{what}": {"own": "administrator", "others": NOBODY}
        for method, what in (("GET", ""), ("POST", "/look"), ("POST", "/start"), ("GET", "/report"), ("DELETE", ""))
    },
    "GET /api/trays/{level}": {"junior": AGENTS, "senior": SENIORS, "manager": "manager", "data_administrator": DATA},
}
"""Route -> whose it is, or at which level -> who may."""

WHOSEVER = {
    "PATCH /api/people/{person_id}",
    "POST /api/people/{person_id}/password",
    "PUT /api/customers/{customer_id}",
    "GET /api/assessments/{author_id}",
    "PUT /api/me/lists/{list_name}/columns",
    "POST /api/me/lists/{list_name}/views",
}
"""Whose it is makes no difference here (or it can only be one's own): who may, may with all."""

MAKE: dict[str, Make] = {}


def test_every_route_that_names_a_thing_is_in_one_of_the_tables() -> None:
    tables = [*CASES, *DEPARTMENTS, *PERSONAL, *WHOSEVER]
    assert len(tables) == len(set(tables))
    assert set(tables) == {name for name in ROUTES if "{" in name}


def test_no_table_lets_in_whom_the_route_does_not() -> None:
    for name, places in {**CASES, **DEPARTMENTS, **PERSONAL}.items():
        for place, roles in places.items():
            assert set(roles.split()) <= set(ALLOWED[name].split()), (name, place)


@pytest_asyncio.fixture(scope="module")
async def whole(postgres: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    folder: Path = tmp_path_factory.mktemp("relations")
    async with postgres.fresh() as url:
        pool, owner = await db.open_pool(postgres.as_application(url), size=5), await db.connect(url)
        try:
            async with serve(pool, HandClock(), folder) as api, Whole(api, owner) as whole:
                yield whole
        finally:
            await owner.close()
            await pool.close()


@pytest.mark.parametrize("name", sorted({**CASES, **DEPARTMENTS, **PERSONAL}))
async def test_a_thing_opens_by_whose_it_is(whole: Whole, name: str) -> None:
    method, places = name.split()[0], {**CASES, **DEPARTMENTS, **PERSONAL}[name]
    wrong = []
    for place, roles in places.items():
        kept: Thing | None = None  # what was refused is as it was, and good for the next one
        for role in Role:
            asker = whole.api.accounts[role]
            if kept is None or kept.askers:
                kept = await MAKE[name](whole, place, asker)
            thing = kept
            if thing.ticket is not None and place in HOLDERS:
                await whole.held(thing.ticket, place, asker)
            status, answer = await whole.ask(asker, method, thing)
            # refused: as somebody else's, or as if it were not there
            refused = status == 403 or (status == 404 and not name.endswith("/audio"))
            if refused == (role in roles.split()) or (not refused and not _let_in(name, status)):
                wrong.append((place, str(role), status, answer))
            if not refused and method != "GET":
                kept = None
    assert not wrong, "\n".join(map(str, wrong))


def _let_in(name: str, status: int) -> bool:
    """What it answers to those who may: there is no sound here, an import is only begun, a machine may have no face to print."""
    if name.endswith("/audio"):
        return status == 404
    besides = {409, 422} if "customer-imports" in name else {503} if name.endswith("/print") else set()
    return status < 300 or status in besides


async def test_several_at_once_are_each_asked_about(whole: Whole) -> None:
    wrong = []
    for place, roles in DRAFTS.items():
        for role in map(Role, AGENTS.split()):
            case, asker = await whole.draft(), whole.api.accounts[role]
            await whole.held(case["id"], place, asker)
            body = {"action": "discard", "tickets": [{"id": case["id"], "version": case["version"]}]}
            status, (taken,) = await whole.ask(asker, "POST", Thing("/api/ticket-steps", body))
            if (status, taken["problem"]) != (200, None if role in roles.split() else "forbidden"):
                wrong.append((place, str(role), status, taken))
    assert not wrong, "\n".join(map(str, wrong))


async def test_an_appeal_brings_nobody_to_a_call_or_a_draft_of_a_colleagues(whole: Whole) -> None:
    """SPEC A5: what it came by is named in the body, and asked about like what stands in the address."""
    junior, case = whole.api.accounts[Role.junior_agent], await whole.case()
    draft, call = await whole.draft(), await whole.call("others", junior)
    for named in ({"draft": {"id": draft["id"], "version": draft["version"]}}, {"call": call, "text": "还是不通"}):
        body = {"key": whole.key(), **named}
        assert (await whole.ask(junior, "POST", Thing(f"/api/tickets/{case['id']}/appeals", body)))[0] == 403, named
    order = await whole.order("issued")
    own = await whole.case()
    appeal = await whole.do("li", "POST", f"/api/tickets/{own['id']}/appeals", key=whole.key(), text="还是不通")
    await whole.held(own["id"], "own", junior)
    about = {"version": 1, "order": order["id"], "order_version": order["version"], "reason": "客户不要了"}
    assert (await whole.ask(junior, "POST", Thing(f"/api/appeals/{appeal['id']}/withdraw", about)))[0] == 403


async def test_a_department_is_listed_its_own_and_everybody_what_is_theirs(whole: Whole) -> None:
    officer, junior = whole.api.accounts[Role.department_officer], whole.api.accounts[Role.junior_agent]
    for department in ("department", "another_department"):
        await whole.warning(department)
        await whole.order("issued", department)
    unsent = await whole.order("proposed")
    for path in ("/api/orders", "/api/orders?over=yes", "/api/warnings"):
        _, rows = await whole.ask(officer, "GET", Thing(path))
        assert {row["department"]["code"] for row in rows} == {"network"}, path
        assert unsent["id"] not in {row["id"] for row in rows if path != "/api/warnings"}
    _, figures = await whole.ask(officer, "GET", Thing("/api/department-figures"))
    assert [row["department_id"] for row in figures["departments"]] == [whole.departments["department"]]
    _, home = await whole.ask(officer, "GET", Thing("/api/me/home"))
    assert {tray["tray"] for tray in home["trays"]} == {"orders"}
    own, others = await whole.call("own", junior), await whole.call("others", junior)
    _, calls = await whole.ask(junior, "GET", Thing("/api/calls", query={"limit": "200"}))
    assert {row["id"] for row in calls["calls"]} & {own, others} == {own}
    mine, theirs = await whole.notice(junior), await whole.notice(whole.people["li"])
    _, inbox = await whole.ask(junior, "GET", Thing("/api/inbox"))
    assert {row["id"] for row in inbox["notices"]} & {mine, theirs} == {mine}
    view, removed = await whole.view(junior), await whole.view(whole.people["li"])
    _, lists = await whole.ask(junior, "GET", Thing("/api/me/lists"))
    assert {row["id"] for row in lists["views"]} & {view, removed} == {view}
    sent_by_root = await whole.customer_import(whole.people["root"])
    _, imports = await whole.ask(whole.api.accounts[Role.administrator], "GET", Thing("/api/customer-imports"))
    assert sent_by_root not in {row["id"] for row in imports}


# what is asked about each thing -----------------------------------------------------------------------------------------


def make(*names: str) -> Callable[[Make], Make]:
    def kept(made: Make) -> Make:
        MAKE.update(dict.fromkeys(names, made))
        return made

    return kept


def of_case(step: str, body: Json, state: str = "open", **columns: object) -> None:
    """A step with a case in that state, of the kind that is at that place."""

    async def made(whole: Whole, where: str, _: Person) -> Thing:
        case = await (whole.draft() if state in {"draft", "discarded"} else whole.case(where))
        if state == "discarded":
            case = await whole.do("li", "POST", f"/api/tickets/{case['id']}/discard", version=case["version"])
        if state == "closed":
            path = f"/api/tickets/{case['id']}/close"
            case = await whole.do("li", "POST", path, version=case["version"], closing="confirmed")
        for column, value in columns.items():
            await whole.owner.execute(f"update ticket set {column} = $2 where id = $1", case["id"], value)
        return Thing(f"/api/tickets/{case['id']}{step}", {"version": case["version"], **body}, case["id"])

    method = "POST" if step else "PATCH"
    MAKE[f"{method} /api/tickets/{{ticket_id}}{step}"] = made


of_case("", {"fields": {"address": "天河路 1 号"}})
of_case("/confirm", {}, "draft")
of_case("/discard", {}, "draft")
of_case("/restore", {}, "discarded")
of_case("/hand-over", {"reason": "不会处理"})
of_case("/escalate", {"reason": "客户不接受", "triggers": ["not_accepted"]})
of_case("/suggest", {}, kind="suggestion", suggestion="service")
of_case("/give-back", {"reason": "下班"})
of_case("/take", {})
of_case("/acknowledge", {"how": "call"})
of_case("/not-accept", {})
of_case("/accept", {}, not_accepted_at=HandClock().now())
of_case("/overrule", {"step": 1, "reason": "不合规定"})
of_case("/compensation", {"amount": "10", "reason": "减免"})
of_case("/conclude", {"closing": "confirmed", "reason": "客户接受"})
of_case("/reopen", {"reason": "又坏了"}, "closed")


@make("POST /api/tickets/{ticket_id}/close")
async def to_close(whole: Whole, where: str, _: Person) -> Thing:
    case = await whole.case(where)
    closing = {} if case["kind"] == "suggestion" else {"closing": "confirmed"}
    return Thing(f"/api/tickets/{case['id']}/close", {"version": case["version"], **closing}, case["id"])


for what in (
    "",
    "/journal",
    "/decisions",
    "/story",
    "/progress",
    "/orders",
    "/clocks",
    "/appeals",
    "/repeats",
    "/print",
    "/story/print",
):

    @make(f"GET /api/tickets/{{ticket_id}}{what}")
    async def read(whole: Whole, where: str, _: Person, what: str = what) -> Thing:
        case = await whole.case(where)
        return Thing(f"/api/tickets/{case['id']}{what}", ticket=case["id"])


@make("POST /api/tickets/{ticket_id}/repeats")
async def to_judge(whole: Whole, where: str, _: Person) -> Thing:
    earlier, case = await whole.case(), await whole.case(where)
    body = {"version": case["version"], "of": earlier["id"], "verdict": "repeat"}
    return Thing(f"/api/tickets/{case['id']}/repeats", body, case["id"])


def dispatching(step: str) -> None:
    @make(f"POST /api/tickets/{{ticket_id}}/{step}")
    async def made(whole: Whole, where: str, _: Person) -> Thing:
        case = await whole.case(where)
        wanted = {"department": whole.departments["department"], "task": "查清并答复", "reason": "经查属实"}
        body = {"key": whole.key(), "version": case["version"], **wanted}
        return Thing(f"/api/tickets/{case['id']}/{step}", body, case["id"])


dispatching("orders")
dispatching("hotline-order")


@make("POST /api/tickets/{ticket_id}/appeals")
async def to_add(whole: Whole, where: str, _: Person) -> Thing:
    case = await whole.case(where)
    return Thing(f"/api/tickets/{case['id']}/appeals", {"key": whole.key(), "text": "还是不通"}, case["id"])


def of_appeal(step: str, body: Json) -> None:
    @make(f"POST /api/appeals/{{appeal_id}}/{step}")
    async def made(whole: Whole, where: str, _: Person) -> Thing:
        order = await whole.order("issued", where=where)
        path = f"/api/tickets/{order['ticket_id']}/appeals"
        appeal = await whole.do("li", "POST", path, key=whole.key(), text="还是不通")
        about = {"order": order["id"], "order_version": order["version"]} if step in {"chase", "withdraw"} else {}
        return Thing(f"/api/appeals/{appeal['id']}/{step}", {"version": 1, **about, **body}, order["ticket_id"])


of_appeal("answer", {"answer": "明天上门"})
of_appeal("drop", {"reason": "不是补充"})
of_appeal("chase", {"reason": "客户催", "task": "今天修好", "urgent": True})
of_appeal("withdraw", {"reason": "客户不要了"})


def of_order(step: str, state: str, body: Json, *, department: str = "") -> None:
    @make(f"POST /api/orders/{{order_id}}/{step}")
    async def made(whole: Whole, where: str, _: Person) -> Thing:
        order = await whole.order(state, where=where)
        sent = {"department": whole.departments[department]} if department else {}
        return Thing(f"/api/orders/{order['id']}/{step}", {"version": order["version"], **body, **sent}, order["ticket_id"])


of_order("chase", "issued", {"task": "今天修好", "urgent": True, "reason": "客户催"})
of_order("withdraw", "issued", {"reason": "客户不要了"})
of_order("settle", "returned", {})
of_order("second", "done", {"task": "重新修", "reason": "不满意", "warning": "书面警告"}, department="department")
of_order("redirect", "refused", {"task": "查清并答复", "reason": "归你们"}, department="another_department")
of_order("uphold", "refused", {"reason": "归你们"})
of_order("redo", "returned", {"hours": 4, "reason": "没修好"})
of_order("extension/decision", "extension", {"granted": True})
of_order("remind", "issued", {})


def by_department(step: str, body: Json) -> None:
    @make(f"POST /api/orders/{{order_id}}/{step}")
    async def made(whole: Whole, whose: str, _: Person) -> Thing:
        order = await sent(whole, whose)
        return Thing(f"/api/orders/{order['id']}/{step}", {"version": order["version"], **body})


async def sent(whole: Whole, whose: str) -> Json:
    """An order that the department has; ``unsent``: one for the asker's department that waits for its review."""
    return await (whole.order("proposed") if whose == "unsent" else whole.order("issued", whose))


by_department("accept", {})
by_department("refuse", {"reason": "不归我们"})
by_department("return", {"answer": "已修好"})
by_department("extension", {"until": LATER, "reason": "等备件"})


@make("POST /api/orders/{order_id}/evidence")
async def to_hand_in(whole: Whole, whose: str, _: Person) -> Thing:
    order = await sent(whole, whose)
    asked = {"version": str(order["version"]), "name": "证明.pdf"}
    return Thing(f"/api/orders/{order['id']}/evidence", query=asked, content=PDF)


for part in ("", "/journal", "/clocks", "/print", "/evidence"):

    @make(f"GET /api/orders/{{order_id}}{part}")
    async def order_read(whole: Whole, whose: str, _: Person, part: str = part) -> Thing:
        return Thing(f"/api/orders/{(await sent(whole, whose))['id']}{part}")


@make("GET /api/evidence/{evidence_id}")
async def a_file(whole: Whole, whose: str, _: Person) -> Thing:
    return Thing(f"/api/evidence/{await whole.evidence(whose)}")


@make("GET /api/warnings/{warning_id}/print")
async def a_warning(whole: Whole, whose: str, _: Person) -> Thing:
    return Thing(f"/api/warnings/{await whole.warning(whose)}/print")


@make("GET /api/department-figures/{department_id}")
async def figures(whole: Whole, whose: str, _: Person) -> Thing:
    return Thing(f"/api/department-figures/{whole.departments[whose]}", query={"figure": "dispatched"})


def of_paper(method: str, step: str, body: Json) -> None:
    @make(f"{method} /api/papers/{{paper_id}}{step}")
    async def made(whole: Whole, whose: str, asker: Person) -> Thing:
        paper, _ = await whole.paper(asker if whose == "own" else None)
        return Thing(f"/api/papers/{paper['id']}{step}", {"version": paper["version"], **body}, askers=whose == "own")


of_paper("PUT", "", {"task": "说清楚一点", "urgent": False})
of_paper("POST", "/drop", {})
of_paper("POST", "/review", {"verdict": "approve"})


@make("POST /api/tickets/{ticket_id}/compensation/answer")
async def an_amount(whole: Whole, whose: str, asker: Person) -> Thing:
    """Above what one manager grants alone; set by the asker, who was a manager then, or by another one."""
    case = await whole.case()
    await whole.held(case["id"], "hotline", asker)
    setter = asker if whose == "own" else whole.people["chief"]
    path = f"/api/tickets/{case['id']}/compensation"
    async with whole.once(setter, Role.manager):
        amount = {"version": case["version"], "amount": "900", "reason": "减免"}
        status, made = await whole.ask(setter, "POST", Thing(path, amount))
    assert status == 200, made
    body = {"version": case["version"] + 1, "decision": 1, "granted": True, "reason": "同意"}
    return Thing(f"{path}/answer", body, askers=whose == "own")


for sound in ("", "/audio"):

    @make(f"GET /api/calls/{{call_id}}{sound}")
    async def a_call(whole: Whole, whose: str, asker: Person, sound: str = sound) -> Thing:
        return Thing(f"/api/calls/{await whole.call(whose, asker)}{sound}", askers=True)


def who_has(whole: Whole, whose: str, asker: Person) -> Person:
    return asker if whose == "own" else whole.people["li"]


@make("PUT /api/inbox/{notice_id}")
async def a_notice(whole: Whole, whose: str, asker: Person) -> Thing:
    return Thing(f"/api/inbox/{await whole.notice(who_has(whole, whose, asker))}", {"read": True}, askers=whose == "own")


@make("DELETE /api/me/views/{view_id}")
async def a_view(whole: Whole, whose: str, asker: Person) -> Thing:
    return Thing(f"/api/me/views/{await whole.view(who_has(whole, whose, asker))}", askers=whose == "own")


@make("POST /api/me/views/{view_id}/restore")
async def a_removed_view(whole: Whole, whose: str, asker: Person) -> Thing:
    return Thing(f"/api/me/views/{await whole.view(who_has(whole, whose, asker), removed=True)}/restore", askers=whose == "own")


def of_import(method: str, step: str, body: Json | None) -> None:
    @make(f"{method} /api/customer-imports/{{import_id}}{step}")
    async def made(whole: Whole, whose: str, asker: Person) -> Thing:
        askers = whose == "own" and Role.administrator in asker.roles  # nobody else can send one
        sender = asker if askers else whole.people["root"]
        return Thing(f"/api/customer-imports/{await whole.customer_import(sender)}{step}", body, askers=askers)


of_import("GET", "", None)
of_import("POST", "/look", {})
of_import("POST", "/start", {"columns": {"number": 0, "name": 1}})
of_import("GET", "/report", None)
of_import("DELETE", "", None)


@make("GET /api/trays/{level}")
async def a_tray(_whole: Whole, level: str, _: Person) -> Thing:
    return Thing(f"/api/trays/{level}")
