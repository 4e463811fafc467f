"""The whole loop over real TCP: a switch that goes away, comes back, lies, floods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from cti.calls import CallState
from cti.changes import CallStarted, Change, LegJoined
from cti.errors import LinkDown
from cti.events import WANTED
from cti.ids import CallId, Extension, Node
from cti.monitor import Backoff, Monitor
from cti.settings import AmiSettings
from cti.switch_time import SwitchTime
from tests.harness import patience
from tests.harness.clock import HandClock
from tests.harness.fake_switch import SECRET, USER, FakeSwitch, event, in_pieces_of, listing, message, refusal, wanted_events
from tests.unit.cti.telling import lines, told

ANSWERED = list(wanted_events("queue_answered.txt", WANTED))
"""1 member, 2 caller up, 3 joins, 4 leg up, 5 rings, 6 device rings, 7 leaves, 8 in use, 9 and 10 bridge, 11 and 12 unbridge …"""
CALLER, LEG = "run1-1795467869.16", "run1-1795467869.17"
BRIDGE = "b2e63ac4-7ed2-4ac8-a910-168ed8f06cfc"

Row = dict[str, object]


def channel(uniqueid: str, name: str, bridge: str = "", state: int = 6) -> Row:
    return {
        "Event": "CoreShowChannel",
        "Channel": name,
        "ChannelState": state,
        "CallerIDNum": "13800138000",
        "CallerIDName": "Zhang San",
        "Exten": "100",
        "Uniqueid": uniqueid,
        "Linkedid": CALLER,
        "Application": "Queue" if uniqueid == CALLER else "AppQueue",
        "Duration": "00:00:09",
        "BridgeId": bridge,
    }


CALLER_ROW, LEG_ROW = channel(CALLER, "PJSIP/anonymous-00000009"), channel(LEG, "PJSIP/2001-0000000a")
MEMBER: Row = {
    "Event": "QueueMember",
    "Queue": "complaints",
    "Location": "PJSIP/2001",
    "Status": 1,
    "Paused": 0,
    "PausedReason": "",
}
ENTRY: Row = {
    "Event": "QueueEntry",
    "Queue": "complaints",
    "Position": 1,
    "Channel": "PJSIP/anonymous-00000009",
    "Uniqueid": CALLER,
    "CallerIDNum": "13800138000",
    "CallerIDName": "Zhang San",
    "Wait": 7,
}


class Floor:
    """A fake switch, a monitor on it, and everything it said."""

    def __init__(self, switch: FakeSwitch, clock: HandClock, **changed: Any) -> None:
        quick = {
            "ping_interval": 60,
            "reconnect_first": 0.01,
            "reconnect_most": 0.02,
            "repair_interval": 60,
            "queues": ("complaints",),
        }
        base = AmiSettings(host="127.0.0.1", port=switch.port, user=USER, secret=SECRET)
        self.switch, self.clock, self.said = switch, clock, list[Change]()
        self.monitor = Monitor(replace(base, **{**quick, **changed}), self._hear, SwitchTime(clock))

    async def _hear(self, change: Change) -> None:
        self.said.append(change)

    @property
    def told(self) -> list[str]:
        return told(self.said)

    def shows(
        self, *, channels: list[Row] | None = None, members: list[Row] | None = None, entries: list[Row] | None = None
    ) -> None:
        """What the switch answers to the next snapshot."""
        queue = [MEMBER] if members is None else members
        self.switch.answers["QueueStatus"] = listing("QueueStatusComplete", [*queue, *(entries or [])])
        self.switch.answers["CoreShowChannels"] = listing("CoreShowChannelsComplete", channels or [])

    async def hears(self, *messages: bytes, last: str = "") -> None:
        """Events, until the sentence ``last`` has been said."""
        await self.switch.send(b"".join(messages))
        if last:
            await self.until(last)

    async def until(self, sentence: str, times: int = 1) -> None:
        await patience.until(lambda: sum(line.startswith(sentence) for line in self.told) >= times, f"{sentence} in {self.told}")

    async def reconnected(self) -> list[str]:
        """Cut the link; what is said until the picture is whole again."""
        count = len(self.said)
        ups = sum(line.startswith("link up") for line in self.told)
        self.switch.cut()
        await self.until("link up", ups + 1)
        return self.told[count:]


@asynccontextmanager
async def running(monitor: Monitor) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(monitor.run(), name="monitor")
        try:
            yield
        finally:
            task.cancel()


@pytest.fixture
async def floor(clock: HandClock) -> AsyncIterator[Floor]:
    """Up, agent 2001 ready."""
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock)
        floor.shows()
        async with running(floor.monitor):
            await floor.until("link up")
            yield floor


async def test_the_picture_is_whole_before_the_link_is_said_to_be_up(floor: Floor) -> None:
    assert floor.told == ["~ agent 2001 ready", "link up: manager interface 11.0.0"]
    assert floor.monitor.up


async def test_what_is_heard_is_told_as_it_happens(floor: Floor) -> None:
    await floor.hears(*ANSWERED, last="16 ended")
    assert floor.told[2:] == lines(
        """
        16 calls: 13800138000 'Zhang San' dialled 100
        16 waits in complaints at 1
        queue complaints: 1 waiting
        16 rings 2001 on 17
        agent 2001 ringing with 16
        queue complaints: 0 waiting
        16 left complaints: answered
        16 answered by 2001 on 17 after 1508 ms, 1505 of them ringing
        16 with 2001 on 17
        agent 2001 talking with 16
        16 without 17
        agent 2001 ready
        16 ended answered, waited 1508, talked 4483
        """
    )


async def test_one_byte_at_a_time_is_as_good(floor: Floor) -> None:
    await floor.switch.send(b"".join(ANSWERED), in_pieces_of(1))
    await floor.until("16 ended answered, waited 1508, talked 4483")


# --- the link goes and comes


async def test_a_call_that_goes_on_while_the_link_is_down_is_told_once(floor: Floor) -> None:
    await floor.hears(*ANSWERED[:10], last="agent 2001 talking")
    floor.shows(channels=[{**CALLER_ROW, "BridgeId": BRIDGE}, {**LEG_ROW, "BridgeId": BRIDGE}], members=[{**MEMBER, "Status": 2}])
    assert await floor.reconnected() == ["link down: the switch closed the connection", "link up: manager interface 11.0.0"]
    await floor.hears(*ANSWERED[10:], last="16 ended answered, waited 1508, talked 4483")


async def test_a_call_that_is_answered_while_the_link_is_down_is_found_answered(floor: Floor) -> None:
    await floor.hears(*ANSWERED[:6], last="agent 2001 ringing")
    floor.clock.move(seconds=5)
    floor.shows(channels=[{**CALLER_ROW, "BridgeId": BRIDGE}, {**LEG_ROW, "BridgeId": BRIDGE}], members=[{**MEMBER, "Status": 2}])
    assert [line.split(" after")[0] for line in await floor.reconnected()] == [
        "link down: the switch closed the connection",
        "~ queue complaints: 0 waiting",
        "~ 16 left complaints: answered",
        "~ 16 answered by 2001 on 17",
        "~ 16 with 2001 on 17",
        "~ agent 2001 talking with 16",
        "link up: manager interface 11.0.0",
    ]


async def test_a_waiting_call_that_is_gone_is_lost(floor: Floor) -> None:
    await floor.hears(*ANSWERED[:3], last="queue complaints")
    assert [line.split(",")[0] for line in await floor.reconnected()][1:-1] == [
        "~ 16 left complaints: lost",
        "~ 16 ended lost",
        "~ queue complaints: 0 waiting",
    ]
    assert floor.monitor.board.calls == {}


async def test_an_answered_call_that_is_gone_was_answered(floor: Floor) -> None:
    await floor.hears(*ANSWERED[:10], last="agent 2001 talking")
    said = await floor.reconnected()
    assert [line.split(",")[0] for line in said][1:-1] == ["~ 16 without 17", "~ 16 ended answered", "~ agent 2001 ready"]


async def test_a_call_that_came_while_the_link_was_down_is_found_with_its_wait(floor: Floor) -> None:
    floor.shows(channels=[CALLER_ROW], entries=[ENTRY])
    said = await floor.reconnected()
    assert said[1:4] == lines(
        """
        ~ 16 calls: 13800138000 'Zhang San' dialled 100
        ~ 16 waits in complaints at 1
        ~ queue complaints: 1 waiting
        """
    )
    ((_, since),) = floor.monitor.queues.waiting("complaints")
    assert (floor.clock.now() - since).total_seconds() == 7


async def test_an_agent_who_was_paused_meanwhile_is_found_paused(floor: Floor) -> None:
    floor.shows(members=[{**MEMBER, "Paused": 1, "PausedReason": "Auto-Pause"}])
    assert "~ agent 2001 paused (Auto-Pause)" in await floor.reconnected()
    floor.shows(members=[])
    assert "~ agent 2001 away" in await floor.reconnected()


async def test_events_that_repeat_what_the_snapshot_showed_change_nothing(floor: Floor) -> None:
    floor.shows(channels=[CALLER_ROW], entries=[ENTRY])
    await floor.reconnected()
    await floor.hears(*ANSWERED[1:6], last="agent 2001 ringing")
    assert sum("16 calls" in line for line in floor.told) == sum("16 waits" in line for line in floor.told) == 1
    assert not floor.monitor.illegal


async def test_events_that_came_during_the_snapshot_are_applied_after_it(clock: HandClock) -> None:
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock)
        empty = listing("CoreShowChannelsComplete")
        switch.answers["CoreShowChannels"] = lambda asked: ANSWERED[1] + ANSWERED[2] + empty(asked)
        async with running(floor.monitor):
            await floor.until("queue complaints")
    assert floor.told == [
        "link up: manager interface 11.0.0",
        "16 calls: 13800138000 'Zhang San' dialled 100",
        "16 waits in complaints at 1",
        "queue complaints: 1 waiting",
    ]


async def test_only_our_queues_are_asked_about_each_on_its_own(floor: Floor) -> None:
    assert [asked["Queue"] for asked in floor.switch.named("QueueStatus")] == ["complaints"]


async def test_a_wrong_secret_is_said_once_and_mended_without_a_restart(clock: HandClock) -> None:
    async with FakeSwitch() as switch:
        right = switch.answers["Login"]
        switch.answers["Login"] = refusal("Authentication failed")
        floor = Floor(switch, clock)
        async with running(floor.monitor):
            await switch.heard("Login", 3)
            switch.answers["Login"] = right
            await floor.until("link up")
    assert floor.told == ["link down: the switch refuses user 'cti': Authentication failed", "link up: manager interface 11.0.0"]


async def test_a_switch_that_is_not_there_is_waited_for(clock: HandClock) -> None:
    switch = FakeSwitch()
    async with switch:
        pass
    floor = Floor(switch, clock)
    async with running(floor.monitor):
        await floor.until("link down: no connection to the switch")
        with pytest.raises(LinkDown):
            await floor.monitor.commands.pause(Extension("1001"), True)
        async with switch:
            await floor.until("link up")
            await floor.monitor.commands.pause(Extension("1001"), True)
    assert len(switch.named("QueuePause")) == 1


async def test_a_snapshot_that_is_refused_is_no_link(clock: HandClock) -> None:
    async with FakeSwitch() as switch:
        switch.answers["CoreShowChannels"] = refusal("Permission denied")
        floor = Floor(switch, clock)
        async with running(floor.monitor):
            await floor.until("link down: no snapshot: CoreShowChannels: Permission denied")
    assert not floor.monitor.up


async def test_a_switch_that_stops_is_believed_when_it_closes_the_link(floor: Floor) -> None:
    await floor.hears(event("Shutdown", Shutdown="Cleanly"), *ANSWERED, last="16 ended")
    assert floor.told.count("link down: the switch stops") == 0
    floor.switch.cut()
    await floor.until("link down: the switch closed the connection")
    await floor.until("link up", 2)


# --- what was lost on a link that never broke


@pytest.fixture
async def audited(clock: HandClock) -> AsyncIterator[Floor]:
    """The same floor, compared with the switch's lists all the time."""
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock, audit_interval=0.05, audit_pause=0.05, repair_interval=0.02)
        floor.shows()
        async with running(floor.monitor):
            await floor.until("link up")
            yield floor


async def test_a_hangup_that_was_lost_is_found_and_the_agent_is_free(audited: Floor) -> None:
    audited.shows(
        channels=[{**CALLER_ROW, "BridgeId": BRIDGE}, {**LEG_ROW, "BridgeId": BRIDGE}], members=[{**MEMBER, "Status": 2}]
    )
    await audited.hears(*ANSWERED[:10], last="agent 2001 talking")
    audited.shows()
    await audited.until("~ agent 2001 ready", 2)
    assert any(line.startswith("~ 16 ended answered") for line in audited.told)
    assert audited.monitor.board.calls == {}
    assert audited.monitor.corrected["CallEnded"] == 1
    assert audited.switch.connections == 1


async def test_a_telephone_whose_going_was_lost_is_found_gone(audited: Floor) -> None:
    audited.shows(members=[{**MEMBER, "Status": 5}])  # unavailable: it is registered nowhere
    await audited.until("~ agent 2001 away")
    assert audited.monitor.corrected["AgentChanged"] == 1


async def test_an_answer_and_a_call_that_were_lost_are_found(audited: Floor) -> None:
    audited.shows(
        channels=[{**CALLER_ROW, "BridgeId": BRIDGE}, {**LEG_ROW, "BridgeId": BRIDGE}], members=[{**MEMBER, "Status": 2}]
    )
    await audited.until("~ agent 2001 talking with 16")
    assert audited.monitor.corrected["CallStarted"] == audited.monitor.corrected["CallAnswered"] == 1


async def test_what_is_still_on_its_way_is_no_correction(clock: HandClock) -> None:
    gone = listing("CoreShowChannelsComplete")
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock, audit_interval=0.05, audit_pause=patience.seconds(0.5), repair_interval=0.02)

        def overtaken(asked: dict[str, str]) -> bytes:
            """The list is ahead of the events, which come behind it."""
            floor.shows()
            return gone(asked) + b"".join(ANSWERED[10:])

        floor.shows()
        async with running(floor.monitor):
            await floor.until("link up")
            rows = [{**CALLER_ROW, "BridgeId": BRIDGE}, {**LEG_ROW, "BridgeId": BRIDGE}]
            floor.shows(channels=rows, members=[{**MEMBER, "Status": 2}])
            await floor.hears(*ANSWERED[:10], last="agent 2001 talking")
            switch.answers["CoreShowChannels"] = overtaken
            await floor.until("16 ended answered, waited 1508, talked 4483")
            looks = len(switch.named("CoreShowChannels"))
            await switch.heard("CoreShowChannels", looks + 2)  # what was suspected has been looked at again
        assert not [line for line in floor.told if line.startswith("~ 16")]
        assert not floor.monitor.corrected


async def test_lists_that_are_ahead_of_a_calls_beginning_and_then_of_its_end_are_no_correction(clock: HandClock) -> None:
    rows = [{**CALLER_ROW, "BridgeId": BRIDGE}, {**LEG_ROW, "BridgeId": BRIDGE}]
    there, gone = listing("CoreShowChannelsComplete", rows), listing("CoreShowChannelsComplete")
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock, audit_interval=0.05, audit_pause=patience.seconds(0.1), repair_interval=0.02)

        def begun(asked: dict[str, str]) -> bytes:
            switch.answers["CoreShowChannels"] = ended
            return there(asked) + b"".join(ANSWERED[:10])

        def ended(asked: dict[str, str]) -> bytes:
            floor.shows()
            return gone(asked) + b"".join(ANSWERED[10:])

        floor.shows()
        async with running(floor.monitor):
            await floor.until("link up")
            switch.answers["CoreShowChannels"] = begun
            await floor.until("16 ended answered, waited 1508, talked 4483")
        assert not [line for line in floor.told if line.startswith("~ 16")]
        assert not floor.monitor.corrected["CallEnded"]


async def test_where_all_is_well_the_lists_are_asked_for_once(audited: Floor) -> None:
    before = len(audited.switch.named("CoreShowChannels"))
    await audited.switch.heard("CoreShowChannels", before + 3)
    assert not audited.monitor.corrected
    assert len(audited.told) == 2


# --- the switch's time


async def test_a_snapshot_is_as_of_the_switchs_own_time(clock: HandClock) -> None:
    ours = clock.now()
    async with FakeSwitch() as switch:
        switch.answers["Ping"] = lambda asked: message(
            "Response: Success", f"ActionID: {asked['ActionID']}", "Ping: Pong", f"Timestamp: {ours.timestamp() + 90:.6f}"
        )
        floor = Floor(switch, clock)
        floor.shows(channels=[{**CALLER_ROW, "BridgeId": BRIDGE}, {**LEG_ROW, "BridgeId": BRIDGE}])
        async with running(floor.monitor):
            await floor.until("link up")
    joined = next(change for change in floor.said if isinstance(change, LegJoined))
    assert (joined.at - ours).total_seconds() == 90
    assert (floor.said[-1].at - ours).total_seconds() == 90


# --- what is heard makes no sense


async def test_an_event_without_a_header_is_counted_and_costs_nothing_else(floor: Floor) -> None:
    await floor.hears(event("Hangup"), event("Hangup"), message("Event: Hold", "Uniqueid: t-1.1"), *ANSWERED, last="16 ended")
    assert floor.monitor.malformed == {"Hangup without Uniqueid": 2, "Hold without Timestamp": 1}
    assert floor.switch.connections == 1


SEAL = "0123456789abcdef"


def sealed(raw: bytes) -> bytes:
    """The event as a switch sends it that seals."""
    return raw.replace(b"\r\nChanVariable: ", f"\r\nChanVariable: tingsu_seal={SEAL}\r\nChanVariable: ".encode(), 1)


async def snapshots(floor: Floor, count: int) -> None:
    await floor.switch.heard("CoreShowChannels", count)


FORGED = {
    "a hang-up without the seal": (event("Hangup", Uniqueid=CALLER, Cause=16), "an event without the seal"),
    "a hang-up with a wrong seal": (
        event("Hangup", Uniqueid=CALLER, Cause=16, ChanVariable="tingsu_seal=1123456789abcdef"),
        "an event without the seal",
    ),
    "another channel put before the true one": (
        message("Event: Hangup", "Timestamp: 1795467890", f"Uniqueid: {CALLER}", "Cause: 16", f"Uniqueid: {LEG}")[:-4]
        + f"\r\nChanVariable: tingsu_seal={SEAL}\r\n\r\n".encode(),
        "Uniqueid twice",
    ),
    "the head of an event that was cut": (event("Newchannel", Channel="PJSIP/anonymous-1"), "an event without the seal"),
}


@pytest.mark.parametrize("forgery", FORGED)
async def test_what_the_switch_did_not_write_is_left_out_and_the_picture_compared(clock: HandClock, forgery: str) -> None:
    raw, why = FORGED[forgery]
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock, seal=SEAL)
        floor.shows()
        async with running(floor.monitor):
            await floor.until("link up")
            await floor.hears(*map(sealed, ANSWERED[:3]), last="16 waits")
            floor.shows(channels=[CALLER_ROW], entries=[ENTRY])
            await floor.hears(raw)
            await snapshots(floor, 2)
            await floor.hears(sealed(ANSWERED[3]), sealed(ANSWERED[4]), last="16 rings")
    assert floor.monitor.malformed == {why: 1}
    assert not [line for line in floor.told if "ended" in line or "link down" in line]


async def test_the_rest_of_a_cut_message_has_the_picture_compared(floor: Floor) -> None:
    await floor.hears(message("CallerIDName: x", "Uniqueid: t-1.1", "ChanVariable: A=1"))
    await snapshots(floor, 2)


async def test_an_agent_is_not_paused_by_an_event_that_follows_a_cut_one(floor: Floor) -> None:
    paused = event("QueueMemberPause", Queue="complaints", Interface="PJSIP/2001", Status=1, Paused=1, PausedReason="forged")
    await floor.hears(event("Newchannel", CallerIDNum="1"), paused, last="")
    await snapshots(floor, 2)
    await floor.hears(*ANSWERED, last="16 ended")
    assert not [line for line in floor.told if "forged" in line or "paused" in line]


async def test_an_agent_whose_phone_went_while_we_were_in_doubt_has_not_missed_the_ring(floor: Floor) -> None:
    await floor.hears(*ANSWERED[:6], last="agent 2001 ringing")
    moved = event("ContactStatus", EndpointName="2001", ContactStatus="Removed")
    unanswered = event("AgentRingNoAnswer", Uniqueid=CALLER, DestUniqueid=LEG)
    floor.shows(channels=[CALLER_ROW, {**LEG_ROW, "ChannelState": 5}], members=[{**MEMBER, "Status": 6}], entries=[ENTRY])
    await floor.hears(event("Newchannel", CallerIDNum="1") + moved, unanswered, last="16 rang 2001 on 17")
    assert next(line for line in floor.told if line.startswith("16 rang 2001 on 17")).endswith(": cancelled")


async def test_many_forgeries_cost_one_snapshot_in_five_seconds(floor: Floor) -> None:
    for _ in range(20):
        await floor.hears(event("Hangup", Uniqueid=CALLER))
        await floor.hears(message("X: y"))
    await floor.hears(*ANSWERED, last="16 ended")
    assert len(floor.switch.named("CoreShowChannels")) == 2


async def test_a_switch_that_does_not_seal_is_heard(clock: HandClock) -> None:
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock, seal=SEAL)
        floor.shows()
        async with running(floor.monitor):
            await floor.until("link up")
            await floor.hears(*ANSWERED, last="16 ended")
    assert not floor.monitor.malformed


async def test_every_change_bears_the_name_of_its_switch(clock: HandClock) -> None:
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock, node=Node("east"))
        floor.shows()
        async with running(floor.monitor):
            await floor.until("link up")
            await floor.hears(*ANSWERED, last="16 ended")
    assert {change.node for change in floor.said} == {"east"}


async def test_an_illegal_move_is_counted_logged_by_its_event_and_changes_nothing(
    floor: Floor, capsys: pytest.CaptureFixture[str]
) -> None:
    await floor.hears(ANSWERED[1], ANSWERED[4], ANSWERED[4], ANSWERED[2], last="queue complaints")
    assert floor.monitor.illegal == {"PhoneRings: offer is not possible while arrived": 2}
    assert capsys.readouterr().out.count("PhoneRings: offer is not possible while arrived") == 1
    assert floor.monitor.board.calls[CallId(CALLER)].state is CallState.WAITING
    assert floor.switch.connections == 1


async def test_a_message_too_long_to_be_read_leads_to_a_new_snapshot(floor: Floor) -> None:
    floor.shows(members=[{**MEMBER, "Paused": 1, "PausedReason": "lunch"}])
    await floor.hears(b"z" * 100_000 + b"\r\n\r\n", ANSWERED[1], last="~ agent 2001 paused (lunch)")
    assert floor.switch.connections == 1


async def test_a_switch_that_was_still_starting_is_asked_again(floor: Floor) -> None:
    floor.shows(members=[{**MEMBER, "Paused": 1, "PausedReason": "lunch"}])
    await floor.hears(event("FullyBooted", Status="Fully Booted"), last="~ agent 2001 paused (lunch)")


async def test_a_flood_is_taken_in_to_the_last_event(floor: Floor) -> None:
    flood = [event("Hold", Uniqueid="t-1.1")] * 30_000
    await floor.hears(*flood, *ANSWERED, last="16 ended answered, waited 1508, talked 4483")
    assert floor.switch.connections == 1


async def test_a_listener_that_is_stuck_costs_the_link_and_afterwards_the_picture_is_whole(clock: HandClock) -> None:
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock, backlog=100, ping_interval=0.3)
        free = asyncio.Event()

        async def slow(change: Change) -> None:
            if isinstance(change, CallStarted) and not change.recovered:
                await free.wait()
            floor.said.append(change)

        monitor = Monitor(floor.monitor._settings, slow, SwitchTime(clock))
        async with running(monitor):
            await floor.until("link up")
            floor.shows(channels=[CALLER_ROW], entries=[ENTRY])
            await floor.hears(*ANSWERED[1:3], event("Hold", Uniqueid="t-1.1") * 500)
            await patience.until(lambda: not switch._writers, "the link is dropped")
            free.set()
            await floor.until("link down: its events were not taken in")
            await floor.until("link up", 2)
            assert monitor.board.calls[CallId(CALLER)].state is CallState.WAITING


async def test_an_error_of_whoever_listens_ends_the_loop_loudly(clock: HandClock) -> None:
    async def deaf(_: Change) -> None:
        raise RuntimeError("no room in the journal")

    async with FakeSwitch() as switch:
        floor = Floor(switch, clock)
        monitor = Monitor(floor.monitor._settings, deaf, SwitchTime(clock))
        with pytest.raises(RuntimeError, match="no room"):
            await asyncio.wait_for(monitor.run(), patience.seconds(5))
        await patience.until(lambda: not switch._writers, "the link is closed")


async def test_after_an_error_of_ours_the_link_is_down_until_it_is_said_to_be_up_again(clock: HandClock) -> None:
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock)
        floor.shows()

        async def stumbles(change: Change) -> None:
            floor.said.append(change)
            if isinstance(change, CallStarted):
                raise RuntimeError("a slip of ours")

        monitor = Monitor(floor.monitor._settings, stumbles, SwitchTime(clock))
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(ended_by(monitor, RuntimeError), name="monitor")
            await floor.until("link up")
            await floor.hears(ANSWERED[1])
            await first
        assert not monitor.up
        with pytest.raises(LinkDown):
            await monitor.commands.pause(Extension("2001"), True)
        async with running(monitor):
            await floor.until("link up", 2)
        assert [line for line in floor.told if line.startswith("link")] == [
            "link up: manager interface 11.0.0", "link down: an error of our own", "link up: manager interface 11.0.0",
        ]  # fmt: skip


async def ended_by(monitor: Monitor, error: type[Exception]) -> None:
    with pytest.raises(error):
        await asyncio.wait_for(monitor.run(), patience.seconds(5))


# --- what lasts too long


@asynccontextmanager
async def ringing_for_too_long(clock: HandClock) -> AsyncIterator[Floor]:
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock, repair_interval=0.02)
        floor.shows()
        async with running(floor.monitor):
            await floor.until("link up")
            await floor.hears(*ANSWERED[:6], last="agent 2001 ringing")
            clock.move(days=1)
            yield floor


async def test_a_call_that_lasts_too_long_and_is_gone_is_let_go(clock: HandClock) -> None:
    async with ringing_for_too_long(clock) as floor:
        await floor.until("~ agent 2001 ready", 2)
        assert "~ 16 ended lost" in [line.split(",")[0] for line in floor.told]
        assert floor.switch.connections == 1


async def test_a_call_that_lasts_too_long_and_is_still_there_is_believed(clock: HandClock) -> None:
    async with FakeSwitch() as switch:
        floor = Floor(switch, clock, repair_interval=0.02)
        floor.shows(channels=[CALLER_ROW], entries=[ENTRY])
        async with running(floor.monitor):
            await floor.until("link up")
            asked = len(switch.named("CoreShowChannels"))
            clock.move(days=1)
            await switch.heard("CoreShowChannels", asked + 1)
            await patience.until(lambda: floor.monitor.board.stale(clock.now()) == [], "it is confirmed")
            assert floor.monitor.board.calls[CallId(CALLER)].state is CallState.WAITING


# --- waits between tries


def test_waits_double_up_to_a_limit_and_start_anew_after_success() -> None:
    backoff = Backoff(1, 8)
    for most in (1, 2, 4, 8, 8, 8):
        assert most / 2 <= backoff.wait() <= most
    backoff.reset()
    assert backoff.wait() <= 1


def test_waits_differ() -> None:
    assert len({Backoff(1, 8).wait() for _ in range(20)}) > 10


def test_a_refused_login_waits_long() -> None:
    assert 4 <= Backoff(1, 8).longest() <= 8
