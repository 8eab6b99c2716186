# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import EquivocationError, ProofError, RemoteProtocolError, SignatureError
from legation.exchange import Accepted, Held, accept, accept_unasked
from tests.exchange.bagged import Leaves, bag_of, in_envelope
from tests.exchange.made import (
    INCARNATION,
    SENDER,
    START,
    STRANGER,
    Payload,
    a_view,
    a_void,
    answered,
    checkpoint,
    frontier,
    headers,
    stream_keys,
)

STREAM = [START, *(a_view(b"view %d" % number) for number in range(1, 8))]


def held(size: int, stream: list[Payload] = STREAM, **changes: Any) -> Held:
    """
    What is held: the beginning of a stream.
    """
    found = Held(incarnation=INCARNATION if size else None, frontier=frontier(stream[:size]))
    return replace(found, **changes)


def opens(
    start: int,
    stop: int,
    size: int,
    *,
    ours: list[Payload] = STREAM,
    theirs: list[Payload] = STREAM,
    held_: Held | None = None,
    **more: Any,
) -> Accepted | None:
    """
    Open a bag with some entries where others are held.
    """
    letter, payloads = bag_of(theirs, start=start, stop=stop, **more)
    return accept_unasked(
        in_envelope(letter, payloads),
        held(size, ours) if held_ is None else held_,
        keys=stream_keys(SENDER),
        leaves=Leaves(ours[:size]),
    )


class TestAcceptBag:
    @given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 8))
    def test_it_brings_what_is_new_and_nothing_else(self, start: int, stop: int, size: int) -> None:
        """
        Wherever it begins and ends, and whatever is held.
        """
        if start > stop:
            return
        if start > size:
            with pytest.raises(RemoteProtocolError, match=f"entries {size}-{start - 1} are missing"):
                opens(start, stop, size)
            return
        found = opens(start, stop, size)
        if stop <= size:
            assert found is None
            return
        assert found is not None
        assert found.held.frontier == frontier(STREAM[:stop])
        assert [header.number for header, _ in found.entries] == [*range(size, stop)]
        assert [payload for _, payload in found.entries] == [each for _, each in STREAM[size:stop]]

    def test_it_comes_to_the_same_as_an_answer(self) -> None:
        """
        Where both begin at what is held.
        """
        signed = checkpoint([each.leaf for each in headers(STREAM)])
        by_bag = opens(3, 8, 3, checkpoint=signed)
        answer = answered(STREAM, start=3, checkpoint=signed)
        by_wire = accept(answer, held(3), sender=SENDER, keys=stream_keys(SENDER))
        assert by_bag == by_wire

    def test_what_is_held_is_skipped_with_its_payload(self) -> None:
        """
        Also where some of it was taken back, and so has none.
        """
        found = opens(1, 8, 4, taken_back=[2, 5])
        assert found is not None
        assert [header.number for header, _ in found.entries] == [4, 6, 7]
        assert found.held.taken_back == {5}

    def test_what_was_taken_back_stays_so_though_the_bag_has_its_bytes(self) -> None:
        """
        A bag that was packed before it was taken back brings nothing of it.
        """
        ours = held(4, taken_back=frozenset({2}))
        found = opens(1, 8, 4, held_=ours)
        assert found is not None
        assert found.held.taken_back == {2}
        assert not found.may_receipt

    def test_a_void_in_a_bag_clears_what_was_taken_back(self) -> None:
        """
        And then a receipt may be given.
        """
        stream = [*STREAM, a_void(2)]
        found = opens(4, 9, 5, ours=stream, theirs=stream, held_=held(5, taken_back=frozenset({2})))
        assert found is not None
        assert found.may_receipt

    def test_another_incarnation_is_refused(self) -> None:
        """
        Unless nothing is held.
        """
        other = bytes(reversed(INCARNATION))
        letter, payloads = bag_of([START], incarnation=other, checkpoint=None, entries=())
        assert payloads == []
        with pytest.raises(RemoteProtocolError, match="another incarnation"):
            accept_unasked(
                in_envelope(letter, []), held(2), keys=stream_keys(SENDER), leaves=Leaves(STREAM[:2])
            )

    def test_a_checkpoint_of_somebody_else_is_refused(self) -> None:
        """
        Also where all of it is held already.
        """
        for size in (2, 4):
            leaves = [each.leaf for each in headers(STREAM[:4])]
            with pytest.raises(SignatureError):
                opens(1, 4, size, checkpoint=checkpoint(leaves, signed_by=STRANGER))

    def test_a_checkpoint_over_another_count_is_refused(self) -> None:
        """
        Also where all of it is held already.
        """
        for size in (2, 4):
            leaves = [each.leaf for each in headers(STREAM[:5])]
            with pytest.raises(RemoteProtocolError, match="over 5 entries, expected 4"):
                opens(1, 4, size, checkpoint=checkpoint(leaves))


OTHER = [*STREAM[:2], a_view(b"another third"), *STREAM[3:]]


class TestTwoHistories:
    @pytest.mark.parametrize(
        ("start", "stop", "size"), [(1, 6, 8), (1, 6, 6), (1, 8, 5), (2, 3, 3), (0, 8, 7)]
    )
    def test_another_leaf_where_something_is_held_proves_a_fork(
        self, start: int, stop: int, size: int
    ) -> None:
        """
        The sender has signed both; what proves it is in the error.
        """
        signed = checkpoint([each.leaf for each in headers(OTHER[:stop])])
        with pytest.raises(EquivocationError, match="two histories") as caught:
            opens(start, stop, size, theirs=OTHER, checkpoint=signed)
        assert caught.value.theirs == signed
        assert caught.value.ours

    def test_a_fork_before_the_bag_shows_where_all_is_held(self) -> None:
        """
        The entries are the same, their root is not.
        """
        with pytest.raises(EquivocationError):
            opens(4, 6, 8, theirs=OTHER)

    def test_a_fork_before_the_bag_is_no_proof_where_more_follows(self) -> None:
        """
        The roots differ, and nobody can tell of which entry: nothing is taken in.
        """
        with pytest.raises(ProofError):
            opens(4, 8, 6, theirs=OTHER)

    @pytest.mark.parametrize("size", [4, 6, 8])
    def test_entries_that_are_not_those_signed_prove_nothing(self, size: int) -> None:
        """
        A letter that says other leaves than its own checkpoint covers is no fork.
        """
        leaves = [each.leaf for each in headers(STREAM[:6])]
        with pytest.raises(ProofError):
            opens(1, 6, size, theirs=OTHER, checkpoint=checkpoint(leaves))

    def test_what_agrees_is_compared_without_reading_all_that_is_held(self) -> None:
        """
        Only the overlap is looked at where the bag goes further.
        """
        letter, payloads = bag_of(STREAM, start=4)
        leaves = Leaves(STREAM[:6])
        accept_unasked(in_envelope(letter, payloads), held(6), keys=stream_keys(SENDER), leaves=leaves)
        assert leaves.asked == 2
