from __future__ import annotations

import pytest

from services.access.actor import LoggedIn
from services.access.reads import Reads
from services.access.rights import Role
from services.customers.actions import Customers
from services.customers.model import CustomerFields, Sought
from services.customers.numbers import ANYWHERE, Numbering
from services.customers.store import NumberTaken
from services.errors import NotFound
from services.now import Clock
from services.store import db
from tests.harness.api import Api
from tests.harness.clock import HandClock


def customers_of(pool: db.Pool, clock: Clock, numbering: Numbering = ANYWHERE) -> Customers:
    return Customers(pool, clock, Reads(pool, clock), numbering)


async def filled(customers: Customers) -> None:
    for number, name in (("+8613800138000", "张三"), ("+8613800138001", "李四")):
        await customers.pool.execute("insert into customer (number, name, changed_at) values ($1, $2, now())", number, name)


@pytest.fixture
def customers(pool: db.Pool, clock: HandClock) -> Customers:
    return customers_of(pool, clock)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("138", 2),
        ("+86 138-0013-8001", 1),
        ("138 0013 8001", 1),
        ("１３８００１３８００１", 1),
        ("１３８", 2),
        ("0138 0013", 2),
        ("1795113800138001", 1),
        ("-", 0),
        ("８", 0),
        ("李", 1),
        ("王", 0),
    ],
)
async def test_a_search_finds_numbers_by_beginning_and_names_by_part(customers: Customers, search: str, found: int) -> None:
    await filled(customers)
    assert len((await customers.find(Sought(search=search))).customers) == found


async def test_a_number_is_one_customers(api: Api) -> None:
    boss = LoggedIn(person=api.accounts[Role.administrator], session=b"")
    customers = customers_of(api.pool, api.people.clock)
    first = await customers.create(CustomerFields(number="13800138000", name="甲"), by=boss)
    with pytest.raises(NumberTaken):
        await customers.create(CustomerFields(number="13800138000", name="乙"), by=boss)
    with pytest.raises(NotFound):
        await customers.change(first.id + 1, CustomerFields(number="13800138001", name="乙"), by=boss)


@pytest.mark.parametrize("spelling", ["+8675588886901", "008675588886901", "8675588886901", "(0755) 8888-6901", "88886901"])
async def test_a_number_is_one_customers_however_it_is_written(api: Api, spelling: str) -> None:
    boss = LoggedIn(person=api.accounts[Role.administrator], session=b"")
    customers = customers_of(api.pool, api.people.clock, Numbering("0755"))
    await customers.create(CustomerFields(number="0755-88886901", name="甲"), by=boss)
    with pytest.raises(NumberTaken):
        await customers.create(CustomerFields(number=spelling, name="乙"), by=boss)
    assert len((await customers.find(Sought(search=spelling))).customers) == 1


async def test_the_audit_of_a_change_holds_no_personal_data(api: Api) -> None:
    boss = LoggedIn(person=api.accounts[Role.administrator], session=b"")
    await customers_of(api.pool, api.people.clock).create(CustomerFields(number="13800138000", name="张三"), by=boss)
    rows = await api.pool.fetch("select * from audit where action like 'customer.%'")
    assert len(rows) == 1
    assert "张三" not in str(rows)
    assert "13800138000" not in str(rows)
