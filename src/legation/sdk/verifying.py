# SPDX-License-Identifier: Apache-2.0
"""
Verify views, payloads, withdrawals, checkpoints, receipts, proofs and attachments, with cards alone.

Whose card is needed, the file says; that it is the right one, the caller does: cards are compared by their
words before they are given to any function here. Two cards of one office cannot be given together.

In the examples ``kor`` and ``jpn`` are cards, and the other names the bytes of files.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from legation.encoding import Codec
from legation.errors import MalformedError, ProofError, SignatureError, VerificationError
from legation.exchange import EntryHeader, EntryKind, read_view
from legation.item import view as item_view
from legation.item.attachment import verified
from legation.item.destruction import Destroyed
from legation.item.destruction import verify_destruction as hold_destruction
from legation.item.draft import Slip
from legation.item.portion import Attachment
from legation.item.view import View
from legation.item.withdrawal import Withdrawn
from legation.item.withdrawal import verify_withdrawal as hold_withdrawal
from legation.keys import card as keys_card
from legation.keys.card import Card, Cards, Office
from legation.log import (
    LogEntry,
    Proof,
    is_receipt,
    key_name,
    open_checkpoint,
    read_growth,
    read_proof,
    stream_origin,
)
from legation.log import verify_proof as hold_proof
from legation.log import verify_receipt as hold_receipt
from legation.log.entry import ENTRY
from legation.log.note import read_note
from legation.log.proof import EXTRA_SIZE_BYTES_MAX
from legation.merkle import leaf_hash
from legation.sdk.values import ProvenEntry, SignedCheckpoint, SignedGrowth, SignedReceipt

_HEADER = Codec(EntryHeader, size_bytes_max=EXTRA_SIZE_BYTES_MAX, what="entry header")


def read_card(data: bytes) -> Card:
    """
    Read a card, and verify that it is signed by all the keys that it must be.

    It says whose it is; that it is truly that office's, its twelve words say, compared by another way.

    >>> print(read_card(jpn.data).office)
    JPN@NATO
    >>> len(fingerprint(jpn))
    12

    Args:
        data: The card, at most ``legation.keys.card.CARD_SIZE_BYTES_MAX``.

    Raises:
        MalformedError: These are not the bytes of a card.
        SignatureError: A signature is missing, superfluous or does not verify.
    """
    return keys_card.read(data)


def verify_view(data: bytes, cards: Iterable[Card]) -> View:
    """
    Verify an item, or any copy cut from it, against its author's one signature.

    >>> view = verify_view(view_bytes, [kor])
    >>> print(view.author)
    KOR@NATO
    >>> [each.portion.text for each in view.shown()]
    ['The delegations met for the third round.', 'A date is under discussion.']

    Args:
        data: The bytes, at most ``legation.item.shape.VIEW_SIZE_BYTES_MAX``.
        cards: Pinned cards; the author's must be among them.

    Raises:
        MalformedError: The bytes are not a view, or two of the cards cannot stand together.
        ProofError: What it shows does not lead to the root that was signed.
        SignatureError: The author's key is in no card, or revoked, or the signature does not hold.
    """
    return item_view.verify(data, cards)


def verify_payload(data: bytes, cards: Iterable[Card]) -> tuple[Slip, View]:
    """
    Verify what an entry of a stream brought: a slip and a view.

    The author has signed the view alone. The slip is the sender's word, and only a proof ties the two together.

    >>> slip, view = verify_payload(payload, [kor])
    >>> slip.addressee
    'JPN@NATO'

    Args:
        data: The bytes, at most ``legation.exchange.PAYLOAD_SIZE_BYTES_MAX``.
        cards: Pinned cards; the author's must be among them.

    Raises:
        LegationError: As for ``verify_view``.
    """
    slip, view = read_view(data)
    return slip, verify_view(view, cards)


def verify_checkpoint(data: bytes, card: Card) -> SignedCheckpoint:
    """
    Verify how many entries a stream or log has, and their root, as the office that writes it has signed it.

    >>> found = verify_checkpoint(checkpoint, kor)
    >>> found.checkpoint.size
    2

    Args:
        data: The note, at most ``legation.log.checkpoint.CHECKPOINT_SIZE_BYTES_MAX``.
        card: That office's.

    Raises:
        MalformedError: These are not the bytes of a checkpoint.
        VerificationError: It is of a stream or log of another office.
        SignatureError: A line is of another name or key, or does not verify.
    """
    return SignedCheckpoint(checkpoint=open_checkpoint(data, card), writer=card, data=data)


def verify_receipt(data: bytes, writer_card: Card, holder_card: Card) -> SignedReceipt:
    """
    Verify that an office has receipted the entries of a stream to it.

    >>> found = verify_receipt(receipt, kor, jpn)
    >>> found.checkpoint.size, found.time
    (2, 1790000600)

    Args:
        data: The note, at most ``legation.log.checkpoint.RECEIPT_SIZE_BYTES_MAX``.
        writer_card: Of the office that writes the stream.
        holder_card: Of the office that it goes to.

    Raises:
        MalformedError: These are not the bytes of a receipt.
        VerificationError: It is not of a stream from the one office to the other.
        SignatureError: A line is of another name or key, or does not verify.
    """
    writer, holder = str(writer_card.office), str(holder_card.office)
    found = hold_receipt(
        data,
        origin=stream_origin(writer, holder, _claimed(data).incarnation),
        name=key_name(writer),
        keys=writer_card.stream_keys,
        cosigner=key_name(holder),
        cosigner_keys=holder_card.stream_keys,
    )
    return SignedReceipt(
        checkpoint=found.checkpoint, writer=writer_card, data=data, holder=holder_card, time=found.time
    )


def verify_note(data: bytes, cards: Iterable[Card]) -> SignedCheckpoint:
    """
    Verify a checkpoint or a receipt, whichever it is; a receipt gives a ``SignedReceipt``.

    >>> type(verify_note(receipt, [jpn, kor])).__name__
    'SignedReceipt'

    Args:
        data: The note.
        cards: Pinned cards; those of the offices that have signed must be among them.

    Raises:
        MalformedError: The bytes are neither, or two of the cards cannot stand together.
        SignatureError: An office's card is missing; or as for ``verify_checkpoint`` and ``verify_receipt``.
        VerificationError: As for these.
    """
    by_office, claimed = _by_office(cards), _claimed(data)
    # What it is comes before whose it is.
    is_cosigned = is_receipt(data)
    writer = _card_of(claimed.writer, by_office)
    if not is_cosigned:
        return verify_checkpoint(data, writer)
    if claimed.receiver is None:
        raise MalformedError("a log of a node has no receipts")
    return verify_receipt(data, writer, _card_of(claimed.receiver, by_office))


def verify_proof(data: bytes, cards: Iterable[Card], *, payload: bytes | None = None) -> ProvenEntry:
    """
    Verify a proof of one entry: a ``.tlog-proof`` whose note is a checkpoint or a receipt.

    1. The note in it holds, as for ``verify_note``.
    2. The entry in it leads to the root of the note.
    3. It is an entry of a stream or of a log, and of the number that the proof says.
    4. The payload, if it is shown, is what that entry brought, its view holds, and its slip is the receiver's.

    A receipt covers entries that are void or were refused by name, too. Whoever says that this one was, has
    another entry to show for it.

    >>> found = verify_proof(proof, [kor, jpn], payload=payload)
    >>> print(found.note.holder.office, found.number, found.entry.kind, found.view.reference == reference)
    JPN@NATO 1 view True

    Args:
        data: The file, at most ``legation.log.proof.PROOF_SIZE_BYTES_MAX``.
        cards: Pinned cards: of the offices that have signed and, with a payload, of the author.
        payload: What the entry brought, slip and view, byte for byte as it was handed over.

    Raises:
        MalformedError: The bytes are no proof, or hold no entry; or the payload is none.
        ProofError: The entry, or the payload, leads elsewhere.
        SignatureError: A card is missing, or a signature does not hold.
        VerificationError: The note is of other offices, or the slip of another addressee.
    """
    known = tuple(cards)
    proof = read_proof(data)
    # 1. Who has signed.
    note = verify_note(proof.note, known)
    # 2. What.
    if not proof.extra:
        raise MalformedError("the proof does not hold the entry that it is about")
    hold_proof(proof, leaf_hash(proof.extra), note.checkpoint)
    # 3. Which.
    entry = _entry(proof, note)
    if payload is None:
        return ProvenEntry(note=note, number=proof.index, entry=entry)
    # 4. What it brought.
    slip, view = _brought(payload, entry, note, known)
    return ProvenEntry(note=note, number=proof.index, entry=entry, slip=slip, view=view)


def verify_attachment(portion: Attachment, pieces: Iterable[bytes]) -> None:
    """
    Verify the bytes of a file against the portion of a verified view that names it.

    Returns nothing: a caller who forgets to look cannot be fooled. No more than the portion says is read.

    >>> verify_attachment(attachment, [b"Annex", b" A"])
    >>> verify_attachment(attachment, [b"Annex B"])
    Traceback (most recent call last):
    legation.errors.ProofError: an attachment is not the one that was signed

    Args:
        portion: Of a view from ``verify_view``.
        pieces: The file's bytes in order, in pieces of any size.

    Raises:
        ProofError: There are more or fewer bytes, or others.
    """
    for _ in verified(portion, pieces):
        pass


def verify_withdrawal(data: bytes, cards: Iterable[Card]) -> Withdrawn:
    """
    Verify an author's word that nobody is to use an item any more, as of now.

    It counts for an item of the same office, which ``is_withdrawn`` compares. One that held when it came goes on
    to hold: whoever took it in while the key was current need not ask again.

    >>> found = verify_withdrawal(withdrawal, [kor])
    >>> print(found.author, found.item_id == view.item_id)
    KOR@NATO True

    Args:
        data: The bytes, at most ``legation.item.withdrawal.WITHDRAWAL_SIZE_BYTES_MAX``.
        cards: Pinned cards; the author's must be among them.

    Raises:
        MalformedError: The bytes are no withdrawal, or two of the cards cannot stand together.
        SignatureError: The key is in no card, or is not current, or the signature does not hold.
    """
    return hold_withdrawal(data, Cards(cards))


def verify_destruction(data: bytes, cards: Iterable[Card]) -> Destroyed:
    """
    Verify an office's word that it has destroyed what it held of an item, as of now.

    It is that office's word on itself: what others hold, it does not say. One that held when it came goes on to hold,
    also if the key was retired since.

    >>> found = verify_destruction(destruction, [jpn])
    >>> print(found.holder, found.item_id == view.item_id)
    JPN@NATO True

    Args:
        data: The bytes, at most ``legation.item.destruction.DESTRUCTION_SIZE_BYTES_MAX``.
        cards: Pinned cards; that of the office must be among them.

    Raises:
        MalformedError: The bytes are no certificate, or two of the cards cannot stand together.
        SignatureError: The key is in no card, another office's, or not current, or the signature does not hold.
    """
    return hold_destruction(data, Cards(cards))


def verify_growth(data: bytes, cards: Iterable[Card]) -> SignedGrowth:
    """
    Verify the checkpoint in a proof of growth; the growth itself ``compare`` holds against the older one.

    >>> growth = verify_growth(growth_bytes, [kor])
    >>> growth.old_size, growth.note.checkpoint.size
    (9, 39)
    >>> compare(verify_checkpoint(older, kor), growth.note, growth.hashes)

    Args:
        data: The file, at most ``legation.log.growth.GROWTH_SIZE_BYTES_MAX``.
        cards: Pinned cards; those of the offices that have signed must be among them.

    Raises:
        MalformedError: The bytes are none, or two of the cards cannot stand together.
        ProofError: There are fewer entries now than before.
        VerificationError: As for ``verify_note``.
    """
    found = read_growth(data)
    note = verify_note(found.note, cards)
    if found.old_size > note.checkpoint.size or (found.old_size == note.checkpoint.size and found.hashes):
        raise ProofError(f"{note.checkpoint.size} entries are not {found.old_size} that grew")
    return SignedGrowth(note=note, old_size=found.old_size, hashes=found.hashes)


def _entry(proof: Proof, note: SignedCheckpoint) -> EntryHeader | LogEntry:
    """Read the entry that was proven, as what its stream or log consists of."""
    if _claimed(note.data).receiver is None:
        return ENTRY.decode(proof.extra)
    header = _HEADER.decode(proof.extra)
    if header.number != proof.index:
        raise ProofError(f"entry {proof.index} says that it is entry {header.number}")
    return header


def _brought(
    payload: bytes, entry: EntryHeader | LogEntry, note: SignedCheckpoint, cards: Sequence[Card]
) -> tuple[Slip, View]:
    """Hold a payload against the header of its entry, and verify it."""
    if not isinstance(entry, EntryHeader) or entry.kind is not EntryKind.VIEW:
        raise ProofError("the entry brought no view")
    if len(payload) != entry.payload_size_bytes or sha256(payload).digest() != entry.payload_hash:
        raise ProofError(
            "the payload is not the one that the entry brought",
            hint="it is the slip and the view, as legation receipt --payload writes them",
        )
    slip, view = verify_payload(payload, cards)
    if slip.addressee != _claimed(note.data).receiver:
        raise VerificationError("the slip in the payload is that of another office")
    return slip, view


def _by_office(cards: Iterable[Card]) -> Mapping[str, Card]:
    """Put cards in order by their office, if they can stand together."""
    known = tuple(cards)
    Cards(known)
    return {str(card.office): card for card in known}


def _card_of(office: str, cards: Mapping[str, Card]) -> Card:
    found = cards.get(office)
    if found is None:
        raise SignatureError(f"no card of `{office}` was given", hint="pin it after comparing its words")
    return found


class _Claimed(NamedTuple):
    """What a note claims, unverified: enough to know whose cards are needed."""

    writer: str
    receiver: str | None
    incarnation: bytes


def _claimed(data: bytes) -> _Claimed:
    """Read whose note it claims to be."""
    note = read_note(data)
    receiver: str | None = None
    match note.text.partition("\n")[0].split("/"):
        case ["legation", "stream", "v1", writer, receiver, incarnation]:
            pass
        case ["legation", "log", "v1", writer, incarnation]:
            pass
        case _:
            raise MalformedError("the note is of no stream and of no log")
    # Nobody has signed it yet: what a message may name is an office, not what a file has in the place of one.
    for office in filter(None, (writer, receiver)):
        Office.parse(office)
    try:
        return _Claimed(writer, receiver, bytes.fromhex(incarnation))
    except ValueError:
        raise MalformedError("the incarnation of a note is not in hexadecimal") from None
