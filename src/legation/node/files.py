# SPDX-License-Identifier: Apache-2.0
"""
The main job on files, without a node's folder: write, preview, sign, cut, read and verify.

Each function takes bytes and gives values; the doors read and write the files.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from legation.errors import MalformedError, RefusedError
from legation.exchange import read_view
from legation.formats import markdown, spif, stanag4774
from legation.formats.shipped import AT_HAND, shipped
from legation.item.attachment import measured
from legation.item.draft import Draft, DraftPortion, Variant, VariantKind
from legation.item.draws import SECRET_SIZE_BYTES, SecretDraws, digest_signed
from legation.item.portion import Withheld
from legation.item.reference import reference
from legation.item.shape import DOCUMENT_SIZE_BYTES
from legation.item.signing import sign
from legation.item.substance import Substance
from legation.item.variants import close
from legation.item.view import Contents, View, ViewPortion, inspect, verify
from legation.keys.card import Card
from legation.labels import Policies, Policy, Reader, portion_mark, validate
from legation.node.disk import read_file
from legation.node.keys.keyring import OfficeKeys
from legation.node.surroundings import Surroundings
from legation.records import (
    CopyRecord,
    ItemRecord,
    OutcomeRecord,
    PortionRecord,
    PreviewRecord,
    VerificationRecord,
)
from legation.release import AddresseeCopy, PortionOutcome, Preview, disclose, disclosure_banner, preview
from legation.words import english


def policies_with(files: Iterable[bytes]) -> Policies:
    """
    The shipped policies and those of the given SPIF files, read strictly.

    Raises:
        MalformedError: A file is not a valid SPIF, or two claim to be one policy.
    """
    return Policies([*map(shipped, AT_HAND), *(spif.read(data) for data in files)])


def check_policy(data: bytes, *, lenient: bool) -> Policy:
    """
    Read a SPIF file; a lenient reading lists in ``faults`` what it forgave.

    Raises:
        MalformedError: ``faults`` names everything that is wrong and not forgiven.
    """
    return spif.read(data, lenient=lenient)


def find_policy(name: str, policies: Policies) -> Policy:
    """
    Find a policy at hand by name, or read the SPIF file of this path.

    Raises:
        MalformedError: The file is not a valid SPIF, or two policies at hand have this name.
        OSError: It is neither.
    """
    found = policies.named(name)
    return found if found is not None else spif.read(read_file(Path(name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A report that was read and signed: the draft, the item's bytes, and the item opened."""

    draft: Draft
    item: bytes
    contents: Contents
    reference: str


def compose(
    report: bytes,
    keys: OfficeKeys,
    policies: Policies,
    around: Surroundings,
    measure: markdown.Measure = markdown.no_files,
) -> Composed:
    """
    Read a report, sign it as a new document, and look at the result as anybody would.

    Its attachments are measured and stay where they are.

    Raises:
        MalformedError: ``faults`` names every line that is wrong.
    """
    draft = markdown.read(report, policies, party=keys.party, measure=measure)
    document, time = around.random(DOCUMENT_SIZE_BYTES), int(around.now().timestamp())
    fresh = around.random(SECRET_SIZE_BYTES)
    draws = SecretDraws(keys.draws, fresh, digest_signed(draft.digest, document, time))
    item = sign(draft, document=document, time=time, signer=keys.item_signer, draws=draws)
    contents = inspect(item)
    spoken = reference(keys.office, contents.time, contents.item_id)
    return Composed(draft=draft, item=item, contents=contents, reference=spoken)


def format_report(report: bytes, policies: Policies) -> bytes:
    """
    Write a report in its one form; what it names to be attached need not be there.

    Raises:
        MalformedError: ``faults`` names every line that is wrong.
    """
    # What a file measures stands in no report.
    draft = markdown.read(report, policies, party=None, measure=lambda _: measured(()))
    policy = policies.resolve(draft.policies[0])
    assert policy is not None, "a report was read under a policy at hand"
    return markdown.write(draft, policy)


def as_report(said: Substance, policies: Policies) -> bytes:
    """
    Write what a copy says as a report, without addressees.

    Raises:
        MalformedError: It says what a report in Markdown cannot: labels of several policies, a withheld
            line of which nothing fuller is there.
    """
    named = tuple(dict.fromkeys(each.policy for each in said.portions))
    draft = Draft(kind=said.kind, policies=named, portions=tuple(_as_drafted(said)))
    if frozenset(close(draft.fuller)) != said.fuller:
        raise MalformedError("what stands for what in this item cannot be said in a report")
    policy = policies.resolve(named[0])
    if policy is None:
        raise MalformedError(f"the policy {named[0].id} version {named[0].version} is not at hand")
    return markdown.write(draft, policy)


def _as_drafted(said: Substance) -> Iterator[DraftPortion]:
    """Give portions with what they stand for: the nearest one before that is as full, in their group."""
    start = 0
    for place, each in enumerate(said.portions):
        near = _stood_for(said, start, place)
        if near is None:
            start = place
            yield DraftPortion(label=each.label, portion=each.portion)
        elif isinstance(each.portion, Withheld):
            variant = Variant(kind=VariantKind.WITHHELD)
            yield DraftPortion(label=each.label, portion=each.portion, variant=variant)
        else:
            is_equal = (place, near) in said.fuller
            kind = VariantKind.TRANSLATION if is_equal else VariantKind.TEARLINE
            yield DraftPortion(
                label=each.label, portion=each.portion, variant=Variant(kind=kind, of=place - near)
            )


def _stood_for(said: Substance, start: int, place: int) -> int | None:
    """The portion that one stands for, of translations of each other the first; None if it stands alone."""
    fuller = [other for other in range(start, place) if (other, place) in said.fuller]
    if not fuller:
        return None
    near = fuller[-1]
    return min([near, *(each for each in fuller if {(each, near), (near, each)} <= said.fuller)])


def preview_report(
    report: bytes,
    addressees: Sequence[tuple[str, bytes]],
    policies: Policies,
    around: Surroundings,
    *,
    party: str | None = None,
    measure: markdown.Measure = markdown.no_files,
) -> PreviewRecord:
    """
    Read a report and work out every addressee's copy of it, with the reasons in words.

    Args:
        report: Portion-marked Markdown.
        addressees: Their names and their clearances in XML.
        policies: The policies at hand.
        around: Whose clock says at which instant the clearances are looked at.
        party: The author's party, if its lists are to be checked too.
        measure: Measures the files that it names.

    Raises:
        MalformedError: The report or a clearance is not what it claims to be.
    """
    draft = markdown.read(report, policies, party=party, measure=measure)
    now = around.now()
    return preview_record(preview(draft, policies, [reader_of(name, data, now) for name, data in addressees]))


def preview_record(found: Preview) -> PreviewRecord:
    """Say a preview in words."""
    return PreviewRecord(draft=found.draft.hex(), copies=tuple(map(_copy_record, found.copies)))


def _copy_record(copy: AddresseeCopy) -> CopyRecord:
    return CopyRecord(
        addressee=copy.addressee,
        copy=copy.number,
        banner=copy.banner,
        empty=copy.is_empty,
        title_shown=copy.title_shown,
        portions=tuple(map(_outcome_record, copy.portions)),
    )


def _outcome_record(outcome: PortionOutcome) -> OutcomeRecord:
    return OutcomeRecord(
        portion=outcome.portion,
        mark=outcome.mark,
        showing=outcome.showing.value,
        reasons=outcome.decision.reasons,
        why=english.decision(outcome.decision),
        nearest=outcome.nearest,
        change="" if outcome.decision.permitted else english.nearest(outcome.nearest),
    )


def reader_of(name: str, clearance: bytes, at: datetime) -> Reader:
    """Make a reader from a clearance in XML."""
    return Reader(name=name, clearances=(stanag4774.read_clearance(clearance),), at=at)


def cut_item(data: bytes, clearance: bytes, policies: Policies, around: Surroundings) -> bytes:
    """
    Take the cut that the holder of a clearance may be handed.

    Raises:
        MalformedError: The item or the clearance is not what it claims to be.
        ProofError: The item's leaves do not lead to its root.
        RefusedError: Nothing of its body may be shown.
    """
    return disclose(inspect(data), policies, reader_of("holder", clearance, around.now()))


def show(data: bytes, policies: Policies, cards: Sequence[Card], languages: Sequence[str] = ()) -> ItemRecord:
    """
    Open a copy for the person who holds it; with cards it is verified first.

    Args:
        data: The bytes of an item or a cut, or of a payload with one in it.
        policies: The policies at hand.
        cards: The pinned cards; none opens the copy unverified, and the record says so.
        languages: The reader's languages, best first.

    Raises:
        MalformedError: The bytes are not a view.
        VerificationError: The copy does not hold, or its author is in none of the cards.
        RefusedError: A portion is marked under a policy that is not at hand.
    """
    view = view_in(data)
    return item_record(verify(view, cards) if cards else inspect(view), policies, languages)


def item_record(contents: Contents, policies: Policies, languages: Sequence[str] = ()) -> ItemRecord:
    """
    Say what a view shows; that it is verified only if it is a ``View``.

    Raises:
        RefusedError: A portion is marked under a policy that is not at hand.
    """
    shown = tuple(_portion(policies, each) for each in contents.shown(languages))
    named = [(layer.policy, layer.label) for layer in contents.layers]
    record = ItemRecord(
        item=contents.item_id.hex(),
        document=contents.document.hex(),
        kind=contents.kind,
        time=datetime.fromtimestamp(contents.time, UTC).isoformat(),
        banner=disclosure_banner(policies, named),
        portions=shown,
        verified=False,
    )
    return _signed_by(record, contents) if isinstance(contents, View) else record


def view_in(data: bytes) -> bytes:
    """
    The view in what an entry of a stream brought, as it was written to a file; anything else as it is.

    Raises:
        MalformedError: It begins as such a payload and is none.
    """
    # The length of a slip stands first, in four bytes, and is below 65,536.
    return read_view(data)[1] if data.startswith(b"\x00\x00") else data


def verification_record(view: View, policies: Policies, now: datetime) -> VerificationRecord:
    """Say what holds of a verified view, and how many of its layers can be judged now."""
    valid = [
        layer
        for layer in view.layers
        if (policy := policies.resolve(layer.policy)) and not validate(policy, layer.label, at=now)
    ]
    return VerificationRecord(
        verified=True,
        author=str(view.author),
        reference=view.reference,
        item=view.item_id.hex(),
        document=view.document.hex(),
        key_state=view.key_state.value,
        portions=len(view.portions),
        layers=len(view.layers),
        valid=len(valid),
    )


def _signed_by(record: ItemRecord, view: View) -> ItemRecord:
    return replace(
        record,
        verified=True,
        author=str(view.author),
        reference=view.reference,
        key_state=view.key_state.value,
    )


def _portion(policies: Policies, each: ViewPortion) -> PortionRecord:
    policy = policies.resolve(each.policy)
    if policy is None:
        raise RefusedError(
            f"the policy {each.policy.id} version {each.policy.version} is not at hand",
            hint="give its SPIF with --policy",
        )
    return PortionRecord(mark=portion_mark(policy, each.label), code=each.code, portion=each.portion)
