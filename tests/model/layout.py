"""What training, export and graph must agree on: features, network shape, phones and their numbers in Kaldi."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MFCC_CONF: dict[str, int | str] = {
    "use-energy": "false",
    "sample-frequency": 8_000,
    "num-mel-bins": 32,
    "num-ceps": 32,
    "low-freq": 60,
    "high-freq": 3_800,
    "dither": 0,
    "allow-upsample": "true",
}
DIM = 32  # numbers per frame: num-ceps

LAYERS = ((5, 1), (3, 1), (3, 3), (3, 3), (3, 3), (3, 6))
"""(taps, spacing in input frames); after the first layer only every third frame is computed: output frames are 30 ms, which
vosk has built into its code."""
CONTEXT = sum((taps - 1) // 2 * step for taps, step in LAYERS)

SILENCE, SPOKEN_NOISE, UNKNOWN = "SIL", "SPN", "[unk]"
"""SILENCE is Kaldi's phone 1 (conf/model.conf says so); UNKNOWN, a word, is one phone of its own, trained on foreign words."""

PHONES_FILE = Path(__file__).parent / "phones.json"


@dataclass(frozen=True)
class Phones:
    """espeak-ng's phones (tones apart) in the order of the acoustic model, and how each word is said."""

    names: list[str]
    lexicon: dict[str, list[str]]


def read_phones() -> Phones:
    """The phones of the committed acoustic model: the graph can be built anew without espeak-ng."""
    content = json.loads(PHONES_FILE.read_text("utf-8"))
    return Phones(content["phones"], content["lexicon"])


def write_phones(phones: Phones) -> None:
    """Replace phones.json: the acoustic model must then be trained again."""
    content = {"phones": phones.names, "lexicon": phones.lexicon}
    PHONES_FILE.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("],", "],\n") + "\n", "utf-8")


def position_phones(names: list[str]) -> list[tuple[str, int, str]]:
    """Kaldi's phones, numbered from 1: silence, spoken noise, then each other as _B _I _E _S. (name, base index, boundary).

    The four forms share their sound; vosk needs them for exact word times only.
    """
    out: list[tuple[str, int, str]] = []
    for base, name in enumerate(names):
        if name == SILENCE:
            out.append((name, base, "nonword"))
        elif name == SPOKEN_NOISE:
            out.append((name, base, "singleton"))
        else:
            forms = (("_B", "begin"), ("_I", "internal"), ("_E", "end"), ("_S", "singleton"))
            out += [(name + suffix, base, boundary) for suffix, boundary in forms]
    return out
