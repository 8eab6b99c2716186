# SPDX-License-Identifier: Apache-2.0

import json
from base64 import b64encode
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz.__main__ import main
from tests.fuzz.bugs import BUGS
from tests.fuzz.decoders import decoders
from tests.fuzz.judge import Finding, judge
from tests.fuzz.run import KEPT, Tally, found_again, input_of, keep, kept, run, smaller
from tests.item.worlds import SEARCH

INPUTS = 2000 * SEARCH
SEED = "every decoder"


@pytest.mark.parametrize("name", decoders())
def test_mutated_inputs_find_nothing(name: str) -> None:
    """
    Of 2,000 inputs each is read or refused as it must be, in time, within memory, without a word of content.
    """
    decoder = decoders()[name]
    tally = run(decoder, SEED, range(INPUTS))
    told = [
        f"{each.origin}: {each.what}: {each.why}\n{b64encode(each.data).decode()}"
        for each in tally.findings.values()
    ]
    assert told == []
    # What only ever reads, or only ever refuses at one place, tries little.
    assert tally.read > 0
    assert bool(tally.refused_at) is bool(decoder.raises)


def test_what_was_found_once_is_found_no_more() -> None:
    """
    An input that once found something is tried for ever.
    """
    assert KEPT.is_dir()
    assert {decoder for decoder, _ in kept()} <= decoders().keys()
    assert found_again(decoders()) == []


class TestRuns:
    def test_an_input_is_drawn_again_from_its_seed_and_number(self) -> None:
        """
        The same seed and number give the same input, and others others.
        """
        decoder = decoders()["label"]
        assert input_of(decoder, "a", 7) == input_of(decoder, "a", 7)
        assert len({input_of(decoder, seed, number) for seed in "ab" for number in range(50)}) > 90

    def test_tallies_add_up(self) -> None:
        """
        Two halves of a run say together what the whole says.
        """
        decoder = decoders()["office"]
        whole, halves = run(decoder, "a", range(40)), Tally()
        for half in (range(20), range(20, 40)):
            halves.add(run(decoder, "a", half))
        assert (halves.inputs, halves.read, halves.refused_at) == (40, whole.read, whole.refused_at)
        assert whole.read + whole.refused_at.total() == 40

    def test_the_first_finding_of_a_kind_is_kept(self) -> None:
        """
        Findings that differ in seconds or in the input only are one.
        """
        one = Finding(decoder="a", what="slow", why="takes 0.12 s for 7 bytes", data=b"1234567")
        two = Finding(decoder="a", what="slow", why="takes 0.34 s for 9 bytes", data=b"123456789")
        three = Finding(decoder="a", what="error", why="raises KeyError at a.py:1", data=b"")
        tally = Tally(findings={one.kind: one})
        tally.add(Tally(findings={two.kind: two, three.kind: three}, refused_at=Counter(a=1)))
        assert list(tally.findings.values()) == [one, three] or list(tally.findings.values()) == [three, one]

    def test_what_is_kept_is_tried_again(self, tmp_path: Path) -> None:
        """
        A finding that was kept comes back as long as its bug is there, and no longer.
        """
        name, what, bug = BUGS["white space at the end"]
        right, wrong = decoders()[name], bug(decoders()[name])
        finding = judge(wrong, b'{"number":1} ').finding
        assert finding is not None
        path = keep(finding, tmp_path)
        assert path.stem.startswith("payload-of-void-")
        assert list(kept(tmp_path)) == [(name, b'{"number":1} ')]
        assert [each.what for each in found_again({name: wrong}, tmp_path)] == [what]
        assert found_again({name: right}, tmp_path) == []

    def test_a_finding_is_made_smaller(self) -> None:
        """
        Of an input only that is left which the finding needs.
        """
        name, what, bug = BUGS["white space at the end"]
        wrong = bug(decoders()[name])
        found = judge(wrong, b'{"number":17} \n ').finding
        assert found is not None
        least = smaller(wrong, found)
        assert least.data in {b'{"number":1} ', b'{"number":7} ', b'{"number":1}\n', b'{"number":7}\n'}
        assert (least.what, least.kind) == (what, found.kind)


class TestCommand:
    def test_a_short_search_writes_its_evidence(self, tmp_path: Path) -> None:
        """
        What was tried and found is written down, with commit and seed.
        """
        path = tmp_path / "evidence" / "fuzz.json"
        arguments = ["--inputs", "30", "--decoder", "office", "--decoder", "date", "--seed", "x"]
        assert main([*arguments, "--processes", "1", "--output", str(path)]) == 0
        told = json.loads(path.read_bytes())
        assert told["inputs"] == 60
        assert told["found"] == []
        assert told["seed"] == "x"
        assert list(told["decoders"]) == ["office", "date"]
        assert len(told["commit"].partition(",")[0]) in {0, 40}
