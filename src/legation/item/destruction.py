# SPDX-License-Identifier: Apache-2.0
"""
The certificate of destruction: an office's signed word that it has destroyed what it held of an item.

It names the item by its id and says who destroyed it, when, and which withdrawal that answers, if any. Persons are not
named. It is relayed byte for byte towards the author. ``docs/spec/withdrawal.md`` has the format with an example.

Rules kept here:

1. What is signed is the whole of what it says, for a purpose of its own: no signature of anything else can be taken for
   it.
2. It is signed by an item key of the office that it names, which is current. A retired key counts only where the
   certificate comes from that very office: it was on its way when the key was renewed.
3. It is one office's word on itself. That no copy is left elsewhere, it does not say.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from legation.encoding import Canonical, Codec, encode
from legation.errors import MalformedError, SignatureError
from legation.item.shape import HASH_SIZE_BYTES, SIGNATURE_SIZE_BYTES, check_size
from legation.keys.card import TIME_MAX, Cards, KeyState, Office
from legation.keys.sign import KeyId, Purpose, Signer

FORMAT: Final = "legation/destruction/v1"
DESTRUCTION_SIZE_BYTES_MAX = 1024  # the longest name of an office leaves it below 600


class _Said(Canonical, frozen=True):
    """What a certificate says, without who signed it: the bytes that are signed."""

    item: bytes
    office: str
    time: int
    withdrawal: bytes = b""


class Destruction(Canonical, frozen=True):
    """
    A certificate as it travels, not yet held against anybody's key.

    Args:
        format: ``legation/destruction/v1``.
        item: The id of the item, 32 bytes.
        office: Who destroyed it.
        signature: Over all but itself, the format and the signer, under ``Purpose.DESTRUCTION``, 64 bytes.
        signer: The id of the key that signed it, 32 bytes.
        time: When no byte of it was left there, by that office's clock; seconds since 1970, UTC.
        withdrawal: SHA-256 of the withdrawal that it answers, 32 bytes; absent if there was none.
    """

    format: Literal["legation/destruction/v1"]
    item: bytes
    office: str
    signature: bytes
    signer: bytes
    time: int
    withdrawal: bytes = b""

    def __post_init__(self) -> None:
        check_size(self.item, HASH_SIZE_BYTES, "item id")
        check_size(self.signature, SIGNATURE_SIZE_BYTES, "signature")
        check_size(self.signer, HASH_SIZE_BYTES, "signer's key id")
        if self.withdrawal:
            check_size(self.withdrawal, HASH_SIZE_BYTES, "hash of a withdrawal")
        if not 0 <= self.time <= TIME_MAX:
            raise MalformedError(f"time of a destruction is not between 0 and {TIME_MAX}")
        Office.parse(self.office)

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        said = _Said(item=self.item, office=self.office, time=self.time, withdrawal=self.withdrawal)
        return encode(said)


DESTRUCTION = Codec(Destruction, size_bytes_max=DESTRUCTION_SIZE_BYTES_MAX, what="certificate of destruction")
"""Between a certificate of destruction and its bytes."""


@dataclass(frozen=True, kw_only=True)
class Destroyed:
    """
    A verified certificate: this office has destroyed what it held of this item.

    ``withdrawal`` is the SHA-256 of the withdrawal that it answers, empty if there was none.
    """

    item_id: bytes
    holder: Office
    time: int
    withdrawal: bytes
    data: bytes = field(repr=False)


def certify(item_id: bytes, office: str, time: int, signer: Signer, *, withdrawal: bytes = b"") -> bytes:
    """
    Sign that an office has destroyed what it held of an item.

    Args:
        item_id: Its id, 32 bytes.
        office: Which office.
        time: When no byte of it was left there, in seconds since 1970.
        signer: A current item key of that office.
        withdrawal: SHA-256 of the withdrawal that this answers; empty if there was none.
    """
    said = encode(_Said(item=item_id, office=office, time=time, withdrawal=withdrawal))
    return DESTRUCTION.encode(
        Destruction(
            format=FORMAT,
            item=item_id,
            office=office,
            signature=signer.sign(Purpose.DESTRUCTION, said),
            signer=signer.public_key.key_id,
            time=time,
            withdrawal=withdrawal,
        )
    )


def verify_destruction(data: bytes, cards: Cards, *, trusts_retired: bool = False) -> Destroyed:
    """
    Verify a certificate of destruction as of now.

    1. Canonical bytes of this shape.
    2. The key is known, listed for items, of the office that the certificate names, and current.
    3. Its signature holds.

    Args:
        data: At most ``DESTRUCTION_SIZE_BYTES_MAX`` bytes.
        cards: The pinned cards; that of the office must be among them.
        trusts_retired: Whether the key may be retired: it came from that office itself, or held when it came.

    Raises:
        MalformedError: These are not the bytes of a certificate.
        SignatureError: The key is not known, not that office's or not current, or the signature does not hold.
    """
    found = DESTRUCTION.decode(data)  # 1.
    key = cards.item_key(KeyId(found.signer))  # 2.
    if key is None:
        raise SignatureError("signer is not known", hint="pin the office's card after comparing its words")
    if str(key.office) != found.office:
        raise SignatureError("signer is of another office than the certificate says")
    if not (key.state is KeyState.CURRENT or (trusts_retired and key.state is KeyState.RETIRED)):
        raise SignatureError(f"signer's key is {key.state.value}, and certifies nothing")
    key.public_key.verify(Purpose.DESTRUCTION, found.signed_bytes, found.signature)  # 3.
    return Destroyed(
        item_id=found.item, holder=key.office, time=found.time, withdrawal=found.withdrawal, data=data
    )
