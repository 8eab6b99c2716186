# SPDX-License-Identifier: Apache-2.0
"""
The keys of an office, ready for use.
"""

from dataclasses import dataclass, field

from legation.errors import MalformedError
from legation.keys.card import Card, KeyState
from legation.keys.seal import Opener
from legation.keys.sign import Ed25519Signer
from legation.log import StreamSigners
from legation.node.keys.keyring import OfficeKeys
from legation.node.surroundings import Surroundings


@dataclass(frozen=True, kw_only=True)
class Signing:
    """The private halves of an office's current keys; and seal keys that were replaced lately, with their end."""

    item: Ed25519Signer
    stream: StreamSigners
    opener: Opener
    draws: bytes = field(repr=False)
    former: tuple[tuple[Opener, int], ...] = ()

    def openers(self, at: int) -> list[Opener]:
        """Give whatever opens what is sealed to this office at an instant, the present key first."""
        return [self.opener, *(opener for opener, until in self.former if at < until)]

    def check_fits(self, card: Card) -> None:
        """
        Refuse keys that are not the current ones of a card: nobody could verify what they sign.

        Raises:
            MalformedError: One is not.
        """
        listed = (*card.body.item_keys, *card.body.stream_keys)
        current = {each.key for each in listed if each.state is KeyState.CURRENT}
        signers = (self.item, self.stream.ed25519, self.stream.mldsa44)
        is_ours = {each.public_key for each in signers} <= current
        if not is_ours or card.seal_key != self.opener.public_key:
            raise MalformedError("the keys in this folder are not the current ones of its card")


def signing_of(keys: OfficeKeys, around: Surroundings) -> Signing:
    """Make the signers and the openers of an office's keys."""
    return Signing(
        item=keys.item_signer,
        stream=StreamSigners(
            ed25519=Ed25519Signer(keys.stream_ed25519), mldsa44=around.mldsa44(keys.stream_mldsa44)
        ),
        opener=around.opener(keys.seal_mlkem768, keys.seal_x25519),
        draws=keys.draws,
        former=tuple((around.opener(each.mlkem768, each.x25519), each.until) for each in keys.former),
    )
