"""Reads the configuration: the file, then the environment over it. Names everything that is wrong with either, at once.

The environment has only text, which is first made what a file would hold; from there on both are one.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from services import words
from services.clocks import written
from services.config import NAME_PATTERN, QUEUE_NAME_PATTERN, BadConfig, Calendar, Config, Mistake
from services.words import Language, reason, said

PREFIX = "TINGSU_"
DEFAULT_FILE = Path("config.toml")

KINDS = {
    "tuple_type": 'a list, e.g. ["10000"]',
    "model_type": "a section with settings",
    "string_type": "a text in quotation marks",
    "int_type": "a whole number, without quotation marks",
    "bool_type": "true or false, without quotation marks",
    "path_type": "a path in quotation marks",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "string_too_short": "a text of {min_length} characters at least",
    "string_too_long": "a text of {max_length} characters at most",
    "string_pattern_mismatch": "a text as {pattern} describes",
    "literal_error": "one of {expected}",
    "dict_type": "sections, one for each name",
    "too_short": "{min_length} or more",
    "too_long": "{max_length} at most",
    "missing": "something",
}
"""What is wanted, by pydantic's names for what is wrong."""

NAMES = "1 to 32 letters, digits or _"
"""In place of the pattern of ``services.config.Name``, which most names in a configuration have."""

QUEUE_NAMES = "1 to 32 small letters, digits or _, a letter first"
"""In place of the pattern of ``services.config.QueueName`` and ``CalendarName``."""

FORMER = {
    "queue": "write [queues.complaints] in its place (the heading has its name), and [ivr.priority] for [queue.priority]",
}
"""Sections of earlier versions, and what is written in their place. They are refused: with both spellings in force nobody could
say which of two numbers counts.
"""

LEAST_WEEK = timedelta(hours=8)
"""What must count in a week, so that the longest order ends within ten years (``clocks.calendar.FARTHEST``)."""

SettingPath = tuple[str, ...]
"""``("ivr", "priority", "big")``, ``("queues", "complaints", "ring_seconds")``."""

LANGUAGE = ("centre", "language")


def language(file: Path | None = None) -> Language:
    """What the command line speaks: the centre's language, as far as it can be read; without a file the system's."""
    named = next((os.environ[name] for name in os.environ if _path(name) == LANGUAGE and name.upper().startswith(PREFIX)), None)
    with contextlib.suppress(BadConfig):
        wanted = file or DEFAULT_FILE
        centre = _read(wanted, must_exist=False).get("centre", {}) if named is None else {}
        usual = Config().centre.language if wanted.exists() else None
        named = named or (centre.get("language", usual) if isinstance(centre, dict) else None)
    return next((one for one in words.LANGUAGES if one == named), words.of_environment(os.environ))


def load(file: Path | None = None) -> Config:
    """Read ``file`` (None: ./config.toml if there is one) and the environment. Raises BadConfig with every mistake."""
    config, mistakes = look(file)
    if mistakes:
        raise BadConfig(mistakes)
    return config


def look(file: Path | None = None) -> tuple[Config, tuple[Mistake, ...]]:
    """The same, where there are mistakes too: the defaults stand in the place of what is wrong. BadConfig for no file at all."""
    wanted = file or DEFAULT_FILE
    content = _read(wanted, must_exist=file is not None)
    said = {_path(name): name for name in os.environ if name.upper().startswith(PREFIX) and "__" in name}
    unknown = [Mistake(_place(path), _no_such(path), written=name) for path, name in sorted(said.items()) if not _field(path)]
    for path, name in said.items():
        if field := _field(path):
            _put(content, path, _typed(os.environ[name], field))
    config, wrong = _sound(content, lambda path: said.get(path) or f"{wanted.name} {_place(path)}")
    config._base = wanted.absolute().parent  # our own class: where relative paths count from
    mistakes = (*unknown, *wrong)
    return config, (*mistakes, *without_followers(_unfit(config), mistakes))


def without_followers(found: Iterable[Mistake], named: Collection[Mistake]) -> list[Mistake]:
    """Of what was found only what has nothing to do with the settings named already."""
    wrong = {mistake.where for mistake in named}
    return [mistake for mistake in found if wrong.isdisjoint(_and_sections((mistake.where, *mistake.leans_on)))]


def _and_sections(places: Iterable[str]) -> Iterator[str]:
    """``[web] port`` and ``[web]``, which may be no section at all."""
    for place in places:
        yield from (place, place.split()[0])


def _read(file: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise BadConfig((Mistake(str(file), said("a file that exists")),)) from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig((Mistake(str(file), said("a readable UTF-8 file"), reason(error)),)) from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig((Mistake(str(file), said("TOML as it is written: {error}", error=error)),)) from None


def _path(variable: str) -> SettingPath:
    return tuple(variable[len(PREFIX) :].lower().split("__"))


def _place(path: SettingPath) -> str:
    *sections, key = path
    return f"[{'.'.join(sections)}] {key}" if sections else f"[{key}]"


def _field(path: SettingPath) -> FieldInfo | None:
    """The setting of that name; None if there is none, or it is a section."""
    field = _section(path[:-1]).get(path[-1])
    return None if field is None or _model_of(field) else field


def _section(path: SettingPath) -> Mapping[str, FieldInfo]:
    model: type[BaseModel] | None = Config
    names = iter(path)
    for name in names:
        field = model.model_fields.get(name) if model else None
        model = _model_of(field) if field else None
        if field and get_origin(field.annotation) is dict and next(names, None) is None:
            return {}  # of a table of sections the next name says which
    return model.model_fields if model else {}


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    """A section's, or that of each in a table of sections; None for a setting."""
    kind = get_args(field.annotation)[-1] if get_origin(field.annotation) is dict else field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _no_such(path: SettingPath) -> str:
    if path[0] in FORMER:
        return said(FORMER[path[0]])
    near = difflib.get_close_matches(path[-1], _section(path[:-1]), n=1)
    return said("there is no such setting; did you mean {near}?", near=near[0]) if near else said("there is no such setting")


def _typed(text: str, field: FieldInfo) -> Any:
    """What a file would hold; a text that is nothing of the kind stays one, and is refused as it would be there."""
    try:
        if get_origin(field.annotation) is tuple:
            return json.loads(text)
        return TypeAdapter(field.annotation).validate_python(text) if field.annotation in {int, bool} else text
    except ValueError:
        return text


def _put(content: dict[str, Any], path: SettingPath, value: Any) -> None:
    *sections, key = path
    for name in sections:
        content = content.setdefault(name, {})
        if not isinstance(content, dict):
            return  # named as it stands
    content[key] = value


def _sound(content: dict[str, Any], written: Callable[[SettingPath], str]) -> tuple[Config, list[Mistake]]:
    """What is right of it, and why the rest, taken out of ``content``, is not. ``written`` says where a setting was read."""
    mistakes: list[Mistake] = []
    while True:
        try:
            return Config.model_validate(content), mistakes
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                # not which of a list; and a name that is wrong is named by itself
                path = tuple(part for part in detail["loc"] if isinstance(part, str) and part != "[key]")
                mistakes.append(_mistake(detail, path, written(path)))
                _take_out(content, path)
            if content.get("queues") == {}:
                del content["queues"]  # all were wrong, which was said: that there is none is no mistake more


def _take_out(content: dict[str, Any], path: SettingPath) -> None:
    *sections, key = path
    for name in sections:
        content = content.get(name, {})  # gone already, if more than one thing is wrong with it
    content.pop(key, None)


def _mistake(detail: Any, path: SettingPath, written: str) -> Mistake:
    if detail["type"] == "extra_forbidden":
        return Mistake(_place(path), _no_such(path), written=written)
    came = detail["input"]
    secret = "://" in str(came) or isinstance(came, dict)
    return Mistake(_place(path), wanted_of(detail), "" if secret else _as_toml(came)[:60], written)


def wanted_of(detail: Any) -> str:
    """What pydantic wanted instead, in the language spoken. Our own rules say it themselves."""
    context = detail.get("ctx", {})
    if context.get("pattern") == NAME_PATTERN:
        return said(NAMES)
    if context.get("pattern") == QUEUE_NAME_PATTERN:
        return said(QUEUE_NAMES)
    if kind := KINDS.get(detail["type"]):
        return said(kind, **{name: context[name] for name in words.names_in(kind)})
    return str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")


def _as_toml(came: Any) -> str:
    """As the file has it: true, not True."""
    return json.dumps(came, ensure_ascii=False, default=str)


def _unfit(config: Config) -> Iterator[Mistake]:
    """What does not go together."""
    yield from _unfit_switch(config)
    yield from _unfit_queues(config)
    yield from _unfit_calendars(config)


def _unfit_queues(config: Config) -> Iterator[Mistake]:
    if config.ivr.queue and config.ivr.queue not in config.queues:
        wanted = said("a queue that there is, of {names}", names=", ".join(config.queues))
        yield Mistake("[ivr] queue", wanted, config.ivr.queue, leans_on=("[queues]",))
    taken: dict[str, str] = {}
    for name, queue in config.queues.items():
        for key in queue.keys:
            if (other := taken.setdefault(key, name)) != name:
                wanted = said("a key that leads to no other queue ({key} leads to {other})", key=key, other=other)
                yield Mistake(f"[queues.{name}] keys", wanted, key, leans_on=(f"[queues.{other}] keys",))


def _unfit_calendars(config: Config) -> Iterator[Mistake]:
    taken: dict[str, str] = {}
    for name, calendar in config.calendars.items():
        section = f"[calendars.{name}]"
        yield from _unfit_week(section, calendar)
        for clock in calendar.clocks:
            if (other := taken.setdefault(clock, name)) != name:
                wanted = said("a clock that has no other calendar ({clock} has {other})", clock=clock, other=other)
                yield Mistake(f"{section} clocks", wanted, clock, leans_on=(f"[calendars.{other}] clocks",))


def _unfit_week(section: str, calendar: Calendar) -> Iterator[Mistake]:
    """Too little time would put an end ten years away; and a day at work like one that is none is a slip."""
    week = tuple(f"{section} {day}" for day in written.WEEKDAYS)
    a_week = sum((span.end - span.begin for day in calendar.week.values() for span in written.hours(day)), timedelta(0))
    if a_week < LEAST_WEEK:
        wanted = said("{hours} hours or more in a week", hours=LEAST_WEEK // timedelta(hours=1))
        yield Mistake(section, wanted, str(a_week), leans_on=week)
    off = written.holidays(calendar.holidays)
    for day, like in written.workdays(calendar.workdays).items():
        if day in off:
            yield Mistake(
                f"{section} workdays", said("a day that is no holiday too"), day.isoformat(), leans_on=(f"{section} holidays",)
            )
        if not calendar.week[like]:
            wanted = said("a day of the week that has hours")
            yield Mistake(f"{section} workdays", wanted, f"{day} {like}", leans_on=(f"{section} {like}",))


def _unfit_switch(config: Config) -> Iterator[Mistake]:
    asterisk = config.asterisk
    first, last = asterisk.rtp_first, asterisk.rtp_last
    sound = ("[asterisk] managed", "[asterisk] rtp_first", "[asterisk] rtp_last")
    if last - first < 3:
        wanted = said("at least 3 above rtp_first: a call takes four ports")
        yield Mistake("[asterisk] rtp_last", wanted, f"{first}–{last}", leans_on=sound)
    if asterisk.managed and first <= asterisk.sip_port <= last:
        wanted = said("a port that is none of the sound's")
        yield Mistake(
            "[asterisk] sip_port",
            wanted,
            said("{port}, of {first}–{last}", port=asterisk.sip_port, first=first, last=last),
            leans_on=sound,
        )
    if bool(asterisk.wss_port) != bool(asterisk.tls_certificate and asterisk.tls_key):
        wanted, files = (
            said("with tls_certificate and tls_key: all three or none"),
            ("[asterisk] tls_certificate", "[asterisk] tls_key"),
        )
        yield Mistake("[asterisk] wss_port", wanted, leans_on=files)
