"""Finds the stretches of a channel in which somebody speaks, before the recogniser hears anything.

A recogniser given silence, line noise or a dial tone invents words; given only the stretches in which somebody
speaks it invents nothing and is faster. Speech is what

* rises above its own surroundings: the floor is taken from the nearest few seconds, so a steady hiss or hum of any loudness is
  floor;
* is not a tone: DTMF, ringing and beeps hold nearly all their energy in two lines of the spectrum, a voice does not;
* has a voice's pitch somewhere: bursts of noise, clicks and knocks have none.

Music is not told from speech: on a party's own receive side there is none, hold music is on the other side.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FRAME_S = 0.03
LOUDEST_FLOOR_DB = -55.0  # dB of full scale: quieter is never speech on a telephone line
ABOVE_FLOOR_DB = 7.0
FLOOR_S = 3.0  # in so many seconds every speaker breathes
FLOOR_SHARE = 0.1  # the quietest tenth of them is floor
TONE_SHARE = 0.97  # of a frame's energy in two spectral lines
TONE_RUN = 0.5  # of a run of loud frames: their edges are no clean tone
VOICED = 0.55  # of a frame's energy repeats at the pitch; of noise it is about 0.25
PITCH_HZ = (70, 400)
VOICED_S = 0.09  # less voice than that in a stretch is chance
BRIDGE_S = 1.2  # pauses that long belong to the stretch: the recogniser finds the ends of sentences itself
PAD_S = 0.4  # heard before and after, for soft beginnings and the recogniser's own context
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Gate:
    """Feed a channel in order in blocks of any size, then ask for the stretches. Grows by 270 bytes a second."""

    rate: int
    _levels: list[Floats] = field(default_factory=list)
    _tones: list[Bools] = field(default_factory=list)
    _voices: list[Bools] = field(default_factory=list)
    _rest: npt.NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    _seen: int = 0

    @property
    def _frame(self) -> int:
        return round(FRAME_S * self.rate)

    def feed(self, block: npt.NDArray[np.int16]) -> None:
        """Take the next samples of the channel."""
        self._seen += len(block)
        samples = np.concatenate([self._rest, block])
        whole = len(samples) // self._frame * self._frame
        self._rest = samples[whole:]
        frames = np.divide(samples[:whole].reshape(-1, self._frame), 32768, dtype=np.float32)
        level = (10 * np.log10(np.square(frames).mean(axis=1) + 1e-10)).astype(np.float32)
        tone, voice = np.zeros(len(frames), np.bool_), np.zeros(len(frames), np.bool_)
        loud = level > LOUDEST_FLOOR_DB
        tone[loud], voice[loud] = _tonal(frames[loud]), _voiced(frames[loud], self.rate)
        self._levels.append(level)
        self._tones.append(tone)
        self._voices.append(voice)

    def stretches(self) -> list[tuple[int, int]]:
        """(first, last) samples of what to listen to, in order, apart from each other; [] is "no speech"."""
        if self._seen < self._frame:
            return []
        level = np.concatenate(self._levels)
        tone, voice = np.concatenate(self._tones), np.concatenate(self._voices)
        active = _without_tones(level > np.maximum(_floor(level) + ABOVE_FLOOR_DB, LOUDEST_FLOOR_DB), tone)
        voiced = active & voice & ~tone
        grouped = _groups(np.flatnonzero(active), round(BRIDGE_S / FRAME_S))
        spoken = [(first, last) for first, last in grouped if np.count_nonzero(voiced[first:last]) >= VOICED_S / FRAME_S]
        return _padded(spoken, round(PAD_S / FRAME_S), self._frame, self._seen)


def _tonal(frames: Floats) -> Bools:
    """True for frames whose energy lies in at most two lines of the spectrum, each with its neighbours."""
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]), axis=1)))
    total = power.sum(axis=1) + 1e-12
    rows, held = np.arange(len(power)), np.zeros(len(power))
    for _ in range(2):
        top = power.argmax(axis=1)
        for shift in (-2, -1, 0, 1, 2):
            column = np.clip(top + shift, 0, power.shape[1] - 1)
            held += power[rows, column]
            power[rows, column] = 0
    return np.asarray(held / total > TONE_SHARE)


def _voiced(frames: Floats, rate: int) -> Bools:
    """True for frames that repeat themselves at a voice's pitch: normalised autocorrelation."""
    size = frames.shape[1]
    first, last = rate // PITCH_HZ[1], min(rate // PITCH_HZ[0], size * 3 // 5)
    centred = frames - frames.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * size, axis=1)
    products = np.fft.irfft(np.square(np.abs(spectrum)), axis=1)[:, first : last + 1]
    energy = np.pad(np.cumsum(np.square(centred, dtype=np.float64), axis=1), ((0, 0), (1, 0)))
    lags = np.arange(first, last + 1)
    head, tail = energy[:, size - lags], energy[:, -1:] - energy[:, lags]
    return np.asarray((products / np.sqrt(head * tail + 1e-12)).max(axis=1, initial=0) > VOICED)


def _without_tones(active: Bools, tone: Bools) -> Bools:
    """Runs of loud frames that are tones for a good part are no speech."""
    kept = active.copy()
    for first, last in _groups(np.flatnonzero(active), 1):
        if np.count_nonzero(tone[first:last]) >= TONE_RUN * (last - first):
            kept[first:last] = False
    return kept


def _floor(level: Floats) -> Floats:
    """The quietest tenth of the seconds around each frame, looked at every half second."""
    hop, around = round(0.5 / FRAME_S), round(FLOOR_S / FRAME_S / 2)
    centres = np.arange(0, len(level), hop)
    floors = [np.quantile(level[max(0, c - around) : c + around + 1], FLOOR_SHARE) for c in centres]
    return np.interp(np.arange(len(level)), centres, floors).astype(np.float32)


def _groups(active: npt.NDArray[np.intp], bridge: int) -> list[tuple[int, int]]:
    if not len(active):
        return []
    breaks = np.flatnonzero(np.diff(active) > bridge)
    firsts = active[np.concatenate([[0], breaks + 1])]
    lasts = active[np.concatenate([breaks, [len(active) - 1]])] + 1
    return [(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]


def _padded(groups: list[tuple[int, int]], pad: int, frame: int, total: int) -> list[tuple[int, int]]:
    """Samples; pads never overlap because groups are further apart than two of them."""
    return [(max(0, first - pad) * frame, min(total, (last + pad) * frame)) for first, last in groups]
