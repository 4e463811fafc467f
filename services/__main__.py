"""Defines the command ``tingsu``. Each command imports the heavy rooms that it needs: ``--help`` answers at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer._click.core import Command
from typer._click.exceptions import ClickException
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.main import get_command

from services import commands, config_file, words
from services.access.rights import Role
from services.config import BadConfig, Config, Mistake
from services.config_file import load, look, without_followers
from services.errors import Invalid, TingsuError
from services.manual import Spoken, SpokenGroup, complaint
from services.words import reason, said

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration file. Without it: ./config.toml, or the defaults.", metavar="FILE"),
]
Login = Annotated[str, typer.Argument(help="The login: lower-case letters, digits, . _ - ; 2 to 32 of them.")]

ONCE = "the password is shown only here, only now; it must be changed at the first login"

app = typer.Typer(
    name="tingsu",
    cls=SpokenGroup,
    help="Tingsu 听诉: the complaint line that answers in fifteen seconds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they show the values of variables, secrets among them
)
user = typer.Typer(cls=SpokenGroup, help="Accounts of the people who work here.", no_args_is_help=True)
model = typer.Typer(cls=SpokenGroup, help="Models for the transcription (Vosk).", no_args_is_help=True)
customers = typer.Typer(cls=SpokenGroup, help="The table of customers.", no_args_is_help=True)
audit = typer.Typer(cls=SpokenGroup, help="The audit and the histories of tickets and orders.", no_args_is_help=True)
app.add_typer(user, name="user")
app.add_typer(model, name="model")
app.add_typer(customers, name="customers")
app.add_typer(audit, name="audit")


def say(text: str) -> None:
    """What was asked for goes to standard output; progress and errors do not."""
    typer.echo(text)


def tell(text: str) -> None:
    """Progress."""
    typer.echo(text, err=True)


def configured(file: Path | None) -> Config:
    """The configuration, or every mistake in it and exit code 1. From here on its language is spoken."""
    os.umask(0o077)  # what is made from here on is for our own account alone; what others need is opened to them by name
    words.speak(config_file.language(file))
    try:
        return load(file)
    except BadConfig as error:
        refuse(error.mistakes)


def refuse(mistakes: Iterable[Mistake]) -> NoReturn:
    for mistake in mistakes:
        tell(f"✗ {mistake}")
    raise typer.Exit(1) from None


@app.command(cls=Spoken)
def run(config: ConfigFile = None) -> None:
    """Start everything and serve until Ctrl-C: the database, the switch, the reception, the desk. Stops it all in order."""
    settings = configured(config)
    from services import app as whole  # pulls in every room
    from services.hosted import rootless
    from services.log import set_up
    from services.welcome import Welcome

    try:
        set_up(settings.logging)
    except OSError as error:
        refuse([Mistake("[log] file", said("a file that can be written"), f"{settings.logging.file}: {reason(error)}")])
    welcome = Welcome()
    rootless.lose_it(settings, welcome.warn)
    asyncio.run(whole.run(settings, welcome))


@app.command("check-config", cls=Spoken)
def check_config(config: ConfigFile = None) -> None:
    """Name every mistake at once: unknown setting, wrong type, unreachable switch, wrong secret, taken port, missing model.

    Changes nothing. Exit code 1 if there is a mistake. It may run while Tingsu does.
    """
    from services.check import advice, check

    words.speak(config_file.language(config))
    try:
        settings, named = look(config)
    except BadConfig as error:
        refuse(error.mistakes)
    if mistakes := (*named, *without_followers(asyncio.run(check(settings)), named)):
        refuse(mistakes)
    say("\n".join([said("✓ the configuration is right"), *(f"! {fault}" for fault in asyncio.run(advice(settings)))]))


@app.command("asterisk-config", cls=Spoken)
def asterisk_config(
    folder: Annotated[Path, typer.Argument(help="Where to write the files; made if it is not there.", metavar="DIR")],
    config: ConfigFile = None,
) -> None:
    """Write the dialplan, queue, phone and manager files to include in your own Asterisk. They hold secrets: mode 0600."""
    asyncio.run(commands.write_asterisk_includes(configured(config), folder, tell))
    say(said("written to {folder}", folder=folder))


@app.command(cls=Spoken)
def migrate(config: ConfigFile = None) -> None:
    """Bring the database to this version. `tingsu run` does it by itself."""
    applied = asyncio.run(commands.migrate_database(configured(config), tell))
    say("\n".join(applied) if applied else said("the database is at this version already"))


@app.command(cls=Spoken)
def version() -> None:
    """Print the version."""
    say(commands.version())


@app.command(cls=Spoken)
def openapi() -> None:
    """Print the description of the HTTP API (OpenAPI 3.1). Needs no database."""
    from services.routes import description

    say(json.dumps(description(commands.version()), ensure_ascii=False, indent=1))


@user.command("add", cls=Spoken)
def user_add(
    login: Login,
    name: Annotated[str, typer.Option(help="The person's name, as colleagues see it.")],
    role: Annotated[list[Role], typer.Option(help="What the person may do; may be given several times.")],
    extension: Annotated[str | None, typer.Option(help="Three to six digits; an agent's phone.")] = None,
    phone: Annotated[
        commands.PhoneName, typer.Option(help="browser: the softphone in the desk; sip: any SIP phone.")
    ] = commands.PhoneName.browser,
    config: ConfigFile = None,
) -> None:
    """Make an account. Prints its random password, this once; the person must choose another at the first login."""
    wanted = commands.NewAccount(login=login, name=name, roles=tuple(role), extension=extension, phone=phone)
    password = asyncio.run(commands.add_user(configured(config), wanted, tell))
    tell(said(ONCE))
    say(said("{login} has been made; password: {password}", login=login, password=password))


@user.command("list", cls=Spoken)
def user_list(config: ConfigFile = None) -> None:
    """List all accounts."""
    for person in asyncio.run(commands.list_users(configured(config), tell)):
        state = "" if person.active else said("  (closed)")
        roles, phone = ", ".join(person.roles), person.extension or "-"
        say(f"{person.login:<20} {roles:<15} {phone:<7} {person.phone_kind:<8} {person.name}{state}")


@user.command("password", cls=Spoken)
def user_password(login: Login, config: ConfigFile = None) -> None:
    """Give somebody a new random password, printed this once and to be changed at the next login; ends their sessions."""
    password = asyncio.run(commands.reset_password(configured(config), login, tell))
    tell(said(ONCE))
    say(said("new password: {password}", password=password))


@user.command("phone", cls=Spoken)
def user_phone(login: Login, config: ConfigFile = None) -> None:
    """Print what a SIP telephone needs to register as this person: server, extension, password. Show it to nobody else."""
    settings = configured(config)
    extension, password = asyncio.run(commands.phone_of(settings, login, tell))
    server = f"{settings.asterisk.host}:{settings.asterisk.sip_port}"
    pattern = "server    {server} (UDP)\nuser      {extension}\npassword  {password}"
    say(said(pattern, server=server, extension=extension, password=password))


@user.command("disable", cls=Spoken)
def user_disable(login: Login, config: ConfigFile = None) -> None:
    """Close an account: its sessions end within seconds, its phone no longer registers. Nothing is deleted."""
    asyncio.run(commands.set_active(configured(config), login, False, tell))
    say(said("{login} is closed", login=login))


@user.command("enable", cls=Spoken)
def user_enable(login: Login, config: ConfigFile = None) -> None:
    """Open a closed account again."""
    asyncio.run(commands.set_active(configured(config), login, True, tell))
    say(said("{login} is open", login=login))


@model.command("list", cls=Spoken)
def model_list(
    published: Annotated[
        bool, typer.Option("--published", help="Also what can be fetched (asks the publisher over the network).")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """List the models on this machine; the one in use is marked."""
    for line in commands.list_models(configured(config), published=published):
        say(line)


@model.command("check", cls=Spoken)
def model_check(
    name: Annotated[str, typer.Argument(help="A folder or a model's name; empty: the configured one.")] = "",
    config: ConfigFile = None,
) -> None:
    """Load a model in a child process and say what it is."""
    say(asyncio.run(commands.check_model(configured(config), name)))


@model.command("fetch", cls=Spoken)
def model_fetch(
    name: Annotated[str, typer.Argument(help="Vosk's own name, e.g. vosk-model-small-cn-0.22")], config: ConfigFile = None
) -> None:
    """Fetch a model from its publisher, where the network allows. Then set [transcription] model to its name."""
    folder = commands.fetch_model(configured(config), name, tell)
    say(said("fetched to {folder}", folder=folder))


@customers.command("import", cls=Spoken)
def customers_import(
    file: Annotated[
        Path,
        typer.Argument(help="CSV (UTF-8, UTF-16, GB18030, Big5), xlsx, xls or ods, with a heading.", exists=True, dir_okay=False),
    ],
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="FIELD=LETTER or FIELD=TITLE; fields: number, name, tier, note. Without it: by the titles.",
            metavar="FIELD=COLUMN",
        ),
    ] = None,
    encoding: Annotated[str, typer.Option(help="utf-8, utf-16, gb18030 or big5, where it is not sure.")] = "",
    delimiter: Annotated[str, typer.Option(help="What stands between the cells of a CSV file.")] = "",
    sheet: Annotated[str, typer.Option(help="The workbook's sheet; without it the first.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and tell; write nothing.")] = False,
    partly: Annotated[bool, typer.Option("--partly", help="Write the good rows although others are bad.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="A CSV file to name every row in that is not imported.", dir_okay=False)
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Import customers: new numbers are added, known ones changed. One bad row and nothing is written, unless --partly.

    A field without a column is left as it is. Every bad row is named with its line, column and reason.
    """
    chosen = dict(each.split("=", 1) for each in column or () if "=" in each)
    wanted = commands.ImportWanted(
        columns=chosen, encoding=encoding, delimiter=delimiter, sheet=sheet, dry_run=dry_run, partly=partly, report=report
    )
    told = asyncio.run(commands.import_customers(configured(config), file, wanted, tell))
    for line, place, why, came in told.named:
        tell(said("✗ row {line}, column {place}: {why} (found {came!r})", line=line, place=place, why=why, came=came))
    found = told.found
    if found.bad > len(told.named):
        tell(said("✗ … {bad} rows in all: --report FILE names every one", bad=found.bad))
    unchanged = found.good - found.created - found.changed
    pattern = "{rows} rows: {created} new, {changed} changed, {unchanged} unchanged, {bad} bad"
    say(said(pattern, rows=found.rows, created=found.created, changed=found.changed, unchanged=unchanged, bad=found.bad))
    if found.bad and not told.written:
        say(said("nothing was written"))
    if found.bad:
        raise typer.Exit(1)


@audit.command("verify", cls=Spoken)
def audit_verify(
    known: Annotated[
        list[str] | None,
        typer.Option(help="NUMBER:HASH of an anchor that was noted elsewhere; may be given several times.", metavar="ANCHOR"),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Find out whether the audit, a history of a ticket or order, a review or a warning was changed: none ever should be.

    Every row is looked at, and the first wrong one of each history named. Changes nothing; may run while Tingsu does.
    Exit code 1 if anything is wrong. Note the last anchor somewhere else: whoever owns the database could make all of them anew.
    """
    from rich.console import Console
    from rich.progress import Progress

    from services.seals.words import of_fault

    settings = configured(config)
    noted = dict(map(anchor_noted, known or ()))
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(said("looking at every row"), total=None)
        found = asyncio.run(
            commands.verify_seals(
                settings, noted, tell,
                fault=lambda fault: bar.console.print(f"✗ {of_fault(fault)}", highlight=False, markup=False),
                progress=lambda done, whole: bar.update(task, completed=done, total=whole),
            )
        )  # fmt: skip
    if found.newest:
        say(said("last anchor: {n}:{hash}", n=found.newest.n, hash=found.newest.hash.hex()))
    say(said("{rows} rows, {loose} of them since the last anchor", rows=found.rows, loose=found.loose))
    if found.faults:
        say(said("✗ {faults} faults", faults=found.faults))
        raise typer.Exit(1)
    say(said("✓ everything is as it was written"))


def anchor_noted(text: str) -> tuple[int, bytes]:
    """An anchor as ``verify`` prints it. Raises BadParameter."""
    number, _, digest = text.partition(":")
    try:
        found = int(number), bytes.fromhex(digest)
    except ValueError:
        found = 0, b""
    if found[0] < 1 or len(found[1]) != hashlib.sha256().digest_size:
        raise typer.BadParameter(said("{text}: an anchor is written NUMBER:HASH, as this command prints it", text=text))
    return found


def main() -> None:
    """The console command: an error of ours is one line and exit code 1, never a traceback."""
    words.speak(config_file.language())
    try:
        code = translated(get_command(app)).main(standalone_mode=False)
    except ClickException as wrong:
        for line in complaint(wrong):
            tell(line)
        sys.exit(wrong.exit_code)
    except typer.Abort:
        sys.exit(130)
    except TingsuError as error:
        fail([error])
    except BaseExceptionGroup as group:
        ours, others = group.split(TingsuError)
        if ours is None or others is not None:
            raise
        fail(leaves(ours))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def translated(command: Command) -> Command:
    """The command and all below it, their help in the language spoken."""
    command.help = said(command.help) if command.help else None
    for parameter in command.params:
        if isinstance(parameter, TyperArgument | TyperOption) and parameter.help:
            parameter.help = said(parameter.help)
    for below in command.commands.values() if isinstance(command, TyperGroup) else ():
        translated(below)
    return command


def leaves(group: BaseExceptionGroup[TingsuError]) -> list[TingsuError]:
    """The errors of a group of groups."""
    return [leaf for error in group.exceptions for leaf in (leaves(error) if isinstance(error, BaseExceptionGroup) else [error])]


def fail(errors: list[TingsuError]) -> None:
    for error in errors:
        tell(f"✗ {said(str(error))}")
        for field in error.fields if isinstance(error, Invalid) else ():
            tell(f"✗ {field.field}: {said(field.wanted)}")
    sys.exit(1)


if __name__ == "__main__":
    main()
