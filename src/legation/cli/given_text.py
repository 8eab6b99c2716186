# SPDX-License-Identifier: Apache-2.0
"""
What a correspondent was given, and what it would gain, told for the terminal.
"""

from collections.abc import Iterator, Sequence

from legation.records import AdmissionRecord, BackFileRecord, GainRecord, GivenEntryRecord, GivenRecord

SHOWN_MAX = 20  # of each list of a gain; --json has more


def given_text(found: GivenRecord) -> str:
    """List copies, three lines each; how to go on, if there is more."""
    lines = [line for each in found.entries for line in _given_lines(each)]
    if found.next:
        lines.append(f"there is more: --after {found.next}")
    return "\n".join(lines) or f"{found.office} was given nothing yet"


def _given_lines(each: GivenEntryRecord) -> Iterator[str]:
    place = f"entry {each.number}" if each.copy is None else f"copy {each.copy}"
    of = f" of {each.author}, passed on" if each.author else ""
    late = ", back-file" if each.back_file else ""
    yield each.banner
    yield f"{'*' if each.has else ' '} {each.reference}{of}   {place}, {each.handed}{late}: {each.why}"
    receipt = f"; receipted {each.receipted}" if each.receipted else ""
    named = f" ({each.receipt})" if each.receipt else ""
    yield f"  released by {each.released_by}, {each.released}{receipt}{named}"


def gain_text(found: GainRecord) -> str:
    """Say what a grant would open and close, what would move, and what could be admitted."""
    lines = [f"{found.office} with {', '.join(found.levels)} of {found.policy}"]
    lines += _marks("labels that it would see besides", found.gains, found.gain_count)
    lines += _marks("labels that it would no longer see", found.loses, found.loss_count)
    lines.append(f"deliveries that would change by themselves: {found.move_count}")
    shown = found.moves[:SHOWN_MAX]
    lines += [f"  {each.reference}   {each.becomes}: {each.banner}" for each in shown]
    lines += _rest(found.move_count - len(shown))
    lines.append(f"documents of ours that would go only if they are admitted: {found.back_file_count}")
    more = found.back_file[:SHOWN_MAX]
    lines += [line for each in more for line in _back_file_lines(each)]
    lines += _rest(found.back_file_count - len(more))
    return "\n".join([*lines, "What they have stays with them.", f"preview {found.preview}"])


def _marks(what: str, listed: Sequence[str], count: int) -> list[str]:
    if not count:
        return []
    return [
        f"{what}: {count}",
        *(f"  {each}" for each in listed[:SHOWN_MAX]),
        *_rest(len(listed) - SHOWN_MAX),
    ]


def _rest(count: int) -> list[str]:
    return [f"  and {count} more"] if count > 0 else []


def _back_file_lines(each: BackFileRecord) -> Iterator[str]:
    more = "   more than they have" if each.addressed else ""
    yield f"  {each.reference}   {each.time}{more}"
    yield f"    {each.banner}"


def admission_text(found: AdmissionRecord) -> str:
    """Say what would go or goes, and who has to act."""
    lines = [line for each in found.items for line in _back_file_lines(each)]
    if found.state == "previewed":
        lines.insert(0, f"{found.office} would get {found.size} documents")
    elif found.state == "proposed":
        lines = [f"{found.size} documents for {found.office}, proposed by {found.proposed_by}"]
        lines.append("a second person says the same with --by NAME")
    else:
        by = f"{found.proposed_by} and {found.confirmed_by}"
        lines = [f"{found.done} of {found.size} documents for {found.office} admitted, by {by}"]
    return "\n".join([*lines, f"preview {found.preview}"])
