"""What stands on a document, and what does not; how it looks is looked at (``tests/integration/test_prints.py``)."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cti.changes import CallOutcome, Direction
from services.access import masks
from services.appeals.model import State as AppealState
from services.clocks.ladder import Rung
from services.clocks.table import ANSWER
from services.hotline.model import DecisionKind
from services.orders.model import Order, Verb
from services.orders.model import State as OrderState
from services.orders.model import Verdict as Verdicts
from services.orders.reminding import URGE
from services.orders.views import Seen as SeenOrder
from services.orders.workflow import Action as OrderAction
from services.prints import model
from services.prints.model import BREAK_HERE, CODED, HISTORY, PAUSE, History, Paper, Step, clean, condensed, document
from services.prints.words import TEXTS, spoken
from services.tickets.actions import Verdict, draft
from services.tickets.levels import Level, Trigger
from services.tickets.model import FIELDS, Channel, Severity, State, Told
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


def row(minutes: float, what: str, action: str, by: str | None = "李", **more: Any) -> dict[str, Any]:
    """A row of a story, as the database has it."""
    empty = dict.fromkeys(("step", "order_id", "order_number", "zh", "en", "call_id", "about"))
    at = AT + timedelta(minutes=minutes)
    return {"at": at, "what": what, "action": action, "by": by, "note": "", "changes": {}, **empty, **more}


def decision(seq: int, kind: str, **more: Any) -> dict[str, Any]:
    names = (
        "step",
        "order_id",
        "order_number",
        "order_step",
        "amount",
        "currency",
        "answers",
        "approved_by",
        "answer",
        "answered_by",
        "overruled",
    )
    return {
        "seq": seq,
        "kind": kind,
        "by": "王经理",
        "at": AT,
        "reason": "经调查属实",
        "fallen": False,
        **dict.fromkeys(names),
        **more,
    }


CASE = replace(
    draft(received_at=AT, now=AT, created_by=1, owner=1), state=State.OPEN, number="T2026-11-000001", customer_name="张桂芳"
)


def told(rows: list[dict[str, Any]], decisions: list[dict[str, Any]], *, more: bool = False, paper: Paper = PAPER) -> list[Any]:
    made = model.story(paper, CASE, model.Told(rows, decisions, more))
    return list(made["sections"])


def test_m1_the_story_of_a_case_says_who_did_what_when_and_why_oldest_first() -> None:
    """SPEC M1."""
    department = {"order_id": 5, "order_number": "W2026-11-000001", "zh": "光网部", "en": "Optical"}
    rows = [
        row(0, "case", "confirm", step=2),
        row(1, "review", "approve", by="赵", about="dispatch", note="清楚", **department),
        row(2, "order", "refuse", by="孙", step=4, note="不归我们", **department),
        row(3, "clock", "over", by=None, about="V3", **department),
        row(4, "call", "inbound", about="answered"),
        row(5, "extension", "grant", by="赵", **department),
    ]
    decisions = [
        decision(1, "overrule", order_id=5, order_number="W2026-11-000001", order_step=4, overruled="refuse"),
        decision(2, "compensate", amount="600.00", currency="CNY"),
        decision(3, "compensate", amount="50.00", currency="CNY", approved_by="王经理", fallen=True),
    ]
    head, decided, history = told(rows, decisions)
    assert ["编号", "T2026-11-000001"] in head["rows"]
    assert [(one["who"], one["what"], one["lines"]) for one in decided["rows"]] == [
        ("王经理", "1 · 否决一步", ["4 退回，不归本部门", "W2026-11-000001", "“经调查属实”"]),
        ("王经理", "2 · 补偿客户", ["600.00 CNY", "等另一位经理同意", "“经调查属实”"]),
        ("王经理", "3 · 补偿客户", ["50.00 CNY", "王经理 批准", "已被否决", "“经调查属实”"]),
    ]
    assert [(one["at"][-5:], one["who"], one["what"]) for one in history["rows"]] == [
        ("11:40", "李", "确认"),
        ("11:41", "赵", "二次审核通过 (派单)"),
        ("11:42", "孙", "退回，不归本部门"),
        ("11:43", "", "超过时限：部门办结"),
        ("11:44", "李", "来电 · 已接通"),
        ("11:45", "赵", "同意延期"),
    ]
    assert history["rows"][2]["lines"] == ["W2026-11-000001 · 光网部", "已被决定 1 否决", "“不归我们”"]


def test_a_story_that_is_cut_says_so_before_its_first_row() -> None:
    _, before, history = told([row(0, "case", "confirm", step=300)], [], more=True)
    assert (before["kind"], before["text"], history["kind"]) == ("text", "（这之前还有更多，未打印）", "history")


def test_a_story_masks_what_is_hidden_from_who_prints() -> None:
    whole = str(told([row(0, "case", "escalate", note="请拨 13911112222")], [], paper=replace(PAPER, hidden=masks.ALL)))
    assert "139****2222" in whole
    assert "张**" in whole
    assert "张桂芳" not in whole


def test_every_row_of_a_story_has_its_words() -> None:
    keys = [f"review.{one}" for one in Verdicts] + [f"verb.{one}" for one in Verb] + [f"outcome.{one}" for one in CallOutcome]
    keys += [f"call.{one}" for one in Direction] + [f"extension.{one}" for one in ("extension", "grant", "deny")]
    keys += [f"due.{rule}" for rule in ("N2", "A3", "A7", ANSWER, "V3", "A5")] + [f"clock.{one}" for one in ("over", "moved")]
    keys += [f"answered.{one}" for one in ("approve", "deny")]
    assert [key for key in keys if key not in TEXTS] == []
