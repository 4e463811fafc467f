"""Opens the rooms between the switch and the browsers, a function each, in the order in which they lean on each other.

Each function takes what it needs of earlier rooms and returns what later ones need. Where an earlier part must tell a later one
something, the opening of the later one connects the two. The composition root calls them with the real parts; the tests' office
calls the same ones with a switch that only remembers what it was told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from cti.changes import Change
from cti.ids import Node
from cti.monitor import Monitor
from cti.switch_time import SwitchTime
from ivr.asterisk import AgentEndpoint
from ivr.scripts import Reception
from ivr.server import AgiServer
from services import following, plans
from services.announcing import Announcing
from services.bells import Bell, Channel
from services.calls.drain import Apply, Drain
from services.calls.facts import Fact
from services.calls.journal import Journal
from services.config import Config
from services.customers.numbers import ANYWHERE, Numbering
from services.floor.board import Floor
from services.floor.directory import Directory
from services.floor.figures import Today
from services.floor.presence import Presence, PresenceSettings, Switch
from services.floor.queues import Queue
from services.following import Follow
from services.foundations import Foundations, cache_folder, everybody, stage
from services.hosted.asterisk import ManagedAsterisk
from services.hosted.fonts import find_font
from services.hosted.telephones import Telephones
from services.lease import Lease
from services.mail.model import MailServer
from services.mail.sending import Postman
from services.now import Clock
from services.orders.links import Letters
from services.people.actions import People
from services.pops.remembered import Memory
from services.pops.screenpop import ScreenPop
from services.prints.press import Press
from services.recordings.steps import IntakeSettings
from services.routing.backoffice import BackOffice
from services.store.db import Pool
from services.transcripts.intake import Intake
from services.troubles import Troubles
from services.web.live import Alive, Hub

Note = Callable[[Fact], None]
"""The journal's ``append``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFloor:
    """Who sits where, what they do now, and the screens that show it."""

    directory: Directory
    today: Today
    board: Floor
    hub: Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPops:
    """What is shown of who calls, and what we remember of them."""

    memory: Memory
    cards: ScreenPop


async def open_journal(folder: Path, stack: AsyncExitStack, troubles: Troubles) -> Journal:
    """Written from now on, until the stack unwinds."""
    journal = Journal(folder)
    await asyncio.to_thread(journal.open)
    stack.callback(journal.close)
    await stack.enter_async_context(stage(journal=troubles.kept("journal", journal.run)))
    return journal


def open_floor(pool: Pool, clock: Clock, alive: Alive, *, queues: Sequence[Queue], zone: ZoneInfo) -> OpenFloor:
    """``clock`` is the switch's own: what is compared with its times is asked of it. ``alive``: which sessions are in force."""
    directory = Directory(pool)
    today = Today(pool, clock, queues={queue.name: queue.limits for queue in queues}, zone=zone)
    board = Floor(directory, today, clock, queues=queues)
    hub = Hub(clock, boards=board, alive=alive)
    today.changed = hub.board_changed
    return OpenFloor(directory=directory, today=today, board=board, hub=hub)


def open_pops(pool: Pool, clock: Clock, floor: OpenFloor, note: Note, *, memory: Memory | None = None) -> OpenPops:
    """The hub tells the cards what a browser has shown."""
    memory = memory or Memory(pool)
    cards = ScreenPop(floor.hub, floor.directory, memory, clock, note=note)
    floor.hub.acked = cards
    return OpenPops(memory=memory, cards=cards)


def open_presence(switch: Switch, clock: Clock, floor: OpenFloor, note: Note, *, settings: PresenceSettings) -> Presence:
    """The hub tells whose first browser came and whose last one went."""
    presence = Presence(switch, floor.directory, floor.board, clock, settings=settings, note=note)
    floor.hub.watcher = presence
    return presence


def open_following(
    clock: Clock, floor: OpenFloor, pops: OpenPops, presence: Presence, *, note: Note, numbering: Numbering = ANYWHERE
) -> Follow:
    """What follows of a change on a call; the directory tells it that people have changed, and it that there is more to count."""
    follow = Follow(
        hub=floor.hub, pops=pops.cards, presence=presence, floor=floor.board, directory=floor.directory, clock=clock, note=note,
        numbering=numbering,
    )  # fmt: skip
    floor.directory.changed = follow.people_changed
    follow.on_counted = floor.today.refresh
    return follow


def open_drain(
    journal: Journal, pool: Pool, follow: Follow, *, refused: Path, troubles: Troubles, numbering: Numbering = ANYWHERE
) -> tuple[Drain, Apply]:
    """The way of facts into the database, and what applies one there; what was applied is followed."""
    apply = partial(following.apply, numbering=numbering)
    return Drain(journal, pool, apply, applied=follow.applied, refused=refused, troubles=troubles), apply


def open_people(people: People, floor: OpenFloor, presence: Presence) -> None:
    """Logging in and out asks whether a desk is open, and tells who is away."""
    people.away, people.has_desk = presence.logged_out, floor.hub.has_desk


def open_link(config: Config, clock: SwitchTime, lease: Lease, heard: Callable[[Change], Awaitable[None]]) -> Monitor:
    """The way to the switch; it is told something only while we lead."""
    monitor = Monitor(plans.ami_settings(config), heard, clock)
    monitor.commands.ours = lambda: lease.fresh
    return monitor


def open_recordings(
    config: Config, base: Foundations, clock: Clock, hub: Hub, *, follow: Follow, monitor: Monitor, drain: Drain, apply: Apply
) -> Intake:
    """From leg files to drafts. A database that turns out to be older than it was is filled again from journal and store."""
    intake = Intake(
        base.pool, base.archive, base.crew, hub, clock,
        settings=IntakeSettings(
            spool=config.spool,
            work=config.folder / "recordings/work",
            listeners=config.transcription.workers,
            settle=timedelta(seconds=config.recordings.settle_seconds),
            orphan_age=timedelta(seconds=config.recordings.orphan_seconds),
            archive_tries=config.recordings.attempts,
            listen_tries=config.transcription.attempts,
            diary=plans.queue_diary(config),
            node=Node(config.asterisk.node),
            apply=apply,
        ),
        live=follow.live.ids, hearing=lambda: monitor.up, caught_up=drain.caught_up, troubles=base.troubles,
    )  # fmt: skip

    def set_back() -> None:
        drain.doubt()  # first: the reconciler waits for what the journal still has
        intake.reconciler.wake()

    drain.on_set_back = intake.reconciler.wake
    base.lease.on_set_back = set_back
    return intake


def open_reception(
    config: Config, base: Foundations, clock: Clock, memory: Memory, *, note: Note, numbering: Numbering
) -> AgiServer:
    """The door at which the switch asks what a caller is to hear."""
    settings = plans.ivr_settings(config)
    backoffice = BackOffice(
        memory, clock, language=config.centre.language, priority_of=config.ivr.priority.of, note=note, numbering=numbering,
        node=Node(config.asterisk.node),
    )  # fmt: skip
    reception = Reception(
        base.prompts, backoffice,
        language=settings.language, limit=settings.back_office_limit, queues=plans.menu_queues(config),
    )  # fmt: skip
    return AgiServer(settings, {"reception": reception})


def open_phones(config: Config, pool: Pool, switch: ManagedAsterisk | None) -> Telephones | None:
    """The agents' telephones in the switch that we run; None where the switch is the user's own."""
    return Telephones(partial(_endpoints, config, pool), switch.reload_agents) if switch else None


def open_bells(base: Foundations, floor: OpenFloor, phones: Telephones | None) -> tuple[Bell, Announcing]:
    """Everything that is rung, and who listens to it."""
    bell = Bell(base.address.url, base.address.password)
    announcing = Announcing(base.pool, floor.hub)
    bell.on(Channel.PHONES_CHANGED, _staff_changed(floor, phones))
    bell.on(Channel.SESSION_ENDED, base.people.sessions.rung)
    bell.on(Channel.SESSION_ENDED, floor.hub.session_rung)
    bell.on(Channel.THING_CHANGED, announcing.rung)
    return bell, announcing


def _staff_changed(floor: OpenFloor, phones: Telephones | None) -> Callable[[str | None], Awaitable[None]]:
    changed: set[int | None] = set()

    def renewed() -> None:
        while changed:
            floor.hub.tell_me(changed.pop())

    async def staff_changed(person: str | None) -> None:
        floor.directory.refresh()
        changed.add(int(person) if person else None)
        if phones:
            phones.change()  # told once the switch has it too: a page that asks sooner could not register
        else:
            renewed()

    if phones:
        phones.renewed = renewed
    return staff_changed


async def _endpoints(config: Config, pool: Pool) -> tuple[AgentEndpoint, ...]:
    return plans.phones(config, await everybody(pool)).endpoints


def open_press(config: Config) -> Press:
    """What sets documents. The face is fetched behind the start: nobody waits for it who prints nothing."""
    source = plans.package_source(config)
    return Press(lambda: find_font(source=source, cache=cache_folder(), progress=lambda *_: None))


def open_postman(config: Config, base: Foundations, clock: Clock, server: MailServer) -> Postman:
    """Who takes mails to the server, each as its room writes it."""
    letters = Letters(plans.link_plan(config), clock)
    return Postman(base.pool, clock, server, letters, troubles=base.troubles)
