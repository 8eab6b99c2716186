# SPDX-License-Identifier: Apache-2.0
"""
Taking notice: a withdrawal or a certificate of destruction that came as a file, by whatever way.

Both are signed objects. A file that holds one is judged as if whoever signed it had sent it; what does not hold is told
to the person who brings it, and not kept. What holds has its effect, as if it had come in a stream.
"""

from legation.errors import MalformedError, RefusedError, SignatureError
from legation.exchange import RefusalCode
from legation.item.destruction import DESTRUCTION
from legation.item.withdrawal import WITHDRAWAL
from legation.keys.card import Card
from legation.keys.sign import KeyId
from legation.labels.label import check_name
from legation.node.rules import RuleBook, Rules
from legation.node.surroundings import Surroundings
from legation.node.withdrawal.certifying import accept_certificate, judge_certificate
from legation.node.withdrawal.withdrawing import accept_withdrawal, judge_withdrawal
from legation.records import NoticeRecord
from legation.store.sqlite.database import Database, Writing
from legation.store.sqlite.items import ViewState


def take_notice(
    data: bytes, *, by: str, card: Card, database: Database, around: Surroundings
) -> NoticeRecord:
    """
    Take in a withdrawal or a certificate of destruction.

    Args:
        data: The file.
        by: Who brings it.
        card: The office's own card.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: It is neither.
        SignatureError: It is not signed as it says.
        RefusedError: Whoever signed it is not known here, or their key is not current.
    """
    check_name(by, "name")
    if data.startswith(b'{"author":'):
        return database.write(lambda db: _withdraw(db, data, card, around))
    return database.write(lambda db: _certify(db, data, card, around))


def _withdraw(db: Writing, data: bytes, card: Card, around: Surroundings) -> NoticeRecord:
    found = WITHDRAWAL.decode(data)
    rules = RuleBook(card, around).turn(db)
    source = _signer(found.author, rules)
    judged = judge_withdrawal(data, source, rules)
    _check(judged.state, judged.because, judged.refusal)
    accept_withdrawal(db, data, source=source, rules=rules, around=around)
    return NoticeRecord(what="withdrawal", item=found.item.hex(), office=source)


def _certify(db: Writing, data: bytes, card: Card, around: Surroundings) -> NoticeRecord:
    found = DESTRUCTION.decode(data)
    rules = RuleBook(card, around).turn(db)
    source = _signer(found.signer, rules)
    judged = judge_certificate(data, source, rules)
    _check(judged.state, judged.because, judged.refusal)
    if source != rules.office:
        accept_certificate(db, data, source=source, rules=rules, around=around)
    return NoticeRecord(what="destruction", item=found.item.hex(), office=source)


def _signer(key_id: bytes, rules: Rules) -> str:
    author = rules.pinned.item_key(KeyId(key_id))
    if author is None:
        raise RefusedError(
            "whoever signed it is not known here", hint="add their card, and confirm it: legation peer add"
        )
    return str(author.office)


def _check(state: ViewState | None, because: str, refusal: RefusalCode | None) -> None:
    if refusal is RefusalCode.MALFORMED:
        raise MalformedError("it is neither a withdrawal nor a certificate of destruction")
    if state is None:
        raise SignatureError("it is not signed as it says")
    if state is not ViewState.HELD:
        raise RefusedError(f"it is not taken in: {because}")
