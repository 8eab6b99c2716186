# SPDX-License-Identifier: Apache-2.0
"""
Casbin, by casbin (PyCasbin): a model without stored rules, whose matcher compares attributes.

Casbin's matcher has no words for lists, so that it cannot say the rule by itself; two functions are
added in the way that its documentation shows.
"""

from collections.abc import Callable, Sequence
from itertools import product
from types import SimpleNamespace

import casbin

from bench.peers.attributes import LISTS, categories
from legation.labels import Clearance, Label

MODEL = """
[request_definition]
r = sub, obj

[policy_definition]
p = sub, obj

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.obj.classification in r.sub.classifications && all_held(r.sub.caveats, r.obj.caveats){lists}
"""
LIST = " && one_held(r.sub.{name}, r.obj.{name})"


def jobs(labels: Sequence[Label], clearances: Sequence[Clearance]) -> dict[str, Callable[[], list[bool]]]:
    """Ways to answer every pair, by name."""
    model = casbin.Model()
    model.load_model_from_text(MODEL.format(lists="".join(LIST.format(name=name) for name in LISTS)))
    enforcer = casbin.Enforcer(model)
    enforcer.add_function("all_held", _all_held)
    enforcer.add_function("one_held", _one_held)
    readers = [
        SimpleNamespace(classifications=set(each.classifications), **_sets(each)) for each in clearances
    ]
    portions = [SimpleNamespace(classification=each.classification, **_sets(each)) for each in labels]
    requests = [(reader, portion) for portion, reader in product(portions, readers)]
    return {"casbin": lambda: [enforcer.enforce(*request) for request in requests]}


def _all_held(held: set[str], wanted: set[str]) -> bool:
    return wanted <= held


def _one_held(held: set[str], wanted: set[str]) -> bool:
    return not wanted or not wanted.isdisjoint(held)


def _sets(holder: Label | Clearance) -> dict[str, set[str]]:
    return {name: set(values) for name, values in categories(holder).items()}
