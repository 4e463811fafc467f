"""Reads a file of customers in a process of its own: a million rows hold up no phone, and a workbook that unpacks to gigabytes
ends only this process.

``python -m services.customers.reader PARENT`` takes one `Task` as JSON on standard input and answers in lines of JSON on standard
output: how many ``rows`` it has read and the ``share`` of all, at last the outcome, or ``seen``: why the file cannot be read. The
good rows go into a file that PostgreSQL copies as it is, the others into the report.
"""

from __future__ import annotations

import contextlib
import csv
import ctypes
import errno
import itertools
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from services import private
from services.cells import harmless
from services.customers import words
from services.customers.columns import KNOWN, Problem, RowReader, is_blank, suggested, title
from services.customers.encodings import Seen
from services.customers.model import CustomerFields
from services.customers.numbers import Numbering, is_number
from services.customers.rows import AS_FOUND, Layout, Line, NotRead, Opened, letter, open_file, text_of
from services.words import Language

MOST_ROWS = 2_000_000
MOST_COLUMNS = 256
MEMORY = 3 << 30  # bytes of address space; 200 MB of text take some 1.5
CPU_S = 900  # s
LOOK_CPU_S = 120  # s; somebody waits for it
NICE = 5
PR_SET_PDEATHSIG = 1  # prctl(2)
DISK_FULL = "disk_full"
SHOWN_ROWS, SHOWN_CELL = 12, 60
SHOWN_PROBLEMS = 200
EVERY = 20_000  # rows between two words of how far it is
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
REPORT_HEAD = {"zh-CN": ("行", "列", "原因", "内容"), "en": ("row", "column", "why", "found")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """``columns`` empty: only look at the first rows. ``good`` and ``report``: the files to write."""

    path: str
    layout: Layout = AS_FOUND
    columns: dict[str, int] = field(default_factory=dict)
    area_code: str = ""
    good: str = ""
    report: str = ""
    language: Language = "zh-CN"


def main() -> None:
    given = json.load(sys.stdin)
    task = Task(**{**given, "layout": Layout(**given["layout"])})
    _give_way(int(sys.argv[1]), CPU_S if task.columns else LOOK_CPU_S)
    try:
        answer = read(task, _tell) if task.columns else look(task)
    except NotRead as error:
        answer = {"seen": asdict(error.seen)}
    except MemoryError:
        answer = {"seen": asdict(Seen("too_large"))}
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        answer = {"failed": DISK_FULL}
    _tell(answer)


def _give_way(parent: int, cpu_s: int) -> None:
    """Puts telephone work first, ends when the server is killed, and is the first that the kernel ends when memory is short."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    with contextlib.suppress(OSError):  # /proc may be read only, in a container
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died in between
        sys.exit(1)


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def look(task: Task) -> dict[str, Any]:
    """How the file is laid out, its columns and first rows. Raises NotRead."""
    opened = _open(task)
    heading = _heading(opened.lines)
    shown = list(itertools.islice(_filled(opened.lines), SHOWN_ROWS))
    width = min(MOST_COLUMNS, max(len(line.cells) for line in (heading, *shown)))
    columns, doubtful = suggested(heading.cells)
    return {
        "layout": asdict(opened.layout),
        "sheets": opened.sheets,
        "headings": [_short(_cell(heading, place)) for place in range(width)],
        "letters": [letter(place + opened.first_column) for place in range(width)],
        "rows": [{"line": line.number, "cells": [_short(_cell(line, place)) for place in range(width)]} for line in shown],
        "columns": columns,
        "doubtful": doubtful,
    }


def read(task: Task, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Every row, into one file or the other. Raises NotRead."""
    opened = _open(task)
    heading = _heading(opened.lines)
    reader = RowReader(task.columns, len(heading.cells), opened.first_column, Numbering(task.area_code))
    with (
        open(task.good, "w", encoding="utf-8", newline="", opener=private.opener) as good,
        open(task.report, "w", encoding="utf-8-sig", newline="", opener=private.opener) as bad,
    ):
        sorted_out = _Sorted(good, bad, task.language)
        for line in _filled(opened.lines):
            sorted_out.take(reader.read(line))
            if sorted_out.rows % EVERY == 0:
                tell({"rows": sorted_out.rows, "share": round(line.number / opened.height, 3)})
    return sorted_out.outcome()


class _Sorted:
    """The rows so far: customers here, problems there."""

    def __init__(self, good: TextIO, bad: TextIO, language: Language) -> None:
        self.rows = self._good = self._bad = 0
        self._customers = good
        self._report = csv.writer(bad)
        self._report.writerow(REPORT_HEAD[language])
        self._language: Language = language
        self._first: list[Problem] = []

    def take(self, found: CustomerFields | list[Problem]) -> None:
        self.rows += 1
        if self.rows > MOST_ROWS:
            raise NotRead(Seen("too_many", byte=f"{MOST_ROWS:,}"))
        if isinstance(found, CustomerFields):
            self._good += 1
            self._customers.write(f"{found.number}\t{_copied(found.name)}\t{found.tier}\t{_copied(found.note)}\n")
            return
        self._bad += 1
        for problem in found:
            why = words.of_row(problem, self._language)
            self._report.writerow((problem.line, problem.column, why, harmless(problem.came)))
        self._first += found[: SHOWN_PROBLEMS - len(self._first)]

    def outcome(self) -> dict[str, Any]:
        return {"rows": self.rows, "good": self._good, "bad": self._bad, "problems": [asdict(problem) for problem in self._first]}


def _copied(text: str) -> str:
    """As COPY's text format has it. (Its CSV ends at a line that is ``\\.``, even inside quotation marks, before version 17.)"""
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPES)


def _open(task: Task) -> Opened:
    return open_file(Path(task.path).read_bytes(), task.layout, KNOWN)


def _heading(lines: Iterator[Line]) -> Line:
    """The first row with anything in it. One that is a customer's is no heading."""
    for line in lines:
        if is_blank(line):
            continue
        if line.wrong:
            raise NotRead(Seen("heading_wrong", line.number))
        texts = [text_of(cell) or "" for cell in line.cells]
        if not any(title(cell) in KNOWN for cell in line.cells) and any(len(text) >= 7 and is_number(text) for text in texts):
            raise NotRead(Seen("no_heading", line.number))
        if len(texts) > MOST_COLUMNS:
            raise NotRead(Seen("too_wide", line.number, f"{MOST_COLUMNS}"))
        return line
    raise NotRead(Seen("empty"))


def _filled(lines: Iterator[Line]) -> Iterator[Line]:
    return (line for line in lines if not is_blank(line))


def _cell(line: Line, place: int) -> str:
    return str(line.cells[place]) if place < len(line.cells) and text_of(line.cells[place]) is None else _text(line, place)


def _text(line: Line, place: int) -> str:
    return text_of(line.cells[place]) or "" if place < len(line.cells) else ""


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CELL else text[: SHOWN_CELL - 1] + "…"


if __name__ == "__main__":
    main()
