"""What waits for one browser."""

from __future__ import annotations

import asyncio
import json
from typing import cast

import pytest
from aiohttp import web

from services.access.actor import LoggedIn, Person
from services.access.rights import Role
from services.bells import Change, Kind
from services.web.connections import Connection
from services.web.stream import Snapshot
from tests.harness.patience import until


class Line:
    """The browser's end: everything it was sent. ``held``: bytes that the line has not taken yet; ``room`` is set when it has."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.held = 0
        self.room = asyncio.Event()
        self.room.set()
        self.broken = False

    async def send_str(self, text: str) -> None:
        if self.broken:
            raise ConnectionResetError
        self.sent.append(text)
        await self.room.wait()

    def get_write_buffer_size(self) -> int:
        return self.held


def on(line: Line) -> Connection:
    return Connection(cast(web.WebSocketResponse, line), somebody(7), cast(asyncio.Transport, line))


def somebody(number: int) -> LoggedIn:
    person = Person(
        id=number, login="x", name="X", roles=(Role.junior_agent,), extension=None, phone_kind="browser", phone_secret_n=1,
        language="en", must_change=False, active=True,
    )  # fmt: skip
    return LoggedIn(person=person, session=b"")


def board(n: int) -> Snapshot:
    return Snapshot(n, lambda person: f"board {n} of {person}")


@pytest.mark.parametrize(
    ("shown", "sent"),
    [
        ([[1, 2]], ["board 2 of 7"]),
        ([[2, 1]], ["board 2 of 7"]),
        ([[2], [1]], ["board 2 of 7"]),
        ([[1], [2]], ["board 1 of 7", "board 2 of 7"]),
    ],
)
async def test_a_board_that_was_overtaken_is_not_sent(shown: list[list[int]], sent: list[str]) -> None:
    line = Line()
    connection = Connection(cast(web.WebSocketResponse, line), somebody(7))
    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(connection.write(), name="writer")
        for together in shown:
            for n in together:
                connection.show(board(n))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        writer.cancel()
    assert line.sent == sent


async def test_what_changed_while_a_browser_did_not_read_is_told_once() -> None:
    line = Line()
    connection = Connection(cast(web.WebSocketResponse, line), somebody(7))
    for version in range(1, 1_000):
        connection.change([Change(Kind.TICKET, "17", version), Change(Kind.CALL, f"a.{version}", version)])
    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(connection.write(), name="writer")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        writer.cancel()
    [told] = map(json.loads, line.sent)
    assert told["things"] == [
        {"kind": "ticket", "id": "17", "version": 999, "ticket": None},
        {"kind": "call", "id": None, "version": 0, "ticket": None},
    ]


async def test_a_message_goes_out_at_once_where_nothing_is_before_it() -> None:
    line = Line()
    connection = on(line)
    connection.show(board(1))
    connection.send("card")
    assert line.sent == ["card"]


async def test_what_follows_a_message_that_fills_the_line_waits_its_turn() -> None:
    line = Line()
    connection = on(line)
    line.room.clear()
    connection.send("1")
    line.held = 1
    connection.send("2")
    assert line.sent == ["1"]
    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(connection.write(), name="writer")
        await asyncio.sleep(0)
        assert line.sent == ["1", "2"]  # the writer waits for room now
        connection.send("3")
        line.held = 0
        connection.send("4")  # the line is free again, but 3 came before
        line.room.set()
        await until(lambda: len(line.sent) == 4, "all are sent")
        writer.cancel()
    assert line.sent == ["1", "2", "3", "4"]


async def test_a_line_that_broke_ends_the_connection_and_takes_nothing_more() -> None:
    line = Line()
    connection = on(line)
    line.broken = True
    connection.send("1")
    assert connection.ended.is_set()
    line.broken = False
    connection.send("2")
    assert line.sent == []
