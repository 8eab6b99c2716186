# SPDX-License-Identifier: Apache-2.0
"""
How people name an item and its paragraphs: computed, never stored, never part of what is signed.

References are for people and may collide; programs use the item id.
"""

import hashlib
import struct
from datetime import UTC, datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_CODE_CHARACTERS = 6  # of a paragraph code: 30 bits
_ID_CHARACTERS = 7  # of a reference: 35 bits of the item id, before its check character


def reference(office: str, time: int, item_id: bytes) -> str:
    """
    Spell the reference of an item: ``KOR@NATO 2026-7KQ4-M2X6``.

    Args:
        office: The author's office.
        time: The item's time, UTC seconds.
        item_id: The item id; its first 35 bits are spelled, the last character checks them.
    """
    spelled = _spell(int.from_bytes(item_id[:5], "big") >> 5, _ID_CHARACTERS)
    spelled += check_character(spelled)
    year = datetime.fromtimestamp(time, UTC).year
    return f"{office} {year}-{spelled[:4]}-{spelled[4:]}"


def check_character(spelled: str) -> str:
    """
    Check characters of a reference by Luhn's rule modulo 32.

    It shows every single wrong character and nearly every swap of two neighbours.
    """
    total = 0
    for place, character in enumerate(reversed(spelled)):
        weighted = ALPHABET.index(character) * (2 if place % 2 == 0 else 1)
        total += weighted // 32 + weighted % 32
    return ALPHABET[-total % 32]


def paragraph_numbers(salt: bytes, count: int) -> list[int]:
    """
    Draw the numbers of a layer's portions, 30 bits each: the same in every cut that shows the layer.

    Args:
        salt: The salt of the layer.
        count: How many portions it has; number *i* belongs to portion *i* of the layer.
    """
    drawn = hashlib.shake_256(b"legation/paragraph/v1" + salt).digest(4 * count)
    return [number >> 2 for number in struct.unpack(f">{count}I", drawn)]


def paragraph_code(number: int) -> str:
    """Spell one of ``paragraph_numbers``: six characters."""
    return _spell(number, _CODE_CHARACTERS)


def _spell(number: int, characters: int) -> str:
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * characters - 5, -1, -5))
