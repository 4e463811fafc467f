"""Whoever starts an instance a second time is told where the first one is, before any port is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.config import Config
from services.running import AlreadyRunning, marked, refuse_second


def of(folder: Path, **web: object) -> Config:
    return Config.model_validate({"instance": {"folder": str(folder)}, "web": web})


def test_a_second_start_is_told_where_to_log_in(tmp_path: Path) -> None:
    with marked(of(tmp_path, port=8123)), pytest.raises(AlreadyRunning, match=r"log in at http://127\.0\.0\.1:8123$"):
        refuse_second(of(tmp_path, port=8124))  # another port is set by now, or in the environment: the desk is where it was


def test_behind_a_proxy_it_is_the_address_that_browsers_type(tmp_path: Path) -> None:
    config = of(tmp_path, public_url="https://desk.example.org")
    with marked(config), pytest.raises(AlreadyRunning, match=r"log in at https://desk\.example\.org$"):
        refuse_second(config)


def test_nobody_is_kept_out_by_what_ended_or_was_killed(tmp_path: Path) -> None:
    config = of(tmp_path)
    refuse_second(config)
    with marked(config):
        left = (tmp_path / "running.json").read_bytes()
    refuse_second(config)
    (tmp_path / "running.json").write_bytes(left)  # as a killed one leaves it: the mark without its lock
    refuse_second(config)


def test_an_ipv6_address_is_one_that_a_browser_takes() -> None:
    assert Config.model_validate({"web": {"host": "::1", "port": 8080}}).web.address() == "http://[::1]:8080"
