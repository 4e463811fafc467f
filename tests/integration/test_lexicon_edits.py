"""The centre edits its own classes and words (SPEC S2, S3): what it saves is what the very next call's draft is filled by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio

from cti.ids import CallId, ChannelId
from recordings.crew import Heard
from recordings.naming import LegFile, Role
from recordings.recognizer import Phrase, Word
from services.now import SystemClock
from services.store import db
from tests.harness import speech
from tests.harness.legs import file_name
from tests.harness.office import office
from tests.integration.test_intake import Room

MODEM = {
    "list": "business", "code": "fibre_modem", "zh": "光猫", "en": "Fibre modem", "position": 9, "active": True,
    "authority": None,
}  # fmt: skip
TERM = {"list": "business", "code": "fibre_modem", "term": "光猫", "weight": 1.5}


def phrase(*words: str) -> Phrase:
    return tuple(Word(word, at, at + 1.0, 0.9) for at, word in enumerate(words))


class Understanding:
    """A crew that hears the same complaint in every call."""

    async def transcribe(self, path: Path, *, channels: int = 2) -> Heard:
        return Heard(((phrase("我", "要", "投诉", "光猫", "坏了"),), (phrase("好的"),)), "vosk-model-cn-0.22")


@pytest_asyncio.fixture
async def room(pool: db.Pool, tmp_path: Path) -> AsyncIterator[Room]:
    async with office(pool, SystemClock(), tmp_path, drained=False) as desk:
        await desk.hire("li", extension="1001")
        await desk.hire("admin", role="administrator")
        yield Room(desk, tmp_path, Understanding())


async def draft_after_a_call(room: Room, number: int) -> dict[str, Any]:
    """The next call is answered, ends, is archived and listened to; its draft as the agent sees it."""
    call, began = CallId(f"tingsu-1795467600.{number}"), datetime.now(UTC) - timedelta(minutes=2)
    pool, li = room.desk.pool, room.desk.people["li"]
    sql = """insert into call (id, number, number_sent, name_sent, dialled, started_at, answered_at, answered_by, ended_at,
             outcome) values ($1, '', '', '', '', $2, $2, $3, $2::timestamptz + interval '1 minute', 'answered')"""
    await pool.execute(sql, call, began, li)
    ticket = """insert into ticket (state, call_id, received_at, changed_at, owner_id) values ('draft', $1, $2, $2, $3)
                returning id"""
    draft = await pool.fetchval(ticket, call, began, li)
    begun = "insert into ticket_journal (ticket_id, seq, at, action, changes) values ($1, 1, now(), 'create', '{}')"
    await pool.execute(begun, draft)
    await pool.execute("insert into recording (call_id, state, due_at) values ($1, 'waiting', $2)", call, began)
    speech.write(room.spool / file_name(LegFile(call, ChannelId(call), Role.CALLER, began)), speech.line_noise(10))
    assert await room.intake.archiving.next()
    assert await room.listen()
    return dict((await room.desk.ask("li", "GET", f"/api/tickets/{draft}"))[1])


async def edit(room: Room, categories: list[dict[str, Any]], terms: list[dict[str, Any]]) -> None:
    """The lexicon as it is, with these classes and terms added or put in place of the like-named."""
    _, now = await room.desk.ask("admin", "GET", "/api/lexicon")
    named = {(each["list"], each["code"]): each for each in [*now["categories"], *categories]}
    meant = {(each["list"], each["code"], each["term"]): each for each in [*now["terms"], *terms]}
    body = {"categories": list(named.values()), "terms": list(meant.values())}
    status, answer = await room.desk.ask("admin", "PUT", "/api/lexicon", body)
    assert status == 200, answer


async def test_a_new_term_fills_the_next_draft_and_leaves_the_last_one_alone(room: Room) -> None:
    before = await draft_after_a_call(room, 1)
    assert (before["kind"], before["business"], before["nature"]) == ("complaint", None, "fault_repair")
    await edit(room, [MODEM], [TERM])
    after = await draft_after_a_call(room, 2)
    assert (after["business"], after["sources"]["business"]["evidence"][0]["quote"]) == ("fibre_modem", "光猫")
    assert (await room.desk.ask("li", "GET", f"/api/tickets/{before['id']}"))[1] == before


async def test_a_class_out_of_use_fills_no_draft_any_more(room: Room) -> None:
    await edit(room, [MODEM], [TERM])
    assert (await draft_after_a_call(room, 1))["business"] == "fibre_modem"
    await edit(room, [{**MODEM, "active": False}], [])
    assert (await draft_after_a_call(room, 2))["business"] is None


async def test_a_term_in_the_other_script_is_the_same_word(room: Room) -> None:
    await edit(room, [MODEM], [{**TERM, "term": "光貓"}])
    assert (await draft_after_a_call(room, 1))["business"] == "fibre_modem"


async def test_a_weight_is_read_back_as_it_was_written(room: Room) -> None:
    await edit(room, [MODEM], [{**TERM, "weight": 0.8}])
    terms = (await room.desk.ask("admin", "GET", "/api/lexicon"))[1]["terms"]
    assert {one["weight"] for one in terms if one["term"] == "光猫"} == {0.8}
    assert all(len(str(one["weight"])) <= 6 for one in terms)


async def test_o5_natures_are_of_the_authoritys_classes_which_a_centre_may_change(room: Room) -> None:
    """SPEC O5."""
    natures = [one for one in (await room.desk.ask("admin", "GET", "/api/lexicon"))[1]["categories"] if one["list"] == "nature"]
    assert {one["code"]: one["authority"] for one in natures} == {
        "tariff": "charges", "service_quality": "user_service", "communication_quality": "network_quality",
        "installation": "user_service", "fault_repair": "network_quality", "work_error": "user_service",
        "product_quality": "user_service",
    }  # fmt: skip
    repair = next(one for one in natures if one["code"] == "fault_repair")
    await edit(room, [{**repair, "authority": "user_service"}], [])
    now = {(one["list"], one["code"]): one for one in (await room.desk.ask("admin", "GET", "/api/lexicon"))[1]["categories"]}
    assert now["nature", "fault_repair"]["authority"] == "user_service"

    silent = [{name: value for name, value in one.items() if name != "authority"} for one in now.values()]
    status, answer = await room.desk.ask("admin", "PUT", "/api/lexicon", {"categories": silent, "terms": []})
    assert (status, answer["fields"][0]["field"]) == (422, "categories.0.authority")  # who does not know of them wipes none

    wrong = [*now.values(), {**MODEM, "authority": "charges"}]
    status, answer = await room.desk.ask("admin", "PUT", "/api/lexicon", {"categories": wrong, "terms": []})
    assert (status, answer["fields"][0]["code"], answer["fields"][0]["field"]) == (
        422,
        "not_a_nature",
        f"categories.{len(now)}.authority",
    )
