"""Whoever asks the command line for help, or mistypes, is answered in the language spoken, and nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.cells import cell_len
from typer._click.exceptions import ClickException
from typer.main import get_command

from services.__main__ import app, translated
from services.chinese import CHINESE
from services.manual import complaint
from services.words import speak


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COLUMNS", "80")
    speak("zh-CN")
    yield
    speak("en")


def answer(*typed: str, capsys: pytest.CaptureFixture[str]) -> str:
    """All that a command line says by itself: of help, or of a mistake."""
    try:
        translated(get_command(app)).main(list(typed), prog_name="tingsu", standalone_mode=False)
    except ClickException as wrong:
        return "\n".join(complaint(wrong))
    return capsys.readouterr().out


@pytest.mark.parametrize("command", [(), ("user", "add"), ("customers", "import"), ("model",), ("check-config",)])
def test_a_page_of_help_is_chinese_throughout_and_no_wider_than_the_terminal(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    page = answer(*command, "--help", capsys=capsys)
    assert page.startswith(f"用法：{' '.join(('tingsu', *command))} [选项]")
    assert max(map(cell_len, page.splitlines())) <= 80
    assert not [
        word for word in ("Usage", "Options", "Arguments", "Commands", "Show this", "required", "default") if word in page
    ]


def test_every_sentence_of_it_is_there_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    page = "".join(answer("user", "add", "--help", capsys=capsys).split())
    for english in ("Three to six digits; an agent's phone.", "browser: the softphone in the desk; sip: any SIP phone."):
        assert "".join(CHINESE[english].split()) in page


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("frob",), "✗ 没有命令 frob\n  请看 tingsu --help"),
        (("user", "add"), "✗ 缺少 login\n  请看 tingsu user add --help"),
        (("user", "add", "li", "--name", "x"), "✗ 缺少 --role\n  请看 tingsu user add --help"),
        (("run", "--frob"), "✗ 没有选项 --frob\n  请看 tingsu run --help"),
        (("user", "list", "a", "b"), "✗ 这个命令不用写：a b\n  请看 tingsu user list --help"),
        (("customers", "import", "/nowhere/at-all"), "✗ file：须为已有的文件\n  请看 tingsu customers import --help"),
    ],
)
def test_a_mistake_is_named_in_a_line(typed: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(*typed, capsys=capsys) == told


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (("user", "add", "li", "--name", "x", "--role", "boss"), ("--role：", "administrator", "junior_agent")),
        (("user", "add", "li", "--name"), ("--name 后面要写值",)),
    ],
)
def test_what_would_do_is_named(typed: tuple[str, ...], named: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(*typed, capsys=capsys)
    assert [word for word in named if word not in said] == []


def test_a_command_alone_shows_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert "停用账号" in answer("user", capsys=capsys)
