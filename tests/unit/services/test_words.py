"""Every sentence of the command line is there in both languages, and no translation without its sentence."""

from __future__ import annotations

import ast
import asyncio
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer._click.core import Command
from typer.core import TyperGroup
from typer.main import get_command

import services
from recordings.errors import ModelRefused
from services import commands, config_file, plans, words
from services.__main__ import app, translated
from services.chinese import CHINESE, REASONS
from services.config import Mistake
from services.customers import words as customers_words
from services.seals import words as seals_words
from services.words import names_in, of_environment, reason, said, said_in, speak

SOURCES = sorted(Path(services.__file__).parent.rglob("*.py"))


def literals(expression: ast.expr | None) -> Iterator[str]:
    """The texts an expression may be: its own, or either side's of an if."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        yield expression.value
    elif isinstance(expression, ast.IfExp):
        yield from literals(expression.body)
        yield from literals(expression.orelse)


def assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Every ``name = expression``, pairs of them one by one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    yield from (
                        (one.id, value)
                        for one, value in zip(target.elts, node.value.elts, strict=True)
                        if isinstance(one, ast.Name)
                    )
                elif isinstance(target, ast.Name):
                    yield target.id, node.value


def said_in_source(source: Path) -> Iterator[str]:
    """What is given to ``said``, as a literal or by a name that is one."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    names = list(assigned(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"said", "said_in"}:
            given = node.args[node.func.id == "said_in"]
            yield from literals(given)
            if isinstance(given, ast.Name):
                yield from (text for name, value in names if name == given.id for text in literals(value))


def helps(command: Command) -> Iterator[str]:
    yield command.help or ""
    yield from (getattr(parameter, "help", None) or "" for parameter in command.params)
    for below in command.commands.values() if isinstance(command, TyperGroup) else ():
        yield from helps(below)


def by_code() -> Iterator[str]:
    """What is said of a table."""
    for table in (
        customers_words.ROWS,
        customers_words.FILES,
        config_file.KINDS,
        config_file.FORMER,
        words.RECORDINGS,
        plans.LEFT_OUT,
        commands.ACCOUNT,
        seals_words.CHAINS,
        seals_words.WRONG,
    ):
        yield from table.values()
    yield from ERRORS


ERRORS = (
    "the extension is taken",
    "the login is taken",
    "some fields are not as wanted",
    "another than the hotline's own number",
    "The database cannot be reached; try again shortly.",
    "The database cannot do this now (too much asked for, its disk full); try again.",
    "The telephone switch cannot be reached; try again shortly.",
    "Another backend has taken over.",
    "fetching",
    "unpacking",
)
"""What others than the command line say, too, and it repeats."""


def everything_said() -> set[str]:
    found = {text for source in SOURCES for text in said_in_source(source)}
    return {*found, *helps(get_command(app)), *by_code()} - {""}


def test_every_sentence_has_a_translation_and_every_translation_a_sentence() -> None:
    assert set(CHINESE) - REASONS.keys() == everything_said()


def test_both_sides_of_a_translation_hold_the_same_values() -> None:
    assert [english for english, chinese in CHINESE.items() if names_in(english) != names_in(chinese)] == []


def test_every_translation_is_chinese() -> None:
    chinese = {letter for text in CHINESE.values() for letter in text if "一" <= letter <= "鿿"}
    same = [english for english, text in CHINESE.items() if english == text]
    assert (same, len(chinese) > 300) == ([], True)


def test_what_the_system_says_is_known_by_its_own_words() -> None:
    known = {os.strerror(number) for number in errno.errorcode}
    assert REASONS.keys() <= known


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW.UTF-8", "LC_ALL": ""}, "zh-CN"),
    ],
)
def test_the_environment_says_the_language(variables: dict[str, str], spoken: str) -> None:
    assert of_environment(variables) == spoken


@pytest.mark.parametrize(
    ("file", "variables", "spoken"),
    [
        (None, {"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        (None, {"LANG": "en_US.UTF-8"}, "en"),
        (None, {"LANG": "en_US.UTF-8", "TINGSU_CENTRE__LANGUAGE": "zh-CN"}, "zh-CN"),
        ("", {"LANG": "en_US.UTF-8"}, "zh-CN"),  # the default of [centre] language
        ("[centre]\nlanguage = 'en'\n", {"LANG": "zh_CN.UTF-8"}, "en"),
        ("[centre]\nlanguage = 'en'\n", {"TINGSU_CENTRE__LANGUAGE": "zh-CN"}, "zh-CN"),
        ("[centre]\nlanguage = 'fr'\n", {"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ("centre = 5\n", {"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ("[centre\n", {"LANG": "zh_CN.UTF-8"}, "zh-CN"),
    ],
)
def test_a_centres_language_comes_first(
    file: str | None, variables: dict[str, str], spoken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "TINGSU_CENTRE__LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if file is not None:
        (tmp_path / "config.toml").write_text(file)
    assert config_file.language(tmp_path / "config.toml") == spoken


def test_a_mistake_is_one_line_in_the_language_spoken() -> None:
    mistake = Mistake("[web] port", "a port", "8080:\n  Address already in use")
    assert str(mistake) == "[web] port: a port (found 8080: Address already in use)"
    speak("zh-CN")
    try:
        assert str(mistake) == "[web] port：a port（现为 8080: Address already in use）"
        assert said("{login} is closed", login="li.na") == "账号 li.na 已停用"
    finally:
        speak("en")


def test_why_something_failed_is_said_in_words() -> None:
    assert reason(ConnectionRefusedError(errno.ECONNREFUSED, "x")) == "Connection refused"
    assert reason(TimeoutError()) == "no answer in time"
    assert reason(ModelRefused("model_missing")) == "no such folder"
    assert reason(ModelRefused("model_refused", "two\nlines")) == "Vosk does not load it (two lines)"
    assert said_in("zh-CN", os.strerror(errno.ECONNREFUSED)) == "连接被拒绝"


def test_the_help_is_in_the_language_spoken() -> None:
    speak("zh-CN")
    try:
        chinese = set(helps(translated(get_command(app))))
    finally:
        speak("en")
    assert chinese - {""} <= set(CHINESE.values())


async def test_what_is_said_to_somebody_at_the_desk_changes_nobody_elses_language() -> None:
    told: list[str] = []
    asked = asyncio.Event()

    async def to_somebody() -> None:
        with words.speaking("zh-CN"):
            told.append(said("not measured yet"))
            asked.set()
            await asyncio.sleep(0)
            told.append(said("not measured yet"))
        told.append(said("not measured yet"))

    async with asyncio.TaskGroup() as group:
        group.create_task(to_somebody(), name="to somebody")
        await asked.wait()
        told.append(said("another stands by"))
    assert sorted(told) == ["another stands by", "not measured yet", "尚未测得", "尚未测得"]
