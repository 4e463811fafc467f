"""Words fill fields (SPEC C7): every field with its evidence, unsure ones empty, silence nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.naming import Role
from recordings.recognizer import Word
from recordings.transcript import UNSURE, Utterance
from services.classes.model import Category, Lexicon, Term, check
from services.store.migrate import FOLDER
from services.tickets.model import Filling
from services.transcripts.drafting import draft


def seeded() -> Lexicon:
    """The lexicon as a new centre has it, read from its migration."""
    sql = (FOLDER / "0003_lexicon.sql").read_text(encoding="utf-8")
    classes = re.findall(r"\('(\w+)', '(\w+)', '([^']+)', '([^']+)', (\d+)\)", sql)
    terms = re.findall(r"\('(\w+)', '(\w+)', '([^']+)', ([\d.]+)\)", sql)
    return Lexicon(
        [Category(a, b, c, d, int(e), True) for a, b, c, d, e in classes], [Term(a, b, c, float(d)) for a, b, c, d in terms]
    )


LEXICON = seeded()


def said(text: str, *, by: Role = Role.CALLER, at: float = 0.0, conf: float = 0.98) -> Utterance:
    """Words parted by blanks, a quarter of a second each."""
    words = [Word(w, at + i / 4, at + (i + 1) / 4, 0.0 if w == UNSURE else conf) for i, w in enumerate(text.split())]
    return Utterance(by, tuple(words))


def fields(*utterances: Utterance, kind: str | None = None) -> dict[str, Filling]:
    return {one.name: one for one in draft(utterances, LEXICON, kind=kind)}


def values(*utterances: Utterance) -> dict[str, str | None]:
    return {name: one.value for name, one in fields(*utterances).items() if one.value is not None}


def test_the_seed_is_a_lexicon_that_would_be_accepted() -> None:
    check(LEXICON)
    assert len([c for c in LEXICON.categories if c.list == "business"]) == 6
    assert len([c for c in LEXICON.categories if c.list == "nature"]) == 7


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        (
            "我 要 投诉 我 家 的 固定电话 坏 了 三 天 没有人 来 修",
            "complaint",
            {"business": "fixed_telephone", "nature": "fault_repair"},
        ),
        ("我 要 投诉 宽带 乱收费", "complaint", {"business": "data", "nature": "tariff"}),
        ("我 要 投诉 小灵通 经常 掉线", "complaint", {"business": "wireless_local", "nature": "communication_quality"}),
        ("我 要 投诉 公用电话 有 杂音", "complaint", {"business": "public_telephone", "nature": "communication_quality"}),
        ("我 要 投诉 工作人员 态度 很 差", "complaint", {"nature": "service_quality"}),
        ("我 要 投诉 固定电话 移机", "complaint", {"business": "fixed_telephone", "nature": "installation"}),
        ("我 要 投诉 电话卡 不能 使用 卡 不能 用", "complaint", {"business": "phone_card"}),
        ("建议 你们 增加 营业 时间", "suggestion", {"suggestion": "service"}),
        ("我 建议 降低 资费", "suggestion", {"suggestion": "management"}),
        ("请问 怎么 办理 移机", "enquiry", {}),
        ("我 要 投訴 寬帶 亂收費", "complaint", {"business": "data", "nature": "tariff"}),
    ],
)
def test_what_callers_say_is_sorted(text: str, kind: str, rest: dict[str, str]) -> None:
    found = values(said(text))
    assert found["kind"] == kind
    assert {name: found.get(name) for name in rest} == rest


def test_every_filled_field_quotes_the_words_that_filled_it() -> None:
    found = fields(said("你好 请问"), said("我 要 投诉 固定电话 坏 了", at=10.0))
    evidence = found["business"].source.evidence[0]
    assert (evidence.quote, evidence.speaker, evidence.start, evidence.end) == ("固定电话", "caller", 10.75, 11.0)
    assert all(one.source.evidence for one in found.values() if one.value is not None)


def test_what_is_not_said_is_marked_and_empty() -> None:
    nature = fields(said("我 要 投诉 宽带"))["nature"]
    assert (nature.value, nature.source.sure, nature.source.proposal) == (None, False, None)


def test_words_that_point_both_ways_are_only_a_proposal() -> None:
    business = fields(said("我 要 投诉 固定电话 和 宽带"))["business"]
    assert business.value is None
    assert business.source.proposal in {"fixed_telephone", "data"}


def test_words_badly_heard_fill_nothing() -> None:
    found = fields(said("我 要 投诉 宽带 乱收费", conf=0.4))
    assert all(one.value is None for one in found.values())
    assert found["business"].source.proposal == "data"
    assert found["description"].source.proposal == "我要投诉宽带乱收费。"


def test_the_agents_question_is_not_the_callers_complaint() -> None:
    found = fields(said("您 要 投诉 还是 建议", by=Role.AGENT), said("我 想 说 营业 时间", at=5.0))
    assert found["kind"].value is None


def test_what_is_denied_does_not_count() -> None:
    assert "kind" not in values(said("我 不是 投诉"))


def test_the_longest_term_wins() -> None:
    assert values(said("我 要 投诉 电话卡"))["business"] == "phone_card"


def test_the_callers_choice_in_the_menu_stands_unless_words_say_otherwise() -> None:
    assert "kind" not in fields(said("宽带 掉线"), kind="complaint")
    assert fields(said("我 建议 降低 资费"), kind="complaint")["kind"].value == "suggestion"
    assert "suggestion" in fields(said("营业 时间"), kind="suggestion")


def test_the_description_is_the_callers_words_and_nothing_else() -> None:
    talk = [said("我 要 投诉"), said("好 的 请 讲", by=Role.AGENT, at=3), said("上个月 多收 了 三 百 五 十 元", at=5)]
    assert values(*talk)["description"] == "我要投诉，上个月多收了350元。"


def test_what_was_not_understood_is_shown_as_such() -> None:
    assert values(said(f"我 要 投诉 {UNSURE} 宽带"))["description"] == "我要投诉…宽带。"


@pytest.mark.parametrize("silence", [[], [UNSURE], [UNSURE, UNSURE]])
def test_silence_and_noise_fill_nothing(silence: list[str]) -> None:
    assert draft([said(text) for text in silence], LEXICON) == ()


def test_a_telephone_number_is_taken_down_in_figures() -> None:
    number = fields(said("我 的 号码 是 幺 三 八 零 零 幺 三 八 零 零 零"))["contact_number"]
    assert number.value == "13800138000"
    assert number.source.evidence[0].quote == "幺三八零零幺三八零零零"


def test_a_number_may_be_said_with_a_breath() -> None:
    parts = [said("号码 幺 三 八 零 零"), said("幺 三 八 零 零 零", at=3.0)]
    assert values(*parts)["contact_number"] == "13800138000"


def test_a_number_too_short_or_unsure_or_said_twice_differently_is_not_filled() -> None:
    assert "contact_number" not in fields(said("幺 三 八 零 零"))
    unsure = fields(said("幺 三 八 零 零 幺 三 八 零 零 零", conf=0.7))["contact_number"]
    assert (unsure.value, unsure.source.proposal) == (None, "13800138000")
    two = fields(said("八 六 五 四 三 二 幺"), said("不 是 八 六 五 四 三 二 二", at=9))["contact_number"]
    assert (two.value, two.source.proposal) == (None, "8654322")


WORDS = st.lists(
    st.sampled_from(["投诉", "建议", "宽带", "坏", "了", "没有人", "来", "修", "幺", "三", "百", "元", UNSURE, "x", "的"]),
    max_size=15,
)


@given(st.lists(st.tuples(WORDS, st.sampled_from(Role), st.floats(0, 1)), max_size=5))
def test_nothing_is_ever_filled_without_evidence_or_outside_the_lists(talk: Sequence[tuple[list[str], Role, float]]) -> None:
    utterances = [said(" ".join(words), by=by, at=20.0 * i, conf=conf) for i, (words, by, conf) in enumerate(talk) if words]
    codes = {(category.list, category.code) for category in LEXICON.categories}
    for one in draft(utterances, LEXICON):
        assert one.source.by == "draft"
        assert (one.value is not None) == one.source.sure
        if one.value is not None:
            assert one.source.evidence
            assert one.name in {"description", "contact_number"} or (one.name, one.value) in codes
