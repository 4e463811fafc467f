"""Derives the SIP secret of an agent; it is never stored.

HMAC-SHA256 with the instance's own key over extension and counter. Counting up makes a new secret and kills the old one
at the next rendering of the switch's files.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from services.secret_files import made_once

SECRET_CHARACTERS = 32  # 128 bits in hexadecimal; nothing that pjsip.conf would have to quote


def sip_secret(key: bytes, extension: str, counter: int) -> str:
    """The password of the phone with this extension."""
    return hmac.new(key, f"{extension}:{counter}".encode(), hashlib.sha256).hexdigest()[:SECRET_CHARACTERS]


def sip_key(secrets_folder: Path) -> bytes:
    """The instance's own key, ``sip.key`` in its folder of secrets, made at first use."""
    return bytes.fromhex(made_once(secrets_folder / "sip.key"))
