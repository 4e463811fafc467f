"""What a centre keeps is for its own account alone: every file and folder, also those that an earlier start left open."""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from services.config_file import load
from services.hosted import database, place
from tests.acceptance.conftest import CALLER_SAYS, at_work, choose
from tests.demo.cast import CUSTOMERS
from tests.demo.seed import customers_csv
from tests.harness import speech
from tests.harness.caller import Caller
from tests.harness.centre import Centre
from tests.harness.folders import below
from tests.harness.patience import until
from tests.harness.sip_phone import Answer

NUMBER = "13800000007"
_PROGRAMS = re.compile(r"binaries-[0-9a-f]{12}")
"""PostgreSQL's own, copied by root beside the database for the account that runs them: nothing of the centre is in them."""


async def test_nobody_else_can_read_what_a_call_left_behind(tmp_path: Path) -> None:
    says = await asyncio.to_thread(speech.speak, CALLER_SAYS)
    async with Centre(tmp_path / "centre") as centre:
        await centre.hire("bert", extension="1002", phone="sip")
        await centre.hire("qing", role="qa_inspector")
        bert = await centre.sip_phone("bert")
        bert.on_ring = Answer(after=0.2)
        try:
            async with at_work(centre, "bert"), Caller(centre.sip_port, tmp_path, number=NUMBER, says=says) as caller:
                await caller.answered()
                await choose(centre, caller, "1")
                talk = await bert.next_call(limit=20)
                talk.voice.tone(700)
                caller.speak()
                await asyncio.sleep(len(says) / speech.RATE + 1)
                await talk.hang_up()
                await caller.ended()
            call = await centre.call_of(NUMBER, "the transcript", 60, recording_state="archived", transcript_state="done")
            async with await centre.desk("qing") as inspector:
                await inspector.download(f"/api/calls/{call['id']}/audio?side=caller")
            await centre.admin.import_customers(customers_csv(CUSTOMERS).encode())
        finally:
            bert.close()
        assert list((centre.folder / "var/cache/sides").glob("*.flac")), "the sound of one side was cut out"
        assert await asyncio.to_thread(_open_to_others, centre) == []

        await centre.stop()
        recordings = centre.folder / "var/recordings"
        left_open = [recordings, next(path for path in recordings.rglob("*.flac"))]
        for path in left_open:
            path.chmod(path.stat().st_mode | 0o055)
        assert len(await asyncio.to_thread(_open_to_others, centre)) == len(left_open)
        await centre.start()
        await until(lambda: not _open_to_others(centre), "all that was open closed", 10)


def _open_to_others(centre: Centre) -> list[str]:
    return [f"{path} {mode & 0o777:o}" for path, mode in _kept(centre) if _is_open(mode)]


def _is_open(mode: int) -> bool:
    """Whatever has rights that can be used: a link has none of its own."""
    return not stat.S_ISLNK(mode) and bool(stat.S_IMODE(mode) & 0o077)


def _kept(centre: Centre) -> Iterator[tuple[Path, int]]:
    """All that the instance made, its database too where that lies elsewhere."""
    config = load(centre.config)
    wished = database.plan_of(config).folder
    lies = place.remembered(wished) or wished
    for top in {config.folder, lies}:
        yield from ((path, found.st_mode) for path, found in below(top) if not _is_of_programs(path, found.st_mode, lies))


def _is_of_programs(path: Path, mode: int, database_lies: Path) -> bool:
    """Others may read those, and change nothing in them."""
    if not path.is_relative_to(database_lies) or path == database_lies:
        return False
    copy = path.relative_to(database_lies).parts[0]
    return bool(_PROGRAMS.fullmatch(copy)) and not mode & 0o022
