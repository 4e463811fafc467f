"""Defines the identities that the switch hands out and everyone else repeats.

A call is known by the Uniqueid of the caller's own channel, which is also the Linkedid of every leg dialled for that
caller: ``<systemname>-<epoch>.<n>`` (Asterisk, "Unique identifiers of channels"). It is made by the switch alone, never by
a caller, and is therefore fit for file names.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NewType

CallId = NewType("CallId", str)
"""Uniqueid of the caller's channel; of an outbound call of the channel of whom the switch dialled."""

ChannelId = NewType("ChannelId", str)
"""Uniqueid of any channel (a leg of a call)."""

Extension = NewType("Extension", str)
"""The digits an agent's phone is known by, ``1001``; its interface is ``PJSIP/1001``."""

Node = NewType("Node", str)
"""Which switch it is that says something; there may be several."""

MAIN = Node("main")
"""The node's name where there is one switch."""

UNREAD = "unread"
"""The CallerIDNum of an outside caller until the dialplan has read, filtered and set the true one (then NewCallerid is sent)."""

_UNIQUEID = re.compile(r"[A-Za-z0-9_]{1,32}-[0-9]{1,12}\.[0-9]{1,12}")
_EXTENSION = re.compile(r"[0-9]{3,6}")


def is_uniqueid(text: str) -> bool:
    """True for the exact shape ``<systemname>-<epoch>.<n>``; anything else never reaches a file name."""
    return _UNIQUEID.fullmatch(text) is not None


def made_at(channel: ChannelId) -> datetime:
    """The second in which the switch made this channel; raises ValueError for what is no Uniqueid."""
    return datetime.fromtimestamp(int(channel.rpartition("-")[2].partition(".")[0]), UTC)


def is_extension(text: str) -> bool:
    """True for three to six ASCII digits."""
    return _EXTENSION.fullmatch(text) is not None


def interface_of(extension: Extension) -> str:
    """The app_queue member interface of an extension: ``PJSIP/1001``."""
    return f"PJSIP/{extension}"


def endpoint_of(channel: str) -> str:
    """The PJSIP endpoint of a channel's name: ``provider`` of ``PJSIP/provider-0000002a``; ``''`` if it is none of PJSIP's."""
    technology, _, rest = channel.partition("/")
    return rest.rpartition("-")[0] if technology == "PJSIP" else ""


def extension_of(interface: str) -> Extension | None:
    """The extension of ``PJSIP/1001`` or of a channel name ``PJSIP/1001-0000002a``; None if it is no agent's."""
    technology, _, rest = interface.partition("/")
    digits = rest.partition("-")[0]
    return Extension(digits) if technology == "PJSIP" and is_extension(digits) else None
