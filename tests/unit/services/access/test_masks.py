from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access import masks
from services.access.masks import ALL, CLEAR, Personal
from services.access.policy import ANYBODYS, Act, Whose, reach
from services.access.rights import RIGHTS, Right, Role
from tests.unit.services.access.test_policy import person

MASKED = {Role.qa_inspector, Role.statistician, Role.shift_leader, Role.department_officer}
"""Who neither talks with customers nor keeps their data."""


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800138000", "138****8000"),
        ("075588886901", "075*****6901"),
        ("+85223456789", "+852****6789"),
        ("138 0013 8000", "138 **** 8000"),
        ("12345", "***45"),
        ("", ""),
    ],
)
def test_who_need_not_call_is_shown_a_masked_number(number: str, shown: str) -> None:
    assert masks.number(number) == shown


@pytest.mark.parametrize(
    ("name", "shown"), [("张桂芳", "张**"), ("欧阳文", "欧**"), (" Ann Lee", "A**"), ("王", "王**"), ("", "")]
)
def test_of_a_name_its_first_character_is_left_and_not_how_long_it_is(name: str, shown: str) -> None:
    assert masks.name(name) == shown


@pytest.mark.parametrize(
    ("address", "shown"), [("深圳市南山区科技路 1 号", "深圳市南山区***"), ("科技路3号", "科技***"), ("A", "***"), ("", "")]
)
def test_of_an_address_its_beginning_is_left(address: str, shown: str) -> None:
    assert masks.address(address) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("请拨 13800138000。", "请拨 138****8000。"),
        ("请拨13800138000或0755-88886901", "请拨138****8000或075*-****6901"),
        ("(0755)88886901", "(075*)****6901"),
        ("+86 138-0013-8000", "+86 1**-****-8000"),
        ("mail tel13800138000x", "mail tel138****8000x"),
        ("座机 88886901", "座机 ******01"),
        ("电话:88886901", "电话:******01"),
        ("call +1 202 555 0143 now", "call +1 20* *** 0143 now"),
        ("400-800-1234", "400-***-1234"),
        ("400-8123-456", "400-***3-456"),
        ("13800138000/0755-88886901", "138****8000/075*-****6901"),
        ("Tel:0755-88886901", "Tel:075*-****6901"),
        ("13800 138000", "138** **8000"),
        ("138 001 38000", "138 *** *8000"),
        ("8675588886901", "867******6901"),
        ("１３８００１３８０００", "１３８****８０００"),
        ("幺三八，零零幺三，八零零零", "*************"),
        ("我的号码是幺三八零零一三八零零零。", "我的号码是***********。"),
        ("幺 三 八 零 零 一 三", "*************"),
        ("it is One three eight, zero zero one three eight", f"it is {'*' * 42}"),
    ],
)
def test_a_number_within_a_text_is_masked_however_it_is_written_or_spoken(text: str, shown: str) -> None:
    assert masks.words(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-27T08:30:00.123456Z",
        "T2026-11-000123",
        "W2026-11-000123",
        "tingsu-1795467600.12",
        "-received~1795467869000000~12",
        "added~20000001~20000001",
        "order:20000001:4",
        "20261127",
        "3000000.00",
        "一三得三，四五二十",
        "一二三四五六",
        "one two three",
        "9f86d081884c7d659a2feaa0c55ad015",
        "20 号楼 3 单元 1204",
        "1795467600.12",
        "2026-11-27 10:05:09 - 2026-11-28 17:00",
        "/api/tickets/20000001",
        "",
    ],
)
def test_what_is_no_telephone_number_stays(text: str) -> None:
    assert masks.words(text) == text


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.text('投诉，。 :\n"\\a-é', max_size=8), st.text("，。 x\n", max_size=3)
)
def test_no_mobile_number_is_left_in_an_answer_whatever_stands_around_it(number: str, before: str, after: str) -> None:
    answer = json.dumps({"id": 13800138000, "text": [f"{before}{number}{after}"]}, ensure_ascii=False, separators=(",", ":"))
    shown = json.loads(masks.everywhere(answer))
    assert shown["id"] == 13800138000
    assert number not in shown["text"][0]
    assert len(shown["text"][0]) == len(before + number + after)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda of: st.lists(of) | st.dictionaries(st.text(), of))
)
def test_an_answer_stays_an_answer(value: object) -> None:
    answer = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    shown = masks.everywhere(answer)
    assert masks.everywhere(json.dumps(json.loads(shown), ensure_ascii=False, separators=(",", ":"))) == shown


def test_an_id_that_is_written_as_a_text_is_none() -> None:
    assert masks.everywhere('{"id":"20000001","note":"30000001"}') == '{"id":"20000001","note":"******01"}'


def test_a_field_of_a_history_is_masked_by_what_it_holds() -> None:
    assert masks.field("customer_name", "张桂芳", ALL) == "张**"
    assert masks.field("contact_number", "88886901", ALL) == "******01"
    assert masks.field("description", "请拨 13800138000", ALL) == "请拨 138****8000"
    assert masks.field("urgent", None, ALL) is None
    assert masks.field("customer_name", "张桂芳", frozenset({Personal.NUMBER})) == "张桂芳"
    assert masks.field("contact_number", "88886901", CLEAR) == "88886901"


def test_the_numbers_in_a_text_are_found_as_they_stand_there() -> None:
    assert masks.found("线路 0755-88886901 不通，请拨 13800138000") == ["0755-88886901", "13800138000"]


@pytest.mark.parametrize("role", Role)
def test_each_role_is_shown_in_clear_what_it_needs(role: Role) -> None:
    hidden = masks.hidden_from(person(role))
    assert bool(hidden) == (role in MASKED)
    assert hidden in ({Personal.NUMBER}, ALL, CLEAR)


def test_a_department_sees_where_to_go_and_asks_for_the_number() -> None:
    officer = person(Role.department_officer)
    assert masks.hidden_from(replace(officer, person=replace(officer.person, department=1))) == {Personal.NUMBER}


def test_who_asks_in_the_centre_asks_of_anything_and_a_department_of_its_own() -> None:
    asked = {role: reach(person(role), Act.PERSONAL_SHOW) for role in MASKED}
    assert asked == {
        Role.qa_inspector: ANYBODYS,
        Role.shift_leader: ANYBODYS,
        Role.statistician: frozenset(),
        Role.department_officer: {Whose.DEPARTMENT},
    }


@pytest.mark.parametrize("role", Role)
def test_nobody_writes_what_they_are_shown_masked(role: Role) -> None:
    """Else a mask would be saved in the place of a number."""
    writes = {Right.TICKETS_WRITE, Right.TICKETS_LEAD, Right.SUGGESTIONS, Right.CUSTOMERS_WRITE, Right.HOTLINE, Right.DESK}
    assert Right.PERSONAL_READ in RIGHTS[role] or RIGHTS[role].isdisjoint(writes)


@pytest.mark.parametrize(
    "sought", ["139", "１３", "②", "幺三九", "号码是一", "one", "号码 one thr", "ree four", "e", "two", "is o", "THREE", "double"]
)
def test_a_piece_of_a_number_however_written_or_spoken_is_known_as_a_guess(sought: str) -> None:
    assert masks.guesses(sought)


@pytest.mark.parametrize("sought", ["电话坏了", "internet", "no signal", "wifi", "科技路", "do not call"])
def test_other_words_are_no_guess(sought: str) -> None:
    assert not masks.guesses(sought)


@given(st.lists(st.sampled_from(["one", "two", "three", "six", "seven", "nine", "zero", "oh", "double"]), min_size=7), st.data())
def test_no_piece_of_a_number_spoken_in_english_can_be_searched_for(spoken: list[str], data: st.DataObject) -> None:
    text = " ".join(["call", *spoken, "now"])
    begin = data.draw(st.integers(0, len(text) - 1))
    piece = text[begin : data.draw(st.integers(begin + 1, len(text)))]
    hidden = masks.words(text)[begin : begin + len(piece)]
    assert masks.guesses(piece) or "*" not in hidden or not any(one.isalpha() for one in piece)
