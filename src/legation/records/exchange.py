# SPDX-License-Identifier: Apache-2.0
"""
What a node has received, sent and trusts, as its people are shown it.
"""

from legation.encoding import Canonical
from legation.item.portion import Kind
from legation.records.destruction import CertificateRecord


class InboxEntryRecord(Canonical, frozen=True):
    """
    One item in the inbox, as far as this reader may see it.

    ``title`` is empty where the reader may not see it; the reference stands for it. ``banner`` is the
    roll-up of what the reader may see. ``source`` is the office that handed it over, where that is not
    the author. Times are ISO 8601 in UTC: ``time`` as the author wrote it, ``received`` by our clock.
    ``replaces`` is the id of the version that this reader had before, if it is a new version. ``back_file``: it was
    handed over late, as something older that may be seen now; nobody is to be alerted.
    """

    item: str
    reference: str
    author: str
    kind: Kind
    time: str
    received: str
    banner: str
    title: str = ""
    source: str = ""
    replaces: str = ""
    back_file: bool = False


class InboxRecord(Canonical, frozen=True):
    """The inbox of one reader, newest first."""

    entries: tuple[InboxEntryRecord, ...]


class DeliveryRecord(Canonical, frozen=True):
    """
    One item on its way to one addressee.

    ``state`` is ``waiting``, ``numbered``, ``printed``, ``receipted``, ``withheld``, ``void`` or ``withdrawn``;
    ``why`` says it to a person, ``since`` is when it came to that. ``number`` is the entry's in the stream
    to that addressee, ``copy`` of its copy on paper. ``certificate`` is there if the addressee certified to have destroyed
    what it held.
    """

    item: str
    reference: str
    addressee: str
    state: str
    why: str
    since: str
    number: int | None = None
    copy: int | None = None
    certificate: CertificateRecord | None = None


class DeliveriesRecord(Canonical, frozen=True):
    """Deliveries of this node, newest item first."""

    deliveries: tuple[DeliveryRecord, ...]


class AddresseeRecord(Canonical, frozen=True):
    """One addressee of a release: the banner of its copy, or ``why`` there is none."""

    addressee: str
    banner: str
    why: str = ""


class ReleasedRecord(Canonical, frozen=True):
    """
    A release: the item, and what was approved for each addressee.

    ``preview`` stands for what was approved: the digest of all copies.
    """

    item: str
    reference: str
    draft: str
    preview: str
    addressees: tuple[AddresseeRecord, ...]


class HolderRecord(Canonical, frozen=True):
    """
    An addressee of an item that was withdrawn: whether they ``received`` it, and ``why`` in words.

    ``copy`` is the number of a copy on paper, ``handed_to`` to whom it was handed, as somebody said. ``certificate``:
    they had destroyed it before.
    """

    addressee: str
    received: bool
    why: str
    copy: int | None = None
    handed_to: str = ""
    certificate: CertificateRecord | None = None


class WithdrawnRecord(Canonical, frozen=True):
    """
    An item that was withdrawn here, and who has or may have it.

    ``withdrawal`` is the signed word itself, which anybody can verify who has this office's card.
    """

    item: str
    reference: str
    addressees: tuple[HolderRecord, ...]
    withdrawal: bytes = b""


class PeerPulledRecord(Canonical, frozen=True):
    """
    What pulls from one peer brought; ``error`` says why nothing, or nothing more, came.

    Of all entries ``views`` counts the copies that can be read, ``quarantined`` those that were set apart,
    ``refused`` those that can never be accepted; ``withdrawals`` and ``certificates`` count those of withdrawal and of
    destruction.
    """

    office: str
    entries: int = 0
    views: int = 0
    quarantined: int = 0
    refused: int = 0
    withdrawals: int = 0
    certificates: int = 0
    error: str = ""


class PulledRecord(Canonical, frozen=True):
    """What pulls brought, peer by peer."""

    peers: tuple[PeerPulledRecord, ...]


class GrantRecord(Canonical, frozen=True):
    """What a peer may see under one policy; ``in_force`` once a second person confirmed it."""

    policy: str
    levels: tuple[str, ...]
    agreement: str
    proposed_by: str
    confirmed_by: str
    in_force: bool


class PeerRecord(Canonical, frozen=True):
    """
    A peer as an administrator is shown it: whose card, how trusted, and how the link stands.

    An office without a node is ``on_paper``: it has no card, and nothing that a link has.
    ``card`` is the number of the newest one. ``link`` is active, paused, frozen or excluded, and ``why`` says why,
    or what failed last; ``asked_by`` asks that it goes on. ``heard`` is when it last pulled from us or pushed, ``reached`` when it last answered us.
    ``received`` counts the entries that we hold of it, ``sent`` those that we numbered for it,
    ``receipted`` those it gave a receipt for. ``quarantined`` counts what came and is shown to nobody,
    and ``why_quarantined`` says for what reasons. ``trusted`` is the number of the card that is confirmed, if there is
    one. ``unheard`` says that the peer has accepted nothing since our own keys are others: it may not have confirmed our
    card yet. ``told``: how many of the ``sent`` entries it last said that it holds, at ``told_at``; if it holds all of
    them, both sides agree. ``silent`` says since when it has neither asked nor answered, if that is too long;
    ``unsaid`` since when it has not said what it holds, though it is there. ``protocol`` is the highest version of the
    exchange that it has spoken, and ``asks_lower`` asks that it may speak a lower one.
    """

    office: str
    card: int | None
    fingerprint: tuple[str, ...]
    added_by: str
    confirmed_by: str
    link: str
    why: str
    addresses: tuple[str, ...]
    grants: tuple[GrantRecord, ...]
    heard: str
    reached: str
    received: int
    sent: int
    receipted: int
    quarantined: int
    why_quarantined: tuple[str, ...] = ()
    asked_by: str = ""
    on_paper: bool = False
    trusted: int | None = None
    unheard: str = ""
    told: int = 0
    told_at: str = ""
    silent: str = ""
    unsaid: str = ""
    protocol: int = 0
    asks_lower: str = ""


class PeerPushedRecord(Canonical, frozen=True):
    """
    What pushing to one peer came to.

    ``entries`` were brought; ``held`` of the ``size`` entries of the stream it holds now. ``too_long`` is the entry that
    does not fit in a push, if one is next. ``error``: what ended it.
    """

    office: str
    entries: int
    held: int
    size: int
    too_long: int | None = None
    error: str = ""


class PushedRecord(Canonical, frozen=True):
    """What pushing came to, peer by peer."""

    peers: tuple[PeerPushedRecord, ...]


class SpokenRecord(Canonical, frozen=True):
    """
    Which version of the exchange a peer may speak after one act on it: none below ``highest``.

    ``listed`` is the highest on its confirmed card. ``asked_by`` asks that it may speak that; it takes a second person.
    """

    office: str
    highest: int
    listed: int
    asked_by: str = ""


class LinkRecord(Canonical, frozen=True):
    """
    How a ``link`` stands after one act on it: active, paused, frozen or excluded, and ``why``.

    ``asked_by``: who asked first that it goes on; it takes a second person.
    """

    office: str
    link: str
    why: str
    asked_by: str = ""


class PeersRecord(Canonical, frozen=True):
    """The peers, by office."""

    peers: tuple[PeerRecord, ...]


class PolicyRecord(Canonical, frozen=True):
    """A policy that the node knows; ``in_force`` once a second person accepted it."""

    name: str
    id: str
    version: int
    digest: str
    proposed_by: str
    accepted_by: str
    in_force: bool


class PolicyOfferRecord(Canonical, frozen=True):
    """
    A policy that a peer has offered; nothing is decided with it before two persons accept its file.

    ``offered``: when it came.
    ``stated_by`` names the authority of the statement that came with it, empty if none did: it is not verified, for no
    authority is pinned. ``state``: ``new``, ``proposed`` by somebody here, ``in force``, ``older`` than what is in
    force, or ``another file`` than the one here of that version.
    """

    office: str
    name: str
    id: str
    version: int
    digest: str
    offered: str
    stated_by: str
    state: str


class PoliciesRecord(Canonical, frozen=True):
    """The policies, by identifier and version, and the ``offers`` of peers."""

    policies: tuple[PolicyRecord, ...]
    offers: tuple[PolicyOfferRecord, ...] = ()


class OfferMadeRecord(Canonical, frozen=True):
    """A policy that this office has offered to a peer, by the ``number`` of the entry in its stream."""

    office: str
    name: str
    id: str
    version: int
    digest: str
    number: int


class SavedOfferRecord(Canonical, frozen=True):
    """An ``offer`` whose policy was written to the ``file`` of this name."""

    offer: PolicyOfferRecord
    file: str


class PolicyAddedRecord(Canonical, frozen=True):
    """A policy after one act on it; ``opened`` counts what was set apart and can be read since."""

    policy: PolicyRecord
    opened: int
