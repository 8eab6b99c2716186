# SPDX-License-Identifier: Apache-2.0
"""
Nodes for the bench: real folders and real stores, set up by the use cases that the commands call.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from msgspec.structs import replace

from bench.exercise import POLICY, clearance, texts
from legation.formats import stanag4774
from legation.keys.card import Office
from legation.node.desk.drafting import store_draft
from legation.node.desk.releasing import release
from legation.node.home import Home, create_home, open_home
from legation.node.peers.peering import add_peer, confirm_peer, grant
from legation.node.streams.answering import Answering
from legation.node.streams.pulling import Pulling
from legation.node.surroundings import HERE

AUTHOR, PEER = "KOR@NATO", "JPN@NATO"
MARKS = ("(O)", "(L//REL KOR, JPN)", "(C//REL KOR, JPN)", "(S//REL KOR, JPN)", "(S//REL KOR)")
PORTIONS, TEXT_SIZE_BYTES = 20, 400  # about 10 KiB with labels, salts and proof


def report(number: int) -> bytes:
    """A report of 20 paragraphs under 5 labels, another one for each number."""
    paragraphs = [
        f"{MARKS[place % len(MARKS)]} {number}: {text[: TEXT_SIZE_BYTES - 12]}"
        for place, text in enumerate(texts())
    ]
    head = f"kind: report\npolicy: EXERCISE\ninfo: {PEER}\n"
    return "\n\n".join([head, *paragraphs]).encode() + b"\n"


class Offices:
    """
    An author and a peer that have pinned each other; the peer is granted all levels.

    Args:
        folder: Where their nodes go.
        port: Where the author will listen; 0 if nobody calls it.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self._stack = ExitStack()
        addresses = (f"127.0.0.1:{port}",) if port else ()
        create_home(folder / "author", Office.parse(AUTHOR), HERE, addresses=addresses)
        create_home(folder / "peer", Office.parse(PEER), HERE)
        self.folder = folder
        self.author = self._stack.enter_context(open_home(folder / "author", HERE))
        self.peer = self._stack.enter_context(open_home(folder / "peer", HERE))
        _pin(self.author, self.peer)
        _pin(self.peer, self.author)
        allowed = stanag4774.write_clearance(
            replace(clearance(["JPN"], 4, (), is_own=False), policy=POLICY.name)
        )
        for by in ("one", "other"):
            grant(
                PEER,
                allowed,
                by=by,
                agreement="",
                not_before=None,
                not_after=None,
                database=self.author.database,
                around=HERE,
            )

    def close(self) -> None:
        """Let go of both."""
        self._stack.close()

    def release(self, number: int) -> bytes:
        """Write and release one report; its item id."""
        home = self.author
        draft = store_draft(
            report(number), by="bench", card=home.card, database=home.database, blobs=home.blobs, around=HERE
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


def _pin(home: Home, other: Home) -> None:
    add_peer(other.card.data, by="one", card=home.card, database=home.database, around=HERE)
    confirm_peer(
        other.office,
        by="other",
        words=(),
        card=home.card,
        database=home.database,
        blobs=home.blobs,
        around=HERE,
    )


def answering(home: Home) -> Answering:
    """What answers pulls at a node."""
    return Answering(
        card=home.card,
        signing=home.signing,
        database=home.database,
        blobs=home.blobs,
        attachments=home.attachments,
        around=HERE,
    )


def pulling(home: Home, peer: str) -> Pulling:
    """What pulls from a peer."""
    return Pulling(
        card=home.card,
        peer=peer,
        signing=home.signing,
        database=home.database,
        blobs=home.blobs,
        attachments=home.attachments,
        around=HERE,
    )


def joined(home: Home) -> Callable[[Iterable[bytes]], Iterator[bytes]]:
    """A way to a node in this process: its answers, without a network."""
    answers = answering(home)

    def exchange(pieces: Iterable[bytes]) -> Iterator[bytes]:
        found = answers.open(b"".join(pieces))
        answers.take_in(found.letter)
        return answers.answer(found)

    return exchange


def free_port() -> int:
    """Find a port that nobody listens at, on the loopback interface."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
