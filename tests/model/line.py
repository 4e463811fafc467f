"""A telephone line, made at random: band, tilt, level, noise, hum, then G.711."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from tests.model.voices import RATE

Floats = npt.NDArray[np.floating]


def g711(sound: Floats, law: str) -> npt.NDArray[np.int16]:
    """What is left of 16-bit values after 8-bit companding, by the continuous law of ITU-T G.711 (``u`` or ``a``)."""
    value = np.clip(sound / 32768, -1, 1)
    size = np.abs(value)
    if law == "u":
        code = np.round(np.log1p(255 * size) / np.log(256) * 127) / 127
        size = np.expm1(code * np.log(256)) / 255
    else:
        a = 87.6
        code = np.where(size < 1 / a, a * size, 1 + np.log(np.maximum(a * size, 1e-9))) / (1 + np.log(a))
        back = np.round(code * 127) / 127 * (1 + np.log(a))
        size = np.where(back < 1, back / a, np.exp(back - 1) / a)
    return np.clip(np.sign(value) * size * 32768, -32768, 32767).astype(np.int16)


def telephone(sound: Floats, rng: np.random.Generator, noise_db: tuple[float, float] = (12, 45)) -> npt.NDArray[np.int16]:
    """The sound at the far end of a random line; ``noise_db``: signal over noise, lowest and highest."""
    low, high = rng.uniform(50, 350), rng.uniform(3000, 3900)
    heard = sosfilt(butter(rng.integers(1, 4), [low, high], "band", fs=RATE, output="sos"), sound.astype(np.float32))
    heard = heard + rng.uniform(-0.5, 0.5) * np.concatenate([[0], heard[:-1]])
    level = 10 ** (rng.uniform(-34, -12) / 20) * 32768
    heard *= level / (np.sqrt(np.mean(heard**2)) + 1)
    noise = _noise(len(heard), rng)
    noise *= level * 10 ** (-rng.uniform(*noise_db) / 20) / (np.sqrt(np.mean(noise**2)) + 1e-9)
    if rng.random() < 0.15:
        noise *= 0  # a clean line: digital silence between words
    return g711(np.clip(heard + noise, -32768, 32767), "ua"[rng.integers(2)])


def _noise(length: int, rng: np.random.Generator) -> Floats:
    noise = rng.standard_normal(length)
    if rng.random() < 0.5:
        noise = sosfilt(butter(1, rng.uniform(200, 1500), fs=RATE, output="sos"), noise)
    if rng.random() < 0.3:
        noise = noise + rng.uniform(0, 2) * np.sin(2 * np.pi * rng.choice([50, 100, 60]) * np.arange(length) / RATE)
    return noise
