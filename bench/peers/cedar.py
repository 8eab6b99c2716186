# SPDX-License-Identifier: Apache-2.0
"""
Cedar, by cedarpy: one policy over attributes; policies and entities are parsed beforehand.

Requests name entities by type and id, which cedarpy reads twice as fast as ``Reader::"1"``.
"""

import json
from collections.abc import Callable, Sequence
from itertools import product

import cedarpy

from bench.peers.attributes import LISTS, categories
from legation.labels import Clearance, Label

BATCH = 50  # requests at once: the size at which it was fastest
POLICY = """
permit (principal is Reader, action == Action::"see", resource is Portion) when {{
  principal.classifications.contains(resource.classification) &&
  principal.caveats.containsAll(resource.caveats){lists}
}};
"""
LIST = " &&\n  (resource.{name}.isEmpty() || principal.{name}.containsAny(resource.{name}))"


def jobs(labels: Sequence[Label], clearances: Sequence[Clearance]) -> dict[str, Callable[[], list[bool]]]:
    """Ways to answer every pair, by name."""
    policies = cedarpy.PolicySet.from_str(
        POLICY.format(lists="".join(LIST.format(name=name) for name in LISTS))
    )
    readers = [
        _entity("Reader", index, {"classifications": list(each.classifications), **categories(each)})
        for index, each in enumerate(clearances)
    ]
    portions = [
        _entity("Portion", index, {"classification": each.classification, **categories(each)})
        for index, each in enumerate(labels)
    ]
    entities = cedarpy.Entities.from_json_str(json.dumps(readers + portions))
    action = {"type": "Action", "id": "see"}
    requests = [
        {"principal": reader["uid"], "action": action, "resource": portion["uid"]}
        for portion, reader in product(portions, readers)
    ]

    def one_by_one() -> list[bool]:
        return [cedarpy.is_authorized(request, policies, entities).allowed for request in requests]

    def in_batches() -> list[bool]:
        starts = range(0, len(requests), BATCH)
        batches = (requests[start : start + BATCH] for start in starts)
        answers = (cedarpy.is_authorized_batch(batch, policies, entities) for batch in batches)
        return [each.allowed for answer in answers for each in answer]

    return {"cedarpy, one by one": one_by_one, f"cedarpy, in batches of {BATCH}": in_batches}


def _entity(type_: str, index: int, attributes: dict[str, object]) -> dict[str, object]:
    return {"uid": {"type": type_, "id": str(index)}, "attrs": attributes, "parents": []}
