"""Marks the instance folder for as long as the instance runs, with its ports, so that `check-config` knows its own instance.

The lock on the file says whether that process lives, not the file itself. One that was killed leaves its mark without the lock:
its switch may go on (SPEC C10) and holds the switch's ports for the next start, which adopts it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping

from services.config import Config
from services.errors import WorldFailed
from services.words import said

NAME = "running.json"
WEB = "[web] port"


class AlreadyRunning(WorldFailed):
    """This instance is being served by another process; the message says where to log in."""

    code = "already_running"


def ports_of(config: Config) -> dict[str, int]:
    """``[section] key`` to every port an instance of this configuration listens on."""
    ports = {WEB: config.web.port, "[ivr] port": config.ivr.port}
    return ports | (switch_ports(config) if config.asterisk.managed else {})


def switch_ports(config: Config) -> dict[str, int]:
    asterisk = config.asterisk
    ports = {"[asterisk] ami_port": asterisk.ami_port, "[asterisk] sip_port": asterisk.sip_port}
    ports["[asterisk] ws_port"] = asterisk.ws_port
    return ports | ({"[asterisk] wss_port": asterisk.wss_port} if asterisk.wss_port else {})


@contextlib.contextmanager
def marked(config: Config) -> Iterator[None]:
    """Run with the mark. The mark does not decide whether two may run at once."""
    path = config.folder / NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if not _locked(descriptor, fcntl.LOCK_EX):
            yield
            return
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(ports_of(config)).encode(), 0)
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def refuse_second(config: Config) -> None:
    """Raises AlreadyRunning, before any port is asked for: whoever starts twice wants the desk, not the name of a setting."""
    port = own_ports(config).get(WEB)
    if port is not None:
        raise AlreadyRunning(said("Tingsu is running already: log in at {url}", url=config.web.address(port)))


def own_ports(config: Config) -> Mapping[str, int]:
    """The ports that an instance in this folder holds now."""
    try:
        descriptor = os.open(config.folder / NAME, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return {}
    try:
        alive = not _locked(descriptor, fcntl.LOCK_SH)
        ports: dict[str, int] = json.loads(os.pread(descriptor, 4_096, 0) or b"{}")
        return ports if alive else {where: port for where, port in ports.items() if where.startswith("[asterisk]")}
    except (OSError, ValueError):
        return {}
    finally:
        os.close(descriptor)


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
