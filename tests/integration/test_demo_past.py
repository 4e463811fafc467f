"""The demonstration's last days: every deed is one that the program allows, and each desk has something to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from services.access.actor import LoggedIn, Person
from services.access.rights import Role
from services.config_file import load
from services.homes.model import Stage
from services.homes.views import Homes
from services.people import store
from services.people.model import NewPerson
from services.store import db
from tests.demo.cast import AGENTS, BRANCHES, HISTORY, MANAGER, SENIOR, STAFF
from tests.demo.past import live_all
from tests.harness.clock import HandClock


async def hired(pool: db.Pool, clock: HandClock) -> list[Person]:
    added = "insert into department (code, zh, en, hours) values ($1, $2, $3, $4) returning id"
    officers = [
        replace(one.officer, department=await pool.fetchval(added, one.code, one.zh, one.en, one.hours)) for one in BRANCHES
    ]
    async with db.transaction(pool) as connection:
        return [
            await store.insert(
                connection,
                NewPerson(
                    login=one.login, name=one.name, roles=(Role(one.role),), extension=one.extension, department=one.department
                ),
                "x",
                must_change=False,
                at=clock.now(),
            )
            for one in (*AGENTS, *STAFF, *officers)
        ]


async def test_cases_of_the_last_days_wait_for_every_hand_and_are_made_once(
    pool: db.Pool, clock: HandClock, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text("")
    config, staff = load(tmp_path / "config.toml"), await hired(pool, clock)
    for _ in range(2):
        await live_all(config, pool, clock, staff, HISTORY)
    assert await pool.fetchval("select count(*) from ticket") == len(HISTORY)
    people = {one.login: LoggedIn(person=one, session=b"") for one in staff}
    home = await Homes(pool, clock, refusals=2).of(people[SENIOR.login])
    assert home.stages
    standing = {one.stage: one for one in home.stages}
    assert {stage for stage in Stage if standing[stage].cases} == set(Stage) - {Stage.DRAFT}
    assert sum(one.late for one in home.stages) >= 3
    assert sum(one.stuck for one in home.stages) >= 2
    assert {tray.tray for tray in home.trays if tray.count} == {"reviews", "refused", "extensions", "returned"}
    arbiter = await Homes(pool, clock, refusals=2).of(people[MANAGER.login])
    assert [tray.count for tray in arbiter.trays if tray.tray == "final"] == [1]
    for branch in BRANCHES[:2]:
        officer = await Homes(pool, clock, refusals=2).of(people[branch.officer.login])
        assert officer.trays[0].count
