"""A history of years for benches: customers, calls, tickets and their journals, made by the database itself.

Journals are sealed as the trigger does it (``0032_seals.sql``) and under anchors, as those of a centre are; but those of 250,000
tickets with one statement: the trigger looks up the row before for each row, which would take longer than all the rest. That both
make the same seals is checked of the last tickets of each load.
"""

from __future__ import annotations

import asyncpg

from services.now import SystemClock
from services.seals.anchoring import Anchoring
from services.store import db

NUMBERS = 100_000
"""Callers in the history."""

CUSTOMERS = f"""
insert into customer (number, name, tier, changed_at)
select '+86138' || lpad(n::text, 8, '0'), '客户' || n, 'normal', now() from generate_series(0, {NUMBERS - 1}) n
on conflict do nothing
"""
CALLS = f"""
insert into call (id, number, number_sent, name_sent, dialled, started_at, queued_at, queue, ended_at, outcome, waited_ms,
                  talked_ms)
select 'old-1700000000.' || n, '+86138' || lpad((n % {NUMBERS})::text, 8, '0'), '', '', '10000',
       now() - interval '1 day' - n * interval '20 seconds', now() - interval '1 day' - n * interval '20 seconds', 'complaints',
       now() - interval '1 day' - n * interval '20 seconds' + interval '3 minutes', 'answered', 4000, 170000
from generate_series($1::bigint, $2::bigint) n
"""


def _tickets(customer: str) -> str:
    return f"""
insert into ticket (number, version, state, customer_number, kind, business, nature, description, received_at, changed_at)
select 'T' || 2000 + n / 1000000 || '-01-' || lpad((n % 1000000)::text, 6, '0'), 3,
       case when n % 50 = 0 then 'open' else 'closed' end,
       '+86138' || lpad(({customer})::text, 8, '0'), 'complaint', 'data', 'tariff', '多收了钱',
       now() - interval '1 day' - n * interval '20 seconds', now()
from generate_series($1::bigint, $2::bigint) n
"""


TICKETS = _tickets(f"n % {NUMBERS}")
EACH = 10
"""Tickets of one customer in a history with journals: what is found by a number does not grow with the history."""

STEPS = ("create", "confirm", "change")


def _sealed(before: str, seq: int) -> str:
    """The hash of a journal's row, as ``row_is_sealed`` makes it: over the row's own form and the hash before."""
    own = f"'ticket_id', id, 'seq', {seq}, 'at', at{seq}, 'action', '{STEPS[seq - 1]}', 'place', place{seq}"
    return f"sha256({before} || convert_to(jsonb_build_object({own}, 'changes', '{{}}'::jsonb, 'note', '')::text, 'UTF8'))"


TICKETS_AND_JOURNALS = f"""
with made as ({_tickets(f"n / {EACH}")} returning id, received_at),
placed as materialized (
  select id, received_at + interval '1 minute' as at1, received_at + interval '2 minutes' as at2,
         received_at + interval '3 minutes' as at3,
         nextval('seal_place') as place1, nextval('seal_place') as place2, nextval('seal_place') as place3 from made),
one as materialized (select placed.*, {_sealed("''::bytea", 1)} as hash1 from placed),
two as materialized (select one.*, {_sealed("hash1", 2)} as hash2 from one)
insert into ticket_journal (ticket_id, seq, at, action, changes, note, place, hash)
select id, seq, at, action, '{{}}', '', place, hash
from two cross join lateral (values (1, at1, '{STEPS[0]}', place1, hash1), (2, at2, '{STEPS[1]}', place2, hash2),
                                    (3, at3, '{STEPS[2]}', place3, {_sealed("hash2", 3)})) as row (seq, at, action, place, hash)
"""
WRONGLY_SEALED = """
select count(*) from ticket_journal j left join ticket_journal b on b.ticket_id = j.ticket_id and b.seq = j.seq - 1
where j.ticket_id > (select max(id) - 1000 from ticket) and j.hash <> sha256(coalesce(b.hash, '') || sealed_form(to_jsonb(j)))
"""
AT_ONCE = 250_000
"""Tickets a statement: a connection's memory stays what it is, and progress can be told."""


async def load(url: str, known: int, wanted: int, *, journals: bool = False) -> None:
    """From ``known`` tickets to ``wanted``: each with a call, or with three rows of its journal (``journals``)."""
    connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})
    statements = (TICKETS_AND_JOURNALS,) if journals else (CALLS, TICKETS)
    try:
        await connection.execute(CUSTOMERS)
        await connection.execute(
            "set session_replication_role = replica"
        )  # no trigger: none that seals, none that looks things up
        for first in range(known + 1, wanted + 1, AT_ONCE):
            last = min(wanted, first + AT_ONCE - 1)
            for statement in statements:
                await connection.execute(statement, first, last)
        assert await connection.fetchval(WRONGLY_SEALED) == 0
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
    if journals:
        await _anchored(url)


async def _anchored(url: str) -> None:
    """What the minutes of those years would have drawn."""
    pool = await db.open_pool(url, size=1, statement_ms=0)
    try:
        anchoring = Anchoring(pool, SystemClock())
        await anchoring.next()
        await anchoring.next()
    finally:
        await pool.close()
