# SPDX-License-Identifier: Apache-2.0
"""
What was verified of checkpoints, receipts, proofs and withdrawals, with which cards; and of several files at once.

Hashes are in hexadecimal, instants ISO 8601 in UTC, empty where there is none.
"""

from legation.encoding import Canonical
from legation.records.destruction import DestructionVerifiedRecord
from legation.records.item import VerificationRecord


class CardRecord(Canonical, frozen=True):
    """A card that something was verified with: whose, its number (``card``), and its twelve words."""

    office: str
    card: int
    fingerprint: tuple[str, ...]


class CheckpointRecord(Canonical, frozen=True):
    """
    A checkpoint of ``office``, or a receipt for one: then ``holder`` has signed too, at ``receipted`` by its clock.

    ``verified`` is always true: what does not verify is an error. ``origin`` names the stream or log, ``size``
    counts its entries, ``root`` is over them. A receipt says that every entry is held, void or refused by name.
    ``cards`` are those of the offices that have signed, in that order.
    """

    verified: bool
    origin: str
    office: str
    size: int
    root: str
    cards: tuple[CardRecord, ...]
    holder: str = ""
    receipted: str = ""


class ProofRecord(Canonical, frozen=True):
    """
    One entry that stands below a checkpoint or a receipt, ``note``; ``verified`` is always true.

    ``number``, ``kind`` and ``hash`` are those of the entry: of a stream's, the hash of its payload, which has
    ``size_bytes``; of a log's, that of a record, and ``time`` is when it was done. ``view`` is there where the
    payload was shown.
    """

    verified: bool
    note: CheckpointRecord
    number: int
    kind: str
    hash: str
    size_bytes: int = 0
    time: str = ""
    view: VerificationRecord | None = None


class GrowthRecord(Canonical, frozen=True):
    """
    A proof that a stream or log has only grown ``since`` it had so many entries, up to ``note``.

    ``hashes`` lead from the older checkpoint, which is not in it; without that one nothing is proven.
    """

    note: CheckpointRecord
    since: int
    hashes: tuple[str, ...]


class WithdrawalRecord(Canonical, frozen=True):
    """That ``author``, by a key that is current, withdraws its ``item``; ``verified`` is always true."""

    verified: bool
    author: str
    item: str


class FileRecord(Canonical, frozen=True):
    """
    What became of one of several ``file``s.

    Where it is ``verified``, one of ``copy``, ``note``, ``proof``, ``growth``, ``withdrawal`` and ``destruction`` says what holds;
    else ``message`` says what does not, and ``hint`` what to try. Of a copy ``withdrawn`` says whether its author
    has withdrawn the item, by another of the files.
    """

    file: str
    verified: bool
    message: str = ""
    hint: str = ""
    withdrawn: bool = False
    copy: VerificationRecord | None = None
    note: CheckpointRecord | None = None
    proof: ProofRecord | None = None
    growth: GrowthRecord | None = None
    withdrawal: WithdrawalRecord | None = None
    destruction: DestructionVerifiedRecord | None = None


class HistoryRecord(Canonical, frozen=True):
    """
    What two of the ``files``, checkpoints by ``office`` of one ``origin``, say of each other; ``sizes`` are theirs.

    ``state`` is ``same`` (one size, one root), ``grew`` (the larger is proven to begin with the smaller),
    ``unproven`` (there is no proof between them), ``broken`` (there is one that does not hold) or ``fork`` (one
    size, two roots: together they prove that their writer tells two histories).
    """

    office: str
    origin: str
    files: tuple[str, str]
    sizes: tuple[int, int]
    state: str


class FilesRecord(Canonical, frozen=True):
    """
    What was verified of several ``files``, in the order they were given, and what they say of one another.

    ``verified`` says that every file holds, and that no two ``histories`` are a fork or have a false proof.
    """

    verified: bool
    files: tuple[FileRecord, ...]
    histories: tuple[HistoryRecord, ...] = ()
