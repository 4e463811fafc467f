"""Sends one byte range of something that can be read in pieces (a recording), as RFC 9110 section 14 has it.

Several ranges, or something that is no range, get 416: nobody needs them, and each is a way to make a server work.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from services.web.http import Asked
from services.web.problems import RangeNotSatisfiable

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")

Read = Callable[[int, int], AsyncIterator[bytes]]
"""Bytes from ``start`` up to, not including, ``end``, in pieces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is there to be read. ``etag`` without quotes; it must change when the bytes do."""

    size: int
    content_type: str
    etag: str
    read: Read
    filename: str | None = None
    attached: bool = False  # to be kept, and not shown in a page of its own: it came from outside


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, end) of the asked part, end not included; None when no part is asked for."""
    if header is None:
        return None
    asked = _RANGE.fullmatch(header.strip())
    if asked is None or asked[0] == "bytes=-":
        raise RangeNotSatisfiable
    first, last = asked.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise RangeNotSatisfiable
    return start, end


async def send(asked: Asked, content: Content) -> web.StreamResponse:
    """200, 206 or 304 with the bytes; kept by nobody, not even the browser that asked: it may be anybody's tomorrow."""
    request = asked.request
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{content.etag}"',
        "Cache-Control": "no-store",
        **asked.answer_headers,
    }
    if content.filename:
        headers["Content-Disposition"] = f'{"attachment" if content.attached else "inline"}; filename="{content.filename}"'
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    changed = request.headers.get("If-Range") not in {None, headers["ETag"]}
    part = None if changed else parse_range(request.headers.get("Range"), content.size)
    start, end = part or (0, content.size)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    response = web.StreamResponse(status=206 if part else 200, headers=headers)
    response.content_type, response.content_length = content.content_type, end - start
    await response.prepare(request)
    if request.method != "HEAD":
        async for piece in content.read(start, end):
            await response.write(piece)
    await response.write_eof()
    return response


def send_file(path: Path, *, content_type: str, filename: str) -> web.StreamResponse:
    """A file of ours to be kept by who asked, under a name of ours."""
    headers = {"Content-Type": content_type, "Content-Disposition": f'attachment; filename="{filename}"'}
    return web.FileResponse(path, headers=headers)


def send_bytes(made: bytes, *, content_type: str, filename: str, inline: bool = True) -> web.StreamResponse:
    """What was made for who asked, under a name of ours; ``inline``: shown by the browser rather than kept."""
    disposition = "inline" if inline else "attachment"
    headers = {"Content-Disposition": f'{disposition}; filename="{filename}"', "Cache-Control": "no-store"}
    return web.Response(body=made, content_type=content_type, headers=headers)
