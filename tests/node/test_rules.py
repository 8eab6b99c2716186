# SPDX-License-Identifier: Apache-2.0

from datetime import timedelta
from typing import Any

import pytest

from legation.encoding import encode
from legation.errors import LegationError, MalformedError
from legation.labels import Clearance, Label, Policies, parse_mark, reference_to
from legation.node.rules import RuleBook, begin_epoch, is_due, named_clearance
from legation.store.sqlite import access, node
from legation.store.sqlite.database import Writing
from tests.formats.drafts import EXERCISE
from tests.node.pair import Node, Village

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
REFERENCE = reference_to(EXERCISE)


def label(mark: str) -> Label:
    """A label of the fictional policy."""
    return parse_mark(EXERCISE, mark)


def interned(kor: Node, *marks: str) -> list[int]:
    """The access ids of labels, as a committed change made them."""
    return kor.database.write(lambda db: [access.intern(db, REFERENCE, label(each)) for each in marks])


class UndoneError(LegationError):
    """Undoes a change."""


class TestRuleBook:
    def test_the_rules_of_an_epoch_are_worked_out_once(self, village: Village) -> None:
        """
        The same snapshot twice gives the same object; a new grant gives another.
        """
        kor, _ = village.pair(KOR, JPN)
        book = RuleBook(kor.card, kor.around)
        with kor.database.read() as db:
            first = book.at(db)
            assert book.at(db) is first
        kor.grants(JPN, "LIMITED")
        with kor.database.read() as db:
            second = book.at(db)
        assert second.epoch > first.epoch
        assert first.grants[JPN][0].classifications != second.grants[JPN][0].classifications

    def test_a_change_by_another_process_is_seen(self, village: Village) -> None:
        """
        The count is in the store, so whoever moved it does not matter.
        """
        kor, _ = village.pair(KOR, JPN)
        [secret] = interned(kor, "(S//REL KOR, JPN)")
        book = RuleBook(kor.card, kor.around)
        with kor.database.read() as db:
            assert book.at(db).permits(JPN, secret)
        other = Node(kor.folder, kor.clock, "another process", {})
        other.grants(JPN, "LIMITED")
        other.close()
        with kor.database.read() as db:
            assert not book.at(db).permits(JPN, secret)

    def test_labels_made_since_are_taken_in(self, village: Village) -> None:
        """
        New access ids need no new epoch.
        """
        kor, _ = village.pair(KOR, JPN)
        book = RuleBook(kor.card, kor.around)
        [first] = interned(kor, "(S//REL KOR, JPN)")
        with kor.database.read() as db:
            before = book.at(db)
            assert before.permits(JPN, first)
        [second] = interned(kor, "(S//REL KOR)")
        with kor.database.read() as db:
            assert not book.at(db).permits(JPN, second)
        assert second not in before.labels

    def test_an_access_id_that_was_undone_is_forgotten(self, village: Village) -> None:
        """
        The number of a label whose change was undone may come to stand for another: nothing of the first
        is remembered.
        """
        kor, _ = village.pair(KOR, JPN)
        book = RuleBook(kor.card, kor.around)
        with kor.database.read() as db:
            book.at(db)
        undone: list[int] = []

        def act(db: Writing) -> None:
            undone.append(access.intern(db, REFERENCE, label("(L//REL KOR, JPN)")))
            assert book.turn(db).permits(JPN, undone[0])
            raise UndoneError("undone")

        with pytest.raises(UndoneError):
            kor.database.write(act)
        [now] = interned(kor, "(S//REL KOR)")
        assert [now] == undone

        def decide(db: Writing) -> bool:
            return book.turn(db).permits(JPN, now)

        assert not kor.database.write(decide)
        with kor.database.read() as db:
            assert not book.at(db).permits(JPN, now)

    def test_an_epoch_that_was_undone_is_forgotten(self, village: Village) -> None:
        """
        The number of an epoch whose change was undone is given to another.
        """
        kor, _ = village.pair(KOR, JPN)
        [secret] = interned(kor, "(S//REL KOR, JPN)")
        book = RuleBook(kor.card, kor.around)

        def act(db: Writing) -> None:
            begin_epoch(db, kor.around)
            assert book.turn(db).permits(JPN, secret)
            raise UndoneError("undone")

        with pytest.raises(UndoneError):
            kor.database.write(act)
        kor.grants(JPN, "LIMITED")
        assert not kor.database.write(lambda db: book.turn(db).permits(JPN, secret))

    def test_an_unknown_peer_is_permitted_nothing(self, village: Village) -> None:
        """
        Who has no grant holds no clearance; not even what is open goes.
        """
        kor, _ = village.pair(KOR, JPN)
        [opened] = interned(kor, "(O)")
        with kor.database.read() as db:
            rules = RuleBook(kor.card, kor.around).at(db)
        assert rules.permits(JPN, opened)
        assert not rules.permits("FRA@NATO", opened)

    def test_a_label_under_a_policy_that_is_not_at_hand_is_permitted_to_nobody(
        self, village: Village
    ) -> None:
        """
        An access id keeps the policy it was made under, whatever became of it.
        """
        kor, _ = village.pair(KOR, JPN)
        other = type(REFERENCE)(id=REFERENCE.id, version=2, digest=bytes(32))
        number = kor.database.write(lambda db: access.intern(db, other, label("(O)")))
        with kor.database.read() as db:
            assert not RuleBook(kor.card, kor.around).at(db).permits(JPN, number)


class TestEpoch:
    def test_the_next_date_is_the_nearest_that_is_still_to_come(self, village: Village) -> None:
        """
        Of all bounds of all grants the next; both bounds are inside, so an end counts from the second after.
        """
        kor, _, _ = village.star(KOR, JPN, AUS)
        now = kor.clock()
        kor.grants(JPN, not_before=now - timedelta(days=1), not_after=now + timedelta(days=9))
        kor.grants(AUS, not_before=now + timedelta(days=2))
        with kor.database.read() as db:
            assert node.epoch(db).changes_at == kor.around.seconds() + 2 * 86_400
        kor.clock.move(days=3)
        with kor.database.read() as db:
            assert is_due(db, kor.around)
        kor.keeps_house()
        with kor.database.read() as db:
            assert node.epoch(db).changes_at == kor.around.seconds() + 6 * 86_400 + 1
            assert not is_due(db, kor.around)

    def test_without_a_date_none_is_waited_for(self, village: Village) -> None:
        """
        A node without bounds in time is never due.
        """
        kor, _ = village.pair(KOR, JPN)
        kor.clock.move(days=36_500)
        with kor.database.read() as db:
            assert node.epoch(db).changes_at is None
            assert not is_due(db, kor.around)

    def test_a_clock_put_back_begins_an_epoch(self, village: Village) -> None:
        """
        Dates that had passed when they were looked at are before us again.
        """
        kor, _ = village.pair(KOR, JPN)
        kor.grants(JPN, not_after=kor.clock() + timedelta(days=1))
        kor.clock.move(days=2)
        kor.keeps_house()
        kor.clock.move(days=-2)
        with kor.database.read() as db:
            assert is_due(db, kor.around)
            before = node.epoch(db)
        kor.keeps_house()
        with kor.database.read() as db:
            now = node.epoch(db)
            assert not is_due(db, kor.around)
        assert (now.number, before.changes_at) == (before.number + 1, None)
        assert now.changes_at == kor.around.seconds() + 86_401


class TestNamedClearance:
    def test_it_is_named_by_the_identifier_of_its_policy(self) -> None:
        """
        Whether name, identifier or both were stated, what is kept is the identifier.
        """
        policies = Policies([EXERCISE])
        ways: tuple[dict[str, Any], ...] = ({"policy": "EXERCISE"}, {"policy_id": EXERCISE.id})
        for named in ways:
            found = named_clearance(Clearance(classifications=("OPEN",), **named), policies)
            assert (found.policy_id, found.policy) == (EXERCISE.id, "")
            assert encode(found)

    @pytest.mark.parametrize(
        "named",
        [{"policy": "exercise"}, {"policy_id": "2.25.1"}, {"policy": "EXERCISE", "policy_id": "2.25.1"}],
    )
    def test_one_under_a_policy_that_is_not_at_hand_is_refused(self, named: dict[str, Any]) -> None:
        """
        A grant under rules that nobody knows would grant what nobody knows.
        """
        with pytest.raises(MalformedError, match="not at hand"):
            named_clearance(Clearance(classifications=("OPEN",), **named), Policies([EXERCISE]))
