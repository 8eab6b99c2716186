# SPDX-License-Identifier: Apache-2.0
"""
Access ids: every label that occurs, once, with its policy and its need-to-know group.

A reader is a set of access ids. ``allow`` puts it where the queries of one reading look for it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from legation.encoding import Codec, encode
from legation.keys.card import PolicyReference
from legation.labels import Label
from legation.store.sqlite.database import Reading, Writing

LABEL_SIZE_BYTES_MAX = 1 << 20  # the fullest that the limits of a label allow is below that
NO_GROUP = 0

_LABEL = Codec(Label, size_bytes_max=LABEL_SIZE_BYTES_MAX, what="label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What an access id stands for."""

    reference: PolicyReference
    label: Label
    group: int


def intern(db: Writing, reference: PolicyReference, label: Label, group: int = NO_GROUP) -> int:
    """
    Give the access id of a label, which gets one if it has none.

    An id is for ever once the change is committed. If it is not, the same number may come to stand for
    another label: remember ids only from what was committed.
    """
    found = db.interned.get((reference, label, group))
    if found is None:
        found = db.interned[reference, label, group] = _intern(db, reference, label, group)
    return found


def _intern(db: Writing, reference: PolicyReference, label: Label, group: int) -> int:
    named = (reference.id, reference.version, reference.digest, encode(label), group)
    row = db.one(
        "SELECT access_id FROM access WHERE policy_id = ? AND policy_version = ? AND policy_digest = ? "
        "AND label = ? AND need_to_know = ?",
        named,
    ) or db.one(
        "INSERT INTO access (policy_id, policy_version, policy_digest, label, need_to_know) "
        "VALUES (?, ?, ?, ?, ?) RETURNING access_id",
        named,
    )
    assert row is not None, "an insert gives a row back"
    return int(row[0])


def accesses(db: Reading, *, after: int = 0) -> Iterator[tuple[int, Access]]:
    """Every access id above *after*, in order, with what it stands for."""
    rows = db.rows(
        "SELECT access_id, policy_id, policy_version, policy_digest, label, need_to_know FROM access "
        "WHERE access_id > ? ORDER BY access_id",
        (after,),
    )
    for access_id, id, version, digest, label, group in rows:
        reference = PolicyReference(id=id, version=version, digest=digest)
        yield access_id, Access(reference=reference, label=_LABEL.decode(label), group=group)


def allow(db: Reading, ids: Iterable[int]) -> None:
    """Bind the queries of this reading to a reader who may see exactly these access ids."""
    db.one("DELETE FROM temp.allowed")
    # All in one statement: a reader may see some thousand.
    db.one(
        "INSERT INTO temp.allowed (access_id) SELECT DISTINCT value FROM json_each(?)",
        (encode(list(ids)).decode("ascii"),),
    )
