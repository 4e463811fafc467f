"""Defines the shapes of customers, telephone numbers and imported files on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.customers.numbers import LIMIT as NUMBER_LIMIT
from services.customers.numbers import is_number, written
from services.customers.policy import ListStep, Step
from services.web.shapes import NAMED, ONE_LINE, AName, ANumber, Limit, Search, Text80, Text400, Wire

Tier = Literal["normal", "big", "important", "dedicated_line"]


def _telephone(text: str) -> str:
    if text.strip() and not is_number(text):
        raise PydanticCustomError("telephone", "a telephone number")
    return text.strip()


NumberText = Annotated[str, StringConstraints(max_length=NUMBER_LIMIT, pattern=ONE_LINE), AfterValidator(_telephone)]
"""A telephone number in any spelling, or nothing."""


Number = Annotated[str, StringConstraints(max_length=NUMBER_LIMIT, pattern=NAMED), AfterValidator(_telephone)]


WrittenNumber = Annotated[str, AfterValidator(written), ANumber]
"""Answered: the inside form as people write it, masked for whom it is hidden from."""


class KnownCustomer(Wire):
    """A customer as other rooms show them."""

    id: int
    number: WrittenNumber
    name: AName
    tier: Tier
    note: str


class Customer(KnownCustomer):
    may: list[Step] = Field(description="what who asks can do with them")


class CustomerBody(Wire):
    number: Number
    name: Text80
    tier: Tier = "normal"
    note: Text400 = ""


class CustomerPage(Wire):
    customers: list[Customer]
    next: str | None
    may: list[ListStep] = Field(description="what who asks can do with the list")


AFTER = r"^-?(added~[0-9]{1,16}|number~[!-}]{0,60}|tier~[0-3])~[0-9]{1,16}$"


class CustomersQuery(Wire):
    """``sort``: ``-`` is the highest first; ``added``: as they came. ``after``: the ``next`` of the page before, which goes on in
    its order.
    """

    limit: Limit = 50
    after: Annotated[str, StringConstraints(pattern=AFTER)] | None = None
    sort: Literal["added", "-added", "number", "-number", "tier", "-tier"] = "added"
    q: Search = ""


class ImportQuery(Wire):
    """The file's name, to show."""

    name: Text80 = "file"


class ImportLayout(Wire):
    """How a file is read; empty: as it is found to be."""

    encoding: Literal["", "utf-8", "utf-16", "gb18030", "big5"] = ""
    delimiter: Literal["", ",", ";", "\t", "|"] = ""
    sheet: Search = ""


Column = Annotated[int, Field(ge=0, le=16_384)]


class ImportColumns(Wire):
    """Which column (from 0) a field is read from; a field without one is left as it is."""

    number: Column
    name: Column
    tier: Column | None = None
    note: Column | None = None


class ImportStart(Wire):
    """Not ``write``: only read and count. ``partly``: write the good rows although others are bad."""

    columns: ImportColumns
    write: bool = False
    partly: bool = False


class ImportRow(Wire):
    line: int
    cells: list[str]


class ImportLook(Wire):
    """The first rows, what the columns are taken for, and the fields that several columns could be."""

    layout: ImportLayout
    sheets: list[str]
    headings: list[str]
    letters: list[str]
    rows: list[ImportRow]
    columns: dict[str, int]
    doubtful: list[str]


class ImportProblem(Wire):
    """A row that is not imported, as the spreadsheet counts it, and why, in the reader's language."""

    line: int
    column: str
    why: str
    came: str


class Import(Wire):
    """A file on its way in. ``refusal``: why it cannot be read. ``rows`` read so far; ``written``: the good ones are there.

    ``failure``: the code of what the world did to it; it can be started again.
    """

    id: str
    name: str
    state: Literal["arriving", "looking", "looked", "refused", "waiting", "reading", "writing", "checked", "done", "failed"]
    refusal: str
    layout: ImportLayout
    look: ImportLook | None
    rows: int
    share: float
    good: int
    bad: int
    created: int
    changed: int
    written: bool
    failure: str
    problems: list[ImportProblem]
