"""The dispatch catalogue (SPEC O8): which rule speaks for a case, and what an edition must be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.departments.model import Department, Edition, Rule, check, propose
from services.errors import Invalid

NETWORK = Department(code="network", zh="网络部", en="Network", hours=48)
BILLING = Department(code="billing", zh="计费中心", en="Billing", hours=24)
BOTH = [NETWORK, BILLING]

CLASSES = st.sampled_from([None, "a", "b"])
RULES = st.lists(
    st.builds(Rule, department=st.sampled_from(["network", "billing"]), kind=CLASSES, business=CLASSES, nature=CLASSES),
    unique_by=lambda rule: (rule.kind, rule.business, rule.nature),
)


def asked(edition: Edition, **case: str) -> tuple[str, int] | None:
    found = propose(edition, **{"kind": None, "business": None, "nature": None, **case})
    return None if found is None else (found.department, found.hours)


def test_the_rule_that_names_most_of_a_case_speaks_for_it() -> None:
    rules = [
        Rule(department="network", kind="complaint"),
        Rule(department="billing", kind="complaint", nature="tariff"),
        Rule(department="network", kind="complaint", nature="tariff", business="data", hours=4),
    ]
    edition = Edition(BOTH, rules)
    assert asked(edition, kind="complaint") == ("network", 48)
    assert asked(edition, kind="complaint", nature="tariff", business="fixed") == ("billing", 24)
    assert asked(edition, kind="complaint", nature="tariff", business="data") == ("network", 4)
    assert asked(edition, kind="enquiry") is None


def test_the_nature_says_more_than_the_business() -> None:
    edition = Edition(BOTH, [Rule(department="network", business="data"), Rule(department="billing", nature="tariff")])
    assert asked(edition, business="data", nature="tariff") == ("billing", 24)


def test_a_department_that_is_not_active_is_never_proposed() -> None:
    edition = Edition(
        [replace(NETWORK, active=False), BILLING], [Rule(department="network"), Rule(department="billing", kind="a")]
    )
    assert asked(edition, kind="b") is None
    assert asked(edition, kind="a") == ("billing", 24)


@given(rules=RULES, kind=CLASSES, business=CLASSES, nature=CLASSES)
def test_what_is_proposed_fits_and_nothing_that_fits_says_more(
    rules: list[Rule], kind: str | None, business: str | None, nature: str | None
) -> None:
    case = {"kind": kind, "business": business, "nature": nature}
    fitting = [rule for rule in rules if all(getattr(rule, name) in (None, case[name]) for name in case)]
    found = propose(Edition(BOTH, rules), kind=kind, business=business, nature=nature)
    assert (found is None) == (not fitting)
    if found:
        named = {name for name in case if getattr(found.rule, name) is not None}
        assert found.rule in fitting
        assert all(len(named) >= sum(getattr(rule, name) is not None for name in case) for rule in fitting)


def test_an_edition_is_kept_and_read_as_it_was() -> None:
    edition = Edition(BOTH, [Rule(department="network", kind="complaint", hours=4)])
    assert Edition.from_json(edition.as_json()) == edition


@pytest.mark.parametrize(
    ("edition", "wrong"),
    [
        (Edition([NETWORK], []), [("departments", "department_gone")]),
        (Edition([NETWORK, BILLING, NETWORK], []), [("departments.2.code", "repeated")]),
        (Edition(BOTH, [Rule(department="sales")]), [("rules.0.department", "unknown_department")]),
        (Edition(BOTH, [Rule(department="network"), Rule(department="billing")]), [("rules.1", "repeated")]),
    ],
)
def test_everything_wrong_with_an_edition_is_named(edition: Edition, wrong: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid) as raised:
        check(edition, Edition(BOTH, []))
    assert [(field.field, field.code) for field in raised.value.fields] == wrong
