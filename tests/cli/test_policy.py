# SPDX-License-Identifier: Apache-2.0

import hashlib

import pytest

from legation.formats.shipped import shipped, shipped_bytes
from tests.cli import offices as node
from tests.cli.ends import as_json, done, refused
from tests.cli.offices import ONE, TWO
from tests.cli.toy import REPORT, TOY
from tests.cli.toy import clearance as toy_clearance
from tests.node.peers.test_accepting import SECOND_VERSION
from tests.stories.cast import Desk


class TestShow:
    def test_prints_a_shipped_policy(self, desk: Desk) -> None:
        """
        Levels in their order, and each list with its values in the order of the policy.
        """
        lines = done(desk, "policy", "show", "EXERCISE").out.splitlines()
        assert lines[0] == "EXERCISE version 1"
        assert lines[2].split() == ["digest", shipped("exercise-1").digest.hex()]
        assert lines[3].split(maxsplit=1) == ["levels", "OPEN < LIMITED < CONFIDENTIAL < SECRET"]
        assert "  Caveats (restrictive): HERON, LANTERN, MAPLE" in lines
        assert any(line.startswith("  Releasable To (permissive): KOR, JPN, AUS, NATO, ") for line in lines)

    def test_prints_a_policy_in_a_file(self, desk: Desk) -> None:
        """
        What is no shipped policy is a path; programs are given all that the file says.
        """
        desk.write("toy.xml", TOY)
        found = as_json(desk, "policy", "show", "toy.xml")
        said = {key: found[key] for key in ("name", "id", "version", "digest", "lists", "tag_sets")}
        assert said == {
            "name": "TOY",
            "id": "2.25.7007",
            "version": 1,
            "digest": hashlib.sha256(TOY).hexdigest(),
            "lists": [],
            "tag_sets": [],
        }
        levels = [(each["name"], each["hierarchy"], each["obsolete"]) for each in found["classifications"]]
        assert levels == [("LOW", 1, False), ("HIGH", 2, False)]
        assert found["origin"]["originator"] == "CN=TOY"

    def test_prints_each_mechanism(self, desk: Desk) -> None:
        """
        Communities, equivalents, limits, dates, phrases, typed values and marks for people are all there.
        """
        lines = done(desk, "policy", "show", "exercise-2").out.splitlines()
        for line in (
            "  levels      OPEN < LIMITED < CONFIDENTIAL < SECRET < CLOSED",
            "  in force    always",
            "    obsolete: new labels do not have it",
            "    in EXERCISE-KOR written as number 4; there needs all of Copies number 1",
            "    pageTopBottom: `SECRET`, fr `SECRET`, de `GEHEIM`, ko `비밀`",
            "    at least 0, at most 2 of SHERPA, ADVANCE, GUARD",
            "    each: not with OPEN",
            "    HEAD: not with Releasable To",
            "    PERSONAL: needs exactly one of Retention",
            "    SUMMIT: in force from 2026-11-01T00:00:00+00:00 until 2027-12-31T23:59:59+00:00",
            "    GUARD: needs all of Handling STAFF, Handling PROTOCOL",
            "    BAG ONLY: only with SECRET",
            "    NO COMMENT: not with Handling PRESS",
            "    Own: in EXERCISE-KOR left out (encrypt)",
            "    Date of Embargo (informative): date YYYY-MM-DD",
            "    PARTNERS: KOR, JPN, AUS, NZL, UKR; no more: FIN, SWE",
            "    STAFF IN CONFIDENCE, obsolete",
            f"    EXERCISE-KOR {shipped('exercise-kor-1').id}; there needs all of Origin number 2",
        ):
            assert line in lines

    def test_prints_the_file_itself(self, desk: Desk) -> None:
        """
        A shipped policy can be had as a file, to accept it or to begin one's own with.
        """
        printed = done(desk, "policy", "show", "exercise-kor-1", "--spif").out
        assert printed.encode() == shipped_bytes("exercise-kor-1")
        found = as_json(desk, "policy", "show", "exercise-kor-1", "--spif")
        assert found == {"file": "exercise-kor-1.xml", "spif": printed}
        refused(desk, 2, "policy", "show", "exercise-3", "--spif")

    def test_prints_a_policy_that_has_to_be_forgiven(self, desk: Desk) -> None:
        """
        A file with faults that change no decision is shown, with the faults.
        """
        desk.write("odd.xml", shipped_bytes("tlp-2.0").replace(b"#ffc000", b"#FFC000"))
        lines = done(desk, "policy", "show", "odd.xml").out.splitlines()
        assert lines[-2] == "  forgiven:"
        assert "color" in lines[-1]
        assert len(as_json(desk, "policy", "show", "odd.xml")["faults"]) == 1

    def test_refuses_what_is_neither(self, desk: Desk) -> None:
        """
        A name that is no shipped policy and no file is not found; a file that is no policy is refused.
        """
        refused(desk, 2, "policy", "show", "exercise")
        refused(desk, 2, "policy", "show", "report.md")
        refused(desk, 2, "policy", "show", "AUS.xml")


class TestDiff:
    def test_says_what_changes_for_whom(self, desk: Desk) -> None:
        """
        Each line is flagged; what widens stands first.
        """
        lines = done(desk, "policy", "diff", "exercise-1", "exercise-2").out.splitlines()
        assert lines[0] == "EXERCISE version 1 to version 2"
        flags = [line.split(":")[0] for line in lines[1:]]
        assert list(dict.fromkeys(flags)) == ["  widens", "  narrows", "  shows differently"]
        assert (
            "  widens: of AP4 on Releasable To: KOR, JPN, AUS, NZL; who holds only one of these gains what is for AP4"
        ) in lines
        assert "  narrows: obsolete: LANTERN of Caveats; new labels do not have it, old ones keep it" in lines

    def test_gives_the_same_in_json(self, desk: Desk) -> None:
        """
        A script receives each change as a code and names, and the sentence.
        """
        found = as_json(desk, "policy", "diff", "tlp-2.0", "tlp-2.0-2")
        assert (found["name"], found["old"]["version"], found["new"]["version"]) == ("TLP 2.0", 1, 2)
        assert found["new"]["digest"] == shipped("tlp-2.0-2").digest.hex()
        (change,) = found["changes"]
        assert (change["code"], change["effect"], change["tag"]) == ("list-added", "shows", "PAP")
        assert change["names"] == ["RED", "AMBER", "GREEN", "CLEAR", "WHITE"]
        assert change["says"].startswith("new, for people: PAP")

    def test_compares_files(self, desk: Desk) -> None:
        """
        A policy of one's own is compared from file to file, whatever has to be forgiven in it.
        """
        desk.write("toy.xml", TOY)
        mended = TOY.replace(b'version="1" creationDate', b'version="2" creationDate')
        desk.write("toy-2.xml", mended.replace(b'name="HIGH"', b'name="HIGH" color="green"'))
        said = done(desk, "policy", "diff", "toy.xml", "toy-2.xml").out
        assert said == (
            "TOY version 1 to version 2\n  shows differently: HIGH has the colour green, not none\n"
        )
        desk.write("toy-3.xml", mended)
        said = done(desk, "policy", "diff", "toy.xml", "toy-3.xml").out
        assert said == "TOY version 1 to version 2\n  nothing changes for anybody\n"

    def test_refuses_two_policies_with_1_and_what_is_none_with_2(self, desk: Desk) -> None:
        """
        Two policies have no difference; what is no policy is bad input.
        """
        assert "two policies" in refused(desk, 1, "policy", "diff", "exercise-1", "tlp-2.0")
        refused(desk, 2, "policy", "diff", "exercise-1", "report.md")
        refused(desk, 2, "policy", "diff", "nowhere", "exercise-1")
        refused(desk, 2, "policy", "diff", "exercise-1")


class TestCheck:
    def test_says_that_a_policy_has_no_fault(self, desk: Desk) -> None:
        """
        A file that is as it should be is told so.
        """
        desk.write("toy.xml", TOY)
        assert done(desk, "policy", "check", "toy.xml").out == "TOY version 1: no fault\n"
        assert as_json(desk, "policy", "check", "toy.xml") == {"name": "TOY", "version": 1, "faults": []}

    def test_names_every_fault_and_forgives_with_leave(self, desk: Desk) -> None:
        """
        Read strictly a faulty policy is refused; read leniently its faults are listed.
        """
        odd = shipped_bytes("tlp-2.0").replace(b"#ffc000", b"#FFC000")
        desk.write("odd.xml", odd)
        told = refused(desk, 2, "policy", "check", "odd.xml")
        lines = done(desk, "policy", "check", "odd.xml", "--lenient").out.splitlines()
        assert lines[0] == "TLP 2.0 version 1: forgiven"
        assert len(lines) > 1
        assert all(line.strip() in told for line in lines[1:])

    def test_refuses_what_cannot_be_forgiven(self, desk: Desk) -> None:
        """
        What is no policy is none, with or without leave.
        """
        for name in ("report.md", "AUS.xml", "kor.keys"):
            refused(desk, 2, "policy", "check", name)
            refused(desk, 2, "policy", "check", name, "--lenient")

    def test_a_policy_that_is_forgiven_is_not_used(self, desk: Desk) -> None:
        """
        Only a policy without a fault can be written under.
        """
        desk.write("odd.xml", shipped_bytes("tlp-2.0").replace(b"#ffc000", b"#FFC000"))
        refused(desk, 2, "format", "report.md", "--policy", "odd.xml")


@pytest.fixture
def kor(desk: Desk) -> Desk:
    """
    The desk with a node in it, and the files of a policy of one's own.
    """
    node.run(desk, "init", "KOR@NATO", "--dir", "kor")
    desk.write("toy.xml", TOY)
    desk.write("low.xml", toy_clearance("LOW"))
    desk.write("toy.md", REPORT)
    return desk


KOR, JPN = ("--dir", "kor"), ("--dir", "jpn")


class TestAdd:
    def test_is_in_force_with_the_second_person(self, kor: Desk) -> None:
        """
        The first proposes, the second says exactly the same; then reports are written under it.
        """
        refused_before = node.refused(kor, 2, "compose", "toy.md", *KOR)
        assert refused_before
        said = node.run(kor, "policy", "add", "toy.xml", *ONE, *KOR)
        assert said == "TOY version 1: proposed; a second person says the same with --by NAME\n"
        node.refused(kor, 2, "compose", "toy.md", *KOR)
        said = node.run(kor, "policy", "add", "toy.xml", *TWO, *KOR)
        assert said == "TOY version 1: in force; set apart before and readable now: 0\n"
        assert node.run(kor, "compose", "toy.md", *KOR)

    def test_gives_the_same_in_json(self, kor: Desk) -> None:
        """
        A script learns who stands for it.
        """
        found = node.document(kor, "policy", "add", "toy.xml", "--clearance", "low.xml", *ONE, *KOR)
        assert found["policy"]["in_force"] is False
        found = node.document(kor, "policy", "add", "toy.xml", "--clearance", "low.xml", *TWO, *KOR)
        assert found["opened"] == 0
        policy = found["policy"]
        assert (policy["name"], policy["version"], policy["id"]) == ("TOY", 1, "2.25.7007")
        assert (policy["proposed_by"], policy["accepted_by"]) == ("security officer", "administrator")

    def test_refuses_the_same_person_with_1(self, kor: Desk) -> None:
        """
        It takes a second one.
        """
        node.run(kor, "policy", "add", "toy.xml", *ONE, *KOR)
        told = node.refused(kor, 1, "policy", "add", "toy.xml", *ONE, *KOR)
        assert told.splitlines() == [
            "legation: `security officer` proposed this policy",
            "          it takes a second person: --by NAME",
        ]

    def test_refuses_what_is_no_new_version_with_1(self, kor: Desk) -> None:
        """
        The version that is accepted, a lower one, and other bytes of it.
        """
        kor.write("same.xml", shipped_bytes("exercise-1"))
        kor.write("other.xml", shipped_bytes("exercise-1").replace(b"HERON", b"STORK"))
        told = node.refused(kor, 1, "policy", "add", "same.xml", *ONE, *KOR)
        assert told == "legation: version 1 of EXERCISE is accepted already\n"
        told = node.refused(kor, 1, "policy", "add", "other.xml", *ONE, *KOR)
        assert told == "legation: another file is accepted as EXERCISE version 1\n"

    @pytest.mark.parametrize(
        "arguments",
        [
            ["report.md", *ONE],
            ["AUS.xml", *ONE],
            ["nowhere", *ONE],
            ["toy.xml"],
            ["toy.xml", "--by", ""],
            ["toy.xml", "--clearance", "AUS.xml", *ONE],
            ["toy.xml", "--clearance", "toy.xml", *ONE],
            ["toy.xml", "--received", "report.md", *ONE],
        ],
        ids=" ".join,
    )
    def test_refuses_bad_input_with_2(self, kor: Desk, arguments: list[str]) -> None:
        """
        What is no policy, no name, or a clearance under another policy.
        """
        node.refused(kor, 2, "policy", "add", *arguments, *KOR)


class TestList:
    def test_says_of_each_who_stands_for_it(self, kor: Desk) -> None:
        """
        What is in force, and what waits for a second person.
        """
        node.run(kor, "policy", "add", "toy.xml", *ONE, *KOR)
        lines = node.run(kor, "policy", "list", *KOR).splitlines()
        assert [" ".join(line.split()) for line in lines] == [
            "policy identifier",
            "EXERCISE version 1 2.25.1308510592560433348956379517576619867.1 in force, by init and shipped",
            *[" ".join(line.split()) for line in lines if line.startswith("TLP")],
            "TOY version 1 2.25.7007 proposed by security officer, NOT ACCEPTED",
        ]

    def test_gives_the_same_in_json(self, kor: Desk) -> None:
        """
        A script receives the digests.
        """
        found = node.document(kor, "policy", "list", *KOR)["policies"]
        assert {each["name"] for each in found} == {"EXERCISE", "TLP 2.0"}
        assert shipped("exercise-1").digest.hex() in {each["digest"] for each in found}


class TestOffer:
    def test_an_offer_is_listed_looked_at_and_accepted(self, offices: Desk) -> None:
        """
        By command alone, from one office to the other; the file that is written is the one that was offered.
        """
        offices.write("two.xml", SECOND_VERSION)
        for person in (ONE, TWO):
            node.run(offices, "policy", "add", "two.xml", *person, *KOR)
        said = node.run(offices, "policy", "offer", "JPN@NATO", "EXERCISE", *ONE, *KOR)
        assert said == "EXERCISE version 2 is offered to JPN@NATO: entry 1 of our stream\n"
        node.run(offices, "pull", *JPN)
        digest = hashlib.sha256(SECOND_VERSION).hexdigest()
        told = node.run(offices, "policy", "list", *JPN).splitlines()
        start = told.index(
            "offered by KOR@NATO: EXERCISE version 2, NOT ACCEPTED: nothing is decided with it"
        )
        assert told[start + 1].startswith("  2.25.1308510592560433348956379517576619867.1, digest " + digest)
        assert told[start + 2] == f"  to look at it: legation policy offered {digest[:16]} -o FILE"
        said = node.run(offices, "policy", "offered", digest[:16], "-o", "theirs.xml", *JPN)
        assert said.splitlines()[0] == "theirs.xml: EXERCISE version 2, offered by KOR@NATO"
        assert (offices.folder / "theirs.xml").read_bytes() == SECOND_VERSION
        for person in (ONE, TWO):
            node.run(offices, "policy", "add", "theirs.xml", *person, *JPN)
        assert "offered by KOR@NATO: EXERCISE version 2, in force" in node.run(
            offices, "policy", "list", *JPN
        )

    def test_gives_the_same_in_json(self, offices: Desk) -> None:
        """
        A script learns who offered which file.
        """
        made = node.document(offices, "policy", "offer", "JPN@NATO", "EXERCISE", *ONE, *KOR)
        assert (made["office"], made["version"], made["number"]) == ("JPN@NATO", 1, 1)
        node.run(offices, "pull", *JPN)
        [found] = node.document(offices, "policy", "list", *JPN)["offers"]
        assert (found["office"], found["digest"], found["state"]) == ("KOR@NATO", made["digest"], "in force")
        written = node.document(offices, "policy", "offered", made["digest"], "-o", "a.xml", *JPN)
        assert (written["offer"]["name"], written["file"]) == ("EXERCISE", "a.xml")

    def test_refuses_to_write_over_a_file(self, offices: Desk) -> None:
        """
        What is there may be the policy that is in force.
        """
        made = node.document(offices, "policy", "offer", "JPN@NATO", "EXERCISE", *ONE, *KOR)
        node.run(offices, "pull", *JPN)
        offices.write("there.xml", b"mine")
        assert node.refused(offices, 2, "policy", "offered", made["digest"], "-o", "there.xml", *JPN)
        assert (offices.folder / "there.xml").read_bytes() == b"mine"

    def test_refuses_what_cannot_be_offered(self, offices: Desk) -> None:
        """
        Twice, to nobody, what is not in force, and a file that is no statement.
        """
        node.run(offices, "policy", "offer", "JPN@NATO", "EXERCISE", *ONE, *KOR)
        told = node.refused(offices, 1, "policy", "offer", "JPN@NATO", "EXERCISE", *ONE, *KOR)
        assert told == "legation: EXERCISE version 1 is offered to `JPN@NATO` already\n"
        for arguments in (
            ["AUS@NATO", "EXERCISE"],
            ["JPN@NATO", "TOY"],
            ["JPN@NATO", "EXERCISE", "--statement", "to-jpn.md"],
        ):
            assert node.refused(offices, 2, "policy", "offer", *arguments, *ONE, *KOR)
        assert node.refused(offices, 2, "policy", "offered", "00000000", "-o", "x.xml", *JPN)
