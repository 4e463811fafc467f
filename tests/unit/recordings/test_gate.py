from __future__ import annotations

import numpy as np
import pytest

from recordings.gate import Gate
from tests.harness import speech
from tests.unit.recordings.sounds import RATE, Samples

RNG = np.random.default_rng(1)
T = np.arange(20 * RATE) / RATE


def stretches(sound: Samples, block: int = 10 * RATE) -> list[tuple[float, float]]:
    gate = Gate(RATE)
    for start in range(0, len(sound), block):
        gate.feed(sound[start : start + block])
    return [(first / RATE, last / RATE) for first, last in gate.stretches()]


def as_samples(sound: np.ndarray) -> Samples:
    return np.clip(sound, -32_768, 32_767).astype(np.int16)


NO_SPEECH = {
    "nothing": T[:0],
    "a moment": T[:100],
    "zeros": np.zeros(len(T)),
    "a quiet line": RNG.normal(0, 12, len(T)),
    "loud steady noise": RNG.normal(0, 3_000, len(T)),
    "clipped noise": np.sign(RNG.normal(0, 1, len(T))) * 32_767,
    "bursts of noise": RNG.normal(0, 3_000, len(T)) * np.clip(np.sin(2 * np.pi * 0.7 * T), 0, 1),
    "noise that begins in the middle": RNG.normal(0, 800, len(T)) * (T > 10),
    "hum": 2_000 * np.sin(2 * np.pi * 50 * T) + RNG.normal(0, 20, len(T)),
    "ringing": 6_000 * np.sin(2 * np.pi * 450 * T) * (T % 5 < 1),
    "busy tone": 6_000 * np.sin(2 * np.pi * 450 * T) * (T % 0.7 < 0.35),
    "DTMF": 6_000 * (np.sin(2 * np.pi * 770 * T) + np.sin(2 * np.pi * 1_336 * T)) * (T % 0.4 < 0.12),
    "DTMF on a hissing line": 6_000 * (np.sin(2 * np.pi * 697 * T) + np.sin(2 * np.pi * 1_477 * T)) * (T % 0.3 < 0.1)
    + RNG.normal(0, 100, len(T)),
    "clicks": 20_000 * (RNG.random(len(T)) < 0.0005),
}


@pytest.mark.parametrize("name", NO_SPEECH)
def test_what_is_no_voice_is_not_listened_to(name: str) -> None:
    assert stretches(as_samples(NO_SPEECH[name])) == []


@pytest.mark.parametrize("voice", ["f2", "m3", "f4", "m6", "Annie", "robert", "victor", "linda"])
@pytest.mark.parametrize("text", ["好", "嗯", "五", "是的", "我要投诉，我家的固定电话坏了三天没有人来修"])
def test_every_voice_is_heard_whole_down_to_one_syllable(voice: str, text: str) -> None:
    said = speech.speak(text, voice=voice)
    loud = np.flatnonzero(np.abs(said.astype(int)) > 1_000) / RATE
    line = speech.line_noise(len(said) / RATE + 6).astype(int)
    line[3 * RATE : 3 * RATE + len(said)] += said
    ((first, last),) = stretches(as_samples(line))
    assert first <= 3 + loud[0] - 0.2
    assert last >= 3 + loud[-1] + 0.2
    assert last - first < len(said) / RATE + 1


def test_a_voice_is_heard_over_noise_of_a_tenth_of_its_power() -> None:
    said = speech.speak("我要投诉小灵通乱收费").astype(float)
    noise = RNG.normal(0, np.sqrt(np.mean(said**2) / 10), len(said) + 8 * RATE)
    noise[4 * RATE : 4 * RATE + len(said)] += said
    ((first, last),) = stretches(as_samples(noise))
    assert first < 4.3
    assert last > 3.7 + len(said) / RATE - 0.5


def test_speech_far_apart_is_two_stretches_and_the_silence_between_is_left_out() -> None:
    said = speech.speak("好的谢谢")
    line = np.concatenate([said, speech.line_noise(20), said])
    (a, b), (c, d) = stretches(line)
    assert a == 0
    assert b < len(said) / RATE + 0.5
    assert c > len(said) / RATE + 19
    assert d <= len(line) / RATE


def test_the_size_of_the_blocks_makes_no_difference() -> None:
    sides, _ = speech.converse(speech.DIALOGUES["fault"])
    assert stretches(sides["caller"], 777) == stretches(sides["caller"], 10**9)
