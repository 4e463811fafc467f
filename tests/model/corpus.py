"""The training corpus: features with an exact label for every frame, and held-out wav files with their texts and times."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor  # unlike Pool it fails when a worker dies: espeak-ng can crash
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr

from tests.model.features import mfcc
from tests.model.layout import SILENCE, SPOKEN_NOISE, UNKNOWN, Phones
from tests.model.line import telephone
from tests.model.sentences import LEXICON, sentence, split_words, unknown_word
from tests.model.voices import HELD_OUT, KNOWN, RATE, Espeak, Phone

LINES = 2  # telephone lines per spoken sentence
OWN = (
    "我要投诉 我家的固定电话坏了三天没有人来修",
    "建议你们增加营业时间",
    "我要投诉小灵通信号不好经常掉线",
    "昨天我在营业厅排队两个小时工作人员态度很差",
    "上个月话费多收了五十元请退费",
    "我的电话号码是幺三九五二零零八六四七",
)
"""Held out by hand, not from the templates."""
Labelled = tuple[npt.NDArray[np.float16], npt.NDArray[np.int16]]
_speaker: Espeak | None = None


def speaker() -> Espeak:
    """This process's espeak-ng."""
    global _speaker
    _speaker = _speaker or Espeak()
    return _speaker


def phones_of_lexicon() -> Phones:
    """Every word said alone (its phones do not change in context, tones apart), and the phones that occur."""
    lexicon = {word: [p.name for p in speaker().say([pinyin])[1] if p.word == 0] for word, pinyin in LEXICON.items()}
    return Phones([SILENCE, SPOKEN_NOISE, *sorted({phone for said in lexicon.values() for phone in said})], lexicon)


def render(words: Sequence[str], rng: random.Random, voices: Sequence[str]) -> tuple[npt.NDArray[np.float32], list[Phone]]:
    """Words said in a random voice, speed, pitch and size of throat, with random pauses; phones tell their words' places."""
    pinyin: list[str] = []
    places: list[int] = []
    for place, word in enumerate(words):
        if pinyin and rng.random() < 0.10:
            pinyin.append(",")
            places.append(-1)
        pinyin.append(unknown_word(rng) if word == UNKNOWN else LEXICON[word])
        places.append(place)
    speed, pitch, pitch_range = rng.randint(115, 230), rng.randint(20, 85), rng.randint(20, 80)
    sound, said = speaker().say(pinyin, rng.choice(voices), speed=speed, pitch=pitch, pitch_range=pitch_range)
    stretch = rng.randint(90, 111) / 100  # tape speed: a shorter or longer throat
    sound = soxr.resample(sound, 1, stretch)
    lead, tail = rng.randint(400, 6_000), rng.randint(400, 6_000)
    sound = np.concatenate([np.zeros(lead, np.float32), sound, np.zeros(tail, np.float32)])
    off = lead / RATE
    moved = [Phone(places[p.word] if p.word >= 0 else -1, p.name, p.start * stretch + off, p.end * stretch + off) for p in said]
    return sound, [Phone(-1, SILENCE, 0, off), *moved, Phone(-1, SILENCE, moved[-1].end, len(sound) / RATE)]


def labels(said: list[Phone], phones: Phones, words: Sequence[str], frames: int) -> npt.NDArray[np.int16] | None:
    """A class for each 10 ms frame: 2 * phone, + 1 after its first 30 ms. None if espeak-ng said a word otherwise than alone."""
    for place, word in enumerate(words):
        if word != UNKNOWN and [p.name for p in said if p.word == place] != phones.lexicon[word]:
            return None
    number = {name: i for i, name in enumerate(phones.names)}
    out = np.zeros(frames, np.int16)
    for phone in _with_closures(_merged(said, words)):
        first, last = (max(0, round((t - 0.0125) * 100)) for t in (phone.start, phone.end))  # centres of frames
        out[first:last] = 2 * number[phone.name] + 1
        out[first : first + 3] = 2 * number[phone.name]
    return out


def _merged(said: list[Phone], words: Sequence[str]) -> list[Phone]:
    """Foreign words become one spoken noise each, pauses in a row one pause."""
    out: list[Phone] = []
    for phone in said:
        name = SPOKEN_NOISE if phone.word >= 0 and words[phone.word] == UNKNOWN else phone.name
        last = out[-1] if out else None
        if last and last.name == name and (name == SILENCE or (name == SPOKEN_NOISE and last.word == phone.word)):
            out[-1] = Phone(last.word, name, last.start, phone.end)
        else:
            out.append(Phone(phone.word, name, phone.start, phone.end))
    return out


def _with_closures(phones: list[Phone]) -> list[Phone]:
    """No phone shorter than 45 ms: a stop gets its closure from what came before."""
    out = list(phones)
    for i in range(len(out) - 1, 0, -1):
        start = min(out[i].start, out[i].end - 0.045)
        out[i] = Phone(out[i].word, out[i].name, start, out[i].end)
        out[i - 1] = Phone(out[i - 1].word, out[i - 1].name, out[i - 1].start, start)
    return out


def _train_item(job: tuple[int, Phones]) -> tuple[list[str], list[Labelled]]:
    seed, phones = job
    rng = random.Random(seed)
    words = sentence(rng)
    if rng.random() < 0.10:
        words.insert(rng.randint(0, len(words)), UNKNOWN)
    sound, said = render(words, rng, KNOWN)
    out: list[Labelled] = []
    for line in range(LINES):
        features = mfcc(telephone(sound, np.random.default_rng(seed * 10 + line)))
        classes = labels(said, phones, words, len(features))
        if classes is None:
            return words, []
        out.append((features.astype(np.float16), classes))
    return words, out


def make(folder: Path, phones: Phones, *, train: int, test: int) -> Iterator[str]:
    """Write ``train.npz`` (train sentences, two lines each) and ``test/*.wav`` with ``test.json``. Yields progress."""
    (folder / "test").mkdir(parents=True, exist_ok=True)
    texts: set[str] = set()
    labelled: list[Labelled] = []
    with ProcessPoolExecutor(2) as pool:
        jobs = ((seed, phones) for seed in range(train))
        for done, (words, items) in enumerate(pool.map(_train_item, jobs, chunksize=20), 1):
            texts.add(" ".join(words))
            labelled += items
            if done % 200 == 0:
                yield f"{done} of {train} sentences"
    if labelled:
        features, classes = (np.concatenate(parts) for parts in zip(*labelled, strict=True))
        np.savez(folder / "train.npz", feats=features, labs=classes)
        yield f"{len(features) / 360_000:.2f} h of sound to train on"
    yield f"{_make_test(folder, texts, test)} files to test with"


def _make_test(folder: Path, texts: set[str], count: int) -> int:
    rng = random.Random(10**6)
    held = [split_words(text) for text in OWN]
    while len(held) < count:
        words = sentence(rng, salad=0)
        if " ".join(words) not in texts and words not in held:
            held.append(words)
    manifest = []
    for number, words in enumerate(held):
        for kind, voices in (("known", KNOWN), ("new", HELD_OUT)):
            sound, said = render(words, rng, voices)
            name = f"{number:03d}-{kind}.wav"
            sf.write(folder / "test" / name, telephone(sound, np.random.default_rng(10**7 + number), (15, 45)), RATE)
            manifest.append({"wav": name, "voice": kind, "text": " ".join(words), "times": _times(said, len(words))})
    (folder / "test.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=0), "utf-8")
    return len(manifest)


def _times(said: list[Phone], words: int) -> list[tuple[float, float]]:
    spans = [[phone for phone in said if phone.word == place] for place in range(words)]
    return [(min(p.start for p in span), max(p.end for p in span)) for span in spans]
