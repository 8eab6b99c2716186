# SPDX-License-Identifier: Apache-2.0

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation import records
from legation.encoding import Canonical, Codec, encode
from legation.errors import MalformedError
from legation.item.portion import Kind, Link, Text
from legation.labels import Act, Change, Explanation, Fault, FaultCode, Reason, ReasonCode
from legation.records import CopyRecord, ItemRecord, OutcomeRecord, PortionRecord, PreviewRecord
from legation.release import DeliveryState
from legation.sdk import HistoryState
from tests.formats.drafts import lines, paragraphs

SIZE_BYTES_MAX = 1 << 20
ITEM = Codec(ItemRecord, size_bytes_max=SIZE_BYTES_MAX, what="item record")
PREVIEW = Codec(PreviewRecord, size_bytes_max=SIZE_BYTES_MAX, what="preview record")

names = st.lists(lines, max_size=3).map(tuple)
faults = st.builds(Fault, code=st.sampled_from(FaultCode), subject=lines, tag=lines, values=names)
reasons = st.builds(
    Reason, code=st.sampled_from(ReasonCode), tag=lines, wanted=names, held=names, fault=st.none() | faults
)
changes = st.lists(
    st.builds(Change, act=st.sampled_from(Act), values=names, tag=lines | st.just("")), max_size=2
).map(tuple)
outcomes = st.builds(
    OutcomeRecord,
    portion=lines,
    mark=lines,
    showing=st.sampled_from(["shown", "covered", "withheld"]),
    reasons=st.lists(reasons, max_size=2).map(tuple),
    why=lines,
    nearest=st.builds(Explanation, of_label=changes, of_clearance=changes),
    change=lines | st.just(""),
)
copies = st.builds(
    CopyRecord,
    addressee=lines,
    copy=st.integers(1, 9),
    banner=lines | st.just(""),
    empty=st.booleans(),
    title_shown=st.booleans(),
    portions=st.lists(outcomes, max_size=2).map(tuple),
)
previews = st.builds(PreviewRecord, draft=lines, copies=st.lists(copies, max_size=2).map(tuple))
portions = st.builds(
    PortionRecord,
    mark=lines,
    code=lines,
    portion=paragraphs | st.builds(Link, item=st.binary(min_size=32, max_size=32)),
)
items = st.builds(
    ItemRecord,
    item=lines,
    document=lines,
    kind=st.sampled_from(Kind),
    time=lines,
    banner=lines,
    portions=st.lists(portions, max_size=3).map(tuple),
    verified=st.booleans(),
    author=lines | st.just(""),
    reference=lines | st.just(""),
    key_state=lines | st.just(""),
)


@given(items)
@settings(deadline=None, max_examples=40)
def test_an_item_comes_back(record: ItemRecord) -> None:
    """
    A client that decodes what a door encoded has the record that the door had.
    """
    assert ITEM.decode(ITEM.encode(record)) == record
    assert msgspec.convert(msgspec.to_builtins(record), ItemRecord) == record


@given(previews)
@settings(deadline=None, max_examples=40)
def test_a_preview_comes_back(record: PreviewRecord) -> None:
    """
    A client that decodes what a door encoded has the record that the door had.
    """
    assert PREVIEW.decode(PREVIEW.encode(record)) == record
    assert msgspec.convert(msgspec.to_builtins(record), PreviewRecord) == record


def test_an_unverified_item_names_no_author() -> None:
    """
    What is not known is absent, not empty; whether the copy was verified is always said.
    """
    said = PortionRecord(mark="(O)", code="7KQ4M2", portion=Text(text="Words."))
    record = ItemRecord(
        item="aa",
        document="bb",
        kind=Kind.REPORT,
        time="now",
        banner="OPEN",
        portions=(said,),
        verified=False,
    )
    assert encode(record) == (
        b'{"banner":"OPEN","document":"bb","item":"aa","kind":"report","portions":'
        b'[{"code":"7KQ4M2","mark":"(O)","portion":{"text":"Words.","type":"text"}}],'
        b'"time":"now","verified":false}'
    )


def test_refuses_fields_nobody_knows() -> None:
    """
    A record of another version is refused, not half read.
    """
    with pytest.raises(MalformedError):
        PREVIEW.decode(b'{"copies":[],"draft":"aa","more":1}')


@pytest.mark.parametrize("name", records.__all__)
def test_a_record_is_frozen_and_explained(name: str) -> None:
    """
    Nobody changes a record on its way, and its docstring names each field that its name does not explain.
    """
    record = getattr(records, name)
    assert issubclass(record, Canonical)
    assert record.__struct_config__.frozen
    explained = set(re.findall(r"``(\w+)``", record.__doc__ or ""))
    assert explained - set(record.__struct_fields__) <= VALUES


NEWS = {"first", "different", "same", "nothing"}
CHANGES = {"gained", "lost", "changed"}
HISTORIES = {each.value for each in HistoryState}
BAGS = {"opened", "packed"}
ADMISSIONS = {"previewed", "proposed", "admitted"}
OFFERS = {"new", "older", "proposed"}
MOVES = {"goes", "wider", "cut", "taken back"}
VALUES = (
    {"shown", "covered", "withheld"}
    | BAGS
    | ADMISSIONS
    | OFFERS
    | MOVES
    | NEWS
    | CHANGES
    | HISTORIES
    | {each.value for each in DeliveryState}
)
"""What docstrings quote that is no field: the values that a field may have."""

# Fields whose name says all: whoever reads the name knows what is in it, in every record.
PLAIN = {
    "accepted_by",
    "added_by",
    "addressee",
    "addressees",
    "addresses",
    "agreement",
    "author",
    "banner",
    "checked",
    "code",
    "confirmed_by",
    "copies",
    "deliveries",
    "digest",
    "draft",
    "entries",
    "faults",
    "fingerprint",
    "grants",
    "id",
    "item",
    "kind",
    "levels",
    "mark",
    "name",
    "office",
    "peers",
    "policies",
    "policy",
    "portion",
    "portions",
    "proposed_by",
    "reference",
    "version",
    "what",
    "where",
}


@pytest.mark.parametrize("name", records.__all__)
def test_every_field_is_explained_or_plain(name: str) -> None:
    """
    A field that does not say itself what is in it is explained by the docstring of its record.
    """
    record = getattr(records, name)
    explained = set(re.findall(r"``(\w+)``", record.__doc__ or ""))
    assert set(record.__struct_fields__) - explained <= PLAIN


def test_no_field_is_plain_that_no_record_has() -> None:
    """
    The list of fields that explain themselves is not longer than it must be.
    """
    fields = {field for name in records.__all__ for field in getattr(records, name).__struct_fields__}
    assert fields >= PLAIN
