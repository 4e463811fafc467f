"""Writes the switch's own side of the telephone work: the dialplan and every configuration file that Asterisk needs.

`render` writes one whole instance, `render_agents` only what changes with the staff, `render_core` what changes with each start,
`render_includes` the parts for an Asterisk that its owner runs. All of them write plain files and nothing else; starting and
reloading is services.hosted's.
"""

from __future__ import annotations

from ivr.asterisk.includes import render_includes
from ivr.asterisk.plan import (
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
from ivr.asterisk.render import AGENTS_FILE, COLLEAGUE_RING_S, MODULES, TEST_CALL, render, render_agents, render_core

__all__ = [
    "AGENTS_FILE",
    "COLLEAGUE_RING_S",
    "MODULES",
    "TEST_CALL",
    "AgentEndpoint",
    "AmiAccount",
    "PhoneKind",
    "QueueSettings",
    "SwitchPlan",
    "SwitchPorts",
    "SwitchProgram",
    "TlsFiles",
    "Trunks",
    "UnfitValue",
    "render",
    "render_agents",
    "render_core",
    "render_includes",
]
