# SPDX-License-Identifier: Apache-2.0
"""
What must hold of the exchange, as plain functions that raise ``AssertionError``.

They stand apart from the tests because two suites use them: one sees them hold, the other sees each of
them fail on a bug that was planted for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from legation.encoding import encode
from legation.errors import (
    EquivocationError,
    LegationError,
    MalformedError,
    ProofError,
    RemoteProtocolError,
    SignatureError,
)
from legation.exchange import (
    Accepted,
    Answer,
    Carried,
    EntryKind,
    Envelope,
    Held,
    accept,
    header_of,
    read_void,
    write_cards,
)
from legation.exchange.letter import TakenBack
from legation.keys.sign import PublicKey
from legation.merkle import Hash
from tests.exchange import made
from tests.exchange.made import (
    SENDER,
    START,
    STRANGER,
    a_view,
    a_void,
    answer,
    answered,
    by_hand,
    naive_root,
    opened,
    signers,
    stream_keys,
    written,
)
from tests.keys.office import Keys, canonical, seed


def refused(act: Callable[[], object], error: type[LegationError]) -> LegationError:
    """
    See exactly this error.
    """
    found: LegationError | None = None
    try:
        act()
    except LegationError as raised:
        found = raised
    assert found is not None, f"expected {error.__name__}, and nothing was wrong"
    assert type(found) is error, f"expected {error.__name__}: {found}"
    return found


def read(data: bytes) -> Envelope[Answer]:
    """
    Read an answer of the sender.
    """
    return opened([data], Answer)


def accepted(envelope: Envelope[Answer], held: Held | None = None) -> Accepted:
    """
    Accept an answer of the sender.
    """
    return accept(envelope, held or Held(), sender=SENDER, keys=stream_keys(SENDER))


def one_view(payload: bytes = made.view_payload()) -> tuple[bytes, bytes]:
    """
    The canonical bytes of an answer that carries one view, and its payload.
    """
    letter = answered([START, a_view()], start=1).letter
    header = header_of(1, EntryKind.VIEW, payload)
    return encode(
        made.answer(start=1, entries=(Carried(header=header),), checkpoint=letter.checkpoint)
    ), payload


def another_payload_is_refused() -> None:
    """
    A sender who signs one payload and sends another of the same size is found out.
    """
    told, payload = one_view()
    assert read(by_hand(told, payload)).payloads == (payload,)
    other = payload[:-1] + b"!"
    refused(partial(read, by_hand(told, other)), ProofError)


def another_letter_is_refused() -> None:
    """
    A letter is not taken for another one's binding, be that sealed under or signed.
    """
    told, payload = one_view()
    other = seed("another binding")
    refused(partial(read, by_hand(told, payload, binding=other)), ProofError)
    refused(partial(read, by_hand(told, payload, signed_binding=other)), SignatureError)


def anothers_signature_is_refused() -> None:
    """
    What somebody else signed in the sender's name is not taken.
    """
    told, payload = one_view()
    for signer in (
        signers("AUS@NATO").ed25519,
        signers("JPN@NATO").ed25519,
        Keys.of(SENDER).items[0][0],
    ):
        refused(partial(read, by_hand(told, payload, signer=signer)), SignatureError)


def anothers_letter_is_refused() -> None:
    """
    Who signs as itself does not speak for another in the letter.
    """
    letter = made.answer(sender="AUS@NATO")
    refused(partial(read, by_hand(encode(letter))), MalformedError)
    letter = made.answer(receiver="AUS@NATO")
    refused(partial(read, by_hand(encode(letter))), MalformedError)


def padding_is_zeros_to_the_end() -> None:
    """
    Nothing hides behind the payloads, and there is one length.
    """
    told, payload = one_view()
    right = 65_536 - 2 - len(_front()) - 4 - len(told) - len(payload)
    assert read(by_hand(told, payload, padding=bytes(right))).payloads == (payload,)
    for wrong in (
        b"",
        bytes(right - 1),
        bytes(right + 1),
        bytes(right + 65_536),
        b"\x01" + bytes(right - 1),
        bytes(right - 1) + b"\x01",
    ):
        refused(partial(read, by_hand(told, payload, padding=wrong)), MalformedError)


def _front() -> bytes:
    claim = {"sender": SENDER, "receiver": "JPN@NATO", "purpose": "answer", "signature": made.b64(bytes(64))}
    return canonical(claim)


def another_root_is_refused() -> None:
    """
    Entries that do not lead to the signed root are not taken, and two roots of one size are proof.
    """
    payloads = [START, a_view(), a_view(b"two")]
    leaves = [header.leaf for header in made.headers(payloads)]
    wrong = made.checkpoint(leaves, root=Hash(seed("another root")))
    refused(partial(accepted, answered(payloads, checkpoint=wrong)), ProofError)
    held = accepted(answered(payloads[:2])).held
    wrong = made.checkpoint(leaves[:2], root=Hash(seed("another root")))
    empty = answered(payloads[:2], start=2, checkpoint=wrong)
    found = refused(partial(accepted, empty, held), EquivocationError)
    assert isinstance(found, EquivocationError)
    assert (found.ours, found.theirs) == (encode(held.frontier), wrong)


def a_receipt_waits_for_its_voids() -> None:
    """
    What covers an entry that was taken back is not receipted before the void, in whatever answer.
    """
    payloads = [START, a_view(), a_view(b"two"), a_void(1), a_view(b"four")]
    for cut in range(1, 5):
        first = accepted(answered(payloads[:cut], taken_back=[1]))
        assert first.may_receipt is (cut < 2 or cut > 3)
        assert first.held.taken_back == (frozenset({1}) if 2 <= cut <= 3 else frozenset())
        second = accepted(answered(payloads, start=cut, taken_back=[1]), first.held)
        assert second.may_receipt
        assert second.held.taken_back == frozenset()


def a_void_names_an_earlier_entry() -> None:
    """
    A void of itself, of what is still to come, or of what is no view is refused.
    """
    held = accepted(answered([START])).held
    for named in (1, 2, 3, 1000):
        payloads = [START, a_void(named), a_view()]
        refused(partial(accepted, answered(payloads, start=1), held), RemoteProtocolError)
    for kind in set(EntryKind) - {EntryKind.START, EntryKind.VIEW, EntryKind.VOID, EntryKind.REFUSED}:
        other = [START, (kind, b"x"), a_void(1)]
        refused(partial(accepted, answered(other, start=1), held), RemoteProtocolError)
    payloads = [START, a_view(), a_void(1), a_void(2)]
    refused(partial(accepted, answered(payloads, start=1), held), RemoteProtocolError)


# An oracle of the rules, in the plainest way: all that was ever taken in, looked through again each time.


@dataclass
class Ledger:
    """
    What a receiver took in, entry by entry.
    """

    leaves: list[bytes]
    taken_back: set[int]
    voided: set[int]

    def take(self, envelope: Envelope[Answer]) -> None:
        """
        Note the entries of an answer that was accepted.
        """
        payloads = iter(envelope.payloads)
        for entry in envelope.letter.entries:
            self.leaves.append(bytes(entry.leaf))
            if isinstance(entry, TakenBack):
                self.taken_back.add(entry.number)
                continue
            payload = next(payloads)
            if entry.header.kind is EntryKind.VOID:
                self.voided.add(read_void(payload).number)

    def agrees(self, held: Held, *, may_receipt: bool | None = None) -> None:
        """
        Compare with what ``accept`` made of it.
        """
        assert held.frontier.size == len(self.leaves)
        assert held.frontier.root == naive_root(self.leaves)
        assert held.taken_back == self.taken_back - self.voided
        if may_receipt is not None:
            waits = any(number not in self.voided for number in self.taken_back)
            assert may_receipt is (not waits and len(self.leaves) > held.receipt_size)


def only_the_introduced_key_signs() -> None:
    """
    An envelope with cards is by the key that they introduce, and by no other; a stranger introduces nobody.
    """
    cards, new = write_cards([b"card"]), signers(STRANGER).ed25519
    asked: list[tuple[str, bytes]] = []

    def introduced(sender: str, told: bytes) -> PublicKey:
        asked.append((sender, told))
        return new.public_key

    found = opened(written(answer(), cards=cards, signer=new), Answer, introduced=introduced)
    assert (found.cards, asked) == (cards, [(SENDER, cards)])
    asked.clear()
    by_new, by_known = (
        written(answer(), cards=cards, signer=each) for each in (new, signers(SENDER).ed25519)
    )
    refused(lambda: opened(by_known, Answer, introduced=introduced), SignatureError)
    refused(lambda: opened(by_new, Answer), SignatureError)
    bare = written(answer(), signer=new)
    refused(lambda: opened(bare, Answer, introduced=introduced), SignatureError)
    asked.clear()
    refused(lambda: opened(by_new, Answer, introduced=introduced, key_of=lambda _: None), SignatureError)
    assert asked == []
    assert opened(by_known, Answer).cards == cards
