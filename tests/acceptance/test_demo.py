"""`make demo` from nothing: it starts, says who may log in with what, and those may."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from services.config_file import load
from services.hosted import database, place
from tests.demo.desk import Desk
from tests.harness.centre import START, STOP
from tests.harness.patience import seconds, until
from tests.harness.switch import free_ports, free_rtp_range

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def demonstration(config: Path, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`make demo` without its make, and without its callers; ended as by Ctrl-C, or by force."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.demo", "--config", str(config), "--quiet-floor",
            stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out, cwd=ROOT, env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(seconds(STOP)):
                await process.wait()
        except TimeoutError:
            process.kill()
            raise
        finally:
            lies = place.remembered(database.plan_of(load(config)).folder)
            if lies and config.parent not in lies.parents:  # started by root: where the database's account can reach it
                shutil.rmtree(lies, ignore_errors=True)


def passwords(log: Path) -> dict[str, str]:
    """Of the table that it prints: by login."""
    return dict(re.findall(r"(you|demo-admin) +│ +(\S+) +│", log.read_text(encoding="utf-8", errors="replace")))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_demonstration_starts_and_its_people_may_log_in(tmp_path: Path, language: str) -> None:
    web, sip, ws, ami, agi = free_ports(5)
    rtp = free_rtp_range()
    config, log = tmp_path / "config.toml", tmp_path / "demo.log"
    tmp_path.chmod(0o755)
    config.write_text(
        f'[centre]\nlanguage = "{language}"\n[instance]\nfolder = "var-demo"\n[web]\nport = {web}\n[ivr]\nport = {agi}\n'
        f"[asterisk]\nsip_port = {sip}\nws_port = {ws}\nami_port = {ami}\nrtp_first = {rtp}\nrtp_last = {rtp + 239}\n",
        encoding="utf-8",
    )
    async with demonstration(config, log) as process:
        await until(lambda: process.returncode is not None or len(passwords(log)) == 2, "the demonstration's table", START)
        told = log.read_text(encoding="utf-8", errors="replace")
        assert process.returncode is None, told
        for login, password in passwords(log).items():
            async with await Desk.log_in(f"http://127.0.0.1:{web}", login, password) as desk:
                assert desk.me["login"] == login
