"""The phone's line to the switch breaks while it rings: the ring ends with the offer, and the next one can be answered.

The line goes through a door of ours that breaks; the page's link to the server stays, as the two break apart in life too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.conftest import choose
from tests.harness.caller import Caller
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.patience import until
from tests.harness.proxy import Proxy
from tests.harness.switch import free_ports

RINGS = "☎"
"""In the title of a page that rings."""
ENDED = 4.0
"""Patiences within which a ring is over on the page once the offer is."""


@dataclass(frozen=True, slots=True)
class Floor:
    """A centre whose agent's browser reaches the switch by ``line``."""

    centre: Centre
    anna: Agent
    line: Proxy


@pytest.fixture(scope="module")
async def floor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("ghost")
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(Proxy(port))
        where = {"ws_port": port, "ws_url": f"ws://127.0.0.1:{line.port}/ws"}
        centre = await stack.enter_async_context(Centre(folder / "centre", settings={"asterisk": where}))
        browser = await stack.enter_async_context(Browser(folder / "browser"))
        await centre.hire("anna", extension="1001", name="安娜")
        anna = await browser.log_in(centre.url, "anna", centre.people["anna"].password)
        await anna.page.goto(centre.url)
        yield Floor(centre, anna, line)


@pytest.mark.parametrize("gone", [2.0, 8.0])
async def test_a_line_that_breaks_under_a_ring_costs_the_caller_one_ring_and_the_agent_nothing(
    floor: Floor, tmp_path: Path, gone: float
) -> None:
    number = f"1390000555{gone:.0f}"
    await floor.anna.ready()
    async with Caller(floor.centre.sip_port, tmp_path, number=number) as caller:
        await _rings(floor, caller)
        floor.line.refusing = True
        floor.line.reset()
        await asyncio.sleep(gone)  # the break itself
        floor.line.refusing = False
        await _answers_the_next_ring(floor, caller, number, first="cancelled")  # no breach of the agent's


async def test_a_ring_that_ended_while_the_line_was_silent_is_over_and_the_next_is_answered(floor: Floor, tmp_path: Path) -> None:
    number = "13900006666"
    await floor.anna.ready()
    async with Caller(floor.centre.sip_port, tmp_path, number=number) as caller:
        await _rings(floor, caller)
        floor.line.freeze()
        await floor.anna.state("paused", "missed_ring", limit=20)
        await until(lambda: _is_quiet(floor.anna), "the ring to end with its offer", ENDED)
        floor.line.reset()
        floor.line.thaw()
        await floor.anna.registered()
        await floor.anna.at("state-ready-now").click()
        await _answers_the_next_ring(floor, caller, number, first="no_answer")


async def _rings(floor: Floor, caller: Caller) -> None:
    await caller.answered()
    await choose(floor.centre, caller, "1")
    await floor.anna.wait_pop()
    await until(lambda: _phone_rings(floor), "the phone's own ring", 5)


async def _phone_rings(floor: Floor) -> bool:
    return RINGS in await floor.anna.page.title()


async def _is_quiet(anna: Agent) -> bool:
    return RINGS not in await anna.page.title() and await anna.pops() == 0


async def _answers_the_next_ring(floor: Floor, caller: Caller, number: str, *, first: str) -> None:
    """Of the same caller, who has waited: nothing of the old ring is in its way."""
    await until(lambda: _legs_are(floor, number, 2), "the caller to be offered anew", 30)
    await floor.anna.wait_pop()
    await floor.anna.answer()
    call = await floor.centre.call_of(number, answered_by="安娜")
    legs = (await floor.centre.admin.get(f"/api/calls/{call['id']}"))["legs"]
    assert [leg["outcome"] for leg in legs] == [first, "answered"], legs
    await floor.anna.hang_up()
    await caller.ended()
    await floor.anna.away()


async def _legs_are(floor: Floor, number: str, count: int) -> bool:
    call = await floor.centre.call_of(number)
    return len((await floor.centre.admin.get(f"/api/calls/{call['id']}"))["legs"]) == count
