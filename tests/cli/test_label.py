# SPDX-License-Identifier: Apache-2.0

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from legation.formats import clearances
from legation.formats.shipped import shipped_bytes
from legation.formats.stanag4774 import read_clearance, read_document, write_claim
from legation.formats.stanag4778 import read
from legation.node.labelling import policy_of
from tests.cli.ends import CANARY, as_json, done, refused
from tests.cli.toy import TOY
from tests.formats.carriers import catalog, document, jpeg, packet, pdf, png, stream, text_chunk
from tests.formats.standards import standard
from tests.formats.test_stanag4778_carriers import INSIDE, OF_DOCUMENT
from tests.stories.cast import Desk

ROOT = Path(__file__).parents[2]
EXERCISE = policy_of("EXERCISE")
CREATED = ("--created", "2026-11-01T09:00:00Z")
MARK = "(S//REL KOR, JPN)"


def written(desk: Desk, name: str, mark: str, *options: str) -> None:
    """
    Write a label of EXERCISE to a file.
    """
    done(desk, "label", "write", mark, "--policy", "EXERCISE", "-o", name, *CREATED, *options)


def judged(desk: Desk, code: int, *arguments: str) -> Any:
    """
    A command that prints its judgement and leaves with a code: the one JSON document.
    """
    before = desk.state()
    plain, with_json = desk.run(*arguments), desk.run(*arguments, "--json")
    assert (plain.code, plain.err) == (with_json.code, with_json.err) == (code, "")
    assert plain.out
    assert desk.state() == before
    return json.loads(with_json.out)


class TestWrite:
    def test_prints_the_label_of_a_typed_mark(self, desk: Desk) -> None:
        """
        What is printed is the label, and it is what its mark says.
        """
        arguments = ("label", "write", "(s//rel jpn,kor)", "--policy", "EXERCISE", *CREATED)
        printed = done(desk, *arguments, "--originator", "rfc822Name=desk@example.test").out
        found = read_document(printed.encode())
        assert found.label.classification == "SECRET"
        assert found.originator is not None
        assert found.originator.value == "desk@example.test"
        assert found.faults == ()
        assert as_json(desk, *arguments)["label"].startswith("<?xml ")

    def test_writes_a_file(self, desk: Desk) -> None:
        """
        The file holds what would have been printed.
        """
        written(desk, "a.xml", MARK)
        arguments = ("label", "write", MARK, "--policy", "EXERCISE", *CREATED)
        assert desk.read("a.xml").decode() == done(desk, *arguments).out
        said = as_json(desk, *arguments, "--out", "b.xml")
        assert said == {"label": "b.xml", "size_bytes": len(desk.read("a.xml"))}

    def test_writes_roles_dates_and_successors(self, desk: Desk) -> None:
        """
        What a label says beside its mark is given by options.
        """
        later = ("--successor", "(O)", "--succession", "2030-01-01T00:00:00Z")
        written(desk, "a.xml", MARK, "--role", "alternative", "--review", "2028-01-01T00:00:00+09:00", *later)
        found = read_document(desk.read("a.xml"))
        assert found.role == "alternative"
        assert found.label.succession is not None
        assert found.label.succession.label.classification == "OPEN"
        assert str(found.review_at) == "2027-12-31 15:00:00+00:00"

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ([CANARY, "--policy", "EXERCISE"], "not a mark"),
            (["(O//REL KOR)", "--policy", "EXERCISE"], "mark"),
            ([MARK, "--policy", "NOWHERE"], "NOWHERE"),
            ([MARK], "--policy"),
            ([MARK, "--policy", "EXERCISE", "--role", "legacy"], "--role"),
            ([MARK, "--policy", "EXERCISE", "--originator", CANARY], "TYPE=NAME"),
            ([MARK, "--policy", "EXERCISE", "--originator", f"mail={CANARY}"], "TYPE=NAME"),
            ([MARK, "--policy", "EXERCISE", "--created", "2026-11-01"], "time zone"),
            ([MARK, "--policy", "EXERCISE", "--created", "2026-11-01T09:00:00"], "time zone"),
            ([MARK, "--policy", "EXERCISE", "--successor", "(O)"], "successor"),
            ([MARK, "--policy", "EXERCISE", "--succession", "2030-01-01T00:00:00Z"], "successor"),
        ],
        ids=str,
    )
    def test_refuses_what_is_no_label_with_2(self, desk: Desk, arguments: list[str], told: str) -> None:
        """
        A mark of no policy, an instant without a zone, half a succession; what was typed is not repeated.
        """
        assert told in refused(desk, 2, "label", "write", *arguments)

    def test_refuses_what_no_new_label_has_with_2(self, desk: Desk) -> None:
        """
        An obsolete level is read in old labels and not written in new ones, nor as a successor.
        """
        desk.write("toy.xml", TOY.replace(b'hierarchy="2"', b'hierarchy="2" obsolete="true"'))
        done(desk, "label", "write", "(LOW)", "--policy", "toy.xml")
        assert "obsolete" in refused(desk, 2, "label", "write", "(HIGH)", "--policy", "toy.xml")
        later = ("--successor", "(HIGH)", "--succession", "2030-01-01T00:00:00Z")
        refused(desk, 2, "label", "write", "(LOW)", "--policy", "toy.xml", *later)

    def test_a_policy_that_would_have_to_be_forgiven_is_not_written_under(self, desk: Desk) -> None:
        """
        What is written stands on a policy without a fault.
        """
        desk.write("odd.xml", shipped_bytes("tlp-2.0").replace(b"#ffc000", b"#FFC000"))
        refused(desk, 2, "label", "write", "(TLP:AMBER)", "--policy", "odd.xml")


class TestRead:
    def test_says_what_a_label_is(self, desk: Desk) -> None:
        """
        Its marking under a policy at hand, its lists, its dates.
        """
        written(desk, "a.xml", MARK, "--originator", "rfc822Name=desk@example.test")
        lines = done(desk, "label", "read", "a.xml").out.splitlines()
        assert lines[:3] == [
            "a.xml: a label",
            "  originator: SECRET REL KOR, JPN (S//REL KOR, JPN)",
            "    Context (permissive): Own, Releasable",
        ]
        assert "    originator: rfc822Name desk@example.test" in lines
        (found,) = as_json(desk, "label", "read", "a.xml")["labels"]
        assert (found["valid"], found["policy_version"], found["mark"]) == (True, EXERCISE.version, MARK)
        assert found["created"] == "2026-11-01T09:00:00+00:00"

    def test_says_which_of_two_labels_counts_now(self, desk: Desk) -> None:
        """
        A label that is to change tells when, into what, and what counts at present.
        """
        past = ("--successor", "(O)", "--succession", "2026-11-01T09:00:01Z")
        written(desk, "a.xml", MARK, *past)
        lines = done(desk, "label", "read", "a.xml").out.splitlines()
        assert "    becomes another: 2026-11-01T09:00:01+00:00" in lines
        assert "    counts now: OPEN" in lines
        assert "    successor: OPEN (O)" in lines

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("a.pdf", pdf(catalog(3), stream(3, packet(INSIDE)))),
            ("a.jpg", jpeg(packet(INSIDE))),
            ("a.png", png(text_chunk(packet(INSIDE), packed=True))),
            ("a.docx", document(item1=OF_DOCUMENT)),
        ],
        ids=["pdf", "jpg", "png", "docx"],
    )
    def test_finds_the_label_in_a_file(self, desk: Desk, name: str, data: bytes) -> None:
        """
        A label under a policy that is not at hand is said, and that nothing judges it.
        """
        desk.write(name, data)
        said = done(desk, "label", "read", name).out
        assert "originator: TRIAL SECRET" in said
        assert "the policy TRIAL is not at hand" in said
        found = as_json(desk, "label", "read", name)
        assert [(each["judged"], each["valid"]) for each in found["labels"]] == [(False, False)] * 2

    def test_finds_the_label_beside_a_file(self, desk: Desk) -> None:
        """
        What cannot carry a label, or does not, has it in its sidecar; what does is told by its own.
        """
        desk.write("a.pdf", pdf(catalog()))
        desk.write("b.pdf", pdf(catalog(3), stream(3, packet(INSIDE))))
        for name in ("report.md", "a.pdf", "b.pdf"):
            done(desk, "label", "bind", name, "--mark", MARK, "--policy", "EXERCISE")
            said = done(desk, "label", "read", name).out
            assert said.startswith("b.pdf: in the pdf" if name == "b.pdf" else f"{name}.bdo: a binding")

    def test_says_that_a_file_has_no_label(self, desk: Desk) -> None:
        """
        A picture without one is no error.
        """
        desk.write("a.png", png())
        assert done(desk, "label", "read", "a.png").out == "a.png: no label\n"
        assert as_json(desk, "label", "read", "a.png")["labels"] == []

    def test_says_what_does_not_conform(self, desk: Desk) -> None:
        """
        What was read all the same is listed, with its line.
        """
        written(desk, "a.xml", MARK)
        desk.write("b.xml", re.sub(rb" ReviewDateTime=\"[^\"]*\"", b"", desk.read("a.xml")))
        lines = done(desk, "label", "read", "b.xml").out.splitlines()
        assert lines[-2] == "  does not conform:"
        assert "lacks @ReviewDateTime" in lines[-1]

    def test_says_what_is_not_valid(self, desk: Desk) -> None:
        """
        A label that its policy does not have has no marking, and is told why.
        """
        written(desk, "a.xml", MARK)
        desk.write("b.xml", desk.read("a.xml").replace(b">Releasable<", b">Released<"))
        said = done(desk, "label", "read", "b.xml").out
        assert "  originator: EXERCISE SECRET\n    not valid: Released is no value of Context" in said

    def test_reads_under_a_published_policy(self, desk: Desk) -> None:
        """
        A policy that is not valid as it stands is read leniently, and what was forgiven is said.
        """
        desk.write("nato.xml", standard("NATO-v88.spif.xml"))
        written(desk, "a.xml", "(O)")
        name = (b"EXERCISE", b"NATO")
        text = re.sub(rb"urn:oid:[0-9.]+", b"urn:oid:1.3.26.1.3.1", desk.read("a.xml")).replace(*name)
        context = b'<slab:Category Type="PERMISSIVE" TagName="Context"><slab:GenericValue>NATO</slab:GenericValue></slab:Category>'
        text = text.replace(b">OPEN</slab:Classification>", b">secret</slab:Classification>" + context)
        desk.write("b.xml", text)
        found = as_json(desk, "label", "read", "b.xml", "--policy", "nato.xml")
        assert found["labels"][0]["banner"] == "NATO SECRET"
        assert found["forgiven"]

    @pytest.mark.parametrize("name", ["report.md", "kor.card", "own.xml", "nowhere"])
    def test_refuses_what_holds_no_label_with_2(self, desk: Desk, name: str) -> None:
        """
        A report, a card, a clearance and nothing are no labels.
        """
        refused(desk, 2, "label", "read", name)


def bound(desk: Desk, *options: str) -> None:
    """
    Bind a label to the report on the desk.
    """
    done(desk, "label", "bind", "report.md", "--mark", MARK, "--policy", "EXERCISE", *CREATED, *options)


class TestBind:
    def test_writes_the_sidecar(self, desk: Desk) -> None:
        """
        Beside the file lies its binding, with the label, its equivalents, and a digest.
        """
        bound(desk, "--alternative", "TLP 2.0", "(TLP:AMBER)")
        found = read(desk.read("report.md.bdo"))
        assert [each.label.policy for each in found.bindings[0].labels] == ["EXERCISE", "TLP 2.0"]
        assert found.bindings[0].data[0].content_type == "text/markdown"
        assert found.digests[0].algorithm == "sha384"

    def test_takes_no_place_unless_told(self, desk: Desk) -> None:
        """
        A sidecar that is there stays, save with --replace.
        """
        bound(desk)
        arguments = ("label", "bind", "report.md", "--mark", "(O)", "--policy", "EXERCISE")
        refused(desk, 2, *arguments)
        said = as_json(desk, *arguments, "--replace")
        assert said["sidecar"] == "report.md.bdo"
        assert b"OPEN" in desk.read("report.md.bdo")

    @pytest.mark.parametrize(
        "options",
        [
            ["--mark", CANARY, "--policy", "EXERCISE"],
            ["--mark", MARK, "--policy", "TLP 2.0"],
            ["--mark", MARK, "--policy", "EXERCISE", "--alternative", "TLP 2.0", CANARY],
            ["--policy", "EXERCISE"],
        ],
        ids=str,
    )
    def test_refuses_what_is_no_label_with_2(self, desk: Desk, options: list[str]) -> None:
        """
        Nothing is bound then.
        """
        refused(desk, 2, "label", "bind", "report.md", *options)


class TestCheck:
    def test_the_file_that_was_labelled_holds(self, desk: Desk) -> None:
        """
        Asked of the file or of its sidecar, the label is valid and the digest matches.
        """
        bound(desk)
        for name in ("report.md", "report.md.bdo"):
            found = judged(desk, 0, "label", "check", name)
            assert (found["valid"], found["digest"], found["proven"]) == (True, "matches", True)
        assert done(desk, "label", "check", "report.md").out.startswith("report.md: the digest matches")

    def test_another_file_leaves_with_3(self, desk: Desk) -> None:
        """
        One byte more and it is not the file that was labelled.
        """
        bound(desk)
        desk.write("report.md", desk.read("report.md") + b"\n")
        found = judged(desk, 3, "label", "check", "report.md")
        assert (found["valid"], found["digest"], found["proven"]) == (True, "differs", False)

    def test_a_renamed_file_leaves_with_3(self, desk: Desk) -> None:
        """
        A sidecar of another name is about another file.
        """
        bound(desk)
        desk.write("other.md", desk.read("report.md"))
        desk.write("other.md.bdo", desk.read("report.md.bdo"))
        found = judged(desk, 3, "label", "check", "other.md")
        assert (found["digest"], found["found"]["labels"]) == ("other-name", [])

    def test_a_sidecar_without_a_digest_is_said_to_prove_nothing(self, desk: Desk) -> None:
        """
        As other programs write it, it conforms, and nothing is proven.
        """
        bound(desk)
        desk.write(
            "report.md.bdo",
            re.sub(rb"<ds:Manifest>.*</ds:Manifest>", b"", desk.read("report.md.bdo"), flags=re.DOTALL),
        )
        found = judged(desk, 0, "label", "check", "report.md")
        assert (found["digest"], found["proven"]) == ("no-digest", False)
        assert "no digest: nothing proves" in done(desk, "label", "check", "report.md").out

    def test_a_label_that_is_not_valid_leaves_with_1(self, desk: Desk) -> None:
        """
        So does one whose policy is not at hand, and a file without any.
        """
        written(desk, "a.xml", MARK)
        assert judged(desk, 0, "label", "check", "a.xml")["digest"] == "none"
        desk.write("b.xml", desk.read("a.xml").replace(b">SECRET<", b">COSMIC<"))
        assert judged(desk, 1, "label", "check", "b.xml")["found"]["labels"][0]["words"]
        desk.write("c.pdf", pdf(catalog(3), stream(3, packet(INSIDE))))
        assert judged(desk, 1, "label", "check", "c.pdf")["valid"] is False
        desk.write("d.png", png())
        assert judged(desk, 1, "label", "check", "d.png")["found"]["labels"] == []

    def test_an_equivalent_that_is_not_valid_leaves_with_1(self, desk: Desk) -> None:
        """
        Each label under a policy at hand must be valid, and each successor when it begins.
        """
        bound(desk, "--alternative", "TLP 2.0", "(TLP:AMBER)")
        whole = desk.read("report.md.bdo")
        desk.write("report.md.bdo", whole.replace(b">AMBER<", b">PURPLE<"))
        assert judged(desk, 1, "label", "check", "report.md")["digest"] == "matches"
        # What nobody here can judge says nothing against the originator's.
        desk.write("report.md.bdo", whole.replace(b">TLP 2.0<", b">TLP 9<"))
        assert judged(desk, 0, "label", "check", "report.md")["valid"] is True
        written(desk, "a.xml", MARK, "--successor", "(O)", "--succession", "2030-01-01T00:00:00Z")
        judged(desk, 0, "label", "check", "a.xml")
        desk.write("a.xml", desk.read("a.xml").replace(b">OPEN<", b">PURPLE<"))
        judged(desk, 1, "label", "check", "a.xml")

    def test_a_file_that_carries_another_label_than_its_sidecar_leaves_with_1(self, desk: Desk) -> None:
        """
        Whoever reads only one of the two would go by another label.
        """
        desk.write("a.pdf", pdf(catalog(3), stream(3, packet(INSIDE))))
        done(desk, "label", "bind", "a.pdf", "--mark", MARK, "--policy", "EXERCISE")
        found = judged(desk, 1, "label", "check", "a.pdf")
        assert (found["valid"], found["other_inside"], found["digest"]) == (False, True, "matches")
        assert "CARRIES ANOTHER LABEL" in desk.run("label", "check", "a.pdf").out
        desk.write("a.pdf", pdf(catalog()))
        done(desk, "label", "bind", "a.pdf", "--mark", MARK, "--policy", "EXERCISE", "--replace")
        assert judged(desk, 0, "label", "check", "a.pdf")["other_inside"] is False

    def test_refuses_a_sidecar_without_its_file_with_2(self, desk: Desk) -> None:
        """
        What it is about must lie beside it; and a sidecar that is none is bad input.
        """
        bound(desk)
        desk.write("gone.md.bdo", desk.read("report.md.bdo"))
        refused(desk, 2, "label", "check", "gone.md.bdo")
        desk.write("report.md.bdo", CANARY)
        refused(desk, 2, "label", "check", "report.md")


def decided(desk: Desk, code: int, label: str, clearance: str, *options: str) -> Any:
    """
    A decision under EXERCISE on files of the desk.
    """
    return judged(
        desk,
        code,
        "label",
        "decide",
        "--policy",
        "EXERCISE",
        "--label",
        label,
        "--clearance",
        clearance,
        *options,
    )


class TestDecide:
    def test_permits_whoever_is_on_the_list(self, desk: Desk) -> None:
        """
        The level and the list are held, and the reasons say so.
        """
        written(desk, "a.xml", MARK)
        found = decided(desk, 0, "a.xml", "JPN.xml")
        assert (found["permitted"], found["why"], found["faults"]) == (True, "granted", [])
        assert [each["code"] for each in found["reasons"]] == ["classification-held", "one-held", "one-held"]
        assert (found["policy"], found["policy_version"]) == ("EXERCISE", EXERCISE.version)

    def test_refuses_with_1_and_says_what_would_turn_it(self, desk: Desk) -> None:
        """
        Every reason is given as a code, with values, and in words; and the nearest changes.
        """
        written(desk, "a.xml", MARK)
        found = decided(desk, 1, "a.xml", "AUS.xml")
        assert (found["permitted"], found["why"]) == (False, "list and level")
        assert {each["code"]: each["wanted"] for each in found["reasons"]} == {
            "classification-not-held": ["SECRET"],
            "one-not-held": ["KOR", "JPN"],
        }
        assert all(each["words"] for each in found["reasons"])
        assert [each["act"] for each in found["explanation"]["of_label"]] == ["lower", "add"]
        assert [each["act"] for each in found["explanation"]["of_clearance"]] == ["grant", "grant"]
        assert found["change"] == "nearest change: lower to CONFIDENTIAL and add AUS to Releasable To"

    @pytest.mark.parametrize("form", ["toml", "claim"])
    def test_reads_a_clearance_in_every_form(self, desk: Desk, form: str) -> None:
        """
        XML, TOML and the claim of a token decide alike.
        """
        written(desk, "a.xml", MARK)
        for name, code in (("JPN", 0), ("AUS", 1)):
            held = read_clearance(desk.read(f"{name}.xml"))
            desk.write("held", clearances.write(held) if form == "toml" else write_claim(held))
            assert decided(desk, code, "a.xml", "held", "--at", "2026-11-02T00:00:00Z") == decided(
                desk, code, "a.xml", f"{name}.xml", "--at", "2026-11-02T00:00:00Z"
            )

    def test_a_clearance_holds_between_its_dates(self, desk: Desk) -> None:
        """
        The instant is given, or is now.
        """
        written(desk, "a.xml", MARK)
        held = clearances.write(read_clearance(desk.read("JPN.xml"))).replace(
            b"\n\n", b"\nnot_after = 2026-11-30T00:00:00Z\n\n", 1
        )
        desk.write("held.toml", held)
        decided(desk, 0, "a.xml", "held.toml", "--at", "2026-11-30T00:00:00Z")
        found = decided(desk, 1, "a.xml", "held.toml", "--at", "2026-11-30T00:00:01Z")
        assert [each["code"] for each in found["reasons"]] == ["clearance-not-in-force"]

    def test_a_successor_counts_from_its_date(self, desk: Desk) -> None:
        """
        The day before, the label decides; from its date on, what it has become.
        """
        written(desk, "a.xml", MARK, "--successor", "(O)", "--succession", "2030-01-01T00:00:00Z")
        decided(desk, 1, "a.xml", "AUS.xml", "--at", "2029-12-31T23:59:59Z")
        decided(desk, 0, "a.xml", "AUS.xml", "--at", "2030-01-01T00:00:00Z")

    def test_of_several_labels_the_one_of_the_policy_decides(self, desk: Desk) -> None:
        """
        A sidecar's equivalent decides under its policy; under a third there is no basis, and no access.
        """
        arguments = ("label", "bind", "report.md", "--mark", "(TLP:AMBER)", "--policy", "TLP 2.0")
        done(desk, *arguments, "--alternative", "EXERCISE", MARK, *CREATED)
        decided(desk, 0, "report.md.bdo", "JPN.xml")
        done(desk, *arguments, *CREATED, "--replace")
        found = decided(desk, 1, "report.md.bdo", "JPN.xml")
        assert [each["fault"]["code"] for each in found["reasons"]] == ["policy-differs"]
        assert found["explanation"] == {}

    def test_a_label_of_another_policy_is_refused_with_1(self, desk: Desk) -> None:
        """
        So is a clearance under another one, and a label that is not valid.
        """
        done(desk, "label", "write", "(TLP:RED)", "--policy", "TLP 2.0", "-o", "a.xml")
        decided(desk, 1, "a.xml", "JPN.xml")
        written(desk, "b.xml", MARK)
        desk.write("other.toml", 'policy = "TLP 2.0"\nclassifications = ["RED"]\n')
        found = decided(desk, 1, "b.xml", "other.toml")
        assert [each["code"] for each in found["reasons"]] == ["clearance-policy-differs"]
        desk.write("c.xml", desk.read("b.xml").replace(b">Releasable<", b">Released<"))
        assert {each["code"] for each in decided(desk, 1, "c.xml", "JPN.xml")["reasons"]} == {"label-invalid"}

    def test_decides_under_published_policies_and_lists_what_was_forgiven(self, desk: Desk) -> None:
        """
        A SPIF that is not valid as it stands is read leniently, and said; case is forgiven in NATO's.
        """
        desk.write("nato.xml", standard("NATO-v88.spif.xml"))
        head = '<s:Category Type="PERMISSIVE" TagName="{}"><s:GenericValue>{}</s:GenericValue></s:Category>'
        slab = "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"
        desk.write(
            "label.xml",
            f'<s:originatorConfidentialityLabel xmlns:s="{slab}"><s:ConfidentialityInformation>'
            "<s:PolicyIdentifier>NATO</s:PolicyIdentifier><s:Classification>secret</s:Classification>"
            + head.format("Context", "nato")
            + "</s:ConfidentialityInformation></s:originatorConfidentialityLabel>",
        )
        desk.write(
            "held.toml",
            'policy = "NATO"\nclassifications = ["SECRET"]\n[permissive]\nContext = ["NATO"]\n',
        )
        desk.write("less.toml", 'policy = "NATO"\nclassifications = ["TOP SECRET"]\n')
        arguments = ("label", "decide", "--policy", "nato.xml", "--label", "label.xml", "--clearance")
        found = judged(desk, 0, *arguments, "held.toml")
        assert any("white space" in fault for fault in found["faults"])
        assert any("CreationDateTime" in fault for fault in found["faults"])
        codes = {each["code"] for each in judged(desk, 1, *arguments, "less.toml")["reasons"]}
        assert codes == {"classification-not-held", "one-not-held"}

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--policy", "EXERCISE", "--label", "report.md", "--clearance", "JPN.xml"],
            ["--policy", "EXERCISE", "--label", "JPN.xml", "--clearance", "JPN.xml"],
            ["--policy", "EXERCISE", "--label", "a.xml", "--clearance", "a.xml"],
            ["--policy", "EXERCISE", "--label", "a.xml", "--clearance", "report.md"],
            ["--policy", "EXERCISE", "--label", "a.png", "--clearance", "JPN.xml"],
            ["--policy", "a.xml", "--label", "a.xml", "--clearance", "JPN.xml"],
            ["--policy", "NOWHERE", "--label", "a.xml", "--clearance", "JPN.xml"],
            ["--policy", "EXERCISE", "--label", "a.xml", "--clearance", "JPN.xml", "--at", "today"],
            ["--policy", "EXERCISE", "--label", "a.xml"],
        ],
        ids=" ".join,
    )
    def test_refuses_bad_input_with_2(self, desk: Desk, arguments: list[str]) -> None:
        """
        What is no policy, label, clearance or instant is told, and nothing is decided.
        """
        written(desk, "a.xml", MARK)
        desk.write("a.png", png())
        refused(desk, 2, "label", "decide", *arguments)


def page() -> str:
    """
    The page about labels.
    """
    return (ROOT / "docs" / "labels.md").read_text()


class TestPage:
    def test_the_commands_on_the_page_print_what_it_shows(self, desk: Desk) -> None:
        """
        Each command of docs/labels.md is run in turn, and prints the lines that stand below it.
        """
        example = page().split("```toml\n")[1].split("```")[0]
        desk.write("desk.toml", example)
        desk.write("report.pdf", pdf(catalog()))
        shown = 0
        for block in re.findall(r"```console\n(.*?)```", page(), re.DOTALL):
            for command, expected in re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", block, re.MULTILINE):
                shown += 1
                name, *arguments = shlex.split(command, comments=True)
                if name == "legation":
                    found = desk.run(*arguments)
                    lines = _unversioned(found.out + found.err)
                    assert [line for line in _unversioned(expected) if line not in lines] == [], command
                else:
                    assert (name, arguments[0]) == ("echo", ">>")
                    desk.write(arguments[1], desk.read(arguments[1]) + b"\n")
        assert shown >= 8

    def test_the_clearance_on_the_page_is_read(self) -> None:
        """
        What people are shown how to write can be read, and bounds what it grants.
        """
        example = page().split("```toml\n")[1].split("```")[0]
        found = clearances.read(example.encode())
        assert found.not_after is not None
        assert clearances.read(clearances.write(found)) == found


def _unversioned(text: str) -> list[str]:
    """
    The lines of a text without the versions of policies, which change more often than the page.
    """
    return re.sub("version [0-9]+", "version N", text).splitlines()
