# SPDX-License-Identifier: Apache-2.0

import json
import math
import tracemalloc
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.encoding import encode
from legation.errors import (
    LegationError,
    LocalProtocolError,
    MalformedError,
    ProofError,
    SealError,
    SignatureError,
)
from legation.exchange import (
    ANSWER_SIZE_BYTES_MAX,
    PULL_SIZE_BYTES_MAX,
    Answer,
    Carried,
    EntryKind,
    Envelope,
    Pull,
    binding_of,
    write_cards,
    write_envelope,
)
from legation.exchange.entry import PAYLOAD_SIZE_BYTES_MAX, EntryHeader
from legation.exchange.envelope import (
    BATCH_SIZE_BYTES,
    FRONT_SIZE_BYTES_MAX,
    HEAD_SIZE_BYTES,
    OPENERS_MAX,
    Front,
    envelope_size,
)
from legation.exchange.letter import ENTRIES_MAX, LETTER_SIZE_BYTES_MAX
from legation.exchange.parts import CARDS_SIZE_BYTES_MAX
from legation.item.shape import VIEW_SIZE_BYTES_MAX
from legation.keys.seal import HPKESealer, Opener, TwinOpener, TwinSealer, padded_size
from legation.keys.sign import PublicKey
from tests.exchange import made, properties
from tests.exchange.made import (
    ANSWER_KEY,
    RECEIVER,
    SECRET,
    SENDER,
    START,
    STRANGER,
    a_view,
    answer,
    answered,
    by_hand,
    opened,
    pull,
    seal_opener,
    signers,
    small_chunks,
    written,
)
from tests.exchange.properties import refused
from tests.keys.office import canonical, opener, seed

ONE_CHUNK = HEAD_SIZE_BYTES + 65_536 + 16


def carrying(*views: bytes) -> tuple[Answer, list[bytes]]:
    """
    An answer that carries these views, and the payloads.
    """
    found = answered([START, *map(a_view, views)])
    return found.letter, list(found.payloads)


def front_of(letter: Answer) -> bytes:
    """
    Bytes as long as the front of an answer.
    """
    return encode(
        Front(sender=letter.sender, receiver=letter.receiver, purpose="answer", signature=bytes(64))
    )


def cut_up(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """
    The same bytes in pieces of these sizes, over and over.
    """
    start, turn = 0, 0
    while start < len(data):
        size = sizes[turn % len(sizes)]
        yield data[start : start + size]
        start, turn = start + size, turn + 1


def is_refused(data: bytes, shape: type[Pull] | type[Answer] = Answer) -> bool:
    """
    Whether bytes are refused with an error that is documented.
    """
    try:
        opened([data], shape)
    except (SealError, SignatureError, ProofError, MalformedError):
        return True
    return False


class TestRoundTrip:
    @settings(deadline=None, max_examples=60)
    @given(
        sizes=st.lists(st.integers(1, 3000), max_size=8),
        cuts=st.lists(st.integers(1, 5000), min_size=1, max_size=5),
        chunk=st.integers(400, 2000),
    )
    def test_reads_as_it_was_written_however_it_is_cut(
        self, sizes: list[int], cuts: list[int], chunk: int
    ) -> None:
        """
        Letter and payloads come out as they went in, whatever the pieces are.
        """
        letter, payloads = carrying(*(bytes([size % 256]) * size for size in sizes))
        with small_chunks(chunk):
            data = b"".join(written(letter, payloads))
            found = opened(cut_up(data, cuts), Answer)
        assert (found.letter, found.payloads, found.binding) == (letter, tuple(payloads), binding_of(letter))

    def test_true_sealing_reads_as_it_was_written(self) -> None:
        """
        With HPKE too, and for a pull that is sealed to a card's key.
        """
        letter = pull(wait_s=5)
        pieces = written(letter, sealer=HPKESealer())
        assert opened(pieces, Pull, openers=[seal_opener(SENDER)]).letter == letter
        told, payloads = carrying(b"one", b"two")
        pieces = written(told, payloads, sealer=HPKESealer())
        assert opened(pieces, Answer, openers=[ANSWER_KEY]).payloads == tuple(payloads)

    def test_largest_view_goes_through(self) -> None:
        """
        An answer that carries the largest payload there may be is written, and read within its limit.
        """
        size_bytes = VIEW_SIZE_BYTES_MAX
        letter, payloads = carrying(bytes(size_bytes))
        tracemalloc.start()
        found = opened(iter(write_to_answer(letter, payloads)), Answer)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found.payloads == tuple(payloads)
        # What is read, once, and while it is put together a second time; what is written hardly counts.
        assert peak < 2 * size_bytes + (1 << 20)

    def test_two_writers_write_the_same(self) -> None:
        """
        The envelope of the specification, put together by hand, is the one that is written.
        """
        told, payload = properties.one_view()
        letter = opened([by_hand(told, payload)], Answer).letter
        assert b"".join(written(letter, [payload])) == by_hand(told, payload)


def write_to_answer(letter: Answer, payloads: list[bytes]) -> Iterator[bytes]:
    """
    Write an answer to the answer key, piece by piece.
    """
    return write_envelope(
        letter,
        payloads,
        signer=signers(SENDER).ed25519,
        to=ANSWER_KEY.public_key,
        secret=SECRET,
        sealer=TwinSealer(),
    )


class TestWriting:
    def test_first_piece_is_the_head_and_then_comes_a_piece_for_each_chunk(self) -> None:
        """
        The pieces are what a caller can look between.
        """
        letter, payloads = carrying(bytes(150_000))
        head, *chunks = written(letter, payloads)
        assert len(head) == HEAD_SIZE_BYTES
        assert head.startswith(b"legation/envelope/v1\n" + binding_of(letter))
        assert [len(chunk) for chunk in chunks[:-1]] == [65_552] * (len(chunks) - 1)
        assert sum(map(len, chunks)) == padded_size(
            2 + len(front_of(letter)) + 4 + len(encode(letter)) + sum(map(len, payloads))
        ) + 16 * len(chunks)

    def test_payloads_are_taken_when_a_chunk_needs_them(self) -> None:
        """
        Who stops between two pieces has handed nothing over that was to come later.
        """
        letter, payloads = carrying(*(bytes([number]) * 65_536 for number in range(4)))
        taken: list[int] = []

        def watched() -> Iterator[bytes]:
            for number, payload in enumerate(payloads):
                taken.append(number)
                yield payload

        pieces = write_envelope(
            letter,
            watched(),
            signer=signers(SENDER).ed25519,
            to=ANSWER_KEY.public_key,
            secret=SECRET,
            sealer=TwinSealer(),
        )
        assert taken == []
        next(pieces)
        assert taken == []
        for number in range(1, 5):
            next(pieces)
            assert taken == list(range(number + 1))

    def test_a_beginning_opens_to_nothing(self) -> None:
        """
        What was sent before the sender stopped is worth nothing.
        """
        letter, payloads = carrying(*(bytes([number]) * 65_536 for number in range(3)))
        pieces = written(letter, payloads)
        for count in range(len(pieces)):
            with pytest.raises((SealError, MalformedError)):
                opened(pieces[:count], Answer)

    def test_refuses_payloads_that_are_not_those_of_the_letter(self) -> None:
        """
        A missing, superfluous, altered or exchanged payload is our own mistake, and not sent.
        """
        letter, payloads = carrying(b"one", b"two")
        start, one, two = payloads
        for wrong in (
            [start, one],
            [start, one, two, two],
            [start, two, one],
            [start, one, b"x" + two[1:]],
            [],
        ):
            with pytest.raises(LocalProtocolError):
                written(letter, wrong)
        with pytest.raises(LocalProtocolError, match="more payloads"):
            written(pull(), [b"x"])

    def test_refuses_what_nobody_would_read(self) -> None:
        """
        An answer beyond the limit is refused before anything of it is written.
        """
        header = EntryHeader(
            number=1, kind=EntryKind.VIEW, payload_hash=bytes(32), payload_size_bytes=PAYLOAD_SIZE_BYTES_MAX
        )
        other = EntryHeader(
            number=2, kind=EntryKind.VIEW, payload_hash=bytes(32), payload_size_bytes=PAYLOAD_SIZE_BYTES_MAX
        )
        letter = answer(start=1, entries=(Carried(header=header), Carried(header=other)), checkpoint=b"x")
        with pytest.raises(LocalProtocolError, match="would not be read"):
            next(write_to_answer(letter, []))

    def test_signing_with_another_algorithm_is_a_mistake(self) -> None:
        """
        An envelope is signed with the Ed25519 key.
        """
        with pytest.raises(AssertionError):
            written(pull(), signer=signers(RECEIVER).mldsa44)


class TestWhoMayRead:
    def test_refuses_to_open_with_another_key(self) -> None:
        """
        What is sealed to one key opens with no other, also if it is carried to somebody else.
        """
        pieces = written(pull(), sealer=HPKESealer())
        for other in (seal_opener(STRANGER), ANSWER_KEY):
            with pytest.raises(SealError):
                opened(pieces, Pull, openers=[other])
        with pytest.raises(SealError):
            opened(pieces, Pull, openers=[])

    def test_opens_with_a_key_that_was_replaced(self) -> None:
        """
        An envelope that was on its way when the key changed still opens, and no more keys are tried.
        """
        pieces = written(pull())
        ours = TwinOpener(seal_opener(SENDER).public_key)
        others: list[Opener] = [TwinOpener(opener(f"{n}").public_key) for n in range(OPENERS_MAX)]
        assert opened(pieces, Pull, openers=[*others[1:], ours]).letter == pull()
        with pytest.raises(SealError):
            opened(pieces, Pull, openers=[*others, ours])

    def test_refuses_what_was_signed_for_another_receiver(self) -> None:
        """
        A receiver who seals what it got to somebody else speaks for nobody.
        """
        told, payload = properties.one_view()
        assert opened([by_hand(told, payload)], Answer).letter.receiver == RECEIVER
        with pytest.raises(SignatureError, match="another receiver"):
            opened([by_hand(told, payload)], Answer, receiver=STRANGER)

    def test_refuses_what_was_signed_for_another_purpose(self) -> None:
        """
        A pull is not read where an answer is expected, nor with a front that says it is one.
        """
        pulled = written(pull(), to=ANSWER_KEY.public_key)
        with pytest.raises(SignatureError, match="another purpose"):
            opened(pulled, Answer, receiver=SENDER)
        told = encode(pull(sender=SENDER, receiver=RECEIVER))
        with pytest.raises(SignatureError, match="another purpose"):
            opened([by_hand(told, front={"purpose": "pull"})], Answer)
        with pytest.raises(MalformedError):
            opened([by_hand(told)], Answer)

    def test_refuses_a_sender_that_is_not_known(self) -> None:
        """
        Whoever is no peer is told so before the letter is looked at.
        """
        letter = answer(sender=STRANGER)
        with pytest.raises(SignatureError, match="`AUS@NATO` is not known"):
            opened(written(letter), Answer)

    def test_refuses_anothers_signature(self) -> None:
        """
        A signature of another office, or of another key of the same, is none.
        """
        properties.anothers_signature_is_refused()

    def test_cards_before_the_letter_introduce_the_key(self) -> None:
        """
        Whoever looks at them goes by the key that they lead to; whoever does not, by the one that is known.
        """
        properties.only_the_introduced_key_signs()

    def test_cards_count_for_the_length(self) -> None:
        """
        The padding is what it is with them, and an envelope with as many as there may be is read.
        """
        cards = write_cards([b"a" * (CARDS_SIZE_BYTES_MAX - 4)])
        pieces = b"".join(written(answer(), cards=cards))
        assert len(pieces) > len(cards) + HEAD_SIZE_BYTES
        bare = b"".join(written(answer(), cards=write_cards([b"a"])))
        assert len(bare) == ONE_CHUNK
        assert opened([pieces], Answer).cards == cards

    def test_refuses_a_letter_in_anothers_name(self) -> None:
        """
        The letter names the offices that the front names.
        """
        properties.anothers_letter_is_refused()

    @pytest.mark.parametrize(
        "front",
        [
            {"purpose": "parcel"},
            {"purpose": "Answer"},
            {"receiver": SENDER},
            {"sender": "nobody"},
            {"signature": ""},
            {"signature": made.b64(bytes(63))},
            {"more": 1},
            {"length": 0},
            {"length": FRONT_SIZE_BYTES_MAX + 1},
            {"length": 65_535},
        ],
    )
    def test_refuses_a_front_that_is_none(self, front: dict[str, Any]) -> None:
        """
        A front is short, has four fields, and names two offices and a purpose.
        """
        told, payload = properties.one_view()
        with pytest.raises(MalformedError):
            opened([by_hand(told, payload, front=front)], Answer)

    def test_the_longest_front_fits(self) -> None:
        """
        No front that can be made is too long to be read.
        """
        longest = "A" * 16
        front = Front(
            sender=f"{longest}@{'B' * 16}",
            receiver=f"{longest}@{'C' * 16}",
            purpose="answer",
            signature=bytes(64),
        )
        assert len(encode(front)) < FRONT_SIZE_BYTES_MAX


class TestWhatItSays:
    def test_refuses_another_payload(self) -> None:
        """
        A payload is the one whose hash was signed.
        """
        properties.another_payload_is_refused()

    def test_refuses_another_letter(self) -> None:
        """
        A letter is the one whose binding was signed and sealed under.
        """
        properties.another_letter_is_refused()

    def test_refuses_payloads_in_another_order(self) -> None:
        """
        Payloads stand in the order of their entries.
        """
        letter, payloads = carrying(b"one", b"two")
        assert opened([by_hand(encode(letter), b"".join(payloads))], Answer).payloads == tuple(payloads)
        with pytest.raises(ProofError):
            opened([by_hand(encode(letter), b"".join(payloads[::-1]))], Answer)

    def test_refuses_a_padding_that_is_not_zeros_to_the_end(self) -> None:
        """
        Nothing stands behind the payloads but the padding.
        """
        properties.padding_is_zeros_to_the_end()

    def test_refuses_lengths_beyond_what_there_is(self) -> None:
        """
        A letter or payload that is longer than the content is refused.
        """
        told, payload = properties.one_view()
        with pytest.raises(MalformedError):
            opened([by_hand(told + bytes(LETTER_SIZE_BYTES_MAX), padding=b"")], Answer)
        with pytest.raises(MalformedError, match="early"):
            opened([by_hand(told, padding=b"")], Answer)
        with pytest.raises(MalformedError, match="early"):
            opened([by_hand(told, payload[:-1], padding=b"")], Answer)

    def test_mutated_letters_are_refused_with_errors_that_are_documented(self) -> None:
        """
        Two thousand letters, altered and signed as they are: each is read, or refused as malformed.
        """
        letter, payloads = carrying(b"one", b"two")
        whole = json.loads(encode(letter))
        body, dice, outcomes = b"".join(payloads), Random(2022), set[str]()
        for _ in range(2000):
            told = mutated(whole, encode(letter), dice)
            try:
                found = opened([by_hand(told, body)], Answer)
                properties.accepted(found)
                outcomes.add("accepted")
            except LegationError as error:
                outcomes.add(type(error).__name__)
        # A field exchanged for another that is right in itself: another nonce, another incarnation.
        assert {"MalformedError", "ProofError", "accepted"} <= outcomes
        assert outcomes <= {
            "MalformedError",
            "ProofError",
            "RemoteProtocolError",
            "SignatureError",
            "VerificationError",
            "accepted",
        }

    def test_altered_letters_that_are_not_signed_never_get_so_far(self) -> None:
        """
        Without the sender's signature no letter is parsed.
        """
        told, payload = properties.one_view()
        dice = Random(7)
        for _ in range(200):
            data = bytearray(told)
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            binding = seed("what was signed")
            with pytest.raises(ProofError):
                opened([by_hand(bytes(data), payload, binding=binding)], Answer)


ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    2,
    2**53,
    1.5,
    "",
    "A",
    "AUS@NATO",
    "é",
    [],
    {},
    ["x"],
    [[]],
    {"x": 1},
]


def mutated(whole: Any, told: bytes, dice: Random) -> bytes:
    """
    A letter with a value exchanged, left out, added or repeated, or with bytes altered.
    """
    way = dice.randrange(4)
    if way == 0:
        data = bytearray(told)
        for _ in range(dice.randint(1, 3)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        return bytes(data)
    if way == 1:
        start = dice.randrange(len(told))
        return told[:start] + told[start + dice.randint(1, 40) :] + b"}" * dice.randrange(2)
    copy = json.loads(json.dumps(whole))
    place, key = dice.choice(list(places(copy)))
    if way == 2:
        place[key] = dice.choice(ODD)
    elif isinstance(place, dict) and dice.random() < 0.5:
        place[dice.choice(["x", "size", "wait_s", "challenge"])] = dice.choice(ODD)
    else:
        del place[key]
    return canonical(copy)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """
    Every place in a value that can be set.
    """
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield value, key
        yield from places(member)


@cache
def short() -> bytes:
    """
    An envelope of several small chunks, truly sealed; to be read with small chunks.
    """
    with small_chunks():
        letter, payloads = carrying(b"a" * 300)
        return b"".join(written(letter, payloads, sealer=HPKESealer()))


class TestEveryByte:
    def test_refuses_a_change_at_any_byte(self) -> None:
        """
        No byte of an envelope is without meaning.
        """
        data = short()
        with small_chunks():
            assert not is_refused(data)
            for place in range(len(data)):
                changed = bytearray(data)
                changed[place] ^= 1 << place % 8
                assert is_refused(bytes(changed)), place

    def test_refuses_every_truncation(self) -> None:
        """
        Cut anywhere, an envelope is refused.
        """
        data = short()
        with small_chunks():
            for size in range(len(data)):
                assert is_refused(data[:size]), size

    def test_refuses_every_extension(self) -> None:
        """
        A byte more at any place, or a chunk more at the end, is refused.
        """
        data = short()
        with small_chunks():
            for place in range(0, len(data) + 1, 3):
                assert is_refused(data[:place] + b"\0" + data[place:]), place
            for more in (bytes(16), bytes(528), data[-528:], data):
                assert is_refused(data + more)

    def test_refuses_two_envelopes_spliced(self) -> None:
        """
        The beginning of one with the rest of another is no envelope, wherever they are joined.
        """
        data = short()
        with small_chunks():
            letter, payloads = carrying(b"b" * 300)
            other = b"".join(written(letter, payloads, sealer=HPKESealer()))
            assert len(other) == len(data)
            for place in range(1, len(data), 7):
                if data[:place] + other[place:] not in {data, other}:
                    assert is_refused(data[:place] + other[place:]), place

    @settings(deadline=None, max_examples=100)
    @given(data=st.binary(max_size=200) | st.binary(min_size=HEAD_SIZE_BYTES, max_size=HEAD_SIZE_BYTES + 99))
    def test_refuses_any_bytes(self, data: bytes) -> None:
        """
        Whatever the bytes, an error that is documented comes out.
        """
        for start in (b"", b"legation/envelope/v1\n"):
            assert is_refused(start + data)
            assert is_refused(start + data, Pull)


class TestBounds:
    def test_limits_hold_what_they_must(self) -> None:
        """
        A pull is one chunk, whatever it says; the largest view fits into an answer; a batch into less.
        """
        assert sum(map(len, written(pull()))) == ONE_CHUNK < PULL_SIZE_BYTES_MAX
        assert envelope_size(PAYLOAD_SIZE_BYTES_MAX + LETTER_SIZE_BYTES_MAX) <= ANSWER_SIZE_BYTES_MAX
        assert ANSWER_SIZE_BYTES_MAX < PAYLOAD_SIZE_BYTES_MAX * 1.04
        assert envelope_size(BATCH_SIZE_BYTES) < ANSWER_SIZE_BYTES_MAX

    @pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_000_000, BATCH_SIZE_BYTES])
    def test_size_of_an_envelope_is_that_of_its_padding(self, size: int) -> None:
        """
        The size follows from the padded size: a tag for each chunk, and the head.
        """
        chunks = math.ceil(padded_size(size) / 65_536)
        assert envelope_size(size) == 21 + 32 + 1168 + padded_size(size) + 16 * chunks

    def test_reads_no_further_than_the_first_chunk_before_the_signature_holds(self) -> None:
        """
        A stranger's endless stream costs a head, a chunk and the piece behind them.
        """
        told, payload = properties.one_view()
        data = by_hand(told, payload, signer=signers(STRANGER).ed25519, padding=bytes(1 << 20))
        read: list[int] = []

        def pieces() -> Iterator[bytes]:
            for start in range(0, len(data), 1000):
                read.append(start)
                yield data[start : start + 1000]

        with pytest.raises(SignatureError):
            opened(pieces(), Answer)
        assert len(read) * 1000 <= HEAD_SIZE_BYTES + 65_552 + 2000

    @pytest.mark.parametrize("size_bytes", [PAYLOAD_SIZE_BYTES_MAX, 1 << 23])
    def test_huge_declared_sizes_cost_no_memory(self, size_bytes: int) -> None:
        """
        A signed letter that promises gigabytes is refused before a byte is kept for them.
        """
        entries = tuple(
            Carried(
                header=EntryHeader(
                    number=number,
                    kind=EntryKind.VIEW,
                    payload_hash=bytes(32),
                    payload_size_bytes=size_bytes,
                )
            )
            for number in range(1, 1 + ENTRIES_MAX)
        )
        told = encode(answer(start=1, entries=entries, checkpoint=b"x"))
        data = by_hand(told, padding=bytes(1 << 19))
        error, peak = peak_of(lambda: opened([data], Answer))
        assert isinstance(error, MalformedError)
        assert peak < 3 << 20

    def test_a_declared_size_costs_no_memory_before_it_comes(self) -> None:
        """
        Of what was promised and does not come, nothing is held.
        """
        header = EntryHeader(
            number=1, kind=EntryKind.VIEW, payload_hash=bytes(32), payload_size_bytes=PAYLOAD_SIZE_BYTES_MAX
        )
        told = encode(answer(start=1, entries=(Carried(header=header),), checkpoint=b"x"))
        error, peak = peak_of(lambda: opened([by_hand(told)], Answer))
        assert isinstance(error, MalformedError)
        assert peak < 1 << 20

    def test_a_stream_without_end_is_left_at_the_limit(self) -> None:
        """
        A sender that does not stop is not listened to beyond the limit, and not kept.
        """
        letter, payloads = carrying(bytes(1 << 19))
        whole = b"".join(written(letter, payloads))
        read = 0

        def pieces() -> Iterator[bytes]:
            nonlocal read
            for piece in (whole, *[bytes(1 << 16)] * 1000):
                read += len(piece)
                yield piece

        error, peak = peak_of(lambda: opened(pieces(), Answer, size_bytes_max=1 << 21))
        assert isinstance(error, SealError | MalformedError)
        assert read <= (1 << 21) + (1 << 16)
        assert peak < 3 << 20

    def test_a_stream_is_left_at_the_limit_also_before_its_letter_is_whole(self) -> None:
        """
        Where less than a chunk is allowed, less than a chunk is read.
        """
        data, read = by_hand(properties.one_view()[0]), 0

        def pieces() -> Iterator[bytes]:
            nonlocal read
            for start in range(0, len(data), 1000):
                read += 1000
                yield data[start : start + 1000]

        with pytest.raises(MalformedError, match="more than 30000"):
            opened(pieces(), Answer, size_bytes_max=30_000)
        assert read <= 31_000

    @pytest.mark.parametrize("length", [LETTER_SIZE_BYTES_MAX + 1, 1 << 22, 2**32 - 1])
    def test_a_huge_letter_costs_no_memory(self, length: int) -> None:
        """
        A letter that says that it is too long is refused before it is read.
        """
        data = by_hand(b"{}", letter_length=length, padding=bytes(1 << 22))
        pieces = cut_up(data, [1 << 16])
        error, peak = peak_of(lambda: opened(pieces, Answer))
        assert isinstance(error, MalformedError)
        assert peak < 1 << 20
        assert sum(map(len, pieces)) > (1 << 22) - (1 << 18)

    def test_refuses_what_is_longer_than_its_reader_allows(self) -> None:
        """
        The limit is that of the whole envelope, to the byte.
        """
        pieces = written(pull())
        assert opened(pieces, Pull, size_bytes_max=ONE_CHUNK).letter == pull()
        with pytest.raises(MalformedError, match="more than"):
            opened(pieces, Pull, size_bytes_max=ONE_CHUNK - 1)

    def test_refuses_a_letter_that_declares_more_than_its_reader_allows(self) -> None:
        """
        An answer is refused for what it says will come, before that is read.
        """
        letter, payloads = carrying(bytes(1 << 20))
        pieces = iter(written(letter, payloads))
        with pytest.raises(MalformedError, match="more than"):
            opened(pieces, Answer, size_bytes_max=1 << 19)
        assert len(list(pieces)) > 14


def peak_of(act: Callable[[], object]) -> tuple[LegationError | None, int]:
    """
    How an act failed, and how much memory it took at most.
    """
    tracemalloc.start()
    try:
        act()
        error = None
    except LegationError as found:
        error = found
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return error, peak


class TestTwins:
    def test_two_equal_letters_give_equal_bytes(self) -> None:
        """
        With the twin and one secret an envelope follows from what it says.
        """
        one, two = carrying(b"one"), carrying(b"two")
        assert written(*one) == written(*one)
        assert written(*one) != written(*two)
        assert written(pull()) != written(pull(nonce=bytes(16)))

    def test_one_secret_twice_is_another_key(self) -> None:
        """
        A cloned random generator repeats a secret and no key: no chunk of two letters is alike.
        """
        ours, theirs = written(*carrying(b"one")), written(*carrying(b"two"))
        mixed = bytes(left ^ right for left, right in zip(ours[1], theirs[1], strict=True))
        assert mixed.count(0) < 1000

    def test_sizes_depend_on_the_padded_size_alone(self) -> None:
        """
        What pads to the same is as long, in the same pieces, whatever it says.
        """
        found: dict[int, set[tuple[int, ...]]] = {}
        for size in range(500, 90_000, 2_500):
            for views in ([bytes(size)], [b"x" * (size // 20)] * 20):
                letter, payloads = carrying(*views)
                content = 2 + len(front_of(letter)) + 4 + len(encode(letter)) + sum(map(len, payloads))
                pieces = tuple(map(len, written(letter, payloads)))
                found.setdefault(padded_size(content), set()).add(pieces)
        found[65_536].add(tuple(map(len, written(pull()))))
        assert [len(each) for each in found.values()] == [1] * len(found)
        assert 3 < len(found) < 25

    def test_shows_no_name_label_or_content(self) -> None:
        """
        Nothing that an envelope says can be read in its bytes, in any of the usual spellings.
        """
        secret = "CONFIDENTIAL the minister will accept the third of October"
        letter, payloads = carrying(*[secret.encode() * 20] * 5)
        data = b"".join(written(letter, payloads, sealer=HPKESealer()))
        words = [SENDER, RECEIVER, "NATO", "JPN", "minister", "CONFIDENTIAL", "sender", "view", "void"]
        words += ["answer", "pull", "entries", "checkpoint", "stream", "October"]
        hidden = [
            *(word.encode(code) for word in words for code in ("utf-8", "utf-16-le", "utf-16-be")),
            letter.nonce,
            letter.incarnation,
            letter.pull,
            SECRET,
            *(header.payload_hash for header in letter.headers),
        ]
        rest = data.removeprefix(b"legation/envelope/v1\n")
        assert [each for each in hidden if len(each) > 3 and each in rest] == []

    def test_twin_and_true_envelopes_do_not_mix(self) -> None:
        """
        What anyone can open, no node takes.
        """
        with pytest.raises(SealError):
            opened(written(pull()), Pull, openers=[seal_opener(SENDER)])


class TestKeyOf:
    def test_asks_once_for_an_office_and_for_nothing_else(self) -> None:
        """
        Who the sender is is looked up once, by a name that is one.
        """
        asked: list[str] = []

        def key_of(office: str) -> PublicKey | None:
            asked.append(office)
            return made.key_of(office)

        found: Envelope[Pull] = opened(written(pull()), Pull, key_of=key_of)
        assert found.letter.sender == RECEIVER
        assert asked == [RECEIVER]
        told, payload = properties.one_view()
        refused(
            lambda: opened([by_hand(told, payload, front={"sender": "x'; --"})], Answer, key_of=key_of),
            MalformedError,
        )
        assert asked == [RECEIVER]
