"""Makes rows for a spreadsheet: a CSV file (RFC 4180) that begins with the mark by which Excel knows UTF-8, with its head in the
reader's language and its times on the centre's wall. Pure.

What stands in a cell came from whoever called, wrote or sent a file. A cell that a spreadsheet would compute
(``=HYPERLINK(…)``) is shown instead.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from services.words import Language

MARK = "\ufeff"
PIECE = 100  # rows made into text in one go
_COMPUTED = frozenset("=+-@|%")

Row = TypeVar("Row")
Pair = tuple[str, str]
"""Chinese and English."""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom the file is made. ``mask`` makes of a cell (what it holds, its text) what this reader may see; None: it stays."""

    language: Language
    zone: ZoneInfo
    mask: Callable[[str, str], str] | None = None

    def said(self, pair: Pair) -> str:
        return pair[0] if self.language == "zh-CN" else pair[1]

    def of(self, table: Mapping[str, Pair], code: str | None) -> str:
        """What a code means; one that the table does not know stands as it is."""
        return self.said(table.get(code, (code, code))) if code else ""

    def moment(self, at: datetime | None) -> str:
        """To the second, as the centre's clock showed it."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S") if at else ""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: its head, what stands in it of a row, and what that is of a customer, if it is nothing else."""

    head: Pair
    of: Callable[[Row, Reader], str | None]
    holds: Literal["", "number", "name"] = ""

    def cell(self, row: Row, reader: Reader) -> str:
        """Harmless, and nothing in it that is hidden from the reader."""
        text = self.of(row, reader) or ""
        return harmless(reader.mask(self.holds, text) if reader.mask else text)


def harmless(text: str) -> str:
    """A cell that a spreadsheet would compute is shown instead, also one that begins so after a blank or in wide letters."""
    begun = unicodedata.normalize("NFKC", text.lstrip()[:1])
    return f"'{text}" if begun in _COMPUTED or text.startswith(("\t", "\r", "\n")) else text


def pieces(columns: Sequence[Column[Row]], rows: Iterable[Row], reader: Reader) -> Iterator[bytes]:
    """The file, PIECE rows at a time; the first piece is its head."""
    yield (MARK + _line([reader.said(column.head) for column in columns])).encode()
    piece: list[str] = []
    for row in rows:
        piece.append(_line([column.cell(row, reader) for column in columns]))
        if len(piece) == PIECE:
            yield "".join(piece).encode()
            piece.clear()
    if piece:
        yield "".join(piece).encode()


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
