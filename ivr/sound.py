"""Turns the sound of prompts, recorded by the operator or spoken by espeak-ng, into what the switch plays (wav, 8 kHz, mono, 16
bit).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr

RATE = 8_000  # samples a second: Asterisk's format_wav takes nothing else
MAX_SECONDS = 60.0  # a longer "prompt" is a mistake; it would also keep callers from the queue
_SILENT = 0.003  # of full scale (-50 dB): nothing a caller could hear
_PAUSE = 0.01  # of the peak: softer than that nobody speaks
_LEVEL = 0.1  # of full scale (-20 dB) while speaking: as loud as a person on the line, see ITU-T P.56
_PEAK = 0.7  # of full scale (-3 dB): no clipping after A-law
_LEAD = 0.15  # s of silence before the first word: the first moment after an answer is often cut off
_TAIL = 0.15  # s after the last, so that prompts in a row do not run into each other

Samples = npt.NDArray[np.float32]


class BadSound(ValueError):
    """A file that cannot be used as a prompt; the message says why, for the operator."""


def read(file: Path) -> Samples:
    """A file as mono samples at 8 kHz, not levelled; raises BadSound."""
    try:
        with sf.SoundFile(file) as sound:
            if sound.frames > MAX_SECONDS * sound.samplerate:
                raise BadSound(f"longer than {MAX_SECONDS:.0f} s")
            samples, rate = sound.read(dtype="float32", always_2d=True), sound.samplerate
    except (sf.SoundFileError, OSError) as error:
        raise BadSound("not a sound file") from error
    mono: Samples = samples.mean(axis=1)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE, quality="HQ")
    if not len(mono) or not np.isfinite(mono).all() or np.abs(mono).max() < _SILENT:
        raise BadSound("silent")
    return mono


def levelled(samples: Samples) -> Samples:
    """The same at speaking level, with a little silence at both ends; peaks stay below clipping."""
    peak = float(np.abs(samples).max())
    heard = samples[np.abs(samples) > _PAUSE * peak]
    gain = min(_LEVEL / float(np.sqrt(np.mean(heard**2))), _PEAK / peak)
    return np.concatenate([np.zeros(int(_LEAD * RATE)), samples * gain, np.zeros(int(_TAIL * RATE))]).astype(np.float32)


def write(file: Path, samples: Samples, *, shared: bool = False) -> None:
    """Write whole or not at all: the switch may be playing the file of that name this moment.

    ``shared``: another account's switch plays it, so everybody may read it, as everybody who calls may hear it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.stem}.{os.getpid()}.part")
    try:
        sf.write(part, np.clip(samples, -1.0, 1.0), RATE, subtype="PCM_16", format="WAV")
        part.chmod(0o644 if shared else 0o600)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def seconds(file: Path) -> float | None:
    """Length of a prompt that the switch can play as it is; None if it is not there or not of that form."""
    try:
        info = sf.info(file)
    except (sf.SoundFileError, OSError):
        return None
    fits = (info.format, info.subtype, info.samplerate, info.channels) == ("WAV", "PCM_16", RATE, 1)
    return info.frames / RATE if fits and info.frames else None
