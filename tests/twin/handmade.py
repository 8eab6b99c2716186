# SPDX-License-Identifier: Apache-2.0
"""
Pairs made by hand: each is the smallest that shows one leak which random pairs seldom come across.
"""

from collections.abc import Sequence

from tests.twin import cast
from tests.twin.pairs import Act, Pair, Side, Step, act

AUTHOR, PEER, READERS = cast.AUTHOR, cast.PEER, cast.READERS

Story = Sequence[Act | tuple[Act, Act]]
"""Acts in their order; where there are two, the second happens while the answer of the first is on its way."""


def told(story: Story, *, side: str) -> tuple[Step, ...]:
    """Give each act its moment; those that only one world has are in between, under names of their own."""
    steps: list[Step] = []
    seen, hidden = 0, 0
    for each in story:
        done, during = each if isinstance(each, tuple) else (each, None)
        if isinstance(done, Hidden):
            hidden += 1
            steps.append(Step(f"hidden {side} {hidden}", 100 * seen + hidden, done))
            continue
        seen += 1
        inside = (Step(f"during {side} {seen}", 100 * seen, during),) if during is not None else ()
        steps.append(Step(f"step {seen}", 100 * seen, done, inside))
    return tuple(steps)


class Hidden(Act):
    """An act that one world has and the other has not."""


def hidden(what: str, *told_: object) -> Hidden:
    """Name something hidden that is done."""
    return Hidden(what, told_)


def report(*paragraphs: str, to: str, precedence: str = "routine") -> str:
    """A report with these paragraphs."""
    head = f"kind: note\npolicy: EXERCISE\naction: {to}\nprecedence: {precedence}\n\n"
    return head + "\n\n".join(paragraphs) + "\n"


def of_peer(name: str, *stories: Story, is_pinned: bool = True) -> Pair:
    """Two worlds before the peer."""
    known = ((PEER, "C"),) if is_pinned else ()
    first, second = (
        Side(
            {AUTHOR: known, PEER: ((AUTHOR, "S"),), "NATO": ((AUTHOR, "S"),)},
            told(each, side=side),
        )
        for each, side in zip(stories, ("first", "second"), strict=True)
    )
    sees = cast.keys_of(cast.PEER_SEES_OPEN + cast.PEER_SEES_LIMITED + cast.PEER_SEES_CONFIDENTIAL)
    return Pair("peers", name, {AUTHOR: sees}, PEER, True, (first, second))


def of_readers(name: str, *stories: Story) -> Pair:
    """Two worlds before the readers of a mission, to which all comes by others than the author."""
    people = cast.cleared(READERS, "L", context=("Own", "Releasable"))
    begin = (
        act("set_clearance", READERS, people, received=False),
        act("set_clearance", READERS, cast.cleared(READERS, "S"), received=True),
    )
    first, second = (
        Side(
            {
                READERS: ((AUTHOR, "S"), *((relay, "S") for relay in cast.RELAYS)),
                AUTHOR: ((READERS, "S"),),
                **dict.fromkeys(cast.RELAYS, ((READERS, "S"),)),
            },
            told((*begin, *each), side=side),
        )
        for each, side in zip(stories, ("first", "second"), strict=True)
    )
    return Pair("readers", name, {AUTHOR: cast.keys_of(cast.READER_SEES)}, "", False, (first, second))


def refused_before_what_goes() -> Pair:
    """Three items were approved for the peer, and may not go any more when it asks; one may."""
    begin = act("release", AUTHOR, report("(O) Seen.", to=PEER), "seen")
    text = report("(C//REL KOR, AUS) Zq7hidden.", to=PEER, precedence="flash")
    too_late = [
        hidden("release", AUTHOR, text.replace("hidden", f"hidden {number}"), f"late {number}")
        for number in range(3)
    ]
    end = (
        act("grant", AUTHOR, PEER, cast.cleared(PEER, "L")),
        act("pull", PEER, AUTHOR),
        act("pull", PEER, AUTHOR),
    )
    return of_peer("refused before what goes", (begin, *too_late, *end), (begin, *end))


def others_ask_before_a_replay() -> Pair:
    """The peer sends an old request once more, and others have asked since."""
    begin, again = act("pull", PEER, AUTHOR), act("wrong", "replay")
    others = [hidden("pin", AUTHOR, "NATO", "S"), *[hidden("letter", "NATO", AUTHOR)] * 3]
    return of_peer("others ask before a replay", (begin, *others, again), (begin, again))


def rules_change_on_a_stopped_link() -> Pair:
    """The peer showed another history and is answered with nothing; somebody becomes a peer meanwhile."""
    begin = (
        act("release", AUTHOR, report("(O) Seen.", to=PEER), "seen"),
        act("pull", PEER, AUTHOR),
        act("wrong", "another history"),
    )
    pull = act("pull", PEER, AUTHOR)
    return of_peer(
        "rules change on a stopped link",
        (*begin, (pull, act("pin", AUTHOR, "NATO", "S"))),
        (*begin, pull),
    )


def rules_change_while_the_author_asks() -> Pair:
    """The author has asked the peer, and somebody becomes a peer before the answer is stored."""
    begin = act("release", PEER, report("(O) Seen.", to=AUTHOR), "given")
    pull = act("pull", AUTHOR, PEER)
    return of_peer(
        "rules change while the author asks",
        (begin, (pull, act("pin", AUTHOR, "NATO", "S")), pull),
        (begin, pull, pull),
    )


def forged_under_a_key_that_is_pinned() -> Pair:
    """The peer hands over a view that says it is another office's, which may be a peer of the author or not."""
    end = (act("forge", PEER, AUTHOR, "NATO"), act("pull", AUTHOR, PEER), act("pull", PEER, AUTHOR))
    return of_peer("forged under a key that is pinned", (hidden("pin", AUTHOR, "NATO", "S"), *end), end)


def claims_to_be_another() -> Pair:
    """The peer asks in the name of another office, which may be a peer of the author or not."""
    end = act("wrong", "another sender")
    return of_peer("claims to be another", (hidden("pin", AUTHOR, "JPN@NATO", "S"), end), (end,))


def another_is_refused_first() -> Pair:
    """Another office, sent the same, may not have it any more when it asks; then the peer asks."""
    mark, pull = "(L//REL KOR, JPN, AUS, NATO)", act("pull", PEER, AUTHOR)
    return of_peer(
        "another is refused first",
        (
            hidden("pin", AUTHOR, "NATO", "L"),
            act("release", AUTHOR, report(f"{mark} Seen.", to=f"NATO, {PEER}"), "seen"),
            hidden("grant", AUTHOR, "NATO", cast.cleared("NATO", "O")),
            hidden("pull", "NATO", AUTHOR),
            pull,
        ),
        (act("release", AUTHOR, report(f"{mark} Seen.", to=PEER), "seen"), pull),
    )


def passed_on_from_an_author_who_is_pinned() -> Pair:
    """The peer passes on a true item of another office, which may be a peer of the author or not, or become one."""
    begin = act("release", "NATO", report("(O) Seen.", to=AUTHOR), "seen")
    end = (
        act("pass_on", PEER, AUTHOR, "seen", ("(O)",), "NATO"),
        act("pull", AUTHOR, PEER),
        act("pull", PEER, AUTHOR),
    )
    pin = hidden("pin", AUTHOR, "NATO", "S")
    return of_peer(
        "passed on",
        (begin, pin, *end, act("pull", AUTHOR, PEER)),
        (begin, *end, pin, act("pull", AUTHOR, PEER)),
    )


def attached_what_another_sent_already() -> Pair:
    """The peer sends the author a file; in one world the author has had the same file from another office."""
    text = report("(O) {attachment: Seen.bin}", to=AUTHOR)
    end = (
        act("release", PEER, text, "seen"),
        act("pull", AUTHOR, PEER),
        act("pull", AUTHOR, PEER),
    )
    return of_peer(
        "attached what another sent already",
        (
            hidden("pin", AUTHOR, "NATO", "S"),
            hidden("release", "NATO", text, "from another"),
            hidden("pull", AUTHOR, "NATO"),
            *end,
        ),
        end,
    )


def a_stranger_asks() -> Pair:
    """The peer is none yet, and asks; others become peers before it."""
    asks = act("pull", PEER, AUTHOR), act("wrong", "no position"), act("wrong", "replay")
    others = hidden("pin", AUTHOR, "NATO", "S"), hidden("pull", "NATO", AUTHOR)
    return of_peer("a stranger asks", (*others, *asks), asks, is_pinned=False)


SEEN, ALSO_SEEN, HIDDEN = "(L//REL KOR, JPN)", "(O)", "(C//REL KOR, JPN)"
_PASSED_ON = report(f"{SEEN} Seen.", f"{ALSO_SEEN} Seen too.", f"{HIDDEN} Zq7hidden.", to=READERS)


def two_relays_hand_over_alike() -> Pair:
    """Two offices pass on the same to the readers; one of them something hidden too, and now the other."""

    def story(first: Sequence[str], second: Sequence[str]) -> Story:
        return (
            act("release", AUTHOR, _PASSED_ON, "seen"),
            act("pass_on", "NATO", READERS, "seen", (SEEN, ALSO_SEEN, *first)),
            act("pass_on", "EU", READERS, "seen", (SEEN, ALSO_SEEN, *second)),
            act("pull", READERS, "EU"),
            act("read"),
            act("pull", READERS, "NATO"),
        )

    return of_readers("two relays hand over alike", story((HIDDEN,), ()), story((), (HIDDEN,)))


def the_smaller_view_hides_more() -> Pair:
    """One office passes on all that the readers may see, another less of it, and with it what they may not."""

    def story(*more: str) -> Story:
        return (
            act(
                "release",
                AUTHOR,
                _PASSED_ON.replace("\n\n(C", "\n\n(S//REL KOR, JPN) Zq7hidden.\n\n(C"),
                "seen",
            ),
            act("pass_on", "NATO", READERS, "seen", (SEEN, ALSO_SEEN)),
            act("pass_on", "EU", READERS, "seen", (SEEN, *more)),
            act("pull", READERS, "EU"),
            act("pull", READERS, "NATO"),
        )

    return of_readers("the smaller view hides more", story(HIDDEN, "(S//REL KOR, JPN)"), story())


def the_author_hands_over_what_a_relay_did() -> Pair:
    """The author hands over what the readers have by a relay: the very bytes, or with something hidden more."""
    begin = act("release", AUTHOR, _PASSED_ON, "seen")
    end = (act("pull", READERS, "NATO"), act("pull", READERS, AUTHOR))
    whole, part = (SEEN, ALSO_SEEN, HIDDEN), (SEEN, ALSO_SEEN)
    return of_readers(
        "the author hands over what a relay did",
        (begin, act("pass_on", "NATO", READERS, "seen", whole), *end),
        (begin, act("pass_on", "NATO", READERS, "seen", part), *end),
    )


def a_relay_hands_over_more_of_the_older() -> Pair:
    """Of two items one comes once more by another office, with something hidden; their order stays."""
    begin = (
        act("release", AUTHOR, _PASSED_ON, "seen"),
        act("release", AUTHOR, _PASSED_ON.replace("too.", "two."), "seen later"),
        act("pass_on", "NATO", READERS, "seen", (SEEN,)),
        act("pull", READERS, "NATO"),
        act("pass_on", "NATO", READERS, "seen later", (SEEN,)),
        act("pull", READERS, "NATO"),
    )
    more, pull = hidden("pass_on", "EU", READERS, "seen", (SEEN, HIDDEN)), act("pull", READERS, "EU")
    return of_readers("a relay hands over more of the older", (*begin, more, pull), (*begin, pull))


_TO_PEER = report(
    "(C//REL KOR, AUS) Seen.", "(L//REL KOR, AUS) Seen too.", "(S//REL KOR) Zq7hidden.", to=PEER
)
_PEER_PULLS = act("pull", PEER, AUTHOR)


def corrected(before: str, *, of: str = "seen", urgent: bool = False) -> Act:
    """A new version of what was released, in which only something hidden is another."""
    text = before.replace("hidden.", "hidden and corrected.")
    text = text.replace("precedence: routine", "precedence: flash") if urgent else text
    return hidden("correct", AUTHOR, text, "corrected", of)


def corrected_where_the_peer_does_not_see() -> Pair:
    """The peer has the item; then a paragraph that it does not see is corrected, or nothing is."""
    begin, end = (act("release", AUTHOR, _TO_PEER, "seen"), _PEER_PULLS), (_PEER_PULLS, _PEER_PULLS)
    return of_peer(
        "corrected where the peer does not see", (*begin, corrected(_TO_PEER), *end), (*begin, *end)
    )


def corrected_before_the_peer_asks() -> Pair:
    """The same, before the peer has got it; and the correction is more urgent than what it corrects."""
    begin = (
        act("release", AUTHOR, report("(O) Seen first.", to=PEER, precedence="priority"), "first"),
        act("release", AUTHOR, _TO_PEER, "seen"),
    )
    return of_peer(
        "corrected before the peer asks",
        (*begin, corrected(_TO_PEER, urgent=True), _PEER_PULLS),
        (*begin, _PEER_PULLS),
    )


def corrected_after_the_peer_lost_something() -> Pair:
    """The peer may see less than it has by then; that it would be cut a smaller copy is no news."""
    begin = (
        act("release", AUTHOR, _TO_PEER, "seen"),
        _PEER_PULLS,
        act("grant", AUTHOR, PEER, cast.cleared(PEER, "L")),
    )
    return of_peer(
        "corrected after the peer lost something",
        (*begin, corrected(_TO_PEER), _PEER_PULLS),
        (*begin, _PEER_PULLS),
    )


def corrected_twice_and_withdrawn() -> Pair:
    """A version that the peer never noticed is withdrawn, and corrected once more."""
    begin = (act("release", AUTHOR, _TO_PEER, "seen"), _PEER_PULLS)
    again = _TO_PEER.replace("hidden.", "hidden and corrected again.")
    return of_peer(
        "corrected twice and withdrawn",
        (
            *begin,
            corrected(_TO_PEER),
            hidden("withdraw_only", AUTHOR, "corrected"),
            hidden("correct", AUTHOR, again, "again", "seen"),
            _PEER_PULLS,
        ),
        (*begin, _PEER_PULLS),
    )


def corrected_where_readers_do_not_see() -> Pair:
    """The node gets the correction, and its readers see the same in both versions."""
    pull = act("pull", READERS, AUTHOR)
    begin = (act("release", AUTHOR, _PASSED_ON, "seen"), pull)
    return of_readers(
        "corrected where readers do not see",
        (*begin, corrected(_PASSED_ON), pull, act("read")),
        (*begin, pull, act("read")),
    )


def withdrawn_what_readers_do_not_see() -> Pair:
    """An item of which the readers see nothing is withdrawn, or not."""
    text, pull = report(f"{HIDDEN} Zq7hidden.", to=READERS), act("pull", READERS, AUTHOR)
    begin = (act("release", AUTHOR, _PASSED_ON, "seen"), hidden("release", AUTHOR, text, "unseen"), pull)
    return of_readers(
        "withdrawn what readers do not see",
        (*begin, hidden("withdraw", AUTHOR, "unseen", READERS)),
        begin,
    )


def confirmed_by_hand_already() -> Pair:
    """The peer has a new item key, and its people gave the card to the author's people, who confirmed it or not."""
    begin = (act("release", PEER, report("(O) Seen.", to=AUTHOR), "given"), act("pull", AUTHOR, PEER))
    renewed = act("renew", PEER, "item")
    end = (
        act("release", PEER, report("(O) Seen again.", to=AUTHOR), "given again"),
        act("pull", AUTHOR, PEER),
        act("pull", PEER, AUTHOR),
    )
    return of_peer(
        "confirmed by hand already",
        (*begin, renewed, hidden("confirm", AUTHOR, PEER), *end),
        (*begin, renewed, *end),
    )


def a_card_of_another_is_told() -> Pair:
    """The peer says that a card of another office is its next; that office may be a peer of the author or not."""
    end = (act("tell", PEER, AUTHOR, "NATO"), act("pull", AUTHOR, PEER), act("pull", PEER, AUTHOR))
    return of_peer("a card of another is told", (hidden("pin", AUTHOR, "NATO", "S"), *end), end)


def another_renews_its_card() -> Pair:
    """Another office has new keys, and the author takes its card; the peer asks."""
    begin = (act("release", AUTHOR, report("(O) Seen.", to=PEER), "seen"), act("pull", PEER, AUTHOR))
    others = (
        hidden("pin", AUTHOR, "NATO", "S"),
        hidden("renew", "NATO", "item", "stream", "seal"),
        hidden("pull", AUTHOR, "NATO"),
    )
    end = (act("release", AUTHOR, report("(O) Seen again.", to=PEER), "seen again"), _PEER_PULLS)
    return of_peer("another renews its card", (*begin, *others, *end), (*begin, *end))


def the_author_renews_its_card() -> Pair:
    """The author has new keys, and tells them to the peer, and to others before it, or to nobody else."""
    begin = (act("release", AUTHOR, report("(O) Seen.", to=PEER), "seen"), act("pull", PEER, AUTHOR))
    renewed = act("renew", AUTHOR, "item", "stream", "seal")
    end = (
        act("release", AUTHOR, report("(O) Seen again.", to=PEER), "seen again"),
        act("pull", PEER, AUTHOR),
        act("pull", PEER, AUTHOR),
    )
    return of_peer(
        "the author renews its card",
        (hidden("pin", AUTHOR, "NATO", "S"), *begin, renewed, hidden("pull", "NATO", AUTHOR), *end),
        (*begin, renewed, *end),
    )


def offered_what_is_in_force() -> Pair:
    """The peer offers a policy that is in force at the author's, or unknown there."""
    end = (act("offer", PEER, AUTHOR), act("pull", AUTHOR, PEER), act("pull", PEER, AUTHOR))
    return of_peer("offered what is in force", (hidden("accept_policy", AUTHOR), *end), end)


def offered_by_another() -> Pair:
    """Another office has offered the author the same policy, or has not."""
    end = (act("offer", PEER, AUTHOR), act("pull", AUTHOR, PEER), act("pull", PEER, AUTHOR))
    others = (
        hidden("pin", AUTHOR, "NATO", "S"),
        hidden("offer", "NATO", AUTHOR),
        hidden("pull", AUTHOR, "NATO"),
    )
    return of_peer("offered by another", (*others, *end), end)


def destroyed_what_came_by_more_offices() -> Pair:
    """Readers destroy an item of which another office brought what they may not see, before or after."""
    relay = cast.RELAYS[0]
    pull, again = act("pull", READERS, AUTHOR), hidden("pull", READERS, relay)
    begin = (act("release", AUTHOR, _PASSED_ON, "seen"), pull)
    brings = hidden("pass_on", relay, READERS, "seen", (HIDDEN,))
    end = (act("read"), act("destroy", READERS, "seen"))
    return of_readers(
        "destroyed what came by more offices",
        (*begin, brings, again, *end, act("destroy", READERS, "seen"), act("read"), pull),
        (*begin, *end, brings, again, act("destroy", READERS, "seen"), act("read"), pull),
    )


def destroyed_what_has_more() -> Pair:
    """Readers destroy an item that holds attachments and words which they may not see, or does not."""
    more = _PASSED_ON + f"\n{HIDDEN} {{attachment: Zq7hidden.txt}}\n"
    pull, end = act("pull", READERS, AUTHOR), (act("read"), act("destroy", READERS, "seen"), act("read"))
    return of_readers(
        "destroyed what has more",
        (act("release", AUTHOR, more, "seen"), pull, *end),
        (act("release", AUTHOR, _PASSED_ON, "seen"), pull, *end),
    )


def destroyed_what_readers_do_not_see() -> Pair:
    """An item of which the readers see nothing is destroyed at their node, or never came."""
    text, pull = report(f"{HIDDEN} Zq7hidden.", to=READERS), act("pull", READERS, AUTHOR)
    begin = (act("release", AUTHOR, _PASSED_ON, "seen"), pull)
    return of_readers(
        "destroyed what readers do not see",
        (
            *begin,
            hidden("release", AUTHOR, text, "unseen"),
            hidden("pull", READERS, AUTHOR),
            hidden("destroy_quietly", READERS, "unseen"),
            act("read"),
            act("destroy", READERS, "seen"),
            pull,
        ),
        (*begin, act("read"), act("destroy", READERS, "seen"), pull),
    )


def destroyed_what_another_sent() -> Pair:
    """The author destroys what another office sent, before the peer sends the same, or holds it still."""
    mark = "(C//REL AUS, KOR)"
    text = report(f"{mark} Given.", to=AUTHOR)
    return of_peer(
        "destroyed what another sent",
        (
            act("release", PEER, text, "given"),
            hidden("pin", AUTHOR, "NATO", "S"),
            hidden("pass_on", "NATO", AUTHOR, "given", (mark,), PEER),
            hidden("pull", AUTHOR, "NATO"),
            hidden("destroy_quietly", AUTHOR, "given"),
            act("pull", AUTHOR, PEER),
            _PEER_PULLS,
        ),
        (act("release", PEER, text, "given"), act("pull", AUTHOR, PEER), _PEER_PULLS),
    )


HANDMADE = (
    destroyed_what_came_by_more_offices,
    destroyed_what_has_more,
    destroyed_what_readers_do_not_see,
    destroyed_what_another_sent,
    confirmed_by_hand_already,
    a_card_of_another_is_told,
    another_renews_its_card,
    the_author_renews_its_card,
    offered_what_is_in_force,
    offered_by_another,
    refused_before_what_goes,
    others_ask_before_a_replay,
    rules_change_on_a_stopped_link,
    rules_change_while_the_author_asks,
    forged_under_a_key_that_is_pinned,
    claims_to_be_another,
    another_is_refused_first,
    passed_on_from_an_author_who_is_pinned,
    a_stranger_asks,
    attached_what_another_sent_already,
    two_relays_hand_over_alike,
    the_smaller_view_hides_more,
    the_author_hands_over_what_a_relay_did,
    a_relay_hands_over_more_of_the_older,
    corrected_where_the_peer_does_not_see,
    corrected_before_the_peer_asks,
    corrected_after_the_peer_lost_something,
    corrected_twice_and_withdrawn,
    corrected_where_readers_do_not_see,
    withdrawn_what_readers_do_not_see,
)
"""How the pairs are made."""
