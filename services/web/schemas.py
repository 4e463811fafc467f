"""The shapes that cross the HTTP and websocket door; the desk's types are generated from these.

Everything is parsed here once (strict, unknown keys refused) and becomes a frozen model. Times are aware UTC ISO 8601.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from services.customers.numbers import LIMIT as NUMBER_LIMIT
from services.customers.numbers import is_number, written
from services.people.rights import Role
from services.web.rows import Rows


class Wire(BaseModel):
    """Frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# PostgreSQL takes no NUL; what is shown on one line takes no control characters, and a name holds something to be seen.
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
NAMED = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
MANY_LINES = r"^[^\x00]*$"

Text40 = Annotated[str, StringConstraints(max_length=40, pattern=ONE_LINE)]
Text80 = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True, pattern=NAMED)]
Text400 = Annotated[str, StringConstraints(max_length=400, pattern=MANY_LINES)]
Text10k = Annotated[str, StringConstraints(max_length=10_000, pattern=MANY_LINES)]
Search = Annotated[str, StringConstraints(max_length=80, pattern=ONE_LINE)]
Login = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,31}$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
NewPassword = Annotated[str, StringConstraints(min_length=10, max_length=256)]
ExtensionText = Annotated[str, StringConstraints(pattern=r"^[0-9]{3,6}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
Id = Annotated[int, Field(ge=1, le=2**53 - 1)]
Language = Literal["zh-CN", "en"]
Tier = Literal["normal", "big", "important", "dedicated_line"]


def _telephone(text: str) -> str:
    if text.strip() and not is_number(text):
        raise PydanticCustomError("telephone", "a telephone number")
    return text.strip()


NumberText = Annotated[str, StringConstraints(max_length=NUMBER_LIMIT, pattern=ONE_LINE), AfterValidator(_telephone)]
"""A telephone number in any spelling, or nothing."""

Number = Annotated[str, StringConstraints(max_length=NUMBER_LIMIT, pattern=NAMED), AfterValidator(_telephone)]
WrittenNumber = Annotated[str, AfterValidator(written)]
"""Answered: the inside form as people write it."""


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; ValueError for one that UTC puts before the year 1 or after 9999."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("within the years 1 to 9999 in UTC") from None


Limit = Annotated[int, Field(ge=1, le=200)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Span(Wire):
    """A query's stretch of time, half-open: ``from`` up to, not including, ``to``. Every pair of such times is one of these."""

    begin: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")

    @field_validator("end")
    @classmethod
    def _not_before(cls, end: datetime | None, given: ValidationInfo) -> datetime | None:
        begin = given.data.get("begin")
        if begin is not None and end is not None and end < begin:
            raise PydanticCustomError("before_from", "a time not before 'from'")
        return end


class IdPageQuery(Wire):
    """A page of rows below an id."""

    limit: Limit = 50
    after: Id | None = None


class Problem(Wire):
    """Every error body. ``code`` is stable and translated by the desk; ``fields`` names each wrong field at once."""

    code: str
    message: str
    fields: list[FieldProblem] = []


class FieldProblem(Wire):
    field: str
    code: str
    wanted: str
    came: str


# people ---------------------------------------------------------------------------------------------------------------
class LoginBody(Wire):
    login: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Password


class Me(Wire):
    id: int
    login: str
    name: str
    role: Role
    rights: list[str]
    extension: str | None
    phone_kind: Literal["browser", "sip"]
    language: Language
    must_change: bool
    server_time: datetime
    version: str


class MeBody(Wire):
    language: Language


class PasswordBody(Wire):
    old: Password
    new: NewPassword


class WantedStateBody(Wire):
    state: Literal["ready", "paused", "away"]
    reason: Text40 = ""


class Phone(Wire):
    """What the browser's softphone needs; given to the extension's own person only, never cached or logged."""

    ws_url: str
    uri: str
    extension: str
    password: str
    realm: str
    ring_limit: int = Field(description="seconds; the switch rings no phone longer")


class Person(Wire):
    id: int
    login: str
    name: str
    role: Role
    extension: str | None
    phone_kind: Literal["browser", "sip"]
    language: Language
    active: bool


class PersonBody(Wire):
    login: Login
    name: Text80
    role: Role
    extension: ExtensionText | None = None
    phone_kind: Literal["browser", "sip"] = "browser"
    language: Language = "zh-CN"


class PersonPatch(Wire):
    name: Text80 | None = None
    role: Role | None = None
    extension: ExtensionText | None = None
    phone_kind: Literal["browser", "sip"] | None = None
    language: Language | None = None
    active: bool | None = None


class PersonMade(Wire):
    """``password`` is random, told this once and kept nowhere; the person must choose another at the first login."""

    person: Person
    password: str


# board ----------------------------------------------------------------------------------------------------------------
class AgentNow(Wire):
    person_id: int | None
    name: str
    extension: str
    state: Literal["ready", "ringing", "talking", "wrap_up", "paused", "away"]
    reason: str
    since: datetime
    call_id: str | None


class QueueNow(Wire):
    queue: str
    waiting: int
    oldest_since: datetime | None
    answered_today: int
    answered_in_time_today: int
    abandoned_today: int
    short_abandons_today: int
    service_level_today: float | None = Field(
        description="SPEC 'How to count', formula named in service_level_formula; null when nobody called"
    )
    service_level_formula: str


class LinkNow(Wire):
    up: bool
    since: datetime
    detail: str


class Version(Wire):
    """Order of what is shown whole: within one epoch (a run of the server, which ``hello`` names) the higher ``n`` is newer."""

    epoch: int
    n: int


class Board(Wire):
    version: Version = Field(description="whoever shows boards shows none after a newer one, however late its answer comes")
    link: LinkNow
    me: AgentNow | None
    agents: list[AgentNow]
    queue: QueueNow
    wrap_up_until: datetime | None
    wanted: Literal["ready", "paused", "away"] = Field(
        description="what the person asked to be, whatever the switch says of the phone"
    )


# customers ------------------------------------------------------------------------------------------------------------
class Customer(Wire):
    id: int
    number: WrittenNumber
    name: str
    tier: Tier
    note: str


class CustomerBody(Wire):
    number: Number
    name: Text80
    tier: Tier = "normal"
    note: Text400 = ""


class CustomersQuery(Wire):
    limit: Limit = 50
    after: Id | None = None
    q: Search = ""


class ImportQuery(Wire):
    """The file's name, to show."""

    name: Text80 = "file"


class ImportLayout(Wire):
    """How a file is read; empty: as it is found to be."""

    encoding: Literal["", "utf-8", "utf-16", "gb18030", "big5"] = ""
    delimiter: Literal["", ",", ";", "\t", "|"] = ""
    sheet: Search = ""


Column = Annotated[int, Field(ge=0, le=16_384)]


class ImportColumns(Wire):
    """Which column (from 0) a field is read from; a field without one is left as it is."""

    number: Column
    name: Column
    tier: Column | None = None
    note: Column | None = None


class ImportStart(Wire):
    """Not ``write``: only read and count. ``partly``: write the good rows although others are bad."""

    columns: ImportColumns
    write: bool = False
    partly: bool = False


class ImportRow(Wire):
    line: int
    cells: list[str]


class ImportLook(Wire):
    """The first rows, what the columns are taken for, and the fields that several columns could be."""

    layout: ImportLayout
    sheets: list[str]
    headings: list[str]
    letters: list[str]
    rows: list[ImportRow]
    columns: dict[str, int]
    doubtful: list[str]


class ImportProblem(Wire):
    """A row that is not imported, as the spreadsheet counts it, and why, in the reader's language."""

    line: int
    column: str
    why: str
    came: str


class Import(Wire):
    """A file on its way in. ``refusal``: why it cannot be read. ``rows`` read so far; ``written``: the good ones are there.

    ``failure``: the code of what the world did to it; it can be started again.
    """

    id: str
    name: str
    state: Literal["arriving", "looking", "looked", "refused", "waiting", "reading", "writing", "checked", "done", "failed"]
    refusal: str
    layout: ImportLayout
    look: ImportLook | None
    rows: int
    share: float
    good: int
    bad: int
    created: int
    changed: int
    written: bool
    failure: str
    problems: list[ImportProblem]


# calls ----------------------------------------------------------------------------------------------------------------
class Leg(Wire):
    channel: str
    extension: str | None
    person: str | None
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    rang_ms: int | None


class CallRow(Wire):
    id: str
    number: WrittenNumber
    name_sent: str
    customer: Customer | None
    ivr_path: str
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    ended_at: datetime | None
    outcome: Literal["answered", "abandoned", "ivr_hangup", "refused", "lost"] | None
    waited_ms: int | None
    talked_ms: int | None
    recovered: bool
    ticket_id: int | None
    ticket_number: str | None
    recording_state: Literal["waiting", "archived", "failed", "empty"] | None
    transcript_state: Literal["waiting", "running", "done", "no_speech", "failed"] | None


class CallPage(Wire):
    calls: list[CallRow]
    next: str | None


class Recording(Wire):
    id: int
    call_id: str
    state: Literal["waiting", "archived", "failed", "empty"]
    duration_ms: int | None
    starts_at: datetime | None
    remarks: list[str]
    error: str | None
    peaks: Peaks | None


class Peaks(Wire):
    """Per channel, ``points`` pairs of (lowest, highest) sample in -127..127; channel 0 is the caller, 1 the agents."""

    points: int
    caller: list[int]
    agent: list[int]


class Word(TypedDict):
    """A plain dict: an hour's call has ten thousand, and the collector need not look at them (as models they cost 50 ms)."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]  # pydantic's own way for a TypedDict

    text: str
    start: Annotated[float, Field(description="seconds from the recording's first sample")]
    end: float
    conf: float


class Utterance(Wire):
    speaker: Literal["caller", "agent"]
    start: float
    end: float
    text: str
    words: list[Word]


class Transcript(Wire):
    state: Literal["waiting", "running", "done", "no_speech", "failed"]
    model: str | None
    demonstration: bool
    utterances: Rows[Utterance]
    error: str | None


class CallsQuery(Span):
    """``number`` in any spelling; times half-open, by the call's beginning; ``after`` the ``next`` of the page before."""

    limit: Limit = 50
    after: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,16}~[A-Za-z0-9_.-]{1,64}$")] | None = None
    number: Search = ""
    outcome: Literal["answered", "abandoned", "ivr_hangup", "refused", "lost"] | None = None


class AudioQuery(Wire):
    """Which voices: the caller's on the left and the agents' on the right, or one of them alone."""

    side: Literal["both", "caller", "agent"] = "both"


class CallDetail(Wire):
    call: CallRow
    legs: list[Leg]
    recording: Recording | None
    transcript: Transcript | None


# tickets --------------------------------------------------------------------------------------------------------------
class Evidence(Wire):
    """Which words filled the field: quote, speaker, seconds, and how sure (0..1)."""

    quote: str
    speaker: Literal["caller", "agent"]
    start: float
    end: float
    conf: float


class Source(Wire):
    """Who filled a field. ``unsure``: left empty (or proposed only), the agent is asked to check."""

    by: Literal["agent", "draft", "customer", "call"]
    sure: bool
    conf: float | None
    proposal: str | None = Field(default=None, description="an unsure value: shown, never filled in")
    evidence: list[Evidence] = []


class Ticket(Wire):
    id: int
    number: str | None
    state: Literal["draft", "open", "closed", "discarded"]
    version: int
    call_id: str | None
    customer_id: int | None
    customer_number: WrittenNumber
    customer_name: str
    kind: str | None
    business: str | None
    nature: str | None
    suggestion: str | None
    description: str
    address: str
    contact_number: str
    answer: str
    sources: dict[str, Source]
    received_at: datetime
    created_by: str | None
    owner: str | None
    owner_id: int | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    changed_at: datetime
    drafting: Literal["none", "waiting", "done", "no_speech", "failed"] = Field(description="how far the words of the call are")


class TicketRow(Wire):
    id: int
    number: str | None
    state: Literal["draft", "open", "closed", "discarded"]
    call_id: str | None
    customer_number: WrittenNumber
    customer_name: str
    tier: Tier | None
    kind: str | None
    business: str | None
    nature: str | None
    suggestion: str | None
    summary: str
    received_at: datetime
    owner: str | None


class TicketPage(Wire):
    tickets: list[TicketRow]
    next: str | None
    counts: dict[str, int] = Field(description="tickets per state, for the saved views")


class TicketsQuery(Wire):
    """``owner`` me: one's own. ``q``: a whole ticket or customer number, else text, searched some thousand tickets a page."""

    limit: Limit = 50
    after: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,16}~[0-9]{1,16}$")] | None = None
    state: Literal["draft", "open", "closed", "discarded"] | None = None
    owner: Literal["me"] | None = None
    q: Search = ""


class TicketFields(Wire):
    """Only the named fields change; null empties a class field."""

    kind: Code | None = None
    business: Code | None = None
    nature: Code | None = None
    suggestion: Code | None = None
    description: Text10k = ""
    address: Text400 = ""
    contact_number: Text40 = ""
    customer_name: Text80 | Literal[""] = ""
    customer_number: NumberText = ""
    answer: Text10k = ""


class TicketPatch(Wire):
    """Compare and set: 409 with code ``stale`` when ``version`` is no longer the ticket's. Fields absent are left alone."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    fields: TicketFields


class TicketNew(Wire):
    """``key`` makes a repeated POST return the first ticket; the same key with another body is 409."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    fields: TicketFields


class VersionBody(Wire):
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    note: Text400 = ""


class JournalQuery(Wire):
    """Few rows a page: one may hold the longest texts, as they were and as they became."""

    limit: Annotated[int, Field(ge=1, le=40)] = 40
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class JournalRow(Wire):
    seq: int
    at: datetime
    by: str | None
    action: str
    changes: dict[str, tuple[str | None, str | None]]
    note: str


# classes and lexicon --------------------------------------------------------------------------------------------------
class Category(Wire):
    list: Literal["kind", "business", "nature", "suggestion"]
    code: Code
    zh: Text80
    en: Text80
    position: Annotated[int, Field(ge=0, le=10_000)]
    active: bool


class LexiconTerm(Wire):
    list: Literal["kind", "business", "nature", "suggestion"]
    code: Code
    term: Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True, pattern=NAMED)]
    weight: Annotated[float, Field(gt=0, le=10)] = 1.0


class Lexicon(Wire):
    categories: Annotated[Rows[Category], Field(max_length=1_000)]
    terms: Annotated[Rows[LexiconTerm], Field(max_length=12_000)]


# system ---------------------------------------------------------------------------------------------------------------
class AuditRow(Wire):
    id: int
    at: datetime
    by: str | None
    action: str
    object: str
    detail: dict[str, str]


class AuditPage(Wire):
    rows: list[AuditRow]
    next: str | None


class SystemPart(Wire):
    name: Literal[
        "switch", "clocks", "database", "recordings", "transcription", "prompts", "journal", "accounts", "reconciler", "lease"
    ]
    ok: bool
    code: str
    detail: str


class Health(Wire):
    """``waiting``: another backend leads, this one takes over when it ends; with status 503, so that nobody is sent here."""

    ok: bool
    state: Literal["serving", "waiting"]


class SystemTrouble(Wire):
    """A background part that fails and is started again; ``reason`` is a kind and a place in the program."""

    part: str
    reason: str
    since: datetime
    times: int


class AsideItem(Wire):
    """Something that could not be done: ``thing`` is a call's id, an account's login, or a kind of fact (``count`` of them)."""

    kind: Literal["facts", "recording", "transcript", "sound", "account"]
    id: str
    thing: str
    reason: str
    since: datetime | None
    count: int
    retryable: bool


class Aside(Wire):
    """What is set aside, the newest first; ``more``: there is more than is shown. ``complete`` False: the database is away."""

    items: list[AsideItem]
    more: bool
    complete: bool


class RetryBody(Wire):
    """Which of them to do again: one (``id``), or all of a kind."""

    kind: Literal["facts", "recording", "transcript"]
    id: Id | None = None


class Retried(Wire):
    """How many are done, or are in line again."""

    taken: int


class System(Wire):
    """What works and what does not; every logged-in person may see it, details without personal data."""

    version: str
    parts: list[SystemPart]
    model: str
    demonstration_model: bool
    vocabulary: int | None
    troubles: list[SystemTrouble]
    hotlines: list[str] = Field(description="The numbers that callers dial, [ivr] numbers")


# websocket: server to browser -----------------------------------------------------------------------------------------
class TicketBrief(Wire):
    id: int
    number: str | None
    state: str
    business: str | None
    nature: str | None
    received_at: datetime


class CallBrief(Wire):
    id: str
    started_at: datetime
    outcome: str | None
    answered_by: str | None
    talked_ms: int | None


class PopCard(Wire):
    """SPEC C5. ``stage`` first: what the switch said; enriched: with what we remember; ``history`` false: database away."""

    id: str
    stage: Literal["first", "enriched"]
    history: bool
    call_id: str
    number: WrittenNumber
    name_sent: str
    customer: Customer | None
    ivr_path: str
    language: Language
    queue: str
    queued_at: datetime | None
    offered_at: datetime
    open_tickets: list[TicketBrief]
    last_calls: list[CallBrief]


class PopMessage(Wire):
    type: Literal["pop"] = "pop"
    seq: int
    sent_at: datetime
    card: PopCard


class PopEndMessage(Wire):
    """The ring is over: ``how`` answered, no_answer, rejected, cancelled. Who it was is told to a page that slept."""

    type: Literal["pop_end"] = "pop_end"
    seq: int
    id: str
    how: str
    at: datetime
    number: str
    name: str


class CallMessage(Wire):
    """The state of this agent's own call: phase talking, held, wrap_up or ended; ``ticket_id`` the draft beside it."""

    type: Literal["call"] = "call"
    seq: int
    call_id: str
    phase: Literal["talking", "held", "ended"]
    since: datetime
    ticket_id: int | None


class DraftMessage(Wire):
    """The transcript has filled a draft (or found no speech): fetch the ticket again."""

    type: Literal["draft"] = "draft"
    seq: int
    ticket_id: int
    call_id: str
    state: Literal["done", "no_speech", "failed"]


class MeMessage(Wire):
    """What is known of the person has changed (extension, kind or secret of the phone): ask /api/me, and /api/phone, again."""

    type: Literal["me"] = "me"
    seq: int


class HandsetMessage(Wire):
    """Where the page's telephone is: here (register), again (here still: register anew), elsewhere (another browser has it), busy
    (not taken from there because of a call)."""

    type: Literal["handset"] = "handset"
    place: Literal["here", "again", "elsewhere", "busy"]


class BoardMessage(Wire):
    """Unnumbered snapshot: sent on connect and at every change, the newest replaces the older."""

    type: Literal["board"] = "board"
    at: datetime
    board: Board


class HelloMessage(Wire):
    """First message. ``lost`` true: the browser's place in the stream is gone, load everything again."""

    type: Literal["hello"] = "hello"
    at: datetime
    epoch: int = Field(description="the run of the server that speaks; boards of another are of the past")
    seq: int
    lost: bool


class ByeMessage(Wire):
    """The server is about to close: ``restart``, ``session_ended``, ``too_slow``."""

    type: Literal["bye"] = "bye"
    code: str
    retry_ms: int


ServerMessage = Annotated[
    PopMessage
    | PopEndMessage
    | CallMessage
    | DraftMessage
    | MeMessage
    | HandsetMessage
    | BoardMessage
    | HelloMessage
    | ByeMessage,
    Field(discriminator="type"),
]


# websocket: browser to server -----------------------------------------------------------------------------------------
class ResumeMessage(Wire):
    """First message of the browser: the last number it has seen (0: none)."""

    type: Literal["resume"] = "resume"
    since: Annotated[int, Field(ge=0, le=2**53 - 1)]


class AckMessage(Wire):
    """Everything up to ``seq`` has been shown; ``shown_ms`` from receipt to paint of that message, if it was a pop."""

    type: Literal["ack"] = "ack"
    seq: Annotated[int, Field(ge=0, le=2**53 - 1)]
    shown_ms: Annotated[int, Field(ge=0, le=3_600_000)] | None = None


class PhoneMessage(Wire):
    """The page's telephone, by the name that this browser gave itself: ask for it (or say that one has it, ``busy`` in a call),
    wait for it having been told that it is elsewhere, take it, say that the line is closed after it was lost, leave it."""

    type: Literal["phone"] = "phone"
    act: Literal["ask", "wait", "take", "closed", "leave"]
    device: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+$")]
    busy: bool = False


ClientMessage = Annotated[ResumeMessage | AckMessage | PhoneMessage, Field(discriminator="type")]
