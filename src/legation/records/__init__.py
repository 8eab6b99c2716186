# SPDX-License-Identifier: Apache-2.0
"""What doors and clients speak: frozen records, the same on a page, in the API and with ``--json``."""

from legation.records.item import ItemRecord, PortionRecord, VerificationRecord
from legation.records.preview import CopyRecord, OutcomeRecord, PreviewRecord

__all__ = [
    "CopyRecord",
    "ItemRecord",
    "OutcomeRecord",
    "PortionRecord",
    "PreviewRecord",
    "VerificationRecord",
]
