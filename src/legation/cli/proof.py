# SPDX-License-Identifier: Apache-2.0
"""``legation receipt`` and ``log``: proofs for outsiders."""

from pathlib import Path
from typing import Any

import click

from legation.cli.folder import dir_option, opened
from legation.cli.output import PATH, emit, json_option


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
    from legation.cli.verified import hold_proof
    from legation.node.desk.proving import prove_receipt
    from legation.node.disk import write_file
    from legation.node.files import policies_with
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
        held = hold_proof(found.proof, found.payload, [home.card, found.holder], policies_with([]))
    made, text = list[Path](), held.text
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
    emit(held.record, text, as_json=as_json)


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
    help="Where the signed checkpoint goes; with --proof (.tlog-proof) or --since, the proof with it inside.",
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
    from legation.cli.verified import hold_proof
    from legation.log import Growth, write_growth
    from legation.node.desk.proving import prove_log_entry, prove_log_growth, sign_log
    from legation.node.disk import write_file
    from legation.node.files import policies_with
    from legation.sdk import checkpoint_record, growth_record, verify_checkpoint, verify_growth

    if number is not None and old_size is not None:
        raise click.UsageError("--proof and --since are two proofs: ask for one at a time")
    found: Any
    with opened(folder) as home:
        ours: dict[str, Any] = {"card": home.card, "signing": home.signing, "database": home.database}
        # What is given out is verified first, as whoever gets it will.
        if number is not None:
            data = prove_log_entry(number, **ours)
            held = hold_proof(data, None, [home.card], policies_with([]))
            found, text = held.record, held.text
        elif old_size is not None:
            note, hashes = prove_log_growth(old_size, **ours)
            data = write_growth(Growth(old_size=old_size, hashes=tuple(hashes), note=note))
            found = growth_record(verify_growth(data, [home.card]))
            text = f"{checkpoint_text(found.note)}\n{growth_text(found)}"
        else:
            data = sign_log(**ours)
            found = checkpoint_record(verify_checkpoint(data, home.card))
            text = checkpoint_text(found)
    if output is not None:
        write_file(output, data, new=True)
        text += f"\n{output}: {len(data)} bytes"
    emit(found, text, as_json=as_json)
