"""Every statement of the program, for the tests that hold all of them to something."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import services
from services.store.jobs import Line
from services.store.queries import Queries, load_queries

FOLDER = Path(services.__file__).parent


def lines() -> list[Line]:
    """Every table of jobs: each room's store names its own ``LINE``."""
    stores = (import_module(f"services.{path.parent.name}.store") for path in sorted(FOLDER.glob("*/store.py")))
    return [store.LINE for store in stores if hasattr(store, "LINE")]


def everything() -> dict[str, Queries]:
    """All files by name; the one of the jobs once for each line."""
    files = sorted(path for path in FOLDER.rglob("*.sql") if path.parent.name != "migrations" and path.name != "jobs.sql")
    found = {f"{path.parent.name}/{path.name}": load_queries(path) for path in files}
    return found | {f"store/jobs.sql of {line.table}": line.queries for line in lines()}
