"""Every statement of the program, for the tests that hold all of them to something."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import services
from services.access import audit
from services.seals.verify import SINGLE
from services.store.jobs import Line
from services.store.queries import Queries, load_queries
from services.store.sorting import Sorts

FOLDER = Path(services.__file__).parent
GIVEN = {"jobs.sql", "pages.sql", "single.sql"}
"""Files of which a part is given when they are loaded."""


def lines() -> list[Line]:
    """Every table of jobs: each room's store names its own ``LINE``."""
    stores = (import_module(f"services.{path.parent.name}.store") for path in sorted(FOLDER.glob("*/store.py")))
    return [store.LINE for store in stores if hasattr(store, "LINE")]


def sorts() -> dict[str, Sorts]:
    """Every list that can be sorted: each room's store names its own ``SORTS``, and the audit does."""
    stores = {path.parent.name: import_module(f"services.{path.parent.name}.store") for path in sorted(FOLDER.glob("*/store.py"))}
    found = {room: store.SORTS for room, store in stores.items() if hasattr(store, "SORTS")}
    return {**found, "access": audit.SORTS}


def everything() -> dict[str, Queries]:
    """All files by name; the one of the jobs once for each line, those of sorted lists once for each order."""
    files = sorted(path for path in FOLDER.rglob("*.sql") if path.parent.name != "migrations" and path.name not in GIVEN)
    found = {"seals/single.sql of audit": load_queries(SINGLE, {"table": "audit", "key": "id"})}
    found |= {f"{path.parent.name}/{path.name}": load_queries(path) for path in files}
    found |= {f"{room}/pages.sql by {sort}": queries for room, one in sorts().items() for sort, queries in one.all.items()}
    return found | {f"store/jobs.sql of {line.table}": line.queries for line in lines()}
