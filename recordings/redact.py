"""Hide numbers in what was said, for previews and lists. Pure.

Only spoken or written runs of digits are hidden (telephone, account and identity numbers); it is no anonymisation. Transcripts
themselves are never logged at all.
"""

from __future__ import annotations

import re

SHORTEST = 5  # digits: shorter runs are amounts, times and house numbers
SHOWN = 2  # last digits that stay, so that a person who knows the number recognises it
_DIGIT = "0-9０-９零〇一二三四五六七八九幺两"
_RUN = re.compile(rf"[{_DIGIT}](?:[ \-.]?[{_DIGIT}]){{{SHORTEST - 1},}}")
_ONE = re.compile(rf"[{_DIGIT}]")


def mask(text: str) -> str:
    """Replace all but the last two digits of every run of five or more, in any script, by asterisks."""
    return _RUN.sub(lambda run: _masked(run[0]), text)


def _masked(run: str) -> str:
    hidden = len(_ONE.findall(run)) - SHOWN
    return _ONE.sub("*", run, count=hidden)
