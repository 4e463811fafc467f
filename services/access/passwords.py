"""Hashes and checks passwords: argon2id in a thread, few at a time, and with the same work whether the login exists or not.

One check costs about 0.2 s of a core and 64 MiB, on purpose; the semaphore is what keeps a flood of guesses from taking
the machine. A password is only ever compared and hashed: not logged, not repeated in an error.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from typing import TYPE_CHECKING

import argon2
from zxcvbn import zxcvbn

from services.errors import Invalid, WrongField

if TYPE_CHECKING:
    from collections.abc import Iterable

AT_ONCE = 2  # 128 MiB; a third login waits a fifth of a second
SHORTEST = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for something else on paper
PRODUCT = ("tingsu", "听诉", "tousu", "asterisk", "complaint")
LOVED_HERE = ("woaini", "1314520", "5201314", "iloveyou", "aini1314", "qq123456", "a123456", "woaini1314", "zxcvbnm")
"""What people of this country guess first and the dictionaries of the library do not know."""
LOOKED_AT = 72  # characters; the judging takes longer than in proportion, and nothing beyond them makes a password weak
STRONG = 3  # zxcvbn's score: over 10^8 guesses
FORBIDDEN_PARTS = ("password", "tingsu", "12345", "qwerty", "admin", "letmein")


class Passwords:
    """Hash and check. One per process: the semaphore belongs to it."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._few = asyncio.Semaphore(AT_ONCE)
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        """The argon2id text for the database."""
        async with self._few:
            return await asyncio.to_thread(self._hasher.hash, plain(password))

    async def matches(self, stored: str | None, password: str) -> bool:
        """True for the right password. ``stored`` None (no such person) costs the same and is False."""
        async with self._few:
            right = await asyncio.to_thread(self._verify, stored or self._nobody, plain(password))
        return right and stored is not None

    def outdated(self, stored: str) -> bool:
        """True if the hash was made with weaker parameters than today's: hash again at the next login."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False


def plain(password: str) -> str:
    """The same password from every keyboard: NFKC (RFC 8265 asks for as much)."""
    return unicodedata.normalize("NFKC", password)


def check_strength(password: str, known: Iterable[str] = ()) -> None:
    """Raises Invalid for a password that is guessed first: short, of few different characters, or mostly a well-known word or
    the person's own.
    """
    words = [word for name in known for word in (name, *name.split()) if len(word) > 1]
    text = plain(password).lower()
    rest = text
    for part in (*FORBIDDEN_PARTS, *(word.lower() for word in words if len(word) > 2)):
        rest = rest.replace(part, "")
    if len(text) < SHORTEST or len(set(text)) < 5 or len(rest) < SHORTEST // 2 or _guessed_soon(plain(password), words):
        wanted = (
            f"at least {SHORTEST} characters, 5 different ones; no common password, name, date or row of keys,"
            " not the login, the person's name or the product's"
        )
        raise Invalid((WrongField("new", "weak", wanted),))


def make_password() -> str:
    """A random one to be typed once: four groups, 79 bits. Nobody thinks one up for somebody else."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def _guessed_soon(password: str, known: Iterable[str]) -> bool:
    """Whether zxcvbn guesses it soon: by its 30,000 commonest passwords, names, words, dates and keyboard walks, and by the
    person's own words.
    """
    judged = zxcvbn(password[:LOOKED_AT], user_inputs=[*PRODUCT, *LOVED_HERE, *known])
    return bool(judged["score"] < STRONG)
