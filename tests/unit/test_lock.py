"""What the set-up installs is written down: each package in one version with its hashes, and no place to fetch it from."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNS, CHECKS, BUILDS = FILES = ("requirements.txt", "requirements-dev.txt", "requirements-build.txt")
TO_RUN, TO_CHECK = ("embedded", "asr", "desk"), ("dev",)
"""The extras that `make run` installs, and what `make test` adds."""

MACHINES = [
    {"python_version": python, "python_full_version": f"{python}.0", "platform_machine": machine, "sys_platform": "linux"}
    for python, machine in product(("3.11", "3.12", "3.13"), ("x86_64", "aarch64"))
]
PINNED = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^-]+?))?\s*(?= --|$)")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Locked:
    version: str
    marker: Marker | None

    def is_for(self, machine: dict[str, str]) -> bool:
        return self.marker is None or self.marker.evaluate(machine)


def lines(file: str) -> list[str]:
    """A package a line, with its hashes; comments left out."""
    kept = [line for line in (ROOT / file).read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return "\n".join(kept).replace("\\\n", "").splitlines()


def locked(*files: str) -> dict[str, Locked]:
    found = {}
    for line in (line for file in files for line in lines(file)):
        pin = PINNED.match(line)
        assert pin, line
        found[pin["name"]] = Locked(pin["version"], Marker(pin["marker"]) if pin["marker"] else None)
    return found


def asked(*extras: str) -> list[Requirement]:
    """What pyproject.toml names."""
    named = [*PROJECT["project"]["dependencies"]]
    for extra in extras:
        named += PROJECT["project"]["optional-dependencies"][extra]
    return [Requirement(line) for line in named]


def unmet(wanted: list[Requirement], lock: dict[str, Locked]) -> list[str]:
    """Which of these the lock lacks, or has in a version that does not fit, on any machine that we are for."""
    missing = set()
    for requirement, machine in product(wanted, MACHINES):
        found = lock.get(canonicalize_name(requirement.name))
        if requirement.marker and not requirement.marker.evaluate(machine):
            continue
        if found is None or not found.is_for(machine) or found.version not in requirement.specifier:
            missing.add(str(requirement))
    return sorted(missing)


@pytest.mark.parametrize("file", FILES)
def test_every_line_is_one_version_with_its_hashes_and_names_no_host(file: str) -> None:
    for line in lines(file):
        pin, *hashes = re.split(r"\s+(?=--)", line.strip())
        assert PINNED.fullmatch(pin.strip()), pin
        assert hashes, f"{pin} has no hash"
        assert [text for text in hashes if not HASH.fullmatch(text)] == [], pin
    assert not re.search(r"://|\.(org|com|net|io|cn)\b", (ROOT / file).read_text())


def test_everything_that_pyproject_names_is_locked() -> None:
    again = "`make lock` writes the files anew"
    assert unmet(asked(*TO_RUN), locked(RUNS)) == [], again
    assert unmet(asked(*TO_RUN, *TO_CHECK), locked(RUNS, CHECKS)) == [], again
    builds = [Requirement(line) for line in (*PROJECT["build-system"]["requires"], *PROJECT["dependency-groups"]["build"])]
    assert unmet(builds, locked(BUILDS)) == [], again


@pytest.mark.parametrize(("extras", "files"), [(TO_RUN, (RUNS,)), ((*TO_RUN, *TO_CHECK), (RUNS, CHECKS))])
def test_what_those_need_is_locked_too(extras: tuple[str, ...], files: tuple[str, ...]) -> None:
    """By what the installed packages say of themselves."""
    lock = locked(*files)
    absent = {str(need) for need in needs_of(asked(*extras)) if canonicalize_name(need.name) not in lock}
    assert absent == set(), "`make lock` writes the files anew"


def needs_of(wanted: list[Requirement]) -> Iterator[Requirement]:
    """Each requirement, and those of what it names, once per package and extra."""
    here: dict[str, Any] = dict(default_environment())
    open_ones, seen = list(wanted), set()
    while open_ones:
        need = open_ones.pop()
        for extra in {"", *need.extras} - {extra for name, extra in seen if name == need.name}:
            yield need
            seen.add((need.name, extra))
            inner = [Requirement(line) for line in metadata.requires(need.name) or ()]
            open_ones += [one for one in inner if one.marker is None or one.marker.evaluate({**here, "extra": extra})]


def test_no_package_has_two_versions() -> None:
    for one, other in ((RUNS, CHECKS), (RUNS, BUILDS), (CHECKS, BUILDS)):
        first, second = locked(one), locked(other)
        assert {
            name: lock.version for name, lock in first.items() if name in second and second[name].version != lock.version
        } == {}


def test_the_two_commands_install_nothing_without_a_hash() -> None:
    """What is not locked is the checkout itself, and that fetches nothing."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    told = subprocess.run(["make", "-nB", "run", "test"], cwd=ROOT, env=plain, capture_output=True, text=True, check=True).stdout
    installs = re.findall(r"-m pip [^\n]*?install ([^\n]*?) 2>&1", told)
    assert len(installs) >= 4
    for options in installs:
        assert "--require-hashes" in options or ("--no-index" in options and "--no-deps" in options), options
        assert "--no-build-isolation" in options, options


def test_every_package_of_the_desk_has_its_hash_and_no_host() -> None:
    """npm ci takes what package-lock.json says and nothing else."""
    packages = json.loads((ROOT / "desk/package-lock.json").read_text())["packages"]
    fetched = {name: package for name, package in packages.items() if name}
    assert len(fetched) > 100
    assert [name for name, package in fetched.items() if not package.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, package in fetched.items() if "resolved" in package] == []


def test_no_package_of_the_desk_wants_to_run_a_script_when_it_is_installed() -> None:
    """desk/build.py lets none of them run; one that needs its script must be looked at."""
    packages = json.loads((ROOT / "desk/package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if package.get("hasInstallScript")] == []
