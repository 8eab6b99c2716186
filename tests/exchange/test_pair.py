# SPDX-License-Identifier: Apache-2.0

import pytest

from legation.exchange import EntryKind, Standing, read_void
from legation.log import key_name, verify_receipt
from tests.exchange.made import RECEIVER, SENDER, naive_root, stream_keys
from tests.exchange.pair import ORIGIN, PeerPair

SEEDS = range(50)
STEPS = 150


def played(seed: int) -> PeerPair:
    """
    A pair after a bad time, and after the line was mended.
    """
    pair = PeerPair(seed)
    for _ in range(STEPS):
        pair.step()
    pair.settle()
    return pair


class TestPeerPair:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_both_end_with_the_same_and_with_a_receipt(self, seed: int) -> None:
        """
        Whatever is lost, doubled, reordered or forgotten, the receiver holds in the end what the sender
        still permits, the rest is void, and the receipt over all of it verifies.
        """
        pair = played(seed)
        sender, receiver = pair.sender, pair.receiver
        leaves = [header.leaf for header in sender.headers]
        assert receiver.held.frontier.root == naive_root(leaves)
        assert receiver.held.taken_back == frozenset()
        voided = {
            read_void(sender.payloads[header.number]).number
            for header in sender.headers
            if header.kind is EntryKind.VOID
        }
        for header in sender.headers:
            held = receiver.entries.get(header.number)
            assert held == sender.payloads[header.number] or (held is None and header.number in voided)
        assert sender.receipt is not None
        receipt = verify_receipt(
            sender.receipt,
            origin=ORIGIN,
            name=key_name(SENDER),
            keys=stream_keys(SENDER),
            cosigner=key_name(RECEIVER),
            cosigner_keys=stream_keys(RECEIVER),
        )
        assert (receipt.checkpoint.size, receipt.checkpoint.root) == (len(leaves), naive_root(leaves))

    def test_what_can_happen_between_honest_peers_happens(self) -> None:
        """
        The runs are no empty exercise: they meet every standing of honest peers, and answers too late.
        """
        pairs = [PeerPair(seed) for seed in range(1000, 1012)]
        for pair in pairs:
            for _ in range(STEPS):
                pair.step()
            pair.settle()
        seen = {standing for pair in pairs for standing in pair.sender.seen}
        assert seen == {Standing.FIRST, Standing.FOLLOWS, Standing.CHALLENGED, Standing.AMNESIA}
        assert sum(pair.refused_count for pair in pairs) > 20
        assert sum(pair.restored_count for pair in pairs) > 5
        assert any(pair.sender.gone for pair in pairs)

    def test_a_run_is_replayed_by_its_seed(self) -> None:
        """
        The same seed gives the same history.
        """
        one, other = played(5), played(5)
        assert one.sender.headers == other.sender.headers
        assert one.sender.seen == other.sender.seen
        assert one.refused_count == other.refused_count
