# SPDX-License-Identifier: Apache-2.0
"""
The one writer of a process: a thread that commits in groups.

A commit costs a sync of the disk, however much is in it. So the writer takes all that waits, runs each act
in a savepoint of its own, and commits once. Nobody waits for company: what comes alone is committed alone.

Rules kept here:

1. A future has its result only after the commit that holds it: then it is on the disk.
2. An act that raises leaves nothing behind, and its neighbours in the group do not notice.
3. No act is run twice: what it did besides writing would be done twice too.
4. When a commit fails, none of its group has happened; when the disk is full, the next may succeed.
5. When the disk fails, nothing more is written: what it has kept is known only after a restart.
   Source: fsync(2); after an error the next call may say that all is well when it is not.
6. The writer alone moves the log into the database, and sees the errors of doing so.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread, current_thread
from time import monotonic
from typing import Any, TypeVar

import apsw

from legation.errors import StoreError
from legation.store.sqlite.connection import BUSY_TIMEOUT_MS, cannot_be_trusted, failure, let_go
from legation.store.sqlite.reading import Writing

Result = TypeVar("Result")

GROUP_MAX = 500  # acts in a commit; of messages of 10 KB they are 5 MB, a third of the cache
GROUP_TIME_S = 0.05  # then a group is closed, however few they are: the first to come has waited so long
QUEUE_MAX = 10_000  # acts that wait; whoever comes then is told so, instead of waiting for minutes
CHECKPOINT_PAGES = 2_000  # 16 MB of log before it is moved into the database; more makes small commits slower
LOG_PAGES_MAX = 16 * CHECKPOINT_PAGES  # so much behind slow readers; then the writer waits for them a little
LOG_WAIT_MS = 200  # how long it then waits, while nobody can write


@dataclass(frozen=True, slots=True)
class _Job:
    """An act, and where its result goes."""

    act: Callable[[Writing], Any]
    future: Future[Any]


@dataclass(slots=True)
class _Outcome:
    """What an act gave or raised, held back until the commit."""

    job: _Job
    result: object = None
    error: BaseException | None = None


class Writer:
    """The thread, what waits for it, and the connection that nobody else writes on."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = Lock()  # nothing is queued behind the end
        self._is_closed = False
        self._is_broken = False
        self._left: list[_Job] = []  # taken, but not run: their group was closed before
        self._log_pages = 0
        self._log_pages_moved = 0
        connection.set_wal_hook(self._note_log)
        # After a disk failed, the system may show a log that is not on it. Moved into the database it is
        # written once more, and what comes next does not stand on it.
        self._checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE, wait_ms=0)
        self._thread = Thread(target=self._run, name="legation-writer", daemon=True)
        self._thread.start()

    def submit(self, act: Callable[[Writing], Result]) -> Future[Result]:
        """
        Queue an act; its result is there when it is durable.

        Raises:
            StoreError: The store is closed, or too much waits.
            TypeError: An act submits another: it would wait for itself, or happen if the first does not.
        """
        if current_thread() is self._thread:
            raise TypeError("an act writes with what it is handed, not through the database")
        future: Future[Result] = Future()
        with self._lock:
            self._check_usable()
            if self._is_closed:
                raise StoreError("the store is closed")
            if self._queue.qsize() >= QUEUE_MAX:
                raise StoreError("the store is busy", hint=f"{QUEUE_MAX} changes wait already")
            self._queue.put(_Job(act, future))
        return future

    @property
    def is_broken(self) -> bool:
        """Whether the disk failed, so that nothing more is written."""
        return self._is_broken

    def close(self) -> None:
        """Commit what waits, and let the thread and the connection go."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while self._turn():
            pass  # nothing is held on to while waiting: what was written may be large
        self._finish()

    def _turn(self) -> bool:
        jobs = self._take()
        if jobs:
            self._commit(jobs)
            self._move_log()  # after the callers have their results
        return bool(jobs)

    def _take(self) -> list[_Job]:
        """Wait for a job, and take those behind it; none when the end has come."""
        if self._left:
            return self._left
        jobs: list[_Job] = []
        while (job := self._queue.get()) is not None:
            if job.future.set_running_or_notify_cancel():
                jobs.append(job)
            if jobs and (self._queue.empty() or len(jobs) == GROUP_MAX):
                return jobs
        if jobs:
            self._queue.put(None)
        return jobs

    def _commit(self, jobs: Sequence[_Job]) -> None:
        """Run and commit a group, and only then say how it went."""
        outcomes, self._left = [_Outcome(job) for job in jobs], []
        try:
            self._check_usable()
            self._group(outcomes)
        except BaseException as error:  # noqa: BLE001 - the thread's door: nobody may wait for ever
            told = self._told(error)
            self._undo(error)
            for outcome in outcomes:
                outcome.error = outcome.error or told()
        for outcome in outcomes:
            _resolve(outcome)

    def _group(self, outcomes: list[_Outcome]) -> None:
        """Run acts until the time is over; those that are left are the next group's, and taken off here."""
        self._connection.execute("BEGIN IMMEDIATE")
        end = monotonic() + GROUP_TIME_S
        for count, outcome in enumerate(outcomes, start=1):
            self._act(outcome)
            if monotonic() >= end:
                self._left = [each.job for each in outcomes[count:]]
                del outcomes[count:]
                break
        self._connection.execute("COMMIT")

    def _act(self, outcome: _Outcome) -> None:
        """Run one act; of one that raises nothing is left."""
        self._connection.execute("SAVEPOINT act")
        writing = Writing(self._connection)
        try:
            outcome.result = outcome.job.act(writing)
            self._check_references()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
            outcome.error = error
        finally:
            writing.end()
        if not self._connection.in_transaction:
            # The library rolled back all, and with it what the others of the group had done.
            raise writing.failed or StoreError("an act ended the transaction it was part of")
        if outcome.error is not None:
            self._connection.execute("ROLLBACK TO act")
        self._connection.execute("RELEASE act")

    def _check_references(self) -> None:
        """Find what the commit would stumble over, while it is known whose fault it is."""
        if self._connection.status(apsw.SQLITE_DBSTATUS_DEFERRED_FKS)[0]:
            raise StoreError("a change breaks a rule of the store (SQLITE_CONSTRAINT_FOREIGNKEY)")

    def _told(self, error: BaseException) -> Callable[[], BaseException]:
        """Find out what a group's callers are told, each by an error of its own: it notes its way up."""
        if isinstance(error, StoreError):
            return partial(_copy, error, error)
        if not isinstance(error, apsw.Error):
            return lambda: error
        # Asked now: the library knows no more about an error after the next call.
        return partial(_copy, failure(error, self._connection), error)

    def _undo(self, error: BaseException) -> None:
        """Leave nothing of the group, and write no more if the disk or the database cannot be trusted."""
        if cannot_be_trusted(self._connection, error):
            self._break()
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error:
            self._break()

    def _break(self) -> None:
        self._is_broken = True

    def _check_usable(self) -> None:
        if self._is_broken:
            raise StoreError(
                "the store is closed for writing: its disk failed",
                hint="see to the disk and start again; what was confirmed is kept",
            )

    def _note_log(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        if pages < self._log_pages_moved:
            self._log_pages_moved = 0
        return apsw.SQLITE_OK

    def _move_log(self) -> None:
        """Move the log into the database when it has grown; readers are waited for only behind a long one."""
        if self._log_pages - self._log_pages_moved >= CHECKPOINT_PAGES:
            is_long = self._log_pages >= LOG_PAGES_MAX
            mode = apsw.SQLITE_CHECKPOINT_RESTART if is_long else apsw.SQLITE_CHECKPOINT_PASSIVE
            self._checkpoint(mode, wait_ms=LOG_WAIT_MS)
            self._log_pages_moved = self._log_pages

    def _checkpoint(self, mode: int, *, wait_ms: int) -> None:
        """Move the log into the database; what is in use, or does not fit, stays where it is, safe."""
        self._connection.set_busy_timeout(wait_ms)
        try:
            self._connection.wal_checkpoint(mode=mode)
        except apsw.Error as error:
            if cannot_be_trusted(self._connection, error):
                self._break()
        finally:
            self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)

    def _finish(self) -> None:
        """Leave the database in one file; but touch nothing more on a disk that failed."""
        if self._is_broken:
            self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        else:
            self._checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE, wait_ms=0)
        let_go(self._connection)


def _copy(error: StoreError, cause: BaseException) -> StoreError:
    copy = StoreError(error.message, hint=error.hint)
    copy.__cause__ = cause
    return copy


def _resolve(outcome: _Outcome) -> None:
    if outcome.error is None:
        outcome.job.future.set_result(outcome.result)
    else:
        outcome.job.future.set_exception(outcome.error)
