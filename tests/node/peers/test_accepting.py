# SPDX-License-Identifier: Apache-2.0

from typing import Any

import pytest

from legation.errors import LegationError, MalformedError, RefusedError
from legation.formats.shipped import shipped_bytes
from legation.item.draft import Draft, DraftPortion
from legation.item.draws import SecretDraws
from legation.item.portion import Kind, Text
from legation.item.signing import sign
from legation.item.view import inspect
from legation.labels import Label, Policy, parse_mark, reference_to
from legation.log import LogKind
from legation.node.peers.accepting import add_policy, read_policies
from legation.node.rules import read_policy
from legation.records import PolicyAddedRecord
from tests.cli.toy import TOY
from tests.cli.toy import clearance as toy_clearance
from tests.node.pair import FIRST, SECOND, Node, Village, unchanged
from tests.node.streams.test_pulling import apart, hands_over

KOR, JPN = "KOR@NATO", "JPN@NATO"
SECOND_VERSION = shipped_bytes("exercise-1").replace(b'version="1"\n', b'version="2"\n')
THIRD_VERSION = shipped_bytes("exercise-1").replace(b'version="1"\n', b'version="3"\n')


def adds(node: Node, spif: bytes, *, by: str = FIRST, **more: Any) -> PolicyAddedRecord:
    """Propose a policy, or accept it."""
    told: dict[str, Any] = {"own": None, "received": None} | more
    return add_policy(
        spif,
        by=by,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
        **told,
    )


def accepts(node: Node, spif: bytes, **more: Any) -> PolicyAddedRecord:
    """Accept a policy, as two persons."""
    adds(node, spif, **more)
    return adds(node, spif, by=SECOND, **more)


def item_under(node: Node, policy: Policy, label: Label, text: str) -> bytes:
    """A whole item under any policy, signed by a node."""
    draft = Draft(
        kind=Kind.REPORT,
        policies=(reference_to(policy),),
        portions=(DraftPortion(label=label, portion=Text(text=text)),),
    )
    draws = SecretDraws(bytes(32), bytes(32), draft.digest)
    return sign(draft, document=bytes(16), time=1_656_072_000, signer=node.home.signing.item, draws=draws)


def exercise_item(node: Node, spif: bytes, mark: str = "(S//REL KOR, JPN)", text: str = "Words.") -> bytes:
    """An item under a version of the fictional policy."""
    policy = read_policy(spif)
    return item_under(node, policy, parse_mark(policy, mark), text)


TOY_POLICY = read_policy(TOY)
LOW = Label(policy_id=TOY_POLICY.id, classification="LOW")
HIGH = Label(policy_id=TOY_POLICY.id, classification="HIGH")


class TestTwoPersons:
    def test_a_policy_that_was_proposed_decides_nothing(self, village: Village) -> None:
        """
        It is listed as proposed, no epoch begins, and nothing can be written under it.
        """
        kor = village.node(KOR)
        epoch = kor.rows("SELECT number FROM epoch")
        found = adds(kor, TOY)
        assert (found.policy.name, found.policy.version, found.policy.in_force) == ("TOY", 1, False)
        assert (found.policy.proposed_by, found.policy.accepted_by) == (FIRST, "")
        assert kor.rows("SELECT number FROM epoch") == epoch
        with pytest.raises(MalformedError):
            kor.writes_text("kind: report\npolicy: TOY\n\n(LOW) Words.\n")

    def test_a_second_person_accepts_it(self, village: Village) -> None:
        """
        From then on it is at hand, a new epoch begins, and the log says so.
        """
        kor = village.node(KOR)
        epoch = kor.rows("SELECT number FROM epoch")
        found = accepts(kor, TOY)
        assert (found.policy.proposed_by, found.policy.accepted_by) == (FIRST, SECOND)
        assert found.policy.in_force
        assert kor.rows("SELECT number FROM epoch") != epoch
        assert (kor.log()[-1].kind, kor.log()[-1].hash) == (LogKind.POLICY, TOY_POLICY.digest)
        kor.writes_text("kind: report\npolicy: TOY\n\n(LOW) Words.\n")
        listed = {each.name: each.in_force for each in read_policies(kor.database).policies}
        assert listed == {"EXERCISE": True, "TLP 2.0": True, "TOY": True}
        assert kor.faults() == ()

    @pytest.mark.parametrize("name", [FIRST, FIRST.upper()])
    def test_the_same_person_is_refused(self, village: Village, name: str) -> None:
        """
        It takes two.
        """
        kor = village.node(KOR)
        adds(kor, TOY)
        with unchanged(kor), pytest.raises(RefusedError, match="proposed this policy"):
            adds(kor, TOY, by=name)

    @pytest.mark.parametrize("name", ["", "a\nb", "x" * 257])
    def test_whoever_acts_has_a_name(self, village: Village, name: str) -> None:
        """
        What is written down as a name can be read as one.
        """
        kor = village.node(KOR)
        with unchanged(kor), pytest.raises(MalformedError, match="name"):
            adds(kor, TOY, by=name)

    @pytest.mark.parametrize("data", [b"", b"<SPIF/>", b"nonsense", b"\xff" * 1000])
    def test_what_is_no_policy_is_refused(self, village: Village, data: bytes) -> None:
        """
        A file with a fault is not kept.
        """
        kor = village.node(KOR)
        with unchanged(kor), pytest.raises(MalformedError):
            adds(kor, data)

    def test_both_say_the_same_clearances(self, village: Village) -> None:
        """
        What the mission is to see under it is part of what two persons accept; who proposed may correct it.
        """
        kor = village.node(KOR)
        adds(kor, TOY, own=toy_clearance("LOW"))
        for other in (
            {},
            {"own": toy_clearance("LOW", "HIGH")},
            {"own": toy_clearance("LOW"), "received": toy_clearance("LOW")},
        ):
            with unchanged(kor), pytest.raises(RefusedError, match="with other clearances"):
                adds(kor, TOY, by=SECOND, **other)
        adds(kor, TOY, own=toy_clearance("LOW", "HIGH"))
        assert adds(kor, TOY, by=SECOND, own=toy_clearance("LOW", "HIGH")).policy.in_force
        assert kor.faults() == ()

    def test_a_clearance_under_another_policy_is_refused(self, village: Village) -> None:
        """
        A clearance is set with its policy.
        """
        kor = village.node(KOR)
        with unchanged(kor), pytest.raises(MalformedError, match="not at hand"):
            adds(kor, SECOND_VERSION, own=toy_clearance("LOW"))


class TestVersions:
    def test_a_higher_version_is_accepted_and_the_lower_stays(self, village: Village) -> None:
        """
        Labels name their version, so both are needed; versions may be left out.
        """
        kor = village.node(KOR)
        accepts(kor, THIRD_VERSION)
        versions = [each.version for each in read_policies(kor.database).policies if each.name == "EXERCISE"]
        assert versions == [1, 3]

    @pytest.mark.parametrize("spif", [shipped_bytes("exercise-1"), SECOND_VERSION, THIRD_VERSION])
    def test_versions_never_fall(self, village: Village, spif: bytes) -> None:
        """
        What is accepted is not accepted again, nor what comes before it.
        """
        kor = village.node(KOR)
        accepts(kor, THIRD_VERSION)
        with unchanged(kor), pytest.raises(RefusedError, match="is accepted already"):
            adds(kor, spif)

    def test_a_proposal_that_was_overtaken_is_refused(self, village: Village) -> None:
        """
        Version 2 was proposed, version 3 accepted: nobody accepts version 2 any more.
        """
        kor = village.node(KOR)
        adds(kor, SECOND_VERSION)
        accepts(kor, THIRD_VERSION)
        with unchanged(kor), pytest.raises(RefusedError, match="version 3 of EXERCISE is accepted already"):
            adds(kor, SECOND_VERSION, by=SECOND)

    def test_other_bytes_of_an_accepted_version_are_refused(self, village: Village) -> None:
        """
        One identifier and version is one file.
        """
        kor = village.node(KOR)
        other = shipped_bytes("exercise-1").replace(b"HERON", b"STORK")
        with unchanged(kor), pytest.raises(RefusedError, match="another file is accepted"):
            adds(kor, other)

    def test_other_bytes_of_a_proposed_version_are_refused(self, village: Village) -> None:
        """
        Two persons accept the same file, or none.
        """
        kor = village.node(KOR)
        adds(kor, SECOND_VERSION)
        with unchanged(kor), pytest.raises(RefusedError, match="another file waits"):
            adds(kor, SECOND_VERSION.replace(b"HERON", b"STORK"), by=SECOND)

    def test_another_policy_of_the_same_name_is_refused(self, village: Village) -> None:
        """
        Whose marks a report is written in is never a question.
        """
        kor = village.node(KOR)
        other = TOY.replace(b'name="TOY"', b'name="EXERCISE"')
        with unchanged(kor), pytest.raises(RefusedError, match="another policy is called EXERCISE"):
            adds(kor, other)


class TestWhatWasSetApart:
    def test_what_came_under_it_becomes_readable_in_the_same_transaction(self, village: Village) -> None:
        """
        Stored and receipted when it came, set apart until the policy is accepted, listed and read from then on.
        """
        kor, jpn = village.pair(KOR, JPN)
        view = exercise_item(kor, SECOND_VERSION)
        item = inspect(view).item_id.hex()
        hands_over(kor, view)
        hands_over(kor, exercise_item(kor, SECOND_VERSION, "(S//REL KOR)", "Not for them."))
        jpn.catches_up(kor)
        assert kor.peer(JPN).receipted == 3
        missing = "policy 2.25.1308510592560433348956379517576619867.1 version 2 is not at hand"
        assert apart(jpn) == [(KOR, missing)] * 2
        assert jpn.peer(KOR).why_quarantined == (missing,)
        adds(jpn, SECOND_VERSION)
        assert jpn.inbox() == ()
        version = Node(jpn.folder, jpn.clock, "another process", {})
        before = version.database.data_version()
        assert adds(jpn, SECOND_VERSION, by=SECOND).opened == 1
        assert version.database.data_version() == before + 1
        version.close()
        assert jpn.listed() == [item]
        assert jpn.reads(item) == ["Words."]
        assert apart(jpn) == [(KOR, "by its labels it is not for this office")]
        assert [each.kind for each in jpn.log()[-2:]] == [LogKind.POLICY, LogKind.ACCEPTED]
        assert jpn.faults() == ()

    def test_other_bytes_of_that_version_do_not_open_it(self, village: Village) -> None:
        """
        A label names its policy by the digest of the file.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, exercise_item(kor, SECOND_VERSION))
        jpn.catches_up(kor)
        assert accepts(jpn, SECOND_VERSION.replace(b"HERON", b"STORK")).opened == 0
        assert jpn.inbox() == ()
        assert jpn.faults() == ()

    def test_a_policy_nobody_is_cleared_under_opens_nothing(self, village: Village) -> None:
        """
        Without a clearance for the mission it is at hand, and what came is not for this office; with one it is.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, item_under(kor, TOY_POLICY, LOW, "Low."))
        hands_over(kor, item_under(kor, TOY_POLICY, HIGH, "High."))
        jpn.catches_up(kor)
        found = accepts(jpn, TOY, own=toy_clearance("LOW", "HIGH"), received=toy_clearance("LOW"))
        assert found.opened == 1
        assert len(jpn.inbox()) == 1
        assert apart(jpn) == [(KOR, "by its labels it is not for this office")]
        assert jpn.faults() == ()

    def test_what_was_taken_back_stays_set_apart(self, village: Village) -> None:
        """
        A policy does not bring back what its sender has taken back.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, exercise_item(kor, SECOND_VERSION))
        jpn.pulls(kor)
        jpn.runs("UPDATE view SET because = 'taken back by its sender'")
        assert accepts(jpn, SECOND_VERSION).opened == 0
        assert jpn.inbox() == ()

    def test_what_comes_under_it_afterwards_is_read_at_once(self, village: Village) -> None:
        """
        A policy in force is like one that was always there.
        """
        kor, jpn = village.pair(KOR, JPN)
        accepts(jpn, SECOND_VERSION)
        hands_over(kor, exercise_item(kor, SECOND_VERSION))
        assert jpn.pulls(kor).views == 1

    def test_an_acceptance_that_fails_leaves_everything(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        All in one transaction: the policy is not in force if what was set apart could not be judged.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, exercise_item(kor, SECOND_VERSION))
        jpn.pulls(kor)
        adds(jpn, SECOND_VERSION)

        def fail(*_: object, **__: object) -> None:
            raise LegationError("planted")

        with unchanged(jpn), monkeypatch.context() as patched:
            patched.setattr("legation.node.peers.accepting.judge", fail)
            with pytest.raises(LegationError, match="planted"):
                adds(jpn, SECOND_VERSION, by=SECOND)
        assert adds(jpn, SECOND_VERSION, by=SECOND).opened == 1
