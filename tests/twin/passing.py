# SPDX-License-Identifier: Apache-2.0
"""
Pairs about passing on, made by hand, and the leaks that they find.

The observer is whoever is passed something, the author of what is passed on, or a reader at a node that others
pass something on to.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from legation.item.parts import LayerHead, Parts
from legation.node.desk import drafting, passing
from legation.node.rules import Rules
from legation.node.streams import judging, numbering
from legation.store.sqlite import items
from legation.store.sqlite.database import Reading
from legation.store.sqlite.items import StoredView
from tests.twin import cast
from tests.twin.handmade import AUTHOR, PEER, READERS, Story, hidden, of_peer, of_readers, report
from tests.twin.leaks import Leak, Patch, _wrap
from tests.twin.pairs import Pair, act

SEEN, HIDDEN = "(L//REL NATO, KOR, AUS)", "(S//REL NATO, KOR)"
PERMITTED = "(L//REL NATO, KOR, AUS, JPN)"
"""A mark that the peer may be handed, and is not: what it stands for is another in both worlds."""


def of_whoever_is_passed_something(name: str, *stories: Story) -> Pair:
    """Two worlds before the peer, to whom the author passes on what NATO wrote."""
    pair = of_peer(name, *stories)
    peers: Mapping[str, tuple[tuple[str, str], ...]] = {
        AUTHOR: (("EU", "S"), ("NATO", "S"), (PEER, "C")),
        PEER: ((AUTHOR, "S"), ("NATO", "S")),
        "NATO": ((AUTHOR, "S"),),
        "EU": ((AUTHOR, "S"),),
    }
    first, second = (replace(side, peers=dict(peers)) for side in pair.sides)
    sees = {**pair.sees, "NATO": cast.keys_of(("(O)", SEEN))}
    return replace(pair, sees=sees, sides=(first, second))


def from_nato(*more: str) -> str:
    """What NATO writes: something that the peer sees, and more."""
    return report(f"{SEEN} Seen.", "(O) Seen too.", *more, to=AUTHOR)


def more_is_held_of_what_is_passed_on() -> Pair:
    """The office that passes on has more of it: hidden by marks, or by its originator's control alone."""

    def story(*more: str) -> Story:
        return (
            act("release", "NATO", from_nato(*more), "seen"),
            act("pull", AUTHOR, "NATO"),
            act("hand_on", AUTHOR, PEER, "seen"),
            act("pull", PEER, AUTHOR),
            act("pull", PEER, AUTHOR),
        )

    return of_whoever_is_passed_something(
        "more is held of what is passed on",
        story(f"{HIDDEN} Zq7hidden.", f"{PERMITTED} {{originator-control}} Zq7hidden too."),
        story("(C//REL NATO, KOR) Zq7hidden otherwise."),
    )


def another_view_is_held_of_what_is_passed_on() -> Pair:
    """Of the same item another view came, in which stands what the peer may be handed; it goes from one view."""
    text = from_nato(f"{PERMITTED} Zq7hidden.", f"{HIDDEN} Zq7hidden.", "(C//REL NATO, KOR) Zq7hidden.")
    more = (PERMITTED, HIDDEN, "(C//REL NATO, KOR)")
    begin = (
        act("release", "NATO", text, "seen"),
        act("pass_on", "EU", AUTHOR, "seen", (SEEN, "(O)"), "NATO"),
    )
    end = (
        act("pull", AUTHOR, "EU"),
        act("hand_on", AUTHOR, PEER, "seen"),
        act("pull", PEER, AUTHOR),
        act("pull", PEER, AUTHOR),
    )
    return of_whoever_is_passed_something(
        "another view is held of what is passed on",
        (*begin, hidden("pass_on", "EU", AUTHOR, "seen", more, "NATO"), *end),
        (*begin, *end),
    )


def passed_on_to_another_too() -> Pair:
    """Somebody else is passed more of the same item, before the peer is passed any and after."""
    text = from_nato("(C//REL NATO, KOR, JPN) Zq7hidden.")
    begin = (act("release", "NATO", text, "seen"), act("pull", AUTHOR, "NATO"))
    other = [hidden("hand_on", AUTHOR, "JPN@NATO", "seen"), hidden("pull", "JPN@NATO", AUTHOR)]
    goes, pull = act("hand_on", AUTHOR, PEER, "seen"), act("pull", PEER, AUTHOR)
    pin = hidden("pin", AUTHOR, "JPN@NATO", "S")
    return of_whoever_is_passed_something(
        "passed on to another too",
        (*begin, pin, *other, goes, pull, *other, pull),
        (*begin, goes, pull, pull),
    )


def passed_on_unknown_to_its_author() -> Pair:
    """What the peer wrote is passed on to somebody else, or not."""
    begin = (
        act("release", PEER, report("(L//REL AUS, KOR, NATO) Seen.", to=AUTHOR), "given"),
        act("pull", AUTHOR, PEER),
        act("pull", PEER, AUTHOR),
    )
    goes = (
        hidden("pin", AUTHOR, "NATO", "S"),
        hidden("hand_on", AUTHOR, "NATO", "given"),
        hidden("pull", "NATO", AUTHOR),
        hidden("pull", "NATO", AUTHOR),
    )
    end = (act("pull", PEER, AUTHOR), act("pull", AUTHOR, PEER), act("wrong", "no position"))
    return of_peer("passed on unknown to its author", (*begin, *goes, *end), (*begin, *end))


CONTROLLED = "(L//REL KOR, JPN, EU)"


def passed_on_though_it_is_controlled() -> Pair:
    """
    An office passes on what it must not: readers who could see it by its mark notice nothing.

    Nor do they of another item, of which they may see nothing, if they try to pass it on.
    """
    text = report(
        "(L//REL KOR, JPN) Seen.",
        "(O) Seen too.",
        f"{CONTROLLED} {{originator-control}} Zq7hidden.",
        to=READERS,
    )
    begin = (
        act("release", AUTHOR, text, "seen"),
        act("pass_on", "NATO", READERS, "seen", ("(L//REL KOR, JPN)", "(O)")),
    )
    end = (act("pull", READERS, "NATO"), act("pull", READERS, "EU"), act("read"))
    more = (
        hidden("pass_on", "EU", READERS, "seen", ("(L//REL KOR, JPN)", "(O)", CONTROLLED)),
        hidden("release", "NATO", report("(S//REL NATO, JPN) Zq7hidden.", to=READERS), "unseen"),
    )
    return of_readers("passed on though it is controlled", (*begin, *more, *end), (*begin, *end))


def words_are_held_that_readers_may_not_see() -> Pair:
    """A reader quotes at random: whether the words are held under a mark that they may not see, is not told."""

    def story(*more: str) -> Story:
        return (
            act("release", AUTHOR, report("(O) Seen.", *more, to=READERS), "seen"),
            act("pull", READERS, AUTHOR),
            act("quote", AUTHOR, "Guessed words."),
        )

    return of_readers(
        "words are held that readers may not see",
        story("(S//REL KOR, JPN) Guessed words."),
        story("(S//REL KOR, JPN) Zq7hidden."),
    )


def labels_come_in_another_order() -> Pair:
    """One of the labels of what may be passed on was here before, on something that is set apart, or was not."""
    text = report("(L//REL KOR, JPN, AUS, NATO) Seen.", "(O) Seen too.", to=READERS)
    # The later step gives the layers places in which the label that is forged stands last.
    begin = (act("read"), act("release", AUTHOR, text, "seen"))
    before = (hidden("forge", "EU", READERS, "KOR"), hidden("pull", READERS, "EU"))
    end = (
        act("pass_on", "NATO", READERS, "seen", ("(O)", "(L//REL KOR, JPN, AUS, NATO)")),
        act("pull", READERS, "NATO"),
        act("read"),
    )
    return of_readers("labels come in another order", (*begin, *before, *end), (*begin, *end))


PASSED_ON = (
    more_is_held_of_what_is_passed_on,
    another_view_is_held_of_what_is_passed_on,
    passed_on_to_another_too,
    passed_on_unknown_to_its_author,
    passed_on_though_it_is_controlled,
    words_are_held_that_readers_may_not_see,
    labels_come_in_another_order,
)
"""How the pairs are made."""


# The leaks.


def controlled_layer_is_passed_on(patch: Patch) -> None:
    """Who passes on looks at marks alone."""
    patch.setattr(LayerHead, "is_controlled", False)


def controlled_layer_is_taken_from_anybody(patch: Patch) -> None:
    """Whoever receives does not ask who brought what is under its originator's control."""
    patch.setattr(judging, "is_controlled", lambda _: False)


def cut_of_two_views(patch: Patch) -> None:
    """What may go is gathered from all views that are held."""

    def gathered(held: list[Parts[LayerHead]]) -> Parts[LayerHead]:
        return replace(
            held[0],
            data=b"",
            layers=sorted({each[0]: each for parts in held for each in parts.layers}.values()),
            seams=sorted({each for parts in held for each in parts.seams}),
            nodes={number: node for parts in held for number, node in parts.nodes.items()},
        )

    def parts_of(self: Any, db: Reading, view: StoredView) -> Parts[LayerHead]:
        return gathered([self._open(db, each.hash, each) for each in _held(db, view.item_id)])

    patch.setattr(numbering.Cutter, "parts_of", parts_of)


def _held(db: Reading, item_id: bytes) -> list[StoredView]:
    rows = db.rows("SELECT view_key FROM view WHERE item_id = ? AND state = 'held'", (item_id,))
    return [items.view(db, view_key) for (view_key,) in rows]


def view_with_most_of_all_layers(patch: Patch) -> None:
    """What goes is cut from the view that holds most, whatever of it may go."""
    true = items.fullest_view
    patch.setattr(items, "fullest_view", lambda db, item, _: true(db, item, items.held_layers(db, item)))


def passing_tells_forbidden_from_missing(patch: Patch) -> None:
    """An item that may not be seen is refused in other words than one that is not there."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def find(db: Reading, text: str, **told: Any) -> Any:
            if db.one("SELECT 1 FROM item WHERE hex(item_id) = ?", (text.upper(),)):
                told["hint"] = "ask somebody who may see it"
            return true(db, text, **told)

        return find

    _wrap(patch, passing, "find_item", make)


def quotations_compared_with_all(patch: Patch) -> None:
    """A quotation is held against all that the node has."""

    def make(true: Callable[..., Any]) -> Callable[..., Any]:
        def check(db: Reading, draft: Any, allowed: frozenset[int], rules: Rules, blobs: Any) -> None:
            true(db, draft, allowed | rules.labels.keys(), rules, blobs)

        return check

    _wrap(patch, drafting, "check_quotations", make)


def approved_in_the_order_of_access_ids(patch: Patch) -> None:
    """What is approved is hashed in the order in which its labels came to the node."""
    patch.setattr(passing, "sorted", lambda found, key=None: list(found), raising=False)


PASSING_LEAKS = (
    Leak(
        "approved in the order of access ids",
        approved_in_the_order_of_access_ids,
        labels_come_in_another_order,
    ),
    Leak("a controlled layer is passed on", controlled_layer_is_passed_on, more_is_held_of_what_is_passed_on),
    Leak("a cut of two views", cut_of_two_views, another_view_is_held_of_what_is_passed_on),
    Leak(
        "the view with most of all layers",
        view_with_most_of_all_layers,
        another_view_is_held_of_what_is_passed_on,
    ),
    Leak(
        "a controlled layer is taken from anybody",
        controlled_layer_is_taken_from_anybody,
        passed_on_though_it_is_controlled,
    ),
    Leak(
        "passing on tells forbidden from missing",
        passing_tells_forbidden_from_missing,
        passed_on_though_it_is_controlled,
    ),
    Leak(
        "quotations compared with all", quotations_compared_with_all, words_are_held_that_readers_may_not_see
    ),
)
