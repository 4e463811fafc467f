"""Weaves the legs of a call by wall time into one recording of two channels, checks it, and writes it as FLAC with its peaks.

Channel 0 is the caller, channel 1 everybody who spoke with the caller, each while bridged with the caller and no longer (an
agent's consultation with a colleague is not the caller's to hear). The legs are each party's own receive side, so that a
transfer can neither silence nor mix them up (SPEC C6, Q4). Everything here blocks and computes: call it in a thread (numpy,
libsndfile and soxr let the event loop run meanwhile). Memory does not grow with the call beyond about 12 MB an hour.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile as sf

from recordings.archive import digest
from recordings.errors import ArchiveFailed, BadLeg
from recordings.legsound import RATE, LegSound, Samples
from recordings.naming import LegFile, Role

BLOCK = 60 * RATE  # samples woven at a time
CELL = RATE // 100  # 10 ms: the grain of peaks and of every check
POINTS = 1_800  # points of a wave form: more than a screen has
SPEECH_RMS = 100.0  # 16-bit steps, -50 dBFS: louder than a telephone line at rest
SPOKEN_S = 0.2  # a side with less than so many seconds above that has said nothing
GAP_S = 3.0  # so long a run of exact zeros is not a quiet line: no sound arrived
SHORT_S = 1.0  # a leg may be so much shorter than it should be: a switch that was killed wrote no more
MAX_HOURS = 24


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a person's leg shared the caller's bridge (aware times); ``left_at`` None: up to its end."""

    joined_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A leg file and what is known of it. ``spans`` None: not known, all of it is used. A caller's spans are not asked for."""

    leg: LegFile
    path: Path
    touched_at: datetime | None = None
    spans: tuple[Span, ...] | None = None


@dataclass(frozen=True, slots=True)
class LegReport:
    """The result for one leg file: it goes into the recording's ``legs`` column."""

    channel: str
    role: Role
    started_at: datetime
    duration_ms: int
    remarks: tuple[str, ...]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Peaks:
    """Per channel ``points`` pairs lowest, highest in -127..127, one after the other."""

    points: int
    caller: list[int]
    agent: list[int]


@dataclass(frozen=True, slots=True)
class Woven:
    """The finished recording. ``remarks`` sorted: what a person should know before trusting it; [] is a sound recording."""

    path: Path
    starts_at: datetime
    duration_ms: int
    size: int
    sha256: bytes
    peaks: Peaks
    remarks: tuple[str, ...]
    legs: tuple[LegReport, ...]
    sample_rate: int = RATE


@dataclass(frozen=True, slots=True)
class _Placed:
    """An open leg on the recording's time line: its first sample, and the stretches of the line where it is heard."""

    source: Source
    sound: LegSound
    offset: int
    heard: tuple[tuple[int, int], ...]


def produce(sources: Sequence[Source], target: Path, *, ended_at: datetime | None = None, missing: Iterable[Role] = ()) -> Woven:
    """Weave, check and write ``target`` (FLAC, 2 channels, 8 kHz, fsynced).

    ``ended_at``: when the caller's channel ended, if known: a recording shorter than that is remarked. ``missing``: roles of
    which a leg is known to have existed without a file. BadLeg ``no_sound`` if no leg has any sample to give,
    ArchiveFailed ``write_failed`` if the disk does not take it.
    """
    with ExitStack() as stack:
        opened, reports = _open_all(sources, stack)
        placed = _place(opened)
        if not placed:
            raise BadLeg("no_sound", ", ".join(sorted({report.error or "empty" for report in reports})))
        starts_at = _origin([source for source, _ in opened])
        total = _end(placed)
        cells = _write(placed, total, target)
        remarks = _remarks(placed, reports, cells, missing) | _lengths(placed, starts_at, ended_at)
    size, sha256 = digest(target)
    return Woven(
        path=target,
        starts_at=starts_at,
        duration_ms=round(total * 1000 / RATE),
        size=size,
        sha256=sha256,
        peaks=peaks(cells.low, cells.high),
        remarks=tuple(sorted(remarks)),
        legs=tuple(reports),
    )


def weave(sources: Sequence[Source]) -> Samples:
    """The woven samples (n, 2) of a short call in memory: what ``produce`` writes."""
    with ExitStack() as stack:
        placed = _place(_open_all(sources, stack)[0])
        return _mix(placed, 0, _end(placed))


# the time line --------------------------------------------------------------------------------------------------------


def _open_all(sources: Sequence[Source], stack: ExitStack) -> tuple[list[tuple[Source, LegSound]], list[LegReport]]:
    opened, reports = [], []
    for source in sources:
        leg = source.leg
        wall = None if source.touched_at is None else (source.touched_at - leg.started_at).total_seconds()
        try:
            sound = stack.enter_context(LegSound.open(source.path, wall_s=wall))
        except BadLeg as bad:
            reports.append(LegReport(leg.channel, leg.role, leg.started_at, 0, (), bad.code))
            continue
        reports.append(LegReport(leg.channel, leg.role, leg.started_at, sound.frames * 1000 // RATE, sound.layout.remarks))
        if sound.frames:
            opened.append((source, sound))
    return opened, reports


def _place(opened: Sequence[tuple[Source, LegSound]]) -> list[_Placed]:
    if not opened:
        return []
    origin = _origin([source for source, _ in opened])
    placed = (
        _Placed(source, sound, _at(source.leg.started_at, origin), _heard(source, sound, origin)) for source, sound in opened
    )
    return [leg for leg in placed if leg.heard]


def _origin(sources: Sequence[Source]) -> datetime:
    """The recording starts with the caller's leg, or without one with the first that there is."""
    callers = [source.leg.started_at for source in sources if source.leg.role is Role.CALLER]
    return min(callers or [source.leg.started_at for source in sources])


def _end(placed: Sequence[_Placed]) -> int:
    """Samples of the recording. A leg dated far away (a clock set back, a forged name) cannot make it endless."""
    return min(max((last for leg in placed for _, last in leg.heard), default=0), MAX_HOURS * 3600 * RATE)


def _at(moment: datetime, origin: datetime) -> int:
    return round((moment - origin).total_seconds() * RATE)


def _heard(source: Source, sound: LegSound, origin: datetime) -> tuple[tuple[int, int], ...]:
    start = _at(source.leg.started_at, origin)
    end = start + sound.frames
    asked = [(start, end)]
    if source.leg.role is Role.AGENT and source.spans is not None:
        asked = [(_at(span.joined_at, origin), _at(span.left_at, origin) if span.left_at else end) for span in source.spans]
    heard: list[tuple[int, int]] = []
    for first, last in sorted((max(start, first, 0), min(end, last)) for first, last in asked):
        if heard and first < heard[-1][1]:  # one span may come twice (a restart in mid-talk): add no voice to itself
            heard[-1] = (heard[-1][0], max(heard[-1][1], last))
        elif first < last:
            heard.append((first, last))
    return tuple(heard)


def _mix(placed: Sequence[_Placed], start: int, stop: int) -> Samples:
    """Samples ``start`` to ``stop`` of the recording: several voices on a channel are added, and limited at full scale."""
    sum_ = np.zeros((stop - start, 2), np.int32)
    for leg in placed:
        side = 0 if leg.source.leg.role is Role.CALLER else 1
        for first, last in leg.heard:
            first, last = max(first, start), min(last, stop)
            if first < last:
                voice = leg.sound.read(first - leg.offset, last - first)
                sum_[first - start : first - start + len(voice), side] += voice
    return np.clip(sum_, -32768, 32767).astype(np.int16)


# writing and measuring ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cells:
    """Per 10 ms and channel: lowest and highest sample, and root mean square."""

    low: Samples
    high: Samples
    rms: npt.NDArray[np.float32]


def _write(placed: Sequence[_Placed], total: int, target: Path) -> _Cells:
    measured = []
    try:
        with sf.SoundFile(target, "w", RATE, 2, "PCM_16", format="FLAC") as flac:
            for start in range(0, total, BLOCK):
                block = _mix(placed, start, min(start + BLOCK, total))
                flac.write(block)
                measured.append(_measure(block))
        _make_durable(target, total)
    except (sf.SoundFileError, AssertionError, OSError) as error:  # soundfile asserts that all was written
        raise ArchiveFailed("write_failed", type(error).__name__) from error
    return _Cells(*(np.concatenate(parts) for parts in zip(*measured, strict=True)))


def _make_durable(target: Path, total: int) -> None:
    """Makes the file durable and looks at what is on the disk: libsndfile may end without an error on a full disk."""
    with target.open("rb") as file:
        os.fsync(file.fileno())
    written = sf.info(target).frames
    if written != total:
        raise OSError(f"{written} of {total} samples written")


def _measure(block: Samples) -> tuple[Samples, Samples, npt.NDArray[np.float32]]:
    padded = np.pad(block, ((0, -len(block) % CELL), (0, 0)), mode="edge").reshape(-1, CELL, 2)
    square = np.square(padded, dtype=np.float32).mean(axis=1)
    return padded.min(axis=1), padded.max(axis=1), np.sqrt(square)


def peaks(low: Samples, high: Samples, points: int = POINTS) -> Peaks:
    """Reduce lowest and highest samples (n, 2) to at most ``points`` pairs per channel."""
    points = min(points, len(low))
    if points == 0:
        return Peaks(0, [], [])
    edges = np.arange(points) * len(low) // points
    pairs = np.stack([np.minimum.reduceat(low, edges), np.maximum.reduceat(high, edges)], axis=1)
    scaled = np.clip(np.round(pairs.astype(np.float32) * (127 / 32767)), -127, 127).astype(int)
    return Peaks(points, scaled[:, :, 0].ravel().tolist(), scaled[:, :, 1].ravel().tolist())


# checks ---------------------------------------------------------------------------------------------------------------


def _remarks(placed: Sequence[_Placed], reports: Sequence[LegReport], cells: _Cells, missing: Iterable[Role]) -> set[str]:
    remarks = {f"missing_{role}" for role in missing}
    for report in reports:
        remarks.update(report.remarks)
        if report.error:
            remarks.add(f"bad_{report.role}")
        elif report.duration_ms == 0:
            remarks.add(f"empty_{report.role}")
    if not any(leg.source.leg.role is Role.CALLER for leg in placed):
        remarks.add("missing_caller")
    if any(leg.source.spans is None for leg in placed if leg.source.leg.role is Role.AGENT):
        remarks.add("spans_unknown")
    for side, role in enumerate(Role):
        remarks.update(_voice_remarks(placed, cells, side, role))
    return remarks - {"converted"}


def _voice_remarks(placed: Sequence[_Placed], cells: _Cells, side: int, role: Role) -> set[str]:
    stretches = [stretch for leg in placed if leg.source.leg.role is role for stretch in leg.heard]
    if sum(last - first for first, last in stretches) < 2 * RATE:
        return set()  # too short to judge: nobody must speak within two seconds
    found = set()
    if np.count_nonzero(cells.rms[:, side] > SPEECH_RMS) * CELL < SPOKEN_S * RATE:
        found.add(f"silent_{role}")
    if any(_longest_zero(cells, side, first, last) >= GAP_S * RATE for first, last in stretches):
        found.add(f"gap_{role}")
    return found


def _longest_zero(cells: _Cells, side: int, first: int, last: int) -> int:
    """Samples in the longest run of exact zeros between two samples of the time line."""
    stretch = slice(first // CELL, last // CELL)
    sounding = (cells.low[stretch, side] != 0) | (cells.high[stretch, side] != 0)
    edges = np.flatnonzero(np.concatenate([[True], sounding, [True]]))
    return int(np.diff(edges).max() - 1) * CELL


def _lengths(placed: Sequence[_Placed], starts_at: datetime, ended_at: datetime | None) -> set[str]:
    """Compares the recorded time with the call's own: SPEC C6."""
    remarks = set()
    callers = [leg for leg in placed if leg.source.leg.role is Role.CALLER]
    if callers and ended_at is not None:
        recorded = max(leg.offset + leg.sound.frames for leg in callers)
        should = _at(ended_at, starts_at)
        if recorded < should - SHORT_S * RATE:
            remarks.add("short")
        if recorded > should + SHORT_S * RATE + 0.02 * should:
            remarks.add("long")
    if any(_lacking(agent) > SHORT_S * RATE for agent in _by_channel(placed)):
        remarks.add("short")
    return remarks


def _by_channel(placed: Sequence[_Placed]) -> list[list[_Placed]]:
    agents: dict[str, list[_Placed]] = {}
    for leg in placed:
        if leg.source.leg.role is Role.AGENT:
            agents.setdefault(leg.source.leg.channel, []).append(leg)
    return list(agents.values())


def _lacking(legs: Sequence[_Placed]) -> float:
    """Samples of one agent's finished spans for which that agent's files have no sound."""
    spans = {span for leg in legs for span in leg.source.spans or () if span.left_at is not None}
    should = sum((span.left_at - span.joined_at).total_seconds() for span in spans if span.left_at) * RATE
    return should - sum(last - first for leg in legs for first, last in leg.heard)
