"""Decides what a person can do with customers, and with the list of them, from what ``access.policy`` grants: a customer is
nobody's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from services.access import policy
from services.access.actor import LoggedIn
from services.access.policy import Act, Whose

Step = Literal["change", "calls"]
ListStep = Literal["create", "import", "export"]

WITH_ONE: Mapping[Step, Act] = {"change": Act.CUSTOMER_CHANGE, "calls": Act.CALL_SEE}
"""``calls``: look at those of the customer's calls that one may see."""
WITH_ALL: Mapping[ListStep, Act] = {
    "create": Act.CUSTOMER_CREATE,
    "import": Act.CUSTOMER_IMPORT,
    "export": Act.CUSTOMER_EXPORT,
}


def possible(who: LoggedIn) -> list[Step]:
    """With any one customer."""
    return [step for step, act in WITH_ONE.items() if policy.reach(who, act)]


def of_list(who: LoggedIn) -> list[ListStep]:
    return [step for step, act in WITH_ALL.items() if policy.may(who, act, Whose.OTHERS)]


def may_take_away(who: LoggedIn) -> bool:
    """As a file: only what one may see here, too."""
    return all(policy.may(who, act, Whose.OTHERS) for act in (Act.CUSTOMER_SEE, Act.CUSTOMER_EXPORT))
