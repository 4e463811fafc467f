from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from cti.ids import CallId
from ivr.agi import MAX_LINE
from ivr.scripts import Visit
from ivr.server import AgiServer
from ivr.session import Session
from ivr.settings import IvrSettings
from tests.harness.agi_peer import AgiPeer, header_block
from tests.harness.patience import until
from tests.unit.ivr.conftest import Door


async def refused(door: Door, opening: bytes, why: str, **settings: object) -> None:
    async with door(**settings) as server:
        peer = await AgiPeer.connect(server.port, opening)
        assert await peer.closed() == b"", "whoever is turned away is told nothing"
        await until(lambda: server.counts, "the refusal is counted")
        assert server.counts == {why: 1}


async def flood(peer: AgiPeer, piece: bytes) -> None:
    for _ in range(10_000):
        await peer.send(piece)


async def drip(peer: AgiPeer, data: bytes) -> None:
    for byte in data:
        await peer.send(bytes([byte]))
        await asyncio.sleep(0.01)


async def test_a_foreign_route_is_turned_away(door: Door) -> None:
    await refused(door, header_block(network_script="reception?x=1"), "refused:route")


@pytest.mark.parametrize("token", ["", "wrong", "secre", "secret2", "秘密"])
async def test_a_wrong_token_is_turned_away(door: Door, token: str) -> None:
    await refused(door, header_block(token), "refused:token", token="secret")


async def test_the_right_token_is_let_in(door: Door) -> None:
    async with door(token="secret") as server:
        peer = await AgiPeer.connect(server.port, header_block("secret"))
        await peer.walk("1")
    assert peer.variables["IVR_PATH"] == "1"


async def test_an_unknown_address_is_turned_away_before_it_is_read(door: Door) -> None:
    await refused(door, header_block(), "refused:address", peers=frozenset({"192.0.2.1"}))


@pytest.mark.parametrize("uniqueid", ["", "../../etc/passwd", "1795473950.39 x", "a-1.1/../b"])
async def test_an_impossible_uniqueid_is_turned_away(door: Door, uniqueid: str) -> None:
    await refused(door, header_block(uniqueid=uniqueid), "refused:uniqueid")


async def test_half_a_header_block_is_given_up_in_time(door: Door) -> None:
    await refused(door, header_block()[:-1], "refused:no_header", header_limit=0.1)


async def test_a_peer_that_drips_its_header_does_not_win_time(door: Door) -> None:
    async with door(header_limit=0.2) as server:
        peer = await AgiPeer.connect(server.port, b"")
        started = time.monotonic()
        with pytest.raises(ConnectionError):
            await drip(peer, header_block() * 100)
        assert time.monotonic() - started < 5
        assert server.counts == {"refused:no_header": 1}


async def test_what_is_not_agi_is_turned_away(door: Door) -> None:
    await refused(door, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "failed:protocol")


@pytest.fixture
def traced() -> Iterator[None]:
    """What is allocated from here on is counted."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


async def test_a_line_of_a_megabyte_is_given_up_after_one_line_of_memory(door: Door, traced: None) -> None:
    async with door() as server:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        peer = await AgiPeer.connect(server.port, b"")
        with pytest.raises(ConnectionError):
            await flood(peer, b"a" * MAX_LINE)
        await until(lambda: server.counts, "the peer is given up")
        assert server.counts == {"failed:protocol": 1}
        assert tracemalloc.get_traced_memory()[1] - before < 1024 * 1024, "bytes, both ends' buffers among them"


async def test_a_megabyte_as_an_answer_is_given_up_too(door: Door) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.command()
        with pytest.raises(ConnectionError):
            await flood(peer, b"2" * MAX_LINE)
        await until(lambda: server.counts, "the peer is given up")
        assert server.counts == {"failed:protocol": 1}


async def test_a_port_scan_blocks_nobody(door: Door) -> None:
    """The fault that freezes panoramisk's FastAGI for ever: connect, close, before the header block is complete."""
    async with door() as server:
        for opening in [b"", b"a", header_block()[:100], header_block()[:-1]] * 5:
            peer = await AgiPeer.connect(server.port, opening)
            peer.writer.close()
        caller = await AgiPeer.connect(server.port)
        await caller.walk("1")
        await until(lambda: server.counts.total() == 21, "all are counted")
    assert caller.variables["IVR_PATH"] == "1"
    assert server.counts == {"closed_early": 20, "queued:over": 1}


async def test_a_peer_that_resets_the_connection_is_an_early_end(door: Door) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port, header_block()[:50])
        peer.writer.transport.abort()
        await until(lambda: server.counts, "the peer is counted")
        assert server.counts == {"closed_early": 1}


async def test_a_switch_that_falls_silent_is_left_in_time(door: Door) -> None:
    async with door(reply_limit=0.1) as server:
        peer = await AgiPeer.connect(server.port)
        assert await peer.command()
        await peer.closed()
        await until(lambda: server.counts, "the session is counted")
        assert server.counts == {"failed:silent": 1}


async def test_an_answer_nobody_asked_for_ends_the_session(door: Door) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.command()
        await peer.send(b"200 result=1\n200 result=1\n")
        await peer.closed()
        await until(lambda: server.counts, "the session is counted")
        assert server.counts == {"failed:protocol": 1}


async def test_a_switch_that_does_not_know_a_command_ends_the_session(door: Door) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.command()
        await peer.send(b"520-Invalid command syntax.  Proper usage follows:\nUsage\n520 End of proper usage.\n")
        await peer.closed()
        await until(lambda: server.counts, "the session is counted")
        assert server.counts == {"failed:command": 1}


@pytest.mark.parametrize("answer", [b"HANGUP\n", b"511 Command Not Permitted on a dead channel\n"])
async def test_each_sign_of_a_dead_channel_is_a_hang_up(door: Door, answer: bytes) -> None:
    async with door() as server:
        peer = await AgiPeer.connect(server.port)
        await peer.command()
        await peer.send(answer)
        assert await peer.closed() == b"", "no more commands to a dead channel"
        await until(lambda: server.counts, "the session is counted")
        assert server.counts == {"hung_up:greeting": 1}


async def test_two_hundred_callers_at_once_are_all_served(door: Door) -> None:
    async with door() as server:
        peers = [await AgiPeer.connect(server.port) for _ in range(200)]
        await until(lambda: server.live == 200, "all are inside")
        await asyncio.gather(*(peer.walk(None, None, "1") for peer in peers))
        await until(lambda: server.counts.total() == 200, "all are counted")
    assert server.counts == {"queued:over": 200}
    assert all(peer.variables["IVR_PATH"] == "1" for peer in peers)


async def test_one_caller_too_many_goes_straight_to_the_queue_and_the_others_stay(door: Door) -> None:
    async with door(max_sessions=2) as server:
        inside = [await AgiPeer.connect(server.port) for _ in range(2)]
        await until(lambda: server.live == 2, "two are inside")
        outside = await AgiPeer.connect(server.port)
        assert await outside.closed() == b""
        await asyncio.gather(*(peer.walk("1") for peer in inside))
        await until(lambda: server.counts.total() == 3, "all are counted")
    assert server.counts == {"refused:too_many": 1, "queued:over": 2}


async def test_a_slip_in_a_script_ends_that_session_alone(door: Door) -> None:
    async def broken(session: Session, call: CallId) -> Visit:
        raise KeyError(call)

    async with door(broken) as server:
        for expected in (1, 2):
            peer = await AgiPeer.connect(server.port)
            assert await peer.closed() == b""
            await until(lambda expected=expected: server.counts.total() == expected, "the session is counted")
    assert server.counts == {"failed:script": 2}


async def test_a_script_that_hangs_does_not_keep_its_place_for_ever(door: Door) -> None:
    async def hanging(session: Session, call: CallId) -> Visit:
        await asyncio.Event().wait()
        raise AssertionError

    async with door(hanging, session_limit=0.1) as server:
        peer = await AgiPeer.connect(server.port)
        assert await peer.closed() == b""
        await until(lambda: server.counts, "the session is counted")
    assert server.counts == {"failed:stuck": 1}


async def test_a_shutdown_lets_every_caller_go_and_leaves_no_task(door: Door) -> None:
    before = asyncio.all_tasks()
    async with door() as server:
        peers = [await AgiPeer.connect(server.port) for _ in range(3)]
        await until(lambda: server.live == 3, "three are inside")
    for peer in peers:
        await peer.closed()
    assert server.live == 0
    assert asyncio.all_tasks() <= before
    with pytest.raises(ConnectionRefusedError):
        await AgiPeer.connect(server.port)


async def test_a_port_that_is_taken_is_said_loudly(door: Door) -> None:
    async with door() as first:
        with pytest.raises(ExceptionGroup) as failure:
            await AgiServer(IvrSettings(port=first.port), {}).run()
    assert [type(error) for error in failure.value.exceptions] == [OSError]
