"""The command line as a person types it, on an instance of its own (its embedded database is started for each command)."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from services.config_file import load
from services.hosted import leftovers
from services.hosted.database import reachable
from services.store import db


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Instance:
    folder: Path

    async def tingsu(self, *words: str, given: str = "", language: str = "en") -> Said:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services", *words, cwd=self.folder, env={**os.environ, "TINGSU_CENTRE__LANGUAGE": language},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate(given.encode())
        return Said(process.returncode or 0, out.decode(), err.decode())


@pytest_asyncio.fixture(scope="module")
async def instance() -> AsyncIterator[Instance]:
    with tempfile.TemporaryDirectory(prefix="tingsu-cli-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "config.toml").write_text("[log]\nlevel = 'warning'\n")
        yield Instance(folder)
        assert leftovers.standing_in(folder / "var" / "postgres" / "data") == []


async def test_an_account_is_made_listed_closed_and_opened(instance: Instance) -> None:
    made = await instance.tingsu("user", "add", "xiao.wang", "--name", "小王", "--role", "junior_agent", "--extension", "1001")
    assert made.code == 0, made.err
    assert re.fullmatch(r"xiao\.wang has been made; password: \S{19}\n", made.out)
    assert "shown only here" in made.err
    again = await instance.tingsu("user", "add", "other", "--name", "小李", "--role", "junior_agent", "--extension", "1001")
    assert (again.code, "extension is taken" in again.err) == (1, True)
    assert "Traceback" not in again.err
    await instance.tingsu("user", "disable", "xiao.wang")
    assert "(closed)" in (await instance.tingsu("user", "list")).out
    await instance.tingsu("user", "enable", "xiao.wang")
    listed = (await instance.tingsu("user", "list")).out
    assert "小王" in listed
    assert "(closed)" not in listed


async def test_a_password_is_never_chosen_for_somebody_but_made_and_printed_once(instance: Instance) -> None:
    made = await instance.tingsu("user", "add", "boss", "--name", "主任", "--role", "administrator")
    assert made.code == 0, made.err
    anew = await instance.tingsu("user", "password", "boss")
    assert re.fullmatch(r"new password: \S{19}\n", anew.out)
    assert anew.out.split()[-1] != made.out.split()[-1]
    invented = await instance.tingsu("user", "password", "boss", "--stdin", given="a long enough phrase\n")
    assert (invented.code, "phrase" in invented.out + invented.err) == (2, False)
    nobody = await instance.tingsu("user", "password", "nobody-here")
    assert (nobody.code, nobody.out) == (1, "")


async def test_wrong_fields_of_an_account_are_all_named(instance: Instance) -> None:
    wrong = await instance.tingsu("user", "add", "Big Boss", "--name", "", "--role", "administrator", "--extension", "7")
    assert wrong.code == 1
    for field in ("login", "name", "extension"):
        assert field in wrong.err


async def test_customers_are_imported_or_every_problem_is_named(instance: Instance) -> None:
    good, bad = instance.folder / "good.csv", instance.folder / "bad.csv"
    good.write_bytes("电话,姓名,级别\n13800138000,张三,大客户\n".encode("gb18030"))
    bad.write_text("number,name\nx,\n")
    assert "1 new" in (await instance.tingsu("customers", "import", str(good))).out
    assert "1 unchanged" in (await instance.tingsu("customers", "import", "--dry-run", str(good))).out
    refused = await instance.tingsu("customers", "import", str(bad))
    assert refused.code == 1
    assert "row 2, column A" in refused.err
    assert "row 2, column B" in refused.err
    assert list((instance.folder / "var").glob("imports*")) == []


async def test_a_file_of_customers_that_is_not_clear_is_asked_about(instance: Instance) -> None:
    file, report = instance.folder / "two.csv", instance.folder / "report.csv"
    file.write_text("手机,电话,姓名\n13900139000,075588886901,张三\n,x,李四\n")
    unclear = await instance.tingsu("customers", "import", str(file))
    assert (unclear.code, "--column number=" in unclear.err, "A 手机" in unclear.err) == (1, True, True)
    options = ("--column", "number=B", "--partly", "--report", str(report))
    partly = await instance.tingsu("customers", "import", str(file), *options)
    assert (partly.code, "2 rows: 1 new, 0 changed, 0 unchanged, 1 bad" in partly.out) == (1, True), partly.err
    assert report.read_text("utf-8-sig").splitlines()[1].startswith("3,B,")
    file.write_bytes("电话,姓名\n13900139000,张三\n".encode()[:-2] + b"\n")
    broken = await instance.tingsu("customers", "import", str(file))
    assert (broken.code, "0x" in broken.err, "Traceback" in broken.err) == (1, True, False)


async def test_a_second_migration_finds_nothing_to_do(instance: Instance) -> None:
    await instance.tingsu("migrate")
    assert "at this version already" in (await instance.tingsu("migrate")).out


async def test_the_description_of_the_api_needs_no_database(instance: Instance) -> None:
    told = await instance.tingsu("openapi")
    document = json.loads(told.out)
    assert document["openapi"] == "3.1.0"
    assert {"/api/login", "/api/tickets/{ticket_id}"} <= set(document["paths"])
    assert {"ServerMessage", "ClientMessage", "Problem"} <= set(document["components"]["schemas"])


async def test_a_configuration_full_of_mistakes_stops_every_command(instance: Instance) -> None:
    bad = instance.folder / "bad.toml"
    bad.write_text("[web]\nport = 'x'\nprot = 1\n")
    for words in (("check-config",), ("user", "list"), ("run",), ("migrate",)):
        told = await instance.tingsu(*words, "--config", str(bad))
        assert told.code == 1
        assert "[web] port" in told.err
        assert "did you mean port" in told.err
        assert "Traceback" not in told.err


async def test_a_wrong_setting_does_not_hide_what_is_wrong_elsewhere(instance: Instance) -> None:
    bad = instance.folder / "bad.toml"
    bad.write_text("[web]\nport = '8081'\n[asterisk]\nmanaged = 'yes'\n[transcription]\nmodel = 'nowhere'\n[nix]\na = 1\n")
    told = await instance.tingsu("check-config", "--config", str(bad))
    assert told.code == 1
    named = [line for line in told.err.splitlines() if "✗" in line and "a free port" not in line]
    assert sorted(line.split(":")[0] for line in named) == [
        "✗ [transcription] model", "✗ bad.toml [asterisk] managed", "✗ bad.toml [nix]", "✗ bad.toml [web] port",
    ]  # fmt: skip


async def test_a_port_of_the_reception_that_is_taken_is_named_and_nothing_is_started(instance: Instance) -> None:
    with socket.socket() as taken, socket.socket() as free:
        for one in (taken, free):
            one.bind(("127.0.0.1", 0))
        taken.listen()
        web, agi = free.getsockname()[1], taken.getsockname()[1]
        free.close()
        bad = instance.folder / "bad.toml"
        bad.write_text(f"[instance]\nfolder = 'elsewhere'\n[web]\nport = {web}\n[ivr]\nport = {agi}\n")
        told = await instance.tingsu("run", "--config", str(bad))
    assert told.code == 1
    assert told.err.startswith("✗ [ivr] port"), told.err
    assert "Traceback" not in told.err
    assert not (instance.folder / "elsewhere/postgres").exists()


async def test_a_door_open_to_the_network_is_said_at_the_start(instance: Instance) -> None:
    with socket.socket() as taken:  # so that it starts nothing
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        bad = instance.folder / "bad.toml"
        bad.write_text(f"[web]\nhost = '0.0.0.0'\nport = {taken.getsockname()[1]}\n")
        told = await instance.tingsu("run", "--config", str(bad))
    assert (told.code, "without encryption: [web] host" in told.out) == (1, True), told.err


async def test_the_language_of_the_centre_is_spoken(instance: Instance) -> None:
    bad = instance.folder / "bad.toml"
    bad.write_text("[web]\nport = 'x'\nprot = 1\n")
    wrong = await instance.tingsu("check-config", "--config", str(bad), language="zh-CN")
    assert wrong.err.splitlines() == [
        '✗ bad.toml [web] port：须为整数，不加引号（现为 "x"）',
        "✗ bad.toml [web] prot：没有这个设置；是否指 port？",
    ]
    told = await instance.tingsu("user", "password", "nobody", language="zh-CN")
    assert "✗ 没有账号 nobody" in told.err.splitlines()
    assert "新建账号" in (await instance.tingsu("user", "add", "--help", language="zh-CN")).out


async def test_a_log_that_cannot_be_opened_is_said_before_anything_starts(instance: Instance) -> None:
    bad = instance.folder / "bad.toml"
    bad.write_text("[log]\nfile = 'none/tingsu.log'\n")
    told = await instance.tingsu("run", "--config", str(bad))
    assert (told.code, "[log] file" in told.err, "Traceback" in told.err) == (1, True, False)


@pytest.mark.parametrize("words", [(), ("user",), ("model",), ("customers",), ("run",), ("check-config",), ("asterisk-config",)])
async def test_every_command_explains_itself(instance: Instance, words: tuple[str, ...]) -> None:
    told = await instance.tingsu(*words, "--help")
    assert told.code == 0
    assert len(told.out.splitlines()) > 5


async def test_the_models_are_listed_and_checked(instance: Instance) -> None:
    assert "demonstration" in (await instance.tingsu("model", "list")).out
    assert "✓" in (await instance.tingsu("model", "check")).out
    (name,) = {line.split()[1] for line in (await instance.tingsu("model", "list")).out.splitlines()}
    assert "✓" in (await instance.tingsu("model", "check", name)).out, "by the name it is listed under"
    missing = await instance.tingsu("model", "check", "vosk-model-nowhere")
    assert (missing.code, "Traceback" in missing.err) == (1, False)


async def test_the_files_for_ones_own_switch_are_written_closed_to_others(instance: Instance) -> None:
    own = instance.folder / "own.toml"
    (instance.folder / "ami").write_text("0123456789abcdef0123456789\n")
    (instance.folder / "ami").chmod(0o600)
    own.write_text("[asterisk]\nmanaged = false\nami_secret_file = 'ami'\n")
    told = await instance.tingsu("asterisk-config", "out", "--config", str(own))
    assert told.code == 0, told.err
    written = {path.name: path.stat().st_mode & 0o077 for path in (instance.folder / "out").glob("*.conf")}
    assert "tingsu_manager.conf" in written
    assert set(written.values()) == {0}
    refused = await instance.tingsu("asterisk-config", "out")
    assert (refused.code, "managed" in refused.err) == (1, True)


async def test_the_audit_is_verified_and_what_was_altered_by_its_owner_is_named(instance: Instance) -> None:
    made = await instance.tingsu("user", "add", "sealed", "--name", "小封", "--role", "junior_agent")
    assert made.code == 0, made.err
    whole = await instance.tingsu("audit", "verify")
    assert (whole.code, "everything is as it was written" in whole.out) == (0, True), whole.err
    async with reachable(load(instance.folder / "config.toml"), lambda _: None) as address:
        owner = await db.connect(address.migrator.url, password=address.migrator.password)
        try:
            altered = "update audit set object = 'person:99' where id = (select max(id) from audit) returning id"
            await owner.execute("set session_replication_role = replica")
            row = await owner.fetchval(altered)
        finally:
            await owner.close()
    wrong = await instance.tingsu("audit", "verify")
    assert (wrong.code, f"✗ audit {row}: it is not what was written there" in wrong.err, "1 faults" in wrong.out) == (
        1,
        True,
        True,
    )
    chinese = await instance.tingsu("audit", "verify", language="zh-CN")
    assert f"✗ 审计 {row}：与当时写入的不一致" in chinese.err
    nonsense = await instance.tingsu("audit", "verify", "--known", "1:xyz")
    assert (nonsense.code, "NUMBER:HASH" in nonsense.err) == (2, True)
    gone = await instance.tingsu("audit", "verify", "--known", f"7:{'ab' * 32}")
    assert (gone.code, "anchor 7: it is missing" in gone.err) == (1, True)
