# SPDX-License-Identifier: Apache-2.0
"""
P3a and P3b: an item of 10,000 portions, and an attachment of 1 GiB; time, and the most memory that it takes.

Each operation runs in a process of its own, ``python -m bench.large WORK COUNT [FOLDER]``, which does one thing
once and prints what it took: so the peak is its own, with the interpreter and all that is imported.
"""

import hashlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bench.exercise import TEXT_SIZE_BYTES, Chancery, is_kept, view_texts
from bench.measure import Effort, WrongResultError, check
from bench.report import Goal, Group, Line, Row, digits
from legation.errors import ProofError
from legation.item import cut, verify
from legation.item.attachment import Hashing, verified
from legation.item.portion import Attachment
from legation.keys import card
from legation.keys.card import Cards

MIB = 1 << 20
PIECE_SIZE_BYTES = 1 << 16  # as a file is read
TIMES_DEARER = 1.3  # "cost per item stays flat (within 1.3 x)"
TIMES_LARGER = 1.2
ITEM, CARD = "item", "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What an operation took: seconds of processor time, its peak of memory, and what came of it."""

    seconds: float
    peak_bytes: int
    found: str


def large_item(effort: Effort) -> Row:
    """Measure P3a."""
    count, few = effort.of(10_000, 40), effort.of(1_000, 20)
    with tempfile.TemporaryDirectory(prefix="legation-bench-") as name:
        large, small = Path(name) / "large", Path(name) / "small"
        taken = {
            (work, portions): _repeated(effort, work, portions, folder)
            for portions, folder in ((count, large), (few, small))
            for work in ("compose", "verify", "cut")
            if _lay_out(folder, portions)
        }
        size_bytes = (large / ITEM).stat().st_size
        floor = _repeated(effort, "hash-item", count, large)
    ours = {work: _median(taken[work, count]) for work in ("compose", "verify", "cut")}
    return Row(
        code="P3a",
        title=f"an item of {count:,} portions",
        about=f"{count:,} portions of {TEXT_SIZE_BYTES} bytes under 5 labels, {size_bytes:,} bytes. Each operation "
        "once, in a process of its own; of a cut, the first one of a verified view.",
        checked=f"{count:,} texts of the item and three of five labels of the cut, equal to what was composed, "
        "in order.",
        groups=(
            _group("compose and sign", ours["compose"]),
            _group(
                "verify", ours["verify"], Line(whose="floor: one hash of its bytes", seconds=_median(floor))
            ),
            _group("cut", ours["cut"]),
        ),
        goals=tuple(
            _no_dearer(
                f"{name}: a portion among {count:,} takes what one among {few:,} does",
                ours[work] / count,
                _median(taken[work, few]) / few,
            )
            for work, name in (("compose", "compose and sign"), ("verify", "verify"))
        ),
        spread=max(map(_spread, taken.values())),
        facts=tuple(
            f"{name}: {_memory(taken[work, count])} at most; with {few:,} portions {_memory(taken[work, few])}."
            for work, name in (
                ("compose", "Compose and sign"),
                ("verify", "Verify"),
                ("cut", "Verify and cut"),
            )
        ),
    )


def large_attachment(effort: Effort) -> Row:
    """Measure P3b."""
    count, few = effort.of(1024, 3), effort.of(16, 2)
    taken = {
        (work, each): _repeated(effort, work, each)
        for work in ("hash", "verify-file", "floor")
        for each in (count, few)
    }
    check(len({each.found for each in taken["hash", count]}) == 1, "an attachment has two roots")
    check(taken["verify-file", count][0].found == taken["hash", count][0].found, "another file verifies")
    _check_that_others_are_refused()
    floor = _median(taken["floor", count])
    return Row(
        code="P3b",
        title=f"an attachment of {_told(count)}",
        about=f"A generated stream in pieces of {PIECE_SIZE_BYTES >> 10} KiB, never whole in memory or on a disk; "
        "hashed to the root that an author signs, and verified against it. Each in a process of its own.",
        checked="the root is the same each time; a stream with another byte, one more or one fewer is refused.",
        groups=(
            _group(
                "hash", _median(taken["hash", count]), Line(whose="floor: one SHA-256 of it", seconds=floor)
            ),
            _group(
                "verify",
                _median(taken["verify-file", count]),
                Line(whose="floor: one SHA-256 of it", seconds=floor),
            ),
        ),
        goals=tuple(
            _no_larger(
                f"{name}: {_told(count)} takes the memory of {_told(few)}",
                taken[work, count],
                taken[work, few],
            )
            for work, name in (("hash", "hash"), ("verify-file", "verify"))
        ),
        spread=max(map(_spread, taken.values())),
        facts=tuple(
            f"{name}: {_memory(taken[work, count])} at most; a process that only hashes takes "
            f"{_memory(taken['floor', count])}."
            for work, name in (("hash", "Hash"), ("verify-file", "Verify"))
        ),
    )


def _told(mib: int) -> str:
    return f"{mib >> 10} GiB" if mib >= 1024 else f"{mib} MiB"


def _group(operation: str, ours: float, *others: Line) -> Group:
    return Group(operation=operation, ours=ours, others=others)


def _median(found: list[Taken]) -> float:
    return statistics.median(each.seconds for each in found)


def _spread(found: list[Taken]) -> float:
    times = [each.seconds for each in found]
    return max(times) / max(min(times), 1e-9)


def _memory(found: list[Taken]) -> str:
    return f"{digits(max(each.peak_bytes for each in found) / MIB)} MiB"


def _no_dearer(text: str, ours: float, few: float) -> Goal:
    times = ours / few
    return Goal(
        text=f"{text} (at most {TIMES_DEARER} x)", found=f"{digits(times)} x", is_met=times <= TIMES_DEARER
    )


def _no_larger(text: str, ours: list[Taken], few: list[Taken]) -> Goal:
    times = max(each.peak_bytes for each in ours) / max(each.peak_bytes for each in few)
    return Goal(
        text=f"{text} (at most {TIMES_LARGER} x)", found=f"{digits(times)} x", is_met=times <= TIMES_LARGER
    )


def _check_that_others_are_refused() -> None:
    size = 2 * MIB + 5
    true = list(islice(stream(3), size // PIECE_SIZE_BYTES))
    portion = _portion(true)
    for false in (
        true[:-1],
        [*true, b"x"],
        [true[1], true[0], *true[2:]],
        [*true[:-1], true[-1][:-1] + b"x"],
    ):
        try:
            for _ in verified(portion, false):
                pass
        except ProofError:
            continue
        raise WrongResultError("a file verifies that was not signed")


# What is done in a process of its own.


def _repeated(effort: Effort, work: str, count: int, folder: Path | None = None) -> list[Taken]:
    return [_apart(work, count, folder) for _ in range(effort.of(5, 1))]


def _apart(work: str, count: int, folder: Path | None) -> Taken:
    command = [sys.executable, "-m", "bench.large", work, str(count), *([str(folder)] if folder else [])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Taken(**json.loads(done.stdout))


def _lay_out(folder: Path, count: int) -> bool:
    """Compose the item that is verified and cut, once, and leave it with the card of its author."""
    if not folder.exists():
        folder.mkdir()
        office = office_of(count)
        (folder / ITEM).write_bytes(office.compose())
        (folder / CARD).write_bytes(office.card)
    return True


def office_of(count: int) -> Chancery:
    """An office that writes items of so many portions, each of another text, their labels in turn."""
    office = Chancery.open()
    texts = [
        f"{number}. {text}"[:TEXT_SIZE_BYTES].rstrip().ljust(TEXT_SIZE_BYTES, ".")
        for number, text in enumerate(islice(cycle(office.texts), count))
    ]
    return replace(office, texts=texts, labels=list(islice(cycle(office.labels), count)))


def stream(mib: int) -> Iterator[bytes]:
    """So many mebibytes, piece by piece, of which no two pieces are alike."""
    rest = bytes(range(256)) * (PIECE_SIZE_BYTES >> 8)
    for number in range(mib * MIB // PIECE_SIZE_BYTES):
        yield number.to_bytes(8, "big") + rest[8:]


def _portion(pieces: Iterator[bytes] | list[bytes]) -> Attachment:
    hashing = Hashing()
    for piece in pieces:
        hashing.update(piece)
    return Attachment(name="a", media_type="a/b", size=hashing.size, root=hashing.root())


def _timed(call: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    begun = time.process_time()
    found = call()
    return found, {"seconds": time.process_time() - begun, "peak_bytes": _peak_bytes()}


def _peak_bytes() -> int:
    """The most memory that this process ever had; ``ru_maxrss`` would count whoever started it as well."""
    [found] = re.findall(r"VmHWM:\s*([0-9]+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found) << 10


def compose(count: int, _: Path) -> Mapping[str, Any]:
    """Compose an item from ready texts and labels, and sign it."""
    office = office_of(count)
    data, taken = _timed(office.compose)
    check(
        view_texts(verify(data, office.cards)) == office.texts, "the item has other texts than were composed"
    )
    return {**taken, "found": str(len(data))}


def verify_item(count: int, folder: Path) -> Mapping[str, Any]:
    """Read an item and verify it against a pinned card."""
    cards = Cards([card.read((folder / CARD).read_bytes())])
    view, taken = _timed(lambda: verify((folder / ITEM).read_bytes(), cards))
    check(view_texts(view) == office_of(count).texts, "the item has other texts than were composed")
    return {**taken, "found": view.item_id.hex()}


def cut_item(count: int, folder: Path) -> Mapping[str, Any]:
    """Cut an item that was verified; its memory is that of both."""
    cards = Cards([card.read((folder / CARD).read_bytes())])
    view = verify((folder / ITEM).read_bytes(), cards)
    copy, taken = _timed(lambda: cut(view, is_kept))
    office = office_of(count)
    kept = [
        text
        for text, label in zip(office.texts, office.labels, strict=True)
        if not label.classification.startswith("SECRET")
    ]
    check(view_texts(verify(copy, cards)) == kept, "the cut has other texts than it should")
    return {**taken, "found": str(len(copy))}


def hash_item(_: int, folder: Path) -> Mapping[str, Any]:
    """Hash the bytes of an item: what cannot be saved."""
    data = (folder / ITEM).read_bytes()
    found, taken = _timed(lambda: hashlib.sha256(data).hexdigest())
    return {**taken, "found": found}


def hash_file(count: int, _: Path) -> Mapping[str, Any]:
    """Hash a stream to the root that an author signs."""
    portion, taken = _timed(lambda: _portion(stream(count)))
    return {**taken, "found": portion.root.hex()}


def verify_file(count: int, _: Path) -> Mapping[str, Any]:
    """Verify a stream against what was signed."""
    portion = _portion(stream(count))
    passed, taken = _timed(lambda: sum(map(len, verified(portion, stream(count)))))
    check(passed == portion.size, "other bytes pass than were signed")
    return {**taken, "found": portion.root.hex()}


def hash_stream(count: int, _: Path) -> Mapping[str, Any]:
    """Hash a stream as it comes, without a tree."""

    def run() -> str:
        found = hashlib.sha256()
        for piece in stream(count):
            found.update(piece)
        return found.hexdigest()

    found, taken = _timed(run)
    return {**taken, "found": found}


WORKS: dict[str, Callable[[int, Path], Mapping[str, Any]]] = {
    "compose": compose,
    "verify": verify_item,
    "cut": cut_item,
    "hash-item": hash_item,
    "hash": hash_file,
    "verify-file": verify_file,
    "floor": hash_stream,
}

if __name__ == "__main__":
    work, asked, *where = sys.argv[1:]
    print(json.dumps(WORKS[work](int(asked), Path(*where))))
