"""The managed switch as a process: started, adopted, mended, reloaded, stopped; nothing left behind but what is meant to be."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.asterisk import SwitchPlan
from services.hosted.asterisk import ManagedAsterisk, SwitchFailed
from tests.harness.patience import until
from tests.harness.sip_phone import CallRefused, Phone
from tests.harness.switch import HOTLINE, asterisk_program, free_ports, secret_of, sip_agent, switch_plan


class Told(list[str]):
    """What the operator hears."""

    def __call__(self, text: str) -> None:
        self.append(text)


@asynccontextmanager
async def managed(folder: Path, plan: SwitchPlan, told: Told | None = None) -> AsyncIterator[ManagedAsterisk]:
    switch = ManagedAsterisk(await asterisk_program(), folder, plan, told if told is not None else Told())
    await switch.start()
    try:
        yield switch
    finally:
        await switch.stop()


@pytest.fixture
async def plan(tmp_path: Path) -> SwitchPlan:
    return switch_plan(tmp_path / "run", await asterisk_program(), agents=(sip_agent("1001"),))


def alive(pid: int | None) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return pid is not None and bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    return False


async def can_call(plan: SwitchPlan) -> bool:
    """A stranger's call is answered."""
    phone = await Phone.open((plan.bind, plan.ports.sip), user="13800138000")
    try:
        call = await phone.call(HOTLINE)
        await call.hang_up()
    finally:
        phone.close()
    return True


async def test_an_unpacked_switch_leans_on_no_library_of_this_machine(tmp_path: Path, plan: SwitchPlan) -> None:
    """A bare machine has none of them. What NSS opens by name for a moment is not seen later, and must lie beside it."""
    program = await asterisk_program()
    prefix = program.switch.share.parents[2]
    if prefix == Path("/"):
        pytest.skip("an installed Asterisk stands on the machine's own libraries")
    async with managed(tmp_path / "run", plan) as switch:
        await can_call(plan)
        mapped = {line.split()[-1] for line in Path(f"/proc/{switch.pid}/maps").read_text().splitlines() if ".so" in line}
    assert not {path for path in mapped if not path.startswith(f"{prefix}/")}
    for nss in (Path(path) for path in mapped if path.endswith("/libnss3.so")):
        assert {"libsoftokn3.so", "libfreebl3.so", "libfreeblpriv3.so"} <= {path.name for path in nss.parent.iterdir()}


async def test_it_is_ready_when_start_returns_and_gone_when_stop_does(tmp_path: Path, plan: SwitchPlan) -> None:
    async with managed(tmp_path / "run", plan) as switch:
        pid = switch.pid
        assert alive(pid)
        assert await can_call(plan)
        assert not switch.adopted
        os_group = os.getpgid(pid or 0)
        assert os_group != os.getpgid(0), "a Ctrl-C in our terminal must not reach it"
    assert not alive(pid)
    assert not (tmp_path / "run/run/asterisk.ctl").exists()


async def test_nothing_it_writes_can_be_read_by_others(tmp_path: Path, plan: SwitchPlan) -> None:
    async with managed(tmp_path / "run", plan):
        phone = await Phone.open((plan.bind, plan.ports.sip), user="13800138000")
        await phone.call(HOTLINE)
        await until(lambda: [*plan.spool.glob("*.wav")], "a leg file is there")
        phone.close()
    for path in [tmp_path / "run", *(tmp_path / "run").rglob("*")]:
        if not path.is_symlink():
            assert path.stat().st_mode & 0o077 == 0, path


async def test_a_switch_that_outlived_its_backend_is_adopted_with_its_new_settings(tmp_path: Path, plan: SwitchPlan) -> None:
    told = Told()
    async with managed(tmp_path / "run", plan) as before:
        pid = before.pid
        later = replace(plan, hotlines=(HOTLINE, "10001"), agents=(sip_agent("1001"), sip_agent("1002")))
        async with managed(tmp_path / "run", later, told) as after:
            assert after.adopted
            assert after.pid == pid
            assert "10001" in await after.command("dialplan show from-outside")
            phone = await Phone.open((plan.bind, plan.ports.sip), user="1002", secret=secret_of("1002"))
            await phone.register()
            phone.close()
        assert not alive(pid), "the adopted switch is stopped like our own"
    assert any("still running" in text for text in told)


async def test_each_start_gives_ids_of_its_own_and_an_adopted_switch_keeps_them(tmp_path: Path, plan: SwitchPlan) -> None:
    async def name(switch: ManagedAsterisk) -> str:
        lines = (await switch.command("core show settings")).splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.strip().startswith("System name"))

    async with managed(tmp_path / "run", plan) as first:
        names = [await name(first)]
        second = ManagedAsterisk(await asterisk_program(), tmp_path / "run", plan, Told())
        await second.start()
        assert second.adopted
        assert await name(second) == names[0]
    async with managed(tmp_path / "run", plan) as third:
        names.append(await name(third))
    assert names == [f"{plan.systemname}_1", f"{plan.systemname}_2"]


@pytest.mark.parametrize("count", [None, "0"], ids=["lost", "older"])
async def test_a_switch_goes_on_though_the_count_of_starts_is_not_what_it_was(
    tmp_path: Path, plan: SwitchPlan, count: str | None
) -> None:
    boots = tmp_path / "run/boots"
    async with managed(tmp_path / "run", plan) as first:
        boots.unlink()
        if count is not None:
            boots.write_text(count)
        second = ManagedAsterisk(await asterisk_program(), tmp_path / "run", plan, Told())
        await second.start()
        assert second.adopted
        assert second.pid == first.pid
    async with managed(tmp_path / "run", plan):
        assert boots.read_text() == "2", "and no start gives ids that an earlier one gave"


async def test_a_switch_on_other_ports_is_replaced(tmp_path: Path, plan: SwitchPlan) -> None:
    async with managed(tmp_path / "run", plan) as before:
        pid = before.pid
        moved = replace(plan, ports=replace(plan.ports, sip=free_ports(1)[0]))
        async with managed(tmp_path / "run", moved) as after:
            assert not after.adopted
            assert not alive(pid)
            assert await can_call(moved)


async def test_a_switch_whose_program_was_upgraded_is_replaced(tmp_path: Path, plan: SwitchPlan) -> None:
    async with managed(tmp_path / "run", plan) as before:
        pid = before.pid
        program = await asterisk_program()
        upgraded = replace(program, switch=replace(program.switch, version=(*program.switch.version[:2], 999)))
        after = ManagedAsterisk(upgraded, tmp_path / "run", plan, Told())
        await after.start()
        assert not after.adopted
        assert not alive(pid)
        await after.stop()


async def test_a_socket_without_a_switch_is_no_switch(tmp_path: Path, plan: SwitchPlan) -> None:
    async with managed(tmp_path / "run", plan) as first:
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        await until(lambda: not alive(first.pid), "the switch is dead")
        assert (tmp_path / "run/run/asterisk.ctl").exists(), "it left its socket behind"
        async with managed(tmp_path / "run", plan) as second:
            assert not second.adopted
            assert await can_call(plan)


async def test_a_frozen_switch_of_before_is_replaced_and_not_joined_by_a_second(tmp_path: Path, plan: SwitchPlan) -> None:
    told = Told()
    async with managed(tmp_path / "run", plan) as frozen:
        assert frozen.pid is not None
        os.kill(frozen.pid, signal.SIGSTOP)
        async with managed(tmp_path / "run", plan, told) as second:
            assert not alive(frozen.pid)
            assert not second.adopted
            assert await can_call(plan)
    assert any("does not answer" in text for text in told)


async def test_who_only_has_the_number_in_the_pid_file_or_asks_the_switch_is_let_be(tmp_path: Path, plan: SwitchPlan) -> None:
    conf = str(tmp_path / "run/etc/asterisk.conf")
    asking = await asyncio.create_subprocess_exec("sh", "-c", "sleep 600; :", "asterisk", "-C", conf, "-r")
    try:
        async with managed(tmp_path / "run", plan):
            pass
        (tmp_path / "run/run/asterisk.pid").write_text(f"{asking.pid}\n")
        (tmp_path / "run/run/asterisk.ctl").touch()
        async with managed(tmp_path / "run", plan) as second:
            assert not second.adopted
            assert await can_call(plan)
        assert asking.returncode is None
    finally:
        asking.kill()
        await asking.wait()


async def test_a_switch_that_dies_is_started_again_and_said_to_be(tmp_path: Path, plan: SwitchPlan) -> None:
    told = Told()
    async with managed(tmp_path / "run", plan, told) as switch, asyncio.TaskGroup() as tasks:
        tasks.create_task(switch.run(), name="test: the switch")
        pid = switch.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: switch.pid not in (None, pid), "another process")
        await until(lambda: (tmp_path / "run/run/asterisk.ctl").exists(), "its socket")
        assert "fully booted" in await switch.command("core waitfullybooted")
        assert await can_call(plan)
        assert any("died" in text for text in told)
        assert plan.systemname + "_2" in await switch.command("core show settings"), "its calls' ids are not those of the first"
        await switch.stop()


async def test_a_change_of_staff_reaches_the_phones_and_leaves_the_others_registered(tmp_path: Path, plan: SwitchPlan) -> None:
    async with managed(tmp_path / "run", plan) as switch:
        old = await Phone.open((plan.bind, plan.ports.sip), user="1001", secret=secret_of("1001"))
        new = await Phone.open((plan.bind, plan.ports.sip), user="1002", secret=secret_of("1002"))
        await old.register()
        with pytest.raises(CallRefused):
            await new.register()
        await switch.reload_agents((sip_agent("1001"), sip_agent("1002")))
        await new.register()
        assert "sip:1001@" in await switch.command("pjsip show contacts")
        await switch.reload_agents((sip_agent("1002"),))
        with pytest.raises(CallRefused):
            await old.register()
        old.close()
        new.close()


async def test_a_folder_too_deep_for_a_socket_works_all_the_same(tmp_path: Path, plan: SwitchPlan) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    async with managed(deep, plan) as switch:
        assert "Asterisk" in await switch.command("core show version")
        assert not (deep / "run/asterisk.ctl").exists()


async def test_a_switch_that_cannot_start_says_why(tmp_path: Path, plan: SwitchPlan) -> None:
    async with managed(tmp_path / "run", plan):
        other = ManagedAsterisk(await asterisk_program(), tmp_path / "other", replace(plan, spool=tmp_path / "legs"), Told())
        broken = tmp_path / "other/etc/modules.conf"
        broken.parent.mkdir(parents=True)
        broken.mkdir()
        with pytest.raises((SwitchFailed, OSError)):
            await other.start()


async def test_what_the_switch_knows_of_the_agents_outlives_it(tmp_path: Path, plan: SwitchPlan) -> None:
    """C10: after a restart without the backend the agents are still in the queue."""
    async with managed(tmp_path / "run", plan) as switch:
        await switch.command("queue add member PJSIP/1001 to complaints")
    async with managed(tmp_path / "run", plan) as switch:
        assert "PJSIP/1001" in await switch.command("queue show complaints")


async def test_the_switch_starts_without_a_complaint(tmp_path: Path, plan: SwitchPlan) -> None:
    async with managed(tmp_path / "run", plan) as switch:
        assert "No such module" not in await switch.command("module show")
    log = (tmp_path / "run/log/messages").read_text(encoding="utf-8")
    assert [line for line in log.splitlines() if "WARNING" in line or "ERROR" in line] == []
