"""The first start, when it does not succeed at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.centre import FIRST_LOGIN, Centre


async def test_the_first_password_is_shown_by_the_first_start_that_succeeds(tmp_path: Path) -> None:
    centre = Centre(tmp_path / "centre", settings={"recordings": {"store": "nowhere://at-all"}})
    await centre.prepare()
    try:
        with pytest.raises(AssertionError, match="did not start"):
            await centre.start()
        text = centre.config.read_text(encoding="utf-8")
        centre.config.write_text(text.replace('store = "nowhere://at-all"', 'store = ""'), encoding="utf-8")
        await centre.start()  # which logs in with the password that was printed
        assert (await centre.admin.get("/api/me"))["login"] == FIRST_LOGIN
        assert await centre.stop() == 0
    finally:
        await centre.__aexit__(None, None, None)
