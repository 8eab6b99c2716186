# SPDX-License-Identifier: Apache-2.0
"""
What the program makes of every vector of what is signed: which of them it judges otherwise than it must.

Checkpoints and receipts are those of ``vectors/log.json`` and all others that its other hand makes.
"""

from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

from legation.errors import LegationError, MalformedError, ProofError, SignatureError, VerificationError
from legation.item import verify
from legation.item.destruction import verify_destruction
from legation.item.withdrawal import verify_withdrawal
from legation.sdk import verify_proof
from tests.item.test_vectors import VECTORS, bytes_of, cards
from tests.log import test_checkpoint as notes
from tests.log import test_statement as statements
from tests.sdk.given import JPN, KOR, PAYLOAD, PROOF, STORED
from tools import vectors_destruction, vectors_withdrawal

FAMILIES: dict[type[LegationError], str] = {
    MalformedError: "malformed",
    ProofError: "proof",
    SignatureError: "signature",
    VerificationError: "origin",
}
"""How the vectors call what is wrong."""
VERIFIES = "verifies"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One vector: how it is judged, which may give something that is read of it, and what must come of it."""

    name: str
    judged: Callable[[], object]
    expected: tuple[str, object]

    @property
    def is_right(self) -> bool:
        """Whether the program judges it as it must; any error that is not ours is wrong."""
        try:
            found: tuple[str, object] = (VERIFIES, self.judged())
        except LegationError as error:
            found = (FAMILIES.get(type(error), type(error).__name__), None)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not what must come
            found = (type(error).__name__, None)
        return found == self.expected


@cache
def cases() -> tuple[Case, ...]:
    """Every vector; cards and keys are read once, and what is judged is judged each time."""
    return (*_items(), *_withdrawals(), *_destructions(), *_notes(), *_proofs(), *_statements())


def wrong() -> list[str]:
    """Name the vectors that the program judges otherwise than it must."""
    return [each.name for each in cases() if not each.is_right]


def vectors_hold() -> None:
    """See that the program judges every vector as it must."""
    assert wrong() == []


def _case(name: str, judged: Callable[[], object], expect: str, read: object = None) -> Case:
    return Case(name=name, judged=judged, expected=(expect, read if expect == VERIFIES else None))


def _items() -> Iterator[Case]:
    pinned = cards()

    def read(data: bytes) -> object:
        view = verify(data, pinned)
        return view.item_id, view.reference, [each.code for each in view.portions]

    for name, told in VECTORS.items():
        says = told["expect"] == VERIFIES and (b64decode(told["item"]), told["reference"], told["reading"])
        yield _case(f"item/{name}", partial(read, bytes_of(name)), told["expect"], says)


def _withdrawals() -> Iterator[Case]:
    pinned = cards()

    def read(data: bytes) -> object:
        return bool(verify_withdrawal(data, pinned).item_id)

    for each in vectors_withdrawal.vectors():
        yield _case(f"withdrawal/{each.name}", partial(read, each.data), each.expect, True)


def _destructions() -> Iterator[Case]:
    pinned = cards()

    def read(data: bytes) -> object:
        return bool(verify_destruction(data, pinned).item_id)

    for each in vectors_destruction.vectors():
        yield _case(f"destruction/{each.name}", partial(read, each.data), each.expect, True)


def _notes() -> Iterator[Case]:
    for what, read, good, bad in (
        ("checkpoint", notes.read_checkpoint, notes.CHECKPOINT, notes.BAD_CHECKPOINTS),
        ("receipt", _receipted, notes.RECEIPT, notes.BAD_RECEIPTS),
    ):
        yield _case(what, partial(read, good), VERIFIES, notes.GOOD)
        for name, (expect, data) in bad.items():
            yield _case(f"{what} {name}", partial(read, data), expect)


def _receipted(data: bytes) -> object:
    return notes.read_receipt(data).checkpoint


def _proofs() -> Iterator[Case]:
    def read(data: bytes, payload: bytes | None) -> object:
        return verify_proof(data, [KOR, JPN], payload=payload).number

    yield _case("proof", partial(read, PROOF, PAYLOAD), VERIFIES, 1)
    for name, told in STORED["refused"].items():
        payload = b64decode(told["payload"]) if "payload" in told else None
        yield _case(f"proof {name}", partial(read, told["proof"].encode(), payload), told["expect"])


def _statements() -> Iterator[Case]:
    for number, data in enumerate(statements.GOOD):
        yield _case(f"statement {number}", partial(_stated, data), VERIFIES, True)
    for vector in statements.STORED["refused"]:
        if vector["name"] not in statements.LEFT_TO_ITS_READER:
            data = vector["note"].encode()
            yield _case(f"statement {vector['name']}", partial(_stated, data), vector["expect"])


def _stated(data: bytes) -> object:
    return bool(statements.read(data))
