"""Unpacks programs from a distribution's packages into a private folder: no root, nothing installed, signatures checked.

apt does the fetching with its state, lists and archives in a folder of ours, so the machine's own package state is neither
read nor changed; its mirror and its keyrings are used. The result lies in the cache under its final name only when it is
whole, so a second start finds it at once, an interrupted one goes on where it stopped, and two at once wait for each other.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.errors import WorldFailed
from services.words import said

Progress = Callable[[str, float | None], None]
"""What is being done, and how much of it is done (0 to 1; None where nobody knows)."""

Slim = Callable[["Unpacked", Path], None]
"""Copies what is needed of an unpacked prefix into another folder."""

_RECIPE = "2"
"""Part of each cached folder's name: raise it when what is unpacked or kept changes."""

_SIGNED = tuple(
    word
    for setting in (
        "APT::Get::AllowUnauthenticated",
        "Acquire::AllowInsecureRepositories",
        "Acquire::AllowWeakRepositories",
        "Acquire::AllowDowngradeToInsecureRepositories",
    )
    for word in ("-o", f"{setting}=false")
)
"""Given on the command line: what a machine says in /etc/apt, which may let unsigned packages through, wins over APT_CONFIG."""

_ARCHIVE_KEYRINGS = ("debian-archive-keyring.pgp", "debian-archive-keyring.gpg")
_SIGNATURE = re.compile(
    r"NO_PUBKEY|is not signed|EXPKEYSIG|BADSIG|invalid signature|not live until|expired key|Sub-process /usr/bin/sqv"
)
_STALE = re.compile(r"is expired \(invalid since|is not valid yet")
_NETWORK = re.compile(
    r"resolv|Could not connect|Unable to connect|Connection (failed|refused|timed out)|Network is unreachable|No route"
    r"|Failed to fetch"
)


class PackagesUnavailable(WorldFailed):
    """The packages could not be had: no apt, no network, a signature that does not fit. The text says what to do."""

    code = "packages_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSource:
    """Where packages come from. Empty values are found out from the machine: its mirror, its keyring.

    ``suite`` is for Debian (whose stable release has no Asterisk); another distribution's own packages are used as they are,
    unless a mirror is named.
    """

    suite: str = "forky"
    mirror: str = ""
    keyring: Path | None = None


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A folder into which packages were unpacked, and how its programs are run: by its own loader with its own libraries."""

    prefix: Path

    def libraries(self) -> tuple[Path, ...]:
        """Folders of shared libraries, those too that a package keeps to itself and asks for by a path outside the prefix."""
        found = [*self.prefix.glob("usr/lib/*-linux-gnu*"), *self.prefix.glob("lib/*-linux-gnu*"), self.prefix / "usr/lib"]
        own = {library.parent for folder in found[:-1] for library in folder.glob("*/lib*.so*")}
        return (*(folder for folder in found if folder.is_dir()), *sorted(own))

    def loader(self) -> Path:
        for folder in (*self.libraries(), self.prefix / "usr/lib64", self.prefix / "lib64"):
            for loader in sorted(folder.glob("ld-linux*.so.*")):
                return loader
        raise PackagesUnavailable(said("no dynamic loader among the unpacked packages in {place}", place=self.prefix))

    def command(self, program: Path) -> tuple[str, ...]:
        """How to run ``program`` (a path inside the prefix). The library path is not inherited by what it starts."""
        libraries = ":".join(str(folder) for folder in self.libraries())
        return (str(self.loader()), "--library-path", libraries, str(program))

    def shared_objects(self, programs: Iterable[Path]) -> set[Path]:
        """Every library of the prefix that these programs and modules reach. Raises `PackagesUnavailable` if one is not there."""
        found: set[Path] = set()
        options = self.command(Path("--list"))
        for program in programs:
            told = subprocess.run([*options, str(program)], capture_output=True, text=True, check=False)
            if told.returncode != 0:
                tail = told.stderr.strip()[-300:]
                raise PackagesUnavailable(said("the packages do not hold everything they need: {tail}", tail=tail))
            found.update(Path(word) for word in told.stdout.split() if word.startswith(f"{self.prefix}/"))
        return found


async def unpacked(
    packages: Sequence[str], *, kept: Sequence[str], source: PackageSource, cache: Path, slim: Slim, progress: Progress
) -> Unpacked:
    """The folder with ``packages`` and what they depend on, from the cache or fetched now.

    ``kept`` names what ``slim`` keeps of them: another list is another folder.
    Raises `PackagesUnavailable`. Safe when several processes ask at once.
    """
    wanted = " ".join((*packages, *kept, source.suite, source.mirror, os.uname().machine, _RECIPE))
    name = f"{packages[0]}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    final = cache / name
    if final.is_dir():
        return Unpacked(final)
    cache.mkdir(parents=True, exist_ok=True)
    async with _alone(cache / f"{name}.lock", progress):
        if not final.is_dir():
            await _fetch(packages, _Workplace(cache, name), source, slim, progress)
    return Unpacked(final)


@asynccontextmanager
async def _alone(lock: Path, progress: Progress) -> AsyncIterator[None]:
    with lock.open("w") as file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    progress(said("waiting for another process that unpacks the same packages"), None)
                told = True
                await asyncio.sleep(0.2)
        yield


class _Workplace:
    """The folders of one unpacking. Everything but ``final`` may be thrown away at any time."""

    def __init__(self, cache: Path, name: str) -> None:
        self.final = cache / name
        self.apt = cache / f"{name}.apt"
        self.full = cache / f"{name}.full"
        self.slim = cache / f"{name}.slim"

    def clear(self) -> None:
        for folder in (self.apt, self.full, self.slim):
            shutil.rmtree(folder, ignore_errors=True)


async def _fetch(packages: Sequence[str], place: _Workplace, source: PackageSource, slim: Slim, progress: Progress) -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise PackagesUnavailable(
                f"{program} is not on this machine: install Asterisk 20 or newer yourself, or use Debian or Ubuntu"
            )
    progress(said("asking for the package lists"), None)
    environment = await _private_apt(place.apt, source)
    await _run(("apt-get", "-q", "update", "-o", "APT::Update::Error-Mode=any", *_SIGNED), environment)
    await _download(packages, environment, progress)
    await _unpack(sorted((place.apt / "archives").glob("*.deb")), place.full, progress)
    progress(said("keeping only what is needed"), None)
    shutil.rmtree(place.slim, ignore_errors=True)
    place.slim.mkdir()
    await asyncio.to_thread(slim, Unpacked(place.full), place.slim)
    place.slim.rename(place.final)
    await asyncio.to_thread(place.clear)


async def _private_apt(folder: Path, source: PackageSource) -> dict[str, str]:
    """An apt of our own below ``folder``. Returns the environment that makes apt use it."""
    for name in ("lists/partial", "archives/partial", "etc"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    settings = [
        f'Dir::State "{folder}";', f'Dir::State::status "{folder}/status";', f'Dir::State::lists "{folder}/lists";',
        f'Dir::Cache "{folder}";', f'Dir::Cache::archives "{folder}/archives";', f'Dir::Log "{folder}";',
        'APT::Install-Recommends "false";', 'APT::Install-Suggests "false";', 'APT::Sandbox::User "";',
        'APT::Keep-Downloaded-Packages "true";', 'Acquire::Languages "none";', 'Acquire::Retries "3";', 'DPkg::Use-Pty "false";',
    ]  # fmt: skip
    line = await _source_line(source)
    if line is not None:
        (folder / "etc/sources.list").write_text(line + "\n")
        settings += [f'Dir::Etc::{kind} "/dev/null";' for kind in ("sourceparts", "preferencesparts")]
        settings.append(f'Dir::Etc::sourcelist "{folder}/etc/sources.list";')
    (folder / "apt.conf").write_text("\n".join(settings) + "\n")
    return {**_plain_environment(), "APT_CONFIG": str(folder / "apt.conf")}


async def _source_line(source: PackageSource) -> str | None:
    """The one line of sources.list, or None to use the machine's own sources (a distribution that has Asterisk itself)."""
    if not source.mirror and _os_release("ID") != "debian":
        return None
    mirror = source.mirror or await _own_mirror()
    keyring = source.keyring or _own_keyring()
    for part in (mirror, source.suite, str(keyring)):
        if re.fullmatch(r"[^\s\[\]]+", part) is None:
            raise PackagesUnavailable(said("not fit for apt's source list: {part!r}", part=part))
    return f"deb [signed-by={keyring}] {mirror} {source.suite} main"


def _os_release(field: str) -> str:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.partition("=")[2].strip('"') for line in lines if line.startswith(f"{field}=")), "")


async def _own_mirror() -> str:
    """The address this machine fetches Debian itself from.

    Labels are known only after the machine's first ``apt-get update``; before it, the name of its own release decides.
    """
    for label, _, address in await _targets():
        if label == "Debian":
            return address
    codename = _os_release("VERSION_CODENAME")
    for _, release, address in await _targets("--no-release-info"):
        if release == codename:
            return address
    raise PackagesUnavailable(said("apt on this machine knows no Debian mirror: name one in config.toml"))


async def _targets(*options: str) -> list[list[str]]:
    """Label, release and address of each package list this machine's apt is told to fetch."""
    form = "$(LABEL)\t$(RELEASE)\t$(REPO_URI)"
    told = await _run(("apt-get", "indextargets", *options, "--format", form, "Created-By: Packages"), _plain_environment())
    return [line.split("\t") for line in told.splitlines() if line.count("\t") == 2]


def _own_keyring() -> Path:
    for name in _ARCHIVE_KEYRINGS:
        path = Path("/usr/share/keyrings", name)
        if path.exists():
            return path
    raise PackagesUnavailable(said("no Debian archive keyring on this machine: name one in config.toml"))


async def _download(packages: Sequence[str], environment: dict[str, str], progress: Progress) -> None:
    """Fetch the archives; apt goes on with what an earlier try left."""
    options = ("-q", "-y", "--download-only", "--no-remove", "-o", "APT::Status-Fd=1", *_SIGNED)
    process = await asyncio.create_subprocess_exec(
        "apt-get", "install", *options, *packages,
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    lines: list[str] = []
    try:
        assert process.stdout is not None
        async for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            if line.startswith("dlstatus:"):
                progress(said("fetching {package}", package=packages[0]), float(line.split(":")[2]) / 100)
            else:
                lines.append(line)
        code = await process.wait()
    finally:
        _end(process)
    if code != 0:
        raise _explained("\n".join(lines))


async def _unpack(archives: Sequence[Path], target: Path, progress: Progress) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for number, archive in enumerate(archives):
        progress(said("unpacking {package}", package=archive.name.partition("_")[0]), number / len(archives))
        await _run(("dpkg-deb", "-x", str(archive), str(target)), _plain_environment())


async def _run(command: Sequence[str], environment: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        out, told = await process.communicate()
    finally:
        _end(process)
    if process.returncode != 0:
        raise _explained((told + out).decode("utf-8", "replace"))
    return out.decode("utf-8", "replace")


def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()


def _explained(told: str) -> PackagesUnavailable:
    tail = (
        "\n".join(line for line in told.splitlines() if line.startswith(("E:", "W:", "Err:", "dpkg-deb:")))[-1500:] or told[-500:]
    )
    if _STALE.search(told):
        told = "the mirror's list of packages is past its own date: another mirror, or this machine's clock, will mend it."
        return PackagesUnavailable(f"{said(told)}\n{tail}")
    if _SIGNATURE.search(told):
        return PackagesUnavailable(
            said("the packages' signature does not fit this machine's keyring; nothing was used.") + f"\n{tail}"
        )
    if _NETWORK.search(told):
        told = "the package mirror could not be reached; check the network or name a mirror in config.toml."
        return PackagesUnavailable(f"{said(told)}\n{tail}")
    return PackagesUnavailable(said("apt could not deliver the packages.") + f"\n{tail}")


def _plain_environment() -> dict[str, str]:
    """Enough for apt to work, in a language we can read; proxies are the machine's business and kept."""
    kept = {
        key: value for key, value in os.environ.items() if key.lower().endswith("_proxy") or key in ("PATH", "HOME", "TMPDIR")
    }
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **kept, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
