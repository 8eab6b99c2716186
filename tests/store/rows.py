# SPDX-License-Identifier: Apache-2.0
"""
The tables of a node in memory, and values to put into them: made from names, the same in every run.

The functions over tables do not look into what they store, so a view is any bytes and a slip stands for
nothing; what a row must be is what the schema says.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256, shake_256
from pathlib import Path

import apsw

from legation.errors import StoreError
from legation.exchange import EntryKind, header_of
from legation.item.draft import Draft, DraftPortion, Precedence, Slip
from legation.item.portion import Kind, Text
from legation.keys.card import PolicyReference
from legation.labels import Label
from legation.log import Frontier
from legation.merkle import Hash
from legation.projections import InboxLayer, InboxRow
from legation.release import Because, DeliveryState
from legation.store.blobs import Blobs
from legation.store.sqlite import access, deliveries, drafts, inbox, items, logbook, node, outgoing
from legation.store.sqlite.connection import LIMITS, PRAGMAS, READER_SET, SWITCHES
from legation.store.sqlite.database import Parameters, Reading, Row, Writing
from legation.store.sqlite.items import ViewState
from legation.store.sqlite.migrations import shipped
from legation.store.sqlite.outgoing import NewEntry, Outgoing

OURS = "KOR@NATO"
PEERS = ("AUS", "JPN@NATO", "KOR")
POLICY = PolicyReference(id="2.25.1001", version=1, digest=sha256(b"an example policy").digest())


def digest(name: str) -> bytes:
    """The hash of this name."""
    return sha256(name.encode()).digest()


def drawn(name: str, size_bytes: int) -> bytes:
    """So many bytes that belong to this name."""
    return shake_256(name.encode()).digest(size_bytes)


class MemoryBlobs(Blobs):
    """Blobs that are kept in memory, and count how often they are asked."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.is_full = False

    def put(self, data: bytes) -> bytes:
        """Keep a blob."""
        if self.is_full:
            raise StoreError("the disk is full")
        self.kept[sha256(data).digest()] = data
        return sha256(data).digest()

    def get(self, digest: bytes, *, size_bytes_max: int = 1 << 30) -> bytes:
        """Give a blob."""
        assert size_bytes_max
        return self.kept[digest]


def memory() -> Writing:
    """The empty tables of this release in a change, with every setting of a connection that matters."""
    connection = apsw.Connection(":memory:")
    for migration in shipped():
        connection.execute(migration.sql)
    for limit, value in LIMITS.items():
        connection.limit(limit, value)
    for switch, value in SWITCHES.items():
        connection.config(switch, value)
    for name, setting in PRAGMAS.items():
        connection.pragma(name, setting)
    connection.execute(READER_SET)
    connection.execute("BEGIN")
    return Writing(connection)


def furnish(db: Writing) -> Writing:
    """Make a node with its peers, as other tables need them."""
    node.create_node(db, OURS, 0)
    logbook.start_log(db, drawn("log", 16))
    db.run_many("INSERT INTO peer (office) VALUES (?)", [(office,) for office in PEERS])
    return db


def furnished() -> Writing:
    """A node with peers and nothing else."""
    return furnish(memory())


def connection_of(db: Reading) -> apsw.Connection:
    """What is under a reading, for counting and for breaking rules."""
    return db._connection


def plan(db: Reading, sql: str, parameters: Parameters = ()) -> str:
    """How the library would go about a statement, a line a step."""
    return "\n".join(str(row[3]) for row in db.rows("EXPLAIN QUERY PLAN " + sql, parameters))


def statements(db: Reading, act: Callable[[], object]) -> list[tuple[str, int]]:
    """What an act runs: each statement and the steps that the library's machine takes for it."""
    found: list[tuple[str, int]] = []
    connection = connection_of(db)

    def note(event: dict[str, object]) -> None:
        counted = event["stmt_status"]
        assert isinstance(counted, dict)
        found.append((str(event["sql"]), counted["SQLITE_STMTSTATUS_VM_STEP"]))

    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)
    try:
        act()
    finally:
        connection.trace_v2(0, None)
    return found


def steps(db: Reading, act: Callable[[], object]) -> int:
    """How many steps the library's machine takes for an act: what it costs, whatever the clock says."""
    return sum(count for _, count in statements(db, act))


def count(db: Reading, table: str) -> int:
    """How many rows a table has."""
    row = db.one(f"SELECT count(*) FROM {table}")  # noqa: S608 - tests name tables
    assert row is not None
    return int(row[0])


def everything(db: Reading) -> dict[str, list[Row]]:
    """All rows of all tables, to see that nothing of what was refused is left."""
    names = [name for (name,) in db.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {name: list(db.rows(f"SELECT * FROM {name}")) for name in names}  # noqa: S608 - tests name tables


def label(name: str) -> Label:
    """A label of this classification."""
    return Label(policy_id=POLICY.id, classification=name)


def interned(db: Writing, *names: str) -> list[int]:
    """The access ids of labels of these classifications."""
    return [access.intern(db, POLICY, label(name)) for name in names]


def draft(name: str, *offices: str) -> Draft:
    """A draft that says this name."""
    return Draft(
        kind=Kind.REPORT,
        policies=(POLICY,),
        portions=(DraftPortion(label=label("OPEN"), portion=Text(text=name)),),
        slips=tuple(map(slip, offices)),
    )


def slip(office: str, precedence: Precedence = Precedence.ROUTINE) -> Slip:
    """What concerns an office."""
    return Slip(addressee=office, action=True, precedence=precedence, attention="registry")


def add_item(
    db: Writing,
    name: str,
    *,
    office: str = "KOR",
    is_own: bool = False,
    reference: str = "",
    time: int = 1000,
) -> bytes:
    """Store an item of this name, and give its id."""
    items.save_item(
        db,
        item_id=digest(name),
        document=drawn(f"document of {name}", 16),
        time=time,
        kind=Kind.REPORT,
        author=digest(f"key of {office}"),
        office=office,
        reference=reference or (f"{office} {name.upper()}" if office else ""),
        is_own=is_own,
        at=2000,
    )
    return digest(name)


def add_view(
    db: Writing,
    item: str,
    data: bytes,
    layers: Iterable[int],
    *,
    source: str = "KOR",
    blobs: Blobs | None = None,
    at: int = 2000,
    because: str = "",
) -> int:
    """Store a view of an item that is stored; set apart where there is a reason."""
    return items.save_view(
        db,
        data=data,
        item_id=digest(item),
        source=source,
        layers=layers,
        blobs=blobs or MemoryBlobs(),
        at=at,
        state=ViewState.QUARANTINED if because else ViewState.HELD,
        because=because,
    )


def fold_layers(
    db: Writing, item: str, view_key: int, layers: Iterable[tuple[int, bool, str | None]]
) -> InboxRow:
    """Put a view into the inbox: by layer whether there is a body, and the title."""
    row = InboxRow(
        item_id=digest(item),
        layers=tuple(
            InboxLayer(access_id=access_id, has_body=has_body, title=title)
            for access_id, has_body, title in sorted(layers)
        ),
    )
    inbox.fold_view(db, view_key, row)
    return row


def add_release(db: Writing, name: str) -> int:
    """Release an item of our own under a draft of the same name."""
    add_item(db, name, office=OURS, is_own=True)
    written = draft(name)
    drafts.save_draft(db, written, "desk officer", 0)
    return deliveries.add_release(
        db,
        item_id=digest(name),
        draft_digest=written.digest,
        preview_digest=digest("preview"),
        by="releasing officer",
        at=10,
    )


def add_delivery(
    db: Writing,
    name: str,
    office: str,
    release_id: int,
    labels: Iterable[int] = (),
    *,
    because: Because = Because.NONE,
    precedence: Precedence = Precedence.ROUTINE,
) -> int:
    """Add a delivery that waits, or is withheld for a reason."""
    return deliveries.add_delivery(
        db,
        office=office,
        item_id=digest(name),
        release_id=release_id,
        slip=slip(office, precedence),
        labels=labels,
        state=DeliveryState.WAITING if because is Because.NONE else DeliveryState.WITHHELD,
        because=because,
        epoch=1,
        at=10,
    )


def released(db: Writing, *names: str, office: str = "KOR", labels: Iterable[int] = ()) -> list[int]:
    """Release items to an office, one delivery each."""
    labels = list(labels)
    return [add_delivery(db, name, office, add_release(db, name), labels) for name in names]


def begun(db: Writing, office: str = "KOR") -> Outgoing:
    """Our stream to an office, with its start entry."""
    stream = outgoing.start_stream(db, office, drawn(f"stream to {office}", 16), 20)
    return append(db, stream, [(EntryKind.START, b"{}", None)])


def new_entries(
    stream: Outgoing, payloads: Iterable[tuple[EntryKind, bytes, int | None]]
) -> tuple[list[NewEntry], Frontier]:
    """Entries that follow a stream, and the frontier with them."""
    frontier, new = stream.frontier, []
    for kind, payload, delivery_id in payloads:
        header = header_of(frontier.size, kind, payload)
        frontier = frontier.extend([header.leaf])
        new.append(
            NewEntry(header=header, payload=payload, root=Hash(frontier.root), delivery_id=delivery_id)
        )
    return new, frontier


def append(
    db: Writing,
    stream: Outgoing,
    payloads: Iterable[tuple[EntryKind, bytes, int | None]],
    *,
    blobs: Blobs | None = None,
    epoch: int = 1,
) -> Outgoing:
    """Append entries to a stream of ours."""
    new, frontier = new_entries(stream, payloads)
    return outgoing.append(db, stream, new, frontier, epoch=epoch, blobs=blobs, at=30)


def numbered(db: Writing, stream: Outgoing, delivery_ids: Sequence[int]) -> Outgoing:
    """Append an entry for each delivery, and note it."""
    first = stream.frontier.size
    payloads = [(EntryKind.VIEW, drawn(f"payload of {each}", 100), each) for each in delivery_ids]
    stream = append(db, stream, payloads)
    pairs = [(each, first + place) for place, each in enumerate(delivery_ids)]
    deliveries.number(db, pairs, stream.stream_id, epoch=1, at=30)
    return stream


def state_of(db: Reading, delivery_id: int) -> tuple[str, str, int | None]:
    """State, reason and entry of a delivery."""
    row = db.one("SELECT state, because, entry_number FROM delivery WHERE delivery_id = ?", (delivery_id,))
    assert row is not None
    return row[0], row[1], row[2]


def schema_text() -> str:
    """The first migration."""
    return (Path(items.__file__).parent / "schema" / "0001.sql").read_text()
