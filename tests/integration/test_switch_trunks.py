"""Who may send calls and how many, and what the others learn: nothing (config ``[trunks]``)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.asterisk import Trunks
from tests.harness.patience import seconds, until
from tests.harness.sip_phone import Call, CallRefused, Phone
from tests.harness.switch import HOTLINE, Switch, asterisk_program, running_switch, secret_of, sip_agent, switch_plan, watching

UNAVAILABLE, UNAUTHORIZED = 503, 401
KNOWN, UNKNOWN = "1001", "2000"


@asynccontextmanager
async def switch_with(folder: Path, trunks: Trunks) -> AsyncIterator[Switch]:
    plan = switch_plan(folder, await asterisk_program(), agents=(sip_agent(KNOWN),))
    async with running_switch(folder, plan=replace(plan, trunks=trunks)) as switch:
        yield switch


@asynccontextmanager
async def caller(switch: Switch, user: str = "13800138000") -> AsyncIterator[Phone]:
    phone = await Phone.open(switch.sip, user=user)
    try:
        yield phone
    finally:
        phone.close()


async def calls(phone: Phone, count: int) -> list[Call]:
    return [await phone.call(HOTLINE) for _ in range(count)]


@pytest.mark.parametrize("trunks", [Trunks(most_calls=3), Trunks(most_calls_each=3)], ids=["in all", "of one address"])
async def test_a_call_beyond_the_lines_is_refused_and_counted_and_a_line_that_ends_is_free_again(
    tmp_path: Path, trunks: Trunks
) -> None:
    async with (
        switch_with(tmp_path / "run", trunks) as switch,
        watching(switch, as_backend=True) as backend,
        caller(switch) as crowd,
        caller(switch, "13900139000") as late,
    ):
        standing = await calls(crowd, 3)
        since = backend.mark()
        with pytest.raises(CallRefused) as refusal:
            await late.call(HOTLINE)
        assert refusal.value.code == UNAVAILABLE
        gone = await backend.until("Hangup", since=since)
        assert gone["CallerIDNum"] == "13900139000", "the number of who was refused is known"
        await standing[0].hang_up()
        await until(lambda: has_lines(switch, 2), "a line to be free")
        await (await late.call(HOTLINE)).hang_up()
        for call in standing[1:]:
            await call.hang_up()


async def test_a_crowd_without_sound_does_not_shut_the_line(tmp_path: Path) -> None:
    """60 INVITE and ACK from one socket, and never a packet of sound: they stood in the queue for ever."""
    async with switch_with(tmp_path / "run", Trunks(most_calls_each=20, silent_seconds=2)) as switch, caller(switch) as crowd:
        answers = await asyncio.gather(*(silent(crowd) for _ in range(60)), return_exceptions=True)
        assert sum(isinstance(answer, CallRefused) for answer in answers) >= 40
        await until(lambda: has_lines(switch, 0), "every line free", 20)


async def test_nobody_calls_from_an_address_that_is_not_named(tmp_path: Path) -> None:
    async with (
        switch_with(tmp_path / "run", Trunks(networks=("127.0.0.9", "192.0.2.0/24"))) as switch,
        caller(switch) as stranger,
    ):
        with pytest.raises(CallRefused) as refusal:
            await stranger.call(HOTLINE)
        assert refusal.value.code == UNAUTHORIZED


async def test_anybody_may_call_where_that_is_said(tmp_path: Path) -> None:
    async with switch_with(tmp_path / "run", Trunks(networks=())) as switch, caller(switch) as anybody:
        await (await anybody.call(HOTLINE)).hang_up()


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "SUBSCRIBE", "PUBLISH", "MESSAGE", "NOTIFY", "INVITE"])
async def test_a_known_extension_is_answered_like_an_unknown_one(tmp_path: Path, method: str) -> None:
    async with switch_with(tmp_path / "run", Trunks(networks=("127.0.0.9",))) as switch:
        answers = [await answer(switch, user, method) for user in (KNOWN, UNKNOWN)]
    assert answers[0] == answers[1]
    assert answers[0].startswith("SIP/2.0 401")


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "SUBSCRIBE", "PUBLISH", "MESSAGE", "NOTIFY"])
async def test_from_a_trunk_too_nothing_but_a_call_tells_extensions_apart(tmp_path: Path, method: str) -> None:
    async with switch_with(tmp_path / "run", Trunks()) as switch:
        answers = [await answer(switch, user, method) for user in (KNOWN, UNKNOWN)]
        wrong = [await answer(switch, user, method, secret="a-guess-of-sixteen-or-more") for user in (KNOWN, UNKNOWN)]
        phone = await Phone.open(switch.sip, user=KNOWN, secret=secret_of(KNOWN))
        await phone.register()
        phone.close()
    assert answers[0] == answers[1]
    assert wrong[0] == wrong[1]


async def answer(switch: Switch, user: str, method: str, *, secret: str = "") -> str:
    """What a stranger sees of the final answer, without what differs from request to request."""
    phone = await Phone.open(switch.sip, user=user, secret=secret)
    heard: list[bytes] = []
    take = phone.datagram_received
    phone.datagram_received = lambda data, addr: (heard.append(data), take(data, addr))  # type: ignore[assignment]
    call = phone.dial(HOTLINE)
    try:
        with pytest.raises(CallRefused):
            async with asyncio.timeout(seconds(10)):
                await call.request(method, body=call.sdp("sendrecv") if method == "INVITE" else "")
    finally:
        phone.close()
    text = heard[-1].decode()
    for changing in (user, str(phone.port), call.call_id):
        text = text.replace(changing, "-")
    text = re.sub(r"(branch|tag|received|rport)=[^;\s]+", r"\1=", text)
    text = re.sub(r"CSeq: \d+", "CSeq:", text)
    return re.sub(r'(nonce|opaque)="[^"]*"', r"\1=", text)


async def silent(phone: Phone) -> Call:
    call = await phone.call(HOTLINE)
    call.voice.close()
    return call


async def has_lines(switch: Switch, count: int) -> bool:
    return (await switch.command("core show channels count")).startswith(f"{count} active channel")
