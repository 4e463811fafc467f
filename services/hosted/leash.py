"""Runs a program on a leash: the program loses root first, and cannot outlive the process that started it.

Executed as a script (``python -I leash.py``), so it imports nothing of ours. The order matters: the kernel forgets the
parent-death signal whenever the user id changes, so the signal is asked for last; and a parent that died in between is
noticed by comparing the parent's id. The kernel ties the signal to the *thread* that forked: start leashed programs from
the main thread.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def lose_root(uid: int, gid: int) -> None:
    """Become uid:gid for good, without supplementary groups."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def die_with_parent(parent: int, signal_number: int) -> None:
    """Ask the kernel for ``signal_number`` when the parent dies; leave at once if it is dead already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(0)


def command_line(command: list[str], *, signal_number: int, account: tuple[int, int] | None = None) -> list[str]:
    """The command that runs ``command`` on a leash held by the calling process; ``account`` is (uid, gid) or None to stay."""
    uid, gid = account or (-1, -1)
    leash = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(uid), str(gid), str(int(signal_number))]
    return [*leash, *command]


def _main(arguments: list[str]) -> None:
    parent, uid, gid, signal_number, *command = arguments
    if int(uid) >= 0:
        lose_root(int(uid), int(gid))
    die_with_parent(int(parent), int(signal_number))
    os.execvp(command[0], command)  # noqa: S606  # no shell is the point


if __name__ == "__main__":
    _main(sys.argv[1:])
