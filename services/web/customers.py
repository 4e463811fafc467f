"""Customers: agents look, the administrator keeps."""

from __future__ import annotations

from services.customers.actions import Customers
from services.customers.model import Customer, CustomerFields
from services.errors import Conflict
from services.people.reads import Reads
from services.people.rights import Right
from services.web import schemas
from services.web.http import Asked, route

IMPORT_BYTES = 24_000_000  # five million characters of Chinese, some of them escaped


class CustomerRoutes:
    def __init__(self, customers: Customers) -> None:
        self._customers = customers
        self._reads = Reads(customers.pool, customers.clock)

    @route("GET", "/api/customers", right=Right.CUSTOMERS_READ)
    async def show(self, asked: Asked, query: schemas.CustomersQuery) -> list[schemas.Customer]:
        """A page in order of id; ``after`` is the id of the last one seen. ``q`` finds numbers by beginning, names by part."""
        await self._reads.note(asked.by, "customer.list", "customer", {"search": "yes" if query.q else "no"})
        found = await self._customers.page(after=query.after, search=query.q, limit=query.limit)
        return [wire(customer) for customer in found]

    @route("POST", "/api/customers", right=Right.CUSTOMERS_WRITE, status=201, raises=(Conflict,))
    async def create(self, asked: Asked, body: schemas.CustomerBody) -> schemas.Customer:
        """A new customer, by a number nobody else has."""
        return wire(await self._customers.create(CustomerFields(**body.model_dump()), by=asked.by.id))

    @route("PUT", "/api/customers/{customer_id}", right=Right.CUSTOMERS_WRITE, raises=(Conflict,))
    async def change(self, asked: Asked, customer_id: schemas.Id, body: schemas.CustomerBody) -> schemas.Customer:
        """Everything of a customer."""
        return wire(await self._customers.change(customer_id, CustomerFields(**body.model_dump()), by=asked.by.id))

    @route("POST", "/api/customers/import", right=Right.CUSTOMERS_WRITE, body_limit=IMPORT_BYTES)
    async def load(self, asked: Asked, body: schemas.ImportBody) -> schemas.ImportResult:
        """Customers from the text of a CSV file; all or nothing, every problem named. ``dry_run`` only looks."""
        outcome = await self._customers.import_csv(body.csv, dry_run=body.dry_run, by=asked.by.id)
        problems = [schemas.RowProblem(row=p.row, field=p.field, wanted=p.wanted, came=p.came) for p in outcome.problems[:1_000]]
        return schemas.ImportResult(
            rows=outcome.rows, created=outcome.created, changed=outcome.changed, unchanged=outcome.unchanged, problems=problems
        )


def wire(customer: Customer) -> schemas.Customer:
    return schemas.Customer(id=customer.id, number=customer.number, name=customer.name, tier=customer.tier, note=customer.note)
