from __future__ import annotations

import pytest

from services.customers.numbers import ANYWHERE, Numbering, completed
from services.customers.renumber import renumber
from services.store import db
from tests.harness.clock import HandClock


async def customers(pool: db.Pool, **numbers: str) -> None:
    for name, number in numbers.items():
        await pool.execute("insert into customer (number, name, changed_at) values ($1, $2, now())", number, name)


async def kept(pool: db.Pool) -> dict[str, str]:
    return {row["name"]: row["number"] for row in await pool.fetch("select name, number from customer")}


async def run(pool: db.Pool, clock: HandClock, numbering: Numbering = ANYWHERE) -> int | None:
    async with db.connection(pool) as connection:
        return await renumber(connection, numbering, clock.now())


async def test_numbers_of_an_older_version_are_read_anew_once(pool: db.Pool, clock: HandClock) -> None:
    await customers(
        pool,
        mobile="13800138000",
        fixed="075588886901",
        short="95533",
        local="88886901",
        china="75588886902",
        hongkong="85223456789",
    )
    assert await run(pool, clock) == 0
    assert await kept(pool) == {
        "mobile": "+8613800138000",
        "fixed": "+8675588886901",
        "short": "95533",
        "local": "88886901",
        "china": "+8675588886902",
        "hongkong": "+85223456789",
    }
    assert await run(pool, clock) is None


async def test_an_area_code_set_later_finds_the_local_numbers(pool: db.Pool, clock: HandClock) -> None:
    await run(pool, clock)
    await customers(pool, local="88886901", eaten="75588886902")
    await run(pool, clock, Numbering("0755"))
    assert await kept(pool) == {"local": "+8675588886901", "eaten": "75588886902"}, "what was typed without 0 is nobody's guess"


async def test_two_customers_are_never_made_one(pool: db.Pool, clock: HandClock) -> None:
    await customers(pool, first="075588886901", second="008675588886901", third="8675588886901")
    assert await run(pool, clock) == 2
    assert await kept(pool) == {"first": "+8675588886901", "second": "008675588886901", "third": "8675588886901"}
    named = await pool.fetch("select object, detail from audit where action = 'customer.same_number' order by id")
    assert [(row["object"], row["detail"]) for row in named] == [
        ("customer:2", {"like": "customer:1"}),
        ("customer:3", {"like": "customer:1"}),
    ]


async def test_calls_and_tickets_follow_and_find_their_customer(pool: db.Pool, clock: HandClock) -> None:
    await customers(pool, shop="075588886901")
    await pool.execute(
        """insert into call (id, number, number_sent, name_sent, dialled, started_at) values
           ('tingsu-1.1', '8675588886901', '8675588886901', '', '10000', now()),
           ('tingsu-1.2', '', 'anonymous', '', '10000', now()),
           ('tingsu-1.3', '0085223456789', '0085223456789', '', '10000', now())"""
    )
    await pool.execute(
        """insert into ticket (state, call_id, customer_number, received_at, changed_at) values
           ('draft', 'tingsu-1.1', '8675588886901', now(), now()), ('draft', null, '13800138000', now(), now()),
           ('draft', null, '', now(), now())"""
    )
    await pool.execute(
        "insert into ticket_journal (ticket_id, seq, at, action, changes) select id, 1, now(), 'create', '{}' from ticket"
    )
    await run(pool, clock)
    calls = await pool.fetch("select number, customer_id from call order by id")
    assert [tuple(row) for row in calls] == [("+8675588886901", 1), ("", None), ("+85223456789", None)]
    tickets = await pool.fetch("select customer_number, customer_id, version from ticket order by id")
    assert [tuple(row) for row in tickets] == [("+8675588886901", 1, 2), ("+8613800138000", None, 2), ("", None, 1)]
    journal = await pool.fetch("select ticket_id, seq, action, changes from ticket_journal where seq > 1 order by ticket_id")
    assert [tuple(row) for row in journal] == [
        (1, 2, "renumber", {"customer_number": ["8675588886901", "+8675588886901"]}),
        (2, 2, "renumber", {"customer_number": ["13800138000", "+8613800138000"]}),
    ]


@pytest.mark.parametrize(
    ("digits", "whole"),
    [
        ("75588886901", "+8675588886901"),
        ("85223456789", "+85223456789"),
        ("12125551234", "+12125551234"),
        ("6561234567", "+6561234567"),
        ("13800138000", "13800138000"),
        ("4008001234", "4008001234"),
        ("88886901", "88886901"),
        ("00000000000", "00000000000"),
    ],
)
def test_what_an_older_version_dropped_is_put_back_where_there_is_one_way(digits: str, whole: str) -> None:
    assert completed(digits) == whole
