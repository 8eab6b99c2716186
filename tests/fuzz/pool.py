# SPDX-License-Identifier: Apache-2.0
"""
Processes that try inputs, each within a limit of memory; one that dies or hangs in a library is a finding.
"""

import multiprocessing
import resource
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Self

from tests.fuzz.decoders import decoders
from tests.fuzz.judge import Decoder, Finding
from tests.fuzz.run import Tally, input_of, run

MEMORY_BYTES_MAX = 2 << 30  # of address space: four times what a worker needs
TASK_TIME_S = 600.0  # far more than a slow machine needs for one task: signals stop all but libraries in C

Find = Callable[[], dict[str, Decoder]]

_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True, kw_only=True)
class Task:
    """The inputs from *start* up to *stop* of one decoder."""

    decoder: str
    seed: str
    start: int
    stop: int


class _Worker:
    """One process, and what it is at."""

    def __init__(self, find: Find) -> None:
        self.connection, theirs = _CONTEXT.Pipe()
        self.number = _CONTEXT.Value("q", 0)
        self.task: Task | None = None
        self.process = _CONTEXT.Process(target=_work, args=(find, theirs, self.number), daemon=True)
        self.process.start()
        theirs.close()
        self._is_ready = False

    def give(self, task: Task) -> None:
        """Set it to work, once it is there: it begins with importing the program."""
        if not self._is_ready:
            self.connection.recv()
            self._is_ready = True
        self.task = task
        self.connection.send(task)

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _work(find: Find, connection: Connection, number: Any) -> None:
    """Try what is asked for, until nobody asks."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))

    def began(at: int) -> None:
        number.value = at

    known = find()
    connection.send("ready")
    while True:
        try:
            task: Task = connection.recv()
        except EOFError:
            return
        numbers = range(task.start, task.stop)
        connection.send(run(known[task.decoder], task.seed, numbers, began=began))


class Pool:
    """
    Some workers.

    Args:
        processes: How many.
        find: Gives the decoders by name, in this process and in each worker.
        time_s: How long a task may take.
    """

    def __init__(self, processes: int, find: Find = decoders, *, time_s: float = TASK_TIME_S) -> None:
        self._find = find
        self._time_s = time_s
        self._workers = [_Worker(find) for _ in range(processes)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()

    def tallies(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Tally]]:
        """Have all tasks done; what is left of one whose worker died is done by another."""
        waiting = list(reversed(tasks))
        while waiting or any(worker.task for worker in self._workers):
            for worker in self._workers:
                if worker.task is None and waiting:
                    worker.give(waiting.pop())
            busy = {worker.connection: worker for worker in self._workers if worker.task is not None}
            ready = wait(list(busy), timeout=self._time_s)
            for connection in ready or list(busy):
                worker = busy[connection]  # type: ignore[index]
                task = worker.task
                assert task is not None
                tally = _received(worker) if ready else None
                if tally is None:
                    tally, rest = self._buried(worker, "hangs" if not ready else "ends its process")
                    waiting += [rest] if rest.start < rest.stop else []
                worker.task = None
                yield task, tally

    def _buried(self, worker: _Worker, why: str) -> tuple[Tally, Task]:
        """Put another in the place of a worker that is lost; what it was at is the finding."""
        task, number = worker.task, worker.number.value
        assert task is not None
        worker.stop()
        self._workers[self._workers.index(worker)] = _Worker(self._find)
        data = input_of(self._find()[task.decoder], task.seed, number)
        tally = Tally(inputs=number + 1 - task.start)
        origin = f"seed {task.seed}, input {number}"
        tally.note(Finding(decoder=task.decoder, what="slow", why=why, data=data, origin=origin))
        rest = Task(decoder=task.decoder, seed=task.seed, start=number + 1, stop=task.stop)
        return tally, rest


def _received(worker: _Worker) -> Tally | None:
    try:
        tally: Tally = worker.connection.recv()
    except (EOFError, OSError):
        return None
    return tally
