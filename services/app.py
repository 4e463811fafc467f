"""The composition root: builds every part, hands each what it needs, starts and stops them in order.

Stages are nested: a later one leans on the earlier ones, and they end the other way round. A part that dies takes the process
with it, loudly; whoever supervises us starts it again, and the switch goes on meanwhile (SPEC C10).

Order of the end: browsers are told, then calls are hung up by the switch while its events are still heard, then the edges stop,
then the journal is brought into the database, then database and files close.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from cti.monitor import Monitor
from ivr.errors import PromptsMissing
from ivr.prompts import PromptStore
from ivr.scripts import Reception
from ivr.server import AgiServer
from recordings.archive import Archive
from recordings.crew import Crew, ModelFacts
from recordings.errors import ModelRefused
from services import plans
from services.calls import follow
from services.calls.backoffice import BackOffice
from services.calls.directory import Directory
from services.calls.drain import Drain
from services.calls.figures import Limits as FigureLimits
from services.calls.figures import Today
from services.calls.floor import Floor
from services.calls.follow import Follow
from services.calls.journal import Journal
from services.calls.presence import Presence, PresenceSettings
from services.calls.remembered import Memory
from services.calls.screenpop import ScreenPop
from services.clock import Clock, SystemClock
from services.commands import version
from services.config import Config
from services.errors import DatabaseAway, DatabaseBusy, WorldFailed
from services.hosted import database, postgres
from services.hosted.asterisk import ManagedAsterisk, SwitchFailed, find_program
from services.hosted.database import Address
from services.hosted.speech import find_speaker
from services.looking import Looking
from services.people import store as people_store
from services.people.actions import People
from services.people.passwords import Passwords
from services.people.phones import sip_key
from services.people.sessions import BELL as SESSION_BELL
from services.people.sessions import Sessions
from services.store import db, migrate
from services.store.bell import Bell
from services.transcripts.intake import Intake, IntakeSettings
from services.web.live import Hub
from services.web.routes import Parts, sources
from services.web.server import application, bind, serving
from services.web.static import Desk, find_desk
from services.welcome import Welcome

DRAIN_S = 5.0  # what is not in the database by then is in the journal's file and follows at the next start
PHONES_BELL = "phones_changed"

log = structlog.get_logger(__name__)


async def run(config: Config, welcome: Welcome) -> None:
    """Serve until SIGINT or SIGTERM. Raises what kept a part from starting, or what a part died of."""
    stop = _Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.ask)
    config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        centre = _Centre(config, welcome, stack, SystemClock())
        await stop.unless_asked(centre.open())
        gc.collect()
        gc.freeze()  # what stands now stays: no pop waits while the collector walks over it (6 ms were seen)
        if not stop.asked.is_set():
            welcome.ready(centre.url, centre.first_password)
            await stop.asked.wait()
        welcome.step("stopping")
        await centre.say_goodbye()
    welcome.stopped()


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


@contextlib.asynccontextmanager
async def stage(**parts: Coroutine[Any, Any, Any]) -> AsyncIterator[None]:
    """Run the named parts for as long as the block lasts; one that fails ends the block."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(part, name=name) for name, part in parts.items()]
        try:
            yield
        finally:
            for task in running:
                task.cancel()


@dataclass(slots=True)
class _Doors:
    """Parts that are told something at the end, before the stages unwind."""

    hub: Hub | None = None
    switch: ManagedAsterisk | None = None


class _Centre:
    """One running centre."""

    def __init__(self, config: Config, welcome: Welcome, stack: AsyncExitStack, clock: Clock) -> None:
        self._config = config
        self._welcome = welcome
        self._stack = stack
        self._clock = clock
        self._doors = _Doors()
        self._cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tingsu"
        self.url = ""
        self.first_password: str | None = None
        self._missing: tuple[str, ...] = ()

    async def open(self) -> None:
        """All stages, in their order."""
        config = self._config
        listening = bind(config.web.host, config.web.port)
        self._stack.callback(listening.close)
        address = await self._database()
        pool = await db.open_pool(
            address.url,
            password=address.password,
            size=config.database.connections,
            statement_ms=config.database.statement_seconds * 1000,
            waiting=lambda why: self._welcome.step(f"waiting for the database ({why})"),
        )
        self._stack.push_async_callback(_close_pool, pool)
        people = await self._people(pool)
        prompts = await self._prompts()
        crew, model = await self._crew()
        switch = await self._switch(pool, prompts) if config.asterisk.managed else None
        await self._floor(address, pool, people, prompts, crew, model, switch, listening)

    async def say_goodbye(self) -> None:
        """Before the stages end: browsers are told when to come back, calls are hung up while their events are still heard."""
        if self._doors.hub:
            await self._doors.hub.shutdown()
        if self._doors.switch:
            await self._doors.switch.stop()

    async def _database(self) -> Address:
        config = self._config
        if not config.database.embedded:
            address = database.address_of(config)
        else:
            self._welcome.step("database")
            server = await self._stack.enter_async_context(postgres.running(database.plan_of(config), self._welcome.detail))
            await self._stack.enter_async_context(stage(postgres=_must_live(server.ended(), "PostgreSQL")))
            address = Address(server.url())
        connection = await db.connect(address.url, password=address.password)
        try:
            for name in await migrate.migrate(connection):
                self._welcome.detail(f"migrated: {name}")
        finally:
            await connection.close()
        return address

    async def _people(self, pool: db.Pool) -> People:
        config, clock = self._config, self._clock
        sessions = Sessions(pool, clock, plans.session_limits(config))
        people = People(pool, clock, sessions, Passwords(), plans.throttle_limits(config))
        self.first_password = await people.first_administrator()
        return people

    async def _prompts(self) -> PromptStore:
        """Without speech and without recordings callers are still answered: the reception goes on without missing prompts."""
        config = self._config
        self._welcome.step("prompts")
        speaker = None
        try:
            speaker = await find_speaker(
                config.ivr.speech_program,
                source=plans.package_source(config),
                cache=self._cache,
                progress=self._welcome.progress,
            )
        except WorldFailed as error:
            self._welcome.warn(f"nobody can speak the prompts: {error}")
        config.prompts.mkdir(parents=True, exist_ok=True)
        prompts = PromptStore(config.folder / "cache/prompts", recordings=config.prompts, speaker=speaker)
        try:
            await prompts.prepare(lambda done, total, name: self._welcome.progress(name, done / total))
        except PromptsMissing as error:
            self._missing = tuple(error.missing)
            self._welcome.warn(str(error))
        return prompts

    async def _crew(self) -> tuple[Crew | None, ModelFacts | None]:
        config = self._config
        self._welcome.step("speech recognition")
        crew = Crew(plans.model_folder(config), workers=config.transcription.workers, limits=plans.crew_limits(config))
        self._stack.push_async_callback(crew.close)
        try:
            facts = await crew.start()
        except ModelRefused as error:
            self._welcome.warn(f"recordings are kept but not transcribed: {error}")
            return None, None
        if facts.demonstration:
            self._welcome.warn(
                "the demonstration model understands a few hundred words of synthetic speech: `tingsu model --help`"
            )
        return crew, facts

    async def _switch(self, pool: db.Pool, prompts: PromptStore) -> ManagedAsterisk:
        config = self._config
        self._welcome.step("telephone switch")
        program = await find_program(source=plans.package_source(config), cache=self._cache, progress=self._welcome.progress)
        self._welcome.detail(f"Asterisk {'.'.join(map(str, program.switch.version))}, {program.origin}")
        notice = prompts.find(config.centre.language, "notice")
        plan = plans.switch_plan(
            config,
            program.switch,
            plans.endpoints(config, await _everybody(pool)),
            fallback_notice=Path(f"{notice.path}.wav") if notice else None,
        )
        switch = ManagedAsterisk(program, config.folder / "asterisk", plan, self._welcome.detail)
        self._doors.switch = switch
        await switch.start()
        return switch

    async def _floor(
        self,
        address: Address,
        pool: db.Pool,
        people: People,
        prompts: PromptStore,
        crew: Crew | None,
        model: ModelFacts | None,
        switch: ManagedAsterisk | None,
        listening: Any,
    ) -> None:
        """Everything between the switch and the browsers."""
        config, clock, stack = self._config, self._clock, self._stack
        journal = Journal(config.folder / "journal")
        await asyncio.to_thread(journal.open)
        stack.callback(journal.close)
        await stack.enter_async_context(stage(journal=journal.run()))

        limits = FigureLimits(config.queue.answer_seconds * 1000, config.queue.short_abandon_seconds * 1000)
        today = Today(pool, clock, queue=config.queue.name, zone=ZoneInfo(config.centre.timezone), limits=limits)
        directory = Directory(pool)
        await directory.load()
        memory = Memory(pool)
        floor = Floor(directory, today, clock, queue=config.queue.name)
        hub = self._doors.hub = Hub(clock, boards=floor, alive=people.sessions.alive)
        pops = ScreenPop(hub, directory, memory, clock, note=journal.append)
        monitor = Monitor(plans.ami_settings(config), lambda change: following.on_change(change), clock)
        presence = Presence(
            monitor.commands,
            directory,
            floor,
            clock,
            settings=PresenceSettings(queue=config.queue.name, wrap_up=timedelta(seconds=config.queue.wrap_up_seconds)),
            note=journal.append,
        )
        following = Follow(
            hub=hub, pops=pops, presence=presence, floor=floor, directory=directory, clock=clock, note=journal.append
        )
        hub.acked, hub.watcher = pops, presence
        directory.changed = today.changed = hub.board_changed
        following.on_counted = today.refresh
        if switch is not None:
            following.on_taken_back = switch.taken_back

        drain = Drain(journal, pool, follow.apply, applied=following.applied, refused=config.folder / "journal/refused.jsonl")
        await stack.enter_async_context(stage(drain=drain.run()))
        stack.push_async_callback(_caught_up, drain)

        archive = Archive.open(config.store)
        intake = Intake(
            pool,
            archive,
            crew,
            hub,
            clock,
            settings=IntakeSettings(
                spool=config.spool,
                work=config.folder / "recordings/work",
                listeners=config.transcription.workers,
                settle=timedelta(seconds=config.recordings.settle_seconds),
                orphan_age=timedelta(seconds=config.recordings.orphan_seconds),
                archive_tries=config.recordings.attempts,
                listen_tries=config.transcription.attempts,
            ),
            live=following.live.ids,
        )
        settings = plans.ivr_settings(config)
        backoffice = BackOffice(
            memory, clock, language=config.centre.language, priority_of=config.queue.priority.of, note=journal.append
        )
        reception = Reception(prompts, backoffice, language=settings.language, limit=settings.back_office_limit)
        agi = AgiServer(settings, {"reception": reception})
        bell = Bell(address.url, address.password)
        bell.on(PHONES_BELL, _Phones(config, pool, switch, directory).changed)
        bell.on(SESSION_BELL, hub.session_rung)
        await stack.enter_async_context(
            stage(
                directory=directory.run(),
                today=today.run(),
                pops=pops.run(),
                presence=presence.run(),
                hub=hub.run(),
                monitor=monitor.run(),
                agi=agi.run(),
                intake=intake.run(),
                bell=bell.run(),
                sessions=people.sessions.forget_old(),
                **({"switch": _switch_lives(switch)} if switch else {}),
            )
        )
        zone = ZoneInfo(config.centre.timezone)
        looking = Looking(
            pool=pool, floor=floor, monitor=monitor, journal=journal, drain=drain, prompts=prompts,
            missing_prompts=self._missing, crew=crew, model=model, spool=config.spool, version=version(),
        )  # fmt: skip
        parts = Parts(
            pool=pool, clock=clock, zone=zone, people=people, hub=hub, floor=floor, presence=presence, archive=archive,
            cuttings=config.folder / "cache/sides", sip_key=sip_key(plans.secrets_folder(config)),
            ws_url=config.asterisk.websocket, demonstration=bool(model and model.demonstration), look=looking, version=version(),
        )  # fmt: skip
        security = plans.security(config)
        app = application(sources(parts, security), people.sessions, security, Desk(find_desk()))
        await stack.enter_async_context(serving(app, listening))
        self.url = config.web.public_url or f"http://{config.web.host}:{config.web.port}"


@dataclass(frozen=True, slots=True)
class _Phones:
    """Who has which phone has changed: the directory and the switch's files are made anew."""

    config: Config
    pool: db.Pool
    switch: ManagedAsterisk | None
    directory: Directory

    async def changed(self, _: str | None) -> None:
        self.directory.refresh()
        if self.switch is None:
            return
        try:
            await self.switch.reload_agents(plans.endpoints(self.config, await _everybody(self.pool)))
        except (SwitchFailed, DatabaseAway, DatabaseBusy) as error:
            log.error("phones not renewed", error=type(error).__name__)


async def _everybody(pool: db.Pool) -> list[Any]:
    async with db.connection(pool) as connection:
        return await people_store.everybody(connection)


async def _must_live(end: Coroutine[Any, Any, int], name: str) -> None:
    code = await end
    raise WorldFailed(f"{name} has ended with {code}")


async def _switch_lives(switch: ManagedAsterisk) -> None:
    """Returns when the switch was stopped in order; its own restarts are its own affair."""
    await switch.run()


async def _caught_up(drain: Drain) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            await drain.caught_up()


async def _close_pool(pool: db.Pool) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            await pool.close()
    except TimeoutError:
        pool.terminate()
