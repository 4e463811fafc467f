"""Codecs beyond G.711, for callers who speak nothing else: G.722 and Opus for real, G.729 by name alone.

Each speaks and hears 8 kHz like everything in these tests; a phone needs one of its own, for they remember what came before.
"""

from __future__ import annotations

import av
import numpy as np
import soxr

from tests.harness.tones import RATE, Pcm


class Wide:
    """A codec of FFmpeg's, 20 ms a frame."""

    def __init__(self, name: str, rate: int, payload_type: int, shown: str, clock: int) -> None:
        self.payload_type, self.shown, self.clock = payload_type, shown, clock
        self._rate = rate
        self._encoder, self._decoder = (self._context(name, rate, mode) for mode in "wr")
        self._up, self._down = soxr.ResampleStream(RATE, rate, 1, "int16"), soxr.ResampleStream(rate, RATE, 1, "int16")
        self._waiting = np.zeros(0, dtype=np.int16)

    @staticmethod
    def _context(name: str, rate: int, mode: str) -> av.AudioCodecContext:
        context = av.CodecContext.create(name, mode)
        context.sample_rate, context.layout, context.format = rate, "mono", "s16"  # type: ignore[attr-defined]
        return context  # type: ignore[return-value]

    def encode(self, pcm: Pcm) -> bytes:
        """20 ms. The resampler is late by a few milliseconds: silence goes before them."""
        self._waiting = np.concatenate([self._waiting, self._up.resample_chunk(pcm)])
        size = self._rate // 50
        missing = np.zeros(max(0, size - len(self._waiting)), dtype=np.int16)
        sound, self._waiting = np.concatenate([missing, self._waiting[:size]]), self._waiting[size:]
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self._rate
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame))

    def decode(self, data: bytes) -> Pcm:
        heard = [frame.to_ndarray().reshape(-1) for frame in self._decoder.decode(av.Packet(data))]
        return np.concatenate([np.zeros(0, dtype=np.int16), *(self._down.resample_chunk(part) for part in heard)])


def g722() -> Wide:
    """16 kHz of sound; RFC 3551 has its clock run at 8 kHz."""
    return Wide("g722", 16_000, 9, "G722/8000", 8_000)


def opus() -> Wide:
    """By the payload type that Asterisk gives it, so that no phone here needs to translate those."""
    return Wide("libopus", 48_000, 107, "opus/48000/2", 48_000)


class Unspoken:
    """A codec that is offered and never heard."""

    clock = 8_000

    def __init__(self, payload_type: int, shown: str) -> None:
        self.payload_type, self.shown = payload_type, shown

    def encode(self, pcm: Pcm) -> bytes:
        return b""

    def decode(self, data: bytes) -> Pcm:
        return np.zeros(0, dtype=np.int16)


G729 = Unspoken(18, "G729/8000")
DVI4 = Unspoken(5, "DVI4/8000")
