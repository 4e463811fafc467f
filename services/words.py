"""Translates what the command line says: every sentence is written in English where it is said, and its Chinese is looked up
here.

The Chinese stands in ``services.chinese`` by the English sentence, its ``{names}`` in braces on both sides (a test holds the two
together). A process speaks one language, set once by ``speak``; what is said to somebody at the desk names his own (``said_in``).
"""

from __future__ import annotations

import os
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, get_args

from recordings.errors import RecordingError
from services.chinese import CHINESE

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_spoken: ContextVar[Language] = ContextVar("spoken", default="en")

RECORDINGS = {
    "model_missing": "no such folder",
    "model_refused": "Vosk does not load it",
    "model_crashed": "the program that loads it has ended",
    "no_model": "the archive holds no Vosk model",
    "bad_name": "this is no name of a model",
    "unknown_model": "the publisher has no model of this name",
    "network": "the publisher cannot be reached",
    "no_space": "the disk is full",
    "disk": "the disk does not take it",
    "too_big": "it is larger than a model may be",
    "wrong_sum": "what came is not what the publisher lists",
    "bad_archive": "the archive is damaged",
    "store_unusable": "the store cannot be opened",
    "store_failed": "the store does not answer as it should",
    "put_failed": "nothing can be put there",
    "other_size": "what is put there comes back in another size",
    "missing": "what was put there is not there",
}
"""For the codes of recordings' errors that an operator meets."""


def speak(language: Language) -> None:
    """From here on the process says everything in this language."""
    _spoken.set(language)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """What this task says meanwhile is for somebody at the desk, in his own language."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def of_environment(variables: Mapping[str, str]) -> Language:
    """The system's language: the first of its three variables that says one. Not Chinese is English."""
    named = (variables.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh-CN" if next(filter(None, named), "").lower().startswith("zh") else "en"


def said(sentence: str, /, **values: Any) -> str:
    """The sentence in the process's language, its values put in. One without a translation stays English."""
    return said_in(_spoken.get(), sentence, **values)


def said_in(language: Language, sentence: str, /, **values: Any) -> str:
    pattern = CHINESE.get(sentence, sentence) if language == "zh-CN" else sentence
    return pattern.format(**values) if values else pattern


def names_in(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def reason(error: BaseException) -> str:
    """Why something failed, as a person would say it; never what the error carries besides."""
    if isinstance(error, RecordingError):
        told = said(RECORDINGS.get(error.code, error.code))
        return f"{told} ({_one_line(error.detail)})" if error.detail else told
    if isinstance(error, TimeoutError) and not error.errno:
        return said("no answer in time")
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return said(os.strerror(error.errno))
    return type(error).__name__


def _one_line(text: str) -> str:
    return " ".join(text.split())
