"""Tones and G.711, for parties who are told apart by the pitch of their voice."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]

RATE = 8000


def _alaw_table() -> Pcm:
    values = []
    for code in range(256):
        bits = code ^ 0x55
        segment, step = (bits & 0x70) >> 4, (bits & 0x0F) << 4
        size = step + 8 if segment == 0 else (step + 0x108) << (segment - 1)
        values.append(size if bits & 0x80 else -size)
    return np.array(values, dtype=np.int16)


def _ulaw_table() -> Pcm:
    values = []
    for code in range(256):
        bits = ~code & 0xFF
        size = (((bits & 0x0F) << 3) + 0x84 << ((bits & 0x70) >> 4)) - 0x84
        values.append(-size if bits & 0x80 else size)
    return np.array(values, dtype=np.int16)


class Codec(Protocol):
    """What a phone speaks: 20 ms of 8 kHz sound at a time. ``shown`` is its name in SDP, ``clock`` that of its RTP stamps."""

    payload_type: int
    shown: str
    clock: int

    def encode(self, pcm: Pcm) -> bytes: ...
    def decode(self, data: bytes) -> Pcm: ...


class Law:
    """One of the two laws of G.711: a byte per sample."""

    clock = RATE

    def __init__(self, table: Pcm, payload_type: int, name: str) -> None:
        self.payload_type, self.name = payload_type, name
        self.shown = f"{name}/{RATE}"
        self._table = table
        self._order = np.argsort(table, kind="stable")
        levels = table[self._order].astype(np.int32)
        self._middles = (levels[1:] + levels[:-1]) // 2

    def encode(self, pcm: Pcm) -> bytes:
        codes: bytes = self._order[np.searchsorted(self._middles, pcm.astype(np.int32))].astype(np.uint8).tobytes()
        return codes

    def decode(self, data: bytes) -> Pcm:
        return self._table[np.frombuffer(data, dtype=np.uint8)]


ALAW = Law(_alaw_table(), 8, "PCMA")
ULAW = Law(_ulaw_table(), 0, "PCMU")


def tone(hertz: float, seconds: float, *, loudness: float = 8000.0, rate: int = RATE) -> Pcm:
    """A sine of whole periods' worth; ``loudness`` of 32767."""
    moments = np.arange(round(seconds * rate)) / rate
    return (np.sin(2 * np.pi * hertz * moments) * loudness).astype(np.int16)


def share(pcm: Pcm, hertz: float, *, rate: int = RATE) -> float:
    """How much of the sound's energy is this tone: near 1 for the pure tone, 0 for silence or another."""
    if len(pcm) == 0:
        return 0.0
    signal = pcm.astype(np.float64)
    energy = float(np.dot(signal, signal))
    if energy < len(signal) * 100:  # below 10 of 32767: silence
        return 0.0
    turn = np.exp(-2j * np.pi * hertz / rate * np.arange(len(signal)))
    return float(2 * abs(np.dot(signal, turn)) ** 2 / len(signal) / energy)


def level(pcm: Pcm) -> float:
    """Root mean square, of 32767."""
    return float(np.sqrt(np.mean(pcm.astype(np.float64) ** 2))) if len(pcm) else 0.0


def read_wav(path: Path) -> Pcm:
    """A mono 16-bit wav at 8 kHz."""
    with wave.open(str(path), "rb") as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, RATE)
        return np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2").astype(np.int16)
