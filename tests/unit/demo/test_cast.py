from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from services.customers.reader import Task, look, read
from tests.demo.cast import AGENTS, CASES, CONVERSATIONS, CUSTOMERS, HISTORY, HOSTILE_NAMES, INSPECTOR, YOU, Case, Conversation
from tests.demo.seed import customers_csv
from tests.model.sentences import pinyin


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda talk: talk.lines[1].text)
def test_every_word_of_a_conversation_is_known_to_the_demonstration_model(conversation: Conversation) -> None:
    for line in conversation.lines:
        assert pinyin(line.text)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda talk: talk.lines[1].text)
def test_agent_and_caller_speak_in_turn(conversation: Conversation) -> None:
    assert conversation.lines[0].speaker == "agent"
    assert all(one.speaker != other.speaker for one, other in pairwise(conversation.lines))
    assert conversation.key in {"0", "1", "2"}


def test_the_customers_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(customers_csv(CUSTOMERS))
    task = Task(path=str(tmp_path / "file"), good=str(tmp_path / "good"), report=str(tmp_path / "report"))
    found = read(replace(task, columns=look(task)["columns"]), lambda told: None)
    assert (found["good"], found["bad"]) == (len(CUSTOMERS), 0)
    assert {customer.tier for customer in CUSTOMERS} == {"normal", "big", "important", "dedicated_line"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fields["description"])
def test_every_case_has_what_its_state_demands(case: Case) -> None:
    if case.becomes in ("open", "closed"):
        wanted = {"complaint": {"business", "nature"}, "suggestion": {"suggestion"}, "enquiry": set()}[case.fields["kind"]]
        assert wanted <= set(case.fields)
    if case.becomes == "closed" and case.fields["kind"] != "suggestion":
        assert case.fields["answer"]


def test_the_cases_are_in_varied_states() -> None:
    assert {case.becomes for case in CASES} == {"draft", "open", "closed", "discarded"}


def test_logins_and_extensions_are_each_their_own() -> None:
    staff = (YOU, INSPECTOR, *AGENTS)
    assert len({member.login for member in staff}) == len(staff)
    extensions = [member.extension for member in staff if member.extension]
    assert len(set(extensions)) == len(extensions) == 5


def test_a_hostile_name_stays_inside_its_quotes_in_a_sip_header() -> None:
    assert not any('"' in name or "\\" in name for name in HOSTILE_NAMES)


def test_the_last_days_are_of_customers_whom_junior_agents_handle() -> None:
    tiers = {customer.number: customer.tier for customer in CUSTOMERS}
    assert {tiers.get(past.number, "normal") for past in HISTORY} == {"normal"}
