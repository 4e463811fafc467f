from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services.people.phones import sip_key, sip_secret


def test_a_secret_is_the_same_for_the_same_phone_and_another_for_the_next() -> None:
    key = bytes(32)
    assert sip_secret(key, "1001", 1) == sip_secret(key, "1001", 1)
    others = {sip_secret(key, "1001", 2), sip_secret(key, "1002", 1), sip_secret(bytes([1]) * 32, "1001", 1)}
    assert len(others | {sip_secret(key, "1001", 1)}) == 4
    assert all(len(secret) == 32 and set(secret) <= set("0123456789abcdef") for secret in others)


def test_the_key_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    with ThreadPoolExecutor(8) as several:
        keys = set(several.map(lambda _: sip_key(folder), range(8)))
    assert len(keys) == 1
    assert stat.S_IMODE((folder / "sip.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["sip.key"]
