# SPDX-License-Identifier: Apache-2.0
"""
The item: a document signed once, from which every reader lawfully gets a different copy.

Use::

    item = sign(draft, document=document, time=now, signer=signer, draws=draws)
    view = verify(item, cards)
    copy = cut(view, lambda layer: reader_may_see(layer))
    verify(copy, cards).shown(["ko", "en"])

Read in this order: ``portion``, ``draft``, ``shape``, ``signing``, ``view``. The specification is
``docs/spec/item.md`` and ``docs/spec/view.md``. Pure: time, randomness and keys are arguments.
"""

from legation.item.draft import Draft, DraftPortion, Precedence, Slip, Variant, VariantKind
from legation.item.draws import Draws, SecretDraws
from legation.item.portion import Kind, Portion
from legation.item.shape import Layer
from legation.item.signing import sign
from legation.item.view import Contents, View, ViewPortion, authenticate, cut, inspect, verify

__all__ = [
    "Contents",
    "Draft",
    "DraftPortion",
    "Draws",
    "Kind",
    "Layer",
    "Portion",
    "Precedence",
    "SecretDraws",
    "Slip",
    "Variant",
    "VariantKind",
    "View",
    "ViewPortion",
    "authenticate",
    "cut",
    "inspect",
    "sign",
    "verify",
]
