from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import soundfile as sf

from ivr import sound
from ivr.errors import BadTexts, PromptsMissing, SpeechFailed, UnknownPrompt
from ivr.menu import RECEPTION
from ivr.prompts import LANGUAGES, PromptStore, load_texts
from ivr.walker import Leave, Walk, advance, decide
from tests.unit.ivr.conftest import hum

TEXTS = """
[greeting]
version = 1
zh-CN = "您好"
en = "Hello"

[notice]
version = 3
zh-CN = "录音"
en = "Recorded"
"""


@dataclass
class Parrot:
    """Speaks by humming, and remembers what it was asked to say; says nothing of what is in ``mute``."""

    voice: str = "parrot"
    said: list[str] = field(default_factory=list)
    mute: frozenset[str] = frozenset()

    def key(self, language: str) -> str:
        return f"{self.voice} {language}"

    async def speak(self, text: str, language: str) -> sound.Samples:
        if text in self.mute:
            raise SpeechFailed("the parrot is mute")
        self.said.append(text)
        return hum(0.2)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    file = tmp_path / "prompts.toml"
    file.write_text(TEXTS, "utf-8")
    return file


def shop(tmp_path: Path, texts: Path, speaker: Parrot | None) -> PromptStore:
    return PromptStore(tmp_path / "made", recordings=tmp_path / "recorded", speaker=speaker, texts=texts)


async def test_prompts_are_spoken_to_fixed_names_that_the_dialplan_knows(tmp_path: Path, texts: Path) -> None:
    store = shop(tmp_path, texts, Parrot())
    progress: list[tuple[int, int, str]] = []
    await store.prepare(lambda *step: progress.append(step))
    notice = store.find("zh-CN", "notice")
    assert notice
    assert notice.path == tmp_path / "made/zh-CN/notice"
    assert notice.seconds == 0.2
    assert notice.version.startswith("notice.3-")
    assert sound.seconds(tmp_path / "made/zh-CN/notice.wav") == 0.2
    assert [step[:2] for step in progress] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert progress[0][2] == "zh-CN/greeting"


async def test_what_was_spoken_once_is_not_spoken_again(tmp_path: Path, texts: Path) -> None:
    first, second = Parrot(), Parrot()
    await shop(tmp_path, texts, first).prepare()
    store = shop(tmp_path, texts, second)
    await store.prepare()
    assert sorted(first.said) == sorted(["您好", "录音", "Hello", "Recorded"])
    assert second.said == []
    assert store.find("en", "greeting")


async def test_a_change_of_wording_is_spoken_anew_and_has_a_new_version(tmp_path: Path, texts: Path) -> None:
    old = shop(tmp_path, texts, Parrot())
    await old.prepare()
    texts.write_text(TEXTS.replace('"Recorded"', '"This call is recorded"'), "utf-8")
    parrot = Parrot()
    new = shop(tmp_path, texts, parrot)
    await new.prepare()
    assert parrot.said == ["This call is recorded"]
    before, after = old.find("en", "notice"), new.find("en", "notice")
    assert before
    assert after
    assert before.version != after.version


async def test_a_change_of_voice_is_spoken_anew(tmp_path: Path, texts: Path) -> None:
    await shop(tmp_path, texts, Parrot()).prepare()
    parrot = Parrot("another")
    await shop(tmp_path, texts, parrot).prepare()
    assert len(parrot.said) == 4


@pytest.mark.parametrize("harm", ["delete", "truncate", "unsigned"])
async def test_a_cached_file_that_was_harmed_is_made_again(tmp_path: Path, texts: Path, harm: str) -> None:
    await shop(tmp_path, texts, Parrot()).prepare()
    file = tmp_path / "made/en/notice.wav"
    match harm:
        case "delete":
            file.unlink()
        case "truncate":
            file.write_bytes(file.read_bytes()[:20])
        case _:
            file.with_suffix(".version").write_bytes(b"\xff")
    parrot = Parrot()
    await shop(tmp_path, texts, parrot).prepare()
    assert parrot.said == ["Recorded"]
    assert sound.seconds(file) == 0.2


async def test_the_operators_recording_wins_and_its_version_names_its_content(tmp_path: Path, texts: Path) -> None:
    (tmp_path / "recorded/zh-CN").mkdir(parents=True)
    sf.write(tmp_path / "recorded/zh-CN/notice.flac", hum(0.5), 48_000)
    parrot = Parrot()
    store = shop(tmp_path, texts, parrot)
    await store.prepare()
    notice = store.find("zh-CN", "notice")
    assert notice
    assert notice.version.startswith("notice.rec-")
    assert "录音" not in parrot.said
    info = sf.info(f"{notice.path}.wav")
    assert (info.samplerate, info.channels, info.subtype) == (8_000, 1, "PCM_16")


async def test_a_recording_put_in_or_taken_out_later_takes_effect_at_the_next_preparation(tmp_path: Path, texts: Path) -> None:
    store = shop(tmp_path, texts, Parrot())
    await store.prepare()
    spoken = store.find("en", "notice")
    sound.write(tmp_path / "recorded/en/notice.wav", hum(0.7))
    await store.prepare()
    recorded = store.find("en", "notice")
    assert recorded
    assert recorded.seconds == pytest.approx(0.7)
    (tmp_path / "recorded/en/notice.wav").unlink()
    await store.prepare()
    assert store.find("en", "notice") == spoken


async def test_a_recording_that_cannot_be_used_is_passed_over(tmp_path: Path, texts: Path) -> None:
    (tmp_path / "recorded/en").mkdir(parents=True)
    (tmp_path / "recorded/en/notice.wav").write_text("not a sound")
    parrot = Parrot()
    await shop(tmp_path, texts, parrot).prepare()
    assert "Recorded" in parrot.said


async def test_prompts_that_cannot_be_made_are_all_named_and_the_others_are_there(tmp_path: Path, texts: Path) -> None:
    store = shop(tmp_path, texts, Parrot(mute=frozenset({"录音", "Recorded"})))
    with pytest.raises(PromptsMissing, match="the parrot is mute; prompts missing: zh-CN/notice, en/notice") as missing:
        await store.prepare()
    assert missing.value.missing == ["zh-CN/notice", "en/notice"]
    assert store.find("en", "notice") is None
    assert store.find("en", "greeting")


async def test_without_a_speech_program_the_recordings_alone_must_do(tmp_path: Path, texts: Path) -> None:
    sound.write(tmp_path / "recorded/en/notice.wav", hum())
    store = shop(tmp_path, texts, None)
    with pytest.raises(PromptsMissing, match="no speech program and no recording"):
        await store.prepare()
    assert store.find("en", "notice")


def test_recordings_and_spoken_prompts_never_share_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BadTexts):
        PromptStore(tmp_path / "a/../b", recordings=tmp_path / "b")


def test_a_prompt_that_never_was_is_a_mistake_of_ours(tmp_path: Path, texts: Path) -> None:
    store = shop(tmp_path, texts, None)
    for language, name in (("fr", "notice"), ("en", "joke")):
        with pytest.raises(UnknownPrompt):
            store.find(language, name)


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "[Notice]\nversion = 1\nzh-CN = '一'\nen = 'a'",
        "['../x']\nversion = 1\nzh-CN = '一'\nen = 'a'",
        "notice = 1",
        "[notice]\nzh-CN = '一'\nen = 'a'",
        "[notice]\nversion = 1\nen = 'a'",
        "[notice]\nversion = 1\nzh-CN = ' '\nen = 'a'",
    ],
)
def test_texts_that_are_not_whole_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "prompts.toml").write_text(text, "utf-8")
    with pytest.raises(BadTexts):
        load_texts(tmp_path / "prompts.toml")


def heard(walk: Walk) -> set[str]:
    """Every prompt on any way from here to the queue."""
    if isinstance(decision := decide(walk), Leave):
        return set()
    return {decision.prompt}.union(*(heard(advance(walk, key)) for key in (None, "9", *walk.menu.choices)))


def test_the_shipped_texts_are_what_callers_hear_in_every_language() -> None:
    shipped = load_texts()
    assert set(shipped) == heard(Walk(RECEPTION))
    assert all(set(text.words) == set(LANGUAGES) for text in shipped.values())


@pytest.mark.parametrize(("shared", "folders", "sounds"), [(False, 0o700, 0o600), (True, 0o755, 0o644)])
async def test_another_accounts_switch_may_read_the_sound_and_nobody_else_ours(
    tmp_path: Path, texts: Path, shared: bool, folders: int, sounds: int
) -> None:
    before = os.umask(0o077)
    try:
        await PromptStore(tmp_path / "made", speaker=Parrot(), texts=texts, shared=shared).prepare()
    finally:
        os.umask(before)
    made = (tmp_path / "made", *(tmp_path / "made").rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in made if path.is_dir()} == {folders}
    assert {path.stat().st_mode & 0o777 for path in made if path.suffix == ".wav"} == {sounds}
