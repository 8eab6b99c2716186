# SPDX-License-Identifier: Apache-2.0
"""
The check of the node's own log: numbers, root, what is kept of its tree for proofs, checkpoints.

What it says is then held against everything else, both ways: what was done stands in it, and what it says was
done is there. Of each entry some 250 bytes are remembered for that, whatever it stands for.
"""

from collections import defaultdict
from functools import partial

from legation.errors import ProofError, StoreError
from legation.keys.card import Card
from legation.log import (
    Frontier,
    LogKind,
    completed,
    completed_count,
    key_name,
    log_origin,
    root_over,
    verify_checkpoint,
)
from legation.merkle import Hash
from legation.node.checking.findings import Findings, Listed
from legation.node.surroundings import Surroundings
from legation.store.sqlite import checks, logbook, rebuilding
from legation.store.sqlite.database import Reading

READ_AT_ONCE = 1000  # entries of the log
NOT_KEPT = "a hash that is kept for proofs is not what the entries make"
NOT_ALL_KEPT = "it keeps more or fewer hashes than its entries make"

# The kinds of which each entry stands for something that is kept; the others stand for an act alone.
KEPT = frozenset(LogKind) - {
    LogKind.PAUSED,
    LogKind.EXCLUDED,
    LogKind.RESUMED,
    LogKind.LOWERED,
}


class Logged:
    """What the log says was done, and what of it was met elsewhere."""

    def __init__(self) -> None:
        # The number of the last entry of each; negative and one less, if it was met.
        self._last = defaultdict[LogKind, dict[bytes, int]](dict)

    def add(self, kind: LogKind, digest: bytes, number: int) -> None:
        """Take in an entry; they come in order."""
        self._last[kind][digest] = number

    def meets(self, kind: LogKind, digest: bytes) -> bool:
        """Tell whether something stands in the log, which is met by that."""
        last = self._last[kind]
        number = last.get(digest)
        if number is None:
            return False
        if number >= 0:
            last[digest] = -1 - number
        return True

    def claim(self, kind: LogKind, digest: bytes) -> int:
        """
        Give the number of the last entry that says so.

        Raises:
            StoreError: None does.
        """
        if not self.meets(kind, digest):
            raise StoreError("it is not in the log")
        return -1 - self._last[kind][digest]

    def check_met(self, found: Findings) -> None:
        """Note what the log says was done, and what is there of it nowhere."""
        for kind in sorted(KEPT & self._last.keys()):
            missing = sum(number >= 0 for number in self._last[kind].values())
            if missing:
                found.note("log", f"what {missing} of its entries of kind {kind} stand for is missing")


def check_log(db: Reading, found: Findings, card: Card, around: Surroundings) -> Logged:
    """Walk the node's own log; gives what is in it."""
    frontier, logged, astray = Frontier(), Logged(), Listed()
    found.expect("log entries", checks.count(db, "log_entry"))
    found.hold("logs", "log", partial(_numbered, db))
    while some := logbook.entries(db, frontier.size, READ_AT_ONCE):
        leaves = [entry.leaf for entry in some]
        if any(logbook.subtree(db, *place) != root for *place, root in completed(frontier, leaves)):
            astray.add(f"log, entries from {frontier.size}", NOT_KEPT)
        for number, entry in enumerate(some, frontier.size):
            logged.add(entry.kind, entry.hash, number)
        frontier = frontier.extend(leaves)
        found.count("log entries", frontier.size)
    state = logbook.state(db)
    holds = frontier == state.frontier
    if not holds:
        found.note("log", "its entries lead to another root than its own")
    if completed_count(frontier.size) != logbook.subtree_count(db):
        astray.add("log", NOT_ALL_KEPT)
    found.mend_all(astray, rebuilding.log_hashes, can_be=holds)
    for incarnation in logbook.incarnations(db):
        origin = log_origin(str(card.office), incarnation)
        for size, data in logbook.checkpoints(db, incarnation):
            look = partial(_checkpoint, db, card, around, data=data, origin=origin, size=size)
            found.hold("log checkpoints", f"log, checkpoint {size}", look)
    return logged


def _numbered(db: Reading) -> None:
    if not logbook.is_numbered(db):
        raise StoreError("a number is missing in it")


def _checkpoint(
    db: Reading, card: Card, around: Surroundings, *, data: bytes, origin: str, size: int
) -> None:
    """
    Hold a checkpoint over the own log against its signatures and the entries.

    Raises:
        LegationError: It does not hold.
    """
    if size > logbook.state(db).frontier.size:
        raise StoreError("it is over more entries than there are")
    check_checkpoint(card, around, data, origin, (size, root_over(0, size, logbook.root_of(db))))


def check_checkpoint(
    card: Card, around: Surroundings, data: bytes, origin: str, expected: tuple[int, Hash | None]
) -> None:
    """
    Hold a checkpoint that we signed against our card, and against what it is to be over.

    Raises:
        VerificationError: It does not hold.
        MalformedError: It is none.
    """
    found = verify_checkpoint(
        data,
        origin=origin,
        name=key_name(str(card.office)),
        keys=card.stream_keys_ever,
        verify=around.verify,
    )
    if (found.size, found.root) != expected:
        raise ProofError("it is over other entries than are here")
