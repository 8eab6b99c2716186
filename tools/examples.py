# SPDX-License-Identifier: Apache-2.0
"""
Examples on the pages of the specification: each stands between two marks, and is written anew from the vectors.
"""

from collections.abc import Mapping

_CLOSING = "<!-- /example -->"


def with_examples(page: str, blocks: Mapping[str, str]) -> str:
    """
    Put examples into a page, between their marks; one that the page does not show is left out.

    Args:
        page: Its text.
        blocks: The examples, by the name in their mark.
    """
    for name, block in blocks.items():
        opening = f"<!-- example: {name} -->"
        if opening in page:
            former, latter = page.split(opening)
            if _CLOSING in latter.split("<!-- example:")[0]:
                latter = latter.split(_CLOSING, 1)[1]
            page = f"{former}{opening}\n{block}\n{_CLOSING}{latter}"
    return page
