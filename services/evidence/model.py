"""Tells what a file is by what is in it, and takes out of a photo what it says besides the picture. Pure.

A photo from a telephone says where it was taken, when, and with which telephone (EXIF). That is personal data of whoever took it
or lives there, and nobody asked for it: only which way is up stays. A PDF is kept as it is.
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Iterator
from enum import StrEnum

from services.errors import Impossible


class FileKind(StrEnum):
    """What is taken; what a browser shows by itself."""

    JPEG = "jpeg"
    PNG = "png"
    PDF = "pdf"


CONTENT_TYPE = {FileKind.JPEG: "image/jpeg", FileKind.PNG: "image/png", FileKind.PDF: "application/pdf"}
SUFFIX = {FileKind.JPEG: "jpg", FileKind.PNG: "png", FileKind.PDF: "pdf"}

_PNG = b"\x89PNG\r\n\x1a\n"
_TOLD = frozenset({b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"tIME"})
"""Chunks of a PNG that are not the picture."""

_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_START_OF_SCAN, _END = 0xDA, 0xD9
_KEPT_APPS = frozenset({0xE0, 0xEE})  # JFIF, and Adobe's, which says how colours are meant
_COMMENT = 0xFE
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends a scan: there a byte 0xFF that is the picture's has a zero behind it, and one that only divides the scan D0 to D7."""
_LOOKED_AT = 1_000_000  # bytes gone through in one go, in which nobody else gets their turn
_MOST = 20_000  # segments or chunks: a large photo has some hundreds
_ORIENTATION = 0x0112
_UNFIT = re.compile(r"[^\w.()（）\- ]+")


class NoEvidence(Impossible):
    """A file that is none of the kinds that are taken, or is broken."""

    code = "evidence_kind"


def kind_of(content: bytes) -> FileKind:
    """By its first bytes, whatever its name says. Raises NoEvidence."""
    if content.startswith(b"\xff\xd8\xff"):
        return FileKind.JPEG
    if content.startswith(_PNG):
        return FileKind.PNG
    if content.startswith(b"%PDF-"):
        return FileKind.PDF
    raise NoEvidence("not a JPEG, a PNG or a PDF")


def cleaned(content: bytes) -> tuple[FileKind, bytes]:
    """What is kept of a file. Raises NoEvidence."""
    kind = kind_of(content)
    try:
        if kind is FileKind.JPEG:
            return kind, b"".join(_picture_of_jpeg(content))
        if kind is FileKind.PNG:
            return kind, b"".join(_picture_of_png(content))
    except (struct.error, IndexError):
        raise NoEvidence("the picture ends in the middle") from None
    return kind, content


def shown_name(name: str) -> str:
    """The sender's name of the file as it is shown: one line, no path, nothing that steers anything."""
    last = re.split(r"[/\\]", name)[-1]
    return _UNFIT.sub("_", last).strip(" .")[:120]


def _picture_of_jpeg(content: bytes) -> Iterator[bytes]:
    """Without its APPn segments and comments, but for what the picture needs; turned as it was. What follows its end is not the
    picture's: telephones put a second one there, or a film, with a place and a time of its own.
    """
    yield content[:2]
    turned = next((found for found in map(_orientation, _exif(content)) if found > 1), 1)
    if turned > 1:
        yield _exif_of(turned)
    at, drawn = 2, False
    for _ in range(_MOST):
        if drawn and at == len(content):  # some forget the end
            return
        at, marker, segment = _segment(content, at)
        if marker == _END and not drawn:
            raise NoEvidence("there is no picture in it")
        if not ((0xE0 <= marker <= 0xEF and marker not in _KEPT_APPS) or marker == _COMMENT):
            yield segment
        if marker == _END:
            return
        if marker == _START_OF_SCAN:
            begun, at, drawn = at, _end_of_scan(content, at), True
            yield content[begun:at]
    raise NoEvidence("it is of too many parts")


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the next marker is; the file's own end if there is none."""
    for begin in range(at, len(content), _LOOKED_AT):
        if found := _MARKER.search(content, begin, begin + _LOOKED_AT + 1):
            return found.start()
    return len(content)


def _segment(content: bytes, at: int) -> tuple[int, int, bytes]:
    """Where the next one begins, the marker of this one, and all of it."""
    if content[at] != 0xFF:
        raise NoEvidence("a segment does not begin where the last one ends")
    while content[at + 1] == 0xFF:
        at += 1
    marker = content[at + 1]
    if marker in _STANDALONE or marker == _END:
        return at + 2, marker, content[at : at + 2]
    (length,) = struct.unpack_from(">H", content, at + 2)
    end = at + 2 + length
    if length < 2 or end > len(content):
        raise NoEvidence("a segment is longer than the file")
    return end, marker, content[at:end]


def _exif(content: bytes) -> Iterator[bytes]:
    at = 2
    for _ in range(_MOST):
        at, marker, segment = _segment(content, at)
        if marker in {_START_OF_SCAN, _END}:
            return
        if marker == 0xE1 and segment[4:10] == b"Exif\0\0":
            yield segment[10:]


def _orientation(exif: bytes) -> int:
    """Which way is up, 1 to 8; 1 where it does not say, or says nonsense."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    with contextlib.suppress(struct.error):  # broken: then nobody can say
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, start)
        for number in range(min(entries, 200)):
            tag, form, count, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * number)
            if (tag, form, count) == (_ORIENTATION, 3, 1):
                return int(value) if 1 <= value <= 8 else 1
    return 1


def _exif_of(turned: int) -> bytes:
    """A segment that says nothing else than which way is up."""
    tags = struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, turned, 0, 0)
    body = b"Exif\0\0MM\0*" + struct.pack(">I", 8) + tags
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _picture_of_png(content: bytes) -> Iterator[bytes]:
    """Without the chunks that tell something; what follows its end is not the picture's."""
    yield _PNG
    at = len(_PNG)
    for _ in range(_MOST):
        (length,) = struct.unpack_from(">I", content, at)
        name, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content):
            raise NoEvidence("a chunk is longer than the file")
        if name not in _TOLD:
            yield content[at:end]
        if name == b"IEND":
            return
        at = end
    raise NoEvidence("it is of too many parts")
