# SPDX-License-Identifier: Apache-2.0

from hashlib import sha256
from typing import Any

import msgspec
import pytest

from legation.errors import MalformedError
from legation.item import Draft, DraftPortion, Kind, Precedence, Slip, Variant, VariantKind
from legation.item.draft import POLICIES_MAX, PORTIONS_MAX, SLIPS_MAX
from legation.item.portion import Portion, Text, Title, Withheld
from legation.item.variants import PAIRS_MAX
from legation.keys.card import PolicyReference
from legation.labels import Category, Label, TagType

POLICY = PolicyReference(id="2.25.1001", version=1, digest=bytes(32))
OPEN = Label(classification="OPEN", policy_id="2.25.1001")
GUARDED = Label(classification="GUARDED", policy_id="2.25.1001")

TEARLINE, TRANSLATION, WITHHELD = VariantKind


def portion(text: str = "a", label: Label = OPEN) -> DraftPortion:
    """
    A paragraph that stands for itself.
    """
    return DraftPortion(label=label, portion=Text(text=text))


def variant(kind: VariantKind, of: int = 1) -> DraftPortion:
    """
    A portion that stands for another.
    """
    what: Portion = Withheld() if kind is WITHHELD else Text(text="b")
    return DraftPortion(label=OPEN, portion=what, variant=Variant(kind=kind, of=of))


def draft(*portions: DraftPortion, **fields: Any) -> Draft:
    """
    A report of these portions.
    """
    given = {"kind": Kind.REPORT, "policies": (POLICY,), "portions": portions or (portion(),)}
    return Draft(**(given | fields))


class TestDraft:
    def test_the_limits_are_what_they_are(self) -> None:
        """
        A draft that was kept must not be refused by the next release.
        """
        assert (PORTIONS_MAX, SLIPS_MAX, POLICIES_MAX, PAIRS_MAX) == (20_000, 1_000, 16, 200_000)

    def test_a_draft_has_a_portion_at_least(self) -> None:
        """
        A draft of nothing cannot exist, nor one longer than an item may be.
        """
        assert len(draft(portions=(portion(),) * PORTIONS_MAX).portions) == PORTIONS_MAX
        for count in (0, PORTIONS_MAX + 1):
            with pytest.raises(MalformedError, match=f"{count} portions, expected 1 to {PORTIONS_MAX}"):
                draft(portions=(portion(),) * count)

    def test_policies_are_named_once_and_not_too_many(self) -> None:
        """
        A draft is marked under one to sixteen policies, in one version each.
        """
        many = tuple(
            PolicyReference(id=f"2.25.{number}", version=1, digest=bytes(32))
            for number in range(1001, 1002 + POLICIES_MAX)
        )
        assert len(draft(policies=many[:POLICIES_MAX]).policies) == POLICIES_MAX
        for policies in ((), many):
            with pytest.raises(MalformedError, match="no policy, or too many"):
                draft(policies=policies)
        with pytest.raises(MalformedError, match="two versions of one policy"):
            draft(policies=(POLICY, PolicyReference(id=POLICY.id, version=2, digest=bytes(32))))

    def test_a_label_under_another_policy_is_refused(self) -> None:
        """
        What is marked under a policy that the draft does not name could not be signed.
        """
        with pytest.raises(MalformedError, match="a policy that the draft does not name"):
            draft(portion(label=Label(classification="OPEN", policy_id="2.25.2")))

    @pytest.mark.parametrize(
        "label",
        [
            Label(classification="OPEN", policy="Example"),
            Label(classification="OPEN", policy="Example", policy_id="2.25.1001"),
            Label(
                classification="OPEN",
                policy_id="2.25.1001",
                categories=(Category(tag="T", type=TagType.PERMISSIVE, values=("A",), tag_id="1.2"),),
            ),
            Label(
                classification="OPEN",
                policy_id="2.25.1001",
                categories=(Category(tag="T", type=TagType.PERMISSIVE, values=()),),
            ),
        ],
    )
    def test_a_label_not_in_normal_form_is_refused(self, label: Label) -> None:
        """
        A layer has but one spelling: no policy name, no tag identifier, no empty category.
        """
        with pytest.raises(MalformedError):
            draft(portion(label=label))

    def test_every_edit_has_another_digest(self) -> None:
        """
        What is approved is this text, these labels, this order and these slips.
        """
        both = (portion("a"), portion("b", GUARDED))
        slip = Slip(addressee="JPN")
        edits = [
            draft(*both),
            draft(*both[::-1]),
            draft(portion("a"), portion("b")),
            draft(*both, kind=Kind.NOTE),
            draft(*both, slips=(slip,)),
            draft(*both, slips=(Slip(addressee="JPN", action=True),)),
            draft(both[0], variant(TEARLINE)),
            draft(both[0], variant(TRANSLATION)),
            draft(*both, policies=(PolicyReference(id=POLICY.id, version=2, digest=bytes(32)),)),
        ]
        assert len({each.digest for each in edits}) == len(edits)
        assert draft(*both).digest == draft(*both).digest

    def test_a_digest_is_of_the_drafts_one_spelling(self) -> None:
        """
        Approvals are kept by digest, so it is computed in the same way by every release.
        """
        spelled = b"legation/draft/v1\n" + msgspec.json.encode(draft(), order="sorted")
        assert draft().digest == sha256(spelled).digest()

    def test_a_draft_is_frozen(self) -> None:
        """
        An edit makes a new draft.
        """
        with pytest.raises(AttributeError):
            draft().kind = Kind.NOTE  # type: ignore[misc]

    def test_a_draft_is_kept_as_it_is(self) -> None:
        """
        A draft that is stored and read again has the same digest.
        """
        written = draft(portion(), variant(TEARLINE), slips=(Slip(addressee="JPN", desk_by=5),))
        again = msgspec.json.decode(msgspec.json.encode(written), type=Draft)
        assert again == written
        assert again.digest == written.digest


class TestSlips:
    def test_an_addressee_has_one_slip(self) -> None:
        """
        Two slips for one office would say two things.
        """
        slip = Slip(addressee="JPN@NATO", precedence=Precedence.FLASH, attention="Counsellor")
        assert draft(slips=(slip,)).slips == (slip,)
        with pytest.raises(MalformedError, match="two slips"):
            draft(slips=(slip, Slip(addressee="JPN@NATO")))

    def test_addressees_are_not_too_many(self) -> None:
        """
        A draft is handed over to at most a thousand offices.
        """
        slips = tuple(Slip(addressee=f"A{number}") for number in range(SLIPS_MAX + 1))
        assert len(draft(slips=slips[:SLIPS_MAX]).slips) == SLIPS_MAX
        with pytest.raises(MalformedError, match="too many"):
            draft(slips=slips)

    @pytest.mark.parametrize(
        "fields",
        [
            {"addressee": "jpn"},
            {"addressee": ""},
            {"addressee": "JPN", "desk_by": -1},
            {"addressee": "JPN", "desk_by": 253_402_300_800},
            {"addressee": "JPN", "attention": "a\nb"},
            {"addressee": "JPN", "attention": " a"},
        ],
    )
    def test_what_is_no_slip_is_refused(self, fields: dict[str, Any]) -> None:
        """
        An office, a time and one line.
        """
        with pytest.raises(MalformedError):
            Slip(**fields)

    def test_the_last_second_can_be_waited_for(self) -> None:
        """
        Times are seconds of the years 1970 to 9999.
        """
        assert Slip(addressee="JPN", desk_by=0).desk_by == 0
        assert Slip(addressee="JPN", desk_by=253_402_300_799).desk_by


class TestVariants:
    def test_a_withheld_line_is_a_variant_and_nothing_else_is(self) -> None:
        """
        Only a withheld line declares itself, and it stands for what is before it.
        """
        with pytest.raises(MalformedError, match="withheld line"):
            DraftPortion(label=OPEN, portion=Withheld())
        with pytest.raises(MalformedError, match="withheld line"):
            DraftPortion(label=OPEN, portion=Text(text="a"), variant=Variant(kind=WITHHELD))
        with pytest.raises(MalformedError, match="withheld line"):
            DraftPortion(label=OPEN, portion=Withheld(), variant=Variant(kind=TEARLINE))

    @pytest.mark.parametrize("kind", [TEARLINE, TRANSLATION])
    def test_only_a_paragraph_is_a_tearline_or_a_translation(self, kind: VariantKind) -> None:
        """
        A title stands for itself.
        """
        with pytest.raises(MalformedError, match="only a paragraph"):
            DraftPortion(label=OPEN, portion=Title(text="a"), variant=Variant(kind=kind))

    @pytest.mark.parametrize("kind", list(VariantKind))
    def test_a_variant_follows_what_it_stands_for(self, kind: VariantKind) -> None:
        """
        Not at the start, not before itself, not beyond its group, and not after a title.
        """
        title = DraftPortion(label=OPEN, portion=Title(text="a"))
        for portions in (
            (variant(kind),),
            (portion(), variant(kind, of=0)),
            (portion(), variant(kind, of=-1)),
            (portion(), variant(kind, of=2)),
            (portion(), portion(), variant(kind, of=2)),
            (portion(), variant(kind), variant(kind, of=3)),
            (title, variant(kind)),
            (portion(), title, variant(kind, of=2)),
        ):
            with pytest.raises(MalformedError, match="does not follow"):
                draft(*portions)

    def test_a_tearline_is_less_full(self) -> None:
        """
        The text before it is fuller, and not the other way.
        """
        assert draft(portion(), variant(TEARLINE)).fuller == ((0, 1),)

    def test_a_translation_is_as_full(self) -> None:
        """
        The relation holds both ways.
        """
        assert draft(portion(), portion(), variant(TRANSLATION)).fuller == ((1, 2), (2, 1))

    def test_everything_before_a_withheld_line_is_fuller(self) -> None:
        """
        Whoever sees any variant of a paragraph is not told that it is withheld.
        """
        group = (portion(), variant(TEARLINE), variant(TRANSLATION), variant(WITHHELD))
        assert draft(portion(), *group).fuller == (
            *((1, 2), (1, 4)),
            *((2, 3), (2, 4)),
            *((3, 2), (3, 4)),
        )

    def test_a_variant_of_a_variant_says_which(self) -> None:
        """
        A translation of the text and one of its tearline are told apart.
        """
        group = (portion(), variant(TEARLINE), variant(TRANSLATION, of=2), variant(TRANSLATION, of=2))
        assert draft(*group).fuller == ((0, 1), (0, 2), (1, 3), (2, 0), (3, 1))

    def test_a_group_with_too_many_pairs_is_refused_at_once(self) -> None:
        """
        A withheld line is a pair with everything before it, so a long group has far too many.
        """
        lines = (portion(), *(variant(WITHHELD) for _ in range(631)))
        fitting = (*lines, portion(), *(variant(TEARLINE) for _ in range(604)))
        assert len(draft(*fitting).fuller) == PAIRS_MAX
        for portions in ((*fitting, variant(TEARLINE)), (*lines, variant(WITHHELD))):
            with pytest.raises(MalformedError, match=f"at most {PAIRS_MAX} pairs"):
                draft(*portions)
