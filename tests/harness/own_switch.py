"""Runs an Asterisk as an administrator has it, who then reads the README.md that ``tingsu asterisk-config`` wrote, and does
what it says.

    async with OwnSwitch(folder, program, systemname) as switch:    # files written, not yet started
        switch.include(folder_of_the_written_files)
        await switch.start()

Its own files know nothing of Tingsu: a trunk, a music class, the transports, another queue. What the README asks for is taken
from its tables word for word; nothing else is added.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile as sf

from services.hosted.switch_program import AsteriskProgram
from tests.harness.patience import seconds, until
from tests.harness.switch import free_ports, free_rtp_range, own_address
from tests.harness.tones import RATE

_FILES = {
    "asterisk.conf": """
[directories]
astetcdir => {folder}/etc
astmoddir => {modules}
astvarlibdir => {folder}/lib
astdbdir => {folder}/lib
astkeydir => {folder}/lib
astcachedir => {folder}/cache
astdatadir => {share}
astagidir => {folder}/agi
astspooldir => {folder}/spool
astrundir => {folder}/run
astlogdir => {folder}/log

[options]
verbose = 0
nocolor = yes
""",
    "modules.conf": """
[modules]
autoload = yes
noload = res_pjsip_mwi.so
noload = res_pjsip_mwi_body_generator.so
noload = app_voicemail.so
noload = chan_iax2.so
noload = chan_unistim.so
noload = res_prometheus.so
""",
    "logger.conf": """
[general]
[logfiles]
messages => notice,warning,error
""",
    "manager.conf": """
[general]
webenabled = no
displayconnects = no
""",
    "http.conf": """
[general]
bindaddr = 127.0.0.1
bindport = {http}
""",
    "rtp.conf": """
[general]
rtpstart = {rtp}
rtpend = {rtp_last}

[ice_host_candidates]
{ice}
""",
    "pjsip.conf": """
[global]
type = global
endpoint_identifier_order = username,ip

[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}

[ws]
type = transport
protocol = ws
bind = 127.0.0.1

[trunk]
type = endpoint
transport = udp
context = from-trunk
disallow = all
allow = alaw
direct_media = no

[trunk]
type = identify
endpoint = trunk
match = 127.0.0.1
""",
    "queues.conf": """
[general]

[sales]
strategy = ringall
""",
    "extensions.conf": """
[general]
static = yes

[from-trunk]
exten => 10000,1,Goto(from-outside,10000,1)
exten => 20000,1,Answer()
 same => n,Wait(30)
""",
    "features.conf": "[general]\n",
    "musiconhold.conf": "[default]\nmode = files\ndirectory = {folder}/moh\n",
}
_SETTING = re.compile(r"`([a-z_]+) = ([^`]+)`")
_START, _STOP = 30.0, 10.0


class OwnSwitch:
    """``async with`` it: the administrator's files are there; whatever was started is gone at the end."""

    def __init__(self, program: AsteriskProgram) -> None:
        self._program = program
        self._child: asyncio.subprocess.Process | None = None
        self.sip_port, self.http_port, self.ami_port = free_ports(3)
        self.folder = Path(tempfile.mkdtemp(prefix="tingsu-own-"))  # short: a socket's path has 108 bytes

    async def __aenter__(self) -> OwnSwitch:
        await asyncio.to_thread(self._write)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            await self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def sip(self) -> tuple[str, int]:
        return "127.0.0.1", self.sip_port

    def _write(self) -> None:
        rtp = free_rtp_range()
        words = {
            "folder": self.folder, "modules": self._program.switch.modules, "share": self._program.switch.share,
            "http": self.http_port, "sip": self.sip_port, "rtp": rtp, "rtp_last": rtp + 199,
            "ice": f"{own_address()} => 127.0.0.1" if own_address() else "",
        }  # fmt: skip
        for name in ("etc", "lib/keys", "cache", "agi", "spool/tmp", "run", "log", "moh"):
            (self.folder / name).mkdir(parents=True)
        for name, text in _FILES.items():
            (self.folder / "etc" / name).write_text(text.format(**words).lstrip(), encoding="utf-8")
        hum = np.sin(np.arange(2 * RATE) * 2 * np.pi * 300 / RATE) * 3000
        sf.write(self.folder / "moh/hum.wav", hum.astype(np.int16), RATE, subtype="PCM_16")

    def include(self, written: Path) -> None:
        """Do what the tables of the README in ``written`` say."""
        rows = re.findall(
            r"^\| `([a-z]+\.conf)`(?:, `\[(\w+)\]`|, at the end) \| ([^|]+) \|", (written / "README.md").read_text(), re.M
        )
        assert len(rows) > 8, "the README has other tables than these"
        for name, section, cell in rows:
            path = self.folder / "etc" / name
            text = path.read_text(encoding="utf-8")
            path.write_text(_with_settings(text, section, cell) if section else text + "\n" + cell.strip("` ") + "\n")

    async def start(self) -> None:
        """Until it is fully booted. Raises with the end of its log if it does not come up."""
        with (self.folder / "log/console").open("wb") as console:
            self._child = await asyncio.create_subprocess_exec(
                *self._program.command, "-C", str(self.folder / "etc/asterisk.conf"), "-f",
                stdin=asyncio.subprocess.DEVNULL, stdout=console, stderr=console, cwd=self.folder,
            )  # fmt: skip
        await until(self._booted, "the administrator's switch", _START)
        assert self._child.returncode is None, self.log()

    async def _booted(self) -> bool:
        assert self._child is not None
        if self._child.returncode is not None:
            return True
        return (self.folder / "run/asterisk.ctl").exists() and "fully booted" in await self.command("core waitfullybooted")

    async def stop(self) -> None:
        """Gently, then by force."""
        child = self._child
        if child is None or child.returncode is not None:
            return
        await self.command("core stop now")
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds(_STOP)):
                await child.wait()
        if child.returncode is None:
            child.kill()
            await child.wait()

    async def command(self, line: str) -> str:
        """One line on its control socket, as ``asterisk -rx``."""
        process = await asyncio.create_subprocess_exec(
            *self._program.command, "-C", str(self.folder / "etc/asterisk.conf"), "-rx", line,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
        return out.decode("utf-8", "replace")

    def log(self) -> str:
        """Its warnings and errors, for a failed test."""
        paths = [self.folder / "log/messages", self.folder / "log/console"]
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in paths if path.exists())


def _with_settings(text: str, section: str, cell: str) -> str:
    """The settings of a table's cell, put first into that section, which is made if it is not there."""
    lines = "".join(f"{key} = {value}\n" for key, value in _SETTING.findall(cell))
    assert lines, f"no setting in {cell!r}"
    head = f"[{section}]\n"
    return text.replace(head, head + lines, 1) if head in text else f"{text}\n{head}{lines}"
