"""Where files of customers lie: who holds a folder keeps it, also beside others and in the moment in which they look."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from services.customers.kept import claimed

HOLD = """
import pathlib, sys, time
from services.customers.kept import claimed
with claimed(pathlib.Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


async def holder(base: Path) -> tuple[asyncio.subprocess.Process, Path]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLD, str(base), stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    return process, Path((await process.stdout.readline()).decode().strip())


async def test_two_processes_have_a_folder_each_and_a_killed_ones_goes_at_the_next_start(tmp_path: Path) -> None:
    base = tmp_path / "imports"
    (base / "of-an-earlier-version").mkdir(parents=True)
    (first, his), (second, hers) = [await holder(base) for _ in range(2)]
    try:
        (his / "file").write_text("x")
        (hers / "file").write_text("x")
        with claimed(base) as ours:
            assert (his / "file").exists()
            assert (hers / "file").exists()
            assert ours.stat().st_mode & 0o077 == 0
        first.send_signal(signal.SIGKILL)
        await first.wait()
        with claimed(base) as ours:
            assert sorted(one.name for one in base.iterdir() if one.is_dir()) == sorted([ours.name, hers.name])
    finally:
        for process in (first, second):
            if process.returncode is None:
                process.kill()
            await process.wait()
    with claimed(base):
        assert len(list(base.iterdir())) == 2
    assert not base.exists()
