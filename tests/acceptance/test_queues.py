"""Two queues on one switch: a key of the menu leads to each, each rings its own agents, and each is counted by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import at_work, choose
from tests.harness import tones
from tests.harness.caller import HOTLINE, Caller
from tests.harness.centre import Centre
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Phone

COMPLAINTS, SUGGESTIONS = "complaints", "suggestions"
TWO_QUEUES: dict[str, dict[str, object]] = {
    f"queues.{COMPLAINTS}": {"zh": "投诉", "en": "Complaints"},
    f"queues.{SUGGESTIONS}": {"zh": "建议", "en": "Suggestions", "keys": ["2"], "ring_seconds": 8, "answer_seconds": 30},
    "asterisk": {"node": "east"},
    "recordings": {"orphan_seconds": 4},
}
EXTENSIONS = {"bert": "1002", "carl": "1003", "dora": "1004"}
QUEUES = {"bert": (COMPLAINTS,), "carl": (SUGGESTIONS,), "dora": None}


@pytest.fixture(scope="module")
async def two(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    """Bert answers complaints, Carl suggestions, Dora both."""
    async with Centre(tmp_path_factory.mktemp("two"), settings=TWO_QUEUES) as centre:
        for login, extension in EXTENSIONS.items():
            await centre.hire(login, extension=extension, phone="sip", queues=QUEUES[login])
        yield centre


@pytest.fixture(scope="module")
async def phones(two: Centre) -> AsyncIterator[dict[str, Phone]]:
    async with AsyncExitStack() as stack:
        opened = {login: await two.sip_phone(login) for login in EXTENSIONS}
        for phone in opened.values():
            stack.callback(phone.close)
            phone.on_ring = Answer(after=0.2)
        yield opened


async def _queues(centre: Centre) -> dict[str, dict[str, Any]]:
    return {queue["queue"]: queue for queue in (await centre.admin.get("/api/board"))["queues"]}


async def _visits(centre: Centre, number: str) -> list[tuple[str, str | None]]:
    """Each stay in a queue, and how it ended."""
    rows = await centre.query(
        "select v.queue, v.how from queue_visit v join call c on c.id = v.call_id where c.number_sent = $1 order by v.entered_at",
        number,
    )
    return [(row["queue"], row["how"]) for row in rows]


async def _rung(centre: Centre, number: str) -> set[str]:
    """Whose phone rang for that caller."""
    rows = await centre.query(
        "select l.extension from call_leg l join call c on c.id = l.call_id where c.number_sent = $1", number
    )
    return {row["extension"] for row in rows}


async def _talk(centre: Centre, phone: Phone, number: str) -> None:
    """The next call of that phone is the caller's; it is ended once both have been connected."""
    talk = await phone.next_call()
    await until(lambda: _is_answered(centre, number), f"{number} to be connected", 20)
    await talk.hang_up()
    await centre.call_of(number, outcome="answered")


async def _is_answered(centre: Centre, number: str) -> bool:
    return (await centre.call_of(number))["answered_at"] is not None


async def test_each_key_leads_to_its_queue_and_rings_the_agents_of_that_queue_alone(
    two: Centre, phones: dict[str, Phone], tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(at_work(two, "carl"))
        first = await stack.enter_async_context(Caller(two.sip_port, tmp_path, number="13800000001"))
        await first.answered()
        await choose(two, first, "1")
        assert {name: queue["waiting"] for name, queue in (await _queues(two)).items()} == {COMPLAINTS: 1, SUGGESTIONS: 0}

        second = await stack.enter_async_context(Caller(two.sip_port, tmp_path, number="13800000002"))
        await second.answered()
        await choose(two, second, "2")
        await _talk(two, phones["carl"], "13800000002")
        assert not first.over, "the first caller waits on, for Bert"

        await stack.enter_async_context(at_work(two, "bert"))
        await _talk(two, phones["bert"], "13800000001")
    assert await _visits(two, "13800000001") == [(COMPLAINTS, "answered")]
    assert await _visits(two, "13800000002") == [(SUGGESTIONS, "answered")]
    assert await _rung(two, "13800000001") == {EXTENSIONS["bert"]}
    assert await _rung(two, "13800000002") == {EXTENSIONS["carl"]}
    assert {row["node"] for row in await two.query("select node from call")} == {"east"}


async def test_an_agent_of_both_is_rung_by_both_and_wraps_up_in_both(
    two: Centre, phones: dict[str, Phone], tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(at_work(two, "dora"))
        for number, key in (("13800000003", "1"), ("13800000004", "2")):
            caller = await stack.enter_async_context(Caller(two.sip_port, tmp_path, number=number))
            await caller.answered()
            await choose(two, caller, key)
            await _talk(two, phones["dora"], number)
            # the switch itself says so, and only of whom it has paused in every queue
            await until(lambda: _is_wrapping_up(two, "dora"), "Dora's wrap-up", 10)
            async with await two.desk("dora") as desk:
                await desk.put("/api/me/state", state="ready", reason="")
    assert await _visits(two, "13800000003") == [(COMPLAINTS, "answered")]
    assert await _visits(two, "13800000004") == [(SUGGESTIONS, "answered")]
    assert await _rung(two, "13800000003") == await _rung(two, "13800000004") == {EXTENSIONS["dora"]}


async def _is_wrapping_up(centre: Centre, login: str) -> bool:
    agents = (await centre.admin.get("/api/board"))["agents"]
    return [agent["state"] for agent in agents if agent["extension"] == EXTENSIONS[login]] == ["wrap_up"]


async def test_each_queue_has_its_figures_and_both_together_have_the_sum(two: Centre, tmp_path: Path) -> None:
    before = await two.admin.get("/api/board")
    async with Caller(two.sip_port, tmp_path, number="13800000005") as caller:
        await caller.answered()
        await choose(two, caller, "2")
        caller.hang_up()
        await two.call_of("13800000005", outcome="abandoned")

    async def counted() -> dict[str, Any] | None:
        board = await two.admin.get("/api/board")
        went = board["together"]["abandoned_today"] == before["together"]["abandoned_today"] + 1
        return board if went else None

    board = await until(counted, "the call in the figures", 15)
    complaints, suggestions = board["queues"]
    was_complaints, was_suggestions = before["queues"]
    assert (complaints["queue"], complaints["zh"], suggestions["queue"], suggestions["en"]) == (
        COMPLAINTS, "投诉", SUGGESTIONS, "Suggestions",
    )  # fmt: skip
    assert complaints == was_complaints, "what is of the other queue changes nothing here"
    assert suggestions["abandoned_today"] == was_suggestions["abandoned_today"] + 1
    assert (complaints["service_level_formula"], suggestions["service_level_formula"]) == ("tingsu-1", "tingsu-1 30/5 s")
    for part in ("answered_today", "answered_in_time_today", "abandoned_today", "short_abandons_today"):
        assert board["together"][part] == complaints[part] + suggestions[part]


async def test_with_the_backend_dead_callers_come_to_the_first_queue_and_its_agents_alone(
    two: Centre, phones: dict[str, Phone]
) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(at_work(two, "carl"))
        await stack.enter_async_context(at_work(two, "bert"))
        await two.kill_backend()
        caller = await Phone.open(two.sip, user="13800000006")
        stack.callback(caller.close)
        call = await caller.call(HOTLINE)
        call.voice.tone(700)
        await call.dtmf("2")  # nobody is there to hear it
        talk = await phones["bert"].next_call()
        await until(lambda: tones.level(talk.voice.heard()[-4000:]) > 200, "the caller's voice at the agent's phone", 20)
        await talk.hang_up()
        await call.ended()
        await two.start()
        await two.call_of("13800000006", outcome="answered", limit=60)
    assert await _visits(two, "13800000006") == [(COMPLAINTS, "answered")]
    assert await _rung(two, "13800000006") == {EXTENSIONS["bert"]}
    assert {row["node"] for row in await two.query("select node from call")} == {"east"}
