"""What has changed since somebody was last told."""

from __future__ import annotations

from services.bells import Change, Kind
from services.web.changed import MOST, Changed


def test_the_newest_version_of_each_thing_is_told_once() -> None:
    changed = Changed()
    for version in (2, 3, 1):
        changed.note(Change(Kind.TICKET, "7", version))
    changed.note(Change(Kind.CALL, "a.7", 5))
    assert changed.take() == [Change(Kind.TICKET, "7", 3), Change(Kind.CALL, "a.7", 5)]
    assert not changed
    assert changed.take() == []


def test_what_case_an_order_belongs_to_is_told_with_it() -> None:
    changed = Changed()
    for version in (1, 2):
        changed.note(Change(Kind.ORDER, "7", version, 45))
    assert changed.take() == [Change(Kind.ORDER, "7", 2, 45)]


def test_of_too_many_of_a_kind_it_is_told_that_any_may_have_changed_and_other_kinds_are_told_one_by_one() -> None:
    changed = Changed()
    for number in range(MOST):
        changed.note(Change(Kind.TICKET, str(number), 1))
    assert len(changed.take()) == MOST
    for number in range(MOST + 1):
        changed.note(Change(Kind.TICKET, str(number), 1))
    changed.note(Change(Kind.TICKET, "late", 1))
    changed.note(Change(Kind.CALL, "a.1", 1))
    assert changed.take() == [Change(Kind.TICKET), Change(Kind.CALL, "a.1", 1)]


def test_any_of_a_kind_takes_the_place_of_single_ones() -> None:
    changed = Changed()
    for change in (Change(Kind.TICKET, "7", 3), Change(Kind.TICKET), Change(Kind.TICKET, "8", 1)):
        changed.note(change)
    assert changed.take() == [Change(Kind.TICKET)]
