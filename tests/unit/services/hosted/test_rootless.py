"""Giving an instance's files to the account, while the switch of before goes on in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.hosted.account import Account
from services.hosted.rootless import give

Walked = tuple[str, list[str], list[str], int]


def test_a_file_that_goes_meanwhile_does_not_end_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "left.wav").touch()
    given: list[str] = []
    chown, fwalk = os.chown, os.fwalk

    def walked(top: Path, follow_symlinks: bool) -> Iterator[Walked]:
        for where, folders, files, here in fwalk(top, follow_symlinks=follow_symlinks):
            yield where, folders, ["gone.wav", *files], here

    def note(path: str, uid: int, gid: int, **how: object) -> None:
        given.append(os.fspath(path))
        chown(path, uid, gid, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "fwalk", walked)
    monkeypatch.setattr(os, "chown", note)
    give(tmp_path, Account("tingsu", os.geteuid(), os.getegid()))
    assert given == [str(tmp_path), *(["left.wav"] if os.geteuid() == 0 else [])]
