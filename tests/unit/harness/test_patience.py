"""A wait that fails says what was there instead."""

from __future__ import annotations

import pytest

from tests.harness import patience
from tests.harness.patience import Impatient, until


async def test_what_never_came_is_named_with_what_was_there_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "UNIT", 0.01)

    async def asked() -> list[str]:
        return ["paused"]

    for seen in (lambda: ["paused"], asked):
        with pytest.raises(Impatient, match=r"not within 0\.05 s: bert to be ready \(last seen: \['paused'\]\)"):
            await until(lambda: False, "bert to be ready", 5, seen=seen)


async def test_without_that_it_is_what_the_look_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "UNIT", 0.01)
    with pytest.raises(Impatient, match="last seen: 0"):
        await until(lambda: 0, "one of them", 5)
