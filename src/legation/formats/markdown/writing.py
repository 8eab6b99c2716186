# SPDX-License-Identifier: Apache-2.0
"""
Write a draft as portion-marked Markdown, in the one form that ``read`` gives back unchanged.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from legation.errors import MalformedError
from legation.formats.markdown.grammar import (
    DESK_BY,
    FLAGS,
    LINE_QUALIFIERS,
    MARK,
    escape,
    escape_line,
    join_list,
)
from legation.item.draft import Draft, DraftPortion, Precedence, Slip, Variant, VariantKind
from legation.item.portion import (
    BODY,
    Addressees,
    Attachment,
    Form,
    Link,
    Portion,
    Text,
    Title,
    Topics,
    Withheld,
)
from legation.labels import Policy, portion_mark, reference_to
from legation.labels.marking import MARK_LENGTH_MAX

_HEAD_ORDER = (Title, Form, Topics, Addressees, Link)


def write(draft: Draft, policy: Policy) -> bytes:
    """
    Write *draft*; ``read`` of the result gives it back, where its files are at hand.

    Args:
        draft: A draft whose labels are all under *policy*.
        policy: The policy its marks are printed in.

    Raises:
        MalformedError: The draft says something that Markdown cannot: portions in another order,
            slips that differ in precedence or desk-by, labels of another policy.
    """
    if draft.policies != (reference_to(policy),):
        raise MalformedError("a report in Markdown is marked under one policy")
    head = [each for each in draft.portions if not isinstance(each.portion, BODY)]
    body = draft.portions[len(head) :]
    ranks = [_HEAD_ORDER.index(type(each.portion)) for each in head]
    if ranks != sorted(ranks) or len(set(ranks) - {4}) != sum(rank != 4 for rank in ranks):
        raise MalformedError("header portions are not in the order of a report")
    if tuple(head) != draft.portions[: len(head)]:
        raise MalformedError("a header portion stands between paragraphs")
    lines = [f"kind: {draft.kind.value}", f"policy: {policy.name}"]
    lines.extend(f"{_name(each.portion)}: {_marked_header(policy, each)}" for each in head)
    lines.extend(_slip_lines(draft.slips))
    blocks = ["\n".join(lines), *(_block(policy, each) for each in body)]
    return ("\n\n".join(blocks) + "\n").encode()


def _name(portion: Portion) -> str:
    return {Title: "title", Form: "form", Topics: "topics", Addressees: "addressees", Link: "link"}[
        type(portion)
    ]


def _marked_header(policy: Policy, each: DraftPortion) -> str:
    return f"{_mark(policy, each)} {_header_text(each.portion)}"


def _mark(policy: Policy, each: DraftPortion) -> str:
    """Print the mark of a portion, if it can be read again: a policy's phrases may hold anything."""
    mark = portion_mark(policy, each.label)
    if not MARK.fullmatch(mark) or len(mark) > MARK_LENGTH_MAX:
        raise MalformedError("the policy prints a mark that cannot be read in a report")
    return mark


def _header_text(portion: Portion) -> str:
    if isinstance(portion, Title):
        return portion.text
    if isinstance(portion, Form):
        return portion.form.value
    if isinstance(portion, Topics):
        return join_list(portion.topics)
    if isinstance(portion, Addressees):
        named = (("action", portion.action), ("information", portion.information))
        return "; ".join(f"{word} {', '.join(offices)}" for word, offices in named if offices)
    assert isinstance(portion, Link), "paragraphs are blocks"
    return portion.item.hex()


def _slip_lines(slips: tuple[Slip, ...]) -> Iterator[str]:
    actions = tuple(slip for slip in slips if slip.action)
    if actions + tuple(slip for slip in slips if not slip.action) != slips:
        raise MalformedError("action addressees are written before those for information")
    if len({(slip.precedence, slip.desk_by) for slip in slips}) > 1:
        raise MalformedError("the addressees differ in precedence or desk-by")
    if actions:
        yield f"action: {', '.join(slip.addressee for slip in actions)}"
    if len(actions) < len(slips):
        yield f"info: {', '.join(slip.addressee for slip in slips if not slip.action)}"
    if slips and slips[0].precedence is not Precedence.ROUTINE:
        yield f"precedence: {slips[0].precedence.value}"
    if slips and slips[0].desk_by is not None:
        if slips[0].desk_by % 60:
            raise MalformedError("desk-by is written to the minute")
        yield f"desk-by: {datetime.fromtimestamp(slips[0].desk_by, UTC).strftime(DESK_BY)}"
    yield from (f"attention: {slip.addressee}: {slip.attention}" for slip in slips if slip.attention)


def _block(policy: Policy, each: DraftPortion) -> str:
    qualifiers = "".join(f"{{{text}}} " for text in _qualifiers(each))
    text = each.portion.text if isinstance(each.portion, Text) else ""
    if isinstance(each.portion, Withheld):
        text = each.portion.reason
    first, *rest = text.split("\n")
    lines = [escape_line(first, first=True), *(escape_line(line, first=False) for line in rest)]
    return f"{_mark(policy, each)} {qualifiers}".rstrip(" ") + _after(lines)


def _after(lines: list[str]) -> str:
    text = "\n".join(lines)
    return f" {text}" if text else ""


def _qualifiers(each: DraftPortion) -> Iterator[str]:
    language = ""
    if isinstance(each.portion, Text):
        language = each.portion.language
    if each.variant is not None:
        yield _variant(each.variant, language)
        if each.variant.kind is VariantKind.TRANSLATION:
            language = ""
    values: dict[str, str] = {}
    if isinstance(each.portion, Text):
        values = {name: getattr(each.portion, name) for name in LINE_QUALIFIERS} | {"language": language}
    elif isinstance(each.portion, Attachment):
        # Always both: what a name is taken for may differ from one machine to the next.
        values = {"attachment": each.portion.name, "media-type": each.portion.media_type}
    yield from (f"{name}: {escape(str(value), '{}')}" for name, value in values.items() if value)
    yield from (flag for flag, name in FLAGS.items() if getattr(each.portion, name, False))


def _variant(variant: Variant, language: str) -> str:
    of = str(variant.of) if variant.of != 1 else ""
    if variant.kind is VariantKind.TRANSLATION:
        if not language:
            raise MalformedError("a translation says its language")
        of = f"{language}, {of}" if of else language
    return f"{variant.kind.value}: {of}" if of else variant.kind.value
