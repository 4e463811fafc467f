"""What the switch's own log tells of phones that it did not let in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.hosted.refusals import Refusal, Refusals
from tests.harness.clock import HandClock
from tests.harness.patience import until
from tests.harness.sip_phone import CallRefused, Phone
from tests.harness.switch import Switch, running_switch, secret_of, sip_agent

GUESS = "a-guess-of-sixteen-or-more"


async def _is_refused(switch: Switch, extension: str) -> None:
    phone = await Phone.open(switch.sip, user=extension, secret=GUESS)
    with pytest.raises(CallRefused):
        await phone.register()
    phone.close()


async def test_refused_registrations_are_counted_by_address_and_extension_over_a_rotation(tmp_path: Path) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    async with running_switch(tmp_path / "run", agents=(sip_agent("1001"),)) as switch:
        refusals = Refusals(switch.folder / "log/messages", HandClock(began + timedelta(minutes=30)))
        phone = await Phone.open(switch.sip, user="1001", secret=secret_of("1001"))
        await phone.register()
        phone.close()
        assert await refusals.said() == "", "a phone with the right secret was counted"

        await _is_refused(switch, "1001")
        await switch.command("logger rotate")
        await _is_refused(switch, "1999")

        async def both() -> list[Refusal] | None:
            found = await refusals.lately()
            return found if len(found) == 2 else None

        found = await until(both, "both refusals in the log", 5)
    assert [(one.address, one.extension) for one in found] == [("127.0.0.1", "1001"), ("127.0.0.1", "1999")]
    assert all(abs(one.at - began) < timedelta(minutes=5) for one in found)
    assert await refusals.said() == "2 registrations refused in the last hour (addresses: 1)"


async def test_the_log_tells_of_them_without_anybodys_address(tmp_path: Path) -> None:
    async with running_switch(tmp_path / "run", agents=(sip_agent("1001"),)) as switch:
        began = datetime.now(UTC) - timedelta(seconds=1)
        refusals = Refusals(switch.folder / "log/messages", HandClock(began + timedelta(minutes=30)))
        await _is_refused(switch, "1001")
        await until(refusals.lately, "the refusal in the log", 5)
    with capture_logs() as lines:
        upto = await refusals.tell(began)
        assert await refusals.tell(upto) == upto
    (line,) = lines
    assert (line["event"], line["count"], line["addresses"], line["extensions"]) == ("hosted.registrations_refused", 1, 1, 1)
    assert line["personal"] == {"refused": [("127.0.0.1", "1001")]}
    del line["personal"]
    assert "127.0.0.1" not in str(line)
