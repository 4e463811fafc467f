"""Lists the speech models on this machine and fetches one by Vosk's own name (``vosk-model-small-cn-0.22``).

Whether a model works is for ``recordings.crew.check`` to say: it loads it in a child. Here only files are looked at, and nothing
that came over the network is believed: the name, the sizes and every path in the archive are checked, and the model appears under
its name only when all of it is there.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import urlsplit

from recordings.crew import DEMONSTRATION_MARK
from recordings.errors import ModelUnavailable
from recordings.worker import model_rate, vocabulary

DEMONSTRATION = Path(__file__).parent / "demo_model"
PUBLISHER = "https://alphacephei.com/vosk/models/"
MAX_DOWNLOAD = 4 * 1024**3  # bytes; the largest published model is about 2.5 GB
MAX_UNPACKED = 12 * 1024**3
MAX_FILES = 1_000
TIMEOUT_S = 60.0  # without a byte
_BLOCK = 1024 * 1024
_NAME = re.compile(r"vosk-model-[a-z0-9]+(?:[._-][a-z0-9]+)*", re.ASCII)
Progress = Callable[[str, int, int | None], None]
"""(``download`` or ``unpack``, bytes so far, bytes in all if known)."""


@dataclass(frozen=True, slots=True)
class ModelFound:
    """A folder that looks like a Vosk model. ``demonstration``: the small one of our own, which understands no people."""

    name: str
    path: Path
    size: int
    rate: int
    vocabulary: int | None
    demonstration: bool


def find(folders: Iterable[Path]) -> list[ModelFound]:
    """The models in these folders, or the folders themselves if they are models, by name. Missing folders are no error."""
    found = {candidate.resolve(): describe(candidate) for folder in folders for candidate in _candidates(folder)}
    return sorted(found.values(), key=lambda model: model.name)


def _candidates(folder: Path) -> list[Path]:
    if is_model(folder) or not folder.is_dir():
        return [folder] if is_model(folder) else []
    return [inside for inside in folder.iterdir() if is_model(inside)]


def named(name: str, folder: Path) -> Path:
    """Where the model of that name (as `find` has it) lies: the demonstration one here, every other in ``folder``."""
    return DEMONSTRATION if name == DEMONSTRATION.name and not is_model(folder / name) else folder / name


def is_model(folder: Path) -> bool:
    """True for a folder of the layout Vosk reads: newer (am/, conf/, graph/) or older (all in one folder)."""
    return (folder / "am" / "final.mdl").is_file() or all((folder / name).is_file() for name in ("final.mdl", "mfcc.conf"))


def describe(folder: Path) -> ModelFound:
    """The model as its own files describe it."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    demonstration = (folder / DEMONSTRATION_MARK).is_file()
    return ModelFound(folder.name, folder, size, model_rate(folder), vocabulary(folder), demonstration)


# fetching -------------------------------------------------------------------------------------------------------------


def fetch(name: str, folder: Path, *, publisher: str = PUBLISHER, progress: Progress | None = None) -> Path:
    """Fetch a model into ``folder/<name>`` and return that path; one that is already there is left alone.

    Blocking, minutes for a large model. ModelUnavailable: bad_name, unknown_model, network, too_big, wrong_sum, bad_archive,
    no_model, no_space. Nothing is left behind by a failure.
    """
    if _NAME.fullmatch(name) is None:
        raise ModelUnavailable("bad_name", ascii(name[:80]))
    target = folder / name
    if is_model(target):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    _remove_scratch(folder)
    tell = progress or (lambda *_: None)
    try:
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
            archive = Path(scratch, "model.zip")
            _download(_address(publisher, f"{name}.zip"), archive, _published_sum(name, publisher), tell)
            unpacked = unpack(archive, Path(scratch), name, tell)
            unpacked.rename(target)
    except OSError as error:
        raise ModelUnavailable("no_space" if error.errno == 28 else "disk", type(error).__name__) from error
    return target


def _address(publisher: str, name: str) -> str:
    """Only https, except on this very machine (tests, a mirror of the operator's)."""
    parts = urlsplit(publisher)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
        raise ModelUnavailable("network", "the publisher's address must begin with https://")
    return publisher.rstrip("/") + "/" + name


def _open(address: str) -> IO[bytes]:
    try:
        answer: IO[bytes] = urllib.request.urlopen(address, timeout=TIMEOUT_S)  # noqa: S310 -- _address lets only https through
    except urllib.error.HTTPError as error:
        error.close()
        raise ModelUnavailable("unknown_model" if error.code == 404 else "network", f"HTTP {error.code}") from error
    except (OSError, ValueError) as error:
        raise ModelUnavailable("network", type(error).__name__) from error
    return answer


def _published_sum(name: str, publisher: str) -> str | None:
    """The MD5 that the publisher's list names, or None if there is no list or it does not name the model."""
    try:
        rows = published(publisher)
    except ModelUnavailable:
        return None
    return next((row.get("md5") for row in rows if row["name"] == name), None)


def _download(address: str, target: Path, wanted_sum: str | None, tell: Progress) -> None:
    md5 = hashlib.md5(usedforsecurity=False)  # what the publisher gives; TLS is what protects
    with _open(address) as answer, target.open("wb") as out:
        length = int(getattr(answer, "headers", {}).get("Content-Length") or 0) or None
        done = 0
        while block := _receive(answer):
            done += len(block)
            if done > MAX_DOWNLOAD:
                raise ModelUnavailable("too_big", "download")
            md5.update(block)
            out.write(block)
            tell("download", done, length)
    if length is not None and done < length:
        raise ModelUnavailable("network", "ended early")
    if wanted_sum is not None and md5.hexdigest() != wanted_sum:
        raise ModelUnavailable("wrong_sum")


def _receive(answer: IO[bytes]) -> bytes:
    try:
        return answer.read(_BLOCK)
    except (OSError, ValueError) as error:
        raise ModelUnavailable("network", type(error).__name__) from error


def unpack(archive: Path, folder: Path, name: str, tell: Progress) -> Path:
    """Unpack ``name/…`` of a zip file into ``folder``. ModelUnavailable for whatever else is in it, or too much of it."""
    try:
        with zipfile.ZipFile(archive) as packed:
            files = _acceptable(packed.infolist(), name)
            total = sum(info.file_size for info in files)
            left = MAX_UNPACKED
            for info in files:
                left -= _unpack_one(packed, info, folder / info.filename, left)
                tell("unpack", MAX_UNPACKED - left, total)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ModelUnavailable("bad_archive", type(error).__name__) from error
    if not is_model(folder / name):
        raise ModelUnavailable("no_model")
    return folder / name


def _acceptable(entries: list[zipfile.ZipInfo], name: str) -> list[zipfile.ZipInfo]:
    if len(entries) > MAX_FILES or sum(info.file_size for info in entries) > MAX_UNPACKED:
        raise ModelUnavailable("too_big", "archive")
    for info in entries:
        parts = PurePosixPath(info.filename).parts
        kind = stat.S_IFMT(info.external_attr >> 16)
        if "\\" in info.filename or not parts or parts[0] != name or ".." in parts or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ModelUnavailable("bad_archive", ascii(info.filename[:120]))
    return [info for info in entries if not info.is_dir()]


def _unpack_one(packed: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Bytes written; the sizes in a zip file are only claims."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with packed.open(info) as source, target.open("xb") as out:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > left:
                raise ModelUnavailable("too_big", "archive")
            out.write(block)
    return written


def published(publisher: str = PUBLISHER) -> list[dict[str, Any]]:
    """The publisher's own list: name, lang, size, obsolete … as it stands there. ModelUnavailable without a network."""
    with _open(_address(publisher, "model-list.json")) as answer:
        try:
            listed = json.loads(answer.read(8 * _BLOCK))
        except (ValueError, OSError) as error:
            raise ModelUnavailable("network", "no list") from error
    if not isinstance(listed, list):
        raise ModelUnavailable("network", "no list")
    return [row for row in listed if isinstance(row, dict) and _NAME.fullmatch(str(row.get("name")))]


def _remove_scratch(folder: Path) -> None:
    """Remove what a fetch that was killed left behind."""
    for left in folder.glob(".fetch-*"):
        shutil.rmtree(left, ignore_errors=True)
