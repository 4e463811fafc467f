"""How well a model understands the held-out files of a corpus: character errors by kind of voice, word times, speed."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import soundfile as sf

from recordings.recognizer import Word
from recordings.worker import VoskRecognizer, listen, load, model_rate


def edits(wanted: str, came: str) -> int:
    """Levenshtein distance in characters."""
    row = list(range(len(came) + 1))
    for i, a in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(came, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def check(model: Path, corpus: Path) -> Iterator[str]:
    """Yields what was measured, a sentence a line."""
    kaldi, rate = load(model), model_rate(model)
    wrong, total, off = Counter[str](), Counter[str](), []
    sound = cpu = 0.0
    for item in json.loads((corpus / "test.json").read_text("utf-8")):
        path = corpus / "test" / item["wav"]
        sound += sf.info(path).duration
        began = time.process_time()
        words = list(chain.from_iterable(listen(path, 0, VoskRecognizer(kaldi, rate), lambda _: None)))
        cpu += time.process_time() - began
        wanted, came = item["text"].replace(" ", ""), "".join(word.text for word in words)
        wrong[item["voice"]] += edits(wanted, came)
        total[item["voice"]] += len(wanted)
        if wanted == came:
            off += _errors(words, item["times"])
        else:
            yield f"wanted {wanted}\n  came {came}"
    for voice, count in total.items():
        yield f"{voice} voices: {100 * wrong[voice] / count:.2f} % of {count} characters wrong"
    if off:
        yield f"word times: median error {statistics.median(off) * 1000:.0f} ms"
    yield f"{sound:.0f} s of sound in {cpu:.1f} s of processor time"


def _errors(words: list[Word], times: list[tuple[float, float]]) -> list[float]:
    return [
        abs(came - wanted)
        for word, span in zip(words, times, strict=False)
        for came, wanted in zip((word.start, word.end), span, strict=True)
    ]
