"""An account that this version cannot read (the role of a newer one): nobody else pays for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.access.rights import Role
from services.people import store as people
from services.store import db
from tests.harness.api import Api, serve
from tests.harness.clock import HandClock

STRANGE = "update person set roles = '{junior_agent,junior_dragon}' where id = $1"


@pytest.fixture
async def strange(pool: db.Pool) -> None:
    await pool.execute("alter table person drop constraint person_roles_check")


@pytest.mark.usefixtures("strange")
async def test_everybody_else_is_listed_and_has_a_telephone(pool: db.Pool, clock: HandClock, tmp_path: Path) -> None:
    async with serve(pool, clock, tmp_path) as api:
        await pool.execute(STRANGE, api.accounts[Role.junior_agent].id)
        async with db.connection(pool) as connection:
            listed = {role for person in await people.everybody(connection) for role in person.roles}
            assert listed == set(Role) - {Role.junior_agent}
        async with api.as_role(Role.administrator) as client:
            aside = await (await client.get("/api/system/aside")).json()
            assert [(item["kind"], item["thing"], item["retryable"]) for item in aside["items"]] == [
                ("account", "junior-agent", False)
            ]


@pytest.mark.usefixtures("strange")
async def test_its_holder_is_nobody(pool: db.Pool, clock: HandClock, tmp_path: Path) -> None:
    async with serve(pool, clock, tmp_path) as api, api.as_role(Role.junior_agent) as client:
        await pool.execute(STRANGE, api.accounts[Role.junior_agent].id)
        assert (await client.get("/api/me")).status == 401
        assert await _log_in(api) == 401


async def _log_in(api: Api) -> int:
    async with api.client() as client:
        answer = await client.post("/api/login", json={"login": "junior-agent", "password": "correct horse battery"})
        return answer.status
