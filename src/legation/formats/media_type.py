# SPDX-License-Identifier: Apache-2.0
"""
What a file is taken for by its name: the table of Python's ``mimetypes`` without that of the machine, and the
documents of an office, which it does not know in every release.
"""

from functools import cache
from mimetypes import MimeTypes
from typing import Final

UNKNOWN = "application/octet-stream"
_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
_OFFICE: Final = {
    ".docx": f"{_OOXML}.wordprocessingml.document",
    ".pptx": f"{_OOXML}.presentationml.presentation",
    ".xlsx": f"{_OOXML}.spreadsheetml.sheet",
    ".odp": f"{_ODF}.presentation",
    ".ods": f"{_ODF}.spreadsheet",
    ".odt": f"{_ODF}.text",
}


def media_type_of(name: str) -> str:
    """Give the media type for a file name; ``UNKNOWN`` if its ending says nothing, or that it is packed."""
    found, packed = _table().guess_type(name)
    return UNKNOWN if found is None or packed is not None else found


@cache
def _table() -> MimeTypes:
    table = MimeTypes()
    for ending, media_type in _OFFICE.items():
        table.add_type(media_type, ending)
    return table
