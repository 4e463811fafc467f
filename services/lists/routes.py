"""Serves a person's own lists over HTTP: columns, and saved views."""

from __future__ import annotations

from services.errors import Conflict
from services.lists import wire
from services.lists.actions import Lists
from services.lists.model import Column, View
from services.web.http import Asked, Door, route
from services.web.shapes import Id


class ListRoutes:
    def __init__(self, lists: Lists) -> None:
        self._lists = lists

    @route("GET", "/api/me/lists", right=Door.LOGGED_IN, in_clear=True)
    async def show(self, asked: Asked) -> wire.MyLists:
        """Columns and views as this person chose them."""
        own = await self._lists.own(asked.by)
        columns = [{"list": name, "columns": [_column(one) for one in chosen]} for name, chosen in own.columns.items()]
        return wire.MyLists.model_validate({"columns": columns, "views": [_view(view) for view in own.views]})

    @route("PUT", "/api/me/lists/{list_name}/columns", right=Door.LOGGED_IN, in_clear=True)
    async def choose_columns(self, asked: Asked, list_name: wire.ListName, body: wire.ColumnsBody) -> None:
        """All columns of a list in their order, shown or not."""
        await self._lists.choose_columns(asked.by, list_name, [Column(one.key, one.shown) for one in body.columns])

    @route("POST", "/api/me/lists/{list_name}/views", right=Door.LOGGED_IN, in_clear=True, status=201, raises=(Conflict,))
    async def save(self, asked: Asked, list_name: wire.ListName, body: wire.ViewBody) -> wire.View:
        """A view under a name that no other of one's views of this list has; at most 40 of a list."""
        return _view(await self._lists.save(asked.by, list_name, name=body.name, query=body.query))

    @route("DELETE", "/api/me/views/{view_id}", right=Door.LOGGED_IN)
    async def remove(self, asked: Asked, view_id: Id) -> None:
        """One's own view goes; ``restore`` undoes it."""
        await self._lists.remove(asked.by, view_id)

    @route("POST", "/api/me/views/{view_id}/restore", right=Door.LOGGED_IN, in_clear=True, raises=(Conflict,))
    async def restore(self, asked: Asked, view_id: Id) -> wire.View:
        """Undoes the removal, unless the name was given to another view meanwhile."""
        return _view(await self._lists.restore(asked.by, view_id))


def _view(view: View) -> wire.View:
    return wire.View.model_validate({name: getattr(view, name) for name in View.__slots__})


def _column(column: Column) -> dict[str, object]:
    return {"key": column.key, "shown": column.shown}
