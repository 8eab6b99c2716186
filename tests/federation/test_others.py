# SPDX-License-Identifier: Apache-2.0
"""
What AUS@NATO can do to what is KOR@NATO's, where both have a hand in one thing: nothing.

The same bytes come from both, or the same document, or the same incarnation. What KOR@NATO handed over stays as it is.
"""

from collections.abc import Iterable, Iterator

import pytest
from msgspec.structs import replace as changed

from legation.exchange import (
    Answer,
    Carried,
    Chunk,
    EntryHeader,
    EntryKind,
    Envelope,
    Predecessor,
    Pull,
    Start,
    Void,
    header_of,
    write_envelope,
    write_start,
    write_view,
    write_void,
)
from legation.item.attachment import chunk_hash, measured
from legation.item.draft import Draft, DraftPortion
from legation.item.draws import SecretDraws
from legation.item.portion import Attachment, Kind, Text
from legation.item.signing import sign
from legation.item.view import cut, inspect
from legation.item.withdrawal import withdraw
from legation.keys.sign import Ed25519Signer
from legation.labels import parse_mark, reference_to
from legation.log import Frontier
from legation.merkle import Hash
from tests.federation.attacker import SOON, answer, checkpoint, leaves_to, with_bad_signature
from tests.federation.keeping import sends
from tests.federation.lies_in_entries import STRANGER
from tests.federation.stage import AUS, JPN, KOR, Stage, mark
from tests.formats.drafts import EXERCISE
from tests.node.pair import Node, a_slip
from tests.node.streams.test_pulling import apart, refusals

FOR_ALL = mark("KOR", "JPN", "AUS")


def item_by(
    node: Node, *paragraphs: tuple[str, str], document: bytes = bytes(16), time: int = SOON, **more: bool
) -> bytes:
    """A whole item that a node's key signed, of whatever document and time its author likes."""
    draft = Draft(
        kind=Kind.REPORT,
        policies=(reference_to(EXERCISE),),
        portions=tuple(
            DraftPortion(label=parse_mark(EXERCISE, place), portion=Text(text=text, **more))  # type: ignore[arg-type]
            for place, text in paragraphs
        ),
    )
    draws = SecretDraws(bytes(32), bytes(32), draft.digest)
    return sign(draft, document=document, time=time, signer=node.home.signing.item, draws=draws)


def hands(node: Node, view: bytes) -> int:
    """Hand a view over to JPN@NATO, whatever it is; the number of its entry."""
    node.appends(JPN, (EntryKind.VIEW, write_view(a_slip(JPN), view)))
    return len(leaves_to(node, JPN)) - 1


def shown(stage: Stage, view: bytes) -> list[str]:
    """What JPN@NATO shows of an item."""
    return stage.jpn.reads(inspect(view).item_id.hex())


class TestTheSameCopy:
    @pytest.mark.parametrize("first", [KOR, AUS])
    def test_to_take_back_a_copy_takes_back_ones_own_only(self, stage: Stage, first: str) -> None:
        """
        AUS@NATO passes on what KOR@NATO hands over too, and voids its entry: what came from KOR@NATO is shown.
        """
        view = item_by(stage.kor, (FOR_ALL, "Both have it."))
        nodes = [stage.kor, stage.aus] if first == KOR else [stage.aus, stage.kor]
        numbers = {}
        for node in nodes:
            numbers[node.office] = hands(node, view)
            stage.jpn.catches_up(node)
        stage.aus.appends(JPN, (EntryKind.VOID, write_void(Void(number=numbers[AUS]))))
        stage.jpn.catches_up(stage.aus)
        assert shown(stage, view) == ["Both have it."]
        assert apart(stage.jpn) == []
        stage.goes_on()

    @pytest.mark.parametrize("first", [KOR, AUS])
    def test_what_one_may_not_pass_on_is_shown_when_its_author_hands_it_over(
        self, stage: Stage, first: str
    ) -> None:
        """
        Under its originator's control it is set apart from AUS@NATO, and held from KOR@NATO, in whatever order.
        """
        view = item_by(stage.kor, (FOR_ALL, "Not to be passed on."), originator_control=True)
        for node in [stage.kor, stage.aus] if first == KOR else [stage.aus, stage.kor]:
            hands(node, view)
            stage.jpn.catches_up(node)
        assert shown(stage, view) == ["Not to be passed on."]
        stage.goes_on()

    @pytest.mark.parametrize("first", [KOR, AUS])
    def test_a_smaller_copy_does_not_hide_the_larger(self, stage: Stage, first: str) -> None:
        """
        AUS@NATO drops a layer before it passes the item on: readers are shown what KOR@NATO gave them.
        """
        whole = item_by(stage.kor, (FOR_ALL, "One."), (mark("KOR", "JPN", "AUS", level="S"), "Two."))
        smaller = cut(inspect(whole), lambda layer: layer.classification == "CONFIDENTIAL")
        for node in [stage.kor, stage.aus] if first == KOR else [stage.aus, stage.kor]:
            hands(node, whole if node is stage.kor else smaller)
            stage.jpn.catches_up(node)
        assert shown(stage, whole) == ["One.", "Two."]
        stage.goes_on()


class TestTheSameDocument:
    def test_a_later_version_by_another_office_replaces_nothing(self, stage: Stage) -> None:
        """
        AUS@NATO signs an item of the document of KOR@NATO, a day later: both are listed, each under its author.
        """
        document = bytes(range(16))
        theirs = item_by(stage.kor, (FOR_ALL, "By its author."), document=document)
        forged = item_by(stage.aus, (FOR_ALL, "By somebody else."), document=document, time=SOON + 86_400)
        for node, view in ((stage.kor, theirs), (stage.aus, forged)):
            hands(node, view)
            stage.jpn.catches_up(node)
        assert shown(stage, theirs) == ["By its author."]
        listed = {each.item: each.author for each in stage.jpn.inbox()}
        assert listed[inspect(theirs).item_id.hex()] == KOR
        assert inspect(theirs).item_id.hex() in stage.jpn.listed()
        stage.goes_on()

    def test_to_withdraw_ones_own_version_brings_back_nobodys(self, stage: Stage) -> None:
        """
        An item of the document of KOR@NATO by AUS@NATO, withdrawn: that of KOR@NATO stays as it was.
        """
        document = bytes(range(16))
        theirs = item_by(stage.kor, (FOR_ALL, "By its author."), document=document)
        forged = item_by(stage.aus, (FOR_ALL, "By somebody else."), document=document, time=SOON + 86_400)
        for node, view in ((stage.kor, theirs), (stage.aus, forged)):
            hands(node, view)
            stage.jpn.catches_up(node)
        stage.aus.appends(
            JPN, (EntryKind.WITHDRAWAL, withdraw(inspect(forged).item_id, stage.aus.home.signing.item))
        )
        stage.jpn.catches_up(stage.aus)
        assert shown(stage, theirs) == ["By its author."]
        assert inspect(forged).item_id.hex() not in stage.jpn.listed()
        stage.goes_on()


class TestTheSameIncarnation:
    def test_a_stream_that_takes_the_name_of_anothers_touches_nothing_there(self, stage: Stage) -> None:
        """
        AUS@NATO begins anew in the incarnation of the stream of KOR@NATO, and takes back what has a number there.
        """
        [(mine,)] = stage.aus.rows("SELECT incarnation FROM outgoing WHERE office = ?", (JPN,))
        [(theirs,)] = stage.kor.rows("SELECT incarnation FROM outgoing WHERE office = ?", (JPN,))
        items = sends(stage.kor, stage.jpn, "one", "two")
        stage.jpn.catches_up(stage.kor)
        held = stage.jpn.rows(
            "SELECT entry.* FROM incoming_entry AS entry JOIN incoming USING (stream_id) WHERE office = ?",
            (KOR,),
        )
        root = Frontier().extend(map(Hash, leaves_to(stage.aus, JPN)[:2])).root
        start = write_start(Start(predecessors=(Predecessor(incarnation=mine, size=2, root=root),)))
        entries = [header_of(0, EntryKind.START, start)]

        def anew(found: Answer) -> Answer:
            signed = checkpoint(stage, [each.leaf for each in entries], incarnation=theirs)
            return changed(
                found, incarnation=theirs, start=0, entries=tuple(map(_carried, entries)), checkpoint=signed
            )

        answer(stage, anew, payloads=[start])
        now = stage.jpn.rows(
            "SELECT entry.* FROM incoming_entry AS entry JOIN incoming USING (stream_id) WHERE office = ?",
            (KOR,),
        )
        assert now == held
        assert set(items) <= set(stage.jpn.listed())
        assert stage.jpn.peer(stage.kor).received == 4
        stage.exchanges(stage.kor, stage.jpn)
        assert stage.jpn.faults() == ()


def _carried(header: EntryHeader) -> Carried:
    return Carried(header=header)


class TestWhomWeTrust:
    @pytest.mark.parametrize("author", ["AUS@NATO", "KOR@NATO", "nobody", "KOR@NATO, forged", "not for us"])
    def test_what_jpn_asks_for_does_not_tell_whom_it_trusts(self, stage: Stage, author: str) -> None:
        """
        An item with a file, by an author that is known or not, signed or forged: JPN@NATO asks for the same, as often.
        """
        data = b"a plan"
        place = mark("AUS", "KOR") if author == "not for us" else FOR_ALL
        signers = {each: stage.village.nodes[each].home.signing.item for each in (AUS, KOR)} | {
            "nobody": STRANGER
        }
        signer = signers.get(author.split(",", maxsplit=1)[0], signers[AUS])
        view = with_file(signer, place, data)
        if "forged" in author:
            view = with_bad_signature(view)
        hands(stage.aus, view)
        asked: list[str] = []

        def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
            found = stage.aus.takes(pieces)
            asked.append(
                "entries"
                if found.letter.fetch is None
                else f"chunk {found.letter.fetch.first} of {found.letter.fetch.size}"
            )
            if found.letter.fetch is None:
                return stage.aus.answering.answer(found)
            return gives(stage.aus, found, data)

        stage.jpn.pulls(stage.aus, way)
        assert asked == ["entries", "chunk 0 of 6"]
        assert refusals(stage.jpn, AUS) == []


def with_file(signer: Ed25519Signer, place: str, data: bytes) -> bytes:
    """An item with a file, that a key signed."""
    label = parse_mark(EXERCISE, place)
    found = measured([data])
    draft = Draft(
        kind=Kind.REPORT,
        policies=(reference_to(EXERCISE),),
        portions=(
            DraftPortion(label=label, portion=Text(text="See the plan.")),
            DraftPortion(
                label=label,
                portion=Attachment(
                    name="Plan.pdf", media_type="application/pdf", size=len(data), root=found.root
                ),
            ),
        ),
    )
    draws = SecretDraws(bytes(32), bytes(32), draft.digest)
    return sign(draft, document=bytes(16), time=SOON, signer=signer, draws=draws)


def gives(node: Node, found: Envelope[Pull], data: bytes) -> Iterator[bytes]:
    """Answer a pull with the one chunk of a file."""
    fetch = found.letter.fetch
    assert fetch is not None
    chunk = Chunk(number=0, size_bytes=len(data), leaf=chunk_hash(data))
    letter = Answer(
        sender=node.office,
        receiver=found.letter.sender,
        nonce=bytes(16),
        pull=found.binding,
        incarnation=fetch.incarnation,
        start=fetch.number,
        chunks=(chunk,),
    )
    return write_envelope(
        letter,
        [data],
        signer=node.home.signing.stream.ed25519,
        to=found.letter.answer_key,
        secret=node.around.random(32),
        sealer=node.around.sealer,
    )
