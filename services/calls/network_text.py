"""Makes text that the network sent fit to be stored and shown."""

from __future__ import annotations

import unicodedata

LIMIT = 64  # characters kept of anything the network sent


def printable(sent: str) -> str:
    """Text of a caller, cut to 64 characters, without what is not seen: PostgreSQL takes no NUL, logs and screens no ANSI.

    Neither marks that turn the text around nor line and paragraph separators (they are no control characters) are let through.
    """
    return "".join(character for character in sent[:LIMIT] if _is_seen(unicodedata.category(character))).strip()


def _is_seen(category: str) -> bool:
    return category[0] != "C" and category not in ("Zl", "Zp")
