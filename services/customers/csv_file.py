"""Customers out of a CSV file, as spreadsheets of either country write it: UTF-8 with or without BOM, or GB18030.

Pure: bytes in, rows and problems out. Every problem of every row is named, with the row as the spreadsheet counts it.
"""

from __future__ import annotations

import csv
import io
import itertools
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.customers.model import TIER_NAMES, CustomerFields
from services.customers.numbers import ANYWHERE, Numbering

HEADERS = {
    "number": ("number", "phone", "telephone", "电话", "电话号码", "号码", "手机", "手机号", "手机号码"),
    "name": ("name", "customer", "姓名", "名称", "客户", "客户名称", "客户姓名"),
    "tier": ("tier", "class", "级别", "等级", "客户级别", "客户等级"),
    "note": ("note", "remark", "备注", "说明"),
}
NAMED = {title: field for field, titles in HEADERS.items() for title in titles}
MOST_ROWS = 200_000
NAME_LIMIT, NOTE_LIMIT = 80, 400
SHOWN = 40  # characters of a wrong value that are repeated


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Row as in the spreadsheet: the heading is row 1."""

    row: int
    field: str
    wanted: str
    came: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """``rows`` counts the rows that hold anything; ``good`` are those without a problem, in order."""

    rows: int
    good: tuple[CustomerFields, ...]
    problems: tuple[RowProblem, ...]


def decode(content: bytes) -> str:
    """UTF-8 if it is UTF-8, else GB18030 (which reads GBK and GB2312); ValueError if neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("neither UTF-8 nor GB18030")


def read(text: str, numbering: Numbering = ANYWHERE) -> ReadFile:
    """All rows of a file with a heading line; commas, semicolons or tabs between the fields."""
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=_delimiter(text))
    try:
        heading = next(lines, [])
        places = {NAMED[title]: place for place, title in enumerate(map(_title, heading)) if title in NAMED}
        missing = [RowProblem(1, field, " / ".join(HEADERS[field]), "") for field in ("number", "name") if field not in places]
        if missing:
            return ReadFile(0, (), tuple(missing))
        return _read_rows(places, itertools.islice(lines, MOST_ROWS + 1), numbering)
    except csv.Error as error:
        return ReadFile(0, (), (RowProblem(lines.line_num, "csv", "a CSV file", str(error)),))


def _read_rows(places: dict[str, int], lines: Iterator[list[str]], numbering: Numbering) -> ReadFile:
    good: list[CustomerFields] = []
    problems: list[RowProblem] = []
    seen: dict[str, int] = {}
    rows = 0
    for row, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        rows += 1
        if rows > MOST_ROWS:
            problems.append(RowProblem(row, "csv", f"at most {MOST_ROWS} rows", "more"))
            break
        given = {field: cells[place].strip() if place < len(cells) else "" for field, place in places.items()}
        customer, wrong = _read_row(row, given, numbering.read(given["number"]), seen)
        problems += wrong
        if customer:
            good.append(customer)
    return ReadFile(rows, tuple(good), tuple(problems))


def _read_row(
    row: int, given: dict[str, str], number: str, seen: dict[str, int]
) -> tuple[CustomerFields | None, list[RowProblem]]:
    tier = TIER_NAMES.get(given.get("tier", "").lower() or "normal")
    name, note = given["name"], given.get("note", "")
    first = seen.setdefault(number, row) if number else row
    checks: tuple[tuple[str, bool, str], ...] = (
        ("number", bool(number), "a telephone number of 3 to 20 digits"),
        ("number", first == row, f"each number once (also in row {first})"),
        ("name", 0 < len(name) <= NAME_LIMIT and _clean(name), f"1 to {NAME_LIMIT} characters on one line"),
        ("tier", tier is not None, " / ".join(TIER_NAMES)),
        ("note", len(note) <= NOTE_LIMIT and _clean(note, "\n\t\r"), f"at most {NOTE_LIMIT} characters"),
    )
    problems = [RowProblem(row, field, wanted, given.get(field, "")[:SHOWN]) for field, right, wanted in checks if not right]
    if problems or tier is None:
        return None, problems
    return CustomerFields(number=number, name=name, tier=tier, note=note), []


def _title(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip().lower()


def _clean(text: str, also: str = "") -> bool:
    return all(character in also or unicodedata.category(character) not in {"Cc", "Cs"} for character in text)


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    count: Callable[[str], int] = heading.count
    return max((",", ";", "\t"), key=count)
