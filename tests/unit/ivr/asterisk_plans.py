"""A plan to render in unit tests: nothing of it needs to exist."""

from __future__ import annotations

from pathlib import Path

from cti.events import WANTED
from cti.ids import Extension
from ivr.asterisk import AgentEndpoint, AmiAccount, PhoneKind, SwitchPlan, SwitchPorts, SwitchProgram

SECRET = "s3cret-of-the-tests-0123456789"
PROGRAM = SwitchProgram(modules=Path("/opt/a/modules"), share=Path("/opt/a/share"), version=(22, 10, 1))
PORTS = SwitchPorts(sip=15060, http=15088, ami=15038, rtp_first=15100, rtp_last=15199)
BROWSER = AgentEndpoint(Extension("1001"), PhoneKind.BROWSER, SECRET)
PHONE = AgentEndpoint(Extension("1002"), PhoneKind.SIP, SECRET)
PLAN = SwitchPlan(
    systemname="test",
    program=PROGRAM,
    ports=PORTS,
    ami=AmiAccount(secret=SECRET, events=WANTED),
    agi_port=15073,
    spool=Path("/var/lib/spool"),
    hotlines=("10000", "+864001234567"),
    agents=(BROWSER, PHONE),
)
