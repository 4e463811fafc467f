"""Builds every part, hands each what it needs, and starts and stops them in order: the composition root.

Stages are nested: a later one leans on the earlier ones, and they end the other way round. A background part that fails in a way
it does not know is noted, shown and started again (``services.troubles``): no bad row ends the process. A start that fails does.

Order of the end: browsers are told, then calls are hung up by the switch while its events are still heard, then the edges stop,
then the journal is brought into the database, then database and files close.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from cti.changes import Change
from cti.monitor import Monitor
from cti.switch_time import SwitchTime
from services import opening, plans
from services.access.links import Links
from services.alarms import Alarms
from services.calendars.actions import Calendars
from services.calendars.recounting import Recounting
from services.calls.drain import Drain
from services.calls.journal import Journal
from services.clocks.current import Current
from services.clocks.sweeper import Sweeper
from services.commands import version
from services.config import Config
from services.customers.importing import Imports
from services.customers.kept import claimed
from services.customers.numbers import Numbering
from services.errors import WorldFailed
from services.floor.presence import Presence, PresenceSettings
from services.foundations import Foundations, Shutdown, left_out, open_foundations, refuse_taken, stage
from services.hosted.refusals import Refusals
from services.hotline.model import Limits
from services.inbox.actions import Inbox
from services.lease import LIFETIME_S, Instance, Lease, LeaseLost
from services.mail.model import MailServer
from services.now import Clock, SystemClock
from services.opening import OpenFloor, OpenPops
from services.orders.links import Mailing
from services.orders.reminding import Reminders
from services.people.phones import sip_key
from services.prints.press import Press
from services.private import shut, tell, tighten_gently
from services.routes import Parts, sources
from services.running import marked, refuse_second
from services.seals.anchoring import Anchoring
from services.system.aside import SetAside
from services.system.report import SystemReport
from services.tickets.numbers import GivenNumbers
from services.transcripts.intake import Intake
from services.web.server import application, bind, serving, waiting
from services.web.static import Desk, find_desk
from services.welcome import Welcome
from services.words import said

DRAIN_S = 5.0  # what is not in the database by then is in the journal's file and follows at the next start

log = structlog.get_logger(__name__)


async def run(config: Config, welcome: Welcome) -> None:
    """Serve until SIGINT or SIGTERM. Raises what kept a part from starting, or what a part died of."""
    stop = _Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.ask)
    allow_many_files()
    config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    refuse_second(config)
    shutdown = Shutdown(end=stop.ask, standing_by=lambda: _standing_by(config, welcome, listening))
    for mistake in plans.exposed(config):
        welcome.warn(said("open to the network without encryption: {mistake}", mistake=mistake))
    listening = bind(config.web.host, config.web.port)  # a port that is taken is said before anything is started
    async with AsyncExitStack() as stack:
        stack.enter_context(marked(config))
        stack.callback(listening.close)
        try:
            await stop.unless_asked(_open(config, welcome, stack, shutdown, listening))
        except BaseException:
            await shutdown.give_up()
            raise
        gc.collect()
        gc.freeze()  # what stands now stays: no pop waits while the collector walks over it (6 ms were seen)
        await stop.asked.wait()
        welcome.step(said("stopping"))
        await shutdown.say_goodbye()
    if shutdown.lost:
        raise LeaseLost
    welcome.stopped()


async def _open(config: Config, welcome: Welcome, stack: AsyncExitStack, shutdown: Shutdown, listening: socket.socket) -> None:
    """The instance's lock first, the foundations, the floor."""
    instance = Instance(config.folder)
    stack.callback(instance.close)
    instance.open()
    tell(await asyncio.to_thread(shut, config.folder, plans.guests(config)))
    refuse_taken(config, {"[ivr] port": config.ivr.port})
    clock = SystemClock()
    base = await open_foundations(config, welcome, stack, clock, shutdown=shutdown, instance=instance)
    rooms = await _open_rooms(config, base, stack, clock, shutdown)
    press, mail = opening.open_press(config), plans.mail_server(config)
    imports = await _run(config, base, stack, rooms, press, mail=mail)
    await _open_door(config, base, stack, rooms, imports, press, mail=mail, listening=listening)
    # last of all: after a start that failed nobody could know the password
    first_password = await base.people.first_administrator(config.centre.language, said("Administrator"))
    welcome.ready(config.web.address(), first_password)


@contextlib.asynccontextmanager
async def _standing_by(config: Config, welcome: Welcome, listening: socket.socket) -> AsyncIterator[None]:
    """Another backend leads: whoever comes to this door is told so, until it is ours to serve."""
    welcome.step(said("standing by"))
    pattern = "another backend leads this database, or did a moment ago; this one takes over once it is gone for {seconds:.0f} s"
    welcome.detail(said(pattern, seconds=LIFETIME_S))
    log.info("lease.standing_by")
    async with serving(waiting(plans.security(config), Desk(find_desk())), listening.dup()):
        yield


def allow_many_files() -> None:
    """Every browser and every call takes descriptors, and the usual soft limit is 1024. Who we start inherits it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # the kernel has been given a lower one meanwhile
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Stop:
    """Asked for by a signal, also in the middle of starting."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._limit: asyncio.Timeout | None = None

    def ask(self) -> None:
        self.asked.set()
        if self._limit:
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def unless_asked(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work in this task (task groups belong to the task that opened them), but give it up when asked to stop."""
        async with asyncio.timeout(None) as self._limit:
            try:
                await work
            except asyncio.CancelledError:
                if not self.asked.is_set():
                    raise
            finally:
                self._limit = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rooms:
    """What was opened, for those that lean on all of it."""

    clock: Clock
    switch_time: SwitchTime
    zone: ZoneInfo
    numbering: Numbering
    journal: Journal
    floor: OpenFloor
    pops: OpenPops
    monitor: Monitor
    presence: Presence
    drain: Drain
    intake: Intake
    calendars: Calendars
    refusals: Refusals | None


async def _open_rooms(config: Config, base: Foundations, stack: AsyncExitStack, clock: Clock, shutdown: Shutdown) -> _Rooms:
    """Everything between the switch and the browsers, except what runs by itself and the door."""
    switch_time, zone, numbering = SwitchTime(clock), ZoneInfo(config.centre.timezone), plans.numbering(config)
    journal = await opening.open_journal(config.folder / "journal", stack, base.troubles)
    queues = plans.queues(config)
    floor = opening.open_floor(base.pool, switch_time, base.people.sessions.alive, queues=queues, zone=zone)
    shutdown.hub = floor.hub
    pops = opening.open_pops(base.pool, switch_time, floor, journal.append)

    async def heard(change: Change) -> None:
        """What cannot be made of one change keeps none of the others back; what would follow of it is lost."""
        try:
            await follow.on_change(change)
        except Exception as wrong:  # noqa: BLE001  whatever it was, the switch is to be heard further
            base.troubles.note("changes", wrong)

    monitor = opening.open_link(config, switch_time, base.lease, heard)
    settings = PresenceSettings(queues={queue.name: queue.wrap_up for queue in queues})
    presence = opening.open_presence(monitor.commands, switch_time, floor, journal.append, settings=settings)
    follow = opening.open_following(switch_time, floor, pops, presence, note=journal.append, numbering=numbering)
    opening.open_people(base.people, floor, presence)
    if base.switch is not None:
        follow.on_taken_back = base.switch.taken_back
    drain, apply = opening.open_drain(
        journal, base.pool, follow,
        refused=config.folder / "journal/refused.jsonl", troubles=base.troubles, numbering=numbering,
    )  # fmt: skip
    await _drain(drain, stack, base)
    with contextlib.suppress(WorldFailed):  # away again already: its own run goes on asking
        await floor.directory.load()
    intake = opening.open_recordings(
        config, base, switch_time, floor.hub, follow=follow, monitor=monitor, drain=drain, apply=apply
    )
    calendars = Calendars(base.pool, clock, plans.calendars(config), Current(plans.clocks(config)))
    await calendars.settle()
    messages = plans.switch_log(config)
    return _Rooms(
        clock=clock, switch_time=switch_time, zone=zone, numbering=numbering, journal=journal, floor=floor, pops=pops,
        monitor=monitor, presence=presence, drain=drain, intake=intake, calendars=calendars,
        refusals=Refusals(messages, switch_time) if messages else None,
    )  # fmt: skip


async def _drain(drain: Drain, stack: AsyncExitStack, base: Foundations) -> None:
    """From now on until the stack unwinds. First what is only in the journal: what people last asked to be may be."""
    await stack.enter_async_context(stage(drain=base.troubles.kept("drain", drain.run)))
    stack.push_async_callback(_caught_up, drain, base.lease)
    await _caught_up(drain, base.lease)


async def _run(
    config: Config, base: Foundations, stack: AsyncExitStack, rooms: _Rooms, press: Press, *, mail: MailServer | None
) -> Imports:
    """Starts what runs by itself. Imports have a door besides."""
    agi = opening.open_reception(
        config, base, rooms.switch_time, rooms.pops.memory, note=rooms.journal.append, numbering=rooms.numbering
    )
    imports = Imports(base.pool, rooms.clock, rooms.numbering, stack.enter_context(claimed(config.folder / "imports")))
    phones = opening.open_phones(config, base.pool, base.switch)
    bell, announcing = opening.open_bells(base, rooms.floor, phones)
    parts: dict[str, Callable[[], Awaitable[None]]] = {
        "directory": rooms.floor.directory.run,
        "today": rooms.floor.today.run,
        "pops": rooms.pops.cards.run,
        "presence": rooms.presence.run,
        "hub": rooms.floor.hub.run,
        "announcing": announcing.run,
        "monitor": rooms.monitor.run,
        "agi": agi.run,
        "intake": rooms.intake.run,
        "calendars": Recounting(rooms.calendars, troubles=base.troubles).run,
        "clocks": Sweeper(base.pool, rooms.clock, troubles=base.troubles, effects=Alarms()).run,
        "reminders": Reminders(base.pool, rooms.clock, troubles=base.troubles, mailing=Mailing(mail is not None)).run,
        "anchors": Anchoring(base.pool, rooms.clock).run,
        "bell": bell.run,
        "imports": imports.run,
        "press": press.run,
        "sessions": base.people.sessions.forget_old,
        "inbox": Inbox(base.pool, rooms.clock).forget_old,
        "rights": partial(tighten_gently, config.folder, plans.guests(config)),
        **({"switch": base.switch.run, "phones": phones.run} if base.switch and phones else {}),
        **({"refusals": rooms.refusals.run} if rooms.refusals else {}),
        **({"mail": opening.open_postman(config, base, rooms.clock, mail).run} if mail else {}),
    }
    troubles = base.troubles
    await stack.enter_async_context(stage(**{name: troubles.kept(name, run) for name, run in parts.items()}))
    return imports


async def _open_door(
    config: Config,
    base: Foundations,
    stack: AsyncExitStack,
    rooms: _Rooms,
    imports: Imports,
    press: Press,
    *,
    mail: MailServer | None,
    listening: socket.socket,
) -> None:
    """The browsers' door, and what it answers from."""
    report = SystemReport(
        pool=base.pool, clock=rooms.clock, switch_time=rooms.switch_time, floor=rooms.floor.board, monitor=rooms.monitor,
        journal=rooms.journal, drain=rooms.drain, intake=rooms.intake, archive=base.archive, prompts=base.prompts,
        missing_prompts=base.missing_prompts, crew=base.crew, model=base.model, hosted=base.hosted, spool=config.spool,
        left_out=partial(left_out, config, base.pool), version=version(), troubles=base.troubles, lease=base.lease,
        hotlines=config.ivr.numbers, refusals=rooms.refusals, mails=mail is not None,
    )  # fmt: skip
    aside = SetAside(base.pool, rooms.clock, intake_time=rooms.switch_time, drain=rooms.drain, sound=rooms.intake.refused)
    made = Parts(
        pool=base.pool, clock=rooms.clock, zone=rooms.zone, numbering=rooms.numbering, people=base.people, imports=imports,
        hub=rooms.floor.hub, floor=rooms.floor.board, presence=rooms.presence, archive=base.archive,
        cuttings=config.folder / "cache/sides", sip_key=sip_key(plans.secrets_folder(config)),
        ws_url=plans.phone_url(config), ring_limit=plans.ring_limit(config), look=report, aside=aside, press=press,
        version=version(),
        centre=config.centre.name, given=GivenNumbers(config.folder / "ticket-numbers.json"),
        given_orders=GivenNumbers(config.folder / "order-numbers.json"),
        given_warnings=GivenNumbers(config.folder / "warning-numbers.json"), refusals=config.orders.refusals,
        clocks=rooms.calendars.current, calendars=rooms.calendars, ladder=plans.ladder(config),
        repair_hours=config.norms.repair_hours, appeal_terms=plans.appeal_terms(config),
        mailing=Mailing(mail is not None),
        evidence=plans.evidence(config), limits=Limits(config.manager.currency, config.manager.limit),
    )  # fmt: skip
    security = plans.security(config)
    links = Links(base.pool, rooms.clock, plans.throttle_limits(config))
    app = application(sources(made, security), base.people.sessions, security, Desk(find_desk()), links=links)
    await stack.enter_async_context(serving(app, listening))


async def _caught_up(drain: Drain, lease: Lease) -> None:
    if lease.lost:
        return  # nothing of ours reaches the database any more: the journal's file has it for the next start
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            await drain.caught_up()
