"""Prepares the prompts: their texts come from prompts.toml, and each gets a wav file per language that the switch can play.

A prompt's sound is the first of these that fits: the operator's recording, the cache, the speech program. The files end
at fixed names, ``<folder>/<language>/<id>.wav``, so that the dialplan finds them too when this process is dead (SPEC C10).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from ivr import sound
from ivr.errors import BadTexts, PromptsMissing, SpeechFailed, UnknownPrompt
from ivr.speech import Speaker

log = structlog.get_logger(__name__)

LANGUAGES = ("zh-CN", "en")
RECORDED_AS = (".wav", ".flac", ".ogg")
TEXTS = Path(__file__).with_name("prompts.toml")

Progress = Callable[[int, int, str], None]
"""Told after each prompt: how many are done, of how many, which (``zh-CN/notice``)."""


@dataclass(frozen=True, slots=True)
class Text:
    """A prompt's words by language. ``version`` goes up with every change of wording."""

    id: str
    version: int
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that can be played. ``path`` as the switch wants it (no extension); ``version`` says which words were heard."""

    id: str
    language: str
    path: Path
    seconds: float
    version: str


def load_texts(file: Path = TEXTS) -> dict[str, Text]:
    """Prompt texts by id; raises BadTexts naming the first mistake."""
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadTexts(f"{file.name}: {error}") from error
    return {name: _text(name, table) for name, table in tables.items()}


def _text(name: str, table: object) -> Text:
    if not re.fullmatch(r"[a-z][a-z-]{0,31}", name) or not isinstance(table, dict):
        raise BadTexts(f"[{name}]: an id is small letters and dashes, and has a table")
    version = table.get("version")
    words = {language: table.get(language) for language in LANGUAGES}
    if not isinstance(version, int) or _unwritten(words):
        raise BadTexts(f"[{name}]: needs version (a number) and a text for each of {', '.join(LANGUAGES)}")
    return Text(name, version, {language: str(said) for language, said in words.items()})


def _unwritten(words: Mapping[str, object]) -> list[str]:
    """The languages without a text."""
    return [language for language, said in words.items() if not isinstance(said, str) or not said.strip()]


class PromptStore:
    """All prompts of one instance. ``prepare`` once at start (and after the operator's changes), then ``find``.

    ``shared``: the switch that plays them may run as another account. Others decide who may enter ``folder``.
    """

    languages = LANGUAGES

    def __init__(
        self,
        folder: Path,
        *,
        recordings: Path | None = None,
        speaker: Speaker | None = None,
        texts: Path = TEXTS,
        shared: bool = False,
    ) -> None:
        if recordings is not None and recordings.resolve() == folder.resolve():
            raise BadTexts("recordings need a folder of their own: what is spoken here would pass for a recording there")
        self._folder = folder.absolute()
        self._recordings = recordings
        self._speaker = speaker
        self._shared = shared
        self._texts = load_texts(texts)
        self._ready: dict[tuple[str, str], Prompt] = {}

    def find(self, language: str, prompt_id: str) -> Prompt | None:
        """The prompt, or None if it could not be made; raises UnknownPrompt for an id or language that never was."""
        if language not in LANGUAGES or prompt_id not in self._texts:
            raise UnknownPrompt(f"{language}/{prompt_id}")
        return self._ready.get((language, prompt_id))

    async def prepare(self, progress: Progress = lambda done, total, name: None) -> None:
        """Make every prompt that is not there yet; raises PromptsMissing at the end if some could not be made."""
        wanted = [(language, text) for language in LANGUAGES for text in self._texts.values()]
        failures: dict[str, str] = {}
        for done, (language, text) in enumerate(wanted, 1):
            try:
                self._ready[language, text.id] = await self._make(language, text)
            except (SpeechFailed, OSError) as error:
                self._ready.pop((language, text.id), None)
                failures[f"{language}/{text.id}"] = str(error)
            progress(done, len(wanted), f"{language}/{text.id}")
        if failures:
            raise PromptsMissing(list(failures), next(iter(failures.values())))

    async def _make(self, language: str, text: Text) -> Prompt:
        recorded = await asyncio.to_thread(self._recorded, language, text)
        return recorded or await self._spoken(language, text)

    def _recorded(self, language: str, text: Text) -> Prompt | None:
        for file in self._recordings_of(language, text):
            version = f"rec-{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
            try:
                return self._kept(language, text, version) or self._publish(language, text, version, sound.read(file))
            except sound.BadSound as error:
                log.warning("ivr.prompt_unusable", file=f"{language}/{file.name}", why=str(error))
        return None

    def _recordings_of(self, language: str, text: Text) -> list[Path]:
        if self._recordings is None:
            return []
        candidates = (self._recordings / language / f"{text.id}{end}" for end in RECORDED_AS)
        return [file for file in candidates if file.is_file()]

    async def _spoken(self, language: str, text: Text) -> Prompt:
        if self._speaker is None:
            raise SpeechFailed("no speech program and no recording")
        recipe = f"{self._speaker.key(language)}\n{text.words[language]}"
        version = f"{text.version}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
        kept = await asyncio.to_thread(self._kept, language, text, version)
        if kept:
            return kept
        samples = await self._speaker.speak(text.words[language], language)
        return await asyncio.to_thread(self._publish, language, text, version, samples)

    def _kept(self, language: str, text: Text, version: str) -> Prompt | None:
        """The file at the fixed name, if it is of this version and whole."""
        file = self._file(language, text)
        try:
            fresh = file.with_suffix(".version").read_text("ascii") == version
        except (OSError, UnicodeDecodeError):
            return None
        length = sound.seconds(file) if fresh else None
        return self._prompt(language, text, version, length) if length else None

    def _publish(self, language: str, text: Text, version: str, samples: sound.Samples) -> Prompt:
        file = self._file(language, text)
        note = file.with_suffix(".version")
        self._make_folders(file.parent)
        note.unlink(missing_ok=True)  # first: a note must never vouch for another version's sound
        sound.write(file, samples, shared=self._shared)
        note.write_text(version, "ascii")
        return self._prompt(language, text, version, len(samples) / sound.RATE)

    def _make_folders(self, folder: Path) -> None:
        """Makes the folder of a language and the one above it; folders that exist keep their rights."""
        for path in (folder.parent, folder):
            if not path.exists():
                path.mkdir(parents=True)
                path.chmod(0o755 if self._shared else 0o700)

    def _prompt(self, language: str, text: Text, version: str, length: float) -> Prompt:
        path = self._file(language, text).with_suffix("")
        return Prompt(text.id, language, path, length, f"{text.id}.{version}")

    def _file(self, language: str, text: Text) -> Path:
        return self._folder / language / f"{text.id}.wav"
