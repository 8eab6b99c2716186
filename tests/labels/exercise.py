# SPDX-License-Identifier: Apache-2.0
"""
The policy EXERCISE, its clearances as the stories give them, and the report of story A.
"""

from legation.formats.shipped import shipped
from legation.labels import Clearance, TagType, category, gathered

EXERCISE = shipped("exercise-1")
LEVELS = ("OPEN", "LIMITED", "CONFIDENTIAL", "SECRET")

P = TagType.PERMISSIVE


def clearance(party: str, contexts: tuple[str, ...], top: str) -> Clearance:
    """
    A clearance that lists the classifications up to one, and a party's own lists.
    """
    return Clearance(
        policy_id=EXERCISE.id,
        policy="EXERCISE",
        classifications=LEVELS[: LEVELS.index(top) + 1],
        categories=gathered(
            [
                category("Context", P, contexts),
                category("Releasable To", P, [party]),
                category("Only", P, [party]),
            ]
        ),
    )


def own(party: str, top: str = "SECRET") -> Clearance:
    """
    What a mission's own people hold.
    """
    return clearance(party, ("Own", "Releasable"), top)


def grant(party: str, top: str) -> Clearance:
    """
    What a mission grants to a peer: never its own context.
    """
    return clearance(party, ("Releasable",), top)


GRANTS = {
    "KOR": grant("KOR", "SECRET"),
    "JPN": grant("JPN", "SECRET"),
    "NATO": grant("NATO", "SECRET"),
    "AUS": grant("AUS", "CONFIDENTIAL"),
}

REPORT = {
    "subject": "(O)",
    "par. 1": "(L//REL KOR, JPN, AUS, NATO)",
    "par. 2": "(C//REL KOR, JPN, NATO)",
    "par. 3": "(S//REL KOR, JPN)",
    "tearline": "(C//REL KOR, JPN, NATO)",
    "par. 4": "(S//REL KOR)",
}
"""The marks of the report in story A."""

SEEN = {
    "KOR": {"subject", "par. 1", "par. 2", "par. 3", "tearline", "par. 4"},
    "JPN": {"subject", "par. 1", "par. 2", "par. 3", "tearline"},
    "NATO": {"subject", "par. 1", "par. 2", "tearline"},
    "AUS": {"subject", "par. 1"},
}
"""Who sees which of them, as the story tells it."""
