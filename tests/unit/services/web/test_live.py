"""What waits for one browser."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from aiohttp import web

from services.web.live import Connection
from services.web.stream import Snapshot


class Line:
    """The browser's end: everything it was sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send_str(self, text: str) -> None:
        self.sent.append(text)


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
    connection = Connection(cast(web.WebSocketResponse, line), person=7, session=b"")
    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(connection.write(), name="writer")
        for together in shown:
            for n in together:
                connection.show(board(n))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        writer.cancel()
    assert line.sent == sent
