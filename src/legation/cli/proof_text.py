# SPDX-License-Identifier: Apache-2.0
"""
Checkpoints, receipts and proofs, told for the terminal: what holds, since when, and by whose card.
"""

from collections.abc import Iterator, Mapping, Sequence

from legation.item.portion import visible_text
from legation.records import (
    CardRecord,
    CheckpointRecord,
    DestructionVerifiedRecord,
    FileRecord,
    FilesRecord,
    GrowthRecord,
    HistoryRecord,
    ProofRecord,
    WithdrawalRecord,
)

CAVEAT = "  (a receipt covers what was taken back or refused by name, too: other entries would say so)"


def checkpoint_text(found: CheckpointRecord) -> str:
    """Say how much there is, who signed it, and by which cards that was verified."""
    return "\n".join([*_signed(found), f"  root {found.root}", *_cards(found.cards)])


def growth_text(found: GrowthRecord) -> str:
    """Spell the proof that there were so many entries before, and that these are the same."""
    return "\n".join(
        [f"begins with the {found.since} entries before, by", *(f"  {each}" for each in found.hashes)]
    )


def grown_text(found: GrowthRecord) -> str:
    """Say what is needed to see that a proof of growth holds."""
    return f"with a proof that it begins with {found.since} entries: give the checkpoint of these too"


def withdrawal_text(found: WithdrawalRecord) -> str:
    """Say who withdraws what, and that this counts for an item of theirs."""
    return f"verified: {found.author} withdraws item {found.item}\n  (it counts if that is the author: give the copy too)"


def destruction_text(found: DestructionVerifiedRecord) -> str:
    """Say who has destroyed what, and that it is their own word."""
    answer = f"\n  in answer to the withdrawal {found.withdrawal}" if found.withdrawal else ""
    return (
        f"verified: {found.office} certifies to have destroyed item {found.item}\n"
        f"  on {found.destroyed}, by the clock of {found.office}{answer}\n"
        "  (it is their word on themselves: what others hold, it does not say)"
    )


def files_text(found: FilesRecord, texts: Mapping[str, str]) -> str:
    """Say of each file whether it holds, and then what they say of one another."""
    lines: list[str] = []
    for each in found.files:
        lines.append(visible_text(each.file))
        lines += (f"  {line}" for line in _verdict(each, texts))
    return "\n".join([*lines, *map(_history, found.histories)])


def _verdict(found: FileRecord, texts: Mapping[str, str]) -> Iterator[str]:
    if found.verified:
        yield from texts[found.file].split("\n")
    else:
        yield f"NOT VERIFIED: {found.message}"
        yield from filter(None, [found.hint])
    if found.withdrawn:
        yield "WITHDRAWN by its author, by another of these files"


def _history(found: HistoryRecord) -> str:
    one, other = map(visible_text, found.files)
    small, large = found.sizes
    told = {
        "same": f"one history: the same {small} entries",
        "grew": f"one history: {large} entries, which begin with the {small}",
        "unproven": f"nothing is proven between {small} and {large} entries: ask {found.office} for a proof",
        "broken": f"NOT VERIFIED: the proof that {large} entries begin with the {small} does not hold",
        "fork": f"TWO HISTORIES: {found.office} has signed two roots over {small} entries; the two files prove it",
    }
    return f"{one} and {other}: {told[found.state]}"


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
