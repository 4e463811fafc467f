"""Logging: one event per line, to standard error or a file; what is personal is dropped before it is written.

``log.info("call.offered", call=call_id, personal={"number": number})``: the event's name is fixed text, ids are fields, and
everything about people goes into ``personal``, which a filter removes unless the configuration asks for it. The libraries'
own loggers pass through the same filter; of their exceptions only type and place are written, because an exception's text
quotes data (rows, headers, numbers).
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

from services.config import Log

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
