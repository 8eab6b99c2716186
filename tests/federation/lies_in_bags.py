# SPDX-License-Identifier: Apache-2.0
"""
Lies in bags: AUS@NATO hands over a file that no honest node would have packed.
"""

import json
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace as changed

from legation.encoding import encode
from legation.errors import (
    EquivocationError,
    GapError,
    MalformedError,
    ProofError,
    RefusedError,
    RemoteProtocolError,
    SealError,
    SignatureError,
    VerificationError,
)
from legation.exchange import Bag, Carried, Enclosed, TakenBack
from legation.item.attachment import measured
from tests.federation.attacker import (
    Fields,
    bag,
    checkpoint,
    leaves_to,
    position,
    receipt,
    receipt_of,
    sealed,
)
from tests.federation.lies_in_answers import HUGE
from tests.federation.lying import NOTHING, Book, lie
from tests.federation.stage import CANARY, ENTRIES, FROZEN, JPN, KOR, PAUSED, Stage, mark

BAGS: Book = {}
BROUGHT = ENTRIES | {"inbox", "inbox_layer", "item", "layer", "opened_bag", "view"}
"""What is left of a bag with a report."""


# Whose it is.


@lie(BAGS, refused=SealError, saying="does not open")
def for_another(stage: Stage) -> None:
    """A bag that KOR@NATO should have."""
    stage.aus.releases(f"{mark('AUS', 'KOR')} {CANARY} for KOR.", to=[KOR])
    opens(stage, *stage.aus.packs(stage.kor))


@lie(BAGS, refused=SignatureError, saying="another receiver")
def for_another_sealed_anew(stage: Stage) -> None:
    """Signed for KOR@NATO, sealed to JPN@NATO."""
    opens(stage, bag(stage, lambda found: changed(found, receiver=KOR)))


@lie(BAGS, refused=SignatureError)
def in_the_name_of_another(stage: Stage) -> None:
    """As if KOR@NATO had packed it."""
    opens(stage, bag(stage, lambda found: changed(found, sender=KOR)))


@lie(BAGS, refused=SignatureError)
def signed_by_an_item_key(stage: Stage) -> None:
    """A key that is for items."""
    opens(stage, bag(stage, signer=stage.aus.home.signing.item))


@lie(BAGS, refused=SignatureError, saying="another purpose")
def a_pull_as_a_bag(stage: Stage) -> None:
    """What AUS@NATO asks on the wire, in a file."""
    opens(stage, file(stage, stage.aus.asks_with(stage.jpn)))


# What the file is like.


@lie(BAGS, refused=MalformedError, saying="cut short or grew")
def cut_short(stage: Stage) -> None:
    """The last chunk is missing."""
    opens(stage, file(stage, two_chunks(stage)[:-10_000]))


@lie(BAGS, refused=SealError)
def with_chunks_in_another_order(stage: Stage) -> None:
    """H29: the first two chunks of the content change places."""
    data = two_chunks(stage)
    head, one, two = data[:1221], data[1221 : 1221 + 65_552], data[1221 + 65_552 :]
    opens(stage, file(stage, head + two + one))


@lie(BAGS, refused=SealError, saying="does not open")
def with_more_behind(stage: Stage) -> None:
    """Another envelope behind the first."""
    data = bag(stage).read_bytes()
    opens(stage, file(stage, data + data))


@lie(BAGS, refused=MalformedError, saying="padding")
def with_something_in_its_padding(stage: Stage) -> None:
    """What nobody reads could carry what nobody sees."""
    opens(stage, file(stage, told(stage, Path(bag(stage)), behind=b"x")))


@lie(BAGS, refused=MalformedError)
def with_a_field_that_is_unknown(stage: Stage) -> None:
    """Extraneous content."""
    opens(stage, file(stage, told(stage, bag(stage), more={"fetch": "http://192.0.2.1/"})))


@lie(BAGS, refused=MalformedError)
def of_another_protocol(stage: Stage) -> None:
    """A version that there is not."""
    opens(stage, file(stage, told(stage, bag(stage), more={"protocol": 99})))


@lie(BAGS, refused=MalformedError, saying="do not begin like an envelope")
def an_archive(stage: Stage) -> None:
    """A bag is no archive."""
    opens(stage, file(stage, b"PK\3\4" + bytes(70_000)))


@lie(BAGS, refused=MalformedError, saying="do not begin like an envelope")
def nothing(stage: Stage) -> None:
    """An empty file."""
    opens(stage, file(stage, b""))


@lie(BAGS, refused=MalformedError, saying="payloads of a bag have more than")
def with_more_than_is_held_in_memory(stage: Stage) -> None:
    """Two entries that say each that they are the longest there can be."""

    def huge(fields: Fields) -> None:
        [entry] = fields["entries"]
        more = json.loads(json.dumps(entry))
        more["header"]["number"] += 1
        for each in (entry, more):
            each["header"]["payload_size_bytes"] = 67_117_060
        fields["entries"].append(more)

    opens(stage, file(stage, told(stage, bag(stage), change=huge)))


# Entries.


@lie(BAGS, refused=GapError, saying="entries 2-6")
def behind_a_gap(stage: Stage) -> None:
    """Entries far behind what is held."""
    opens(stage, bag(stage, lambda found: moved(found, 5)))


@lie(BAGS, refused=GapError, saying="entries 0-1 before it did not come")
def another_incarnation(stage: Stage) -> None:
    """A second history does not begin by itself."""
    opens(stage, bag(stage, lambda found: changed(found, incarnation=bytes(16))))


@lie(BAGS, refused=RemoteProtocolError, saying="checkpoint is over 3")
def without_an_entry(stage: Stage) -> None:
    """One is left out, under a checkpoint that covers it."""
    stage.aus.releases(f"{mark('AUS', 'JPN')} {CANARY} too.", to=[JPN])
    short = bag(
        stage, lambda found: changed(found, checkpoint=checkpoint(stage, leaves_to(stage.aus, JPN)[:3]))
    )
    opens(stage, short)


@lie(BAGS, refused=ProofError, saying="another root")
def with_a_leaf_of_another(stage: Stage) -> None:
    """In the place of an entry a hash that is none."""

    def other(found: Bag) -> Bag:
        leaf = TakenBack(number=found.entries[-1].number, leaf=bytes(32))
        return changed(found, entries=(*found.entries[:-1], leaf))

    opens(stage, without_payload(stage, other))


@lie(BAGS, refused=VerificationError, saying="another origin")
def a_checkpoint_of_the_stream_to_another(stage: Stage) -> None:
    """What AUS@NATO signed for KOR@NATO."""
    theirs = checkpoint(stage, leaves_to(stage.aus, KOR), receiver=KOR)
    opens(stage, bag(stage, lambda found: changed(found, checkpoint=theirs)))


@lie(
    BAGS, refused=EquivocationError, saying="two histories", left=FROZEN, link="frozen", told="two histories"
)
def another_history(stage: Stage) -> None:
    """The same size that was signed before, and another root: both are kept."""
    before = leaves_to(stage.aus, JPN)
    false = TakenBack(number=1, leaf=bytes(32))

    def other(found: Bag) -> Bag:
        signed = checkpoint(stage, [before[0], false.leaf])
        return changed(found, start=1, entries=(false,), checkpoint=signed)

    opens(stage, without_payload(stage, other))


# What is enclosed.


@lie(BAGS, refused=RemoteProtocolError, saying="none of entry")
def with_a_file_of_another_item(stage: Stage) -> None:
    """What no view of the bag shows."""
    [data] = [b"of another item"]

    def more(found: Bag) -> Bag:
        each = Enclosed(number=found.entries[-1].number, root=measured([data]).root, size=len(data))
        return changed(found, enclosed=(each,))

    opens(stage, bag(stage, more, files=[data]))


@lie(BAGS, refused=RemoteProtocolError, saying="attachment of entry")
def without_a_file(stage: Stage) -> None:
    """Less than its views show: all of it, or nothing."""
    attaches(stage)
    opens(stage, bag(stage, lambda found: changed(found, enclosed=()), files=[]))


@lie(BAGS, refused=ProofError, saying="is another one than")
def with_another_file(stage: Stage) -> None:
    """Of the same length."""
    attaches(stage)
    packed = stage.aus.packs(stage.jpn)[0]
    whole = told(stage, packed, files=b"Plan B, of the same length")
    opens(stage, file(stage, whole))


# What rides back.


@lie(BAGS, refused=SignatureError)
def a_receipt_that_nobody_signed(stage: Stage) -> None:
    """Without our own signature; the whole bag stays closed."""
    false = receipt(stage, 2)
    opens(stage, bag(stage, lambda found: changed(found, receipt=false)))


@lie(BAGS, refused=VerificationError, saying="another origin")
def the_receipt_of_another(stage: Stage) -> None:
    """What KOR@NATO has receipted to JPN@NATO."""
    opens(stage, bag(stage, lambda found: changed(found, receipt=receipt_of(stage.kor, JPN))))


@lie(BAGS, refused=SignatureError)
def a_receipt_for_what_was_never_sent(stage: Stage) -> None:
    """H26, by courier."""
    opens(stage, bag(stage, lambda found: changed(found, receipt=receipt(stage, 9))))


@lie(BAGS, left=PAUSED | BROUGHT, link="paused", told="holds more of our stream")
def a_position_beyond_our_stream(stage: Stage) -> None:
    """What the bag brings is taken in; nothing is sent on its word."""
    beyond = position(stage, 2, size=99)
    opens(stage, bag(stage, lambda found: changed(found, position=beyond)))


@lie(
    BAGS, refused=RefusedError, saying="frozen", left=FROZEN, link="frozen", told="another history than ours"
)
def a_position_in_another_history(stage: Stage) -> None:
    """Both are kept, and the bag stays closed."""
    elsewhere = position(stage, 2, root=bytes(32))
    opens(stage, bag(stage, lambda found: changed(found, position=elsewhere)))


# Once.


@lie(BAGS, left=frozenset({"opened_bag"}))
def what_is_held_already(stage: Stage) -> None:
    """The wire was faster: the bag is written down as opened, and brings nothing."""
    packed = bag(stage)
    stage.jpn.pulls(stage.aus)
    stage.begins()
    opens(stage, packed)


@lie(BAGS, left=NOTHING)
def a_bag_twice(stage: Stage) -> None:
    """H27: the second time it does nothing."""
    packed = bag(stage)
    opens(stage, packed)
    stage.begins()
    assert opens(stage, packed) == "opened before"


@lie(BAGS, left=frozenset({"opened_bag"}))
def under_the_last_number_there_is(stage: Stage) -> None:
    """Bag numbers are the sender's own: a huge one hinders nobody else, and the next bag opens."""
    packed = bag(stage, lambda found: changed(found, number=HUGE))
    stage.jpn.pulls(stage.aus)
    stage.begins()
    opens(stage, packed)
    stage.aus.releases(f"{mark('AUS', 'JPN')} {CANARY} goes on.", to=[JPN])


# Helpers.


def opens(stage: Stage, *paths: Path) -> str:
    """Let JPN@NATO open files; how the last one stands then."""
    return stage.jpn.unpacks(*paths).state


def file(stage: Stage, data: bytes) -> Path:
    """Put bytes into a file."""
    path = stage.folder / "from a stick.bag"
    path.write_bytes(data)
    return path


def told(
    stage: Stage,
    packed: Path,
    *,
    more: Fields | None = None,
    change: Callable[[Fields], None] | None = None,
    files: bytes | None = None,
    behind: bytes = b"",
) -> bytes:
    """Write a bag anew past every check: with more fields, other fields, another file, something behind."""
    came: list[bytes] = []
    found = stage.jpn.unpacking._read(packed, lambda _, pieces: came.append(b"".join(pieces)))
    fields = json.loads(encode(found.letter)) | (more or {})
    if change is not None:
        change(fields)
    letter = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    content = b"".join(found.payloads) + (b"".join(came) if files is None else files) + behind
    return sealed(stage, letter, purpose="bag", to=stage.jpn.card.seal_key, behind=content)


def without_payload(stage: Stage, change: Callable[[Bag], Bag]) -> Path:
    """Write a bag anew whose last entry has no payload."""
    found = stage.jpn.unpacking._read(stage.aus.packs(stage.jpn)[0])
    letter = encode(change(found.letter))
    return file(stage, sealed(stage, letter, purpose="bag", to=stage.jpn.card.seal_key))


def two_chunks(stage: Stage) -> bytes:
    """A bag that is longer than a chunk."""
    stage.aus.releases(f"{mark('AUS', 'JPN')} {CANARY} {'long ' * 15_000}", to=[JPN])
    return bag(stage).read_bytes()


def attaches(stage: Stage) -> None:
    """Let a report with a file wait too."""
    text = (
        f"kind: report\npolicy: EXERCISE\naction: {JPN}\n\n{mark('AUS', 'JPN')} {CANARY}\n\n"
        f"{mark('AUS', 'JPN')} {{attachment: Plan.pdf}}\n"
    )
    stage.aus.lets_go(stage.aus.writes_text(text, files={"Plan.pdf": b"Plan A, of the same length"}))


def moved(found: Bag, step: int) -> Bag:
    """All entries, with other numbers."""
    entries = tuple(Carried(header=changed(each, number=each.number + step)) for each in found.headers)
    return changed(found, start=found.start + step, entries=entries)
