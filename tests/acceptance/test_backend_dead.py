"""kill -9 of the backend: callers are answered and recorded all the same (SPEC C10), and nothing is missing afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import CALLER_SAYS, at_work, choose
from tests.harness import speech, tones
from tests.harness.caller import Caller
from tests.harness.centre import Centre
from tests.harness.patience import Impatient, until
from tests.harness.sip_phone import Answer, Call, Phone


@pytest.fixture(scope="module")
async def mortal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    """A centre of its own, impatient for what happened in its absence."""
    async with Centre(tmp_path_factory.mktemp("mortal"), settings={"recordings": {"orphan_seconds": 4}}) as centre:
        await centre.hire("bert", extension="1002", phone="sip", name="白涛")
        await centre.hire("carl", extension="1003", phone="sip", name="陈刚")
        yield centre


async def test_callers_are_answered_and_recorded_while_the_backend_is_dead_and_nothing_is_missing_afterwards(
    mortal: Centre, tmp_path: Path
) -> None:
    says = await asyncio.to_thread(speech.speak, CALLER_SAYS)
    async with AsyncExitStack() as stack:
        bert, carl = [await mortal.sip_phone(login) for login in ("bert", "carl")]
        stack.callback(bert.close)
        stack.callback(carl.close)
        bert.on_ring = carl.on_ring = Answer(after=0.2)
        await stack.enter_async_context(at_work(mortal, "bert"))
        early = await stack.enter_async_context(Caller(mortal.sip_port, tmp_path, number="13800000001", says=says))
        await early.answered()
        await choose(mortal, early, "1")
        first_talk = await bert.next_call(limit=20)
        await stack.enter_async_context(at_work(mortal, "carl"))

        await mortal.kill_backend()
        late = await stack.enter_async_context(Caller(mortal.sip_port, tmp_path, number="13800000002", says=says))
        await late.answered()
        second_talk = await carl.next_call(limit=15)
        for caller, talk in ((early, first_talk), (late, second_talk)):
            talk.voice.tone(700)
            caller.speak()
        await asyncio.sleep(len(says) / speech.RATE + 1)
        for talk in (first_talk, second_talk):
            assert tones.level(talk.voice.heard()) > 200, "the agent heard nothing"
        await second_talk.hang_up()
        assert await late.ended() == "was hung up"
        assert not early.over, "the call in progress did not survive"

        await mortal.start()
        assert not early.over, "the call in progress did not survive the new start"
        early.hang_up()
        await early.ended()
        await _both_are_whole(mortal)


async def _both_are_whole(centre: Centre) -> None:
    rows: list[dict[str, Any]] = []

    async def transcribed() -> bool:
        rows[:] = (await centre.admin.get("/api/calls", limit=10))["calls"]
        return [row["transcript_state"] for row in rows] == ["done", "done"]

    try:
        await until(transcribed, "both calls with their transcripts", 60)
    except Impatient as late:
        raise Impatient(f"{late}: {rows}") from None
    found = {(row["number"], row["outcome"], row["answered_by"]) for row in rows}
    assert found == {("13800000001", "answered", "白涛"), ("13800000002", "answered", "陈刚")}
    assert {row["recording_state"] for row in rows} == {"archived"}
    for row in rows:
        detail = await centre.admin.get(f"/api/calls/{row['id']}")
        words = "".join(part["text"] for part in detail["transcript"]["utterances"] if part["speaker"] == "caller")
        assert "固定电话" in words.replace(" ", "")
        assert detail["recording"]["duration_ms"] > 3000
        assert 0 <= detail["call"]["waited_ms"] <= 15_000
        assert detail["call"]["talked_ms"] >= 3000
        assert "spans_unknown" not in detail["recording"]["remarks"]
        assert [leg["outcome"] for leg in detail["legs"]] == ["answered"]
        (visit,) = await centre.query("select left_at, how from queue_visit where call_id = $1", row["id"])
        assert visit["how"] == "answered"
        assert abs(visit["left_at"] - datetime.fromisoformat(row["answered_at"])) <= timedelta(seconds=1)
        ticket = await centre.admin.get(f"/api/tickets/{row['ticket_id']}")
        assert (ticket["state"], ticket["customer_number"]) == ("draft", row["number"])


async def test_a_caller_hears_no_silence_while_the_backend_is_dead(mortal: Centre, tmp_path: Path) -> None:
    """With nobody at work either, the caller is told of the recording and then hears music."""
    await mortal.kill_backend()
    phone = await Phone.open(mortal.sip, user="13800000003")
    try:
        call: Call = await phone.call("10000")
        await until(lambda: tones.level(call.voice.heard()[-8000:]) > 50, "any sound for the caller", 8)
        await call.hang_up()
    finally:
        phone.close()
        await mortal.start()
