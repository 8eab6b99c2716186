# SPDX-License-Identifier: Apache-2.0
"""
The demonstration without processes of its own: its commands and its nodes run in this one, many times faster.

What is told and checked is the same. ``Inside`` also lets a test lie: change what a command is asked for or
what came of it, as if the program had that fault.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from legation.demo.processes import Ended, Processes, Server, check
from legation.node.home import open_home
from legation.node.service.serving import serve_node
from legation.node.surroundings import HERE
from tests.stories.cast import Desk

PATIENCE_S = 60.0  # for what takes a fraction of a second

Arguments = list[str]
Lie = Callable[["Inside", Arguments, Callable[[Arguments], Ended]], Ended]


class Inside(Processes):
    """
    Runs commands one after the other, and nodes in threads.
    """

    lie: Lie | None = None
    _turn = threading.Lock()  # a command has stdout and the working folder of the process to itself

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.nodes: dict[str, NodeInside] = {}

    def run(self, arguments: Sequence[str]) -> Ended:
        """
        Run one command, or the lie in its place.
        """
        self._check_going_on()
        if Inside.lie is not None:
            return Inside.lie(self, list(arguments), self.honest)
        return self.honest(arguments)

    def honest(self, arguments: Sequence[str]) -> Ended:
        """
        Run one command; ``serve`` as a process, for it wants the signals of one.
        """
        if arguments[0] == "serve":
            return super().run(arguments)
        with Inside._turn:
            self.commands += 1
            found = Desk(self.folder).run(*arguments)
        return Ended(code=found.code, out=found.out, err=found.err)

    def serve(self, arguments: Sequence[str], log: str) -> Server:
        """
        Put a node to work in a thread.
        """
        self._check_going_on()
        folder = self.folder / arguments[arguments.index("--dir") + 1]
        port = int(arguments[arguments.index("--port") + 1]) if "--port" in arguments else 0
        (self.folder / log).touch()
        node = self.nodes[folder.name] = NodeInside(folder, port)
        return node

    def stop(self) -> None:
        """
        End all.
        """
        super().stop()
        for node in self.nodes.values():
            node.ask_to_end()
        for node in self.nodes.values():
            node.end()


class NodeInside(Server):
    """
    A node at work in a thread.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._name = f"legation serve --dir {folder.name}"
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._where: Future[tuple[str, int]] = Future()
        self._threads = ThreadPoolExecutor(1)
        self._ended = self._threads.submit(self._serve, folder, port)
        self._threads.shutdown(wait=False)

    def _serve(self, folder: Path, port: int) -> None:
        def started(*where: Any) -> None:
            self._where.set_result(where)

        async def serve() -> None:
            with open_home(folder, HERE) as home:
                await serve_node(
                    home,
                    host="127.0.0.1",
                    port=port,
                    around=HERE,
                    started=started,
                    stop=self._stop,
                    report=lambda *_: None,
                )

        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(serve())

    @property
    def is_up(self) -> bool:
        """
        Whether it has not ended.
        """
        return not self._ended.done()

    def told(self) -> Any:
        """
        Where it listens.
        """
        return dict(zip(("host", "port"), self._where.result(PATIENCE_S), strict=True))

    def ask_to_end(self) -> None:
        """
        Ask it to end, if it has not ended.
        """
        if self.is_up:
            self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self) -> None:
        """
        End it; it deviates if it had ended before.
        """
        check(self.is_up, f"{self._name} ended by itself")
        self.end()

    def end(self) -> None:
        """
        End it.
        """
        self.ask_to_end()
        self._ended.result(PATIENCE_S)


def instead(of: Sequence[str], run: Sequence[str] = (), **options: str) -> Lie:
    """
    Run something else in the place of a command.

    Args:
        of: What the arguments must begin with.
        run: What they begin with instead.
        options: Values to put in the place of others, by option.
    """

    def lie(_: Inside, arguments: Arguments, honest: Callable[[Arguments], Ended]) -> Ended:
        if arguments[: len(of)] == list(of):
            arguments = [*(run or of), *arguments[len(of) :]]
            for name, value in options.items():
                if f"--{name}" in arguments:
                    arguments[arguments.index(f"--{name}") + 1] = value
        return honest(arguments)

    return lie


def saying(command: str, change: Callable[[Any], object], at: str = "") -> Lie:
    """
    Change the document that a command prints, at one office or at all.
    """

    def lie(_: Inside, arguments: Arguments, honest: Callable[[Arguments], Ended]) -> Ended:
        ended = honest(arguments)
        if (
            arguments[0] == command
            and "--json" in arguments
            and at in ("", arguments[-1])
            and ended.code == 0
        ):
            document = json.loads(ended.out)
            change(document)
            return Ended(code=0, out=json.dumps(document), err="")
        return ended

    return lie
