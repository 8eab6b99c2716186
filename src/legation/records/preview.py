# SPDX-License-Identifier: Apache-2.0
"""
A preview as the drafter's side is shown it.
"""

from legation.encoding import Canonical
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


class PreviewRecord(Canonical, frozen=True):
    """
    Every addressee's copy of one draft, whose digest is in hexadecimal.

    ``preview`` stands for all that would be approved by releasing it now; a draft of a node has it.
    """

    draft: str
    copies: tuple[CopyRecord, ...]
    preview: str = ""
