from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cti.ids import CallId
from recordings import spool
from recordings.archive import Stored
from recordings.errors import SpoolChanged
from recordings.naming import LegFile, Role
from tests.harness.legs import file_name
from tests.unit.recordings.sounds import AT, CALL, leg_of

OTHER = CallId("tingsu-1732400000.99")
RECEIPT = Stored("2026/11/23/tingsu-1732400000.12.flac", 1, b"")


def put(folder: Path, leg: LegFile, content: bytes = b"RIFF", touched: datetime = AT) -> Path:
    path = folder / file_name(leg)
    path.write_bytes(content)
    os.utime(path, (touched.timestamp(),) * 2)
    return path


def test_legs_are_grouped_by_call_and_ordered_by_start(tmp_path: Path) -> None:
    late, early, caller = leg_of(Role.AGENT, 15, 9), leg_of(Role.AGENT, 14, 3), leg_of(Role.CALLER, 12)
    other = LegFile(OTHER, leg_of(Role.CALLER, 99).channel, Role.CALLER, AT)
    for leg in (late, other, caller, early):
        put(tmp_path, leg)
    spooled = spool.look(tmp_path)
    assert [found.leg for found in spooled.calls[CALL]] == [caller, early, late]
    assert [found.leg for found in spooled.calls[OTHER]] == [other]
    assert spooled.refused == []


def test_only_regular_files_with_exact_names_are_taken(tmp_path: Path) -> None:
    names = [file_name(leg_of(Role.AGENT, number)) for number in range(20, 25)]
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / names[0]).symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / names[1])
    (tmp_path / names[2]).mkdir()
    (tmp_path / os.fsdecode(b"\xff\xfe.wav")).write_bytes(b"x")
    spooled = spool.look(tmp_path)
    assert spooled.calls == {}
    assert sorted(refused.code for refused in spooled.refused) == ["not_a_leg_name"] * 2 + ["not_a_regular_file"] * 3
    assert all(refused.name.isascii() for refused in spooled.refused)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
def test_a_device_is_refused(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / file_name(leg_of(Role.AGENT, 20)), 0o20600, os.makedev(1, 5))
    except OSError:
        pytest.skip("no devices can be made here")
    assert [refused.code for refused in spool.look(tmp_path).refused] == ["not_a_regular_file"]


def test_a_file_of_four_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = put(tmp_path, leg_of(Role.CALLER, 12))
    os.truncate(path, 4 * 1024**3)
    assert [refused.code for refused in spool.look(tmp_path).refused] == ["too_big"]


def test_a_colleagues_leg_goes_to_the_caller_it_was_handed_to_and_no_other_leg_does(tmp_path: Path) -> None:
    caller, agent = leg_of(Role.CALLER, 12), leg_of(Role.AGENT, 14, 1)
    rung = leg_of(Role.AGENT, 15, 2).channel
    colleague = LegFile(CallId(rung), rung, Role.AGENT, AT + timedelta(seconds=2), colleague=True)
    late = leg_of(Role.AGENT, 16, 5)
    for leg in (colleague, caller, agent, late):
        put(tmp_path, leg)
    spooled = spool.look(tmp_path)
    assert spool.colleagues(spooled) == [rung]
    assert spool.handed_over(spooled, {}) == spooled
    homes = spool.handed_over(spooled, {rung: CALL, agent.channel: OTHER}).calls
    assert {call: [found.leg for found in legs] for call, legs in homes.items()} == {CALL: [caller, agent, colleague, late]}


def test_a_call_is_finished_when_nobody_writes_to_it_any_more(tmp_path: Path) -> None:
    put(tmp_path, leg_of(Role.CALLER, 12), touched=AT)
    put(tmp_path, leg_of(Role.AGENT, 15), touched=AT + timedelta(seconds=30))
    legs = spool.look(tmp_path).calls[CALL]
    assert not spool.is_finished(legs, now=AT + timedelta(seconds=89), untouched=timedelta(seconds=60))
    assert spool.is_finished(legs, now=AT + timedelta(seconds=90), untouched=timedelta(seconds=60))


def test_sound_of_a_call_that_nobody_knows_is_an_orphan_once_it_is_old(tmp_path: Path) -> None:
    put(tmp_path, leg_of(Role.CALLER, 12))
    put(tmp_path, LegFile(OTHER, leg_of(Role.CALLER, 99).channel, Role.CALLER, AT))
    spooled = spool.look(tmp_path)
    assert spool.orphans(spooled, CALL.__eq__, now=AT + timedelta(minutes=4)) == []
    assert spool.orphans(spooled, CALL.__eq__, now=AT + timedelta(minutes=6)) == [OTHER]


def test_archived_legs_are_removed_and_removing_them_again_is_fine(tmp_path: Path) -> None:
    path = put(tmp_path, leg_of(Role.CALLER, 12))
    legs = spool.look(tmp_path).calls[CALL]
    spool.remove(legs, RECEIPT)
    assert not path.exists()
    spool.remove(legs, RECEIPT)


def test_a_leg_that_grew_after_it_was_read_is_not_removed(tmp_path: Path) -> None:
    caller, agent = put(tmp_path, leg_of(Role.CALLER, 12)), put(tmp_path, leg_of(Role.AGENT, 15))
    legs = spool.look(tmp_path).calls[CALL]
    agent.write_bytes(b"RIFF and more")
    with pytest.raises(SpoolChanged):
        spool.remove(legs, RECEIPT)
    assert caller.exists()
    assert agent.exists()


def test_a_bad_leg_is_put_aside_and_no_longer_seen(tmp_path: Path) -> None:
    for number in (15, 16):
        put(tmp_path, leg_of(Role.AGENT, number), b"not a wav")
        (leg,) = spool.look(tmp_path).calls[CALL]
        assert spool.quarantine(leg).read_bytes() == b"not a wav"
        assert spool.look(tmp_path) == spool.Spooled()


def test_times_are_aware_and_in_utc(tmp_path: Path) -> None:
    put(tmp_path, leg_of(Role.CALLER, 12), touched=AT)
    assert spool.look(tmp_path).calls[CALL][0].touched_at == AT.astimezone(UTC)
