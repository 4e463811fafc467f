"""The committed demonstration model is what its recipe makes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from recordings.models import DEMONSTRATION
from tests.model import graph
from tests.model.layout import position_phones, read_phones
from tests.model.sentences import LEXICON, SECTIONS, fill, pinyin, split_words


def test_the_graph_built_from_the_committed_lexicon_and_grammar_is_the_committed_one(tmp_path: Path) -> None:
    graph.build(read_phones(), tmp_path)
    for name in ("HCLG.fst", "words.txt", "phones/word_boundary.int"):
        assert (tmp_path / "graph" / name).read_bytes() == (DEMONSTRATION / "graph" / name).read_bytes(), name


def test_every_word_of_the_lexicon_has_phones_of_the_acoustic_model() -> None:
    phones = read_phones()
    assert list(phones.lexicon) == list(LEXICON)
    assert {name for said in phones.lexicon.values() for name in said} <= set(phones.names)
    assert position_phones(phones.names)[0] == ("SIL", 0, "nonword")


@pytest.mark.parametrize("template", SECTIONS["caller"] + SECTIONS["agent"])
def test_every_sentence_of_the_grammar_can_be_said(template: str) -> None:
    rng = random.Random(1)
    for _ in range(20):
        assert split_words(fill(template, rng))


def test_text_is_cut_into_the_fewest_words_and_pauses_where_it_has_marks() -> None:
    assert split_words("没有人来修") == ["没有人", "来", "修"]
    assert pinyin("好的，谢谢。") == ["hao3", "de5", ",", "xie4xie5"]


def test_a_word_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="火星"):
        split_words("我要投诉火星")
