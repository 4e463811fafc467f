"""Has the crew's children find a recording's words, and fills the call's draft with them (SPEC C7).

Claimed like recordings, the try counted before it is made. A model that is missing is waited for; sound that cannot be read is
given up at once; what a child dies of, after some tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from cti.ids import CallId
from recordings import transcript as conversation
from recordings.archive import Archive
from recordings.crew import Heard
from recordings.errors import ArchiveFailed, AudioRefused, ModelRefused, TranscriptionFailed
from services.classes import store as classes
from services.errors import Stale
from services.now import Clock
from services.recordings.steps import AGAIN, WORLD_AGAIN, IntakeSettings, Tell, until_kept
from services.store.db import Connection, Pool, connection, transaction
from services.tickets import store as ticket_store
from services.tickets.actions import fill_from_words
from services.transcripts import store
from services.transcripts.drafting import draft
from services.transcripts.store import Listening
from services.troubles import reason_of

LEASE = timedelta(hours=5)  # longer than a recording may take ([transcription] job_seconds); listened to twice is no harm

log = structlog.get_logger(__name__)


class Crew(Protocol):
    """Who listens (recordings.crew), and for how long at most."""

    async def transcribe(self, path: Path, *, channels: int = 2) -> Heard: ...


class Listener:
    """``next`` finds the words of one recording."""

    def __init__(self, pool: Pool, archive: Archive, crew: Crew, clock: Clock, *, settings: IntakeSettings, tell: Tell) -> None:
        self._pool = pool
        self._archive = archive
        self._crew = crew
        self._clock = clock
        self._settings = settings
        self._tell = tell

    async def next(self) -> bool:
        """Finds one recording's words and fills its draft; False if none is due."""
        now = self._clock.now()
        async with transaction(self._pool) as taken:
            overdue = await store.QUERIES.give_up_overdue.fetch(taken, now=now, tries=self._settings.listen_tries)
            job = await store.claim_transcript(taken, now, lease=LEASE, tries=self._settings.listen_tries)
        if job is not None:
            await self._listen(job)
        for row in overdue:
            await self._tell(CallId(row["call_id"]), "failed")
        return job is not None

    async def _listen(self, job: Listening) -> None:
        path = self._settings.work / f"{job.call}.listen.flac"
        try:
            await until_kept(await self._outcome(job, path))
        except Exception as error:  # noqa: BLE001  one row that cannot be done, for whatever reason, is set aside after some tries
            await until_kept(partial(self._words_failed, job, reason_of(error), again=job.attempts < self._settings.listen_tries))
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _outcome(self, job: Listening, path: Path) -> Callable[[], Awaitable[None]]:
        """What is to be written of this try."""
        try:
            await self._fetch(job.object, path)
            heard = await self._crew.transcribe(path, channels=2)
        except (ModelRefused, ArchiveFailed, OSError) as error:
            code = getattr(error, "code", type(error).__name__)
            if code == "missing":
                return partial(self._words_failed, job, code)
            log.error("transcripts.hindered", error=code)
            return partial(self._try_again, job, WORLD_AGAIN, counts=False, error=code)
        except AudioRefused as error:
            return partial(self._words_failed, job, error.code)
        except TranscriptionFailed as error:
            return partial(self._words_failed, job, error.code, again=job.attempts < self._settings.listen_tries)
        return partial(self._words_found, job, heard)

    async def _fetch(self, key: str, path: Path) -> None:
        with await asyncio.to_thread(path.open, "wb") as file:
            async for block in self._archive.stream(key):
                await asyncio.to_thread(file.write, block)

    async def _words_found(self, job: Listening, heard: Heard) -> None:
        caller, agent = heard.channels
        utterances = conversation.weave(caller, agent)
        state = "done" if heard.speech and utterances else "no_speech"
        kept = conversation.to_json(utterances)
        for _ in range(10):
            try:
                async with transaction(self._pool) as taken:
                    await store.finish(taken, job.recording, state, self._clock.now(), model=heard.model, utterances=kept)
                    await self._fill(taken, job.call, utterances)
                break
            except Stale:
                continue  # the agent typed in this very moment: with the new version
        else:
            await self._try_again(job, AGAIN, counts=False, error="stale")
            return
        await self._tell(job.call, state)

    async def _fill(self, taken: Connection, call: CallId, utterances: Sequence[conversation.Utterance]) -> None:
        ticket = await ticket_store.load_of_call(taken, call)
        if ticket is None:
            return
        lexicon = await classes.lexicon(taken)
        fillings = await asyncio.to_thread(draft, utterances, lexicon, kind=ticket.kind)  # an hour's call: 0.1 s
        await fill_from_words(taken, call, fillings, self._clock.now())

    async def _words_failed(self, job: Listening, code: str, *, again: bool = False) -> None:
        log.warning("transcripts.failed", call=job.call, error=code, attempt=job.attempts)
        if again:
            await self._try_again(job, AGAIN * 5 * job.attempts, counts=True, error=code)
            return
        async with connection(self._pool) as taken:
            await store.finish(taken, job.recording, "failed", self._clock.now(), error=code)
        await self._tell(job.call, "failed")

    async def _try_again(self, job: Listening, wait: timedelta, *, counts: bool, error: str) -> None:
        async with connection(self._pool) as taken:
            await store.QUERIES.put_off_transcript.execute(
                taken, recording=job.recording, until=self._clock.now() + wait, counts=counts, error=error
            )
