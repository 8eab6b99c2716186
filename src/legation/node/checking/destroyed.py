# SPDX-License-Identifier: Apache-2.0
"""
The check of what was destroyed, and of certificates.

1. Of an item that was destroyed no view is here, and nothing that was folded from one; two persons did it.
2. Our certificate of it says so, was signed by a key of ours, and is in the log.
3. Every certificate that counts was signed by the office that it names.

What is being destroyed goes on when the node is opened; a fault until then, for bytes of it may be on the disk.
"""

from functools import partial

from legation.errors import StoreError
from legation.item.destruction import DESTRUCTION
from legation.keys.sign import KeyId, Purpose
from legation.log import LogKind
from legation.node.checking.findings import Findings
from legation.node.checking.log import Logged
from legation.node.rules import Rules
from legation.node.withdrawal.certifying import certificate_hash
from legation.store.sqlite import destructions
from legation.store.sqlite.database import Reading
from legation.store.sqlite.destructions import StoredAct, StoredDestruction
from legation.store.sqlite.items import ViewState


def check_destroyed(db: Reading, found: Findings, rules: Rules, logged: Logged) -> None:
    """Look at every act of destruction, and at every certificate."""
    signed = dict[bytes, StoredDestruction]()
    for certificate in destructions.certificates(db):
        where = f"certificate of destruction of {certificate.item_id.hex()[:16]}"
        if certificate.source == "":
            signed[certificate.digest] = certificate
        found.hold("certificates", where, partial(_certificate, certificate, rules))
    for act in destructions.acts(db):
        where = f"destruction of {act.item_id.hex()[:16]}"
        ours = None if act.certificate is None else signed.get(act.certificate)
        found.hold("destructions", where, partial(_act, db, act, ours, rules, logged))


def _act(db: Reading, act: StoredAct, ours: StoredDestruction | None, rules: Rules, logged: Logged) -> None:
    """
    Hold an act against what is here, its certificate and the log.

    Raises:
        StoreError: It does not hold.
    """
    if destructions.views_left(db, act.item_id) or destructions.is_listed(db, act.item_id):
        raise StoreError("something of it is here")
    if act.certificate is None:
        raise StoreError("it was cut short: it goes on when the node is opened next")
    if ours is None or (ours.item_id, ours.office) != (act.item_id, rules.office):
        raise StoreError("its certificate is another's")
    logged.claim(LogKind.DESTROYED, act.certificate)


def _certificate(stored: StoredDestruction, rules: Rules) -> None:
    """
    Hold a certificate against its row and the card of who signed it; the key may be retired or revoked by now.

    Raises:
        LegationError: It does not hold.
    """
    found = DESTRUCTION.decode(stored.data)
    said = (found.item, found.time, found.withdrawal, certificate_hash(stored.data))
    if said != (stored.item_id, stored.destroyed_at, stored.withdrawal, stored.digest):
        raise StoreError("its row says something else than it does")
    if stored.state is not ViewState.HELD:
        return
    key = rules.pinned.item_key(KeyId(found.signer))
    if key is None or str(key.office) != stored.office or found.office != stored.office:
        raise StoreError("its row names another office than signed it")
    key.public_key.verify(Purpose.DESTRUCTION, found.signed_bytes, found.signature)
