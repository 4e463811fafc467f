"""Stores finished recordings through obstore: in a local folder by default, in ``s3://bucket/prefix`` as well.

Put is durable and create-only: an archived recording is evidence and is never overwritten. obstore 0.12 gives Python no way to
ask its LocalStore for fsync, therefore local objects are written here: temporary file, fsync, hard link to the final name,
fsync of the folder. Reading goes through obstore for both.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from cti.ids import CallId, is_uniqueid
from recordings.errors import AlreadyArchived, ArchiveFailed, NameRefused

Suffix = Literal["flac", "peaks.json", "json"]
_KEY = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}/[A-Za-z0-9_]{1,32}-[0-9]{1,12}\.[0-9]{1,12}\.(flac|peaks\.json|json)", re.ASCII)
_EVIDENCE = re.compile(r"evidence/[0-9a-f]{2}/[0-9a-f]{64}", re.ASCII)
PUTTING = ".put-"
BLOCK = 1024 * 1024  # bytes hashed or copied at a time


@dataclass(frozen=True, slots=True)
class Stored:
    """The receipt of a put: the object is durable under ``key``. Made by Archive.put and Archive.receipt alone."""

    key: str
    size: int
    sha256: bytes
    durable: Literal[True] = True


def key_of(call: CallId, started_at: datetime, suffix: Suffix = "flac") -> str:
    """``2026/11/23/<call>.flac``: call id and UTC date, nothing else. NameRefused for anything that is not a call id."""
    if not is_uniqueid(call):
        raise NameRefused("not_a_call_id", ascii(call[:60]))
    return f"{started_at.astimezone(UTC):%Y/%m/%d}/{call}.{suffix}"


def evidence_key(sha256: bytes) -> str:
    """``evidence/3f/3f…``: what is handed in with an order lies under its own hash, and under nothing that anybody said."""
    return f"evidence/{sha256.hex()[:2]}/{sha256.hex()}"


def split(key: str) -> tuple[CallId, str]:
    """The call of a key, and its suffix."""
    if _KEY.fullmatch(key) is None:
        raise NameRefused("not_an_archive_key", ascii(key[:120]))
    name = key.rpartition("/")[2]
    uniqueid, _, rest = name.partition(".")
    counter, _, suffix = rest.partition(".")
    return CallId(f"{uniqueid}.{counter}"), suffix


def digest(path: Path) -> tuple[int, bytes]:
    """(bytes, SHA-256) of a file, in bounded memory. Blocking: call it in a thread."""
    sha, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            sha.update(block)
            size += len(block)
    return size, sha.digest()


class Archive:
    """One store. Every coroutine leaves the event loop free; failures of the store are ArchiveFailed."""

    def __init__(self, store: ObjectStore, folder: Path | None) -> None:
        self._store = store
        self._folder = folder  # None: not on this machine

    @classmethod
    def open(cls, url: str) -> Archive:
        """Open ``/folder``, ``file:///folder`` (made if missing) or any URL obstore knows. ArchiveFailed if it cannot be."""
        try:
            if "://" not in url or url.startswith("file://"):
                folder = Path(unquote(urlsplit(url).path) if "://" in url else url).absolute()
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                return cls(LocalStore(prefix=folder), folder)
            return cls(from_url(url), None)
        except (OSError, ValueError, BaseError) as error:
            raise ArchiveFailed("store_unusable", type(error).__name__) from error

    async def put(self, key: str, source: Path) -> Stored:
        """Store a file. The same content again is fine (a retry after a crash); other content is AlreadyArchived."""
        size, sha256 = await asyncio.to_thread(digest, source)
        try:
            if self._folder is not None:
                await asyncio.to_thread(_put_durably, source, self._folder / _checked(key))
            else:
                await obstore.put_async(self._store, _checked(key), source, mode="create", use_multipart=False)
        except (FileExistsError, AlreadyExistsError):
            if await self._sha256(key) != sha256:
                raise AlreadyArchived("key_taken", key) from None
        except (OSError, BaseError) as error:
            raise ArchiveFailed("put_failed", type(error).__name__) from error
        return Stored(key, size, sha256)

    async def receipt(self, key: str, size: int, sha256: bytes) -> Stored:
        """The receipt that an earlier put gave, made again. ArchiveFailed unless the object is there and as long as it was."""
        if (there := await self.size(key)) != size:
            raise ArchiveFailed("other_size", f"{there} bytes, not {size}")
        return Stored(key, size, sha256)

    async def get(self, key: str) -> bytes:
        """A whole small object (peaks). ArchiveFailed ``missing`` if there is none."""
        with _failures():
            result = await obstore.get_async(self._store, _checked(key))
            return bytes(await result.bytes_async())

    async def size(self, key: str) -> int:
        """Bytes of an object."""
        with _failures():
            return (await obstore.head_async(self._store, _checked(key)))["size"]

    async def stream(self, key: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Bytes ``start`` up to, not including, ``stop``, in blocks of at most 1 MiB: what an HTTP range needs."""
        end = await self.size(key) if stop is None else stop
        for at in range(start, end, BLOCK):
            with _failures():
                yield bytes(await obstore.get_range_async(self._store, _checked(key), start=at, end=min(at + BLOCK, end)))

    async def of_day(self, day: date) -> dict[CallId, set[str]]:
        """The calls of which something lies in the store under a UTC date, each with the suffixes that are there."""
        found: dict[CallId, set[str]] = {}
        with _failures():
            async for several in obstore.list(self._store, prefix=f"{day:%Y/%m/%d}"):
                for one in several:
                    if _KEY.fullmatch(one["path"]):
                        call, suffix = split(one["path"])
                        found.setdefault(call, set()).add(suffix)
        return found

    async def find(self, call: CallId, around: datetime) -> str | None:
        """The key of a call's sound, looked for under the day before, the day and the day after; None: there is none."""
        for days in (0, -1, 1):
            key = key_of(call, around + timedelta(days=days))
            try:
                await self.size(key)
            except ArchiveFailed as error:
                if error.code != "missing":
                    raise
            else:
                return key
        return None

    def sweep(self, day: date, before: float) -> int:
        """Removes what a process that was killed left half-written, if it was last touched before that epoch second. Blocking."""
        left = [] if self._folder is None else (self._folder / f"{day:%Y/%m/%d}").glob(f"{PUTTING}*")
        count = 0
        for path in left:
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    count += 1
        return count

    @property
    def folder(self) -> Path | None:
        """The folder of a store on this machine; None for any other store."""
        return self._folder

    async def check(self) -> None:
        """ArchiveFailed unless an object can be written and removed: for ``check-config`` and the start."""
        with _failures():
            await obstore.put_async(self._store, ".check", b"tingsu")
            await obstore.delete_async(self._store, ".check")

    async def _sha256(self, key: str) -> bytes:
        sha = hashlib.sha256()
        async for block in self.stream(key):
            sha.update(block)
        return sha.digest()


def _checked(key: str) -> str:
    if _KEY.fullmatch(key) is None and _EVIDENCE.fullmatch(key) is None:
        raise NameRefused("not_an_archive_key", ascii(key[:120]))
    return key


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ArchiveFailed("missing") from error
    except (OSError, BaseError) as error:
        raise ArchiveFailed("store_failed", type(error).__name__) from error


def _put_durably(source: Path, target: Path) -> None:
    """FileExistsError if the target is there. After a crash there is either the whole object or none under its name."""
    _make_folders(target.parent)
    descriptor, name = tempfile.mkstemp(prefix=PUTTING, dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out, source.open("rb") as file:
            while block := file.read(BLOCK):
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        os.link(temporary, target)
    finally:
        temporary.unlink()
    _sync_folder(target.parent)


def _make_folders(folder: Path) -> None:
    if not folder.is_dir():
        _make_folders(folder.parent)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
