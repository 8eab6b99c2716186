# SPDX-License-Identifier: Apache-2.0
"""
A node at work: it answers pulls, pulls from its peers, and keeps house when the rules change.

* One ``serve`` for a folder; other commands are short transactions beside it.
* A pull that has nothing to be answered with waits on the doorbell and holds no thread.
* Each peer with an address has a thread of its own that pulls, waits, and pulls again; after a failure
  it waits longer each time, up to ``RETRY_S_MAX``.
* One keeper looks for new peers, for dates that have passed, and for deliveries that were withheld
  and may go now.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from starlette.types import ASGIApp

from legation.errors import LegationError, MalformedError, RefusedError, StoreError
from legation.exchange import ANSWER_SIZE_BYTES_MAX, PULL_SIZE_BYTES_MAX, PUSH_SIZE_BYTES_MAX
from legation.keys.card import Card
from legation.node.home import Home
from legation.node.keys.settling import settle
from legation.node.peers.admitting import carry_out
from legation.node.rules import RuleBook, Rules, is_due
from legation.node.service.doorbell import Doorbell
from legation.node.service.reception import Answerer, Report
from legation.node.streams.answering import Answering
from legation.node.streams.letterbox import Letterbox
from legation.node.streams.pulling import Pulling
from legation.node.streams.push_loop import Pulls, PushLoop, nobody_pulls, pushing
from legation.node.streams.pushed import TakingPushes
from legation.node.streams.pushing import Pushed
from legation.node.streams.taking_in import Pulled
from legation.node.surroundings import Surroundings
from legation.records import PeerPulledRecord, PeerPushedRecord, PulledRecord, PushedRecord
from legation.store.lock import FolderLock
from legation.store.sqlite import deliveries, node, peers
from legation.store.sqlite.database import Reading, Writing
from legation.transports.http.address import PATH, read_address
from legation.transports.http.app import Long, exchange_app
from legation.transports.http.peer import Peer
from legation.transports.http.server import serve

WAIT_S = 50  # a long poll: less than the minute after which proxies cut
RETRY_S_MIN = 0.2
RETRY_S_MAX = 15.0
LEAVE_S = 0.5  # for the pull loops to end when a node does; what they were doing is done again later
LOOK_EVERY_S = 0.25  # how often the keeper looks; a look at an unchanged store costs microseconds


class PullLoop(threading.Thread):
    """Pulls from one peer as long as the node is up."""

    def __init__(self, home: Home, office: str, address: str, around: Surroundings, report: Report) -> None:
        super().__init__(name=f"pull {office}", daemon=True)
        self.address = address
        self._office = office
        self._report = report
        self._database = home.database
        self._around = around
        self._stopped = threading.Event()
        self._peer = Peer(address, size_bytes_max=ANSWER_SIZE_BYTES_MAX)
        self._pulling = pulling(home, office, around)

    def stop(self) -> None:
        """End, also in the middle of a long poll."""
        self._stopped.set()
        self._peer.close()

    def run(self) -> None:
        """Pull, wait, pull."""
        retry_s = RETRY_S_MIN
        while not self._stopped.is_set():
            try:
                asked_at = time.monotonic()
                pulled = self._pulling.pull(
                    lambda pieces: self._peer.exchange(b"".join(pieces), wait_s=WAIT_S), wait_s=WAIT_S
                )
                if pulled.entries or pulled.is_challenged or time.monotonic() - asked_at > RETRY_S_MAX:
                    retry_s = RETRY_S_MIN
                    continue
                # Answered with nothing and at once: the peer is stopping, or we are stopped there.
            except LegationError as error:
                if self._stopped.is_set():
                    return
                self._failed(error)
            except Exception as error:  # noqa: BLE001 - one of the doors where everything is caught
                self._report(f"pull from {self._office}", error)
            self._stopped.wait(retry_s)
            retry_s = min(2 * retry_s, RETRY_S_MAX)

    def _failed(self, error: LegationError) -> None:
        """Write down why, once for each reason: a peer that is away for months fails a million times."""
        self._report(f"pull from {self._office}", error)
        if isinstance(error, StoreError):
            return

        def act(db: Writing) -> None:
            known = peers.peer(db, self._office)
            if known is not None and known.failure != error.message:
                peers.failed(db, self._office, error.message, self._around.seconds())

        try:
            self._database.write(act)
        except StoreError as busy:  # the next failure is written down instead
            self._report(f"pull from {self._office}", busy)


class Keeper(threading.Thread):
    """
    Keeps house: pull and push loops for the peers that there are, a new epoch when a date has passed, and
    withheld deliveries that may go since the rules changed.
    """

    def __init__(
        self,
        home: Home,
        around: Surroundings,
        report: Report,
        broken: Callable[[], object],
        pulls: Pulls = nobody_pulls,
    ) -> None:
        super().__init__(name="keeper", daemon=True)
        self._pulls = pulls
        self._broken = broken
        self._home = home
        self._around = around
        self._report = report
        self._book = RuleBook(home.card, around)
        self._before: Rules | None = None
        self._ends = {until for _, until in home.signing.former}
        self._loops: dict[str, tuple[PullLoop, PushLoop]] = {}
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End, and end the pull loops."""
        self._stopped.set()

    def run(self) -> None:
        """Look, wait, look."""
        seen, wait_s = -1, 0.0
        while not self._stopped.wait(wait_s):
            try:
                if self._home.database.is_broken:
                    # Nothing more can be written; a restart finds out what was.
                    self._broken()
                    break
                version = self._home.database.data_version()
                if version != seen or self._is_due():
                    self.look()
                self.forget()
                seen, wait_s = version, LOOK_EVERY_S
            except Exception as error:  # noqa: BLE001 - one of the doors where everything is caught
                self._report("keeper", error)
                wait_s = min(max(2 * wait_s, LOOK_EVERY_S), RETRY_S_MAX)
        self._end_loops()

    def _end_loops(self) -> None:
        """Stop the loops, and give them a moment to leave the store."""
        loops = [each for both in self._loops.values() for each in both]
        for loop in loops:
            loop.stop()
        until = time.monotonic() + LEAVE_S
        for loop in loops:
            loop.join(max(0.0, until - time.monotonic()))

    def _is_due(self) -> bool:
        with self._home.database.read() as db:
            return is_due(db, self._around)

    def forget(self) -> None:
        """Destroy replaced seal keys whose time is over; nothing is opened with them any more in any case."""
        now = self._around.seconds()
        ended = {until for until in self._ends if until <= now}
        if ended:
            home = self._home
            settle(home.path, home.card, database=home.database, blobs=home.blobs, around=self._around)
            self._ends -= ended

    def look(self) -> None:
        """Begin what is due, wake what may go now, and follow the peers."""
        # Whoever admitted a back-file may have ended before all of it became deliveries.
        carry_out(card=self._home.card, database=self._home.database, around=self._around)
        with self._home.database.read() as db:
            changed = self._before is None or node.epoch(db).number != self._before.epoch
        if changed or self._is_due():
            self._before = self._home.database.write(self._turn)
            self._follow(self._before)

    def _turn(self, db: Writing) -> Rules:
        """Begin what is due, and wake the deliveries whose decision has turned."""
        rules, before = self._book.turn(db), self._before
        if before is not None and rules.epoch > before.epoch + 1:
            # Of an epoch in between nobody knows what was withheld because of it.
            before = None
        for office in rules.grants:  # also those without a card, which have no node
            turned = turned_for(db, office, before, rules)
            if turned:
                deliveries.wake(db, deliveries.withheld_by_access(db, office, turned), self._around.seconds())
        return rules

    def _follow(self, rules: Rules) -> None:
        """Have one loop of each kind for each peer with an address, at its present address."""
        wanted = {
            office: card.body.addresses[0] for office, card in rules.cards.items() if card.body.addresses
        }
        for office, loops in list(self._loops.items()):
            if wanted.get(office) != loops[0].address:
                for loop in loops:
                    loop.stop()
                del self._loops[office]
        for office, address in wanted.items():
            if office not in self._loops:
                self._begin_loops(office, address)

    def _begin_loops(self, office: str, address: str) -> None:
        """Begin to pull from a peer and push to it; if its address is none, the others are asked all the same."""
        home, around, report = self._home, self._around, self._report
        try:
            loops = (
                PullLoop(home, office, address, around, report),
                PushLoop(home, office, address, around, report, pulls=self._pulls),
            )
        except LegationError as error:
            self._report(f"pull from {office}", error)
            return
        self._loops[office] = loops
        for loop in loops:
            loop.start()


def turned_for(db: Reading, office: str, before: Rules | None, now: Rules) -> list[int]:
    """
    Name the access ids that *office* may be handed now and could not before.

    Without a before, as when a node starts, all that it may be handed; then also what has no paragraph
    for it is looked at once.
    """
    return [
        each
        for each in deliveries.withheld_access(db, office)
        if now.permits(office, each)
        and (before is None or each not in before.labels or not before.permits(office, each))
    ]


def pulling(home: Home, office: str, around: Surroundings) -> Pulling:
    """Make what pulls from one peer."""
    return Pulling(
        card=home.card,
        peer=office,
        signing=home.signing,
        database=home.database,
        blobs=home.blobs,
        attachments=home.attachments,
        around=around,
    )


def taking_pushes(home: Home, around: Surroundings, letterbox: Letterbox) -> TakingPushes:
    """Make what takes the pushes of all peers."""
    return TakingPushes(
        card=home.card,
        signing=home.signing,
        database=home.database,
        blobs=home.blobs,
        attachments=home.attachments,
        around=around,
        letterbox=letterbox,
    )


async def serve_node(
    home: Home,
    *,
    host: str,
    port: int,
    around: Surroundings,
    started: Callable[[str, int], None],
    stop: asyncio.Event,
    report: Report,
) -> None:
    """
    Serve a node until *stop* is set.

    Args:
        home: The node's folder, opened.
        host: Where to listen.
        port: 0 takes a free one.
        around: Clock and dice.
        started: Told where it listens, once it does.
        stop: Ends it.
        report: Told what failed.

    Raises:
        StoreError: Another process serves this folder; or the disk failed on the way.
        OSError: It cannot listen there.
    """
    with FolderLock(home.path):
        loop = asyncio.get_running_loop()
        answering = answering_of(home, around)
        keeper = Keeper(
            home, around, report, lambda: loop.call_soon_threadsafe(stop.set), pulls=answering.pulls
        )
        keeper.start()
        doorbell = Doorbell(home.database)
        ending = asyncio.create_task(_end_waiting(doorbell, stop))
        try:
            app = exchange_of(home, around, report, doorbell, answering)
            await serve(app, host=host, port=port, stop=stop, started=started)
        finally:
            ending.cancel()
            keeper.stop()
            await asyncio.to_thread(keeper.join)
    if home.database.is_broken:
        raise StoreError("the disk failed", hint="see to the disk, then start again")


async def _end_waiting(doorbell: Doorbell, stop: asyncio.Event) -> None:
    """Answer those who wait when the node is told to end, so that it need not wait for them."""
    await stop.wait()
    await doorbell.close()


async def serve_pages(pages: ASGIApp, *, stop: asyncio.Event, started: Callable[[str, int], None]) -> None:
    """Serve pages on the loopback interface, at a free port, until *stop* is set."""
    await serve(pages, host="127.0.0.1", port=0, stop=stop, started=started)


def answering_of(home: Home, around: Surroundings) -> Answering:
    """Make what answers the pulls of all peers."""
    return Answering(
        card=home.card,
        signing=home.signing,
        database=home.database,
        blobs=home.blobs,
        attachments=home.attachments,
        around=around,
    )


def exchange_of(
    home: Home,
    around: Surroundings,
    report: Report,
    doorbell: Doorbell | None = None,
    answering: Answering | None = None,
) -> ASGIApp:
    """
    The application that answers this node's peers.

    Args:
        home: The node's folder, opened.
        around: Clock and dice.
        report: Told what failed.
        doorbell: If its owner wants to close it.
        answering: If its owner asks it who pulls.
    """
    answering = answering or answering_of(home, around)
    pushed = taking_pushes(home, around, answering.letterbox)
    answerer = Answerer(answering, pushed, doorbell or Doorbell(home.database), home.database, report)
    return exchange_app(
        answerer,
        size_bytes_max=PULL_SIZE_BYTES_MAX,
        report=lambda error: report("exchange", error),
        long=Long(size_bytes_max=PUSH_SIZE_BYTES_MAX, doorkeeper=answerer.let_in),
        paths={PATH, *_paths(home.card)},
    )


def _paths(card: Card) -> Iterator[str]:
    """The paths that our own card names."""
    return (read_address(each).path for each in card.body.addresses)


@dataclass(frozen=True, kw_only=True)
class PulledAll:
    """What asking brought, and what failed, peer by peer."""

    record: PulledRecord
    errors: tuple[LegationError, ...]


def pull_all(home: Home, office: str | None, around: Surroundings) -> PulledAll:
    """
    Ask one peer, or all confirmed ones that have an address, for everything they have.

    Raises:
        RefusedError: The card of *office* is not confirmed.
        MalformedError: *office* has no address to be asked at.
    """
    errors: list[LegationError] = []
    found = [
        _pull_one(home, each, address, around, errors) for each, address in _addresses(home, office, around)
    ]
    return PulledAll(record=PulledRecord(peers=tuple(found)), errors=tuple(errors))


def _addresses(home: Home, office: str | None, around: Surroundings) -> list[tuple[str, str]]:
    """Where one confirmed peer is, or all that have an address, by office."""
    with home.database.read() as db:
        cards = RuleBook(home.card, around).at(db).cards
    if office is not None and office not in cards:
        raise RefusedError(f"the card of `{office}` is not confirmed", hint=f"legation peer confirm {office}")
    if office is not None and not cards[office].body.addresses:
        raise MalformedError(f"the card of `{office}` names no address")
    wanted = sorted(cards) if office is None else [office]
    return [(each, cards[each].body.addresses[0]) for each in wanted if cards[each].body.addresses]


def _pull_one(
    home: Home, office: str, address: str, around: Surroundings, errors: list[LegationError]
) -> PeerPulledRecord:
    """Pull until there is nothing more; a failure ends it and is noted."""
    peer, one = Peer(address, size_bytes_max=ANSWER_SIZE_BYTES_MAX), pulling(home, office, around)
    brought: list[Pulled] = []
    error = ""
    try:
        while not brought or brought[-1].entries or brought[-1].is_challenged:
            brought.append(one.pull(lambda pieces: peer.exchange(b"".join(pieces))))
    except LegationError as failed:
        errors.append(failed)
        error = failed.message
    finally:
        peer.close()
    return PeerPulledRecord(
        office=office,
        entries=sum(each.entries for each in brought),
        views=sum(each.views for each in brought),
        quarantined=sum(each.quarantined for each in brought),
        refused=sum(each.refused for each in brought),
        withdrawals=sum(each.withdrawals for each in brought),
        certificates=sum(each.certificates for each in brought),
        error=error,
    )


@dataclass(frozen=True, kw_only=True)
class PushedAll:
    """What pushing came to, and what failed, peer by peer."""

    record: PushedRecord
    errors: tuple[LegationError, ...]


def push_all(home: Home, office: str | None, around: Surroundings) -> PushedAll:
    """
    Push to one peer, or to all confirmed ones that have an address, everything that waits for them.

    Raises:
        RefusedError: The card of *office* is not confirmed.
        MalformedError: *office* has no address to be pushed to.
    """
    errors: list[LegationError] = []
    found = [
        _push_one(home, each, address, around, errors) for each, address in _addresses(home, office, around)
    ]
    return PushedAll(record=PushedRecord(peers=tuple(found)), errors=tuple(errors))


def _push_one(
    home: Home, office: str, address: str, around: Surroundings, errors: list[LegationError]
) -> PeerPushedRecord:
    """Push until there is nothing more; a failure ends it and is noted."""
    peer, one = Peer(address, size_bytes_max=ANSWER_SIZE_BYTES_MAX), pushing(home, office, around)
    made: list[Pushed] = []
    error = ""
    try:
        while not made or made[-1].has_more or one.has_news():
            made.append(one.push(peer.exchange))
    except LegationError as failed:
        errors.append(failed)
        error = failed.message
    finally:
        peer.close()
    last = made[-1] if made else Pushed(entries=0, held=0, size=0)
    return PeerPushedRecord(
        office=office,
        entries=sum(each.entries for each in made),
        held=last.held,
        size=last.size,
        too_long=last.too_long,
        error=error,
    )
