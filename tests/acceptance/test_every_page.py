"""Every page that the navigation leads to, as somebody of each role sees it, in both languages, with cases in every state.

Each page is looked at by the first role that it is open to, and each role's home by its own: no serious finding of axe-core,
nothing in the console, nothing wider than the window, no name of a room cut. That none is left out is compared with the rooms
of the desk themselves.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from services.access.rights import Role
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent
from tests.harness.hall import Hall, departments

DESK = Path(__file__).parents[2] / "desk/src/rooms"
ELSEWHERE = {
    "answer",  # by a link of a mail: test_links
    "login", "password", "welcome",  # before one is in, looked at by test_pages
    "calls/one", "tickets/:id",  # of one call: test_softphone; of one case: the tests of what is done to cases
}  # fmt: skip
OWN = {"home"}
"""Drawn for each role by itself."""
CASE = {
    "kind": "complaint", "business": "data", "nature": "fault_repair", "description": "宽带每晚掉线", "answer": "已重启端口",
    "customer_name": "刘桂英", "customer_number": "13800138000",
}  # fmt: skip
CUT = """() => [...document.querySelectorAll('html, main, .head, h1:not(.hidden), nav .text')]
    .filter((it) => it.scrollWidth > it.clientWidth + 1).map((it) => it.tagName + '.' + it.className)"""


@pytest.fixture
async def hall(centre: Centre, tmp_path: Path) -> AsyncIterator[Hall]:
    async with Hall(centre, pictures=tmp_path) as hall:
        yield hall
        hall.assert_clean()


async def test_every_page_of_every_role_in_both_languages(centre: Centre, hall: Hall, tmp_path: Path) -> None:
    await _hired(centre)
    waiting = await _lived_in(centre)
    seen: set[str] = set()
    found: dict[str, object] = {}
    try:
        for role in Role:
            person = await hall.log_in(_login(role))
            paths = await _paths(person)
            wanted = [path for path in paths if path not in seen or path in OWN]
            seen |= set(paths)
            for language in ("zh-CN", "en"):
                async with await centre.desk(_login(role)) as desk:
                    await desk.patch("/api/me", language=language)
                for path in wanted:
                    found |= await _looked_at(person, centre, role, path, language)
    finally:
        async with await centre.desk(_login(Role.junior_agent)) as junior:  # nothing is left for others' reviews
            await junior.post(f"/api/papers/{waiting['id']}/drop", version=waiting["version"])
    assert not found, found
    assert seen == _rooms() - ELSEWHERE


def _login(role: Role) -> str:
    return f"look-{role.value.replace('_', '-')}"


async def _hired(centre: Centre) -> None:
    department = (await departments(centre.admin, [{"code": "look_lines", "zh": "线路部", "en": "Lines", "hours": 24}]))[
        "look_lines"
    ]
    for role in Role:
        of = {"department": department} if role is Role.department_officer else {}
        await centre.hire(_login(role), role=role.value, **of)


async def _lived_in(centre: Centre) -> dict[str, Any]:
    """A draft, a case with the department, one in a tray, one at the hotline, and one whose order waits: its paper comes back."""
    lines = (await departments(centre.admin, []))["look_lines"]
    async with await centre.desk(_login(Role.junior_agent)) as junior, await centre.desk(_login(Role.senior_agent)) as senior:
        cases = []
        for number in range(5):
            draft = await junior.post("/api/tickets", key=f"look-case-{number:04d}", fields=CASE)
            cases.append(await junior.post(f"/api/tickets/{draft['id']}/confirm", version=draft["version"]))
        await junior.post("/api/tickets", key="look-draft-0001", fields=CASE)
        orders = []
        for case in cases[:2]:
            body = {"version": case["version"], "department": lines, "task": "查线路"}
            orders.append(await junior.post(f"/api/tickets/{case['id']}/orders", key=f"look-order-{case['id']:04d}", **body))
        paper = orders[0]["papers"][0]
        await senior.post(f"/api/papers/{paper['id']}/review", version=paper["version"], verdict="approve", marks=[], reason="")
        up = {"version": cases[2]["version"], "triggers": ["not_accepted"], "reason": "客户不接受答复"}
        await junior.post(f"/api/tickets/{cases[2]['id']}/escalate", **up)
        await junior.post(f"/api/tickets/{cases[3]['id']}/hand-over", version=cases[3]["version"], reason="权限不够")
        return dict(orders[1]["papers"][0])


async def _paths(person: Agent) -> list[str]:
    """Where the navigation leads, and the bell."""
    links = (
        await person.page.get_by_role("navigation").first.get_by_role("link").evaluate_all("(all) => all.map((it) => it.href)")
    )
    return [*(urlsplit(link).path.strip("/") for link in links), "inbox"]


def _rooms() -> set[str]:
    """The address of every page, as the rooms of the desk have it."""
    found = {
        path.split("(")[0]
        for room in DESK.glob("*/room.ts")
        for path in re.findall(r"\{ path: '([^']*)'", room.read_text(encoding="utf-8"))
    }
    assert len(found) > 20
    return found


async def _looked_at(person: Agent, centre: Centre, role: Role, path: str, language: str) -> dict[str, object]:
    await person.page.goto(f"{centre.url}/{path}")
    await expect(person.page.locator("html")).to_have_attribute("lang", language)
    await expect(person.page.locator("h1").first).to_be_visible()
    await person.page.wait_for_load_state("networkidle")
    findings = [*await person.accessibility(), *await person.page.evaluate(CUT)]
    return {f"{role.value} /{path} {language}": findings} if findings else {}
