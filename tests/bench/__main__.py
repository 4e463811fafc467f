"""``make bench``: every bench beside its peer, one table, and the same in bench.json.

    python -m tests.bench [g1 g2 …]

A bench is a module ``gN_name`` here with ``run(progress) -> list[dict]``; each dict has goal, name, ours, peer, unit, ratio
(oriented so that more is better for us) and versions. A figure is printed beside its peer from the same run; none is a test.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
import traceback
from pathlib import Path

from rich.console import Console
from rich.table import Table

import tests.bench

GOALS = {
    "G1": "all: 6x panoramisk, 6x asterisk-manager, 3x asterisk-ami, 10x asterisk-ami-client; wanted: 2.5x panoramisk",
    "G2": "at most 12 events a call, none wrong",
    "G3": "p50 at most 3x the pipe, p99 at most 5x; paint p99 at most 150 ms",
    "G14": "at least 0.6x the requests, p99 at most 2x; at most 8 statements, 2 commits to create",
    "G16": "as many blocks at 100 times the history, or one more",
    "G26": "at least 0.3x, no row lost",
    "G10": "calls 3.5x per CPU second and by the wall, unbroken talk 1.2x",
}


def modules(wanted: list[str]) -> list[str]:
    """The bench modules in the order of their numbers; all, or those whose number is named."""
    found = [m.name for m in pkgutil.iter_modules(tests.bench.__path__) if re.match(r"g\d+_", m.name)]
    found.sort(key=lambda name: int(re.findall(r"\d+", name)[0]))
    return [name for name in found if not wanted or name.split("_")[0] in wanted]


def commit() -> str:
    """The commit measured, with a mark if files differ from it."""
    said = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def table(rows: list[dict[str, object]]) -> Table:
    """All rows as one table for the eye."""
    drawn = Table("goal", "what", "ours", "peer", "unit", "ratio", "wanted", title=f"Tingsu {commit()}")
    for row in rows:
        figures = [f"{row[key]:,.4g}" if isinstance(row[key], (int, float)) else str(row[key]) for key in ("ours", "peer")]
        ratio = row["ratio"]
        shown = f"{ratio:.2f}" if isinstance(ratio, (int, float)) else str(ratio)
        drawn.add_row(str(row["goal"]), str(row["name"]), *figures, str(row["unit"]), shown, GOALS.get(str(row["goal"]), ""))
    return drawn


def main() -> None:
    """Run them one after the other; a bench that fails is named, the others still run, and the exit code is 1."""
    console, rows, failed = Console(), [], []
    names = modules([word.lower() for word in sys.argv[1:]])
    cores = os.sched_getaffinity(0)
    for place, name in enumerate(names, 1):
        console.rule(f"{place}/{len(names)} {name}")
        try:
            rows += importlib.import_module(f"tests.bench.{name}").run(lambda text: console.print(f"  {text}"))
        except Exception:  # noqa: BLE001 - one bench's failure is reported and must not hide the others' figures
            traceback.print_exc()
            failed.append(name)
        os.sched_setaffinity(0, cores)  # a bench may keep to one; the next has them all again
    console.print(table(rows))
    Path("bench.json").write_text(json.dumps([{**row, "commit": commit()} for row in rows], indent=1, ensure_ascii=False) + "\n")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
