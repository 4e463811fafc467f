from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.agi import KEYS, Request
from ivr.errors import HungUp, SwitchSilent, UnsafeWord
from ivr.prompts import Prompt
from ivr.session import SPARE, Heard, Line, Session
from tests.harness.agi_peer import AgiPeer

PROMPT = Prompt("notice", "en", Path("/prompts/en/notice"), 2.5, "notice.1-x")


@pytest.fixture
async def wire() -> AsyncIterator[tuple[Session, AgiPeer]]:
    """A session and the switch's end of its connection; the header block is behind them."""
    lines: asyncio.Queue[Line] = asyncio.Queue()

    def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.put_nowait(Line(reader, writer))

    async with await asyncio.start_server(arrived, "127.0.0.1", 0) as server:
        peer = await AgiPeer.connect(server.sockets[0].getsockname()[1])
        line = await lines.get()
        request = await line.event()
        assert isinstance(request, Request)
        yield Session(line, request, reply_limit=2, close_limit=1), peer
        peer.writer.close()
        await line.close(1)


async def answering(peer: AgiPeer, *answers: str) -> None:
    for answer in answers:
        await peer.command()
        await peer.send(answer.encode() + b"\n")


async def test_say_raises_the_time_limit_first_and_lets_every_key_stop_it(wire: tuple[Session, AgiPeer]) -> None:
    session, peer = wire
    heard, _ = await asyncio.gather(session.say(PROMPT), answering(peer, "200 result=1", "200 result=65 endpos=160"))
    assert heard == Heard("A")
    assert peer.commands == [
        ["SET", "VARIABLE", "TIMEOUT(absolute)", str(3 + SPARE)],
        ["STREAM", "FILE", "/prompts/en/notice", KEYS],
    ]


async def test_ask_plays_and_waits_in_one_command_so_that_no_key_falls_between(wire: tuple[Session, AgiPeer]) -> None:
    session, peer = wire
    heard, _ = await asyncio.gather(session.ask(PROMPT, 4), answering(peer, "200 result=1", "200 result=0 endpos=20000"))
    assert heard == Heard(None)
    assert peer.commands[1] == ["GET", "OPTION", "/prompts/en/notice", KEYS, "4000"]
    assert peer.commands[0][-1] == str(7 + SPARE)


async def test_silence_that_comes_a_little_at_each_step_has_a_limit_in_all(
    wire: tuple[Session, AgiPeer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switch is not slow here: what is late is what we say to it."""
    session, peer = wire
    loop, skipped = asyncio.get_running_loop(), 0.0
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + skipped)
    answers = ["200 result=1", "200 result=0 endpos=20000"]
    limits = []
    for _ in range(2):
        skipped += 2.5
        await asyncio.gather(session.say(PROMPT), answering(peer, *answers))
        limits.append(int(peer.commands[-2][-1]))
    assert limits == [6, 4], "2.5 s of sound and 3 s; 2.5 s of sound and what is left of 6 s"
    skipped += 2.5
    with pytest.raises(SwitchSilent):
        await session.say(PROMPT)


async def test_a_prompt_that_plays_its_time_is_no_silence(wire: tuple[Session, AgiPeer], monkeypatch: pytest.MonkeyPatch) -> None:
    session, peer = wire
    loop, skipped = asyncio.get_running_loop(), 0.0
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + skipped)

    async def playing() -> None:
        nonlocal skipped
        await answering(peer, "200 result=1")
        await peer.command()
        skipped += PROMPT.seconds
        await peer.send(b"200 result=0 endpos=20000\n")

    for _ in range(5):
        await asyncio.gather(session.say(PROMPT), playing())
    assert {words[-1] for words in peer.commands if words[2] == "TIMEOUT(absolute)"} == {"6"}


async def test_a_missing_file_on_a_live_channel_was_not_played(wire: tuple[Session, AgiPeer]) -> None:
    session, peer = wire
    heard, _ = await asyncio.gather(session.say(PROMPT), answering(peer, "200 result=1", "200 result=-1", "200 result=6"))
    assert heard == Heard(None, played=False)


@pytest.mark.parametrize("status", ["200 result=-1", "HANGUP", "511 Command Not Permitted on a dead channel"])
async def test_the_same_answer_on_a_dead_channel_is_a_hang_up(wire: tuple[Session, AgiPeer], status: str) -> None:
    session, peer = wire
    with pytest.raises(HungUp):
        await asyncio.gather(session.say(PROMPT), answering(peer, "200 result=1", "200 result=-1", status))


async def test_a_hang_up_in_the_rest_of_a_whole_prompt_is_noticed(wire: tuple[Session, AgiPeer]) -> None:
    session, peer = wire
    answers = ["200 result=1", "200 result=49 endpos=900", "200 result=-1 endpos=1000", "HANGUP"]
    with pytest.raises(HungUp):
        await asyncio.gather(session.say(PROMPT, whole=True), answering(peer, *answers))
    assert peer.commands[2] == ["STREAM", "FILE", "/prompts/en/notice", "", "900"]


async def test_the_end_of_the_connection_is_a_hang_up(wire: tuple[Session, AgiPeer]) -> None:
    session, peer = wire
    peer.writer.close()
    with pytest.raises(HungUp):
        await session.set("IVR_PATH", "1")


async def test_a_value_that_could_be_a_command_never_leaves(wire: tuple[Session, AgiPeer]) -> None:
    session, peer = wire
    with pytest.raises(UnsafeWord):
        await session.set("IVR_LANG", 'en"\nEXEC System "rm"')
    await asyncio.gather(session.set("IVR_LANG", "en"), answering(peer, "200 result=1"))
    assert peer.commands == [["SET", "VARIABLE", "IVR_LANG", "en"]]
