"""A new centre's first day: what is to be done first, a person without a phone, a browser without a microphone."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from tests.harness.centre import FIRST_LOGIN, Centre
from tests.harness.desk_driver import Browser
from tests.harness.patience import seconds

REFUSED = """() => {
    const no = () => Promise.reject(new DOMException('as if the person had said no', 'NotAllowedError'))
    navigator.mediaDevices.getUserMedia = no
}"""
ALLOWED = "() => { delete navigator.mediaDevices.getUserMedia }"
"""What the browser itself has lies below, in the prototype."""


async def test_the_first_steps_tick_themselves_off_and_can_be_put_away(centre: Centre, tmp_path: Path) -> None:
    async with Browser(tmp_path / "chief") as browser:
        chief = await browser.log_in(centre.url, FIRST_LOGIN, centre.people[FIRST_LOGIN].password)
        await expect(chief.at("first-step-phone")).to_have_attribute("data-done", "true")
        await expect(chief.at("first-step-numbers")).to_have_attribute("data-done", "false")
        customer = chief.at("first-step-customers")
        if await customer.get_attribute("data-done") == "false":  # another test of this centre may have made one
            await centre.admin.post("/api/customers", number="13800002468", name="首位客户", tier="normal", note="")
        await expect(customer).to_have_attribute("data-done", "true", timeout=seconds(15) * 1000)
        await chief.assert_accessible()
        await chief.at("first-steps").get_by_role("button").click()
        await expect(chief.at("first-steps")).to_have_count(0)
        await chief.reload()
        await expect(chief.page.get_by_role("heading", level=1)).to_be_visible()
        await expect(chief.at("first-steps")).to_have_count(0)
        browser.assert_clean()


async def test_who_has_no_extension_is_told_and_follows_when_given_one(centre: Centre, tmp_path: Path) -> None:
    await centre.hire("gao", name="高明")
    async with Browser(tmp_path / "gao") as browser:
        gao = await browser.log_in(centre.url, "gao", centre.people["gao"].password)
        told = gao.page.locator("[data-banner=extension]")
        await expect(told).to_be_visible()
        await expect(gao.at("state-ready-now")).to_have_count(0)
        await centre.admin.patch(f"/api/people/{centre.people['gao'].id}", extension="1017", phone_kind="browser")
        await expect(told).to_have_count(0, timeout=seconds(15) * 1000)
        await gao.registered()
        browser.assert_clean()
    await centre.admin.patch(f"/api/people/{centre.people['gao'].id}", active=False)


async def test_ready_is_a_button_and_wants_a_microphone(centre: Centre, tmp_path: Path) -> None:
    await centre.hire("liang", extension="1018", name="洪亮")
    async with Browser(tmp_path / "liang") as browser:
        liang = await browser.log_in(centre.url, "liang", centre.people["liang"].password)
        await liang.registered()
        await liang.page.evaluate(REFUSED)
        await liang.at("state-ready-now").click()
        await expect(liang.page.locator("[data-banner=microphone]")).to_be_visible()
        await liang.state("away")
        board = await centre.admin.get("/api/board")
        assert [agent["state"] for agent in board["agents"] if agent["extension"] == "1018"] in ([], ["away"])
        await liang.page.evaluate(ALLOWED)
        await liang.at("state-ready-now").click()
        await liang.state("ready")
        await expect(liang.page.locator("[data-banner=microphone]")).to_have_count(0)
        await liang.away()
        browser.assert_clean()
    await centre.admin.patch(f"/api/people/{centre.people['liang'].id}", active=False)
