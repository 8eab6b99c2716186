# SPDX-License-Identifier: Apache-2.0

from typing import Any

import pytest
from msgspec.structs import replace as changed

from legation.errors import LegationError, MalformedError, SignatureError, VerificationError
from legation.keys.card import Card, Cards, KeyState, ListedKey, read, succeeds
from legation.keys.renewal import RENEWAL, changes, following, read_request, request, vouch
from legation.keys.sign import Ed25519Signer, MLDSA44Signer, Signer
from tests.keys.office import Keys, opener, seed

OFFICE = Keys.of("KOR@NATO")
FIRST = read(OFFICE.card())
ITEM, STREAM, STREAM_PQ = OFFICE.items[0][0], OFFICE.streams[0][0], OFFICE.streams[1][0]
NEW_ITEM = Ed25519Signer(seed("new item"))
NEW_STREAM: tuple[Signer, Signer] = (
    Ed25519Signer(seed("new stream")),
    MLDSA44Signer(seed("new stream ml-dsa-44")),
)
NEW_SEAL = opener("new seal")
TIME = FIRST.body.time + 100


def asked_for(signers: list[Signer], **wanted: Any) -> bytes:
    """A request for the next card."""
    return request(FIRST, following(FIRST, time=TIME, **wanted), signers)


def renewed(signers: list[Signer], **wanted: Any) -> Card:
    """The next card, signed by all."""
    return read(vouch(read_request(asked_for(signers, **wanted)), OFFICE.root))


class TestFollowing:
    def test_the_root_signs_the_next_card(self) -> None:
        """
        With all keys new, the old ones are retired, and the card follows the first one.
        """
        found = renewed(
            [NEW_ITEM, *NEW_STREAM],
            item=NEW_ITEM.public_key,
            stream=[each.public_key for each in NEW_STREAM],
            seal=NEW_SEAL.public_key,
        )
        succeeds(FIRST, found)
        states = {each.key.key_id: each.state for each in (*found.body.item_keys, *found.body.stream_keys)}
        assert states[ITEM.public_key.key_id] is KeyState.RETIRED
        assert states[STREAM.public_key.key_id] is KeyState.RETIRED
        assert states[NEW_ITEM.public_key.key_id] is KeyState.CURRENT
        assert found.seal_key == NEW_SEAL.public_key

    def test_a_current_key_is_not_revoked_without_another(self) -> None:
        """
        The office could sign nothing any more.
        """
        with pytest.raises(MalformedError, match="no other takes its place"):
            following(FIRST, time=TIME, revoked={ITEM.public_key.key_id: None})

    def test_the_clock_of_the_card_does_not_go_back(self) -> None:
        """
        A clock that was put back makes no card that is older than the one before it.
        """
        assert following(FIRST, time=0, item=NEW_ITEM.public_key).time == FIRST.body.time

    def test_what_is_not_said_stays(self) -> None:
        """
        Addresses, policies and protocol versions are those of the card before.
        """
        body = following(FIRST, time=TIME, item=NEW_ITEM.public_key)
        for name in ("addresses", "policies", "protocols", "root", "office", "stream_keys", "seal_keys"):
            assert getattr(body, name) == getattr(FIRST.body, name)

    def test_says_what_changes(self) -> None:
        """
        The new key, the revoked one with its instant, and nothing of what stays.
        """
        body = following(
            FIRST, time=TIME, item=NEW_ITEM.public_key, revoked={ITEM.public_key.key_id: 5}, addresses=()
        )
        found = changes(FIRST.body, body)
        assert {(each.key_id, each.before, each.after, each.since) for each in found.keys} == {
            (NEW_ITEM.public_key.key_id, None, KeyState.CURRENT, None),
            (ITEM.public_key.key_id, KeyState.CURRENT, KeyState.REVOKED, 5),
        }
        assert found.addresses == (FIRST.body.addresses, ())
        assert (found.policies, found.protocols) == (None, None)


class TestRequest:
    @pytest.mark.parametrize(
        "signers",
        [
            [],
            [ITEM, STREAM, STREAM_PQ],
            [NEW_ITEM, STREAM],
            [NEW_ITEM, STREAM, STREAM_PQ, ITEM],
            [NEW_ITEM, STREAM, STREAM_PQ, OFFICE.root],
            [NEW_ITEM, NEW_ITEM, STREAM, STREAM_PQ],
        ],
    )
    def test_exactly_the_keys_that_will_be_current_sign(self, signers: list[Signer]) -> None:
        """
        One missing, one that is retired by it, the root, one twice: none is a request.
        """
        with pytest.raises(SignatureError):
            asked_for(signers, item=NEW_ITEM.public_key)

    def test_a_renewal_that_was_changed_is_refused(self) -> None:
        """
        Of what it says nothing can be another without its signatures.
        """
        found = RENEWAL.decode(asked_for([NEW_ITEM, STREAM, STREAM_PQ], item=NEW_ITEM.public_key))
        for other in (
            changed(found.body, addresses=()),
            changed(found.body, time=TIME + 1),
            changed(found.body, number=2),
            changed(found.body, previous=bytes(32)),
        ):
            with pytest.raises(VerificationError):
                read_request(RENEWAL.encode(changed(found, body=other)))

    def test_another_root_vouches_for_nothing(self) -> None:
        """
        The card would be one of another chain.
        """
        asked = read_request(asked_for([NEW_ITEM, STREAM, STREAM_PQ], item=NEW_ITEM.public_key))
        with pytest.raises(SignatureError, match="not the root key"):
            vouch(asked, Ed25519Signer(seed("another root")))


class TestSince:
    """From when a revoked item key may have been in other hands."""

    @pytest.mark.parametrize(("held_at", "is_revoked"), [(None, True), (4, False), (5, True), (6, True)])
    def test_only_what_was_held_before_is_not_revoked(self, held_at: int | None, is_revoked: bool) -> None:
        """
        The instant itself is in the window, and what nobody knows when it came is too.
        """
        card = renewed(
            [NEW_ITEM, STREAM, STREAM_PQ], item=NEW_ITEM.public_key, revoked={ITEM.public_key.key_id: 5}
        )
        author = Cards([card]).item_key(ITEM.public_key.key_id)
        assert author is not None
        assert author.is_revoked(held_at) is is_revoked

    @pytest.mark.parametrize("held_at", [None, 0, 1 << 40])
    def test_without_an_instant_all_is_revoked(self, held_at: int | None) -> None:
        """
        Whenever it came.
        """
        card = renewed(
            [NEW_ITEM, STREAM, STREAM_PQ], item=NEW_ITEM.public_key, revoked={ITEM.public_key.key_id: None}
        )
        author = Cards([card]).item_key(ITEM.public_key.key_id)
        assert author is not None
        assert author.is_revoked(held_at)

    @pytest.mark.parametrize("state", [KeyState.CURRENT, KeyState.RETIRED])
    def test_is_said_of_revoked_keys_only(self, state: KeyState) -> None:
        """
        A key that is not revoked has no such instant.
        """
        with pytest.raises(MalformedError, match="only of a revoked key"):
            ListedKey(key=ITEM.public_key, state=state, since=5)

    @pytest.mark.parametrize("since", [-1, TIME + 1])
    def test_is_no_instant_after_the_card(self, since: int) -> None:
        """
        Nor one before 1970.
        """
        with pytest.raises(MalformedError, match="instant of a revocation"):
            following(FIRST, time=TIME, item=NEW_ITEM.public_key, revoked={ITEM.public_key.key_id: since})

    @pytest.mark.parametrize("key", [STREAM, STREAM_PQ])
    def test_is_said_of_item_keys_only(self, key: Signer) -> None:
        """
        Nobody keeps when a checkpoint came.
        """
        stream = [each.public_key for each in NEW_STREAM]
        with pytest.raises(MalformedError, match="only of an item key"):
            following(FIRST, time=TIME, stream=stream, revoked={key.public_key.key_id: 5})

    @pytest.mark.parametrize(
        ("before", "after", "is_lawful"),
        [(9, 9, True), (9, 8, True), (9, None, True), (9, 10, False), (None, None, True), (None, 0, False)],
    )
    def test_moves_to_an_earlier_instant_only(
        self, before: int | None, after: int | None, is_lawful: bool
    ) -> None:
        """
        "Always" is the earliest; nobody takes a revocation back.
        """
        key_id = ITEM.public_key.key_id
        signers = [NEW_ITEM, STREAM, STREAM_PQ]
        second = renewed(signers, item=NEW_ITEM.public_key, revoked={key_id: before})
        third = following(second, time=TIME, revoked={key_id: after})
        if is_lawful:
            request(second, third, signers)
            return
        with pytest.raises(VerificationError, match="since an earlier instant"):
            request(second, third, signers)

    def test_a_card_with_an_instant_has_one_spelling(self) -> None:
        """
        It is read, written and read again as the same bytes; a null in its place is refused.
        """
        card = renewed(
            [NEW_ITEM, STREAM, STREAM_PQ], item=NEW_ITEM.public_key, revoked={ITEM.public_key.key_id: 0}
        )
        assert b'"since":0,"state":"revoked"' in card.data
        with pytest.raises(LegationError):
            read(card.data.replace(b'"since":0', b'"since":null'))
