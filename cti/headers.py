"""Reads the headers of one message: texts, numbers, moments, what a caller may have written. Pure.

Two ways, by what is known beforehand. An answer, or an item of a list, is any message: its headers are looked up in the text as
they are asked for. An event is of a kind, and the kind names the few headers that it needs of thirty: they are found in one pass,
the rest is never taken apart. Either way a header that is read must stand there once: whoever gets a line end into one value can
write headers of his own, and the switch never says one twice.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from datetime import UTC, datetime

from cti.errors import Malformed, MissingHeader
from cti.ids import UNREAD

HEADERS_AT_MOST = 300
"""An event with every Dest twin and 30 channel variables has about 100 headers."""
_COUNTED = HEADERS_AT_MOST * len("X\r\n")
"""Characters that so many headers take at least: a message of fewer need not be counted through."""
NUMBER_AT_MOST, NAME_AT_MOST = 64, 128
"""Characters kept of what the network says the caller's number and name are."""
_ABSENT = "\r\n"
"""No header's value: it holds a line end."""
_UNKNOWN = frozenset({"<unknown>", "unknown", UNREAD})


class _Values(ABC):
    """What the headers of a message hold, and of which kind it is."""

    __slots__ = ()

    _text: str

    @abstractmethod
    def __getitem__(self, name: str, /) -> str:
        """The header's value. Raises MissingHeader if there is none."""

    @abstractmethod
    def about(self) -> str:
        """What message it is, for the text of an error."""

    def number(self, name: str) -> int:
        """A header that holds a whole number."""
        value = self[name]
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            raise Malformed(f"{self.about()}: {name} is no number")
        return int(value)

    def moment(self) -> datetime:
        """The switch's own time, to the microsecond (a double holds it until the year 2242)."""
        try:
            return datetime.fromtimestamp(float(self["Timestamp"]), UTC)
        except (ValueError, OverflowError, OSError):
            raise Malformed(f"{self.about()}: Timestamp is no time") from None

    def said(self, name: str, at_most: int) -> str:
        """Text a caller controls: cut, without control characters, ``<unknown>`` as nothing."""
        value = self[name][:at_most].strip(" ")
        if value in _UNKNOWN:
            return ""
        return value if value.isprintable() else "".join(c for c in value if c.isprintable())

    def variables(self) -> dict[str, str]:
        """The channel's variables that ``channelvars`` of manager.conf names."""
        found: dict[str, str] = {}
        for part in self._text.split("\r\nChanVariable:")[1:]:
            name, _, value = part.partition("\r\n")[0].lstrip(" ").partition("=")
            if name in found:
                raise Malformed("a channel variable twice")
            found[name] = value
        return found

    def dialled(self) -> str:
        """The hotline's number as the dialplan noted it; before that what the channel is at. ``s`` is a place in the dialplan."""
        exten = self.said("Exten", NUMBER_AT_MOST)
        return self.variables().get("HOTLINE", "")[:NUMBER_AT_MOST] or ("" if exten == "s" else exten)


class Headers(_Values):
    """The headers of an answer, or of an item of a list."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """``text``: one message without its closing blank line."""
        _count(text)
        self._text = f"\r\n{text}\r\n"

    def get(self, name: str, default: str = "") -> str:
        """The header's value, or ``default`` if the message has none.

        Raises:
            Malformed: it stands there twice. The switch never does that; somebody wrote the second one, or the first.
        """
        text, mark = self._text, f"\r\n{name}:"
        start = text.find(mark)
        if start < 0:
            return default
        start += len(mark)
        end = text.index("\r\n", start)
        if text.find(mark, end) >= 0:
            raise Malformed(f"{name} twice")
        return text[start:end].lstrip(" ")

    def first(self, name: str) -> str:
        """The first value of a header that some answers repeat (ActionID); ``''`` if the message has none."""
        _, _, rest = self._text.partition(f"\r\n{name}:")
        return rest.partition("\r\n")[0].lstrip(" ")

    def __contains__(self, name: str) -> bool:
        return f"\r\n{name}:" in self._text

    def __getitem__(self, name: str, /) -> str:
        value = self.get(name, _ABSENT)
        if value is _ABSENT:
            raise MissingHeader(self.about(), name)
        return value

    def about(self) -> str:
        return self.get("Event") or self.get("Response") or "message"


class EventHeaders(dict[str, str], _Values):
    """Those headers of an event that its kind needs."""

    __slots__ = ("_name", "_text")

    _name: str

    @classmethod
    def of(cls, name: str, wanted: re.Pattern[str], text: str) -> EventHeaders:
        """``name``: the event's. ``wanted``: made by ``finding``. ``text``: the message without its closing blank line.

        Raises:
            Malformed: a header that is needed stands there twice, or there are more than any real event has.
        """
        if len(text) >= _COUNTED:
            _count(text)
        found = wanted.findall(text)
        headers = cls(found)
        if len(headers) < len(found) or "Event" in headers:
            raise Malformed(f"{_repeated(found)} twice")
        headers._name, headers._text = name, text
        return headers

    def __missing__(self, name: str) -> str:
        raise MissingHeader(self._name, name)

    def about(self) -> str:
        return self._name


def finding(names: str) -> re.Pattern[str]:
    """The pattern that finds these headers (names with blanks between) wherever they stand behind the first line, and an
    ``Event``, which may not stand there. A value ends with CR LF; one of the two alone is part of it.

    Nothing follows a value that could fail, so it never has to give back a character, and need not be told not to: possessive
    quantifiers are wrong around a lookahead before Python 3.11.5 (python/cpython#100061), which Debian 12 has.
    """
    return re.compile(rf"\r\n({'|'.join(['Event', *names.split()])}): *([^\r]*(?:\r(?!\n)[^\r]*)*)")


def _repeated(found: list[tuple[str, str]]) -> str:
    """The name that stands there twice; the first line has the other ``Event``."""
    ((name, _),) = Counter(["Event", *(name for name, _ in found)]).most_common(1)
    return name


def _count(text: str) -> None:
    if text.count("\r\n") >= HEADERS_AT_MOST:
        raise Malformed(f"more than {HEADERS_AT_MOST} headers")
