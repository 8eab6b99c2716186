# SPDX-License-Identifier: Apache-2.0
"""
Proving to outsiders: files by which somebody with nothing but cards sees what was exchanged.

* ``prove_receipt``: that an office has receipted the copy of an item that it was handed.
* ``sign_log``: how far the node's own log is, and its root.
* ``prove_log_entry``: that an entry stands in it; ``prove_log_growth``: that it has only grown.

What was signed is stored before it is given out, and nothing is signed but what was committed. A proof that
does not hold is not given out: each is held against the root that was signed.
"""

from dataclasses import dataclass, field

from legation.encoding import encode
from legation.errors import MalformedError, ProofError, RefusedError, StoreError
from legation.exchange import read_view
from legation.item.parts import take_apart
from legation.keys.card import Card, Office
from legation.log import (
    Checkpoint,
    Proof,
    key_name,
    log_origin,
    prove_consistency,
    prove_inclusion,
    root_over,
    sign_checkpoint,
    stream_origin,
    verify_proof,
    write_proof,
)
from legation.merkle import Hash, leaf_hash, verify_consistency
from legation.node.desk.reading import begin_reading
from legation.node.desk.versions import find_item
from legation.node.keys.signing import Signing
from legation.node.rules import RuleBook, Rules, mission_reader
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.sqlite import deliveries, logbook, outgoing
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.outgoing import Receipted

FSCK = "legation fsck says where"
RELEASED = "legation deliveries lists what was released"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenReceipt:
    """
    A receipt for one item, as a file, and what it is verified with.

    ``payload`` is what was handed over, where it was asked for; ``holder`` the card of whoever has it.
    """

    proof: bytes = field(repr=False)
    holder: Card
    payload: bytes | None = field(default=None, repr=False)


def prove_receipt(
    text: str,
    office: str,
    *,
    with_payload: bool,
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
) -> ProvenReceipt:
    """
    Prove that an office has receipted the copy of an item of ours that it was handed.

    Args:
        text: The item's reference, its id or the beginning of it.
        office: The addressee.
        with_payload: Whether what was handed over is wanted too; its reader is the mission.
        card: The office's own card.
        database: The node's store.
        blobs: Where long payloads are.
        around: Clock and dice.

    Raises:
        MalformedError: There is no item of this reference or id that may be seen, it did not go to that
            office, or *office* is none.
        RefusedError: There is no receipt for it yet; or what was handed over is not kept, or may not be seen.
        StoreError: What is stored does not hold.
    """
    theirs = str(Office.parse(office))
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        allowed = begin_reading(db, mission_reader(db, str(card.office), around.now()), rules)
        found = _receipted(db, find_item(db, text, hint=RELEASED).item_id, theirs)
        holder = rules.cards.get(theirs)
        if holder is None:
            raise RefusedError(f"the card of `{theirs}` is not pinned any more")
        origin = stream_origin(str(card.office), theirs, found.incarnation)
        proof = _proof(
            Checkpoint(origin=origin, size=found.size, root=Hash(found.root)),
            found.receipt,
            number=found.header.number,
            entry=encode(found.header),
            hashes=prove_inclusion(found.header.number, found.size, outgoing.root_of(db, found.stream_id)),
        )
        payload = _payload(db, found, allowed, rules, blobs) if with_payload else None
    return ProvenReceipt(proof=proof, holder=holder, payload=payload)


def sign_log(*, card: Card, signing: Signing, database: Database) -> bytes:
    """
    Give the checkpoint over the whole of the own log, signed once for a size.

    Raises:
        StoreError: The store failed.
    """
    return _signed_log(card, signing, database)[1]


def prove_log_entry(number: int, *, card: Card, signing: Signing, database: Database) -> bytes:
    """
    Prove an entry of the own log, under the checkpoint over the whole of it.

    Raises:
        MalformedError: There is no such entry.
        StoreError: What is stored does not hold.
    """
    checkpoint, note = _signed_log(card, signing, database)
    if not 0 <= number < checkpoint.size:
        raise MalformedError(f"the log has entries 0 to {checkpoint.size - 1}")
    with database.read() as db:
        entries = logbook.entries(db, number, 1)
        if not entries:
            raise StoreError("an entry of the log is missing", hint=FSCK)
        hashes = prove_inclusion(number, checkpoint.size, logbook.root_of(db))
    return _proof(checkpoint, note, number=number, entry=encode(entries[0]), hashes=hashes)


def prove_log_growth(
    old_size: int, *, card: Card, signing: Signing, database: Database
) -> tuple[bytes, list[Hash]]:
    """
    Prove that the own log has only grown since it had *old_size* entries.

    Returns:
        The checkpoint over the whole of it, and the hashes of the consistency proof, from below upward.

    Raises:
        MalformedError: It never had so many.
        StoreError: What is stored does not hold.
    """
    checkpoint, note = _signed_log(card, signing, database)
    size = checkpoint.size
    if not 0 < old_size <= size:
        raise MalformedError(f"the log has had sizes from 1 to {size}")
    with database.read() as db:
        root_of = logbook.root_of(db)
        hashes, old_root = prove_consistency(old_size, size, root_of), root_over(0, old_size, root_of)
    try:
        verify_consistency(
            old_size=old_size, old_root=old_root, new_size=size, new_root=checkpoint.root, proof=hashes
        )
    except ProofError as error:
        raise StoreError("a proof from the store does not hold", hint=FSCK) from error
    return note, hashes


def _signed_log(card: Card, signing: Signing, database: Database) -> tuple[Checkpoint, bytes]:
    """What there is of the own log, committed, and the note over it."""
    office = str(card.office)
    with database.read() as db:
        state = logbook.state(db)
        size, root = state.frontier.size, state.frontier.root
        known = logbook.checkpoint(db, size)
    # A node begins its log with its policies, so it is never empty.
    checkpoint = Checkpoint(origin=log_origin(office, state.incarnation), size=size, root=root)
    if known is not None:
        return checkpoint, known
    new = sign_checkpoint(checkpoint, name=key_name(office), signers=signing.stream)

    def keep(db: Writing) -> bytes:
        # Another process may have signed this size meanwhile; then its bytes are the ones.
        found = logbook.checkpoint(db, size)
        if found is None:
            logbook.save_checkpoint(db, size, new)
        return found or new

    return checkpoint, database.write(keep)


def _receipted(db: Reading, item_id: bytes, office: str) -> Receipted:
    found = outgoing.receipted(db, item_id, office)
    if found is None:
        if not deliveries.deliveries(db, item_id=item_id, office=office):
            raise MalformedError(f"this item was not released to `{office}`")
        raise RefusedError(
            f"there is no receipt of `{office}` for this item", hint="legation deliveries says how far it got"
        )
    return found


def _payload(db: Reading, found: Receipted, allowed: frozenset[int], rules: Rules, blobs: Blobs) -> bytes:
    payload = outgoing.payload(db, found.stream_id, found.header.number, blobs)
    if payload is None:
        raise RefusedError("the copy that was handed over is not kept any more")
    _, view = read_view(payload)
    if not all(rules.access_id(layer) in allowed for _, layer, _ in take_apart(view).layers):
        raise RefusedError("the copy shows what the mission's own people may not see")
    return payload


def _proof(checkpoint: Checkpoint, note: bytes, *, number: int, entry: bytes, hashes: list[Hash]) -> bytes:
    proof = Proof(index=number, hashes=tuple(hashes), note=note, extra=entry)
    try:
        verify_proof(proof, leaf_hash(entry), checkpoint)
    except ProofError as error:
        raise StoreError("a proof from the store does not hold", hint=FSCK) from error
    return write_proof(proof)
