# SPDX-License-Identifier: Apache-2.0
"""What is known of a node that may have lost something, and what persons said of that."""

from legation.encoding import Canonical


class LostEntryRecord(Canonical, frozen=True):
    """
    An entry that this node has lost, as its receiver has it: its ``number`` in the stream, and its kind.

    ``item``: the id of the item of a view, as the receiver says; empty if it is none.
    """

    number: int
    kind: str
    item: str


class HeldThereRecord(Canonical, frozen=True):
    """
    What a peer holds of one of our streams to it: how many entries are ``here``, and how many ``there``.

    ``stream``: its incarnation, in hexadecimal. ``state``: "present", "left" or "unknown" here. ``signed``: whether our own
    signature proves it; else it is their word. ``waits``: whether it waits for two persons. ``since``: when it was shown.
    ``lost``: the entries that are not here, where the peer has given back what they were.
    """

    office: str
    stream: str
    state: str
    here: int
    there: int
    signed: bool
    waits: bool
    since: str
    lost: tuple[LostEntryRecord, ...] = ()


class RestorationRecord(Canonical, frozen=True):
    """
    What two persons ``declared`` of this folder last ("restored", "copy" or nothing), ``declared_by`` the first of them, at
    ``declared_at``; and what one person ``asks`` to declare, ``asked_by`` whom.

    ``stopped``: whether nothing is handed over to anybody until two persons have spoken. ``streams``: how many streams
    to peers there are, which begin anew with a restoration. ``held_there``: what peers hold of them.
    """

    declared: str
    declared_by: str
    confirmed_by: str
    declared_at: str
    asks: str
    asked_by: str
    stopped: bool
    streams: int
    held_there: tuple[HeldThereRecord, ...]
