# SPDX-License-Identifier: Apache-2.0

from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legation.errors import RefusedError
from legation.formats import markdown, stanag4774
from legation.formats.shipped import NAMES, shipped
from legation.item.draft import Draft
from legation.item.view import Contents, inspect, verify
from legation.keys.card import PolicyReference
from legation.labels import Policies, Policy, Reader, ReasonCode, parse_mark, reference_to
from legation.release import decide_label, disclose, disclosure_banner
from tests.formats.drafts import EXERCISE, drafts
from tests.release.test_preview import readers, signed
from tests.stories.cast import AUTHOR, CLEARANCES, NOON, NOTHING, OWN, REMARKED, card_of

POLICIES = Policies(map(shipped, NAMES))
TLP = shipped("tlp-2.0")
HERE = reference_to(EXERCISE)
SECRET = parse_mark(EXERCISE, "(S//REL KOR)")
OPEN = parse_mark(EXERCISE, "(O)")


def reader(xml: bytes) -> Reader:
    """Somebody who holds what a clearance in XML says."""
    return Reader(name="holder", clearances=(stanag4774.read_clearance(xml),), at=NOON)


def item_of(report: str) -> Contents:
    """A report, signed by the author."""
    return signed(markdown.read(report.encode(), POLICIES, party="KOR"))


class TestDecideLabel:
    def test_decides_under_the_policy_that_is_named(self) -> None:
        """
        With the very policy at hand, the decision is the policy's.
        """
        assert decide_label(POLICIES, reader(CLEARANCES["KOR"]), HERE, SECRET).permitted
        assert not decide_label(POLICIES, reader(CLEARANCES["AUS"]), HERE, SECRET).permitted

    @pytest.mark.parametrize(
        "named",
        [
            PolicyReference(id="2.25.1", version=HERE.version, digest=HERE.digest),
            PolicyReference(id=HERE.id, version=HERE.version + 1, digest=HERE.digest),
            PolicyReference(id=HERE.id, version=HERE.version, digest=bytes(32)),
        ],
        ids=["another identifier", "another version", "another digest"],
    )
    def test_refuses_under_any_other(self, named: PolicyReference) -> None:
        """
        A policy that is not the very one named means no, even for what is open to all.
        """
        for label in (OPEN, SECRET):
            decision = decide_label(POLICIES, reader(OWN), named, label)
            assert not decision.permitted
            assert [reason.code for reason in decision.reasons] == [ReasonCode.POLICY_UNKNOWN]

    def test_refuses_without_any_policy(self) -> None:
        """
        Where no policy is at hand nothing is permitted.
        """
        assert not decide_label(Policies([]), reader(OWN), HERE, OPEN).permitted


class TestDisclose:
    @pytest.mark.parametrize("name", ["KOR", "JPN", "NATO", "AUS"])
    def test_a_copy_cut_again_for_the_same_reader_is_the_same(self, name: str) -> None:
        """
        Nothing more can be taken off what a reader may see, and nothing more is in it.
        """
        copy = disclose(item_of(REMARKED), POLICIES, reader(CLEARANCES[name]))
        assert disclose(inspect(copy), POLICIES, reader(CLEARANCES[name])) == copy
        assert disclose(inspect(copy), POLICIES, reader(OWN)) == copy

    def test_whoever_may_see_all_is_handed_the_item(self) -> None:
        """
        The author's own people are handed every byte.
        """
        item = item_of(REMARKED)
        assert disclose(item, POLICIES, reader(OWN)) == item.data

    @pytest.mark.parametrize(
        "report",
        [
            "kind: report\npolicy: EXERCISE\n\n(S//REL KOR) a\n",
            "kind: report\npolicy: EXERCISE\ntitle: (O) a\ntopics: (O) a\n\n(S//REL KOR) a\n",
            "kind: report\npolicy: EXERCISE\n\n(L) a\n",
        ],
        ids=["nothing", "nothing but header portions", "nothing for anybody outside"],
    )
    def test_refuses_a_copy_that_says_nothing(self, report: str) -> None:
        """
        A cut without a body is not handed over, whether or not a title could be seen.
        """
        with pytest.raises(RefusedError, match=r"^nothing of the item('s body)? may be shown$") as refused:
            disclose(item_of(report), POLICIES, reader(CLEARANCES["AUS"]))
        assert refused.value.hint == ""

    def test_a_withheld_line_is_a_body(self) -> None:
        """
        A reader who may know that something is withheld is handed a copy that says so.
        """
        report = "kind: report\npolicy: EXERCISE\n\n(S//REL KOR) secret\n\n(O) {withheld} Sources.\n"
        copy = disclose(item_of(report), POLICIES, reader(CLEARANCES["AUS"]))
        assert [type(each.portion).__name__ for each in inspect(copy).shown()] == ["Withheld"]
        assert b"secret" not in copy

    def test_refuses_everything_under_a_policy_that_is_not_at_hand(self) -> None:
        """
        Without its policy even an open report is handed to nobody.
        """
        item = item_of("kind: report\npolicy: EXERCISE\n\n(O) a\n")
        with pytest.raises(RefusedError):
            disclose(item, Policies([TLP]), reader(OWN))

    def test_refuses_under_another_edition_of_the_policy(self) -> None:
        """
        A policy of the same name and version with other bytes is another policy.
        """
        values = {field.name: getattr(EXERCISE, field.name) for field in fields(Policy)}
        other = Policy(**(values | {"digest": bytes(32)}))
        item = item_of("kind: report\npolicy: EXERCISE\n\n(O) a\n")
        with pytest.raises(RefusedError):
            disclose(item, Policies([other]), reader(OWN))


@given(drafts(has_body=True), readers(), readers())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_passed_on_is_what_both_may_see(draft: Draft, first: Reader, second: Reader) -> None:
    """
    A cut for one reader, cut again for another, is the same in either order, and never wider than either.
    """
    item = signed(draft)

    def handed(*holders: Reader) -> bytes | None:
        data = item.data
        for holder in holders:
            try:
                data = disclose(inspect(data), POLICIES, holder)
            except RefusedError:
                return None
        return data

    there, back = handed(first, second), handed(second, first)
    assert there == back
    if there is not None:
        marks = {each.label for each in verify(there, [card_of(AUTHOR)]).layers}
        for holder in (first, second):
            assert all(decide_label(POLICIES, holder, HERE, label).permitted for label in marks)


class TestDisclosureBanner:
    def test_of_nothing_is_nothing(self) -> None:
        """
        Where nothing is disclosed there is nothing to head.
        """
        assert disclosure_banner(POLICIES, []) == ""

    def test_is_the_roll_up(self) -> None:
        """
        The highest level, and of the lists what is common.
        """
        labels = [parse_mark(EXERCISE, mark) for mark in ("(O)", "(L//REL KOR, JPN)", "(C//REL KOR, NATO)")]
        assert disclosure_banner(POLICIES, [(HERE, label) for label in labels]) == "CONFIDENTIAL REL KOR"

    def test_sends_to_the_portion_marks_where_nothing_is_common(self) -> None:
        """
        A banner never names a list that is not every part's.
        """
        labels = [parse_mark(EXERCISE, mark) for mark in ("(S//REL KOR)", "(C//REL JPN)")]
        found = disclosure_banner(POLICIES, [(HERE, label) for label in labels])
        assert found == "SECRET - SEE PORTION MARKS"

    def test_leaves_out_what_nobody_can_read(self) -> None:
        """
        A policy that is not at hand has no banner here.
        """
        assert disclosure_banner(Policies([TLP]), [(HERE, SECRET)]) == ""

    def test_has_each_policy_side_by_side_in_one_order(self) -> None:
        """
        Two policies stand side by side, whichever comes first in what is disclosed.
        """
        red = (reference_to(TLP), parse_mark(TLP, "(TLP:RED)"))
        for labels in ([(HERE, SECRET), red], [red, (HERE, SECRET)]):
            assert disclosure_banner(POLICIES, labels) == "SECRET REL KOR / TLP:RED"


def test_nothing_is_disclosed_to_whoever_holds_nothing() -> None:
    """
    A clearance for what is open only opens the title, and so nothing is handed over.
    """
    with pytest.raises(RefusedError):
        disclose(item_of(REMARKED), POLICIES, reader(NOTHING))


@given(st.permutations(["(O)", "(L//REL KOR, JPN)", "(S//REL KOR)", "(S//HERON//REL KOR)"]))
@settings(deadline=None)
def test_the_banner_does_not_depend_on_the_order(marks: list[str]) -> None:
    """
    Whatever order the parts are in, the whole has one banner.
    """
    found = disclosure_banner(POLICIES, [(HERE, parse_mark(EXERCISE, mark)) for mark in marks])
    assert found == "SECRET HERON REL KOR"
