# SPDX-License-Identifier: Apache-2.0

import contextlib
import importlib
import pkgutil
import random
import traceback
import typing
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

import legation
from legation.encoding import INTEGER_MAX, Canonical, Codec, encode
from legation.errors import MalformedError
from legation.keys.card import TIME_MAX, PolicyReference

SIZE_BYTES_MAX = 1 << 16
CANARY = "Zq7wanderer"

Bounded = Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)]


class Leaf(Canonical, frozen=True, tag="leaf"):
    text: str
    count: Bounded
    flag: bool = False
    data: bytes = b""
    words: tuple[str, ...] = ()


class Branch(Canonical, frozen=True, tag="branch"):
    children: tuple["Leaf | Branch", ...]


Tree = Leaf | Branch
TREE: Codec[Tree] = Codec(Tree, size_bytes_max=SIZE_BYTES_MAX, what="tree")  # type: ignore[arg-type]

# Everything but surrogates, which UTF-8 does not have; control characters and astral ones included.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
leaves = st.builds(
    Leaf,
    text=texts,
    count=st.integers(0, INTEGER_MAX),
    flag=st.booleans(),
    data=st.binary(max_size=40),
    words=st.lists(texts, max_size=4).map(tuple),
)
trees: st.SearchStrategy[Tree] = st.recursive(
    leaves, lambda below: st.builds(Branch, children=st.lists(below, max_size=4).map(tuple)), max_leaves=12
)
ascii_names = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=12)
profile: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | texts,
    lambda below: st.lists(below, max_size=5) | st.dictionaries(ascii_names, below, max_size=5),
    max_leaves=20,
)


@given(trees)
@settings(deadline=None)
def test_what_is_encoded_decodes_to_the_same(tree: Tree) -> None:
    """
    Decoding gives back the value that was encoded.
    """
    assert TREE.decode(TREE.encode(tree)) == tree


@given(trees)
@settings(deadline=None)
def test_what_is_decoded_encodes_to_the_same(tree: Tree) -> None:
    """
    Encoding gives back the bytes that were decoded.
    """
    data = TREE.encode(tree)
    assert TREE.encode(TREE.decode(data)) == data


@given(profile)
@settings(deadline=None, max_examples=300)
def test_it_is_rfc_8785(value: Any) -> None:
    """
    On every value of the profile the bytes are those of another hand's RFC 8785.
    """
    assert encode(value) == rfc8785.dumps(value)


@given(trees)
@settings(deadline=None)
def test_a_shape_is_rfc_8785_too(tree: Tree) -> None:
    """
    The fields of a shape are sorted as RFC 8785 sorts the keys of an object.
    """
    assert TREE.encode(tree) == rfc8785.dumps(msgspec.to_builtins(tree))


@pytest.mark.parametrize("number", range(0, 0x110000, 0x1000))
def test_every_character_is_written_as_rfc_8785_does(number: int) -> None:
    """
    All of Unicode, block by block, has one spelling, and it is read back.
    """
    text = "".join(map(chr, range(number, number + 0x1000)))
    text = "".join(character for character in text if not "\ud800" <= character <= "\udfff")
    leaf = Leaf(text=text, count=0)
    assert TREE.encode(leaf) == rfc8785.dumps({"type": "leaf", "text": text, "count": 0})
    assert TREE.decode(TREE.encode(leaf)) == leaf


GOOD = b'{"count":1,"text":"Zq7wanderer","type":"leaf"}'
REFUSED = {
    "nothing at all": b"",
    "a key twice": b'{"count":1,"count":1,"text":"Zq7wanderer","type":"leaf"}',
    "a key twice with two values": b'{"count":1,"text":"a","text":"Zq7wanderer","type":"leaf"}',
    "white space before": b" " + GOOD,
    "white space inside": GOOD.replace(b":1", b": 1"),
    "white space after": GOOD + b"\n",
    "keys in another order": b'{"type":"leaf","count":1,"text":"Zq7wanderer"}',
    "a float": GOOD.replace(b":1", b":1.0"),
    "a float with an exponent": GOOD.replace(b":1", b":1e0"),
    "a fraction": GOOD.replace(b":1", b":1.5"),
    "minus nought": GOOD.replace(b":1", b":-0"),
    "a leading nought": GOOD.replace(b":1", b":01"),
    "a plus sign": GOOD.replace(b":1", b":+1"),
    "a number as a string": GOOD.replace(b":1", b':"1"'),
    "a boolean as a number": GOOD.replace(b'"text"', b'"flag":1,"text"'),
    "null for a field": GOOD.replace(b":1", b":null"),
    "null for a field that may be absent": GOOD.replace(b'"text"', b'"data":null,"text"'),
    "not a number": GOOD.replace(b":1", b":NaN"),
    "infinity": GOOD.replace(b":1", b":Infinity"),
    "a field nobody knows": GOOD.replace(b'"text"', b'"Zq7wanderer":1,"text"'),
    "a field with its default": GOOD.replace(b'"text"', b'"flag":false,"text"'),
    "a field that is missing": b'{"text":"Zq7wanderer","type":"leaf"}',
    "a type nobody knows": GOOD.replace(b'"leaf"', b'"Zq7wanderer"'),
    "no type": b'{"count":1,"text":"Zq7wanderer"}',
    "another type of value": b'["Zq7wanderer"]',
    "a bare string": b'"Zq7wanderer"',
    "two values": GOOD + GOOD,
    "trailing bytes": GOOD + b"\x00",
    "a comment": GOOD + b"//",
    "a trailing comma": GOOD.replace(b'"leaf"}', b'"leaf",}'),
    "single quotes": GOOD.replace(b'"', b"'"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-16 without a mark": GOOD.decode().encode("utf-16-le"),
    "UTF-32": GOOD.decode().encode("utf-32"),
    "bytes that are no UTF-8": GOOD.replace(b"Zq7", b"Zq7\xff"),
    "an overlong slash": GOOD.replace(b"Zq7", b"Zq7\xc0\xaf"),
    "a lone surrogate in bytes": GOOD.replace(b"Zq7", b"Zq7\xed\xa0\x80"),
    "a lone surrogate in an escape": GOOD.replace(b"Zq7", b"Zq7\\ud800"),
    "a pair of surrogates in escapes": GOOD.replace(b"Zq7", b"Zq7\\ud83d\\ude00"),
    "a letter as an escape": GOOD.replace(b"Zq7", b"\\u005aq7"),
    "an escaped slash": GOOD.replace(b"Zq7", b"Zq7\\/"),
    "an escape in capitals": GOOD.replace(b"Zq7", b"Zq7\\u001F"),
    "a control character as it is": GOOD.replace(b"Zq7", b"Zq7\x01"),
    "a line feed spelled out": GOOD.replace(b"Zq7", b"Zq7\\u000a"),
    "cut short": GOOD[:-1],
    "base64 without padding": GOOD.replace(b'"text"', b'"data":"AA","text"'),
    "base64 with bits left over": GOOD.replace(b'"text"', b'"data":"AB==","text"'),
    "base64 for addresses": GOOD.replace(b'"text"', b'"data":"-_-_","text"'),
    "base64 with a line break": GOOD.replace(b'"text"', b'"data":"AAAA\\nAAAA","text"'),
    "an integer of 2**53": GOOD.replace(b":1", b":9007199254740992"),
    "an integer of 2**64": GOOD.replace(b":1", b":18446744073709551616"),
    "a negative integer": GOOD.replace(b":1", b":-1"),
    "an integer of 5,000 digits": GOOD.replace(b":1", b":" + b"9" * 5000),
    "arrays in arrays": b"[" * 20_000,
    "objects in objects": b'{"children":[' * 4_000,
    "branches in branches": b'{"children":[' * 1_500 + b'],"type":"branch"}' * 1_500,
    "one byte too long": b'{"count":1,"text":"' + b"a" * SIZE_BYTES_MAX + b'","type":"leaf"}',
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_refuses_what_is_not_canonical(data: bytes) -> None:
    """
    There is one spelling, and every other one is refused with one family of errors.
    """
    with pytest.raises(MalformedError) as refused:
        TREE.decode(data)
    check_silent(refused.value)


def test_the_spelling_that_the_refused_ones_are_made_of_is_read() -> None:
    """
    Without its defect each refused example would be read.
    """
    assert TREE.decode(GOOD) == Leaf(text=CANARY, count=1)


def check_silent(error: MalformedError) -> None:
    """Nothing that was read is in what an error says, shows in its trace, or is chained to."""
    shown = "".join(traceback.format_exception(error))
    # The lines of this file's own source that a trace quotes hold no content.
    said = [str(error), error.message, error.hint, *error.faults, shown]
    assert not any(CANARY in text for text in said)
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__


@given(trees, st.data())
@settings(deadline=None)
def test_refuses_bytes_that_were_altered_or_reads_another_value(tree: Tree, draw: st.DataObject) -> None:
    """
    An altered encoding is refused, or is itself the canonical encoding of something else.
    """
    data = bytearray(TREE.encode(tree))
    place = draw.draw(st.integers(0, len(data) - 1))
    data[place] = draw.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedError):
        assert TREE.encode(TREE.decode(bytes(data))) == data


def test_random_bytes_raise_only_the_one_error() -> None:
    """
    Ten thousand pieces of nonsense, half of them made of what JSON is made of, raise nothing else.
    """
    dice = random.Random(8785)
    pieces = [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b",",
        b":",
        b"1",
        b"null",
        b"\\u",
        b'"type"',
        b'"leaf"',
        b"\xff",
        b"e9",
    ]
    for _ in range(5_000):
        for data in (
            dice.randbytes(dice.randrange(40)),
            b"".join(dice.choices(pieces, k=dice.randrange(20))),
        ):
            with pytest.raises(MalformedError):
                TREE.decode(data)


def test_the_longest_encoding_is_read_and_no_longer_one() -> None:
    """
    The limit is in bytes, it is the longest that is read, and what is longer is not parsed.
    """
    longest = Leaf(text="a" * (SIZE_BYTES_MAX - len(GOOD) + len(CANARY)), count=1)
    assert len(TREE.encode(longest)) == SIZE_BYTES_MAX
    assert TREE.decode(TREE.encode(longest)) == longest
    with pytest.raises(
        MalformedError, match=f"tree has {SIZE_BYTES_MAX + 1} bytes, expected at most {SIZE_BYTES_MAX}"
    ):
        TREE.decode(b"\xff" * (SIZE_BYTES_MAX + 1))


def test_reading_without_comparing_still_keeps_the_shape_and_the_limit() -> None:
    """
    The reading for callers who compare later forgives the spelling and nothing else.
    """
    assert TREE.decode_unchecked(b" " + GOOD) == Leaf(text=CANARY, count=1)
    other = (
        GOOD.replace(b"count", b"Zq7wanderer"),
        GOOD.replace(b":1", b':"1"'),
        GOOD.replace(b":1", b":1.0"),
    )
    for data in (GOOD[:-1], *other, b"\xff" * (SIZE_BYTES_MAX + 1)):
        with pytest.raises(MalformedError) as refused:
            TREE.decode_unchecked(data)
        check_silent(refused.value)


def test_a_lone_surrogate_is_never_written() -> None:
    """
    Text that UTF-8 cannot hold is a programmer's mistake, and gives no bytes.
    """
    with pytest.raises(UnicodeEncodeError):
        TREE.encode(Leaf(text="\ud800", count=0))


@pytest.mark.parametrize("version", [INTEGER_MAX + 1, 2**64, -1])
def test_a_shape_of_ours_refuses_integers_out_of_bounds(version: int) -> None:
    """
    An integer that other readers of JSON would round is refused where it stands.
    """
    codec = Codec(PolicyReference, size_bytes_max=1024, what="policy reference")
    good = PolicyReference(id="2.25.1", version=INTEGER_MAX, digest=bytes(32))
    assert codec.decode(codec.encode(good)) == good
    with pytest.raises(MalformedError):
        codec.decode(codec.encode(good).replace(str(INTEGER_MAX).encode(), str(version).encode()))


def shapes() -> Iterator[type[Canonical]]:
    """Every structure of the program that is encoded."""
    for module in pkgutil.walk_packages(legation.__path__, "legation."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    waiting = [Canonical]
    while waiting:
        shape = waiting.pop()
        waiting.extend(shape.__subclasses__())
        if shape.__module__.startswith("legation.") and shape is not Canonical:
            yield shape


def parts_of(annotation: Any) -> Iterator[Any]:
    """An annotation and everything inside it."""
    yield annotation
    for part in typing.get_args(annotation):
        yield from parts_of(part)


def test_no_shape_of_ours_holds_anything_or_a_float() -> None:
    """
    What is encoded says exactly what may stand where, is frozen and refuses fields nobody knows.
    """
    found = list(shapes())
    assert len(found) > 30
    for shape in found:
        hints = typing.get_type_hints(shape)
        loose = {name for name, hint in hints.items() if {Any, float, object} & set(parts_of(hint))}
        assert not loose, shape
        assert shape.__struct_config__.frozen, shape
        assert shape.__struct_config__.forbid_unknown_fields, shape


def test_times_are_below_what_json_holds() -> None:
    """
    The latest time that may be written down is an integer that every reader of JSON holds exactly.
    """
    assert TIME_MAX < INTEGER_MAX
