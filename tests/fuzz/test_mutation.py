# SPDX-License-Identifier: Apache-2.0

import json
import re
from random import Random

import pytest
from lxml import etree

from tests.fuzz.mutation import LARGE_SIZE_BYTES_MAX, Syntax, canonical, mutated

WHOLE = {
    Syntax.BYTES: (bytes(range(256)), b"abc"),
    Syntax.LINES: (b"kind: report\npolicy: EXERCISE\n\n(O) text 1\n", b"a\nb 2\n"),
    Syntax.JSON: (canonical({"a": [1, 2, {"b": "AA=="}], "c": "text"}), canonical({"a": [3], "d": True})),
    Syntax.XML: (b'<a x="1"><b>one</b><c y="2">two</c></a>', b"<a><d>three</d></a>"),
}


def drawn(syntax: Syntax, count: int = 400) -> list[bytes]:
    """
    Some inputs of a syntax.
    """
    return [mutated(Random(f"{syntax}/{number}"), WHOLE[syntax], syntax) for number in range(count)]


def is_json(data: bytes) -> bool:
    """
    Whether these bytes are canonical JSON.
    """
    try:
        return canonical(json.loads(data)) == data
    except (ValueError, RecursionError):
        return False


def is_xml(data: bytes) -> bool:
    """
    Whether these bytes are well-formed XML.
    """
    try:
        etree.fromstring(data, etree.XMLParser(resolve_entities=False))
    except (etree.LxmlError, ValueError):
        return False
    return True


class TestMutated:
    @pytest.mark.parametrize("syntax", Syntax)
    def test_inputs_are_many_and_bounded(self, syntax: Syntax) -> None:
        """
        Nearly all inputs differ from one another and from what was whole, and none is too long.
        """
        found = drawn(syntax)
        assert len(set(found)) > 300
        assert sum(data in WHOLE[syntax] for data in found) < 40
        assert max(map(len, found)) <= LARGE_SIZE_BYTES_MAX
        assert any(len(data) > 10_000 for data in found)
        assert any(len(data) < 10 for data in found)

    @pytest.mark.parametrize(("syntax", "is_whole"), [(Syntax.JSON, is_json), (Syntax.XML, is_xml)])
    def test_many_inputs_are_still_written_in_their_syntax(self, syntax: Syntax, is_whole: object) -> None:
        """
        What a parser refuses at once does not try what stands behind the parser.
        """
        assert callable(is_whole)
        share = sum(map(is_whole, drawn(syntax))) / 400
        assert 0.1 < share < 0.9

    def test_parts_are_moved_whole(self) -> None:
        """
        Of a file that is made of parts, some inputs have the same parts in another number or order.
        """
        mark, whole = re.compile(rb"#"), (b"head#one#two#three",)
        found = [mutated(Random(number), whole, Syntax.BYTES, mark=mark) for number in range(300)]
        parts = {b"head", b"#one", b"#two", b"#three"}
        cut = [re.findall(rb"#?[^#]+", data) for data in found]
        assert sum(set(each) <= parts for each in cut) > 30
        assert any(each.count(b"#two") > 30 for each in cut)

    def test_words_of_a_format_are_put_in(self) -> None:
        """
        What means something in a format comes up in its inputs.
        """
        found = [
            mutated(Random(number), WHOLE[Syntax.LINES], Syntax.LINES, (b"{tearline}%%",))
            for number in range(400)
        ]
        assert sum(b"{tearline}%%" in data for data in found) > 5
