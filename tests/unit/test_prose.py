"""Every module says in a sentence what it does: none begins with a riddle (What …, Who …, Where …)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("cti", "ivr", "recordings", "services", "docs", "tests/harness")
RIDDLE = re.compile(r"(What|Who|Whom|Whose|Which|Where|When|Why|How)\b")


def test_no_module_begins_with_a_riddle() -> None:
    files = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
    texts = {file: ast.get_docstring(ast.parse(file.read_text("utf-8"))) for file in files}
    assert len(texts) > 150, "modules are no longer found"
    assert [str(file.relative_to(ROOT)) for file, text in texts.items() if text and RIDDLE.match(text)] == []
    assert [str(file.relative_to(ROOT)) for file, text in texts.items() if not text and file.read_text("utf-8").strip()] == []
