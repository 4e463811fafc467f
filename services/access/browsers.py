"""Signs and checks the names of browsers with which a person has logged in before: the way in for the owner of an account while
strangers guess at its login (``throttle``).

A browser keeps a random name, signed together with the login; nothing of it is stored. It opens nothing: the password is asked
for all the same, and a wrong one counts.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

_SHAPE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class KnownBrowsers:
    """Gives out and checks names. ``key`` is the instance's; with another key all browsers are forgotten."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def make(self, login: str) -> str:
        """The signed name that a browser keeps once this login's password was right."""
        name = secrets.token_hex(16)
        return f"{name}.{self._signed(name, login)}"

    def name(self, kept: str, login: str) -> str | None:
        """The browser's name, if it was really given that for this login."""
        found = _SHAPE.fullmatch(kept)
        if found is None or not hmac.compare_digest(found[2], self._signed(found[1], login)):
            return None
        return found[1]

    def _signed(self, name: str, login: str) -> str:
        return hmac.new(self.key, f"{name} {login}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
