"""The SIP secret of an agent: derived, never stored.

HMAC-SHA256 with the instance's own key over extension and counter. Counting up makes a new secret and kills the old one
at the next rendering of the switch's files.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

KEY_BYTES = 32
SECRET_CHARACTERS = 32  # 128 bits in hexadecimal; nothing that pjsip.conf would have to quote


def sip_secret(key: bytes, extension: str, counter: int) -> str:
    """The password of the phone with this extension."""
    return hmac.new(key, f"{extension}:{counter}".encode(), hashlib.sha256).hexdigest()[:SECRET_CHARACTERS]


def sip_key(file: Path) -> bytes:
    """The instance's key, made at first use with mode 0600."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return bytes.fromhex(file.read_text().strip())
    with os.fdopen(descriptor, "w") as made:
        key = secrets.token_bytes(KEY_BYTES)
        made.write(key.hex())
    return key
