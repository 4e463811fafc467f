"""Defines what can go wrong between us and the switch: either we asked for something impossible, or the world failed."""

from __future__ import annotations


class CtiError(Exception):
    """Root of everything cti raises on purpose. Texts carry names of headers, actions and states, never what a caller sent."""


class UnsafeValue(CtiError, ValueError):
    """We were asked for something that is never sent: a control character, a line the switch would cut."""


class Malformed(CtiError):
    """A message of the switch does not hold what its name promises. It is counted and left out; the link goes on."""


class MissingHeader(Malformed):
    """An event came without a header it always has. ``Timestamp``: set ``timestampevents = yes`` in manager.conf."""

    def __init__(self, event: str, header: str) -> None:
        super().__init__(f"{event} without {header}")
        self.event, self.header = event, header


class IllegalMove(CtiError):
    """An event cannot follow the call's state. Nothing is changed, and the event is counted (cti.calls, TRANSITIONS)."""

    def __init__(self, step: str, state: str) -> None:
        super().__init__(f"{step} is not possible while {state}")
        self.step, self.state = step, state


class LinkDown(CtiError):
    """No link, or it was lost before the answer came. Whether the switch acted is not known; nothing is ever sent twice."""


class LoginRefused(LinkDown):
    """The switch does not accept this user and secret, or not from this address."""


class NotAmi(LinkDown):
    """Something answers on that port, but it is no Asterisk Manager Interface."""


class ActionFailed(CtiError):
    """The switch refused. ``reason`` is its own sentence, e.g. ``Unable to add interface to queue: No such queue``."""

    def __init__(self, action: str, reason: str) -> None:
        super().__init__(f"{action}: {reason}")
        self.action, self.reason = action, reason


class ActionTimeout(CtiError):
    """No answer within the action's own limit. Whether the switch acted is not known."""

    def __init__(self, action: str, limit: float) -> None:
        super().__init__(f"{action}: no answer within {limit:g} s")
        self.action, self.limit = action, limit
