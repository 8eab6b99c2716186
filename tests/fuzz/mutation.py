# SPDX-License-Identifier: Apache-2.0
"""
Ways to break what was whole: blind ones, and such as know what is written in which syntax.

Each takes a seeded generator and bytes, and gives other bytes. A mutation that knows a syntax falls back
on a blind one where the bytes are not, or no longer, in it.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from enum import Enum
from itertools import pairwise
from random import Random
from typing import Any

SIZE_BYTES_MAX = 1 << 16  # of an input, mostly
LARGE_SIZE_BYTES_MAX = 1 << 19  # of one in a hundred: what is quadratic takes seconds then
STEPS_MAX = 6  # in one input

Mutation = Callable[[Random, bytes, Sequence[bytes]], bytes]


class Syntax(Enum):
    """What is written in which syntax."""

    BYTES = "bytes"
    LINES = "lines"
    JSON = "json"
    XML = "xml"


# What parsers trip over, whatever they parse.
ANY_WORDS = (
    *(b"\0", b"\x7f", b"\x80", b"\xff", b"\r", b"\n", b"\r\n", b"\n\n", b"\t", b"\x0b", b"\x0c", b"\x1b[31m"),
    *(b"0", b"-0", b"-1", b"1", b"00", b"0.5", b"1e400", b"NaN", b"255", b"256", b"65536", b"0x10"),
    *(str(2**n + d).encode() for n in (31, 32, 53, 63, 64, 128) for d in (-1, 0)),
    *(b"9" * 400, b"9" * 5000),
    *(each.encode() for each in ("\ufeff", "\u200b", "\u202e", "\u2066", "\u2069", "\u200f", "\u00a0")),
    *(
        each.encode()
        for each in ("\u2028", "\u2029", "\u0085", "\u3000", "\u0301", "e\u0301", "\u0130", "\u00b2")
    ),
    *(
        each.encode()
        for each in ("\u0131", "\u017f", "\u212a", "\ufb01", "\u0661", "\uff11", "\uff21", "\U0001f1f0")
    ),
    *(b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xef\xbf\xbf", b"\xf0\x9f"),
    *(b"../../etc/passwd", b"%00", b"%n%s", b"${x}", b"{{x}}", b"'", b'"', b"\\", b"\\u0000", b"a" * 300),
)
JSON_WORDS = (
    *(b"null", b"true", b"false", b"[]", b"{}", b'""', b'"', b"\\ud800", b"\\u0041", b"Infinity", b" ", b","),
    *(b'"type":"layer"', b'"type":"text"', b"1.0", b"1E2", b"[" * 40, b'{"a":' * 40, b"/**/", b"//\n"),
    *(b'"AA=="', b'"AB=="', b'"A"', b'"____"', b'"AA"', b'"A A="'),
)
XML_WORDS = (
    *(b"<", b">", b"&", b"/>", b"]]>", b"<!--", b"-->", b"<![CDATA[", b"<?x y?>", b"<?xml version='1.0'?>"),
    *(
        b"<!DOCTYPE r>",
        b"<!DOCTYPE r [<!ENTITY a 'b'>]>",
        b"<!doctype r>",
        b"<!ENTITY a SYSTEM 'file:///etc/passwd'>",
    ),
    *(b"&a;", b"&amp;", b"&lt;", b"&#0;", b"&#xD800;", b"&#x41;", b"&#65;", b"&#xFFFF;", b"&#x202e;", b"%a;"),
    *(
        b' xmlns="urn:x"',
        b' xmlns=""',
        b' xmlns:s="urn:x"',
        b' xml:base="file:///"',
        b' xml:space="preserve"',
    ),
    *(b' xml:lang="x"', b' xml:id="a"', b' Id="a"', b' xsi:type="a:b"', b' xsi:nil="true"', b' a="1" a="2"'),
    b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="1"',
    b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>',
)
LINE_WORDS = (
    *(
        b"(",
        b")",
        b"//",
        b"/",
        b",",
        b"[",
        b"]",
        b":",
        b": ",
        b"{",
        b"}",
        b"\\",
        b" ",
        b"    ",
        b"#",
        b"= ",
        b"==",
    ),
    *(
        b"(S)",
        b"(O)",
        b"//REL ",
        b"{tearline}",
        b"{translation: ko, 1}",
        b"{withheld}",
        b"{source: x}",
        b"---",
    ),
    *(
        b"kind: report",
        b"policy: EXERCISE",
        b"title: ",
        b"info: KOR",
        b"\xe2\x80\x94 ",
        b"@",
        b"+",
        b"http://",
    ),
    *(
        b'"',
        b"'",
        b"'''",
        b'"""',
        b"[[a]]",
        b"[a.b]",
        b"1979-05-27T07:32:00",
        b"0xF",
        b"inf",
        b"\\u0000",
        b".",
    ),
)
WORDS = {
    Syntax.BYTES: ANY_WORDS,
    Syntax.LINES: ANY_WORDS + LINE_WORDS,
    Syntax.JSON: ANY_WORDS + JSON_WORDS,
    Syntax.XML: ANY_WORDS + XML_WORDS,
}


def mutated(
    draw: Random,
    corpus: Sequence[bytes],
    syntax: Syntax,
    words: Sequence[bytes] = (),
    mark: re.Pattern[bytes] | None = None,
) -> bytes:
    """
    Make an input: a member of the corpus with a few things done to it.

    Args:
        draw: Where choices come from.
        corpus: Whole inputs, one at least.
        syntax: What they are written in.
        words: What means something in this format, beside what does in its syntax.
        mark: Where a part of the format begins, if it is made of parts.
    """
    # What means something here is as likely as all that means something anywhere.
    known = (WORDS[syntax], words) if words else (WORDS[syntax],)
    mutations = _MUTATIONS[syntax]
    data = draw.choice(corpus)
    if mark is not None and draw.random() < 0.4:
        data = _parts(draw, data, draw.choice(corpus), mark)
        if draw.random() < 0.5:
            return data
    for _ in range(min(draw.choice((1, 1, 1, 2, 2, 3, 4, STEPS_MAX)), STEPS_MAX)):
        mutation = draw.choice(mutations)
        data = mutation(draw, data, draw.choice(known) if mutation is _insert_word else corpus)
        data = data[:SIZE_BYTES_MAX] if draw.random() < 0.99 else data[:LARGE_SIZE_BYTES_MAX]
    return data


# Blind ones.


def _slice(draw: Random, data: bytes) -> tuple[int, int]:
    """Some slice of it, mostly short."""
    start = draw.randrange(len(data) + 1)
    size = draw.choice((1, 1, 2, 4, 16, 64, 512, len(data)))
    return start, min(len(data), start + draw.randint(0, size))


def _flip(draw: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Flip one bit."""
    if not data:
        return b"\0"
    at = draw.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]


def _set(draw: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Put a byte in another's place."""
    at = draw.randrange(len(data) + 1)
    return data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]


def _cut_off(draw: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Cut off the end, or the beginning."""
    at = draw.randrange(len(data) + 1)
    return data[:at] if draw.random() < 0.8 else data[at:]


def _delete(draw: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _slice(draw, data)
    return data[:start] + data[end:]


def _move(draw: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Copy a slice to another place, over what is there or between."""
    start, end = _slice(draw, data)
    at = draw.randrange(len(data) + 1)
    return data[:at] + data[start:end] + data[at + draw.choice((0, end - start)) :]


def _repeat(draw: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Repeat a slice, a few times or very often."""
    start, end = _slice(draw, data)
    times = draw.choice((2, 3, 10, 100, 1000, 10_000))
    times = min(times, LARGE_SIZE_BYTES_MAX // max(1, end - start))
    return data[:start] + data[start:end] * times + data[end:]


def _splice(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Go on with another member of the corpus."""
    other = draw.choice(corpus)
    return data[: draw.randrange(len(data) + 1)] + other[draw.randrange(len(other) + 1) :]


def _insert_slice(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Put in something of another member."""
    other = draw.choice(corpus)
    start, end = _slice(draw, other)
    at = draw.randrange(len(data) + 1)
    return data[:at] + other[start:end] + data[at:]


def _insert_word(draw: Random, data: bytes, words: Sequence[bytes]) -> bytes:
    """Put in a word, at the edge of a token, at the beginning of a line or anywhere."""
    edge = draw.choice((rb"\b", rb"(?<=\n)", rb"(?!)"))
    edges = [found.start() for found in re.finditer(edge, data[:8192])]
    at = draw.choice(edges) if edges else draw.randrange(len(data) + 1)
    return data[:at] + draw.choice(words) + data[at + draw.choice((0, 0, 1, 4)) :]


def _number(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Put another number in the place of one, or another spelling of it."""
    found = list(re.finditer(rb"[0-9]+", data[:SIZE_BYTES_MAX]))
    if not found:
        return _set(draw, data, corpus)
    one = draw.choice(found)
    digits = one.group()[:18]
    other = draw.choice(
        (
            str(int(digits) + draw.choice((-1, 1))).encode(),
            str(draw.choice((0, draw.randrange(1 << 16), 2**53, -1))).encode(),
            draw.choice((b"0", b"00", b"+", b"-", b" ", b"1")) + digits,
            digits + draw.choice((b"0", b".0", b"e1", b" ", b"_0", b"." + digits)),
        )
    )
    return data[: one.start()] + other + data[one.end() :]


def _exchange(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Put a token of the corpus in the place of another token."""
    here = list(re.finditer(rb"[\w-]+", data[:SIZE_BYTES_MAX]))
    there: list[bytes] = re.findall(rb"[\w-]+", draw.choice(corpus)[:SIZE_BYTES_MAX])
    if not here or not there:
        return _delete(draw, data, corpus)
    one = draw.choice(here)
    return data[: one.start()] + draw.choice(there) + data[one.end() :]


def _swap_case(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Write a token in the other case."""
    here = list(re.finditer(rb"[A-Za-z]+", data[:SIZE_BYTES_MAX]))
    if not here:
        return _flip(draw, data, corpus)
    one = draw.choice(here)
    return data[: one.start()] + one.group().swapcase() + data[one.end() :]


_BLIND: tuple[Mutation, ...] = (
    *(_flip, _set, _cut_off, _delete, _move, _repeat, _splice, _insert_slice),
    *(_insert_word, _insert_word, _number, _exchange, _swap_case),
)


# Parts.


def _parts(draw: Random, data: bytes, other: bytes, mark: re.Pattern[bytes]) -> bytes:
    """Delete, double, move or borrow whole parts of a file."""
    here, there = _cut_at(data, mark), _cut_at(other, mark)
    at = draw.randrange(len(here))
    match draw.randrange(4):
        case 0:
            del here[at]
        case 1:
            times = min(draw.choice((2, 3, 40, 300)), max(1, LARGE_SIZE_BYTES_MAX // (len(here[at]) + 1)))
            here[at : at + 1] = [here[at]] * times
        case 2:
            here.insert(draw.randrange(len(here)), here.pop(at))
        case _:
            here.insert(at, draw.choice(there))
    return b"".join(here)


def _cut_at(data: bytes, mark: re.Pattern[bytes]) -> list[bytes]:
    """What a file is made of: the bytes before its first part, and each part."""
    starts = [0, *(found.start() for found in mark.finditer(data)), len(data)]
    return [data[start:end] for start, end in pairwise(starts)]


# Lines.


def _lines(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Delete, double, move or borrow lines."""
    lines = data.split(b"\n")
    at, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[other])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at : at + 1] = [lines[at]] * draw.choice((3, 30, 3000))
        case 4:
            lines[at:at] = draw.choice(corpus).split(b"\n")[draw.randrange(3) :][: draw.randint(1, 4)]
        case _:
            lines[at : at + 2] = [b" ".join(lines[at : at + 2])]
    return b"\n".join(lines)[:LARGE_SIZE_BYTES_MAX]


def _line_ends(draw: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """End the lines otherwise, all or one of them."""
    other = draw.choice(
        (b"\r\n", b"\r", b"\x0b", b"\x0c", "\u2028".encode(), "\u0085".encode(), b" \n", b"\n\n")
    )
    return data.replace(b"\n", other, draw.choice((1, -1)))


# JSON.


def _tree(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Change one value, and write the whole canonically again: what is refused then is what it says."""
    # What follows the JSON, behind a line feed that canonical JSON does not have, stays as it is.
    text, feed, rest = data.partition(b"\n")
    value = _loaded(text)
    if value is None:
        return draw.choice(_BLIND)(draw, data, corpus)
    container, key = _place(draw, value)
    donor = _loaded(draw.choice(corpus).partition(b"\n")[0]) if draw.random() < 0.25 else None
    if donor is None:
        _bend(draw, container, key)
    else:
        giver, at = _place(draw, donor)
        container[key] = giver[at]
    return canonical(value, text) + feed + rest


def _loaded(text: bytes) -> Any:
    """A tree that has something in it, or None."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) and value else None


def _place(draw: Random, value: Any) -> tuple[Any, Any]:
    return draw.choice(_places(value))


def canonical(value: Any, otherwise: bytes = b"") -> bytes:
    """Write JSON as the profile has it, by another hand; *otherwise* what is too deep or long for it."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (RecursionError, ValueError):
        return otherwise
    return text.encode("utf-8", "replace")


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a value, with every key or index in it."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        here = waiting.pop()
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        found += [(here, key) for key in keys]
        waiting += [here[key] for key in keys if isinstance(here[key], dict | list)]
    return found


_ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2**53 - 1,
        2**53,
        2**64,
        10**300,
        0.5,
        1e300,
        "",
        " ",
        "x",
        "\0",
        "\ud800",
    ),
    *(
        "\u202e",
        "é",
        "e\u0301",
        "a" * 1001,
        "A" * 17,
        [],
        {},
        [[]],
        "AA==",
        "2.25.1001",
        "KOR@NATO",
        "KOR@KOR",
    ),
)


def _bend(draw: Random, container: Any, key: Any) -> None:
    here = container[key]
    choice = draw.randrange(8)
    if choice == 0:
        del container[key]
    elif choice == 1 and isinstance(container, list):
        container.insert(key, here)
    elif choice == 2 and isinstance(container, list):
        other = draw.randrange(len(container))
        container[key], container[other] = container[other], here
    elif choice == 3 and isinstance(container, list):
        container[key : key + 1] = [here] * draw.choice((2, 17, 300, 5000))
    elif choice == 4 and isinstance(container, dict):
        container[draw.choice((*container, "x", "type", ""))] = here
    elif choice == 5 and isinstance(here, str):
        container[key] = b64encode(draw.randbytes(draw.choice((0, 16, 31, 32, 33, 64)))).decode("ascii")
    elif isinstance(here, int) and choice != 6:
        container[key] = here + draw.choice((-2, -1, 1, 2, 1 << 20))
    else:
        container[key] = draw.choice(_ODD)


def _spelling(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Say the same otherwise: white space, an escape, another order, a key twice."""
    here = list(re.finditer(rb"[\[\]{},:]", data[:SIZE_BYTES_MAX]))
    if not here:
        return _flip(draw, data, corpus)
    at = draw.choice(here).end()
    match draw.randrange(5):
        case 0:
            return data[:at] + draw.choice((b" ", b"\n", b"\t", b"\xef\xbb\xbf")) + data[at:]
        case 1:
            return re.sub(
                rb"[a-z]", lambda found: b"\\u%04x" % ord(found.group()), data, count=draw.choice((1, 9))
            )
        case 2:
            parts = data[1:-1].split(b",")
            return data[:1] + b",".join(draw.sample(parts, len(parts))) + data[-1:]
        case 3:
            return (
                data.replace(b"=", b"", 1)
                .replace(b"+", b"-")
                .replace(b"/", draw.choice((b"/", b"\\/", b"_")))
            )
        case _:
            found = list(re.finditer(rb'"[^"]*":[^,{}\[\]]+,', data))
            one = draw.choice(found).group() if found else b""
            return data.replace(one, one + one, 1)


def _nested(draw: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Put something very deep in."""
    at, depth = draw.randrange(len(data) + 1), draw.choice((10, 100, 1000, 30_000))
    begin, end = draw.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"(", b")"), (b"<a>", b"</a>"), (b"{", b"}")))
    return data[:at] + begin * depth + draw.choice((b"", b"0")) + end * draw.choice((depth, 0)) + data[at:]


# XML.

_TAG = re.compile(rb"<[^<>]*>")


def _elements(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Delete, double, move or borrow what stands between two tags."""
    tags = list(_TAG.finditer(data[:SIZE_BYTES_MAX]))
    donor = draw.choice(corpus)[:SIZE_BYTES_MAX]
    theirs = list(_TAG.finditer(donor))
    if len(tags) < 2 or len(theirs) < 2:
        return _delete(draw, data, corpus)
    at = draw.randrange(len(tags))
    until = min(len(tags) - 1, at + draw.choice((0, 1, 1, 2, 3, 6)))
    start, end = tags[at].start(), tags[until].end()
    match draw.randrange(5):
        case 0:
            return data[:start] + data[end:]
        case 1:
            return data[:end] + data[start:end] * draw.choice((1, 1, 40, 4000)) + data[end:]
        case 2:
            there = draw.choice(tags).start()
            return data[:there] + data[start:end] + data[there:]
        case 3:
            first = draw.randrange(len(theirs))
            last = min(len(theirs) - 1, first + draw.choice((0, 1, 1, 3)))
            return data[:start] + donor[theirs[first].start() : theirs[last].end()] + data[start:]
        case _:
            return data[:start] + b"<x>" + data[start:end] + b"</x>" + data[end:]


def _texts(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Write a text otherwise, or another one."""
    texts = [found for found in re.finditer(rb">([^<>]+)<", data[:SIZE_BYTES_MAX]) if found[1].strip()]
    if not texts:
        return _elements(draw, data, corpus)
    one = draw.choice(texts)
    text, at = one[1], draw.randrange(len(one[1]) + 1)
    other = draw.choice(
        (
            b"<![CDATA[" + text + b"]]>",
            text[:at] + b"<!-- x -->" + text[at:],
            text[:at] + b"<?x y?>" + text[at:],
            text[:at] + b"<![CDATA[]]>" + text[at:],
            text[:at] + b"<x/>" + text[at:],
            b"".join(b"&#%d;" % each for each in text),
            b"\n " + text + b"\t",
            text[:at] + b"\n\n " + text[at:],
            b"",
            text.swapcase(),
            text + draw.choice(ANY_WORDS),
            draw.choice(texts)[1],
        )
    )
    return data[: one.start(1)] + other + data[one.end(1) :]


def _attributes(draw: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Delete, double, exchange or add attributes."""
    found = list(re.finditer(rb"\s[\w:]+=(\"[^\"]*\"|'[^']*')", data[:SIZE_BYTES_MAX]))
    if not found:
        return _elements(draw, data, corpus)
    one, other = draw.choice(found), draw.choice(found)
    match draw.randrange(6):
        case 0:
            return data[: one.start()] + data[one.end() :]
        case 1:
            return data[: one.end()] + other.group() + data[one.end() :]
        case 2:
            return data[: one.start(1)] + other[1] + data[one.end(1) :]
        case 3:
            value = draw.choice((b"", b" ", b"true", b"1", b"x" * 300, b"unbounded", b"2026-01-01T00:00:00"))
            return data[: one.start(1)] + b'"' + value + b'"' + data[one.end(1) :]
        case 4:
            more = b"".join(b' a%d=""' % number for number in range(draw.choice((1, 10, 9000))))
            return data[: one.end()] + more + data[one.end() :]
        case _:
            word = draw.choice([each for each in XML_WORDS if each.startswith(b" ")])
            return data[: one.end()] + word + data[one.end() :]


def _encoding(draw: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Write it in another encoding, or say that it is."""
    name = draw.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "utf-8-sig", "latin-1", "cp037"))
    bare = re.sub(rb"^(\xef\xbb\xbf)?<\?xml[^>]*\?>", b"", data)
    text = bare.decode("utf-8", "replace")
    declared = draw.choice(("", f'<?xml version="1.0" encoding="{name}"?>', '<?xml version="1.1"?>'))
    return (declared + text).encode(draw.choice((name, "utf-8")), "replace")


_MUTATIONS: dict[Syntax, tuple[Mutation, ...]] = {
    Syntax.BYTES: _BLIND,
    Syntax.LINES: (*_BLIND, *(_lines, _line_ends) * 3, _nested),
    Syntax.JSON: (*_BLIND, *(_tree,) * 14, _spelling, _nested),
    Syntax.XML: (*_BLIND, *(_elements, _texts, _attributes) * 4, _encoding, _nested),
}
