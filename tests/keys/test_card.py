# SPDX-License-Identifier: Apache-2.0

import importlib
import itertools
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.encoding import encode
from legation.errors import LegationError, MalformedError, SignatureError, VerificationError
from legation.keys.card import (
    ADDRESS_LENGTH_MAX,
    ADDRESSES_MAX,
    CARD_SIZE_BYTES_MAX,
    CURRENT_ITEM_KEYS_MAX,
    FORMAT,
    KEYS_MAX,
    NUMBER_MAX,
    POLICIES_MAX,
    POLICY_ID_LENGTH_MAX,
    PROTOCOL_MAX,
    PROTOCOLS_MAX,
    TIME_MAX,
    Card,
    Cards,
    KeyState,
    ListedKey,
    ListedSealKey,
    Office,
    PolicyReference,
    fingerprint,
    make,
    read,
    succeeds,
)
from legation.keys.fingerprint_words import WORDS
from legation.keys.seal import SealPublicKey
from legation.keys.sign import (
    Ed25519Signer,
    KeyId,
    MLDSA44Signer,
    MLDSA44Twin,
    PublicKey,
    Purpose,
    Signer,
    unsafe_verify,
)
from tests.keys.office import (
    CURRENT,
    RETIRED,
    REVOKED,
    VECTOR,
    Keys,
    canonical,
    example,
    forge,
    listed,
    opener,
    seed,
    vector,
)

SPECIFICATION = Path(__file__).parents[2] / "docs" / "spec" / "card.md"
KOR = Keys.of("KOR@NATO")
AUS = Keys.of("AUS@NATO")
DATA = KOR.card()
CARD = read(DATA)
STRANGER = Ed25519Signer(seed("stranger"))

Change = Callable[[dict[str, Any]], None]


def text(raw: bytes) -> str:
    """Bytes as the encoding writes them."""
    return b64encode(raw).decode()


def body_of(data: bytes) -> dict[str, Any]:
    """The body of a card as plain JSON, to be changed."""
    body: dict[str, Any] = json.loads(data)["body"]
    return body


def with_body(change: Change, data: bytes = DATA) -> dict[str, Any]:
    """A body with a change made to it."""
    body = body_of(data)
    change(body)
    return body


def setting(**values: Any) -> Change:
    """The change that sets fields."""
    return lambda body: body.update(values)


def removing(field: str) -> Change:
    """The change that leaves a field out."""
    return lambda body: body.pop(field)


def entry(key: PublicKey | SealPublicKey, state: str = "current") -> dict[str, Any]:
    """A key as a card lists it, in plain JSON."""
    return {"key": {"algorithm": key.algorithm, "key": text(key.key)}, "state": state}


def raw_entry(algorithm: str, raw: bytes, state: str = "current") -> dict[str, Any]:
    """A key that need not be one, as a card would list it."""
    return {"key": {"algorithm": algorithm, "key": text(raw)}, "state": state}


def ascending(*signers: Signer) -> list[Signer]:
    """Signers by key id."""
    return sorted(signers, key=lambda signer: signer.public_key.key_id)


def refused_by(error: type[LegationError], data: bytes) -> None:
    """Check that a card is refused, by this family of errors."""
    with pytest.raises(error):
        read(data)


ITEM = KOR.items[0][0]
STREAM, STREAM_PQ = KOR.streams[0][0], KOR.streams[1][0]
SEAL = KOR.seals[0][0].public_key

WRONG_OFFICES = """
K @ KOR@ @NATO KOR@N KOR@@NATO KOR@NATO@EU KOR@KOR kor 1KO -KO K_R K.R K\u00d6R \u039aOR KOR\u200b
AAAAAAAAAAAAAAAAA
"""
HOST_OF_253 = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}"
RIGHT_ADDRESSES = """
a nato.example a-b.c1.example:1 xn--bcher-kva.example:65535 192.0.2.1 10.0.0.255:80 https://a.example
https://a.example/ https://192.0.2.1:8443/x https://a.example:1/x/y_z~1.2/ https://a.example/.x/..y/z..
"""
WRONG_ADDRESSES = """
. a..b .a a. -a a- a_b A.example a.example/ a.example/x http://a.example HTTPS://a.example https://
https:///x https:a //a file:///etc https://u@a.example https://u:p@a.example u@a.example
https://a.example@b.example https://a.example?x https://a.example/?x=1 https://a.example/#x
https://a.example/%2e https://a.example/. https://a.example/../x https://a.example/x/..
https://a.example/x/./y https://a.example//x https://a.example\\x a.example:0 a.example:65536 a.example:080
a.example: a:1:2 1 1.2.3 1.2.3.4.5 256.1.1.1 01.2.3.4 0x7f.1 1.2.3.4.example:x 2130706433 a.1 [::1]
https://[::1]/ b\u00fccher.example \uff41.example a\u3002b
"""

#: What a peer may write into a body that it then signs with all its keys.
HOSTILE_BODIES: dict[str, Change] = {
    "another format": setting(format="legation/card/v2"),
    "no format": removing("format"),
    "format is no text": setting(format=1),
    "unknown field": setting(note="x"),
    "null instead of nothing": setting(previous=None),
    "office in small letters": setting(office="kor@nato"),
    "office is its own host": setting(office="KOR@KOR"),
    "office with a line": setting(office="KOR\n"),
    "office with two hosts": setting(office="KOR@NATO@EU"),
    "office in another script": setting(office="КОR"),
    "office is empty": setting(office=""),
    "number below zero": setting(number=-1),
    "number too large": setting(number=NUMBER_MAX + 1, previous=text(bytes(32))),
    "number is no whole number": setting(number=0.0),
    "number is true": setting(number=True, previous=text(bytes(32))),
    "number is text": setting(number="0"),
    "first card with a previous one": setting(previous=text(bytes(32))),
    "later card without a previous one": setting(number=1),
    "previous is too short": setting(number=1, previous=text(bytes(31))),
    "previous is empty": setting(number=1, previous=""),
    "previous is no base64": setting(number=1, previous="!" * 44),
    "time below zero": setting(time=-1),
    "time in the year 10000": setting(time=TIME_MAX + 1),
    "time with a fraction": setting(time=1.5),
    "root of another algorithm": setting(root=entry(STREAM_PQ.public_key)["key"]),
    "root of small order": setting(root=raw_entry("ed25519", bytes(32))["key"]),
    "root is not canonical": setting(root=raw_entry("ed25519", b"\xff" * 32)["key"]),
    "root without algorithm": setting(root={"key": text(bytes(32))}),
    "item key of another algorithm": setting(item_keys=[entry(STREAM_PQ.public_key)]),
    "item key is the root": setting(item_keys=[entry(KOR.root.public_key)]),
    "item key is the stream key": setting(item_keys=[entry(STREAM.public_key)]),
    "item key twice": setting(item_keys=[entry(ITEM.public_key)] * 2),
    "item key in two states": lambda body: body.update(
        number=1,
        previous=text(bytes(32)),
        item_keys=[entry(ITEM.public_key), entry(ITEM.public_key, "retired")],
    ),
    "item keys descending": lambda body: body.update(
        item_keys=[entry(signer.public_key) for signer in ascending(ITEM, STRANGER)[::-1]]
    ),
    "no item key": setting(item_keys=[]),
    "no current item key": lambda body: body.update(
        number=1, previous=text(bytes(32)), item_keys=[entry(ITEM.public_key, "retired")]
    ),
    "too many current item keys": lambda body: body.update(
        item_keys=[entry(key) for key in many_keys(CURRENT_ITEM_KEYS_MAX + 1)]
    ),
    "key in an unknown state": setting(item_keys=[entry(ITEM.public_key, "trusted")]),
    "key without a state": setting(item_keys=[{"key": entry(ITEM.public_key)["key"]}]),
    "key with an unknown field": setting(item_keys=[entry(ITEM.public_key) | {"note": "x"}]),
    "first card with a retired key": lambda body: body.update(
        item_keys=[
            entry(signer.public_key, "current" if signer is ITEM else "retired")
            for signer in ascending(ITEM, STRANGER)
        ]
    ),
    "weak item key beside the true one": lambda body: body.update(
        item_keys=[raw_entry("ed25519", b"\x01" + bytes(31)), entry(ITEM.public_key)]
    ),
    "too many item keys": lambda body: body.update(item_keys=[entry(key) for key in many_keys(KEYS_MAX + 1)]),
    "stream key of one algorithm only": setting(stream_keys=[entry(STREAM.public_key)]),
    "two current stream keys of one algorithm": lambda body: body.update(
        stream_keys=[entry(signer.public_key) for signer in ascending(STREAM, STREAM_PQ, STRANGER)]
    ),
    "stream key is a seal key": setting(stream_keys=[entry(STREAM.public_key), entry(SEAL)]),
    "no seal key": setting(seal_keys=[]),
    "seal key of another algorithm": setting(seal_keys=[entry(ITEM.public_key)]),
    "seal key of low order": setting(seal_keys=[raw_entry("mlkem768-x25519", SEAL.key[:1184] + bytes(32))]),
    "two current seal keys": lambda body: body.update(
        seal_keys=[
            entry(key) for key in sorted((SEAL, opener("second").public_key), key=lambda key: key.key_id)
        ]
    ),
    "address twice": setting(addresses=["a.example", "a.example"]),
    "address with a user name": setting(addresses=["https://user:word@a.example/"]),
    "too many addresses": setting(addresses=[f"a{n}.example" for n in range(17)]),
    "no protocol version": setting(protocols=[]),
    "protocol version 0": setting(protocols=[0]),
    "protocol version too large": setting(protocols=[65_536]),
    "protocol versions descending": setting(protocols=[2, 1]),
    "protocol version twice": setting(protocols=[1, 1]),
    "too many protocol versions": setting(protocols=list(range(1, 18))),
    "policy twice": lambda body: body.update(policies=body["policies"] * 2),
    "policies descending": setting(
        policies=[{"digest": text(bytes(32)), "id": id, "version": 1} for id in ("2.25.2", "2.25.1")]
    ),
    "policy without a digest": setting(policies=[{"id": "2.25.1", "version": 1}]),
    "policy version below zero": setting(
        policies=[{"digest": text(bytes(32)), "id": "2.25.1", "version": -1}]
    ),
    "policy digest too short": setting(policies=[{"digest": text(bytes(31)), "id": "2.25.1", "version": 1}]),
    "policy identifier is no OID": setting(
        policies=[{"digest": text(bytes(32)), "id": "1.40", "version": 1}]
    ),
    "too many policies": setting(
        policies=[
            {"digest": text(bytes(32)), "id": id, "version": 1}
            for id in sorted(f"2.25.{n}" for n in range(65))
        ]
    ),
}

#: What somebody on the way may change, each a lawful value, after the office has signed.
ALTERATIONS: dict[str, Change] = {
    "addresses": setting(addresses=["evil.example"]),
    "no addresses": setting(addresses=[]),
    "addresses in another order": lambda body: body["addresses"].reverse(),
    "number": setting(number=1, previous=text(bytes(32))),
    "office": setting(office="AUS@NATO"),
    "capital": setting(office="KOR"),
    "no policies": setting(policies=[]),
    "policy version": lambda body: body["policies"][0].update(version=2),
    "policy digest": lambda body: body["policies"][0].update(digest=text(bytes(32))),
    "protocols": setting(protocols=[1, 2]),
    "seal key": setting(seal_keys=[entry(opener("AUS@NATO seal").public_key)]),
    "time": lambda body: body.update(time=body["time"] + 1),
}


def many_keys(count: int) -> list[PublicKey]:
    """Ed25519 keys, ascending by key id."""
    keys = (PublicKey(algorithm="ed25519", key=sha256(str(n).encode()).digest()) for n in range(count))
    return sorted(keys, key=lambda key: key.key_id)


class TestRead:
    def test_returns_what_the_card_says(self) -> None:
        """A card that its office made is read back whole."""
        assert CARD.office == Office(party="KOR", host="NATO")
        assert CARD.body == KOR.body()
        assert CARD.data == DATA
        assert CARD.digest == sha256(DATA).digest()

    def test_one_body_has_one_encoding(self) -> None:
        """The bytes are those that another library writes for the same JSON."""
        assert canonical(json.loads(DATA)) == DATA
        assert encode(CARD.body) == canonical(body_of(DATA))

    def test_takes_an_office_without_addresses_and_policies(self) -> None:
        """An office may be reached by bag only."""
        assert read(KOR.card(addresses=(), policies=())).body.addresses == ()

    def test_takes_a_later_card_with_keys_in_every_state(self) -> None:
        """Retired and revoked keys are listed and do not sign."""
        keys = KOR.with_new_item_key().with_new_item_key(REVOKED)
        card = read(keys.card(number=7, previous=bytes(32)))
        states = {listed.state for listed in card.body.item_keys}
        assert states == {CURRENT, RETIRED, REVOKED}

    @pytest.mark.parametrize("change", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES.keys())
    def test_refuses_a_body_in_the_wrong_form_though_it_is_signed(self, change: Change) -> None:
        """What a card must not say it cannot say, whoever signs it."""
        refused_by(MalformedError, forge(with_body(change), KOR.signers))

    def test_forged_cards_would_be_read_if_they_were_right(self) -> None:
        """The forge that makes hostile cards makes honest ones too."""
        assert read(forge(body_of(DATA), KOR.signers)).body == CARD.body

    @pytest.mark.parametrize("change", ALTERATIONS.values(), ids=ALTERATIONS.keys())
    def test_refuses_a_field_altered_on_the_way(self, change: Change) -> None:
        """Every field is covered by every signature."""
        signed = json.loads(DATA)
        change(signed["body"])
        refused_by(SignatureError, canonical(signed))

    def test_refuses_a_change_at_any_byte(self) -> None:
        """No byte of a card is without meaning; only two families of error come out."""
        for place in range(0, len(DATA), 5):
            changed = bytearray(DATA)
            changed[place] ^= 1
            with pytest.raises((MalformedError, VerificationError)):
                read(bytes(changed))

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"{}", id="no fields"),
            pytest.param(DATA + b"\n", id="newline after"),
            pytest.param(b" " + DATA, id="space before"),
            pytest.param(b"\xef\xbb\xbf" + DATA, id="byte order mark"),
            pytest.param(DATA.decode().encode("utf-16"), id="utf-16"),
            pytest.param(DATA + DATA, id="twice"),
            pytest.param(DATA[:-1], id="cut short"),
            pytest.param(DATA.replace(b'"number":0', b'"number":0,"number":0'), id="field twice"),
            pytest.param(DATA.replace(b'"number":0', b'"number":-0'), id="minus zero"),
            pytest.param(DATA.replace(b"KOR@NATO", rb"\u004bOR@NATO"), id="escaped letter"),
            pytest.param(DATA.replace(b"=", b""), id="base64 without padding"),
            pytest.param(b"[" * 100_000, id="deep arrays"),
            pytest.param(b'{"body":' * 60_000, id="deep objects"),
            pytest.param(DATA.replace(b'"number":0', b'"number":' + b"9" * 400_000), id="endless number"),
            pytest.param(DATA.replace(b"KOR@NATO", b"\xff\xfe"), id="no utf-8"),
            pytest.param(DATA.replace(b"KOR@NATO", rb"\ud800"), id="half a surrogate pair"),
            pytest.param(DATA.replace(b'"office"', rb'"\u006fffice"'), id="escaped field name"),
            pytest.param(DATA + b" " * CARD_SIZE_BYTES_MAX, id="long"),
        ],
    )
    def test_refuses_bytes_that_are_not_canonical(self, data: bytes) -> None:
        """One card is one string of bytes."""
        refused_by(MalformedError, data)

    @settings(deadline=None, max_examples=200)
    @given(data=st.binary(max_size=200))
    def test_refuses_any_bytes_with_one_error(self, data: bytes) -> None:
        """Whatever the bytes, ``MalformedError`` and nothing else comes out."""
        refused_by(MalformedError, data)


class TestSignatures:
    def signed(self, change: Callable[[list[dict[str, str]]], Any], data: bytes = DATA) -> bytes:
        """The card with a change made to its signatures."""
        card = json.loads(data)
        change(card["signatures"])
        return canonical(card)

    @pytest.mark.parametrize("place", range(4))
    def test_refuses_one_signature_too_few(self, place: int) -> None:
        """The root, the item key and both stream keys must each sign."""
        refused_by(SignatureError, self.signed(lambda found: found.pop(place)))

    @pytest.mark.parametrize("place", range(4))
    def test_refuses_a_signature_twice(self, place: int) -> None:
        """No signature stands for two."""
        refused_by(SignatureError, self.signed(lambda found: found.insert(place, found[place])))
        other = (place + 1) % 4
        refused_by(SignatureError, self.signed(lambda found: found.__setitem__(other, found[place])))

    @pytest.mark.parametrize("places", list(itertools.permutations(range(4))), ids=str)
    def test_refuses_any_other_order(self, places: tuple[int, ...]) -> None:
        """Signatures ascend by key id, so that a card has one form."""
        data = self.signed(lambda found: found.__setitem__(slice(None), [found[n] for n in places]))
        if places == (0, 1, 2, 3):
            assert read(data) == CARD
        else:
            refused_by(SignatureError, data)

    @pytest.mark.parametrize("places", list(itertools.permutations(range(4), 2)), ids=str)
    def test_refuses_the_signature_of_another_key(self, places: tuple[int, int]) -> None:
        """A signature under the name of another key does not hold."""
        one, other = places
        refused_by(
            SignatureError,
            self.signed(lambda found: found[one].update(signature=found[other]["signature"])),
        )

    def test_refuses_a_signature_of_a_stranger_or_of_a_retired_key(self) -> None:
        """Nobody signs a card but those it lists as current."""
        refused_by(SignatureError, forge(body_of(DATA), [*KOR.signers, STRANGER]))
        keys = KOR.with_new_item_key()
        data = keys.card(number=1, previous=bytes(32))
        refused_by(SignatureError, forge(body_of(data), [*keys.signers, ITEM]))

    def test_refuses_none_at_all(self) -> None:
        """An empty list of signatures satisfies nobody."""
        refused_by(SignatureError, self.signed(lambda found: found.clear()))

    def test_refuses_an_unknown_field_and_a_missing_one(self) -> None:
        """The form of a signature is fixed too."""
        refused_by(MalformedError, self.signed(lambda found: found[0].update(note="x")))
        refused_by(MalformedError, self.signed(lambda found: found[0].pop("key")))
        refused_by(MalformedError, canonical(json.loads(DATA) | {"note": "x"}))

    def test_refuses_a_card_that_lists_the_key_of_somebody_else(self) -> None:
        """To list a key as current one must hold it: the holder's other signatures do not help."""
        keys = replace(KOR, items=(*KOR.items, (STRANGER, CURRENT)))
        body = keys.body()
        refused_by(SignatureError, forge(json.loads(encode(body)), KOR.signers))
        fake = Ed25519Signer(seed("fake"))
        stolen = STRANGER.sign(Purpose.ITEM, encode(body))
        signed = json.loads(forge(json.loads(encode(body)), [*KOR.signers, fake]))
        for found in signed["signatures"]:
            if found["key"] == text(fake.public_key.key_id):
                found |= {"key": text(STRANGER.public_key.key_id), "signature": text(stolen)}
        signed["signatures"].sort(key=read_key)
        refused_by(SignatureError, canonical(signed))

    def test_refuses_signatures_of_another_card(self) -> None:
        """Signatures do not move from card to card."""
        other = json.loads(KOR.card(time=1))
        refused_by(SignatureError, canonical(json.loads(DATA) | {"signatures": other["signatures"]}))


def read_key(found: dict[str, str]) -> bytes:
    """The key id of a signature, as bytes."""
    return b64decode(found["key"])


class TestKeysOfACard:
    def rotated(self, state: KeyState) -> tuple[Keys, list[Signer]]:
        """An office after both stream keys and its seal key have been replaced, and its old stream keys."""
        old = [signer for signer, _ in KOR.streams]
        new = (Ed25519Signer(seed("new stream")), MLDSA44Signer(seed("new stream")))
        streams = (*((signer, state) for signer in old), *((signer, CURRENT) for signer in new))
        seals = ((KOR.seals[0][0], state), (opener("new seal"), CURRENT))
        return replace(KOR, streams=streams, seals=seals), old

    def test_first_card_gives_its_only_keys(self) -> None:
        """Before any rotation there is one key for each thing."""
        assert set(CARD.stream_keys) == {STREAM.public_key, STREAM_PQ.public_key}
        assert CARD.envelope_key == STREAM.public_key
        assert CARD.seal_key == KOR.seals[0][0].public_key

    def test_retired_stream_keys_still_verify_and_sign_no_envelope(self) -> None:
        """After a rotation old streams can be verified; envelopes and seals are of the new keys only."""
        keys, old = self.rotated(RETIRED)
        card = read(keys.card(number=1, previous=CARD.digest))
        assert set(card.stream_keys) == {signer.public_key for signer, _ in keys.streams}
        assert card.envelope_key == keys.streams[2][0].public_key
        assert card.envelope_key not in {signer.public_key for signer in old}
        assert card.seal_key == keys.seals[1][0].public_key

    def test_seal_key_is_the_current_one_wherever_it_stands(self) -> None:
        """Seal keys are listed by key id: the current one may be the first or the last."""
        places = set()
        for number in range(8):
            new = opener(f"seal {number}")
            keys = replace(KOR, seals=((KOR.seals[0][0], RETIRED), (new, CURRENT)))
            card = read(keys.card(number=1, previous=CARD.digest))
            assert card.seal_key == new.public_key
            places.add(card.body.seal_keys[0].key == new.public_key)
        assert places == {True, False}

    def test_revoked_stream_keys_verify_nothing(self) -> None:
        """A key that may be in other hands is not given to anybody who verifies."""
        keys, old = self.rotated(REVOKED)
        card = read(keys.card(number=1, previous=CARD.digest))
        assert not {signer.public_key for signer in old} & set(card.stream_keys)
        assert len(card.stream_keys) == 2
        assert card.envelope_key == keys.streams[2][0].public_key
        assert card.seal_key == keys.seals[1][0].public_key


class TestMake:
    def test_order_of_signers_does_not_matter(self) -> None:
        """Signatures are put in order; those that are deterministic come out the same."""
        one, other = (json.loads(make(KOR.body(), order)) for order in (KOR.signers, KOR.signers[::-1]))
        assert [s["key"] for s in one["signatures"]] == [s["key"] for s in other["signatures"]]
        assert one["body"] == other["body"]

    @pytest.mark.parametrize(
        "signers",
        [
            pytest.param([], id="none"),
            *(pytest.param(KOR.signers[:n] + KOR.signers[n + 1 :], id=f"without {n}") for n in range(4)),
            pytest.param([*KOR.signers, STRANGER], id="a stranger"),
            pytest.param([*KOR.signers, KOR.root], id="one twice"),
        ],
    )
    def test_refuses_signers_that_the_body_does_not_name(self, signers: list[Signer]) -> None:
        """A card that others would refuse is not made."""
        with pytest.raises(SignatureError):
            make(KOR.body(), signers)

    def test_fullest_card_is_read(self) -> None:
        """All limits reached at once stay below the limit in bytes, so that none of them is a lie."""
        many = [
            (Ed25519Signer(seed(f"item {n}")), CURRENT if n < CURRENT_ITEM_KEYS_MAX else RETIRED)
            for n in range(KEYS_MAX)
        ]
        pq_keys = [PublicKey(algorithm="ml-dsa-44", key=n.to_bytes(1312, "big")) for n in range(KEYS_MAX - 2)]
        curve_keys = [(n + 2).to_bytes(32, "little") for n in range(KEYS_MAX - 1)]
        seal_keys = [
            SealPublicKey(algorithm="mlkem768-x25519", key=SEAL.key[:1184] + key) for key in curve_keys
        ]
        body = KOR.body(
            number=NUMBER_MAX,
            previous=bytes(32),
            addresses=tuple(f"{n:02}.{'a.' * 121}example" for n in range(16)),
            item_keys=listed(*many),
            stream_keys=by_id([ListedKey(key=key, state=RETIRED) for key in pq_keys], listed(*KOR.streams)),
            seal_keys=by_id(
                [ListedSealKey(key=key, state=REVOKED) for key in seal_keys], CARD.body.seal_keys
            ),
            policies=tuple(
                PolicyReference(id=f"2.25.{n}{'1' * 249}", version=2**53 - 1, digest=bytes(32))
                for n in range(10, 74)
            ),
            protocols=tuple(range(65_520, 65_536)),
            time=TIME_MAX,
        )
        data = make(
            body, [*(signer for signer, state in many if state is CURRENT), KOR.root, STREAM, STREAM_PQ]
        )
        assert read(data).body == body
        assert len(data) > 0.9 * CARD_SIZE_BYTES_MAX

    def test_card_longer_than_the_limit_is_not_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What others would not read is not given out."""
        body = KOR.body()
        monkeypatch.setattr("legation.keys.card._CODEC._size_bytes_max", len(DATA) - 1)
        with pytest.raises(MalformedError, match="at most"):
            make(body, KOR.signers)


def by_id(*roles: Iterable[Any]) -> tuple[Any, ...]:
    """Listed keys together, ascending by key id."""
    return tuple(sorted(itertools.chain(*roles), key=lambda listed: listed.key.key_id))


class TestBody:
    def test_made_here_in_another_format_is_refused_too(self) -> None:
        """The form is checked when a body is made, not only when it is read."""
        with pytest.raises(MalformedError, match="of the format"):
            KOR.body(format="legation/card/v2")


class TestOffice:
    @pytest.mark.parametrize(
        "code",
        ["KOR", "KOR@NATO", "AP4", "NATO", "KR@EU", "A" * 16, "A1-B2@C-3", f"{'A' * 16}@{'B' * 16}"],
    )
    def test_is_written_as_it_was_read(self, code: str) -> None:
        """Parsing and writing are a pair."""
        assert str(Office.parse(code)) == code

    @pytest.mark.parametrize("code", [*WRONG_OFFICES.split(), "", "KOR ", " KOR", "KOR\n", "KOR@NATO\n"])
    def test_refuses_anything_else(self, code: str) -> None:
        """Codes are plain: no look-alikes, no case, no space."""
        with pytest.raises(MalformedError):
            Office.parse(code)

    def test_same_office_is_the_same_key_of_a_mapping(self) -> None:
        """Offices compare by what they name."""
        assert {Office.parse("KOR@NATO"): 1}[Office(party="KOR", host="NATO")] == 1
        assert Office.parse("KOR") != Office.parse("KOR@NATO")


class TestAddresses:
    @pytest.mark.parametrize("address", [*RIGHT_ADDRESSES.split(), HOST_OF_253])
    def test_takes_host_names_and_https_urls(self, address: str) -> None:
        """What one can connect to."""
        assert KOR.body(addresses=(address,)).addresses == (address,)

    @pytest.mark.parametrize(
        "address",
        [
            *WRONG_ADDRESSES.split(),
            *("", " ", "a b", "a.example\n", "https://a.example/\n"),
            *("a" * 64, f"{HOST_OF_253}d", "https://a.example/" + "x" * 240),
        ],
        ids=ascii,
    )
    def test_refuses_what_two_programs_may_read_differently(self, address: str) -> None:
        """Anything else is no address of a card."""
        with pytest.raises(MalformedError, match="address"):
            KOR.body(addresses=(address,))


class TestSucceeds:
    def chain(self, keys: Keys, **changes: Any) -> Card:
        """The second card of the chain, with changes."""
        return read(keys.card(**{"number": 1, "previous": CARD.digest, **changes}))

    def test_takes_the_next_card_with_and_without_changes(self) -> None:
        """Everything but root and office may change from card to card."""
        succeeds(CARD, self.chain(KOR))
        succeeds(CARD, self.chain(KOR.with_new_item_key(), addresses=(), protocols=(1, 2), time=0))
        succeeds(CARD, self.chain(KOR.with_new_item_key(REVOKED)))

    def test_refuses_a_card_before_or_beside_it(self) -> None:
        """A card does not follow itself, nor one that it does not name, nor with a number left out."""
        other = read(KOR.card(time=1))
        for old, new in [
            (CARD, CARD),
            (CARD, other),
            (other, self.chain(KOR)),
            (CARD, self.chain(KOR, number=2)),
            (self.chain(KOR), CARD),
            (CARD, self.chain(KOR, previous=bytes(32))),
        ]:
            with pytest.raises(VerificationError, match="number"):
                succeeds(old, new)

    def test_refuses_another_office_and_another_root(self) -> None:
        """A chain stays with one office and under one root, even if all else fits."""
        with pytest.raises(VerificationError, match="expected one of"):
            succeeds(CARD, self.chain(replace(KOR, office="KOR@EU")))
        with pytest.raises(VerificationError, match="root"):
            succeeds(CARD, self.chain(replace(KOR, root=STRANGER)))

    @pytest.mark.parametrize("after", [None, *KeyState], ids=str)
    @pytest.mark.parametrize("before", [None, *KeyState], ids=str)
    @pytest.mark.parametrize("role", ["items", "streams", "seals"])
    def test_states_only_go_down(self, role: str, before: KeyState | None, after: KeyState | None) -> None:
        """A key enters as current, never rises, and never leaves the list; in each role."""
        old, new = (replace(KOR, **entries) for entries in self.watched(role, before, after))
        first = read(old.card(number=4, previous=bytes(32)))
        second = read(new.card(number=5, previous=first.digest))
        ranks = {None: 0, CURRENT: 1, RETIRED: 2, REVOKED: 3}
        lawful = after in (None, CURRENT) if before is None else ranks[after] >= ranks[before]
        if lawful:
            succeeds(first, second)
        else:
            with pytest.raises(VerificationError, match=r"was .* and is"):
                succeeds(first, second)

    def watched(self, role: str, before: KeyState | None, after: KeyState | None) -> list[dict[str, Any]]:
        """A role in two cards: a watched key in two states, and beside it a lawful current one if needed."""
        source: Callable[[str], Any] = opener if role == "seals" else lambda name: Ed25519Signer(seed(name))
        always = KOR.streams[1:] if role == "streams" else ()
        if before is CURRENT:
            first = []
            second = [] if after is CURRENT else [(source("next"), CURRENT)]
        else:
            first = [(source("steady"), CURRENT)]
            second = [(source("steady"), RETIRED if after is CURRENT else CURRENT)]
        first += [(source("watched"), before)] if before else []
        second += [(source("watched"), after)] if after else []
        return [{role: (*always, *first)}, {role: (*always, *second)}]

    def test_refuses_a_key_that_changes_its_role(self) -> None:
        """An item key never becomes a stream key, even retired."""
        keys = KOR.with_new_item_key()
        moved = replace(keys, items=keys.items[1:], streams=(*keys.streams, (ITEM, RETIRED)))
        with pytest.raises(VerificationError, match="and is not listed"):
            succeeds(CARD, self.chain(moved))

    def test_follows_a_chain_of_rotations(self) -> None:
        """Ten rotations make a chain of eleven cards; leaving one out breaks it."""
        keys, cards = KOR, [CARD]
        for number in range(1, 11):
            keys = keys.with_new_item_key()
            cards.append(read(keys.card(number=number, previous=cards[-1].digest)))
        for old, new in itertools.pairwise(cards):
            succeeds(old, new)
        with pytest.raises(VerificationError):
            succeeds(cards[3], cards[5])


class TestFingerprint:
    def test_is_twelve_words_that_spell_132_bits_of_a_hash(self) -> None:
        """The words, put together again, are the beginning of the hash."""
        words = fingerprint(CARD)
        assert len(words) == 12
        bits = "".join(f"{WORDS.index(word):011b}" for word in words)
        digest = sha256(b"legation/fingerprint/v1\n" + DATA).digest()
        assert f"{int.from_bytes(digest, 'big'):0256b}".startswith(bits)

    def test_each_card_has_its_own(self) -> None:
        """The same body signed again is another card; so is the card of another office."""
        cards = [CARD, read(KOR.card()), read(AUS.card())]
        assert len({fingerprint(card) for card in cards}) == 3

    def test_words_are_few_plain_and_told_apart_by_four_letters(self) -> None:
        """There are 2,048, and no two begin with the same four letters."""
        assert len(WORDS) == len({word[:4] for word in WORDS}) == 2048
        assert all(word.isascii() and word.islower() and 3 <= len(word) <= 8 for word in WORDS)

    def test_words_are_those_of_bip_39(self) -> None:
        """The module is what its generator writes, from a package that others maintain."""
        mnemonic = pytest.importorskip("mnemonic")
        assert list(WORDS) == mnemonic.Mnemonic("english").wordlist
        generator = importlib.import_module("tools.fingerprint_words")
        assert generator.TARGET.read_text("ascii") == generator.render()


class TestCards:
    def test_finds_whose_item_key_it_is(self) -> None:
        """An id leads to office, key and state; stream keys, roots and strangers are no item keys."""
        keys = KOR.with_new_item_key(REVOKED)
        cards = Cards([read(keys.card(number=1, previous=bytes(32))), read(AUS.card())])
        for signer, state in keys.items:
            author = cards.item_key(signer.public_key.key_id)
            assert author is not None
            assert (author.office, author.public_key, author.state) == (CARD.office, signer.public_key, state)
        aus = cards.item_key(AUS.items[0][0].public_key.key_id)
        assert aus is not None
        assert aus.office == Office.parse("AUS@NATO")
        assert aus.state is CURRENT
        for signer in (KOR.root, STREAM, STREAM_PQ, STRANGER):
            assert cards.item_key(signer.public_key.key_id) is None
        assert cards.item_key(KeyId(b"")) is None

    def test_nothing_pinned_finds_nobody(self) -> None:
        """Without cards nobody is known."""
        assert Cards([]).item_key(ITEM.public_key.key_id) is None

    def test_same_card_twice_does_no_harm(self) -> None:
        """Only another card of the same office is a contradiction."""
        assert Cards([CARD, read(DATA)]).item_key(ITEM.public_key.key_id)

    def test_refuses_two_cards_of_one_office(self) -> None:
        """The caller pins the newest; two at once would let a revoked key live on."""
        newer = read(KOR.with_new_item_key(REVOKED).card(number=1, previous=CARD.digest))
        for cards in ([CARD, newer], [newer, CARD]):
            with pytest.raises(MalformedError, match="two different cards of `KOR@NATO`"):
                Cards(cards)

    @pytest.mark.parametrize("role", ["root", "items", "streams", "seals"])
    def test_refuses_a_key_of_one_party_in_the_card_of_another(self, role: str) -> None:
        """Nobody can claim a key that is pinned for somebody else, in the same role."""
        thief = replace(AUS, **{role: getattr(KOR, role)})
        for cards in ([CARD, read(thief.card())], [read(thief.card()), CARD]):
            with pytest.raises(MalformedError, match="stands in a card of"):
                Cards(cards)

    def test_refuses_a_key_of_one_party_in_another_role_of_another(self) -> None:
        """Nor in another role."""
        for thief in (
            replace(AUS, root=ITEM),
            replace(AUS, items=((STREAM, CURRENT),)),
            replace(AUS, items=((KOR.root, CURRENT),)),
        ):
            with pytest.raises(MalformedError, match="stands in a card of"):
                Cards([CARD, read(thief.card())])

    def test_offices_of_one_party_may_share_a_root_and_nothing_else(self) -> None:
        """A ministry may keep one root; an item has one author."""
        capital = Keys.of("KOR")
        Cards([CARD, read(replace(capital, root=KOR.root).card())])
        for twin in (
            replace(capital, items=KOR.items),
            replace(capital, streams=KOR.streams),
            replace(capital, seals=KOR.seals),
            replace(capital, items=((KOR.root, CURRENT),)),
        ):
            with pytest.raises(MalformedError, match="stands in a card of"):
                Cards([CARD, read(twin.card())])


class TestTwin:
    def test_card_of_a_twin_world_is_the_same_each_time_and_read_there_only(self) -> None:
        """With the twin's signature a card follows from its keys; a node refuses it."""
        twin = MLDSA44Twin(seed("KOR@NATO stream ml-dsa-44"))
        keys = replace(KOR, streams=(KOR.streams[0], (twin, CURRENT)))
        assert keys.card() == keys.card()
        assert read(keys.card(), verify=unsafe_verify).body == CARD.body
        refused_by(SignatureError, keys.card())
        with pytest.raises(SignatureError):
            read(DATA, verify=unsafe_verify)


class Recorded:
    """Signs as it once did: stands in for a key whose signatures are another each time."""

    def __init__(self, public_key: PublicKey, signature: bytes) -> None:
        self.public_key = public_key
        self._signature = signature

    def sign(self, purpose: Purpose, message: bytes) -> bytes:
        """Give the recorded signature, whatever is asked."""
        self.public_key.verify(purpose, message, self._signature)
        return self._signature


class TestExample:
    def recorded(self) -> list[Recorded]:
        """The ML-DSA-44 signatures of the vector file."""
        found = []
        for stored in json.loads(VECTOR.read_text("ascii"))["cards"]:
            card = read(stored["card"].encode("ascii"))
            ids = {text(key.key.key_id): key.key for key in card.body.stream_keys}
            for each in json.loads(card.data)["signatures"]:
                key = ids.get(each["key"])
                if key is not None and key.algorithm == "ml-dsa-44":
                    found.append(Recorded(key, b64decode(each["signature"])))
        return found

    def test_vector_is_what_its_seeds_give(self) -> None:
        """The file is made again from seeds and compared, byte for byte, but for the random signatures."""
        assert vector(example(self.recorded())) == json.loads(VECTOR.read_text("ascii"))

    def test_vector_is_a_chain(self) -> None:
        """Its second card follows the first, and both are whole."""
        first, second = (
            read(stored["card"].encode("ascii")) for stored in json.loads(VECTOR.read_text("ascii"))["cards"]
        )
        succeeds(first, second)
        assert {listed.state for listed in second.body.item_keys} == {CURRENT, RETIRED}

    def test_specification_shows_this_example(self) -> None:
        """The card in the specification is the second one, with long values cut at three dots."""
        page = SPECIFICATION.read_text("utf-8")
        shown = json.loads(page.split("```json\n")[1].split("```")[0])
        stored = json.loads(VECTOR.read_text("ascii"))["cards"][1]
        assert shortened_like(shown, json.loads(stored["card"]))
        assert " ".join(stored["fingerprint"]) in " ".join(page.split())
        assert stored["digest"] in page

    def test_specification_states_the_limits_in_force(self) -> None:
        """Format and limits in the specification are those of the code."""
        page = SPECIFICATION.read_text("utf-8")
        rows = [
            line for line in page.split("## Limits")[1].split("## ")[0].splitlines() if line.startswith("| ")
        ]
        stated = [int(number) for row in rows for number in re.findall(r"[0-9]+", row.split("|")[2])]
        assert stated == [
            *(CARD_SIZE_BYTES_MAX, KEYS_MAX, CURRENT_ITEM_KEYS_MAX, ADDRESSES_MAX, ADDRESS_LENGTH_MAX),
            *(PROTOCOLS_MAX, PROTOCOL_MAX, POLICIES_MAX, POLICY_ID_LENGTH_MAX, NUMBER_MAX, TIME_MAX),
        ]
        assert page.startswith(f"# The card (format `{FORMAT}`)")


def shortened_like(shown: Any, true: Any) -> bool:
    """Whether two JSON values are the same, where a shown text may end in three dots."""
    if isinstance(shown, dict):
        return shown.keys() == true.keys() and all(shortened_like(shown[name], true[name]) for name in shown)
    if isinstance(shown, list):
        return len(shown) == len(true) and all(map(shortened_like, shown, true))
    if isinstance(shown, str) and shown.endswith("..."):
        return bool(true.startswith(shown.removesuffix("...")))
    return bool(shown == true)
