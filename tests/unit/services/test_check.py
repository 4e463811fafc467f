from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services import check as checks
from services import plans
from services.check import check
from services.config import Config
from services.config_file import load
from services.running import marked
from tests.harness.database import DatabaseServer
from tests.harness.post import post_office
from tests.harness.switch import free_rtp_range


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on just now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def configured(folder: Path, text: str = "", managed: bool = True, public_url: str = "") -> Config:
    web, ivr, ami, sip, ws = free_ports(5)
    file = folder / "c.toml"
    file.write_text(
        f"[web]\nport = {web}\npublic_url = '{public_url}'\n[ivr]\nport = {ivr}\nspeech_program = 'cat'\n"
        f"[asterisk]\nmanaged = {str(managed).lower()}\nami_port = {ami}\nsip_port = {sip}\nws_port = {ws}\n{text}"
    )
    return load(file)


@contextlib.asynccontextmanager
async def manager(
    greeting: bytes = b"Asterisk Call Manager/9.0.0\r\n", *, name: bytes = b"tingsu", queue: bytes = b"complaints"
) -> AsyncIterator[int]:
    """A switch's manager port that knows one secret, and has a name and a queue."""
    settings = b"Response: Success\r\nSystemName: " + name + b"\r\nCoreMaxCalls: 0\r\n\r\n"
    queues = b"Response: Success\r\nEventList: start\r\n\r\nEvent: QueueParams\r\nQueue: " + queue + b"\r\nMax: 0\r\n\r\n"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            asked = await reader.readuntil(b"\r\n\r\n")
            if b"Secret: right\r\n" in asked:
                writer.write(b"Response: Success\r\n\r\n" + settings + queues)
            else:
                writer.write(b"Response: Error\r\nMessage: Authentication failed\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def named(config: Config) -> list[str]:
    return [str(mistake) for mistake in await check(config)]


async def test_a_right_configuration_has_no_mistakes(tmp_path: Path) -> None:
    assert await named(configured(tmp_path)) == []


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", config.web.port))
        taken.listen()
        (mistake,) = await named(config)
    assert "[web] port" in mistake
    assert str(config.web.port) in mistake


async def test_a_port_given_twice_is_named(tmp_path: Path) -> None:
    config = configured(tmp_path)
    again = config.model_copy(update={"ivr": config.ivr.model_copy(update={"port": config.web.port})})
    assert any("another port than [web] port" in mistake for mistake in await named(again))


async def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    config = configured(tmp_path, f"[recordings]\nspool = '{tmp_path}/file/spool'\nstore = '/proc/nowhere'\n")
    found = await named(config)
    assert [mistake.split(":")[0] for mistake in found] == ["[recordings] spool", "[recordings] store"]


async def test_a_folder_inside_an_unwritable_one_is_no_second_mistake(tmp_path: Path) -> None:
    (mistake,) = await named(configured(tmp_path, "[instance]\nfolder = '/proc/nowhere'\n"))
    assert "[instance] folder" in mistake


@pytest.mark.parametrize("file", ["", "none/tingsu.log"])
async def test_a_log_that_cannot_be_written_is_named(tmp_path: Path, file: str) -> None:
    (mistake,) = await named(configured(tmp_path, f"[log]\nfile = '{tmp_path}/{file}'\n"))
    assert "[log] file" in mistake


async def test_system_report_at_the_log_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "old.log").write_text("a line\n")
    for name in ("old.log", "new.log"):
        assert await named(configured(tmp_path, f"[log]\nfile = '{tmp_path}/{name}'\n")) == []
    assert (tmp_path / "old.log").read_text() == "a line\n"
    assert not (tmp_path / "new.log").exists()


async def test_a_folder_for_models_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (mistake,) = await named(configured(tmp_path, "[transcription]\nmodels_folder = '/proc/nowhere'\n"))
    assert "[transcription] models_folder" in mistake


async def test_a_store_that_is_away_or_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    monkeypatch.setattr(checks, "STORE_S", 0.2)
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    for url in ("s3://bucket/calls", "s4://bucket/calls"):
        (mistake,) = await named(configured(tmp_path, f"[recordings]\nstore = '{url}'\n"))
        assert "[recordings] store" in mistake
        assert "geheim" not in mistake


async def test_a_key_that_others_can_read_is_named(tmp_path: Path) -> None:
    (wss,) = free_ports(1)
    for name, mode in (("certificate", 0o644), ("key", 0o640)):
        (tmp_path / name).touch(mode)
        (tmp_path / name).chmod(mode)
    text = f"wss_port = {wss}\ntls_certificate = '{tmp_path}/certificate'\ntls_key = '{tmp_path}/key'\n"
    (mistake,) = await named(configured(tmp_path, text))
    assert "[asterisk] tls_key" in mistake
    (tmp_path / "key").chmod(0o600)
    assert await named(configured(tmp_path, text)) == []


async def test_a_range_for_sound_without_a_free_port_is_named(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        first = free_rtp_range()
        for port in range(first, first + 4):
            stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind(("127.0.0.1", port))
        (mistake,) = await named(configured(tmp_path, f"rtp_first = {first}\nrtp_last = {first + 3}\n"))
        assert "[asterisk] rtp_first" in mistake
        assert await named(configured(tmp_path, f"rtp_first = {first}\nrtp_last = {first + 7}\n")) == []


async def test_a_missing_model_is_named_and_what_to_do(tmp_path: Path) -> None:
    (mistake,) = await named(configured(tmp_path, "[transcription]\nmodel = 'vosk-model-nowhere'\n"))
    assert "[transcription] model" in mistake
    assert "tingsu model fetch" in mistake


async def test_a_missing_speech_program_is_named(tmp_path: Path) -> None:
    config = configured(tmp_path)
    silent = config.model_copy(update={"ivr": config.ivr.model_copy(update={"speech_program": "no-such-program"})})
    assert any("[ivr] speech_program" in mistake for mistake in await named(silent))


@pytest.mark.parametrize(
    ("secret", "greeting", "wanted"),
    [
        ("right", b"Asterisk Call Manager/9.0.0\r\n", None),
        ("geheim-wrong", b"Asterisk Call Manager/9.0.0\r\n", "[asterisk] ami_user"),
        ("geheim\r\nAction: Originate", b"Asterisk Call Manager/9.0.0\r\n", "[asterisk] ami_user"),
        ("right", b"SSH-2.0-OpenSSH\r\n", "[asterisk] ami_port"),
        ("right", b"x" * 100_000, "[asterisk] ami_port"),
        ("", b"Asterisk Call Manager/9.0.0\r\n", "[asterisk] ami_secret_env"),
    ],
)
async def test_what_is_wrong_with_the_manager_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, greeting: bytes, wanted: str | None
) -> None:
    monkeypatch.setenv("TINGSU_AMI_SECRET", secret)
    async with manager(greeting) as port:
        config = configured(tmp_path, managed=False)
        config = config.model_copy(update={"asterisk": config.asterisk.model_copy(update={"ami_port": port})})
        found = await named(config)
    assert [mistake.split(":")[0] for mistake in found] == ([wanted] if wanted else [])
    assert "geheim" not in str(found)


async def test_the_manager_is_tried_without_a_secret_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSU_AMI_SECRET", "")
    found = await named(configured(tmp_path, managed=False))
    assert [mistake.split(":")[0] for mistake in found] == ["[asterisk] ami_secret_env", "[asterisk] host"]


async def test_its_own_running_instance_is_no_mistake(tmp_path: Path) -> None:
    config = configured(tmp_path)
    config.folder.mkdir(parents=True)
    with socket.socket() as web, socket.socket(type=socket.SOCK_DGRAM) as sip:
        web.bind(("127.0.0.1", config.web.port))
        web.listen()
        sip.bind(("127.0.0.1", config.asterisk.sip_port))
        with marked(config):
            assert await named(config) == []
        assert len(await named(config)) == 2, "its mark has gone with it"


async def test_the_switch_of_an_instance_that_was_killed_is_its_own_but_its_desk_is_not(tmp_path: Path) -> None:
    config = configured(tmp_path)
    config.folder.mkdir(parents=True)
    with marked(config):
        left = (config.folder / "running.json").read_bytes()
    (config.folder / "running.json").write_bytes(left)
    with socket.socket() as web, socket.socket(type=socket.SOCK_DGRAM) as sip:
        web.bind(("127.0.0.1", config.web.port))
        web.listen()
        sip.bind(("127.0.0.1", config.asterisk.sip_port))
        (mistake,) = await named(config)
    assert mistake.startswith("[web] port")


async def test_a_damaged_mark_is_none(tmp_path: Path) -> None:
    config = configured(tmp_path)
    config.folder.mkdir(parents=True)
    (config.folder / "running.json").write_bytes(b"\xff{")
    assert await named(config) == []


@pytest.mark.parametrize(
    ("section", "values", "where"),
    [
        ("queues.complaints", {"ring_seconds": 8}, "[queues.complaints] ring_seconds"),
        ("queues.complaints", {"ring_seconds": 7}, ""),
        ("queues.complaints", {"short_abandon_seconds": 15}, "[queues.complaints] short_abandon_seconds"),
        ("web", {"idle_minutes": 721}, "[web] idle_minutes"),
        ("transcription", {"workers": 64}, "[transcription] workers"),
        ("transcription", {"resident_mb": 8_001}, "[transcription] resident_mb"),
        ("transcription", {"stall_seconds": 14_401}, "[transcription] stall_seconds"),
    ],
)
async def test_what_is_possible_but_makes_no_sense_is_named(
    tmp_path: Path, section: str, values: dict[str, int], where: str
) -> None:
    config = configured(tmp_path)
    if queue := section.removeprefix("queues.") if section.startswith("queues.") else "":
        odd = config.model_copy(update={"queues": {queue: config.queues[queue].model_copy(update=values)}})
    else:
        odd = config.model_copy(update={section: getattr(config, section).model_copy(update=values)})
    assert [mistake.split(":")[0] for mistake in await named(odd)] == ([where] if where else [])


async def test_what_is_not_included_on_ones_own_switch_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSU_AMI_SECRET", "right")
    async with manager(name=b"", queue=b"sales") as port:
        config = configured(tmp_path, managed=False)
        config = config.model_copy(update={"asterisk": config.asterisk.model_copy(update={"ami_port": port})})
        found = await named(config)
    assert [mistake.split(":")[0] for mistake in found] == ["[instance] name", "[queues.complaints]"]


async def test_a_manager_nobody_listens_on_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSU_AMI_SECRET", "right")
    (mistake,) = await named(configured(tmp_path, managed=False))
    assert "[asterisk] host" in mistake


@pytest.mark.parametrize(
    ("password", "wanted"), [("{right}", None), ("geheim-wrong", "[database] password_env"), ("", "[database] password_env")]
)
async def test_the_password_of_a_database_is_tried(
    postgres: DatabaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str, wanted: str | None
) -> None:
    server = postgres.server
    monkeypatch.setenv("TINGSU_DATABASE_PASSWORD", password.format(right=server.passwords.owner))
    found = await named(configured(tmp_path, f"[database]\nurl = 'postgresql://tingsu@/postgres?host={server.sockets}'\n"))
    assert [mistake.split(":")[0] for mistake in found] == ([wanted] if wanted else [])
    assert "geheim" not in str(found)


async def test_a_door_open_to_the_network_without_encryption_is_named(tmp_path: Path) -> None:
    config = configured(tmp_path)
    open_door = config.model_copy(update={"web": config.web.model_copy(update={"host": "0.0.0.0"})})
    assert any("TLS proxy" in mistake for mistake in await named(open_door))


async def test_every_mistake_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSU_AMI_SECRET", "")
    text = (
        "[transcription]\nmodel = 'nowhere'\n[recordings]\nstore = '/proc/nowhere'\n[database]\naccount = 'nobody-here-at-all'\n"
    )
    found = await named(configured(tmp_path, text, managed=False))
    for part in ("[transcription] model", "[recordings] store", "[asterisk] ami_secret_env"):
        assert any(part in mistake for mistake in found), found


async def test_mail_wants_an_address_of_its_own_and_one_for_links(tmp_path: Path) -> None:
    config = configured(tmp_path, "[mail]\nhost = '127.0.0.1'\n")
    assert [mistake.where for mistake in await checks._mail(config)] == ["[web] public_url", "[mail] sender"]
    assert plans.mail_server(config) is None


async def test_a_mail_server_is_greeted_and_sent_nothing(tmp_path: Path) -> None:
    async with post_office() as post:
        text = f"[mail]\nhost = '127.0.0.1'\nport = {post.port}\nsecurity = 'none'\nsender = 'tingsu@example.org'\n"
        config = configured(tmp_path, text, public_url="https://desk.example.org")
        assert await checks._mail(config) == []
        away = configured(tmp_path, text.replace(str(post.port), str(free_ports(1)[0])), public_url="https://desk.example.org")
        assert [mistake.where for mistake in await checks._mail(away)] == ["[mail] host"]
        user = configured(tmp_path, f"{text}user = 'tingsu'\n", public_url="https://desk.example.org")
        assert [mistake.where for mistake in await checks._mail(user)] == ["[mail] password_env"]
    assert not post.mails
