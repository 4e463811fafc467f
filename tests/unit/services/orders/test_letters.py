"""What stands in a mail to a department."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.clocks.ladder import Rung
from services.orders.letters import DENIED, MOVED, WANTED, WITHDRAWN, About, ended, subject, text
from services.orders.links import MAILED
from services.orders.reminding import URGE

ABOUT = About(
    kind="issue", number="W2026-11-000001", urgent=False, due_at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC), zh="网络", en="Network"
)
ENDS = datetime(2026, 12, 23, 9, 0, tzinfo=UTC)
URL = "https://desk.example.org/answer#token"


def test_every_mail_that_is_posted_has_its_words() -> None:
    assert set(WANTED) == {*map(str, MAILED), *map(str, Rung), URGE, MOVED, DENIED}


@pytest.mark.parametrize("kind", sorted(WANTED.keys() - {WITHDRAWN}))
def test_a_mail_names_order_deadline_and_link_in_both_languages(kind: str) -> None:
    said = text(replace(ABOUT, kind=kind), "听诉", URL, ends_at=ENDS, zone=ZoneInfo("Asia/Shanghai"))
    for once in (*WANTED[kind], "2026-11-23 17:00", "2026-12-23 17:00", ABOUT.number):
        assert once in said
    assert said.count(URL) == 2


def test_the_mail_about_a_withdrawn_order_has_no_link_and_no_deadline() -> None:
    said = ended(replace(ABOUT, kind=WITHDRAWN), "听诉")
    assert all(once in said for once in (*WANTED[WITHDRAWN], ABOUT.number))
    assert "http" not in said
    assert "17:00" not in said


def test_a_subject_is_one_line_and_says_what_is_urgent() -> None:
    said = subject(replace(ABOUT, urgent=True), "听诉\r\nBcc: x@example.org")
    assert said.isprintable()
    assert said.startswith("[听诉 Bcc: x@example.org] 【加急 Urgent】有新的工单 W2026-11-000001")
