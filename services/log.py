"""Logging: one event per line, to standard error or a file; what is personal is dropped before it is written.

``log.info("call.offered", call=call_id, personal={"number": number})``: the event's name is fixed text, ``<room>.<what>``; ids
are fields; everything about people goes into ``personal``, which a filter removes unless the configuration asks for it. The
libraries' own loggers pass through the same filter; of their exceptions only type and place are written, because an exception's
text quotes data (rows, headers, numbers).
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from services.config import Log

MOST, WINDOW_S = 10, 60.0
KINDS = 500  # of lines counted; beyond it the one longest not begun anew is forgotten
LINE_LIMIT = 2_000  # characters of any one value; a log line is no place for a message body
QUIET = ("asyncio", "aiohttp.access", "aiohttp.server", "panoramisk", "panoramisk.manager")

Event = MutableMapping[str, Any]


def set_up(settings: Log) -> None:
    """Once per process, before anything logs."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _personal(keep=settings.personal),
        _without_exception_text,
        _bounded,
    ]
    json_lines = settings.format == "json" or (settings.format == "auto" and bool(settings.file or not sys.stderr.isatty()))
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=True) if json_lines else _plain
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_foreign, *shared], processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )
    handler = logging.FileHandler(Path(settings.file), encoding="utf-8") if settings.file else logging.StreamHandler()
    handler.setFormatter(formatter)
    handler.addFilter(Flood())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class Flood(logging.Filter):
    """Of one and the same warning or error, ``MOST`` lines in ``WINDOW_S``; then how many were left out.

    A fault that repeats itself by the thousand (no descriptor is free, and every listening socket says so, again and again) must
    not fill the disk that the recordings need, nor drown what else is said. What is only informative is not limited.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._seen: OrderedDict[tuple[str, int, str], _Burst] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        key, now = (record.name, record.levelno, _what(record)), self._now()
        burst = self._seen.get(key)
        if burst is None or now - burst.began > WINDOW_S:
            self._seen[key] = _Burst(now)
            self._seen.move_to_end(key)
            if len(self._seen) > KINDS:
                self._seen.popitem(last=False)
            if burst and burst.count > MOST:
                _tell(record, burst.count - MOST)
            return True
        burst.count += 1
        return burst.count <= MOST


@dataclass(slots=True)
class _Burst:
    began: float
    count: int = 1


def _what(record: logging.LogRecord) -> str:
    """What makes two lines the same: the event's name, or a library's template."""
    if isinstance(record.msg, Mapping):
        return f"{record.msg.get('event')} {record.msg.get('error', '')}"
    return str(record.msg)


def _tell(record: logging.LogRecord, left_out: int) -> None:
    """The line after the flood says how much of it is not there."""
    if isinstance(record.msg, MutableMapping):
        record.msg["left_out_before"] = left_out
    else:
        record.msg = f"{record.msg} [{left_out} of these were left out before]"


def _personal(*, keep: bool) -> Any:
    def drop(_: Any, __: str, event: Event) -> Event:
        if not keep:
            event.pop("personal", None)
        return event

    return drop


def _foreign(_: Any, __: str, event: Event) -> Event:
    """A library's line: its logger's name and the template, not the values filled in."""
    record: logging.LogRecord = event["_record"]
    event["event"] = f"{record.name}: {record.msg}" if isinstance(record.msg, str) else record.name
    return event


def _without_exception_text(_: Any, __: str, event: Event) -> Event:
    info = event.pop("exc_info", None)
    error = (
        info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else sys.exc_info()[1] if info else None
    )
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        event["error"] = type(error).__name__
        event["trace"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def _bounded(_: Any, __: str, event: Event) -> Event:
    for name, value in event.items():
        if isinstance(value, str) and len(value) > LINE_LIMIT:
            event[name] = value[:LINE_LIMIT] + "…"
    return event


def _plain(_: Any, __: str, event: Event) -> str:
    """For people: time, level, event, fields. Control characters (ANSI, CR LF, U+2028) are shown escaped."""
    at, level, name = event.pop("at", "")[11:23], event.pop("level", ""), event.pop("event", "")
    fields = " ".join(
        f"{key}={value!r}" if isinstance(value, str) and " " in value else f"{key}={value}" for key, value in event.items()
    )
    text = f"{at} {level:<7} {name} {fields}".rstrip()
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
