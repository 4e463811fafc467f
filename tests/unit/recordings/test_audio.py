from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from recordings.audio import POINTS, Peaks, Woven, peaks, produce, weave
from recordings.errors import BadLeg
from recordings.naming import Role
from tests.harness import speech
from tests.unit.recordings.sounds import RATE, Samples, later, source, strength, tone, wav_bytes

CALLER, AGENT = Role.CALLER, Role.AGENT


def between(sound: Samples, side: int, first: float, last: float) -> Samples:
    return sound[round(first * RATE) : round(last * RATE), side]


def produced(folder: Path, *sources: object, ended: float | None = None) -> Woven:
    return produce(sources, folder / "out.flac", ended_at=None if ended is None else later(ended))  # type: ignore[arg-type]


def test_the_caller_is_on_channel_0_and_the_agent_on_channel_1_at_their_times(tmp_path: Path) -> None:
    woven = weave(
        [source(tmp_path, AGENT, 15, tone(1_000, 4), at=3.0), source(tmp_path, CALLER, 12, tone(440, 8))]  # any order
    )
    assert woven.shape == (8 * RATE, 2)
    assert np.array_equal(woven[:, 0], tone(440, 8))
    assert not between(woven, 1, 0, 3).any()
    assert np.array_equal(between(woven, 1, 3, 7), tone(1_000, 4))
    assert not between(woven, 1, 7, 8).any()


def test_an_agent_is_heard_only_while_bridged_with_the_caller(tmp_path: Path) -> None:
    agent = source(tmp_path, AGENT, 15, tone(1_000, 8), at=1.0, spans=[(2.0, 4.0), (6.0, None)])
    woven = weave([source(tmp_path, CALLER, 12, tone(440, 10)), agent])
    for first, last, heard in ((1, 2, False), (2, 4, True), (4, 6, False), (6, 9, True), (9, 10, False)):
        assert (strength(between(woven, 1, first, last), 1_000) > 7_900) is heard, (first, last)


def test_a_span_that_is_told_twice_is_heard_once(tmp_path: Path) -> None:
    agent = source(tmp_path, AGENT, 15, tone(1_000, 8), at=1.0, spans=[(4.0, 8.0), (2.0, 6.0), (5.0, 5.0)])
    woven = weave([source(tmp_path, CALLER, 12, tone(440, 10)), agent])
    assert np.array_equal(between(woven, 1, 2, 8), tone(1_000, 8)[RATE : 7 * RATE])
    assert not between(woven, 1, 8, 10).any()


def test_after_a_transfer_both_agents_are_on_the_agents_channel_one_after_the_other(tmp_path: Path) -> None:
    first = source(tmp_path, AGENT, 15, tone(1_000, 5), at=1.0, spans=[(1.0, 4.0)])
    second = source(tmp_path, AGENT, 17, tone(1_500, 5), at=3.0, spans=[(4.0, 8.0)])
    woven = weave([source(tmp_path, CALLER, 12, tone(440, 9)), first, second])
    assert strength(between(woven, 1, 1, 4), 1_000) > 7_900
    assert strength(between(woven, 1, 1, 4), 1_500) < 10
    assert strength(between(woven, 1, 4, 8), 1_500) > 7_900
    assert strength(between(woven, 1, 4, 8), 1_000) < 10


def test_people_who_speak_at_once_are_both_heard_and_never_wrap_around(tmp_path: Path) -> None:
    one = source(tmp_path, AGENT, 15, tone(1_000, 2, 20_000))
    two = source(tmp_path, AGENT, 17, tone(1_000, 2, 20_000))
    woven = weave([source(tmp_path, CALLER, 12, tone(440, 2)), one, two])
    assert woven[:, 1].max() == 32_767
    assert woven[:, 1].min() == -32_768
    assert strength(woven[:, 1], 1_000) > 30_000


def test_an_agents_leg_that_began_before_the_callers_is_cut_to_the_call(tmp_path: Path) -> None:
    agent = source(tmp_path, AGENT, 15, tone(1_000, 6), at=-2.0, spans=[(-1.0, 3.0)])
    woven = weave([source(tmp_path, CALLER, 12, tone(440, 5)), agent])
    assert len(woven) == 5 * RATE
    assert strength(between(woven, 1, 0, 3), 1_000) > 7_900
    assert not between(woven, 1, 3, 5).any()


def test_the_written_file_is_the_woven_sound_bit_for_bit_and_its_sum_and_length_are_told(tmp_path: Path) -> None:
    legs = [source(tmp_path, CALLER, 12, tone(440, 70)), source(tmp_path, AGENT, 15, tone(1_000, 62), at=3.3)]
    made = produced(tmp_path, *legs)
    samples, rate = sf.read(made.path, dtype="int16")
    assert rate == RATE
    assert np.array_equal(samples, weave(legs))
    content = made.path.read_bytes()
    assert (made.size, made.sha256) == (len(content), hashlib.sha256(content).digest())
    assert (made.duration_ms, made.starts_at) == (70_000, later(0))
    assert sf.info(made.path).format == "FLAC"


def test_a_sound_conversation_has_no_remarks(tmp_path: Path) -> None:
    sides, _ = speech.converse(speech.DIALOGUES["suggestion"])
    long = len(sides["caller"]) / RATE
    legs = [source(tmp_path, CALLER, 12, sides["caller"]), source(tmp_path, AGENT, 15, sides["agent"], spans=[(0.0, long)])]
    made = produced(tmp_path, *legs, ended=long)
    assert made.remarks == ()
    assert [report.duration_ms for report in made.legs] == [int(long * 1000)] * 2


def test_legs_killed_with_the_switch_are_woven_and_remarked(tmp_path: Path) -> None:
    legs = [
        source(tmp_path, CALLER, 12, wav_bytes(tone(440, 5), told=0)),
        source(tmp_path, AGENT, 15, wav_bytes(tone(900, 5))[:-1_000]),
    ]
    made = produced(tmp_path, *legs)
    assert {"repaired_header", "truncated"} <= set(made.remarks)
    assert made.legs[0].remarks == ("repaired_header",)
    assert made.duration_ms == 5_000


def test_a_leg_that_cannot_be_decoded_leaves_the_others_whole(tmp_path: Path) -> None:
    made = produced(tmp_path, source(tmp_path, CALLER, 12, tone(440, 5)), source(tmp_path, AGENT, 15, b"ID3 not a wav at all"))
    assert "bad_agent" in made.remarks
    assert [report.error for report in made.legs] == [None, "not_wav"]
    samples, _ = sf.read(made.path, dtype="int16")
    assert np.array_equal(samples[:, 0], tone(440, 5))


def test_a_call_without_any_sound_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BadLeg) as bad:
        produced(tmp_path, source(tmp_path, CALLER, 12, b""), source(tmp_path, AGENT, 15, tone(1, 0)))
    assert bad.value.code == "no_sound"


def test_a_missing_callers_leg_is_remarked(tmp_path: Path) -> None:
    made = produced(tmp_path, source(tmp_path, AGENT, 15, tone(900, 5), at=2.0, spans=[(2.0, 7.0)]))
    assert "missing_caller" in made.remarks
    assert made.starts_at == later(2)


def test_a_leg_known_to_be_missing_is_remarked(tmp_path: Path) -> None:
    made = produce([source(tmp_path, CALLER, 12, tone(440, 3))], tmp_path / "out.flac", missing=[AGENT])
    assert "missing_agent" in made.remarks


def test_silent_sides_are_remarked_each_by_its_own_name(tmp_path: Path) -> None:
    hiss = speech.line_noise(6)
    voice = speech.speak("我要投诉")
    legs = [source(tmp_path, CALLER, 12, hiss), source(tmp_path, AGENT, 15, np.concatenate([hiss, voice]), spans=[(0.0, None)])]
    made = produced(tmp_path, *legs)
    assert "silent_caller" in made.remarks
    assert "silent_agent" not in made.remarks


def test_a_side_that_was_there_for_a_moment_only_is_not_called_silent(tmp_path: Path) -> None:
    legs = [source(tmp_path, CALLER, 12, tone(440, 6)), source(tmp_path, AGENT, 15, speech.line_noise(6), spans=[(0.0, 1.5)])]
    assert "silent_agent" not in produced(tmp_path, *legs).remarks


def test_a_long_run_of_exact_zeros_is_a_gap_and_a_quiet_line_is_none(tmp_path: Path) -> None:
    gap = np.concatenate([tone(900, 2), np.zeros(4 * RATE, np.int16), tone(900, 2)])
    made = produced(
        tmp_path, source(tmp_path, CALLER, 12, speech.line_noise(8)), source(tmp_path, AGENT, 15, gap, spans=[(0.0, 8.0)])
    )
    assert "gap_agent" in made.remarks
    assert "gap_caller" not in made.remarks


def test_a_recording_shorter_than_the_call_is_remarked(tmp_path: Path) -> None:
    caller = source(tmp_path, CALLER, 12, tone(440, 10))
    assert "short" in produced(tmp_path, caller, ended=11.5).remarks
    assert "short" not in produced(tmp_path, caller, ended=10.5).remarks
    assert "long" in produced(tmp_path, caller, ended=8.0).remarks


def test_an_agents_leg_shorter_than_the_talk_is_remarked(tmp_path: Path) -> None:
    caller = source(tmp_path, CALLER, 12, tone(440, 10))
    agent = source(tmp_path, AGENT, 15, tone(900, 4), at=1.0, spans=[(1.0, 9.0)])
    assert "short" in produced(tmp_path, caller, agent, ended=10.0).remarks


def test_two_files_of_one_channel_together_cover_its_talk(tmp_path: Path) -> None:
    caller = source(tmp_path, CALLER, 12, tone(440, 10))
    halves = [source(tmp_path, AGENT, 15, tone(900, 4), at=at, spans=[(1.0, 9.0)]) for at in (1.0, 5.0)]
    assert "short" not in produced(tmp_path, caller, *halves, ended=10.0).remarks


def test_unknown_spans_are_remarked(tmp_path: Path) -> None:
    legs = [source(tmp_path, CALLER, 12, tone(440, 4)), source(tmp_path, AGENT, 15, tone(900, 4))]
    assert "spans_unknown" in produced(tmp_path, *legs).remarks


def test_a_forged_time_cannot_make_a_recording_endless(tmp_path: Path) -> None:
    legs = [
        source(tmp_path, CALLER, 12, tone(440, 1)),
        source(tmp_path, AGENT, 15, tone(900, 1), at=50 * 3600.0, spans=[(0.0, 1.0)]),
    ]
    assert produced(tmp_path, *legs).duration_ms == 1_000


def test_peaks_are_the_lowest_and_highest_of_each_point() -> None:
    low = np.array([[-100, -32_768], [-32_768, 0], [-1_000, 0], [0, 0]], np.int16)
    high = np.array([[100, 0], [0, 32_767], [1_000, 0], [0, 0]], np.int16)
    assert peaks(low, high, points=2) == Peaks(2, [-127, 0, -4, 4], [-127, 127, 0, 0])


def test_peaks_of_a_long_call_are_1800_points_and_of_a_short_one_as_many_as_there_are(tmp_path: Path) -> None:
    long = produced(tmp_path, source(tmp_path, CALLER, 12, tone(440, 60, 16_000))).peaks
    assert (long.points, len(long.caller), len(long.agent)) == (POINTS, 2 * POINTS, 2 * POINTS)
    assert set(long.caller[1::2]) <= {61, 62}
    assert set(long.agent) == {0}
    short = produced(tmp_path, source(tmp_path, CALLER, 12, tone(440, 0.1))).peaks
    assert (short.points, len(short.caller)) == (10, 20)


LIMITED = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
"""


def test_a_full_disk_is_told_whatever_libsndfile_makes_of_it(tmp_path: Path) -> None:
    """The kernel's limit on file sizes stands for the full disk; in a child, because the limit is the process's."""
    noise = np.random.default_rng(1).integers(-20_000, 20_000, 60 * RATE).astype(np.int16)
    leg = source(tmp_path, CALLER, 12, noise)
    command = [sys.executable, "-c", LIMITED + MEASURE, str(tmp_path / "out.flac"), str(leg.path)]
    said = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert "ArchiveFailed: write_failed" in said.stderr


MEASURE = """
import sys
from datetime import timedelta
from pathlib import Path
from recordings.audio import Source, produce
from recordings.naming import parse

def peak_mb():  # not ru_maxrss: a child begins with its parent's, however small it is itself
    return int(next(line for line in Path("/proc/self/status").open() if line.startswith("VmHWM")).split()[1]) // 1024

before = peak_mb()
sources = [Source(parse(Path(name).name), Path(name), None, None) for name in sys.argv[2:]]
made = produce(sources, Path(sys.argv[1]))
print(made.duration_ms, before, peak_mb())
"""


def test_a_call_of_four_hours_takes_less_than_300_mb(tmp_path: Path) -> None:
    """Sparse files: zeros cost no disk, and weaving them costs what any sound does."""
    names = []
    for role, number in ((CALLER, 12), (AGENT, 15)):
        leg = source(tmp_path, role, number, wav_bytes(tone(440, 1), told=0))
        with leg.path.open("r+b") as file:
            file.truncate(44 + 4 * 3_600 * RATE * 2)
        names.append(str(leg.path))
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "out.flac"), *names]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=100).stdout.split()
    assert int(said[0]) == 4 * 3_600_000
    assert int(said[2]) < 300, said
