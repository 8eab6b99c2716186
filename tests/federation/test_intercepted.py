# SPDX-License-Identifier: Apache-2.0
"""
That an envelope shows no byte of content, label, party or exact size to whoever intercepts it.
"""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.federation.intercepting import (
    HEAD_SIZE_BYTES,
    Wire,
    differences,
    is_padded,
    looks_drawn,
    share_nothing,
    shows_nothing,
    spellings,
)
from tests.federation.stage import AUS, CANARY, JPN, KOR, Stage, mark, stage_in
from tests.node.pair import Node
from tests.node.renewals import renews

PLAN = (CANARY.encode() + b" is attached. ") * 12_000
NAMES = [
    CANARY,
    AUS,
    JPN,
    KOR,
    "Plan.pdf",
    "CONFIDENTIAL",
    "SECRET",
    "Releasable",
    "EXERCISE",
    "legation/stream",
    "report",
]


@pytest.fixture(scope="module")
def passed(lived_three: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Wire]]:
    """
    Three nodes that exchange everything there is, and what passed between them.
    """
    with stage_in(lived_three, tmp_path_factory.mktemp("passed")) as stage:
        wire = Wire()
        aus, jpn, kor = stage.aus, stage.jpn, stage.kor
        for sender, receiver, length in (
            (aus, jpn, 10),
            (jpn, aus, 70_000),
            (kor, jpn, 99_000),
            (kor, aus, 1),
        ):
            text = f"{CANARY} " * (length // 12 + 1)
            parties = [each.office.split("@")[0] for each in (sender, receiver)]
            sender.releases(
                f"{mark(*parties, level='S')} {text}", title=f"(O) {CANARY}", to=[receiver.office]
            )
        attaches(aus)
        for sender in (aus, jpn, kor):
            for receiver in (aus, jpn, kor):
                if sender is not receiver:
                    for _ in range(4):
                        receiver.pulls(sender, wire.to(sender))
        asks_back(jpn, aus, wire)
        for sender, receiver in ((aus, jpn), (jpn, aus), (kor, jpn)):
            parties = [each.office.split("@")[0] for each in (sender, receiver)]
            sender.releases(f"{mark(*parties)} {CANARY} by courier.", to=[receiver.office])
        attaches(kor, JPN)
        for sender, receiver in ((aus, jpn), (jpn, aus), (kor, jpn)):
            for path in sender.packs(receiver):
                wire.keeps("bag", path.read_bytes())
                receiver.unpacks(path)
        for sender, receiver in ((kor, jpn), (jpn, kor), (kor, aus)):
            parties = [each.office.split("@")[0] for each in (sender, receiver)]
            sender.releases(f"{mark(*parties)} {CANARY} unasked.", to=[receiver.office])
            if receiver is jpn:
                attaches(sender, words="unasked")
            for _ in range(2):
                sender.pushes(receiver, wire.pushed_to(receiver))
        # Under a key that the other hears of with this very answer.
        renews(kor, stream=True)
        kor.releases(f"{mark('KOR', 'JPN')} {CANARY} under a new key.", to=[JPN])
        jpn.pulls(kor, wire.to(kor))
        assert jpn.peer(kor).trusted == 1
        yield stage, wire


def attaches(node: Node, to: str = JPN, *, words: str = "here is it") -> None:
    """Release a report with a file."""
    here = mark(node.office.split("@")[0], "JPN")
    text = f"kind: report\npolicy: EXERCISE\naction: {to}\n\n{here} {CANARY} {words}\n\n{here} {{attachment: Plan.pdf}}\n"
    node.lets_go(node.writes_text(text, files={"Plan.pdf": PLAN}))


def asks_back(asker: Node, sender: Node, wire: Wire) -> None:
    """Lose something, and be asked back."""
    asked = wire.keeps("pull", asker.asks_with(sender))
    wire.keeps("answer", b"".join(sender.answers([asked])))


def secrets_of(stage: Stage) -> list[bytes]:
    """Names, words, and ids that stand in letters: of keys, items and streams."""
    found = [each.encode() for each in NAMES]
    for node in (stage.aus, stage.jpn):
        found += [each for (each,) in node.rows("SELECT item_id FROM item LIMIT 2")]
        found += [each for (each,) in node.rows("SELECT incarnation FROM outgoing LIMIT 1")]
        found += [node.card.seal_key.key_id, *(key.key_id for key in node.card.stream_keys[:1])]
    return list(dict.fromkeys(found))


class TestIntercepted:
    def test_nothing_is_shown_by_any_envelope(self, passed: tuple[Stage, Wire]) -> None:
        """
        Of every purpose, long and short, with files and without: drawn bytes, in steps of length.
        """
        stage, wire = passed
        secrets = secrets_of(stage)
        assert {purpose: len(found) >= 3 for purpose, found in wire.seen.items()} == dict.fromkeys(
            wire.seen, True
        )
        assert set(wire.seen) == {"pull", "answer", "bag", "push", "taken"}
        for found in wire.seen.values():
            for data in found:
                shows_nothing(data, secrets)

    def test_no_two_envelopes_have_anything_in_common(self, passed: tuple[Stage, Wire]) -> None:
        """
        Nobody tells that the same was said twice, or to two.
        """
        _, wire = passed
        share_nothing(data for found in wire.seen.values() for data in found)

    def test_purposes_are_not_told_apart_by_their_length(self, passed: tuple[Stage, Wire]) -> None:
        """
        An empty answer, a report, a bag and a pull are one length.
        """
        _, wire = passed
        least = HEAD_SIZE_BYTES + 65_536 + 16
        assert {min(map(len, found)) for found in wire.seen.values()} == {least}
        assert set(map(len, wire.seen["pull"])) == {least}

    @pytest.mark.parametrize("length", [1, 2, 999, 30_000, 30_001])
    def test_what_is_a_little_longer_is_as_long(self, stage: Stage, length: int) -> None:
        """
        Whatever a report says, up to a chunk, its answer is one length; and a longer one is one step longer.
        """
        wire = Wire()
        stage.kor.releases(f"{mark('KOR', 'JPN')} {'x' * length}", to=[JPN])
        stage.jpn.pulls(stage.kor, wire.to(stage.kor))
        assert [len(each) for each in wire.seen["answer"]] == [66_773]

    def test_the_name_of_a_bag_says_nothing(self, stage: Stage) -> None:
        """
        Drawn anew for each, with one ending; neither number nor office nor date.
        """
        names = []
        for number in range(8):
            stage.kor.releases(f"{mark('KOR', 'JPN')} Number {number}.", to=[JPN])
            names += [path.name for path in stage.kor.packs(stage.jpn)]
        assert len(set(names)) == 8
        assert all(re.fullmatch(r"[0-9a-f]{16}\.bag", name) for name in names)
        digits = b"".join(bytes.fromhex(name[:16]) for name in names)
        assert len(zlib.compress(digits, 9)) >= len(digits)


class TestWhatIsLookedFor:
    """The looking itself is tried: what is put there is found."""

    @pytest.mark.parametrize("number", range(len(list(spellings(CANARY.encode())))))
    def test_a_secret_is_found_in_every_spelling(self, passed: tuple[Stage, Wire], number: int) -> None:
        """
        Put into an envelope that shows nothing.
        """
        _, wire = passed
        data = wire.seen["answer"][0]
        _, spelled = list(spellings(CANARY.encode()))[number]
        whole = data[:5000] + spelled + data[5000 + len(spelled) :]
        with pytest.raises(AssertionError, match=CANARY):
            shows_nothing(whole, [CANARY.encode()])

    def test_a_masked_secret_is_found(self, passed: tuple[Stage, Wire]) -> None:
        """
        Under any byte.
        """
        _, wire = passed
        data = wire.seen["bag"][0]
        for mask in range(1, 256):
            masked = bytes(each ^ mask for each in CANARY.encode())
            whole = data[:5000] + masked + data[5000 + len(masked) :]
            assert differences(CANARY.encode()) in differences(whole)

    def test_other_lengths_are_found(self) -> None:
        """
        One byte more or less than a step.
        """
        least = HEAD_SIZE_BYTES + 65_536 + 16
        is_padded(least)
        for size in (0, least - 1, least + 1, least + 100, least + 16, 3 * least):
            with pytest.raises(AssertionError):
                is_padded(size)

    def test_what_is_not_drawn_is_found(self) -> None:
        """
        Text, zeros, and a generator with a byte that it prefers.
        """
        for data in (b"x" * 70_000, bytes(70_000), b"abc " * 20_000, bytes(range(255)) * 300):
            with pytest.raises(AssertionError):
                looks_drawn(data)
        with pytest.raises(AssertionError, match="alike"):
            share_nothing([bytes(range(200)), bytes(range(200))])
