"""The websocket: who gets in, what comes, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from cti.changes import AgentState
from services.access.sessions import hash_of
from services.floor.wire import BoardMessage
from services.now import SystemClock
from services.store import db
from services.transcripts.wire import DraftMessage
from services.web import connections, handset, live
from tests.harness.office import WAIT_S, Office, agent, link, office
from tests.harness.patience import until


@pytest_asyncio.fixture
async def desk(pool: db.Pool, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(pool, SystemClock(), tmp_path) as running:
        await running.hire("li", extension="1001")
        await running.hire("wang", extension="1002")
        yield running


def push(desk: Office, login: str, ticket: int, *, over: bool = False) -> int:
    def make(seq: int) -> DraftMessage:
        return DraftMessage(seq=seq, ticket_id=ticket, call_id="c", state="done")

    return desk.hub.push(desk.people[login], f"draft:{ticket}", make, over=over)


async def test_a_browser_is_greeted_and_shown_the_board(desk: Office) -> None:
    async with desk.browser("li") as browser:
        hello = await browser.next(boards=True)
        board = await browser.next(boards=True)
        assert (hello["type"], hello["lost"]) == ("hello", False)
        assert board["board"]["me"]["extension"] == "1001"


async def test_the_cheap_board_is_the_same_as_the_careful_one(desk: Office) -> None:
    await desk.change(link(), agent("1001", AgentState.PAUSED, "Auto-Pause"))
    person = desk.people["li"]
    cheap = BoardMessage.model_validate_json(desk.floor.snapshot().text(person))
    careful = desk.floor.board(person)
    assert cheap.board.model_copy(update={"version": careful.version}) == careful
    assert cheap.board.me is not None
    assert (cheap.board.me.state, cheap.board.me.reason) == ("paused", "missed_ring")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": None}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Cookie": "tingsu_session=" + "x" * 43}, 401),
        ({"Cookie": ""}, 401),
    ],
)
async def test_strangers_are_refused_before_the_upgrade(desk: Office, headers: dict[str, str | None], status: int) -> None:
    assert desk.http
    sent = {name: value for name, value in (desk.cookies("li") | headers).items() if value is not None}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await desk.http.ws_connect(f"{desk.url}/api/live", headers=sent)
    assert refused.value.status == status


async def test_messages_are_numbered_upwards_and_reach_only_their_person(desk: Office) -> None:
    async with desk.browser("li") as mine, desk.browser("wang") as other:
        await mine.next("hello")
        await other.next("hello")
        first, second = push(desk, "li", 1), push(desk, "li", 2)
        assert [(await mine.next())["seq"] for _ in range(2)] == [first, second]
        assert second > first
        push(desk, "wang", 3)
        assert (await other.next())["ticket_id"] == 3


async def test_a_returning_browser_gets_what_it_missed_once_and_in_order(desk: Office) -> None:
    async with desk.browser("li") as browser:
        await browser.next("hello")
        seen = push(desk, "li", 1)
        await browser.next("draft")
    push(desk, "li", 2)
    push(desk, "li", 3)
    push(desk, "li", 2)
    async with desk.browser("li", since=seen) as browser:
        assert not (await browser.next("hello"))["lost"]
        assert [(await browser.next())["ticket_id"] for _ in range(2)] == [3, 2]


async def test_a_browser_from_before_a_restart_is_told_to_load_anew(desk: Office) -> None:
    async with desk.browser("li", since=17) as browser:
        assert (await browser.next("hello"))["lost"]


async def test_a_new_browser_sees_what_goes_on_and_not_what_is_over(desk: Office) -> None:
    push(desk, "li", 1, over=True)
    push(desk, "li", 2)
    async with desk.browser("li") as browser:
        await browser.next("hello")
        assert (await browser.next())["ticket_id"] == 2


async def test_two_tabs_of_one_person_get_the_same(desk: Office) -> None:
    async with desk.browser("li") as one, desk.browser("li") as two:
        await one.next("hello")
        await two.next("hello")
        push(desk, "li", 7)
        assert (await one.next("draft")) == (await two.next("draft"))


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "{",
        "null",
        '{"type":"ack","seq":-1}',
        '{"type":"resume","since":1,"x":1}',
        '{"type":"pop"}',
        '{"type":"ack","seq":1e9}',
        "[" * 2000,
    ],
)
async def test_garbage_closes_politely(desk: Office, garbage: str) -> None:
    async with desk.browser("li") as browser:
        await browser.next("hello")
        await browser.socket.send_str(garbage)
        assert await browser.closed() == connections.GARBAGE


async def test_bytes_and_huge_messages_close(desk: Office) -> None:
    for payload in (b"\x00", b"x" * 100_000):
        async with desk.browser("li") as browser:
            await browser.next("hello")
            await browser.socket.send_bytes(payload)
            assert await browser.closed() in (connections.GARBAGE, 1009)


async def test_an_acknowledgement_before_the_resume_closes(desk: Office) -> None:
    async with desk.browser("li", resume=False) as browser:
        await browser.send(type="ack", seq=0)
        assert await browser.closed() == connections.GARBAGE


async def test_a_flood_of_messages_closes(desk: Office) -> None:
    async with desk.browser("li") as browser:
        await browser.next("hello")
        for _ in range(connections.TALKATIVE + 2):
            await browser.send(type="ack", seq=0)
        assert await browser.closed() == connections.GARBAGE


async def test_an_ended_session_closes_its_browsers_within_five_seconds(desk: Office) -> None:
    async with desk.browser("li") as browser, desk.browser("wang") as other:
        await browser.next("hello")
        await other.next("hello")
        async with db.transaction(desk.pool) as connection:
            await desk.sessions.end_all(connection, desk.people["li"])
        async with asyncio.timeout(5):
            assert (await browser.next("bye"))["code"] == "session_ended"
            assert await browser.closed() == connections.SESSION_ENDED
        push(desk, "wang", 1)
        assert (await other.next("draft"))["ticket_id"] == 1


async def test_the_bell_makes_it_look_at_once(desk: Office) -> None:
    """One after the other: by its own clock alone it would look at the second one SESSIONS_S after the first, and so on."""
    logins = [f"agent{number}" for number in range(6)]
    async with AsyncExitStack() as stack:
        for login in logins:
            await desk.hire(login)
        browsers = {login: await stack.enter_async_context(desk.browser(login)) for login in logins}
        for browser in browsers.values():
            await browser.next("hello")
        async with asyncio.timeout((len(logins) - 1) * live.SESSIONS_S - 1):
            for login, browser in browsers.items():
                async with db.transaction(desk.pool) as connection:
                    await desk.sessions.end_all(connection, desk.people[login])
                await desk.hub.session_rung(str(desk.people[login]))
                assert await browser.closed() == connections.SESSION_ENDED


async def test_shutdown_says_when_to_return(desk: Office) -> None:
    async with desk.browser("li") as browser:
        await browser.next("hello")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(desk.hub.shutdown(), name="shutdown")
            bye = await browser.next("bye")
            assert await browser.closed() == connections.RESTART
        assert bye["code"] == "restart"
        assert connections.RETRY_MS[0] <= bye["retry_ms"] <= connections.RETRY_MS[1]


async def test_a_browser_that_does_not_read_is_cut_off_and_the_others_are_served(desk: Office) -> None:
    async with desk.browser("li") as slow, desk.browser("wang") as other:
        await slow.next("hello")
        await other.next("hello")
        transport = slow.socket._response.connection.transport  # type: ignore[union-attr]  # the client's own socket stops reading
        transport.pause_reading()
        before = desk.hub.browsers
        async with asyncio.timeout(WAIT_S):
            ticket = 0
            while desk.hub.browsers == before:
                for _ in range(64):
                    ticket += 1
                    push(desk, "li", ticket % 50)
                    desk.floor.apply(agent("1001", AgentState.PAUSED, str(ticket)))
                await asyncio.sleep(0.001)
        push(desk, "wang", 1)
        assert (await other.next("draft"))["ticket_id"] == 1
        transport.resume_reading()  # or the client waits ten seconds for a farewell


async def test_boards_are_sent_together_not_one_for_each_change(desk: Office) -> None:
    async with desk.browser("li") as browser:
        await browser.next("board", boards=True)
        for number in range(100):
            await desk.change(agent("1001", AgentState.PAUSED, f"r{number}"))
        boards = 0
        while (await browser.next("board", boards=True))["board"]["me"]["reason"] != "r99":
            boards += 1
        assert boards <= 2


async def test_a_phone_is_with_one_browser_and_the_other_is_told_when_it_is_taken(desk: Office) -> None:
    async with desk.browser("li") as first, desk.browser("li") as second:
        await first.send(type="phone", act="ask", device="a")
        assert (await first.next("handset"))["place"] == "here"
        await second.send(type="phone", act="ask", device="b")
        assert (await second.next("handset"))["place"] == "elsewhere"
        await first.send(type="phone", act="ask", device="a", busy=True)
        await first.next("handset")
        await second.send(type="phone", act="take", device="b")
        assert (await second.next("handset"))["place"] == "busy"
        await first.send(type="phone", act="ask", device="a")
        await first.next("handset")
        await second.send(type="phone", act="take", device="b")
        assert (await second.next("handset"))["place"] == "here"
        assert (await first.next("handset"))["place"] == "elsewhere"
        await first.send(type="phone", act="closed", device="a")
        assert (await second.next("handset"))["place"] == "again"


async def test_a_phone_left_is_with_whoever_waits_for_it(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HANDSETS_S", 0.05)
    monkeypatch.setattr(handset, "GRACE_S", 0.2)
    async with desk.browser("li") as waits:
        async with desk.browser("li") as first:
            await first.send(type="phone", act="ask", device="a")
            assert (await first.next("handset"))["place"] == "here"
            await waits.send(type="phone", act="ask", device="b")
            assert (await waits.next("handset"))["place"] == "elsewhere"
        assert (await waits.next("handset"))["place"] == "here"


async def test_another_persons_phone_is_none_of_ours(desk: Office) -> None:
    async with desk.browser("li") as mine, desk.browser("wang") as other:
        for browser in (mine, other):
            await browser.send(type="phone", act="ask", device="a")
            assert (await browser.next("handset"))["place"] == "here"


async def test_whose_account_changed_is_told_to_ask_again_and_nobody_else(desk: Office) -> None:
    async with desk.browser("li") as mine, desk.browser("wang") as other:
        await mine.next("hello")
        await other.next("hello")
        desk.hub.tell_me(desk.people["li"])
        assert (await mine.next())["type"] == "me"
        push(desk, "wang", 3)
        assert (await other.next())["type"] == "draft"
        desk.hub.tell_me(None)
        assert [(await browser.next())["type"] for browser in (mine, other)] == ["me", "me"]


async def test_a_desk_is_open_while_its_browser_is_there_and_its_session_is_in_force(desk: Office) -> None:
    person, session = desk.people["li"], hash_of(desk.tokens["li"])
    assert not desk.hub.has_desk(person, None)
    async with desk.browser("li") as browser:
        await browser.next("hello")
        assert desk.hub.has_desk(person, None)
        assert not desk.hub.has_desk(person, session)
        desk.hub.end_session(session)
        assert not desk.hub.has_desk(person, None)


async def flooding(desk: Office, login: str, seconds_: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A websocket of our own making that sends pings as fast as they are taken and reads nothing."""
    host, port = desk.url.removeprefix("http://").split(":")
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=plain, limit=2_048)
    lines = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    lines |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", **desk.cookies(login)}
    writer.write(("GET /api/live HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n").encode())
    resume = b'{"type":"resume","since":0}'
    writer.write(b"\x81" + bytes([0x80 | len(resume)]) + bytes(4) + resume)
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(seconds_):
            while True:
                writer.write((b"\x89\xfd" + bytes(4) + b"x" * 125) * 100)
                await writer.drain()
    return reader, writer


async def test_who_floods_pings_and_reads_nothing_is_cut_off_and_leaves_nothing(desk: Office) -> None:
    async with asyncio.TaskGroup() as tasks:
        floods = [tasks.create_task(flooding(desk, "li", 2.0)) for _ in range(10)]
    await until(lambda: desk.hub.browsers == 0, "no browser is left")
    for flood in floods:
        reader, writer = flood.result()
        taken = 0
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(WAIT_S):
                while part := await reader.read(65_536):
                    taken += len(part)
        writer.close()
        assert taken < 100_000, "what it was sent is bounded"
    assert (desk.hub.held, desk.hub.browsers) == (0, 0)


async def test_a_ping_is_answered(desk: Office) -> None:
    assert desk.http
    async with desk.http.ws_connect(f"{desk.url}/api/live", headers=desk.cookies("li"), autoping=False) as browser:
        await browser.send_json({"type": "resume", "since": 0})
        await browser.ping(b"there?")
        async with asyncio.timeout(WAIT_S):
            while (frame := await browser.receive()).type is not aiohttp.WSMsgType.PONG:
                assert frame.type is aiohttp.WSMsgType.TEXT
        assert frame.data == b"there?"


async def test_a_log_out_cuts_the_line_of_who_does_not_read(desk: Office) -> None:
    async with desk.browser("li") as browser:
        await browser.next("hello")
        transport = browser.socket._response.connection.transport  # type: ignore[union-attr]  # the client's own socket stops reading
        transport.pause_reading()
        for ticket in range(200):
            push(desk, "li", ticket)
        desk.hub.end_session(hash_of(desk.tokens["li"]))
        await until(lambda: desk.hub.held == 0, "its line is cut")
        transport.resume_reading()


async def test_a_session_has_so_many_browsers_and_others_are_served(desk: Office) -> None:
    async with AsyncExitStack() as stack:

        async def one() -> int:
            try:
                await stack.enter_async_context(desk.browser("li"))
            except aiohttp.WSServerHandshakeError as refused:
                return refused.status if "Retry-After" in (refused.headers or {}) else 0
            return 101

        answers = await asyncio.gather(*(one() for _ in range(60)))
        assert (answers.count(101), answers.count(429)) == (live.MOST_OF_SESSION, 60 - live.MOST_OF_SESSION)
        async with desk.browser("wang") as other:
            assert (await other.next("hello"))["type"] == "hello"
    await until(lambda: desk.hub.held == 0, "all places are free again")
    async with desk.browser("li") as browser:
        await browser.next("hello")
