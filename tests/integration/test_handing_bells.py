"""Who hears that a case is theirs to take, or theirs no more (SPEC A2, A3, A7, N6, M1): once, in the transaction of the step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import Office, office
from tests.integration.test_levels import CASE, SUGGESTION, case, customer, step

Json = dict[str, Any]
HIRED = {
    "li": "junior_agent",
    "wang": "junior_agent",
    "zhao": "senior_agent",
    "qian": "senior_agent",
    "boss": "manager",
    "chief": "manager",
    "data": "data_administrator",
    "qa": "qa_inspector",
}


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        for login, role in HIRED.items():
            await running.hire(login, role)
        yield running


async def rang(desk: Office, *, unread: bool = False) -> dict[str, list[str]]:
    """The inboxes in which there is something, the newest first."""
    found = {}
    for login in HIRED:
        status, page = await desk.ask(login, "GET", "/api/inbox")
        assert status == 200, page
        if codes := [one["code"] for one in page["notices"] if not (unread and one["read_at"])]:
            found[login] = codes
    return found


async def newest(desk: Office, login: str) -> Json:
    _, page = await desk.ask(login, "GET", "/api/inbox")
    return dict(page["notices"][0])


async def test_a2_what_is_handed_over_rings_for_the_seniors_and_what_one_took_is_read_for_the_others(desk: Office) -> None:
    """SPEC A2."""
    handed = await step(desk, "li", await case(desk), "hand-over", reason="要查计费系统")
    assert await rang(desk) == {"zhao": ["case_waits"], "qian": ["case_waits"]}
    notice = await newest(desk, "zhao")
    assert (notice["by"], notice["details"]) == ("Li", {"level": "senior", "reason": "要查计费系统"})
    assert (notice["ticket"], notice["important"]) == (handed["number"], True)
    await step(desk, "zhao", handed, "take")
    assert await rang(desk, unread=True) == {"li": ["case_taken"]}
    assert (await newest(desk, "li"))["by"] == "Zhao"


async def test_what_is_closed_right_from_its_tray_waits_for_nobody_any_more(desk: Office) -> None:
    """SPEC A3, N9."""
    await step(desk, "data", await case(desk, "li", SUGGESTION), "close", closing="confirmed")
    assert "data" not in await rang(desk, unread=True)


async def test_m1_of_two_amounts_that_wait_the_answer_to_one_silences_not_the_other(desk: Office) -> None:
    """SPEC M1."""
    ticket = await step(desk, "li", await case(desk), "escalate", triggers=["not_accepted"], reason="不接受")
    ticket = await step(desk, "boss", ticket, "take")
    for amount in ("5000", "6000"):
        _, fresh = await desk.ask("boss", "GET", f"/api/tickets/{ticket['id']}")
        await step(desk, "boss", fresh, "compensation", amount=amount, reason="赔偿")
    for decision, left in ((1, ["compensation_asked"] * 2), (2, [])):
        _, fresh = await desk.ask("chief", "GET", f"/api/tickets/{ticket['id']}")
        await step(desk, "chief", fresh, "compensation/answer", decision=decision, granted=True, reason="同意")
        unread = (await rang(desk, unread=True)).get("chief", [])
        assert [code for code in unread if code == "compensation_asked"] == left


async def test_a3_a_suggestion_rings_for_the_data_administrator_and_not_for_who_confirmed_it(desk: Office) -> None:
    """SPEC A3."""
    await case(desk, "li", SUGGESTION)
    assert await rang(desk) == {"data": ["case_waits"]}
    assert (await newest(desk, "data"))["by"] is None


async def test_a7_a_big_customers_case_rings_for_the_seniors(desk: Office) -> None:
    """SPEC A7."""
    await customer(desk, "big")
    await case(desk, "li", CASE)
    assert await rang(desk) == {"zhao": ["case_waits"], "qian": ["case_waits"]}


async def test_n6_what_goes_to_the_manager_hotline_rings_there_and_for_who_had_it(desk: Office) -> None:
    """SPEC N6."""
    taken = await step(desk, "zhao", await step(desk, "li", await case(desk), "hand-over", reason="查不到"), "take")
    await step(desk, "zhao", taken, "escalate", reason="不接受", triggers=["not_accepted"])
    assert await rang(desk, unread=True) == {
        "li": ["case_taken", "case_taken"], "boss": ["case_waits"], "chief": ["case_waits"],
    }  # fmt: skip


async def test_what_somebody_else_puts_back_rings_for_whose_it_was_and_for_who_may_take_it(desk: Office) -> None:
    await step(desk, "zhao", await case(desk), "give-back", reason="他请假了")
    assert await rang(desk) == {"li": ["case_waits", "case_taken"], "wang": ["case_waits"]}


async def test_where_nobody_of_a_level_works_it_rings_for_who_may_take_it_all_the_same(desk: Office) -> None:
    await desk.pool.execute("update person set active = false where login in ('zhao', 'qian')")
    await step(desk, "li", await case(desk), "hand-over", reason="查不到")
    notices = await desk.pool.fetch("select p.login from notice n join person p on p.id = n.person_id order by p.login")
    assert [row["login"] for row in notices] == ["boss", "chief"]


async def test_m1_a_decision_rings_for_who_sent_the_case_and_a_high_amount_for_who_answers_it(desk: Office) -> None:
    """SPEC M1."""
    sent = await step(desk, "li", await case(desk), "escalate", reason="等太久", triggers=["unfinished"])
    taken = await step(desk, "boss", sent, "take")
    status, _ = await desk.ask(
        "boss", "POST", f"/api/tickets/{sent['id']}/compensation",
        {"version": taken["version"], "amount": "900.00", "reason": "两个月没修好"},
    )  # fmt: skip
    assert status == 200
    assert await rang(desk, unread=True) == {"li": ["case_taken"], "chief": ["compensation_asked"]}
    assert (await newest(desk, "chief"))["details"] == {
        "decision": "compensate", "reason": "两个月没修好", "amount": "900.00 CNY",
    }  # fmt: skip
    body = {"version": taken["version"] + 1, "decision": 1, "granted": True, "reason": "同意"}
    status, answer = await desk.ask("chief", "POST", f"/api/tickets/{sent['id']}/compensation/answer", body)
    assert status == 200, answer
    assert (await rang(desk, unread=True)) == {"li": ["compensation_answered", "case_taken"], "boss": ["compensation_answered"]}


async def test_a_step_that_is_undone_has_rung_for_nobody(desk: Office, owner: asyncpg.Connection[asyncpg.Record]) -> None:
    ticket = await case(desk)
    await owner.execute("alter table notice add constraint never check (code <> 'case_waits')")
    status, _ = await desk.ask(
        "li", "POST", f"/api/tickets/{ticket['id']}/hand-over", {"version": ticket["version"], "reason": "查不到"}
    )
    assert status >= 500
    assert await desk.pool.fetchval("select level from ticket where id = $1", ticket["id"]) == "junior"
    assert await rang(desk) == {}


@pytest.mark.parametrize("times", [1, 3])
async def test_a_tray_that_a_case_comes_back_to_rings_anew_each_time(desk: Office, times: int) -> None:
    ticket = await step(desk, "li", await case(desk), "hand-over", reason="查不到")
    for _ in range(times):
        ticket = await step(desk, "zhao", await step(desk, "zhao", ticket, "take"), "give-back", reason="换班")
    assert (await rang(desk))["qian"] == ["case_waits"] * (times + 1)
    assert (await rang(desk, unread=True))["qian"] == ["case_waits"]
