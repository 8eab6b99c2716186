# SPDX-License-Identifier: Apache-2.0
"""
Streams that begin anew: what follows on what is held, the vectors, and ``docs/spec/incarnation.md``.
"""

import json
import re
from base64 import b64decode
from typing import Any

import pytest

from legation.encoding import encode
from legation.errors import EquivocationError, MalformedError, RemoteProtocolError
from legation.exchange import LOST_MAX, OLD_MAX, Answer, Position, Pull, binding_of, succeeding, weigh
from legation.exchange import entry as entry_module
from legation.exchange.entry import EntryKind, Predecessor, Start, header_of, write_start
from legation.exchange.envelope import _ANSWER, _PULL
from legation.exchange.letter import EMPTY_ROOT, Carried, TakenBack
from legation.exchange.succeeding import check_agrees, predecessor_in
from legation.log import incarnation_of, key_name, stream_origin, verify_receipt
from tests.exchange.made import RECEIVER, SENDER, naive_root, stream_keys
from tests.keys.office import seed
from tools import vectors_incarnation

STORED = json.loads(vectors_incarnation.FILE.read_bytes())
PAGE = vectors_incarnation.PAGE.read_text(encoding="utf-8")
LETTERS = {each["name"]: each for each in STORED["letters"]}
NEW, OLD = seed("new", 16), seed("old", 16)


def outcome(case: dict[str, Any]) -> str:
    """
    What the program says of the start of another incarnation.
    """
    leaves = [bytes.fromhex(each) for each in case["held"]["leaves"]]
    payload = case["start"].encode()
    held = Position(
        incarnation=bytes.fromhex(case["held"]["incarnation"]), size=len(leaves), root=naive_root(leaves)
    )
    entries = [Carried(header=header_of(0, EntryKind.START, payload))]
    try:
        found = predecessor_in(
            SENDER, bytes.fromhex(case["incarnation"]), entries, [payload], held.incarnation
        )
        check_agrees(SENDER, found, held, root_at=lambda size: naive_root(leaves[:size]), proof=b"proof")
    except RemoteProtocolError:
        return "refused"
    except EquivocationError as error:
        return "two histories" if (error.theirs, error.ours) == (b"proof", encode(held)) else "no evidence"
    return "taken"


class TestVectors:
    def test_the_file_is_what_the_tool_makes(self) -> None:
        """
        Made again it is the same, and so is the page.
        """
        assert vectors_incarnation.FILE.read_bytes() == vectors_incarnation.made()
        assert vectors_incarnation.rendered(PAGE) == PAGE

    @pytest.mark.parametrize("name", LETTERS)
    def test_the_program_writes_the_letters(self, name: str) -> None:
        """
        What is read is written the same, and has the binding.
        """
        data = LETTERS[name]["letter"].encode()
        codec: Any = {"pull": _PULL, "answer": _ANSWER}[name]
        found: Pull | Answer = codec.decode(data)
        assert codec.encode(found) == data
        assert binding_of(found).hex() == LETTERS[name]["binding"]

    def test_the_receipt_in_the_pull_proves_what_was_lost(self) -> None:
        """
        It verifies as one over four entries of the stream that was left.
        """
        pull = _PULL.decode(LETTERS["pull"]["letter"].encode())
        [old] = pull.old
        assert old.receipt is not None
        found = verify_receipt(
            old.receipt,
            origin=stream_origin(SENDER, RECEIVER, old.incarnation),
            name=key_name(SENDER),
            keys=stream_keys(SENDER),
            cosigner=key_name(RECEIVER),
            cosigner_keys=stream_keys(RECEIVER),
        ).checkpoint
        assert (found.size, found.root) == (old.size, old.root)
        assert incarnation_of(found, SENDER, RECEIVER) == old.incarnation
        assert incarnation_of(found, RECEIVER, SENDER) is None

    @pytest.mark.parametrize("case", STORED["following"], ids=lambda case: str(case["what"]))
    def test_the_program_takes_what_follows_and_nothing_else(self, case: dict[str, Any]) -> None:
        """
        Each start is taken, refused, or proof of two histories.
        """
        assert outcome(case) == case["outcome"]

    @pytest.mark.parametrize("case", STORED["standings"], ids=lambda case: str(case["what"]))
    def test_the_program_weighs_alike(self, case: dict[str, Any]) -> None:
        """
        Each position is to the stream what the file says.
        """
        leaves = [bytes.fromhex(each) for each in STORED["stream"]["leaves"]]
        told = case["position"]
        position = Position(
            incarnation=b64decode(told["incarnation"]), size=told["size"], root=b64decode(told["root"])
        )
        found = weigh(
            position,
            incarnation=bytes.fromhex(STORED["stream"]["incarnation"]),
            size=len(leaves),
            root_at=lambda size: naive_root(leaves[:size]),
            receipt_size=case["receipt_size"],
            challenge_holds=case["challenge_holds"],
            signed_size=case["signed_size"],
            left={bytes.fromhex(each) for each in STORED["stream"]["left"]},
        )
        assert found.value == case["standing"]

    @pytest.mark.parametrize("case", STORED["malformed"], ids=lambda case: str(case["what"]))
    def test_the_program_refuses_what_is_no_pull(self, case: dict[str, Any]) -> None:
        """
        One defect each.
        """
        with pytest.raises(MalformedError):
            _PULL.decode(case["letter"].encode())


class TestFollowing:
    def test_what_is_not_its_first_entry_is_refused(self) -> None:
        """
        Another incarnation in the middle, one whose first entry is a leaf, and one without entries.
        """
        payload = write_start(Start())
        view = Carried(header=header_of(3, EntryKind.VIEW, b"view"))
        leaf = TakenBack(number=1, leaf=bytes(32))
        for entries in ([], [view], [leaf]):
            with pytest.raises(RemoteProtocolError, match="another incarnation"):
                predecessor_in(SENDER, NEW, entries, [payload], OLD)

    def test_roots_are_asked_for_within_what_is_held(self) -> None:
        """
        Whatever a start says, no root is asked for beyond what is held, and none of nothing.
        """
        held = Position(incarnation=OLD, size=2, root=bytes(32))

        def root_at(size: int) -> bytes:
            assert 1 <= size <= 2
            return bytes(32)

        for size in (0, 1, 2, 3, 2**53 - 1):
            root = EMPTY_ROOT if size == 0 else bytes(32)
            check_agrees(
                SENDER,
                Predecessor(incarnation=OLD, size=size, root=root),
                held,
                root_at=root_at,
                proof=b"",
            )


class TestPlantedBugs:
    """Each makes the program wrong in one way; the vectors find it."""

    def test_names_not_compared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Found by ``test_the_program_takes_what_follows_and_nothing_else``.
        """

        def any_start(*_: Any) -> Predecessor:
            return Predecessor(incarnation=OLD, size=0, root=EMPTY_ROOT)

        monkeypatch.setitem(globals(), "predecessor_in", any_start)
        assert any(outcome(case) != case["outcome"] for case in STORED["following"])

    def test_a_start_that_names_itself_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Found by the same.
        """

        def lenient(sender: str, _: bytes, *more: Any) -> Predecessor:
            return succeeding.predecessor_in(sender, bytes(16), *more)

        monkeypatch.setitem(globals(), "predecessor_in", lenient)
        assert any(outcome(case) != case["outcome"] for case in STORED["following"])

    def test_roots_not_compared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Found by the same.
        """
        monkeypatch.setitem(globals(), "check_agrees", lambda *given, **named: None)
        assert any(outcome(case) != case["outcome"] for case in STORED["following"])


class TestPage:
    def test_limits_are_those_of_the_code(self) -> None:
        """
        Each row of the table of limits is the constant of that name.
        """
        drawn = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, re.MULTILINE))
        assert drawn == {
            "OLD_MAX": str(OLD_MAX),
            "LOST_MAX": str(LOST_MAX),
            "PREDECESSORS_MAX": str(entry_module.PREDECESSORS_MAX),
        }

    def test_what_goes_again_is_named(self) -> None:
        """
        Every kind of entry that goes again as it is stands on the page.
        """
        section = PAGE.split("\n## What goes again\n")[1].split("\n## ")[0]
        kinds = set(EntryKind) - {EntryKind.START, EntryKind.VIEW, EntryKind.VOID}
        assert [each for each in kinds if f"`{each.value}`" not in section] == []
