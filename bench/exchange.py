# SPDX-License-Identifier: Apache-2.0
"""
P4, P5 and P8: items from node to node, how long one takes, and what asking for nothing costs.

Every figure is with SQLite in WAL mode and ``synchronous=FULL`` at both nodes. The author is a process of
its own, ``legation serve``; what pulls is this one.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.beside import beside
from bench.floors import FLOOR_BATCH, bytes_and_signatures, commits, empty_letters
from bench.measure import Effort, Job, check, measure
from bench.offices import AUTHOR, PEER, Offices, free_port, joined, pulling
from bench.programs import serving
from bench.report import Goal, Group, Line, Row, at_least, at_most
from legation.exchange import (
    ANSWER_SIZE_BYTES_MAX,
    EntryHeader,
    EntryKind,
    RefusalCode,
    Refused,
    header_of,
    write_refused,
)
from legation.item import Kind, Slip
from legation.node.home import Home
from legation.node.streams.numbering import append
from legation.node.surroundings import HERE
from legation.release import Because, DeliveryState
from legation.store.sqlite import deliveries, incoming, items, outgoing
from legation.store.sqlite.database import Writing
from legation.store.sqlite.incoming import EntryState, NewIncoming
from legation.transports.http.peer import Peer

STEP = 1000  # rows that are made in one commit
DURABLE = "SQLite in WAL mode, synchronous=FULL, at both nodes"


def exchange(effort: Effort) -> Row:
    """Measure P4."""
    count = effort.of(2_000, 40)
    rates, floors = [], []
    size_bytes = 0
    for _ in range(effort.of(5, 1)):
        with (
            tempfile.TemporaryDirectory() as scratch,
            closing(Offices(Path(scratch), port=free_port())) as one,
        ):
            for number in range(count):
                one.release(number)
            rates.append(_pull_all(one, count))
            size_bytes = _payload_size(one.author)
        floors.append(bytes_and_signatures(size_bytes, count))
    rate, floor = statistics.median(rates), statistics.median(floors)
    others = beside(rate, size_bytes, effort)
    return Row(
        code="P4",
        title="items from node to node over HTTP",
        about=f"{count:,} items of 20 portions wait for a peer, {size_bytes:,} bytes each as it is handed over. "
        "Timed is from the first pull to the last commit and receipt: decided, cut, appended, sealed, sent, "
        f"opened, verified, stored, listed in the inbox. Two processes, wall time. {DURABLE}.",
        checked=f"{count:,} items received, each verified and listed once; the last receipt covers all of them.",
        groups=(
            Group(
                operation="one item",
                ours=1 / rate,
                others=(
                    Line(whose="floor: the same bytes and signatures, on one core", seconds=1 / floor),
                    *others.lines,
                ),
            ),
        ),
        goals=(
            at_least("at least 3,000 items a second", rate, 3_000, "a second"),
            at_least("at least half of the one-core floor", rate / floor, 0.5, "of it"),
            *others.goals,
        ),
        spread=max(rates) / min(rates),
        facts=(
            (
                "The floor signs, cuts nothing, seals, verifies one Ed25519 signature and 15 leaves an item, and "
                f"inserts the bytes with 5 label rows at either side, {FLOOR_BATCH} a commit, in one process."
            ),
            *others.facts,
        ),
    )


def _pull_all(offices: Offices, count: int) -> float:
    """Pull until there is nothing more; items a second."""
    address = offices.author.card.body.addresses[0]
    port = int(address.rpartition(":")[2])
    one = pulling(offices.peer, AUTHOR)
    received = 0
    with (
        serving(offices.folder / "author", port),
        closing(Peer(address, size_bytes_max=ANSWER_SIZE_BYTES_MAX)) as peer,
    ):
        begun = time.perf_counter()
        while True:
            found = one.pull(lambda pieces: peer.exchange(b"".join(pieces)))
            received += found.views
            if not found.entries:
                break
        taken = time.perf_counter() - begun
    check(received == count, "another number of items came than was released")
    with offices.author.database.read() as db:
        states = {each.state.value for each in deliveries.deliveries(db)}
    check(states == {"receipted"}, "not everything was receipted")
    return count / taken


def _payload_size(home: Home) -> int:
    with home.database.read() as db:
        stream = outgoing.stream(db, PEER)
        assert stream is not None
        [entry] = outgoing.entries(db, stream.stream_id, 1, size_bytes_max=1, count_max=1, blobs=home.blobs)
    return entry.header.payload_size_bytes


def delay(effort: Effort) -> Row:
    """Measure P5."""
    count = effort.of(100, 3)
    times = []
    with tempfile.TemporaryDirectory() as scratch, closing(Offices(Path(scratch), port=free_port())) as one:
        port = int(one.author.card.body.addresses[0].rpartition(":")[2])
        with serving(one.folder / "author", port), serving(one.folder / "peer"):
            one.release(0)
            _wait_for(one, 1)
            for number in range(1, count + 1):
                time.sleep(0.05)  # the link is idle
                begun = time.perf_counter()
                one.release(number)
                _wait_for(one, number + 1)
                times.append(time.perf_counter() - begun)
    times.sort()
    floor = statistics.median(commits() for _ in range(effort.of(100, 3)))
    middle, most = times[len(times) // 2], times[int(len(times) * 0.95)]
    return Row(
        code="P5",
        title="released, and in the peer's inbox",
        about="Both nodes serve, the link is idle and the peer's long poll is open. Timed is from the call "
        "of the release, report read and item signed included, until the item is listed in the peer's inbox, "
        f"looked for every millisecond. Wall time. {DURABLE}.",
        checked=f"{count} items, each listed once.",
        groups=(
            Group(
                operation="release to inbox, half of them",
                ours=middle,
                others=(Line(whose="floor: three commits and one way over a socket", seconds=floor),),
            ),
        ),
        goals=(
            at_most("half within 60 ms", middle, 0.060),
            at_most("95 of 100 within 200 ms", most, 0.200),
        ),
        spread=times[-1] / times[0],
        facts=(f"95 of 100 took at most {1000 * most:.0f} ms.",),
    )


def _wait_for(offices: Offices, count: int) -> None:
    until = time.perf_counter() + 20
    while True:
        with offices.peer.database.read() as db:
            row = db.one("SELECT count(*) FROM inbox")
        if row is not None and row[0] >= count:
            return
        check(time.perf_counter() < until, "an item did not arrive")
        time.sleep(0.001)


def nothing_new(effort: Effort) -> Row:
    """Measure P8."""
    sizes = (effort.of(1_000, 50), effort.of(1_000_000, 500))
    refused = effort.of(200_000, 100)
    with tempfile.TemporaryDirectory() as scratch:
        jobs: list[Job] = []
        closers: list[Offices] = []
        for name, entries, withheld in (
            ("few", sizes[0], 0),
            ("many", sizes[1], 0),
            ("many, and refused deliveries", sizes[0], refused),
        ):
            folder = Path(scratch) / str(len(jobs))
            folder.mkdir()
            one = Offices(folder)
            closers.append(one)
            _fill(one, entries, withheld)
            jobs.append(Job(name=name, run=_idle_pull(one)))
        jobs.append(Job(name="floor", run=empty_letters()))
        found = measure(jobs, effort, clock=time.perf_counter)
        for each in closers:
            each.close()
    few = found["few"]
    return Row(
        code="P8",
        title="a pull with nothing new",
        about="A pull is opened, verified, taken in, found to have nothing new, and answered; the answer is "
        "sealed. In one process, without a network. Wall time.",
        checked="each answer is empty; the streams have as many entries as they say.",
        groups=(
            Group(
                operation=f"nothing new, {sizes[0]:,} entries",
                ours=few,
                others=(
                    Line(whose=f"Legation, {sizes[1]:,} entries", seconds=found["many"]),
                    Line(
                        whose=f"Legation, {refused:,} refused deliveries",
                        seconds=found["many, and refused deliveries"],
                    ),
                    Line(
                        whose="floor: two letters sealed, signed, opened and verified", seconds=found["floor"]
                    ),
                ),
            ),
        ),
        goals=(
            _no_dearer(f"the same with {sizes[1]:,} entries (at most 1.2 x)", found["many"] / few),
            _no_dearer(
                f"the same with {refused:,} refused deliveries (at most 1.2 x)",
                found["many, and refused deliveries"] / few,
            ),
        ),
        spread=found.spread,
    )


def _no_dearer(text: str, times: float) -> Goal:
    return Goal(text=text, found=f"{times:.2f} x", is_met=times <= 1.2)


def _fill(offices: Offices, entries: int, withheld: int) -> None:
    """Make a stream of so many entries, held and receipted by the peer, and deliveries that were refused."""
    offices.release(0)
    one, way = pulling(offices.peer, AUTHOR), joined(offices.author)
    author = offices.author
    while one.pull(way).entries:
        pass
    for start in range(2, entries - 1, STEP):
        count = min(STEP, entries - 1 - start)
        headers = author.database.write(partial(_append, count=count))
        offices.peer.database.write(partial(_hold, headers=headers))
    offices.release(1)
    while one.pull(way).entries:
        pass
    for start in range(0, withheld, STEP):
        count = min(STEP, withheld - start)
        author.database.write(partial(_refuse, count=count))
    with author.database.read() as db:
        stream = outgoing.stream(db, PEER)
        refused = sum(each.state is DeliveryState.WITHHELD for each in deliveries.deliveries(db))
    check(stream is not None and stream.frontier.size == entries, "the stream is not as long as it says")
    check(stream is not None and stream.receipt_size == entries, "not everything was receipted")
    check(refused == withheld, "another number of deliveries was refused")


_REFUSED = write_refused(Refused(incarnation=bytes(16), number=1, code=RefusalCode.MALFORMED))


def _append(db: Writing, count: int) -> list[EntryHeader]:
    """Append entries that have no effect; their headers."""
    stream = outgoing.stream(db, PEER)
    assert stream is not None, "a stream is begun by the first pull"
    append(db, stream, [(EntryKind.REFUSED, _REFUSED, None)] * count, epoch=1, around=HERE)
    first = stream.frontier.size
    return [header_of(number, EntryKind.REFUSED, _REFUSED) for number in range(first, first + count)]


def _hold(db: Writing, headers: list[EntryHeader]) -> None:
    """Hold them at the peer, as a pull does; the next one brings the checkpoint over all."""
    stream = incoming.stream(db, AUTHOR)
    assert stream is not None, "a stream is begun by the first pull"
    new = [
        NewIncoming(number=each.number, leaf=each.leaf, state=EntryState.HELD, header=each, payload=_REFUSED)
        for each in headers
    ]
    held = replace(stream.held, frontier=stream.held.frontier.extend([each.leaf for each in headers]))
    incoming.append(db, stream, new, held, 0)


def _refuse(db: Writing, count: int) -> None:
    """Add deliveries that were refused, each of another item."""
    row = db.one("SELECT release_id FROM released")
    assert row is not None, "something was released"
    for _ in range(count):
        item_id = os.urandom(32)
        items.save_item(
            db,
            item_id=item_id,
            document=item_id[:16],
            time=0,
            kind=Kind.REPORT,
            author=item_id,
            office=AUTHOR,
            reference=f"{AUTHOR} 1970-{item_id.hex()[:8]}",
            is_own=True,
            at=0,
        )
        deliveries.add_delivery(
            db,
            office=PEER,
            item_id=item_id,
            release_id=row[0],
            slip=Slip(addressee=PEER),
            labels=[1],
            state=DeliveryState.WITHHELD,
            because=Because.REFUSED_BY_RULE,
            epoch=1,
            at=0,
        )


def _idle_pull(offices: Offices) -> Callable[[], object]:
    """Make a pull with nothing new, again and again."""
    one, way = pulling(offices.peer, AUTHOR), joined(offices.author)

    def pull() -> None:
        check(one.pull(way).entries == 0, "there was something new")

    return pull
