# SPDX-License-Identifier: Apache-2.0

import base64
import json
import random
import traceback
from typing import Any

import pytest

from legation.encoding import encode
from legation.errors import MalformedError
from legation.formats import spif
from legation.formats.shipped import shipped, shipped_bytes
from legation.item.draft import Draft, DraftPortion
from legation.item.draws import SecretDraws
from legation.item.portion import Kind, Text
from legation.item.signing import sign
from legation.item.view import verify
from legation.keys.card import Card, KeyState, Office, read
from legation.keys.seal import HPKEOpener
from legation.keys.sign import Ed25519Signer, MLDSA44Signer
from legation.labels import Label, Policies, reference_to
from legation.node.keys.keyring import (
    KEY_FILE_SIZE_BYTES_MAX,
    OFFICE_KEYS,
    ROOT_KEY,
    OfficeKeys,
    RootKey,
    draw_office_keys,
    draw_root_key,
    make_card,
)
from legation.node.surroundings import HERE, Surroundings
from tests.stories.cast import AUTHOR, NOON, POLICIES, around, keys_of, root_of

SECRETS = {
    "item": 32,
    "stream_ed25519": 32,
    "stream_mldsa44": 32,
    "seal_mlkem768": 64,
    "seal_x25519": 32,
    "draws": 32,
}
KEYS, ROOT = keys_of(AUTHOR), root_of("KOR")


def card(keys: OfficeKeys = KEYS, root: RootKey = ROOT, policies: Policies = POLICIES) -> Card:
    """The card of an office, made and verified."""
    return read(make_card(keys, root, policies, around()))


def changed(codec: bytes, **values: Any) -> bytes:
    """A key file with other values, in canonical form."""
    return encode(json.loads(codec) | values)


class TestKeyFiles:
    def test_the_keys_of_an_office_come_back(self) -> None:
        """
        What was written is what is read, byte for byte.
        """
        data = OFFICE_KEYS.encode(KEYS)
        assert OFFICE_KEYS.decode(data) == KEYS
        assert OFFICE_KEYS.encode(OFFICE_KEYS.decode(data)) == data
        assert len(data) < KEY_FILE_SIZE_BYTES_MAX

    def test_a_root_key_comes_back(self) -> None:
        """
        What was written is what is read, byte for byte.
        """
        data = ROOT_KEY.encode(ROOT)
        assert ROOT_KEY.decode(data) == ROOT
        assert ROOT_KEY.encode(ROOT_KEY.decode(data)) == data

    def test_a_file_says_what_it_is(self) -> None:
        """
        Nobody can give one kind of key file for the other.
        """
        with pytest.raises(MalformedError, match="root key file does not have the form"):
            ROOT_KEY.decode(OFFICE_KEYS.encode(KEYS))
        with pytest.raises(MalformedError, match="key file does not have the form"):
            OFFICE_KEYS.decode(ROOT_KEY.encode(ROOT))

    @pytest.mark.parametrize("name", SECRETS)
    @pytest.mark.parametrize("change", [-1, 1, -32])
    def test_refuses_a_secret_of_another_size(self, name: str, change: int) -> None:
        """
        A secret that is too short or too long is refused, and none of it is told.
        """
        secret = b"\xa5" * (SECRETS[name] + change)
        data = changed(OFFICE_KEYS.encode(KEYS), **{name: base64.b64encode(secret).decode()})
        with pytest.raises(MalformedError) as refused:
            OFFICE_KEYS.decode(data)
        size = SECRETS[name]
        said = f"key file holds a secret of {size + change} bytes, expected {size}"
        assert refused.value.message == said
        assert "paWl" not in "".join(traceback.format_exception(refused.value))

    def test_refuses_a_root_key_of_another_size(self) -> None:
        """
        A root key has 32 bytes.
        """
        with pytest.raises(MalformedError):
            ROOT_KEY.decode(changed(ROOT_KEY.encode(ROOT), seed=base64.b64encode(bytes(31)).decode()))

    @pytest.mark.parametrize(
        "values",
        [{"format": "legation/keys/v2"}, {"office": "kor"}, {"office": ""}, {"more": 1}, {"item": 1}],
    )
    def test_refuses_keys_of_another_form(self, values: dict[str, Any]) -> None:
        """
        Another format, what is no office and what nobody knows are refused.
        """
        with pytest.raises(MalformedError):
            OFFICE_KEYS.decode(changed(OFFICE_KEYS.encode(KEYS), **values))

    @pytest.mark.parametrize("values", [{"format": "legation/root/v2"}, {"party": "kor"}, {"more": 1}])
    def test_refuses_a_root_key_of_another_form(self, values: dict[str, Any]) -> None:
        """
        Another format, what is no party and what nobody knows are refused.
        """
        with pytest.raises(MalformedError):
            ROOT_KEY.decode(changed(ROOT_KEY.encode(ROOT), **values))

    def test_refuses_a_mission_as_the_owner_of_a_root_key(self) -> None:
        """
        A root key is a party's; a mission has none.
        """
        with pytest.raises(MalformedError):
            RootKey(format="legation/root/v1", party="KOR@NATO", seed=bytes(32))

    def test_refuses_what_is_too_long(self) -> None:
        """
        A file that is longer than any key file is not parsed.
        """
        with pytest.raises(MalformedError, match="key file has 4097 bytes, expected at most 4096"):
            OFFICE_KEYS.decode(b" " * (KEY_FILE_SIZE_BYTES_MAX + 1))


class TestSecrecy:
    @pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>99}".format, lambda key: repr([key])])
    def test_nothing_that_prints_keys_shows_them(self, show: Any) -> None:
        """
        However keys are turned into text, the text names the office and nothing else.
        """
        assert show(KEYS).strip(" []") == "OfficeKeys(KOR@NATO)"
        assert show(ROOT).strip(" []") == "RootKey(KOR)"

    def test_the_card_holds_no_secret(self) -> None:
        """
        No seed is in the card, in any spelling.
        """
        data = make_card(KEYS, ROOT, POLICIES, around())
        for secret in (*(getattr(KEYS, name) for name in SECRETS), ROOT.seed):
            for spelled in (secret, secret.hex().encode(), base64.b64encode(secret)[:-4]):
                assert spelled not in data

    def test_all_that_is_drawn_differs(self) -> None:
        """
        No two secrets are alike, within an office or between two.
        """
        other = draw_office_keys(Office.parse(AUTHOR), around(7))
        drawn = [getattr(keys, name) for keys in (KEYS, other) for name in SECRETS]
        assert len(set(drawn)) == len(drawn)

    def test_every_secret_is_drawn_from_the_given_randomness(self) -> None:
        """
        So many bytes are asked for as the secrets have, and they are the secrets.
        """
        given: list[bytes] = []
        dice = random.Random(1)

        def draw(size_bytes: int) -> bytes:
            given.append(dice.randbytes(size_bytes))
            return given[-1]

        keys = draw_office_keys(Office.parse("KOR"), Surroundings(now=lambda: NOON, random=draw))
        assert sorted(given) == sorted(getattr(keys, name) for name in SECRETS)
        root = draw_root_key("KOR", Surroundings(now=lambda: NOON, random=draw))
        assert given[-1] == root.seed

    def test_this_machine_draws_from_its_operating_system(self) -> None:
        """
        The real surroundings give fresh bytes and the present instant with its zone.
        """
        assert HERE.random(32) != HERE.random(32)
        assert len(HERE.random(64)) == 64
        assert HERE.now().utcoffset() is not None


class TestMakeCard:
    def test_the_card_is_its_own_and_says_what_the_keys_are(self) -> None:
        """
        It verifies, is number 0, and lists the public halves of exactly these keys, all current.
        """
        found = card()
        assert str(found.office) == AUTHOR
        assert found.body.number == 0
        assert found.body.previous is None
        assert found.body.time == int(NOON.timestamp())
        assert found.body.root == Ed25519Signer(ROOT.seed).public_key
        assert [each.key for each in found.body.item_keys] == [Ed25519Signer(KEYS.item).public_key]
        streams = {each.key for each in found.body.stream_keys}
        assert streams == {
            Ed25519Signer(KEYS.stream_ed25519).public_key,
            MLDSA44Signer(KEYS.stream_mldsa44).public_key,
        }
        opener = HPKEOpener(mlkem_seed=KEYS.seal_mlkem768, x25519_seed=KEYS.seal_x25519)
        assert [each.key for each in found.body.seal_keys] == [opener.public_key]
        listed = (*found.body.item_keys, *found.body.stream_keys)
        assert {each.state for each in listed} == {KeyState.CURRENT}

    def test_a_capital_has_a_card_too(self) -> None:
        """
        An office without a host is an office.
        """
        assert str(card(draw_office_keys(Office.parse("KOR"), around(33))).office) == "KOR"

    def test_what_the_keys_sign_verifies_under_the_card(self) -> None:
        """
        An item signed with the key file verifies with the card that was made of it.
        """
        policy = shipped("exercise-1")
        draft = Draft(
            kind=Kind.REPORT,
            policies=(reference_to(policy),),
            portions=(
                DraftPortion(
                    label=Label(policy_id=policy.id, classification="OPEN"), portion=Text(text="Words.")
                ),
            ),
        )
        item = sign(
            draft,
            document=bytes(16),
            time=0,
            signer=KEYS.item_signer,
            draws=SecretDraws(KEYS.draws, bytes(32), draft.digest),
        )
        assert str(verify(item, [card()]).author) == AUTHOR

    def test_it_names_the_policies_at_hand(self) -> None:
        """
        Whoever reads the card knows under which rules the office decides.
        """
        references = sorted((reference_to(policy) for policy in POLICIES), key=lambda each: each.id)
        assert list(card().body.policies) == references

    def test_of_two_versions_it_names_the_higher(self) -> None:
        """
        With a policy and its successor at hand, the card can be made and names the successor.
        """
        newer = spif.read(shipped_bytes("exercise-1").replace(b'version="1"\n', b'version="2"\n'))
        for policies in ([*POLICIES, newer], [newer, *POLICIES]):
            named = {each.id: each.version for each in card(policies=Policies(policies)).body.policies}
            assert named[newer.id] == 2
            assert len(named) == 2

    @pytest.mark.parametrize("party", ["JPN", "NATO"])
    def test_refuses_the_root_key_of_another_party(self, party: str) -> None:
        """
        No party vouches for another's office, not even the host's.
        """
        with pytest.raises(MalformedError, match=f"root key of `{party}`, expected one of `KOR`"):
            make_card(KEYS, root_of(party), POLICIES, around())
