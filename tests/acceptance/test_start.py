"""The first start, when it does not succeed at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.demo.desk import Refusal
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


async def test_no_row_keeps_a_centre_from_starting(tmp_path: Path) -> None:
    """What a row may come to mean by a changed setting, a hand in the database or another version is named and passed over."""
    async with Centre(tmp_path / "centre", settings={"ivr": {"numbers": ["10000"]}}) as centre:
        for login, extension in (("anna", "1001"), ("bert", "1002"), ("carl", "1003")):
            await centre.hire(login, extension=extension, phone="sip")
        with pytest.raises(Refusal, match="invalid"):
            await centre.hire("dora", extension="10000", phone="sip")
        await centre.query("alter table person drop constraint person_roles_check")
        await centre.query("update person set roles = '{dragon}' where login = 'carl'")
        await centre.stop()

        text = centre.config.read_text(encoding="utf-8")
        centre.config.write_text(text.replace('["10000"]', '["10000", "1002"]'), encoding="utf-8")
        await centre.start()
        accounts = next(part for part in (await centre.admin.get("/api/system"))["parts"] if part["name"] == "accounts")
        assert (accounts["ok"], accounts["detail"]) == (False, "bert 1002 hotline; carl role")
        (await centre.sip_phone("anna")).close()
        assert {person["login"] for person in await centre.admin.get("/api/people")} == {FIRST_LOGIN, "anna", "bert"}


async def test_a_second_start_says_where_to_log_in_and_leaves_the_first_alone(tmp_path: Path) -> None:
    async with Centre(tmp_path / "centre") as centre:
        code, told = await centre.tingsu("run")
        assert (code, "Traceback" in told) == (1, False), told
        assert re.search(rf"已在运行.*{re.escape(centre.url)} ", told.splitlines()[-1]), told
        assert await centre.healthy()
        assert (await centre.admin.get("/api/me"))["login"] == FIRST_LOGIN
