# SPDX-License-Identifier: Apache-2.0
"""
What must hold of one input, whatever its bytes.

1. A value comes back, or an error of a type that this decoder may raise.
2. It takes no more processor time than its size allows; what never ends is stopped.
3. It takes no more memory than its size allows.
4. No error says a word of the content: not in its message, hint or faults, nor in an error behind it.
5. What was read is written the same where the format has one form, and reads the same where it has more.
"""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import legation
from legation.errors import LegationError, MalformedError
from tests.fuzz.memory import grown_bytes, quick_peak_bytes, traced_bytes
from tests.fuzz.mutation import Syntax

CANARY = "zqxjkvbwpfhy"
"""A word that stands in the content of every corpus, and nowhere else."""

PIECE_LENGTH = 5  # characters of the canary that no English word and no message has
HANG_S = 1.0  # of processor time; what takes that long never ends
AGAIN_S = 0.05  # until it is tried again to stop what could not be stopped
MEMORY_BYTES_MAX = 64 << 20  # of one input, beyond what its own size allows
MEMORY_PER_BYTE_MAX = 200  # an input held as small Python objects
SAID_LENGTH_MAX = 1000  # characters of one message

_PIECES = re.compile("|".join(CANARY[at : at + PIECE_LENGTH] for at in range(len(CANARY) - PIECE_LENGTH + 1)))
_PROGRAM = f"{Path(legation.__file__).parent}/"
XML_NAMES = re.compile(rb"</?([^\s<>/=\"']+)|([^\s<>/=\"']+)\s*=")


@dataclass(frozen=True, kw_only=True)
class Decoder:
    """
    One door by which bytes come in, as it is tried.

    Args:
        name: What it is called here.
        doors: The public functions that it goes through, by their dotted names.
        read: Takes bytes; gives a value, or raises one of ``raises``.
        corpus: Whole inputs that hold the canary in their content.
        syntax: What they are written in.
        words: What means something in this format.
        mark: Finds where a part of the format begins, if it is made of parts.
        names: Finds the names of parts of the document, which may be repeated; those of XML are known.
        raises: What it may raise.
        again: Writes the value; the result must be the very bytes. None where the format has more forms.
        back: Writes and reads the value; the result must be equal to it. It may refuse with ``raises``.
        cpu_s_max: Processor time for a short input.
        cpu_s_per_mb_max: And for each megabyte of a long one.
    """

    name: str
    doors: tuple[str, ...]
    read: Callable[[bytes], Any]
    corpus: tuple[bytes, ...] = field(repr=False)
    syntax: Syntax
    words: tuple[bytes, ...] = field(default=(), repr=False)
    mark: re.Pattern[bytes] | None = None
    names: re.Pattern[bytes] | None = None
    raises: tuple[type[LegationError], ...] = (MalformedError,)
    again: Callable[[Any], bytes] | None = None
    back: Callable[[Any], Any] | None = None
    cpu_s_max: float = 0.05
    cpu_s_per_mb_max: float = 0.5

    def cpu_s(self, data: bytes) -> float:
        """How long this input may take."""
        return self.cpu_s_max + self.cpu_s_per_mb_max * len(data) / 1e6


@dataclass(frozen=True, kw_only=True)
class Finding:
    """
    Something that does not hold.

    Args:
        decoder: Of which decoder.
        what: Which rule, in a word: ``error``, ``slow``, ``memory``, ``said``, ``form``.
        why: What happened, and where, without a word of the input.
        data: The input.
        origin: Where the input comes from, so that it can be drawn again.
    """

    decoder: str
    what: str
    why: str
    data: bytes = field(repr=False)
    origin: str = ""

    @property
    def kind(self) -> tuple[str, str, str]:
        """What it has in common with others of the same cause: of these, seconds and sizes differ."""
        return self.decoder, self.what, "" if self.what in {"slow", "memory"} else self.why


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of one input: what was found, and whether it was read or where it was refused."""

    finding: Finding | None
    refused_at: str


class HangError(BaseException):
    """Stops what never ends; no decoder catches it."""


def judge(decoder: Decoder, data: bytes, *, traced: bool = False) -> Verdict:
    """
    Try one input.

    Args:
        decoder: What is tried.
        data: The input.
        traced: Whether memory is looked at closely, which takes several times as long.
    """
    before, begin = quick_peak_bytes(), time.process_time()
    outcome = attempted(lambda: decoder.read(data))
    cost_s, grown = time.process_time() - begin, quick_peak_bytes() - before
    refused_at = _place(outcome) if isinstance(outcome, BaseException) else ""
    for what, why in _faults(decoder, data, outcome, cost_s, grown, traced=traced):
        return Verdict(
            finding=Finding(decoder=decoder.name, what=what, why=why, data=data), refused_at=refused_at
        )
    return Verdict(finding=None, refused_at=refused_at)


def attempted(call: Callable[[], Any]) -> Any:
    """The value of a call, or what it raised; what never ends is stopped."""
    try:
        with _stopped_after(HANG_S):
            return call()
    except (Exception, HangError) as error:  # noqa: BLE001 - the very thing that is looked for
        return error


def _faults(
    decoder: Decoder, data: bytes, outcome: Any, cost_s: float, grown: int, *, traced: bool
) -> Iterator[tuple[str, str]]:
    """What does not hold, the first of it first."""
    if isinstance(outcome, HangError):
        yield "slow", f"does not end within {HANG_S} s"
        return
    if isinstance(outcome, BaseException):
        yield from _faults_of_error(decoder, data, outcome)
    else:
        yield from _faults_of_value(decoder, data, outcome)
    if cost_s > decoder.cpu_s(data):
        yield from _slow(decoder, data, cost_s)
    allowed = MEMORY_BYTES_MAX + MEMORY_PER_BYTE_MAX * len(data)
    if traced:
        again = partial(attempted, partial(decoder.read, data))
        grown = max(grown, grown_bytes(again), traced_bytes(again))
    if grown > allowed:
        yield "memory", f"takes more than {allowed >> 20} MiB"


def _faults_of_error(decoder: Decoder, data: bytes, error: BaseException) -> Iterator[tuple[str, str]]:
    if not isinstance(error, decoder.raises):
        yield "error", f"raises {type(error).__name__} at {_place(error)}"
    for text in said(error):
        leaked = _PIECES.search(text.lower())
        if leaked is not None and not _is_name(decoder, leaked.group(), data):
            yield "said", f"{type(error).__name__} at {_place(error)} repeats the content"
        if len(text) > SAID_LENGTH_MAX:
            yield (
                "said",
                f"{type(error).__name__} at {_place(error)} says more than {SAID_LENGTH_MAX} characters",
            )


def said(error: BaseException | None) -> Iterator[str]:
    """All that an error says, with its hint and faults, and all that whoever logs it would print behind it."""
    while error is not None:
        yield str(error)
        yield getattr(error, "hint", "")
        yield from getattr(error, "faults", ())
        error = error.__cause__ if error.__suppress_context__ else error.__context__


def _is_name(decoder: Decoder, piece: str, data: bytes) -> bool:
    """Whether it stands in the name of an element, attribute or key: these may be repeated."""
    pattern = decoder.names or (XML_NAMES if decoder.syntax is Syntax.XML else None)
    found = pattern.finditer(data) if pattern is not None else ()
    return any(piece.encode() in each.group().lower() for each in found)


def _faults_of_value(decoder: Decoder, data: bytes, value: Any) -> Iterator[tuple[str, str]]:
    if decoder.again is not None:
        written = attempted(lambda: decoder.again and decoder.again(value))
        if written != data:
            yield "form", f"reads what it would not write so: {_shown(written)}"
    if decoder.back is not None:
        found = attempted(lambda: decoder.back and decoder.back(value))
        if isinstance(found, decoder.raises):
            yield from _faults_of_error(decoder, data, found)
        elif found != value:
            yield "form", f"is another value when written and read: {_shown(found)}"


def _shown(outcome: Any) -> str:
    if isinstance(outcome, BaseException):
        return f"{type(outcome).__name__} at {_place(outcome)}"
    return f"a {type(outcome).__name__}"


def _slow(decoder: Decoder, data: bytes, cost_s: float) -> Iterator[tuple[str, str]]:
    """Look again, twice: once may be the collector of garbage, or a neighbour in the processor's cache."""
    for _ in range(2):
        begin = time.process_time()
        attempted(lambda: decoder.read(data))
        cost_s = min(cost_s, time.process_time() - begin)
    if cost_s > decoder.cpu_s(data):
        yield (
            "slow",
            f"takes {cost_s:.2f} s for {len(data)} bytes, expected at most {decoder.cpu_s(data):.2f}",
        )


def _place(error: BaseException) -> str:
    """Where it was raised: the last place in the program, if there is one, else the last of all."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    own = [place for place in places if place[0].startswith(_PROGRAM)]
    name, line = (own or places or [("nowhere", 0)])[-1]
    return f"{name.removeprefix(_PROGRAM)}:{line}"


def _is_collecting(frame: FrameType | None) -> bool:
    """Whether a callback of the garbage collector runs; the library that draws inputs has one."""
    while frame is not None:
        if frame.f_code.co_name == "gc_callback":
            return True
        frame = frame.f_back
    return False


@contextmanager
def _stopped_after(limit_s: float) -> Iterator[None]:
    """Raise ``HangError`` in what takes more processor time; in the main thread, and between bytecodes."""

    def stop(_: int, frame: FrameType | None) -> None:
        # What is raised while garbage is collected goes nowhere, and is told as an accident; the timer comes again.
        if not _is_collecting(frame):
            signal.setitimer(signal.ITIMER_PROF, 0)
            raise HangError

    former = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, limit_s, AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)
