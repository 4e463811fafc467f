"""Sample people, customers and tickets, made through the HTTP API as people would make them.

    python -m tests.demo.seed http://127.0.0.1:8080 admin     # asks for the password

Can be run again: people keep their accounts (their passwords are made anew), customers are updated, and tickets are not
made a second time, because each carries its key.
"""

from __future__ import annotations

import asyncio
import csv
import getpass
import io
import secrets
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from tests.demo.cast import AGENTS, BRANCHES, CASES, CUSTOMERS, INSPECTOR, STAFF, YOU, Branch, Case, Known, Member
from tests.demo.desk import Desk, Refusal

Passwords = dict[str, str]
"""Login to a random password that the person may go on using."""


async def seed(url: str, admin: Desk) -> Passwords:
    """Everything; the passwords of all sample people come back."""
    passwords = await hire_all(url, admin, (YOU, INSPECTOR, *AGENTS, *STAFF, *await officers(admin)))
    await admin.import_customers(customers_csv(CUSTOMERS).encode())
    for number, case in enumerate(CASES):
        agent = AGENTS[number % len(AGENTS)]
        async with await Desk.log_in(url, agent.login, passwords[agent.login]) as desk:
            await file_case(desk, case, key=f"demo-case-{number:03d}")
    return passwords


async def officers(admin: Desk) -> list[Member]:
    """The service departments with their catalogue, made where they are not there yet; and who answers for each."""
    there = await admin.get("/api/departments")
    if not {branch.code for branch in BRANCHES} <= {one["code"] for one in there["departments"]}:
        kept = [{name: value for name, value in one.items() if name != "id"} for one in there["departments"]]
        fresh = [department(branch) for branch in BRANCHES if branch.code not in {one["code"] for one in kept}]
        rules = [*there["rules"], *(rule(branch) for branch in BRANCHES if department(branch) in fresh)]
        there = await admin.put("/api/departments", number=there["number"], departments=[*kept, *fresh], rules=rules)
    ids = {one["code"]: one["id"] for one in there["departments"]}
    return [replace(branch.officer, department=ids[branch.code]) for branch in BRANCHES]


def department(branch: Branch) -> dict[str, Any]:
    """As it is added."""
    return {"code": branch.code, "zh": branch.zh, "en": branch.en, "hours": branch.hours, "email": None}


def rule(branch: Branch) -> dict[str, Any]:
    """What the catalogue sends there."""
    return {"department": branch.code, "kind": "complaint", "business": branch.business, "nature": branch.nature}


async def hire_all(url: str, admin: Desk, members: Sequence[Member]) -> Passwords:
    """Two at a time: passwords are made and checked, which is meant to be dear, and a small machine has two cores."""
    known = {person["login"]: person["id"] for person in await admin.get("/api/people")}
    few = asyncio.Semaphore(2)

    async def one(member: Member) -> str:
        async with few:
            return await hire(url, admin, member, known)

    async with asyncio.TaskGroup() as group:
        hired = {member.login: group.create_task(one(member), name=f"demo: hire {member.login}") for member in members}
    return {login: task.result() for login, task in hired.items()}


async def hire(url: str, admin: Desk, member: Member, known: Mapping[str, int] | None = None) -> str:
    """An account with a password that need not be changed at the first login. ``known``: ids of those there are, by login."""
    if known is None:
        known = {person["login"]: person["id"] for person in await admin.get("/api/people")}
    if member.login in known:
        made = await admin.post(f"/api/people/{known[member.login]}/password")
    else:
        account = asdict(member)
        account["roles"] = [account.pop("role")]
        made = await admin.post("/api/people", **account)
    async with await Desk.log_in(url, member.login, made["password"]) as desk:
        return await keep(desk, made["password"])


async def keep(desk: Desk, password: str) -> str:
    """The password to go on with: whoever was given one must choose another first."""
    if not desk.me["must_change"]:
        return password
    chosen = secrets.token_urlsafe(12)
    await desk.post("/api/me/password", old=password, new=chosen)
    return chosen


def customers_csv(customers: Iterable[Known]) -> str:
    """The file an administrator would import."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(["电话号码", "客户名称", "客户级别", "备注"])
    writer.writerows((customer.number, customer.name, customer.tier, customer.note) for customer in customers)
    return sheet.getvalue()


async def file_case(desk: Desk, case: Case, *, key: str) -> None:
    """Create one ticket and take it as far as it has come."""
    customer = next((known for known in CUSTOMERS if known.number == case.number), None)
    about = {"customer_number": customer.number, "customer_name": customer.name} if customer else {}
    ticket = await desk.post("/api/tickets", key=key, fields={**case.fields, **about})
    if ticket["state"] != "draft":
        return  # a second run
    if case.becomes == "discarded":
        await act(desk, ticket, "discard")
    elif case.becomes in ("open", "closed"):
        ticket = await act(desk, ticket, "confirm")
        if case.becomes == "closed" and "close" in ticket["may"]:  # some are another's by being confirmed
            await act(desk, ticket, "close")


async def act(desk: Desk, ticket: dict[str, Any], action: str) -> dict[str, Any]:
    """One step of a ticket's life."""
    more = {"closing": "confirmed"} if action == "close" else {}
    moved: dict[str, Any] = await desk.post(f"/api/tickets/{ticket['id']}/{action}", version=ticket["version"], **more)
    return moved


async def _main(url: str, login: str) -> None:
    async with await Desk.log_in(url, login, getpass.getpass(f"{login}'s password: ")) as admin:
        for person, password in (await seed(url, admin)).items():
            print(f"{person:12} {password}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        asyncio.run(_main(sys.argv[1], sys.argv[2]))
    except Refusal as refusal:
        sys.exit(f"refused: {refusal}")
