from __future__ import annotations

from typing import Any

from tests.demo.cast import CONVERSATIONS
from tests.demo.floor import additions, number_in, sides_of

COMPLAINT = CONVERSATIONS[0]
SETTLED = next(talk for talk in CONVERSATIONS if talk.settles)


def ticket(**changed: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("kind", "business", "nature", "suggestion"))
    return {**empty, "description": "", "answer": "", "sources": {}, **changed}


def test_what_the_transcript_filled_is_left_alone() -> None:
    filled = ticket(kind="complaint", business="data", nature="tariff", description="网速慢")
    assert additions(filled, COMPLAINT) == {}


def test_what_is_missing_follows_the_key_that_was_pressed() -> None:
    assert additions(ticket(), COMPLAINT)["kind"] == "complaint"
    assert set(additions(ticket(kind="complaint"), COMPLAINT)) == {"business", "nature", "description"}
    assert set(additions(ticket(kind="suggestion", description="x"), None)) == {"suggestion"}


def test_an_unsure_proposal_is_believed() -> None:
    unsure = ticket(kind="complaint", nature="tariff", description="x", sources={"business": {"proposal": "phone_card"}})
    assert additions(unsure, COMPLAINT) == {"business": "phone_card"}


def test_a_settled_conversation_brings_its_answer() -> None:
    assert additions(ticket(kind="enquiry", description="x"), SETTLED)["answer"] == SETTLED.settles


def test_the_callers_number_is_read_from_the_sip_header() -> None:
    assert number_in('"王小明" <sip:13800138000@127.0.0.1:5060>;tag=1') == "13800138000"
    assert number_in("nonsense") == ""


def test_both_sides_of_a_conversation_are_equally_long() -> None:
    sides = sides_of(COMPLAINT)
    assert len(sides["caller"]) == len(sides["agent"]) > 8_000 * 5
