"""Installs by apt what the tests need of the system and is not there: ``python -m tests.harness.system_packages [bench]``.

Root or sudo is needed only if something is missing.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

TEST_PROGRAMS = {"chromium": "chromium", "sipp": "sip-tester", "espeak-ng": "espeak-ng"}
"""Program to Debian package."""
BENCH_PROGRAMS = {"ffmpeg": "ffmpeg"}
"""The peers' own needs (vosk-transcriber calls ffmpeg)."""


LIBRARIES = {"libatomic.so.1": "libatomic1"}
"""Library to Debian package: what Playwright's own Node.js is linked with and a bare machine lacks."""


def missing(programs: dict[str, str]) -> list[str]:
    """The packages of those programs and libraries that are not there, and a font for Chinese if there is none."""
    packages = [package for program, package in programs.items() if shutil.which(program) is None]
    packages += [package for library, package in LIBRARIES.items() if not _is_there(library)]
    if "chromium" in programs and not _has_chinese_font():
        packages.append("fonts-noto-cjk")
    return packages


def _is_there(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _has_chinese_font() -> bool:
    if shutil.which("fc-list") is None:
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False).stdout.strip())


def install(packages: list[str]) -> None:
    """apt-get install, with sudo when not root.

    Raises:
        SystemExit: neither root nor sudo, or apt failed; the message names the packages.
    """
    words = " ".join(packages)
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    if sudo and shutil.which("sudo") is None:
        raise SystemExit(f"The tests need these system packages, and neither root nor sudo is at hand: {words}")
    print(f"==> Installing system packages: {words}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-q", "update"], ["apt-get", "-q", "-y", "--no-install-recommends", "install", *packages]):
        if subprocess.run([*sudo, *command], env=environment, stdout=subprocess.DEVNULL, check=False).returncode:
            raise SystemExit(f"{' '.join(command)} failed; the tests need: {words}")


def main() -> None:
    """Install what is missing; says nothing when all is there."""
    programs = TEST_PROGRAMS | (BENCH_PROGRAMS if "bench" in sys.argv[1:] else {})
    if packages := missing(programs):
        install(packages)


if __name__ == "__main__":
    main()
