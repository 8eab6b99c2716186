# SPDX-License-Identifier: Apache-2.0
"""
Pure folds: from a verified view to the rows that are listed and searched.

What is folded can be dropped and folded again from the views at any time, and comes out the same.
"""

from legation.projections.inbox import InboxLayer, InboxRow, fold
from legation.projections.substance import SubstanceRow, fold_substance, noticed

__all__ = ["InboxLayer", "InboxRow", "SubstanceRow", "fold", "fold_substance", "noticed"]
