# SPDX-License-Identifier: Apache-2.0
"""
What stands in the file of a node's store, read past the program: by SQL alone, while the node lives or is dead.

The file is opened for reading, nothing is written to it and nothing is moved in it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

BUSY_TIMEOUT_MS = 5_000
VIEW = "view"


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One stream, at whichever end: how long it says it is, and what is there of it."""

    incarnation: str
    size: int
    kinds: Mapping[int, str]
    hashes: Mapping[int, str]
    receipt_size: int
    receipts: Mapping[int, str]
    checkpoints: Mapping[int, str]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One item on its way to one addressee."""

    office: str
    item: str
    state: str
    number: int | None


@dataclass(frozen=True, kw_only=True)
class Sight:
    """A node at one moment: its stream to or from the other, its deliveries, and how the link stands."""

    stream: Stream | None
    deliveries: tuple[Delivery, ...]
    link: str
    failure: str
    evidence: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many entries the stream has; 0 if there is none."""
        return 0 if self.stream is None else self.stream.size

    @property
    def receipt_size(self) -> int:
        """Over how many of them there is a receipt."""
        return 0 if self.stream is None else self.stream.receipt_size

    def waiting(self, office: str) -> int:
        """How many deliveries to an office have no number yet."""
        return sum(each.office == office and each.state == "waiting" for each in self.deliveries)


def see_sender(folder: Path, peer: str) -> Sight:
    """Look at a node and its stream to *peer*."""
    return _see(folder, peer, "outgoing")


def see_receiver(folder: Path, peer: str) -> Sight:
    """Look at a node and its stream from *peer*."""
    return _see(folder, peer, "incoming")


def _see(folder: Path, peer: str, table: str) -> Sight:
    with _opened(folder / "node.db") as db:
        ((link, failure),) = db.execute("SELECT link, failure FROM peer WHERE office = ?", (peer,))
        return Sight(
            stream=_stream(db, peer, table),
            deliveries=tuple(
                Delivery(office=office, item=item.hex(), state=state, number=number)
                for office, item, state, number in db.execute(
                    "SELECT office, item_id, state, entry_number FROM delivery ORDER BY delivery_id"
                )
            ),
            link=link,
            failure=failure,
            evidence=tuple(what for (what,) in db.execute("SELECT what FROM evidence")),
        )


def _stream(db: apsw.Connection, peer: str, table: str) -> Stream | None:
    rows = list(
        db.execute(
            f"SELECT stream_id, incarnation, frontier, receipt_size FROM {table} "  # noqa: S608 - one of two
            "WHERE office = ? AND is_current = 1",
            (peer,),
        )
    )
    if not rows:
        return None
    stream_id, incarnation, frontier, receipt_size = rows[0]
    entries = list(
        db.execute(
            f"SELECT number, kind, payload_hash FROM {table}_entry WHERE stream_id = ?",  # noqa: S608
            (stream_id,),
        )
    )
    return Stream(
        incarnation=incarnation.hex(),
        size=json.loads(frontier).get("size", 0),
        kinds={number: kind for number, kind, _ in entries},
        hashes={number: digest.hex() for number, _, digest in entries},
        receipt_size=receipt_size,
        receipts=_notes(db, f"{table}_receipt", stream_id),
        checkpoints=_notes(db, f"{table}_checkpoint", stream_id) if table == "outgoing" else {},
    )


def _notes(db: apsw.Connection, table: str, stream_id: int) -> dict[int, str]:
    rows: Any = db.execute(f"SELECT size, data FROM {table} WHERE stream_id = ?", (stream_id,))  # noqa: S608
    return {size: bytes(data).hex() for size, data in rows}


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    """Open a store for one snapshot."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        db.set_busy_timeout(BUSY_TIMEOUT_MS)
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        db.execute("BEGIN")
        yield db
    finally:
        db.close(True)
