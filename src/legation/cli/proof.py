# SPDX-License-Identifier: Apache-2.0
"""``legation receipt`` and ``log``: proofs for outsiders; and how ``verify`` holds them against cards."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from legation.cli.folder import dir_option, opened
from legation.cli.output import PATH, emit, json_option

if TYPE_CHECKING:
    from legation.keys.card import Card
    from legation.labels import Policies
    from legation.records import ProofRecord


@click.command()
@click.argument("item")
@click.argument("office")
@click.option(
    "-o",
    "--output",
    type=PATH,
    metavar="PROOF",
    help="Where the proof goes; its name ends in .tlog-proof. Without it, it is only said what is proven.",
)
@click.option(
    "--payload",
    "payload_file",
    type=PATH,
    metavar="PAYLOAD",
    help="Where a copy of what was handed over goes, to be shown with the proof.",
)
@dir_option
@json_option
def receipt(
    *,
    item: str,
    office: str,
    output: Path | None,
    payload_file: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """
    Write the proof that OFFICE has receipted ITEM (its reference or id), for whoever has both cards.

    Leaves with 1 if there is no receipt yet. With --payload it also writes slip and copy, byte for byte.
    """
    from legation.node.disk import write_file
    from legation.node.files import policies_with
    from legation.node.proving import prove_receipt
    from legation.node.surroundings import HERE

    if output is not None and payload_file is not None and output.resolve() == payload_file.resolve():
        raise click.UsageError("the proof and the payload are two files: give them two names")
    with opened(folder) as home:
        found = prove_receipt(
            item,
            office,
            with_payload=payload_file is not None,
            card=home.card,
            database=home.database,
            blobs=home.blobs,
            around=HERE,
        )
        # What is given out is verified first, as whoever gets it will.
        record, text = verified_proof(
            found.proof, found.payload, [home.card, found.holder], policies_with([])
        )
    made: list[Path] = []
    try:
        for path, data in ((output, found.proof), (payload_file, found.payload)):
            if path is not None and data is not None:
                write_file(path, data, new=True)
                made.append(path)
                text += f"\n{path}: {len(data)} bytes"
    except OSError:
        for path in made:
            path.unlink()  # made a moment ago; both are there, or none
        raise
    emit(record, text, as_json=as_json)


@click.command()
@click.option("--proof", "number", type=click.IntRange(0), metavar="N", help="Prove entry N, from 0.")
@click.option(
    "--since", "old_size", type=click.IntRange(1), metavar="SIZE", help="Prove that it only grew since SIZE."
)
@click.option(
    "-o",
    "--output",
    type=PATH,
    metavar="FILE",
    help="Where the signed checkpoint goes, or with --proof the proof (.tlog-proof).",
)
@dir_option
@json_option
def log(
    *, number: int | None, old_size: int | None, output: Path | None, folder: Path | None, as_json: bool
) -> None:
    """
    Sign how many entries the node's own log has, and their root; once for a size.

    The log says what was done, in order, as hashes, and nothing that was said.
    """
    from legation.cli.proof_text import checkpoint_text, growth_text
    from legation.node.disk import write_file
    from legation.node.files import policies_with
    from legation.node.proving import prove_log_entry, prove_log_growth, sign_log
    from legation.sdk import checkpoint_record, verify_checkpoint

    if number is not None and old_size is not None:
        raise click.UsageError("--proof and --since are two proofs: ask for one at a time")
    found: Any
    with opened(folder) as home:
        ours: dict[str, Any] = {"card": home.card, "signing": home.signing, "database": home.database}
        if number is not None:
            data = prove_log_entry(number, **ours)
            found, text = verified_proof(data, None, [home.card], policies_with([]))
        else:
            data, hashes = prove_log_growth(old_size, **ours) if old_size else (sign_log(**ours), [])
            found = checkpoint_record(verify_checkpoint(data, home.card))
            text = checkpoint_text(found)
            if old_size is not None:
                found = {"note": found, "since": old_size, "hashes": [each.hex() for each in hashes]}
                text += growth_text(old_size, hashes)
    if output is not None:
        write_file(output, data, new=True)
        text += f"\n{output}: {len(data)} bytes"
    emit(found, text, as_json=as_json)


def verified_file(
    data: bytes, payload: bytes | None, cards: "Sequence[Card]", policies: "Policies"
) -> tuple[Any, str]:
    """
    Hold a file against cards, as what it claims to be; gives its record and its text.

    Raises:
        VerificationError: Anything about it does not hold, be it that the bytes are nothing at all.
    """
    from legation.cli.proof_text import checkpoint_text
    from legation.cli.tables import verification_text
    from legation.errors import MalformedError, VerificationError
    from legation.node.files import verify_copy
    from legation.node.surroundings import HERE
    from legation.sdk import Kind, checkpoint_record, recognise, verify_note

    kind = recognise(data)
    if payload is not None and kind is not Kind.PROOF:
        raise click.UsageError("--payload belongs to a proof, and the file is none")
    try:
        if kind is Kind.PROOF:
            return verified_proof(data, payload, cards, policies)
        if kind is Kind.NOTE:
            note = checkpoint_record(verify_note(data, cards))
            return note, checkpoint_text(note)
    except MalformedError as error:
        # Asked whether it holds, what is no such file gets the same answer as an altered one.
        raise VerificationError(error.message, hint=error.hint) from None
    copy = verify_copy(data, cards, policies, HERE)
    return copy, verification_text(copy)


def verified_proof(
    data: bytes, payload: bytes | None, cards: "Sequence[Card]", policies: "Policies"
) -> "tuple[ProofRecord, str]":
    """
    Hold a proof against cards; gives its record and its text.

    Raises:
        LegationError: It does not hold.
    """
    from legation.cli.proof_text import proof_text
    from legation.node.files import verification_record
    from legation.node.surroundings import HERE
    from legation.sdk import proof_record, verify_proof

    found = verify_proof(data, cards, payload=payload)
    view = None if found.view is None else verification_record(found.view, policies, HERE.now())
    record = proof_record(found, view=view)
    return record, proof_text(record)
