# SPDX-License-Identifier: Apache-2.0
"""
Versions of a document, as one reader may see them.

Versions are the items of one office that carry one document id; what another office writes under the same
id is none. They are in the order of the author's time, then of their ids: one that comes late with an older
time is an older version.

Rules kept here:

1. What versions are compared by is folded from views when a document comes to have several.
2. Queries for a reader go by ``temp.allowed``, as in ``items`` and ``inbox``: what they give follows from
   the layers that are allowed and from nothing else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from legation.projections import SubstanceRow, noticed
from legation.store.sqlite.database import Reading, Writing

HAS_OTHERS = (
    "EXISTS (SELECT 1 FROM item AS other WHERE other.document = item.document "
    "AND other.office = item.office AND other.item_id <> item.item_id AND item.office <> '')"
)
"""Of a row of ``item``: whether its document has other versions here."""
WITHDRAWN_AT = (
    "(SELECT withdrawal.received_at FROM withdrawal WHERE withdrawal.item_id = item.item_id "
    "AND withdrawal.office = item.office AND withdrawal.state = 'held')"
)
"""Of a row of ``item``: when it was withdrawn, by our clock, or NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """
    One version, as far as a reader may see it.

    ``substance`` says the same exactly where it is the same to them.
    """

    item_id: bytes
    reference: str
    time: int
    has_body: bool
    substance: str
    withdrawn_at: int | None

    @property
    def is_withdrawn(self) -> bool:
        """Whether its author has withdrawn it."""
        return self.withdrawn_at is not None


def has_others(db: Reading, item_id: bytes) -> bool:
    """Whether the document of an item has other versions here."""
    row = db.one(f"SELECT {HAS_OTHERS} FROM item WHERE item_id = ?", (item_id,))  # noqa: S608 - a constant
    return row is not None and bool(row[0])


def unfolded(db: Reading, item_id: bytes) -> list[int]:
    """The views that are held of all versions of an item's document, and are not folded yet."""
    rows = db.rows(
        "SELECT view_key FROM item AS this JOIN item USING (document, office) "
        "JOIN view ON view.item_id = item.item_id WHERE this.item_id = ? AND view.state = 'held' "
        "AND NOT EXISTS (SELECT 1 FROM substance WHERE substance.view_key = view.view_key) ORDER BY view_key",
        (item_id,),
    )
    return [view_key for (view_key,) in rows]


def fold(db: Writing, view_key: int, rows: Iterable[SubstanceRow]) -> None:
    """Put what was folded from a view in its place."""
    db.run_many(
        "INSERT INTO substance (view_key, first, second, has_body, digest) VALUES (?, ?, ?, ?, ?)",
        [(view_key, each.first, each.second, int(each.has_body), each.digest) for each in rows],
    )


def folded(db: Reading, view_key: int) -> tuple[SubstanceRow, ...]:
    """What was folded from a view, by access ids."""
    rows = db.rows(
        "SELECT first, second, has_body, digest FROM substance WHERE view_key = ? ORDER BY first, second",
        (view_key,),
    )
    return tuple(
        SubstanceRow(first=first, second=second, has_body=bool(has_body), digest=digest)
        for first, second, has_body, digest in rows
    )


# Views of one item that show the reader the same are one to them, and the best is taken, as in the inbox.
_READABLE = f"""
WITH readable AS (
    SELECT view_key, view.item_id, view.source, view.received_at,
        max(has_body) AS has_body, sum(first = second) AS layer_count,
        group_concat(iif(first = second, format('%019d', first), NULL) ORDER BY first) AS access_ids,
        group_concat(hex(digest) ORDER BY first, second) AS substance
    FROM item JOIN view USING (item_id) JOIN substance USING (view_key)
    WHERE document = :document AND item.office = :office AND view.state IN ('held', 'destroyed')
        AND +first IN (SELECT access_id FROM temp.allowed)
        AND +second IN (SELECT access_id FROM temp.allowed)
    GROUP BY view_key
), alike AS (
    SELECT item_id, access_ids, max(has_body) AS has_body, max(layer_count) AS layer_count,
        max(source = '') AS is_own, max(source = :office) AS is_authors,
        min(format('%019d', received_at) || source) AS first_came, min(substance) AS substance
    FROM readable GROUP BY item_id, access_ids
), ranked AS (
    SELECT *, row_number() OVER (
            PARTITION BY item_id
            ORDER BY has_body DESC, layer_count DESC, is_own DESC, is_authors DESC, first_came, access_ids
        ) AS place
    FROM alike
)
SELECT item_id, reference, time, has_body, substance, {WITHDRAWN_AT}
FROM ranked JOIN item USING (item_id) WHERE place = 1 ORDER BY time, item_id
"""  # noqa: S608 - constants


def noticed_versions(db: Reading, document: bytes, office: str) -> list[Version]:
    """
    The versions of a document that the reader ever notices, the oldest first.

    The last one is what they have now. Of a document that has one version only, nothing: there is nothing to
    compare.
    """
    return noticed(_readable(db, document, office))


def _readable(db: Reading, document: bytes, office: str) -> Iterator[Version]:
    for item_id, reference, time, has_body, substance, withdrawn_at in db.rows(
        _READABLE, {"document": document, "office": office}
    ):
        yield Version(
            item_id=item_id,
            reference=reference,
            time=time,
            has_body=bool(has_body),
            substance=substance,
            withdrawn_at=withdrawn_at,
        )


def own_versions(db: Reading, document: bytes) -> list[tuple[bytes, int]]:
    """The items that were released here under a document id, with their times, the oldest first."""
    rows = db.rows(
        "SELECT item_id, time FROM item WHERE document = ? AND is_own = 1 ORDER BY time, item_id", (document,)
    )
    return list(rows)
