from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi import KEYS
from ivr.menu import RECEPTION, Exit, Menu
from ivr.walker import Ask, Decision, Leave, Say, Stage, Walk, advance, decide, give_up

MOST_STEPS = 2 + 2 * RECEPTION.tries + 1
"""Greeting, notice, each try with its correction, goodbye."""


def walk(*keys: str | None, menu: Menu = RECEPTION) -> list[Decision]:
    """Every decision, when ``keys`` are pressed one a step and nothing after them."""
    pressed: Iterable[str | None] = iter(keys)
    here, decisions = Walk(menu), []
    while True:
        decisions.append(decide(here))
        if isinstance(decisions[-1], Leave):
            return decisions
        assert len(decisions) < 100, "a caller walks in circles"
        here = advance(here, next(pressed, None))  # type: ignore[call-overload]


GREETING, NOTICE, MENU = Say("greeting"), Say("notice", whole=True), Ask("menu", RECEPTION.wait)


@pytest.mark.parametrize(("key", "prompt"), [("1", "to-complaint"), ("2", "to-suggestion"), ("0", "to-person")])
def test_a_key_of_the_menu_leads_to_the_queue_by_its_own_path(key: str, prompt: str) -> None:
    assert walk(None, None, key) == [GREETING, NOTICE, MENU, Say(prompt), Leave(key)]


def test_a_key_pressed_during_the_greeting_is_taken_but_the_notice_is_played_whole() -> None:
    assert walk("1") == [GREETING, NOTICE, Say("to-complaint"), Leave("1")]


def test_a_key_pressed_during_the_notice_is_taken_after_it() -> None:
    assert walk(None, "2") == [GREETING, NOTICE, Say("to-suggestion"), Leave("2")]


def test_of_two_keys_pressed_ahead_the_first_counts() -> None:
    assert walk("1", "2")[-1] == Leave("1")


def test_three_silences_lead_to_the_queue() -> None:
    silent = Say("no-key")
    assert walk() == [GREETING, NOTICE, MENU, silent, MENU, silent, MENU, Say("to-person"), Leave("none")]


def test_three_wrong_keys_lead_to_the_queue() -> None:
    wrong = Say("wrong-key")
    assert walk(None, None, "9", None, "#", None, "A") == [
        GREETING, NOTICE, MENU, wrong, MENU, wrong, MENU, Say("to-person"), Leave("none"),
    ]  # fmt: skip


def test_wrong_keys_and_silence_share_one_count() -> None:
    assert walk(None, None, "9", None, None, None, "7")[-2:] == [Say("to-person"), Leave("none")]


def test_a_wrong_key_pressed_ahead_uses_up_a_try() -> None:
    assert walk("9")[2] == Say("wrong-key")


def test_a_key_pressed_during_the_correction_is_taken_at_once() -> None:
    assert walk(None, None, None, "1") == [GREETING, NOTICE, MENU, Say("no-key"), Say("to-complaint"), Leave("1")]


def test_a_right_key_at_the_last_try_still_counts() -> None:
    assert walk(None, None, "9", None, "9", None, "2")[-1] == Leave("2")


def test_a_key_pressed_during_the_goodbye_changes_nothing() -> None:
    assert walk(None, None, "1", "2")[-1] == Leave("1")


def test_an_unplayable_menu_does_not_keep_the_caller() -> None:
    assert decide(give_up(Walk(RECEPTION, Stage.MENU))) == Leave("none")


@given(st.lists(st.none() | st.sampled_from(KEYS), max_size=40))
def test_every_walk_ends_in_the_queue_whatever_is_pressed(keys: list[str | None]) -> None:
    decisions = walk(*keys)
    assert decisions[-1] in {Leave("0"), Leave("1"), Leave("2"), Leave("none")}
    assert len(decisions) <= MOST_STEPS + 1
    assert decisions.count(NOTICE) == 1


DEEP = Menu("menu", {"1": Menu("second", {"5": Exit("to-complaint")}, tries=2), "0": Exit("to-person")})


def test_a_menu_under_a_menu_lengthens_the_path() -> None:
    assert walk(None, None, "1", "5", menu=DEEP)[-1] == Leave("1.5")


def test_a_caller_lost_in_a_second_menu_keeps_the_first_choice() -> None:
    assert walk(None, None, "1", menu=DEEP)[-2:] == [Say("to-person"), Leave("1")]


def test_a_second_menu_counts_its_own_tries() -> None:
    lost_at_first = walk(None, None, "9", None, "1", menu=DEEP)
    assert lost_at_first.count(Ask("second", DEEP.wait)) == 2
