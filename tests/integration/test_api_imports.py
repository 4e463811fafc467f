"""A file of customers through the HTTP door: uploaded, looked at, tried, written, its report taken."""

from __future__ import annotations

import csv
import io
from typing import Any

import aiohttp

from services.access.rights import Role
from services.people.model import NewPerson
from tests.harness.api import Api, account, body_of
from tests.harness.patience import until

FILE = "手机,姓名,级别\n13800138000,张三,大客户\n13600000401.0,李四,\n"


async def ask(office: aiohttp.ClientSession, method: str, path: str, status: int, **how: Any) -> Any:
    async with office.request(method, f"/api/customer{path}", **how) as answer:
        assert answer.status == status, await answer.text()
        return None if status == 204 else await body_of(answer)


async def finished(office: aiohttp.ClientSession, job: dict[str, Any]) -> Any:
    async def over() -> Any:
        fresh = await ask(office, "GET", f"-imports/{job['id']}", 200)
        return None if fresh["state"] in ("waiting", "reading", "writing") else fresh

    return await until(over, "the import")


async def test_a_file_is_looked_at_tried_and_written(api: Api) -> None:
    async with api.as_role(Role.administrator) as office:
        job = await ask(office, "POST", "-imports?name=%E5%AE%A2%E6%88%B7.csv", 201, data=FILE.encode("gb18030"))
        assert (job["name"], job["state"], job["look"]["layout"]["encoding"]) == ("客户.csv", "looked", "gb18030")
        assert job["look"]["columns"] == {"number": 0, "name": 1, "tier": 2}
        columns = job["look"]["columns"]

        await ask(office, "POST", f"-imports/{job['id']}/start", 202, json={"columns": columns})
        tried = await finished(office, job)
        assert (tried["state"], tried["good"], tried["bad"], tried["created"], tried["written"]) == ("checked", 1, 1, 1, False)
        assert [(one["line"], one["column"], one["came"]) for one in tried["problems"]] == [(3, "A", "13600000401.0")]
        assert (await ask(office, "GET", "s", 200))["customers"] == []

        await ask(office, "POST", f"-imports/{job['id']}/start", 202, json={"columns": columns, "write": True, "partly": True})
        done = await finished(office, job)
        assert (done["state"], done["written"]) == ("done", True)
        assert [one["number"] for one in (await ask(office, "GET", "s", 200))["customers"]] == ["13800138000"]

        async with office.get(f"/api/customer-imports/{job['id']}/report") as answer:
            assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
            report = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
        assert [row[:2] for row in report[1:]] == [["3", "A"]]
    own = "select action, object from audit where object = $1 and person_id = $2 order by id"
    noted = await api.pool.fetch(own, f"customer-import:{job['id']}", api.accounts[Role.administrator].id)
    actions = [row["action"].removeprefix("customer.") for row in noted]
    assert actions == ["import.upload", "import.start", "import.start", "import", "report"]


async def test_a_file_that_is_no_one_encoding_is_refused_with_what_was_seen_and_read_as_told(api: Api) -> None:
    async with api.as_role(Role.administrator) as office:
        broken = await ask(office, "POST", "-imports", 201, data=FILE.encode()[:30] + b"\xff" + FILE.encode()[31:])
        assert (broken["state"], "0x" in broken["refusal"], broken["look"]) == ("refused", True, None)
        short = await ask(office, "POST", "-imports", 201, data="number,name\n13800138000,张\n".encode("gb18030"))
        assert short["state"] == "refused"
        told = await ask(office, "POST", f"-imports/{short['id']}/look", 200, json={"encoding": "gb18030"})
        assert (told["state"], told["look"]["rows"][0]["cells"]) == ("looked", ["13800138000", "张"])
        await ask(office, "POST", f"-imports/{short['id']}/start", 409, json={"columns": {"number": 0, "name": 0}})
        await ask(office, "GET", f"-imports/{short['id']}/report", 409)
        await ask(office, "GET", f"-imports/{'0' * 16}", 404)


async def test_an_import_does_not_exist_for_anybody_else(api: Api) -> None:
    other = NewPerson(login="other", name="other", roles=(Role.administrator,), extension=None)
    await account(api.people, other)
    async with api.as_role(Role.administrator) as owner, api.client("other") as stranger:
        job = await ask(owner, "POST", "-imports", 201, data=FILE.encode())
        path = f"-imports/{job['id']}"
        columns = {"columns": job["look"]["columns"], "write": True, "partly": True}
        for method, rest, body in (
            ("GET", "", None), ("POST", "/look", {}), ("POST", "/start", columns), ("GET", "/report", None), ("DELETE", "", None),
        ):  # fmt: skip
            await ask(stranger, method, path + rest, 404, json=body)
        assert await ask(stranger, "GET", "-imports", 200) == []
        assert [one["id"] for one in await ask(owner, "GET", "-imports", 200)] == [job["id"]]
        await ask(owner, "DELETE", path, 204)
        await ask(owner, "GET", path, 404)
    assert await api.pool.fetchval("select count(*) from customer") == 0
    assert await api.pool.fetchval("select count(*) from audit where action = 'customer.import.cancel'") == 1
