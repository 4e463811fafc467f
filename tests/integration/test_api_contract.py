"""The API does what its own description says: schemathesis against the live door, as each role, in a centre that has lived.

Half of what the fuzzer asks for is there (tests/harness/lived.py): a door that fails for everything that exists, and says "not
found" of all else, would keep its description otherwise.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.access.rights import Role
from services.access.throttle import ThrottleLimits
from services.customers.importing import Order
from services.customers.rows import AS_FOUND
from services.routes import CLASSES, description
from services.store import db
from services.web.http import LINK_HEADER, Route, routes_of
from tests.harness.api import Api, serve
from tests.harness.clock import HandClock
from tests.harness.lived import Lived, live
from tests.harness.patience import seconds

TOKENS = {"fixed-administrator": Role.administrator, "fixed-agent": Role.junior_agent, "fixed-inspector": Role.qa_inspector}
EXAMPLES = 8
NO_THROTTLE = ThrottleLimits(per_login=10**9, per_peer=10**9)
"""The fuzzer would meet 429 after five guesses and nothing else; throttling has tests of its own."""

CONFIG = """
[generation]
deterministic = true
max-examples = {examples}

[auth.openapi.session]
api_key = "{token}"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "409", "413", "415", "422"]
"""
KNOWN = """
[dictionaries.{name}]
values = {values}

[parameters."path.{name}"]
dictionary = "{name}"
probability = 0.5
"""
RULE = """
[[operations]]
include-operation-id = "{operation}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "422"]
"""
RULES_BEYOND_SCHEMA = {
    "call_page": "a time that UTC has, too",
    "customer_create": "a telephone number",
    "customer_change": "a telephone number",
    "people_create": "another extension than the hotline's own number",
    "people_change": "another extension than the hotline's own number",
    "session_change_password": "the present password",
    "lexicon_replace": "terms of classes there are",
    "ticket_new": "a class of the centre's lists, a telephone number",
    "ticket_change": "a class of the centre's lists, a telephone number",
    "ticket_confirm": "no mandatory field empty",
    "ticket_close": "an answer, and the customer's word or a reason of the centre's list",
    "ticket_judge": "an earlier case",
    "ticket_not_accept": "an answer",
    "ticket_accept": "an answer",
    "appeal_add": "words, of its own or in the draft",
    "appeal_chase": "a time to come",
    "calendar_replace": "days that there are, each once, with a reason; calendars of the configuration with hours in order",
    "phrase_replace": "every phrase there was, each once, blocks with their text",
    "department_replace": "rules of departments there are, each once",
    "hotline_overrule": "a step of this case",
    "hotline_order": "a department that receives orders",
    "hotline_compensate": "more than nothing",
    "hotline_conclude": "an answer, and the customer's confirmation or a reason of the centre's",
    "paper_dispatch": "a department that receives orders",
    "paper_second": "the same",
    "paper_redirect": "the same",
    "paper_chase": "a time to come",
    "paper_rewrite": "a reason, a time to come",
    "paper_review": "a reason, marks that do not contradict",
    "order_ask_extension": "a time to come",
}
"""Where a query or a body of the right shape may still be refused as 422, and for what."""


@pytest.mark.timeout(seconds(180))
@pytest.mark.parametrize("token", TOKENS)
async def test_the_api_keeps_its_own_description(pool: db.Pool, clock: HandClock, tmp_path: Path, token: str) -> None:
    described = tmp_path / "openapi.json"
    described.write_text(json.dumps(description("0.0-test")))
    config = tmp_path / "schemathesis.toml"
    rules = "".join(RULE.format(operation=operation) for operation in RULES_BEYOND_SCHEMA)
    async with serve(pool, clock, tmp_path, throttle=NO_THROTTLE, always=TOKENS) as api:
        lived = await live(pool, clock, api.archive, api.accounts[Role.junior_agent])
        ids = ids_of(lived, await imported(api))
        known = "".join(KNOWN.format(name=name, values=json.dumps(values)) for name, values in ids.items())
        config.write_text(CONFIG.format(examples=EXAMPLES, token=token) + known + rules)
        command = ["-m", "schemathesis.cli", "--config-file", str(config), "run", str(described), "--url", api.url]
        options = ["--continue-on-failure", "--no-color"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, *options, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        told, _ = await process.communicate()
    assert process.returncode == 0, "\n".join(line[:400] for line in told.decode().splitlines())


async def imported(api: Api) -> str:
    """A file of customers that has been tried: its report is there."""

    async def file() -> AsyncIterator[bytes]:
        yield "电话,姓名\n13800138000,张三\nx,李四\n".encode()

    job = await api.imports.keep("customers.csv", file(), by=api.accounts[Role.administrator].id)
    await api.imports.look(job, AS_FOUND)
    await api.imports.perform(job, Order(columns={"number": 0, "name": 1}, write=False))
    return job.id


def ids_of(lived: Lived, file: str) -> dict[str, list[str | int]]:
    """Path parameter to what there is of its kind; people's own accounts stay out of the fuzzer's reach."""
    return {
        "call_id": list(lived.calls),
        "ticket_id": list(lived.tickets),
        "customer_id": list(lived.customers),
        "order_id": list(lived.orders),
        "level": ["junior", "senior"],
        "paper_id": list(lived.papers),
        "notice_id": list(lived.notices),
        "warning_id": list(lived.warnings),
        "author_id": list(lived.people),
        "department_id": list(lived.departments),
        "evidence_id": list(lived.evidence),
        "appeal_id": list(lived.appeals),
        "import_id": [file],
    }


READING = [route for kind in CLASSES for route in routes_of(kind) if route.method == "GET" and not route.websocket]


@pytest.mark.parametrize("route", READING, ids=lambda route: route.name)
async def test_whatever_there_is_can_be_read(pool: db.Pool, clock: HandClock, tmp_path: Path, route: Route) -> None:
    async with serve(pool, clock, tmp_path) as api:
        lived = await live(pool, clock, api.archive, api.accounts[Role.junior_agent])
        ids = ids_of(lived, await imported(api))
        path = re.sub(r"\{(\w+)\}", lambda found: str(ids[found[1]][0]), route.path)
        seen = []
        for role in Role:
            async with api.as_role(role) as session, session.get(path) as answer:
                seen.append(answer.status)
        async with api.client() as linked, linked.get(path, headers={LINK_HEADER: lived.link}) as answer:
            seen.append(answer.status)
        assert 200 in seen
        hidden = {"call_id", "order_id", "warning_id", "department_id", "evidence_id"}  # not everybody's to see
        anothers = {404} if hidden & set(route.path_kinds) else set()
        assert set(seen) <= {200, 403} | anothers


def test_the_exceptions_name_operations_there_are() -> None:
    names = {route.name for kind in CLASSES for route in routes_of(kind)}
    assert set(RULES_BEYOND_SCHEMA) <= names
