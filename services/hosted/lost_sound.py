"""Finds outside callers whose sound stopped arriving, so that the switch can be told to look for its source anew.

A caller's router or trunk may go on sending from another port without a word of SIP. The switch then drops all of it, for good:
it locks on to the source it learned, or anybody could talk into a call (strictrtp). After a re-INVITE of ours it learns again for
five seconds, by the same rules as at the beginning of the call: while the old source still sends, no other one gets in, and two
that compete block each other. So one is sent when a caller's packets stop, and none again before they came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LOOK_S = 5.0
"""Seconds between two looks at the counters: a process of the switch's own is asked each time."""
LOOKS, LOOKS_ROUNDED = 2, 5
"""So many in a row must find nothing new: 10 s, and 25 s where the switch counts whole thousands of packets (20 s of sound).
A leg without sound is hung up after 30 s."""

_ROW = re.compile(r"^ *\S+ +(?P<channel>[a-z]+-[0-9a-f]{8}) +[0-9:]+ +\S+ +(?P<count>[0-9]+)(?P<rounded>K?) ", re.MULTILINE)


@dataclass(slots=True)
class _Heard:
    count: str
    looks: int = 0
    asked: bool = False


class LostSound:
    """What was counted at the last look; ``endpoint`` is that of the callers whose channels are looked at."""

    def __init__(self, endpoint: str = "anonymous") -> None:
        self._endpoint = endpoint
        self._heard: dict[str, _Heard] = {}

    def look(self, listing: str) -> list[str]:
        """``pjsip show channelstats`` as it is now: names of the channels whose sound has just been found missing."""
        rows = [row for row in _ROW.finditer(listing) if row["channel"].startswith(f"{self._endpoint}-")]
        self._heard = {row["channel"]: self._heard.get(row["channel"]) or _Heard("") for row in rows}
        return [f"PJSIP/{row['channel']}" for row in rows if self._is_lost(row)]

    def _is_lost(self, row: re.Match[str]) -> bool:
        heard, count = self._heard[row["channel"]], row["count"] + row["rounded"]
        if count != heard.count:
            self._heard[row["channel"]] = _Heard(count)
            return False
        heard.looks += 1
        if heard.asked or count == "0" or heard.looks < (LOOKS_ROUNDED if row["rounded"] else LOOKS):
            return False
        heard.asked = True
        return True


def learn_anew(channels: list[str]) -> Iterator[str]:
    """The commands that have each of them re-invited."""
    return (f"dialplan set chanvar {channel} PJSIP_SEND_SESSION_REFRESH() invite" for channel in channels)
