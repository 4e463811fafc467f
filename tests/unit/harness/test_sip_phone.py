"""The telephone of our tests, against a registrar that only answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from tests.harness.patience import until
from tests.harness.sip_phone import CallRefused, Phone


class Registrar(asyncio.DatagramProtocol):
    """Answers each REGISTER with the next of ``codes``, then with 200."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.expires: list[int] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        self.expires += [int(found) for found in re.findall(r"^Expires: (\d+)", text, re.MULTILINE)]
        kept = [line for line in text.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
        code = self.codes.pop(0) if self.codes else 200
        assert self._transport is not None
        self._transport.sendto("\r\n".join([f"SIP/2.0 {code} .", *kept, "Content-Length: 0", "", ""]).encode(), addr)


@pytest.fixture
async def registrar() -> AsyncIterator[tuple[Registrar, tuple[str, int]]]:
    transport, registrar = await asyncio.get_running_loop().create_datagram_endpoint(Registrar, local_addr=("127.0.0.1", 0))
    yield registrar, transport.get_extra_info("sockname")
    transport.close()


async def test_a_registration_is_renewed_before_it_ends(registrar: tuple[Registrar, tuple[str, int]]) -> None:
    seen, address = registrar
    phone = await Phone.open(address, user="1002")
    try:
        await phone.stay_registered(seconds=1)
        await until(lambda: len(seen.expires) >= 3, "the registration to be renewed twice", 10)
    finally:
        phone.close()
    assert set(seen.expires) == {1}


async def test_a_refused_registration_is_tried_again_all_the_same(registrar: tuple[Registrar, tuple[str, int]]) -> None:
    seen, address = registrar
    seen.codes = [403, 503]
    phone = await Phone.open(address, user="1002")
    try:
        with pytest.raises(CallRefused):
            await phone.stay_registered(again=0.1)
        await until(lambda: len(seen.expires) >= 3, "the third try", 10)
    finally:
        phone.close()


async def test_a_closed_phone_registers_no_more(registrar: tuple[Registrar, tuple[str, int]]) -> None:
    seen, address = registrar
    phone = await Phone.open(address, user="1002")
    before = asyncio.all_tasks()  # a telephone of the test before may still be ending
    await phone.stay_registered()
    (renewing,) = [task for task in asyncio.all_tasks() - before if task.get_name() == "1002 registers again"]
    phone.close()
    await asyncio.wait([renewing])
    assert renewing.cancelled()
    assert len(seen.expires) == 1
