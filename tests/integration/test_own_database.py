"""``[database] url``: the commands and the check on a PostgreSQL of somebody's own, by an account that may do nothing special."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from tests.harness.database import DatabaseServer
from tests.harness.own_database import OwnDatabase, own_database
from tests.harness.switch import free_ports

ENGLISH = {"TINGSU_CENTRE__LANGUAGE": "en"}  # as the sentences below


@dataclass(frozen=True)
class Place:
    folder: Path
    database: OwnDatabase

    async def tingsu(self, *words: str, **changed: str) -> tuple[int, str]:
        """Exit code, and all it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services", *words, cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **ENGLISH, "TINGSU_DATABASE_PASSWORD": self.database.password, **changed},
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    def configure(self, url: str, more: str = "") -> None:
        web, ivr, ami, sip, ws = free_ports(5)
        (self.folder / "config.toml").write_text(
            f"[web]\nport = {web}\n[ivr]\nport = {ivr}\n[asterisk]\nami_port = {ami}\nsip_port = {sip}\nws_port = {ws}\n"
            f"[database]\nurl = {json.dumps(url)}\n{more}"
        )


@pytest.fixture
async def place(postgres: DatabaseServer, tmp_path: Path) -> AsyncIterator[Place]:
    async with own_database(postgres, "own_of_commands") as database:
        place = Place(tmp_path, database)
        place.configure(database.url)
        yield place


async def test_an_empty_database_is_migrated_once_by_its_ordinary_owner(place: Place) -> None:
    code, said = await place.tingsu("migrate")
    assert code == 0, said
    assert "0001_one_call" in said
    assert (await place.tingsu("migrate"))[1].strip() == "the database is at this version already"
    assert await place.database.value("select rolsuper from pg_roles where rolname = current_user") is False
    code, said = await place.tingsu("user", "add", "xiao.wang", "--name", "小王", "--role", "junior_agent")
    assert code == 0, said
    assert await place.database.value("select name from person where login = 'xiao.wang'") == "小王"
    assert not (place.folder / "var/postgres").exists(), "an embedded server was made beside it"


async def test_with_two_accounts_the_desks_owns_nothing_and_needs_no_owner_between_upgrades(place: Place) -> None:
    owner = f"owner_url = {json.dumps(place.database.url)}\n"
    place.configure(place.database.application, owner)
    owners = {"TINGSU_DATABASE_OWNER_PASSWORD": place.database.password}
    code, said = await place.tingsu("check-config", **owners)
    assert code == 0, said
    code, said = await place.tingsu("user", "add", "xiao.wang", "--name", "小王", "--role", "junior_agent", **owners)
    assert code == 0, said
    assert "too much" not in said
    place.configure(place.database.application)
    code, said = await place.tingsu("user", "list")
    assert (code, "小王" in said) == (0, True), said
    desk = await asyncpg.connect(place.database.application, password=place.database.password)
    for way in (
        "update audit set action = 'x'",
        "alter table audit disable trigger all",
        "create table mine ()",
        "delete from person",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.execute(way)
    await desk.close()


async def test_an_account_for_the_desk_that_may_do_too_much_is_told(place: Place, postgres: DatabaseServer) -> None:
    await postgres.run("grant own_of_commands to own_of_commands_desk")
    place.configure(place.database.application, f"owner_url = {json.dumps(place.database.url)}\n")
    code, said = await place.tingsu("migrate", TINGSU_DATABASE_OWNER_PASSWORD=place.database.password)
    assert (code, "may do too much" in said) == (0, True), said


async def test_what_only_the_owner_can_migrate_is_said(place: Place) -> None:
    place.configure(place.database.application)
    code, said = await place.tingsu("migrate")
    assert (code, "own the database" in said, len(said.splitlines())) == (1, True, 1), said


async def test_the_check_finds_it_right_and_tells_its_faults_apart(place: Place) -> None:
    assert (await place.tingsu("check-config")) == (0, "✓ the configuration is right\n")
    for changed, named in (
        ({"TINGSU_DATABASE_PASSWORD": "not-the-password"}, "[database] password_env"),
        ({"TINGSU_DATABASE_PASSWORD": ""}, "[database] password_env"),
        ({"TINGSU_DATABASE__URL": f"{place.database.url}_misspelt"}, "[database] url"),
        ({"TINGSU_DATABASE__URL": f"postgresql://own@127.0.0.1:{free_ports(1)[0]}/own"}, "[database] url"),
    ):
        code, said = await place.tingsu("check-config", **changed)
        assert code == 1
        assert [line.split(":")[0] for line in said.splitlines()] == [f"✗ {named}"], said
        assert place.database.password not in said


async def test_the_password_may_be_in_a_file_that_nobody_else_can_read(place: Place) -> None:
    (place.folder / "password").write_text(place.database.password + "\n")
    place.configure(place.database.url, 'password_file = "password"\n')
    (place.folder / "password").chmod(0o644)
    code, said = await place.tingsu("migrate", TINGSU_DATABASE_PASSWORD="")
    assert (code, "chmod 600" in said) == (1, True), said
    (place.folder / "password").chmod(0o600)
    code, said = await place.tingsu("migrate", TINGSU_DATABASE_PASSWORD="")
    assert code == 0, said


async def test_an_account_that_may_make_no_tables_is_told_so(place: Place, postgres: DatabaseServer) -> None:
    await postgres.run("alter database own_of_commands owner to tingsu")
    code, said = await place.tingsu("migrate")
    assert (code, "own the database" in said, len(said.splitlines())) == (1, True, 1), said


@pytest.mark.parametrize("words", [("migrate",), ("user", "list"), ("run",)])
async def test_a_wrong_password_is_one_line_and_no_traceback(place: Place, words: tuple[str, ...]) -> None:
    code, said = await place.tingsu(*words, TINGSU_DATABASE_PASSWORD="not-the-password")
    assert code == 1
    assert "password is wrong" in said
    assert "Traceback" not in said
