"""Who else is at a case: each browser at one, each person once, and nobody is told of what has not changed."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from services.web.looking import Looking, Place


@dataclass(frozen=True)
class Tab:
    person: int
    number: int = 1


LI, LI_TOO, WANG = Tab(1), Tab(1, 2), Tab(2)


def test_two_people_at_one_case_see_each_other_and_where_each_is() -> None:
    looking: Looking[Tab] = Looking()
    assert looking.look(LI, Place(7, None)) == {7}
    assert looking.look(WANG, Place(7, "answer")) == {7}
    assert looking.others(LI, 7) == [(WANG, "answer")]
    assert looking.others(WANG, 7) == [(LI, None)]


def test_ones_own_other_tab_is_nobody_else_and_counts_once_for_others() -> None:
    looking: Looking[Tab] = Looking()
    for tab, place in ((LI, Place(7, "answer")), (LI_TOO, Place(7, None)), (WANG, Place(7, None))):
        looking.look(tab, place)
    assert looking.others(LI, 7) == [(WANG, None)]
    assert looking.others(WANG, 7) == [(LI, "answer")], "the tab in which they write"


def test_who_goes_to_another_case_is_gone_from_the_first_and_both_are_told() -> None:
    looking: Looking[Tab] = Looking()
    looking.look(LI, Place(7, None))
    looking.look(WANG, Place(7, None))
    assert looking.look(WANG, Place(8, None)) == {7, 8}
    assert looking.others(LI, 7) == []
    assert list(looking.at(8)) == [WANG]


def test_what_does_not_change_is_told_to_nobody() -> None:
    looking: Looking[Tab] = Looking()
    looking.look(LI, Place(7, "answer"))
    assert looking.look(LI, Place(7, "answer")) == set()
    assert looking.look(WANG, None) == set()


tabs = st.builds(Tab, st.integers(1, 3), st.integers(1, 2))
places = st.none() | st.builds(Place, st.integers(1, 3), st.sampled_from([None, "answer", "address"]))


@given(st.lists(st.tuples(tabs, places), max_size=40))
def test_whatever_happens_each_tab_is_at_one_case_and_nothing_is_left_of_who_went(moves: list[tuple[Tab, Place | None]]) -> None:
    looking: Looking[Tab] = Looking()
    last: dict[Tab, Place | None] = {}
    for tab, place in moves:
        looking.look(tab, place)
        last[tab] = place
    for ticket in (1, 2, 3):
        there = {tab for tab, place in last.items() if place and place.ticket == ticket}
        assert set(looking.at(ticket)) == there
        for tab in there:
            others = looking.others(tab, ticket)
            assert {one.person for one, _ in others} == {one.person for one in there} - {tab.person}
    for tab in last:
        looking.look(tab, None)
    assert not looking._places
    assert not looking._at
