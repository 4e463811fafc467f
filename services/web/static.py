"""Serves the built desk: every file is known by name at start, so a path can name a file and nothing else.

No path of a request ever reaches the file system (no traversal, no listing, no links followed). Names that carry a hash are
kept for ever, the page itself is asked for again every time.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

PLACES = (Path(__file__).parent / "desk", Path(__file__).parents[2] / "desk" / "dist")
"""Inside the wheel, else in a checkout."""

TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".ico": "image/x-icon",
}
HASHED = re.compile(r"-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$")  # what the build names its assets
FOR_EVER = "public, max-age=31536000, immutable"
NO_DESK = "The desk is not built. Run `make run`, or use the API below /api/.\n"


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    zipped: bytes | None
    content_type: str
    cache: str
    etag: str

    def answer(self, request: web.Request) -> web.Response:
        headers = {"Cache-Control": self.cache, "ETag": self.etag, "Vary": "Accept-Encoding"}
        if request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304, headers=headers)
        body = self.body
        if self.zipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"], body = "gzip", self.zipped
        return web.Response(body=body, headers={**headers, "Content-Type": self.content_type})


def find_desk() -> Path | None:
    """The folder of the built desk, None if there is none."""
    return next((place for place in PLACES if (place / "index.html").is_file()), None)


class Desk:
    """Serves the files read at start; a path that names no kind of file is a page of the desk's own router: index.html."""

    def __init__(self, folder: Path | None) -> None:
        self._files = _read(folder) if folder else {}

    def routes(self) -> list[web.RouteDef]:
        return [web.get(r"/{path:(?!api(?:/|$)).*}", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        file = self._files.get(path) or (self._files.get("index.html") if _is_page(path) else None)
        if file:
            return file.answer(request)
        if path or self._files:
            raise web.HTTPNotFound
        return web.Response(text=NO_DESK)


def _is_page(path: str) -> bool:
    """Whether the path is a page. A call's id has a dot too: only a suffix with a letter is a file's."""
    return not re.search(r"\.[0-9]*[A-Za-z][A-Za-z0-9]*$", path)


def _read(folder: Path) -> dict[str, _File]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink() and path.suffix != ".gz"]
    return {path.relative_to(folder).as_posix(): _file(path) for path in paths}


def _file(path: Path) -> _File:
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in {"application/json", "image/svg+xml"}
    zipped = path.with_name(f"{path.name}.gz")
    body = path.read_bytes()
    return _File(
        body=body,
        zipped=zipped.read_bytes() if zipped.is_file() else None,
        content_type=f"{kind}; charset=utf-8" if text else kind,
        cache=FOR_EVER if HASHED.search(path.name) else "no-cache",
        etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
    )
