# SPDX-License-Identifier: Apache-2.0
"""How ``legation verify`` holds files against cards: one, or several and what they say of one another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from legation.cli.output import DONE, NOT_VERIFIED, emit

if TYPE_CHECKING:
    from legation.errors import VerificationError
    from legation.keys.card import Card
    from legation.labels import Policies
    from legation.records import FileRecord, HistoryRecord
    from legation.sdk import History, Kind, SignedCheckpoint, SignedGrowth, View, Withdrawn


@dataclass(frozen=True, kw_only=True)
class Held:
    """A file that holds: as what, its record and text, and what of it may concern other files."""

    kind: "Kind"
    record: Any
    text: str
    view: "View | None" = None
    note: "SignedCheckpoint | None" = None
    growth: "SignedGrowth | None" = None
    withdrawn: "Withdrawn | None" = None


def hold(data: bytes, payload: bytes | None, cards: "Sequence[Card]", policies: "Policies") -> Held:
    """
    Hold a file against cards, as what it claims to be.

    Raises:
        VerificationError: Anything about it does not hold, be it that the bytes are nothing at all.
    """
    from legation.errors import MalformedError, VerificationError
    from legation.sdk import Kind, recognise

    kind = recognise(data)
    if payload is not None and kind is not Kind.PROOF:
        raise click.UsageError("--payload belongs to a proof, and the file is none")
    try:
        if kind is Kind.PROOF:
            return hold_proof(data, payload, cards, policies)
        if kind is Kind.NOTE:
            return _hold_note(data, cards)
        if kind is Kind.GROWTH:
            return _hold_growth(data, cards)
        if kind is Kind.WITHDRAWAL:
            return _hold_withdrawal(data, cards)
        if kind is Kind.DESTRUCTION:
            return _hold_destruction(data, cards)
        return _hold_copy(data, kind, cards, policies)
    except MalformedError as error:
        # Asked whether it holds, what is no such file gets the same answer as an altered one.
        raise VerificationError(error.message, hint=error.hint) from None


def hold_proof(data: bytes, payload: bytes | None, cards: "Sequence[Card]", policies: "Policies") -> Held:
    """
    Hold a proof against cards.

    Raises:
        LegationError: It does not hold.
    """
    from legation.cli.proof_text import proof_text
    from legation.node.files import verification_record
    from legation.node.surroundings import HERE
    from legation.sdk import Kind, proof_record, verify_proof

    found = verify_proof(data, cards, payload=payload)
    view = None if found.view is None else verification_record(found.view, policies, HERE.now())
    record = proof_record(found, view=view)
    return Held(kind=Kind.PROOF, record=record, text=proof_text(record), view=found.view, note=found.note)


def _hold_note(data: bytes, cards: "Sequence[Card]") -> Held:
    from legation.cli.proof_text import checkpoint_text
    from legation.sdk import Kind, checkpoint_record, verify_note

    found = verify_note(data, cards)
    record = checkpoint_record(found)
    return Held(kind=Kind.NOTE, record=record, text=checkpoint_text(record), note=found)


def _hold_growth(data: bytes, cards: "Sequence[Card]") -> Held:
    from legation.cli.proof_text import checkpoint_text, grown_text
    from legation.sdk import Kind, growth_record, verify_growth

    found = verify_growth(data, cards)
    record = growth_record(found)
    text = f"{checkpoint_text(record.note)}\n{grown_text(record)}"
    return Held(kind=Kind.GROWTH, record=record, text=text, growth=found)


def _hold_withdrawal(data: bytes, cards: "Sequence[Card]") -> Held:
    from legation.cli.proof_text import withdrawal_text
    from legation.sdk import Kind, verify_withdrawal, withdrawal_record

    found = verify_withdrawal(data, cards)
    record = withdrawal_record(found)
    return Held(kind=Kind.WITHDRAWAL, record=record, text=withdrawal_text(record), withdrawn=found)


def _hold_destruction(data: bytes, cards: "Sequence[Card]") -> Held:
    from legation.cli.proof_text import destruction_text
    from legation.sdk import Kind, destruction_record, verify_destruction

    record = destruction_record(verify_destruction(data, cards))
    return Held(kind=Kind.DESTRUCTION, record=record, text=destruction_text(record))


def _hold_copy(data: bytes, kind: "Kind", cards: "Sequence[Card]", policies: "Policies") -> Held:
    from legation.cli.tables import verification_text
    from legation.node.files import verification_record, view_in
    from legation.node.surroundings import HERE
    from legation.sdk import verify_view

    view = verify_view(view_in(data), cards)
    record = verification_record(view, policies, HERE.now())
    return Held(kind=kind, record=record, text=verification_text(record), view=view)


def verify_files(
    files: Iterable[tuple[str, bytes]], cards: "Sequence[Card]", policies: "Policies", *, as_json: bool
) -> int:
    """Hold several files against cards, print each verdict and what they say of one another; gives the exit code."""
    from legation.cli.proof_text import files_text
    from legation.errors import VerificationError
    from legation.records import FilesRecord
    from legation.sdk import HistoryState, histories

    outcomes: dict[str, Held | VerificationError] = {}
    for name, data in files:
        try:
            outcomes[name] = hold(data, None, cards, policies)
        except VerificationError as error:
            outcomes[name] = error
    held = {name: each for name, each in outcomes.items() if isinstance(each, Held)}
    compared = histories(
        [each.note for each in held.values() if each.note is not None],
        [each.growth for each in held.values() if each.growth is not None],
    )
    is_one = all(each.state not in {HistoryState.FORK, HistoryState.BROKEN} for each in compared)
    withdrawals = [each.withdrawn for each in held.values() if each.withdrawn is not None]
    told = FilesRecord(
        verified=len(held) == len(outcomes) and is_one,
        files=tuple(_file_record(name, each, withdrawals) for name, each in outcomes.items()),
        histories=tuple(_history_record(each, held) for each in compared),
    )
    texts = {name: each.text for name, each in held.items()}
    emit(told, files_text(told, texts), as_json=as_json)
    return DONE if told.verified else NOT_VERIFIED


def _file_record(
    name: str, outcome: "Held | VerificationError", withdrawals: "Sequence[Withdrawn]"
) -> "FileRecord":
    from legation.records import FileRecord
    from legation.sdk import is_withdrawn

    if not isinstance(outcome, Held):
        return FileRecord(file=name, verified=False, message=outcome.message, hint=outcome.hint)
    return FileRecord(
        file=name,
        verified=True,
        withdrawn=outcome.view is not None and is_withdrawn(outcome.view, withdrawals),
        **{_FIELDS.get(outcome.kind.value, outcome.kind.value): outcome.record},
    )


_FIELDS = {"view": "copy", "payload": "copy"}
"""Where the record of a file of some kind goes, if not to the field that is called like it."""


def _history_record(found: "History", held: Mapping[str, Held]) -> "HistoryRecord":
    from legation.records import HistoryRecord

    def name(note: "SignedCheckpoint") -> str:
        return next(
            name
            for name, each in held.items()
            if note is each.note or (each.growth is not None and note is each.growth.note)
        )

    return HistoryRecord(
        office=str(found.one.writer.office),
        origin=found.one.checkpoint.origin,
        files=(name(found.one), name(found.other)),
        sizes=(found.one.checkpoint.size, found.other.checkpoint.size),
        state=found.state.value,
    )
