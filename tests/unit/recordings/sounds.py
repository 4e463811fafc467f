"""Sounds and leg files that the tests of this room are fed with."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cti.ids import CallId, ChannelId
from recordings.audio import Source, Span
from recordings.naming import LegFile, Role
from tests.harness.legs import file_name

RATE = 8_000
CALL = CallId("tingsu-1732400000.12")
AT = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
Samples = npt.NDArray[np.int16]


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def tone(hertz: float, seconds: float, level: int = 8_000) -> Samples:
    """A sine; its frequency tells in a test whose voice it is."""
    t = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hertz * t)).astype(np.int16)


def strength(sound: Samples, hertz: float) -> float:
    """Amplitude of that frequency in the sound."""
    t = np.arange(len(sound)) / RATE
    return float(abs(np.mean(sound * np.exp(-2j * np.pi * hertz * t))) * 2)


def wav_bytes(sound: Samples, *, rate: int = RATE, channels: int = 1, told: int | None = None, riff: int | None = None) -> bytes:
    """A 16-bit wav file whose header may say anything."""
    body = sound.astype("<i2").tobytes()
    told = len(body) if told is None else told
    riff = 36 + told if riff is None else riff
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", riff & 0xFFFFFFFF)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", told)
        + body
    )


def leg_of(role: Role, number: int, seconds: float = 0.0) -> LegFile:
    """The leg of channel ``number`` that began ``seconds`` after the call; the caller's channel is number 12."""
    return LegFile(CALL, ChannelId(f"tingsu-1732400000.{number}"), role, later(seconds))


def source(
    folder: Path,
    role: Role,
    number: int,
    sound: Samples | bytes,
    *,
    at: float = 0.0,
    spans: list[tuple[float, float | None]] | None = None,
) -> Source:
    """A leg file on disk, with its spans in seconds of the call."""
    leg = leg_of(role, number, at)
    path = folder / file_name(leg)
    path.write_bytes(sound if isinstance(sound, bytes) else wav_bytes(sound))
    known = None if spans is None else tuple(Span(later(a), None if b is None else later(b)) for a, b in spans)
    return Source(leg, path, None, known)
