# SPDX-License-Identifier: Apache-2.0
"""
An item as a reader is shown it.
"""

from legation.encoding import Canonical
from legation.item.portion import Kind, Portion


class PortionRecord(Canonical, frozen=True):
    """One portion as it is shown: its mark, its paragraph code, and what it says."""

    mark: str
    code: str
    portion: Portion


class VersionRecord(Canonical, frozen=True):
    """
    Another version of the document of an item, which this reader has or had, and how to name it.

    ``time`` is when its author signed it; ``withdrawn`` when its author withdrew it, if that is so.
    """

    item: str
    reference: str
    time: str
    withdrawn: str = ""


class ItemRecord(Canonical, frozen=True):
    """
    A copy of an item.

    ``item`` and ``document`` are in hexadecimal. ``verified`` says whether the copy was held
    against its author's card; only then are ``author``, ``reference`` and ``key_state`` there.
    ``source`` is the office that passed it on, where that is not the author.
    ``time`` is what the author wrote, ISO 8601 in UTC. ``banner`` is the roll-up of what this copy
    discloses, not of the whole item, of which a copy tells nothing.

    Of an item that its author withdrew, ``withdrawn`` is when that came here; then nothing of it is shown, and
    ``banner`` and ``portions`` are empty. ``earlier`` are the versions that this reader had before, the oldest
    first; ``later`` those that came since.
    """

    item: str
    document: str
    kind: Kind
    time: str
    banner: str
    portions: tuple[PortionRecord, ...]
    verified: bool
    author: str = ""
    reference: str = ""
    key_state: str = ""
    source: str = ""
    withdrawn: str = ""
    earlier: tuple[VersionRecord, ...] = ()
    later: tuple[VersionRecord, ...] = ()


class VerificationRecord(Canonical, frozen=True):
    """
    What holds of a copy: who signed it, and how many of its layers can be judged here.

    ``verified`` is always true: what does not verify is an error. ``document`` is the same in every version
    of an item. ``key_state`` is what the author's card says of the key now. Of the ``layers`` those count
    as ``valid`` whose label is valid now in a policy at hand. One that is not is genuine all the same; it
    is shown to nobody.
    """

    verified: bool
    author: str
    reference: str
    item: str
    document: str
    key_state: str
    portions: int
    layers: int
    valid: int
