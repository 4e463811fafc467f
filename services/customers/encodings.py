"""Finds out the encoding of a text file where it is certain: UTF-8, UTF-16, GB18030 (which reads GBK and GB2312) or Big5. Pure.

Bytes that are garbage in one encoding are often characters of another, so that decoding without an error proves little: a UTF-8
file with one broken byte may well be GB18030, of names that nobody has. So each line is looked at, and a file that is not of one
kind throughout is refused with what was seen and where.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

ENCODINGS = ("utf-8", "utf-16", "gb18030", "big5")

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CODECS = {"utf-8": "utf-8-sig", "gb18030": "gb18030", "big5": "big5hkscs"}
_HIGH = re.compile(rb"[^\n\r]*[\x80-\xff][^\n\r]*")
_THREE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""What Chinese text in UTF-8 is made of: three bytes each, which other encodings hold in a row only by a rare accident."""

_PAIR = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
_LOW_TRAIL = 0x80
GB_LOW = 0.05  # share of second bytes below 0x80: next to none in GB2312, which all common characters are of,
BIG5_LOW = 0.2  # and about 0.4 in Big5, whose common characters have either
PAIRS = 12  # characters of which all but few must fit before their second bytes are believed


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen where the encoding is not sure: ``code`` with the line (from 1) and the byte it was seen by."""

    code: str
    line: int = 0
    byte: str = ""


class NotSure(ValueError):
    """The file is not surely one encoding."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen.code)
        self.seen = seen


def decode(content: bytes, chosen: str = "", known: frozenset[str] = frozenset()) -> tuple[str, str]:
    """The text and its encoding, ``chosen`` by a person or found. ``known``: headings by which short files are told. NotSure."""
    encoding = chosen or _find(content, known)
    try:
        text = content.decode(_halves(content) if encoding == "utf-16" else _CODECS[encoding])
    except UnicodeDecodeError as error:
        raise NotSure(_at("not_in_encoding", content, error.start)) from None
    return text, encoding


def _find(content: bytes, known: frozenset[str]) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding
    if content.count(0, 0, 4096) * 5 > len(content[:4096]):
        raise _without_mark(content)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse_broken_utf8(content, error.start)
        return _chinese(content, error.start, known)
    return "utf-8"


def _halves(content: bytes) -> str:
    """By its mark, else by where ASCII has its zeros."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-16-be" if content[0:4096:2].count(0) > content[1:4096:2].count(0) else "utf-16-le"


def _without_mark(content: bytes) -> NotSure:
    """UTF-16 has a zero in every ASCII character; without a mark nobody says which half comes first."""
    zeros = [content[start:4096:2].count(0) for start in (0, 1)]
    return NotSure(_at("utf16_without_mark" if min(zeros) * 10 < max(zeros) else "binary", content, content.index(0)))


def _refuse_broken_utf8(content: bytes, first_wrong: int) -> None:
    """Where some lines are UTF-8 beyond doubt, the whole is: damaged, or put together of two files."""
    whole = broken = None
    for line in _HIGH.finditer(content):
        sure = _surely_utf8(line[0])
        whole = line if whole is None and sure else whole
        broken = line if broken is None and not sure else broken
        if whole and broken:
            raise NotSure(_at("broken_utf8", content, first_wrong))
    text = content.decode("utf-8", "replace")
    if len(_THREE.findall(text)) > text.count("\ufffd"):  # a short file, damaged in its only line
        raise NotSure(_at("broken_utf8", content, first_wrong))


def _surely_utf8(line: bytes) -> bool:
    try:
        return _THREE.search(line.decode("utf-8")) is not None
    except UnicodeDecodeError:
        return False


def _chinese(content: bytes, first_wrong: int, known: frozenset[str]) -> str:
    """GB18030 or Big5: by the headings, else by the second bytes of enough characters."""
    possible = [encoding for encoding in ("gb18030", "big5") if _decodes(content, _CODECS[encoding])]
    if not possible:
        raise NotSure(_at("no_encoding", content, first_wrong))
    heading = re.split(rb"[\r\n]", content.lstrip(b"\r\n"), maxsplit=1)[0]
    titles = {encoding: re.split(r"[,;\t|\"\s]+", heading.decode(_CODECS[encoding], "replace")) for encoding in possible}
    told = [encoding for encoding in possible if known.intersection(titles[encoding])]
    if len(told) == 1:
        return told[0]
    pairs = _PAIR.findall(content[:1_000_000])
    low = sum(pair[1] < _LOW_TRAIL for pair in pairs) / max(1, len(pairs))
    fits = [encoding for encoding in possible if (low <= GB_LOW if encoding == "gb18030" else low >= BIG5_LOW)]
    if len(pairs) < PAIRS or len(fits) != 1:
        raise NotSure(_at("gb_or_big5", content, first_wrong))
    return fits[0]


def _decodes(content: bytes, codec: str) -> bool:
    try:
        content.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _at(code: str, content: bytes, place: int) -> Seen:
    before = content[:place]
    line = before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n") + 1
    return Seen(code, line, f"0x{content[place]:02X}")
