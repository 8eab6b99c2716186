# SPDX-License-Identifier: Apache-2.0
"""
Proofs that one entry stands in a stream or log, as a file that needs nothing else (c2sp.org/tlog-proof).

::

    c2sp.org/tlog-proof@v1
    index 1
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=

    legation/stream/v1/KOR@NATO/JPN@NATO/92cdb65884ff3355bc2f2f54835dbe7e
    3
    ...

The last part is a checkpoint, or a receipt: then the file proves offline that another office holds the
entry. Reading says only what the file claims. ``verify_proof`` holds an entry's leaf against it; who
signed the checkpoint is asked of ``checkpoint``.

Use::

    proof = read_proof(data)
    receipt = verify_receipt(proof.note, origin=..., ...)
    verify_proof(proof, header.leaf, receipt.checkpoint)
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

from legation.errors import MalformedError
from legation.log.checkpoint import SIZE_MAX, Checkpoint
from legation.log.note import decode_base64, read_note
from legation.merkle import HASH_SIZE_BYTES, PROOF_HASHES_MAX, Hash, verify_inclusion

PROOF_SIZE_BYTES_MAX = 1 << 17  # 64 hashes, extra data, and a note of 16 signatures
EXTRA_SIZE_BYTES_MAX = 1 << 12

_FIRST = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile("index (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """
    What a proof file claims.

    Args:
        index: Number of the entry, from 0.
        hashes: The inclusion proof, from the leaf's sibling upward; at most ``PROOF_HASHES_MAX``.
        note: The checkpoint or receipt, byte for byte.
        extra: Whatever else its maker put in; **nobody has signed it**.

    Raises:
        MalformedError: One of them is not such.
    """

    index: int
    hashes: tuple[Hash, ...]
    note: bytes = field(repr=False)
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index < SIZE_MAX:
            raise MalformedError(f"index of a proof is not between 0 and {SIZE_MAX - 1}")
        check_hashes(self.hashes, "proof", count_max=PROOF_HASHES_MAX)
        if len(self.extra) > EXTRA_SIZE_BYTES_MAX:
            raise MalformedError(
                f"extra data has {len(self.extra)} bytes, expected at most {EXTRA_SIZE_BYTES_MAX}"
            )
        read_note(self.note)


def check_hashes(hashes: Sequence[Hash], what: str, *, count_max: int) -> None:
    """
    Refuse hashes that no proof has.

    Raises:
        MalformedError: There are too many, or one has another size.
    """
    if len(hashes) > count_max:
        raise MalformedError(f"{what} of {len(hashes)} hashes, expected at most {count_max}")
    if any(len(each) != HASH_SIZE_BYTES for each in hashes):
        raise MalformedError(f"a hash has not {HASH_SIZE_BYTES} bytes")


def read_proof(data: bytes) -> Proof:
    """
    Read a proof file; nothing of it is verified.

    Raises:
        MalformedError: It is none, or is spelled in another way than ``write_proof`` does.

    Source: c2sp.org/tlog-proof, section "Format".
    """
    if len(data) > PROOF_SIZE_BYTES_MAX:
        raise MalformedError(f"proof has {len(data)} bytes, expected at most {PROOF_SIZE_BYTES_MAX}")
    head, empty, note = data.partition(b"\n\n")
    if not empty:
        raise MalformedError("a proof is an index, hashes, an empty line and a checkpoint")
    try:
        lines = head.decode("ascii").split("\n", PROOF_HASHES_MAX + 3)
    except UnicodeDecodeError:
        raise MalformedError("the head of a proof is not ASCII") from None
    if lines.pop(0) != _FIRST:
        raise MalformedError(f"a proof begins with `{_FIRST}`")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "))
        if not extra:
            raise MalformedError("extra data is empty; a proof without any has no such line")
    index = _INDEX.fullmatch(lines.pop(0) if lines else "")
    if index is None:
        raise MalformedError("a proof names the index of its entry")
    hashes = tuple(Hash(decode_base64(each)) for each in lines)
    return Proof(index=int(index[1]), hashes=hashes, note=note, extra=extra)


def write_proof(proof: Proof) -> bytes:
    """Write a proof file; the inverse of ``read_proof``."""
    lines = [_FIRST]
    if proof.extra:
        lines.append(f"extra {_base64(proof.extra)}")
    lines += [f"index {proof.index}", *map(_base64, proof.hashes)]
    return "\n".join(lines).encode("ascii") + b"\n\n" + proof.note


def verify_proof(proof: Proof, leaf: Hash, checkpoint: Checkpoint) -> None:
    """
    Check that an entry stands where a proof says, under a checkpoint that was verified.

    Args:
        proof: From ``read_proof``.
        leaf: Leaf hash of the entry.
        checkpoint: What ``verify_checkpoint`` or ``verify_receipt`` made of ``proof.note``.

    Raises:
        ProofError: It does not.
    """
    verify_inclusion(
        leaf=leaf, index=proof.index, size=checkpoint.size, proof=proof.hashes, root=checkpoint.root
    )


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
