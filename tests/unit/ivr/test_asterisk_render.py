"""What is written for one instance."""

from __future__ import annotations

import re
import stat
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from cti.events import OUTWARD, WANTED
from ivr.asterisk import AGENTS_FILE, MODULES, AmiAccount, TlsFiles, UnfitValue, render, render_agents
from tests.unit.ivr.asterisk_plans import BROWSER, PHONE, PLAN, PORTS, PROGRAM, SECRET


def rendered(folder: Path, name: str) -> str:
    return (folder / "etc" / name).read_text(encoding="utf-8")


def lines(text: str) -> list[str]:
    """A file's lines without comments."""
    return [line for raw in text.splitlines() if (line := raw.partition(";")[0].strip())]


def test_every_word_is_filled_in_and_nobody_else_can_read(tmp_path: Path) -> None:
    render(tmp_path, PLAN)
    files = list((tmp_path / "etc").iterdir())
    assert len(files) > 15
    for path in files:
        assert not re.search(r"@[a-z_]+@", path.read_text(encoding="utf-8")), path.name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_instances_side_by_side_share_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        render(tmp_path / name, PLAN)
    one = rendered(tmp_path / "one", "asterisk.conf")
    assert str(tmp_path / "one") in one
    assert str(tmp_path / "two") not in one


def test_only_the_wanted_events_pass_the_filter(tmp_path: Path) -> None:
    render(tmp_path, PLAN)
    filters = [line for line in lines(rendered(tmp_path, "manager.conf")) if line.startswith("eventfilter")]
    assert filters == [f"eventfilter(action(include),name({name}),method(none)) =" for name in sorted(WANTED)]


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ((22, 10, 1), "eventfilter(action(include),name(DialBegin),header(DestChannel),method(starts_with)) = PJSIP/out-"),
        ((20, 0, 0), "eventfilter = ^Event: DialBegin[^A-Za-z].*DestChannel: PJSIP/out-"),
    ],
)
def test_what_is_dialled_passes_for_the_named_trunks_alone(tmp_path: Path, version: tuple[int, int, int], line: str) -> None:
    named = replace(PLAN.ami, trunks=("out",), of_trunks=OUTWARD)
    render(tmp_path, replace(PLAN, program=replace(PROGRAM, version=version), ami=named))
    assert [one for one in lines(rendered(tmp_path, "manager.conf")) if "DialBegin" in one] == [line]
    render(tmp_path, replace(PLAN, ami=replace(named, trunks=())))
    assert "DialBegin" not in rendered(tmp_path, "manager.conf")


@pytest.mark.parametrize("trunk", ["a b", "", "a\nb", "-x", "x" * 41, "a;b", "a/b"])
def test_a_trunk_that_could_mean_more_than_its_name_is_refused(trunk: str) -> None:
    with pytest.raises(UnfitValue):
        replace(PLAN.ami, trunks=(trunk,), of_trunks=OUTWARD)


@pytest.mark.parametrize("version", [(20, 9, 3), (21, 4, 0), (20, 0, 0)])
def test_an_older_switch_gets_filters_it_understands(tmp_path: Path, version: tuple[int, int, int]) -> None:
    render(tmp_path, replace(PLAN, program=replace(PROGRAM, version=version)))
    text = rendered(tmp_path, "manager.conf")
    assert "eventfilter(" not in text
    assert "eventfilter = ^Event: Hangup[^A-Za-z]" in text


@pytest.mark.parametrize("version", [(20, 10, 0), (20, 15, 2), (21, 5, 0), (22, 0, 0), (23, 1, 0)])
def test_a_newer_switch_filters_by_name(tmp_path: Path, version: tuple[int, int, int]) -> None:
    render(tmp_path, replace(PLAN, program=replace(PROGRAM, version=version)))
    assert "eventfilter(action(include),name(Hangup),method(none)) =" in rendered(tmp_path, "manager.conf")


def test_a_wanted_event_is_never_disabled(tmp_path: Path) -> None:
    render(tmp_path, replace(PLAN, ami=AmiAccount(secret=SECRET, events=("VarSet", "Hangup"))))
    disabled = next(line for line in lines(rendered(tmp_path, "manager.conf")) if line.startswith("disabledevents"))
    assert "Newexten" in disabled
    assert "VarSet" not in disabled


def test_the_manager_user_may_start_and_write_nothing(tmp_path: Path) -> None:
    render(tmp_path, PLAN)
    text = lines(rendered(tmp_path, "manager.conf"))
    assert "write = agent,reporting" in text
    assert "read = system,call,agent" in text
    assert "bindaddr = 127.0.0.1" in text
    assert "webenabled = no" in text
    assert sum(line.startswith("[") for line in text) == 2, "one user and no more"


def test_no_module_that_parses_message_waiting_or_runs_programs() -> None:
    assert not [
        name for name in MODULES if re.search(r"mwi|voicemail|app_system|func_shell|func_env|func_curl|res_ari|anonymous", name)
    ]


def test_modules_this_version_lacks_are_left_out(tmp_path: Path) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "app_queue.so").touch()
    render(tmp_path / "run", replace(PLAN, program=replace(PROGRAM, modules=modules)))
    assert lines(rendered(tmp_path / "run", "modules.conf")) == ["[modules]", "autoload = no", "load = app_queue.so"]


def test_strangers_can_neither_transfer_nor_subscribe(tmp_path: Path) -> None:
    render(tmp_path, PLAN)
    endpoint = rendered(tmp_path, "pjsip.conf").partition("[anonymous]")[2].partition("[tingsu-agent]")[0]
    assert {"context = from-outside", "allow_transfer = no", "allow_subscribe = no", "callerid = <unread>"} <= set(
        lines(endpoint)
    )
    assert "trust_id_inbound = no" in lines(endpoint)


def test_a_codec_that_this_switch_cannot_translate_is_not_allowed(tmp_path: Path) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()
    for name in ("codec_g722.so", "codec_opus_open_source.so"):
        render(tmp_path, replace(PLAN, program=replace(PROGRAM, modules=modules)))
        allowed = [line for line in lines(rendered(tmp_path, "pjsip.conf")) if line.startswith("allow = ")]
        assert not [line for line in allowed if name.split("_")[1].removesuffix(".so") in line.split(",")]
        (modules / name).touch()
    render(tmp_path, replace(PLAN, program=replace(PROGRAM, modules=modules)))
    callers, agents = (line for line in lines(rendered(tmp_path, "pjsip.conf")) if line.startswith("allow = "))
    assert callers.startswith("allow = alaw,ulaw,g722,opus,gsm,g729")
    assert agents == "allow = alaw,ulaw,g722,opus"


def test_agents_get_an_endpoint_each_by_their_kind_of_phone(tmp_path: Path) -> None:
    render(tmp_path, PLAN)
    text = rendered(tmp_path, AGENTS_FILE)
    assert "[1001](tingsu-browser)" in text
    assert "[1002](tingsu-sip)" in text
    assert text.count(f"password = {SECRET}") == 2


def test_a_change_of_staff_rewrites_the_agents_alone(tmp_path: Path) -> None:
    render(tmp_path, PLAN)
    before = {path.name: path.read_bytes() for path in (tmp_path / "etc").iterdir()}
    render_agents(tmp_path, [PHONE])
    after = {path.name: path.read_bytes() for path in (tmp_path / "etc").iterdir()}
    assert {name for name in before if before[name] != after[name]} == {AGENTS_FILE}
    assert "1001" not in rendered(tmp_path, AGENTS_FILE)
    assert BROWSER.secret not in repr(BROWSER)


def test_nobody_at_work_is_a_staff_too(tmp_path: Path) -> None:
    render(tmp_path, replace(PLAN, agents=()))
    assert lines(rendered(tmp_path, AGENTS_FILE)) == []


def test_a_certificate_opens_the_wss_door(tmp_path: Path) -> None:
    tls = TlsFiles(certificate=Path("/tls/cert.pem"), key=Path("/tls/key.pem"))
    render(tmp_path, replace(PLAN, tls=tls, ports=replace(PORTS, https=15089)))
    assert {"tlsenable = yes", "tlsbindaddr = 127.0.0.1:15089", "tlscertfile = /tls/cert.pem"} <= set(
        lines(rendered(tmp_path, "http.conf"))
    )


def test_loopback_media_is_offered_in_the_machines_place(tmp_path: Path) -> None:
    render(tmp_path, replace(PLAN, ice_hosts={"10.1.2.3": "127.0.0.1"}))
    assert "10.1.2.3 => 127.0.0.1" in lines(rendered(tmp_path, "rtp.conf"))


def test_media_addresses_are_left_to_the_switch_beyond_loopback(tmp_path: Path) -> None:
    render(tmp_path, replace(PLAN, bind="192.0.2.5"))
    assert "media_address" not in rendered(tmp_path, "pjsip.conf")


def test_a_socket_path_that_is_too_long_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    with pytest.raises(UnfitValue, match="107 bytes"):
        render(deep, PLAN)
    assert not deep.exists()
    render(deep, replace(PLAN, run=Path("/run/short")))
    assert "astrundir => /run/short" in rendered(deep, "asterisk.conf")


def test_hold_music_is_a_plain_wav_and_the_operators_own_is_kept(tmp_path: Path) -> None:
    render(tmp_path, PLAN)
    path = tmp_path / "moh/calm.wav"
    with wave.open(str(path), "rb") as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
        assert sound.getnframes() / 8000 == pytest.approx(20.0)
        assert any(sound.readframes(8000))
    path.write_bytes(b"the operator's own")
    render(tmp_path, PLAN)
    assert path.read_bytes() == b"the operator's own"
