"""The desk's own tests (desk/tests: saving as typed, the stream of messages, the catalogue of both languages) pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).parents[3] / "desk" / "build.py"


def test_the_desks_own_tests_pass() -> None:
    done = subprocess.run([sys.executable, str(BUILD), "npm", "run", "--silent", "test"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
