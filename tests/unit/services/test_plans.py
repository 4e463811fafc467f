"""What the rooms are told of the configuration: the softphone's way to the switch."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services import plans
from services.access.actor import Person
from services.access.rights import Role
from services.clocks.calendar import ALWAYS
from services.clocks.table import CLOCKS, with_norms
from services.config import Config, Instance, Ivr
from services.config_file import load


def config(folder: Path, asterisk: str) -> Config:
    file = folder / "config.toml"
    file.write_text(f'[instance]\nfolder = "{folder}/var"\n[asterisk]\n{asterisk}\n', encoding="utf-8")
    return load(file)


def test_the_softphones_path_is_a_secret_that_stays(tmp_path: Path) -> None:
    once, again = (config(tmp_path, "ws_port = 8099") for _ in range(2))
    door = plans.phone_door(once)
    assert len(door) == 64
    assert plans.phone_url(again) == f"ws://127.0.0.1:8099/{door}/ws"


def test_the_page_is_not_told_the_path_by_what_it_may_connect_to(tmp_path: Path) -> None:
    given = config(tmp_path, "ws_port = 8099")
    policy = plans.security(given).policy()
    assert "ws://127.0.0.1:8099" in policy
    assert plans.phone_door(given) not in policy


@pytest.mark.parametrize(
    ("url", "door"),
    [
        ("wss://centre.example.com/long-word/ws", "long-word"),
        ("wss://centre.example.com/a/b/ws", "a/b"),
        ("wss://centre.example.com/ws", ""),
        ("wss://centre.example.com/softphone", ""),
    ],
)
def test_behind_a_proxy_the_path_is_the_operators(tmp_path: Path, url: str, door: str) -> None:
    given = config(tmp_path, f'ws_url = "{url}"')
    assert (plans.phone_door(given), plans.phone_url(given)) == (door, url)


def test_the_path_of_anothers_switch_is_not_ours_to_choose(tmp_path: Path) -> None:
    given = config(tmp_path, "managed = false\nws_port = 8099")
    assert (plans.phone_door(given), plans.phone_url(given)) == ("", "ws://127.0.0.1:8099/ws")


def person(login: str, extension: str | None, kind: str = "sip", *, active: bool = True) -> Person:
    return Person(
        id=1, login=login, name=login, roles=(Role.junior_agent,), extension=extension, phone_kind=kind,  # type: ignore[arg-type]
        phone_secret_n=1, language="zh-CN", must_change=False, active=active,
    )  # fmt: skip


def test_a_row_that_the_switch_cannot_have_is_left_out_and_named(tmp_path: Path) -> None:
    people = [
        person("anna", "1001"),
        person("bert", "1002"),
        person("carl", "10000"),
        person("dora", "1001"),
        person("emil", "12"),
        person("fred", "1003", "pigeon"),
        person("gone", "1002", active=False),
        person("boss", None),
    ]
    found = plans.phones(Config(instance=Instance(folder=tmp_path), ivr=Ivr(numbers=("10000", "1002"))), people)
    assert [endpoint.extension for endpoint in found.endpoints] == ["1001"]
    assert [(one.login, one.why) for one in found.left_out] == [
        ("bert", "hotline"), ("carl", "hotline"), ("dora", "twice"), ("emil", "unfit"), ("fred", "unfit"),
    ]  # fmt: skip


QUEUES = '[ivr]\nqueue = "b"\n[queues.a]\nkeys = ["1", "0"]\nanswer_seconds = 20\n[queues.b]\nkeys = ["2"]\nring_seconds = 30\n'


def test_the_first_queue_comes_first_and_keys_lead_to_the_others(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(QUEUES, encoding="utf-8")
    given = load(file)
    assert [(queue.name, queue.limits.in_time_ms) for queue in plans.queues(given)] == [("b", 15_000), ("a", 20_000)]
    assert plans.menu_queues(given) == {"1": "a", "0": "a"}
    assert plans.ring_limit(given) == 30 + plans.RING_END_S


def test_the_switch_has_the_name_that_the_configuration_gives_it(tmp_path: Path) -> None:
    given = config(tmp_path, 'node = "east"')
    assert (plans.ami_settings(given).node, plans.ami_settings(given).queues) == ("east", ("complaints",))


def test_a_clock_counts_in_the_calendar_that_the_centre_gives_it(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    text = (
        '[calendars.office]\nsaturday = []\nsunday = []\nclocks = ["N2"]\n'
        'holidays = ["2026-10-01..2026-10-07"]\nworkdays = ["2026-10-10 friday"]\n[calendars.late]\nclocks = ["V3"]\n'
    )
    file.write_text(text, encoding="utf-8")
    table = plans.clocks(load(file))
    days = (date(2026, 10, 1), date(2026, 10, 8), date(2026, 10, 10), date(2026, 10, 11))  # Thursdays, a Saturday, a Sunday
    assert [bool(table["N2"].calendar.spans(day)) for day in days] == [False, True, True, False]
    assert table["N2"].calendar.zone == ZoneInfo("Asia/Shanghai")
    assert all(table["V3"].calendar.spans(day) for day in days)
    assert table["A3"].calendar is ALWAYS
    assert plans.clocks(Config()) == with_norms(CLOCKS, answer_days=15)


def test_o1_the_norm_of_fifteen_days_is_a_clock_unless_the_centre_switches_it_off(tmp_path: Path) -> None:
    """SPEC O1."""
    assert plans.clocks(Config())["O1"].within == timedelta(days=15)
    file = tmp_path / "config.toml"
    file.write_text("[norms]\nanswer_days = 0\n", encoding="utf-8")
    assert plans.clocks(load(file)) == CLOCKS
