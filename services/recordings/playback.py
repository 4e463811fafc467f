"""Gives recordings to listen to: both voices as archived, or one side alone, which is cut out once and kept for a while."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import soundfile as sf

from cti.ids import CallId, is_uniqueid
from recordings.archive import Archive
from recordings.errors import ArchiveFailed
from services.errors import NotFound, WorldFailed

Side = Literal["both", "caller", "agent"]
CHANNEL = {"caller": 0, "agent": 1}
KEPT = 64  # single sides on the disk; the ones not listened to for longest go first
BLOCK = 1 << 20
CUTTING = ".cut-"

Read = Callable[[int, int], AsyncIterator[bytes]]


class StoreAway(WorldFailed):
    """The store of recordings cannot be reached; try again shortly."""

    code = "store_away"


@dataclass(frozen=True, slots=True)
class Sound:
    """``read(start, end)`` gives the bytes of a FLAC file of ``size`` bytes."""

    size: int
    read: Read


class Playback:
    """``folder`` holds single sides; it may be emptied at any time. What was being cut when a process died goes at the start."""

    def __init__(self, archive: Archive, folder: Path) -> None:
        self._archive = archive
        self._folder = folder
        self._cutting = asyncio.Semaphore(2)
        for left in folder.glob(f"{CUTTING}*"):
            shutil.rmtree(left, ignore_errors=True)

    async def sound(self, call: CallId, key: str, side: Side) -> Sound:
        """Raises NotFound when the object is gone, StoreAway when the store is."""
        if not is_uniqueid(call):
            raise NotFound("there is no such recording")
        try:
            if side == "both":
                return Sound(await self._archive.size(key), lambda start, end: self._archive.stream(key, start, end))
            path = await self._side(call, key, side)
        except ArchiveFailed as error:
            if error.code == "missing":
                raise NotFound("the recording is no longer in the store") from error
            raise StoreAway from error
        except OSError as error:
            raise StoreAway("the disk does not take the sound of one side") from error
        return Sound(path.stat().st_size, lambda start, end: _read_file(path, start, end))

    async def peaks(self, key: str) -> bytes | None:
        """The wave form's JSON; None when it cannot be had (the sound still can)."""
        try:
            return await self._archive.get(key)
        except ArchiveFailed:
            return None

    async def _side(self, call: CallId, key: str, side: Literal["caller", "agent"]) -> Path:
        path = self._folder / f"{call}.{side}.flac"
        async with self._cutting:
            if not path.exists():
                await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True, mode=0o700)
                with tempfile.TemporaryDirectory(prefix=CUTTING, dir=self._folder) as own:  # a player asks several times at once
                    whole = Path(own) / "whole.flac"
                    with await asyncio.to_thread(whole.open, "wb") as file:
                        async for block in self._archive.stream(key):
                            await asyncio.to_thread(file.write, block)
                    await asyncio.to_thread(_cut, whole, path, CHANNEL[side])
                await asyncio.to_thread(_forget_old, self._folder)
        os.utime(path)
        return path


def _cut(whole: Path, path: Path, channel: int) -> None:
    """One channel of a FLAC file as a FLAC file; complete or not there at all."""
    partial = whole.with_name("side.flac")
    with sf.SoundFile(whole) as sound, sf.SoundFile(partial, "w", sound.samplerate, 1, "PCM_16", format="FLAC") as out:
        for block in sound.blocks(BLOCK, dtype="int16", always_2d=True):
            out.write(block[:, channel])
    partial.rename(path)


def _forget_old(folder: Path) -> None:
    kept = sorted(folder.glob("*.flac"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[KEPT:]:
        path.unlink(missing_ok=True)


async def _read_file(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        file.seek(start)
        while start < end:
            block = await asyncio.to_thread(file.read, min(BLOCK, end - start))
            if not block:
                return
            start += len(block)
            yield block
