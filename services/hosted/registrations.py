"""Makes the switch forget where an extension's last holder registered: a phone may be rung only where its present holder
registered it.

The switch keeps the address that a phone registered from (its contact) until it expires, whatever becomes of the account: an
extension that is given to somebody else would go on ringing the old holder's phone. So a note beside the switch's files says for
which holder's secret its contacts are good, and those of any other are thrown away before the new phones are let in.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ivr.asterisk import AgentEndpoint
from ivr.asterisk.render import write_private

FAMILY = "registrar/contact"
"""Where res_sorcery_astdb keeps contacts: ``/registrar/contact/<extension>;@<32 hexadecimal digits>``."""

_KEY = re.compile(rf"^/{FAMILY}/(([0-9]{{3,6}});@[0-9a-f]{{32}})\s*:", re.MULTILINE)
_LEG = re.compile(r"PJSIP/([0-9]{3,6})-[0-9a-f]{8}")
_STATE = 4
"""Field of ``core show channels concise`` that holds the channel's state."""


def holders(agents: Iterable[AgentEndpoint]) -> dict[str, str]:
    """For each extension what tells one holder from the next, fit for a note: a digest of kind and secret."""
    return {agent.extension: hashlib.sha256(f"{agent.kind}:{agent.secret}".encode()).hexdigest() for agent in agents}


def noted(note: Path) -> dict[str, str]:
    """The holders whose contacts the switch may have; empty if they were never noted, or the note is damaged."""
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(extension): str(digest) for extension, digest in found.items()} if isinstance(found, dict) else {}


def write_note(note: Path, agents: Iterable[AgentEndpoint]) -> None:
    write_private(note, json.dumps(holders(agents)))


def staying(agents: Collection[AgentEndpoint], known: Mapping[str, str]) -> tuple[AgentEndpoint, ...]:
    """The extensions whose phone is in the same hands as noted."""
    now = holders(agents)
    return tuple(agent for agent in agents if known.get(agent.extension) == now[agent.extension])


def foreign_keys(listing: str, kept: Collection[str]) -> list[str]:
    """Of ``database show``: the keys below FAMILY of contacts that no kept extension has. What phones wrote is not looked at."""
    return [found[1] for found in _KEY.finditer(listing) if found[2] not in kept]


def foreign_rings(listing: str, kept: Collection[str]) -> list[str]:
    """Of ``core show channels concise``: names of legs that are not yet answered, to or from an extension that is not kept."""
    fields = [line.split("!") for line in listing.splitlines()]
    return [
        field[0]
        for field in fields
        if len(field) > _STATE and field[_STATE] != "Up" and (leg := _LEG.fullmatch(field[0])) and leg[1] not in kept
    ]
