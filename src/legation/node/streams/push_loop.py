# SPDX-License-Identifier: Apache-2.0
"""
Pushing while the node is up: what waits is brought to a peer that does not come for it, and an idle link is looked after.

A peer that pulls is left alone: it gets everything so, and each pull says where it stands. One that has not pulled for
``COMES_WITHIN_S`` is pushed to, if its card has an address: at once when something waits for it, and every
``STATUS_EVERY_S`` with nothing, so that either side notices what the other has lost.
"""

import threading
import time
from collections.abc import Callable

from legation.errors import LegationError, StoreError
from legation.exchange import PULL_SIZE_BYTES_MAX
from legation.node.home import Home
from legation.node.service.reception import Report
from legation.node.streams.pushing import Pushing
from legation.node.streams.receipting import note_failure
from legation.node.surroundings import Surroundings
from legation.store.sqlite.database import Database
from legation.transports.http.peer import Peer

COMES_WITHIN_S = 120  # two long polls; a peer that is silent for longer does not come
STATUS_EVERY_S = 300  # on an idle link: a loss is noticed within five minutes
LOOK_EVERY_S = 0.5  # whether something waits; a look at an unchanged store costs microseconds
RETRY_S_MIN = 1.0
RETRY_S_MAX = 60.0

Pulls = Callable[[str, int], bool]
"""Whether a peer has pulled within so many seconds."""


def nobody_pulls(_office: str, _within_s: int) -> bool:
    """Say that no peer comes for what waits for it."""
    return False


def pushing(home: Home, office: str, around: Surroundings) -> Pushing:
    """Make what pushes to one peer."""
    return Pushing(
        card=home.card,
        peer=office,
        signing=home.signing,
        database=home.database,
        blobs=home.blobs,
        attachments=home.attachments,
        around=around,
    )


class PushLoop(threading.Thread):
    """
    Pushes to one peer as long as the node is up.

    Args:
        home: The node's folder, opened.
        office: The peer.
        address: Where it is.
        around: Clock and dice.
        report: Told what failed.
        pulls: Whether it comes for what waits for it.
    """

    def __init__(
        self, home: Home, office: str, address: str, around: Surroundings, report: Report, *, pulls: Pulls
    ) -> None:
        super().__init__(name=f"push {office}", daemon=True)
        self.address = address
        self._office = office
        self._report = report
        self._pulls = pulls
        self._database: Database = home.database
        self._around = around
        self._stopped = threading.Event()
        self._peer = Peer(address, size_bytes_max=PULL_SIZE_BYTES_MAX)
        self._pushing = pushing(home, office, around)
        self._began = time.monotonic()
        self._pushed_at: float | None = None  # when a push was last answered
        self._seen = -1  # the store as it was looked at last
        self._has_news = False

    def stop(self) -> None:
        """End, also in the middle of a push."""
        self._stopped.set()
        self._peer.close()

    def run(self) -> None:
        """Look, push, wait."""
        retry_s = RETRY_S_MIN
        while not self._stopped.wait(LOOK_EVERY_S):
            try:
                while not self._stopped.is_set() and self.is_due():
                    self.push()
                    retry_s = RETRY_S_MIN
                continue
            except LegationError as error:
                if self._stopped.is_set():
                    return
                self._failed(error)
            except Exception as error:  # noqa: BLE001 - one of the doors where everything is caught
                self._report(f"push to {self._office}", error)
            self._seen = -1
            self._stopped.wait(retry_s)
            retry_s = min(2 * retry_s, RETRY_S_MAX)

    def is_due(self) -> bool:
        """Whether the peer does not come, and something waits for it or nothing was said for long."""
        now = time.monotonic()
        if now - self._began < COMES_WITHIN_S or self._pulls(self._office, COMES_WITHIN_S):
            return False
        if self._pushed_at is None or now - self._pushed_at >= STATUS_EVERY_S:
            return True
        version = self._database.data_version()
        if version != self._seen:
            self._seen, self._has_news = version, self._pushing.has_news()
        return self._has_news

    def push(self) -> None:
        """Push once."""
        self._pushing.push(self._peer.exchange)
        self._pushed_at = time.monotonic()
        # What it brought was committed, and there may be more behind it.
        self._seen = -1

    def _failed(self, error: LegationError) -> None:
        self._report(f"push to {self._office}", error)
        if isinstance(error, StoreError):
            return
        now = self._around.seconds()
        try:
            self._database.write(lambda db: note_failure(db, self._office, error.message, now))
        except StoreError as busy:  # the next failure is written down instead
            self._report(f"push to {self._office}", busy)
