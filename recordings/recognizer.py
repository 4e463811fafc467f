"""Defines what the worker asks of a speech recogniser: sound in at the model's own rate, words with times out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

UNKNOWN = "[unk]"  # Vosk's word for sound that is none of its words


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the model's vocabulary; seconds from the first sample of the channel; ``conf`` 0..1."""

    text: str
    start: float
    end: float
    conf: float


Phrase = tuple[Word, ...]
"""Words that the recogniser took for one utterance: up to a pause it decided on. Never empty."""


class Recognizer(Protocol):
    """One stretch of sound after the other; times count from the first sample ever fed."""

    rate: int

    def feed(self, pcm: bytes) -> list[Phrase]:
        """Take 16-bit little-endian mono samples; the phrases that ended with them."""

    def finish(self) -> list[Phrase]:
        """The stretch is over: whatever was still open. Feeding may go on with the next stretch."""
