# SPDX-License-Identifier: Apache-2.0
"""
The courier sheet: what a courier carries, and what both ends compare. No word of what is in it.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from legation.errors import MalformedError, RefusedError
from legation.keys.card import Card, fingerprint
from legation.node.checking.findings import Tell, untold
from legation.node.courier.bags import SUFFIX
from legation.node.disk import open_plain
from legation.node.rules import read_card
from legation.node.surroundings import Surroundings
from legation.records import CourierEndRecord, CourierRecord, PackageRecord
from legation.store.sqlite import bags, peers
from legation.store.sqlite.bags import PackedBag
from legation.store.sqlite.database import Database, Reading

PIECE_SIZE_BYTES = 1 << 20
PACKAGES_MAX = 1000  # on one sheet; as many as are packed at once


def courier_sheet(
    paths: Iterable[Path], *, card: Card, database: Database, around: Surroundings, tell: Tell = untold
) -> CourierRecord:
    """
    Make the sheet for bags that were packed here for one office, in the order of their numbers.

    Args:
        paths: Files, and folders in which all bags are meant.
        card: The office's own card.
        database: The node's store.
        around: The clock.
        tell: Told how far it is.

    Raises:
        MalformedError: A file is no bag that was packed here, has another length, or there are none or too many.
        RefusedError: They are for several offices.
        OSError: A file is not to be read.
    """
    files = sorted(set(_files(paths)))
    if not 0 < len(files) <= PACKAGES_MAX:
        raise MalformedError(f"expected 1 to {PACKAGES_MAX} bags, got {len(files)}")
    with database.read() as db:
        found = [(_packed(db, each), each) for each in files]
        offices = {bag.office for bag, _ in found}
        if len(offices) > 1:
            raise RefusedError(
                f"these bags are for {len(offices)} offices", hint="each has a sheet of its own"
            )
        office = offices.pop()
        data = peers.pinned_card(db, office)
    if data is None:
        raise RefusedError(f"the card of `{office}` is not confirmed")
    found.sort(key=lambda each: each[0].number)
    packages = []
    for place, (bag, path) in enumerate(found):
        packages.append(_package(bag, path))
        tell("bags", place + 1, len(found))
    return CourierRecord(
        date=around.now().date().isoformat(),
        sender=_end(card),
        receiver=_end(read_card(data, around.verify)),
        packages=tuple(packages),
    )


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for each in paths:
        yield from each.glob(f"*{SUFFIX}") if each.is_dir() else [each]


def _packed(db: Reading, path: Path) -> PackedBag:
    try:
        found = bags.packed_as(db, bytes.fromhex(path.name.removesuffix(SUFFIX)))
    except ValueError:
        found = None
    if found is None or found.written_at is None:
        raise MalformedError(f"`{path.name}` is no bag that was packed here")
    return found


def _package(bag: PackedBag, path: Path) -> PackageRecord:
    digest, size_bytes = sha256(), 0
    with open_plain(path) as file:
        while piece := file.read(PIECE_SIZE_BYTES):
            digest.update(piece)
            size_bytes += len(piece)
    if size_bytes != bag.size_bytes:
        raise MalformedError(f"`{path.name}` has another length than the bag that was packed")
    return PackageRecord(file=path.name, number=bag.number, size_bytes=size_bytes, sha256=digest.hexdigest())


def _end(card: Card) -> CourierEndRecord:
    return CourierEndRecord(office=str(card.office), card=card.body.number, fingerprint=fingerprint(card))
