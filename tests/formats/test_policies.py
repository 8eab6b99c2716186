# SPDX-License-Identifier: Apache-2.0

import re
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise

import pytest
from lxml import etree

from legation.errors import MalformedError
from legation.formats import spif
from legation.formats.shipped import NAMES, shipped, shipped_bytes
from legation.labels import (
    Clearance,
    FaultCode,
    Label,
    ReasonCode,
    TagType,
    category,
    decide,
    gathered,
    lists_without,
    parse_mark,
    portion_mark,
    roll_up,
    validate,
)
from legation.labels.policy import CategoryReference, Operation, Requirement
from tests.formats.standards import standard
from tests.labels.exercise import EXERCISE, GRANTS, LEVELS, REPORT, SEEN, grant, own

P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE

# Frozen: labels name a policy by the digest of its file. A change is another file.
DIGESTS = {
    "exercise-1": "7d53db178938b9df9d49942c258ecbddf81bf59f17d3e1f8d138967c61f86c50",
    "tlp-2.0": "2aeab0e35a29f26329d84e86e52487b826407ade6530b868fe72744ad199e5ad",
}

PARTIES = [
    "KOR",
    "JPN",
    "AUS",
    "NATO",
    "NZL",
    "EU",
    "UKR",
    "ALB",
    "BEL",
    "BGR",
    "CAN",
    "CZE",
    "DEU",
    "DNK",
    "ESP",
    "EST",
    "FIN",
    "FRA",
    "GBR",
    "GRC",
    "HRV",
    "HUN",
    "ISL",
    "ITA",
    "LTU",
    "LUX",
    "LVA",
    "MKD",
    "MNE",
    "NLD",
    "NOR",
    "POL",
    "PRT",
    "ROU",
    "SVK",
    "SVN",
    "SWE",
    "TUR",
    "USA",
]

TLP = shipped("tlp-2.0")


class TestShipped:
    @pytest.mark.parametrize("name", NAMES)
    def test_bytes_are_frozen(self, name: str) -> None:
        """
        A shipped policy is, byte for byte, what labels already name.
        """
        assert sha256(shipped_bytes(name)).hexdigest() == DIGESTS[name]
        assert shipped(name).digest.hex() == DIGESTS[name]

    @pytest.mark.parametrize("name", NAMES)
    def test_policy_has_no_fault(self, name: str) -> None:
        """
        A shipped policy is read strictly, and a lenient reader forgives nothing either.
        """
        assert shipped(name) == spif.read(shipped_bytes(name), lenient=True)
        assert shipped(name).faults == ()

    @pytest.mark.parametrize("name", NAMES)
    def test_policy_is_valid_by_the_published_schema(self, name: str) -> None:
        """
        A shipped policy is a document of the schema that everybody has.
        """
        document = etree.fromstring(standard("xmlspif.xsd"))
        for imported in document.findall("{http://www.w3.org/2001/XMLSchema}import"):
            document.remove(imported)
        etree.XMLSchema(document).assertValid(etree.fromstring(shipped_bytes(name)))

    def test_names_are_those_of_the_files(self) -> None:
        """
        No policy lies in the package that nobody can name.
        """
        folder = files("legation.formats") / "policies"
        found = {file.name for file in folder.iterdir() if not file.name.startswith("__")}
        assert found == {f"{name}.xml" for name in NAMES}

    @pytest.mark.parametrize("name", ["", "exercise-2", "../formats/spif", "EXERCISE", "exercise-1.xml"])
    def test_other_names_are_refused(self, name: str) -> None:
        """
        Only a listed name leads to a file, and who misses is told the list.
        """
        with pytest.raises(MalformedError) as caught:
            shipped_bytes(name)
        assert caught.value.hint == "there are exercise-1, tlp-2.0"

    def test_policies_are_under_one_arc_of_our_own(self) -> None:
        """
        No shipped policy uses a number that belongs to somebody.
        """
        for name in NAMES:
            policy = shipped(name)
            for id in (policy.id, *(tag_set.id for tag_set in policy.tag_sets)):
                assert re.fullmatch(r"2\.25\.1308510592560433348956379517576619867(\.[0-9]+)+", id)

    @pytest.mark.parametrize("name", NAMES)
    def test_lines_are_fit_to_read(self, name: str) -> None:
        """
        A shipped policy is a text for people: short lines, no tabs, no more lines than one reads.
        """
        lines = shipped_bytes(name).decode().splitlines()
        assert max(map(len, lines)) <= 110
        assert not any("\t" in line or line != line.rstrip() for line in lines)
        assert len(lines) < 800


def references(tag_set: str, lacv: str = "") -> Requirement:
    """
    That a permissive list must have a value.
    """
    group = CategoryReference(tag_set=tag_set, type=P, lacv=lacv)
    return Requirement(operation=Operation.ONE_OR_MORE, groups=(group,))


class TestExercise:
    """
    EXERCISE, version 1, rule by rule as the stories define it.
    """

    def test_classifications(self) -> None:
        """
        OPEN < LIMITED < CONFIDENTIAL < SECRET, of which all but OPEN need a context.
        """
        assert (EXERCISE.name, EXERCISE.version) == ("EXERCISE", 1)
        assert [(each.name, each.hierarchy) for each in EXERCISE.classifications] == [
            (name, index) for index, name in enumerate(LEVELS, 1)
        ]
        assert [each.required for each in EXERCISE.classifications] == [(), *[(references("Context"),)] * 3]
        assert len({each.color for each in EXERCISE.classifications}) == 4

    def test_lists(self) -> None:
        """
        One restrictive list, three permissive ones in the order of marks, and an informative one.
        """
        assert {
            key: [each.category.name for each in field.members.values()]
            for key, field in EXERCISE.fields.items()
        } == {
            ("Caveats", R): ["HERON", "LANTERN", "MAPLE"],
            ("Context", P): ["Own", "Releasable"],
            ("Releasable To", P): PARTIES,
            ("Only", P): PARTIES,
            ("Handling", N): ["STAFF", "PRESS", "PROTOCOL"],
        }
        assert list(EXERCISE.fields) == [
            ("Caveats", R),
            ("Context", P),
            ("Releasable To", P),
            ("Only", P),
            ("Handling", N),
        ]

    def test_parties_are_the_same_on_both_lists(self) -> None:
        """
        States by their numeric code, organisations above 1000, no communities, members of NATO in order.
        """
        to, only = (
            {each.category.name: each.category.lacv for each in EXERCISE.fields[key, P].members.values()}
            for key in ("Releasable To", "Only")
        )
        assert to == only
        assert {to[name] for name in ("KOR", "JPN", "AUS", "NZL")} == {"410", "392", "36", "554"}
        assert [name for name in to if int(to[name]) > 1000] == ["NATO", "EU"]
        assert all(one < other for one, other in pairwise(PARTIES[7:]))
        assert len(PARTIES[7:]) == 32

    @pytest.mark.parametrize("key", [("Caveats", R), ("Context", P), ("Releasable To", P), ("Only", P)])
    def test_open_has_no_list_that_decides(self, key: tuple[str, TagType]) -> None:
        """
        No value that decides may stand on what is open; a handling note may.
        """
        for member in EXERCISE.fields[key].members.values():
            assert member.category.excluded_classes == ("OPEN",)
        assert not any(
            each.category.excluded_classes for each in EXERCISE.fields["Handling", N].members.values()
        )

    def test_rules_of_values(self) -> None:
        """
        Lists need a context, Releasable needs a list, Only never stands without Releasable To.
        """
        rules = {
            key: {each.category.required for each in field.members.values()}
            for key, field in EXERCISE.fields.items()
        }
        context, to = references("Context"), references("Releasable To")
        assert rules == {
            ("Caveats", R): {()},
            ("Context", P): {(), (to,)},
            ("Releasable To", P): {(context,)},
            ("Only", P): {(context, to)},
            ("Handling", N): {()},
        }
        own_, releasable = EXERCISE.fields["Context", P].members.values()
        assert (own_.category.required, releasable.category.required) == ((), (to,))

    @pytest.mark.parametrize("level", LEVELS[1:])
    def test_no_list_is_nobody_outside(self, level: str) -> None:
        """
        From LIMITED up, a mark without a list is for own people only, whatever is granted.
        """
        label = parse_mark(EXERCISE, f"({level[0]})")
        assert decide(EXERCISE, label, own("KOR")).permitted
        assert not any(decide(EXERCISE, label, each).permitted for each in GRANTS.values())

    def test_label_without_a_context_is_not_valid(self) -> None:
        """
        A bare SECRET, which everybody cleared could read, is no label of this policy.
        """
        (fault,) = validate(EXERCISE, Label(policy="EXERCISE", classification="SECRET"))
        assert (fault.code, fault.tag, fault.values) == (
            FaultCode.CATEGORY_REQUIRED,
            "Context",
            ("Own", "Releasable"),
        )

    def test_lists_without_releasable_open_nothing(self) -> None:
        """
        A list beside a context that is not releasable lets nobody outside in.
        """
        parts = [category("Context", P, ["Own"]), category("Releasable To", P, ["KOR", "JPN"])]
        label = Label(policy="EXERCISE", classification="SECRET", categories=gathered(parts))
        assert not any(decide(EXERCISE, label, each).permitted for each in GRANTS.values())
        assert decide(EXERCISE, label, own("KOR")).permitted

    def test_own_and_releasable_parts_have_a_common_label(self) -> None:
        """
        A whole of a paragraph for own people and one for others has a label, and it is for own people.
        """
        parts = [parse_mark(EXERCISE, mark) for mark in ("(S)", "(C//REL KOR, JPN)", "(O)")]
        rolled = roll_up(EXERCISE, parts).label
        assert rolled is not None
        assert not any(decide(EXERCISE, rolled, each).permitted for each in GRANTS.values())
        assert decide(EXERCISE, rolled, own("KOR")).permitted

    def test_only_is_anded(self) -> None:
        """
        ONLY names some of the list; a party on one of them alone sees nothing.
        """
        label = parse_mark(EXERCISE, "(S//REL KOR, JPN//ONLY KOR, NATO)")
        seen = {party for party, each in GRANTS.items() if decide(EXERCISE, label, each).permitted}
        assert seen == {"KOR"}

    def test_organisation_is_not_its_members(self) -> None:
        """
        REL NATO means the organisation's node; a member sees nothing by it.
        """
        label = parse_mark(EXERCISE, "(L//REL NATO)")
        assert decide(EXERCISE, label, grant("NATO", "SECRET")).permitted
        assert not decide(EXERCISE, label, grant("BEL", "SECRET")).permitted

    def test_caveat_must_be_held(self) -> None:
        """
        A caveat shuts out who does not hold it, at home as well.
        """
        label = parse_mark(EXERCISE, "(S//HERON/MAPLE)")
        assert not decide(EXERCISE, label, own("KOR")).permitted
        holder = own("KOR")
        parts = gathered([*holder.categories, category("Caveats", R, ["HERON", "MAPLE", "LANTERN"])])
        held = Clearance(policy="EXERCISE", classifications=holder.classifications, categories=parts)
        assert decide(EXERCISE, label, held).permitted

    def test_handling_decides_nothing(self) -> None:
        """
        A handling note is for people.
        """
        for mark in ("(O//PRESS)", "(C//REL JPN//STAFF/PROTOCOL)"):
            assert decide(EXERCISE, parse_mark(EXERCISE, mark), GRANTS["JPN"]).permitted


class TestStoryA:
    @pytest.mark.parametrize("party", SEEN)
    def test_each_addressee_sees_its_parts(self, party: str) -> None:
        """
        KOR sees all, JPN up to par. 3, NATO pars 1-2 and the tearline, AUS par. 1.
        """
        seen = {
            part
            for part, mark in REPORT.items()
            if decide(EXERCISE, parse_mark(EXERCISE, mark), GRANTS[party]).permitted
        }
        assert seen == SEEN[party]

    def test_aus_is_refused_for_the_reasons_of_the_story(self) -> None:
        """
        Par. 2: granted, not on the list. Par. 3: list and level.
        """
        found = {
            part: [
                reason.code
                for reason in decide(EXERCISE, parse_mark(EXERCISE, REPORT[part]), GRANTS["AUS"]).reasons
            ]
            for part in ("par. 2", "par. 3")
        }
        assert found == {
            "par. 2": [ReasonCode.ONE_NOT_HELD],
            "par. 3": [ReasonCode.CLASSIFICATION_NOT_HELD, ReasonCode.ONE_NOT_HELD],
        }

    def test_what_japan_holds_in_brussels_tokyo_could_hold(self) -> None:
        """
        Lists name parties: who holds JPN is on the list, whichever of its offices it is.
        """
        label = parse_mark(EXERCISE, "(S//REL KOR, JPN)")
        assert decide(EXERCISE, label, own("JPN")).permitted


class TestOtherStories:
    @pytest.mark.parametrize(
        ("written", "printed"),
        [
            ("(C//REL NATO, KOR)", "(C//REL KOR, NATO)"),
            ("(C//REL NATO, KOR, JPN)", "(C//REL KOR, JPN, NATO)"),
            ("(C//REL JPN, KOR)", "(C//REL KOR, JPN)"),
            ("(L//REL NATO, KOR, JPN, AUS)", "(L//REL KOR, JPN, AUS, NATO)"),
            ("(L//REL KOR, NATO)", "(L//REL KOR, NATO)"),
            ("(L//REL JPN, KOR, AUS)", "(L//REL KOR, JPN, AUS)"),
            ("(S//REL NATO, JPN)", "(S//REL JPN, NATO)"),
        ],
    )
    def test_marks_print_in_the_order_of_the_policy(self, written: str, printed: str) -> None:
        """
        Whoever writes a list begins with itself; it prints in the one order.
        """
        assert portion_mark(EXERCISE, parse_mark(EXERCISE, written)) == printed

    def test_reader_cleared_to_limited_sees_the_interim_answer_only(self) -> None:
        """
        A reader of KOR cleared to L sees what is open, and not the final answer at C.
        """
        reader = own("KOR", "LIMITED")
        assert decide(EXERCISE, parse_mark(EXERCISE, "(O)"), reader).permitted
        final = decide(EXERCISE, parse_mark(EXERCISE, "(C//REL JPN, KOR)"), reader)
        assert [reason.code for reason in final.reasons] == [ReasonCode.CLASSIFICATION_NOT_HELD]

    @pytest.mark.parametrize(
        ("mark", "left_out"),
        [
            ("(S)", ()),
            ("(S//REL KOR, JPN)", ()),
            ("(S//REL JPN, NATO)", ("Releasable To",)),
            ("(S//REL KOR, JPN//ONLY JPN)", ("Only",)),
            ("(S//REL JPN//ONLY JPN)", ("Only", "Releasable To")),
        ],
    )
    def test_list_that_leaves_out_its_author_is_found(self, mark: str, left_out: tuple[str, ...]) -> None:
        """
        A REL or ONLY list without the author's own party is a slip, and it is known which list.
        """
        assert lists_without(EXERCISE, parse_mark(EXERCISE, mark), "KOR") == left_out


class TestTLP:
    def test_order_is_that_of_the_protocol(self) -> None:
        """
        CLEAR < GREEN < AMBER < AMBER+STRICT < RED, without lists.
        """
        names = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]
        assert (TLP.name, TLP.version, TLP.tag_sets) == ("TLP 2.0", 1, ())
        assert [(each.name, each.hierarchy) for each in TLP.classifications] == [
            (name, index) for index, name in enumerate(names, 1)
        ]

    def test_strictest_part_marks_the_whole(self) -> None:
        """
        A whole with one RED part is RED, and AMBER+STRICT counts above AMBER.
        """
        labels = [parse_mark(TLP, f"TLP:{name}") for name in ("GREEN", "AMBER+STRICT", "AMBER")]
        rolled = roll_up(TLP, labels).label
        assert rolled is not None
        assert rolled.classification == "AMBER+STRICT"

    def test_colours_are_those_of_the_protocol(self) -> None:
        """
        Both ambers have the one colour that the protocol gives them, in two spellings.
        """
        colors = {each.name: each.color for each in TLP.classifications}
        assert colors["AMBER"] != colors["AMBER+STRICT"]
        assert colors["AMBER"].lower() == colors["AMBER+STRICT"].lower()

    @pytest.mark.parametrize("typed", ["TLP:WHITE", "TLP: RED", "RED", "TLP:AMBER STRICT", "TLP:AMBER+"])
    def test_other_words_are_refused(self, typed: str) -> None:
        """
        Words of the older version, and other spellings, are no marks.
        """
        with pytest.raises(MalformedError):
            parse_mark(TLP, typed)
