# SPDX-License-Identifier: Apache-2.0
"""
The judge: what must hold of two nodes, looked at from outside, whenever either was killed.

It uses nothing of the program: only what commands printed, what stands in the files, and what the
releasing process acknowledged before it died. ``Checker.look`` judges what is seen in the middle,
``judge`` what it has come to in the end.

1. Nothing goes back: neither node ever holds less than it was seen to hold, or something else.
2. The receiver holds nothing that the sender has not committed, and the sender no receipt for what the
   receiver has not.
3. What says how much there is (a cursor) and what is there agree.
4. Nothing is numbered twice.
5. What was acknowledged is there. What was not is there wholly, once, or not at all.
6. In the end each item that the receiver may see is in its inbox once, and receipted at the sender.
7. What it may not see is in no byte that it has.
8. No history forks, no link stops, and both nodes find nothing wrong with themselves.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.kill.sights import VIEW, Delivery, Sight, Stream
from tests.kill.texts import ABSENT, RECEIVER, Report


class ViolationError(AssertionError):
    """Something does not hold that must."""


def must_hold(faults: Iterator[str]) -> None:
    """
    Raise what does not hold, all of it.

    Raises:
        ViolationError: There is something.
    """
    found = list(dict.fromkeys(faults))
    if found:
        raise ViolationError("; ".join(found))


@dataclass(kw_only=True)
class Checker:
    """Judges looks one after the other, and remembers."""

    looks: int = 0
    _sender: Sight | None = None
    _receiver: Sight | None = None
    _items: set[str] = field(default_factory=set)

    def look(self, before: Sight, sender: Sight, receiver: Sight, acknowledged: Collection[str]) -> None:
        """
        Judge both nodes as they are seen.

        Args:
            before: The receiver, seen before the sender was.
            sender: The sender.
            receiver: The receiver, seen after it.
            acknowledged: Ids of all items whose release was acknowledged before.

        Raises:
            ViolationError: Something does not hold.
        """
        self.looks += 1
        must_hold(self._faults(before, sender, receiver, acknowledged))
        self._sender, self._receiver = sender, receiver

    def _faults(
        self, before: Sight, sender: Sight, receiver: Sight, acknowledged: Collection[str]
    ) -> Iterator[str]:
        yield from _went_back("the sender", self._sender, sender)
        yield from _went_back("the receiver", self._receiver, before)
        yield from _went_back("the receiver", before, receiver)
        yield from _at_odds(before, sender, receiver)
        yield from _forked(sender.stream, receiver.stream)
        yield from _in_itself("the sender", sender)
        yield from _in_itself("the receiver", receiver)
        yield from _misnumbered(sender)
        yield from _missing(sender, acknowledged)


def _went_back(who: str, before: Sight | None, now: Sight) -> Iterator[str]:
    """Rule 1."""
    then = None if before is None else before.stream
    if then is None:
        return
    if now.stream is None:
        yield f"{who} went back: its stream of {then.size} entries is gone"
        return
    if now.stream.incarnation != then.incarnation:
        yield f"{who} went back: its stream has another incarnation"
    if now.size < then.size:
        yield f"{who} went back: its stream had {then.size} entries and has {now.size}"
    if now.receipt_size < then.receipt_size:
        yield f"{who} went back: it had a receipt for {then.receipt_size} entries and has one for {now.receipt_size}"
    for what in ("hashes", "receipts", "checkpoints"):
        old, new = getattr(then, what), getattr(now.stream, what)
        if any(new.get(place, each) != each for place, each in old.items()):
            yield f"{who} rewrote what it had: other {what}"


def _at_odds(before: Sight, sender: Sight, receiver: Sight) -> Iterator[str]:
    """Rule 2."""
    if before.size > sender.size:
        yield f"sent before it was committed: the receiver holds {before.size} entries, the sender has {sender.size}"
    if sender.receipt_size > receiver.size:
        yield (
            f"acknowledged before it was committed: the sender has a receipt for {sender.receipt_size} entries, "
            f"the receiver holds {receiver.size}"
        )
    if sender.stream is not None and receiver.stream is not None:
        for size, receipt in sender.stream.receipts.items():
            if receiver.stream.receipts.get(size) != receipt:
                yield f"the sender has a receipt for {size} entries that the receiver did not keep"
    for each in sender.deliveries:
        if each.state == "receipted" and (each.number is None or each.number >= sender.receipt_size):
            yield f"a delivery is called receipted, and there is no receipt for entry {each.number}"


def _forked(sender: Stream | None, receiver: Stream | None) -> Iterator[str]:
    """Rules 1 and 8: one history."""
    if sender is None or receiver is None:
        return
    if sender.incarnation != receiver.incarnation:
        yield "a fork: the receiver holds another incarnation than the sender has"
    for number, held in receiver.hashes.items():
        if sender.hashes.get(number, held) != held:
            yield f"a fork: entry {number} is not the same at both"


def _in_itself(who: str, sight: Sight) -> Iterator[str]:
    """Rules 3, 4 and 8, of one node."""
    stream = sight.stream
    if stream is not None:
        if stream.hashes.keys() != set(range(stream.size)):
            yield f"the cursor of {who} says {stream.size} entries, and it holds {len(stream.hashes)}"
        views = Counter(each for number, each in stream.hashes.items() if stream.kinds[number] == VIEW)
        for again in (count for count in views.values() if count > 1):
            yield f"numbered twice: {who} has one copy {again} times in the stream"
        if max(stream.receipts, default=0) != stream.receipt_size:
            yield f"{who} counts a receipt for {stream.receipt_size} entries that it does not have"
    if sight.link != "active":
        yield f"the link is {sight.link} at {who}"
    for what in sight.evidence:
        yield f"{who} keeps evidence: {what}"


def _misnumbered(sender: Sight) -> Iterator[str]:
    """Rules 3 and 4, of deliveries: each numbered one has an entry of its own, and each entry is one's."""
    numbers = [
        each.number for each in sender.deliveries if each.office == RECEIVER and each.number is not None
    ]
    views = [] if sender.stream is None else [n for n, kind in sender.stream.kinds.items() if kind == VIEW]
    if sorted(numbers) != sorted(views):
        yield f"{len(numbers)} deliveries have a number, and {len(views)} entries are copies"
    if sender.failure:
        yield f"the sender says of the receiver: {sender.failure}"


def _missing(sender: Sight, acknowledged: Collection[str]) -> Iterator[str]:
    """Rule 5, while it goes on: the one transaction of a release made both deliveries."""
    by_office = {
        office: {each.item for each in _of(sender.deliveries, office)} for office in (RECEIVER, ABSENT)
    }
    lost = sum(item not in by_office[RECEIVER] or item not in by_office[ABSENT] for item in acknowledged)
    if lost:
        yield f"lost: {lost} releases were acknowledged, and the sender does not have them"
    if by_office[RECEIVER] != by_office[ABSENT]:
        yield "by halves: a release has a delivery to one addressee and none to the other"


def _of(deliveries: Sequence[Delivery], office: str) -> list[Delivery]:
    return [each for each in deliveries if each.office == office]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    What it has come to, as commands print it and files hold it.

    Args:
        reports: All that were to be released, by title.
        acknowledged: The id of each item whose release was acknowledged, by title.
        refused: Titles of those that the program would not release, for they had been.
        inbox: ``legation inbox`` of the receiver.
        deliveries: ``legation deliveries`` of the sender.
        sent: The receiver in ``legation peer list`` of the sender.
        received: The sender in ``legation peer list`` of the receiver.
        faults: What ``legation fsck`` of both says.
        leaked: Where which canary stands that the receiver may not see.
        absent: Canaries that are not where they must be.
        told: What the logs say that they must not.
    """

    reports: Mapping[str, Report]
    acknowledged: Mapping[str, str]
    refused: Collection[str]
    inbox: Sequence[Mapping[str, Any]]
    deliveries: Sequence[Mapping[str, Any]]
    sent: Mapping[str, Any]
    received: Mapping[str, Any]
    faults: Sequence[str]
    leaked: Mapping[str, str]
    absent: Collection[str]
    told: Sequence[str]


def judge(outcome: Outcome) -> None:
    """
    Judge what it has come to when the faults have stopped and both nodes are at rest.

    Raises:
        ViolationError: Something does not hold.
    """
    must_hold(_in_the_end(outcome))


def _in_the_end(outcome: Outcome) -> Iterator[str]:
    to_receiver = {each["item"]: each for each in outcome.deliveries if each["addressee"] == RECEIVER}
    yield from _inbox_faults(outcome, to_receiver)
    yield from _release_faults(outcome, to_receiver)
    yield from _count_faults(outcome, to_receiver)
    for where in sorted(set(outcome.leaked.values())):
        yield f"leaked: the receiver has what it may not see, in {where}"
    if outcome.absent:
        yield f"{len(outcome.absent)} portions are not where they must be"
    yield from outcome.faults
    yield from outcome.told


def _inbox_faults(outcome: Outcome, to_receiver: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Rule 6: the inbox has each receipted item once, and nothing else."""
    items = Counter(each["item"] for each in outcome.inbox)
    titles = Counter(each.get("title", "") for each in outcome.inbox)
    for count in (count for count in items.values() if count > 1):
        yield f"doubled: an item stands in the inbox {count} times"
    for count in (count for count in titles.values() if count > 1):
        yield f"doubled: a report was released {count} times"
    if unknown := titles.keys() - outcome.reports.keys():
        yield f"{len(unknown)} items in the inbox were never released"
    receipted = {item for item, each in to_receiver.items() if each["state"] == "receipted"}
    if lost := receipted - items.keys():
        yield f"lost: {len(lost)} items are receipted, and not in the inbox"
    if early := items.keys() - receipted:
        yield f"{len(early)} items are in the inbox, and not receipted"


def _release_faults(outcome: Outcome, to_receiver: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Rule 5, in the end."""
    inbox = {each.get("title", ""): each["item"] for each in outcome.inbox}
    elsewhere = {each["item"] for each in outcome.deliveries if each["addressee"] == ABSENT}
    for title, item in outcome.acknowledged.items():
        if outcome.reports[title].is_for_receiver and inbox.get(title) != item:
            yield "lost: a release was acknowledged, and the item is not in the inbox"
        if item not in elsewhere:
            yield "lost: a release was acknowledged, and a delivery of it is not there"
    if any(outcome.reports[title].is_for_receiver and title not in inbox for title in outcome.refused):
        yield "lost: a report counts as released, and is not in the inbox"
    if to_receiver.keys() != elsewhere:
        yield "by halves: a release has a delivery to one addressee and none to the other"
    withheld = sum(each["state"] == "withheld" for each in to_receiver.values())
    if withheld < sum(not outcome.reports[title].is_for_receiver for title in outcome.acknowledged):
        yield "an item with nothing in it for the receiver is not withheld"


def _count_faults(outcome: Outcome, to_receiver: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Rules 3 and 4, in the end: numbers without a gap, and all count the same."""
    states = Counter(each["state"] for each in to_receiver.values())
    if left := states.keys() - {"receipted", "withheld"}:
        yield f"not at rest: deliveries are {', '.join(sorted(left))}"
    numbers = sorted(each["number"] for each in to_receiver.values() if each.get("number") is not None)
    if numbers != list(range(1, len(numbers) + 1)):
        yield "the numbers of the stream have a gap or a double"
    counts = {outcome.sent["sent"], outcome.sent["receipted"], outcome.received["received"]}
    if counts != {len(numbers) + 1}:
        yield (
            f"{outcome.sent['sent']} entries are sent, {outcome.received['received']} received, "
            f"{outcome.sent['receipted']} receipted, for {len(numbers)} items"
        )
    if outcome.received["quarantined"]:
        yield f"{outcome.received['quarantined']} items are set apart"
    for link in (outcome.sent["link"], outcome.received["link"]):
        if link != "active":
            yield f"the link is {link}"
