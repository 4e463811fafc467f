"""Who leads, on a real database: the second waits, takes over from a dead or paused one, whose late writes are refused."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services import lease as leases
from services.errors import DatabaseAway, WorldFailed
from services.lease import Instance, Lease, LeaseLost, Mark
from services.now import SystemClock
from services.store import db
from tests.harness.patience import seconds, until

WRITE = "insert into category (list, code, zh, en) values ('kind', $1, 'x', 'x')"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RENEW_S", "LOOK_S", "AGAIN_S"):
        monkeypatch.setattr(leases, name, 0.05)
    monkeypatch.setattr(leases, "LIFETIME_S", seconds(1.5))  # more than a busy machine keeps a living one from renewing


class Team:
    """Backends of one database, as far as leading is concerned; gone at the end."""

    def __init__(self, database: str, folder: Path) -> None:
        self.database = database
        self._folder = folder
        self._leases: list[Lease] = []
        self._pools: list[db.Pool] = []

    def one(self, name: str) -> Lease:
        """A process of the instance of that name."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        instance = Instance(folder)
        instance.open()
        self._leases.append(Lease(instance, self.database, None, SystemClock()))
        return self._leases[-1]

    async def led(self, name: str) -> Lease:
        """The same, once it leads."""
        lease = self.one(name)
        async with asyncio.timeout(seconds(10)):
            await lease.acquire(nothing)
        return lease

    async def pool(self, lease: Lease) -> db.Pool:
        self._pools.append(await db.open_pool(self.database, size=3, name=lease.connections, admit=lease.admit))
        return self._pools[-1]

    def end(self) -> None:
        for pool in self._pools:
            pool.terminate()
        for lease in self._leases:
            lease._hang_up()
            lease._instance.close()


@pytest.fixture
def team(database: str, tmp_path: Path) -> Iterator[Team]:
    made = Team(database, tmp_path)
    yield made
    made.end()


@contextlib.asynccontextmanager
async def nothing() -> AsyncIterator[None]:
    yield


async def test_a_second_one_waits_and_takes_over_at_once_what_is_given_back(team: Team) -> None:
    first, second = await team.led("a"), team.one("b")
    stands_by = asyncio.Event()

    @contextlib.asynccontextmanager
    async def waiting() -> AsyncIterator[None]:
        stands_by.set()
        yield
        stands_by.clear()

    async with asyncio.timeout(seconds(10)), asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(first.keep(), name="first")
        taking = tasks.create_task(second.acquire(waiting), name="second")
        await stands_by.wait()
        await asyncio.sleep(2 * leases.LIFETIME_S)
        assert not taking.done()  # the first one lives
        keeping.cancel()
        await first.give_back()
        await taking
    assert not stands_by.is_set()
    assert second.mark.epoch == first.mark.epoch + 1


async def test_what_a_paused_one_had_under_way_is_not_written_and_nothing_new_of_it_either(team: Team) -> None:
    first = await team.led("a")
    pool = await team.pool(first)
    async with contextlib.AsyncExitStack() as under_way:
        connection = await under_way.enter_async_context(db.transaction(pool))
        await connection.execute(WRITE, "under_way")
        second = await team.led("b")  # the first one renews nothing: as good as stopped
        with pytest.raises(WorldFailed):
            await under_way.aclose()
    with pytest.raises(WorldFailed):
        async with db.transaction(pool) as connection:
            await connection.execute(WRITE, "afterwards")
    async with asyncio.timeout(seconds(10)):
        await first.keep()
    assert first.lost
    assert not first.fresh
    with pytest.raises(LeaseLost):
        async with db.connection(pool):
            pass
    whose = await team.pool(second)
    async with db.transaction(whose) as connection:
        await connection.execute(WRITE, "of_the_second")
        assert [row["code"] for row in await connection.fetch("select code from category where zh = 'x'")] == ["of_the_second"]


async def test_an_earlier_process_of_the_same_instance_is_not_waited_for(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LIFETIME_S", seconds(3_600))  # nobody outlives that here: whoever waits for it never leads
    first = await team.led("a")
    first._instance.close()  # it was killed: the kernel lets its lock go
    again = await team.led("a")
    assert again.mark.epoch == first.mark.epoch + 1


async def test_one_that_was_stopped_for_longer_than_its_lease_gives_no_order_until_it_has_looked(team: Team) -> None:
    lease = await team.led("a")
    assert lease.fresh
    await asyncio.sleep(1.1 * leases.LIFETIME_S)
    assert not lease.fresh
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(lease.keep(), name="keep")
        await until(lambda: lease.fresh, "it has looked")
        keeping.cancel()


async def test_a_database_that_is_away_costs_nobody_the_lead(team: Team) -> None:
    lease = await team.led("a")
    lease._url = "postgresql://nobody@127.0.0.1:1/none"
    lease._hang_up()
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(lease.keep(), name="keep")
        await asyncio.sleep(2 * leases.LIFETIME_S)
        assert (lease.fresh, lease.lost) == (True, False)
        lease._url = team.database
        beats = lease.mark.beats
        await until(lambda: lease.mark.beats > beats, "it is renewed again")
        keeping.cancel()


async def test_a_copied_folder_does_not_take_the_lease_from_the_one_it_was_copied_from(team: Team, tmp_path: Path) -> None:
    first = await team.led("a")
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    copy = team.one("copy")
    stands_by = asyncio.Event()

    @contextlib.asynccontextmanager
    async def waiting() -> AsyncIterator[None]:
        stands_by.set()
        yield

    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(first.keep(), name="first")
        taking = tasks.create_task(copy.acquire(waiting), name="copy")
        await asyncio.sleep(2 * leases.LIFETIME_S)
        assert (stands_by.is_set(), taking.done(), first.lost) == (True, False, False)
        for task in (keeping, taking):
            task.cancel()


async def test_one_that_loses_its_database_while_another_stands_by_commands_no_more_when_that_one_takes_over(team: Team) -> None:
    first, second = await team.led("a"), team.one("b")
    async with asyncio.timeout(seconds(20)), asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(first.keep(), name="first")
        taking = tasks.create_task(second.acquire(nothing), name="second")
        await until(lambda: first.watched, "the first one sees who waits")
        assert first.fresh
        first._url = "postgresql://nobody@127.0.0.1:1/none"
        first._hang_up()
        await taking
        assert (first.fresh, first.lost) == (False, False)
        assert second.fresh
        first._url = team.database
        await keeping
    assert first.lost
    assert not second.watched


async def test_while_the_database_is_away_for_both_none_commands_and_then_the_first_one_goes_on(team: Team) -> None:
    first, second = await team.led("a"), team.one("b")
    async with asyncio.timeout(seconds(20)), asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(first.keep(), name="first")
        taking = tasks.create_task(second.acquire(nothing), name="second")
        await until(lambda: first.watched, "the first one sees who waits")
        for lease in (first, second):
            lease._url = "postgresql://nobody@127.0.0.1:1/none"
            lease._hang_up()
        await until(lambda: not first.fresh, "it does not know")
        await asyncio.sleep(leases.LIFETIME_S)
        for lease in (first, second):
            lease._url = team.database
        await until(lambda: first.fresh, "it leads on")
        assert not taking.done()
        for task in (keeping, taking):
            task.cancel()


@pytest.mark.parametrize(
    "sql", ["update lease set epoch = 0, beats = 0, holder = '', process = ''", "update lease set beats = 0"]
)
async def test_a_database_restored_from_before_is_noticed_and_led_on(team: Team, sql: str) -> None:
    lease = await team.led("a")
    pool = await team.pool(lease)
    noticed = asyncio.Event()
    lease.on_set_back = noticed.set
    async with asyncio.timeout(seconds(10)), asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(lease.keep(), name="keep")
        await until(lambda: lease.mark.beats > 5, "some beats")
        await pool.execute(sql)
        await noticed.wait()
        keeping.cancel()
    assert lease.set_back
    assert not lease.lost
    async with db.transaction(await team.pool(lease)) as connection:
        await connection.execute(WRITE, "after")


async def test_a_database_older_than_at_the_last_run_is_noticed_at_the_start(team: Team) -> None:
    first = await team.led("a")
    await first.give_back()
    first._instance.close()
    again = await team.led("a")
    assert not again.set_back
    first._instance.remember(Mark(again.mark.epoch + 3, 1))
    again._instance.close()
    restored = await team.led("a")
    assert restored.set_back
    assert restored.mark.epoch == again.mark.epoch + 4  # above every epoch there ever was


async def test_who_leads_no_more_reaches_the_database_as_one_that_is_away(team: Team) -> None:
    lease = await team.led("a")
    pool = await team.pool(lease)
    lease.lost = True
    taken = [await pool.acquire()]  # the connection it has had all along
    with pytest.raises(WorldFailed):
        async with db.connection(pool):
            pass
    for connection in taken:
        await pool.release(connection)
    assert issubclass(LeaseLost, WorldFailed)
    assert not issubclass(LeaseLost, DatabaseAway)
