"""Prompts without a speech program, a back office without a database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from cti.ids import CallId
from ivr import sound
from ivr.backoffice import Reception as Received
from ivr.prompts import LANGUAGES, PromptStore, load_texts
from ivr.scripts import Reception
from ivr.server import AgiServer
from ivr.settings import IvrSettings


def hum(seconds: float = 0.1, frequency: float = 440.0) -> sound.Samples:
    """Something that can be heard."""
    return (0.2 * np.sin(np.arange(int(seconds * sound.RATE)) * 2 * np.pi * frequency / sound.RATE)).astype(np.float32)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which an operator has recorded every prompt in every language."""
    folder = tmp_path_factory.mktemp("recorded")
    for language in LANGUAGES:
        for name in load_texts():
            sound.write(folder / language / f"{name}.wav", hum())
    return folder


@pytest.fixture(scope="session")
async def prompts(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> PromptStore:
    store = PromptStore(tmp_path_factory.mktemp("prompts"), recordings=recorded)
    await store.prepare()
    return store


@dataclass
class Clerk:
    """A back office that says what a test tells it to, and remembers what it was told."""

    answer: Received = field(default_factory=lambda: Received(5, "en"))
    delay: float = 0.0
    failure: Exception | None = None
    asked: list[tuple[CallId, str]] = field(default_factory=list)
    told: list[tuple[CallId, str, str]] = field(default_factory=list)

    async def receive(self, call: CallId, number: str) -> Received:
        self.asked.append((call, number))
        await asyncio.sleep(self.delay)
        if self.failure:
            raise self.failure
        return self.answer

    async def chosen(self, call: CallId, path: str, notice: str) -> None:
        self.told.append((call, path, notice))
        if self.failure:
            raise self.failure


@pytest.fixture
def clerk() -> Clerk:
    return Clerk()


@pytest.fixture
def reception(prompts: PromptStore, clerk: Clerk) -> Reception:
    return Reception(prompts, clerk, language="zh-CN", limit=5.0)


Door = Callable[..., AbstractAsyncContextManager[AgiServer]]


@pytest.fixture
def door(reception: Reception) -> Door:
    """``async with door(token=…) as server``: the reception behind a listening FastAGI door, closed again at the end."""

    @asynccontextmanager
    async def opened(script: object = None, **settings: object) -> AsyncIterator[AgiServer]:
        server = AgiServer(IvrSettings(port=0, **settings), {"reception": script or reception})  # type: ignore[arg-type,dict-item]
        async with asyncio.TaskGroup() as group:
            running = group.create_task(server.run(), name="test:door")
            await server.bound.wait()
            try:
                yield server
            finally:
                running.cancel()

    return opened
