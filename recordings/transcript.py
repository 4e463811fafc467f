"""Weaves the words of two channels into one conversation. Pure.

Each side's words are cut into phrases at its own pauses, the phrases of both sides are put in order of time, and what one side
says on without the other coming in between becomes one utterance. Words keep their times and confidences: the player marks them,
and every field of a draft names the words it came from (SPEC C7, C8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from recordings.naming import Role
from recordings.recognizer import UNKNOWN, Phrase, Word

UNSURE = "□"
"""Stands for sound that was none of the model's words: the usual sign for an illegible character. Its confidence is 0."""
PAUSE_S = 0.7  # a silence so long within one side lets the other side in between
BREATH_S = 1.5  # and one so long starts a new utterance of the same side
LONGEST_S = 30.0  # an utterance does not grow beyond this: evidence must stay readable
_LATIN = re.compile(r"[0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one side said before the other did. Seconds from the recording's first sample; ``words`` never empty."""

    speaker: Role
    words: tuple[Word, ...]

    @property
    def start(self) -> float:
        return self.words[0].start

    @property
    def end(self) -> float:
        return self.words[-1].end

    @property
    def text(self) -> str:
        return join(word.text for word in self.words)


def weave(caller: Sequence[Phrase], agent: Sequence[Phrase]) -> list[Utterance]:
    """One conversation out of two channels; [] when nobody was heard saying anything."""
    sides = ((Role.CALLER, caller), (Role.AGENT, agent))
    phrases = [Utterance(role, words) for role, side in sides for phrase in side for words in _cut(_shown(phrase))]
    phrases.sort(key=lambda phrase: (phrase.start, phrase.speaker))
    woven: list[Utterance] = []
    for phrase in phrases:
        if woven and _goes_on(woven[-1], phrase):
            woven[-1] = Utterance(phrase.speaker, woven[-1].words + phrase.words)
        else:
            woven.append(phrase)
    return woven


def _shown(phrase: Phrase) -> Phrase:
    return tuple(Word(UNSURE, word.start, word.end, 0.0) if word.text == UNKNOWN else word for word in phrase)


def _cut(phrase: Phrase) -> list[Phrase]:
    """A phrase in pieces, cut where its speaker paused."""
    cuts = [i for i, (before, after) in enumerate(pairwise(phrase), 1) if after.start - before.end >= PAUSE_S]
    return [phrase[start:end] for start, end in pairwise([0, *cuts, len(phrase)])] if phrase else []


def _goes_on(before: Utterance, after: Utterance) -> bool:
    same = before.speaker is after.speaker
    return same and after.start - before.end < BREATH_S and after.end - before.start <= LONGEST_S


def join(words: Iterable[str]) -> str:
    """Words as people write them: no spaces between Chinese words, one between two Latin words or numbers."""
    text = ""
    for word in words:
        if text and _LATIN.match(text[-1]) and _LATIN.match(word[:1]):
            text += " "
        text += word
    return text


def to_json(utterances: Iterable[Utterance]) -> list[dict[str, Any]]:
    """For the transcript's column and the wire: times to the millisecond, confidences to the hundredth."""
    return [
        {
            "speaker": str(utterance.speaker),
            "start": round(utterance.start, 3),
            "end": round(utterance.end, 3),
            "text": utterance.text,
            "words": [_word_json(word) for word in utterance.words],
        }
        for utterance in utterances
    ]


def _word_json(word: Word) -> dict[str, Any]:
    return {"text": word.text, "start": round(word.start, 3), "end": round(word.end, 3), "conf": round(word.conf, 2)}


def from_json(rows: Iterable[Mapping[str, Any]]) -> list[Utterance]:
    """Read back what to_json made. KeyError, TypeError or ValueError for anything else."""
    return [Utterance(Role(row["speaker"]), tuple(Word(**word) for word in row["words"])) for row in rows]
