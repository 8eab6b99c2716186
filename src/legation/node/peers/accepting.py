# SPDX-License-Identifier: Apache-2.0
"""
Accepting a policy, and what follows for what was set apart because it was not at hand.

Rules kept here:

1. Two persons accept exactly the same: the file, byte for byte, and what the mission may see under it.
2. Versions never fall: what is not above the accepted version of its policy is refused.
3. One identifier and version is one file, and one name is one policy.
4. In the transaction that accepts, everything that is set apart is judged again, with the same rules as
   on the day it came.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from legation.errors import RefusedError
from legation.formats import stanag4774
from legation.keys.card import Card, KeyState
from legation.labels import Clearance, Policies, Policy, reference_to
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.node.peers.offering import offered_policies
from legation.node.persons import check_second
from legation.node.rules import RuleBook, begin_epoch, named_clearance, read_policy, received_reader
from legation.node.streams.judging import TAKEN_BACK, WhyApart, judge, keep_view
from legation.node.surroundings import Surroundings
from legation.node.withdrawal import certifying, withdrawing
from legation.records import PoliciesRecord, PolicyAddedRecord, PolicyRecord
from legation.store.blobs import Blobs
from legation.store.sqlite import items, logbook, node, policies
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.items import StoredView, ViewState
from legation.store.sqlite.policies import StoredPolicy


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """A policy as somebody wants it: its file, and what the mission holds under it."""

    policy: Policy
    spif: bytes
    own: Clearance | None
    received: Clearance | None

    @property
    def told(self) -> tuple[bytes, Clearance | None, Clearance | None]:
        """What two persons must say alike."""
        return self.spif, self.own, self.received


def add_policy(
    spif: bytes,
    *,
    by: str,
    own: bytes | None,
    received: bytes | None,
    card: Card,
    database: Database,
    blobs: Blobs,
    around: Surroundings,
) -> PolicyAddedRecord:
    """
    Propose a policy, or, as a second person, accept exactly what was proposed.

    Args:
        spif: The policy (XML SPIF).
        by: Who acts.
        own: What the mission's own people may see under it (STANAG 4774 XML), if it is to be set.
        received: What others may hand over under it; else as *own*.
        card: Our own card.
        database: The node's store.
        blobs: Where long views are.
        around: Clock and dice.

    Raises:
        MalformedError: It is no policy, or a clearance is none or under another policy.
        RefusedError: The same person proposed it; it is not above the version that is accepted; or another
            file claims to be the same.
    """
    check_name(by, "name")
    policy = read_policy(spif)
    wanted = _Wanted(
        policy=policy, spif=spif, own=_clearance(own, policy), received=_clearance(received, policy)
    )

    def act(db: Writing) -> PolicyAddedRecord:
        known = policies.policies(db)
        _check_new(wanted.policy, known)
        waiting = next((each for each in known if each.reference == reference_to(policy)), None)
        opened = 0
        if waiting is None or (_told(waiting) != wanted.told and waiting.proposed_by == by):
            _propose(db, wanted, by, around)
        elif _told(waiting) != wanted.told:
            raise RefusedError(
                f"`{waiting.proposed_by}` proposed this policy with other clearances",
                hint="give the same --clearance and --received",
            )
        else:
            check_second(waiting.proposed_by, by, "proposed this policy")
            opened = _accept(db, wanted, by, card=card, blobs=blobs, around=around)
        return PolicyAddedRecord(policy=_record(_stored(db, policy)), opened=opened)

    return database.write(act)


def _clearance(data: bytes | None, policy: Policy) -> Clearance | None:
    return None if data is None else named_clearance(stanag4774.read_clearance(data), Policies([policy]))


def _told(stored: StoredPolicy) -> tuple[bytes, Clearance | None, Clearance | None]:
    return stored.spif, stored.own, stored.received


def _check_new(policy: Policy, known: Iterable[StoredPolicy]) -> None:
    """Refuse what can never be accepted beside what is known."""
    for each in known:
        version = each.reference.version
        if each.accepted_by is None:
            if each.reference.id == policy.id and version == policy.version and _differs(each, policy):
                raise RefusedError(
                    f"another file waits to be accepted as {policy.name} version {policy.version}",
                    hint="legation policy list",
                )
        elif each.reference.id != policy.id:
            if each.name == policy.name:
                raise RefusedError(f"another policy is called {policy.name}")
        elif version == policy.version and _differs(each, policy):
            raise RefusedError(f"another file is accepted as {policy.name} version {policy.version}")
        elif policy.version <= version:
            raise RefusedError(f"version {version} of {each.name} is accepted already")


def _differs(stored: StoredPolicy, policy: Policy) -> bool:
    return stored.reference.digest != policy.digest


def _propose(db: Writing, wanted: _Wanted, by: str, around: Surroundings) -> None:
    policy = wanted.policy
    policies.propose_policy(
        db,
        reference_to(policy),
        name=policy.name,
        spif=wanted.spif,
        by=by,
        at=around.seconds(),
        own=wanted.own,
        received=wanted.received,
    )


def _accept(db: Writing, wanted: _Wanted, by: str, *, card: Card, blobs: Blobs, around: Surroundings) -> int:
    """Put a policy in force; gives how many views can be read since."""
    policy, now = wanted.policy, around.seconds()
    policies.accept_policy(db, policy.id, policy.version, by, now)
    if wanted.own is not None:
        node.set_mission_clearance(db, wanted.own)
    if wanted.received is not None:
        node.set_mission_clearance(db, wanted.received, received=True)
    logbook.append(db, [LogEntry(kind=LogKind.POLICY, hash=policy.digest, time=now)])
    begin_epoch(db, around)
    return judge_again(db, card=card, blobs=blobs, around=around)


def read_policies(database: Database) -> PoliciesRecord:
    """Every policy, in force or proposed, by identifier and version; and what peers have offered."""
    with database.read() as db:
        return PoliciesRecord(
            policies=tuple(map(_record, policies.policies(db))), offers=offered_policies(db)
        )


def _stored(db: Reading, policy: Policy) -> StoredPolicy:
    named = reference_to(policy)
    return next(each for each in policies.policies(db) if each.reference == named)


def _record(each: StoredPolicy) -> PolicyRecord:
    return PolicyRecord(
        name=each.name,
        id=each.reference.id,
        version=each.reference.version,
        digest=each.reference.digest.hex(),
        proposed_by=each.proposed_by,
        accepted_by=each.accepted_by or "",
        in_force=each.accepted_by is not None,
    )


def judge_again(db: Writing, *, card: Card, blobs: Blobs, around: Surroundings) -> int:
    """
    Judge anew what is set apart, and what was signed with a key that is revoked by now.

    Returns:
        How many views can be read that could not before.
    """
    rules = RuleBook(card, around).at(db)
    why = WhyApart(rules.policies, received_reader(db, rules.office, rules.at))
    logged: list[tuple[LogKind, bytes]] = []
    for view in _in_question(db, [card, *rules.cards.values()]):
        data = items.view_data(db, view.view_key, blobs)
        judged = judge(data, view.source, rules, why, held_at=view.received_at)
        if judged.state is ViewState.HELD and view.state is ViewState.QUARANTINED:
            keep_view(db, judged, view.source, blobs=blobs, now=view.received_at)
            logged.append((LogKind.ACCEPTED, view.hash))
        elif judged.state is ViewState.QUARANTINED:
            items.set_view_state(db, view.view_key, ViewState.QUARANTINED, judged.because)
            if view.state is ViewState.HELD:
                logged.append((LogKind.QUARANTINED, view.hash))
    now = around.seconds()
    logbook.append(db, [LogEntry(kind=kind, hash=digest, time=now) for kind, digest in logged])
    withdrawing.judge_again(db, rules=rules, around=around)
    certifying.judge_again(db, rules=rules, around=around)
    return sum(kind is LogKind.ACCEPTED for kind, _ in logged)


def _in_question(db: Reading, cards: Iterable[Card]) -> Sequence[StoredView]:
    """
    What is set apart, but not because its sender took it back; and what came and revoked keys signed.

    Our own whole items did not come: what we released we know, whoever has our keys since.
    """
    apart = [each for each in items.quarantined(db) if each.because != TAKEN_BACK]
    return [*apart, *(each for key in _revoked(cards) for each in items.held_by_author(db, key))]


def _revoked(cards: Iterable[Card]) -> Iterator[bytes]:
    for card in cards:
        for listed in card.body.item_keys:
            if listed.state is KeyState.REVOKED:
                yield listed.key.key_id
