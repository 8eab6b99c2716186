# SPDX-License-Identifier: Apache-2.0
"""
Bugs that are planted in a node's processes, to see that each is found.

Each makes the program wrong in one way, and most do harm only if a kill comes at the wrong moment; there
they pass ``Point.PLANTED``, where none of the program's own points is. What no kill shows is the lack of a
sync: the system keeps what a killed process has written. ``tests/store/test_power.py`` has that one.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from legation.exchange import ANSWER_SIZE_BYTES_MAX, PROTOCOL
from legation.node.courier import packing
from legation.node.courier.packing import Packing
from legation.node.streams import numbering, pulling
from legation.node.streams.answering import Answering
from legation.node.streams.handing_over import Batch, HandingOver
from legation.node.streams.pulling import Pulling
from legation.store.sqlite import connection, incoming, items, outgoing, writer
from legation.store.sqlite.database import Database, Writing
from legation.store.sqlite.writer import Writer
from legation.transports.http.peer import Peer
from tests.kill.points import Page, Point

LATE_S = 0.1  # so much later a commit comes that should have come before

Patched = Any
"""What is replaced; its type is its owner's affair."""


def acknowledge_before_commit(page: Page, _arguments: Sequence[str]) -> None:
    """The receiver sends its receipt in the middle of the transaction that stores what it is for."""
    del page
    commit: Patched = Pulling._commit

    def early(self: Pulling, db: Writing, **named: Any) -> Any:
        done = commit(self, db, **named)
        stream = incoming.stream(db, self._peer)
        assert stream is not None, "something was just stored in it"
        card = self._book.at(db).cards[self._peer]
        opener = self._around.opener(self._around.random(64), self._around.random(32))
        receipt = incoming.receipt(db, stream.stream_id)
        asked = pulling._Asked(held=stream.held, card=card, receipt=receipt, protocol=PROTOCOL)
        pull = self._pull(opener, asked)
        peer = Peer(card.body.addresses[0], size_bytes_max=ANSWER_SIZE_BYTES_MAX)
        list(peer.exchange(b"".join(self._asking.write(pull, card))))
        peer.close()
        return done

    _set(Pulling, _commit=early)


class _UndoneError(Exception):
    """Takes a transaction back, and what came of it along."""

    def __init__(self, batch: Batch) -> None:
        super().__init__()
        self.batch = batch


def send_before_commit(page: Page, _arguments: Sequence[str]) -> None:
    """The sender gives an answer out, and commits what it has numbered for it a little later."""
    batch: Patched = Answering.batch

    def early(self: Answering, pull: Any) -> Batch:
        with self._database.read() as db:
            stream = outgoing.stream(db, pull.sender)
        if stream is None or stream.frontier.size == 0:
            found: Batch = batch(self, pull)  # a stream has to begin before it can go wrong
            return found

        def numbered(db: Writing) -> None:
            found = self._decide(db, pull, False)
            raise _UndoneError(self._handing.checked(db, found) if found.entries else found)

        try:
            self._database.write(numbered)
        except _UndoneError as undone:
            if undone.batch.entries:
                threading.Thread(target=late, args=(self, pull), daemon=True).start()
            return undone.batch
        raise AssertionError("it is always undone")

    def late(self: Answering, pull: Any) -> None:
        time.sleep(LATE_S)
        page.passing(Point.PLANTED)
        batch(self, pull)

    _set(Answering, batch=early, work_ahead=lambda *_: None)


def tell_before_commit(page: Page, _arguments: Sequence[str]) -> None:
    """Whoever waits for a change is told that it is durable when it was made, before it is committed."""

    def grouped(self: Writer, outcomes: list[Any]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for outcome in outcomes:
            self._act(outcome)
            resolve(outcome)
        time.sleep(LATE_S)
        page.passing(Point.PLANTED)
        self._connection.execute("COMMIT")

    resolve = writer._resolve
    _set(Writer, _group=grouped)
    _set(writer, _resolve=lambda _: None)


def commit_without_sync(_page: Page, _arguments: Sequence[str]) -> None:
    """What is committed is never synced: only the loss of power would show it."""
    connection.PRAGMAS["synchronous"] = 0


def commit_cursor_first(page: Page, _arguments: Sequence[str]) -> None:
    """The receiver commits how far it is, and then, in another transaction, what it has."""
    _commit_apart(page, is_cursor_first=True)


def commit_cursor_last(page: Page, _arguments: Sequence[str]) -> None:
    """The receiver commits what it has, and then, in another transaction, how far it is."""
    _commit_apart(page, is_cursor_first=False)


def _commit_apart(page: Page, *, is_cursor_first: bool) -> None:
    write: Patched = Database.write

    def twice(self: Database, act: Callable[[Writing], Any]) -> Any:
        late: list[Callable[[Writing], Any]] = []

        def first(db: Writing) -> Any:
            cursors, entries = _rows(db, "incoming"), _rows(db, "incoming_entry")
            done = act(db)
            if not cursors or _rows(db, "incoming_entry") == entries:
                return done
            table, before = ("incoming_entry", entries) if is_cursor_first else ("incoming", cursors)
            after = _rows(db, table)
            _put_rows(db, table, before)
            late.append(lambda db: _put_rows(db, table, after))
            return done

        done = write(self, first)
        for each in late:
            page.passing(Point.PLANTED)
            write(self, each)
        return done

    _set(Database, write=twice)


def _rows(db: Writing, table: str) -> list[Any]:
    return list(db.rows(f"SELECT * FROM {table}"))  # noqa: S608 - one of two


def _put_rows(db: Writing, table: str, rows: list[Any]) -> None:
    """Let a table hold just these rows."""
    db.run("PRAGMA defer_foreign_keys = 1")
    db.run(f"DELETE FROM {table}")  # noqa: S608 - one of two
    for row in rows:
        db.run(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608


def append_again(_page: Page, _arguments: Sequence[str]) -> None:
    """The sender appends anew what a peer asks for again, instead of sending what it has numbered."""
    fill: Patched = HandingOver.fill

    def again(self: HandingOver, db: Writing, office: str, rules: Any, start: int) -> Batch:
        stream = outgoing.stream(db, office)
        if stream is not None and 0 < start < stream.frontier.size:
            entries = [
                (each.header.kind, each.payload, None)
                for each in self._entries(db, stream.stream_id, start)
                if each.payload is not None
            ]
            numbering.append(db, stream, entries, epoch=rules.epoch, around=self._around, blobs=self._blobs)
        found: Batch = fill(self, db, office, rules, start)
        return found

    _set(HandingOver, fill=again)


def cut_nothing(_page: Page, _arguments: Sequence[str]) -> None:
    """The sender hands over its own whole item instead of a copy."""

    def whole(self: Any, db: Any, item_id: bytes, allowed: Any, rules: Any) -> Any:
        found = made(self, db, item_id, allowed, rules)
        own = items.own_view(db, item_id)
        assert own is not None, "what is delivered was released here"
        return items.view_data(db, own.view_key, self._blobs) if isinstance(found, bytes) else found

    made: Patched = numbering.Cutter._make
    _set(numbering.Cutter, _make=whole)


def throw_log_away(_page: Page, arguments: Sequence[str]) -> None:
    """A node that starts takes the log of one that was killed for litter."""
    if "--port" not in arguments:
        return  # it does not serve: beside it there may be one that does
    folder = Path(arguments[arguments.index("--dir") + 1])
    for name in ("node.db-wal", "node.db-shm"):
        with suppress(FileNotFoundError):
            (folder / name).unlink()


def receipt_when_sent(_page: Page, _arguments: Sequence[str]) -> None:
    """The sender calls a delivery receipted when it has given it out."""
    pieces: Patched = Answering.pieces

    def given(self: Answering, found: Any, batch: Batch) -> Iterator[bytes]:
        yield from pieces(self, found, batch)
        if batch.entries:
            self._database.write(
                lambda db: db.run("UPDATE delivery SET state = 'receipted' WHERE state = 'numbered'")
            )

    _set(Answering, pieces=given)


def note_bag_before_file(page: Page, _arguments: Sequence[str]) -> None:
    """That a bag is written is noted first, and then it is written."""
    write: Patched = Packing._write

    def early(self: Packing, path: Path, batch: Batch, bag: Any, filled: Any) -> int:
        self._database.write(lambda db: self._written(db, batch, bag, size_bytes=1, has_way_back=True))
        page.passing(Point.PLANTED)
        size_bytes: int = write(self, path, batch, bag, filled)
        return size_bytes

    _set(Packing, _write=early)


def write_bag_in_place(page: Page, _arguments: Sequence[str]) -> None:
    """A bag has its name while it is written."""

    def written(path: Path, pieces: Iterator[bytes]) -> None:
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
                file.flush()
                page.passing(Point.PLANTED)

    _set(packing, write_file=written)


def _set(owner: Any, **by_name: object) -> None:
    for name, replacement in by_name.items():
        assert hasattr(owner, name), "a bug is planted in what is there"
        setattr(owner, name, replacement)


BUGS: dict[str, Callable[[Page, Sequence[str]], None]] = {
    each.__name__: each
    for each in (
        acknowledge_before_commit,
        send_before_commit,
        tell_before_commit,
        commit_without_sync,
        commit_cursor_first,
        commit_cursor_last,
        append_again,
        cut_nothing,
        throw_log_away,
        receipt_when_sent,
        note_bag_before_file,
        write_bag_in_place,
    )
}
