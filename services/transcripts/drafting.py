"""Fills the fields of a draft from the words of its call (SPEC C7, S2, S3). Pure: utterances and lexicon in, fillings out.

Nothing is invented: every filled field carries the words that filled it. Where the words are too few, too unsure or point
both ways, the field stays empty, is marked unsure, and what was likeliest is only proposed. Silence fills nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal, Protocol

from recordings.transcript import UNSURE
from services.classes.model import Hit, Lexicon, simplified
from services.tickets.model import Evidence, Filling, Source
from services.transcripts.digits import digits, is_telephone, runs, written

HOLE = UNSURE  # sound that was none of the model's words: no term is found across it

ENOUGH = 0.9  # points: one word of weight 1, well heard
CLEARLY = 1.5  # times as many as the next class
AGENT_SHARE = 0.35  # what the agent says ("投诉还是建议?") counts less than the caller's words
WORD_CONF = 0.6  # a quotation less sure than this settles nothing
DIGIT_CONF = 0.8  # one wrong digit spoils a number
TEXT_CONF = 0.6  # the caller's words as a whole
PROPOSE = 0.3  # points below which not even a proposal is made
BREATH_S = 3.0  # a number may be said with pauses of this length
QUOTES = 20  # quotations kept for a long description

_NEGATIONS = ("不是", "不想", "不用", "没想", "不需要")

Speaker = Literal["caller", "agent"]


class Word(Protocol):
    """A word as recognised; seconds; ``conf`` from 0 to 1."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def conf(self) -> float: ...


class Utterance(Protocol):
    """What one side said without a longer pause."""

    @property
    def speaker(self) -> str: ...
    @property
    def words(self) -> Sequence[Word]: ...


@dataclass(frozen=True, slots=True)
class _Line:
    """An utterance as one string of simplified characters; ``word_at`` leads from each back to its word."""

    speaker: Speaker
    text: str
    shown: str
    word_at: tuple[int, ...]
    words: tuple[Word, ...]

    def evidence(self, start: int, end: int) -> Evidence:
        """The whole words under these characters."""
        first, last = self.word_at[start], self.word_at[end - 1]
        under = self.words[first : last + 1]
        places = [i for i, word in enumerate(self.word_at) if first <= word <= last]
        quote = self.shown[places[0] : places[-1] + 1]
        return Evidence(quote, self.speaker, under[0].start, under[-1].end, round(fmean(word.conf for word in under), 3))


@dataclass(slots=True)
class _Points:
    """The points for one class: of each term the best hearing."""

    terms: dict[str, tuple[float, Evidence]] = field(default_factory=dict)

    def add(self, hit: Hit, evidence: Evidence) -> None:
        points = hit.weight * evidence.conf * (1.0 if evidence.speaker == "caller" else AGENT_SHARE)
        if hit.term not in self.terms or points > self.terms[hit.term][0]:
            self.terms[hit.term] = (points, evidence)

    @property
    def total(self) -> float:
        return sum(points for points, _ in self.terms.values())

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The quotations, the strongest first."""
        return tuple(evidence for _, evidence in sorted(self.terms.values(), key=lambda pair: -pair[0]))


def draft(utterances: Sequence[Utterance], lexicon: Lexicon, *, kind: str | None = None) -> tuple[Filling, ...]:
    """The fillings of a draft. ``kind``: what it is already (the caller's choice in the IVR), should the words not say.

    Empty for a call without words: no speech, no draft text.
    """
    lines = [line for line in map(_line, utterances) if line.text]
    if not any(line.text.strip(HOLE) for line in lines):
        return ()
    kinds = _classify("kind", lines, lexicon)
    concluded = (kinds.value or (kinds.source.proposal if kind is None else None)) or kind
    return (*_unless_known(kinds, kind), *_classes(concluded, lines, lexicon), *_texts(lines))


def _unless_known(kinds: Filling, kind: str | None) -> tuple[Filling, ...]:
    return (kinds,) if kinds.value or kind is None else ()


def _classes(kind: str | None, lines: Sequence[_Line], lexicon: Lexicon) -> tuple[Filling, ...]:
    match kind:
        case "suggestion":
            return (_classify("suggestion", lines, lexicon),)
        case "enquiry":
            business = _classify("business", lines, lexicon)
            return (business,) if business.value else ()
        case _:
            return (_classify("business", lines, lexicon), _classify("nature", lines, lexicon))


def _classify(name: str, lines: Sequence[_Line], lexicon: Lexicon) -> Filling:
    """The class with the most points, if they are enough and clearly more than any other's."""
    tally: dict[str, _Points] = {}
    for line in lines:
        for hit in lexicon.by_list[name].find(line.text):
            if not line.text[: hit.start].endswith(_NEGATIONS):
                tally.setdefault(hit.code, _Points()).add(hit, line.evidence(hit.start, hit.end))
    ranking = sorted((code for code in tally if tally[code].total > 0), key=lambda code: -tally[code].total)
    if not ranking:
        return Filling(name, None, Source("draft", sure=False))
    best, rival = tally[ranking[0]], tally[ranking[1]].total if len(ranking) > 1 else 0.0
    heard = max(evidence.conf for evidence in best.evidence)
    conf = round(heard * best.total / (best.total + rival), 3)
    if best.total >= ENOUGH and best.total >= CLEARLY * rival and heard >= WORD_CONF:
        return Filling(name, ranking[0], Source("draft", True, conf, None, best.evidence[:5]))
    proposal = ranking[0] if best.total >= PROPOSE else None
    return Filling(name, None, Source("draft", False, conf, proposal, best.evidence[:5]))


def _texts(lines: Sequence[_Line]) -> tuple[Filling, ...]:
    callers = [line for line in lines if line.speaker == "caller" and line.text.strip(HOLE)]
    return (_description(callers), *_number(callers))


def _description(callers: Sequence[_Line]) -> Filling:
    """The caller's own words, nothing added but the stops between utterances; what was not understood is an ellipsis."""
    if not callers:
        return Filling("description", None, Source("draft", sure=False))
    text = "，".join(written(line.shown.replace(HOLE, "…")) for line in callers) + "。"
    evidence = tuple(line.evidence(0, len(line.text)) for line in callers)
    conf = round(fmean(word.conf for line in callers for word in line.words if word.text != HOLE), 3)
    if conf < TEXT_CONF:
        return Filling("description", None, Source("draft", False, conf, text[:10_000], evidence[:QUOTES]))
    return Filling("description", text[:10_000], Source("draft", True, conf, None, evidence[:QUOTES]))


def _number(callers: Sequence[_Line]) -> tuple[Filling, ...]:
    """The telephone number the caller said, if one was said. Two different ones: the later is proposed, none is filled."""
    found = [one for line in _breathless(callers) for one in _numbers_in(line)]
    if not found:
        return ()
    number, evidence = found[-1]
    if len({number for number, _ in found}) == 1 and evidence.conf >= DIGIT_CONF:
        return (Filling("contact_number", number, Source("draft", True, evidence.conf, None, (evidence,))),)
    source = Source("draft", False, evidence.conf, number, tuple(evidence for _, evidence in found)[:5])
    return (Filling("contact_number", None, source),)


def _numbers_in(line: _Line) -> list[tuple[str, Evidence]]:
    spoken = ((digits(line.text[start:end]), line.evidence(start, end)) for start, end in runs(line.text))
    return [(number, evidence) for number, evidence in spoken if is_telephone(number)]


def _breathless(callers: Sequence[_Line]) -> list[_Line]:
    """The lines, joined where a number goes on after a breath."""
    joined: list[_Line] = []
    for line in callers:
        if joined and _goes_on(joined[-1], line):
            joined[-1] = _together(joined[-1], line)
        else:
            joined.append(line)
    return joined


def _goes_on(before: _Line, after: _Line) -> bool:
    near = after.words[0].start - before.words[-1].end <= BREATH_S
    return near and digits(before.text[-1]).isascii() and digits(after.text[0]).isascii()


def _together(first: _Line, second: _Line) -> _Line:
    shift = len(first.words)
    word_at = (*first.word_at, *(place + shift for place in second.word_at))
    return _Line(first.speaker, first.text + second.text, first.shown + second.shown, word_at, (*first.words, *second.words))


def _line(utterance: Utterance) -> _Line:
    shown = [word.text.replace(" ", "") for word in utterance.words]
    word_at = tuple(i for i, text in enumerate(shown) for _ in text)
    together = "".join(shown)
    speaker: Speaker = "caller" if utterance.speaker == "caller" else "agent"
    return _Line(speaker, simplified(together), together, word_at, tuple(utterance.words))
