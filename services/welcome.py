"""Tells the person who started ``tingsu run`` how the start goes: a line per step, a bar where it takes long, the address, a
password.
"""

from __future__ import annotations

import time

from rich.console import Console
from rich.panel import Panel
from rich.status import Status

from services.words import said

BAR = 24


class Welcome:
    """To standard output; on a terminal the present step moves, elsewhere each step is one line."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._step = ""
        self._began = time.monotonic()

    def step(self, name: str) -> None:
        """The next part is being brought up."""
        self._finish()
        self._step, self._began = name, time.monotonic()
        if self._console.is_terminal:
            self._status = self._console.status(name)
            self._status.start()

    def detail(self, text: str) -> None:
        """Something worth a line of its own."""
        self._console.print(f"    {text}", markup=False)

    def progress(self, text: str, share: float | None) -> None:
        """How far a long step is; ``share`` 0..1, None when nobody knows."""
        shown = f"{text} {'━' * round(share * BAR):·<{BAR}} {share:4.0%}" if share is not None else text
        if self._status:
            self._status.update(f"{self._step}: {shown}")
        elif share is None:
            self.detail(text)

    def warn(self, text: str) -> None:
        """Goes on without it."""
        self._console.print(f"  ! {text}", style="yellow", markup=False)

    def ready(self, url: str, first_password: str | None) -> None:
        """Everything runs. The password is shown this once and is nowhere else."""
        self._finish()
        lines = [said("ready: log in at {url}", url=url)]
        if first_password:
            lines += [
                "",
                said("first administrator"),
                said("  login     admin"),
                said("  password  {password}", password=first_password),
                said("  (shown once; change it in the desk)"),
            ]
        else:
            lines += [said("a password is forgotten: tingsu user password LOGIN")]
        lines += ["", said("Ctrl-C stops everything in order")]
        self._console.print(Panel("\n".join(lines), title="听诉 Tingsu", expand=False, border_style="green"))

    def stopped(self) -> None:
        self._finish()
        self._console.print(said("stopped; nothing is left running"))

    def _finish(self) -> None:
        if self._status:
            self._status.stop()
            self._status = None
        if self._step:
            self._console.print(f"  ✓ {self._step} ({time.monotonic() - self._began:.1f} s)", markup=False)
            self._step = ""
