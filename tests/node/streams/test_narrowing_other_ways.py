# SPDX-License-Identifier: Apache-2.0
"""
Narrowing while something is packed, pushed or printed; ``test_narrowing`` has what is narrowed, and pulls.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from legation.errors import LegationError, UnreachableError
from legation.node.courier.packing import Packing
from legation.node.peers.stopping import exclude_peer, pause_peer
from tests.node.on_paper import knows_on_paper, prints, says, texts
from tests.node.pair import FIRST, Node, Village
from tests.node.peers.test_accepting import accepts
from tests.node.streams.test_narrowing import (
    JPN,
    KEPT_BACK,
    KOR,
    NARROWINGS,
    POLICY,
    WORDS,
    Sent,
    acceptance,
    narrows_at,
    withdraw,
)
from tests.stories.cast import clearance as clearance_of

NATO = "NATO"
EMPTY_BAG = 66_773  # bytes, padded


# By bag.


def packs(sent: Sent, jpn: Node, narrows: Callable[[str, int, int], None], **more: Any) -> None:
    """Pack, and let the peer open what came to be; *narrows* is told of every piece that is in the file."""
    kor = sent.kor
    folder = kor.folder.parent / "on the way"
    folder.mkdir(exist_ok=True)
    packing = Packing(
        card=kor.card,
        peer=JPN,
        signing=kor.home.signing,
        database=kor.database,
        blobs=kor.home.blobs,
        store=kor.home.attachments,
        around=kor.around,
        tell=narrows,
    )
    before = set(folder.iterdir())
    with suppress(LegationError):
        packing.pack(folder, by="registry", **more)
    for path in set(folder.iterdir()) - before:
        # The least that a bag has: leaves, voids, a receipt.
        assert not sent.is_narrowed or path.stat().st_size == EMPTY_BAG
        with suppress(LegationError):
            jpn.unpacks(path)


def before_a_bag_is_packed(sent: Sent, jpn: Node) -> None:
    """It waits."""
    sent.narrows()
    packs(sent, jpn, lambda *_: None)


def before_the_first_byte_of_a_bag(sent: Sent, jpn: Node) -> None:
    """What is in the bag is decided and written down, and its file is not begun."""
    kor = sent.kor
    honest = kor.around

    class Late:
        """Seals, and at that moment something is narrowed."""

        def seal_secret(self, *given: Any) -> bytes:
            sent.narrows()
            return honest.sealer.seal_secret(*given)

    kor.around = replace(honest, sealer=Late())
    packs(sent, jpn, lambda *_: None)
    kor.around = honest


def while_a_bag_is_written(sent: Sent, jpn: Node) -> None:
    """Half of its file is on the stick."""

    def narrows(_what: str, done: int, _total: int) -> None:
        if done > len(WORDS):
            sent.narrows()

    packs(sent, jpn, narrows)


def before_a_bag_is_packed_anew(sent: Sent, jpn: Node) -> None:
    """The file was written whole, and got lost."""
    lost = sent.kor.packs(JPN)
    assert len(lost) == 1
    sent.narrows()
    packs(sent, jpn, lambda *_: None, again=1)


# By push.


def pushed(sent: Sent, *, after_pieces: int) -> Callable[[Iterable[bytes]], Iterator[bytes]]:
    """A way on which it is narrowed after so many pieces of a push; what was given out by then arrives."""

    def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
        rest, count = iter(pieces), 0
        while True:
            if count == after_pieces:
                sent.narrows()
            piece = next(rest, None)
            if piece is None:
                raise UnreachableError("the line is dead")
            count += 1
            (sent.after if sent.is_narrowed else sent.before).append(len(piece))

    return way


def in_the_middle_of_a_push(sent: Sent, jpn: Node) -> None:
    """Two pieces are gone."""
    sent.kor.pushes(jpn, pushed(sent, after_pieces=2))


def before_it_is_pushed_again(sent: Sent, jpn: Node) -> None:
    """The push was given out whole, and was lost."""
    with suppress(UnreachableError):
        sent.kor.pushes(jpn, pushed(sent, after_pieces=-1))
    sent.narrows()
    sent.kor.pushes(jpn)


MOMENTS = [
    before_a_bag_is_packed,
    before_the_first_byte_of_a_bag,
    while_a_bag_is_written,
    before_a_bag_is_packed_anew,
    in_the_middle_of_a_push,
    before_it_is_pushed_again,
]


@pytest.mark.parametrize("when", MOMENTS, ids=lambda when: when.__name__)
@pytest.mark.parametrize("what", NARROWINGS)
def test_what_is_narrowed_leaves_in_no_bag_and_no_push(
    village: Village, what: str, when: Callable[[Sent, Node], None]
) -> None:
    """
    Nothing is in a file or on a line once it was narrowed, nothing stays at either end; later only what was approved goes.
    """
    narrows_at(village, what, when)


# On paper.


def revoked(kor: Node) -> None:
    """Two persons grant less."""
    kor.grants(NATO, "OPEN")


def run_out(kor: Node) -> None:
    """The grant runs out."""
    kor.clock.move(days=3)
    kor.keeps_house()


def excluded(kor: Node) -> None:
    """One person ends every grant."""
    exclude_peer(NATO, by=FIRST, database=kor.database, around=kor.around)


def paused(kor: Node) -> None:
    """One person stops what goes there."""
    pause_peer(NATO, by=FIRST, database=kor.database, around=kor.around)


@pytest.mark.parametrize("narrow", [revoked, run_out, excluded, paused, withdraw, acceptance])
@pytest.mark.parametrize(
    "when", ["before it is printed", "before it is printed again", "before it is handed over"]
)
def test_what_is_narrowed_is_printed_no_more(
    village: Village, narrow: Callable[[Node], None], when: str
) -> None:
    """
    No copy leaves the printer from then on, whoever asks for it; one that is printed is not printed again.
    """
    kor = village.node(KOR)
    accepts(kor, POLICY)
    knows_on_paper(kor, NATO)
    kor.grants(NATO, not_after=kor.clock())
    item = kor.releases("(C//REL KOR, NATO) Words.", f"(S//REL KOR) {KEPT_BACK}", to=[NATO])
    if when != "before it is printed":
        assert texts(prints(kor, item, NATO)) == ["Words."]
    narrow(kor)
    with pytest.raises(LegationError):
        prints(kor, item, NATO)
    if when == "before it is handed over":
        # A person says what was done with paper that exists; a program does not bring it back.
        with suppress(LegationError):
            says(kor, item, NATO, to="their registry")
        with pytest.raises(LegationError):
            prints(kor, item, NATO)


def test_on_paper_stands_never_more_than_was_approved(village: Village) -> None:
    """
    However much the office may see by now.
    """
    kor = village.node(KOR)
    knows_on_paper(kor, NATO)
    item = kor.releases("(C//REL KOR, NATO) Words.", f"(S//REL KOR) {KEPT_BACK}", to=[NATO])
    kor.grants_exactly(NATO, clearance_of(["KOR", "NATO"]))
    assert texts(prints(kor, item, NATO)) == ["Words."]
