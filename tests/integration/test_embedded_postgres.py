"""The embedded PostgreSQL as a process: started, killed, starved, found by the next start. Nothing is lost or left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from services.hosted import account, binaries, leftovers, postgres
from services.hosted.database import address_of_embedded, bring_up_to_date
from services.hosted.postgres import AlreadyRunning, EmbeddedPostgres, PostgresPlan
from services.store import db
from services.store.roles import APPLICATION, beyond
from tests.harness import patience
from tests.harness.patience import until
from tests.harness.scarcity import descriptors_left, small_disk

AS_ROOT = os.geteuid() == 0


def quiet(_: str) -> None:
    """Nobody reads the progress here."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder the unprivileged account can walk to (pytest's own temporary folders are closed to others)."""
    with tempfile.TemporaryDirectory(prefix="tingsu-hosted-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path / "postgres"


async def value(server: EmbeddedPostgres, sql: str) -> object:
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    async with postgres.running(PostgresPlan(folder=folder), quiet) as started:
        yield started


async def test_it_listens_on_no_port_and_its_folder_is_closed(server: EmbeddedPostgres) -> None:
    assert await value(server, "show listen_addresses") == ""
    assert stat.S_IMODE(server.place.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
    assert "password" not in repr(server).replace("password file", "")


async def test_a_second_start_is_told_and_can_reach_the_first(server: EmbeddedPostgres, folder: Path) -> None:
    plan = PostgresPlan(folder=folder)
    with pytest.raises(AlreadyRunning):
        await postgres.start(plan, quiet)
    connection = await asyncpg.connect(postgres.urls_of_running(plan)[0])
    assert await connection.fetchval("select current_database()") == "tingsu"
    await connection.close()


async def test_an_instance_that_had_only_the_owner_gets_the_applications_account(folder: Path) -> None:
    plan = PostgresPlan(folder=folder)
    async with postgres.running(plan, quiet) as before:
        await migrated(before)
        await value(before, f"drop owned by {APPLICATION}")
        await value(before, f"drop role {APPLICATION}")
    (before.place / postgres.APPLICATION_SECRET).unlink()
    async with postgres.running(plan, quiet) as after:
        assert await migrated(after) == []
        application = await asyncpg.connect(after.application_url())
        assert await application.fetchval("select count(*) from audit") == 0
        assert await beyond(application) == ""
        await application.close()


async def migrated(server: EmbeddedPostgres) -> list[str]:
    address = address_of_embedded(server)
    owner = await db.connect(address.migrator.url)
    try:
        return await bring_up_to_date(owner, address, quiet)
    finally:
        await owner.close()


@pytest.mark.skipif(not AS_ROOT, reason="only root has an account to drop")
async def test_root_is_dropped(server: EmbeddedPostgres) -> None:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    assert (
        next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:] == [str(server.place.stat().st_uid)] * 4
    )
    assert server.place.stat().st_uid != 0


async def test_a_killed_server_comes_back_with_every_committed_row(folder: Path) -> None:
    plan = PostgresPlan(folder=folder)
    first = await postgres.start(plan, quiet)
    await value(first, "create table kept (id int)")
    await value(first, "insert into kept select generate_series(1, 100)")
    first.process.send_signal(signal.SIGKILL)
    await first.process.wait()
    await first.stop()
    async with postgres.running(plan, quiet) as second:
        assert await value(second, "select count(*) from kept") == 100


async def test_a_kept_server_that_is_killed_is_started_again_at_the_same_address(folder: Path) -> None:
    plan, told = PostgresPlan(folder=folder), asyncio.Queue[str]()
    async with postgres.running(plan, quiet) as server, asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(server.keep(plan, told.put_nowait), name="keep")
        await value(server, "create table kept (id int)")
        killed = server.process
        killed.send_signal(signal.SIGKILL)
        assert "started again" in await told.get()
        pool = await db.open_pool(server.url(), patience_s=30)
        assert await pool.fetchval("select count(*) from kept") == 0
        assert server.process.pid != killed.pid
        await pool.close()
        keeping.cancel()


def of_the_account(*command: str) -> subprocess.Popen[bytes]:
    """A process of the account that runs the database, which has nothing to do with it."""
    who = account.unprivileged()
    if who is None:
        return subprocess.Popen(command, cwd="/")
    return subprocess.Popen(command, cwd="/", user=who.uid, group=who.gid, extra_groups=[])


@pytest.fixture
def namesake() -> Iterator[subprocess.Popen[bytes]]:
    process = of_the_account("sleep", "600")
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def zombie() -> Iterator[subprocess.Popen[bytes]]:
    """Dead, and not waited for by its parent."""
    process = of_the_account("true")
    while "Z (zombie)" not in Path(f"/proc/{process.pid}/status").read_text():
        time.sleep(0.01)
    yield process
    process.wait()


def name_in_files(server: EmbeddedPostgres, pid: int) -> None:
    """Both files that a killed server leaves, with that number."""
    lines = f"{pid}\n{server.place}/data\n1700000000\n5432\n{server.sockets}\n"
    (server.place / "data" / leftovers.PID_FILE).write_text(lines)
    (server.sockets / leftovers.SOCKET_LOCK).write_text(lines)


@pytest.mark.parametrize("who", ["namesake", "zombie", None])
async def test_stale_files_are_no_obstacle_whoever_has_their_number(
    folder: Path, request: pytest.FixtureRequest, who: str | None
) -> None:
    plan = PostgresPlan(folder=folder)
    server = await postgres.start(plan, quiet)
    await server.stop()
    name_in_files(server, request.getfixturevalue(who).pid if who else os.getpid())
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as nobody:
        nobody.bind(str(server.sockets / leftovers.SOCKET_NAME))
    async with postgres.running(plan, quiet) as again:
        assert await value(again, "select 1") == 1


async def test_a_kept_server_comes_back_whoever_got_the_number_of_the_killed_one(
    folder: Path, namesake: subprocess.Popen[bytes]
) -> None:
    plan = PostgresPlan(folder=folder)
    async with postgres.running(plan, quiet) as server, asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(server.keep(plan, quiet), name="keep")
        for _ in range(5):
            killed = server.process
            name_in_files(server, namesake.pid)
            killed.send_signal(signal.SIGKILL)
            await until(lambda dead=killed: server.process is not dead and not server.fallen, "another server", 30)  # type: ignore[misc]
            assert await value(server, "select 1") == 1
        keeping.cancel()
    assert namesake.poll() is None


@contextlib.asynccontextmanager
async def kept(folder: Path, told: list[str]) -> AsyncIterator[EmbeddedPostgres]:
    plan = PostgresPlan(folder=folder)
    async with postgres.running(plan, quiet) as server, asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(server.keep(plan, told.append), name="keep")
        yield server
        assert not keeping.done()
        keeping.cancel()


async def kill(server: EmbeddedPostgres) -> None:
    """Dead, and noticed to be."""
    server.process.send_signal(signal.SIGKILL)
    await until(lambda: server.fallen, "its end is noticed")


async def fallen_for_want_of_room(server: EmbeddedPostgres) -> bool:
    """Its log grows by a megabyte, until it cannot have the next piece of 16."""
    with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await value(server, "select pg_logical_emit_message(false, 'test', repeat('x', 1000000))")
    return server.fallen


async def test_a_full_disk_is_waited_out_and_what_was_committed_is_there(folder: Path) -> None:
    told: list[str] = []
    with small_disk(folder, megabytes=256) as disk:
        async with kept(folder, told) as server:
            await value(server, "create table kept as select generate_series(1, 1000) as id")
            disk.fill()
            await until(lambda: fallen_for_want_of_room(server), "it wants room for its log, and there is none", 30)
            await until(lambda: any("tried again and again" in line for line in told), "a try that failed", 60)
            assert server.free < postgres.NO_ROOM
            disk.empty()
            await until(lambda: not server.fallen, "the database is back", 30)
            assert await value(server, "select count(*) from kept") == 1000
    assert sum("again and again" in line for line in told) == 1, told
    assert "is back" in told[-1]


async def test_without_a_free_descriptor_it_is_brought_back_when_there_is_one(folder: Path) -> None:
    told: list[str] = []
    async with kept(folder, told) as server:
        with descriptors_left(0):
            await kill(server)
            await until(lambda: any("Too many open files" in line for line in told), "a try that failed", 60)
        await until(lambda: not server.fallen, "the database is back", 30)
        assert await value(server, "select 1") == 1


async def test_a_folder_that_was_closed_under_it_may_be_opened_again(folder: Path) -> None:
    told: list[str] = []
    async with kept(folder, told) as server:
        data = server.place / "data"
        data.rename(server.place / "elsewhere")
        await kill(server)
        await until(lambda: any("again and again" in line for line in told), "a try that failed", 60)
        (server.place / "elsewhere").rename(data)
        await until(lambda: not server.fallen, "the database is back", 30)
        assert await value(server, "select 1") == 1


async def test_a_backend_frozen_behind_a_killed_server_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "NUDGE_S", 0.1)
    monkeypatch.setattr(leftovers, "FORCE_S", 0.3)
    plan = PostgresPlan(folder=folder)
    server = await postgres.start(plan, quiet)
    connection = await asyncpg.connect(server.url())
    backend = connection.get_server_pid()
    os.kill(backend, signal.SIGSTOP)
    server.process.send_signal(signal.SIGKILL)
    await server.process.wait()
    await server.stop()
    connection.terminate()
    await until(lambda: leftovers.standing_in(folder / "data") == [backend], "the others to have seen that the server is gone")
    async with postgres.running(plan, quiet) as again:
        assert await value(again, "select 1") == 1
    assert not Path(f"/proc/{backend}/exe").exists()


async def test_somebody_who_looks_around_in_the_data_folder_is_no_server(folder: Path) -> None:
    plan = PostgresPlan(folder=folder)
    await (await postgres.start(plan, quiet)).stop()
    looking = await asyncio.create_subprocess_exec("sleep", "600", cwd=folder / "data")
    try:
        async with asyncio.timeout(patience.seconds(20)), postgres.running(plan, quiet) as again:
            assert await value(again, "select 1") == 1
        assert looking.returncode is None
    finally:
        looking.kill()
        await looking.wait()


async def test_killing_the_parent_leaves_nothing_running_and_the_next_start_works(folder: Path) -> None:
    program = textwrap.dedent(f"""
        import asyncio
        from pathlib import Path
        from services.hosted import postgres
        async def main():
            server = await postgres.start(postgres.PostgresPlan(folder=Path({str(folder)!r})), print)
            print("up", server.process.pid, flush=True)
            await asyncio.sleep(600)
        asyncio.run(main())
    """)
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout
    async with asyncio.timeout(60):
        while not (line := await parent.stdout.readline()).startswith(b"up"):
            assert line
    data = (folder / "data").resolve()
    assert leftovers.standing_in(data)
    parent.kill()
    await parent.wait()
    async with postgres.running(PostgresPlan(folder=folder), quiet) as server:
        assert await value(server, "select 1") == 1
    await until(lambda: not leftovers.standing_in(data), "every process of the database has left")


async def test_a_path_too_long_for_a_socket_gets_a_short_one(folder: Path) -> None:
    deep = folder.parent / ("x" * 60) / ("y" * 60) / "postgres"
    async with postgres.running(PostgresPlan(folder=deep), quiet) as server:
        assert len(str(server.sockets / leftovers.SOCKET_NAME)) <= postgres.SOCKET_LIMIT
        assert await value(server, "select 1") == 1
    assert not server.sockets.exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root meets a folder its database cannot reach")
async def test_below_a_closed_home_another_place_is_used_and_nothing_is_widened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder.parent / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setattr(account, "PLACES", (folder.parent / "places",))
    told: list[str] = []
    async with postgres.running(PostgresPlan(folder=home / "project" / "var" / "postgres"), told.append) as server:
        assert server.place.is_relative_to(folder.parent / "places")
        assert await value(server, "select 1") == 1
        await value(server, "create table kept (id int)")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert any(str(server.place) in line for line in told)
    for opened in (home, home / "project", home / "project" / "var"):
        opened.chmod(0o755)
    (home / "project" / "var").rename(home / "project" / "moved")
    moved = PostgresPlan(folder=home / "project" / "moved" / "postgres")
    async with postgres.running(moved, quiet) as again:
        assert again.place == server.place, "neither an opened folder nor a moved one makes an empty database"
        assert await value(again, "select count(*) from kept") == 0
        connection = await asyncpg.connect(postgres.urls_of_running(moved)[1])
        await connection.close()
    assert not (home / "project" / "moved" / "postgres").exists()


def wheel() -> tuple[Path, Path]:
    found = binaries._wheel()
    if not found:
        pytest.skip("the extra 'embedded' is not installed")
    return found[0]


async def test_the_binaries_of_the_wheel_work_too(folder: Path) -> None:
    async with postgres.running(PostgresPlan(folder=folder, bin_dir=wheel()[0]), quiet) as server:
        assert await value(server, "select 1") == 1


@pytest.mark.skipif(not AS_ROOT, reason="only root meets programs its database cannot reach")
async def test_programs_below_a_closed_home_are_copied(folder: Path) -> None:
    programs, bundle = wheel()
    home = folder.parent / "home"
    home.mkdir(mode=0o700)
    (home / "site").symlink_to(bundle.parent.parent)
    inside = home / "site" / bundle.relative_to(bundle.parent.parent)
    who = account.unprivileged()
    found = binaries.Binaries(inside / programs.name, 18, inside)
    copied = binaries.reachable_copy(found, who, account.own_folder(folder, who))
    assert copied.folder.is_relative_to(folder)
    assert binaries.reachable_copy(found, who, folder) == copied
    async with postgres.running(PostgresPlan(folder=folder, bin_dir=copied.folder), quiet) as server:
        assert await value(server, "select 1") == 1


async def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    server = await postgres.start(PostgresPlan(folder=folder), quiet)
    await server.stop()
    with pytest.raises(postgres.PostgresFailed, match="shared_buffers"):
        await postgres.start(PostgresPlan(folder=folder, settings={"shared_buffers": "nonsense"}), quiet)
    async with postgres.running(PostgresPlan(folder=folder), quiet) as again:
        assert await value(again, "select 1") == 1
