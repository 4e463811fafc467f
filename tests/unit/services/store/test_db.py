from __future__ import annotations

from services.store import db


async def test_a_fresh_database_speaks_utc_and_jsonb(pool: db.Pool) -> None:
    async with db.transaction(pool) as connection:
        assert await connection.fetchval("show timezone") == "UTC"
        assert await connection.fetchval("select $1::jsonb", {"名": [1, None]}) == {"名": [1, None]}
        assert await connection.fetchval("select count(*) from person") == 0
