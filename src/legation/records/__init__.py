# SPDX-License-Identifier: Apache-2.0
"""What doors and clients speak: frozen records, the same on a page, in the API and with ``--json``."""

from legation.records.exchange import (
    AddresseeRecord,
    CheckRecord,
    DeliveriesRecord,
    DeliveryRecord,
    FaultRecord,
    GrantRecord,
    InboxEntryRecord,
    InboxRecord,
    PeerPulledRecord,
    PeerRecord,
    PeersRecord,
    PoliciesRecord,
    PolicyAddedRecord,
    PolicyRecord,
    PulledRecord,
    ReleasedRecord,
)
from legation.records.item import ItemRecord, PortionRecord, VerificationRecord
from legation.records.preview import CopyRecord, OutcomeRecord, PreviewRecord

__all__ = [
    "AddresseeRecord",
    "CheckRecord",
    "CopyRecord",
    "DeliveriesRecord",
    "DeliveryRecord",
    "FaultRecord",
    "GrantRecord",
    "InboxEntryRecord",
    "InboxRecord",
    "ItemRecord",
    "OutcomeRecord",
    "PeerPulledRecord",
    "PeerRecord",
    "PeersRecord",
    "PoliciesRecord",
    "PolicyAddedRecord",
    "PolicyRecord",
    "PortionRecord",
    "PreviewRecord",
    "PulledRecord",
    "ReleasedRecord",
    "VerificationRecord",
]
