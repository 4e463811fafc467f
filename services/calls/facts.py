"""Defines the facts that the journal keeps: the switch's changes, and what we ourselves did about them.

A fact is a frozen dataclass that can be written as one line and read back the same. Facts are applied to the database in
the order in which they were written, at least once; applying one twice comes to the same.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from pydantic import TypeAdapter, ValidationError

from cti.changes import Change
from cti.ids import MAIN, CallId, ChannelId, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class PopSent:
    """A card went to a person's screen; ``pop`` is ``<call>/<leg>``, ``seq`` its number in that person's stream."""

    at: datetime
    pop: str
    person: int
    call: CallId
    seq: int
    offered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PopEnriched:
    """What we remember of the caller followed the card."""

    at: datetime
    pop: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PopReceived:
    """The browser says the card is on the screen; ``shown_ms`` from its receipt there to its paint, by the browser's clock."""

    at: datetime
    pop: str
    shown_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PopEnded:
    """The ring behind the card is over."""

    at: datetime
    pop: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSet:
    """A person (or a rule of ours) asked for a state; kept apart from the actual one, which must not undo it."""

    at: datetime
    person: int
    state: Literal["ready", "paused", "away"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuChosen:
    """The caller's way through the IVR and which recording notice was played."""

    at: datetime
    call: CallId
    path: str
    notice: str
    node: Node = MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class StillLive:
    """After a login: these calls are on the switch (``node``); any other of it that we think open has ended unheard.

    ``legs``: phones that ring or talk for them; any other ring, card or conversation that we think open is over as well.
    """

    at: datetime
    calls: tuple[CallId, ...]
    legs: tuple[ChannelId, ...] = ()
    node: Node = MAIN


Fact = Change | PopSent | PopEnriched | PopReceived | PopEnded | WantedSet | MenuChosen | StillLive

_ADAPTERS: dict[str, TypeAdapter[Fact]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Fact)}


class Torn(ValueError):
    """A line is not whole: it was cut off or damaged."""


def encode(fact: Fact) -> bytes:
    """One line: checksum, a blank, the kind and the fields as ASCII JSON, a line feed."""
    name = type(fact).__name__
    body = json.dumps([name, _ADAPTERS[name].dump_python(fact, mode="json")], ensure_ascii=True, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def decode(line: bytes) -> Fact:
    """Raises Torn unless the line is whole, its checksum right and its kind known."""
    checksum, _, body = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or len(checksum) != 8 or checksum != b"%08x" % zlib.crc32(body):
        raise Torn("cut off or damaged")
    try:
        name, fields = json.loads(body)
        return _ADAPTERS[name].validate_python(fields)
    except (ValueError, KeyError, ValidationError) as wrong:
        raise Torn(f"not a fact of ours: {type(wrong).__name__}") from None
