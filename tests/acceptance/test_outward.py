"""Calls that agents make, by a way out that this test gives to the switch: how they are shown, counted, recorded, handed on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import pytest

from services import plans
from services.config_file import load
from services.hosted.asterisk import ManagedAsterisk
from tests.acceptance.conftest import at_work, on_the_board
from tests.acceptance.test_transfers import BERT, CARL, a_moment, says, sides
from tests.acceptance.test_transfers import CALLER as OUTSIDE
from tests.harness.centre import Centre
from tests.harness.outward import TRUNK, a_way_out, call_back, witness
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Call, CallRefused, Phone, Reject, Ring
from tests.harness.switch import Watcher, asterisk_program

SETTINGS: dict[str, dict[str, object]] = {
    "asterisk": {"trunks": [TRUNK]},
    "queues.complaints": {"wrap_up_seconds": 60},
    "recordings": {"orphan_seconds": 4},
}
"""The wrap-up is longer than any stall of the machine, as it is looked for."""
NOTHING_COUNTED = {"answered_today": 0, "abandoned_today": 0, "answered_again_today": 0, "abandoned_again_today": 0}


@pytest.fixture(scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    """A centre of its own, whose switch knows a trunk."""
    async with Centre(tmp_path_factory.mktemp("outward"), settings=SETTINGS) as centre:
        await centre.hire("bert", extension="1002", phone="sip", name="白涛")
        await centre.hire("carl", extension="1003", phone="sip", name="陈刚")
        await centre.hire("qing", role="qa_inspector", name="秦清")
        yield centre


@pytest.fixture(scope="module")
async def all_phones(centre: Centre) -> AsyncIterator[dict[str, Phone]]:
    async with AsyncExitStack() as stack:
        opened = {login: await centre.sip_phone(login) for login in ("bert", "carl")}
        for phone in opened.values():
            stack.callback(phone.close)
        yield opened


@pytest.fixture
def phones(all_phones: dict[str, Phone]) -> dict[str, Phone]:
    for phone in all_phones.values():
        phone.forget()
    return all_phones


@pytest.fixture
async def outside(centre: Centre) -> AsyncIterator[Phone]:
    """Whoever is called. A backend that started since has written the switch's files anew, so it is given its way out again."""
    switch = await control_of(centre)
    async with a_way_out(centre.folder / "var/asterisk/etc", centre.spool, switch.command, centre.sip) as phone:
        yield phone


@pytest.fixture
async def watcher(centre: Centre, outside: Phone) -> AsyncIterator[Watcher]:
    switch = await control_of(centre)
    port = int(str(centre.settings["asterisk"]["ami_port"]))
    async with witness(centre.folder / "var/asterisk/etc", switch.command, port) as watcher:
        yield watcher


async def control_of(centre: Centre) -> ManagedAsterisk:
    """The centre's switch, by its control socket."""
    program = await asterisk_program()
    plan = plans.switch_plan(load(centre.config), program.switch, ())
    return ManagedAsterisk(program, centre.folder / "var/asterisk", plan, lambda _: None)


async def state(centre: Centre, login: str = "bert") -> tuple[str, str | None]:
    [agent] = await on_the_board(centre, login)
    return agent["state"], agent["call_id"]


async def is_in(centre: Centre, wanted: str, login: str = "bert") -> str | None:
    """The call with which the agent is in that state."""
    now, call = await state(centre, login)
    return call if now == wanted else None


async def dialled(centre: Centre, phones: dict[str, Phone], outside: Phone, number: str) -> tuple[Call, Call, str]:
    """Bert's call and that of whom he called, both saying their pitch, and its id."""
    outside.on_ring = Answer(after=0.3)
    mine = await phones["bert"].call(number)
    mine.voice.tone(BERT)
    theirs = await outside.next_call()
    theirs.voice.tone(OUTSIDE)
    call = await until(lambda: is_in(centre, "talking"), "Bert to be shown with whom he called", 10)
    return mine, theirs, str(call)


async def archived(centre: Centre, number: str) -> tuple[dict[str, Any], float]:
    """The call's page once its sound is kept, and when that sound begins."""
    row = await centre.call_of(number, recording_state="archived", limit=30)
    detail = await centre.admin.get(f"/api/calls/{row['id']}")
    assert [one for one in detail["recording"]["remarks"] if one.startswith(("missing", "short", "spans"))] == []
    return detail, datetime.fromisoformat(detail["recording"]["starts_at"]).timestamp()


async def test_a_call_that_an_agents_telephone_makes_is_shown_recorded_and_in_no_figure(
    centre: Centre, phones: dict[str, Phone], outside: Phone
) -> None:
    number = "13900000001"
    outside.on_ring = Ring()
    async with at_work(centre, "bert"):
        mine = phones["bert"].dial(number)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(mine.invite(), name="the agent's call")
            theirs = await outside.next_ring()
            rings = await until(lambda: is_in(centre, "dialling"), "Bert to be shown as one who dials", 10)
            theirs.answer_soon()
        mine.voice.tone(BERT)
        theirs.voice.tone(OUTSIDE)
        assert await until(lambda: is_in(centre, "talking"), "Bert to be shown with whom he called", 10) == rings
        both = await a_moment()
        await theirs.hang_up()
        await mine.ended()
        await until(lambda: is_in_state(centre, "wrap_up"), "Bert to have time to write it up", 10)
    detail, begins = await archived(centre, number)
    call, [leg] = detail["call"], detail["legs"]
    assert (call["id"], call["direction"], call["outcome"], call["answered_by"]) == (rings, "outbound", "answered", "白涛")
    assert (call["waited_ms"], call["ticket_id"], leg["extension"], leg["outcome"]) == (None, None, "1002", "answered")
    assert leg["rang_ms"] > 0
    his, agents = await sides(centre, call["id"])
    assert says(his, both - begins, OUTSIDE)
    assert says(agents, both - begins, BERT)
    together = (await centre.admin.get("/api/board"))["together"]
    assert {name: together[name] for name in NOTHING_COUNTED} == NOTHING_COUNTED
    assert together["service_level_today"] is None


async def is_in_state(centre: Centre, wanted: str, login: str = "bert") -> bool:
    return (await state(centre, login))[0] == wanted


@pytest.mark.parametrize(
    ("number", "rule", "outcome"),
    [("13900000002", Reject(486), "busy"), ("13900000003", Reject(404), "failed"), ("13900000004", Reject(480), "no_answer")],
)
async def test_a_call_that_nobody_answers_says_why(
    centre: Centre, phones: dict[str, Phone], outside: Phone, number: str, rule: Reject, outcome: str
) -> None:
    outside.on_ring = rule
    with pytest.raises(CallRefused):
        await phones["bert"].call(number)
    row = await centre.call_of(number, outcome=outcome)
    assert (row["direction"], row["answered_by"], row["answered_at"]) == ("outbound", "白涛", None)
    await centre.call_of(number, recording_state="empty", limit=30)


async def test_an_agent_who_gives_up_while_it_rings_was_not_answered(
    centre: Centre, phones: dict[str, Phone], outside: Phone
) -> None:
    outside.on_ring = Ring()
    mine = phones["bert"].dial("13900000005")
    async with asyncio.TaskGroup() as tasks:
        given_up = tasks.create_task(gives_up(mine), name="the agent's call")
        await outside.next_ring()
        await until(lambda: is_in(centre, "dialling"), "Bert to be shown as one who dials", 10)
        mine.cancel()
    assert given_up.result() == 487
    assert (await centre.call_of("13900000005", outcome="no_answer"))["direction"] == "outbound"


async def gives_up(call: Call) -> int:
    with pytest.raises(CallRefused) as refusal:
        await call.invite()
    return refusal.value.code


async def test_the_switch_may_ring_the_agent_first_and_dial_then(
    centre: Centre, phones: dict[str, Phone], outside: Phone, watcher: Watcher
) -> None:
    outside.on_ring = Answer(after=0.3)
    await call_back(watcher, "1002", "13900000006")
    mine = await phones["bert"].next_call()
    theirs = await outside.next_call()
    call = await until(lambda: is_in(centre, "talking"), "Bert to be shown with whom he called", 10)
    await mine.hang_up()
    await theirs.ended()
    row = await centre.call_of("13900000006", outcome="answered")
    assert (row["id"], row["direction"], row["answered_by"]) == (call, "outbound", "白涛")


async def test_whom_an_agent_called_is_handed_on_to_a_colleague_in_the_same_call(
    centre: Centre, phones: dict[str, Phone], outside: Phone
) -> None:
    number = "13900000007"
    mine, theirs, call = await dialled(centre, phones, outside, number)
    before = await a_moment()
    phones["carl"].on_ring = Answer(after=0.3)
    await mine.refer("1003")
    carls = await phones["carl"].next_call()
    carls.voice.tone(CARL)
    assert await until(lambda: is_in(centre, "talking", "carl"), "Carl to be shown with him", 10) == call
    after = await a_moment()
    await theirs.hang_up()
    await carls.ended()
    detail, begins = await archived(centre, number)
    assert [leg["person"] for leg in detail["legs"]] == ["白涛", "陈刚"]
    assert detail["call"]["answered_by"] == "白涛"
    his, agents = await sides(centre, call)
    assert says(his, after - begins, OUTSIDE)
    assert says(agents, before - begins, BERT)
    assert says(agents, after - begins, CARL)


async def test_calls_between_agents_are_still_none(centre: Centre, phones: dict[str, Phone], outside: Phone) -> None:
    before = await ids(centre)
    phones["carl"].on_ring = Answer(after=0.2)
    async with at_work(centre, "bert"):
        mine = await phones["bert"].call("1003")
        await phones["carl"].next_call()
        await until(lambda: is_in_state(centre, "talking"), "Bert to talk", 10)
        assert await state(centre) == ("talking", None)
        await mine.hang_up()
    assert await ids(centre) == before


async def ids(centre: Centre) -> list[str]:
    return [row["id"] for row in (await centre.admin.get("/api/calls", limit=50))["calls"]]


async def test_what_the_backend_did_not_hear_is_found_while_it_lasts_and_is_its_sound_alone_afterwards(
    centre: Centre, phones: dict[str, Phone], outside: Phone
) -> None:
    heard, theirs, call = await dialled(centre, phones, outside, "13900000008")
    await centre.kill_backend()
    short = await phones["carl"].call("13900000009")
    short.voice.tone(CARL)
    (await outside.next_call()).voice.tone(OUTSIDE)
    await a_moment()
    await short.hang_up()
    unheard = await phones["carl"].call("13900000010")
    await outside.next_call()
    await centre.start()
    assert await until(lambda: is_in(centre, "talking"), "Bert to be shown with whom he called", 20) == call
    found = await until(lambda: is_in(centre, "talking", "carl"), "Carl to be shown with whom he called", 20)
    await heard.hang_up()
    await unheard.hang_up()
    await theirs.ended()
    row = await centre.call_of("13900000008", outcome="answered")
    assert (row["id"], row["direction"], row["answered_by"]) == (call, "outbound", "白涛")
    row = await centre.call_of("13900000010", outcome="answered")
    assert (row["id"], row["direction"], row["answered_by"], row["recovered"]) == (found, "outbound", "陈刚", True)

    async def adopted() -> list[dict[str, Any]]:
        rows = (await centre.admin.get("/api/calls", limit=50, direction="outbound", outcome="lost"))["calls"]
        return [row for row in rows if row["recording_state"] == "archived"]

    [lost] = await until(adopted, "the sound of the call that was over by then", 60)
    assert (lost["number"], lost["recovered"]) == ("", True)
