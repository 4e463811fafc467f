"""Packages into a private folder: with a real dpkg-deb, and an apt-get of the test's own in the real one's place."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from services.hosted.debian import PackageSource, PackagesUnavailable, Unpacked, unpacked

APT = """#!/bin/sh
echo "$@" >> {log}
case "$*" in
  *indextargets*--no-release-info*) {unlabelled} ;;
  *indextargets*) {labelled} ;;
  *update*) {update} ;;
  *install*) {install} ;;
esac
"""
DELIVER = 'cp {deb} "$(dirname "$APT_CONFIG")/archives/"; echo "dlstatus:1:50.0:fetching"; sleep {pause}'


class Bench:
    """A folder with programs that stand in for the machine's."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.log, self.cache = folder, folder / "apt.log", folder / "cache"
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.said: list[tuple[str, float | None]] = []
        self.source = PackageSource(mirror="file:/mirror", keyring=Path("/usr/share/keyrings/none.gpg"))
        monkeypatch.setenv("PATH", f"{self.bin}:/usr/bin:/bin")
        self.deb = self._package()

    def _package(self) -> Path:
        root = self.folder / "package"
        (root / "DEBIAN").mkdir(parents=True)
        (root / "DEBIAN/control").write_text(
            "Package: thing\nVersion: 1\nArchitecture: all\nMaintainer: t <t@t>\nDescription: t\n"
        )
        (root / "usr/lib").mkdir(parents=True)
        (root / "usr/lib/thing").write_text("the thing")
        (root / "usr/lib/ballast").write_text("x" * 1000)
        deb = self.folder / "thing_1_all.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(root), str(deb)], check=True, capture_output=True)
        return deb

    def apt(self, *, update: str = ":", install: str | None = None, pause: float = 0.0, labelled: str = ":") -> None:
        deliver = DELIVER.format(deb=self.deb, pause=pause) if install is None else install
        script = self.bin / "apt-get"
        script.write_text(APT.format(log=self.log, update=update, install=deliver, labelled=labelled, unlabelled=UNLABELLED))
        script.chmod(0o755)

    async def fetch(self, **changes: PackageSource) -> Unpacked:
        return await unpacked(
            ("thing",),
            kept=("usr/lib/thing",),
            source=changes.get("source", self.source),
            cache=self.cache,
            slim=keep_the_thing,
            progress=lambda text, share: self.said.append((text, share)),
        )

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


def keep_the_thing(full: Unpacked, target: Path) -> None:
    (target / "usr/lib").mkdir(parents=True)
    shutil.copy(full.prefix / "usr/lib/thing", target / "usr/lib/thing")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb on this machine")
    bench = Bench(tmp_path, monkeypatch)
    bench.apt()
    return bench


async def test_only_what_is_kept_lies_in_the_cache_and_nothing_beside_it(bench: Bench) -> None:
    prefix = (await bench.fetch()).prefix
    assert (prefix / "usr/lib/thing").read_text() == "the thing"
    assert not (prefix / "usr/lib/ballast").exists()
    assert {path.name.partition(".")[2] for path in bench.cache.iterdir()} == {"", "lock"}


async def test_the_second_time_nothing_is_asked_of_anybody(bench: Bench) -> None:
    first = await bench.fetch()
    asked = bench.asked()
    bench.said.clear()
    assert await bench.fetch() == first
    assert bench.asked() == asked
    assert bench.said == []


async def test_two_at_once_fetch_once(bench: Bench) -> None:
    bench.apt(pause=0.5)
    both = await asyncio.gather(bench.fetch(), bench.fetch())
    assert both[0] == both[1]
    assert sum("install" in line for line in bench.asked()) == 1
    assert any("waiting" in text for text, _ in bench.said)


async def test_another_list_of_what_is_kept_is_another_folder(bench: Bench) -> None:
    first = await bench.fetch()
    other = await unpacked(
        ("thing",), kept=("more",), source=bench.source, cache=bench.cache, slim=keep_the_thing, progress=lambda *_: None
    )
    assert other.prefix != first.prefix


async def test_what_is_done_is_told_with_its_share(bench: Bench) -> None:
    await bench.fetch()
    assert ("fetching thing", 0.5) in bench.said
    assert ("unpacking thing", 0.0) in bench.said


@pytest.mark.parametrize(
    ("update", "says"),
    [
        ("echo 'E: The repository file:/mirror forky Release is not signed.' >&2; exit 100", "signature"),
        ("echo 'W: GPG error: NO_PUBKEY 1234' >&2; exit 100", "signature"),
        ("echo 'E: Release file for x is expired (invalid since 18d 23h).' >&2; exit 100", "past its own date"),
        ("echo \"E: Failed to fetch file:/x Temporary failure resolving 'mirror'\" >&2; exit 100", "could not be reached"),
        ("echo 'Err:1 Could not connect to mirror:80' >&2; exit 100", "could not be reached"),
        ("echo 'E: dpkg was interrupted' >&2; exit 100", "could not deliver"),
    ],
)
async def test_a_failure_says_what_to_do_and_leaves_no_half_result(bench: Bench, update: str, says: str) -> None:
    bench.apt(update=update)
    with pytest.raises(PackagesUnavailable, match=says):
        await bench.fetch()
    assert not [path for path in bench.cache.iterdir() if "." not in path.name]


async def test_what_an_interrupted_fetch_left_is_used_by_the_next(bench: Bench) -> None:
    bench.apt(install='touch "$(dirname "$APT_CONFIG")/lists/partial/half"; exit 100')
    with pytest.raises(PackagesUnavailable):
        await bench.fetch()
    found = bench.folder / "found"
    bench.apt(install=f'ls "$(dirname "$APT_CONFIG")/lists/partial" > {found}; ' + DELIVER.format(deb=bench.deb, pause=0))
    await bench.fetch()
    assert found.read_text().split() == ["half"]


async def test_without_apt_it_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.bin / "apt-get").unlink()
    monkeypatch.setenv("PATH", str(bench.bin))
    with pytest.raises(PackagesUnavailable, match="apt-get is not on this machine"):
        await bench.fetch()


@pytest.mark.parametrize("mirror", ["file:/m [trusted=yes]", "file:/m\ndeb file:/evil", "a b"])
async def test_a_mirror_that_would_break_the_source_line_is_refused(bench: Bench, mirror: str) -> None:
    with pytest.raises(PackagesUnavailable, match="not fit"):
        await bench.fetch(source=PackageSource(mirror=mirror, keyring=Path("/k")))


async def test_signatures_are_checked_against_the_named_keyring_alone(bench: Bench) -> None:
    bench.apt(update=f'cp "$(dirname "$APT_CONFIG")/etc/sources.list" {bench.folder}/line')
    await bench.fetch()
    line = (bench.folder / "line").read_text()
    assert line == "deb [signed-by=/usr/share/keyrings/none.gpg] file:/mirror forky main\n"


OS_RELEASE = Path("/etc/os-release").read_text(encoding="utf-8") if Path("/etc/os-release").exists() else ""
CODENAME = next((line.partition("=")[2].strip('"') for line in OS_RELEASE.splitlines() if "VERSION_CODENAME=" in line), "")


UNLABELLED = f"printf '$(LABEL)\\t{CODENAME}-security\\tfile:/security\\n$(LABEL)\\t{CODENAME}\\tfile:/mirror\\n'"


@pytest.mark.skipif("ID=debian" not in OS_RELEASE.splitlines(), reason="the machine's own mirror is looked for on Debian")
@pytest.mark.parametrize(
    "labelled",
    [f"printf 'Debian-Security\\t{CODENAME}\\tfile:/security\\nDebian\\t{CODENAME}\\tfile:/mirror\\n'", ":"],
    ids=["after an update", "before the first update"],
)
async def test_the_machines_own_mirror_is_used(bench: Bench, labelled: str) -> None:
    bench.apt(labelled=labelled, update=f'cp "$(dirname "$APT_CONFIG")/etc/sources.list" {bench.folder}/line')
    await bench.fetch(source=PackageSource(suite="forky", keyring=Path("/k")))
    assert (bench.folder / "line").read_text() == "deb [signed-by=/k] file:/mirror forky main\n"


def machine(prefix: Path) -> Path:
    """A prefix with this machine's own loader in it; the folder of its libraries."""
    libraries = prefix / "usr/lib/x86_64-linux-gnu"
    libraries.mkdir(parents=True)
    loader = next(Path("/lib").glob("*-linux-gnu*/ld-linux*.so.*"))
    shutil.copy(loader, libraries / loader.name)
    return libraries


def test_a_library_in_a_folder_of_its_own_package_is_found(tmp_path: Path) -> None:
    libraries = machine(tmp_path)
    (libraries / "pulseaudio").mkdir()
    (libraries / "pulseaudio/libpulsecommon-16.1.so").touch()
    (libraries / "espeak-ng-data").mkdir()
    (libraries / "espeak-ng-data/phondata").touch()
    assert Unpacked(tmp_path).libraries() == (libraries, tmp_path / "usr/lib", libraries / "pulseaudio")


def test_a_program_whose_libraries_are_not_all_there_is_refused_while_it_is_unpacked(tmp_path: Path) -> None:
    machine(tmp_path)
    (tmp_path / "program").write_text("no program at all")
    with pytest.raises(PackagesUnavailable, match="everything they need"):
        Unpacked(tmp_path).shared_objects([tmp_path / "program"])
