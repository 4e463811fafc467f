"""Reads the sound of one leg file: mends or refuses its RIFF header, and gives its samples at 8 kHz, any stretch at a time.

Asterisk writes the sizes into a wav header when it closes the file; killed before, it leaves sizes of 0 over sound that is all
there. Files come from another process and may be anything, so nothing of the header is believed beyond the file's
own length, and every way of being wrong has a name. Samples are read by position, never all at once: a call may last hours.
"""

from __future__ import annotations

import os
import stat
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import soxr

from recordings.errors import BadLeg

RATE = 8_000  # samples per second of everything we keep: the telephone line
Samples = npt.NDArray[np.int16]
_PCM, _ALAW, _ULAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_WIDTH = {_PCM: 2, _ALAW: 1, _ULAW: 1}
_RATES = range(4_000, 192_001)
_UNFINISHED = (0, 0xFFFFFFFF)  # what a data size says before the file was closed; 0xFFFFFFFF by writers to a pipe
_MAX_CHUNKS = 64
_STEP = 30 * RATE  # samples converted at a time
_SLACK_S = 1.5  # wall time and sound may differ so much: buffers, and the file's last write


def _ulaw_table() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    level = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -level, level).astype(np.int16)


def _alaw_table() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment, base = (code & 0x70) >> 4, ((code & 0x0F) << 4) + 8
    level = np.where(segment == 0, base, (base + 0x100) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, level, -level).astype(np.int16)


_TABLES = {_ULAW: _ulaw_table(), _ALAW: _alaw_table()}  # ITU-T G.711


@dataclass(frozen=True, slots=True)
class Layout:
    """Where and how the samples lie in the file. ``remarks`` names what had to be mended."""

    coding: int
    channels: int
    rate: int
    start: int
    length: int
    remarks: tuple[str, ...] = ()

    @property
    def frame(self) -> int:
        return self.channels * _WIDTH[self.coding]

    @property
    def frames(self) -> int:
        return self.length // self.frame

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


class LegSound:
    """An open leg file as 8 kHz mono. Use as a context manager; one thread at a time."""

    def __init__(self, file: IO[bytes], layout: Layout) -> None:
        self._file = file
        self.layout = layout

    @classmethod
    def open(cls, path: Path, *, wall_s: float | None = None) -> LegSound:
        """Open a leg. ``wall_s``: seconds from its first sample to its file's last change; unmasks headers that lie.

        BadLeg: not_a_regular_file, missing, unreadable, empty_file, not_wav, no_format, unknown_format, bad_format, no_samples.
        Blocking; a leg of another rate than 8 kHz is converted as a whole into an unnamed temporary file first.
        """
        file = _open_regular(path)
        try:
            layout = _believable(read_header(file), wall_s)
            if (layout.rate, layout.channels) != (RATE, 1):
                file, layout = _converted(file, layout)
        except BaseException:
            file.close()
            raise
        return cls(file, layout)

    def __enter__(self) -> LegSound:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def frames(self) -> int:
        """Samples at 8 kHz."""
        return self.layout.frames

    def read(self, start: int, count: int) -> Samples:
        """Samples ``start`` to ``start + count``, as many of them as there are."""
        return _read(self._file, self.layout, start, count)[:, 0]


def _open_regular(path: Path) -> IO[bytes]:
    """O_NONBLOCK so that a pipe put there between listing and opening cannot stop us; O_NOFOLLOW for links."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise BadLeg("missing") from None
    except OSError as error:
        raise BadLeg("unreadable", os.strerror(error.errno or 0)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadLeg("not_a_regular_file")
    return os.fdopen(descriptor, "rb", buffering=0)


def read_header(file: IO[bytes]) -> Layout:
    """The layout of a wav file, sizes mended from the file's length. BadLeg as LegSound.open."""
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise BadLeg("empty_file")
    head = os.pread(file.fileno(), 12, 0)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise BadLeg("not_wav", "too short" if len(head) < 12 else "")
    form: tuple[int, int, int] | None = None
    at = 12
    for _ in range(_MAX_CHUNKS):
        chunk = os.pread(file.fileno(), 8, at)
        if len(chunk) < 8:
            break
        name, length = struct.unpack("<4sI", chunk)
        if name == b"data":
            return _layout(form, at + 8, length, size, file)
        if name == b"fmt ":
            form = _format(os.pread(file.fileno(), min(length, 40), at + 8))
        at += 8 + length + length % 2
    raise BadLeg("no_samples")


def _format(body: bytes) -> tuple[int, int, int]:
    if len(body) < 16:
        raise BadLeg("no_format")
    coding, channels, rate, _, align, bits = struct.unpack("<HHIIHH", body[:16])
    if coding == _EXTENSIBLE and len(body) >= 26:
        coding = struct.unpack("<H", body[24:26])[0]
    if coding not in _WIDTH:
        raise BadLeg("unknown_format", str(coding))
    if channels not in (1, 2) or rate not in _RATES or bits != 8 * _WIDTH[coding] or align != channels * _WIDTH[coding]:
        raise BadLeg("bad_format", f"{channels} channels, {rate} Hz, {bits} bits")
    return coding, channels, rate


def _layout(form: tuple[int, int, int] | None, start: int, told: int, size: int, file: IO[bytes]) -> Layout:
    if form is None:
        raise BadLeg("no_format")
    there = size - start
    coding, channels, rate = form
    remarks: tuple[str, ...] = ()
    if told in _UNFINISHED and there > 0:
        length, remarks = there, ("repaired_header",)
    elif told > there:
        length, remarks = there, ("truncated",)
    elif told < there and not _chunk_follows(file, start + told + told % 2, size):
        length, remarks = there, ("repaired_header",)
    else:
        length = told
    return Layout(coding, channels, rate, start, length, remarks)


def _chunk_follows(file: IO[bytes], at: int, size: int) -> bool:
    """True if what follows the samples is a chunk (LIST, a stray pad byte), and not more samples."""
    rest = os.pread(file.fileno(), 8, at)
    if len(rest) < 8:
        return True
    name, length = struct.unpack("<4sI", rest)
    return all(0x20 <= byte < 0x7F for byte in name) and at + 8 + length <= size + 1


def _believable(layout: Layout, wall_s: float | None) -> Layout:
    """The header's layout, unless it makes the sound longer or shorter than the time that passed and another reading fits.

    Known lies: a mono header over interleaved stereo (MixMonitor ``D`` into .wav), a stereo header over mono, a wrong rate.
    """
    if wall_s is None or layout.frames == 0 or _fits(layout.seconds, wall_s):
        return layout
    for channels, rate in ((1, RATE), (2, RATE), (1, 2 * RATE), (1, layout.rate), (2, layout.rate)):
        other = Layout(layout.coding, channels, rate, layout.start, layout.length, (*layout.remarks, "lying_header"))
        if _fits(other.seconds, wall_s):
            return other
    return layout


def _fits(seconds: float, wall_s: float) -> bool:
    return abs(seconds - wall_s) <= _SLACK_S + 0.02 * wall_s


def _read(file: IO[bytes], layout: Layout, start: int, count: int) -> Samples:
    """(n, channels) samples in the file's own rate."""
    first = min(max(start, 0), layout.frames)
    wanted = min(max(count, 0), layout.frames - first) * layout.frame
    raw = os.pread(file.fileno(), wanted, layout.start + first * layout.frame)
    raw = raw[: len(raw) - len(raw) % layout.frame]
    flat = np.frombuffer(raw, "<i2") if layout.coding == _PCM else _TABLES[layout.coding][np.frombuffer(raw, np.uint8)]
    return flat.reshape(-1, layout.channels)


def _converted(file: IO[bytes], layout: Layout) -> tuple[IO[bytes], Layout]:
    """The first channel at 8 kHz, in an unnamed temporary file. Every leg carries one voice: of two channels the left one."""
    out = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 -- LegSound closes it
    written = 0
    for block in _resampled(file, layout):
        out.write(block.tobytes())
        written += 2 * len(block)
    file.close()
    return out, Layout(_PCM, 1, RATE, 0, written, (*layout.remarks, "converted"))


def _resampled(file: IO[bytes], layout: Layout) -> Iterator[Samples]:
    stream = soxr.ResampleStream(layout.rate, RATE, 1, dtype="int16")
    for start in range(0, layout.frames, _STEP):
        block = np.ascontiguousarray(_read(file, layout, start, _STEP)[:, 0])
        yield stream.resample_chunk(block, last=start + _STEP >= layout.frames)
