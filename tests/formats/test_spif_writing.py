# SPDX-License-Identifier: Apache-2.0

import random
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from lxml import etree

from legation.errors import MalformedError
from legation.formats import spif
from legation.formats.shipped import NAMES, shipped
from legation.labels import Policy
from legation.labels.policy import Classification, Marking, Origin, TagCategory, Window
from tests.formats.spif_policies import damaged, policies
from tests.formats.spif_whole import WHOLE, edited, schema
from tests.formats.standards import standard

WHOLE_POLICY = spif.read(WHOLE.encode())
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def said(policy: Policy) -> Policy:
    """
    A policy without what belongs to its file alone.
    """
    return replace(policy, digest=b"", faults=())


class TestWrittenPolicies:
    @settings(SLOW, max_examples=80)
    @given(policies())
    def test_any_policy_comes_back(self, policy: Policy) -> None:
        """
        A strict reader gives back what was written, and writing that gives the same bytes.
        """
        data = spif.write(policy)
        again = spif.read(data)
        assert said(again) == said(policy)
        assert spif.write(again) == data

    @settings(SLOW, max_examples=40)
    @given(policies())
    def test_any_written_policy_is_valid(self, policy: Policy) -> None:
        """
        Whatever is written, the published schema finds nothing wrong with it.
        """
        schema().assertValid(etree.fromstring(spif.write(policy)))

    @settings(SLOW, max_examples=60)
    @given(policies(), some.integers(0, 2**32))
    def test_damaged_policy_comes_back_or_is_refused(self, policy: Policy, seed: int) -> None:
        """
        A policy in which anything is wrong is refused, or written just as it is; never mended.
        """
        draw = random.Random(seed)
        for _ in range(10):
            wrong = damaged(policy, draw)
            assert isinstance(wrong, Policy)
            with suppress(MalformedError):
                assert said(spif.read(spif.write(wrong), lenient=True)) == said(wrong)

    def test_damaged_policy_that_is_written_is_valid(self) -> None:
        """
        Of some thousand damaged policies, none is written that the published schema refuses.
        """
        valid, draw, written = schema(), random.Random(4), 0
        for _ in range(1500):
            wrong = damaged(WHOLE_POLICY, draw)
            assert isinstance(wrong, Policy)
            with suppress(MalformedError):
                data = spif.write(wrong)
                valid.assertValid(etree.fromstring(data))
                written += 1
        assert 150 < written < 1400

    @pytest.mark.parametrize("name", NAMES)
    def test_shipped_policies_come_back(self, name: str) -> None:
        """
        Each policy of our own says the same when it is written anew.
        """
        data = spif.write(shipped(name))
        assert said(spif.read(data)) == said(shipped(name))
        schema().assertValid(etree.fromstring(data))

    @pytest.mark.parametrize("name", ["NATO-v88.spif.xml", "PUBLIC-v1.spif.xml", "ACME.xml"])
    def test_published_policies_come_back(self, name: str) -> None:
        """
        Each published policy says the same, without what had to be forgiven of its file.
        """
        policy = spif.read(standard(name), lenient=True)
        data = spif.write(policy)
        schema().assertValid(etree.fromstring(data))
        assert said(spif.read(data, lenient=True)) == said(policy)

    def test_written_policy_is_pretty(self) -> None:
        """
        One element a line, each as deep as it lies, and an end of line at the end.
        """
        lines = spif.write(WHOLE_POLICY).decode().splitlines(keepends=True)
        assert lines[0] == "<?xml version='1.0' encoding='UTF-8'?>\n"
        assert '        <tagCategory name="AUS" lacv="36"/>\n' in lines
        # Some programs refuse an informative tag that does not say how it is encoded.
        informative = 'tagType="tagType7" tag7Encoding="bitSetAttributes">'
        assert f"      <securityCategoryTag {informative}\n" in lines
        assert lines[-1] == "</SPIF>\n"
        assert all(line.count("<") <= 2 for line in lines)

    def test_equal_policies_are_the_same_bytes(self) -> None:
        """
        An instant in another zone is the same instant, and is written the same.
        """
        korea = replace(
            WHOLE_POLICY,
            window=Window(
                not_before=datetime.fromisoformat("2026-01-01T09:00:00+09:00"),
                not_after=datetime(2027, 1, 1, tzinfo=UTC),
            ),
        )
        assert korea == WHOLE_POLICY
        assert spif.write(korea) == spif.write(WHOLE_POLICY)

    def test_twin_numbers_are_written_and_read_leniently(self) -> None:
        """
        Two values of one number, as a published policy has, are kept; a strict reader says so.
        """
        twins = edited(
            '<tagCategory name="AUS" => <tagCategory name="NZL" lacv="410"/><tagCategory name="AUS"'
        )
        policy = spif.read(twins, lenient=True)
        data = spif.write(policy)
        assert said(spif.read(data, lenient=True)) == said(policy)
        with pytest.raises(MalformedError, match="tagCategory has the @lacv of another"):
            spif.read(data)


def level(**changes: object) -> Policy:
    """
    The whole policy, whose first classification has something else.
    """
    first, *others = WHOLE_POLICY.classifications
    return replace(WHOLE_POLICY, classifications=(replace(first, **changes), *others))  # type: ignore[arg-type]  # of any field


def value(**changes: object) -> Policy:
    """
    The whole policy, whose first value has something else.
    """
    first, *others = WHOLE_POLICY.tag_sets
    tag = first.tags[0]
    changed = replace(tag.categories[0], **changes)  # type: ignore[arg-type]
    tag = replace(tag, categories=(changed, *tag.categories[1:]))
    return replace(WHOLE_POLICY, tag_sets=(replace(first, tags=(tag,)), *others))


# What an XML SPIF cannot state, by what is wrong with it, and the reason that is given.
UNSTATED = {
    "no origin": (replace(WHOLE_POLICY, origin=Origin()), "a value of @privilegeId that the schema does not"),
    "no classification": (replace(WHOLE_POLICY, classifications=()), "lacks securityClassification"),
    "no identifier": (replace(WHOLE_POLICY, id=""), "a value of @id that the schema does not know"),
    "name with space around it": (replace(WHOLE_POLICY, name="TRIAL "), "white space around its @name"),
    "control character": (level(name="LO\x01W"), "a text has characters that XML has not"),
    "half a character": (level(name="LO\ud800W"), "a text has characters that XML has not"),
    "colour twice": (level(color="#b3001b"), "has the @color of another"),
    "colour of no name": (level(color="mauve"), "a @color that the schema does not know"),
    "mark for no place": (level(markings=(Marking(codes=frozenset(), phrase="x"),)), "lacks code"),
    "mark for a place unknown": (
        level(markings=(Marking(codes=frozenset({"spine"}), phrase="x"),)),
        "names a place that the schema does not know",
    ),
    "language of no name": (
        level(markings=(Marking(codes=frozenset({"subject"}), phrase="x", language="d_e"),)),
        "an @xml:lang that is no language",
    ),
    "value that stands twice": (value(name="KOR"), "has the @name of another"),
    "number in another form": (value(lacv="036"), "it would be read as another"),
    "number that is empty": (value(lacv=""), "a value of @lacv that the schema does not know"),
    "class that is not there": (value(required_class="MID"), "a classification that is not there"),
    "format without input": (value(date_format="YYYY"), "a @dateFormat without @userInput"),
    "input of no kind": (value(user_input="time"), "a value of @userInput that the schema does not know"),
    "time without a zone": (
        value(window=Window(not_before=datetime(2026, 1, 1))),  # noqa: DTZ001
        "a date has no time zone",
    ),
    "time before all years": (
        value(window=Window(not_before=datetime.fromisoformat("0001-01-01T00:00:00+09:00"))),
        "a date is beyond the years that count",
    ),
    "equivalence with nobody": (replace(WHOLE_POLICY, equivalents=()), "names a policy that is not there"),
    "group that stands twice": (
        replace(WHOLE_POLICY, memberships=WHOLE_POLICY.memberships * 2),
        "it would be read as another",
    ),
    "too large": (
        replace(
            WHOLE_POLICY,
            classifications=(
                replace(
                    WHOLE_POLICY.classifications[0],
                    markings=(Marking(codes=frozenset({"subject"}), phrase="\u00e9" * 256),) * 1000,
                    qualifiers=(),
                ),
            )
            * 3,
        ),
        "expected at most 1048576",
    ),
}


class TestUnstated:
    @pytest.mark.parametrize("name", UNSTATED)
    def test_what_cannot_be_stated_is_refused(self, name: str) -> None:
        """
        Nothing is altered to fit: the policy is refused with the reason, and no text of it.
        """
        policy, reason = UNSTATED[name]
        with pytest.raises(MalformedError) as caught:
            spif.write(policy)
        assert caught.value.message.startswith("policy cannot be written: ")
        assert reason in " ".join(caught.value.faults)
        assert "LO\x01W" not in caught.value.message

    def test_written_values_are_not_escaped_twice(self) -> None:
        """
        Characters that mean something in XML come back as they are.
        """
        policy = replace(
            WHOLE_POLICY,
            name="<&>\"'",
            classifications=(Classification(name="&amp;", lacv=1, hierarchy=1),),
            tag_sets=(),
        )
        assert said(spif.read(spif.write(policy))) == said(policy)

    def test_policy_without_lists_is_written(self) -> None:
        """
        What is not there is not written: no empty lists, of which the schema has none.
        """
        policy = Policy(
            name="TOY",
            id="2.25.7",
            version=1,
            digest=b"",
            classifications=(Classification(name="LOW", lacv=1, hierarchy=1),),
            origin=Origin(privilege_id="2.25.7", rbac_id="2.25.7"),
        )
        data = spif.write(policy)
        assert data.count(b"\n") == 7
        assert said(spif.read(data)) == policy

    def test_value_typed_by_people_is_written_without_a_number(self) -> None:
        """
        What needs no number is written without one.
        """
        typed = value(user_input="string", lacv="", name="name")
        # The rule of another value names the number of this one, which would lead nowhere.
        with pytest.raises(MalformedError, match="names a value that is not there"):
            spif.write(typed)
        kept = value(user_input="string")
        found = spif.read(spif.write(kept)).tag_sets[0].tags[0].categories[0]
        assert found == TagCategory(name="AUS", lacv="36", user_input="string")
