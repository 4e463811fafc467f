"""What the desk shows is what is, in whatever order answers and pushes arrive."""

from __future__ import annotations

import asyncio

from playwright.async_api import Route, expect

from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent
from tests.harness.patience import until

LATE_S = 0.4
"""More than the switch needs to do what was asked and the board to be pushed: the answer is the last to come."""
PRESSES = 8


async def test_a_late_answer_to_a_press_never_undoes_what_was_pushed_meanwhile(centre: Centre, anna: Agent) -> None:
    answered: list[int] = []

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await asyncio.sleep(LATE_S)
        await route.fulfill(response=answer)
        answered.append(answer.status)

    await anna.registered()
    await anna.page.route("**/api/me/state", late)
    try:
        for press in range(1, PRESSES + 1):
            wanted = "ready" if press % 2 else "away"
            await anna.at("state-switch").click()
            await anna.at(f"state-{wanted}").click()
            await anna.state(wanted)
            await until(lambda so_far=press: _all(answered, so_far), "the late answer", 10)
            await expect(anna.at("state-switch")).to_be_enabled()  # the page has taken the answer in
            assert await anna.at("state-switch").get_attribute("data-state") == wanted, f"press {press}"
            assert await _state(centre, "安娜") == wanted
    finally:
        await anna.page.unroute("**/api/me/state")
    assert answered == [200] * PRESSES


async def _all(answered: list[int], count: int) -> bool:
    return len(answered) == count


async def _state(centre: Centre, name: str) -> str:
    board = await centre.admin.get("/api/board")
    return str(next(agent["state"] for agent in board["agents"] if agent["name"] == name))
