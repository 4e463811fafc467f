"""Drives an agent's desk as a person would: a real Chromium with a microphone that hears a file.

    async with Browser(folder, says=speech.speak("您好")) as browser:
        anna = await browser.log_in(centre.url, "anna", password)
        await anna.ready()
        card = await anna.wait_pop()
        await anna.answer()

Everything the page complains of (console errors, uncaught exceptions, refused by the content policy, failed requests) is in
``faults``; a test that ends well has none: ``browser.assert_clean()``. Things are found by the ``data-testid`` of
desk/src/kit/testids.ts alone.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np
from playwright.async_api import BrowserContext, ConsoleMessage, Error, Locator, Page, Playwright, async_playwright, expect

from tests.harness import speech
from tests.harness.patience import Impatient, seconds, until

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
MICROPHONE_RATE = 48_000
FLAGS = (
    "--headless",
    "--no-sandbox",  # as root in a container there is none to have
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)
WITHOUT = ["--mute-audio", "--disable-component-extensions-with-background-pages"]
SETTLED = """Promise.allSettled(document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().iterations !== Infinity).map((one) => one.finished))"""
"""A dialog that is still coming has no contrast yet."""
STILL = """{ const still = new CSSStyleSheet(); still.replaceSync('*, *::before, *::after { transition: none !important }')
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, still] }"""
MOVING = "document.adoptedStyleSheets = document.adoptedStyleSheets.slice(0, -1)"
"""A notice that goes while the page is looked at is there or not, and never half."""
PAGE_MS = seconds(10) * 1000
"""The one limit for whatever a page does by itself, pressed or looked at."""
NUMBER = re.compile(r"T\d{4}-\d{2}-\d{6}")
TALKS_S = 300
"""Seconds for which a talker who never stops does not: more than a test takes, on a slow machine too."""
NOTHING: Mapping[str, str] = MappingProxyType({})
EXPECTED = (re.compile(r"WebSocket connection to .* failed"), re.compile(r"net::ERR_CONNECTION_REFUSED"))
"""What any page says whose server is away: forgiven only in a test that takes the server away."""
CUT_OFF = re.compile(r"net::ERR_INTERNET_DISCONNECTED")
"""What it says without a network, which it is without by ``without_network`` alone."""


def without_end(says: speech.Samples) -> speech.Samples:
    """Said over and over."""
    return np.tile(says, 1 + TALKS_S * speech.RATE // len(says))


def chromium() -> str:
    """The program."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert program, "no Chromium: python -m tests.harness.system_packages"
    return program


@dataclass(frozen=True, slots=True)
class Card:
    """A screen-pop as it was seen: its texts, and when (``time.time()``)."""

    id: str
    call: str
    name: str
    number: str
    text: str
    seen_at: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One accessibility violation of axe-core."""

    rule: str
    impact: str
    where: str
    help: str


class Browser:
    """One Chromium with a profile of its own. ``says``: what its microphone hears, once for each call, from the answer on.
    ``environment``: what is different for it."""

    def __init__(
        self,
        folder: Path,
        *,
        says: speech.Samples | None = None,
        pictures: Path | None = None,
        environment: Mapping[str, str] = NOTHING,
    ) -> None:
        self._folder = folder
        self._says = says
        self._pictures = pictures
        self._environment = environment
        self.faults: list[str] = []
        self.server_may_be_away = False

    async def __aenter__(self) -> Browser:
        microphone = await asyncio.to_thread(self._record)
        self._player: Playwright = await async_playwright().start()
        self._context: BrowserContext = await self._player.chromium.launch_persistent_context(
            self._folder / "profile",
            executable_path=chromium(),
            headless=False,
            args=[*FLAGS, f"--use-file-for-fake-audio-capture={microphone}%noloop"],
            ignore_default_args=WITHOUT,
            env={**os.environ, **self._environment},
            locale="zh-CN",
            viewport={"width": 1440, "height": 900},
        )
        self._context.set_default_timeout(PAGE_MS)
        expect.set_options(timeout=PAGE_MS)  # Playwright's own 5 s know nothing of this machine
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None and self._pictures:
            for number, page in enumerate(self._context.pages):
                with suppress(Error):
                    await page.screenshot(path=self._pictures / f"failed-{self._folder.name}-{number}.png")
        await self._context.close()
        await self._player.stop()

    def _record(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "microphone.wav"
        quiet = speech.line_noise(60)
        sound = quiet if self._says is None else np.concatenate([self._says, quiet])
        speech.write(path, sound, rate=MICROPHONE_RATE)
        return path

    async def page(self) -> Page:
        """A new tab whose complaints are kept."""
        blank = [page for page in self._context.pages if page.url == "about:blank"]
        page = blank[0] if blank else await self._context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        text = f"{message.type}: {message.text} ({message.location.get('url', '')})"
        if CUT_OFF.search(text):
            return
        if self.server_may_be_away and any(known.search(text) for known in EXPECTED):
            return
        self.faults.append(text)

    async def forget(self) -> None:
        """No tab is open and nobody is logged in any more: for whoever borrows the browser next."""
        blank = await self._context.new_page()
        for page in self._context.pages:
            if page.url.startswith("http"):
                await page.evaluate("localStorage.clear()")  # or the next page asks who it is, and is told that it is nobody
            if page is not blank:
                await page.close()
        await self._context.clear_cookies()

    @asynccontextmanager
    async def without_network(self) -> AsyncIterator[None]:
        """The cable is out for as long as the block lasts."""
        await self._context.set_offline(True)
        try:
            yield
        finally:
            await self._context.set_offline(False)

    def assert_clean(self) -> None:
        """The page had nothing to complain of."""
        assert not self.faults, "\n".join(self.faults)

    async def log_in(self, url: str, login: str, password: str) -> Agent:
        """A tab with the desk, logged in, linked and (for an agent with a browser phone) registered."""
        page = await self.page()
        agent = Agent(page, url)
        await page.goto(url)
        await agent.at("login-name").fill(login)
        await agent.at("login-password").fill(password)
        await agent.at("login-submit").click()
        await expect(page.get_by_role("navigation").first).to_be_visible(timeout=PAGE_MS)
        return agent


class Agent:
    """One tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def at(self, testid: str) -> Locator:
        """Where that thing is."""
        return self.page.get_by_test_id(testid)

    async def _attribute(self, testid: str, name: str) -> str | None:
        found = self.at(testid)
        if await found.count() == 0:
            return None
        return await found.first.get_attribute(name)

    # --- being there ---

    async def registered(self) -> None:
        """The softphone is known to the switch."""
        await self._comes_to("phone-line", "data-registration", "registered", "the softphone's registration", 15)

    async def _is(self, testid: str, name: str, value: str) -> bool:
        return await self._seen(testid, name) == value

    async def _seen(self, testid: str, name: str) -> str | None:
        with suppress(Error):  # the page may be on its way to another
            return await self._attribute(testid, name)
        return None

    async def _comes_to(self, testid: str, name: str, value: str, what: str, limit: float) -> None:
        """A thing of the page says that; if it never does, what it says instead is told."""

        async def instead() -> str:
            return f"{await self._seen(testid, name)} on {self.page.url}"

        await until(lambda: self._is(testid, name, value), what, limit, seen=instead)

    async def ready(self) -> None:
        """At the desk, phone registered, ready for calls; nobody waits for one."""
        await self.asks_for_calls()
        await self.state("ready")

    async def asks_for_calls(self) -> None:
        """Ready is pressed. If somebody waits, the phone may ring before anybody can see that it was ready."""
        await self.registered()
        if not await self._is("state-switch", "data-state", "ready"):
            await self.at("state-switch").click()
            await self.at("state-ready").click()

    async def away(self) -> None:
        await self.at("state-switch").click()
        await self.at("state-away").click()
        await self.state("away")

    async def state(self, wanted: str, reason: str | None = None, limit: float = 15) -> None:
        """Own state as shown at the top right, with its reason if one is given."""
        seen: list[str] = []

        async def look() -> bool:
            with suppress(Error):  # the page may be on its way to another
                seen[:] = [await self._attribute("state-switch", f"data-{name}") or "" for name in ("state", "reason")]
            return bool(seen) and seen[0] == wanted and reason in (None, seen[1])

        try:
            await until(look, f"the state {wanted} ({reason or 'any reason'}) on the desk", limit)
        except Impatient as late:
            raise Impatient(f"{late}: it was {seen}") from None

    # --- a call ---

    async def wait_pop(self, limit: float = 30) -> Card:
        """The screen-pop, as soon as a person could read it."""
        card = self.at("pop-card").filter(has=self.at("answer"))
        await expect(card).to_be_visible(timeout=seconds(limit) * 1000)
        seen_at = time.time()
        return Card(
            id=await card.get_attribute("data-pop-id") or "",
            call=await card.get_attribute("data-call-id") or "",
            name=(await card.get_by_test_id("pop-name").inner_text()).strip(),
            number=(await card.get_by_test_id("pop-number").inner_text()).strip(),
            text=await card.inner_text(),
            seen_at=seen_at,
        )

    async def pops(self) -> int:
        """Cards of ringing calls visible now."""
        return await self.at("pop-card").filter(has=self.at("answer")).count()

    async def answer(self) -> None:
        """Press the green button; returns when both can talk."""
        await self.at("answer").first.click()
        await self._comes_to("call-bar", "data-phase", "talking", "the conversation on the call bar", 15)

    async def hang_up(self) -> None:
        await self.at("call-hangup").click()
        await self.idle()

    async def idle(self, limit: float = 15) -> None:
        """No call on the bar."""
        await until(self._is_idle, "the end of the call on the desk", limit, seen=lambda: self._seen("call-bar", "data-phase"))

    async def _is_idle(self) -> bool:
        return await self.at("call-bar").count() == 0

    async def hears(self, limit: float = 10) -> int:
        """The caller's voice moves the level meter; how far."""

        async def look() -> int:
            return int(await self._attribute("level-theirs", "data-level") or 0)

        return await until(look, "the caller's voice on the level meter", limit)

    # --- entries ---

    async def choices(self, entry: Locator) -> Locator:
        """What an entry offers, unfolded."""
        if await entry.get_attribute("aria-expanded") != "true":
            await entry.click()
        await expect(entry).to_have_attribute("aria-expanded", "true")
        listed = await entry.get_attribute("aria-controls")
        return self.page.locator(f"[id='{listed}']").get_by_test_id("choice")

    async def choose(self, entry: Locator, value: str) -> None:
        """Take the choice that stands for this."""
        await (await self.choices(entry)).and_(self.page.locator(f"[data-value='{value}']")).click()
        await expect(entry).to_have_attribute("data-value", value)
        await expect(entry).to_have_attribute("aria-expanded", "false")

    # --- the form ---

    def field(self, name: str) -> Locator:
        return self.at(f"field-{name}")

    async def value(self, name: str) -> str:
        """What stands in a field; of one that offers choices, what the chosen one stands for."""
        field = self.field(name).first
        chosen = await field.get_attribute("data-value")
        return await field.input_value() if chosen is None else chosen

    async def fill(self, name: str, text: str) -> None:
        """Type into a field and see it saved."""
        await self.field(name).first.fill(text)
        saving = ("ticket-form", "data-saving")
        await until(self._is_saved, f"the field {name} to be saved", 10, seen=lambda: self._seen(*saving))

    async def _is_saved(self) -> bool:
        return await self._attribute("ticket-form", "data-saving") in {"", "saved", "no", "false", None}

    async def drafting(self, wanted: str, limit: float = 40) -> None:
        """How far the words of the call are, as the form says."""
        await self._comes_to("drafting", "data-drafting", wanted, f"the draft to be {wanted}", limit)

    async def confirm(self) -> str:
        """Make the draft a ticket; its number comes back: that of the form itself, for other cases stand on the page too."""
        await self.at("confirm").click()
        await expect(self.page.locator("[data-testid=ticket-form][data-ticket-state=open]")).to_have_count(1)
        number = self.at("ticket-number")
        await expect(number).to_have_text(NUMBER)
        found = NUMBER.search(await number.inner_text())
        assert found
        return found[0]

    # --- the page itself ---

    async def room(self, name: str) -> None:
        """Go to another page by the navigation at the left."""
        await self.at(f"nav-{name}").click()

    async def reload(self) -> None:
        await self.page.reload()

    async def picture(self, path: Path) -> None:
        await self.page.screenshot(path=path)

    async def assert_accessible(self) -> None:
        """Nothing serious to find for axe-core on the page as it stands."""
        found = await self.accessibility()
        assert not found, f"{self.page.url}: {found}"

    async def accessibility(self, impacts: Sequence[str] = ("serious", "critical")) -> list[Finding]:
        """What axe-core finds on the page as it stands, of these impacts."""
        await self.page.evaluate(SETTLED)
        script = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
        await self.page.evaluate(script)  # by the debugger, which the page's content policy does not bind
        await self.page.evaluate(STILL)
        result: dict[str, Any] = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        await self.page.evaluate(MOVING)
        return [
            Finding(rule["id"], rule["impact"], "; ".join(str(node["target"]) for node in rule["nodes"][:3]), rule["help"])
            for rule in result["violations"]
            if rule["impact"] in impacts
        ]
