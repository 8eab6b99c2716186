# SPDX-License-Identifier: Apache-2.0
"""
Handing over: what goes to a peer, whichever way it takes.

An answer to a pull and a bag are filled alike, and both are looked at again while they are written:

1. Decide, cut, append: one transaction. Commit.
2. The checkpoint of a committed size is signed, once, and stored. Commit.
3. Before each piece that is given out the epoch is looked at again; if it moved, what has not been given out is
   decided again, and a changed outcome ends it in the middle.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from legation.errors import RemoteProtocolError
from legation.exchange import BATCH_SIZE_BYTES, ENTRIES_MAX, Carried, EntryKind, TakenBack
from legation.keys.card import Card
from legation.log import Checkpoint, key_name, names_key, sign_checkpoint, stream_origin
from legation.node.keys.signing import Signing
from legation.node.peers.introducing import tell_card
from legation.node.rules import RuleBook, Rules
from legation.node.streams.incarnations import settle
from legation.node.streams.numbering import Cutter, not_to_go, number, stream_to, take_back
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.sqlite import node, outgoing, peers
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.outgoing import Outgoing, OutgoingEntry


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What is to be given out: committed entries from ``start``, and the checkpoint over them."""

    stream: Outgoing
    start: int
    epoch: int
    entries: Sequence[OutgoingEntry] = ()
    checkpoint: bytes | None = None
    challenge: bytes | None = None
    is_stopped: bool = False

    @property
    def is_due(self) -> bool:
        """Whether a waiting peer is answered at once: there is news, or none will come of waiting."""
        return bool(self.entries) or self.challenge is not None or self.is_stopped

    @property
    def end(self) -> int:
        """How many entries the stream has with these."""
        return self.start + len(self.entries)

    @property
    def letter_entries(self) -> tuple[Carried | TakenBack, ...]:
        """The entries as a letter has them."""
        return tuple(map(_letter_entry, self.entries))

    @property
    def payloads(self) -> list[bytes]:
        """The payloads of those that are carried, in order."""
        return [each.payload for each in self.entries if each.payload is not None]


class HandingOver:
    """
    Fills answers and bags, and guards them.

    Args:
        card: Our own card.
        signing: Its keys.
        database: The node's store.
        blobs: Where long payloads are.
        book: The rules.
        around: Clock and dice.
    """

    def __init__(
        self,
        *,
        card: Card,
        signing: Signing,
        database: Database,
        blobs: Blobs,
        book: RuleBook,
        around: Surroundings,
    ) -> None:
        self._card = card
        self._office = str(card.office)
        self._signing = signing
        self._database = database
        self._blobs = blobs
        self._book = book
        self._around = around
        self._cutter = Cutter(blobs)  # used in the writer thread only

    def number(self, db: Writing, office: str, rules: Rules) -> None:
        """Tell *office* of our newer cards; decide what waits for it, cut it and append it to its stream."""
        stream = outgoing.stream(db, office)
        if stream is not None and not stream.is_settled:
            # Whoever could be asked what it holds has been (``beginning``).
            settle(db, stream, None, epoch=rules.epoch, blobs=self._blobs, around=self._around)
        tell_card(db, office, self._card, epoch=rules.epoch, blobs=self._blobs, around=self._around)
        number(db, office, rules=rules, cutter=self._cutter, blobs=self._blobs, around=self._around)

    def fill(self, db: Writing, office: str, rules: Rules, start: int) -> Batch:
        """Number what waits if all before was sent; read what follows; take back what may no longer go."""
        stream = stream_to(db, office, self._around)
        if start == stream.frontier.size:
            self.number(db, office, rules)
        entries = self._entries(db, stream.stream_id, start)
        gone = not_to_go(db, office, entries, rules)
        if gone:
            take_back(db, office, gone, rules=rules, around=self._around)
            entries = self._entries(db, stream.stream_id, start)
        now = outgoing.stream(db, office)
        assert now is not None, "the stream was just used"
        return Batch(stream=now, start=start, epoch=rules.epoch, entries=entries)

    def fill_stopped(self, db: Writing, office: str, rules: Rules, start: int) -> Batch | None:
        """
        Read what goes where a link is paused, or the peer is excluded: withdrawals and certificates of destruction.

        Entries have no gaps, so what was numbered before them is taken back, and waits anew if it is still permitted;
        what is no view goes as it is. Nothing new is numbered. None if nothing is to go, or if the peer has lost what it
        had: what it once received is not sent again here.
        """
        stream = outgoing.stream(db, office)
        if stream is None or not passes_stopped(db, stream, start):
            return None
        views = outgoing.views_from(db, stream.stream_id, start)
        if views:
            take_back(db, office, views, rules=rules, around=self._around)
        now = outgoing.stream(db, office)
        assert now is not None, "the stream was just used"
        entries = self._entries(db, stream.stream_id, start)
        return Batch(stream=now, start=start, epoch=rules.epoch, entries=entries)

    def _entries(self, db: Reading, stream_id: int, start: int) -> list[OutgoingEntry]:
        return outgoing.entries(
            db,
            stream_id,
            start,
            size_bytes_max=BATCH_SIZE_BYTES,
            count_max=ENTRIES_MAX,
            blobs=self._blobs,
        )

    def checked(self, db: Writing, batch: Batch) -> Batch:
        """Sign the checkpoint over what was committed, if it is not signed yet."""
        stream_id = batch.stream.stream_id
        found = outgoing.checkpoint(db, stream_id, batch.end)
        if found is None or names_key(found, key_name(self._office), self._card.revoked_stream_keys):
            # Of a key that we revoked nobody takes a checkpoint any more; over the same entries it is no fork.
            save = outgoing.save_checkpoint if found is None else outgoing.replace_checkpoint
            checkpoint = Checkpoint(
                origin=stream_origin(self._office, batch.stream.office, batch.stream.incarnation),
                size=batch.end,
                root=outgoing.root_at(db, stream_id, batch.end),
            )
            found = sign_checkpoint(checkpoint, name=key_name(self._office), signers=self._signing.stream)
            save(db, stream_id, batch.end, found)
        return replace(batch, checkpoint=found)

    def guarded(self, written: Iterator[bytes], office: str, batch: Batch) -> Iterator[bytes]:
        """
        Look at the epoch before each piece; most often one number says that nothing was committed.

        Raises:
            RemoteProtocolError: The rules changed on the way, and with them what may be handed over.
        """
        seen, epoch = -1, batch.epoch
        for piece in written:
            version = self._database.data_version()
            if version != seen:
                seen = version
                with self._database.read() as db:
                    now = node.epoch(db).number
                if now != epoch:
                    self._database.write(lambda db: self._check_again(db, office, batch))
                    epoch = now
            yield piece

    def _check_again(self, db: Writing, office: str, batch: Batch) -> None:
        rules, link = self._book.turn(db), peers.link(db, office)
        is_stopped = link == "frozen" or (link != "active" and any(map(_carries_view, batch.entries)))
        if is_stopped or not_to_go(db, office, batch.entries, rules):
            raise RemoteProtocolError("the rules changed while an answer was being given")


def passes_stopped(db: Reading, stream: Outgoing, start: int) -> bool:
    """Whether there is something from *start* on that goes also where the link is stopped."""
    return start >= stream.receipt_size and outgoing.has_passing(db, stream.stream_id, start)


def _carries_view(each: OutgoingEntry) -> bool:
    return each.payload is not None and each.header.kind is EntryKind.VIEW


def _letter_entry(each: OutgoingEntry) -> Carried | TakenBack:
    if each.payload is None:
        return TakenBack(number=each.header.number, leaf=each.header.leaf)
    return Carried(header=each.header)
