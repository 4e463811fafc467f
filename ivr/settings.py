"""Holds the settings of the IVR; times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IvrSettings:
    """The FastAGI door and the reception. ``port`` 0 lets the system choose. ``token`` empty: no argument is asked for."""

    host: str = "127.0.0.1"
    port: int = 4573  # the port Asterisk assumes for agi://
    token: str = field(default="", repr=False)
    peers: frozenset[str] = LOOPBACK  # FastAGI has no authentication of its own: the switch's addresses, and no other
    language: str = "zh-CN"  # spoken to callers of whom nothing is known
    max_sessions: int = 400  # more callers than that in the IVR at once go straight to the queue
    header_limit: float = 2.0  # for the whole header block; the dialplan itself waits 3 s
    reply_limit: float = 3.0  # for a reply, on top of the time that its command plays or waits
    back_office_limit: float = 0.5  # nobody waits longer for what the back office knows
    session_limit: float = 600.0  # nobody walks through a menu for ten minutes: a session that old is stuck
    close_limit: float = 1.0  # for the last bytes to a peer that no longer reads
