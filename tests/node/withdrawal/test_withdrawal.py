# SPDX-License-Identifier: Apache-2.0

import random
from hashlib import sha256

import pytest

from legation.errors import LegationError, MalformedError, RefusedError, RemoteProtocolError
from legation.exchange import EntryKind, RefusalCode
from legation.item.view import cut, inspect
from legation.item.withdrawal import withdraw
from legation.keys.card import KeyState
from legation.keys.sign import SEED_SIZE_BYTES, Ed25519Signer
from legation.log import LogKind
from legation.node.desk.reading import show_report
from legation.store.sqlite.items import ViewState
from tests.cli.ends import CANARY
from tests.node.desk.test_passing import passes
from tests.node.desk.test_versions import cleared, entries, missing, sent, why
from tests.node.pair import Node, Village, next_card, unchanged
from tests.node.streams.test_pulling import hands_over, item_of

KOR, JPN, AUS, NATO = "KOR@NATO", "JPN@NATO", "AUS@NATO", "NATO"
SECRET, LIMITED, ALL = "(S//REL KOR, JPN)", "(L//REL KOR, JPN)", "(L//REL KOR, JPN, AUS)"


def withdrawal_of(node: Node, item: str) -> bytes:
    """The withdrawal that a node made of an item."""
    [(data,)] = node.rows("SELECT data FROM withdrawal WHERE item_id = ?", (bytes.fromhex(item),))
    return bytes(data)


def new_key(node: Node) -> Ed25519Signer:
    """The item key that ``next_card`` lists beside the node's own."""
    return Ed25519Signer(random.Random(f"item key 1 of {node.office}").randbytes(SEED_SIZE_BYTES))


def says_nothing(node: Node, item: str) -> str:
    """See that an item is shown as withdrawn and nothing of what it said; since when."""
    shown = node.shows(item)
    assert (shown.portions, shown.banner) == ((), "")
    assert shown.withdrawn
    return shown.withdrawn


class TestWithdraw:
    def test_an_item_is_withdrawn_at_its_author(self, village: Village) -> None:
        """
        Signed, logged, and what it said is shown to nobody; it is kept, and everything still holds.
        """
        kor, _ = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        kor.clock.move(hours=1)
        found = kor.withdraws(item)
        assert says_nothing(kor, item) == "2022-06-24T13:00:00+00:00"
        assert (found.item, found.reference) == (item, kor.shows(item).reference)
        data = withdrawal_of(kor, item)
        assert (LogKind.WITHDRAWN, sha256(data).digest()) in [(each.kind, each.hash) for each in kor.log()]
        assert kor.rows("SELECT count(*) FROM view") == [(1,)]
        assert kor.faults() == ()

    def test_only_an_item_of_ours_that_may_be_seen(self, village: Village) -> None:
        """
        Others' items, hidden ones and such that never were are answered alike, and nothing changes.
        """
        kor, jpn = cleared(village)
        theirs = kor.releases(f"{LIMITED} Noon.", to=[JPN])
        hidden = jpn.releases(f"(S//REL JPN, KOR) {CANARY}", to=[KOR])
        jpn.catches_up(kor)
        told = set()
        with unchanged(jpn):
            for item in (theirs, hidden, "0" * 64, "nonsense"):
                with pytest.raises(MalformedError) as found:
                    jpn.withdraws(item)
                told.add((found.value.message, found.value.hint))
        assert len(told) == 1

    def test_twice_is_once(self, village: Village) -> None:
        """
        The second time is told.
        """
        kor, _ = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        kor.withdraws(item)
        with unchanged(kor), pytest.raises(RefusedError, match="withdrawn already"):
            kor.withdraws(item)

    def test_it_says_who_has_it(self, village: Village) -> None:
        """
        Received, perhaps on its way, waiting, withheld: whoever may have it is told of by name.
        """
        kor, jpn, aus, nato = village.star(KOR, JPN, AUS, NATO)
        kor.grants(NATO, "OPEN")
        item = kor.releases("(L//REL KOR, JPN, AUS, NATO) Noon.", to=[JPN, AUS, NATO])
        jpn.catches_up(kor)
        list(kor.answers([aus.asks(kor)]))
        nato.catches_up(kor)
        assert kor.states(item) == {JPN: "receipted", AUS: "numbered", NATO: "withheld"}
        found = kor.withdraws(item)
        assert {each.addressee: each.received for each in found.addressees} == {
            JPN: True,
            AUS: False,
            NATO: False,
        }
        assert set(kor.states(item).values()) == {"withdrawn"}
        assert why(kor, item) == {JPN: "received-before", AUS: "not-received", NATO: "not-received"}

    def test_it_is_not_written_as_a_report_again(self, village: Village) -> None:
        """
        Its text is not to be used.
        """
        kor, _ = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        kor.withdraws(item)
        with pytest.raises(RefusedError, match="is withdrawn"):
            show_report(
                item, KOR, card=kor.card, database=kor.database, blobs=kor.home.blobs, around=kor.around
            )


class TestHandOver:
    def test_what_waits_never_goes(self, village: Village) -> None:
        """
        Withdrawn before its addressee asks: not a byte of it.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        kor.withdraws(item)
        jpn.catches_up(kor)
        assert entries(kor, JPN) == []
        assert missing(jpn, item)

    def test_what_was_numbered_is_taken_back(self, village: Village) -> None:
        """
        Numbered ahead: its addressee gets a leaf and a void, and what follows as ever.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        kor.answering.work_ahead(JPN)
        kor.withdraws(first)
        second = kor.releases(f"{SECRET} One.", to=[JPN])
        jpn.catches_up(kor)
        kinds = [kind for kind, _ in entries(kor, JPN)]
        assert kinds == ["start", "view", "void", "withdrawal", "view"]
        assert jpn.listed() == [second]
        assert missing(jpn, first)
        assert kor.states(first) == {JPN: "withdrawn"}
        assert kor.faults() == jpn.faults() == ()

    def test_what_was_sent_and_not_receipted_is_taken_back(self, village: Village) -> None:
        """
        They hold it by then: the void sets it apart with them.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.pulls(kor)
        assert jpn.listed() == [item]
        kor.withdraws(item)
        jpn.catches_up(kor)
        assert jpn.listed() == []
        assert kor.states(item) == {JPN: "withdrawn"}
        assert kor.faults() == jpn.faults() == ()

    def test_what_was_receipted_is_not_handed_over_again(self, village: Village) -> None:
        """
        A peer that lost it and asks anew gets all but that.
        """
        kor, jpn = village.pair(KOR, JPN)
        before = village.copies(jpn)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        second = kor.releases(f"{SECRET} One.", to=[JPN])
        jpn.catches_up(kor)
        kor.withdraws(first)
        village.restores(jpn, before)
        jpn.catches_up(kor)
        assert jpn.listed() == [second]
        assert missing(jpn, first)
        assert kor.states(first) == {JPN: "withdrawn"}
        assert kor.faults() == ()

    def test_an_answer_is_cut_in_the_middle(self, village: Village) -> None:
        """
        Withdrawn while it is being given out: the rest is not.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {'Noon. ' * 12_000}", to=[JPN])
        pull = kor.takes([jpn.asks(kor)])
        pieces = kor.answering.pieces(pull, kor.batch(pull.letter))
        next(pieces)
        kor.withdraws(item)
        with pytest.raises(RemoteProtocolError, match="the rules changed"):
            list(pieces)

    def test_of_another_item_no_answer_is_cut(self, village: Village) -> None:
        """
        Who is handed something else does not notice.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        kor.releases(f"{SECRET} {'Noon. ' * 12_000}", to=[JPN])
        other = kor.releases("(L//REL KOR, AUS) One.", to=[AUS])
        aus.catches_up(kor)
        pull = kor.takes([jpn.asks(kor)])
        pieces = kor.answering.pieces(pull, kor.batch(pull.letter))
        next(pieces)
        kor.withdraws(other)
        assert list(pieces)

    def test_on_a_stopped_link_too(self, village: Village) -> None:
        """
        Nothing is sent, and nothing will be.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        kor.answering.work_ahead(JPN)
        kor.runs("UPDATE peer SET link = 'paused', because = 'a test'")
        kor.withdraws(item)
        kor.runs("UPDATE peer SET link = 'active', because = ''")
        jpn.catches_up(kor)
        assert missing(jpn, item)


class TestVersions:
    def test_what_it_replaced_does_not_come_back(self, village: Village) -> None:
        """
        The author's correction is withdrawn; what it corrected was wrong all the same.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        second = kor.corrects(first, f"{SECRET} One.")
        jpn.catches_up(kor)
        kor.withdraws(second)
        jpn.takes_in(withdrawal_of(kor, second), kor)
        assert jpn.listed() == []
        assert [each.withdrawn != "" for each in jpn.shows(first).later] == [True]
        assert jpn.reads(first) == ["Noon."]

    def test_a_correction_that_is_withdrawn_while_it_waits_lets_nothing_go(self, village: Village) -> None:
        """
        Neither it nor what it corrected.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        second = kor.corrects(first, f"{SECRET} One.")
        kor.withdraws(second)
        jpn.catches_up(kor)
        assert sent(kor, JPN) == []
        assert why(kor, first) == {JPN: "replaced"}

    def test_one_that_said_the_same_takes_its_place(self, village: Village) -> None:
        """
        With a peer that had not got it, and with readers who had not noticed it.
        """
        kor, _, aus = village.star(KOR, JPN, AUS)
        first = kor.releases(f"{SECRET} Noon.", f"{ALL} Today.", to=[JPN, AUS])
        aus.catches_up(kor)
        second = kor.corrects(first, f"{SECRET} One.", f"{ALL} Today.")
        aus.catches_up(kor)
        assert aus.listed() == [first]
        kor.withdraws(first)
        aus.takes_in(withdrawal_of(kor, first), kor)
        assert aus.listed() == []
        aus.catches_up(kor)
        assert aus.listed() == [second]
        assert sent(kor, AUS) == [first, second]
        assert kor.faults() == aus.faults() == ()

    def test_what_an_older_one_said_is_news_after_one_that_was_withdrawn(self, village: Village) -> None:
        """
        They have nothing of what was withdrawn; that they once had these words does not count.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        second = kor.corrects(first, f"{SECRET} One.")
        jpn.catches_up(kor)
        kor.withdraws(second)
        jpn.takes_in(withdrawal_of(kor, second), kor)
        third = kor.corrects(second, f"{SECRET} Noon.")
        jpn.catches_up(kor)
        assert sent(kor, JPN) == [first, second, third]
        assert jpn.listed() == [third]

    def test_a_new_version_follows_one_that_was_withdrawn(self, village: Village) -> None:
        """
        A document is not over; the same words again are news then.
        """
        kor, jpn = village.pair(KOR, JPN)
        first = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        kor.withdraws(first)
        jpn.takes_in(withdrawal_of(kor, first), kor)
        second = kor.corrects(first, f"{SECRET} Noon.", "(S) Why.")
        jpn.catches_up(kor)
        assert jpn.listed() == [second]
        assert [(each.item, each.withdrawn != "") for each in jpn.shows(second).earlier] == [(first, True)]


class TestTakeIn:
    def test_a_received_item_is_withdrawn(self, village: Village) -> None:
        """
        It leaves the inbox, and is shown as withdrawn to those who may see it.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        kor.withdraws(item)
        jpn.clock.move(hours=2)
        judged = jpn.takes_in(withdrawal_of(kor, item), kor)
        assert (judged.state, judged.office) == (ViewState.HELD, KOR)
        assert jpn.inbox() == ()
        assert says_nothing(jpn, item) == "2022-06-24T14:00:00+00:00"
        assert jpn.faults() == ()

    def test_once_is_enough(self, village: Village) -> None:
        """
        Brought again, by whomever, it changes nothing, not even when it came.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        kor.withdraws(item)
        data = withdrawal_of(kor, item)
        jpn.takes_in(data, kor)
        with unchanged(jpn):
            jpn.clock.move(hours=2)
            assert jpn.takes_in(data, NATO).state is ViewState.HELD

    def test_it_waits_for_an_item_that_has_not_come(self, village: Village) -> None:
        """
        A tombstone: the item is stored and receipted when it comes, and shown to nobody.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        view = item_of(kor, (SECRET, "Noon."))
        item = inspect(view).item_id.hex()
        jpn.takes_in(withdraw(inspect(view).item_id, kor.home.signing.item), kor)
        assert missing(jpn, item)
        hands_over(kor, view)
        assert jpn.pulls(kor).views == 1
        assert item not in jpn.listed()
        says_nothing(jpn, item)
        assert jpn.faults() == ()

    def test_those_who_may_not_see_it_are_told_nothing(self, village: Village) -> None:
        """
        Withdrawn or not, it is not there for them.
        """
        kor, jpn = cleared(village)
        item = kor.releases(f"{SECRET} {CANARY}", to=[JPN])
        jpn.catches_up(kor)
        kor.withdraws(item)
        jpn.takes_in(withdrawal_of(kor, item), kor)
        assert missing(jpn, item)
        assert jpn.inbox() == ()

    def test_nobody_withdraws_what_is_not_theirs(self, village: Village) -> None:
        """
        It is a true withdrawal, by the wrong office: it is kept and has no effect, and the author's still has.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        village.joins(jpn, aus)
        item = kor.releases(f"{ALL} Noon.", to=[JPN])
        jpn.catches_up(kor)
        false = withdraw(bytes.fromhex(item), aus.home.signing.item)
        assert jpn.takes_in(false, aus).office == AUS
        assert jpn.listed() == [item]
        assert jpn.reads(item) == ["Noon."]
        kor.withdraws(item)
        jpn.takes_in(withdrawal_of(kor, item), kor)
        assert jpn.listed() == []
        assert jpn.faults() == ()

    def test_a_peer_cannot_withdraw_our_items(self, village: Village) -> None:
        """
        Nor stop their delivery.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        kor.takes_in(withdraw(bytes.fromhex(item), jpn.home.signing.item), jpn)
        assert kor.states(item) == {JPN: "waiting"}
        assert kor.reads(item) == ["Noon."]

    def test_our_own_comes_back(self, village: Village) -> None:
        """
        Restored to before it was made, a node takes its own withdrawal from whoever kept it.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        before = village.copies(kor)
        kor.withdraws(item)
        data = withdrawal_of(kor, item)
        village.restores(kor, before)
        assert kor.states(item) == {JPN: "waiting"}
        kor.takes_in(data, jpn)
        assert kor.states(item) == {JPN: "withdrawn"}
        says_nothing(kor, item)

    def test_an_author_who_is_not_pinned_is_set_apart_until_he_is(self, village: Village) -> None:
        """
        It is kept, has no effect, and is judged again when the card is confirmed.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        view = item_of(kor, (SECRET, "Noon."))
        data = withdraw(inspect(view).item_id, kor.home.signing.item)
        judged = jpn.takes_in(data, NATO)
        assert (judged.state, judged.because) == (ViewState.QUARANTINED, "its author's card is not pinned")
        assert jpn.rows("SELECT state, office FROM withdrawal") == [("quarantined", "")]
        village.joins(kor, jpn)
        assert jpn.rows("SELECT state, office FROM withdrawal") == [("held", KOR)]
        hands_over(kor, view)
        jpn.pulls(kor)
        assert jpn.listed() == []
        assert jpn.faults() == ()

    @pytest.mark.parametrize("state", [KeyState.RETIRED, KeyState.REVOKED])
    def test_a_key_that_is_not_current_is_set_apart(self, village: Village, state: KeyState) -> None:
        """
        Judged when it comes: what comes later than the card that retires its key has no effect.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        jpn.trusts(next_card(kor, item_key=state))
        judged = jpn.takes_in(withdraw(bytes.fromhex(item), kor.home.signing.item), kor)
        assert (judged.state, judged.because) == (ViewState.QUARANTINED, f"its author's key is {state.value}")
        assert (jpn.listed() == [item]) is (state is KeyState.RETIRED)

    @pytest.mark.parametrize("state", [KeyState.RETIRED, KeyState.REVOKED])
    def test_what_held_when_it_came_goes_on_to_hold(self, village: Village, state: KeyState) -> None:
        """
        Whatever becomes of the key.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        jpn.takes_in(withdraw(bytes.fromhex(item), kor.home.signing.item), kor)
        jpn.trusts(next_card(kor, item_key=state))
        assert jpn.listed() == []
        assert jpn.rows("SELECT state FROM withdrawal") == [("held",)]
        assert jpn.faults() == ()

    def test_another_current_key_of_the_office_withdraws_it(self, village: Village) -> None:
        """
        The item was signed with a key that is retired by now.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        card = next_card(kor, item_key=KeyState.RETIRED)
        jpn.trusts(card)
        jpn.takes_in(withdraw(bytes.fromhex(item), new_key(kor)), kor)
        assert jpn.listed() == []

    def test_what_is_no_withdrawal_is_refused(self, village: Village) -> None:
        """
        And a signature that does not hold, by whoever must know; nothing is kept.
        """
        kor, jpn = village.pair(KOR, JPN)
        data = withdraw(bytes(32), kor.home.signing.item)
        forged = data.replace(b'"item":"A', b'"item":"B')
        with unchanged(jpn):
            assert jpn.takes_in(b"nonsense", kor).refusal is RefusalCode.MALFORMED
            assert jpn.takes_in(forged, kor).refusal is RefusalCode.SIGNATURE
        judged = jpn.takes_in(forged, NATO)
        assert (judged.state, judged.refusal) == (ViewState.QUARANTINED, None)
        assert jpn.takes_in(data, NATO).state is ViewState.HELD

    def test_a_forged_one_does_not_stand_in_the_way(self, village: Village) -> None:
        """
        Set apart while the author is unknown, it takes no place that the true one needs.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        data = withdraw(bytes(32), kor.home.signing.item)
        jpn.takes_in(data.replace(b'"item":"A', b'"item":"B'), NATO)
        jpn.takes_in(data, NATO)
        village.joins(kor, jpn)
        held = jpn.rows("SELECT data FROM withdrawal WHERE state = 'held'")
        assert held == [(data,)]
        assert jpn.faults() == ()


class TestCheck:
    def test_a_withdrawal_that_was_altered_is_found(self, village: Village) -> None:
        """
        Its bytes, its item, its author; or it is not in the log.
        """
        kor, _ = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        kor.withdraws(item)
        data = withdrawal_of(kor, item)
        altered = data.replace(b'"signature":"', b'"signature":"A')
        for change, value in (
            ("data", altered),
            ("data", withdraw(bytes.fromhex(item), new_key(kor))),
            ("item_id", bytes(32)),
            ("office", JPN),
        ):
            kor.runs(f"UPDATE withdrawal SET {change} = ?", (value,))  # noqa: S608 - a test
            # The log has an entry for it, which stands for nothing then.
            assert {each.where[:13] for each in kor.faults()} <= {"withdrawal of", "log"}
            assert kor.faults()
            kor.runs(
                "UPDATE withdrawal SET data = ?, item_id = ?, office = ?", (data, bytes.fromhex(item), KOR)
            )
            assert kor.faults() == ()
        kor.runs("UPDATE log_entry SET kind = 'granted' WHERE kind = 'withdrawn'")
        assert "it is not in the log" in [each.what for each in kor.faults()]


def test_a_copy_that_is_handed_back_is_withdrawn_with_the_item(village: Village) -> None:
    """
    Also one that a relay brings of our own item.
    """
    kor, jpn = village.pair(KOR, JPN)
    item = kor.releases(f"{SECRET} Noon.", f"{LIMITED} Today.", to=[JPN])
    jpn.catches_up(kor)
    [(view,)] = jpn.rows("SELECT data FROM view")
    part = cut(inspect(bytes(view)), lambda layer: layer.label.classification == "LIMITED")
    hands_over(jpn, part, KOR)
    kor.pulls(jpn)
    kor.withdraws(item)
    assert kor.inbox() == ()
    says_nothing(kor, item)
    with pytest.raises(LegationError):
        kor.withdraws(item)


class TestStream:
    def test_whoever_has_it_is_told_and_says_so(self, village: Village) -> None:
        """
        Handed over and receipted: the withdrawal follows byte for byte, has its effect, and is receipted.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        kor.withdraws(item)
        assert kor.states(item) == {JPN: "withdrawn"}
        assert "is not confirmed" in told_of(kor, item)
        jpn.catches_up(kor)
        assert jpn.listed() == []
        assert says_nothing(jpn, item)
        assert withdrawal_of(jpn, item) == withdrawal_of(kor, item)
        assert "have received the withdrawal" in told_of(kor, item)
        assert kor.faults() == jpn.faults() == ()

    def test_who_never_had_it_hears_nothing(self, village: Village) -> None:
        """
        What waited, or may not go, leaves no trace in the stream.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        kor.grants(AUS, "OPEN")
        other = kor.releases("(O) One.", to=[JPN, AUS])
        item = kor.releases(f"{ALL} Noon.", to=[JPN, AUS])
        jpn.catches_up(kor)
        aus.catches_up(kor)
        kor.withdraws(item)
        for each in (jpn, aus):
            each.catches_up(kor)
        assert [kind for kind, _ in entries(kor, AUS)] == ["start", "view"]
        assert [kind for kind, _ in entries(kor, JPN)] == ["start", "view", "view", "withdrawal"]
        assert aus.listed() == jpn.listed() == [other]

    def test_it_is_relayed_to_whom_the_item_was_passed_on(self, village: Village) -> None:
        """
        B passed it on to C: what A withdraws reaches C by B, signed by A, and counts there.
        """
        kor, jpn, aus = village.node(KOR), village.node(JPN), village.node(AUS)
        village.joins(kor, jpn)
        village.joins(jpn, aus)
        aus.trusts(kor.card)
        item = kor.releases(f"{ALL} Noon.", to=[JPN])
        jpn.catches_up(kor)
        passes(jpn, item, AUS)
        aus.catches_up(jpn)
        assert aus.listed() == [item]
        kor.withdraws(item)
        jpn.catches_up(kor)
        aus.catches_up(jpn)
        assert aus.listed() == []
        assert withdrawal_of(aus, item) == withdrawal_of(kor, item)
        assert kor.faults() == jpn.faults() == aus.faults() == ()

    def test_one_of_a_stranger_is_set_apart_and_receipted(self, village: Village) -> None:
        """
        A peer hands over a withdrawal by somebody whose card is not here: nothing shows whether it is.
        """
        kor, jpn = village.pair(KOR, JPN)
        aus = village.node(AUS)
        data = withdraw(bytes(32), aus.home.signing.item)
        kor.appends(JPN, (EntryKind.WITHDRAWAL, data))
        jpn.catches_up(kor)
        kor.catches_up(jpn)
        assert jpn.rows("SELECT state, office FROM withdrawal") == [("quarantined", "")]
        assert entries(jpn, KOR) == []
        assert jpn.faults() == ()

    @pytest.mark.parametrize("data", [b"{}", b"x" * 70_000], ids=["no withdrawal", "long"])
    def test_what_is_none_is_refused_in_our_own_stream(self, village: Village, data: bytes) -> None:
        """
        It can never be accepted: receipted, without effect, and the sender is told which entry.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        kor.appends(JPN, (EntryKind.WITHDRAWAL, data))
        jpn.catches_up(kor)
        kor.catches_up(jpn)
        assert jpn.listed() == [item]
        assert [kind for kind, _ in entries(jpn, KOR)] == ["start", "refused"]
        assert jpn.rows("SELECT count(*) FROM withdrawal") == [(0,)]
        assert kor.faults() == jpn.faults() == ()

    def test_in_one_answer_with_its_item_it_still_counts(self, village: Village) -> None:
        """
        A node that was away takes both in at once, whichever stands first.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        data = withdraw(bytes.fromhex(item), kor.home.signing.item)
        kor.appends(JPN, (EntryKind.WITHDRAWAL, data))
        kor.answering.work_ahead(JPN)
        jpn.catches_up(kor)
        assert jpn.listed() == []
        assert says_nothing(jpn, item)

    def test_a_withdrawal_by_another_office_stops_nothing(self, village: Village) -> None:
        """
        A peer that withdraws what is not its own is believed in nothing.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        item = kor.releases(f"{ALL} Noon.", to=[JPN, AUS])
        jpn.trusts(aus.card)
        jpn.catches_up(kor)
        kor.appends(JPN, (EntryKind.WITHDRAWAL, withdraw(bytes.fromhex(item), aus.home.signing.item)))
        jpn.catches_up(kor)
        assert jpn.listed() == [item]

    def test_after_a_loss_it_comes_again(self, village: Village) -> None:
        """
        A peer that was restored from before the withdrawal hears of it once more, and shows nothing.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Noon.", to=[JPN])
        jpn.catches_up(kor)
        before = village.copies(jpn)
        kor.withdraws(item)
        jpn.catches_up(kor)
        village.restores(jpn, before)
        assert jpn.listed() == [item]
        jpn.catches_up(kor)
        assert jpn.listed() == []


def told_of(node: Node, item: str) -> str:
    """What people are told of the one delivery of an item."""
    [found] = [each for each in node.deliveries() if each.item == item]
    return found.why
