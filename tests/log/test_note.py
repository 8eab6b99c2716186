# SPDX-License-Identifier: Apache-2.0

import contextlib
import re
import unicodedata
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import MalformedError
from legation.log.note import (
    NOTE_SIZE_BYTES_MAX,
    SIGNATURES_MAX,
    Note,
    NoteSignature,
    check_key_name,
    decode_base64,
    read_note,
    write_note,
)

# White_Space of the Unicode Character Database, PropList.txt.
SPACES = (
    *("\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"),
    *("\u2028\u2029\u202f\u205f\u3000"),
)

TEXT = "words\n"
LINE = "— name AAAAAAA="  # five bytes: the shortest there is
GOOD = f"{TEXT}\n{LINE}\n"

names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=9).filter(
    lambda name: not set(name) & {*SPACES, "+"}
)
texts = st.text(st.characters(codec="utf-8") | st.just("\n"), max_size=60).map(
    lambda text: re.sub("[\x00-\x09\x0b-\x1f]", "", text) + "\n"
)
signatures = st.builds(
    NoteSignature,
    name=names,
    key_hash=st.binary(min_size=4, max_size=4),
    signature=st.binary(min_size=1, max_size=80),
)
notes = st.builds(Note, text=texts, signatures=st.lists(signatures, min_size=1, max_size=4).map(tuple))


def line(**changes: str | bytes) -> NoteSignature:
    """A signature line, whatever it says."""
    fields: dict[str, str | bytes] = {"name": "name", "key_hash": bytes(4), "signature": b"\x01"}
    return NoteSignature(**(fields | changes))  # type: ignore[arg-type]


class TestLaws:
    @given(note=notes)
    def test_is_read_as_it_was_written(self, note: Note) -> None:
        """Any text in any script, with empty lines anywhere, comes back with its signatures."""
        assert read_note(write_note(note)) == note

    @settings(max_examples=300)
    @given(data=st.data(), note=notes)
    def test_a_changed_note_is_refused_or_written_the_same(self, data: st.DataObject, note: Note) -> None:
        """Whatever one byte is made to, there is one spelling of what is read."""
        whole = bytearray(write_note(note))
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
        with contextlib.suppress(MalformedError):
            assert write_note(read_note(bytes(whole))) == whole

    @settings(max_examples=300)
    @given(data=st.binary(max_size=80) | st.text("— +=\nAa\x00", max_size=40).map(str.encode))
    def test_any_bytes_are_refused_or_written_the_same(self, data: bytes) -> None:
        """Nothing but one error comes out, whatever the bytes."""
        with contextlib.suppress(MalformedError):
            assert write_note(read_note(data)) == data


class TestText:
    @pytest.mark.parametrize("text", ["\n", "\n\n", "a\n\n", "a\n\nb\n", "\n\na\n", "— name AAAAAAA=\n"])
    def test_is_divided_at_the_last_empty_line(self, text: str) -> None:
        """Empty lines belong to the text, even one at its end, and so does what looks like a signature."""
        assert read_note(f"{text}\n{LINE}\n".encode()).text == text

    def test_keeps_what_only_control_characters_may_not_be(self) -> None:
        """Above U+0020 everything may stand in a text: the standard forbids no more."""
        text = "\x7f\x85\u2028\ufeff\u200b\U0010ffff \n"
        assert read_note(f"{text}\n{LINE}\n".encode()).text == text

    @pytest.mark.parametrize("code", [code for code in range(32) if code != 10])
    def test_refuses_control_characters(self, code: int) -> None:
        """Read or made here, in the text or in a name."""
        for data in (GOOD.replace("words", f"wo{chr(code)}rds"), GOOD.replace("name", f"na{chr(code)}me")):
            with pytest.raises(MalformedError):
                read_note(data.encode())
        with pytest.raises(MalformedError):
            Note(text=f"{chr(code)}\n", signatures=(line(),))
        with pytest.raises(MalformedError):
            line(name=f"na{chr(code)}me")

    @pytest.mark.parametrize("text", ["", "words", "\ud800\n"])
    def test_refuses_a_text_without_an_end_or_with_half_a_character(self, text: str) -> None:
        """What could not be written in UTF-8, or not be found again, is no text."""
        with pytest.raises(MalformedError):
            Note(text=text, signatures=(line(),))


class TestLines:
    @pytest.mark.parametrize(
        "rest",
        [
            "",
            "\n",
            LINE,
            f"{LINE}\n\n",
            f"{LINE}\r\n",
            f"{LINE}\nwords\n",
            f" {LINE}\n",
            f"{LINE} \n",
            "- name AAAAAAA=\n",
            "– name AAAAAAA=\n",
            "—name AAAAAAA=\n",
            "—\u00a0name AAAAAAA=\n",
            "—  AAAAAAA=\n",
            "— AAAAAAA=\n",
            "— name\n",
            "— name \n",
            "— name  AAAAAAA=\n",
            "— name\tAAAAAAA=\n",
            "— name AAAAAAA= AAAAAAA=\n",
            "— na+me AAAAAAA=\n",
            "— name AAAAAA==\n",
            "— name AAAAAAA\n",
            "— name AAAAAAB=\n",
            "— name AAAAAA-=\n",
            "— name AAAA AAA=\n",
            "— name AAAAAAA=A\n",
            "— name AAAAAAA==\n",
            "— name ÄAAAAAA=\n",
        ],
    )
    def test_refuses_what_is_no_signature_line(self, rest: str) -> None:
        """Dash, space, name, space, base64 of at least five bytes, line feed: nothing else."""
        assert read_note(GOOD.encode()).text == TEXT
        with pytest.raises(MalformedError):
            read_note(f"{TEXT}\n{rest}".encode())

    @pytest.mark.parametrize("data", [b"", b"\n", b"\n\n", b"words\n", b"words\n\n", LINE.encode() + b"\n"])
    def test_refuses_a_note_without_text_or_signatures(self, data: bytes) -> None:
        """There are both, and an empty line between them."""
        with pytest.raises(MalformedError):
            read_note(data)

    def test_refuses_bytes_that_are_not_utf_8(self) -> None:
        """Nor are misspelled characters: overlong ones, halves, and those past the last."""
        for wrong in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80"):
            with pytest.raises(MalformedError, match="UTF-8"):
                read_note(GOOD.encode().replace(b"words", b"wo" + wrong + b"rds"))

    def test_takes_sixteen_signatures_and_no_more(self) -> None:
        """The number the standard asks for, also of the largest kind of signature there is."""
        many = f"{LINE}\n" * SIGNATURES_MAX
        assert len(read_note(f"{TEXT}\n{many}".encode()).signatures) == 16
        for more in (1, 2, 1000):
            with pytest.raises(MalformedError, match="1 to 16"):
                read_note(f"{TEXT}\n{many}{more * f'{LINE}{chr(10)}'}".encode())
        large = Note(text=TEXT, signatures=(line(signature=bytes(5000)),) * SIGNATURES_MAX)
        assert read_note(write_note(large)) == large
        for signed in ((), large.signatures + large.signatures[:1]):
            with pytest.raises(MalformedError, match="1 to 16"):
                Note(text=TEXT, signatures=signed)

    def test_refuses_a_note_that_is_too_long(self) -> None:
        """Read or written: what nobody would read is not given out."""
        text = "x" * (NOTE_SIZE_BYTES_MAX - len(GOOD.encode()) + len(TEXT) - 1) + "\n"
        data = write_note(Note(text=text, signatures=read_note(GOOD.encode()).signatures))
        assert len(data) == NOTE_SIZE_BYTES_MAX
        assert read_note(data).text == text
        with pytest.raises(MalformedError, match="at most"):
            read_note(b"x" + data)
        with pytest.raises(MalformedError, match="at most"):
            write_note(Note(text="x" + text, signatures=(line(),)))

    @pytest.mark.parametrize(
        "changes", [{"key_hash": b""}, {"key_hash": bytes(3)}, {"key_hash": bytes(5)}, {"signature": b""}]
    )
    def test_refuses_to_make_a_line_that_none_would_read(self, changes: dict[str, bytes]) -> None:
        """A key hash has four bytes and a signature some."""
        with pytest.raises(MalformedError):
            line(**changes)


class TestKeyName:
    @pytest.mark.parametrize("name", ["KOR@NATO/stream", "example.com/log42", "외교부", "a", "=", "—"])
    def test_takes_names_without_spaces_and_plus(self, name: str) -> None:
        """Names in any script, with any other character."""
        check_key_name(name)

    @pytest.mark.parametrize("space", SPACES, ids=lambda space: f"U+{ord(space):04X}")
    def test_refuses_every_space_of_unicode(self, space: str) -> None:
        """White space by the Unicode Character Database, wherever it stands."""
        assert unicodedata.category(space) in {"Cc", "Zs", "Zl", "Zp"}
        for name in (space, f"{space}name", f"na{space}me", f"name{space}"):
            with pytest.raises(MalformedError):
                check_key_name(name)

    @pytest.mark.parametrize("name", ["", "+", "a+b", "name+", "\ud800"])
    def test_refuses_none_plus_and_halves(self, name: str) -> None:
        """An empty name, a plus, or half a character."""
        with pytest.raises(MalformedError):
            check_key_name(name)


class TestBase64:
    @given(data=st.binary(max_size=50))
    def test_decodes_what_was_encoded(self, data: bytes) -> None:
        """Any bytes come back."""
        assert decode_base64(b64encode(data).decode()) == data

    @given(text=st.text("ABab09+/=-_ \n", max_size=12))
    def test_has_one_spelling(self, text: str) -> None:
        """What is decoded would be encoded the same; all else is refused."""
        with contextlib.suppress(MalformedError):
            assert b64encode(decode_base64(text)).decode() == text
