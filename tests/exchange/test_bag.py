# SPDX-License-Identifier: Apache-2.0

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from legation.encoding import INTEGER_MAX, encode
from legation.errors import (
    LocalProtocolError,
    MalformedError,
    ProofError,
    SealError,
    SignatureError,
)
from legation.exchange import Answer, Bag, Carried, Enclosed, Pull, envelope_size
from legation.exchange.bag import BAG_LETTER_SIZE_BYTES_MAX, ENCLOSED_MAX
from legation.exchange.entry import PAYLOAD_SIZE_BYTES_MAX
from legation.exchange.envelope import BAG_SIZE_BYTES_MAX, HEAD_SIZE_BYTES
from legation.item.portion import ATTACHMENT_SIZE_BYTES_MAX
from legation.keys.seal import TwinOpener
from tests.exchange.bagged import bag, bag_of, bag_written, enclosed, opened_bag
from tests.exchange.made import (
    RECEIVER,
    SENDER,
    START,
    STRANGER,
    a_view,
    answer,
    by_hand,
    opened,
    position,
    pull,
    seal_opener,
    signers,
    small_chunks,
    written,
)

STREAM = [START, a_view(), a_view(b"another")]
FILE = bytes(range(256)) * 300


def whole(data: bytes = FILE) -> tuple[Bag, list[bytes], list[list[bytes]]]:
    """
    A bag with a file attached to its first view.
    """
    letter, payloads = bag_of(STREAM, enclosed=(enclosed(1, data),), receipt=b"x", position=position(STREAM))
    return letter, payloads, [[data]]


class TestShape:
    def test_a_bag_is_read_as_it_was_written(self) -> None:
        """
        Letter, payloads and attachments come out as they went in.
        """
        letter, payloads, files = whole()
        came: list[tuple[Enclosed, bytes]] = []
        found = opened_bag(
            bag_written(letter, payloads, files),
            take=lambda each, pieces: came.append((each, b"".join(pieces))),
        )
        assert found.letter == letter
        assert list(found.payloads) == payloads
        assert came == [(letter.enclosed[0], FILE)]

    def test_a_bag_without_entries_brings_a_receipt(self) -> None:
        """
        Nothing is new, and the receipt rides back all the same.
        """
        assert opened_bag(bag_written(bag(receipt=b"a receipt"))).letter.receipt == b"a receipt"

    def test_a_bag_is_as_long_as_its_letter_says(self) -> None:
        """
        Its length follows from what it declares, and from nothing else.
        """
        letter, payloads, files = whole()
        written_ = b"".join(bag_written(letter, payloads, files))
        assert opened_bag([written_], size_bytes=len(written_)).letter == letter
        for other in (len(written_) - 1, len(written_) + 1, 1, 1 << 50):
            with pytest.raises(MalformedError, match="cut short or grew"):
                opened_bag([written_], size_bytes=other)

    @pytest.mark.parametrize(
        "changes",
        [
            {"number": 0},
            {"number": INTEGER_MAX + 1},
            {"nonce": b"short"},
            {"incarnation": bytes(15)},
            {"receiver": SENDER},
            {"sender": "nobody at all"},
            {"protocol": 0},
            {"protocol": 65_536},
            {"start": -1},
            {"checkpoint": b"without entries"},
            {"receipt": b""},
            {"enclosed": (enclosed(1, b"of no view"),)},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_what_cannot_be_is_refused(self, changes: dict[str, Any]) -> None:
        """
        No bag can exist wrong.
        """
        with pytest.raises(MalformedError):
            bag(**changes)

    def test_entries_without_a_checkpoint_are_refused(self) -> None:
        """
        Nobody signed them.
        """
        with pytest.raises(MalformedError, match="no checkpoint"):
            bag_of(STREAM, checkpoint=None)

    def test_payloads_that_are_longer_than_the_longest_alone_are_refused(self) -> None:
        """
        All of them are held in memory at once, whatever a peer declares.
        """
        letter, _ = bag_of(STREAM)
        start, *views = letter.entries
        assert isinstance(start, Carried)
        for number, size in ((1, PAYLOAD_SIZE_BYTES_MAX - 2), (2, PAYLOAD_SIZE_BYTES_MAX // 2 - 1)):
            longer = tuple(
                Carried(header=replace(each.header, payload_size_bytes=size))
                for each in views[:number]
                if isinstance(each, Carried)
            )
            assert bag(entries=(start, *longer), checkpoint=b"x").end == number + 1
            more = replace(longer[0].header, payload_size_bytes=size + 1)
            with pytest.raises(MalformedError, match="payloads of a bag"):
                bag(entries=(start, Carried(header=more), *longer[1:]), checkpoint=b"x")

    def test_attachments_out_of_order_or_twice_are_refused(self) -> None:
        """
        One bag has one form.
        """
        first, second = enclosed(1, b"a"), enclosed(2, b"b")
        bag_of(STREAM, enclosed=(first, second))
        for wrong in ((second, first), (first, first)):
            with pytest.raises(MalformedError, match="not in its order"):
                bag_of(STREAM, enclosed=wrong)

    def test_an_attachment_of_what_is_taken_back_or_no_view_is_refused(self) -> None:
        """
        Its entry is not in the bag as a view: nobody may have it.
        """
        with pytest.raises(MalformedError, match="no view"):
            bag_of(STREAM, taken_back=[1], enclosed=(enclosed(1, b"a"),))
        with pytest.raises(MalformedError, match="1"):
            enclosed(0, b"a")

    def test_sizes_and_counts_have_a_limit(self) -> None:
        """
        Whatever is declared, it is compared before anything is given for it.
        """
        root = enclosed(1, b"").root
        Enclosed(number=1, root=root, size=ATTACHMENT_SIZE_BYTES_MAX)
        for size in (-1, ATTACHMENT_SIZE_BYTES_MAX + 1):
            with pytest.raises(MalformedError, match="size of an attachment"):
                Enclosed(number=1, root=root, size=size)
        many = tuple(Enclosed(number=1, root=root, size=size) for size in range(ENCLOSED_MAX + 1))
        letter, _ = bag_of(STREAM, enclosed=many[:-1])
        assert len(encode(letter)) < BAG_LETTER_SIZE_BYTES_MAX
        with pytest.raises(MalformedError, match="attachments are enclosed, expected at most"):
            bag_of(STREAM, enclosed=many)


class TestRefused:
    def test_another_purpose_is_refused(self) -> None:
        """
        Neither is an answer or a pull a bag, nor a bag an answer.
        """
        ours = seal_opener(RECEIVER).public_key
        with pytest.raises(SignatureError, match="another purpose"):
            opened_bag(written(answer(), to=ours))
        asked = pull(sender=SENDER, receiver=RECEIVER)
        with pytest.raises(SignatureError, match="another purpose"):
            opened_bag(written(asked, to=ours))
        for shape in (Answer, Pull):
            with pytest.raises(SignatureError, match="another purpose"):
                opened(
                    bag_written(bag()),
                    shape,
                    openers=[TwinOpener(seal_opener(RECEIVER).public_key)],
                    receiver=RECEIVER,
                )

    def test_another_receiver_is_refused(self) -> None:
        """
        It does not open; and if it does, it is signed for somebody else.
        """
        with pytest.raises(SealError):
            opened_bag(bag_written(bag(), to=seal_opener(STRANGER).public_key))
        with pytest.raises(SignatureError, match="another receiver"):
            opened_bag(bag_written(bag(receiver=STRANGER)))

    def test_another_signer_is_refused(self) -> None:
        """
        Whoever sealed it did not have the sender's key.
        """
        with pytest.raises(SignatureError):
            opened_bag(bag_written(bag(), signer=signers(STRANGER).ed25519))
        with pytest.raises(SignatureError, match="not known"):
            opened_bag(bag_written(bag(sender=STRANGER), signer=signers(STRANGER).ed25519))

    def test_another_file_than_is_named_is_refused_at_its_end(self) -> None:
        """
        A sender of another program encloses other bytes of the same length.
        """
        letter, payloads, _ = whole()
        body = b"".join(payloads) + FILE[::-1]
        front = {"purpose": "bag"}
        data = by_hand(encode(letter), body, front=front, to=seal_opener(RECEIVER))
        with pytest.raises(ProofError, match="an attachment of entry 1"):
            opened_bag([data])
        body = b"".join(payloads) + FILE
        good = by_hand(encode(letter), body, front=front, to=seal_opener(RECEIVER))
        assert opened_bag([good]).letter == letter

    def test_whoever_takes_too_little_does_not_let_it_pass_unseen(self) -> None:
        """
        The hash is over all of it, whether anybody looked or not.
        """
        letter, payloads, _ = whole()
        data = by_hand(
            encode(letter),
            b"".join(payloads) + FILE[:-1] + b"x",
            front={"purpose": "bag"},
            to=seal_opener(RECEIVER),
        )
        with pytest.raises(ProofError):
            opened_bag([data], take=lambda _, pieces: next(pieces) and None)

    @pytest.mark.parametrize(
        "given", [[], [[FILE[:-1]]], [[FILE, b"x"]], [[FILE[::-1]]], [[FILE], [b"more"]]]
    )
    def test_a_writer_with_the_wrong_files_writes_no_whole_bag(self, given: list[list[bytes]]) -> None:
        """
        Too few, too short, too long, another, or too many.
        """
        letter, payloads, _ = whole()
        with pytest.raises(LocalProtocolError):
            bag_written(letter, payloads, given)

    @given(st.data())
    def test_whatever_is_altered_is_refused(self, data: st.DataObject) -> None:
        """
        Bits turned, bytes cut off, chunks exchanged or repeated: nothing comes out.
        """
        with small_chunks(64):
            letter, payloads, files = whole(b"a file" * 40)
            good = b"".join(bag_written(letter, payloads, files))
            altered = _altered(good, data)
            if altered == good:
                return
            with pytest.raises((SealError, MalformedError, SignatureError, ProofError)):
                opened_bag([altered], size_bytes=len(altered))

    def test_huge_sizes_are_refused_before_they_are_read(self) -> None:
        """
        A letter that declares terabytes costs what has come, and not what it says.
        """
        root = enclosed(1, b"").root
        many = tuple(
            Enclosed(number=1, root=root, size=ATTACHMENT_SIZE_BYTES_MAX - each)
            for each in reversed(range(60))
        )
        letter, payloads = bag_of(STREAM, enclosed=tuple(sorted(many, key=lambda each: each.order)))
        assert envelope_size(60 * ATTACHMENT_SIZE_BYTES_MAX - 2000) > BAG_SIZE_BYTES_MAX
        with pytest.raises(LocalProtocolError, match="would not be read"):
            bag_written(letter, payloads)
        data = by_hand(encode(letter), b"".join(payloads), front={"purpose": "bag"}, to=seal_opener(RECEIVER))
        with pytest.raises(MalformedError, match="more than"):
            opened_bag([data])


class TestCarried:
    def test_what_carries_it_sees_no_byte_of_it(self) -> None:
        """
        Neither names nor content, in any spelling.
        """
        letter, payloads, _ = whole()
        data = b"".join(bag_written(letter, payloads, [[FILE]]))
        for secret in (SENDER.encode(), RECEIVER.encode(), b"header", b"bag", b"checkpoint", FILE[:16]):
            for spelled in (
                secret,
                b64encode(secret),
                secret.hex().encode(),
                secret.decode("latin-1").encode("utf-16-le"),
            ):
                assert spelled not in data

    def test_lengths_are_padded(self) -> None:
        """
        Files of many lengths make bags of few.
        """
        sizes = {
            sum(map(len, bag_written(*_with(FILE * 4, size), [[(FILE * 4)[:size]]])))
            for size in range(100_000, 106_000, 500)
        }
        assert len(sizes) <= 4
        assert min(sizes) > HEAD_SIZE_BYTES + 100_000


def _with(data: bytes, size: int) -> tuple[Bag, list[bytes]]:
    return bag_of(STREAM, enclosed=(enclosed(1, data[:size]),))


def _altered(good: bytes, data: st.DataObject) -> bytes:
    sealed, size = good[HEAD_SIZE_BYTES:], 64 + 16
    chunks = [sealed[at : at + size] for at in range(0, len(sealed), size)]
    way = data.draw(st.sampled_from(["bit", "cut", "exchange", "repeat", "append"]))
    place = data.draw(st.integers(0, len(good) - 1))
    if way == "bit":
        return good[:place] + bytes([good[place] ^ 1 << data.draw(st.integers(0, 7))]) + good[place + 1 :]
    if way == "cut":
        return good[:place]
    if way == "append":
        return good + data.draw(st.binary(min_size=1, max_size=99))
    first, second = (data.draw(st.integers(0, len(chunks) - 1)) for _ in range(2))
    if way == "exchange":
        chunks[first], chunks[second] = chunks[second], chunks[first]
    else:
        chunks.insert(first, chunks[second])
    return good[:HEAD_SIZE_BYTES] + b"".join(chunks)
