"""One telephone, several machines."""

from __future__ import annotations

import pytest

from services.web.handset import GRACE_S, Handset, Told

HOME, DESK = "home", "desk"


def here(connection: str) -> Told:
    return Told(connection, "here")


def elsewhere(connection: str) -> Told:
    return Told(connection, "elsewhere")


@pytest.fixture
def phone() -> Handset:
    """At the desk, by connection d1."""
    handset = Handset()
    assert ask(handset, DESK, "d1") == [here("d1")]
    return handset


def ask(
    handset: Handset, device: str, connection: str, *, busy: bool = False, waiting: bool = False, now: float = 0.0
) -> list[Told]:
    return handset.ask(device, connection, busy=busy, waiting=waiting, now=now)


def test_a_second_machine_waits_and_may_take_it_and_the_first_is_told(phone: Handset) -> None:
    assert ask(phone, HOME, "h1") == [elsewhere("h1")]
    assert phone.take(HOME, "h1") == [here("h1"), elsewhere("d1")]
    assert phone.take(DESK, "d1") == [here("d1"), elsewhere("h1")]


def test_it_is_not_taken_from_under_a_call(phone: Handset) -> None:
    ask(phone, DESK, "d1", busy=True)
    assert phone.take(HOME, "h1") == [Told("h1", "busy")]
    ask(phone, DESK, "d1", busy=False)
    assert phone.take(HOME, "h1") == [here("h1"), elsewhere("d1")]


def test_a_place_that_comes_back_soon_still_has_it(phone: Handset) -> None:
    ask(phone, HOME, "h1")
    phone.gone("d1", 100.0)
    assert phone.look(100.0 + GRACE_S - 0.1) == []
    assert ask(phone, DESK, "d2") == [here("d2")]
    assert phone.look(200.0) == []


def test_a_place_that_does_not_come_back_leaves_it_to_whoever_waits(phone: Handset) -> None:
    ask(phone, HOME, "h1")
    phone.gone("d1", 100.0)
    assert phone.look(100.0 + GRACE_S) == [here("h1")]
    assert ask(phone, DESK, "d2") == [elsewhere("d2")]


def test_the_end_of_an_older_connection_of_the_same_browser_is_no_leaving(phone: Handset) -> None:
    ask(phone, DESK, "d2")
    phone.gone("d1", 100.0)
    assert phone.look(200.0) == []
    assert ask(phone, HOME, "h1") == [elsewhere("h1")]


def test_who_gives_it_back_gives_it_to_whoever_waits_longest(phone: Handset) -> None:
    ask(phone, HOME, "h1")
    ask(phone, "third", "t1")
    assert phone.leave(DESK, 0.0) == [here("h1")]
    assert phone.leave("third", 0.0) == []


def test_a_vanished_holder_with_a_call_does_not_keep_it_from_being_taken(phone: Handset) -> None:
    ask(phone, DESK, "d1", busy=True)
    phone.gone("d1", 100.0)
    assert phone.take(HOME, "h1") == [here("h1")]


def test_after_a_restart_who_only_waited_does_not_get_it_before_who_had_it() -> None:
    phone = Handset()
    assert ask(phone, HOME, "h1", waiting=True, now=1.0) == [elsewhere("h1")]
    assert ask(phone, DESK, "d1", now=2.0) == [here("d1")]
    assert phone.look(1.0 + GRACE_S) == []


def test_after_a_restart_who_waited_gets_it_if_nobody_else_comes() -> None:
    phone = Handset()
    ask(phone, HOME, "h1", waiting=True, now=1.0)
    assert phone.look(1.0 + GRACE_S) == [here("h1")]


def test_after_a_restart_a_call_that_goes_on_has_it_whoever_came_first(phone: Handset) -> None:
    assert ask(phone, HOME, "h1", busy=True) == [here("h1"), elsewhere("d1")]


def test_the_closing_of_a_line_has_the_holder_register_again(phone: Handset) -> None:
    ask(phone, HOME, "h1")
    phone.take(HOME, "h1")
    assert phone.closed(DESK) == [Told("h1", "again")]
    assert phone.closed(HOME) == []


def test_nothing_is_kept_of_whom_has_left(phone: Handset) -> None:
    ask(phone, HOME, "h1")
    phone.gone("h1", 0.0)
    phone.gone("d1", 0.0)
    phone.look(GRACE_S)
    assert phone.empty


def test_a_connection_that_makes_up_names_is_one_place(phone: Handset) -> None:
    for number in range(1000):
        assert ask(phone, f"made-up-{number}", "d1") == [here("d1")]
    assert ask(phone, HOME, "h1") == [elsewhere("h1")]
    phone.gone("d1", 0.0)
    assert phone.look(GRACE_S) == [here("h1")]
