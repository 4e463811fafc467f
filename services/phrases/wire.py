"""Defines the shapes of reasons and text blocks on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.web.rows import Rows
from services.web.shapes import MANY_LINES, Code, Text80, Wire

Number = Annotated[int, Field(ge=0, le=2**53 - 1)]
BlockText = Annotated[str, StringConstraints(max_length=2_000, pattern=MANY_LINES)]


class Phrase(Wire):
    """A reason, or a block of text that is put into an answer or a task."""

    list: Literal["unconfirmed", "answer", "task"]
    code: Code
    zh: Text80
    en: Text80
    text: BlockText = Field(default="", description="what a block puts in; of a reason nothing")
    position: Annotated[int, Field(ge=0, le=10_000)] = 0
    active: bool = True


class Phrases(Wire):
    number: int = Field(description="of the edition in force; a change names the one that it was made from")
    phrases: list[Phrase]


class PhrasesBody(Wire):
    number: Number
    phrases: Annotated[Rows[Phrase], Field(max_length=300)]


class PhrasesBack(Wire):
    number: Number
    to: Annotated[int, Field(ge=1, le=2**53 - 1)]


class PhraseEdition(Wire):
    number: int
    at: datetime
    by: str | None
