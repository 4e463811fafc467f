"""What the system page is told of the parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.looking import Looking
from services.store import db
from tests.harness.clock import HandClock


async def nobody() -> list[str]:
    return []


def looking(pool: db.Pool, clock: HandClock, **parts: Any) -> Looking:
    rest: dict[str, Any] = dict.fromkeys(("floor", "monitor", "journal", "drain", "prompts", "crew", "model", "hosted"))
    rest["left_out"] = nobody
    return Looking(pool=pool, clock=clock, missing_prompts=(), spool=Path("/"), version="0", **rest | parts)


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
    part = await looking(pool, clock)._transcription()
    assert (part.code, part.detail) == ("no_model", "1 to archive, 1 to listen to, 1 failed since yesterday")


async def test_a_database_that_cannot_be_asked_leaves_the_page_as_it_is(pool: db.Pool, clock: HandClock) -> None:
    await pool.execute("alter table recording rename to elsewhere")
    assert (await looking(pool, clock)._transcription()).detail == ""
    await pool.close()
    assert (await looking(pool, clock)._database()).code == "away"


async def test_accounts_that_are_passed_over_are_named(pool: db.Pool, clock: HandClock) -> None:
    async def named() -> list[str]:
        return ["li 10000 hotline", "wang role"]

    part = await looking(pool, clock, left_out=named)._accounts()
    assert (part.ok, part.code, part.detail) == (False, "left_out", "li 10000 hotline; wang role")
    assert (await looking(pool, clock)._accounts()).ok
