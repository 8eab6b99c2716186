# SPDX-License-Identifier: Apache-2.0

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import SealError
from legation.keys.rest import REST_KEY_SIZE_BYTES, REST_TAG_SIZE_BYTES, open_at_rest, seal_at_rest

KEY = bytes(range(REST_KEY_SIZE_BYTES))


@given(number=st.integers(0, 1 << 20), chunk=st.binary(max_size=200))
def test_what_is_sealed_opens_under_its_number_only(number: int, chunk: bytes) -> None:
    """
    A chunk that was moved, cut short, altered, or sealed under another key does not open.
    """
    sealed = seal_at_rest(KEY, number, chunk)
    assert len(sealed) == len(chunk) + REST_TAG_SIZE_BYTES
    assert open_at_rest(KEY, number, sealed) == chunk
    for key, place, data in (
        (KEY, number + 1, sealed),
        (KEY, number, sealed[:-1]),
        (KEY, number, bytes([sealed[0] ^ 1]) + sealed[1:]),
        (bytes(REST_KEY_SIZE_BYTES), number, sealed),
    ):
        with pytest.raises(SealError):
            open_at_rest(key, place, data)


def test_it_is_the_cipher_of_the_standard() -> None:
    """
    AES-256-GCM under the number of the chunk in twelve bytes: another program with the key can open it.
    """
    assert AESGCM(KEY).decrypt((7).to_bytes(12, "big"), seal_at_rest(KEY, 7, b"seen"), None) == b"seen"
