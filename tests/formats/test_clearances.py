# SPDX-License-Identifier: Apache-2.0

import base64
import random
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from legation.errors import MalformedError
from legation.formats.clearances import CLEARANCE_SIZE_BYTES_MAX, read, read_any, write
from legation.formats.stanag4774 import read_claim, read_clearance, write_claim, write_clearance
from legation.labels import Category, Clearance, TagType, category, gathered
from tests.formats.hostile import CPU_S_MAX, cpu_s, mutated, refusal
from tests.formats.test_stanag4774 import CLEARANCE, NAMES
from tests.labels.exercise import GRANTS, own

P, R, N = TagType.PERMISSIVE, TagType.RESTRICTIVE, TagType.INFORMATIVE

TOML = """\
# What the desk may see.
policy = "EXERCISE"
policy_id = "2.25.1"
classifications = ["OPEN", "SECRET"]
not_before = 2026-01-01T00:00:00Z
not_after = 2027-06-30T09:00:00+09:00

[restrictive]
Caveats = {id = "2.25.1.1", values = ["HERON"]}

[permissive]
Context = ["Releasable"]
"Releasable To" = ["KOR", "JPN"]

[informative]
Handling = ["STAFF"]
"""

READ = Clearance(
    policy="EXERCISE",
    policy_id="2.25.1",
    classifications=("OPEN", "SECRET"),
    categories=gathered(
        [
            category("Caveats", R, ["HERON"], tag_id="2.25.1.1"),
            category("Context", P, ["Releasable"]),
            category("Releasable To", P, ["KOR", "JPN"]),
            category("Handling", N, ["STAFF"]),
        ]
    ),
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2027, 6, 30, tzinfo=UTC),
)


def changed(old: str, new: str) -> bytes:
    """
    The clearance with one thing changed.
    """
    assert old in TOML
    return TOML.replace(old, new, 1).encode()


class TestRead:
    def test_a_clearance_is_read(self) -> None:
        """
        Policy, levels, lists by how they decide, and both bounds are there.
        """
        assert read(TOML.encode()) == READ

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ('policy_id = "2.25.1"', 'policyid = "2.25.1"', "unknown key `policyid`"),
            ("[restrictive]", "[Restrictive]", "unknown key `Restrictive`"),
            ("[restrictive]", "[excluded]", "unknown key `excluded`"),
            ('policy = "EXERCISE"\npolicy_id = "2.25.1"\n', "", "policy identifier"),
            ('policy = "EXERCISE"', "policy = 1", "`policy` that is no text"),
            ('policy = "EXERCISE"', 'policy = " EXERCISE"', "space around it"),
            ('classifications = ["OPEN", "SECRET"]\n', "", "empty `classifications`"),
            ('["OPEN", "SECRET"]', "[]", "empty `classifications`"),
            ('["OPEN", "SECRET"]', '"SECRET"', "no list of names"),
            ('["OPEN", "SECRET"]', '["OPEN", 1]', "no list of names"),
            ('["OPEN", "SECRET"]', '["OPEN", "OPEN"]', "a name twice"),
            ('["OPEN", "SECRET"]', '["OPEN", ""]', "characters"),
            ('["Releasable"]', "[]", "empty `permissive.Context`"),
            ('["Releasable"]', "true", "no list of names"),
            ('["Releasable"]', '["Rele\u200basable"]', "invisible"),
            ('values = ["HERON"]', 'value = ["HERON"]', "an id and values"),
            ('id = "2.25.1.1"', 'id = ""', "empty `restrictive.Caveats.id`"),
            ("[informative]\n", "[[informative]]\n", "no table"),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "without a time zone"),
            ("2026-01-01T00:00:00Z", "2026-01-01", "without a time zone"),
            ("2026-01-01T00:00:00Z", "00:00:00", "no date and time"),
            ("2026-01-01T00:00:00Z", '"2026-01-01T00:00:00Z"', "no date and time"),
            ("2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z", "ends before it begins"),
            ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "beyond all years"),
            ("Context =", "Context = [\nContext =", "no TOML at line"),
            ("Context =", "Context = []\nContext =", "no TOML"),
            ('["Releasable"]', '["Releasable"', "no TOML at line"),
        ],
    )
    def test_what_is_not_clear_is_refused_by_name(self, old: str, new: str, told: str) -> None:
        """
        A key of another spelling, an empty list, a date without a zone: each is told, by its key.
        """
        with pytest.raises(MalformedError) as caught:
            read(changed(old, new))
        assert told in caught.value.message
        assert "HERON" not in caught.value.message

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\xff",
            b"x=" + b"[" * 60_000,
            b"x=" + b"[" * 1000,
            b"[" + b"a." * 30_000 + b"a]",
            b"\n".join(b"a%d=1" % n for n in range(7000)),
            b"x=" + b"{a=" * 1000,
            b"x=" + b"9" * 60_000,
            b'x="' + b"\\u0041" * 10_000 + b'"',
            b"#" * (CLEARANCE_SIZE_BYTES_MAX + 1),
        ],
        ids=range(10),
    )
    def test_hostile_documents_are_refused_at_once(self, data: bytes) -> None:
        """
        What is deep, long or full of keys costs no more than any refusal.
        """
        assert refusal(read, data) is not None
        assert cpu_s(lambda: refusal(read, data)) < CPU_S_MAX

    def test_broken_documents_are_read_or_refused(self) -> None:
        """
        Of 2,000 documents with something broken, each is read or refused with one kind of error.
        """
        draw, count = random.Random(6), 0
        for _ in range(2000):
            count += refusal(read, mutated(TOML.encode(), draw)) is None
        assert 20 < count < 1900


LISTS = some.lists(
    some.builds(
        category,
        NAMES,
        some.sampled_from(TagType),
        some.lists(NAMES, min_size=1, max_size=3),
        tag_id=some.sampled_from(["", "2.25.3"]),
    ),
    max_size=4,
    unique_by=lambda part: (part.tag, part.type),
)
BOUNDS = some.none() | some.datetimes(
    min_value=datetime.fromisoformat("1990-01-01"),
    max_value=datetime.fromisoformat("2100-01-01"),
    timezones=some.just(UTC),
)


class TestWrite:
    @given(NAMES, some.lists(NAMES, min_size=1, max_size=4, unique=True), LISTS, BOUNDS, BOUNDS)
    @settings(deadline=None, max_examples=60)
    def test_any_clearance_comes_back(
        self,
        policy: str,
        levels: list[str],
        lists: list[Category],
        one: datetime | None,
        other: datetime | None,
    ) -> None:
        """
        Names in any script, dates to the microsecond: the document says just that.
        """
        if one is not None and other is not None:
            one, other = min(one, other), max(one, other)
        clearance = Clearance(
            policy=policy,
            classifications=tuple(levels),
            categories=gathered(lists),
            not_before=one,
            not_after=other,
        )
        data = write(clearance)
        assert read(data) == read_any(data) == clearance
        assert write(read(data)) == data

    @pytest.mark.parametrize("clearance", [*GRANTS.values(), own("KOR"), READ])
    def test_clearances_of_the_stories_come_back(self, clearance: Clearance) -> None:
        """
        What is granted in the stories can be written by hand.
        """
        assert read(write(clearance)) == clearance

    def test_names_that_need_quotes_are_quoted(self) -> None:
        """
        Neither a quote nor a backslash in a name can end it.
        """
        odd = Clearance(
            policy='A "B" \\', classifications=("\\",), categories=(category('"', P, ['\\"', "'"]),)
        )
        assert read(write(odd)) == odd

    @pytest.mark.parametrize(
        "changes",
        [
            {"classifications": ()},
            {"classifications": ("OPEN", "OPEN")},
            {"categories": (category("Caveats", R, []),)},
            {
                "categories": gathered(
                    [category("To", P, ["KOR"], tag_id="2.25.1"), category("To", P, ["KOR"], tag_id="2.25.2")]
                )
            },
            {"not_before": datetime(2030, 1, 1, tzinfo=UTC)},
        ],
    )
    def test_what_would_not_come_back_is_not_written(self, changes: dict[str, object]) -> None:
        """
        An empty list, a list under two identifiers, or bounds in the wrong order are refused.
        """
        with pytest.raises(MalformedError):
            write(msgspec.structs.replace(READ, **changes))


class TestClaim:
    @pytest.mark.parametrize("clearance", [*GRANTS.values(), own("KOR")])
    def test_a_claim_comes_back(self, clearance: Clearance) -> None:
        """
        The value of aciClr is the XML in base64url without padding.
        """
        claim = write_claim(clearance)
        assert read_claim(claim) == read_any(claim.encode()) == clearance
        assert base64.urlsafe_b64decode(claim + "=" * (-len(claim) % 4)) == write_clearance(clearance)
        assert "=" not in claim

    def test_padding_makes_no_difference(self) -> None:
        """
        Both customs of writing base64url are read.
        """
        for spaces in range(3):
            data = CLEARANCE.encode() + b" " * spaces
            assert read_claim(base64.urlsafe_b64encode(data).decode()) == read_clearance(data)
            assert read_claim(base64.urlsafe_b64encode(data).decode().rstrip("=")) == read_clearance(data)

    def test_a_claim_in_another_spelling_is_refused(self) -> None:
        """
        Spaces, the other alphabet, loose bits at the end and padding of another length are no claim.
        """
        data = (CLEARANCE + " " * (-(len(CLEARANCE) - 1) % 3)).encode()  # one byte past a multiple of three
        claim = base64.urlsafe_b64encode(data).decode().rstrip("=")
        assert read_claim(claim) == read_clearance(data)
        loose = claim[:-1] + chr(ord(claim[-1]) + 1)
        standard = base64.b64encode(data + b"\xff\xfe?>").decode()
        for other in (loose, f"{claim}=", f" {claim}", f"{claim}\n", f"{claim}===", standard, "", "A", "é"):
            with pytest.raises(MalformedError):
                read_claim(other)

    def test_what_is_in_the_claim_is_a_clearance_or_refused(self) -> None:
        """
        The XML in it is read as strictly as anywhere.
        """
        for inside in (b"<r/>", b"PALISADE", CLEARANCE.replace("PERMISSIVE", "permissive").encode()):
            with pytest.raises(MalformedError) as caught:
                read_claim(base64.urlsafe_b64encode(inside).decode())
            assert "PALISADE" not in caught.value.message

    def test_a_claim_that_is_too_long_is_refused(self) -> None:
        """
        The limit is that of the clearance in it.
        """
        with pytest.raises(MalformedError, match="too long"):
            read_claim("A" * 400_000)


class TestReadAny:
    def test_each_form_is_told_by_its_bytes(self) -> None:
        """
        XML, with or without a byte order mark, a claim with a line end, and TOML.
        """
        held = read_clearance(CLEARANCE.encode())
        assert read_any(b"\xef\xbb\xbf" + CLEARANCE.encode()) == held
        assert read_any(write_claim(held).encode() + b"\n") == held
        assert read_any(write(held)) == held

    @given(some.binary(max_size=200))
    def test_any_bytes_are_refused(self, data: bytes) -> None:
        """
        Bytes by chance are no clearance in any form.
        """
        assert refusal(read_any, data) is not None
