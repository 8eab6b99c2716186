# SPDX-License-Identifier: Apache-2.0
"""
Reports with a canary in each portion, and the search for canaries in files.

A canary is 128 random bits as text: it stands nowhere by chance. Of each report it is known which the
receiver may see.
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

SENDER, RECEIVER, ABSENT = "KOR@NATO", "NATO", "JPN@NATO"
"""Who releases, who pulls, and an addressee who never does."""

PRECEDENCES = ("routine", "priority", "immediate", "flash")
FILE_SIZE_BYTES = (4 << 20) + 100
LONG_LENGTH = 70_000  # characters: more than fits a row, so that the copy is a file on both sides


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report to the receiver and one who is away."""

    title: str
    text: str
    shown: tuple[str, ...]
    withheld: tuple[str, ...]
    files: tuple[str, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether its copies are files."""
        return len(self.text) > LONG_LENGTH

    @property
    def is_for_receiver(self) -> bool:
        """Whether the receiver gets a copy at all."""
        return bool(self.shown)


def write_files(folder: Path, report: Report) -> Iterator[Path]:
    """
    Write what is attached to a report, each its own name all the way.

    What the receiver may see has four chunks and a little, so that it takes two answers.
    """
    for name in report.files:
        size_bytes = FILE_SIZE_BYTES if name.removesuffix(".bin") in report.shown else len(name)
        (folder / name).write_bytes(name.encode() * (size_bytes // len(name)))
        yield folder / name


def draw_report(draw: Random) -> Report:
    """
    Draw a report: one in six is long, one in ten says nothing that the receiver may see, one in twenty has files.

    The name and all the bytes of a file are a canary.
    """
    title, low, middle, high, own = (draw.randbytes(16).hex() for _ in range(5))
    is_shown, is_long = draw.random() >= 1 / 10, draw.random() < 1 / 6
    filler = " and so on" * (LONG_LENGTH // 10) if is_long else ""
    head = [
        "kind: report",
        "policy: EXERCISE",
        f"title: ({'O' if is_shown else 'S//REL KOR, JPN'}) {title}",
        f"action: {RECEIVER}",
        f"info: {ABSENT}",
        f"precedence: {draw.choice(PRECEDENCES)}",
    ]
    seen = [f"(L//REL KOR, JPN, AUS, NATO) {low}.", f"(C//REL KOR, JPN, NATO) {middle}{filler}."]
    unseen = [f"(S//REL KOR, JPN) {high}.", f"(S//REL KOR) {own}."]
    files = (f"{low}.bin", f"{high}.bin") if draw.random() < 1 / 20 else ()
    if files:
        seen.append(f"(C//REL KOR, JPN, NATO) {{attachment: {files[0]}}}")
        unseen.append(f"(S//REL KOR, JPN) {{attachment: {files[1]}}}")
    parts = ["\n".join(head), *(seen if is_shown else ()), *unseen]
    shown = (title, low, middle) if is_shown else ()
    withheld = (high, own) if is_shown else (title, high, own)
    text = "\n\n".join(parts) + "\n"
    return Report(title=title, text=text, shown=shown, withheld=withheld, files=files)


def found_in(folder: Path, canaries: Iterable[str], *, plain: bool = False) -> dict[str, str]:
    """
    Search every byte of a folder for canaries.

    Args:
        folder: Where.
        canaries: What.
        plain: As they are only; else in base64, hexadecimal and UTF-16 too.

    Returns:
        The file and the form in which each canary stands, for those that are found.
    """
    forms = [
        (canary, *form)
        for canary in canaries
        for form in _forms(canary)
        if not plain or form[0] == "as it is"
    ]
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        for canary, form, needle in forms if data else ():
            if canary not in found and needle in data:
                found[canary] = f"{path.relative_to(folder)}, {form}"
    return found


def _forms(canary: str) -> Iterator[tuple[str, bytes]]:
    """A canary as programs write it."""
    plain = canary.encode()
    yield "as it is", plain
    yield "hexadecimal", plain.hex().encode()
    yield "hexadecimal", plain.hex().upper().encode()
    yield "UTF-16", canary.encode("utf-16-le")[:-1]
    for offset in range(3):
        # What stands before and behind it in the file has a share in the first and the last character.
        start, end = -(-8 * offset // 6), (8 * (offset + len(plain))) // 6
        yield "base64", base64.b64encode(bytes(offset) + plain + bytes(3))[start:end]
