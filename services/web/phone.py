"""What the browser's softphone needs to register; to the extension's own person only."""

from __future__ import annotations

from services.access.rights import Right
from services.errors import NotAllowed
from services.people import wire as people_wire
from services.people.phones import sip_secret
from services.web.http import Asked, route


class PhoneRoutes:
    """``ws_url`` is the switch's own websocket: the phone goes on while we are down (SPEC C10)."""

    def __init__(self, key: bytes, ws_url: str, ring_limit: int) -> None:
        self._key = key
        self._ws_url = ws_url
        self._ring_limit = ring_limit

    @route("GET", "/api/phone", right=Right.DESK, raises=(NotAllowed,), without_database=True)
    async def show(self, asked: Asked) -> people_wire.Phone:
        """Address and secret of one's own browser phone. 409 without an extension, or with a SIP telephone."""
        person = asked.by.person
        if not person.extension or person.phone_kind != "browser":
            raise NotAllowed("you have no browser phone")
        return people_wire.Phone(
            ws_url=self._ws_url,
            uri=f"sip:{person.extension}@tingsu",
            extension=person.extension,
            password=sip_secret(self._key, person.extension, person.phone_secret_n),
            realm="tingsu",
            ring_limit=self._ring_limit,
        )
