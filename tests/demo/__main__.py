"""`make demo`: Tingsu with an instance folder of its own, sample people, customers and tickets, and a simulated floor to watch.

    python -m tests.demo [--config config.toml] [--quiet-floor]

The real instance is not touched, and may run meanwhile: where its ports are taken, the demonstration takes the next free ones.
What it collects stays in var-demo/ and is there again next time; every start makes new random passwords and prints them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from services import commands, plans, words
from services.access.rights import Role
from services.config import Config
from services.config_file import load
from services.errors import NotFound, TingsuError
from services.hosted.speech import find_speaker
from services.people.phones import sip_key, sip_secret
from services.running import refuse_second
from tests.demo.cast import AGENTS, BRANCHES, INSPECTOR, STAFF, YOU, Member
from tests.demo.desk import Desk, Refusal
from tests.demo.floor import Floor, Place
from tests.demo.past import live_through
from tests.demo.seed import Passwords, keep, seed

FOLDER = "var-demo"
CHIEF = Member("demo-admin", "演示管理员", "administrator")
NEVER_CHANGED = 1  # the counter of a SIP secret whose owner has always had this extension
PORTS = (
    ("web", "port"), ("ivr", "port"), ("asterisk", "ami_port"), ("asterisk", "sip_port"), ("asterisk", "ws_port"),
)  # fmt: skip
START = 600.0  # s; the first start fetches the switch
END = 60.0  # s for an orderly stop

out = Console(highlight=False, soft_wrap=True)


async def main(file: Path, *, quiet: bool) -> int:
    """Run until Ctrl-C, or until Tingsu ends by itself; its exit code."""
    os.environ.setdefault("TINGSU_INSTANCE__FOLDER", FOLDER)
    os.environ.setdefault("TINGSU_LOG__LEVEL", "warning")  # what happens on the floor is told below, not once more by the log
    words.speak(load(file).centre.language)
    refuse_second(load(file))  # before its passwords are made anew
    step_aside(load(file))
    config = load(file)
    await find_voice(config)
    password = await chief(config)  # before the start, which else would make, and print, an administrator of its own
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", "run", "--config", str(file), start_new_session=True
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await first_of(stop.wait(), process.wait(), show(config, password, quiet=quiet))
    finally:
        await end(process)
    return process.returncode or 0


def step_aside(config: Config) -> None:
    """Take other ports where somebody listens on the configured ones, and say so."""
    taken_now: set[int] = set()
    for section, name in PORTS:
        settings = getattr(config, section)
        variable = f"TINGSU_{section}__{name}".upper()
        wanted: int = getattr(settings, name)
        port = next(port for port in range(wanted, 65_536) if port not in taken_now and is_free(settings.host, port))
        taken_now.add(port)
        if port != wanted:
            os.environ[variable] = str(port)
            tell(f"[{section}] {name}: {wanted} is taken, the demonstration uses {port}")


def is_free(host: str, port: int) -> bool:
    """Nobody listens there, by TCP or UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as door:
            if kind == socket.SOCK_STREAM:
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a server does: a port in TIME_WAIT is free
            try:
                door.bind((host, port))
            except OSError:
                return False
    return True


async def first_of(*works: Coroutine[Any, Any, object]) -> None:
    """Until the first of them is done; the others are cancelled. An error of any is raised."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work, name=f"demo: {work}") for work in works]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def show(config: Config, password: str, *, quiet: bool) -> None:
    """Fill the instance, say how to log in, let the telephones ring."""
    url = config.web.public_url or f"http://{config.web.host}:{config.web.port}"
    await until_ready(url)
    async with await Desk.log_in(url, CHIEF.login, password) as admin:
        password = await keep(admin, password)
        passwords = {CHIEF.login: password, **await seed(url, admin)}
    await live_through(config, tell)
    out.print(logins(url, passwords))
    if quiet:
        await asyncio.Event().wait()
    key = sip_key(plans.secrets_folder(config))
    sip = (config.asterisk.host, config.asterisk.sip_port)
    place = Place(url, sip, config.ivr.numbers[0], lambda extension: sip_secret(key, extension, NEVER_CHANGED))
    await Floor(place, passwords, tell=lambda text: out.print(f"  · {text}", markup=False, style="dim")).run()


async def until_ready(url: str) -> None:
    """Tingsu answers."""
    async with asyncio.timeout(START), aiohttp.ClientSession() as http:
        while True:
            with suppress(aiohttp.ClientError):
                async with http.get(f"{url}/api/health") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.3)


async def chief(config: Config) -> str:
    """An administrator for the demonstration, with a new password. Asked of the program itself: what it prints is for people."""
    try:
        return await commands.reset_password(config, CHIEF.login, tell)
    except NotFound:
        role = Role(CHIEF.role)
        wanted = commands.NewAccount(
            login=CHIEF.login, name=CHIEF.name, roles=(role,), extension=None, phone=commands.PhoneName.browser
        )
        return await commands.add_user(config, wanted, tell)


def tell(text: str) -> None:
    """What a step has to say."""
    out.print(f"    {text}", markup=False)


def logins(url: str, passwords: Passwords) -> Table:
    """What to type where."""
    table = Table(title=f"演示 demonstration: {url}", title_style="bold")
    for heading in ("login", "password", "who"):
        table.add_column(heading)
    for member in (YOU, INSPECTOR, CHIEF, *STAFF, *(branch.officer for branch in BRANCHES)):
        phone = f", telephone {member.extension} in the browser" if member.extension else ""
        table.add_row(member.login, passwords[member.login], f"{member.name}: {member.role}{phone}")
    table.caption = (
        f"Log in as {YOU.login}, press 就绪 Ready, and answer: the next call is yours."
        f" {len(AGENTS)} simulated colleagues answer too. Ctrl-C ends it."
    )
    return table


def single(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The errors of a group, without the groups inside it."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from single(error)
        else:
            yield error


async def find_voice(config: Config) -> None:
    """espeak-ng for the callers' and agents' voices: the machine's, or one unpacked into the cache (no root needed)."""
    if shutil.which("espeak-ng"):
        return
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tingsu"
    source = plans.package_source(config)
    found = await find_speaker("espeak-ng", source=source, cache=cache, progress=lambda text, share: tell(text))
    program = config.folder / "bin/espeak-ng"
    program.parent.mkdir(parents=True, exist_ok=True)
    surroundings = " ".join(f"{name}={shlex.quote(value)}" for name, value in found.environment.items())
    data = f"--path={shlex.quote(str(found.data))}" if found.data else ""
    program.write_text(f'#!/bin/sh\n{surroundings} exec {shlex.quote(found.program)} {data} "$@"\n')
    program.chmod(0o755)
    os.environ["PATH"] = f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"


async def end(process: asyncio.subprocess.Process) -> None:
    """Tingsu stops everything it started, in order; only if it does not, it is ended."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(END):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.demo", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    parser.add_argument("--quiet-floor", action="store_true", help="sample data only: nobody calls")
    given = parser.parse_args()
    try:
        sys.exit(asyncio.run(main(given.config, quiet=given.quiet_floor)))
    except* (TingsuError, Refusal, aiohttp.ClientError) as failures:
        sys.exit("\n".join(f"✗ {failure}" for failure in single(failures)))
