from __future__ import annotations

from ivr.agi import KEYS
from ivr.menu import RECEPTION, Exit, Menu, prompts_of
from ivr.prompts import load_texts


def test_every_prompt_of_the_reception_has_its_text() -> None:
    assert set(prompts_of(RECEPTION)) <= set(load_texts())


def test_the_prompts_of_menus_under_menus_are_named_too() -> None:
    assert {"deep", "out"} <= set(prompts_of(Menu("top", {"1": Menu("deep", {"2": Exit("out")})})))


def test_every_choice_is_a_key_of_a_telephone() -> None:
    assert set(RECEPTION.choices) <= set(KEYS)


def test_nought_leads_to_a_person() -> None:
    assert RECEPTION.choices["0"] == Exit("to-person")
