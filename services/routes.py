"""Lists every route and every message of the websocket: the rooms' doors, in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field

from recordings.archive import Archive
from services.access.audit import Audit
from services.access.reads import Reads
from services.appeals import clocked as appeals
from services.appeals.actions import Appeals
from services.appeals.routes import AppealRoutes
from services.calendars.actions import Calendars
from services.calendars.routes import CalendarRoutes
from services.calls.actions import Calls
from services.calls.routes import CallRoutes
from services.calls.wire import CallMessage
from services.classes.actions import Classes
from services.classes.routes import LexiconRoutes
from services.clocks.ladder import CENTRE, Ladder
from services.clocks.table import CLOCKS, Clocks
from services.customers.actions import Customers
from services.customers.importing import Imports
from services.customers.numbers import ANYWHERE, Numbering
from services.customers.routes import CustomerRoutes
from services.departments.actions import Departments
from services.departments.routes import DepartmentRoutes
from services.evidence.actions import Evidence, Limits
from services.evidence.routes import EvidenceRoutes
from services.figures.routes import FigureRoutes
from services.figures.views import Figures
from services.floor.board import Floor
from services.floor.presence import Presence
from services.floor.routes import BoardRoutes
from services.floor.wire import BoardMessage
from services.homes.routes import HomeRoutes
from services.homes.views import Homes
from services.hotline.actions import Hotline
from services.hotline.model import Limits as HotlineLimits
from services.hotline.routes import HotlineRoutes
from services.hotline.views import Views as HotlineViews
from services.inbox.actions import Inbox
from services.inbox.routes import InboxRoutes
from services.lists.actions import Lists
from services.lists.routes import ListRoutes
from services.now import Clock
from services.orders.actions import Orders
from services.orders.hands import Hands
from services.orders.links import NO_MAIL, Mailing
from services.orders.papers import Papers
from services.orders.reminding import Urging
from services.orders.routes import OrderRoutes, PaperRoutes
from services.orders.views import Views as OrderViews
from services.people.actions import People
from services.people.routes import PeopleRoutes, PhoneRoutes, PolicyRoutes, SessionRoutes
from services.phrases.actions import Phrases
from services.phrases.routes import PhraseRoutes
from services.pops.wire import PopEndMessage, PopMessage
from services.prints.actions import Prints
from services.prints.press import Press
from services.prints.routes import PrintRoutes
from services.recordings.playback import Playback
from services.repeats.actions import Repeats
from services.repeats.routes import RepeatRoutes
from services.reveals.actions import Reveals
from services.reveals.routes import RevealRoutes
from services.store.db import Pool
from services.system.aside import SetAside
from services.system.routes import AuditRoutes, SystemRoutes
from services.system.wire import System
from services.tickets.actions import Tickets
from services.tickets.authority import Terms
from services.tickets.holding import Holding
from services.tickets.numbers import GivenNumbers
from services.tickets.routes import HoldingRoutes, TicketRoutes
from services.tickets.trays import Trays
from services.tickets.views import Views
from services.transcripts.wire import DraftMessage
from services.web.live import Hub, LiveRoutes
from services.web.messages import (
    ByeMessage,
    ChangedMessage,
    ClientMessage,
    HandsetMessage,
    HelloMessage,
    LookingMessage,
    MeMessage,
)
from services.web.openapi import document
from services.web.security import Security

CLASSES: tuple[type, ...] = (
    SessionRoutes,
    PeopleRoutes,
    PolicyRoutes,
    PhoneRoutes,
    BoardRoutes,
    LiveRoutes,
    CallRoutes,
    TicketRoutes,
    HoldingRoutes,
    LexiconRoutes,
    ListRoutes,
    CustomerRoutes,
    AuditRoutes,
    SystemRoutes,
    DepartmentRoutes,
    PaperRoutes,
    OrderRoutes,
    InboxRoutes,
    PrintRoutes,
    HomeRoutes,
    FigureRoutes,
    EvidenceRoutes,
    HotlineRoutes,
    PhraseRoutes,
    AppealRoutes,
    RepeatRoutes,
    CalendarRoutes,
    RevealRoutes,
)
"""A test finds any that is missing here."""

ServerMessage = Annotated[
    PopMessage
    | PopEndMessage
    | CallMessage
    | DraftMessage
    | MeMessage
    | HandsetMessage
    | ChangedMessage
    | LookingMessage
    | BoardMessage
    | HelloMessage
    | ByeMessage,
    Field(discriminator="type"),
]
"""What a browser may hear."""


def description(version: str) -> dict[str, Any]:
    """The API's own description: needs no database and no running server."""
    return document(
        CLASSES, version, {"ServerMessage": ("serialization", ServerMessage), "ClientMessage": ("validation", ClientMessage)}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts from which the routes are made."""

    pool: Pool
    clock: Clock
    zone: ZoneInfo
    people: People
    imports: Imports
    hub: Hub
    floor: Floor
    presence: Presence
    archive: Archive
    cuttings: Path
    sip_key: bytes
    ws_url: str
    ring_limit: int
    look: Callable[[], Awaitable[System]]
    aside: SetAside
    press: Press
    given: GivenNumbers = field(default_factory=GivenNumbers)
    given_orders: GivenNumbers = field(default_factory=GivenNumbers)
    given_warnings: GivenNumbers = field(default_factory=GivenNumbers)
    version: str
    centre: str = ""
    refusals: int = 2
    evidence: Limits = field(default_factory=Limits)
    numbering: Numbering = ANYWHERE
    clocks: Clocks = field(default_factory=lambda: CLOCKS)
    calendars: Calendars | None = None
    ladder: Ladder = CENTRE
    repair_hours: int = 0
    mailing: Mailing = NO_MAIL
    appeal_terms: Terms = field(default_factory=Terms)
    limits: HotlineLimits = field(default_factory=HotlineLimits)


def sources(parts: Parts, security: Security) -> Sequence[object]:
    """An instance of every route class; a class that is missing here is an error at start, not a 404 later."""
    pool, clock, numbering = parts.pool, parts.clock, parts.numbering
    hands, orders = (
        Hands(pool, clock, parts.clocks, parts.ladder, parts.repair_hours, appeals.resume, parts.mailing),
        OrderViews.of(pool, clock, parts.refusals, parts.clocks),
    )
    tickets, views = (
        Tickets(pool, clock, parts.zone, numbering, parts.given, parts.clocks),
        Views.of(pool, clock, parts.zone, parts.appeal_terms),
    )
    papers = Papers(hands, parts.zone, parts.refusals, parts.given_orders, parts.given_warnings)
    playback = Playback(parts.archive, parts.cuttings)
    prints = Prints(
        pool=pool, clock=clock, zone=parts.zone, centre=parts.centre, press=parts.press, tickets=tickets,
        ticket_views=views, order_views=orders, stories=HotlineViews(pool, clock),
    )  # fmt: skip
    made = (
        SessionRoutes(parts.people, security, clock, version=parts.version, centre=parts.centre),
        PeopleRoutes(parts.people),
        PolicyRoutes(),
        PhoneRoutes(parts.sip_key, parts.ws_url, parts.ring_limit),
        BoardRoutes(parts.floor, parts.presence),
        LiveRoutes(parts.hub),
        CallRoutes(Calls.of(pool, playback, clock, numbering), parts.zone),
        TicketRoutes(tickets, views, parts.zone),
        HoldingRoutes(Holding(tickets), Trays(pool, clock), views),
        LexiconRoutes(Classes(pool, clock)),
        ListRoutes(Lists(pool, clock)),
        CustomerRoutes(Customers(pool, clock, Reads(pool, clock), numbering), parts.imports, parts.zone),
        AuditRoutes(Audit(pool)),
        SystemRoutes(parts.look, parts.aside, description(parts.version)),
        DepartmentRoutes(Departments(pool, clock, parts.mailing.readdressed)),
        PaperRoutes(papers, orders),
        OrderRoutes(Orders(hands, parts.refusals), Urging(hands), orders),
        InboxRoutes(Inbox(pool, clock)),
        PrintRoutes(prints),
        HomeRoutes(Homes(pool, clock, parts.refusals)),
        FigureRoutes(Figures(pool, clock), clock),
        EvidenceRoutes(Evidence(hands, orders, parts.archive, parts.evidence)),
        HotlineRoutes(Hotline(tickets, papers, parts.limits), HotlineViews(pool, clock)),
        PhraseRoutes(Phrases(pool, clock)),
        AppealRoutes(Appeals(papers)),
        RepeatRoutes(Repeats(pool, numbering)),
        CalendarRoutes(parts.calendars or Calendars(pool, clock)),
        RevealRoutes(Reveals(pool, clock)),
    )
    assert {type(one) for one in made} == set(CLASSES)
    return made
