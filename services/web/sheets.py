"""Sends rows of a list as a file for a spreadsheet: made here and not in the browser, so that no file goes without its row in the
audit; a piece at a time, so that others get their turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from aiohttp import web
from pydantic import Field

from services.access import masks
from services.cells import Column, Reader, Row, pieces
from services.web.http import Asked
from services.web.rows import Rows
from services.web.shapes import Id, Wire

MOST_ROWS = 2_000
"""Of one file: as many as somebody can have chosen by going through a list, not the whole of it by mistake."""


class ChosenRows(Wire):
    """The rows to be in the file, in their order; what is not there, or not to be seen, is left out."""

    ids: Annotated[Rows[Id], Field(min_length=1, max_length=MOST_ROWS)]


async def send_sheet(
    asked: Asked, name: str, columns: Sequence[Column[Row]], rows: Iterable[Row], reader: Reader
) -> web.StreamResponse:
    """``name`` without ``.csv``. Kept by nobody on the way. What is hidden from who asks is masked."""
    if hidden := masks.hidden_from(asked.who):
        reader = replace(reader, mask=partial(masks.cell, hidden=hidden))
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
            **asked.answer_headers,
        }
    )
    await response.prepare(asked.request)
    for piece in pieces(columns, rows, reader):
        await response.write(piece)
        await asyncio.sleep(0)  # a write that the socket takes at once gives nobody a turn
    await response.write_eof()
    return response
