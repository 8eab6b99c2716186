# SPDX-License-Identifier: Apache-2.0
"""
Labels: the policy, what a portion carries, what a reader holds, and the one decision between them.

Use::

    decision = decide(policy, label, clearance, at=now)
    if not decision.permitted:
        nearest = explain(policy, label, clearance, at=now)

Pure: everything is told, nothing is fetched. Unknown means refuse.
"""

from legation.labels.contrast import Colours, contrast
from legation.labels.decision import Decision, Reason, ReasonCode, decide
from legation.labels.dominant import DominantLabel, Witness, dominant_label
from legation.labels.explanation import Act, Change, Explanation, explain
from legation.labels.label import Category, Clearance, Label, Succession, TagType, category, gathered
from legation.labels.marking import banner, banner_of, marking, portion_mark
from legation.labels.membership import Counted, Expansion, expand
from legation.labels.phrases import PLACES, languages
from legation.labels.policies import Policies, reference_to
from legation.labels.policy import Policy
from legation.labels.reader import Reader
from legation.labels.rollup import RollUp, roll_up
from legation.labels.succession import in_force
from legation.labels.table import (
    NOBODY,
    CompiledLabel,
    DecisionTable,
    compile_clearance,
    compile_label,
    holdings,
    permits,
)
from legation.labels.translation import TranslationCode, TranslationFault, translate
from legation.labels.typed import parse_mark
from legation.labels.validity import Fault, FaultCode, lists_without, validate

__all__ = [
    "NOBODY",
    "PLACES",
    "Act",
    "Category",
    "Change",
    "Clearance",
    "Colours",
    "CompiledLabel",
    "Counted",
    "Decision",
    "DecisionTable",
    "DominantLabel",
    "Expansion",
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
    "TranslationCode",
    "TranslationFault",
    "Witness",
    "banner",
    "banner_of",
    "category",
    "compile_clearance",
    "compile_label",
    "contrast",
    "decide",
    "dominant_label",
    "expand",
    "explain",
    "gathered",
    "holdings",
    "in_force",
    "languages",
    "lists_without",
    "marking",
    "parse_mark",
    "permits",
    "portion_mark",
    "reference_to",
    "roll_up",
    "translate",
    "validate",
]
