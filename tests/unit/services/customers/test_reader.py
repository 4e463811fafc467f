"""What becomes of a file: its rows into one of two files, each row in exactly one of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.customers.reader import Task, look, read
from services.customers.rows import Layout, NotRead, letter

HEADING = "电话,姓名,级别,备注\n"
Reading = Callable[..., dict[str, Any]]


def quiet(told: object) -> None:
    return None


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    """``good``: the rows as they go to the database; ``named``: line, column and why of the others; ``report``: its rows."""

    def run(content: str | bytes, columns: dict[str, int] | None = None, **layout: str) -> dict[str, Any]:
        file = tmp_path / "file"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        common = {
            "path": str(file),
            "layout": Layout(**layout),
            "good": str(tmp_path / "good"),
            "report": str(tmp_path / "report"),
        }
        seen = look(Task(**common))  # type: ignore[arg-type]
        found = read(Task(**common, columns=columns or seen["columns"]), quiet)  # type: ignore[arg-type]
        good = [tuple(line.split("\t")) for line in (tmp_path / "good").read_text().splitlines()]
        named = [(one["line"], one["column"], one["why"]) for one in found["problems"]]
        report = list(csv.reader(io.StringIO((tmp_path / "report").read_text("utf-8-sig"))))[1:]
        return {**found, "good": good, "named": named, "report": report, "look": seen}

    return run


def book(**sheets: list[list[object]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd"}) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for at, cells in enumerate(rows):
                sheet.write_row(at, 0, cells)
    return file.getvalue()


ONE = [("+8613800138000", "张三", "big", "")]


@pytest.mark.parametrize(
    "text",
    [
        "电话,姓名,级别\n13800138000,张三,大客户\n",
        "\ufeff电话,姓名,级别\n13800138000,张三,大客户\n",
        "电话,姓名,级别\r\n13800138000,张三,大客户\r\n",
        "电话,姓名,级别\r13800138000,张三,大客户\r",
        "sep=;\nnumber;name;tier\n138-0013-8000;张三;big\n",
        "number;name;tier\n138-0013-8000;张三;big\n",
        "number|name|tier\n138-0013-8000|张三|big",
        "Phone\tCustomer\tClass\n+86 13800138000\t张三\tBIG\n",
        "备注,姓名,电话,级别,别的\n,张三,13800138000,大客户,?\n\n , ,,\n",
        '"电话","姓名","级别"\n"13800138000","张三","大客户"\n',
    ],
)
def test_headings_in_either_language_and_any_order(reading: Reading, text: str) -> None:
    found = reading(text)
    assert (found["good"], found["named"]) == (ONE, [])


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("13600000401.0", "number"),
        ("1.3600000401E+10", "number"),
        ("88886803/88887803", "number"),
        ("13800138000 13800138001", "number"),
        ('"88886803\n88887803"', "number"),
        ("13800138000;13800138001", "number"),
        ("0571-8888888-8", "number"),
        ("75588886901", "number_no_plan"),
        ("1380013800", "number_no_plan"),
        ("136000004010", "number_no_plan"),
        ("", "number_missing"),
        ("无", "number"),
    ],
)
def test_a_number_that_is_not_plainly_one_is_named_and_never_cleaned(reading: Reading, cell: str, why: str) -> None:
    found = reading(f"{HEADING}{cell},张三,,\n13800138000,张三,大客户,\n")
    assert (found["good"], found["named"]) == (ONE, [(2, "A", why)])


def test_an_extension_is_kept(reading: Reading) -> None:
    assert reading(f"{HEADING}0755-88886801-801,张三,,\n")["good"][0][0] == "+8675588886801;ext=801"


def test_every_problem_of_every_row_is_named_as_the_spreadsheet_counts(reading: Reading) -> None:
    found = reading("number,name,tier\n13800138000,甲,\n138,乙\nabc,,vip\n\n13800138000,丙,normal\n13800138001,丁,,多\n")
    assert found["named"] == [
        (4, "A", "number"), (4, "B", "name_missing"), (4, "C", "tier"), (6, "A", "number_twice"), (7, "D", "beyond"),
    ]  # fmt: skip
    assert "2" in found["report"][3][2], "the row that has the number first"
    assert [row[1] for row in found["good"]] == ["甲", "乙"]
    assert (found["rows"], found["bad"]) == (5, 3)


def test_an_open_quotation_mark_takes_no_other_row_with_it(reading: Reading) -> None:
    rows = "".join(f"138001380{i:02},客户{i},,\n" for i in range(90))
    for stray in ('13900139000,"李四,,\n', '13900139000,"李"四,,\n'):
        found = reading(HEADING + stray + rows)
        assert (len(found["good"]), found["named"]) == (90, [(2, "A", "quote")])
    late = reading(HEADING + rows + '13900139000,"李四,,\n' + '13900139001,"王,五",,\n')
    assert (len(late["good"]), late["named"]) == (91, [(92, "A", "quote")])


def test_a_cell_may_go_on_over_lines(reading: Reading) -> None:
    found = reading(HEADING + '13800138000,张三,,"一\n二\n\\.\n"\n13800138001,李四,,\n')
    assert found["good"] == [("+8613800138000", "张三", "normal", "一\\n二\\n\\\\."), ("+8613800138001", "李四", "normal", "")]


def test_blank_lines_cost_no_row(reading: Reading) -> None:
    found = reading(HEADING + "\n" * 5_000 + "13800138000,张三,大客户,\n" + ",,,\n" * 5_000 + "13800138001,李四,,\n")
    assert (found["rows"], len(found["good"])) == (2, 2)


def test_of_two_columns_of_numbers_a_person_chooses(reading: Reading) -> None:
    text = "手机,座机,电话,姓名\n13800138000,,0755-88886901,张三\n"
    found = reading(text, {"number": 2, "name": 3})
    assert found["look"]["doubtful"] == ("number",)
    assert "number" not in found["look"]["columns"]
    assert found["good"][0][0] == "+8675588886901"


def test_a_file_without_a_heading_loses_no_first_row(reading: Reading) -> None:
    with pytest.raises(NotRead, match="no_heading"):
        reading("13800138000,张三\n13800138001,李四\n")


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", b"PK\x03\x04 no archive", b"\xd0\xcf\x11\xe0 no workbook"])
def test_what_is_no_file_of_customers_is_refused(reading: Reading, content: str | bytes) -> None:
    with pytest.raises(NotRead):
        reading(content)


def test_a_workbook_is_read_as_it_shows(reading: Reading) -> None:
    rows: list[list[object]] = [
        ["姓名", "电话", "级别"],
        ["张三", 13800138000, "大客户"],
        ["李四", "0755-88886901", ""],
        ["王五", 75588886902, ""],  # a zero that the spreadsheet has eaten
        ["赵六", 1.5, ""],
        [date(2020, 1, 1), "13800138005", ""],
        ["", "", ""],
        [12, "13800138006", True],
    ]
    found = reading(book(客户=rows, 别的=[["a"]]))
    assert found["good"] == [("+8613800138000", "张三", "big", ""), ("+8675588886901", "李四", "normal", "")]
    assert found["named"] == [(4, "B", "number_no_plan"), (5, "B", "number"), (6, "A", "no_text"), (8, "C", "no_text")]
    assert found["look"]["sheets"] == ("客户", "别的")
    with pytest.raises(NotRead, match="no_sheet"):
        reading(book(客户=rows), sheet="none")


def test_the_preview_shows_the_first_rows_as_they_would_be_read(reading: Reading) -> None:
    seen = reading(HEADING + "".join(f"138001380{i:02},客户{i},,{'长' * 100}\n" for i in range(40)))["look"]
    assert (seen["headings"], seen["letters"]) == (["电话", "姓名", "级别", "备注"], ["A", "B", "C", "D"])
    assert seen["columns"] == {"number": 0, "name": 1, "tier": 2, "note": 3}
    assert seen["rows"][0]["line"] == 2
    assert all(len(cell) <= 60 for row in seen["rows"] for cell in row["cells"])
    assert json.dumps(seen)


def test_a_cell_of_the_report_is_computed_by_nobody(reading: Reading) -> None:
    assert reading(HEADING + "=1+1,张三,,\n")["report"][0][3] == "'=1+1"


def test_columns_are_named_as_spreadsheets_do() -> None:
    assert [letter(place) for place in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELL | st.sampled_from(["13800138000", "0755-88886901"]), CELL), max_size=12))
def test_every_row_is_imported_or_named(reading: Reading, rows: list[tuple[str, str]]) -> None:
    sheet = io.StringIO()
    csv.writer(sheet).writerows([("电话", "姓名"), *rows])
    found = reading(sheet.getvalue())
    filled = {at for at, row in enumerate(rows, 2) if any(cell.strip() for cell in row)}
    named = {int(row[0]) for row in found["report"]}
    assert len(found["good"]) == len(filled - named)
    assert named <= filled
    assert found["rows"] == len(filled)
