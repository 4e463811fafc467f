"""Files that a department hands in, in a real browser: what the server would refuse is not sent, and the others go (SPEC O7)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import FilePayload, Request, expect

from tests.acceptance.test_desk_dialogs import BILLING, CASE, departments
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.unit.services.evidence.test_model import jpeg

LIMIT = 10_000_000  # as the centre's config has it


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Browser]:
    async with Browser(tmp_path / "browser", pictures=tmp_path) as browser:
        yield browser
        browser.faults = [fault for fault in browser.faults if "409" not in fault]  # the broken photo's, by the server
        browser.assert_clean()


async def order(centre: Centre, department: int) -> dict[str, Any]:
    async with await centre.desk("xun") as desk:
        made = await desk.post("/api/tickets", key="evidence-0001", fields=CASE)
        case = await desk.post(f"/api/tickets/{made['id']}/confirm", version=made["version"])
        wanted = {"department": department, "task": "查清", "leads": True, "urgent": False, "hours": None, "reason": ""}
        return dict(await desk.post(f"/api/tickets/{case['id']}/orders", key="evidence-0001", version=case["version"], **wanted))


def payload(name: str, kind: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


async def sees(desk: Agent, *said: str) -> None:
    for text in said:
        await expect(desk.at("order-evidence-wrong")).to_contain_text(text)


async def test_a_file_too_large_is_named_and_not_sent_and_the_others_go(centre: Centre, chromium: Browser) -> None:
    ids = await departments(centre)
    await centre.hire("xun", role="senior_agent")
    await centre.hire("photos-gao", role="department_officer", department=ids[BILLING])
    made = await order(centre, ids[BILLING])
    desk = await chromium.log_in(centre.url, "photos-gao", centre.people["photos-gao"].password)
    sent: list[str] = []

    def asked(request: Request) -> None:
        if request.method == "POST" and "/evidence" in request.url:
            sent.extend(parse_qs(urlsplit(request.url).query)["name"])

    desk.page.on("request", asked)
    await desk.page.goto(f"{centre.url}/orders")
    card = desk.page.locator(f"[data-testid=order-card][data-order-id='{made['id']}']")
    await card.get_by_test_id("order-accept").click()
    await expect(card).to_have_attribute("data-state", "accepted")
    await card.get_by_test_id("evidence-file").set_input_files(
        [
            payload("大.pdf", "application/pdf", b"%PDF-1.7" + bytes(LIMIT)),
            payload("说明.txt", "text/plain", b"x"),
            payload("坏.jpg", "image/jpeg", b"no picture"),
            payload("机房.jpg", "image/jpeg", jpeg()),
        ]
    )
    await expect(card.get_by_test_id("order-evidence")).to_have_count(1)
    await expect(card.get_by_test_id("order-evidence")).to_contain_text("机房.jpg")
    await sees(desk, "大.pdf", "10.1 MB", "上限 10 MB", "说明.txt", "坏.jpg")
    assert sent == ["坏.jpg", "机房.jpg"]
    await desk.assert_accessible()
