# SPDX-License-Identifier: Apache-2.0
"""
Acts by two persons, as long as nobody logs in: two commands with two names, as they were given.

Names that differ only in the size of their letters are one person's.
"""

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
    if first.casefold() == second.casefold():
        raise RefusedError(f"`{second}` {did}", hint="it takes a second person: --by NAME")
