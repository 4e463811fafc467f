from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ids import CallId, ChannelId
from recordings.errors import NameRefused
from recordings.naming import LegFile, Role, name_of, parse
from tests.harness.legs import file_name

GOOD = "tingsu-1732400000.12_tingsu-1732400003.15_agent_1732400004567.wav"


def test_a_leg_name_is_read_into_call_channel_role_and_time() -> None:
    leg = parse(GOOD)
    assert (leg.call, leg.channel, leg.role) == ("tingsu-1732400000.12", "tingsu-1732400003.15", Role.AGENT)
    assert leg.started_at == datetime(2024, 11, 23, 22, 13, 24, 567_000, tzinfo=UTC)


def test_a_leg_that_a_colleague_rang_is_an_agents_and_no_callers() -> None:
    leg = parse("tingsu-1732400003.15_tingsu-1732400003.15_colleague_1732400004567.wav")
    assert (leg.role, leg.colleague, leg.call) == (Role.AGENT, True, "tingsu-1732400003.15")
    assert not parse(GOOD).colleague


def test_a_leg_that_an_agent_called_stands_where_a_callers_does() -> None:
    name = "tingsu-1732400003.15_tingsu-1732400003.15_called_1732400004567.wav"
    leg = parse(name)
    assert (leg.role, leg.called, leg.colleague, name_of(leg)) == (Role.CALLER, True, False, name)


def test_a_system_name_with_underscores_does_not_run_into_the_next_part() -> None:
    leg = parse("a_b_1-1732400000.12_c_2-1732400003.15_caller_1732400004567.wav")
    assert (leg.call, leg.channel) == ("a_b_1-1732400000.12", "c_2-1732400003.15")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x.wav",
        "../" + GOOD,
        "/tmp/" + GOOD,
        GOOD + "\n",
        " " + GOOD,
        GOOD + ".bak",
        GOOD.replace(".wav", ".WAV"),
        GOOD.replace("agent", "supervisor"),
        GOOD.replace("agent", "../agent"),
        GOOD.replace("1732400004567", "1732400004"),
        GOOD.replace("1732400004567", "0732400004567"),
        GOOD.replace("1732400004567", "１７３２４００００４５６７"),
        GOOD.replace("_agent", "_agent_agent"),
        GOOD.replace("tingsu-1732400000.12_", "$(id)-1732400000.12_"),
        GOOD.replace("tingsu-1732400000.12_", ""),
        "tingsu-1732400000.12_..%2f..%2fetc_agent_1732400004567.wav",
        GOOD.replace("tingsu", "t" * 33),
        "\x00" + GOOD,
    ],
)
def test_anything_but_the_dialplans_own_names_is_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        parse(name)


@given(st.text(max_size=200))
def test_no_text_does_worse_than_being_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        parse(name)


uniqueids = st.from_regex(r"[A-Za-z0-9_]{1,32}-[0-9]{1,12}\.[0-9]{1,12}", fullmatch=True).filter(str.isascii)
moments = st.integers(1_000_000_000_000, 9_999_999_999_999).map(
    lambda millis: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
)


kinds = st.sampled_from([(Role.CALLER, False), (Role.AGENT, False), (Role.AGENT, True)])


@given(uniqueids, uniqueids, kinds, moments)
def test_every_leg_is_read_back_from_its_own_name(call: str, channel: str, kind: tuple[Role, bool], at: datetime) -> None:
    leg = LegFile(CallId(call), ChannelId(channel), kind[0], at, kind[1])
    assert parse(file_name(leg)) == leg
    assert name_of(leg) == file_name(leg)


@pytest.mark.parametrize("bad", ["", "x)S,id", "../t-1.0", "t-1.0_t-1.1"])
def test_no_name_is_made_of_what_no_switch_gives(bad: str) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    for leg in (
        LegFile(CallId("t-1.0"), ChannelId(bad), Role.AGENT, at),
        LegFile(CallId(bad), ChannelId("t-1.0"), Role.AGENT, at),
    ):
        with pytest.raises(NameRefused):
            name_of(leg)
