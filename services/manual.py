"""Writes the command line's help and explains mistakes on it, in the language spoken (``services.words``).

Typer's own pages speak English, and cut off a Chinese sentence where the terminal ends: to it a text without spaces is one word.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from rich.console import Console
from rich.table import Table
from typer._click.core import Command, Context
from typer._click.exceptions import (
    BadOptionUsage,
    BadParameter,
    ClickException,
    MissingParameter,
    NoArgsIsHelpError,
    NoSuchOption,
    UsageError,
)
from typer._click.formatting import HelpFormatter
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from services.words import said

NAMES = 36  # columns that the names of options may take, at most
WIDEST = 110  # columns: longer lines are hard to read
TOO_MANY = "Got unexpected extra argument(s)"  # of which Typer has no class of errors


class Spoken(TyperCommand):
    """A command that explains itself in the language spoken."""

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        formatter.write(page(self, ctx))


class SpokenGroup(TyperGroup):
    """The same for a command that has others below it."""

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        formatter.write(page(self, ctx))

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            ctx.fail(said("there is no command {name}", name=args[0]))
        return super().resolve_command(ctx, args)


def page(command: Command, ctx: Context) -> str:
    """All of a command's help, as wide as the terminal."""
    below = command.commands if isinstance(command, TyperGroup) else {}
    parameters = command.get_params(ctx)
    arguments = [one for one in parameters if isinstance(one, TyperArgument)]
    named = [piece for one in arguments for piece in one.get_usage_pieces(ctx)]
    usage = [ctx.command_path, said("[options]"), *named, *([said("command …")] if below else [])]
    width = min(shutil.get_terminal_size().columns, WIDEST)
    paper = io.StringIO()
    out = Console(file=paper, width=width, color_system=None, highlight=False, markup=False, emoji=False)
    out.print(said("Usage: {usage}", usage=" ".join(usage)), "", command.help or "", sep="\n")
    sections = (
        (said("Arguments"), [row(one, ctx) for one in arguments]),
        (said("Options"), [row(one, ctx) for one in parameters if isinstance(one, TyperOption)]),
        (said("Commands"), [(name, (one.help or "").partition("\n\n")[0]) for name, one in below.items()]),
    )
    for title, rows in sections:
        if rows:
            out.print("", title, sep="\n")
            out.print(aligned(rows))
    return "".join(f"{line.rstrip()}\n" for line in paper.getvalue().splitlines())


def aligned(rows: Iterable[tuple[str, str]]) -> Table:
    """Two columns; what is too long for its own goes on below, and nothing is cut off."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=1)
    table.add_column(max_width=NAMES, overflow="fold")
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row("", name, text)
    return table


def row(parameter: TyperArgument | TyperOption, ctx: Context) -> tuple[str, str]:
    """What a thing is called, and what is said of it."""
    name, _ = parameter.get_help_record(ctx) or (parameter.name or "", "")
    return name.replace("|", " | "), " ".join(filter(None, [help_of(parameter), *marks(parameter)]))


def help_of(parameter: TyperArgument | TyperOption) -> str:
    return said("Show this page.") if parameter.name == "help" else parameter.help or ""


def marks(parameter: TyperArgument | TyperOption) -> Iterator[str]:
    default = parameter.default
    if parameter.required:
        yield said("[required]")
    elif default not in (None, "", False):
        yield said("[else {value}]", value=default.value if isinstance(default, Enum) else default)


def complaint(wrong: ClickException) -> Iterator[str]:
    """What is wrong with what was typed, and where it is explained."""
    if isinstance(wrong, NoArgsIsHelpError):
        yield wrong.message.rstrip()
        return
    yield f"✗ {_fault(wrong)}"
    if isinstance(wrong, UsageError) and wrong.ctx is not None:
        yield said("  see {command} --help", command=wrong.ctx.command_path)


def _fault(wrong: ClickException) -> str:
    parameter: Any = getattr(wrong, "param", None)
    if isinstance(wrong, NoSuchOption):
        return said("there is no option {name}", name=wrong.option_name)
    if isinstance(wrong, BadOptionUsage):
        return said("{name} wants a value", name=wrong.option_name)
    if wrong.message.startswith(TOO_MANY):
        return said("more than this command takes: {words}", words=wrong.message.removeprefix(TOO_MANY).strip(" ()"))
    if isinstance(wrong, BadParameter) and isinstance(parameter, TyperArgument | TyperOption):
        name = "/".join(parameter.opts) if isinstance(parameter, TyperOption) else parameter.display_name_raw
        if isinstance(wrong, MissingParameter):
            return said("{name} is missing", name=name)
        wanted = parameter.type_descriptor
        if wanted.choices:
            return said("{name}: one of {choices}", name=name, choices=", ".join(map(str, wanted.choices)))
        return said("{where}: {wanted}", where=name, wanted=said("a file that exists") if wanted.is_path else wrong.message)
    return wrong.format_message()
