"""Nobody needs root to answer calls: started as root, the whole process becomes an unprivileged account before it opens anything.

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
from collections.abc import Callable, Iterator
from pathlib import Path

import services
from services.config import Config
from services.hosted.account import Account, NoPlace, can_reach, unprivileged
from services.hosted.leash import lose_root
from services.words import said

_FIRST_OPEN_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


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
    for folder in (config.folder, *_own_elsewhere(config)):
        give(folder, account)
    # what was unpacked into root's own cache is out of reach
    os.environ["HOME"] = str(config.folder)
    os.environ["XDG_CACHE_HOME"] = str(config.folder / "cache/packages")
    lose_root(account.uid, account.gid)
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


def give(folder: Path, account: Account) -> None:
    """What root owns below ``folder`` becomes the account's. No link is followed, and a file with a second name is left alone:
    the account could have put one there for a file of root's.
    """
    if not folder.exists():
        return
    os.chown(folder, *account.ids, follow_symlinks=False)
    for _, folders, files, here in os.fwalk(folder, follow_symlinks=False):
        for name in (*folders, *files):
            with contextlib.suppress(FileNotFoundError):  # the switch of before goes on, and takes its files away as it needs
                found = os.stat(name, dir_fd=here, follow_symlinks=False)
                if found.st_uid == 0 and (stat.S_ISDIR(found.st_mode) or found.st_nlink == 1):
                    os.chown(name, *account.ids, dir_fd=here, follow_symlinks=False)
