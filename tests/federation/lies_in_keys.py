# SPDX-License-Identifier: Apache-2.0
"""
Lies about keys, policies and what was destroyed, each an entry that AUS@NATO numbers and signs as it should.
"""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace as changed

from legation.encoding import encode
from legation.exchange import EntryKind, RefusalCode, write_cards, write_offer
from legation.formats.shipped import shipped_bytes
from legation.item.destruction import DESTRUCTION, certify
from legation.keys.card import SignedCard, make
from legation.keys.sign import Ed25519Signer
from legation.node.home import ROOT
from legation.node.keys.keyring import ROOT_KEY
from legation.node.peers.accepting import read_policies
from legation.store.sqlite import peers
from tests.federation.attacker import SOON
from tests.federation.lies_in_entries import TOLD, refused, says
from tests.federation.lying import Book, lie
from tests.federation.stage import AUS, ENTRIES, FROZEN, KOR, Stage
from tests.node.pair import Node
from tests.node.renewals import next_of
from tests.node.streams.test_pulling import refusals

KEYS: Book = {}
KEPT = ENTRIES | {"evidence"}
"""What is left of a card that does not follow: that it was received, and the card itself as evidence."""


# What must come of them.


def never(code: RefusalCode = RefusalCode.MALFORMED) -> Callable[[Stage], object]:
    """See that an entry is refused for ever, and that nobody's card or policy is another."""

    def look(stage: Stage) -> None:
        refused(stage, code)
        as_before(stage)

    return look


def as_before(stage: Stage) -> None:
    """See that the cards, policies and receipts that count are those that counted before."""
    with stage.jpn.database.read() as db:
        assert peers.pinned_card(db, AUS) == stage.aus.card.data
        assert peers.pinned_card(db, KOR) == stage.kor.card.data
    assert {each.version for each in read_policies(stage.jpn.database).policies} == {1}
    assert set(stage.jpn.rows("SELECT state, because FROM delivery")) == {("receipted", "")}


def not_told(stage: Stage) -> None:
    """See that AUS@NATO is not told what depends on which card is pinned, and our own people are."""
    as_before(stage)
    assert refusals(stage.jpn, AUS) == []
    [(what,)] = stage.jpn.rows("SELECT what FROM evidence")
    assert what


def nothing_certified(stage: Stage) -> None:
    """See that of no delivery it is said that what was handed over is destroyed."""
    rows = stage.jpn.rows("SELECT state, because FROM delivery")
    assert set(rows) == {("receipted", "")}
    assert len(stage.jpn.listed()) == 2


# Keys.


@lie(KEYS, left=TOLD, look=never())
def the_card_of_another(stage: Stage) -> None:
    """The next card of KOR@NATO, true and whole: nobody brings another office's card."""
    tells(stage, next_of(stage.kor, item=True).data)


@lie(KEYS, left=TOLD, look=never())
def what_is_no_card(stage: Stage) -> None:
    """Any bytes."""
    says(stage, EntryKind.KEY, b"\0\0\0\2{}")


@lie(KEYS, left=TOLD, look=never(RefusalCode.SIGNATURE))
def its_own_card_unsigned(stage: Stage) -> None:
    """One signature of those that it must bear is none."""
    signed = msgspec.json.decode(next_of(stage.aus, item=True).data, type=SignedCard)
    one, *others = signed.signatures
    tells(stage, encode(changed(signed, signatures=(changed(one, signature=bytes(64)), *others))))


@lie(KEYS, left=KEPT, look=not_told)
def a_card_under_another_root(stage: Stage) -> None:
    """The root that two persons compared is no other."""
    stranger = Ed25519Signer(bytes(range(32)))
    tells(
        stage,
        signed_by(stage.aus, stranger, root=stranger.public_key, number=1, previous=stage.aus.card.digest),
    )


@lie(KEYS, left=KEPT, look=not_told)
def a_card_far_ahead(stage: Stage) -> None:
    """Fast-forward: a number beyond all that will ever be."""
    number = 1_000_000
    tells(stage, signed_by(stage.aus, root_of(stage.aus), number=number, previous=stage.aus.card.digest))


@lie(KEYS, left=KEPT, look=not_told)
def a_card_that_follows_another(stage: Stage) -> None:
    """The right number, and another digest before it."""
    tells(stage, signed_by(stage.aus, root_of(stage.aus), number=1, previous=bytes(32)))


@lie(KEYS, left=ENTRIES | FROZEN, link="frozen", told="two cards of number 0")
def another_card_of_the_same_number(stage: Stage) -> None:
    """A second history of its keys: both are kept."""
    tells(stage, signed_by(stage.aus, root_of(stage.aus), addresses=("192.0.2.66:1",)))


@lie(KEYS, left=ENTRIES, look=as_before)
def the_card_that_is_here(stage: Stage) -> None:
    """What counts already: nothing comes of it."""
    tells(stage, stage.aus.card.data)


# Policies.


@lie(KEYS, left=TOLD, look=never())
def what_is_no_policy(stage: Stage) -> None:
    """Any bytes, as an offer."""
    says(stage, EntryKind.POLICY, write_offer(b"<SPIF/>"))


@lie(KEYS, left=TOLD, look=never())
def a_policy_with_a_statement_that_is_none(stage: Stage) -> None:
    """Whoever offers it says that an authority has signed it."""
    says(stage, EntryKind.POLICY, write_offer(shipped_bytes("exercise-2"), [b"signed, the authority"]))


@lie(KEYS, left=ENTRIES | {"policy_offer"}, look=as_before)
def an_old_policy(stage: Stage) -> None:
    """An offer decides nothing: two persons accept it, and versions never fall."""
    says(stage, EntryKind.POLICY, write_offer(shipped_bytes("exercise-1")))


@lie(KEYS, left=ENTRIES | {"policy_offer"}, look=as_before)
def a_policy_of_its_own(stage: Stage) -> None:
    """A later version, in which everything is open to AUS: listed, and without effect."""
    wide = shipped_bytes("exercise-2").replace(b'version="2"\n', b'version="99"\n')
    says(stage, EntryKind.POLICY, write_offer(wide))


# What was destroyed.


@lie(KEYS, left=TOLD, look=lambda stage: refused(stage, RefusalCode.MALFORMED))
def what_is_no_certificate(stage: Stage) -> None:
    """Any bytes."""
    says(stage, EntryKind.DESTRUCTION, b"{}")


@lie(KEYS, left=TOLD, look=lambda stage: refused(stage, RefusalCode.SIGNATURE))
def its_own_certificate_unsigned(stage: Stage) -> None:
    """It knows that we have its card."""
    found = DESTRUCTION.decode(certify(given_to(stage, KOR), AUS, SOON, stage.aus.home.signing.item))
    says(stage, EntryKind.DESTRUCTION, DESTRUCTION.encode(changed(found, signature=bytes(64))))


@lie(KEYS, left=ENTRIES | {"destruction"}, look=nothing_certified)
def a_certificate_of_what_it_never_had(stage: Stage) -> None:
    """AUS@NATO destroys what KOR@NATO was given: that says nothing of KOR@NATO."""
    says(stage, EntryKind.DESTRUCTION, certify(given_to(stage, KOR), AUS, SOON, stage.aus.home.signing.item))


@lie(KEYS, left=TOLD, look=never(RefusalCode.SIGNATURE))
def a_certificate_in_the_name_of_another(stage: Stage) -> None:
    """As if KOR@NATO had destroyed what it has, signed by AUS@NATO."""
    says(stage, EntryKind.DESTRUCTION, certify(given_to(stage, KOR), KOR, SOON, stage.aus.home.signing.item))


# Helpers.


def tells(stage: Stage, *cards: bytes) -> None:
    """Number cards, whatever they are."""
    says(stage, EntryKind.KEY, write_cards(cards))


def root_of(node: Node) -> Ed25519Signer:
    """The root key of a node's party."""
    return Ed25519Signer(ROOT_KEY.decode((node.folder / ROOT).read_bytes()).seed)


def signed_by(node: Node, root: Ed25519Signer, /, **fields: object) -> bytes:
    """A card of a node with other fields, signed by all of its keys and a root."""
    signing = node.home.signing
    body = changed(node.card.body, **fields)
    return make(body, [root, signing.item, signing.stream.ed25519, signing.stream.mldsa44])


def given_to(stage: Stage, office: str) -> bytes:
    """The item that JPN@NATO gave an office."""
    [(item,)] = stage.jpn.rows("SELECT item_id FROM delivery WHERE office = ?", (office,))
    return bytes(item)
