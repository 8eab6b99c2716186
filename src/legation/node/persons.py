# SPDX-License-Identifier: Apache-2.0
"""
Acts by two persons, as long as nobody logs in: two commands with two names, as they were given.

Names that differ only in the size or the width of their letters, or in their spaces, are one person's.
"""

import unicodedata

from legation.errors import RefusedError


def check_second(first: str, second: str, did: str) -> None:
    """
    Refuse the second act of one person.

    Args:
        first: Who acted first.
        second: Who acts now.
        did: What the first did, for the message.

    Raises:
        RefusedError: They are the same.
    """
    if _plain(first) == _plain(second):
        raise RefusedError(f"`{second}` {did}", hint="it takes a second person: --by NAME")


def _plain(name: str) -> str:
    """A name without what may look alike in it: spaces of several kinds, wide letters, capitals."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()
