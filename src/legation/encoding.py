# SPDX-License-Identifier: Apache-2.0
"""
The one canonical encoding of values to bytes, strict both ways.

It is RFC 8785 (JSON Canonicalization Scheme) restricted to what two languages cannot read
differently: objects with ASCII keys, arrays, strings, booleans, and integers below 2**53.
No floats, no null: what can be absent is absent. Bytes travel as base64 (RFC 4648, section 4).

Rules kept here:

1. ``decode(encode(x)) == x``.
2. ``encode(decode(b)) == b``, or *b* is refused. This one comparison refuses duplicate keys,
   white space, key order, other spellings of a number or a string, and trailing bytes.
3. A shape says what may stand where. An unknown field is refused: the shapes that are encoded are
   ``Canonical`` structures, and none of them contains ``Any`` or a float.
4. Everything has a limit in bytes, checked before anything is parsed.

Use::

    HEADER = Codec(Header, size_bytes_max=1024)
    HEADER.decode(HEADER.encode(header)) == header
"""

from typing import Any, Generic, TypeVar

import msgspec

from legation.errors import MalformedError

INTEGER_MAX = 2**53 - 1  # RFC 8785, section 3.2.2.3: what every JSON reader holds exactly

Shape = TypeVar("Shape")

_ENCODER = msgspec.json.Encoder(order="sorted")


class Canonical(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every structure that is encoded: frozen, named fields only, absent means default."""


def encode(value: Any) -> bytes:
    """Encode a value that is made of shapes of the profile; the inverse of ``Codec.decode``."""
    return _ENCODER.encode(value)


class Codec(Generic[Shape]):
    """
    The pair of functions between one shape and its bytes.

    Args:
        shape: What is read: a ``Canonical`` structure or a union of tagged ones.
        size_bytes_max: Longest encoding that is looked at.
        what: What the bytes claim to be, for error messages.
    """

    __slots__ = ("_decoder", "_size_bytes_max", "_what")

    def __init__(self, shape: type[Shape], *, size_bytes_max: int, what: str) -> None:
        self._decoder: msgspec.json.Decoder[Shape] = msgspec.json.Decoder(shape, strict=True)
        self._size_bytes_max = size_bytes_max
        self._what = what

    def encode(self, value: Shape) -> bytes:
        """Encode *value*; the same value always gives the same bytes."""
        return _ENCODER.encode(value)

    def decode(self, data: bytes) -> Shape:
        """
        Decode canonical bytes.

        Raises:
            MalformedError: Too long, not of this shape, or not the canonical encoding of it.
        """
        value = self.decode_unchecked(data)
        if _ENCODER.encode(value) != data:
            raise MalformedError(f"{self._what} is not in canonical form")
        return value

    def decode_unchecked(self, data: bytes) -> Shape:
        """
        Decode without comparing: for a caller that re-encodes the parts and compares the whole.

        Raises:
            MalformedError: Too long, or not of this shape.
        """
        if len(data) > self._size_bytes_max:
            raise MalformedError(
                f"{self._what} has {len(data)} bytes, expected at most {self._size_bytes_max}"
            )
        try:
            return self._decoder.decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            # The library's message may quote what it read, so neither it nor its trace goes on.
            raise MalformedError(f"{self._what} does not have the form it must have") from None
