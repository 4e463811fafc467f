"""Looks through the folder into which the switch writes leg files: what lies there and what is finished; removes what is
archived.

The folder is shared with another process, therefore nothing in it is believed: only regular files with exact names and a
sane size are looked at; links, pipes and devices are reported and never opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cti.ids import CallId, ChannelId
from recordings.archive import Stored
from recordings.errors import NameRefused, SpoolChanged
from recordings.naming import LegFile, parse

MAX_LEG_BYTES = 2 * 1024**3  # 37 hours of 8 kHz 16 bit: more is no call
QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class SpooledLeg:
    """A leg file as it lay there. ``touched_at`` is the file's own last change, not the time of looking."""

    leg: LegFile
    path: Path
    size: int
    touched_at: datetime


@dataclass(frozen=True, slots=True)
class Stranger:
    """Something in the folder that is no leg file; ``name`` is safe to log (ASCII, cut)."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Spooled:
    """One look into the folder: legs by call, ordered by start, and what was refused."""

    calls: dict[CallId, list[SpooledLeg]] = field(default_factory=dict)
    refused: list[Stranger] = field(default_factory=list)


def look(folder: Path) -> Spooled:
    """List the folder (not its subfolders). OSError if it cannot be read. Quick, but does disk I/O: call it in a thread."""
    spooled = Spooled()
    with os.scandir(folder) as entries:
        for entry in entries:
            _sort_in(entry, spooled)
    for legs in spooled.calls.values():
        legs.sort(key=_by_start)
    return spooled


def _by_start(leg: SpooledLeg) -> tuple[datetime, ChannelId]:
    return leg.leg.started_at, leg.leg.channel


def _sort_in(entry: os.DirEntry[str], spooled: Spooled) -> None:
    if entry.name == QUARANTINE:
        return
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return  # gone between listing and looking
    try:
        leg = _accept(entry.name, status)
    except NameRefused as refused:
        spooled.refused.append(Stranger(ascii(entry.name)[:120], refused.code))
        return
    touched = datetime.fromtimestamp(status.st_mtime, UTC)
    spooled.calls.setdefault(leg.call, []).append(SpooledLeg(leg, Path(entry.path), status.st_size, touched))


def _accept(name: str, status: os.stat_result) -> LegFile:
    if not stat.S_ISREG(status.st_mode):
        raise NameRefused("not_a_regular_file")
    leg = parse(name)
    if status.st_size > MAX_LEG_BYTES:
        raise NameRefused("too_big")
    return leg


def colleagues(spooled: Spooled) -> list[ChannelId]:
    """Channels of legs that a colleague rang."""
    return [leg.leg.channel for legs in spooled.calls.values() for leg in legs if leg.leg.colleague]


def handed_over(spooled: Spooled, calls: Mapping[ChannelId, CallId]) -> Spooled:
    """The same look, but each colleague's leg in ``calls`` stands with the caller to whom it was handed after a consultation."""
    homes: dict[CallId, list[SpooledLeg]] = {}
    for call, legs in spooled.calls.items():
        for leg in legs:
            home = calls.get(leg.leg.channel, call) if leg.leg.colleague else call
            homes.setdefault(home, []).append(leg)
    for legs in homes.values():
        legs.sort(key=_by_start)
    return Spooled(homes, spooled.refused)


def is_finished(legs: Iterable[SpooledLeg], *, now: datetime, untouched: timedelta) -> bool:
    """True when every leg has ended. The switch says nothing when it closes a file, but it touches a file that it writes all
    the time.
    """
    return all(now - leg.touched_at >= untouched for leg in legs)


def orphans(
    spooled: Spooled, known: Callable[[CallId], bool], *, now: datetime, age: timedelta = timedelta(minutes=5)
) -> list[CallId]:
    """Calls whose sound lies here although nobody knows them, untouched for ``age`` (SPEC C6)."""
    return [call for call, legs in spooled.calls.items() if not known(call) and all(now - leg.touched_at >= age for leg in legs)]


def remove(legs: Sequence[SpooledLeg], archived: Stored) -> None:
    """Remove the leg files of a call that ``archived`` proves to be durable. Repeatable: a missing file is fine.

    SpoolChanged, and nothing is removed, if any file has changed since it was looked at: its sound is not in the archive.
    """
    assert archived.durable
    discard(legs)


def discard(legs: Sequence[SpooledLeg]) -> None:
    """Remove leg files that nobody is to keep (talk between colleagues that never met a caller). SpoolChanged as above."""
    for leg in legs:
        _must_be_unchanged(leg)
    for leg in legs:
        leg.path.unlink(missing_ok=True)


def _must_be_unchanged(leg: SpooledLeg) -> None:
    try:
        status = leg.path.lstat()
    except FileNotFoundError:
        return
    if (status.st_size, datetime.fromtimestamp(status.st_mtime, UTC)) != (leg.size, leg.touched_at):
        raise SpoolChanged("leg_changed", leg.leg.channel)


def quarantine(leg: SpooledLeg) -> Path:
    """Move a leg that cannot be decoded into the ``quarantine`` folder beside it, for a person to look at. Never deleted here."""
    folder = leg.path.parent / QUARANTINE
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / leg.path.name
    leg.path.rename(target)
    return target
