# SPDX-License-Identifier: Apache-2.0

import doctest
import random
from collections.abc import Callable
from typing import Any

import pytest

from legation import sdk
from legation.encoding import encode
from legation.errors import (
    LegationError,
    MalformedError,
    ProofError,
    SignatureError,
    VerificationError,
)
from legation.exchange import EntryKind, header_of, write_view
from legation.item.draft import Slip
from legation.item.view import inspect
from legation.log import LogEntry, LogKind, Proof, read_proof, write_proof
from legation.merkle import Hash, consistency_proof, inclusion_proof, leaf_hash, root
from legation.sdk import (
    Kind,
    ProvenEntry,
    SignedReceipt,
    read_card,
    recognise,
    verify_attachment,
    verify_checkpoint,
    verify_growth,
    verify_note,
    verify_payload,
    verify_proof,
    verify_receipt,
    verify_view,
)
from tests.sdk import given
from tests.sdk.given import (
    AUS,
    CHECKPOINT,
    JPN,
    KOR,
    LEAVES,
    LOG,
    PAYLOAD,
    PROOF,
    RECEIPT,
    checkpoint,
    receipt,
)

VIEW = PAYLOAD[4 + int.from_bytes(PAYLOAD[:4], "big") :]


def examples() -> list[doctest.DocTest]:
    """The examples in the docstrings of the room, with the files that they speak of."""
    names: dict[str, Any] = vars(sdk) | {
        "kor": KOR,
        "jpn": JPN,
        "view_bytes": VIEW,
        "payload": PAYLOAD,
        "checkpoint": CHECKPOINT,
        "receipt": RECEIPT,
        "proof": PROOF,
        "reference": verify_view(VIEW, [KOR]).reference,
        "attachment": given.attachment(b"Annex A"),
        "view": verify_view(VIEW, [KOR]),
        "withdrawal": given.withdrawal(VIEW),
        "destruction": given.destruction(VIEW),
        "older": checkpoint(9),
        "growth_bytes": given.growth(9, 39),
        "growth": verify_growth(given.growth(9, 39), [KOR]),
    }
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = (sdk, sdk.comparing, sdk.recognising, sdk.telling, sdk.verifying)
    return [each for module in modules for each in finder.find(module, globs=dict(names)) if each.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda each: each.name.removeprefix("legation.sdk."))
def test_the_examples_in_the_docstrings_run(example: doctest.DocTest) -> None:
    """
    What an example says comes out.
    """
    assert doctest.DocTestRunner().run(example, out=lambda _: None).failed == 0


def test_every_function_has_an_example() -> None:
    """
    Whoever looks up a function finds it used.
    """
    shown = {each.name.rpartition(".")[2] for each in examples()}
    functions = {name for name in sdk.__all__ if name[0].islower()} - {"fingerprint"}
    assert functions <= shown


class TestCards:
    def test_one_altered_byte_is_refused(self) -> None:
        """
        A card stands by its own signatures.
        """
        data = bytearray(KOR.data)
        data[len(data) // 2] ^= 1
        with pytest.raises(LegationError):
            read_card(bytes(data))

    def test_two_cards_of_one_office_cannot_be_given(self) -> None:
        """
        Which of them is pinned nobody could say.
        """
        other = given.later_card("KOR@NATO", "retired")
        for verify, data in ((verify_view, VIEW), (verify_note, RECEIPT), (verify_proof, PROOF)):
            with pytest.raises(MalformedError, match="two different cards"):
                verify(data, [KOR, other, JPN])


class TestViews:
    def test_a_revoked_key_is_refused_and_a_retired_one_is_told(self) -> None:
        """
        What the card says of the key counts.
        """
        assert verify_view(VIEW, [given.later_card("KOR@NATO", "retired")]).key_state == "retired"
        with pytest.raises(SignatureError, match="revoked"):
            verify_view(VIEW, [given.later_card("KOR@NATO", "revoked")])

    def test_a_payload_is_no_view_and_a_view_no_payload(self) -> None:
        """
        The slip is no part of what the author signed.
        """
        with pytest.raises(MalformedError):
            verify_view(PAYLOAD, [KOR])
        with pytest.raises(MalformedError):
            verify_payload(VIEW, [KOR])
        slip, view = verify_payload(PAYLOAD, [KOR])
        assert (slip.addressee, view.data) == ("JPN@NATO", VIEW)


class TestNotes:
    def test_says_who_signed(self) -> None:
        """
        A checkpoint has one office's card, a receipt two.
        """
        assert verify_checkpoint(CHECKPOINT, KOR).writer == KOR
        found = verify_receipt(RECEIPT, KOR, JPN)
        assert (found.writer, found.holder, found.data) == (KOR, JPN, RECEIPT)
        assert found.checkpoint == verify_checkpoint(CHECKPOINT, KOR).checkpoint

    def test_a_checkpoint_is_no_receipt_and_no_receipt_a_checkpoint(self) -> None:
        """
        Two lines say less than four.
        """
        with pytest.raises(MalformedError):
            verify_receipt(CHECKPOINT, KOR, JPN)
        with pytest.raises(MalformedError):
            verify_checkpoint(RECEIPT, KOR)
        assert not isinstance(verify_note(CHECKPOINT, [KOR]), SignedReceipt)
        assert isinstance(verify_note(RECEIPT, [KOR, JPN]), SignedReceipt)

    @pytest.mark.parametrize("lines", [1, 3])
    def test_what_it_is_comes_before_whose_it_is(self, lines: int) -> None:
        """
        A note of neither two lines nor four is none, whether or not the cards are there that it names.
        """
        text, _, signatures = RECEIPT.partition(b"\n\n")
        note = text + b"\n\n" + b"".join(signatures.splitlines(keepends=True)[:lines])
        for cards in ([], [KOR], [KOR, JPN]):
            with pytest.raises(MalformedError):
                verify_note(note, cards)
        cut = RECEIPT[:-9] + b"\n"
        with pytest.raises(MalformedError):
            verify_note(cut, [])

    @pytest.mark.parametrize("cards", [(JPN, KOR), (KOR, AUS), (AUS, JPN)])
    def test_another_office_s_card_is_refused(self, cards: tuple[sdk.Card, sdk.Card]) -> None:
        """
        A receipt is of the two offices that its stream is between, in that order.
        """
        with pytest.raises(VerificationError):
            verify_receipt(RECEIPT, *cards)

    def test_one_office_does_not_receipt_its_own_stream(self) -> None:
        """
        Though it has the keys for all four lines.
        """
        with pytest.raises(MalformedError):
            verify_receipt(RECEIPT, KOR, KOR)

    @pytest.mark.parametrize("cards", [[], [KOR], [JPN], [AUS]])
    def test_a_missing_card_is_named(self, cards: list[sdk.Card]) -> None:
        """
        Nothing is fetched: who is missing is told.
        """
        missing = "KOR@NATO" if KOR not in cards else "JPN@NATO"
        with pytest.raises(SignatureError, match=f"no card of `{missing}`"):
            verify_note(RECEIPT, cards)

    @pytest.mark.parametrize(
        "origin",
        [
            b"legation/stream/v1/KOR@NATO/JPN@NATO",
            b"legation/stream/v1/KOR@NATO/JPN@NATO/zz",
            b"legation/stream/v1/KOR@NATO/JPN@NATO/" + b"00" * 15,
            b"legation/stream/v2/KOR@NATO/JPN@NATO/" + b"00" * 16,
            b"legation/log/v1/KOR@NATO",
            b"legation/log/v1/KOR@NATO/JPN@NATO/" + b"00" * 16,
            b"example.com/log",
            b"legation/stream/v1/Zq7wanderer was here/JPN@NATO/" + b"00" * 16,
            b"legation/stream/v1/KOR@NATO/" + b"Zq7wanderer" * 1000 + b"/" + b"00" * 16,
            b"legation/stream/v1//JPN@NATO/" + b"00" * 16,
            b"legation/log/v1/Zq7wanderer/" + b"00" * 16,
        ],
    )
    def test_another_origin_is_refused(self, origin: bytes) -> None:
        """
        Of no stream and of no log, whoever signed it; what stands there is not repeated.
        """
        data = origin + b"\n" + RECEIPT.partition(b"\n")[2]
        verifying: list[Callable[[], object]] = [
            lambda: verify_note(data, [KOR, JPN]),
            lambda: verify_proof(PROOF.replace(RECEIPT, data), [KOR, JPN]),
            lambda: verify_receipt(data, KOR, JPN),
        ]
        for verify in verifying:
            with pytest.raises(LegationError) as caught:
                verify()
            assert "Zq7wanderer" not in repr(caught.value)

    def test_a_log_has_no_receipts(self) -> None:
        """
        Nobody holds another's log.
        """
        data = checkpoint(origin=LOG)
        assert verify_note(data, [KOR]).checkpoint.origin == LOG
        with pytest.raises(MalformedError):
            verify_note(receipt(origin=LOG), [KOR, JPN])

    @pytest.mark.parametrize("office", ["KOR@NATO", "JPN@NATO"])
    def test_a_retired_stream_key_counts_and_a_revoked_one_does_not(self, office: str) -> None:
        """
        What the card given says of the keys, be it the writer's or the holder's.
        """
        others = [card for card in (KOR, JPN) if str(card.office) != office]
        verify_note(RECEIPT, [*others, given.card_with_new_stream_keys(office, "retired")])
        with pytest.raises(SignatureError):
            verify_note(RECEIPT, [*others, given.card_with_new_stream_keys(office, "revoked")])


def log_proof(number: int = 5, size: int = 20, **changes: Any) -> bytes:
    """The proof of an entry of the own log of KOR@NATO."""
    entries = [LogEntry(kind=LogKind.RELEASED, hash=bytes([each]) * 32, time=each) for each in range(size)]
    leaves = [each.leaf for each in entries]
    fields: dict[str, Any] = {
        "index": number,
        "hashes": tuple(inclusion_proof(leaves, number)),
        "note": checkpoint(size, origin=LOG, root_of=root(leaves)),
        "extra": encode(entries[number]),
    }
    return write_proof(Proof(**(fields | changes)))


class TestProofs:
    def test_holds_with_and_without_what_was_brought(self) -> None:
        """
        The receipt alone says that there was an entry; the payload, what it was.
        """
        bare = verify_proof(PROOF, [KOR, JPN])
        assert (bare.slip, bare.view) == (None, None)
        full = verify_proof(PROOF, [KOR, JPN], payload=PAYLOAD)
        assert full.view is not None
        assert full.view.data == VIEW
        assert full == ProvenEntry(note=bare.note, number=1, entry=bare.entry, slip=full.slip, view=full.view)

    def test_holds_by_a_checkpoint_alone(self) -> None:
        """
        Then it is the writer's word, and nobody else's.
        """
        found = verify_proof(given.STORED["by_checkpoint"].encode(), [KOR], payload=PAYLOAD)
        assert not isinstance(found.note, SignedReceipt)
        assert found.view is not None

    def test_the_author_s_card_is_needed_for_the_view(self) -> None:
        """
        An office that handed on what a third one wrote does not vouch for the author.
        """
        forged = write_view(Slip(addressee="JPN@NATO"), VIEW)
        header = header_of(1, EntryKind.VIEW, forged)
        leaves = [LEAVES[0], header.leaf]
        data = brought(leaves, 1, encode(header))
        assert verify_proof(data, [KOR, JPN], payload=forged).view is not None
        with pytest.raises(SignatureError, match="author is not known"):
            verify_payload(forged, [JPN])

    def test_an_honest_receipt_for_a_view_that_does_not_verify_is_no_proof(self) -> None:
        """
        Whatever two offices have signed: the author's signature counts for what is shown.
        """
        bent = VIEW.replace(b"third round", b"tenth round")
        payload = write_view(Slip(addressee="JPN@NATO"), bent)
        header = header_of(1, EntryKind.VIEW, payload)
        data = brought([LEAVES[0], header.leaf], 1, encode(header))
        assert verify_proof(data, [KOR, JPN]).number == 1
        with pytest.raises(ProofError):
            verify_proof(data, [KOR, JPN], payload=payload)

    def test_the_slip_is_the_receivers(self) -> None:
        """
        A copy that was meant for another office would have been refused by name.
        """
        payload = write_view(Slip(addressee="AUS@NATO"), VIEW)
        header = header_of(1, EntryKind.VIEW, payload)
        data = brought([LEAVES[0], header.leaf], 1, encode(header))
        with pytest.raises(VerificationError, match="another office"):
            verify_proof(data, [KOR, JPN], payload=payload)

    def test_an_entry_that_says_another_number_is_refused(self) -> None:
        """
        Though its writer signed the tree in which it stands so.
        """
        header = header_of(7, EntryKind.VIEW, PAYLOAD)
        data = brought([LEAVES[0], header.leaf], 1, encode(header))
        with pytest.raises(ProofError, match="says that it is entry 7"):
            verify_proof(data, [KOR, JPN])

    @pytest.mark.parametrize("entry", [b"{}", b"words", encode(header_of(1, EntryKind.VIEW, b"x")) + b" "])
    def test_what_is_no_entry_is_refused(self, entry: bytes) -> None:
        """
        Though it stands in the tree that was signed.
        """
        with pytest.raises(MalformedError):
            verify_proof(brought([LEAVES[0], leaf_hash(entry)], 1, entry), [KOR, JPN])

    def test_an_inner_node_is_no_entry(self) -> None:
        """
        Two hashes side by side cannot pass for the bytes of an entry.
        """
        inner = b"".join(LEAVES[:2])
        with pytest.raises(ProofError):
            verify_proof(
                brought(LEAVES[:4], 0, inner, hashes=[consistency_proof(LEAVES[:4], 2)[0]]), [KOR, JPN]
            )

    def test_of_a_log_gives_what_was_done(self) -> None:
        """
        An entry of a log, under its office's checkpoint.
        """
        found = verify_proof(log_proof(), [KOR])
        assert found.entry == LogEntry(kind=LogKind.RELEASED, hash=bytes([5]) * 32, time=5)
        for changes in ({"index": 6}, {"hashes": ()}, {"extra": b"{}"}):
            with pytest.raises(ProofError):
                verify_proof(log_proof(**changes), [KOR])
        with pytest.raises(ProofError, match="brought no view"):
            verify_proof(log_proof(), [KOR], payload=PAYLOAD)

    def test_an_entry_of_a_stream_is_none_of_a_log(self) -> None:
        """
        What an entry is follows from where it stands.
        """
        header = header_of(1, EntryKind.VIEW, PAYLOAD)
        note = checkpoint(2, origin=LOG, root_of=root([LEAVES[0], header.leaf]))
        data = write_proof(Proof(index=1, hashes=(LEAVES[0],), note=note, extra=encode(header)))
        with pytest.raises(MalformedError):
            verify_proof(data, [KOR])

    def test_refuses_any_altered_byte(self) -> None:
        """
        A hundred altered files, of the proof and of the payload: each refused by an error of ours.
        """
        dice = random.Random(5)
        for place in [*range(0, 300, 7), *dice.sample(range(300, len(PROOF)), 60)]:
            altered = bytearray(PROOF)
            altered[place] ^= 1 << dice.randrange(8)
            with pytest.raises(LegationError):
                verify_proof(bytes(altered), [KOR, JPN])
        for place in dice.sample(range(len(PAYLOAD)), 40):
            altered = bytearray(PAYLOAD)
            altered[place] ^= 1 << dice.randrange(8)
            with pytest.raises(ProofError, match="not the one that the entry brought"):
                verify_proof(PROOF, [KOR, JPN], payload=bytes(altered))


def brought(leaves: list[Hash], index: int, entry: bytes, hashes: list[Hash] | None = None) -> bytes:
    """A proof with a receipt over these leaves, honestly signed by both offices."""
    found = inclusion_proof(leaves, index) if hashes is None else hashes
    note = receipt(len(leaves), root_of=root(leaves))
    return write_proof(Proof(index=index, hashes=tuple(found), note=note, extra=entry))


class TestAttachments:
    @pytest.mark.parametrize("data", [b"", b"x", b"a" * (1 << 20), b"a" * ((1 << 20) + 4)])
    def test_the_very_bytes_pass(self, data: bytes) -> None:
        """
        In pieces of any size.
        """
        verify_attachment(given.attachment(data), [data[:5], b"", data[5:]])
        for other in (data + b"x", data[:-1] + b"y"):
            with pytest.raises(ProofError):
                verify_attachment(given.attachment(data), [other])

    def test_no_more_is_read_than_the_portion_says(self) -> None:
        """
        What never ends is refused, with the first byte that is too many.
        """

        def endless() -> Any:
            yield from [b"x" * 1000] * 6
            pytest.fail("more is read than is needed to refuse it")

        with pytest.raises(ProofError, match="longer"):
            verify_attachment(given.attachment(b"x" * 5000), endless())


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PROOF, Kind.PROOF),
        (RECEIPT, Kind.NOTE),
        (CHECKPOINT, Kind.NOTE),
        (PAYLOAD, Kind.PAYLOAD),
        (VIEW, Kind.VIEW),
        (given.withdrawal(VIEW), Kind.WITHDRAWAL),
        (given.destruction(VIEW), Kind.DESTRUCTION),
        (given.growth(9, 39), Kind.GROWTH),
        (b"", Kind.VIEW),
        (b"\x00", Kind.VIEW),
    ],
)
def test_a_file_is_recognised_by_its_first_bytes(data: bytes, kind: Kind) -> None:
    """
    Whatever is not recognised is held to be a view, and refused as one.
    """
    assert recognise(data) is kind


def test_the_longest_slip_is_recognised() -> None:
    """
    A payload begins with two zeros, however much its slip says.
    """
    slip = Slip(addressee="JPN@NATO", attention="\U0001f54a" * 1000)
    assert recognise(write_view(slip, b"{}")) is Kind.PAYLOAD


def test_reading_a_proof_that_is_not_ours_says_what_is_missing() -> None:
    """
    A proof of others holds no entry; it verifies by their own rules, and not here.
    """
    whole = read_proof(PROOF)
    data = write_proof(Proof(index=whole.index, hashes=whole.hashes, note=whole.note))
    with pytest.raises(MalformedError, match="does not hold the entry"):
        verify_proof(data, [KOR, JPN])
    assert inspect(VIEW).data == VIEW
