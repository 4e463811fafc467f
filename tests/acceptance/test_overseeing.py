"""The pages of whoever leads, in one browser: the manager hotline (SPEC M1, N6, A4), a senior's home and others' (N1, N4, O8),
every open case by what it waits for (N9), and how the juniors' papers came out (N1).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.demo.desk import Desk
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent
from tests.harness.hall import Hall, departments

CASE = {
    "kind": "complaint", "business": "data", "nature": "fault_repair", "description": "宽带每晚掉线", "answer": "已重启端口",
    "customer_name": "刘桂英",
}  # fmt: skip
PORTS = {"code": "lead_ports", "zh": "端口部", "en": "Ports", "hours": 24}
ROLES = {
    "lead-jun": "junior_agent", "lead-sen": "senior_agent", "lead-boss": "manager", "lead-ban": "shift_leader",
    "lead-data": "data_administrator",
}  # fmt: skip
Json = dict[str, Any]


@dataclass(frozen=True)
class Cases:
    """What people do at other desks while somebody looks at a page."""

    desks: dict[str, Desk]
    department: int
    made: list[Json]

    async def new(self) -> Json:
        """An open case of the junior's."""
        desk = self.desks["lead-jun"]
        draft = await desk.post("/api/tickets", key=f"lead-case-{len(self.made):04d}", fields=CASE)
        self.made.append(await desk.post(f"/api/tickets/{draft['id']}/confirm", version=draft["version"]))
        return self.made[-1]

    async def dispatched(self) -> tuple[Json, Json]:
        """A case, and its order that waits for the review."""
        case = await self.new()
        order = await self.desks["lead-jun"].post(
            f"/api/tickets/{case['id']}/orders",
            key=f"lead-order-{case['id']:04d}", version=case["version"], department=self.department, task="查端口",
        )  # fmt: skip
        return case, order

    async def review(self, order: Json, verdict: str, *marks: str, reason: str = "") -> Json:
        paper = order["papers"][0]
        body = {"version": paper["version"], "verdict": verdict, "marks": marks, "reason": reason}
        return dict(await self.desks["lead-sen"].post(f"/api/papers/{paper['id']}/review", **body))

    async def refused(self) -> Json:
        """A case whose department says that it is not its own."""
        case, order = await self.dispatched()
        left = await self.review(order, "approve")
        await self.desks["lead-off"].post(f"/api/orders/{left['id']}/refuse", version=left["version"], reason="不归我们")
        return case

    async def tidied(self) -> None:
        """No paper is left for somebody else's review."""
        for case in self.made:
            for order in await self.desks["lead-jun"].get(f"/api/tickets/{case['id']}/orders"):
                if order["state"] == "proposed":
                    paper = order["papers"][0]
                    await self.desks["lead-jun"].post(f"/api/papers/{paper['id']}/drop", version=paper["version"])


_made: list[Json] = []
"""Keys of cases go on from test to test of the one centre."""


@pytest.fixture
async def cases(centre: Centre) -> AsyncIterator[Cases]:
    department = (await departments(centre.admin, [PORTS]))["lead_ports"]
    for login, role in ROLES.items():
        await centre.hire(login, role=role)
    await centre.hire("lead-off", role="department_officer", department=department)
    async with AsyncExitStack() as stack:
        logins = ("lead-jun", "lead-sen", "lead-off")
        cases = Cases({login: await stack.enter_async_context(await centre.desk(login)) for login in logins}, department, _made)
        yield cases
        await cases.tidied()


@pytest.fixture
async def hall(centre: Centre, tmp_path: Path) -> AsyncIterator[Hall]:
    async with Hall(centre, pictures=tmp_path) as hall:
        yield hall
        hall.assert_clean()


def of(desk: Agent, testid: str, case: Json) -> Locator:
    """The row of that case."""
    return desk.page.locator(f"[data-testid={testid}][data-ticket-id='{case['id']}']")


async def decide(manager: Agent, reason: str) -> None:
    """A decision whose form is open."""
    await manager.at("decision-reason").fill(reason)
    await manager.at("decision-send").click()
    await expect(manager.at("decision-send")).to_have_count(0)


async def test_m1_the_manager_hotline_takes_overrules_closes_and_opens_again(cases: Cases, hall: Hall) -> None:
    """SPEC M1, A4, N6."""
    manager = await hall.log_in("lead-boss")
    await manager.room("hotline")
    case = await cases.new()
    up = {"version": case["version"], "triggers": ["not_accepted"], "reason": "客户不接受答复"}
    await cases.desks["lead-jun"].post(f"/api/tickets/{case['id']}/escalate", **up)
    await expect(of(manager, "tray-row", case)).to_contain_text("客户不接受答复")  # by itself
    await manager.assert_accessible()
    await of(manager, "tray-row", case).get_by_test_id("tray-take").click()
    await expect(manager.page).to_have_url(re.compile(rf"/tickets/{case['id']}$"))

    step = manager.page.locator("[data-testid=story-row][data-action=confirm]")
    await step.get_by_test_id("overrule").click()
    await decide(manager, "登记有误")
    await expect(manager.page.locator("[data-testid=decision][data-kind=overrule]")).to_contain_text("登记有误")
    await expect(step.get_by_test_id("overrule")).to_have_count(0)  # it stands no longer
    await manager.assert_accessible()
    await manager.at("decide-conclude").click()
    await manager.choose(manager.at("closing"), "confirmed")
    await decide(manager, "客户接受")
    await expect(manager.page.locator("[data-testid=ticket-form][data-ticket-state=closed]")).to_be_visible()
    await manager.at("decide-reopen").click()
    await decide(manager, "又断了")
    await expect(manager.page.locator("[data-testid=ticket-form][data-ticket-state=open]")).to_be_visible()
    kinds = manager.page.locator("[data-testid=decision]")
    await expect(kinds).to_have_count(3)
    await manager.room("hotline")
    await manager.at("tray-mine").click()
    await expect(of(manager, "tray-row", case)).to_be_visible()


async def test_n4_a_home_shows_what_waits_and_leads_to_it(cases: Cases, hall: Hall) -> None:
    """SPEC N1, N4, O8: the senior's; the department's; and one whose room is still to come says so."""
    senior = await hall.log_in("lead-sen")
    await senior.room("home")
    waiting, _ = await cases.dispatched()
    refused = await cases.refused()
    for tray, case in (("reviews", waiting), ("refused", refused)):
        row = senior.page.locator(f"[data-testid=home-tray][data-tray={tray}] [data-ticket-id='{case['id']}']")
        await expect(row).to_contain_text("刘桂英")  # by itself
    await expect(senior.at("home-next")).to_be_visible()
    await senior.assert_accessible()
    links = senior.page.locator("[data-testid=home-row] > a, [data-testid=due-row] > a")
    await links.first.focus()
    await senior.page.keyboard.press("ArrowDown")
    await expect(links.nth(1)).to_be_focused()
    row = senior.page.locator(f"[data-testid=home-tray][data-tray=reviews] [data-ticket-id='{waiting['id']}']")
    await row.get_by_role("link").click()
    await expect(senior.at("review-paper")).to_contain_text("查端口")

    sent, order = await cases.dispatched()
    await cases.review(order, "approve")
    officer = await hall.log_in("lead-off")
    await officer.room("home")
    await expect(
        officer.page.locator(f"[data-testid=home-tray][data-tray=orders] [data-ticket-id='{sent['id']}']")
    ).to_be_visible()
    await expect(officer.page.get_by_text("刘桂英")).to_have_count(0)  # no customer stands in it
    await officer.assert_accessible()
    keeper = await hall.log_in("lead-data")
    await keeper.room("home")
    await expect(keeper.at("home-coming")).to_be_visible()
    await keeper.assert_accessible()


async def test_n9_every_open_case_stands_in_its_stage(cases: Cases, hall: Hall) -> None:
    """SPEC N9: each figure opens the very cases, and the case leads on."""
    waiting, refused = (await cases.dispatched())[0], await cases.refused()
    leader = await hall.log_in("lead-ban")
    await leader.room("cases")
    await expect(of(leader, "open-case", waiting)).to_have_attribute("data-stage", "review")
    await expect(of(leader, "open-case", refused)).to_have_attribute("data-stage", "decide")
    await leader.assert_accessible()
    await leader.at("stage-review").click()
    await expect(of(leader, "open-case", refused)).to_have_count(0)
    await expect(of(leader, "open-case", waiting)).to_be_visible()
    await expect(leader.page.locator("[data-testid=open-case]:not([data-stage=review])")).to_have_count(0)
    shown = await leader.at("open-case").count()
    await expect(leader.at("stage-review")).to_have_attribute("data-count", str(shown))
    fresh, _ = await cases.dispatched()
    await expect(of(leader, "open-case", fresh)).to_be_visible()  # by itself
    await expect(leader.at("stage-review")).to_have_attribute("data-count", str(shown + 1))
    await of(leader, "open-case", fresh).get_by_role("link").click()
    await expect(leader.at("ticket-number")).to_contain_text(str(fresh["number"]))


WRONGLY_CLASSED = """
select count(*) from review r join outgoing o on o.id = r.outgoing_id join person p on p.id = o.author_id
where p.login = 'lead-jun' and 'wrong_class' = any(r.marks)
"""


async def test_n1_an_assessment_opens_to_the_papers_behind_it(centre: Centre, cases: Cases, hall: Hall) -> None:
    """SPEC N1."""
    leader = await hall.log_in("lead-ban")
    await leader.room("assessments")
    wrong, order = await cases.dispatched()
    await cases.review(order, "send_back", "wrong_class", reason="应归障碍修复")
    row = leader.at("figures-row").filter(has_text="Lead-Jun")
    (counted,) = await centre.query(WRONGLY_CLASSED)
    await expect(row.get_by_test_id("figure-wrong_class")).to_have_text(str(counted[0]))  # by itself
    await leader.assert_accessible()
    await row.get_by_test_id("figure-wrong_class").click()
    await expect(leader.at("figures-behind")).to_contain_text("应归障碍修复")
    await expect(leader.at("figures-behind").get_by_role("link", name=wrong["number"])).to_be_visible()
    await leader.assert_accessible()
    await row.get_by_test_id("figure-wrong_class").click()
    await expect(leader.at("figures-behind")).to_have_count(0)
