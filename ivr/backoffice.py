"""Defines what the IVR asks of services: a port, because ivr may not import services and the question must run upwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cti.ids import CallId


@dataclass(frozen=True, slots=True)
class Reception:
    """How a caller is received: queue priority by tier (SPEC C2) and the language to speak (``zh-CN`` or ``en``)."""

    priority: int
    language: str


class BackOffice(Protocol):
    """Answers must come within a fraction of a second; the IVR goes on without them after its own limit."""

    async def receive(self, call: CallId, number: str) -> Reception:
        """How to receive the caller with this number; ``number`` is as the network sent it."""

    async def chosen(self, call: CallId, path: str, notice: str) -> None:
        """Take note of the caller's way through the menu (``1``, ``2``, ``0``, ``none``), and of the recording notice that was
        played.

        ``notice`` is the prompt's id and version, ``notice.1-4f0c…``, or '' if it could not be played. Told once the caller is
        on the way into the queue; a caller who hung up in the IVR is not told of here.
        """
