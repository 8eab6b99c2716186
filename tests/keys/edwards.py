# SPDX-License-Identifier: Apache-2.0
"""
Ed25519 written down from RFC 8032, slow and without secrets: the oracle for what a library does.

It makes what no library makes: points of small order, points with a part of small order, other
spellings, and signatures whose S is too large.
"""

from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493  # order of the base point
D = -121665 * pow(121666, -1, P) % P

Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def add(one: Point, other: Point) -> Point:
    """Add two points; section 5.1.4, without its short cuts."""
    (x1, y1), (x2, y2) = one, other
    cross = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + cross, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - cross, -1, P)
    return x % P, y % P


def multiply(factor: int, point: Point) -> Point:
    """Add a point to itself *factor* times."""
    total = NEUTRAL
    while factor:
        if factor & 1:
            total = add(total, point)
        point, factor = add(point, point), factor >> 1
    return total


def recover(y: int, sign: int) -> Point | None:
    """Find the point with this y and this sign of x, if there is one; section 5.1.3."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return (P - x if x & 1 != sign else x) % P, y


def spell(point: Point) -> bytes:
    """Encode a point; section 5.1.2."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


BASE: Point = recover(4 * pow(5, -1, P) % P, 0) or NEUTRAL


def torsion() -> list[Point]:
    """List the eight points of small order: a point of order 8 and its multiples."""
    # L times any point has small order. For the point with y = 3 it is 8; the caller counts.
    point = multiply(L, recover(3, 0) or NEUTRAL)
    return [multiply(times, point) for times in range(8)]


def expand(seed: bytes) -> tuple[int, bytes]:
    """Give the secret number and the prefix; section 5.1.5."""
    digest = bytearray(sha512(seed).digest())
    digest[0] &= 248
    digest[31] = digest[31] & 63 | 64
    return int.from_bytes(digest[:32], "little"), bytes(digest[32:])


def hashed(*parts: bytes) -> int:
    """Hash parts to a number below L."""
    return int.from_bytes(sha512(b"".join(parts)).digest(), "little") % L


def public(seed: bytes) -> bytes:
    """Give the public key; section 5.1.5."""
    return spell(multiply(expand(seed)[0], BASE))


def sign(seed: bytes, message: bytes) -> bytes:
    """Sign; section 5.1.6."""
    secret, prefix = expand(seed)
    nonce = hashed(prefix, message)
    commitment = spell(multiply(nonce, BASE))
    answer = (nonce + hashed(commitment, public(seed), message) * secret) % L
    return commitment + answer.to_bytes(32, "little")
