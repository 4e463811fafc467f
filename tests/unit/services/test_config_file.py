from __future__ import annotations

from pathlib import Path

import pytest

from services.clocks.written import WEEKDAYS
from services.config import BadConfig, Config, Mistake, Queue
from services.config_file import load, look, without_followers


def written(folder: Path, text: str) -> Path:
    file = folder / "c.toml"
    file.write_text(text, "utf-8")
    return file


def named(text: str, folder: Path) -> dict[str, str]:
    _, mistakes = look(written(folder, text))
    return {mistake.where: str(mistake) for mistake in mistakes}


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[web]\nport = "x"\nprot = 1\n[nix]\na = 1\n[centre]\ntimezone = "Mars/X"\n[asterisk]\nmanaged = "ja"\n')
    with pytest.raises(BadConfig) as caught:
        load(file)
    named = "\n".join(map(str, caught.value.mistakes))
    for part in ("[web] port", "[web] prot", "did you mean port?", "[nix]", "[centre] timezone", "[asterisk] managed"):
        assert part in named


def test_a_password_in_the_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[database]\nurl = "postgresql://a:geheim@h/x"\n')
    with pytest.raises(BadConfig) as caught:
        load(file)
    assert "password_env" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[web]\nport = 1\n[ivr.priority]\nbig = 3\n")
    monkeypatch.setenv("TINGSU_WEB__PORT", "2")
    monkeypatch.setenv("TINGSU_IVR__PRIORITY__IMPORTANT", "4")
    config = load(file)
    assert (config.web.port, config.ivr.priority.big, config.ivr.priority.important) == (2, 3, 4)


def test_an_unknown_section_in_the_environment_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSU_WEBB__PORT", "2")
    with pytest.raises(BadConfig, match="TINGSU_WEBB__PORT"):
        load()


def test_a_wrong_value_in_the_environment_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSU_WEB__PORT", "many")
    with pytest.raises(BadConfig, match="TINGSU_WEB__PORT"):
        load()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[web\n", b"port = \n"])
def test_a_file_that_is_no_toml_says_so(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(content)
    with pytest.raises(BadConfig, match=r"c\.toml"):
        load(file)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="nothing-here"):
        load(tmp_path / "nothing-here.toml")


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[instance]\nfolder = "here"\n[recordings]\nstore = "s3://bucket/x"\n')
    config = load(file)
    assert config.folder == tmp_path / "here"
    assert config.spool == tmp_path / "here" / "recordings" / "spool"
    assert config.store == "s3://bucket/x"


def test_the_defaults_stand_in_the_place_of_what_is_wrong(tmp_path: Path) -> None:
    text = '[web]\nport = "x"\nhost = "::1"\n[ivr]\nnumbers = ["1", "10000"]\n[nix]\na = 1\n[centre]\nname = "线"\n'
    config, mistakes = look(written(tmp_path, text))
    assert (config.web.host, config.web.port, config.centre.name) == ("::1", Config().web.port, "线")
    assert config.ivr.numbers == Config().ivr.numbers
    assert {mistake.where for mistake in mistakes} == {"[web] port", "[ivr] numbers", "[nix]"}


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("web", "port", '"8081"'),
        ("web", "port", "8081.0"),
        ("web", "port", "true"),
        ("asterisk", "managed", '"yes"'),
        ("asterisk", "managed", "1"),
        ("centre", "name", "5"),
        ("ivr", "numbers", '"10000"'),
        ("ivr", "numbers", "[10000]"),
        ("ivr", "switch_addresses", '["not an address"]'),
        ("web", "trusted_proxies", '["10.0.0.0/8"]'),
        ("ivr", "priority", "3"),
        ("queues", "complaints", "3"),
        ("queues.complaints", "ring_seconds", '"6"'),
        ("queues.complaints", "keys", '["9"]'),
    ],
)
def test_the_file_says_a_setting_in_its_own_type(tmp_path: Path, section: str, key: str, value: str) -> None:
    assert list(named(f"[{section}]\n{key} = {value}\n", tmp_path)) == [f"[{section}] {key}"]


def test_the_environment_says_everything_in_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "WEB__PORT": "8081",
        "ASTERISK__MANAGED": "no",
        "IVR__NUMBERS": '["95598"]',
        "CENTRE__NAME": "5",
        "INSTANCE__FOLDER": "x",
    }
    for name, text in said.items():
        monkeypatch.setenv(f"TINGSU_{name}", text)
    config = load(written(tmp_path, ""))
    assert (config.web.port, config.asterisk.managed, config.ivr.numbers) == (8081, False, ("95598",))
    assert (config.centre.name, config.folder) == ("5", tmp_path / "x")


@pytest.mark.parametrize("text", ["95598", '"95598"', "[95598", '{"a": 1}'])
def test_a_list_in_the_environment_is_written_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TINGSU_IVR__NUMBERS", text)
    assert "TINGSU_IVR__NUMBERS" in named("", tmp_path)["[ivr] numbers"]


@pytest.mark.parametrize(
    "name", ["WEB", "WEB__PROT", "WEB__PORT__X", "IVR__PRIORITY", "IVR__PRIORITY__BIGG", "QUEUES__COMPLAINTS", "QUEUES__ZH"]
)
def test_a_variable_of_no_setting_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    variable = f"TINGSU_{name}"
    monkeypatch.setenv(variable, "1")
    text = str(named("", tmp_path))
    assert (variable in text) is ("__" in name), "secrets have names of the first kind"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("rtp_first = 20000\nrtp_last = 20002", "rtp_last"),
        ("sip_port = 10500", "sip_port"),
        ("wss_port = 8089\ntls_key = 'k'", "wss_port"),
        ("rtp_first = 'x'\nrtp_last = 9000", "rtp_first"),
        ("wss_port = 8089\ntls_key = 'k'\ntls_certificate = 5", "tls_certificate"),
    ],
)
def test_what_does_not_go_together_is_named_where_nothing_else_is(tmp_path: Path, text: str, where: str) -> None:
    assert list(named(f"[asterisk]\n{text}\n", tmp_path)) == [f"[asterisk] {where}"]


def test_ones_own_switch_has_its_sound_where_it_likes(tmp_path: Path) -> None:
    assert named("[asterisk]\nmanaged = false\nsip_port = 10500\n", tmp_path) == {}


def test_what_follows_from_a_mistake_is_no_second_one() -> None:
    first, other = Mistake("[web] port", "a number"), Mistake("[web] host", "an address")
    found = [Mistake("[web] port", "a free port"), Mistake("[ivr] port", "another", leans_on=("[web] port",)), other]
    assert without_followers(found, [first]) == [other]
    assert without_followers(found, [Mistake("[web]", "a section")]) == []


TWO_QUEUES = """
[ivr]
queue = "complaints"
[queues.seniors]
zh = "高级"
keys = ["1"]
[queues.complaints]
wrap_up_seconds = 7
"""


def test_several_queues_each_with_its_own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSU_QUEUES__SENIORS__WRAP_UP_SECONDS", "9")
    config = load(written(tmp_path, TWO_QUEUES))
    assert {name: (queue.wrap_up_seconds, queue.keys) for name, queue in config.queues.items()} == {
        "seniors": (9, ("1",)),
        "complaints": (7, ()),
    }
    assert config.first_queue == "complaints"
    assert Config().first_queue == "complaints"
    assert Config().model_copy(update={"queues": {"a": config.queues["seniors"], "b": Queue()}}).first_queue == "a"


def test_a_queue_may_be_all_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSU_QUEUES__SENIORS__KEYS", '["2"]')
    assert load(written(tmp_path, "")).queues == {"seniors": Queue(keys=("2",))}


def test_what_was_called_queue_is_refused_and_says_how_it_is_written_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = named('[queue]\nname = "complaints"\n[queue.priority]\nbig = 3\n', tmp_path)
    assert list(told) == ["[queue]"]
    for part in ("c.toml [queue]", "[queues.complaints]", "[ivr.priority]"):
        assert part in told["[queue]"]
    monkeypatch.setenv("TINGSU_QUEUE__RING_SECONDS", "5")
    told = named("", tmp_path)
    assert "[queues.complaints]" in told["[queue] ring_seconds"]
    assert "TINGSU_QUEUE__RING_SECONDS" in told["[queue] ring_seconds"]


@pytest.mark.parametrize("name", ["Seniors", "1", "_x", "a-b", "x" * 33, "general", "高级", '"a b"', '"a,b"', '"${EXTEN}"'])
def test_a_name_that_the_switch_could_not_keep_apart_or_in_its_line_is_named(tmp_path: Path, name: str) -> None:
    table = name if name.isascii() or name.startswith('"') else f'"{name}"'
    told = named(f"[queues.{table}]\nring_seconds = 5\n", tmp_path)
    assert list(told) == [f"[queues] {name.strip(chr(34))}"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[queues.a]\nkeys = ["1"]\n[queues.b]\nkeys = ["2", "1"]\n', "[queues.b] keys"),
        ('[ivr]\nqueue = "b"\n[queues.a]\n', "[ivr] queue"),
        ("queues = 3\n", "[queues]"),
        ("[queues]\n", "[queues]"),
        ("[queues.a]\nring_second = 3\n", "[queues.a] ring_second"),
        ("[queues.a]\nring_seconds = 3\n[queues.A]\nring_seconds = 3\n", "[queues] A"),
    ],
)
def test_queues_that_do_not_go_together_are_named(tmp_path: Path, text: str, where: str) -> None:
    assert list(named(text, tmp_path)) == [where]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('monday = ["8-12"]', "[calendars.a] monday"),
        ('monday = ["12:00-08:00"]', "[calendars.a] monday"),
        ('friday = ["08:00-12:00", "11:00-13:00"]', "[calendars.a] friday"),
        ("friday = 8", "[calendars.a] friday"),
        ('holidays = ["2026-02-30"]', "[calendars.a] holidays"),
        ('holidays = ["2026-01-01..2026-12-31", "2027-01-01..2027-12-31", "2028-01-01..2028-12-31"]', "[calendars.a] holidays"),
        ('workdays = ["2026-10-10"]', "[calendars.a] workdays"),
        ('workdays = ["2026-10-10 friday"]\nholidays = ["2026-10-10"]', "[calendars.a] workdays"),
        ('sunday = []\nworkdays = ["2026-10-10 sunday"]', "[calendars.a] workdays"),
        ('clocks = ["A1"]', "[calendars.a] clocks"),
        ('clocks = ["N2"]\n[calendars.b]\nclocks = ["N2"]', "[calendars.b] clocks"),
        ("hours = 3", "[calendars.a] hours"),
        ("\n".join(f"{day} = []" for day in WEEKDAYS), "[calendars.a]"),
        ("[calendars.B]", "[calendars] B"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_named(tmp_path: Path, text: str, where: str) -> None:
    assert list(named(f"[calendars.a]\n{text}\n", tmp_path)) == [where]


def test_every_mistake_of_a_calendar_is_named_at_once(tmp_path: Path) -> None:
    text = '[calendars.a]\nmonday = ["8-12"]\ntuesday = ["x"]\nholidays = ["x"]\nclocks = ["X9"]\n'
    assert list(named(text, tmp_path)) == [f"[calendars.a] {key}" for key in ("monday", "tuesday", "holidays", "clocks")]


def test_the_log_counts_from_the_file_too(tmp_path: Path) -> None:
    assert load(written(tmp_path, "[log]\nfile = 'l/tingsu.log'\n")).logging.file == str(tmp_path / "l/tingsu.log")
    assert load(written(tmp_path, "")).logging.file == ""
