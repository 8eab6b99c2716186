# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from legation.errors import (
    MalformedError,
    ProofError,
    RemoteProtocolError,
    SignatureError,
    VerificationError,
)
from legation.exchange import EntryKind, Held, Position, accept, receiving
from legation.keys.sign import unsafe_verify
from legation.log import Frontier, stream_origin
from legation.merkle import Hash
from tests.exchange import properties
from tests.exchange.made import (
    INCARNATION,
    PULLED,
    RECEIVER,
    SENDER,
    START,
    STRANGER,
    Payload,
    a_view,
    a_void,
    answer,
    answered,
    checkpoint,
    frontier,
    headers,
    naive_root,
    position,
    stream_keys,
)
from tests.exchange.properties import Ledger, accepted
from tests.keys.office import seed

STREAM = [START, a_view(), a_view(b"two"), a_void(1), a_view(b"four")]
OTHER = seed("another incarnation", 16)


def leaves(payloads: list[Payload]) -> list[Hash]:
    """
    The leaves of a stream.
    """
    return [header.leaf for header in headers(payloads)]


def refuses(error: type[Exception], match: str | None, **changes: Any) -> None:
    """
    See the second answer of a stream refused, and what was held before unchanged.
    """
    held = changes.pop("held", None) or accepted(answered(STREAM[:2])).held
    before = held
    told: dict[str, Any] = {"start": 2} | changes
    payloads = told.pop("payloads", STREAM)
    with pytest.raises(error, match=match) as caught:
        accepted(answered(payloads, **told), held)
    assert type(caught.value) is error
    assert held == before


class TestAccept:
    def test_takes_a_first_answer(self) -> None:
        """
        What was sent is handed on, and held from then on.
        """
        found = accepted(answered(STREAM))
        assert found.entries == tuple(zip(headers(STREAM), (data for _, data in STREAM), strict=True))
        assert found.held == Held(incarnation=INCARNATION, frontier=frontier(STREAM))
        assert found.checkpoint is not None
        assert found.may_receipt

    @pytest.mark.parametrize("cut", range(1, len(STREAM)))
    def test_takes_the_rest(self, cut: int) -> None:
        """
        Cut anywhere in two, a stream is held in the end as if it had come at once.
        """
        first = accepted(answered(STREAM[:cut]))
        second = accepted(answered(STREAM, start=cut), first.held)
        assert second.held == accepted(answered(STREAM)).held
        assert [header.number for header, _ in second.entries] == list(range(cut, len(STREAM)))

    def test_takes_an_answer_with_nothing_new(self) -> None:
        """
        Nothing new changes nothing, with or without a checkpoint over what is held.
        """
        held = accepted(answered(STREAM)).held
        quiet = accepted(answered([], start=5), held)
        assert (quiet.held, quiet.entries, quiet.checkpoint, quiet.may_receipt) == (held, (), None, False)
        again = accepted(answered(STREAM, start=5), held)
        assert (again.held, again.entries, again.may_receipt) == (held, (), True)
        receipted = replace(held, receipt_size=5)
        assert not accepted(answered(STREAM, start=5), receipted).may_receipt

    def test_takes_a_first_answer_that_only_names_the_incarnation(self) -> None:
        """
        A peer without a grant gets nothing, and nothing is receipted.
        """
        found = accepted(answered([]))
        assert found.held == Held(incarnation=INCARNATION)
        assert not found.may_receipt
        assert found.held.position is None

    def test_takes_a_challenge(self) -> None:
        """
        An answer that only asks back changes nothing.
        """
        held = accepted(answered(STREAM)).held
        found = accepted(answered([], start=5, challenge=bytes(16)), held)
        assert (found.held, found.entries, found.may_receipt) == (held, (), False)

    def test_takes_another_incarnation_where_nothing_is_held(self) -> None:
        """
        As long as nothing is held, no history is contradicted.
        """
        assert accepted(answered(STREAM), Held(incarnation=OTHER)).held.incarnation == INCARNATION

    def test_verifies_as_it_is_told(self) -> None:
        """
        In twin worlds true checkpoints do not hold.
        """
        with pytest.raises(SignatureError):
            accept(answered(STREAM), Held(), sender=SENDER, keys=stream_keys(SENDER), verify=unsafe_verify)

    def test_knows_its_own_pull(self) -> None:
        """
        An answer to another pull is refused, if it is said which one was sent.
        """
        keys = stream_keys(SENDER)
        assert accept(answered(STREAM), Held(), sender=SENDER, keys=keys, pull=PULLED).may_receipt
        with pytest.raises(RemoteProtocolError, match="another pull"):
            accept(answered(STREAM), Held(), sender=SENDER, keys=keys, pull=bytes(32))


class TestRefusals:
    def test_refuses_an_answer_of_somebody_else(self) -> None:
        """
        What another peer has to say is no answer to what was asked here.
        """
        with pytest.raises(RemoteProtocolError, match="expected one from `AUS@NATO`"):
            accept(answered(STREAM), Held(), sender=STRANGER, keys=stream_keys(SENDER))

    def test_refuses_another_incarnation(self) -> None:
        """
        Entries are not carried on in another history.
        """
        refuses(RemoteProtocolError, "another incarnation", incarnation=OTHER)
        one = accepted(answered(STREAM[:1])).held
        refuses(RemoteProtocolError, "another incarnation", incarnation=OTHER, held=one, start=1)

    @pytest.mark.parametrize("start", [0, 1, 3, 4])
    def test_refuses_to_start_elsewhere(self, start: int) -> None:
        """
        An overlap cannot be compared, and a gap cannot be filled.
        """
        refuses(RemoteProtocolError, f"starts at {start}, expected 2", start=start)

    def test_refuses_an_empty_answer_that_starts_elsewhere(self) -> None:
        """
        Nothing new is new at the same place.
        """
        refuses(RemoteProtocolError, "starts at 5, expected 2", start=5)

    def test_refuses_a_payload_that_is_not_of_its_kind(self) -> None:
        """
        One entry that cannot be read refuses the whole answer.
        """
        for wrong in ((EntryKind.VOID, b"{}"), (EntryKind.VIEW, b"x"), (EntryKind.REFUSED, b"{}")):
            refuses(MalformedError, None, payloads=[*STREAM[:3], wrong, a_view()])
        with pytest.raises(MalformedError):
            accepted(answered([(EntryKind.START, b"x")]))

    def test_refuses_a_checkpoint_over_another_size(self) -> None:
        """
        A checkpoint is over exactly the entries of the answer and those before.
        """
        for size in (1, 2, 4):
            refuses(
                RemoteProtocolError,
                f"over {size} entries, expected 5",
                checkpoint=checkpoint(leaves(STREAM)[:size]),
            )
        refuses(RemoteProtocolError, "over 6 entries", checkpoint=checkpoint(leaves([*STREAM, a_view()])))

    def test_refuses_a_checkpoint_of_another_stream(self) -> None:
        """
        The other direction, another peer and another incarnation are other streams.
        """
        for origin in (
            stream_origin(RECEIVER, SENDER, INCARNATION),
            stream_origin(SENDER, STRANGER, INCARNATION),
            stream_origin(SENDER, RECEIVER, OTHER),
        ):
            other = checkpoint(leaves(STREAM), origin=origin)
            refuses(VerificationError, "another origin", checkpoint=other)

    def test_refuses_a_checkpoint_of_another_key(self) -> None:
        """
        Nobody else signs the sender's stream, also not under its name.
        """
        for changes in ({"signed_by": STRANGER}, {"signed_by": STRANGER, "name": "KOR@NATO/stream"}):
            refuses(SignatureError, None, checkpoint=checkpoint(leaves(STREAM), **changes))

    def test_refuses_a_checkpoint_that_is_none(self) -> None:
        """
        Any bytes are no checkpoint.
        """
        refuses(MalformedError, None, checkpoint=b"x")

    def test_refuses_entries_that_lead_to_another_root(self) -> None:
        """
        What was signed is what comes; and what is held has one root.
        """
        properties.another_root_is_refused()

    def test_refuses_a_leaf_that_is_another_one(self) -> None:
        """
        An entry that is taken back stands in the tree where it stood.
        """
        letter = answered(STREAM, taken_back=[2]).letter
        wrong = replace_leaf(letter, 2)
        with pytest.raises(ProofError):
            accepted(answered(STREAM, taken_back=[2], entries=wrong))

    def test_refuses_a_stream_that_forgot_what_is_held(self) -> None:
        """
        A sender that goes on after a loss as if nothing had been cannot carry on what is held.
        """
        other = [START, a_view(b"another one"), *STREAM[2:]]
        refuses(ProofError, "another root", payloads=other)


def replace_leaf(letter: Any, number: int) -> tuple[Any, ...]:
    """
    The entries of an answer with another leaf at one place.
    """
    entries = list(letter.entries)
    entries[number] = type(entries[number])(number=number, leaf=seed("another leaf"))
    return tuple(entries)


class TestTakenBack:
    def test_a_receipt_waits_for_its_voids(self) -> None:
        """
        The position moves on, the receipt does not, until the void has come.
        """
        properties.a_receipt_waits_for_its_voids()

    def test_a_void_names_an_earlier_entry(self) -> None:
        """
        Neither itself nor the future is void, and not what is no view.
        """
        properties.a_void_names_an_earlier_entry()

    def test_hands_on_what_was_carried_only(self) -> None:
        """
        Of an entry that was taken back there is nothing to hand on.
        """
        found = accepted(answered(STREAM, taken_back=[1]))
        assert [header.number for header, _ in found.entries] == [0, 2, 3, 4]
        assert found.held.frontier == frontier(STREAM)

    def test_an_entry_that_is_held_can_be_void(self) -> None:
        """
        The sender may not know that it arrived; the void is taken and the receipt made.
        """
        first = accepted(answered(STREAM[:3]))
        assert accepted(answered(STREAM, start=3), first.held).may_receipt

    def test_a_void_in_another_answer_names_what_only_the_store_knows(self) -> None:
        """
        Which kind an earlier entry had is not asked here, and the same void twice does no harm.
        """
        payloads = [START, a_view(), a_void(1), a_void(1)]
        held = accepted(answered(payloads[:3])).held
        assert accepted(answered(payloads, start=3), held).may_receipt

    def test_refuses_too_many_entries_without_a_void(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What has to be remembered of a peer has a bound.
        """
        monkeypatch.setattr(receiving, "TAKEN_BACK_MAX", 2)
        payloads = [START, *[a_view()] * 3, a_void(1)]
        assert len(accepted(answered(payloads[:3], taken_back=[1, 2])).held.taken_back) == 2
        with pytest.raises(RemoteProtocolError, match="3 entries have no void, expected at most 2"):
            accepted(answered(payloads[:4], taken_back=[1, 2, 3]))
        # Bounded is what is left when an answer has been taken, not how it gets there.
        assert accepted(answered(payloads, taken_back=[1, 2, 3])).held.taken_back == {2, 3}

    def test_agrees_with_the_oracle_on_random_streams(self) -> None:
        """
        However entries are taken back, voided and batched, the plainest reading of the rules agrees.
        """
        for number in range(150):
            dice = Random(number)
            payloads, gone = random_stream(dice)
            held, ledger, start = Held(), Ledger([], set(), set()), 0
            while start < len(payloads):
                end = dice.randint(start + 1, len(payloads))
                envelope = answered(payloads[:end], start=start, taken_back=gone)
                found = accepted(envelope, held)
                ledger.take(envelope)
                ledger.agrees(found.held, may_receipt=found.may_receipt)
                is_receipted = found.may_receipt and dice.random() < 0.5
                held = replace(found.held, receipt_size=end) if is_receipted else found.held
                start = end


def random_stream(dice: Random) -> tuple[list[Payload], set[int]]:
    """
    A stream with views, voids and others, and which entries are taken back.
    """
    payloads, gone, views = [START], set[int](), list[int]()
    for number in range(1, dice.randint(2, 14)):
        way = dice.randrange(4)
        if way == 0 and views:
            payloads.append(a_void(views.pop(dice.randrange(len(views)))))
        elif way == 1:
            payloads.append((EntryKind.WITHDRAWAL, b"opaque"))
        else:
            payloads.append(a_view(b"%d" % number))
            views.append(number)
            if way == 2:
                gone.add(number)
    return payloads, gone


class TestHeld:
    def test_says_what_a_pull_says(self) -> None:
        """
        The position is what is held.
        """
        assert accepted(answered(STREAM)).held.position == position(STREAM)
        assert position(STREAM) == Position(incarnation=INCARNATION, size=5, root=naive_root(leaves(STREAM)))

    @pytest.mark.parametrize(
        "changes",
        [
            {"incarnation": None},
            {"receipt_size": 6},
            {"receipt_size": -1},
            {"taken_back": frozenset({5})},
            {"taken_back": frozenset({1}), "receipt_size": 2},
        ],
    )
    def test_cannot_contradict_itself(self, changes: dict[str, Any]) -> None:
        """
        What was stored wrong is a mistake here, not the peer's.
        """
        with pytest.raises(AssertionError):
            replace(accepted(answered(STREAM)).held, **changes)

    def test_begins_with_nothing(self) -> None:
        """
        Before the first answer nothing is held.
        """
        assert Held() == Held(incarnation=None, frontier=Frontier(), taken_back=frozenset(), receipt_size=0)
        assert answer().headers == ()
