# SPDX-License-Identifier: Apache-2.0
"""
What somebody sees who reads everything on the way: every envelope whole, and nothing else.

``shows_nothing`` looks for what is secret in every spelling that anybody thought of, and for whatever would not be there
in bytes that were drawn. It is shown to find what it looks for in ``test_intercepted``.
"""

import re
import zlib
from base64 import b32encode, b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.node.pair import Node, Way

FORMAT = b"legation/envelope/v1\n"
HEAD_SIZE_BYTES = 21 + 32 + 1168  # as docs/spec/exchange.md has it
CHUNK_SIZE_BYTES, TAG_SIZE_BYTES = 65_536, 16
PRINTABLE_RUN_MAX = 28  # of drawn bytes: a longer one stands in one of 10^5 runs of these tests
CHI_SQUARE_MAX = (
    440.0  # of 256 values, 255 of which are free: the mean is 255, and this is eight deviations above
)


@dataclass
class Wire:
    """Reads what passes: pulls, answers, files."""

    seen: dict[str, list[bytes]] = field(default_factory=dict)

    def keeps(self, purpose: str, data: bytes) -> bytes:
        """Keep an envelope."""
        self.seen.setdefault(purpose, []).append(data)
        return data

    def to(self, node: Node, purpose: str = "answer") -> Way:
        """The way to a node, with somebody on it."""

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            asked = self.keeps("pull", b"".join(pieces))
            yield self.keeps(purpose, b"".join(node.answers([asked])))

        return way

    def pushed_to(self, node: Node) -> Way:
        """The way of a push to a node, likewise."""

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            brought = self.keeps("push", b"".join(pieces))
            yield self.keeps("taken", b"".join(node.is_pushed([brought])))

        return way


def shows_nothing(data: bytes, secrets: Iterable[bytes]) -> None:
    """
    See that an envelope shows no secret, nor how long it is but in steps.

    Raises:
        AssertionError: It does.
    """
    sealed = data[len(FORMAT) :]
    assert data.startswith(FORMAT)
    for secret in secrets:
        for name, spelled in spellings(secret):
            assert spelled not in data, f"{secret!r}, {name}"
        # The same, with any one byte added to each by exclusive or.
        assert differences(secret) not in differences(data), f"{secret!r}, masked"
    is_padded(len(data))
    looks_drawn(sealed)


def is_padded(size_bytes: int) -> None:
    """See that a size is one of those that Padme leaves, and at least 64 KiB."""
    sealed = size_bytes - HEAD_SIZE_BYTES
    chunks = -(-sealed // (CHUNK_SIZE_BYTES + TAG_SIZE_BYTES))
    padded = sealed - chunks * TAG_SIZE_BYTES
    assert padded >= CHUNK_SIZE_BYTES, "it is shorter than the shortest"
    assert chunks == -(-padded // CHUNK_SIZE_BYTES), "it has a chunk too many"
    exponent = padded.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    assert padded == CHUNK_SIZE_BYTES or padded % step == 0, f"{padded} bytes are no step of {step}"


def looks_drawn(data: bytes) -> None:
    """See that bytes look as if they had been drawn: no text, no order, no value more often than others."""
    assert re.search(rb"[ -~]{%d}" % PRINTABLE_RUN_MAX, data) is None, "there is text in it"
    assert len(zlib.compress(data, 9)) >= len(data), "it can be compressed"
    expected = len(data) / 256
    counts = Counter(data)
    found = sum((counts[value] - expected) ** 2 / expected for value in range(256))
    assert found < CHI_SQUARE_MAX, f"some bytes are more frequent: {found:.0f}"


def share_nothing(envelopes: Iterable[bytes]) -> None:
    """See that no two envelopes have 16 bytes in common, at whatever multiple of 16, behind the line that all have."""
    blocks: set[bytes] = set()
    count = 0
    for data in envelopes:
        sealed = data[len(FORMAT) :]
        for begin in range(0, len(sealed) - 15, 16):
            blocks.add(sealed[begin : begin + 16])
            count += 1
    assert len(blocks) == count, "two envelopes, or two places in one, are alike"


def spellings(secret: bytes) -> Iterator[tuple[str, bytes]]:
    """A secret as it may stand in other bytes, each at least six bytes long."""
    yield "as it is", secret
    yield "reversed", secret[::-1]
    yield "inverted", bytes(each ^ 255 for each in secret)
    yield "hex", secret.hex().encode()
    yield "HEX", secret.hex().upper().encode()
    for offset in range(3):
        whole = b64encode(bytes(offset) + secret)
        # What stands in both groups of a border depends on the neighbours.
        yield f"base64 at {offset}", whole[4 if offset else 0 : len(whole) // 4 * 4 - 4]
    yield "base32", b32encode(secret).rstrip(b"=")[:-2]
    yield "deflated", zlib.compress(secret, 9)[2:-4]
    yield "shifted", bytes((each << 1) & 255 for each in secret)
    if secret.isascii():
        text = secret.decode()
        yield "utf-16", text.encode("utf-16-le")
        yield "utf-16, the other way", text.encode("utf-16-be")
        yield "utf-32", text.encode("utf-32-le")
        yield "escaped", quote(text, safe="").encode()
        yield "lower case", text.lower().encode()
        yield "upper case", text.upper().encode()


def differences(data: bytes) -> bytes:
    """Each byte and the next one, by exclusive or."""
    width = len(data) - 1
    number = int.from_bytes(data[1:]) ^ int.from_bytes(data[:-1])
    return number.to_bytes(width)
