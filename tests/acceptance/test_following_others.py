"""What somebody does, the others see without asking, and nothing moves under what they read or type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Locator, expect

from tests.demo.desk import Desk
from tests.harness import desk_driver
from tests.harness.centre import Centre
from tests.harness.patience import seconds

LIMIT_MS = seconds(10) * 1000


async def test_a_list_follows_what_a_colleague_does(centre: Centre, tmp_path: Path) -> None:
    async with await centre.desk("anna") as anna, desk_driver.Browser(tmp_path / "browser", pictures=tmp_path) as browser:
        ticket = await new(anna, "key-follow-1", description="第一张单")
        reader = await browser.log_in(centre.url, "qing", centre.people["qing"].password)
        await reader.page.goto(f"{centre.url}/tickets?view=draft")
        row = rows(reader, ticket)
        await expect(row).to_contain_text("第一张单", timeout=LIMIT_MS)
        stands = await row.bounding_box()
        ticket = await change(anna, ticket, description="说法变了")
        await expect(row).to_contain_text("说法变了", timeout=LIMIT_MS)
        another = await new(anna, "key-follow-2", description="第二张单")
        fresh = reader.at("fresh")
        await expect(fresh).to_be_visible(timeout=LIMIT_MS)
        assert await row.bounding_box() == stands
        await expect(rows(reader, another)).to_have_count(0)
        await reader.assert_accessible()
        await reader.picture(tmp_path / "list.png")
        await fresh.click()
        await expect(rows(reader, another)).to_be_visible(timeout=LIMIT_MS)
        await expect(fresh).to_have_count(0)
        await anna.post(f"/api/tickets/{another['id']}/discard", version=another["version"])
        await expect(rows(reader, another)).to_have_class("pick gone", timeout=LIMIT_MS)
        browser.assert_clean()


async def test_a_form_follows_what_its_owner_does_elsewhere(centre: Centre, tmp_path: Path) -> None:
    async with await centre.desk("anna") as anna, desk_driver.Browser(tmp_path / "browser", pictures=tmp_path) as browser:
        ticket = await new(anna, "key-follow-3", description="说法变了")
        writer = await browser.log_in(centre.url, "anna", centre.people["anna"].password)
        await writer.page.goto(f"{centre.url}/tickets/{ticket['id']}")
        await expect(writer.field("description")).to_have_value("说法变了", timeout=LIMIT_MS)
        await writer.field("contact_number").focus()
        await change(anna, ticket, address="解放路 1 号")
        await expect(writer.field("address")).to_have_value("解放路 1 号", timeout=LIMIT_MS)
        await expect(writer.field("contact_number")).to_be_focused()
        browser.assert_clean()


def rows(reader: desk_driver.Agent, ticket: dict[str, Any]) -> Locator:
    return reader.page.locator(f'tr[data-ticket-id="{ticket["id"]}"]')


async def new(anna: Desk, key: str, **fields: str) -> dict[str, Any]:
    return dict(await anna.post("/api/tickets", key=key, fields=fields))


async def change(anna: Desk, ticket: dict[str, Any], **fields: str) -> dict[str, Any]:
    return dict(await anna.patch(f"/api/tickets/{ticket['id']}", version=ticket["version"], fields=fields))
