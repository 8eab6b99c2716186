# SPDX-License-Identifier: Apache-2.0
"""
Bags as people look at them: which were packed and opened, what became of them, and which are missing.
"""

from collections.abc import Iterable, Iterator

from legation.errors import GapError
from legation.exchange import Bag
from legation.node.desk.reading import said
from legation.records import BagsRecord, MissingBagsRecord, OpenedBagRecord, PackedBagRecord
from legation.store.sqlite import bags, incoming
from legation.store.sqlite.bags import OpenedBag, PackedBag
from legation.store.sqlite.database import Database, Reading

SUFFIX = ".bag"


def read_bags(office: str = "", *, database: Database) -> BagsRecord:
    """Every bag that was packed for an office, and every one of it that was opened; of all offices without one."""
    with database.read() as db:
        opened = list(bags.all_opened(db, office))
        return BagsRecord(
            packed=tuple(map(_packed, bags.all_packed(db, office))),
            opened=tuple(map(_opened, opened)),
            missing=tuple(_missing(db, opened)),
        )


def file_name(file: bytes) -> str:
    """How the file of a bag is called."""
    return f"{file.hex()}{SUFFIX}"


def check_nothing_missing(db: Reading, bag: Bag, held_size: int) -> None:
    """
    See that nothing is missing between what is held of a stream and a bag.

    Raises:
        GapError: It names the entries, and the bags that are between.
    """
    if bag.start <= held_size:
        return
    first = bags.opened_before(db, bag.sender, bag.incarnation, bag.number) + 1
    missing = _missing_between(first, bag.number - 1, entries_named(held_size, bag.start))
    raise GapError(
        f"bag {bag.number} of `{bag.sender}`: {missing}",
        hint="open what is missing first, or ask for it to be packed anew; then open this one again",
    )


def entries_named(start: int, stop: int) -> str:
    """Name the entries from *start* up to *stop*, as people say them."""
    if start == stop:
        return "no entries"
    return f"entry {start}" if start + 1 == stop else f"entries {start}-{stop - 1}"


def _missing_between(first: int, last: int, entries: str) -> str:
    """Name entries that are missing, and the bags in which they are, if that can be told."""
    if first > last:
        return f"{entries} before it did not come"
    named = f"bag {first} is" if first == last else f"bags {first} to {last} are"
    return f"{named} missing: {entries}"


def _packed(each: PackedBag) -> PackedBagRecord:
    return PackedBagRecord(
        office=each.office,
        number=each.number,
        file=file_name(each.file),
        start=each.start,
        stop=each.stop,
        state=_state(each),
        by=each.by,
        at=said(each.at),
    )


def _state(each: PackedBag) -> str:
    if each.written_at is None:
        return "not written"
    if each.start < each.stop and each.is_receipted:
        return "receipted"
    return "packed" if each.has_way_back else "no receipt possible"


def _opened(each: OpenedBag) -> OpenedBagRecord:
    return OpenedBagRecord(
        office=each.office,
        number=each.number,
        start=each.start,
        stop=each.stop,
        by=each.by,
        at=said(each.at),
    )


def _missing(db: Reading, opened: Iterable[OpenedBag]) -> Iterator[MissingBagsRecord]:
    """The numbers that were left out, of the streams that are present."""
    present: dict[str, bytes | None] = {}
    reached: dict[str, int] = {}
    for each in opened:
        if each.office not in present:
            stream = incoming.stream(db, each.office)
            present[each.office] = None if stream is None else stream.incarnation
        if each.incarnation != present[each.office]:
            continue
        before = reached.get(each.office, 0)
        if each.number > before + 1:
            yield MissingBagsRecord(office=each.office, first=before + 1, last=each.number - 1)
        reached[each.office] = max(before, each.number)
