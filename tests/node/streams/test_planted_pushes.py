# SPDX-License-Identifier: Apache-2.0
"""
Bugs that were planted in pushing, taking, speaking and taking turns, to see that each is found.

Every one makes the program wrong in one way and sees the test fail that is there for it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.outcomes import Failed

from legation.errors import LegationError
from legation.node.service.turns import Turns
from legation.node.streams import letterbox, pushed, pushing
from legation.node.streams.handing_over import HandingOver
from legation.node.streams.letterbox import Letterbox
from legation.node.streams.pushing import Pushing
from legation.node.streams.receipting import take_what_rides_back
from tests.node.pair import Village
from tests.node.peers import test_speaking
from tests.node.service import test_turns
from tests.node.streams import test_pushing

Patch = pytest.MonkeyPatch
FOUND = (AssertionError, LegationError, Failed)


@pytest.fixture
def villages(tmp_path: Path) -> Iterator[Callable[[], Village]]:
    """
    Villages, as many as are asked for.
    """
    made: list[Village] = []

    def another() -> Village:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Village(folder).__enter__())
        return made[-1]

    yield another
    for each in made:
        each.__exit__(None, None, None)


def is_found(test: Callable[..., Any], *given: Any) -> None:
    """
    See a test fail.
    """
    with pytest.raises(FOUND):
        test(*given)


class TestPlanted:
    def test_without_a_bug_everything_holds(self, villages: Callable[[], Village]) -> None:
        """
        The tests that find bugs below hold of the program as it is.
        """
        test_pushing.TestNarrowing().test_rules_that_change_on_the_way_end_a_push(villages())
        test_pushing.TestPush().test_loss_is_found_out_and_made_good(villages())
        test_speaking.TestDowngrade().test_a_lower_version_than_was_spoken_is_refused(villages())

    def test_the_rules_are_not_looked_at_again(
        self, villages: Callable[[], Village], monkeypatch: Patch
    ) -> None:
        """
        Found by ``test_rules_that_change_on_the_way_end_a_push``.
        """
        monkeypatch.setattr(HandingOver, "guarded", lambda _self, written, *_: written)
        is_found(test_pushing.TestNarrowing().test_rules_that_change_on_the_way_end_a_push, villages())

    def test_a_push_is_not_remembered(self, villages: Callable[[], Village], monkeypatch: Patch) -> None:
        """
        Found by ``test_a_push_that_comes_again_is_not_answered``.
        """
        monkeypatch.setattr(Letterbox, "_of", lambda *_: OrderedDict())
        is_found(test_pushing.TestTaking().test_a_push_that_comes_again_is_not_answered, villages())

    def test_a_challenge_is_not_believed(self, villages: Callable[[], Village], monkeypatch: Patch) -> None:
        """
        Found by ``test_loss_is_found_out_and_made_good``.
        """
        true = take_what_rides_back
        monkeypatch.setattr(
            pushing,
            "take_what_rides_back",
            lambda *given, **more: true(*given, **(more | {"challenge_holds": False})),
        )
        is_found(test_pushing.TestPush().test_loss_is_found_out_and_made_good, villages())

    def test_another_answer_counts(self, villages: Callable[[], Village], monkeypatch: Patch) -> None:
        """
        Found by ``test_an_answer_to_another_push_is_refused``.
        """

        class Anything(bytes):
            def __eq__(self, other: object) -> bool:
                return True

            __hash__ = bytes.__hash__

        monkeypatch.setattr(pushing, "binding_of", lambda _: Anything())
        is_found(test_pushing.TestAnswer().test_an_answer_to_another_push_is_refused, villages(), "push")

    def test_the_receipt_that_rides_along_is_dropped(
        self, villages: Callable[[], Village], monkeypatch: Patch
    ) -> None:
        """
        Found by ``test_receipts_ride_along``.
        """
        monkeypatch.setattr(pushed, "take_what_rides_back", lambda *_, **__: None)
        is_found(test_pushing.TestPush().test_receipts_ride_along, villages())

    def test_what_was_receipted_goes_again(self, villages: Callable[[], Village], monkeypatch: Patch) -> None:
        """
        Found by ``test_a_new_process_begins_at_the_receipt``.
        """
        monkeypatch.setattr(Pushing, "_start", lambda *_: 0)
        is_found(test_pushing.TestPush().test_a_new_process_begins_at_the_receipt, villages())

    def test_a_lower_version_is_let_in(self, villages: Callable[[], Village], monkeypatch: Patch) -> None:
        """
        Found by ``test_a_lower_version_than_was_spoken_is_refused``.
        """
        monkeypatch.setattr(letterbox, "check_not_lower", lambda *_: None)
        monkeypatch.setattr("legation.node.streams.unasked.check_not_lower", lambda *_: None)
        is_found(test_speaking.TestDowngrade().test_a_lower_version_than_was_spoken_is_refused, villages())

    def test_whoever_asked_first_is_served_first(self, monkeypatch: Patch) -> None:
        """
        Found by ``test_one_that_asks_for_much_does_not_go_before_the_others``.
        """
        monkeypatch.setattr(
            Turns, "_forget", lambda self, key: None if self._waiting[key] else self._waiting.pop(key)
        )
        is_found(test_turns.TestTurns().test_one_that_asks_for_much_does_not_go_before_the_others)
