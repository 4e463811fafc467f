"""Encodes and decodes the Asterisk Gateway Interface: bytes in, events out; no socket, no clock (after the manner of h11).

Asterisk opens the connection, sends ``agi_name: value`` lines up to an empty line, and from then on answers each command
line with one reply, ``200 result=49 endpos=8000`` or, for a wrong use, many lines ``520-…`` up to ``520 …``. A ``HANGUP``
line may come at any moment, also between a command and its reply, and more than once (Asterisk 22 sends it twice). panoramisk's
own door takes any line for the reply to its last command, and loses count; here a reply is told from everything else.

Every limit is checked before memory is given: a peer can make us hold one line and one header block, no more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ivr.errors import ProtocolError, UnsafeWord

MAX_LINE = 4096  # bytes; Asterisk's own longest (agi_request, a caller's name) stay well below 2 KiB
MAX_HEADERS = 64  # lines; Asterisk 22 sends 22 and one for each argument
MAX_USAGE = 200  # lines of one 520 answer; the longest usage text of Asterisk 22 has about 30
MAX_COMMAND = 2000  # bytes; Asterisk reads a command into 2048 (res_agi.c AGI_BUF_LEN) and would split a longer one in two

KEYS = "0123456789*#ABCD"
"""All keys a telephone can send; the last four are rare, and every menu meets them once in its life."""

_HEADER = re.compile(r"agi_([a-z_0-9]{1,32}): ?(.*)", re.DOTALL)
_REPLY = re.compile(r"([0-9]{3})(?: result=(\S*))?(?: (.*))?", re.DOTALL)
_ENDPOS = re.compile(r"(?:^|\s)endpos=([0-9]{1,12})(?:\s|$)")
_REFUSED = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\"\\\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Request:
    """The header block. Everything under ``callerid`` and ``calleridname`` is a caller's text: hostile until proven otherwise."""

    script: str
    arguments: tuple[str, ...]
    headers: Mapping[str, str] = field(repr=False)

    @property
    def uniqueid(self) -> str:
        """Uniqueid of the caller's channel, as sent; '' if the peer sent none."""
        return self.headers.get("uniqueid", "")

    @property
    def number(self) -> str:
        """The caller's number as the network sent it; '' when withheld (Asterisk says ``unknown``)."""
        number = self.headers.get("callerid", "")
        return "" if number == "unknown" else number


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. ``result`` is the text after ``result=``, ``rest`` what follows it, for 520 the whole usage text."""

    code: int
    result: str = ""
    rest: str = ""

    @property
    def key(self) -> str | None:
        """The key pressed, where the result is its character code (STREAM FILE, GET OPTION, WAIT FOR DIGIT)."""
        char = chr(int(self.result)) if re.fullmatch(r"[0-9]{1,3}", self.result) else ""
        return char if char and char in KEYS else None

    @property
    def failed(self) -> bool:
        """Whether the result is ``-1``: the caller hung up, or there is no such file. Only CHANNEL STATUS tells which."""
        return self.result == "-1"

    @property
    def endpos(self) -> int:
        """Where a file stopped, in samples (8,000 to the second for our prompts); 0 if not said."""
        found = _ENDPOS.search(self.rest)
        return int(found[1]) if found else 0


@dataclass(frozen=True, slots=True)
class HangUp:
    """The ``HANGUP`` line."""


Event = Request | Reply | HangUp


def encode(*words: str) -> bytes:
    """One command line. The first words may hold spaces (``STREAM FILE``), the others are quoted.

    Raises UnsafeWord for control characters (a line break would be a second command), quotes and backslashes (Asterisk's
    own escapes; no word of ours needs them) and for lines longer than Asterisk reads at once.
    """
    for word in words:
        if _REFUSED.search(word):
            raise UnsafeWord("a word for the switch holds a control character, quote or backslash")
    name, *arguments = words
    line = " ".join([name, *(f'"{argument}"' for argument in arguments)]).encode() + b"\n"
    if len(line) > MAX_COMMAND:
        raise UnsafeWord(f"a command of {len(line)} bytes is longer than the switch reads ({MAX_COMMAND})")
    return line


class Decoder:
    """Bytes of one connection, in any pieces, to events, in order. After a ProtocolError the connection is of no use."""

    def __init__(self) -> None:
        self._rest = b""
        self._headers: dict[str, str] | None = {}
        self._usage: list[str] = []

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete; raises ProtocolError."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if max(map(len, lines), default=0) > MAX_LINE or len(self._rest) > MAX_LINE:
            raise ProtocolError(f"a line of more than {MAX_LINE} bytes")
        events = (self._line(line.removesuffix(b"\r").decode("utf-8", "replace")) for line in lines)
        return [event for event in events if event is not None]

    def _line(self, line: str) -> Event | None:
        if self._headers is not None:
            return self._header(self._headers, line)
        if self._usage:
            return self._usage_line(line)
        if line == "HANGUP":
            return HangUp()
        if re.match(r"[0-9]{3}-", line):
            self._usage = [line]
            return None
        return _reply(line)

    def _header(self, headers: dict[str, str], line: str) -> Request | None:
        if not line:
            self._headers = None
            return _request(headers)
        found = _HEADER.fullmatch(line)
        # A header comes twice only if a line break was smuggled into a caller's name: then nothing in the block is certain.
        if not found or found[1] in headers or len(headers) >= MAX_HEADERS:
            raise ProtocolError("not a header block of Asterisk's")
        headers[found[1]] = found[2].strip()
        return None

    def _usage_line(self, line: str) -> Reply | HangUp | None:
        if line == "HANGUP":
            return HangUp()
        code = self._usage[0][:3]
        if not line.startswith(f"{code} "):
            if len(self._usage) >= MAX_USAGE:
                raise ProtocolError(f"an answer of more than {MAX_USAGE} lines")
            self._usage.append(line)
            return None
        text, self._usage = "\n".join(self._usage), []
        return Reply(int(code), rest=text)


def _request(headers: dict[str, str]) -> Request:
    if headers.get("network") != "yes" or "network_script" not in headers:
        raise ProtocolError("not a FastAGI header block")
    count = 0
    while f"arg_{count + 1}" in headers:
        count += 1
    arguments = tuple(headers[f"arg_{n + 1}"] for n in range(count))
    return Request(headers["network_script"], arguments, MappingProxyType(headers))


def _reply(line: str) -> Reply:
    found = _REPLY.fullmatch(line)
    if not found:
        raise ProtocolError("not an answer of Asterisk's")
    return Reply(int(found[1]), found[2] or "", found[3] or "")
