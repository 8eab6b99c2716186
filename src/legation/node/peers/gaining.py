# SPDX-License-Identifier: Apache-2.0
"""
What a correspondent would gain: a grant is tried before anything moves.

Decided by ``release.decide_label`` like everything, once for each access id, before and after: a node holds millions
of portions under a few thousand labels. What has turned leads to what it touches.

Rules kept here:

1. What was approved and waits, is withheld or is on its way changes by itself; it is listed, and bound by an id that
   whoever confirms the grant can give back (``seen_gain``).
2. What was never approved goes only by a release: it is counted as the back-file, a proposal (``admitting``).
3. What the correspondent has stays with it; only a withdrawal asks for it back.
4. Nothing is written, and nothing of it is seen by a peer.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from legation.encoding import encode
from legation.errors import MalformedError, RefusedError
from legation.formats import stanag4774
from legation.keys.card import Card
from legation.labels import Clearance, portion_mark
from legation.node.desk.reading import begin_reading, mission_reading, said
from legation.node.peers.peering import bounded
from legation.node.rules import RuleBook, Rules, mission_reader, named_clearance
from legation.node.surroundings import Surroundings
from legation.records import BackFileRecord, GainRecord, MovedRecord
from legation.release import DeliveryState, disclosure_banner
from legation.store.sqlite import backfile, peers
from legation.store.sqlite.backfile import Candidate, Moving
from legation.store.sqlite.database import Database, Reading, Writing

GAIN_LISTED_MAX = 1_000  # deliveries, and documents; more are counted
MARKS_LISTED_MAX = 100  # of a few thousand labels


@dataclass(frozen=True, kw_only=True)
class Turned:
    """Which access ids a grant would open and close to an office, and the rules as they would be."""

    office: str
    clearance: Clearance
    rules: Rules
    gained: frozenset[int]
    lost: frozenset[int]


def gain(
    office: str,
    clearance: bytes,
    *,
    not_before: datetime | None,
    not_after: datetime | None,
    card: Card,
    database: Database,
    around: Surroundings,
) -> GainRecord:
    """
    Say what would change if a grant took the place of the one under its policy.

    Args:
        office: The peer.
        clearance: What it would see under one policy (STANAG 4774 XML).
        not_before: From when it would hold, if not what the clearance says.
        not_after: Until when.
        card: The office's own card.
        database: The node's store.
        around: Clock and dice.

    Raises:
        MalformedError: The clearance is none, names an unknown policy, or the office is no correspondent.
    """
    wanted = bounded(stanag4774.read_clearance(clearance), not_before, not_after)
    with database.read() as db:
        rules = RuleBook(card, around).at(db)
        allowed = begin_reading(db, mission_reader(db, rules.office, around.now()), rules)
        return _record(db, turned(db, office, wanted, rules), allowed)


def turned(db: Reading, office: str, clearance: Clearance, rules: Rules) -> Turned:
    """
    Decide with a grant and without it.

    A grant that begins later is tried at its first instant, before and after.

    Raises:
        MalformedError: The clearance names an unknown policy, or the office is no correspondent.
    """
    if peers.peer(db, office) is None:
        raise MalformedError(f"`{office}` is no correspondent", hint="legation peer list")
    named = named_clearance(clearance, rules.policies)
    at = max(rules.at, named.not_before) if named.not_before is not None else rules.at
    kept = tuple(each for each in rules.grants.get(office, ()) if each.policy_id != named.policy_id)
    before = replace(rules, at=at, decided={})
    after = replace(before, grants={**rules.grants, office: (*kept, named)}, decided={})
    opened = {each: (before.permits(office, each), after.permits(office, each)) for each in rules.labels}
    return Turned(
        office=office,
        clearance=named,
        rules=after,
        gained=frozenset(each for each, change in opened.items() if change == (False, True)),
        lost=frozenset(each for each, change in opened.items() if change == (True, False)),
    )


def seen_gain(seen: bytes, *, card: Card, around: Surroundings) -> Callable[[Writing, str, Clearance], None]:
    """
    Give what refuses a grant that would change by itself something else than what was seen.

    Args:
        seen: The id that ``gain`` gave.
        card: The office's own card.
        around: Clock and dice.
    """

    def check(db: Writing, office: str, clearance: Clearance) -> None:
        rules = RuleBook(card, around).turn(db)
        with mission_reading(db, rules, around):
            found = turned(db, office, clearance, rules)
            moving = backfile.moving(db, found.office, gained=found.gained, lost=found.lost)
        if gain_digest(found, moving) != seen:
            raise RefusedError(
                "what this grant would change is no longer what was seen", hint="legation peer gain"
            )

    return check


def gain_digest(found: Turned, moving: Sequence[Moving]) -> bytes:
    """What stands for what a grant would change by itself."""
    moves = tuple((each.item_id, each.state, tuple(sorted(each.labels))) for each in moving)
    told = (found.office, found.clearance, tuple(sorted(found.gained)), tuple(sorted(found.lost)), moves)
    return sha256(b"legation/gain/v1\n" + encode(told)).digest()


def _record(db: Reading, found: Turned, allowed: frozenset[int]) -> GainRecord:
    moving = backfile.moving(db, found.office, gained=found.gained, lost=found.lost)
    more = sorted(_back_file(db, found, allowed), key=lambda pair: (pair[0].time, pair[0].item_id))
    gained, lost = found.gained & allowed, found.lost & allowed
    return GainRecord(
        office=found.office,
        policy=found.clearance.policy_id,
        levels=found.clearance.classifications,
        gains=marks(gained, found.rules),
        loses=marks(lost, found.rules),
        moves=tuple(_moved(each, found, allowed) for each in moving[:GAIN_LISTED_MAX]),
        back_file=tuple(
            back_file_record(each, labels, found.rules) for each, labels in more[:GAIN_LISTED_MAX]
        ),
        gain_count=len(gained),
        loss_count=len(lost),
        move_count=len(moving),
        back_file_count=len(more),
        preview=gain_digest(found, moving).hex(),
    )


def _back_file(
    db: Reading, found: Turned, allowed: frozenset[int]
) -> Iterator[tuple[Candidate, frozenset[int]]]:
    known = dict[frozenset[int], frozenset[int]]()  # many items have the same labels
    for each in backfile.candidates(db, found.office, found.gained & allowed):
        labels = known.get(each.labels)
        if labels is None:
            labels = known[each.labels] = open_labels(each, found.office, found.rules, allowed)
        if not is_given(each, labels):
            yield each, labels


def open_labels(each: Candidate, office: str, rules: Rules, allowed: frozenset[int]) -> frozenset[int]:
    """The access ids of an item that an office may see, and the mission's own people."""
    return frozenset(one for one in each.labels & allowed if rules.permits(office, one))


def is_given(each: Candidate, labels: frozenset[int]) -> bool:
    """Whether one delivery brought or brings all of these access ids already."""
    return any(labels <= one for one in each.given)


def back_file_record(each: Candidate, labels: frozenset[int], rules: Rules) -> BackFileRecord:
    """Say what of an item may go."""
    return BackFileRecord(
        item=each.item_id.hex(),
        reference=each.reference,
        time=said(each.time),
        banner=_banner(labels, rules),
        addressed=bool(each.given),
    )


def _moved(each: Moving, found: Turned, allowed: frozenset[int]) -> MovedRecord:
    gains, loses = each.labels & found.gained, each.labels & found.lost
    left = any(found.rules.permits(found.office, one) for one in each.labels)
    if each.state == DeliveryState.NUMBERED:
        becomes = "taken back"
    elif each.state == DeliveryState.WITHHELD:
        becomes = "goes"
    elif not left:
        becomes = "withheld"
    else:
        becomes = "cut" if loses else "wider"
    return MovedRecord(
        item=each.item_id.hex(),
        reference=each.reference,
        becomes=becomes,
        banner=_banner((loses or gains) & allowed, found.rules),
    )


def _banner(labels: Iterable[int], rules: Rules) -> str:
    return disclosure_banner(rules.policies, [rules.labels[each] for each in sorted(labels)])


def marks(labels: Iterable[int], rules: Rules) -> tuple[str, ...]:
    """The marks of access ids under policies that are at hand, each once, at most ``MARKS_LISTED_MAX``."""
    found = set[str]()
    for each in labels:
        named, label = rules.labels[each]
        policy = rules.policies.resolve(named)
        if policy is not None:
            found.add(portion_mark(policy, label))
    return tuple(sorted(found)[:MARKS_LISTED_MAX])
