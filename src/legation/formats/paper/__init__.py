# SPDX-License-Identifier: Apache-2.0
"""
A view on paper: one sheet of what is printed, and two ways to write it down.

``sheet_of`` says what stands on the paper; ``write_docx`` and ``write_html`` write exactly that, and nothing that is
not on the page. The same sheet always gives the same bytes.

Use::

    sheet = sheet_of(view, policies, banner=banner, slip=slip, copy=1, by="KOR@NATO", at=now)
    data = write_docx(sheet)
"""

from legation.formats.paper.docx import write_docx
from legation.formats.paper.html import write_html
from legation.formats.paper.sheet import Paragraph, Sheet, Style, sheet_of

__all__ = ["Paragraph", "Sheet", "Style", "sheet_of", "write_docx", "write_html"]
