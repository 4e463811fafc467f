from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from recordings import frames
from recordings.models import DEMONSTRATION
from recordings.recognizer import Phrase, Word
from recordings.worker import CHUNK_S, listen, model_rate, vocabulary
from tests.harness import speech
from tests.unit.recordings.sounds import RATE, Samples, tone, wav_bytes


class Scripted:
    """A recogniser that notes what it is fed and finds one word at the end of every stretch, at its own time."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.chunks: list[int] = []
        self.stretches: list[Samples] = [np.zeros(0, np.int16)]

    def feed(self, pcm: bytes) -> list[Phrase]:
        self.chunks.append(len(pcm) // 2)
        self.stretches[-1] = np.concatenate([self.stretches[-1], np.frombuffer(pcm, np.int16)])
        return []

    def finish(self) -> list[Phrase]:
        fed = sum(map(len, self.stretches)) / self.rate
        self.stretches.append(np.zeros(0, np.int16))
        return [(Word("完", fed - 0.1, fed, 1.0),)]


def two_stretches(path: Path) -> tuple[Samples, float]:
    """Somebody speaks, is silent for 20 s, and speaks again. The file and the seconds at which it ends."""
    said = speech.speak("好的谢谢")
    sound = np.concatenate([said, speech.line_noise(20), said])
    sf.write(path, np.stack([np.zeros_like(sound), sound], axis=1), RATE)
    return said, len(sound) / RATE


def test_times_are_those_of_the_file_although_its_silence_is_not_listened_to(tmp_path: Path) -> None:
    said, end = two_stretches(tmp_path / "x.flac")
    scripted = Scripted(RATE)
    (first,), (second,) = listen(tmp_path / "x.flac", 1, scripted, lambda _: None)
    assert first.end == pytest.approx(len(said) / RATE, abs=0.6)
    assert second.end == pytest.approx(end, abs=0.6)
    assert sum(scripted.chunks) / RATE < 2 * len(said) / RATE + 1.2


def test_an_empty_channel_never_reaches_the_recogniser(tmp_path: Path) -> None:
    two_stretches(tmp_path / "x.flac")
    scripted = Scripted(RATE)
    assert listen(tmp_path / "x.flac", 0, scripted, lambda _: None) == []
    assert scripted.chunks == []


def test_chunks_are_all_of_one_size_but_the_last_of_a_stretch(tmp_path: Path) -> None:
    sides, _ = speech.converse(speech.DIALOGUES["fault"])
    sf.write(tmp_path / "x.flac", sides["caller"], RATE)
    scripted = Scripted(RATE)
    listen(tmp_path / "x.flac", 0, scripted, lambda _: None)
    odd = [size for size in scripted.chunks if size != CHUNK_S * RATE]
    assert len(odd) <= len(scripted.stretches)


def test_a_model_of_another_rate_is_fed_at_that_rate(tmp_path: Path) -> None:
    sides, _ = speech.converse(speech.DIALOGUES["suggestion"])
    sf.write(tmp_path / "x.flac", sides["caller"], RATE)
    narrow, wide = Scripted(RATE), Scripted(2 * RATE)
    told = [listen(tmp_path / "x.flac", 0, scripted, lambda _: None) for scripted in (narrow, wide)]
    for a, b in zip(narrow.stretches, wide.stretches, strict=True):
        assert len(b) == pytest.approx(2 * len(a), abs=4)
        assert np.abs(b[::2][: len(a)] - a[: len(b[::2])].astype(int)).mean() < 50 if len(a) else True
    assert [w.end for (w,) in told[0]] == pytest.approx([w.end for (w,) in told[1]], abs=0.01)


def test_signs_of_life_come_at_least_every_ten_seconds_of_sound(tmp_path: Path) -> None:
    two_stretches(tmp_path / "x.flac")
    told: list[float] = []
    listen(tmp_path / "x.flac", 1, Scripted(RATE), told.append)
    assert told[:3] == [0, 10, 20]


@pytest.mark.parametrize(
    ("conf", "rate"),
    [
        ("--sample-frequency=8000\n", 8_000),
        ("--use-energy=false\n--sample-frequency=16000 # Hz\n", 16_000),
        ("--sample-frequency = 8000", 8_000),
        ("--use-energy=false\n", 16_000),
        ("# --sample-frequency=8000\n", 16_000),
    ],
)
def test_the_rate_is_the_models_own(tmp_path: Path, conf: str, rate: int) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mfcc.conf").write_text(conf)
    assert model_rate(tmp_path) == rate


def test_a_model_that_says_nothing_is_taken_for_16_khz_and_an_unknown_vocabulary(tmp_path: Path) -> None:
    assert (model_rate(tmp_path), vocabulary(tmp_path)) == (16_000, None)


def test_the_demonstration_models_facts_are_read() -> None:
    assert (model_rate(DEMONSTRATION), vocabulary(DEMONSTRATION)) == (8_000, 271)


# the real process -----------------------------------------------------------------------------------------------------


def start(model: Path = DEMONSTRATION, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "recordings.worker", str(model), "--parent", str(os.getpid()), *options]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def ask(worker: subprocess.Popen[bytes], path: Path, channels: int = 1) -> frames.Message | None:
    assert worker.stdin is not None
    assert worker.stdout is not None
    frames.write(worker.stdin, {"path": str(path), "channels": channels})
    while (said := frames.read(worker.stdout)) is not None and "at" in said:
        pass
    return said


def test_the_real_worker_says_what_it_loaded_hears_words_and_ends_with_its_stdin(tmp_path: Path) -> None:
    speech.say("建议你们增加营业时间", tmp_path / "x.wav")
    with start() as worker:
        assert worker.stdout is not None
        assert frames.read(worker.stdout) == {"ready": True, "rate": 8_000, "vocabulary": 271}
        said = ask(worker, tmp_path / "x.wav")
        assert said is not None
        assert ["".join(word[0] for word in phrase) for phrase in said["heard"][0]] == ["建议你们增加营业时间"]
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(30) == 0


def test_an_unusable_model_is_refused_in_words(tmp_path: Path) -> None:
    with start(tmp_path) as worker:
        assert worker.stdout is not None
        said = frames.read(worker.stdout)
        assert said is not None
        assert said["refused"] == "model_refused"
        assert said["detail"] == f"Folder '{tmp_path}' does not contain model files"
        assert worker.wait(30) == 3


def test_a_model_unpacked_one_folder_too_deep_is_pointed_out(tmp_path: Path) -> None:
    shutil.copytree(DEMONSTRATION, tmp_path / "vosk-model-small-cn-0.22")
    with start(tmp_path) as worker:
        assert worker.stdout is not None
        said = frames.read(worker.stdout)
        assert said is not None
        assert said["detail"].endswith("; the model lies one folder deeper: vosk-model-small-cn-0.22")
        assert worker.wait(30) == 3


def test_a_damaged_model_is_refused_with_vosks_own_reason(tmp_path: Path) -> None:
    shutil.copytree(DEMONSTRATION, tmp_path / "model")
    (tmp_path / "model/conf/mfcc.conf").unlink()
    with start(tmp_path / "model") as worker:
        assert worker.stdout is not None
        said = frames.read(worker.stdout)
        assert said is not None
        assert said["detail"] == "Failed to find feature config file"


def test_a_worker_whose_parent_is_already_gone_does_not_stay(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "recordings.worker", str(DEMONSTRATION), "--parent", "1"]
    done = subprocess.run(command, stdin=subprocess.PIPE, capture_output=True, timeout=30, check=True)
    assert done.stdout == b""


POISON = {
    "empty": b"",
    "no sound file": b"ID3\x04" + bytes(4_000),
    "random": os.urandom(50_000),
    "FLAC mark only": b"fLaC",
    "FLAC with a broken body": b"fLaC" + os.urandom(4_000),
    "header without sound": wav_bytes(np.zeros(0, np.int16))[:36],
}


def test_poisonous_files_are_refused_and_the_worker_lives_on(tmp_path: Path) -> None:
    speech.say("好的谢谢", tmp_path / "good.wav")
    with start() as worker:
        assert worker.stdout is not None
        frames.read(worker.stdout)
        for name, content in POISON.items():
            (tmp_path / "bad").write_bytes(content)
            said = ask(worker, tmp_path / "bad")
            assert said is not None, name
            assert said.get("failed") == "unreadable_sound", name
        for path, channels in ((tmp_path / "none.flac", 1), (tmp_path, 1), (tmp_path / "good.wav", 2)):
            said = ask(worker, path, channels)
            assert said is not None
            assert said["failed"] == "unreadable_sound"
        said = ask(worker, tmp_path / "good.wav")
        assert said is not None
        assert said["heard"][0]
        assert worker.stdin is not None
        worker.stdin.close()


def test_sound_at_other_rates_is_understood_the_same(tmp_path: Path) -> None:
    with start() as worker:
        assert worker.stdout is not None
        frames.read(worker.stdout)
        for rate in (8_000, 16_000, 44_100, 48_000):
            speech.say("我要投诉小灵通乱收费", tmp_path / "x.wav", rate=rate)
            said = ask(worker, tmp_path / "x.wav")
            assert said is not None
            assert [word[0] for phrase in said["heard"][0] for word in phrase] == ["我", "要", "投诉", "小灵通", "乱收费"], rate
        assert worker.stdin is not None
        worker.stdin.close()


def test_tones_are_no_speech(tmp_path: Path) -> None:
    sf.write(tmp_path / "x.flac", np.concatenate([tone(450, 1), np.zeros(RATE, np.int16)] * 5), RATE)
    assert listen(tmp_path / "x.flac", 0, Scripted(RATE), lambda _: None) == []
