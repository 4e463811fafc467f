"""Defines a ticket as it is: frozen, no I/O. What may happen to it next stands in ``workflow``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from services.store.sorting import Value
from services.tickets.levels import Level


class Severity(StrEnum):
    """How much weight a case has (SPEC O6): 一般, 较重, 重大."""

    ORDINARY = "ordinary"
    SERIOUS = "serious"
    MAJOR = "major"


class Channel(StrEnum):
    """How it reached the centre (SPEC O6, T1, T2); an appeal 申诉 comes from the authority (SPEC O1)."""

    TELEPHONE = "telephone"
    LETTER = "letter"
    FAX = "fax"
    EMAIL = "email"
    TEXT = "text"
    WALK_IN = "walk_in"
    MESSAGE = "message"
    APPEAL = "appeal"


class Told(StrEnum):
    """How a customer was told that the case is registered (告知受理, SPEC O6)."""

    CALL = "call"
    CALL_BACK = "call_back"
    TEXT = "text"
    EMAIL = "email"
    LETTER = "letter"
    IN_PERSON = "in_person"


CLASSES = ("kind", "business", "nature", "suggestion")
MARKS: Mapping[str, str] = {"severity": Severity.ORDINARY.value, "channel": Channel.TELEPHONE.value}
"""Fields that are never empty: what stands there until somebody says otherwise."""
TEXTS = ("description", "address", "contact_number", "customer_name", "customer_number", "answer")
FIELDS = (*CLASSES, *MARKS, *TEXTS)

By = Literal["agent", "draft", "customer", "call"]


class State(StrEnum):
    """Draft 草稿单 until a person confirms; open until answered; discarded drafts can be restored."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words that filled a field: seconds from the recording's first sample, and how sure (0 to 1)."""

    quote: str
    speaker: Literal["caller", "agent"]
    start: float
    end: float
    conf: float


@dataclass(frozen=True, slots=True)
class Source:
    """Who filled a field. Not ``sure``: the field is empty and ``proposal`` is only shown."""

    by: By
    sure: bool = True
    conf: float | None = None
    proposal: str | None = None
    evidence: tuple[Evidence, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As kept in the database and sent to the desk."""
        return {
            "by": self.by,
            "sure": self.sure,
            "conf": self.conf,
            "proposal": self.proposal,
            "evidence": [{name: getattr(e, name) for name in Evidence.__slots__} for e in self.evidence],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Source:
        evidence = tuple(Evidence(**e) for e in kept.get("evidence", ()))
        return cls(kept["by"], kept["sure"], kept.get("conf"), kept.get("proposal"), evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """SPEC "Terms": the standard electronic form. ``version`` counts its changes and is the journal's last number.

    ``owner_id`` None: it lies in the tray of its ``level``. ``held_since``: since when it is there, or in those hands.
    ``tier``: its customer's, as it was when the case was confirmed. ``senior_at``: when a senior, or the manager, first had it.
    ``closing``: what closed the loop (SPEC N9): ``workflow.CONFIRMED``, or the code of why the customer has not confirmed.
    """

    id: int
    number: str | None
    state: State
    version: int
    call_id: str | None
    customer_id: int | None
    received_at: datetime
    changed_at: datetime
    created_by: int | None
    owner_id: int | None
    confirmed_at: datetime | None
    confirmed_by: int | None
    dispatched_at: datetime | None = None
    reopened_at: datetime | None = None
    level: Level = Level.JUNIOR
    held_since: datetime | None = None
    senior_at: datetime | None = None
    tier: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: int | None = None
    acknowledged_how: str | None = None
    closing: str | None = None
    repeat_of: int | None = None
    not_accepted_at: datetime | None = None
    kind: str | None = None
    business: str | None = None
    nature: str | None = None
    suggestion: str | None = None
    severity: str = MARKS["severity"]
    channel: str = MARKS["channel"]
    description: str = ""
    address: str = ""
    contact_number: str = ""
    customer_name: str = ""
    customer_number: str = ""
    answer: str = ""
    sources: Mapping[str, Source] = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        """A field's content; a class field is None when empty, a text is ``''``, a mark is never empty."""
        assert name in FIELDS
        content: str | None = getattr(self, name)
        return content


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a ticket in a list: as much as says which steps there are."""

    state: State
    level: Level
    owner_id: int | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Filling:
    """One field's new content and where it comes from; ``value`` None leaves a text empty."""

    name: str
    value: str | None
    source: Source


Changes = dict[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What a list shows: state, owner, text, severity, channel; from behind ``after`` (what the list is sorted by, and the id)
    on, ``limit`` rows.

    ``reader``: who may read the words of their own calls only; None reads all. ``hidden``: personal data is hidden from who asks,
    and numbers and names are found whole only.
    """

    state: str | None = None
    owner: int | None = None
    text: str = ""
    after: tuple[Value, int] | None = None
    limit: int = 50
    reader: int | None = None
    sort: str = "-received"
    hidden: bool = False
    severity: str | None = None
    channel: str | None = None


def fill(ticket: Ticket, fillings: tuple[Filling, ...]) -> tuple[Ticket, Changes]:
    """The ticket with these fields and sources, and what differs: field -> (before, after)."""
    contents: dict[str, Any] = {}
    changes: Changes = {}
    for one in fillings:
        content = (one.value or None) if one.name in CLASSES else (one.value or MARKS.get(one.name, ""))
        if content != ticket.value(one.name):
            changes[one.name] = (ticket.value(one.name), content)
        contents[one.name] = content
    sources = {**ticket.sources, **{one.name: one.source for one in fillings}}
    return replace(ticket, **contents, sources=sources), changes


def without_words(ticket: Ticket) -> Ticket:
    """For who may not read the call's words: no quotes, and in a draft no text that is nothing else than those words.

    What a person has confirmed is the case's, whoever reads it.
    """
    sources = {name: replace(source, proposal=None, evidence=()) for name, source in ticket.sources.items()}
    drawn = {name for name in TEXTS if name in sources and sources[name].by == "draft"}
    blank: dict[str, Any] = {} if ticket.state in {State.OPEN, State.CLOSED} else dict.fromkeys(drawn, "")
    return replace(ticket, **blank, sources=sources)


def by_agent(fields: Mapping[str, str | None]) -> tuple[Filling, ...]:
    """What a person typed: sure, and from then on nobody else's to fill."""
    return tuple(Filling(name, value, Source("agent")) for name, value in fields.items())
