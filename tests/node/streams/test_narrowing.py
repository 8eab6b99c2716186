# SPDX-License-Identifier: Apache-2.0
"""
Every way in which what a peer may have becomes less, at every moment of handing something over.

An item has a paragraph for the peer, one that was not approved for it, and a file. Whatever is narrowed, and whenever:
from then on not a byte of it is given out, the peer stores nothing of it, and what was numbered is taken back. When
all is opened again, wider than ever, the peer gets what was approved and nothing else.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from legation.errors import LegationError, UnreachableError
from legation.formats.shipped import shipped_bytes
from legation.item.attachment import CHUNK_SIZE_BYTES
from legation.node.peers.stopping import exclude_peer, pause_peer, resume_peer
from tests.node.pair import FIRST, SECOND, Node, Village, Way
from tests.node.peers.test_accepting import accepts
from tests.stories.cast import clearance as clearance_of

KOR, JPN = "KOR@NATO", "JPN@NATO"
WORDS = "".join(random.Random(5).choices("abcdefghij ", k=90_000))
"""More than one piece of an answer."""
PLAN = random.Random(6).randbytes(2 * CHUNK_SIZE_BYTES + 5)
EMPTY_ANSWER = 80_000  # bytes, padded; a chunk has a million, and the words are no shorter than that together
KEPT_BACK = "This was never approved for anybody outside."

POLICY = (
    shipped_bytes("exercise-2")
    .replace(b'version="2"\n', b'version="3"\n')
    .replace(
        b'<tagCategory name="JPN" lacv="392">',
        b'<tagCategory name="JPN" lacv="392" notAfter="2022-06-30T00:00:00Z">',
    )
)
"""The fictional policy, in which Japan stands on no list any more from July on."""


def report(mark: str) -> str:
    """A report for the peer, with a file, and a paragraph that is not for it."""
    return (
        f"kind: report\npolicy: EXERCISE\naction: {JPN}\n\n{mark} {WORDS}\n\n{mark} {{attachment: Plan.pdf}}\n\n"
        f"(S//REL KOR) {KEPT_BACK}\n"
    )


# What is narrowed.


def grant(kor: Node) -> None:
    """Two persons grant less."""
    kor.grants(JPN, "OPEN", not_after=None)


def date(kor: Node) -> None:
    """The grant runs out."""
    kor.clock.move(days=3)
    kor.keeps_house()


def policy(kor: Node) -> None:
    """A value ceases to hold by the policy itself; who counted as a member by it does so no more."""
    kor.clock.move(days=8)
    kor.grants(JPN, not_after=None)
    kor.keeps_house()


def acceptance(kor: Node) -> None:
    """The policy is not at hand any more."""
    kor.runs("UPDATE policy SET accepted_by = NULL, accepted_at = NULL WHERE version = 3")
    kor.runs("UPDATE epoch SET number = number + 1")


def pause(kor: Node) -> None:
    """One person stops the link."""
    pause_peer(JPN, by=FIRST, database=kor.database, around=kor.around)


def exclude(kor: Node) -> None:
    """One person ends every grant."""
    exclude_peer(JPN, by=FIRST, database=kor.database, around=kor.around)


def withdraw(kor: Node) -> None:
    """The author takes the item back."""
    [(item,)] = kor.rows("SELECT item_id FROM item WHERE is_own = 1")
    assert isinstance(item, bytes)
    kor.withdraws(item.hex())


@dataclass(frozen=True)
class Narrowing:
    """What is narrowed, and the mark of what is for the peer until then."""

    act: Callable[[Node], None]
    mark: str = "(C//REL KOR, JPN)"
    comes_back: bool = True


NARROWINGS = {
    "grant": Narrowing(grant),
    "date": Narrowing(date),
    "policy": Narrowing(policy),
    "membership": Narrowing(policy, mark="(C//REL KOR, AP4)"),
    "acceptance": Narrowing(acceptance),
    "pause": Narrowing(pause),
    "exclude": Narrowing(exclude),
    "withdraw": Narrowing(withdraw, comes_back=False),
}


# When.


@dataclass
class Sent:
    """What is given out, and what of it once it was narrowed."""

    kor: Node
    narrow: Callable[[Node], None]
    is_narrowed: bool = False
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)

    def narrows(self) -> None:
        """Narrow, once."""
        if not self.is_narrowed:
            self.narrow(self.kor)
            self.is_narrowed = True

    def way(self, *, after_pieces: int, of_answer: int = 0) -> Way:
        """
        A way on which it is narrowed after so many pieces of an answer, counted from 0.

        Before it is asked for, if they are fewer than none.
        """
        answers = [0]

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            here = answers[0]
            answers[0] += 1
            if here == of_answer and after_pieces < 0:
                self.narrows()
            given = self.kor.answers(pieces)
            count = 0
            while True:
                if here == of_answer and count == after_pieces:
                    self.narrows()
                piece = next(given, None)
                if piece is None:
                    return
                count += 1
                (self.after if self.is_narrowed else self.before).append(len(piece))
                yield piece

        return way


def before_it_is_numbered(sent: Sent, jpn: Node) -> None:
    """It waits."""
    sent.narrows()
    jpn.pulls(sent.kor)


def numbered_ahead(sent: Sent, jpn: Node) -> None:
    """It has its number, and nobody asked for it yet."""
    sent.kor.answering.work_ahead(JPN)
    assert sent.kor.states() == {JPN: "numbered"}
    sent.narrows()
    jpn.pulls(sent.kor)


def before_the_first_byte(sent: Sent, jpn: Node) -> None:
    """The answer is decided and committed, and nothing of it is given out."""
    jpn.pulls(sent.kor, sent.way(after_pieces=0))


def in_the_middle_of_an_answer(sent: Sent, jpn: Node) -> None:
    """One piece is gone."""
    jpn.pulls(sent.kor, sent.way(after_pieces=1))


def before_it_is_sent_again(sent: Sent, jpn: Node) -> None:
    """The answer was given out whole, and was lost."""

    def lost(pieces: Iterable[bytes]) -> Iterator[bytes]:
        b"".join(sent.kor.answers(pieces))
        raise UnreachableError("the line is dead")

    with pytest.raises(UnreachableError):
        jpn.pulls(sent.kor, lost)
    sent.narrows()
    jpn.pulls(sent.kor)


def before_its_file_is_fetched(sent: Sent, jpn: Node) -> None:
    """The entry came, and its file is still to come."""
    jpn.pulls(sent.kor, sent.way(after_pieces=-1, of_answer=1))


def before_the_first_byte_of_its_file(sent: Sent, jpn: Node) -> None:
    """Its file was asked for, and it is decided that it goes."""
    jpn.pulls(sent.kor, sent.way(after_pieces=0, of_answer=1))


def while_its_file_is_fetched(sent: Sent, jpn: Node) -> None:
    """Some of its file came."""
    jpn.pulls(sent.kor, sent.way(after_pieces=5, of_answer=1))


MOMENTS = [
    before_it_is_numbered,
    numbered_ahead,
    before_the_first_byte,
    in_the_middle_of_an_answer,
    before_it_is_sent_again,
    before_its_file_is_fetched,
    before_the_first_byte_of_its_file,
    while_its_file_is_fetched,
]


def opens_again(kor: Node) -> None:
    """All is let go on, and the peer may see more than ever."""
    kor.clock.move(days=-20)
    kor.runs("UPDATE policy SET accepted_by = 'another', accepted_at = proposed_at WHERE accepted_by IS NULL")
    link = kor.peer(JPN).link
    if link == "excluded":
        kor.trusts(kor.village[JPN].card)
    if link == "paused":
        for by in (FIRST, SECOND):
            resume_peer(JPN, by=by, database=kor.database, around=kor.around)
    kor.grants_exactly(JPN, clearance_of(["KOR", "JPN"]), agreement="all of it")
    kor.keeps_house()


def holds(node: Node, words: str) -> bool:
    """Whether a node has these words anywhere."""
    rows = [value for table in node.state().values() for row in table for value in row]
    return any(words.encode() in value for value in rows if isinstance(value, bytes)) or any(
        words in value for value in rows if isinstance(value, str)
    )


def files(node: Node) -> list[str]:
    """The files that a node holds of attachments."""
    return [path.name for path in (node.folder / "attachments").rglob("*") if path.is_file()]


@pytest.mark.parametrize("when", MOMENTS, ids=lambda when: when.__name__)
@pytest.mark.parametrize("what", NARROWINGS)
def test_what_is_narrowed_is_handed_over_no_more_and_later_never_more_than_approved(
    village: Village, what: str, when: Callable[[Sent, Node], None]
) -> None:
    """
    Nothing is given out once it was narrowed, nothing stays at either end; opened again, only what was approved goes.
    """
    narrows_at(village, what, when)


def narrows_at(village: Village, what: str, when: Callable[[Sent, Node], None]) -> None:
    """
    Narrow at a moment, and see that nothing is handed over from then on, nor ever more than was approved.
    """
    narrowing = NARROWINGS[what]
    kor, jpn = village.pair(KOR, JPN)
    for node in (kor, jpn):
        accepts(node, POLICY)
    kor.grants(JPN, not_after=kor.clock())
    kor.lets_go(kor.writes_text(report(narrowing.mark), files={"Plan.pdf": PLAN}))
    sent = Sent(kor, narrowing.act)

    with suppress(LegationError):
        when(sent, jpn)

    # What a stopped answer has given out is cut short: the peer has none of it. What is asked for later is answered
    # with nothing.
    assert sent.is_narrowed
    assert sum(sent.after) <= EMPTY_ANSWER
    is_stopped = kor.peer(JPN).link != "active"
    for _ in range(2):
        with suppress(LegationError):
            jpn.catches_up(kor)
    assert not holds(jpn, WORDS[:1000])
    assert not files(jpn)
    assert jpn.listed() == []

    # What is numbered is taken back, or lies still on a link that is stopped.
    payloads = kor.rows(
        "SELECT payload_size_bytes FROM outgoing_entry WHERE kind = 'view' AND is_taken_back = 0"
    )
    assert is_stopped or payloads == []
    states = {state for (state,) in kor.rows("SELECT state FROM delivery")}
    assert not states & {"receipted"}
    assert is_stopped or "numbered" not in states

    opens_again(kor)
    jpn.catches_up(kor)
    assert holds(jpn, WORDS[:1000]) is narrowing.comes_back
    assert bool(files(jpn)) is narrowing.comes_back
    assert not holds(jpn, KEPT_BACK)
    assert holds(kor, KEPT_BACK)
    assert [*kor.faults(), *jpn.faults()] == []
