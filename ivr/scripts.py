"""Leads callers through a script. So far there is one: the reception (SPEC C1) with greeting, recording notice, menu and queue.

Variables that a finished reception leaves on the caller's channel, for the dialplan and for the switch's events:
``IVR_LANG`` (``zh-CN``, ``en``), ``NOTICE_PLAYED`` (``notice.<version>``; set only once the notice was heard to its end),
``QUEUE_PRIO`` (a number), ``IVR_QUEUE`` (a queue's name, where the caller's key leads to another than the first) and, last of
all, ``IVR_PATH``: while that is empty the IVR has not finished and the dialplan falls back to the first queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import structlog

from cti.ids import CallId
from ivr.backoffice import BackOffice
from ivr.backoffice import Reception as Received
from ivr.errors import HungUp
from ivr.menu import RECEPTION, Menu
from ivr.prompts import Prompt, PromptStore
from ivr.session import Heard, Session
from ivr.walker import NOTICE_PROMPT, Ask, Leave, Say, Stage, Walk, advance, decide, give_up

log = structlog.get_logger(__name__)

T = TypeVar("T")

MAX_PRIORITY = 1000  # app_queue takes any int; a slip in the back office must not overflow it


class End(StrEnum):
    """How a session ended, for the count."""

    QUEUED = "queued"
    HUNG_UP = "hung_up"


@dataclass(frozen=True, slots=True)
class Visit:
    """One caller's stay in the IVR: how it ended and where the caller then stood."""

    end: End
    stage: Stage


Script = Callable[[Session, CallId], Awaitable[Visit]]
"""Raises what a Session raises, except HungUp."""


class Reception:
    """Greeting, notice, menu, queue. Goes on without a back office that is slow or broken, and without missing prompts."""

    def __init__(
        self,
        prompts: PromptStore,
        backoffice: BackOffice,
        *,
        language: str,
        limit: float,
        menu: Menu = RECEPTION,
        queues: Mapping[str, str] | None = None,
    ) -> None:
        """``queues``: names by the way through the menu (``1``) that leads there; all other ways lead to the first queue."""
        self._prompts = prompts
        self._backoffice = backoffice
        self._unknown = Received(priority=0, language=language)
        self._limit = limit
        self._menu = menu
        self._queues = queues or {}

    async def __call__(self, session: Session, call: CallId) -> Visit:
        """Lead one caller to the queue, or to wherever the caller hung up."""
        guide = _Guide(session, self._prompts, Walk(self._menu))
        try:
            received = await self._receive(call, session.request.number)
            path = await guide.lead(received.language)
            await session.set("QUEUE_PRIO", str(received.priority))
            if queue := self._queues.get(path):
                await session.set("IVR_QUEUE", queue)
            await session.set("IVR_PATH", path)
            await session.release()
        except HungUp:
            return Visit(End.HUNG_UP, guide.walk.stage)
        # Only now: the caller is in the queue already, however long this takes.
        await self._in_time(self._backoffice.chosen(call, path, guide.notice), None)
        return Visit(End.QUEUED, guide.walk.stage)

    async def _receive(self, call: CallId, number: str) -> Received:
        told = await self._in_time(self._backoffice.receive(call, number), self._unknown)
        known = told.language in self._prompts.languages
        return Received(max(0, min(told.priority, MAX_PRIORITY)), told.language if known else self._unknown.language)

    async def _in_time(self, question: Awaitable[T], otherwise: T) -> T:
        try:
            async with asyncio.timeout(self._limit):
                return await question
        except TimeoutError:
            log.warning("ivr.back_office_late", limit=self._limit)
        except Exception as error:  # noqa: BLE001  the caller's way must not depend on what fails behind us
            log.warning("ivr.back_office_failed", error=type(error).__name__)
        return otherwise


class _Guide:
    """Performs the walker's decisions on one session."""

    def __init__(self, session: Session, prompts: PromptStore, walk: Walk) -> None:
        self.walk = walk
        self.notice = ""
        self._session = session
        self._prompts = prompts

    async def lead(self, language: str) -> str:
        """Speak ``language`` until the caller has chosen, or has had every try; the path."""
        await self._session.set("IVR_LANG", language)
        while not isinstance(decision := decide(self.walk), Leave):
            prompt = self._prompts.find(language, decision.prompt)
            heard = await self._perform(decision, prompt) if prompt else Heard(None, played=False)
            if heard.played and prompt and prompt.id == NOTICE_PROMPT:
                await self._noticed(prompt)
            self.walk = self._onward(decision, heard)
        return decision.path

    async def _perform(self, decision: Say | Ask, prompt: Prompt) -> Heard:
        if isinstance(decision, Ask):
            return await self._session.ask(prompt, decision.wait)
        return await self._session.say(prompt, whole=decision.whole)

    async def _noticed(self, prompt: Prompt) -> None:
        self.notice = prompt.version
        await self._session.set("NOTICE_PLAYED", prompt.version)

    def _onward(self, decision: Say | Ask, heard: Heard) -> Walk:
        if isinstance(decision, Ask) and not heard.played:
            return give_up(self.walk)
        return advance(self.walk, heard.key)
