"""Callers who do not do as the greeting asks: gone, silent, unknown, hostile. Afterwards everything works as before."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from cti.ids import is_uniqueid
from recordings import naming
from services.customers.numbers import ANYWHERE
from tests.acceptance.conftest import Begin, choose
from tests.harness.caller import HOTLINE, Caller
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent
from tests.harness.patience import until
from tests.harness.sip_phone import CallRefused, Phone
from tests.harness.wide_codecs import G729

SCRIPT = r"\"><img src=x onerror=window.hit=1><script>window.hit=1</script>"
SILENT = "13911110000"
HOSTILE: tuple[tuple[str | bytes, str | bytes, str | None], ...] = (
    (SILENT, "says and presses nothing", SILENT),
    ("13911110001", SCRIPT, "13911110001"),
    ("13911110002", "x' OR 1=1; DROP TABLE ticket;--", "13911110002"),
    ("13911110003", "$(id)`id`|id;id ${SHELL(id)} ${EVAL(1)}", "13911110003"),
    ("13911110004", "../../../etc/passwd", "13911110004"),
    ("13911110005", "N" * 3_000, "13911110005"),
    ("13911110006", b"\xd5\xc5\xc8\xfd", "13911110006"),  # 张三 in GBK
    ("13911110007", "‮\u2028\u0007张三", "13911110007"),
    ("%2e%2e%2f%2e%2e%2fetc%2fpasswd", "path", ""),
    ("$(id)", "shell in the number", ""),
    ("%27%3bDROP%20TABLE%20ticket%3b--", "sql in the number", ""),
    ("%EF%BC%91%EF%BC%93%EF%BC%98", "full-width 138", "138"),
    ("%D9%A1%D9%A3%D9%A8", "Arabic 138", "138"),
    ("+", "plus", ""),
    ("9" * 100, "a hundred digits", ""),
    ("unknown", "unknown", ""),
    ("138%0d%0aEvent%3a%20Shutdown%0d%0a%0d%0a", "line ends", ""),
    ("13911110008;phone-context=+86", "parameters of the number", "13911110008"),
    ("", "empty number", None),
)
"""Number and name sent, and the number kept: ``''`` for one of no use, None where the switch does not take the call."""


async def test_a_caller_who_hangs_up_in_the_menu_never_was_in_the_queue(centre: Centre, rings: Begin) -> None:
    caller = await rings(number="13900005555")
    await centre.call_of("13900005555")
    caller.hang_up()
    call = await centre.call_of("13900005555", outcome="ivr_hangup")
    assert (call["queued_at"], call["answered_at"], call["waited_ms"]) == (None, None, None)


async def test_a_caller_who_gives_up_in_an_empty_queue_counts_as_abandoned(centre: Centre, rings: Begin) -> None:
    caller = await rings(number="13900006666")
    await choose(centre, caller, "1")
    assert (await centre.admin.get("/api/board"))["together"]["waiting"] == 1
    caller.hang_up()
    call = await centre.call_of("13900006666", outcome="abandoned")
    assert call["waited_ms"] is not None
    await until(lambda: _nobody_waits(centre), "an empty queue", 5)


async def _nobody_waits(centre: Centre) -> bool:
    return bool((await centre.admin.get("/api/board"))["together"]["waiting"] == 0)


async def test_a_call_of_a_tenth_of_a_second_leaves_a_closed_call(centre: Centre, tmp_path: Path) -> None:
    async with Caller(centre.sip_port, tmp_path, number="13900007777", brief=True) as caller:
        assert await caller.ended() == "hung up"
    await centre.call_of("13900007777", outcome="ivr_hangup")


async def test_a_caller_whose_codec_nobody_speaks_is_refused_and_counted(centre: Centre) -> None:
    caller = await Phone.open(centre.sip, user="13900007778", name="张三")
    caller.laws = (G729,)
    with pytest.raises(CallRefused):
        await caller.call(HOTLINE)
    caller.close()
    call = await centre.call_of("13900007778", outcome="refused")
    assert (call["queued_at"], call["answered_at"]) == (None, None)


async def test_callers_who_withhold_their_number_are_shown_as_such_and_not_taken_for_each_other(
    centre: Centre, anna: Agent, rings: Begin
) -> None:
    await anna.ready()
    for _ in range(2):
        caller = await rings(number="anonymous", name="Anonymous")
        await _press_until_it_rings(anna, caller)
        card = await anna.wait_pop()
        assert not re.search(r"\d", card.number), f"a number is shown: {card.number}"
        assert await anna.at("pop-last-calls").get_by_role("listitem").count() == 0, (
            "an earlier unknown caller is taken for this one"
        )
        caller.hang_up()
        await _end_of(centre, card.call)
        await until(lambda: _no_pops(anna), "the card to go with its caller", 10)
        await anna.state("ready")


async def _no_pops(agent: Agent) -> bool:
    return await agent.pops() == 0


async def _press_until_it_rings(agent: Agent, caller: Caller) -> None:
    rounds = iter(range(10**6))

    async def look() -> bool:
        if next(rounds) % 25 == 0:
            caller.press("1")
        return await agent.pops() > 0

    await until(look, "a ring", 40)


async def _end_of(centre: Centre, call: str) -> None:
    async def look() -> bool:
        return (await centre.admin.get(f"/api/calls/{call}"))["call"]["outcome"] is not None

    await until(look, f"the end of {call}", 10)


async def test_a_script_as_caller_name_is_shown_as_text(centre: Centre, anna: Agent, rings: Begin) -> None:
    await anna.ready()
    caller = await rings(number="13900008888", name=SCRIPT)
    await choose(centre, caller, "1")
    card = await anna.wait_pop()
    assert "img" in card.text, "the name sent is not on the card"
    await anna.answer()
    await anna.hang_up()
    await anna.room("calls")
    await anna.at("call-row").first.wait_for()
    assert await anna.page.evaluate("window.hit") is None
    assert await anna.page.locator("img[src='x']").count() == 0
    await anna.room("desk")


async def test_hostile_names_numbers_and_keys_harm_nothing_and_silence_for_ever_ends_in_the_queue(
    centre: Centre, tmp_path: Path
) -> None:
    before = _in_spool(centre)
    begun = (await centre.query("select now() as now"))[0]["now"]
    async with AsyncExitStack() as stack:
        callers = [
            await stack.enter_async_context(Caller(centre.sip_port, tmp_path, number=number, name=name))
            for number, name, _ in HOSTILE
        ]
        taken = [caller for caller, (_, _, kept) in zip(callers, HOSTILE, strict=True) if kept is not None]
        await asyncio.gather(*(caller.answered(20) for caller in taken))
        silent = await until(lambda: _silent(centre, begun), "the silent caller's call")
        for caller in taken:
            if caller.digits != SILENT:
                _flood_with_keys(caller)
        await until(lambda: _queued(centre, begun, len(taken)), f"{len(taken)} callers in the queue", 60)
        recorded = _in_spool(centre) - before
        assert len(recorded) >= len(taken)
        for path in recorded:
            naming.parse(path.name)  # raises for any name that is not of the switch's making
        assert (await centre.admin.get(f"/api/calls/{silent}"))["call"]["ivr_path"] == "none"
        for caller in taken:
            caller.hang_up()
        await asyncio.gather(*(caller.ended() for caller in taken))
    rows = await until(lambda: _over(centre, begun, len(taken)), "all calls to be closed", 20)
    assert sorted(row["number"] for row in rows) == sorted(ANYWHERE.read(kept) for _, _, kept in HOSTILE if kept is not None)
    assert all(is_uniqueid(row["id"]) for row in rows)
    assert all(row["customer_id"] is None for row in rows)
    assert not [text for row in rows for text in (row["name_sent"], row["number_sent"]) if re.search(r"[\x00-\x1f\x7f]", text)]
    await _everything_works(centre, tmp_path)


def _in_spool(centre: Centre) -> set[Path]:
    """All files; the folders beside them are ours, for what is woven and what was put aside."""
    return {path for path in centre.spool.iterdir() if not path.is_dir()}


def _flood_with_keys(caller: Caller) -> None:
    """Keys that mean nothing here, as fast as they go."""
    for key in "ABCD*#987" * 3:
        caller.press(key)


async def _silent(centre: Centre, since: object) -> str | None:
    rows = await centre.query("select id from call where started_at > $1 and number = $2", since, ANYWHERE.read(SILENT))
    return str(rows[0]["id"]) if rows else None


async def _queued(centre: Centre, since: object, count: int) -> bool:
    rows = await centre.query("select count(*) from call where started_at > $1 and queued_at is not null", since)
    return bool(rows[0]["count"] == count)


async def _over(centre: Centre, since: object, count: int) -> Iterable[Any]:
    rows = await centre.query("select * from call where started_at > $1 and outcome is not null", since)
    return rows if len(rows) == count else []


async def _everything_works(centre: Centre, tmp_path: Path) -> None:
    """The link never went, the database answers, and an ordinary caller is served."""
    board = await centre.admin.get("/api/board")
    assert board["link"]["up"] is True
    system = await centre.admin.get("/api/system")
    assert {part["name"]: part["ok"] for part in system["parts"]} == {part["name"]: True for part in system["parts"]}
    assert not re.search(r"Traceback|Unhandled|never retrieved", centre.log.read_text(encoding="utf-8", errors="replace"))
    async with Caller(centre.sip_port, tmp_path / "after", number="13900009999") as caller:
        await caller.answered()
        await choose(centre, caller, "1")
