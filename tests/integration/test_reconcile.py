"""A database restored from before, a store that lost something: what each side lacks is named and repaired where it can be."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from cti.ids import CallId
from recordings.archive import PUTTING
from recordings.crew import Crew
from recordings.errors import ArchiveFailed
from recordings.models import DEMONSTRATION
from services.errors import WorldFailed
from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import Office
from tests.integration.test_intake import AGENT, CALL, SECOND, Room, diary, room
from tests.integration.test_tickets import desk, new, step

__all__ = ["desk", "room"]

FORGET = (
    "truncate transcript, recording, call_span, call_leg, call_turn, queue_visit, pop, ticket_key, ticket_call cascade",
    "alter table ticket_journal disable trigger user", "delete from ticket_journal", "delete from ticket", "delete from call",
    "alter table ticket_journal enable trigger user",
)  # fmt: skip


async def forget(pool: db.Pool) -> None:
    """As if the database had been restored from before the call."""
    for sql in FORGET:
        await pool.execute(sql)


async def archived(room: Room, name: str = "suggestion") -> datetime:
    began = await room.call()
    room.dialogue(name, began)
    await room.intake.archiving.next()
    assert (await room.row("recording"))["state"] == "archived"
    return began


async def test_a_recording_whose_row_is_lost_gets_it_back_from_the_store(room: Room) -> None:
    await archived(room)
    before = dict(await room.row("recording"))
    await room.desk.pool.execute("delete from transcript")
    await room.desk.pool.execute("update recording set state = 'failed', error = 'no_files', object = null, legs = '[]'")
    await room.intake.reconciler.look()
    assert await room.intake.archiving.next()
    after = dict(await room.row("recording"))
    for name in ("state", "object", "peaks", "sha256", "bytes", "duration_ms", "sample_rate", "starts_at", "legs"):
        assert after[name] == before[name], name
    assert after["remarks"] == sorted([*before["remarks"], "restored"])
    assert (await room.row("transcript"))["state"] == "waiting"
    assert room.intake.reconciler.repaired == {"recordings without a row": 1}


async def test_a_call_that_the_database_has_forgotten_is_written_again_from_sound_and_diary(room: Room) -> None:
    began = await archived(room, "fault")
    told = ((0, "NONE", "ENTERQUEUE||13800138000|1"), (2, "1001", f"CONNECT|2|{AGENT}|2"), (90, "1001", "COMPLETECALLER|2|88|1"))
    room.diary.write_text(diary(began, *told))
    await forget(room.desk.pool)
    await room.intake.reconciler.look()
    call = await room.row("call")
    assert (call["id"], call["number"], call["outcome"], call["answered_by"]) == (
        CALL, "+8613800138000", "answered", room.desk.people["li"],
    )  # fmt: skip
    assert await room.intake.archiving.next()
    assert (await room.row("recording"))["state"] == "archived"
    assert await room.desk.pool.fetchval("select count(*) from ticket where call_id = $1", CALL) == 1
    async with Crew(DEMONSTRATION) as crew:
        room.use(crew)
        assert await room.listen()
    assert (await room.row("transcript"))["state"] == "done"


async def test_without_a_diary_such_a_call_is_its_sound_alone(room: Room) -> None:
    began = await archived(room)
    await forget(room.desk.pool)
    await room.intake.reconciler.look()
    call = await room.row("call")
    assert (call["id"], call["outcome"], call["recovered"]) == (CALL, "lost", True)
    assert abs(call["started_at"] - began) < SECOND
    assert await room.intake.archiving.next()
    assert (await room.row("recording"))["state"] == "archived"


async def test_a_call_without_sound_that_only_the_diary_knows_is_written_from_it(room: Room) -> None:
    began = datetime.now(UTC).replace(microsecond=0) - 600 * SECOND
    room.diary.write_text(diary(began, (0, "NONE", "ENTERQUEUE||13800138000|1"), (20, "NONE", "ABANDON|1|1|20")))
    await room.intake.reconciler.look()
    call = await room.row("call")
    assert (call["outcome"], call["number"], call["waited_ms"]) == ("abandoned", "+8613800138000", 20_000)
    await room.intake.reconciler.look()
    assert room.intake.reconciler.repaired["calls told by the diary"] == 1


async def test_a_call_that_never_left_the_menu_is_written_from_the_diary_too(room: Room) -> None:
    began = datetime.now(UTC).replace(microsecond=0) - 600 * SECOND
    millis = int(began.timestamp() * 1000)
    told = ((0, "NONE", f"CALLBEGAN|{millis}|13800138000|10000"), (9, "NONE", f"CALLOVER|{millis + 9_000}"))
    room.diary.write_text(diary(began, *told))
    await room.intake.reconciler.look()
    call = await room.row("call")
    assert (call["number"], call["queued_at"], call["ended_at"] - call["started_at"]) == ("+8613800138000", None, 9 * SECOND)


async def test_a_call_that_goes_on_is_left_alone(room: Room) -> None:
    began = datetime.now(UTC).replace(microsecond=0) - 600 * SECOND
    room.diary.write_text(diary(began, (0, "NONE", "ENTERQUEUE||13800138000|1")))
    await room.intake.reconciler.look()
    assert await room.desk.pool.fetchval("select count(*) from call") == 0


async def test_sound_that_is_missing_in_the_store_is_named_until_it_is_back(room: Room) -> None:
    await archived(room)
    await room.desk.pool.execute("update recording set archived_at = archived_at - interval '1 hour'")
    path = room.folder / "store" / (await room.row("recording"))["object"]
    path.rename(room.folder / "elsewhere")
    await room.intake.reconciler.look()
    assert list(room.intake.reconciler.missing) == [CALL]
    assert [(item.kind, item.thing, item.reason) for item in (await room.aside().show()).items] == [("sound", CALL, "missing")]
    (room.folder / "elsewhere").rename(path)
    await room.intake.reconciler.look()
    assert not room.intake.reconciler.missing


async def test_rows_that_belong_together_are_completed(room: Room) -> None:
    await archived(room)
    pool = room.desk.pool
    await pool.execute("delete from transcript")
    await pool.execute("update recording set archived_at = archived_at - interval '1 hour'")
    other = CallId("tingsu-1795467600.50")
    await pool.execute(
        "insert into call (id, number, number_sent, name_sent, dialled, started_at, ended_at, outcome)"
        " values ($1, '', '', '', '', $2, $2, 'abandoned')", other, datetime.now(UTC) - timedelta(hours=1),
    )  # fmt: skip
    await room.intake.reconciler.look()
    assert (await room.row("transcript"))["state"] == "waiting"
    assert await pool.fetchval("select state from recording where call_id = $1", other) == "waiting"


async def forgotten(pool: db.Pool, days: int) -> str:
    """A call of so many days ago without a recording's row."""
    call = CallId(f"tingsu-1795467600.{days}")
    await pool.execute(
        "insert into call (id, number, number_sent, name_sent, dialled, started_at, ended_at, outcome)"
        " values ($1, '', '', '', '', $2, $2, 'abandoned')", call, datetime.now(UTC) - timedelta(days=days),
    )  # fmt: skip
    return call


async def test_only_a_far_look_asks_for_rows_of_long_ago(room: Room) -> None:
    pool, reconciler = room.desk.pool, room.intake.reconciler
    await reconciler.look()
    call = await forgotten(pool, 10)
    await reconciler.look()
    assert await pool.fetchval("select count(*) from recording") == 0
    reconciler.wake()
    await reconciler.look()
    assert await pool.fetchval("select state from recording where call_id = $1", call) == "waiting"


async def test_whoever_wakes_it_during_a_look_has_the_next_one_go_far(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    pool, reconciler = room.desk.pool, room.intake.reconciler
    of_day = room.archive.of_day

    async def woken(day: date) -> dict[CallId, set[str]]:
        reconciler.wake()
        return await of_day(day)

    with monkeypatch.context() as patch:
        patch.setattr(room.archive, "of_day", woken)
        await reconciler.look()
    await forgotten(pool, 10)
    await reconciler.look()
    assert await pool.fetchval("select count(*) from recording") == 1


async def test_a_look_that_failed_is_made_again_as_far(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    pool, reconciler = room.desk.pool, room.intake.reconciler

    async def away(day: date) -> dict[CallId, set[str]]:
        raise ArchiveFailed("away", "")

    with monkeypatch.context() as patch:
        patch.setattr(room.archive, "of_day", away)
        with pytest.raises(WorldFailed):
            await reconciler.look()
    await forgotten(pool, 10)
    await reconciler.look()
    assert await pool.fetchval("select count(*) from recording") == 1


async def test_sound_that_the_store_has_otherwise_waits_for_a_person(room: Room) -> None:
    await archived(room)
    await room.desk.pool.execute("delete from transcript")
    await room.desk.pool.execute("update recording set state = 'failed', error = 'key_taken', object = null")
    await room.intake.reconciler.look()
    assert (await room.row("recording"))["state"] == "failed"
    assert not room.intake.reconciler.repaired


async def test_what_a_kill_left_half_written_in_the_store_is_swept(room: Room) -> None:
    folder = room.folder / "store" / f"{datetime.now(UTC):%Y/%m/%d}"
    folder.mkdir(parents=True)
    old, fresh = folder / f"{PUTTING}old", folder / f"{PUTTING}fresh"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7_200,) * 2)
    await room.intake.reconciler.look()
    assert [path.name for path in folder.iterdir()] == [fresh.name]


@pytest.mark.parametrize("lost", ["update ticket_counter set last = last - 1", "delete from ticket_counter"])
async def test_a_ticket_number_is_never_given_twice(desk: Office, clock: HandClock, lost: str) -> None:
    numbers = []
    for key in ("key-0001", "key-0002", "key-0003"):
        if len(numbers) == 2:
            await desk.pool.execute(lost)  # the database is restored from before
            await desk.pool.execute("update ticket set number = null, state = 'discarded' where number = $1", numbers[-1])
        numbers.append((await step(desk, await new(desk, key=key), "confirm"))[1]["number"])
    assert [number[-6:] for number in numbers] == ["000001", "000002", "000003"]
