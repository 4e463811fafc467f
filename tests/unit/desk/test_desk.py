"""The desk's own tests (view state, forms, both languages' words complete) run with everything else, by the wheel's Node.js."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_desks_own_tests_pass() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "desk/build.py", "npm", "run", "--silent", "test"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
