"""Two backends on one database and one switch: one leads; the other waits, says so, and takes over from a dead or paused one."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.demo.desk import Desk, Refusal
from tests.faults.conftest import Tried
from tests.harness.centre import FIRST_LOGIN, Centre
from tests.harness.database import DatabaseServer
from tests.harness.own_database import own_database
from tests.harness.own_switch import OwnSwitch
from tests.harness.patience import until
from tests.harness.proxy import Proxy
from tests.harness.switch import asterisk_program

TAKES_OVER = 5.0
"""Patiences from the death of who led until the other serves."""
SECRETS = {"TINGSU_AMI_SECRET": "chosen-by-the-owner-0123456789"}


@dataclass(frozen=True)
class Pair:
    """``first`` leads, and reaches the database by ``cable``."""

    first: Centre
    second: Centre
    cable: Proxy

    async def takes_over(self) -> Desk:
        """The administrator at the second one's door, once it serves and hears the switch."""
        await until(self.second.healthy, "the second one serves", TAKES_OVER)
        desk = await Desk.log_in(self.second.url, FIRST_LOGIN, self.first.people[FIRST_LOGIN].password)

        async def hears() -> bool:
            return bool((await desk.get("/api/board"))["link"]["up"])

        await until(hears, "the second one hears the switch", 10)
        return desk


@pytest.fixture
async def pair(postgres: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(own_database(postgres, "shared_centre"))
        switch = await stack.enter_async_context(OwnSwitch(await asterisk_program()))
        settings: dict[str, dict[str, object]] = {
            "instance": {"name": "shared"},
            "asterisk": {"managed": False, "ami_port": switch.ami_port, "sip_port": switch.sip_port, "ws_port": switch.http_port},
        }
        at = urlsplit(database.url)
        cable = await stack.enter_async_context(Proxy(at.port or 0))
        urls = (at._replace(netloc=f"{at.username}@127.0.0.1:{cable.port}").geturl(), database.url)
        secrets = SECRETS | {"TINGSU_DATABASE_PASSWORD": database.password}
        first, second = (
            Centre(tmp_path_factory.mktemp(name), settings=settings | {"database": {"url": url}}, secrets=secrets)
            for name, url in zip(("first", "second"), urls, strict=True)
        )
        await stack.enter_async_context(first)
        await _include(first, switch)
        await switch.start()
        await second.prepare()
        stack.push_async_callback(second.sweep)
        await second.launch()
        yield Pair(first, second, cable)


async def _include(centre: Centre, switch: OwnSwitch) -> None:
    code, said = await centre.tingsu("asterisk-config", "includes")
    assert code == 0, said
    await asyncio.to_thread(switch.include, centre.folder / "includes")


async def test_the_second_one_waits_says_so_and_takes_over_from_a_dead_one(pair: Pair, tried: Tried) -> None:
    tried("kill -9 of the leading one of two backends", 1)
    await until(lambda: _says(pair.second, "waiting"), "the second one waits", 60)
    assert await pair.first.health() == "serving"
    async with aiohttp.ClientSession(pair.second.url) as http:
        async with http.get("/") as page:
            assert page.status == 200  # the desk is there to say it
        async with http.get("/api/me") as answer:
            assert (answer.status, (await answer.json())["code"], answer.headers["Retry-After"]) == (503, "waiting", "2")
    assert "lease.standing_by" in pair.second.log.read_text()
    await pair.first.kill_backend()
    async with await pair.takes_over() as desk:
        lead = next(part for part in (await desk.get("/api/system"))["parts"] if part["name"] == "lease")
    assert (lead["ok"], lead["detail"]) == (True, "epoch 2")
    await pair.second.stop()


async def test_what_a_paused_one_still_does_when_it_goes_on_is_refused_and_it_ends(pair: Pair, tried: Tried) -> None:
    tried("SIGSTOP of the leading one of two backends", 1)
    await until(lambda: _says(pair.second, "waiting"), "the second one waits", 60)
    pair.first.signal(signal.SIGSTOP)
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(_late_write(pair.first), name="a write that it finds when it goes on")
        async with await pair.takes_over() as desk:
            pair.first.signal(signal.SIGCONT)
            assert await asked in {503, 0}
            await until(lambda: pair.first.dead, "the first one ends", 20)
            assert (await desk.get("/api/customers", q="13900000000"))["customers"] == []
            assert (await desk.post("/api/customers", **_customer("13900000001")))["number"] == "13900000001"
    assert "lease.lost" in pair.first.log.read_text()
    assert await pair.second.health() == "serving"
    await pair.second.stop()


async def test_one_that_is_cut_off_from_the_database_alone_commands_nothing_more(pair: Pair, tried: Tried) -> None:
    tried("the leading one of two backends cut off from the database alone", 1)
    await pair.first.hire("anna", extension="1001")
    await until(lambda: _says(pair.second, "waiting"), "the second one waits", 60)
    async with await pair.first.desk("anna") as anna:
        await anna.put("/api/me/state", state="paused", reason="lunch")
        await until(lambda: _leads(pair.first, (True, True)), "the first one sees who waits", 10)
        pair.cable.freeze()  # nothing is refused: it only never answers
        async with await pair.takes_over():
            with pytest.raises(Refusal) as refusal:
                await anna.put("/api/me/state", state="ready", reason="")
            assert (refusal.value.status, refusal.value.code) == (503, "switch_away")
            assert await _lead(pair.first) == (False, True)
    await pair.first.kill_backend()
    assert await pair.second.health() == "serving"
    await pair.second.stop()


async def _leads(centre: Centre, said: tuple[bool, bool]) -> bool:
    return await _lead(centre) == said


async def _lead(centre: Centre) -> tuple[bool, bool]:
    """What the System page says of the lease: that it is sure, and whether another stands by."""
    lease = next(part for part in (await centre.admin.get("/api/system"))["parts"] if part["name"] == "lease")
    return lease["ok"], lease["detail"] in {"epoch 1, another stands by", "epoch 1, 另有一台待命"}


async def _late_write(centre: Centre) -> int:
    """The status of the answer; 0 if there was none."""
    try:
        await centre.admin.post("/api/customers", **_customer("13900000000"))
    except Refusal as refusal:
        return refusal.status
    except (aiohttp.ClientError, TimeoutError):
        return 0
    return 200


def _customer(number: str) -> dict[str, Any]:
    return {"number": number, "name": "late", "tier": "normal", "note": ""}


async def _says(centre: Centre, state: str) -> bool:
    assert not centre.dead, centre.tail()
    return await centre.health() == state
