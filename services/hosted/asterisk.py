"""Runs our managed Asterisk: renders its files, starts, reloads and stops it. It goes on running if only we die.

Callers are answered while the backend is dead (SPEC C10), so the switch is deliberately not on a leash: it has a session of
its own, and kill -9 of the backend leaves it working. The next start finds it by its control socket, writes its files anew,
reloads it and goes on with it (``adopted``). An ordered stop stops it too.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from cti.ids import CallId, ChannelId
from ivr.asterisk import AgentEndpoint, SwitchPlan, render, render_agents, render_core
from services.errors import WorldFailed
from services.hosted import lost_sound, registrations, switch_logs
from services.hosted.fresh_legs import FreshLegs
from services.hosted.switch_program import AsteriskProgram
from services.now import SystemClock
from services.words import reason, said

_FIXED_FILES = ("asterisk.conf", "modules.conf", "rtp.conf", "pjsip.conf")
"""Where these, or the program, differ from what a running switch was started with, no reload helps."""
_NAME_KEPT = 24
"""Characters of the instance's name in ids, which have 32 for it and the number of the switch's start."""
_BOOTS = re.compile(r"\A\s*([0-9]{1,12})\s*\Z", re.ASCII)
_BOOT_IN_NAME = re.compile(r"^systemname = \w+_([0-9]{1,12})$", re.ASCII | re.MULTILINE)
_SOCKET_PATH_LIMIT = 107

_START_LIMIT_S = 30.0
_COMMAND_LIMIT_S = 10.0
_HANGUP_LIMIT_S = 2.0
_STOP_LIMIT_S = 5.0
_TERM_LIMIT_S = 3.0
_POLL_S = 0.02

_RESTART_PAUSES_S = (0.2, 1.0, 5.0)
_STEADY_S = 60.0
"""A switch that ran for so long is not in a crash loop."""


class SwitchFailed(WorldFailed):
    """The managed switch does not start, or does not answer on its control socket."""

    code = "switch_failed"


class ManagedAsterisk:
    """One instance in ``folder``: ``start``, then ``run`` in a task group for as long as it is wanted, then ``stop``.

    ``told`` hears in one sentence what an operator should know (a crash, a restart, an adopted switch).
    """

    def __init__(self, program: AsteriskProgram, folder: Path, plan: SwitchPlan, told: Callable[[str], None]) -> None:
        self._program = program
        self._folder = folder
        self._told = told
        self._child: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._spawning = asyncio.Lock()
        self._fresh_legs = FreshLegs(self.command, plan.spool, SystemClock())
        self._lost_sound = lost_sound.LostSound()
        self._name = plan.systemname
        self._plan = replace(plan, run=plan.run or _run_folder(folder), systemname=self._booted_name())
        self.adopted = False

    @property
    def pid(self) -> int | None:
        """Process id of the living switch."""
        if self._child is not None:
            return self._child.pid if self._child.returncode is None else None
        return next(iter(self._standing()), None)

    async def start(self) -> None:
        """Write the files, then adopt the instance's running switch if its foundations are the same, else start one.

        Returns when it is ready. Raises `SwitchFailed` with the end of its log.
        """
        running = await self._answers()
        staying = registrations.staying(self._plan.agents, registrations.noted(self._holders))
        await asyncio.to_thread(self._render, replace(self._plan, agents=staying))
        foundations = self._foundations()
        if running and self._started_with.exists() and self._started_with.read_text(encoding="utf-8") == foundations:
            self.adopted = True
            self._told("the switch was still running from before; it goes on, with its settings reloaded")
            await self.reload()
            await self._let_in(staying)
            return
        if running:
            self._told("the switch of before has other foundations (ports, folders or program): it is stopped and started anew")
        elif self._standing():
            self._told("the switch of before does not answer: it is stopped and started anew")
        while self._standing():
            await self._end()
        await self._launch()
        await self._let_in(staying)

    async def run(self) -> None:
        """Keep the switch alive and its logs small until `stop` (or cancellation, which leaves the switch as it is)."""
        async with asyncio.TaskGroup() as tasks:
            aside = [
                tasks.create_task(self._rotate_logs(), name="switch logs"),
                tasks.create_task(self._fresh_legs.run(), name="switch recordings"),
                tasks.create_task(self._look_for_lost_sound(), name="switch sound"),
            ]
            await self._watch()
            for task in aside:
                task.cancel()

    async def reload(self) -> None:
        """Put the written files in force. Calls go on."""
        await self.command("module reload")

    async def reload_agents(self, agents: Iterable[AgentEndpoint]) -> None:
        """Write the agents' phones anew and put them in force. Calls and registrations of the others go on.

        A phone that changed hands (or was closed) is forgotten first, with what rings there; a conversation is not cut.
        """
        agents = tuple(agents)
        known = registrations.noted(self._holders)
        staying = registrations.staying(agents, known)
        if len(staying) < max(len(agents), len(known)):
            await self._put(staying)
            await self._forget_all_but(staying)
        await self._put(agents)
        await asyncio.to_thread(registrations.write_note, self._holders, agents)

    async def _let_in(self, staying: tuple[AgentEndpoint, ...]) -> None:
        """After a start with the phones alone that did not change hands: forget the others' past, then let them in."""
        if len(staying) < max(len(self._plan.agents), len(registrations.noted(self._holders))):
            await self.reload_agents(self._plan.agents)

    async def _put(self, agents: tuple[AgentEndpoint, ...]) -> None:
        await asyncio.to_thread(render_agents, self._folder, agents)
        await self.command("module reload res_pjsip.so")

    async def _forget_all_but(self, staying: tuple[AgentEndpoint, ...]) -> None:
        """Nothing of an earlier holder is left: no contact to ring, no ring that could still be answered there.

        While the endpoints are away the switch lets go of their device state too: a phone that is gone would count as there.
        """
        kept = {agent.extension for agent in staying}
        for channel in registrations.foreign_rings(await self.command("core show channels concise"), kept):
            await self.command(f"channel request hangup {channel}")
        for key in registrations.foreign_keys(await self.command(f"database show {registrations.FAMILY}"), kept):
            await self.command(f"database del {registrations.FAMILY} {key}")

    def taken_back(self, call: CallId, leg: ChannelId) -> None:
        """A party takes the other back from hold: its leg goes on in a new leg file, soon (`run` does it). Never waits."""
        self._fresh_legs.ask(call, leg)

    async def stop(self) -> None:
        """Hang up what is left (so that recordings end well), then stop; by force if need be. Nothing stays behind."""
        self._stopping = True
        async with self._spawning:  # a process on its way into the world is there by then, or never comes
            pass
        if await self._answers():
            with contextlib.suppress(SwitchFailed):
                await self.command("channel request hangup all")
                await self._until_no_channel()
        await self._end()

    async def command(self, line: str) -> str:
        """Run one line on the control socket. Raises `SwitchFailed` if nobody answers in time, or nobody can be sent."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program.command, "-C", str(self._conf), "-rx", line,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self._environment(),
            )  # fmt: skip
        except OSError as error:
            raise SwitchFailed(said("the switch cannot be asked: {why}", why=reason(error))) from error
        try:
            async with asyncio.timeout(_COMMAND_LIMIT_S):
                out, _ = await process.communicate()
        except TimeoutError:
            raise SwitchFailed(
                said("the switch did not answer {line!r} in {seconds:.0f} s", line=line, seconds=_COMMAND_LIMIT_S)
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
        text = out.decode("utf-8", "replace")
        if process.returncode != 0:
            raise SwitchFailed(said("the switch does not answer on its control socket: {tail}", tail=text.strip()[-200:]))
        return text

    @property
    def _conf(self) -> Path:
        return self._folder / "etc/asterisk.conf"

    @property
    def _run(self) -> Path:
        assert self._plan.run is not None
        return self._plan.run

    def _render(self, plan: SwitchPlan) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _own_folder(self._run)
        plan.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        render(self._folder, plan)

    @property
    def _holders(self) -> Path:
        """The holders of phones for whom the switch's contacts are good."""
        return self._folder / "phone-holders"

    def _booted_name(self) -> str:
        """The system name of this start: each call's id begins with it, and no start may give an id that another gave.

        The count is in two files: a switch that goes on must not be stopped because one of them was lost, or is older.
        """
        boot = max(_number_in(self._folder / "boots", _BOOTS), _number_in(self._started_with, _BOOT_IN_NAME))
        return f"{self._name[:_NAME_KEPT]}_{boot}"

    def _count_boot(self) -> None:
        """A counter, not the time: that may be set back, and two starts can be in one second.

        Where the disk takes nothing the switch starts all the same, by the name it had: callers come first.
        """
        boot, draft = int(self._plan.systemname.rpartition("_")[2]) + 1, self._folder / ".boots.new"
        try:
            with _private_file(draft) as file:
                file.write(b"%d" % boot)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._folder / "boots")
            self._plan = replace(self._plan, systemname=self._booted_name())
            render_core(self._folder, self._plan)
            with _private_file(self._started_with) as note:
                note.write(self._foundations().encode())
        except OSError as error:
            self._told(f"the switch keeps the name of its last start: {os.strerror(error.errno or 0)}")

    @property
    def _started_with(self) -> Path:
        """The foundations of the switch that was started last."""
        return self._folder / "started-with"

    def _foundations(self) -> str:
        program = (f"account {os.getuid()}", *self._program.command, ".".join(map(str, self._program.switch.version)))
        return "\n".join([*program, *((self._folder / "etc" / name).read_text(encoding="utf-8") for name in _FIXED_FILES)])

    def _environment(self) -> dict[str, str]:
        """An environment that has nothing of ours: ours may hold secrets, and the switch needs none of it."""
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self._folder),
            "LC_ALL": "C.UTF-8",
            "TZ": os.environ.get("TZ", ""),
        }

    async def _launch(self) -> None:
        async with self._spawning:
            if self._stopping:
                return
            await asyncio.to_thread(self._count_boot)
            self._child = child = await self._spawn()
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(OSError):  # a call takes about ten descriptors; the usual soft limit is 1024
            resource.prlimit(child.pid, resource.RLIMIT_NOFILE, (most, most))
        await self._until_booted(child)

    async def _spawn(self) -> asyncio.subprocess.Process:
        self._run.joinpath("asterisk.ctl").unlink(missing_ok=True)
        with _private_file(self._folder / "log/console") as console:
            return await asyncio.create_subprocess_exec(
                *self._program.command, "-C", str(self._conf), "-f",
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
                cwd=self._folder, env=self._environment(), start_new_session=True, umask=0o077,
            )  # fmt: skip

    async def _until_booted(self, child: asyncio.subprocess.Process) -> None:
        limit = time.monotonic() + _START_LIMIT_S
        socket = self._run / "asterisk.ctl"
        while not self._stopping and time.monotonic() < limit and child.returncode is None:
            if socket.exists():
                with contextlib.suppress(SwitchFailed):
                    if "fully booted" in await self.command("core waitfullybooted"):
                        return
            await asyncio.sleep(_POLL_S)
        if self._stopping:
            return
        await self._end()
        raise SwitchFailed(said("the switch did not start; its last words:") + f"\n{self._last_words()}")

    def _last_words(self) -> str:
        texts = [path.read_text(encoding="utf-8", errors="replace")[-1000:] for path in self._logs() if path.exists()]
        return "\n".join(texts)

    def _logs(self) -> tuple[Path, ...]:
        return (self._folder / "log/messages", self._folder / "log/console")

    async def _answers(self) -> bool:
        """True if our instance's control socket is served. A pid file alone proves nothing."""
        if not (self._run / "asterisk.ctl").exists() or not self._conf.exists():
            return False
        try:
            return "Asterisk" in await self.command("core show version")
        except SwitchFailed:
            return False

    def _standing(self) -> list[int]:
        """Every living switch started with our configuration. Its pid file proves nothing: the number may be another's."""
        return [pid for pid in _processes() if _is_switch_of(self._conf, _words(pid))]

    async def _until_no_channel(self) -> None:
        limit = time.monotonic() + _HANGUP_LIMIT_S
        while time.monotonic() < limit:
            if (await self.command("core show channels count")).startswith("0 active channels"):
                return
            await asyncio.sleep(_POLL_S)

    async def _end(self) -> None:
        """Stop the process that is there, ours or adopted, with rising force."""
        pid = self.pid
        if pid is None:
            return
        with contextlib.suppress(SwitchFailed):
            await self.command("core stop now")
        if await self._gone(pid, _STOP_LIMIT_S):
            return
        for force, limit in ((signal.SIGTERM, _TERM_LIMIT_S), (signal.SIGKILL, _TERM_LIMIT_S)):
            try:
                os.kill(pid, force)
            except ProcessLookupError:
                return
            except PermissionError:  # root's, from before we were started as somebody else
                pattern = "the switch of before (process {pid}) is another account's and does not end: end it as root"
                raise SwitchFailed(said(pattern, pid=pid)) from None
            if await self._gone(pid, limit):
                return
        raise SwitchFailed(said("the switch (process {pid}) can not be stopped", pid=pid))

    async def _gone(self, pid: int, limit: float) -> bool:
        try:
            async with asyncio.timeout(limit):
                await self._until_gone(pid)
        except TimeoutError:
            return False
        return True

    async def _until_gone(self, pid: int) -> None:
        """Our own child's end is told without a descriptor: one is wanted most when none is left."""
        if self._child is None:
            await _until_gone(pid)
        else:
            await self._child.wait()

    async def _watch(self) -> None:
        failures = 0
        while not self._stopping:
            began = time.monotonic()
            pid = self.pid
            if pid is not None:
                await self._until_gone(pid)
            if self._stopping:
                return
            failures = 0 if time.monotonic() - began > _STEADY_S else failures + 1
            self._told("the switch has died; it is started again (calls in progress are lost, their recordings are not)")
            await asyncio.sleep(_RESTART_PAUSES_S[min(failures, len(_RESTART_PAUSES_S) - 1)])
            await self._launch()

    async def _look_for_lost_sound(self) -> None:
        while True:
            await asyncio.sleep(lost_sound.LOOK_S)
            with contextlib.suppress(SwitchFailed):
                await self.find_lost_sound()

    async def find_lost_sound(self) -> None:
        """One look at the callers' counters; whoever's sound stopped is asked once where it comes from now."""
        lost = self._lost_sound.look(await self.command("pjsip show channelstats"))
        for command in lost_sound.learn_anew(lost):
            await self.command(command)

    async def _rotate_logs(self) -> None:
        while True:
            await asyncio.sleep(switch_logs.LOOK_S)
            with contextlib.suppress(SwitchFailed, OSError):  # no descriptor is free: the next look is soon
                if switch_logs.wants_rotation(self._folder / "log"):
                    await self.command("logger rotate")
                    switch_logs.drop_old_logs(self._folder / "log")


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _words(pid: int) -> list[bytes]:
    """Its command line; empty for a process that is gone, or dead and not yet buried."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def _is_switch_of(conf: Path, words: list[bytes]) -> bool:
    """The switch itself, not one who asks it (``-rx``) or reads its files."""
    return os.fsencode(conf) in words and b"-f" in words


def _number_in(file: Path, where: re.Pattern[str]) -> int:
    """0 where there is none."""
    try:
        found = where.search(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
    return int(found[1]) if found else 0


def _run_folder(folder: Path) -> Path:
    """``folder/run``, or a short place where that path is too long for a socket."""
    usual = folder / "run"
    if len(os.fsencode(usual / "asterisk.ctl")) <= _SOCKET_PATH_LIMIT:
        return usual
    name = f"tingsu-{os.getuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / name


def _private_file(path: Path) -> BinaryIO:
    """An empty file that nobody else can read, open for writing."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _own_folder(path: Path) -> None:
    """A folder that only we can use; one that somebody else put there is refused."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if path.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise SwitchFailed(said("{path} belongs to somebody else or is open to others", path=path))


async def _until_gone(pid: int) -> None:
    """Wait for the end of any process, child or not, without asking again and again."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
