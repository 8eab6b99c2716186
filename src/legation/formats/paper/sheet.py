# SPDX-License-Identifier: Apache-2.0
"""
What stands on the paper, line by line, however it is written down.

Rules kept here:

1. It is made of the copy alone: of a verified view, what its reader is shown.
2. It names the addressee and nobody else, save whom a portion of the copy names. The number of the copy counts
   the copies for this addressee, so it says nothing of others.
3. Invisible and direction-changing characters are spelled out: what is printed is all there is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from legation.errors import RefusedError
from legation.item.draft import Slip
from legation.item.portion import (
    Addressees,
    Attachment,
    Form,
    Link,
    Portion,
    Text,
    Title,
    Topics,
    Withheld,
    visible_text,
)
from legation.item.view import View, ViewPortion
from legation.keys.card import KeyState
from legation.labels import Policies, portion_mark


class Style(StrEnum):
    """How a paragraph is set."""

    TITLE = "title"
    TEXT = "text"
    LINE = "line"
    """What is said about the item, in words of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """
    One portion on paper: its mark and code, what it says, and the lines that qualify it.

    ``language`` is that of the text, a BCP 47 tag; empty where its author did not say. Words of ours are English.
    """

    mark: str
    code: str
    style: Style
    text: str
    language: str
    about: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """
    A copy on paper.

    ``banner`` stands at the head and foot of each page, ``reference`` and ``copy`` beside it. ``lines`` say whose it
    is, for whom, and of when.
    """

    banner: str
    reference: str
    copy: str
    lines: tuple[str, ...]
    paragraphs: tuple[Paragraph, ...]


def sheet_of(
    view: View,
    policies: Policies,
    *,
    banner: str,
    slip: Slip,
    copy: int,
    by: str,
    at: int,
    languages: Sequence[str] = (),
) -> Sheet:
    """
    Say what stands on the paper.

    Args:
        view: The copy, verified.
        policies: They know its marks.
        banner: The roll-up of what it discloses.
        slip: What concerns the addressee.
        copy: The number of the copy, from 1.
        by: The office that prints it.
        at: When it was printed, in seconds since 1970, UTC.
        languages: Languages that the addressee prefers, best first.

    Raises:
        RefusedError: A portion is marked under a policy that is not at hand.
    """
    return Sheet(
        banner=visible_text(banner),
        reference=view.reference,
        copy=f"Copy {copy} for {slip.addressee}",
        lines=tuple(_head(view, slip, by, at)),
        paragraphs=tuple(_paragraph(policies, each) for each in view.shown(languages)),
    )


def _head(view: View, slip: Slip, by: str, at: int) -> Iterator[str]:
    state = "" if view.key_state is KeyState.CURRENT else f", whose key is {view.key_state.value}"
    yield f"From: {view.author}{state}" + (f"; passed on by {by}" if str(view.author) != by else "")
    yield f"To: {slip.addressee}, for {'action' if slip.action else 'information'}"
    if slip.attention:
        yield f"Attention: {visible_text(slip.attention)}"
    yield f"Precedence: {slip.precedence.value}"
    if slip.desk_by is not None:
        yield f"On the desk by: {_said(slip.desk_by)}"
    yield f"{view.kind.value.capitalize()} of {_said(view.time)}"
    yield f"Item {view.item_id.hex()}"
    yield f"Signature verified and printed by {by}, {_said(at)}"


def _said(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _paragraph(policies: Policies, each: ViewPortion) -> Paragraph:
    policy = policies.resolve(each.policy)
    if policy is None:
        raise RefusedError(f"the policy {each.policy.id} version {each.policy.version} is not at hand")
    portion = each.portion
    style = Style.TITLE if isinstance(portion, Title) else Style.LINE
    return Paragraph(
        mark=visible_text(portion_mark(policy, each.label)),
        code=each.code,
        style=Style.TEXT if isinstance(portion, Text) else style,
        text=visible_text(said(portion)),
        language=_language(portion),
        about=tuple(map(visible_text, _about(portion))),
    )


def _language(portion: Portion) -> str:
    if isinstance(portion, Text):
        return portion.language
    return "" if isinstance(portion, Title | Topics) else "en"


def said(portion: Portion) -> str:
    """Say in one text what a portion says; what qualifies it is not in it."""
    match portion:
        case Title() | Text():
            return portion.text
        case Form():
            return f"Form: {portion.form.value}"
        case Topics():
            return f"Topics: {'; '.join(portion.topics)}"
        case Addressees():
            named = (("action", portion.action), ("information", portion.information))
            return "Addressees: " + "; ".join(f"for {how} {', '.join(who)}" for how, who in named if who)
        case Link():
            return f"See item {portion.item.hex()}"
        case Attachment():
            return f"Attached: {portion.name} ({portion.media_type}, {portion.size:,} bytes)"
        case Withheld():
            return f"Something is withheld here{f': {portion.reason}' if portion.reason else ''}"


def _about(portion: Portion) -> Iterator[str]:
    if isinstance(portion, Attachment):
        yield f"root {portion.root.hex()}"
    if isinstance(portion, Text):
        named = (
            ("source", portion.source),
            ("grade", portion.grade),
            ("status", portion.status.value if portion.status else ""),
            ("caveat", portion.caveat),
            ("handling", portion.handling),
            ("words of", portion.origin),
        )
        yield from (f"{name}: {value}" for name, value in named if value)
    if isinstance(portion, Text | Attachment) and portion.originator_control:
        yield "not to be passed on without the originator's consent"
