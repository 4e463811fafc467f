"""Gives up root: a process that is started as root becomes an unprivileged account before it opens anything, for nobody needs
root to answer calls.

Everything that we start (PostgreSQL, the switch, the workers) then runs as that account by itself. The instance's files are given
to it at each such start, those too which a command run as root made in between. Where the account cannot walk to what it
needs, we go on as root, and say what to open.
"""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import services
from services.config import Config
from services.hosted.account import Account, NoPlace, can_reach, unprivileged
from services.hosted.leash import lose_root
from services.private import Found, Tally, opener, walk
from services.words import said

_FIRST_OPEN_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_NOTE = "given"  # in the instance's folder: to whom all of it was given, and when
_CLOCKS_NS = 86_400_000_000_000  # a day: a clock that was ahead by less when the note was written hides nothing from us


def lose_it(config: Config, warn: Callable[[str], None]) -> Account | None:
    """Become the account, for good; None if we were not root, or stay root (then ``warn`` has heard why).

    Called while the process has one thread and nothing open but its log.
    """
    if os.geteuid() != 0:
        return None
    try:
        account = unprivileged(config.database.account)
    except NoPlace:
        account = None
    obstacle = said("there is no account tingsu or nobody") if account is None else next(_obstacles(config, account), None)
    if account is None or obstacle:
        warn(said("everything but the database runs as root: {obstacle}", obstacle=obstacle))
        return None
    config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    began, since = time.time_ns(), _given_since(config, account)
    given = [give(folder, account, since) for folder in (config.folder, *_own_elsewhere(config))]
    if left := sum(tally.left for tally in given):
        why = next(tally.why for tally in given if tally.left)
        pattern = "{count} files or folders of the instance could not be given to the account {name}: {why}"
        warn(said(pattern, count=left, name=account.name, why=why))
    # what was unpacked into root's own cache is out of reach
    os.environ["HOME"] = str(config.folder)
    os.environ["XDG_CACHE_HOME"] = str(config.folder / "cache/packages")
    lose_root(account.uid, account.gid)
    if not left:
        _note_given(config, account, began)
    return account


def _obstacles(config: Config, account: Account) -> Iterator[str]:
    walked = (config.folder.parent, Path(sys.executable), Path(services.__file__), config.prompts, config.models)
    for path in (*walked, *_own_elsewhere(config)):
        if not can_reach(account, path.parent) or not (can_reach(account, path) or path.suffix == ".py"):
            yield said("the account {name} cannot reach {path}", name=account.name, path=path)
    for file in (
        config.database.password_file,
        config.asterisk.ami_secret_file,
        config.asterisk.tls_certificate,
        config.asterisk.tls_key,
    ):
        if file and not _can_read(account, config.path(file)):
            yield said("the account {name} cannot read {path}", name=account.name, path=config.path(file))
    ports = [
        config.asterisk.sip_port,
        config.asterisk.ws_port,
        config.asterisk.wss_port,
        config.asterisk.ami_port,
        config.ivr.port,
    ]
    for port in (config.web.port, *(port for port in ports if port)):
        if port < _first_open_port():
            yield said("port {port} is for root alone (sysctl net.ipv4.ip_unprivileged_port_start)", port=port)


def _own_elsewhere(config: Config) -> list[Path]:
    """Folders that we write into, outside of the instance's."""
    named = [config.spool, *([] if "://" in config.store else [Path(config.store)])]
    return [path for path in named if not path.is_relative_to(config.folder)]


def _can_read(account: Account, path: Path) -> bool:
    test = ["/usr/bin/test", "-r", str(path)]
    return subprocess.run(test, user=account.uid, group=account.gid, extra_groups=[], cwd="/", check=False).returncode == 0


def _first_open_port() -> int:
    try:
        return int(_FIRST_OPEN_PORT.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 1024


def give(folder: Path, account: Account, since: int = 0) -> Tally:
    """What root owns below ``folder`` becomes the account's. No link is followed, and a file with a second name is left alone:
    the account could have put one there for a file of root's.

    ``since``: when all was given the last time that it was (ns of the epoch). What lies in a folder that is the account's and has
    had no new name since then is not looked at: with a million recordings that would keep callers waiting for minutes.
    """
    tally = Tally()
    if not folder.exists():
        return tally
    top = folder.resolve()

    def settled(state: os.stat_result) -> bool:
        return state.st_uid == account.uid and state.st_ctime_ns < since

    for found in walk(top, tally.fail, settled=settled):
        try:
            _give(found, account, tally, whoever=found.here is None)
        except OSError as error:
            tally.fail(error)
    return tally


def _give(found: Found, account: Account, tally: Tally, *, whoever: bool) -> None:
    """``whoever``: whose it is does not matter, it is the folder that was configured."""
    if not _is_to_give(found.seen, account, whoever=whoever):
        return
    with found.held() as (name, now):
        if _is_to_give(now, account, whoever=whoever):
            os.chown(name, *account.ids)
            tally.changed += 1


def _is_to_give(state: os.stat_result, account: Account, *, whoever: bool) -> bool:
    if whoever:
        return (state.st_uid, state.st_gid) != account.ids
    return state.st_uid == 0 and (stat.S_ISDIR(state.st_mode) or state.st_nlink == 1)


def _given_since(config: Config, account: Account) -> int:
    """From when on something new may be root's; 0: all of it may. Where the clock was set back the note is worth nothing."""
    try:
        descriptor = os.open(config.folder / _NOTE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, encoding="ascii") as note:
            uid, began = map(int, note.read(100).split())
    except (OSError, ValueError):
        return 0
    return began - _CLOCKS_NS if uid == account.uid and began <= time.time_ns() else 0


def _note_given(config: Config, account: Account, began: int) -> None:
    """By the account, not by root, who writes nothing into somebody else's folder. Without it the next start looks at all."""
    fresh = config.folder / f".{_NOTE}.new"
    with contextlib.suppress(OSError):
        with open(fresh, "w", encoding="ascii", opener=opener) as note:
            note.write(f"{account.uid} {began}\n")
        fresh.replace(config.folder / _NOTE)
