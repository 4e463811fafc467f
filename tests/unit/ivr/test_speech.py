from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from ivr import sound
from ivr.errors import SpeechFailed
from ivr.prompts import LANGUAGES, load_texts
from ivr.speech import VOICES, Espeak


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", load_texts())
async def test_every_prompt_is_spoken_calmly_loud_enough_and_unclipped(language: str, name: str) -> None:
    text = load_texts()[name].words[language]
    spoken = await Espeak().speak(text, language)
    length = len(spoken) / sound.RATE
    voiced = spoken[np.abs(spoken) > 0.003]
    assert 20 * np.log10(np.sqrt(np.mean(voiced**2))) == pytest.approx(-20, abs=2)
    assert np.abs(spoken).max() < 0.72
    assert len(voiced) > len(spoken) / 3, "mostly speech"
    if language == "zh-CN":
        syllables = sum("\u4e00" <= char <= "\u9fff" for char in text)
        assert 2.3 < syllables / length < 4.5, "syllables a second"
    else:
        assert 1.5 < len(text.split()) / length < 3.8, "words a second"


async def test_different_words_sound_different() -> None:
    one, two = await Espeak().speak("投诉请按一", "zh-CN"), await Espeak().speak("建议请按二", "zh-CN")
    assert not np.array_equal(one, two)


async def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(SpeechFailed, match=r"/nowhere/espeak-ng cannot be started"):
        await Espeak("/nowhere/espeak-ng").speak("hello", "en")


def program(folder: Path, body: str) -> str:
    """A speech program that does what ``body`` (Python) says; ``out`` is the file it should write."""
    file = folder / "speaker"
    file.write_text(f"#!{sys.executable}\nimport os, sys\nout = sys.argv[sys.argv.index('-w') + 1]\n{body}\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("sys.exit('voice not found')", "voice not found"),
        ("os.abort()", "failed"),
        ("pass", "nothing that can be heard"),
        ("open(out, 'w').write('x')", "nothing that can be heard"),
    ],
)
async def test_a_program_that_fails_is_a_named_failure(tmp_path: Path, body: str, why: str) -> None:
    with pytest.raises(SpeechFailed, match=why):
        await Espeak(program(tmp_path, body)).speak("hello", "en")


async def test_a_program_unpacked_elsewhere_gets_its_libraries_and_data(tmp_path: Path) -> None:
    told = tmp_path / "told"
    body = f"open({str(told)!r}, 'w').write(os.environ['LD_LIBRARY_PATH'] + ' ' + sys.argv[1])"
    espeak = Espeak(program(tmp_path, body), environment={"LD_LIBRARY_PATH": "/prefix/lib"}, data=Path("/prefix/data"))
    with pytest.raises(SpeechFailed):
        await espeak.speak("hello", "en")
    assert told.read_text() == "/prefix/lib --path=/prefix/data"


async def test_the_text_is_no_argument_that_could_be_an_option(tmp_path: Path) -> None:
    told = tmp_path / "told"
    body = f"open({str(told)!r}, 'w').write(repr(sys.argv) + sys.stdin.read())"
    with pytest.raises(SpeechFailed):
        await Espeak(program(tmp_path, body)).speak("--help", "en")
    assert told.read_text().endswith("'--stdin']--help")


async def test_a_language_without_a_voice_is_a_named_failure() -> None:
    with pytest.raises(SpeechFailed, match="no voice for fr"):
        await Espeak().speak("bonjour", "fr")


def test_every_language_has_a_voice_and_the_key_tells_voices_apart() -> None:
    assert set(VOICES) == set(LANGUAGES)
    assert Espeak().key("zh-CN") != Espeak().key("en")
