# SPDX-License-Identifier: Apache-2.0
"""
Traces of a text: pieces of it, as they are and as programs write them, to be searched for in files.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

PIECE_LENGTH = 24  # characters: long enough to stand nowhere by chance
PIECE_EVERY = 8  # characters from one piece to the next


def traces(texts: Iterable[str], told: Iterable[str]) -> set[bytes]:
    """
    List what would betray one of *texts*, save what *told* says too: a tearline repeats words.
    """
    known = list(told)
    pieces = {
        text[start : start + PIECE_LENGTH]
        for text in texts
        for start in range(0, max(1, len(text) - PIECE_LENGTH + 1), PIECE_EVERY)
    }
    whole = (piece for piece in pieces if len(piece) == PIECE_LENGTH)
    return {trace for piece in whole if not any(piece in text for text in known) for trace in _written(piece)}


def _written(piece: str) -> Iterator[bytes]:
    """A piece in the encodings that files have."""
    plain = piece.encode()
    yield plain
    yield plain.hex().encode()
    yield piece.encode("utf-16-le")
    yield plain[::-1]
    yield quote(piece).encode()
    yield json.dumps(piece)[1:-1].encode()
    # In base64 a text looks different at each of three places; whole groups of each are searched for.
    for shift in range(3):
        group = plain[shift : shift + (len(plain) - shift) // 3 * 3]
        yield base64.b64encode(group)
        yield base64.urlsafe_b64encode(group)


def search(folder: Path, wanted: Iterable[bytes]) -> list[str]:
    """Name the files under *folder* in which one of the traces stands."""
    found = []
    traces_wanted = list(wanted)
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        if any(trace in data for trace in traces_wanted):
            found.append(path.name)
    return found
