"""Defines the shapes of evidence on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from services.evidence.model import FileKind
from services.web.shapes import Wire


class EvidenceQuery(Wire):
    """``version`` is the order's; ``name``: what the file is called, to be shown."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    name: Annotated[str, StringConstraints(max_length=200)] = ""


class EvidenceAdded(Wire):
    id: int


class EvidenceRow(Wire):
    """A file that was handed in."""

    id: int
    kind: FileKind
    bytes: int
    name: str
    at: datetime
    by: str


class EvidenceOfOrder(Wire):
    """The files of an order, and what may be added: whoever sends one need not send megabytes to learn that it is refused."""

    files: list[EvidenceRow]
    largest: int = Field(description="bytes that a file may have")
    types: list[str] = Field(description="content types that are taken")
