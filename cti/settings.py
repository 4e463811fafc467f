"""Holds the settings of the link: where the switch is, and every limit with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from cti.ids import MAIN, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiSettings:
    """Seconds unless said otherwise. ``queues``: those a snapshot asks about; empty asks for all.

    One by one: a switch with hundreds of queues that is asked for all at once stops answering for a while.
    """

    host: str
    port: int
    user: str
    secret: str = field(repr=False)
    seal: str = field(default="", repr=False)
    """Once an event has borne it, none of a channel is believed without (cti.events). Empty: not looked for."""
    queues: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    """The PJSIP endpoints by which agents' own calls go out: what is dialled there for an agent is an outbound call. Of them
    alone the switch sends what ``cti.events.OUTWARD`` names."""
    node: Node = MAIN
    """The switch's name among several: every change that it leads to carries it."""
    tls: bool = False
    """AMI belongs on loopback or inside TLS: the secret is sent as it is."""
    connect_limit: float = 5.0
    """TCP and the greeting; on loopback or a LAN a switch that needs longer is not there."""
    login_limit: float = 5.0
    action_limit: float = 5.0
    """One action's answer; the switch's own are below 0.1 s."""
    snapshot_limit: float = 15.0
    """All lists together: about 0.1 ms a row, thousands of rows at most."""
    ping_interval: float = 5.0
    """A Ping each; no whole message for two of them and the link is dropped: a switch that hangs leaves its socket open."""
    backlog: int = 20_000
    """Events (about 15 MB) not yet taken in. While so many wait nothing more is read; when that lasts two ping intervals the link
    is dropped and a snapshot repairs the picture: a stale picture is worse than a short gap."""
    reconnect_first: float = 0.25
    reconnect_most: float = 15.0
    """The wait doubles from first to most, and each is drawn between half and all of it, so that several do not come at once."""
    audit_interval: float = 30.0
    """How often the picture is compared with the switch's own lists: an event that was lost would stand for ever otherwise."""
    audit_pause: float = 2.0
    """What differs is looked at again so much later: an event on its way is there by then, a lost one is not."""
    repair_interval: float = 10.0
    """How often states that lasted too long are looked for."""
