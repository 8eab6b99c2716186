# SPDX-License-Identifier: Apache-2.0
"""
Where attacks are played: three real nodes that trust each other, one of which will lie.

JPN@NATO is attacked, AUS@NATO attacks with a card that was confirmed and keys that are its own, KOR@NATO is honest
and knows nothing of it. Each has given the others a report and has the receipt for it; a report of AUS@NATO for
JPN@NATO waits.

An attack is judged by what is left of it: ``left`` names the tables of JPN@NATO in which a row is another than before,
all tables and blobs and files of attachments, but not when a peer was heard of. ``goes_on`` sees that the honest
ones exchange afterwards as if nothing had been.
"""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from legation.node.surroundings import Surroundings
from tests.node.pair import Clock, Node, Village

AUS, JPN, KOR = "AUS@NATO", "JPN@NATO", "KOR@NATO"
CANARY = "Zq7wanderer"
"""A word that stands in everything the attacker writes, and in nothing that is shown, kept or said of what is refused."""

FROZEN = frozenset({"epoch", "evidence", "log_entry", "log_state", "peer"})
"""What is left where two histories were shown: the proof, that the link is frozen, and that this was logged."""
PAUSED = frozenset({"epoch", "held_there", "log_entry", "log_state", "peer"})
"""What is left where a peer says that it holds more than there is: its word, and that its own link waits for persons."""
ENTRIES = frozenset({"incoming", "incoming_entry", "incoming_receipt", "log_entry", "log_state"})
"""What is left where entries were received: that they were, our receipt for them, and that this was logged."""


def mark(*parties: str, level: str = "C") -> str:
    """The mark of a paragraph for these parties."""
    return f"({level}//REL {', '.join(parties)})"


@dataclass
class Stage:
    """
    The three nodes, and what JPN@NATO had when the attack began.
    """

    village: Village
    before: dict[str, list[object]] = field(default_factory=dict)
    count: int = 0

    @property
    def jpn(self) -> Node:
        """Who is attacked."""
        return self.village.nodes[JPN]

    @property
    def aus(self) -> Node:
        """Who attacks."""
        return self.village.nodes[AUS]

    @property
    def kor(self) -> Node:
        """Who is honest."""
        return self.village.nodes[KOR]

    @property
    def folder(self) -> Path:
        """Where files may be put."""
        return self.village.folder

    def begins(self) -> None:
        """Remember what JPN@NATO holds."""
        self.before = held_by(self.jpn)

    def left(self) -> frozenset[str]:
        """The tables of JPN@NATO in which something is another than when it began."""
        now = held_by(self.jpn)
        return frozenset(
            name for name in now.keys() | self.before.keys() if now.get(name) != self.before.get(name)
        )

    def goes_on(self, *, also_with_aus: bool = True) -> None:
        """
        See the honest ones exchange, both ways, to the receipt; and AUS@NATO too, if it behaves from now on.
        """
        self.exchanges(self.jpn, self.kor)
        self.exchanges(self.kor, self.jpn)
        self.goes_on_here(also_with_aus=also_with_aus)
        assert self.kor.faults() == ()

    def goes_on_here(self, *, also_with_aus: bool = True) -> None:
        """
        See JPN@NATO receive as if nothing had been, from AUS@NATO itself if it can; in short, for the hundreds of lies.
        """
        self.exchanges(self.aus if also_with_aus else self.kor, self.jpn)
        assert self.jpn.faults() == ()

    def exchanges(self, sender: Node, receiver: Node) -> None:
        """See a report go from one to the other, and the receipt back."""
        self.count += 1
        text = f"It goes on, {self.count}."
        item = sender.releases(f"{mark(party(sender), party(receiver))} {text}", to=[receiver.office])
        receiver.catches_up(sender)
        assert receiver.reads(item) == [text]
        assert sender.states(item) == {receiver.office: "receipted"}

    def close(self) -> None:
        """Close the nodes."""
        for node in self.village.nodes.values():
            node.close()


def party(node: Node) -> str:
    """The party whose office a node is."""
    return node.office.split("@")[0]


def held_by(node: Node) -> dict[str, list[object]]:
    """
    All that a node holds: rows, blobs, and files of attachments.

    But not what a peer last said of itself that acknowledges nothing: when it was heard, and how far it says it is.
    """
    files = sorted(
        (str(path.relative_to(node.folder)), path.read_bytes())
        for path in (node.folder / "attachments").rglob("*")
        if path.is_file()
    )
    found: dict[str, list[object]] = {name: list(rows) for name, rows in node.state().items()}
    names = [name for (name,) in node.rows("SELECT name FROM pragma_table_info('outgoing')")]
    kept = ", ".join(name for name in names if name not in {"told_size", "told_at"})
    found["outgoing"] = list(node.rows(f"SELECT {kept} FROM outgoing ORDER BY stream_id"))  # noqa: S608 - ours
    return found | {"files": list(files)}


def set_up(folder: Path) -> None:
    """Let the three live for a while, in a folder of which copies are made."""
    with Village(folder) as village:
        jpn, aus, kor = village.star(JPN, AUS, KOR)
        village.joins(aus, kor)
        for sender in (jpn, aus, kor):
            for receiver in (jpn, aus, kor):
                if sender is not receiver:
                    sender.releases(
                        f"{mark(party(sender), party(receiver))} {CANARY * (sender is aus)} before.",
                        to=[receiver.office],
                    )
        for one in (jpn, aus, kor):
            for other in (jpn, aus, kor):
                if one is not other:
                    one.catches_up(other)
        aus.releases(f"{mark('AUS', 'JPN')} {CANARY} waits.", to=[JPN])


class _Opened(dict[str, Node]):
    """Copies of nodes, each made and opened when somebody asks for it: most attacks need two of the three."""

    def __init__(self, lived: Path, folder: Path) -> None:
        super().__init__()
        self._lived, self._folder = lived, folder

    def __missing__(self, office: str) -> Node:
        folder = self._folder / office
        shutil.copytree(self._lived / office, folder)
        self[office] = Node(folder, Clock(), f"after {office}", self)
        return self[office]


@contextmanager
def stage_in(lived: Path, folder: Path) -> Iterator[Stage]:
    """
    Give copies of the three nodes, opened; JPN@NATO is compared from here on.
    """
    village = Village(folder, _Opened(lived, folder))
    stage = Stage(village)
    try:
        stage.begins()
        yield stage
    finally:
        stage.close()


def around_of(node: Node, seed: str) -> Surroundings:
    """The clock of a node, and other dice."""
    return Surroundings(now=node.clock, random=random.Random(seed).randbytes)
