# SPDX-License-Identifier: Apache-2.0

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.offices import ONE, REPORT, TWO, document, one_document, run
from tests.stories.cast import Desk
from tests.transports.ends import eventually

KOR, JPN = ("--dir", "kor"), ("--dir", "jpn")
END_S = 3.0  # a node has ended by then, whatever it was doing


class Serving:
    """A node that is served, by a process of its own."""

    def __init__(self, desk: Desk, folder: str, port: int) -> None:
        self.log = desk.folder / f"{folder}.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "legation", "serve", "--dir", folder, "--port", str(port), "--json"],
                cwd=desk.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def told(self) -> Any:
        """What it said when it listened."""
        assert self._process.stdout is not None
        lines: list[bytes] = []
        while not lines or lines[-1] != b"}\n":
            lines.append(self._process.stdout.readline())
            assert lines[-1], self.log.read_text()
        return json.loads(b"".join(lines))

    def ends(self, by: signal.Signals) -> tuple[int, float, bytes]:
        """Tell it to end: its exit code, how long it took, and what else it printed."""
        began = time.monotonic()
        self._process.send_signal(by)
        assert self._process.stdout is not None
        code = self._process.wait(20)
        took_s = time.monotonic() - began
        return code, took_s, self._process.stdout.read()

    def close(self) -> None:
        """See to it that nothing is left."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def joined(desk: Desk) -> Iterator[tuple[Desk, Serving, Serving]]:
    """
    Two nodes that trust each other, both served; JPN@NATO pulls from KOR@NATO by HTTP.
    """
    port = free_port()
    desk.write("to-jpn.md", REPORT)
    run(desk, "init", "KOR@NATO", *KOR, "--address", f"127.0.0.1:{port}")
    run(desk, "init", "JPN@NATO", *JPN)
    kor = Serving(desk, "kor", port)
    jpn = Serving(desk, "jpn", 0)
    try:
        assert kor.told() == {"host": "127.0.0.1", "port": port}
        jpn.told()
        # Beside the running servers, as every command.
        for ours, theirs, office in (("kor", "jpn", "JPN@NATO"), ("jpn", "kor", "KOR@NATO")):
            run(desk, "peer", "add", f"{theirs}/office.card", *ONE, "--dir", ours)
            run(desk, "peer", "confirm", office, *TWO, "--dir", ours)
            for person in (ONE, TWO):
                run(desk, "peer", "grant", office, "--clearance", f"{office[:3]}.xml", *person, "--dir", ours)
        yield desk, kor, jpn
    finally:
        kor.close()
        jpn.close()


def test_two_served_nodes_exchange_while_commands_run_beside(
    joined: tuple[Desk, Serving, Serving],
) -> None:
    """
    A release by a command reaches the other's inbox and comes back receipted; then both end when they are
    told to, with an open long poll between them, at once and with 0.
    """
    desk, kor, jpn = joined
    assert eventually(lambda: document(desk, "peer", "list", *KOR)["peers"][0]["heard"] != "")
    draft = run(desk, "compose", "to-jpn.md", *KOR).strip()
    began = time.monotonic()
    item = document(desk, "release", draft, "--by", "releasing officer", *KOR)["item"]
    assert eventually(lambda: item in {each["item"] for each in document(desk, "inbox", *JPN)["entries"]})
    assert time.monotonic() - began < 10
    assert eventually(
        lambda: {each["state"] for each in document(desk, "deliveries", *KOR)["deliveries"]} == {"receipted"}
    )
    second = desk.run("serve", *KOR, "--json")
    assert one_document(second, 5)["error"] == {
        "code": 5,
        "message": "the folder is in use by another process",
        "hint": "another process serves this folder",
        "faults": [],
    }
    for folder in (KOR, JPN):
        assert document(desk, "fsck", *folder)["faults"] == []
    # The one that is pulled from first: its peer waits in a long poll.
    code, took_s, said = kor.ends(signal.SIGTERM)
    assert (code, said) == (0, b"")
    assert took_s < END_S
    code, took_s, said = jpn.ends(signal.SIGINT)
    assert (code, said) == (0, b"")
    assert took_s < END_S
    assert "Zq7wanderer" not in kor.log.read_text() + jpn.log.read_text()
    for line in (kor.log.read_text() + jpn.log.read_text()).splitlines():
        assert json.loads(line)["event"] == "failed"


def test_a_port_in_use_is_told(desk: Desk) -> None:
    """
    Where somebody listens already nobody else does; the node is as it was.
    """
    run(desk, "init", "KOR@NATO", *KOR)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        found = desk.run("serve", *KOR, "--port", port)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("legation: ")
    assert "Traceback" not in found.err
    assert document(desk, "fsck", *KOR)["faults"] == []


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid", ""])
def test_a_host_that_is_not_here_is_told(desk: Desk, host: str) -> None:
    """
    What is no interface of this machine cannot be listened on.
    """
    run(desk, "init", "KOR@NATO", *KOR)
    found = desk.run("serve", *KOR, "--host", host)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("legation: ")


def test_a_disk_without_room_is_told_and_leaves_nothing_half_done(desk: Desk) -> None:
    """
    A process that may write no more: the release ends with 5, and goes through when there is room.
    """
    run(desk, "init", "KOR@NATO", *KOR)
    desk.write("jpn.card", _card(desk))
    run(desk, "peer", "add", "jpn.card", *ONE, *KOR)
    run(desk, "peer", "confirm", "JPN@NATO", *TWO, *KOR)
    for person in (ONE, TWO):
        run(desk, "peer", "grant", "JPN@NATO", "--clearance", "JPN.xml", *person, *KOR)
    desk.write("long.md", REPORT + "\n(S//REL KOR, JPN) " + "word " * 15_000 + "\n")
    draft = run(desk, "compose", "long.md", *KOR).strip()
    lines = """
import resource, sys
from legation.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
main(["release", sys.argv[2], "--by", "releasing officer", "--dir", "kor", "--json"])
"""
    for limit in ("1000", "40000"):
        found = subprocess.run(
            [sys.executable, "-c", lines, limit, draft],
            cwd=desk.folder,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert found.returncode == 5, found
        assert json.loads(found.stdout)["error"]["code"] == 5
        assert "Traceback" not in found.stderr
        assert document(desk, "deliveries", *KOR) == {"deliveries": []}
        assert document(desk, "fsck", *KOR)["faults"] == []
    assert document(desk, "release", draft, "--by", "releasing officer", *KOR)["item"]


def _card(desk: Desk) -> bytes:
    run(desk, "init", "JPN@NATO", *JPN)
    return Path(desk.folder / "jpn" / "office.card").read_bytes()
