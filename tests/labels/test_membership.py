# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import timedelta

import pytest

from legation.formats import spif
from legation.labels import (
    Category,
    Clearance,
    Counted,
    DecisionTable,
    Label,
    Policy,
    Reader,
    TagType,
    category,
    compile_clearance,
    compile_label,
    decide,
    expand,
    gathered,
    permits,
)
from legation.labels.label import VALUES_MAX
from legation.labels.policy import (
    Classification,
    GroupMember,
    Marking,
    Membership,
    Tag,
    TagCategory,
    TagSet,
    Window,
)
from tests.formats.standards import standard
from tests.labels.small import AFTER, BEFORE, DAY

P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE


def value(name: str, lacv: str, **more: object) -> TagCategory:
    """
    A value of a list.
    """
    return TagCategory(name=name, lacv=lacv, **more)  # type: ignore[arg-type]  # any field of it


def tag_set(name: str, type_: TagType, *values: TagCategory) -> TagSet:
    """
    A list of one type.
    """
    tag = Tag(name=name, type=type_, categories=values)
    return TagSet(name=name, id=f"2.25.8.{len(name)}", tags=(tag,))


def group(name: str, *members: GroupMember) -> Membership:
    """
    A group.
    """
    return Membership(name=name, members=members)


PARTIES = (
    value("NORD", "900"),
    value("SUD", "901", markings=(Marking(codes=frozenset({"pageTop"}), phrase="Southern Community"),)),
    value("ALL", "902"),
    value("fin", "246", window=Window(not_before=DAY)),
    value("swe", "0752"),
    value("che", "756"),
    value("old", "1", obsolete=True),
)
POLICY = Policy(
    name="GROUPS",
    id="2.25.8",
    version=1,
    digest=b"groups",
    classifications=(Classification(name="S", lacv=1, hierarchy=1),),
    tag_sets=(
        tag_set("To", P, *PARTIES),
        tag_set("Only", P, *PARTIES),
        tag_set("Caveat", R, *PARTIES),
        tag_set("Bare", P, value("swe", "752")),
    ),
    memberships=(
        group(
            "NORD",
            GroupMember(name="fin", lacv="246"),
            GroupMember(name="swe", lacv="752"),
            GroupMember(name="old", lacv="1"),
            GroupMember(name="nowhere", lacv="999"),
            GroupMember(name="che", lacv="756", obsolete=True),
        ),
        group("Southern Community", GroupMember(name="che", lacv="756"), GroupMember(name="swe", lacv="75")),
        group("ALL", GroupMember(name="NORD", lacv="900")),
        group("nowhere", GroupMember(name="swe", lacv="752")),
    ),
)


def holding(*parts: Category, policy: str = "GROUPS") -> Clearance:
    """
    A clearance.
    """
    return Clearance(policy=policy, classifications=("S",), categories=gathered(parts))


def counted(*names: str, tag: str = "To", type_: TagType = P) -> set[str]:
    """
    The groups that whoever holds these names counts as holding.
    """
    found = expand(POLICY, holding(category(tag, type_, names)), at=DAY).counted
    assert all(each.tag == tag for each in found)
    return {each.group for each in found}


class TestExpand:
    def test_member_counts_as_its_group(self) -> None:
        """
        Who holds a member holds the group in the same list, and is told through whom.
        """
        found = expand(POLICY, holding(category("To", P, ["swe", "fin"])), at=DAY)
        assert found.counted == (Counted(tag="To", group="NORD", members=("fin", "swe")),)
        assert found.clearance == holding(category("To", P, ["swe", "fin", "NORD"]))
        assert found.at == DAY

    def test_group_known_by_its_words_counts(self) -> None:
        """
        Published policies give a group by what its value prints as.
        """
        assert counted("che") == {"SUD"}

    @pytest.mark.parametrize("name", ["old", "nowhere", "NORD", "ALL"])
    def test_nothing_else_counts(self, name: str) -> None:
        """
        An obsolete value, an unknown one, and a group itself bring in nobody: groups do not nest.
        """
        assert counted(name) - {"ALL"} == set()
        assert "NORD" not in counted("old", "nowhere")

    def test_groups_do_not_nest(self) -> None:
        """
        Who counts as NORD does not count as what NORD belongs to; who holds NORD does.
        """
        assert counted("swe") == {"NORD"}
        assert counted("NORD") == {"ALL"}

    def test_former_member_does_not_count(self) -> None:
        """
        A member that the policy calls obsolete belongs no more, and one of another number never did.
        """
        assert counted("che") == {"SUD"}
        assert counted("swe") == {"NORD"}

    def test_member_counts_from_its_date_on(self) -> None:
        """
        Whoever joined counts from then on, and not before.
        """
        held = holding(category("To", P, ["fin"]))
        assert expand(POLICY, held, at=DAY).counted
        assert expand(POLICY, held, at=DAY - timedelta(seconds=1)).clearance == held

    def test_only_permissive_lists_have_groups(self) -> None:
        """
        Nobody holds a caveat through others, and a list without the group's value has no group.
        """
        assert counted("swe", tag="Only") == {"NORD"}
        assert counted("swe", tag="Caveat", type_=R) == set()
        assert counted("swe", tag="Bare") == set()

    def test_lists_stay_apart(self) -> None:
        """
        A member on one list brings the group to no other.
        """
        found = expand(POLICY, holding(category("Only", P, ["che"]), category("To", P, ["swe"])), at=DAY)
        assert found.clearance == holding(
            category("Only", P, ["che", "SUD"]), category("To", P, ["swe", "NORD"])
        )

    def test_group_that_is_held_is_not_counted_again(self) -> None:
        """
        What was granted is not said to come through somebody.
        """
        held = holding(category("To", P, ["swe", "NORD"]))
        assert "NORD" not in {each.group for each in expand(POLICY, held, at=DAY).counted}

    def test_clearance_of_another_policy_stays(self) -> None:
        """
        The same names under another policy are other names.
        """
        other = holding(category("To", P, ["swe"]), policy="OTHER")
        assert expand(POLICY, other, at=DAY).clearance == other

    def test_full_list_stays(self) -> None:
        """
        A list that can hold no more is not made longer than a list may be.
        """
        full = holding(category("To", P, ["swe", *(f"x{number}" for number in range(VALUES_MAX - 1))]))
        assert expand(POLICY, full, at=DAY).clearance == full

    def test_instant_without_a_zone_is_a_mistake(self) -> None:
        """
        Membership at no instant is nobody's.
        """
        with pytest.raises(TypeError):
            expand(POLICY, holding(), at=DAY.replace(tzinfo=None))


class TestReader:
    label = Label(policy="GROUPS", classification="S", categories=(category("To", P, ["NORD"]),))

    def test_reader_counts_as_its_groups_and_decide_does_not(self) -> None:
        """
        The reader of a member sees what is for the group; the bare decision compares what is held.
        """
        held = holding(category("To", P, ["fin"]))
        assert Reader(name="FIN", clearances=(held,), at=DAY).decide(POLICY, self.label).permitted
        assert not Reader(name="FIN", clearances=(held,), at=BEFORE).decide(POLICY, self.label).permitted
        assert not decide(POLICY, self.label, held, at=DAY).permitted

    def test_expansion_is_recorded_with_its_instant(self) -> None:
        """
        Which groups counted, through whom and when, can be kept beside a decision.
        """
        reader = Reader(name="FIN", clearances=(holding(category("To", P, ["fin"])),), at=AFTER)
        found = reader.expansion(POLICY)
        assert found is not None
        assert (found.at, [each.group for each in found.counted]) == (AFTER, ["NORD"])
        assert reader.clearance(POLICY) == found.clearance
        assert reader.clearances == (holding(category("To", P, ["fin"])),)

    def test_reader_without_a_clearance_counts_as_nobody(self) -> None:
        """
        Who holds nothing under the policy belongs to no group of it.
        """
        for held in ((), (holding(category("To", P, ["swe"]), policy="OTHER"),)):
            reader = Reader(name="SWE", clearances=held, at=DAY)
            assert reader.expansion(POLICY) is None
            assert reader.clearance(POLICY) is None
            assert not reader.decide(POLICY, self.label).permitted

    def test_label_keeps_the_group(self) -> None:
        """
        The label that is for a group names the group and no member.
        """
        assert POLICY.normalize(self.label).categories == (category("To", P, ["NORD"]),)

    def test_compiled_clearance_of_a_reader_decides_as_the_reader(self) -> None:
        """
        For every party alone, at three instants, against a label for each: bits and reasons agree.
        """
        names = [each.name for each in PARTIES]
        labels = [
            Label(policy="GROUPS", classification="S", categories=(category(tag, P, [name]),))
            for tag in ("To", "Only")
            for name in names
        ]
        permitted = 0
        for at in (BEFORE, DAY, AFTER):
            compiled = [compile_label(POLICY, each, at=at) for each in labels]
            for name in names:
                reader = Reader(name=name, clearances=(holding(category("To", P, [name])),), at=at)
                held = reader.clearance(POLICY)
                assert held is not None
                row = DecisionTable(compiled).row(compile_clearance(POLICY, held, at=at))
                expected = [reader.decide(POLICY, each).permitted for each in labels]
                assert list(map(bool, row)) == expected
                assert [
                    permits(each, compile_clearance(POLICY, held, at=at)) for each in compiled
                ] == expected
                permitted += sum(expected)
        assert permitted > 3 * len(names) - 5


class TestPublished:
    def test_partner_counts_as_the_communities_it_belongs_to(self) -> None:
        """
        By the published NATO policy Sweden is of the EAPC, and the United States are not.
        """
        policy = spif.read(standard("NATO-v88.spif.xml"), lenient=True)
        groups = {
            name: {
                each.group
                for each in expand(
                    policy,
                    Clearance(
                        policy="NATO",
                        classifications=("SECRET",),
                        categories=(category("releasable to", P, [name]),),
                    ),
                    at=DAY,
                ).counted
            }
            for name in ("swe", "USA")
        }
        assert "EAPC" in groups["swe"]
        assert "EAPC" not in groups["USA"]

    def test_policy_without_groups_changes_nothing(self) -> None:
        """
        Where a policy states no groups a clearance is what was granted.
        """
        bare = replace(POLICY, memberships=(), digest=b"bare")
        held = holding(category("To", P, ["swe"]))
        assert expand(bare, held, at=DAY).clearance is held
