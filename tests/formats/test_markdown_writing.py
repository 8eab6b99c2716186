# SPDX-License-Identifier: Apache-2.0

import re

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from legation.errors import MalformedError
from legation.formats import spif
from legation.formats.markdown import read, write
from legation.formats.shipped import AT_HAND, shipped, shipped_bytes
from legation.item.draft import Draft, DraftPortion, Precedence, Slip, Variant, VariantKind
from legation.item.portion import Kind, Link, Text, Title, Topics
from legation.labels import Label, Policies, Policy, TagType, category, gathered, parse_mark, reference_to
from tests.formats.drafts import EXERCISE, POLICIES, drafts

OPEN = parse_mark(EXERCISE, "(O)")
PARTIES_OF_EXERCISE = [
    member.category.name for member in EXERCISE.fields["Releasable To", TagType.PERMISSIVE].members.values()
]


def draft_of(*portions: DraftPortion, slips: tuple[Slip, ...] = ()) -> Draft:
    """A report of these portions."""
    return Draft(kind=Kind.REPORT, policies=(reference_to(EXERCISE),), portions=portions, slips=slips)


def paragraph(text: str, label: Label = OPEN) -> DraftPortion:
    """A paragraph without qualifiers."""
    return DraftPortion(label=label, portion=Text(text=text))


@given(drafts())
@settings(deadline=None, max_examples=150)
def test_what_is_written_is_read_back(draft: Draft) -> None:
    """
    Reading gives back every draft that was written, whatever stands in its texts.
    """
    assert read(write(draft, EXERCISE), POLICIES, party=None) == draft


@given(drafts())
@settings(deadline=None, max_examples=80)
def test_what_is_written_does_not_change_when_it_is_formatted(draft: Draft) -> None:
    """
    A report in its one form is its own form.
    """
    data = write(draft, EXERCISE)
    assert write(read(data, POLICIES, party=None), EXERCISE) == data


@given(drafts())
@settings(deadline=None, max_examples=80)
def test_line_ends_byte_order_mark_and_blank_lines_say_nothing(draft: Draft) -> None:
    """
    What an editor on another system puts into a file changes nothing of what is read.
    """
    data = write(draft, EXERCISE)
    crlf = b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")
    spaced = re.sub(b"\n\n", b"\n \t\n\n", data) + b"\n  \n\n"
    for other in (crlf, spaced, data.rstrip(b"\n")):
        assert read(other, POLICIES, party=None) == draft


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("plain", "(O) plain"),
        ("two\nlines", "(O) two\nlines"),
        ("a\n\nb", "(O) a\n\\\nb"),
        ("a\n \nb", "(O) a\n\\ \nb"),
        ("a\n\u3000\nb", "(O) a\n\\\u3000\nb"),
        ("{not a qualifier}", "(O) \\{not a qualifier}"),
        ("a {brace} inside", "(O) a {brace} inside"),
        ("a\n{brace} below", "(O) a\n{brace} below"),
        ("\\ begins it", "(O) \\\\ begins it"),
        ("a\n\\ begins a line", "(O) a\n\\\\ begins a line"),
        ("a \\ inside", "(O) a \\ inside"),
        ("(S) is what he said", "(O) (S) is what he said"),
        ("a\n(S) is what he said", "(O) a\n(S) is what he said"),
        ("kind: report", "(O) kind: report"),
        ("ends in a backslash\\", "(O) ends in a backslash\\"),
        ("spaces  \nat the end of a line", "(O) spaces  \nat the end of a line"),
    ],
)
def test_a_text_is_escaped_only_where_it_must_be(text: str, block: str) -> None:
    """
    A backslash protects a blank line inside, a brace that opens, and a backslash that begins a line.
    """
    draft = draft_of(paragraph(text))
    data = write(draft, EXERCISE)
    assert data.decode() == f"kind: report\npolicy: EXERCISE\n\n{block}\n"
    assert read(data, POLICIES, party=None) == draft


def test_the_whole_form_at_once() -> None:
    """
    Header lines, qualifiers and variants stand in one order, whatever was given in which.
    """
    rel = parse_mark(EXERCISE, "(S//REL NATO, KOR, JPN)")
    full = Text(
        text="Full.",
        language="en",
        source="a {host} official",
        grade="B2",
        originator_control=True,
        origin="JPN@NATO",
    )
    draft = draft_of(
        DraftPortion(label=OPEN, portion=Title(text="Seating")),
        DraftPortion(label=OPEN, portion=Topics(topics=("a, b", "c\\d"))),
        DraftPortion(label=rel, portion=Link(item=bytes(range(32)))),
        DraftPortion(label=rel, portion=full),
        DraftPortion(
            label=OPEN,
            portion=Text(text="Voll.", language="de", caveat="draft"),
            variant=Variant(kind=VariantKind.TRANSLATION),
        ),
        DraftPortion(
            label=OPEN, portion=Text(text="Less."), variant=Variant(kind=VariantKind.TEARLINE, of=2)
        ),
        slips=(
            Slip(
                addressee="KOR", action=True, precedence=Precedence.FLASH, desk_by=60, attention="head: desk"
            ),
            Slip(addressee="JPN@NATO", precedence=Precedence.FLASH, desk_by=60),
        ),
    )
    expected = """\
kind: report
policy: EXERCISE
title: (O) Seating
topics: (O) a\\, b, c\\\\d
link: (S//REL KOR, JPN, NATO) 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
action: KOR
info: JPN@NATO
precedence: flash
desk-by: 1970-01-01T00:01Z
attention: KOR: head: desk

(S//REL KOR, JPN, NATO) {language: en} {source: a \\{host\\} official} {grade: B2} \
{origin: JPN@NATO} {originator-control} Full.

(O) {translation: de} {caveat: draft} Voll.

(O) {tearline: 2} Less.
"""
    assert write(draft, EXERCISE).decode() == expected
    assert read(expected.encode(), POLICIES, party=None) == draft


def other_version() -> Policy:
    """The policy with another version, as if it had been reissued."""
    found = shipped("exercise-1")
    changed = {name: value for name, value in vars(found).items() if name in found.__dataclass_fields__}
    return Policy(**(changed | {"version": 2, "digest": bytes(32)}))


TRANSLATION = Variant(kind=VariantKind.TRANSLATION)
TWO = (Slip(addressee="KOR", action=True), Slip(addressee="JPN"))
UNSAYABLE = {
    "a header portion after a paragraph": draft_of(
        paragraph("a"), DraftPortion(label=OPEN, portion=Title(text="b"))
    ),
    "header portions out of order": draft_of(
        DraftPortion(label=OPEN, portion=Topics(topics=("a",))),
        DraftPortion(label=OPEN, portion=Title(text="b")),
    ),
    "two titles": draft_of(
        DraftPortion(label=OPEN, portion=Title(text="a")), DraftPortion(label=OPEN, portion=Title(text="b"))
    ),
    "a translation without a language": draft_of(
        paragraph("a"), DraftPortion(label=OPEN, portion=Text(text="b"), variant=TRANSLATION)
    ),
    "slips that differ in precedence": draft_of(
        paragraph("a"), slips=(TWO[0], replace(TWO[1], precedence=Precedence.FLASH))
    ),
    "slips that differ in desk-by": draft_of(paragraph("a"), slips=(TWO[0], replace(TWO[1], desk_by=60))),
    "information before action": draft_of(paragraph("a"), slips=TWO[::-1]),
    "a desk-by with seconds": draft_of(paragraph("a"), slips=(Slip(addressee="KOR", desk_by=61),)),
    "a label that the policy does not allow": draft_of(
        paragraph("a", Label(policy_id=EXERCISE.id, classification="SECRET"))
    ),
}


@pytest.mark.parametrize("draft", UNSAYABLE.values(), ids=UNSAYABLE.keys())
def test_refuses_what_markdown_cannot_say(draft: Draft) -> None:
    """
    A draft that would not be read back is not written at all.
    """
    with pytest.raises(MalformedError):
        write(draft, EXERCISE)


@pytest.mark.parametrize("policy", [shipped("tlp-2.0"), other_version()], ids=["another", "another version"])
def test_refuses_to_mark_under_another_policy(policy: Policy) -> None:
    """
    A mark says what a label says only under the very policy of the label.
    """
    with pytest.raises(MalformedError, match="marked under one policy"):
        write(draft_of(paragraph("a")), policy)


def test_refuses_a_mark_that_could_not_be_read() -> None:
    """
    A policy that prints parentheses inside a mark, or a mark without end, has no reports in Markdown.
    """
    shipped_spif = shipped_bytes("exercise-1")
    inside = spif.read(shipped_spif.replace(b'phrase="O"', b'phrase="O(PEN)"'))
    endless = spif.read(
        re.sub(rb'name="(HERON|LANTERN|MAPLE)"', lambda found: b'name="%s"' % (found[1] * 36), shipped_spif)
    )
    names = [name * 36 for name in ("HERON", "LANTERN", "MAPLE")]
    categories = gathered(
        [
            category("Caveats", TagType.RESTRICTIVE, names),
            category("Context", TagType.PERMISSIVE, ["Releasable"]),
            category("Only", TagType.PERMISSIVE, PARTIES_OF_EXERCISE),
            category("Releasable To", TagType.PERMISSIVE, PARTIES_OF_EXERCISE),
        ]
    )
    for policy, label in (
        (inside, Label(policy_id=inside.id, classification="OPEN")),
        (endless, Label(policy_id=endless.id, classification="SECRET", categories=categories)),
    ):
        draft = Draft(
            kind=Kind.REPORT,
            policies=(reference_to(policy),),
            portions=(DraftPortion(label=label, portion=Text(text="a")),),
        )
        with pytest.raises(MalformedError, match="a mark that cannot be read in a report"):
            write(draft, policy)


def test_a_report_under_the_other_shipped_policy() -> None:
    """
    Marks are those of the policy that the report names, whichever it is.
    """
    policies = Policies(map(shipped, AT_HAND))
    report = b"kind: message\npolicy: TLP 2.0\n\n(tlp:amber+strict)  Stay among you.\n"
    draft = read(report, policies, party="KOR")
    assert draft.portions[0].label.classification == "AMBER+STRICT"
    written = write(draft, shipped("tlp-2.0"))
    assert written == b"kind: message\npolicy: TLP 2.0\n\n(TLP:AMBER+STRICT) Stay among you.\n"
