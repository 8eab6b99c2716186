# SPDX-License-Identifier: Apache-2.0
"""
Labels: the policy, what a portion carries, what a reader holds, and the one decision between them.

Use::

    decision = decide(policy, label, clearance, at=now)
    if not decision.permitted:
        nearest = explain(policy, label, clearance, at=now)

Pure: everything is told, nothing is fetched. Unknown means refuse.
"""

from legation.labels.decision import Decision, Reason, ReasonCode, decide
from legation.labels.explanation import Act, Change, Explanation, explain
from legation.labels.label import Category, Clearance, Label, Succession, TagType, category, gathered
from legation.labels.marking import banner, banner_of, marking, parse_mark, portion_mark
from legation.labels.policies import Policies, reference_to
from legation.labels.policy import Policy
from legation.labels.reader import Reader
from legation.labels.rollup import RollUp, roll_up
from legation.labels.table import (
    NOBODY,
    CompiledLabel,
    DecisionTable,
    compile_clearance,
    compile_label,
    holdings,
    permits,
)
from legation.labels.validity import Fault, FaultCode, lists_without, validate

__all__ = [
    "NOBODY",
    "Act",
    "Category",
    "Change",
    "Clearance",
    "CompiledLabel",
    "Decision",
    "DecisionTable",
    "Explanation",
    "Fault",
    "FaultCode",
    "Label",
    "Policies",
    "Policy",
    "Reader",
    "Reason",
    "ReasonCode",
    "RollUp",
    "Succession",
    "TagType",
    "banner",
    "banner_of",
    "category",
    "compile_clearance",
    "compile_label",
    "decide",
    "explain",
    "gathered",
    "holdings",
    "lists_without",
    "marking",
    "parse_mark",
    "permits",
    "portion_mark",
    "reference_to",
    "roll_up",
    "validate",
]
