# SPDX-License-Identifier: Apache-2.0
"""
What may be passed on, and what was, told for the terminal.
"""

from collections.abc import Iterator

from legation.records import PassedCopyRecord, PassedRecord, PassingRecord

_SIGNS = {"shown": "shown", "covered": "(fuller)"}


def passing_text(found: PassingRecord) -> str:
    """Say addressee by addressee what would go, portion by portion, and why not the rest."""
    lines = [f"{found.reference} of {found.author}"]
    for each in found.copies:
        lines.extend(["", *_copy_lines(each)])
    return "\n".join([*lines, "", f"item {found.item}", f"preview {found.preview}"])


def _copy_lines(copy: PassedCopyRecord) -> Iterator[str]:
    yield f"{copy.addressee}: {copy.why or copy.banner}"
    names = [f"{each.portion} {each.mark}" for each in copy.portions]
    width = max(map(len, names), default=0)
    for name, each in zip(names, copy.portions, strict=True):
        yield f"  {name.ljust(width)}  {_SIGNS.get(each.showing) or f'- {each.why}'}"


def passed_text(found: PassedRecord) -> str:
    """Say what was passed on, and to whom."""
    lines = [f"passed on {found.reference}", f"item {found.item}"]
    return "\n".join([*lines, *(f"  {each.addressee}: {each.banner}" for each in found.addressees)])
