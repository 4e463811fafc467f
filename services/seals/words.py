"""Says what a verification has found, in the language spoken."""

from __future__ import annotations

from services.seals.model import Fault, What
from services.words import said

CHAINS = {
    "ticket_journal": "ticket",
    "order_journal": "work order",
    "audit": "audit",
    "review": "review",
    "warning": "written warning",
    "department_edition": "edition of the departments",
    "decision": "decision of the manager hotline",
    "evidence": "handed-in evidence",
    "phrase_edition": "edition of reasons and text blocks",
    "calendar_edition": "edition of the calendar",
    "deadline_move": "moved deadline",
    "anchor": "anchor",
}
"""What each table is called; one that has no word yet, by its name."""

WRONG = {
    What.ALTERED: "is not what was written there",
    What.MISSING: "is missing",
    What.CUT: "and what came after it are missing: the history ends too early",
    What.BARE: "and all others are missing: it has no history any more",
    What.ORPHAN: "is of something that is no more",
    What.ROWS: "is over other rows than there are: some were removed, added or altered",
    What.FORGED: "is not the one that was noted",
}


def of_fault(fault: Fault) -> str:
    """One line: where, and what is wrong."""
    chain, wrong = said(CHAINS.get(fault.chain, fault.chain)), said(WRONG[fault.what])
    if fault.seq is None:
        return said("{chain} {thing}: it {wrong}", chain=chain, thing=fault.thing, wrong=wrong)
    return said("{chain} {thing}: row {seq} {wrong}", chain=chain, thing=fault.thing, seq=fault.seq, wrong=wrong)
