"""Makes the hold music: a slow broken chord, quiet, to which nobody else has rights."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

_RATE = 8000
_NOTES_HZ = (261.63, 329.63, 392.00, 329.63, 293.66, 349.23, 440.00, 349.23)
_NOTE_SECONDS = 1.25
_LOUDNESS = 2200.0  # of 32767: about -23 dBFS, well below a voice


def write_hold_music(path: Path) -> None:
    """Write the loop as 8 kHz mono WAV, unless the file is there (the operator may have put another in its place)."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.new")
    with wave.open(str(draft), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(b"".join(_note(pitch) for pitch in _NOTES_HZ * 2))
    draft.chmod(0o600)
    draft.replace(path)


def _note(pitch: float) -> bytes:
    moments = np.arange(int(_RATE * _NOTE_SECONDS)) / _RATE
    swell = np.sin(np.pi * moments / _NOTE_SECONDS) ** 2
    tone = np.sin(2 * np.pi * pitch * moments) + 0.3 * np.sin(4 * np.pi * pitch * moments)
    samples: bytes = (tone * swell * _LOUDNESS).astype("<i2").tobytes()
    return samples
