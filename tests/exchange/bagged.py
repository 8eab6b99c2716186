# SPDX-License-Identifier: Apache-2.0
"""
What the tests of bags write with: bags of the sender's stream, honest and not, and their envelopes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from legation.exchange import (
    BAG_SIZE_BYTES_MAX,
    Bag,
    Carried,
    Enclosed,
    Envelope,
    Push,
    TakenBack,
    read_envelope,
    write_envelope,
)
from legation.item.attachment import measured
from legation.keys.seal import TwinOpener, TwinSealer
from legation.merkle import Hash
from tests.exchange.made import (
    INCARNATION,
    NONCE,
    RECEIVER,
    SECRET,
    SENDER,
    Payload,
    checkpoint,
    headers,
    key_of,
    seal_opener,
    signers,
)


def bag(**changes: Any) -> Bag:
    """
    A bag without entries.
    """
    fields: dict[str, Any] = {
        "sender": SENDER,
        "receiver": RECEIVER,
        "nonce": NONCE,
        "number": 1,
        "incarnation": INCARNATION,
        "start": 0,
    }
    return Bag(**(fields | changes))


def bag_of(
    payloads: Sequence[Payload],
    *,
    start: int = 0,
    stop: int | None = None,
    taken_back: Iterable[int] = (),
    **changes: Any,
) -> tuple[Bag, list[bytes]]:
    """
    A bag with the entries from *start* up to *stop* of a stream of *payloads*, and what follows its letter.
    """
    end, gone, made = len(payloads) if stop is None else stop, frozenset(taken_back), headers(payloads)
    entries = tuple(
        TakenBack(number=each.number, leaf=each.leaf) if each.number in gone else Carried(header=each)
        for each in made[start:end]
    )
    told: dict[str, Any] = {"start": start, "entries": entries}
    if entries:
        told["checkpoint"] = checkpoint([each.leaf for each in made[:end]])
    letter = bag(**(told | changes))
    return letter, [payloads[header.number][1] for header in letter.headers]


def enclosed(number: int, data: bytes) -> Enclosed:
    """
    An attachment with these bytes.
    """
    return Enclosed(number=number, root=measured([data]).root, size=len(data))


def in_envelope(letter: Bag, payloads: Sequence[bytes]) -> Envelope[Bag]:
    """
    What is read from a bag.
    """
    return opened_bag(bag_written(letter, payloads))


def bag_written(
    letter: Bag | Push,
    payloads: Iterable[bytes] = (),
    attached: Iterable[Iterable[bytes]] = (),
    **changes: Any,
) -> list[bytes]:
    """
    The pieces of an envelope, sealed to the receiver's card.
    """
    fields: dict[str, Any] = {
        "signer": signers(SENDER).ed25519,
        "to": seal_opener(RECEIVER).public_key,
        "secret": SECRET,
        "sealer": TwinSealer(),
        "attached": attached,
    }
    return list(write_envelope(letter, payloads, **(fields | changes)))


def opened_bag(pieces: Iterable[bytes], **changes: Any) -> Envelope[Bag]:
    """
    What is read from an envelope.
    """
    fields: dict[str, Any] = {
        "openers": [TwinOpener(seal_opener(RECEIVER).public_key)],
        "receiver": RECEIVER,
        "key_of": key_of,
        "size_bytes_max": BAG_SIZE_BYTES_MAX,
    }
    return read_envelope(pieces, Bag, **(fields | changes))


class Leaves:
    """
    The leaves of what is held, and how many were asked for.
    """

    def __init__(self, payloads: Sequence[Payload]) -> None:
        self.leaves = [each.leaf for each in headers(payloads)]
        self.asked = 0

    def __call__(self, start: int, stop: int) -> Iterator[Hash]:
        """
        Give some.
        """
        self.asked += stop - start
        return iter(self.leaves[start:stop])
