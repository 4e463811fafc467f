"""Composes documents: what stands on paper, in which order, in the language asked for. Pure; the looks stand in ``paper.typ``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.access import masks
from services.access.masks import CLEAR, Personal
from services.customers.numbers import written
from services.orders.views import Seen as SeenOrder
from services.prints.words import TEXTS, spoken
from services.tickets.model import CLASSES, FIELDS, Ticket
from services.tickets.views import Seen as SeenTicket
from services.words import Language

Labels = Mapping[tuple[str, str], str]
"""What a class is called: by its list and code."""

PAUSE = timedelta(minutes=10)
"""From one change to the next that goes on paper together with it: a form that is saved while one types writes many."""

HISTORY = 400
"""Rows of a history that go on paper: some twenty pages."""

TYPED = "change"
CODED = {
    "severity": "severity", "channel": "channel", "level": "level", "triggers": "trigger", "acknowledged_how": "told",
    "appeal": "appeal", "repeat_verdict": "verdict", "reminder": "reminder",
}  # fmt: skip
"""Fields that hold codes of ours, and under which name the words for them stand."""
TOLD = 300  # characters of a changed text

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]")
"""What is not seen on paper and changes what is: control characters, and marks that turn the direction of the text around."""

LONG_WORD = re.compile(r"[\x21-\u2e7f]{24}")
BREAK_HERE = "\u200b"  # not seen; a line may end there


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a history, as it goes on paper."""

    at: datetime
    by: str | None
    action: str
    changes: Mapping[str, tuple[Any, Any]]
    note: str


@dataclass(frozen=True, slots=True)
class History:
    """What goes on paper of a history, oldest first; ``more``: it goes on, and the paper says so."""

    steps: Sequence[Step] = ()
    more: bool = False

    @classmethod
    def of(cls, steps: Sequence[Step]) -> History:
        """The first HISTORY of these."""
        return cls(steps[:HISTORY], len(steps) > HISTORY)


@dataclass(frozen=True, slots=True)
class Told:
    """The story of a case as ``hotline.views`` has it: its rows, oldest first, and the manager hotline's decisions by their
    number. ``more``: there was more before the first row.
    """

    rows: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """Who prints, when, for which centre, in which language; times as on the centre's wall. ``hidden``: what of a customer's data
    is masked for who prints.
    """

    centre: str
    zone: ZoneInfo
    language: Language
    at: datetime
    by: str
    labels: Labels
    hidden: frozenset[Personal] = CLEAR

    def said(self, key: str, **values: object) -> str:
        return spoken(key, self.language).format(**values)

    def stamp(self, at: datetime | None) -> str:
        """``2026-11-27 11:40``."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}" if at else ""

    def class_of(self, name: str, code: str | None) -> str:
        return self.labels.get((name, code or ""), code or "")


Document = dict[str, Any]
Pairs = Iterable[tuple[str, str]]


def clean(text: str) -> str:
    """The text as it may stand on paper: nothing that cannot be seen, and no word that runs over the margin."""
    return LONG_WORD.sub(lambda found: found[0] + BREAK_HERE, UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def cleaned(value: Any) -> Any:
    """The same for everything in a document."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {name: cleaned(one) for name, one in value.items()}
    return [cleaned(one) for one in value]


def _masked(value: Any) -> Any:
    """Numbers in texts, for whom they are hidden from; what stands in a field of its own is masked where it is put in."""
    if isinstance(value, str):
        return masks.words(value)
    if isinstance(value, Mapping):
        return {name: _masked(one) for name, one in value.items()}
    return [_masked(one) for one in value]


def document(paper: Paper, title: str, number: str, sections: Sequence[Document], signatures: Sequence[str]) -> Document:
    """A whole document, ready for the template."""
    printed = paper.said("printed", at=paper.stamp(paper.at), by=paper.by)
    made = {
        "lang": paper.language.partition("-")[0], "title": title, "centre": paper.centre, "printed": printed, "number": number,
        "words": {"date": paper.said("date")}, "sections": [one for one in sections if one.get("rows") or one.get("text")],
        "signatures": signatures,
    }  # fmt: skip
    whole: Document = cleaned(_masked(made) if paper.hidden else made)
    return whole


def ticket(paper: Paper, seen: SeenTicket, history: History) -> Document:
    """The form of a case with its history, oldest first."""
    case = seen.ticket
    number = case.number or paper.said("draft")
    form = ((paper.said(f"field.{name}"), _content(paper, name, case.value(name))) for name in FIELDS)
    head = [
        (paper.said("number"), number),
        (paper.said("state"), paper.said(f"ticket.{case.state}")),
        (paper.said("received"), paper.stamp(case.received_at)),
        (paper.said("owner"), seen.owner or ""),
        (paper.said("field.level"), _content(paper, "level", case.level)),
        (paper.said("field.acknowledged_how"), _content(paper, "acknowledged_how", case.acknowledged_how)),
        (paper.said("field.closing"), _content(paper, "closing", case.closing)),
    ]
    return document(
        paper,
        paper.said("title.ticket"),
        number,
        [_pairs("", [*head, *form]), *_history(paper, "ticket", history)],
        [paper.said("handled"), paper.said("approved")],
    )


def story(paper: Paper, case: Ticket, told: Told) -> Document:
    """Everything that happened to a case and was decided about it, oldest first, without what is only typing (SPEC M1)."""
    number = case.number or paper.said("draft")
    head = [
        (paper.said("number"), number),
        (paper.said("state"), paper.said(f"ticket.{case.state}")),
        (paper.said("received"), paper.stamp(case.received_at)),
        (paper.said("field.customer_name"), _content(paper, "customer_name", case.customer_name)),
        (paper.said("field.customer_number"), _content(paper, "customer_number", case.customer_number)),
        (paper.said("field.closing"), _content(paper, "closing", case.closing)),
    ]
    fallen = {_step_of(one): one["seq"] for one in told.decisions if one["kind"] == "overrule"}
    rows = [_told_row(paper, row, fallen) for row in told.rows]
    before = {"kind": "text", "title": "", "text": paper.said("cut_before") if told.more else ""}
    decisions = [_decision(paper, one) for one in told.decisions]
    sections = [
        _pairs("", head),
        {"kind": "history", "title": paper.said("decisions"), "rows": decisions},
        before,
        {"kind": "history", "title": paper.said("history"), "rows": rows},
    ]
    return document(paper, paper.said("title.story"), number, sections, [paper.said("handled"), paper.said("approved")])


def _step_of(row: Mapping[str, Any]) -> tuple[Any, Any]:
    """A step that a decision overrules, by its order (None: the case's own) and its number there."""
    return (None, row["step"]) if row["order_id"] is None else (row["order_id"], row["order_step"])


def _told_row(paper: Paper, row: Mapping[str, Any], fallen: Mapping[tuple[Any, Any], int]) -> Document:
    """A row of the story: when, who, what, about which order, and why."""
    about = " · ".join(filter(None, (row["order_number"], _named(paper, row))))
    step = Step(row["at"], row["by"], row["action"], row["changes"], row["note"])
    overruled = fallen.get((row["order_id"], row["step"])) if row["step"] is not None else None
    lines = [
        about,
        *_lines(paper, step),
        paper.said("fallen", n=overruled) if overruled else "",
        f"“{step.note}”" if step.note else "",
    ]
    nobody = "" if row["what"] in {"clock", "call"} else paper.said("system")
    return {
        "at": paper.stamp(step.at), "who": step.by or nobody, "what": _what(paper, row),
        "lines": [line for line in lines if line],
    }  # fmt: skip


def _what(paper: Paper, row: Mapping[str, Any]) -> str:
    action, about = row["action"], row["about"]
    match row["what"]:
        case "case":
            return paper.said(f"step.ticket.{action}")
        case "order":
            return paper.said(f"step.order.{action}")
        case "review":
            return f"{paper.said(f'review.{action}')} ({paper.said(f'verb.{about}')})"
        case "call":
            return " · ".join(filter(None, (paper.said(f"call.{action}"), paper.said(f"outcome.{about}") if about else "")))
        case "clock":
            return paper.said(f"clock.{action}", clock=paper.said(f"due.{about}"))
    return paper.said(f"extension.{action}")


def _named(paper: Paper, row: Mapping[str, Any]) -> str:
    return str(row["zh" if paper.language == "zh-CN" else "en"] or "")


def _decision(paper: Paper, one: Mapping[str, Any]) -> Document:
    """A decision with what it is about, what another manager said to it, and whether it stands."""
    waits = one["kind"] == "compensate" and not (one["approved_by"] or one["answer"] or one["fallen"])
    overruled = (
        _numbered(paper, "overruled", f"{one['step'] or one['order_step']} {one['overruled']}") if one["overruled"] else ""
    )
    lines = [
        overruled,
        one["order_number"] or "",
        f"{one['amount']} {one['currency']}" if one["amount"] is not None else "",
        paper.said("about_decision", n=one["answers"]) if one["answers"] else "",
        paper.said("granted_by", who=one["approved_by"]) if one["approved_by"] else "",
        paper.said(f"answered.{one['answer']}", who=one["answered_by"]) if one["answer"] else "",
        paper.said("waits") if waits else "",
        paper.said("stands_no_more") if one["fallen"] else "",
        f"“{one['reason']}”",
    ]
    kind = paper.said(f"decision.{one['kind']}")
    what, told = f"{one['seq']} · {kind}", [line for line in lines if line]
    return {"at": paper.stamp(one["at"]), "who": one["by"], "what": what, "lines": told}


def order(paper: Paper, seen: SeenOrder, history: History) -> Document:
    """A work order as the department gets it, what came back, and its history."""
    one = seen.order
    number = one.number or paper.said("draft")
    urgent = paper.said("urgent") if one.urgent else ""
    head = [
        (paper.said("number"), number),
        (paper.said("state"), " · ".join(filter(None, (paper.said(f"order.{one.state}"), urgent)))),
        (paper.said("case"), seen.names["ticket"] or ""),
        (paper.said("department"), _department(paper, seen)),
        (paper.said("author"), seen.names["author"]),
        (paper.said("issued"), paper.stamp(one.issued_at)),
        (paper.said("due"), paper.stamp(one.due_at)),
        (paper.said("returned"), paper.stamp(one.returned_at)),
    ]
    customer = [
        (paper.said("field.customer_name"), masks.field("customer_name", seen.names["customer_name"], paper.hidden)),
        (paper.said("field.contact_number"), masks.field("contact_number", seen.contact, paper.hidden)),
        (paper.said("field.address"), masks.field("address", seen.names["address"], paper.hidden)),
    ]
    return document(
        paper,
        paper.said("title.order"),
        number,
        [
            _pairs("", head),
            _pairs(paper.said("customer"), customer),
            {"kind": "text", "title": paper.said("task"), "text": one.task},
            {"kind": "text", "title": paper.said("answer"), "text": one.answer},
            *_history(paper, "order", history),
        ],
        [paper.said("handled"), paper.said("of_department")],
    )


def warning(paper: Paper, seen: SeenOrder) -> Document:
    """The written warning that went with a second dispatch (书面警告, SPEC N5)."""
    given = seen.warning
    assert given is not None
    head = [
        (paper.said("number"), given.number),
        (paper.said("department"), _department(paper, seen)),
        (paper.said("order"), seen.order.number or ""),
        (paper.said("case"), seen.names["ticket"] or ""),
        (paper.said("given"), paper.stamp(given.at)),
        (paper.said("given_by"), given.by),
    ]
    text = {"kind": "text", "title": paper.said("warning_text"), "text": given.text}
    signatures = [paper.said("approved"), paper.said("of_department")]
    return document(paper, paper.said("title.warning"), given.number, [_pairs("", head), text], signatures)


def condensed(rows: Iterable[Step]) -> list[Step]:
    """A history without what is only typing: what one person changed within some minutes is one change, taken back is none."""
    told: list[Step] = []
    for row in rows:
        last = told[-1] if told else None
        if last and _goes_on(last, row):
            together = {name: (last.changes.get(name, pair)[0], pair[1]) for name, pair in row.changes.items()}
            told[-1] = replace(row, changes={**last.changes, **together})
        else:
            told.append(row)
    return [step for step in map(_changed, told) if step.action != TYPED or step.note or step.changes]


def _goes_on(before: Step, row: Step) -> bool:
    typing = before.action == row.action == TYPED and before.by == row.by and not before.note and not row.note
    return typing and row.at - before.at < PAUSE


def _changed(step: Step) -> Step:
    if step.action != TYPED:
        return step
    return replace(step, changes={name: pair for name, pair in step.changes.items() if (pair[0] or "") != (pair[1] or "")})


def _pairs(title: str, rows: Pairs) -> Document:
    return {"kind": "pairs", "title": title, "rows": [[name, value] for name, value in rows if value]}


def _history(paper: Paper, thing: str, history: History) -> Sequence[Document]:
    told: list[Document] = [
        {
            "at": paper.stamp(step.at),
            "who": step.by or paper.said("system"),
            "what": paper.said(f"step.{thing}.{step.action}"),
            "lines": [*_lines(paper, step), *([f"“{step.note}”"] if step.note else [])],
        }
        for step in condensed(history.steps)
    ]
    cut = {"kind": "text", "title": "", "text": paper.said("cut") if history.more else ""}
    return [{"kind": "history", "title": paper.said("history"), "rows": told}, cut]


def _lines(paper: Paper, step: Step) -> Iterator[str]:
    for name, (before, after) in step.changes.items():
        field, was, became = paper.said(f"field.{name}"), _told(paper, name, before), _told(paper, name, after)
        if was and became:
            yield paper.said("became", field=field, before=was, after=became)
        elif became:
            yield paper.said("filled", field=field, after=became)
        elif was:
            yield paper.said("emptied", field=field, before=was)


def _told(paper: Paper, name: str, value: Any) -> str:
    """A history tells what was changed; the whole of it stands in the form."""
    text = _content(paper, name, value)
    return text if len(text) <= TOLD else f"{text[:TOLD]}…"


def _content(paper: Paper, name: str, value: Any) -> str:
    """What a field holds, as a person reads it."""
    if value is None or value == "":
        return ""
    if name in CLASSES:
        return paper.class_of(name, str(value))
    if name == "customer_number":
        return masks.value(Personal.NUMBER, written(str(value)), paper.hidden)
    if name in masks.FIELDS:
        return str(masks.field(name, str(value), paper.hidden)) if paper.hidden else str(value)
    if name == "state":
        return paper.said(f"order.{value}" if f"order.{value}" in TEXTS else f"ticket.{value}")
    if name.endswith("_at"):
        return _stamped(paper, str(value))
    if name in CODED:
        return " · ".join(paper.said(f"{CODED[name]}.{one}") for one in str(value).split())
    if name == "closing":
        return paper.said("closing.confirmed") if value == "confirmed" else paper.class_of(name, str(value))
    if name in {"decision", "overruled"}:
        return _numbered(paper, name, str(value))
    if name in {"urgent", "binding"}:
        return paper.said("yes" if value == "True" else "no")
    return str(value)


def _numbered(paper: Paper, name: str, value: str) -> str:
    """``3 compensate``, a decision by its number; ``7 refuse``, a step of the case's or an order's history likewise."""
    number, _, code = value.partition(" ")
    keys = (f"decision.{code}",) if name == "decision" else (f"step.ticket.{code}", f"step.order.{code}")
    known = next((key for key in keys if key in TEXTS), keys[0])
    return f"{number} {paper.said(known)}"


def _stamped(paper: Paper, value: str) -> str:
    try:
        return paper.stamp(datetime.fromisoformat(value))
    except ValueError:
        return value


def _department(paper: Paper, seen: SeenOrder) -> str:
    return str(seen.names["zh" if paper.language == "zh-CN" else "en"])
