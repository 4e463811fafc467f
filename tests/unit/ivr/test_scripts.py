from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cti.ids import CallId
from ivr.backoffice import Reception as Received
from ivr.prompts import PromptStore
from ivr.scripts import MAX_PRIORITY, Reception
from ivr.session import SPARE
from tests.harness.agi_peer import UNIQUEID, AgiPeer, header_block
from tests.harness.patience import until
from tests.unit.ivr.conftest import Clerk, Door

CALL = CallId(UNIQUEID)


async def test_a_complaint_reaches_the_queue_with_everything_the_dialplan_needs(door: Door, clerk: Clerk) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk(None, None, "1")
        await until(lambda: clerk.told, "the back office is told")
    assert peer.said == ["greeting", "notice", "menu", "to-complaint"]
    notice = peer.variables["NOTICE_PLAYED"]
    assert peer.variables == {"IVR_LANG": "en", "NOTICE_PLAYED": notice, "QUEUE_PRIO": "5", "IVR_PATH": "1"}
    assert notice.startswith("notice.rec-")
    assert clerk.asked == [(CALL, "13800138000")]
    assert clerk.told == [(CALL, "1", notice)]
    assert server.counts == {"queued:over": 1}


@pytest.mark.parametrize(("key", "queue"), [("2", "suggestions"), ("1", None), ("0", None)])
async def test_a_key_that_leads_to_another_queue_says_so_before_the_path(
    door: Door, prompts: PromptStore, clerk: Clerk, key: str, queue: str | None
) -> None:
    reception = Reception(prompts, clerk, language="zh-CN", limit=5.0, queues={"2": "suggestions"})
    async with door(reception) as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk(key)
    assert peer.variables.get("IVR_QUEUE") == queue
    assert list(peer.variables)[-1] == "IVR_PATH"


async def test_the_path_is_the_last_variable_because_it_means_finished(door: Door) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk("2")
    names = [words[2] for words in peer.commands if words[:2] == ["SET", "VARIABLE"]]
    assert names[-2:] == ["IVR_PATH", "TIMEOUT(absolute)"]


async def test_the_switch_may_take_the_caller_back_three_seconds_after_each_step(door: Door) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk(None, None, "1")
    steps = [words[0] for words in peer.commands if words[0] != "SET" or words[2] == "TIMEOUT(absolute)"]
    assert steps == ["SET", "STREAM", "SET", "STREAM", "SET", "GET", "SET", "STREAM", "SET"]
    menu = 4 + 1 + SPARE  # waits 4 s after a prompt of 0.1 s
    assert peer.limits == [1 + SPARE, 1 + SPARE, menu, 1 + SPARE, SPARE]


async def test_a_key_during_the_notice_does_not_cut_it_short(door: Door) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk(None, "1")
    assert peer.said == ["greeting", "notice", "notice", "to-complaint"]
    again = [words for words in peer.commands if words[0] == "STREAM"][2]
    assert again[3:] == ["", "800"], "goes on where the key stopped it, and no key stops it now"


async def test_the_caller_hears_the_language_the_back_office_knows(door: Door, clerk: Clerk) -> None:
    clerk.answer = Received(0, "zh-CN")
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk("0")
    assert peer.variables["IVR_LANG"] == "zh-CN"
    assert all("/zh-CN/" in words[2] for words in peer.commands if words[0] in ("STREAM", "GET"))


@pytest.mark.parametrize(("priority", "said"), [(-3, "0"), (10**12, str(MAX_PRIORITY))])
async def test_a_priority_that_the_queue_could_not_hold_is_bent(door: Door, clerk: Clerk, priority: int, said: str) -> None:
    clerk.answer = Received(priority, "fr")
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk("0")
    assert (peer.variables["QUEUE_PRIO"], peer.variables["IVR_LANG"]) == (said, "zh-CN")


async def test_a_slow_back_office_does_not_hold_the_caller_up(door: Door, prompts: PromptStore, clerk: Clerk) -> None:
    clerk.delay = 3600
    async with door(Reception(prompts, clerk, language="zh-CN", limit=0.1)) as server:
        peer = await AgiPeer.connect(server.port)
        async with asyncio.timeout(10):
            await peer.walk("1")
    assert (peer.variables["IVR_PATH"], peer.variables["IVR_LANG"], peer.variables["QUEUE_PRIO"]) == ("1", "zh-CN", "0")


async def test_the_caller_is_let_go_before_the_back_office_hears_of_the_choice(door: Door, clerk: Clerk) -> None:
    may = asyncio.Event()

    async def slow(call: CallId, path: str, notice: str) -> None:
        await may.wait()
        clerk.told.append((call, path, notice))

    clerk.chosen = slow  # type: ignore[method-assign]
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk("1")
        assert clerk.told == []
        may.set()
        await until(lambda: clerk.told, "the back office is told")


async def test_a_broken_back_office_does_not_hold_the_caller_up(door: Door, clerk: Clerk) -> None:
    clerk.failure = ZeroDivisionError("no database")
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk("1")
        await until(lambda: server.counts, "the session is counted")
    assert peer.variables["IVR_PATH"] == "1"
    assert server.counts == {"queued:over": 1}


async def test_silence_and_wrong_keys_end_in_the_queue(door: Door) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk(None, None, None, None, "D", None, "*")
    assert peer.variables["IVR_PATH"] == "none"
    assert peer.said == ["greeting", "notice", "menu", "no-key", "menu", "wrong-key", "menu", "to-person"]


STAGES = ["greeting", "notice", "menu", "correction", "menu", "goodbye"]


@pytest.mark.parametrize("at", range(len(STAGES)))
async def test_a_hang_up_in_each_state_is_a_clean_exit_and_counted(door: Door, clerk: Clerk, at: int) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk(None, None, None, None, "1", hang_up_at=at)
        await until(lambda: server.counts, "the session is counted")
        assert server.live == 0
    assert server.counts == {f"hung_up:{STAGES[at]}": 1}
    assert "IVR_PATH" not in peer.variables
    assert clerk.told == []


async def test_a_notice_cut_off_by_a_hang_up_is_not_called_played(door: Door) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk(hang_up_at=1)
        await until(lambda: server.counts, "the session is counted")
    assert "NOTICE_PLAYED" not in peer.variables


async def test_prompt_files_that_the_switch_cannot_open_are_passed_over(door: Door, clerk: Clerk) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        peer.missing = frozenset({"greeting", "notice", "to-complaint"})
        await peer.walk("1")
        await until(lambda: clerk.told, "the back office is told")
    assert "NOTICE_PLAYED" not in peer.variables
    assert clerk.told == [(CALL, "1", "")]


async def test_without_a_menu_the_caller_goes_straight_to_the_queue(door: Door) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        peer.missing = frozenset({"menu"})
        await peer.walk()
    assert peer.said == ["greeting", "notice", "menu"]
    assert peer.variables["IVR_PATH"] == "none"


async def test_without_any_prompt_the_caller_goes_straight_to_the_queue(door: Door, clerk: Clerk, tmp_path: Path) -> None:
    mute = Reception(PromptStore(tmp_path), clerk, language="zh-CN", limit=0.1)
    async with door(mute) as server:
        peer = await AgiPeer.connect(server.port)
        await peer.walk()
    assert peer.said == []
    assert peer.variables["IVR_PATH"] == "none"


@pytest.mark.parametrize("name", ['"><img src=x onerror=alert(1)>', "张三\rAction: Originate", "${SHELL(id)}", "%n%s" * 50])
async def test_nothing_a_caller_calls_itself_goes_back_over_the_wire(door: Door, clerk: Clerk, name: str) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port, header_block(calleridname=name, callerid=name))
        await peer.walk("1")
    assert peer.variables["IVR_PATH"] == "1"
    assert clerk.asked == [(CALL, name.strip())]
    assert not any(name in word for words in peer.commands for word in words)
