"""Defines the shapes of personal data that is shown on demand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.customers.wire import WrittenNumber
from services.web.shapes import Wire

Thing = Literal["ticket", "order", "call", "customer"]


class RevealBody(Wire):
    """Of which thing. ``id`` as its own answers have it."""

    thing: Thing
    id: Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{0,15}|[A-Za-z0-9_]{1,32}-[0-9]{1,12}\.[0-9]{1,12})$")]


class Revealed(Wire):
    """In clear; '' for what it does not have."""

    customer_number: WrittenNumber
    contact_number: str
    customer_name: str
    address: str
    written: list[str] = Field(description="telephone numbers that stand in its texts")
