from __future__ import annotations

import json

import pytest

from recordings.naming import Role
from recordings.recognizer import Phrase, Word
from recordings.transcript import UNSURE, from_json, join, to_json, weave


def phrase(start: float, *texts: str, pause_after: int = 99, pause: float = 0.0) -> Phrase:
    """Words of 0.3 s each; a pause may follow one of them."""
    at, words = start, []
    for number, text in enumerate(texts, 1):
        words.append(Word(text, at, at + 0.3, 0.9))
        at += 0.3 + (pause if number == pause_after else 0)
    return tuple(words)


def told(caller: list[Phrase], agent: list[Phrase]) -> list[tuple[str, str]]:
    return [(str(utterance.speaker), utterance.text) for utterance in weave(caller, agent)]


def test_both_sides_take_turns_in_order_of_time() -> None:
    conversation = told([phrase(2, "我", "要", "投诉"), phrase(9, "是", "的")], [phrase(0, "您好"), phrase(5, "请", "稍等")])
    assert conversation == [("agent", "您好"), ("caller", "我要投诉"), ("agent", "请稍等"), ("caller", "是的")]


def test_an_answer_in_the_others_pause_comes_in_between() -> None:
    long = phrase(0, "我", "要", "投诉", "小灵通", pause_after=3, pause=2.0)
    assert told([long], [phrase(1.5, "好", "的")]) == [("caller", "我要投诉"), ("agent", "好的"), ("caller", "小灵通")]


def test_one_side_going_on_after_a_breath_is_one_utterance_and_after_a_silence_two() -> None:
    assert told([phrase(0, "我"), phrase(1.2, "要")], []) == [("caller", "我要")]
    assert told([phrase(0, "我"), phrase(5, "要")], []) == [("caller", "我"), ("caller", "要")]


def test_a_monologue_is_cut_before_it_is_longer_than_half_a_minute() -> None:
    woven = weave([phrase(at, *"一二三四五六七八九十") for at in range(0, 90, 4)], [])
    assert all(utterance.end - utterance.start <= 30 for utterance in woven)
    assert sum(len(utterance.words) for utterance in woven) == 23 * 10


def test_people_speaking_at_once_are_ordered_by_who_began() -> None:
    assert told([phrase(1.0, "不", "是")], [phrase(0.8, "您", "好", "请", "问")]) == [("agent", "您好请问"), ("caller", "不是")]


def test_no_word_is_lost_or_doubled() -> None:
    caller = [phrase(at, "我", "要", pause_after=1, pause=at % 3) for at in range(0, 100, 7)]
    agent = [phrase(at, "好", "的") for at in range(3, 100, 5)]
    woven = weave(caller, agent)
    for role, side in ((Role.CALLER, caller), (Role.AGENT, agent)):
        assert [w for u in woven if u.speaker is role for w in u.words] == [w for said in side for w in said]


def test_sound_that_is_no_word_is_shown_as_unsure() -> None:
    (utterance,) = weave([phrase(0, "我", "[unk]", "投诉")], [])
    assert utterance.text == f"我{UNSURE}投诉"
    assert [word.conf for word in utterance.words] == [0.9, 0.0, 0.9]


def test_silence_makes_no_utterances() -> None:
    assert weave([], []) == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("我 要 投诉", "我要投诉"),
        ("hello world", "hello world"),
        ("用 wifi 上网", "用wifi上网"),
        ("五 G 6 7 元", "五G 6 7元"),
        ("", ""),
    ],
)
def test_words_are_joined_as_people_write_them(words: str, text: str) -> None:
    assert join(words.split()) == text


def test_a_transcript_is_read_back_from_its_json() -> None:
    woven = weave([phrase(1, "我", "[unk]")], [phrase(5, "好", "的")])
    again = from_json(json.loads(json.dumps(to_json(woven))))
    assert to_json(again) == to_json(woven)
    assert to_json(woven)[0] == {
        "speaker": "caller",
        "start": 1,
        "end": 1.6,
        "text": "我□",
        "words": [{"text": "我", "start": 1, "end": 1.3, "conf": 0.9}, {"text": "□", "start": 1.3, "end": 1.6, "conf": 0.0}],
    }
