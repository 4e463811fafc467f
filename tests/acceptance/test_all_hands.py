"""A complaint through all hands, in one browser with ten people logged in (SPEC A2, A4, A6, V3, M1, N1–N6, N9, O7, O8).

It is dispatched by a junior, reviewed and marked, sent back by the department until the final arbiter sends it to another.
More time is asked for and granted, it is chased, reminded of, returned and settled. Asked afterwards the customer is not content:
it is dispatched a second time with its written warning, returned, handed to the manager hotline, and closed there. Whoever
oversees the cases sees it stand in each stage by itself.

Whoever asks the customer afterwards has no page of their own yet: what the customer says is put on record by who has the case.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent
from tests.harness.hall import Hall, card, departments, step
from tests.harness.patience import until

CASE = {
    "kind": "complaint", "business": "data", "nature": "fault_repair", "description": "专线每天中断两次，三次报修未修好",
    "customer_name": "长江物流",
}  # fmt: skip
BRANCHES = (
    {"code": "hands_network", "zh": "光网部", "en": "Fibre", "hours": 24},
    {"code": "hands_lines", "zh": "线路部", "en": "Lines", "hours": 24},
)
ROLES = {
    "li": "junior_agent", "zhao": "senior_agent", "boss": "manager", "ban": "shift_leader", "diao": "surveyor",
    "qa": "qa_inspector", "data": "data_administrator", "tong": "statistician",
}  # fmt: skip
OFFICERS = {"net": "hands_network", "lin": "hands_lines"}
ITS_TIME = """
update order_reminder set planned_at = now() - interval '1 second', due_at = now() - interval '1 second'
where order_id = $1 and step = 'warning' and state = 'waiting' and ends_at = (select due_at from work_order where id = $1)"""
"""The warning about an order's present deadline is due now, as if the hours until then were over."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Hands:
    """Ten people who work here, and the case."""

    centre: Centre
    hall: Hall
    ticket: Json
    departments: dict[str, int]

    async def log_in(self, who: str) -> Agent:
        return await self.hall.log_in(f"hands-{who}")

    async def now(self) -> Json:
        """The case as the server has it."""
        return dict(await self.centre.admin.get(f"/api/tickets/{self.ticket['id']}"))

    async def newest(self, desk: Agent) -> None:
        """That page shows the case as the server has it."""

        async def same() -> bool:
            shown = await desk.at("ticket-form").get_attribute("data-version")
            return shown == str((await self.now())["version"])

        await until(same, "the newest version of the case on the page")


@pytest.fixture
async def hands(centre: Centre, tmp_path: Path) -> AsyncIterator[Hands]:
    made = await departments(centre.admin, BRANCHES)
    for who, role in ROLES.items():
        await centre.hire(f"hands-{who}", role=role)
    for who, code in OFFICERS.items():
        await centre.hire(f"hands-{who}", role="department_officer", department=made[code])
    async with await centre.desk("hands-li") as desk:
        draft = await desk.post("/api/tickets", key="all-hands-0001", fields=CASE)
        ticket = await desk.post(f"/api/tickets/{draft['id']}/confirm", version=draft["version"])
    async with Hall(centre, pictures=tmp_path) as hall:
        yield Hands(centre, hall, ticket, made)
        hall.assert_clean()


def stands(desk: Agent, ticket: Json, stage: str) -> Locator:
    """The case on the page of open cases, in that stage."""
    return desk.page.locator(f"[data-testid=open-case][data-ticket-id='{ticket['id']}'][data-stage={stage}]")


def waits(desk: Agent, tray: str, ticket: Json) -> Locator:
    """The case in a tray of somebody's home."""
    return desk.page.locator(f"[data-testid=home-tray][data-tray={tray}] [data-ticket-id='{ticket['id']}']")


def reminded(desk: Agent, rung: str) -> Locator:
    """A reminder that was sent, on the order that the department is at."""
    return card(desk, "accepted").locator(f"[data-testid=order-reminder][data-step={rung}][data-sent=true]")


async def test_a_complaint_goes_through_all_hands(hands: Hands) -> None:
    ticket, page = hands.ticket, f"{hands.centre.url}/tickets/{hands.ticket['id']}"
    over = await hands.log_in("ban")
    await over.room("cases")
    await expect(stands(over, ticket, "dispatch")).to_be_visible()

    # the junior dispatches; the senior reviews, and says how it was done (A6, N1, N4)
    junior = await hands.log_in("li")
    await waits(junior, "cases", ticket).get_by_role("link").click()  # at the idle desk
    await junior.at("order-dispatch").click()
    await junior.choose(junior.at("order-entry-department"), str(hands.departments["hands_network"]))
    await junior.at("order-send").click()
    await expect(card(junior, "proposed")).to_be_visible()
    await expect(stands(over, ticket, "review")).to_be_visible()
    senior = await hands.log_in("zhao")
    await waits(senior, "reviews", ticket).get_by_role("link").click()
    await expect(senior.at("review-paper")).to_contain_text(CASE["description"])
    await senior.at("review-mark-right").click()
    await senior.at("review-approve").click()
    await expect(stands(over, ticket, "department")).to_contain_text("光网部")

    # the department says "not ours" twice; the final arbiter sends it to another one (O8)
    network = await hands.log_in("net")
    await senior.page.goto(page)
    await step(network, "issued", "refuse", reason="不是我们的线路")
    await expect(stands(over, ticket, "decide")).to_be_visible()
    await step(senior, "refused", "uphold", reason="请再查")
    await expect(card(network, "issued")).to_contain_text("退回 1 次")
    await step(network, "issued", "refuse", reason="断点在线路部的光缆上")
    await expect(card(senior, "refused")).to_contain_text("退回 2 次")
    await expect(card(senior, "refused").get_by_test_id("order-uphold")).to_have_count(0)  # it is the arbiter's now
    manager = await hands.log_in("boss")
    await waits(manager, "final", ticket).get_by_role("link").click()
    elsewhere = {"department": str(hands.departments["hands_lines"]), "task": "查光缆断点并修复", "reason": "终审：归线路部"}
    await step(manager, "refused", "redirect", **elsewhere)
    lines = await hands.log_in("lin")
    await expect(card(lines, "issued")).to_contain_text("查光缆断点并修复")
    await over.at("cases-bouncing").click()
    await expect(stands(over, ticket, "department")).to_contain_text("线路部")

    # more time is asked for and granted, the order is chased (O7, N3)
    await step(lines, "issued", "accept")
    await step(lines, "accepted", "extension", more="12", reason="等光缆熔接")
    await expect(stands(over, ticket, "decide")).to_be_visible()
    await step(senior, "accepted", "grant", reason="同意")
    await step(senior, "accepted", "chase", task="查光缆断点并修复，先恢复主用", reason="客户来电催促")
    await expect(card(lines, "accepted")).to_contain_text("先恢复主用")

    # the department is reminded, by the ladder and by hand (V3), and returns it
    await hands.centre.query(ITS_TIME, int(await card(lines, "accepted").get_attribute("data-order-id") or 0))
    await expect(reminded(lines, "warning")).to_be_visible()
    surveyor = await hands.log_in("diao")
    await surveyor.page.goto(page)
    await expect(reminded(surveyor, "warning")).to_be_visible()
    await step(surveyor, "accepted", "remind", reason="客户在等，请今天答复")
    await expect(reminded(lines, "urge")).to_contain_text("请今天答复")
    await step(lines, "accepted", "return", answer="光缆已熔接")
    await expect(stands(over, ticket, "returned")).to_be_visible()
    await step(junior, "returned", "settle", reason="部门已答复")
    await expect(stands(over, ticket, "closing")).to_be_visible()

    # asked afterwards the customer is not content: a second dispatch, with its written warning in the same step (N5, V4)
    await junior.field("answer").fill("光缆已熔接，请观察")
    await junior.at("not-accept").click()  # there as soon as there is an answer
    await junior.page.get_by_role("dialog").get_by_role("textbox").fill("回访：仍然中断，不满意")
    await junior.at("ask-yes").click()
    await expect(junior.page.locator("[data-testid=hotline-proposal] [data-trigger=not_accepted]")).to_be_visible()
    again = {"task": "换备用纤芯，测试两小时", "warning": "首次处理后再次中断，书面警告。", "reason": "回访不满意"}
    await step(senior, "done", "second", **again)  # to the department that did it first
    await expect(card(lines, "issued")).to_contain_text("首次处理后再次中断")
    await step(lines, "issued", "return", answer="已换纤芯，两小时无误码")
    await step(senior, "returned", "settle", reason="测试通过")
    await expect(stands(over, ticket, "closing")).to_be_visible()

    # the manager hotline has it, makes good, and closes it (A4, N6, M1)
    await hands.newest(junior)
    await junior.at("hand-on").click()
    await junior.at("hand-escalate").click()
    await junior.at("trigger-not_accepted").check()
    await junior.at("hand-reason").fill("客户不接受答复，要求经理答复")
    await junior.at("hand-send").click()
    await expect(junior.at("hand-send")).to_have_count(0)
    await manager.room("hotline")
    await manager.page.locator(f"[data-testid=tray-row][data-ticket-id='{ticket['id']}']").get_by_test_id("tray-take").click()
    await expect(manager.page).to_have_url(page)
    await decide(hands, manager, "compensate", amount="120", reason="连续中断，减免当月租费")
    await decide(hands, manager, "conclude", answer="线路已换备用纤芯，减免当月租费", reason="客户接受")
    await expect(manager.page.locator("[data-testid=ticket-form][data-ticket-state=closed]")).to_be_visible()
    await expect(over.page.locator(f"[data-testid=open-case][data-ticket-id='{ticket['id']}']")).to_have_count(0)
    assert (await hands.now())["state"] == "closed"

    await what_came_of_it_stands_in_the_figures(hands, over)
    for who in ("qa", "data", "tong"):  # whoever looks at it afterwards reads how it went
        reader = await hands.log_in(who)
        await reader.page.goto(page)
        await expect(reader.page.locator("[data-testid=story-row][data-action=conclude]")).to_contain_text("客户接受")
    assert hands.hall.people == len(ROLES) + len(OFFICERS) == 10


async def decide(hands: Hands, manager: Agent, what: str, **entries: str) -> None:
    """A decision of the manager hotline, until it is on record."""
    await hands.newest(manager)
    await manager.at(f"decide-{what}").click()
    if what == "conclude":
        await manager.choose(manager.at("closing"), "confirmed")
    for field, text in entries.items():
        await manager.at(f"decision-{field}").fill(text)
    await manager.at("decision-send").click()
    await expect(manager.page.locator(f"[data-testid=decision][data-kind={what}]")).to_contain_text(entries["reason"])


async def what_came_of_it_stands_in_the_figures(hands: Hands, over: Agent) -> None:
    """Of the junior's papers and of the department's orders, with the very case behind the figure."""
    await over.room("assessments")
    await expect(over.at("figures-row").filter(has_text="Hands-Li").get_by_test_id("figure-right")).to_have_text("1")
    await over.room("results")
    row = over.page.locator(f"[data-testid=figures-row][data-id='{hands.departments['hands_lines']}']")
    await row.get_by_test_id("figure-warned").click()
    await expect(over.at("figures-behind")).to_contain_text(hands.ticket["number"])
