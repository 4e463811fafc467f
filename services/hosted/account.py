"""Chooses the account that a hosted server runs as when we are root, and asks whether that account can reach a folder.

Nothing here changes the permissions of a folder that is not ours: where the way to a folder is closed to the account (an
instance below a home of mode 0700), another place is used, and said.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.errors import WorldFailed
from services.words import said

CANDIDATES = ("tingsu", "nobody")  # never 'postgres': that account owns the machine's other clusters
PLACES = (Path("/var/lib/tingsu"), Path("/var/tmp/tingsu"))  # noqa: S108  # own_folder refuses a stranger's


class NoPlace(WorldFailed):
    """No folder can be used by the unprivileged account."""

    code = "no_place"


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account of this machine."""

    name: str
    uid: int
    gid: int

    @property
    def ids(self) -> tuple[int, int]:
        return self.uid, self.gid


def unprivileged(name: str = "") -> Account | None:
    """The account to drop to: None when we are not root (nothing to drop), else ``name`` or the first candidate there is."""
    if os.geteuid() != 0:
        return None
    for candidate in (name,) if name else CANDIDATES:
        try:
            entry = pwd.getpwnam(candidate)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            break
        return Account(candidate, entry.pw_uid, entry.pw_gid)
    raise NoPlace(
        f"a hosted server cannot run as root, and there is no other account {' or '.join((name,) if name else CANDIDATES)}"
    )


def can_reach(account: Account | None, path: Path) -> bool:
    """True if the account can walk to ``path`` (the nearest part of it that exists). Asked of the kernel, in a child."""
    while not path.exists():
        path = path.parent
    if account is None:
        return os.access(path, os.X_OK)
    test = ["/usr/bin/test", "-x", str(path)]
    return subprocess.run(test, user=account.uid, group=account.gid, extra_groups=[], cwd="/", check=False).returncode == 0


def own_folder(path: Path, account: Account | None) -> Path:
    """Make ``path`` a folder of mode 0700 that belongs to the account; a link or a stranger's folder is refused."""
    for missing in reversed([way for way in path.parents if not way.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
        if account:
            missing.chmod(0o711)  # made as ours alone, and the account has to walk through
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    uid = account.uid if account else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()}:
        raise NoPlace(said("{path} is not a folder of ours", path=path))
    if account and found.st_uid != uid:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)
    return path


def outside_name(folder: Path) -> str:
    """The name that a folder has below ``PLACES``."""
    return f"{folder.name}-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"


def place_for(folder: Path, account: Account | None) -> Path:
    """``folder`` itself where the account can reach it, else a folder of the same name and a hash below ``PLACES``."""
    if account is None or can_reach(account, folder.parent):
        return folder
    for base in PLACES:
        try:
            base.mkdir(parents=True)
            base.chmod(0o755)  # whoever runs a database below it walks through; each database's own folder is 0700
        except FileExistsError:
            pass  # as whoever made it wants it
        except OSError:
            continue
        if base.stat().st_uid == os.geteuid() and can_reach(account, base):
            return base / outside_name(folder)
    places = ", ".join(map(str, (folder, *PLACES)))
    raise NoPlace(said("the account {name} can reach none of these: {places}", name=account.name, places=places))
