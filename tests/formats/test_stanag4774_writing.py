# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from lxml import etree

from legation.errors import MalformedError
from legation.formats import spif
from legation.formats.stanag4774 import (
    LABEL_NAMESPACE,
    REVIEW_AFTER,
    UNDATED,
    IDType,
    OriginatorID,
    Role,
    read_document,
    read_label,
    write_label,
)
from legation.formats.stanag4774_label import TEXT_LENGTH_MAX
from legation.labels import Label, Policy, Succession, TagType, category, gathered, parse_mark
from legation.labels.policy import Window
from tests.formats.standards import standard
from tests.labels.exercise import EXERCISE

P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECRET_KOR = parse_mark(EXERCISE, "(S//HERON/MAPLE//REL JPN, KOR)")
OPEN = parse_mark(EXERCISE, "(O)")
DESK = OriginatorID(value="desk@example.test", type=IDType.RFC822_NAME)


def values_of(tag: str) -> list[str]:
    """
    The values of a list of EXERCISE.
    """
    (found,) = [field for (name, _), field in EXERCISE.fields.items() if name == tag]
    return [member.category.name for member in found.members.values()]


PARTIES = some.lists(some.sampled_from(values_of("Releasable To")), min_size=1, max_size=4)


@some.composite
def labels(draw: some.DrawFn) -> Label:
    """
    A valid label of EXERCISE: lists in any order of drawing, with the rules of the policy kept.
    """
    if draw(some.integers(0, 5)) == 0:
        return Label(policy_id=EXERCISE.id, classification="OPEN")
    is_releasable = draw(some.booleans())
    parts = [category("Context", P, ["Releasable", "Own"] if is_releasable else ["Own"])]
    if is_releasable:
        parts.append(category("Releasable To", P, draw(PARTIES)))
        if draw(some.booleans()):
            parts.append(category("Only", P, draw(PARTIES)))
    caveats = draw(some.lists(some.sampled_from(values_of("Caveats")), max_size=3))
    if caveats:
        parts.append(category("Caveats", R, caveats))
    return Label(
        policy_id=draw(some.sampled_from(["", EXERCISE.id])),
        policy=EXERCISE.name,
        classification=draw(some.sampled_from(["LIMITED", "CONFIDENTIAL", "SECRET"])),
        categories=gathered(parts),
    )


INSTANTS = some.datetimes(
    min_value=datetime.fromisoformat("1990-01-01"),
    max_value=datetime.fromisoformat("2200-01-01"),
    timezones=some.just(UTC),
)
ORIGINATORS = some.none() | some.builds(
    OriginatorID,
    value=some.text(some.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=40),
    type=some.sampled_from(IDType),
)


@some.composite
def successions(draw: some.DrawFn) -> Label:
    """
    A label with up to three successors, the first with or without a review date.
    """
    label = draw(labels())
    for index in range(count := draw(some.integers(1, 3))):
        review_at = draw(some.none() | INSTANTS) if index == count - 1 else None
        later = Succession(at=draw(INSTANTS), label=label, review_at=review_at)
        label = msgspec.structs.replace(draw(labels()), succession=later)
    return label


def normal(label: Label) -> Label:
    """
    A label and its successors in their one form.
    """
    later = label.succession
    found = EXERCISE.normalize(msgspec.structs.replace(label, succession=None))
    if later is None:
        return found
    return msgspec.structs.replace(
        found, succession=msgspec.structs.replace(later, label=normal(later.label))
    )


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """
    The published schema of labels.
    """
    return etree.XMLSchema(etree.fromstring(standard("nl-cl.xsd")))


class TestWriteLabel:
    def test_a_label_is_written_as_the_standard_has_it(self) -> None:
        """
        Policy by name and identifier, lists by name and identifier, in the order of the policy.
        """
        root = etree.fromstring(write_label(SECRET_KOR, EXERCISE, created=NOON, originator=DESK, id="a"))
        assert root.tag == f"{{{LABEL_NAMESPACE}}}originatorConfidentialityLabel"
        assert dict(root.items()) == {"Id": "a", "ReviewDateTime": "2036-10-31T12:00:00Z"}
        policy = root[0][0]
        assert (policy.text, policy.get("URI")) == ("EXERCISE", f"urn:oid:{EXERCISE.id}")
        lists = [
            (each.get("TagName"), each.get("Type"), each.get("URI"), [value.text for value in each])
            for each in list(root[0])[2:]
        ]
        oid = f"urn:oid:{EXERCISE.id}"
        assert lists == [
            ("Caveats", "RESTRICTIVE", f"{oid}.1", ["HERON", "MAPLE"]),
            ("Context", "PERMISSIVE", f"{oid}.2", ["Own", "Releasable"]),
            ("Releasable To", "PERMISSIVE", f"{oid}.3", ["KOR", "JPN"]),
        ]
        assert [etree.QName(each).localname for each in list(root)[1:]] == [
            "OriginatorID",
            "CreationDateTime",
        ]
        assert root[2].text == "2026-11-01T12:00:00Z"

    @given(labels(), ORIGINATORS, some.sampled_from(list(Role)), INSTANTS, some.none() | INSTANTS)
    @settings(deadline=None, max_examples=60)
    def test_any_label_comes_back_and_conforms(
        self, label: Label, originator: OriginatorID, role: Role, created: datetime, review: datetime | None
    ) -> None:
        """
        What was written is read without a fault: label, role, originator and dates.
        """
        data = write_label(
            label, EXERCISE, role=role, originator=originator, created=created, review_at=review
        )
        found = read_document(data)
        assert EXERCISE.normalize(found.label) == EXERCISE.normalize(label)
        assert (found.role, found.originator, found.created) == (role, originator, created)
        assert found.review_at == (review or created + REVIEW_AFTER)
        assert found.faults == () or role is Role.LEGACY

    @given(label=labels() | successions())
    @settings(deadline=None, max_examples=60)
    def test_any_label_is_valid_by_the_schema(self, schema: etree.XMLSchema, label: Label) -> None:
        """
        With successors or without, and with nothing said beside the label, the schema accepts it.
        """
        data = write_label(label, EXERCISE)
        schema.assertValid(etree.fromstring(data))
        assert data == write_label(label, EXERCISE)
        assert not [each for each in read_document(data).faults if "before it begins" not in each]

    @given(label=successions(), created=INSTANTS)
    @settings(deadline=None, max_examples=40)
    def test_any_succession_comes_back(self, label: Label, created: datetime) -> None:
        """
        Successors of successors, dates to the microsecond, and the review date are what they were.
        """
        assert normal(read_label(write_label(label, EXERCISE, created=created))) == normal(label)

    @given(label=labels(), originator=ORIGINATORS, created=INSTANTS)
    @settings(deadline=None, max_examples=40)
    def test_what_stands_beside_a_label_is_valid_by_the_schema(
        self, schema: etree.XMLSchema, label: Label, originator: OriginatorID, created: datetime
    ) -> None:
        """
        Originators of every type, and an Id, are where the schema wants them.
        """
        data = write_label(label, EXERCISE, id="label-1", originator=originator, created=created)
        schema.assertValid(etree.fromstring(data))

    def test_without_an_instant_the_label_is_undated(self) -> None:
        """
        No clock is read: a fixed date stands there, and is always the same.
        """
        found = read_document(write_label(OPEN, EXERCISE))
        assert (found.created, found.review_at) == (UNDATED, UNDATED + REVIEW_AFTER)

    def test_dates_are_written_in_utc(self) -> None:
        """
        An instant given with an offset is the same instant.
        """
        seoul = NOON.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+09:00").tzinfo)
        assert write_label(OPEN, EXERCISE, created=seoul) == write_label(OPEN, EXERCISE, created=NOON)

    @pytest.mark.parametrize(
        "changes",
        [
            {"classification": "COSMIC"},
            {"classification": "secret"},
            {"categories": ()},
            {"policy": "OTHER"},
            {"policy_id": "2.25.1"},
            {"succession": Succession(at=NOON, label=Label(policy="EXERCISE", classification="SECRET"))},
            {"succession": Succession(at=NOON, label=Label(policy="OTHER", classification="OPEN"))},
        ],
    )
    def test_a_label_that_is_not_valid_is_not_written(self, changes: dict[str, object]) -> None:
        """
        Neither it nor its successor may say what the policy does not have.
        """
        write_label(SECRET_KOR, EXERCISE)
        with pytest.raises(MalformedError, match="not valid"):
            write_label(msgspec.structs.replace(SECRET_KOR, **changes), EXERCISE)

    @pytest.mark.parametrize(
        "said",
        [
            {"id": "1a"},
            {"id": "a b"},
            {"id": "#a"},
            {"id": "é"},
            {"originator": OriginatorID(value="desk", type=None)},
            {"created": NOON.replace(tzinfo=None)},
            {"review_at": NOON.replace(tzinfo=None)},
            {"created": datetime(9999, 1, 1, tzinfo=UTC)},
        ],
        ids=str,
    )
    def test_what_the_document_cannot_say_is_not_written(self, said: dict[str, object]) -> None:
        """
        An Id that is none, an originator of no type, and a date without a zone are refused.
        """
        with pytest.raises(MalformedError):
            write_label(OPEN, EXERCISE, **said)  # type: ignore[arg-type]

    def test_a_label_with_a_successor_has_the_review_date_of_its_succession(self) -> None:
        """
        Two review dates would contradict one another; a successor has none of its own.
        """
        later = Succession(at=NOON, label=OPEN, review_at=NOON - timedelta(days=1))
        label = msgspec.structs.replace(SECRET_KOR, succession=later)
        assert read_document(write_label(label, EXERCISE)).review_at == later.review_at
        assert write_label(label, EXERCISE, review_at=later.review_at) == write_label(label, EXERCISE)
        with pytest.raises(MalformedError, match="review"):
            write_label(label, EXERCISE, review_at=NOON)
        again = msgspec.structs.replace(SECRET_KOR, succession=Succession(at=NOON, label=label))
        with pytest.raises(MalformedError, match="review"):
            write_label(again, EXERCISE)

    def test_where_the_time_is_told_the_label_must_be_valid_then(self) -> None:
        """
        A label of a policy that is bounded in time holds when it is put on, a successor when it begins.
        """
        bounded = replace(EXERCISE, window=Window(not_before=NOON, not_after=NOON + timedelta(days=9)))
        write_label(SECRET_KOR, bounded)
        write_label(SECRET_KOR, bounded, created=NOON)
        with pytest.raises(MalformedError, match="not valid"):
            write_label(SECRET_KOR, bounded, created=NOON - timedelta(seconds=1))
        for days, is_valid in ((9, True), (10, False)):
            later = Succession(at=NOON + timedelta(days=days), label=OPEN)
            label = msgspec.structs.replace(SECRET_KOR, succession=later)
            write_label(label, bounded)
            if is_valid:
                write_label(label, bounded, created=NOON)
            else:
                with pytest.raises(MalformedError, match="not valid"):
                    write_label(label, bounded, created=NOON)

    def test_an_originator_of_the_longest_name_is_written(self) -> None:
        """
        The limit is that of reading.
        """
        longest = OriginatorID(value="a" * TEXT_LENGTH_MAX, type=IDType.URI)
        assert read_document(write_label(OPEN, EXERCISE, originator=longest)).originator == longest


class TestPoliciesWithoutCase:
    """The two policies whose documents compare without case; reading the published ones."""

    def nato(self) -> Policy:
        """
        The NATO policy, read leniently.
        """
        return spif.read(standard("NATO-v88.spif.xml"), lenient=True)

    def test_the_spelling_of_the_policy_is_written(self, schema: etree.XMLSchema) -> None:
        """
        A label in small letters is valid there, and written as the SPIF spells it.
        """
        label = Label(
            policy="nato",
            classification="top secret",
            categories=(category("context", P, ["nato"]),),
        )
        data = write_label(label, self.nato(), created=NOON)
        schema.assertValid(etree.fromstring(data))
        found = read_label(data)
        assert (found.policy, found.classification) == ("NATO", "TOP SECRET")
        assert [(part.tag, part.values) for part in found.categories] == [("Context", ("NATO",))]

    def test_letters_beyond_ascii_are_not_folded(self) -> None:
        """
        A value with a letter that folds to a plain one is another value.
        """
        whole = Label(
            policy="NATO", classification="top secret", categories=(category("Context", P, ["NATO"]),)
        )
        write_label(whole, self.nato(), created=NOON)
        folds = msgspec.structs.replace(whole, classification="top \u017fecret")
        with pytest.raises(MalformedError):
            write_label(folds, self.nato(), created=NOON)
