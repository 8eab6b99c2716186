# SPDX-License-Identifier: Apache-2.0

import pytest

from legation.errors import MalformedError, RefusedError
from legation.exchange import OFFERED_SIZE_BYTES_MAX, EntryKind, read_refused, write_offer
from legation.formats.shipped import shipped_bytes
from legation.formats.spif import POLICY_SIZE_BYTES_MAX
from legation.keys.sign import Ed25519Signer, MLDSA44Signer, Purpose
from legation.labels.chain import statement_on
from legation.log import LogKind, StreamSigners, sign_statement
from legation.node.peers.accepting import read_policies
from legation.node.peers.offering import offer_policy, offered_file, read_offered
from legation.node.peers.stopping import exclude_peer
from legation.node.rules import read_policy
from legation.records import OfferMadeRecord, PolicyOfferRecord
from legation.store.sqlite import offers
from tests.cli.toy import TOY
from tests.node.pair import FIRST, SECOND, Node, Village, unchanged
from tests.node.peers.test_accepting import SECOND_VERSION, THIRD_VERSION, accepts, adds

KOR, JPN, AUS = "KOR@NATO", "JPN@NATO", "AUS@NATO"
AUTHORITY = StreamSigners(ed25519=Ed25519Signer(bytes(32)), mldsa44=MLDSA44Signer(bytes(32)))


def offers_to(node: Node, *statements: bytes, to: str = JPN, name: str = "EXERCISE") -> OfferMadeRecord:
    """Offer a peer a policy."""
    return offer_policy(
        to,
        name,
        by=FIRST,
        statements=statements,
        database=node.database,
        blobs=node.home.blobs,
        around=node.around,
    )


def offered(node: Node) -> tuple[PolicyOfferRecord, ...]:
    """What peers have offered."""
    return read_policies(node.database).offers


def stated(spif: bytes, after: bytes | None = None, *, name: str = "KOR/policy") -> bytes:
    """The statement of an authority on a version of a policy."""
    text = statement_on(read_policy(spif), after=None if after is None else read_policy(after)).text
    return sign_statement(text, purpose=Purpose.POLICY, name=name, signers=AUTHORITY)


def refusals(node: Node) -> list[str]:
    """What a node's streams refuse of others."""
    rows = node.rows("SELECT payload FROM outgoing_entry WHERE kind = 'refused' ORDER BY stream_id, number")
    return [read_refused(payload).code.value for (payload,) in rows]


class TestOffer:
    def test_an_offer_is_listed_and_changes_nothing(self, village: Village) -> None:
        """
        The rules stay at their epoch; it says who offered which file, and when.
        """
        kor, jpn = village.pair(KOR, JPN)
        accepts(kor, SECOND_VERSION)
        made = offers_to(kor)
        epoch = jpn.rows("SELECT number FROM epoch")
        jpn.catches_up(kor)
        [found] = offered(jpn)
        digest = read_policy(SECOND_VERSION).digest.hex()
        assert (found.office, found.name, found.version, found.digest) == (KOR, "EXERCISE", 2, digest)
        assert (found.state, found.stated_by) == ("new", "")
        assert (made.digest, made.number) == (digest, 1)
        assert jpn.rows("SELECT number FROM epoch") == epoch
        assert {each.version for each in read_policies(jpn.database).policies} == {1}
        assert jpn.faults() == kor.faults() == ()

    def test_two_persons_accept_its_file_as_any_other(self, village: Village) -> None:
        """
        The offer counts as nobody's act: after it, it still takes two.
        """
        kor, jpn = village.pair(KOR, JPN)
        accepts(kor, SECOND_VERSION)
        offers_to(kor)
        jpn.catches_up(kor)
        found, spif = offered_file(offered(jpn)[0].digest[:12], database=jpn.database, blobs=jpn.home.blobs)
        assert (found.office, spif) == (KOR, SECOND_VERSION)
        assert not adds(jpn, spif).policy.in_force
        assert offered(jpn)[0].state == "proposed"
        with pytest.raises(RefusedError):
            adds(jpn, spif)
        assert adds(jpn, spif, by=SECOND).policy.in_force
        assert offered(jpn)[0].state == "in force"

    def test_it_says_what_an_offer_is_to_what_is_here(self, village: Village) -> None:
        """
        Older, or another file of the same version; neither is refused, for that would say what is in force here.
        """
        kor, jpn = village.pair(KOR, JPN)
        accepts(kor, SECOND_VERSION)
        offers_to(kor)
        accepts(kor, THIRD_VERSION)
        offers_to(kor)
        accepts(jpn, THIRD_VERSION + b"\n<!-- another file -->")
        jpn.catches_up(kor)
        assert [(each.version, each.state) for each in offered(jpn)] == [(2, "older"), (3, "another file")]
        assert refusals(jpn) == []

    def test_it_needs_no_grant_and_comes_by_bag_too(self, village: Village) -> None:
        """
        A peer that may see nothing is offered it all the same.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        kor.trusts(jpn.card)
        jpn.trusts(kor.card)
        offers_to(kor)
        jpn.unpacks(*kor.packs(jpn))
        assert [each.state for each in offered(jpn)] == ["in force"]
        jpn.catches_up(kor)
        assert len(offered(jpn)) == 1

    def test_a_long_file_comes_whole(self, village: Village) -> None:
        """
        What is longer than a row holds is a blob on both sides.
        """
        kor, jpn = village.pair(KOR, JPN)
        longest = SECOND_VERSION + b"\n<!--" + b"x" * 200_000 + b"-->"
        accepts(kor, longest)
        offers_to(kor)
        jpn.catches_up(kor)
        assert offered_file(offered(jpn)[0].digest, database=jpn.database, blobs=jpn.home.blobs)[1] == longest
        assert jpn.faults() == kor.faults() == ()

    def test_what_is_not_in_force_is_not_offered(self, village: Village) -> None:
        """
        Nor twice, nor to whom is not trusted or excluded; nothing is numbered then.
        """
        kor, _ = village.pair(KOR, JPN)
        village.node(AUS)
        adds(kor, TOY)
        offers_to(kor)
        with unchanged(kor):
            with pytest.raises(MalformedError, match="in force"):
                offers_to(kor, name="TOY")
            with pytest.raises(RefusedError, match="already"):
                offers_to(kor)
            with pytest.raises(MalformedError, match="not confirmed"):
                offers_to(kor, to=AUS)
        assert [each.kind for each in kor.log()].count(LogKind.OFFERED) == 1
        exclude_peer(JPN, by=FIRST, database=kor.database, around=kor.around)
        with unchanged(kor), pytest.raises(RefusedError, match="excluded"):
            offers_to(kor)


class TestStatements:
    def test_they_ride_along_and_name_their_authority(self, village: Village) -> None:
        """
        On this version, then on the one before it; who signed is not verified here, and that is said.
        """
        kor, jpn = village.pair(KOR, JPN)
        accepts(kor, SECOND_VERSION)
        accepts(kor, THIRD_VERSION)
        first = shipped_bytes("exercise-1")
        offers_to(kor, stated(THIRD_VERSION, SECOND_VERSION), stated(SECOND_VERSION, first), stated(first))
        jpn.catches_up(kor)
        assert [each.stated_by for each in offered(jpn)] == ["KOR/policy"]

    @pytest.mark.parametrize(
        "notes",
        [
            [stated(SECOND_VERSION)],
            [stated(THIRD_VERSION, SECOND_VERSION), stated(THIRD_VERSION, SECOND_VERSION)],
            [stated(THIRD_VERSION), stated(SECOND_VERSION)],
            [stated(THIRD_VERSION, SECOND_VERSION), stated(SECOND_VERSION, name="JPN/policy")],
            [b"no note"],
            [
                sign_statement(
                    "legation/policy/v1\n1\n", purpose=Purpose.POLICY, name="K/p", signers=AUTHORITY
                )
            ],
        ],
    )
    def test_those_that_are_not_on_the_file_are_refused_for_ever(
        self, village: Village, notes: list[bytes]
    ) -> None:
        """
        Neither offered by an honest node nor listed where they come; that depends on no trust.
        """
        kor, jpn = village.pair(KOR, JPN)
        accepts(kor, SECOND_VERSION)
        accepts(kor, THIRD_VERSION)
        with unchanged(kor), pytest.raises(MalformedError):
            offers_to(kor, *notes)
        kor.appends(JPN, (EntryKind.POLICY, write_offer(THIRD_VERSION, notes)))
        jpn.catches_up(kor)
        assert refusals(jpn) == ["malformed"]
        assert offered(jpn) == ()
        assert jpn.faults() == ()


class TestBounds:
    @pytest.mark.parametrize("payload", [b"x", write_offer(b"no policy"), write_offer(b"<a/>")])
    def test_what_is_no_policy_is_refused_and_the_stream_goes_on(
        self, village: Village, payload: bytes
    ) -> None:
        """
        By its number; what is behind it arrives.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.appends(JPN, (EntryKind.POLICY, payload))
        item = kor.releases("(C//REL KOR, JPN) Words.", to=[JPN])
        jpn.catches_up(kor)
        assert refusals(jpn) == ["malformed"]
        assert jpn.listed() == [item]

    def test_the_newest_offers_of_an_office_are_listed(
        self, village: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The oldest leave the list, not the stream; another office's stay.
        """
        monkeypatch.setattr(offers, "OFFERS_MAX", 2)
        jpn, kor, aus = village.star(JPN, KOR, AUS)
        aus.appends(JPN, (EntryKind.POLICY, write_offer(TOY)))
        jpn.pulls(aus)
        for each in (SECOND_VERSION, THIRD_VERSION, SECOND_VERSION, TOY):
            kor.appends(JPN, (EntryKind.POLICY, write_offer(each)))
            jpn.pulls(kor)
        found = sorted((each.office, each.name, each.version) for each in offered(jpn))
        assert found == [(AUS, "TOY", 1), (KOR, "EXERCISE", 3), (KOR, "TOY", 1)]
        assert jpn.faults() == ()

    def test_what_begins_no_digest_or_several_is_no_offer(self, village: Village) -> None:
        """
        A person names one file, by enough of it.
        """
        kor, jpn = village.pair(KOR, JPN)
        offers_to(kor)
        jpn.catches_up(kor)
        digest = offered(jpn)[0].digest
        for text in (digest[:7], "", "f" * 8 if digest[0] != "f" else "0" * 8):
            with pytest.raises(MalformedError, match="no offered policy"):
                offered_file(text, database=jpn.database, blobs=jpn.home.blobs)

    def test_the_longest_file_that_is_read_can_be_offered(self) -> None:
        """
        The two limits are one.
        """
        assert OFFERED_SIZE_BYTES_MAX == POLICY_SIZE_BYTES_MAX
        policy, stated_by = read_offered(write_offer(TOY))
        assert (policy.name, stated_by) == ("TOY", "")

    def test_the_check_finds_an_offer_that_is_not_the_one_that_came(self, village: Village) -> None:
        """
        Nor one of ours that the log does not know.
        """
        kor, jpn = village.pair(KOR, JPN)
        offers_to(kor)
        jpn.catches_up(kor)
        jpn.runs("UPDATE policy_offer SET version = 9")
        assert [each.what for each in jpn.faults()] == ["its entry brings another one than its row says"]
        kor.appends(JPN, (EntryKind.POLICY, write_offer(TOY)))
        assert [each.what for each in kor.faults()] == ["it is not in the log"]
