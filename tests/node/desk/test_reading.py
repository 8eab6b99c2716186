# SPDX-License-Identifier: Apache-2.0

import pytest

from legation.errors import LegationError, MalformedError, SignatureError, StoreError
from legation.item.view import inspect
from legation.node.desk.reading import SILENT_S, verify_item
from legation.records import VerificationRecord
from legation.store.sqlite import peers
from tests.cli.ends import CANARY
from tests.node.pair import Node, Village, unchanged
from tests.node.streams.test_pulling import hands_over, item_of
from tests.stories.cast import clearance

KOR, JPN, AUS, NATO = "KOR@NATO", "JPN@NATO", "AUS@NATO", "NATO"
SECRET, LIMITED = "(S//REL KOR, JPN)", "(L//REL KOR, JPN)"


def verified(node: Node, text: str) -> VerificationRecord:
    """What a node says of an item that it holds against its author's card."""
    return verify_item(
        text,
        node.office,
        card=node.card,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
    )


def told(node: Node, text: str) -> tuple[type[LegationError], str, str]:
    """How a node answers who asks for what they may not see, or what is not there."""
    with pytest.raises(LegationError) as shown:
        node.reads(text)
    with pytest.raises(LegationError) as held:
        verified(node, text)
    errors = [(type(each.value), each.value.message, each.value.hint) for each in (shown, held)]
    assert errors[0] == errors[1]
    return errors[0]


@pytest.fixture
def cleared(village: Village) -> tuple[Node, Node]:
    """
    KOR@NATO, and JPN@NATO whose own people are cleared to LIMITED only.
    """
    own = clearance(["JPN"], highest="LIMITED", context=("Own", "Releasable"))
    kor, jpn = village.node(KOR), village.node(JPN, clearances=[own])
    village.joins(kor, jpn)
    return kor, jpn


class TestInbox:
    def test_an_empty_inbox_is_empty(self, village: Village) -> None:
        """
        There is nothing to list, and looking changes nothing.
        """
        kor = village.node(KOR)
        with unchanged(kor):
            assert kor.inbox() == ()

    def test_an_item_is_listed_with_what_its_reader_may_see(self, village: Village) -> None:
        """
        Banner, title, author and times; by whom only if it was not the author.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} Words.", title="(O) Seating", to=[JPN])
        jpn.clock.move(hours=1)
        jpn.catches_up(kor)
        [listed] = jpn.inbox()
        assert (listed.item, listed.title, listed.author, listed.source) == (item, "Seating", KOR, "")
        assert listed.banner == "SECRET REL KOR, JPN"
        assert (listed.time, listed.received) == ("2022-06-24T12:00:00+00:00", "2022-06-24T13:00:00+00:00")

    def test_a_reader_is_shown_their_layers_and_no_trace_of_others(self, cleared: tuple[Node, Node]) -> None:
        """
        The banner is the roll-up of what they see; a title that they may not see is not there.
        """
        kor, jpn = cleared
        item = kor.releases(f"{SECRET} {CANARY}", f"{LIMITED} Noon.", title=f"{SECRET} {CANARY}", to=[JPN])
        jpn.catches_up(kor)
        [listed] = jpn.inbox()
        assert (listed.banner, listed.title) == ("LIMITED REL KOR, JPN", "")
        assert jpn.reads(item) == ["Noon."]
        assert CANARY not in repr(listed)
        assert verified(jpn, item).layers == 1

    def test_the_newest_comes_first(self, village: Village) -> None:
        """
        By when it was received, whatever the author's clock says.
        """
        kor, jpn = village.pair(KOR, JPN)
        items: list[str] = []
        for _ in range(3):
            items.append(kor.releases(f"{LIMITED} {len(items)}.", to=[JPN]))
            kor.clock.move(days=-400)
            jpn.clock.move(minutes=1)
            jpn.catches_up(kor)
        assert jpn.listed() == items[::-1]

    def test_what_a_reader_may_not_read_a_word_of_is_not_listed(self, cleared: tuple[Node, Node]) -> None:
        """
        An open title over a paragraph that is not for them is no item for them.
        """
        kor, jpn = cleared
        kor.releases(f"{SECRET} {CANARY}", title="(O) Seating", to=[JPN])
        jpn.catches_up(kor)
        assert jpn.inbox() == ()


class TestForbiddenIsMissing:
    def test_an_item_that_may_not_be_seen_is_answered_as_one_that_never_was(
        self, cleared: tuple[Node, Node]
    ) -> None:
        """
        By id, by a beginning of it, and by reference: the same error, word for word.
        """
        kor, jpn = cleared
        found = kor.lets_go(kor.writes(f"{SECRET} {CANARY}", to=[JPN]))
        jpn.catches_up(kor)
        assert jpn.rows("SELECT count(*) FROM view") == [(1,)]
        unknown = told(jpn, "0" * 64)
        assert unknown == (
            MalformedError,
            "no item of this reference or id",
            "legation inbox lists what there is",
        )
        for text in (
            found.item_id.hex(),
            found.item_id.hex()[:8],
            found.item_id.hex().upper(),
            found.reference,
        ):
            assert told(jpn, text) == unknown
        assert told(jpn, "KOR@NATO 2022-AAAA-AAAA") == unknown

    def test_what_is_set_apart_is_answered_as_what_never_was(self, village: Village) -> None:
        """
        Also to whoever may see all its labels.
        """
        kor, jpn = village.pair(KOR, JPN)
        view = item_of(kor, (LIMITED, "Noon."), ("(S//REL KOR)", CANARY))
        hands_over(kor, view)
        jpn.catches_up(kor)
        assert told(jpn, inspect(view).item_id.hex()) == told(jpn, "0" * 64)

    @pytest.mark.parametrize(
        "text",
        ["", " ", "0", "0000000", "zz" * 32, "0" * 65, "'; DROP TABLE item; --", "\x00", "%", "KOR@NATO"],
    )
    def test_nonsense_is_answered_alike(self, cleared: tuple[Node, Node], text: str) -> None:
        """
        Whatever is typed, nothing of it is a question.
        """
        kor, jpn = cleared
        kor.releases(f"{LIMITED} Noon.", to=[JPN])
        jpn.catches_up(kor)
        assert told(jpn, text) == told(jpn, "0" * 64)

    def test_a_beginning_of_two_that_may_be_seen_is_told(self, village: Village) -> None:
        """
        Which is meant is not guessed; what may not be seen does not count among them.
        """
        kor, jpn = village.pair(KOR, JPN)
        for text in ("One.", "Two."):
            kor.releases(f"{LIMITED} {text}", to=[JPN])
        jpn.catches_up(kor)
        jpn.runs("UPDATE item SET reference = 'KOR@NATO 2022-SAME-SAME'")
        with pytest.raises(MalformedError, match="more than one item"):
            jpn.reads("KOR@NATO 2022-SAME-SAME")
        jpn.runs("UPDATE view SET state = 'quarantined', because = 'a test' WHERE view_key = 1")
        assert jpn.reads("KOR@NATO 2022-SAME-SAME") == ["Two."]


class TestShow:
    def test_an_item_is_found_by_reference_id_and_beginning(self, village: Village) -> None:
        """
        As a person types it.
        """
        kor, jpn = village.pair(KOR, JPN)
        found = kor.lets_go(kor.writes(f"{LIMITED} Noon.", to=[JPN]))
        jpn.catches_up(kor)
        digits = found.item_id.hex()
        for text in (digits, digits.upper(), digits[:8], found.reference, f"  {found.reference.lower()} "):
            assert jpn.reads(text) == ["Noon."]

    def test_our_own_item_is_shown_whole(self, village: Village) -> None:
        """
        The author's side sees every layer that its people may see.
        """
        kor, _ = village.pair(KOR, JPN)
        item = kor.releases(f"{LIMITED} Noon.", "(S) Ours.", to=[JPN])
        assert kor.reads(item) == ["Noon.", "Ours."]

    def test_of_two_copies_the_fuller_is_shown(self, village: Village) -> None:
        """
        NATO passes on less than the author hands over: the reader is shown the author's.
        """
        nato, kor, jpn = village.star(NATO, KOR, JPN)
        village.joins(kor, jpn)
        item = kor.releases("(C//REL KOR, JPN, NATO) For all.", "(S//REL KOR, JPN) For one.", to=[JPN, NATO])
        nato.catches_up(kor)
        [(view,)] = nato.rows("SELECT data FROM view")
        hands_over(nato, bytes(view))
        jpn.catches_up(nato)
        assert jpn.reads(item) == ["For all."]
        jpn.catches_up(kor)
        assert jpn.reads(item) == ["For all.", "For one."]
        assert len(jpn.inbox()) == 1

    def test_what_was_altered_on_the_disk_is_not_shown(self, village: Village) -> None:
        """
        Each reading verifies again.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{LIMITED} Noon.", to=[JPN])
        jpn.catches_up(kor)
        jpn.runs("UPDATE view SET data = cast(replace(data, 'Noon.', 'Moon.') AS BLOB)")
        with pytest.raises(LegationError) as found:
            jpn.reads(item)
        assert "oon" not in found.value.message

    def test_a_long_item_whose_file_is_gone_is_told(self, village: Village) -> None:
        """
        What the store cannot give back is an error of the store.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{LIMITED} {'word ' * 15_000}", to=[JPN])
        jpn.catches_up(kor)
        for blob in (jpn.folder / "blobs").rglob("*.blob"):
            blob.unlink()
        with pytest.raises(StoreError, match="is missing"):
            jpn.reads(item)

    def test_an_author_who_is_trusted_no_more_is_not_shown(self, village: Village) -> None:
        """
        Without the card of its author nothing verifies.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{LIMITED} Noon.", to=[JPN])
        jpn.catches_up(kor)
        jpn.runs("UPDATE card SET confirmed_by = NULL, confirmed_at = NULL")
        with pytest.raises(SignatureError):
            jpn.reads(item)


class TestDeliveries:
    def why(self, kor: Node) -> str:
        """What is told of the one delivery."""
        [found] = kor.deliveries()
        return found.why

    def test_each_state_is_said_to_a_person(self, village: Village) -> None:
        """
        From the release to the receipt, and why it waits.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        assert self.why(kor) == "waits for a bag, or until they ask"
        kor.database.write(lambda db: peers.heard(db, JPN, kor.around.seconds()))
        assert self.why(kor) == "handed over when they ask next"
        kor.clock.move(seconds=SILENT_S + 1)
        assert self.why(kor) == "unreachable: not heard of lately"
        kor.database.write(lambda db: peers.set_link(db, JPN, "paused", "a test"))
        assert self.why(kor) == "the link is stopped"
        kor.database.write(lambda db: peers.set_link(db, JPN, "active", ""))
        list(kor.answers([jpn.asks(kor)]))
        assert self.why(kor) == "on its way; no receipt yet"
        jpn.catches_up(kor)
        assert self.why(kor) == "received by their registry; receipt held"

    def test_an_addressee_with_an_address_that_never_asked_has_no_connection(self, village: Village) -> None:
        """
        A line could reach it: nobody is told to pack a bag.
        """
        kor, jpn = village.node(KOR), village.node(JPN, addresses=("jpn.example:7100",))
        village.joins(kor, jpn)
        kor.releases(f"{SECRET} Words.", to=[JPN])
        assert self.why(kor) == "no connection yet"

    def test_an_addressee_that_is_no_peer_has_no_connection(self, village: Village) -> None:
        """
        Nobody who could ask is there.
        """
        kor, _ = village.pair(KOR, JPN)
        kor.releases(f"{LIMITED} Noon.", to=[JPN])
        kor.runs("UPDATE delivery SET office = 'FRA@NATO'")
        assert self.why(kor) == "no connection yet"

    def test_the_newest_release_comes_first(self, village: Village) -> None:
        """
        And of one release the addressees by name.
        """
        kor, _, _ = village.star(KOR, JPN, AUS)
        first = kor.releases("(L//REL KOR, JPN, AUS) One.", to=[JPN, AUS])
        second = kor.releases("(L//REL KOR, JPN, AUS) Two.", to=[JPN, AUS])
        assert [(each.item, each.addressee) for each in kor.deliveries()] == [
            (second, AUS),
            (second, JPN),
            (first, AUS),
            (first, JPN),
        ]
