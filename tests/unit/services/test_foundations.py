from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from services import check
from services.config import Config, Recordings
from services.foundations import NoStore, open_store
from services.welcome import Welcome
from tests.harness.switch import free_ports


def stored_in(url: str | Path) -> Config:
    return Config(recordings=Recordings(store=str(url)))


async def test_a_store_that_is_away_is_said_and_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must keep nobody from being answered."""
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{free_ports(1)[0]}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    said = io.StringIO()
    with monkeypatch.context() as impatient:
        impatient.setattr(check, "STORE_S", 0.2)
        await open_store(stored_in("s3://bucket/calls"), Welcome(Console(file=said)))
    assert "recordings wait in the spool" in said.getvalue()
    said.truncate(0)
    await open_store(stored_in(tmp_path / "store"), Welcome(Console(file=said)))
    assert said.getvalue() == ""


async def test_what_can_be_no_store_keeps_from_starting_and_says_why() -> None:
    with pytest.raises(NoStore, match="check-config"):
        await open_store(stored_in("s4://bucket/calls"), Welcome(Console(file=io.StringIO())))
