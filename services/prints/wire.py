"""Defines what is said with a wish for a document."""

from __future__ import annotations

from services.web.shapes import Wire
from services.words import Language


class PrintQuery(Wire):
    """``language``: of the document; without it one's own."""

    language: Language | None = None
