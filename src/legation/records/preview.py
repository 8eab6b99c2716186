# SPDX-License-Identifier: Apache-2.0
"""
A preview as the drafter's side is shown it.
"""

from legation.encoding import Canonical
from legation.item.portion import Portion
from legation.labels import Explanation, Reason


class OutcomeRecord(Canonical, frozen=True):
    """
    One portion in one copy.

    ``showing`` is ``shown``, ``covered`` (in the copy, but a fuller variant is shown instead) or
    ``withheld``. ``reasons`` and ``nearest`` are codes and values; ``why`` and ``change`` say them
    in words.
    """

    portion: str
    mark: str
    showing: str
    reasons: tuple[Reason, ...]
    why: str
    nearest: Explanation
    change: str = ""


class CopyRecord(Canonical, frozen=True):
    """
    What one addressee would receive.

    Addressees with the same ``copy`` number receive the same portions. An ``empty`` copy has no
    body and is not sent. Without ``title_shown`` the reference stands for the title.
    """

    addressee: str
    copy: int
    banner: str
    empty: bool
    title_shown: bool
    portions: tuple[OutcomeRecord, ...]


class ToldRecord(Canonical, frozen=True):
    """One portion with its mark."""

    mark: str
    portion: Portion


class StretchRecord(Canonical, frozen=True):
    """Some words, ``text``, that stay (``kind`` is empty), come (a plus) or go (a minus)."""

    kind: str
    text: str


class DifferenceRecord(Canonical, frozen=True):
    """
    One portion in which a new version differs: as it was (``before``), as it is (``after``).

    ``change`` is ``gained``, ``lost``, ``changed``, ``marked anew``, or says that only the order is another.
    ``words`` are there where both texts are, and are not too long.
    """

    change: str
    before: ToldRecord | None = None
    after: ToldRecord | None = None
    words: tuple[StretchRecord, ...] = ()


class NewsRecord(Canonical, frozen=True):
    """
    What a new version is to one addressee, held against what they have or are about to get.

    ``news`` is ``first``, ``different``, ``same`` or ``nothing``. Who is told the ``same`` does not get it;
    who may see ``nothing`` of it keeps what they have. ``waits`` says that the older one has not been handed
    over yet. ``gains`` and ``loses`` count portions; ``differences`` shows each.
    """

    addressee: str
    news: str
    waits: bool
    gains: int
    loses: int
    differences: tuple[DifferenceRecord, ...]


class PreviewRecord(Canonical, frozen=True):
    """
    Every addressee's copy of one draft, whose digest is in hexadecimal.

    ``preview`` stands for all that would be approved by releasing it now; a draft of a node has it. A new
    version says which item it ``replaces``, what is ``news`` to whom, and to whom an older version was
    released who is ``not_addressed``.
    """

    draft: str
    copies: tuple[CopyRecord, ...]
    preview: str = ""
    replaces: str = ""
    news: tuple[NewsRecord, ...] = ()
    not_addressed: tuple[str, ...] = ()
