# SPDX-License-Identifier: Apache-2.0

import pytest

from legation.encoding import encode
from legation.errors import MalformedError
from legation.item.draft import Draft, DraftPortion
from legation.item.portion import TEXT_LENGTH_MAX, Kind, Text
from legation.store.sqlite import drafts
from legation.store.sqlite.connection import VALUE_SIZE_BYTES_MAX
from legation.store.sqlite.database import Writing
from tests.store import rows


@pytest.fixture
def db() -> Writing:
    """A node with peers and nothing else."""
    return rows.furnished()


def long_draft() -> Draft:
    """A report that is longer than one value of the database may be."""
    text = "a" * TEXT_LENGTH_MAX
    count = VALUE_SIZE_BYTES_MAX // TEXT_LENGTH_MAX + 1
    portions = (DraftPortion(label=rows.label("OPEN"), portion=Text(text=text)),) * count
    return Draft(kind=Kind.REPORT, policies=(rows.POLICY,), portions=portions)


def planted(db: Writing, first_byte: int, rest: str) -> bytes:
    """A row of a draft whose digest begins like this."""
    digest = bytes([first_byte]) + rows.digest(rest)[1:]
    db.run("INSERT INTO draft (digest, written_by, written_at) VALUES (?, 'a', 0)", (digest,))
    return digest


def test_a_draft_comes_back_under_its_digest(db: Writing) -> None:
    """
    What was written is what is read, with its slips.
    """
    written = rows.draft("a report", "KOR", "AUS")
    drafts.save_draft(db, written, "desk officer", 1)
    assert drafts.draft(db, written.digest) == written
    assert drafts.draft(db, rows.digest("another")) is None


def test_a_draft_is_kept_once_with_who_wrote_it_first(db: Writing) -> None:
    """
    The same draft saved again changes nothing.
    """
    written = rows.draft("a report")
    drafts.save_draft(db, written, "desk officer", 1)
    before = rows.everything(db)
    drafts.save_draft(db, written, "another officer", 2)
    assert rows.everything(db) == before


def test_every_draft_is_listed_by_its_digest(db: Writing) -> None:
    """
    The digests of all drafts are given in their order.
    """
    written = [rows.draft(name) for name in ("a", "b", "c")]
    for each in written:
        drafts.save_draft(db, each, "desk officer", 1)
    assert drafts.digests(db) == sorted(each.digest for each in written)


def test_a_very_long_draft_comes_back(db: Writing) -> None:
    """
    A draft may be longer than any value of the database.
    """
    written = long_draft()
    assert len(encode(written)) > VALUE_SIZE_BYTES_MAX
    drafts.save_draft(db, written, "desk officer", 1)
    assert drafts.draft(db, written.digest) == written
    assert rows.count(db, "draft_piece") == -(-len(encode(written)) // drafts.PIECE_SIZE_BYTES)


def test_refuses_a_draft_that_is_damaged(db: Writing) -> None:
    """
    Of a draft that is no canonical encoding any more nothing is given.
    """
    written = rows.draft("a report")
    drafts.save_draft(db, written, "desk officer", 1)
    db.run("UPDATE draft_piece SET data = ?", (encode(written) + b" ",))
    with pytest.raises(MalformedError):
        drafts.draft(db, written.digest)


class TestFindDraft:
    def test_finds_by_the_whole_digest_and_by_its_beginning(self, db: Writing) -> None:
        """
        As many digits as it takes to mean one.
        """
        written = rows.draft("a report")
        drafts.save_draft(db, written, "desk officer", 1)
        typed = written.digest.hex()
        for beginning in (typed, typed[:8], typed[:9], typed[:63]):
            assert drafts.find_draft(db, beginning) == [written.digest]

    def test_does_not_find_what_begins_otherwise(self, db: Writing) -> None:
        """
        The last digit counts like the first.
        """
        written = rows.draft("a report")
        drafts.save_draft(db, written, "desk officer", 1)
        typed = written.digest.hex()
        for place in (0, 7, 63):
            wrong = typed[:place] + f"{int(typed[place], 16) ^ 1:x}" + typed[place + 1 :]
            assert drafts.find_draft(db, wrong[: max(8, place + 1)]) == []

    def test_finds_at_most_two(self, db: Writing) -> None:
        """
        More than one is a question, so no more than two are looked up; the edges belong to it.
        """
        found = sorted(planted(db, 0xAB, rest) for rest in ("a", "b", "c"))
        for outside in (0xAA, 0xAC):
            planted(db, outside, "d")
        assert drafts.find_draft(db, "ab") == found[: drafts.FOUND_MAX]
        edges = [b"\xcd" * 4 + bytes(28), b"\xcd" * 4 + b"\xff" * 28]
        for digest in edges:
            db.run("INSERT INTO draft (digest, written_by, written_at) VALUES (?, 'a', 0)", (digest,))
        assert drafts.find_draft(db, "cdcdcdcd") == edges
