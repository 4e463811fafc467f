"""Files made to hurt: read in the reader's own process. What comes back says of each row, or of the file, what became of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.customers import child
from services.customers.reader import Task, read
from services.customers.rows import Layout, NotRead

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SPREADSHEET}.sheet.main+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}">'
    f'<Relationship Id="a" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">'
    f'<Relationship Id="a" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="b" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}
MEGABYTE = 1 << 20


def cell(at: str, text: str) -> str:
    return f'<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>'


def row(number: int, *texts: str) -> str:
    return f'<row r="{number}">{"".join(cell(f"{chr(65 + at)}{number}", text) for at, text in enumerate(texts))}</row>'


HEAD, ONE = row(1, "电话", "姓名"), row(2, "13800138000", "张三")


def book(*rows: str, before: Iterable[bytes] = (), strings: Iterable[bytes] = (f'<sst xmlns="{_MAIN}"/>'.encode(),)) -> bytes:
    """A workbook by hand: no library would write these."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for block in before:
                sheet.write(block)
            sheet.write(f"{''.join(rows)}</sheetData></worksheet>".encode())
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as shared:
            for block in strings:
                shared.write(block)
    return file.getvalue()


def bomb(block: bytes, megabytes: int) -> Iterable[bytes]:
    return (block * (MEGABYTE // len(block)) for _ in range(megabytes))


async def reading(folder: Path, content: bytes, **columns: int) -> dict[str, Any]:
    file = folder / "file"
    file.write_bytes(content)
    return await child.ask(Task(path=str(file), columns=columns, good=str(folder / "good"), report=str(folder / "report")))


FAR = f'<row r="1048576">{cell("XFD1048576", "x")}</row>'
NOWHERE = f'<row r="4294967295">{cell("ZZZZZZ4294967295", "x")}</row>'
WIDE = "".join(f'<c t="inlineStr"><is><t>h{n}</t></is></c>' for n in range(16_384))


@pytest.mark.parametrize(
    ("made", "code"),
    [
        pytest.param(lambda: book(HEAD, ONE, FAR), "too_large", id="a cell in the last corner"),
        pytest.param(lambda: book(HEAD, ONE, NOWHERE), "no_workbook", id="a cell beyond every sheet"),
        pytest.param(lambda: book(f'<row r="1">{WIDE}</row>', ONE), "too_wide", id="16,384 columns"),
        pytest.param(lambda: book(HEAD, ONE, before=bomb(b" ", 2_200)), "too_large", id="spaces without end"),
        pytest.param(lambda: book(HEAD, ONE)[:900], "no_workbook", id="cut off"),
        pytest.param(lambda: b"PK\x03\x04" + bytes(100), "no_workbook", id="no archive"),
        pytest.param(lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 2_000, "no_workbook", id="no old workbook"),
        pytest.param(lambda: b'"' * 3_000_000, "heading_wrong", id="quotation marks alone"),
        pytest.param(lambda: "电话,".encode() * 1_000_000, "too_wide", id="a heading without end"),
        pytest.param(lambda: b"," * 3_000_000, "empty", id="separators alone"),
    ],
)
async def test_a_file_that_would_hurt_is_refused_with_its_reason(tmp_path: Path, made: Any, code: str) -> None:
    content = made()
    for columns in ({}, {"number": 0, "name": 1}):
        answer = await reading(tmp_path, content, **columns)
        assert answer.get("seen", {}).get("code") == code, answer


@pytest.mark.parametrize("empty", ['<row r="{n}"/>', '<row r="{n}"><c r="A{n}" s="0"/><c r="B{n}" s="0"/></row>'])
async def test_a_million_empty_rows_hide_none(tmp_path: Path, empty: str) -> None:
    rows = "".join(empty.replace("{n}", str(n)) for n in range(3, 1_000_000))
    answer = await reading(tmp_path, book(HEAD, ONE, rows, row(1_000_000, "13800138001", "李四")), number=0, name=1)
    assert (answer["rows"], answer["good"]) == (2, 2)


LAST = "13800138009,赵六\n"


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (f'13800138000,"{"x" * 1_000_000}"\n', [(2, "B", "name")]),
        (f"13800138000,{'x' * 1_000_000}\n", [(2, "B", "name")]),
        (f'13800138000,"{"x" * 2_000_000}"\n', [(2, "A", "cell_long")]),
        ("13800138000," + "x" * 30_000_000 + "\n", [(2, "B", "name")]),
        ("13800138000,张\0三\n138001\x0038001,李四\n", [(2, "B", "name"), (3, "A", "number")]),
        ('13800138001,"""\n13800138003,"王"五\n', [(2, "A", "quote"), (3, "A", "quote")]),
        ('13800138000,"张三\n' * 300, [(line, "A", "quote") for line in range(2, 202)]),
        ("13800138000,\u202e张三\n\u202a13800138001\u202c,李\u2066四\n", [(2, "B", "name"), (3, "B", "name")]),
        ("=cmd|' /C calc'!A0,张三\n", [(2, "A", "number")]),
        ("13800138000,张三," + "," * 3_000_000 + "x\n", [(2, "FNQVS", "beyond")]),
    ],
)
async def test_a_row_that_would_hurt_is_named_and_the_last_one_is_read(tmp_path: Path, rows: str, named: Any) -> None:
    answer = await reading(tmp_path, f"电话,姓名\n{rows}{LAST}".encode(), number=0, name=1)
    assert [(one["line"], one["column"], one["why"]) for one in answer["problems"]] == named
    assert answer["rows"] == rows.count("\n") + 1
    assert (tmp_path / "good").read_text().startswith("+8613800138009\t赵六\t")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", " =1", "\u00a0=1", "＝1", "＋1", "－1", "＠x", "|x", "%x"])
async def test_no_cell_of_the_report_begins_as_a_formula_does(tmp_path: Path, cell: str) -> None:
    await reading(tmp_path, f"电话,姓名,级别\n13800138000,张三,{cell}\n".encode(), number=0, name=1, tier=2)
    assert (tmp_path / "report").read_text("utf-8-sig").splitlines()[1].partition("'")[2].strip() == cell.strip()


ODD = st.text(st.sampled_from('1380,;|\t"\n\r =+-@\0张\u202e\ufeff\u2028\x85\x1c'), max_size=60)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ODD)
def test_whatever_stands_in_a_file_no_line_is_lost(tmp_path: Path, text: str) -> None:
    """By a witness of its own: a good row behind it comes in, unless a quoted cell, which is named or read, goes on over it."""
    file = tmp_path / "file"
    file.write_bytes(f"电话,姓名\n{text}\n{LAST}".encode())
    task = Task(
        path=str(file),
        layout=Layout("utf-8", ","),
        columns={"number": 0, "name": 1},
        good=str(tmp_path / "good"),
        report=str(tmp_path / "report"),
    )
    try:
        found = read(task, lambda told: None)
    except NotRead as refused:
        pytest.fail(f"refused: {refused.seen}")
    assert found["rows"] == found["good"] + found["bad"]
    assert all(one["why"] and one["line"] > 1 and one["column"] for one in found["problems"])
    if '"' not in text:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        filled = sum(any(part.strip() for part in line.split(",")) for line in lines)
        assert found["rows"] == filled + 1
        assert "+8613800138009\t赵六\t" in (tmp_path / "good").read_text() or any(
            one["why"] == "number_twice" for one in found["problems"]
        )
