"""Checks for ``tingsu check-config`` everything that would keep the instance from running, and says all of it at once so that
one can act.

It starts nothing and changes nothing; what it tries (a port, a folder, a login at the switch) it lets go again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import asyncpg

from recordings import crew
from recordings.archive import Archive
from recordings.errors import ArchiveFailed, RecordingError
from services import plans
from services.config import Config, Mistake, NoSecret, Queue
from services.hosted import account, binaries, place
from services.hosted.database import Address, address_of, plan_of
from services.hosted.switch_program import installed_program, known_faults, version_in
from services.mail.sending import greet
from services.running import own_ports, ports_of
from services.store import db
from services.words import reason, said

CONNECT_S = 5.0
STORE_S = 10.0  # a store that refuses connections has given up by itself by then
FOR_A_CALL = 4  # UDP ports
GREETING_LIMIT = 200  # bytes
ANSWER_LIMIT = 16_384  # bytes
SIP_PORT = "[asterisk] sip_port"
BETWEEN_RINGS_S = 1

DATABASE = tuple(
    f"[database] {key}"
    for account in ("", "owner_")
    for key in (f"{account}url", f"{account}password_env", f"{account}password_file", "program_folder", "account")
)
SWITCH = (
    "[instance] name",
    "[queues]",
    *(f"[asterisk] {key}" for key in ("managed", "host", "ami_port", "ami_user", "ami_secret_env", "ami_secret_file")),
)

MAIL = ("[web] public_url", *(f"[mail] {key}" for key in ("port", "security", "user", "password_env", "password_file", "sender")))


async def check(config: Config) -> list[Mistake]:
    """All mistakes, in the order of the sections."""
    database, switch, store, model, mail = await asyncio.gather(
        _database(config), _switch(config), _store(config), _model(config), _mail(config)
    )
    return [
        *plans.exposed(config),
        *_folders(config),
        *_ports(config),
        *_sound_ports(config),
        *_leaning(database, DATABASE),
        *_leaning(switch, SWITCH),
        *_tls(config),
        *_sense(config),
        *_speech(config),
        *store,
        *_leaning(model, ("[transcription] models_folder",)),
        *_leaning(mail, MAIL),
        *_log(config),
    ]


def _leaning(found: Iterable[Mistake], settings: tuple[str, ...]) -> Iterator[Mistake]:
    return (replace(mistake, leans_on=settings) for mistake in found)


def _folders(config: Config) -> Iterator[Mistake]:
    wanted = {"[instance] folder": config.folder, "[recordings] spool": config.spool}
    if "://" not in config.store:
        wanted["[recordings] store"] = Path(config.store)
    wanted["[transcription] models_folder"] = config.models
    named = set()
    for where, folder in wanted.items():
        why = _unwritable(folder)
        if why and why not in named:  # a folder inside another is no second mistake
            yield Mistake(where, said("a folder that can be written: {folder}", folder=folder), why)
        named.add(why)


def _unwritable(folder: Path) -> str:
    """Tried with a real file in the nearest part of the path that exists; '' if all is well."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"{folder}: {reason(error)}"


def _ports(config: Config) -> Iterator[Mistake]:
    """Those of an instance that runs from this very folder are its own."""
    own = own_ports(config)
    yield from taken(config, ports_of(config), own)


def taken(config: Config, ports: Mapping[str, int], own: Mapping[str, int]) -> Iterator[Mistake]:
    """Of these ports (by their settings), those that another program has, or that are named twice; ``own`` may be taken."""
    seen: dict[tuple[int, int], str] = {}
    for where, port in ports.items():
        section, kind = where[1 : where.index("]")], socket.SOCK_DGRAM if where == SIP_PORT else socket.SOCK_STREAM
        host, leans_on = getattr(config, section).host, (f"[{section}] host", f"[{section}] managed")
        if first := seen.get((port, kind)):
            yield Mistake(where, said("another port than {first}", first=first), str(port), leans_on=(*leans_on, first))
        elif own.get(where) != port and (why := _taken(host, port, kind)):
            yield Mistake(where, said("a port that no other program listens on"), f"{host}:{port}: {why}", leans_on=leans_on)
        seen.setdefault((port, kind), where)


def _sound_ports(config: Config) -> Iterator[Mistake]:
    """The switch passes over those that are taken; it needs some."""
    asterisk = config.asterisk
    if not asterisk.managed:
        return
    if SIP_PORT in own_ports(config):
        return  # its own switch has them, or could not have started
    ports = range(asterisk.rtp_first, asterisk.rtp_last + 1)
    free = (port for port in ports if not _taken(asterisk.host, port, socket.SOCK_DGRAM))
    if len(list(itertools.islice(free, FOR_A_CALL))) < FOR_A_CALL:
        leans_on = ("[asterisk] rtp_last", "[asterisk] host", "[asterisk] managed")
        wanted = said("the first of a range of UDP ports of which {few} are free at least", few=FOR_A_CALL)
        yield Mistake("[asterisk] rtp_first", wanted, f"{asterisk.rtp_first}–{asterisk.rtp_last}", leans_on=leans_on)


def _taken(host: str, port: int, kind: int) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as tried:
        if kind == socket.SOCK_STREAM:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            tried.bind((host, port))
        except OSError as error:
            return reason(error)
    return ""


async def _database(config: Config) -> list[Mistake]:
    if config.database.embedded:
        return _embedded(config)
    try:
        address = address_of(config)
    except NoSecret as error:
        return [Mistake("[database] password_env", said("the password of the database"), str(error))]
    found = await _reached(address, "")
    return [*found, *await _reached(address.owner, "owner_")] if address.owner else found


async def _reached(address: Address, prefix: str) -> list[Mistake]:
    """``prefix``: of the settings of this account."""
    url, password = f"[database] {prefix}url", f"[database] {prefix}password_env"
    try:
        connection = await asyncpg.connect(address.url, password=address.password, timeout=CONNECT_S)
    except asyncpg.InvalidAuthorizationSpecificationError:
        return [Mistake(password, said("the right password for this user"))]
    except asyncpg.InvalidCatalogNameError:
        return [Mistake(url, said("a database that exists: create it first"))]
    except asyncpg.InsufficientPrivilegeError:
        return [Mistake(url, said("an account that may connect to this database"))]
    except (*db.AWAY, *db.BUSY, ValueError) as error:
        return [Mistake(url, said("a database that can be reached"), reason(error))]
    version = connection.get_server_version().major
    await connection.close()
    wanted = said("PostgreSQL {oldest} or later", oldest=binaries.OLDEST)
    return [] if version >= binaries.OLDEST else [Mistake(url, wanted, str(version))]


def _embedded(config: Config) -> list[Mistake]:
    plan = plan_of(config)
    try:
        place.find(plan.folder, plan.account, plan.signs)
        binaries.find(plan.bin_dir)
    except (account.NoPlace, place.Misplaced, binaries.NoPostgres) as error:
        return [Mistake("[database]", said("an embedded PostgreSQL, or the url of another"), str(error))]
    return []


async def _switch(config: Config) -> list[Mistake]:
    if config.asterisk.managed:
        return []
    asterisk = config.asterisk
    where = f"{asterisk.host}:{asterisk.ami_port}"
    secret, found = "", list[Mistake]()
    try:
        secret = plans.ami_secret(config)
    except NoSecret as error:
        found.append(Mistake("[asterisk] ami_secret_env", said("the secret of the manager user"), str(error)))
    try:
        async with asyncio.timeout(CONNECT_S):
            told = await _told_by_switch(asterisk.host, asterisk.ami_port, asterisk.ami_user, secret, config.queues)
    except (OSError, TimeoutError) as error:
        return [
            *found,
            Mistake(
                "[asterisk] host",
                said("a switch whose AMI can be reached (manager.conf: enabled, bindaddr, port)"),
                f"{where}: {reason(error)}",
            ),
        ]
    if told is None:
        came = said("{where} answers, but is no Asterisk manager", where=where)
        return [*found, Mistake("[asterisk] ami_port", said("the port of AMI"), came)]
    if found:
        return found  # it answers; without the secret no more can be asked
    if "Response: Success" not in told:
        return [
            Mistake(
                "[asterisk] ami_user",
                said("a manager user and secret that the switch accepts (manager.conf), and an address it permits"),
                asterisk.ami_user,
            )
        ]
    return [*_not_included(config, told)]


async def advice(config: Config) -> list[str]:
    """What keeps nothing from running and should be known all the same: faults of the Asterisk that is used."""
    version = await asyncio.to_thread(_managed_version, config) if config.asterisk.managed else await _version_of_own(config)
    return known_faults(version) if version else []


def _managed_version(config: Config) -> tuple[int, int, int] | None:
    """The machine's own, or the one that was started last; nothing is fetched to find out."""
    if installed := installed_program():
        return installed.switch.version
    started_with = config.folder / "asterisk/started-with"
    lines = started_with.read_text(encoding="utf-8").splitlines() if started_with.exists() else []
    return next((version_in(line) for line in lines if re.fullmatch(r"\d+\.\d+\.\d+", line)), None)


async def _version_of_own(config: Config) -> tuple[int, int, int] | None:
    asterisk = config.asterisk
    try:
        secret = plans.ami_secret(config)
        async with asyncio.timeout(CONNECT_S):
            told = await _told_by_switch(asterisk.host, asterisk.ami_port, asterisk.ami_user, secret)
    except (NoSecret, OSError, TimeoutError):
        return None  # `check` has said so
    said = (line.removeprefix("AsteriskVersion: ") for line in told or () if line.startswith("AsteriskVersion: "))
    return next(map(version_in, said), None)


def _not_included(config: Config, told: set[str]) -> Iterator[Mistake]:
    """What of `tingsu asterisk-config` is not in force on somebody's own switch."""
    name = config.instance.name
    if f"SystemName: {name}" not in told:
        yield Mistake("[instance] name", said("the switch's systemname (asterisk.conf, [options]; wants a restart)"), name)
    for queue in config.queues:
        if f"Queue: {queue}" not in told:
            wanted = said("a queue the switch has: include the files of `tingsu asterisk-config` and reload")
            yield Mistake(f"[queues.{queue}]", wanted, queue)


async def _told_by_switch(host: str, port: int, user: str, secret: str, queues: Iterable[str] = ()) -> set[str] | None:
    """Every line the switch answers to a login and to what it is asked then; None if it is no manager port."""
    if any(character in user + secret for character in "\r\n"):
        return set()
    asked = (
        f"Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\nEvents: off",
        "Action: CoreSettings",
        *(f"Action: QueueStatus\r\nQueue: {queue}\r\nMember: none" for queue in queues),
        "Action: Logoff",
    )
    reader, writer = await asyncio.open_connection(host, port, limit=ANSWER_LIMIT)
    try:
        greeting = await reader.readline()
        if not greeting[:GREETING_LIMIT].startswith(b"Asterisk Call Manager"):
            return None
        writer.write("".join(f"{action}\r\n\r\n" for action in asked).encode())
        answers = await _until_closed(reader)
        return set(answers.decode("utf-8", "replace").split("\r\n"))
    except ValueError:  # a line without an end
        return None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    """What comes until the other side closes; no more than anybody could want to say."""
    said = b""
    with contextlib.suppress(ConnectionError):  # closed with words of ours unread: what it said is said
        while len(said) < ANSWER_LIMIT and (more := await reader.read(ANSWER_LIMIT)):
            said += more
    return said


def _sense(config: Config) -> Iterator[Mistake]:
    """Values that are possible each by itself and not together."""
    for name, queue in config.queues.items():
        yield from _sense_of_queue(f"[queues.{name}]", queue)
    web, listening = config.web, config.transcription
    if web.idle_minutes > web.session_hours * 60:
        wanted = said("at most session_hours = {hours}, in minutes", hours=web.session_hours)
        yield Mistake("[web] idle_minutes", wanted, str(web.idle_minutes), leans_on=("[web] session_hours",))
    if listening.workers > (cores := os.cpu_count() or 1):
        wanted = said("at most {cores}, the cores of this machine", cores=cores)
        yield Mistake("[transcription] workers", wanted, str(listening.workers))
    if listening.resident_mb > listening.memory_mb:
        wanted = said("at most {key} = {value}", key="memory_mb", value=listening.memory_mb)
        yield Mistake("[transcription] resident_mb", wanted, str(listening.resident_mb), leans_on=("[transcription] memory_mb",))
    if listening.stall_seconds > listening.job_seconds:
        wanted = said("at most {key} = {value}", key="job_seconds", value=listening.job_seconds)
        yield Mistake(
            "[transcription] stall_seconds", wanted, str(listening.stall_seconds), leans_on=("[transcription] job_seconds",)
        )


def _sense_of_queue(section: str, queue: Queue) -> Iterator[Mistake]:
    leans_on = (f"{section} answer_seconds",)
    longest = (queue.answer_seconds - BETWEEN_RINGS_S) // 2
    if queue.ring_seconds > longest:
        pattern = "at most {longest}: two rings, {between} s apart, must fit into answer_seconds = {whole}"
        wanted = said(pattern, longest=longest, between=BETWEEN_RINGS_S, whole=queue.answer_seconds)
        yield Mistake(f"{section} ring_seconds", wanted, str(queue.ring_seconds), leans_on=leans_on)
    if queue.short_abandon_seconds >= queue.answer_seconds:
        wanted = said("less than {key} = {value}", key="answer_seconds", value=queue.answer_seconds)
        yield Mistake(f"{section} short_abandon_seconds", wanted, str(queue.short_abandon_seconds), leans_on=leans_on)


def _tls(config: Config) -> Iterator[Mistake]:
    asterisk = config.asterisk
    for name in ("tls_certificate", "tls_key"):
        given = getattr(asterisk, name)
        if given and not os.access(config.path(given), os.R_OK):
            yield Mistake(f"[asterisk] {name}", said("a PEM file that can be read"), str(config.path(given)))
        elif given and name == "tls_key" and stat.S_IMODE(config.path(given).stat().st_mode) & 0o077:
            yield Mistake("[asterisk] tls_key", said("a file that others cannot read: chmod 600 it"), str(config.path(given)))


def _speech(config: Config) -> Iterator[Mistake]:
    program = config.ivr.speech_program
    if shutil.which(program) is None and not config.prompts.is_dir():
        wanted = said("a program that speaks the prompts (install espeak-ng), or recorded ones in prompts_folder")
        yield Mistake("[ivr] speech_program", wanted, program)


async def _model(config: Config) -> list[Mistake]:
    folder = plans.model_folder(config)
    try:
        await crew.check(folder, plans.crew_limits(config))
    except RecordingError as error:
        wanted = said("a Vosk model that loads (see `tingsu model list` and `tingsu model fetch`)")
        return [Mistake("[transcription] model", wanted, f"{folder}: {reason(error)}")]
    return []


async def _mail(config: Config) -> list[Mistake]:
    """Whether the mail server greets us as it would for a mail; none is sent."""
    mail = config.mail
    if not mail.host:
        return []
    wanted = said("what browsers type, https://…, for the links in mails; without it no mail leaves")
    found = [] if config.web.public_url else [Mistake("[web] public_url", wanted)]
    if not mail.sender:
        found.append(Mistake("[mail] sender", said("the address that mails come from; without it no mail leaves")))
    try:
        server = plans.mail_server(config)
    except NoSecret as error:
        return [*found, Mistake("[mail] password_env", said("the password of the mail account"), str(error))]
    if server is None:
        return found
    why = await greet(replace(server, limit_s=CONNECT_S))
    wanted = said("a mail server that lets us in (host, port, security, user and password)")
    return [Mistake("[mail] host", wanted, f"{mail.host}:{mail.port}: {why}")] if why else []


async def _store(config: Config) -> list[Mistake]:
    """One that is no folder (those are tried without being made): an object is put there and removed."""
    if "://" not in config.store:
        return []
    try:
        why = await unusable(Archive.open(config.store))
    except ArchiveFailed as error:
        why = reason(error)
    wanted = said("a store that can be written (config.toml says where its keys come from)")
    return [Mistake("[recordings] store", wanted, why)] if why else []


async def unusable(store: Archive) -> str:
    """Why nothing can be put there and removed again just now; '' if all is well."""
    try:
        async with asyncio.timeout(STORE_S):
            await store.check()
    except (ArchiveFailed, TimeoutError) as error:
        return reason(error)
    return ""


def _log(config: Config) -> Iterator[Mistake]:
    file = Path(config.logging.file)
    if not config.log.file:
        return
    try:
        with file.open("ab") if file.exists() else tempfile.TemporaryFile(dir=file.parent):
            return
    except OSError as error:
        yield Mistake("[log] file", said("a file that can be written"), f"{file}: {reason(error)}")
