"""Each role on every route (ASVS V8): the table below is the whole truth, written down apart from the code that enforces it."""

from __future__ import annotations

import pytest

from services.access.rights import Role
from services.errors import Forbidden
from services.people.model import NewPerson
from services.routes import CLASSES
from services.web.http import Route, routes_of
from tests.harness.api import Api, account

AGENTS = "junior_agent text_entry_clerk recording_extractor senior_agent manager"
SENIORS = "senior_agent manager"
DATA = "administrator data_administrator"
HANDS = f"data_administrator {AGENTS}"
CENTRE = f"administrator qa_inspector surveyor data_administrator statistician shift_leader {AGENTS}"
LISTENERS = f"administrator qa_inspector surveyor shift_leader {AGENTS}"
CALLS = f"statistician {LISTENERS}"
OFFICER = "department_officer"
EXPORTERS = "administrator statistician manager"
OVERSEERS = f"shift_leader {SENIORS}"
EVERYBODY = f"{CENTRE} {OFFICER}"
ALLOWED = {
    "POST /api/login": "public",
    "GET /api/health": "public",
    "POST /api/logout": EVERYBODY,
    "GET /api/me": EVERYBODY,
    "PATCH /api/me": EVERYBODY,
    "GET /api/me/due": CENTRE,
    "GET /api/me/home": EVERYBODY,
    "GET /api/open-case-figures": OVERSEERS,
    "GET /api/open-cases": OVERSEERS,
    "GET /api/assessments": OVERSEERS,
    "GET /api/assessments/{author_id}": OVERSEERS,
    "GET /api/department-figures": f"{OVERSEERS} {OFFICER}",
    "GET /api/department-figures/{department_id}": f"{OVERSEERS} {OFFICER}",
    "GET /api/policy": "administrator qa_inspector",
    "POST /api/me/password": EVERYBODY,
    "GET /api/me/lists": EVERYBODY,
    "PUT /api/me/lists/{list_name}/columns": EVERYBODY,
    "POST /api/me/lists/{list_name}/views": EVERYBODY,
    "DELETE /api/me/views/{view_id}": EVERYBODY,
    "POST /api/me/views/{view_id}/restore": EVERYBODY,
    "GET /api/openapi.json": EVERYBODY,
    "GET /api/system": CENTRE,
    "GET /api/system/aside": CENTRE,
    "POST /api/system/aside/retry": "administrator",
    "GET /api/board": CENTRE,
    "GET /api/live": EVERYBODY,
    "PUT /api/me/state": AGENTS,
    "GET /api/phone": AGENTS,
    "GET /api/calls": CALLS,
    "GET /api/calls/{call_id}": CALLS,
    "GET /api/calls/{call_id}/audio": LISTENERS,
    "GET /api/tickets": CENTRE,
    "POST /api/tickets": AGENTS,
    "GET /api/tickets/{ticket_id}": CENTRE,
    "PATCH /api/tickets/{ticket_id}": HANDS,
    "POST /api/tickets/{ticket_id}/confirm": AGENTS,
    "POST /api/tickets/{ticket_id}/discard": AGENTS,
    "POST /api/tickets/{ticket_id}/restore": AGENTS,
    "POST /api/tickets/{ticket_id}/close": HANDS,
    "POST /api/tickets/{ticket_id}/hand-over": HANDS,
    "POST /api/tickets/{ticket_id}/escalate": HANDS,
    "POST /api/tickets/{ticket_id}/suggest": HANDS,
    "POST /api/tickets/{ticket_id}/give-back": HANDS,
    "POST /api/tickets/{ticket_id}/take": HANDS,
    "GET /api/tickets/{ticket_id}/decisions": CENTRE,
    "GET /api/tickets/{ticket_id}/story": CENTRE,
    "POST /api/tickets/{ticket_id}/overrule": "manager",
    "POST /api/tickets/{ticket_id}/hotline-order": "manager",
    "POST /api/tickets/{ticket_id}/compensation": "manager",
    "POST /api/tickets/{ticket_id}/compensation/answer": "manager",
    "POST /api/tickets/{ticket_id}/conclude": "manager",
    "POST /api/tickets/{ticket_id}/reopen": "manager",
    "GET /api/trays": HANDS,
    "GET /api/trays/{level}": HANDS,
    "POST /api/tickets/{ticket_id}/acknowledge": AGENTS,
    "GET /api/tickets/{ticket_id}/progress": CENTRE,
    "POST /api/ticket-steps": AGENTS,
    "GET /api/tickets/{ticket_id}/journal": CENTRE,
    "GET /api/lexicon": CENTRE,
    "PUT /api/lexicon": DATA,
    "GET /api/customers": CENTRE,
    "POST /api/customers": "administrator",
    "PUT /api/customers/{customer_id}": "administrator",
    "GET /api/customer-imports": "administrator",
    "POST /api/customer-imports": "administrator",
    "GET /api/customer-imports/{import_id}": "administrator",
    "DELETE /api/customer-imports/{import_id}": "administrator",
    "POST /api/customer-imports/{import_id}/look": "administrator",
    "POST /api/customer-imports/{import_id}/start": "administrator",
    "GET /api/customer-imports/{import_id}/report": "administrator",
    "POST /api/customer-exports": EXPORTERS,
    "POST /api/ticket-exports": EXPORTERS,
    "POST /api/call-exports": EXPORTERS,
    "GET /api/people": "administrator",
    "POST /api/people": "administrator",
    "PATCH /api/people/{person_id}": "administrator",
    "POST /api/people/{person_id}/password": "administrator",
    "GET /api/audit": "administrator",
    "POST /api/reveals": f"qa_inspector shift_leader {OFFICER}",
    "GET /api/departments": CENTRE,
    "PUT /api/departments": DATA,
    "GET /api/departments/editions": CENTRE,
    "POST /api/departments/back": DATA,
    "GET /api/tickets/{ticket_id}/orders": CENTRE,
    "POST /api/tickets/{ticket_id}/orders": AGENTS,
    "GET /api/tickets/{ticket_id}/clocks": CENTRE,
    "GET /api/link": "",
    "GET /api/orders/{order_id}/clocks": EVERYBODY,
    "GET /api/orders": OFFICER,
    "GET /api/orders/{order_id}": EVERYBODY,
    "GET /api/orders/{order_id}/journal": EVERYBODY,
    "POST /api/orders/{order_id}/chase": AGENTS,
    "POST /api/orders/{order_id}/withdraw": AGENTS,
    "POST /api/orders/{order_id}/settle": AGENTS,
    "POST /api/orders/{order_id}/second": SENIORS,
    "POST /api/orders/{order_id}/redirect": SENIORS,
    "POST /api/orders/{order_id}/remind": f"surveyor {SENIORS}",
    "POST /api/orders/{order_id}/uphold": SENIORS,
    "POST /api/orders/{order_id}/redo": SENIORS,
    "POST /api/orders/{order_id}/extension/decision": SENIORS,
    "POST /api/orders/{order_id}/extension": OFFICER,
    "POST /api/orders/{order_id}/accept": OFFICER,
    "POST /api/orders/{order_id}/refuse": OFFICER,
    "POST /api/orders/{order_id}/return": OFFICER,
    "GET /api/inbox": EVERYBODY,
    "PUT /api/inbox/{notice_id}": EVERYBODY,
    "POST /api/inbox-read": EVERYBODY,
    "POST /api/inbox-unread": EVERYBODY,
    "GET /api/reviews": SENIORS,
    "GET /api/tickets/{ticket_id}/appeals": CENTRE,
    "POST /api/tickets/{ticket_id}/appeals": AGENTS,
    "POST /api/appeals/{appeal_id}/answer": HANDS,
    "POST /api/appeals/{appeal_id}/drop": HANDS,
    "POST /api/appeals/{appeal_id}/chase": AGENTS,
    "POST /api/appeals/{appeal_id}/withdraw": AGENTS,
    "GET /api/tickets/{ticket_id}/repeats": CENTRE,
    "POST /api/tickets/{ticket_id}/repeats": AGENTS,
    "POST /api/tickets/{ticket_id}/not-accept": AGENTS,
    "POST /api/tickets/{ticket_id}/accept": AGENTS,
    "GET /api/calendar": CENTRE,
    "PUT /api/calendar": DATA,
    "GET /api/calendar/editions": CENTRE,
    "POST /api/calendar/back": DATA,
    "GET /api/phrases": CENTRE,
    "PUT /api/phrases": DATA,
    "GET /api/phrases/editions": CENTRE,
    "POST /api/phrases/back": DATA,
    "PUT /api/papers/{paper_id}": AGENTS,
    "POST /api/papers/{paper_id}/drop": AGENTS,
    "POST /api/papers/{paper_id}/review": SENIORS,
    "POST /api/orders/{order_id}/evidence": OFFICER,
    "GET /api/orders/{order_id}/evidence": EVERYBODY,
    "GET /api/evidence/{evidence_id}": EVERYBODY,
    "GET /api/warnings": EVERYBODY,
    "GET /api/warnings/{warning_id}/print": EVERYBODY,
    "GET /api/tickets/{ticket_id}/print": CENTRE,
    "GET /api/tickets/{ticket_id}/story/print": CENTRE,
    "GET /api/orders/{order_id}/print": EVERYBODY,
}

ROUTES = {f"{route.method} {route.path}": route for kind in CLASSES for route in routes_of(kind)}


def test_every_route_is_in_the_table_and_the_other_way_round() -> None:
    assert set(ROUTES) == set(ALLOWED)


def path_of(route: Route) -> str:
    path = route.path
    for name in route.path_kinds:
        path = path.replace(f"{{{name}}}", "tingsu-1.1" if name == "call_id" else "999999")
    return path


@pytest.mark.parametrize("name", sorted(ROUTES))
async def test_a_route_opens_to_its_roles_and_to_nobody_else(shared_api: Api, name: str) -> None:
    route, wanted = ROUTES[name], ALLOWED[name].split()
    async with shared_api.client() as stranger, stranger.request(route.method, path_of(route)) as answer:
        assert (answer.status != 401) == (wanted == ["public"]), await answer.text()
    if wanted == ["public"]:
        return
    for role in Role:
        async with shared_api.as_role(role) as browser, browser.request(route.method, path_of(route)) as answer:
            refused = answer.status == 403 and (await answer.json())["message"] == str(Forbidden())  # the role's, not "not yours"
            assert refused == (role not in wanted), (role, answer.status, await answer.text())


async def test_who_holds_two_roles_comes_in_where_either_does(shared_api: Api) -> None:
    both = NewPerson(login="both", name="两职", roles=(Role.qa_inspector, Role.junior_agent), extension="1002")
    await account(shared_api.people, both)
    async with shared_api.client("both") as browser:
        me = await (await browser.get("/api/me")).json()
        assert me["roles"] == ["qa_inspector", "junior_agent"]
        assert {"desk", "calls.read", "recordings.listen"} <= set(me["rights"])
        assert "people" not in me["rights"]
        assert [(await browser.get(path)).status for path in ("/api/phone", "/api/calls", "/api/people")] == [200, 200, 403]


@pytest.mark.parametrize("forged", [{"Authorization": "Basic YWRtaW46YWRtaW4="}, {"Cookie": "tingsu_session=" + "A" * 43}])
async def test_forged_credentials_are_nobodys(shared_api: Api, forged: dict[str, str]) -> None:
    async with shared_api.client() as stranger, stranger.get("/api/people", headers=forged) as answer:
        assert answer.status == 401
