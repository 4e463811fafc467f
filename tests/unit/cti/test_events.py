from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti import events
from cti.errors import Malformed, MissingHeader
from cti.events import WANTED, WITHOUT_CHANNEL, is_sealed, parse
from cti.ids import UNREAD, ChannelId
from tests.harness.fake_switch import CAPTURES, event, wanted_events

NEWCHANNEL = {
    "Channel": "PJSIP/trunk-00000001",
    "ChannelState": 4,
    "CallerIDNum": "13800138000",
    "CallerIDName": "张三",
    "Exten": "10000",
    "Uniqueid": "t-1.1",
    "Linkedid": "t-1.1",
}


def newchannel(**changed: object) -> bytes:
    return event("Newchannel", **{**NEWCHANNEL, **changed})[:-4]


def test_time_is_the_switches_own_to_the_microsecond() -> None:
    raw = event("Unhold", 1_795_467_869.571611, Uniqueid="t-1.1")[:-4]
    at = datetime(2026, 11, 23, 21, 4, 29, 571611, tzinfo=UTC)
    assert parse(raw) == events.Held(at, ChannelId("t-1.1"), held=False)


def test_only_a_contact_that_goes_is_a_phone_that_moved() -> None:
    def contact(status: str) -> events.Event | None:
        return parse(event("ContactStatus", EndpointName="1001", ContactStatus=status)[:-4])

    moved = contact("Removed")
    assert isinstance(moved, events.PhoneMoved)
    assert moved.phone == "1001"
    assert [contact(status) for status in ("Created", "Reachable", "NonQualified", "Updated")] == [None] * 4


@pytest.mark.parametrize("name", sorted(WANTED - {"FullyBooted"}))
def test_a_missing_header_is_named(name: str) -> None:
    with pytest.raises(MissingHeader) as error:
        parse(f"Event: {name}".encode())
    assert error.value.event == name


@pytest.mark.parametrize("header", NEWCHANNEL)
def test_each_header_of_a_new_channel_is_needed(header: str) -> None:
    lines = [line for line in newchannel().split(b"\r\n") if not line.startswith(f"{header}:".encode())]
    with pytest.raises(MissingHeader, match=f"Newchannel without {header}"):
        parse(b"\r\n".join(lines))


@pytest.mark.parametrize("header", NEWCHANNEL)
def test_a_header_said_twice_is_believed_in_neither_place(header: str) -> None:
    with pytest.raises(Malformed, match=f"{header} twice"):
        parse(newchannel() + f"\r\n{header}: forged-1.9".encode())


def test_a_caller_of_whom_the_dialplan_has_read_nothing_yet_is_nameless() -> None:
    up = parse(newchannel(CallerIDNum=UNREAD, CallerIDName="<unknown>"))
    assert isinstance(up, events.ChannelUp)
    assert (up.named, up.number, up.caller) == (False, "", "")
    named = parse(newchannel().replace(b"Newchannel", b"NewCallerid"))
    assert isinstance(named, events.CallerNamed)
    assert (named.channel, named.number, named.caller) == ("t-1.1", "13800138000", "张三")


@pytest.mark.parametrize("capture", sorted(path.name for path in CAPTURES.glob("*.txt")))
def test_every_event_of_a_channel_has_a_place_for_the_seal(capture: str) -> None:
    for raw in wanted_events(capture, WANTED - WITHOUT_CHANNEL):
        assert b"ChanVariable: " in raw
        sealed = raw.replace(b"ChanVariable: ", b"ChanVariable: tingsu_seal=right\r\nChanVariable: ", 1)
        assert (is_sealed(sealed, "right"), is_sealed(sealed, "wrong"), is_sealed(raw, "right")) == (True, False, False)


def test_an_unknown_event_is_malformed() -> None:
    with pytest.raises(Malformed):
        parse(b"Event: UserEvent\r\nUserEvent: Newchannel")


def test_what_a_caller_says_is_cut_and_stripped_of_control_characters() -> None:
    up = parse(newchannel(CallerIDName="a\x07\u202eb" + "x" * 500, CallerIDNum="9" * 500))
    assert isinstance(up, events.ChannelUp)
    assert up.caller.startswith("abxxx")
    assert (len(up.number), len(up.caller) <= 128) == (64, True)


@pytest.mark.parametrize("unknown", ["<unknown>", "unknown", ""])
def test_an_unknown_number_is_no_number(unknown: str) -> None:
    up = parse(newchannel(CallerIDNum=unknown))
    assert isinstance(up, events.ChannelUp)
    assert up.number == ""


def test_bytes_that_are_no_utf8_are_replaced_not_lost() -> None:
    up = parse(newchannel().replace("张三".encode(), "张三".encode("gbk")))
    assert isinstance(up, events.ChannelUp)
    assert "�" in up.caller or up.caller == ""
    assert up.number == "13800138000"


@pytest.mark.parametrize("bad", ["", "soon", "nan", "inf", "1e400", "-1e20", "1,5"])
def test_a_timestamp_that_is_none_is_malformed(bad: str) -> None:
    with pytest.raises(Malformed):
        parse(f"Event: Hold\r\nTimestamp: {bad}\r\nUniqueid: t-1.1".encode())


@pytest.mark.parametrize("bad", ["", "-1", "x", "1.5", "９", "9" * 40])
def test_a_number_that_is_none_is_malformed(bad: str) -> None:
    with pytest.raises(Malformed):
        parse(event("Hangup", Uniqueid="t-1.1", Cause=bad)[:-4])


def test_ten_thousand_headers_are_refused() -> None:
    with pytest.raises(Malformed):
        parse(newchannel() + b"\r\nX: y" * 10_000)


def test_channel_variables_are_read_by_name() -> None:
    raw = event("Hangup", Uniqueid="t-1.1", Cause=16)[:-4]
    said = raw + b"\r\nChanVariable: CALL_REF=t-1.1\r\nChanVariable: QUEUESTATUS=TIMEOUT"
    gone = parse(said)
    assert isinstance(gone, events.ChannelGone)
    assert gone.queue_status == "TIMEOUT"
    with pytest.raises(Malformed, match="variable twice"):
        parse(said + b"\r\nChanVariable: QUEUESTATUS=x")


def test_a_transfer_that_failed_says_nothing() -> None:
    assert parse(b"Event: BlindTransfer\r\nResult: Fail") is None
    assert parse(b"Event: AttendedTransfer\r\nResult: Not Permitted") is None


def test_every_wanted_event_of_the_recorded_streams_parses() -> None:
    seen = {type(parse(raw[:-4])) for path in CAPTURES.glob("*.txt") for raw in wanted_events(path.name, WANTED)}
    assert seen == {
        events.ChannelUp,
        events.CallerNamed,
        events.ChannelGone,
        events.JoinedQueue,
        events.LeftQueue,
        events.PhoneRings,
        events.RingUnanswered,
        events.EnteredBridge,
        events.LeftBridge,
        events.Held,
        events.Transferred,
        events.MemberSeen,
        events.MemberGone,
        events.SwitchReady,
    }


@given(st.sampled_from(sorted(WANTED)), st.binary(max_size=300))
def test_any_bytes_after_a_wanted_name_parse_or_are_malformed(name: str, junk: bytes) -> None:
    with suppress(Malformed):
        parse(b"Event: " + name.encode() + b"\r\n" + junk)
