# SPDX-License-Identifier: Apache-2.0
"""
What an auditor is handed: two cards, a copy with an attachment, a receipt, a proof, what was handed over, the
withdrawal of all that, and checkpoints of one history and of another.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from legation.encoding import encode
from legation.exchange import EntryKind, header_of
from legation.log.growth import Growth, write_growth
from legation.log.proof import Proof, write_proof
from legation.merkle import consistency_proof, inclusion_proof, leaf_hash
from tests.exchange.made import view_payload
from tests.item import handmade, naive, worlds
from tests.keys.office import Keys
from tests.log import handmade as notes
from tools import vectors_withdrawal

FILE = b"a" * 1_048_576 + b"end\n"
FILE_NAME = "Annex A.txt"
FILE_ROOT = "sXvZ081akitqflLrsP+RzyYJuoVorH9sMIdvoMTOhF8="  # docs/spec/attachment.md, Example
HIDDEN = "\u202e"  # turns what follows around


@dataclass(frozen=True, kw_only=True)
class Given:
    """The bytes of the files, by what they are; ``entry`` is what the proof is about."""

    writer: bytes
    receiver: bytes
    view: bytes
    payload: bytes
    entry: bytes
    checkpoint: bytes
    receipt: bytes
    proof: bytes
    withdrawal: bytes
    older: bytes
    growth: bytes
    fork: bytes


@cache
def given() -> Given:
    """One item of KOR@NATO, handed over to JPN@NATO and receipted."""
    view = handmade.item(document())
    payload = view_payload(text=view, addressee="JPN@NATO")
    entries = [
        encode(header_of(number, kind, data))
        for number, (kind, data) in enumerate(((EntryKind.START, b"{}"), (EntryKind.VIEW, payload)))
    ]
    return Given(
        writer=Keys.of("KOR@NATO").card(),
        receiver=Keys.of("JPN@NATO").card(),
        view=view,
        payload=payload,
        entry=entries[1],
        checkpoint=notes.checkpoint(head_of(entries)),
        receipt=notes.receipt(head_of(entries)),
        proof=proof_of(entries, 1),
        withdrawal=withdrawal_of(view),
        older=notes.checkpoint(head_of(entries[:1])),
        growth=growth_of(entries, 1),
        fork=notes.checkpoint(replace(head_of(entries), root=bytes(32))),
    )


def withdrawal_of(view: bytes, by: str = "KOR@NATO item") -> bytes:
    """The withdrawal of the item that a view is of, by the key of this name."""
    return naive.encode(vectors_withdrawal.withdrawal(of=naive.item_id(naive.parse(view)), by=by))


def head_of(entries: Sequence[bytes]) -> notes.Head:
    """What a checkpoint over these entries says."""
    leaves = [leaf_hash(entry) for entry in entries]
    return replace(notes.HEAD, size=len(leaves), root=notes.tree_root(leaves))


def proof_of(entries: Sequence[bytes], number: int) -> bytes:
    """The receipt of one of these entries, as a file that holds the entry."""
    hashes = inclusion_proof([leaf_hash(entry) for entry in entries], number)
    note = notes.receipt(head_of(entries))
    return write_proof(Proof(index=number, hashes=tuple(hashes), note=note, extra=entries[number]))


def growth_of(entries: Sequence[bytes], old_size: int) -> bytes:
    """The proof that a stream of these entries has only grown since it had so many."""
    hashes = consistency_proof([leaf_hash(entry) for entry in entries], old_size)
    note = notes.checkpoint(head_of(entries))
    return write_growth(Growth(old_size=old_size, hashes=tuple(hashes), note=note))


def document() -> handmade.Document:
    """Paragraphs in three scripts, two of them translations, markup that is none, and a file."""
    attachment = {
        "type": "attachment",
        "media_type": "text/plain",
        "name": FILE_NAME,
        "root": FILE_ROOT,
        "size": len(FILE),
    }
    english = {
        "type": "text",
        "text": "The delegations met for the third round.\n<b>Not bold.</b><script>alert(1)</script>",
        "language": "en",
        "source": "a delegate",
        "grade": "B2",
    }
    arabic = {
        "type": "text",
        "text": f"اجتمعت الوفود للجولة {HIDDEN}الثالثة.",
        "language": "ar",
        "source": "a delegate",
        "grade": "B2",
    }
    secret = {
        "type": "text",
        "text": "The minister will accept 3 October.",
        "status": "expected",
        "handling": "by hand",
        "originator_control": True,
    }
    return handmade.Document(
        labels=(worlds.plain_label(0), worlds.plain_label(8)),
        portions=(
            (0, {"type": "title", "text": "제3차 회담"}),
            (0, english),
            (0, arabic),
            (1, secret),
            (0, {"type": "withheld", "reason": "at the source's request"}),
            (0, attachment),
        ),
        full=frozenset({(1, 2), (2, 1), (3, 4)}),
    )


def b64(data: bytes) -> str:
    """Spell bytes as the profile does."""
    return b64encode(data).decode("ascii")
