"""Started as root, everything is an unprivileged account's before a door opens: we, the switch, the database, the workers."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import services
from services.hosted.account import can_reach, unprivileged
from tests.harness.centre import Centre
from tests.harness.folders import below
from tests.harness.patience import until
from tests.harness.sip_phone import Phone
from tests.harness.switch import CACHE, HOTLINE

NUMBER = "13800138000"
SOME_SECONDS = 48_000  # bytes
_SYSTEMS_OWN = Path(f"/usr/bin/python3.{sys.version_info.minor}")


def reachable_python() -> Path | None:
    """The system's own before ours: where the two differ, it is the older one, and most users' centre runs on it."""
    account = unprivileged()
    return next((path for path in (_SYSTEMS_OWN, Path(sys.executable)) if path.exists() and can_reach(account, path)), None)


pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to lose"),
    pytest.mark.skipif(
        os.geteuid() == 0 and reachable_python() is None, reason="every Python of this kind lies in a closed folder"
    ),
]


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    """In a folder that everybody can walk to, as an administrator's is."""
    folder = Path(tempfile.mkdtemp(prefix="tingsu-rootless-", dir="/var/tmp"))
    folder.chmod(0o755)
    cached = folder / "var/cache/packages/tingsu"
    cached.mkdir(parents=True)
    for found in CACHE.iterdir():
        if found.is_dir():
            shutil.copytree(found, cached / found.name, symlinks=True)
    paths = f"{Path(services.__file__).parents[1]}:{sysconfig.get_path('purelib')}"
    program = (str(reachable_python()), "-m", "services")
    try:
        async with Centre(folder, secrets={"PYTHONPATH": paths}, program=program) as centre:
            yield centre
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_no_process_and_no_file_of_an_instance_that_root_started_is_roots(centre: Centre) -> None:
    account = unprivileged()
    assert account is not None
    caller = await Phone.open(centre.sip, user=NUMBER)
    call = await caller.call(HOTLINE)
    running = [*owners(centre)]
    names = " ".join(line for line, _, _ in running)
    assert "asterisk" in names
    assert "postgres" in names
    assert {uid for _, uids, _ in running for uid in uids} == {account.uid}
    assert {gid for _, _, gids in running for gid in gids} == {account.gid}
    call.voice.tone(440)
    await until(lambda: any(path.stat().st_size > SOME_SECONDS for path in centre.spool.glob("*.wav")), "a recording")
    await call.hang_up()
    caller.close()
    await centre.call_of(NUMBER, recording_state="archived", limit=20)
    assert roots(centre) == []

    await centre.stop()
    (centre.folder / "var/models/copied-by-root").mkdir(parents=True)
    (centre.folder / "var/models/copied-by-root/README").touch()
    await centre.start()
    assert roots(centre) == [], "what root has put there since is given too"


def owners(centre: Centre) -> Iterator[tuple[str, Sequence[int], Sequence[int]]]:
    """Command line, users and groups of each process; one that ends meanwhile is none."""
    for process in centre.processes():
        with suppress(psutil.NoSuchProcess):
            yield " ".join(process.cmdline()), process.uids(), process.gids()


def roots(centre: Centre) -> list[Path]:
    return [path for path, found in below(centre.folder / "var") if found.st_uid == 0]


async def test_a_switch_of_roots_that_does_not_end_is_named_and_what_to_do(centre: Centre) -> None:
    """As an earlier start as root left it: the account may not end it, and nobody waits for it for ever."""
    await centre.stop()
    conf = centre.folder / "var/asterisk/etc/asterisk.conf"
    switch = await asyncio.create_subprocess_exec("sh", "-c", "sleep 600; :", "asterisk", "-C", str(conf), "-f")
    try:
        await centre.launch()
        await until(lambda: centre.dead, "the end of a start that cannot go on", 30)
        assert f"{switch.pid}" in centre.log.read_text(encoding="utf-8")
        assert "请以 root 身份结束它" in centre.log.read_text(encoding="utf-8")
        assert switch.returncode is None
    finally:
        switch.kill()
        await switch.wait()
