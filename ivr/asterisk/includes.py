"""The parts of the switch's configuration for an Asterisk that its owner runs: four files to include, and what goes where."""

from __future__ import annotations

from pathlib import Path

from ivr.asterisk.plan import SwitchPlan
from ivr.asterisk.render import MODULES, agents_text, fill, words_of, write_private

_ASKED_FOR = ("app_queue", "app_mixmonitor", "app_dial", "app_stack", "res_agi", "res_pjsip_transport_websocket", "res_srtp")
_KNOWN = tuple(name.removesuffix(".so") for name in MODULES)


def render_includes(folder: Path, plan: SwitchPlan) -> None:
    """Write ``tingsu_{extensions,queues,manager,pjsip}.conf`` and ``README.md`` into ``folder``; existing ones are replaced.

    Raises `UnfitValue` before the first file is written, if a value could break out of its line.
    """
    words = words_of(folder, plan) | {
        "include": words_of(folder, plan)["folder"],
        "modules_needed": ", ".join(f"`{name}`" for name in _ASKED_FOR if name in _KNOWN),
        "numbers": ", ".join(plan.hotlines),
    }
    texts = {
        "tingsu_extensions.conf": fill("extensions.conf", words),
        "tingsu_queues.conf": fill("queue_section.conf", words),
        "tingsu_manager.conf": fill("manager_account.conf", words),
        "tingsu_pjsip.conf": fill("phones.conf", words) + "\n" + agents_text(plan.agents),
        "README.md": fill("includes.md", words),
    }
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in texts.items():
        write_private(folder / name, text)
