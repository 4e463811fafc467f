"""G2: how much of the switch's talk reaches us per call, beside a session of our own that hears everything.

A real Asterisk with our configuration. A caller dials, goes through the IVR (presses 1), waits, is answered, talks, hangs up;
every leg is recorded. Counted with our account and its filters, and then, on an instance that leaves no event unmade, with
``read = all``. (The pause of wrap-up afterwards, and its end, are one event each and not of the call.) Beside both a monitor
follows the calls, and its picture is compared with the switch's own lists at every stage, wrap-up too: the last row counts what
it got wrong.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import statistics
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from cti import snapshot
from cti.changes import Change
from cti.events import WANTED
from cti.ids import CallId, Extension, interface_of
from cti.monitor import Monitor
from cti.settings import AmiSettings
from cti.switch_time import SwitchTime
from ivr import sound
from ivr.backoffice import Reception as Received
from ivr.menu import RECEPTION
from ivr.prompts import LANGUAGES, PromptStore, load_texts
from ivr.scripts import Reception
from ivr.server import AgiServer
from ivr.settings import IvrSettings
from services.now import SystemClock
from tests.harness.fake_switch import CAPTURES
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Phone
from tests.harness.switch import (
    HOTLINE,
    Said,
    Switch,
    Watcher,
    asterisk_program,
    running_switch,
    secret_of,
    sip_agent,
    switch_plan,
    watching,
)
from tests.harness.tones import tone

CALLS = 5
AGENT = Extension("1001")
TALK = 1.0
QUIET = 0.3
"""Seconds before and after a call, so that stragglers are counted where they belong."""
TOKEN = "bench-token-of-the-dialplan-0123456789"
Progress = Callable[[str], None]
Row = dict[str, object]


def run(progress: Progress) -> list[Row]:
    """Events, bytes and errors."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder), progress))


class Clerk:
    """A back office that knows nobody."""

    async def receive(self, call: CallId, number: str) -> Received:
        return Received(0, "zh-CN")

    async def chosen(self, call: CallId, path: str, notice: str) -> None:
        return


@dataclass
class Floor:
    """The switch, a witness, and our monitor."""

    switch: Switch
    witness: Watcher
    monitor: Monitor
    errors: int = 0

    async def judge(self, stage: str, progress: Progress) -> None:
        """The monitor's picture beside the switch's own lists: the same within a moment, or an error."""
        differ: list[str] = []

        async def same() -> bool:
            differ[:] = self._differences(await self._truth())
            return not differ

        try:
            await until(same, stage, limit=1.0)
        except AssertionError:
            self.errors += len(differ)
            progress(f"G2: wrong while {stage}: {'; '.join(differ)}")

    async def _truth(self) -> snapshot.Snapshot:
        return await snapshot.take(self.monitor.commands.link, (self.switch.queue,), SystemClock().now(), limit=5)

    def _differences(self, truth: snapshot.Snapshot) -> list[str]:
        board, roster = self.monitor.board, self.monitor.roster
        callers = {row.channel for row in truth.channels.values() if row.channel == row.linked}
        bridged = {row.channel: row.bridge for row in truth.channels.values() if row.bridge}
        waiting = [entry.channel for entry in truth.entries.values()]
        member = next((row for row in truth.members if row.interface == interface_of(AGENT)), None)
        held = roster.agents[AGENT].memberships.get(self.switch.queue) if AGENT in roster.agents else None
        return [
            *([f"calls {set(board.calls)} are {callers}"] if set(board.calls) != callers else []),
            *(["bridges"] if board.bridge_of != bridged else []),
            *(["waiting"] if [call for call, _ in self.monitor.queues.waiting(self.switch.queue)] != waiting else []),
            *(["membership"] if (held and (held.status, held.paused)) != (member and (member.status, member.paused)) else []),
        ]


async def _run(folder: Path, progress: Progress) -> list[Row]:
    """Both instances, one after the other."""
    ours, errors = await _counted(folder / "ours", WANTED, progress)
    everything, more = await _counted(folder / "all", _every_name(), progress)
    return _rows(ours, everything, errors + more)


async def _counted(folder: Path, names: Collection[str], progress: Progress) -> tuple[list[list[Said]], int]:
    """What the witness heard of each call, and how often the monitor was wrong."""
    counts: list[list[Said]] = []
    async with _floor(folder, names) as floor:
        for number in range(CALLS):
            counts.append(await _one_call(floor, progress))
            progress(f"G2 {folder.name}: call {number + 1} of {CALLS}: {len(counts[-1])} events")
        heard = Counter(said.name for said in counts[-1])
        progress(f"G2 {folder.name}: " + ", ".join(f"{name} {count}" for name, count in heard.most_common()))
        return counts, floor.errors + sum(floor.monitor.illegal.values()) + sum(floor.monitor.malformed.values())


def _every_name() -> set[str]:
    """All names in the recorded streams, so that none of them is left unmade."""
    raw = b"".join(path.read_bytes() for path in CAPTURES.glob("*.txt"))
    return {name.decode() for name in re.findall(rb"^Event: (\w+)", raw, re.MULTILINE)} | WANTED


def _rows(ours: list[list[Said]], everything: list[list[Said]], errors: int) -> list[Row]:
    def row(name: str, mine: float, peer: float | str, unit: str, ratio: float | str) -> Row:
        return {"goal": "G2", "name": name, "ours": mine, "peer": peer, "unit": unit, "ratio": ratio, "versions": versions}

    versions = {"tingsu": version("tingsu")}
    said = "of one recorded IVR and queue call; read=all/ours, more is better"
    events = [statistics.mean(len(call) for call in calls) for calls in (ours, everything)]
    sizes = [statistics.mean(sum(one.size for one in call) for call in calls) for calls in (ours, everything)]
    return [
        row(f"events {said}", events[0], events[1], "events/call", events[1] / events[0]),
        row(f"bytes {said}", sizes[0], sizes[1], "bytes/call", sizes[1] / sizes[0]),
        row(f"errors of the picture against the switch's own lists, {6 * CALLS} looks; none wanted", errors, "-", "errors", "-"),
    ]


async def _one_call(floor: Floor, progress: Progress) -> list[Said]:
    """From the dialling to the last word about it."""
    agent = await Phone.open(floor.switch.sip, user=AGENT, secret=secret_of(AGENT))
    await agent.stay_registered()
    agent.on_ring = Answer(after=0.3)
    caller = await Phone.open(floor.switch.sip, user="13800138000", name="张三")
    try:
        await asyncio.sleep(QUIET)  # what the phone's registration says is not of the call
        mark = floor.witness.mark()
        call = await caller.call(HOTLINE)
        await call.dtmf("1")
        await agent.next_call()
        await asyncio.sleep(TALK / 2)
        await floor.judge("they talk", progress)
        await asyncio.sleep(TALK / 2)
        await call.hang_up()
        await until(lambda: not floor.monitor.board.calls, "the call is over")
        await asyncio.sleep(QUIET)
        said = floor.witness.events[mark:]
        await floor.monitor.commands.pause(AGENT, True, "wrap-up")
        await floor.judge("the agent wraps up", progress)
        await floor.monitor.commands.pause(AGENT, False)
        await floor.judge("the agent is ready", progress)
        return said
    finally:
        agent.close()
        caller.close()


@asynccontextmanager
async def _floor(folder: Path, names: Collection[str]) -> AsyncIterator[Floor]:
    plan = switch_plan(folder / "switch", await asterisk_program(), agents=(sip_agent(AGENT),), wanted=names)
    plan = replace(plan, agi_token=TOKEN)
    server = AgiServer(IvrSettings(port=plan.agi_port, token=TOKEN), {"reception": await _reception(folder)})
    given = AmiSettings(
        host=plan.bind, port=plan.ports.ami, user=plan.ami.user, secret=plan.ami.secret, queues=(plan.queue.name,)
    )
    monitor = Monitor(given, _heard, SwitchTime(SystemClock()))
    async with asyncio.TaskGroup() as tasks:
        door = tasks.create_task(server.run(), name="bench: IVR")
        async with (
            running_switch(folder / "switch", plan=plan) as switch,
            watching(switch, as_backend=names is WANTED) as witness,
        ):
            following = tasks.create_task(monitor.run(), name="bench: monitor")
            await until(lambda: monitor.up, "the monitor is up")
            await monitor.commands.queue_add(AGENT, switch.queue)
            yield Floor(switch, witness, monitor)
            following.cancel()
        door.cancel()


async def _heard(_: Change) -> None:
    """Nobody listens: the picture is what is judged."""


async def _reception(folder: Path) -> Reception:
    """The real menu with prompts of a tenth of a second."""
    for name, language in itertools.product(load_texts(), LANGUAGES):
        sound.write(folder / "recorded" / language / f"{name}.wav", tone(600, 0.1).astype(np.float32) / 32768)
    prompts = PromptStore(folder / "prompts", recordings=folder / "recorded")
    await prompts.prepare()
    return Reception(prompts, Clerk(), language="zh-CN", limit=0.5, menu=RECEPTION)


if __name__ == "__main__":
    for result in run(print):
        print(result)
