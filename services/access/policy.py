"""Decides what each right opens, and of whose things: one table, asked wherever something is shown or changed.

A route asks for a right before it looks at anything (``services.web.http``); what the right reaches is asked here, once the thing
and whose it is are known. Answers about a thing carry what may be done with it, so that no page decides this a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from services.access.actor import LoggedIn
from services.access.rights import Right


class Whose(StrEnum):
    """The relation of a thing to the person who asks. A thing can have several: it can be another's, and one's own team's."""

    OWN = "own"
    NOBODYS = "nobodys"  # somebody must be able to take it
    TRAY = "tray"  # nobody's, and for people of one's own level to take
    ABOVE = "above"  # at a level above one's own
    TEAM = "team"
    DEPARTMENT = "department"
    LINKED = "linked"  # the one thing to which a link has led
    OTHERS = "others"


class Act(StrEnum):
    """What can be done with a thing, by the thing's name."""

    CALL_SEE = "call.see"
    CALL_WORDS = "call.words"
    CALL_LISTEN = "call.listen"
    CALL_EXPORT = "call.export"
    TICKET_SEE = "ticket.see"
    TICKET_CHANGE = "ticket.change"
    TICKET_CONFIRM = "ticket.confirm"
    TICKET_DISCARD = "ticket.discard"
    TICKET_RESTORE = "ticket.restore"
    TICKET_CLOSE = "ticket.close"
    SUGGESTION_CLOSE = "suggestion.close"  # once the data administrator has it
    APPEAL_ADD = "appeal.add"
    APPEAL_SETTLE = "appeal.settle"
    TICKET_TAKE = "ticket.take"
    TICKET_HAND = "ticket.hand"  # to a senior, to the manager hotline, to the data administrator, or back into its tray
    TICKET_DECIDE = "ticket.decide"  # as the manager hotline: overrule, order, make good, close, open again
    TICKET_CREATE = "ticket.create"
    TICKET_EXPORT = "ticket.export"
    CUSTOMER_SEE = "customer.see"
    CUSTOMER_CREATE = "customer.create"
    CUSTOMER_CHANGE = "customer.change"
    CUSTOMER_IMPORT = "customer.import"
    CUSTOMER_EXPORT = "customer.export"
    PERSONAL_SEE = "personal.see"  # a customer's number, name and address in clear
    PERSONAL_SHOW = "personal.show"  # on demand, of one thing at a time
    AUDIT_SEE = "audit.see"
    ORDER_SEE = "order.see"
    ORDER_WRITE = "order.write"  # dispatch about a case, chase, withdraw, be content with what came back
    ORDER_REVIEW = "order.review"
    ORDER_SECOND = "order.second"  # another order about the case: a second dispatch, or one to another department
    ORDER_DECIDE = "order.decide"  # whose it is, more time, once more
    ORDER_REMIND = "order.remind"
    ORDER_ANSWER = "order.answer"
    NOTICE_SEE = "notice.see"
    DEPARTMENT_FIGURES = "department.figures"


ANYBODYS = frozenset(Whose) - {Whose.LINKED}
MINE = frozenset({Whose.OWN, Whose.NOBODYS, Whose.TRAY})
ONES_OWN = frozenset({Whose.OWN})
LED = ANYBODYS - {Whose.ABOVE}
IN_A_TRAY = frozenset({Whose.NOBODYS, Whose.TRAY})
SUGGESTED = frozenset({Whose.OWN, Whose.TRAY})
THEIRS = frozenset({Whose.DEPARTMENT})
LINKED = frozenset({Whose.LINKED})

CASES: Mapping[Right, frozenset[Whose]] = {
    Right.TICKETS_WRITE: MINE,
    Right.TICKETS_LEAD: LED,
    Right.SUGGESTIONS: SUGGESTED,
}
"""Who has a hand on a case: who has it, whoever may take it, and who leads."""

POLICY: Mapping[Act, Mapping[Right, frozenset[Whose]]] = {
    Act.CALL_SEE: {Right.CALLS_READ: ANYBODYS, Right.CALLS_READ_OWN: MINE},
    Act.CALL_WORDS: {Right.CALLS_READ: ANYBODYS, Right.CALLS_READ_OWN: MINE},
    Act.CALL_LISTEN: {Right.RECORDINGS_LISTEN: ANYBODYS, Right.RECORDINGS_LISTEN_OWN: MINE},
    Act.CALL_EXPORT: {Right.LISTS_EXPORT: ANYBODYS},
    Act.TICKET_SEE: {Right.TICKETS_READ: ANYBODYS},
    Act.TICKET_CHANGE: CASES,
    Act.TICKET_CONFIRM: {Right.TICKETS_WRITE: MINE, Right.TICKETS_LEAD: LED},
    Act.TICKET_DISCARD: {Right.TICKETS_WRITE: MINE, Right.TICKETS_LEAD: LED},
    Act.TICKET_RESTORE: {Right.TICKETS_WRITE: MINE, Right.TICKETS_LEAD: LED},
    Act.TICKET_CLOSE: CASES,
    Act.SUGGESTION_CLOSE: {Right.SUGGESTIONS: SUGGESTED},
    Act.TICKET_TAKE: {Right.TICKETS_WRITE: IN_A_TRAY, Right.SUGGESTIONS: frozenset({Whose.TRAY})},
    Act.TICKET_HAND: CASES,
    Act.TICKET_DECIDE: {Right.HOTLINE: ANYBODYS},
    Act.APPEAL_ADD: {Right.TICKETS_WRITE: ANYBODYS},
    Act.APPEAL_SETTLE: CASES,
    Act.TICKET_CREATE: {Right.TICKETS_WRITE: ANYBODYS},
    Act.TICKET_EXPORT: {Right.LISTS_EXPORT: ANYBODYS},
    Act.CUSTOMER_SEE: {Right.CUSTOMERS_READ: ANYBODYS},
    Act.CUSTOMER_CREATE: {Right.CUSTOMERS_WRITE: ANYBODYS},
    Act.CUSTOMER_CHANGE: {Right.CUSTOMERS_WRITE: ANYBODYS},
    Act.CUSTOMER_IMPORT: {Right.CUSTOMERS_WRITE: ANYBODYS},
    Act.CUSTOMER_EXPORT: {Right.LISTS_EXPORT: ANYBODYS},
    Act.PERSONAL_SEE: {Right.PERSONAL_READ: ANYBODYS},
    Act.PERSONAL_SHOW: {Right.PERSONAL_ASK: ANYBODYS, Right.ORDERS_ANSWER: THEIRS},
    Act.AUDIT_SEE: {Right.AUDIT: ANYBODYS},
    Act.ORDER_SEE: {Right.ORDERS_READ: ANYBODYS, Right.ORDERS_ANSWER: THEIRS, Right.ORDERS_LINK: LINKED},
    Act.ORDER_WRITE: {Right.ORDERS_WRITE: MINE, Right.ORDERS_REVIEW: LED},
    Act.ORDER_REVIEW: {Right.ORDERS_REVIEW: ANYBODYS},
    Act.ORDER_SECOND: {Right.ORDERS_REVIEW: LED},
    Act.ORDER_DECIDE: {Right.ORDERS_REVIEW: ANYBODYS},
    Act.ORDER_REMIND: {Right.ORDERS_REMIND: ANYBODYS},
    Act.ORDER_ANSWER: {Right.ORDERS_ANSWER: THEIRS, Right.ORDERS_LINK: LINKED},
    Act.NOTICE_SEE: {Right.INBOX: ONES_OWN},
    Act.DEPARTMENT_FIGURES: {Right.OVERSEE: ANYBODYS, Right.ORDERS_ANSWER: THEIRS},
}
"""Act -> each right that opens it -> of whose things."""


def reach(who: LoggedIn, act: Act) -> frozenset[Whose]:
    """Of whose things this person may do that; empty if of nobody's."""
    return _reached(who.rights, act)


@cache
def _reached(rights: frozenset[Right], act: Act) -> frozenset[Whose]:
    return frozenset().union(*(whose for right, whose in POLICY[act].items() if right in rights))


def may(who: LoggedIn, act: Act, whose: Whose) -> bool:
    """Whether this person may do that with a thing in this relation to them."""
    return whose in reach(who, act)


def owned(who: LoggedIn, owner: int | None) -> Whose:
    """The relation of a thing with this owner to the person who asks."""
    return Whose.NOBODYS if owner is None else Whose.OWN if owner == who.id else Whose.OTHERS
