"""Defines who holds a case: its level, and how it gets from one to another (SPEC A2, A3, A4, A7, T5, X1, N6). Pure.

A case has an owner, or it lies in the tray of its level until somebody of it takes it. What a junior agent, clerk or extractor
cannot settle goes to the seniors, what is not accepted there to the manager hotline, a suggestion to the data administrator.
Whoever hands over lets go: the case lies in the other level's tray, and who had it reads it on and changes nothing any more.

   junior ── hand_over ──► senior ◄── hand_over ── data_administrator
     │ │                    │ │  ▲                          ▲
     │ └───── escalate ─────┼─┼──┼──► manager               │
     │                      │ └──┼──► escalate              │
     │                      │    └─── hand_over ── manager  │
     └────── suggest ───────┴────────── suggest ────────────┘

``take`` and ``give_back`` leave it at its level: out of the tray, and into it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Level(StrEnum):
    """Whose work a case is: 初级话务员, 高级话务员, 经理热线, 资料管理员."""

    JUNIOR = "junior"
    SENIOR = "senior"
    MANAGER = "manager"
    DATA = "data_administrator"


class Trigger(StrEnum):
    """Why a case goes to the manager hotline (SPEC A4, N6): not finished, past its time limit, repeated, a correct answer not
    accepted.
    """

    UNFINISHED = "unfinished"
    OVERDUE = "overdue"
    REPEAT = "repeat"
    NOT_ACCEPTED = "not_accepted"


class Hand(StrEnum):
    """What changes who holds a case; the words of its journal."""

    HAND_OVER = "hand_over"
    ESCALATE = "escalate"
    SUGGEST = "suggest"
    TAKE = "take"
    GIVE_BACK = "give_back"


LEVELS: Mapping[Level, Mapping[Hand, Level]] = {
    Level.JUNIOR: {
        Hand.HAND_OVER: Level.SENIOR,
        Hand.ESCALATE: Level.MANAGER,
        Hand.SUGGEST: Level.DATA,
        Hand.TAKE: Level.JUNIOR,
        Hand.GIVE_BACK: Level.JUNIOR,
    },
    Level.SENIOR: {
        Hand.ESCALATE: Level.MANAGER,
        Hand.SUGGEST: Level.DATA,
        Hand.TAKE: Level.SENIOR,
        Hand.GIVE_BACK: Level.SENIOR,
    },
    Level.DATA: {Hand.HAND_OVER: Level.SENIOR, Hand.TAKE: Level.DATA, Hand.GIVE_BACK: Level.DATA},
    Level.MANAGER: {Hand.HAND_OVER: Level.SENIOR, Hand.TAKE: Level.MANAGER, Hand.GIVE_BACK: Level.MANAGER},
}
"""The one table of who may get a case from whom. What each step needs besides stands in ``workflow``."""

TO_A_SENIOR_AT_ONCE = frozenset({"big", "important", "dedicated_line"})
"""Tiers whose cases are a senior agent's from the start (SPEC A7)."""
