"""Reads and makes the names of leg files: ``<call>_<channel>_<role>_<epoch ms>.wav``. Pure.

The dialplan writes one file per leg (its own receive side) and makes the name of ids and a time alone, nothing a caller
controls (SPEC C6). A leg that a colleague rang and not a caller is named ``<channel>_<channel>_colleague_…``: only its bridges
tell whether it becomes part of a call, and of which. Parsing is exact: what does not match is no recording of ours, whoever put
it there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cti.ids import CallId, ChannelId
from recordings.errors import NameRefused


class Role(StrEnum):
    """Whose voice the leg carries: also the channel of the woven recording, 0 caller and 1 agent."""

    CALLER = "caller"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class LegFile:
    """One leg's own voice. ``started_at`` (aware, UTC, milliseconds) is the wall time of its first sample.

    ``colleague``: an agent's leg that a colleague rang, or that called somebody outside; its ``call`` is its own channel, no
    caller's.
    ``called``: the leg of somebody outside whom an agent called, which stands where a caller's does.
    """

    call: CallId
    channel: ChannelId
    role: Role
    started_at: datetime
    colleague: bool = False
    called: bool = False


# A Uniqueid's system name may contain "_", never "-" or ".": the two ids cannot run into each other (cti.ids).
_UNIQUEID = r"[A-Za-z0-9_]{1,32}-[0-9]{1,12}\.[0-9]{1,12}"
_NAME = re.compile(rf"({_UNIQUEID})_({_UNIQUEID})_(caller|called|agent|colleague)_([1-9][0-9]{{12}})\.wav", re.ASCII)
_COLLEAGUE, _CALLED = "colleague", "called"
_ROLES = {_COLLEAGUE: Role.AGENT, _CALLED: Role.CALLER} | {str(role): role for role in Role}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def parse(name: str) -> LegFile:
    """The leg of a bare file name. NameRefused for anything else: paths, traversal, other suffixes, odd digits."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise NameRefused("not_a_leg_name", ascii(name[:120]))
    call, channel, role, millis = match.groups()
    started_at = _EPOCH + int(millis) * MILLISECOND
    return LegFile(
        CallId(call), ChannelId(channel), _ROLES[role], started_at, colleague=role == _COLLEAGUE, called=role == _CALLED
    )


def name_of(leg: LegFile) -> str:
    """The bare file name that ``parse`` reads as this leg, to the millisecond. NameRefused for ids that no switch gives."""
    role = _COLLEAGUE if leg.colleague else _CALLED if leg.called else leg.role
    name = f"{leg.call}_{leg.channel}_{role}_{(leg.started_at - _EPOCH) // MILLISECOND}.wav"
    parse(name)
    return name
