"""Has the crew's children find a recording's words, and fills the call's draft with them (SPEC C7).

The row is a job (``services.store.jobs``): a model that is missing is waited for; sound that cannot be read is given up at once;
what a child dies of, after some tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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
from services.bells import Change, tell_changed
from services.classes import store as classes
from services.errors import Stale
from services.now import Clock
from services.recordings.steps import IntakeSettings, Tell
from services.recordings.store import call_of
from services.store.db import Connection, Pool, connection, transaction
from services.store.jobs import AGAIN, WORLD_AGAIN, Failed, Job, Later, Patience, Runner, Verdict, until_kept
from services.tickets import store as ticket_store
from services.tickets.actions import fill_from_words
from services.transcripts import store
from services.transcripts.drafting import draft

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
        patience = Patience(lease=LEASE, tries=settings.listen_tries, unended=settings.listen_tries)
        self._runner = Runner(pool, clock, store.LINE, self, patience)

    async def next(self) -> bool:
        """Finds one recording's words and fills its draft; False if none is due."""
        return await self._runner.next()

    async def do(self, job: Job) -> Verdict:
        """One try to find the words of a recording. Raises WorldFailed while the database is away."""
        path = self._settings.work / f"{job.thing}.listen.flac"
        try:
            await self._fetch(job, path)
            heard = await self._crew.transcribe(path, channels=2)
        except (ModelRefused, ArchiveFailed, OSError) as error:
            code = getattr(error, "code", type(error).__name__)
            if code == "missing":
                return Failed(code, final=True)
            log.error("transcripts.hindered", error=code)
            return Later(WORLD_AGAIN, code)
        except AudioRefused as error:
            return Failed(error.code, final=True)
        except TranscriptionFailed as error:
            return Failed(error.code)
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return await until_kept(partial(self._words_found, job, heard))  # what was heard is not listened to again

    async def give_up(self, job: Job, reason: str) -> None:
        """No words will come of it; whom its draft concerns is told."""
        async with transaction(self._pool) as taken:
            await store.finish(taken, job.id, "failed", self._clock.now(), error=reason)
            await tell_changed(taken, Change.of_call(call_of(job), self._clock.now()))
        await self._tell(call_of(job), "failed")

    async def _fetch(self, job: Job, path: Path) -> None:
        async with connection(self._pool) as taken:
            key = await store.QUERIES.object_of.fetchval(taken, recording=job.id)
        with await asyncio.to_thread(path.open, "wb") as file:
            async for block in self._archive.stream(key):
                await asyncio.to_thread(file.write, block)

    async def _words_found(self, job: Job, heard: Heard) -> Verdict:
        caller, agent = heard.channels
        utterances = conversation.weave(caller, agent)
        state = "done" if heard.speech and utterances else "no_speech"
        kept = conversation.to_json(utterances)
        for _ in range(10):
            try:
                async with transaction(self._pool) as taken:
                    await store.finish(taken, job.id, state, self._clock.now(), model=heard.model, utterances=kept)
                    await self._fill(taken, call_of(job), utterances)
                    await tell_changed(taken, Change.of_call(call_of(job), self._clock.now()))
                break
            except Stale:
                continue  # the agent typed in this very moment: with the new version
        else:
            return Later(AGAIN, "stale")
        await self._tell(call_of(job), state)
        return None

    async def _fill(self, taken: Connection, call: CallId, utterances: Sequence[conversation.Utterance]) -> None:
        ticket = await ticket_store.load_of_call(taken, call)
        if ticket is None:
            return
        lexicon = await classes.lexicon(taken)
        fillings = await asyncio.to_thread(draft, utterances, lexicon, kind=ticket.kind)  # an hour's call: 0.1 s
        await fill_from_words(taken, call, fillings, self._clock.now())
