# SPDX-License-Identifier: Apache-2.0
"""
The exchange: what two nodes say to each other, and what follows from it.

Read in this order: ``entry`` (what a stream consists of), ``letter`` (a pull and its answer),
``envelope`` (a letter signed and sealed), ``sending`` and ``receiving`` (the two halves), ``fetching`` (both
halves of what belongs to an entry and is too long for it). The specification is ``docs/spec/exchange.md``.
Pure: bytes in, values out, and the other way round; time, randomness and keys are arguments.
"""

from legation.exchange.entry import (
    PAYLOAD_SIZE_BYTES_MAX,
    EntryHeader,
    EntryKind,
    Predecessor,
    RefusalCode,
    Refused,
    Start,
    Void,
    header_of,
    read_refused,
    read_start,
    read_view,
    read_void,
    write_refused,
    write_start,
    write_view,
    write_void,
)
from legation.exchange.envelope import (
    ANSWER_SIZE_BYTES_MAX,
    BATCH_SIZE_BYTES,
    PULL_SIZE_BYTES_MAX,
    Envelope,
    read_envelope,
    write_envelope,
)
from legation.exchange.fetching import offered, taken
from legation.exchange.letter import (
    CHALLENGE_SIZE_BYTES,
    CHUNKS_MAX,
    ENTRIES_MAX,
    NONCE_SIZE_BYTES,
    PROTOCOL,
    WAIT_S_MAX,
    Answer,
    Carried,
    Chunk,
    Fetch,
    Letter,
    Position,
    Pull,
    TakenBack,
    binding_of,
)
from legation.exchange.receiving import Accepted, Held, accept
from legation.exchange.sending import ACTIONS, Action, Standing, weigh

__all__ = [
    "ACTIONS",
    "ANSWER_SIZE_BYTES_MAX",
    "BATCH_SIZE_BYTES",
    "CHALLENGE_SIZE_BYTES",
    "CHUNKS_MAX",
    "ENTRIES_MAX",
    "NONCE_SIZE_BYTES",
    "PAYLOAD_SIZE_BYTES_MAX",
    "PROTOCOL",
    "PULL_SIZE_BYTES_MAX",
    "WAIT_S_MAX",
    "Accepted",
    "Action",
    "Answer",
    "Carried",
    "Chunk",
    "EntryHeader",
    "EntryKind",
    "Envelope",
    "Fetch",
    "Held",
    "Letter",
    "Position",
    "Predecessor",
    "Pull",
    "RefusalCode",
    "Refused",
    "Standing",
    "Start",
    "TakenBack",
    "Void",
    "accept",
    "binding_of",
    "header_of",
    "offered",
    "read_envelope",
    "read_refused",
    "read_start",
    "read_view",
    "read_void",
    "taken",
    "weigh",
    "write_envelope",
    "write_refused",
    "write_start",
    "write_view",
    "write_void",
]
