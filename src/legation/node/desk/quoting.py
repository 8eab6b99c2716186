# SPDX-License-Identifier: Apache-2.0
"""
Quotations: a paragraph of a draft that repeats another office's words keeps at least their mark.

Derived content is marked no lower than what it is derived from. So a paragraph that says whose words it repeats
is held against what is held here of that office, and refused if it would let somebody see what the source does
not, or takes away from what is under its originator's control.

Rules kept here:

1. Compared is only what the mission's own people may see: the answer tells them nothing they may not know.
2. Words are repeated if the paragraph is one of the source's or a part of it, spaces aside. Where the same words
   are held under several marks, one of them must be kept.
3. Marks are compared where one policy knows both (``is_as_strict``), informative values too; all else is refused.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from legation.errors import RefusedError
from legation.item.draft import Draft, DraftPortion
from legation.item.portion import Text
from legation.item.shape import VIEW
from legation.keys.card import PolicyReference
from legation.labels import Label, Policy, TagType, portion_mark
from legation.labels.succession import is_as_strict
from legation.node.rules import Rules
from legation.release import portion_names
from legation.store.blobs import Blobs
from legation.store.sqlite import items
from legation.store.sqlite.database import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where the words of a quotation are held: under which mark, and whether nobody may pass them on."""

    policy: PolicyReference
    label: Label
    is_controlled: bool


def quotations(draft: Draft, office: str) -> list[tuple[str, DraftPortion, Text]]:
    """The paragraphs that repeat words of others than *office*, each with what it is called."""
    return [
        (name, each, each.portion)
        for name, each in zip(portion_names(draft.portions), draft.portions, strict=True)
        if isinstance(each.portion, Text) and each.portion.origin not in {"", office}
    ]


def check_quotations(db: Reading, draft: Draft, allowed: frozenset[int], rules: Rules, blobs: Blobs) -> None:
    """
    Refuse a draft in which another office's words are marked lower than they came.

    Args:
        db: The snapshot.
        draft: What was written.
        allowed: The access ids that the mission's own people may see.
        rules: The rules of this snapshot.
        blobs: Where long views are.

    Raises:
        RefusedError: A paragraph is, and is named.
    """
    quoted = quotations(draft, rules.office)
    sources = _sources(db, [said for _, _, said in quoted], allowed, rules, blobs)
    for (name, each, said), found in zip(quoted, sources, strict=True):
        if found:
            policy = rules.policies.resolve(draft.references[each.label.policy_id])
            kept = [source for source in found if policy is not None and _keeps(policy, each.label, source)]
            _check(name, said.origin, found, kept, rules)


def _check(name: str, origin: str, found: Sequence[_Source], kept: Sequence[_Source], rules: Rules) -> None:
    if not kept:
        marks = dict.fromkeys(_mark(source, rules) for source in found)
        raise RefusedError(
            f"{name}: {origin} marked these words {' or '.join(marks)}, and they keep at least that",
            hint="give the paragraph that mark, or write it in words of your own",
        )
    if all(source.is_controlled for source in kept):
        raise RefusedError(
            f"{name}: these words are under the control of {origin}, which has not consented",
            hint="ask them, or leave the paragraph out",
        )


def _keeps(policy: Policy, label: Label, source: _Source) -> bool:
    """Whether who may see what carries *label* may see the source too, and is told what informs about it."""
    # What the policy does not know, a label of another one for instance, is as strict as itself only.
    is_kept = is_as_strict(policy, label, source.label)
    return is_kept and _informs(policy, source.label) <= _informs(policy, label)


def _informs(policy: Policy, label: Label) -> set[tuple[str, str]]:
    """The informative values of a label: they decide nothing, and are kept all the same."""
    return {
        (part.tag, value)
        for part in policy.normalize(label).categories
        if part.type is TagType.INFORMATIVE
        for value in part.values
    }


def _mark(source: _Source, rules: Rules) -> str:
    policy = rules.policies.resolve(source.policy)
    assert policy is not None, "what the mission's people may see is under a policy at hand"
    return portion_mark(policy, source.label)


def _sources(
    db: Reading, quotations: Sequence[Text], allowed: frozenset[int], rules: Rules, blobs: Blobs
) -> list[list[_Source]]:
    """Of each quotation, where its words are held; each view is read once."""
    wanted = defaultdict[str, list[tuple[str, list[_Source]]]](list)
    found = [list[_Source]() for _ in quotations]
    for said, list_ in zip(quotations, found, strict=True):
        wanted[said.origin].append((_words(said.text), list_))
    for office, quoted in wanted.items():
        for text, source in _held(db, office, allowed, rules, blobs):
            for words, list_ in quoted:
                if words in text and source not in list_:
                    list_.append(source)
    return found


def _held(
    db: Reading, office: str, allowed: frozenset[int], rules: Rules, blobs: Blobs
) -> Iterator[tuple[str, _Source]]:
    """Every paragraph of an office's own, or quoted from it, that is held and may be seen here."""
    for view_key, author in items.views_naming(db, office):
        # They were checked when they came.
        for placed in VIEW.decode(items.view_data(db, view_key, blobs)).layers:
            layer = placed.leaf
            if rules.access_id(layer) not in allowed:
                continue
            for portion in layer.portions:
                if isinstance(portion, Text) and (portion.origin or author) == office:
                    source = _Source(
                        policy=layer.policy, label=layer.label, is_controlled=portion.originator_control
                    )
                    yield _words(portion.text), source


def _words(text: str) -> str:
    return " ".join(text.split())
