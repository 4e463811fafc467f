"""Which lines of the switch's log tell of a refused registration, and of whose."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from services.hosted.refusals import read

AT = "2026-11-26 16:00:00.123"
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
FORGED = "' failed for '192.0.2.9:5060' (callid: 1) - Failed to authenticate"


@pytest.fixture(autouse=True)
def in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The switch writes local times."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def line(
    *, method: str = "REGISTER", who: str = "<sip:1001@198.51.100.7>", call: str = "a1", at: str = AT, source: str = "203.0.113.5"
) -> str:
    head = f"[{at}] NOTICE[2373] res_pjsip/pjsip_distributor.c: Request '{method}' from '{who}'"
    return f"{head} failed for '{source}:49315' (callid: {call}) - Failed to authenticate"


def test_a_refused_registration_has_its_moment_address_and_extension() -> None:
    (refusal,) = read(["", line(), "[2026-11-26 16:00"], ALWAYS)
    assert refusal.at == datetime(2026, 11, 26, 8, 0, 0, 123_000, tzinfo=UTC)
    assert (refusal.address, refusal.extension) == ("203.0.113.5", "1001")
    assert read([line(source="[2001:db8::5]")], ALWAYS)[0].address == "2001:db8::5"


def test_who_writes_like_the_log_itself_is_counted_and_nobody_is_named_for_it() -> None:
    found = read([line(who=f'"x{FORGED}" <sip:1001@198.51.100.7>'), line(call=f"1){FORGED}")], ALWAYS)
    assert [refusal.address for refusal in found] == ["", ""]


def test_what_is_no_extension_is_not_taken_for_one() -> None:
    found = read([line(who=f"<sip:{user}@198.51.100.7>") for user in ("admin", "13800138000", "10 01", "")], ALWAYS)
    assert [refusal.extension for refusal in found] == [""] * 4


def test_other_requests_other_lines_and_older_ones_are_left_out() -> None:
    moment = datetime(2026, 11, 26, 8, 0, 1, tzinfo=UTC)
    challenged = line().replace("Failed to authenticate", "Not match Endpoint ACL")
    lines = [challenged, line(method="INVITE"), "WARNING" + line(), line(at="2026-13-45 99:99:99.999")]
    assert read(lines, ALWAYS) == []
    assert read([line()], moment) == []
    assert len(read([line()], moment - timedelta(seconds=1))) == 1
