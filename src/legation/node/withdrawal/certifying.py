# SPDX-License-Identifier: Apache-2.0
"""
Certificates of destruction that come: judged, kept, and passed on towards the author.

Rules kept here:

1. A certificate is judged when it comes, like a withdrawal: the key must be a current item key of the office that it
   names, or a retired one where that office itself brings it. What held goes on to hold; what was set apart is judged
   again when a card is confirmed.
2. It says of that one office that it has destroyed what it held. It changes no delivery and deletes nothing here.
3. Of another's item it is passed on byte for byte, one step towards the author: to the author's own office if the item
   came from there, else to whoever brought it first. Nobody else hears of it.
"""

from dataclasses import dataclass
from hashlib import sha256

from legation.errors import MalformedError, SignatureError
from legation.exchange import EntryKind, RefusalCode
from legation.item.destruction import DESTRUCTION, Destruction, verify_destruction
from legation.keys.card import KeyState
from legation.keys.sign import KeyId
from legation.node.rules import Rules
from legation.node.streams.numbering import append, begun
from legation.node.surroundings import Surroundings
from legation.store.sqlite import destructions, items
from legation.store.sqlite.database import Reading, Writing
from legation.store.sqlite.items import ViewState


@dataclass(frozen=True, kw_only=True)
class JudgedDestruction:
    """A certificate that came, and where it goes; ``state`` None: refused for ever, with this code."""

    state: ViewState | None
    because: str = ""
    refusal: RefusalCode | None = None
    found: Destruction | None = None
    office: str = ""


def judge_certificate(data: bytes, sender: str, rules: Rules) -> JudgedDestruction:
    """
    Say what becomes of a certificate that came from *sender*.

    What has not the form of one is refused, whatever we trust. One that its key did not sign for the office that it names
    is refused if the sender is the office whose key it is, and set apart otherwise: to others a refusal would tell whom
    we have pinned.
    """
    try:
        found = DESTRUCTION.decode(data)
    except MalformedError:
        return JudgedDestruction(state=None, refusal=RefusalCode.MALFORMED)
    key = rules.pinned.item_key(KeyId(found.signer))
    if key is None:
        return _apart(found, "the card of who signed it is not pinned")
    office = str(key.office)
    is_from_there = office in {sender, rules.office}
    if key.state is not KeyState.CURRENT and not (key.state is KeyState.RETIRED and is_from_there):
        return _apart(found, f"the key that signed it is {key.state.value}", office)
    try:
        verify_destruction(data, rules.pinned, trusts_retired=is_from_there)
    except SignatureError:
        if not is_from_there:
            return _apart(found, "its key did not sign it for that office", office)
        return JudgedDestruction(state=None, refusal=RefusalCode.SIGNATURE)
    return JudgedDestruction(state=ViewState.HELD, found=found, office=office)


def _apart(found: Destruction, because: str, office: str = "") -> JudgedDestruction:
    return JudgedDestruction(state=ViewState.QUARANTINED, because=because, found=found, office=office)


def accept_certificate(
    db: Writing, data: bytes, *, source: str, rules: Rules, around: Surroundings
) -> JudgedDestruction:
    """
    Take in a certificate, whoever brings it, and pass it on towards the author; twice does no harm.

    Args:
        db: The change; everything is in it.
        data: The certificate, byte for byte.
        source: The office that it came from.
        rules: The rules of this change.
        around: Clock and dice.
    """
    judged = judge_certificate(data, source, rules)
    _keep(db, data, judged, source=source, rules=rules, around=around)
    return judged


def judge_again(db: Writing, *, rules: Rules, around: Surroundings) -> None:
    """Judge anew the certificates that are set apart, as when they came; cards may have been confirmed since."""
    for each in destructions.apart(db):
        judged = judge_certificate(each.data, each.source, rules)
        if judged.state is not None and judged.because != each.because:
            _keep(db, each.data, judged, source=each.source, rules=rules, around=around)


def _keep(
    db: Writing, data: bytes, judged: JudgedDestruction, *, source: str, rules: Rules, around: Surroundings
) -> None:
    if judged.state is None or judged.found is None:
        return
    is_new = destructions.save_certificate(
        db,
        data=data,
        item_id=judged.found.item,
        office=judged.office,
        source=source,
        destroyed_at=judged.found.time,
        withdrawal=judged.found.withdrawal,
        at=around.seconds(),
        state=judged.state,
        because=judged.because,
    )
    if is_new:
        onward = _towards_author(db, judged.found.item, source)
        if onward:
            append_certificate(db, onward, data, rules=rules, around=around)


def _towards_author(db: Reading, item_id: bytes, source: str) -> str:
    """The one office to which word of an item goes that came here from elsewhere; empty if it is our own."""
    item = items.item(db, item_id)
    if item is None or item.is_own:
        return ""
    came_from = [each for each in destructions.bringers(db, item_id) if each != source]
    return item.office if item.office in came_from else next(iter(came_from), "")


def append_certificate(db: Writing, office: str, data: bytes, *, rules: Rules, around: Surroundings) -> None:
    """Append a certificate to the stream to an office."""
    stream = begun(db, office, epoch=rules.epoch, around=around)
    append(db, stream, [(EntryKind.DESTRUCTION, data, None)], epoch=rules.epoch, around=around)


def certificate_hash(data: bytes) -> bytes:
    """What names a certificate in the store and in the log."""
    return sha256(data).digest()
