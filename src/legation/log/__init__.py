# SPDX-License-Identifier: Apache-2.0
"""
The log: an append-only tree of opaque entries, and what is signed over it.

* ``frontier``: what a tree is continued from, and its root.
* ``note``: signed notes, as a general standard has them.
* ``checkpoint``: our stricter rule above them: checkpoints and receipts.
* ``entry``: entries of a node's own log.

Use::

    frontier = Frontier().extend(leaves)
    checkpoint = Checkpoint(origin=origin, size=frontier.size, root=frontier.root)
    data = sign_checkpoint(checkpoint, name=key_name("KOR@NATO"), signers=signers)
    verify_checkpoint(data, origin=origin, name=key_name("KOR@NATO"), keys=card.stream_keys)

Pure: times, keys and incarnations are arguments. The specification is ``docs/spec/log.md``.
"""

from legation.log.checkpoint import (
    INCARNATION_SIZE_BYTES,
    Checkpoint,
    Receipt,
    StreamSigners,
    cosign,
    key_name,
    log_origin,
    sign_checkpoint,
    stream_origin,
    verify_checkpoint,
    verify_receipt,
)
from legation.log.entry import LogEntry, LogKind
from legation.log.frontier import Frontier

__all__ = [
    "INCARNATION_SIZE_BYTES",
    "Checkpoint",
    "Frontier",
    "LogEntry",
    "LogKind",
    "Receipt",
    "StreamSigners",
    "cosign",
    "key_name",
    "log_origin",
    "sign_checkpoint",
    "stream_origin",
    "verify_checkpoint",
    "verify_receipt",
]
