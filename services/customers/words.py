"""Says what an import found in a file and in its rows: for the page, the report and the command line. The Chinese is in
services.chinese.
"""

from __future__ import annotations

from services.customers.columns import Problem
from services.customers.encodings import Seen
from services.customers.model import TIER_NAMES
from services.words import Language, said_in

_TIERS = " / ".join(name for name in TIER_NAMES if name.isascii())
_CHINESE_TIERS = "、".join(name for name in TIER_NAMES if not name.isascii())

ROWS = {
    "quote": "a quotation mark without its other: the row cannot be read",
    "cell_long": "a cell of more than a million characters",
    "beyond": "a cell beyond the heading's columns (a comma without quotation marks?)",
    "no_text": "the cell is a date or true/false, no text",
    "number_missing": "no number",
    "number": "not understood: one number a cell, with its area or country code",
    "number_no_plan": "of no numbering plan (is a 0 in front or a country code lost?)",
    "number_twice": "the same number as in row {more}",
    "name_missing": "no name",
    "name": "a name of at most 80 characters on one line, without marks that turn the direction of writing",
    "tier": "one of: {tiers}",
    "note": "a note of at most 400 characters",
}

FILES = {
    "empty": "The file is empty.",
    "broken_utf8": "The file is UTF-8 but for a byte in line {line} ({byte}): it is damaged, or put together of files in different encodings. Mend it first.",
    "no_encoding": "The file is neither UTF-8 nor UTF-16, GB18030 or Big5: line {line} holds the byte {byte}.",
    "gb_or_big5": "The file may be GB18030 or Big5 (from line {line} on, byte {byte}). Choose the encoding below and see whether the names are right.",
    "not_in_encoding": "The file is not in the encoding chosen: the byte {byte} in line {line} does not belong to it.",
    "utf16_without_mark": "The file looks like UTF-16 without a mark (line {line}, byte {byte}). Choose UTF-16, or save it as UTF-8.",
    "binary": "This is no text: line {line} holds the byte {byte}.",
    "password": "The workbook has a password. Save it without one.",
    "no_workbook": "The workbook cannot be opened; it may be damaged.",
    "no_sheet": "The workbook has no such sheet.",
    "no_heading": "Row {line} should name the columns and looks like a customer. Put a heading first: number, name, tier, note.",
    "heading_wrong": "Row {line} should name the columns and cannot be read: a quotation mark without its other, or a cell without end.",
    "columns": "Say which column is the number and which the name; none twice.",
    "too_many": "More than {byte} rows: split the file.",
    "too_wide": "Row {line} names more than {byte} columns.",
    "too_large": "Reading it takes too much memory or time: split it, or save it as CSV.",
}


def of_row(problem: Problem, language: Language) -> str:
    tiers = _CHINESE_TIERS if language == "zh-CN" else _TIERS
    return said_in(language, ROWS[problem.why], more=problem.more, tiers=tiers)


def of_file(seen: Seen, language: Language) -> str:
    return said_in(language, FILES[seen.code], line=seen.line, byte=seen.byte)
