"""Every door that a room builds is open: none is left out of the one list of routes."""

from __future__ import annotations

import importlib
import pkgutil

import services
from services.routes import CLASSES
from services.web.http import routes_of


def test_every_class_of_routes_is_in_the_list() -> None:
    names = [
        module.name
        for module in pkgutil.walk_packages(services.__path__, "services.")
        if module.name.endswith((".routes", ".live"))
    ]
    found = [
        kind
        for module in map(importlib.import_module, names)
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__ and routes_of(kind)
    ]
    assert len(names) > 8, "rooms' doors are no longer found"
    assert set(found) == set(CLASSES)
