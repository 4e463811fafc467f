"""What the network sent, made fit to be stored and shown."""

from __future__ import annotations

import unicodedata

LIMIT = 64  # characters kept of anything the network sent


def printable(sent: str) -> str:
    """Text of a caller, cut to 64 characters, without control characters (PostgreSQL takes no NUL, logs and screens no ANSI)."""
    return "".join(character for character in sent[:LIMIT] if unicodedata.category(character)[0] != "C").strip()
