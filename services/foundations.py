"""Opens what the floor needs: database, accounts, store, prompts, speech recognition, switch. Opens them in order and closes
them in reverse.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivr.asterisk import UnfitValue
from ivr.errors import PromptsMissing
from ivr.prompts import PromptStore
from recordings.archive import Archive
from recordings.crew import Crew, ModelFacts
from recordings.errors import ArchiveFailed, ModelRefused
from services import check, plans
from services.access.actor import Person
from services.access.browsers import KnownBrowsers
from services.access.passwords import Passwords
from services.access.sessions import Sessions
from services.check import unusable
from services.config import Config
from services.customers.renumber import renumber
from services.errors import DatabaseAway, Impossible, WorldFailed
from services.hosted import database, postgres
from services.hosted.asterisk import ManagedAsterisk
from services.hosted.database import Address
from services.hosted.postgres import EmbeddedPostgres
from services.hosted.speech import find_speaker
from services.hosted.switch_program import find_program
from services.lease import Instance, Lease
from services.now import Clock, SteadyClock
from services.people import store as people_store
from services.people.actions import People
from services.running import switch_ports
from services.store import db
from services.troubles import Troubles
from services.web.live import Hub
from services.welcome import Welcome
from services.words import reason, said

CLOSE_S = 5.0
AWAY_S = 2.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundations:
    """The open parts. ``crew`` and ``model`` None: recordings are kept, nobody listens. ``switch``, ``hosted`` None: the user
    runs their own.
    """

    address: Address
    hosted: EmbeddedPostgres | None
    pool: db.Pool
    people: People
    archive: Archive
    prompts: PromptStore
    missing_prompts: tuple[str, ...]
    crew: Crew | None
    model: ModelFacts | None
    switch: ManagedAsterisk | None
    troubles: Troubles
    lease: Lease


@dataclass(slots=True)
class Shutdown:
    """Parts that are told something at the end, before the stages unwind; filled in as they open.

    ``end`` ends the process in order; ``standing_by`` is what strangers are told while another backend leads.
    """

    end: Callable[[], None]
    standing_by: Callable[[], AbstractAsyncContextManager[None]]
    hub: Hub | None = None
    switch: ManagedAsterisk | None = None
    lease: Lease | None = None

    @property
    def lost(self) -> bool:
        """Another backend has taken over."""
        return self.lease is not None and self.lease.lost

    async def say_goodbye(self) -> None:
        """Browsers are told when to come back, then calls are hung up while their events are still heard."""
        if self.hub:
            await self.hub.shutdown()
        if self.switch and not self.lost:
            await self.switch.stop()

    async def give_up(self) -> None:
        """A start that failed takes its own switch with it; one that was running before goes on: callers come first (C10)."""
        if self.switch and not self.switch.adopted and not self.lost:
            await self.switch.stop()


async def open_foundations(
    config: Config, welcome: Welcome, stack: AsyncExitStack, clock: Clock, *, shutdown: Shutdown, instance: Instance
) -> Foundations:
    """Opens all parts and returns them. A part that cannot be opened raises its error; ``stack`` then closes those that are
    open.
    """
    troubles = Troubles(clock)
    address, hosted = await _database(config, welcome, stack, clock)
    archive = await open_store(config, welcome)
    prompts, missing = await _prompts(config, welcome)
    crew, model = await _crew(config, welcome, stack)
    lease = shutdown.lease = Lease(instance, address.url, address.password, clock)
    await _lead(lease, stack, shutdown, troubles)
    pool = await db.open_pool(
        address.url,
        password=address.password,
        size=config.database.connections,
        statement_ms=config.database.statement_seconds * 1000,
        waiting=lambda why: welcome.detail(said("waiting for the database ({why})", why=why)),
        name=lease.connections,
        admit=lease.admit,
    )
    stack.push_async_callback(_close_pool, pool)
    people = People(
        pool,
        clock,
        Sessions(pool, SteadyClock(), plans.session_limits(config)),
        Passwords(),
        plans.throttle_limits(config),
        config.ivr.numbers,
        queues=tuple(config.queues),
        browsers=KnownBrowsers(plans.browser_key(config)),
    )
    switch = await _switch(config, welcome, shutdown, pool, prompts) if config.asterisk.managed else None
    return Foundations(
        address=address, hosted=hosted, pool=pool, people=people, archive=archive, prompts=prompts,
        missing_prompts=missing, crew=crew, model=model, switch=switch, troubles=troubles, lease=lease,
    )  # fmt: skip


async def _lead(lease: Lease, stack: AsyncExitStack, shutdown: Shutdown, troubles: Troubles) -> None:
    """Waits until this backend leads. All that can be made ready before is ready by then, so that a second backend takes over
    quickly.
    """
    lease.on_lost = shutdown.end
    await lease.acquire(shutdown.standing_by)
    stack.push_async_callback(lease.give_back)
    await stack.enter_async_context(stage(lease=troubles.kept("lease", lease.keep)))


class NoStore(Impossible):
    """The store of finished recordings is none."""

    code = "no_store"


class NoSwitch(Impossible):
    """The settings cannot be written into the switch's files."""

    code = "no_switch"


async def left_out(config: Config, pool: db.Pool) -> list[str]:
    """Accounts that the switch or this program cannot use, each with the reason: for the system page."""
    async with db.connection(pool) as connection:
        people, unreadable = await people_store.everybody(connection), await people_store.unreadable(connection)
    phones = [f"{one.login} {one.extension} {one.why}" for one in plans.phones(config, people).left_out]
    agents = (person for person in people if person.active and person.extension)
    gone = [f"{person.login} queue {name}" for person in agents for name in person.queues or () if name not in config.queues]
    return [*phones, *(f"{login} role" for login in unreadable), *gone]


async def open_store(config: Config, welcome: Welcome) -> Archive:
    """Opens the store. While the store is away, recordings wait in the spool. Raises NoStore if the setting cannot be a store."""
    try:
        archive = Archive.open(config.store)
    except ArchiveFailed as error:
        why = reason(error)
        raise NoStore(said("[recordings] store: {why}; `tingsu check-config` names all that is wrong", why=why)) from error
    if why := await unusable(archive):
        welcome.warn(said("recordings wait in the spool, their store does not take them: {why}", why=why))
    return archive


async def everybody(pool: db.Pool) -> list[Person]:
    """All accounts: the switch's telephones are made from them."""
    async with db.connection(pool) as connection:
        return await people_store.everybody(connection)


def cache_folder() -> Path:
    """The folder of unpacked packages; it may be emptied at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tingsu"


async def _database(
    config: Config, welcome: Welcome, stack: AsyncExitStack, clock: Clock
) -> tuple[Address, EmbeddedPostgres | None]:
    welcome.step(said("database"))
    server = None
    if config.database.embedded:
        plan = database.plan_of(config)
        server = await stack.enter_async_context(postgres.running(plan, welcome.detail))
        await stack.enter_async_context(stage(postgres=server.keep(plan, welcome.detail)))
        address = database.address_of_embedded(server)
    else:
        address = database.address_of(config)
    connection = await _patiently(address.migrator, welcome)
    try:
        for name in await database.bring_up_to_date(connection, address, welcome.warn):
            welcome.detail(said("migrated: {name}", name=name))
        if twins := await renumber(connection, plans.numbering(config), clock.now()):
            told = "{twins} customers have a number that another customer has: see customer.same_number in the audit"
            welcome.warn(said(told, twins=twins))
    finally:
        await connection.close()
    return address, server


async def _patiently(address: Address, welcome: Welcome) -> db.OwnConnection:
    """Waits for a database that is away: the switch answers callers meanwhile."""
    while True:
        try:
            return await db.connect(address.url, password=address.password)
        except DatabaseAway as error:
            welcome.detail(said("waiting for the database ({why})", why=reason(error.__cause__ or error)))
        await asyncio.sleep(AWAY_S * random.uniform(0.8, 1.2))


async def _prompts(config: Config, welcome: Welcome) -> tuple[PromptStore, tuple[str, ...]]:
    """Prepares the prompts. Without a speech program and without recordings callers are still answered: the reception leaves
    out missing prompts.
    """
    welcome.step(said("prompts"))
    speaker = None
    try:
        source = plans.package_source(config)
        speaker = await find_speaker(config.ivr.speech_program, source=source, cache=cache_folder(), progress=welcome.progress)
    except WorldFailed as error:
        welcome.warn(said("nobody can speak the prompts: {error}", error=error))
    config.prompts.mkdir(parents=True, exist_ok=True)
    shared = not config.asterisk.managed
    prompts = PromptStore(plans.spoken_prompts(config), recordings=config.prompts, speaker=speaker, shared=shared)
    try:
        await prompts.prepare(lambda done, total, name: welcome.progress(name, done / total))
    except PromptsMissing as error:
        welcome.warn(said("prompts that are missing: {names}", names=", ".join(error.missing)))
        return prompts, tuple(error.missing)
    return prompts, ()


async def _crew(config: Config, welcome: Welcome, stack: AsyncExitStack) -> tuple[Crew | None, ModelFacts | None]:
    welcome.step(said("speech recognition"))
    crew = Crew(plans.model_folder(config), workers=config.transcription.workers, limits=plans.crew_limits(config))
    stack.push_async_callback(crew.close)
    try:
        facts = await crew.start()
    except ModelRefused as error:
        welcome.warn(said("recordings are kept but not transcribed: {why}", why=reason(error)))
        return None, None
    if facts.demonstration:
        welcome.warn(said("the demonstration model understands a few hundred words of synthetic speech: `tingsu model --help`"))
    return crew, facts


class PortsTaken(WorldFailed):
    """Another program has a port that is ours."""

    code = "ports_taken"


def refuse_taken(config: Config, ports: Mapping[str, int]) -> None:
    """Raises PortsTaken, naming the settings. The switch itself says nothing when it finds its port taken, and nobody could
    reach it.
    """
    if mistakes := list(check.taken(config, ports, {})):
        raise PortsTaken("; ".join(map(str, mistakes)))


async def _switch(config: Config, welcome: Welcome, shutdown: Shutdown, pool: db.Pool, prompts: PromptStore) -> ManagedAsterisk:
    welcome.step(said("telephone switch"))
    program = await find_program(source=plans.package_source(config), cache=cache_folder(), progress=welcome.progress)
    welcome.detail(
        said("Asterisk {version}, {origin}", version=".".join(map(str, program.switch.version)), origin=program.origin)
    )
    notice = prompts.find(config.centre.language, "notice")
    phones = plans.phones(config, await everybody(pool))
    for one in phones.left_out:
        welcome.warn(one.told())
    try:
        plan = plans.switch_plan(
            config, program.switch, phones.endpoints, fallback_notice=Path(f"{notice.path}.wav") if notice else None
        )
        switch = ManagedAsterisk(program, config.folder / "asterisk", plan, welcome.detail)
        if switch.pid is None:
            refuse_taken(config, switch_ports(config))
        shutdown.switch = switch
        await switch.start()
    except UnfitValue as error:
        raise NoSwitch(said("the switch cannot be configured: {error}", error=error)) from error
    return switch


async def _close_pool(pool: db.Pool) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await pool.close()
    except TimeoutError:
        pool.terminate()
