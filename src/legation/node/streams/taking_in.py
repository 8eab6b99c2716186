# SPDX-License-Identifier: Apache-2.0
"""
Taking in what came of a peer's stream, in an answer or in a bag: the same change for both.

1. Every view is judged: held, set apart, or refused for ever (``judge``).
2. One transaction stores views, access ids, cursor, inbox rows, log entries and our receipt. Commit.

What was refused is told to the sender in our own stream. What proves two histories is kept, and the link is
frozen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from legation.encoding import encode
from legation.errors import EquivocationError, RefusedError, RemoteProtocolError
from legation.exchange import (
    Accepted,
    Brought,
    Carried,
    EntryKind,
    Held,
    RefusalCode,
    Refused,
    TakenBack,
    read_view,
    write_refused,
)
from legation.item.draft import Slip
from legation.keys.card import Card
from legation.log import LogEntry, LogKind, cosign, key_name
from legation.node.keys.signing import Signing
from legation.node.peers.introducing import take_cards
from legation.node.rules import RuleBook, Rules, received_reader
from legation.node.streams.effects import CHANGES_RULES, EFFECTS, Came
from legation.node.streams.judging import Judged, WhyApart, judge, keep_view
from legation.node.streams.numbering import append, begun
from legation.node.streams.receipting import stop
from legation.node.surroundings import Surroundings
from legation.store.blobs import Blobs
from legation.store.sqlite import incoming, items, logbook, node, peers, restorations
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.incoming import EntryState, Incoming, NewIncoming
from legation.store.sqlite.items import ViewState

BEGAN_ANEW = "its stream began anew: it lost something, and says so"


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A view entry: its slip, and what becomes of its view."""

    slip: Slip
    judged: Judged


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """What one pull or one bag brought."""

    entries: int = 0
    views: int = 0
    quarantined: int = 0
    refused: int = 0
    withdrawals: int = 0
    certificates: int = 0
    is_challenged: bool = False


class TakingIn:
    """
    Takes in what came from one peer.

    Args:
        office: Our office.
        peer: Whose stream it is.
        signing: Our keys.
        database: The node's store.
        blobs: Where long views go.
        book: The rules.
        around: Clock and dice.
    """

    def __init__(
        self,
        *,
        office: str,
        peer: str,
        signing: Signing,
        database: Database,
        blobs: Blobs,
        book: RuleBook,
        around: Surroundings,
    ) -> None:
        self._office = office
        self._peer = peer
        self._signing = signing
        self._database = database
        self._blobs = blobs
        self._book = book
        self._around = around

    def card(self, db: Reading, rules: Rules) -> Card:
        """
        The peer's card.

        Raises:
            RefusedError: It is not confirmed here, or the link is stopped.
        """
        card = rules.cards.get(self._peer)
        if card is None:
            raise RefusedError(
                f"the card of `{self._peer}` is not confirmed", hint=f"legation peer confirm {self._peer}"
            )
        if restorations.is_copy(db):
            raise RefusedError("this folder is a copy of another node's", hint="legation restore says more")
        link = peers.link(db, self._peer)
        if link in {"frozen", "excluded"}:
            raise RefusedError(f"the link to `{self._peer}` is {link}", hint="legation peer list says why")
        return card

    def judge_all(self, db: Reading, accepted: Accepted, rules: Rules) -> Mapping[int, Arrived]:
        """Judge every view that came, by the number of its entry."""
        why = WhyApart(rules.policies, received_reader(db, self._office, self._around.now()))
        return {
            header.number: Arrived(slip=slip, judged=self._judge(slip, view, rules, why))
            for header, payload in accepted.entries
            if header.kind is EntryKind.VIEW
            for slip, view in [read_view(payload)]
        }

    def present(
        self, db: Writing, accepted: Accepted, rules: Rules, judged: Mapping[int, Arrived], card: Card
    ) -> tuple[Rules, Mapping[int, Arrived]]:
        """
        Judge again what came if the rules have changed since; seldom, so it may be done by the writer.

        *card*: that of the peer by which it was verified. To refuse what came and ask again would show the peer that something changed, which may be
        between us and others.
        """
        if node.epoch(db).number == rules.epoch:
            return rules, judged
        now = self._book.at(db)
        if self.card(db, now) != card:
            raise RemoteProtocolError("the card of the peer changed", hint="nothing is lost: try again")
        return now, self.judge_all(db, accepted, now)

    def introduce(self, db: Writing, cards: bytes) -> None:
        """Take in the newer cards of the peer that came before its letter, which was verified by the last of them."""
        if cards:
            take_cards(db, cards, peer=self._peer, own=self._book.own, blobs=self._blobs, around=self._around)

    def _judge(self, slip: Slip, view: bytes, rules: Rules, why: WhyApart) -> Judged:
        """Judge a view; one that was addressed to somebody else can never be accepted here."""
        if slip.addressee != self._office:
            return Judged(contents=None, state=None, refusal=RefusalCode.ADDRESSEE)
        return judge(view, self._peer, rules, why, held_at=self._around.seconds())

    def commit(
        self,
        db: Writing,
        *,
        held: Held,
        accepted: Accepted,
        judged: Mapping[int, Arrived],
        rules: Rules,
    ) -> Pulled:
        """
        Store everything that came, and the receipt for it, in one transaction.

        Raises:
            RemoteProtocolError: Something else was taken in since, or an entry is out of turn.
        """
        brought = accepted.brought
        stream = incoming.stream(db, self._peer)
        if held_of(stream) != held:
            raise RemoteProtocolError("another pull was faster", hint="nothing is lost: try again")
        now = self._around.seconds()
        if stream is None or stream.incarnation != brought.incarnation:
            stream = self._begin(db, stream, accepted, now)
        payloads = {header.number: payload for header, payload in accepted.entries}
        new = [
            self._keep(db, stream, each, payload=payloads.get(each.number), judged=judged, now=now)
            for each in brought.entries
        ]
        incoming.append(db, stream, new, accepted.held, now, blobs=self._blobs)
        refused = {number: each.judged.refusal for number, each in judged.items()}
        refused |= self._let_have_effect(db, stream, accepted, rules)
        self._refuse(db, stream, refused, rules.epoch)
        logged = [
            LogEntry(
                kind=_logged(judged.get(each.number), refused.get(each.number)), hash=each.leaf, time=now
            )
            for each in new
        ]
        if accepted.may_receipt and accepted.checkpoint is not None:
            receipt = cosign(
                accepted.checkpoint,
                name=key_name(self._office),
                signers=self._signing.stream,
                time=now,
            )
            incoming.save_receipt(db, stream.stream_id, accepted.held.frontier.size, receipt, now)
            logged.append(LogEntry(kind=LogKind.RECEIPTED, hash=sha256(receipt).digest(), time=now))
        logbook.append(db, logged)
        if any(header.kind in CHANGES_RULES for header, _ in accepted.entries):
            judged = _as_they_stand(db, new, judged)
        return count(brought, judged)

    def _begin(self, db: Writing, left: Incoming | None, accepted: Accepted, now: int) -> Incoming:
        """Begin the stream of the peer, perhaps in the place of one that it left; what came of that stays."""
        incarnation = accepted.brought.incarnation
        if incoming.was_left(db, self._peer, incarnation):
            raise RemoteProtocolError("the peer goes back to a stream that it had left")
        if left is not None:
            incoming.leave(db, left.stream_id)
            peers.add_evidence(
                db,
                self._peer,
                BEGAN_ANEW,
                ours=encode(left.held.position),
                theirs=accepted.checkpoint or b"",
                at=now,
            )
        return incoming.start_stream(db, self._peer, incarnation, now)

    def _keep(
        self,
        db: Writing,
        stream: Incoming,
        each: Carried | TakenBack,
        *,
        payload: bytes | None,
        judged: Mapping[int, Arrived],
        now: int,
    ) -> NewIncoming:
        """Store one entry, and the view in it."""
        if isinstance(each, TakenBack):
            return NewIncoming(number=each.number, leaf=each.leaf, state=EntryState.TAKEN_BACK)
        arrived = judged.get(each.number)
        if arrived is None:
            return NewIncoming(
                number=each.number,
                leaf=each.leaf,
                state=EntryState.HELD,
                header=each.header,
                payload=payload,
            )
        view_key = None
        if arrived.judged.state is not None:
            view_key = keep_view(db, arrived.judged, self._peer, blobs=self._blobs, now=now)
        return NewIncoming(
            number=each.number,
            leaf=each.leaf,
            state=EntryState.REFUSED if arrived.judged.state is None else EntryState.HELD,
            header=each.header,
            view_key=view_key,
            slip=arrived.slip,
        )

    def _let_have_effect(
        self, db: Writing, stream: Incoming, accepted: Accepted, rules: Rules
    ) -> Mapping[int, RefusalCode | None]:
        """Let every entry have its effect, in their order; those that can never have one are refused."""
        codes: dict[int, RefusalCode | None] = {}
        for header, payload in accepted.entries:
            effect = EFFECTS.get(header.kind)
            if effect is None:
                continue
            code = effect(
                Came(
                    db=db,
                    own=self._book.own,
                    peer=self._peer,
                    stream=stream,
                    header=header,
                    payload=payload,
                    rules=rules,
                    blobs=self._blobs,
                    around=self._around,
                )
            )
            if code is not None:
                incoming.refuse(db, stream.stream_id, header.number)
                codes[header.number] = code
            if header.kind in CHANGES_RULES:
                rules = self._book.at(db)
        return codes

    def _refuse(
        self, db: Writing, stream: Incoming, codes: Mapping[int, RefusalCode | None], epoch: int
    ) -> None:
        """Tell the sender, in our own stream to it, which entries can never be accepted."""
        entries: list[tuple[EntryKind, bytes, int | None]] = [
            (
                EntryKind.REFUSED,
                write_refused(Refused(incarnation=stream.incarnation, number=number, code=code)),
                None,
            )
            for number, code in sorted(codes.items())
            if code is not None
        ]
        if entries:
            ours = begun(db, self._peer, epoch=epoch, around=self._around)
            append(db, ours, entries, epoch=epoch, around=self._around)

    def freeze(self, error: EquivocationError, *, ours: bytes = b"") -> None:
        """Two histories: keep both, and stop. *ours*: what proves ours, if it is more than the error has."""
        self._database.write(
            lambda db: stop(
                db,
                self._peer,
                error.message,
                ours=ours or error.ours,
                theirs=error.theirs,
                around=self._around,
            )
        )


def held_of(stream: Incoming | None) -> Held:
    """What is held of a stream; nothing, if there is none."""
    return Held() if stream is None else stream.held


def _logged(arrived: Arrived | None, refusal: RefusalCode | None) -> LogKind:
    if refusal is not None:
        return LogKind.REFUSED
    is_held = arrived is None or arrived.judged.state is ViewState.HELD
    return LogKind.ACCEPTED if is_held else LogKind.QUARANTINED


def _as_they_stand(
    db: Reading, new: Sequence[NewIncoming], judged: Mapping[int, Arrived]
) -> Mapping[int, Arrived]:
    """Views as they stand since a card came with them."""
    states = {each.number: items.view(db, each.view_key).state for each in new if each.view_key is not None}
    return {
        number: replace(each, judged=replace(each.judged, state=states.get(number)))
        for number, each in judged.items()
    }


def count(brought: Brought, judged: Mapping[int, Arrived]) -> Pulled:
    """Say what came, and what became of it."""
    states = [each.judged.state for each in judged.values()]
    kinds = [each.header.kind for each in brought.entries if isinstance(each, Carried)]
    return Pulled(
        entries=len(brought.entries),
        views=states.count(ViewState.HELD),
        quarantined=states.count(ViewState.QUARANTINED),
        refused=states.count(None),
        withdrawals=kinds.count(EntryKind.WITHDRAWAL),
        certificates=kinds.count(EntryKind.DESTRUCTION),
    )
