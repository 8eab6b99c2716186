# SPDX-License-Identifier: Apache-2.0
"""
Checkpoints, receipts and proofs, told for the terminal: what holds, since when, and by whose card.
"""

from collections.abc import Iterator, Sequence

from legation.records import CardRecord, CheckpointRecord, ProofRecord

CAVEAT = "  (a receipt covers what was taken back or refused by name, too: other entries would say so)"


def checkpoint_text(found: CheckpointRecord) -> str:
    """Say how much there is, who signed it, and by which cards that was verified."""
    return "\n".join([*_signed(found), f"  root {found.root}", *_cards(found.cards)])


def growth_text(old_size: int, hashes: Sequence[bytes]) -> str:
    """Spell the proof that there were *old_size* entries before, and that these are the same."""
    return "".join(
        [f"\nbegins with the {old_size} entries before, by", *(f"\n  {each.hex()}" for each in hashes)]
    )


def proof_text(found: ProofRecord) -> str:
    """Say what is proven of an entry, and by which cards that was verified."""
    return "\n".join([*_proven(found), *_cards(found.note.cards)])


def _signed(found: CheckpointRecord) -> Iterator[str]:
    entries = "1 entry" if found.size == 1 else f"{found.size} entries"
    if found.holder:
        yield f"verified: {found.holder} has receipted {entries} of the stream from {found.office}"
        yield from _receipted(found)
    else:
        yield f"verified: {found.office} has signed {entries} of {_named(found)}"


def _receipted(found: CheckpointRecord) -> Iterator[str]:
    yield f"  receipted on {found.receipted}, by the clock of {found.holder}"
    yield CAVEAT


def _named(found: CheckpointRecord) -> str:
    _, what, _, _, *rest = found.origin.split("/")
    return f"its stream to {rest[0]}" if what == "stream" else "its own log"


def _proven(found: ProofRecord) -> Iterator[str]:
    note, view = found.note, found.view
    if not note.holder:
        yield f"verified: {note.office} has signed entry {found.number} of the {note.size} in {_named(note)}"
    elif view is None:
        yield f"verified: {note.holder} has receipted entry {found.number} of the stream from {note.office}"
    else:
        yield f"verified: {note.holder} has held this copy since {note.receipted}"
    if view is not None:
        yield f"  {view.reference}, author {view.author}, {view.portions} portions under {view.layers} labels"
        yield f"  it is entry {found.number} of the stream from {note.office}"
        if view.key_state != "current":
            yield f"  note: the author's key is {view.key_state}"
    elif found.size_bytes:
        yield f"  it brought a {found.kind} of {found.size_bytes} bytes, SHA-256 {found.hash}"
    else:
        yield f"  {found.kind} at {found.time}, SHA-256 {found.hash}"
    if note.holder:
        yield from _receipted(note)


def _cards(cards: Sequence[CardRecord]) -> Iterator[str]:
    for each in cards:
        words = each.fingerprint
        yield f"by card {each.card} of {each.office}, whose words are"
        yield f"  {' '.join(words[:6])}"
        yield f"  {' '.join(words[6:])}"
