# SPDX-License-Identifier: Apache-2.0

import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from legation.demo import processes
from legation.demo.processes import DeviationError, Processes, StoppedError, free_port

LISTENS = "import time; print('{}', flush=True); time.sleep(600)"
LINGERS = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LISTENS


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """
    Processes whose arguments are programs in Python, all ended in the end.
    """
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nshift 2\nexec "{sys.executable}" -c "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    made = Processes(tmp_path)
    yield made
    made.stop()
    made.close()


class TestCommands:
    def test_what_came_of_a_command_is_told(self, made: Processes) -> None:
        """
        Exit code and both outputs are given, in any script, and the command is counted.
        """
        ended = made.run(["import sys; print('대사'); print('x', file=sys.stderr); sys.exit(3)"])
        assert (ended.code, ended.out, ended.err) == (3, "대사\n", "x\n")
        assert made.commands == 1

    def test_the_users_node_is_left_alone(self, made: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A folder that is set for other commands is not that of these.
        """
        monkeypatch.setenv("LEGATION_DIR", "/somewhere")
        asked = ["import os; print(os.environ.get('LEGATION_DIR'))"]
        assert Processes(made.folder).run(asked).out == "None\n"

    def test_a_command_that_does_not_end_deviates(
        self, made: Processes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Nobody waits for ever, and the command is ended with the rest.
        """
        monkeypatch.setattr(processes, "COMMAND_TIME_S", 0.1)
        with pytest.raises(DeviationError, match="does not end"):
            made.run(["import time; time.sleep(600)"])


class TestServers:
    def test_a_server_is_up_until_it_is_stopped(self, made: Processes) -> None:
        """
        It says where it listens, and is there until somebody ends it.
        """
        server = made.serve(["print('{'); print('\"port\": 7'); " + LISTENS.replace("{}", "}")], "log")
        assert server.told() == {"port": 7}
        assert server.is_up
        made.stop()
        assert not server.is_up

    def test_a_server_that_says_nothing_deviates(
        self, made: Processes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Nobody waits for ever for it to listen.
        """
        monkeypatch.setattr(processes, "START_TIME_S", 0.1)
        with pytest.raises(DeviationError, match="did not start"):
            made.serve(["import time; time.sleep(600)"], "log").told()

    def test_a_server_that_ends_at_once_deviates(self, made: Processes) -> None:
        """
        One that cannot listen is noticed, and its log says why.
        """
        with pytest.raises(DeviationError, match="did not start"):
            made.serve(["import sys; sys.exit('why')"], "log").told()
        assert (made.folder / "log").read_text() == "why\n"

    def test_a_server_that_had_ended_deviates_when_it_is_stopped(self, made: Processes) -> None:
        """
        A node that died in the middle of the tale is not passed over.
        """
        server = made.serve(["print('{}')"], "log")
        server.told()
        while server.is_up:
            time.sleep(0.01)
        with pytest.raises(DeviationError, match="ended by itself"):
            server.stop()

    def test_a_server_that_ends_badly_deviates(self, made: Processes) -> None:
        """
        A node that does not end well when it is told to is not passed over either.
        """
        server = made.serve([LISTENS], "log")
        server.told()
        with pytest.raises(DeviationError, match="ended with -15"):
            server.stop()


class TestStopping:
    def test_what_does_not_end_is_killed(self, made: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A process that takes no notice is ended all the same, and nobody waits long.
        """
        monkeypatch.setattr(processes, "STOP_TIME_S", 0.1)
        servers = [made.serve([LINGERS], "log") for _ in range(3)]
        for each in servers:
            each.told()
        began = time.monotonic()
        made.stop()
        assert not any(each.is_up for each in servers)
        assert time.monotonic() - began < 5

    def test_whoever_waits_is_told(self, made: Processes) -> None:
        """
        A command that is going on is ended, and whoever waits for it, or for time, hears that it is over.
        """
        heard: list[str] = []

        def wait(name: str) -> None:
            try:
                made.run(["import time; time.sleep(600)"]) if name == "command" else made.pause(600)
            except StoppedError:
                heard.append(name)

        waiting = [threading.Thread(target=wait, args=(name,)) for name in ("command", "time")]
        for each in waiting:
            each.start()
        while made.commands == 0:
            time.sleep(0.01)
        made.stop()
        for each in waiting:
            each.join(10)
        assert sorted(heard) == ["command", "time"]

    def test_a_server_that_was_ended_with_everything_does_not_deviate(self, made: Processes) -> None:
        """
        Whoever waits for a server, stops it or looks after it meanwhile hears that it is over.
        """
        server = made.serve(["import time; time.sleep(600)"], "log")
        threading.Timer(0.1, made.stop).start()
        with pytest.raises(StoppedError):
            server.told()
        while server.is_up:
            time.sleep(0.01)
        for act in (server.check_up, server.stop):
            with pytest.raises(StoppedError):
                act()

    def test_nothing_begins_afterwards(self, made: Processes) -> None:
        """
        Once all was ended, no command and no server can be begun.
        """
        made.stop()
        with pytest.raises(StoppedError):
            made.run([LISTENS])
        with pytest.raises(StoppedError):
            made.serve([LISTENS], "log")
        assert made.commands == 0


def test_a_free_port_is_one_that_nobody_listens_at() -> None:
    """
    A server can be put there, and no near end of a connection is given it meanwhile.
    """
    port = free_port()
    assert port in processes.PORTS
    with socket.create_server(("127.0.0.1", port)):
        pass
