# SPDX-License-Identifier: Apache-2.0
"""
Weaknesses that are put into a node, each alone, and the attack that is seen to succeed with it.

Each is what somebody could forget, or take out because it costs something. ``docs/reliability.md`` has them as a table.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest

from legation.errors import EquivocationError, ProofError
from legation.exchange import (
    ACTIONS,
    Action,
    EntryHeader,
    RefusalCode,
    Standing,
    envelope,
    opening,
    receiving,
    sending,
    succeeding,
)
from legation.log import checkpoint
from legation.node import persons
from legation.node.peers import chaining, introducing
from legation.node.streams import answering, judging, letterbox, receipting, taking_in, unasked
from legation.node.streams.judging import Judged
from legation.node.withdrawal import certifying, withdrawing
from legation.store.sqlite import bags
from legation.store.sqlite.items import ViewState
from tests.federation import test_attacks
from tests.federation.intercepting import Wire, shows_nothing
from tests.federation.lies_in_answers import ANSWERS
from tests.federation.lies_in_bags import BAGS
from tests.federation.lies_in_entries import NUMBERED
from tests.federation.lies_in_keys import KEYS
from tests.federation.lies_in_pulls import PULLS
from tests.federation.lies_in_pushes import PUSHES
from tests.federation.lying import Book
from tests.federation.stage import CANARY, JPN, KOR, Stage, mark
from tests.node.pair import FIRST

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], object]
Attack = Callable[[Stage], object]


@dataclass(frozen=True, kw_only=True)
class Weakness:
    """
    What is wrong, and the attack that succeeds then.

    Args:
        what: In words.
        plant: Puts it into the program.
        attack: Fails, with an assertion, if the attack succeeds.
        found_by: The name of that attack, as the table of attacks has it.
    """

    what: str
    plant: Plant
    attack: Attack
    found_by: str


def nothing(*_: Any, **__: Any) -> None:
    """A check that checks nothing."""


def uncompared_receiver(front: Any, *given: Any, **named: Any) -> None:
    """The signature counts for whomever the front says that it is for."""
    VERIFY_FRONT(front, *given, **(named | {"receiver": front.receiver}))


def decoded(told: bytes, shape: Any, *_: Any) -> Any:
    """A letter is whatever stands there."""
    return envelope._CODECS[shape].decode(told)


def standing_for(wrong: Standing, right: Standing) -> Plant:
    """What a position is, is mistaken."""

    def mistaken(*given: Any, **named: Any) -> Standing:
        found = WEIGH(*given, **named)
        return wrong if found is right else found

    return lambda patch: patch.setattr(receipting, "weigh", mistaken)


def done_for(standing: Standing, action: Action) -> Plant:
    """What is done about a position is something else."""
    table = dict(ACTIONS) | {standing: action}
    return lambda patch: patch.setattr(answering, "ACTIONS", table)


def unsigned_receipts(patch: Patch) -> None:
    """Whoever cosigns is believed, whoever signed."""

    def read(data: bytes, **_: Any) -> Any:
        found, _log, _other, time = checkpoint._read_receipt(data)
        return checkpoint.Receipt(checkpoint=found, time=time, data=data)

    patch.setattr(receipting, "verify_receipt", read)


def anybody_withdraws(patch: Patch) -> None:
    """A withdrawal counts for the item that it names, whoever signed it."""

    def judge(data: bytes, sender: str, rules: Any) -> Any:
        found = JUDGE_WITHDRAWAL(data, sender, rules)
        return replace(found, office=KOR) if found.state is ViewState.HELD else found

    patch.setattr(withdrawing, "judge_withdrawal", judge)


def any_slip(patch: Patch) -> None:
    """It does not matter whose slip it is."""

    def judge(self: Any, _slip: Any, view: bytes, rules: Any, why: Any) -> Judged:
        return judging.judge(view, self._peer, rules, why, held_at=self._around.seconds())

    patch.setattr(taking_in.TakingIn, "_judge", judge)


def telling_whom_we_trust(patch: Patch) -> None:
    """What depends on trust is refused, like everything else."""

    def refuse(*_: Any, **__: Any) -> Judged:
        return Judged(contents=None, state=None, refusal=RefusalCode.SIGNATURE)

    patch.setattr(judging, "_apart", refuse)


def unverified_items(patch: Patch) -> None:
    """An item is by whose key it names."""
    patch.setattr(judging, "authenticate", lambda contents, *_, **__: contents)


def hasty_receipts(patch: Patch) -> None:
    """A receipt is given as soon as there is a checkpoint."""
    patch.setattr(receiving, "_may_receipt", lambda held: held.frontier.size > held.receipt_size)


def forks_are_only_refused(patch: Patch) -> None:
    """Another root of what is held is a mistake, and nothing is kept of it."""

    def check(*given: Any, **named: Any) -> None:
        try:
            CHECK_CHECKPOINT(*given, **named)
        except EquivocationError as error:
            raise ProofError(error.message) from error

    patch.setattr(receiving, "_check_checkpoint", check)


def uncompared_root(patch: Patch) -> None:
    """What was signed is not compared with what came."""

    def check(data: bytes, *given: Any, **named: Any) -> None:
        try:
            CHECK_CHECKPOINT(data, *given, **named)
        except ProofError:
            return

    patch.setattr(receiving, "_check_checkpoint", check)


def one_memory_for_all(patch: Patch) -> None:
    """Challenges are remembered, and not for whom."""
    of = answering.Answering._of
    patch.setattr(answering.Answering, "_of", lambda self, _office: of(self, "anybody"))


def challenges_that_stay(patch: Patch) -> None:
    """A challenge counts as often as it is given back."""

    def use(self: Any, pull: Any) -> bool:
        issued = self._of(pull.sender).challenge
        return issued is not None and pull.challenge == issued

    patch.setattr(answering.Answering, "_use_challenge", use)


def pulls_again(patch: Patch) -> None:
    """What was answered is forgotten."""
    patch.setattr(letterbox, "BINDINGS_REMEMBERED", 0)


def no_second_person(patch: Patch) -> None:
    """Every name is another person."""
    numbers = count()
    patch.setattr(persons, "_plain", lambda _: str(next(numbers)))


def old_cards_follow(patch: Patch) -> None:
    """Any card of the office takes the place of the one before it."""
    patch.setattr(chaining, "check_next_card", nothing)
    patch.setattr(introducing, "check_next_card", nothing)


def any_beginning(patch: Patch) -> None:
    """Another incarnation is taken as it comes, and what it says of the one before is not compared."""
    patch.setattr(receiving, "check_agrees", nothing)
    patch.setattr(succeeding, "check_agrees", nothing)


def in_clear(patch: Patch) -> None:
    """Chunks are not sealed."""

    def clear(_key: bytes, content: Any) -> Iterator[bytes]:
        for piece in content:
            yield bytes(piece)

    patch.setattr(envelope, "seal_chunks", clear)
    patch.setattr(envelope, "open_chunks", clear)


def not_padded(patch: Patch) -> None:
    """A length is as long as what is said."""
    patch.setattr(envelope, "padded_size", lambda size_bytes: size_bytes)


def intercepts(stage: Stage) -> None:
    """Read one answer on the way."""
    wire = Wire()
    stage.kor.releases(f"{mark('KOR', 'JPN')} {CANARY} waits.", to=[JPN])
    stage.jpn.pulls(stage.kor, wire.to(stage.kor))
    for data in wire.seen["answer"]:
        shows_nothing(data, [CANARY.encode()])


def one_person(stage: Stage) -> None:
    """One person does everything twice, with another kind of space in their name."""
    test_attacks.TestOnePersonAlone().test_what_widens_takes_two(stage, FIRST.replace(" ", "\u00a0"))


VERIFY_FRONT, WEIGH = envelope._verify_front, sending.weigh
CHECK_CHECKPOINT = receiving._check_checkpoint
JUDGE_WITHDRAWAL = withdrawing.judge_withdrawal


def attribute(where: Any, name: str, value: Any = nothing) -> Plant:
    """Something stands in the place of something else."""
    return lambda patch: patch.setattr(where, name, value)


def weak(what: str, plant: Plant, book: Book, name: str) -> Weakness:
    """A weakness that a lie finds."""
    return Weakness(what=what, plant=plant, attack=book[name].holds, found_by=name)


WEAKNESSES = [
    weak(
        "an envelope serves for any receiver",
        attribute(envelope, "_verify_front", uncompared_receiver),
        PULLS,
        "a_pull_for_another_sealed_anew",
    ),
    weak(
        "a letter is not the one that was signed",
        attribute(envelope, "_read_letter", decoded),
        ANSWERS,
        "a_letter_that_was_not_signed",
    ),
    weak(
        "offices of a letter are not those of its front",
        attribute(envelope, "_read_letter", decoded),
        ANSWERS,
        "a_letter_that_names_others_than_its_front",
    ),
    weak(
        "a payload is not held against its header",
        attribute(EntryHeader, "fits", lambda *_: True),
        ANSWERS,
        "a_payload_that_was_altered",
    ),
    weak(
        "padding may be anything",
        attribute(envelope._Content, "end"),
        ANSWERS,
        "more_bytes_than_the_letter_says",
    ),
    weak("the root of a checkpoint is not compared", uncompared_root, ANSWERS, "entries_that_changed_places"),
    weak(
        "a checkpoint of any stream counts",
        attribute(checkpoint, "_check_origin"),
        PULLS,
        "the_receipt_of_another",
    ),
    weak("a fork is only refused", forks_are_only_refused, ANSWERS, "another_root_of_what_is_held"),
    weak(
        "a beginning may say anything of what was left",
        any_beginning,
        ANSWERS,
        "a_beginning_that_names_another_history",
    ),
    weak(
        "a receipt is given over what was never voided",
        hasty_receipts,
        ANSWERS,
        "an_entry_taken_back_that_is_never_voided",
    ),
    weak("a pull is answered again and again", pulls_again, PULLS, "a_pull_twice"),
    weak(
        "a receipt needs no signature of ours",
        unsigned_receipts,
        PULLS,
        "a_receipt_without_our_own_signature",
    ),
    weak(
        "below a receipt no challenge is needed",
        standing_for(Standing.FOLLOWS, Standing.CHALLENGED),
        PULLS,
        "a_position_below_its_receipt",
    ),
    weak(
        "a challenge counts for ever",
        attribute(answering, "CHALLENGE_TIME_S", 1 << 30),
        PULLS,
        "a_challenge_that_is_old",
    ),
    weak("a challenge counts more than once", challenges_that_stay, PULLS, "a_loss_that_it_swears_to"),
    weak("a challenge counts for anybody", one_memory_for_all, PULLS, "the_challenge_of_another"),
    weak(
        "more than there is is overlooked",
        standing_for(Standing.FOLLOWS, Standing.AHEAD),
        PULLS,
        "a_position_beyond_our_stream",
    ),
    weak(
        "another incarnation is overlooked",
        standing_for(Standing.FOLLOWS, Standing.ANOTHER),
        PULLS,
        "a_position_of_another_incarnation",
    ),
    weak(
        "a fork is answered", done_for(Standing.FORKED, Action.ANSWER), PULLS, "a_position_in_another_history"
    ),
    weak("anybody withdraws anything", anybody_withdraws, NUMBERED, "a_withdrawal_of_anothers_item"),
    weak(
        "a withdrawal is not signed",
        attribute(withdrawing, "verify_withdrawal"),
        NUMBERED,
        "a_withdrawal_in_the_name_of_another",
    ),
    weak("an item is by whoever it names", unverified_items, NUMBERED, "an_item_in_the_name_of_another"),
    weak("a slip may be anybody's", any_slip, NUMBERED, "a_slip_for_another"),
    weak("a refusal tells whom we trust", telling_whom_we_trust, NUMBERED, "an_item_of_nobody"),
    weak("anything can be void", attribute(receiving, "_check_void"), NUMBERED, "a_void_of_what_comes_later"),
    weak(
        "a card of anybody comes by any stream",
        attribute(introducing, "_check_in_order"),
        KEYS,
        "the_card_of_another",
    ),
    weak("a card need not follow", old_cards_follow, KEYS, "a_card_far_ahead"),
    weak(
        "a certificate is not signed",
        attribute(certifying, "verify_destruction"),
        KEYS,
        "its_own_certificate_unsigned",
    ),
    weak(
        "what is enclosed is not compared with views",
        attribute(unasked, "check_enclosed"),
        BAGS,
        "with_a_file_of_another_item",
    ),
    weak("a bag is opened again and again", attribute(bags, "opened", lambda *_: None), BAGS, "a_bag_twice"),
    weak("what is held is not compared with a bag", attribute(opening, "_compare"), BAGS, "another_history"),
    weak("a push may leave files out", attribute(unasked, "check_enclosed"), PUSHES, "without_a_file"),
    Weakness(
        what="one person is enough",
        plant=no_second_person,
        attack=one_person,
        found_by="test_what_widens_takes_two",
    ),
    Weakness(
        what="chunks are not sealed",
        plant=in_clear,
        attack=intercepts,
        found_by="test_nothing_is_shown_by_any_envelope",
    ),
    Weakness(
        what="a length is not padded",
        plant=not_padded,
        attack=intercepts,
        found_by="test_nothing_is_shown_by_any_envelope",
    ),
]


def table() -> str:
    """The weaknesses as the document has them."""
    lines = ["| weakness | attack that succeeds then |", "|---|---|"]
    for each in WEAKNESSES:
        name = f"`{each.found_by}`" if each.found_by.startswith("test_") else f"*{each.found_by}*"
        lines.append(f"| {each.what} | {name} |")
    return "\n".join(lines)
