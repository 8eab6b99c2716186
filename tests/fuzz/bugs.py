# SPDX-License-Identifier: Apache-2.0
"""
Bugs that are planted around true decoders, each as somebody might write it.

Each takes a decoder and gives one that is wrong for some inputs only: the harness must come upon one.
"""

import contextlib
import json
import os
import re
import signal
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import msgspec

from legation.errors import MalformedError, StoreError
from tests.fuzz.judge import Decoder
from tests.fuzz.mutation import Syntax

Bug = Callable[[Decoder], Decoder]


def _reading(change: Callable[[Decoder, bytes], Any]) -> Bug:
    """A bug in reading."""
    return lambda decoder: replace(decoder, read=lambda data: change(decoder, data))


def _look_up(decoder: Decoder, data: bytes) -> Any:
    """Takes for granted that a known type follows."""
    types = re.findall(rb'Type="(\w+)"', data)
    assert {b"PERMISSIVE": 1, b"RESTRICTIVE": 2, b"INFORMATIVE": 3}[types[0] if types else b"PERMISSIVE"]
    return decoder.read(data)


def _end_at_a_mark(decoder: Decoder, data: bytes) -> Any:
    """Looks for the next line feed, and forgets that there may be none."""
    at = data.find(b"\r")
    while at >= 0 and data[at : at + 2] != b"\r\n":
        pass
    return decoder.read(data)


def _compare_all(decoder: Decoder, data: bytes) -> Any:
    """Looks for lines that stand twice, each among all."""
    lines = data.split(b"\n")
    sum(1 for one in lines for other in lines if one == other)
    return decoder.read(data)


def _backtrack(decoder: Decoder, data: bytes) -> Any:
    """Matches with an expression of which each half may take what the other could."""
    re.match(rb"([a-z0-9]+-?)*$", data)
    return decoder.read(data)


def _echo(decoder: Decoder, data: bytes) -> Any:
    """Says what was wrong."""
    try:
        return decoder.read(data)
    except MalformedError as error:
        raise MalformedError(f"{error.message}: {data[:200]!r}") from None


def _hint(decoder: Decoder, data: bytes) -> Any:
    """Says what to do about it, with an example."""
    try:
        return decoder.read(data)
    except MalformedError as error:
        raise MalformedError(error.message, hint=f"see {data[-100:]!r}") from None


def _list_faults(decoder: Decoder, data: bytes) -> Any:
    """Lists every line that is wrong."""
    try:
        return decoder.read(data)
    except MalformedError as error:
        raise MalformedError(
            error.message, faults=[*error.faults, *data.decode(errors="replace").split("\n")]
        ) from None


def _chain(decoder: Decoder, data: bytes) -> Any:
    """Lets the library's error go on behind its own."""
    try:
        msgspec.json.decode(data.replace(b'"attention":"', b'"attention":"\\q'), type=dict[str, int])
    except msgspec.MsgspecError as exc:
        try:
            return decoder.read(data)
        except MalformedError as error:
            said = data.decode(errors="replace")
            raise MalformedError(error.message) from ValueError(f"{exc} in {said}")
    return decoder.read(data)


def _trim(decoder: Decoder, data: bytes) -> Any:
    """Forgives white space at the end."""
    return decoder.read(data.rstrip())


def _lenient(decoder: Decoder, data: bytes) -> Any:
    """Takes any JSON that says the same."""
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return decoder.read(text.encode("utf-8", "replace"))
    return decoder.read(data)


def _allocate(decoder: Decoder, data: bytes) -> Any:
    """Makes room for as much as the bytes say that there is."""
    for size in re.findall(rb"[0-9]{9,10}", data):
        bytes(min(int(size), 1 << 29))
    return decoder.read(data)


def _keep_all(decoder: Decoder, data: bytes) -> Any:
    """Keeps every beginning of it."""
    if len(data) > 14_000:
        _ = [data[:end] for end in range(14_000)]
    return decoder.read(data)


def _inflate_all(decoder: Decoder, data: bytes) -> Any:
    """Inflates every packet before it counts them; it stood in the program once, and a hand found it."""
    packets = []
    for found in re.finditer(rb"iTXtXML:com\.adobe\.xmp\x00\x01\x00\x00\x00", data):
        with contextlib.suppress(zlib.error):
            packets.append(zlib.decompressobj().decompress(data[found.end() :], 1 << 21))
    return decoder.read(data)


def _descend(decoder: Decoder, data: bytes) -> Any:
    """Goes down one call for each brace."""

    def down(depth: int) -> int:
        return depth and down(depth - 1)

    down(data.count(b"{"))
    return decoder.read(data)


def _decode(decoder: Decoder, data: bytes) -> Any:
    """Takes for granted that text is UTF-8."""
    data.decode()
    return decoder.read(data)


def _take_for_ours(decoder: Decoder, data: bytes) -> Any:
    """Says that the store is broken where bytes from outside are."""
    if data.count(b'"hash":') > 1:
        raise StoreError("a log entry is not what it must be")
    return decoder.read(data)


def _assume(decoder: Decoder, data: bytes) -> Any:
    """Takes for granted what only its own writer does."""
    assert data.endswith(b"}"), "a card ends in a brace"
    return decoder.read(data)


def _drop_a_list(decoder: Decoder) -> Decoder:
    """Forgets the last list in writing."""
    assert decoder.back is not None
    back = decoder.back

    def forget(found: Any) -> Any:
        return back(msgspec.structs.replace(found, categories=found.categories[:-1]))

    return replace(decoder, back=forget)


# By name: in which decoder it is planted, what the harness says of it, and the bug.
BUGS: dict[str, tuple[str, str, Bug]] = {
    "a look-up that fails": ("label", "error", _reading(_look_up)),
    "an end that never comes": ("note", "slow", _reading(_end_at_a_mark)),
    "each line against all": ("report", "slow", _reading(_compare_all)),
    "an expression that backtracks": ("address", "slow", _reading(_backtrack)),
    "content in the message": ("clearance", "said", _reading(_echo)),
    "content in the hint": ("stored draft", "said", _reading(_hint)),
    "content in the faults": ("report", "said", _reading(_list_faults)),
    "content in the error behind": ("stored slip", "said", _reading(_chain)),
    "white space at the end": ("payload of void", "form", _reading(_trim)),
    "any spelling of JSON": ("log entry", "form", _reading(_lenient)),
    "room for what is announced": ("policy", "memory", _reading(_allocate)),
    "every beginning kept": ("view", "memory", _reading(_keep_all)),
    "every packet inflated": ("PNG", "memory or slow", _reading(_inflate_all)),
    "a call for each brace": ("root key file", "error", _reading(_descend)),
    "text that is not": ("key name", "error", _reading(_decode)),
    "another's fault": ("log entry", "error", _reading(_take_for_ours)),
    "a wish asserted": ("card", "error", _reading(_assume)),
    "a list lost in writing": ("clearance", "form", _drop_a_list),
}


# Bugs that take their process along, each for some inputs: for the workers of a long search.


def unlucky(data: bytes) -> bool:
    """Whether such a bug shows."""
    return sha256(data).digest()[0] < 10


def _dies(data: bytes) -> None:
    if unlucky(data):
        os.kill(os.getpid(), signal.SIGKILL)


def _sleeps(data: bytes) -> None:
    """Takes no processor time, so that no clock of it ever rings."""
    if unlucky(data):
        time.sleep(3600)


def _grows(data: bytes) -> None:
    if unlucky(data):
        bytearray(1 << 31)


def deadly() -> dict[str, Decoder]:
    """Decoders with such a bug."""
    return {
        name: Decoder(
            name=name, doors=(), read=read, corpus=(b"abcdefgh", b"0123456789"), syntax=Syntax.BYTES
        )
        for name, read in (("dies", _dies), ("sleeps", _sleeps), ("grows", _grows))
    }
