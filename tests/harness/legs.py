"""Leg files as the dialplan names them."""

from __future__ import annotations

from datetime import UTC, datetime

from recordings.naming import MILLISECOND, LegFile


def file_name(leg: LegFile) -> str:
    """The name that ivr/asterisk/templates/extensions.conf gives to this leg."""
    millis = (leg.started_at - datetime(1970, 1, 1, tzinfo=UTC)) // MILLISECOND
    return f"{leg.call}_{leg.channel}_{'colleague' if leg.colleague else leg.role}_{millis}.wav"
