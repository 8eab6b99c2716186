# SPDX-License-Identifier: Apache-2.0

import pytest

from legation.errors import MalformedError
from legation.formats import spif
from legation.formats.spif_extensions import EXTENSION, MEMBERSHIPS_MAX
from legation.formats.spif_schema import CHILDREN_MAX
from legation.labels.policy import GroupMember, Membership
from tests.formats.spif_whole import WHOLE, edited, line_of
from tests.formats.standards import standard

KOR = GroupMember(name="KOR", lacv="410")
NZL = GroupMember(name="NZL", lacv="554", obsolete=True)
ALL = Membership(name="ALL", members=(KOR, NZL))
NOBODY = Membership(name="NOBODY", members=())
MEMBER = '<member name="KOR" lacv="410"/>'


def memberships(*changes: str, lenient: bool = False) -> tuple[Membership, ...]:
    """
    The memberships of the whole policy with something changed.
    """
    return spif.read(edited(*changes), lenient=lenient).memberships


class TestMemberships:
    def test_groups_are_read_as_they_are_written(self) -> None:
        """
        Groups and members are there, with attributes of the extension's namespace or of none.
        """
        assert memberships() == (ALL, NOBODY)

    def test_qualified_attributes_mean_the_same(self) -> None:
        """
        The same policy with every attribute in the namespace, as NATO's own files have it.
        """
        start = WHOLE.index("<memberships")
        inside = WHOLE[start : WHOLE.index("</extensions>")]
        qualified = inside.replace("<memberships ", f'<memberships xmlns:n="{EXTENSION}" ')
        for key in ("name", "lacv", "obsolete"):
            qualified = qualified.replace(f' {key}="', f' n:{key}="')
        assert qualified.count(" n:") == 6
        assert spif.read(WHOLE.replace(inside, qualified).encode()).memberships == (ALL, NOBODY)

    def test_names_that_are_no_values_are_kept(self) -> None:
        """
        A group or member that is no value of the policy is no fault, and says nothing about any.
        """
        found = memberships(
            'name="ALL" => name="Nobody knows"', 'name="KOR" lacv="410"/>\n<m => name="X" lacv="9"/>\n<m'
        )
        assert [group.name for group in found] == ["Nobody knows", "NOBODY"]
        assert found[0].members == (GroupMember(name="X", lacv="9"), NZL)

    def test_what_is_said_twice_alike_counts_once(self) -> None:
        """
        A member or group that stands twice and says the same is one.
        """
        assert memberships(f"{MEMBER} => {MEMBER}{MEMBER}") == (ALL, NOBODY)
        again = '<membership name="ALL"><member name="KOR" lacv="0410"/><member name="NZL" lacv="554" obsolete="1"/>'
        assert memberships(f"<membership name => {again}</membership><membership name") == (ALL, NOBODY)

    def test_several_lists_are_one(self) -> None:
        """
        Groups may stand in several lists, and beside other extensions.
        """
        second = f'<memberships xmlns="{EXTENSION}"><membership name="MORE"/></memberships>'
        found = memberships(f"</extensions> => {second}</extensions>")
        assert found == (ALL, NOBODY, Membership(name="MORE", members=()))

    def test_other_extensions_are_passed_over(self) -> None:
        """
        The same words in another namespace are another extension.
        """
        assert memberships(f"{EXTENSION} => urn:x") == ()
        assert (
            memberships(
                f'<memberships xmlns="{EXTENSION}" => <membership xmlns="{EXTENSION}"',
                "</memberships> => </membership>",
            )
            == ()
        )

    def test_published_policy_has_fourteen_groups(self) -> None:
        """
        NATO's policy is read with its groups, whichever of them are values.
        """
        policy = spif.read(standard("NATO-v88.spif.xml"), lenient=True)
        groups = {group.name: [member.name for member in group.members] for group in policy.memberships}
        assert len(groups) == 14
        assert len(groups["KFOR"]) == 8
        assert "ARE" in groups["Global Coalition"]


# What makes a group or member unclear, the fault, and what a lenient reader still reads.
UNCLEAR = {
    f"{MEMBER} => {MEMBER}<member name='KOR' lacv='411'/>": (
        "member has the @name of another and says something else",
        (Membership(name="ALL", members=(NZL,)), NOBODY),
    ),
    f"{MEMBER} => {MEMBER}<member name='KOR' lacv='410' obsolete='true'/>": (
        "member has the @name of another and says something else",
        (Membership(name="ALL", members=(NZL,)), NOBODY),
    ),
    'name="KOR" lacv="410"/>\n<m => name="KOR" lacv="410" notAfter="2020-01-01T00:00:00Z"/>\n<m': (
        "member has an unclear attribute @notAfter",
        (Membership(name="ALL", members=(NZL,)), NOBODY),
    ),
    'name="KOR" lacv="410"/>\n<m => xmlns:v="urn:v" v:name="KOR" lacv="410"/>\n<m': (
        "member has an unclear attribute @name",
        (Membership(name="ALL", members=(NZL,)), NOBODY),
    ),
    f'name="KOR" lacv="410"/>\n<m => xmlns:n="{EXTENSION}" n:name="KOR" name="NZL" lacv="410"/>\n<m': (
        "member has an unclear attribute @name",
        (Membership(name="ALL", members=(NZL,)), NOBODY),
    ),
    'name="KOR" lacv="410"/>\n<m => name="KOR"/>\n<m': (
        "member has no clear @lacv",
        (Membership(name="ALL", members=(NZL,)), NOBODY),
    ),
    'name="KOR" lacv="410"/>\n<m => lacv="410"/>\n<m': (
        "member has no clear @name",
        (Membership(name="ALL", members=(NZL,)), NOBODY),
    ),
    'obsolete="true"/>\n</membership> => obsolete="no"/>\n</membership>': (
        "member has no clear @obsolete",
        (Membership(name="ALL", members=(KOR,)), NOBODY),
    ),
    f"{MEMBER} => <member name='KOR' lacv='410'><but/></member>": (
        "member holds elements",
        (Membership(name="ALL", members=(NZL,)), NOBODY),
    ),
    f"{MEMBER} => {MEMBER}<members name='AUS' lacv='36'/>": (
        "something other than member stands where it should",
        (ALL, NOBODY),
    ),
    f"{MEMBER} => {MEMBER}<member xmlns='' name='AUS' lacv='36'/>": (
        "something other than member stands where it should",
        (ALL, NOBODY),
    ),
    '<membership name="ALL"> => <membership name="ALL" from="2027">': (
        "membership has an unclear attribute @from",
        (NOBODY,),
    ),
    "</membership>\n<m:m => but not KOR</membership>\n<m:m": ("membership holds text", (NOBODY,)),
    f"{MEMBER} => <member name='KOR' lacv='410'>never</member>": (
        "member holds text",
        (Membership(name="ALL", members=(NZL,)), NOBODY),
    ),
    f'<memberships xmlns="{EXTENSION}"> => <memberships xmlns="{EXTENSION}" notAfter="2020-01-01">': (
        "memberships has an unclear attribute @notAfter",
        (),
    ),
    '<membership name="ALL"> => <membership>': ("membership has no clear @name", (NOBODY,)),
    'm:name="NOBODY" => m:name="ALL"': ("membership has the @name of another and says something else", ()),
    'name="ALL" => name="ALL "': ("membership has white space around its @name", (ALL, NOBODY)),
}


class TestUnclear:
    @pytest.mark.parametrize("change", UNCLEAR)
    def test_what_is_not_clear_contributes_nobody(self, change: str) -> None:
        """
        A strict reader refuses it; a lenient one leaves out just the group or member, and says so.
        """
        reason, left = UNCLEAR[change]
        with pytest.raises(MalformedError) as caught:
            spif.read(edited(change))
        assert reason in [fault.partition(": ")[2] for fault in caught.value.faults]
        policy = spif.read(edited(change), lenient=True)
        assert reason in [fault.partition(": ")[2] for fault in policy.faults]
        assert policy.memberships == left

    def test_case_makes_no_difference_where_the_policy_says_so(self) -> None:
        """
        In a policy that compares without case, "kor" and "KOR" are one member; elsewhere two.
        """
        change = f"{MEMBER} => {MEMBER}<member name='kor' lacv='411'/>"
        assert [len(group.members) for group in memberships(change)] == [3, 0]
        nato = memberships(change, "2.25.1.1 => 1.3.26.1.3.1", lenient=True)
        assert nato[0].members == (NZL,)

    def test_fault_has_its_line(self) -> None:
        """
        Whoever mends the file is told where.
        """
        line = line_of('<member name="NZL"')
        with pytest.raises(MalformedError) as caught:
            spif.read(edited('obsolete="true"/>\n</membership> => obsolete="no"/>\n</membership>'))
        assert caught.value.faults == (f"line {line}: member has no clear @obsolete",)

    @pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
    def test_counts_have_limits(self, lenient: bool) -> None:
        """
        More groups or members than anybody has are refused.
        """
        groups = "".join(f'<membership name="g{n}"/>' for n in range(MEMBERSHIPS_MAX - 1))
        with pytest.raises(MalformedError, match="257 memberships, expected at most 256"):
            memberships(f"<membership name => {groups}<membership name", lenient=lenient)
        members = "".join(f'<member name="m{n}" lacv="{n}"/>' for n in range(CHILDREN_MAX - 2))
        assert len(memberships(f"{MEMBER} => {MEMBER}{members}", lenient=lenient)[0].members) == CHILDREN_MAX
        with pytest.raises(MalformedError, match="more than 1024 elements where member stands"):
            memberships(f"{MEMBER} => {MEMBER}{MEMBER}{members}", lenient=lenient)
