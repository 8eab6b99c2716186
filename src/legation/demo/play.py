# SPDX-License-Identifier: Apache-2.0
"""
The main job, played by five nodes: write once, release, and each receives what it may see.

Four nodes are processes of their own, driven through the commands that everybody has. The fifth has a
card and a grant, and no line to it yet. One of the four is down while the report is released.
"""

import argparse
import io
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from legation.demo.processes import DeviationError, Processes, StoppedError
from legation.demo.tale import Tale
from legation.demo.terminal import Terminal

LOOK_EVERY_S = 0.1  # for the end of the tale, or for a signal

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str] | None = None) -> int:
    """Play the demonstration; 0 if all came out as told, 1 if anything deviated."""
    parser = argparse.ArgumentParser(prog="legation demo", description=__doc__)
    parser.add_argument(
        "--report", type=Path, help="a report of your own to the four addressees, in portion-marked Markdown"
    )
    parser.add_argument("--dir", type=Path, help="where the nodes go; default: a folder that is removed")
    parser.add_argument(
        "--no-serve", action="store_true", help="do not show the pages at the end; so without a terminal"
    )
    options = parser.parse_args(arguments)
    if options.report is not None and not options.report.is_file():
        parser.error("--report is no file")
    if options.dir is not None and options.dir.exists() and not _is_empty(options.dir):
        parser.error("--dir is for a new or an empty folder: the demonstration writes keys into it")
    serves = not options.no_serve and sys.stdout.isatty()
    with _signals() as told, tempfile.TemporaryDirectory(prefix="legation-") as scratch:
        folder = (options.dir or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return _play(folder, options.report, told, serves=serves)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _play(folder: Path, report: Path | None, told: list[int], *, serves: bool) -> int:
    """
    Play in a thread, and see to it that nothing goes on when this returns.

    A signal is *told* and interrupts nothing. So no process can be begun and not be known.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a report in any script, on any terminal
    processes = Processes(folder)
    tale = Tale(Terminal(is_plain=not sys.stdout.isatty()), processes, report)
    with ThreadPoolExecutor(1) as thread:
        try:
            played = thread.submit(tale.tell, serves=serves)
            while not wait([played], timeout=LOOK_EVERY_S).done:
                if told:
                    processes.stop()
        finally:
            processes.stop()
    processes.close()
    try:
        played.result()
    except DeviationError as deviation:
        print(f"\nDEVIATION: {deviation}", file=sys.stderr)  # noqa: T201 - to whoever plays it
        return 1
    except StoppedError:
        if not tale.is_told:
            print("\nstopped before all was told", file=sys.stderr)  # noqa: T201 - as above
            return 128 + told[0]
        print("\nStopped; nothing is left at work.")  # noqa: T201 - as above
    return 0


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Note signals instead of acting on them; only the main thread may."""
    told: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        told.append(number)

    is_main = threading.current_thread() is threading.main_thread()
    before = {each: signal.signal(each, note) for each in _SIGNALS if is_main}
    try:
        yield told
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
