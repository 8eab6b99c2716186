# SPDX-License-Identifier: Apache-2.0

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

from legation.errors import MalformedError
from legation.formats import clearances, stanag4774
from legation.formats.stanag4774 import LABEL_NAMESPACE, IDType, OriginatorID
from legation.labels import Clearance, Label, Policies, TagType, category, gathered
from legation.node.labelling import decide_on, instant, originator_of, policy_for, read_labels
from tests.formats.standards import standard
from tests.labels.exercise import EXERCISE
from tests.labels.test_decision import named_policy

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def label_xml(stated: dict[str, Any]) -> bytes:
    """
    A label of the vectors as a document, by hand.
    """
    lists = "".join(
        f"<s:Category Type={quoteattr(part['type'])} TagName={quoteattr(part['tagName'])}>"
        + "".join(f"<s:GenericValue>{escape(value)}</s:GenericValue>" for value in part["values"])
        + "</s:Category>"
        for part in stated["categories"]
    )
    return (
        f'<s:originatorConfidentialityLabel xmlns:s="{LABEL_NAMESPACE}"><s:ConfidentialityInformation>'
        f"<s:PolicyIdentifier>{stated['policy']}</s:PolicyIdentifier>"
        f"<s:Classification>{stated['classification']}</s:Classification>{lists}"
        "</s:ConfidentialityInformation></s:originatorConfidentialityLabel>"
    ).encode()


def forms(stated: dict[str, Any]) -> Iterator[bytes]:
    """
    A clearance of the vectors in every form that is read.
    """
    held = Clearance(
        policy=stated["policy"],
        classifications=tuple(stated["classifications"]),
        categories=gathered(
            category(tag, TagType(part["type"].lower()), part["values"])
            for tag, part in stated["categories"].items()
        ),
    )
    yield stanag4774.write_clearance(held)
    yield stanag4774.write_claim(held).encode()
    yield clearances.write(held)


class TestDecideOn:
    def test_decisions_on_files_are_those_of_the_vectors(self) -> None:
        """
        Each label and clearance of the reference vectors, as documents, is decided as they say.
        """
        vectors = json.loads(standard("acdf-vectors.json"))
        policy, count = named_policy(vectors), 0
        for name, label in vectors["labels"].items():
            for holder, clearance in vectors["clearances"].items():
                for form in forms(clearance):
                    found = decide_on(policy, label_xml(label), form, NOON)
                    assert found.permitted == (vectors["decisions"][name][holder] == "PERMIT"), name
                    assert bool(found.change or found.grant) <= (not found.permitted)
                    count += 1
        assert count == 12 * 3 * 3


class TestPolicyFor:
    def test_the_highest_version_at_hand_is_taken(self) -> None:
        """
        Of two versions the later judges, whatever their order.
        """
        newer = replace(EXERCISE, version=EXERCISE.version + 1, digest=b"n" * 32)
        for policies in ([EXERCISE, newer], [newer, EXERCISE]):
            label = Label(policy="EXERCISE", classification="OPEN")
            assert policy_for(label, Policies(policies)) is newer

    def test_a_name_of_two_policies_is_refused(self) -> None:
        """
        A label that names its policy by a name that two have is judged by neither.
        """
        other = replace(EXERCISE, id="2.25.1", digest=b"o" * 32)
        both = Policies([EXERCISE, other])
        with pytest.raises(MalformedError, match="two policies"):
            policy_for(Label(policy="EXERCISE", classification="OPEN"), both)
        assert policy_for(Label(policy="EXERCISE", policy_id="2.25.1", classification="OPEN"), both) is other
        assert policy_for(Label(policy="OTHER", classification="OPEN"), both) is None


class TestWhatPeopleType:
    @pytest.mark.parametrize("text", ["", "now", "2026-11-01", "2026-11-01T12:00:00", "2026-11-01 12:00:00Z"])
    def test_an_instant_has_a_time_zone(self, text: str) -> None:
        """
        A date alone, or a time without a zone, is another instant at every post.
        """
        assert instant("2026-11-01T21:00:00+09:00") == NOON
        with pytest.raises(MalformedError):
            instant(text)

    @pytest.mark.parametrize("text", ["", "desk@example.test", "=desk", "rfc822name=desk", "jID="])
    def test_an_originator_has_a_type(self, text: str) -> None:
        """
        The type is the standard's, in its spelling; what follows the first sign is the name.
        """
        assert originator_of("jID=a=b") == OriginatorID(value="a=b", type=IDType.JID)
        with pytest.raises(MalformedError):
            originator_of(text)


def test_a_file_is_read_under_the_policies_at_hand_and_no_other() -> None:
    """
    Without the policy nothing is judged, and the label is shown as it stands.
    """
    data = label_xml({"policy": "EXERCISE", "classification": "OPEN", "categories": []})
    (known,) = read_labels(data, Policies([EXERCISE]), NOON).labels
    (unknown,) = read_labels(data, Policies([]), NOON).labels
    assert (known.judged, known.valid, known.banner, known.mark) == (True, True, "OPEN", "(O)")
    assert (unknown.judged, unknown.valid, unknown.banner, unknown.mark) == (False, False, "", "")
    assert unknown.classification == "OPEN"
