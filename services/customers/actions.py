"""Finds, creates and changes customers. Each change is audited by the customer's id, without the data itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.access import audit, masks
from services.access.actor import LoggedIn
from services.access.reads import Reads
from services.customers import policy, store
from services.customers.model import Customer, CustomerFields, Sought
from services.customers.numbers import ANYWHERE, Numbering
from services.customers.store import Page
from services.errors import Forbidden, Invalid, WrongField
from services.now import Clock
from services.store import db
from services.store.batches import parts_of
from services.store.sorting import KeyKind


@dataclass(frozen=True, slots=True)
class Customers:
    pool: db.Pool
    clock: Clock
    reads: Reads
    numbering: Numbering = ANYWHERE

    @staticmethod
    def sorted_by(sort: str) -> KeyKind:
        """What a cursor of this order holds."""
        return store.SORTS.key(sort).kind

    async def page(self, who: LoggedIn, sought: Sought) -> Page:
        """As ``find``; leafing through customers is on record."""
        hidden = bool(masks.hidden_from(who))
        if hidden and sought.sort.endswith("number"):
            raise Forbidden  # an order, and where its pages end, would tell the numbers
        await self.reads.note(who, "customer.list", "customer", {"search": "yes" if sought.search else "no"})
        return await self.find(sought, whole=hidden)

    async def find(self, sought: Sought, *, whole: bool = False) -> Page:
        """A search that may begin a number, however written, finds those; any finds names that hold it. ``whole``: only the
        number or the name that it is, for whom they are hidden from: what is not shown is not to be guessed piece by piece.
        """
        beginnings = () if whole else self.numbering.beginnings(sought.search)
        number = self.numbering.read(sought.search) if whole else ""
        async with db.transaction(self.pool) as connection:
            return await store.page(connection, sought, beginnings, number, in_names=not whole)

    async def take_away(self, who: LoggedIn, customers: Sequence[int]) -> list[Customer]:
        """These customers in this order, for a file. On record in the same transaction, with how many. Raises Forbidden."""
        if not policy.may_take_away(who):
            raise Forbidden
        async with db.transaction(self.pool) as connection:
            found = {one.id: one for part in parts_of(customers) for one in await store.chosen(connection, part)}
            detail = {"rows": str(len(found))}
            await audit.write(connection, self.clock.now(), by=who.id, action="customer.export", about="customer", detail=detail)
        return [found[one] for one in dict.fromkeys(customers) if one in found]

    async def create(self, new: CustomerFields, *, by: LoggedIn) -> Customer:
        async with db.transaction(self.pool) as connection:
            customer = await store.insert(connection, self._inside(new), self.clock.now())
            await audit.write(connection, self.clock.now(), by=by.id, action="customer.create", about=f"customer:{customer.id}")
        return customer

    async def change(self, customer_id: int, wanted: CustomerFields, *, by: LoggedIn) -> Customer:
        async with db.transaction(self.pool) as connection:
            customer = await store.update(connection, customer_id, self._inside(wanted), self.clock.now())
            await audit.write(connection, self.clock.now(), by=by.id, action="customer.change", about=f"customer:{customer_id}")
        return customer

    def _inside(self, given: CustomerFields) -> CustomerFields:
        """The fields with the number in the form in which it is kept. Raises Invalid."""
        number = self.numbering.read(given.number)
        if not number:
            raise Invalid((WrongField("number", "telephone", "a telephone number"),))
        return replace(given, number=number)
