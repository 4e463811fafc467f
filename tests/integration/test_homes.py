"""What waits for each person, where the open cases stand, how juniors and departments do (SPEC N1, N5, N9)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.access.actor import LoggedIn, Person
from services.access.rights import Role
from services.homes.views import Homes, gathered
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import Office, office
from tests.integration.test_orders import case, department, dispatch, later, review, see, step

Json = dict[str, Any]


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        network, billing = await running.department("network"), await running.department("billing", 48)
        for login, role, works_for in [
            ("li", "junior_agent", None),
            ("wang", "junior_agent", None),
            ("zhao", "senior_agent", None),
            ("boss", "manager", None),
            ("ban", "shift_leader", None),
            ("qa", "qa_inspector", None),
            ("data", "data_administrator", None),
            ("net", "department_officer", network),
            ("bill", "department_officer", billing),
        ]:
            await running.hire(login, role, department=works_for)
        yield running


async def home(desk: Office, login: str) -> dict[str, list[Json]]:
    """Tray -> its rows."""
    status, answer = await desk.ask(login, "GET", "/api/me/home")
    assert status == 200, answer
    return {tray["tray"]: tray["rows"] for tray in answer["trays"]}


async def stages(desk: Office, mark: str = "cases", **query: object) -> dict[str, int]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    _, figures = await desk.ask("zhao", "GET", f"/api/open-case-figures?{asked}")
    return {one["stage"]: one[mark] for one in figures if one[mark]}


async def standing(desk: Office, **query: object) -> list[tuple[str, int]]:
    """Stage and id of each open case, in their order."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    status, rows = await desk.ask("zhao", "GET", f"/api/open-cases?{asked}")
    assert status == 200, rows
    return [(row["stage"], row["id"]) for row in rows]


# homes -----------------------------------------------------------------------------------------------------------------


async def test_each_role_has_the_trays_of_its_rights(desk: Office) -> None:
    trays = {login: list(await home(desk, login)) for login in ("li", "boss", "data", "qa", "net")}
    own = ["sent_back", "returned", "closing", "drafts", "nobodys"]
    assert trays["li"] == ["to_junior", "cases", *own]
    assert trays["data"] == ["to_data", "cases"]
    assert trays["boss"] == [
        "to_manager",
        "to_senior",
        "to_junior",
        "cases",
        "sent_back",
        "reviews",
        "final",
        "refused",
        "extensions",
        *own[1:],
        "calls",
    ]
    assert trays["qa"] == ["calls"]
    assert trays["net"] == ["orders"]


async def test_who_holds_two_roles_has_the_trays_of_both_in_one_home(desk: Office) -> None:
    await desk.pool.execute("update person set roles = '{qa_inspector,junior_agent}' where login = 'qa'")
    assert {"cases", "drafts", "calls"} <= set(await home(desk, "qa"))


async def test_ones_cases_stand_by_the_clock_that_ends_first(desk: Office, clock: HandClock) -> None:
    first = await case(desk)
    clock.move(seconds=600)
    second = await case(desk)
    await case(desk, "wang")
    rows = (await home(desk, "li"))["cases"]
    assert [row["ticket_id"] for row in rows] == [first["id"], second["id"]]
    assert [row["deadline"]["rule"] for row in rows] == ["N2", "N2"]
    assert [row["deadline"]["standing"] for row in rows] == ["running", "running"]


async def test_ones_case_without_a_clock_is_no_less_ones_own(desk: Office) -> None:
    _, draft = await desk.ask(
        "li", "POST", "/api/tickets", {"key": "key-enquiry", "fields": {"kind": "enquiry", "description": "资费"}}
    )
    status, _ = await desk.ask("li", "POST", f"/api/tickets/{draft['id']}/confirm", {"version": draft["version"]})
    complaint = await case(desk)
    assert status == 200
    assert [row["ticket_id"] for row in (await home(desk, "li"))["cases"]] == [complaint["id"], draft["id"]]


async def test_a_paper_goes_from_the_reviewers_home_to_its_authors_and_back(desk: Office) -> None:
    order = await dispatch(desk, await case(desk))
    (waiting,) = (await home(desk, "zhao"))["reviews"]
    assert (waiting["id"], waiting["said"], waiting["author"]) == (str(order["papers"][0]["id"]), "dispatch", "Li")
    assert waiting["deadline"]["rule"] == "N2"
    assert (await home(desk, "li"))["sent_back"] == []
    await review(desk, "zhao", order, "send_back", reason="写清楚")
    assert (await home(desk, "zhao"))["reviews"] == []
    (back,) = (await home(desk, "li"))["sent_back"]
    assert (back["ticket_id"], (await home(desk, "wang"))["sent_back"]) == (order["ticket_id"], [])


async def test_what_departments_say_is_in_the_home_of_who_decides_it(desk: Office, clock: HandClock) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    (todo,) = (await home(desk, "net"))["orders"]
    assert (todo["number"], todo["said"], todo["customer_name"], todo["customer_number"]) == (order["number"], "issued", "", "")
    assert (await home(desk, "bill"))["orders"] == []
    until = (clock.now() + timedelta(hours=30)).isoformat()
    await step(desk, "net", order, "extension", until=until, reason="等备件")
    assert [row["id"] for row in (await home(desk, "zhao"))["extensions"]] == [str(order["id"])]
    order = await step(desk, "net", order, "refuse", reason="不是我们的")
    assert [row["id"] for row in (await home(desk, "zhao"))["refused"]] == [str(order["id"])]
    order = await step(desk, "zhao", order, "uphold", reason="是")
    order = await step(desk, "net", order, "refuse", reason="真不是")
    trays = await home(desk, "zhao"), await home(desk, "boss")
    assert ("final" in trays[0], trays[0]["refused"]) == (False, [])
    assert [row["id"] for row in trays[1]["final"]] == [str(order["id"])]


async def test_a_request_for_more_time_goes_from_the_home_with_its_order_and_is_answered_by_a_new_deadline(desk: Office) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    due = datetime.fromisoformat(order["due_at"])
    more = {"until": (due + timedelta(days=1)).isoformat(), "reason": "等备件"}
    order = await step(desk, "net", order, "extension", **more)
    assert len((await home(desk, "boss"))["extensions"]) == 1
    order = await step(desk, "net", order, "return", answer="已办")
    assert (await home(desk, "boss"))["extensions"] == []
    order = await step(desk, "zhao", order, "redo", reason="没办好", hours=200)
    assert (await home(desk, "boss"))["extensions"] == []
    later = {"until": (datetime.fromisoformat(order["due_at"]) + timedelta(days=1)).isoformat(), "reason": "还缺"}
    await step(desk, "net", order, "extension", **later)


async def test_what_came_back_waits_for_the_cases_owner_and_for_seniors_and_then_for_closing(desk: Office) -> None:
    ticket = await case(desk)
    order = await review(desk, "zhao", await dispatch(desk, ticket), "approve")
    order = await step(desk, "net", order, "return", answer="已处理")
    for login, many in (("li", 1), ("zhao", 1), ("wang", 0)):
        assert len((await home(desk, login))["returned"]) == many
    await step(desk, "li", order, "settle")
    assert [row["ticket_id"] for row in (await home(desk, "li"))["closing"]] == [ticket["id"]]
    assert (await home(desk, "wang"))["closing"] == []


async def test_a_draft_of_nobodys_is_in_the_home_of_whoever_may_take_it(desk: Office) -> None:
    await desk.ask("li", "POST", "/api/tickets", {"key": "key-nobodys", "fields": {"description": "没有声音"}})
    assert len((await home(desk, "li"))["drafts"]) == 1
    await desk.pool.execute("update ticket set owner_id = null")
    homes = await home(desk, "li"), await home(desk, "wang")
    assert [(len(one["drafts"]), len(one["nobodys"])) for one in homes] == [(0, 1), (0, 1)]


SUGGESTION = {"kind": "suggestion", "suggestion": "service", "description": "多开一个窗口", "answer": "谢谢"}


async def hand(desk: Office, login: str, ticket: Json, what: str, **more: object) -> Json:
    body = {"version": ticket["version"], **more}
    status, answer = await desk.ask(login, "POST", f"/api/tickets/{ticket['id']}/{what}", body)
    assert status == 200, answer
    return dict(answer)


async def waiting(desk: Office, login: str, tray: str) -> list[int]:
    return [row["ticket_id"] for row in (await home(desk, login))[tray]]


async def test_a2_n6_what_was_handed_on_waits_in_the_home_of_its_level_the_first_end_first(
    desk: Office, clock: HandClock
) -> None:
    """SPEC A2, N6."""
    first = await case(desk)
    clock.move(seconds=60)
    second = await hand(desk, "li", await case(desk), "hand-over", reason="查不到")
    first = await hand(desk, "li", first, "hand-over", reason="查不到")
    assert [await waiting(desk, login, "to_senior") for login in ("zhao", "boss")] == [[first["id"], second["id"]]] * 2
    (row, _) = (await home(desk, "zhao"))["to_senior"]
    assert (row["number"], row["deadline"]["rule"], row["deadline"]["standing"]) == (first["number"], "N2", "running")
    first = await hand(desk, "zhao", first, "take")
    assert (await waiting(desk, "zhao", "to_senior"), await waiting(desk, "zhao", "cases")) == ([second["id"]], [first["id"]])
    await hand(desk, "zhao", first, "escalate", reason="不接受", triggers=["not_accepted"])
    assert (await waiting(desk, "boss", "to_manager"), await waiting(desk, "zhao", "cases")) == ([first["id"]], [])
    third = await hand(desk, "li", await case(desk), "give-back", reason="换班")
    assert await waiting(desk, "wang", "to_junior") == [third["id"]]


async def test_a3_a_suggestion_waits_in_the_data_administrators_home_and_stays_there_once_it_is_taken(desk: Office) -> None:
    """SPEC A3: its clock has ended with its arrival, and it is work all the same."""
    ticket = await case(desk, "li", **SUGGESTION)
    assert (await waiting(desk, "data", "to_data"), await waiting(desk, "data", "cases")) == ([ticket["id"]], [])
    await hand(desk, "data", ticket, "take")
    assert (await waiting(desk, "data", "to_data"), await waiting(desk, "data", "cases")) == ([], [ticket["id"]])


class Counting:
    """A connection that knows how often it was asked."""

    def __init__(self, asked: asyncpg.Connection[Any]) -> None:
        self._asked = asked
        self.times = 0

    async def fetch(self, *query: Any) -> Any:
        self.times += 1
        return await self._asked.fetch(*query)


async def test_a_home_of_all_roles_is_at_most_eight_queries_however_much_waits(desk: Office) -> None:
    everybody = tuple(role for role in Role if role is not Role.department_officer)
    person = Person(
        id=desk.people["li"], login="li", name="Li", roles=everybody, extension=None, phone_kind="browser", phone_secret_n=1,
        language="zh-CN", must_change=False, active=True,
    )  # fmt: skip
    for _ in range(3):
        await dispatch(desk, await case(desk))
    async with db.connection(desk.pool) as taken:
        counting = Counting(taken)
        rows = await gathered(counting, LoggedIn(person=person, session=b""), 2)  # type: ignore[arg-type]
    assert counting.times + 1 <= 8  # and the stages
    assert {row["tray"] for row in rows} == {"cases"}


# the open cases by stage (N9) ------------------------------------------------------------------------------------------


async def test_n9_every_open_case_stands_in_the_stage_of_what_it_waits_for(desk: Office, clock: HandClock) -> None:
    await desk.ask("li", "POST", "/api/tickets", {"key": "key-a-draft", "fields": {"description": "没有声音"}})
    fresh = await case(desk)
    order = await dispatch(desk, await case(desk))
    ticket = order["ticket_id"]
    assert await stages(desk) == {"draft": 1, "dispatch": 1, "review": 1}
    await review(desk, "zhao", order, "send_back", reason="写清楚")
    assert (await standing(desk, stage="rewrite")) == [("rewrite", ticket)]
    await desk.ask("li", "PUT", f"/api/papers/{order['papers'][0]['id']}", {"version": 1, "task": "查", "urgent": False})
    order = await review(desk, "zhao", await see(desk, "li", order), "approve")
    status, (row,) = await desk.ask("zhao", "GET", "/api/open-cases?stage=department")
    assert (status, row["department"]["code"], row["department_since"]) == (200, "network", order["issued_at"])
    assert await standing(desk, department=await department(desk)) == [("department", ticket)]
    assert await standing(desk, department=await department(desk, "billing")) == []
    await step(desk, "net", order, "extension", until=(clock.now() + timedelta(hours=48)).isoformat(), reason="等备件")
    assert await standing(desk, stage="decide") == [("decide", ticket)]
    order = await step(desk, "net", order, "return", answer="已处理")
    assert await standing(desk, stage="returned") == [("returned", ticket)]
    await step(desk, "li", order, "settle")
    assert await standing(desk, stage="closing") == [("closing", ticket)]
    assert await standing(desk, stage="dispatch") == [("dispatch", fresh["id"])]
    version = await desk.pool.fetchval("select version from ticket where id = $1", ticket)
    _, changed = await desk.ask("li", "PATCH", f"/api/tickets/{ticket}", {"version": version, "fields": {"answer": "已退费"}})
    status, _ = await desk.ask(
        "li", "POST", f"/api/tickets/{ticket}/close", {"version": changed["version"], "closing": "confirmed"}
    )
    assert (status, await standing(desk, stage="closing")) == (200, [])


async def test_n9_late_stuck_and_bouncing_cases_are_told_and_their_figures_open_them(desk: Office, clock: HandClock) -> None:
    late, bouncing = await case(desk), await case(desk)
    order = await dispatch(desk, bouncing, "zhao", hours=100)
    for again in ("uphold", ""):
        order = await step(desk, "net", order, "refuse", reason="不是我们的")
        order = await step(desk, "zhao", order, again, reason="是") if again else order
    assert (await stages(desk, "bouncing"), await stages(desk, "stuck")) == ({"decide": 1}, {})
    await later(desk, clock, seconds=3600)
    assert await stages(desk, "late") == {"dispatch": 1}
    assert await stages(desk, "stuck", hours=1) == {"dispatch": 1, "decide": 1}
    assert await standing(desk, mark="late") == [("dispatch", late["id"])]
    assert await standing(desk, mark="bouncing") == [("decide", bouncing["id"])]
    order = await step(desk, "boss", order, "uphold", reason="终审")
    assert await standing(desk, mark="stuck", hours=1) == [("dispatch", late["id"])]


async def test_n9_of_more_open_cases_than_are_looked_through_those_are_shown_whose_clocks_end_first_and_it_is_said(
    desk: Office, clock: HandClock
) -> None:
    old = await case(desk, kind="suggestion", suggestion="service")  # the oldest one, and no clock runs for it
    await desk.pool.execute("update deadline set state = 'met', settled_at = now() where ticket_id = $1", old["id"])
    clock.move(minutes=5)
    sent, fresh = await case(desk), await case(desk)
    await dispatch(desk, sent, "zhao", hours=200)  # its clock ends long after that of the newest
    few = Homes(desk.pool, clock, refusals=2, looked_through=2)
    rows = await few.open_cases(stage=None, mark=None, department=None, hours=24, limit=10)
    assert [row["id"] for row in rows] == [fresh["id"], sent["id"]]
    told = {one.stage: one.cases for one in await few.stages(24) if one.cases}
    assert (told, {one.more for one in await few.stages(24)}) == ({"dispatch": 1, "department": 1}, {True})
    assert await stages(desk) == {"dispatch": 2, "department": 1}
    _, all_of_them = await desk.ask("zhao", "GET", "/api/open-case-figures")
    assert {one["more"] for one in all_of_them} == {False}


# how juniors do (N1) ---------------------------------------------------------------------------------------------------


async def marked(desk: Office, order: Json, verdict: str, *marks: str, wanted: int = 200) -> Json:
    paper = order["papers"][-1]
    body = {"version": paper["version"], "verdict": verdict, "reason": "说明", "marks": list(marks)}
    status, answer = await desk.ask("zhao", "POST", f"/api/papers/{paper['id']}/review", body)
    assert status == wanted, answer
    return dict(answer)


async def assessed(desk: Office, query: str = "") -> dict[str, Json]:
    a_moment_later(desk)
    status, answer = await desk.ask("ban", "GET", f"/api/assessments{query}")
    assert status == 200, answer
    return {row["name"]: row for row in answer["people"]}


async def test_n1_what_a_senior_marks_while_reviewing_is_summed_per_person_and_opens_the_papers(desk: Office) -> None:
    first = await dispatch(desk, await case(desk))
    second = await dispatch(desk, await case(desk))
    await marked(desk, first, "send_back", "late", "wrong_class")
    await marked(desk, second, "approve", "right")
    await marked(desk, await dispatch(desk, await case(desk, "wang"), "wang"), "approve")
    rows = await assessed(desk)
    figures = ("reviewed", "sent_back", "right", "late", "wrong_class", "wrong_sent")
    assert [rows["Li"][name] for name in figures] == [2, 1, 1, 1, 1, 0]
    assert [rows["Wang"][name] for name in figures] == [1, 0, 0, 0, 0, 0]
    for figure, wanted in (("late", [first]), ("right", [second]), ("reviewed", [second, first]), ("wrong_sent", [])):
        _, papers = await desk.ask("zhao", "GET", f"/api/assessments/{desk.people['li']}?figure={figure}")
        assert [paper["order"] for paper in papers] == [order["id"] for order in wanted], figure


async def test_n1_marks_stay_as_they_were_given_and_do_not_contradict(
    desk: Office, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    order = await dispatch(desk, await case(desk))
    answer = await marked(desk, order, "approve", "right", "wrong_sent", wanted=422)
    assert [(one["field"], one["code"]) for one in answer["fields"]] == [("marks", "contradict")]
    await marked(desk, order, "approve", "right", "late")
    for account in (desk.pool, owner):
        with pytest.raises(asyncpg.PostgresError):
            await account.execute("update review set marks = '{}'")


async def test_n1_reviews_belong_to_the_time_in_which_they_were_given(desk: Office, clock: HandClock) -> None:
    await marked(desk, await dispatch(desk, await case(desk)), "approve", "right")
    at = clock.now()
    edges = [(at, at + timedelta(seconds=1)), (at - timedelta(hours=1), at)]
    shown = [await assessed(desk, "?" + span(*edge)) for edge in edges]
    assert [list(rows) for rows in shown] == [["Li"], []]


def a_moment_later(desk: Office) -> None:
    """What was done at this very moment is not in a stretch of time that ends with it."""
    assert isinstance(desk.clock, HandClock)
    desk.clock.move(seconds=0.001)


def span(begin: Any, end: Any) -> str:
    written = (moment.isoformat().replace("+00:00", "Z") for moment in (begin, end))
    return "from={}&to={}".format(*written)


# how departments do ----------------------------------------------------------------------------------------------------

PARTS = ("dispatched", "returned", "in_time", "late", "done", "first_right", "refused", "warned")


async def came_to(desk: Office, login: str = "zhao") -> dict[str, Json]:
    a_moment_later(desk)
    status, answer = await desk.ask(login, "GET", "/api/department-figures")
    assert (status, answer.get("formula")) == (200, "tingsu-department-1"), answer
    return {row["department"]["code"]: row for row in answer["departments"]}


async def behind(desk: Office, figure: str, login: str = "zhao", code: str = "network") -> list[int]:
    path = f"/api/department-figures/{await department(desk, code)}?figure={figure}"
    status, rows = await desk.ask(login, "GET", path)
    assert status == 200, rows
    return [row["id"] for row in rows]


async def test_a_departments_figures_are_counted_by_their_formula_and_open_the_very_orders(
    desk: Office, clock: HandClock
) -> None:
    right = await dispatch(desk, await case(desk), "zhao")
    refused = await dispatch(desk, await case(desk), "zhao")
    late = await dispatch(desk, await case(desk), "zhao", hours=1)
    right = await step(desk, "zhao", await step(desk, "net", right, "return", answer="好了"), "settle")
    refused = await step(desk, "net", refused, "refuse", reason="不是我们的")
    refused = await step(desk, "zhao", refused, "uphold", reason="是")
    refused = await step(desk, "net", refused, "return", answer="好了")
    refused = await step(desk, "zhao", refused, "settle")
    await later(desk, clock, seconds=3600)
    row = (await came_to(desk))["network"]
    assert [row[part] for part in PARTS] == [3, 2, 2, 1, 2, 1, 1, 0]
    assert (row["in_time_share"], row["first_right_share"]) == (2 / 3, 1 / 2)
    for figure, wanted in (("late", [late]), ("first_right", [right]), ("refused", [refused]), ("done", [refused, right])):
        assert await behind(desk, figure) == [order["id"] for order in wanted], figure
    wanted = {"department": await department(desk), "task": "重做", "reason": "客户不满意", "warning": "书面警告"}
    again = await step(desk, "zhao", right, "second", 201, **wanted)
    row = (await came_to(desk))["network"]
    assert (row["first_right"], row["warned"], await behind(desk, "warned")) == (0, 1, [again["id"]])
    assert (await came_to(desk))["billing"]["in_time_share"] is None


async def test_a_departments_people_see_their_own_figures_and_no_others(desk: Office) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    assert list(await came_to(desk, "net")) == ["network"]
    assert await behind(desk, "dispatched", "net") == [order["id"]]
    path = f"/api/department-figures/{await department(desk, 'network')}"
    assert (await desk.ask("bill", "GET", path))[0] == 404
    assert list(await came_to(desk, "bill")) == ["billing"]


async def test_figures_are_as_many_as_what_they_open(desk: Office, clock: HandClock) -> None:
    for hours in (1, 2, 3):
        order = await dispatch(desk, await case(desk), "zhao", hours=hours)
        await later(desk, clock, seconds=3600)
        await step(desk, "net", order, "return", answer="好了")
    row = (await came_to(desk))["network"]
    assert [row[part] for part in PARTS] == [len(await behind(desk, part)) for part in PARTS]
    assert (row["in_time"], row["late"]) == (2, 1)
