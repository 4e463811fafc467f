"""Speech by espeak-ng together with the times of its phones: exact labels without any aligner.

Through ctypes, because only the library tells phone times. It keeps global state (one per process) and crashes in the voice
``rob`` at some pitches, which is therefore left out.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from tests.model.layout import SILENCE

RATE = 8_000
VOICE = "cmn-latn-pinyin"
VARIANTS = (
    "",
    *"m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 Alex Alicia Andrea Andy Annie antonio aunty belinda benjamin boris caleb".split(),  # noqa: SIM905
    *"david Denis Diogo ed edward Gene Henrique Hugo John Lee linda marcelo Marco max Michael michel miguel mike pablo".split(),  # noqa: SIM905
    *"paul pedro quincy robert sandro shelby steph steph2 travis victor zac anika adam".split(),  # noqa: SIM905 -- names, as a list
)
HELD_OUT = ("f4", "m6", "Annie", "robert", "victor", "linda")
"""Never trained on: what they say measures understanding of new voices."""
KNOWN = tuple(voice for voice in VARIANTS if voice not in HELD_OUT)
_PHONEME, _ENDS = 7, (5, 6)  # espeak_EVENT_TYPE
_SPEED, _PITCH, _PITCH_RANGE = 1, 3, 4  # espeak_PARAMETER
_CLOSURE_S = 0.08  # a pause that short is the closure of the stop that follows


@dataclass(frozen=True)
class Phone:
    """A phone or pause as it was said; ``word`` is the place of its word, -1 for a pause."""

    word: int
    name: str
    start: float
    end: float


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("uid", ctypes.c_uint),
        ("text_pos", ctypes.c_int),
        ("length", ctypes.c_int),
        ("ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


class Espeak:
    """The library, initialised; one per process."""

    def __init__(self) -> None:
        self._lib = ctypes.CDLL("libespeak-ng.so.1")
        self._rate: int = self._lib.espeak_Initialize(2, 0, None, 1)  # synchronous, with phoneme events
        self._callback = _CALLBACK(self._receive)
        self._lib.espeak_SetSynthCallback(self._callback)
        self._sound: list[bytes] = []
        self._said: list[tuple[int, float, str]] = []

    def _receive(self, wav: int | None, count: int, events: Any) -> int:
        if wav and count > 0:
            self._sound.append(ctypes.string_at(wav, count * 2))
        at = 0
        while (event := events[at]).type:
            if event.type == _PHONEME:
                self._said.append((event.text_pos - 1, event.ms / 1000, event.id.decode()))
            elif event.type in _ENDS:
                self._said.append((-1, event.ms / 1000, "_"))
            at += 1
        return 0

    def say(
        self, words: Sequence[str], variant: str = "m1", *, speed: int = 160, pitch: int = 50, pitch_range: int = 50
    ) -> tuple[npt.NDArray[np.float32], list[Phone]]:
        """Pinyin words (``,`` asks for a pause) -> 16-bit values at 8 kHz, and what was said when."""
        text, places = "", {}
        for place, word in enumerate(words):
            if word != ",":
                places.update({len(text) + offset: place for offset in range(len(word))})
            text += word + " "
        self._synthesise(text, variant, {_SPEED: speed, _PITCH: pitch, _PITCH_RANGE: pitch_range})
        wav = np.frombuffer(b"".join(self._sound), np.int16).astype(np.float32)
        sound = soxr.resample(wav, self._rate, RATE)
        return sound, _phones(self._said, len(sound) / RATE, places)

    def _synthesise(self, text: str, variant: str, parameters: dict[int, int]) -> None:
        self._sound, self._said = [], []
        if self._lib.espeak_SetVoiceByName(f"{VOICE}+{variant}".strip("+").encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {variant}")
        for parameter, value in parameters.items():
            self._lib.espeak_SetParameter(parameter, int(value), 0)
        raw = text.encode("ascii")
        self._lib.espeak_Synth(raw, len(raw) + 1, 0, 1, 0, 1, None, None)


def _phones(said: list[tuple[int, float, str]], end: float, places: dict[int, int]) -> list[Phone]:
    out: list[Phone] = []
    for (position, start, name), (_, stop, _) in zip(said, [*said[1:], (-1, end, "_")], strict=True):
        if stop <= start:
            continue
        if name.startswith("_"):
            out.append(Phone(-1, SILENCE, start, stop))
            continue
        if len(out) > 1 and out[-1].name == SILENCE and out[-1].end - out[-1].start < _CLOSURE_S:
            start = out.pop().start
        plain = re.sub(r"[^A-Za-z0-9@&.;#-]", "", name) + ("i" if "[" in name else "")
        out.append(Phone(places.get(position, -1), plain, start, stop))
    return out
