"""``docs/rules.md`` is true: every number that the code cites is a rule, and the page names the files that cite it."""

from __future__ import annotations

from docs import rules


def test_every_cited_number_is_a_rule() -> None:
    known = set(rules.rules_of(rules.PAGE.read_text(encoding="utf-8")))
    unknown = {number: files for number, files in rules.citations(rules.sources()).items() if number not in known}
    assert not unknown, f"cited, and no rule: {unknown}"


def test_the_page_names_the_files_that_keep_each_rule() -> None:
    page = rules.PAGE.read_text(encoding="utf-8")
    assert rules.written(page, rules.citations(rules.sources())) == page, "`make rules` writes it anew"


def test_no_rule_stands_twice() -> None:
    numbers = rules.rules_of(rules.PAGE.read_text(encoding="utf-8"))
    assert len(numbers) == len(set(numbers)) == 80


def test_a_number_counts_where_a_rule_is_meant() -> None:
    assert rules.cited_in("kept (SPEC C6, Q4) and SPEC A1/A7; see (C10)") == ["C6", "Q4", "A1", "A7", "C10"]
    assert rules.cited_in("(SPEC A6, N2–N4, O7)") == ["A6", "N2", "N3", "N4", "O7"]
    assert rules.cited_in("key F10, codec G722, (OWASP ASVS V6, V7), x[A1]") == []
