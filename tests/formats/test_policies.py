# SPDX-License-Identifier: Apache-2.0

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise, product
from pathlib import Path

import pytest
from lxml import etree

from legation.errors import MalformedError, RefusedError
from legation.formats import spif
from legation.formats.shipped import AT_HAND, NAMES, shipped, shipped_bytes
from legation.labels import (
    Clearance,
    FaultCode,
    Label,
    Policy,
    ReasonCode,
    TagType,
    banner,
    category,
    decide,
    gathered,
    lists_without,
    marking,
    parse_mark,
    portion_mark,
    roll_up,
    translate,
    validate,
)
from legation.labels.chain import decide_in_chain, judged, statement_on
from legation.labels.membership import expand
from legation.labels.policy import Applied, CategoryReference, Operation, Requirement
from tests.formats.standards import standard
from tests.labels.exercise import EXERCISE, GRANTS, LEVELS, REPORT, SEEN, grant, own

P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE

# Frozen: labels name a policy by the digest of its file. A change is another file.
DIGESTS = {
    "exercise-1": "7d53db178938b9df9d49942c258ecbddf81bf59f17d3e1f8d138967c61f86c50",
    "exercise-2": "e8944c63906fcb18945801f5e6345c435501bcf9c206f05808d374808b0b472a",
    "exercise-kor-1": "87c5a4fac7769d8cd9e4d05ae404282131236789dce1a92e7ab4ca47aae8e756",
    "public-1": "9cc2a941177afd83871f1545c9c726bd13fd08f834be35bde64eacfac3ed5520",
    "tlp-2.0": "2aeab0e35a29f26329d84e86e52487b826407ade6530b868fe72744ad199e5ad",
    "tlp-2.0-2": "8d091081d83773196fcb26ef3512a540dced0af7b97f54388e264ebdc7cd7731",
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
TLP_2 = shipped("tlp-2.0-2")
EXERCISE_2 = shipped("exercise-2")
KOR_POLICY = shipped("exercise-kor-1")
PUBLIC = shipped("public-1")
NOW = datetime(2026, 12, 1, tzinfo=UTC)

# What schema processors know of the namespace of XML itself; the published schema names a file for it.
XML_NAMESPACE = b"""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
  <xs:attribute name="lang" type="xs:language"/>
</xs:schema>
"""


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
    def test_policy_is_valid_by_the_published_schema(self, name: str, tmp_path: Path) -> None:
        """
        A shipped policy is a document of the schema that everybody has.
        """
        document = etree.fromstring(standard("xmlspif.xsd"))
        (tmp_path / "xml.xsd").write_bytes(XML_NAMESPACE)
        for imported in document.findall("{http://www.w3.org/2001/XMLSchema}import"):
            imported.set("schemaLocation", str(tmp_path / "xml.xsd"))
        etree.XMLSchema(document).assertValid(etree.fromstring(shipped_bytes(name)))

    def test_names_are_those_of_the_files(self) -> None:
        """
        No policy lies in the package that nobody can name.
        """
        folder = files("legation.formats") / "policies"
        found = {file.name for file in folder.iterdir() if not file.name.startswith("__")}
        assert found == {f"{name}.xml" for name in NAMES}

    @pytest.mark.parametrize("name", ["", "exercise-3", "../formats/spif", "EXERCISE", "exercise-1.xml"])
    def test_other_names_are_refused(self, name: str) -> None:
        """
        Only a listed name leads to a file, and who misses is told the list.
        """
        with pytest.raises(MalformedError) as caught:
            shipped_bytes(name)
        assert caught.value.hint == f"there are {', '.join(NAMES)}"

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
        assert len(lines) < 1300

    @pytest.mark.parametrize("name", NAMES)
    def test_file_says_that_it_is_nobodys(self, name: str) -> None:
        """
        Each file tells whoever opens it whose it is, and that it will not change.
        """
        comment = " ".join(shipped_bytes(name).decode().split("<!--")[2].split("-->")[0].split())
        if name.startswith("tlp"):
            assert "written after the definitions that FIRST publishes" in comment.replace("W", "w")
        else:
            assert re.search(
                "no(r a)? value domain of any (other )?(state or organisation|organisation or state)", comment
            )
            assert "The bytes of this file never change." in comment

    def test_at_hand_are_first_versions_only(self) -> None:
        """
        What a new node begins with is what nodes began with before; the others are accepted by persons.
        """
        assert AT_HAND == ("exercise-1", "tlp-2.0")
        assert set(AT_HAND) < set(NAMES)

    @pytest.mark.parametrize("name", ["exercise-1", "exercise-2", "exercise-kor-1", "public-1"])
    def test_colours_can_be_read_on_white(self, name: str) -> None:
        """
        Each level's colour has the contrast that WCAG 2.2 wants of text, and is no other's.
        """
        colors = [each.color for each in shipped(name).classifications]
        assert min(map(contrast_on_white, colors)) >= 4.5
        assert len(set(colors)) == len(colors)

    def test_two_versions_of_one_policy_are_one_policy(self) -> None:
        """
        Files of one name have one identifier, other versions, and rise from one to the next.
        """
        for old, new in (("exercise-1", "exercise-2"), ("tlp-2.0", "tlp-2.0-2")):
            one, other = shipped(old), shipped(new)
            assert (one.id, one.name, one.version + 1) == (other.id, other.name, other.version)
            assert statement_on(other, after=one).previous == one.digest
        assert len({(shipped(name).id, shipped(name).version) for name in NAMES}) == len(NAMES)


def contrast_on_white(color: str) -> float:
    """
    The contrast of a colour against white, as WCAG 2.2 computes it (relative luminance).
    """
    parts = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


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

    def test_permissible_actions_decide_nothing(self) -> None:
        """
        PAP is said to people; whoever may see a piece may see it with any PAP.
        """
        reader = Clearance(policy_id=TLP_2.id, classifications=("GREEN",))
        for action in ("", " PAP:RED", " PAP:AMBER", " PAP:GREEN", " PAP:CLEAR"):
            assert decide(TLP_2, parse_mark(TLP_2, f"(TLP:GREEN{action})"), reader).permitted
            assert not decide(TLP_2, parse_mark(TLP_2, f"(TLP:AMBER{action})"), reader).permitted

    def test_whole_shows_every_permissible_action_strictest_first(self) -> None:
        """
        A whole of several pieces has a label, whatever their PAP, and the first that it shows counts.
        """
        labels = [parse_mark(TLP_2, f"(TLP:GREEN PAP:{name})") for name in ("CLEAR", "RED", "AMBER")]
        rolled = roll_up(TLP_2, labels).label
        assert rolled is not None
        assert portion_mark(TLP_2, rolled) == "(TLP:GREEN PAP:RED PAP:AMBER PAP:CLEAR)"

    def test_older_word_of_permissible_actions_is_read_and_not_written(self) -> None:
        """
        What CLEAR was called before is on no new label.
        """
        label = parse_mark(TLP_2, "(TLP:CLEAR PAP:WHITE)")
        assert validate(TLP_2, label) == ()
        assert [fault.code for fault in validate(TLP_2, label, new=True)] == [FaultCode.VALUE_OBSOLETE]

    def test_version_2_has_the_levels_of_version_1(self) -> None:
        """
        Nothing of TLP itself has changed.
        """
        assert TLP_2.classifications == TLP.classifications
        assert [tag_set.name for tag_set in TLP_2.tag_sets] == ["PAP"]


def labels_of_version_1() -> list[Label]:
    """
    Labels of EXERCISE, version 1, valid and not: levels, and on each list nothing, something or more.
    """
    lists = (
        [
            None,
            *(
                category("Caveats", R, names)
                for names in (["HERON"], ["LANTERN", "MAPLE"], ["HERON", "LANTERN", "MAPLE"])
            ),
        ],
        [
            None,
            *(category("Context", P, names) for names in (["Own"], ["Releasable"], ["Own", "Releasable"])),
        ],
        [
            None,
            *(
                category("Releasable To", P, names)
                for names in (["KOR"], ["JPN", "NATO"], ["AUS", "FIN", "KOR"])
            ),
        ],
        [None, *(category("Only", P, names) for names in (["KOR"], ["FIN", "JPN"]))],
        [None, *(category("Handling", N, names) for names in (["STAFF"], ["PRESS", "PROTOCOL"]))],
    )
    return [
        Label(policy="EXERCISE", classification=level, categories=gathered(filter(None, parts)))
        for level in LEVELS
        for parts in product(*lists)
    ]


class TestExercise2:
    """
    EXERCISE, version 2: all that version 1 was, and every mechanism that a SPIF has.
    """

    LABELS = labels_of_version_1()
    READERS = (
        own("KOR"),
        own("FIN", "LIMITED"),
        grant("JPN", "SECRET"),
        grant("FIN", "SECRET"),
        grant("NATO", "CONFIDENTIAL"),
    )

    def test_every_label_of_version_1_stands(self) -> None:
        """
        What was a label is one still, is the same one, and what was none is none still.
        """
        valid = [label for label in self.LABELS if not validate(EXERCISE, label)]
        assert 100 < len(valid) < len(self.LABELS)
        for label in self.LABELS:
            before, after = (validate(policy, label) for policy in (EXERCISE, EXERCISE_2))
            assert [(each.code, each.subject) for each in after] == [
                (each.code, each.subject) for each in before
            ]
        for label in valid:
            assert judged(EXERCISE, EXERCISE_2, label) == EXERCISE.normalize(label)

    def test_every_label_of_version_1_is_for_the_same_readers(self) -> None:
        """
        Nobody gains by version 2, alone or in the chain, and nobody loses either.
        """
        for label, reader in product(self.LABELS, self.READERS):
            before = decide(EXERCISE, label, reader)
            held = expand(EXERCISE_2, reader, at=NOW).clearance
            assert decide(EXERCISE_2, label, held, at=NOW).permitted == before.permitted
            assert (
                decide_in_chain([EXERCISE, EXERCISE_2], label, reader, at=NOW).permitted == before.permitted
            )

    def test_every_label_of_version_1_prints_the_same(self) -> None:
        """
        Portion marks and banners in English are letter for letter what they were, and are read back.
        """
        for label in self.LABELS:
            if not validate(EXERCISE, label):
                mark = portion_mark(EXERCISE, label)
                assert portion_mark(EXERCISE_2, label) == mark
                assert banner(EXERCISE_2, label) == banner(EXERCISE, label)
                assert parse_mark(EXERCISE_2, mark) == EXERCISE_2.normalize(label)

    @pytest.mark.parametrize("policy", [EXERCISE_2, KOR_POLICY, PUBLIC], ids=lambda policy: policy.name)
    def test_marks_in_the_comment_are_marks(self, policy: Policy) -> None:
        """
        The examples that the file gives are read, and print as they stand there.
        """
        name = {EXERCISE_2.id: "exercise-2", KOR_POLICY.id: "exercise-kor-1", PUBLIC.id: "public-1"}[
            policy.id
        ]
        marks = re.findall(r"^    (\([A-Z].*?\))  ", shipped_bytes(name).decode(), re.MULTILINE)
        assert len(marks) >= 2
        for mark in marks:
            assert portion_mark(policy, parse_mark(policy, mark)) == mark

    @pytest.mark.parametrize(
        ("label", "codes"),
        [
            ("(S//HEAD)", []),
            ("(S//HEAD//REL KOR)", [FaultCode.CATEGORY_EXCLUDED]),
            ("(S//PERSONAL)", [FaultCode.CATEGORY_REQUIRED]),
            ("(S//PERSONAL//KEEP 1 YEAR)", []),
            ("(S//PERSONAL//KEEP 1 YEAR, 5 YEARS)", [FaultCode.CATEGORY_REQUIRED]),
            ("(C//GUARD//STAFF/PROTOCOL)", []),
            ("(C//GUARD//STAFF)", [FaultCode.CATEGORY_REQUIRED]),
            ("(C//SHERPA/ADVANCE)", []),
            ("(C//SHERPA/ADVANCE/GUARD//STAFF/PROTOCOL)", [FaultCode.TOO_MANY]),
            ("(S//BAG ONLY)", []),
            ("(C//BAG ONLY)", [FaultCode.CLASS_REQUIRED]),
            ("(O//NO COMMENT)", []),
            ("(O//PRESS/NO COMMENT)", [FaultCode.CATEGORY_EXCLUDED]),
            ("(L//REL KOR//TALKS TRADE)", []),
            ("(L//REL KOR//TALKS TRADE, BORDER)", [FaultCode.TOO_MANY]),
            ("(L//SUMMIT)", []),
            ("(X)", []),
        ],
    )
    def test_each_rule_of_version_2(self, label: str, codes: list[FaultCode]) -> None:
        """
        Every mechanism has a label that it lets pass and one that it stops.
        """
        if codes:
            with pytest.raises(MalformedError, match=codes[0].value):
                parse_mark(EXERCISE_2, label)
        else:
            assert validate(EXERCISE_2, parse_mark(EXERCISE_2, label), at=NOW) == ()

    def test_summit_is_over_when_it_is_over(self) -> None:
        """
        A caveat with dates stands on no label outside them, nor where no date is given.
        """
        label = parse_mark(EXERCISE_2, "(L//SUMMIT)")
        late = datetime(2028, 1, 1, tzinfo=UTC)
        assert [fault.code for fault in validate(EXERCISE_2, label, at=late)] == [
            FaultCode.VALUE_NOT_IN_FORCE
        ]
        assert [fault.code for fault in validate(EXERCISE_2, label)] == [FaultCode.DATE_NEEDED]
        assert validate(EXERCISE_2, label, at=late - timedelta(seconds=1)) == ()

    @pytest.mark.parametrize(
        ("mark", "code"),
        [("(X)", FaultCode.CLASSIFICATION_OBSOLETE), ("(S//LANTERN)", FaultCode.VALUE_OBSOLETE)],
    )
    def test_obsolete_names_are_read_and_not_written(self, mark: str, code: FaultCode) -> None:
        """
        The old level and the old caveat are on no new label.
        """
        label = parse_mark(EXERCISE_2, mark)
        assert validate(EXERCISE_2, label) == ()
        assert [fault.code for fault in validate(EXERCISE_2, label, new=True)] == [code]

    @pytest.mark.parametrize(
        ("mark", "readers"),
        [
            ("(S//REL AP4)", {"KOR", "JPN"}),
            ("(S//REL ALLIES)", {"FIN"}),
            ("(S//REL PARTNERS)", {"KOR", "JPN"}),
            ("(S//REL ALLIES, JPN)", {"FIN", "JPN"}),
            ("(S//REL AP4, FIN//ONLY ALLIES)", {"FIN"}),
            ("(S//REL NATO)", {"NATO"}),
        ],
    )
    def test_community_is_its_members(self, mark: str, readers: set[str]) -> None:
        """
        A community on a list lets in who is of it today: FIN as an ally, as a partner no more.
        """
        label = parse_mark(EXERCISE_2, mark)
        found = {
            party
            for party in ("KOR", "JPN", "FIN", "NATO")
            if decide(
                EXERCISE_2, label, expand(EXERCISE_2, grant(party, "SECRET"), at=NOW).clearance
            ).permitted
        }
        assert found == readers

    def test_community_counts_in_a_file_that_is_read_twice(self) -> None:
        """
        Who is of a community follows from what the file says, not from which reading of it is asked.
        """
        for policy in (
            EXERCISE_2,
            spif.read(shipped_bytes("exercise-2")),
            spif.read(shipped_bytes("exercise-2")),
        ):
            found = expand(policy, grant("JPN", "SECRET"), at=NOW).counted
            assert [(each.tag, each.group) for each in found] == [
                ("Releasable To", "AP4"),
                ("Releasable To", "PARTNERS"),
                ("Only", "AP4"),
                ("Only", "PARTNERS"),
            ]

    def test_members_are_values_of_both_lists(self) -> None:
        """
        Whoever is named a member is on the lists, with that number.
        """
        for key in (("Releasable To", P), ("Only", P)):
            values = {
                each.category.name: each.category.lacv for each in EXERCISE_2.fields[key].members.values()
            }
            for group in EXERCISE_2.memberships:
                assert group.name in values
                assert {member.name: member.lacv for member in group.members}.items() <= values.items()

    @pytest.mark.parametrize(
        ("lang", "printed"),
        [
            ("en", "SECRET REL KOR, JPN ONLY KOR - STAFF"),
            ("fr", "SECRET DIFFUSABLE À KOR, JPN SEULEMENT KOR - STAFF"),
            ("de", "GEHEIM FREIGEGEBEN FÜR KOR, JPN NUR KOR - STAFF"),
            ("ko", "비밀 공유 KOR, JPN KOR 한정 - STAFF"),
            ("fi", "SECRET REL KOR, JPN ONLY KOR - STAFF"),
        ],
    )
    def test_banner_in_each_language(self, lang: str, printed: str) -> None:
        """
        A banner is put together in the reader's language, else in English.
        """
        label = parse_mark(EXERCISE_2, "(S//REL KOR, JPN//ONLY KOR//STAFF)")
        assert banner(EXERCISE_2, label, lang=lang) == printed

    @pytest.mark.parametrize(
        ("place", "lang", "printed"),
        [
            ("firstLineOfText", "en", "Classification: SECRET"),
            ("documentStart", "de", "Einstufung: GEHEIM"),
            ("subject", "en", "[S]"),
            ("waterMark", "fr", "SECRET - ne pas copier"),
            ("waterMark", "ko", "비밀 - 복사 금지"),
        ],
    )
    def test_each_place_has_its_phrase(self, place: str, lang: str, printed: str) -> None:
        """
        Subject, first line and water mark say what they are for.
        """
        assert marking(EXERCISE_2, parse_mark(EXERCISE_2, "(S)"), place=place, lang=lang) == printed

    def test_every_mechanism_is_there(self) -> None:
        """
        The policy is an example of all that a SPIF can say.
        """
        values = [each for tag_set in EXERCISE_2.tag_sets for tag in tag_set.tags for each in tag.categories]
        operations = {each.operation for value in values for each in value.required}
        assert operations == set(Operation)
        assert {each.user_input for each in values} == {"", "string", "date"}
        assert any(reference.lacv for value in values for reference in value.excluded)
        assert any(not reference.lacv for value in values for reference in value.excluded)
        assert {each.applied for value in values for each in value.equivalents} == set(Applied)
        assert any(each.discard for value in values for each in value.equivalents)
        assert [mark.obsolete for mark in EXERCISE_2.privacy_marks] == [False, False, True]
        assert any(each.obsolete for group in EXERCISE_2.memberships for each in group.members)
        assert {tag.type for tag_set in EXERCISE_2.tag_sets for tag in tag_set.tags} == set(TagType)


class TestTranslation:
    """
    EXERCISE and the fictional EXERCISE-KOR, there and back.
    """

    @pytest.mark.parametrize(
        ("mark", "there"),
        [
            ("(O)", "(G//EXERCISE)"),
            ("(L//REL KOR, AP4)", "(SI//SHARED KOR, AP4//EXERCISE)"),
            ("(C//REL KOR, JPN//ONLY KOR//STAFF)", "(SJ//SHARED KOR, JPN//OF THESE KOR//EXERCISE)"),
            ("(C//HERON/MAPLE//REL KOR//PROTOCOL)", "(SJ//WAEGARI/DANPUNG//SHARED KOR//EXERCISE//PROTOCOL)"),
            ("(S//REL KOR, JPN)", "(E//SHARED KOR, JPN//EXERCISE//NUMBERED)"),
        ],
    )
    def test_label_goes_to_the_other_policy(self, mark: str, there: str) -> None:
        """
        Level, lists and caveats become those of the other policy, which says where they came from.
        """
        found = translate(parse_mark(EXERCISE_2, mark), EXERCISE_2, KOR_POLICY, at=NOW)
        assert portion_mark(KOR_POLICY, found) == there
        assert validate(KOR_POLICY, found, at=NOW, new=True) == ()

    @pytest.mark.parametrize(
        ("mark", "back"),
        [
            ("(G//DOMESTIC)", "(O//TRANSLATED)"),
            ("(SI//HOME/SHARED KOR//DOMESTIC//PROTOCOL/AUDIENCE)", "(L//REL KOR//PROTOCOL/TRANSLATED)"),
            ("(SJ//HOME/SHARED JPN//DOMESTIC)", "(S//REL JPN//TRANSLATED)"),
            ("(E//WAEGARI//HOME//DOMESTIC)", "(S//HERON//BAG ONLY/TRANSLATED)"),
        ],
    )
    def test_label_comes_from_the_other_policy(self, mark: str, back: str) -> None:
        """
        With care becomes SECRET, and what is handled strictly comes by bag.
        """
        found = translate(parse_mark(KOR_POLICY, mark), KOR_POLICY, EXERCISE_2, at=NOW)
        assert portion_mark(EXERCISE_2, found) == back

    @pytest.mark.parametrize(
        "mark",
        [
            "(S)",
            "(X)",
            "(S//LANTERN//REL KOR)",
            "(S//HEAD)",
            "(S//REL KOR, USA)",
            "(S//REL PARTNERS)",
            "(S//REL KOR//BAG ONLY)",
        ],
    )
    def test_what_has_no_equivalent_stays(self, mark: str) -> None:
        """
        What is for own people, old, unmapped or for the bag alone goes nowhere.
        """
        with pytest.raises(RefusedError):
            translate(parse_mark(EXERCISE_2, mark), EXERCISE_2, KOR_POLICY, at=NOW)

    @pytest.mark.parametrize(
        "mark",
        [
            "(M//HOME//DOMESTIC)",
            "(SI//DANPUNG//HOME//DOMESTIC)",
            "(SI//EUNHAENG//HOME//DOMESTIC)",
            "(SI//SHARED USA//DOMESTIC)",
        ],
    )
    def test_what_has_no_equivalent_there_stays_there(self, mark: str) -> None:
        """
        What is sealed, in a circle without an equivalent, or shared with an unmapped party is not taken.
        """
        with pytest.raises(RefusedError):
            translate(parse_mark(KOR_POLICY, mark), KOR_POLICY, EXERCISE_2, at=NOW)

    def test_there_and_back_is_another_label(self) -> None:
        """
        CONFIDENTIAL comes back as SECRET: translation loses, and never widens.
        """
        label = parse_mark(EXERCISE_2, "(C//REL KOR, JPN)")
        there = translate(label, EXERCISE_2, KOR_POLICY, at=NOW)
        back = translate(there, KOR_POLICY, EXERCISE_2, at=NOW)
        assert (label.classification, back.classification) == ("CONFIDENTIAL", "SECRET")

    @pytest.mark.parametrize("policy", [EXERCISE_2, KOR_POLICY], ids=lambda policy: policy.name)
    def test_equivalents_lead_to_what_is_there(self, policy: Policy) -> None:
        """
        Every number that one policy names of the other is one of the other's.
        """
        other = KOR_POLICY if policy is EXERCISE_2 else EXERCISE_2
        lacvs = {each.lacv for each in other.classifications}
        assert {each.lacv for level in policy.classifications for each in level.equivalents} <= lacvs
        known = {
            (field.tag_set.id, field.type, member.category.lacv)
            for field in other.fields.values()
            for member in field.members.values()
        }
        for field in policy.fields.values():
            for member in field.members.values():
                named = {(each.tag_set_id, each.type, each.lacv) for each in member.category.equivalents}
                assert named <= known
        assert [each.id for each in policy.equivalents] == [other.id]

    def test_every_label_of_the_other_policy_says_its_origin(self) -> None:
        """
        A label that does not say where it comes from is none there.
        """
        label = Label(policy="EXERCISE-KOR", classification="GAEBANG")
        assert [fault.code for fault in validate(KOR_POLICY, label)] == [FaultCode.TOO_FEW]

    def test_other_policy_is_marked_in_its_language(self) -> None:
        """
        The name of the policy is shown, so that nobody takes the mark for a real one.
        """
        label = parse_mark(KOR_POLICY, "(E//WAEGARI//HOME/SHARED JPN//DOMESTIC)")
        assert banner(KOR_POLICY, label) == "EXERCISE-KOR EOMSU (STRICTLY) WAEGARI HOME/SHARED JPN - DOMESTIC"
        assert banner(KOR_POLICY, label, lang="ko") == "훈련-KOR 엄수 왜가리 국내/공유 일본 - 자체"


class TestPublic:
    def test_one_level_and_notes_for_people(self) -> None:
        """
        Whoever holds the one level sees everything; the rest decides nothing.
        """
        reader = Clearance(policy_id=PUBLIC.id, classifications=("PUBLISHED",))
        for mark in ("(P)", "(P//PRESS//CITE)", "(P//LAW/TREATY//COPY)"):
            assert decide(PUBLIC, parse_mark(PUBLIC, mark), reader).permitted
        assert {field.type for field in PUBLIC.fields.values()} == {N}

    def test_it_is_not_that_of_the_organisation(self) -> None:
        """
        A label of NATO's PUBLIC is not one of ours, by its identifier or by its words.
        """
        theirs = "1.3.6.1.4.1.31778.12.2.1"
        for level in ("UNMARKED", "PUBLISHED"):
            assert validate(PUBLIC, Label(classification=level, policy_id=theirs, policy="PUBLIC"))
        assert validate(PUBLIC, Label(classification="UNMARKED", policy="PUBLIC"))

    def test_banner_says_public(self) -> None:
        """
        What is public is marked so, in the reader's language.
        """
        label = parse_mark(PUBLIC, "(P//PRESS//CITE)")
        assert banner(PUBLIC, label) == "PUBLIC - PRESS - CITE"
        assert banner(PUBLIC, label, lang="fr") == "DOMAINE PUBLIC - PRESS - CITE"
