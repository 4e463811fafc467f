"""What departments hand in with an answer: taken by what it is, kept by its hash, seen by whoever may see the order (SPEC O7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from services.access.rights import Role
from services.evidence.actions import AT_ONCE, Limits
from services.store import db
from tests.harness.api import Api, serve
from tests.harness.clock import HandClock
from tests.harness.lived import live
from tests.harness.patience import until
from tests.unit.services.evidence.test_model import PLACE, exif, jpeg, segment

PHOTO = jpeg(segment(0xE1, exif(6)))
PDF = b"%PDF-1.7 what was done"


@dataclass(frozen=True)
class Handed:
    """An order that the department has, and one that is over."""

    api: Api
    order: int
    over: int
    version: int
    folder: Path

    async def send(
        self, session: aiohttp.ClientSession, content: bytes | AsyncIterator[bytes], name: str = "机房.jpg", order: int = 0
    ) -> tuple[int, object]:
        asked = {"version": str(self.version), "name": name}
        path = f"/api/orders/{order or self.order}/evidence"
        async with session.post(path, params=asked, data=content) as answer:
            return answer.status, await answer.json()


@pytest_asyncio.fixture
async def handed(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Handed]:
    async with serve(pool, clock, tmp_path, evidence=Limits(size=20_000, files=3)) as api:
        lived = await live(pool, clock, api.archive, api.accounts[Role.junior_agent])
        over, order = lived.orders[-2:]
        version = await pool.fetchval("select version from work_order where id = $1", order)
        yield Handed(api, order, over, version, tmp_path / "store")


async def test_a_photo_and_a_pdf_are_handed_in_and_seen_by_department_and_centre(handed: Handed, pool: db.Pool) -> None:
    async with handed.api.as_role(Role.department_officer) as officer:
        assert (await handed.send(officer, PHOTO))[0] == 201
        assert (await handed.send(officer, PDF, "../../证明.pdf"))[0] == 201
    for role in (Role.department_officer, Role.senior_agent, Role.qa_inspector):
        async with handed.api.as_role(role) as session:
            shown = await (await session.get(f"/api/orders/{handed.order}/evidence")).json()
            assert (shown["largest"], shown["types"]) == (20_000, ["image/jpeg", "image/png", "application/pdf"])
            listed = shown["files"]
            assert [(row["kind"], row["name"]) for row in listed] == [("jpeg", "机房.jpg"), ("pdf", "证明.pdf")]
            async with session.get(f"/api/evidence/{listed[0]['id']}") as answer:
                content = await answer.read()
                assert (answer.status, answer.content_type, PLACE in content) == (200, "image/jpeg", False)
                assert answer.headers["Content-Disposition"] == f'attachment; filename="evidence-{listed[0]["id"]}.jpg"'
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Cache-Control"] == "no-store"
            order = await (await session.get(f"/api/orders/{handed.order}")).json()
            assert order["evidence"] == 2
    actions = {row["action"] for row in await pool.fetch("select action from audit")}
    assert {"evidence.add", "evidence.read"} <= actions
    names = [path.name for path in handed.folder.rglob("evidence/*/*")]
    assert all(len(name) == 64 for name in names), names


async def test_the_same_file_again_is_the_one_that_is_there(handed: Handed) -> None:
    async with handed.api.as_role(Role.department_officer) as officer:
        answers = await asyncio.gather(*(handed.send(officer, PDF) for _ in range(3)))
        assert len({str(answer) for answer in answers}) == 1


async def test_who_sends_slowly_keeps_nobody_else_waiting(handed: Handed) -> None:
    on = asyncio.Event()
    asked: list[None] = []

    async def slowly(n: int) -> AsyncIterator[bytes]:
        yield PDF
        asked.append(None)
        await on.wait()
        yield bytes([n])

    async with handed.api.as_role(Role.department_officer) as officer, asyncio.TaskGroup() as tasks:
        slow = [tasks.create_task(handed.send(officer, slowly(n))) for n in range(AT_ONCE)]
        await until(lambda: len(asked) == AT_ONCE, "the beginnings of all files")
        async with asyncio.timeout(20):
            assert (await handed.send(officer, PHOTO))[0] == 201
        on.set()
    assert sorted(task.result()[0] for task in slow) == [201, 201, 409, 409]  # of three files that an order may have


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<svg onload=alert(1)>", "evidence_kind"),
        (b"", "evidence_kind"),
        (PHOTO[:30], "evidence_kind"),
        (PDF * 1_000, "evidence_size"),
    ],
)
async def test_what_is_no_evidence_is_refused_and_not_kept(handed: Handed, content: bytes, code: str) -> None:
    async with handed.api.as_role(Role.department_officer) as officer:
        status, answer = await handed.send(officer, content)
        assert (status, isinstance(answer, dict) and answer["code"]) == (409, code)
        assert (await (await officer.get(f"/api/orders/{handed.order}/evidence")).json())["files"] == []


async def test_an_order_has_so_many_files_and_no_more(handed: Handed) -> None:
    before = len(list(handed.folder.rglob("evidence/*/*")))
    async with handed.api.as_role(Role.department_officer) as officer:
        statuses = [(await handed.send(officer, PDF + bytes([n])))[0] for n in range(5)]
        assert statuses == [201, 201, 201, 409, 409]
        assert len(list(handed.folder.rglob("evidence/*/*"))) == before + 3  # what was refused lies nowhere
        assert (await handed.send(officer, PDF + b"\x00"))[0] == 201  # it is there already


async def test_nobody_hands_in_for_an_order_that_is_over_or_anothers(handed: Handed, pool: db.Pool) -> None:
    version = await pool.fetchval("select version from work_order where id = $1", handed.over)
    async with handed.api.as_role(Role.department_officer) as officer:
        path = f"/api/orders/{handed.over}/evidence"
        async with officer.post(path, params={"version": str(version)}, data=PDF) as answer:
            assert (answer.status, (await answer.json())["code"]) == (409, "not_allowed")
        added = await handed.send(officer, PDF)
        assert isinstance(added[1], dict)
        other = "insert into department (code, zh, en, hours) values ('other', '别的', 'Other', 24) returning id"
        await pool.execute("update person set department_id = $1 where login = 'department-officer'", await pool.fetchval(other))
    async with handed.api.as_role(Role.department_officer) as officer:
        assert (await officer.get(f"/api/orders/{handed.order}/evidence")).status == 404
        assert (await officer.get(f"/api/evidence/{added[1]['id']}")).status == 404
        assert (await handed.send(officer, PDF + b"2"))[0] in {403, 404}


async def test_a_store_that_takes_nothing_says_so_and_a_file_that_is_gone_is_named(handed: Handed, pool: db.Pool) -> None:
    async with handed.api.as_role(Role.department_officer) as officer:
        _, added = await handed.send(officer, PDF)
        assert isinstance(added, dict)
        for path in handed.folder.rglob("evidence/*/*"):
            path.unlink()
        assert (await officer.get(f"/api/evidence/{added['id']}")).status == 404
        (handed.folder / "evidence").rename(handed.folder / "elsewhere")
        (handed.folder / "evidence").write_text("no folder")
        status, answer = await handed.send(officer, PHOTO)
        assert (status, isinstance(answer, dict) and answer["code"]) == (503, "evidence_store")
    assert await pool.fetchval("select count(*) from evidence where order_id = $1", handed.order) == 1
