# SPDX-License-Identifier: Apache-2.0

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.encoding import INTEGER_MAX, Codec, encode
from legation.errors import MalformedError
from legation.exchange import Answer, Carried, EntryKind, Letter, Position, Pull, TakenBack, binding_of
from legation.exchange.entry import PAYLOAD_SIZE_BYTES_MAX, EntryHeader
from legation.exchange.letter import EMPTY_ROOT, ENTRIES_MAX, LETTER_SIZE_BYTES_MAX, WAIT_S_MAX
from legation.log.checkpoint import CHECKPOINT_SIZE_BYTES_MAX, RECEIPT_SIZE_BYTES_MAX
from tests.exchange.made import INCARNATION, a_view, answer, answered, headers, pull
from tests.exchange.made import START as START_ENTRY
from tests.keys.office import seed

PULL = Codec(Pull, size_bytes_max=LETTER_SIZE_BYTES_MAX, what="pull")
ANSWER = Codec(Answer, size_bytes_max=LETTER_SIZE_BYTES_MAX, what="answer")

ids = st.binary(min_size=16, max_size=16)
hashes = st.binary(min_size=32, max_size=32)
offices = st.lists(st.sampled_from(["KOR", "JPN", "KOR@NATO", "AUS@NATO", "AP4"]), min_size=2, unique=True)
positions = st.builds(Position, incarnation=ids, size=st.integers(1, INTEGER_MAX), root=hashes) | st.builds(
    Position, incarnation=ids, size=st.just(0), root=st.just(EMPTY_ROOT)
)
kinds = st.sampled_from([kind for kind in EntryKind if kind is not EntryKind.START])


@st.composite
def pulls(draw: st.DrawFn) -> Pull:
    """
    Any pull.
    """
    sender, receiver, *_ = draw(offices)
    return pull(
        sender=sender,
        receiver=receiver,
        nonce=draw(ids),
        position=draw(st.none() | positions),
        receipt=draw(st.none() | st.binary(min_size=1, max_size=50)),
        challenge=draw(st.none() | ids),
        wait_s=draw(st.integers(0, WAIT_S_MAX)),
    )


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """
    Any answer.
    """
    sender, receiver, *_ = draw(offices)
    start = draw(st.integers(1, INTEGER_MAX - 5))
    entries = tuple(
        TakenBack(number=number, leaf=draw(hashes))
        if draw(st.booleans())
        else Carried(
            header=EntryHeader(
                number=number,
                kind=draw(kinds),
                payload_hash=draw(hashes),
                payload_size_bytes=draw(st.integers(1, PAYLOAD_SIZE_BYTES_MAX)),
            )
        )
        for number in range(start, start + draw(st.integers(0, 4)))
    )
    has_checkpoint = bool(entries) or draw(st.booleans())
    return answer(
        sender=sender,
        receiver=receiver,
        start=start,
        entries=entries,
        checkpoint=draw(st.binary(min_size=1, max_size=50)) if has_checkpoint else None,
        challenge=None if has_checkpoint else draw(st.none() | ids),
    )


class TestForm:
    @settings(deadline=None)
    @given(letter=pulls())
    def test_pull_reads_as_it_was_written(self, letter: Pull) -> None:
        """
        A pull comes out as it went in.
        """
        assert PULL.decode(encode(letter)) == letter

    @settings(deadline=None)
    @given(letter=answers())
    def test_answer_reads_as_it_was_written(self, letter: Answer) -> None:
        """
        An answer comes out as it went in, and its headers are those of what it carries.
        """
        assert ANSWER.decode(encode(letter)) == letter
        assert letter.headers == tuple(each.header for each in letter.entries if isinstance(each, Carried))
        assert letter.end == letter.start + len(letter.entries)

    def test_one_is_not_read_as_the_other(self) -> None:
        """
        A pull is no answer.
        """
        for codec, other in ((PULL, answer()), (ANSWER, pull())):
            with pytest.raises(MalformedError):
                codec.decode(encode(other))

    @pytest.mark.parametrize(
        "changes",
        [
            {"sender": "JPN@NATO", "receiver": "JPN@NATO"},
            {"sender": "jpn"},
            {"receiver": "KOR@"},
            {"nonce": bytes(15)},
            {"nonce": bytes(17)},
            {"protocol": 0},
            {"protocol": 65_536},
            {"receipt": b""},
            {"receipt": bytes(RECEIPT_SIZE_BYTES_MAX + 1)},
            {"challenge": bytes(15)},
            {"challenge": b""},
            {"wait_s": -1},
            {"wait_s": WAIT_S_MAX + 1},
        ],
    )
    def test_refuses_a_pull_that_is_none(self, changes: dict[str, Any]) -> None:
        """
        Each field of a pull has its bounds.
        """
        with pytest.raises(MalformedError):
            pull(**changes)

    @pytest.mark.parametrize(
        "changes",
        [
            {"sender": "JPN@NATO"},
            {"receiver": "nobody"},
            {"nonce": bytes(32)},
            {"pull": bytes(31)},
            {"incarnation": bytes(15)},
            {"start": -1},
            {"start": INTEGER_MAX + 1},
            {"checkpoint": b""},
            {"checkpoint": bytes(CHECKPOINT_SIZE_BYTES_MAX + 1)},
            {"challenge": bytes(17)},
            {"challenge": bytes(16), "checkpoint": b"x"},
        ],
    )
    def test_refuses_an_answer_that_is_none(self, changes: dict[str, Any]) -> None:
        """
        Each field of an answer has its bounds.
        """
        with pytest.raises(MalformedError):
            answer(**changes)

    @pytest.mark.parametrize(
        ("size", "root"), [(0, seed("another root")), (1, bytes(31)), (-1, bytes(32)), (2**53, bytes(32))]
    )
    def test_refuses_a_position_that_is_none(self, size: int, root: bytes) -> None:
        """
        A position has a size and a root, and nothing has but one root.
        """
        with pytest.raises(MalformedError):
            Position(incarnation=INCARNATION, size=size, root=root)
        assert Position(incarnation=INCARNATION, size=0, root=sha256(b"").digest()).size == 0

    def test_refuses_a_position_without_an_incarnation(self) -> None:
        """
        A size without a history says nothing.
        """
        with pytest.raises(MalformedError, match="incarnation"):
            Position(incarnation=b"", size=1, root=bytes(32))

    def test_what_is_absent_has_its_default(self) -> None:
        """
        The shortest pull holds nothing, waits for nothing, and speaks this version.
        """
        shortest = PULL.decode(encode(pull()))
        assert (shortest.protocol, shortest.position, shortest.receipt) == (1, None, None)
        assert (shortest.challenge, shortest.wait_s) == (None, 0)


class TestEntries:
    def test_refuses_entries_that_are_not_numbered_on(self) -> None:
        """
        A gap, a repetition, another order or another start is no list of entries.
        """
        made = [Carried(header=header) for header in headers([START_ENTRY, a_view(), a_view()])]
        for entries, start in ((made[::2], 0), (made[:1] * 2, 0), (made[::-1], 0), (made, 1), (made[1:], 0)):
            with pytest.raises(MalformedError, match="numbered"):
                answer(entries=tuple(entries), start=start, checkpoint=b"x")

    def test_refuses_a_start_that_is_taken_back(self) -> None:
        """
        The start says nothing that could be withheld.
        """
        for number, leaf in ((0, bytes(32)), (1, bytes(31)), (-1, bytes(32)), (INTEGER_MAX + 1, bytes(32))):
            with pytest.raises(MalformedError, match="taken back"):
                TakenBack(number=number, leaf=leaf)

    def test_refuses_entries_without_a_checkpoint(self) -> None:
        """
        What is not signed for is not sent.
        """
        with pytest.raises(MalformedError, match="checkpoint"):
            answered([START_ENTRY, a_view()], checkpoint=None)

    def test_refuses_entries_beside_a_challenge(self) -> None:
        """
        Who asks first sends nothing yet.
        """
        with pytest.raises(MalformedError, match="challenge"):
            answered([START_ENTRY], challenge=bytes(16))

    def test_refuses_more_entries_than_there_may_be(self) -> None:
        """
        An answer has at most 1,024 entries, and none beyond the last number.
        """
        many = [START_ENTRY, *[a_view()] * ENTRIES_MAX]
        assert len(answered(many[:-1]).letter.entries) == ENTRIES_MAX
        with pytest.raises(MalformedError, match="at most 1024"):
            answered(many)
        last = TakenBack(number=INTEGER_MAX, leaf=bytes(32))
        with pytest.raises(MalformedError, match="entries"):
            answer(start=INTEGER_MAX, entries=(last,), checkpoint=b"x")

    def test_the_fullest_answer_fits(self) -> None:
        """
        No answer that can be made is too long to be read.
        """
        start = INTEGER_MAX - ENTRIES_MAX
        entries = tuple(
            Carried(
                header=EntryHeader(
                    number=number,
                    kind=EntryKind.WITHDRAWAL,
                    payload_hash=bytes(32),
                    payload_size_bytes=PAYLOAD_SIZE_BYTES_MAX,
                )
            )
            for number in range(start, INTEGER_MAX)
        )
        longest = "A" * 16
        letter = answer(
            sender=longest,
            receiver=f"{longest}@{'B' * 16}",
            start=start,
            entries=entries,
            checkpoint=bytes(CHECKPOINT_SIZE_BYTES_MAX),
        )
        assert len(encode(letter)) < LETTER_SIZE_BYTES_MAX
        assert ANSWER.decode(encode(letter)) == letter

    def test_the_fullest_pull_fits(self) -> None:
        """
        No pull that can be made needs more than one chunk.
        """
        fullest = pull(
            position=Position(incarnation=INCARNATION, size=INTEGER_MAX, root=bytes(32)),
            receipt=bytes(RECEIPT_SIZE_BYTES_MAX),
            challenge=bytes(16),
            wait_s=WAIT_S_MAX,
        )
        assert len(encode(fullest)) < 16_384


class TestBinding:
    def test_is_a_hash_of_the_letter_after_a_line_of_its_own(self) -> None:
        """
        The binding, computed by hand.
        """
        letter = answer(start=3)
        assert binding_of(letter) == sha256(b"legation/binding/v1\n" + encode(letter)).digest()

    def test_every_field_changes_it(self) -> None:
        """
        Nothing that a letter says is left out of its binding.
        """
        whole = pull(
            position=Position(incarnation=INCARNATION, size=1, root=bytes(32)),
            receipt=b"receipt",
            challenge=bytes(16),
            wait_s=5,
        )
        others: list[Letter] = [
            pull(**(_fields(whole) | {name: value}))
            for name, value in {
                "sender": "AUS",
                "receiver": "AUS",
                "nonce": bytes(16),
                "position": None,
                "receipt": None,
                "challenge": None,
                "wait_s": 0,
            }.items()
        ]
        bindings = {binding_of(letter) for letter in (whole, *others)}
        assert len(bindings) == len(others) + 1


def _fields(letter: Pull) -> dict[str, Any]:
    return {name: getattr(letter, name) for name in letter.__struct_fields__}
