# SPDX-License-Identifier: Apache-2.0
"""
What a correspondent was given, and what it would gain, as its own side is shown it.

Times are ISO 8601 in UTC, ids in hexadecimal. A banner says the labels that the mission's own people may see.
"""

from legation.encoding import Canonical


class GivenEntryRecord(Canonical, frozen=True):
    """
    One copy that a correspondent was handed, or that was on its way to it.

    ``released`` is when somebody released it, and ``released_by`` who.
    ``handed`` is when it was numbered, or printed; ``number`` is that of its entry in the stream, ``copy`` that of its
    copy on paper. ``state`` and ``why`` say what became of it; what is void may have been sent before it was taken
    back. ``receipted`` is when the receipt came, and ``receipt`` names it: the incarnation of the stream, and how many
    entries it is over. ``has``: it is the version of its document that they have now; ``back_file``: it was admitted later, and alerts nobody.
    """

    item: str
    reference: str
    author: str
    state: str
    why: str
    handed: str
    released_by: str
    released: str
    banner: str
    number: int | None = None
    copy: int | None = None
    receipted: str = ""
    receipt: str = ""
    has: bool = False
    back_file: bool = False


class GivenRecord(Canonical, frozen=True):
    """What a correspondent was given, in the order in which it was approved; ``next`` continues it, 0 if it ends."""

    office: str
    entries: tuple[GivenEntryRecord, ...]
    next: int = 0


class MovedRecord(Canonical, frozen=True):
    """
    A delivery that another grant would change by itself.

    ``banner`` says what of it would come, or go; ``becomes`` is ``goes``, ``wider``, ``cut``, ``withheld`` or
    ``taken back``. What ``goes`` may still say nothing, or nothing new: that is decided when it is numbered.
    """

    item: str
    reference: str
    becomes: str
    banner: str


class BackFileRecord(Canonical, frozen=True):
    """
    The newest version of a document of ours of which a peer may see more than it was given.

    ``time`` is when it was written. ``banner`` says what may go; ``addressed``: a smaller copy went, or goes, to it already.
    """

    item: str
    reference: str
    time: str
    banner: str
    addressed: bool = False


class GainRecord(Canonical, frozen=True):
    """
    What would change if a grant took the place of the one under its policy.

    ``gains`` and ``loses`` are the marks that it would and would no longer open; ``moves`` are deliveries that would
    change by themselves, ``back_file`` what would go only if it is released: a proposal. Long lists are cut; ``gain_count``,
    ``loss_count``, ``move_count`` and ``back_file_count`` are of all. ``preview`` stands for what would change by
    itself.
    """

    office: str
    policy: str
    levels: tuple[str, ...]
    gains: tuple[str, ...]
    loses: tuple[str, ...]
    moves: tuple[MovedRecord, ...]
    back_file: tuple[BackFileRecord, ...]
    gain_count: int
    loss_count: int
    move_count: int
    back_file_count: int
    preview: str


class AdmissionRecord(Canonical, frozen=True):
    """
    A back-file: what a peer would get of our own items, or got.

    ``state`` is ``previewed``, ``proposed`` or ``admitted``; ``preview`` stands for all of it. ``done`` counts the
    items that became deliveries, of ``size``; ``items`` lists them.
    """

    office: str
    state: str
    preview: str
    items: tuple[BackFileRecord, ...]
    size: int
    done: int = 0
    proposed_by: str = ""
    confirmed_by: str = ""
