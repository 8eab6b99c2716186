# SPDX-License-Identifier: Apache-2.0
"""
Tables and sheets for the terminal.

What a portion says is printed with every invisible or direction-changing character spelled out, so
that nothing in a text can move the cursor, hide a word or look like a mark.
"""

import textwrap
from collections.abc import Iterator, Sequence

from legation.cli.bag_text import brought_text
from legation.item.portion import (
    Addressees,
    Attachment,
    Form,
    Link,
    Portion,
    Text,
    Title,
    Topics,
    visible_text,
)
from legation.records import (
    CopyRecord,
    DeliveriesRecord,
    DeliveryRecord,
    DifferenceRecord,
    HolderRecord,
    InboxEntryRecord,
    InboxRecord,
    ItemRecord,
    PeerRecord,
    PeersRecord,
    PoliciesRecord,
    PolicyOfferRecord,
    PortionRecord,
    PreviewRecord,
    PulledRecord,
    PushedRecord,
    ReleasedRecord,
    VerificationRecord,
    WithdrawnRecord,
)

WIDTH = 100  # columns of a sheet; a terminal of 80 still folds it legibly
INDENT = "    "  # of all that continues a portion

_SIGNS = {"shown": "shown", "covered": "(fuller)", "withheld": "-"}


def preview_text(found: PreviewRecord) -> str:
    """Draw who gets what as a table, then say why not, addressee by addressee."""
    names = [f"{each.portion} {each.mark}" for each in found.copies[0].portions]
    first = max(map(len, ("distinct copy", *names)))
    widths = [max(len(copy.addressee), len("(fuller)")) for copy in found.copies]
    lines = [_row("", first, [copy.addressee for copy in found.copies], widths)]
    lines.append(_row("distinct copy", first, [str(copy.copy) for copy in found.copies], widths))
    for index, name in enumerate(names):
        cells = [_SIGNS[copy.portions[index].showing] for copy in found.copies]
        lines.append(_row(name, first, cells, widths))
    for copy in found.copies:
        lines.extend(["", *_why_not(copy)])
    lines.extend(_news_lines(found))
    lines += ["", f"draft {found.draft}"]
    if found.preview:
        lines.append(f"preview {found.preview}")
    return "\n".join(lines)


def _row(name: str, first: int, cells: list[str], widths: list[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join([name.ljust(first), *padded]).rstrip()


def _why_not(copy: CopyRecord) -> Iterator[str]:
    if copy.empty:
        yield f"{copy.addressee}: nothing is sent, the copy would be empty"
    else:
        yield f"{copy.addressee}: {copy.banner}"
        if not copy.title_shown:
            yield "  title: not shown, the reference stands for it"
    for each in copy.portions:
        if each.showing == "withheld":
            yield f"  {each.portion} {each.mark}: {each.why}; {each.change}"


_NEWS = {
    "first": "has no older version, and gets this one",
    "different": "gets the new version",
    "same": "notices nothing: it says to them what they have",
    "nothing": "may see nothing of it, and keeps what they have; only a withdrawal asks for it back",
}


def _news_lines(found: PreviewRecord) -> Iterator[str]:
    """Say of a new version what it is to whom."""
    if found.replaces:
        yield from ("", f"new version of {found.replaces}")
    for each in found.news:
        counts = [("gains", each.gains), ("loses", each.loses)]
        told = "".join(f", {word} {count}" for word, count in counts if count)
        waits = "; the older one has not been handed over, and will not be" if each.waits else ""
        if each.waits and each.news == "same":
            waits = "; the older one is handed over when they ask next"
        yield f"  {each.addressee}: {_NEWS[each.news]}{told}{waits}"
        for difference in each.differences:
            yield from _difference_lines(difference)
    for office in found.not_addressed:
        yield f"  {office}: an older version was released to them, and they are NOT ADDRESSED"


def _difference_lines(each: DifferenceRecord) -> Iterator[str]:
    if each.before is None and each.after is None:
        yield f"      {each.change}"
    elif each.words and each.before is not None and each.after is not None:
        marks = [each.before.mark, each.after.mark]
        mark = marks[1] if marks[0] == marks[1] else " -> ".join(marks)
        text = "".join(
            f"[-{w.text}-]" * (w.kind == "-") + f"{{+{w.text}+}}" * (w.kind == "+") + w.text * (not w.kind)
            for w in each.words
        )
        yield from _folded(f"{mark} {text}", "    ~ ")
    else:
        for sign, told in (("-", each.before), ("+", each.after)):
            if told is not None:
                yield from _folded(f"{told.mark} {_said(told.portion)}", f"    {sign} ")


def item_text(found: ItemRecord) -> str:
    """Draw an item as a sheet: banner, head, portions with mark and code, banner."""
    lines = [found.banner, ""] if found.banner else []
    if found.verified:
        lines.append(f"{found.reference}   {found.kind.value}   {found.time}")
        state = "" if found.key_state == "current" else f", whose key is {found.key_state}"
        passed_on = f"; passed on by {found.source}" if found.source else ""
        lines.append(f"verified: signed by {found.author}{state}{passed_on}")
    else:
        lines.append(f"{found.kind.value}   {found.time}   item {found.item[:16]}")
        lines.append("NOT VERIFIED: no card was given to hold it against (--card)")
    lines.extend(_history_lines(found))
    for each in found.portions:
        lines.extend(["", *_portion_lines(each)])
    return "\n".join([*lines, "", found.banner] if found.banner else lines)


def _history_lines(found: ItemRecord) -> Iterator[str]:
    if found.withdrawn:
        yield f"WITHDRAWN by its author; the withdrawal came on {found.withdrawn}. Do not use it."
    if found.later:
        newest = found.later[-1]
        state = ", which was withdrawn" if newest.withdrawn else ""
        yield f"REPLACED by a newer version: {newest.reference}{state}"
    for each in found.earlier:
        state = ", withdrawn" if each.withdrawn else ""
        yield f"earlier version: {each.reference} of {each.time}{state}"


def withdrawn_text(found: WithdrawnRecord) -> str:
    """Say what was withdrawn, and who has it."""
    lines = [f"withdrawn {found.reference}", f"item {found.item}"]
    lines += [f"  {each.addressee}{_on_paper(each)}: {each.why}" for each in found.addressees]
    if any(each.received for each in found.addressees):
        lines.append(
            "They are told. That they do not use it any more, nothing proves: deliveries says who knows."
        )
    return "\n".join(lines)


def _on_paper(each: HolderRecord) -> str:
    if each.copy is None:
        return ""
    return f", copy {each.copy}" + (f", handed to {each.handed_to}" if each.handed_to else "")


def verification_text(found: VerificationRecord) -> str:
    """Say what holds, and what a reader should know besides."""
    lines = [
        f"verified: {found.reference}",
        f"author {found.author}, {found.portions} portions under {found.layers} labels",
    ]
    if found.key_state != "current":
        lines.append(f"note: the author's key is {found.key_state}")
    if found.valid < found.layers:
        unknown = found.layers - found.valid
        lines.append(f"note: {unknown} of its labels cannot be judged by the policies at hand (--policy)")
    return "\n".join(lines)


def _portion_lines(each: PortionRecord) -> Iterator[str]:
    # Every line of a text but the first stands further in than anything the sheet itself says.
    yield from _folded(f"{each.mark} {_said(each.portion)}", "")
    yield from _folded("  ".join([f"[{each.code}]", *_qualifiers(each.portion)]), "  ")


def _folded(text: str, start: str) -> Iterator[str]:
    for line in visible_text(text).split("\n"):
        yield from textwrap.wrap(line, WIDTH, initial_indent=start, subsequent_indent=INDENT) or [""]
        start = INDENT


def _said(portion: Portion) -> str:
    if isinstance(portion, Title):
        return f"Subject: {portion.text}"
    if isinstance(portion, Form):
        return f"Form: {portion.form.value}"
    if isinstance(portion, Topics):
        return f"Topics: {', '.join(portion.topics)}"
    if isinstance(portion, Addressees):
        named = (("for action", portion.action), ("for information", portion.information))
        return "Addressees: " + "; ".join(f"{how} {', '.join(who)}" for how, who in named if who)
    if isinstance(portion, Link):
        return f"See item {portion.item.hex()}"
    if isinstance(portion, Text):
        return portion.text
    if isinstance(portion, Attachment):
        return f"Attached: {portion.name} ({portion.media_type}, {portion.size:,} bytes)"
    return f"-- something is withheld here{f': {portion.reason}' if portion.reason else ''} --"


def _qualifiers(portion: Portion) -> Iterator[str]:
    if isinstance(portion, Text):
        yield from _text_qualifiers(portion)
    if isinstance(portion, Text | Attachment) and portion.originator_control:
        yield "not to be passed on without the originator's consent"


def _text_qualifiers(portion: Text) -> Iterator[str]:
    named = (
        ("source", portion.source),
        ("grade", portion.grade),
        ("status", portion.status.value if portion.status else ""),
        ("caveat", portion.caveat),
        ("handling", portion.handling),
        ("words of", portion.origin),
    )
    yield from (f"{name}: {value}" for name, value in named if value)


def released_text(found: ReleasedRecord) -> str:
    """Say what was released, and what becomes of it for each addressee."""
    lines = [f"released {found.reference}", f"item {found.item}"]
    lines += [f"  {each.addressee}: {each.banner or each.why}" for each in found.addressees]
    return "\n".join(lines)


def deliveries_text(found: DeliveriesRecord) -> str:
    """Draw deliveries as a table."""
    rows = [("reference", "addressee", "state", "")]
    rows += [(each.reference, each.addressee, each.state, _why(each)) for each in found.deliveries]
    return _table(rows) if found.deliveries else "nothing was released yet"


def _why(each: DeliveryRecord) -> str:
    return f"{each.why} ({each.certificate.destroyed})" if each.certificate is not None else each.why


def inbox_text(found: InboxRecord) -> str:
    """Draw the inbox: two lines an item, the banner first."""
    return "\n".join(line for each in found.entries for line in _inbox_lines(each)) or "the inbox is empty"


def _inbox_lines(each: InboxEntryRecord) -> Iterator[str]:
    title = visible_text(each.title).replace("\n", " ") if each.title else "(title not shown)"
    by = f", passed on by {each.source}" if each.source else ""
    yield f"{each.banner}"
    new = "   new version" if each.replaces else ""
    new += "   back-file" if each.back_file else ""
    yield f"  {each.reference}{by}   {each.kind.value}{new}   received {each.received}"
    yield f"  {title}"


def pulled_text(found: PulledRecord) -> str:
    """Say what each peer had for us."""
    lines = []
    for each in found.peers:
        told = each.error or brought_text(each)
        lines.append(f"{each.office}: {told}")
    return "\n".join(lines) or "there is no confirmed peer with an address"


def pushed_text(found: PushedRecord) -> str:
    """Say what each peer was brought, and how much of our stream it holds now."""
    return "\n".join(_pushed_lines(found)) or "there is no confirmed peer with an address"


def _pushed_lines(found: PushedRecord) -> Iterator[str]:
    for each in found.peers:
        entries = f"{each.entries} {'entry' if each.entries == 1 else 'entries'}"
        told = each.error or f"{entries} brought; it holds {each.held} of {each.size}"
        yield f"{each.office}: {told}"
        if each.too_long is not None:
            yield f"  entry {each.too_long} is too long to be pushed: it waits for a bag, or until they ask"


def peers_text(found: PeersRecord) -> str:
    """Say of each peer how it is trusted, what it may see, and how the link stands."""
    return "\n\n".join("\n".join(_peer_lines(each)) for each in found.peers) or "there are no peers yet"


def _peer_lines(each: PeerRecord) -> Iterator[str]:
    trust = f"confirmed by {each.confirmed_by}" if each.confirmed_by else "NOT CONFIRMED"
    if each.card is not None:
        yield f"{each.office}   card {each.card}, added by {each.added_by}, {trust}"
        yield f"  {' '.join(each.fingerprint[:6])}"
        yield f"  {' '.join(each.fingerprint[6:])}"
        if each.trusted not in {None, each.card}:
            yield f"  until it is, card {each.trusted} is trusted and nothing else: legation peer show {each.office}"
        if each.unheard:
            yield f"  {each.unheard}"
    else:
        yield f"{each.office}   without a node: on paper"
    for grant in each.grants:
        state = f"in force, by {grant.proposed_by} and {grant.confirmed_by}"
        if not grant.in_force:
            state = f"proposed by {grant.proposed_by}, NOT CONFIRMED"
        yield f"  may see {', '.join(grant.levels)} of {grant.policy}: {state}"
    if not each.grants:
        yield "  may see nothing: no grant"
    why = f" ({each.why})" if each.why else ""
    why += f", {each.asked_by} asks that it goes on" if each.asked_by else ""
    if each.card is None:
        if each.link != "active":
            yield f"  {each.link}{why}"
        return
    yield f"  link {each.link}{why}; sent {each.sent}, receipted {each.receipted}, received {each.received}"
    yield from _standing_lines(each)
    if each.quarantined:
        yield f"  {each.quarantined} received and set apart: shown to nobody"
        yield from (f"    {why}" for why in each.why_quarantined)


def _standing_lines(each: PeerRecord) -> Iterator[str]:
    """Say where both sides stand, and what has not been heard for too long."""
    if each.silent:
        yield f"  SILENT since {each.silent}: it has neither asked nor answered"
    if each.unsaid:
        yield f"  since {each.unsaid} it HAS NOT SAID how much it holds of what was sent"
    if each.told_at and each.told == each.sent:
        yield f"  both hold {each.sent} / {each.received} entries, agreed at {each.told_at}"
    elif each.told_at:
        yield f"  it held {each.told} of {each.sent} entries at {each.told_at}"
    if each.asks_lower:
        yield f"  {each.asks_lower} asks that it may speak a lower version than {each.protocol}"


def policies_text(found: PoliciesRecord) -> str:
    """Say of each policy who vouches for it."""
    rows = [
        (
            f"{each.name} version {each.version}",
            each.id,
            f"in force, by {each.proposed_by} and {each.accepted_by}"
            if each.in_force
            else f"proposed by {each.proposed_by}, NOT ACCEPTED",
        )
        for each in found.policies
    ]
    table = _table([("policy", "identifier", ""), *rows])
    return "\n".join([table, *_offered(found.offers)]) if found.offers else table


_OFFERS = {
    "new": "NOT ACCEPTED: nothing is decided with it",
    "proposed": "proposed here, NOT ACCEPTED",
    "in force": "in force",
    "older": "older than what is in force",
    "another file": "ANOTHER FILE than the one here of this version",
}


def _offered(offers: Sequence[PolicyOfferRecord]) -> Iterator[str]:
    """Say of each policy that a peer has offered what it is, and what can be done with it."""
    yield ""
    for each in offers:
        yield f"offered by {each.office}: {each.name} version {each.version}, {_OFFERS[each.state]}"
        yield f"  {each.id}, digest {each.digest}, came {each.offered}"
        if each.stated_by:
            yield f"  stated by {each.stated_by}, which is not verified: no authority is pinned here"
        if each.state in {"new", "another file"}:
            yield f"  to look at it: legation policy offered {each.digest[:16]} -o FILE"


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
