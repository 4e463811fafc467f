"""Who may do what at the switch: strangers reach the hotline, agents their colleagues, the backend its own few actions."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.asterisk import TEST_CALL
from tests.harness.patience import until
from tests.harness.sip_phone import Answer, Call, CallRefused, Phone, Reject, tag_of
from tests.harness.switch import HOTLINE, Switch, files_of, running_switch, secret_of, sip_agent, watching
from tests.harness.tones import ULAW, share

NOT_FOUND, INCOMPLETE, UNAUTHORIZED, FORBIDDEN, DECLINED = 404, 484, 401, 403, 603


@pytest.fixture(scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switch]:
    agents = tuple(sip_agent(extension) for extension in ("1001", "1002"))
    async with running_switch(tmp_path_factory.mktemp("doors"), agents=agents) as switch:
        yield switch


@pytest.fixture
async def stranger(switch: Switch) -> AsyncIterator[Phone]:
    phone = await Phone.open(switch.sip, user="13800138000", name="张三")
    yield phone
    phone.close()


@pytest.fixture
async def agent(switch: Switch) -> AsyncIterator[Phone]:
    phone = await Phone.open(switch.sip, user="1001", secret=secret_of("1001"))
    await phone.register()
    yield phone
    phone.close()


@pytest.fixture
async def colleague(switch: Switch) -> AsyncIterator[Phone]:
    phone = await Phone.open(switch.sip, user="1002", secret=secret_of("1002"))
    await phone.register()
    yield phone
    phone.close()


@pytest.mark.parametrize(
    "number",
    [
        "1001",
        "1002",
        "00861068001234",
        "900",
        "s",
        "T",
        "1",
        "100000",
        "PJSIP%2F1001",
        "anonymous",
        "echo",
        "h",
        "*2",
        "%24%7BSHELL%28id%29%7D",
    ],
)
async def test_a_stranger_reaches_nothing_but_the_hotline(switch: Switch, stranger: Phone, number: str) -> None:
    with pytest.raises(CallRefused) as refusal:
        await stranger.call(number)
    assert refusal.value.code in {NOT_FOUND, INCOMPLETE}


async def test_a_stranger_can_not_hand_a_call_on(switch: Switch, stranger: Phone, colleague: Phone) -> None:
    call = await stranger.call(HOTLINE)
    with pytest.raises(CallRefused) as refusal:
        await call.request("REFER", f"Refer-To: <sip:1002@{switch.sip[0]}:{switch.sip[1]}>\r\n")
    assert refusal.value.code == DECLINED, "a call that is in no bridge can be handed on by nobody: that is another refusal"
    await call.hang_up()
    assert not colleague.calls


async def test_a_stranger_can_not_put_another_call_in_the_place_of_his(switch: Switch, stranger: Phone) -> None:
    """What replaces a call passes by the dialplan: it is not recorded, and its number is not read."""
    call = await stranger.call(HOTLINE)
    with pytest.raises(CallRefused) as refusal:
        await replacing(call, HOTLINE)
    assert refusal.value.code == UNAUTHORIZED
    await call.hang_up()


@pytest.mark.parametrize(
    ("who", "more"),
    [("caller", f";x={'y' * 5_000}"), ("agent", ""), ("agent", f";x={'y' * 5_000}")],
    ids=["a caller, with more than the switch looks at", "an agent", "an agent, with more than that"],
)
async def test_who_comes_into_a_call_past_the_dialplan_does_not_stay(
    switch: Switch, stranger: Phone, agent: Phone, who: str, more: str
) -> None:
    """Nobody would record him. He is cut off within seconds: an agent is known by his name, before any rule about headers."""
    async with watching(switch) as watcher:
        await watcher.act("QueueAdd", Queue="complaints", Interface="PJSIP/1001", MemberName="1001")
        since = watcher.mark()
        call = await stranger.call(HOTLINE)
        talk = await agent.next_call()
        await watcher.until_together(since=since)
        since = watcher.mark()
        newer = await (replacing(call, HOTLINE, more) if who == "caller" else replacing(talk, "1002", more))
        came = await watcher.until("Newchannel", since=since)
        await watcher.until("Hangup", since=since, Uniqueid=came["Uniqueid"])
        await newer.ended()
        await call.hang_up()
        await talk.hang_up()
        await watcher.act("QueueRemove", Queue="complaints", Interface="PJSIP/1001")


async def replacing(call: Call, number: str, more: str = "") -> Call:
    """A new call of the same phone in the place of an old one (RFC 3891). Raises CallRefused."""
    newer = call.phone.dial(number)
    tags = f"to-tag={tag_of(call.remote)};from-tag={tag_of(call.local)}"
    await newer.invite(more=f"Replaces: {call.call_id};{tags}{more}\r\n")
    return newer


async def test_a_stranger_who_calls_himself_an_agent_must_prove_it(switch: Switch) -> None:
    liar = await Phone.open(switch.sip, user="1001")
    with pytest.raises(CallRefused) as refusal:
        await liar.call("1002")
    assert refusal.value.code == UNAUTHORIZED
    liar.close()


@pytest.mark.parametrize("user", ["1001", "1009", "2000"])
async def test_no_guessed_secret_registers(switch: Switch, user: str) -> None:
    guesser = await Phone.open(switch.sip, user=user, secret="a-guess-of-sixteen-or-more")
    with pytest.raises(CallRefused) as refusal:
        await guesser.register()
    assert refusal.value.code in {UNAUTHORIZED, FORBIDDEN}
    guesser.close()


@pytest.mark.parametrize("number", ["00861068001234", "9000000", "12", "0100", "10000", "13800138000"])
async def test_an_agent_can_not_dial_out(switch: Switch, agent: Phone, number: str) -> None:
    with pytest.raises(CallRefused):
        await agent.call(number)


async def test_agents_reach_each_other(switch: Switch, agent: Phone, colleague: Phone) -> None:
    call = await agent.call("1002")
    other = await colleague.next_call()
    assert "1001" in other.from_header
    await call.hang_up()
    await other.ended()


async def test_an_agent_hears_himself_by_a_test_call_and_nothing_of_it_is_kept(switch: Switch, agent: Phone) -> None:
    async with watching(switch) as watcher:
        since = watcher.mark()
        call = await agent.call(TEST_CALL)
        own = (await watcher.until("Newchannel", since=since, Exten=TEST_CALL))["Uniqueid"]  # earlier calls may still be told of
        call.voice.tone(1500)
        await until(lambda: share(call.voice.heard()[-4000:], 1500) > 0.9, "the agent's own tone")
        await call.hang_up()
        await watcher.until("Hangup", since=since, Uniqueid=own)
        told = {said.name for said in watcher.events[since:] if own in said.headers.values()}
    assert "DialBegin" not in told
    assert not {name for name in told if name.startswith(("Queue", "MixMonitor", "Bridge"))}
    assert not [path for path in (*map(str, switch.leg_files()), *switch.open_leg_files()) if own in path]


async def test_a_test_call_left_alone_ends_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["ivr.asterisk.render"], "TEST_CALL_S", 1)  # the package has a function by that name
    async with running_switch(tmp_path, agents=(sip_agent("1001"),)) as switch:
        phone = await Phone.open(switch.sip, user="1001", secret=secret_of("1001"))
        await phone.register()
        call = await phone.call(TEST_CALL)
        await call.ended()
        phone.close()
        assert not switch.complaints()


@pytest.mark.parametrize("number", ["00861068001234", "9000000", "s@to-queue", "echo"])
async def test_a_caller_can_be_handed_to_agents_alone(switch: Switch, stranger: Phone, agent: Phone, number: str) -> None:
    async with watching(switch) as watcher:
        await watcher.act("QueueAdd", Queue="complaints", Interface="PJSIP/1001", MemberName="1001")
        since = watcher.mark()
        call = await stranger.call(HOTLINE)
        talk = await agent.next_call()
        await watcher.until_together(since=since)
        with pytest.raises(CallRefused):
            await talk.refer(number)
        await call.hang_up()
        await talk.ended()
        await watcher.act("QueueRemove", Queue="complaints", Interface="PJSIP/1001")


async def test_a_declined_ring_pauses_the_agent_with_a_reason(switch: Switch, stranger: Phone, agent: Phone) -> None:
    agent.on_ring = Reject(486)
    async with watching(switch, as_backend=True) as backend:
        since = backend.mark()
        await backend.act("QueueAdd", Queue="complaints", Interface="PJSIP/1001", MemberName="1001")
        call = await stranger.call(HOTLINE)
        paused = await backend.until("QueueMemberPause", since=since)
        assert paused["PausedReason"] == "Auto-Pause"
        assert paused["MemberName"] == "1001"
        await call.hang_up()
        await backend.act("QueueRemove", Queue="complaints", Interface="PJSIP/1001")


async def test_a_caller_of_the_other_law_is_not_transcoded_and_hears_the_next_agent_at_once(
    switch: Switch, stranger: Phone, agent: Phone, colleague: Phone
) -> None:
    """Debian's Asterisk drops a transcoded voice whose RTP numbers go back, live; so the caller's codec is offered first."""
    stranger.laws = (ULAW,)
    agent.first_sequence, colleague.first_sequence = 20_000, 19_000
    agent.on_ring = colleague.on_ring = Answer()
    async with watching(switch) as watcher:
        await watcher.act("QueueAdd", Queue="complaints", Interface="PJSIP/1001", MemberName="1001")
        since = watcher.mark()
        call = await stranger.call(HOTLINE)
        talk = await agent.next_call()
        assert talk.offered[0] == ULAW.payload_type
        await watcher.until_together(since=since)
        since = watcher.mark()
        await talk.refer("1002")
        other = await colleague.next_call()
        other.voice.tone(1500)
        await watcher.until_together(since=since)
        before = len(call.voice.received)
        await until(lambda: len(call.voice.received) >= before + 60, "60 packets for the caller")
        assert share(call.voice.heard()[-4000:], 1500) > 0.9
        await call.hang_up()
        await watcher.act("QueueRemove", Queue="complaints", Interface="PJSIP/1001")


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        ("Originate", {"Channel": "Local/s@to-queue", "Application": "System", "Data": "id"}),
        ("Command", {"Command": "core show version"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("UpdateConfig", {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"}),
        ("ListCategories", {"Filename": "manager.conf"}),
        ("ModuleLoad", {"LoadType": "load", "Module": "app_system.so"}),
        ("DialplanExtensionAdd", {"Context": "x", "Extension": "1", "Priority": "1", "Application": "System"}),
        ("MixMonitor", {"Channel": "PJSIP/1001-1", "File": "x", "Command": "id"}),
        ("Reload", {}),
        ("DBPut", {"Family": "a", "Key": "b", "Val": "c"}),
        ("UserEvent", {"UserEvent": "Newchannel"}),
        ("Hangup", {"Channel": "/^PJSIP/"}),
        ("PJSIPHangup", {"Channel": "PJSIP/1001-1", "Cause": "486"}),
        ("Redirect", {"Channel": "PJSIP/1001-1", "Context": "to-queue", "Exten": "s", "Priority": "1"}),
        ("BlindTransfer", {"Channel": "PJSIP/1001-1", "Context": "to-queue", "Exten": "s"}),
        ("Atxfer", {"Channel": "PJSIP/1001-1", "Context": "to-queue", "Exten": "s"}),
        ("Bridge", {"Channel1": "PJSIP/1001-1", "Channel2": "PJSIP/1001-2"}),
        ("StopMixMonitor", {"Channel": "PJSIP/1001-1"}),
        ("MixMonitorMute", {"Channel": "PJSIP/1001-1", "Direction": "both", "State": "1"}),
        ("AbsoluteTimeout", {"Channel": "PJSIP/1001-1", "Timeout": "1"}),
        ("Setvar", {"Variable": "IVR_PATH", "Value": "1"}),
        ("SendText", {"Channel": "PJSIP/1001-1", "Message": "x"}),
        ("MessageSend", {"To": "pjsip:1001", "From": "x", "Body": "x"}),
        ("PJSIPShowAuths", {}),
        ("DBDel", {"Family": "registrar", "Key": "contact"}),
        ("Filter", {"Operation": "Add", "Filter": "x"}),
    ],
)
async def test_the_backend_may_not(switch: Switch, action: str, headers: dict[str, str]) -> None:
    async with watching(switch, as_backend=True) as backend:
        answer = await backend.act(action, **headers)
    assert (answer["Response"], answer["Message"]) in {
        ("Error", "Permission denied"),
        ("Error", "Invalid/unknown command: " + action + ". Use Action: ListCommands to show available commands."),
    }


USED = {"Login", "Logoff", "Ping", "Events", "QueueAdd", "QueueRemove", "QueuePause", "QueueStatus", "CoreShowChannels"}
OPEN_TO_EVERY_ACCOUNT = {
    "BridgeDestroy", "BridgeInfo", "BridgeKick", "BridgeList", "BridgeTechnologyList", "BridgeTechnologySuspend",
    "BridgeTechnologyUnsuspend", "Challenge", "ListCommands", "QueueChangePriorityCaller", "QueueReload", "QueueReset",
    "QueueRule", "QueueSummary", "QueueWithdrawCaller", "WaitEvent",
}  # fmt: skip
"""Asterisk gives these no class: no setting takes them from a manager account."""
BESIDE_CORE_SHOW_CHANNELS = {
    "CoreSettings", "CoreShowChannelMap", "CoreStatus", "DBGet", "DBGetTree", "DeviceStateList", "ExtensionState",
    "ExtensionStateList", "Getvar", "LoggerRotate", "MailboxCount", "MailboxStatus", "PJSIPQualify", "PresenceState",
    "ShowDialPlan", "Status",
}  # fmt: skip
"""Of the class reporting: they read; none touches a call."""
BESIDE_QUEUE_ADD = {"QueueLog", "QueueMemberRingInUse", "QueuePenalty"}
"""Of the class agent."""


async def test_the_backend_may_do_what_it_uses_and_what_asterisk_can_not_take_from_it(switch: Switch) -> None:
    """A new action of the switch's, or a class too many, shows here."""
    async with watching(switch, as_backend=True) as backend:
        told = await backend.act("ListCommands")
    allowed = set(told.headers) - {"Response", "ActionID"}
    assert allowed >= USED
    assert allowed - USED <= OPEN_TO_EVERY_ACCOUNT | BESIDE_CORE_SHOW_CHANNELS | BESIDE_QUEUE_ADD


@pytest.mark.parametrize("function", ["SHELL(id)", "FILE(/etc/passwd)", "DB_DELETE(a/b)"])
async def test_no_function_that_runs_or_reads_answers_the_backend(switch: Switch, stranger: Phone, function: str) -> None:
    async with watching(switch, as_backend=True) as backend:
        since = backend.mark()
        call = await stranger.call(HOTLINE)
        channel = (await backend.until("Newchannel", since=since))["Channel"]
        answer = await backend.act("Getvar", Channel=channel, Variable=function)
        assert "uid=" not in answer["Value"]
        assert "root" not in answer["Value"]
        await call.hang_up()


async def test_every_door_is_on_loopback(switch: Switch, stranger: Phone) -> None:
    call = await stranger.call(HOTLINE)  # so that there are doors for sound too
    doors = open_doors(switch.managed.pid or 0)
    await call.hang_up()
    ports = switch.plan.ports
    assert {("tcp", "127.0.0.1", ports.ami), ("tcp", "127.0.0.1", ports.http), ("udp", "127.0.0.1", ports.sip)} <= doors
    assert any(kind == "udp" and port in range(ports.rtp_first, ports.rtp_last + 1) for kind, _, port in doors)
    elsewhere = {(kind, port) for kind, address, port in doors if address != "127.0.0.1"}
    # PJSIP always opens one socket per family to ask name servers; it listens to their answers alone.
    assert {kind for kind, _ in elsewhere} <= {"udp", "udp6"}
    assert len(elsewhere) <= 2


def open_doors(pid: int) -> set[tuple[str, str, int]]:
    """Listening TCP and all UDP sockets of a process: kind, address, port."""
    inodes = {link[8:-1] for link in files_of(pid) if link.startswith("socket:[")}
    doors = set()
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{kind}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if fields[9] in inodes and (fields[3] == "0A" or kind.startswith("udp")):
                shown = socket.inet_ntoa(bytes.fromhex(address)[::-1]) if len(address) == 8 else address
                doors.add((kind, shown, int(port, 16)))
    return doors
