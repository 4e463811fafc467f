"""One running centre for most tests, one agent in a browser and two at SIP phones; what breaks things gets a centre of its own.

The agents are the session's, because starting a browser and a centre takes longer than a call. Every test that borrows one
gets it away from the queue, idle, and hands it back so.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.harness import speech
from tests.harness.caller import Caller
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.patience import seconds, until
from tests.harness.sip_phone import Phone

LIMIT = 300.0
"""Patiences for one test with all it starts: more than its own waits can sum up to, each of which names what did not come."""
BROWSER, PHONE, SECOND_PHONE = "1001", "1002", "1003"
CALLER_SAYS = "我要投诉，我家的固定电话坏了三天没有人来修"
DIALOGUE = (
    speech.Line("agent", speech.GREETING),
    speech.Line("caller", CALLER_SAYS),
    speech.Line("agent", "好的，我帮您登记一下，我们的维修人员明天上门维修"),
)
"""By turns, as people talk: a browser's echo cancellation mutes whoever talks at the same time as the other."""


@functools.cache
def sides() -> dict[speech.Speaker, speech.Samples]:
    """Both voices of the dialogue, equally long; they may start two seconds apart."""
    return speech.converse(DIALOGUE, gap=2.5)[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is on real parts, and whichever test comes first starts them in its own time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.acceptance)
            item.add_marker(pytest.mark.timeout(seconds(LIMIT)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows the end of its centres' logs."""
    report = yield
    if report.failed:
        centres = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Centre)]
        report.sections += [(f"centre in {centre.folder}", centre.tail()) for centre in centres]
    return report


@pytest.fixture(scope="session")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    """The shared centre. At the end it is stopped as by Ctrl-C, and nothing of it may be left."""
    async with Centre(tmp_path_factory.mktemp("centre")) as centre:
        await centre.hire("anna", extension=BROWSER, name="安娜")
        await centre.hire("bert", extension=PHONE, phone="sip", name="白涛")
        await centre.hire("carl", extension=SECOND_PHONE, phone="sip", name="陈刚")
        await centre.hire("qing", role="qa_inspector", name="秦清")
        yield centre


@pytest.fixture(scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Chromium whose microphone hears a friendly agent."""
    folder = tmp_path_factory.mktemp("browser")
    async with Browser(folder / "anna", says=(await asyncio.to_thread(sides))["agent"]) as browser:
        yield browser


@pytest.fixture(scope="session")
async def annas_desk(centre: Centre, browser: Browser) -> Agent:
    """The desk's tab, logged in once."""
    agent = await browser.log_in(centre.url, "anna", centre.people["anna"].password)
    await agent.page.goto(centre.url)
    await agent.registered()
    return agent


@pytest.fixture
async def anna(annas_desk: Agent, browser: Browser) -> AsyncIterator[Agent]:
    """The agent in the browser, not yet ready. What the page complained of during the test fails it."""
    browser.faults.clear()
    yield annas_desk
    await annas_desk.idle()
    await annas_desk.away()
    browser.assert_clean()


@pytest.fixture(scope="session")
async def all_phones(centre: Centre) -> AsyncIterator[dict[str, Phone]]:
    """The SIP phones of bert and carl, registered."""
    async with AsyncExitStack() as stack:
        opened = {login: await centre.sip_phone(login) for login in ("bert", "carl")}
        for phone in opened.values():
            stack.callback(phone.close)
        yield opened


@pytest.fixture
def phones(all_phones: dict[str, Phone]) -> dict[str, Phone]:
    """The same for one test, which hears of no call of an earlier one."""
    for phone in all_phones.values():
        phone.forget()
    return all_phones


Begin = Callable[..., Awaitable[Caller]]


@pytest.fixture
async def rings(centre: Centre, tmp_path: Path) -> AsyncIterator[Begin]:
    """``caller = await rings(number=…, name=…, says=…)``: a SIPp caller who has been let in; gone after the test."""
    async with AsyncExitStack() as stack:

        async def begin(**who: object) -> Caller:
            caller = await stack.enter_async_context(Caller(centre.sip_port, tmp_path, **who))  # type: ignore[arg-type]
            await caller.answered()
            return caller

        yield begin


async def choose(centre: Centre, caller: Caller, key: str) -> None:
    """Press a key of the menu as people do: again, if nothing happens, until the call is in the queue."""
    rounds = iter(range(10**6))

    async def look() -> bool:
        if next(rounds) % 25 == 0:
            caller.press(key)
        return (await centre.call_of(caller.digits))["queued_at"] is not None

    await until(look, f"{caller.digits} to reach the queue by {key}", 30)


@asynccontextmanager
async def at_work(centre: Centre, login: str) -> AsyncIterator[None]:
    """That agent is ready in the queue for as long as the block lasts."""
    async with await centre.desk(login) as desk:
        await desk.put("/api/me/state", state="ready", reason="")
        await until(lambda: is_ready(centre, login), f"{login} to be ready", 15, seen=lambda: on_the_board(centre, login))
        try:
            yield
        finally:
            await desk.put("/api/me/state", state="away", reason="")


async def on_the_board(centre: Centre, login: str) -> list[dict[str, Any]]:
    """What the board has of that person: one agent, or nobody."""
    board = await centre.admin.get("/api/board")
    return [agent for agent in board["agents"] if agent["person_id"] == centre.people[login].id]


async def is_ready(centre: Centre, login: str) -> bool:
    return [agent["state"] for agent in await on_the_board(centre, login)] == ["ready"]
