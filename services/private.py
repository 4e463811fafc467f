"""Closes files and folders that hold what people said and did to everybody but their owner, also those that an earlier version
left open.

What is made is closed from its first moment on (the process's umask). What was open before is closed at each start: the
instance's folder at once (``shut``), after which nobody else reaches anything in it, and all below, which may be millions of
files, bit by bit while callers are served (``tighten_gently``). What cannot be closed stops no start: it is counted and logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import structlog

SLICE = 200  # files and folders looked at in one go: a few milliseconds of a thread that takes turns with the event loop
PAUSE_S = 0.01  # after each: a million recordings take minutes, and no pop waits for them

log = structlog.get_logger(__name__)


def opener(path: str, flags: int) -> int:
    """For ``open(…, opener=opener)``: what is made is of mode 0600, whatever the umask of who started us."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


@dataclass(slots=True)
class Tally:
    """How many were changed, how many could not be, and the last reason why not."""

    changed: int = 0
    left: int = 0
    why: str = ""

    def fail(self, error: OSError) -> None:
        """Count a failure. A file that is gone is none: a switch that goes on takes its files away as it needs."""
        if not isinstance(error, FileNotFoundError):
            self.leave(os.strerror(error.errno or 0))

    def leave(self, why: str) -> None:
        self.left += 1
        self.why = why


class Found(NamedTuple):
    """Something on a walk: its name in the folder that ``here`` is open on (None: the top), and its state when it was seen."""

    path: str
    name: str
    here: int | None
    seen: os.stat_result

    @contextlib.contextmanager
    def held(self) -> Iterator[tuple[str, os.stat_result]]:
        """The very thing and its state now, under a name that stays its own: whoever may write in the folder could put a link to
        somebody else's file in its place between the look and the change."""
        descriptor = os.open(self.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.here)
        try:
            yield f"/proc/self/fd/{descriptor}", os.fstat(descriptor)
        finally:
            os.close(descriptor)


def walk(
    top: Path,
    failed: Callable[[OSError], None],
    *,
    enter: Callable[[str], bool] = lambda path: True,
    settled: Callable[[os.stat_result], bool] = lambda folder: False,
) -> Iterator[Found]:
    """The folder, then all in it; no link is followed.

    ``enter``: whether a folder is walked into. ``settled``: whether only the folders in a folder are wanted, which costs a list
    of its names instead of a look at each file.
    """
    try:
        yield Found(str(top), str(top), None, top.lstat())
        for where, folders, files, here in os.fwalk(top, onerror=failed) if enter(str(top)) else ():
            for name in folders if settled(os.fstat(here)) else (*folders, *files):
                path = f"{where}/{name}"
                try:
                    yield Found(path, name, here, os.stat(name, dir_fd=here, follow_symlinks=False))
                except OSError as error:
                    failed(error)
            folders[:] = [name for name in folders if enter(f"{where}/{name}")]
    except OSError as error:  # the top itself, or a disk that cannot be read
        failed(error)


def tighten(folder: Path, let_in: Collection[Path] = ()) -> Tally:
    """Take everybody else's rights from a folder and all in it. Links and other accounts' files are let be.

    ``let_in``: what another account works in. All below it is let be, and the folders on the way may still be walked through.
    """
    tally = Tally()
    for _ in _closing(folder, let_in, tally):
        pass
    return tally


def shut(folder: Path, let_in: Collection[Path] = ()) -> Tally:
    """The quick half of `tighten`: the folder alone, and what lies directly in those that others must go on walking through.

    Nobody reaches what is deeper than that any more, whatever its own rights.
    """
    tally = Tally()
    for _ in _closing(folder, let_in, tally, deep=False):
        pass
    return tally


async def tighten_gently(folder: Path, let_in: Collection[Path] = ()) -> None:
    """`tighten`, bit by bit beside everything else; the result is logged."""
    tally = Tally()
    steps = _closing(folder, let_in, tally)
    more = True
    while more:
        more = await asyncio.to_thread(_some, steps)
        await asyncio.sleep(PAUSE_S)
    tell(tally)


def tell(tally: Tally) -> None:
    """Log the tally, if there is anything to say."""
    if tally.changed:
        log.info("instance.closed", count=tally.changed)
    if tally.left:
        log.warning("instance.left_open", count=tally.left, why=tally.why)


def _some(steps: Iterator[None]) -> bool:
    """Whether there may be more."""
    return sum(1 for _ in islice(steps, SLICE)) == SLICE


def _closing(folder: Path, let_in: Collection[Path], tally: Tally, *, deep: bool = True) -> Iterator[None]:
    """A step for each thing that was looked at."""
    top = folder.resolve()  # it may be a link of the operator's to another disk
    guests = {str(top / guest.relative_to(folder)) for guest in let_in if guest.is_relative_to(folder)}
    ways = {str(way) for guest in guests for way in Path(guest).parents}

    def enter(path: str) -> bool:
        return path not in guests if deep else path in ways

    for found in walk(top, tally.fail, enter=enter):
        if found.path not in guests:
            try:
                _close(found, 0o711 if found.path in ways else 0o700, tally)
            except OSError as error:
                tally.fail(error)
        yield


def _close(found: Found, kept: int, tally: Tally) -> None:
    if not _is_open(found.seen, kept):
        return
    with found.held() as (name, now):
        if not _is_open(now, kept):
            return
        if now.st_uid != os.geteuid():
            tally.leave("it belongs to another account")
            return
        os.chmod(name, stat.S_IMODE(now.st_mode) & kept)
        tally.changed += 1


def _is_open(state: os.stat_result, kept: int) -> bool:
    """Whether it has rights beyond those kept; a link has none of its own."""
    return not stat.S_ISLNK(state.st_mode) and bool(state.st_mode & 0o777 & ~kept)
