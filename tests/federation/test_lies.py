# SPDX-License-Identifier: Apache-2.0

import pytest

from tests.federation.lies_in_answers import ANSWERS
from tests.federation.lies_in_bags import BAGS
from tests.federation.lies_in_entries import NUMBERED
from tests.federation.lies_in_keys import KEYS
from tests.federation.lies_in_pulls import PULLS
from tests.federation.lies_in_pushes import PUSHES
from tests.federation.stage import Stage


class TestLies:
    @pytest.mark.parametrize("name", ANSWERS)
    def test_a_lie_in_an_answer_has_no_effect(self, stage: Stage, name: str) -> None:
        """
        It is refused for what it is, nothing remains but what must, and the honest ones go on.
        """
        ANSWERS[name].holds(stage)

    @pytest.mark.parametrize("name", PULLS)
    def test_a_lie_in_a_pull_has_no_effect(self, stage: Stage, name: str) -> None:
        """
        As above; what is given in answer is nothing, or what was the asker's own.
        """
        PULLS[name].holds(stage)

    @pytest.mark.parametrize("name", NUMBERED)
    def test_a_lie_in_an_entry_has_no_effect(self, stage: Stage, name: str) -> None:
        """
        It is refused for ever, or set apart, or refuses the whole answer; nothing of it is shown.
        """
        NUMBERED[name].holds(stage)

    @pytest.mark.parametrize("name", BAGS)
    def test_a_lie_in_a_bag_has_no_effect(self, stage: Stage, name: str) -> None:
        """
        It stays closed, or brings nothing; no file is left of what was enclosed.
        """
        BAGS[name].holds(stage)

    @pytest.mark.parametrize("name", KEYS)
    def test_a_lie_about_keys_policies_or_destructions_has_no_effect(self, stage: Stage, name: str) -> None:
        """
        No card and no policy counts that did not count before, and of nobody it is said that they destroyed anything.
        """
        KEYS[name].holds(stage)

    @pytest.mark.parametrize("name", PUSHES)
    def test_a_lie_in_a_push_has_no_effect(self, stage: Stage, name: str) -> None:
        """
        Brought unasked, or given in answer to what JPN@NATO brought.
        """
        PUSHES[name].holds(stage)
