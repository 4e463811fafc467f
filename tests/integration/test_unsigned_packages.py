"""A Debian mirror without a signature, asked by the real apt: refused on every machine, also on one that lets such through."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from services.hosted.debian import PackageSource, PackagesUnavailable, Unpacked, unpacked

LENIENT = """
APT::Get::AllowUnauthenticated "true";
Acquire::AllowInsecureRepositories "true";
Acquire::AllowWeakRepositories "true";
Acquire::AllowDowngradeToInsecureRepositories "true";
"""
CONTROL = """Package: thing
Version: 1
Architecture: all
Maintainer: t <t@t>
Description: t
"""
REAL = shutil.which("apt-get")

pytestmark = pytest.mark.skipif(REAL is None, reason="no apt on this machine")


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """One package in a suite whose Release nobody signed."""
    root = tmp_path / "mirror"
    (root / "pool").mkdir(parents=True)
    (tmp_path / "package/DEBIAN").mkdir(parents=True)
    (tmp_path / "package/DEBIAN/control").write_text(CONTROL)
    deb = root / "pool/thing_1_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tmp_path / "package", deb], check=True, capture_output=True)
    machine = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
    lists = root / "dists/forky/main" / f"binary-{machine}"
    lists.mkdir(parents=True)
    place = f"Filename: pool/{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {sha256(deb)}\n"
    (lists / "Packages").write_text(CONTROL + place)
    listed = f" {sha256(lists / 'Packages')} {(lists / 'Packages').stat().st_size} main/binary-{machine}/Packages\n"
    release = f"Origin: t\nSuite: forky\nCodename: forky\nArchitectures: {machine}\nComponents: main\nSHA256:\n"
    (root / "dists/forky/Release").write_text(release + listed)
    return root


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def lenient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's apt, its own settings in place of those in /etc/apt: they are read after what APT_CONFIG names, and win."""
    own, programs = tmp_path / "own.conf.d", tmp_path / "bin"
    own.mkdir()
    programs.mkdir()
    (own / "lenient").write_text(LENIENT)
    script = f'#!/bin/sh\n[ -z "$APT_CONFIG" ] || echo \'Dir::Etc::parts "{own}";\' >> "$APT_CONFIG"\nexec {REAL} "$@"\n'
    (programs / "apt-get").write_text(script)
    (programs / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")


def keep(full: Unpacked, target: Path) -> None:
    shutil.copytree(full.prefix, target, dirs_exist_ok=True)


@pytest.mark.usefixtures("lenient")
async def test_an_unsigned_mirror_is_refused_where_the_machine_lets_it_through(mirror: Path, tmp_path: Path) -> None:
    keyring = tmp_path / "none.gpg"
    keyring.touch()
    source = PackageSource(mirror=f"file:{mirror}", keyring=keyring)
    with pytest.raises(PackagesUnavailable, match=r"signature does not fit"):
        await unpacked(("thing",), kept=("thing",), source=source, cache=tmp_path / "cache", slim=keep, progress=lambda *_: None)
    assert not [path for path in (tmp_path / "cache").iterdir() if "." not in path.name]
