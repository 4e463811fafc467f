"""Does what the commands of ``tingsu`` ask for, beside a running instance or without one."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from services.access.actor import Person
from services.access.passwords import Passwords
from services.access.rights import Role
from services.access.sessions import Sessions
from services.config import Config
from services.errors import Impossible, NotFound
from services.now import SystemClock
from services.people import store
from services.people.actions import People
from services.people.model import NewPerson
from services.words import Language, reason, said

if TYPE_CHECKING:
    from services.customers.importing import Look, Outcome
    from services.seals.model import Fault
    from services.seals.verify import Found

Tell = Callable[[str], None]


class PhoneName(StrEnum):
    browser = "browser"
    sip = "sip"


ACCOUNT = {
    "login": "2 to 32 lower-case letters, digits or . _ -, the first a letter or digit",
    "name": "1 to 80 characters on one line",
    "extension": "three to six digits",
}
"""What is wanted of an account's fields."""


class CannotDo(Impossible):
    """The command cannot do this."""

    code = "cannot"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """The account to be made."""

    login: str
    name: str
    roles: tuple[Role, ...]
    extension: str | None
    phone: PhoneName


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportWanted:
    """What is said on the command line of a file of customers; '' where it is to be found."""

    columns: Mapping[str, str]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    dry_run: bool = False
    partly: bool = False
    report: Path | None = None


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """``named``: line, column, reason and content of the first rows that are not good."""

    found: Outcome
    named: tuple[tuple[int, str, str, str], ...]
    written: bool


def version() -> str:
    return importlib.metadata.version("tingsu")


async def migrate_database(config: Config, tell: Tell) -> list[str]:
    """The names of the migrations applied."""
    from services import plans
    from services.customers.renumber import renumber
    from services.hosted.database import bring_up_to_date, reachable
    from services.store import db

    async with reachable(config, tell) as address:
        connection = await db.connect(address.migrator.url, password=address.migrator.password)
        try:
            applied = await bring_up_to_date(connection, address, tell, tell)
            await renumber(connection, plans.numbering(config), SystemClock().now())
            return applied
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def people(config: Config, tell: Tell) -> AsyncIterator[People]:
    """The accounts, in a migrated database."""
    from services import plans
    from services.customers.renumber import renumber
    from services.hosted.database import bring_up_to_date, reachable
    from services.store import db

    async with reachable(config, tell) as address:
        connection = await db.connect(address.migrator.url, password=address.migrator.password)
        await bring_up_to_date(connection, address, tell, tell)
        await renumber(connection, plans.numbering(config), SystemClock().now())
        await connection.close()
        pool = await db.open_pool(address.url, password=address.password, size=2, patience_s=15)
        try:
            clock = SystemClock()
            yield People(
                pool,
                clock,
                Sessions(pool, clock, plans.session_limits(config)),
                Passwords(),
                plans.throttle_limits(config),
                config.ivr.numbers,
            )
        finally:
            await pool.close()


async def add_user(config: Config, wanted: NewAccount, tell: Tell) -> str:
    """The new account's random password."""
    new = _checked(wanted, config.centre.language)
    async with people(config, tell) as accounts:
        _, password = await accounts.create(new, by=None)
    return password


def _checked(wanted: NewAccount, language: Language) -> NewPerson:
    """By the same rules as at the HTTP door."""
    from pydantic import ValidationError

    from services.config_file import wanted_of
    from services.people.wire import PersonBody

    given = {
        "login": wanted.login,
        "name": wanted.name,
        "roles": list(wanted.roles),
        "extension": wanted.extension,
    }
    try:
        body = PersonBody.model_validate({**given, "phone_kind": wanted.phone.value, "language": language})
    except ValidationError as error:
        wrong = ((str(detail["loc"][0]), detail) for detail in error.errors())
        told = (said("{where}: {wanted}", where=at, wanted=said(ACCOUNT.get(at, wanted_of(detail)))) for at, detail in wrong)
        raise CannotDo("; ".join(told)) from None
    return NewPerson(**body.model_dump(exclude={"queues"}) | {"roles": tuple(body.roles)})


async def list_users(config: Config, tell: Tell) -> list[Person]:
    async with people(config, tell) as accounts:
        return await accounts.everybody()


async def reset_password(config: Config, login: str, tell: Tell) -> str:
    """The account's new random password."""
    async with people(config, tell) as accounts:
        _, password = await accounts.reset_password((await _by_login(accounts, login)).id, by=None)
    return password


async def phone_of(config: Config, login: str, tell: Tell) -> tuple[str, str]:
    """Extension and SIP password of a telephone, for the person who sets it up. Raises CannotDo without an extension."""
    from services.people.phones import sip_key, sip_secret
    from services.plans import secrets_folder

    async with people(config, tell) as accounts:
        person = await _by_login(accounts, login)
    if not person.extension:
        raise CannotDo(said("{login} has no extension", login=login))
    return person.extension, sip_secret(sip_key(secrets_folder(config)), person.extension, person.phone_secret_n)


async def set_active(config: Config, login: str, active: bool, tell: Tell) -> None:
    async with people(config, tell) as accounts:
        await accounts.change((await _by_login(accounts, login)).id, {"active": active}, by=None)


async def _by_login(accounts: People, login: str) -> Person:
    async with accounts.pool.acquire() as connection:
        found = await store.by_login(connection, login)
    if found is None:
        raise NotFound(said("there is no account {login}", login=login))
    return found[0]


async def write_asterisk_includes(config: Config, folder: Path, tell: Tell) -> None:
    """The files for somebody's own Asterisk, with the phones of the people there are."""
    from ivr.asterisk import SwitchProgram, UnfitValue, render_includes
    from services import plans
    from services.hosted.switch_program import installed_program

    if config.asterisk.managed:
        wrong = "[asterisk] managed = true: Tingsu writes its own switch's files itself; set it to false for your own"
        raise CannotDo(said(wrong))
    async with people(config, tell) as accounts:
        phones = plans.phones(config, await accounts.everybody())
    for one in phones.left_out:
        tell(one.told())
    installed = await asyncio.to_thread(installed_program)
    usual = SwitchProgram(modules=Path("/usr/lib/asterisk/modules"), share=Path("/usr/share/asterisk"), version=(22, 0, 0))
    prompts = plans.spoken_prompts(config)
    plan = plans.switch_plan(
        config,
        installed.switch if installed else usual,
        phones.endpoints,
        fallback_notice=prompts / config.centre.language / "notice.wav",
    )
    try:
        render_includes(folder.absolute(), plan, prompts=prompts, websocket=config.asterisk.websocket)
    except OSError as error:
        raise CannotDo(f"{folder}: {reason(error)}") from None
    except UnfitValue as error:
        raise CannotDo(f"{folder}: {error}") from None


def list_models(config: Config, *, published: bool) -> list[str]:
    """One line per model; ``*`` marks the one in use."""
    from recordings import models
    from services import plans

    used = plans.model_folder(config).resolve()
    lines = []
    for found in models.find((models.DEMONSTRATION, config.models, *([used] if used.is_dir() else []))):
        mark = "*" if found.path.resolve() == used else " "
        words = _vocabulary(found.vocabulary)
        kind = "  " + said("demonstration: understands the demo's speech, not people") if found.demonstration else ""
        lines.append(f"{mark} {found.name:<36} {found.size / 1e6:7.1f} MB  {found.rate} Hz  {words}{kind}")
    if published:
        lines += [f"  {row['name']:<36} {said('can be fetched')}" for row in models.published() if row.get("obsolete") != "true"]
    return lines


def _vocabulary(words: int | None) -> str:
    return said("{words} words", words=words) if words else said("vocabulary not listed")


async def check_model(config: Config, name: str) -> str:
    from recordings import crew, models
    from recordings.errors import RecordingError
    from services import plans

    folder = plans.model_folder(config) if not name else Path(name) if "/" in name else models.named(name, config.models)
    try:
        facts = await crew.check(folder, plans.crew_limits(config))
    except RecordingError as error:
        raise CannotDo(f"{folder}: {reason(error)}") from None
    words = _vocabulary(facts.vocabulary)
    return f"✓ {facts.name}: {facts.rate} Hz, {words}" + (said(", demonstration model") if facts.demonstration else "")


def fetch_model(config: Config, name: str, tell: Tell) -> Path:
    from recordings import models
    from recordings.errors import RecordingError

    told = 0

    def progress(step: str, done: int, whole: int | None) -> None:
        nonlocal told
        percent = done * 100 // whole if whole else done // 1_000_000
        if percent // 5 != told:
            told = percent // 5
            tell(f"{said(step)}: {percent} {'%' if whole else 'MB'}")

    try:
        return models.fetch(name, config.models, progress=progress)
    except RecordingError as error:
        raise CannotDo(reason(error)) from None


async def verify_seals(
    config: Config,
    known: Mapping[int, bytes],
    tell: Tell,
    *,
    fault: Callable[[Fault], None],
    progress: Callable[[int, int], None],
) -> Found:
    """Looks at every row that is append-only, as it is in the database. ``progress`` is told how much is done, of how much.

    It changes nothing, not even the database's version: a row that was altered must not be sealed as it is now.
    """
    from services.hosted.database import reachable
    from services.seals.verify import Verification
    from services.store import db

    async with reachable(config, tell) as address:
        connection = await db.connect(address.url, password=address.password)
        try:
            if not await connection.fetchval("select to_regclass('public.seal_anchor')"):
                raise CannotDo(said("the database is of an older version, without seals: run `tingsu migrate` first"))
            done = 0

            def told(rows: int) -> None:
                nonlocal done
                done += rows
                progress(done, whole)

            verification = Verification(connection, fault, told, known)
            whole = await verification.count() * 2  # each is looked at for itself, and for its anchor
            return await verification.run()
        finally:
            await connection.close()


async def import_customers(config: Config, file: Path, wanted: ImportWanted, tell: Tell) -> ImportOutcome:
    """Look, then read and write, as the desk does. Raises CannotDo for a file that is none, or whose columns are not clear."""
    from services import plans
    from services.customers import words
    from services.customers.importing import Imports, Order
    from services.customers.kept import claimed
    from services.customers.rows import Layout

    language = config.centre.language
    async with people(config, tell) as accounts:
        with claimed(config.folder / "imports") as folder:
            imports = Imports(accounts.pool, accounts.clock, plans.numbering(config), folder)
            job = await imports.keep_file(file)
            await imports.look(job, Layout(wanted.encoding, wanted.delimiter, wanted.sheet))
            if job.look:
                order = Order(
                    columns=_columns(job.look, wanted.columns), write=not wanted.dry_run, partly=wanted.partly, language=language
                )
                await imports.perform(job, order, lambda rows: tell(said("{rows} rows read", rows=rows)))
            if job.seen:
                raise CannotDo(f"{file}: {words.of_file(job.seen, language)}")
            if wanted.report:
                await asyncio.to_thread(shutil.copyfile, job.report, wanted.report)
            named = tuple((one.line, one.column, words.of_row(one, language), one.came) for one in job.outcome.problems)
            return ImportOutcome(job.outcome, named, written=job.written)


def _printable(text: str) -> str:
    """A file's words may not steer a terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _columns(look: Look, chosen: Mapping[str, str]) -> dict[str, int]:
    """The fields' columns: by their titles, or as chosen by title or letter. Raises CannotDo."""
    from services.customers.columns import FIELDS, title

    columns = dict(look.columns)
    for field, told in chosen.items():
        places = [place for place, letter in enumerate(look.letters) if letter == told.upper()]
        places += [place for place, heading in enumerate(look.headings) if title(heading) == title(told)]
        if field not in FIELDS or len(places) != 1:
            pattern, fields = "--column {field}={told}: one of {fields} and one column's letter or title", ", ".join(FIELDS)
            raise CannotDo(said(pattern, field=field, told=told, fields=fields))
        columns[field] = places[0]
    for field in ("number", "name"):
        if field not in columns:
            titles = ", ".join(
                f"{letter} {_printable(heading)}" for letter, heading in zip(look.letters, look.headings, strict=True)
            )
            pattern = "which column is the {field}? say --column {field}=LETTER; there are: {titles}"
            raise CannotDo(said(pattern, field=field, titles=titles))
    if unclear := [field for field in look.doubtful if field not in chosen]:
        raise CannotDo(said("several columns could be: {fields}; say --column FIELD=LETTER", fields=", ".join(unclear)))
    return columns
