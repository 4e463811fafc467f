"""The demonstration beside an instance that is at work."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from services.config_file import load
from tests.demo.__main__ import step_aside
from tests.harness.switch import free_ports


def test_taken_ports_are_left_to_who_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("WEB__PORT", "IVR__PORT", "ASTERISK__AMI_PORT", "ASTERISK__SIP_PORT", "ASTERISK__WS_PORT"):
        monkeypatch.setenv(f"TINGSU_{variable}", "0")  # put back after the test whatever the demonstration sets
        monkeypatch.delenv(f"TINGSU_{variable}")
    web, ivr, ami, sip, ws = free_ports(5)
    file = tmp_path / "config.toml"
    ports = f"[asterisk]\nami_port = {ami}\nsip_port = {sip}\nws_port = {ws}\n"
    file.write_text(f"[web]\nport = {web}\n[ivr]\nport = {ivr}\n{ports}")
    with socket.socket() as desk, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as switch:
        desk.bind(("127.0.0.1", web))
        desk.listen()
        switch.bind(("127.0.0.1", sip))
        step_aside(load(file))
        found = load(file)
    assert found.web.port != web
    assert found.asterisk.sip_port != sip
    assert (found.ivr.port, found.asterisk.ami_port, found.asterisk.ws_port) == (ivr, ami, ws)
