"""The whole walk of one call, on real parts: SIPp caller, Asterisk, PostgreSQL, Vosk, Chromium agent by WebRTC."""

from __future__ import annotations

import asyncio
import io
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile as sf
from playwright.async_api import expect

from tests.acceptance.conftest import BROWSER, Begin, choose, sides
from tests.harness import speech
from tests.harness.centre import WRAP_UP_SECONDS, Centre
from tests.harness.desk_driver import Agent
from tests.harness.patience import lag, seconds, until

NUMBER = "13900001111"
ON_THE_LINE = "13900004141"
FRAME = speech.RATE // 50
LOUD = np.log10(500)
Curve = npt.NDArray[np.float64]


async def test_one_call_from_the_ring_to_the_confirmed_ticket(centre: Centre, anna: Agent, rings: Begin) -> None:
    await centre.admin.post("/api/customers", number=NUMBER, name="张三丰", tier="big", note="")
    says = (await asyncio.to_thread(sides))["caller"]
    await anna.ready()
    caller = await rings(number=NUMBER, name="Zhang San", says=says)
    async with lag() as ringing:
        await choose(centre, caller, "1")
        card = await anna.wait_pop()
    call = await centre.call_of(NUMBER)
    assert card.call == call["id"]
    assert call["answered_at"] is None, "the card came after the answer"
    assert "张三丰" in card.name
    assert card.number.replace(" ", "") == NUMBER
    assert call["ivr_path"] == "1"

    await anna.answer()
    caller.speak()
    await anna.hears()
    await asyncio.sleep(len(says) / speech.RATE + 1.0)  # the talk itself
    await anna.hang_up()
    assert await caller.ended() == "was hung up"

    await _pop_was_received_before_the_answer(centre, card.id, within=seconds(1) + ringing.worst)
    done = await centre.call_of(NUMBER, "the transcript", 60, transcript_state="done")
    assert (done["outcome"], done["recording_state"], done["answered_by"]) == ("answered", "archived", "安娜")
    _waited_from_the_queue_to_the_answer(done)
    await _was_in_one_queue_until_the_answer(centre, done)
    await _each_voice_on_its_own_channel(centre, done["id"])
    await _words_were_understood(centre, done["id"])
    await _draft_is_right(centre, anna, done["ticket_id"])
    await _confirmed_ticket_is_in_the_list(centre, anna, done["ticket_id"])
    await anna.state("ready")
    _wrapped_up(centre)


async def test_s1_a_complaint_is_settled_while_the_customer_is_on_the_line(centre: Centre, anna: Agent, rings: Begin) -> None:
    """SPEC S1, A2: registered, answered and closed beside the call, which goes on."""
    await anna.ready()
    caller = await rings(number=ON_THE_LINE)
    await choose(centre, caller, "1")
    await anna.wait_pop()
    await anna.answer()
    await expect(anna.field("description")).to_be_editable()
    for name, value in (("kind", "complaint"), ("business", "data"), ("nature", "tariff")):
        await anna.choose(anna.field(name), value)
    await anna.field("description").fill("上月多收了钱")
    number = await anna.confirm()
    await anna.at("close-ticket").click()
    await anna.at("close-answer").fill("已核实并退还")
    await anna.choose(anna.at("closing"), "confirmed")
    await anna.at("ask-yes").click()
    await expect(anna.at("close-answer")).to_have_count(0)
    await anna.state("talking")
    call = await centre.call_of(ON_THE_LINE)
    assert call["ended_at"] is None
    kept = await centre.admin.get(f"/api/tickets/{call['ticket_id']}")
    assert (kept["number"], kept["state"], kept["answer"]) == (number, "closed", "已核实并退还")
    await anna.hang_up()
    assert await caller.ended() == "was hung up"


def _waited_from_the_queue_to_the_answer(call: dict[str, Any]) -> None:
    """SPEC A1's clock: neither from the ring nor to it."""
    started, queued, answered = (datetime.fromisoformat(call[name]) for name in ("started_at", "queued_at", "answered_at"))
    assert started < queued < answered
    assert call["waited_ms"] == (answered - queued) // timedelta(milliseconds=1) > 0


async def _was_in_one_queue_until_the_answer(centre: Centre, call: dict[str, Any]) -> None:
    rows = await centre.query("select entered_at, left_at, how from queue_visit where call_id = $1", call["id"])
    moments = [datetime.fromisoformat(call[name]) for name in ("queued_at", "answered_at")]
    assert [tuple(row) for row in rows] == [(*moments, "answered")]


def _wrapped_up(centre: Centre) -> None:
    """The switch's diary has the pause after the call, and its end, for which nobody asked."""
    lines = (centre.folder / "var/asterisk/log/queue_log").read_text("utf-8", "replace").splitlines()
    fields = [line.split("|") for line in lines]
    began, ended = [field for field in fields if field[3] == BROWSER and field[4] in {"PAUSE", "UNPAUSE"}][-2:]
    assert (began[4:6], ended[4]) == (["PAUSE", "wrap-up"], "UNPAUSE")
    assert int(ended[0]) - int(began[0]) >= WRAP_UP_SECONDS - 1  # whole seconds, cut off


async def _pop_was_received_before_the_answer(centre: Centre, pop: str, *, within: float) -> None:
    async def stored() -> bool:
        rows = await centre.query("select p.*, c.answered_at from pop p join call c on c.id = p.call_id where p.id = $1", pop)
        return bool(rows) and rows[0]["received_at"] is not None and rows[0]["answered_at"] is not None

    await until(stored, "the pop's time of receipt in the database", 10)
    row = (await centre.query("select p.*, c.answered_at from pop p join call c on c.id = p.call_id where p.id = $1", pop))[0]
    assert row["offered_at"] <= row["received_at"] < row["answered_at"]
    assert (row["received_at"] - row["offered_at"]).total_seconds() < within
    assert row["shown_ms"] is not None


async def _each_voice_on_its_own_channel(centre: Centre, call: str) -> None:
    """Each channel's loudness over time is that of what its party said, and as they spoke by turns, only one is ever loud."""
    left, right = await _channels(centre, call)
    caller, agent = sides()["caller"], sides()["agent"]
    own = likeness(left, caller), likeness(right, agent)
    others = likeness(left, agent), likeness(right, caller)
    assert min(own) > 0.65, f"a voice is not on its channel: {own}"
    assert sum(own) > sum(others) + 0.3, f"the voices are on each other's channels: {own} {others}"
    caller_talks, agent_talks = curve(left) > LOUD, curve(right) > LOUD
    assert min(caller_talks.sum(), agent_talks.sum()) > 50, "a channel is silent"
    both = (caller_talks & agent_talks).sum() / min(caller_talks.sum(), agent_talks.sum())
    assert both < 0.1, f"one party's voice is on both channels: {both:.0%} of the time"


async def _channels(centre: Centre, call: str) -> tuple[speech.Samples, speech.Samples]:
    async with await centre.desk("qing") as inspector:
        flac = await inspector.download(f"/api/calls/{call}/audio?side=both")
    sound, rate = sf.read(io.BytesIO(flac), dtype="int16", always_2d=True)
    assert (rate, sound.shape[1]) == (speech.RATE, 2)
    heard = await centre.query("select person_id from audit where action = 'recording.listen' and object = $1", f"call:{call}")
    assert [row["person_id"] for row in heard] == [centre.people["qing"].id]
    return sound[:, 0], sound[:, 1]


def likeness(channel: speech.Samples, said: speech.Samples) -> float:
    """The best correlation of the two loudness curves over all shifts, 0..1."""
    long, short = curve(channel), curve(said)
    windows = np.lib.stride_tricks.sliding_window_view(long, len(short))
    centred = windows - windows.mean(axis=1, keepdims=True)
    sizes = np.linalg.norm(centred, axis=1) * np.linalg.norm(short - short.mean())
    return float(np.max(centred @ (short - short.mean()) / np.maximum(sizes, 1e-9)))


def curve(sound: speech.Samples) -> Curve:
    """Loudness of every 20 ms: logarithm of the root mean square, with the hiss of a line evened out."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    loud: Curve = np.log10(np.sqrt((frames**2).mean(axis=1)) + 10 * speech.HISS)
    return loud


async def _words_were_understood(centre: Centre, call: str) -> None:
    detail = await centre.admin.get(f"/api/calls/{call}")
    told = detail["transcript"]
    assert told["demonstration"] is True
    by_caller = "".join(part["text"] for part in told["utterances"] if part["speaker"] == "caller").replace(" ", "")
    by_agent = "".join(part["text"] for part in told["utterances"] if part["speaker"] == "agent").replace(" ", "")
    assert "我要投诉" in by_caller
    assert "固定电话坏了三天没有人来修" in by_caller
    assert "请问有什么可以帮您" in by_agent
    assert "维修人员明天上门维修" in by_agent
    assert "投诉" not in by_agent


async def _draft_is_right(centre: Centre, anna: Agent, ticket: int) -> None:
    await anna.drafting("done")
    filled = await centre.admin.get(f"/api/tickets/{ticket}")
    assert (filled["state"], filled["kind"], filled["business"], filled["nature"]) == (
        "draft",
        "complaint",
        "fixed_telephone",
        "fault_repair",
    )
    assert (filled["customer_name"], filled["customer_number"]) == ("张三丰", NUMBER)
    assert "固定电话" in filled["description"]
    for name in ("kind", "business", "nature"):
        assert filled["sources"][name]["evidence"], f"{name} was filled without evidence"
        await expect(anna.at(f"evidence-{name}").first).to_be_visible()


async def _confirmed_ticket_is_in_the_list(centre: Centre, anna: Agent, ticket: int) -> None:
    """A big customer's case: the seniors' by being confirmed (SPEC A7)."""
    number = await anna.confirm()
    kept = await centre.admin.get(f"/api/tickets/{ticket}")
    assert (kept["number"], kept["state"], kept["level"], kept["owner"]) == (number, "open", "senior", None)
    journal = await centre.admin.get(f"/api/tickets/{ticket}/journal")
    assert [row["seq"] for row in journal] == list(range(1, kept["version"] + 1))
    await anna.room("tickets")
    await anna.at("view-open").click()
    row = anna.at("ticket-row").filter(has_text=number)
    await expect(row).to_be_visible()
    await row.click()
    await expect(anna.at("ticket-number").first).to_contain_text(number)
    await expect(anna.at("utterance").first).to_be_visible()
    await anna.room("desk")
