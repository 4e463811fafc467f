"""Reads and writes lists that may be long, in bodies and in answers, so that the loop gets its turn between two rows.

pydantic reads and writes a ``list[X]`` in one go, in native code with the interpreter's lock held, even in a thread: a megabyte
of wrong rows, of which it collects every mistake, kept the whole centre waiting for a second. ``Rows[X]`` asks Python at each
row: other threads get their turn, and after WRONG wrong rows the rest pass unread, for the list is refused anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
)
from pydantic_core import core_schema

WRONG = 20

Row = TypeVar("Row")


@dataclass(slots=True)
class RowsRead:
    """The context of one body's reading: how many rows were wrong so far."""

    wrong: int = 0


def _read(row: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    so_far = info.context if isinstance(info.context, RowsRead) else RowsRead()
    if so_far.wrong >= WRONG:
        return row
    try:
        return read(row)
    except ValidationError:
        so_far.wrong += 1
        raise


def _written(row: Any, write: SerializerFunctionWrapHandler) -> Any:
    return write(row)


class _OneByOne:
    """The annotation of a row. The API's description shows the row's own shape: nothing is added to it."""

    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        row = handler(kind)
        written = core_schema.wrap_serializer_function_ser_schema(_written, schema=row)
        return core_schema.with_info_wrap_validator_function(_read, row, serialization=written)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema["schema"])


Rows: TypeAlias = list[Annotated[Row, _OneByOne()]]
