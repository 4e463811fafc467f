"""Defines the shapes of classes, and of the words that point to them, on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.web.rows import Rows
from services.web.shapes import NAMED, Code, Text80, Wire


class Category(Wire):
    """``authority``: of a nature, in which class the authority counts it (SPEC O5). Always said: the whole is put in place of the
    old, and who does not know of it would wipe it.
    """

    list: Literal["kind", "business", "nature", "suggestion"]
    code: Code
    zh: Text80
    en: Text80
    position: Annotated[int, Field(ge=0, le=10_000)]
    active: bool
    authority: Literal["user_service", "charges", "network_quality"] | None


class LexiconTerm(Wire):
    list: Literal["kind", "business", "nature", "suggestion"]
    code: Code
    term: Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True, pattern=NAMED)]
    weight: Annotated[float, Field(gt=0, le=10)] = 1.0


class Lexicon(Wire):
    categories: Annotated[Rows[Category], Field(max_length=1_000)]
    terms: Annotated[Rows[LexiconTerm], Field(max_length=12_000)]
