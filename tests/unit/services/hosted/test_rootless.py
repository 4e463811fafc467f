"""Giving an instance's files to the account, while the switch of before goes on in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.hosted.account import Account
from services.hosted.rootless import give

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give anything away")
Walked = tuple[str, list[str], list[str], int]


def test_a_file_that_goes_meanwhile_does_not_end_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "left.wav").touch()
    given: list[str] = []
    chown, fwalk = os.chown, os.fwalk

    def walked(top: Path, onerror: Callable[[OSError], None]) -> Iterator[Walked]:
        for where, folders, files, here in fwalk(top, onerror=onerror):  # type: ignore[arg-type]
            yield where, folders, ["gone.wav", *files], here

    def note(path: str, uid: int, gid: int) -> None:
        given.append(os.readlink(path))
        chown(path, uid, gid)

    monkeypatch.setattr(os, "fwalk", walked)
    monkeypatch.setattr(os, "chown", note)
    tally = give(tmp_path, somebody())
    assert given == ([str(tmp_path), str(tmp_path / "left.wav")] if os.geteuid() == 0 else [])
    assert tally.left == 0


def somebody() -> Account:
    """Another account where we can give it something, else our own."""
    return Account("nobody", 65534, 65534) if os.geteuid() == 0 else Account("tingsu", os.geteuid(), os.getegid())


@root
def test_all_of_roots_is_given_but_what_has_a_second_name(tmp_path: Path) -> None:
    (tmp_path / "var/recordings").mkdir(parents=True)
    (tmp_path / "outside").touch()
    (tmp_path / "var/recordings/1.flac").touch()
    (tmp_path / "var/link").symlink_to(tmp_path / "outside")
    (tmp_path / "var/second-name").hardlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / "var/pipe")
    (tmp_path / "var/another").touch()
    os.chown(tmp_path / "var/another", 4242, 4242)
    give(tmp_path / "var", somebody())
    assert {path.name: path.lstat().st_uid for path in tmp_path.rglob("*")} == {
        "var": 65534,
        "recordings": 65534,
        "1.flac": 65534,
        "link": 65534,
        "outside": 0,
        "second-name": 0,
        "pipe": 65534,
        "another": 4242,
    }


@root
def test_a_file_of_roots_that_takes_a_names_place_meanwhile_stays_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account may write in the folder, and could win a race with root to be given any file of the machine."""
    precious, swapped = tmp_path / "precious", tmp_path / "var/1.flac"
    (tmp_path / "var").mkdir()
    for path in (precious, swapped):
        path.touch()
    look = os.stat

    def stat_of(path: str, **how: object) -> os.stat_result:
        found = look(path, **how)  # type: ignore[arg-type]
        if path == "1.flac":
            swapped.unlink()
            swapped.hardlink_to(precious)
        return found

    monkeypatch.setattr(os, "stat", stat_of)
    give(tmp_path / "var", somebody())
    assert precious.lstat().st_uid == 0


@root
def test_what_cannot_be_given_is_counted_and_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "1.flac").touch()
    (tmp_path / "2.flac").touch()
    chown = os.chown

    def refuses(path: str, uid: int, gid: int) -> None:
        if os.readlink(path).endswith("/1.flac"):
            raise PermissionError(1, "immutable")
        chown(path, uid, gid)

    monkeypatch.setattr(os, "chown", refuses)
    tally = give(tmp_path, somebody())
    assert (tally.changed, tally.left) == (2, 1)
    assert (tmp_path / "2.flac").stat().st_uid == 65534


@root
def test_of_a_folder_with_nothing_new_in_it_no_file_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, fresh = tmp_path / "var/store/2025", tmp_path / "var/store/2026"
    for folder in (old, fresh):
        folder.mkdir(parents=True)
        (folder / "1.flac").touch()
    give(tmp_path / "var", somebody())
    given_at = max(path.stat().st_ctime_ns for path in (tmp_path / "var").rglob("*")) + 1
    while fresh.stat().st_ctime_ns <= given_at:  # until the disk's clock, which is a coarse one, has moved on
        (fresh / "2.flac").unlink(missing_ok=True)
        (fresh / "2.flac").touch()
    looked: list[object] = []
    look = os.stat

    def stat_of(path: str, **how: object) -> os.stat_result:
        looked.append(path)
        return look(path, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", stat_of)
    give(tmp_path / "var", somebody(), given_at)
    assert (fresh / "2.flac").stat().st_uid == 65534
    assert sorted(name for name in looked if name in ("1.flac", "2.flac")) == ["1.flac", "2.flac"], "those of one folder"
