# SPDX-License-Identifier: Apache-2.0
"""
Bugs that were planted, to see that each is found.

A test that never fails tests nothing. Every one here makes the program wrong in one way and sees the
property fail that is there for it; ``test_envelope``, ``test_receiving`` and ``test_pair`` see the same
properties hold.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from legation.errors import LegationError
from legation.exchange import (
    Accepted,
    Answer,
    Brought,
    EntryHeader,
    Held,
    Pull,
    Standing,
    envelope,
    receiving,
    sending,
)
from legation.keys import seal
from legation.log import key_name, stream_origin, verify_checkpoint
from tests.exchange import made, pair, properties, test_sending
from tests.exchange.pair import PeerPair

FOUND = (AssertionError, LegationError)
"""How a property fails: what it asserts does not hold, or what is honest is refused."""

Patch = pytest.MonkeyPatch
ACCEPT = receiving.accept


def is_found(look: Callable[[], object]) -> None:
    """
    See a property fail.
    """
    with pytest.raises(FOUND):
        look()


def pairs_meet() -> None:
    """
    What ``test_pair`` does with fifty seeds.
    """
    for number in range(6):
        found = PeerPair(number)
        for _ in range(150):
            found.step()
        found.settle()


def nothing(*given: Any, **named: Any) -> None:
    """
    A check that checks nothing.
    """


class TestHealthy:
    def test_without_a_bug_everything_holds(self) -> None:
        """
        The properties that find bugs below hold of the program as it is.
        """
        properties.another_payload_is_refused()
        properties.another_letter_is_refused()
        properties.anothers_signature_is_refused()
        properties.anothers_letter_is_refused()
        properties.padding_is_zeros_to_the_end()
        properties.another_root_is_refused()
        properties.a_receipt_waits_for_its_voids()
        properties.a_void_names_an_earlier_entry()
        pairs_meet()


class TestEnvelope:
    def test_payload_hash_not_compared(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_refuses_another_payload``.
        """
        monkeypatch.setattr(EntryHeader, "fits", lambda header, payload: True)
        is_found(properties.another_payload_is_refused)

    def test_only_the_size_of_a_payload_compared(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_refuses_another_payload``.
        """
        monkeypatch.setattr(EntryHeader, "fits", lambda header, payload: len(payload) == header.size_bytes)
        is_found(properties.another_payload_is_refused)

    def test_binding_not_compared(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_refuses_another_letter``.
        """

        def uncompared(told: bytes, shape: Any, front: Any, binding: bytes) -> Any:
            return envelope._CODECS[shape].decode(told)

        monkeypatch.setattr(envelope, "_read_letter", uncompared)
        is_found(properties.another_letter_is_refused)

    def test_offices_of_the_letter_not_compared(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_refuses_a_letter_in_anothers_name``.
        """

        def uncompared(told: bytes, shape: Any, front: Any, binding: bytes) -> Any:
            return envelope._CODECS[shape].decode(told)

        monkeypatch.setattr(envelope, "_read_letter", uncompared)
        is_found(properties.anothers_letter_is_refused)

    def test_signature_not_checked(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_refuses_anothers_signature``.
        """
        monkeypatch.setattr(envelope, "_verify_front", nothing)
        is_found(properties.anothers_signature_is_refused)

    def test_signature_not_over_the_binding(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_refuses_another_letter``.
        """
        verify_front = envelope._verify_front

        def loose(front: Any, purpose: Any, binding: bytes, **named: Any) -> None:
            checked = named | {"verify": nothing}
            verify_front(front, purpose, binding, **checked)

        monkeypatch.setattr(envelope, "_verify_front", loose)
        is_found(properties.another_letter_is_refused)

    def test_padding_not_checked(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_refuses_a_padding_that_is_not_zeros_to_the_end``.
        """
        monkeypatch.setattr(envelope._Content, "end", nothing)
        is_found(properties.padding_is_zeros_to_the_end)

    def test_padding_left_out(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_two_writers_write_the_same``, and by every reader.
        """
        monkeypatch.setattr(envelope, "_zeros", lambda size_bytes: iter(()))
        is_found(lambda: made.opened(made.written(made.pull()), Pull))

    def test_size_not_padded(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_two_writers_write_the_same``: the other writer pads.
        """
        monkeypatch.setattr(envelope, "padded_size", lambda size_bytes: size_bytes)
        is_found(properties.another_payload_is_refused)
        assert seal.padded_size(1) == 65_536

    def test_cards_are_not_looked_at(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_cards_before_the_letter_introduce_the_key``.
        """
        true = envelope._verify_front

        def by_the_known_key(front: Any, *given: Any, **named: Any) -> None:
            true(front, *given, **(named | {"key": made.key_of(front.sender)}))

        monkeypatch.setattr(envelope, "_verify_front", by_the_known_key)
        is_found(properties.only_the_introduced_key_signs)


class TestReceiving:
    def test_may_receipt_ignores_what_is_taken_back(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_a_receipt_waits_for_its_voids``, the oracle, and the pair.
        """

        def hasty(*given: Any, **named: Any) -> Accepted:
            found = ACCEPT(*given, **named)
            return replace(found, may_receipt=found.checkpoint is not None)

        monkeypatch.setattr(properties, "accept", hasty)
        monkeypatch.setattr(pair, "accept", hasty)
        is_found(properties.a_receipt_waits_for_its_voids)
        is_found(pairs_meet)

    def test_what_is_taken_back_is_forgotten(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_a_receipt_waits_for_its_voids`` and the pair.
        """
        monkeypatch.setattr(receiving, "_taken_back", lambda *given: frozenset())
        is_found(properties.a_receipt_waits_for_its_voids)
        is_found(pairs_meet)

    def test_a_void_clears_everything(self, monkeypatch: Patch) -> None:
        """
        Found by the pair: a receipt is given over what is neither here nor void.
        """
        taken_back = receiving._taken_back

        def generous(brought: Brought, entries: Any, held: Held) -> frozenset[int]:
            if any(map(receiving._is_void, entries)):
                return frozenset()
            return taken_back(brought, entries, held)

        monkeypatch.setattr(receiving, "_taken_back", generous)
        is_found(pairs_meet)

    def test_a_void_of_a_later_entry_accepted(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_a_void_names_an_earlier_entry``.
        """
        monkeypatch.setattr(receiving, "_check_void", nothing)
        is_found(properties.a_void_names_an_earlier_entry)

    def test_root_not_compared(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_refuses_entries_that_lead_to_another_root``.
        """

        def uncompared(data: bytes, answer: Answer, frontier: Any, keys: Any, verify: Any) -> None:
            origin = stream_origin(answer.sender, answer.receiver, answer.incarnation)
            name = key_name(answer.sender)
            verify_checkpoint(data, origin=origin, name=name, keys=keys, verify=verify)

        monkeypatch.setattr(receiving, "_check_checkpoint", uncompared)
        is_found(properties.another_root_is_refused)


class TestSending:
    @pytest.mark.parametrize(
        ("bug", "right", "wrong"),
        [
            ("a receipt does not count", Standing.CHALLENGED, Standing.FOLLOWS),
            ("a challenge does not count", Standing.AMNESIA, Standing.CHALLENGED),
            ("a fork is overlooked", Standing.FORKED, Standing.FOLLOWS),
            ("more than we have is overlooked", Standing.AHEAD, Standing.FOLLOWS),
            ("another incarnation is overlooked", Standing.ANOTHER, Standing.FOLLOWS),
            ("an incarnation that was left is not told", Standing.LEFT, Standing.ANOTHER),
        ],
    )
    def test_a_standing_is_mistaken(
        self, bug: str, right: Standing, wrong: Standing, monkeypatch: Patch
    ) -> None:
        """
        Found by ``test_of_everything_only_what_is_shown_to_be_lawful_is_answered``.
        """

        def mistaken(*given: Any, **named: Any) -> Standing:
            found = sending.weigh(*given, **named)
            return wrong if found is right else found

        test = test_sending.TestWeigh()
        test.test_of_everything_only_what_is_shown_to_be_lawful_is_answered()
        monkeypatch.setattr(test_sending, "weigh", mistaken)
        is_found(test.test_of_everything_only_what_is_shown_to_be_lawful_is_answered)
