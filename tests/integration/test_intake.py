"""From leg files in the spool to a filled draft: real sound, a real archive, the demonstration model in a child process."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
import soundfile as sf

from cti.changes import CallEnded, CallOutcome
from cti.ids import CallId, ChannelId
from recordings.archive import Archive
from recordings.crew import Crew, Heard
from recordings.errors import ArchiveFailed, AudioRefused, WorkerDied
from recordings.models import DEMONSTRATION
from recordings.naming import LegFile, Role
from services import following
from services.bells import Channel
from services.calls.facts import StillLive
from services.floor.figures import Figures, Limits, compute
from services.now import SystemClock
from services.recordings import archiving
from services.recordings.steps import IntakeSettings
from services.store import db, jobs
from services.system.aside import SetAside
from services.transcripts.intake import Intake
from services.troubles import Troubles
from tests.harness import speech
from tests.harness.clock import HandClock
from tests.harness.legs import file_name
from tests.harness.office import QUEUE, Office, office
from tests.harness.patience import seconds, until

CALL = CallId("tingsu-1795467600.1")
CALLER, AGENT = ChannelId("tingsu-1795467600.1"), ChannelId("tingsu-1795467600.2")
SECOND = timedelta(seconds=1)

JOURNAL = """insert into ticket_journal (ticket_id, seq, at, action, changes)
             select id, 1, received_at, 'create', '{}' from ticket"""
"""How a ticket's history begins: it has no gaps."""


class Refusing:
    """A crew that fails as told."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.tries = 0

    async def transcribe(self, path: Path, *, channels: int = 2) -> Heard:
        self.tries += 1
        raise self.error


@dataclass
class Room:
    """An intake whose steps the test takes; ``told`` is what went to screens."""

    desk: Office
    folder: Path
    crew: Any = None
    told: list[tuple[int, Any]] = field(default_factory=list)
    in_journal: Callable[[], Awaitable[object]] | None = None
    hearing: bool = True
    archive: Archive = field(init=False)
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        self.spool = self.folder / "spool"
        self.spool.mkdir(exist_ok=True)
        self.archive = Archive.open(str(self.folder / "store"))
        self.use(self.crew)

    def use(self, crew: Any, *, settle: timedelta = 0 * SECOND, archive: Any = None, troubles: Troubles | None = None) -> None:
        self.diary = self.folder / "queue_log"
        settings = IntakeSettings(
            spool=self.spool, work=self.folder / "work", settle=settle, diary=self.diary, apply=following.apply
        )
        settings.work.mkdir(exist_ok=True)
        self.intake = Intake(
            self.desk.pool,
            archive or self.archive,
            crew,
            self,
            self.desk.clock,
            settings=settings,
            hearing=lambda: self.hearing,
            caught_up=self.caught_up,
            troubles=troubles,
        )

    def aside(self) -> SetAside:
        desk = self.desk
        return SetAside(desk.pool, desk.clock, intake_time=desk.clock, drain=desk.drain, sound=self.intake.refused)

    async def listen(self) -> bool:
        assert self.intake.listener
        return await self.intake.listener.next()

    async def caught_up(self) -> None:
        """The journal's last facts reach the database only now."""
        if self.in_journal:
            await self.in_journal()

    def push(self, person: int, key: str, make: Any, *, over: bool = False) -> int:
        self.told.append((person, make(1)))
        return 1

    async def call(self, *, ago: float = 120, talked: bool = True, ended: bool = True) -> datetime:
        """A call that began so many seconds ago, answered by li after 2 s, and its draft."""
        began = (datetime.now(UTC) - ago * SECOND).replace(microsecond=0)
        end = began + 100 * SECOND if ended else None
        sql = """insert into call (id, number, number_sent, name_sent, dialled, started_at, queued_at, answered_at, answered_by,
                 ended_at, outcome, talked_ms) values ($1, '', '', '', '', $2, $2, $3, $4, $5, $6, 1000)"""
        li = self.desk.people["li"]
        await self.desk.pool.execute(
            sql, CALL, began, began + 2 * SECOND if talked else None, li if talked else None, end, "answered" if end else None
        )
        if talked:
            await self.desk.pool.execute(
                "insert into call_leg (call_id, channel, person_id, answered_at) values ($1, $2, $3, $4)", CALL, AGENT, li, began
            )
            await self.desk.pool.execute("insert into call_span values ($1, $2, $3, $4)", CALL, AGENT, began + 2 * SECOND, end)
            ticket = """insert into ticket (state, call_id, received_at, changed_at, owner_id) values ('draft', $1, $2, $2, $3)"""
            await self.desk.pool.execute(ticket, CALL, began, li)
            await self.desk.pool.execute(JOURNAL)
        await self.due()
        return began

    async def due(self) -> None:
        sql = """insert into recording (call_id, state, due_at) values ($1, 'waiting', now() - interval '1 second')
                 on conflict (call_id) do update set due_at = excluded.due_at"""
        await self.desk.pool.execute(sql, CALL)
        await self.desk.pool.execute("update transcript set due_at = now() - interval '1 second' where state = 'waiting'")

    def leg(self, role: Role, channel: ChannelId, began: datetime, sound: Any, *, colleague: bool = False) -> Path:
        call = CallId(channel) if colleague else CALL
        path = self.spool / file_name(LegFile(call, channel, role, began, colleague))
        speech.write(path, sound)
        touched = (began + timedelta(seconds=len(sound) / speech.RATE)).timestamp()
        os.utime(path, (touched, touched))
        return path

    def dialogue(self, name: str, began: datetime) -> None:
        sides, _ = speech.converse(speech.DIALOGUES[name])
        self.leg(Role.CALLER, CALLER, began, sides["caller"])
        self.leg(Role.AGENT, AGENT, began + 2 * SECOND, sides["agent"][2 * speech.RATE :])

    async def row(self, table: str) -> Any:
        return await self.desk.pool.fetchrow(f"select * from {table}")


@pytest_asyncio.fixture
async def room(pool: db.Pool, tmp_path: Path) -> AsyncIterator[Room]:
    async with office(pool, SystemClock(), tmp_path, drained=False) as desk:
        await desk.hire("li", extension="1001")
        await desk.hire("wang", extension="1002")
        await desk.hire("qa", role="qa_inspector")
        yield Room(desk, tmp_path)


async def test_a_spoken_complaint_becomes_a_filled_draft(room: Room) -> None:
    room.dialogue("fault", await room.call())
    assert await room.intake.archiving.next()
    async with Crew(DEMONSTRATION) as crew:
        room.use(crew)
        assert await room.listen()
    ticket = (await room.desk.ask("li", "GET", "/api/tickets/1"))[1]
    assert (ticket["kind"], ticket["business"], ticket["nature"]) == ("complaint", "fixed_telephone", "fault_repair")
    assert "固定电话坏了三天没有人来修" in ticket["description"]
    assert ticket["contact_number"] == "86420135"
    assert ticket["drafting"] == "done"
    evidence = ticket["sources"]["business"]["evidence"][0]
    assert (evidence["quote"], evidence["speaker"]) == ("固定电话", "caller")
    assert room.told[-1][0] == room.desk.people["li"]
    assert room.told[-1][1].state == "done"
    assert not list(room.spool.iterdir())
    assert not list((room.folder / "work").iterdir())


async def test_silence_is_no_speech_and_fills_nothing(room: Room) -> None:
    began = await room.call()
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(10))
    room.leg(Role.AGENT, AGENT, began, speech.line_noise(10))
    await room.intake.archiving.next()
    async with Crew(DEMONSTRATION) as crew:
        room.use(crew)
        await room.listen()
    assert (await room.row("transcript"))["state"] == "no_speech"
    assert ((await room.row("ticket"))["description"], (await room.row("ticket"))["version"]) == ("", 1)
    assert room.told[-1][1].state == "no_speech"


async def test_how_far_the_sound_of_a_call_is_is_told_at_each_step(room: Room) -> None:
    rung: asyncio.Queue[str] = asyncio.Queue()
    room.dialogue("fault", await room.call())
    async with room.desk.pool.acquire() as ear:

        def hear(_: object, __: int, ___: str, payload: object) -> None:
            rung.put_nowait(str(payload))

        await ear.add_listener(Channel.THING_CHANGED, hear)
        await room.intake.archiving.next()
        async with asyncio.timeout(seconds(10)):
            assert (await rung.get()).startswith(f"call {CALL} ")
        room.use(Refusing(AudioRefused("unreadable")))
        await room.listen()
        assert (await room.row("transcript"))["state"] == "failed"
        async with asyncio.timeout(seconds(10)):
            assert (await rung.get()).startswith(f"call {CALL} ")
        await ear.remove_listener(Channel.THING_CHANGED, hear)


async def test_the_recording_can_be_listened_to_by_ranges_and_every_listening_is_on_record(room: Room) -> None:
    room.dialogue("suggestion", await room.call())
    await room.intake.archiving.next()
    path = f"/api/calls/{CALL}/audio"
    desk = room.desk
    assert desk.http
    async with desk.http.get(desk.url + path, headers=desk.cookies("li")) as answer:
        whole = await answer.read()
        assert (answer.status, answer.content_type, whole[:4]) == (200, "audio/flac", b"fLaC")
    async with desk.http.get(desk.url + path, headers=desk.cookies("qa") | {"Range": "bytes=10-19"}) as answer:
        assert (answer.status, await answer.read()) == (206, whole[10:20])
    sizes = []
    for side in ("caller", "agent"):
        async with desk.http.get(f"{desk.url}{path}?side={side}", headers=desk.cookies("qa")) as answer:
            sizes.append(len(await answer.read()))
            assert answer.status == 200
    assert all(0 < size < len(whole) for size in sizes)
    assert (await desk.ask("wang", "GET", path))[0] == 403
    assert (await desk.ask("wang", "GET", f"/api/calls/{CALL}"))[0] == 404
    rows = await desk.pool.fetch("select person_id, detail from audit where action = 'recording.listen' order by id")
    li, qa = desk.people["li"], desk.people["qa"]
    assert [(row["person_id"], row["detail"]["side"]) for row in rows] == [
        (li, "both"),
        (qa, "both"),
        (qa, "caller"),
        (qa, "agent"),
    ]


async def test_a_player_that_asks_for_one_side_several_times_at_once_hears_it_each_time(room: Room) -> None:
    room.dialogue("suggestion", await room.call())
    await room.intake.archiving.next()
    desk, path = room.desk, f"/api/calls/{CALL}/audio?side=agent"

    async def heard() -> bytes:
        assert desk.http
        async with desk.http.get(desk.url + path, headers=desk.cookies("qa")) as answer:
            assert answer.status == 200
            return await answer.read()

    answers = await asyncio.gather(*(heard() for _ in range(6)))
    assert len(set(answers)) == 1
    both, _ = sf.read(room.folder / "store" / (await room.row("recording"))["object"], dtype="int16")
    assert np.array_equal(sf.read(io.BytesIO(answers[0]), dtype="int16")[0], both[:, 1])
    assert [left.name for left in (room.folder / "sides").iterdir()] == [f"{CALL}.agent.flac"]


async def test_a_listening_that_could_not_be_put_on_record_is_not_taken_for_one(room: Room, owner: db.OwnConnection) -> None:
    room.dialogue("suggestion", await room.call())
    await room.intake.archiving.next()
    path = f"/api/calls/{CALL}/audio"
    await owner.execute("alter table audit rename to elsewhere")
    assert (await room.desk.ask("qa", "GET", path))[0] == 500
    await owner.execute("alter table elsewhere rename to audit")
    assert room.desk.http
    async with room.desk.http.get(room.desk.url + path, headers=room.desk.cookies("qa")) as answer:
        assert answer.status == 200
    assert await room.desk.pool.fetchval("select count(*) from audit where action = 'recording.listen'") == 1


async def test_the_detail_shows_recording_peaks_and_words(room: Room) -> None:
    room.dialogue("suggestion", await room.call())
    await room.intake.archiving.next()
    status, detail = await room.desk.ask("qa", "GET", f"/api/calls/{CALL}")
    assert status == 200
    assert detail["recording"]["state"] == "archived"
    assert len(detail["recording"]["peaks"]["caller"]) == 2 * detail["recording"]["peaks"]["points"]
    assert detail["transcript"]["state"] == "waiting"
    assert detail["call"]["recording_state"] == "archived"


async def test_a_call_without_any_file_fails_with_its_reason_after_some_patience(room: Room) -> None:
    await room.call(ago=101)
    await room.intake.archiving.next()
    assert (await room.row("recording"))["state"] == "waiting"
    await room.desk.pool.execute("update call set ended_at = ended_at - interval '1 minute'")
    await room.due()
    await room.intake.archiving.next()
    row = await room.row("recording")
    assert (row["state"], row["error"]) == ("failed", "no_files")


async def test_a_file_still_being_written_is_waited_for(room: Room) -> None:
    began = await room.call(ago=105)
    path = room.leg(Role.CALLER, CALLER, began, speech.line_noise(5))
    os.utime(path)
    room.use(None, settle=3600 * SECOND)
    await room.intake.archiving.next()
    row = await room.row("recording")
    assert (row["state"], row["attempts"]) == ("waiting", 0)


async def test_a_full_or_lost_store_is_waited_for_and_costs_no_try(room: Room) -> None:
    room.dialogue("suggestion", await room.call())
    room.use(None, archive=NoStore())
    for _ in range(5):
        await room.intake.archiving.next()
        await room.due()
    row = await room.row("recording")
    assert (row["state"], row["attempts"], row["error"]) == ("waiting", 0, "put_failed")
    room.use(None)
    await room.intake.archiving.next()
    assert (await room.row("recording"))["state"] == "archived"


class NoStore:
    async def put(self, key: str, source: Path) -> None:
        raise ArchiveFailed("put_failed", "ENOSPC")

    async def find(self, call: CallId, around: datetime) -> None:
        return None


async def test_sound_that_cannot_be_read_stands_aside_after_some_tries(room: Room) -> None:
    began = await room.call()
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(1)).write_bytes(b"RIFFgarbage that is no wav file at all")
    for _ in range(3):
        await room.intake.archiving.next()
        await room.due()
    row = await room.row("recording")
    assert (row["state"], row["error"], row["attempts"]) == ("failed", "no_sound", 3)
    assert room.told[-1][1].state == "failed"


async def test_of_two_files_of_one_channel_only_the_unreadable_one_is_put_aside(room: Room) -> None:
    began = await room.call()
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(10))
    room.leg(Role.AGENT, AGENT, began + 2 * SECOND, speech.line_noise(3))
    bad = room.leg(Role.AGENT, AGENT, began + 6 * SECOND, speech.line_noise(3))
    bad.write_bytes(b"RIFFgarbage that is no wav file at all")
    await room.intake.archiving.next()
    assert (await room.row("recording"))["state"] == "archived"
    assert [path.name for path in room.spool.iterdir()] == ["quarantine"]
    assert [path.name for path in (room.spool / "quarantine").iterdir()] == [bad.name]


async def test_who_was_found_talking_after_a_gap_is_heard_from_the_first_word(room: Room) -> None:
    began = await room.call()
    await room.desk.pool.execute(
        "update call set recovered = true, answered_at = started_at + interval '60 seconds', waited_ms = 60000"
    )
    await room.desk.pool.execute("update call_span set joined_at = joined_at + interval '58 seconds', recovered = true")
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(100))
    room.leg(Role.AGENT, AGENT, began + 4 * SECOND, speech.line_noise(20))
    room.leg(Role.AGENT, AGENT, began + 30 * SECOND, speech.line_noise(70))  # anew after a hold
    room.leg(Role.AGENT, ChannelId("tingsu-1795467600.9"), began + 26 * SECOND, speech.line_noise(3))  # nobody told of
    await room.intake.archiving.next()
    row = await room.row("recording")
    sound, _ = sf.read(room.folder / "store" / row["object"], dtype="int16")
    heard = [bool(sound[second * speech.RATE : (second + 1) * speech.RATE, 1].any()) for second in range(100)]
    assert heard == [4 <= second < 24 or 26 <= second < 29 or second >= 30 for second in range(100)]
    assert "spans_unknown" in row["remarks"]
    call = await room.row("call")
    assert (call["answered_at"], call["waited_ms"]) == (began + 4 * SECOND, 4_000)


async def test_an_answer_that_was_heard_keeps_its_moment_whatever_was_missed_later(room: Room) -> None:
    began = await room.call()
    await room.desk.pool.execute("update call set recovered = true, waited_ms = 2000")
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(100))
    room.leg(Role.AGENT, AGENT, began + 1.95 * SECOND, speech.line_noise(90))
    await room.intake.archiving.next()
    call = await room.row("call")
    assert (call["answered_at"], call["waited_ms"]) == (began + 2 * SECOND, 2_000)


async def test_a_consulted_colleague_is_not_heard_in_a_call_that_was_heard_whole(room: Room) -> None:
    began = await room.call()
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(100))
    room.leg(Role.AGENT, AGENT, began + 2 * SECOND, speech.line_noise(20))
    room.leg(Role.AGENT, ChannelId("tingsu-1795467600.9"), began + 30 * SECOND, speech.line_noise(30))
    await room.intake.archiving.next()
    sound, _ = sf.read(room.folder / "store" / (await room.row("recording"))["object"], dtype="int16")
    assert not sound[30 * speech.RATE :, 1].any()
    assert (await room.row("call"))["waited_ms"] is None  # as it was heard


async def test_a_listener_that_dies_is_tried_again_three_times_and_then_set_aside(room: Room) -> None:
    room.dialogue("suggestion", await room.call())
    await room.intake.archiving.next()
    crew = Refusing(WorkerDied("worker_died", "SIGSEGV"))
    room.use(crew)
    for _ in range(5):
        await room.listen()
        await room.due()
    row = await room.row("transcript")
    assert (row["state"], row["error"], crew.tries) == ("failed", "worker_died", 3)
    assert (await room.row("ticket"))["state"] == "draft"


async def test_sound_that_no_model_can_read_is_not_tried_again(room: Room) -> None:
    room.dialogue("suggestion", await room.call())
    await room.intake.archiving.next()
    crew = Refusing(AudioRefused("too_long"))
    room.use(crew)
    await room.listen()
    assert ((await room.row("transcript"))["state"], crew.tries) == ("failed", 1)


async def test_a_try_that_our_own_end_cut_off_is_none(room: Room) -> None:
    room.dialogue("suggestion", await room.call())
    await room.intake.archiving.next()
    for _ in range(5):
        await room.desk.pool.execute(
            "update transcript set state = 'running', attempts = attempts + 1, due_at = now() + interval '2 hours'"
        )
        await room.intake.release()
    async with Crew(DEMONSTRATION) as crew:
        room.use(crew)
        assert await room.listen()
    assert ((await room.row("transcript"))["state"], (await room.row("transcript"))["attempts"]) == ("done", 1)


async def test_a_try_that_its_child_died_of_is_one(room: Room) -> None:
    room.dialogue("suggestion", await room.call())
    await room.intake.archiving.next()
    room.use(Refusing(WorkerDied("worker_died", "SIGSEGV")))
    for _ in range(3):
        await room.listen()
        await room.due()
    row = await room.row("transcript")
    assert (row["state"], row["error"], row["attempts"]) == ("failed", "worker_died", 3)


async def test_what_a_kill_left_on_its_way_is_swept(room: Room) -> None:
    work = room.folder / "work"
    for name in ("tingsu-1.1.flac", "tingsu-1.2.listen.flac", "tingsu-1.3.peaks.json"):
        (work / name).write_bytes(b"half")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(room.intake.run(), name="intake")
        await until(lambda: not list(work.iterdir()), "it is swept")
        running.cancel()


async def test_a_call_whose_sound_a_full_disk_swallowed_says_so(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    began = await room.call()
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(1)).write_bytes(b"")
    monkeypatch.setattr(archiving, "FULL_BYTES", 1 << 62)
    monkeypatch.setattr(archiving, "FULL_APART", timedelta(hours=1))
    await room.intake.archiving._look_at_room()
    for _ in range(3):
        await room.intake.archiving.next()
        await room.due()
    row = await room.row("recording")
    assert (row["state"], row["error"]) == ("failed", "spool_full")


async def test_words_do_not_wait_for_the_agent_who_types(room: Room) -> None:
    room.dialogue("fault", await room.call())
    await room.intake.archiving.next()

    async def type_on() -> None:
        for version in range(1, 40):
            body = {"version": version, "fields": {"address": str(version)}}
            if (await room.desk.ask("li", "PATCH", "/api/tickets/1", body))[0] != 200:
                return
            await asyncio.sleep(0.01)

    async with Crew(DEMONSTRATION) as crew, asyncio.TaskGroup() as tasks:
        room.use(crew)
        await crew.start()
        tasks.create_task(type_on(), name="typing")
        await room.listen()
    ticket = await room.row("ticket")
    assert (ticket["business"], ticket["sources"]["address"]["by"]) == ("fixed_telephone", "agent")


async def test_sound_of_a_call_that_nobody_told_us_of_is_adopted(room: Room) -> None:
    began = datetime.now(UTC) - timedelta(minutes=10)
    room.dialogue("fault", began.replace(microsecond=0))
    await room.intake.adoption.look()
    call = await room.row("call")
    assert (call["id"], call["outcome"], call["recovered"]) == (CALL, "lost", True)
    await room.intake.archiving.next()
    row = await room.row("recording")
    assert row["state"] == "archived"
    assert "spans_unknown" in row["remarks"]
    await room.intake.adoption.look()
    assert await room.desk.pool.fetchval("select count(*) from call") == 1


def diary(began: datetime, *lines: tuple[int, str, str]) -> str:
    """The switch's queue_log: seconds after ``began``, the agent, the event with its fields."""
    return "".join(f"{int(began.timestamp()) + second}|{CALL}|{QUEUE}|{agent}|{event}\n" for second, agent, event in lines)


async def counted(room: Room, since: datetime) -> Figures:
    async with db.connection(room.desk.pool) as taken:
        return await compute(taken, QUEUE, (since, since + timedelta(hours=1)), Limits())


ENTERED = (1, "NONE", "ENTERQUEUE||13951600003|1")


async def test_a_call_that_only_the_switch_heard_is_adopted_as_its_diary_has_it_with_a_draft(room: Room) -> None:
    began = (datetime.now(UTC) - timedelta(minutes=10)).replace(microsecond=0)
    await room.desk.pool.execute("insert into customer (number, name, changed_at) values ('+8613951600003', '王小明', now())")
    room.dialogue("fault", began)
    room.diary.write_text(
        diary(began, ENTERED, (2, "1001", f"CONNECT|1|{AGENT}|1"), (90, "1001", "COMPLETECALLER|1|88|1")), encoding="utf-8"
    )
    await room.intake.adoption.look()
    await room.intake.adoption.look()
    call, leg, span = [await room.row(table) for table in ("call", "call_leg", "call_span")]
    li = room.desk.people["li"]
    assert (call["number"], call["number_sent"], call["queue"]) == ("+8613951600003", "13951600003", QUEUE)
    assert (call["started_at"], call["queued_at"], call["answered_at"]) == (began, began + SECOND, began + 2 * SECOND)
    assert (call["answered_by"], call["outcome"], call["waited_ms"], call["recovered"]) == (li, "answered", 1000, True)
    assert began + 90 * SECOND <= call["ended_at"] <= began + 91 * SECOND
    assert (leg["channel"], leg["extension"], leg["person_id"], leg["outcome"]) == (AGENT, "1001", li, "answered")
    assert (leg["answered_at"], leg["rang_ms"], leg["ended_at"]) == (began + 2 * SECOND, 1000, call["ended_at"])
    assert (span["channel"], span["joined_at"], span["recovered"]) == (AGENT, began + 2 * SECOND, False)
    assert call["talked_ms"] == (span["left_at"] - span["joined_at"]) // timedelta(milliseconds=1)
    ticket = (await room.desk.ask("li", "GET", "/api/tickets/1"))[1]
    assert (ticket["state"], ticket["call_id"], ticket["owner_id"]) == ("draft", CALL, li)
    assert (ticket["customer_number"], ticket["customer_name"]) == ("13951600003", "王小明")
    assert await room.desk.pool.fetchval("select count(*) from ticket") == 1
    assert await counted(room, began) == Figures(answered=1, answered_in_time=1)

    assert await room.intake.archiving.next()
    assert "spans_unknown" not in (await room.row("recording"))["remarks"]
    async with Crew(DEMONSTRATION) as crew:
        room.use(crew)
        assert await room.listen()
    assert (await room.desk.ask("li", "GET", "/api/tickets/1"))[1]["business"] == "fixed_telephone"
    assert (await room.row("call"))["waited_ms"] == 1000


@pytest.mark.parametrize(
    ("event", "outcome", "figures"),
    [("ABANDON|1|1|20", "abandoned", Figures(abandoned=1)), ("EXITWITHTIMEOUT|1|1|20", "refused", Figures())],
)
async def test_a_caller_whom_nobody_answered_while_we_were_dead_counts_by_how_it_ended(
    room: Room, event: str, outcome: str, figures: Figures
) -> None:
    began = (datetime.now(UTC) - timedelta(minutes=10)).replace(microsecond=0)
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(21.5))
    room.diary.write_text(diary(began, ENTERED, (21, "NONE", event)))
    await room.intake.adoption.look()
    call = await room.row("call")
    assert (call["outcome"], call["answered_by"], call["waited_ms"], call["recovered"]) == (outcome, None, 20_000, True)
    assert call["ended_at"] == began + 21.5 * SECOND
    assert (await room.row("recording"))["state"] == "waiting"
    assert await room.row("ticket") is None
    assert await counted(room, began) == figures


async def test_a_call_whose_end_nobody_heard_ends_where_its_sound_does(room: Room) -> None:
    """Answered before we died, over a minute later; we came back after a quarter of an hour."""
    began = await room.call(ago=1000, ended=False)
    await come_back(room)
    assert (await room.row("call"))["talked_ms"] > 900_000
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(62))
    room.leg(Role.AGENT, AGENT, began + 2 * SECOND, speech.line_noise(28))
    room.leg(Role.AGENT, AGENT, began + 30 * SECOND, speech.line_noise(31))  # anew after a hold
    await room.intake.archiving.next()
    call, leg, span, recording = [await room.row(table) for table in ("call", "call_leg", "call_span", "recording")]
    assert (call["outcome"], call["ended_at"], call["talked_ms"]) == ("answered", began + 62 * SECOND, 59_000)
    assert (call["recovered"], call["concluded"]) == (True, False)
    assert leg["ended_at"] == call["ended_at"]
    assert span["left_at"] == began + 61 * SECOND
    assert (recording["state"], "short" in recording["remarks"]) == ("archived", False)


async def test_a_call_that_waited_when_we_died_counts_as_the_diary_has_it_and_gets_its_draft(room: Room) -> None:
    began = await room.call(ago=1000, talked=False, ended=False)
    await room.desk.pool.execute("update call set queued_at = queued_at + interval '1.3 seconds', queue = $1", QUEUE)
    await come_back(room)
    assert (await room.row("call"))["outcome"] == "lost"
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(90.5))
    room.leg(Role.AGENT, AGENT, began + 9.8 * SECOND, speech.line_noise(80.4))
    room.diary.write_text(
        diary(began, ENTERED, (9, "1001", f"CONNECT|8|{AGENT}|3"), (90, "1001", "COMPLETECALLER|8|81|1")), encoding="utf-8"
    )
    await room.intake.archiving.next()
    call, span = await room.row("call"), await room.row("call_span")
    assert (call["outcome"], call["answered_by"]) == ("answered", room.desk.people["li"])
    assert (call["queued_at"], call["waited_ms"]) == (began + 1.3 * SECOND, 8_500)
    assert (call["ended_at"], span["left_at"]) == (began + 90.5 * SECOND, began + 90.2 * SECOND)
    assert (await room.row("ticket"))["owner_id"] == room.desk.people["li"]
    assert await counted(room, began) == Figures(answered=1, answered_in_time=1)
    assert "spans_unknown" not in (await room.row("recording"))["remarks"]


async def come_back(room: Room) -> None:
    """The switch has none of our calls any more."""
    async with db.transaction(room.desk.pool) as taken:
        await following.apply(taken, StillLive(at=datetime.now(UTC), calls=()))
    await room.due()


async def test_a_colleague_to_whom_the_caller_was_handed_is_in_the_callers_recording(room: Room) -> None:
    """From a second line: the leg's name knows no caller, the spans do. What the two agents said alone is nobody's to hear."""
    began = await room.call()
    rung = ChannelId("tingsu-1795467620.7")
    await room.desk.pool.execute("update call_span set left_at = $1", began + 40 * SECOND)
    await room.desk.pool.execute(
        "insert into call_span values ($1, $2, $3, $4)", CALL, rung, began + 40 * SECOND, began + 90 * SECOND
    )
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(100))
    room.leg(Role.AGENT, AGENT, began + 2 * SECOND, speech.line_noise(38))
    room.leg(Role.AGENT, rung, began + 20 * SECOND, speech.line_noise(70), colleague=True)
    await room.intake.archiving.next()
    row = await room.row("recording")
    sound, _ = sf.read(room.folder / "store" / row["object"], dtype="int16")
    heard = [bool(sound[second * speech.RATE : (second + 1) * speech.RATE, 1].any()) for second in range(100)]
    assert heard == [2 <= second < 90 for second in range(100)]
    assert [leg["channel"] for leg in row["legs"]] == [CALLER, AGENT, rung]
    assert not list(room.spool.iterdir())


async def test_talk_between_colleagues_becomes_no_call_and_is_not_kept(room: Room) -> None:
    began = await room.call(ago=600)
    room.leg(Role.AGENT, ChannelId("tingsu-1795467620.7"), began + 10 * SECOND, speech.line_noise(5), colleague=True)
    await room.intake.adoption.look()
    assert not list(room.spool.iterdir())
    assert await room.desk.pool.fetchval("select count(*) from call") == 1


async def test_talk_between_colleagues_waits_while_a_call_of_that_time_may_still_claim_it(room: Room) -> None:
    began = await room.call(ago=600)
    path = room.leg(Role.AGENT, ChannelId("tingsu-1795467620.7"), began + 10 * SECOND, speech.line_noise(5), colleague=True)
    room.hearing = False
    await room.intake.adoption.look()
    assert path.exists(), "the switch is not heard: a transfer may have been missed"
    room.hearing = True
    await room.desk.pool.execute("update call set ended_at = null, outcome = null")
    await room.intake.adoption.look()
    assert path.exists(), "a call of that time is still open"
    await room.desk.pool.execute("update call set ended_at = started_at + interval '100 seconds', outcome = 'answered'")
    caller = room.leg(Role.CALLER, CALLER, began, speech.line_noise(100))
    os.utime(caller)
    await room.intake.adoption.look()
    assert path.exists(), "a call of that time is not taken in yet"
    caller.unlink()
    await room.intake.adoption.look()
    assert not path.exists()


async def test_talk_that_was_adopted_draws_no_other_talk_after_it(room: Room) -> None:
    began = await room.call(ago=600)
    await room.desk.pool.execute("update call set recovered = true")
    first, second = ChannelId("tingsu-1795467620.7"), ChannelId("tingsu-1795467690.8")
    room.leg(Role.AGENT, first, began + 90 * SECOND, speech.line_noise(30), colleague=True)
    await room.intake.adoption.look()
    room.leg(Role.AGENT, second, began + 110 * SECOND, speech.line_noise(30), colleague=True)
    await room.intake.archiving.next()
    await room.due()
    await room.intake.archiving.next()
    await room.intake.adoption.look()
    assert await room.desk.pool.fetchval("select array_agg(id) from call where id <> $1", CALL) == [first]
    assert not list(room.spool.iterdir())


async def test_who_gave_up_in_a_gap_of_our_hearing_waited_as_the_diary_has_it(room: Room) -> None:
    """The picture had the caller waiting until we noticed, a minute later."""
    began = await room.call(ago=1000, talked=False, ended=False)
    await room.desk.pool.execute("update call set queued_at = queued_at + interval '1 second', queue = $1", QUEUE)
    async with db.transaction(room.desk.pool) as taken:
        await following.apply(
            taken,
            CallEnded(at=began + 61 * SECOND, recovered=True, call=CALL, outcome=CallOutcome.LOST, waited_ms=60_000, talked_ms=0),
        )
    await room.due()
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(5.2))
    room.diary.write_text(diary(began, ENTERED, (5, "NONE", "ABANDON|1|1|4")))
    await room.intake.archiving.next()
    call = await room.row("call")
    assert (call["outcome"], call["waited_ms"], call["ended_at"]) == ("abandoned", 4_000, began + 5.2 * SECOND)
    assert await counted(room, began) == Figures(abandoned=1, short_abandons=1)


async def test_what_an_agent_says_after_the_caller_is_gone_is_not_the_calls(room: Room) -> None:
    began = await room.call(ago=1000, ended=False)
    await come_back(room)
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(30))
    room.leg(Role.AGENT, AGENT, began + 2 * SECOND, speech.line_noise(60))
    await room.intake.archiving.next()
    call, recording = await room.row("call"), await room.row("recording")
    assert (call["talked_ms"], recording["duration_ms"]) == (28_000, 30_000)


async def test_talk_between_colleagues_while_we_did_not_hear_everything_may_be_a_callers_and_is_adopted(room: Room) -> None:
    began = await room.call(ago=600)
    await room.desk.pool.execute("update call set recovered = true")
    rung = ChannelId("tingsu-1795467620.7")
    room.leg(Role.AGENT, rung, began + 10 * SECOND, speech.line_noise(5), colleague=True)
    await room.intake.adoption.look()
    assert await room.desk.pool.fetchval("select outcome from call where id = $1", rung) == "lost"


READ_ONLY = """create sequence refusals; grant all on refusals to public;
    create function refuse() returns trigger language plpgsql as
    $$ begin perform nextval('refusals');
       raise exception 'cannot execute in a read-only transaction' using errcode = 'read_only_sql_transaction'; end $$;
    create trigger refuse before update on transcript execute function refuse()"""


async def refused(room: Room) -> bool:
    """Something was; a sequence counts though the rest is rolled back."""
    return bool(await room.desk.pool.fetchval("select is_called from refusals"))


async def test_what_was_found_out_is_kept_though_the_database_could_not_take_it_at_once(
    room: Room, owner: db.OwnConnection
) -> None:
    room.dialogue("suggestion", await room.call())
    await room.intake.archiving.next()
    crew = Hearing(owner)
    room.use(crew)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(room.listen(), name="listening")
        await asyncio.wait_for(crew.heard.wait(), 10)
        await until(lambda: refused(room), "the first try to write it")
        await owner.execute("drop function refuse cascade")
    assert ((await room.row("transcript"))["state"], crew.tries) == ("no_speech", 1)


class Hearing:
    """A crew that hears nothing, and a database that turns read-only meanwhile."""

    def __init__(self, owner: db.OwnConnection) -> None:
        self.owner = owner
        self.heard = asyncio.Event()
        self.tries = 0

    async def transcribe(self, path: Path, *, channels: int = 2) -> Heard:
        self.tries += 1
        await self.owner.execute(READ_ONLY)
        self.heard.set()
        return Heard(((), ()), "none")


async def test_a_diary_that_cannot_be_read_keeps_no_sound_from_being_adopted(room: Room) -> None:
    room.diary.mkdir()
    room.leg(Role.CALLER, CALLER, datetime.now(UTC) - timedelta(minutes=10), speech.line_noise(3))
    await room.intake.adoption.look()
    assert ((await room.row("call"))["outcome"], (await room.row("recording"))["state"]) == ("lost", "waiting")


async def test_sound_of_a_call_that_still_stands_in_the_journal_is_not_adopted(room: Room) -> None:
    began = (datetime.now(UTC) - timedelta(minutes=10)).replace(microsecond=0)
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(3))
    room.in_journal = lambda: room.call(ago=600)
    await room.intake.adoption.look()
    assert ((await room.row("call"))["outcome"], (await room.row("call"))["recovered"]) == ("answered", False)


async def test_files_left_by_a_crash_after_the_archiving_are_cleared_and_unknown_ones_put_aside(room: Room) -> None:
    began = await room.call(ago=600)
    for _ in range(2):
        caller = room.leg(Role.CALLER, CALLER, began, speech.line_noise(10))
        room.leg(Role.AGENT, AGENT, began + 2 * SECOND, speech.line_noise(8))
        await room.intake.archiving.next()
    assert caller.exists()
    late = room.leg(Role.AGENT, AGENT, began + 20 * SECOND, speech.line_noise(3))
    await room.intake.adoption.look()
    assert [path.name for path in room.spool.iterdir()] == ["quarantine"]
    assert [path.name for path in (room.spool / "quarantine").iterdir()] == [late.name]


async def test_files_stay_while_their_recording_is_not_in_the_store(room: Room) -> None:
    began = await room.call(ago=600)
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(10))
    await room.intake.archiving.next()
    path = room.leg(Role.CALLER, CALLER, began, speech.line_noise(10))
    (room.folder / "store" / (await room.row("recording"))["object"]).unlink()
    await room.intake.adoption.look()
    assert path.exists()


async def test_sound_that_comes_after_it_was_given_up_is_taken_in(room: Room) -> None:
    began = await room.call(ago=600)
    await room.intake.archiving.next()
    assert (await room.row("recording"))["error"] == "no_files"
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(10))
    await room.intake.adoption.look()
    await room.intake.archiving.next()
    assert (await room.row("recording"))["state"] == "archived"


async def test_a_recording_that_ends_us_at_every_try_is_given_up(room: Room) -> None:
    began = await room.call()
    path = room.leg(Role.CALLER, CALLER, began, speech.line_noise(3))
    await room.desk.pool.execute("update recording set attempts = 6")
    await room.intake.archiving.next()
    row = await room.row("recording")
    assert (row["state"], row["error"], path.exists()) == ("failed", "gave_up", True)


async def test_words_of_a_recording_that_is_gone_are_not_looked_for_for_ever(room: Room) -> None:
    began = await room.call()
    room.leg(Role.CALLER, CALLER, began, speech.line_noise(3))
    await room.intake.archiving.next()
    (room.folder / "store" / (await room.row("recording"))["object"]).unlink()
    room.use(Refusing(AssertionError()))
    await room.listen()
    row = await room.row("transcript")
    assert (row["state"], row["error"]) == ("failed", "missing")


async def test_a_missing_spool_is_said_and_survived(room: Room) -> None:
    room.spool.rmdir()
    await room.intake.adoption.look()
    await room.call()
    await room.intake.archiving.next()
    assert (await room.row("recording"))["error"] == "FileNotFoundError"


async def test_a_recording_that_cannot_be_kept_for_an_odd_reason_stands_aside_and_is_done_again_when_asked(room: Room) -> None:
    room.dialogue("suggestion", await room.call())
    pool = room.desk.pool
    await pool.execute("alter table recording add constraint odd check (state <> 'archived')")
    for _ in range(3):
        await room.intake.archiving.next()
        await room.due()
    row = await room.row("recording")
    assert row["state"] == "failed"
    assert row["error"].startswith("CheckViolationError 23514")
    await pool.execute("alter table recording drop constraint odd")
    aside = room.aside()
    assert [(item.kind, item.thing) for item in (await aside.show()).items] == [("recording", CALL)]
    assert await aside.retry("recording", row["id"], by=room.desk.people["qa"]) == 1
    assert await room.intake.archiving.next()
    assert (await room.row("recording"))["state"] == "archived"
    assert not (await aside.show()).items
    assert await pool.fetchval("select count(*) from audit where action = 'system.retry'") == 1


async def test_what_is_tried_again_is_due_at_once_whatever_our_own_clock_says(room: Room) -> None:
    """The intake goes by the switch's clock, a person's deeds by ours, which may be ahead."""
    room.dialogue("suggestion", await room.call())
    await room.desk.pool.execute("update recording set state = 'failed', error = 'ValueError'")
    ahead = HandClock(room.desk.clock.now() + timedelta(hours=1))
    aside = SetAside(room.desk.pool, ahead, intake_time=room.desk.clock, drain=room.desk.drain, sound=room.intake.refused)
    await aside.retry("recording", None, by=room.desk.people["qa"])
    assert await room.intake.archiving.next()
    assert (await room.row("recording"))["state"] == "archived"


async def test_a_transcript_that_cannot_be_kept_for_an_odd_reason_stands_aside(room: Room) -> None:
    room.dialogue("suggestion", await room.call())
    await room.intake.archiving.next()
    await room.desk.pool.execute("alter table transcript add constraint odd check (state <> 'done' and state <> 'no_speech')")
    async with Crew(DEMONSTRATION) as crew:
        room.use(crew)
        for _ in range(3):
            await room.listen()
            await room.due()
    row = await room.row("transcript")
    assert (row["state"], row["error"][:19]) == ("failed", "CheckViolationError")


async def test_sound_that_cannot_be_taken_in_keeps_no_other_back(room: Room) -> None:
    began = datetime.now(UTC) - 600 * SECOND
    other = CallId("tingsu-1795467600.77")
    for call in (CALL, other):
        path = room.spool / file_name(LegFile(call, ChannelId(call), Role.CALLER, began))
        speech.write(path, speech.line_noise(2))
        os.utime(path, ((began + 2 * SECOND).timestamp(),) * 2)
    await room.desk.pool.execute(f"alter table call add constraint odd check (id <> '{CALL}')")
    await room.intake.adoption.look()
    assert await room.desk.pool.fetch("select id from call") == [(other,)]
    assert list(room.intake.adoption.refused) == [CALL]
    await room.desk.pool.execute("alter table call drop constraint odd")
    await room.intake.adoption.look()
    assert not room.intake.adoption.refused
    assert await room.desk.pool.fetchval("select count(*) from call") == 2


async def test_the_intake_goes_on_after_statements_that_the_database_refused(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ODD_S", 0.05)
    pool, troubles = room.desk.pool, Troubles(room.desk.clock)
    room.use(None, troubles=troubles)
    room.dialogue("suggestion", await room.call())

    async def archived() -> bool:
        return (await room.row("recording"))["state"] == "archived"

    await pool.execute("alter table recording rename to elsewhere")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(troubles.kept("intake", room.intake.run), name="intake")
        await until(lambda: troubles.standing(), "it is noticed")
        await pool.execute("alter table elsewhere rename to recording")
        await until(archived, "it goes on")
        await pool.execute("alter table recording rename to elsewhere")
        await until(lambda: {"archiving"} <= {one.part for one in troubles.standing()}, "each step notices by itself")
        running.cancel()
