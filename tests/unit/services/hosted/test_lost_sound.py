"""When a caller is asked where the sound comes from now."""

from __future__ import annotations

import pytest

from services.hosted.lost_sound import LOOKS, LOOKS_ROUNDED, LostSound, learn_anew

HEAD = """
                                             ...........Receive......... .........Transmit..........
 BridgeId ChannelId ........ UpTime.. Codec.   Count    Lost Pct  Jitter   Count    Lost Pct  Jitter RTT....
 ===========================================================================================================

"""
AGENT = " 2f720565 1001-00000001      00:00:09 alaw      403       0    0   0.000    403       0    0   0.004   0.000\n"
CALLER = "PJSIP/anonymous-00000000"


def listing(count: str) -> str:
    return (
        f"{HEAD}{AGENT} 2f720565 anonymous-00000000 00:00:09 alaw   {count:>6}       0    0   0.000    407       0    0   0.003\n"
    )


def test_sound_that_comes_is_not_asked_for() -> None:
    lost = LostSound()
    assert [lost.look(listing(f"{number} ")) for number in range(100, 110)] == [[]] * 10


@pytest.mark.parametrize(("count", "looks"), [("409 ", LOOKS), ("112K", LOOKS_ROUNDED)])
def test_sound_that_stopped_is_asked_for_once(count: str, looks: int) -> None:
    lost = LostSound()
    asked = [lost.look(listing(count)) for _ in range(looks + 5)]
    assert asked == [[]] * looks + [[CALLER]] + [[]] * 4


def test_it_is_asked_for_again_when_it_came_between() -> None:
    lost = LostSound()
    for _ in range(LOOKS + 1):
        first = lost.look(listing("409 "))
    assert lost.look(listing("500 ")) == []
    for _ in range(LOOKS):
        second = lost.look(listing("500 "))
    assert (first, second) == ([CALLER], [CALLER])


def test_who_never_sent_anything_and_an_agent_are_not_asked() -> None:
    lost = LostSound()
    assert [lost.look(listing("0 ")) for _ in range(8)] == [[]] * 8


def test_a_call_that_is_over_is_forgotten() -> None:
    lost = LostSound()
    lost.look(listing("409 "))
    lost.look(HEAD)
    assert [lost.look(listing("409 ")) for _ in range(LOOKS + 1)] == [[]] * LOOKS + [[CALLER]]


def test_nothing_but_a_channels_own_name_becomes_a_command() -> None:
    assert LostSound().look(listing("409 ").replace("anonymous-00000000", "anonymous-0;core stop")) == []
    assert list(learn_anew([CALLER])) == [f"dialplan set chanvar {CALLER} PJSIP_SEND_SESSION_REFRESH() invite"]
