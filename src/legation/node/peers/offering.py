# SPDX-License-Identifier: Apache-2.0
"""
Policies that are offered: to a peer, and by one.

An offer changes nothing where it comes. It is listed, and its file can be looked at; two persons accept that file as
any other (``accepting``), and the offer counts as the act of neither.

Rules kept here:

1. What is offered is in force here. One person offers it: the peer's own people decide what becomes of it.
2. An offer whose file is no policy, or whose statements are not on that file and on the versions before it, one after
   the other, is refused for ever.
3. Everything else is kept, whatever is in force or pinned here: to refuse it would say that.
4. The same file of the same office is listed once, and of one office no more than ``OFFERS_MAX``.

Who signed a statement is not verified, for no authority is pinned yet; its notes stay with the entry.
"""

from collections.abc import Sequence
from hashlib import sha256

from legation.errors import MalformedError, RefusedError
from legation.exchange import EntryKind, RefusalCode, read_offer, write_offer
from legation.labels import Policy, reference_to
from legation.labels.chain import PolicyStatement, read_statement
from legation.labels.label import check_name
from legation.log import LogEntry, LogKind
from legation.log.note import read_note
from legation.node.desk.reading import said
from legation.node.rules import read_policy
from legation.node.streams.numbering import append, begun
from legation.node.surroundings import Surroundings
from legation.records import OfferMadeRecord, PolicyOfferRecord
from legation.store.blobs import Blobs
from legation.store.sqlite import logbook, node, offers, peers, policies
from legation.store.sqlite.database import Database, Reading, Writing
from legation.store.sqlite.incoming import Incoming
from legation.store.sqlite.offers import StoredOffer
from legation.store.sqlite.policies import StoredPolicy

HEX_DIGITS_MIN = 8  # of a digest that a person names by its beginning


def offer_policy(
    office: str,
    name: str,
    *,
    by: str,
    statements: Sequence[bytes],
    database: Database,
    blobs: Blobs,
    around: Surroundings,
) -> OfferMadeRecord:
    """
    Offer a peer the policy of this name that is in force here, in its highest version.

    Args:
        office: The peer.
        name: The name of the policy.
        by: Who offers it.
        statements: What its authority states (``docs/spec/policy-chain.md``): on this version, then on the one before
            it, and so on; none if there are none at hand.
        database: The node's store.
        blobs: Where long payloads go.
        around: Clock and dice.

    Raises:
        MalformedError: No such policy is in force here, the peer's card is not confirmed, or the statements are not on
            this file and those before it.
        RefusedError: It is offered already, or the peer is excluded.
    """
    check_name(by, "name")

    def act(db: Writing) -> OfferMadeRecord:
        if peers.pinned_card(db, office) is None:
            raise MalformedError(
                f"the card of `{office}` is not confirmed", hint=f"legation peer confirm {office}"
            )
        if peers.link(db, office) == "excluded":
            raise RefusedError(f"`{office}` is excluded")
        found = _in_force(db, name)
        policy = read_policy(found.spif)
        _authority(policy, statements)
        payload = write_offer(found.spif, statements)
        digest, now, epoch = sha256(payload).digest(), around.seconds(), node.epoch(db).number
        stream = begun(db, office, epoch=epoch, around=around)
        if offers.was_made(db, stream.stream_id, digest):
            raise RefusedError(f"{name} version {policy.version} is offered to `{office}` already")
        entry = (EntryKind.POLICY, payload, None)
        after = append(db, stream, [entry], epoch=epoch, blobs=blobs, around=around)
        logbook.append(db, [LogEntry(kind=LogKind.OFFERED, hash=digest, time=now)])
        return OfferMadeRecord(
            office=office,
            name=policy.name,
            id=policy.id,
            version=policy.version,
            digest=policy.digest.hex(),
            number=after.frontier.size - 1,
        )

    return database.write(act)


def _in_force(db: Reading, name: str) -> StoredPolicy:
    """Find the highest version of a policy that is in force here."""
    found = [each for each in policies.policies(db) if each.accepted_by is not None and each.name == name]
    if not found:
        raise MalformedError(f"no policy called {name} is in force here", hint="legation policy list")
    return max(found, key=lambda each: each.reference.version)


def take_offer(
    db: Writing, payload: bytes, *, stream: Incoming, number: int, around: Surroundings
) -> RefusalCode | None:
    """
    Keep what a peer offers; twice does no harm.

    Args:
        db: The change.
        payload: As it came.
        stream: The peer's.
        number: Of the entry.
        around: Clock.

    Returns:
        Why it can never be accepted, if so; nothing that depends on what is in force here.
    """
    try:
        policy, stated_by = read_offered(payload)
    except MalformedError:
        return RefusalCode.MALFORMED
    offers.add(
        db,
        StoredOffer(
            office=stream.office,
            reference=reference_to(policy),
            name=policy.name,
            stated_by=stated_by,
            stream_id=stream.stream_id,
            number=number,
            offered_at=around.seconds(),
        ),
    )
    return None


def read_offered(payload: bytes) -> tuple[Policy, str]:
    """
    Read what is offered, and the name of the authority whose statement came with it, empty if none did.

    Raises:
        MalformedError: The file is no policy, or the statements are not on it and those before it.
    """
    spif, notes = read_offer(payload)
    policy = read_policy(spif)
    return policy, _authority(policy, notes)


def _authority(policy: Policy, notes: Sequence[bytes]) -> str:
    """Say whose the statements claim to be; refuse those that are not on this file and those before it."""
    stated = [_stated(note) for note in notes]
    _check_chain(policy, [statement for statement, _ in stated])
    names = {name for _, name in stated}
    if len(names) > 1:
        raise MalformedError("the statements on a policy are of several authorities")
    return names.pop() if names else ""


def _stated(note: bytes) -> tuple[PolicyStatement, str]:
    """Read a statement and whose it claims to be; nothing is verified."""
    found = read_note(note)
    names = {each.name for each in found.signatures}
    if len(names) != 1:
        raise MalformedError("a statement on a policy has lines of one authority")
    return read_statement(found.text), names.pop()


def _check_chain(policy: Policy, stated: Sequence[PolicyStatement]) -> None:
    """Refuse statements that are not on this file, then on the version before it, and so on."""
    wanted: bytes | None = policy.digest
    version = policy.version + 1
    for each in stated:
        if (each.id, each.digest) != (policy.id, wanted) or each.version >= version:
            raise MalformedError("the statements on a policy are not on this file and those before it")
        wanted, version = each.previous, each.version
    if stated and stated[0].version != policy.version:
        raise MalformedError("the statement on a policy is on another version of it")


def offered_policies(db: Reading) -> tuple[PolicyOfferRecord, ...]:
    """What peers have offered, by policy, version and office."""
    known = policies.policies(db)
    return tuple(_record(each, known) for each in offers.offers(db))


def _record(each: StoredOffer, known: Sequence[StoredPolicy]) -> PolicyOfferRecord:
    return PolicyOfferRecord(
        office=each.office,
        name=each.name,
        id=each.reference.id,
        version=each.reference.version,
        digest=each.reference.digest.hex(),
        offered=said(each.offered_at),
        stated_by=each.stated_by,
        state=_state(each, known),
    )


def _state(offer: StoredOffer, known: Sequence[StoredPolicy]) -> str:
    """What an offer is to the policies that are here."""
    same = [each for each in known if each.reference.id == offer.reference.id]
    for each in same:
        if each.reference.version == offer.reference.version:
            if each.reference.digest != offer.reference.digest:
                return "another file"
            return "proposed" if each.accepted_by is None else "in force"
    in_force = [each.reference.version for each in same if each.accepted_by is not None]
    return "older" if in_force and offer.reference.version < max(in_force) else "new"


def offered_file(digest: str, *, database: Database, blobs: Blobs) -> tuple[PolicyOfferRecord, bytes]:
    """
    Give an offered policy and its file, to be looked at, and added by two persons.

    Args:
        digest: The beginning of its digest in hexadecimal.
        database: The node's store.
        blobs: Where long payloads are.

    Raises:
        MalformedError: No offered file begins so, or more than one does, or too little of it is given.
        StoreError: The entry is damaged.
    """
    wanted = digest.lower()
    with database.read() as db:
        found = {
            each.reference.digest: each
            for each in offers.offers(db)
            if each.reference.digest.hex().startswith(wanted)
        }
        if len(wanted) < HEX_DIGITS_MIN or len(found) != 1:
            raise MalformedError(
                f"no offered policy, or more than one, begins with these {len(wanted)} digits",
                hint="legation policy list",
            )
        [one] = found.values()
        payload = offers.payload(db, one, blobs)
        assert payload is not None, "an offer names an entry that is there"
        return _record(one, policies.policies(db)), read_offer(payload)[0]
