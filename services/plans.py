"""Turns the configuration into the plans that other rooms take: one place, so that no two commands read it differently."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import recordings.crew
from cti.events import OUTWARD, WANTED
from cti.ids import Extension, Node
from cti.settings import AmiSettings
from ivr.asterisk import (
    COLLEAGUE_RING_S,
    AgentEndpoint,
    AmiAccount,
    PhoneKind,
    QueueSettings,
    SwitchPlan,
    SwitchPorts,
    SwitchProgram,
    TlsFiles,
    Trunks,
    UnfitValue,
)
from ivr.settings import IvrSettings
from recordings import models
from services.access.actor import Person
from services.access.sessions import SessionLimits
from services.access.throttle import ThrottleLimits
from services.calendars.model import Base, Edition, Written, table
from services.clocks import written
from services.clocks.ladder import Ladder
from services.clocks.ladder import read as read_ladder
from services.clocks.table import Clocks
from services.config import Calendar, Config, Mistake, Queue, read_secret
from services.customers.numbers import Numbering
from services.evidence.actions import Limits as EvidenceLimits
from services.floor import queues as floor_queues
from services.floor.figures import Limits
from services.hosted.addresses import own_address
from services.hosted.debian import PackageSource
from services.mail.model import MailServer
from services.orders.links import LinkPlan
from services.people.phones import sip_key, sip_secret
from services.secret_files import made_once
from services.tickets.authority import Terms
from services.web.security import Security, origins_for
from services.words import said

LEFT_OUT = {
    "hotline": "it is a hotline's number",
    "twice": "somebody else has it too",
    "unfit": "it is no extension",
}
RING_END_S = 5  # the end of a ring is there by then, or will not come


def numbering(config: Config) -> Numbering:
    return Numbering(config.centre.area_code)


def secrets_folder(config: Config) -> Path:
    return config.folder / "secrets"


def ami_secret(config: Config) -> str:
    """The secret of the manager account. We make the managed switch's; another's is where the configuration says. Raises
    NoSecret.
    """
    asterisk = config.asterisk
    if asterisk.managed:
        return made_once(secrets_folder(config) / "ami.secret")
    return read_secret(config, variable=asterisk.ami_secret_env, file=asterisk.ami_secret_file, what=said("AMI secret"))


def event_seal(config: Config) -> str:
    """The seal that the switch writes into every event of a channel, so that no caller can write an event."""
    return made_once(secrets_folder(config) / "event.seal")


def agi_token(config: Config) -> str:
    """The token that the dialplan sends to the door of the IVR, which knows no other login. Our own switch and somebody else's
    both send it.
    """
    return made_once(secrets_folder(config) / "agi.token")


def phone_door(config: Config) -> str:
    """The path before ``/ws`` of our own switch's websocket. Asterisk checks no Origin, so the path is a secret that only
    agents' phones are told: another site's page in an agent's browser does not find it. Where ``ws_url`` is set, the operator
    chooses the path; with somebody else's switch, its owner does.
    """
    asterisk = config.asterisk
    if not asterisk.managed:
        return ""
    if asterisk.ws_url:
        door, end, _ = urlsplit(asterisk.ws_url).path.rpartition("/ws")
        return door.strip("/") if end else ""
    return made_once(secrets_folder(config) / "phones.door")


def phone_url(config: Config) -> str:
    """The address to which the browser's softphone connects."""
    door = "" if config.asterisk.ws_url else phone_door(config)
    return config.asterisk.websocket.removesuffix("/ws") + f"/{door}/ws" if door else config.asterisk.websocket


def spoken_prompts(config: Config) -> Path:
    """The folder of the prompts as the switch plays them."""
    return config.folder / "cache/prompts"


def queue_diary(config: Config) -> Path | None:
    """The queue_log of the switch that we run. Where somebody else's lies is not known: None."""
    return config.folder / "asterisk/log/queue_log" if config.asterisk.managed else None


def switch_log(config: Config) -> Path | None:
    """The log of the switch that we run. Where somebody else's lies is not known: None."""
    return config.folder / "asterisk/log/messages" if config.asterisk.managed else None


def ami_settings(config: Config) -> AmiSettings:
    asterisk = config.asterisk
    return AmiSettings(
        host=asterisk.host,
        port=asterisk.ami_port,
        user=asterisk.ami_user,
        secret=ami_secret(config),
        seal=event_seal(config),
        queues=tuple(config.queues),
        trunks=asterisk.trunks,
        node=Node(asterisk.node),
    )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An account whose phone the switch is not given, and why: ``hotline``, ``twice``, ``unfit``."""

    login: str
    extension: str
    why: str

    def told(self) -> str:
        """A sentence for the operator."""
        why = said(LEFT_OUT[self.why])
        pattern = "{login} has no phone: the switch cannot have the extension {extension} ({why})"
        return said(pattern, login=self.login, extension=self.extension, why=why)


@dataclass(frozen=True, slots=True)
class Phones:
    """The accounts whose phones the switch is given, and those that it is not given: one bad row takes nobody else's phone
    away.
    """

    endpoints: tuple[AgentEndpoint, ...]
    left_out: tuple[LeftOut, ...]


def phones(config: Config, people: Iterable[Person]) -> Phones:
    """The phones of active people; their secrets are derived here and live in the switch's files only."""
    key = sip_key(secrets_folder(config))
    found: dict[str, AgentEndpoint] = {}
    left_out: list[LeftOut] = []
    for person in people:
        if not person.active or not person.extension:
            continue
        endpoint = _endpoint(person, key)
        why = "twice" if person.extension in found else "hotline" if person.extension in config.ivr.numbers else ""
        if why or endpoint is None:
            left_out.append(LeftOut(person.login, person.extension, why or "unfit"))
        else:
            found[person.extension] = endpoint
    return Phones(tuple(found.values()), tuple(left_out))


def _endpoint(person: Person, key: bytes) -> AgentEndpoint | None:
    """The phone of an account; None if it would break a line of the switch's files."""
    extension = Extension(person.extension or "")
    try:
        return AgentEndpoint(extension, PhoneKind(person.phone_kind), sip_secret(key, extension, person.phone_secret_n))
    except (UnfitValue, ValueError):
        return None


def switch_plan(
    config: Config, program: SwitchProgram, agents: Sequence[AgentEndpoint], *, fallback_notice: Path | None = None
) -> SwitchPlan:
    """The plan from which the switch's files are rendered."""
    asterisk = config.asterisk
    return SwitchPlan(
        systemname=config.instance.name,
        program=program,
        ports=SwitchPorts(
            sip=asterisk.sip_port,
            http=asterisk.ws_port,
            ami=asterisk.ami_port,
            rtp_first=asterisk.rtp_first,
            rtp_last=asterisk.rtp_last,
            https=asterisk.wss_port or None,
        ),
        ami=AmiAccount(
            secret=ami_secret(config),
            events=WANTED,
            user=asterisk.ami_user,
            trunks=asterisk.trunks,
            of_trunks=OUTWARD,
            seal=event_seal(config),
        ),
        agi_port=config.ivr.port,
        spool=config.spool,
        hotlines=config.ivr.numbers,
        agents=tuple(agents),
        agi_host=config.ivr.host,
        agi_token=agi_token(config),
        phone_door=phone_door(config),
        bind=asterisk.host,
        queues=tuple(
            QueueSettings(name=name, ring_seconds=queue.ring_seconds, service_level_seconds=queue.answer_seconds)
            for name, queue in _first_queue_first(config)
        ),
        trunks=Trunks(
            networks=() if config.trunks.anonymous else config.trunks.addresses,
            most_calls=config.trunks.most_calls,
            most_calls_each=config.trunks.most_calls_each,
            silent_seconds=config.trunks.silent_seconds,
        ),
        fallback_notice=fallback_notice,
        language=config.centre.language,
        tls=TlsFiles(certificate=config.path(asterisk.tls_certificate), key=config.path(asterisk.tls_key))
        if asterisk.wss_port
        else None,
        ice_hosts=ice_hosts(asterisk.host),
    )


def _first_queue_first(config: Config) -> list[tuple[str, Queue]]:
    return sorted(config.queues.items(), key=lambda each: each[0] != config.first_queue)


def queues(config: Config) -> tuple[floor_queues.Queue, ...]:
    """The queues as the floor knows them, the first one first."""
    return tuple(
        floor_queues.Queue(
            name=name,
            zh=queue.zh,
            en=queue.en,
            limits=Limits(queue.answer_seconds * 1000, queue.short_abandon_seconds * 1000),
            wrap_up=timedelta(seconds=queue.wrap_up_seconds),
        )
        for name, queue in _first_queue_first(config)
    )


def menu_queues(config: Config) -> dict[str, str]:
    """Which key of the menu leads to which queue; those of the first queue need no word."""
    return {key: name for name, queue in config.queues.items() if name != config.first_queue for key in queue.keys}


def clocks(config: Config) -> Clocks:
    """The table of clocks, each in the calendar that the configuration gives it, and the norms in force."""
    return table(calendars(config), (), Edition())


def calendars(config: Config) -> Base:
    """What the configuration says of time; the law's days, and what the centre changed, are in the database."""
    return Base(
        zone=ZoneInfo(config.centre.timezone),
        country=config.centre.country,
        calendars=tuple(_calendar(name, each) for name, each in config.calendars.items()),
        answer_days=config.norms.answer_days,
        ladder=ladder(config),
    )


def _calendar(name: str, given: Calendar) -> Written:
    return Written(
        name=name,
        week=tuple(given.week[day] for day in written.WEEKDAYS),
        off=given.holidays,
        moved=given.workdays,
        clocks=given.clocks,
        law=given.public_holidays,
    )


def appeal_terms(config: Config) -> Terms:
    """When a complaint may be taken to the authority, as it is shown on the case."""
    norms = config.norms
    return Terms(
        answer_days=norms.answer_days,
        charges_months=norms.appeal_charges_months,
        others_months=norms.appeal_others_months,
        accepts_days=norms.appeal_accepts_days,
        answers_days=norms.appeal_answers_days,
    )


def ladder(config: Config) -> Ladder:
    """How departments are reminded of their deadlines, on the wall of the centre."""
    return Ladder(read_ladder(config.orders.ladder), ZoneInfo(config.centre.timezone))


def ice_hosts(bind: str) -> dict[str, str]:
    """On loopback the browser's sound goes over loopback too: the machine's address is offered as 127.0.0.1."""
    address = own_address() if is_loopback(bind) else ""
    return {address: "127.0.0.1"} if address else {}


def ivr_settings(config: Config) -> IvrSettings:
    ivr = config.ivr
    return IvrSettings(
        host=ivr.host,
        port=ivr.port,
        token=agi_token(config),
        peers=frozenset(ivr.switch_addresses),
        language=config.centre.language,
        max_sessions=ivr.most_callers,
    )


def evidence(config: Config) -> EvidenceLimits:
    """Of what departments hand in."""
    return EvidenceLimits(size=config.orders.evidence_mb * 1_000_000, files=config.orders.evidence_files)


def mail_server(config: Config) -> MailServer | None:
    """Who takes our mail; None where none leaves: no server, no sender, or no address for links to lead to. Raises NoSecret."""
    mail = config.mail
    if not (mail.host and mail.sender and config.web.public_url):
        return None
    what = said("password of the mail account")
    return MailServer(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        user=mail.user,
        password=read_secret(config, variable=mail.password_env, file=mail.password_file, what=what) if mail.user else "",
        sender=mail.sender,
        name=config.centre.name,
        instance=config.instance.name,
        limit_s=mail.seconds,
        keeps_trying=timedelta(hours=mail.hours),
    )


def link_plan(config: Config) -> LinkPlan:
    """What links in mails lead to."""
    zone = ZoneInfo(config.centre.timezone)
    return LinkPlan(config.web.public_url, config.centre.name, config.mail.link_days, zone)


def package_source(config: Config) -> PackageSource:
    asterisk = config.asterisk
    keyring = config.path(asterisk.keyring) if asterisk.keyring else None
    return PackageSource(suite=asterisk.suite, mirror=asterisk.mirror, keyring=keyring)


def model_folder(config: Config) -> Path:
    """The configured model: a folder, a name as `tingsu model list` has it, or the demonstration model. It may not be there."""
    given = config.transcription.model or models.DEMONSTRATION.name
    return config.path(given) if "/" in given else models.named(given, config.models)


def crew_limits(config: Config) -> recordings.crew.Limits:
    transcription = config.transcription
    return recordings.crew.Limits(
        stall_s=transcription.stall_seconds,
        job_s=transcription.job_seconds,
        resident_mb=transcription.resident_mb,
        memory_mb=transcription.memory_mb,
    )


def session_limits(config: Config) -> SessionLimits:
    return SessionLimits(idle=timedelta(minutes=config.web.idle_minutes), absolute=timedelta(hours=config.web.session_hours))


def throttle_limits(config: Config) -> ThrottleLimits:
    web = config.web
    return ThrottleLimits(
        window=timedelta(minutes=web.login_window_minutes),
        per_login=web.login_failures,
        per_login_anywhere=web.login_failures_anywhere,
        per_peer=web.peer_failures,
    )


def browser_key(config: Config) -> bytes:
    """The key that signs the names of known browsers."""
    return bytes.fromhex(made_once(secrets_folder(config) / "browser.key"))


def ring_limit(config: Config) -> int:
    """Seconds that no ring outlasts: an offer from the queue, a colleague's call, and time for their end to arrive."""
    return max(COLLEAGUE_RING_S, *(queue.ring_seconds for queue in config.queues.values())) + RING_END_S


def security(config: Config, port: int | None = None) -> Security:
    """``port``: the one really listened on, where it differs from the configured one."""
    web = config.web
    origins = origins_for(web.public_url, web.host, port or web.port)
    return Security(origins, (config.asterisk.websocket,), frozenset(web.trusted_proxies))


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def exposed(config: Config) -> list[Mistake]:
    """Doors without encryption that are open beyond this machine."""
    found = []
    if not is_loopback(config.web.host) and not config.web.public_url.startswith("https:"):
        found.append(
            Mistake(
                "[web] host",
                said("a loopback address, or a TLS proxy in front and its https address in public_url"),
                config.web.host,
                leans_on=("[web] public_url",),
            )
        )
    if not is_loopback(config.asterisk.host) and config.asterisk.managed:
        found.append(
            Mistake(
                "[asterisk] host",
                said("a loopback address for the managed switch: AMI is not encrypted"),
                config.asterisk.host,
                leans_on=("[asterisk] managed",),
            )
        )
        if not config.trunks.anonymous and all(is_loopback(network.partition("/")[0]) for network in config.trunks.addresses):
            found.append(
                Mistake(
                    "[trunks] addresses",
                    said("the addresses of your telephone company's gateways: from all others calls are refused"),
                    ", ".join(config.trunks.addresses),
                    leans_on=("[asterisk] host", "[trunks] anonymous"),
                )
            )
    return found


def guests(config: Config) -> list[Path]:
    """The folders below the instance's in which other accounts work: they are not shut out of these."""
    found = []
    if config.database.embedded and os.geteuid() == 0:  # as root the database alone has an account of its own
        found.append(config.folder / "postgres")
    if not config.asterisk.managed:  # your own switch records into the one and plays the other
        found += [config.spool, spoken_prompts(config)]
    return found
