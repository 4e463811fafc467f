from __future__ import annotations

import hashlib
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from cti.ids import CallId
from recordings.archive import BLOCK, Archive, key_of
from recordings.errors import AlreadyArchived, ArchiveFailed, NameRefused
from tests.unit.recordings.sounds import AT, CALL

KEY = "2026/11/23/tingsu-1732400000.12.flac"
CONTENT = os.urandom(3 * BLOCK // 2)


@pytest.fixture(params=["folder", "elsewhere"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    """The local store, and any other that obstore knows."""
    return Archive.open(str(tmp_path / "store")) if request.param == "folder" else Archive(MemoryStore(), None)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.flac"
    path.write_bytes(CONTENT)
    return path


def test_a_key_is_the_utc_date_and_the_call_and_nothing_else() -> None:
    beijing = datetime(2026, 11, 24, 3, 0, tzinfo=timezone(timedelta(hours=8)))
    assert key_of(CALL, beijing) == KEY
    assert key_of(CALL, AT, "peaks.json") == "2026/11/23/tingsu-1732400000.12.peaks.json"


@pytest.mark.parametrize("call", ["", "..", "../../etc/passwd", "a-1.2/../b", "tingsu-1732400000.12\n", "%2e%2e%2f"])
def test_a_forged_call_id_gets_no_key(call: str) -> None:
    with pytest.raises(NameRefused):
        key_of(CallId(call), AT)


async def test_what_was_put_is_got_back_with_its_sum(archive: Archive, sound: Path) -> None:
    stored = await archive.put(KEY, sound)
    assert (stored.key, stored.size, stored.sha256) == (KEY, len(CONTENT), hashlib.sha256(CONTENT).digest())
    assert await archive.get(KEY) == CONTENT
    assert await archive.size(KEY) == len(CONTENT)


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 10), (5, 6), (BLOCK - 1, BLOCK + 1), (len(CONTENT) - 3, len(CONTENT)), (7, None)]
)
async def test_any_range_is_streamed(archive: Archive, sound: Path, start: int, stop: int | None) -> None:
    await archive.put(KEY, sound)
    blocks = [block async for block in archive.stream(KEY, start, stop)]
    assert b"".join(blocks) == CONTENT[start:stop]
    assert max(map(len, blocks)) <= BLOCK


async def test_putting_the_same_again_is_fine_and_something_else_is_refused(archive: Archive, sound: Path) -> None:
    first = await archive.put(KEY, sound)
    assert await archive.put(KEY, sound) == first
    sound.write_bytes(b"something else")
    with pytest.raises(AlreadyArchived):
        await archive.put(KEY, sound)
    assert await archive.get(KEY) == CONTENT


async def test_a_missing_object_is_told(archive: Archive) -> None:
    for attempt in (archive.get(KEY), archive.size(KEY)):
        with pytest.raises(ArchiveFailed) as missing:
            await attempt
        assert missing.value.code == "missing"


@pytest.mark.parametrize(
    "key", ["../x.flac", "/etc/passwd", "2026/11/23/../../x-1.2.flac", "2026/11/23/x-1.2.txt", "", KEY + "\n"]
)
async def test_no_key_reaches_outside_the_store(archive: Archive, sound: Path, key: str) -> None:
    for attempt in (archive.put(key, sound), archive.get(key), archive.size(key)):
        with pytest.raises(NameRefused):
            await attempt


async def test_a_usable_store_passes_its_check(archive: Archive) -> None:
    await archive.check()


async def test_nothing_is_left_beside_an_object(tmp_path: Path, sound: Path) -> None:
    archive = Archive.open((tmp_path / "store").as_uri())
    await archive.put(KEY, sound)
    await archive.check()
    assert [str(path.relative_to(tmp_path / "store")) for path in (tmp_path / "store").rglob("*") if path.is_file()] == [KEY]


@pytest.mark.parametrize("name", ["plain", "with space", "100%41", "a#b?c=d", "录音"])
async def test_a_folder_of_any_name_is_taken_as_a_path_and_as_a_url(tmp_path: Path, sound: Path, name: str) -> None:
    await Archive.open(str(tmp_path / name)).put(KEY, sound)
    assert await Archive.open((tmp_path / name).as_uri()).get(KEY) == CONTENT
    assert (tmp_path / name / KEY).is_file()


async def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive.open(str(tmp_path / "store"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)  # the kernel's answer, not ours
    with pytest.raises(ArchiveFailed):
        await archive.put(KEY, sound)
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


async def test_an_object_is_synced_before_it_has_its_name_and_its_folder_after(
    tmp_path: Path, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive.open(str(tmp_path / "store"))
    steps: list[str] = []
    fsync, link = os.fsync, os.link

    def noted_fsync(descriptor: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def noted_link(source: Path, target: Path) -> None:
        steps.append("name")
        link(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "link", noted_link)
    await archive.put(KEY, sound)
    assert steps[-3:] == ["file", "name", "folder"]
    assert steps.count("folder") == 4  # three new folders are entries too


def test_a_store_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for url in (str(tmp_path / "file" / "store"), "nonsense://x"):
        with pytest.raises(ArchiveFailed):
            Archive.open(url)
