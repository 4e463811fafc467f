"""Cuts the bytes of the link into whole messages and reads the name of each: pure, no event loop, nothing decoded.

AMI is lines ended by CR LF, messages ended by an empty line, and one greeting line before all of it. Cutting happens on bytes, so
that a character split over two reads stays whole (panoramisk 1.4 decodes each read by itself and loses it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MESSAGE_AT_MOST = 65_536
"""Bytes of one message; the largest real one, an event with both channels and many variables, is about 6,000."""
GREETING_AT_MOST = 256
"""``Asterisk Call Manager/11.0.0``."""

_END = b"\r\n\r\n"
EVENT = b"Event: "


class Framer:
    """Takes bytes as they were read and gives back whole messages.

    A message longer than ``at_most`` is left out and counted in ``oversize``: its bytes are dropped as they come, so that
    neither a line of 10 MB nor a stream without any line end costs memory, and the next message is found again.
    """

    def __init__(self, at_most: int = MESSAGE_AT_MOST) -> None:
        self._rest = bytearray()
        self._seen = 0  # bytes of the rest that hold no end for certain
        self._at_most = at_most
        self._skipping = False
        self.oversize = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Whole messages, each without its closing empty line; empty ones left out."""
        rest = self._rest
        rest += data
        if rest.find(_END, self._seen) >= 0:
            *whole, last = bytes(rest).split(_END)
            self._rest = rest = bytearray(last)
            if self._skipping:
                self._skipping = False
                del whole[0]
            for message in whole:
                if len(message) > self._at_most:
                    self.oversize += 1
                elif message:
                    yield message.lstrip(b"\r\n")
        if len(rest) > self._at_most:
            self.oversize += not self._skipping
            self._skipping = True
            del rest[:-3]
        self._seen = max(0, len(rest) - 3)


def first_line(message: bytes) -> bytes:
    """What says of which kind the message is: ``Event: Hangup``. Later lines are not looked at: a value cannot forge it."""
    return message.partition(b"\r\n")[0]


def first_lines(names: Iterable[str]) -> frozenset[bytes]:
    """The first lines of the events of these names."""
    return frozenset(EVENT + name.encode() for name in names)


def event_name(message: bytes) -> bytes:
    """The name in the first line, ``b""`` if the message is no event."""
    line = first_line(message)
    return line.removeprefix(EVENT) if line.startswith(EVENT) else b""
