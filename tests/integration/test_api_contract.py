"""The API does what its own description says: schemathesis against the live door, as each role."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from services.people.rights import Role
from services.people.throttle import ThrottleLimits
from services.store import db
from services.web.all_routes import route_classes
from services.web.http import routes_of
from services.web.openapi import document
from tests.harness.api import serve
from tests.harness.clock import HandClock

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
"""
RULE = """
[[operations]]
include-operation-id = "{operation}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "422"]
"""
RULES_BEYOND_SCHEMA = {
    "call_page": "a time that UTC has, too",
    "people_create": "a password that is guessed first",
    "people_change": "a password that is guessed first",
    "session_change_password": "the present password",
    "lexicon_replace": "terms of classes there are",
    "ticket_new": "a class of the centre's lists",
    "ticket_change": "a class of the centre's lists",
    "ticket_confirm": "no mandatory field empty",
    "ticket_close": "an answer",
}
"""Where a query or a body of the right shape may still be refused as 422, and for what."""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("token", TOKENS)
async def test_the_api_keeps_its_own_description(pool: db.Pool, clock: HandClock, tmp_path: Path, token: str) -> None:
    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(document(route_classes(), "0.0-test")))
    config = tmp_path / "schemathesis.toml"
    rules = "".join(RULE.format(operation=operation) for operation in RULES_BEYOND_SCHEMA)
    config.write_text(CONFIG.format(examples=EXAMPLES, token=token) + rules)
    async with serve(pool, clock, tmp_path, throttle=NO_THROTTLE, always=TOKENS) as api:
        command = ["-m", "schemathesis.cli", "--config-file", str(config), "run", str(description), "--url", api.url]
        options = ["--continue-on-failure", "--no-color"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, *options, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        told, _ = await process.communicate()
    assert process.returncode == 0, "\n".join(line[:400] for line in told.decode().splitlines())


def test_the_exceptions_name_operations_there_are() -> None:
    names = {route.name for kind in route_classes() for route in routes_of(kind)}
    assert set(RULES_BEYOND_SCHEMA) <= names
