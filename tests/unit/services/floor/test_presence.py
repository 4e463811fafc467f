"""Wanted and actual: the rules between what an agent asks for and what the switch is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from cti.changes import AgentState
from cti.errors import ActionFailed, ActionTimeout
from cti.ids import Extension
from services.calls.facts import Fact, WantedSet
from services.errors import NotAllowed, SwitchAway
from services.floor import presence as rooms
from services.floor.board import Floor
from services.floor.directory import Directory
from services.floor.figures import Limits, Today
from services.floor.presence import WRAP_UP, Presence, PresenceSettings, WantedState
from services.floor.queues import Queue
from services.floor.store import Seat
from tests.harness.clock import HandClock, SetClock
from tests.harness.office import QUEUE, ZONE, KeptSwitch, agent, call_id, link
from tests.harness.patience import until

LI = 1


class Room:
    """Presence without a database: the directory is filled by hand."""

    def __init__(
        self,
        clock: HandClock,
        *,
        wrap_up: timedelta = timedelta(seconds=30),
        away_after: timedelta = timedelta(seconds=60),
        queues: dict[str, timedelta] | None = None,
    ) -> None:
        """``queues``: each with its wrap-up; without them there is one, with ``wrap_up``."""
        self.clock = clock
        self.switch = KeptSwitch()
        self.directory = Directory(None)  # type: ignore[arg-type]  # never loaded here
        self.directory.replace([Seat(LI, "Li", "1001", "zh-CN", "browser", True, "away", "")])
        today = Today(None, clock, queues={QUEUE: Limits()}, zone=ZONE)  # type: ignore[arg-type]  # never computed here
        self.floor = Floor(self.directory, today, clock, queues=[Queue(name=name) for name in queues or {QUEUE}])
        self.noted: list[Fact] = []
        made = PresenceSettings(queues=queues or {QUEUE: wrap_up}, away_after=away_after)
        self.presence = Presence(self.switch, self.directory, self.floor, clock, settings=made, note=self.noted.append)
        self.presence.people_changed()
        self.directory.changed = self.presence.people_changed

    def hear(self, state: AgentState, reason: str = "", *, caller: bool = True) -> None:
        """``caller``: who talks does so with a caller, not with a colleague or a test."""
        call = call_id() if state is AgentState.TALKING and caller else None
        change = replace(agent("1001", state, reason, at=self.clock.now()), call=call)
        self.floor.apply(change)
        self.presence.agent_changed(change)

    def link(self, up: bool = True) -> None:
        self.floor.apply(link(up))
        if up:
            self.presence.link_up()

    async def settled(self) -> list[tuple[str, ...]]:
        """What was said to the switch once everything in line was settled."""
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.presence.run(), name="presence")
            for _ in range(20):
                await asyncio.sleep(0)
            running.cancel()
        await self.presence.let_go()
        said, self.switch.said = self.switch.said, []
        return said


@pytest.fixture
def room(clock: HandClock) -> Room:
    made = Room(clock, wrap_up=timedelta(seconds=20), away_after=timedelta(seconds=60))
    made.floor.apply(link())
    return made


async def test_ready_joins_the_queue_and_is_remembered(room: Room) -> None:
    await room.presence.want(LI, "ready")
    assert room.switch.said == [("add", "1001", "", "")]
    assert [(fact.state, fact.reason) for fact in room.noted if isinstance(fact, WantedSet)] == [("ready", "")]


async def test_paused_joins_paused_so_that_no_call_slips_in_between(room: Room) -> None:
    await room.presence.want(LI, "paused", "lunch")
    assert room.switch.said == [("add", "1001", "paused", "lunch")]


async def test_a_member_is_paused_and_unpaused_in_place(room: Room) -> None:
    await room.presence.want(LI, "ready")
    await room.presence.want(LI, "paused", "lunch")
    await room.presence.want(LI, "ready")
    assert [said[0] for said in room.switch.said] == ["add", "add", "pause", "add", "unpause"]


async def test_away_leaves_the_queue(room: Room) -> None:
    await room.presence.want(LI, "ready")
    await room.presence.want(LI, "away")
    assert room.switch.said[-1] == ("remove", "1001")


async def test_a_person_without_extension_cannot_be_ready(room: Room) -> None:
    room.directory.load = _nothing  # type: ignore[method-assign]
    with pytest.raises(NotAllowed):
        await room.presence.want(99, "ready")


async def _nothing() -> None:
    return None


async def test_a_refusal_of_the_switch_is_said_to_the_agent(room: Room) -> None:
    room.switch.wrong = ActionFailed("QueueAdd", "No such queue")
    with pytest.raises(SwitchAway):
        await room.presence.want(LI, "ready")


async def test_a_wish_without_a_link_is_kept_and_said_after_the_login(room: Room) -> None:
    room.link(up=False)
    await room.presence.want(LI, "ready")
    assert room.switch.said == []
    room.link()
    assert await room.settled() == [("add", "1001", "", "")]


async def test_a_missed_ring_stays_paused_until_the_agent_presses_ready(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.hear(AgentState.RINGING)
    room.hear(AgentState.PAUSED, "Auto-Pause")
    assert room.presence.wanted(LI) == WantedState("paused", "missed_ring")
    me = room.floor.board(LI).me
    assert me is not None
    assert (me.state, me.reason) == ("paused", "missed_ring")
    room.link()
    assert (await room.settled())[-1] == ("pause", "1001", "missed_ring")
    await room.presence.want(LI, "ready")
    assert room.switch.said[-1] == ("unpause", "1001", "")


async def test_after_a_call_comes_a_pause_that_ends_by_itself(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    assert room.floor.board(LI).wrap_up_until == room.clock.now() + timedelta(seconds=20)
    assert (await room.settled())[-1] == ("pause", "1001", "wrap-up")
    room.clock.move(seconds=19.9)
    room.presence.look()
    assert await room.settled() == []
    room.clock.move(seconds=0.1)
    room.presence.look()
    assert (await room.settled())[-1] == ("unpause", "1001", "")
    assert room.floor.board(LI).wrap_up_until is None


async def test_time_limits_and_seats_given_up_are_looked_at_by_itself(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "LOOK_S", 0.01)

    async def until_said(*words: str) -> None:
        await until(lambda: room.switch.said[-1:] == [words], f"{words} to be said to the switch")

    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(room.presence.run(), name="presence")
        await until_said("pause", "1001", "wrap-up")
        room.clock.move(seconds=20)
        await until_said("unpause", "1001", "")
        room.directory.replace([])
        await until_said("remove", "1001")
        running.cancel()


async def test_a_phone_that_is_nobodys_has_no_wishes(room: Room) -> None:
    room.presence.agent_changed(agent("1999", AgentState.PAUSED, "Auto-Pause", at=room.clock.now()))
    assert room.noted == []


async def test_a_phone_that_was_in_use_without_a_caller_leaves_nothing_to_write_up(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING, caller=False)
    room.hear(AgentState.READY)
    assert room.floor.board(LI).wrap_up_until is None
    assert not [said for said in await room.settled() if "wrap-up" in said]


async def test_a_device_in_use_before_its_call_is_known_is_a_call_all_the_same(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING, caller=False)
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    assert room.floor.board(LI).wrap_up_until is not None


async def test_ready_pressed_during_the_wrap_up_ends_it(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    await room.presence.want(LI, "ready")
    assert room.switch.said[-1][0] == "unpause"
    room.clock.move(seconds=60)
    room.presence.look()
    assert room.floor.wrap_up_until(LI) is None


async def test_a_break_pressed_during_the_wrap_up_outlasts_it(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    await room.presence.want(LI, "paused", "lunch")
    room.clock.move(seconds=60)
    room.presence.look()
    await room.settled()
    assert room.presence.wanted(LI) == WantedState("paused", "lunch")


async def test_no_wrap_up_when_none_is_set(clock: HandClock) -> None:
    room = Room(clock, wrap_up=timedelta(0))
    room.link()
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    assert room.floor.wrap_up_until(LI) is None


async def test_who_has_neither_browser_nor_phone_for_a_while_is_away(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.presence.browser(LI, here=True)
    room.hear(AgentState.READY)
    room.presence.browser(LI, here=False)
    room.clock.move(seconds=120)
    room.presence.look()
    assert room.presence.wanted(LI).state == "ready"  # the phone is still registered
    room.hear(AgentState.AWAY)
    room.presence.look()
    assert room.presence.wanted(LI) == WantedState("away", "browser_gone")
    assert (await room.settled())[-1] == ("remove", "1001")


async def test_a_reload_is_not_leaving(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.hear(AgentState.AWAY)
    room.presence.browser(LI, here=False)
    room.clock.move(seconds=59)
    room.presence.look()
    room.presence.browser(LI, here=True)
    room.clock.move(seconds=600)
    room.presence.look()
    assert room.presence.wanted(LI).state == "ready"


async def test_wishes_of_before_the_restart_are_said_again(room: Room) -> None:
    room.directory.replace([Seat(LI, "Li", "1001", "zh-CN", "browser", True, "paused", "lunch")])
    room.link()
    assert await room.settled() == [("add", "1001", "paused", "lunch")]


async def test_one_agents_failure_does_not_stop_the_others(room: Room) -> None:
    room.directory.replace([Seat(n, "", str(1000 + n), "zh-CN", "browser", True, "ready", "") for n in (1, 2)])
    failing = room.switch.queue_add

    async def once(extension: Extension, queue: str, penalty: int = 0, *, paused: bool = False, reason: str = "") -> bool:
        if extension == "1001":
            raise ActionFailed("QueueAdd", "no")
        return await failing(extension, queue, penalty, paused=paused, reason=reason)

    room.switch.queue_add = once  # type: ignore[method-assign]
    room.link()
    assert await room.settled() == [("add", "1002", "", "")]


async def test_a_caller_taken_while_the_call_before_is_written_up_is_written_up_in_full(clock: HandClock) -> None:
    """The next caller's ring was under way before the pause reached the switch."""
    room = Room(clock, wrap_up=timedelta(seconds=30))
    room.link()
    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    room.clock.move(seconds=20)
    room.hear(AgentState.TALKING)
    room.clock.move(seconds=5)
    room.hear(AgentState.WRAP_UP, WRAP_UP)
    assert room.floor.wrap_up_until(LI) == room.clock.now() + timedelta(seconds=30)


async def test_a_queue_that_the_switch_does_not_have_keeps_nobody_from_the_others_nor_from_a_pause(clock: HandClock) -> None:
    """An owner's switch whose files are not read again yet."""
    room = Room(clock, queues={"gone": timedelta(seconds=30), QUEUE: timedelta(seconds=30)})
    adding = room.switch.queue_add

    async def add(extension: Extension, queue: str, penalty: int = 0, *, paused: bool = False, reason: str = "") -> bool:
        if queue == "gone":
            raise ActionFailed("QueueAdd", "Unable to add interface to queue: No such queue")
        return await adding(extension, queue, penalty, paused=paused, reason=reason)

    room.switch.queue_add = add  # type: ignore[method-assign]
    room.link()
    with pytest.raises(SwitchAway):  # the agent is told, and it is tried again
        await room.presence.want(LI, "ready")
    assert ("add", "1001", "", "") in await room.settled()
    with pytest.raises(SwitchAway):
        await room.presence.want(LI, "paused", "lunch")
    assert ("pause", "1001", "lunch") in [said[:3] for said in await room.settled()]


async def test_what_the_switch_did_not_take_is_said_again(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    await room.settled()
    room.clock.move(seconds=20)
    room.presence.look()
    room.switch.wrong = ActionFailed("QueuePause", "not now")
    assert await room.settled() == []
    room.switch.wrong = None
    room.clock.move(seconds=5)
    room.presence.look()
    assert (await room.settled())[-1] == ("unpause", "1001", "")


async def test_a_wish_the_switch_refused_is_said_again_without_another_login(room: Room) -> None:
    await room.settled()
    room.switch.wrong = ActionTimeout("QueueAdd", 5)
    with pytest.raises(SwitchAway):
        await room.presence.want(LI, "ready")
    room.switch.wrong = None
    room.clock.move(seconds=5)
    room.presence.look()
    assert await room.settled() == [("add", "1001", "", "")]
    room.clock.move(seconds=5)
    room.presence.look()
    assert await room.settled() == []


async def test_an_inspectors_phone_has_no_wrap_up_and_no_missed_rings(room: Room) -> None:
    room.directory.replace([Seat(LI, "Li", "1001", "zh-CN", "browser", False, "away", "")])
    for state, reason in ((AgentState.TALKING, ""), (AgentState.READY, ""), (AgentState.PAUSED, "Auto-Pause")):
        room.hear(state, reason)
    assert (room.floor.wrap_up_until(LI), room.presence.wanted(LI)) == (None, WantedState("away"))


async def test_who_becomes_an_inspector_during_the_wrap_up_does_not_come_back_at_its_end(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    room.directory.replace([Seat(LI, "Li", "1001", "zh-CN", "browser", False, "ready", "")])
    assert ("remove", "1001") in await room.settled()
    room.clock.move(seconds=20)
    room.presence.look()
    assert await room.settled() == []
    assert room.switch.members[QUEUE] == set()


@pytest.mark.parametrize(
    "after",
    [
        [],  # closed, or without a phone now
        [Seat(LI, "Li", "1001", "zh-CN", "browser", False, "ready", "")],
        [Seat(LI, "Li", "1005", "zh-CN", "browser", True, "ready", "")],
    ],
)
async def test_an_extension_that_is_no_agents_any_more_leaves_the_queue(room: Room, after: list[Seat]) -> None:
    await room.presence.want(LI, "ready")
    room.directory.replace(after)
    said = await room.settled()
    assert ("remove", "1001") in said
    assert room.switch.members[QUEUE] == {seat.extension for seat in after if seat.agent}
    assert await room.settled() == []


async def test_who_takes_an_extension_over_is_not_ready_because_the_last_holder_was(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.directory.replace([Seat(2, "Wang", "1001", "zh-CN", "browser", True, "away", "")])
    assert await room.settled() == [("add", "1001", "", ""), ("remove", "1001")]
    assert room.switch.members[QUEUE] == set()


@pytest.mark.parametrize("between", [[], [AgentState.AWAY]])
async def test_a_ring_that_began_at_the_last_holder_is_missed_by_nobody_else(room: Room, between: list[AgentState]) -> None:
    """The switch ends it as the extension changes hands, and pauses the member for it."""
    await room.presence.want(LI, "ready")
    room.hear(AgentState.RINGING)
    room.directory.replace([Seat(2, "Wang", "1001", "zh-CN", "browser", True, "ready", "")])
    await room.settled()
    for state in between:
        room.hear(state)
    room.hear(AgentState.PAUSED, "Auto-Pause")
    assert room.presence.wanted(2) == WantedState("ready")
    assert await room.settled() == [("add", "1001", "", ""), ("unpause", "1001", "")]
    room.hear(AgentState.READY)
    room.hear(AgentState.RINGING)
    room.hear(AgentState.PAUSED, "Auto-Pause")
    assert room.presence.wanted(2) == WantedState("paused", "missed_ring")


async def test_an_extension_leaves_the_queue_once_the_link_is_back(room: Room) -> None:
    await room.presence.want(LI, "ready")
    room.link(up=False)
    room.directory.replace([])
    assert await room.settled() == [("add", "1001", "", "")]
    room.link()
    assert await room.settled() == [("remove", "1001")]


async def test_who_logs_out_while_ready_or_wrapping_up_is_away_and_stays_so(room: Room) -> None:
    room.link()
    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    await room.settled()
    room.presence.logged_out(LI)
    assert await room.settled() == [("remove", "1001")]
    assert room.presence.wanted(LI) == WantedState("away", "logged_out")
    assert room.floor.wrap_up_until(LI) is None
    assert [fact.state for fact in room.noted if isinstance(fact, WantedSet)] == ["ready", "away"]


async def test_a_log_out_while_the_link_is_down_counts_when_it_is_back(room: Room) -> None:
    room.link()
    await room.presence.want(LI, "ready")
    room.link(up=False)
    room.presence.logged_out(LI)
    assert await room.settled() == [("add", "1001", "", "")]
    room.link()
    assert await room.settled() == [("remove", "1001")]


async def test_who_is_away_already_is_told_nothing_of_a_log_out(room: Room) -> None:
    room.link()
    await room.settled()
    room.presence.logged_out(LI)
    assert await room.settled() == []
    assert room.noted == []


async def test_a_wish_is_younger_than_the_one_before_it_though_the_clock_was_set_back(room: Room, clock: HandClock) -> None:
    kept = clock.now() + timedelta(hours=2)  # in the database, from before our start
    room.directory.replace([Seat(LI, "Li", "1001", "zh-CN", "browser", True, "away", "", kept)])
    await room.presence.want(LI, "ready")
    clock.move(hours=-1)
    await room.presence.want(LI, "paused", "lunch")
    clock.move(hours=4)
    await room.presence.want(LI, "ready")
    ats = [fact.at for fact in room.noted if isinstance(fact, WantedSet)]
    assert kept < ats[0] < ats[1] < ats[2] == clock.now()


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_wrap_up_lasts_as_long_as_it_does_though_the_clock_is_set_meanwhile(hours: int) -> None:
    clock = SetClock()
    room = Room(clock, wrap_up=timedelta(seconds=20))
    room.link()
    await room.presence.want(LI, "ready")
    room.hear(AgentState.TALKING)
    room.hear(AgentState.READY)
    clock.set_by = timedelta(hours=hours)
    clock.move(seconds=19)
    room.presence.look()
    assert room.floor.wrap_up_until(LI)
    clock.move(seconds=1)
    room.presence.look()
    assert room.floor.wrap_up_until(LI) is None


TWO = {QUEUE: timedelta(seconds=20), "seniors": timedelta(seconds=5)}


def two_queues(clock: HandClock, mine: tuple[str, ...] | None = None) -> Room:
    room = Room(clock, queues=TWO)
    room.directory.replace([Seat(LI, "Li", "1001", "zh-CN", "browser", True, "away", "", queues=mine)])
    room.floor.apply(link())
    return room


async def test_who_has_chosen_no_queue_answers_all_and_is_paused_in_all(clock: HandClock) -> None:
    room = two_queues(clock)
    await room.presence.want(LI, "ready")
    await room.presence.want(LI, "paused", "lunch")
    assert room.switch.said == [
        ("add", "1001", "", ""),
        ("add", "1001", "", "", "seniors"),
        ("add", "1001", "paused", "lunch"),
        ("add", "1001", "paused", "lunch", "seniors"),
        ("pause", "1001", "lunch"),
    ], "the pause is one, and for every queue"


async def test_a_person_is_in_the_queues_of_theirs_and_leaves_the_others(clock: HandClock) -> None:
    room = two_queues(clock, ("seniors",))
    await room.presence.want(LI, "ready")
    assert room.switch.said == [("remove", "1001"), ("add", "1001", "", "", "seniors")]
    await room.presence.want(LI, "away")
    assert room.switch.said[2:] == [("remove", "1001"), ("remove", "1001", "seniors")]


async def test_other_queues_are_said_as_soon_as_they_are_given(clock: HandClock) -> None:
    room = two_queues(clock)
    await room.presence.want(LI, "ready")
    room.switch.said.clear()
    room.directory.replace([Seat(LI, "Li", "1001", "zh-CN", "browser", True, "away", "", queues=(QUEUE,))])
    assert await room.settled() == [("remove", "1001", "seniors"), ("add", "1001", "", ""), ("unpause", "1001", "")]


async def test_queues_that_are_no_more_leave_nobody_without_one(clock: HandClock) -> None:
    room = two_queues(clock, ("gone",))
    await room.presence.want(LI, "ready")
    assert room.switch.members == {QUEUE: {"1001"}, "seniors": {"1001"}}


@pytest.mark.parametrize(("queue", "seconds"), [("seniors", 5), (QUEUE, 20), ("", 20)])
async def test_the_wrap_up_is_that_of_the_queue_from_which_the_caller_came_and_in_all_of_them(
    clock: HandClock, queue: str, seconds: int
) -> None:
    room = two_queues(clock)
    await room.presence.want(LI, "ready")
    room.switch.said.clear()
    talking = replace(agent("1001", AgentState.TALKING, at=clock.now()), call=call_id())
    room.presence.agent_changed(talking, queue)
    room.hear(AgentState.READY)
    assert room.floor.wrap_up_until(LI) == clock.now() + timedelta(seconds=seconds)
    said = await room.settled()
    assert said[:2] == [("add", "1001", "paused", "wrap-up"), ("add", "1001", "paused", "wrap-up", "seniors")]
    assert said[2:] == [("pause", "1001", "wrap-up")]


async def test_an_extension_that_is_no_agents_any_more_leaves_every_queue(clock: HandClock) -> None:
    room = two_queues(clock)
    await room.presence.want(LI, "ready")
    await room.settled()
    room.directory.replace([])
    assert await room.settled() == [("remove", "1001"), ("remove", "1001", "seniors")]
