# SPDX-License-Identifier: Apache-2.0
"""
Lies in entries: AUS@NATO numbers, signs and hands over as it should, and what it hands over is not its own.

What can never be accepted is receipted and refused by name in our stream; what depends on whom we trust is receipted and
set apart, and AUS@NATO is not told; what is out of turn refuses the whole answer.
"""

from msgspec.structs import replace as changed

from legation.errors import MalformedError, RemoteProtocolError
from legation.exchange import EntryKind, RefusalCode, Refused, Void, write_refused, write_void
from legation.item.withdrawal import WITHDRAWAL, withdraw
from legation.keys.sign import Ed25519Signer
from tests.federation.attacker import hands_over, in_the_name_of, item_by, with_bad_signature
from tests.federation.lies_in_answers import HUGE
from tests.federation.lying import Book, lie
from tests.federation.stage import AUS, CANARY, ENTRIES, JPN, KOR, Stage, mark
from tests.node.pair import Node
from tests.node.streams.test_pulling import apart, refusals

NUMBERED: Book = {}
APART = ENTRIES | {"item", "layer", "view"}
"""What is left where a view was set apart: all of it, and shown to nobody."""
TOLD = ENTRIES | {"outgoing", "outgoing_entry"}
"""What is left where an entry was refused for ever: its number and hash, and that we said so."""
STRANGER = Ed25519Signer(bytes(range(32)))


# What must come of them.


def says(stage: Stage, kind: EntryKind, payload: bytes) -> None:
    """Number an entry, and let JPN@NATO pull what was numbered; what waits comes with the next pull."""
    stage.aus.appends(JPN, (kind, payload))
    stage.jpn.pulls(stage.aus)


def withdraws(stage: Stage, data: bytes) -> None:
    """Number a withdrawal, whatever it is."""
    says(stage, EntryKind.WITHDRAWAL, data)


def refusal(stage: Stage) -> Refused:
    """A refusal of what AUS@NATO has receipted of our stream."""
    [(incarnation,)] = stage.jpn.rows("SELECT incarnation FROM outgoing WHERE office = ?", (AUS,))
    return Refused(incarnation=incarnation, number=1, code=RefusalCode.PROOF)


def item_of(stage: Stage, author: Node) -> bytes:
    """The item of an author that JPN@NATO has."""
    [(item,)] = stage.jpn.rows("SELECT item_id FROM item WHERE office = ?", (author.office,))
    return bytes(item)


def refused(stage: Stage, code: RefusalCode) -> None:
    """See that one entry is refused for ever, that AUS@NATO is told which and why, and that nothing of it stayed."""
    assert [(each.number, each.code) for each in refusals(stage.jpn, AUS)] == [(2, code)]
    [(kind,)] = stage.jpn.rows("SELECT kind FROM incoming_entry WHERE state = 'refused'")
    assert kind == EntryKind.WITHDRAWAL or f"{CANARY} forged" not in repr(stage.jpn.state())
    assert len(stage.jpn.listed()) == 2


def set_apart(stage: Stage, because: str) -> None:
    """See that one view is set apart, shown to nobody, told to our own people, and not to AUS@NATO."""
    [(source, why)] = apart(stage.jpn)
    assert source == AUS
    assert why.startswith(because)
    assert refusals(stage.jpn, AUS) == []
    assert len(stage.jpn.listed()) == 2
    assert stage.jpn.peer(AUS).quarantined == 1


def still_shown(stage: Stage, because: str = "") -> None:
    """See that a withdrawal has no effect: what it names is shown; it is kept, and AUS@NATO is told nothing."""
    assert len(stage.jpn.listed()) == 2
    assert stage.jpn.rows("SELECT source, because FROM withdrawal") == [(AUS, because)]
    assert refusals(stage.jpn, AUS) == []


def still_receipted(stage: Stage) -> None:
    """See that all that was receipted stays so."""
    assert {state for (state,) in stage.jpn.rows("SELECT state FROM delivery")} == {"receipted"}
    assert stage.jpn.peer(AUS).receipted == 2


# Items of others, and of nobody.


@lie(NUMBERED, left=TOLD, look=lambda stage: refused(stage, RefusalCode.MALFORMED))
def what_is_no_view(stage: Stage) -> None:
    """Any bytes, where a view should be."""
    hands_over(stage, f"{CANARY} forged".encode())
    stage.jpn.pulls(stage.aus)


@lie(NUMBERED, left=TOLD, look=lambda stage: refused(stage, RefusalCode.PROOF))
def a_word_that_was_altered(stage: Stage) -> None:
    """Under the signature that the author made for another word."""
    view = item_by(stage.aus.home.signing.item)
    hands_over(stage, view.replace(b"forged", b"genuin"))
    stage.jpn.pulls(stage.aus)


@lie(NUMBERED, left=TOLD, look=lambda stage: refused(stage, RefusalCode.SIGNATURE))
def its_own_item_unsigned(stage: Stage) -> None:
    """It knows that we have its card, so a refusal tells it nothing."""
    hands_over(stage, with_bad_signature(item_by(stage.aus.home.signing.item)))
    stage.jpn.pulls(stage.aus)


@lie(NUMBERED, left=TOLD, look=lambda stage: refused(stage, RefusalCode.SIGNATURE))
def an_item_in_our_own_name(stage: Stage) -> None:
    """As if JPN@NATO had written it."""
    hands_over(stage, in_the_name_of(stage.jpn, item_by(stage.aus.home.signing.item)))
    stage.jpn.pulls(stage.aus)


@lie(
    NUMBERED, left=APART, look=lambda stage: set_apart(stage, "its signature is not that of its author's key")
)
def an_item_in_the_name_of_another(stage: Stage) -> None:
    """As if KOR@NATO had written it; whether we know KOR@NATO is not told."""
    hands_over(stage, in_the_name_of(stage.kor, item_by(stage.aus.home.signing.item)))
    stage.jpn.pulls(stage.aus)


@lie(NUMBERED, left=APART, look=lambda stage: set_apart(stage, "its author's card is not pinned"))
def an_item_of_nobody(stage: Stage) -> None:
    """Of an author whom nobody knows."""
    hands_over(stage, item_by(STRANGER))
    stage.jpn.pulls(stage.aus)


@lie(NUMBERED, left=APART, look=lambda stage: set_apart(stage, "its author's card is not pinned"))
def an_item_signed_by_a_stream_key(stage: Stage) -> None:
    """One online key that was stolen makes no item."""
    key = stage.aus.home.signing.stream.ed25519
    assert isinstance(key, Ed25519Signer)
    hands_over(stage, item_by(key))
    stage.jpn.pulls(stage.aus)


@lie(
    NUMBERED,
    left=APART | {"access"},
    look=lambda stage: set_apart(stage, "by its labels it is not for this office"),
)
def an_item_that_is_not_for_us(stage: Stage) -> None:
    """Whoever wrote it does not want us to have it: we do not read it either."""
    hands_over(stage, item_by(stage.aus.home.signing.item, mark_=mark("AUS", "KOR")))
    stage.jpn.pulls(stage.aus)


@lie(NUMBERED, left=TOLD, look=lambda stage: refused(stage, RefusalCode.ADDRESSEE))
def a_slip_for_another(stage: Stage) -> None:
    """What is for KOR@NATO, in the stream to JPN@NATO."""
    hands_over(stage, item_by(stage.aus.home.signing.item), addressee=KOR)
    stage.jpn.pulls(stage.aus)


# Withdrawals.


@lie(NUMBERED, left=ENTRIES | {"withdrawal", "epoch"}, look=still_shown)
def a_withdrawal_of_anothers_item(stage: Stage) -> None:
    """AUS@NATO withdraws what KOR@NATO wrote: kept, and without effect."""
    withdraws(stage, withdraw(item_of(stage, stage.kor), stage.aus.home.signing.item))


@lie(
    NUMBERED,
    left=ENTRIES | {"withdrawal"},
    look=lambda stage: still_shown(stage, "its signature is not that of its author's key"),
)
def a_withdrawal_in_the_name_of_another(stage: Stage) -> None:
    """Under the id of a key of KOR@NATO, signed by AUS@NATO."""
    found = WITHDRAWAL.decode(withdraw(item_of(stage, stage.kor), stage.aus.home.signing.item))
    withdraws(stage, WITHDRAWAL.encode(changed(found, author=stage.kor.home.signing.item.public_key.key_id)))


@lie(
    NUMBERED,
    left=ENTRIES | {"withdrawal"},
    look=lambda stage: still_shown(stage, "its author's card is not pinned"),
)
def a_withdrawal_signed_by_a_stream_key(stage: Stage) -> None:
    """One online key that was stolen withdraws nothing."""
    key = stage.aus.home.signing.stream.ed25519
    assert isinstance(key, Ed25519Signer)
    withdraws(stage, withdraw(item_of(stage, stage.aus), key))


@lie(NUMBERED, left=TOLD, look=lambda stage: refused(stage, RefusalCode.MALFORMED))
def a_withdrawal_that_is_none(stage: Stage) -> None:
    """Any bytes."""
    withdraws(stage, f"{CANARY} is withdrawn".encode())


@lie(NUMBERED, left=TOLD, look=lambda stage: refused(stage, RefusalCode.SIGNATURE))
def its_own_withdrawal_unsigned(stage: Stage) -> None:
    """It knows that we have its card."""
    found = WITHDRAWAL.decode(withdraw(item_of(stage, stage.aus), stage.aus.home.signing.item))
    withdraws(stage, WITHDRAWAL.encode(changed(found, signature=bytes(64))))


# What takes back, refuses and begins.


@lie(NUMBERED, refused=RemoteProtocolError, saying="no view", goes_on=False)
def a_void_of_what_is_no_view(stage: Stage) -> None:
    """Only a view can be taken back; both come at once."""
    stage.aus.appends(JPN, (EntryKind.REFUSED, write_refused(refusal(stage))))
    says(stage, EntryKind.VOID, write_void(Void(number=2)))


@lie(NUMBERED, refused=RemoteProtocolError, saying="no view", left=ENTRIES, goes_on=False)
def a_void_of_what_was_no_view(stage: Stage) -> None:
    """The same, one after the other."""
    says(stage, EntryKind.REFUSED, write_refused(refusal(stage)))
    says(stage, EntryKind.VOID, write_void(Void(number=2)))


@lie(NUMBERED, refused=RemoteProtocolError, saying="not an earlier one", goes_on=False)
def a_void_of_what_comes_later(stage: Stage) -> None:
    """What is not there yet cannot be taken back."""
    says(stage, EntryKind.VOID, write_void(Void(number=HUGE)))


@lie(NUMBERED, refused=RemoteProtocolError, saying="not an earlier one", goes_on=False)
def a_void_of_itself(stage: Stage) -> None:
    """A void that takes itself back."""
    says(stage, EntryKind.VOID, write_void(Void(number=2)))


@lie(NUMBERED, refused=MalformedError, goes_on=False)
def a_void_of_the_start(stage: Stage) -> None:
    """Entry 0 is never taken back."""
    says(stage, EntryKind.VOID, b'{"number":0}')


@lie(NUMBERED, refused=MalformedError, goes_on=False)
def a_void_that_is_none(stage: Stage) -> None:
    """Any bytes."""
    says(stage, EntryKind.VOID, b"[]")


@lie(NUMBERED, left=ENTRIES, look=still_receipted)
def a_refusal_of_what_it_has_receipted(stage: Stage) -> None:
    """It receipted an entry of ours, and says now that it can never be accepted: what was receipted stays so."""
    says(stage, EntryKind.REFUSED, write_refused(refusal(stage)))


@lie(NUMBERED, left=ENTRIES, look=still_receipted)
def a_refusal_of_what_there_is_not(stage: Stage) -> None:
    """Of an incarnation and a number of nobody's."""
    told = Refused(incarnation=bytes(16), number=HUGE, code=RefusalCode.PROOF)
    says(stage, EntryKind.REFUSED, write_refused(told))


@lie(NUMBERED, left=ENTRIES, look=still_receipted)
def a_refusal_of_what_another_was_sent(stage: Stage) -> None:
    """Of an entry in our stream to KOR@NATO."""
    [(theirs,)] = stage.jpn.rows("SELECT incarnation FROM outgoing WHERE office = ?", (KOR,))
    told = Refused(incarnation=theirs, number=1, code=RefusalCode.PROOF)
    says(stage, EntryKind.REFUSED, write_refused(told))


@lie(NUMBERED, refused=MalformedError, goes_on=False)
def a_code_that_there_is_not(stage: Stage) -> None:
    """Codes are known, or refused."""
    says(stage, EntryKind.REFUSED, write_refused(refusal(stage)).replace(b'"proof"', b'"taste"'))


@lie(NUMBERED, refused=MalformedError, goes_on=False)
def a_refusal_with_more_in_it(stage: Stage) -> None:
    """Extraneous content."""
    says(stage, EntryKind.REFUSED, write_refused(refusal(stage)).replace(b"{", b'{"also":1,'))
