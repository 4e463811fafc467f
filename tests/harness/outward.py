"""Gives a test's switch a way out, which the managed one does not have: a trunk, and a dialplan that lets agents dial by it.

    async with a_way_out(switch) as outside:
        outside.on_ring = Answer()
        mine = await phone.call(outside_number)
        theirs = await outside.next_call()

``outside`` is the far end of the trunk: a telephone that takes every number. Both legs are recorded under the names that adoption
and weaving know (recordings.naming): the one outside is the call (`called`), the agent's own (`colleague`) comes to it by
their bridge.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.harness.sip_phone import Phone
from tests.harness.switch import WATCHER, WATCHER_SECRET, Watcher

TRUNK = "provider"
RING_S = 60
"""Longer than any stall of the machine: whoever is called rings until a test has seen it."""
_CONTEXT = "tests-outward"

_PJSIP = """
[{trunk}]
type = endpoint
transport = udp
context = nowhere
identify_by = username
aors = {trunk}
disallow = all
allow = alaw,ulaw
direct_media = no
rtp_symmetric = yes

[{trunk}]
type = aor
contact = sip:{trunk}@127.0.0.1:{port}
"""

_DIALPLAN = """
[from-agent](+)
exten => _1XXXXXXXXXX,1,Goto({context},${{EXTEN}},1)

[{context}]
exten => _1XXXXXXXXXX,1,Set(TIMEOUT(absolute)=0)
 same => n,Set(TRANSFER_CONTEXT=handed-on)
 same => n,MixMonitor(,r({spool}/${{UNIQUEID}}_${{UNIQUEID}}_colleague_${{STRFTIME(,UTC,%s%3q)}}.wav)S)
 same => n,Dial(PJSIP/${{EXTEN}}@{trunk},{ring},U({context}-answered))
 same => n,Hangup()

[{context}-answered]
exten => s,1,Set(__CALL_REF=${{UNIQUEID}})
 same => n,Set(__TRANSFER_CONTEXT=handed-on)
 same => n,MixMonitor(,r({spool}/${{UNIQUEID}}_${{UNIQUEID}}_called_${{STRFTIME(,UTC,%s%3q)}}.wav)S)
 same => n,Return()
"""


@asynccontextmanager
async def a_way_out(
    etc: Path, spool: Path, command: Callable[[str], Awaitable[str]], sip: tuple[str, int], *, ring: int = RING_S
) -> AsyncIterator[Phone]:
    """``etc``: the switch's configuration; ``command``: its control socket; ``ring``: seconds it is rung outside at most."""
    outside = await Phone.open(sip, user=TRUNK)
    try:
        _include(etc / "pjsip.conf", _PJSIP.format(trunk=TRUNK, port=outside.port))
        _include(etc / "extensions.conf", _DIALPLAN.format(context=_CONTEXT, trunk=TRUNK, spool=spool, ring=ring))
        await command("module reload res_pjsip.so")
        await command("dialplan reload")
        yield outside
    finally:
        outside.close()


async def call_back(watcher: Watcher, extension: str, number: str) -> None:
    """The switch rings the agent's telephone, and dials the number once it is answered."""
    answer = await watcher.act(
        "Originate", Channel=f"PJSIP/{extension}", Context=_CONTEXT, Exten=number, Priority="1", Async="true"
    )
    assert answer["Response"] == "Success", answer.headers


@asynccontextmanager
async def witness(etc: Path, command: Callable[[str], Awaitable[str]], port: int) -> AsyncIterator[Watcher]:
    """A manager session of the test's own, at a switch that a centre runs: it sees all and may originate, as ours may not."""
    _include(etc / "manager.conf", WATCHER)
    await command("manager reload")
    _, watcher = await asyncio.get_running_loop().create_connection(Watcher, "127.0.0.1", port)
    try:
        answer = await watcher.act("Login", Username="watcher", Secret=WATCHER_SECRET)
        assert answer["Response"] == "Success", answer.headers
        yield watcher
    finally:
        watcher.close()


def _include(file: Path, text: str) -> None:
    """Beside the switch's own file, and once in it: what was given before is replaced."""
    ours, line = file.with_name(f"tests_{file.name}"), f'#include "tests_{file.name}"'
    ours.write_text(text, encoding="utf-8")
    if line not in file.read_text(encoding="utf-8"):
        with file.open("a", encoding="utf-8") as written:
            written.write(f"\n{line}\n")
