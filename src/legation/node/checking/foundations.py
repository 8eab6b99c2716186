# SPDX-License-Identifier: Apache-2.0
"""
The check of all that decisions are made with: policies, cards, labels, clearances, grants, the epoch.

Each can be read, is what its digest and its row say, and was written down in the log when it was decided; and of
what the log says was decided, nothing is missing.
"""

from functools import partial
from hashlib import sha256

from legation.errors import StoreError
from legation.keys.card import read
from legation.labels import reference_to
from legation.log import LogKind
from legation.node.checking.findings import Findings
from legation.node.checking.log import Logged
from legation.node.peers.peering import grant_digest
from legation.node.peers.stopping import act_digest
from legation.node.rules import begin_epoch, changes_after, read_policy
from legation.node.surroundings import Surroundings
from legation.store.sqlite import access, checks, drafts, node, peers, policies
from legation.store.sqlite.database import Reading
from legation.store.sqlite.node import CLEARANCE
from legation.store.sqlite.policies import StoredPolicy


def check_foundations(db: Reading, found: Findings, around: Surroundings) -> None:
    """Look at what has to be read before anything can be judged."""
    for policy in policies.policies(db):
        found.hold("policies", _name(policy), partial(_policy, policy))
    for office, number, digest, data in peers.cards(db):
        look = partial(_card, office, number, digest, data, around)
        found.hold("cards", f"card {number} of {office}", look)
    found.hold("labels", "labels", lambda: found.count("labels", sum(1 for _ in access.accesses(db))))
    found.hold("clearances", "clearances", lambda: _clearances(db))
    for digest in drafts.digests(db):
        found.hold("drafts", f"draft {digest.hex()[:16]}", partial(_draft, db, digest))


def _name(policy: StoredPolicy) -> str:
    return f"policy {policy.reference.id} version {policy.reference.version}"


def _policy(stored: StoredPolicy) -> None:
    found = read_policy(stored.spif)
    if (reference_to(found), found.name) != (stored.reference, stored.name):
        raise StoreError("its file is another one than its row says")


def _card(office: str, number: int, digest: bytes, data: bytes, around: Surroundings) -> None:
    found = read(data, verify=around.verify)
    if (str(found.office), found.body.number, found.digest) != (office, number, digest):
        raise StoreError("it is another one than its row says")


def _clearances(db: Reading) -> None:
    for policy_id, clearance in checks.mission_policies(db):
        if CLEARANCE.decode(clearance).policy_id != policy_id:
            raise StoreError("one is under another policy than its row says")
    for peer in peers.peers(db):
        peers.grants(db, peer.office)
        peers.proposed_grants(db, peer.office)


def _draft(db: Reading, digest: bytes) -> None:
    draft = drafts.draft(db, digest)
    if draft is None or draft.digest != digest:
        raise StoreError("it is another one than was kept")


def check_decided(db: Reading, found: Findings, logged: Logged, around: Surroundings) -> None:
    """Hold what was decided by persons against the log, and the epoch against what was decided."""
    for policy in policies.policies(db):
        if policy.accepted_by is not None:
            found.tries(_name(policy), partial(logged.claim, LogKind.POLICY, policy.reference.digest))
    for peer in peers.peers(db):
        for number, digest in checks.confirmed_cards(db, peer.office):
            look = partial(logged.claim, LogKind.PINNED, digest)
            found.hold("cards pinned", f"card {number} of {peer.office}", look)
        _check_grants(db, found, logged, peer.office)
        found.hold("links", f"link to {peer.office}", partial(_link, db, logged, peer.office, peer.link))
    _check_epoch(db, found, around)


def _check_grants(db: Reading, found: Findings, logged: Logged, office: str) -> None:
    """Hold every grant against the log: it was given, and the one in force was given last."""
    last = dict[str, int]()
    in_force = dict[str, int]()

    def look(policy_id: str, data: bytes, agreement: str, is_open: bool) -> None:
        clearance = CLEARANCE.decode(data)
        if clearance.policy_id != policy_id:
            raise StoreError("it is under another policy than its row says")
        number = logged.claim(LogKind.GRANTED, grant_digest(office, clearance, agreement))
        last[policy_id] = max(number, last.get(policy_id, number))
        if is_open:
            in_force[policy_id] = number

    for each in checks.confirmed_grants(db, office):
        found.hold("grants", f"grant to {office} under {each[0]}", partial(look, *each))
    for policy_id, number in in_force.items():
        if number != last[policy_id]:
            found.note(f"grant to {office} under {policy_id}", "another one was given after it")


def _link(db: Reading, logged: Logged, office: str, link: str) -> None:
    """
    Hold the state of a link against the evidence; only excluding ends that it is frozen.

    Raises:
        StoreError: It was frozen and is not, or the other way round.
    """
    proofs = [sha256(each.theirs).digest() for each in peers.evidence(db, office)]
    # Not `any`: each is met.
    was_frozen = [each for each in proofs if logged.meets(LogKind.FROZEN, each)]
    # One that was excluded goes on when the peer is admitted again, and is frozen anew if it must be.
    was_excluded = logged.meets(LogKind.EXCLUDED, act_digest(office, "excluded"))
    if (link == "frozen" and not was_frozen) or (was_frozen and link != "frozen" and not was_excluded):
        raise StoreError("it is not as the evidence says")
    if link == "excluded" and not was_excluded:
        raise StoreError("it is not as the evidence says")


def _check_epoch(db: Reading, found: Findings, around: Surroundings) -> None:
    """A date that is missed would leave a grant in force that has ended."""
    epoch = node.epoch(db)
    found.count("epochs", 1)
    if epoch.changes_at != changes_after(db, epoch.began_at):
        found.mend(
            "epoch",
            "the date on which a decision changes next is another",
            lambda change: begin_epoch(change, around),
        )
