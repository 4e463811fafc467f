"""Finds an Asterisk that can be run: the machine's own, else one unpacked from the distribution's packages into a private
folder (no root).
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ivr.asterisk import MODULES, SwitchProgram
from services.hosted.debian import PackageSource, PackagesUnavailable, Progress, Unpacked, unpacked
from services.words import said

OLDEST = (20, 0, 0)
"""The oldest Asterisk that has what we use."""

_CODEC_CHANGE_MENDED = {20: (20, 21, 0), 22: (22, 11, 0), 23: (23, 5, 0)}
"""The first of each line with asterisk#2070; what comes after 23 has it from the start, what came between never got it."""

_VERSION = re.compile(r"Asterisk (?:certified[/-])?(\d+)\.(\d+)(?:\.(\d+))?")
_ESSENTIAL = (
    "app_queue.so",
    "app_mixmonitor.so",
    "chan_pjsip.so",
    "res_agi.so",
    "res_pjsip_transport_websocket.so",
    "res_srtp.so",
)
_OPENED = ("libsoftokn3.*", "libfreebl3.*", "libfreeblpriv3.*", "libgcc_s.so.1")
"""Libraries that are opened by name at run time, so that nothing that is linked names them: NSS's own parts, with which Debian's
libsrtp enciphers (without them no browser's sound), and what the end of a thread needs."""
_ANSWER_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskProgram:
    """A runnable Asterisk. ``command`` is the start of its command line; ``origin`` says where it comes from, for people."""

    command: tuple[str, ...]
    switch: SwitchProgram
    origin: str


async def find_program(*, source: PackageSource, cache: Path, progress: Progress) -> AsteriskProgram:
    """An installed Asterisk of version 20 or newer, else the distribution's packages in a private folder below ``cache``.

    Raises `PackagesUnavailable`.
    """
    installed = await asyncio.to_thread(installed_program)
    if installed is not None:
        return installed
    prefix = await unpacked(("asterisk",), kept=MODULES, source=source, cache=cache, slim=_slim, progress=progress)
    return await asyncio.to_thread(_unpacked_program, prefix)


def known_faults(version: tuple[int, int, int]) -> list[str]:
    """What is wrong with this Asterisk that touches calls, as sentences for the operator."""
    mended = _CODEC_CHANGE_MENDED.get(version[0])
    if version[0] > max(_CODEC_CHANGE_MENDED) or (mended and version >= mended):
        return []
    name, first = ".".join(map(str, version)), ".".join(map(str, mended or _CODEC_CHANGE_MENDED[22]))
    fault = "Asterisk {name} can end a call whose other side changes its codec, as a-law to u-law (asterisk#2059); {first} cannot"
    return [said(fault, name=name, first=first)]


def version_in(text: str) -> tuple[int, int, int] | None:
    """``22.10.1`` of ``22.10.1~dfsg+~cs6``; None where there is none."""
    found = re.match(r"(?:certified[/-])?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def installed_program() -> AsteriskProgram | None:
    """The machine's own Asterisk, if it is new enough and has the modules we need."""
    path = shutil.which("asterisk", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    version = _version_of((path,)) if path else None
    if path is None or version is None or version < OLDEST:
        return None
    modules = _first(Path("/"), ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "usr/local/lib/asterisk/modules"))
    share = _first(Path("/"), ("usr/share/asterisk", "var/lib/asterisk", "usr/local/share/asterisk"))
    if modules is None or share is None or any(not (modules / name).exists() for name in _ESSENTIAL):
        return None
    return AsteriskProgram(
        command=(path,),
        switch=SwitchProgram(modules=modules, share=share, version=version),
        origin=said("installed, {path}", path=path),
    )


def _unpacked_program(unpacked_prefix: Unpacked) -> AsteriskProgram:
    prefix = unpacked_prefix.prefix
    command = unpacked_prefix.command(prefix / "usr/sbin/asterisk")
    modules = _first(prefix, ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules"))
    version = _version_of(command)
    if modules is None or version is None:
        raise PackagesUnavailable(said("the unpacked Asterisk in {place} does not run on this machine", place=prefix))
    if version < OLDEST:
        found = f"{version[0]}.{version[1]}"
        raise PackagesUnavailable(said("this distribution's Asterisk is {found}; 20 or newer is needed", found=found))
    share = prefix / "usr/share/asterisk"
    return AsteriskProgram(
        command=command,
        switch=SwitchProgram(modules=modules, share=share, version=version),
        origin=said("packages in {place}", place=prefix),
    )


def _version_of(command: tuple[str, ...]) -> tuple[int, int, int] | None:
    try:
        told = subprocess.run([*command, "-V"], capture_output=True, text=True, timeout=_ANSWER_LIMIT_S, check=False).stdout
    except OSError:
        return None
    found = _VERSION.search(told)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def _first(root: Path, patterns: Iterable[str]) -> Path | None:
    return next((path for pattern in patterns for path in sorted(root.glob(pattern)) if path.is_dir()), None)


def _slim(full: Unpacked, target: Path) -> None:
    """Asterisk, the modules we load, the libraries these reach, its own description of its options, and a few sounds."""
    prefix = full.prefix
    modules = _first(prefix, ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules"))
    if modules is None:
        raise PackagesUnavailable(said("the packages hold no Asterisk modules"))
    program = prefix / "usr/sbin/asterisk"
    loaded = [modules / name for name in MODULES if (modules / name).exists()]
    opened = [path for folder in full.libraries() for name in _OPENED for path in folder.glob(name)]
    linked = (program, *loaded, *(path for path in opened if ".so" in path.name))
    kept = {full.loader(), *linked, *opened, *full.shared_objects(linked)}
    kept.update(prefix.glob("usr/share/asterisk/documentation/*"))
    kept.update(
        path
        for name in ("beep", "beeperr", "pbx-transfer", "pbx-invalid")
        for path in prefix.glob(f"usr/share/asterisk/sounds/*/{name}.*")
    )
    for path in kept:
        if path.is_dir():
            continue
        copy = target / path.relative_to(prefix)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    sounds = target / "usr/share/asterisk/sounds"
    for spoken in sorted(sounds.glob("en_*")):
        if not (sounds / "en").exists():  # a link the package makes when it is installed
            (sounds / "en").symlink_to(spoken.name)
