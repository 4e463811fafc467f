"""Reads a file of customers as rows of cells, each with the line by which a spreadsheet counts it: CSV of any kind, and
workbooks. Pure.

A row that cannot be read is a row too (``wrong`` says why): no row is left out silently, and none swallows those after it.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import python_calamine

from services.customers import encodings

DELIMITERS = (",", ";", "\t", "|")
SPAN = 50  # lines a quoted cell may go over; one that was never closed would take the rest of the file with it
LONGEST = 1 << 20  # characters in a quoted cell; none of ours takes more than some hundred
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods are archives, .xls (and one with a password) is older
_SEPARATOR = re.compile(r"\ufeff?sep=(.)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the file is read: for a text its encoding and delimiter, for a workbook the sheet. '' where it is to be found."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


AS_FOUND = Layout()


@dataclass(frozen=True, slots=True)
class Line:
    """One row. ``number`` counts the lines of a text, or the rows of a sheet, from 1. ``wrong``: why its cells are none."""

    number: int
    cells: Sequence[object]
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose rows can be read, once. ``height``: how many lines or rows; ``first_column``: where a sheet begins."""

    layout: Layout
    lines: Iterator[Line]
    height: int
    sheets: tuple[str, ...] = ()
    first_column: int = 0


class NotRead(ValueError):
    """The file as a whole cannot be read; ``seen`` says what was found instead."""

    def __init__(self, seen: encodings.Seen) -> None:
        super().__init__(seen.code)
        self.seen = seen


def open_file(content: bytes, layout: Layout, known: frozenset[str]) -> Opened:
    """Raises NotRead."""
    if not content.strip(b"\r\n\t \x00\xef\xbb\xbf\xff\xfe"):
        raise NotRead(encodings.Seen("empty"))
    if content.startswith(WORKBOOKS):
        return _workbook(content, layout.sheet)
    try:
        text, encoding = encodings.decode(content, layout.encoding, known)
    except encodings.NotSure as error:
        raise NotRead(error.seen) from None
    return _text(text, Layout(encoding, layout.delimiter))


def _text(text: str, layout: Layout) -> Opened:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    told = _SEPARATOR.fullmatch(lines[0])
    begin = 1 if told else 0
    delimiter = layout.delimiter or (told[1] if told else _delimiter(lines))
    return Opened(Layout(layout.encoding, delimiter), _records(lines, begin, delimiter), len(lines))


def _delimiter(lines: Sequence[str]) -> str:
    heading = next((line for line in lines if line.strip()), "")
    return max(DELIMITERS, key=heading.count)


def _records(lines: Sequence[str], begin: int, delimiter: str) -> Iterator[Line]:
    """A row is a line, unless a cell in quotes goes on over more; one that is not closed is a row that cannot be read."""
    csv.field_size_limit(LONGEST)
    at = begin
    while at < len(lines):
        line = lines[at]
        if not line:
            at += 1  # a hundred million of them would take minutes as rows
            continue
        if '"' not in line:
            yield Line(at + 1, line.split(delimiter))
            at += 1
            continue
        reader = csv.reader((f"{each}\n" for each in lines[at : at + SPAN]), delimiter=delimiter, strict=True)
        try:
            yield Line(at + 1, next(reader))
            at += reader.line_num
        except csv.Error as error:
            yield Line(at + 1, (line,), "cell_long" if "field limit" in str(error) else "quote")
            at += 1


def _workbook(content: bytes, sheet: str) -> Opened:
    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
        names = tuple(book.sheet_names)
        if not names or (sheet and sheet not in names):
            raise NotRead(encodings.Seen("no_sheet"))
        opened = book.get_sheet_by_name(sheet or names[0])
        first = opened.start[1] if opened.start else 0
        layout = Layout(sheet=sheet or names[0])
        return Opened(layout, _sheet_lines(opened.iter_rows()), opened.total_height, names, first)
    except python_calamine.PasswordError:
        raise NotRead(encodings.Seen("password")) from None
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        if isinstance(error, NotRead):
            raise
        raise NotRead(encodings.Seen("no_workbook")) from None
    except BaseException as error:
        if isinstance(error, Exception | KeyboardInterrupt | SystemExit):
            raise
        raise NotRead(encodings.Seen("no_workbook")) from None  # a panic of Rust's, of a cell no sheet can have


def _sheet_lines(rows: Iterable[Sequence[object]]) -> Iterator[Line]:
    for number, cells in enumerate(rows, 1):
        yield Line(number, cells)


def text_of(cell: object) -> str | None:
    """A cell as text; None for a kind that is none (a date, true or false). A whole number is its digits, as a sheet shows it."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool | datetime.date | datetime.time | datetime.timedelta):
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def letter(column: int) -> str:
    """As a spreadsheet names its columns: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
