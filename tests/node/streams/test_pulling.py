# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace as changed

from legation.errors import (
    EquivocationError,
    MalformedError,
    ProofError,
    RefusedError,
    RemoteProtocolError,
    SealError,
    SignatureError,
    StoreError,
    UnreachableError,
    VerificationError,
)
from legation.exchange import (
    Answer,
    Carried,
    EntryKind,
    RefusalCode,
    Refused,
    TakenBack,
    Void,
    header_of,
    read_refused,
    write_refused,
    write_view,
    write_void,
)
from legation.item.draft import Draft, DraftPortion
from legation.item.draws import SecretDraws
from legation.item.portion import Kind, Text
from legation.item.shape import VIEW
from legation.item.signing import sign
from legation.item.view import cut, inspect
from legation.keys.card import KeyState
from legation.labels import parse_mark, reference_to
from legation.log import Checkpoint, Frontier, LogKind, key_name, sign_checkpoint, stream_origin
from legation.node.streams import handing_over
from legation.node.streams import pulling as pulling_module
from legation.node.streams.pulling import Pulling
from legation.release import DeliveryState
from legation.store.sqlite import incoming, peers
from legation.store.sqlite import node as own
from tests.formats.drafts import EXERCISE
from tests.node.pair import Node, Village, Way, a_slip, next_card, unchanged

KOR, JPN, AUS, NATO = "KOR@NATO", "JPN@NATO", "AUS@NATO", "NATO"
SECRET = "(S//REL KOR, JPN)"
TEXT = "The seating was changed."


@pytest.fixture
def pair(village: Village) -> tuple[Node, Node]:
    """
    KOR@NATO with a report for JPN@NATO, which holds another one already.
    """
    kor, jpn = village.pair(KOR, JPN)
    kor.releases(f"{SECRET} {TEXT} 0", to=[JPN])
    jpn.catches_up(kor)
    kor.releases(f"{SECRET} {TEXT} 1", to=[JPN])
    return kor, jpn


def altered(kor: Node, change: Callable[[bytes], bytes]) -> Way:
    """The way back, with somebody on it."""
    return lambda pieces: iter([change(b"".join(kor.answers(pieces)))])


def flipped(place: int) -> Callable[[bytes], bytes]:
    """One bit at a place is another."""

    def change(data: bytes) -> bytes:
        copy = bytearray(data)
        copy[place] ^= 1
        return bytes(copy)

    return change


def signed_over(node: Node, answer: Answer, leaves: Iterable[bytes], size: int | None = None) -> bytes:
    """A checkpoint that only this node can sign, over whatever a test wants."""
    frontier = Frontier().extend(leaves)  # type: ignore[arg-type]
    checkpoint = Checkpoint(
        origin=stream_origin(answer.sender, answer.receiver, answer.incarnation),
        size=size or frontier.size,
        root=frontier.root,
    )
    return sign_checkpoint(checkpoint, name=key_name(answer.sender), signers=node.home.signing.stream)


def leaves_of(node: Node, peer: str) -> list[bytes]:
    """The leaves that a node holds of a peer's stream."""
    with node.database.read() as db:
        stream = incoming.stream(db, peer)
        assert stream is not None
        return [leaf for _, leaf in incoming.leaves(db, stream.stream_id)]


def item_of(
    node: Node, *paragraphs: tuple[str, str], time: int = 1_656_072_000, document: bytes = b""
) -> bytes:
    """A whole item that this node's key signed, though nobody released it; else of a document of its own."""
    draft = Draft(
        kind=Kind.REPORT,
        policies=(reference_to(EXERCISE),),
        portions=tuple(
            DraftPortion(label=parse_mark(EXERCISE, mark), portion=Text(text=text))
            for mark, text in paragraphs
        ),
    )
    signer, draws = node.home.signing.item, SecretDraws(bytes(32), bytes(32), draft.digest)
    return sign(draft, document=document or draft.digest[:16], time=time, signer=signer, draws=draws)


def hands_over(node: Node, view: bytes, to: str = JPN, *, addressee: str | None = None) -> None:
    """Number a view for a peer, whatever it is."""
    node.appends(to, (EntryKind.VIEW, write_view(a_slip(addressee or to), view)))


def apart(node: Node) -> list[tuple[str, str]]:
    """What a node holds and shows to nobody: from whom, and why."""
    return [
        (source, because)
        for source, because in node.rows(
            "SELECT source, because FROM view WHERE state = 'quarantined' ORDER BY view_key"
        )
    ]


def refusals(node: Node, peer: str) -> list[Refused]:
    """What a node has told a peer that it can never accept."""
    rows = node.rows(
        "SELECT payload FROM outgoing_entry JOIN outgoing USING (stream_id) "
        "WHERE kind = 'refused' AND office = ? ORDER BY number",
        (peer,),
    )
    return [read_refused(payload) for (payload,) in rows]


class TestOnTheWay:
    """What whoever stands between the two can do."""

    @pytest.mark.parametrize("place", [0, 25, 53, 54, 1220, 1221, 1300, 30_000, -1])
    def test_an_altered_answer_is_refused(self, pair: tuple[Node, Node], place: int) -> None:
        """
        Not one bit can be another, wherever it is.
        """
        kor, jpn = pair
        with unchanged(jpn), pytest.raises((SealError, MalformedError)):
            jpn.pulls(kor, altered(kor, flipped(place)))
        assert jpn.pulls(kor).views == 1

    @pytest.mark.parametrize("size", [0, 10, 1221, 1222, 40_000, -1])
    def test_an_answer_that_was_cut_short_is_refused(self, pair: tuple[Node, Node], size: int) -> None:
        """
        The beginning of an answer is no answer.
        """
        kor, jpn = pair
        with unchanged(jpn), pytest.raises((SealError, MalformedError)):
            jpn.pulls(kor, altered(kor, lambda data: data[:size]))
        assert jpn.pulls(kor).views == 1

    @pytest.mark.parametrize(
        "change", [lambda data: data + b"\0", lambda data: data + data, lambda _: b"\0" * 70_000]
    )
    def test_an_answer_with_something_added_is_refused(
        self, pair: tuple[Node, Node], change: Callable[[bytes], bytes]
    ) -> None:
        """
        Nothing may follow, nor be there instead.
        """
        kor, jpn = pair
        with unchanged(jpn), pytest.raises((SealError, MalformedError)):
            jpn.pulls(kor, altered(kor, change))

    def test_pieces_in_another_order_are_refused(self, village: Village) -> None:
        """
        Chunks are numbered under the seal.
        """
        kor, jpn = village.pair(KOR, JPN)
        for number in range(3):
            kor.releases(f"{SECRET} {str(number) * 60_000}", to=[JPN])

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            head, first, second, *rest = kor.answers(pieces)
            return iter([head, second, first, *rest])

        with unchanged(jpn), pytest.raises(SealError):
            jpn.pulls(kor, way)

    def test_an_answer_spliced_from_two_is_refused(self, village: Village) -> None:
        """
        The beginning of one answer and the end of another open to nothing.
        """
        kor, jpn = village.pair(KOR, JPN)
        for number in range(3):
            kor.releases(f"{SECRET} {str(number) * 60_000}", to=[JPN])
        recorded: list[list[bytes]] = []

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            recorded.append(list(kor.answers(pieces)))
            if len(recorded) == 1:
                raise UnreachableError("lost")
            return iter([*recorded[1][:2], *recorded[0][2:]])

        with pytest.raises(UnreachableError):
            jpn.pulls(kor, way)
        with unchanged(jpn), pytest.raises(SealError):
            jpn.pulls(kor, way)

    def test_an_answer_to_another_pull_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        A recorded answer that comes again, to the next pull, opens to nothing: its key is gone.
        """
        kor, jpn = pair
        recorded: list[bytes] = []

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            recorded.append(b"".join(kor.answers(pieces)))
            return iter(recorded[-1:])

        assert jpn.pulls(kor, way).views == 1
        with unchanged(jpn), pytest.raises(SealError):
            jpn.pulls(kor, lambda _: iter(recorded))

    def test_nothing_is_no_answer(self, pair: tuple[Node, Node]) -> None:
        """
        A way that brings nothing has brought nothing.
        """
        kor, jpn = pair
        with unchanged(jpn), pytest.raises(MalformedError):
            jpn.pulls(kor, lambda _: iter(()))

    def test_a_line_that_breaks_in_the_middle_is_told_as_such(self, pair: tuple[Node, Node]) -> None:
        """
        What came before is thrown away, the way is closed, and the next pull brings it all.
        """
        kor, jpn = pair
        closed: list[bool] = []

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            try:
                yield next(kor.answers(pieces))
                raise UnreachableError("broke off")
            finally:
                closed.append(True)

        with unchanged(jpn), pytest.raises(UnreachableError):
            jpn.pulls(kor, way)
        assert closed == [True]
        assert jpn.pulls(kor).views == 1

    def test_a_way_is_closed_when_its_answer_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        Nobody holds on to a connection whose answer was nonsense.
        """
        kor, jpn = pair
        closed: list[bool] = []

        def way(_: Iterable[bytes]) -> Iterator[bytes]:
            try:
                yield b"nonsense" * 1000
                yield b"more"
            finally:
                closed.append(True)

        with pytest.raises(MalformedError):
            jpn.pulls(kor, way)
        assert closed == [True]


class TestALyingPeer:
    """What a peer can do with its own keys."""

    def test_an_answer_signed_by_another_peer_is_refused(self, village: Village) -> None:
        """
        AUS@NATO, trusted for itself, cannot answer for KOR@NATO.
        """
        kor, jpn = village.pair(KOR, JPN)
        aus = village.node(AUS)
        village.joins(jpn, aus)
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        stream = aus.home.signing.stream
        with unchanged(jpn), pytest.raises(SignatureError):
            jpn.pulls(kor, kor.lies(signer=stream.ed25519))
        with unchanged(jpn), pytest.raises(SignatureError, match="`AUS@NATO` is not known"):
            jpn.pulls(kor, kor.lies(lambda answer: changed(answer, sender=AUS), signer=stream.ed25519))

    def test_an_answer_for_another_receiver_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        What names somebody else is not for us.
        """
        kor, jpn = pair
        with unchanged(jpn), pytest.raises(SignatureError):
            jpn.pulls(kor, kor.lies(lambda answer: changed(answer, receiver=AUS)))

    def test_an_answer_that_names_another_pull_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        An answer says which pull it answers.
        """
        kor, jpn = pair
        with unchanged(jpn), pytest.raises(RemoteProtocolError, match="another pull"):
            jpn.pulls(kor, kor.lies(lambda answer: changed(answer, pull=bytes(32))))

    def test_an_answer_that_starts_elsewhere_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        Entries follow where we hold: neither an overlap nor a gap.
        """
        kor, jpn = pair
        for step in (-1, 1):
            with unchanged(jpn), pytest.raises(RemoteProtocolError, match="answer starts at"):
                jpn.pulls(kor, kor.lies(lambda answer, step=step: moved(answer, step)))  # type: ignore[misc]

    def test_an_answer_without_its_last_entry_is_refused(self, village: Village) -> None:
        """
        The checkpoint is over all entries: none can be kept back.
        """
        kor, jpn = village.pair(KOR, JPN)
        for number in range(2):
            kor.releases(f"{SECRET} {TEXT} {number}", to=[JPN])
        with unchanged(jpn), pytest.raises(RemoteProtocolError, match="checkpoint is over 3 entries"):
            jpn.pulls(kor, kor.lies(lambda answer: changed(answer, entries=answer.entries[:-1])))

    def test_entries_in_another_order_are_refused(self, village: Village) -> None:
        """
        Two reports that change places lead to another root.
        """
        kor, jpn = village.pair(KOR, JPN)
        for number in range(2):
            kor.releases(f"{SECRET} {TEXT} {number}", to=[JPN])

        def swap(answer: Answer) -> Answer:
            start, one, two = answer.headers
            return changed(
                answer,
                entries=(
                    Carried(header=start),
                    Carried(header=changed(two, number=1)),
                    Carried(header=changed(one, number=2)),
                ),
            )

        with unchanged(jpn), pytest.raises(ProofError, match="another root"):
            jpn.pulls(kor, kor.lies(swap))

    def test_an_answer_of_another_incarnation_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        A second history does not begin by itself.
        """
        kor, jpn = pair

        def change(answer: Answer) -> Answer:
            return changed(answer, incarnation=bytes(16))

        with unchanged(jpn), pytest.raises(RemoteProtocolError, match="another incarnation"):
            jpn.pulls(kor, kor.lies(change))

    def test_a_checkpoint_of_another_key_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        Both lines are of the pinned keys, or it is no checkpoint.
        """
        kor, jpn = pair

        def change(answer: Answer) -> Answer:
            leaves = [*leaves_of(jpn, KOR), *(each.leaf for each in answer.entries)]
            return changed(answer, checkpoint=signed_over(jpn, answer, leaves))

        with unchanged(jpn), pytest.raises(SignatureError):
            jpn.pulls(kor, kor.lies(change))

    def test_a_checkpoint_of_the_stream_to_another_peer_is_refused(self, village: Village) -> None:
        """
        What KOR@NATO signed for AUS@NATO is nothing for JPN@NATO.
        """
        kor, jpn, aus = village.star(KOR, JPN, AUS)
        kor.releases("(C//REL KOR, JPN, AUS) Words.", to=[JPN, AUS])
        aus.pulls(kor)
        [(theirs,)] = kor.rows("SELECT data FROM outgoing_checkpoint")
        with unchanged(jpn), pytest.raises(VerificationError, match="another origin"):
            jpn.pulls(kor, kor.lies(lambda answer: changed(answer, checkpoint=theirs)))

    def test_two_roots_of_one_size_freeze_the_link(self, pair: tuple[Node, Node]) -> None:
        """
        A signed root of what we hold already, and another one: both are kept, and nothing more is asked.
        """
        kor, jpn = pair
        held = leaves_of(jpn, KOR)

        def fork(answer: Answer) -> Answer:
            lie = signed_over(kor, answer, [*held[:-1], b"\7" * 32])
            return changed(answer, entries=(), checkpoint=lie)

        with pytest.raises(EquivocationError):
            jpn.pulls(kor, kor.lies(fork))
        assert jpn.peer(KOR).link == "frozen"
        with jpn.database.read() as db:
            [found] = peers.evidence(db, KOR)
        assert found.ours
        assert found.theirs.startswith(b"legation/stream/v1/KOR@NATO/JPN@NATO/")
        assert jpn.log()[-1].kind is LogKind.FROZEN
        with unchanged(jpn), pytest.raises(RefusedError, match="frozen"):
            jpn.pulls(kor)

    def test_a_void_that_names_what_is_no_view_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        Only a view can be taken back.
        """
        kor, jpn = pair
        jpn.catches_up(kor)
        kor.appends(JPN, (EntryKind.VOID, write_void(Void(number=2))))
        jpn.catches_up(kor)
        kor.appends(JPN, (EntryKind.VOID, write_void(Void(number=3))))
        with unchanged(jpn), pytest.raises(RemoteProtocolError, match="no view"):
            jpn.pulls(kor)

    def test_a_void_that_names_what_comes_later_is_refused(self, pair: tuple[Node, Node]) -> None:
        """
        What is not there yet cannot be taken back.
        """
        kor, jpn = pair
        jpn.catches_up(kor)
        kor.appends(JPN, (EntryKind.VOID, write_void(Void(number=9))))
        with unchanged(jpn), pytest.raises(RemoteProtocolError, match="not an earlier one"):
            jpn.pulls(kor)

    def test_payloads_that_are_not_of_their_kind_are_refused_whole(self, pair: tuple[Node, Node]) -> None:
        """
        An entry that cannot be read stops the stream before it; nothing of the answer is taken in.
        """
        kor, jpn = pair
        kor.appends(JPN, (EntryKind.VOID, b"nonsense"))
        with unchanged(jpn), pytest.raises(MalformedError):
            jpn.pulls(kor)

    def test_a_peer_that_only_asks_back_is_left_alone(self, pair: tuple[Node, Node]) -> None:
        """
        Challenges without end are no answer.
        """
        kor, jpn = pair
        way = kor.lies(lambda answer: changed(answer, entries=(), checkpoint=None, challenge=bytes(16)))
        found: list[str] = []
        for _ in range(4):
            try:
                found.append(str(jpn.pulls(kor, way).is_challenged))
            except RemoteProtocolError as error:
                found.append(error.message)
        assert found == ["True", "True", "True", "the peer asks back and never answers"]
        assert jpn.pulls(kor).views == 1

    def test_a_card_that_is_not_confirmed_is_not_asked(self, village: Village) -> None:
        """
        Nothing is sent to whom we do not trust.
        """
        kor, jpn = village.node(KOR), village.node(JPN)
        jpn.adds(kor.card)
        with unchanged(jpn), pytest.raises(RefusedError, match="not confirmed"):
            jpn.pulls(kor, lambda _: pytest.fail("something was sent"))


def moved(answer: Answer, step: int) -> Answer:
    """The same entries, numbered from elsewhere."""
    entries = tuple(
        Carried(header=changed(each.header, number=each.header.number + step))
        for each in answer.entries
        if isinstance(each, Carried)
    )
    return changed(answer, start=answer.start + step, entries=entries)


class TestRefused:
    """Matching bytes that can never be accepted, whatever is trusted here."""

    def test_bytes_that_are_no_view_are_refused_and_receipted(self, village: Village) -> None:
        """
        The sender is told in our own stream, with number and code; the stream goes on.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.appends(JPN, (EntryKind.VIEW, write_view(a_slip(JPN), b"nonsense")))
        item = kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        assert [jpn.pulls(kor).refused, jpn.pulls(kor).views] == [1, 1]
        assert jpn.listed() == [item]
        [told] = refusals(jpn, KOR)
        assert (told.number, told.code) == (1, RefusalCode.MALFORMED)
        jpn.pulls(kor)
        assert kor.peer(JPN).receipted == 3
        assert kor.pulls(jpn).entries == 2
        assert LogKind.REFUSED in {each.kind for each in jpn.log()}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_a_view_whose_leaves_lead_elsewhere_is_refused(self, village: Village) -> None:
        """
        A word that was altered under the author's signature is never shown.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, item_of(kor, (SECRET, "before")).replace(b'"before"', b'"behind"'))
        assert jpn.pulls(kor).refused == 1
        assert [each.code for each in refusals(jpn, KOR)] == [RefusalCode.PROOF]
        assert jpn.inbox() == ()

    def test_a_bad_signature_of_the_sender_itself_is_refused(self, village: Village) -> None:
        """
        The sender knows that we have its card, so nothing is given away.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, with_bad_signature(item_of(kor, (SECRET, TEXT))))
        assert jpn.pulls(kor).refused == 1
        assert [each.code for each in refusals(jpn, KOR)] == [RefusalCode.SIGNATURE]

    def test_a_bad_signature_of_somebody_else_is_set_apart_and_not_told(self, village: Village) -> None:
        """
        Whether we have the card of AUS@NATO is not for KOR@NATO to find out.
        """
        kor, jpn = village.pair(KOR, JPN)
        aus = village.node(AUS)
        forged = with_bad_signature(item_of(aus, ("(C//REL AUS, JPN)", TEXT)))
        hands_over(kor, forged)
        assert jpn.pulls(kor).quarantined == 1
        before = refusals(jpn, KOR)
        jpn.trusts(aus.card)
        assert apart(jpn) == [(KOR, "its signature is not that of its author's key")]
        hands_over(kor, with_bad_signature(item_of(aus, ("(C//REL AUS, JPN)", "Another."))))
        assert jpn.pulls(kor).quarantined == 1
        assert before == refusals(jpn, KOR) == []
        assert jpn.faults() == ()

    def test_what_is_addressed_to_another_office_is_refused(self, village: Village) -> None:
        """
        A slip for somebody else was put into the wrong stream.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, item_of(kor, (SECRET, TEXT)), addressee=AUS)
        assert jpn.pulls(kor).refused == 1
        assert [each.code for each in refusals(jpn, KOR)] == [RefusalCode.ADDRESSEE]
        assert jpn.inbox() == ()

    def test_what_is_refused_leaves_no_byte_behind(self, village: Village) -> None:
        """
        The entry is remembered by its hash; what it said is not kept.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, item_of(kor, ("(S//REL KOR, JPN)", "Zq7wanderer")), addressee=AUS)
        jpn.pulls(kor)
        assert b"Zq7wanderer" not in repr(jpn.state()).encode()

    def test_a_refusal_that_comes_is_taken_in(self, village: Village) -> None:
        """
        A refusal of what we sent is an entry like any other.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        refused = Refused(incarnation=bytes(16), number=1, code=RefusalCode.PROOF)
        jpn.appends(KOR, (EntryKind.REFUSED, write_refused(refused)))
        assert kor.catches_up(jpn).entries == 0
        assert kor.peer(JPN).received == 2


def with_bad_signature(item: bytes) -> bytes:
    """The same item, signed by nobody."""
    return VIEW.encode(changed(inspect(item).wire, signature=bytes(64)))


class TestSetApart:
    """What is stored and receipted like anything else, and shown to nobody."""

    def test_an_author_whose_card_is_not_pinned(self, village: Village) -> None:
        """
        A paper by AUS@NATO that KOR@NATO passes on waits until its card is confirmed; then it is there.
        """
        kor, jpn = village.pair(KOR, JPN)
        aus = village.node(AUS)
        view = item_of(aus, ("(C//REL AUS, JPN)", TEXT))
        item = inspect(view).item_id.hex()
        hands_over(kor, view)
        assert jpn.pulls(kor).quarantined == 1
        assert apart(jpn) == [(KOR, "its author's card is not pinned")]
        assert (jpn.peer(KOR).quarantined, jpn.inbox()) == (1, ())
        with pytest.raises(MalformedError, match="no item"):
            jpn.reads(item)
        jpn.pulls(kor)
        assert kor.peer(JPN).receipted == 2
        assert refusals(jpn, KOR) == []
        jpn.adds(aus.card)
        assert jpn.inbox() == ()
        jpn.confirms(AUS)
        [listed] = jpn.inbox()
        assert (listed.author, listed.source) == (AUS, KOR)
        assert jpn.reads(item) == [TEXT]
        assert jpn.faults() == ()

    def test_a_policy_that_is_not_at_hand(self, village: Village) -> None:
        """
        Nobody reads marks that nobody can read; the list of peers tells which policy is missing.
        """
        kor, jpn = village.pair(KOR, JPN)
        view = item_of(kor, (SECRET, TEXT))
        hands_over(kor, view)
        jpn.runs("DELETE FROM policy WHERE name = 'EXERCISE'")
        jpn.runs("UPDATE epoch SET number = number + 1")
        assert jpn.pulls(kor).quarantined == 1
        why = f"policy {EXERCISE.id} version 1 is not at hand"
        assert apart(jpn) == [(KOR, why)]
        assert jpn.peer(KOR).why_quarantined == (why,)
        assert jpn.inbox() == ()

    @pytest.mark.parametrize(
        "mark",
        [
            "(S)",
            "(S//REL KOR)",
            "(C//REL KOR, AUS)",
            "(S//REL KOR, JPN//ONLY KOR)",
            "(S//HERON//REL KOR, JPN)",
        ],
    )
    def test_what_by_its_labels_is_not_for_us(self, village: Village, mark: str) -> None:
        """
        Somebody made a mistake: what is their own, or for others, is not shown, one layer is enough.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, item_of(kor, ("(L//REL KOR, JPN)", "Lunch is at noon."), (mark, TEXT)))
        assert jpn.pulls(kor).quarantined == 1
        assert apart(jpn) == [(KOR, "by its labels it is not for this office")]
        assert jpn.inbox() == ()
        assert refusals(jpn, KOR) == []
        assert jpn.faults() == ()

    @pytest.mark.parametrize(
        "mark", ["(O)", "(L//REL KOR, JPN)", "(S//REL JPN)", "(S//REL KOR, JPN//ONLY JPN)"]
    )
    def test_what_is_for_us_is_shown(self, village: Village, mark: str) -> None:
        """
        Open words need no list; everything else says that it is for us.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, item_of(kor, (mark, TEXT)))
        assert jpn.pulls(kor).views == 1
        assert len(jpn.inbox()) == 1

    def test_a_key_that_is_revoked(self, village: Village) -> None:
        """
        What a key signed is set apart from when its card says that it is revoked, whenever it came.
        """
        kor, jpn = village.pair(KOR, JPN)
        before = inspect(item_of(kor, (SECRET, "before"))).item_id.hex()
        hands_over(kor, item_of(kor, (SECRET, "before")))
        jpn.pulls(kor)
        assert jpn.reads(before) == ["before"]
        jpn.adds(next_card(kor, item_key=KeyState.REVOKED))
        assert jpn.reads(before) == ["before"]
        jpn.confirms(KOR)
        hands_over(kor, item_of(kor, (SECRET, "after")))
        assert jpn.pulls(kor).quarantined == 1
        assert apart(jpn) == [(KOR, "its author's key is revoked")] * 2
        assert jpn.inbox() == ()
        with pytest.raises(MalformedError, match="no item"):
            jpn.reads(before)
        assert jpn.faults() == ()

    def test_a_key_that_is_retired_holds_on_its_own_stream(self, village: Village) -> None:
        """
        What the author's own office hands over is believed, and what was held before is.
        """
        kor, jpn = village.pair(KOR, JPN)
        hands_over(kor, item_of(kor, (SECRET, "before")))
        jpn.pulls(kor)
        jpn.trusts(next_card(kor, item_key=KeyState.RETIRED))
        hands_over(kor, item_of(kor, (SECRET, "after")))
        assert jpn.pulls(kor).views == 1
        assert len(jpn.inbox()) == 2
        assert jpn.faults() == ()

    def test_a_key_that_is_retired_is_not_believed_through_others(self, village: Village) -> None:
        """
        Through another office it waits until the author's own office hands the same over.
        """
        nato, kor, jpn = village.star(NATO, KOR, JPN)
        village.joins(kor, jpn)
        view = item_of(kor, ("(C//REL KOR, JPN, NATO)", TEXT))
        jpn.trusts(next_card(kor, item_key=KeyState.RETIRED))
        hands_over(nato, view)
        assert jpn.pulls(nato).quarantined == 1
        assert apart(jpn) == [(NATO, "its author's key is retired, and it came by another office")]
        hands_over(kor, view)
        assert jpn.pulls(kor).views == 1
        assert apart(jpn) == []
        [listed] = jpn.inbox()
        assert (listed.author, listed.source) == (KOR, "")
        assert jpn.faults() == ()

    def test_a_view_that_another_office_passes_on(self, village: Village) -> None:
        """
        A copy that NATO passes on is verified against its author, and says who brought it.
        """
        nato, kor, jpn = village.star(NATO, KOR, JPN)
        jpn.trusts(kor.card)
        whole = inspect(item_of(kor, ("(C//REL KOR, JPN, NATO)", TEXT), ("(S//REL KOR)", "Not for them.")))
        view = cut(whole, lambda layer: layer.classification == "CONFIDENTIAL")
        hands_over(nato, view)
        assert jpn.pulls(nato).views == 1
        [listed] = jpn.inbox()
        assert (listed.author, listed.source) == (KOR, NATO)
        assert jpn.reads(listed.item) == [TEXT]
        assert jpn.faults() == ()

    def test_the_same_copy_from_two_offices_is_one(self, village: Village) -> None:
        """
        What comes twice is stored once, and is the author's own when the author hands it over.
        """
        nato, kor, jpn = village.star(NATO, KOR, JPN)
        village.joins(kor, jpn)
        view = item_of(kor, ("(C//REL KOR, JPN, NATO)", TEXT))
        for node in (nato, kor):
            hands_over(node, view)
            jpn.catches_up(node)
        [listed] = jpn.inbox()
        assert listed.source == ""
        assert jpn.rows("SELECT count(*) FROM view") == [(1,)]
        assert jpn.faults() == ()


class TestVoid:
    def test_what_is_taken_back_is_shown_no_longer(self, village: Village) -> None:
        """
        A copy that came and was taken back before its receipt is set apart.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        jpn.pulls(kor)
        kor.grants(JPN, "LIMITED")
        # Its receipt never arrives: this is somebody who pulls anew from where it is.
        kor.appends(JPN, (EntryKind.VOID, write_void(Void(number=1))))
        jpn.from_(KOR)._reported = receipt_of(jpn)  # as if it had been sent, and lost
        jpn.pulls(kor)
        assert jpn.listed() == []
        assert apart(jpn) == [(KOR, "taken back by its sender")]
        with pytest.raises(MalformedError, match="no item"):
            jpn.reads(item)
        assert jpn.faults() == ()

    def test_what_is_handed_over_anew_is_there_again(self, village: Village) -> None:
        """
        The grant was narrowed and widened again before the receipt: the same bytes come as a new entry.
        """
        kor, jpn = village.pair(KOR, JPN)
        item = kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        jpn.pulls(kor)
        kor.grants(JPN, "LIMITED")
        view = kor.rows("SELECT payload FROM outgoing_entry WHERE number = 1")[0][0]
        kor.appends(JPN, (EntryKind.VOID, write_void(Void(number=1))), (EntryKind.VIEW, view))
        jpn.pulls(kor)
        assert jpn.listed() == [item]
        assert apart(jpn) == []
        assert jpn.faults() == ()

    def test_nothing_is_receipted_that_covers_a_leaf_without_its_void(self, village: Village) -> None:
        """
        The position passes what was taken back, the receipt does not, until the void has come.
        """
        kor, jpn = village.pair(KOR, JPN)
        kor.releases(f"{SECRET} {TEXT}", to=[JPN])
        list(kor.answers([jpn.asks(kor)]))
        [(payload,)] = kor.rows("SELECT payload FROM outgoing_entry WHERE number = 1")
        header = header_of(1, EntryKind.VIEW, payload)

        def only_the_leaf(answer: Answer) -> Answer:
            gone = TakenBack(number=1, leaf=header.leaf)
            leaves = [answer.headers[0].leaf, header.leaf]
            return changed(
                answer, entries=(answer.entries[0], gone), checkpoint=signed_over(kor, answer, leaves)
            )

        assert jpn.pulls(kor, kor.lies(only_the_leaf)).entries == 2
        assert jpn.peer(KOR).received == 2
        assert jpn.rows("SELECT * FROM incoming_receipt") == []
        kor.releases("(L//REL KOR, JPN) Lunch is at noon.", to=[JPN])
        jpn.pulls(kor)
        assert jpn.rows("SELECT * FROM incoming_receipt") == []
        kor.appends(JPN, (EntryKind.VOID, write_void(Void(number=1))))
        jpn.pulls(kor)
        assert jpn.rows("SELECT size FROM incoming_receipt") == [(4,)]
        assert jpn.faults() == ()


def receipt_of(node: Node) -> bytes:
    """The newest receipt that a node gave."""
    [(data,)] = node.rows("SELECT data FROM incoming_receipt ORDER BY size DESC LIMIT 1")
    return bytes(data)


class TestOnce:
    def test_of_two_pulls_at_once_one_takes_effect(self, pair: tuple[Node, Node]) -> None:
        """
        Both answers are honest; the second finds that the first was faster, and nothing comes twice.
        """
        kor, jpn = pair
        second = Node(jpn.folder, jpn.clock, "another process", {})

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            answer = list(kor.answers(pieces))
            assert second.pulls(kor).views == 1
            return iter(answer)

        with pytest.raises(RemoteProtocolError, match="another pull was faster"):
            jpn.pulls(kor, way)
        assert jpn.rows("SELECT count(*) FROM incoming_entry") == [(3,)]
        assert len(jpn.listed()) == 2
        assert jpn.catches_up(kor).entries == 0
        assert jpn.faults() == ()
        second.close()

    def test_what_came_is_judged_by_the_rules_of_the_commit(self, village: Village) -> None:
        """
        The card of the author is confirmed while the answer is on its way: the paper is there at once.
        """
        kor, jpn = village.pair(KOR, JPN)
        aus = village.node(AUS)
        hands_over(kor, item_of(aus, ("(C//REL AUS, JPN)", TEXT)))

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            answer = list(kor.answers(pieces))
            jpn.trusts(aus.card)
            return iter(answer)

        assert jpn.pulls(kor, way).views == 1
        assert len(jpn.inbox()) == 1
        assert jpn.faults() == ()

    def test_a_card_of_the_peer_that_changes_meanwhile_is_told(self, pair: tuple[Node, Node]) -> None:
        """
        What was verified with the keys of a moment ago is asked for again.
        """
        kor, jpn = pair

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            answer = list(kor.answers(pieces))
            jpn.trusts(next_card(kor))
            return iter(answer)

        with pytest.raises(RemoteProtocolError, match="the card of the peer changed"):
            jpn.pulls(kor, way)
        assert jpn.pulls(kor).views == 1

    @pytest.mark.parametrize("days", [1, 3650])
    def test_a_date_that_has_passed_stops_no_pull(self, pair: tuple[Node, Node], days: int) -> None:
        """
        A grant of ours has run out, and no server runs that would have noticed: the pull notices.
        """
        kor, jpn = pair
        jpn.grants(KOR, not_after=jpn.clock())
        jpn.clock.move(days=days)
        assert jpn.pulls(kor).views == 1

    def test_what_comes_is_judged_by_todays_date(self, pair: tuple[Node, Node]) -> None:
        """
        What may be handed to us has run out since the rules were read; nobody else has noticed yet.
        """
        kor, jpn = pair
        with jpn.database.read() as db:
            [held] = [
                each for each in own.mission_clearances(db, received=True) if each.policy_id == EXERCISE.id
            ]
        ends = changed(held, not_after=jpn.clock())
        jpn.database.write(lambda db: own.set_mission_clearance(db, ends, received=True))
        assert jpn.pulls(kor).views == 1
        jpn.clock.move(days=1)
        kor.releases(f"{SECRET} {TEXT} 2", to=[JPN])
        assert jpn.pulls(kor).quarantined == 1

    @pytest.mark.parametrize("days", [1, 3650, -1, -3650])
    def test_a_clock_that_jumps_loses_nothing(self, pair: tuple[Node, Node], days: int) -> None:
        """
        On either side, by a day or ten years, forward or back: all arrives, once, in the order of the stream.
        """
        kor, jpn = pair
        items = jpn.listed()
        for node in (jpn, kor):
            node.clock.move(days=days)
            items.append(kor.releases(f"{SECRET} {TEXT} {node.office} {days}", to=[JPN]))
            jpn.pulls(kor)
            node.clock.move(days=-2 * days)
            items.append(kor.releases(f"{SECRET} {TEXT} back {node.office} {days}", to=[JPN]))
            jpn.pulls(kor)
        jpn.catches_up(kor)
        numbers = [kor.deliveries(item)[0].number for item in items]
        assert numbers == sorted(numbers, key=lambda number: number or 0)
        assert set(items) < set(jpn.listed())
        assert {each.state for each in kor.deliveries()} == {"receipted"}
        assert (kor.faults(), jpn.faults()) == ((), ())

    def test_an_idle_link_is_written_down_as_alive_now_and_then(self, village: Village) -> None:
        """
        Whether the other side was there is told, also when the clock went back.
        """
        kor, jpn = village.pair(KOR, JPN)
        jpn.pulls(kor)
        first = jpn.peer(KOR).reached
        jpn.clock.move(seconds=5)
        jpn.pulls(kor)
        assert jpn.peer(KOR).reached == first
        jpn.clock.move(days=-100)
        jpn.pulls(kor)
        assert jpn.peer(KOR).reached == (jpn.clock.at.replace(microsecond=0)).isoformat()

    def test_a_receipt_is_made_once_and_goes_with_the_next_pull(self, pair: tuple[Node, Node]) -> None:
        """
        Randomised signatures are kept before they are sent: what is sent twice is the same bytes.
        """
        kor, jpn = pair
        jpn.pulls(kor)
        asked = [kor.opens(jpn.asks(kor), jpn).receipt for _ in range(2)]
        assert asked[0] == asked[1] == receipt_of(jpn)
        jpn.pulls(kor)
        assert kor.opens(jpn.asks(kor), jpn).receipt is None
        assert kor.rows("SELECT data FROM outgoing_receipt ORDER BY size DESC LIMIT 1") == [
            (receipt_of(jpn),)
        ]


def test_what_is_long_comes_as_it_is(village: Village) -> None:
    """
    A paragraph that is longer than a row is a file at both ends, and the same words.
    """
    kor, jpn = village.pair(KOR, JPN)
    text = "word " * 15_000 + "end"
    item = kor.releases(f"{SECRET} {text}", to=[JPN])
    jpn.catches_up(kor)
    assert jpn.reads(item) == [text]
    assert len(list((jpn.folder / "blobs").rglob("*.blob"))) == 1
    assert (kor.faults(), jpn.faults()) == ((), ())


def test_both_can_hand_over_to_each_other(village: Village) -> None:
    """
    Each direction is a stream of its own.
    """
    kor, jpn = village.pair(KOR, JPN)
    ours = kor.releases(f"{SECRET} {TEXT}", to=[JPN])
    theirs = jpn.releases("(S//REL JPN, KOR) An answer.", to=[KOR])
    jpn.catches_up(kor)
    kor.catches_up(jpn)
    assert (jpn.listed(), kor.listed()) == ([ours], [theirs])
    assert (kor.states(ours), jpn.states(theirs)) == ({JPN: "receipted"}, {KOR: "receipted"})


class TestAhead:
    """
    What is fetched while something else is taken in.
    """

    @pytest.fixture
    def backlog(self, village: Village, monkeypatch: pytest.MonkeyPatch) -> tuple[Node, Node]:
        """
        Six entries wait, an answer carries two, and two are as many as call for fetching ahead.
        """
        kor, jpn = village.pair(KOR, JPN)
        monkeypatch.setattr(handing_over, "ENTRIES_MAX", 2)
        monkeypatch.setattr(pulling_module, "ENTRIES_MAX", 4)
        for number in range(5):
            kor.releases(f"(C//REL KOR, JPN) Number {number}.", to=[JPN])
        return kor, jpn

    def test_the_next_answer_is_there_when_this_one_is_taken_in(self, backlog: tuple[Node, Node]) -> None:
        """
        Every item comes once, each answer is asked for once, and all is receipted in the end.
        """
        kor, jpn = backlog
        asked: list[bytes] = []

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            asked.append(b"".join(pieces))
            return kor.answers([asked[-1]])

        jpn.pulls(kor, way)
        ahead = jpn.from_(kor)._ahead
        assert ahead is not None
        ahead.join()
        assert len(asked) == 2, "the second was asked for beside the first"
        jpn.pulls(kor, way)
        jpn.pulls(kor, way)
        jpn.pulls(kor, way)
        assert len(asked) == 5, "three with something in them, one ahead without, one with the last receipt"
        assert jpn.rows("SELECT count(*) FROM view") == [(5,)]
        assert {each.state for each in kor.deliveries()} == {DeliveryState.RECEIPTED}

    def test_what_does_not_follow_on_what_is_held_is_dropped(
        self, backlog: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A commit fails; what was fetched on top of it is asked for again, and nothing is receipted for it.
        """
        kor, jpn = backlog

        def full(*_: Any, **__: Any) -> None:
            raise StoreError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(Pulling, "_commit", full)
            with unchanged(jpn), pytest.raises(StoreError, match="full"):
                jpn.pulls(kor)
        assert jpn.from_(kor)._ahead is not None
        jpn.catches_up(kor)
        assert jpn.rows("SELECT count(*) FROM view") == [(5,)]
        assert {each.state for each in kor.deliveries()} == {DeliveryState.RECEIPTED}

    def test_what_fails_ahead_is_told_at_the_next_pull_and_tried_again(
        self, backlog: tuple[Node, Node]
    ) -> None:
        """
        The line breaks after the first answer: that one is kept.
        """
        kor, jpn = backlog
        answers = iter([kor.answers])

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            for each in answers:
                return each(pieces)
            raise UnreachableError("the line is broken")

        assert jpn.pulls(kor, way).entries == 2
        with unchanged(jpn), pytest.raises(UnreachableError):
            jpn.pulls(kor, way)
        jpn.catches_up(kor)
        assert jpn.rows("SELECT count(*) FROM view") == [(5,)]

    def test_a_link_that_was_frozen_meanwhile_takes_nothing_in(self, backlog: tuple[Node, Node]) -> None:
        """
        What was fetched before is not taken in after.
        """
        kor, jpn = backlog
        jpn.pulls(kor)
        jpn.database.write(lambda db: peers.set_link(db, KOR, "frozen", "a person said so"))
        with unchanged(jpn), pytest.raises(RefusedError, match="frozen"):
            jpn.pulls(kor)

    def test_an_answer_that_is_not_full_fetches_nothing(self, pair: tuple[Node, Node]) -> None:
        """
        An idle link is not asked twice.
        """
        kor, jpn = pair
        jpn.pulls(kor)
        assert jpn.from_(kor)._ahead is None
