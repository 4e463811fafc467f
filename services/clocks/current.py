"""Keeps the table of clocks that is in force: the calendars in it change while the centre works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.clocks.table import CLOCKS, Clock, Clocks


class Current(Mapping[str, Clock]):
    """A table that every room is handed once and reads anew each time. Whoever started a clock by the table of before noted its
    edition, so the clock is found and counted anew.
    """

    def __init__(self, table: Clocks = CLOCKS) -> None:
        self._table = table
        self.edition = 0

    def put(self, table: Clocks, edition: int) -> None:
        """From now on this one, of this edition of the calendars: an older one where an older database is in force. Whoever looks
        whether it is the newest puts it right should two have been put the wrong way round.
        """
        self._table, self.edition = table, edition

    def __getitem__(self, rule: str) -> Clock:
        return self._table[rule]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)
