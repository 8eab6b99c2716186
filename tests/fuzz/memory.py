# SPDX-License-Identifier: Apache-2.0
"""
How much memory something takes.

Python sees what Python allocates, and a library in C allocates most by itself; so the system is asked too:
for the most that the process ever had, which shows what was given back in between. What is lower than an
earlier peak is seen only after ``forget_peak``, where the system can do that.
"""

import re
import resource
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_PEAK = re.compile(r"VmHWM:\s*([0-9]+) kB")


def quick_peak_bytes() -> int:
    """The most memory that this process, or whoever started it, ever had; takes a microsecond to ask."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def peak_bytes() -> int:
    """The most memory that this process itself had since its peak was forgotten."""
    with suppress(OSError):
        found = _PEAK.search(_STATUS.read_text())
        if found is not None:
            return int(found[1]) << 10
    return quick_peak_bytes()


def forget_peak() -> None:
    """Let the peak be what the process has now."""
    with suppress(OSError):
        _CLEAR.write_text("5")


def grown_bytes(call: Callable[[], object]) -> int:
    """How much more memory than before the process had at some moment of a call."""
    forget_peak()
    before = peak_bytes()
    call()
    return peak_bytes() - before


def traced_bytes(call: Callable[[], object]) -> int:
    """The most that Python allocated at some moment of a call, though it never wrote there."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
