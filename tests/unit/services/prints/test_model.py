"""What stands on a document, and what does not; how it looks is looked at (``tests/integration/test_prints.py``)."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.appeals.model import State as AppealState
from services.clocks.ladder import Rung
from services.hotline.model import DecisionKind
from services.orders.model import Order
from services.orders.model import State as OrderState
from services.orders.reminding import URGE
from services.orders.views import Seen as SeenOrder
from services.orders.workflow import Action as OrderAction
from services.prints import model
from services.prints.model import BREAK_HERE, CODED, HISTORY, PAUSE, History, Paper, Step, clean, condensed, document
from services.prints.words import TEXTS, spoken
from services.tickets.actions import Verdict
from services.tickets.levels import Level, Trigger
from services.tickets.model import FIELDS, Channel, Severity, Told
from services.tickets.workflow import Action as TicketAction

AT = datetime(2026, 11, 27, 3, 40, tzinfo=UTC)
PAPER = Paper("示例中心", ZoneInfo("Asia/Shanghai"), "zh-CN", AT, "小王", {("business", "broadband"): "宽带"})


def step(
    minutes: float, action: str = "change", by: str = "李", note: str = "", **changes: tuple[str | None, str | None]
) -> Step:
    return Step(AT + timedelta(minutes=minutes), by, action, changes, note)


@given(st.text(max_size=300))
def test_nothing_unseen_is_on_paper_and_nothing_seen_is_lost(text: str) -> None:
    paper = clean(text)
    assert not [
        one for one in paper if unicodedata.bidirectional(one) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    ]
    assert not [one for one in paper if unicodedata.category(one) == "Cc" and one not in "\n\t"]
    seen = [one for one in text if unicodedata.category(one) not in {"Cc", "Cf", "Zl", "Zp", "Cn"}]
    assert [one for one in paper if unicodedata.category(one) not in {"Cc", "Cf", "Zl", "Zp", "Cn"}] == seen


def test_a_word_without_an_end_may_break() -> None:
    assert max(map(len, clean("A" * 10_000).split(BREAK_HERE))) == 24
    assert clean("多收了钱 two words") == "多收了钱 two words"


def test_every_step_and_every_field_has_its_words() -> None:
    steps = [f"step.ticket.{one}" for one in ("create", "renumber", *TicketAction)]
    steps += [f"step.order.{one}" for one in ("propose", *OrderAction)]
    told = {"level": Level, "trigger": Trigger, "severity": Severity, "channel": Channel, "told": Told, "appeal": AppealState}
    told |= {"decision": DecisionKind, "verdict": get_args(Verdict), "reminder": [*Rung, URGE]}
    codes = [f"{name}.{code}" for name, all_ in told.items() for code in all_]
    fields = [f"field.{name}" for name in (*FIELDS, *CODED, "closing", "decision", "overruled", "owner", "amount", "answers")]
    assert [key for key in (*steps, *codes, *fields) if key not in TEXTS] == []


def test_what_was_decided_and_how_it_ended_is_read_and_not_guessed() -> None:
    steps = [
        step(0, "escalate", level=("senior", "manager"), triggers=(None, "overdue repeat")),
        step(9, "decide", decision=(None, "2 compensate"), amount=(None, "50.00 CNY")),
        step(10, "decide", overruled=(None, "7 refuse"), closing=(None, "unreachable")),
    ]
    paper = replace(PAPER, labels={("closing", "unreachable"): "联系不上"})
    rows = model._history(paper, "ticket", History(steps))[0]["rows"]
    assert [(row["what"], row["lines"]) for row in rows] == [
        ("上报经理热线", ["经办级别：高级话务员 → 经理热线", "上报原因：超过时限 · 重复投诉"]),
        ("作出决定", ["决定：2 补偿客户", "补偿金额：50.00 CNY"]),
        ("作出决定", ["被否决的步骤：7 退回，不归本部门", "客户确认：联系不上"]),
    ]


def test_times_are_those_on_the_centres_wall() -> None:
    assert PAPER.stamp(AT) == "2026-11-27 11:40"
    assert document(PAPER, "x", "n", [], [])["printed"] == "打印于 2026-11-27 11:40 · 小王"


def test_what_somebody_typed_within_some_minutes_is_one_change_and_taken_back_is_none() -> None:
    typed = [step(0, "create", answer=(None, "a")), step(1, answer=("a", "b")), step(2, answer=("b", "c"), address=("", "x"))]
    later = [
        step(30, address=("x", "y")),
        step(31, address=("y", "x")),
        step(32, by="王", address=("x", "z")),
        step(33, "close", note="好"),
    ]
    told = condensed([*typed, *later])
    assert [(one.action, dict(one.changes)) for one in told] == [
        ("create", {"answer": (None, "a")}),
        ("change", {"answer": ("a", "c"), "address": ("", "x")}),
        ("change", {"address": ("x", "z")}),
        ("close", {}),
    ]
    assert timedelta(minutes=28) > PAUSE


def printed(rows: int) -> list[str]:
    """What stands in the sections without a title of an order with so long a history."""
    order = Order(
        id=1, number="W2026-11-000001", ticket_id=1, department_id=1, leads=True, second_of=None, state=OrderState.ISSUED,
        version=rows, author_id=1, made_at=AT, task="查", urgent=False, hours=1,
    )  # fmt: skip
    names: Any = dict.fromkeys(("ticket", "author", "zh", "customer_name", "contact_number", "customer_number", "address"), "")
    seen = SeenOrder(
        order=order, names=names, papers=(), extensions=(), warning=None, reminders=(), deadline=None, contact="", may=()
    )  # fmt: skip
    history = History.of([step(0, "chase", note=str(at)) for at in range(rows)])
    sections = model.order(PAPER, seen, history)["sections"]
    assert sum(len(one["rows"]) for one in sections if one["kind"] == "history") == min(rows, HISTORY)
    return [one["text"] for one in sections if one["kind"] == "text" and not one["title"]]


def test_a_history_that_is_too_long_says_that_it_goes_on() -> None:
    assert printed(HISTORY) == []
    assert printed(HISTORY + 1) == ["（以下还有更多，未打印）"]


def test_every_text_is_there_in_both_languages_and_what_has_none_yet_is_named_by_its_code() -> None:
    assert [key for key, pair in TEXTS.items() if not all(pair)] == []
    assert (spoken("step.ticket.close", "zh-CN"), spoken("step.ticket.close", "en")) == ("结单", "closed it")
    assert spoken("step.ticket.of_a_later_version", "zh-CN") == "of_a_later_version"
