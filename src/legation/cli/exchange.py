# SPDX-License-Identifier: Apache-2.0
"""``legation release``, ``withdraw``, ``deliveries``, ``pull``, ``push`` and ``inbox``: what goes out and comes in."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli.folder import by_option, dir_option, opened
from legation.cli.output import PATH, emit, json_option

if TYPE_CHECKING:
    from legation.records import DeliveriesRecord


@click.command()
@click.argument("draft")
@by_option
@click.option(
    "--seen",
    default="",
    metavar="PREVIEW",
    help="The id of the preview that was looked at; refuse any other.",
)
@dir_option
@json_option
def release(draft: str, by: str, seen: str, folder: Path | None, as_json: bool) -> None:
    """
    Sign DRAFT (its id, or the beginning of it) and let it go to its addressees.

    Each gets, when it pulls, at most what the preview shows now.
    """
    from legation.cli.tables import released_text
    from legation.node.desk.drafting import typed_digest
    from legation.node.desk.releasing import release as release_draft
    from legation.node.desk.releasing import released_record
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = release_draft(
            draft,
            by=by,
            seen=typed_digest(seen) if seen else None,
            card=home.card,
            database=home.database,
            blobs=home.blobs,
            signing=home.signing,
            around=HERE,
        )
    record = released_record(found)
    emit(record, released_text(record), as_json=as_json)


@click.command()
@click.argument("item")
@by_option
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Where the withdrawal goes as a file too.")
@dir_option
@json_option
def withdraw(item: str, by: str, output: Path | None, folder: Path | None, as_json: bool) -> None:
    """
    Withdraw ITEM, which was released here: its reference, its id, or the beginning of it.

    It is in no list any more, its text is shown to nobody here, and no copy of it goes to anybody. It is kept.
    Those who have it, or may have, are told in their streams; deliveries says whose registry has received that, and
    who certifies to have destroyed it. The file is for those who are reached by no stream: notice takes it in, and
    anybody can verify it.
    """
    from legation.cli.tables import withdrawn_text
    from legation.node.surroundings import HERE
    from legation.node.withdrawal.withdrawing import withdraw_item

    if output is not None and output.exists():
        raise click.UsageError(f"`{output}` is there already: expected another name for the withdrawal")
    with opened(folder) as home:
        found = withdraw_item(
            item, by=by, card=home.card, database=home.database, signing=home.signing, around=HERE
        )
    if output is not None:
        from legation.node.disk import write_file

        write_file(output, found.withdrawal, public=True, new=True)
    emit(found, withdrawn_text(found), as_json=as_json)


@click.command()
@click.option(
    "--certificates",
    type=PATH,
    metavar="FOLDER",
    help="Where certificates of destruction go, each as a file, to be verified.",
)
@dir_option
@json_option
def deliveries(certificates: Path | None, folder: Path | None, as_json: bool) -> None:
    """Show what became of everything that was released: to whom, how far, and why; and who has destroyed it since."""
    from legation.cli.tables import deliveries_text
    from legation.node.desk.reading import read_deliveries
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = read_deliveries(database=home.database, around=HERE)
    if certificates is not None:
        _write_certificates(certificates, found)
    emit(found, deliveries_text(found), as_json=as_json)


def _write_certificates(folder: Path, found: "DeliveriesRecord") -> None:
    """Write each certificate as a file of its own; one that is there already is the same."""
    from legation.node.disk import write_file

    folder.mkdir(exist_ok=True)
    for each in found.deliveries:
        if each.certificate is not None:
            name = f"{each.item[:16]} {each.certificate.office}.destruction"
            write_file(folder / name, each.certificate.data, public=True)


@click.command()
@click.argument("office", required=False)
@dir_option
@json_option
def pull(office: str | None, folder: Path | None, as_json: bool) -> int:
    """
    Ask OFFICE (or every confirmed peer with an address) for what is new, and take it in.

    Leaves with the code of the first failure; the others are asked all the same.
    """
    from legation.cli.output import exit_code, tell
    from legation.cli.tables import pulled_text
    from legation.node.service.serving import pull_all
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = pull_all(home, office, HERE)
    emit(found.record, pulled_text(found.record), as_json=as_json)
    for each in found.errors:
        tell(each.message, hint=each.hint)
    return exit_code(found.errors[0]) if found.errors else 0


@click.command()
@click.argument("office", required=False)
@dir_option
@json_option
def push(office: str | None, folder: Path | None, as_json: bool) -> int:
    """
    Bring OFFICE (or every confirmed peer with an address) what waits for it, and its receipt back.

    For peers that cannot come for it, because the line between lets only us through. Leaves with the code of the
    first failure; the others are pushed to all the same.
    """
    from legation.cli.output import exit_code, tell
    from legation.cli.tables import pushed_text
    from legation.node.service.serving import push_all
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = push_all(home, office, HERE)
    emit(found.record, pushed_text(found.record), as_json=as_json)
    for each in found.errors:
        tell(each.message, hint=each.hint)
    return exit_code(found.errors[0]) if found.errors else 0


@click.command()
@dir_option
@json_option
def inbox(folder: Path | None, as_json: bool) -> None:
    """List what came in, as the mission's own people may see it, newest first."""
    from legation.cli.tables import inbox_text
    from legation.node.desk.reading import read_inbox
    from legation.node.surroundings import HERE

    with opened(folder) as home:
        found = read_inbox(home.office, card=home.card, database=home.database, around=HERE)
    emit(found, inbox_text(found), as_json=as_json)
