"""Documents as PDF, set by the real typesetter with the real face: whatever is in them is text, and every print is on record."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from services.access.rights import Role
from services.prints import child
from services.prints.model import cleaned
from services.prints.press import FontMissing, NotPrinted, Press
from services.store import db
from tests.harness.api import Api, printing
from tests.harness.clock import HandClock
from tests.harness.lived import Lived, live

SECRET = "the secret beside it"
HOSTILE = (
    '#read("secret.txt")',
    '#include "secret.txt"',
    '#image("secret.txt")',
    '#eval("1+1")',
    '#sys.inputs #import "@preview/cetz:0.3.0"',
    "$ integral_0^1 x $",
    "\\ \\u{41} \\#",
    "*bold* _it_ `raw` ```typ #panic()```",
    "<label> @ref // comment /* never closed",
    "]]]}}}))) #[ #{ #(",
    "= Heading\n- list\n+ one",
    "A" * 10_000,
    "宽" * 10_000,
    "\u202eright to left\u202c \u2066x\u2069 \u200f",
    "\x00\x01\x1b[31m",
    "😀\u200d👩 e\u0301 ﷽ \U0010ffff",
    '"quotes" \'and\' \\"more\\"',
    "#" * 500,
    "\n" * 300,
)


def page(**more: Any) -> dict[str, Any]:
    whole = {
        "lang": "zh", "title": "投诉处理单", "centre": "示例中心", "printed": "打印于 …", "number": "T1",
        "words": {"date": "日期"},
        "sections": [], "signatures": ["经办人签名"], **more,
    }  # fmt: skip
    made: dict[str, Any] = cleaned(whole)
    return made


@pytest_asyncio.fixture(scope="module")
async def press() -> Press:
    return await printing()


@pytest.mark.parametrize("text", HOSTILE)
async def test_whatever_a_text_holds_it_is_printed_as_text(press: Press, text: str) -> None:
    everywhere = page(
        title=text[:200], centre=text[:200], number=text[:200], signatures=[text[:200]],
        sections=[
            {"kind": "pairs", "title": text[:200], "rows": [[text[:200], text]]},
            {"kind": "text", "title": "", "text": text},
            {"kind": "history", "title": "", "rows": [{"at": "", "who": text[:200], "what": text[:200], "lines": [text]}]},
        ],
    )  # fmt: skip
    made = await press.set(everywhere)
    assert made.startswith(b"%PDF-")
    assert SECRET.encode() not in made


async def test_nothing_of_what_is_in_a_document_is_evaluated(press: Press, tmp_path: Path) -> None:
    """The same text with and without what would be markup takes the same room: one is not shorter for having been run."""
    run = page(sections=[{"kind": "text", "title": "", "text": "#for i in range(9999) [x #pagebreak()]"}])
    plain = page(sections=[{"kind": "text", "title": "", "text": "-for i in range(9999) [x -pagebreak()]"}])
    pages = [len(re.findall(rb"/Type\s*/Page\b", await press.set(one))) for one in (run, plain)]
    assert pages == [1, 1]


async def test_a_document_that_cannot_be_set_says_so(press: Press) -> None:
    with pytest.raises(NotPrinted):
        await press.set({"title": "without what the template wants"})


async def test_one_that_takes_too_long_is_given_up_and_its_process_ends() -> None:
    there = await printing()

    async def find() -> Path:
        return Path("/nowhere")

    hasty = Press(find, limit_s=0)
    await hasty.find()
    with pytest.raises(NotPrinted, match="too long"):
        await hasty.set(page())
    assert (await there.set(page())).startswith(b"%PDF-")
    assert not [one for one in psutil.Process().children() if "services.prints.child" in one.cmdline()]


async def test_without_a_face_the_answer_says_so() -> None:
    async def nowhere() -> Path:
        raise FontMissing

    with pytest.raises(FontMissing):
        await Press(nowhere).set(page())


def test_the_template_reads_no_file() -> None:
    written = child.TEMPLATE.read_text(encoding="utf-8")
    assert not re.search(r"\b(read|include|import|image|eval|csv|toml|yaml|xml|plugin)\b\s*[(\"]", written)


@pytest_asyncio.fixture
async def lived(api: Api, clock: HandClock) -> AsyncIterator[Lived]:
    yield await live(api.pool, clock, api.archive, api.accounts[Role.junior_agent])


async def prints(pool: db.Pool) -> list[tuple[str, str]]:
    rows = await pool.fetch("select action, object from audit where action like '%.print' order by id")
    return [(row["action"], row["object"]) for row in rows]


async def test_a_case_and_an_order_are_printed_in_both_languages_and_on_record(api: Api, lived: Lived) -> None:
    ticket, order = lived.tickets[1], lived.orders[0]
    async with api.as_role(Role.senior_agent) as asking:
        for path in (f"/api/tickets/{ticket}/print", f"/api/tickets/{ticket}/story/print", f"/api/orders/{order}/print"):
            for language in ("zh-CN", "en"):
                async with asking.get(path, params={"language": language}) as answer:
                    made = await answer.read()
                    assert (answer.status, answer.content_type) == (200, "application/pdf"), made[:300]
                    assert made.startswith(b"%PDF-")
                    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert await prints(api.pool) == [
        *[("ticket.print", f"ticket:{ticket}")] * 2, *[("story.print", f"ticket:{ticket}")] * 2,
        *[("order.print", f"order:{order}")] * 2,
    ]  # fmt: skip


async def test_whoever_may_not_see_it_gets_no_paper_and_no_record_says_so(api: Api, lived: Lived) -> None:
    async with api.as_role(Role.department_officer) as asking:
        for what in ("print", "story/print"):
            async with asking.get(f"/api/tickets/{lived.tickets[1]}/{what}") as answer:
                assert answer.status == 403
        async with asking.get("/api/orders/999999/print") as answer:
            assert answer.status == 404
        async with asking.get("/api/warnings/999999/print") as answer:
            assert (answer.status, json.loads(await answer.read())["code"]) == (404, "not_found")
    assert await prints(api.pool) == []
