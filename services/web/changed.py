"""Remembers what has changed since somebody was last told. Pure.

It is bounded: the newest version of each thing, and where too many of a kind changed, that any of them may have. So a burst of a
thousand changes is a handful of words to each browser, and one that does not read makes nothing grow.
"""

from __future__ import annotations

from services.bells import Change, Kind

MOST = 50  # things of a kind told one by one: about a page of a list


class Changed:
    """Falsy while nothing has changed."""

    def __init__(self) -> None:
        self._kinds: dict[Kind, dict[str, Change] | None] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def note(self, change: Change) -> None:
        """The newest version stays; a change of any of a kind takes the place of those of single ones."""
        things = self._kinds.setdefault(change.kind, {})
        if things is None:
            return
        if change.id is not None:
            things[change.id] = max(things.get(change.id, change), change, key=lambda one: one.version)
        if change.id is None or len(things) > MOST:
            self._kinds[change.kind] = None

    def take(self) -> list[Change]:
        """All of it, which has then been told."""
        kinds, self._kinds = self._kinds, {}
        return [change for kind, things in kinds.items() for change in ([Change(kind)] if things is None else things.values())]
