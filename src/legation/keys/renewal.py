# SPDX-License-Identifier: Apache-2.0
"""
The next card of an office, on its way to the root key and back.

The private halves never leave the node, and the root key never comes to it. What goes between them is a
``Renewal``: the card that is followed, what the next one says, and the signatures of all keys but the root. The
root adds the last one.

Use::

    data = request(card, following(card, time=now, item=new), signers)   # at the node
    asked = read_request(data)                                           # where the root key is
    changes(asked.previous.body, asked.body)                             # what a person looks at
    next_card = vouch(asked, root)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from msgspec.structs import replace

from legation.encoding import Canonical, Codec, encode
from legation.errors import MalformedError, SignatureError
from legation.keys.card import (
    CARD_SIZE_BYTES_MAX,
    Card,
    CardBody,
    CardSignature,
    KeyState,
    ListedKey,
    ListedSealKey,
    PolicyReference,
    check_next,
    listed_keys,
    put_together,
    read,
    short,
    sign,
    signing_keys,
)
from legation.keys.seal import SealPublicKey
from legation.keys.sign import KeyId, PublicKey, Purpose, Signer, Verify

RENEWAL_SIZE_BYTES_MAX = 3 * CARD_SIZE_BYTES_MAX  # a card in base64, and what the next one says

Listed = TypeVar("Listed", ListedKey, ListedSealKey)


class Renewal(Canonical, frozen=True):
    """What an office asks its root to sign; ``signatures`` ascend by key id, the root's is not among them."""

    body: CardBody
    format: Literal["legation/renewal/v1"]
    previous: bytes
    signatures: tuple[CardSignature, ...]


RENEWAL = Codec(Renewal, size_bytes_max=RENEWAL_SIZE_BYTES_MAX, what="renewal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A renewal that was verified: it follows ``previous``, and every key but the root has signed."""

    previous: Card
    body: CardBody
    signatures: tuple[CardSignature, ...]


def following(
    card: Card,
    *,
    time: int,
    item: PublicKey | None = None,
    stream: Sequence[PublicKey] = (),
    seal: SealPublicKey | None = None,
    revoked: Mapping[KeyId, int | None] | None = None,
    addresses: Sequence[str] | None = None,
    policies: Sequence[PolicyReference] | None = None,
    protocols: Sequence[int] | None = None,
) -> CardBody:
    """
    Say what the next card says: new keys, and those that they replace retired or revoked.

    Args:
        card: The card that it follows.
        time: When it is made; not before the one it follows says that it was.
        item: A new item key in the place of all that are current, if there is one.
        stream: New stream keys, one of each algorithm, or none.
        seal: A new seal key, if there is one.
        revoked: Key ids of keys to be revoked, and since when; None is "always", and the only one for a key
            that signs no items.
        addresses: Where it is reached from then on; as before if not given.
        policies: What it decides with; likewise.
        protocols: What it speaks; likewise.

    Raises:
        MalformedError: A key to be revoked is not listed, is current and not replaced, or signs no items and
            has an instant; or the card would be none.
    """
    wanted = revoked or {}
    body = card.body
    for key_id in wanted.keys() - {_key_id(each) for each in listed_keys(body)}:
        raise MalformedError(f"key `{short(key_id)}` is not one of this office")
    return replace(
        body,
        number=body.number + 1,
        previous=card.digest,
        time=max(time, body.time),
        item_keys=_renewed(body.item_keys, [] if item is None else [_listed(item)], wanted),
        stream_keys=_renewed(body.stream_keys, [*map(_listed, stream)], wanted),
        seal_keys=_renewed(body.seal_keys, [] if seal is None else [_listed_seal(seal)], wanted),
        addresses=body.addresses if addresses is None else tuple(addresses),
        policies=body.policies if policies is None else tuple(policies),
        protocols=body.protocols if protocols is None else tuple(protocols),
    )


def _listed(key: PublicKey) -> ListedKey:
    return ListedKey(key=key, state=KeyState.CURRENT)


def _listed_seal(key: SealPublicKey) -> ListedSealKey:
    return ListedSealKey(key=key, state=KeyState.CURRENT)


def _renewed(
    before: Sequence[Listed], new: Sequence[Listed], revoked: Mapping[KeyId, int | None]
) -> tuple[Listed, ...]:
    """The keys of one role on the next card, ascending."""
    after = list[Listed](new)
    for each in before:
        if _key_id(each) in revoked:
            after.append(_revoked(each, revoked[_key_id(each)], has_successor=bool(new)))
        elif new and each.state is KeyState.CURRENT:
            after.append(replace(each, state=KeyState.RETIRED))
        else:
            after.append(each)
    return tuple(sorted(after, key=_key_id))


def _key_id(each: ListedKey | ListedSealKey) -> KeyId:
    return each.key.key_id


def _revoked(each: Listed, since: int | None, *, has_successor: bool) -> Listed:
    if each.state is KeyState.CURRENT and not has_successor:
        raise MalformedError(f"key `{short(each.key.key_id)}` is current, and no other takes its place")
    if isinstance(each, ListedKey):
        return replace(each, state=KeyState.REVOKED, since=since)
    if since is not None:
        raise MalformedError("only of an item key it is said since when it is revoked")
    return replace(each, state=KeyState.REVOKED)


def request(
    card: Card, body: CardBody, signers: Iterable[Signer], *, verify: Verify = PublicKey.verify
) -> bytes:
    """
    Ask the root for the next card.

    Args:
        card: The present one.
        body: What the next one says.
        signers: Every item and stream key that is current on it, in any order.
        verify: How signatures are verified; another rule only where two worlds are compared.

    Raises:
        VerificationError: It does not follow the present card, or a signer is missing or superfluous.
        MalformedError: It would be longer than others read.
    """
    signatures = sorted((sign(body, each) for each in signers), key=lambda each: each.key)
    data = RENEWAL.encode(
        Renewal(format="legation/renewal/v1", previous=card.data, body=body, signatures=tuple(signatures))
    )
    read_request(data, verify=verify)
    return data


def read_request(data: bytes, *, verify: Verify = PublicKey.verify) -> Asked:
    """
    Read what an office asks its root to sign.

    1. The bytes are a renewal, and the card in it is one.
    2. What is asked for is the next card of that one.
    3. Exactly the current item and stream keys have signed it, in ascending order, and their signatures hold.

    Args:
        data: The renewal, at most ``RENEWAL_SIZE_BYTES_MAX``.
        verify: How signatures are verified.

    Raises:
        MalformedError: It is no renewal.
        VerificationError: It follows another card, or a signature is missing, superfluous or does not hold.
    """
    # 1. Form.
    found = RENEWAL.decode(data)
    previous = read(found.previous, verify=verify)
    # 2. What.
    check_next(previous, found.body)
    # 3. Who.
    keys = signing_keys(found.body)
    del keys[found.body.root.key_id]
    if [each.key for each in found.signatures] != list(keys):
        raise SignatureError("the signatures of a renewal are those of the current keys, without the root")
    message = encode(found.body)
    for key, each in zip(keys.values(), found.signatures, strict=True):
        verify(key, Purpose.CARD, message, each.signature)
    return Asked(previous=previous, body=found.body, signatures=found.signatures)


def vouch(asked: Asked, root: Signer) -> bytes:
    """
    Make the card that was asked for: the root's signature is the last.

    Raises:
        SignatureError: It is another root than that of the office's cards.
    """
    if root.public_key != asked.body.root:
        raise SignatureError(f"this is not the root key of `{asked.body.office}`")
    return put_together(asked.body, [*asked.signatures, sign(asked.body, root)])


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """
    A key that stands otherwise on a later card.

    Args:
        role: ``item``, ``stream`` or ``seal``.
        algorithm: Of the key.
        key_id: Of the key.
        before: How it stood; None if it was not listed.
        after: How it stands.
        since: Since when it is revoked, where that is said.
    """

    role: Literal["item", "stream", "seal"]
    algorithm: str
    key_id: KeyId
    before: KeyState | None
    after: KeyState
    since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChange:
    """What a later card says other than an earlier one; what is the same is not in it."""

    keys: tuple[KeyChange, ...]
    addresses: tuple[tuple[str, ...], tuple[str, ...]] | None
    policies: tuple[tuple[PolicyReference, ...], tuple[PolicyReference, ...]] | None
    protocols: tuple[tuple[int, ...], tuple[int, ...]] | None


def changes(old: CardBody, new: CardBody) -> CardChange:
    """Say what *new*, of the same chain, says other than *old*, which may be several cards earlier."""
    return CardChange(
        keys=(
            *_key_changes("item", old.item_keys, new.item_keys),
            *_key_changes("stream", old.stream_keys, new.stream_keys),
            *_key_changes("seal", old.seal_keys, new.seal_keys),
        ),
        addresses=None if old.addresses == new.addresses else (old.addresses, new.addresses),
        policies=None if old.policies == new.policies else (old.policies, new.policies),
        protocols=None if old.protocols == new.protocols else (old.protocols, new.protocols),
    )


def _key_changes(
    role: Literal["item", "stream", "seal"],
    old: Sequence[ListedKey | ListedSealKey],
    new: Sequence[ListedKey | ListedSealKey],
) -> Iterable[KeyChange]:
    before = {each.key.key_id: each for each in old}
    for each in new:
        was = before.get(each.key.key_id)
        if was != each:
            yield KeyChange(
                role=role,
                algorithm=each.key.algorithm,
                key_id=each.key.key_id,
                before=None if was is None else was.state,
                after=each.state,
                since=each.since if isinstance(each, ListedKey) else None,
            )
