"""Defines the two roots of everything that can go wrong in services; ``services.web.problems`` maps them to HTTP, once.

``Impossible``: you asked for something that cannot be (a person can act on it). ``WorldFailed``: the request was right, the
world was not. Messages are shown to people and logged: they never carry numbers, names or other personal data.
"""

from __future__ import annotations

from dataclasses import dataclass


class TingsuError(Exception):
    """Root of the package's errors; ``code`` is stable, the desk translates it."""

    code = "failed"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or self.code).splitlines()[0])


class Impossible(TingsuError):
    """What was asked for cannot be done."""

    code = "impossible"


class WorldFailed(TingsuError):
    """Something outside failed."""

    code = "world_failed"


class NotLoggedIn(Impossible):
    """Nobody is logged in."""

    code = "not_logged_in"


class Forbidden(Impossible):
    """Your role may not do this."""

    code = "forbidden"


class NotFound(Impossible):
    """There is no such thing, or it is not yours to see."""

    code = "not_found"


class Gone(Impossible):
    """It was there, and is over."""

    code = "gone"


class Conflict(Impossible):
    """It is in conflict with what is there already."""

    code = "conflict"


class Stale(Conflict):
    """Somebody else changed it in the meantime."""

    code = "stale"


class NotAllowed(Conflict):
    """Its present state does not allow this."""

    code = "not_allowed"


class Throttled(Impossible):
    """Too many attempts; wait."""

    code = "throttled"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("too many attempts; wait")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class WrongField:
    """One field that is not as wanted. ``came`` never repeats a secret or a person's data at length."""

    field: str
    code: str
    wanted: str
    came: str = ""


class Invalid(Impossible):
    """Fields are not as wanted; all of them are named at once."""

    code = "invalid"

    def __init__(self, fields: tuple[WrongField, ...], message: str = "some fields are not as wanted") -> None:
        super().__init__(message)
        self.fields = fields


class DatabaseAway(WorldFailed):
    """The database cannot be reached; try again shortly."""

    code = "database_away"


class DatabaseBusy(WorldFailed):
    """The database cannot do this now (too much asked for, its disk full); try again."""

    code = "database_busy"


class SwitchAway(WorldFailed):
    """The telephone switch cannot be reached; try again shortly."""

    code = "switch_away"
