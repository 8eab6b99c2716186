# SPDX-License-Identifier: Apache-2.0

import unicodedata
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.encoding import Codec, encode
from legation.errors import LegationError, MalformedError
from legation.item.portion import (
    LINE_LENGTH_MAX,
    LIST_MAX,
    TEXT_LENGTH_MAX,
    Addressees,
    Attachment,
    Form,
    FormName,
    Kind,
    Link,
    Portion,
    Status,
    Text,
    Title,
    Topics,
    Withheld,
    check_text,
    visible_text,
)
from tests.item import handmade, naive, worlds
from tests.item.worlds import examples

CODEC: Codec[Portion] = Codec(Portion, size_bytes_max=1 << 20, what="portion")  # type: ignore[arg-type]

PADDED = [" a", "a ", "\na", "a\t", "\u00a0a", "a\u3000", " ", "\n"]
CONTROLLED = ["a\x00b", "a\rb", "a\x1bb", "a\x7fb", "a\x85b", "a\x9fb", "a\u2028b", "a\u2029b", "한\x07국"]


def line_makers() -> list[tuple[str, Callable[[str], Any]]]:
    """
    List everything that is one line.
    """
    return [
        ("title", lambda line: Title(text=line)),
        ("topic", lambda line: Topics(topics=(line,))),
        ("source", lambda line: Text(text="a", source=line)),
        ("caveat", lambda line: Text(text="a", caveat=line)),
        ("handling", lambda line: Text(text="a", handling=line)),
        ("reason", lambda line: Withheld(reason=line)),
    ]


class TestText:
    @pytest.mark.parametrize("text", [*PADDED, *CONTROLLED, "", "a\ud800b", "\udfff"])
    def test_what_cannot_be_shown_as_it_stands_is_refused(self, text: str) -> None:
        """
        No space around it, no control characters, no half characters, and not nothing.
        """
        with pytest.raises(MalformedError):
            Text(text=text)

    @pytest.mark.parametrize(
        "text",
        ["a", "a\n\tb", "한국어", "👩🏽\u200d🚀", "\u202eabc\u202c", "e\u0301", "a\u200bb", '"\\/', "\ufdd0"],
    )
    def test_every_script_and_direction_is_welcome(self, text: str) -> None:
        """
        What is written is kept as it is, also what is invisible or not in a normal form.
        """
        portion = Text(text=text)
        assert CODEC.decode(CODEC.encode(portion)) == portion

    def test_every_character_is_judged_alike_by_both_readers(self) -> None:
        """
        All of Unicode, one character at a time, inside and at the end of a text.
        """

        def taken(check: Callable[[str], Any], text: str) -> bool:
            try:
                check(text)
            except (LegationError, naive.RefusedViewError):
                return False
            return True

        for number in (*range(0x3100), *range(0xD7F0, 0x10000), *range(0x1F600, 0x1F650), 0x10FFFF):
            for text in (f"a{chr(number)}b", f"é{chr(number)}b", f"a{chr(number)}"):
                if not 0xD800 <= number < 0xE000:
                    one = taken(lambda text: check_text(text, "text"), text)
                    assert one is taken(lambda text: naive.text(text, 100, lines=True), text), hex(number)

    def test_a_text_has_a_limit(self) -> None:
        """
        A long report is many portions.
        """
        assert Text(text="x" * TEXT_LENGTH_MAX).text
        with pytest.raises(MalformedError, match="100001 characters, expected 1 to 100000"):
            Text(text="x" * (TEXT_LENGTH_MAX + 1))

    @pytest.mark.parametrize("language", ["en", "kor", "pt-BR", "zh-Hant-TW", "sl-rozaj-biske-1994"])
    def test_a_language_is_a_tag(self, language: str) -> None:
        """
        BCP 47 tags of up to four parts are taken.
        """
        assert Text(text="a", language=language).language == language

    @pytest.mark.parametrize("language", ["e", "EN", "english", "en_GB", "en-", "en-G", "en\n", "a-b-c"])
    def test_what_is_no_language_is_refused(self, language: str) -> None:
        """
        Nothing but a tag is a language.
        """
        with pytest.raises(MalformedError, match="language"):
            Text(text="a", language=language)

    @pytest.mark.parametrize("grade", ["A", "A7", "G1", "a1", "A1 ", "A11", "A0"])
    def test_what_is_no_grade_is_refused(self, grade: str) -> None:
        """
        A letter for the source, a digit for what it says.
        """
        with pytest.raises(MalformedError, match="grade"):
            Text(text="a", grade=grade)

    @pytest.mark.parametrize(
        "office", ["kor", "K", "KOR@", "@KOR", "KOR@KOR", "KOR@A@B", "KOR JPN", "X" * 17]
    )
    def test_what_is_no_office_is_refused(self, office: str) -> None:
        """
        Neither as the origin of a quotation nor among addressees.
        """
        with pytest.raises(MalformedError):
            Text(text="a", origin=office)
        with pytest.raises(MalformedError):
            Addressees(action=(office,))


class TestLines:
    @pytest.mark.parametrize(("what", "make"), line_makers())
    def test_a_line_is_one_short_line(self, what: str, make: Callable[[str], Any]) -> None:
        """
        Titles, topics, sources, caveats and reasons are one line each, without tabs.
        """
        assert make("x" * LINE_LENGTH_MAX)
        for line in (*PADDED, *CONTROLLED, "a\nb", "a\tb", "x" * (LINE_LENGTH_MAX + 1)):
            with pytest.raises(MalformedError, match=what):
                make(line)

    def test_a_title_or_a_topic_of_nothing_is_refused(self) -> None:
        """
        What may be absent may be nothing; a title and a topic may not.
        """
        with pytest.raises(MalformedError):
            Title(text="")
        with pytest.raises(MalformedError):
            Topics(topics=("a", ""))
        assert Withheld().reason == ""


class TestLists:
    def test_a_list_may_go_to_its_limit(self) -> None:
        """
        A thousand topics are within it.
        """
        assert len(Topics(topics=tuple(map(str, range(1000)))).topics) == LIST_MAX == 1000
        assert (TEXT_LENGTH_MAX, LINE_LENGTH_MAX) == (100_000, 1_000)

    @pytest.mark.parametrize("topics", [(), ("a", "a"), tuple(map(str, range(LIST_MAX + 1)))])
    def test_topics_are_some_and_differ(self, topics: tuple[str, ...]) -> None:
        """
        None at all, one twice, and too many are refused.
        """
        with pytest.raises(MalformedError):
            Topics(topics=topics)

    def test_addressees_are_some_and_differ(self) -> None:
        """
        Nobody is addressed twice, be it once for action and once for information.
        """
        assert Addressees(action=("KOR",), information=("JPN", "JPN@NATO")).action == ("KOR",)
        for action, information in (((), ()), (("KOR",), ("KOR",)), (("KOR", "KOR"), ())):
            with pytest.raises(MalformedError):
                Addressees(action=action, information=information)
        with pytest.raises(MalformedError):
            Addressees(information=tuple(f"A{n}" for n in range(LIST_MAX + 1)))

    @pytest.mark.parametrize("size", [0, 31, 33])
    def test_a_link_is_an_item_id(self, size: int) -> None:
        """
        An item id has 32 bytes.
        """
        assert Link(item=bytes(32)).item == bytes(32)
        with pytest.raises(MalformedError, match=f"item id has {size} bytes"):
            Link(item=bytes(size))


class TestAttachments:
    @pytest.mark.parametrize(
        "name",
        ["Annex A.pdf", "Bericht \u00fcber Br\u00fcssel.docx", "\ubcf4\uace0\uc11c.hwp", "a", "x" * 255],
    )
    def test_a_plain_name_is_taken(self, name: str) -> None:
        """
        In every script, up to what file systems take.
        """
        assert attached(name=name).name == name

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "../x",
            "a/b",
            "a\\b",
            "C:x",
            "a*",
            "a?",
            '"a"',
            "<a>",
            "a|b",
            ".hidden",
            "..",
            "a.",
            "a ",
            " a",
            "a\nb",
            "a\x00",
            "CON",
            "con.txt",
            "LPT1.pdf",
            "photo\u202egpj.exe",
            "a\u200bb",
            "a\u0301.txt",
            "x" * 256,
            "\ubcf4" * 86,
        ],
    )
    def test_a_name_that_means_something_to_a_system_is_refused(self, name: str) -> None:
        """
        Paths, devices, hidden files, what turns the direction, and what is too long in UTF-8.
        """
        with pytest.raises(MalformedError):
            attached(name=name)

    @pytest.mark.parametrize(
        "media_type", ["", "pdf", "/pdf", "application/", "Text/plain", "text/plain; charset=x"]
    )
    def test_a_media_type_is_type_and_subtype(self, media_type: str) -> None:
        """
        Nothing beside them: a parameter would be a second statement about the bytes.
        """
        with pytest.raises(MalformedError, match="media type"):
            attached(media_type=media_type)

    @pytest.mark.parametrize("changes", [{"size": -1}, {"size": (16 << 30) + 1}, {"root": bytes(31)}])
    def test_size_and_root_are_within_their_limits(self, changes: dict[str, Any]) -> None:
        """
        Nothing negative, nothing longer than 16 GiB, a hash of 32 bytes.
        """
        with pytest.raises(MalformedError):
            attached(**changes)


def attached(**changes: Any) -> Attachment:
    """
    A small file.
    """
    fields: dict[str, Any] = {"name": "a.pdf", "media_type": "application/pdf", "size": 3, "root": bytes(32)}
    return Attachment(**(fields | changes))


class TestEncoding:
    @examples(300)
    @given(worlds.portions_of_any_type)
    def test_every_portion_has_one_spelling(self, portion: dict[str, Any]) -> None:
        """
        Decoding and encoding give the bytes that another JSON library gives.
        """
        data = naive.encode(portion)
        naive.portion(portion)
        assert encode(CODEC.decode(data)) == data

    @pytest.mark.parametrize(
        "portion",
        [
            {"type": "paragraph", "text": "a"},
            {"text": "a"},
            {"type": "text"},
            {"type": "text", "text": "a", "note": "b"},
            {"type": "text", "text": "a", "language": ""},
            {"type": "text", "text": "a", "originator_control": False},
            {"type": "text", "text": "a", "status": None},
            {"type": "text", "text": "a", "status": "done"},
            {"type": "text", "text": 1},
            {"type": "form", "form": "letter"},
            {"type": "topics", "topics": "a"},
            {"type": "addressees", "action": [], "information": ["KOR"]},
            {"type": "addressees"},
            {"type": "link", "item": ""},
            {"type": "link", "item": "!" * 44},
            {"type": "attachment", "name": "a.pdf"},
            {
                "type": "attachment",
                "name": "a",
                "media_type": "a/b",
                "size": "1",
                "root": handmade.b64(bytes(32)),
            },
            {"type": "withheld", "reason": ""},
            {"type": "withheld", "text": "a"},
        ],
    )
    def test_what_is_no_portion_is_refused(self, portion: dict[str, Any]) -> None:
        """
        Unknown types and fields, defaults that are spelled out, and values of other kinds.
        """
        with pytest.raises(MalformedError):
            CODEC.decode(naive.encode(portion))
        with pytest.raises(naive.RefusedViewError):
            naive.portion(portion)

    def test_both_readers_know_the_same_words(self) -> None:
        """
        Kinds, forms and statuses are those of the specification.
        """
        assert [each.value for each in Kind] == list(naive.KINDS)
        assert [each.value for each in FormName] == list(naive.FORMS)
        assert [each.value for each in Status] == list(naive.STATUSES)
        assert Form(form=FormName.TELEGRAM).form == "telegram"

    def test_a_refusal_does_not_quote(self) -> None:
        """
        An error has no word of the content, neither in its message nor in what it was raised from.
        """
        with pytest.raises(MalformedError) as caught:
            CODEC.decode(naive.encode({"type": "text", "text": "canary", "status": "canary"}))
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(b'{"type":"text","text":"canary","status":"canary"}', type=Text)


class TestVisibleText:
    @pytest.mark.parametrize(
        ("text", "spelled"),
        [
            ("a\n\tb", "a\n\tb"),
            ("a\u202eb", "a<U+202E>b"),
            ("a\u200bb\u2066c\ufeff", "a<U+200B>b<U+2066>c<U+FEFF>"),
            ("a\x7fb", "a<U+007F>b"),
            ("\ue000\U000e0041", "<U+E000><U+E0041>"),
            ("한국 é", "한국 é"),
        ],
    )
    def test_what_cannot_be_seen_is_spelled_out(self, text: str, spelled: str) -> None:
        """
        Characters that are invisible or turn the direction are shown by number.
        """
        assert visible_text(text) == spelled

    @examples(200)
    @given(st.text())
    def test_nothing_invisible_is_left(self, text: str) -> None:
        """
        Whatever is written, what is shown is all there is.
        """
        shown = visible_text(text)
        hidden = {"Cc", "Cf", "Co", "Cn"}
        assert not [c for c in shown if unicodedata.category(c) in hidden and c not in "\n\t"]
