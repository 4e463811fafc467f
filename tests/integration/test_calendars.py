"""The centre's calendars on a real database: the law's days, editions and their undo, and clocks that are counted anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.access.actor import LoggedIn
from services.alarms import Alarms
from services.bells import Channel
from services.calendars.actions import Calendars
from services.calendars.model import Base, Edition, OwnDay, Written, table
from services.calendars.recounting import Recounting
from services.clocks.current import Current
from services.clocks.sweeper import Sweeper
from services.errors import Invalid, NotFound, Stale
from services.orders.reminding import Reminders
from services.store import db
from services.store.migrate import migrate, read_migrations
from services.troubles import Troubles
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer
from tests.harness.office import ZONE, Office, office
from tests.integration.test_orders import case, dispatch, later, step

DAYS = (("09:00-17:00",),) * 5
BASE = Base(
    zone=ZONE,
    country="CN",
    calendars=(Written(name="office", week=(*DAYS, (), ()), clocks=("N2", "V3")),),
    answer_days=15,
)
TUESDAY = OwnDay(day=date(2026, 11, 24), counts="off", reason="停电")
SATURDAY = OwnDay(day=date(2026, 11, 28), counts="working", like=0, reason="补班")


def due(*moment: int) -> datetime:
    """A time on the wall of Shanghai in November 2026, in UTC."""
    return datetime(2026, 11, *moment, tzinfo=ZONE).astimezone(UTC)  # type: ignore[misc, arg-type]


@pytest.fixture
def calendars(pool: db.Pool, clock: HandClock) -> Calendars:
    return Calendars(pool, clock, BASE, Current(table(BASE, (), Edition())))


@pytest.fixture
def recounting(calendars: Calendars, clock: HandClock) -> Recounting:
    return Recounting(calendars, troubles=Troubles(clock))


@pytest_asyncio.fixture
async def desk(pool: db.Pool, clock: HandClock, tmp_path: Path, calendars: Calendars) -> AsyncIterator[Office]:
    """It is Monday, 23 November, 17:00 in Shanghai, and the centre has just closed."""
    await calendars.settle()
    async with office(pool, clock, tmp_path, drained=False, clocks=calendars.current) as running:
        network = await running.department("network")
        await running.hire("zhao", "senior_agent")
        await running.hire("net", "department_officer", department=network)
        yield running


async def zhao(desk: Office) -> LoggedIn:
    who = await desk.sessions.who(desk.tokens["zhao"])
    assert who is not None
    return who


async def all_of_it(recounting: Recounting) -> None:
    while await recounting.next():
        pass


async def put(calendars: Calendars, desk: Office, *days: OwnDay) -> int:
    """A new edition with these days; its number."""
    standing = await calendars.replace((await calendars.all()).number, Edition(days), by=await zhao(desk))
    return standing.number


async def moves(desk: Office) -> list[tuple[str, datetime, datetime]]:
    sql = "select d.rule, m.was, m.became from deadline_move m join deadline d on d.id = m.deadline_id order by m.id"
    return [(row["rule"], row["was"], row["became"]) for row in await desk.pool.fetch(sql)]


async def ends(desk: Office) -> dict[str, datetime]:
    return {row["rule"]: row["ends_at"] for row in await desk.pool.fetch("select rule, ends_at from deadline order by id")}


# the law's days ---------------------------------------------------------------------------------------------------------


async def test_the_days_of_the_law_are_kept_for_the_years_around_and_an_estimate_says_so(
    calendars: Calendars, clock: HandClock
) -> None:
    await calendars.settle()
    standing = await calendars.all()
    assert [(one.year, one.country) for one in standing.years] == [(2025, "CN"), (2026, "CN"), (2027, "CN")]
    assert [one.known for one in standing.years[:2]] == [True, True]
    clock.move(days=3_650)  # nobody has published those days
    await calendars.settle()
    assert [one.known for one in (await calendars.all()).years if one.year > 2030] == [False] * 3
    clock.move(days=-3_650)
    await calendars.settle()
    law = {one.day: one for one in standing.law}
    assert law[date(2026, 10, 1)].counts == "off"
    assert (law[date(2026, 10, 10)].counts, law[date(2026, 10, 10)].like) == ("working", 2)  # a Saturday, for a Wednesday
    assert law[date(2027, 1, 1)].counts == "off"
    office_hours = calendars.current["N2"].calendar
    assert [bool(office_hours.spans(date(2026, 10, day))) for day in (1, 8, 10, 11)] == [False, True, True, False]


async def test_a_start_without_a_change_makes_no_edition_and_other_settings_make_one(
    pool: db.Pool, clock: HandClock, calendars: Calendars
) -> None:
    await calendars.settle()
    await calendars.settle()
    assert [(one.number, one.by) for one in await calendars.editions()] == [(1, None)]
    none = replace(calendars, base=replace(BASE, country="none"))
    await none.settle()
    assert (await none.all()).number == 2
    assert (await none.all()).law == []


async def test_what_an_administrator_set_stays_whatever_the_law_says(calendars: Calendars, desk: Office) -> None:
    at_work = OwnDay(day=date(2026, 10, 1), counts="working", reason="值班")
    await put(calendars, desk, at_work)
    await calendars.settle()
    assert (await calendars.all()).edition.days == [at_work]
    assert calendars.current["N2"].calendar.spans(at_work.day)


async def test_a_new_year_brings_its_days(calendars: Calendars, recounting: Recounting, clock: HandClock) -> None:
    await all_of_it(recounting)
    clock.move(days=40)
    await all_of_it(recounting)
    assert [one.year for one in (await calendars.all()).years] == [2025, 2026, 2027, 2028]


# editions ---------------------------------------------------------------------------------------------------------------


async def test_every_edition_can_be_had_back_and_a_stale_one_is_refused(calendars: Calendars, desk: Office) -> None:
    first = await put(calendars, desk, TUESDAY)
    second = await put(calendars, desk)
    assert not (await calendars.all()).edition.days
    with pytest.raises(Stale):
        await calendars.replace(first, Edition(), by=await zhao(desk))
    standing = await calendars.go_back(second, first, by=await zhao(desk))
    assert (standing.number, standing.edition.days) == (second + 1, [TUESDAY])
    assert not calendars.current["V3"].calendar.spans(TUESDAY.day)
    with pytest.raises(NotFound):
        await calendars.go_back(second + 1, 99, by=await zhao(desk))
    actions = await desk.pool.fetch("select action from audit where action = 'calendar.replace'")
    assert len(actions) == 3


@pytest.mark.parametrize(
    ("edition", "code"),
    [
        (Edition([TUESDAY, TUESDAY]), "repeated"),
        (Edition([replace(TUESDAY, reason=" ")]), "required"),
        (Edition((), {"night": ((),) * 7}), "unknown_calendar"),
        (Edition((), {"office": (("09:00-12:00", "11:00-13:00"),) * 7}), "no_hours"),
        (Edition((), {"office": (("09:00-10:00",), *((),) * 6)}), "few_hours"),
    ],
)
async def test_what_makes_no_sense_is_refused(calendars: Calendars, desk: Office, edition: Edition, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        await calendars.replace((await calendars.all()).number, edition, by=await zhao(desk))
    assert code in {one.code for one in refused.value.fields}


async def test_hours_of_a_calendar_can_be_others_than_in_the_configuration(calendars: Calendars, desk: Office) -> None:
    week = (*((("08:00-12:00", "13:00-17:00"),) * 5), (), ())
    await calendars.replace((await calendars.all()).number, Edition((), {"office": week}), by=await zhao(desk))
    assert len(calendars.current["N2"].calendar.spans(date(2026, 11, 24))) == 2


# counted anew -----------------------------------------------------------------------------------------------------------


async def test_o7_a_changed_calendar_moves_what_runs_and_says_so(
    calendars: Calendars, desk: Office, recounting: Recounting
) -> None:
    """SPEC O7, N2, V3: the deadline, the warning, the order and the ladder move together; case, order and edition say so."""
    order = await dispatch(desk, await case(desk, "zhao"), "zhao")
    ticket = await desk.pool.fetchval("select ticket_id from work_order")
    await case(desk, "zhao")
    assert (await ends(desk))["V3"] == due(26, 17)
    assert (await ends(desk))["N2"] == due(24, 10)
    number = await put(calendars, desk, TUESDAY)
    assert (await calendars.all()).left == 4, "of two cases the 15 days, of one the hour, and the order"
    await all_of_it(recounting)
    assert (await calendars.all()).left == 0
    assert sorted(await moves(desk)) == [("N2", due(24, 10), due(25, 10)), ("V3", due(26, 17), due(27, 17))]
    assert (await calendars.editions())[0].moved == 2
    row = await desk.pool.fetchrow("select due_at, version from work_order")
    assert row is not None
    assert (row["due_at"], row["version"]) == (due(27, 17), order["version"])
    planned = await desk.pool.fetch("select step, planned_at from order_reminder where state = 'waiting' order by planned_at")
    assert [(one["step"], one["planned_at"]) for one in planned][:2] == [("warning", due(27, 13)), ("reminder", due(27, 17))]
    _, clocks = await desk.ask("zhao", "GET", f"/api/orders/{order['id']}/clocks")
    assert [(one["was"], one["became"], one["by"]) for one in clocks[-1]["moves"]] == [
        ("2026-11-26T09:00:00Z", "2026-11-27T09:00:00Z", "Zhao")
    ]
    _, story = await desk.ask("zhao", "GET", f"/api/tickets/{ticket}/story")
    told = [row for row in story["rows"] if row["action"] == "moved"]
    assert [(row["what"], row["about"], row["by"]) for row in told] == [("clock", "V3", "Zhao")]
    assert number == 2
    await step(desk, "net", order, "accept")  # who saw the order before it moved may go on


async def test_going_back_moves_it_back(calendars: Calendars, desk: Office, recounting: Recounting) -> None:
    await dispatch(desk, await case(desk, "zhao"), "zhao")
    number = await put(calendars, desk, TUESDAY)
    await all_of_it(recounting)
    await calendars.go_back(number, 1, by=await zhao(desk))
    await all_of_it(recounting)
    assert (await ends(desk))["V3"] == due(26, 17)
    states = await desk.pool.fetch(
        "select state, count(*) as n from order_reminder where ends_at = $1 group by state", due(26, 17)
    )
    assert {row["state"]: row["n"] for row in states} == {"waiting": 4}


async def test_what_was_sent_is_not_sent_again_and_what_is_over_stays_over(
    calendars: Calendars, desk: Office, recounting: Recounting, clock: HandClock
) -> None:
    sweeper = Sweeper(desk.pool, clock, troubles=Troubles(clock), effects=Alarms())
    reminders = Reminders(desk.pool, clock, troubles=Troubles(clock))
    await dispatch(desk, await case(desk, "zhao"), "zhao")
    await case(desk, "zhao")
    await later(desk, clock, days=2, hours=22)  # Thursday, 15:00: the order is warned of, the hour of the other case is over

    async def all_due() -> None:
        while await sweeper.next():
            pass
        while await reminders.next():
            pass

    async def told() -> dict[str, int]:
        rows = await desk.pool.fetch("select code, count(*) as n from notice group by code")
        return {row["code"]: row["n"] for row in rows}

    await all_due()
    before = await told()
    assert before["reminder_warning"] == 1
    assert before["clock_breached"] == 1
    await put(calendars, desk, OwnDay(day=date(2026, 11, 27), counts="off", reason="调休"), TUESDAY)
    await all_of_it(recounting)
    assert [rule for rule, *_ in await moves(desk)] == ["V3"]
    assert (await ends(desk))["V3"] == due(30, 17)
    await all_due()
    assert await told() == before
    await later(desk, clock, days=4, hours=1)  # Monday, 16:00: warned of by the new deadline, if it had not been
    await all_due()
    assert (await told())["reminder_warning"] == 1
    await later(desk, clock, hours=2)
    await all_due()
    sent = await desk.pool.fetch("select step, count(*) as n from order_reminder where state = 'sent' group by step")
    assert {row["step"]: row["n"] for row in sent} == {"warning": 1, "reminder": 1}


async def test_a_deadline_that_somebody_named_stays(calendars: Calendars, desk: Office, recounting: Recounting) -> None:
    order: dict[str, Any] = await dispatch(desk, await case(desk, "zhao"), "zhao")
    until = due(30, 12)
    body = {"version": order["version"], "task": "快一点", "urgent": False, "reason": "客户催", "until": until.isoformat()}
    status, _ = await desk.ask("zhao", "POST", f"/api/orders/{order['id']}/chase", body)
    assert status in {200, 201}
    await put(calendars, desk, TUESDAY)
    await all_of_it(recounting)
    assert await desk.pool.fetchval("select due_at from work_order") == until
    assert await moves(desk) == []


async def test_a_clock_that_began_by_the_calendar_of_before_is_found(
    pool: db.Pool, clock: HandClock, tmp_path: Path, calendars: Calendars, desk: Office, recounting: Recounting
) -> None:
    """Whoever was in the middle of a step when the edition changed had the old table in hand."""
    before = Current()
    before.put(dict(calendars.current), calendars.current.edition)
    await put(calendars, desk, TUESDAY)
    await all_of_it(recounting)
    async with office(pool, clock, tmp_path / "late", drained=False, clocks=before) as late:
        late.tokens, late.people = desk.tokens, desk.people
        await case(late, "zhao")
    assert (await ends(desk))["N2"] == due(24, 10)
    await all_of_it(recounting)
    assert (await ends(desk))["N2"] == due(25, 10)


async def test_a_restart_goes_on_where_it_was(calendars: Calendars, desk: Office, clock: HandClock) -> None:
    for _ in range(3):
        await case(desk, "zhao")
    await put(calendars, desk, TUESDAY)
    again = Calendars(desk.pool, clock, BASE, Current())
    await again.settle()
    await all_of_it(Recounting(again, troubles=Troubles(clock)))
    assert len(await moves(desk)) == 3
    assert (await again.all()).left == 0


async def test_nothing_moves_by_more_than_the_rule_says(calendars: Calendars, desk: Office, recounting: Recounting) -> None:
    """SPEC O1: fifteen days of the calendar are fifteen days, whatever hours a centre works."""
    await case(desk, "zhao")
    before = (await ends(desk))["O1"]
    await put(calendars, desk, TUESDAY, SATURDAY)
    await all_of_it(recounting)
    assert (await ends(desk))["O1"] == before
    assert before - timedelta(days=15) == due(23, 17)


async def test_what_is_over_is_explained_by_no_calendar_of_later(
    calendars: Calendars, desk: Office, recounting: Recounting, clock: HandClock
) -> None:
    """A breached clock of ten hours in an office's days: the day off that comes into its past does not make it nine."""
    order = await dispatch(desk, await case(desk, "zhao"), "zhao")
    await later(desk, clock, days=6)
    sweeper = Sweeper(desk.pool, clock, troubles=Troubles(clock), effects=Alarms())
    while await sweeper.next():
        pass

    async def told() -> list[tuple[Any, Any]]:
        _, clocks = await desk.ask("zhao", "GET", f"/api/orders/{order['id']}/clocks")
        return [(one["length_ms"], len(one["stretches"]) > 0) for one in clocks if one["rule"] == "V3"]

    before = await told()
    assert before == [(24 * 3_600_000, True)]
    await put(calendars, desk, TUESDAY)
    await all_of_it(recounting)
    assert await told() == [(None, False)]


# what goes wrong --------------------------------------------------------------------------------------------------------


async def test_a_lost_edition_is_counted_over_and_its_number_not_given_again(
    calendars: Calendars, desk: Office, recounting: Recounting, clock: HandClock
) -> None:
    """The database is an older one after a fail-over: it has no edition 2, and a clock in it was counted by that all the same."""
    await dispatch(desk, await case(desk, "zhao"), "zhao")
    await all_of_it(recounting)
    await desk.pool.execute("update deadline set edition = 2, ends_at = $1 where rule = 'V3'", due(27, 17))
    await desk.pool.execute("update work_order set due_edition = 2, due_at = $1", due(27, 17))
    await all_of_it(recounting)
    assert (await ends(desk))["V3"] == due(26, 17)
    assert ((await calendars.all()).number, calendars.current.edition, (await calendars.all()).left) == (3, 3, 0)
    calendars.current.put(dict(calendars.current), 7)  # as if this process had been told of editions that are gone, too
    assert await put(calendars, desk, TUESDAY) == 8
    await all_of_it(recounting)
    assert (await ends(desk))["V3"] == due(27, 17)
    assert (await calendars.all()).left == 0
    newest = (await calendars.all()).number
    await recounting.next()
    assert (await calendars.all()).number == newest, "nothing is lost any more"


async def test_a_clock_that_cannot_be_counted_keeps_none_behind_it(calendars: Calendars, desk: Office, clock: HandClock) -> None:
    troubles = Troubles(clock)
    recounting = Recounting(calendars, troubles=troubles)
    await dispatch(desk, await case(desk, "zhao"), "zhao")
    await dispatch(desk, await case(desk, "zhao"), "zhao")
    await all_of_it(recounting)
    # the first order's clock counts from a time before which no calendar can count
    first = await desk.pool.fetchval("select min(id) from deadline where rule = 'V3'")
    await desk.pool.execute(
        "update work_order set due_from = '0001-01-01 00:00+00' where id = (select order_id from deadline where id = $1)", first
    )
    number = await put(calendars, desk, TUESDAY)
    await all_of_it(recounting)
    rows = await desk.pool.fetch("select id, edition, ends_at from deadline where rule = 'V3' order by id")
    assert [(row["edition"] == number, row["ends_at"]) for row in rows] == [(False, due(26, 17)), (True, due(27, 17))]
    assert [one.part for one in troubles.standing()] == ["calendars"]
    assert (await calendars.all()).left == 1
    await desk.pool.execute("update work_order set due_from = issued_at")
    clock.move(seconds=601)
    await all_of_it(recounting)
    assert (await calendars.all()).left == 0


async def test_browsers_are_told_once_of_all_that_moved(calendars: Calendars, desk: Office, recounting: Recounting) -> None:
    for _ in range(3):
        await dispatch(desk, await case(desk, "zhao"), "zhao")
    await all_of_it(recounting)
    await put(calendars, desk, TUESDAY)
    heard: asyncio.Queue[str] = asyncio.Queue()

    def hear(*said: object) -> None:
        heard.put_nowait(str(said[-1]))

    async with desk.pool.acquire() as ear:
        await ear.add_listener(Channel.THING_CHANGED, hear)
        try:
            await all_of_it(recounting)
            await desk.pool.execute("select pg_notify('thing_changed', 'all told')")
            told = [await heard.get()]
            while told[-1] != "all told":
                told.append(await heard.get())
        finally:
            await ear.remove_listener(Channel.THING_CHANGED, hear)
    assert sorted(told) == ["all told", "order - 0", "ticket - 0"]


# upgrades ---------------------------------------------------------------------------------------------------------------

UNDER_WAY = """
insert into person (login, name, roles, password_hash, created_at) values
  ('zhao', 'Zhao', '{senior_agent}', 'x', now()), ('boss', 'Boss', '{manager}', 'x', now());
insert into department (code, zh, en, hours) values ('net', '网络', 'Network', 24);
insert into ticket (state, version, received_at, changed_at) select 'draft', 1, now(), now() from generate_series(1, 2);
insert into work_order (number, ticket_id, department_id, leads, state, author_id, made_at, task, hours, due_at, issued_at)
select 'W2026-11-00000' || t.id, t.id, d.id, true, 'issued', p.id, '2026-11-23 10:00+08', 'x', 24,
       case t.id when 1 then '2026-11-26 10:00+08'::timestamptz else '2026-11-26 15:00+08' end, '2026-11-23 10:00+08'
from ticket t, department d, person p where p.login = 'zhao' order by t.id;
insert into outgoing (order_id, verb, state, author_id, task, urgent, hours, written_at, ended_at)
select id, 'dispatch', 'left', author_id, task, urgent, hours, issued_at, issued_at from work_order;
insert into extension (order_id, asked_by, asked_at, until, reason, decided_by, decided_at, granted)
select 2, n.id, '2026-11-23 11:00+08', '2026-11-26 15:00+08', '等备件', z.id, '2026-11-23 12:00+08', true
from person n, person z where n.login = 'boss' and z.login = 'zhao';
insert into deadline (ticket_id, order_id, rule, because, starts_at, ends_at, state, due_at)
select ticket_id, id, 'V3', 'dispatch', issued_at, due_at, 'waiting', due_at from work_order order by id;
"""
"""Two orders that left this Monday at ten, with 24 hours of the office's time; the second was granted time until
Thursday at three."""


async def test_orders_that_were_under_way_at_the_upgrade_have_their_ladder_and_follow_the_calendar(
    postgres: DatabaseServer, clock: HandClock
) -> None:
    """SPEC V3, O7: they left before there were ladders (0031) and calendars that move deadlines (0042)."""
    before = [one for one in read_migrations() if one.name < "0031"]
    async with postgres.fresh("template0") as url:
        owner, pool = await db.connect(url), await db.open_pool(url, size=2)
        try:
            await migrate(owner, migrations=before)
            async with owner.transaction():
                await owner.execute(UNDER_WAY)
            await migrate(owner)
            calendars = Calendars(pool, clock, BASE, Current(table(BASE, (), Edition())))
            recounting = Recounting(calendars, troubles=Troubles(clock))
            await all_of_it(recounting)
            sql = "select step, planned_at from order_reminder where order_id = $1 and state = 'waiting' order by place"
            planned = [[(row["step"], row["planned_at"]) for row in await pool.fetch(sql, order)] for order in (1, 2)]
            steps = ["warning", "reminder", "notice", "criticism"]
            assert [[step for step, _ in one] for one in planned] == [steps, steps]
            assert [at for _, at in planned[0]][:2] == [due(25, 14), due(26, 10)]
            who = await owner.fetchval("select id from person where login = 'zhao'")
            made = "insert into calendar_edition (number, at, person_id, content, digest) values ($1, now(), $2, $3, '')"
            await owner.execute(made, (await calendars.all()).number + 1, who, Edition([TUESDAY]).as_json())
            await all_of_it(recounting)
            rows = await pool.fetch("select due_at, due_from from work_order order by id")
            assert [row["due_at"] for row in rows] == [due(27, 10), due(26, 15)], "what somebody named stays"
            assert [row["planned_at"] for row in await pool.fetch(sql, 1)][:2] == [due(26, 14), due(27, 10)]
        finally:
            await owner.close()
            await pool.close()
