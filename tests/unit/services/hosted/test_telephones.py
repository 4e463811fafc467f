from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from ivr.asterisk import AgentEndpoint
from services.errors import DatabaseAway
from services.hosted import telephones
from services.hosted.asterisk import SwitchFailed
from services.hosted.telephones import Telephones
from tests.harness.patience import until
from tests.harness.switch import sip_agent

ANNA, BERT = sip_agent("1001"), sip_agent("1002")


@pytest.mark.parametrize("trouble", [SwitchFailed(), OSError(28, "full"), DatabaseAway()])
async def test_a_phone_taken_away_is_so_in_the_end_whatever_failed(monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    monkeypatch.setattr(telephones, "AGAIN_S", 0.01)
    accounts, troubles, in_force = [ANNA, BERT], [trouble, trouble], [ANNA, BERT]

    async def wanted() -> list[AgentEndpoint]:
        return list(accounts)

    async def put(agents: Iterable[AgentEndpoint]) -> None:
        if troubles:
            accounts.clear()  # meanwhile the other one goes too
            raise troubles.pop()
        in_force[:] = agents

    phones = Telephones(wanted, put)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(phones.run(), name="phones")
        accounts.remove(BERT)
        phones.change()
        await until(lambda: not in_force, "the newest state is in force")
        running.cancel()


async def test_nothing_is_put_while_nothing_changes() -> None:
    asked = 0

    async def wanted() -> list[AgentEndpoint]:
        nonlocal asked
        asked += 1
        return [ANNA]

    done = asyncio.Event()

    async def put(_: Iterable[AgentEndpoint]) -> None:
        done.set()

    phones = Telephones(wanted, put)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(phones.run(), name="phones")
        await asyncio.sleep(0)
        assert asked == 0
        phones.change()
        await done.wait()
        await asyncio.sleep(0)
        assert asked == 1
        running.cancel()
