# SPDX-License-Identifier: Apache-2.0

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace as changed

from legation.errors import LegationError, MalformedError, RefusedError, SignatureError, VerificationError
from legation.keys.card import Card, KeyState, ListedSealKey, fingerprint, make, read
from legation.keys.sign import Ed25519Signer
from legation.log import LogKind
from legation.node.home import ROOT
from legation.node.keys.keyring import ROOT_KEY, RootKey
from legation.node.peers.peering import read_date
from tests.cli.toy import clearance as toy_clearance
from tests.node.pair import FIRST, SECOND, Node, Village, next_card, unchanged
from tests.stories.cast import clearance

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
NAMES = ["", " ", "x ", "a\nb", "a\u202eb", "\u200b", "x" * 257]


def pinned(node: Node, office: str) -> bool:
    """Whether a card of an office is trusted."""
    return bool(node.peer(office).confirmed_by)


class TestAdd:
    def test_a_card_that_was_added_is_trusted_by_nobody(self, village: Village) -> None:
        """
        It is listed as not confirmed, and no new epoch begins.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        epoch = kor.rows("SELECT number FROM epoch")
        assert kor.adds(jpn.card).office == jpn.card.office
        assert not pinned(kor, JPN)
        assert kor.peer(JPN).fingerprint == fingerprint(jpn.card)
        assert kor.rows("SELECT number FROM epoch") == epoch

    def test_the_same_card_again_changes_nothing(self, village: Village) -> None:
        """
        Added twice it is there once, before and after it is confirmed.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.adds(jpn.card)
        with unchanged(kor):
            kor.adds(jpn.card, by="somebody else")
        kor.confirms(JPN)
        with unchanged(kor):
            kor.adds(jpn.card)
        assert pinned(kor, JPN)

    def test_our_own_card_is_refused(self, village: Village) -> None:
        """
        Nobody is a peer of themselves.
        """
        kor = village.node(KOR)
        with unchanged(kor), pytest.raises(MalformedError, match="this very office"):
            kor.adds(kor.card)

    def test_another_card_of_the_same_office_is_refused(self, village: Village) -> None:
        """
        A second first card, of whoever made it, does not take the place of the one that waits or is trusted.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        root = ROOT_KEY.encode(RootKey(format="legation/root/v1", party="JPN", seed=bytes(32)))
        impostor = Village(village.folder / "elsewhere").node(JPN, root=root)
        kor.adds(jpn.card)
        other = impostor.card
        with unchanged(kor), pytest.raises(RefusedError, match="waits to be confirmed"):
            kor.adds(other)
        kor.confirms(JPN)
        with unchanged(kor), pytest.raises(VerificationError):
            kor.adds(other)
        impostor.close()

    def test_a_later_card_of_an_unknown_office_is_refused(self, village: Village) -> None:
        """
        A chain is read from its first card.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        with unchanged(kor), pytest.raises(VerificationError, match="expected number 0"):
            kor.adds(next_card(jpn))

    def test_a_card_that_follows_another_is_refused(self, village: Village) -> None:
        """
        The next card names the digest of the one that is trusted, and skips none.
        """
        kor, jpn = village.pair(KOR, JPN)
        second = next_card(jpn)
        with unchanged(kor), pytest.raises(VerificationError, match="expected 1"):
            kor.adds(next_card(jpn, after=second))
        kor.trusts(second)
        assert kor.peer(JPN).card == 1

    @pytest.mark.parametrize("data", [b"", b"{}", b"nonsense", b"x" * 600_000])
    def test_what_is_no_card_is_refused(self, village: Village, data: bytes) -> None:
        """
        Nonsense is nobody's card.
        """
        kor = village.node(KOR)
        with unchanged(kor), pytest.raises(MalformedError):
            kor.adds(data)

    def test_an_altered_card_is_refused(self, village: Village) -> None:
        """
        Every signature on it holds, or it is no card.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        altered = jpn.card.data.replace(b'"number":0', b'"number":0').replace(b"JPN@NATO", b"JPN@EUXX")
        with unchanged(kor), pytest.raises((SignatureError, MalformedError)):
            kor.adds(altered)

    @pytest.mark.parametrize("name", NAMES)
    def test_whoever_adds_has_a_name(self, village: Village, name: str) -> None:
        """
        What is written down as a name can be read as one.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        with unchanged(kor), pytest.raises(MalformedError, match="name"):
            kor.adds(jpn.card, by=name)


def changed_card(node: Node, **fields: object) -> Card:
    """The first card of a node with other fields, signed anew."""
    root = Ed25519Signer(ROOT_KEY.decode((node.folder / ROOT).read_bytes()).seed)
    signing = node.home.signing
    body = changed(node.card.body, **fields)
    return read(make(body, [root, signing.item, signing.stream.ed25519, signing.stream.mldsa44]))


class TestConfirm:
    def test_a_second_person_confirms(self, village: Village) -> None:
        """
        From then on the card is trusted, a new epoch begins, and the log says so.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.adds(jpn.card)
        epoch = kor.rows("SELECT number FROM epoch")
        kor.confirms(JPN, words=[word.upper() for word in fingerprint(jpn.card)])
        assert (kor.peer(JPN).added_by, kor.peer(JPN).confirmed_by) == (FIRST, SECOND)
        assert kor.rows("SELECT number FROM epoch") != epoch
        assert (kor.log()[-1].kind, kor.log()[-1].hash) == (LogKind.PINNED, jpn.card.digest)
        with unchanged(kor):
            kor.confirms(JPN)

    @pytest.mark.parametrize("name", [FIRST, FIRST.upper(), FIRST.title()])
    def test_the_same_person_is_refused(self, village: Village, name: str) -> None:
        """
        It takes two, and who writes the name in capitals is not another.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.adds(jpn.card)
        with unchanged(kor), pytest.raises(RefusedError, match="added this card") as found:
            kor.confirms(JPN, by=name)
        assert "second person" in found.value.hint

    @pytest.mark.parametrize(
        "words",
        [["wrong"] * 12, ["abandon"], [], None, ["last"]],
        ids=["others", "one", "none", "turned", "more"],
    )
    def test_words_are_compared(self, village: Village, words: list[str] | None) -> None:
        """
        One word that is another, missing or too many, or another order, and nothing is trusted; without
        any words two persons have compared them otherwise.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.adds(jpn.card)
        said = list(fingerprint(jpn.card))
        typed = said[1:] + said[:1] if words is None else said + words if words == ["last"] else words
        if words == []:
            kor.confirms(JPN, words=typed)
            assert pinned(kor, JPN)
            return
        with unchanged(kor), pytest.raises(VerificationError, match="not the words of the card"):
            kor.confirms(JPN, words=typed)

    @pytest.mark.parametrize("office", ["FRA@NATO", "KOR@NATO", "nonsense", "", "KOR@KOR"])
    def test_a_card_that_was_never_added_is_refused(self, village: Village, office: str) -> None:
        """
        There is nothing to confirm.
        """
        kor = village.node(KOR)
        with unchanged(kor), pytest.raises(MalformedError):
            kor.confirms(office)

    def test_a_card_with_a_key_of_another_is_refused_also_when_both_were_added_before(
        self, village: Village
    ) -> None:
        """
        AUS@NATO lists the seal key of JPN@NATO, which needs no signature by it. Neither was trusted when
        they were added; the second is refused when it is to be, and the node goes on.
        """
        kor, jpn, aus = village.node(KOR), village.node(JPN), village.node(AUS)
        stolen = changed_card(aus, seal_keys=(ListedSealKey(key=jpn.card.seal_key, state=KeyState.CURRENT),))
        kor.adds(jpn.card)
        kor.adds(stolen)
        kor.confirms(JPN)
        with unchanged(kor), pytest.raises(MalformedError, match="stands in a card of `AUS@NATO`"):
            kor.confirms(AUS)
        kor.grants(JPN)
        assert kor.faults() == ()

    def test_the_newer_card_waits_and_the_older_counts(self, village: Village) -> None:
        """
        Until the second person has confirmed it a new card decides nothing.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.adds(next_card(jpn))
        with kor.database.read() as db:
            rows = list(db.rows("SELECT number, confirmed_by IS NULL FROM card ORDER BY number"))
        assert rows == [(0, 0), (1, 1)]
        assert kor.peer(JPN).card == 1
        assert not pinned(kor, JPN)
        kor.confirms(JPN)
        assert pinned(kor, JPN)


class TestGrant:
    def test_it_holds_when_a_second_person_says_exactly_the_same(self, village: Village) -> None:
        """
        Proposed it decides nothing; confirmed it begins a new epoch and stands in the log.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.trusts(jpn.card)
        wanted = clearance(["JPN"])
        first = kor.proposes(JPN, wanted)
        assert first.confirmed_by == ""
        epoch = kor.rows("SELECT number FROM epoch")
        assert [each.in_force for each in kor.peer(JPN).grants] == [False]
        second = kor.proposes(JPN, wanted, by=SECOND)
        assert (second.proposed_by, second.confirmed_by) == (FIRST, SECOND)
        assert [each.in_force for each in kor.peer(JPN).grants] == [True]
        assert kor.rows("SELECT number FROM epoch") != epoch
        assert kor.log()[-1].kind is LogKind.GRANTED

    @pytest.mark.parametrize("name", [FIRST, FIRST.upper()])
    def test_the_same_person_is_refused(self, village: Village, name: str) -> None:
        """
        Saying it twice is not saying it by two.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.trusts(jpn.card)
        kor.proposes(JPN, clearance(["JPN"]))
        with unchanged(kor), pytest.raises(RefusedError, match="proposed this grant"):
            kor.proposes(JPN, clearance(["JPN"]), by=name)

    def test_something_else_is_another_proposal(self, village: Village) -> None:
        """
        Another level, another agreement, another date: each waits for its own second person.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.trusts(jpn.card)
        kor.proposes(JPN, clearance(["JPN"]))
        kor.proposes(JPN, clearance(["JPN"], highest="LIMITED"), by=SECOND)
        kor.proposes(JPN, clearance(["JPN"]), by=SECOND, agreement="another")
        kor.proposes(JPN, clearance(["JPN"]), by=SECOND, not_after=kor.clock())
        assert [each.in_force for each in kor.peer(JPN).grants] == [False] * 4

    def test_it_takes_the_place_of_the_one_before(self, village: Village) -> None:
        """
        Of one policy there is one grant in force.
        """
        kor, _ = village.pair(KOR, JPN)
        kor.grants(JPN, "LIMITED")
        [found] = kor.peer(JPN).grants
        assert (found.levels, found.in_force) == (("OPEN", "LIMITED"), True)

    def test_a_peer_that_is_not_confirmed_is_granted_nothing(self, village: Village) -> None:
        """
        Nor is an office that nobody knows.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.adds(jpn.card)
        for office in (JPN, AUS, KOR, "nonsense"):
            with unchanged(kor), pytest.raises(MalformedError, match="is not confirmed"):
                kor.proposes(office, clearance(["JPN"]))

    @pytest.mark.parametrize("data", [b"", b"<x/>", toy_clearance("LOW"), b"\xff" * 100])
    def test_what_is_no_clearance_or_under_an_unknown_policy_is_refused(
        self, village: Village, data: bytes
    ) -> None:
        """
        What nobody can read grants nothing.
        """
        kor, _ = village.pair(KOR, JPN)
        with unchanged(kor), pytest.raises(LegationError):
            kor.proposes(JPN, data)

    @pytest.mark.parametrize("name", NAMES)
    def test_whoever_grants_has_a_name(self, village: Village, name: str) -> None:
        """
        What is written down as a name can be read as one.
        """
        kor, _ = village.pair(KOR, JPN)
        with unchanged(kor), pytest.raises(MalformedError, match="name"):
            kor.proposes(JPN, clearance(["JPN"]), by=name)

    def test_an_end_before_the_beginning_is_refused(self, village: Village) -> None:
        """
        It would never hold, so somebody mistyped.
        """
        kor, _ = village.pair(KOR, JPN)
        now = kor.clock()
        with unchanged(kor), pytest.raises(MalformedError, match="ends before it begins"):
            kor.proposes(JPN, clearance(["JPN"]), not_before=now, not_after=now - timedelta(seconds=1))


class TestDate:
    @pytest.mark.parametrize(
        ("text", "begins", "ends"),
        [
            ("2026-12-31", (2026, 12, 31), (2026, 12, 31, 23, 59, 59)),
            ("2026-12-31T12:00Z", (2026, 12, 31, 12), (2026, 12, 31, 12)),
            ("2026-12-31T12:00", (2026, 12, 31, 12), (2026, 12, 31, 12)),
            ("2026-12-31 12:00+09:00", (2026, 12, 31, 3), (2026, 12, 31, 3)),
        ],
    )
    def test_a_day_begins_with_its_first_second_and_ends_with_its_last(
        self, text: str, begins: tuple[int, ...], ends: tuple[int, ...]
    ) -> None:
        """
        An instant is itself, whatever it is for; two ways to write one are one grant.
        """
        assert read_date(text, is_end=False) == datetime(*begins, tzinfo=UTC)  # type: ignore[arg-type, misc]
        assert read_date(text, is_end=True) == datetime(*ends, tzinfo=UTC)  # type: ignore[arg-type, misc]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "tomorrow",
            "2026-02-30",
            "31.12.2026",
            "2026-12-31T25:00",
            "9999-12-31T23:59-12:00",
            "0001-01-01T00:00+12:00",
        ],
    )
    def test_what_is_no_date_is_refused(self, text: str) -> None:
        """
        Nor is one outside the calendar.
        """
        with pytest.raises(MalformedError, match="no date"):
            read_date(text, is_end=True)
