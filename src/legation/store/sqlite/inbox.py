# SPDX-License-Identifier: Apache-2.0
"""
The inbox as it was folded, and as a reader may list it.

What is listed follows from the layers that the reader may see (``access.allow``) and from nothing
else: not from how many others there are, nor from the order in which they came.
"""

from dataclasses import dataclass, replace

from legation.item.portion import Kind
from legation.projections import InboxLayer, InboxRow
from legation.store.sqlite.database import Reading, Row, Writing
from legation.store.sqlite.versions import HAS_OTHERS, WITHDRAWN_AT, Version, noticed_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxListing:
    """
    One item as far as a reader may see it.

    ``access_ids`` are those of the layers that they may see. ``replaces`` is the version that they had before.
    ``is_back_file``: so it was handed over when it first came.
    """

    item_id: bytes
    document: bytes
    kind: Kind
    office: str
    source: str
    reference: str
    time: int
    received_at: int
    title: str | None
    access_ids: tuple[int, ...]
    replaces: bytes | None = None
    is_back_file: bool = False


def fold_view(db: Writing, view_key: int, row: InboxRow) -> None:
    """
    Put what was folded from a view in its place; a view that is there stays.

    Our own whole items were sent and not received: they have no place here, also if a peer hands one back.
    """
    db.run(
        "INSERT INTO inbox (view_key, item_id) SELECT view_key, item_id FROM view "
        "WHERE view_key = ? AND source <> '' ON CONFLICT (view_key) DO NOTHING",
        (view_key,),
    )
    if db.changed() == 0:
        return
    db.run_many(
        "INSERT INTO inbox_layer (access_id, view_key, has_body, title) VALUES (?, ?, ?, ?)",
        [(each.access_id, view_key, int(each.has_body), each.title) for each in row.layers],
    )


def drop(db: Writing, view_key: int) -> None:
    """Drop what was folded from a view; it can be folded again."""
    db.run("DELETE FROM inbox WHERE view_key = ?", (view_key,))


def folded(db: Reading, view_key: int) -> InboxRow | None:
    """What was folded from a view, for comparison; None if it has no place here."""
    found = db.one("SELECT item_id FROM inbox WHERE view_key = ?", (view_key,))
    if found is None:
        return None
    rows = db.rows(
        "SELECT access_id, has_body, title FROM inbox_layer WHERE view_key = ? ORDER BY access_id",
        (view_key,),
    )
    layers = tuple(
        InboxLayer(access_id=access_id, has_body=bool(has_body), title=title)
        for access_id, has_body, title in rows
    )
    return InboxRow(item_id=found[0], layers=layers)


# The layers that the reader may see lead to the views, so what they may not see is not even visited. Views
# of one item that show the reader the same are one to them, whatever else is in each: it came when the
# first of them came, and from the author if one of them did. Of those that are left the best is listed: it
# shows most layers, then it is the author's own, then it came first. No hash and no key of a view is asked:
# these follow from what the reader may not see too.
_IS_BACK_FILE = (
    "(SELECT coalesce(json_extract(CAST(slip AS TEXT), '$.back_file'), 0) FROM incoming_entry "
    "WHERE incoming_entry.view_key = view.view_key ORDER BY incoming_entry.received_at, 1 LIMIT 1)"
)
_ROWS = f"""
WITH readable AS (
    SELECT view_key, group_concat(format('%019d', access_id) ORDER BY access_id) AS access_ids,
        count(*) AS layer_count, max(title) AS title
    FROM temp.allowed CROSS JOIN inbox_layer USING (access_id)
    GROUP BY view_key
    HAVING max(has_body) = 1
), alike AS (
    SELECT view.item_id, access_ids, layer_count, title, min(view.received_at) AS first_at,
        max(view.source = item.office) AS is_authors,
        substr(min(format('%019d', view.received_at) || {_IS_BACK_FILE}), 20) = '1' AS is_back_file,
        substr(min(format('%019d', view.received_at) || view.source), 20) AS first_source
    FROM readable JOIN view USING (view_key) JOIN item USING (item_id)
    WHERE view.state = 'held'
    GROUP BY view.item_id, access_ids
), ranked AS (
    SELECT *, row_number() OVER (
            PARTITION BY item_id
            ORDER BY layer_count DESC, is_authors DESC, first_at, first_source, access_ids
        ) AS place
    FROM alike
)
SELECT item_id, document, kind, office, iif(is_authors, office, first_source), reference, time, first_at, title,
    access_ids, is_back_file, {HAS_OTHERS}, {WITHDRAWN_AT}
FROM ranked JOIN item USING (item_id) WHERE place = 1 ORDER BY first_at DESC, time DESC, item_id
"""  # noqa: S608 - constants


def rows(db: Reading) -> list[InboxListing]:
    """
    What the reader may see, newest first.

    Of the versions of a document the one that they have now; not what was withdrawn.
    """
    found, known = [], dict[tuple[bytes, str], list[Version]]()
    for *told, has_others, withdrawn_at in db.rows(_ROWS):
        listed = _listing(tuple(told))
        named = listed.document, listed.office
        if has_others and named not in known:
            known[named] = noticed_versions(db, *named)
        versions = known[named] if has_others else []
        is_current = not versions or versions[-1].item_id == listed.item_id
        if is_current and withdrawn_at is None:
            before = versions[-2].item_id if len(versions) > 1 else None
            found.append(replace(listed, replaces=before))
    return found


def _listing(told: Row) -> InboxListing:
    item_id, document, kind, office, source, reference, time, received_at, title, access_ids, is_back_file = (
        told
    )
    return InboxListing(
        item_id=item_id,
        document=document,
        kind=Kind(kind),
        office=office,
        source=source,
        reference=reference,
        time=time,
        received_at=received_at,
        title=title,
        access_ids=tuple(map(int, access_ids.split(","))),
        is_back_file=bool(is_back_file),
    )
