# SPDX-License-Identifier: Apache-2.0

import hashlib

from legation.formats.shipped import shipped, shipped_bytes
from tests.cli.ends import as_json, done, refused
from tests.cli.toy import TOY
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
        What is no shipped policy is a path.
        """
        desk.write("toy.xml", TOY)
        found = as_json(desk, "policy", "show", "toy.xml")
        assert found == {
            "name": "TOY",
            "id": "2.25.7007",
            "version": 1,
            "digest": hashlib.sha256(TOY).hexdigest(),
            "classifications": [
                {"name": "LOW", "hierarchy": 1, "obsolete": False},
                {"name": "HIGH", "hierarchy": 2, "obsolete": False},
            ],
            "lists": [],
        }

    def test_refuses_what_is_neither(self, desk: Desk) -> None:
        """
        A name that is no shipped policy and no file is not found; a file that is no policy is refused.
        """
        refused(desk, 2, "policy", "show", "exercise")
        refused(desk, 2, "policy", "show", "report.md")
        refused(desk, 2, "policy", "show", "AUS.xml")


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
