"""The link over real TCP. Each fault of panoramisk 1.4 twice: that the plain library has it (or the test would be void one day),
and that ours has not."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from panoramisk import Manager
from panoramisk.message import Message

from cti.ami import LINE_AT_MOST, Link
from cti.errors import ActionFailed, ActionTimeout, LinkDown, LoginRefused, Malformed, MissingHeader, NotAmi, UnsafeValue
from cti.events import ChannelUp, parse
from cti.framing import MESSAGE_AT_MOST
from cti.headers import Headers
from cti.settings import AmiSettings
from tests.harness import patience
from tests.harness.fake_switch import (
    SECRET,
    USER,
    Asked,
    FakeSwitch,
    event,
    in_pieces_of,
    listing,
    message,
    nothing,
    refusal,
    success,
)

AGAIN = 0.1
"""Seconds until plain panoramisk reconnects (2 as it comes)."""
PULSE = patience.seconds(0.2)
"""Seconds between two pings where they matter: a link whose ping has no answer for two of them is given up. Both its ends are in
this process, and a busy machine may keep that from its turn for longer than a twentieth of a second."""
NEWCHANNEL: dict[str, object] = {
    "Channel": "PJSIP/trunk-00000001",
    "ChannelState": 4,
    "CallerIDNum": "13800138000",
    "CallerIDName": "王小明投诉",
    "Exten": "10000",
    "Uniqueid": "t-1.1",
    "Linkedid": "t-1.1",
}


@pytest.fixture
async def switch() -> AsyncIterator[FakeSwitch]:
    async with FakeSwitch() as fake:
        yield fake


def settings(switch: FakeSwitch, **changed: Any) -> AmiSettings:
    given = AmiSettings(host="127.0.0.1", port=switch.port, user=USER, secret=SECRET, ping_interval=60)
    return replace(given, **changed)


@asynccontextmanager
async def opened(switch: FakeSwitch, **changed: Any) -> AsyncIterator[Link]:
    """A link, past the FullyBooted that follows its login."""
    link = await Link.open(settings(switch, **changed))
    try:
        assert [parse(raw) for raw in await link.batch(patience.seconds(5))] != []
        yield link
    finally:
        link.close()


@asynccontextmanager
async def plain(switch: FakeSwitch, **changed: Any) -> AsyncIterator[Manager]:
    """The library as it comes, logged in; its times shortened past the whole seconds it allows."""
    manager = Manager(host="127.0.0.1", port=switch.port, username=USER, secret=SECRET, **changed)
    manager.reconnect_timeout = AGAIN
    manager.connect()
    await patience.until(lambda: manager.authenticated, "plain panoramisk is logged in")
    try:
        yield manager
    finally:
        manager.connect = lambda: None
        manager.close()
        await asyncio.sleep(2 * AGAIN)  # a reconnect it had already planned comes all the same, and is ended here
        manager.close()


async def some(link: Link, count: int) -> list[bytes]:
    got: list[bytes] = []
    while len(got) < count:
        batch = await link.batch(patience.seconds(5))
        assert batch, f"only {len(got)} of {count} events came"
        got += batch
    return got


async def never(future: asyncio.Future[Any]) -> bool:
    """True if it is still open after a while in which everything else had its answer."""
    await asyncio.wait([future], timeout=0.1)
    return not future.done()


# --- 1: characters split over two reads


async def test_a_character_split_over_two_reads_is_whole(switch: FakeSwitch) -> None:
    raw = event("Newchannel", **NEWCHANNEL)
    async with opened(switch) as link:
        for at in range(1, len(raw)):
            await switch.send(raw, lambda data, at=at: iter((data[:at], data[at:])))
        callers = {up.caller for up in map(parse, await some(link, len(raw) - 1)) if isinstance(up, ChannelUp)}
    assert callers == {"王小明投诉"}


async def test_plain_panoramisk_loses_split_characters(switch: FakeSwitch) -> None:
    names: list[str] = []
    raw = event("Newchannel", **NEWCHANNEL)
    async with plain(switch) as manager:
        manager.register_event("Newchannel", lambda _, event: names.append(event.calleridname))
        at = raw.index("小".encode()) + 1
        await switch.send(raw, lambda data: iter((data[:at], data[at:])))
        await patience.until(lambda: names, "the event")
    assert names == ["王明投诉"]


async def test_one_byte_at_a_time_is_as_good(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        await switch.send(event("Newchannel", **NEWCHANNEL) * 2, in_pieces_of(1))
        assert len(await some(link, 2)) == 2


# --- 2: one bad event


async def test_an_event_that_makes_no_sense_costs_no_other(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        await switch.send(event("Hold", Uniqueid="a") + event("Hold") + event("Hold", Uniqueid="b"))
        first, bad, last = await some(link, 3)
        with pytest.raises(Malformed):
            parse(bad)
        assert parse(first) != parse(last)
        assert (await link.ask("Ping")).get("Ping") == "Pong"


async def test_plain_panoramisk_loses_the_link_by_an_exception_in_a_callback(switch: FakeSwitch) -> None:
    seen: list[str] = []

    def callback(_: Manager, event: Message) -> None:
        seen.append(event.uniqueid)
        if event.uniqueid == "b":
            raise ValueError

    async with plain(switch) as manager:
        manager.register_event("Hold", callback)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        try:
            await switch.send(b"".join(event("Hold", Uniqueid=one) for one in "abc"))
            await patience.until(lambda: switch.connections > 1, "it connects again")
        finally:
            asyncio.get_running_loop().set_exception_handler(None)
    assert seen == ["a", "b"]


async def test_plain_panoramisk_loses_the_exceptions_of_coroutines(switch: FakeSwitch) -> None:
    """Ours end the loop: tests/unit/cti/test_monitor.py, an error of whoever listens."""
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))

    async def callback(_: Manager, event: Message) -> None:
        raise ValueError

    def said() -> list[str]:
        gc.collect()  # asyncio speaks of it when the task is thrown away, and to nobody
        return told

    try:
        async with plain(switch) as manager:
            manager.register_event("Hold", callback)
            await switch.send(event("Hold", Uniqueid="a"))
            await patience.until(said, "the last word of the task")
            assert (manager._connected, switch.connections) == (True, 1)
    finally:
        asyncio.get_running_loop().set_exception_handler(None)
    assert told == ["Task exception was never retrieved"]


# --- 3: silence


async def test_a_silent_switch_is_noticed_within_two_pings(switch: FakeSwitch) -> None:
    async with opened(switch, ping_interval=PULSE) as link:
        await switch.heard("Ping", 2)
        switch.answers["Ping"] = nothing
        with pytest.raises(LinkDown, match="silent"):
            await link.batch(patience.seconds(5))


async def test_pings_alone_keep_a_quiet_link(switch: FakeSwitch) -> None:
    async with opened(switch, ping_interval=PULSE) as link:
        await switch.heard("Ping", 8)
        assert await link.batch(0.01) == []


async def test_a_quiet_link_outlives_a_time_in_which_we_stood_still(switch: FakeSwitch) -> None:
    """The switch had answered all that it was asked, and was asked nothing meanwhile."""
    async with opened(switch, ping_interval=PULSE) as link:
        await switch.heard("Ping", 2)
        await link.ask("Ping")
        time.sleep(4 * PULSE)  # noqa: ASYNC251  # the loop itself is to stand still
        await switch.heard("Ping", 6)
        assert await link.batch(0.01) == []


async def test_plain_panoramisk_never_notices_silence(switch: FakeSwitch) -> None:
    async with plain(switch) as manager:
        switch.answers["Ping"] = nothing
        manager.ping_interval = 0.01
        manager.pinger.cancel()  # or there would be two timers, of which close() knows one
        manager.ping()
        await switch.heard("Ping", 8)
        assert (manager._connected, switch.connections) == (True, 1)
        assert len(manager.responses) >= 8


# --- 4: nothing is sent twice


@pytest.mark.parametrize(("action", "values"), [("Originate", {"Channel": "PJSIP/1001"}), ("Command", {"Command": "queue show"})])
async def test_an_unanswered_action_fails_with_the_link_and_is_never_sent_again(
    switch: FakeSwitch, action: str, values: dict[str, str]
) -> None:
    switch.answers[action] = nothing
    async with opened(switch) as link, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(_raised(link.ask(action, values)), name="the action")
        await switch.heard(action)
        switch.cut()
    assert isinstance(asked.result(), LinkDown)
    async with opened(switch) as again:
        await again.ask("Ping")
    assert len(switch.named(action)) == 1


async def test_what_is_asked_without_a_link_is_refused_and_never_sent(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        switch.cut()
        await patience.until(lambda: link._protocol.closed, "the end")
        with pytest.raises(LinkDown):
            await link.ask("QueueRemove")
    async with opened(switch) as again:
        await again.ask("Ping")
    assert switch.named("QueueRemove") == []


async def test_a_list_cut_off_in_the_middle_fails_with_the_link(switch: FakeSwitch) -> None:
    switch.answers["QueueStatus"] = _half_a_list
    async with opened(switch) as link, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(_raised(link.ask_list("QueueStatus")), name="the list")
        await switch.heard("QueueStatus")
        switch.cut()
    assert isinstance(asked.result(), LinkDown)


def _half_a_list(asked: Asked) -> bytes:
    return message("Response: Success", f"ActionID: {asked['ActionID']}", "EventList: start", "Message: will follow")


async def _raised(awaitable: Any) -> BaseException | None:
    try:
        await awaitable
    except Exception as error:  # noqa: BLE001 - the error is the result
        return error
    return None


async def test_plain_panoramisk_sends_an_unanswered_originate_again(switch: FakeSwitch) -> None:
    switch.answers["Originate"] = nothing
    async with plain(switch) as manager:
        manager.send_action({"Action": "Originate", "Channel": "PJSIP/1001"})
        await switch.heard("Originate")
        switch.cut()
        await asyncio.wait_for(switch.heard("Originate", 2), patience.seconds(5))
    first, second = switch.named("Originate")
    assert first == second


async def test_plain_panoramisk_sends_a_command_three_times_for_once(switch: FakeSwitch) -> None:
    switch.answers["Command"] = nothing
    async with plain(switch) as manager:
        manager.send_action({"Action": "Command", "Command": "queue show"})
        await switch.heard("Command")
        switch.cut()
        await asyncio.wait_for(switch.heard("Command", 3), patience.seconds(5))


async def test_plain_panoramisk_keeps_what_is_asked_without_a_link_for_later(switch: FakeSwitch) -> None:
    async with plain(switch) as manager:
        switch.cut()
        await patience.until(lambda: not manager._connected, "the loss")
        assert manager.authenticated is True
        manager.send_action({"Action": "QueueRemove"})
        await asyncio.wait_for(switch.heard("QueueRemove"), patience.seconds(5))


async def test_plain_panoramisk_waits_for_ever_for_a_list_cut_off_in_the_middle(switch: FakeSwitch) -> None:
    switch.answers["QueueStatus"] = _half_a_list
    async with plain(switch) as manager:
        asked = manager.send_action({"Action": "QueueStatus"}, as_list=True)
        await switch.heard("QueueStatus")
        switch.cut()
        await patience.until(lambda: switch.connections > 1, "it connects again")
        assert await never(asked)


async def test_plain_panoramisk_cannot_be_asked_before_it_is_connected(switch: FakeSwitch) -> None:
    """Ours says LinkDown: tests/unit/cti/test_commands.py, without a link."""
    manager = Manager(host="127.0.0.1", port=switch.port, username=USER, secret=SECRET)
    with pytest.raises(AttributeError):
        manager.send_action({"Action": "Ping"})


# --- 5: time-outs


async def test_an_action_without_an_answer_ends_in_time_and_its_late_answer_is_a_stray(switch: FakeSwitch) -> None:
    switch.answers["Redirect"] = nothing
    async with opened(switch) as link:
        with pytest.raises(ActionTimeout, match=r"Redirect: no answer within 0\.05 s"):
            await link.ask("Redirect", limit=0.05)
        await switch.send(success(await switch.heard("Redirect")))
        await link.ask("Ping")
        assert link.strays == 1
        assert link._protocol.responses == {}


async def test_plain_panoramisk_waits_for_ever(switch: FakeSwitch) -> None:
    switch.answers["Redirect"] = nothing
    async with plain(switch) as manager:
        assert await never(manager.send_action({"Action": "Redirect"}))


async def test_a_list_that_is_answered_by_one_word_ends_in_time(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        with pytest.raises(ActionTimeout):
            await link.ask_list("Redirect", limit=0.05)


async def test_plain_panoramisk_waits_for_ever_for_a_list_that_is_answered_by_one_word(switch: FakeSwitch) -> None:
    async with plain(switch) as manager:
        assert await never(manager.send_action({"Action": "Redirect"}, as_list=True))


# --- 6: order


async def test_events_come_in_their_order(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        await switch.send(b"".join(event("Hold", Uniqueid=f"t-1.{n}") for n in range(1000)), in_pieces_of(777))
        assert [parse(raw).channel for raw in await some(link, 1000)] == [f"t-1.{n}" for n in range(1000)]  # type: ignore[union-attr]


async def test_plain_panoramisks_coroutines_finish_in_any_order(switch: FakeSwitch) -> None:
    done: list[str] = []

    async def callback(_: Manager, event: Message) -> None:
        for _turn in range(10 if event.uniqueid == "1" else 1):
            await asyncio.sleep(0)
        done.append(event.uniqueid)

    async with plain(switch) as manager:
        manager.register_event("Hold", callback)
        await switch.send(b"".join(event("Hold", Uniqueid=n) for n in "123"))
        await patience.until(lambda: len(done) == 3, "all three")
    assert done == ["2", "3", "1"]


# --- 7: save_stream


async def test_plain_panoramisk_breaks_on_save_stream_which_we_leave_off(switch: FakeSwitch, tmp_path: Any) -> None:
    async with opened(switch) as link:
        assert link._switch.save_stream is None
    loop = asyncio.get_running_loop()
    seen: list[type[BaseException]] = []
    loop.set_exception_handler(lambda _, context: seen.append(type(context["exception"])))
    manager = Manager(host="127.0.0.1", port=switch.port, username=USER, secret=SECRET, save_stream=str(tmp_path / "x"))
    try:
        manager.connect()
        await patience.until(lambda: TypeError in seen, "the TypeError")
    finally:
        manager.connect = lambda: None
        manager.close()
        loop.set_exception_handler(None)


# --- line ends in values


@pytest.mark.parametrize("bad", ["a\r\n\r\nAction: Command", "a\nb", "a\rb", "a\0b", "a\x7fb", "a\x85b", "a\u2028b", "a\ud800b"])
async def test_a_control_character_is_refused_and_nothing_sent(switch: FakeSwitch, bad: str) -> None:
    async with opened(switch) as link:
        for values in ({"Reason": bad}, {"Variable": ["x=1", bad]}, {f"Reason{bad}": "x"}):
            with pytest.raises(UnsafeValue):
                await link.ask("QueuePause", values)
        with pytest.raises(UnsafeValue):
            await link.ask(f"QueuePause{bad}")
        await link.ask("Ping")
    assert [asked["Action"] for asked in switch.asked] == ["Login", "Ping"]


async def test_text_in_any_script_is_sent_as_it_is(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        await link.ask("QueuePause", {"Reason": "午休\u3000– é"})
    assert switch.named("QueuePause")[0]["Reason"] == "午休\u3000– é"


async def test_a_line_longer_than_the_switch_reads_is_refused(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        with pytest.raises(UnsafeValue):
            await link.ask("QueuePause", {"Reason": "语" * (LINE_AT_MOST // 3)})


async def test_plain_panoramisk_lets_a_value_become_an_action(switch: FakeSwitch) -> None:
    async with plain(switch) as manager:
        manager.send_action({"Action": "QueuePause", "Reason": "x\r\n\r\nAction: Command\r\nActionID: 1"})
        await asyncio.wait_for(switch.heard("Command"), patience.seconds(5))


# --- answers that panoramisk takes for something else


async def test_a_refused_list_is_a_refusal(switch: FakeSwitch) -> None:
    switch.answers["QueueStatus"] = refusal("Permission denied")
    async with opened(switch) as link:
        with pytest.raises(ActionFailed, match="QueueStatus: Permission denied"):
            await link.ask_list("QueueStatus")


async def test_plain_panoramisk_waits_for_ever_for_a_refused_list(switch: FakeSwitch) -> None:
    switch.answers["QueueStatus"] = refusal("Permission denied")
    async with plain(switch) as manager:
        assert await never(manager.send_action({"Action": "QueueStatus"}, as_list=True))


async def test_added_to_queue_is_an_answer(switch: FakeSwitch) -> None:
    switch.answers["QueueAdd"] = lambda asked: success(asked, "Added interface to queue")
    async with opened(switch) as link:
        assert (await link.ask("QueueAdd", {"Queue": "complaints"}))["Message"] == "Added interface to queue"


async def test_plain_panoramisk_takes_added_to_queue_for_the_start_of_a_list(switch: FakeSwitch) -> None:
    switch.answers["QueueAdd"] = lambda asked: success(asked, "Added interface to queue")
    async with plain(switch) as manager:
        assert await never(manager.send_action({"Action": "QueueAdd", "Queue": "complaints"}))


@pytest.mark.parametrize("action", ["Atxfer", "Originate"])
async def test_successfully_queued_is_an_answer(switch: FakeSwitch, action: str) -> None:
    switch.answers[action] = lambda asked: success(asked, f"{action} successfully queued")
    async with opened(switch) as link:
        await link.ask(action, {"Channel": "PJSIP/1001-1"})
        await link.ask("Ping")
    assert switch.connections == 1


@pytest.mark.parametrize("action", ["Atxfer", "Originate"])
async def test_plain_panoramisk_loses_the_link_by_successfully_queued(switch: FakeSwitch, action: str) -> None:
    switch.answers[action] = lambda asked: success(asked, f"{action} successfully queued")
    seen: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context["exception"]))
    try:
        async with plain(switch) as manager:
            manager.send_action({"Action": action, "Channel": "PJSIP/1001-1"})
            await patience.until(lambda: switch.connections > 1, "it connects again")
    finally:
        asyncio.get_running_loop().set_exception_handler(None)
    assert repr(seen[0]) == "KeyError('async')"


def _event_first(asked: Asked) -> bytes:
    early = message("Event: OriginateResponse", f"ActionID: {asked['ActionID']}", "Response: Failure", "Reason: 3")
    return early.replace(b"Response: Failure", b"Uniqueid: x") + success(asked, "Originate successfully queued")


async def test_an_event_with_the_actions_id_is_not_its_answer(switch: FakeSwitch) -> None:
    switch.answers["Originate"] = _event_first
    async with opened(switch) as link:
        assert (await link.ask("Originate", {"Async": "true"}))["Message"] == "Originate successfully queued"


async def test_plain_panoramisk_takes_the_event_for_the_answer(switch: FakeSwitch) -> None:
    switch.answers["Originate"] = _event_first
    async with plain(switch) as manager:
        answer = await manager.send_action({"Action": "Originate", "Async": "true"}, as_list=False)
    assert answer.event == "OriginateResponse"


async def test_an_event_with_the_id_of_a_waiting_action_is_heard(switch: FakeSwitch) -> None:
    switch.answers["Redirect"] = nothing
    async with opened(switch) as link, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(_raised(link.ask("Redirect")), name="the redirect")
        await switch.send(event("Hold", Uniqueid="a", ActionID=(await switch.heard("Redirect"))["ActionID"]))
        assert len(await some(link, 1)) == 1
        assert not asked.done()
        link.close()


async def test_plain_panoramisk_keeps_such_an_event_from_who_listens(switch: FakeSwitch) -> None:
    switch.answers["Redirect"] = nothing
    heard: list[str] = []
    async with plain(switch) as manager:
        manager.register_event("Hold", lambda _, event: heard.append(event.uniqueid))
        manager.send_action({"Action": "Redirect"}, as_list=False)
        mine = (await switch.heard("Redirect"))["ActionID"]
        await switch.send(event("Hold", Uniqueid="a", ActionID=mine) + event("Hold", Uniqueid="b"))
        await patience.until(lambda: heard, "an event")
    assert heard == ["b"]


async def test_an_answer_with_its_id_twice_is_an_answer(switch: FakeSwitch) -> None:
    switch.answers["Redirect"] = lambda asked: success(asked)[:-2] + b"ActionID: other\r\n\r\n"
    async with opened(switch) as link:
        await link.ask("Redirect")


async def test_plain_panoramisk_loses_the_link_by_an_id_sent_twice(switch: FakeSwitch) -> None:
    switch.answers["Redirect"] = lambda asked: success(asked)[:-2] + b"ActionID: other\r\n\r\n"
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    try:
        async with plain(switch) as manager:
            manager.send_action({"Action": "Redirect"})
            await patience.until(lambda: switch.connections > 1, "it connects again")
    finally:
        asyncio.get_running_loop().set_exception_handler(None)


async def test_a_list_is_its_items(switch: FakeSwitch) -> None:
    rows: list[dict[str, object]] = [{"Event": "QueueMember", "Location": f"PJSIP/100{n}"} for n in range(3)]
    switch.answers["QueueStatus"] = listing("QueueStatusComplete", rows)
    async with opened(switch) as link:
        assert [row["Location"] for row in await link.ask_list("QueueStatus")] == ["PJSIP/1000", "PJSIP/1001", "PJSIP/1002"]
        assert link.held == 0


async def test_many_actions_at_once_get_each_its_own_answer(switch: FakeSwitch) -> None:
    switch.answers["Getvar"] = lambda asked: success(asked, asked["Variable"])
    async with opened(switch) as link, asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(link.ask("Getvar", {"Variable": str(n)}), name=f"ask {n}") for n in range(50)]
    assert [task.result()["Message"] for task in asked] == [str(n) for n in range(50)]


# --- headers


ODD = message("Event: Hold", "Timestamp: 1795467869.5", "Uniqueid: a", "ChanVariable: A=1", "ChanVariable: B=2", "Reason: ")


async def test_a_header_that_is_not_there_is_missed_by_name(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        await switch.send(ODD)
        (raw,) = await some(link, 1)
    with pytest.raises(MissingHeader):
        Headers(raw.decode())["Uniqeid"]


async def test_a_header_is_a_text_however_often_it_comes_and_an_empty_one_is_there(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        await switch.send(ODD)
        (raw,) = await some(link, 1)
    headers = Headers(raw.decode())
    assert (headers["Uniqueid"], headers.first("ChanVariable"), headers["Reason"]) == ("a", "A=1", "")
    assert headers.variables() == {"A": "1", "B": "2"}


async def test_plain_panoramisk_has_any_header_makes_lists_of_some_and_drops_the_last_empty_one(switch: FakeSwitch) -> None:
    seen: list[Message] = []
    async with plain(switch) as manager:
        manager.register_event("Hold", lambda _, event: seen.append(event))
        await switch.send(ODD + event("Hold", ChanVariable="A=1"))
        await patience.until(lambda: len(seen) == 2, "both events")
    twice, once = seen
    assert twice.uniqeid == ""
    assert (twice.chanvariable, once.chanvariable) == (["A=1", "B=2"], "A=1")
    assert "reason" not in twice
    with pytest.raises(TypeError):
        once.getdict("ChanVariable")


async def test_bytes_that_are_no_utf8_are_seen_to_be_missing(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        await switch.send(event("Newchannel", **NEWCHANNEL).replace("王小明投诉".encode(), "王小明".encode("gbk")))
        (up,) = map(parse, await some(link, 1))
    assert isinstance(up, ChannelUp)
    assert "\ufffd" in up.caller


async def test_plain_panoramisk_loses_bytes_that_are_no_utf8_without_a_trace(switch: FakeSwitch) -> None:
    seen: list[Message] = []
    async with plain(switch) as manager:
        manager.register_event("Newchannel", lambda _, event: seen.append(event))
        await switch.send(event("Newchannel", **NEWCHANNEL).replace("王小明投诉".encode(), b"\xcd\xf5 Zhang"))
        await patience.until(lambda: seen, "the event")
    assert seen[0].calleridname == " Zhang"


# --- opening


async def test_a_wrong_secret_is_said_clearly(switch: FakeSwitch) -> None:
    with pytest.raises(LoginRefused, match="the switch refuses user 'cti': Authentication failed"):
        await Link.open(settings(switch, secret="wrong"))
    assert len(switch.named("Login")) == 1


async def test_plain_panoramisk_says_nothing_of_a_wrong_secret(switch: FakeSwitch) -> None:
    manager = Manager(host="127.0.0.1", port=switch.port, username=USER, secret="wrong")
    manager.reconnect_timeout = AGAIN
    manager.connect()
    await asyncio.wait_for(switch.heard("Login"), patience.seconds(5))
    answered = manager.authenticated_future
    assert answered is None or (await answered).response == "Error"
    assert manager.authenticated is False
    switch.cut()  # as Asterisk does; and it tries again, for ever
    await asyncio.wait_for(switch.heard("Login", 2), patience.seconds(5))
    manager.connect = lambda: None
    manager.close()


def test_the_secret_is_not_shown_with_the_settings() -> None:
    assert "hunter2" not in repr(AmiSettings(host="h", port=1, user="u", secret="hunter2"))


async def test_nobody_there_is_said_clearly() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(LinkDown, match="no connection to the switch"):
        await Link.open(AmiSettings(host="127.0.0.1", port=port, user=USER, secret=SECRET))


@pytest.mark.parametrize(
    "greeting",
    [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 5000, b"Asterisk Call Manager/" + b"9" * 5000],
)
async def test_something_else_on_that_port_is_said_clearly(greeting: bytes) -> None:
    async with FakeSwitch(greeting) as other:
        with pytest.raises(NotAmi):
            await Link.open(settings(other))
        assert other.asked == []


async def test_a_switch_that_does_not_greet_is_not_waited_for_for_ever() -> None:
    async with FakeSwitch(b"") as mute:
        with pytest.raises(LinkDown, match="greeted"):
            await Link.open(settings(mute, connect_limit=0.05))


async def test_a_switch_that_does_not_answer_the_login_is_not_waited_for_for_ever(switch: FakeSwitch) -> None:
    switch.answers["Login"] = nothing
    with pytest.raises(LinkDown, match="Login"):
        await Link.open(settings(switch, login_limit=0.05))


async def test_a_greeting_in_pieces_is_read() -> None:
    async with FakeSwitch(b"") as slow:
        async with asyncio.TaskGroup() as tasks:
            opening = tasks.create_task(Link.open(settings(slow)), name="open")
            await patience.until(lambda: slow.connections, "the connection")
            await slow.send(b"Asterisk Call Manager/11.0.0\r\n", in_pieces_of(1))
        assert opening.result().version == "11.0.0"
        opening.result().close()


# --- ends


async def test_a_lost_link_hands_over_what_had_come_and_then_says_so(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        await switch.send(event("Hold", Uniqueid="a"))
        await link.ask("Ping")
        switch.cut()
        await patience.until(lambda: link._protocol.closed, "the end")
        assert len(await link.batch(1)) == 1
        with pytest.raises(LinkDown, match="closed the connection"):
            await link.batch(1)
        with pytest.raises(LinkDown):
            await link.ask("Ping")


async def test_a_burst_larger_than_the_backlog_is_read_as_it_is_taken_in(switch: FakeSwitch) -> None:
    count = 30_000  # more than one read, the backlog and the kernel's buffers hold
    async with opened(switch, backlog=10) as link, asyncio.TaskGroup() as tasks:
        burst = b"".join(event("Hold", Uniqueid=f"t-1.{n}", Note="x" * 200) for n in range(count))
        tasks.create_task(switch.send(burst), name="the burst")
        most, got = 0, 0
        while got < count:
            got += len(await link.batch(patience.seconds(5)))
            most = max(most, link.held)
        assert (got, most < count // 4) == (count, True)


async def test_a_backlog_that_nobody_takes_in_ends_the_link(switch: FakeSwitch) -> None:
    async with opened(switch, backlog=10, ping_interval=PULSE) as link:
        await switch.send(event("Hold", Uniqueid="a") * 50)
        await patience.until(lambda: link._protocol.closed, "the end")
        assert len(await link.batch(1)) == 50
        with pytest.raises(LinkDown, match="not taken in"):
            await link.batch(1)


async def test_closing_fails_what_is_pending_and_stays_closed(switch: FakeSwitch) -> None:
    switch.answers["Redirect"] = nothing
    async with opened(switch) as link, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(_raised(link.ask("Redirect")), name="the redirect")
        await switch.heard("Redirect")
        link.close()
    assert isinstance(asked.result(), LinkDown)
    await asyncio.sleep(0.05)
    assert switch.connections == 1


async def test_plain_panoramisk_reconnects_after_close(switch: FakeSwitch) -> None:
    async with plain(switch) as manager:
        switch.cut()
        await patience.until(lambda: not manager._connected, "the loss")
        manager.close()
        await patience.until(lambda: switch.connections > 1, "it connects again")


# --- hostile streams


async def test_garbage_costs_neither_the_link_nor_the_next_event(switch: FakeSwitch) -> None:
    garbage = [
        b"x" * (MESSAGE_AT_MOST * 3) + b"\r\n\r\n",
        b"Event: Hold\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"\x00\xff\xfe\r\n\r\n",
        b": \r\n:\r\n\r\n",
        message("Response: Success"),
        message("Response: Success", "ActionID: somebody-elses"),
        message("Event: QueueMember", "ActionID: somebody-elses"),
        message("Event: NeverHeardOf", "X: y"),
        message("Event: UserEvent", "UserEvent: x", "Event: Hangup", "Uniqueid: t-1.1"),
        message("Event: "),
        message("Event"),
        message("Response: Follows", "ActionID: 1", "--END COMMAND--"),
    ]
    async with opened(switch) as link:
        await switch.send(b"".join(garbage) + event("Hold", Uniqueid="good"))
        first, good = await some(link, 2)
        with pytest.raises(Malformed):
            parse(first)
        assert good.endswith(b"Uniqueid: good")
        assert (await link.ask("Ping"))["Ping"] == "Pong"
        assert link.oversize == 1


async def test_garbage_while_an_action_waits_is_not_its_answer(switch: FakeSwitch) -> None:
    def odd(asked: Asked) -> bytes:
        mine = f"ActionID: {asked['ActionID']}"
        junk = message("Response: Success", "ActionID: other") + message("Event: Odd", mine) + message("X: y", mine)
        return junk + message("Response: Success") + success(asked, "the one")

    switch.answers["Redirect"] = odd
    async with opened(switch) as link:
        assert (await link.ask("Redirect"))["Message"] == "the one"


async def test_ten_megabytes_without_a_line_end_cost_no_memory(switch: FakeSwitch) -> None:
    async with opened(switch) as link:
        for _ in range(10):
            await switch.send(b"y" * 1_000_000)
        await switch.send(b"\r\n\r\n" + event("Hold", Uniqueid="good"))
        assert len(await some(link, 1)) == 1
        assert len(link._protocol.framer._rest) <= MESSAGE_AT_MOST


@pytest.mark.parametrize("at", range(0, 60, 7))
async def test_a_reset_inside_a_message_leaves_nothing_pending(switch: FakeSwitch, at: int) -> None:
    async with opened(switch) as link:
        await switch.send(event("Hold", Uniqueid="a")[:at])
        switch.cut()
        with pytest.raises(LinkDown):
            await link.batch(patience.seconds(5))
        assert link._protocol.responses == {}
