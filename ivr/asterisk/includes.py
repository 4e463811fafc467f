"""placeholder, filled below"""

from __future__ import annotations

from pathlib import Path

from ivr.asterisk.plan import SwitchPlan


def render_includes(folder: Path, plan: SwitchPlan) -> None:
    raise NotImplementedError
