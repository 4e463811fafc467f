"""Every route class there is: for the API's description and for the tests that must miss none."""

from __future__ import annotations

import importlib
import pkgutil

from services import web
from services.web.http import routes_of


def route_classes() -> list[type]:
    """The classes with routes in the modules of ``services.web``, in the order of their paths."""
    modules = [importlib.import_module(found.name) for found in pkgutil.iter_modules(web.__path__, "services.web.")]
    classes = {
        member
        for module in modules
        for member in vars(module).values()
        if isinstance(member, type) and member.__module__ == module.__name__ and routes_of(member)
    }
    return sorted(classes, key=lambda kind: routes_of(kind)[0].path)
