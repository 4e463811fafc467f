"""What is append-only is sealed by the database itself, and whoever owns it and goes round its triggers is found out."""

from __future__ import annotations

import pytest

from services.seals.anchoring import QUERIES, Anchoring
from services.seals.model import Fault, What
from services.seals.verify import JOURNALS, Verification
from services.seals.words import CHAINS
from services.store import db
from services.store.migrate import migrate, read_migrations
from tests.harness.clock import HandClock
from tests.harness.database import DatabaseServer

ROWS = """
insert into person (login, name, roles, password_hash, created_at) values ('anna', 'Anna', '{administrator}', 'x', now());
insert into ticket (state, version, received_at, changed_at) select 'draft', 5, now(), now() from generate_series(1, 4);
insert into ticket_journal (ticket_id, seq, at, person_id, action, changes, note)
select t.id, n, '2026-11-27 03:00:00.12+08', 1, 'change',
       jsonb_build_object('description', jsonb_build_array(null, e'他说"不行"\\n\\\\ 😀 é'), 'zh', jsonb_build_array('', '二')),
       ''
from ticket t, generate_series(1, 5) n order by t.id, n;
insert into audit (at, person_id, action, object, detail)
select now(), null, 'log_in', 'person:1', '{"b": "1", "aa": "2"}' from generate_series(1, 6);
"""


APPEND_ONLY = """
select t.tgrelid::regclass::text from pg_trigger t join pg_proc p on p.oid = t.tgfoid
where p.proname = 'audit_is_append_only' order by 1
"""

ONE_OF_EACH = """
insert into department (code, zh, en, hours) values ('net', '网络', 'Network', 24);
insert into department_edition (number, at, content) values (99, now(), '{}');
insert into work_order (ticket_id, department_id, leads, state, author_id, made_at, task, hours)
select 1, id, true, 'proposed', 1, now(), 'x', 24 from department where code = 'net';
insert into order_journal (order_id, seq, at, action, changes) values (1, 1, now(), 'propose', '{}');
insert into outgoing (order_id, verb, state, author_id, task, urgent, hours, written_at)
values (1, 'dispatch', 'waiting', 1, 'x', false, 24, now());
insert into review (outgoing_id, version, person_id, verdict, reason, at) values (1, 1, 1, 'send_back', 'why', now());
insert into warning (number, order_id, department_id, text, person_id, at)
select 'J2026-00001', 1, id, 'text', 1, now() from department where code = 'net';
"""


async def verified(owner: db.OwnConnection, known: dict[int, bytes] | None = None) -> list[Fault]:
    told: list[Fault] = []
    done: list[int] = []
    verification = Verification(owner, told.append, done.append, known or {})
    whole = await verification.count()
    found = await verification.run()
    assert (found.rows, sum(done), found.faults) == (whole, 2 * whole - found.loose, len(told))
    return told


async def anchored(owner: db.OwnConnection, pool: db.Pool, clock: HandClock) -> None:
    """Rows with a history, and an anchor over all of them."""
    await owner.execute(ROWS)
    anchoring = Anchoring(pool, clock)
    assert await anchoring.next() == 0  # what is settled is known a look later
    assert await anchoring.next() == 1
    assert await verified(owner) == []


async def round_the_triggers(owner: db.OwnConnection, sql: str) -> None:
    await owner.execute(f"set session_replication_role = replica; {sql}; set session_replication_role = origin")


async def test_every_chain_is_called_by_a_word(owner: db.OwnConnection) -> None:
    sealed = {row[0] for row in await owner.fetch(APPEND_ONLY)}
    assert sealed - CHAINS.keys() <= {"seal_anchor"}


async def test_every_row_has_its_hash_and_place_whoever_writes_it_and_whatever_they_say(owner: db.OwnConnection) -> None:
    await owner.execute("set timezone = 'America/St_Johns'; set datestyle = 'German'; set extra_float_digits = 0")
    await owner.execute(ROWS)
    forged = "insert into audit (at, action, object, place, hash) values (now(), 'x', 'y', 1, 'abc') returning place, hash"
    row = await owner.fetchrow(forged)
    assert row is not None
    assert (row["place"] > 20, len(row["hash"])) == (True, 32)
    await owner.execute("set timezone = 'UTC'")
    assert await verified(owner) == []


async def test_a_journal_has_no_gap(owner: db.OwnConnection) -> None:
    await owner.execute(ROWS)
    with pytest.raises(db.asyncpg.RaiseError, match="no gaps"):
        await owner.execute("insert into ticket_journal (ticket_id, seq, at, action, changes) values (1, 7, now(), 'x', '{}')")


WAYS = {
    "alter": ("update ticket_journal set note = 'x' where ticket_id = 2 and seq = 3", ("ticket_journal", 2, 3, What.ALTERED)),
    "alter a time by a microsecond": (
        "update ticket_journal set at = at + interval '1 microsecond' where ticket_id = 2 and seq = 5",
        ("ticket_journal", 2, 5, What.ALTERED),
    ),
    "delete in the middle": (
        "delete from ticket_journal where ticket_id = 2 and seq = 3",
        ("ticket_journal", 2, 3, What.MISSING),
    ),
    "delete the first": ("delete from ticket_journal where ticket_id = 2 and seq = 1", ("ticket_journal", 2, 1, What.MISSING)),
    "delete the tail": ("delete from ticket_journal where ticket_id = 2 and seq > 3", ("ticket_journal", 2, 4, What.CUT)),
    "delete all of it": ("delete from ticket_journal where ticket_id = 2", ("ticket_journal", 2, 1, What.BARE)),
    "swap two": (
        """update ticket_journal j set (at, action, changes, note, place, hash, person_id) =
             (select o.at, o.action, o.changes, o.note, o.place, o.hash, o.person_id from ticket_journal o
              where o.ticket_id = 2 and o.seq = 7 - j.seq) where j.ticket_id = 2 and j.seq in (3, 4)""",
        ("ticket_journal", 2, 3, What.ALTERED),
    ),
    "alter the audit": ("update audit set object = 'person:2' where id = 4", ("audit", 4, None, What.ALTERED)),
}


@pytest.mark.parametrize("way", WAYS)
async def test_the_first_wrong_row_of_a_history_is_named(
    owner: db.OwnConnection, pool: db.Pool, clock: HandClock, way: str
) -> None:
    await anchored(owner, pool, clock)
    sql, wanted = WAYS[way]
    if way == "swap two":
        await owner.execute("drop index ticket_journal_place")  # an owner can; else the two would stand in each other's way
    await round_the_triggers(owner, sql)
    told = await verified(owner)
    assert told[0] == Fault(*wanted)
    assert [fault for fault in told[1:] if fault.chain != "anchor"] == []


async def test_what_is_gone_without_a_trace_of_its_own_is_missed_by_its_anchor(
    owner: db.OwnConnection, pool: db.Pool, clock: HandClock
) -> None:
    await anchored(owner, pool, clock)
    await round_the_triggers(owner, "delete from ticket_journal where ticket_id = 2; delete from ticket where id = 2")
    assert await verified(owner) == [Fault("anchor", 1, None, What.ROWS)]


async def test_a_cut_tail_is_missed_also_where_the_things_version_was_set_back(
    owner: db.OwnConnection, pool: db.Pool, clock: HandClock
) -> None:
    await anchored(owner, pool, clock)
    await round_the_triggers(
        owner, "delete from ticket_journal where ticket_id = 2 and seq > 3; update ticket set version = 3 where id = 2"
    )
    assert await verified(owner) == [Fault("anchor", 1, None, What.ROWS)]


async def test_a_removed_row_of_the_audit_is_missed(owner: db.OwnConnection, pool: db.Pool, clock: HandClock) -> None:
    await anchored(owner, pool, clock)
    await round_the_triggers(owner, "delete from audit where id = 3")
    assert await verified(owner) == [Fault("anchor", 1, None, What.ROWS)]


async def test_anchors_that_are_gone_or_made_anew_are_told_by_one_that_was_noted(
    owner: db.OwnConnection, pool: db.Pool, clock: HandClock
) -> None:
    await anchored(owner, pool, clock)
    noted = {1: await owner.fetchval("select hash from seal_anchor where n = 1")}
    assert await verified(owner, noted) == []
    await round_the_triggers(owner, "delete from audit where id = 3; delete from seal_anchor")
    assert await verified(owner) == []
    assert await verified(owner, noted) == [Fault("anchor", 1, None, What.MISSING)]
    anchoring = Anchoring(pool, clock)
    await anchoring.next()
    await anchoring.next()
    assert await verified(owner, noted) == [Fault("anchor", 1, None, What.FORGED)]


async def test_an_anchor_waits_for_who_has_a_place_and_has_not_committed(
    owner: db.OwnConnection, pool: db.Pool, clock: HandClock
) -> None:
    await owner.execute(ROWS)
    anchoring = Anchoring(pool, clock)
    late = owner.transaction()
    await late.start()
    await owner.execute("insert into audit (at, action, object) values (now(), 'late', 'x')")
    await pool.execute("insert into audit (at, action, object) values (now(), 'earlier committed', 'x')")
    assert [await anchoring.next() for _ in range(3)] == [0, 0, 0]
    await late.commit()
    assert [await anchoring.next() for _ in range(2)] == [1, 0]
    assert await verified(owner) == []


async def test_everything_append_only_is_sealed_verified_and_under_the_anchors(owner: db.OwnConnection) -> None:
    tables = {row[0] for row in await owner.fetch(APPEND_ONLY)} - {"seal_anchor"}
    sealed = (
        "select t.tgrelid::regclass::text from pg_trigger t join pg_proc p on p.oid = t.tgfoid where p.proname = 'row_is_sealed'"
    )
    anchored = "select table_name from information_schema.view_table_usage where view_name = 'sealed_row'"
    assert {row[0] for row in await owner.fetch(sealed)} == tables
    assert {row[0] for row in await owner.fetch(anchored)} == tables
    single = {row["table"] for row in await QUERIES.single.fetch(owner, journals=list(JOURNALS))}
    assert single | set(JOURNALS) == tables


async def test_a_table_of_a_later_migration_is_sealed_without_being_named(owner: db.OwnConnection) -> None:
    await owner.execute("""
        create table verdict (id bigint generated always as identity primary key, text text not null);
        insert into verdict (text) values ('one'), ('two');
        create trigger verdict_append_only before update or delete or truncate on verdict
          for each statement execute function audit_is_append_only()""")
    await migrate(owner)
    await owner.execute("insert into verdict (text) values ('three')")
    assert await verified(owner) == []
    await round_the_triggers(owner, "update verdict set text = 'four' where id = 2")
    assert await verified(owner) == [Fault("verdict", 2, None, What.ALTERED)]


async def test_rows_of_an_older_database_get_theirs_when_it_is_brought_up_to_date(
    postgres: DatabaseServer, clock: HandClock
) -> None:
    before = [one for one in read_migrations() if one.name < "0032_seals.sql"]
    async with postgres.fresh("template0") as url:
        owner, pool = await db.connect(url), await db.open_pool(url, size=2)
        try:
            await migrate(owner, migrations=before)
            await owner.execute(ROWS)
            await round_the_triggers(owner, ONE_OF_EACH)
            old = [f"select exists (select from {row[0]})" for row in await owner.fetch(APPEND_ONLY)]
            assert [sql for sql in old if not await owner.fetchval(sql)] == []
            await migrate(owner)
            assert await verified(owner) == []  # nor has a later migration changed what was sealed
            await owner.execute(
                "insert into ticket_journal (ticket_id, seq, at, action, changes) values (2, 6, now(), 'x', '{}')"
            )
            await owner.execute("update ticket set version = 6 where id = 2")
            anchoring = Anchoring(pool, clock)
            await anchoring.next()
            assert await anchoring.next() == 1
            assert await verified(owner) == []
            assert not await owner.fetchval("select exists (select from pg_trigger where tgenabled = 'D')")
        finally:
            await owner.close()
            await pool.close()
