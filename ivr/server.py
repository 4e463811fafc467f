"""Serves FastAGI: decides who may connect, how many at once and for how long, and counts how each session ended.

FastAGI has no authentication: whoever can open the port could speak as the switch. So: loopback by default, an allow-list
of addresses, a token that only our dialplan sends, routes by exact name, and the Uniqueid's exact shape. Whoever is turned
away finds the connection closed; for a real caller that means the dialplan's fallback, never silence (SPEC C10).

No peer can hold the loop or another session up: each connection is one task of one TaskGroup, reads into bounded memory
and has a limit on every wait. (panoramisk's door is frozen for ever by one connect-and-close.)
"""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter
from collections.abc import Mapping

import structlog

from cti.ids import CallId, is_uniqueid
from ivr.agi import MAX_LINE, Request
from ivr.errors import CommandRefused, HungUp, IvrError, PeerRefused, ProtocolError, SwitchSilent
from ivr.scripts import Script
from ivr.session import Line, Session
from ivr.settings import IvrSettings

log = structlog.get_logger(__name__)

_BACKLOG = 256  # a burst of calls may knock at once; Asterisk gives a connection 2 s


class AgiServer:
    """Serves scripts by their route name. ``run`` until cancelled; ``bound`` is set once ``port`` can be called."""

    def __init__(self, settings: IvrSettings, scripts: Mapping[str, Script]) -> None:
        self.bound = asyncio.Event()
        self.port = settings.port
        self.counts: Counter[str] = Counter()
        self.live = 0
        self._settings = settings
        self._scripts = dict(scripts)
        self._number = 0
        self._closing = False

    async def run(self) -> None:
        """Listen and serve; on cancellation close the door first, then every session (their callers go to the queue)."""
        async with asyncio.TaskGroup() as group:
            server = await self._listen(group)
            self.bound.set()
            try:
                await asyncio.Event().wait()
            finally:
                # Not serve_forever() nor wait_closed(): from Python 3.12 on both wait for the sessions that end only after us.
                self._closing = True
                server.close()

    async def _listen(self, group: asyncio.TaskGroup) -> asyncio.Server:
        def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._closing:
                return writer.close()
            self._number += 1
            group.create_task(self._attend(Line(reader, writer), writer), name=f"ivr:session:{self._number}")
            return None

        where = self._settings
        server = await asyncio.start_server(arrived, where.host, where.port, limit=MAX_LINE, backlog=_BACKLOG)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _attend(self, line: Line, writer: asyncio.StreamWriter) -> None:
        self.live += 1
        try:
            how = await self._serve(line, writer)
        finally:
            self.live -= 1
            await line.close(self._settings.close_limit)
        self.counts[how] += 1

    async def _serve(self, line: Line, writer: asyncio.StreamWriter) -> str:
        """Serves one connection; returns how it ended, as a word for the count. Nothing that one peer does is raised into the
        group.
        """
        try:
            request = await self._admit(line, writer)
            session = Session(line, request, reply_limit=self._settings.reply_limit, close_limit=self._settings.close_limit)
            async with asyncio.timeout(self._settings.session_limit):
                visit = await self._scripts[request.script](session, CallId(request.uniqueid))
        except PeerRefused as refusal:
            log.warning("ivr.refused", why=refusal.why)
            return f"refused:{refusal.why}"
        except HungUp:
            return "closed_early"
        except TimeoutError:
            log.warning("ivr.session_stuck", limit=self._settings.session_limit)
            return "failed:stuck"
        except IvrError as error:
            return _failed(error)
        except Exception as error:  # a slip in one caller's script must not end the other callers' sessions
            log.exception("ivr.script_broke", error=type(error).__name__)
            return "failed:script"
        return f"{visit.end}:{visit.stage}"

    async def _admit(self, line: Line, writer: asyncio.StreamWriter) -> Request:
        if (writer.get_extra_info("peername") or ("",))[0] not in self._settings.peers:
            raise PeerRefused("address")
        if self.live > self._settings.max_sessions:
            raise PeerRefused("too_many")
        try:
            async with asyncio.timeout(self._settings.header_limit):
                request = await line.event()
        except TimeoutError:
            raise PeerRefused("no_header") from None
        except OSError:
            raise HungUp("the connection broke") from None
        if not isinstance(request, Request):
            raise ProtocolError("not a header block")
        self._check(request)
        return request

    def _check(self, request: Request) -> None:
        if request.script not in self._scripts:
            raise PeerRefused("route")
        sent = request.arguments[0] if request.arguments else ""
        if not hmac.compare_digest(sent.encode(), self._settings.token.encode()):
            raise PeerRefused("token")
        if not is_uniqueid(request.uniqueid):
            raise PeerRefused("uniqueid")


def _failed(error: IvrError) -> str:
    kind = {SwitchSilent: "silent", ProtocolError: "protocol", CommandRefused: "command"}.get(type(error), "other")
    log.warning("ivr.session_failed", kind=kind, detail=str(error))
    return f"failed:{kind}"
