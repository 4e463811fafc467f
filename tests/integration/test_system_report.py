"""What the system page is told of the parts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cti.ids import CallId
from cti.switch_time import SwitchTime
from recordings.archive import Archive
from services.following import apply
from services.recordings.steps import IntakeSettings
from services.store import db
from services.system import report as rooms
from services.system.report import SystemReport
from services.transcripts.intake import Intake
from services.troubles import Troubles
from tests.harness.clock import HandClock


async def nobody() -> list[str]:
    return []


def report_of(pool: db.Pool, clock: HandClock, **parts: Any) -> SystemReport:
    rest: dict[str, Any] = dict.fromkeys(
        (
            "floor",
            "monitor",
            "journal",
            "drain",
            "prompts",
            "crew",
            "model",
            "hosted",
            "lease",
            "intake",
            "archive",
            "switch_time",
            "refusals",
        )
    )
    rest |= {
        "mails": True,
        "left_out": nobody,
        "missing_prompts": (),
        "spool": Path("/"),
        "troubles": Troubles(clock),
        "hotlines": ("10000",),
    }
    return SystemReport(pool=pool, clock=clock, version="0", **rest | parts)


async def test_what_waits_to_be_listened_to_and_what_failed_is_said(pool: db.Pool, clock: HandClock) -> None:
    for number, state in enumerate(("waiting", "archived", "archived")):
        call = f"tingsu-1.{number}"
        await pool.execute(
            "insert into call (id, number, number_sent, name_sent, dialled, started_at) values ($1, '', '', '', '', $2)",
            call,
            clock.now(),
        )
        sql = "insert into recording (call_id, state, due_at) values ($1, $2, $3) returning id"
        recording = await pool.fetchval(sql, call, state, clock.now())
        if state == "archived":
            transcript = "insert into transcript (recording_id, state, due_at, finished_at) values ($1, $2, $3, $3)"
            await pool.execute(transcript, recording, "failed" if number == 1 else "waiting", clock.now())
    part = await report_of(pool, clock)._transcription()
    assert (part.code, part.detail) == ("no_model", "1 to archive, 1 to listen to, 1 failed since yesterday")


async def test_a_database_that_cannot_be_asked_leaves_the_page_as_it_is(
    pool: db.Pool, owner: db.OwnConnection, clock: HandClock
) -> None:
    await owner.execute("alter table recording rename to elsewhere")
    assert (await report_of(pool, clock)._transcription()).detail == ""
    await pool.close()
    assert (await report_of(pool, clock)._database()).code == "away"


async def test_accounts_that_are_passed_over_are_named(pool: db.Pool, clock: HandClock) -> None:
    async def named() -> list[str]:
        return ["li 10000 hotline", "wang role"]

    part = await report_of(pool, clock, left_out=named)._accounts()
    assert (part.ok, part.code, part.detail) == (False, "left_out", "li 10000 hotline; wang role")
    assert (await report_of(pool, clock)._accounts()).ok


async def test_a_store_that_is_full_or_takes_nothing_is_said(pool: db.Pool, clock: HandClock, tmp_path: Path) -> None:
    archive = Archive.open(str(tmp_path / "store"))
    intake = intake_of(pool, archive, clock, tmp_path)
    (tmp_path / "spool").mkdir()
    page = report_of(pool, clock, intake=intake, archive=archive, spool=tmp_path / "spool")
    with pytest.MonkeyPatch.context() as small:
        small.setattr(rooms, "DISK_LOW", 0)
        assert (await page._recordings()).code == "ok"
        small.setattr(rooms, "FULL_BYTES", 1 << 62)
        assert await page._store() == "store_full"
        assert (await page._recordings()).code == "spool_full"
        small.setattr(rooms, "FULL_BYTES", 0)
        intake.archiving.hindered = "put_failed"
        said = await page._recordings()
    assert (said.ok, said.code) == (False, "store_failed")


async def test_what_was_repaired_and_what_cannot_be_is_said(pool: db.Pool, clock: HandClock, tmp_path: Path) -> None:
    archive = Archive.open(str(tmp_path / "store"))
    intake = intake_of(pool, archive, clock, tmp_path)
    page = report_of(pool, clock, intake=intake, archive=archive)
    assert page._reconciled().ok
    intake.reconciler.repaired["recordings without a row"] = 2
    assert page._reconciled().detail == "repaired: 2 recordings without a row"
    intake.reconciler.missing = {CallId("tingsu-1.1"): "2026/11/26/tingsu-1.1.flac"}
    assert page._reconciled().code == "missing_sound"


def intake_of(pool: db.Pool, archive: Archive, clock: HandClock, folder: Path) -> Intake:
    settings = IntakeSettings(spool=folder / "spool", work=folder / "work", apply=apply)
    return Intake(pool, archive, None, KeptOutbox(), clock, settings=settings)


class KeptOutbox:
    """Nobody is told anything here."""

    def push(self, person: int, key: str, make: object, *, over: bool = False) -> int:
        return 0


def clocks(clock: HandClock, *, apart: float, set_by: float = 0.0) -> tuple[str, str]:
    time = SwitchTime(clock)
    time.heard(clock.now() + timedelta(seconds=apart - set_by), clock.monotonic())
    time.heard(clock.now() + timedelta(seconds=apart), clock.monotonic())
    part = report_of(None, clock, switch_time=time)._clocks()  # type: ignore[arg-type]  # asks no database
    assert part.ok is (part.code == "ok")
    return part.code, part.detail


def test_clocks_that_disagree_or_were_set_are_said(clock: HandClock) -> None:
    assert clocks(clock, apart=0.1) == ("ok", "the switch's is +0.1 s from ours")
    assert clocks(clock, apart=90) == ("clocks_apart", "the switch's is +90.0 s from ours")
    code, detail = clocks(clock, apart=0, set_by=-3600)
    assert (code, detail.partition("; ")[2][:30]) == ("clock_set", "switch was set by -3600 s at 2")
