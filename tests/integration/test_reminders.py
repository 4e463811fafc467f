"""How departments are reminded of their deadlines, over HTTP and a real database (SPEC V3, O7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.orders.reminding import LEASE, LINE, Reminders
from services.store import db
from services.troubles import Troubles
from tests.harness.clock import HandClock
from tests.harness.office import Office, office
from tests.integration.test_orders import case, dispatch, later, review, see, step

Json = dict[str, Any]
LADDER = ["warning", "reminder", "notice", "criticism"]


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, clock, tmp_path, drained=False) as running:
        network, billing = await running.department("network"), await running.department("billing")
        for login, role, department in [
            ("li", "junior_agent", None),
            ("zhao", "senior_agent", None),
            ("boss", "manager", None),
            ("survey", "surveyor", None),
            ("qa", "qa_inspector", None),
            ("net", "department_officer", network),
            ("bill", "department_officer", billing),
        ]:
            await running.hire(login, role, department=department)
        yield running


@pytest.fixture
def reminders(pool: db.Pool, clock: HandClock) -> Reminders:
    return Reminders(pool, clock, troubles=Troubles(clock))


async def sent(reminders: Reminders) -> int:
    """How many rows were looked at."""
    count = 0
    while await reminders.next():
        count += 1
    return count


async def rang(desk: Office, login: str) -> list[str]:
    """The reminders in a person's inbox, the oldest first."""
    _, page = await desk.ask(login, "GET", "/api/inbox")
    return [one["code"].removeprefix("reminder_") for one in reversed(page["notices"]) if one["code"].startswith("reminder_")]


async def states(desk: Office) -> list[tuple[str, str]]:
    return [tuple(row) for row in await desk.pool.fetch("select step, state from order_reminder order by planned_at, id")]


def done(order: Json) -> list[str]:
    """What was sent about it."""
    return [one["step"] for one in order["reminders"] if one["sent_at"]]


async def test_v3_a_department_is_warned_before_its_deadline_and_reminded_at_it_and_after(
    desk: Office, clock: HandClock, reminders: Reminders
) -> None:
    """SPEC V3, O7: one step after the other, each once, on the order, in its journal, and in the inbox of whom it concerns."""
    order = await dispatch(desk, await case(desk), "zhao")
    assert [(one["step"], one["sent_at"]) for one in order["reminders"]] == [(rung, None) for rung in LADDER]
    assert await sent(reminders) == 0
    await later(desk, clock, hours=20)
    assert (await sent(reminders), await rang(desk, "net"), await rang(desk, "zhao")) == (1, ["warning"], [])
    await later(desk, clock, hours=4)
    assert (await sent(reminders), await rang(desk, "zhao")) == (1, ["reminder"])
    await later(desk, clock, hours=24)
    await sent(reminders)
    await later(desk, clock, days=4)
    assert await sent(reminders) == 1
    await later(desk, clock, days=30)
    assert await sent(reminders) == 0
    assert await rang(desk, "net") == LADDER
    assert (await rang(desk, "boss"), await rang(desk, "bill"), await rang(desk, "li")) == (["criticism"], [], LADDER[1:])
    assert done(await see(desk, "net", order)) == done(await see(desk, "li", order)) == LADDER
    _, journal = await desk.ask("net", "GET", f"/api/orders/{order['id']}/journal")
    assert [(row["by"], row["changes"]["reminder"]) for row in journal if row["action"] == "remind"] == [
        (None, [None, rung]) for rung in LADDER
    ]


async def test_after_a_day_of_being_down_the_highest_step_is_sent_and_no_other(
    desk: Office, clock: HandClock, reminders: Reminders
) -> None:
    await dispatch(desk, await case(desk), "zhao")
    await later(desk, clock, hours=49)
    assert await sent(reminders) == 1
    assert await rang(desk, "net") == ["notice"]
    assert await states(desk) == [
        ("warning", "overtaken"),
        ("reminder", "overtaken"),
        ("notice", "sent"),
        ("criticism", "waiting"),
    ]


@pytest.mark.parametrize("how", ["return", "withdraw", "refuse"])
async def test_what_the_department_no_longer_has_reminds_it_of_nothing(
    desk: Office, clock: HandClock, reminders: Reminders, how: str
) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    await step(
        desk, "zhao" if how == "withdraw" else "net", order, how, **{"return": {"answer": "好"}}.get(how, {"reason": "因"})
    )
    await later(desk, clock, days=30)
    assert await sent(reminders) == 0
    assert {state for _, state in await states(desk)} == {"stopped"}
    assert (await see(desk, "zhao", order))["reminders"] == []


async def test_an_order_that_is_the_departments_after_all_is_reminded_of_on(
    desk: Office, clock: HandClock, reminders: Reminders
) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    await later(desk, clock, hours=21)
    await sent(reminders)
    order = await step(desk, "net", await see(desk, "net", order), "refuse", reason="不归我们")
    await later(desk, clock, hours=4)
    assert await sent(reminders) == 0
    await step(desk, "zhao", order, "uphold", reason="归你们")
    assert await sent(reminders) == 1
    assert await rang(desk, "net") == ["warning", "reminder"]


async def test_a_deadline_that_moves_has_a_ladder_of_its_own(desk: Office, clock: HandClock, reminders: Reminders) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    await later(desk, clock, hours=20)
    await sent(reminders)
    until = clock.now() + timedelta(hours=30)
    order = await step(desk, "net", await see(desk, "net", order), "extension", until=until.isoformat(), reason="等备件")
    order = await step(desk, "zhao", order, "extension/decision", granted=True)
    planned = [datetime.fromisoformat(one["planned_at"]) for one in order["reminders"] if one["sent_at"] is None]
    assert planned[:2] == [until - timedelta(hours=4), until]
    await later(desk, clock, hours=26)
    assert await sent(reminders) == 1
    assert await rang(desk, "net") == ["warning", "warning"]
    order = await step(
        desk, "zhao", await see(desk, "zhao", order), "chase", task="加急", urgent=True, reason="催",
        until=(clock.now() + timedelta(minutes=4)).isoformat(),
    )  # fmt: skip
    await later(desk, clock, minutes=4)
    assert await sent(reminders) == 1
    assert await rang(desk, "net") == ["warning", "warning", "reminder"]


async def test_a_reminder_in_the_meantime_takes_no_answer_away_from_who_was_writing_it(
    desk: Office, clock: HandClock, reminders: Reminders
) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    await later(desk, clock, hours=24)
    assert await sent(reminders) == 1
    returned = await step(desk, "net", order, "return", answer="已处理")
    assert (returned["state"], returned["version"]) == ("returned", order["version"] + 2)
    await step(desk, "zhao", order, "settle", wanted=409)
    for odd in (0, -1, 99):
        status, _ = await desk.ask("zhao", "POST", f"/api/orders/{order['id']}/settle", {"version": odd})
        assert status in {409, 422}


async def test_v3_a_surveyor_reminds_by_hand_and_a_second_press_is_no_second_reminder(desk: Office, clock: HandClock) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    assert "remind" in (await see(desk, "survey", order))["may"]
    reminded = await step(desk, "survey", order, "remind", note="客户又来电")
    assert [(one["step"], one["by"], one["note"]) for one in reminded["reminders"] if one["sent_at"]] == [
        ("urge", "Survey", "客户又来电")
    ]
    assert (await step(desk, "survey", order, "remind", wanted=409))["code"] == "stale"
    await step(desk, "zhao", reminded, "remind")
    assert await rang(desk, "net") == ["urge", "urge"]
    for login in ("li", "qa", "net"):
        assert "remind" not in (await see(desk, login, order))["may"]
        await step(desk, login, order, "remind", wanted=403)
    returned = await step(desk, "net", order, "return", answer="好")
    assert (await step(desk, "survey", returned, "remind", wanted=409))["code"] == "not_allowed"


async def test_who_died_in_the_middle_of_a_reminder_is_followed_by_another(
    desk: Office, clock: HandClock, reminders: Reminders
) -> None:
    await dispatch(desk, await case(desk), "zhao")
    await later(desk, clock, hours=20)
    async with db.transaction(desk.pool) as taken:  # claimed, and nothing came of it
        await LINE.queries.claim.execute(taken, now=clock.now(), until=clock.now() + LEASE)
    assert await sent(reminders) == 0
    await later(desk, clock, seconds=LEASE.total_seconds())
    assert (await sent(reminders), await rang(desk, "net")) == (1, ["warning"])


async def test_reminders_beside_each_other_send_each_step_once(desk: Office, clock: HandClock) -> None:
    for _ in range(6):
        await dispatch(desk, await case(desk), "zhao")
    await later(desk, clock, hours=24)
    four = [Reminders(desk.pool, clock, troubles=Troubles(clock)) for _ in range(4)]
    await asyncio.gather(*(sent(one) for one in four))
    assert await rang(desk, "net") == ["reminder"] * 6
    counts = await desk.pool.fetch("select state, count(*) from order_reminder group by state")
    assert dict(map(tuple, counts)) == {"overtaken": 6, "sent": 6, "waiting": 12}


async def test_what_cannot_be_sent_is_shown_and_tried_for_ever(desk: Office, clock: HandClock, owner: db.OwnConnection) -> None:
    order = await dispatch(desk, await case(desk), "zhao")
    troubles = Troubles(clock)
    reminders = Reminders(desk.pool, clock, troubles=troubles)
    await owner.execute("alter table order_reminder add constraint odd check (state <> 'sent')")
    await later(desk, clock, hours=20)
    assert await sent(reminders) == 1
    assert [one.part for one in troubles.standing()] == ["reminders"]
    assert await rang(desk, "net") == []
    await owner.execute("alter table order_reminder drop constraint odd")
    await later(desk, clock, hours=1)
    assert await sent(reminders) == 1
    assert done(await see(desk, "net", order)) == ["warning"]


async def test_an_assisting_departments_order_has_its_own_ladder(desk: Office, clock: HandClock, reminders: Reminders) -> None:
    ticket = await case(desk)
    await dispatch(desk, ticket, "zhao")
    _, ticket = await desk.ask("zhao", "GET", f"/api/tickets/{ticket['id']}")
    order = await dispatch(desk, ticket, "li", "billing", leads=False)
    assert order["reminders"] == []  # it has not left
    await review(desk, "zhao", order, "approve")
    await later(desk, clock, hours=20)
    assert await sent(reminders) == 2
    assert (await rang(desk, "net"), await rang(desk, "bill")) == (["warning"], ["warning"])
