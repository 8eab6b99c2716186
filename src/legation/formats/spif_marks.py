# SPDX-License-Identifier: Apache-2.0
"""
What an XML SPIF says about showing: marks, their prefixes and separators, privacy marks, colours.

Nothing here decides, so a lenient reader leaves out what it does not know.

Source: XML SPIF 2.1, markingData, markingQualifier, privacyMark, securityClassification/@color.
"""

import re
from collections.abc import Iterator

from legation.formats.spif_schema import Faults, Node
from legation.formats.spif_values import name_of, phrase_of, to_flag, trim, value_of
from legation.labels.policy import Marking, PrivacyMark, Qualifier

PLACES = (
    "pageTop",
    "pageBottom",
    "pageTopBottom",
    "documentStart",
    "documentEnd",
    "noNameDisplay",
    "noMarkingDisplay",
    "suppressClassName",
    "firstLineOfText",
    "lastLineOfText",
    "subject",
    "xHeader",
    "portionMarking",
    "inputTitle",
    "waterMark",
    "replacePolicy",
)
"""The marking codes, in the order of the schema."""

_COLOR = re.compile(
    # The schema's own spelling of fuchsia.
    r"#[0-9a-fA-F]{6}|aqua|black|blue|fuschia|gray|green|lime|maroon|navy|olive|purple|red|silver|teal"
    r"|white|yellow"
)
_CODES = frozenset({"prefix", "suffix", "separator"})


def markings(node: Node, faults: Faults) -> tuple[Marking, ...]:
    """Read the phrases of an element; one that is left without any place is none."""
    return tuple(_markings(node, faults)) if "markingData" in node.children else ()


def _markings(node: Node, faults: Faults) -> Iterator[Marking]:
    for each in node.all("markingData"):
        codes = frozenset(code for part in each.all("code") for code in _codes(part, faults))
        phrase = phrase_of(each, "phrase", faults) if "phrase" in each.attributes else None
        if codes:
            yield Marking(codes=codes, phrase=phrase, language=each.language)


def _codes(node: Node, faults: Faults) -> Iterator[str]:
    code = trim(node, node.text, "text", faults)
    if code in PLACES:
        yield code
    else:
        faults.forgive(node.line, "code names a place that the schema does not know")


def qualifiers(node: Node, faults: Faults) -> tuple[Qualifier, ...]:
    """Read the prefixes, suffixes and separators of an element."""
    return tuple(_qualifiers(node, faults)) if "markingQualifier" in node.children else ()


def _qualifiers(node: Node, faults: Faults) -> Iterator[Qualifier]:
    for each in node.all("markingQualifier"):
        place = value_of(each, "markingCode", faults)
        if "markingCode" in each.attributes and place not in PLACES:
            faults.forgive(each.line, f"{each.name} names a place that the schema does not know")
            continue
        for part in each.all("qualifier"):
            code = value_of(part, "qualifierCode", faults)
            if code in _CODES:
                text = phrase_of(part, "markingQualifier", faults)
                yield Qualifier(place=place, code=code, text=text, language=part.language)
            else:
                faults.forgive(part.line, f"{part.name} is no prefix, suffix or separator")


def privacy_marks(root: Node, faults: Faults) -> Iterator[PrivacyMark]:
    """Read the privacy marks; how many may be chosen together is passed over with the rest of them."""
    for node in root.within("privacyMarks", "privacyMark"):
        yield PrivacyMark(
            name=name_of(node, "name", faults, optional=True),
            obsolete=to_flag(value_of(node, "obsolete", faults)) or False,
            markings=markings(node, faults),
            qualifiers=qualifiers(node, faults),
        )


def color(node: Node, faults: Faults) -> str:
    """Read the colour of a classification."""
    found = value_of(node, "color", faults)
    if "color" in node.attributes and not _COLOR.fullmatch(found):
        faults.forgive(node.line, f"{node.name} has a @color that the schema does not know")
        return ""
    return found
