# SPDX-License-Identifier: Apache-2.0
"""
The withdrawal: an author's signed word that nobody is to use an item any more.

It names the item by its id and says nothing else: no reason, no time, no text. It is relayed byte for
byte, and holds also before the item comes. ``docs/spec/withdrawal.md`` has the format with an example.

Rules kept here:

1. What is signed is the item id alone, for a purpose of its own: no signature of an item, a card or a
   stream can be taken for it.
2. It is signed by a *current* item key. A key that is retired or revoked withdraws nothing.
3. It holds for items of the office whose key it is, and for no others. Whoever has both compares them:
   the item may have been signed with another key of that office.

When it is judged is up to whoever receives it: a withdrawal that held when it came goes on to hold.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from legation.encoding import Canonical, Codec
from legation.errors import SignatureError
from legation.item.shape import HASH_SIZE_BYTES, SIGNATURE_SIZE_BYTES, check_size
from legation.keys.card import Cards, KeyState, Office
from legation.keys.sign import KeyId, Purpose, Signer

FORMAT: Final = "legation/withdrawal/v1"
WITHDRAWAL_SIZE_BYTES_MAX = 512  # it always has 248


class Withdrawal(Canonical, frozen=True):
    """
    A withdrawal as it travels, not yet held against anybody's key.

    Args:
        author: The id of the key that signed it, 32 bytes.
        format: ``legation/withdrawal/v1``.
        item: The id of the item, 32 bytes.
        signature: Over the item id, under ``Purpose.WITHDRAWAL``, 64 bytes.
    """

    author: bytes
    format: Literal["legation/withdrawal/v1"]
    item: bytes
    signature: bytes

    def __post_init__(self) -> None:
        check_size(self.author, HASH_SIZE_BYTES, "author key id")
        check_size(self.item, HASH_SIZE_BYTES, "item id")
        check_size(self.signature, SIGNATURE_SIZE_BYTES, "signature")


WITHDRAWAL = Codec(Withdrawal, size_bytes_max=WITHDRAWAL_SIZE_BYTES_MAX, what="withdrawal")
"""Between a withdrawal and its bytes."""


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """A verified withdrawal: this office withdraws this item, if the item is its own."""

    item_id: bytes
    author: Office
    data: bytes = field(repr=False)


def withdraw(item_id: bytes, signer: Signer) -> bytes:
    """
    Withdraw an item.

    Args:
        item_id: Its id, 32 bytes.
        signer: A current item key of its author.
    """
    return WITHDRAWAL.encode(
        Withdrawal(
            author=signer.public_key.key_id,
            format=FORMAT,
            item=item_id,
            signature=signer.sign(Purpose.WITHDRAWAL, item_id),
        )
    )


def verify_withdrawal(data: bytes, cards: Cards) -> Withdrawn:
    """
    Verify a withdrawal as of now.

    1. Canonical bytes of this shape.
    2. The key is known, listed for items, and current.
    3. Its signature holds.

    Args:
        data: At most ``WITHDRAWAL_SIZE_BYTES_MAX`` bytes.
        cards: The pinned cards; the author's must be among them.

    Raises:
        MalformedError: These are not the bytes of a withdrawal.
        SignatureError: The key is not known or not current, or the signature does not hold.
    """
    found = WITHDRAWAL.decode(data)  # 1.
    author = cards.item_key(KeyId(found.author))  # 2.
    if author is None:
        raise SignatureError("author is not known", hint="pin the author's card after comparing its words")
    if author.state is not KeyState.CURRENT:
        raise SignatureError(f"author's key is {author.state.value}, and withdraws nothing")
    author.public_key.verify(Purpose.WITHDRAWAL, found.item, found.signature)  # 3.
    return Withdrawn(item_id=found.item, author=author.office, data=data)
