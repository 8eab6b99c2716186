# SPDX-License-Identifier: Apache-2.0

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import EquivocationError, LegationError, MalformedError, ProofError, RefusedError
from legation.formats.shipped import shipped
from legation.keys.sign import Ed25519Signer, MLDSA44Signer, PublicKey, Purpose
from legation.labels import (
    Clearance,
    Decision,
    FaultCode,
    Label,
    Policy,
    ReasonCode,
    Succession,
    TagType,
    category,
    decide,
    parse_mark,
    reference_to,
)
from legation.labels import chain as chain_module
from legation.labels.chain import (
    PolicyChain,
    PolicyStatement,
    StatedPolicy,
    decide_in_chain,
    judged,
    read_statement,
    statement_on,
)
from legation.labels.membership import expand
from legation.labels.policy import (
    TagSet,
    Window,
)
from legation.log import verify_statement
from tests.labels import small
from tests.labels.edits import WORLDS, changed, edit
from tests.labels.exercise import EXERCISE, GRANTS, grant, own
from tools import vectors_policy_chain as vectors

STORED = json.loads(vectors.FILE.read_bytes())
PAGE = (Path(__file__).parents[2] / "docs" / "spec" / "policy-chain.md").read_text(encoding="utf-8")
NAME = STORED["authority"]
KEYS: list[PublicKey] = [
    Ed25519Signer(bytes.fromhex(STORED["seeds"][f"{NAME} ed25519"])).public_key,
    MLDSA44Signer(bytes.fromhex(STORED["seeds"][f"{NAME} ml-dsa-44"])).public_key,
]
ERRORS: dict[str, type[LegationError]] = {
    "equivocation": EquivocationError,
    "refused": RefusedError,
    "proof": ProofError,
}


def linked(policy: Policy, after: Policy | None = None, note: bytes = b"note") -> StatedPolicy:
    """
    A version and what is stated of it.
    """
    return StatedPolicy(policy=policy, statement=statement_on(policy, after=after), note=note)


def stated(note: str) -> PolicyStatement:
    """
    What a signed statement says.
    """
    return read_statement(verify_statement(note.encode(), purpose=Purpose.POLICY, name=NAME, keys=KEYS))


def link_of(statement: PolicyStatement, note: str) -> StatedPolicy:
    """
    A link of an invented file that is exactly what is stated.
    """
    policy = replace(EXERCISE, id=statement.id, version=statement.version, digest=statement.digest)
    return StatedPolicy(policy=policy, statement=statement, note=note.encode())


TWO = changed(EXERCISE)
THREE = changed(TWO)


class TestStatement:
    @pytest.mark.parametrize("vector", STORED["chain"], ids=lambda vector: str(vector["version"]))
    def test_published_statements_say_what_is_listed(self, vector: dict[str, str]) -> None:
        """
        A published statement is read, and its text is written the same again.
        """
        found = stated(vector["note"])
        previous = None if found.previous is None else found.previous.hex()
        said = {"version": found.version, "previous": previous, "digest": found.digest.hex()}
        assert found.id == STORED["policy"]
        assert said == {name: vector[name] for name in said}
        assert vector["note"].startswith(f"{found.text}\n")

    @pytest.mark.parametrize("vector", STORED["refused"], ids=lambda vector: str(vector["name"]))
    def test_published_defects_are_refused(self, vector: dict[str, str]) -> None:
        """
        What is wrong with a statement is found by one of its two readers.
        """
        with pytest.raises(LegationError):
            stated(vector["note"])

    @given(
        st.builds(
            PolicyStatement,
            id=st.just("2.25.1"),
            version=st.integers(min_value=0, max_value=chain_module.VERSION_MAX),
            previous=st.none() | st.just(bytes(32)),
            digest=st.binary(min_size=32, max_size=32).filter(any),
        )
    )
    def test_what_is_written_is_read(self, found: PolicyStatement) -> None:
        """
        Text and statement lead to each other.
        """
        assert read_statement(found.text) == found

    @given(st.text(alphabet="legation/policy/v1\n0123456789abcdefnone.\r\t ", max_size=200))
    def test_other_text_is_refused(self, text: str) -> None:
        """
        No text but the one spelling is a statement.
        """
        with pytest.raises(MalformedError):
            read_statement(text)

    @pytest.mark.parametrize("end", ["\r", " ", "\n", "\u2028", "\x85"])
    def test_text_with_another_end_is_refused(self, end: str) -> None:
        """
        Characters that some programs take for line ends change the text.
        """
        text = statement_on(EXERCISE).text
        with pytest.raises(MalformedError):
            read_statement(text + end)
        with pytest.raises(MalformedError):
            read_statement(text.replace("\n", end + "\n", 2))

    def test_values_that_are_none_are_refused(self) -> None:
        """
        No statement can be made that could not be read.
        """
        good: dict[str, Any] = {"id": "2.25.1", "version": 1, "previous": None, "digest": bytes(32)}
        wrongs: tuple[dict[str, Any], ...] = (
            {"id": "EXERCISE"},
            {"id": "2.25." + "1" * 256},
            {"version": -1},
            {"version": chain_module.VERSION_MAX + 1},
            {"digest": bytes(31)},
            {"previous": b""},
            {"previous": bytes(32)},
        )
        for wrong in wrongs:
            with pytest.raises(MalformedError):
                PolicyStatement(**{**good, **wrong})

    def test_authority_states_only_what_rises(self) -> None:
        """
        What would not be the next version is not stated in the first place.
        """
        assert statement_on(TWO, after=EXERCISE).previous == EXERCISE.digest
        for policy, after in ((EXERCISE, TWO), (TWO, TWO), (TWO, replace(EXERCISE, id="2.25.1"))):
            with pytest.raises(RefusedError):
                statement_on(policy, after=after)


class TestLink:
    @pytest.mark.parametrize("other", [{"version": 2}, {"digest": bytes(32)}, {"id": "2.25.1"}])
    def test_statement_on_another_file_is_refused(self, other: dict[str, Any]) -> None:
        """
        A statement is worth something for its very file only.
        """
        with pytest.raises(ProofError, match="another file"):
            StatedPolicy(policy=EXERCISE, statement=replace(statement_on(EXERCISE), **other), note=b"")


class TestChain:
    CHAIN = PolicyChain(versions=(linked(EXERCISE),)).extended(linked(TWO, EXERCISE))

    def test_published_chain_holds(self) -> None:
        """
        The published versions follow each other, though a number is left out.
        """
        first, *others = [link_of(stated(each["note"]), each["note"]) for each in STORED["chain"]]
        chain = PolicyChain(versions=(first,))
        for link in others:
            chain = chain.extended(link)
        assert [each.policy.version for each in chain.versions] == [1, 2, 4]

    @pytest.mark.parametrize("vector", STORED["not_next"], ids=lambda vector: str(vector["name"]))
    def test_published_breaks_are_refused(self, vector: dict[str, str]) -> None:
        """
        A statement that verifies and is not the next one is refused for what it is.
        """
        chain = PolicyChain(
            versions=tuple(link_of(stated(each["note"]), each["note"]) for each in STORED["chain"][:2])
        )
        with pytest.raises(ERRORS[vector["expect"]]) as caught:
            chain.extended(link_of(stated(vector["note"]), vector["note"]))
        assert type(caught.value) is ERRORS[vector["expect"]]

    def test_known_statement_changes_nothing(self) -> None:
        """
        The same statement, signed anew, adds nothing.
        """
        assert self.CHAIN.extended(linked(EXERCISE, note=b"signed again")) is self.CHAIN
        assert self.CHAIN.extended(linked(TWO, EXERCISE, note=b"signed again")) is self.CHAIN

    def test_equivocation_keeps_both_notes(self) -> None:
        """
        Two files for one version are proven by two notes, which the error holds.
        """
        other = replace(TWO, digest=bytes(32))
        with pytest.raises(EquivocationError) as caught:
            self.CHAIN.extended(linked(other, EXERCISE, note=b"theirs"))
        assert (caught.value.ours, caught.value.theirs) == (b"note", b"theirs")

    def test_later_version_in_the_place_of_a_known_one_is_equivocation(self) -> None:
        """
        Who is shown version 3 after 1, and holds 2 after 1, holds proof of two histories.
        """
        with pytest.raises(EquivocationError):
            self.CHAIN.extended(linked(THREE, EXERCISE))

    def test_version_after_another_one_is_equivocation(self) -> None:
        """
        One version that is stated to come after two others has two histories as well.
        """
        other = replace(statement_on(TWO, after=EXERCISE), previous=bytes(32))
        with pytest.raises(EquivocationError):
            self.CHAIN.extended(StatedPolicy(policy=TWO, statement=other, note=b""))

    def test_chain_whose_versions_fall_is_none(self) -> None:
        """
        A lower version that is stated to come after a higher one does not make a chain.
        """
        low = replace(EXERCISE, digest=bytes(32))
        after = replace(statement_on(low), previous=TWO.digest)
        with pytest.raises(ProofError, match="does not follow"):
            PolicyChain(versions=(linked(TWO, EXERCISE), StatedPolicy(policy=low, statement=after, note=b"")))

    def test_versions_never_fall(self) -> None:
        """
        An older version that is not known is not taken afterwards.
        """
        chain = PolicyChain(versions=(linked(THREE, TWO),))
        for link in (linked(EXERCISE), linked(TWO, EXERCISE)):
            with pytest.raises(RefusedError, match="is known already"):
                chain.extended(link)

    def test_missing_version_is_noticed(self) -> None:
        """
        A version whose predecessor is not known is not taken, nor is a chain made with such a hole.
        """
        chain = PolicyChain(versions=(linked(EXERCISE),))
        with pytest.raises(ProofError, match="not known"):
            chain.extended(linked(THREE, TWO))
        with pytest.raises(ProofError, match="does not follow"):
            PolicyChain(versions=(linked(EXERCISE), linked(THREE, TWO)))
        for links in ((), (linked(TWO, EXERCISE), linked(EXERCISE)), (linked(EXERCISE), linked(EXERCISE))):
            with pytest.raises(ProofError):
                PolicyChain(versions=links)

    def test_chain_gives_what_a_label_is_judged_by(self) -> None:
        """
        From the version that is named on; nothing for what is not in the chain.
        """
        chain = self.CHAIN.extended(linked(THREE, TWO))
        assert chain.last is THREE
        assert chain.since(reference_to(EXERCISE)) == (EXERCISE, TWO, THREE)
        assert chain.since(reference_to(THREE)) == (THREE,)
        assert chain.since(reference_to(replace(TWO, digest=bytes(32)))) == ()

    def test_chain_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A chain does not grow for ever.
        """
        monkeypatch.setattr(chain_module, "CHAIN_LENGTH_MAX", 2)
        with pytest.raises(ProofError, match="1 to 2 versions"):
            self.CHAIN.extended(linked(THREE, TWO))

    def test_limits_on_the_page_are_those_of_the_code(self) -> None:
        """
        The page states what the code enforces.
        """
        assert f"| versions of a chain | {chain_module.CHAIN_LENGTH_MAX:,} |" in PAGE
        assert f"| version | {chain_module.VERSION_MAX:,}: " in PAGE
        assert f"1. `{chain_module.FIRST_LINE}`." in PAGE


def with_value(policy: Policy, named: str, **fields: Any) -> Policy:
    """
    The next version, in which every value of this name is another.
    """
    return changed(
        policy,
        tag_sets=tuple(
            replace(
                tag_set,
                tags=tuple(
                    replace(
                        tag,
                        categories=tuple(
                            replace(each, **fields) if each.name == named else each for each in tag.categories
                        ),
                    )
                    for tag in tag_set.tags
                ),
            )
            for tag_set in policy.tag_sets
        ),
    )


def with_class(policy: Policy, named: str, **fields: Any) -> Policy:
    """
    The next version, in which the classification of this name is another.
    """
    return changed(
        policy,
        classifications=tuple(
            replace(each, **fields) if each.name == named else each for each in policy.classifications
        ),
    )


def with_sets(policy: Policy, change: Callable[[TagSet], TagSet]) -> Policy:
    """
    The next version, with other tag sets.
    """
    return changed(policy, tag_sets=tuple(map(change, policy.tag_sets)))


LABEL = parse_mark(EXERCISE, "(S//HERON//REL KOR, JPN)")
HOLDER = Clearance(
    policy_id=EXERCISE.id,
    classifications=("SECRET",),
    categories=(
        category("Caveats", TagType.RESTRICTIVE, ["HERON"]),
        category("Context", TagType.PERMISSIVE, ["Releasable"]),
        category("Releasable To", TagType.PERMISSIVE, ["JPN"]),
    ),
)


def codes(found: Decision) -> set[str]:
    """
    What stands in the way, as codes of faults and reasons.
    """
    return {str(each.fault.code if each.fault else each.code) for each in found.reasons}


class TestJudged:
    def test_unchanged_names_give_the_same_label(self) -> None:
        """
        A label stands under a version in which its names are what they were.
        """
        assert judged(EXERCISE, TWO, LABEL) == EXERCISE.normalize(LABEL)
        assert judged(EXERCISE, with_value(EXERCISE, "USA", lacv="1"), LABEL) == EXERCISE.normalize(LABEL)

    @pytest.mark.parametrize(
        ("later", "code"),
        [
            (with_value(EXERCISE, "JPN", lacv="999"), FaultCode.VALUE_UNKNOWN),
            (with_value(EXERCISE, "JPN", name="NIP"), FaultCode.VALUE_UNKNOWN),
            (with_value(EXERCISE, "HERON", lacv="999"), FaultCode.VALUE_UNKNOWN),
            (with_class(EXERCISE, "SECRET", lacv=9), FaultCode.CLASSIFICATION_UNKNOWN),
            (with_class(EXERCISE, "SECRET", name="SEALED"), FaultCode.CLASSIFICATION_UNKNOWN),
            (with_sets(EXERCISE, lambda each: replace(each, id=f"{each.id}.9")), FaultCode.TAG_UNKNOWN),
            (with_sets(EXERCISE, lambda each: replace(each, name=f"{each.name}s")), FaultCode.TAG_UNKNOWN),
            (
                with_sets(
                    EXERCISE,
                    lambda each: replace(
                        each, tags=tuple(replace(tag, type=TagType.INFORMATIVE) for tag in each.tags)
                    ),
                ),
                FaultCode.TAG_UNKNOWN,
            ),
            (replace(TWO, id="2.25.1"), FaultCode.POLICY_DIFFERS),
        ],
    )
    def test_absent_or_renumbered_name_is_refused(self, later: Policy, code: FaultCode) -> None:
        """
        A name that is gone, renamed, renumbered or of another type refuses the label, and says which.
        """
        with pytest.raises(RefusedError) as caught:
            judged(EXERCISE, later, LABEL)
        assert isinstance(caught.value.decision, Decision)
        assert codes(caught.value.decision) == {code}
        if later.id == EXERCISE.id:
            assert codes(decide_in_chain([EXERCISE, later], LABEL, HOLDER)) >= {code}

    def test_label_that_was_not_valid_is_refused(self) -> None:
        """
        What was no label is none under a later version either.
        """
        bare = Label(policy_id=EXERCISE.id, classification="SECRET")
        with pytest.raises(RefusedError):
            judged(EXERCISE, TWO, bare)

    def test_label_takes_the_later_spelling(self) -> None:
        """
        Where the policy compares without case, the later spelling is given.
        """
        nato = replace(EXERCISE, id="1.3.26.1.3.1")
        later = with_value(nato, "JPN", name="Jpn")
        label = Label(
            policy_id=nato.id,
            classification="secret",
            categories=(
                category("Context", TagType.PERMISSIVE, ["OWN", "releasable"]),
                category("Releasable To", TagType.PERMISSIVE, ["jpn"]),
            ),
        )
        assert judged(nato, later, label).categories[1].values == ("Jpn",)
        with pytest.raises(RefusedError):
            judged(EXERCISE, with_value(EXERCISE, "JPN", name="Jpn"), LABEL)


class TestDecideInChain:
    def test_permits_what_all_versions_permit(self) -> None:
        """
        Where nothing that decides has changed, the decision is that of the version named.
        """
        assert decide_in_chain([EXERCISE, TWO, THREE], LABEL, HOLDER) == decide(EXERCISE, LABEL, HOLDER)

    def test_no_version_is_unknown(self) -> None:
        """
        A label whose version is not in the chain is for nobody.
        """
        assert codes(decide_in_chain((), LABEL, HOLDER)) == {ReasonCode.POLICY_UNKNOWN}

    def test_versions_that_do_not_rise_are_a_mistake(self) -> None:
        """
        Who hands in versions in another order has made a mistake, and is told.
        """
        with pytest.raises(TypeError):
            decide_in_chain([TWO, EXERCISE], LABEL, HOLDER)

    def test_later_rule_closes(self) -> None:
        """
        A label that a later version does not allow any more is refused, with that version's reason.
        """
        later = with_value(EXERCISE, "HERON", excluded_classes=("OPEN", "SECRET"))
        assert codes(decide_in_chain([EXERCISE, later], LABEL, HOLDER)) == {FaultCode.CLASS_EXCLUDED}

    def test_later_rule_never_opens(self) -> None:
        """
        A label that was not valid, or refused somebody, stays so, whatever later versions say.
        """
        bare = Label(policy_id=EXERCISE.id, classification="SECRET")
        open_ = with_class(EXERCISE, "SECRET", required=())
        assert decide(open_, bare, HOLDER).permitted
        assert not decide_in_chain([EXERCISE, open_], bare, HOLDER).permitted
        informative = with_sets(
            EXERCISE,
            lambda each: replace(
                each, tags=tuple(replace(tag, type=TagType.INFORMATIVE) for tag in each.tags)
            ),
        )
        assert not decide_in_chain([EXERCISE, informative], LABEL, GRANTS["AUS"]).permitted

    def test_version_in_between_counts(self) -> None:
        """
        What one version closed stays closed for the labels from before, though the next would open it.
        """
        shut = with_value(EXERCISE, "JPN", excluded_classes=("SECRET",))
        again = changed(shut, tag_sets=EXERCISE.tag_sets)
        assert decide(again, LABEL, HOLDER).permitted
        assert not decide_in_chain([EXERCISE, shut, again], LABEL, HOLDER).permitted

    def test_reasons_of_all_versions_are_given(self) -> None:
        """
        List and level are both named, though they come from two versions.
        """
        later = with_value(EXERCISE, "HERON", excluded_classes=("OPEN", "SECRET"))
        found = decide_in_chain([EXERCISE, later], LABEL, GRANTS["AUS"])
        assert codes(found) == {
            ReasonCode.CLASSIFICATION_NOT_HELD,
            ReasonCode.ALL_NOT_HELD,
            ReasonCode.ONE_NOT_HELD,
            FaultCode.CLASS_EXCLUDED,
        }

    def test_date_counts_in_every_version(self) -> None:
        """
        A window that a later version sets holds for older labels too, and without a date the answer is no.
        """
        later = with_value(EXERCISE, "HERON", window=Window(not_after=small.BEFORE))
        assert not decide_in_chain([EXERCISE, later], LABEL, HOLDER, at=small.DAY).permitted
        assert not decide_in_chain([EXERCISE, later], LABEL, HOLDER).permitted
        early = datetime(2025, 1, 1, tzinfo=small.DAY.tzinfo)
        assert decide_in_chain([EXERCISE, later], LABEL, HOLDER, at=early).permitted

    def test_member_who_joins_gains_nothing_that_is_written(self) -> None:
        """
        A community is, for a label, who was of it under every version: who left is out, who joined is not in.
        """
        policy = shipped("exercise-2")
        allies = next(each for each in policy.memberships if each.name == "ALLIES")
        partners = next(each for each in policy.memberships if each.name == "PARTNERS")
        joined = replace(partners, members=(*partners.members[:-2], *allies.members))
        later = changed(policy, memberships=(joined,))
        label = parse_mark(policy, "(S//REL PARTNERS)")
        reader = grant("FIN", "SECRET")
        assert decide_in_chain([later], label, reader, at=small.DAY).permitted
        assert not decide_in_chain([policy, later], label, reader, at=small.DAY).permitted
        assert decide_in_chain([policy, later], label, grant("JPN", "SECRET"), at=small.DAY).permitted
        left = changed(later, memberships=(replace(partners, members=partners.members[1:2]),))
        assert decide_in_chain([policy, later, left], label, grant("JPN", "SECRET"), at=small.DAY).permitted
        assert not decide_in_chain(
            [policy, later, left], label, grant("KOR", "SECRET"), at=small.DAY
        ).permitted
        assert not decide_in_chain([policy], label, grant("JPN", "SECRET")).permitted

    def test_successor_counts_when_its_date_has_come(self) -> None:
        """
        What a label becomes is judged by every version too, at the instant at which it counts.
        """
        later = with_value(EXERCISE, "AUS", lacv="999")
        successor = parse_mark(EXERCISE, "(L//REL AUS)")
        label = msgspec.structs.replace(LABEL, succession=Succession(at=small.AFTER, label=successor))
        reader = grant("AUS", "SECRET")
        assert not decide_in_chain([EXERCISE, TWO], label, reader, at=small.DAY).permitted
        assert decide_in_chain([EXERCISE, TWO], label, reader, at=small.AFTER).permitted
        assert not decide_in_chain([EXERCISE, later], label, reader, at=small.AFTER).permitted
        assert not decide_in_chain([EXERCISE, TWO], label, reader).permitted
        assert judged(EXERCISE, TWO, label).succession == label.succession
        with pytest.raises(RefusedError, match="value-unknown"):
            judged(EXERCISE, later, label)

    def test_own_people_lose_what_is_renumbered(self) -> None:
        """
        It is the label that is refused, whoever asks.
        """
        later = with_value(EXERCISE, "JPN", lacv="999")
        assert not decide_in_chain([EXERCISE, later], LABEL, own("JPN")).permitted


# --- Whatever happens to a policy, nobody gains


def numbers(policy: Policy, label: Label) -> list[object]:
    """
    What the names of a label stand for, by looking through the file from top to bottom.
    """
    classes: list[object] = [
        each.lacv for each in policy.classifications if each.name == label.classification
    ]
    return classes + [
        _number(policy, part.tag, part.type, value) for part in label.categories for value in part.values
    ]


def _number(policy: Policy, tag_set: str, type_: TagType, value: str) -> object:
    found = [
        (here.id, each.lacv)
        for here in policy.tag_sets
        if here.name == tag_set
        for tag in here.tags
        if tag.type is type_
        for each in tag.categories
        if each.name == value and not each.user_input
    ]
    return found[:1]


def permitted(
    versions: Sequence[Policy], labels: Sequence[Label], held: Sequence[Clearance]
) -> set[tuple[int, int]]:
    """
    Which label which clearance opens.
    """
    return {
        (one, other)
        for one, label in enumerate(labels)
        for other, clearance in enumerate(held)
        if decide_in_chain(versions, label, clearance, at=small.DAY).permitted
    }


class TestEdits:
    @settings(max_examples=60, deadline=None)
    @given(st.randoms(use_true_random=False), st.sampled_from(WORLDS), st.integers(min_value=1, max_value=4))
    def test_no_edit_widens(
        self,
        dice: random.Random,
        world: tuple[Policy, list[Label], list[Clearance]],
        count: int,
    ) -> None:
        """
        Each further version leaves a part of what was open, and no name that it opens has another number.
        """
        policy, labels, held = world
        labels, held = dice.sample(labels, min(len(labels), 25)), dice.sample(held, min(len(held), 8))
        versions = [policy]
        before = permitted(versions, labels, held)
        for _ in range(count):
            versions.append(edit(dice, versions[-1]))
            after = permitted(versions, labels, held)
            assert after <= before
            for one, other in after:
                counted = expand(policy, held[other], at=small.DAY).clearance
                assert decide(policy, labels[one], counted, at=small.DAY).permitted
                assert numbers(versions[-1], labels[one]) == numbers(policy, labels[one])
            before = after

    def test_edits_leave_something_and_take_something(self) -> None:
        """
        The edits are worth asking about: some keep access, some end it, some alone would have given it.
        """
        kept = ended = would_give = 0
        for number in range(2000):
            dice = random.Random(number)
            policy, labels, held = dice.choice(WORLDS)
            later = edit(dice, policy)
            label, clearance = dice.choice(labels), dice.choice(held)
            was = decide(policy, label, clearance, at=small.DAY).permitted
            stays = decide_in_chain([policy, later], label, clearance, at=small.DAY).permitted
            alone = decide(later, label, clearance, at=small.DAY).permitted
            kept, ended, would_give = (
                kept + stays,
                ended + (was and not stays),
                would_give + (alone and not was),
            )
        assert min(kept, ended, would_give) > 0
