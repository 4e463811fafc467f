"""The bell inbox over HTTP and a real database: who is told what, once, in the transaction of what happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.alarms import Alarms
from services.clocks.sweeper import Sweeper
from services.inbox import store as inbox
from services.inbox.actions import Inbox
from services.inbox.model import COUNTED, KEPT, Code, Notice
from services.store import db
from services.troubles import Troubles
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer
from tests.harness.office import Browser, Office, office
from tests.integration.test_orders import case, department, dispatch, later, review, see, step

Json = dict[str, Any]
HIRED = [
    ("li", "junior_agent", None),
    ("wang", "junior_agent", None),
    ("zhao", "senior_agent", None),
    ("qian", "senior_agent", None),
    ("boss", "manager", None),
    ("net", "department_officer", "network"),
    ("net2", "department_officer", "network"),
    ("bill", "department_officer", "billing"),
]


@pytest_asyncio.fixture
async def desk(pool: db.Pool, postgres: DatabaseServer, database: str, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False, database=postgres.as_application(database)) as running:
        departments = {code: await running.department(code) for code in ("network", "billing")}
        for login, role, of in HIRED:
            await running.hire(login, role, department=departments[of] if of else None)
        yield running


async def rang(desk: Office, login: str) -> list[str]:
    """What stands in a person's inbox, the newest first."""
    return [one["code"] for one in (await shown(desk, login))["notices"]]


async def shown(desk: Office, login: str, query: str = "") -> Json:
    status, page = await desk.ask(login, "GET", f"/api/inbox{query}")
    assert status == 200, page
    return dict(page)


async def everybody(desk: Office) -> dict[str, list[str]]:
    """The inboxes in which there is something."""
    return {login: codes for login, *_ in HIRED if (codes := await rang(desk, login))}


async def told(desk: Office, person: str, *causes: str, code: Code = Code.ORDER_RETURNED, by: str | None = None) -> None:
    ticket = await desk.pool.fetchval("select min(id) from ticket")
    for cause in causes:
        notice = Notice(code=code, cause=cause, ticket=ticket, at=desk.clock.now(), by=desk.people[by] if by else None)
        async with db.transaction(desk.pool) as connection:
            await inbox.tell(connection, notice, [desk.people[person]])


# what rings ------------------------------------------------------------------------------------------------------------


async def test_a_review_rings_for_the_papers_author_with_its_reason(desk: Office) -> None:
    ticket = await case(desk)
    order = await dispatch(desk, ticket)
    await review(desk, "zhao", order, "send_back", reason="说清楚一点")
    (notice,) = (await shown(desk, "li"))["notices"]
    assert (notice["code"], notice["by"], notice["details"]) == ("paper_sent_back", "Zhao", {"reason": "说清楚一点"})
    assert (notice["ticket_id"], notice["ticket"], notice["order_id"]) == (ticket["id"], ticket["number"], order["id"])
    assert (notice["department"], notice["important"], notice["read_at"]) == ({"zh": "network", "en": "network"}, True, None)
    assert await everybody(desk) == {"li": ["paper_sent_back"]}


async def test_who_takes_back_anothers_paper_tells_its_author(desk: Office) -> None:
    order = await dispatch(desk, await case(desk))
    (paper,) = order["papers"]
    status, _ = await desk.ask("zhao", "POST", f"/api/papers/{paper['id']}/drop", {"version": paper["version"]})
    assert (status, await everybody(desk)) == (200, {"li": ["paper_dropped"]})


async def test_what_was_approved_rings_for_its_author_and_for_the_department_that_gets_it(desk: Office) -> None:
    await review(desk, "zhao", await dispatch(desk, await case(desk)), "approve")
    assert await everybody(desk) == {"li": ["paper_approved"], "net": ["order_issued"], "net2": ["order_issued"]}


async def test_what_a_department_sends_back_rings_for_the_author_and_where_they_decide_nothing_for_the_seniors(
    desk: Office,
) -> None:
    order = await review(desk, "zhao", await dispatch(desk, await case(desk)), "approve")
    await step(desk, "net", order, "refuse", reason="不归我们")
    assert {login: codes[0] for login, codes in (await everybody(desk)).items()} == {
        "li": "order_refused", "zhao": "order_refused", "qian": "order_refused", "boss": "order_refused",
        "net": "order_issued", "net2": "order_issued",
    }  # fmt: skip


async def test_a_seniors_own_order_that_comes_back_rings_for_nobody_else_at_the_centre_but_who_has_the_case(desk: Office) -> None:
    order = await dispatch(desk, await case(desk, "li"), "zhao")
    await step(desk, "net", order, "refuse", reason="不归我们")
    heard = await everybody(desk)
    assert {login for login, codes in heard.items() if "order_refused" in codes} == {"zhao", "li"}


async def test_an_answer_rings_for_who_has_the_case_and_for_all_seniors_once_nobody_concerned_works_here(desk: Office) -> None:
    order = await dispatch(desk, await case(desk, "zhao"), "zhao")
    await desk.pool.execute("update person set active = false where login = 'zhao'")
    await step(desk, "net", order, "return", answer="已处理")
    heard = await everybody_active(desk)
    assert {login for login, codes in heard.items() if "order_returned" in codes} == {"qian", "boss"}


async def everybody_active(desk: Office) -> dict[str, list[str]]:
    """Likewise, of those who still work here."""
    gone = {row["login"] for row in await desk.pool.fetch("select login from person where not active")}
    return {login: codes for login, *_ in HIRED if login not in gone and (codes := await rang(desk, login))}


async def test_a_request_for_more_time_rings_for_who_decides_it_and_the_decision_for_the_department(
    desk: Office, clock: HandClock
) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    until = (clock.now() + timedelta(hours=30)).isoformat()
    asked = await step(desk, "net", order, "extension", until=until, reason="等备件")
    (notice,) = [one for one in (await shown(desk, "zhao"))["notices"] if one["code"] == "extension_asked"]
    assert (notice["details"]["reason"], datetime.fromisoformat(notice["details"]["until"])) == (
        "等备件",
        datetime.fromisoformat(until),
    )
    await step(desk, "qian", asked, "extension/decision", granted=False, note="不行")
    asked = await step(desk, "net", await see(desk, "net", order), "extension", until=until, reason="再等")
    await step(desk, "qian", asked, "extension/decision", granted=True)
    assert await rang(desk, "net2") == ["extension_granted", "extension_denied", "order_issued"]
    assert (await rang(desk, "zhao")).count("extension_asked") == 2


async def test_chase_and_withdrawal_ring_for_the_department(desk: Office) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    order = await step(desk, "zhao", order, "chase", task="加急查", urgent=True, reason="客户催")
    await step(desk, "zhao", order, "withdraw", reason="客户撤诉")
    assert await rang(desk, "net") == ["order_withdrawn", "order_chased", "order_issued"]


async def test_nobody_is_told_of_what_they_did_themselves(desk: Office) -> None:
    await case(desk)
    await told(desk, "li", "one", by="li")
    await told(desk, "li", "two", by="wang")
    assert len(await rang(desk, "li")) == 1


async def test_the_same_event_rings_once_however_often_it_is_told(desk: Office) -> None:
    await case(desk)
    await told(desk, "li", "order:1:2", "order:1:2")
    await told(desk, "li", "order:1:2", code=Code.ORDER_REFUSED)
    assert await rang(desk, "li") == ["order_returned"]


async def test_what_is_undone_was_told_to_nobody(desk: Office) -> None:
    order = await dispatch(desk, await case(desk))
    await review(desk, "wang", order, "send_back", "因", wanted=403)
    assert await everybody(desk) == {}


@pytest.mark.parametrize("owned", [True, False])
async def test_n2_a_clock_warns_who_has_the_case_and_its_breach_tells_the_seniors_too(
    desk: Office, clock: HandClock, owned: bool
) -> None:
    """SPEC N2: once each, in the transaction that notes it."""
    ticket = await case(desk)
    if not owned:
        await desk.pool.execute("update ticket set owner_id = null")
    sweeper = Sweeper(desk.pool, clock, troubles=Troubles(clock), effects=Alarms())
    await later(desk, clock, minutes=50)
    assert (await sweeper.next(), await sweeper.next()) == (True, False)
    seniors = {login: ["clock_warned"] for login in ("zhao", "qian", "boss")}
    assert await everybody(desk) == ({"li": ["clock_warned"]} if owned else seniors)
    await later(desk, clock, minutes=10)
    assert (await sweeper.next(), await sweeper.next()) == (True, False)
    heard = {login: codes[0] for login, codes in (await everybody(desk)).items()}
    assert heard == dict.fromkeys((["li"] if owned else []) + ["zhao", "qian", "boss"], "clock_breached")
    (notice, *_) = (await shown(desk, "zhao"))["notices"]
    assert (notice["ticket"], notice["by"], notice["details"]["rule"]) == (ticket["number"], None, "N2")


async def test_a_step_with_a_case_and_its_clocks_breach_at_once_wait_for_each_other_and_both_come_about(
    desk: Office, clock: HandClock
) -> None:
    """Both lock the ticket first: neither is chosen to give way."""
    tickets = [await case(desk) for _ in range(8)]
    await later(desk, clock, hours=1)
    sweepers = [Sweeper(desk.pool, clock, troubles=Troubles(clock), effects=Alarms()) for _ in range(2)]

    async def swept(one: Sweeper) -> None:
        while await one.next():
            continue

    orders = await asyncio.gather(
        *(dispatch(desk, ticket, "zhao", key=f"key-at-once-{ticket['id']}") for ticket in tickets),
        *(swept(one) for one in sweepers),
    )
    assert sum(order is not None for order in orders) == len(tickets)
    noted = await desk.pool.fetchval("select count(*) from deadline where breached_at is not null")
    assert (await rang(desk, "qian")).count("clock_breached") == noted  # what was dispatched first is late, and nobody's alarm


# reading ---------------------------------------------------------------------------------------------------------------


async def test_pages_follow_each_other_and_the_unread_are_counted_up_to_a_hundred(desk: Office) -> None:
    await case(desk)
    await told(desk, "li", *(f"event:{n}" for n in range(COUNTED + 5)))
    first = await shown(desk, "li", "?limit=60")
    second = await shown(desk, "li", f"?limit=60&after={first['next']}")
    ids = [one["id"] for page in (first, second) for one in page["notices"]]
    assert (len(ids), ids, second["next"]) == (COUNTED + 5, sorted(ids, reverse=True), None)
    assert first["unread"] == COUNTED


async def test_one_is_read_and_unread_again_and_nobody_elses(desk: Office) -> None:
    await case(desk)
    await told(desk, "li", "one", "two")
    (notice, _) = (await shown(desk, "li"))["notices"]
    assert (await desk.ask("wang", "PUT", f"/api/inbox/{notice['id']}", {"read": True}))[0] == 404
    assert (await desk.ask("li", "PUT", f"/api/inbox/{notice['id']}", {"read": True}))[0] in {200, 204}
    page = await shown(desk, "li")
    assert (page["unread"], page["notices"][0]["read_at"] is not None) == (1, True)
    await desk.ask("li", "PUT", f"/api/inbox/{notice['id']}", {"read": False})
    assert (await shown(desk, "li"))["unread"] == 2


async def test_all_that_were_seen_are_read_at_once_and_that_is_undone_alone(desk: Office, clock: HandClock) -> None:
    await case(desk)
    await told(desk, "li", "one", "two", "three")
    one, two, three = reversed((await shown(desk, "li"))["notices"])
    await desk.ask("li", "PUT", f"/api/inbox/{one['id']}", {"read": True})
    clock.move(seconds=1)
    status, marked = await desk.ask("li", "POST", "/api/inbox-read", {"upto": two["id"]})
    assert (status, marked["count"]) == (200, 1)
    assert [row["read_at"] is None for row in (await shown(desk, "li"))["notices"]] == [True, False, False]
    status, back = await desk.ask("li", "POST", "/api/inbox-unread", {"at": marked["at"]})
    assert (status, back["count"]) == (200, 1)
    assert [row["read_at"] is None for row in (await shown(desk, "li"))["notices"]] == [True, True, False]
    assert three["read_at"] is None


async def test_a_department_that_no_longer_has_an_officer_tells_him_no_more(desk: Office) -> None:
    await dispatch(desk, await case(desk), "zhao")
    assert await rang(desk, "net") == ["order_issued"]
    await desk.pool.execute("update person set department_id = $1 where login = 'net'", await department(desk, "billing"))
    assert (await shown(desk, "net"))["unread"] == 0
    assert await rang(desk, "net") == []


async def test_a_bell_is_heard_by_its_person_and_by_nobody_else(desk: Office) -> None:
    ticket = await case(desk)
    async with desk.browser("li") as mine, desk.browser("wang") as anothers:
        await mine.next("hello")
        await anothers.next("hello")
        await told(desk, "li", "one")
        assert await heard(mine, "notice") == {str(desk.people["li"])}
        await told(desk, "wang", "two")
        assert await heard(anothers, "notice") == {str(desk.people["wang"])}
        assert ticket["id"]


async def heard(browser: Browser, kind: str) -> set[str | None]:
    """Whose inboxes the first message about inboxes names; that any may have changed (a start) is passed over."""
    while True:
        things = (await browser.next("changed"))["things"]
        if found := {thing["id"] for thing in things if thing["kind"] == kind and thing["id"] is not None}:
            return found


async def test_notices_of_a_quarter_ago_go_and_younger_ones_stay(desk: Office, clock: HandClock) -> None:
    await case(desk)
    await told(desk, "li", "old")
    await later(desk, clock, seconds=(KEPT + timedelta(seconds=1)).total_seconds())
    await told(desk, "li", "young")
    await Inbox(desk.pool, clock).forget()
    assert [row["cause"] for row in await desk.pool.fetch("select cause from notice")] == ["young"]


@pytest.mark.parametrize("code", Code)
async def test_every_code_can_be_kept_and_shown(desk: Office, code: Code) -> None:
    await case(desk)
    await told(desk, "li", "one", code=code)
    assert await rang(desk, "li") == [code]


async def test_a_notice_of_a_newer_version_hides_no_other(desk: Office) -> None:
    await case(desk)
    await told(desk, "li", "one", "two")
    await desk.pool.execute("update notice set code = 'of_a_later_version' where cause = 'one'")
    assert await rang(desk, "li") == [Code.ORDER_RETURNED]
