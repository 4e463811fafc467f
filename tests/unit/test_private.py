"""What is tightened, what another account keeps, and what cannot be."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from services import private
from services.private import shut, tighten, tighten_gently
from tests.harness.patience import until


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*")}


def test_everything_is_closed_to_others_but_what_they_work_in(tmp_path: Path) -> None:
    for name in ("var/journal", "var/recordings/spool/in"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("var/journal/0", "var/recordings/1.flac", "var/recordings/spool/2.wav"):
        (tmp_path / name).touch()
    (tmp_path / "var/link").symlink_to(tmp_path / "outside")
    (tmp_path / "outside").touch()
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)

    assert tighten(tmp_path / "var", [tmp_path / "var/recordings/spool"]).changed == 5
    assert modes(tmp_path) == {
        "outside": 0o644,
        "var": 0o711,
        "var/journal": 0o700,
        "var/journal/0": 0o600,
        "var/link": 0o644,
        "var/recordings": 0o711,
        "var/recordings/1.flac": 0o600,
        "var/recordings/spool": 0o755,
        "var/recordings/spool/in": 0o755,
        "var/recordings/spool/2.wav": 0o644,
    }
    assert tighten(tmp_path / "var", [tmp_path / "var/recordings/spool"]).changed == 0
    os.chmod(tmp_path / "var", 0o750)  # narrower in one way than what is left to a guest's folder, wider in another
    assert tighten(tmp_path / "var", [tmp_path / "var/recordings/spool"]).changed == 1
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o710


def opened(folder: Path) -> None:
    """A year, a month and a day of recordings, as an earlier version or a copy may have left them."""
    (folder / "recordings/store/2026").mkdir(parents=True)
    (folder / "recordings/spool").mkdir()
    for name in ("recordings/store/2026/1.flac", "recordings/store/2026/2.flac", "recordings/spool/3.wav", "numbers.json"):
        (folder / name).touch()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_shutting_takes_one_change_however_much_lies_in_the_folder(tmp_path: Path) -> None:
    opened(tmp_path / "var")
    before = modes(tmp_path / "var")
    assert shut(tmp_path / "var").changed == 1
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert modes(tmp_path / "var") == before


def test_where_a_guest_walks_through_the_folders_beside_its_way_are_shut(tmp_path: Path) -> None:
    opened(tmp_path / "var")
    shut(tmp_path / "var", [tmp_path / "var/recordings/spool"])
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o711
    assert modes(tmp_path / "var") == {
        "numbers.json": 0o600,
        "recordings": 0o711,
        "recordings/spool": 0o755,
        "recordings/spool/3.wav": 0o644,
        "recordings/store": 0o700,
        "recordings/store/2026": 0o755,
        "recordings/store/2026/1.flac": 0o644,
        "recordings/store/2026/2.flac": 0o644,
    }


def test_a_folder_that_is_a_link_to_another_disk_is_tightened_there(tmp_path: Path) -> None:
    opened(tmp_path / "disk")
    (tmp_path / "var").symlink_to(tmp_path / "disk")
    tighten(tmp_path / "var", [tmp_path / "var/recordings/spool"])
    assert modes(tmp_path / "disk")["recordings/store/2026/1.flac"] == 0o600
    assert modes(tmp_path / "disk")["recordings/spool/3.wav"] == 0o644


async def test_all_of_it_is_tightened_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "SLICE", 2)
    monkeypatch.setattr(private, "PAUSE_S", 0)
    opened(tmp_path / "var")
    await tighten_gently(tmp_path / "var")
    assert {mode & 0o077 for mode in modes(tmp_path / "var").values()} == {0}


async def test_an_end_in_the_middle_of_it_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "SLICE", 1)
    monkeypatch.setattr(private, "PAUSE_S", 600)
    opened(tmp_path / "var")
    work = asyncio.create_task(tighten_gently(tmp_path / "var"), name="test: rights")  # noqa: TID251  the end of it is the subject
    await until(lambda: (tmp_path / "var").stat().st_mode & 0o077 == 0, "the first of it")
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert modes(tmp_path / "var")["recordings/store/2026/1.flac"] == 0o644


@pytest.mark.parametrize(
    "error", [PermissionError(1, "x"), OSError(30, "x"), OSError(5, "x")], ids=["immutable", "read-only", "I/O"]
)
def test_what_cannot_be_closed_is_counted_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    opened(tmp_path / "var")
    chmod = os.chmod

    def refuses(path: str, mode: int) -> None:
        if os.readlink(path).endswith("/1.flac"):
            raise error
        chmod(path, mode)

    monkeypatch.setattr(os, "chmod", refuses)
    tally = tighten(tmp_path / "var")
    assert (tally.changed, tally.left, tally.why) == (8, 1, os.strerror(error.errno))
    assert modes(tmp_path / "var")["recordings/store/2026/2.flac"] == 0o600


def test_what_goes_while_it_is_looked_at_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(tmp_path / "var")
    look, take = os.stat, os.open

    def stat_of(path: str, **how: object) -> os.stat_result:
        if path == "1.flac":
            os.unlink(tmp_path / "var/recordings/store/2026/1.flac")
        return look(path, **how)  # type: ignore[arg-type]

    def open_of(path: str, flags: int, *mode: int, **how: int) -> int:
        if path == "2.flac":
            os.unlink(tmp_path / "var/recordings/store/2026/2.flac")
        return take(path, flags, *mode, **how)

    monkeypatch.setattr(os, "stat", stat_of)
    monkeypatch.setattr(os, "open", open_of)
    tally = tighten(tmp_path / "var")
    assert (tally.changed, tally.left) == (7, 0)


def test_a_link_that_takes_a_files_place_meanwhile_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(tmp_path / "var")
    outside, swapped = tmp_path / "outside", tmp_path / "var/recordings/store/2026/2.flac"
    outside.touch()
    outside.chmod(0o644)
    take = os.open

    def open_of(path: str, flags: int, *mode: int, **how: int) -> int:
        if path == "2.flac":
            swapped.unlink()
            swapped.symlink_to(outside)
        return take(path, flags, *mode, **how)

    monkeypatch.setattr(os, "open", open_of)
    tighten(tmp_path / "var")
    assert swapped.is_symlink()
    assert outside.stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have files of other accounts")
def test_another_accounts_file_is_let_be_and_counted(tmp_path: Path) -> None:
    opened(tmp_path / "var")
    os.chown(tmp_path / "var/numbers.json", 65534, 65534)
    tally = tighten(tmp_path / "var")
    assert (tally.left, tally.why) == (1, "it belongs to another account")
    assert modes(tmp_path / "var")["numbers.json"] == 0o644
