# SPDX-License-Identifier: Apache-2.0
"""
The state tables as people read them: a table in text and a drawing, both made of what the program looks up.

``make docs`` puts them into ``docs/states.md`` and ``docs/states/``; ``test_state_tables`` compares.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Any

from legation.exchange import ACTIONS, Standing
from legation.exchange.link import LINKS, LinkEvent, LinkState
from legation.release.delivery import TRANSITIONS, DeliveryEvent, DeliveryState

BOX = (132, 40)  # width and height of a state, in the units of the drawing
GAP = 6  # how far beside the middle a line begins, so that those of both directions stand apart

BESIDE = 12  # how far beside its line stands what is written, where the line is level

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
    'font-family="sans-serif" font-size="12">'
)
TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto"><path d="M0 0 8 4 0 8z" fill="#333"/></marker></defs>'
)
FILLED = 'rx="6" fill="#f4f4f4" stroke="#333"'

Place = tuple[int, int]
Edge = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """Where states stand on a drawing, and how large it is."""

    title: str
    size: Place
    places: Mapping[str, Place]

    def of(self, edges: Iterable[Edge]) -> str:
        """Draw states and what leads from one to another: an SVG of its own, with a text for those who do not see it."""
        joined = _joined(edges)
        stays = {before: what for (before, after), what in joined.items() if before == after}
        width, height = self.size
        told = "; ".join(
            f"{before} to {after}: {', '.join(what)}" for (before, after), what in joined.items()
        )
        lines = [
            SVG.format(width=width, height=height),
            f"<title>{escape(self.title)}</title>",
            f"<desc>{escape(told)}</desc>",
            TIP,
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
        ]
        for (before, after), what in joined.items():
            if before != after:
                lines += self._arrow(before, after, what)
        for name in self.places:
            lines += self._box(name, stays.get(name, []))
        return "\n".join([*lines, "</svg>"]) + "\n"

    def _box(self, name: str, stays: Sequence[str]) -> list[str]:
        x, y = self.places[name]
        width, height = BOX
        found = [
            f'<rect x="{x - width // 2}" y="{y - height // 2}" width="{width}" height="{height}" {FILLED}/>',
            f'<text x="{x}" y="{y + (0 if stays else 4)}" text-anchor="middle" font-weight="bold">{escape(name)}</text>',
        ]
        if stays:
            what = escape("stays: " + ", ".join(stays))
            found.append(f'<text x="{x}" y="{y + 14}" text-anchor="middle" font-size="9">{what}</text>')
        return found

    def _arrow(self, before: str, after: str, what: Sequence[str]) -> list[str]:
        (x1, y1), (x2, y2), beside = self._ends(before, after)
        found = [f'<path d="M{x1} {y1} L{x2} {y2}" stroke="#333" fill="none" marker-end="url(#tip)"/>']
        if any(what):
            x, y = (x1 + x2) // 2 + beside[0], (y1 + y2) // 2 + beside[1] + 4
            text = escape(", ".join(what))
            found.append(
                f'<text x="{x}" y="{y}" text-anchor="middle" paint-order="stroke" stroke="#fff" '
                f'stroke-width="4" fill="#333">{text}</text>'
            )
        return found

    def _ends(self, before: str, after: str) -> tuple[Place, Place, Place]:
        """
        Where a line begins and where it meets the other box, and how far beside it stands what is written.

        It runs to the right of the way, seen from its beginning. Its beginning is under the box, which is drawn later.
        """
        (x1, y1), (x2, y2) = self.places[before], self.places[after]
        across, down = x2 - x1, y2 - y1
        length = (across * across + down * down) ** 0.5
        along = (across / length, down / length)
        aside = (-along[1] * GAP, along[0] * GAP)
        # How far one goes back from the middle of the other box, so far aside, to its border.
        back = min(
            (size / 2 + (shift if way > 0 else -shift)) / abs(way)
            for size, way, shift in zip(BOX, along, aside, strict=True)
            if abs(way) > 1e-9
        )
        start = (round(x1 + aside[0]), round(y1 + aside[1]))
        end = (round(x2 + aside[0] - along[0] * back), round(y2 + aside[1] - along[1] * back))
        return start, end, (round(-along[1] * BESIDE), round(along[0] * BESIDE))


def _joined(edges: Iterable[Edge]) -> dict[tuple[str, str], list[str]]:
    """What leads from one state to another, together."""
    found: dict[tuple[str, str], list[str]] = {}
    for before, after, what in edges:
        found.setdefault((before, after), []).append(what)
    return found


PASSES: Mapping[LinkState, tuple[bool, bool]] = {
    LinkState.ACTIVE: (True, True),
    LinkState.PAUSED: (True, False),
    LinkState.FROZEN: (False, False),
    LinkState.EXCLUDED: (False, False),
}
"""Whether a report comes in on a link, and whether one goes out."""

DELIVERIES = Drawing(
    title="Deliveries: what can happen to an item on its way to one addressee",
    size=(1020, 380),
    places={
        "withheld": (100, 50),
        "waiting": (100, 200),
        "numbered": (390, 50),
        "printed": (390, 330),
        "receipted": (680, 50),
        "withdrawn": (680, 200),
        "void": (930, 200),
    },
)
LINK_STATES = Drawing(
    title="Links: how a node stands to one peer, and what can happen to that",
    size=(760, 390),
    places={"active": (120, 50), "paused": (380, 190), "frozen": (640, 50), "excluded": (380, 340)},
)
POSITIONS = Drawing(
    title="Positions: what the position in a pull is to our stream, and what is done",
    size=(620, 460),
    places={each.value: (110, 40 + 54 * place) for place, each in enumerate(Standing)}
    | {
        f"{each.value}.": (500, 60 + 66 * place) for place, each in enumerate(dict.fromkeys(ACTIONS.values()))
    },
)


def edges_of(table: Mapping[Any, StrEnum]) -> list[Edge]:
    """What leads from one state to another, in the order of the table."""
    return [(before.value, after.value, event.value) for (before, event), after in table.items()]


def drawings() -> dict[str, str]:
    """The drawings, by the names of their files."""
    return {
        "deliveries.svg": DELIVERIES.of(edges_of(TRANSITIONS)),
        "links.svg": LINK_STATES.of(edges_of(LINKS)),
        "positions.svg": POSITIONS.of(
            (standing.value, f"{action.value}.", "") for standing, action in ACTIONS.items()
        ).replace(".</text>", "</text>"),
    }


def tables() -> dict[str, str]:
    """The tables in text, by the names of their markers."""
    return {
        "deliveries": _grid(DeliveryState, DeliveryEvent, TRANSITIONS, "it is"),
        "links": _grid(LinkState, LinkEvent, LINKS, "the link is"),
        "passing": _passing(),
        "positions": "\n".join(
            ["| the position is | what is done |", "|---|---|"]
            + [f"| {standing.value} | {action.value} |" for standing, action in ACTIONS.items()]
        ),
    }


def _passing() -> str:
    """What passes, for people."""
    said = {True: "yes", False: "no"}
    lines = ["| the link is | a report comes in | a report goes out |", "|---|---|---|"]
    lines += [
        f"| **{state.value}** | {said[comes]} | {said[goes]} |" for state, (comes, goes) in PASSES.items()
    ]
    return "\n".join(lines)


def _grid(states: type[StrEnum], events: type[StrEnum], table: Mapping[Any, StrEnum], corner: str) -> str:
    """One row for each state, one column for each event; a dash where it cannot happen."""
    names = [each.value for each in events]
    lines = [f"| {corner} | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for state in states:
        after = [table[state, each].value if (state, each) in table else "-" for each in events]
        lines.append(f"| **{state.value}** | {' | '.join(after)} |")
    return "\n".join(lines)
