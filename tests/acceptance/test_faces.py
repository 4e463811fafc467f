"""What the desk is written in: its own faces, also where the machine has no Chinese font; and nothing moves when they come."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Error, Page, Response, Route, expect

from tests.harness.centre import Centre
from tests.harness.desk_driver import Browser
from tests.harness.patience import seconds, until

NO_CHINESE = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <selectfont><rejectfont><pattern><patelt name="lang"><string>zh-cn</string></patelt></pattern></rejectfont></selectfont>
</fontconfig>
"""
"""The machine's fonts, but those with Chinese."""
IN_CHINESE = """() => {
    const says = (at) => [...at.childNodes].some((one) => one.nodeType === Node.TEXT_NODE && /\\p{Script=Han}/u.test(one.data))
    for (const at of document.querySelectorAll('#app *')) {
        if (at.checkVisibility() && says(at) && !at.querySelector('kbd')) at.setAttribute('data-in-chinese', '')
    }
}"""
WIDTHS = """() => ['1111', '0000'].map((text) => {
    const at = document.body.appendChild(document.createElement('span'))
    at.textContent = text
    const { width } = at.getBoundingClientRect()
    at.remove()
    return width
})"""
# below the banners: what one of them tells (a telephone open elsewhere) may come meanwhile, and has nothing to do with faces
PLACES = """() => [...document.querySelectorAll("[data-testid^='field-']")].map((at) => {
    const { x, y, width, height } = at.getBoundingClientRect()
    return [at.dataset.testid, x, y - document.querySelector('.banners').offsetHeight, width, height].join(' ')
})"""


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[Browser]:
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(NO_CHINESE)
    environment = {"FONTCONFIG_FILE": str(fonts)}
    listed = await asyncio.to_thread(subprocess.run, ["fc-list", ":lang=zh-cn"], env=environment, capture_output=True, check=True)
    assert listed.stdout == b""
    async with Browser(tmp_path / "browser", environment=environment) as browser:
        yield browser
        browser.assert_clean()


async def _faces(page: Page) -> set[tuple[str, bool]]:
    """What the Chinese of the page is painted with, and whether that came from the server, as Chromium itself says."""
    await page.evaluate(IN_CHINESE)
    seeing = await page.context.new_cdp_session(page)
    await seeing.send("DOM.enable")
    await seeing.send("CSS.enable")
    root = await seeing.send("DOM.getDocument")
    found = await seeing.send("DOM.querySelectorAll", {"nodeId": root["root"]["nodeId"], "selector": "[data-in-chinese]"})
    fonts: list[dict[str, Any]] = []
    for node in found["nodeIds"]:
        fonts += (await seeing.send("CSS.getPlatformFontsForNode", {"nodeId": node}))["fonts"]
    await seeing.detach()
    return {(font["familyName"], font["isCustomFont"]) for font in fonts}


async def _is_in_our_faces(page: Page) -> None:
    seen: set[tuple[str, bool]] = set()

    async def look() -> bool:
        seen.clear()
        with suppress(Error):  # what was drawn anew while it was asked for is looked at again
            seen.update(await _faces(page))
        return any("Noto Sans SC" in name for name, _ in seen) and all(ours for _, ours in seen)

    await until(look, "all Chinese in the desk's own faces", 20, seen=lambda: seen)


async def test_chinese_is_painted_on_a_machine_without_a_chinese_font(centre: Centre, bare: Browser) -> None:
    page = await bare.page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    await page.goto(centre.url)
    await expect(page.get_by_test_id("login-name")).to_be_visible()
    await _is_in_our_faces(page)
    agent = await bare.log_in(centre.url, "anna", centre.people["anna"].password)
    for room in ("tickets", "customers"):
        await agent.page.goto(f"{centre.url}/{room}")
        await expect(agent.page.get_by_role("heading", level=1)).to_be_visible()
        await _is_in_our_faces(agent.page)
    assert {answer.url for answer in answers if not answer.url.startswith((f"{centre.url}/", "data:image/"))} == set()
    fonts = [answer for answer in answers if answer.url.endswith(".woff2")]
    assert fonts
    for font in fonts:
        assert await font.header_value("Cache-Control") == "public, max-age=31536000, immutable"
        assert await font.header_value("Content-Type") == "font/woff2"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_no_field_moves_when_the_faces_come(centre: Centre, tmp_path: Path, language: str) -> None:
    async with await centre.desk("anna") as desk:
        await desk.patch("/api/me", language=language)
    come, held = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        held.set()
        await come.wait()
        await route.continue_()

    try:
        async with Browser(tmp_path / "browser") as browser:
            agent = await browser.log_in(centre.url, "anna", centre.people["anna"].password)
            await agent.page.route("**/*.woff2", hold)
            await agent.page.goto(f"{centre.url}/tickets/new")
            await agent.field("description").focus()
            await asyncio.wait_for(held.wait(), seconds(20))
            before = await agent.page.evaluate(PLACES)
            assert len(before) > 4
            come.set()
            await agent.page.evaluate("document.fonts.ready.then(() => undefined)")
            await until(lambda: _loaded(agent.page), "Inter to be there", 20)
            assert await agent.page.evaluate(PLACES) == before
            one, nought = await agent.page.evaluate(WIDTHS)
            assert one == nought > 0, "a clock whose figures differ in width moves"
            browser.assert_clean()
    finally:
        come.set()
        async with await centre.desk("anna") as desk:
            await desk.patch("/api/me", language="zh-CN")


async def _loaded(page: Page) -> bool:
    return bool(
        await page.evaluate("[...document.fonts].some((face) => face.family.includes('Inter') && face.status === 'loaded')")
    )
