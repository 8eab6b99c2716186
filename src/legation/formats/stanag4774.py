# SPDX-License-Identifier: Apache-2.0
"""
Labels and clearances in the XML of ADatP-4774 (STANAG 4774), edition A version 1.

Use::

    document = read_document(data)  # role, dates, originator, label, and what does not conform
    label = read_label(data)
    data = write_label(label, policy, created=now)
    clearance = read_clearance(data)

What is not known is refused, for it may have been meant to restrict: elements of another namespace
in a label, attributes of another spelling, values that are integers or bit strings (the schema has
them, the text forbids them), a type in small letters. A category without a value is kept, so that
the decision can refuse it; it is never joined with another of its list. What decides nothing is
read leniently and listed in ``faults``.

Nothing here knows the policy; ``legation.labels`` judges what was read. The parts are
``stanag4774_label``, ``stanag4774_writing``, ``stanag4774_clearance`` and, for all, ``stanag4774_parts``.

Source: ADatP-4774(A)(1), schema version 1.3; for clearances Appendix 2, Annex A, schema version 1.2.
"""

from legation.formats.stanag4774_clearance import (
    CLEARANCE_NAMESPACE,
    CLEARANCE_SIZE_BYTES_MAX,
    read_claim,
    read_clearance,
    write_claim,
    write_clearance,
)
from legation.formats.stanag4774_label import (
    LABEL_SIZE_BYTES_MAX,
    ROOTS,
    IDType,
    LabelDocument,
    OriginatorID,
    Role,
    choose,
    read_document,
    read_label,
)
from legation.formats.stanag4774_parts import LABEL_NAMESPACE
from legation.formats.stanag4774_writing import REVIEW_AFTER, UNDATED, write_label

__all__ = [
    "CLEARANCE_NAMESPACE",
    "CLEARANCE_SIZE_BYTES_MAX",
    "LABEL_NAMESPACE",
    "LABEL_SIZE_BYTES_MAX",
    "REVIEW_AFTER",
    "ROOTS",
    "UNDATED",
    "IDType",
    "LabelDocument",
    "OriginatorID",
    "Role",
    "choose",
    "read_claim",
    "read_clearance",
    "read_document",
    "read_label",
    "write_claim",
    "write_clearance",
    "write_label",
]
