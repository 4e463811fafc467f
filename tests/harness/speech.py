"""Spoken Mandarin for callers and agents that are not there: Chinese text -> 8 kHz telephone sound, by the espeak-ng program.

Only words of tests/model/lexicon.txt can be said, because the demonstration model understands no others. espeak-ng 1.51 reads
Han characters as English letters in its ``cmn`` voice, therefore it is given pinyin in ``cmn-latn-pinyin``. The program is
called, not the library: in one voice (``rob``) it crashes, which here is a failed call and not a dead test run.
"""

from __future__ import annotations

import io
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr

from tests.model.sentences import pinyin

RATE = 8_000  # samples per second: the telephone line and the demonstration model
LOUDNESS = 0.4  # espeak-ng's full scale is too hot for a line
HISS = 12.0  # standard deviation in 16-bit steps: a line is never digitally silent
Law = Literal["u", "a", "none"]
Speaker = Literal["caller", "agent"]
Samples = npt.NDArray[np.int16]
VOICES: dict[Speaker, str] = {"caller": "f2", "agent": "m3"}
"""Two voices that differ to the ear; every voice variant of espeak-ng can be asked for by name."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one side says; the other side is silent meanwhile."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line as it was spoken: seconds from the start of the dialogue's two files."""

    speaker: Speaker
    text: str
    start: float
    end: float


GREETING = "您好，请问有什么可以帮您"
DIALOGUES: dict[str, tuple[Line, ...]] = {
    # kind complaint, business fixed telephone, nature fault repair
    "fault": (
        Line("agent", GREETING),
        Line("caller", "我要投诉，我家的固定电话坏了三天没有人来修"),
        Line("agent", "请问您的电话号码是多少"),
        Line("caller", "我的号码是八六四二零一三五"),
        Line("agent", "好的，我帮您登记一下，我们的维修人员明天上门维修"),
        Line("caller", "好的谢谢"),
    ),
    # kind complaint, business wireless local telephone, nature tariff
    "tariff": (
        Line("agent", GREETING),
        Line("caller", "我要投诉小灵通乱收费，上个月的话费多收了五十元"),
        Line("agent", "请稍等，我帮您查询一下"),
        Line("caller", "请你们核实一下，尽快退费"),
        Line("agent", "好的，我们会尽快处理"),
        Line("caller", "谢谢再见"),
    ),
    # kind suggestion
    "suggestion": (
        Line("agent", GREETING),
        Line("caller", "建议你们增加营业时间"),
        Line("agent", "谢谢您的建议，我们会改进"),
        Line("caller", "不客气再见"),
    ),
}
AGENT_LINES = (
    GREETING,
    "请问您的电话号码是多少",
    "好的，请稍等，我帮您查询一下",
    "好的，我帮您登记一下",
    "我们会尽快处理",
    "我们的维修人员明天上门维修",
    "对不起，我们尽快帮您处理",
    "谢谢您的建议，我们会改进",
    "不客气再见",
)


def speak(text: str, *, voice: str = "f2", speed: int = 150, pitch: int = 50) -> Samples:
    """The bare words at 8 kHz. ValueError names a word outside the lexicon; CalledProcessError if espeak-ng fails."""
    words = " ".join(pinyin(text))
    command = ["espeak-ng", "-v", f"cmn-latn-pinyin+{voice}", "-s", str(speed), "-p", str(pitch), "--stdout", words]
    said = subprocess.run(command, check=True, capture_output=True, timeout=60)
    sound, rate = sf.read(io.BytesIO(said.stdout), dtype="float32")
    return _to_int16(soxr.resample(sound, rate, RATE) * LOUDNESS)


def line_noise(seconds: float, seed: int = 0) -> Samples:
    """A quiet line: what is heard while nobody speaks."""
    return np.random.default_rng(seed).normal(0, HISS, round(seconds * RATE)).astype(np.int16)


def companded(sound: Samples, law: Law) -> Samples:
    """What is left of the sound after G.711 (``none``: untouched)."""
    if law == "none":
        return sound
    return np.asarray(sf.read(io.BytesIO(g711(sound, law)), dtype="int16", **_raw(law))[0])


def g711(sound: Samples, law: Law) -> bytes:
    """One byte per sample, no header: what SIPp's rtp_stream sends as payload 0 (u) or 8 (a)."""
    out = io.BytesIO()
    sf.write(out, sound, format="RAW", samplerate=RATE, subtype=f"{law.upper()}LAW")
    return out.getvalue()


def say(
    text: str,
    path: Path | str,
    *,
    voice: str = "f2",
    law: Law = "u",
    speed: int = 150,
    pitch: int = 50,
    lead: float = 0.5,
    tail: float = 0.8,
    rate: int = RATE,
) -> float:
    """Write ``text`` as a 16-bit mono wav (``rate`` other than 8 000 for browsers' fake microphones); its seconds come back."""
    words = np.concatenate([np.zeros(round(lead * RATE), np.int16), speak(text, voice=voice, speed=speed, pitch=pitch)])
    sound = np.concatenate([words, np.zeros(round(tail * RATE), np.int16)])
    noisy = np.clip(sound.astype(np.int32) + line_noise(len(sound) / RATE)[: len(sound)], -32768, 32767).astype(np.int16)
    write(path, companded(noisy, law), rate=rate)
    return len(noisy) / RATE


def write(path: Path | str, sound: Samples, *, rate: int = RATE) -> None:
    """Write 8 kHz sound as a 16-bit wav of ``rate``."""
    at_rate = sound if rate == RATE else soxr.resample(sound, RATE, rate)
    sf.write(path, at_rate, rate, subtype="PCM_16", format="WAV")


def converse(lines: tuple[Line, ...], *, gap: float = 0.6, lead: float = 0.5) -> tuple[dict[Speaker, Samples], list[Spoken]]:
    """Both sides of a conversation, equally long and in step: each is line noise while the other speaks."""
    spoken: list[Spoken] = []
    parts: list[tuple[Line, Samples]] = []
    at = lead
    for line in lines:
        sound = speak(line.text, voice=VOICES[line.speaker])
        spoken.append(Spoken(line.speaker, line.text, at, at + len(sound) / RATE))
        parts.append((line, sound))
        at += len(sound) / RATE + gap
    sides = {speaker: line_noise(at + lead, seed).astype(np.int32) for seed, speaker in enumerate(VOICES)}
    for (line, sound), when in zip(parts, spoken, strict=True):
        start = round(when.start * RATE)
        sides[line.speaker][start : start + len(sound)] += sound
    return {speaker: np.clip(side, -32768, 32767).astype(np.int16) for speaker, side in sides.items()}, spoken


def write_dialogue(name: str, folder: Path, *, law: Law = "u", rate: int = RATE) -> tuple[Path, Path, list[Spoken]]:
    """``<folder>/<name>_caller.wav`` and ``…_agent.wav`` of a ready dialogue, in step, and what is said when."""
    sides, spoken = converse(DIALOGUES[name])
    paths: dict[Speaker, Path] = {speaker: folder / f"{name}_{speaker}.wav" for speaker in VOICES}
    for speaker, path in paths.items():
        write(path, companded(sides[speaker], law), rate=rate)
    return paths["caller"], paths["agent"], spoken


def _raw(law: Law) -> dict[str, object]:
    return {"format": "RAW", "samplerate": RATE, "channels": 1, "subtype": f"{law.upper()}LAW"}


def _to_int16(sound: npt.NDArray[np.float32]) -> Samples:
    return np.clip(sound * 32767, -32768, 32767).astype(np.int16)
