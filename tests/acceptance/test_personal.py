"""What is masked for a role, in a real browser: shown by a button that keys reach, hidden again by it and by leaving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.hall import departments

CASE = {
    "kind": "complaint",
    "business": "data",
    "nature": "fault_repair",
    "description": "宽带三天不通，请拨 13911112222",
    "customer_name": "欧阳文",
    "customer_number": "13800138777",
    "address": "深圳市南山区科技路 1 号",
}
MENDERS = {"code": "personal_mending", "zh": "装维一部", "en": "Mending", "hours": 24}
CLEAR = ("欧阳文", "138 0013 8777", "139 1111 2222", "深圳市南山区科技路 1 号")


async def menders(centre: Centre) -> int:
    """A department of this file's own: others count the orders of theirs."""
    return (await departments(centre.admin, [MENDERS]))["personal_mending"]


async def dispatched(centre: Centre, department: int) -> dict[str, Any]:
    """An open case whose order the department has."""
    await centre.hire("qiao", role="senior_agent")
    async with await centre.desk("qiao") as desk:
        made = await desk.post("/api/tickets", key="personal-0001", fields=CASE)
        if made["state"] == "draft":
            made = await desk.post(f"/api/tickets/{made['id']}/confirm", version=made["version"])
            wanted = {"version": made["version"], "department": department, "task": "查清并答复"}
            await desk.post(f"/api/tickets/{made['id']}/orders", key="personal-0001", **wanted)
        return dict(made)


async def is_masked(desk: Agent, panel: Locator) -> None:
    await expect(panel).to_have_attribute("data-shown", "false")
    text = await desk.page.locator("main, body").first.inner_text()
    values = await desk.page.locator("input, textarea").evaluate_all("(all) => all.map((it) => it.value).join(' ')")
    assert not [one for one in ("13800138777", "13911112222", *CLEAR[1:3]) if one in text + values]


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "显示客户资料"), ("en", "Show personal data")])
async def test_an_inspector_has_a_customers_data_shown_and_hidden_again(
    centre: Centre, tmp_path: Path, language: str, said: str
) -> None:
    ticket = await dispatched(centre, await menders(centre))
    await centre.hire("jian", role="qa_inspector")
    async with await centre.desk("jian") as desk:
        await desk.patch("/api/me", language=language)
    async with Browser(tmp_path / "jian", pictures=tmp_path) as browser:
        inspector = await browser.log_in(centre.url, "jian", centre.people["jian"].password)
        await inspector.page.goto(f"{centre.url}/tickets/{ticket['id']}")
        panel, button = inspector.at("reveal"), inspector.at("reveal-turn")
        await expect(button).to_have_text(said)
        await is_masked(inspector, panel)
        await inspector.assert_accessible()
        await button.focus()
        await inspector.page.keyboard.press("Enter")
        for fact in CLEAR:
            await expect(panel).to_contain_text(fact)
        await inspector.page.keyboard.press("Enter")
        await is_masked(inspector, panel)
        await button.click()
        await expect(panel).to_contain_text(CLEAR[1])
        await inspector.room("tickets")
        await expect(panel).to_have_count(0)  # the page is left
        await inspector.page.goto(f"{centre.url}/tickets/{ticket['id']}")
        await is_masked(inspector, panel)
        browser.assert_clean()
    asked = "select count(*) from audit join person p on p.id = person_id where action = 'personal.reveal' and login = 'jian'"
    shown = await centre.query(asked + " and object = $1", f"ticket:{ticket['id']}")
    assert shown[0]["count"] >= 2


async def test_a_department_has_the_number_of_its_order_shown(centre: Centre, tmp_path: Path) -> None:
    await dispatched(centre, department := await menders(centre))
    await centre.hire("mo", role="department_officer", department=department)
    async with Browser(tmp_path / "mo", pictures=tmp_path) as browser:
        officer = await browser.log_in(centre.url, "mo", centre.people["mo"].password)
        order = officer.at("order-card").filter(has_text="138****8777")
        await expect(order).to_contain_text("欧阳文")
        await order.get_by_test_id("reveal-turn").click()
        await expect(order).to_contain_text("138 0013 8777")
        await officer.assert_accessible()
        browser.assert_clean()
