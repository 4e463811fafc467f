from __future__ import annotations

from typing import Literal

import argon2
import pytest

from services.access.passwords import Passwords, check_strength, make_password
from services.errors import Invalid

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=64)


async def test_the_right_password_from_any_keyboard() -> None:
    passwords = Passwords(CHEAP)
    stored = await passwords.hash("correct horse １２３")
    assert stored.startswith("$argon2id$")
    assert await passwords.matches(stored, "correct horse 123")
    assert not await passwords.matches(stored, "correct horse 124")
    assert not await passwords.matches("no hash at all", "correct horse 123")


class Counted(argon2.PasswordHasher):
    """Notes what each check works on: its cost is all in the parameters that a hash begins with."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64)
        self.checked: list[argon2.Parameters] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  the library's own name
        self.checked.append(argon2.extract_parameters(str(hash)))
        return super().verify(hash, password)


async def test_an_unknown_person_costs_the_same_work() -> None:
    hasher = Counted()
    passwords = Passwords(hasher)
    stored = await passwords.hash("correct horse 123")
    assert not await passwords.matches(stored, "wrong")
    assert not await passwords.matches(None, "wrong")
    known, unknown = hasher.checked
    assert known == unknown


async def test_a_hash_of_weaker_parameters_is_made_anew() -> None:
    assert Passwords().outdated(CHEAP.hash("x"))
    assert not Passwords(CHEAP).outdated(CHEAP.hash("x"))


@pytest.mark.parametrize(
    "weak",
    [
        "short",
        "aaaaaaaaaaaa",
        "Password123",
        "zhang.san99",
        "1111122222",
        "1qaz2wsx3edc",
        "qwertyuiop1",
        "football2024",
        "iloveyou1234",
        "woaini1314520",
        "5201314woaini",
        "tousu2026",
        "Tingsu2026!",
        "Guihua1988",  # the name
        "ab1" * 80,
    ],
)
def test_what_is_guessed_first_is_refused(weak: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_strength(weak, ("zhang.san", "Zhang Guihua"))
    assert weak not in str(caught.value.fields)


@pytest.mark.parametrize("strong", ["correct horse battery", "投诉电话一二三四五六", "x8!kQ2-pp7"])
def test_what_is_long_or_varied_is_taken(strong: str) -> None:
    check_strength(strong, ("zhang.san",))


def test_made_passwords_are_strong_and_never_the_same() -> None:
    made = {make_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check_strength(password)
