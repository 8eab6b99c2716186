# SPDX-License-Identifier: Apache-2.0
"""
Chunks of attachments, asked for and given: both halves.

An attachment is too long for an entry. Its portion in the entry's view states size and root, so whoever has the
view can check each chunk as it comes, and go on where it stopped. The receiver asks for so much of one
attachment at a time; the sender decides each time anew whether it may have it.

Rules kept here:

1. Each chunk leads to the root that the author signed, or nothing of the answer is taken.
2. An answer begins with the chunk that was asked for and goes on without a gap.
3. No chunks at all is the one answer to whatever is not to be had: an entry that was taken back, one that there
   never was, a file that does not belong to it.

Not here: whether the asker may have it (``node.streams.answering``), and where the bytes go.
"""

from collections.abc import Sequence

from legation.errors import RemoteProtocolError
from legation.exchange.envelope import BATCH_SIZE_BYTES, Envelope
from legation.exchange.letter import CHUNKS_MAX, Answer, Chunk, Fetch
from legation.item.attachment import CHUNK_SIZE_BYTES, chunk_count, chunk_size, verify_chunk
from legation.item.portion import Attachment
from legation.merkle import Hash, inclusion_proof

# As much as other answers bring: what is lost when a line breaks is small.
CHUNKS_AT_ONCE = min(CHUNKS_MAX, BATCH_SIZE_BYTES // CHUNK_SIZE_BYTES)


def offered(fetch: Fetch, leaves: Sequence[Hash]) -> tuple[Chunk, ...]:
    """
    Say which chunks answer a fetch, with their proofs.

    Args:
        fetch: What was asked for.
        leaves: The hashes of all chunks of that attachment, which lead to the root that was named.
    """
    assert len(leaves) == chunk_count(fetch.size), "an attachment has the chunks that its size says"
    last = min(fetch.first + CHUNKS_AT_ONCE, len(leaves))
    return tuple(
        Chunk(
            number=number,
            size_bytes=chunk_size(fetch.size, number),
            leaf=leaves[number],
            proof=tuple(inclusion_proof(leaves, number)),
        )
        for number in range(fetch.first, last)
    )


def taken(envelope: Envelope[Answer], fetch: Fetch, portion: Attachment) -> tuple[bytes, ...]:
    """
    Take the chunks out of an answer, each held against the root that the author signed.

    Args:
        envelope: From ``read_envelope``; the answer of whoever was asked, to this fetch.
        fetch: What was asked for.
        portion: The attachment, as the author signed it.

    Returns:
        Chunks from ``fetch.first`` on; none if it is not to be had.

    Raises:
        RemoteProtocolError: It answers something else.
        ProofError: A chunk is not the one of this attachment.
    """
    answer = envelope.letter
    if answer.entries or answer.checkpoint is not None or answer.challenge is not None:
        raise RemoteProtocolError("answer has entries, and chunks were asked for")
    if (answer.incarnation, answer.start) != (fetch.incarnation, fetch.number):
        raise RemoteProtocolError("answer is about another entry than was asked for")
    if answer.chunks and answer.chunks[0].number != fetch.first:
        raise RemoteProtocolError(f"answer starts at chunk {answer.chunks[0].number}, expected {fetch.first}")
    for chunk, payload in zip(answer.chunks, envelope.payloads, strict=True):
        verify_chunk(portion, chunk.number, payload, [Hash(each) for each in chunk.proof])
    return envelope.payloads
