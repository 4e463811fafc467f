"""Write graph/ of the model: words.txt, phones/word_boundary.int and HCLG.fst, by kaldifst. Repeats to the bit.

A new sentence pattern needs only grammar.txt and this. HCLG is static on purpose: with a lookahead graph a bad grammar argument
ends vosk by a segmentation fault, with a static one grammars do nothing.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import kaldifst

from tests.model.layout import SILENCE, SPOKEN_NOISE, UNKNOWN, Phones, position_phones
from tests.model.sentences import LEXICON, sentence

LN2 = math.log(2)
SENTENCES = 60_000  # of the grammar, counted for the language model
DISCOUNT = 0.7  # absolute, of every count
START, END, BACKOFF = "<s>", "</s>", "<backoff>"
Arc = tuple[int, int, int, int, float]
"""From, to, label in, label out, cost; the first one of a list leaves the start state."""


def compiled(arcs: Sequence[Arc], finals: Sequence[tuple[int, float]]) -> kaldifst.StdVectorFst:
    text = "".join(f"{a} {b} {i} {o} {cost:.5f}\n" for a, b, i, o, cost in arcs)
    text += "".join(f"{state} {cost:.5f}\n" for state, cost in finals)
    return kaldifst.compile(s=text, acceptor=False)


# G: which word follows which -----------------------------------------------------------------------------------------


def counts() -> tuple[Counter[str], dict[str, Counter[str]]]:
    """Words, and words after words, in random sentences: people go on without a pause, and say words we do not know."""
    rng, single, pairs = random.Random(7), Counter[str](), defaultdict[str, Counter[str]](Counter)
    for _ in range(SENTENCES):
        words = sentence(rng, salad=0.01)
        while rng.random() < 0.25:
            words += sentence(rng, salad=0)
        if rng.random() < 0.03:
            words.insert(rng.randint(0, len(words)), UNKNOWN)
        for before, after in pairwise([START, *words, END]):
            single[after] += 1
            pairs[before][after] += 1
    return single, pairs


def bigram(number: Mapping[str, int], backoff: int) -> kaldifst.StdVectorFst:
    """A backoff bigram with absolute discounting; ``backoff`` labels its backoff arcs."""
    single, pairs = counts()
    total = sum(single.values()) + len(number)
    share = {word: (single[word] + 1) / total for word in [*number, END]}
    state = {word: i for i, word in enumerate([START, BACKOFF, *number])}
    arcs: list[Arc] = []
    finals: list[tuple[int, float]] = []

    def add(source: str, word: str, probability: float) -> None:
        if word == END:
            finals.append((state[source], -math.log(probability)))
        else:
            arcs.append((state[source], state[word], number[word], number[word], -math.log(probability)))

    for before in [START, *number]:
        kept, left = _discounted(pairs[before], share)
        for word, probability in kept.items():
            add(before, word, probability)
        arcs.append((state[before], state[BACKOFF], backoff, 0, -math.log(left)))
    for word, probability in share.items():
        add(BACKOFF, word, probability)
    return compiled(arcs, finals)


def _discounted(after: Counter[str], share: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """Probabilities of the words seen more than once, and what is left for all others (1 if nothing was seen)."""
    total = sum(after.values())
    if not total:
        return {}, 1.0
    kept = {word: (count - DISCOUNT) / total for word, count in after.items() if count > 1}
    left = (1 - sum(kept.values())) / max(1e-9, 1 - sum(share[word] for word in kept))
    return kept, max(left, 1e-9)


# L: which phones make a word -----------------------------------------------------------------------------------------


def positioned(phones: Sequence[str]) -> list[str]:
    if list(phones) == [SPOKEN_NOISE]:
        return [SPOKEN_NOISE]
    if len(phones) == 1:
        return [phones[0] + "_S"]
    return [phones[0] + "_B", *(phone + "_I" for phone in phones[1:-1]), phones[-1] + "_E"]


def lexicon(said: Mapping[str, list[str]], number: Mapping[str, int], phone_number: Mapping[str, int]) -> kaldifst.StdVectorFst:
    """Optional silence around every word; homophones told apart by marks above the phones, the backoff mark passed through."""
    hash0 = len(phone_number) + 1
    same, marks = Counter(tuple(phones) for phones in said.values()), Counter[tuple[str, ...]]()
    arcs: list[Arc] = [(0, 1, 0, 0, LN2), (0, 2, 0, 0, LN2), (2, 1, phone_number[SILENCE], 0, 0.0)]
    free = 3
    for word, phones in said.items():
        labels = [phone_number[phone] for phone in phones]
        if same[tuple(phones)] > 1:
            labels.append(hash0 + 1 + marks[tuple(phones)])
            marks[tuple(phones)] += 1
        source, out = 1, number[word]
        for label in labels[:-1]:
            arcs.append((source, free, label, out, 0.0))
            source, free, out = free, free + 1, 0
        arcs += [(source, 1, labels[-1], out, LN2), (source, 2, labels[-1], out, LN2)]
    arcs.append((1, 1, hash0, number["#0"], 0.0))
    return compiled(arcs, [(1, 0.0)])


# H: which transitions make a phone -----------------------------------------------------------------------------------


def with_transitions(lg: kaldifst.StdVectorFst, phones: int) -> kaldifst.StdVectorFst:
    """Phone labels become transition ids, with self-loops; labels above the phones (marks) become epsilon."""
    numbers: dict[tuple[int, int], int] = {}
    todo: list[tuple[int, int]] = []
    arcs: list[Arc] = []
    finals: list[tuple[int, float]] = []

    def state(key: tuple[int, int]) -> int:
        if key not in numbers:
            numbers[key] = len(numbers)
            todo.append(key)
        return numbers[key]

    state((lg.start, 0))
    while todo:
        source, phone = todo.pop()
        me = numbers[source, phone]
        if phone:
            arcs.append((me, me, 2 * phone - 1, 0, 0.0))
        for arc in kaldifst.ArcIterator(lg, source):
            entered = arc.ilabel if arc.ilabel <= phones else 0
            arcs.append((me, state((arc.nextstate, entered)), 2 * entered, arc.olabel, arc.weight.value))
        if lg.final(source).value != math.inf:
            finals.append((me, lg.final(source).value))
    arcs.sort(key=lambda arc: arc[0])
    return compiled(arcs, finals)


def build(phones: Phones, model: Path) -> str:
    """Write graph/ of the model folder; what came of it, in words."""
    forms = position_phones(phones.names)
    phone_number = {name: i for i, (name, _, _) in enumerate(forms, 1)}
    said = {UNKNOWN: [SPOKEN_NOISE], **{word: positioned(phones.lexicon[word]) for word in LEXICON}}
    number = {word: i for i, word in enumerate(["<eps>", *said, "#0"])}
    l_fst = lexicon(said, number, phone_number)
    kaldifst.arcsort(l_fst, sort_type="olabel")
    g_fst = bigram({word: number[word] for word in said}, number["#0"])
    kaldifst.arcsort(g_fst, sort_type="ilabel")
    lg = kaldifst.StdVectorFst(kaldifst.compose(l_fst, g_fst))
    kaldifst.determinize_star(lg)
    kaldifst.minimize_encoded(lg)
    hclg = with_transitions(lg, len(forms))
    kaldifst.arcsort(hclg, sort_type="ilabel")
    (model / "graph" / "phones").mkdir(parents=True, exist_ok=True)
    hclg.write(str(model / "graph" / "HCLG.fst"))
    (model / "graph" / "words.txt").write_text("".join(f"{word} {i}\n" for word, i in number.items()), "utf-8")
    boundaries = "".join(f"{i} {boundary}\n" for i, (_, _, boundary) in enumerate(forms, 1))
    (model / "graph" / "phones" / "word_boundary.int").write_text(boundaries)
    return f"HCLG: {hclg.num_states} states, {sum(hclg.num_arcs(s) for s in range(hclg.num_states))} arcs; {len(said)} words"
