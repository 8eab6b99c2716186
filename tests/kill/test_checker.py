# SPDX-License-Identifier: Apache-2.0
"""
The checker finds each thing that can be wrong, also what no planted bug does.

An honest picture of two nodes is made up, and one thing in it is changed.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.kill.checker import Checker, Outcome, ViolationError, judge
from tests.kill.sights import VIEW, Delivery, Sight, Stream
from tests.kill.texts import ABSENT, RECEIVER, Report, draw_report, found_in

COUNT = 4  # items that the receiver has; the entry before them begins the stream
ITEMS = [f"item {number}" for number in range(COUNT)]


def stream(size: int, receipt_size: int) -> Stream:
    """
    A stream as it is seen at either end.
    """
    return Stream(
        incarnation="one",
        size=size,
        kinds={number: VIEW if number else "start" for number in range(size)},
        hashes={number: f"hash {number}" for number in range(size)},
        receipt_size=receipt_size,
        receipts={receipt_size: f"receipt {receipt_size}"} if receipt_size else {},
        checkpoints={size: f"checkpoint {size}"},
    )


def sender(size: int = COUNT + 1, receipt_size: int = COUNT) -> Sight:
    """
    A sender that has numbered all, and has a receipt for all but the last.
    """
    to_receiver = [
        Delivery(
            office=RECEIVER,
            item=item,
            state="receipted" if number < receipt_size else "numbered",
            number=number,
        )
        for number, item in enumerate(ITEMS[: size - 1], start=1)
    ]
    elsewhere = [replace(each, office=ABSENT, state="waiting", number=None) for each in to_receiver]
    return Sight(
        stream=stream(size, receipt_size),
        deliveries=(*to_receiver, *elsewhere),
        link="active",
        failure="",
        evidence=(),
    )


def receiver(size: int = COUNT + 1, receipt_size: int = COUNT) -> Sight:
    """
    A receiver that holds all, and has made a receipt for all but the last.
    """
    return Sight(stream=stream(size, receipt_size), deliveries=(), link="active", failure="", evidence=())


def changed(sight: Sight, **by_name: Any) -> Sight:
    """
    The same, with another stream.
    """
    assert sight.stream is not None
    return replace(sight, stream=replace(sight.stream, **by_name))


class TestLook:
    def test_an_honest_pair_passes_again_and_again(self) -> None:
        """
        What grows and never goes back is as it should be.
        """
        checker = Checker()
        for size in range(2, COUNT + 2):
            before, after = receiver(size - 1, size - 2), receiver(size, size - 1)
            checker.look(before, sender(size, size - 1), after, ITEMS[: size - 1])
        assert checker.looks == COUNT

    @pytest.mark.parametrize(
        ("found", "sights"),
        {
            "the sender went back: its stream of 5 entries is gone": lambda: (
                replace(sender(), stream=None, deliveries=()),
                receiver(),
            ),
            "the sender went back: its stream had 5 entries and has 4": lambda: (
                sender(4, 3),
                receiver(4, 3),
            ),
            "the receiver went back: its stream had 5 entries and has 3": lambda: (sender(), receiver(3)),
            "the receiver went back: it had a receipt for 4 entries and has one for 3": lambda: (
                sender(),
                receiver(receipt_size=3),
            ),
            "another incarnation": lambda: (changed(sender(), incarnation="two"), receiver()),
            "rewrote what it had: other hashes": lambda: (
                changed(sender(), hashes={**stream(5, 4).hashes, 3: "another"}),
                receiver(),
            ),
            "rewrote what it had: other receipts": lambda: (
                sender(),
                changed(receiver(), receipts={4: "another"}),
            ),
            "rewrote what it had: other checkpoints": lambda: (
                changed(sender(), checkpoints={5: "another"}),
                receiver(),
            ),
        }.items(),
    )
    def test_what_goes_back_is_found(self, found: str, sights: Callable[[], tuple[Sight, Sight]]) -> None:
        """
        Neither node may have less than it was seen to have.
        """
        checker = Checker()
        checker.look(receiver(), sender(), receiver(), ITEMS)
        now, then = sights()
        with pytest.raises(ViolationError, match=found):
            checker.look(then, now, then, ())

    @pytest.mark.parametrize(
        ("found", "theirs", "ours"),
        [
            ("sent before it was committed", sender(4, 3), receiver()),
            ("acknowledged before it was committed", sender(), receiver(3, 3)),
            ("a receipt for 4 entries that the receiver did not keep", sender(), receiver(5, 3)),
            (
                "a delivery is called receipted, and there is no receipt for entry 4",
                replace(sender(), deliveries=sender(5, 5).deliveries),
                receiver(),
            ),
            (
                "a fork: the receiver holds another incarnation",
                sender(),
                changed(receiver(), incarnation="two"),
            ),
            (
                "a fork: entry 2 is not the same at both",
                sender(),
                changed(receiver(), hashes={**stream(5, 4).hashes, 2: "another"}),
            ),
            (
                "the cursor of the receiver says 5 entries, and it holds 4",
                sender(),
                changed(receiver(), size=5),
            ),
            (
                "numbered twice: the receiver has one copy 2 times",
                sender(),
                changed(receiver(), hashes={**stream(5, 4).hashes, 4: "hash 3"}),
            ),
            ("counts a receipt for 4 entries", sender(), changed(receiver(), receipts={3: "receipt 3"})),
            ("the link is frozen at the sender", replace(sender(), link="frozen"), receiver()),
            ("the link is frozen at the receiver", sender(), replace(receiver(), link="frozen")),
            (
                "the sender keeps evidence: of something",
                replace(sender(), evidence=("of something",)),
                receiver(),
            ),
            (
                "the sender says of the receiver: something",
                replace(sender(), failure="something"),
                receiver(),
            ),
            (
                "3 deliveries have a number, and 4 entries are copies",
                replace(sender(), deliveries=sender().deliveries[1:]),
                receiver(),
            ),
            ("lost: 1 releases were acknowledged", sender(4, 3), receiver(4, 3)),
            (
                "by halves",
                replace(sender(), deliveries=sender().deliveries[:-1]),
                receiver(),
            ),
        ],
    )
    def test_what_is_wrong_at_a_glance_is_found(self, found: str, theirs: Sight, ours: Sight) -> None:
        """
        One look is enough for what does not agree.
        """
        if "cursor" in found:
            assert ours.stream is not None
            ours = changed(ours, hashes={n: each for n, each in ours.stream.hashes.items() if n < 4})
        with pytest.raises(ViolationError, match=found):
            Checker().look(ours, theirs, ours, ITEMS)


def reports() -> dict[str, Report]:
    """
    As many reports as there are items, and one more.
    """
    draw = Random(1)
    drawn: Iterator[Report] = (draw_report(draw) for _ in range(100))
    return {each.title: each for each in [each for each in drawn if each.is_for_receiver][: COUNT + 1]}


REPORTS = reports()
TITLES = list(REPORTS)


def outcome() -> Outcome:
    """
    What it comes to when all goes well; the last release was never acknowledged, nor made.
    """
    numbered = enumerate(ITEMS, start=1)
    return Outcome(
        reports=REPORTS,
        acknowledged=dict(zip(TITLES[:3], ITEMS[:3], strict=True)),
        refused=TITLES[3:4],
        inbox=[{"item": item, "title": title} for item, title in zip(ITEMS, TITLES, strict=False)],
        deliveries=[
            *(
                {"item": item, "addressee": RECEIVER, "state": "receipted", "number": n}
                for n, item in numbered
            ),
            *({"item": item, "addressee": ABSENT, "state": "waiting"} for item in ITEMS),
        ],
        sent={"sent": COUNT + 1, "receipted": COUNT + 1, "link": "active"},
        received={"received": COUNT + 1, "quarantined": 0, "link": "active"},
        faults=(),
        leaked={},
        absent=(),
        told=(),
    )


def without(rows: Any, place: int) -> Any:
    """
    All rows but one.
    """
    return [*rows[:place], *rows[place + 1 :]]


def with_other(rows: Any, place: int, **by_name: Any) -> Any:
    """
    All rows, one of them changed.
    """
    return [*rows[:place], rows[place] | by_name, *rows[place + 1 :]]


FINE = outcome()


class TestJudge:
    def test_an_honest_outcome_passes(self) -> None:
        """
        Nothing is wrong with what is as it should be.
        """
        judge(outcome())

    @pytest.mark.parametrize(
        ("found", "by_name"),
        [
            ("lost: 1 items are receipted, and not in the inbox", {"inbox": without(FINE.inbox, 0)}),
            ("lost: a release was acknowledged, and the item is not", {"inbox": without(FINE.inbox, 0)}),
            ("lost: a report counts as released", {"inbox": without(FINE.inbox, 3)}),
            ("doubled: an item stands in the inbox 2 times", {"inbox": [*FINE.inbox, FINE.inbox[0]]}),
            ("doubled: a report was released 2 times", {"inbox": with_other(FINE.inbox, 1, title=TITLES[0])}),
            (
                "1 items in the inbox were never released",
                {"inbox": with_other(FINE.inbox, 1, title="another")},
            ),
            (
                "are in the inbox, and not receipted",
                {"deliveries": with_other(FINE.deliveries, 0, state="numbered")},
            ),
            (
                "not at rest: deliveries are numbered",
                {"deliveries": with_other(FINE.deliveries, 0, state="numbered")},
            ),
            ("a delivery of it is not there", {"deliveries": without(FINE.deliveries, COUNT)}),
            ("by halves", {"deliveries": without(FINE.deliveries, 2 * COUNT - 1)}),
            ("a gap or a double", {"deliveries": with_other(FINE.deliveries, 0, number=2)}),
            ("a gap or a double", {"deliveries": with_other(FINE.deliveries, 3, number=5)}),
            ("6 entries are sent, 5 received, 5 receipted", {"sent": {**FINE.sent, "sent": 6}}),
            ("5 entries are sent, 4 received, 5 receipted", {"received": {**FINE.received, "received": 4}}),
            ("5 entries are sent, 5 received, 4 receipted", {"sent": {**FINE.sent, "receipted": 4}}),
            ("1 items are set apart", {"received": {**FINE.received, "quarantined": 1}}),
            ("the link is frozen", {"received": {**FINE.received, "link": "frozen"}}),
            (
                "leaked: the receiver has what it may not see, in node.db",
                {"leaked": {"canary": "node.db, base64"}},
            ),
            ("1 portions are not where they must be", {"absent": ["canary"]}),
            ("what fsck says", {"faults": ["what fsck says"]}),
            ("what a log says", {"told": ["what a log says"]}),
        ],
    )
    def test_each_wrong_outcome_is_found(self, found: str, by_name: Mapping[str, Any]) -> None:
        """
        Whatever is lost, doubled, leaked or at odds is said.
        """
        with pytest.raises(ViolationError, match=found):
            judge(replace(outcome(), **by_name))

    def test_what_is_for_nobody_must_be_withheld(self) -> None:
        """
        An item of which the receiver may see nothing has a delivery that says so.
        """
        hidden = replace(REPORTS[TITLES[0]], shown=())
        deliveries = with_other(FINE.deliveries, 0, state="withheld", number=None)
        deliveries = [
            each | {"number": each["number"] - 1} if each.get("number") else each for each in deliveries
        ]
        right = replace(
            outcome(),
            reports=REPORTS | {TITLES[0]: hidden},
            inbox=without(FINE.inbox, 0),
            deliveries=deliveries,
            sent={**FINE.sent, "sent": COUNT, "receipted": COUNT},
            received={**FINE.received, "received": COUNT},
        )
        judge(right)
        with pytest.raises(ViolationError, match="is not withheld"):
            judge(replace(right, deliveries=without(deliveries, 0), acknowledged=right.acknowledged))


class TestSearch:
    @pytest.mark.parametrize("offset", range(4))
    def test_a_canary_is_found_in_every_form(self, tmp_path: Path, offset: int) -> None:
        """
        Wherever it begins, among other bytes, and in a folder within the folder.
        """
        canary = Random(1).randbytes(16).hex()
        around = Random(2).randbytes(offset), Random(3).randbytes(7)
        whole = canary.encode().join(around)
        forms = (
            whole,
            base64.b64encode(whole),
            base64.urlsafe_b64encode(whole),
            whole.hex().encode(),
            whole.hex().upper().encode(),
            canary.encode("utf-16-le").join(around),
            canary.encode("utf-16-be").join(around),
        )
        for number, data in enumerate(forms):
            folder = tmp_path / str(number)
            (folder / "within").mkdir(parents=True)
            (folder / "within" / "file").write_bytes(data)
            assert found_in(folder, [canary]).keys() == {canary}
            assert not found_in(folder, [canary[::-1]])

    def test_a_plain_search_finds_what_is_plain(self, tmp_path: Path) -> None:
        """
        A search for what must be there does not take another form for it.
        """
        canary = Random(1).randbytes(16).hex()
        (tmp_path / "file").write_bytes(canary.encode().hex().encode())
        assert found_in(tmp_path, [canary])
        assert not found_in(tmp_path, [canary], plain=True)
