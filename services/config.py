"""Defines all settings with their shapes and defaults; ``config.toml`` explains them one by one (a test holds the two
together).

Order: environment (``TINGSU_<SECTION>__<KEY>``), file, default. Secrets are never settings: a setting names the environment
variable or the file that holds one. They are read in ``services.config_file``.

Types are strict: a file says 8081 and not "8081".
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

from cti.ids import is_extension
from ivr.menu import RECEPTION
from services.clocks import written
from services.clocks.ladder import DEFAULT as LADDER
from services.clocks.ladder import MOST_STEPS
from services.clocks.ladder import read as read_ladder
from services.clocks.law import supported
from services.clocks.table import COUNTED
from services.customers.numbers import AREA_CODE
from services.errors import Impossible
from services.words import Language, reason, said

MOST_HOLIDAYS = 1000  # in a calendar; more would put the end of a long order ten years away


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is not right: where (``[section] key``), what is wanted instead, what was found (never a secret).

    ``written``: the place it was read from. ``leans_on``: other settings, taken for right when this was found.
    """

    where: str
    wanted: str
    came: str = ""
    written: str = ""
    leans_on: tuple[str, ...] = ()

    def __str__(self) -> str:
        where, pattern = self.written or self.where, "{where}: {wanted} (found {came})" if self.came else "{where}: {wanted}"
        return " ".join(said(pattern, where=where, wanted=self.wanted, came=self.came).split())  # one line, whatever was found


class BadConfig(Impossible):
    """The configuration has mistakes; all of them are named."""

    code = "bad_config"

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(said("an IANA time zone such as Asia/Shanghai")) from None
    return name


def _plain_url(url: str) -> str:
    if url and urlsplit(url).password is not None:
        raise ValueError(said("no password in the URL: name an environment variable in password_env or a file in password_file"))
    if url and urlsplit(url).scheme not in {"postgresql", "postgres"}:
        raise ValueError(said("postgresql://user@host/name"))
    return url


def _web_url(url: str) -> str:
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc or urlsplit(url).path not in {"", "/"}):
        raise ValueError(said("http(s)://host without a path"))
    return url.rstrip("/")


def _ws_url(url: str) -> str:
    if url and (urlsplit(url).scheme not in {"ws", "wss"} or not urlsplit(url).netloc):
        raise ValueError(said("ws:// or wss:// and a host"))
    if not re.fullmatch(r"[\w./~-]{0,70}", urlsplit(url).path, re.ASCII):
        raise ValueError(said("a path of letters, digits and . _ ~ - /, at most 70 of them"))
    return url


def _hotlines(numbers: tuple[str, ...]) -> tuple[str, ...]:
    if not numbers or any(not re.fullmatch(r"\+?[0-9]{2,15}", number) for number in numbers):
        raise ValueError(said("at least one number, each 2 to 15 digits"))
    return numbers


def _queue_name(name: str) -> str:
    if name == "general":
        raise ValueError(said("another name: the switch's file has a section of this one"))
    return name


def _menu_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    if not RECEPTION.choices.keys() >= set(keys):
        raise ValueError(said("keys of the menu, of {keys}", keys=", ".join(sorted(RECEPTION.choices))))
    return keys


def _area_code(code: str) -> str:
    if code and not AREA_CODE.fullmatch(code):
        raise ValueError(said("an area code with its 0, such as 0755 or 010"))
    return code


def _addresses(given: tuple[str, ...]) -> tuple[str, ...]:
    """As the system writes those of its peers."""
    try:
        return tuple(str(ipaddress.ip_address(address)) for address in given)
    except ValueError:
        raise ValueError(said("IP addresses, without a network's /24")) from None


def _country(country: str) -> str:
    if country != "CN" and not supported(country):  # no need to ask about what nearly everybody has
        raise ValueError(said('a country as two capital letters, such as CN, whose days off are known; or "none"'))
    return country


def _hours(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        written.hours(texts)
    except ValueError:
        wanted = said('hours in their order, such as ["08:30-12:00", "14:00-17:30"], within 00:00-24:00; [] for none')
        raise ValueError(wanted) from None
    return texts


def _holidays(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        days = written.holidays(texts)
    except ValueError:
        raise ValueError(said("days such as 2026-10-01, or from one to another, 2026-10-01..2026-10-07")) from None
    if len(days) > MOST_HOLIDAYS:
        raise ValueError(said("at most {most} days in all", most=MOST_HOLIDAYS))
    return texts


def _workdays(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        written.workdays(texts)
    except ValueError:
        raise ValueError(said("days with the day of the week that they count like, such as 2026-10-10 friday")) from None
    return texts


def _clocks(names: tuple[str, ...]) -> tuple[str, ...]:
    if not set(COUNTED) >= set(names):
        raise ValueError(said("clocks of the rules, of {names}", names=", ".join(COUNTED)))
    return names


def _ladder(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        read_ladder(texts)
    except ValueError:
        raise ValueError(
            said('steps such as "warning 4 hours before", "reminder at deadline" or "criticism 5 working days after"')
        ) from None
    return texts


def _endpoints(given: tuple[str, ...]) -> tuple[str, ...]:
    if any(not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", name) or is_extension(name) for name in given):
        raise ValueError(said("names of endpoints: letters, digits, _ and -; no agents' extensions"))
    return given


def _address(given: str) -> str:
    if given and not re.fullmatch(r"[A-Za-z0-9_+=~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,180}[A-Za-z0-9])?", given):
        raise ValueError(said("an e-mail address such as tingsu@example.org"))
    return given


def _networks(given: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.IPv4Network(address)) for address in given)
    except ValueError:
        raise ValueError(said("IPv4 addresses, or networks such as 192.0.2.0/24")) from None


Port = Annotated[int, Field(ge=1, le=65_535)]
PortOrNone = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
Few = Annotated[int, Field(ge=1, le=1_000)]
NAME_PATTERN = r"^[A-Za-z0-9_]{1,32}$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
QUEUE_NAME_PATTERN = r"^[a-z][a-z0-9_]{0,31}$"
"""In small letters alone: the switch takes two names that differ in nothing else for one."""
QueueName = Annotated[str, Field(pattern=QUEUE_NAME_PATTERN), AfterValidator(_queue_name)]
CalendarName = Annotated[str, Field(pattern=QUEUE_NAME_PATTERN)]
Label = Annotated[str, Field(max_length=20)]
Texts = Annotated[tuple[str, ...], Strict(False)]  # TOML's array is a list
DayHours = Annotated[Texts, AfterValidator(_hours)]
Steps = Annotated[Texts, Field(max_length=MOST_STEPS), AfterValidator(_ladder)]
Endpoints = Annotated[Texts, AfterValidator(_endpoints)]
Addresses = Annotated[Texts, AfterValidator(_addresses)]
Networks = Annotated[Texts, AfterValidator(_networks)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Centre(_Section):
    name: Annotated[str, Field(min_length=1, max_length=40)] = "听诉"
    timezone: Annotated[str, AfterValidator(_timezone)] = "Asia/Shanghai"
    language: Language = "zh-CN"
    area_code: Annotated[str, AfterValidator(_area_code)] = ""
    country: Annotated[str, AfterValidator(_country)] = "CN"


class Instance(_Section):
    folder: Annotated[Path, Strict(False)] = Path("var")
    name: Name = "tingsu"


class Web(_Section):
    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: Annotated[str, AfterValidator(_web_url)] = ""
    trusted_proxies: Addresses = ()
    idle_minutes: Annotated[int, Field(ge=1, le=1_440)] = 30
    session_hours: Annotated[int, Field(ge=1, le=24)] = 12
    login_failures: Few = 5
    login_failures_anywhere: Few = 50
    peer_failures: Few = 100
    login_window_minutes: Annotated[int, Field(ge=1, le=1_440)] = 5

    def address(self, port: int | None = None) -> str:
        """What browsers type. ``port``: where the desk is served, if not where these settings say."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{port or self.port}"


class Database(_Section):
    url: Annotated[str, AfterValidator(_plain_url)] = ""
    password_env: str = "TINGSU_DATABASE_PASSWORD"  # noqa: S105  # the name of a variable
    password_file: str = ""
    owner_url: Annotated[str, AfterValidator(_plain_url)] = ""
    owner_password_env: str = "TINGSU_DATABASE_OWNER_PASSWORD"  # noqa: S105  # the name of a variable
    owner_password_file: str = ""
    connections: Annotated[int, Field(ge=2, le=50)] = 10
    statement_seconds: Seconds = 5
    program_folder: str = ""
    account: str = ""

    @property
    def embedded(self) -> bool:
        return not self.url


class Asterisk(_Section):
    managed: bool = True
    host: str = "127.0.0.1"
    ami_port: Port = 5038
    ami_user: Name = "tingsu"
    ami_secret_env: str = "TINGSU_AMI_SECRET"  # noqa: S105  # the name of a variable
    ami_secret_file: str = ""
    sip_port: Port = 5060
    ws_port: Port = 8088
    wss_port: PortOrNone = 0
    tls_certificate: str = ""
    tls_key: str = ""
    ws_url: Annotated[str, AfterValidator(_ws_url)] = ""
    node: Name = "main"
    trunks: Endpoints = ()
    rtp_first: Port = 10_000
    rtp_last: Port = 10_999
    suite: Annotated[str, Field(pattern=r"^[a-z0-9.-]{0,40}$")] = "forky"
    mirror: str = ""
    keyring: str = ""

    @property
    def websocket(self) -> str:
        """The switch's websocket. The managed one's has a secret path before it (services.plans.phone_url)."""
        if self.ws_url:
            return self.ws_url
        return f"wss://{self.host}:{self.wss_port}/ws" if self.wss_port else f"ws://{self.host}:{self.ws_port}/ws"


class Trunks(_Section):
    addresses: Networks = ("127.0.0.0/8",)
    anonymous: bool = False
    most_calls: Few = 200
    most_calls_each: Few = 150
    silent_seconds: Annotated[int, Field(ge=5, le=600)] = 30


class Priority(_Section):
    normal: Annotated[int, Field(ge=0, le=100)] = 0
    big: Annotated[int, Field(ge=0, le=100)] = 10
    important: Annotated[int, Field(ge=0, le=100)] = 10
    dedicated_line: Annotated[int, Field(ge=0, le=100)] = 10

    def of(self, tier: str) -> int:
        """The queue priority of a customer's tier (SPEC A7, C2)."""
        found: int = getattr(self, tier)
        return found


class Ivr(_Section):
    numbers: Annotated[Texts, AfterValidator(_hotlines)] = ("10000",)
    host: str = "127.0.0.1"
    port: Port = 4573
    switch_addresses: Addresses = ("127.0.0.1", "::1")
    prompts_folder: str = ""
    speech_program: str = "espeak-ng"
    most_callers: Annotated[int, Field(ge=1, le=10_000)] = 400
    queue: str = ""
    priority: Annotated[Priority, Strict(False)] = Priority()  # a table, not yet ours


class Queue(_Section):
    zh: Label = ""
    en: Label = ""
    keys: Annotated[Texts, AfterValidator(_menu_keys)] = ()
    ring_seconds: Annotated[int, Field(ge=2, le=60)] = 6
    wrap_up_seconds: Annotated[int, Field(ge=0, le=600)] = 20
    answer_seconds: Seconds = 15
    short_abandon_seconds: Annotated[int, Field(ge=0, le=60)] = 5


class Recordings(_Section):
    store: str = ""
    spool: str = ""
    settle_seconds: Annotated[int, Field(ge=0, le=60)] = 2
    orphan_seconds: Annotated[int, Field(ge=2, le=86_400)] = 120
    attempts: Annotated[int, Field(ge=1, le=100)] = 5


class Transcription(_Section):
    model: str = ""
    models_folder: str = ""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    job_seconds: Seconds = 14_400
    stall_seconds: Seconds = 30
    memory_mb: Annotated[int, Field(ge=500, le=200_000)] = 8_000
    resident_mb: Annotated[int, Field(ge=100, le=200_000)] = 3_000


class Orders(_Section):
    refusals: Annotated[int, Field(ge=0, le=9)] = 2
    ladder: Steps = LADDER
    evidence_mb: Annotated[int, Field(ge=1, le=50)] = 10
    evidence_files: Annotated[int, Field(ge=1, le=100)] = 20


class Mail(_Section):
    host: str = ""
    port: Port = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: str = "TINGSU_MAIL_PASSWORD"  # noqa: S105  # the name of a variable
    password_file: str = ""
    sender: Annotated[str, AfterValidator(_address)] = ""
    seconds: Annotated[int, Field(ge=1, le=600)] = 30
    hours: Annotated[int, Field(ge=1, le=720)] = 48
    link_days: Annotated[int, Field(ge=1, le=365)] = 30


class Norms(_Section):
    answer_days: Annotated[int, Field(ge=0, le=365)] = 15
    repair_hours: Annotated[int, Field(ge=0, le=2160)] = 48
    appeal_charges_months: Annotated[int, Field(ge=0, le=120)] = 5
    appeal_others_months: Annotated[int, Field(ge=0, le=120)] = 24
    appeal_accepts_days: Annotated[int, Field(ge=0, le=365)] = 5
    appeal_answers_days: Annotated[int, Field(ge=0, le=365)] = 30


class Manager(_Section):
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "CNY"
    limit: Annotated[int, Field(ge=0, le=1_000_000)] = 500


class Calendar(_Section):
    monday: DayHours = ("00:00-24:00",)
    tuesday: DayHours = ("00:00-24:00",)
    wednesday: DayHours = ("00:00-24:00",)
    thursday: DayHours = ("00:00-24:00",)
    friday: DayHours = ("00:00-24:00",)
    saturday: DayHours = ("00:00-24:00",)
    sunday: DayHours = ("00:00-24:00",)
    holidays: Annotated[Texts, Field(max_length=200), AfterValidator(_holidays)] = ()
    workdays: Annotated[Texts, Field(max_length=200), AfterValidator(_workdays)] = ()
    public_holidays: bool = True
    clocks: Annotated[Texts, AfterValidator(_clocks)] = ()

    @property
    def week(self) -> dict[str, tuple[str, ...]]:
        return {day: getattr(self, day) for day in written.WEEKDAYS}


class Log(_Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "plain", "json"] = "auto"
    file: str = ""
    personal: bool = False


class Config(BaseModel):
    """The whole. ``base`` is the folder relative paths count from (the file's)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    centre: Centre = Centre()
    instance: Instance = Instance()
    web: Web = Web()
    database: Database = Database()
    asterisk: Asterisk = Asterisk()
    trunks: Trunks = Trunks()
    ivr: Ivr = Ivr()
    queues: Annotated[dict[QueueName, Queue], Field(min_length=1, max_length=20)] = {
        "complaints": Queue(zh="投诉", en="Complaints")
    }
    recordings: Recordings = Recordings()
    transcription: Transcription = Transcription()
    orders: Orders = Orders()
    mail: Mail = Mail()
    norms: Norms = Norms()
    manager: Manager = Manager()
    calendars: Annotated[dict[CalendarName, Calendar], Field(max_length=20)] = {"working": Calendar()}
    log: Log = Log()

    _base: Path = Path()

    @property
    def folder(self) -> Path:
        """The instance's folder, absolute."""
        return self.path(self.instance.folder)

    def path(self, given: str | Path, otherwise: str = "") -> Path:
        """A setting's path, absolute; ``otherwise`` (below the instance folder) where the setting is empty."""
        if not str(given):
            return self.folder / otherwise
        return Path(os.path.abspath(self._base / Path(given).expanduser()))

    @property
    def first_queue(self) -> str:
        """The queue of callers who chose none, and of all callers while we are dead."""
        return self.ivr.queue or next(iter(self.queues))

    @property
    def spool(self) -> Path:
        return self.path(self.recordings.spool, "recordings/spool")

    @property
    def store(self) -> str:
        """Where finished recordings lie: an absolute folder or a URL."""
        given = self.recordings.store
        return given if "://" in given else str(self.path(given, "recordings/store"))

    @property
    def logging(self) -> Log:
        """The log's settings, its file absolute."""
        return self.log.model_copy(update={"file": str(self.path(self.log.file))}) if self.log.file else self.log

    @property
    def prompts(self) -> Path:
        return self.path(self.ivr.prompts_folder, "prompts")

    @property
    def models(self) -> Path:
        return self.path(self.transcription.models_folder, "models")


class NoSecret(Impossible):
    """A secret is not where the configuration says it is."""

    code = "no_secret"


def read_secret(config: Config, *, variable: str, file: str, what: str) -> str:
    """The secret from its file or its environment variable. Refuses a file that others can read."""
    if file:
        path = config.path(file)
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise NoSecret(said("{what}: {path} can be read by others; chmod 600 it", what=what, path=path))
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NoSecret(said("{what}: {path} cannot be read ({why})", what=what, path=path, why=reason(error))) from None
    found = os.environ.get(variable, "")
    if not found:
        raise NoSecret(said("{what}: the environment variable {variable} is empty", what=what, variable=variable))
    return found
