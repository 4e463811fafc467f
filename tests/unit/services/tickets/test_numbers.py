from __future__ import annotations

from pathlib import Path

from services.tickets.numbers import GivenNumbers


async def test_the_highest_of_each_month_survives_the_process(tmp_path: Path) -> None:
    given = GivenNumbers(tmp_path / "numbers.json")
    for number in ("T2026-11-000041", "T2026-11-000043", "T2026-11-000042", "T2026-12-000001"):
        await given.note(number)
    again = GivenNumbers(tmp_path / "numbers.json")
    assert (again.highest("2026-11"), again.highest("2026-12"), again.highest("2027-01")) == (43, 1, 0)


async def test_orders_are_numbered_by_month_and_warnings_by_year() -> None:
    orders, warnings = GivenNumbers(), GivenNumbers()
    await orders.note("W2026-11-000007")
    await warnings.note("J2026-00003")
    assert (orders.highest("2026-11"), warnings.highest("2026"), warnings.highest("2027")) == (7, 3, 0)


async def test_a_file_that_is_none_costs_no_ticket(tmp_path: Path) -> None:
    (tmp_path / "numbers.json").write_text("[1]")
    given = GivenNumbers(tmp_path / "numbers.json")
    assert given.highest("2026-11") == 0
    (tmp_path / "numbers.json").unlink()
    (tmp_path / "numbers.json").mkdir()  # a disk that takes nothing
    await given.note("T2026-11-000001")
    assert given.highest("2026-11") == 1
