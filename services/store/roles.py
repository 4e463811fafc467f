"""Hands out the rights of the application's account in the database: it reads, adds and changes rows, and owns nothing.

Triggers keep the audit and the journals append-only, and only a table's owner or a superuser can switch a trigger off. So the
owner migrates and goes, and whoever serves requests is another account: neither a fault of ours nor a statement smuggled in can
undo what was written. Rights are handed out anew after every migration, from the catalogue itself: a new table is readable and
writable, its rows can be deleted only where ``DELETABLE`` names it, and what is append-only by its trigger is so by right too.
"""

from __future__ import annotations

from pathlib import Path

from services.store.db import Connection, OwnConnection
from services.store.queries import load_queries

QUERIES = load_queries(Path(__file__).with_name("roles.sql"))

APPLICATION = "tingsu_app"
"""The account's name in the embedded database."""

DELETABLE = frozenset(
    {
        "session",
        "login_failure",
        "category",
        "lexicon_term",
        "staged_customer",
        "dispatch_rule",
        "notice",
        "calendar_day",
        "order_link",
    }
)
"""Tables from which rows go: what ended, what a centre edits as a whole, what is on its way, what was told and is old, a
link that came to nobody. Everything else is kept.
"""


async def hand_out(owner: OwnConnection, application: str) -> None:
    """Gives ``application`` exactly these rights, whatever it had before. ``owner`` is a connection of the account that owns
    the tables.
    """
    async with owner.transaction():
        for row in await QUERIES.statements.fetch(owner, account=application, deletable=sorted(DELETABLE)):
            await owner.execute(row["statement"])


async def beyond(application: Connection) -> str:
    """The rights that this connection's account has and must not have, as a sentence for the operator; '' if there are none."""
    found: str | None = await QUERIES.beyond.fetchval(application)
    return found or ""
