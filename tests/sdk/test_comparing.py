# SPDX-License-Identifier: Apache-2.0

import random

import pytest

from legation.errors import EquivocationError, MalformedError, ProofError, SignatureError, VerificationError
from legation.item.withdrawal import withdraw
from legation.merkle import Hash, consistency_proof
from legation.sdk import (
    HistoryState,
    compare,
    histories,
    is_withdrawn,
    verify_checkpoint,
    verify_growth,
    verify_receipt,
    verify_view,
    verify_withdrawal,
)
from tests.keys.office import Keys
from tests.sdk.given import (
    AUS,
    JPN,
    KOR,
    LEAVES,
    LOG,
    PAYLOAD,
    checkpoint,
    growth,
    later_card,
    receipt,
    withdrawal,
)

VIEW = PAYLOAD[4 + int.from_bytes(PAYLOAD[:4], "big") :]


class TestCompare:
    def test_one_history_passes_in_any_order(self) -> None:
        """
        The same size and root, signed twice; and two sizes with the proof between them.
        """
        small, large = (verify_checkpoint(checkpoint(size), KOR) for size in (9, 39))
        proof = consistency_proof(LEAVES, 9)
        compare(small, verify_checkpoint(checkpoint(9), KOR))
        compare(small, verify_receipt(receipt(9), KOR, JPN))
        compare(small, large, proof)
        compare(large, small, proof)

    def test_two_histories_of_one_size_are_told_with_both_notes(self) -> None:
        """
        The evidence is what both have signed, as it came.
        """
        ours = verify_receipt(receipt(9), KOR, JPN)
        theirs = verify_checkpoint(checkpoint(9, root_of=LEAVES[0]), KOR)
        with pytest.raises(EquivocationError, match="tells two histories") as caught:
            compare(ours, theirs)
        assert (caught.value.ours, caught.value.theirs) == (ours.data, theirs.data)

    def test_between_two_sizes_nothing_is_taken_on_trust(self) -> None:
        """
        Without a proof, and with one that does not hold, nothing is shown: neither one history nor two.
        """
        small, large = (verify_checkpoint(checkpoint(size), KOR) for size in (9, 39))
        proof = consistency_proof(LEAVES, 9)
        with pytest.raises(ProofError, match="between 9 and 39 entries nothing is proven"):
            compare(small, large)
        for told in ([], proof[:-1], [*proof, LEAVES[0]], proof[::-1]):
            with pytest.raises(ProofError):
                compare(small, large, told)
        other = verify_checkpoint(checkpoint(9, root_of=LEAVES[0]), KOR)
        with pytest.raises(ProofError):
            compare(other, large, proof)

    def test_two_streams_have_nothing_to_compare(self) -> None:
        """
        Each stream, and each incarnation of one, has a history of its own.
        """
        one, other = verify_checkpoint(checkpoint(9), KOR), verify_checkpoint(checkpoint(9, origin=LOG), KOR)
        with pytest.raises(VerificationError, match="two streams"):
            compare(one, other)


class TestGrowth:
    def test_verifies_the_checkpoint_of_now(self) -> None:
        """
        And says of what older size it speaks; what is proven, the older checkpoint is needed to say.
        """
        found = verify_growth(growth(9, 39), [KOR])
        assert (found.old_size, found.note.checkpoint.size) == (9, 39)
        assert list(found.hashes) == consistency_proof(LEAVES, 9)
        with pytest.raises(SignatureError, match="no card of `KOR@NATO`"):
            verify_growth(growth(9, 39), [JPN])

    @pytest.mark.parametrize(("old", "hashes"), [(40, []), (39, [LEAVES[0]])])
    def test_nothing_grows_to_less(self, old: int, hashes: list[Hash]) -> None:
        """
        An older size that is the larger one, and hashes between a size and itself.
        """
        assert verify_growth(growth(39, 39), [KOR]).hashes == ()
        with pytest.raises(ProofError, match="that grew"):
            verify_growth(growth(old, 39, hashes=hashes), [KOR])

    def test_an_altered_byte_proves_nothing(self) -> None:
        """
        Hundreds of altered files: refused, or of another size, or with hashes that lead elsewhere.
        """
        dice, data = random.Random(7), growth(9, 39)
        assert self.is_proven(data)
        for place in [*range(300), *dice.sample(range(300, len(data)), 40)]:
            altered = bytearray(data)
            altered[place] ^= 1 << dice.randrange(8)
            assert not self.is_proven(bytes(altered))

    def is_proven(self, data: bytes) -> bool:
        """
        Whether a file proves that 39 entries begin with the nine.
        """
        try:
            found = verify_growth(data, [KOR])
        except (MalformedError, VerificationError):
            return False
        old = verify_checkpoint(checkpoint(9), KOR)
        return HistoryState.GREW in {each.state for each in histories([old], [found])}


class TestHistories:
    SMALL, MIDDLE, LARGE = (verify_checkpoint(checkpoint(size), KOR) for size in (9, 20, 39))
    OTHER = verify_checkpoint(checkpoint(9, root_of=LEAVES[0]), KOR)
    GROWTH = verify_growth(growth(9, 39), [KOR])

    def test_one_size_and_root_is_one_history(self) -> None:
        """
        Whoever signed, and however often.
        """
        again = verify_receipt(receipt(9), KOR, JPN)
        [found] = histories([self.SMALL, again])
        assert found.state is HistoryState.SAME
        assert {id(found.one), id(found.other)} == {id(self.SMALL), id(again)}

    def test_two_sizes_are_compared_with_the_next_and_need_a_proof(self) -> None:
        """
        In any order; a proof tells of the sizes that it is between, and of no others.
        """
        notes = [self.LARGE, self.SMALL, self.MIDDLE]
        assert [each.state for each in histories(notes)] == [HistoryState.UNPROVEN] * 2
        assert [
            (each.one.checkpoint.size, each.other.checkpoint.size, each.state)
            for each in histories(notes, [self.GROWTH])
        ] == [
            (9, 39, HistoryState.GREW),
            (9, 20, HistoryState.UNPROVEN),
            (20, 39, HistoryState.UNPROVEN),
            (39, 39, HistoryState.SAME),
        ]

    def test_two_roots_of_one_size_are_a_fork(self) -> None:
        """
        A proof from one of them does not hold for the other.
        """
        found = histories([self.SMALL, self.OTHER], [self.GROWTH])
        assert sorted(each.state for each in found) == [
            HistoryState.BROKEN,
            HistoryState.FORK,
            HistoryState.GREW,
        ]
        [fork] = histories([self.OTHER, self.SMALL])
        assert fork.state is HistoryState.FORK
        assert {fork.one.data, fork.other.data} == {self.OTHER.data, self.SMALL.data}

    def test_a_false_proof_is_told(self) -> None:
        """
        It proves nothing, which is not the same as that none was given.
        """
        false = verify_growth(growth(9, 39, hashes=consistency_proof(LEAVES, 9)[::-1]), [KOR])
        [found] = histories([self.SMALL], [false])
        assert found.state is HistoryState.BROKEN

    def test_streams_are_not_compared_with_each_other(self) -> None:
        """
        Nor a proof with a checkpoint of another stream.
        """
        log = verify_checkpoint(checkpoint(9, origin=LOG), KOR)
        assert histories([log, self.LARGE]) == []
        assert histories([log], [self.GROWTH]) == []
        assert histories([self.SMALL]) == histories([]) == []

    def test_a_proof_between_a_size_and_itself_says_nothing(self) -> None:
        """
        What is at hand is compared by its root.
        """
        idle = verify_growth(growth(9, 9), [KOR])
        assert histories([], [idle]) == []
        assert [each.state for each in histories([self.SMALL], [idle])] == [HistoryState.SAME]


class TestWithdrawn:
    VIEW = verify_view(VIEW, [KOR])

    def test_its_author_s_word_counts(self) -> None:
        """
        Among others too.
        """
        found = verify_withdrawal(withdrawal(VIEW), [KOR, JPN])
        assert is_withdrawn(self.VIEW, [found])
        assert not is_withdrawn(self.VIEW, [])

    def test_another_office_s_word_does_not(self) -> None:
        """
        Anybody can sign that an item is withdrawn; it counts for that office's own items.
        """
        found = verify_withdrawal(withdrawal(VIEW, "JPN@NATO"), [KOR, JPN])
        assert found.item_id == self.VIEW.item_id
        assert not is_withdrawn(self.VIEW, [found])

    def test_nor_a_word_on_another_item(self) -> None:
        """
        Of the same author.
        """
        [signer] = [each for each, _ in Keys.of("KOR@NATO").items]
        found = verify_withdrawal(withdraw(bytes(32), signer), [KOR])
        assert not is_withdrawn(self.VIEW, [found])

    @pytest.mark.parametrize("state", ["retired", "revoked"])
    def test_a_key_that_is_not_current_withdraws_nothing(self, state: str) -> None:
        """
        Nor does one whose card is not at hand.
        """
        with pytest.raises(SignatureError, match=state):
            verify_withdrawal(withdrawal(VIEW), [later_card("KOR@NATO", state)])
        with pytest.raises(SignatureError, match="not known"):
            verify_withdrawal(withdrawal(VIEW), [AUS])
