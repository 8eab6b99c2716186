# SPDX-License-Identifier: Apache-2.0

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legation.errors import RefusedError
from legation.formats import markdown, stanag4774
from legation.formats.shipped import NAMES, shipped
from legation.item.attachment import measured
from legation.item.draft import Draft, DraftPortion, Variant, VariantKind
from legation.item.draws import SecretDraws
from legation.item.portion import Kind, Text, Title
from legation.item.signing import sign
from legation.item.view import View, verify
from legation.labels import (
    Category,
    Clearance,
    Explanation,
    Label,
    Policies,
    Reader,
    ReasonCode,
    TagType,
    category,
    parse_mark,
    portion_mark,
    reference_to,
)
from legation.release import (
    AddresseeCopy,
    PortionOutcome,
    Preview,
    Showing,
    disclose,
    disclosure_banner,
    preview,
)
from legation.release.preview import portion_names
from legation.words import english
from tests.formats.drafts import EXERCISE, PARTIES, drafts
from tests.stories.cast import (
    ADDRESSEES,
    AUTHOR,
    CLEARANCES,
    FIRST_DRAFT,
    LEVELS,
    NOON,
    NOTHING,
    REMARKED,
    card_of,
    clearance,
    keys_of,
)

POLICIES = Policies(map(shipped, NAMES))
TLP = shipped("tlp-2.0")


def reader(name: str, xml: bytes) -> Reader:
    """Somebody who holds what a clearance in XML says."""
    return Reader(name=name, clearances=(stanag4774.read_clearance(xml),), at=NOON)


def story(report: str) -> dict[str, AddresseeCopy]:
    """The copies of story A."""
    draft = markdown.read(report.encode(), POLICIES, party="KOR")
    found = preview(draft, POLICIES, [reader(name, CLEARANCES[name]) for name in ADDRESSEES])
    assert found.draft == draft.digest
    return {copy.addressee: copy for copy in found.copies}


def outcome(copy: AddresseeCopy, portion: str) -> PortionOutcome:
    """What becomes of one portion."""
    (found,) = (each for each in copy.portions if each.portion == portion)
    return found


def showings(copy: AddresseeCopy) -> list[str]:
    """What becomes of each portion, in order."""
    return [each.showing.value for each in copy.portions]


class TestStoryA:
    @pytest.mark.parametrize("report", [FIRST_DRAFT, REMARKED], ids=["first", "re-marked"])
    def test_portions_have_the_names_that_people_use(self, report: str) -> None:
        """
        Every copy names every portion, with its mark, in the order of the report.
        """
        tearline = "(C//REL KOR, JPN, NATO)" if report is FIRST_DRAFT else "(C//REL KOR, JPN)"
        for copy in story(report).values():
            assert [(each.portion, each.mark) for each in copy.portions] == [
                ("title", "(O)"),
                ("par. 1", "(L//REL KOR, JPN, AUS, NATO)"),
                ("par. 2", "(C//REL KOR, JPN, NATO)"),
                ("par. 3", "(S//REL KOR, JPN)"),
                ("par. 3 tearline", tearline),
                ("par. 4", "(S//REL KOR)"),
            ]

    def test_the_first_draft(self) -> None:
        """
        KOR sees all, JPN to paragraph 3, NATO paragraphs 1 and 2 and the tearline, AUS paragraph 1.
        """
        copies = story(FIRST_DRAFT)
        assert showings(copies["KOR"]) == ["shown", "shown", "shown", "shown", "covered", "shown"]
        assert showings(copies["JPN"]) == ["shown", "shown", "shown", "shown", "covered", "withheld"]
        assert showings(copies["NATO"]) == ["shown", "shown", "shown", "withheld", "shown", "withheld"]
        assert showings(copies["AUS"]) == ["shown", "shown", *["withheld"] * 4]
        assert [copy.number for copy in copies.values()] == [1, 2, 3, 4]
        assert all(copy.title_shown and not copy.is_empty for copy in copies.values())

    def test_after_the_tearline_is_narrowed(self) -> None:
        """
        NATO has nothing of paragraph 3 any more; nobody else's copy changes.
        """
        before, after = story(FIRST_DRAFT), story(REMARKED)
        assert showings(after["NATO"]) == ["shown", "shown", "shown", "withheld", "withheld", "withheld"]
        for name in ("KOR", "JPN", "AUS"):
            assert showings(after[name]) == showings(before[name])

    def test_a_changed_mark_changes_the_digest(self) -> None:
        """
        What was approved is not what is there now.
        """
        digests = {
            markdown.read(report.encode(), POLICIES, party="KOR").digest for report in (FIRST_DRAFT, REMARKED)
        }
        assert len(digests) == 2

    def test_the_banners(self) -> None:
        """
        Each copy is headed by what is in it, and lists print in the order of the policy.
        """
        assert {name: copy.banner for name, copy in story(REMARKED).items()} == {
            "KOR": "SECRET REL KOR",
            "JPN": "SECRET REL KOR, JPN",
            "NATO": "CONFIDENTIAL REL KOR, JPN, NATO",
            "AUS": "LIMITED REL KOR, JPN, AUS, NATO",
        }
        assert story(FIRST_DRAFT)["NATO"].banner == "CONFIDENTIAL REL KOR, JPN, NATO"

    def test_why_australia_is_not_given_paragraph_2(self) -> None:
        """
        AUS, par. 2: granted, not on the list; nearest change: add AUS.
        """
        found = outcome(story(FIRST_DRAFT)["AUS"], "par. 2")
        assert [reason.code for reason in found.decision.reasons] == [ReasonCode.ONE_NOT_HELD]
        assert english.decision(found.decision) == "granted, not on the list"
        assert english.nearest(found.nearest) == "nearest change: add AUS to Releasable To"

    @pytest.mark.parametrize("portion", ["par. 3", "par. 4"])
    def test_why_australia_is_not_given_paragraph_3(self, portion: str) -> None:
        """
        AUS, par. 3: list and level, both reasons and not the first alone.
        """
        found = outcome(story(FIRST_DRAFT)["AUS"], portion)
        codes = {reason.code for reason in found.decision.reasons}
        assert codes == {ReasonCode.ONE_NOT_HELD, ReasonCode.CLASSIFICATION_NOT_HELD}
        assert english.decision(found.decision) == "list and level"
        said = "nearest change: lower to CONFIDENTIAL and add AUS to Releasable To"
        assert english.nearest(found.nearest) == said

    def test_what_is_shown_needs_no_change(self) -> None:
        """
        A permitted portion has its reasons and no proposal.
        """
        found = outcome(story(FIRST_DRAFT)["AUS"], "par. 1")
        assert found.decision.permitted
        assert english.decision(found.decision) == "granted"
        assert found.nearest == Explanation()

    def test_the_nearest_change_does_what_it_says(self) -> None:
        """
        With AUS added to the list of paragraph 2, AUS is shown paragraph 2.
        """
        changed = FIRST_DRAFT.replace("(C//REL KOR, JPN, NATO) An", "(C//REL KOR, JPN, AUS, NATO) An")
        assert changed != FIRST_DRAFT
        assert outcome(story(changed)["AUS"], "par. 2").showing is Showing.SHOWN


def draft_of(*portions: DraftPortion, policies: Sequence[str] = ("exercise-1",)) -> Draft:
    """A report of these portions."""
    references = tuple(reference_to(shipped(name)) for name in policies)
    return Draft(kind=Kind.REPORT, policies=references, portions=portions)


def text(mark: str, words: str = "Words.", *, language: str = "", **variant: object) -> DraftPortion:
    """A paragraph under EXERCISE, perhaps a variant."""
    stands_for = Variant(**variant) if variant else None  # type: ignore[arg-type]
    return DraftPortion(
        label=parse_mark(EXERCISE, mark), portion=Text(text=words, language=language), variant=stands_for
    )


class TestCopies:
    def test_copies_are_numbered_by_what_they_hold(self) -> None:
        """
        Addressees with one number receive the same portions; numbers go up from 1 as they first appear.
        """
        names = ["AUS", "KOR", "NATO", "NATO2", "AUS2", "KOR2"]
        draft = markdown.read(REMARKED.encode(), POLICIES, party="KOR")
        found = preview(draft, POLICIES, [reader(name, CLEARANCES[name.rstrip("2")]) for name in names])
        assert [copy.number for copy in found.copies] == [1, 2, 3, 3, 1, 2]
        assert [copy.addressee for copy in found.copies] == names

    def test_copies_with_the_same_text_shown_may_still_differ(self) -> None:
        """
        Whoever holds a covered variant besides has another copy than who does not.
        """
        draft = draft_of(text("(S//REL KOR, JPN)"), text("(C//REL KOR)", "Less.", kind=VariantKind.TEARLINE))
        found = preview(draft, POLICIES, [reader(name, CLEARANCES[name]) for name in ("KOR", "JPN")])
        assert [copy.number for copy in found.copies] == [1, 2]
        assert [showings(copy) for copy in found.copies] == [["shown", "covered"], ["shown", "withheld"]]

    def test_a_copy_without_a_body_is_empty(self) -> None:
        """
        A title alone is not sent, and the copy says so.
        """
        draft = draft_of(
            DraftPortion(label=parse_mark(EXERCISE, "(O)"), portion=Title(text="A title")),
            text("(S//REL KOR)"),
        )
        (copy,) = preview(draft, POLICIES, [reader("AUS", CLEARANCES["AUS"])]).copies
        assert copy.is_empty
        assert copy.title_shown
        assert copy.banner == "OPEN"

    def test_a_copy_with_nothing_has_no_banner(self) -> None:
        """
        Whoever may see nothing is told nothing, not even a level.
        """
        draft = draft_of(text("(S//REL KOR)"))
        (copy,) = preview(draft, POLICIES, [reader("EU", NOTHING)]).copies
        assert copy.is_empty
        assert not copy.title_shown
        assert copy.banner == ""

    def test_a_title_that_is_withheld_is_told(self) -> None:
        """
        Whether the title is in the copy is said apart, for the reference then stands for it.
        """
        draft = draft_of(
            DraftPortion(label=parse_mark(EXERCISE, "(S//REL KOR)"), portion=Title(text="A title")),
            text("(O)"),
        )
        (copy,) = preview(draft, POLICIES, [reader("AUS", CLEARANCES["AUS"])]).copies
        assert not copy.title_shown
        assert not copy.is_empty

    def test_an_unknown_policy_withholds_from_everybody(self) -> None:
        """
        What nobody here can judge is shown to nobody, and its mark is only its level.
        """
        draft = markdown.read(REMARKED.encode(), POLICIES, party="KOR")
        found = preview(draft, Policies([TLP]), [reader(name, CLEARANCES[name]) for name in ADDRESSEES])
        for copy in found.copies:
            assert copy.is_empty
            assert copy.banner == ""
            assert set(showings(copy)) == {"withheld"}
            assert [each.mark for each in copy.portions][:2] == ["(OPEN)", "(LIMITED)"]
            reasons = {reason.code for each in copy.portions for reason in each.decision.reasons}
            assert reasons == {ReasonCode.POLICY_UNKNOWN}
            assert all(each.nearest == Explanation() for each in copy.portions)

    def test_a_clearance_under_another_policy_is_worth_nothing(self) -> None:
        """
        Whoever is cleared elsewhere is not cleared here.
        """
        elsewhere = Clearance(classifications=("OPEN", "RED"), policy_id=TLP.id)
        holder = Reader(name="KOR", clearances=(elsewhere,), at=NOON)
        (copy,) = preview(draft_of(text("(O)")), POLICIES, [holder]).copies
        assert copy.is_empty
        codes = [reason.code for reason in copy.portions[0].decision.reasons]
        assert codes == [ReasonCode.CLEARANCE_POLICY_DIFFERS]

    def test_without_addressees_there_are_no_copies(self) -> None:
        """
        Nobody to show it to, nothing to show.
        """
        draft = draft_of(text("(O)"))
        assert preview(draft, POLICIES, []) == Preview(draft=draft.digest, copies=())

    def test_variants_have_names_of_their_own(self) -> None:
        """
        A translation is named by its language, a withheld line as such, each by its paragraph.
        """
        report = b"""kind: report
policy: EXERCISE

(S//REL KOR) First.

(S//REL KOR) {language: en} Second.

(S//REL KOR) {translation: ko} Second again.

(C//REL KOR) {tearline: 2} Less.

(L//REL KOR) {withheld}

(L//REL KOR) Third.
"""
        draft = markdown.read(report, POLICIES, party="KOR")
        (copy,) = preview(draft, POLICIES, [reader("KOR", CLEARANCES["KOR"])]).copies
        assert [(each.portion, each.showing.value) for each in copy.portions] == [
            ("par. 1", "shown"),
            ("par. 2", "shown"),
            ("par. 2 in ko", "covered"),
            ("par. 2 tearline", "covered"),
            ("par. 2 withheld line", "covered"),
            ("par. 3", "shown"),
        ]


def signed(draft: Draft) -> View:
    """The draft as an item of the author's, verified."""
    keys = keys_of(AUTHOR)
    item = sign(
        draft,
        document=bytes(16),
        time=int(NOON.timestamp()),
        signer=keys.item_signer,
        draws=SecretDraws(keys.draws, bytes(32), draft.digest),
    )
    return verify(item, [card_of(AUTHOR)])


@st.composite
def readers(draw: st.DrawFn) -> Reader:
    """Anybody, mostly somebody who may see something: any lists, any caveats, sometimes any levels."""

    def some(tag: str, type_: TagType, names: Sequence[str], *, count_min: int = 0) -> list[Category]:
        values = draw(st.sets(st.sampled_from(names), min_size=count_min))
        return [category(tag, type_, values)] if values else []

    any_levels = st.lists(st.sampled_from(LEVELS), unique=True).map(tuple)
    held = Clearance(
        classifications=draw(st.sampled_from([LEVELS, LEVELS, LEVELS[:3]]) | any_levels),
        policy_id=draw(st.sampled_from([EXERCISE.id] * 19 + [TLP.id])),
        categories=(
            *some("Caveats", TagType.RESTRICTIVE, ["HERON", "LANTERN", "MAPLE"], count_min=2),
            *some("Context", TagType.PERMISSIVE, ["Own", "Releasable"]),
            *some("Only", TagType.PERMISSIVE, PARTIES, count_min=2),
            *some("Releasable To", TagType.PERMISSIVE, PARTIES, count_min=2),
        ),
    )
    return Reader(name=draw(st.sampled_from(PARTIES)), clearances=(held,), at=NOON)


@given(drafts(has_body=True), st.lists(readers(), min_size=1, max_size=5))
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
def test_what_was_previewed_is_what_is_handed_over(draft: Draft, holders: list[Reader]) -> None:
    """
    For any draft and any reader, the verified copy shows the marks and texts the preview promised.
    """
    item = signed(draft)
    copies = preview(draft, POLICIES, holders).copies
    handed: dict[int, bytes] = {}
    for holder, copy in zip(holders, copies, strict=True):
        try:
            data = disclose(item, POLICIES, holder)
        except RefusedError:
            assert copy.is_empty
            continue
        assert not copy.is_empty
        check_promise(draft, copy, verify(data, [card_of(AUTHOR)]))
        assert handed.setdefault(copy.number, data) == data
    assert len(set(handed.values())) == len(handed)


def check_promise(draft: Draft, copy: AddresseeCopy, view: View) -> None:
    """A view shows what was promised, holds nothing else, and has the banner and the title foretold."""

    def promised(*showings: Showing) -> list[tuple[Label, object]]:
        pairs = zip(draft.portions, copy.portions, strict=True)
        return [(each.label, each.portion) for each, outcome in pairs if outcome.showing in showings]

    assert [(each.label, each.portion) for each in view.shown()] == promised(Showing.SHOWN)
    held = [(each.label, each.portion) for each in view.portions]
    assert held == promised(Showing.SHOWN, Showing.COVERED)
    marks = [each.mark for each in copy.portions if each.showing is Showing.SHOWN]
    assert [portion_mark(EXERCISE, each.label) for each in view.shown()] == marks
    assert disclosure_banner(POLICIES, [(layer.policy, layer.label) for layer in view.layers]) == copy.banner
    assert copy.title_shown == any(isinstance(each.portion, Title) for each in view.portions)


@pytest.mark.parametrize("seed", range(8))
def test_a_draft_under_two_policies_has_one_banner(seed: int) -> None:
    """
    Wherever the layers lie in the tree, the banner of the copy is the one that was previewed.
    """
    red = DraftPortion(
        label=Label(policy_id=TLP.id, classification="RED"), portion=Text(text=f"Red, number {seed}.")
    )
    draft = draft_of(text("(S//REL KOR)"), red, text("(O)"), policies=("exercise-1", "tlp-2.0"))
    held = (
        stanag4774.read_clearance(clearance(["KOR"])),
        Clearance(classifications=("RED",), policy_id=TLP.id),
    )
    holder = Reader(name="KOR", clearances=held, at=NOON)
    (copy,) = preview(draft, POLICIES, [holder]).copies
    assert copy.banner == "SECRET REL KOR / TLP:RED"
    view = verify(disclose(signed(draft), POLICIES, holder), [card_of(AUTHOR)])
    assert disclosure_banner(POLICIES, [(layer.policy, layer.label) for layer in view.layers]) == copy.banner


def test_a_clearance_that_has_run_out_shows_nothing() -> None:
    """
    The instant of the reader decides, in the preview as in the cut.
    """
    held = Clearance(classifications=("OPEN",), policy_id=EXERCISE.id, not_after=NOON)
    draft = draft_of(text("(O)"))
    before = Reader(name="AUS", clearances=(held,), at=NOON)
    after = Reader(name="AUS", clearances=(held,), at=NOON.replace(hour=13))
    copies = preview(draft, POLICIES, [before, after]).copies
    assert [copy.is_empty for copy in copies] == [False, True]
    codes = [reason.code for reason in copies[1].portions[0].decision.reasons]
    assert codes == [ReasonCode.CLEARANCE_NOT_IN_FORCE]
    with pytest.raises(RefusedError):
        disclose(signed(draft), POLICIES, after)


def test_attached_files_are_numbered_by_themselves() -> None:
    """
    A file is called one in a preview, and counts for no paragraph.
    """
    report = "kind: report\npolicy: EXERCISE\n\n(O) One.\n\n(O) {attachment: a.txt}\n\n(O) Two.\n\n(O) {attachment: b.txt}\n"
    draft = markdown.read(report.encode(), POLICIES, party="KOR", measure=lambda _: measured([b"a"]))
    assert portion_names(draft.portions) == ["par. 1", "file 1", "par. 2", "file 2"]
