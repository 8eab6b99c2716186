# SPDX-License-Identifier: Apache-2.0
"""
A newer card by the stream: how an office tells its peers of it, and what a peer does with it.

The root key that was compared when a peer was confirmed has signed the newer card, so no person is needed. It comes as
an entry of its kind, behind the start of a stream and whenever a card is installed; and as long as the peer is not
known to have the newest stream key, before each letter that brings entries, for the letter is signed with that key.

Rules kept here:

1. Each card follows the one before it, from the pinned one on: one office, one root, one number up, the digest before.
2. They are taken at once, with all that follows from them: what revoked keys signed is set apart in the same change.
3. A card of any other office is refused for ever. So is one that does not verify: its author is the sender.
4. Two cards of one number under one root are kept, and the link is frozen. What else does not follow changes nothing,
   and our own people are told; to refuse it would say which card is pinned here.
5. Before a letter they only give the key that has to have signed it. They are taken when what it brings is.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

from legation.errors import LegationError, MalformedError, RefusedError, SignatureError, VerificationError
from legation.exchange import (
    CARDS_MAX,
    CARDS_SIZE_BYTES_MAX,
    EntryKind,
    RefusalCode,
    read_cards,
    write_cards,
)
from legation.exchange.envelope import Introduced
from legation.exchange.parts import PART_LENGTH_SIZE_BYTES
from legation.keys.card import Card, KeyState, succeeds
from legation.keys.sign import PublicKey
from legation.log import LogEntry, LogKind, key_name, names_key
from legation.node.peers.accepting import judge_again
from legation.node.peers.chaining import check_keys, check_next_card, report
from legation.node.rules import begin_epoch, read_card
from legation.node.streams.numbering import append, begun
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.sqlite import logbook, node, outgoing, peers
from legation.store.sqlite.database import Database, Reading, Writing

BY_ROOT: Final = "its root key"
"""Who vouches for a card that came by the stream, in the place of the second person."""
EVIDENCE_MAX = 64  # of one office, beyond which cards that do not follow are kept only in its stream


# The office whose card it is.


def has_card_to_tell(db: Reading, office: str, own: Card) -> bool:
    """Whether the stream to *office* does not say yet which card of ours is the newest; the first goes by persons."""
    return own.body.number > 0 and own.body.number > outgoing.told_card(db, office)


def tell_card(db: Writing, office: str, own: Card, *, epoch: int, blobs: Blobs, around: Surroundings) -> None:
    """Append the cards of ours that the stream to *office* has not told yet, each once, the newest last."""
    if not has_card_to_tell(db, office, own):
        return
    stream = begun(db, office, epoch=epoch, around=around)
    told = outgoing.told_card(db, office)
    cards = [each.data for each in node.own_cards(db) if told < each.number <= own.body.number]
    entries: list[tuple[EntryKind, bytes, int | None]] = [
        (EntryKind.KEY, write_cards(group), None) for group in _groups(cards)
    ]
    append(db, stream, entries, epoch=epoch, blobs=blobs, around=around)
    outgoing.note_told_card(db, stream.stream_id, own.body.number)


def introduction(db: Reading, own: Card) -> bytes:
    """
    Give the cards that go before what is signed for whoever may not know our present stream key; none if it is the first.

    If they are too many the newest go: whoever lacks more has to be given them by another way.
    """
    if len(own.stream_keys_ever) == len(_current_stream_keys(own)):
        return b""
    return write_cards(_newest([each.data for each in node.own_cards(db) if each.number > 0]))


def introduction_for(db: Reading, office: str, own: Card, *, holds: int | None = None) -> bytes:
    """
    Give the cards that go before what is signed for *office*; none if it knows our present stream key.

    It does if it has given a receipt for what that key signed, unless it has lost that since.

    Args:
        db: The snapshot.
        office: The peer.
        own: Our own card.
        holds: How many entries of our stream it says that it holds; None if it was not asked.
    """
    stream = outgoing.stream(db, office)
    receipt = None if stream is None else outgoing.receipt(db, stream.stream_id)
    has_lost = stream is not None and holds is not None and holds < stream.receipt_size
    if receipt is None or has_lost or not names_key(receipt, key_name(str(own.office)), [own.envelope_key]):
        return introduction(db, own)
    return b""


def _current_stream_keys(own: Card) -> Sequence[object]:
    return [each for each in own.body.stream_keys if each.state is KeyState.CURRENT]


def _groups(cards: Sequence[bytes]) -> list[list[bytes]]:
    """Divide cards into as many payloads as they need, in their order."""
    groups: list[list[bytes]] = []
    rest = list(cards)
    while rest:
        count = _fitting(rest)
        groups.append(rest[:count])
        rest = rest[count:]
    return groups


def _newest(cards: Sequence[bytes]) -> Sequence[bytes]:
    """The last cards, as many as one payload holds."""
    return cards[len(cards) - _fitting(cards[::-1]) :]


def _fitting(cards: Sequence[bytes]) -> int:
    """How many of the first cards one payload holds; one always."""
    totals = accumulate(PART_LENGTH_SIZE_BYTES + len(each) for each in cards)
    return min(CARDS_MAX, sum(total <= CARDS_SIZE_BYTES_MAX for total in totals))


# The office whose peer it is.


def followed(pinned: Card, cards: bytes, around: Surroundings) -> Card:
    """
    Give the newest card of a peer that *cards* lead to from the pinned one; that one if they bring no newer.

    Nothing is stored. Of what a stranger made up, one card at most is verified.

    Args:
        pinned: The card of the peer that is trusted.
        cards: What came (``read_cards``).
        around: By whose rule signatures hold.

    Raises:
        SignatureError: One is none, not of that office and root, does not verify, or does not follow the one before.
    """
    try:
        return _followed(pinned, cards, around)
    except (MalformedError, VerificationError) as error:
        raise SignatureError(f"cards of `{pinned.office}` do not follow its confirmed one") from error


def introduced_to(pinned: Card, around: Surroundings) -> Introduced:
    """What gives the key that signs for a peer, by the newer cards that it brings."""
    return lambda _, cards: followed(pinned, cards, around).envelope_key


class PinnedKeys:
    """
    With which keys peers sign what they send unasked: those of the cards that are pinned, or that follow on these.

    Args:
        database: The node's store.
        around: By whose rule signatures hold.
    """

    def __init__(self, database: Database, around: Surroundings) -> None:
        self._database = database
        self._around = around

    def key_of(self, office: str) -> PublicKey | None:
        """The key with which a peer signs envelopes; None if it is no peer of ours."""
        card = self._pinned(office)
        return None if card is None else card.envelope_key

    def introduced(self, office: str, cards: bytes) -> PublicKey:
        """
        The same for a peer that brings newer cards.

        Raises:
            LegationError: They do not follow on the pinned one.
        """
        card = self._pinned(office)
        assert card is not None, "only whoever has a key here is introduced with another"
        return followed(card, cards, self._around).envelope_key

    def _pinned(self, office: str) -> Card | None:
        with self._database.read() as db:
            data = peers.pinned_card(db, office)
        return None if data is None else read_card(data, self._around.verify)


def _followed(pinned: Card, cards: bytes, around: Surroundings) -> Card:
    newest = pinned
    for data in read_cards(cards):
        card = read_card(data, around.verify)
        if (card.office, card.body.root) != (pinned.office, pinned.body.root):
            raise VerificationError(f"what introduces `{pinned.office}` is no card of it under its root")
        if card.body.number > newest.body.number:
            succeeds(newest, card)
            newest = card
    return newest


def take_cards(
    db: Writing, payload: bytes, *, peer: str, own: Card, blobs: Blobs, around: Surroundings
) -> RefusalCode | None:
    """
    Take in newer cards of a peer, with all that follows from them; twice does no harm.

    Args:
        db: The change.
        payload: As it came.
        peer: Whose stream it is; its card is confirmed.
        own: Our own card.
        blobs: Where long views are.
        around: Clock and dice.

    Returns:
        Why it can never be accepted, if so; nothing that depends on what is pinned here.
    """
    try:
        cards = [read_card(data, around.verify) for data in read_cards(payload)]
        _check_in_order(peer, cards)
    except SignatureError:
        return RefusalCode.SIGNATURE
    except (MalformedError, VerificationError):
        return RefusalCode.MALFORMED
    taken: list[Card] = []
    for card in cards:
        try:
            taken += _take(db, card, own, around)
        except (MalformedError, RefusedError, VerificationError) as error:
            report(db, card, error, around)
            _set_apart(db, card, error, around)
            break
    if taken:
        now = around.seconds()
        logbook.append(db, [LogEntry(kind=LogKind.PINNED, hash=each.digest, time=now) for each in taken])
        begin_epoch(db, around)
        judge_again(db, card=own, blobs=blobs, around=around)
    return None


def _set_apart(db: Writing, card: Card, error: LegationError, around: Surroundings) -> None:
    """Keep a card that does not follow, for our own people to look at; once, and not too many."""
    office = str(card.office)
    kept = peers.evidence(db, office)
    if len(kept) < EVIDENCE_MAX and all(each.theirs != card.data for each in kept):
        ours = peers.pinned_card(db, office) or b""
        said = f"its stream brought card {card.body.number}, which was not taken: {error.message}"
        peers.add_evidence(db, office, said, ours=ours, theirs=card.data, at=around.seconds())


def _check_in_order(peer: str, cards: Sequence[Card]) -> None:
    """Refuse cards that are another office's, or do not follow one another."""
    for card in cards:
        if str(card.office) != peer:
            raise MalformedError(f"a card of `{card.office}` came by the stream of `{peer}`")
    for before, after in pairwise(cards):
        succeeds(before, after)


def _take(db: Writing, card: Card, own: Card, around: Surroundings) -> list[Card]:
    """Pin a card that follows on those that are here, and what waits before it; gives what was pinned."""
    office, now = str(card.office), around.seconds()
    same = peers.card_numbered(db, office, card.body.number)
    if same is not None and same.data == card.data and same.confirmed_by is not None:
        return []
    if same is None or same.data != card.data:
        check_next_card(db, card, around)
        check_keys(db, card, own, around)
        peers.add_card(db, card, office, now)
    else:
        check_keys(db, card, own, around)
    # What a person added and nobody confirmed follows on the pinned one, and this one on it.
    waiting = [each for each in peers.waiting_cards(db, office) if each.number <= card.body.number]
    for each in waiting:
        peers.confirm_card(db, office, each.number, BY_ROOT, now)
    return [read_card(each.data, around.verify) for each in waiting]
