from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customers.numbers import LIMIT, Numbering, is_listed, is_number, written

ANYWHERE = Numbering()
SHENZHEN = Numbering("0755")

MOBILE = [
    "13800138000",
    "+8613800138000",
    "008613800138000",
    "8613800138000",
    "+86 013800138000",
    "013800138000",
    "138-0013-8000",
    "138 0013 8000",
    "(138) 0013 8000",
    " +86 138 0013 8000",
    "１３８００１３８０００",
    "＋８６１３８００１３８０００",
    "١٣٨٠٠١٣٨٠٠٠",
    "138‐0013‐8000",
    "138.0013.8000 ",
    "\u202d13800138000\u202c",
    "17951 138 0013 8000",
    "1795113800138000",
    "17951013800138000",
    "17909 13800138000",
    "1259313800138000",
    "12583113800138000",
    "1258313800138000",
]

FIXED = [
    "0755-88886901",
    "075588886901",
    "(0755) 8888 6901",
    "+8675588886901",
    "+86 755 8888 6901",
    "+86 0755 88886901",
    "+86 (0)755 8888 6901",
    "008675588886901",
    "8675588886901",
    "86075588886901",
    "17909075588886901",
    "0755—88886901",
]

HOSTILE = [
    "",
    "anonymous",
    "unknown",
    "Restricted",
    "+",
    "++86138",
    "1",
    "12",
    "111111111111111111111",
    "138*0013",
    "#31#13800138000",
    "'; DROP TABLE ticket;--",
    "$(id)",
    "../../etc/passwd",
    "138001380OO",
    "0000000",
    "一三八",
]

AMBIGUOUS = [
    "13600000401.0",  # a number that a spreadsheet took for a quantity
    "88886901.0",
    "0755-8888690.1",
    "1.38001E+10",
    "88886803/88887803",
    "88886803 88887803",
    "88886803\n88887803",
    "13800138000 13800138001",
    "13800138000;13800138001",
    "13800138000、13800138001",
    "0571-8888888-8",  # eight digits, or seven and an extension
    '="13800138000"',
    "'13800138000",
    "138 00",
    "+8613800138000 转",
]


@pytest.mark.parametrize("sent", MOBILE)
def test_one_mobile_in_all_its_spellings(sent: str) -> None:
    assert ANYWHERE.read(sent) == SHENZHEN.read(sent) == "+8613800138000"


@pytest.mark.parametrize("sent", FIXED)
def test_one_fixed_line_in_all_its_spellings(sent: str) -> None:
    assert ANYWHERE.read(sent) == SHENZHEN.read(sent) == "+8675588886901"


@pytest.mark.parametrize("sent", ["+852 2345 6789", "0085223456789", "+85223456789", "(+852) 2345-6789"])
def test_other_countries_keep_their_code(sent: str) -> None:
    assert SHENZHEN.read(sent) == "+85223456789"


@pytest.mark.parametrize(
    ("sent", "inside"),
    [
        ("+853 2833 4567", "+85328334567"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+39 06 6982 1234", "+390669821234"),  # a zero that belongs to the number
        ("+1 212 555 1234", "+12125551234"),
        ("0012125551234", "+12125551234"),
    ],
)
def test_numbers_of_the_world(sent: str, inside: str) -> None:
    assert ANYWHERE.read(sent) == inside


@pytest.mark.parametrize("sent", ["+21012345678", "+99912345678"])
def test_a_number_of_a_country_that_nobody_knows_is_kept_with_its_plus(sent: str) -> None:
    assert ANYWHERE.read(sent) == SHENZHEN.read(sent) == sent


@pytest.mark.parametrize(
    "inside",
    ["+8613800138000", "801", "888888", "4008001234", "10106060", "9553312345", "8888690", "88886901", "88886901;ext=801"],
)
def test_a_list_may_hold_numbers_of_every_plan_and_lines_inside_a_house(inside: str) -> None:
    assert is_listed(inside)


@pytest.mark.parametrize("inside", ["1234567", "101060601", "123456789", "1234567;ext=801"])
def test_a_list_holds_no_digits_that_fit_no_plan(inside: str) -> None:
    assert not is_listed(inside)


@pytest.mark.parametrize(
    "code", ["110", "114", "10000", "10086", "12315", "12345", "118114", "95533", "10106060", "4008001234", "8008208820"]
)
@pytest.mark.parametrize("before", ["", "+86", "+86 "])
def test_short_codes_are_their_digits(code: str, before: str) -> None:
    assert SHENZHEN.read(before + code) == written(code) == code


def test_a_local_number_lies_in_the_centres_area() -> None:
    assert SHENZHEN.read("8888 6901") == SHENZHEN.read("0755-88886901")
    assert ANYWHERE.read("8888 6901") == "88886901", "nobody knows the area"
    assert Numbering("010").read("8888690") == "8888690", "Beijing has no seven digits"


@pytest.mark.parametrize(
    "sent",
    [
        "0755-88886801-801",
        "075588886801转801",
        "0755-88886801 轉 801",
        "0755 8888 6801 ext. 801",
        "+86 755 88886801 x801",
        "075588886801，分机801",
    ],
)
def test_an_extension_stays_apart_from_its_line(sent: str) -> None:
    assert ANYWHERE.read(sent) == "+8675588886801;ext=801"
    assert written("+8675588886801;ext=801") == "075588886801 ext 801"


@pytest.mark.parametrize("sent", [*HOSTILE, *AMBIGUOUS, "1" * 100, "\x0013800138000", "138\n00138000x"])
def test_what_is_not_understood_as_a_whole_matches_nobody(sent: str) -> None:
    assert ANYWHERE.read(sent) == SHENZHEN.read(sent) == ""
    assert not is_number(sent)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("86100", "100"),  # a local number that begins with 86
        ("+85223456789", "23456789"),  # Hong Kong is not China's country code
        ("85223456789", "+85223456789"),  # nor the only place that these digits can be in
        ("057112345678", "57112345678"),
        ("075588886901", "75588886901"),  # a spreadsheet may have eaten the zero, or not
        ("10000", "1000"),
        ("88886801转801", "88886801"),
        ("88886801转801", "88886801转802"),
    ],
)
def test_different_numbers_stay_different(one: str, other: str) -> None:
    assert ANYWHERE.read(one)
    assert ANYWHERE.read(one) != ANYWHERE.read(other)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("138", "+8613800138000"),
        ("138 0013", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("１３８００", "+8613800138000"),
        ("013800", "+8613800138000"),
        ("+86 138", "+8613800138000"),
        ("86138", "+8613800138000"),
        ("17951138", "+8613800138000"),
        ("0755", "+8675588886901"),
        ("(0755) 8888", "+8675588886901"),
        ("8888", "+8675588886901"),
        ("+852 23", "+85223456789"),
        ("00852", "+85223456789"),
        ("955", "95533"),
    ],
)
def test_a_number_is_found_by_what_has_been_typed_of_it(typed: str, number: str) -> None:
    assert any(map(number.startswith, SHENZHEN.beginnings(typed)))


@pytest.mark.parametrize("typed", ["", "-", "+", " ", "张三", "1", "0", "13", "％", "＿"])
def test_what_is_no_beginning_of_a_number_finds_none(typed: str) -> None:
    assert SHENZHEN.beginnings(typed) == ()


DIALLED = st.text("0123456789+- .()转/", max_size=24)
SPELT = st.from_regex(r"(\+86|0086|86|\+|00|0|17951)?[0-9]{0,4}[ -]?[0-9]{4}[ -]?[0-9]{0,5}([-转][0-9]{1,4})?", fullmatch=True)


@given(st.text(max_size=LIMIT + 6) | DIALLED | SPELT, st.sampled_from([ANYWHERE, SHENZHEN, Numbering("010")]))
def test_a_number_once_read_stays_what_it_is_however_it_is_written(sent: str, numbering: Numbering) -> None:
    number = numbering.read(sent)
    if number:
        assert numbering.read(written(number)) == number
        assert written(written(number)) == written(number)
        assert any(map(number.startswith, numbering.beginnings(written(number)))) or ";ext=" in number


@given(st.text(max_size=LIMIT) | DIALLED | SPELT)
def test_whether_it_is_a_number_does_not_depend_on_the_place(sent: str) -> None:
    assert is_number(sent) == bool(SHENZHEN.read(sent))


@given(DIALLED | SPELT, DIALLED | SPELT)
def test_two_that_are_one_differ_only_by_what_leads_to_the_line(one: str, other: str) -> None:
    """Never merged by guess: of two digit strings one ends with the other's number."""
    number = ANYWHERE.read(one)
    if number and number == ANYWHERE.read(other):
        significant = written(number).removeprefix("0").removeprefix("+").partition(" ext ")[0]
        assert all(significant in "".join(filter(str.isdigit, spelling)) for spelling in (one, other))
