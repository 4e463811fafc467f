from __future__ import annotations

from ivr.agi import KEYS
from ivr.menu import RECEPTION, Exit


def test_every_choice_is_a_key_of_a_telephone() -> None:
    assert set(RECEPTION.choices) <= set(KEYS)


def test_nought_leads_to_a_person() -> None:
    assert RECEPTION.choices["0"] == Exit("to-person")
