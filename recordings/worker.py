"""Listens to recordings in a child process: ``python -m recordings.worker MODEL``. The only importer of vosk.

Vosk is native code that can crash, stall and grow, so it lives here, where it can be killed without harm. The
crew sends jobs over stdin and hears back over stdout (recordings.frames); the end of stdin ends the worker, and so does the
death of its parent. Facts of vosk 0.3.45 that this file heeds: sound at a rate other than the declared one gives wrong words
without an error, so it is always converted to the model's own rate; an end of speech is looked for once per call, so chunks are
small and always of one size; ``result`` and ``text`` may be missing from its JSON; a bad grammar argument ends the process by a
segmentation fault, so none is ever passed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr

from recordings import frames
from recordings.gate import Gate
from recordings.recognizer import Phrase, Recognizer, Word

CHUNK_S = 0.25  # seconds of sound per call of the recogniser
BLOCK_S = 10  # seconds read from the file at a time, and between two signs of life
DEFAULT_RATE = 16_000  # samples per second of a model that does not say
PR_SET_PDEATHSIG = 1  # prctl(2)
SAID_AT_MOST = 16_384  # bytes of what Vosk prints while it loads
_ERROR = re.compile(r"^ERROR \([^\n]*?:\d+\) ([^\n]*)", re.MULTILINE)
Samples = npt.NDArray[np.int16]
Tell = Callable[[float], None]


class VoskRecognizer:
    """A Recognizer over vosk's KaldiRecognizer, no grammar."""

    def __init__(self, model: Any, rate: int) -> None:
        from vosk import KaldiRecognizer

        self.rate = rate
        self._kaldi = KaldiRecognizer(model, float(rate))
        self._kaldi.SetWords(True)

    def feed(self, pcm: bytes) -> list[Phrase]:
        return _phrases(self._kaldi.Result()) if self._kaldi.AcceptWaveform(pcm) else []

    def finish(self) -> list[Phrase]:
        return _phrases(self._kaldi.FinalResult())


def _phrases(result: str) -> list[Phrase]:
    """Vosk leaves ``result`` out when there are no words."""
    words = json.loads(result).get("result", [])
    phrase = tuple(Word(str(w["word"]), float(w["start"]), float(w["end"]), float(w.get("conf", 0.0))) for w in words)
    return [phrase] if phrase else []


# listening to one file ------------------------------------------------------------------------------------------------


def listen(path: Path, channel: int, recognizer: Recognizer, tell: Tell) -> list[Phrase]:
    """All phrases of one channel of a sound file, times from its first sample. ``tell`` hears the seconds done so far.

    sf.LibsndfileError, ValueError or OSError if the file cannot be read. Memory does not grow with the file.
    """
    with sf.SoundFile(path) as sound:
        if channel >= sound.channels:
            raise ValueError("no such channel")
        gate = Gate(sound.samplerate)
        for at, block in _blocks(sound, channel, 0, sound.frames):
            gate.feed(block)
            tell(at)
        phrases: list[Phrase] = []
        fed = 0.0
        for first, last in gate.stretches():
            found, seconds = _stretch(sound, channel, (first, last), recognizer, tell)
            phrases += _moved(found, first / sound.samplerate - fed)
            fed += seconds
        return phrases


def _blocks(sound: sf.SoundFile, channel: int, first: int, last: int) -> Iterator[tuple[float, Samples]]:
    size = BLOCK_S * sound.samplerate
    sound.seek(first)
    for start in range(first, last, size):
        block = sound.read(min(size, last - start), dtype="int16", always_2d=True)
        yield start / sound.samplerate, np.ascontiguousarray(block[:, channel])


def _stretch(
    sound: sf.SoundFile, channel: int, stretch: tuple[int, int], recognizer: Recognizer, tell: Tell
) -> tuple[list[Phrase], float]:
    """The phrases of one stretch, in the recogniser's own time, and the seconds that it was fed."""
    phrases: list[Phrase] = []
    chunk, fed = round(CHUNK_S * recognizer.rate), 0
    waiting = np.zeros(0, np.int16)
    for at, block in _at_rate(sound, channel, stretch, recognizer.rate):
        waiting = np.concatenate([waiting, block])
        whole = len(waiting) // chunk * chunk
        for start in range(0, whole, chunk):
            phrases += recognizer.feed(waiting[start : start + chunk].tobytes())
        fed, waiting = fed + whole, waiting[whole:]
        tell(at)
    phrases += recognizer.feed(waiting.tobytes())
    return phrases + recognizer.finish(), (fed + len(waiting)) / recognizer.rate


def _at_rate(sound: sf.SoundFile, channel: int, stretch: tuple[int, int], rate: int) -> Iterator[tuple[float, Samples]]:
    if sound.samplerate == rate:
        yield from _blocks(sound, channel, *stretch)
        return
    stream = soxr.ResampleStream(sound.samplerate, rate, 1, dtype="int16")
    for at, block in _blocks(sound, channel, *stretch):
        yield at, stream.resample_chunk(block)
    yield stretch[1] / sound.samplerate, stream.resample_chunk(np.zeros(0, np.int16), last=True)


def _moved(phrases: Sequence[Phrase], seconds: float) -> list[Phrase]:
    """The phrases with times in the file. Vosk's own times run on over everything it was fed."""
    return [tuple(Word(w.text, w.start + seconds, w.end + seconds, w.conf) for w in phrase) for phrase in phrases]


# the model ------------------------------------------------------------------------------------------------------------


def model_rate(folder: Path) -> int:
    """The sample rate the model was trained for: what its mfcc.conf says, else 16 kHz (Kaldi's own default)."""
    for conf in (folder / "conf" / "mfcc.conf", folder / "mfcc.conf"):
        if conf.is_file():
            for line in conf.read_text("utf-8", "replace").splitlines():
                name, _, value = line.partition("#")[0].partition("=")
                if name.strip() == "--sample-frequency":
                    return int(float(value))
    return DEFAULT_RATE


def vocabulary(folder: Path) -> int | None:
    """Words the model knows, without Kaldi's own marks; None if it does not list them."""
    for listed in (folder / "graph" / "words.txt", folder / "words.txt"):
        if listed.is_file():
            with listed.open(encoding="utf-8", errors="replace") as lines:
                return sum(1 for line in lines if not line.startswith(("<", "#", "[", "!")))
    return None


def load(folder: Path) -> Any:
    """The model. Vosk takes only str, and answers anything wrong with a bare Exception."""
    import vosk

    vosk.SetLogLevel(-2)  # before the first Model, or Kaldi's own logger prints stack traces
    with _overheard() as said:
        try:
            return vosk.Model(str(folder))
        except Exception as error:
            raise Unloadable(why_not(folder, said())) from error


class Unloadable(Exception):
    """Vosk cannot load this model; the text is its own reason."""


@contextlib.contextmanager
def _overheard() -> Iterator[Callable[[], str]]:
    """Catches what native code prints to file descriptor 2 meanwhile: Vosk gives its reasons there and nowhere else."""
    kept = os.dup(2)
    with os.fdopen(os.memfd_create("vosk"), "w+b") as said:
        os.dup2(said.fileno(), 2)
        try:
            yield lambda: os.pread(said.fileno(), SAID_AT_MOST, 0).decode("utf-8", "replace")
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def why_not(folder: Path, said: str) -> str:
    """Vosk's last error without its place in the source, with a hint where a model was unpacked one folder too deep."""
    errors = _ERROR.findall(said)
    reason = errors[-1].partition(". ")[0] if errors else "Vosk gives no reason"
    inside = sorted(mark.parent.parent.name for mark in folder.glob("*/am/final.mdl"))
    return f"{reason}; the model lies one folder deeper: {inside[0]}" if inside else reason


# the process ----------------------------------------------------------------------------------------------------------


def serve(inward: IO[bytes], outward: IO[bytes], folder: Path) -> int:
    """Load, say ready, work until told to stop or until nobody listens. The exit code: 0, or 3 for an unusable model."""
    try:
        model, rate, words = load(folder), model_rate(folder), vocabulary(folder)
    except Exception as error:  # noqa: BLE001 -- vosk raises nothing narrower
        detail = str(error) if isinstance(error, Unloadable) else type(error).__name__
        frames.write(outward, {"refused": "model_refused", "detail": detail})
        return 3
    frames.write(outward, {"ready": True, "rate": rate, "vocabulary": words})
    while (message := frames.read(inward)) is not None and "path" in message:
        frames.write(outward, _work(message, lambda: VoskRecognizer(model, rate), outward))
    return 0


def _work(message: frames.Message, recognizer: Callable[[], Recognizer], outward: IO[bytes]) -> frames.Message:
    """One job: every channel with a recogniser of its own. Its answer is ``heard`` or ``failed``."""

    def tell(seconds: float) -> None:
        frames.write(outward, {"at": seconds})

    try:
        path, channels = Path(message["path"]), int(message["channels"])
        heard = [listen(path, channel, recognizer(), tell) for channel in range(channels)]
    except (sf.LibsndfileError, ValueError, OSError) as error:
        return {"failed": "unreadable_sound", "detail": type(error).__name__}
    except MemoryError:
        return {"failed": "out_of_memory"}
    return {"heard": [[[(w.text, w.start, w.end, w.conf) for w in phrase] for phrase in side] for side in heard]}


def _own_stdout() -> IO[bytes]:
    """Keep the message stream for ourselves: whatever native code prints to file descriptor 1 goes to 2 instead."""
    private = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(private, "wb")


def _bound(parent: int, megabytes: int, niceness: int) -> None:
    """Die with the parent, leave Ctrl-C to it, stay within the memory, and give way to the telephone calls."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)  # it died before we asked
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if megabytes:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024**2,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold a caller's words
    os.nice(niceness)


def main() -> int:
    parser = argparse.ArgumentParser(description="Listens to recordings; started by recordings.crew, not by hand.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--parent", type=int, required=True, help="process id of whoever starts this")
    parser.add_argument("--memory", type=int, default=0, metavar="MB", help="address space limit, 0 for none")
    parser.add_argument("--nice", type=int, default=0)
    asked = parser.parse_args()
    _bound(asked.parent, asked.memory, asked.nice)
    return serve(sys.stdin.buffer, _own_stdout(), asked.model)


if __name__ == "__main__":
    sys.exit(main())
