"""Defines what can end a talk with a caller: we asked the impossible, the world failed, or the caller left (which is no
failure).
"""

from __future__ import annotations


class IvrError(Exception):
    """Root of this package's errors."""


class UnsafeWord(IvrError, ValueError):
    """A word that must not go out on the AGI wire: control character, quote, backslash, or too long."""


class UnknownPrompt(IvrError, LookupError):
    """A prompt id or language that ivr/prompts.toml does not have."""


class BadTexts(IvrError, ValueError):
    """prompts.toml is not as it must be; the message names the place."""


class ProtocolError(IvrError):
    """The peer does not speak AGI as Asterisk does: line or header too long, header said twice, reply nobody asked for."""


class PeerRefused(IvrError):
    """The peer may not have what it asks for (route, token, address, too many at once). ``why`` is a word for the count."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class CommandRefused(IvrError):
    """The switch does not accept a command of ours (510, 520): ours is wrong, or a module is missing there."""


class SwitchSilent(IvrError):
    """The switch did not answer within the step's own limit, or all steps together were silent for too long."""


class HungUp(IvrError):
    """The caller is gone, or the switch took the caller back (its TIMEOUT ran out): a typed end, not a failure."""


class SpeechFailed(IvrError):
    """The speech program could not be run, took too long or made nothing that can be heard."""


class PromptsMissing(IvrError):
    """Some prompts can neither be spoken nor were recorded; calls go on without them. ``missing`` are ``language/id``."""

    def __init__(self, missing: list[str], why: str) -> None:
        super().__init__(f"{why}; prompts missing: {', '.join(missing)}")
        self.missing = missing
        self.why = why
