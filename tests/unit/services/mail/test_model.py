"""A mail as a server takes it: one line a header, the same id each time it is sent."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.mail.model import Letter, message
from tests.harness.post import server

SUBJECT = "[听诉] 有新的工单 W2026-11-000001"
LETTER = Letter(
    id=7, made_at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC), to="network@example.org", subject=SUBJECT, text="链接"
)  # fmt: skip
BCC = "a@example.org\r\nBcc: x@example.org"


def test_a_mail_says_from_whom_to_whom_and_that_a_machine_sent_it() -> None:
    written = message(LETTER, server(25)).as_bytes()
    read = email.message_from_bytes(written, policy=email.policy.default)
    assert (read["To"], read["Subject"], read["Auto-Submitted"]) == (LETTER.to, LETTER.subject, "auto-generated")
    assert read["From"] == "听诉 <tingsu@example.org>"
    assert b"\r\n" in written
    assert written.isascii()


def test_a_mail_that_is_sent_again_is_the_same_one_and_another_is_another() -> None:
    sent = message(LETTER, server(25))["Message-ID"]
    assert sent == message(replace(LETTER, text="another link"), server(25))["Message-ID"]
    others = [
        message(replace(LETTER, id=8), server(25)),
        message(replace(LETTER, made_at=datetime(2026, 11, 24, tzinfo=UTC)), server(25)),
        message(LETTER, replace(server(25), instance="other")),
    ]
    assert sent not in {other["Message-ID"] for other in others}


@pytest.mark.parametrize("wrong", [{"subject": BCC}, {"subject": "a\nb"}, {"to": BCC}])
def test_no_header_can_be_put_into_another(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"header|address|newline|linefeed"):
        message(replace(LETTER, **wrong), server(25))  # type: ignore[arg-type]


def test_a_link_stays_whole_however_long_its_line_is() -> None:
    link = f"https://desk.example.org/answer#{'A' * 200}"
    read = email.message_from_bytes(message(replace(LETTER, text=link), server(25)).as_bytes(), policy=email.policy.default)
    assert link in read.get_content()


def test_neither_the_password_nor_the_link_is_in_what_is_printed() -> None:
    assert "secret" not in repr(replace(server(25), password="secret"))
    assert "链接" not in repr(LETTER)
