"""What an import says of a file and of its rows, in the two languages of the desk: for the page, the report and the command line."""

from __future__ import annotations

from services.customers.columns import Problem
from services.customers.encodings import Seen
from services.customers.model import TIER_NAMES
from services.people.model import Language

_TIERS = " / ".join(name for name in TIER_NAMES if name.isascii())
_CHINESE_TIERS = "、".join(name for name in TIER_NAMES if not name.isascii())

ROWS = {
    "quote": ("引号没有配对，这一行读不了", "a quotation mark without its other: the row cannot be read"),
    "beyond": (
        "比表头多出一格（是否有没加引号的逗号？）",
        "a cell beyond the heading's columns (a comma without quotation marks?)",
    ),
    "no_text": ("这一格是日期或真假值，不是文字", "the cell is a date or true/false, no text"),
    "number_missing": ("没有号码", "no number"),
    "number": ("看不懂：一格一个号码，带区号或国家代码", "not understood: one number a cell, with its area or country code"),
    "number_no_plan": (
        "不是任何编号规则下的号码（是否丢了开头的 0 或国家代码？）",
        "of no numbering plan (is a 0 in front or a country code lost?)",
    ),
    "number_twice": ("号码与第 {more} 行相同", "the same number as in row {more}"),
    "name_missing": ("没有姓名", "no name"),
    "name": ("姓名最多 80 个字，在一行内", "a name of at most 80 characters on one line"),
    "tier": (f"级别须为：{_CHINESE_TIERS}", f"one of: {_TIERS}"),
    "note": ("备注最多 400 个字", "a note of at most 400 characters"),
}

FILES = {
    "empty": ("文件是空的。", "The file is empty."),
    "broken_utf8": (
        "文件大部分是 UTF-8，但第 {line} 行有一个不是 UTF-8 的字节（{byte}）：文件已损坏，或由不同编码的文件拼成。请修复后再导入。",
        "The file is UTF-8 but for a byte in line {line} ({byte}): it is damaged, or put together of files in different encodings. Mend it first.",
    ),
    "no_encoding": (
        "文件既不是 UTF-8、UTF-16，也不是 GB18030 或 Big5：第 {line} 行有字节 {byte}。",
        "The file is neither UTF-8 nor UTF-16, GB18030 or Big5: line {line} holds the byte {byte}.",
    ),
    "gb_or_big5": (
        "文件可能是 GB18030，也可能是 Big5（第 {line} 行起，字节 {byte}）。请在下面选定编码，看姓名是否正确。",
        "The file may be GB18030 or Big5 (from line {line} on, byte {byte}). Choose the encoding below and see whether the names are right.",
    ),
    "not_in_encoding": (
        "文件不是所选的编码：第 {line} 行的字节 {byte} 不属于它。",
        "The file is not in the encoding chosen: the byte {byte} in line {line} does not belong to it.",
    ),
    "utf16_without_mark": (
        "文件像是没有标记的 UTF-16（第 {line} 行，字节 {byte}）。请选定 UTF-16，或另存为 UTF-8。",
        "The file looks like UTF-16 without a mark (line {line}, byte {byte}). Choose UTF-16, or save it as UTF-8.",
    ),
    "binary": ("这不是文本文件：第 {line} 行有字节 {byte}。", "This is no text: line {line} holds the byte {byte}."),
    "password": ("工作簿有密码，打不开。请去掉密码后再导入。", "The workbook has a password. Save it without one."),
    "no_workbook": ("这个工作簿打不开，可能已损坏。", "The workbook cannot be opened; it may be damaged."),
    "no_sheet": ("工作簿里没有这个工作表。", "The workbook has no such sheet."),
    "no_heading": (
        "第 {line} 行应为列名，却像是一位客户。请在最前面加一行列名：号码、姓名、级别、备注。",
        "Row {line} should name the columns and looks like a customer. Put a heading first: number, name, tier, note.",
    ),
    "columns": ("请指定哪一列是号码，哪一列是姓名；同一列不能用两次。", "Say which column is the number and which the name; none twice."),
    "too_many": ("超过 {byte} 行，请分成几个文件。", "More than {byte} rows: split the file."),
    "too_wide": ("第 {line} 行的列名超过 {byte} 个。", "Row {line} names more than {byte} columns."),
    "too_large": ("读这个文件需要的内存或时间太多，请分成几个文件，或存为 CSV。", "Reading it takes too much memory or time: split it, or save it as CSV."),
}  # fmt: skip


def of_row(problem: Problem, language: Language) -> str:
    return ROWS[problem.why][_index(language)].format(more=problem.more)


def of_file(seen: Seen, language: Language) -> str:
    return FILES[seen.code][_index(language)].format(line=seen.line, byte=seen.byte)


def _index(language: Language) -> int:
    return 0 if language == "zh-CN" else 1
