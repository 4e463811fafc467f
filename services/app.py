"""The composition root: builds every part, hands each what it needs, starts and stops them in order.

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
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from cti.changes import Change
from cti.monitor import Monitor
from cti.switch_time import SwitchTime
from ivr.asterisk import AgentEndpoint
from ivr.scripts import Reception
from ivr.server import AgiServer
from services import following, plans
from services.announcing import Announcing
from services.bells import Bell, Channel
from services.calls.drain import Drain
from services.calls.journal import Journal
from services.commands import version
from services.config import Config
from services.customers.importing import Imports
from services.customers.kept import claimed
from services.errors import WorldFailed
from services.floor.board import Floor
from services.floor.directory import Directory
from services.floor.figures import Limits as FigureLimits
from services.floor.figures import Today
from services.floor.presence import Presence, PresenceSettings
from services.following import Follow
from services.foundations import Foundations, Shutdown, everybody, left_out, open_foundations, refuse_taken, stage
from services.hosted.refusals import Refusals
from services.hosted.telephones import Telephones
from services.lease import LIFETIME_S, Instance, Lease, LeaseLost
from services.now import Clock, SystemClock
from services.people.phones import sip_key
from services.pops.remembered import Memory
from services.pops.screenpop import ScreenPop
from services.private import shut, tell, tighten_gently
from services.recordings.steps import IntakeSettings
from services.routes import Parts, sources
from services.routing.backoffice import BackOffice
from services.running import marked, refuse_second
from services.store import db
from services.system.aside import SetAside
from services.system.report import SystemReport
from services.tickets.numbers import GivenNumbers
from services.transcripts.intake import Intake
from services.web.live import Hub
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
    await _open_floor(config, base, stack, clock, shutdown, listening)
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


async def _open_floor(
    config: Config, base: Foundations, stack: AsyncExitStack, clock: Clock, shutdown: Shutdown, listening: socket.socket
) -> None:
    """Everything between the switch and the browsers; what is compared with the switch's times is asked of the switch's clock."""
    pool, people, switch, troubles = base.pool, base.people, base.switch, base.troubles
    zone = ZoneInfo(config.centre.timezone)
    numbering = plans.numbering(config)
    journal = Journal(config.folder / "journal")
    await asyncio.to_thread(journal.open)
    stack.callback(journal.close)
    await stack.enter_async_context(stage(journal=troubles.kept("journal", journal.run)))

    limits = FigureLimits(config.queue.answer_seconds * 1000, config.queue.short_abandon_seconds * 1000)
    switch_time = SwitchTime(clock)
    today = Today(pool, switch_time, queue=config.queue.name, zone=zone, limits=limits)
    directory = Directory(pool)
    memory = Memory(pool)
    floor = Floor(directory, today, switch_time, queue=config.queue.name)
    hub = shutdown.hub = Hub(switch_time, boards=floor, alive=people.sessions.alive)
    pops = ScreenPop(hub, directory, memory, switch_time, note=journal.append)

    async def heard(change: Change) -> None:
        """What cannot be made of one change keeps none of the others back; what would follow of it is lost."""
        try:
            await follow.on_change(change)
        except Exception as wrong:  # noqa: BLE001  whatever it was, the switch is to be heard further
            troubles.note("changes", wrong)

    monitor = Monitor(plans.ami_settings(config), heard, switch_time)
    monitor.commands.ours = lambda: base.lease.fresh
    presence = Presence(
        monitor.commands,
        directory,
        floor,
        switch_time,
        settings=PresenceSettings(queue=config.queue.name, wrap_up=timedelta(seconds=config.queue.wrap_up_seconds)),
        note=journal.append,
    )
    follow = Follow(
        hub=hub, pops=pops, presence=presence, floor=floor, directory=directory, clock=switch_time, note=journal.append,
        numbering=numbering,
    )  # fmt: skip
    hub.acked, hub.watcher = pops, presence
    people.away, people.has_desk = presence.logged_out, hub.has_desk
    directory.changed, today.changed = follow.people_changed, hub.board_changed
    follow.on_counted = today.refresh
    if switch is not None:
        follow.on_taken_back = switch.taken_back

    apply = partial(following.apply, numbering=numbering)
    drain = Drain(
        journal, pool, apply,
        applied=follow.applied, refused=config.folder / "journal/refused.jsonl", troubles=troubles,
    )  # fmt: skip
    await stack.enter_async_context(stage(drain=troubles.kept("drain", drain.run)))
    stack.push_async_callback(_caught_up, drain, base.lease)
    await _caught_up(drain, base.lease)  # what people last asked to be may stand in the journal only
    with contextlib.suppress(WorldFailed):  # away again already: its own run goes on asking
        await directory.load()

    intake = Intake(
        pool,
        base.archive,
        base.crew,
        hub,
        switch_time,
        settings=IntakeSettings(
            spool=config.spool,
            work=config.folder / "recordings/work",
            listeners=config.transcription.workers,
            settle=timedelta(seconds=config.recordings.settle_seconds),
            orphan_age=timedelta(seconds=config.recordings.orphan_seconds),
            archive_tries=config.recordings.attempts,
            listen_tries=config.transcription.attempts,
            diary=plans.queue_diary(config),
            apply=apply,
        ),
        live=follow.live.ids,
        hearing=lambda: monitor.up,
        caught_up=drain.caught_up,
        troubles=troubles,
    )
    drain.on_set_back = intake.reconciler.wake

    def set_back() -> None:
        drain.doubt()  # first: the reconciler waits for what the journal still has
        intake.reconciler.wake()

    base.lease.on_set_back = set_back
    settings = plans.ivr_settings(config)
    backoffice = BackOffice(
        memory, switch_time, language=config.centre.language, priority_of=config.queue.priority.of, note=journal.append,
        numbering=numbering,
    )  # fmt: skip
    reception = Reception(base.prompts, backoffice, language=settings.language, limit=settings.back_office_limit)
    agi = AgiServer(settings, {"reception": reception})
    bell = Bell(base.address.url, base.address.password)
    imports = Imports(pool, clock, numbering, stack.enter_context(claimed(config.folder / "imports")))
    phones = Telephones(partial(_endpoints, config, pool), switch.reload_agents) if switch else None

    messages = plans.switch_log(config)
    refusals = Refusals(messages, switch_time) if messages else None

    changed: set[int | None] = set()

    def renewed() -> None:
        while changed:
            hub.tell_me(changed.pop())

    async def staff_changed(person: str | None) -> None:
        directory.refresh()
        changed.add(int(person) if person else None)
        if phones:
            phones.change()  # told once the switch has it too: a page that asks sooner could not register
        else:
            renewed()

    if phones:
        phones.renewed = renewed
    announcing = Announcing(pool, hub)
    bell.on(Channel.PHONES_CHANGED, staff_changed)
    bell.on(Channel.SESSION_ENDED, people.sessions.rung)
    bell.on(Channel.SESSION_ENDED, hub.session_rung)
    bell.on(Channel.THING_CHANGED, announcing.rung)
    parts: dict[str, Callable[[], Awaitable[None]]] = {
        "directory": directory.run,
        "today": today.run,
        "pops": pops.run,
        "presence": presence.run,
        "hub": hub.run,
        "announcing": announcing.run,
        "monitor": monitor.run,
        "agi": agi.run,
        "intake": intake.run,
        "bell": bell.run,
        "imports": imports.run,
        "sessions": people.sessions.forget_old,
        "rights": partial(tighten_gently, config.folder, plans.guests(config)),
        **({"switch": switch.run, "phones": phones.run} if switch and phones else {}),
        **({"refusals": refusals.run} if refusals else {}),
    }
    await stack.enter_async_context(stage(**{name: troubles.kept(name, run) for name, run in parts.items()}))
    report = SystemReport(
        pool=pool, clock=clock, switch_time=switch_time, floor=floor, monitor=monitor, journal=journal, drain=drain,
        intake=intake, archive=base.archive, prompts=base.prompts, missing_prompts=base.missing_prompts, crew=base.crew,
        model=base.model, hosted=base.hosted, spool=config.spool, left_out=partial(left_out, config, pool), version=version(),
        troubles=troubles, lease=base.lease, hotlines=config.ivr.numbers,
        refusals=refusals,
    )  # fmt: skip
    aside = SetAside(pool, clock, intake_time=switch_time, drain=drain, sound=intake.refused)
    made = Parts(
        pool=pool, clock=clock, zone=zone, numbering=numbering, people=people, imports=imports, hub=hub,
        floor=floor, presence=presence, archive=base.archive,
        cuttings=config.folder / "cache/sides", sip_key=sip_key(plans.secrets_folder(config)),
        ws_url=plans.phone_url(config), ring_limit=plans.ring_limit(config), look=report, aside=aside, version=version(),
        given=GivenNumbers(config.folder / "ticket-numbers.json"),
    )  # fmt: skip
    security = plans.security(config)
    app = application(sources(made, security), people.sessions, security, Desk(find_desk()))
    await stack.enter_async_context(serving(app, listening))


async def _endpoints(config: Config, pool: db.Pool) -> tuple[AgentEndpoint, ...]:
    return plans.phones(config, await everybody(pool)).endpoints


async def _caught_up(drain: Drain, lease: Lease) -> None:
    if lease.lost:
        return  # nothing of ours reaches the database any more: the journal's file has it for the next start
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            await drain.caught_up()
