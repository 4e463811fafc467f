"""Sets one document: JSON on standard input, PDF (or PNG, for tests) on standard output. The only importer of typst.

It runs in a process of its own, with limits on memory and time: what callers and departments wrote is in the document, and a
typesetter is native code that nobody should have to trust with a backend.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from pathlib import Path

TEMPLATE = Path(__file__).with_name("paper.typ")
MEMORY = 1024 * 1024 * 1024  # bytes; the longest ticket with its whole history takes a third of it


def limit(seconds: int) -> None:
    """Memory and processor time of this process; nothing it makes becomes a file, and it starts nothing."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(fonts: str, form: str, seconds: str) -> None:
    limit(int(seconds))
    import typst

    document = sys.stdin.buffer.read().decode()
    with tempfile.TemporaryDirectory(prefix="tingsu-print-") as nothing:
        made = typst.compile(
            TEMPLATE.read_bytes(),
            root=nothing,
            font_paths=json.loads(fonts),
            ignore_system_fonts=True,
            package_path=nothing,
            package_cache_path=nothing,
            sys_inputs={"document": document},
            format="png" if form == "png" else "pdf",
            ppi=100,
        )
    for page in made if isinstance(made, list) else [made]:
        if form == "png":
            sys.stdout.buffer.write(len(page).to_bytes(8))
        sys.stdout.buffer.write(page)


if __name__ == "__main__":
    main(*sys.argv[1:])
