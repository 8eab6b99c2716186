# SPDX-License-Identifier: Apache-2.0
"""
That nobody who floods a node keeps the others waiting, or makes it hold much.

The bounds here hold on any machine that does much else; ``python -m tests.flood`` measures the exact figures
(``docs/evidence/flood.json``).
"""

from collections.abc import Iterable, Iterator

import pytest

from tests.flood import run
from tests.flood.attacks import going_on, post
from tests.flood.run import JPN, KOR, Flooded, flooded

DELAY_MS_MAX = 250  # more than without; a hundred times what is measured on a quiet machine
MEMORY_GREW_BYTES_MAX = (
    48 << 20
)  # all attacks together; 256 bodies of 256 KiB would be more, one long body too
ATTACKS = ("slow", "endless", "huge", "long", "malformed", "replayed", "of a peer")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flooded]:
    """
    A node that is served, and its peers.
    """
    with pytest.MonkeyPatch.context() as patch, flooded(tmp_path_factory.mktemp("flood")) as it:
        patch.setattr(run, "ROUNDS", 1)
        patch.setattr(run, "PULLS", 9)
        yield it


def bring_all(found: Flooded) -> None:
    """
    Push what waits; the first push may only ask where the other side stands.
    """
    pushed = [found.jpn.to(KOR).push(found.peer.exchange) for _ in range(2)]
    assert pushed[-1].held == pushed[-1].size > 1


@pytest.mark.parametrize("name", ATTACKS)
def test_others_are_answered_in_time_and_little_is_held(found: Flooded, name: str) -> None:
    """
    While it goes on, a peer pulls as before, and the process grows by little.
    """
    attack = found.attacks()
    assert set(attack) == set(ATTACKS)
    row = found.measured(attack[name])
    assert row["flooded_ms"] < row["quiet_ms"] + DELAY_MS_MAX, row
    assert row["memory_grew_bytes"] < MEMORY_GREW_BYTES_MAX, row


def test_what_is_released_comes_through_all_of_it_at_once(found: Flooded) -> None:
    """
    Every attack at the same time: what is handed over arrives, by pull and by push, and the node is whole.
    """
    before = found.peak_size_bytes()
    item = found.kor.releases("(C//REL KOR, JPN) Through the flood.", to=[JPN])
    back = found.jpn.releases("(C//REL KOR, JPN) And back.", to=[KOR])
    threads = [going_on(each, found.where, 1) for each in found.attacks().values()]
    for each in threads:
        each.__enter__()
    try:
        for _ in range(3):
            found.pull_s()
        bring_all(found)
    finally:
        for each in threads:
            each.__exit__(None, None, None)
    assert found.jpn.reads(item) == ["Through the flood."]
    assert found.kor.reads(back) == ["And back."]
    assert found.kor.faults() == found.jpn.faults() == ()
    assert found.peak_size_bytes() - before < MEMORY_GREW_BYTES_MAX


def test_a_long_push_of_a_peer_comes_in_and_one_of_a_stranger_does_not(found: Flooded) -> None:
    """
    Whoever is known is let in by the beginning of what they send; what was altered there is not, nor what came before.
    """
    words = "(C//REL KOR, JPN) " + "long " * 19_000
    found.jpn.releases(*[f"{words} {number}" for number in range(4)], to=[KOR])
    bring_all(found)
    sent: list[bytes] = []

    def keeps(pieces: Iterable[bytes]) -> Iterator[bytes]:
        sent.append(b"".join(pieces))
        raise OSError("sent nowhere")

    found.jpn.releases(*[f"{words} {number} more" for number in range(4)], to=[KOR])
    with pytest.raises(OSError, match="sent nowhere"):
        found.jpn.to(KOR).push(keeps)
    assert len(sent[0]) > 1 << 18
    altered = sent[0][:2_000] + bytes([sent[0][2_000] ^ 1]) + sent[0][2_001:]
    assert post(found.where, altered).startswith(b"HTTP/1.1 400 ")
    assert post(found.where, sent[0]).startswith(b"HTTP/1.1 200 ")
    assert post(found.where, sent[0]).startswith(b"HTTP/1.1 400 ")
