# SPDX-License-Identifier: Apache-2.0
"""
What several verified files say of one another: whether an item is withdrawn, whether there is one history.

Nothing here verifies a signature: it takes what ``verifying`` returned.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from legation.errors import EquivocationError, ProofError, VerificationError
from legation.item.view import View
from legation.item.withdrawal import Withdrawn
from legation.merkle import Hash, verify_consistency
from legation.sdk.values import SignedCheckpoint, SignedGrowth


def is_withdrawn(view: View, withdrawals: Iterable[Withdrawn]) -> bool:
    """
    Whether one of these withdrawals is its author's word on this item; that of another office counts for nothing.

    >>> is_withdrawn(view, [verify_withdrawal(withdrawal, [kor])])
    True
    >>> is_withdrawn(view, [])
    False

    Args:
        view: From ``verify_view``.
        withdrawals: From ``verify_withdrawal``.
    """
    return any((each.item_id, each.author) == (view.item_id, view.author) for each in withdrawals)


def compare(one: SignedCheckpoint, other: SignedCheckpoint, proof: Sequence[Hash] | None = None) -> None:
    """
    Compare two checkpoints or receipts of one stream or log: that they tell one history.

    Returns nothing. Of two sizes the smaller is shown to be the beginning of the larger by *proof*; a proof that
    does not hold shows nothing, not even that there are two histories.

    >>> compare(verify_checkpoint(checkpoint, kor), verify_receipt(receipt, kor, jpn))

    Args:
        one: The one.
        other: The other, in any order.
        proof: The consistency proof (RFC 9162, section 2.1.4) between two sizes; not needed for one.

    Raises:
        EquivocationError: One size, two roots: their writer tells two histories. It holds both.
        ProofError: Between the two sizes nothing is proven.
        VerificationError: They are of two streams or logs.
    """
    old, new = sorted((one.checkpoint, other.checkpoint), key=lambda each: each.size)
    if old.origin != new.origin:
        raise VerificationError("two checkpoints are of two streams or logs")
    if old.size == new.size and old.root != new.root:
        raise EquivocationError(
            f"`{one.writer.office}` tells two histories of {old.size} entries",
            ours=one.data,
            theirs=other.data,
        )
    if old.size != new.size and proof is None:
        raise ProofError(f"between {old.size} and {new.size} entries nothing is proven without a proof")
    verify_consistency(
        old_size=old.size, old_root=old.root, new_size=new.size, new_root=new.root, proof=proof or ()
    )


class HistoryState(StrEnum):
    """What two checkpoints of one stream or log say of each other."""

    SAME = "same"
    """One size, one root."""
    GREW = "grew"
    """The larger is proven to begin with the smaller."""
    UNPROVEN = "unproven"
    """Two sizes, and no proof between them: nothing is shown."""
    BROKEN = "broken"
    """Two sizes, and a proof that does not hold: nothing is shown, and somebody gave a false one."""
    FORK = "fork"
    """One size, two roots: both signed, they prove that their writer tells two histories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Two checkpoints or receipts of one stream or log, the smaller first, and how they agree."""

    one: SignedCheckpoint
    other: SignedCheckpoint
    state: HistoryState


def histories(notes: Iterable[SignedCheckpoint], growths: Iterable[SignedGrowth] = ()) -> list[History]:
    """
    Compare all checkpoints and receipts that are at hand, stream by stream, with the proofs between them.

    Each is compared with the next larger one, and wherever there is a proof. The checkpoint in a proof counts
    as one that is at hand.

    >>> [each.state.value for each in histories([verify_checkpoint(older, kor)], [growth])]
    ['grew']

    Args:
        notes: From ``verify_checkpoint``, ``verify_receipt`` or ``verify_note``.
        growths: From ``verify_growth``.
    """
    proofs = list(growths)
    known = sorted((*notes, *(each.note for each in proofs)), key=_place)
    proven = [found for each in proofs for found in _grown(each, known)]
    linked = {(_place(each.one), _place(each.other)) for each in proven}
    neighbours = [pair for pair in pairwise(known) if _origin(pair[0]) == _origin(pair[1])]
    rest = [_compared(*pair) for pair in neighbours if (_place(pair[0]), _place(pair[1])) not in linked]
    return [*proven, *rest]


def _origin(note: SignedCheckpoint) -> str:
    return note.checkpoint.origin


def _place(note: SignedCheckpoint) -> tuple[str, int, Hash]:
    return note.checkpoint.origin, note.checkpoint.size, note.checkpoint.root


def _compared(one: SignedCheckpoint, other: SignedCheckpoint) -> History:
    if one.checkpoint.size != other.checkpoint.size:
        return History(one=one, other=other, state=HistoryState.UNPROVEN)
    is_same = one.checkpoint.root == other.checkpoint.root
    return History(one=one, other=other, state=HistoryState.SAME if is_same else HistoryState.FORK)


def _grown(growth: SignedGrowth, known: Sequence[SignedCheckpoint]) -> Iterator[History]:
    """Hold a proof against every older checkpoint that it may be from."""
    note = growth.note
    for old in known:
        if _origin(old) == _origin(note) and old.checkpoint.size == growth.old_size < note.checkpoint.size:
            try:
                compare(old, note, growth.hashes)
            except ProofError:
                yield History(one=old, other=note, state=HistoryState.BROKEN)
            else:
                yield History(one=old, other=note, state=HistoryState.GREW)
