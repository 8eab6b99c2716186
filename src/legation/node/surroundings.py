# SPDX-License-Identifier: Apache-2.0
"""
Clock, dice and what the libraries draw themselves: everything that makes two runs differ.

The pure rooms are told all of it; it comes from here. The harness that compares two worlds byte for
byte brings its own, in which the same acts always have the same outcome.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from legation.exchange import PROTOCOL
from legation.item.draws import Draws, SecretDraws
from legation.keys.seal import HPKEOpener, HPKESealer, Opener, Sealer
from legation.keys.sign import MLDSA44Signer, PublicKey, Signer, Verify


def _open_with(mlkem_seed: bytes, x25519_seed: bytes) -> Opener:
    return HPKEOpener(mlkem_seed=mlkem_seed, x25519_seed=x25519_seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """
    What a node stands in.

    Args:
        now: Gives the instant, in UTC.
        random: Gives so many fresh bytes.
        sealer: Seals secrets.
        opener: Makes an opener from its two seeds (ML-KEM, X25519).
        mldsa44: Makes an ML-DSA-44 signer from its seed.
        verify: The rule by which signatures of cards, envelopes and checkpoints hold.
        draws: Makes the draws of one item from the office's secret, fresh bytes and the digest signed.
        protocols: The versions of the exchange that are spoken, in ascending order.
    """

    now: Callable[[], datetime]
    random: Callable[[int], bytes]
    sealer: Sealer = field(default_factory=HPKESealer)
    opener: Callable[[bytes, bytes], Opener] = _open_with
    mldsa44: Callable[[bytes], Signer] = MLDSA44Signer
    verify: Verify = PublicKey.verify
    draws: Callable[[bytes, bytes, bytes], Draws] = SecretDraws
    protocols: tuple[int, ...] = (PROTOCOL,)

    def seconds(self) -> int:
        """The instant in whole seconds since 1970."""
        return int(self.now().timestamp())


def is_recent(then: int | None, now: int, within_s: int) -> bool:
    """Whether something was a moment ago; not if the clock has gone back since."""
    return then is not None and 0 <= now - then < within_s


HERE = Surroundings(now=lambda: datetime.now(UTC), random=os.urandom)
"""This machine's clock and its operating system's randomness."""
