"""A hall of people at their desks: one Chromium, and in it a context of its own for each, which is as light as ten can be.

    async with Hall(centre, pictures=tmp_path) as hall:
        zhao = await hall.log_in("zhao")

Nobody has a telephone here. What any page complains of is in ``faults``, as with a Browser of one's own. ``card`` and ``step``
are what people do with work orders, wherever they see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.async_api import BrowserContext, ConsoleMessage, Error, Locator, async_playwright, expect

from tests.demo.desk import Desk
from tests.harness.centre import Centre
from tests.harness.desk_driver import FLAGS, PAGE_MS, WITHOUT, Agent, chromium


class Hall:
    """Open while it is entered."""

    def __init__(self, centre: Centre, *, pictures: Path) -> None:
        self._centre = centre
        self._pictures = pictures
        self._contexts: dict[str, BrowserContext] = {}
        self.faults: list[str] = []

    async def __aenter__(self) -> Self:
        self._player = await async_playwright().start()
        self._chromium = await self._player.chromium.launch(
            executable_path=chromium(), headless=False, args=FLAGS, ignore_default_args=WITHOUT
        )
        expect.set_options(timeout=PAGE_MS)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            for login, context in self._contexts.items():
                for page in context.pages:
                    with suppress(Error):
                        await page.screenshot(path=self._pictures / f"failed-{login}.png")
        await self._chromium.close()
        await self._player.stop()

    async def log_in(self, login: str) -> Agent:
        """The desk of one of the centre's people, at their home. They stay until everybody goes."""
        context = await self._chromium.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PAGE_MS)
        self._contexts[login] = context
        page = await context.new_page()
        page.on("console", lambda message: self._heard(login, message))
        page.on("pageerror", lambda error: self.faults.append(f"{login}: uncaught: {error}"))
        agent = Agent(page, self._centre.url)
        await page.goto(self._centre.url)
        await agent.at("login-name").fill(login)
        await agent.at("login-password").fill(self._centre.people[login].password)
        await agent.at("login-submit").click()
        await expect(page.get_by_role("navigation").first).to_be_visible()
        return agent

    @property
    def people(self) -> int:
        """How many are logged in."""
        return len(self._contexts)

    def _heard(self, login: str, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{login}: {message.type}: {message.text} ({message.location.get('url', '')})")

    def assert_clean(self) -> None:
        """No page had anything to complain of."""
        assert not self.faults, "\n".join(self.faults)


async def departments(admin: Desk, wanted: Sequence[Mapping[str, object]]) -> dict[str, int]:
    """Each department's id by its code; these are there too then, beside whatever other tests of the centre have made."""
    there = await admin.get("/api/departments")
    codes = {one["code"] for one in there["departments"]}
    if fresh := [{"email": None, **one} for one in wanted if one["code"] not in codes]:
        kept = [{name: value for name, value in one.items() if name != "id"} for one in there["departments"]]
        there = await admin.put("/api/departments", number=there["number"], departments=[*kept, *fresh], rules=there["rules"])
    return {one["code"]: one["id"] for one in there["departments"]}


def card(desk: Agent, state: str) -> Locator:
    """The order, once it stands so."""
    return desk.page.locator(f"[data-testid=order-card][data-state={state}]")


async def step(desk: Agent, state: str, name: str, **entries: str) -> None:
    """What one does with the order that stands so, with what its form asks for; until its form is gone."""
    await card(desk, state).get_by_test_id(f"order-{name}").click()
    for field, text in entries.items():
        entry = desk.at(f"order-entry-{field}")
        if field == "department":
            await desk.choose(entry, text)
            continue
        await (entry if await entry.evaluate("(it) => it.matches('input, textarea')") else entry.locator("input")).fill(text)
    if entries:
        await desk.at("order-send").click()
        await expect(desk.at("order-send")).to_have_count(0)
