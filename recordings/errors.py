"""Defines what can go wrong with sound and words. "You asked for something impossible" is told apart from "the world failed"."""

from __future__ import annotations


class RecordingError(Exception):
    """Root of everything this package raises on purpose. ``code`` is stable and fit for a database column or a log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class NameRefused(RecordingError, ValueError):
    """A file name that is not exactly what the dialplan writes, or a key that is not made of ids and a date."""


class BadLeg(RecordingError):
    """A leg file that cannot be decoded: to be put into quarantine, its call goes on without it."""


class SpoolChanged(RecordingError):
    """A leg file is no longer what was archived: it must not be removed."""


class ArchiveFailed(RecordingError):
    """The store did not take or give an object (full disk, network, rights)."""


class AlreadyArchived(RecordingError):
    """Another object stands under this key: archived recordings are never overwritten (SPEC Q4)."""


class TranscriptionFailed(RecordingError):
    """One try at one recording failed; the crew itself is well. Whether to try again is the caller's decision."""


class AudioRefused(TranscriptionFailed):
    """The sound cannot be read or is too long: another try would fail the same way."""


class WorkerDied(TranscriptionFailed):
    """The child process ended during the job (crash in native code, out of memory, killed)."""


class WorkerStalled(TranscriptionFailed):
    """The child process gave no sign of life, or took longer than the job was given; it has been killed."""


class ModelRefused(TranscriptionFailed):
    """No child can load this model: missing, damaged or too large for the memory limit."""


class ModelUnavailable(RecordingError):
    """A model could not be fetched: unknown name, network, or an archive that must not be unpacked."""
