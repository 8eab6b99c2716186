# SPDX-License-Identifier: Apache-2.0
"""
The log: an append-only tree of opaque entries, and what is signed over it.

* ``frontier``: what a tree is continued from, and its root.
* ``tree``: what more is kept of it, so that proofs need not read all leaves.
* ``note``: signed notes, as a general standard has them.
* ``checkpoint``: our stricter rule above them: checkpoints and receipts.
* ``proof``: files that prove one entry offline.
* ``growth``: files that prove that there was only more since.
* ``verifier``: notes of others, by their verifier keys.
* ``entry``: entries of a node's own log.
* ``statement``: a few signed lines about something else, such as a version of a policy.

Use::

    frontier = Frontier().extend(leaves)
    checkpoint = Checkpoint(origin=origin, size=frontier.size, root=frontier.root)
    data = sign_checkpoint(checkpoint, name=key_name("KOR@NATO"), signers=signers)
    verify_checkpoint(data, origin=origin, name=key_name("KOR@NATO"), keys=card.stream_keys)

Pure: times, keys and incarnations are arguments. The specification is ``docs/spec/log.md``, for statements
``docs/spec/policy-chain.md``.
"""

from legation.log.checkpoint import (
    INCARNATION_SIZE_BYTES,
    Checkpoint,
    Receipt,
    StreamSigners,
    claimed_incarnation,
    cosign,
    incarnation_of,
    is_receipt,
    key_name,
    log_origin,
    names_key,
    open_checkpoint,
    sign_checkpoint,
    stream_origin,
    verify_checkpoint,
    verify_receipt,
)
from legation.log.entry import LogEntry, LogKind
from legation.log.frontier import Frontier
from legation.log.growth import Growth, read_growth, write_growth
from legation.log.proof import Proof, read_proof, verify_proof, write_proof
from legation.log.statement import authority_name, sign_statement, verify_statement
from legation.log.tree import (
    KEPT_HEIGHT,
    RootOf,
    completed,
    completed_count,
    prove_consistency,
    prove_inclusion,
    root_over,
)
from legation.log.verifier import OpenedNote, open_note

__all__ = [
    "INCARNATION_SIZE_BYTES",
    "KEPT_HEIGHT",
    "Checkpoint",
    "Frontier",
    "Growth",
    "LogEntry",
    "LogKind",
    "OpenedNote",
    "Proof",
    "Receipt",
    "RootOf",
    "StreamSigners",
    "authority_name",
    "claimed_incarnation",
    "completed",
    "completed_count",
    "cosign",
    "incarnation_of",
    "is_receipt",
    "key_name",
    "log_origin",
    "names_key",
    "open_checkpoint",
    "open_note",
    "prove_consistency",
    "prove_inclusion",
    "read_growth",
    "read_proof",
    "root_over",
    "sign_checkpoint",
    "sign_statement",
    "stream_origin",
    "verify_checkpoint",
    "verify_proof",
    "verify_receipt",
    "verify_statement",
    "write_growth",
    "write_proof",
]
