"""Finds the program that speaks the prompts: the machine's own, else one unpacked from the distribution's packages (no root
needed).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from ivr.speech import Espeak
from services.hosted.debian import PackageSource, PackagesUnavailable, Progress, Unpacked, unpacked
from services.words import said

PROGRAM = "espeak-ng"
KEPT = ("usr/bin/espeak-ng", "usr/lib/*/espeak-ng-data")
_OS_RELEASE = Path("/etc/os-release")


async def find_speaker(program: str, *, source: PackageSource, cache: Path, progress: Progress) -> Espeak:
    """``program`` if it is on PATH (or a path), else espeak-ng from packages. Raises PackagesUnavailable."""
    if found := shutil.which(program):
        return Espeak(found)
    if program != PROGRAM:
        raise PackagesUnavailable(said("{program} is not on this machine", program=program))
    # Of the machine's own release: its program runs with the machine's own loader and C library.
    own = replace(source, suite=_codename() or source.suite)
    prefix = await unpacked((PROGRAM,), kept=KEPT, source=own, cache=cache, slim=_slim, progress=progress)
    data = next(prefix.prefix.glob(KEPT[1]))
    libraries = os.pathsep.join(str(folder) for folder in prefix.libraries())
    return Espeak(str(prefix.prefix / KEPT[0]), {"LD_LIBRARY_PATH": libraries}, data)


def _codename() -> str:
    lines = _OS_RELEASE.read_text().splitlines() if _OS_RELEASE.exists() else []
    names = (line.partition("=")[2].strip('"') for line in lines if line.startswith("VERSION_CODENAME="))
    return next(names, "")


def _slim(full: Unpacked, target: Path) -> None:
    """The program, its voices, and the libraries it needs apart from the C library, which must be the machine's own."""
    program = full.prefix / KEPT[0]
    if not program.exists():
        raise PackagesUnavailable(said("the espeak-ng package holds no program"))
    own = ("libc.so", "libm.so", "libpthread.so", "ld-linux", "libdl.so", "librt.so")
    libraries = [path for path in full.shared_objects((program,)) if not path.name.startswith(own)]
    _copy([program, *libraries], full.prefix, target, shutil.copy2)
    _copy(full.prefix.glob(KEPT[1]), full.prefix, target, shutil.copytree)


def _copy(paths: Iterable[Path], prefix: Path, target: Path, copy: Callable[[Path, Path], object]) -> None:
    for path in paths:
        place = target / path.relative_to(prefix)
        place.parent.mkdir(parents=True, exist_ok=True)
        copy(path, place)
