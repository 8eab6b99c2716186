# SPDX-License-Identifier: Apache-2.0
"""
Who plays in the stories: the author's office, the four addressees, what they are granted.

As the stories have it, the addressees are called KOR, JPN, NATO and AUS: Seoul, the missions of Japan
and Australia at NATO, and the organisation itself. The author is KOR@NATO.
"""

import contextlib
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from legation.cli import legation
from legation.cli.output import run
from legation.formats.shipped import AT_HAND, shipped
from legation.keys.card import Card, Office, read
from legation.labels import Policies
from legation.node.keys.keyring import (
    OFFICE_KEYS,
    ROOT_KEY,
    OfficeKeys,
    RootKey,
    draw_office_keys,
    draw_root_key,
    make_card,
)
from legation.node.surroundings import Surroundings

AUTHOR = "KOR@NATO"
ADDRESSEES = ("KOR", "JPN", "NATO", "AUS")
NOON = datetime(2022, 6, 24, 12, tzinfo=UTC)
POLICIES = Policies(map(shipped, AT_HAND))
LEVELS = ("OPEN", "LIMITED", "CONFIDENTIAL", "SECRET")

OID = "2.25.1308510592560433348956379517576619867.1"
SLAB = "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"
SCLR = "urn:nato:stanag:4774:confidentialityclearance:1:0"

SUBJECT = "Leaders at the Madrid summit"
SUMMARY = "Four partners will sit at the table in Madrid, for the first time."
DETAIL = "An official of the host said that the seating was changed on Tuesday night."
COMMENT = "The change was asked for by a partner whose leader would not sit beside another."
TEARLINE = "A partner asked for the change of the seating."
CAPITAL = "We recommend that the capital does not raise it before the summit is over."

FIRST_DRAFT = f"""\
kind: report
policy: EXERCISE
title: (O) {SUBJECT}
action: KOR
info: JPN@NATO, NATO, AUS@NATO
precedence: priority

(L//REL KOR, JPN, AUS, NATO) {SUMMARY}

(C//REL KOR, JPN, NATO) {DETAIL}

(S//REL KOR, JPN) {COMMENT}

(C//REL KOR, JPN, NATO) {{tearline}} {TEARLINE}

(S//REL KOR) {CAPITAL}
"""
"""Story A, steps 1 to 4: the tearline is for NATO too."""

REMARKED = FIRST_DRAFT.replace("(C//REL KOR, JPN, NATO) {tearline}", "(C//REL KOR, JPN) {tearline}")
"""Story A, from step 5: Seoul has narrowed the tearline to Japan."""


def clearance(parties: Sequence[str], *, highest: str = "SECRET", context: Sequence[str] = ()) -> bytes:
    """What the holder may see, in the XML of STANAG 4774; a peer holds Releasable, never Own."""
    lists = (("Context", 2, context or ("Releasable",)), ("Releasable To", 3, parties), ("Only", 4, parties))
    levels = LEVELS[: LEVELS.index(highest) + 1]
    classifications = "".join(f"<s:Classification>{level}</s:Classification>" for level in levels)
    categories = "".join(
        f'<s:Category TagName="{tag}" Type="PERMISSIVE" URI="urn:oid:{OID}.{number}">'
        + "".join(f"<s:GenericValue>{value}</s:GenericValue>" for value in values)
        + "</s:Category>"
        for tag, number, values in lists
    )
    return (
        f'<ConfidentialityClearance xmlns="{SCLR}" xmlns:s="{SLAB}">'
        f'<s:PolicyIdentifier URI="urn:oid:{OID}">EXERCISE</s:PolicyIdentifier>'
        f"<ClassificationList>{classifications}</ClassificationList>{categories}"
        "</ConfidentialityClearance>"
    ).encode()


CLEARANCES = {
    "KOR": clearance(["KOR"]),
    "JPN": clearance(["JPN"]),
    "NATO": clearance(["NATO"]),
    "AUS": clearance(["AUS"], highest="CONFIDENTIAL"),
}
OWN = clearance(["KOR"], context=("Own", "Releasable"))
NOTHING = clearance(["EU"], highest="OPEN")


def around(seed: int | str = 2022) -> Surroundings:
    """A clock that stands still and dice that fall alike every time."""
    return Surroundings(now=lambda: NOON, random=random.Random(seed).randbytes)


@cache
def root_of(party: str) -> RootKey:
    """The root key of a party."""
    return draw_root_key(party, around(f"root of {party}"))


@cache
def keys_of(office: str) -> OfficeKeys:
    """The keys of an office."""
    return draw_office_keys(Office.parse(office), around(f"keys of {office}"))


@cache
def card_bytes_of(office: str) -> bytes:
    """The first card of an office, as it travels."""
    return make_card(keys_of(office), root_of(Office.parse(office).party), POLICIES, around())


def card_of(office: str) -> Card:
    """The first card of an office, verified."""
    return read(card_bytes_of(office))


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a command: its exit code, what it printed, what it told."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder where an office works: its keys, its card, a report, clearances."""

    folder: Path

    def run(self, *arguments: str) -> Done:
        """Run ``legation`` in this folder, as a user would, but in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(legation, arguments)
        return Done(code, out.getvalue(), err.getvalue())

    def read(self, name: str) -> bytes:
        """What a file holds."""
        return (self.folder / name).read_bytes()

    def write(self, name: str, data: bytes | str) -> None:
        """Put a file there."""
        (self.folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())

    def state(self) -> dict[str, bytes]:
        """Every file that is there, hidden ones too, with all its bytes."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def compose(self) -> None:
        """Sign the report that lies there: ``report.item``."""
        assert self.run("compose", "report.md", "--key", "kor.keys", "-o", "report.item").code == 0

    def cut(self, name: str) -> bytes:
        """Take the copy of an addressee: ``NAME.view``."""
        taken = self.run("cut", "report.item", "--clearance", f"{name}.xml", "-o", f"{name}.view")
        assert taken.code == 0, taken.err
        return self.read(f"{name}.view")


def lay_out(folder: Path, report: str = REMARKED) -> Desk:
    """Lay out the author's desk in an empty folder."""
    desk = Desk(folder)
    desk.write("report.md", report)
    desk.write("kor.keys", OFFICE_KEYS.encode(keys_of(AUTHOR)))
    desk.write("kor.keys.root", ROOT_KEY.encode(root_of("KOR")))
    desk.write("kor.card", card_bytes_of(AUTHOR))
    for name, data in CLEARANCES.items():
        desk.write(f"{name}.xml", data)
    desk.write("own.xml", OWN)
    desk.write("nothing.xml", NOTHING)
    return desk
