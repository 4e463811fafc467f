"""Decides a caller's way through greeting, notice and menu, without I/O: from where the caller stands and a key follow what to
say and where to go.

The rules (SPEC C1): a key pressed during greeting or menu is taken at once; a key pressed during the recording notice is
taken too, but the notice is played to its end, because every call is recorded (Q4) and the caller has a right to know.
Wrong keys and silence share one count; when a menu's tries are used up the caller goes to the queue. Every walk ends
there, whatever is pressed: each step either moves on or uses up a try.

    GREETING -> NOTICE -> MENU <-> CORRECTION
                           └-----> GOODBYE -> OVER
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ivr.menu import NOBODY_CHOSE, Exit, Menu

GREETING_PROMPT = "greeting"
NOTICE_PROMPT = "notice"


class Stage(StrEnum):
    """Where in the walk a caller stands; hang-ups are counted by it."""

    GREETING = "greeting"
    NOTICE = "notice"
    MENU = "menu"
    CORRECTION = "correction"
    GOODBYE = "goodbye"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Say:
    """Play a prompt. ``whole``: to its end, whatever is pressed (the first key is still reported)."""

    prompt: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Play a prompt and wait ``wait`` seconds for one key."""

    prompt: str
    wait: float


@dataclass(frozen=True, slots=True)
class Leave:
    """To the queue. ``path``: the keys that chose something, joined by dots, or NOBODY_CHOSE."""

    path: str


Decision = Say | Ask | Leave


@dataclass(frozen=True, slots=True)
class Walk:
    """Where one caller stands. ``ahead`` is a key pressed before its menu was reached."""

    menu: Menu
    stage: Stage = Stage.GREETING
    path: tuple[str, ...] = ()
    tries: int = 0
    ahead: str | None = None
    prompt: str = GREETING_PROMPT


def decide(walk: Walk) -> Decision:
    """What to do where the caller stands."""
    match walk.stage:
        case Stage.NOTICE:
            return Say(walk.prompt, whole=True)
        case Stage.MENU:
            return Ask(walk.prompt, walk.menu.wait)
        case Stage.OVER:
            return Leave(".".join(walk.path) or NOBODY_CHOSE)
        case _:
            return Say(walk.prompt)


def advance(walk: Walk, key: str | None) -> Walk:
    """Where the caller stands after a decision was performed and ``key`` (None: nothing) was pressed meanwhile."""
    match walk.stage:
        case Stage.GREETING:
            return replace(walk, stage=Stage.NOTICE, prompt=NOTICE_PROMPT, ahead=key)
        case Stage.NOTICE:
            return _enter(walk, walk.ahead or key)
        case Stage.MENU:
            return _choose(walk, key)
        case Stage.CORRECTION:
            return _enter(walk, key)
        case Stage.GOODBYE | Stage.OVER:
            return replace(walk, stage=Stage.OVER)


def give_up(walk: Walk) -> Walk:
    """The menu cannot be played: the caller is not kept."""
    return replace(walk, stage=Stage.OVER)


def _enter(walk: Walk, ahead: str | None) -> Walk:
    at_menu = replace(walk, stage=Stage.MENU, prompt=walk.menu.prompt, ahead=None)
    return _choose(at_menu, ahead) if ahead else at_menu


def _choose(walk: Walk, key: str | None) -> Walk:
    choice = walk.menu.choices.get(key) if key else None
    if key is None or choice is None:
        return _correct(walk, walk.menu.silent if key is None else walk.menu.wrong)
    path = (*walk.path, key)
    if isinstance(choice, Exit):
        return replace(walk, stage=Stage.GOODBYE, prompt=choice.prompt, path=path)
    return replace(walk, menu=choice, stage=Stage.MENU, prompt=choice.prompt, path=path, tries=0)


def _correct(walk: Walk, prompt: str) -> Walk:
    tries = walk.tries + 1
    if tries >= walk.menu.tries:
        return replace(walk, stage=Stage.GOODBYE, prompt=walk.menu.otherwise.prompt, tries=tries)
    return replace(walk, stage=Stage.CORRECTION, prompt=prompt, tries=tries)
