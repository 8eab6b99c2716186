# SPDX-License-Identifier: Apache-2.0
"""
What the tables themselves refuse, whatever the program does.

Each planted row is a lawful one with one thing changed, and that the lawful one is taken is tested too:
so it is this thing that is refused.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import apsw
import pytest

from legation.release import Because, DeliveryState
from legation.store.blobs import INLINE_SIZE_BYTES_MAX
from legation.store.sqlite import drafts, node
from legation.store.sqlite.database import Database, Writing
from legation.store.sqlite.incoming import EntryState
from legation.store.sqlite.items import ViewState
from legation.store.sqlite.reading import Value
from tests.store import rows

H32, H16 = bytes(range(32)), bytes(range(16))
LONG = INLINE_SIZE_BYTES_MAX + 1

Values = Mapping[str, Value]

# A lawful row of each table, beside what `world` has.
LAWFUL: dict[str, Values] = {
    "node": {"one": 1, "office": "KOR", "created_at": 0},
    "own_card": {"number": 0, "digest": H32, "published_at": 0, "data": b"{}"},
    "epoch": {"one": 1, "number": 1, "changes_at": None},
    "mission_clearance": {"policy_id": "2.25.1", "purpose": "own", "clearance": b"{}"},
    "policy": {
        "id": "2.25.1",
        "version": 1,
        "digest": H32,
        "name": "A",
        "spif": b"<a/>",
        "proposed_by": "a",
        "proposed_at": 0,
        "accepted_by": "b",
        "accepted_at": 1,
    },
    "need_to_know": {"group_id": 1, "name": "team"},
    "access": {
        "policy_id": "2.25.1",
        "policy_version": 1,
        "policy_digest": H32,
        "label": b"{}",
        "need_to_know": 0,
    },
    "peer": {"office": "NATO", "link": "active", "failed_at": 1, "failure": "silent"},
    "card": {
        "office": "KOR",
        "number": 0,
        "digest": H32,
        "data": b"{}",
        "added_by": "a",
        "added_at": 0,
        "confirmed_by": "b",
        "confirmed_at": 1,
    },
    "granted": {
        "office": "KOR",
        "policy_id": "2.25.1",
        "clearance": b"{}",
        "agreement": "",
        "proposed_by": "a",
        "proposed_at": 0,
        "confirmed_by": "b",
        "confirmed_at": 1,
        "ended_at": None,
    },
    "evidence": {"office": "KOR", "what": "fork", "ours": b"", "theirs": b"", "found_at": 0},
    "draft": {"digest": H32, "written_by": "a", "written_at": 0},
    "draft_piece": {"digest": rows.draft("sent").digest, "place": 1, "data": b"{}"},
    "item": {
        "item_id": H32,
        "document": H16,
        "time": 0,
        "kind": "report",
        "author": H32,
        "office": "KOR",
        "reference": "KOR 2026-0000-0000",
        "is_own": 0,
        "received_at": 0,
    },
    "view": {
        "hash": H32,
        "item_id": rows.digest("held"),
        "data": b"view",
        "size_bytes": 4,
        "source": "KOR",
        "state": "held",
        "because": "",
        "received_at": 0,
    },
    "layer": {"view_key": 1, "access_id": 2},
    "released": {
        "item_id": rows.digest("sent"),
        "draft_digest": rows.draft("kept").digest,
        "preview_digest": H32,
        "released_by": "a",
        "released_at": 0,
    },
    "delivery": {
        "office": "AUS",
        "item_id": rows.digest("sent"),
        "release_id": 1,
        "slip": b"{}",
        "precedence": 0,
        "state": "waiting",
        "because": "",
        "stream_id": None,
        "entry_number": None,
        "copy_number": None,
        "epoch": 1,
        "changed_at": 0,
    },
    "printed": {
        "delivery_id": 2,
        "cut": H32,
        "languages": "ko en",
        "printed_by": "a",
        "printed_at": 0,
        "handed_to": "their registry",
        "handed_by": "a",
        "handed_at": 1,
        "destroyed_by": "b",
        "destroyed_at": 2,
    },
    "printed_layer": {"delivery_id": 1, "access_id": 2},
    "delivery_label": {"delivery_id": 1, "access_id": 1, "office": "KOR", "is_withheld": 0},
    "admission": {
        "admission_id": 2,
        "office": "KOR",
        "preview_digest": H32,
        "proposed_by": "a",
        "proposed_at": 0,
        "confirmed_by": "b",
        "confirmed_at": 1,
        "size": 2,
        "done": 1,
    },
    "admission_item": {"admission_id": 1, "place": 0, "item_id": rows.digest("sent"), "labels": "[1]"},
    "outgoing": {"office": "AUS", "incarnation": H16, "frontier": b"{}", "started_at": 0},
    "outgoing_entry": {
        "stream_id": 1,
        "number": 2,
        "kind": "view",
        "payload_hash": H32,
        "payload_size_bytes": 4,
        "root": H32,
        "delivery_id": 1,
        "is_taken_back": 0,
        "epoch": 1,
        "numbered_at": 0,
        "payload": b"view",
    },
    "outgoing_checkpoint": {"stream_id": 1, "size": 1, "data": b"note"},
    "outgoing_receipt": {"stream_id": 1, "size": 1, "data": b"note", "received_at": 0},
    "outgoing_subtree": {"stream_id": 1, "height": 4, "place": 0, "root": H32},
    "incoming": {"office": "AUS", "incarnation": H16, "frontier": b"{}", "started_at": 0},
    "incoming_entry": {
        "stream_id": 1,
        "number": 1,
        "leaf": H32,
        "state": "held",
        "kind": "view",
        "payload_hash": H32,
        "payload_size_bytes": 40,
        "view_key": 1,
        "slip": b"{}",
        "received_at": 0,
        "payload": None,
    },
    "policy_offer": {
        "office": "KOR",
        "id": "2.25.1",
        "version": 1,
        "digest": H32,
        "name": "A",
        "stated_by": "",
        "stream_id": 1,
        "number": 7,
        "offered_at": 0,
    },
    "incoming_receipt": {"stream_id": 1, "size": 1, "data": b"note", "made_at": 0},
    "packed_bag": {
        "stream_id": 1,
        "number": 1,
        "start": 0,
        "stop": 2,
        "binding": H32,
        "file": H16[:8],
        "has_way_back": 1,
        "receipt_size": 0,
        "packed_by": "a",
        "packed_at": 0,
        "size_bytes": 66_773,
        "written_at": 1,
    },
    "opened_bag": {
        "binding": H32,
        "office": "KOR",
        "incarnation": H16,
        "number": 1,
        "start": 0,
        "stop": 2,
        "opened_by": "a",
        "opened_at": 0,
    },
    "log_entry": {"number": 0, "kind": "released", "hash": H32, "time": 0},
    "log_state": {"one": 1, "incarnation": H16, "frontier": b"{}"},
    "log_subtree": {"height": 4, "place": 0, "root": H32},
    "log_checkpoint": {"incarnation": H16, "size": 1, "data": b"note"},
    "held_there": {
        "office": "KOR",
        "incarnation": H16,
        "size": 1,
        "root": H32,
        "is_open": 1,
        "shown_at": 0,
        "receipt": b"note",
    },
    "lost_entry": {
        "office": "AUS",
        "incarnation": H16,
        "number": 0,
        "leaf": H32,
        "kind": "view",
        "item_id": H32,
    },
    "restoration": {"what": "restored", "proposed_by": "a", "proposed_at": 0},
    "inbox": {"view_key": 1, "item_id": rows.digest("held")},
    "inbox_layer": {"access_id": 1, "view_key": 2, "has_body": 1, "title": "a title"},
    "substance": {"view_key": 1, "first": 1, "second": 2, "has_body": 0, "digest": H32},
    "withdrawal": {
        "digest": H32,
        "item_id": H32,
        "office": "KOR",
        "source": "AUS",
        "state": "held",
        "because": "",
        "received_at": 0,
        "data": b"{}",
    },
    "destruction": {
        "digest": H32,
        "item_id": H32,
        "office": "KOR",
        "source": "AUS",
        "state": "held",
        "because": "",
        "destroyed_at": 0,
        "withdrawal": H32,
        "received_at": 0,
        "data": b"{}",
    },
    "destroyed": {
        "item_id": rows.digest("held"),
        "destroyed_by": "a",
        "witness": "b",
        "began_at": 0,
        "certificate": None,
    },
    "erasing": {"file": H16, "destroyed_id": 1},
    "attachment": {
        "root": H32,
        "size_bytes": (1 << 20) + 1,
        "access_id": 1,
        "file": H16,
        "key": H32,
        "kept_at": 0,
        "leaves": H32 * 2,
    },
    "arriving": {
        "office": "AUS",
        "incarnation": H16,
        "number": 1,
        "root": H32,
        "size_bytes": 1,
        "access_id": 1,
        "file": H16,
        "key": H32,
        "leaves": b"",
    },
}

WITHHELD: Values = {"state": "withheld", "because": "empty-cut"}
NUMBERED: Values = {"state": "numbered", "stream_id": 1, "entry_number": 0}
ON_PAPER: Values = {"state": "printed", "copy_number": 1}
UNSAID: Values = {
    "handed_to": None,
    "handed_by": None,
    "handed_at": None,
    "destroyed_by": None,
    "destroyed_at": None,
}
START: Values = {"number": 0, "kind": "start", "delivery_id": None}
POLICY: Values = {"kind": "policy", "view_key": None, "slip": None, "payload": b"x" * 40}
LEAF: Values = {
    "state": "taken-back",
    "kind": None,
    "payload_hash": None,
    "payload_size_bytes": None,
    "view_key": None,
    "slip": None,
}
VIEW_BLOB: Values = {"data": None, "size_bytes": LONG}
APART: Values = {"state": "quarantined", "because": "its policy is not at hand"}

# More lawful rows, by what they show.
ALSO_LAWFUL: list[tuple[str, Values]] = [
    ("policy", {"accepted_by": None, "accepted_at": None}),
    ("card", {"confirmed_by": None, "confirmed_at": None}),
    ("granted", {"confirmed_by": None, "confirmed_at": None}),
    ("granted", {"ended_at": 9}),
    ("peer", {"failed_at": None, "failure": ""}),
    ("item", {"office": "", "reference": ""}),
    ("view", VIEW_BLOB),
    ("view", APART),
    ("view", {"state": "destroyed", "data": None}),
    ("delivery", WITHHELD),
    ("delivery", NUMBERED),
    ("delivery", {**NUMBERED, "state": "receipted"}),
    ("delivery", {**NUMBERED, "state": "void", "because": "taken-back"}),
    ("delivery", {"state": "withdrawn"}),
    ("delivery", {**NUMBERED, "state": "withdrawn"}),
    ("delivery", ON_PAPER),
    ("delivery", {**ON_PAPER, "state": "receipted", "because": "handed-over"}),
    ("delivery", {**ON_PAPER, "state": "void", "because": "destroyed"}),
    ("delivery", {**ON_PAPER, "state": "withdrawn", "because": "printed-before"}),
    ("printed", UNSAID),
    ("printed", {**UNSAID, "destroyed_by": "b", "destroyed_at": 2, "languages": ""}),
    ("peer", {"way": "paper"}),
    ("delivery", {**NUMBERED, "because": "no-way-back"}),
    ("held_there", {"receipt": None}),
    ("lost_entry", {"kind": None, "item_id": None}),
    ("restoration", {"what": "copy"}),
    ("restoration", {"confirmed_by": "b", "confirmed_at": 1, "record": b"{}"}),
    ("packed_bag", {"receipt_size": 1, "receipt_of": 1}),
    ("packed_bag", {"stop": 0}),
    ("packed_bag", {"size_bytes": None, "written_at": None}),
    ("opened_bag", {"stop": 0}),
    ("peer", {"link": "paused", "asked_by": "a"}),
    ("peer", {"link": "excluded", "asked_by": "a"}),
    ("admission", {"confirmed_by": None, "confirmed_at": None, "done": 0}),
    ("outgoing_entry", {"is_taken_back": 1, "payload": None}),
    ("outgoing_entry", {"payload": None, "payload_size_bytes": LONG}),
    ("outgoing_entry", {"is_destroyed": 1, "payload": None}),
    ("outgoing_entry", {"kind": "void", "delivery_id": None}),
    ("incoming_entry", POLICY),
    ("incoming_entry", {**POLICY, "payload": None, "payload_size_bytes": LONG}),
    ("incoming_entry", LEAF),
    ("incoming_entry", {**LEAF, "state": "void"}),
    ("incoming_entry", {"state": "refused", "view_key": None}),
    ("incoming_entry", {"state": "void"}),
    ("incoming_entry", {"state": "void", "view_key": None}),
    ("inbox_layer", {"title": None}),
    ("substance", {"second": 1, "has_body": 1}),
    ("withdrawal", {**APART, "office": ""}),
    ("destruction", {**APART, "office": ""}),
    ("destruction", {"withdrawal": None}),
    ("erasing", {"file": H32}),
    ("attachment", {"size_bytes": 0, "leaves": b""}),
    ("attachment", {"size_bytes": 1 << 20, "leaves": H32}),
    ("arriving", {"leaves": H32}),
    ("arriving", {"size_bytes": 0}),
]

PLANTED: list[tuple[str, Values]] = [
    ("substance", {"view_key": 99}),
    ("substance", {"first": 99, "second": 99}),
    ("substance", {"first": 2, "second": 1}),
    ("substance", {"has_body": 1}),
    ("substance", {"digest": H16}),
    ("withdrawal", {"digest": H16}),
    ("withdrawal", {"item_id": H16}),
    ("withdrawal", {"office": ""}),
    ("withdrawal", {"state": "quarantined"}),
    ("withdrawal", {"state": "lost"}),
    ("withdrawal", {"because": "its key is revoked"}),
    ("withdrawal", {"data": b""}),
    ("withdrawal", {"data": b"x" * 513}),
    ("destruction", {"digest": H16}),
    ("destruction", {"item_id": H16}),
    ("destruction", {"office": ""}),
    ("destruction", {"state": "destroyed"}),
    ("destruction", {"because": "its key is revoked"}),
    ("destruction", {"destroyed_at": -1}),
    ("destruction", {"withdrawal": H16}),
    ("destruction", {"data": b"x" * 1025}),
    ("destroyed", {"item_id": H32}),
    ("destroyed", {"destroyed_by": ""}),
    ("destroyed", {"witness": ""}),
    ("destroyed", {"witness": "a"}),
    ("destroyed", {"certificate": H16}),
    ("destroyed", {"certificate": H32}),
    ("erasing", {"file": b"file"}),
    ("erasing", {"destroyed_id": 99}),
    ("attachment", {"root": H16}),
    ("attachment", {"size_bytes": -1, "leaves": b""}),
    ("attachment", {"size_bytes": (1 << 34) + 1}),
    ("attachment", {"access_id": 99}),
    ("attachment", {"file": H32}),
    ("attachment", {"key": H16}),
    ("attachment", {"leaves": H32}),
    ("attachment", {"leaves": H32 * 3}),
    ("arriving", {"office": ""}),
    ("arriving", {"incarnation": H32}),
    ("arriving", {"number": 0}),
    ("arriving", {"root": H16}),
    ("arriving", {"size_bytes": -1}),
    ("arriving", {"access_id": 99}),
    ("arriving", {"file": H32}),
    ("arriving", {"key": H16}),
    ("arriving", {"leaves": H16}),
    ("node", {"one": 2}),
    ("node", {"office": ""}),
    ("epoch", {"one": 2}),
    ("epoch", {"number": 0}),
    ("mission_clearance", {"purpose": "borrowed"}),
    ("policy", {"digest": H16}),
    ("policy", {"version": -1}),
    ("policy", {"spif": b""}),
    ("policy", {"accepted_by": "a"}),
    ("policy", {"accepted_at": None}),
    ("policy", {"accepted_by": None}),
    ("need_to_know", {"name": ""}),
    ("access", {"policy_digest": H16}),
    ("access", {"need_to_know": 7}),
    ("access", {"label": b""}),
    ("peer", {"link": "open"}),
    ("peer", {"office": ""}),
    ("peer", {"failed_at": None}),
    ("peer", {"failure": ""}),
    ("own_card", {"number": -1}),
    ("own_card", {"digest": H16}),
    ("own_card", {"data": b""}),
    ("card", {"office": "FRA"}),
    ("card", {"digest": H16}),
    ("card", {"number": -1}),
    ("card", {"confirmed_by": "a"}),
    ("card", {"confirmed_at": None}),
    ("card", {"confirmed_by": None}),
    ("granted", {"office": "FRA"}),
    ("granted", {"confirmed_by": "a"}),
    ("granted", {"confirmed_at": None}),
    ("granted", {"confirmed_by": None}),
    ("evidence", {"office": "FRA"}),
    ("draft", {"digest": H16}),
    ("draft_piece", {"digest": H32}),
    ("draft_piece", {"place": 0}),
    ("draft_piece", {"data": b""}),
    ("item", {"item_id": H16}),
    ("item", {"document": H32}),
    ("item", {"author": H16}),
    ("item", {"time": -1}),
    ("item", {"office": ""}),
    ("item", {"reference": ""}),
    ("item", {"is_own": 2}),
    ("item", {"is_own": 1, "office": "", "reference": ""}),
    ("view", {"hash": H16}),
    ("view", {"item_id": H32}),
    ("view", {"size_bytes": 5}),
    ("view", {"data": b"", "size_bytes": 0}),
    ("view", {"data": None}),
    ("view", {"data": bytes(LONG), "size_bytes": LONG}),
    ("view", {"state": "lost"}),
    ("view", {"state": "quarantined"}),
    ("view", {"because": "its policy is not at hand"}),
    ("view", {**APART, "source": ""}),
    ("view", {"state": "destroyed"}),
    ("view", {"state": "destroyed", "data": None, "source": "", "item_id": rows.digest("sent")}),
    ("view", {"source": "", "item_id": rows.digest("sent")}),
    ("layer", {"view_key": 99}),
    ("layer", {"access_id": 99}),
    ("layer", {"access_id": 1}),
    ("released", {"item_id": H32}),
    ("released", {"draft_digest": H32}),
    ("released", {"draft_digest": rows.draft("sent").digest}),
    ("released", {"preview_digest": H16}),
    ("delivery", {"office": ""}),
    ("delivery", {"office": "KOR"}),
    ("delivery", {"item_id": H32}),
    ("delivery", {"release_id": 99}),
    ("delivery", {"view_key": 99}),
    ("delivery", {"precedence": 4}),
    ("delivery", {"state": "sent"}),
    ("delivery", {"because": "mood"}),
    ("delivery", {"epoch": 0}),
    ("delivery", {"because": "empty-cut"}),
    ("delivery", {"state": "withheld"}),
    ("delivery", {"stream_id": 1}),
    ("delivery", {"entry_number": 0}),
    ("delivery", {"stream_id": 1, "entry_number": 0}),
    ("delivery", {**WITHHELD, "stream_id": 1, "entry_number": 0}),
    ("delivery", {"state": "numbered"}),
    ("delivery", {"state": "receipted"}),
    ("delivery", {"state": "void", "because": "taken-back"}),
    ("delivery", {**NUMBERED, "state": "void"}),
    ("delivery", {**NUMBERED, "because": "expired"}),
    ("delivery", {**NUMBERED, "entry_number": 99}),
    ("delivery", {**NUMBERED, "entry_number": 1}),
    ("delivery", {"because": "no-way-back"}),
    ("delivery", {**NUMBERED, "state": "receipted", "because": "no-way-back"}),
    ("packed_bag", {"stream_id": 99}),
    ("packed_bag", {"number": 0}),
    ("packed_bag", {"start": -1}),
    ("packed_bag", {"start": 3}),
    ("packed_bag", {"binding": H16}),
    ("packed_bag", {"file": H16}),
    ("packed_bag", {"has_way_back": 2}),
    ("packed_bag", {"receipt_size": -1}),
    ("packed_bag", {"receipt_size": 1}),
    ("packed_bag", {"receipt_of": 1}),
    ("packed_bag", {"receipt_size": 1, "receipt_of": 99}),
    ("packed_bag", {"packed_by": ""}),
    ("packed_bag", {"size_bytes": None}),
    ("packed_bag", {"written_at": None}),
    ("packed_bag", {"size_bytes": 0}),
    ("opened_bag", {"binding": H16}),
    ("opened_bag", {"office": "FRA"}),
    ("opened_bag", {"incarnation": H32}),
    ("opened_bag", {"number": 0}),
    ("opened_bag", {"start": -1}),
    ("opened_bag", {"start": 3}),
    ("opened_bag", {"opened_by": ""}),
    ("delivery", {"state": "printed"}),
    ("delivery", {"copy_number": 1}),
    ("delivery", {**ON_PAPER, "copy_number": 0}),
    ("delivery", {**ON_PAPER, "state": "receipted"}),
    ("delivery", {**NUMBERED, "state": "receipted", "because": "handed-over"}),
    ("delivery", {**ON_PAPER, "because": "destroyed"}),
    ("delivery", {**ON_PAPER, "state": "numbered"}),
    ("delivery", {**NUMBERED, "copy_number": 1}),
    ("delivery", {**WITHHELD, "copy_number": 1}),
    ("printed", {"delivery_id": 99}),
    ("printed", {"cut": H16}),
    ("printed", {"printed_by": ""}),
    ("printed", {"handed_to": None}),
    ("printed", {"handed_by": ""}),
    ("printed", {"handed_at": None}),
    ("printed", {"destroyed_by": None}),
    ("printed_layer", {"delivery_id": 99}),
    ("printed_layer", {"access_id": 99}),
    ("peer", {"way": "pigeon"}),
    ("peer", {"asked_by": "a"}),
    ("peer", {"link": "paused", "asked_by": ""}),
    ("peer", {"link": "frozen", "asked_by": "a"}),
    ("delivery_label", {"is_cut": 2}),
    ("admission", {"office": ""}),
    ("admission", {"preview_digest": H16}),
    ("admission", {"confirmed_by": "a"}),
    ("admission", {"confirmed_by": None}),
    ("admission", {"confirmed_at": None}),
    ("admission", {"confirmed_by": None, "confirmed_at": None}),
    ("admission", {"size": 0, "done": 0}),
    ("admission", {"done": 3}),
    ("admission", {"done": -1}),
    ("admission_item", {"admission_id": 99}),
    ("admission_item", {"place": -1}),
    ("admission_item", {"item_id": H32}),
    ("admission_item", {"labels": ""}),
    ("delivery_label", {"delivery_id": 99}),
    ("delivery_label", {"access_id": 99}),
    ("delivery_label", {"is_withheld": 2}),
    ("outgoing", {"office": "FRA"}),
    ("outgoing", {"office": "KOR"}),
    ("outgoing", {"incarnation": H32}),
    ("outgoing", {"receipt_size": 1}),
    ("outgoing", {"receipt_size": -1}),
    ("outgoing", {"told_card": -1}),
    ("outgoing", {"is_settled": 2}),
    ("outgoing", {"size": -1}),
    ("outgoing_entry", {"stream_id": 99}),
    ("outgoing_entry", {"number": 0}),
    ("outgoing_entry", {"number": 0, "stream_id": 2}),
    ("outgoing_entry", {"number": -1}),
    ("outgoing_entry", {"kind": "start", "delivery_id": None}),
    ("outgoing_entry", {"kind": "", "delivery_id": None}),
    ("outgoing_entry", {"kind": "policy"}),
    ("outgoing_entry", {"kind": "void", "delivery_id": None, "is_taken_back": 1, "payload": None}),
    ("outgoing_entry", {"payload_hash": H16}),
    ("outgoing_entry", {"root": H16}),
    ("outgoing_entry", {"payload": None}),
    ("outgoing_entry", {"payload": b"views"}),
    ("outgoing_entry", {"payload": b"", "payload_size_bytes": 0}),
    ("outgoing_entry", {"payload": bytes(LONG), "payload_size_bytes": LONG}),
    ("outgoing_entry", {"is_taken_back": 1}),
    ("outgoing_entry", {"is_destroyed": 1}),
    ("outgoing_entry", {"is_destroyed": 2, "payload": None}),
    ("outgoing_entry", {"kind": "void", "delivery_id": None, "is_destroyed": 1, "payload": None}),
    ("outgoing_entry", {"delivery_id": 99}),
    ("outgoing_entry", {"delivery_id": 2}),
    ("outgoing_entry", {"epoch": -1}),
    ("outgoing_checkpoint", {"stream_id": 99}),
    ("outgoing_checkpoint", {"size": 0}),
    ("outgoing_receipt", {"stream_id": 99}),
    ("outgoing_receipt", {"size": 0}),
    ("outgoing_subtree", {"stream_id": 99}),
    ("outgoing_subtree", {"height": 3}),
    ("outgoing_subtree", {"place": -1}),
    ("outgoing_subtree", {"root": H16}),
    ("incoming", {"office": "FRA"}),
    ("incoming", {"office": "KOR"}),
    ("incoming", {"incarnation": H32}),
    ("incoming", {"receipt_size": 1}),
    ("policy_offer", {"office": "FRA"}),
    ("policy_offer", {"version": -1}),
    ("policy_offer", {"digest": H16}),
    ("policy_offer", {"stream_id": 99}),
    ("policy_offer", {"number": 0}),
    ("incoming_entry", {"stream_id": 99}),
    ("incoming_entry", {"number": -1}),
    ("incoming_entry", {"number": 0}),
    ("incoming_entry", {"leaf": H16}),
    ("incoming_entry", {"state": "lost"}),
    ("incoming_entry", {"state": "taken-back"}),
    ("incoming_entry", {**LEAF, "state": "held"}),
    ("incoming_entry", {**LEAF, "state": "refused"}),
    ("incoming_entry", {**LEAF, "view_key": 1}),
    ("incoming_entry", {**LEAF, "slip": b"{}"}),
    ("incoming_entry", {**LEAF, "payload": b"x"}),
    ("incoming_entry", {"kind": None}),
    ("incoming_entry", {"payload_hash": None}),
    ("incoming_entry", {"payload_hash": H16}),
    ("incoming_entry", {"payload_size_bytes": None}),
    ("incoming_entry", {"payload_size_bytes": 0}),
    ("incoming_entry", {"slip": None}),
    ("incoming_entry", {"view_key": None}),
    ("incoming_entry", {"view_key": 99}),
    ("incoming_entry", {"state": "refused"}),
    ("incoming_entry", {"payload": b"x" * 40}),
    ("incoming_entry", {**POLICY, "kind": "start"}),
    ("incoming_entry", {**POLICY, "view_key": 1}),
    ("incoming_entry", {**POLICY, "slip": b"{}"}),
    ("incoming_entry", {**POLICY, "payload": None}),
    ("incoming_entry", {**POLICY, "payload": b"x"}),
    ("incoming_receipt", {"stream_id": 99}),
    ("incoming_receipt", {"size": 0}),
    ("log_entry", {"number": -1}),
    ("log_entry", {"hash": H16}),
    ("log_entry", {"time": -1}),
    ("log_state", {"one": 2}),
    ("log_state", {"incarnation": H32}),
    ("log_subtree", {"height": 3}),
    ("log_subtree", {"place": -1}),
    ("log_subtree", {"root": H16}),
    ("log_checkpoint", {"size": 0}),
    ("log_checkpoint", {"incarnation": H32}),
    ("held_there", {"office": "FRA"}),
    ("held_there", {"incarnation": H32}),
    ("held_there", {"size": 0}),
    ("held_there", {"root": H16}),
    ("held_there", {"is_open": 2}),
    ("held_there", {"receipt": b""}),
    ("lost_entry", {"office": "FRA"}),
    ("lost_entry", {"number": -1}),
    ("lost_entry", {"leaf": H16}),
    ("lost_entry", {"kind": ""}),
    ("lost_entry", {"kind": "void"}),
    ("lost_entry", {"kind": None}),
    ("lost_entry", {"item_id": H16}),
    ("restoration", {"what": "moved"}),
    ("restoration", {"proposed_by": ""}),
    ("restoration", {"confirmed_by": "b"}),
    ("restoration", {"confirmed_by": "b", "confirmed_at": 1}),
    ("restoration", {"confirmed_by": "a", "confirmed_at": 1, "record": b"{}"}),
    ("restoration", {"record": b"{}"}),
    ("inbox", {"view_key": 99}),
    ("inbox", {"item_id": H32}),
    ("inbox_layer", {"access_id": 99}),
    ("inbox_layer", {"view_key": 1}),
    ("inbox_layer", {"has_body": 2}),
    ("inbox_layer", {"title": ""}),
]


def world() -> Writing:
    """What the rows above refer to: peers, labels, an item held and two sent, a stream each way."""
    db = rows.memory()
    db.run_many("INSERT INTO peer (office) VALUES (?)", [("KOR",), ("AUS",)])
    rows.interned(db, "OPEN", "SECRET")
    rows.add_item(db, "held")
    for data in (b"first", b"second"):
        rows.add_view(db, "held", data, [1])
    db.run("INSERT INTO inbox (view_key, item_id) VALUES (2, ?)", (rows.digest("held"),))
    drafts.save_draft(db, rows.draft("kept"), "desk officer", 0)
    rows.released(db, "sent", "sent too")
    rows.add_view(db, "sent", b"whole", [1], source="")
    rows.numbered(db, rows.begun(db), [2])
    insert(db, "printed", {**LAWFUL["printed"], "delivery_id": 1})
    insert(db, "held_there", {**LAWFUL["held_there"], "office": "AUS"})
    insert(db, "admission", {**LAWFUL["admission"], "admission_id": 1})
    insert(db, "destroyed", {**LAWFUL["destroyed"], "destroyed_id": 1, "item_id": rows.digest("sent")})
    insert(db, "incoming", {**LAWFUL["incoming"], "office": "KOR"})
    db.run("UPDATE incoming SET incarnation = ?", (rows.drawn("theirs", 16),))
    insert(db, "incoming_entry", {**LAWFUL["incoming_entry"], **POLICY, "number": 7})
    return db


@cache
def copied() -> bytes:
    """The bytes of that world, so that it is made once."""
    connection = rows.connection_of(world())
    connection.execute("COMMIT")
    return connection.serialize("main")


@pytest.fixture
def db() -> Writing:
    """That world."""
    made = rows.memory()
    connection = rows.connection_of(made)
    connection.execute("COMMIT")
    connection.deserialize("main", copied())
    connection.execute("BEGIN")
    return made


def insert(db: Writing, table: str, values: Values) -> None:
    """Put a row in by hand."""
    columns, places = ", ".join(values), ", ".join("?" for _ in values)
    sql = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - names of columns
    rows.connection_of(db).execute(sql, tuple(values.values()))


def named(planted: tuple[str, Values]) -> str:
    """Name a case for what is changed in it."""
    changed = [
        f"{name}-{len(value) if isinstance(value, bytes) else value}" for name, value in planted[1].items()
    ]
    return "-".join((planted[0], *changed))


@pytest.mark.parametrize("table", LAWFUL)
def test_a_lawful_row_is_taken(db: Writing, table: str) -> None:
    """
    Each table takes a row that is what it must be, so a planted one is refused for what is planted.
    """
    before = rows.count(db, table)
    insert(db, table, LAWFUL[table])
    assert rows.count(db, table) == before + 1


@pytest.mark.parametrize("planted", ALSO_LAWFUL, ids=named)
def test_what_may_be_otherwise_is_taken(db: Writing, planted: tuple[str, Values]) -> None:
    """
    What is not there yet, or lies in a file, or was taken back, has its place too.
    """
    table, changes = planted
    insert(db, table, {**LAWFUL[table], **changes})


@pytest.mark.parametrize("planted", PLANTED, ids=named)
def test_a_wrong_row_is_refused(db: Writing, planted: tuple[str, Values]) -> None:
    """
    A row that cannot be is refused by the table, and nothing of it is left.
    """
    table, changes = planted
    before = rows.everything(db)
    with pytest.raises(apsw.ConstraintError):
        insert(db, table, {**LAWFUL[table], **changes})
    assert rows.everything(db) == before


@pytest.mark.parametrize("table", LAWFUL)
def test_nothing_is_of_another_type(db: Writing, table: str) -> None:
    """
    Every table is strict: a number where text stands is refused, not turned into text.
    """
    for name, value in LAWFUL[table].items():
        wrong: Value = "text" if not isinstance(value, str) else b"bytes"
        if value is not None:
            with pytest.raises((apsw.ConstraintError, apsw.MismatchError)):
                insert(db, table, {**LAWFUL[table], name: wrong})


@pytest.mark.parametrize("table", LAWFUL)
def test_nothing_is_there_twice(db: Writing, table: str) -> None:
    """
    A row put in a second time is refused; only the same thing may go wrong twice.
    """
    insert(db, table, LAWFUL[table])
    if table == "evidence":
        insert(db, table, LAWFUL[table])
    else:
        with pytest.raises(apsw.ConstraintError):
            insert(db, table, LAWFUL[table])


def test_every_table_is_looked_at() -> None:
    """
    There is a lawful row above for each table, and something planted.
    """
    tables = set(re.findall(r"^CREATE TABLE (\w+)", rows.schema_text(), re.MULTILINE))
    assert tables == set(LAWFUL)
    assert tables == {table for table, _ in PLANTED}


def test_every_table_is_strict() -> None:
    """
    No table takes a value of another type than its columns say.
    """
    db = rows.memory()
    tables = list(
        db.rows("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
    )
    assert {name for name, strict in tables if not strict} <= {"sqlite_schema"}


def test_states_are_those_of_the_program() -> None:
    """
    The lists of states and reasons in the tables are those that the program knows.
    """
    text = re.sub(r"\s+", " ", rows.schema_text())
    lists = [
        frozenset(re.findall(r"'([^']*)'", found)) for found in re.findall(r" IN \(([^()]*'[^()]*)\)", text)
    ]
    for wanted in (DeliveryState, Because, ViewState, EntryState):
        assert frozenset(each.value for each in wanted) in lists


def test_what_is_inline_is_what_the_program_keeps_inline() -> None:
    """
    The size from which on a payload is a file is the same in the tables and in the program.
    """
    assert set(re.findall(r"> (\d{4,})", rows.schema_text())) == {str(INLINE_SIZE_BYTES_MAX)}


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("outgoing", {"is_current": 1}),
        ("incoming", {"is_current": 1}),
    ],
)
def test_an_older_stream_stands_beside_the_present_one(db: Writing, table: str, changes: Values) -> None:
    """
    Of the streams of one office any number is kept, and one is the present one.
    """
    insert(db, table, {**LAWFUL[table], "office": "KOR", "is_current": 0})
    with pytest.raises(apsw.ConstraintError):
        insert(
            db, table, {**LAWFUL[table], "office": "KOR", "incarnation": rows.drawn("third", 16), **changes}
        )


def test_a_second_grant_is_in_force_only_after_the_first(db: Writing) -> None:
    """
    Of the grants of an office under one policy one is in force; those that ended and those that are
    proposed stand beside it.
    """
    insert(db, "granted", LAWFUL["granted"])
    insert(db, "granted", {**LAWFUL["granted"], "ended_at": 5})
    insert(db, "granted", {**LAWFUL["granted"], "confirmed_by": None, "confirmed_at": None})
    insert(db, "granted", {**LAWFUL["granted"], "policy_id": "2.25.2"})
    with pytest.raises(apsw.ConstraintError):
        insert(db, "granted", LAWFUL["granted"])


def test_an_item_is_on_its_way_to_an_office_once(db: Writing) -> None:
    """
    While a delivery lives there is no second one of its item to its office; of those that ended any number.
    """
    insert(db, "delivery", LAWFUL["delivery"])
    ended: list[Values] = [{"state": "withdrawn"}, {**NUMBERED, "state": "void", "because": "taken-back"}]
    for changes in ended:
        insert(db, "delivery", {**LAWFUL["delivery"], **changes})
    alive: list[Values] = [{}, WITHHELD, NUMBERED, {**NUMBERED, "state": "receipted"}]
    for changes in alive:
        with pytest.raises(apsw.ConstraintError):
            insert(db, "delivery", {**LAWFUL["delivery"], **changes})


def test_the_migration_makes_a_database(tmp_path: Path) -> None:
    """
    A database of a node is made with these tables, opens again, and is whole.
    """
    Database.create(tmp_path / "node.db", now=0).close()
    store = Database.open(tmp_path / "node.db", now=1)
    try:
        store.write(rows.furnish)
        store.verify()
        with store.read() as db:
            assert node.office(db) == rows.OURS
    finally:
        store.close()
