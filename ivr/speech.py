"""Speaks prompt texts with the espeak-ng program. It is called, never linked: it may crash, and its licence is its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from ivr import sound
from ivr.errors import SpeechFailed
from ivr.pinyin import to_pinyin

_LIMIT = 20.0  # s for one prompt; it takes about 0.05


class Speaker(Protocol):
    """Speaks a prompt. espeak-ng is one; a better voice can be another."""

    def key(self, language: str) -> str:
        """What the sound depends on besides the text: a change of it makes the cached prompts stale."""

    async def speak(self, text: str, language: str) -> sound.Samples:
        """Mono, 8 kHz, levelled; raises SpeechFailed."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of espeak-ng. ``speed`` in its words a minute, ``pitch`` 0 to 99, ``amplitude`` in percent."""

    name: str
    speed: int
    pitch: int = 50
    amplitude: int = 75  # at its default of 100 some vowels clip


VOICES: Mapping[str, Voice] = {
    # About 3.6 syllables a second, the pace of a calm announcement.
    "zh-CN": Voice("cmn-latn-pinyin+Annie", speed=185),
    "en": Voice("en-us+Annie", speed=160),
}


@dataclass(frozen=True, slots=True)
class Espeak:
    """The program. Where it is unpacked, not installed, it needs ``environment`` (LD_LIBRARY_PATH) and ``data`` (--path)."""

    program: str = "espeak-ng"
    environment: Mapping[str, str] = field(default_factory=dict)
    data: Path | None = None
    voices: Mapping[str, Voice] = field(default_factory=lambda: VOICES)

    def key(self, language: str) -> str:
        """Voice and manner."""
        return f"espeak-ng {self.voices.get(language)}"

    async def speak(self, text: str, language: str) -> sound.Samples:
        """Text in one of the languages there are voices for; Chinese goes by way of pinyin."""
        if language not in self.voices:
            raise SpeechFailed(f"no voice for {language}")
        spoken = to_pinyin(text) if language.startswith("zh") else text
        with TemporaryDirectory(prefix="tingsu-speech-") as folder:
            file = Path(folder, "spoken.wav")
            await self._run(self._command(self.voices[language], file), spoken)
            try:
                return sound.levelled(await asyncio.to_thread(sound.read, file))
            except sound.BadSound as error:
                raise SpeechFailed(f"{self.program} made nothing that can be heard ({error})") from error

    def _command(self, voice: Voice, file: Path) -> list[str]:
        where = [f"--path={self.data}"] if self.data else []
        manner = ["-v", voice.name, "-s", str(voice.speed), "-p", str(voice.pitch), "-a", str(voice.amplitude)]
        return [self.program, *where, *manner, "-b", "1", "-z", "-w", str(file), "--stdin"]

    async def _run(self, command: list[str], text: str) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **self.environment},
            )
        except OSError as error:
            raise SpeechFailed(f"{self.program} cannot be started ({error.strerror})") from error
        try:
            async with asyncio.timeout(_LIMIT):
                _, complaint = await process.communicate(text.encode())
        except TimeoutError:
            raise SpeechFailed(f"{self.program} took longer than {_LIMIT:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            last = complaint.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise SpeechFailed(f"{self.program} failed ({process.returncode}): {''.join(last)}")
