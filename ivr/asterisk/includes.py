"""Writes the parts of the switch's configuration for an Asterisk that its owner runs: four files to include, and a README that
says where.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

from ivr.asterisk.plan import SwitchPlan
from ivr.asterisk.render import MODULES, agents_text, fill, words_of, write_private

_UNASKED = ("res_timing_", "res_sorcery_", "res_manager_", "bridge_", "codec_gsm", "format_gsm")
"""Modules of the managed switch that every Asterisk has, or that nothing in the included files needs."""


def render_includes(folder: Path, plan: SwitchPlan, *, prompts: Path, websocket: str) -> None:
    """Write ``tingsu_{extensions,queues,manager,pjsip}.conf`` and ``README.md`` into ``folder``; existing ones are replaced.

    ``prompts`` (the folder of what the IVR plays) and ``websocket`` (what browsers are told to connect to) are for the README.
    A folder that its group may read, and enter, is for another account's Asterisk: then the group may read the files too.

    Raises `UnfitValue` before the first file is written, if a value could break out of its line.
    """
    usual = words_of(folder, plan)
    words = usual | {
        "globals": "",  # the owner's dialplan has such a section of its own, and Asterisk reads the first alone
        "admission": " ; not here: your own trunk's configuration says how many lines it has",
        "include": usual["folder"],
        # AMI's address says nothing about the phones' addresses: their sound takes whatever way the owner's switch has
        "media": "",
        "modules_needed": ", ".join(f"`{name.removesuffix('.so')}`" for name in MODULES if not name.startswith(_UNASKED)),
        "numbers": ", ".join(plan.hotlines),
        "permit": _permitted(plan) or usual["permit"],
        "prompts": str(prompts),
        "version": ".".join(map(str, plan.program.version)),
        "websocket": websocket,
    }
    texts = {
        "tingsu_extensions.conf": fill("extensions.conf", words),
        "tingsu_queues.conf": usual["queue_sections"],
        "tingsu_manager.conf": fill("manager_account.conf", words),
        "tingsu_pjsip.conf": fill("phones.conf", words) + "\n" + agents_text(plan.agents),
        "README.md": fill("includes.md", words),
    }
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = folder.stat().st_mode & 0o050 == 0o050
    for name, text in texts.items():
        write_private(folder / name, text, mode=0o640 if shared else 0o600)


def _permitted(plan: SwitchPlan) -> str:
    """The address from which the link comes when AMI is not on loopback: the machine on which FastAGI is awaited, or the
    switch's own.
    """
    if plan.bind == "localhost" or (_is_address(plan.bind) and ipaddress.ip_address(plan.bind).is_loopback):
        return ""
    return "\npermit = ".join(dict.fromkeys(address for address in (plan.bind, plan.agi_host) if _is_address(address)))


def _is_address(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
