# SPDX-License-Identifier: Apache-2.0
"""
What P4 is held against: the servers of ``bench.servers``, those that are installed.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.measure import Effort
from bench.report import Goal, Line, at_least, not_measured
from bench.servers import chat, feed, folder, mail

MESSAGES, EVENTS, NOTES = 1_000, 150, 2_000  # by mail, chat and feed; each takes some seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Lines and goals of a row, of servers that are installed and of those that are not."""

    lines: tuple[Line, ...]
    goals: tuple[Goal, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """
    A server.

    Args:
        folder: Where it is installed.
        goal: What the row is to reach against it.
        times: How many times as fast.
        name: As it is called where it is not installed.
        is_possible: Whether it can be run by whoever runs this.
        measure: Gives its lines, that of the goal first, from texts.
        count: How many texts.
        fact: What it does and what it does not.
    """

    folder: str
    goal: str
    times: int
    name: str
    is_possible: Callable[[], bool]
    measure: Callable[[Sequence[str]], tuple[Line, ...]]
    count: int
    fact: str


def _mailed(texts: Sequence[str]) -> tuple[Line, ...]:
    return (Line(whose=f"S/MIME over Postfix, {mail.AT_ONCE} connections", seconds=mail.hand_over(texts)),)


def _said(texts: Sequence[str]) -> tuple[Line, ...]:
    return (Line(whose="two federated Synapse servers", seconds=chat.hand_over(texts)),)


def _fed(texts: Sequence[str]) -> tuple[Line, ...]:
    found = feed.hand_over(texts)
    return (
        Line(whose=f"TAXII GET, {feed.TOGETHER} objects a page", seconds=found.got),
        Line(whose=f"TAXII POST, {feed.TOGETHER} objects an envelope", seconds=found.posted),
    )


SERVERS = (
    _Server(
        folder="postfix",
        goal="at least 8 x S/MIME over Postfix",
        times=8,
        name="Postfix",
        is_possible=mail.is_possible,
        measure=_mailed,
        count=MESSAGES,
        fact="Mail is signed (ECDSA, P-256), encrypted (RSA, AES-256), queued and in the mailbox, each synced to the "
        "disk. It is not decided, cut, opened, verified, listed or receipted.",
    ),
    _Server(
        folder="synapse",
        goal="at least 100 x Synapse",
        times=100,
        name="Synapse",
        is_possible=lambda: True,
        measure=_said,
        count=EVENTS,
        fact=f"Matrix messages are written to a room by {chat.AT_ONCE} at once, signed and sent by one server, checked "
        "and stored by the other (SQLite each, as it is set up first), and read there. They are not encrypted for the "
        "reader, decided, cut or receipted.",
    ),
    _Server(
        folder="taxii",
        goal="at least 8 x TAXII GET",
        times=8,
        name="a TAXII server",
        is_possible=lambda: True,
        measure=_fed,
        count=NOTES,
        fact="The TAXII server (medallion) keeps notes in memory. They are not signed, decided, cut, stored or receipted; "
        "its own server answers one page at a time.",
    ),
)


def beside(rate: float, size_bytes: int, effort: Effort) -> Beside:
    """
    Measure every server that is installed.

    Args:
        rate: Ours, items a second, measured in the same run.
        size_bytes: Of an item, as we hand it over; texts have as many.
        effort: How many runs.
    """
    lines: list[Line] = []
    goals: list[Goal] = []
    facts: list[str] = []
    for server in SERVERS:
        if folder(server.folder) is None:
            goals.append(not_measured(server.goal, server.name))
            continue
        if not server.is_possible():
            goals.append(not_measured(server.goal, server.name, "is started by root only"))
            continue
        found = _measured(server, size_bytes, effort)
        goals.append(at_least(server.goal, rate * found[0].seconds, server.times, "x"))
        lines += found
        facts.append(server.fact)
    return Beside(lines=tuple(lines), goals=tuple(goals), facts=tuple(facts))


def _measured(server: _Server, size_bytes: int, effort: Effort) -> list[Line]:
    count = effort.of(server.count, 20)
    texts = [f"{number} ".ljust(size_bytes, "x") for number in range(count)]
    runs = [server.measure(texts) for _ in range(effort.of(3, 1))]
    return [
        Line(whose=each[0].whose, seconds=statistics.median(line.seconds for line in each))
        for each in zip(*runs, strict=True)
    ]
