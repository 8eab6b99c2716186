# SPDX-License-Identifier: Apache-2.0
"""What doors and clients speak: frozen records, the same on a page, in the API and with ``--json``."""

from legation.records.item import ItemRecord, PortionRecord

__all__ = ["ItemRecord", "PortionRecord"]
