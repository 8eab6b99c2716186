# SPDX-License-Identifier: Apache-2.0
"""
The colours of a label: the one its policy gives the classification, and one that is read on it.

Colour never says alone what a label is; it stands under the words of the marking.

Source: XML SPIF 2.1 (color); WCAG 2.2, definitions of relative luminance and contrast ratio, and
success criterion 1.4.3.
"""

from dataclasses import dataclass

from legation.labels.label import Label
from legation.labels.policy import Policy

RATIO_MIN = 4.5  # WCAG 2.2, 1.4.3: text of any size; black or white reaches it on every colour

_NAMES = {
    "aqua": "#00ffff",
    "black": "#000000",
    "blue": "#0000ff",
    "fuchsia": "#ff00ff",
    "fuschia": "#ff00ff",  # as the schema spells it
    "gray": "#808080",
    "green": "#008000",
    "lime": "#00ff00",
    "maroon": "#800000",
    "navy": "#000080",
    "olive": "#808000",
    "purple": "#800080",
    "red": "#ff0000",
    "silver": "#c0c0c0",
    "teal": "#008080",
    "white": "#ffffff",
    "yellow": "#ffff00",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """
    A background and the text on it, each as ``#rrggbb`` in small letters.

    ``ratio`` is their contrast by WCAG, from 1 to 21, and never below ``RATIO_MIN``.
    """

    background: str
    foreground: str
    ratio: float


def contrast(policy: Policy, label: Label) -> Colours | None:
    """
    Give the colours in which *label* is marked; None where its policy gives its level none.

    Args:
        policy: The policy of the label.
        label: Any label; only its classification is looked at.
    """
    found = policy.classification(label.classification)
    if found is None or not found.color:
        return None
    return colours_on(found.color)


def colours_on(color: str) -> Colours | None:
    """
    Choose black or white, whichever is read better on a colour.

    Args:
        color: A colour as a SPIF states it: one of its names, or ``#RRGGBB``. Of anything else there
            is none.
    """
    background = _NAMES.get(color.lower(), color.lower())
    if not _is_hexadecimal(background):
        return None
    light = luminance(background)
    on_black, on_white = (light + 0.05) / 0.05, 1.05 / (light + 0.05)
    if on_black >= on_white:
        return Colours(background=background, foreground="#000000", ratio=on_black)
    return Colours(background=background, foreground="#ffffff", ratio=on_white)


def _is_hexadecimal(color: str) -> bool:
    return len(color) == 7 and color[0] == "#" and set(color[1:]) <= set("0123456789abcdef")


def luminance(color: str) -> float:
    """The relative luminance of ``#rrggbb``, from 0 for black to 1 for white."""
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
