# SPDX-License-Identifier: Apache-2.0
"""
The check of what was declared of this folder, and of what peers proved that they hold and is not here.
"""

from functools import partial
from hashlib import sha256

from legation.errors import ProofError, StoreError, VerificationError
from legation.keys.card import Card
from legation.log import LogKind, key_name, stream_origin, verify_receipt
from legation.node.checking.findings import Findings
from legation.node.checking.log import Logged
from legation.node.rules import Rules
from legation.node.streams.recalling import root_with
from legation.node.surroundings import Surroundings
from legation.store.sqlite import outgoing, restorations
from legation.store.sqlite.database import Reading
from legation.store.sqlite.restorations import HeldThere, Restoration


def check_restorations(
    db: Reading, found: Findings, rules: Rules, logged: Logged, *, card: Card, around: Surroundings
) -> None:
    """Look at every restoration that two persons declared, and at every proof that a peer holds more."""
    for each in restorations.declared(db):
        found.hold("restorations", f"restoration by {each.proposed_by}", partial(_declared, each, logged))
    for shown in restorations.all_held_there(db):
        if shown.receipt is not None:
            where = f"what {shown.office} holds of {shown.incarnation.hex()}"
            found.hold("proofs of what was lost", where, partial(_proof, shown, rules, card, around))
            found.tries(where, partial(_lost, db, shown))


def _declared(each: Restoration, logged: Logged) -> None:
    """
    Hold what was declared against the log.

    Raises:
        StoreError: It is not there.
    """
    if each.record is None:
        raise StoreError("it has no record")
    logged.claim(LogKind.RESTORED, sha256(each.record).digest())


def _lost(db: Reading, shown: HeldThere) -> None:
    """
    Hold what was lost against what was signed.

    Raises:
        ProofError: It does not lead there.
    """
    lost = restorations.lost(db, shown.office, shown.incarnation)
    stream = outgoing.stream_of(db, shown.office, shown.incarnation)
    if lost and lost[-1].number + 1 == shown.size and root_with(db, stream, lost) != shown.root:
        raise ProofError("what was lost does not lead to what was signed")


def _proof(shown: HeldThere, rules: Rules, card: Card, around: Surroundings) -> None:
    """
    Verify a receipt over what is not here.

    Raises:
        VerificationError: It does not hold.
    """
    holder = rules.cards.get(shown.office)
    if holder is None or shown.receipt is None:
        raise VerificationError("the card of the other office is not pinned any more")
    found = verify_receipt(
        shown.receipt,
        origin=stream_origin(str(card.office), shown.office, shown.incarnation),
        name=key_name(str(card.office)),
        keys=card.stream_keys_ever,
        cosigner=key_name(shown.office),
        cosigner_keys=holder.stream_keys_ever,
        verify=around.verify,
    ).checkpoint
    if (found.size, found.root) != (shown.size, shown.root):
        raise ProofError("it is over other entries than its row says")
