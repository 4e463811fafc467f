"""Reads and writes the messages between crew and worker: a length of four bytes (big-endian), then that many bytes of JSON."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

LENGTH = struct.Struct(">I")
MAX_BYTES = 64 * 1024 * 1024  # a day of talk is about 20 MB of words; more is a broken stream
Message = dict[str, Any]


class BrokenFrame(ValueError):
    """The bytes are no message: the other side cannot be believed any more."""


def encode(message: Mapping[str, Any]) -> bytes:
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


def body_length(head: bytes) -> int:
    """The length of the body; BrokenFrame if it is more than MAX_BYTES."""
    (length,) = LENGTH.unpack(head)
    if length > MAX_BYTES:
        raise BrokenFrame(f"{length} bytes")
    return int(length)


def decode(body: bytes) -> Message:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise BrokenFrame("not JSON") from error
    if not isinstance(message, dict):
        raise BrokenFrame("not an object")
    return message


def read(stream: IO[bytes]) -> Message | None:
    """The next message of a blocking stream; None at its end."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    length = body_length(head)
    body = stream.read(length)
    return decode(body) if len(body) == length else None


def write(stream: IO[bytes], message: Mapping[str, Any]) -> None:
    stream.write(encode(message))
    stream.flush()
