"""Defines the shapes of a person's own lists on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.web.shapes import ONE_LINE, Code, Text80, Wire

ListName = Literal["tickets", "calls", "customers", "people", "audit", "trays"]
"""The lists of the desk."""

Query = Annotated[str, StringConstraints(max_length=800, pattern=ONE_LINE)]


class Column(Wire):
    key: Code
    shown: bool


Columns = Annotated[list[Column], Field(max_length=40)]


class View(Wire):
    """``query``: the part of the list's address that holds its filter and order, ``view=open&sort=received``."""

    id: int
    list: ListName
    name: str
    query: str


class ListColumns(Wire):
    """The columns of one list in their order. A column that is not among them is a new one: it is shown, behind them."""

    list: ListName
    columns: Columns


class MyLists(Wire):
    columns: list[ListColumns]
    views: list[View]


class ColumnsBody(Wire):
    columns: Columns


class ViewBody(Wire):
    name: Text80
    query: Query
