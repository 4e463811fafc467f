"""Finds out which column holds which field, and makes a customer of a row. Pure.

It cleans nothing by guessing: a value that is not plain is named as a problem.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.customers.model import TIER_NAMES, CustomerFields
from services.customers.numbers import Numbering, is_listed
from services.customers.rows import Line, letter, text_of

FIELDS = ("number", "name", "tier", "note")
HEADERS = {
    "number": (
        "number", "phone", "telephone", "tel", "mobile",
        "电话", "电话号码", "号码", "手机", "手机号", "手机号码", "联系电话", "電話", "號碼", "手機",
    ),
    "name": ("name", "customer", "姓名", "名称", "客户", "客户名称", "客户姓名", "名稱", "客戶"),
    "tier": ("tier", "class", "级别", "等级", "客户级别", "客户等级", "級別", "等級"),
    "note": ("note", "remark", "备注", "说明", "備註", "說明"),
}  # fmt: skip
NAMED = {title: field for field, titles in HEADERS.items() for title in titles}
KNOWN = frozenset(NAMED)
NAME_LIMIT, NOTE_LIMIT = 80, 400
SHOWN = 80  # characters of a wrong value that are repeated

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of writing: with them a name shows as another."""

Columns = Mapping[str, int]
"""Field -> the column it is read from, as the line's cells are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not imported. ``column`` as the spreadsheet names it; ``why`` is a code of `words`; ``more`` belongs to it."""

    line: int
    column: str
    why: str
    came: str = ""
    more: str = ""


def suggested(heading: Sequence[object]) -> tuple[dict[str, int], tuple[str, ...]]:
    """The columns by their titles, and the fields that several columns could be: a person has to choose those."""
    places: dict[str, list[int]] = {field: [] for field in FIELDS}
    for place, cell in enumerate(heading):
        if field := NAMED.get(title(cell)):
            places[field].append(place)
    doubtful = tuple(field for field, found in places.items() if len(found) > 1)
    return {field: found[0] for field, found in places.items() if len(found) == 1}, doubtful


def title(cell: object) -> str:
    return unicodedata.normalize("NFKC", text_of(cell) or "").strip().lower()


class RowReader:
    """Reads the rows of one file in order; remembers the numbers it has seen."""

    def __init__(self, columns: Columns, width: int, first_column: int, numbering: Numbering) -> None:
        self._columns = columns
        self._width = width
        self._first = first_column
        self._numbering = numbering
        self._lines: dict[str, int] = {}

    def read(self, line: Line) -> CustomerFields | list[Problem]:
        """The row's customer, or everything that is wrong with it."""
        if line.wrong:
            return [self._problem(line, 0, line.wrong, str(line.cells[0]))]
        given = {field: text_of(line.cells[place]) if place < len(line.cells) else "" for field, place in self._columns.items()}
        number = self._numbering.read(given["number"] or "")
        problems = [*self._wrong(line, given, number), *self._beyond(line)]
        first = self._lines.setdefault(number, line.number) if not problems else 0
        if first not in {0, line.number}:
            problems = [self._problem(line, self._columns["number"], "number_twice", given["number"], str(first))]
        if problems:
            return problems
        tier = TIER_NAMES[(given.get("tier") or "normal").lower()]
        return CustomerFields(number=number, name=given["name"] or "", tier=tier, note=given.get("note") or "")

    def _wrong(self, line: Line, given: Mapping[str, str | None], number: str) -> list[Problem]:
        wrong = []
        for field, text in given.items():
            if text is None:
                wrong.append(self._problem(line, self._columns[field], "no_text", str(line.cells[self._columns[field]])))
            elif why := _wrong_number(text, number) if field == "number" else _WRONG[field](text):
                wrong.append(self._problem(line, self._columns[field], why, text))
        return wrong

    def _beyond(self, line: Line) -> list[Problem]:
        """The first cell that stands under no heading: an unquoted comma has moved those before it, too."""
        for place in range(self._width, len(line.cells)):
            if text_of(line.cells[place]) != "":
                return [self._problem(line, place, "beyond", text_of(line.cells[place]))]
        return []

    def _problem(self, line: Line, place: int, why: str, came: str | None, more: str = "") -> Problem:
        return Problem(line.number, letter(place + self._first), why, (came or "")[:SHOWN], more)


def is_blank(line: Line) -> bool:
    return not line.wrong and all(cell == "" or (isinstance(cell, str) and not cell.strip()) for cell in line.cells)


def _wrong_number(text: str, number: str) -> str:
    if not number:
        return "number" if text else "number_missing"
    return "" if is_listed(number) else "number_no_plan"


def _wrong_name(text: str) -> str:
    if not text:
        return "name_missing"
    return "" if len(text) <= NAME_LIMIT and _clean(text) and not _TURNING.search(text) else "name"


def _wrong_tier(text: str) -> str:
    return "" if not text or text.lower() in TIER_NAMES else "tier"


def _wrong_note(text: str) -> str:
    return "" if len(text) <= NOTE_LIMIT and _clean(text, "\n\t\r") else "note"


_WRONG = {"name": _wrong_name, "tier": _wrong_tier, "note": _wrong_note}


def _clean(text: str, also: str = "") -> bool:
    return text.isprintable() or all(
        character in also or unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"} for character in text
    )
