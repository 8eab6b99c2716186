# SPDX-License-Identifier: Apache-2.0
"""
Clock and dice of a world of twins: nothing in it happens by chance.

Every act is done in a *moment*, which has a name and an instant. What is drawn follows from the seed,
the office that draws, the name of the moment and how often that office has drawn in it. So what happens
in one world alone shifts nothing of what happens in both.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import shake_256

from legation.item.draws import Draws
from legation.keys.seal import HPKEOpener, Opener, TwinOpener, TwinSealer
from legation.keys.sign import MLDSA44Twin, unsafe_verify
from legation.node.surroundings import Surroundings
from tests.item.worlds import HiddenLeaves

NOON = datetime(2026, 6, 24, 12, tzinfo=UTC)


def open_as_twin(mlkem_seed: bytes, x25519_seed: bytes) -> Opener:
    """The opener of a world of twins, with the public key that the seeds really have."""
    return TwinOpener(HPKEOpener(mlkem_seed=mlkem_seed, x25519_seed=x25519_seed).public_key)


class Moments:
    """
    The moments of one world.

    Args:
        seed: What both worlds of a pair share.
        sees: By author, the keys of the labels that the observer may ever see.
    """

    def __init__(self, seed: str, sees: Mapping[str, Collection[bytes]] | None = None) -> None:
        self._seed = seed
        self._sees = sees or {}
        self._name = "before"
        self._second = 0
        self._drawn = Counter[str]()
        self.leaves = HiddenLeaves()

    @contextmanager
    def moment(self, name: str, second: int) -> Iterator[None]:
        """Be in a moment; one inside another leaves the outer as it was."""
        before = self._name, self._second, self._drawn
        self._name, self._second, self._drawn = name, second, Counter()
        try:
            yield
        finally:
            self._name, self._second, self._drawn = before

    def now(self) -> datetime:
        """The instant of the present moment."""
        return NOON + timedelta(seconds=self._second)

    def around(self, office: str) -> Surroundings:
        """What a node of this world stands in."""
        return Surroundings(
            now=self.now,
            random=self._random(office),
            sealer=TwinSealer(),
            opener=open_as_twin,
            mldsa44=MLDSA44Twin,
            verify=unsafe_verify,
            draws=self._draws(office),
        )

    def _random(self, office: str) -> Callable[[int], bytes]:
        def random(size_bytes: int) -> bytes:
            self._drawn[office] += 1
            told = f"{self._seed}\n{office}\n{self._name}\n{self._drawn[office]}"
            return shake_256(told.encode()).digest(size_bytes)

        return random

    def _draws(self, author: str) -> Callable[[bytes, bytes, bytes], Draws]:
        def draws(_secret: bytes, fresh: bytes, _digest: bytes) -> Draws:
            # The digest is that of the whole draft, hidden portions and all; what is fresh is not.
            return self.leaves.draws(fresh.hex(), self._sees.get(author, ()))

        return draws
