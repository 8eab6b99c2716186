# SPDX-License-Identifier: Apache-2.0
"""
Lies in pulls: AUS@NATO asks JPN@NATO for what is not its own, or says that it holds what it does not.
"""

import json
from base64 import b64encode

from msgspec.structs import replace as changed

from legation.encoding import encode
from legation.errors import MalformedError, RemoteProtocolError, SealError, SignatureError, VerificationError
from legation.exchange import Answer, Fetch, Former, write_envelope
from tests.federation.attacker import leaves_to, position, pull, raw_pull, receipt, receipt_of
from tests.federation.lies_in_answers import HUGE
from tests.federation.lying import Book, lie
from tests.federation.stage import AUS, CANARY, FROZEN, JPN, KOR, PAUSED, Stage, mark

PULLS: Book = {}
OTHER_HISTORY = "shows another history than ours"


# In whose name.


@lie(PULLS, refused=SignatureError)
def in_the_name_of_another(stage: Stage) -> None:
    """AUS@NATO asks for the stream to KOR@NATO."""
    pull(stage, sender=KOR)


@lie(PULLS, refused=SignatureError)
def signed_by_an_item_key(stage: Stage) -> None:
    """A key that is for items."""
    pull(stage, signer=stage.aus.home.signing.item)


@lie(PULLS, refused=SealError, saying="does not open")
def a_pull_for_another(stage: Stage) -> None:
    """What KOR@NATO asked AUS@NATO, handed on to JPN@NATO."""
    stage.jpn.takes([stage.kor.asks(stage.aus)])


@lie(PULLS, refused=SignatureError, saying="another receiver")
def a_pull_for_another_sealed_anew(stage: Stage) -> None:
    """Signed for KOR@NATO, sealed to JPN@NATO."""
    pull(stage, receiver=KOR)


@lie(PULLS, refused=RemoteProtocolError, saying="answered before")
def a_pull_twice(stage: Stage) -> None:
    """Word for word."""
    asked = stage.aus.asks_with(stage.jpn, position=position(stage, 2))
    for _ in range(2):
        stage.jpn.hears(asked)


@lie(PULLS, refused=RemoteProtocolError, saying="answered before")
def a_pull_of_another_that_was_recorded(stage: Stage) -> None:
    """KOR@NATO asked, and AUS@NATO sends it once more: not even its size is told."""
    asked = stage.kor.asks(stage.jpn)
    stage.jpn.takes([asked])
    stage.jpn.takes([asked])


@lie(PULLS, refused=SignatureError, saying="another purpose")
def an_answer_as_a_pull(stage: Stage) -> None:
    """Sealed to the right key, and signed for something else."""
    found = Answer(sender=AUS, receiver=JPN, nonce=bytes(16), pull=bytes(32), incarnation=bytes(16), start=0)
    aus = stage.aus
    pieces = write_envelope(
        found,
        [],
        signer=aus.home.signing.stream.ed25519,
        to=stage.jpn.card.seal_key,
        secret=aus.around.random(32),
        sealer=aus.around.sealer,
    )
    stage.jpn.takes(pieces)


# What the letter is like.


@lie(PULLS, refused=MalformedError)
def of_another_protocol(stage: Stage) -> None:
    """A version that there is not."""
    raw_pull(stage, lambda found: found.update(protocol=99))


@lie(PULLS, refused=MalformedError)
def with_a_field_that_is_unknown(stage: Stage) -> None:
    """Extraneous content."""
    raw_pull(stage, lambda found: found.update(synchronized=True))


@lie(PULLS, refused=MalformedError)
def that_waits_for_ever(stage: Stage) -> None:
    """A long poll has a limit."""
    raw_pull(stage, lambda found: found.update(wait_s=HUGE))


@lie(PULLS, refused=MalformedError)
def with_a_weak_answer_key(stage: Stage) -> None:
    """An answer would be sealed to a key that everybody knows."""
    raw_pull(stage, lambda found: found["answer_key"].update(key="AAAA"))


@lie(PULLS, refused=MalformedError)
def with_an_algorithm_of_its_own(stage: Stage) -> None:
    """The suite is fixed, and not read out of a message."""
    raw_pull(stage, lambda found: found["answer_key"].update(algorithm="none"))


@lie(PULLS, refused=MalformedError, saying="something else")
def that_asks_for_two_things(stage: Stage) -> None:
    """Chunks, and a receipt besides."""
    fetch = {"incarnation": "AAAAAAAAAAAAAAAAAAAAAA==", "number": 1, "root": "A" * 43 + "=", "size": 1}
    raw_pull(stage, lambda found: found.update(fetch=fetch, wait_s=1))


@lie(PULLS, refused=MalformedError, saying="root")
def nothing_with_a_root(stage: Stage) -> None:
    """A position of no entries, and yet a history."""
    told = {"incarnation": "AAAAAAAAAAAAAAAAAAAAAA==", "size": 0, "root": "A" * 43 + "="}
    raw_pull(stage, lambda found: found.update(position=told))


@lie(PULLS, refused=MalformedError)
def that_is_far_too_long(stage: Stage) -> None:
    """More than an honest pull ever has."""
    raw_pull(stage, lambda found: found.update(nonce="A" * 300_000))


@lie(PULLS, refused=RemoteProtocolError, saying="spoke 2 before", told="spoke 2 before", goes_on=False)
def of_a_lower_protocol_than_it_has_spoken(stage: Stage) -> None:
    """Whoever stands between two that speak a later version would have them speak an older one."""
    stage.jpn.runs("UPDATE peer SET protocol = 2 WHERE office = ?", (AUS,))
    stage.begins()
    pull(stage, position=position(stage, 2))


# Receipts.


@lie(PULLS, refused=SignatureError, told="its receipt is refused")
def a_receipt_for_what_was_never_sent(stage: Stage) -> None:
    """H26: over entries to come; our own signature is not on it."""
    pull(stage, receipt=receipt(stage, 9))


@lie(PULLS, refused=SignatureError, told="its receipt is refused")
def a_receipt_for_the_last_number_there_is(stage: Stage) -> None:
    """Nothing is counted up to there."""
    pull(stage, receipt=receipt(stage, 9, stated=HUGE))


@lie(PULLS, refused=SignatureError, told="its receipt is refused")
def a_receipt_of_a_stream_that_never_was(stage: Stage) -> None:
    """Under our name, of an incarnation that nobody drew."""
    pull(stage, receipt=receipt(stage, 2, incarnation=bytes(16)))


@lie(PULLS, refused=SignatureError, told="its receipt is refused")
def a_receipt_without_our_own_signature(stage: Stage) -> None:
    """AUS@NATO signs as JPN@NATO, and cosigns that."""
    pull(stage, receipt=receipt(stage, 2))


@lie(PULLS, refused=SignatureError, told="its receipt is refused")
def a_receipt_that_another_cosigned(stage: Stage) -> None:
    """KOR@NATO lends its keys for it."""
    pull(stage, receipt=receipt(stage, 2, theirs=True, cosigner=stage.kor, name=AUS))


@lie(PULLS, refused=VerificationError, saying="another origin", told="its receipt is refused")
def the_receipt_of_another(stage: Stage) -> None:
    """What KOR@NATO has receipted to JPN@NATO, handed in by AUS@NATO."""
    pull(stage, receipt=receipt_of(stage.kor, JPN))


@lie(PULLS, refused=VerificationError, saying="another origin", told="its receipt is refused")
def a_receipt_over_its_own_stream(stage: Stage) -> None:
    """What JPN@NATO receipted to AUS@NATO, given back to it."""
    pull(stage, receipt=receipt_of(stage.jpn, AUS))


@lie(PULLS, refused=MalformedError, told="its receipt is refused")
def a_receipt_that_is_none(stage: Stage) -> None:
    """Any bytes."""
    pull(stage, receipt=b"received, with thanks")


@lie(PULLS, left=frozenset())
def a_receipt_twice(stage: Stage) -> None:
    """It counts once."""
    pull(stage, receipt=receipt_of(stage.aus, JPN), position=position(stage, 2))


@lie(PULLS, left=FROZEN, link="frozen", told=f"a receipt {OTHER_HISTORY}")
def a_receipt_over_another_history(stage: Stage) -> None:
    """It carries our own signature over what we never signed: both are kept."""
    new_for_aus(stage)
    found = pull(stage, receipt=receipt(stage, 3, root=bytes(32), theirs=True), position=position(stage, 3))
    assert gives_nothing(found)


# Positions.


@lie(PULLS, left=PAUSED, link="paused", told="holds more of our stream")
def a_position_beyond_our_stream(stage: Stage) -> None:
    """Nothing is given or signed, its own link waits for persons, and it is asked for what would prove it."""
    assert asks_for_proof(pull(stage, position=position(stage, 2, size=99)))


@lie(PULLS, left=PAUSED, link="paused", told="holds more of our stream")
def a_position_at_the_end_of_all_numbers(stage: Stage) -> None:
    """As far as numbers go."""
    assert asks_for_proof(pull(stage, position=position(stage, 2, size=HUGE)))


@lie(PULLS, left=PAUSED, link="paused", told="is not known here")
def a_position_of_another_incarnation(stage: Stage) -> None:
    """Of a stream that never was."""
    assert asks_for_proof(pull(stage, position=position(stage, 2, incarnation=bytes(16))))


@lie(PULLS, left=PAUSED, link="paused", told="is not known here")
def a_position_in_the_stream_to_another(stage: Stage) -> None:
    """Where KOR@NATO stands: it tells nothing of that, and moves nothing there."""
    [(incarnation,)] = stage.jpn.rows("SELECT incarnation FROM outgoing WHERE office = ?", (KOR,))
    assert asks_for_proof(pull(stage, position=position(stage, 2, incarnation=incarnation)))


@lie(PULLS, left=FROZEN, link="frozen", told=f"its position {OTHER_HISTORY}")
def a_position_in_another_history(stage: Stage) -> None:
    """Of a size that we have, with another root."""
    assert gives_nothing(pull(stage, position=position(stage, 2, root=bytes(32))))


@lie(PULLS)
def a_position_below_its_receipt(stage: Stage) -> None:
    """It is asked back, and given nothing."""
    found = pull(stage, position=position(stage, 1))
    assert (found.entries, found.challenge is not None) == ((), True)


@lie(PULLS)
def nothing_below_its_receipt(stage: Stage) -> None:
    """No position at all is below every receipt."""
    found = pull(stage)
    assert (found.entries, found.challenge is not None) == ((), True)


@lie(PULLS)
def a_challenge_that_was_guessed(stage: Stage) -> None:
    """Nobody answers one that was not issued."""
    assert pull(stage, position=position(stage, 1), challenge=bytes(16)).entries == ()


@lie(PULLS)
def the_challenge_of_another(stage: Stage) -> None:
    """What KOR@NATO was asked, AUS@NATO gives back."""
    asked = stage.jpn.hears(stage.kor.asks_with(stage.jpn))
    assert asked.challenge is not None
    assert pull(stage, position=position(stage, 1), challenge=asked.challenge).entries == ()


@lie(PULLS)
def a_challenge_that_is_old(stage: Stage) -> None:
    """It was issued ten minutes ago."""
    asked = pull(stage)
    stage.jpn.clock.move(minutes=10)
    assert pull(stage, position=position(stage, 1), challenge=asked.challenge).entries == ()


@lie(PULLS, left=frozenset({"evidence"}))
def a_loss_that_it_swears_to(stage: Stage) -> None:
    """It gets back what was its own, and that is kept as evidence; twice with one challenge it does not."""
    asked = pull(stage)
    found = pull(stage, position=position(stage, 1), challenge=asked.challenge)
    assert len(found.entries) == 1
    assert pull(stage, position=position(stage, 1), challenge=asked.challenge).entries == ()


# What was left.


@lie(PULLS, left=frozenset({"held_there"}))
def what_it_held_of_a_stream_that_never_was(stage: Stage) -> None:
    """Its word about what we left is kept, and stops nothing."""
    nowhere = Former(incarnation=bytes(16), size=HUGE, root=bytes(32))
    found = pull(stage, position=position(stage, 2), old=(nowhere,))
    assert gives_nothing(found)


@lie(PULLS, refused=SignatureError, told="its receipt is refused")
def a_receipt_of_a_stream_that_never_was_left(stage: Stage) -> None:
    """Without our own signature."""
    false = receipt(stage, 9, incarnation=bytes(16))
    nowhere = Former(incarnation=bytes(16), size=9, root=bytes(32), receipt=false)
    pull(stage, position=position(stage, 2), old=(nowhere,))


@lie(PULLS, refused=MalformedError)
def the_present_stream_as_one_that_was_left(stage: Stage) -> None:
    """It would be in two places of one stream."""
    here = position(stage, 2)
    told = json.loads(encode(here))
    raw_pull(stage, lambda found: found.update(position=told, old=[told]))


@lie(PULLS, refused=MalformedError, saying="expected at most")
def more_streams_that_were_left_than_there_can_be(stage: Stage) -> None:
    """A list without end."""
    told = json.loads(encode(position(stage, 2)))
    many = [told | {"incarnation": b64encode(bytes([each] * 16)).decode()} for each in range(200)]
    raw_pull(stage, lambda found: found.update(position=told, old=many))


# Attachments.


@lie(PULLS)
def chunks_of_what_is_not_its_own(stage: Stage) -> None:
    """Of the stream to another, of a number that there is not, of no file: one answer, of one length."""
    [(ours,)] = stage.jpn.rows("SELECT incarnation FROM outgoing WHERE office = ?", (AUS,))
    [(theirs,)] = stage.jpn.rows("SELECT incarnation FROM outgoing WHERE office = ?", (KOR,))
    honest = Fetch(incarnation=ours, number=1, root=bytes(32), size=10)
    for fetch in (
        honest,
        changed(honest, incarnation=theirs),
        changed(honest, incarnation=bytes(16)),
        changed(honest, number=HUGE),
        changed(honest, size=1 << 34, first=16_000),
    ):
        found = pull(stage, fetch=fetch)
        assert (found.chunks, found.entries, found.checkpoint) == ((), (), None)
        assert (found.incarnation, found.start) == (fetch.incarnation, fetch.number)


# Helpers.


def new_for_aus(stage: Stage) -> None:
    """Let JPN@NATO hand AUS@NATO another entry; the comparison begins then."""
    stage.jpn.releases(f"{mark('JPN', 'AUS')} {CANARY} to you.", to=[AUS])
    stage.aus.pulls(stage.jpn)
    assert len(leaves_to(stage.jpn, AUS)) == 3
    stage.begins()


def asks_for_proof(found: Answer) -> bool:
    """Whether an answer has no entry and no checkpoint, and a challenge."""
    return (found.entries, found.checkpoint, found.challenge is not None) == ((), None, True)


def gives_nothing(found: Answer) -> bool:
    """Whether an answer has no entry, no checkpoint and no challenge."""
    return (found.entries, found.checkpoint, found.challenge) == ((), None, None)
