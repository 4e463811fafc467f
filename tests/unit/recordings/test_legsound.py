from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from recordings.errors import BadLeg
from recordings.legsound import LegSound, Samples
from tests.unit.recordings.sounds import RATE, strength, tone, wav_bytes

SOUND = tone(440, 2)


def opened(path: Path, content: bytes, *, wall_s: float | None = None) -> tuple[Samples, tuple[str, ...]]:
    path = path / "leg.wav"
    path.write_bytes(content)
    with LegSound.open(path, wall_s=wall_s) as sound:
        return sound.read(0, sound.frames), sound.layout.remarks


def test_a_sound_file_is_read_as_it_is(tmp_path: Path) -> None:
    samples, remarks = opened(tmp_path, wav_bytes(SOUND))
    assert np.array_equal(samples, SOUND)
    assert remarks == ()


@pytest.mark.parametrize("told", [0, 0xFFFFFFFF])
def test_a_header_that_was_never_finished_is_mended_from_the_length(tmp_path: Path, told: int) -> None:
    samples, remarks = opened(tmp_path, wav_bytes(SOUND, told=told, riff=told))
    assert np.array_equal(samples, SOUND)
    assert remarks == ("repaired_header",)


def test_a_header_finished_too_early_is_mended(tmp_path: Path) -> None:
    samples, remarks = opened(tmp_path, wav_bytes(SOUND, told=8_000))
    assert np.array_equal(samples, SOUND)
    assert remarks == ("repaired_header",)


def test_a_file_cut_off_gives_what_is_there(tmp_path: Path) -> None:
    samples, remarks = opened(tmp_path, wav_bytes(SOUND)[:-8_001])
    assert np.array_equal(samples, SOUND[: len(samples)])
    assert len(samples) == len(SOUND) - 4_001
    assert remarks == ("truncated",)


def test_chunks_around_the_samples_are_not_taken_for_sound(tmp_path: Path) -> None:
    whole = wav_bytes(SOUND)
    note = b"LIST" + struct.pack("<I", 4) + b"INFO"
    samples, remarks = opened(tmp_path, whole[:12] + note + whole[12:] + note)
    assert np.array_equal(samples, SOUND)
    assert remarks == ()


@pytest.mark.parametrize("law", ["ULAW", "ALAW"])
def test_g711_is_decoded_exactly_as_by_libsndfile(tmp_path: Path, law: str) -> None:
    every_code = bytes(range(256)) * 20
    out = io.BytesIO()
    with sf.SoundFile(out, "w", RATE, 1, law, format="WAV") as file:
        file.buffer_write(np.zeros(len(every_code), np.int16).tobytes(), "int16")
    head = out.getvalue()[: -len(every_code)]
    samples, _ = opened(tmp_path, head + every_code)
    wanted, _ = sf.read(io.BytesIO(head + every_code), dtype="int16")
    assert np.array_equal(samples, wanted)


def test_a_wide_band_leg_is_brought_to_eight_kilohertz(tmp_path: Path) -> None:
    out = io.BytesIO()
    t = np.arange(32_000) / 16_000
    sf.write(out, (8_000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16), 16_000, format="WAV")
    samples, remarks = opened(tmp_path, out.getvalue())
    assert len(samples) == pytest.approx(2 * RATE, abs=2)
    assert strength(samples, 440) == pytest.approx(8_000, rel=0.02)
    assert remarks == ("converted",)


def test_a_stretch_is_read_by_position_and_ends_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "leg.wav"
    path.write_bytes(wav_bytes(SOUND))
    with LegSound.open(path) as sound:
        assert np.array_equal(sound.read(100, 50), SOUND[100:150])
        assert np.array_equal(sound.read(len(SOUND) - 5, 50), SOUND[-5:])
        assert len(sound.read(len(SOUND) + 5, 50)) == 0


def test_a_mono_header_over_interleaved_stereo_is_found_out_by_the_time_that_passed(tmp_path: Path) -> None:
    both = np.stack([SOUND, tone(1_000, 2)], axis=1).ravel()
    samples, remarks = opened(tmp_path, wav_bytes(both), wall_s=2.1)
    assert len(samples) == len(SOUND)
    assert strength(samples, 440) > 100 * strength(samples, 1_000)
    assert "lying_header" in remarks


def test_a_stereo_header_over_mono_is_found_out(tmp_path: Path) -> None:
    sound = tone(440, 10)
    samples, remarks = opened(tmp_path, wav_bytes(sound, channels=2), wall_s=10.0)
    assert np.array_equal(samples, sound)
    assert "lying_header" in remarks


def test_a_lying_rate_is_found_out(tmp_path: Path) -> None:
    sound = tone(440, 10)
    samples, remarks = opened(tmp_path, wav_bytes(sound, rate=96_000), wall_s=10.0)
    assert np.array_equal(samples, sound)
    assert "lying_header" in remarks


def test_a_header_is_believed_when_no_other_reading_fits_better(tmp_path: Path) -> None:
    samples, remarks = opened(tmp_path, wav_bytes(SOUND), wall_s=3_600.0)
    assert np.array_equal(samples, SOUND)
    assert remarks == ()


def test_a_header_without_sound_has_no_samples(tmp_path: Path) -> None:
    samples, remarks = opened(tmp_path, wav_bytes(SOUND[:0]))
    assert len(samples) == 0
    assert remarks == ()


BROKEN_FORMAT = wav_bytes(SOUND)[:22] + struct.pack("<H", 7) + wav_bytes(SOUND)[24:]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"RIFF", "not_wav"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(2_000), "not_wav"),
        (b"\xff\xfb\x90\x64" + bytes(2_000), "not_wav"),
        (b"OggS" + bytes(2_000), "not_wav"),
        (os.urandom(4_096), "not_wav"),
        (wav_bytes(SOUND)[:12], "no_samples"),
        (wav_bytes(SOUND)[:36], "no_samples"),
        (b"RIFF\0\0\0\0WAVE" + b"data" + struct.pack("<I", 4) + b"\0\0\0\0", "no_format"),
        (b"RIFF\0\0\0\0WAVE" + (b"junk" + bytes(4)) * 200, "no_samples"),
        (wav_bytes(SOUND)[:20] + struct.pack("<H", 0x31) + wav_bytes(SOUND)[22:], "unknown_format"),
        (wav_bytes(SOUND)[:20] + struct.pack("<H", 85) + wav_bytes(SOUND)[22:], "unknown_format"),
        (BROKEN_FORMAT, "bad_format"),
        (wav_bytes(SOUND, rate=0), "bad_format"),
        (wav_bytes(SOUND, rate=0xFFFFFFF), "bad_format"),
    ],
)
def test_what_is_no_sound_file_is_refused_by_name(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(BadLeg) as refused:
        opened(tmp_path, content)
    assert refused.value.code == code


def test_a_link_a_pipe_and_a_missing_file_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "real.wav").write_bytes(wav_bytes(SOUND))
    (tmp_path / "link.wav").symlink_to(tmp_path / "real.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    for name, code in (
        ("link.wav", "unreadable"),
        ("pipe.wav", "not_a_regular_file"),
        ("none.wav", "missing"),
        (".", "not_a_regular_file"),
    ):
        with pytest.raises(BadLeg) as refused:
            LegSound.open(tmp_path / name)
        assert refused.value.code == code


def test_every_cut_and_every_flipped_byte_of_a_header_is_survived(tmp_path: Path) -> None:
    whole = wav_bytes(SOUND[:400])
    for at in range(44):
        for content in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
            try:
                opened(tmp_path, content)
            except BadLeg:
                continue
