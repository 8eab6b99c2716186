# SPDX-License-Identifier: Apache-2.0
"""
Lies in pushes: AUS@NATO brings JPN@NATO, unasked, what no honest node would; and answers a push with what is not so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace as changed

from legation.errors import (
    EquivocationError,
    LegationError,
    MalformedError,
    RefusedError,
    RemoteProtocolError,
    SealError,
    SignatureError,
    VerificationError,
)
from legation.exchange import (
    PUSH_SIZE_BYTES_MAX,
    Carried,
    Enclosed,
    Push,
    Taken,
    TakenBack,
    read_envelope,
    write_envelope,
)
from legation.item.attachment import measured
from tests.federation.attacker import bent, checkpoint, leaves_to, position, receipt, receipt_of, sealed
from tests.federation.lies_in_bags import attaches
from tests.federation.lying import NOTHING, Book, lie
from tests.federation.stage import AUS, CANARY, FROZEN, JPN, KOR, PAUSED, Stage, mark

PUSHES: Book = {}


# Bringing.


@lie(PUSHES, refused=SignatureError)
def in_the_name_of_another(stage: Stage) -> None:
    """As if KOR@NATO brought it."""
    push(stage, lambda found: changed(found, sender=KOR))


@lie(PUSHES, refused=SignatureError, saying="another receiver")
def for_another(stage: Stage) -> None:
    """Signed for KOR@NATO, sealed to JPN@NATO."""
    push(stage, lambda found: changed(found, receiver=KOR))


@lie(PUSHES, refused=SealError, saying="does not open")
def a_push_to_another(stage: Stage) -> None:
    """What was brought to KOR@NATO, brought to JPN@NATO too."""
    stage.aus.releases(f"{mark('AUS', 'KOR')} {CANARY} for KOR.", to=[KOR])
    list(stage.jpn.is_pushed([written(stage, to=KOR)]))


@lie(PUSHES, refused=SignatureError)
def signed_by_an_item_key(stage: Stage) -> None:
    """A key that is for items."""
    push(stage, signer=stage.aus.home.signing.item)


@lie(PUSHES, left=NOTHING, refused=RemoteProtocolError, saying="answered before")
def a_push_twice(stage: Stage) -> None:
    """Word for word: the second time nothing is answered."""
    envelope = written(stage)
    list(stage.jpn.is_pushed([envelope]))
    stage.begins()
    list(stage.jpn.is_pushed([envelope]))


@lie(PUSHES, refused=MalformedError)
def of_another_protocol(stage: Stage) -> None:
    """A version that there is not."""
    raw(stage, lambda found: found.update(protocol=99))


@lie(PUSHES, refused=MalformedError)
def with_a_field_that_is_unknown(stage: Stage) -> None:
    """Extraneous content."""
    raw(stage, lambda found: found.update(urgent=True))


@lie(PUSHES, refused=MalformedError)
def with_more_files_than_a_push_may_have(stage: Stage) -> None:
    """Each named, none there."""

    def many(found: dict[str, Any]) -> None:
        number = found["entries"][-1]["header"]["number"]
        found["enclosed"] = [
            {"number": number, "root": "A" * 43 + "=", "size": size} for size in range(1, 9_000)
        ]

    raw(stage, many)


@lie(PUSHES, left=NOTHING)
def behind_a_gap(stage: Stage) -> None:
    """It is told where JPN@NATO stands, and nothing is taken."""
    push(stage, lambda found: changed(found, start=found.start + 5, entries=moved(found, 5)))


@lie(PUSHES, left=NOTHING)
def another_incarnation(stage: Stage) -> None:
    """In the middle of a history that never began."""
    push(stage, lambda found: changed(found, incarnation=bytes(16)))


@lie(PUSHES, refused=RemoteProtocolError, saying="checkpoint is over", told="its push is refused")
def without_an_entry(stage: Stage) -> None:
    """One is left out, under a checkpoint that covers it."""
    stage.aus.releases(f"{mark('AUS', 'JPN')} {CANARY} stays.", to=[JPN])
    push(stage, lambda found: changed(found, entries=found.entries[:-1]))


@lie(PUSHES, refused=VerificationError, saying="another origin", told="its push is refused")
def a_checkpoint_of_the_stream_to_another(stage: Stage) -> None:
    """What AUS@NATO signed for KOR@NATO."""
    theirs = checkpoint(stage, leaves_to(stage.aus, KOR), receiver=KOR)
    push(stage, lambda found: changed(found, checkpoint=theirs))


@lie(
    PUSHES,
    refused=EquivocationError,
    saying="two histories",
    left=FROZEN,
    link="frozen",
    told="two histories",
)
def another_history(stage: Stage) -> None:
    """The same size that was signed before, and another root."""
    start = leaves_to(stage.aus, JPN)[0]
    false = TakenBack(number=1, leaf=bytes(32))
    signed = checkpoint(stage, [start, false.leaf])
    raw(stage, letter=lambda found: changed(found, start=1, entries=(false,), checkpoint=signed), behind=b"")


@lie(PUSHES, refused=RemoteProtocolError, saying="none of entry", told="its push is refused")
def with_a_file_of_another_item(stage: Stage) -> None:
    """What no view of the push shows."""
    data = b"of another item"

    def more(found: Push) -> Push:
        each = Enclosed(number=found.entries[-1].number, root=measured([data]).root, size=len(data))
        return changed(found, enclosed=(each,))

    push(stage, more, files=[data])


@lie(PUSHES, refused=RemoteProtocolError, saying="attachment of entry", told="its push is refused")
def without_a_file(stage: Stage) -> None:
    """All of it, or nothing."""
    attaches(stage)
    push(stage, lambda found: changed(found, enclosed=()), files=[])


@lie(PUSHES, refused=SignatureError, told="its push is refused")
def a_receipt_that_nobody_signed(stage: Stage) -> None:
    """Without our own signature: nothing of the push is taken."""
    push(stage, lambda found: changed(found, receipt=receipt(stage, 9)))


@lie(PUSHES, refused=VerificationError, saying="another origin", told="its push is refused")
def the_receipt_of_another(stage: Stage) -> None:
    """What KOR@NATO has receipted to JPN@NATO."""
    push(stage, lambda found: changed(found, receipt=receipt_of(stage.kor, JPN)))


@lie(PUSHES, refused=RefusedError, left=FROZEN, link="frozen", told="another history than ours")
def a_position_in_another_history(stage: Stage) -> None:
    """Both are kept, and nothing of the push is taken."""
    push(stage, lambda found: changed(found, position=position(stage, 2, root=bytes(32))))


# Answering.


@lie(PUSHES, refused=RemoteProtocolError, saying="another push")
def an_answer_with_another_challenge(stage: Stage) -> None:
    """A position that was said at some other time."""
    answers(stage, challenge=bytes(16))


@lie(PUSHES, refused=RemoteProtocolError, saying="another push")
def an_answer_to_another_push(stage: Stage) -> None:
    """It names another one."""
    answers(stage, push=bytes(32))


@lie(PUSHES, refused=SignatureError)
def an_answer_with_a_receipt_that_nobody_signed(stage: Stage) -> None:
    """Over entries that were never sent."""
    answers(stage, receipt=receipt(stage, 9))


@lie(
    PUSHES,
    refused=RemoteProtocolError,
    saying="holds another history",
    left=PAUSED,
    link="paused",
    told="holds more of our stream",
)
def an_answer_that_holds_more_than_there_is(stage: Stage) -> None:
    """Its own link waits for persons."""
    answers(stage, position=position(stage, 2, size=99))


# Helpers.


def written(stage: Stage, to: str = JPN) -> bytes:
    """What AUS@NATO would push, kept back on the way."""
    kept: list[bytes] = []
    # The first one only asks where the other stands.
    stage.aus.pushes(stage.village.nodes[to])

    def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
        kept.extend(pieces)
        raise LegationError("kept back")

    with suppress(LegationError):
        stage.aus.pushes(stage.village.nodes[to], way)
    return b"".join(kept)


def read(stage: Stage) -> tuple[Push, tuple[bytes, ...], list[bytes]]:
    """What AUS@NATO would push: its letter, payloads and files."""
    came: list[bytes] = []
    found = read_envelope(
        [written(stage)],
        Push,
        openers=[stage.jpn.home.signing.opener],
        receiver=JPN,
        key_of=lambda _: stage.aus.card.envelope_key,
        size_bytes_max=PUSH_SIZE_BYTES_MAX,
        take=lambda _, pieces: came.append(b"".join(pieces)),
    )
    return found.letter, found.payloads, came


def push(
    stage: Stage,
    change: Callable[[Push], Push] = lambda found: found,
    *,
    files: Sequence[bytes] | None = None,
    **more: Any,
) -> None:
    """Push to JPN@NATO what becomes of the honest letter."""
    letter, payloads, came = read(stage)
    told = change(letter)
    pieces = write_envelope(
        told,
        payloads[: len(told.headers)],
        signer=more.get("signer", stage.aus.home.signing.stream.ed25519),
        to=stage.jpn.card.seal_key,
        secret=stage.aus.around.random(32),
        sealer=stage.aus.around.sealer,
        attached=[[each] for each in (came if files is None else files)],
    )
    list(stage.jpn.is_pushed([b"".join(pieces)]))


def raw(
    stage: Stage,
    change: Callable[[dict[str, Any]], bytes | None] = lambda found: None,
    *,
    letter: Callable[[Push], Push] = lambda found: found,
    behind: bytes | None = None,
) -> None:
    """Push a letter that was written past every check."""
    found, payloads, _ = read(stage)
    told = bent(letter(found), change)
    content = b"".join(payloads) if behind is None else behind
    list(
        stage.jpn.is_pushed([sealed(stage, told, purpose="push", to=stage.jpn.card.seal_key, behind=content)])
    )


def answers(stage: Stage, **fields: Any) -> None:
    """Let JPN@NATO push, and answer with other fields."""
    stage.jpn.pushes(stage.aus)
    stage.begins()

    def way(pieces: Iterable[bytes]) -> Iterator[bytes]:
        found = stage.aus.answering.letterbox.open(b"".join(pieces), Push)
        honest: dict[str, Any] = {
            "sender": AUS,
            "receiver": JPN,
            "nonce": bytes(16),
            "push": found.binding,
            "challenge": found.letter.challenge,
        }
        return write_envelope(
            Taken(**(honest | fields)),
            [],
            signer=stage.aus.home.signing.stream.ed25519,
            to=found.letter.answer_key,
            secret=stage.aus.around.random(32),
            sealer=stage.aus.around.sealer,
        )

    stage.jpn.pushes(stage.aus, way)


def moved(found: Push, step: int) -> tuple[Any, ...]:
    """All entries, with other numbers."""
    return tuple(Carried(header=changed(each, number=each.number + step)) for each in found.headers)
