"""Keeps beside each recording's sound in the store what its row says, so that a row can be written again that a restored
database lacks.

Holds no number and no name: when it began, how long it is, of which files it was woven, what is to be remarked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import soundfile as sf

from cti.ids import CallId, ChannelId
from recordings import archive as archives
from recordings.archive import Archive, Stored
from recordings.audio import LegReport, Woven
from recordings.errors import ArchiveFailed
from recordings.naming import LegFile, Role
from recordings.spool import SpooledLeg

RESTORED = "restored"  # the remark of a row that was written again


@dataclass(frozen=True, slots=True)
class Receipt:
    """``legs`` as the row's column has them."""

    starts_at: datetime
    duration_ms: int
    sample_rate: int
    legs: tuple[dict[str, Any], ...]
    remarks: tuple[str, ...]

    def as_json(self) -> bytes:
        kept = {
            "starts_at": self.starts_at.isoformat(),
            "duration_ms": self.duration_ms,
            "sample_rate": self.sample_rate,
            "legs": list(self.legs),
            "remarks": list(self.remarks),
        }
        return json.dumps(kept, ensure_ascii=True, separators=(",", ":")).encode()


def of_woven(woven: Woven) -> Receipt:
    legs = tuple(leg_row(report) for report in woven.legs)
    return Receipt(woven.starts_at, woven.duration_ms, woven.sample_rate, legs, woven.remarks)


def leg_row(report: LegReport) -> dict[str, Any]:
    return {
        "channel": report.channel,
        "role": str(report.role),
        "started_at": report.started_at.isoformat(),
        "duration_ms": report.duration_ms,
        "remarks": list(report.remarks),
        "error": report.error,
    }


async def of_stored(archive: Archive, key: str, work: Path, *, otherwise: datetime) -> tuple[Stored, Receipt]:
    """The receipt of what lies in the store under this key, its sound read whole (to ``work``, a file that goes).

    Without a receipt of ours beside it (older than those), it is taken to begin at ``otherwise``.
    """
    try:
        with await asyncio.to_thread(work.open, "wb") as file:
            async for block in archive.stream(key):
                await asyncio.to_thread(file.write, block)
        size, sha256 = await asyncio.to_thread(archives.digest, work)
        stored = await archive.receipt(key, size, sha256)
        told = await _told(archive, key.removesuffix("flac") + "json")
        if told:
            return stored, told
        frames, rate = await asyncio.to_thread(_length, work)
        return stored, Receipt(otherwise, round(frames * 1000 / rate), rate, (), ())
    finally:
        await asyncio.to_thread(work.unlink, missing_ok=True)


async def _told(archive: Archive, key: str) -> Receipt | None:
    try:
        kept = json.loads(await archive.get(key))
        begins = datetime.fromisoformat(kept["starts_at"])
        return Receipt(begins, int(kept["duration_ms"]), int(kept["sample_rate"]), tuple(kept["legs"]), tuple(kept["remarks"]))
    except ArchiveFailed as error:
        if error.code != "missing":
            raise
        return None
    except (ValueError, KeyError, TypeError):
        return None


def _length(path: Path) -> tuple[int, int]:
    with sf.SoundFile(path) as sound:
        return sound.frames, sound.samplerate


def legs_of(call: CallId, receipt: Receipt) -> Sequence[SpooledLeg]:
    """The files it was woven from, as they lay in the spool: what the diary's story of the call is sharpened by."""
    found = []
    for leg in receipt.legs:
        began = datetime.fromisoformat(leg["started_at"])
        file = LegFile(call, ChannelId(leg["channel"]), Role(leg["role"]), began)
        found.append(SpooledLeg(file, Path(), 0, began + timedelta(milliseconds=leg["duration_ms"])))
    return found
