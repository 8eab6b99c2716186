# SPDX-License-Identifier: Apache-2.0
"""
Certificates of destruction on their way: judged, passed on towards the author; and copies that were passed on.
"""

import pytest

from legation.errors import RemoteProtocolError
from legation.exchange import EntryKind
from legation.item.destruction import DESTRUCTION, certify
from legation.keys.card import KeyState
from tests.cli.ends import CANARY
from tests.node.desk.test_passing import passes
from tests.node.pair import Village, next_card
from tests.node.withdrawal.test_destroying import (
    ALL,
    AUS,
    JPN,
    KOR,
    NATO,
    certificates,
    chain,
    destructions_to,
    files_with,
)


class TestRelay:
    def test_a_certificate_is_passed_on_to_the_author_byte_for_byte(self, village: Village) -> None:
        """
        One step at a time, and to nobody else.
        """
        kor, jpn, aus = chain(village)
        nato = village.node(NATO)
        village.joins(jpn, nato)
        kor.trusts(aus.card)
        item = kor.releases(f"{ALL} Noon.", to=[JPN])
        jpn.catches_up(kor)
        passes(jpn, item, AUS)
        aus.catches_up(jpn)
        aus.destroys(item)
        jpn.catches_up(aus)
        kor.catches_up(jpn)
        [data] = destructions_to(aus, JPN)
        assert destructions_to(jpn, KOR) == [data]
        assert destructions_to(jpn, NATO) == destructions_to(jpn, AUS) == []
        assert certificates(kor) == [(AUS, JPN, "held")]
        assert (kor.faults(), jpn.faults(), aus.faults()) == ((), (), ())

    def test_one_by_an_office_that_is_not_pinned_waits_for_its_card(self, village: Village) -> None:
        """
        It is receipted, set apart, and counts when the card is confirmed.
        """
        kor, jpn, aus = chain(village)
        item = kor.releases(f"{ALL} Noon.", to=[JPN])
        jpn.catches_up(kor)
        passes(jpn, item, AUS)
        aus.catches_up(jpn)
        aus.destroys(item)
        jpn.catches_up(aus)
        kor.catches_up(jpn)
        assert certificates(kor) == [("", JPN, "quarantined")]
        assert kor.peer(JPN).why_quarantined == ("the card of who signed it is not pinned",)
        kor.trusts(aus.card)
        assert certificates(kor) == [(AUS, JPN, "held")]
        assert kor.faults() == ()

    def test_the_copies_that_were_passed_on_go_too_here(self, village: Village) -> None:
        """
        What was receipted stays numbered without its bytes; should the peer lose it, it is void. The rest is taken back.
        """
        kor, jpn, aus = chain(village)
        first = kor.releases(f"{ALL} {CANARY} one.", to=[JPN])
        second = kor.releases(f"{ALL} {CANARY} two.", to=[JPN])
        jpn.catches_up(kor)
        passes(jpn, first, AUS)
        aus.catches_up(jpn)
        passes(jpn, second, AUS)
        jpn.answering.work_ahead(AUS)
        for item in (first, second):
            assert jpn.destroys(item).passed_on[0].addressee == AUS
        assert files_with(jpn.folder, CANARY) == []
        assert jpn.faults() == ()
        aus.catches_up(jpn)
        assert aus.reads(first) == [f"{CANARY} one."]
        assert second not in aus.listed()
        assert (jpn.faults(), aus.faults()) == ((), ())

    def test_what_a_peer_lost_and_is_destroyed_here_is_void(self, village: Village) -> None:
        """
        It cannot be sent again; the peer is told so, and receipts what follows.
        """
        kor, jpn, aus = chain(village)
        item = kor.releases(f"{ALL} {CANARY}", to=[JPN])
        jpn.catches_up(kor)
        passes(jpn, item, AUS)
        backup = village.copies(aus)
        aus.catches_up(jpn)
        jpn.destroys(item)
        village.restores(aus, backup)
        aus.catches_up(jpn)
        assert aus.listed() == []
        assert aus.rows("SELECT kind, state FROM incoming_entry WHERE number > 0 ORDER BY number") == [
            (None, "void"),
            ("void", "held"),
        ]
        assert aus.rows("SELECT size = receipt_size FROM incoming") == [(1,)]
        assert jpn.faults() == ()

    def test_a_certificate_of_a_relayed_item_goes_to_its_author_first(self, village: Village) -> None:
        """
        Where a copy came from the author too, nobody else who brought one is told.
        """
        kor, jpn, aus = chain(village)
        nato = village.node(NATO)
        for one, other in ((kor, aus), (aus, nato), (kor, nato)):
            village.joins(one, other)
        mark = "(L//REL KOR, JPN, AUS, NATO)"
        item = kor.releases(f"{mark} Noon.", to=[JPN, AUS])
        jpn.catches_up(kor)
        passes(jpn, item, AUS)
        aus.catches_up(jpn)
        aus.clock.move(minutes=1)
        aus.catches_up(kor)
        passes(aus, item, NATO)
        nato.catches_up(aus)
        nato.destroys(item)
        aus.catches_up(nato)
        assert destructions_to(aus, KOR) == destructions_to(nato, AUS)
        assert destructions_to(aus, JPN) == []

    def test_a_copy_that_is_being_given_out_ends_in_the_middle(self, village: Village) -> None:
        """
        Answers that are being given look at what holds now before each piece.
        """
        kor, jpn, aus = chain(village)
        item = kor.releases(f"{ALL} {CANARY}", to=[JPN])
        jpn.catches_up(kor)
        passes(jpn, item, AUS)
        found = jpn.takes([aus.asks(jpn)])
        batch = jpn.batch(found.letter)
        pieces = jpn.answering.pieces(found, batch)
        jpn.destroys(item)
        with pytest.raises(RemoteProtocolError, match="rules changed"):
            b"".join(pieces)

    def test_by_a_retired_key_one_counts_only_from_its_own_office(self, village: Village) -> None:
        """
        Through a relay it is set apart: who knows when it was signed.
        """
        kor, jpn, aus = chain(village)
        data = certify(bytes(32), AUS, 1_656_072_000, aus.home.signing.item)
        kor.trusts(aus.card)
        kor.trusts(next_card(aus, item_key=KeyState.RETIRED))
        jpn.appends(KOR, (EntryKind.DESTRUCTION, data))
        kor.catches_up(jpn)
        assert certificates(kor) == [(AUS, JPN, "quarantined")]


class TestJudge:
    def test_what_is_none_is_refused_and_told(self, village: Village) -> None:
        """
        Bytes that are no certificate, and one that its own office did not sign.
        """
        kor, jpn = village.pair(KOR, JPN)
        good = certify(bytes(32), JPN, 1_656_072_000, jpn.home.signing.item)
        false = DESTRUCTION.decode(good)
        forged = certify(bytes(32), KOR, false.time, jpn.home.signing.item)
        jpn.appends(KOR, (EntryKind.DESTRUCTION, b"{}"), (EntryKind.DESTRUCTION, forged))
        kor.catches_up(jpn)
        assert kor.rows("SELECT state FROM incoming_entry WHERE kind = 'destruction'") == [("refused",)] * 2
        assert certificates(kor) == []
        assert kor.faults() == ()

    @pytest.mark.parametrize(
        ("state", "kept"), [(KeyState.RETIRED, "held"), (KeyState.REVOKED, "quarantined")]
    )
    def test_a_retired_key_counts_on_its_own_stream_and_a_revoked_one_nowhere(
        self, village: Village, state: KeyState, kept: str
    ) -> None:
        """
        It was on its way when the key was renewed.
        """
        kor, jpn = village.pair(KOR, JPN)
        data = certify(bytes(32), JPN, 1_656_072_000, jpn.home.signing.item)
        kor.trusts(next_card(jpn, item_key=state))
        jpn.appends(KOR, (EntryKind.DESTRUCTION, data))
        kor.catches_up(jpn)
        assert certificates(kor) == [(JPN, JPN, kept)]
