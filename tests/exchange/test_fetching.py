# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from legation.errors import MalformedError, ProofError, RemoteProtocolError
from legation.exchange import Answer, Chunk, Envelope, Fetch, offered, taken
from legation.exchange.fetching import CHUNKS_AT_ONCE
from legation.exchange.letter import CHUNK_COUNT_MAX, CHUNKS_MAX
from legation.item.attachment import CHUNK_SIZE_BYTES, chunk_hash, measured
from legation.item.portion import Attachment
from tests.exchange.made import answer, pull

DATA = Random(7).randbytes(6 * CHUNK_SIZE_BYTES + 5)
CHUNKS = [DATA[at : at + CHUNK_SIZE_BYTES] for at in range(0, len(DATA), CHUNK_SIZE_BYTES)]
LEAVES = [chunk_hash(each) for each in CHUNKS]
ROOT = measured([DATA]).root
PORTION = Attachment(name="a", media_type="a/b", size=len(DATA), root=ROOT)
FETCH = Fetch(incarnation=b"i" * 16, number=3, root=ROOT, size=len(DATA))


def given_to(fetch: Fetch) -> Envelope[Answer]:
    """The honest answer to a fetch, opened."""
    chunks = offered(fetch, LEAVES)
    letter = answer(incarnation=fetch.incarnation, start=fetch.number, chunks=chunks)
    return Envelope(letter=letter, payloads=tuple(CHUNKS[each.number] for each in chunks), binding=bytes(32))


def test_all_of_it_comes_by_asking_on() -> None:
    """
    Each answer begins where the last one ended; together they are the file.
    """
    came: list[bytes] = []
    while len(came) < len(CHUNKS):
        fetch = changed(FETCH, first=len(came))
        came.extend(taken(given_to(fetch), fetch, PORTION))
    assert b"".join(came) == DATA
    assert CHUNKS_AT_ONCE == 4


def test_no_chunks_are_no_error() -> None:
    """
    What is not to be had is answered with nothing.
    """
    found = given_to(FETCH)
    nothing = replace(found, letter=changed(found.letter, chunks=()), payloads=())
    assert taken(nothing, FETCH, PORTION) == ()


@given(place=st.integers(0, 3), at=st.integers(0, CHUNK_SIZE_BYTES - 1), bit=st.integers(0, 7))
def test_a_changed_bit_is_found_though_its_hash_was_changed_too(place: int, at: int, bit: int) -> None:
    """
    A sender who signs for other bytes cannot make them lead to the author's root.
    """
    found = given_to(FETCH)
    data = bytearray(CHUNKS[place])
    data[at] ^= 1 << bit
    payloads = [*found.payloads]
    payloads[place] = bytes(data)
    chunks = [*found.letter.chunks]
    chunks[place] = changed(chunks[place], leaf=chunk_hash(bytes(data)))
    lie = replace(found, letter=changed(found.letter, chunks=tuple(chunks)), payloads=tuple(payloads))
    assert all(each.fits(payload) for each, payload in zip(lie.letter.chunks, lie.payloads, strict=True))
    with pytest.raises(ProofError):
        taken(lie, FETCH, PORTION)


def test_chunks_that_changed_places_are_found() -> None:
    """
    The right bytes at another place are not the file.
    """
    found = given_to(FETCH)
    one, two, *rest = found.letter.chunks
    moved = (changed(two, number=0), changed(one, number=1), *rest)
    payloads = (found.payloads[1], found.payloads[0], *found.payloads[2:])
    with pytest.raises(ProofError):
        taken(replace(found, letter=changed(found.letter, chunks=moved), payloads=payloads), FETCH, PORTION)


@pytest.mark.parametrize(
    ("fetch", "what"),
    [
        (changed(FETCH, first=1), "starts at chunk 0"),
        (changed(FETCH, number=4), "another entry"),
        (changed(FETCH, incarnation=b"o" * 16), "another entry"),
    ],
    ids=["first", "number", "incarnation"],
)
def test_an_answer_to_something_else_is_refused(fetch: Fetch, what: str) -> None:
    """
    It says for what it is, and that is what was asked for.
    """
    with pytest.raises(RemoteProtocolError, match=what):
        taken(given_to(FETCH), fetch, PORTION)


def test_entries_instead_of_chunks_are_refused() -> None:
    """
    Whoever asked for chunks takes in nothing else.
    """
    other = answer(incarnation=FETCH.incarnation, start=FETCH.number, challenge=bytes(16))
    with pytest.raises(RemoteProtocolError, match="entries"):
        taken(Envelope(letter=other, payloads=(), binding=bytes(32)), FETCH, PORTION)


HASH = bytes(32)
CHUNK = Chunk(number=0, size_bytes=1, leaf=HASH)


@pytest.mark.parametrize(
    "make",
    [
        lambda: changed(FETCH, number=0),
        lambda: changed(FETCH, size=0),
        lambda: changed(FETCH, size=(16 << 30) + 1),
        lambda: changed(FETCH, first=7),
        lambda: changed(FETCH, first=-1),
        lambda: changed(FETCH, root=b""),
        lambda: changed(CHUNK, number=CHUNK_COUNT_MAX),
        lambda: changed(CHUNK, size_bytes=0),
        lambda: changed(CHUNK, size_bytes=CHUNK_SIZE_BYTES + 1),
        lambda: changed(CHUNK, proof=(HASH,) * 15),
        lambda: changed(CHUNK, proof=(b"",)),
        lambda: pull(fetch=FETCH, wait_s=1),
        lambda: pull(fetch=FETCH, challenge=bytes(16)),
        lambda: answer(chunks=(CHUNK, CHUNK)),
        lambda: answer(chunks=(CHUNK,), challenge=bytes(16)),
        lambda: answer(chunks=tuple(changed(CHUNK, number=n) for n in range(CHUNKS_MAX + 1))),
    ],
)
def test_a_letter_about_chunks_cannot_exist_wrong(make: Callable[[], object]) -> None:
    """
    Out of range, out of order, or together with something else: refused when it is made.
    """
    with pytest.raises(MalformedError):
        make()


def test_the_longest_proof_that_is_allowed_is_one_that_is_needed() -> None:
    """
    The tree of the longest attachment is as deep as the limit says.
    """
    assert CHUNK_COUNT_MAX == 1 << 14
    assert changed(CHUNK, proof=(HASH,) * 14).proof
