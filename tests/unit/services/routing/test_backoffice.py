"""The IVR is told of a caller by tier (SPEC A7, C2), and never late."""

from __future__ import annotations

from cti.ids import CallId, Node
from services.calls.facts import Fact, MenuChosen
from services.calls.network_text import printable
from services.customers.wire import Customer
from services.routing.backoffice import BackOffice
from tests.harness.clock import HandClock

CALL = CallId("tingsu-1.1")
BIG = Customer(id=1, number="13800138000", name="张桂芳", tier="big", note="", may=[])


class Remembering:
    """Knows one customer."""

    async def customer(self, number: str) -> Customer | None:
        return BIG if number == "+8613800138000" else None


def office(clock: HandClock, noted: list[Fact]) -> BackOffice:
    priorities = {"normal": 0, "big": 10}
    return BackOffice(
        Remembering(), clock, language="zh-CN", priority_of=priorities.__getitem__, note=noted.append, node=Node("south")
    )  # type: ignore[arg-type]


async def test_a_big_customer_waits_before_others_in_any_spelling_of_the_number(clock: HandClock) -> None:
    assert (await office(clock, []).receive(CALL, "+86 138-0013-8000")).priority == 10


async def test_anybody_else_is_received_as_anybody(clock: HandClock) -> None:
    for number in ("10086", "", "anonymous", "../../etc/passwd"):
        reception = await office(clock, []).receive(CALL, number)
        assert (reception.priority, reception.language) == (0, "zh-CN")


async def test_the_callers_choice_is_noted_and_nothing_waits(clock: HandClock) -> None:
    noted: list[Fact] = []
    await office(clock, noted).chosen(CALL, "1\x00", "notice-1")
    assert noted == [MenuChosen(at=clock.now(), call=CALL, path="1", notice="notice-1", node=Node("south"))]


def test_what_the_network_sends_is_cut_and_cleaned() -> None:
    assert printable("张三\x00\x1b[31m\u2028\ud800") == "张三[31m"
    assert printable("李\u2028四\u2029王\u202e五\u2066") == "李四王五"
    assert len(printable("x" * 1000)) == 64
