# SPDX-License-Identifier: Apache-2.0

from base64 import b64decode
from typing import Any

import pytest

from legation.encoding import encode
from legation.errors import LegationError, MalformedError, ProofError, SignatureError
from legation.exchange import EntryHeader
from legation.sdk import SignedReceipt, verify_proof
from tests.keys.office import canonical
from tests.sdk.given import JPN, KOR, PAYLOAD, PROOF, STORED
from tools import vectors_proof

EXPECTED: dict[str, type[LegationError]] = {
    "malformed": MalformedError,
    "proof": ProofError,
    "signature": SignatureError,
}


def test_it_would_be_made_again_byte_for_byte() -> None:
    """
    What is published is what the tool makes, by another hand than the program's.
    """
    assert vectors_proof.made() == vectors_proof.FILE.read_bytes()


def test_the_proof_holds() -> None:
    """
    All that the file says of it is what the program finds.
    """
    found = verify_proof(PROOF, [KOR, JPN], payload=PAYLOAD)
    assert isinstance(found.entry, EntryHeader)
    assert encode(found.entry) == canonical(STORED["entry"])
    assert found.entry.leaf.hex() == STORED["leaf"]
    assert isinstance(found.note, SignedReceipt)
    assert (found.note.time, found.note.holder) == (STORED["time"], JPN)
    assert found.view is not None
    assert found.view.item_id.hex() == STORED["item"]


@pytest.mark.parametrize("name", STORED["refused"])
def test_what_proves_nothing_is_refused(name: str) -> None:
    """
    Each has one defect, and is refused for it.
    """
    vector: dict[str, Any] = STORED["refused"][name]
    payload = b64decode(vector["payload"]) if "payload" in vector else None
    with pytest.raises(LegationError) as caught:
        verify_proof(vector["proof"].encode(), [KOR, JPN], payload=payload)
    assert type(caught.value) is EXPECTED[vector["expect"]]
