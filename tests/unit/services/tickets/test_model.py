"""What filling a field and hiding a call's words come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.tickets.actions import draft
from services.tickets.model import Evidence, Filling, Source, State, by_agent, fill, without_words

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
EMPTY = draft(received_at=AT, now=AT, created_by=1, owner=1)
SAID = Source("draft", conf=0.9, evidence=(Evidence("坏了", "caller", 0.0, 1.0, 0.9),))
UNSURE = Source("draft", sure=False, proposal="坏了")
TYPED, _ = fill(EMPTY, by_agent({"address": "科技园"}))
DRAWN, _ = fill(TYPED, (Filling("description", "坏了", SAID), Filling("answer", None, UNSURE)))


def test_filling_one_field_leaves_who_filled_the_others() -> None:
    assert {name: source.by for name, source in DRAWN.sources.items()} == {
        "address": "agent",
        "description": "draft",
        "answer": "draft",
    }


def test_nothing_is_an_empty_text_and_no_class() -> None:
    filled, changes = fill(EMPTY, by_agent({"answer": None, "kind": ""}))
    assert (filled.answer, filled.kind, changes) == ("", None, {})


@pytest.mark.parametrize("state", [State.DRAFT, State.DISCARDED])
def test_without_the_words_a_draft_keeps_what_a_person_typed(state: State) -> None:
    shown = without_words(replace(DRAWN, state=state))
    assert (shown.address, shown.description) == ("科技园", "")


@pytest.mark.parametrize("state", State)
def test_no_quote_and_no_proposal_is_left_without_the_words(state: State) -> None:
    shown = without_words(replace(DRAWN, state=state))
    assert {(source.proposal, source.evidence) for source in shown.sources.values()} == {(None, ())}


@pytest.mark.parametrize("state", [State.OPEN, State.CLOSED])
def test_what_a_person_confirmed_is_the_cases(state: State) -> None:
    assert without_words(replace(DRAWN, state=state)).description == "坏了"


def test_a_source_is_the_same_out_of_the_database() -> None:
    assert [Source.from_json(source.as_json()) for source in (SAID, UNSURE)] == [SAID, UNSURE]
