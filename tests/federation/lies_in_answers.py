# SPDX-License-Identifier: Apache-2.0
"""
Lies in answers: JPN@NATO asks, and AUS@NATO answers what no honest node would.
"""

import json
from collections.abc import Iterable, Iterator

from msgspec.structs import replace as changed

from legation.encoding import encode
from legation.errors import (
    EquivocationError,
    MalformedError,
    ProofError,
    RemoteProtocolError,
    SealError,
    SignatureError,
    VerificationError,
)
from legation.exchange import (
    Answer,
    Carried,
    Chunk,
    EntryKind,
    Predecessor,
    Start,
    TakenBack,
    header_of,
    write_start,
)
from legation.item.attachment import chunk_hash
from legation.log import Frontier, log_origin
from legation.merkle import Hash
from tests.federation.attacker import Fields, answer, checkpoint, leaves_to, raw_answer
from tests.federation.lying import Book, lie
from tests.federation.stage import AUS, ENTRIES, FROZEN, JPN, KOR, Stage, mark

ANSWERS: Book = {}
HUGE = 2**53 - 1  # the largest number that a letter may have


# Who speaks to whom, about what.


@lie(ANSWERS, refused=SignatureError, saying="`KOR@NATO` is not known")
def in_the_name_of_another(stage: Stage) -> None:
    """AUS@NATO says that it is KOR@NATO, whom JPN@NATO trusts too, but did not ask."""
    answer(stage, lambda found: changed(found, sender=KOR))


@lie(ANSWERS, refused=SignatureError, saying="not signed by the key")
def signed_by_another_peer(stage: Stage) -> None:
    """The keys of KOR@NATO sign an answer of AUS@NATO."""
    answer(stage, lambda found: found, signer=stage.kor.home.signing.stream.ed25519)


@lie(ANSWERS, refused=SignatureError, saying="not signed by the key")
def signed_by_an_item_key(stage: Stage) -> None:
    """A key of AUS@NATO that is for items, not for envelopes."""
    answer(stage, lambda found: found, signer=stage.aus.home.signing.item)


@lie(ANSWERS, refused=SignatureError, saying="not signed by the key")
def for_another_receiver(stage: Stage) -> None:
    """Signed for KOR@NATO, handed to JPN@NATO."""
    answer(stage, lambda found: changed(found, receiver=KOR))


@lie(ANSWERS, refused=RemoteProtocolError, saying="another pull")
def to_another_pull(stage: Stage) -> None:
    """The right receiver, and an answer to something else."""
    answer(stage, lambda found: changed(found, pull=bytes(32)))


@lie(ANSWERS, refused=SealError, saying="does not open")
def replayed(stage: Stage) -> None:
    """The answer to an earlier pull once more, word for word: its key is gone."""
    taken: list[bytes] = []

    def lost(pieces: Iterable[bytes]) -> Iterator[bytes]:
        taken.extend(stage.aus.answers(pieces))
        raise SealError("does not open: it was lost on the way")

    try:
        stage.jpn.pulls(stage.aus, lost)
    except SealError:
        stage.jpn.pulls(stage.aus, lambda _: iter(taken))


@lie(ANSWERS, refused=SealError, saying="does not open")
def an_answer_to_another_peer(stage: Stage) -> None:
    """What AUS@NATO answered KOR@NATO, handed to JPN@NATO."""
    stage.jpn.pulls(stage.aus, lambda _: stage.aus.answers([stage.kor.asks(stage.aus)]))


@lie(ANSWERS, refused=SealError, saying="does not open")
def sealed_to_the_key_of_the_card(stage: Stage) -> None:
    """Sealed to the key that lives for years, not to the one that this pull brought."""
    raw_answer(stage, lambda found: None, to=stage.jpn.card.seal_key)


@lie(ANSWERS, refused=SignatureError, saying="not signed by the key")
def a_bag_as_an_answer(stage: Stage) -> None:
    """Signed as a bag, sealed like an answer."""
    raw_answer(stage, lambda found: None, purpose="bag")


@lie(ANSWERS, refused=MalformedError)
def of_an_unknown_purpose(stage: Stage) -> None:
    """Signed for something that there is not."""
    raw_answer(stage, lambda found: None, purpose="gossip")


@lie(ANSWERS, refused=MalformedError, saying="other offices")
def a_letter_that_names_others_than_its_front(stage: Stage) -> None:
    """Outside from AUS@NATO, inside from KOR@NATO."""
    raw_answer(stage, lambda found: found.update(sender=KOR))


@lie(ANSWERS, refused=ProofError, saying="another one than was signed")
def a_letter_that_was_not_signed(stage: Stage) -> None:
    """The signature is over another letter."""
    raw_answer(stage, lambda found: None, binding=bytes(32))


# What the letter is like.


@lie(ANSWERS, refused=MalformedError)
def with_a_field_that_is_unknown(stage: Stage) -> None:
    """Extraneous content."""
    raw_answer(stage, lambda found: found.update(more="x"))


@lie(ANSWERS, refused=MalformedError)
def with_null(stage: Stage) -> None:
    """What is absent is left out, never null."""
    raw_answer(stage, lambda found: found.update(challenge=None))


@lie(ANSWERS, refused=MalformedError)
def with_a_field_twice(stage: Stage) -> None:
    """One reader would take the first, another the last."""
    raw_answer(stage, lambda found: b'{"start":0,' + _json(found)[1:])


@lie(ANSWERS, refused=MalformedError)
def with_white_space(stage: Stage) -> None:
    """The same in other bytes."""
    raw_answer(stage, lambda found: _json(found).replace(b'"start":', b'"start": '))


@lie(ANSWERS, refused=MalformedError)
def with_a_number_that_is_none(stage: Stage) -> None:
    """NaN was accepted by others, and could never be forgotten."""
    raw_answer(stage, lambda found: found.update(start=float("nan")))


@lie(ANSWERS, refused=MalformedError)
def with_a_number_that_is_huge(stage: Stage) -> None:
    """More than every reader holds exactly."""
    raw_answer(stage, lambda found: found.update(start=2**63, entries=[], checkpoint=found["checkpoint"]))


@lie(ANSWERS, refused=MalformedError)
def with_a_number_below_zero(stage: Stage) -> None:
    """There is no entry before the first."""
    raw_answer(stage, lambda found: found.update(start=-1))


@lie(ANSWERS, refused=MalformedError)
def of_great_depth(stage: Stage) -> None:
    """Brackets without end."""
    raw_answer(stage, lambda found: b"[" * 100_000)


@lie(ANSWERS, refused=MalformedError)
def a_pull_as_an_answer(stage: Stage) -> None:
    """A letter of another type."""
    raw_answer(stage, lambda found: found.update(type="pull"))


@lie(ANSWERS, refused=MalformedError)
def with_an_unknown_kind_of_entry(stage: Stage) -> None:
    """Kinds are known, or refused; nothing is skipped."""
    raw_answer(stage, lambda found: found["entries"][0]["header"].update(kind="gossip"))


@lie(ANSWERS, refused=MalformedError)
def with_another_start_entry(stage: Stage) -> None:
    """A stream starts once."""
    raw_answer(stage, lambda found: found["entries"][0]["header"].update(kind="start"))


# Entries.


@lie(ANSWERS, refused=MalformedError, saying="not numbered on")
def an_entry_twice(stage: Stage) -> None:
    """The same number for two."""
    raw_answer(
        stage, lambda found: found.update(entries=found["entries"] * 2), behind=lambda payloads: payloads * 2
    )


@lie(ANSWERS, refused=MalformedError, saying="not numbered on")
def entries_out_of_order(stage: Stage) -> None:
    """The second before the first."""
    two_wait(stage)
    raw_answer(stage, lambda found: found["entries"].reverse())


@lie(ANSWERS, refused=ProofError, saying="another root")
def entries_that_changed_places(stage: Stage) -> None:
    """Renumbered, so that they look in order."""
    two_wait(stage)
    answer(stage, swapped)


@lie(ANSWERS, refused=ProofError, saying="is another one than its header says")
def payloads_that_changed_places(stage: Stage) -> None:
    """Headers as signed, payloads the other way round."""
    two_wait(stage)

    def other_way_round(payloads: bytes) -> bytes:
        half = len(payloads) // 2
        return payloads[half:] + payloads[:half]

    raw_answer(stage, lambda found: None, behind=other_way_round)


@lie(ANSWERS, refused=ProofError, saying="is another one than its header says")
def a_payload_that_was_altered(stage: Stage) -> None:
    """One bit of it."""
    raw_answer(stage, lambda found: None, behind=lambda payloads: payloads[:-1] + bytes([payloads[-1] ^ 1]))


@lie(ANSWERS, refused=MalformedError, saying="padding")
def more_bytes_than_the_letter_says(stage: Stage) -> None:
    """Something stands where zeros should."""
    raw_answer(stage, lambda found: None, behind=lambda payloads: payloads + b"more")


@lie(ANSWERS, refused=ProofError, saying="is another one than its header says")
def fewer_bytes_than_the_letter_says(stage: Stage) -> None:
    """The payload ends early, and zeros follow."""
    raw_answer(stage, lambda found: None, behind=lambda payloads: payloads[:-1])


@lie(ANSWERS, refused=RemoteProtocolError, saying="checkpoint is over 4 entries")
def without_the_last_entry(stage: Stage) -> None:
    """One is kept back, under a checkpoint that covers it."""
    two_wait(stage)
    answer(stage, lambda found: changed(found, entries=found.entries[:-1]))


@lie(ANSWERS, refused=RemoteProtocolError, saying="answer starts at")
def an_entry_that_is_held_already(stage: Stage) -> None:
    """It starts before the position."""
    answer(stage, lambda found: moved(found, -1))


@lie(ANSWERS, refused=RemoteProtocolError, saying="answer starts at")
def entries_behind_a_gap(stage: Stage) -> None:
    """It starts behind the position."""
    answer(stage, lambda found: moved(found, 1))


@lie(ANSWERS, refused=RemoteProtocolError, saying="answer starts at")
def entries_at_the_end_of_all_numbers(stage: Stage) -> None:
    """Nothing is counted up to there."""
    answer(stage, lambda found: moved(found, HUGE - 1 - found.start))


@lie(ANSWERS, refused=MalformedError, saying="expected at most")
def entries_beyond_all_numbers(stage: Stage) -> None:
    """The number of the last one is one that there is not."""
    raw_answer(stage, lambda found: found.update(start=HUGE))


@lie(ANSWERS, refused=RemoteProtocolError, saying="another incarnation")
def another_incarnation(stage: Stage) -> None:
    """A second history does not begin by itself."""
    answer(stage, lambda found: changed(found, incarnation=bytes(16)))


@lie(ANSWERS, refused=RemoteProtocolError, saying="not with what we hold")
def a_beginning_that_does_not_name_what_is_held(stage: Stage) -> None:
    """As if there had been nothing: AUS@NATO would deny what it signed."""
    begins_anew(stage, Start())


@lie(
    ANSWERS,
    refused=EquivocationError,
    saying="two histories",
    left=FROZEN,
    link="frozen",
    told="two histories",
)
def a_beginning_that_names_another_history(stage: Stage) -> None:
    """AUS@NATO says of what it left what it did not sign: both are kept."""
    [(before,)] = stage.aus.rows("SELECT incarnation FROM outgoing WHERE office = ?", (JPN,))
    begins_anew(stage, Start(predecessors=(Predecessor(incarnation=before, size=2, root=bytes(32)),)))


@lie(ANSWERS, refused=RemoteProtocolError, saying="not with what we hold")
def a_beginning_that_names_what_another_holds(stage: Stage) -> None:
    """Its stream to KOR@NATO stands for that to JPN@NATO."""
    [(before,)] = stage.aus.rows("SELECT incarnation FROM outgoing WHERE office = ?", (KOR,))
    root = Frontier().extend(map(Hash, leaves_to(stage.aus, KOR))).root
    begins_anew(stage, Start(predecessors=(Predecessor(incarnation=before, size=2, root=root),)))


@lie(
    ANSWERS,
    left=ENTRIES - {"incoming_receipt"},
    look=lambda stage: _receipted(stage, 2),
    goes_on=False,
)
def an_entry_taken_back_that_is_never_voided(stage: Stage) -> None:
    """The position moves, and nothing that covers it is receipted: there is no void."""
    answer(
        stage,
        lambda found: changed(
            found,
            entries=tuple(TakenBack(number=each.number, leaf=each.leaf) for each in found.entries),
        ),
    )


# Checkpoints.


@lie(ANSWERS, refused=VerificationError, saying="another origin")
def a_checkpoint_of_the_stream_to_another(stage: Stage) -> None:
    """What AUS@NATO signed for KOR@NATO."""
    answer(
        stage,
        lambda found: changed(found, checkpoint=checkpoint(stage, leaves_to(stage.aus, KOR), receiver=KOR)),
    )


@lie(ANSWERS, refused=VerificationError, saying="another origin")
def a_checkpoint_of_another_incarnation(stage: Stage) -> None:
    """Of a stream between the same two, and another history."""

    def other(found: Answer) -> Answer:
        return changed(found, checkpoint=checkpoint(stage, leaves_of(stage, found), incarnation=bytes(16)))

    answer(stage, other)


@lie(ANSWERS, refused=VerificationError, saying="another origin")
def a_checkpoint_of_its_own_log(stage: Stage) -> None:
    """The same keys sign the log of the node."""
    origin = log_origin(AUS, bytes(16))
    answer(
        stage,
        lambda found: changed(found, checkpoint=checkpoint(stage, leaves_of(stage, found), origin=origin)),
    )


@lie(ANSWERS, refused=SignatureError)
def a_checkpoint_that_another_signed(stage: Stage) -> None:
    """The keys of KOR@NATO."""
    theirs = stage.kor.home.signing.stream
    answer(
        stage,
        lambda found: changed(found, checkpoint=checkpoint(stage, leaves_of(stage, found), signers=theirs)),
    )


@lie(ANSWERS, refused=MalformedError)
def a_checkpoint_with_one_signature_of_two(stage: Stage) -> None:
    """A thief of one of the two keys."""

    def half(found: Answer) -> Answer:
        assert found.checkpoint is not None
        return changed(found, checkpoint=b"".join(found.checkpoint.splitlines(keepends=True)[:-1]))

    answer(stage, half)


@lie(ANSWERS, refused=RemoteProtocolError, saying="checkpoint is over 2")
def an_old_checkpoint(stage: Stage) -> None:
    """Over what is held already, with entries that are not."""
    answer(stage, lambda found: changed(found, checkpoint=checkpoint(stage, leaves_to(stage.aus, JPN)[:2])))


@lie(ANSWERS, refused=RemoteProtocolError, saying=f"checkpoint is over {HUGE}")
def a_checkpoint_over_more_than_there_is(stage: Stage) -> None:
    """A promise of entries that do not come."""
    answer(
        stage, lambda found: changed(found, checkpoint=checkpoint(stage, leaves_of(stage, found), size=HUGE))
    )


@lie(ANSWERS, refused=EquivocationError, saying="two roots", left=FROZEN, link="frozen", told="two roots")
def another_root_of_what_is_held(stage: Stage) -> None:
    """AUS@NATO signs a second history of what it has signed: both are kept."""

    def forked(found: Answer) -> Answer:
        held = [*leaves_to(stage.aus, JPN)[:1], bytes(32)]
        return changed(found, entries=(), checkpoint=checkpoint(stage, held))

    answer(stage, forked)


# What was not asked for.


@lie(ANSWERS, refused=RemoteProtocolError, saying="asks back and never answers")
def challenges_without_end(stage: Stage) -> None:
    """It asks back, and back."""
    for _ in range(4):
        answer(stage, lambda found: changed(found, entries=(), checkpoint=None, challenge=bytes(16)))


@lie(ANSWERS, refused=MalformedError, saying="challenge")
def a_challenge_beside_entries(stage: Stage) -> None:
    """Either or."""
    raw_answer(stage, lambda found: found.update(challenge="AAAAAAAAAAAAAAAAAAAAAA=="))


@lie(ANSWERS, refused=RemoteProtocolError, saying="chunks that were not asked for")
def chunks_that_nobody_asked_for(stage: Stage) -> None:
    """Of a file that JPN@NATO knows nothing of."""
    data = b"chunk"
    leaf = chunk_hash(data)
    letter = {"chunks": [_fields(Chunk(number=0, size_bytes=len(data), leaf=leaf))]}

    def instead(found: Fields) -> None:
        for name in ("entries", "checkpoint"):
            found.pop(name)
        found.update(letter)

    raw_answer(stage, instead, behind=lambda _: data)


# Helpers.


def begins_anew(stage: Stage, start: Start) -> None:
    """Answer with the first entry of another incarnation."""
    payload = write_start(start)
    header = header_of(0, EntryKind.START, payload)

    def anew(found: Answer) -> Answer:
        signed = checkpoint(stage, [header.leaf], incarnation=bytes(range(16)))
        return changed(
            found, incarnation=bytes(range(16)), start=0, entries=(Carried(header=header),), checkpoint=signed
        )

    answer(stage, anew, payloads=[payload])


def two_wait(stage: Stage) -> None:
    """Let another report of the same length wait beside the first."""
    stage.aus.releases(f"{mark('AUS', 'JPN')} Zq7wanderer stays.", to=[JPN])


def swapped(found: Answer) -> Answer:
    """The last two entries, renumbered."""
    one, two = found.headers
    entries = (
        Carried(header=changed(two, number=one.number)),
        Carried(header=changed(one, number=two.number)),
    )
    return changed(found, entries=entries)


def moved(found: Answer, step: int) -> Answer:
    """All entries, with other numbers."""
    entries = tuple(Carried(header=changed(each, number=each.number + step)) for each in found.headers)
    return changed(found, start=found.start + step, entries=entries)


def leaves_of(stage: Stage, found: Answer) -> list[bytes]:
    """The leaves of the stream of AUS@NATO up to the end of an answer."""
    return leaves_to(stage.aus, JPN)[: found.end]


def _receipted(stage: Stage, size: int) -> None:
    assert stage.aus.peer(JPN).receipted == size
    assert stage.jpn.rows("SELECT receipt_size FROM incoming WHERE office = ?", (AUS,)) == [(size,)]


def _json(found: Fields) -> bytes:
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode()


def _fields(shape: Chunk) -> Fields:
    return dict(json.loads(encode(shape)))
