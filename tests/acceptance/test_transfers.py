"""A caller handed on after two agents have talked, whoever dialled whom: one recording, every voice where it belongs (SPEC C6,
Q4).
"""

from __future__ import annotations

import asyncio
import io
import time
from datetime import datetime
from pathlib import Path

import pytest
import soundfile as sf

from tests.acceptance.conftest import at_work
from tests.harness.centre import Centre
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Phone
from tests.harness.switch import HOTLINE
from tests.harness.tones import RATE, Pcm, share

NUMBERS = {"bert": "13900012345", "carl": "13900012346"}
CALLER, BERT, CARL = 440, 1000, 1500


@pytest.mark.parametrize("dials", ["bert", "carl"])
async def test_whom_the_caller_was_handed_to_after_a_consultation_is_in_the_callers_recording(
    centre: Centre, phones: dict[str, Phone], dials: str
) -> None:
    number = NUMBERS[dials]
    phones["bert"].on_ring = phones["carl"].on_ring = Answer(after=0.2)
    others = set(centre.spool.glob("*.wav"))  # what colleagues said to each other in an earlier test is kept for two minutes
    caller = await Phone.open(centre.sip, user=number)
    try:
        call = await caller.call(HOTLINE)
        call.voice.tone(CALLER)
        async with at_work(centre, "bert"):
            await call.dtmf("1")
            first = await phones["bert"].next_call(limit=60)
        first.voice.tone(BERT)
        row = await centre.call_of(number, answered_by="白涛")
        before = await a_moment()
        await first.hold()
        if dials == "bert":
            consultation = await phones["bert"].call("1003")
            second = await phones["carl"].next_call()
        else:
            second = await phones["carl"].call("1002")
            consultation = await phones["bert"].next_call()
            others |= await talk(centre, others)
        consultation.voice.tone(BERT)
        second.voice.tone(CARL)
        alone = await a_moment()
        await first.refer_replacing(consultation, "1003")
        await until(lambda: joined(centre, row["id"], "1003"), "the colleague with the caller")
        after = await a_moment()
        await call.hang_up()
        await second.ended()
    finally:
        caller.close()

    await centre.call_of(number, recording_state="archived", limit=20)
    detail = await centre.admin.get(f"/api/calls/{row['id']}")
    assert [leg["person"] for leg in detail["legs"] if leg["answered_at"]] == ["白涛", "陈刚"]
    assert [remark for remark in detail["recording"]["remarks"] if remark.startswith(("missing", "short", "spans"))] == []
    begins = datetime.fromisoformat(detail["recording"]["starts_at"]).timestamp()
    his, theirs = await sides(centre, row["id"])
    for moment in (before, alone, after):
        assert says(his, moment - begins, CALLER)
    assert says(theirs, before - begins, BERT)
    assert not at(theirs, alone - begins).any(), "what the agents said to each other is on the caller's recording"
    assert says(theirs, after - begins, CARL)
    # the files go after the row has said that all is archived, and before anybody would take them for a call of their own
    await until(lambda: not set(centre.spool.glob("*.wav")) - others, "a spool in which nothing of it is left behind")


async def a_moment() -> float:
    """The middle of a second in which nothing else happens."""
    await asyncio.sleep(0.5)
    moment = time.time()
    await asyncio.sleep(0.5)
    return moment


async def talk(centre: Centre, others: set[Path]) -> set[Path]:
    """The file of whom a colleague rang, who is handed to nobody."""
    await until(lambda: set(centre.spool.glob("*_colleague_*.wav")) - others, "the file of whom a colleague rang")
    return set(centre.spool.glob("*_colleague_*.wav")) - others


async def joined(centre: Centre, call: str, extension: str) -> bool:
    legs = (await centre.admin.get(f"/api/calls/{call}"))["legs"]
    return any(leg["extension"] == extension and leg["answered_at"] for leg in legs)


async def sides(centre: Centre, call: str) -> tuple[Pcm, Pcm]:
    async with await centre.desk("qing") as inspector:
        flac = await inspector.download(f"/api/calls/{call}/audio?side=both")
    sound, rate = sf.read(io.BytesIO(flac), dtype="int16", always_2d=True)
    assert rate == RATE
    return sound[:, 0], sound[:, 1]


def at(side: Pcm, seconds: float) -> Pcm:
    """Three tenths of a second around that moment."""
    middle = round(seconds * RATE)
    return side[max(0, middle - RATE * 3 // 20) : middle + RATE * 3 // 20]


def says(side: Pcm, seconds: float, pitch: int) -> bool:
    """Whether this voice is there around that moment, and no other."""
    around = at(side, seconds)
    return share(around, pitch) > 0.9 and all(share(around, other) < 0.5 for other in (CALLER, BERT, CARL) if other != pitch)
