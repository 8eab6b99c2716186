# SPDX-License-Identifier: Apache-2.0
"""
A stock of items that wait for a peer: what a node has for one that was away for months, made in seconds.

Each is signed and stored as a release does it, with a document id, salts and a signature of its own. But they
share the paragraphs and the approval of one report, and many are made in one commit.
"""

import os
from collections.abc import Sequence

from bench.offices import PEER, Offices, report
from legation.item import Draft, Slip, inspect, sign
from legation.item.draws import SECRET_SIZE_BYTES, digest_signed
from legation.item.reference import reference
from legation.item.shape import DOCUMENT_SIZE_BYTES
from legation.node.desk.drafting import store_draft
from legation.node.surroundings import HERE
from legation.release import Because, DeliveryState
from legation.store.sqlite import access, deliveries, items, node
from legation.store.sqlite.database import Writing

STEP = 1_000  # items in one commit


def stock(offices: Offices, count: int) -> None:
    """Let so many items wait for the peer; the first of them is released as people do it."""
    home = offices.author
    first = offices.release(0)
    draft = store_draft(
        report(0), by="bench", card=home.card, database=home.database, blobs=home.blobs, around=HERE
    )
    for begun in range(1, count, STEP):
        step = min(STEP, count - begun)
        home.database.write(lambda db, step=step: _add(db, offices, draft, like=first, count=step))  # type: ignore[misc]


def _add(db: Writing, offices: Offices, draft: Draft, *, like: bytes, count: int) -> None:
    """Add items that are delivered like one that is there."""
    row = db.one("SELECT delivery_id, release_id FROM delivery WHERE item_id = ?", (like,))
    assert row is not None, "what was released is delivered"
    delivery_id, release_id = row
    labels = [
        one
        for (one,) in db.rows("SELECT access_id FROM delivery_label WHERE delivery_id = ?", (delivery_id,))
    ]
    now, epoch = HERE.seconds(), node.epoch(db).number
    for _ in range(count):
        deliveries.add_delivery(
            db,
            office=PEER,
            item_id=_add_item(db, offices, draft, now),
            release_id=release_id,
            slip=Slip(addressee=PEER),
            labels=labels,
            state=DeliveryState.WAITING,
            because=Because.NONE,
            epoch=epoch,
            at=now,
        )


def _add_item(db: Writing, offices: Offices, draft: Draft, now: int) -> bytes:
    home, document = offices.author, os.urandom(DOCUMENT_SIZE_BYTES)
    fresh = os.urandom(SECRET_SIZE_BYTES)
    draws = HERE.draws(home.signing.draws, fresh, digest_signed(draft.digest, document, now))
    contents = inspect(sign(draft, document=document, time=now, signer=home.signing.item, draws=draws))
    items.save_item(
        db,
        item_id=contents.item_id,
        document=document,
        time=now,
        kind=contents.kind,
        author=contents.wire.header.author,
        office=home.office,
        reference=reference(home.office, now, contents.item_id),
        is_own=True,
        at=now,
    )
    layers: Sequence[int] = [access.intern(db, each.policy, each.label) for each in contents.layers]
    items.save_view(
        db, data=contents.data, item_id=contents.item_id, source="", layers=layers, blobs=home.blobs, at=now
    )
    return contents.item_id
