# SPDX-License-Identifier: Apache-2.0
"""How bags are told on a terminal, and courier sheets on paper."""

from collections.abc import Iterator
from html import escape

from legation.records import (
    BagRecord,
    BagsRecord,
    CourierEndRecord,
    CourierRecord,
    OpenedRecord,
    PackedRecord,
    PackingRecord,
    PeerPulledRecord,
)


def packing_text(found: PackingRecord) -> str:
    """Say what was packed."""
    lines = [_packed_line(each) for each in found.bags]
    if found.has_more:
        lines.append("there is more: pack again")
    return "\n".join(lines)


def _packed_line(each: PackedRecord) -> str:
    brings = [_entries(each.start, each.stop)]
    if each.attachments:
        brings.append(f"{each.attachments} attached")
    if each.has_receipt:
        brings.append("our receipt")
    way = "" if each.has_way_back else "; no receipt can come back"
    return (
        f"{each.file}: bag {each.number} for {each.office}, {', '.join(brings)}, {each.size_bytes} bytes{way}"
    )


def inspected_text(found: BagRecord) -> str:
    """Say what is in a bag, as its letter has it."""
    kinds = f"{found.views} with an item, {found.others} others, {found.taken_back} taken back"
    lines = [
        f"{found.file}: bag {found.number} of {found.sender}, {found.size_bytes} bytes",
        f"  {_entries(found.start, found.stop)}: {kinds}",
    ]
    if found.attachments:
        lines.append(f"  {found.attachments} attached, {found.attachments_size_bytes} bytes")
    lines.append("  with a receipt" if found.has_receipt else "  without a receipt")
    return "\n".join(lines)


def brought_text(found: OpenedRecord | PeerPulledRecord) -> str:
    """Say what came; that nothing new did only if nothing else came either."""
    others = [
        f"{count} {one if count == 1 else several}"
        for count, one, several in (
            (found.withdrawals, "withdrawal", "withdrawals"),
            (found.certificates, "certificate of destruction", "certificates of destruction"),
            (found.quarantined, "set apart", "set apart"),
            (found.refused, "refused", "refused"),
        )
        if count
    ]
    new = [f"{found.views} new"] if found.views or not (found.withdrawals or found.certificates) else []
    return ", ".join([*new, *others])


def opened_text(found: OpenedRecord) -> str:
    """Say what came of a bag, or would come."""
    head = f"{found.file}: bag {found.number} of {found.sender}, {_entries(found.start, found.stop)}"
    if found.state in {"opened before", "packed here"}:
        return f"{head}: {found.state}, nothing was done"
    brought = [f"{found.entries} not held before", brought_text(found)]
    brought += [f"{found.attachments} attached"] if found.attachments else []
    brought += ["with a receipt"] if found.has_receipt else []
    would = "would bring" if found.state == "not opened" else "brought"
    return f"{head}: {would} {', '.join(brought)}"


def bags_text(found: BagsRecord) -> str:
    """List bags: packed, opened, missing."""
    return "\n".join(_bag_lines(found)) or "there are no bags yet"


def _bag_lines(found: BagsRecord) -> Iterator[str]:
    for packed in found.packed:
        where = f"to {packed.office}, bag {packed.number}, {packed.file}"
        yield f"{where}: {_entries(packed.start, packed.stop)}, {packed.state}; by {packed.by}, {packed.at}"
    for opened in found.opened:
        where = f"from {opened.office}, bag {opened.number}"
        yield f"{where}: {_entries(opened.start, opened.stop)}, opened by {opened.by}, {opened.at}"
    for missing in found.missing:
        one = missing.first == missing.last
        named = f"bag {missing.first} is" if one else f"bags {missing.first} to {missing.last} are"
        yield f"from {missing.office}, {named} missing: no entry of it is"


def _entries(start: int, stop: int) -> str:
    if start == stop:
        return "no entries"
    return f"entry {start}" if start + 1 == stop else f"entries {start}-{stop - 1}"


def sheet_text(found: CourierRecord) -> str:
    """Write a courier sheet as plain text."""
    lines = [f"COURIER SHEET   {found.date}", ""]
    for title, end in (("From", found.sender), ("To", found.receiver)):
        words = end.fingerprint
        lines += [
            f"{title}: {end.office}, card {end.card}",
            f"    {' '.join(words[:6])}",
            f"    {' '.join(words[6:])}",
        ]
    lines.append("")
    for each in found.packages:
        lines += [
            f"Bag {each.number}: {each.file}, {each.size_bytes} bytes",
            f"    SHA-256 {each.sha256[:32]}",
            f"            {each.sha256[32:]}",
            "    Seal number ____________________",
            "",
        ]
    lines += [f"{each}\n" for each in _SIGNED]
    return "\n".join(lines)


_SIGNED = tuple(
    f"{who} ____________________  Date and hour ____________  Signature ____________"
    for who in ("Packed by  ", "Carried by ", "Received by")
)

_STYLE = (
    "@page{size:A4;margin:18mm}body{font:11pt/1.4 sans-serif;color:#000;background:#fff;max-width:180mm;margin:auto}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #000;padding:2mm;text-align:left;vertical-align:top}"
    "tr{break-inside:avoid}thead{display:table-header-group}code{font:10pt monospace;overflow-wrap:anywhere}"
    "p.sign{border-bottom:1px solid #000;margin-top:12mm}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def sheet_html(found: CourierRecord) -> str:
    """Write a courier sheet as a page to be printed; it needs nothing beside itself, and runs nothing."""
    rows = "".join(
        f"<tr><td>{each.number}</td><td><code>{escape(each.file)}</code></td><td>{each.size_bytes}</td>"
        f"<td><code>{each.sha256}</code></td><td></td></tr>\n"
        for each in found.packages
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>Courier sheet {found.date}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>Courier sheet</h1>\n<p>{found.date}</p>\n"
        f"{_end_html('From', found.sender)}{_end_html('To', found.receiver)}"
        "<table><caption>Packages</caption><thead><tr><th scope=col>Bag</th><th scope=col>File</th>"
        "<th scope=col>Bytes</th><th scope=col>SHA-256</th><th scope=col>Seal number</th></tr></thead>\n"
        f"<tbody>{rows}</tbody></table>\n"
        + "".join(
            f'<p class="sign">{who}: name, date and hour, signature</p>\n'
            for who in ("Packed by", "Carried by", "Received by")
        )
        + "</body></html>\n"
    )


def _end_html(title: str, end: CourierEndRecord) -> str:
    words = escape(" ".join(end.fingerprint))
    return f"<p>{title}: <strong>{escape(end.office)}</strong>, card {end.card}<br><code>{words}</code></p>\n"
