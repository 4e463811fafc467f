"""A caller for whom there is no line is refused, and nobody overlooks it (config ``[trunks]``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.centre import Centre
from tests.harness.sip_phone import CallRefused, Phone
from tests.harness.switch import HOTLINE


async def test_a_caller_beyond_the_lines_stands_in_the_list_of_calls_as_refused(tmp_path: Path) -> None:
    async with Centre(tmp_path / "centre", settings={"trunks": {"most_calls": 1}}) as centre:
        first = await Phone.open(centre.sip, user="13800138000")
        second = await Phone.open(centre.sip, user="13900139000")
        try:
            call = await first.call(HOTLINE)
            with pytest.raises(CallRefused):
                await second.call(HOTLINE)
            row = await centre.call_of("13900139000", outcome="refused")
            assert row["answered_by"] is None
            await call.hang_up()
            await centre.call_of("13800138000", outcome="ivr_hangup")
        finally:
            first.close()
            second.close()
