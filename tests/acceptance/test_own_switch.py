"""A centre on parts that are all somebody's own: an Asterisk with its owner's files, a PostgreSQL reached over TCP.

The owner does what README.md and the README.md of ``tingsu asterisk-config`` say, by the commands they name, and nothing more.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from services.config_file import load
from services.hosted.switch_program import known_faults
from tests.acceptance.conftest import CALLER_SAYS, at_work
from tests.harness import speech, tones
from tests.harness.centre import Centre
from tests.harness.database import DatabaseServer
from tests.harness.folders import below
from tests.harness.own_database import OwnDatabase, own_database
from tests.harness.own_switch import OwnSwitch
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Call, Phone
from tests.harness.switch import asterisk_program, free_ports

AMI_SECRET = "chosen-by-the-owner-0123456789"
SECRETS = {"TINGSU_AMI_SECRET": AMI_SECRET}
ENGLISH = {"TINGSU_CENTRE__LANGUAGE": "en"}  # as the sentences below


@dataclass(frozen=True)
class Own:
    """The owner's parts and the centre on them."""

    switch: OwnSwitch
    database: OwnDatabase
    centre: Centre

    async def tingsu(self, *words: str, **changed: str) -> tuple[int, str]:
        """A command as it is typed beside the running centre: exit code, and all it said."""
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("tingsu")), *words, "--config", str(self.centre.config),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            cwd=self.centre.folder, env={**os.environ, **ENGLISH, **self.secrets, **changed},
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    @property
    def secrets(self) -> Mapping[str, str]:
        return SECRETS | {"TINGSU_DATABASE_PASSWORD": self.database.password}

    async def include(self) -> None:
        """`tingsu asterisk-config`, and what its README says; the switch is not started yet."""
        code, said = await self.tingsu("asterisk-config", "includes")
        assert code == 0, said
        await asyncio.to_thread(self.switch.include, self.centre.folder / "includes")

    async def sip_phone(self, login: str) -> Phone:
        """Registered with what `tingsu user phone` says."""
        code, said = await self.tingsu("user", "phone", login)
        assert code == 0, said
        told = dict(re.findall(r"^(server|user|password)\s+(\S+)", said, re.MULTILINE))
        host, port = told["server"].split(":")
        phone = await Phone.open((host, int(port)), user=told["user"], secret=told["password"])
        await phone.stay_registered()
        return phone

    async def links(self) -> None:
        async def look() -> bool:
            return bool((await self.centre.admin.get("/api/board"))["link"]["up"])

        await until(look, "the link to the owner's switch", 30)


@pytest.fixture(scope="module")
async def own(postgres: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Own]:
    """The centre runs before the switch is set up for it, as in life."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(own_database(postgres, "owners_centre"))
        switch = await stack.enter_async_context(OwnSwitch(await asterisk_program()))
        settings = {
            "asterisk": {"managed": False, "ami_port": switch.ami_port, "sip_port": switch.sip_port, "ws_port": switch.http_port},
            "database": {"url": database.url},
            "queues.complaints": {"ring_seconds": 6},  # what `check-config` takes for sense
        }
        secrets = SECRETS | {"TINGSU_DATABASE_PASSWORD": database.password}
        centre = Centre(tmp_path_factory.mktemp("own"), settings=settings, secrets=secrets)
        own = Own(switch, database, await stack.enter_async_context(centre))
        await centre.hire("anna", extension="1001", name="安娜")
        await centre.hire("bert", extension="1002", phone="sip", name="白涛")
        await own.include()
        await switch.start()
        await own.links()
        yield own


async def checked(own: Own, **changed: str) -> tuple[int, str]:
    """`check-config` beside the running centre, whose own two ports would be named as taken."""
    web, ivr = map(str, free_ports(2))
    return await own.tingsu("check-config", TINGSU_WEB__PORT=web, TINGSU_IVR__PORT=ivr, **changed)


async def test_the_check_finds_everything_right(own: Own) -> None:
    code, said = await checked(own)
    right, *faults = said.strip().splitlines()
    assert (code, right) == (0, "✓ the configuration is right"), own.switch.log()
    assert faults == [f"! {fault}" for fault in known_faults((await asterisk_program()).switch.version)]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"TINGSU_AMI_SECRET": "not-the-secret-0123456789"}, "[asterisk] ami_user"),
        ({"TINGSU_AMI_SECRET": ""}, "[asterisk] ami_secret_env"),
        ({"TINGSU_ASTERISK__AMI_USER": "somebody"}, "[asterisk] ami_user"),
        ({"TINGSU_INSTANCE__NAME": "another"}, "[instance] name"),
        ({"TINGSU_QUEUES__NOBODYS__RING_SECONDS": "6"}, "[queues.nobodys]"),
        ({"TINGSU_DATABASE_PASSWORD": "not-the-password"}, "[database] password_env"),
    ],
)
async def test_the_check_names_what_is_wrong_and_nothing_else(own: Own, changed: dict[str, str], named: str) -> None:
    code, said = await checked(own, **changed)
    assert code == 1
    assert [line.split(":")[0] for line in said.splitlines()] == [f"✗ {named}"]
    assert not any(secret and secret in said for secret in (AMI_SECRET, *changed.values()) if len(secret) > 10)


async def test_the_check_names_a_switch_that_is_not_there_and_a_port_that_is_none(own: Own) -> None:
    (nobody,) = free_ports(1)
    code, said = await checked(own, TINGSU_ASTERISK__AMI_PORT=str(nobody))
    assert (code, said.count("✗"), "[asterisk] host" in said) == (1, 1, True), said
    code, said = await checked(own, TINGSU_ASTERISK__AMI_PORT=str(own.switch.http_port))
    assert (code, said.count("✗"), "[asterisk]" in said) == (1, 1, True), said


async def test_the_ivr_is_closed_to_who_does_not_know_what_the_dialplan_says(own: Own) -> None:
    """FastAGI has no login: any account on the machine could knock."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(str(own.centre.settings["ivr"]["port"])))
    writer.write(
        b"agi_network: yes\nagi_network_script: reception\nagi_request: agi://127.0.0.1/reception\nagi_uniqueid: x-1.1\n\n"
    )
    async with asyncio.timeout(10):
        assert await reader.read() == b"", "it took a stranger for the switch"
    writer.close()


async def test_the_agents_browsers_find_the_websocket(own: Own) -> None:
    async with await own.centre.desk("anna") as desk, aiohttp.ClientSession() as http:
        phone = await desk.get("/api/phone")
        async with http.ws_connect(phone["ws_url"], protocols=("sip",)) as socket:
            assert socket.protocol == "sip"
            await socket.send_str(
                "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/WS browser.invalid;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
                "From: <sip:1001@127.0.0.1>;tag=1\r\nTo: <sip:1001@127.0.0.1>\r\nCall-ID: one\r\nCSeq: 1 REGISTER\r\n"
                "Contact: <sip:1001@browser.invalid;transport=ws>\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n"
            )
            answer = await socket.receive_str(timeout=10)
    assert answer.startswith("SIP/2.0 401 "), "the extension is not known"


async def test_a_call_is_answered_recorded_written_down_and_listed(own: Own) -> None:
    centre = own.centre
    says = await asyncio.to_thread(speech.speak, CALLER_SAYS)
    async with AsyncExitStack() as stack:
        bert = await own.sip_phone("bert")
        stack.callback(bert.close)
        bert.on_ring = Answer(after=0.3)
        caller = await Phone.open(own.switch.sip, user="13800138000", name="张三")
        stack.callback(caller.close)
        await stack.enter_async_context(at_work(centre, "bert"))
        call = await caller.call("10000")
        await until(lambda: tones.level(call.voice.heard()[-4000:]) > 200, "the greeting", 10)
        talk = await _pressed_through(call, bert)
        talk.voice.tone(700)
        await call.voice.say(says)
        assert tones.share(talk.voice.heard()[-4000:], 700) < 0.5
        assert tones.share(call.voice.heard()[-4000:], 700) > 0.9, "the caller did not hear the agent"
        await talk.hang_up()
        await call.ended()
    row = await centre.call_of("13800138000", "the words", 60, transcript_state="done")
    assert (row["outcome"], row["answered_by"], row["recording_state"]) == ("answered", "白涛", "archived")
    assert row["ivr_path"], "the IVR was not there: the caller came to the queue by the dialplan alone"
    detail = await centre.admin.get(f"/api/calls/{row['id']}")
    words = "".join(part["text"] for part in detail["transcript"]["utterances"] if part["speaker"] == "caller")
    assert "固定电话" in words.replace(" ", "")
    assert await until(lambda: not [*centre.spool.glob("*.wav")], "an empty spool"), "recordings pile up on the switch"


async def _pressed_through(call: Call, agent: Phone) -> Call:
    """The agent's call, after 1 was pressed as people do: again, if nothing happens."""
    for _ in range(10):
        await call.dtmf("1")
        try:
            return await agent.next_call(limit=4)
        except TimeoutError:
            continue
    raise AssertionError("the agent's phone never rang")


async def test_a_call_for_somebody_else_on_that_switch_is_listed_but_neither_recorded_nor_shown(own: Own) -> None:
    """The written README says so: the switch's events do not tell whose call it is before it is in the queue."""
    phone = await Phone.open(own.switch.sip, user="13800138001")
    try:
        call = await phone.call("20000")
        await call.hang_up()
    finally:
        phone.close()
    row = await own.centre.call_of("13800138001", outcome="ivr_hangup", recording_state="empty", limit=20)
    assert (row["answered_by"], row["ivr_path"]) == (None, "")


async def test_what_it_remembers_is_in_the_owners_database(own: Own) -> None:
    assert await own.database.value("select count(*) from person where extension in ('1001', '1002')") == 2
    assert not (own.centre.folder / "var/postgres").exists()


async def test_the_dialplans_own_notice_is_there_for_when_the_ivr_is_dead(own: Own) -> None:
    told = (own.centre.folder / "includes/README.md").read_text(encoding="utf-8")
    (notice,) = re.findall(r"callers hear `(\S+\.wav)`", told)
    assert Path(notice).stat().st_size > 10_000


async def test_the_switchs_account_may_read_the_prompts_and_nobody_anything_else_of_ours(own: Own) -> None:
    folder = load(own.centre.config).folder
    prompts, spool = folder / "cache/prompts", own.centre.spool
    found = {path: status.st_mode for path, status in await asyncio.to_thread(lambda: [*below(folder)]) if path != folder}
    told = {path: mode for path, mode in found.items() if path.is_relative_to(prompts)}
    assert {stat.S_IMODE(mode) for path, mode in told.items() if path.suffix == ".wav"} == {0o644}
    assert {stat.S_IMODE(mode) for mode in told.values() if stat.S_ISDIR(mode)} == {0o755}
    ours = {path: mode for path, mode in found.items() if path not in told and not path.is_relative_to(spool)}
    assert [path for path, mode in ours.items() if stat.S_IMODE(mode) & 0o077 and not stat.S_ISLNK(mode)] == []
