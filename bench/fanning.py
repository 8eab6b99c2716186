# SPDX-License-Identifier: Apache-2.0
"""
P10: one item to 200 peers that hold ten different clearances.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, product
from pathlib import Path
from string import ascii_uppercase

from msgspec.structs import replace

from bench.exercise import POLICY, clearance, texts
from bench.measure import Effort, check
from bench.offices import AUTHOR
from bench.report import Goal, Group, Line, Row, at_most, digits
from legation.exchange import read_view
from legation.formats import stanag4774
from legation.keys.card import Office
from legation.labels import Clearance, Policies
from legation.node.desk.drafting import store_draft
from legation.node.desk.releasing import release
from legation.node.home import Home, create_home, open_home
from legation.node.keys.keyring import draw_office_keys, draw_root_key, make_card
from legation.node.peers.peering import add_peer, confirm_peer, grant
from legation.node.rules import RuleBook, Rules
from legation.node.streams.numbering import Cutter, number
from legation.node.surroundings import HERE
from legation.release import Because
from legation.store.sqlite.database import Reading, Writing

LEVELS = ("L", "C", "S")
MARKS = ("(O)", *(f"({level}//REL KOR, {party})" for level, party in product(LEVELS, ("JPN", "AUS"))))
HOLDERS = (["JPN"], ["AUS"], ["JPN", "AUS"])
CLASSES = [clearance(["JPN"], 1, (), is_own=False)] + [
    clearance(holder, level, (), is_own=False) for holder, level in product(HOLDERS, (2, 3, 4))
]


class _Counting(Cutter):
    """Counts the cuts that are made."""

    made = 0

    def _make(self, db: Reading, item_id: bytes, allowed: frozenset[int], rules: Rules) -> bytes | Because:
        self.made += 1
        return super()._make(db, item_id, allowed, rules)


def fan_out(effort: Effort) -> Row:
    """Measure P10."""
    count = effort.of(200, 20)
    offices = [f"{''.join(letters)}@NATO" for letters in islice(product(ascii_uppercase, repeat=3), count)]
    together, alone, made = list[float](), list[float](), set[int]()
    with _author(offices) as home:
        book = RuleBook(home.card, HERE)
        for turn in range(effort.of(9, 1)):
            item_id = _release(home, offices, turn)
            made.add(_number_all(home, book, offices, together, item_id))
            _check_copies(home, item_id, count)
        for turn in range(effort.of(3, 1)):
            _number_each(home, book, offices, alone, _release(home, offices, -1 - turn))
    ours = statistics.median(together)
    return Row(
        code="P10",
        title=f"one item to {count} peers",
        about=f"An item of 20 portions under {len(MARKS)} labels is released to {count} peers with {len(CLASSES)} "
        "different clearances, who pull at different times. Timed is what handing over decides: for each peer what of "
        "it may go now, its cut, its entry; and the commit. Sealing and signing happen at each pull. Wall time. SQLite "
        "in WAL mode, synchronous=FULL.",
        checked=f"{count} peers have an entry of each item, in {len(CLASSES)} different copies.",
        groups=(
            Group(
                operation=f"{count} peers in one commit",
                ours=ours,
                others=(Line(whose="Legation, a commit for each peer", seconds=statistics.median(alone)),),
            ),
        ),
        goals=(
            at_most("decided, cut and appended in at most 25 ms", ours, 0.025),
            Goal(text=f"{len(CLASSES)} cuts made", found=f"{max(made)} cuts", is_met=made == {len(CLASSES)}),
        ),
        spread=max(together) / min(together),
        facts=(f"For one peer of the {count}: {digits(1e6 * ours / count)} µs.",),
    )


def _number_all(home: Home, book: RuleBook, offices: list[str], times: list[float], item_id: bytes) -> int:
    """Number an item for all peers in one change; how many cuts were made."""
    cutter = _Counting(home.blobs)

    def act(db: Writing) -> None:
        rules = book.turn(db)
        for office in offices:
            number(db, office, rules=rules, cutter=cutter, blobs=home.blobs, around=HERE)

    begun = time.perf_counter()
    with home.database.read() as db:
        book.at(db)  # as whoever answers pulls: what is committed is remembered
    home.database.write(act)
    times.append(time.perf_counter() - begun)
    _check_numbered(home, item_id, len(offices))
    return cutter.made


def _number_each(home: Home, book: RuleBook, offices: list[str], times: list[float], item_id: bytes) -> None:
    """Number an item for one peer after the other, as each comes to ask."""
    cutter = Cutter(home.blobs)

    def act(db: Writing, office: str) -> None:
        number(db, office, rules=book.turn(db), cutter=cutter, blobs=home.blobs, around=HERE)

    begun = time.perf_counter()
    for office in offices:
        home.database.write(lambda db, office=office: act(db, office))  # type: ignore[misc]
    times.append(time.perf_counter() - begun)
    _check_numbered(home, item_id, len(offices))


def _check_numbered(home: Home, item_id: bytes, count: int) -> None:
    with home.database.read() as db:
        row = db.one("SELECT count(*) FROM delivery WHERE item_id = ? AND state = 'numbered'", (item_id,))
    check(row == (count,), "a peer was left out")


def _check_copies(home: Home, item_id: bytes, count: int) -> None:
    """An item went to all, in as many copies as there are clearances."""
    with home.database.read() as db:
        rows = db.rows(
            "SELECT payload FROM outgoing_entry JOIN delivery USING (delivery_id) WHERE item_id = ?",
            (item_id,),
        )
        copies = [read_view(payload)[1] for (payload,) in rows]
    check(len(copies) == count and len(set(copies)) == len(CLASSES), "peers got what is another's")


def _report(offices: list[str], turn: int) -> bytes:
    paragraphs = [f"{MARKS[place % len(MARKS)]} {turn}: {text[:380]}" for place, text in enumerate(texts())]
    head = f"kind: report\npolicy: EXERCISE\ninfo: {', '.join(offices)}\n"
    return "\n\n".join([head, *paragraphs]).encode() + b"\n"


def _release(home: Home, offices: list[str], turn: int) -> bytes:
    """Write and release an item to all of them; its id."""
    draft = store_draft(
        _report(offices, turn),
        by="bench",
        card=home.card,
        database=home.database,
        blobs=home.blobs,
        around=HERE,
    )
    return release(
        draft.digest.hex(),
        by="bench",
        seen=None,
        card=home.card,
        database=home.database,
        blobs=home.blobs,
        signing=home.signing,
        around=HERE,
    ).item_id


@contextmanager
def _author(offices: list[str]) -> Iterator[Home]:
    """An author that has confirmed these offices and granted each one of the clearances, in turn."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "author"
        create_home(folder, Office.parse(AUTHOR), HERE)
        with open_home(folder, HERE) as home:
            for place, office in enumerate(offices):
                _pin(home, office, CLASSES[place % len(CLASSES)])
            yield home


def _pin(home: Home, office: str, holds: Clearance) -> None:
    named = Office.parse(office)
    root = draw_root_key(named.party, HERE)
    card = make_card(draw_office_keys(named, HERE), root, Policies([POLICY]), HERE)
    add_peer(card, by="one", card=home.card, database=home.database, around=HERE)
    confirm_peer(
        office, by="other", words=(), card=home.card, database=home.database, blobs=home.blobs, around=HERE
    )
    allowed = stanag4774.write_clearance(replace(holds, policy=POLICY.name))
    for by in ("one", "other"):
        grant(
            office,
            allowed,
            by=by,
            agreement="",
            not_before=None,
            not_after=None,
            database=home.database,
            around=HERE,
        )
