"""The journal: what was appended is read back in order, whatever happened to the process or the disk."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.calls import journal as journals
from services.calls.facts import Fact, PopEnriched, encode
from services.calls.journal import Journal
from tests.harness.patience import until
from tests.harness.scarcity import descriptors_left

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def fact(number: int) -> Fact:
    return PopEnriched(at=AT + timedelta(seconds=number), pop=f"c/{number}")


def written(folder: Path, *numbers: int, **options: int) -> Journal:
    """A journal that was opened, appended to and closed."""
    journal = Journal(folder, **options)
    journal.open()
    for number in numbers:
        journal.append(fact(number))
    journal.close()
    return journal


def all_of(folder: Path, position: int = 0, **options: int) -> tuple[Fact, ...]:
    journal = Journal(folder, **options)
    journal.open()
    found: list[Fact] = []
    while position < journal.durable:
        read = journal.read(position, 10_000)
        found += read.facts
        position = read.position
    journal.close()
    return tuple(found)


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    written(tmp_path, 1, 2, 3)
    written(tmp_path, 4)
    assert all_of(tmp_path) == tuple(map(fact, (1, 2, 3, 4)))


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    written(tmp_path, *range(10))
    journal = Journal(tmp_path)
    journal.open()
    first = journal.read(0, 4)
    second = journal.read(first.position, 100)
    assert first.facts + second.facts == tuple(map(fact, range(10)))
    assert second.position == journal.durable
    journal.close()


def test_what_is_not_yet_on_the_disk_for_good_is_not_read(tmp_path: Path) -> None:
    """The database must never be ahead of the journal, whatever a power cut takes."""
    written(tmp_path, 1, 2)
    journal = Journal(tmp_path)
    journal.open()
    (segment,) = tmp_path.glob("changes-*.jsonl")
    with segment.open("ab") as file:
        file.write(encode(fact(3)))
    read = journal.read(0, 100)
    assert (read.facts, read.position) == ((fact(1), fact(2)), journal.durable)
    journal.close()


def test_a_torn_last_line_is_cut_off_at_every_byte_and_writing_goes_on(tmp_path: Path) -> None:
    whole = len(encode(fact(1)))
    for cut in range(whole):
        folder = tmp_path / str(cut)
        written(folder, 1, 2)
        path = next(folder.glob("*.jsonl"))
        path.write_bytes(path.read_bytes()[: whole + cut])
        written(folder, 3)
        assert all_of(folder) == (fact(1), fact(3))


def test_a_damaged_line_is_skipped_and_counted(tmp_path: Path) -> None:
    written(tmp_path, 1, 2, 3)
    path = next(tmp_path.glob("*.jsonl"))
    content = bytearray(path.read_bytes())
    content[len(encode(fact(1))) + 20] ^= 1
    path.write_bytes(content)
    journal = Journal(tmp_path)
    journal.open()
    assert journal.read(0, 10).facts == (fact(1), fact(3))
    assert journal.state.damaged == 1
    journal.close()


def test_segments_follow_each_other_and_applied_ones_go(tmp_path: Path) -> None:
    for number in range(20):
        written(tmp_path, number, segment_bytes=300)
    assert len(list(tmp_path.glob("*.jsonl"))) > 3
    assert all_of(tmp_path, segment_bytes=300) == tuple(map(fact, range(20)))
    journal = Journal(tmp_path, segment_bytes=300)
    journal.open()
    first = journal.read(0, 10)
    journal.forget(first.position)
    assert all_of(tmp_path, segment_bytes=300) == tuple(map(fact, range(len(first.facts), 20)))
    journal.forget(journal.durable)
    assert len(list(tmp_path.glob("*.jsonl"))) == 1
    journal.close()


@pytest.mark.parametrize("left", [0, 1])  # 1: the file can be made, but not that its name lasts
def test_where_no_new_segment_can_be_had_the_old_one_goes_on(tmp_path: Path, left: int) -> None:
    journal = Journal(tmp_path, segment_bytes=300)
    journal.open()
    with descriptors_left(left):
        for number in range(20):
            journal.append(fact(number))
            journal._write()
    assert len(list(tmp_path.glob("*.jsonl"))) == 1
    for number in range(20, 40):
        journal.append(fact(number))
        journal._write()
    journal.close()
    assert len(list(tmp_path.glob("*.jsonl"))) > 1
    assert all_of(tmp_path) == tuple(map(fact, range(40)))


def test_more_than_the_bound_is_dropped_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "PENDING_LIMIT", 5)
    journal = Journal(tmp_path)
    journal.open()
    for number in range(8):
        journal.append(fact(number))
    assert (journal.state.ok, journal.state.code, journal.state.dropped) == (False, "dropped", 3)
    journal.close()
    assert all_of(tmp_path) == tuple(map(fact, range(5)))


def test_a_disk_bound_stops_the_journal_from_growing(tmp_path: Path) -> None:
    written(tmp_path, *range(10), limit_bytes=100)
    journal = written(tmp_path, 11, limit_bytes=100)
    assert journal.state.dropped == 1
    assert len(all_of(tmp_path)) == 10


def test_each_folder_has_a_name_of_its_own_that_stays(tmp_path: Path) -> None:
    one, again, other = (written(folder) for folder in (tmp_path / "a", tmp_path / "a", tmp_path / "b"))
    assert one.identity == again.identity != other.identity


def test_a_copied_folder_has_another_name_for_the_original_goes_on_by_the_first(tmp_path: Path) -> None:
    one = written(tmp_path / "a", 1)
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    copy, again = written(tmp_path / "copy", 2), written(tmp_path / "a", 3)
    assert copy.identity not in {one.identity, ""}
    assert again.identity == one.identity
    assert written(tmp_path / "copy").identity == copy.identity


async def test_the_writer_takes_what_gathers_and_wakes_the_reader(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.open()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(journal.run(), name="journal")
        journal.append(fact(1))
        async with asyncio.timeout(5):
            await journal.grown_beyond(0)
        assert journal.read(0, 10).facts == (fact(1),)
        running.cancel()


async def test_a_cancelled_writer_writes_what_is_left(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.open()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(journal.run(), name="journal")
        await asyncio.sleep(0)
        for number in range(100):
            journal.append(fact(number))
        running.cancel()
    assert all_of(tmp_path) == tuple(map(fact, range(100)))


async def test_a_full_disk_is_waited_for_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "RETRY_S", 0.01)
    journal = Journal(tmp_path)
    journal.open()
    full = journals.FileIO("/dev/full", "ab")
    journal._file, real = full, journal._file  # the disk that takes nothing
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(journal.run(), name="journal")
        journal.append(fact(1))
        await until(lambda: journal.state.code == "disk", "the full disk is noticed")
        journal._file = real
        await until(lambda: journal.durable, "the line is written")
        assert journal.state.ok
        running.cancel()
    full.close()
    assert all_of(tmp_path) == (fact(1),)


async def test_the_journal_is_its_owners_alone_also_what_was_left_open(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir(mode=0o755)
    left = folder / "left.jsonl"
    left.touch(mode=0o644)
    (folder / "elsewhere").symlink_to(tmp_path)
    before = tmp_path.stat().st_mode
    journal = Journal(folder)
    journal.open()
    journal.close()
    made = [path for path in (folder, *folder.rglob("*")) if not path.is_symlink()]
    assert len(made) >= 3
    assert {path.name: path.stat().st_mode & 0o077 for path in made} == {path.name: 0 for path in made}
    assert tmp_path.stat().st_mode == before, "a link is not followed"
