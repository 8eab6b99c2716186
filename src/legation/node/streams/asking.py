# SPDX-License-Identifier: Apache-2.0
"""
Asking a peer: a letter goes to it, and what answers is opened, whether we pulled or pushed.

The answer is sealed to a key that is drawn for it and held in memory only.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from legation.errors import SignatureError
from legation.exchange import (
    ANSWER_SIZE_BYTES_MAX,
    Answer,
    Envelope,
    Pull,
    Push,
    Taken,
    read_envelope,
    write_envelope,
)
from legation.exchange.envelope import Attached
from legation.keys.card import Card
from legation.keys.seal import MLKEM_SEED_SIZE_BYTES, SECRET_SIZE_BYTES, X25519_KEY_SIZE_BYTES, Opener
from legation.keys.sign import PublicKey
from legation.node.keys.signing import Signing
from legation.node.peers.introducing import introduced_to
from legation.node.streams.receipting import OTHER_KEY
from legation.node.surroundings import Surroundings

Answered = TypeVar("Answered", bound=Answer | Taken)

Exchange = Callable[[Iterable[bytes]], Iterator[bytes]]
"""How an envelope gets to the peer and its answer back, piece by piece."""


class Asking:
    """
    Asks one peer.

    Args:
        office: Our office.
        peer: Who is asked.
        signing: Our keys.
        around: Dice, and how things are sealed.
    """

    def __init__(self, *, office: str, peer: str, signing: Signing, around: Surroundings) -> None:
        self._office = office
        self._peer = peer
        self._signing = signing
        self._around = around

    def opener(self) -> Opener:
        """A key that one answer is sealed to."""
        return self._around.opener(
            self._around.random(MLKEM_SEED_SIZE_BYTES), self._around.random(X25519_KEY_SIZE_BYTES)
        )

    def write(
        self,
        letter: Pull | Push,
        card: Card,
        payloads: Iterable[bytes] = (),
        attached: Iterable[Attached] = (),
        cards: bytes = b"",
    ) -> Iterator[bytes]:
        """Write a letter to the peer's card, piece by piece; *cards* introduce our key (``introduction``)."""
        return write_envelope(
            letter,
            payloads,
            signer=self._signing.stream.ed25519,
            to=card.seal_key,
            secret=self._around.random(SECRET_SIZE_BYTES),
            sealer=self._around.sealer,
            attached=attached,
            cards=cards,
        )

    def ask(
        self, exchange: Exchange, written: Iterable[bytes], shape: type[Answered], opener: Opener, card: Card
    ) -> Envelope[Answered]:
        """
        Send what was written, and open what answers it.

        Args:
            exchange: The way to the peer.
            written: The envelope, piece by piece.
            shape: What answers.
            opener: The key that it is sealed to.
            card: The peer's card.

        Raises:
            UnreachableError: No answer came.
            VerificationError: It does not open, or is not the peer's.
            MalformedError: It is no such answer.
        """
        pieces = exchange(written)
        try:
            return self._read(pieces, shape, opener, card)
        finally:
            if isinstance(pieces, Generator):
                pieces.close()

    def _read(
        self, pieces: Iterator[bytes], shape: type[Answered], opener: Opener, card: Card
    ) -> Envelope[Answered]:
        claimed: list[str] = []

        def key_of(sender: str) -> PublicKey | None:
            claimed.append(sender)
            return card.envelope_key if sender == self._peer else None

        try:
            return read_envelope(
                pieces,
                shape,
                openers=[opener],
                receiver=self._office,
                key_of=key_of,
                introduced=introduced_to(card, self._around),
                verify=self._around.verify,
                size_bytes_max=ANSWER_SIZE_BYTES_MAX,
            )
        except SignatureError as error:
            if claimed != [self._peer]:
                raise
            raise SignatureError(
                OTHER_KEY, hint="ask that office by another way for its newest card"
            ) from error
