from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from services import log
from services.config import Log


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A log file; the process's logging is put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield tmp_path / "log"
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def written(file: Path, *, form: str = "json", personal: bool = False) -> str:
    log.set_up(Log(file=str(file), format=form, personal=personal))
    logger = structlog.get_logger("test")
    logger.info("call.offered", call="c-1.1", personal={"number": "13800138000"}, agent="\x1b[31m\r\nfake\u2028line")
    try:
        raise ValueError("number 13800138000 is bad")
    except ValueError:
        logger.exception("call.failed")
        logging.getLogger("library").exception("row %s", "13800138000")
    return file.read_text("utf-8")


@pytest.mark.parametrize("form", ["json", "plain"])
def test_nothing_personal_is_written_not_even_in_exceptions(file: Path, form: str) -> None:
    text = written(file, form=form)
    assert "13800138000" not in text
    assert "ValueError" in text


def test_personal_fields_are_written_when_asked_for(file: Path) -> None:
    assert json.loads(written(file, personal=True).splitlines()[0])["personal"] == {"number": "13800138000"}


@pytest.mark.parametrize("form", ["json", "plain"])
def test_a_value_cannot_forge_a_line_or_colour_the_terminal(file: Path, form: str) -> None:
    text = written(file, form=form)
    assert len(text.splitlines()) == 3
    assert "\x1b" not in text
    assert "\u2028" not in text


def flooded(file: Path, lines: int, *, level: str = "error") -> list[str]:
    log.set_up(Log(file=str(file), format="json"))
    for number in range(lines):
        getattr(structlog.get_logger("test"), level)("no descriptor is free", number=number)
        getattr(logging.getLogger("asyncio"), level)("socket.accept() out of system resource %s", number)
    return file.read_text("utf-8").splitlines()


def test_one_and_the_same_error_by_the_thousand_is_a_few_lines(file: Path) -> None:
    assert len(flooded(file, 5_000)) == 2 * log.MOST


def test_after_the_flood_it_is_said_how_much_was_left_out(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flooded(file, 1_000)
    monkeypatch.setattr(log, "WINDOW_S", -1.0)  # its time is over
    structlog.get_logger("test").error("no descriptor is free")
    logging.getLogger("asyncio").error("socket.accept() out of system resource %s", 1)
    ours, theirs = file.read_text("utf-8").splitlines()[-2:]
    assert json.loads(ours)["left_out_before"] == 1_000 - log.MOST
    assert f"{1_000 - log.MOST} of these were left out" in theirs


def test_other_errors_are_said_in_the_flood(file: Path) -> None:
    flooded(file, 1_000)
    structlog.get_logger("test").error("another")
    assert "another" in file.read_text("utf-8").splitlines()[-1]


def test_what_is_only_informative_is_not_limited(file: Path) -> None:
    log.set_up(Log(file=str(file), format="json"))
    for _ in range(1_000):
        structlog.get_logger("test").info("http.answered")
    assert len(file.read_text("utf-8").splitlines()) == 1_000
