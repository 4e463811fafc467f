"""A history of years for benches: customers, calls, tickets and their journals, made by the database itself."""

from __future__ import annotations

import asyncpg

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
TICKETS = f"""
insert into ticket (number, version, state, customer_number, kind, business, nature, description, received_at, changed_at)
select 'T' || 2000 + n / 1000000 || '-01-' || lpad((n % 1000000)::text, 6, '0'), 3,
       case when n % 50 = 0 then 'open' else 'closed' end,
       '+86138' || lpad((n % {NUMBERS})::text, 8, '0'), 'complaint', 'data', 'tariff', '多收了钱',
       now() - interval '1 day' - n * interval '20 seconds', now()
from generate_series($1::bigint, $2::bigint) n
"""
JOURNALS = """
insert into ticket_journal (ticket_id, seq, at, action, changes, note)
select ticket.id, seq, ticket.received_at + seq * interval '1 minute',
       (array['create', 'confirm', 'change'])[seq], '{}', ''
from ticket, generate_series(1, 3) seq
where ticket.number between 'T' || 2000 + $1::bigint / 1000000 || '-01-' || lpad(($1::bigint % 1000000)::text, 6, '0')
                        and 'T' || 2000 + $2::bigint / 1000000 || '-01-' || lpad(($2::bigint % 1000000)::text, 6, '0')
"""
AT_ONCE = 250_000
"""Tickets a statement: a connection's memory stays what it is, and progress can be told."""


async def load(url: str, known: int, wanted: int, *, journals: bool = False) -> None:
    """From ``known`` tickets and calls to ``wanted``; with three rows of its journal for each ticket, if asked for."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(CUSTOMERS)
        for first in range(known + 1, wanted + 1, AT_ONCE):
            last = min(wanted, first + AT_ONCE - 1)
            for statement in (CALLS, TICKETS, *([JOURNALS] if journals else ())):
                await connection.execute(statement, first, last)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
