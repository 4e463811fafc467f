"""Defines the plan of one Asterisk instance: the values from which its configuration files are made, checked once, here.

Every value ends up in a line of a configuration file or of the dialplan. Asterisk has no quoting that holds everywhere
(``;`` starts a comment, ``,`` and ``)`` end an argument, ``$`` starts a substitution), so a value is never escaped: one
that could mean more than itself is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cti.ids import Extension, is_extension

_NAME = re.compile(r"[A-Za-z0-9_]{1,32}")
_QUEUE = re.compile(r"[a-z][a-z0-9_]{0,31}")  # app_queue takes names that differ in capitals alone for one
_SECRET = re.compile(r"[A-Za-z0-9_.~-]{16,128}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_NETWORK = re.compile(r"[0-9a-fA-F.:]{2,45}(/[0-9]{1,3})?")
_HOTLINE = re.compile(r"\+?[0-9]{2,15}")
_DOOR = re.compile(r"[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*")
_ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_EVENT = re.compile(r"[A-Za-z]{2,40}")
_PATH = re.compile(r"/[^\x00-\x1f\x7f;,()\[\]{}$\"'\\|&<>^=@]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


class UnfitValue(ValueError):
    """A value of the plan could break out of its configuration line; nothing has been written."""


def fit(pattern: re.Pattern[str], text: str, what: str) -> str:
    """``text`` if it has exactly this shape; else `UnfitValue`, which names ``what`` but not the text (it may be a secret)."""
    if pattern.fullmatch(text) is None:
        raise UnfitValue(f"{what} is not fit for a configuration line of the switch")
    return text


def fit_path(path: Path, what: str) -> str:
    """An absolute path without any character that Asterisk's files give a meaning to."""
    return fit(_PATH, str(path), f"{what} ({path})")


def fit_port(port: int, what: str) -> int:
    if not 1 <= port <= 65535:
        raise UnfitValue(f"{what} is not a port number: {port}")
    return port


class PhoneKind(StrEnum):
    """The two kinds of agents' phones."""

    BROWSER = "browser"  # WebRTC from the desk's page, over ws or wss
    SIP = "sip"  # any SIP phone that registers over UDP


@dataclass(frozen=True, slots=True)
class AgentEndpoint:
    """One agent's phone. ``secret`` is the SIP password it registers with."""

    extension: Extension
    kind: PhoneKind
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not is_extension(self.extension):
            raise UnfitValue("an agent's extension is three to six digits")
        fit(_SECRET, self.secret, f"the SIP secret of {self.extension}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchProgram:
    """Where the Asterisk program keeps its parts. ``version`` e.g. ``(22, 10, 1)``."""

    modules: Path
    share: Path  # astdatadir: sounds/ and documentation/
    version: tuple[int, int, int]

    def __post_init__(self) -> None:
        fit_path(self.modules, "the module folder")
        fit_path(self.share, "the data folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPorts:
    """Ports of one instance. RTP uses every port from ``rtp_first`` to ``rtp_last``; a call's leg takes two of them."""

    sip: int
    http: int
    ami: int
    rtp_first: int
    rtp_last: int
    https: int | None = None

    def __post_init__(self) -> None:
        for name in ("sip", "http", "ami", "rtp_first", "rtp_last"):
            fit_port(getattr(self, name), name)
        if self.https is not None:
            fit_port(self.https, "https")
        if self.rtp_last - self.rtp_first < 3:
            raise UnfitValue("the RTP range is too small for one call")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiAccount:
    """The one manager user, and the only events it is sent (``cti.events.WANTED`` and, of channels of the endpoints ``trunks``
    alone, ``OUTWARD``; handed over by services).
    """

    secret: str = field(repr=False)
    events: Collection[str]
    user: str = "tingsu"
    trunks: Collection[str] = ()
    of_trunks: Collection[str] = ()
    seal: str = field(default="", repr=False)
    """What every event of a channel bears (cti.events.SEAL); empty: none."""

    def __post_init__(self) -> None:
        fit(_NAME, self.user, "the manager user")
        fit(_SECRET, self.secret, "the manager secret")
        if self.seal:
            fit(_SECRET, self.seal, "the seal of events")
        for event in (*self.events, *self.of_trunks):
            fit(_EVENT, event, "a wanted event")
        for trunk in self.trunks:
            fit(_ENDPOINT, trunk, "the endpoint of a trunk")
        if not self.events:
            raise UnfitValue("no wanted event: an empty filter list would let every event through")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """One queue. Two rings and the pause between them must fit the 15 s of SPEC A1: 6 + 1 + 6."""

    name: str = "complaints"
    ring_seconds: int = 6
    retry_seconds: int = 1
    wrap_up_seconds: int = 3
    service_level_seconds: int = 15

    def __post_init__(self) -> None:
        fit(_QUEUE, self.name, "the queue's name")
        if self.name == "general":
            raise UnfitValue("no queue can be called general: queues.conf has a section of that name")
        if min(self.ring_seconds, self.retry_seconds, self.service_level_seconds) < 1 or self.wrap_up_seconds < 0:
            raise UnfitValue("the queue's times are whole seconds, one at least (wrap-up may be none)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Certificate and key (PEM) of the switch's wss door."""

    certificate: Path
    key: Path

    def __post_init__(self) -> None:
        fit_path(self.certificate, "the certificate file")
        fit_path(self.key, "the key file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunks:
    """Who may send calls, and how many. ``networks``: addresses or networks (``192.0.2.0/24``) of trunks; () for anybody.

    ``most_calls`` callers at once in all, ``most_calls_each`` from one address. ``silent_seconds``: a leg, a caller's or an
    agent's, that has sent nothing for so long is ended.
    """

    networks: tuple[str, ...] = ("127.0.0.0/8",)
    most_calls: int = 200
    most_calls_each: int = 150
    silent_seconds: int = 30

    def __post_init__(self) -> None:
        for network in self.networks:
            fit(_NETWORK, network, "a trunk's address")
        if min(self.most_calls, self.most_calls_each, self.silent_seconds) < 1:
            raise UnfitValue("a limit of calls or of silence is less than one")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPlan:
    """One instance. ``spool`` takes the leg files of the recordings; ``fallback_notice`` is the sound (wav) that tells the
    caller of the recording when the IVR is dead (SPEC C10), played if it exists.

    The first of ``queues`` takes whoever the IVR sends to none of them, and everybody while it is dead.

    ``ice_hosts`` maps an address of the machine to the one to offer in its place: Asterisk never offers 127.x as an ICE
    candidate by itself, so without ``{machine's address: "127.0.0.1"}`` a browser on the same machine has no sound.
    ``run`` replaces ``<folder>/run`` where that path is too long for a socket (108 bytes). ``every_event`` lets the switch make
    those events too that nobody here wants: for measuring what leaving them out saves.
    """

    systemname: str
    program: SwitchProgram
    ports: SwitchPorts
    ami: AmiAccount
    agi_port: int
    spool: Path
    hotlines: tuple[str, ...] = ("10000",)
    agents: tuple[AgentEndpoint, ...] = ()
    agi_host: str = "127.0.0.1"
    agi_token: str = field(default="", repr=False)  # what the IVR's door wants to hear from this switch alone; empty: nothing
    phone_door: str = field(default="", repr=False)  # the path before /ws of the browsers' phones; empty: none
    bind: str = "127.0.0.1"
    queues: tuple[QueueSettings, ...] = (QueueSettings(),)
    trunks: Trunks = field(default_factory=Trunks)
    fallback_notice: Path | None = None
    language: str = "zh-CN"
    tls: TlsFiles | None = None
    ice_hosts: Mapping[str, str] = field(default_factory=dict)
    run: Path | None = None
    every_event: bool = False

    def __post_init__(self) -> None:
        fit(_NAME, self.systemname, "the system name")
        fit(_HOST, self.agi_host, "the AGI host")
        if self.agi_token:
            fit(_SECRET, self.agi_token, "the AGI token")
        if self.phone_door:
            fit(_DOOR, self.phone_door, "the path of the browsers' phones")
        fit(_HOST, self.bind, "the address to listen on")
        fit(_LANGUAGE, self.language, "the language")
        fit_port(self.agi_port, "the AGI port")
        fit_path(self.spool, "the spool folder")
        for path in filter(None, (self.fallback_notice, self.run)):
            fit_path(path, "a folder or file of the plan")
        for real, offered in self.ice_hosts.items():
            fit(_HOST, real, "an address of the machine")
            fit(_HOST, offered, "an offered address")
        self._check_numbers()
        names = [queue.name for queue in self.queues]
        if not names or len(set(names)) != len(names):
            raise UnfitValue("no queue, or two queues of one name")
        if (self.tls is None) != (self.ports.https is None):
            raise UnfitValue("a wss door needs both a certificate and a port, or neither")

    @property
    def queue(self) -> QueueSettings:
        """The first queue."""
        return self.queues[0]

    def _check_numbers(self) -> None:
        for number in self.hotlines:
            fit(_HOTLINE, number, "a hotline number")
        if not self.hotlines:
            raise UnfitValue("no hotline number: nobody could call")
        extensions = [agent.extension for agent in self.agents]
        if len(set(extensions)) != len(extensions):
            raise UnfitValue("two agents have the same extension")
        if set(extensions) & set(self.hotlines):
            raise UnfitValue("an agent's extension is also a hotline number")
