# SPDX-License-Identifier: Apache-2.0

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from legation.errors import MalformedError
from legation.formats import stanag4778, xml
from tests.formats.costs import READERS, careless
from tests.formats.hostile import (
    CPU_S_MAX,
    HOSTILE,
    MEMORY_BYTES_MAX,
    NOT_FOR_XML,
    cpu_s,
    mutated,
    refusal,
)
from tests.formats.tricks import FORMATS, other, same
from tests.fuzz.bound import SIDECAR

ROOT = Path(__file__).parents[2]


def parse(data: bytes) -> xml.Element:
    """
    Parse a document of up to a mebibyte.
    """
    return xml.parse(data, size_bytes_max=1 << 20, what="document")


class TestHostileDocuments:
    @pytest.mark.parametrize("name", sorted(HOSTILE.keys() - NOT_FOR_XML))
    def test_parser_refuses_at_once(self, name: str) -> None:
        """
        A document that means harm is refused by the parser, whatever it tries, within its time.
        """
        assert refusal(parse, HOSTILE[name]) is not None
        assert cpu_s(lambda: refusal(parse, HOSTILE[name])) < CPU_S_MAX

    @pytest.mark.parametrize("reader", READERS)
    @pytest.mark.parametrize("name", HOSTILE)
    def test_every_reader_refuses_at_once(self, reader: str, name: str) -> None:
        """
        Every reader refuses it within its time, and says nothing of what it holds.
        """
        error = refusal(READERS[reader], HOSTILE[name])
        assert error is not None
        said = " ".join([error.message, error.hint, *error.faults])
        assert "palisade" not in said.lower()
        assert "root:" not in said
        assert len(said) < 1000
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
        assert cpu_s(lambda: refusal(READERS[reader], HOSTILE[name])) < CPU_S_MAX

    @pytest.mark.parametrize("name", sorted(NOT_FOR_XML))
    def test_what_only_a_reader_refuses_is_parsed_at_once(self, name: str) -> None:
        """
        A document may be odd and well-formed: then it is parsed, and within the same time.
        """
        assert refusal(parse, HOSTILE[name]) is None
        assert cpu_s(lambda: refusal(parse, HOSTILE[name])) < CPU_S_MAX

    def test_no_refusal_takes_much_memory(self) -> None:
        """
        In a process of its own, no reader takes more than 64 MiB to refuse any of them; a careless one does.
        """
        command = [sys.executable, "-m", "tests.formats.costs"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        assert found.pop("careless") > MEMORY_BYTES_MAX
        assert found.keys() == READERS.keys()
        assert max(found.values()) < MEMORY_BYTES_MAX

    def test_a_slow_reader_would_be_noticed(self) -> None:
        """
        A reader that spells out the names of elements takes far more time than a refusal may cost.
        """
        assert cpu_s(lambda: careless(HOSTILE["long namespace of many"])) > CPU_S_MAX

    def test_document_within_the_limits_is_read(self) -> None:
        """
        What is refused above is refused for what it is: limits are met exactly.
        """
        deep = b"<a>" * xml.DEPTH_MAX + b"</a>" * xml.DEPTH_MAX
        assert refusal(parse, deep) is None
        assert refusal(parse, b"<a>" + deep + b"</a>") is not None
        wide = b"<r>" + b"<a/>" * (xml.MARKUP_MAX - 2) + b"</r>"
        assert refusal(parse, wide) is None
        assert refusal(parse, wide.replace(b"<a/>", b"<a></a>", 1)) is not None
        rich = b"<r " + b" ".join(b'a%d=""' % n for n in range(xml.ATTRIBUTES_MAX)) + b"/>"
        assert refusal(parse, rich) is None
        assert refusal(parse, rich.replace(b"/>", b' b=""/>')) is not None
        named = b'<r><a xmlns="%b"/></r>'
        assert refusal(parse, named % (b"u" * xml.NAMESPACE_LENGTH_MAX)) is None
        assert refusal(parse, named % (b"u" * (xml.NAMESPACE_LENGTH_MAX + 1))) is not None
        assert xml.parse(b"<r/>", size_bytes_max=4, what="document").tag == "r"
        with pytest.raises(MalformedError, match="document has 4 bytes, expected at most 3"):
            xml.parse(b"<r/>", size_bytes_max=3, what="document")


@pytest.mark.parametrize("name", FORMATS)
class TestTricks:
    def test_what_says_the_same_is_read_as_the_same(self, name: str) -> None:
        """
        Comments, instructions, data sections and references in the middle of values change no value.
        """
        form = FORMATS[name]
        plain = form.bare(form.read(form.whole))
        tricks = {trick: data for trick, data in same(form.whole) if data != form.whole}
        assert len(tricks) >= 9
        for trick, data in tricks.items():
            assert form.bare(form.read(data)) == plain, trick

    def test_what_says_something_else_is_refused(self, name: str) -> None:
        """
        Nil, types, inclusions, foreign elements and namespaces are refused at once, wherever they stand.
        """
        form = FORMATS[name]
        tricks = list(other(form))
        assert len(tricks) > 50
        assert [trick for trick, data in tricks if refusal(form.read, data) is None] == []
        worst = max((data for _, data in tricks), key=len)
        assert cpu_s(lambda: refusal(form.read, worst)) < CPU_S_MAX


class TestParse:
    def test_line_is_named(self) -> None:
        """
        A document that is not well-formed is refused with the line where it stops being so.
        """
        with pytest.raises(MalformedError, match=r"^document is not well-formed XML at line 3$"):
            parse(b"<r>\n<a/>\n</b>")

    def test_byte_order_mark_and_declaration_are_read(self) -> None:
        """
        UTF-8 may say so, in three bytes, in words, or both.
        """
        for head in (b"", b"\xef\xbb\xbf", b'<?xml version="1.0" encoding="UTF-8"?>'):
            assert parse(head + "<r>\u00e9</r>".encode()).text == "\u00e9"
        assert parse(b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<r/>").tag == "r"

    def test_comments_and_instructions_leave_no_trace(self) -> None:
        """
        Text around a comment is one text, so nobody can hide half a name behind one.
        """
        root = parse(b"<!-- a --><?b c?><r>SEC<!-- d -->RE<?e f?>T<a/><!-- g --></r><!-- h -->")
        assert root.text == "SECRET"
        assert [child.tag for child in root] == ["a"]

    def test_one_identifier_stands_once(self) -> None:
        """
        What refers to an identifier leads to one element; identifiers of other namespaces are no such.
        """
        assert refusal(parse, b'<r><a Id="x"/><a Id="y"/></r>') is None
        assert refusal(parse, b'<r xmlns:u="u"><a Id="x"/><a u:Id="x" id="x"/></r>') is None
        with pytest.raises(MalformedError, match="document has one @Id twice"):
            parse(b'<r><a Id="x"/><b><a Id="x"/></b></r>')

    def test_two_labels_in_one_metadata_are_refused(self) -> None:
        """
        Two labels beside one another, or one within the other, are no label.
        """
        tag = b"<b:Metadata>"
        start, end = SIDECAR.index(tag) + len(tag), SIDECAR.index(b"</b:Metadata>")
        label = SIDECAR[start:end]
        beside = SIDECAR[:end] + label + SIDECAR[end:]
        within = SIDECAR[:end].replace(b"<s:Classification>", label + b"<s:Classification>") + SIDECAR[end:]
        assert refusal(stanag4778.read, SIDECAR) is None
        assert refusal(stanag4778.read, beside) is not None
        assert refusal(stanag4778.read, within) is not None

    def test_stylesheet_is_not_fetched(self) -> None:
        """
        An instruction that names a stylesheet is dropped like any other.
        """
        assert parse(b'<?xml-stylesheet href="http://127.0.0.1:9/s.xsl" type="text/xsl"?><r/>').tag == "r"

    def test_what_looks_like_a_document_type_is_refused_anywhere(self) -> None:
        """
        The words are looked for before parsing, so that no declaration is ever acted upon.
        """
        for data in (b"<r><![CDATA[<!DOCTYPE r>]]></r>", b"<r><!-- <!DOCTYPE r> --></r>"):
            with pytest.raises(MalformedError, match="has a document type"):
                parse(data)

    def test_equal_documents_with_other_prefixes_are_equal(self) -> None:
        """
        Only the namespace counts, never the prefix.
        """
        for data in (b'<r xmlns="u"/>', b'<a:r xmlns:a="u"/>'):
            assert xml.names_of(parse(data)) == ("u", "r")


class TestHelpers:
    def test_names_are_split(self) -> None:
        """
        A name comes apart into namespace and rest.
        """
        assert xml.split_name("{u}r") == ("u", "r")
        assert xml.split_name("r") == ("", "r")
        assert list(xml.attributes_of(parse(b'<r xmlns:a="u" a:b="1" c="2"/>'))) == [
            ("u", "b", "1"),
            ("", "c", "2"),
        ]

    def test_stray_text_is_noticed(self) -> None:
        """
        Text before, between and after the children of an element counts; white space does not.
        """
        assert not xml.has_stray_text(parse(b"<r> <a>text</a>\n</r>"))
        for data in (b"<r>x<a/></r>", b"<r><a/>x<a/></r>", b"<r><a/><a/>x</r>", "<r>\u00a0<a/></r>".encode()):
            assert xml.has_stray_text(parse(data))

    def test_text_of_an_element_with_children_is_refused(self) -> None:
        """
        Half a text is no text.
        """
        assert xml.text_of(parse(b"<r/>"), what="document") == ""
        with pytest.raises(MalformedError):
            xml.text_of(parse(b"<r>SEC<a/>RET</r>"), what="document")

    def test_white_space_is_that_of_xml(self) -> None:
        """
        Four characters are white space, and none of the others that Unicode has.
        """
        assert xml.trimmed(" \t\r\n a  b \n") == "a  b"
        assert xml.collapsed(" a \n\t b ") == "a b"
        assert xml.trimmed("\u00a0a\u2003") == "\u00a0a\u2003"

    def test_shown_names_are_short_and_visible(self) -> None:
        """
        A name from a document fits into a message.
        """
        assert xml.shown("Category") == "Category"
        assert len(xml.shown("a" * 5000)) <= 41
        assert xml.shown("a\u202eb") == "a?b"


class TestRandomBytes:
    @given(some.binary(max_size=400))
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        """
        Whatever the bytes, there is a tree or one kind of error.
        """
        refusal(parse, data)

    def test_broken_documents_are_read_or_refused(self) -> None:
        """
        Of 2,000 documents with something broken, each is read or refused with one kind of error.
        """
        draw = random.Random(1)
        whole = (
            b'<?xml version="1.0" encoding="UTF-8"?><r xmlns:a="u"><a:b c="d">e &amp; f</a:b><!-- g --></r>'
        )
        outcomes = [refusal(parse, mutated(whole, draw)) is None for _ in range(2000)]
        assert 100 < sum(outcomes) < 1900
