# SPDX-License-Identifier: Apache-2.0
"""
Portion-marked Markdown: how a drafter writes a report by hand.

::

    kind: report
    policy: EXERCISE
    title: (O) New mission
    action: KOR

    (L//REL KOR, JPN) A paragraph, marked.

    (C//REL KOR) {source: a host official} {grade: B2} Another one.

    (L//REL KOR, JPN) {tearline} What may go wider.

``docs/spec/markdown.md`` is the specification. Nothing unmarked is read: every line that needs a
mark and has none is named. ``read(write(draft)) == draft`` for every draft that Markdown can say,
so ``write(read(text))`` is the formatter.
"""

from legation.formats.markdown.reading import Measure, no_files, read
from legation.formats.markdown.writing import write

__all__ = ["Measure", "no_files", "read", "write"]
