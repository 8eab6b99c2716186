# SPDX-License-Identifier: Apache-2.0
"""
Proofs that a stream or log has only grown, as a file: an old size, hashes, and the checkpoint of now.

::

    old 3
    7ma6uaPSmy3ck2TeRJ6yKpPzM8mO9pIJfu8dXsTKXhw=

    legation/log/v1/KOR@NATO/92cdb65884ff3355bc2f2f54835dbe7e
    4
    ...

This is what c2sp.org/tlog-witness sends to a witness, so that witnesses of others can read it; an old size of 0,
from which nothing follows, is refused here. Reading says only what the file claims: the checkpoint is verified
by ``checkpoint``, and the growth against the old checkpoint, which whoever kept it has.

Use::

    growth = read_growth(data)
    verify_consistency(old_size=growth.old_size, old_root=..., proof=growth.hashes, ...)
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field

from legation.errors import MalformedError
from legation.log.checkpoint import RECEIPT_SIZE_BYTES_MAX, SIZE_MAX
from legation.log.note import decode_base64, read_note
from legation.log.proof import check_hashes
from legation.merkle import Hash

GROWTH_HASHES_MAX = 63  # "the client MUST NOT send more than 63 consistency proof lines"
GROWTH_SIZE_BYTES_MAX = RECEIPT_SIZE_BYTES_MAX + 4096  # 63 lines of 45 bytes, and the first

_OLD = re.compile("old ([1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """
    What such a file claims.

    Args:
        old_size: Count of entries that there were, from 1.
        hashes: The consistency proof, from below upward; at most ``GROWTH_HASHES_MAX``.
        note: The checkpoint of now, byte for byte.

    Raises:
        MalformedError: One of them is not such.
    """

    old_size: int
    hashes: tuple[Hash, ...]
    note: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.old_size <= SIZE_MAX:
            raise MalformedError(f"the old size of a growth is not between 1 and {SIZE_MAX}")
        check_hashes(self.hashes, "growth", count_max=GROWTH_HASHES_MAX)
        read_note(self.note)


def read_growth(data: bytes) -> Growth:
    """
    Read such a file; nothing of it is verified.

    Raises:
        MalformedError: It is none, or is spelled in another way than ``write_growth`` does.

    Source: c2sp.org/tlog-witness, section "add-checkpoint".
    """
    if len(data) > GROWTH_SIZE_BYTES_MAX:
        raise MalformedError(f"growth has {len(data)} bytes, expected at most {GROWTH_SIZE_BYTES_MAX}")
    head, empty, note = data.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n", GROWTH_HASHES_MAX + 1)
    except UnicodeDecodeError:
        raise MalformedError("the head of a growth is not ASCII") from None
    old = _OLD.fullmatch(first)
    if old is None or not empty:
        raise MalformedError("a growth is an old size, hashes, an empty line and a checkpoint")
    hashes = tuple(Hash(decode_base64(each)) for each in lines)
    return Growth(old_size=int(old[1]), hashes=hashes, note=note)


def write_growth(growth: Growth) -> bytes:
    """Write such a file; the inverse of ``read_growth``."""
    lines = [f"old {growth.old_size}", *(b64encode(each).decode("ascii") for each in growth.hashes)]
    return "\n".join(lines).encode("ascii") + b"\n\n" + growth.note
