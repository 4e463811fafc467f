"""G10: our crew of two children beside ``vosk-transcriber``, the same recordings, the same model.

Two kinds of recordings: calls as they are (each side is silent while the other speaks), and talk without pauses, where leaving
silence out gains nothing. The peer takes mono files, so it gets each channel as a file of its own, and both get the same sound.
Starting, loading the model and reading the files are inside both figures, and so is our own process. Rounds alternate; the ratio
is the median of theirs. What leaving silence out costs is a row of its own: characters wrong of those that were said.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import soundfile as sf

from recordings.crew import Crew, Heard, Limits
from recordings.models import DEMONSTRATION
from tests.harness import speech

ROUNDS = 5
FILES = 12
REPEAT = 6  # each file says its dialogue so often: about two and a half minutes
GAP = {"calls": 0.6, "unbroken talk": 0.0}
Progress = Callable[[str], None]
Texts = dict[str, str]


@dataclass(frozen=True)
class Run:
    """One contender, one round: what it cost and what it wrote, by ``<file>-<channel>``."""

    wall: float
    cpu: float
    texts: Texts


def run(progress: Progress) -> list[dict[str, object]]:
    """Both kinds, three figures each; one row that says so if the peer cannot run here."""
    peer = shutil.which("vosk-transcriber", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if peer is None or shutil.which("ffmpeg") is None:
        return [_row("not run: vosk-transcriber needs ffmpeg on PATH", "-", "-", "-", "-")]
    rows = []
    for kind in GAP:
        with tempfile.TemporaryDirectory() as folder:
            seconds = _make(Path(folder), kind)
            rounds = []
            for number in range(ROUNDS):
                progress(f"G10 {kind}: round {number + 1} of {ROUNDS}, {seconds:.0f} s of sound on two channels")
                made = {which: _ours(Path(folder)) if which == "ours" else _peers(Path(folder), peer) for which in _order(number)}
                rounds.append((made["ours"], made["peer"]))
            rows += _rows(kind, 2 * seconds, rounds)
    return rows


def _order(number: int) -> tuple[str, str]:
    return ("ours", "peer") if number % 2 == 0 else ("peer", "ours")


def _make(folder: Path, kind: str) -> float:
    """Stereo recordings for us, the same channels as mono files for the peer. Seconds of one channel in all."""
    seconds = 0.0
    (folder / "mono").mkdir()
    for number in range(FILES):
        name = sorted(speech.DIALOGUES)[number % len(speech.DIALOGUES)]
        lines = speech.DIALOGUES[name] * REPEAT
        sides = _unbroken(lines) if kind == "unbroken talk" else speech.converse(lines, gap=GAP[kind])[0]
        both = np.stack([sides["caller"], sides["agent"]], axis=1)
        sf.write(folder / f"{number:02d}.flac", both, speech.RATE)
        for channel in (0, 1):
            sf.write(folder / "mono" / f"{number:02d}-{channel}.wav", both[:, channel], speech.RATE)
        seconds += len(both) / speech.RATE
    return seconds


def _unbroken(lines: tuple[speech.Line, ...]) -> dict[speech.Speaker, speech.Samples]:
    """Both sides talk all the time, each only its own lines; the shorter one is cut to be as long as the other."""
    talk = {
        who: np.concatenate([speech.speak(s.text, voice=v) for s in lines if s.speaker == who])
        for who, v in speech.VOICES.items()
    }
    shortest = min(map(len, talk.values()))
    return {who: sound[:shortest] + speech.line_noise(shortest / speech.RATE)[:shortest] for who, sound in talk.items()}


def _ours(folder: Path) -> Run:
    cpu, wall = _cpu(), time.perf_counter()
    heard = asyncio.run(_transcribe(sorted(folder.glob("*.flac"))))
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    return Run(wall, cpu, {f"{name}-{side}": _text(told, side) for name, told in heard.items() for side in (0, 1)})


async def _transcribe(paths: list[Path]) -> dict[str, Heard]:
    async with Crew(DEMONSTRATION, workers=2, limits=Limits(niceness=0)) as crew, asyncio.TaskGroup() as group:
        jobs = {path.stem: group.create_task(crew.transcribe(path), name=path.stem) for path in paths}
    return {name: job.result() for name, job in jobs.items()}


def _text(heard: Heard, side: int) -> str:
    return "".join(word.text for phrase in heard.channels[side] for word in phrase)


def _peers(folder: Path, program: str) -> Run:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    cpu, wall = _cpu(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [program, "-m", str(DEMONSTRATION), "-i", str(folder / "mono"), "-o", str(out), "-t", "txt", "--log-level", "ERROR"]
    subprocess.run(command, check=True, capture_output=True)
    wall, cpu = time.perf_counter() - wall, _cpu(resource.RUSAGE_CHILDREN) - cpu
    return Run(wall, cpu, {path.stem: "".join(path.read_text("utf-8").split()) for path in out.iterdir()})


def _cpu(*whose: int) -> float:
    """Seconds computed by this process and its ended children, or by those named."""
    used = [resource.getrusage(who) for who in whose or (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _errors(texts: Texts) -> float:
    """Characters written down wrong, left out or invented, per hundred that were said."""
    wrong = said = 0
    for name, text in texts.items():
        number, channel = name.split("-")
        lines = speech.DIALOGUES[sorted(speech.DIALOGUES)[int(number) % len(speech.DIALOGUES)]]
        speaker = ("caller", "agent")[int(channel)]
        truth = "".join(c for line in lines if line.speaker == speaker for c in line.text if c.isalnum()) * REPEAT
        wrong, said = wrong + _distance(truth, text), said + len(truth)
    return 100 * wrong / said


def _distance(one: str, other: str) -> int:
    """Levenshtein's."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        corner, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (a != b))
    return row[-1]


def _rows(kind: str, seconds: float, rounds: list[tuple[Run, Run]]) -> list[dict[str, object]]:
    rows = []
    for name, cost in (("CPU second", lambda r: r.cpu), ("second, 2 workers", lambda r: r.wall)):
        ours, peers = (statistics.median(seconds / cost(pair[side]) for pair in rounds) for side in (0, 1))
        ratio = statistics.median(cost(peer) / cost(our) for our, peer in rounds)
        rows.append(
            _row(f"{kind}: sound per {name}", round(ours, 1), round(peers, 1), f"s per {name.split(',')[0]}", round(ratio, 3))
        )
    same = min(sum(our.texts[name] == peer.texts.get(name) for name in our.texts) / len(our.texts) for our, peer in rounds)
    rows.append(_row(f"{kind}: channels written down the same", round(same, 3), 1.0, "share", round(same, 3)))
    if kind != "unbroken talk":  # there what was said is cut off somewhere
        ours, peers = (statistics.median(_errors(pair[side].texts) for pair in rounds) for side in (0, 1))
        ratio = round(peers / ours, 3) if ours else 1.0
        rows.append(_row(f"{kind}: characters wrong of a hundred said; peer/ours", round(ours, 3), round(peers, 3), "%", ratio))
    return rows


def _row(name: str, ours: object, peer: object, unit: str, ratio: object) -> dict[str, object]:
    versions = {"vosk": version("vosk"), "soundfile": version("soundfile"), "soxr": version("soxr"), "model": DEMONSTRATION.name}
    return {"goal": "G10", "name": name, "ours": ours, "peer": peer, "unit": unit, "ratio": ratio, "versions": versions}
