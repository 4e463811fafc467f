"""A caller's own number must not become lines of the AMI link or of an AGI header block (BARS "Caller-controlled").

pjsip undoes ``%0d%0a`` in the user part of From; Asterisk 22.10.1 then writes CallerIDNum with a real line end into every event
of that channel, and the account's name into security events, which our account for that reason never reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.caller import Caller
from tests.harness.switch import Switch, running_switch, watching

pytestmark = pytest.mark.acceptance

FORGERIES = (
    "138%0d%0a%0d%0aEvent%3a%20Shutdown%0d%0a",
    "138%0D%0AUniqueid%3A%20tingsu-1.1",
    "138%0a%0aEvent%3a%20Shutdown",
    "138%0dEvent%3a%20Shutdown",
    "%00138",
)


@pytest.fixture(scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    async with running_switch(tmp_path_factory.mktemp("switch")) as switch:
        yield switch


@pytest.mark.parametrize("number", FORGERIES)
async def test_a_number_with_line_ends_gets_no_channel(switch: Switch, tmp_path: Path, number: str) -> None:
    async with watching(switch, as_backend=True) as watcher:
        async with Caller(switch.plan.ports.sip, tmp_path, number=number) as forger:
            assert await forger.ended() == "was refused"
        async with Caller(switch.plan.ports.sip, tmp_path, number="13800138000") as honest:
            await honest.answered()
            await watcher.until("Newchannel", CallerIDNum="13800138000")
        channels = [said["CallerIDNum"] for said in watcher.events if said.name == "Newchannel"]
        assert channels == ["13800138000"]
        assert not [said for said in watcher.events if said.name == "Shutdown"]


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("+8613800138000", "张三丰"),
        ("1%23+*", "plain"),
        ("138", b"\xd5\xc5\xc8\xfd"),
        ("138", "100%0d off"),
        ("anonymous", "Anonymous"),
    ],
)
async def test_an_odd_but_harmless_caller_gets_through(switch: Switch, tmp_path: Path, number: str, name: str | bytes) -> None:
    async with Caller(switch.plan.ports.sip, tmp_path, number=number, name=name) as caller:
        await caller.answered()
