# SPDX-License-Identifier: Apache-2.0
"""
Traces of a text: pieces of it, as they are and as programs write them, to be searched for in files.

What a program presses together or encrypts is not found so. Nothing that a node keeps is pressed
together, and what crosses between nodes is not kept as it crossed.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

PIECE_LENGTH = 24  # characters: long enough to stand nowhere by chance
PIECE_EVERY = 8  # characters from one piece to the next: whatever shows 31 of them is found

_BEFORE_TEXT = re.compile(r"(\([^)]*\)\s*)?(\{[^}]*\}\s*)*")  # a mark, and what qualifies a paragraph
_MANY_ZEROS = re.compile(rb"\0{9,}")  # a store is mostly that; no trace has so many


def traces(text: str, told: Iterable[str]) -> set[bytes]:
    """
    List what would betray *text*.

    Args:
        text: What is not to be found; of one shorter than ``PIECE_LENGTH`` there are no traces.
        told: What is known where it is searched for; a tearline repeats words of its paragraph.
    """
    known = "\0".join(told)
    starts = {*range(0, len(text) - PIECE_LENGTH + 1, PIECE_EVERY), len(text) - PIECE_LENGTH}
    pieces = {text[start : start + PIECE_LENGTH] for start in starts if start >= 0}
    return {trace for piece in pieces if piece not in known for trace in written(piece)}


def written(piece: str) -> Iterator[bytes]:
    """Write a piece in the ways in which it may stand in a file."""
    plain = piece.encode()
    yield plain
    yield plain[::-1]
    yield piece[::-1].encode()
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    yield piece.encode("utf-16-le")
    yield piece.encode("utf-16-be")
    yield json.dumps(piece)[1:-1].encode()
    yield json.dumps(piece, ensure_ascii=False)[1:-1].encode()
    yield quote(piece).encode()
    yield quote(piece, safe="").encode()
    yield quote_plus(piece).encode()
    yield escape(piece).encode()
    # In base64 a text looks different at each of three places; whole groups of each are searched for.
    for shift in range(3):
        group = plain[shift : shift + (len(plain) - shift) // 3 * 3]
        yield base64.b64encode(group)
        yield base64.urlsafe_b64encode(group)


def search(paths: Iterable[Path], wanted: Iterable[bytes]) -> tuple[int, set[bytes]]:
    """
    Search files, and all files in folders, for traces.

    Returns:
        How many bytes were looked through, and the traces that were found.
    """
    left, found, size_bytes = set(wanted), set[bytes](), 0
    for path in (each for top in paths for each in ([top] if top.is_file() else sorted(top.rglob("*")))):
        if path.is_file():
            data = path.read_bytes()
            size_bytes += len(data)
            dense = _MANY_ZEROS.sub(b"\0" * 8, data)
            found |= {trace for trace in left if trace in dense}
            left -= found
    return size_bytes, found


def strings(value: object) -> Iterator[str]:
    """Give every text in a JSON document, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def paragraphs(report: str) -> Iterator[str]:
    """Give the paragraphs of a report in Markdown, without the marks before them."""
    for block in re.split(r"\n\s*\n", report.strip())[1:]:
        yield _BEFORE_TEXT.sub("", block.strip(), count=1)


def alter(folder: Path, texts: Iterable[str]) -> bool:
    """
    Change one letter of the first of *texts* that is found as it is in a file; whether one was.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for text in texts:
        for start in range(len(text) - PIECE_LENGTH + 1):
            piece = text[start : start + PIECE_LENGTH].encode()
            for path in files:
                if (piece[-1] >= 0x80 or piece[-1:].isalpha()) and piece in (data := path.read_bytes()):
                    path.write_bytes(data.replace(piece, piece[:-1] + bytes([piece[-1] ^ 1])))
                    return True
    return False
