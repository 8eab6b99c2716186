# SPDX-License-Identifier: Apache-2.0
"""
Two offices as their operators see them: folders, made and joined by commands, and a line without HTTP.

``kor`` is the node of KOR@NATO, which peers reach at ``kor.example:1``; ``jpn`` is that of JPN@NATO, which
has no address and only pulls. Each has the other's card, confirmed by two, and a grant up to SECRET. JPN's
own people are cleared to LIMITED.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import apsw
import pytest

from legation.errors import UnreachableError
from legation.exchange import Envelope, Pull, Push
from legation.node.home import STORE, open_home
from legation.node.service import serving
from legation.node.service.serving import taking_pushes
from legation.node.streams.answering import Answering
from legation.node.surroundings import HERE
from tests.cli.ends import CANARY
from tests.stories.cast import CLEARANCES, Desk, Done, clearance

ONE, TWO = ("--by", "security officer"), ("--by", "administrator")
ADDRESS = "kor.example:1"

REPORT = f"""\
kind: report
policy: EXERCISE
title: (O) Seating
action: JPN@NATO

(L//REL KOR, JPN) Lunch is at noon.

(S//REL KOR, JPN) {CANARY} was here.

(S//REL KOR) We do not raise it.
"""


class Line:
    """
    Stands for the line to a peer: asks the node in a folder, as it is at that moment.
    """

    folders: dict[str, Path]

    def __init__(self, address: str, *, size_bytes_max: int) -> None:
        assert size_bytes_max > 0
        self._address = address

    def exchange(self, pieces: bytes | Iterable[bytes], *, wait_s: float = 0) -> Iterator[bytes]:
        """
        Ask.
        """
        assert wait_s == 0
        envelope = pieces if isinstance(pieces, bytes) else b"".join(pieces)
        if self._address not in self.folders:
            raise UnreachableError(f"{self._address} does not answer", hint="is it up?")
        with open_home(self.folders[self._address], HERE) as home:
            answering = Answering(
                card=home.card,
                signing=home.signing,
                database=home.database,
                blobs=home.blobs,
                attachments=home.attachments,
                around=HERE,
            )
            found = answering.letterbox.open(envelope, Pull, Push)
            if isinstance(found.letter, Push):
                pushed = taking_pushes(home, HERE, answering.letterbox)
                yield from pushed.take(envelope, cast("Envelope[Push]", found))
            else:
                answering.take_in(found.letter)
                yield from answering.answer(cast("Envelope[Pull]", found))

    def close(self) -> None:
        """
        End it.
        """


@pytest.fixture
def offices(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """
    The desk with both nodes in it, joined.
    """
    limited = clearance(["JPN"], highest="LIMITED", context=("Own", "Releasable"))
    desk.write("limited.xml", limited)
    desk.write("KOR.xml", CLEARANCES["KOR"])
    desk.write("to-jpn.md", REPORT)
    run(desk, "init", "KOR@NATO", "--dir", "kor", "--address", ADDRESS)
    run(desk, "init", "JPN@NATO", "--dir", "jpn", "--clearance", "limited.xml")
    for ours, theirs, office in (("kor", "jpn", "JPN@NATO"), ("jpn", "kor", "KOR@NATO")):
        run(desk, "peer", "add", f"{theirs}/office.card", *ONE, "--dir", ours)
        run(desk, "peer", "confirm", office, *TWO, "--dir", ours)
        for person in (ONE, TWO):
            run(desk, "peer", "grant", office, "--clearance", f"{office[:3]}.xml", *person, "--dir", ours)
    monkeypatch.setattr(serving, "Peer", Line)
    Line.folders = {ADDRESS: desk.folder / "kor"}
    return desk


def run(desk: Desk, *arguments: str) -> str:
    """Run a command that must end well."""
    found = desk.run(*arguments)
    assert (found.code, found.err) == (0, ""), found.err
    return found.out


def document(desk: Desk, *arguments: str) -> Any:
    """The one JSON document of a command that ends well."""
    return one_document(desk.run(*arguments, "--json"), 0)


def one_document(found: Done, code: int) -> Any:
    """The one JSON document that a command printed, and nothing else."""
    assert found.code == code, found.err
    return json.loads(found.out)


def held(desk: Desk) -> dict[str, object]:
    """All that lies in the desk's folder: files, and the rows of stores."""
    return {
        str(path.relative_to(desk.folder)): rows(path) if path.name == STORE else path.read_bytes()
        for path in sorted(desk.folder.rglob("*"))
        if path.is_file() and not path.name.startswith(f"{STORE}-")
    }


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of a store."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        names = [
            str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {name: list(connection.execute(f"SELECT * FROM {name}")) for name in names}  # noqa: S608
    finally:
        connection.close()


@contextmanager
def unchanged(desk: Desk) -> Iterator[None]:
    """See to it that nothing in the desk's folder is another at the end."""
    before = held(desk)
    yield
    now = held(desk)
    assert {
        name: now.get(name) for name in now.keys() | before.keys() if now.get(name) != before.get(name)
    } == {}


def refused(desk: Desk, code: int, *arguments: str) -> str:
    """
    A command that is refused: what it told, with and without ``--json``.

    Nothing changed anywhere, one document on stdout with ``--json`` and nothing without, no content told.
    """
    with unchanged(desk):
        plain = desk.run(*arguments)
        with_json = desk.run(*arguments, "--json")
    assert (plain.code, plain.out) == (code, ""), plain
    assert plain.err.startswith("legation: ")
    error = one_document(with_json, code)["error"]
    assert set(error) == {"code", "message", "hint", "faults"}
    assert (error["code"], with_json.err) == (code, plain.err)
    assert plain.err.startswith(f"legation: {error['message']}\n")
    assert CANARY not in plain.err + with_json.out
    assert "Traceback" not in plain.err
    return plain.err
