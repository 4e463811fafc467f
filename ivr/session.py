"""Talks to one caller over the wire: say, ask, set. Each step has its own time limit; the caller's leaving is one typed end
(HungUp).

The fail-open contract with the dialplan (SPEC C10): the dialplan gives us TIMEOUT(absolute) = 3 s; before each step the
session raises it to the step's own length + 3 s. If this process dies, hangs or is cut off at any point, the switch takes
the caller back SPARE seconds after the running prompt at the latest and goes on to the queue by itself (it needs
AGIEXITONHANGUP=yes for that; without it Asterisk 22 waits for a silent server for ever). Being slow at every step is no way
round it: the silence of all steps together has a limit of its own, and what is left of it is all that the next step is given.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass

from ivr.agi import KEYS, Decoder, Event, HangUp, Reply, Request, encode
from ivr.errors import CommandRefused, HungUp, ProtocolError, SwitchSilent
from ivr.prompts import Prompt

SPARE = 3  # s; what SPEC C10 and the dialplan give a silent server
IN_ALL = 6  # s; and what all its silences may come to
_READ = 4096  # bytes at once; the decoder holds no more than one line beyond that
_UP = "6"  # CHANNEL STATUS of an answered channel
_DEAD = 511  # "Command Not Permitted on a dead channel"


class Line:
    """The connection: commands out, events in. Never more than one line and one piece are held in memory."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder()
        self._events: deque[Event] = deque()

    async def event(self) -> Event:
        """The next event; raises HungUp at the end of the connection, ProtocolError."""
        while not self._events:
            data = await self._reader.read(_READ)
            if not data:
                raise HungUp("the switch closed the connection")
            self._events.extend(self._decoder.feed(data))
        return self._events.popleft()

    async def send(self, line: bytes) -> None:
        """Write one command; raises ProtocolError if an answer has come that no command of ours can have caused."""
        if any(isinstance(event, Reply) for event in self._events):
            raise ProtocolError("an answer nobody asked for")
        self._writer.write(line)
        await self._writer.drain()

    async def close(self, limit: float) -> None:
        """Close; a peer that does not take the last bytes within ``limit`` seconds is dropped."""
        self._writer.close()
        try:
            async with asyncio.timeout(limit):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of playing a prompt: the first key pressed, and whether the switch had such a file at all."""

    key: str | None
    played: bool = True


class Session:
    """One caller in the IVR. Every method raises HungUp, SwitchSilent, CommandRefused or ProtocolError, and nothing else."""

    def __init__(self, line: Line, request: Request, *, reply_limit: float, close_limit: float) -> None:
        self.request = request
        self._line = line
        self._reply_limit = reply_limit
        self._close_limit = close_limit
        self._began = asyncio.get_running_loop().time()
        self._sounded = 0.0  # s; of that time the caller heard something, or was expected to press a key

    async def say(self, prompt: Prompt, *, whole: bool = False) -> Heard:
        """Play a prompt; a key stops it and is returned. ``whole``: a key is returned too, but the prompt goes on to its end."""
        await self._allow(prompt.seconds)
        reply = await self._exchange("STREAM FILE", str(prompt.path), KEYS, seconds=prompt.seconds)
        if reply.failed:
            return await self._not_played()
        if whole and reply.key:
            await self._finish(prompt, reply.endpos)
        return Heard(reply.key)

    async def ask(self, prompt: Prompt, wait: float) -> Heard:
        """Play and then wait ``wait`` seconds for one key; the key is None if there was none.

        One command for both, so that no key falls between playing and waiting (the switch drops keys while it is idle).
        """
        seconds = prompt.seconds + wait
        await self._allow(seconds)
        reply = await self._exchange("GET OPTION", str(prompt.path), KEYS, str(round(wait * 1000)), seconds=seconds)
        return await self._not_played() if reply.failed else Heard(reply.key)

    async def set(self, name: str, value: str) -> None:
        """Set a channel variable (or write a dialplan function, ``TIMEOUT(absolute)``)."""
        await self._exchange("SET VARIABLE", name, value)

    async def release(self) -> None:
        """Close: the dialplan goes on with the caller at once.

        The time limit is set back to SPARE, not lifted: the dialplan lifts it as soon as it has the caller again, and if this
        process froze before the close, a lifted limit would leave the caller in silence for ever.
        """
        await self._allow(0)
        await self._line.close(self._close_limit)

    async def _finish(self, prompt: Prompt, start: int) -> None:
        if (await self._exchange("STREAM FILE", str(prompt.path), "", str(start), seconds=prompt.seconds)).failed:
            await self._not_played()

    async def _allow(self, seconds: float) -> None:
        """Raises SwitchSilent if the caller has waited for us long enough: then the dialplan takes over."""
        silent = asyncio.get_running_loop().time() - self._began - self._sounded
        if silent >= IN_ALL:
            raise SwitchSilent("SET VARIABLE")
        await self.set("TIMEOUT(absolute)", str(math.ceil(seconds + min(SPARE, IN_ALL - silent))))

    async def _not_played(self) -> Heard:
        status = await self._exchange("CHANNEL STATUS")
        if status.result != _UP:
            raise HungUp("the channel is no longer up")
        return Heard(None, played=False)

    async def _exchange(self, *words: str, seconds: float = 0.0) -> Reply:
        command, began = encode(*words), asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(seconds + self._reply_limit):
                await self._line.send(command)
                event = await self._line.event()
        except TimeoutError:
            raise SwitchSilent(words[0]) from None
        except OSError as error:
            raise HungUp("the connection broke") from error
        self._sounded += min(seconds, asyncio.get_running_loop().time() - began)
        return _accepted(event, words[0])


def _accepted(event: Event, command: str) -> Reply:
    if isinstance(event, HangUp):
        raise HungUp("the caller hung up, or the switch took the caller back")
    if isinstance(event, Request):  # cannot be: a decoder makes one request and then never again
        raise ProtocolError("a second header block")
    if event.code == _DEAD:
        raise HungUp("the channel is dead")
    if event.code != 200:
        raise CommandRefused(f"{command}: {event.code} {event.rest or event.result}")
    return event
