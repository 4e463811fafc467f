from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from ivr import sound
from tests.unit.ivr.conftest import hum


def test_a_recording_of_any_rate_and_width_becomes_telephone_sound(tmp_path: Path) -> None:
    stereo = np.repeat(np.sin(np.arange(44_100) / 20)[:, None] * 0.5, 2, axis=1)
    sf.write(tmp_path / "in.flac", stereo, 44_100, subtype="PCM_24")
    sound.write(tmp_path / "out.wav", sound.read(tmp_path / "in.flac"))
    assert sound.seconds(tmp_path / "out.wav") == pytest.approx(1.0, abs=0.01)
    info = sf.info(tmp_path / "out.wav")
    assert (info.samplerate, info.channels, info.subtype) == (8_000, 1, "PCM_16")


def noise(file: Path, samples: object, rate: int = 8_000) -> Path:
    sf.write(file, np.asarray(samples, dtype=np.float32), rate)
    return file


def test_what_cannot_be_heard_or_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not a sound")
    (tmp_path / "empty.wav").write_bytes(b"")
    wrong = {
        "text": tmp_path / "text.wav",
        "empty": tmp_path / "empty.wav",
        "absent": tmp_path / "absent.wav",
        "silent": noise(tmp_path / "silent.wav", np.zeros(8_000)),
        "no samples": noise(tmp_path / "none.wav", []),
        "long": noise(tmp_path / "long.wav", np.full(61 * 1_000, 0.5), rate=1_000),
    }
    for file in wrong.values():
        with pytest.raises(sound.BadSound):
            sound.read(file)


@pytest.mark.parametrize("loudness", [0.01, 0.2, 0.99])
def test_speech_comes_out_at_one_level_without_clipping(loudness: float) -> None:
    spoken = sound.levelled(hum(1.0) / 0.2 * np.float32(loudness))
    voiced = spoken[np.abs(spoken) > 0.003]
    assert 20 * np.log10(np.sqrt(np.mean(voiced**2))) == pytest.approx(-20, abs=0.5)
    assert np.abs(spoken).max() <= 0.71


def test_a_peak_is_never_clipped_for_the_sake_of_the_level() -> None:
    quiet = hum(1.0) * np.float32(0.1)
    quiet[4_000] = 1.0
    assert np.abs(sound.levelled(quiet)).max() == pytest.approx(0.7, abs=0.01)


def test_a_written_file_replaces_the_old_one_whole_and_leaves_no_scraps(tmp_path: Path) -> None:
    sound.write(tmp_path / "p.wav", hum(0.5))
    playing = (tmp_path / "p.wav").open("rb")
    sound.write(tmp_path / "p.wav", hum(0.1))
    with playing:
        assert len(playing.read()) > 8_000, "whoever is playing the old file plays it to its end"
    assert os.listdir(tmp_path) == ["p.wav"]


def test_only_a_file_that_the_switch_plays_as_it_is_has_a_length(tmp_path: Path) -> None:
    sound.write(tmp_path / "good.wav", hum(0.5))
    assert sound.seconds(tmp_path / "good.wav") == 0.5
    assert sound.seconds(noise(tmp_path / "wide.wav", hum(), rate=16_000)) is None
    assert sound.seconds(tmp_path / "absent.wav") is None
