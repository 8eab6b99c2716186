# SPDX-License-Identifier: Apache-2.0
"""
Payloads in parts: the cards in ``key``, and the file and the statements in ``policy``.

Each part is four bytes of length and then the part; there is no byte behind the last one. The parts are not looked
into here: whether the cards follow one another, and whether the statements are on the file, takes what reads those.

A payload that has not this form is refused by its number, and the rest of the stream goes on (``EntryKind.KEY``,
``EntryKind.POLICY``): so it is no reason to refuse an answer.

Use::

    payload = write_cards([card.data])
    [data] = read_cards(payload)
"""

from collections.abc import Sequence

from legation.errors import MalformedError
from legation.log.statement import STATEMENT_SIZE_BYTES_MAX

PART_LENGTH_SIZE_BYTES = 4  # the length before a part
CARDS_MAX = 64  # in one entry
CARDS_SIZE_BYTES_MAX = (
    1 << 20
)  # of all of them with their lengths: two of the fullest cards, a hundred common ones
OFFERED_SIZE_BYTES_MAX = 1 << 20  # of the file of a policy
STATEMENTS_MAX = 16  # on the versions of a policy, in one entry


def write_cards(cards: Sequence[bytes]) -> bytes:
    """
    Write the payload of ``key``: cards of the sender, each the next of the one before it.

    Raises:
        MalformedError: There are none, or too many for one payload.
    """
    payload = _write(cards)
    _check_cards(payload, cards)
    return payload


def read_cards(payload: bytes) -> tuple[bytes, ...]:
    """
    Split the payload of ``key``; the cards are not looked into.

    Raises:
        MalformedError: It is none.
    """
    cards = _read(payload, CARDS_SIZE_BYTES_MAX, "cards")
    _check_cards(payload, cards)
    return cards


def write_offer(spif: bytes, statements: Sequence[bytes] = ()) -> bytes:
    """
    Write the payload of ``policy``: the file that is offered, and what its authority states.

    Args:
        spif: The file.
        statements: The notes of the authority: on this file, then on the version before it, and so on; none if there
            are none at hand.

    Raises:
        MalformedError: One of them is empty or too long, or there are too many.
    """
    _check_offer(spif, statements)
    return _write([spif, *statements])


def read_offer(payload: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """
    Split the payload of ``policy`` into the file and the statements; neither is looked into.

    Raises:
        MalformedError: It is none.
    """
    size_bytes_max = (
        OFFERED_SIZE_BYTES_MAX
        + STATEMENTS_MAX * STATEMENT_SIZE_BYTES_MAX
        + (1 + STATEMENTS_MAX) * PART_LENGTH_SIZE_BYTES
    )
    spif, *statements = _read(payload, size_bytes_max, "offer of a policy")
    _check_offer(spif, statements)
    return spif, tuple(statements)


def _write(parts: Sequence[bytes]) -> bytes:
    return b"".join(len(part).to_bytes(PART_LENGTH_SIZE_BYTES, "big") + part for part in parts)


def _read(payload: bytes, size_bytes_max: int, what: str) -> tuple[bytes, ...]:
    if not 0 < len(payload) <= size_bytes_max:
        raise MalformedError(f"{what}: {len(payload)} bytes, expected 1 to {size_bytes_max}")
    parts: list[bytes] = []
    place = 0
    while place < len(payload):
        start = place + PART_LENGTH_SIZE_BYTES
        place = start + int.from_bytes(payload[place:start], "big")
        if not start < place <= len(payload):
            raise MalformedError(f"{what}: a part is empty, or longer than what is there")
        parts.append(payload[start:place])
    return tuple(parts)


def _check_cards(payload: bytes, cards: Sequence[bytes]) -> None:
    if not 0 < len(cards) <= CARDS_MAX or not all(cards):
        raise MalformedError(f"{len(cards)} cards, expected 1 to {CARDS_MAX}, none empty")
    if len(payload) > CARDS_SIZE_BYTES_MAX:
        raise MalformedError(f"cards have {len(payload)} bytes, expected at most {CARDS_SIZE_BYTES_MAX}")


def _check_offer(spif: bytes, statements: Sequence[bytes]) -> None:
    if not 0 < len(spif) <= OFFERED_SIZE_BYTES_MAX:
        raise MalformedError(f"policy has {len(spif)} bytes, expected 1 to {OFFERED_SIZE_BYTES_MAX}")
    if len(statements) > STATEMENTS_MAX:
        raise MalformedError(f"{len(statements)} statements, expected at most {STATEMENTS_MAX}")
    if not all(0 < len(each) <= STATEMENT_SIZE_BYTES_MAX for each in statements):
        raise MalformedError(f"a statement has not 1 to {STATEMENT_SIZE_BYTES_MAX} bytes")
